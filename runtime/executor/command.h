/* A program of an engine, asked and waited for: sbatch, squeue, ssh. No shell. */
#ifndef TWINC_EXECUTOR_COMMAND_H
#define TWINC_EXECUTOR_COMMAND_H
#include "compiler/base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_MAX_BYTES ((size_t)64 << 20) /* of what it says */
struct command {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in the caller's PATH */
	const char *const *env;  /* NULL: the caller's */
	const char *input;       /* its standard input; NULL: nothing */
	int from, to;            /* above 0: open files that are its standard input and output, in place of these here */
	uint64_t to_bytes;       /* it is killed when it says more than that to `to`; 0: no limit */
	uint32_t timeout_ms;     /* it is killed then */
};
struct command_answer {
	int status;              /* its exit status, 128 + signal, or -1: it could not be started, or was killed: too late, or too much */
	bool full;               /* there was no room for what it said to `to` */
	const char *out, *err;   /* arena text; err without the newline at its end, and says why where status is -1 */
	size_t out_len;
};
/* True: status 0. */
bool command_ask(struct arena *a, const struct command *c, struct command_answer *ret);
/* The next line of an answer, cut off from what follows; NULL at the end or at an empty line. *at: answer.out at first. */
char *command_line(const char **at);
/* Whether the caller's PATH has it. */
bool command_exists(const char *name);
#endif
