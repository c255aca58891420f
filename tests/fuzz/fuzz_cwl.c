/* Any bytes as a CWL document, and as the normal form that a plan carries. What is read loads or is refused with words, and
 * stays the same through JSON, as plans are saved. */
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/cwl/cwl.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/twinc-fuzz-cwl-XXXXXX", path[64];

static void clean(void)
{
	unlink(path);
	rmdir(folder);
}

static void put(const uint8_t *data, size_t size)
{
	if (!*path) {
		if (!mkdtemp(folder))
			bug("no temporary folder");
		snprintf(path, sizeof path, "%s/x.cwl", folder);
		atexit(clean);
	}
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
		bug("cannot write %s", path);
}

static const char *tell(const char *file, void *ctx)
{
	(void)ctx;
	return *file ? "told" : NULL;
}

static void load(struct arena *a, const struct doc *d)
{
	struct cwl_error error = {0};
	struct buf json = {0};
	struct doc *again;
	char *why;
	bool good = cwl_load(a, d, &error) != NULL;
	if (!good && !error.message)
		bug("refused without a word");
	if (good)
		cwl_identity(a, d, tell, NULL);
	doc_json_write(d, 0, &json);
	if (good && !json.full && (!doc_json_read(a, buf_text(&json), json.len, &again, &why) || !cwl_load(a, again, &error)))
		bug("what loads does not load after saving: %s", error.message ? error.message : why);
	buf_finish(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct cwl_error error = {0};
	struct doc *d;
	char *why;
	if (size < 1 << 16) {
		put(data, size);
		if ((d = cwl_read(&a, path, &error)))
			load(&a, d);
		else if (!error.message)
			bug("refused without a word");
		if (doc_json_read(&a, (const char *)data, size, &d, &why) || doc_yaml_read(&a, (const char *)data, size, &d, &why))
			load(&a, d);
	}
	arena_finish(&a);
	return 0;
}
