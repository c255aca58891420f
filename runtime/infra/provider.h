/* What makes infrastructure: a manager of machines, a tool that sets hosts up. A provider is data and hooks: one file, and a row in
 * providers.c. What is asked for is a stack: the things of a twin that one manager holds, and the files that a target wrote of
 * them. The journal knows a stack before the provider does; the name that it bears there is found again after a crash. */
#ifndef TWINC_INFRA_PROVIDER_H
#define TWINC_INFRA_PROVIDER_H
#include "compiler/diag/diag.h"
#include "compiler/base/digest.h"
#include "compiler/plan/plan.h"
#include "runtime/net/net.h"
#include "runtime/state/stack.h"

enum infra_effect {
	INFRA_CHANGES,  /* in place */
	INFRA_REPLACES, /* the thing is made anew */
	INFRA_IGNORED,  /* of no matter to what is made */
};
/* Of an attribute; kind NULL: of any kind. Attributes without a row change in place. */
struct infra_rule { const char *kind, *attribute; enum infra_effect effect; bool bytes; /* a size: how it is shown */ };

struct infra_thing { /* as the twin wants it */
	const char *name, *role, *kind;
	struct span span;
	const struct doc *attributes; /* those that matter; they know their places */
	const char *on;               /* the thing that it stands on, or NULL */
	uint32_t low, high;           /* how many machines; 0: it is none */
	bool applied;                 /* it is asked for as it is wanted now: the record says so */
	const char *shape;            /* digest of the rest that makes it what it is, which no attribute of its own says; or NULL */
};
enum infra_action { INFRA_NONE, INFRA_CREATE, INFRA_UPDATE, INFRA_REPLACE, INFRA_DELETE };
struct infra_difference {
	const char *attribute, *before, *after; /* as text; NULL: none */
	struct span span;
	bool replaces, outside; /* outside: not the twin changed, the world did */
};
struct infra_change {
	const char *name, *kind;
	const struct infra_thing *thing; /* NULL: it is to go */
	enum infra_action action;
	const char *reason;              /* where no difference says it, or NULL */
	struct infra_difference *differences; uint32_t n_differences;
	struct span span;
	const char *stays;               /* what a deletion leaves behind, or NULL */
};

/* What a target wrote. */
struct infra_file {
	const char *path;
	const struct doc *doc;         /* or NULL: text only */
	const char *text; size_t len;  /* the bytes, for a provider that wants texts, and where there is no doc */
	const struct line_from *lines; uint32_t n_lines; /* where its lines come from, with the text */
	struct span from;
};
struct infra_secret { const char *name, *content; };

struct infra;
struct stack {
	struct infra *infra;
	const struct provider *provider;
	struct arena *arena;     /* of the infra */
	const char *name, *manager, *external, *id; /* struct journal_stack */
	enum stack_state state;
	bool known;              /* there is a row */
	bool restores;           /* what is there may be half made: all of it is asked for again */
	const struct doc *record; /* of the row, or NULL: {"things": {...}, "outputs": {...}, "files": digest} */
	struct span span;        /* where the twin names the manager */
	const char *auth, *auth_name; /* content and name of the secret that lets in, or NULL */
	const struct doc *options; /* attributes of the thing that names the manager */
	struct infra_thing *things; uint32_t n_things;
	struct infra_file *files; uint32_t n_files;
	struct digest_hex files_digest;
	/* What is there, by thing: {"nodes": 2, "cpus": 1, "wrong": "stopped", "tasks": [{"task", "before", "text"}], ...}: attributes, what is wrong with it, and
	 * what would be done to it, at the place that the task comes from. NULL: not looked, or nothing. */
	const struct doc *live;
	const char *unasked;     /* the secret without which it could not be looked at, or NULL */
	bool looked, gone;       /* gone: it was there, and is no more */
	struct infra_change *changes; uint32_t n_changes;
	const struct doc *outputs; /* of what is there, or NULL */
	struct plan *part;       /* the plan with this stack's things only; borrows from the whole */
	void *state_of;          /* the provider's */
	int64_t since_ms;
};
enum infra_answer { INFRA_OK, INFRA_WORKING, INFRA_FAILED /* a diagnostic tells why */, INFRA_STOPPED };

/* How closely what is there is looked at: a word with the manager; what a plan should know; each machine. */
enum infra_depth { INFRA_QUICK, INFRA_PLAN, INFRA_DRIFT };

struct provider {
	const char *name, *doc;
	const char *target;                      /* whose files it applies */
	bool wants_texts;                        /* of these files, with their lines */
	bool whole;                              /* of the whole twin, workflows and all, which the files bring along; not of the stack's things only */
	bool by_thing;                           /* a stack for each thing that names it, not for each address */
	const char *const *kinds;                /* of infrastructure that it makes, where `manager` is given; ends with NULL */
	const struct infra_rule *rules;          /* ends with an attribute NULL */
	const char *leaves;                      /* what stays of a service that goes while its machine stays, or NULL */
	/* The shape of each thing, from the files; or NULL. */
	void (*prepare)(struct stack *s);
	/* Reads what is there into live, gone and outputs, and finds by its name what has no id yet. Changes nothing. */
	enum infra_answer (*look)(struct stack *s, enum infra_depth depth);
	/* Starts to bring it to what the twin wants; there is at least one change. Calls stack_save before and after what must not be lost. */
	enum infra_answer (*begin)(struct stack *s);
	enum infra_answer (*remove)(struct stack *s); /* starts to take all of it down */
	/* Goes on with what was begun. INFRA_OK: done, and s->live and s->outputs are what is there now. */
	enum infra_answer (*poll)(struct stack *s);
	void (*finish)(struct stack *s); /* frees state_of; or NULL */
};
extern const struct provider *const providers[]; /* ends with NULL */

/* -- for providers ------------------------------------------------------------------------------------------------------ */

/* Commits the stack with this state. False: said why, and nothing may be done in the world. */
bool stack_save(struct stack *s, enum stack_state state);
/* A diagnostic at a place of the twin. */
struct diag *stack_fail(struct stack *s, enum diag_code code, struct span span, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A line for whoever watches. thing: or NULL. */
void stack_tell(struct stack *s, const char *thing, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The text without the content of any secret, and without control characters; at most the last `max` bytes of it. */
const char *stack_masked(struct stack *s, const char *text, size_t max);
/* A good answer as JSON; NULL: it is no good, or none. */
struct doc *stack_json(struct stack *s, const struct net_answer *r);
/* An answer that is no good is told: E0631 when it may be well later, with a help; else E0632, whose help is the caller's. NULL: it was
 * stopped, and nothing is told. */
struct stack_refusal {
	struct span span;              /* of an answer; where none came, it is the manager's */
	const char *who, *more;        /* for the help: "the manager", and what stands behind "is well" */
	const char *what, *said;       /* what it was asked to do; its own words, masked, or "" */
	const char *does;              /* "refuses" */
};
struct diag *stack_refused(struct stack *s, const struct net_answer *r, const struct stack_refusal *f);
/* One that cannot be understood is told. */
enum infra_answer stack_nonsense(struct stack *s, struct span span, const char *what, const char *help);
const struct infra_thing *stack_thing(const struct stack *s, const char *name);
const struct infra_change *stack_change(const struct stack *s, const char *name);
const struct infra_file *stack_file(const struct stack *s, const char *path);
/* The connection to managers; NULL: said why. */
struct net *stack_net(struct stack *s);
const char *stack_secret(const struct stack *s, const char *name); /* its content, or NULL */
const char *stack_folder(const struct stack *s); /* of its own below .twin, absolute; not made yet */
/* What stands before the address of a service: "http://" or "". */
const char *stack_scheme(const struct stack *s, const char *service);
struct journal *stack_journal(const struct stack *s);
struct diags *stack_diags(const struct stack *s);
int64_t stack_now_ms(void);
bool stack_stopped(const struct stack *s);

extern const struct provider provider_im, provider_ansible, provider_kubernetes, provider_jenkins;
#endif
