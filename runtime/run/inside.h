/* What the files of runtime/run share: scopes, nodes, tasks, and the run around them. */
#ifndef TWINC_RUN_INSIDE_H
#define TWINC_RUN_INSIDE_H
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/doc/quote.h"
#include "runtime/run/run.h"
#include "runtime/state/stamp.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* -- waiting: everything that goes on when a number of other things have settled ----------------------------------- */

enum waiter_kind { WAITER_NODE, WAITER_EXPORT, WAITER_RESULT, WAITER_SCOPE /* all inside has ended */ };
struct waiter {
	enum waiter_kind kind;
	uint32_t blocked;     /* things not settled yet */
	struct waiter *ready; /* next in the run's queue */
};
struct waiting { struct waiter *waiter; struct waiting *next; };

enum slot_state { SLOT_OPEN, SLOT_KNOWN, SLOT_FAILED /* will never be */, SLOT_UNKNOWN /* dry runs: not yet */ };
struct slot {
	enum slot_state state;
	const struct value *value; /* NULL: a kept result that nobody has asked for yet */
	struct waiting *waiting;
};
enum node_state { NODE_WAITING, NODE_OPEN, NODE_DONE, NODE_FAILED, NODE_SKIPPED, NODE_UNKNOWN };
enum gate_verdict { GATE_NONE, GATE_PASSED, GATE_WARNED, GATE_ABSENT /* skip: what it guards counts as absent */, GATE_BLOCKED, GATE_HELD };
struct scope;
struct task;
struct lane;
struct node { /* an instance of a plan_node in a scope */
	struct waiter waiter;
	const struct plan_node *plan;
	struct scope *scope;
	enum node_state state;
	enum gate_verdict verdict;
	struct waiting *waiting;
	struct task *task;      /* CALL */
	struct scope **scopes;  /* FOR: one per element; IF, SUB, REPEAT: the branch, the block, the last round */
	uint32_t n_scopes, n_open, max_rounds;
	bool inner_failed, inner_unknown;
};
struct export { /* one slot that a node hands out of its inner scopes */
	struct waiter waiter;
	struct node *owner;
	const struct plan_export *plan;
};
struct result { struct waiter waiter; struct node *owner; }; /* of a SUB: its workflow's outputs */
struct scope { /* an open block */
	struct waiter waiter; /* first, as in the others */
	uint32_t block;
	const struct plan_block *plan;
	struct scope *parent, *previous; /* previous: the round before, in a repeat */
	struct node *owner;              /* NULL: the run's own workflow */
	const char *prefix, *suffix;     /* of its tasks' names: "sub[3]." and "[0]@2" */
	struct slot *slots;
	struct node *nodes;
	uint32_t n_open, round;
	bool failed, unknown;
};

/* -- tasks -------------------------------------------------------------------------------------------------------- */

struct input_stamp { const char *input, *path, *digest; char stamp[STAMP_LEN]; };
struct attempt { /* what only lasts as long as it does */
	struct arena arena;          /* of all that it is made of */
	const char *folder, *out, *err, *command; /* command: as run, for people */
	const char *seen;            /* its folder as it sees it */
	const char *const *argv, *const *env, *const *secrets, *const *reads, *const *digests;
	VEC(struct input_stamp) stamps;
	bool has_secret;
};
struct task {
	struct node *node;
	const struct plan_step *step;
	const char *name;
	enum task_state state;
	enum run_action action;
	const char *reason;          /* why it runs, or does not */
	const struct value **inputs; /* with digests */
	const char *key;
	struct attempt *now;         /* from when it is prepared until its end is told; of its own */
	uint32_t attempt;
	int64_t home;                /* run and */
	uint32_t number;             /* number of the attempt: its folder */
	struct lane *lane;           /* who carries it out */
	uint32_t running_at;         /* its place among those that run */
	const char *waits;           /* for what, as its engine says or as this machine lacks it; NULL: it runs, or nobody has looked */
	uint32_t cpus, gpus, weight;
	uint64_t memory_bytes, time_ms;
	int64_t due_ms, start_ms, end_ms; /* start_ms of one that is ready: since when */
	uint64_t peak_bytes;         /* of memory, in its last attempt; 0: not known */
	int exit;
	bool cancelled, adopted, prepared;
	bool keyed;                  /* the journal has the components of the key, or had them */
	uint32_t order;              /* of becoming ready */
	const struct diag *diag;     /* why it failed */
	struct orphan *orphan;
	struct task *follower;       /* has the same key and waits for this one's result */
};
struct orphan { /* an attempt of an earlier run that nobody saw end */
	const char *name, *key;
	int64_t run, home;
	uint32_t number, attempt;
	int64_t start_ms;
	struct lane *lane;
	enum executor_found found;
	struct executor_end end;
	bool taken;
};
struct found { struct task *task; struct executor_attempt attempt; };
/* An executor at one engine of the twin, with what waits for it. */
struct lane {
	const char *id;              /* "slurm:hpc", as the journal has it; "local:" */
	const char *name;            /* for people: "hpc", or the executor's */
	const struct executor *executor;
	struct executor_host host;
	void *state;                 /* once started */
	const char *root;            /* below which its tasks see their folders; NULL: as they are here */
	uint32_t cpus, cpus_used;    /* of tasks at once, where the executor counts them; 0: it does not */
	uint32_t running;
	VEC(struct task *) queue;    /* ready: a heap, heaviest first */
	VEC(struct task *) starting; /* claimed in this turn, started after its commit */
	VEC(struct found) found;     /* attempts of earlier runs, adopted after its commit; to be ended where a task only waits for that */
};

struct ended { struct task *task; struct executor_end end; const char *text; };

struct run {
	struct run_options o;
	const struct plan *plan;
	const struct plan_workflow *workflow;
	struct arena arena;
	struct diags diags;
	struct stamps stamps;
	VEC(const char *) looks;      /* of kept results that stand, and of new ones */
	int folder;                   /* the state folder, open; -1: there is none yet */
	struct map images;            /* "ENGINE look|pull NAME" -> what it is by its content */
	struct map working;           /* key -> task that works on it */
	uint32_t *positions;          /* of nodes in their blocks */
	uint32_t *weights;            /* of nodes: longest path that hangs on them */
	const char **places;          /* by node, once asked for: "flood.twin:12:3" */
	const struct cwl_process **processes; /* of steps, once asked for */
	int64_t *expected_ms;         /* of steps, once asked for; 0: not yet */
	struct scope *root;
	struct waiter *ready, **ready_end; /* settled, to be looked at */
	VEC(struct task *) tasks;
	VEC(struct lane *) lanes;     /* the first: for what has no place */
	VEC(struct task *) later;     /* ready at their due_ms */
	VEC(struct task *) held;      /* until an orphan has ended */
	VEC(struct task *) running;
	VEC(struct task *) numbered;  /* by the number of the attempt, from 1 */
	struct map adopted;           /* "RUN-NUMBER" -> task that goes on from there, or waits for its end */
	VEC(struct ended) ended;      /* heard of in this turn */
	VEC(struct orphan *) orphans;
	struct map orphan_names;
	VEC(struct run_event) events; /* told after the commit */
	VEC(struct attempt *) spent;  /* ended in this turn: their events name their logs */
	VEC(struct task *) unrecorded; /* settled without running: the journal has them when there is time */
	struct run_counts counts;
	struct run_counts recorded;   /* as the journal has them */
	int64_t note_ms;              /* when those next in line are noted as waiting; INT64_MAX: they are */
	int64_t since_boot_ms;        /* from the time since the machine's start to that of day, once and for all */
	int64_t id, started_ms;       /* id 0: nothing recorded yet */
	int wake;                     /* epoll over the lanes; -1: none started */
	uint32_t numbers, orders;     /* of attempts, of ready tasks: given out */
	uint32_t cpus, gpus, cpus_used, gpus_used;
	uint64_t memory_bytes, memory_used;
	bool dry, stopping, interrupted, broken, over, failed, gated;
	bool open;                    /* dry runs: some infrastructure has still to give what it gives */
};

/* scope.c */
struct scope *scope_open(struct run *r, uint32_t block, struct scope *parent, struct node *owner, const char *prefix, const char *suffix);
void scope_start(struct run *r, struct scope *s); /* after its inputs are filled */
struct scope *scope_find(struct scope *s, uint32_t block); /* the one around that is this block; NULL: none */
struct slot *scope_slot(struct run *r, struct scope *s, uint32_t slot);
struct node *scope_node(struct run *r, struct scope *s, uint32_t node); /* NULL: not around */
/* What a read of the slot gives; checked: through its gates. */
enum slot_state slot_read(struct run *r, struct scope *s, uint32_t slot, bool checked, const struct value **ret);
void slot_fill(struct run *r, struct scope *s, uint32_t slot, enum slot_state state, const struct value *v);
void node_settle(struct run *r, struct node *n, enum node_state state);
void waiter_block_slot(struct run *r, struct waiter *w, struct slot *s);
void waiter_block_node(struct run *r, struct waiter *w, struct node *n);
void waiter_arm(struct run *r, struct waiter *w); /* queues it when nothing blocks it */
/* Blocks w on every slot that the expression reads, and on the gates of checked reads. */
void waiter_block_expr(struct run *r, struct waiter *w, struct scope *s, const struct expr *e);
void scope_pump(struct run *r, uint32_t most); /* goes on with what can: so many at most */
void scope_ended(struct run *r, struct scope *s);
const char *node_name(struct run *r, const struct node *n);

/* node.c, loop_node.c, gate.c: what a node does once nothing blocks it */
void node_go(struct run *r, struct node *n);
void node_skip(struct run *r, struct node *n, const char *reason);
void node_fill(struct run *r, struct node *n, enum slot_state state, const struct value *v);
void node_unknown(struct run *r, struct node *n);
void node_scope_ended(struct run *r, struct node *n, struct scope *s);
void export_go(struct run *r, struct export *e);
void result_go(struct run *r, struct result *x);
void loop_unknown(struct run *r, struct node *n); /* dry: how often is not known yet */
void for_go(struct run *r, struct node *n);
void if_go(struct run *r, struct node *n);
void repeat_go(struct run *r, struct node *n);
void repeat_round_ended(struct run *r, struct node *n, struct scope *s);
void gate_go(struct run *r, struct node *n);
void sub_go(struct run *r, struct node *n);
/* The first need of the node that failed, as a reason; NULL: none did. */
const char *node_failed_need(struct run *r, struct node *n);

/* bind.c: expressions in a scope */
struct bind {
	struct run *run;
	struct scope *scope;         /* or NULL: parameters only */
	const struct value **inputs, **outputs; /* of a step, or NULL */
	VEC(const struct value *) assets; /* asked for so far */
	struct arena *arena;
	const char *assets_folder; /* where the task finds them; NULL: as they are */
};
enum eval_status bind_eval(struct bind *b, const struct expr *e, const struct value **ret, struct span *ret_span, const char **ret_error);
/* In the scope, reported as a diagnostic of the node on failure. */
enum eval_status node_eval(struct run *r, struct node *n, struct scope *s, const struct expr *e, const struct value **ret);
/* given.c: what infrastructure has still to give (`front.address`), and the expression in that scope, or the step, rests on; or NULL. */
const char *given_missing(struct run *r, struct scope *scope, const struct expr *e);
const char *given_missing_in_step(struct run *r, const struct plan_step *p);
const struct value *bind_model(struct run *r, const char *name); /* NULL: not promoted yet */

/* call.c, key.c, cache.c */
void call_go(struct run *r, struct node *n);
void call_skip(struct run *r, struct node *n, const char *reason);
void call_placeholder(struct run *r, struct node *n, const char *reason); /* dry: what stands for tasks not known yet */
void call_ready(struct run *r, struct task *t);
const char *node_place(struct run *r, const struct plan_node *n); /* "flood.twin:12:3"; NULL: nowhere */
void call_settle(struct run *r, struct task *t, bool good, const struct value *result); /* NULL: kept in the journal */
bool key_make(struct run *r, struct task *t); /* false: reported */
const char *key_components(struct run *r, struct task *t, struct arena *a); /* what it is made of, as JSON; NULL: reported */
void key_record(struct run *r, struct task *t); /* for `why`, and to compare with the next time */
const struct value *key_canonical(struct run *r, struct arena *a, const char *where, const struct value *v);
void key_value(struct arena *a, const struct value *v, struct buf *ret); /* text of a value without its folders */
void cache_each_look(const struct run *r, void (*each)(const char *path, const char *stamp, void *ctx), void *ctx);
bool cache_stands(struct run *r, struct task *t); /* there is a kept result, and its files are what they were */
const struct value *cache_load(struct run *r, struct task *t); /* NULL: reported, or it cannot be read */
void cache_store(struct run *r, struct task *t, const struct value *outputs, const struct doc *metrics);
const struct value *cache_record(struct run *r, struct task *t, const struct value *outputs, const struct doc *metrics);

/* world.c: what a task finds around it */
bool world_make(struct run *r, struct task *t);
bool world_adopt(struct run *r, struct task *t); /* names what an earlier run made */
void world_task(struct run *r, const struct task *t, struct executor_task *ret); /* as executors see it */
void world_finish(struct run *r, struct task *t); /* masks secrets in its logs, tidies */
void attempt_drop(struct run *r, struct task *t); /* accepts that there is none; it lasts until the turn is told */
void attempts_free(struct run *r); /* those that were dropped */
void world_mask(struct run *r, const char *task, uint32_t attempt); /* the logs of one that nobody goes on with */
void world_outputs(struct run *r, struct task *t, struct bind *b); /* b->outputs: their paths while the command runs */
const char *world_metrics_path(struct run *r, struct task *t, struct bind *b);

/* check.c, output.c, metric.c: what a task left behind. NULL: reported. */
const struct value *check_result(struct run *r, struct task *t);
bool output_collect(struct run *r, struct task *t, const struct plan_field *f, const struct value **ret);
bool metric_read(struct run *r, struct task *t, const struct doc **ret);
bool metric_values(struct run *r, struct task *t, const struct doc *metrics, struct value_field *ret);

/* foreign.c: steps that are CWL processes */
struct cwl_process;
const struct cwl_process *foreign_process(struct run *r, const struct plan_step *s); /* NULL: another step */
const char *foreign_refusal(struct run *r, const struct task *t); /* why it cannot run here; NULL: it can */
const char *foreign_image(const struct run *r, const struct cwl_process *p); /* that it will run in; NULL: none */
bool foreign_prepare(struct run *r, struct task *t, const char *ret_argv[3]);
void foreign_ended(struct task *t);
bool foreign_permanent(struct run *r, const struct task *t, int code); /* trying again is of no use */
bool foreign_outputs(struct run *r, struct task *t, struct value_field *ret); /* one per output */
const char *foreign_identity(struct run *r, struct arena *a, const struct plan_step *s); /* digest of what the document means */
/* Secondary files of a file that a CWL process left behind, each {class, path}; NULL: none. */
const struct doc *foreign_secondary(struct run *r, struct arena *a, const char *path);
const char *foreign_siblings(struct run *r, struct arena *a, const struct task *t, uint32_t input); /* digests of secondary files; NULL: none */
bool foreign_reuse(struct run *r, const struct task *t); /* a kept result may be used */

/* plain.c: the inputs, for who compares them with what an engine worked out; in the arena */
const char *plain_inputs(struct run *r, const struct task *t);

/* lane.c */
const char *lane_image(struct run *r, const struct task *t, const char *name, bool pull, const char **ret_why);
struct lane *lane_of(struct run *r, const struct task *t); /* NULL: no executor serves its place */
struct lane *lane_by_id(struct run *r, const char *id);
bool lane_start(struct run *r, struct lane *l); /* false: reported */
bool lane_has_room(const struct run *r, const struct lane *l, const struct task *t);
const char *lane_lack(struct run *r, const struct task *t); /* why one that is ready has not started: which resource, how much of it is in use */
void lane_take_room(struct run *r, struct task *t, int sign);
void lanes_finish(struct run *r);
const char *lane_place(const struct run *r, const struct task *t); /* full name, or NULL */
const char *lane_kind(const struct run *r, const char *place); /* of the thing that it belongs to; or NULL */

/* schedule.c */
void schedule_ready(struct run *r, struct task *t, int64_t due_ms);
void schedule_start(struct run *r);
void schedule_prepare(struct run *r);
void schedule_ended(struct run *r, struct task *t, const struct executor_end *end, const char *text); /* its room is given back already; text: the engine's own words, or NULL */
void schedule_running(struct run *r, struct task *t);
uint32_t schedule_waiting(const struct run *r); /* tasks that are ready, on all lanes */
void schedule_forget(struct run *r, struct task *t); /* it runs no more, and nothing is said of its end */
void schedule_stop(struct run *r, bool force);
void schedule_weights(struct run *r);
void run_begin(struct run *r); /* the run's row in the journal, when there is none yet */
void task_record(struct run *r, struct task *t);
bool record_settled(struct run *r, uint32_t most); /* false: nothing was left to be recorded */

/* recover.c */
void recover_load(struct run *r);
struct orphan *recover_find(struct run *r, const char *name);
void recover_adopt(struct run *r, struct task *t, struct orphan *o);
void recover_watch(struct run *r, struct lane *l); /* adopts what was found */
void recover_drop(struct run *r, struct lane *l);  /* does not: its engine cannot be had */
struct task *recover_task(struct run *r, int64_t home, uint32_t number); /* that was adopted or waits for this attempt's end */
bool recover_ended(struct run *r, struct task *t, const struct executor_end *end); /* true: it starts anew, nothing else is to be done */
void recover_rest(struct run *r); /* ends those that nothing asked for */
void recover_kill(struct lane *l, int64_t home, uint32_t number);

/* results.c */
bool results_make(struct run *r);

/* tidy.c */
void tidy_up(struct run *r);

/* fail.c: diagnostics of a task, with its log */
struct diag *fail_node(struct run *r, const struct node *n, enum diag_code code, struct span span, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void fail_image(struct run *r, struct task *t, const char *image, const char *why);
struct diag *fail_task(struct run *r, struct task *t, enum diag_code code, const char *format, ...) __attribute__((format(printf, 4, 5)));
void fail_add_room(struct diag *d, const char *path, uint64_t below_bytes); /* how much is left on its disk, when it is less */
const char *fail_errno(int e); /* strerror, with words for what is no regular file */
void fail_add_log(struct run *r, struct task *t, struct diag *d);
/* The text with secrets replaced by ***; itself where there is none. */
const char *fail_masked(struct run *r, struct arena *a, const char *text, size_t len, size_t *ret_len);

/* run.c */
int64_t run_now(const struct run *r);
struct run_event *run_tell(struct run *r, enum run_event_kind kind, const char *name);
struct run_event *run_tell_task(struct run *r, enum run_event_kind kind, const struct task *t);
/* The run ends here; NULL: it has already. */
struct diag *run_broken(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
