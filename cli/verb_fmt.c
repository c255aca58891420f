/* fmt: a twin the way all twins are written. */
#include "cli/cli.h"
#include "compiler/base/file.h"
#include "compiler/syntax/ast.h"
#include <errno.h>
#include <string.h>

/* What to do with a formatted text: print it where the twin came from standard input, else replace the file. */
static int text_put(struct cli *c, const char *file, const char *text, size_t len, const struct buf *formatted)
{
	bool same = formatted->len == len && memcmp(buf_text(formatted), text, len) == 0;
	int error;

	if (c->check) {
		if (!same)
			printf("%s\n", file);
		return same ? CLI_DONE : c->detailed_exitcode ? CLI_DIFFERENT : CLI_WRONG;
	}
	if (strcmp(file, "-") == 0) {
		cli_print(formatted);
	} else if (!same) {
		error = file_write(file, buf_text(formatted), formatted->len, NULL);
		if (error)
			return cli_fail("cannot write \"%s\": %s", file, strerror(error));
		if (!c->quiet)
			fprintf(stderr, "formatted %s\n", file);
	}
	return !same && c->detailed_exitcode ? CLI_DIFFERENT : CLI_DONE;
}

static int file_format(struct cli *c, const char *file)
{
	struct compile comp;
	struct buf formatted;
	struct ast_file *ast;
	char *text;
	size_t len;
	int code = CLI_WRONG, error = file_read(&c->arena, file, AST_MAX_BYTES, &text, &len);

	if (error)
		return cli_fail("cannot read \"%s\": %s", file, strerror(error));
	compile_init(&comp);
	buf_init(&formatted);
	ast = ast_parse(&comp.arena, &comp.intern, &comp.diags, sources_add(&comp.sources, file, text, len), true);
	if (ast->bad) {
		cli_show_diags(c, &comp.diags);
	} else {
		ast_format(ast, text, &formatted);
		code = text_put(c, file, text, len, &formatted);
	}
	ast_finish(ast);
	buf_finish(&formatted);
	compile_finish(&comp);
	return code;
}

int verb_fmt(struct cli *c)
{
	int code = CLI_DONE;

	if (c->files.len == 0)
		*vec_push(&c->files) = ".";
	for (uint32_t i = 0; i < c->files.len; i++) {
		const char *file = cli_file_at(c, i);
		int one = file ? file_format(c, file) : CLI_USAGE;
		if (code == CLI_DONE || (one != CLI_DONE && one != CLI_DIFFERENT))
			code = one;
	}
	return code;
}
