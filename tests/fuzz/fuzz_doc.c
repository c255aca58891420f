/* Any bytes as YAML and as JSON: read, written, read again. What was read once is the same after writing. */
#include "compiler/base/bug.h"
#include "compiler/doc/doc.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct arena *a, const struct doc *d)
{
	struct buf yaml = {0}, json = {0};
	struct doc *again;
	char *error;
	doc_yaml_write(d, &yaml);
	doc_json_write(d, 2, &json);
	if (!yaml.full && !doc_yaml_read(a, buf_text(&yaml), yaml.len, &again, &error))
		bug("YAML of ours is not read: %s", error);
	if (!json.full && !doc_json_read(a, buf_text(&json), json.len, &again, &error))
		bug("JSON of ours is not read: %s", error);
	buf_finish(&yaml);
	buf_finish(&json);
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
