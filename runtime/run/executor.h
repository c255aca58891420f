/* What carries tasks out: this machine, a cluster, a fake in tests. An executor is data and hooks: one file, and a row in
 * runtime/executor/executors.c; the scheduler knows none of them by name. Hooks that take a state return at once, and what takes
 * time is told through poll: an engine that is asked by calls that wait lives in a thread (runtime/executor/engine.h).
 *
 * Every attempt of a task is named for ever by its run and its number there. An executor gives that name to whatever it makes
 * outside, so that after a crash `find` can ask what is already there. */
#ifndef TWINC_RUN_EXECUTOR_H
#define TWINC_RUN_EXECUTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct plan_thing;
/* A workflow for an engine that takes it as a whole. Everything is borrowed. */
struct executor_whole {
	const char *workflow;
	const char *engine, *program, *version; /* "cwltool", its absolute path, "3.1.2" */
	const char *identity; /* of what will run: another one where the documents, what is bound or a file that they name differs */
	/* Writes the documents into `folder`, where the engine finds WORKFLOW.cwl and WORKFLOW.job.yml, and into `secrets` a file for each
	 * step that has any (0600), lines of shell that export them. False and a message on failure. */
	bool (*write)(void *ctx, const char *folder, const char *secrets, char *ret_why, size_t why_len);
	void *ctx;
};
/* Where an executor works. Everything is borrowed and outlives the executor's state. */
struct executor_host {
	const char *state;              /* the .twin folder, absolute */
	int64_t run;                    /* what is submitted belongs to it; 0: none yet */
	const struct plan_thing *thing; /* the twin's description of the engine; NULL: found as its own tools find it */
	uint32_t tasks_per_job;         /* where many may be one; 0: as the executor sees fit */
	const char *option;             /* behind the name in `--on NAME:OPTION`, a partition say; or NULL */
	const char *(*secret)(const char *name, void *ctx); /* NULL: not bound */
	void *secret_ctx;
	const struct executor_whole *whole; /* or NULL: what is submitted is all that is known */
	/* Of a whole: calls back with each task that has its result, and the folder that this lies in. ctx: secret_ctx. */
	void (*each_done)(void *ctx, void (*each)(const char *name, const char *work, void *each_ctx), void *each_ctx);
};
/* One attempt of a task; everything is borrowed until submit returns. */
struct executor_task {
	uint32_t number;     /* unique in the run */
	const char *name;
	const char *place;   /* full name of the place it belongs on, "hpc.gpu"; or NULL */
	const char *folder;  /* of the attempt, absolute; the command starts in folder/work */
	const char *out, *err; /* log files, absolute */
	const char *const *argv, *const *env; /* NULL-terminated; argv[0] is looked up in env's PATH */
	const char *const *secrets; /* settings like env's, which may stand in no argument, script or comment; or NULL */
	const char *container; /* or NULL */
	bool network;          /* its container may use it */
	bool contains;         /* the command starts a container itself */
	const char *const *modules; /* NULL-terminated, or NULL */
	const char *seen;    /* the folder as the task sees it; folder itself unless the executor has a root */
	const char *const *reads; /* NULL-terminated: absolute paths that links in its folder lead to */
	const char *const *digests; /* of the content of each of them; NULL-terminated */
	uint32_t cpus, gpus;
	uint64_t memory_bytes; /* limit; 0: none */
	uint64_t time_ms;      /* limit; 0: none */
	const char *given;     /* of an executor with `whole`: its inputs as a JSON list, files by their names; else NULL */
	int64_t expected_ms;   /* as its step took the last time; -1: not known */
};
enum executor_outcome {
	EXECUTOR_EXITED,      /* code: exit status */
	EXECUTOR_SIGNALLED,   /* code: signal */
	EXECUTOR_TIMED_OUT,
	EXECUTOR_OUT_OF_MEMORY,
	EXECUTOR_NOT_STARTED, /* code: errno of the start */
	EXECUTOR_LOST,        /* what ran it is gone */
	EXECUTOR_NODE_FAILED,
	EXECUTOR_PREEMPTED,
	EXECUTOR_CANCELLED,   /* by somebody else */
	EXECUTOR_REJECTED,    /* the engine does not take it */
	EXECUTOR_OUTCOMES
};
struct executor_end {
	uint32_t number;
	enum executor_outcome outcome;
	int code;
	uint64_t peak_bytes; /* of memory, of the largest process; 0: not known */
};
enum executor_word { EXECUTOR_WAITS, EXECUTOR_RUNS, EXECUTOR_ENDED };
/* What became of an attempt. */
struct executor_news {
	int64_t run;
	enum executor_word word;
	struct executor_end end; /* number: always; the rest: of ENDED */
	char text[240];          /* the engine's own words: what it waits for, why it ended; or "" */
};

/* What a step asks of whoever runs it. */
struct executor_wish {
	const char *container; /* or NULL */
	uint32_t n_modules;
	bool cwl;              /* a CWL process, run by this program */
	const char *place, *kind; /* full name and kind of the place, "hpc.gpu" and "slurm.cluster"; or NULL: anywhere */
};
enum executor_found { EXECUTOR_GONE /* never started, or lost */, EXECUTOR_ALIVE, EXECUTOR_FOUND_ENDED /* `end` says how */ };
/* An attempt of an earlier run, to be found again. */
struct executor_attempt {
	int64_t run;
	uint32_t number;
	enum executor_found found;
	struct executor_end end;
};

struct executor {
	const char *name, *doc;
	const char *kind;    /* of the places that it serves: "slurm.cluster"; NULL: none but what has no place */
	uint32_t most;       /* attempts that it holds at once; 0: what this machine has room for */
	const char *whole;   /* the target whose documents of a workflow go to its engine as a whole; NULL: it takes task by task */
	/* Of a whole: finds the engine that `option` names, or the first that is there: engine, program, version. False: why not. */
	bool (*whole_engine)(struct arena *a, const char *option, struct executor_whole *ret, char *ret_why, size_t why_len);
	/* Whether it can do that at all, asked before anything of the task is made. False: why not. */
	bool (*accepts)(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len);
	/* What an image is by its content, "NAME@sha256:..."; NAME where nobody knows. NULL: it is not there; pull: it is got, which may take
	 * long, and NULL is that it cannot be had, with the engine's words. The hook NULL: names are taken as they stand. */
	const char *(*image)(struct arena *a, const char *name, bool pull, char *ret_why, size_t why_len);
	/* NULL, or that it gives "": tasks see their folders as they are here. Else the absolute folder below which a task finds its own,
	 * RUN-NUMBER, on another machine; NULL and a message when it cannot be told. */
	const char *(*root)(const struct executor_host *host, struct arena *a, char *ret_error, size_t error_len);
	/* Before the first submit of a run. NULL and a message on failure. */
	void *(*start)(const struct executor_host *host, char *ret_error, size_t error_len);
	/* NULL: `most` is the only limit. Else how many cpus of its tasks may be in use at once; 0: any number. Asked after start. */
	uint32_t (*cpus)(void *state);
	/* NULL: each is on its own. Else how many of n tasks like this one, ready together, go into one job, one after the other. */
	uint32_t (*share)(const struct executor_host *host, const struct executor_task *t, uint32_t n);
	/* All that are ready now, together. What cannot be taken is told by poll. */
	void (*submit)(void *state, const struct executor_task *tasks, uint32_t n);
	int (*fd)(void *state); /* readable when poll has something */
	bool (*poll)(void *state, struct executor_news *ret); /* false: nothing more for now */
	/* Ends the attempt: politely, then by force after a grace; at once when force. Its end comes through poll. */
	void (*cancel)(void *state, int64_t run, uint32_t number, bool force);
	void (*finish)(void *state); /* waits for what the engine keeps; accepts NULL */
	/* After a crash, before start or after: what became of these, asked together; it may wait for the engine. False and a message
	 * when the engine cannot be asked: nothing may be started anew then. */
	bool (*find)(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len);
	/* Watches one that find saw alive: its end comes through poll. LOST: it is gone, through no fault of its own. */
	void (*adopt)(void *state, const struct executor_attempt *a, const struct executor_task *t);
	/* Ends by force what may be left of attempts that nobody watches, and sees to it that they never start any more. */
	void (*kill)(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n);
};
#endif
