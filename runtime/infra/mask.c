/* Texts from outside, before anybody sees them. */
#include "runtime/infra/inside.h"
#include "runtime/run/mask.h"
#include <string.h>

#define WORD_MIN 4 /* shorter parts of a secret would hide every other word */

static const char *without(struct arena *a, const char *text, const char *secret, size_t n)
{
	size_t len;
	return mask_one(a, secret, n, text, strlen(text), &len);
}

/* `key = value; key = value` in lines: each value on its own, too. */
static const char *without_values(struct arena *a, const char *text, const char *secret)
{
	for (const char *at = secret; (at = strchr(at, '=')); at++) {
		const char *value = at + 1 + strspn(at + 1, " ");
		size_t n = strcspn(value, ";\r\n");
		while (n > 0 && value[n - 1] == ' ')
			n--;
		const char *key = at;
		while (key > secret && (key[-1] == ' ' || key[-1] == '\t'))
			key--;
		bool known = false;
		static const char *const keys[] = { "password", "token", "key", "proxy" };
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			known = known || ((size_t)(key - secret) >= strlen(keys[i]) && strncmp(key - strlen(keys[i]), keys[i], strlen(keys[i])) == 0);
		if (known && n >= WORD_MIN)
			text = without(a, text, value, n);
	}
	return text;
}

const char *stack_masked(struct stack *s, const char *text, size_t max)
{
	const struct infra_options *o = &s->infra->o;
	for (uint32_t i = 0; i < o->n_secrets; i++) {
		text = without(s->arena, text, o->secrets[i].content, strlen(o->secrets[i].content));
		text = without_values(s->arena, text, o->secrets[i].content);
	}
	size_t n = strlen(text);
	char *copy = arena_strdup(s->arena, n > max ? text + n - max : text);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 32 && *c != '\n' && *c != '\t')
			*c = ' ';
	for (n = strlen(copy); n > 0 && (copy[n - 1] == '\n' || copy[n - 1] == ' '); n--)
		copy[n - 1] = 0;
	return copy;
}
