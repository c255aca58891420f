/* replay FILE...: each file once through a fuzz target, without a fuzzer; crashers of the past stay fixed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		if (!f)
			return fprintf(stderr, "cannot read %s\n", argv[i]), 1;
		fseek(f, 0, SEEK_END);
		long size = ftell(f);
		rewind(f);
		uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
		if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
			return fprintf(stderr, "cannot read %s\n", argv[i]), 1;
		fclose(f);
		LLVMFuzzerTestOneInput(data, (size_t)size);
		free(data);
	}
	printf("%d inputs replayed\n", argc - 1);
	return argc < 2;
}
