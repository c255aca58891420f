/* Answers of managers that are asked over HTTP. */
#include "runtime/infra/provider.h"

struct doc *stack_json(struct stack *s, const struct net_answer *r)
{
	struct doc *d;
	char *why;
	return net_is_good(r) && doc_json_read(s->arena, r->body, r->len, &d, &why) ? d : NULL;
}

struct diag *stack_refused(struct stack *s, const struct net_answer *r, const struct stack_refusal *f)
{
	struct diag *d;
	if (r->outcome == NET_STOPPED)
		return NULL;
	if (r->outcome != NET_ANSWERED) {
		d = stack_fail(s, DIAG_E0631, s->span, "%s does not answer: %s", s->manager, r->error ? r->error : "no connection");
		diag_help(d, "nothing is lost: run it again when %s answers", f->who);
	} else if (r->status == 429 || r->status >= 500) {
		d = stack_fail(s, DIAG_E0631, f->span, "%s answers %ld", s->manager, r->status);
		diag_help(d, "nothing is lost: run it again when %s is well%s", f->who, f->more);
	} else {
		d = stack_fail(s, DIAG_E0632, f->span, "%s %s: %ld", s->manager, f->does, r->status);
	}
	diag_here(d, "it was asked to %s", f->what);
	if (r->outcome == NET_ANSWERED && *f->said)
		diag_note(d, "it says:\n%s", f->said);
	return d;
}

enum infra_answer stack_nonsense(struct stack *s, struct span span, const char *what, const char *help)
{
	struct diag *d = stack_fail(s, DIAG_E0631, span, "%s answers what cannot be understood", s->manager);
	diag_here(d, "it was asked to %s", what);
	diag_help(d, "%s", help);
	return INFRA_FAILED;
}
