#include "runtime/net/net.h"
#include "compiler/base/buf.h"
#include "compiler/base/bug.h"
#include "compiler/base/library.h"
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 10000
#define TIMEOUT_MS 60000
#define PATIENCE_MS 10000
#define MAX_BYTES ((size_t)16 << 20)
#define MAX_HEADER_BYTES ((size_t)64 << 10)
#define FIRST_PAUSE_MS 250
#define LAST_PAUSE_MS 8000
#define RETRY_AFTER_MAX_S 60
#define SILENCE_BYTES 100 /* fewer in a second are none */

/* What is used of the library, loaded by name. */
#define FUNCTIONS(F) \
	F(global_init) F(easy_init) F(easy_setopt) F(easy_perform) F(easy_getinfo) F(easy_reset) F(easy_cleanup) F(easy_strerror) \
	F(slist_append) F(slist_free_all) F(getdate) F(multi_init) F(multi_add_handle) F(multi_remove_handle) F(multi_perform) \
	F(multi_poll) F(multi_info_read) F(multi_cleanup)
static struct {
	bool loaded;
#define FIELD(name) __typeof__(curl_##name) *name;
	FUNCTIONS(FIELD)
} curl;

struct net {
	CURL *easy;
	bool (*stop)(void *ctx);
	void *ctx;
};
/* One try. */
struct attempt {
	struct net *net;
	struct buf body;
	size_t max, header_bytes;
	bool too_long, full;
	const struct net_request *request;
	uint64_t sent, taken; /* of files */
	int64_t retry_after_s; /* -1: not said */
	struct arena *arena;
	const char *const *wants;
	const char **got;      /* of each that is wanted */
};

static bool load(char *ret_error, size_t error_len)
{
#define SYMBOL(name) { "curl_" #name, (void **)&curl.name },
	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };

	if (curl.loaded)
		return true;
	if (!library_load("libcurl.so.4", "libcurl4", symbols, sizeof symbols / sizeof *symbols, ret_error, error_len))
		return false;
	curl.loaded = true;
	curl.global_init(CURL_GLOBAL_DEFAULT);
	return true;
}

static const char *reason(CURLcode code)
{
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return "its certificate is not one that is trusted here for that name";
	return code == CURLE_OK ? NULL : curl.easy_strerror(code);
}

struct net *net_create(bool (*stop)(void *ctx), void *ctx, char *ret_error, size_t error_len)
{
	if (!load(ret_error, error_len))
		return NULL;
	struct net *n = calloc(1, sizeof *n);
	if (!n || !(n->easy = curl.easy_init()))
		bug_out_of_memory();
	n->stop = stop;
	n->ctx = ctx;
	return n;
}

void net_destroy(struct net *n)
{
	if (!n)
		return;
	curl.easy_cleanup(n->easy);
	free(n);
}

/* -- one try ---------------------------------------------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct attempt *t = ctx;
	if (t->body.len + size * n > t->max) {
		t->too_long = true;
		return 0;
	}
	buf_add(&t->body, bytes, size * n);
	return size * n;
}

/* Into its file, where it is what was asked for: what else a server says is told as ever. */
static size_t take_file(char *bytes, size_t size, size_t n, void *ctx)
{
	struct attempt *t = ctx;
	long status = 0;
	curl.easy_getinfo(t->net->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return take_body(bytes, size, n, ctx);
	t->too_long = t->taken + size * n > t->request->max_bytes;
	t->full = !t->too_long && pwrite(t->request->to, bytes, size * n, (off_t)t->taken) != (ssize_t)(size * n);
	if (t->too_long || t->full)
		return 0;
	t->taken += size * n;
	return size * n;
}

static size_t give_file(char *bytes, size_t size, size_t n, void *ctx)
{
	struct attempt *t = ctx;
	ssize_t got = pread(t->request->from, bytes, size * n, (off_t)t->sent);
	if (got < 0)
		return CURL_READFUNC_ABORT;
	t->sent += (size_t)got;
	return (size_t)got;
}

static int seek_file(void *ctx, curl_off_t offset, int origin)
{
	((struct attempt *)ctx)->sent = (uint64_t)offset;
	return origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK;
}

static void take_wanted(struct attempt *t, const char *line, size_t len)
{
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) /* what came before was not the answer yet */
		for (size_t i = 0; t->wants[i]; i++)
			t->got[i] = NULL;
	for (size_t i = 0; t->wants[i]; i++) {
		size_t n = strlen(t->wants[i]), from = n + 1, to = len;
		if (len <= n || line[n] != ':' || strncasecmp(line, t->wants[i], n) != 0)
			continue;
		while (from < to && (line[from] == ' ' || line[from] == '\t'))
			from++;
		while (to > from && (unsigned char)line[to - 1] <= ' ')
			to--;
		const char *value = arena_strndup(t->arena, line + from, to - from);
		t->got[i] = t->got[i] ? arena_printf(t->arena, "%s\n%s", t->got[i], value) : value;
	}
}

/* A number of seconds, or a date. */
static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
	static const char name[] = "retry-after:";
	struct attempt *t = ctx;
	size_t len = size * n;
	char text[64] = "", *end;
	t->header_bytes += len;
	if (t->header_bytes > MAX_HEADER_BYTES) {
		t->too_long = true;
		return 0;
	}
	if (t->wants)
		take_wanted(t, bytes, len);
	if (len < sizeof name || strncasecmp(bytes, name, sizeof name - 1) != 0)
		return len;
	snprintf(text, sizeof text, "%.*s", (int)(len - sizeof name + 1 > 60 ? 60 : len - sizeof name + 1), bytes + sizeof name - 1);
	long seconds = strtol(text, &end, 10);
	if (end == text) {
		time_t at = curl.getdate(text, NULL);
		seconds = at > 0 ? (long)(at - time(NULL)) : -1;
	}
	t->retry_after_s = seconds < 0 ? -1 : seconds > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : seconds;
	return len;
}

static int take_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct net *n = ctx;
	(void)a, (void)b, (void)c, (void)d;
	return n->stop && n->stop(n->ctx);
}

static const char *trusted(const struct net_request *r)
{
	const char *ca = r->ca ? r->ca : getenv("CURL_CA_BUNDLE");
	return ca && *ca ? ca : getenv("SSL_CERT_FILE");
}

/* TWINC_NET_TIMEOUT: seconds that an answer may take at most. */
static long timeout_ms(const struct net_request *r)
{
	const char *text = getenv("TWINC_NET_TIMEOUT");
	long most = text ? strtol(text, NULL, 10) : 0, wanted = r->timeout_ms ? r->timeout_ms : TIMEOUT_MS;
	return most > 0 && most < wanted / 1000 ? most * 1000 : wanted;
}

static void set_blob(CURL *e, CURLoption option, const char *pem)
{
	struct curl_blob blob = { (void *)(uintptr_t)pem, pem ? strlen(pem) : 0, CURL_BLOB_COPY };
	if (pem)
		curl.easy_setopt(e, option, &blob);
}

/* Files may be long, and take as long as something of them moves. */
static void set_files(CURL *e, const struct net_request *r, struct attempt *t)
{
	struct stat st;
	if (r->to_file) {
		curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, take_file);
		if (ftruncate(r->to, 0) != 0)
			t->full = true;
	}
	if (r->from_file) {
		curl.easy_setopt(e, CURLOPT_UPLOAD, 1L);
		curl.easy_setopt(e, CURLOPT_READFUNCTION, give_file);
		curl.easy_setopt(e, CURLOPT_READDATA, t);
		curl.easy_setopt(e, CURLOPT_SEEKFUNCTION, seek_file);
		curl.easy_setopt(e, CURLOPT_SEEKDATA, t);
		curl.easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)(fstat(r->from, &st) == 0 ? st.st_size : 0));
	}
	if (r->to_file || r->from_file) {
		curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, 0L);
		curl.easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)SILENCE_BYTES);
		curl.easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (timeout_ms(r) + 999) / 1000);
	}
}

static void set_up(struct net *n, const struct net_request *r, struct attempt *t, struct curl_slist *headers)
{
	CURL *e = n->easy;
	const char *ca = trusted(r);
	curl.easy_reset(e); /* connections are kept */
	curl.easy_setopt(e, CURLOPT_URL, r->url);
	curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
	curl.easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout_ms(r));
	curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl.easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	curl.easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl.easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl.easy_setopt(e, CURLOPT_XFERINFOFUNCTION, take_progress);
	curl.easy_setopt(e, CURLOPT_XFERINFODATA, n);
	if (r->once) /* the library itself sends again what a kept connection lost */
		curl.easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	if (ca && *ca)
		curl.easy_setopt(e, CURLOPT_CAINFO, ca);
	if (r->cert)
		curl.easy_setopt(e, CURLOPT_SSLCERT, r->cert);
	if (r->key)
		curl.easy_setopt(e, CURLOPT_SSLKEY, r->key);
	set_blob(e, CURLOPT_CAINFO_BLOB, r->ca_pem);
	set_blob(e, CURLOPT_SSLCERT_BLOB, r->cert_pem);
	set_blob(e, CURLOPT_SSLKEY_BLOB, r->key_pem);
	if (r->body) {
		curl.easy_setopt(e, CURLOPT_POSTFIELDS, r->body);
		curl.easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	}
	if (strcmp(r->method, "HEAD") == 0)
		curl.easy_setopt(e, CURLOPT_NOBODY, 1L);
	set_files(e, r, t);
}

static enum net_outcome outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return NET_ANSWERED;
	case CURLE_ABORTED_BY_CALLBACK: return NET_STOPPED;
	case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_URL_MALFORMAT: case CURLE_COULDNT_RESOLVE_PROXY: case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT: case CURLE_SSL_CONNECT_ERROR: case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM: return NET_UNSENT;
	default: return NET_UNKNOWN;
	}
}

/* Whether trying again could help at all. */
static bool may_pass(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_URL_MALFORMAT: case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM: case CURLE_WRITE_ERROR: return false;
	default: return true;
	}
}

static CURLcode try_once(struct net *n, const struct net_request *r, struct attempt *t, long *ret_status)
{
	struct curl_slist *headers = curl.slist_append(NULL, "Expect:");
	for (const char *const *h = r->headers; h && *h; h++)
		headers = curl.slist_append(headers, *h);
	t->request = r;
	t->sent = t->taken = 0;
	set_up(n, r, t, headers);
	CURLcode code = curl.easy_perform(n->easy);
	*ret_status = 0;
	if (code == CURLE_OK)
		curl.easy_getinfo(n->easy, CURLINFO_RESPONSE_CODE, ret_status);
	curl.slist_free_all(headers);
	return code;
}

/* -- tries -------------------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool pause_ms(const struct net *n, int64_t ms)
{
	for (int64_t end = now_ms() + ms; now_ms() < end;) {
		struct timespec tick = { 0, 50 * 1000000 };
		if (n->stop && n->stop(n->ctx))
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

static bool says_later(long status)
{
	return status == 429 || status == 503;
}

static bool is_worth(const struct net_request *r, CURLcode code, long status)
{
	if (code != CURLE_OK)
		return may_pass(code) && (!r->once || outcome_of(code) == NET_UNSENT);
	return says_later(status) || (!r->once && (status == 500 || status == 502 || status == 504));
}

struct net_answer net_ask(struct net *n, struct arena *a, const struct net_request *r)
{
	int64_t end = now_ms() + (r->patience_ms ? r->patience_ms : PATIENCE_MS), pause = FIRST_PAUSE_MS;
	struct net_answer answer;
	for (;;) {
		struct attempt t = { .net = n, .max = r->max_bytes && !r->to_file ? r->max_bytes : MAX_BYTES, .retry_after_s = -1, .arena = a, .wants = r->wants };
		size_t n_wants = 0;
		while (r->wants && r->wants[n_wants])
			n_wants++;
		t.got = r->wants ? arena_new_n(a, const char *, n_wants + 1) : NULL;
		CURLcode code = try_once(n, r, &t, &answer.status);
		answer.outcome = outcome_of(code);
		answer.body = arena_strndup(a, buf_text(&t.body), t.body.len);
		answer.len = t.body.len;
		answer.got = t.got;
		answer.error = t.too_long ? "its answer is longer than is taken" : t.full ? "its answer cannot be written" : reason(code);
		buf_finish(&t.body);
		int64_t wait = t.retry_after_s >= 0 && code == CURLE_OK ? t.retry_after_s * 1000 : pause;
		if (!is_worth(r, code, answer.status) || now_ms() + wait >= end)
			break;
		if (!pause_ms(n, wait)) {
			answer.outcome = answer.outcome == NET_UNSENT ? NET_UNSENT : NET_STOPPED; /* what is known stays known */
			break;
		}
		pause = pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : pause * 2;
	}
	return answer;
}

bool net_is_good(const struct net_answer *r)
{
	return r->outcome == NET_ANSWERED && r->status >= 200 && r->status < 300;
}

bool net_is_gone(const struct net_answer *r)
{
	return r->outcome == NET_ANSWERED && r->status == 404;
}

/* -- what goes on and on ------------------------------------------------------------------------------------------------- */

struct stream { struct attempt attempt; void (*line)(char *text, size_t len, void *ctx); void *ctx; };

/* The attempt's body holds no more than what is not yet a line. */
static size_t take_lines(char *bytes, size_t size, size_t n, void *ctx)
{
	struct stream *s = ctx;
	struct buf *b = &s->attempt.body;
	long status = 0;
	curl.easy_getinfo(s->attempt.net->easy, CURLINFO_RESPONSE_CODE, &status);
	if (take_body(bytes, size, n, &s->attempt) == 0 || status != 200)
		return size * n * !s->attempt.too_long;
	char *from = b->text, *end;
	while ((end = memchr(from, '\n', b->len - (size_t)(from - b->text)))) {
		*end = 0;
		s->line(from, (size_t)(end - from), s->ctx);
		from = end + 1;
	}
	size_t rest = b->len - (size_t)(from - b->text);
	memmove(b->text, from, rest);
	b->len = rest;
	return size * n;
}

static CURLcode stream_until(CURLM *multi, int wake_fd)
{
	int running = 1, left;
	while (running > 0) {
		struct curl_waitfd wake = { wake_fd, CURL_WAIT_POLLIN, 0 };
		if (curl.multi_perform(multi, &running) != CURLM_OK)
			return CURLE_RECV_ERROR;
		if (running == 0)
			break;
		if (curl.multi_poll(multi, &wake, 1, 1000, NULL) != CURLM_OK)
			return CURLE_RECV_ERROR;
		if (wake.revents)
			return CURLE_ABORTED_BY_CALLBACK;
	}
	CURLMsg *done = curl.multi_info_read(multi, &left);
	return done ? done->data.result : CURLE_RECV_ERROR;
}

struct net_answer net_watch(struct net *n, struct arena *a, const struct net_request *r, int wake_fd, void (*line)(char *text, size_t len, void *ctx), void *ctx)
{
	struct net_answer answer = { 0 };
	struct stream s = { .attempt = { .net = n, .max = r->max_bytes ? r->max_bytes : MAX_BYTES }, .line = line, .ctx = ctx };
	struct curl_slist *headers = curl.slist_append(NULL, "Expect:");
	CURLM *multi = curl.multi_init();
	for (const char *const *h = r->headers; h && *h; h++)
		headers = curl.slist_append(headers, *h);
	set_up(n, r, &s.attempt, headers);
	curl.easy_setopt(n->easy, CURLOPT_WRITEFUNCTION, take_lines);
	curl.easy_setopt(n->easy, CURLOPT_WRITEDATA, &s);
	if (!multi || curl.multi_add_handle(multi, n->easy) != CURLM_OK)
		bug_out_of_memory();
	CURLcode code = stream_until(multi, wake_fd);
	curl.easy_getinfo(n->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	curl.multi_remove_handle(multi, n->easy);
	curl.multi_cleanup(multi);
	curl.slist_free_all(headers);
	answer.outcome = outcome_of(code);
	answer.body = arena_strndup(a, buf_text(&s.attempt.body), s.attempt.body.len);
	answer.len = s.attempt.body.len;
	answer.error = s.attempt.too_long ? "its answer is longer than is taken" : reason(code);
	buf_finish(&s.attempt.body);
	return answer;
}
