/* Graphviz lays the picture out and renders it. */
#include "targets/graph.h"
#include <graphviz/cgraph.h>
#include <graphviz/gvc.h>

bool graph_draw(const char *dot, const char *format, struct buf *ret)
{
	GVC_t *context = gvContext();
	Agraph_t *picture = context ? agmemread(dot) : NULL;
	char *text = NULL;
	unsigned int len = 0;
	bool ok = false;

	if (picture && gvLayout(context, picture, "dot") == 0) {
		ok = gvRenderData(context, picture, format, &text, &len) == 0 && text;
		if (ok)
			buf_add(ret, text, len);
		gvFreeRenderData(text);
		gvFreeLayout(context, picture);
	}
	if (picture)
		agclose(picture);
	if (context)
		gvFreeContext(context);
	return ok;
}
