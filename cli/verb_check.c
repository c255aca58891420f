/* check and lint: what is wrong, and what is better done otherwise. */
#include "cli/cli.h"
#include <errno.h>
#include <string.h>

/* The line behind the diagnostics: how many, or that all is well. */
static void summary_show(const struct cli *c, const char *file, const struct diags *ds)
{
	uint32_t e = ds->n_errors, w = ds->n_warnings;

	if (c->quiet || c->json || c->format != FORMAT_TEXT)
		return;
	fprintf(stderr, "%s: ", file);
	if (e + w == 0)
		fputs("no problems", stderr);
	if (e > 0)
		fprintf(stderr, "%u error%s", e, e == 1 ? "" : "s");
	if (w > 0)
		fprintf(stderr, "%s%u warning%s", e ? ", " : "", w, w == 1 ? "" : "s");
	fputc('\n', stderr);
}

static int file_check(struct cli *c, const char *file, bool lint)
{
	struct compile comp;
	bool ok;

	compile_init(&comp);
	errno = 0;
	ok = compile_parse(&comp, file);
	if (!ok && comp.diags.n_errors == 0) {
		cli_fail("cannot read \"%s\"%s%s", file, errno ? ": " : "", errno ? strerror(errno) : "");
		compile_finish(&comp);
		return CLI_WRONG;
	}
	ok = ok && compile_check(&comp) && compile_check_here(&comp);
	if (ok && lint)
		compile_lint(&comp);
	cli_show_diags(c, &comp.diags);
	summary_show(c, file, &comp.diags);
	ok = ok && comp.diags.n_errors == 0 && !(lint && comp.diags.n_warnings > 0);
	compile_finish(&comp);
	return ok ? CLI_DONE : CLI_WRONG;
}

static int files_check(struct cli *c, bool lint)
{
	int code = CLI_DONE;

	if (c->files.len == 0)
		*vec_push(&c->files) = ".";
	if (c->files.len > 1 && (c->json || c->format != FORMAT_TEXT))
		return cli_usage(c, "one twin at a time where a machine reads the result");
	for (uint32_t i = 0; i < c->files.len; i++) {
		const char *file = cli_file_at(c, i);
		int one = file ? file_check(c, file, lint) : CLI_USAGE;
		if (one > code)
			code = one;
	}
	return code;
}

int verb_check(struct cli *c)
{
	return files_check(c, false);
}

int verb_lint(struct cli *c)
{
	return files_check(c, true);
}
