/* Executors whose engine is asked by calls that wait: sbatch, HTTP, ssh. Such an engine is written in plain waiting style as a
 * struct engine; it runs in a thread of its own, and the engine_* functions below are the hooks of its executor's row. */
#ifndef TWINC_EXECUTOR_ENGINE_H
#define TWINC_EXECUTOR_ENGINE_H
#include "compiler/base/arena.h"
#include "compiler/base/vec.h"
#include "runtime/run/executor.h"

/* An attempt as the thread holds it: a copy of the task, in an arena of its own. */
struct engine_job {
	struct arena arena;
	int64_t run;
	struct executor_task task;
	bool adopted;        /* of an earlier run: known to the engine already */
	bool cancelled;      /* asked for by us */
	bool ended;          /* told; it goes at the end of the turn */
	enum executor_word word;
	uint64_t since_ms;   /* when the engine first did not know it any more; 0: it does */
	void *own;           /* the engine's, in the arena */
};
struct engine_jobs { struct engine_job **at; uint32_t len; };
struct engine;
/* What the thread is given to work with. */
struct engine_context {
	const struct engine *engine;
	const struct executor_host *host;
	void *own;               /* of open */
	int called;              /* readable when an order waits: look may wait for it together with something else */
	struct engine_jobs jobs; /* all that have not ended */
};
struct engine {
	/* In the thread that calls start. False and a message on failure. */
	bool (*open)(struct engine_context *c, char *ret_error, size_t error_len);
	/* New ones, together. What is not taken is told by engine_end. */
	void (*submit)(struct engine_context *c, struct engine_jobs jobs);
	/* Looks at all of them; tells by engine_end and engine_note. Milliseconds until it wants to look again. */
	int64_t (*look)(struct engine_context *c);
	void (*cancel)(struct engine_context *c, struct engine_jobs jobs, bool force);
	void (*close)(struct engine_context *c);
};
/* From submit, look and cancel. */
void engine_end(struct engine_context *c, struct engine_job *j, enum executor_outcome outcome, int code, const char *text);
void engine_note(struct engine_context *c, struct engine_job *j, enum executor_word word, const char *text);
void engine_call(struct engine_context *c); /* ends what waits for c->called: look is to be called again */
uint64_t engine_now_ms(void); /* steady */

/* What the twin says of the engine: the text of an attribute, or NULL. */
const char *engine_attribute(const struct executor_host *host, const char *name);
/* The content of the secret that an attribute names, or NULL. */
const char *engine_secret(const struct executor_host *host, const char *name);
/* Ten hexadecimal digits that the state folder has for ever at this engine, in STATE/ENGINE/name; another folder in its place, later,
 * has others. In the arena; NULL: it cannot be written. */
const char *engine_state_name(struct arena *a, const char *state, const char *engine);

/* The hooks; start is the executor's own, and calls engine_start. */
void *engine_start(const struct engine *e, const struct executor_host *host, char *ret_error, size_t error_len);
void engine_submit(void *state, const struct executor_task *tasks, uint32_t n);
int engine_fd(void *state);
bool engine_poll(void *state, struct executor_news *ret);
void engine_cancel(void *state, int64_t run, uint32_t number, bool force);
void engine_adopt(void *state, const struct executor_attempt *a, const struct executor_task *t);
void engine_finish(void *state);
#endif
