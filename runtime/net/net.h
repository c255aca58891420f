/* HTTP requests to the engines that a twin names. TLS is verified, redirects are not followed (a header that authorises would go
 * with them), every answer is bounded in time and size. What a request sends is never told: not in errors, not anywhere. */
#ifndef TWINC_NET_NET_H
#define TWINC_NET_NET_H
#include "compiler/base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum net_outcome {
	NET_ANSWERED, /* status and body are there, whatever they say */
	NET_UNSENT,   /* it surely was not carried out: nobody was reached, or who was reached said "later" to the last try */
	NET_UNKNOWN,  /* it may have been carried out: the answer did not come, or not whole */
	NET_STOPPED,  /* `stop` said so */
};
struct net_request {
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	const char *body;           /* or NULL */
	size_t body_len;
	bool from_file;             /* the body is what lies in the file `from`, from its begin; then, and with to_file, timeout_ms is of silence */
	bool to_file;               /* the body of an answer that is 200 goes into the empty file `to`, and max_bytes bounds it */
	int from, to;
	bool once;                  /* must not be carried out twice: tried again only where it surely was not */
	uint32_t timeout_ms;        /* of one try; 0: a minute */
	uint32_t patience_ms;       /* how long it is tried again; 0: ten seconds */
	size_t max_bytes;           /* of the answer; 0: 16 MiB */
	const char *ca, *cert, *key; /* files in PEM: who is trusted (NULL: the system's, SSL_CERT_FILE, CURL_CA_BUNDLE); who we are, or NULL */
	const char *ca_pem, *cert_pem, *key_pem; /* the same as texts, which come first */
	const char *const *wants;   /* headers of the answer that are wanted, by name, NULL-terminated; or NULL */
};
struct net_answer {
	enum net_outcome outcome;
	long status;
	const char *body; /* NUL-terminated behind len; in the arena */
	size_t len;
	const char *const *got; /* what each of `wants` says, or NULL; one that came several times: joined by newlines. NULL where nothing was wanted */
	const char *error; /* why there is no answer, in words that hold nothing of the request but its host; or NULL */
};
/* Of an answer that came: 2xx; 404. */
bool net_is_good(const struct net_answer *r);
bool net_is_gone(const struct net_answer *r);
struct net;
/* stop: asked while waiting; true gives up at once; or NULL. NULL and a message where there is no libcurl. */
struct net *net_create(bool (*stop)(void *ctx), void *ctx, char *ret_error, size_t error_len);
void net_destroy(struct net *n); /* accepts NULL */
/* One request, with its tries: 429 and 503 after what Retry-After says (at most a minute), 500, 502, 504 and cut connections unless
 * `once`, with a back-off that doubles from a quarter of a second to eight. */
struct net_answer net_ask(struct net *n, struct arena *a, const struct net_request *r);
/* An answer that goes on and on, line by line, each at most max_bytes long: until the server ends it, wake_fd is readable or timeout_ms
 * have passed; tried once. The lines are without their newline; an answer that is none of 200 is the body. */
struct net_answer net_watch(struct net *n, struct arena *a, const struct net_request *r, int wake_fd, void (*line)(char *text, size_t len, void *ctx), void *ctx);
#endif
