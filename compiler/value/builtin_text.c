/* Built-in functions on text and paths. Letters are ASCII ones; the rest of UTF-8 passes unchanged. */
#include "compiler/base/base64.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/value/builtin.h"
#include "compiler/value/pattern.h"
#include <stdlib.h>
#include <string.h>

struct text {
	const char *at;
	size_t len;
};

static enum eval_status get_text(struct eval *ev, const struct expr *e, const struct value **args, uint16_t i, struct text *ret)
{
	const struct value *v = args[i];
	if (v->kind == VALUE_STRING)
		*ret = (struct text){v->string.text, v->string.len};
	else if (v->kind == VALUE_PATH)
		*ret = (struct text){v->file.path, strlen(v->file.path)};
	else
		return eval_fail(ev, e->args[i], v->kind == VALUE_NULL ? "an absent value where text is needed" : "this is no text");
	return eval_spend(ev, e, ret->len / 64);
}

static enum eval_status get_texts(struct eval *ev, const struct expr *e, const struct value **args, struct text *ret)
{
	enum eval_status s = EVAL_OK;
	for (uint16_t i = 0; s == EVAL_OK && i < e->n; i++)
		s = get_text(ev, e, args, i, &ret[i]);
	return s;
}

/* Takes the buffer's text and frees it. */
static enum eval_status give_text(struct eval *ev, const struct expr *e, struct buf *b, const struct value **ret)
{
	enum eval_status s = EVAL_OK;
	if (b->full || b->len > EVAL_MAX_TEXT)
		s = eval_fail(ev, e, "a text of more than %zu bytes", EVAL_MAX_TEXT);
	else
		*ret = value_string_n(ev->arena, buf_text(b), b->len);
	buf_finish(b);
	return s;
}

static enum eval_status map_bytes(struct eval *ev, const struct expr *e, const struct value **args, char first, char last, int shift, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s != EVAL_OK)
		return s;
	char *copy = arena_strndup(ev->arena, t.at, t.len);
	for (size_t i = 0; i < t.len; i++)
		copy[i] = copy[i] >= first && copy[i] <= last ? (char)(copy[i] + shift) : copy[i];
	*ret = value_string_n(ev->arena, copy, t.len);
	return EVAL_OK;
}

enum eval_status run_lower(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return map_bytes(ev, e, args, 'A', 'Z', 'a' - 'A', ret);
}

enum eval_status run_upper(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return map_bytes(ev, e, args, 'a', 'z', 'A' - 'a', ret);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

enum eval_status run_trim(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s != EVAL_OK)
		return s;
	while (t.len && is_blank(t.at[0])) {
		t.at++;
		t.len--;
	}
	while (t.len && is_blank(t.at[t.len - 1]))
		t.len--;
	*ret = value_string_n(ev->arena, t.at, t.len);
	return EVAL_OK;
}

enum eval_status run_split(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t[2];
	enum eval_status s = get_texts(ev, e, args, t);
	if (s != EVAL_OK)
		return s;
	if (t[1].len == 0)
		return eval_fail(ev, e->args[1], "text cannot be split at nothing");
	VEC(const struct value *) parts = {0};
	const char *at = t[0].at, *end = at + t[0].len;
	for (const char *next; (next = memmem(at, (size_t)(end - at), t[1].at, t[1].len)) != NULL; at = next + t[1].len)
		*vec_push(&parts) = value_string_n(ev->arena, at, (size_t)(next - at));
	*vec_push(&parts) = value_string_n(ev->arena, at, (size_t)(end - at));
	s = eval_spend(ev, e, parts.len);
	if (s == EVAL_OK)
		*ret = value_list(ev->arena, arena_copy(ev->arena, parts.at, sizeof *parts.at * parts.len), parts.len);
	vec_finish(&parts);
	return s;
}

enum eval_status run_join(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **items;
	uint32_t n;
	struct text separator = {0};
	struct buf b = {0};
	enum eval_status s = eval_items(ev, e->args[0], args[0], &items, &n);
	if (s == EVAL_OK)
		s = get_text(ev, e, args, 1, &separator);
	for (uint32_t i = 0; s == EVAL_OK && i < n; i++) {
		if (i)
			buf_add(&b, separator.at, separator.len);
		if (!eval_value_text(items[i], &b))
			s = eval_fail(ev, e->args[0], "element %u cannot be put into text", i);
		else if (b.len > EVAL_MAX_TEXT)
			break;
	}
	if (s == EVAL_OK)
		return give_text(ev, e, &b, ret);
	buf_finish(&b);
	return s;
}

enum eval_status run_replace(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t[3];
	enum eval_status s = get_texts(ev, e, args, t);
	if (s != EVAL_OK)
		return s;
	if (t[1].len == 0)
		return eval_fail(ev, e->args[1], "nothing cannot be replaced");
	struct buf b = {0};
	const char *at = t[0].at, *end = at + t[0].len;
	for (const char *next; (next = memmem(at, (size_t)(end - at), t[1].at, t[1].len)) != NULL && b.len <= EVAL_MAX_TEXT; at = next + t[1].len) {
		buf_add(&b, at, (size_t)(next - at));
		buf_add(&b, t[2].at, t[2].len);
	}
	buf_add(&b, at, (size_t)(end - at));
	return give_text(ev, e, &b, ret);
}

enum eval_status run_contains(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	if (args[0]->kind != VALUE_STRING && args[0]->kind != VALUE_PATH)
		return arith_in(ev, e, args[1], args[0], ret);
	struct text t[2];
	enum eval_status s = get_texts(ev, e, args, t);
	if (s == EVAL_OK)
		*ret = value_bool(memmem(t[0].at, t[0].len, t[1].at, t[1].len) != NULL);
	return s;
}

enum eval_status run_starts_with(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t[2];
	enum eval_status s = get_texts(ev, e, args, t);
	if (s == EVAL_OK)
		*ret = value_bool(t[0].len >= t[1].len && memcmp(t[0].at, t[1].at, t[1].len) == 0);
	return s;
}

enum eval_status run_ends_with(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t[2];
	enum eval_status s = get_texts(ev, e, args, t);
	if (s == EVAL_OK)
		*ret = value_bool(t[0].len >= t[1].len && memcmp(t[0].at + t[0].len - t[1].len, t[1].at, t[1].len) == 0);
	return s;
}

enum eval_status run_matches(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t[2];
	bool matches;
	char *error;
	enum eval_status s = get_texts(ev, e, args, t);
	if (s == EVAL_OK)
		s = eval_spend(ev, e, 1000 + t[0].len);
	if (s != EVAL_OK)
		return s;
	if (!pattern_match(ev->arena, t[1].at, t[0].at, t[0].len, &matches, &error))
		return eval_fail(ev, e->args[1], "%s", error);
	*ret = value_bool(matches);
	return EVAL_OK;
}

/* Of the environment of the one who plans; null where it is not set. */
enum eval_status run_env(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s != EVAL_OK)
		return s;
	const char *value = getenv(t.at);
	*ret = value ? value_string(ev->arena, value) : &value_null;
	return EVAL_OK;
}

enum eval_status run_base64(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s != EVAL_OK)
		return s;
	struct buf b = {0};
	base64_encode(&b, t.at, t.len);
	return give_text(ev, e, &b, ret);
}

enum eval_status run_basename(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s == EVAL_OK)
		*ret = value_string(ev->arena, file_basename(ev->arena, t.at));
	return s;
}

/* The last component without its last extension; a leading dot starts no extension. */
enum eval_status run_stem(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s != EVAL_OK)
		return s;
	const char *name = file_basename(ev->arena, t.at), *dot = strrchr(name, '.');
	*ret = value_string_n(ev->arena, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
	return EVAL_OK;
}

enum eval_status run_parent(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct text t = {0};
	enum eval_status s = get_text(ev, e, args, 0, &t);
	if (s == EVAL_OK)
		*ret = value_string(ev->arena, file_dirname(ev->arena, t.at));
	return s;
}
