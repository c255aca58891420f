#include "runtime/run/mask.h"
#include "compiler/base/buf.h"
#include "compiler/base/vec.h"
#include <string.h>

#define ENCODED_MIN 6 /* letters: a shorter encoding would hide words that are none */

struct pattern { const char *text; size_t len; };
typedef VEC(struct pattern) patterns;

static void add(patterns *p, const char *text, size_t len)
{
	*vec_push(p) = (struct pattern){ text, len };
}

/* The letters of base64 that depend on the secret alone, when it stands `before` bytes behind a border of three. */
static void add_base64(struct arena *a, patterns *p, const char *secret, size_t n, size_t before, const char *digits)
{
	size_t first = (before * 8 + 5) / 6, end = (before + n) * 8 / 6;
	char *out = arena_alloc(a, end + 1);
	if (end < first + ENCODED_MIN)
		return;
	for (size_t i = first; i < end; i++) {
		unsigned v = 0;
		for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
			size_t byte = bit / 8 - before;
			v = v << 1 | ((unsigned char)secret[byte] >> (7 - bit % 8) & 1);
		}
		out[i - first] = digits[v];
	}
	add(p, out, end - first);
}

static void add_percent(struct arena *a, patterns *p, const char *secret, size_t n, const char *hex, bool plus)
{
	char *out = arena_alloc(a, n * 3 + 1), *to = out;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)secret[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~", c)) {
			*to++ = (char)c;
		} else if (c == ' ' && plus) {
			*to++ = '+';
		} else {
			*to++ = '%';
			*to++ = hex[c >> 4];
			*to++ = hex[c & 15];
		}
	}
	if ((size_t)(to - out) > n || plus)
		add(p, out, (size_t)(to - out));
}

static void add_secret(struct arena *a, patterns *p, const char *secret)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = strlen(secret);
	if (n == 0)
		return;
	add(p, secret, n);
	for (size_t before = 0; before < 3; before++) {
		add_base64(a, p, secret, n, before, arena_printf(a, "%s+/", letters));
		add_base64(a, p, secret, n, before, arena_printf(a, "%s-_", letters));
	}
	add_percent(a, p, secret, n, "0123456789ABCDEF", false);
	add_percent(a, p, secret, n, "0123456789abcdef", false);
	if (strchr(secret, ' '))
		add_percent(a, p, secret, n, "0123456789ABCDEF", true);
}

const char *mask_one(struct arena *a, const char *word, size_t n, const char *text, size_t len, size_t *ret_len)
{
	const char *hit = n ? memmem(text, len, word, n) : NULL;
	struct buf b = { 0 };
	*ret_len = len;
	if (!hit)
		return text;
	for (; hit; hit = memmem(text, len, word, n)) {
		buf_add(&b, text, (size_t)(hit - text));
		buf_puts(&b, "***");
		len -= (size_t)(hit - text) + n;
		text = hit + n;
	}
	buf_add(&b, text, len);
	*ret_len = b.len;
	const char *masked = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return masked;
}

const char *mask_text(struct arena *a, const char *const *secrets, uint32_t n_secrets, const char *text, size_t len, size_t *ret_len)
{
	patterns p = { 0 };
	for (uint32_t i = 0; i < n_secrets; i++)
		add_secret(a, &p, secrets[i]);
	*ret_len = len;
	for (uint32_t i = 0; i < p.len; i++)
		text = mask_one(a, p.at[i].text, p.at[i].len, text, *ret_len, ret_len);
	vec_finish(&p);
	return text;
}
