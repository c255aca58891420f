/* An object store that speaks S3, asked by URLs that carry their own permission (Signature Version 4, "authenticating requests: using
 * query parameters"): whoever has one may do that one thing with that one object until it ends, and needs no credentials. Keys are of
 * the letters, digits and signs that need no escape. */
#ifndef TWINC_NET_S3_H
#define TWINC_NET_S3_H
#include "runtime/net/net.h"

#define S3_URL_MAX_S 604800                      /* how long a URL may live: seven days */
#define S3_OBJECT_MAX_BYTES ((uint64_t)5 << 30)  /* what one request may bring */

struct s3_place { const char *bucket /* "s3://NAME/PREFIX" */, *endpoint, *region, *access, *secret, *token; }; /* any may be NULL but the first */
struct s3 {
	const char *origin, *host;           /* "https://HOST:PORT", "HOST:PORT" */
	const char *name, *prefix;           /* prefix: "" or with its slash behind it */
	const char *region, *access, *secret, *token;
};
/* What is NULL is taken from the environment as the tools of AWS do: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION,
 * and, where neither key is given, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. In the arena. False: why not. */
bool s3_init(struct s3 *ret, struct arena *a, const struct s3_place *p, char *ret_error, size_t error_len);
/* A URL for `method` on the object `key` below the prefix; NULL: on the bucket, with a query of sorted parameters that are escaped already.
 * at: seconds since 1970; for lifetime seconds from then. */
const char *s3_url(const struct s3 *s, struct arena *a, const char *method, const char *key, const char *query, int64_t at, uint32_t lifetime_s);
/* One request with a URL for itself. from: a file that becomes the object (PUT), to: an empty one that the object goes into, at most max_bytes; or -1. */
struct s3_request { const char *method, *key, *query; int from, to; size_t max_bytes; const char *const *wants; };
struct net_answer s3_ask(const struct s3 *s, struct net *n, struct arena *a, const struct s3_request *r);
/* What an answer that is no success says, with the bucket's name and its host. */
const char *s3_error(const struct s3 *s, struct arena *a, const struct net_answer *answer);
/* The keys below `below` that lie behind `after` ("": all), relative to the prefix, at most 1000 at once, in order: each is told. The last one
 * told; NULL: there was none. *ret_answer says whether it could be asked. */
const char *s3_list(const struct s3 *s, struct net *n, struct arena *a, const char *below, const char *after, void (*each)(const char *key, void *ctx), void *ctx, struct net_answer *ret_answer);
#endif
