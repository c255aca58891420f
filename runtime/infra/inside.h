/* Inside of runtime/infra. */
#ifndef TWINC_INFRA_INSIDE_H
#define TWINC_INFRA_INSIDE_H
#include "runtime/infra/infra.h"

struct infra {
	struct infra_options o;
	struct arena arena;
	struct diags diags;
	VEC(struct stack *) stacks;
	struct net *net;
};
/* record.c: what the journal keeps of a stack, as JSON: {"auth", "files", "things": {NAME: {...}}, "live", "outputs"}. */
const char *record_write(struct stack *s);
/* diff.c */
void diff_stack(struct stack *s, bool all_goes);
/* "4 GiB", "2..5", text as it is, the rest as JSON; NULL for nothing. */
const char *diff_text(struct arena *a, const struct doc *value, bool bytes);
void infra_tell(struct infra *in, const struct infra_event *e);
#endif
