/* Inside of the provider im: the template as it is sent, and what is read of what is there. */
#ifndef TWINC_INFRA_IM_H
#define TWINC_INFRA_IM_H
#include "compiler/base/map.h"
#include "runtime/infra/provider.h"

#define IM_ID_MAX 128
#define IM_MACHINES_MAX 8 /* of one thing, in the template */
enum im_phase {
	IM_SETTLING,  /* it must not be under way to something else when it is changed */
	IM_EMPTYING,  /* machines that are made anew are gone first */
	IM_WAITING,   /* for `configured` */
	IM_REMOVING,
};
struct im {
	struct net *net;
	const char *headers[5];
	enum im_phase phase;
	int64_t deadline_ms, unheard_ms; /* since when it does not answer; 0: it does */
	int64_t empty_ms;                /* since when it is to make machines and has none */
	bool was_unheard, again;         /* again: the template was sent once more */
	const char *said;                /* the last state that was told */
	struct map owners;               /* machine -> struct im_owner */
};
struct im_owner { const struct infra_thing *thing; bool counts; /* there may be several of it */ };
/* The template without what only this stack knows. NULL: there is none. */
const struct doc *im_template(const struct stack *s);
/* As it is sent: named, with secrets, with as many machines as there should be; emptied: none of those that are made anew. gone: names
 * of machines that are there and that the template does not have any more. NULL: a secret is not bound, which is said. */
const char *im_body(struct stack *s, bool emptied, const struct doc *there, size_t *ret_len);
/* Machines of a thing by their names in the template: the last one is the one that there may be several of. */
uint32_t im_machines(const struct stack *s, const struct infra_thing *t, const char **ret, uint32_t max);
void im_prepare(struct stack *s); /* shapes */
/* im_said.c: the service whose playbook failed, by what the manager says; or NULL. */
const struct infra_thing *im_blamed(const struct stack *s, const char *said);
/* The part of it that tells of a failure. */
const char *im_failure(struct arena *a, const char *said);
#endif
