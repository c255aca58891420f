/* A machine behind ssh(1): the user's own client talks, so his ssh_config, agent and known hosts hold. One connection for all calls. */
#ifndef TWINC_EXECUTOR_SSH_LINK_H
#define TWINC_EXECUTOR_SSH_LINK_H
#include "runtime/executor/command.h"
#include "runtime/run/executor.h"

struct ssh_link {
	struct arena arena;
	const char *destination, *port, *work; /* "me@host"; port: or NULL; work: the folder that root is made in */
	const char *root;      /* there, of this state folder */
	const char *key;       /* text of a private key; or NULL: the client's own */
	const char *control;   /* socket of the connection, in a folder of our own */
	bool up;
	uint32_t cpus, uid, gid; /* as it said: processors, and who we are there */
};
/* Reads where it is; asks nobody. False and a message on failure; ssh_link_finish all the same. */
bool ssh_link_init(struct ssh_link *l, const struct executor_host *host, char *ret_error, size_t error_len);
/* Runs VERB of ssh.sh there, connecting first where needed. word: behind it, or NULL. to_bytes: at most so much to `to`, or 0. False: ret->err says why, in words for people. */
struct ssh_call { const char *verb, *word, *input; int from, to; uint64_t to_bytes; };
bool ssh_link_ask(struct ssh_link *l, struct arena *a, const struct ssh_call *call, struct command_answer *ret);
void ssh_link_close(struct ssh_link *l); /* the connection */
void ssh_link_finish(struct ssh_link *l);
#endif
