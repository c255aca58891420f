/* The picture as Mermaid, which code hosts draw inside of Markdown. */
#include "targets/graph.h"
#include <string.h>

/* Mermaid has entities instead of escapes; what could be its syntax is written as one. */
static void text_add(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_puts(b, "<br>");
		else if ((unsigned char)*text < ' ')
			buf_putc(b, ' ');
		else if (strchr("\"<>#&`|\\", *text))
			buf_printf(b, "#%d;", *text);
		else
			buf_putc(b, *text);
	}
}

struct brackets { const char *open, *close; };

static struct brackets shape_brackets(enum graph_shape shape)
{
	switch (shape) {
	case SHAPE_DATA:
		return (struct brackets){ "[/", "/]" };
	case SHAPE_STEP:
		return (struct brackets){ "(", ")" };
	case SHAPE_SUB:
		return (struct brackets){ "[[", "]]" };
	case SHAPE_VALUE:
		return (struct brackets){ "([", "])" };
	case SHAPE_GATE:
		return (struct brackets){ "{{", "}}" };
	case SHAPE_SOURCE:
		return (struct brackets){ "[(", ")]" };
	case SHAPE_SERVICE:
	case SHAPE_PLACE:
	case SHAPE_MODEL:
		return (struct brackets){ "[", "]" };
	case SHAPE_TRIGGER:
		return (struct brackets){ ">", "]" };
	}
	return (struct brackets){ "[", "]" };
}

static const char *link_arrow(enum graph_link link)
{
	switch (link) {
	case LINK_DATA:
	case LINK_STARTS:
		return "-->";
	case LINK_ORDER:
	case LINK_BACK:
		return "-.->";
	case LINK_PLACED:
		return "-.-";
	}
	return "-->";
}

static const char *state_class(enum graph_state state)
{
	switch (state) {
	case GRAPH_NONE:
	case GRAPH_WAITING:
		return NULL;
	case GRAPH_RUNNING:
		return "running";
	case GRAPH_DONE:
		return "done";
	case GRAPH_FAILED:
		return "failed";
	case GRAPH_BLOCKED:
		return "blocked";
	case GRAPH_SKIPPED:
		return "skipped";
	}
	return NULL;
}

static void node_write(const struct graph *g, uint32_t i, struct buf *b)
{
	const struct graph_node *n = &g->nodes.at[i];
	struct brackets brackets = shape_brackets(n->shape);

	buf_printf(b, "  n%u%s\"", i, brackets.open);
	text_add(b, n->label);
	if (n->second) {
		buf_puts(b, "<br>");
		text_add(b, n->second);
	}
	buf_printf(b, "\"%s", brackets.close);
	if (state_class(n->state))
		buf_printf(b, ":::%s", state_class(n->state));
	buf_putc(b, '\n');
}

static void box_write(const struct graph *g, uint32_t box, struct buf *b)
{
	for (uint32_t i = 0; i < g->nodes.len; i++)
		if (g->nodes.at[i].box == box)
			node_write(g, i, b);
	for (uint32_t i = 0; i < g->boxes.len; i++) {
		if (g->boxes.at[i].parent != box)
			continue;
		buf_printf(b, "  subgraph b%u[\"", i);
		text_add(b, g->boxes.at[i].label);
		buf_puts(b, "\"]\n");
		box_write(g, i, b);
		buf_puts(b, "  end\n");
	}
}

void graph_mermaid(const struct graph *g, struct buf *ret)
{
	buf_puts(ret, "flowchart TB\n");
	box_write(g, PLAN_NONE, ret);
	for (uint32_t i = 0; i < g->edges.len; i++) {
		const struct graph_edge *e = &g->edges.at[i];
		buf_printf(ret, "  n%u %s", e->from, link_arrow(e->link));
		if (e->label) {
			buf_puts(ret, "|\"");
			text_add(ret, e->label);
			buf_puts(ret, "\"|");
		}
		buf_printf(ret, " n%u\n", e->to);
	}
	buf_puts(ret, "  classDef running fill:#bbdefb\n  classDef done fill:#c8e6c9\n  classDef failed fill:#ffcdd2\n"
		"  classDef blocked fill:#ffe0b2\n  classDef skipped fill:#eeeeee\n");
}
