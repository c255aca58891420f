#include "compiler/base/names.h"
#include "compiler/base/buf.h"
#include "compiler/base/digest.h"
#include <string.h>

#define DIGITS 6 /* of the digest; more where even that is taken */

const struct names_rule names_dns_label = { .letters = "-", .gap = '-', .lower = true, .letter_first = true, .alnum_last = true, .max = 63 };
const struct names_rule names_identifier = { .letters = "_", .gap = '_', .letter_first = true, .max = 63 };

void names_init(struct names *n, struct arena *a, const struct names_rule *rule)
{
	*n = (struct names){ .arena = a, .rule = rule };
	map_init(&n->wanted);
	map_init(&n->given);
}

void names_finish(struct names *n)
{
	map_finish(&n->wanted);
	map_finish(&n->given);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add_allowed(const struct names_rule *r, char c, struct buf *ret)
{
	if (r->lower && c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (is_letter(c) || is_digit(c) || (c && strchr(r->letters, c)))
		buf_putc(ret, c);
	else if (!ret->len || ret->text[ret->len - 1] != r->gap)
		buf_putc(ret, r->gap);
}

/* What the rule leaves of a name, before it is cut to length. */
static char *plain(const struct names *n, const char *name)
{
	const struct names_rule *r = n->rule;
	struct buf b = { 0 };
	size_t start = 0, end;
	char *ret;

	for (const char *p = name; *p; p++)
		add_allowed(r, *p, &b);
	end = b.len;
	while (r->alnum_last && end && !is_letter(b.text[end - 1]) && !is_digit(b.text[end - 1]))
		end--;
	while (r->alnum_last && start < end && !is_letter(b.text[start]) && !is_digit(b.text[start]))
		start++;
	if (r->letter_first && (start == end || !(is_letter(b.text[start]) || (b.text[start] == '_' && !r->alnum_last))))
		ret = arena_printf(n->arena, "x%s%.*s", start == end ? "" : (char[]){ r->gap, 0 }, (int)(end - start), start == end ? "" : b.text + start);
	else
		ret = arena_strndup(n->arena, buf_text(&b) + start, end - start);
	buf_finish(&b);
	return ret;
}

void names_add(struct names *n, const char *name)
{
	const char *kept = arena_strdup(n->arena, name), *p = plain(n, name);
	const char *other = map_get(&n->wanted, p);

	if (!other)
		map_set(&n->wanted, p, (void *)(uintptr_t)kept);
	else if (strcmp(other, name) != 0)
		map_set(&n->wanted, p, (void *)(uintptr_t)""); /* several */
}

static const char *with_digest(const struct names *n, const char *name, const char *p)
{
	struct digest_hex hex;
	const char *ret;

	digest_bytes(name, strlen(name), &hex);
	for (int digits = DIGITS;; digits += DIGITS) {
		size_t room = n->rule->max - (size_t)digits - 1, len = strlen(p) < room ? strlen(p) : room;
		while (len && p[len - 1] == n->rule->gap)
			len--;
		ret = arena_printf(n->arena, "%.*s%c%.*s", (int)len, p, n->rule->gap, digits, hex.text);
		if (!map_get(&n->wanted, ret) || (size_t)digits + DIGITS + 2 > n->rule->max)
			return ret;
	}
}

const char *names_get(struct names *n, const char *name)
{
	const char *given = map_get(&n->given, name), *p, *other;

	if (given)
		return given;
	p = plain(n, name);
	other = map_get(&n->wanted, p);
	if (strlen(p) > n->rule->max || (strcmp(p, name) != 0 && other && strcmp(other, name) != 0))
		given = with_digest(n, name, p);
	else
		given = p;
	map_set(&n->given, arena_strdup(n->arena, name), (void *)(uintptr_t)given);
	return given;
}
