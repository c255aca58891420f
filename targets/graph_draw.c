/* Graphviz lays the picture out and renders it. */
#include "targets/graph.h"
#include "compiler/base/library.h"
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include <graphviz/cgraph.h>
#include <graphviz/gvc.h>
#include <stdio.h>
#include <string.h>

/* What is used of the library, loaded by name. */
#define SYMBOLS(F) \
	F(gvContext) F(gvFreeContext) F(gvLayout) F(gvFreeLayout) F(gvRenderData) F(gvFreeRenderData) F(agread) F(agclose) F(AgMemDisc) F(AgIoDisc)
static struct {
	bool loaded;
#define FIELD(name) __typeof__(name) *name;
	SYMBOLS(FIELD)
} gv;

static bool load(char *ret_error, size_t error_len)
{
#define SYMBOL(name) { #name, (void **)&gv.name },
	static const struct library_symbol symbols[] = { SYMBOLS(SYMBOL) };

	if (!gv.loaded)
		gv.loaded = library_load("libgvc.so.6", "libgvc6", symbols, sizeof symbols / sizeof *symbols, ret_error, error_len);
	return gv.loaded;
}

/* -- reading ----------------------------------------------------------------------------------------------------------- */

/* Graphviz takes the address of a name as its number and orders by it, so a picture would depend on where in memory its names
 * lie. Here they are counted: names have even numbers, what has no name odd ones. */
struct reader {
	Agdisc_t disc; /* first: it is what Graphviz hands back */
	Agiddisc_t ids;
	Agiodisc_t io;
	struct arena arena;
	struct map known; /* name to its place in the list, from 1 */
	VEC(char *) names;
	IDTYPE nameless;
	const char *rest; /* of the text */
	size_t len;
};

static void *ids_open(Agraph_t *g, Agdisc_t *disc)
{
	(void)g;
	return disc;
}

static long ids_map(void *state, int kind, char *name, IDTYPE *ret, int create)
{
	struct reader *r = state;
	uintptr_t at = name ? (uintptr_t)map_get(&r->known, name) : 0;

	(void)kind;
	if (!name) {
		*ret = 2 * r->nameless++ + 1;
		return 1;
	}
	if (!at && !create)
		return 0;
	if (!at) {
		*vec_push(&r->names) = arena_strdup(&r->arena, name);
		at = r->names.len;
		map_set(&r->known, r->names.at[at - 1], (void *)at);
	}
	*ret = 2 * at;
	return 1;
}

static long ids_alloc(void *state, int kind, IDTYPE id)
{
	(void)state, (void)kind, (void)id;
	return 0;
}

static void ids_free(void *state, int kind, IDTYPE id)
{
	(void)state, (void)kind, (void)id;
}

static char *ids_print(void *state, int kind, IDTYPE id)
{
	struct reader *r = state;

	(void)kind;
	return id % 2 == 0 && id / 2 - 1 < r->names.len ? r->names.at[id / 2 - 1] : NULL;
}

static void ids_close(void *state)
{
	(void)state;
}

static void ids_register(void *state, int kind, void *object)
{
	(void)state, (void)kind, (void)object;
}

/* A line at most, as its scanner wants it. */
static int text_read(void *channel, char *buf, int size)
{
	struct reader *r = channel;
	const char *newline = memchr(r->rest, '\n', r->len);
	size_t n = newline ? (size_t)(newline - r->rest) + 1 : r->len;

	n = n < (size_t)size ? n : (size_t)size;
	memcpy(buf, r->rest, n);
	r->rest += n;
	r->len -= n;
	return (int)n;
}

static void reader_init(struct reader *r, const char *dot)
{
	*r = (struct reader){
		.ids = { ids_open, ids_map, ids_alloc, ids_free, ids_print, ids_close, ids_register },
		.io = { text_read, gv.AgIoDisc->putstr, gv.AgIoDisc->flush },
		.rest = dot, .len = strlen(dot),
	};
	r->disc = (Agdisc_t){ gv.AgMemDisc, &r->ids, &r->io };
	map_init(&r->known);
}

static void reader_finish(struct reader *r)
{
	map_finish(&r->known);
	vec_finish(&r->names);
	arena_finish(&r->arena);
}

/* -- drawing ------------------------------------------------------------------------------------------------------------- */

static bool draw(GVC_t *context, Agraph_t *picture, const char *format, struct buf *ret)
{
	char *text = NULL;
	unsigned int len = 0;
	bool ok;

	if (gv.gvLayout(context, picture, "dot") != 0)
		return false;
	ok = gv.gvRenderData(context, picture, format, &text, &len) == 0 && text;
	if (ok)
		buf_add(ret, text, len);
	gv.gvFreeRenderData(text);
	gv.gvFreeLayout(context, picture);
	return ok;
}

bool graph_draw(const char *dot, const char *format, struct buf *ret, char *ret_error, size_t error_len)
{
	struct reader reader;
	GVC_t *context;
	Agraph_t *picture;
	bool ok;

	if (!load(ret_error, error_len))
		return false;
	context = gv.gvContext();
	reader_init(&reader, dot);
	picture = context ? gv.agread(&reader, &reader.disc) : NULL;
	ok = picture && draw(context, picture, format, ret);
	if (picture)
		gv.agclose(picture);
	if (context)
		gv.gvFreeContext(context);
	reader_finish(&reader);
	if (!ok)
		snprintf(ret_error, error_len, "Graphviz cannot draw it");
	return ok;
}
