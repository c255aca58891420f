/* graph: the plan as a picture. */
#include "cli/cli.h"
#include "compiler/base/file.h"
#include "cli/graph_states.h"
#include <errno.h>
#include <string.h>

enum picture { PICTURE_DOT, PICTURE_MERMAID, PICTURE_SVG, PICTURE_PNG };

static bool picture_find(const char *path, enum picture *ret)
{
	static const struct { const char *suffix; enum picture picture; } suffixes[] = {
		{ ".dot", PICTURE_DOT }, { ".gv", PICTURE_DOT }, { ".mmd", PICTURE_MERMAID }, { ".svg", PICTURE_SVG }, { ".png", PICTURE_PNG },
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].suffix);
		if (len > n && strcmp(path + len - n, suffixes[i].suffix) == 0) {
			*ret = suffixes[i].picture;
			return true;
		}
	}
	return false;
}

static bool picture_make(const struct graph *g, enum picture picture, struct buf *ret, char *ret_error, size_t error_len)
{
	struct buf dot;
	bool ok = true;

	buf_init(&dot);
	switch (picture) {
	case PICTURE_DOT:
		graph_dot(g, ret);
		break;
	case PICTURE_MERMAID:
		graph_mermaid(g, ret);
		break;
	case PICTURE_SVG:
	case PICTURE_PNG:
		graph_dot(g, &dot);
		ok = graph_draw(buf_text(&dot), picture == PICTURE_SVG ? "svg" : "png", ret, ret_error, error_len);
		break;
	}
	buf_finish(&dot);
	return ok;
}

static int graph_put(struct cli *c, const struct graph *g, enum picture picture)
{
	struct buf b;
	int error = 0, code = CLI_DONE;
	char why[512];

	buf_init(&b);
	if (!picture_make(g, picture, &b, why, sizeof why))
		code = cli_fail("%s; `-o x.dot` gives the text that it is drawn from", why);
	else if (c->output && strcmp(c->output, "-") != 0)
		error = file_write(c->output, buf_text(&b), b.len, NULL);
	else
		cli_print(&b);
	if (error)
		code = cli_fail("cannot write \"%s\": %s", c->output, strerror(error));
	else if (code == CLI_DONE && c->output && !c->quiet)
		fprintf(stderr, "wrote %s\n", c->output);
	buf_finish(&b);
	return code;
}

int verb_graph(struct cli *c)
{
	const char *file = cli_file(c);
	const struct value **inputs;
	enum picture picture = PICTURE_DOT;
	bool all = !c->workflow;
	struct graph g;
	struct plan *plan;
	uint32_t workflow;
	int code = CLI_DONE;

	if (!file)
		return CLI_USAGE;
	if (c->timeline)
		return c->output ? verb_report(c) : cli_usage(c, "--timeline needs a file: `-o run.svg` or `-o run.html`");
	if (c->output && strcmp(c->output, "-") != 0 && !picture_find(c->output, &picture))
		return cli_usage(c, "\"%s\": a picture ends in .svg, .png, .dot or .mmd", c->output);
	c->partial = true;
	plan = cli_plan(c, file, &workflow, &inputs, &code);
	if (!plan)
		return code;
	graph_init(&g, &c->arena, plan, all ? PLAN_NONE : workflow, graph_states_read(c, file, plan), c->unfolded);
	code = graph_put(c, &g, picture);
	graph_finish(&g);
	plan_destroy(plan);
	return code;
}
