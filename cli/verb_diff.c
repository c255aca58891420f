/* diff: two twins, or two plans that `build` wrote, in words: one change a line. */
#include "cli/cli.h"
#include <errno.h>
#include <string.h>

#define PLAN_MAX_BYTES ((size_t)512 << 20)

static struct plan *saved_plan(struct cli *c, const char *path)
{
	char *text, *why = NULL, error[300] = "it is no plan";
	size_t len;
	struct doc *d;
	int e = file_read(&c->arena, path, PLAN_MAX_BYTES, &text, &len);
	if (e)
		return cli_fail("cannot read \"%s\": %s", path, strerror(e)), NULL;
	struct plan *p = doc_json_read(&c->arena, text, len, &d, &why) ? plan_load(d, error, sizeof error) : NULL;
	if (!p)
		cli_fail("\"%s\": %s", path, why ? why : error);
	return p;
}

static struct plan *side(struct cli *c, uint32_t i, int *ret_exit)
{
	const char *path = c->files.at[i], *suffix = strrchr(path, '.');
	const struct value **inputs;
	uint32_t workflow;
	*ret_exit = CLI_WRONG;
	if (suffix && strcmp(suffix, ".json") == 0)
		return saved_plan(c, path);
	const char *file = cli_file_at(c, i);
	if (!file) {
		*ret_exit = CLI_USAGE;
		return NULL;
	}
	c->partial = true;
	return cli_plan(c, file, &workflow, &inputs, ret_exit);
}

int verb_diff(struct cli *c)
{
	struct buf b = { 0 };
	int code = CLI_DONE;
	if (c->files.len != 2)
		return cli_usage(c, "two twins or plans are compared");
	struct plan *before = side(c, 0, &code), *after = before ? side(c, 1, &code) : NULL;
	if (after) {
		plan_diff(before, after, &b);
		cli_print(&b);
		code = b.len && c->detailed_exitcode ? CLI_DIFFERENT : CLI_DONE;
	}
	buf_finish(&b);
	plan_destroy(before);
	plan_destroy(after);
	return code;
}
