/* The infrastructure of a twin: what it wants, what was made for it, what is there; the differences, and their end. */
#ifndef TWINC_INFRA_INFRA_H
#define TWINC_INFRA_INFRA_H
#include "runtime/infra/provider.h"

enum infra_event_kind { INFRA_STARTED, INFRA_PROGRESS, INFRA_DONE, INFRA_PROBLEM, INFRA_OUTPUT };
struct infra_event {
	enum infra_event_kind kind;
	int64_t time_ms, took_ms;  /* took_ms: of what is done, else -1 */
	const char *manager, *thing, *text;
	struct span span;
	const struct diag *diag;
};
struct infra_options {
	const struct plan *plan;
	struct journal *journal;   /* NULL: nothing was ever made, and nothing is (looking only) */
	const char *state;         /* the .twin folder, absolute */
	const struct infra_secret *secrets; uint32_t n_secrets;
	/* The files that the provider's target makes of a plan, in the arena. */
	void (*emit)(struct arena *a, const struct provider *provider, const struct plan *plan, struct infra_file **ret, uint32_t *ret_n, void *ctx);
	void (*hear)(const struct infra_event *e, void *ctx); /* or NULL */
	void *ctx;
};
/* Whether the twin names a manager for anything. */
bool infra_is_managed(const struct plan *plan);
/* Never NULL. What is wrong shows in infra_diags. */
struct infra *infra_create(const struct infra_options *o);
void infra_destroy(struct infra *in); /* accepts NULL */
struct diags *infra_diags(struct infra *in);
uint32_t infra_stack_len(const struct infra *in);
struct stack *infra_stack(struct infra *in, uint32_t at); /* also those that the twin does not name any more */
/* Reads what is there, changing nothing. A stack whose secret is not bound is compared with the record only. False: a manager
 * could not be asked; infra_diags tells. */
bool infra_look(struct infra *in, enum infra_depth depth);
/* Fills the changes of each stack. all_goes: everything that was made is to go. The number of changes. */
uint32_t infra_compare(struct infra *in, bool all_goes);
/* Does the changes, stacks that do not need each other at the same time. *ret_signal: what interrupted it, or 0. INFRA_OK: all done. */
enum infra_answer infra_apply(struct infra *in, int *ret_signal);
/* give.c: whether the plan has params that infrastructure is to give and nobody has given. */
bool infra_is_read(const struct plan *plan);
/* Gives them, of stacks that are ready; as_it_is: also of things that a plan would change. What is open then is not known yet. */
void infra_give(struct infra *in, struct plan *plan, bool as_it_is);
/* Whether all of them that the workflow reads are known; else infra_diags tells. */
bool infra_knows(struct infra *in, const struct plan *plan, uint32_t workflow);
/* What the managers told when they were looked at goes into the journal where it is new. False: it cannot be written. */
bool infra_note(struct infra *in);
const char *infra_action_name(enum infra_action a); /* "create", ... */
#endif
