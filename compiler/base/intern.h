/* One address per distinct string, so names compare by pointer. */
#ifndef TWINC_BASE_INTERN_H
#define TWINC_BASE_INTERN_H
#include "compiler/base/arena.h"
#include "compiler/base/map.h"
struct intern {
	struct arena *arena; /* borrowed */
	struct map map;
};
void intern_init(struct intern *in, struct arena *arena);
void intern_finish(struct intern *in);
const char *intern_n(struct intern *in, const char *s, size_t len);
const char *intern_str(struct intern *in, const char *s);
#endif
