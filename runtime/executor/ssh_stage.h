/* Tasks on a machine that does not see the state folder: what they read is sent there once, by content, with the folders that they run
 * in; what they leave comes home as one stream. What is done there is ssh.sh. For engines (engine.h) whose tasks have a root. */
#ifndef TWINC_EXECUTOR_SSH_STAGE_H
#define TWINC_EXECUTOR_SSH_STAGE_H
#include "compiler/base/buf.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/ssh_link.h"

struct ssh_stage {
	struct engine_context *context;
	struct ssh_link link;
	uint64_t retry_ms, pause_ms; /* it does not answer, or there is no room: when it is asked again */
	bool anything;               /* was sent */
	struct buf home;             /* names of what was brought home, until it knows */
};
/* It must answer once: later it may be away for a while. False and a message: nothing is to be closed. */
bool stage_open(struct ssh_stage *s, struct engine_context *c, char *ret_error, size_t error_len);
void stage_close(struct ssh_stage *s);
/* "RUN-NUMBER", as its folder is called there. */
const char *stage_name(struct arena *a, const struct engine_job *j);
/* False: it does not answer, or the call fails; all jobs are told why they wait, and retry_ms is set. */
bool stage_ask(struct ssh_stage *s, struct arena *a, const struct ssh_call *call, struct command_answer *ret);
struct stage_file { const char *path, *text; }; /* below the root */
struct stage_request {
	const char *verb;                       /* "take": the tasks start when they are there whole; "keep": they lie there */
	const struct stage_file *files; uint32_t n_files;
	void (*going)(struct engine_job *j);    /* from now on it may be there; or NULL */
};
/* Sends what the tasks read and is not there yet, then their folders. What was cut is sent again whole, and who started already is not
 * started twice. False: it is to be tried again at retry_ms. A task that cannot be sent at all is told by engine_end. */
bool stage_send(struct ssh_stage *s, struct engine_job *const *jobs, uint32_t n, const struct stage_request *r);
/* Asks by VERB of ssh.sh, "look" or "stand", how far those jobs are that is_there says yes of. hear is told the word for each that has not
 * ended; what has is brought home with its end, or forgotten where it is of an earlier run and wanted no more. How many were to be brought. */
uint32_t stage_look(struct ssh_stage *s, const char *verb, bool (*is_there)(const struct engine_job *j), void (*hear)(struct engine_context *c, struct engine_job *j, const char *word));
#endif
