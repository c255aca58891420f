/* layout FILE...: formats each twin, reads it again and compares the trees; formats once more and compares the texts.
 * Twins that are none by their syntax are passed over. */
#include "compiler/base/file.h"
#include "compiler/syntax/ast.h"
#include <stdio.h>
#include <string.h>

struct reading { struct arena arena; struct intern intern; struct sources sources; struct diags diags; struct ast_file *ast; struct buf tree; };

static void drop_places(struct doc *d)
{
	if (d->key && strcmp(d->key, "at") == 0 && d->kind == DOC_STRING)
		d->string.len = 0;
	for (struct doc *k = d->kind == DOC_LIST || d->kind == DOC_MAP ? d->children.first : NULL; k; k = k->next)
		drop_places(k);
}

static bool read_text(struct reading *r, const char *path, const char *text, size_t len)
{
	memset(r, 0, sizeof *r);
	intern_init(&r->intern, &r->arena);
	sources_init(&r->sources, &r->arena);
	diags_init(&r->diags, &r->arena, &r->sources);
	r->ast = ast_parse(&r->arena, &r->intern, &r->diags, sources_add(&r->sources, path, text, len), true);
	if (r->ast->bad || r->diags.n_errors)
		return false;
	struct doc *tree = ast_dump(&r->arena, &r->sources, r->ast);
	drop_places(tree);
	doc_yaml_write(tree, &r->tree);
	return true;
}

static void reading_finish(struct reading *r)
{
	buf_finish(&r->tree);
	ast_finish(r->ast);
	sources_finish(&r->sources);
	intern_finish(&r->intern);
	arena_finish(&r->arena);
}

/* 1: the same, 0: not, -1: no twin. */
static int layout(const char *path)
{
	struct arena a = {0};
	struct reading before, after;
	struct buf once = {0}, twice = {0};
	char *text;
	size_t len;
	int result = -1;
	if (file_read(&a, path, AST_MAX_BYTES, &text, &len))
		return 0;
	if (read_text(&before, path, text, len)) {
		ast_format(before.ast, text, &once);
		result = read_text(&after, path, buf_text(&once), once.len);
		if (result == 1)
			ast_format(after.ast, buf_text(&once), &twice);
		result = result == 1 && strcmp(buf_text(&before.tree), buf_text(&after.tree)) == 0 && strcmp(buf_text(&once), buf_text(&twice)) == 0;
		if (!result)
			fprintf(stderr, "%s: formatting changes it\n", path);
		reading_finish(&after);
	}
	reading_finish(&before);
	buf_finish(&once);
	buf_finish(&twice);
	arena_finish(&a);
	return result;
}

int main(int argc, char **argv)
{
	int n_same = 0, n_changed = 0;
	for (int i = 1; i < argc; i++) {
		int result = layout(argv[i]);
		n_same += result == 1;
		n_changed += result == 0;
	}
	printf("%d twins mean the same after formatting, %d do not, %d are none\n", n_same, n_changed, argc - 1 - n_same - n_changed);
	return n_changed > 0 || n_same < 100;
}
