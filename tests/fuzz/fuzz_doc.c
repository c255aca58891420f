/* Any bytes as YAML and as JSON: read, written, read again. What is read of ours is what was written. */
#include "compiler/base/bug.h"
#include "compiler/doc/doc.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_yaml(const struct doc *d, struct buf *ret)
{
	doc_yaml_write(d, ret);
}

static void write_json(const struct doc *d, struct buf *ret)
{
	doc_json_write(d, 2, ret);
}

static const struct form {
	const char *name;
	bool (*read)(struct arena *a, const char *text, size_t len, struct doc **ret, char **ret_error);
	void (*write)(const struct doc *d, struct buf *ret);
} forms[] = {{"YAML", doc_yaml_read, write_yaml}, {"JSON", doc_json_read, write_json}};

/* By text, since 3.0 is written `3`. */
static void round_trip(struct arena *a, const struct doc *d)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct buf once = {0}, twice = {0};
		struct doc *again;
		char *error;
		forms[i].write(d, &once);
		if (!once.full && !forms[i].read(a, buf_text(&once), once.len, &again, &error))
			bug("%s of ours is not read: %s", forms[i].name, error);
		if (!once.full)
			forms[i].write(again, &twice);
		if (!once.full && (twice.len != once.len || memcmp(buf_text(&once), buf_text(&twice), once.len) != 0))
			bug("%s of ours is read as something else", forms[i].name);
		buf_finish(&once);
		buf_finish(&twice);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct doc *d;
	char *error;
	if (size < 1 << 16 && doc_yaml_read(&a, (const char *)data, size, &d, &error))
		round_trip(&a, d);
	if (size < 1 << 16 && doc_json_read(&a, (const char *)data, size, &d, &error))
		round_trip(&a, d);
	arena_finish(&a);
	return 0;
}
