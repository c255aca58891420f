#include "runtime/net/s3.h"
#include "compiler/base/buf.h"
#include "compiler/base/digest.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASK_LIFETIME_S 3600 /* of what is asked here and now; a file may be long */
#define UNRESERVED "-._~"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* -- where and who ---------------------------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
	const char *text = getenv(name);
	return text && *text ? text : NULL;
}

static bool is_loopback(const char *host)
{
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && memcmp(host, names[i], n) == 0)
			return true;
	return false;
}

static bool read_endpoint(struct s3 *s, struct arena *a, const char *endpoint, char *ret_error, size_t error_len)
{
	const char *colon = strstr(endpoint, "://"), *host = colon ? colon + 3 : "";
	size_t n = strspn(host, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-.:[]");
	bool tls = strncmp(endpoint, "https://", 8) == 0, good = n > 0 && (!host[n] || strcmp(host + n, "/") == 0);
	if (!good || (!tls && strncmp(endpoint, "http://", 7) != 0))
		snprintf(ret_error, error_len, "the endpoint `%.100s` is not of the form https://HOST or https://HOST:PORT", endpoint);
	else if (!tls && !is_loopback(host))
		snprintf(ret_error, error_len, "the endpoint `%.100s` is not reached by https: who sees what goes to it could take its objects", endpoint);
	else {
		s->host = arena_strndup(a, host, n);
		s->origin = arena_printf(a, "%s://%s", tls ? "https" : "http", s->host);
		return true;
	}
	return false;
}

static bool read_bucket(struct s3 *s, struct arena *a, const char *bucket, char *ret_error, size_t error_len)
{
	const char *name = strncmp(bucket, "s3://", 5) == 0 ? bucket + 5 : "";
	size_t n = strspn(name, LETTERS DIGITS "-."), len = strlen(name);
	bool plain = strspn(name + n, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS UNRESERVED "/") == len - n;
	while (len > n && name[len - 1] == '/')
		len--;
	if (n < 3 || n > 63 || (name[n] && name[n] != '/') || !plain || len > 600 || strstr(name, "//") || strstr(name, "/.")) {
		snprintf(ret_error, error_len, "the bucket `%.100s` is not of the form s3://NAME or s3://NAME/PREFIX, of letters, digits and `-._`", bucket);
		return false;
	}
	s->name = arena_strndup(a, name, n);
	s->prefix = len > n ? arena_printf(a, "%.*s/", (int)(len - n - 1), name + n + 1) : "";
	return true;
}

static bool read_credentials(struct s3 *s, struct arena *a, const struct s3_place *p, char *ret_error, size_t error_len)
{
	bool given = p->access || p->secret;
	const char *access = given ? p->access : environment("AWS_ACCESS_KEY_ID"), *secret = given ? p->secret : environment("AWS_SECRET_ACCESS_KEY"),
		   *token = given ? p->token : environment("AWS_SESSION_TOKEN");
	if (!access || !secret) {
		snprintf(ret_error, error_len, "there are no credentials for the bucket: bind the secrets of `access_key` and `secret_key`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
		return false;
	}
	s->access = arena_strdup(a, access);
	s->secret = arena_printf(a, "AWS4%s", secret);
	s->token = token ? arena_strdup(a, token) : NULL;
	return true;
}

bool s3_init(struct s3 *ret, struct arena *a, const struct s3_place *p, char *ret_error, size_t error_len)
{
	const char *region = p->region ? p->region : environment("AWS_REGION"), *endpoint = p->endpoint ? p->endpoint : environment("AWS_ENDPOINT_URL_S3");
	region = region ? region : environment("AWS_DEFAULT_REGION");
	region = region ? region : "us-east-1";
	if (strspn(region, LETTERS DIGITS "-") != strlen(region) || strlen(region) > 40) {
		snprintf(ret_error, error_len, "`%.60s` is no name of a region", region);
		return false;
	}
	endpoint = endpoint ? endpoint : environment("AWS_ENDPOINT_URL");
	endpoint = endpoint ? endpoint : arena_printf(a, "https://s3.%s.amazonaws.com", region);
	ret->region = arena_strdup(a, region);
	return read_bucket(ret, a, p->bucket, ret_error, error_len) && read_endpoint(ret, a, endpoint, ret_error, error_len) &&
	       read_credentials(ret, a, p, ret_error, error_len);
}

/* -- URLs --------------------------------------------------------------------------------------------------------------- */

static void sign(const struct s3 *s, const char *day, const char *text, char ret[65])
{
	const char *const parts[] = { day, s->region, "s3", "aws4_request", text };
	uint8_t key[32];
	digest_hmac(s->secret, strlen(s->secret), parts[0], key);
	for (size_t i = 1; i < sizeof parts / sizeof *parts; i++)
		digest_hmac(key, sizeof key, parts[i], key);
	digest_write_hex(key, sizeof key, ret);
	explicit_bzero(key, sizeof key);
}

const char *s3_url(const struct s3 *s, struct arena *a, const char *method, const char *key, const char *query, int64_t at, uint32_t lifetime_s)
{
	struct tm t;
	time_t seconds = (time_t)at;
	char day[9], moment[17], signature[65];
	struct buf b = { 0 };
	struct digest_hex hex;
	strftime(day, sizeof day, "%Y%m%d", gmtime_r(&seconds, &t));
	strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &t);
	buf_puts(&b, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
	buf_percent(&b, arena_printf(a, "%s/%s/%s/s3/aws4_request", s->access, day, s->region), UNRESERVED);
	buf_printf(&b, "&X-Amz-Date=%s&X-Amz-Expires=%u", moment, lifetime_s);
	if (s->token) {
		buf_puts(&b, "&X-Amz-Security-Token=");
		buf_percent(&b, s->token, UNRESERVED);
	}
	buf_printf(&b, "&X-Amz-SignedHeaders=host%s%s", query ? "&" : "", query ? query : "");
	const char *parameters = arena_strdup(a, buf_text(&b));
	const char *path = key ? arena_printf(a, "/%s/%s%s", s->name, s->prefix, key) : arena_printf(a, "/%s", s->name);
	buf_clear(&b);
	buf_printf(&b, "%s\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", method, path, parameters, s->host);
	digest_bytes(buf_text(&b), b.len, &hex);
	sign(s, day, arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", moment, day, s->region, hex.text), signature);
	buf_finish(&b);
	return arena_printf(a, "%s%s?%s&X-Amz-Signature=%s", s->origin, path, parameters, signature);
}

/* -- asking ------------------------------------------------------------------------------------------------------------- */

struct net_answer s3_ask(const struct s3 *s, struct net *n, struct arena *a, const struct s3_request *r)
{
	struct net_request q = { .method = r->method, .from_file = r->from >= 0, .from = r->from, .to_file = r->to >= 0, .to = r->to, .max_bytes = r->max_bytes, .wants = r->wants };
	q.url = s3_url(s, a, r->method, r->key, r->query, time(NULL), ASK_LIFETIME_S);
	return net_ask(n, a, &q);
}

/* What stands in the first <NAME> of an error's XML, a line of what can be printed; or "". */
static const char *element(struct arena *a, const char *body, const char *name)
{
	const char *from = body ? strstr(body, arena_printf(a, "<%s>", name)) : NULL, *to = from ? strchr(from + 1, '<') : NULL;
	if (!to)
		return "";
	from += strlen(name) + 2;
	char *text = arena_strndup(a, from, to - from > 150 ? 150 : (size_t)(to - from));
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = ' ';
	return text;
}

const char *s3_error(const struct s3 *s, struct arena *a, const struct net_answer *answer)
{
	const char *where = arena_printf(a, "the bucket `%s` at %s", s->name, s->host), *code = element(a, answer->body, "Code"), *message = element(a, answer->body, "Message");
	if (answer->outcome != NET_ANSWERED)
		return arena_printf(a, "%s does not answer: %s", where, answer->error ? answer->error : "it was given up");
	if (*code)
		return arena_printf(a, "%s says %s: %s", where, code, message);
	return arena_printf(a, "%s says HTTP status %ld%s", where, answer->status, answer->status == 403 ? ", forbidden" : "");
}

const char *s3_list(const struct s3 *s, struct net *n, struct arena *a, const char *below, const char *after, void (*each)(const char *key, void *ctx), void *ctx, struct net_answer *ret_answer)
{
	struct buf query = { 0 };
	const char *last = NULL;
	size_t skip = strlen(s->prefix);
	buf_puts(&query, "list-type=2&prefix=");
	buf_percent(&query, arena_printf(a, "%s%s", s->prefix, below), UNRESERVED);
	if (*after) {
		buf_puts(&query, "&start-after=");
		buf_percent(&query, arena_printf(a, "%s%s", s->prefix, after), UNRESERVED);
	}
	*ret_answer = s3_ask(s, n, a, &(struct s3_request){ .method = "GET", .query = arena_strdup(a, buf_text(&query)), .from = -1, .to = -1 });
	buf_finish(&query);
	const char *at = net_is_good(ret_answer) ? ret_answer->body : NULL;
	while (at && (at = strstr(at, "<Key>"))) { /* ours hold nothing that XML escapes */
		size_t len = strcspn(at += 5, "<");
		if (len <= skip || strncmp(at, s->prefix, skip) != 0)
			continue;
		last = arena_strndup(a, at + skip, len - skip);
		each(last, ctx);
	}
	return last;
}
