#include "runtime/executor/wire.h"
#include "compiler/base/bug.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void wire_finish(struct wire_buffer *b)
{
	free(b->bytes);
	*b = (struct wire_buffer){ 0 };
}

static void wire_reserve(struct wire_buffer *b, size_t more)
{
	if (b->start > 0 && b->start == b->len)
		b->start = b->len = 0;
	if (b->len + more <= b->cap)
		return;
	if (b->start > 0) {
		memmove(b->bytes, b->bytes + b->start, b->len - b->start);
		b->len -= b->start;
		b->start = 0;
	}
	if (b->len + more <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 4096;
	while (cap < b->len + more)
		cap *= 2;
	b->bytes = realloc(b->bytes, cap);
	if (!b->bytes)
		bug_out_of_memory();
	b->cap = cap;
}

void wire_add(struct wire_buffer *b, const void *bytes, size_t len)
{
	wire_reserve(b, len);
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

bool wire_flush(struct wire_buffer *b, int fd)
{
	while (b->start < b->len) {
		ssize_t n = send(fd, b->bytes + b->start, b->len - b->start, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		b->start += (size_t)n;
	}
	b->start = b->len = 0;
	return true;
}

bool wire_fill(struct wire_buffer *b, int fd)
{
	for (;;) {
		wire_reserve(b, 65536);
		ssize_t n = recv(fd, b->bytes + b->len, b->cap - b->len, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		if (n == 0)
			return false;
		b->len += (size_t)n;
		if (b->len < b->cap)
			return true;
	}
}

const char *wire_next(struct wire_buffer *b, struct wire_head *ret)
{
	size_t there = b->len - b->start;
	if (there < sizeof *ret)
		return NULL;
	struct wire_head head;
	memcpy(&head, b->bytes + b->start, sizeof head);
	if (head.bytes > WIRE_MAX_BYTES)
		bug("a frame of %u bytes", head.bytes);
	if (there < sizeof head + head.bytes)
		return NULL;
	const char *body = b->bytes + b->start + sizeof head;
	b->start += sizeof head + head.bytes;
	*ret = head;
	return body;
}
