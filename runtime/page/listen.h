/* HTTP for looking at a run while it goes on: read only, every request needs a token. */
#ifndef TWINC_PAGE_LISTEN_H
#define TWINC_PAGE_LISTEN_H
#include "compiler/base/buf.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct listen {
	const char *address;         /* "127.0.0.1:9464", "[::1]:0"; port 0: one that is free */
	const char *token;
	/* Puts the body for a path into `ret`, its media type into *ret_type. The status of HTTP; the body is then what is wrong. */
	unsigned (*answer)(const char *path, struct buf *ret, const char **ret_type, void *ctx);
	void (*ready)(const char *address, void *ctx); /* as it became */
	void *ctx;
};
/* Whether an address is one, and of this machine alone. */
bool listen_parse(const char *address, bool *ret_loopback);
/* Answers until *stop is set (by a handler of signals). False, with the reason, when it cannot begin. */
bool listen_run(const struct listen *o, const volatile sig_atomic_t *stop, char *ret_error, size_t error_len);
/* A new token: 32 hexadecimal digits of the system's randomness. */
void listen_token(char ret[33]);
#endif
