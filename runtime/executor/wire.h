/* What the main process and its keeper say to each other: frames of a length and that many bytes, over one socket. */
#ifndef TWINC_EXECUTOR_WIRE_H
#define TWINC_EXECUTOR_WIRE_H
#include "runtime/run/executor.h"
#include <sys/types.h>

#define WIRE_MAX_BYTES ((uint32_t)16 << 20)

enum wire_kind {
	WIRE_SPAWN,   /* main -> keeper: struct wire_spawn, then the strings */
	WIRE_CANCEL,  /* main -> keeper: struct wire_cancel */
	WIRE_CLOSE,   /* main -> keeper: nothing more will come */
	WIRE_ENDED,   /* keeper -> main: struct executor_end */
};
struct wire_head { uint32_t bytes, kind; }; /* bytes behind the head */
/* Strings follow, each with its NUL: mark ("TMPDIR=..."), folder, out, err, program, n_argv arguments, n_env settings. */
enum wire_contained { WIRE_PLAIN, WIRE_CONTAINED /* it ends what it started when it is told by SIGTERM */, WIRE_LIMITED /* so, and 137 is out of memory */ };
struct wire_spawn { uint32_t number, n_argv, n_env, contained; uint64_t memory_bytes, time_ms; };
struct wire_cancel { uint32_t number, force; };

/* Bytes on their way through a non-blocking socket. */
struct wire_buffer { char *bytes; size_t start, len, cap; };
void wire_finish(struct wire_buffer *b);
void wire_add(struct wire_buffer *b, const void *bytes, size_t len);
/* Writes what the socket takes; false when the other side is gone. */
bool wire_flush(struct wire_buffer *b, int fd);
/* Reads what is there; false at the end of the stream. */
bool wire_fill(struct wire_buffer *b, int fd);
/* The next whole frame, or NULL: its body is valid until the next fill. */
const char *wire_next(struct wire_buffer *b, struct wire_head *ret);

/* The whole life of the keeper; never returns. `receipts` is an open file that it holds locked, `socket` its end. */
_Noreturn void keeper_run(int socket, int receipts);
#endif
