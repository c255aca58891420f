/* libmicrohttpd speaks HTTP; it is loaded when somebody listens. One thread: a request is answered before the next one is read. */
#include "runtime/page/listen.h"
#include "compiler/base/bug.h"
#include "compiler/base/library.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 32u
#define CONNECTION_BYTES ((size_t)32 << 10) /* of a request's head */
#define IDLE_S 30u
#define LOOK_MS 500                         /* how soon a signal is obeyed at the latest */

/* What is used of the library, loaded by name. */
#define FUNCTIONS(F) \
	F(start_daemon) F(stop_daemon) F(run_wait) F(lookup_connection_value) F(create_response_from_buffer) F(add_response_header) \
	F(queue_response) F(destroy_response)
static struct {
	bool loaded;
#define FIELD(name) __typeof__(MHD_##name) *name;
	FUNCTIONS(FIELD)
} mhd;

static bool load(char *ret_error, size_t error_len)
{
#define SYMBOL(name) { "MHD_" #name, (void **)&mhd.name },
	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };

	if (!mhd.loaded)
		mhd.loaded = library_load("libmicrohttpd.so.12", "libmicrohttpd12", symbols, sizeof symbols / sizeof *symbols, ret_error, error_len);
	return mhd.loaded;
}

/* -- addresses --------------------------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "1.2.3.4:80" or "[::1]:80". */
static bool address_read(const char *text, union address *ret)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (!colon || n == 0 || n >= sizeof host || colon[1] < '0' || colon[1] > '9')
		return false;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return false;
	bool v6 = text[0] == '[' && n > 2 && text[n - 1] == ']';
	memcpy(host, text + v6, n - 2 * v6);
	host[n - 2 * v6] = 0;
	memset(ret, 0, sizeof *ret);
	if (v6) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1;
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1;
}

bool listen_parse(const char *address, bool *ret_loopback)
{
	union address a;

	if (!address_read(address, &a))
		return false;
	*ret_loopback = a.any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr) : ntohl(a.v4.sin_addr.s_addr) >> 24 == 127;
	return true;
}

void listen_token(char ret[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		bug("the system gives no randomness");
	for (size_t i = 0; i < sizeof bytes; i++)
		sprintf(ret + 2 * i, "%02x", bytes[i]);
}

/* -- one request ------------------------------------------------------------------------------------------------------- */

/* As long for a wrong token as for the right one. */
static bool same(const char *given, const char *token)
{
	size_t n = strlen(token), m = strlen(given);
	unsigned differs = n != m;

	for (size_t i = 0; i < n; i++)
		differs |= (unsigned)(token[i] ^ given[m ? i % m : 0]);
	return differs == 0;
}

static bool may(const struct listen *o, struct MHD_Connection *c)
{
	const char *header = mhd.lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	const char *query = mhd.lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "token");

	if (header && strncmp(header, "Bearer ", 7) == 0)
		return same(header + 7, o->token);
	return query && same(query, o->token);
}

static enum MHD_Result send_back(struct MHD_Connection *c, unsigned status, const char *type, const struct buf *body)
{
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" }, { "X-Content-Type-Options", "nosniff" }, { "Referrer-Policy", "no-referrer" },
		{ "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'" },
	};
	struct MHD_Response *r = mhd.create_response_from_buffer(body->len, (void *)(uintptr_t)buf_text(body), MHD_RESPMEM_MUST_COPY);

	if (!r)
		return MHD_NO;
	mhd.add_response_header(r, "Content-Type", type);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		mhd.add_response_header(r, headers[i][0], headers[i][1]);
	if (status == MHD_HTTP_UNAUTHORIZED)
		mhd.add_response_header(r, "WWW-Authenticate", "Bearer");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		mhd.add_response_header(r, "Allow", "GET, HEAD");
	enum MHD_Result ok = mhd.queue_response(c, status, r);
	mhd.destroy_response(r);
	return ok;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *path, const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	const struct listen *o = ctx;
	struct buf body = { 0 };
	const char *type = "text/plain; charset=utf-8";
	unsigned status;

	(void)version, (void)upload, (void)state;
	if (*upload_len > 0)
		return MHD_NO;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		buf_puts(&body, "it can only be looked at\n");
	} else if (!may(o, c)) {
		status = MHD_HTTP_UNAUTHORIZED;
		buf_puts(&body, "the token is missing or another: ?token=... or a header `Authorization: Bearer ...`\n");
	} else {
		status = o->answer(path, &body, &type, o->ctx);
	}
	enum MHD_Result ok = send_back(c, status, type, &body);
	buf_finish(&body);
	return ok;
}

/* -- all of them ------------------------------------------------------------------------------------------------------- */

static int socket_open(const char *address, char ret_name[80])
{
	union address a;
	socklen_t len;
	char host[64] = "";
	int yes = 1;

	if (!address_read(address, &a)) {
		errno = EINVAL;
		return -1;
	}
	len = a.any.sa_family == AF_INET6 ? sizeof a.v6 : sizeof a.v4;
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, &a.any, len) != 0 || listen(fd, CONNECTIONS) != 0 || getsockname(fd, &a.any, &len) != 0) {
		int e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	if (a.any.sa_family == AF_INET6)
		snprintf(ret_name, 80, "[%s]:%u", inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host), ntohs(a.v6.sin6_port));
	else
		snprintf(ret_name, 80, "%s:%u", inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host), ntohs(a.v4.sin_port));
	return fd;
}

bool listen_run(const struct listen *o, const volatile sig_atomic_t *stop, char *ret_error, size_t error_len)
{
	char name[80];

	if (!load(ret_error, error_len))
		return false;
	int fd = socket_open(o->address, name);
	if (fd < 0) {
		snprintf(ret_error, error_len, "cannot listen at %s: %s", o->address, strerror(errno));
		return false;
	}
	struct MHD_Daemon *d = mhd.start_daemon(MHD_NO_FLAG, 0, NULL, NULL, handle, (void *)(uintptr_t)o, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
						CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
	if (!d) {
		close(fd);
		snprintf(ret_error, error_len, "libmicrohttpd cannot start");
		return false;
	}
	o->ready(name, o->ctx);
	while (!*stop && mhd.run_wait(d, LOOK_MS) == MHD_YES)
		;
	mhd.stop_daemon(d);
	return true;
}
