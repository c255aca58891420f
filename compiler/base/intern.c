#include "compiler/base/intern.h"
#include <string.h>

void intern_init(struct intern *in, struct arena *arena)
{
	in->arena = arena;
	map_init(&in->map);
}

void intern_finish(struct intern *in)
{
	if (in)
		map_finish(&in->map);
}

const char *intern_n(struct intern *in, const char *s, size_t len)
{
	struct map_entry *e = map_entry_n(&in->map, s, len);
	if (!e->value)
		e->key = e->value = arena_strndup(in->arena, s, len);
	return e->value;
}

const char *intern_str(struct intern *in, const char *s)
{
	return intern_n(in, s, strlen(s));
}
