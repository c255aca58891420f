/* What all verbs share: which twin is meant, what the compiler is asked, how to say things. */
#include "cli/cli.h"
#include "compiler/base/file.h"
#include "compiler/show/show.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUTS_MAX_BYTES ((size_t)64 << 20)

int cli_usage(const struct cli *c, const char *format, ...)
{
	va_list args;

	fputs("twinc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n  try `twinc %s%s--help`\n", c->verb ? c->verb->name : "", c->verb ? " " : "");
	return CLI_USAGE;
}

int cli_fail(const char *format, ...)
{
	va_list args;

	fputs("twinc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_WRONG;
}

bool cli_colour(const struct cli *c, FILE *to)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	switch ((enum cli_colour)c->colour) {
	case COLOUR_ALWAYS:
		return true;
	case COLOUR_NEVER:
		return false;
	case COLOUR_AUTO:
		break;
	}
	if ((no_color && *no_color) || !term || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(to));
}

static bool ends_in_twin(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".twin") == 0;
}

/* main.twin, or the only twin of the folder. */
static const char *folder_twin(struct cli *c, const char *folder)
{
	char **names, *only = NULL;
	uint32_t len;
	int error = file_list(&c->arena, folder, &names, &len);

	if (error) {
		cli_usage(c, "cannot read the folder \"%s\": %s", folder, strerror(error));
		return NULL;
	}
	for (uint32_t i = 0; i < len; i++) {
		if (strcmp(names[i], "main.twin") == 0)
			return file_join(&c->arena, folder, names[i]);
		if (!ends_in_twin(names[i]))
			continue;
		if (only) {
			cli_usage(c, "which twin is meant? there are %s and %s, and no main.twin", only, names[i]);
			return NULL;
		}
		only = names[i];
	}
	if (!only)
		cli_usage(c, "there is no twin in %s; `twinc init` makes one", strcmp(folder, ".") == 0 ? "this folder" : folder);
	return only ? file_join(&c->arena, folder, only) : NULL;
}

const char *cli_file_at(struct cli *c, uint32_t i)
{
	const char *word = i < c->files.len ? c->files.at[i] : ".";

	return strcmp(word, "-") != 0 && file_is_dir(word) ? folder_twin(c, word) : word;
}

const char *cli_file(struct cli *c)
{
	return cli_file_at(c, 0);
}

const char *cli_folder(struct cli *c, const char *file)
{
	return strcmp(file, "-") == 0 ? "." : file_dirname(&c->arena, file);
}

const char *cli_state_dir(struct cli *c, const char *file)
{
	return c->state ? c->state : file_join(&c->arena, cli_folder(c, file), ".twin");
}

const char *cli_results_dir(struct cli *c, const char *file)
{
	return c->results ? c->results : file_join(&c->arena, cli_folder(c, file), "results");
}

struct request_parts {
	VEC(struct compile_binding) bindings;
	VEC(const char *) secrets;
};

static bool inputs_read(struct cli *c, const char *path, struct request_parts *parts)
{
	struct arena *a = &c->arena;
	size_t path_len = strlen(path), len;
	struct doc *doc;
	char *text, *why;
	int error = file_read(a, path, INPUTS_MAX_BYTES, &text, &len);
	bool json = path_len > 5 && strcmp(path + path_len - 5, ".json") == 0;

	if (error) {
		cli_fail("cannot read \"%s\": %s", path, strerror(error));
		return false;
	}
	if (!(json ? doc_json_read : doc_yaml_read)(a, text, len, &doc, &why)) {
		cli_fail("%s: %s", path, why);
		return false;
	}
	if (doc->kind != DOC_MAP && doc->kind != DOC_NULL) {
		cli_fail("%s: expected a map from names to values", path);
		return false;
	}
	if (doc->kind == DOC_MAP)
		for (doc_each(item, doc))
			*vec_push(&parts->bindings) = (struct compile_binding){ .name = item->key, .doc = item,
				.folder = cli_folder(c, path), .origin = arena_printf(a, "in %s", path) };
	return true;
}

/* Later bindings win: files in their order, then the command line. */
bool cli_request(struct cli *c, const char *file, struct compile_request *ret)
{
	struct request_parts parts = { 0 };
	struct arena *a = &c->arena;
	bool ok = true;

	for (uint32_t i = 0; i < c->inputs.len && ok; i++)
		ok = inputs_read(c, c->inputs.at[i], &parts);
	for (uint32_t i = 0; i < c->bindings.len; i++)
		*vec_push(&parts.bindings) = (struct compile_binding){ .name = c->bindings.at[i].name, .text = c->bindings.at[i].text,
			.folder = ".", .origin = "on the command line" };
	for (uint32_t i = 0; i < c->secrets.len; i++)
		*vec_push(&parts.secrets) = c->secrets.at[i].name;
	if (ok)
		*ret = (struct compile_request){ .file = file, .workflow = c->workflow, .scenario = c->scenario, .partial = c->partial,
			.bare = c->bare, .no_workflow = c->no_workflow,
			.run = c->verb->run == verb_apply,
			.bindings = arena_copy(a, parts.bindings.at, parts.bindings.len * sizeof(*parts.bindings.at)),
			.n_bindings = parts.bindings.len,
			.secrets = arena_copy(a, parts.secrets.at, parts.secrets.len * sizeof(*parts.secrets.at)),
			.n_secrets = parts.secrets.len };
	vec_finish(&parts.bindings);
	vec_finish(&parts.secrets);
	return ok;
}

void cli_print(const struct buf *b)
{
	fwrite(buf_text(b), 1, b->len, stdout);
}

void cli_show_diags(const struct cli *c, struct diags *ds)
{
	struct buf b;
	enum cli_format format = c->json && c->format == FORMAT_TEXT ? FORMAT_JSON : (enum cli_format)c->format;

	buf_init(&b);
	diags_sort(ds);
	switch (format) {
	case FORMAT_TEXT:
		show_text(ds, cli_colour(c, stderr), &b);
		break;
	case FORMAT_JSON:
		show_json(ds, &b);
		break;
	case FORMAT_SARIF:
		show_sarif(ds, &b);
		break;
	case FORMAT_JUNIT:
		show_junit(ds, &b);
		break;
	case FORMAT_GITHUB:
		show_github(ds, &b);
		break;
	}
	if (format == FORMAT_TEXT) {
		fwrite(buf_text(&b), 1, b.len, stderr);
	} else {
		cli_print(&b);
		if (b.len > 0 && b.text[b.len - 1] != '\n')
			putchar('\n');
	}
	buf_finish(&b);
}

struct plan *cli_compile(struct cli *c, const char *file, struct compile *comp, uint32_t *ret_workflow, const struct value ***ret_inputs, int *ret_exit)
{
	struct compile_request request;
	struct plan *plan;
	bool shown = c->json; /* --json promises the verb's own shape; diagnostics stay readable on stderr */

	if (!cli_request(c, file, &request)) {
		*ret_exit = CLI_WRONG;
		return NULL;
	}
	plan = compile_plan(comp, &request, ret_workflow, ret_inputs);
	c->json = false;
	cli_show_diags(c, &comp->diags);
	c->json = shown;
	if (!plan)
		*ret_exit = CLI_WRONG;
	return plan;
}

struct plan *cli_plan(struct cli *c, const char *file, uint32_t *ret_workflow, const struct value ***ret_inputs, int *ret_exit)
{
	struct compile comp;
	struct plan *plan;

	compile_init(&comp);
	plan = cli_compile(c, file, &comp, ret_workflow, ret_inputs, ret_exit);
	compile_finish(&comp);
	return plan;
}

struct doc *cli_place_doc(struct arena *a, const struct plan *plan, struct span span)
{
	struct place p = source_place(plan->sources, span);
	struct doc *d = doc_map(a);
	doc_set(a, d, "file", doc_string(a, p.path));
	doc_set(a, d, "line", doc_int(a, p.line));
	doc_set(a, d, "column", doc_int(a, p.column));
	return d;
}

void cli_print_doc(const struct cli *c, const struct doc *d)
{
	struct buf b;

	buf_init(&b);
	if (c->json) {
		doc_json_write(d, 2, &b);
		buf_putc(&b, '\n');
	} else {
		doc_yaml_write(d, &b);
	}
	cli_print(&b);
	buf_finish(&b);
}
