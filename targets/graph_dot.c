/* The picture as dot, Graphviz' language. */
#include "targets/graph.h"

static void text_add(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_puts(b, "\\n");
		else if ((unsigned char)*text < ' ')
			buf_putc(b, ' ');
		else if (*text == '"' || *text == '\\')
			buf_printf(b, "\\%c", *text);
		else
			buf_putc(b, *text);
	}
}

static const char *shape_text(enum graph_shape shape)
{
	switch (shape) {
	case SHAPE_DATA:
		return "shape=note, style=filled, color=\"#607d8b\"";
	case SHAPE_STEP:
		return "shape=box, style=\"rounded,filled\", color=\"#1565c0\"";
	case SHAPE_SUB:
		return "shape=folder, style=filled, color=\"#1565c0\"";
	case SHAPE_VALUE:
		return "shape=plain";
	case SHAPE_GATE:
		return "shape=octagon, style=filled, color=\"#ef6c00\"";
	case SHAPE_SOURCE:
		return "shape=cylinder, color=\"#00695c\"";
	case SHAPE_SERVICE:
		return "shape=component, color=\"#6a1b9a\"";
	case SHAPE_PLACE:
		return "shape=box3d, color=\"#455a64\"";
	case SHAPE_MODEL:
		return "shape=hexagon, color=\"#ad1457\"";
	case SHAPE_TRIGGER:
		return "shape=cds, margin=\"0.3,0.08\", color=\"#00695c\"";
	}
	return "shape=box";
}

static const char *state_text(enum graph_state state)
{
	switch (state) {
	case GRAPH_NONE:
	case GRAPH_WAITING:
		return "#ffffff";
	case GRAPH_RUNNING:
		return "#bbdefb";
	case GRAPH_DONE:
		return "#c8e6c9";
	case GRAPH_FAILED:
		return "#ffcdd2";
	case GRAPH_BLOCKED:
		return "#ffe0b2";
	case GRAPH_SKIPPED:
		return "#eeeeee";
	}
	return "#ffffff";
}

static const char *link_text(enum graph_link link)
{
	switch (link) {
	case LINK_DATA:
		return "color=\"#37474f\"";
	case LINK_ORDER:
		return "color=\"#ef6c00\", style=dashed";
	case LINK_BACK:
		return "color=\"#37474f\", style=dashed, constraint=false";
	case LINK_PLACED:
		return "color=\"#90a4ae\", style=dotted, arrowhead=none";
	case LINK_STARTS:
		return "color=\"#00695c\", arrowhead=vee";
	}
	return "";
}

static void node_write(const struct graph *g, uint32_t i, struct buf *b)
{
	const struct graph_node *n = &g->nodes.at[i];

	buf_printf(b, "n%u [label=\"", i);
	text_add(b, n->label);
	if (n->second) {
		buf_puts(b, "\\n");
		text_add(b, n->second);
	}
	buf_printf(b, "\", %s, fillcolor=\"%s\"];\n", shape_text(n->shape), state_text(n->state));
}

static void box_write(const struct graph *g, uint32_t box, struct buf *b)
{
	for (uint32_t i = 0; i < g->nodes.len; i++)
		if (g->nodes.at[i].box == box)
			node_write(g, i, b);
	for (uint32_t i = 0; i < g->boxes.len; i++) {
		if (g->boxes.at[i].parent != box)
			continue;
		buf_printf(b, "subgraph cluster_%u {\nlabel=\"", i);
		text_add(b, g->boxes.at[i].label);
		buf_printf(b, "\"; color=\"#90a4ae\"; style=\"%s\";\n", g->boxes.at[i].solid ? "rounded" : "rounded,dashed");
		box_write(g, i, b);
		buf_puts(b, "}\n");
	}
}

void graph_dot(const struct graph *g, struct buf *ret)
{
	buf_puts(ret, "digraph \"");
	text_add(ret, g->title);
	buf_puts(ret, "\" {\nrankdir=TB; nodesep=0.3; ranksep=0.4; fontname=\"sans-serif\"; fontsize=11;\n"
		"node [fontname=\"sans-serif\", fontsize=11];\nedge [fontname=\"sans-serif\", fontsize=9, arrowsize=0.7];\n");
	box_write(g, PLAN_NONE, ret);
	for (uint32_t i = 0; i < g->edges.len; i++) {
		const struct graph_edge *e = &g->edges.at[i];
		buf_printf(ret, "n%u -> n%u [", e->from, e->to);
		if (e->label) {
			buf_puts(ret, "label=\"");
			text_add(ret, e->label);
			buf_puts(ret, "\", ");
		}
		buf_printf(ret, "%s];\n", link_text(e->link));
	}
	graph_stack(g, ret);
	buf_puts(ret, "}\n");
}
