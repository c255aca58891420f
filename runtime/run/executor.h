/* What carries tasks out: this machine, a cluster, a fake in tests. An executor is data and hooks: one file, and a row in
 * runtime/executor/executors.c. All hooks return at once; what takes time is told through poll. */
#ifndef TWINC_RUN_EXECUTOR_H
#define TWINC_RUN_EXECUTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct executor_host {
	const char *state; /* the .twin folder, absolute */
	int64_t run;       /* what is submitted belongs to it */
};
/* One attempt of a task; everything is borrowed until submit returns. */
struct executor_task {
	uint32_t number;     /* unique in the run: with the run it names the attempt for ever */
	const char *name;
	const char *folder;  /* of the attempt, absolute; the command starts in folder/work */
	const char *out, *err; /* log files, absolute */
	const char *const *argv, *const *env; /* NULL-terminated; argv[0] is looked up in env's PATH */
	const char *container; /* or NULL */
	const char *const *reads; /* NULL-terminated: absolute paths that links in its folder lead to */
	uint32_t cpus, gpus;
	uint64_t memory_bytes; /* limit; 0: none */
	uint64_t time_ms;      /* limit; 0: none */
};
enum executor_outcome {
	EXECUTOR_EXITED,      /* code: exit status */
	EXECUTOR_SIGNALLED,   /* code: signal */
	EXECUTOR_TIMED_OUT,
	EXECUTOR_OUT_OF_MEMORY,
	EXECUTOR_NOT_STARTED, /* code: errno of the start */
	EXECUTOR_LOST,        /* what ran it is gone */
};
struct executor_end {
	uint32_t number;
	enum executor_outcome outcome;
	int code;
	uint64_t peak_bytes; /* of memory, of the largest process; 0: not known */
};
/* What became of an attempt of an earlier run. */
enum executor_found { EXECUTOR_ENDED /* *ret_end says how */, EXECUTOR_ALIVE, EXECUTOR_GONE /* never started, or lost */ };

/* What a step asks of whoever runs it. */
struct executor_wish {
	const char *container; /* or NULL */
	uint32_t n_modules;
	const char *place, *kind; /* full name and kind of the place, "hpc.gpu" and "slurm.cluster"; or NULL: anywhere */
};

struct executor {
	const char *name, *doc;
	/* Whether it can do that at all, asked before anything of the task is made. False: why not. */
	bool (*accepts)(const struct executor_wish *w, char *ret_why, size_t why_len);
	/* Before the first submit of a run. NULL and a message on failure. */
	void *(*start)(const struct executor_host *host, char *ret_error, size_t error_len);
	/* False: the engine cannot take it any more; what ran is told as lost by poll. */
	bool (*submit)(void *state, const struct executor_task *task);
	int (*fd)(void *state); /* readable when poll has something; -1: ask at every turn */
	bool (*poll)(void *state, struct executor_end *ret); /* false: nothing more for now */
	/* Ends the attempt: politely, then by force after a grace; at once when force. Its end comes through poll. */
	void (*cancel)(void *state, uint32_t number, bool force);
	void (*finish)(void *state); /* waits for what the engine keeps; accepts NULL */
	/* After a crash: what is known of an attempt, and its end by force. */
	enum executor_found (*find)(const struct executor_host *host, uint32_t number, const char *name, struct executor_end *ret_end);
	void (*kill)(const struct executor_host *host, uint32_t number, const char *name);
};
#endif
