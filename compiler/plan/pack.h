/* Inside of compiler/plan: saving and loading with one description. Each pack_ function writes a member of the current map
 * from the field, or fills the field from it; what is absent, empty or zero is left out. After a failure nothing more is
 * read, and the fields stay zero. */
#ifndef TWINC_PLAN_PACK_H
#define TWINC_PLAN_PACK_H
#include "compiler/plan/plan.h"

struct pack {
	bool loading;
	struct arena *arena;
	struct type_table types;
	struct map formats;   /* while loading: name -> struct format */
	struct doc *map;      /* while loading: the current one */
	struct buf *out;      /* while saving: JSON, inside of the current map */
	const char *error;    /* the first failure, arena text */
};
void pack_fail(struct pack *p, const char *key, const char *what);
void pack_text(struct pack *p, const char *key, const char **text);
void pack_name(struct pack *p, const char *key, const char **text); /* must be there */
void pack_bool(struct pack *p, const char *key, bool *b);
void pack_u32(struct pack *p, const char *key, uint32_t *n);
void pack_i64(struct pack *p, const char *key, int64_t *n);
void pack_double(struct pack *p, const char *key, double *x);
void pack_id(struct pack *p, const char *key, uint32_t *id); /* PLAN_NONE is left out */
void pack_word(struct pack *p, const char *key, int *value, const char *const *words, int n_words); /* an enumeration */
void pack_span(struct pack *p, const char *key, struct span *span);
void pack_type(struct pack *p, const char *key, const struct type **type);
void pack_expr(struct pack *p, const char *key, const struct expr **e);
void pack_value(struct pack *p, const char *key, const struct value **v);
void pack_doc(struct pack *p, const char *key, const struct doc **d);
void pack_ids(struct pack *p, const char *key, uint32_t **ids, uint32_t *n);
void pack_texts(struct pack *p, const char *key, const char ***texts, uint32_t *n);
/* A list of maps: each item is packed with its map current. */
void pack_list(struct pack *p, const char *key, void **items, uint32_t *n, size_t item_bytes, void (*each)(struct pack *p, void *item));
#define pack_each(p, key, items, n, each) pack_list((p), (key), (void **)(items), (n), sizeof **(items), (each))

void pack_plan(struct pack *p, struct plan *plan);
void pack_step(struct pack *p, void *step);
void pack_node(struct pack *p, void *node);
void pack_field(struct pack *p, void *field);
void pack_attribute(struct pack *p, void *attribute);

/* plan/check.c: every id in range, every slot visible where it is read, nothing circular; NULL when all is well. */
const char *plan_check(const struct plan *p, struct arena *a);
#endif
