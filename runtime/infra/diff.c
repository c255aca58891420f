/* What would change, attribute by attribute: the twin as it is now, against what was asked for last and what is there. */
#include "runtime/infra/inside.h"
#include <math.h>
#include <string.h>

struct found { struct infra_difference *at; uint32_t n, cap; };

static const struct infra_rule *rule_of(const struct stack *s, const char *kind, const char *attribute)
{
	static const struct infra_rule plain = { NULL, NULL, INFRA_CHANGES, false };
	for (const struct infra_rule *r = s->provider->rules; r->attribute; r++)
		if ((!r->kind || strcmp(r->kind, kind) == 0) && strcmp(r->attribute, attribute) == 0)
			return r;
	return &plain;
}

static const char *size_text(struct arena *a, double bytes)
{
	static const struct { const char *name; double bytes; } units[] = { { "TiB", 1099511627776.0 }, { "TB", 1e12 }, { "GiB", 1073741824.0 }, { "GB", 1e9 }, { "MiB", 1048576.0 }, { "MB", 1e6 } };
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (bytes >= units[i].bytes && fmod(bytes, units[i].bytes) == 0)
			return arena_printf(a, "%.0f %s", bytes / units[i].bytes, units[i].name);
	return arena_printf(a, "%.0f B", bytes);
}

const char *diff_text(struct arena *a, const struct doc *value, bool bytes)
{
	if (!value || value->kind == DOC_NULL)
		return NULL;
	if (bytes && (value->kind == DOC_INT || value->kind == DOC_FLOAT))
		return size_text(a, doc_number(value, 0));
	if (value->kind == DOC_STRING)
		return value->string.text;
	if (doc_get(value, "low") && doc_get(value, "high")) {
		long long low = doc_integer(doc_get(value, "low"), 0), high = doc_integer(doc_get(value, "high"), 0);
		return low == high ? arena_printf(a, "%lld", low) : arena_printf(a, "%lld..%lld", low, high);
	}
	if (doc_get(value, "secret"))
		return arena_printf(a, "secret %s", doc_text(doc_get(value, "secret"), ""));
	if (doc_get(value, "ref"))
		return doc_text(doc_get(value, "ref"), "");
	struct buf b = { 0 };
	const struct doc *inputs = doc_get(value, "inputs");
	const char *workflow = inputs ? doc_text(doc_get(value, "workflow"), NULL) : NULL;
	if (!workflow)
		doc_json_write(value, 0, &b);
	for (doc_each(x, workflow ? inputs : NULL)) { /* a call */
		buf_printf(&b, "%s%s: ", b.len ? ", " : "", x->key);
		doc_json_write(x, 0, &b);
	}
	const char *text = workflow ? arena_printf(a, "%s(%s)", workflow, buf_text(&b)) : arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

/* As JSON says it: what was written and read back knows no 3.0. */
static bool same(const struct doc *a, const struct doc *b)
{
	struct buf x = { 0 }, y = { 0 };
	if (doc_equal(a, b))
		return true;
	doc_json_write(a, 0, &x);
	doc_json_write(b, 0, &y);
	bool equal = x.len == y.len && memcmp(buf_text(&x), buf_text(&y), x.len) == 0;
	buf_finish(&x);
	buf_finish(&y);
	return equal;
}

static struct infra_difference *add(struct stack *s, struct found *f)
{
	if (f->n == f->cap) {
		struct infra_difference *more = arena_new_n(s->arena, struct infra_difference, f->cap * 2 + 4);
		if (f->n)
			memcpy(more, f->at, f->n * sizeof *more);
		f->at = more;
		f->cap = f->cap * 2 + 4;
	}
	f->at[f->n] = (struct infra_difference){ 0 };
	return &f->at[f->n++];
}

static void compare_attribute(struct stack *s, const struct infra_thing *t, const char *name, const struct doc *before, const struct doc *after, struct found *f)
{
	const struct infra_rule *rule = rule_of(s, t->kind, name);
	if (rule->effect == INFRA_IGNORED || (!before && !after) || (before && after && same(before, after)))
		return;
	*add(s, f) = (struct infra_difference){ .attribute = name, .before = diff_text(s->arena, before, rule->bytes), .after = diff_text(s->arena, after, rule->bytes),
		.span = after && after->from.file ? after->from : t->span, .replaces = rule->effect == INFRA_REPLACES };
}

/* The twin changed. */
static void compare_twin(struct stack *s, const struct infra_thing *t, const struct doc *old, struct found *f)
{
	const struct doc *was = doc_get(old, "attributes");
	for (doc_each(x, t->attributes))
		compare_attribute(s, t, x->key, doc_get(was, x->key), x, f);
	for (doc_each(x, was))
		if (!doc_get(t->attributes, x->key))
			compare_attribute(s, t, x->key, x, NULL, f);
	bool explained = false;
	for (uint32_t i = 0; i < f->n; i++)
		explained = explained || f->at[i].replaces;
	if (t->shape && !explained && strcmp(t->shape, doc_text(doc_get(old, "shape"), t->shape)) != 0)
		*add(s, f) = (struct infra_difference){ .attribute = "networks and disks", .before = "as it was made", .after = "others, for its services", .span = t->span, .replaces = true };
}

static bool is_among(const struct found *f, uint32_t n, const char *attribute)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(f->at[i].attribute, attribute) == 0)
			return true;
	return false;
}

/* The world changed: what is there is not what was asked for. */
static const char *compare_live(struct stack *s, const struct infra_thing *t, struct found *f)
{
	const struct doc *live = doc_get(s->live, t->name), *nodes = doc_get(live, "nodes");
	if (!s->live || !live)
		return NULL;
	if (nodes && t->high && !is_among(f, f->n, "nodes") && (doc_integer(nodes, 0) < t->low || doc_integer(nodes, 0) > t->high))
		*add(s, f) = (struct infra_difference){ .attribute = "nodes", .before = diff_text(s->arena, nodes, false), .after = t->low == t->high ? arena_printf(s->arena, "%u", t->low) : arena_printf(s->arena, "%u..%u", t->low, t->high),
			.span = doc_get(t->attributes, "nodes") && doc_get(t->attributes, "nodes")->from.file ? doc_get(t->attributes, "nodes")->from : t->span, .outside = true };
	for (doc_each(x, live)) {
		const struct doc *wanted = doc_get(t->attributes, x->key);
		const struct infra_rule *rule = rule_of(s, t->kind, x->key);
		if (!wanted || strcmp(x->key, "nodes") == 0 || is_among(f, f->n, x->key) || doc_number(wanted, -1) == doc_number(x, -2))
			continue;
		*add(s, f) = (struct infra_difference){ .attribute = x->key, .before = diff_text(s->arena, x, rule->bytes), .after = diff_text(s->arena, wanted, rule->bytes),
			.span = wanted->from.file ? wanted->from : t->span, .replaces = rule->effect == INFRA_REPLACES, .outside = true };
	}
	const char *written = doc_text(doc_get(s->record, "files"), s->files_digest.text);
	uint32_t n = f->n; /* what the twin itself says first is not told twice; of one object much may differ */
	bool outside = n == 0 && strcmp(written, s->files_digest.text) == 0;
	for (doc_each(x, doc_get(live, "tasks")))
		if (!is_among(f, n, doc_text(doc_get(x, "task"), "")))
			*add(s, f) = (struct infra_difference){ .attribute = doc_text(doc_get(x, "task"), ""), .before = doc_text(doc_get(x, "before"), "as it is"), .after = doc_text(doc_get(x, "text"), ""),
				.span = x->from.file ? x->from : t->span, .outside = outside };
	const char *wrong = doc_text(doc_get(live, "wrong"), NULL);
	return wrong ? arena_printf(s->arena, "it is %s", wrong) : NULL;
}

static void diff_thing(struct stack *s, const struct infra_thing *t, const struct doc *old, struct infra_change *c)
{
	struct found f = { 0 };
	*c = (struct infra_change){ .name = t->name, .kind = t->kind, .thing = t, .span = t->span };
	if (!old || s->gone) {
		c->action = INFRA_CREATE;
		c->reason = s->gone ? "what was made is gone" : NULL;
		return;
	}
	compare_twin(s, t, old, &f);
	c->reason = compare_live(s, t, &f);
	c->differences = f.at;
	c->n_differences = f.n;
	if (!c->reason && !f.n && s->restores)
		c->reason = "the last apply was broken off";
	if (!c->reason && !f.n && s->state == STACK_FAILED)
		c->reason = "the last apply failed";
	c->action = f.n || c->reason ? INFRA_UPDATE : INFRA_NONE;
	for (uint32_t i = 0; i < f.n; i++)
		if (f.at[i].replaces)
			c->action = INFRA_REPLACE;
}

static void goes(struct stack *s, const char *name, const char *kind, const char *role, struct infra_change *c, bool whole)
{
	*c = (struct infra_change){ .name = name, .kind = kind, .action = INFRA_DELETE, .span = s->span };
	if (!whole && strcmp(role, "service") == 0)
		c->stays = s->provider->leaves;
}

/* What stands on a machine that is made anew is made anew. */
static void follow_machines(struct stack *s)
{
	for (uint32_t i = 0; i < s->n_changes; i++) {
		struct infra_change *c = &s->changes[i];
		const char *on = c->thing ? c->thing->on : NULL;
		for (uint32_t k = 0; on && k < s->n_changes; k++)
			if (s->changes[k].action == INFRA_REPLACE && s->changes[k].thing->high && strcmp(s->changes[k].name, on) == 0 && (c->action == INFRA_NONE || c->action == INFRA_UPDATE)) {
				c->action = INFRA_REPLACE;
				c->reason = c->n_differences ? c->reason : arena_printf(s->arena, "`%s`, which it stands on, is made anew", on);
			}
	}
}

/* Nothing of the twin differs, but what is written of it: by another version of this program, say. */
static void diff_files(struct stack *s)
{
	const char *before = doc_text(doc_get(s->record, "files"), NULL);
	bool services = false, changed = false;
	if (!before || strcmp(before, s->files_digest.text) == 0 || !s->n_things)
		return;
	for (uint32_t i = 0; i < s->n_changes; i++) {
		changed = changed || s->changes[i].action != INFRA_NONE;
		services = services || (s->changes[i].thing && strcmp(s->changes[i].thing->role, "service") == 0);
	}
	for (uint32_t i = 0; !changed && i < s->n_changes; i++)
		if (!services || strcmp(s->changes[i].thing->role, "service") == 0) {
			s->changes[i].action = INFRA_UPDATE;
			s->changes[i].reason = "what is written to set it up reads otherwise";
		}
}

void diff_stack(struct stack *s, bool all_goes)
{
	const struct doc *old = doc_get(s->record, "things");
	bool whole = all_goes || !s->n_things;
	struct map before = { 0 }, ours = { 0 };
	for (doc_each(x, old))
		map_set(&before, x->key, x);
	s->changes = arena_new_n(s->arena, struct infra_change, s->n_things + doc_len(old) + 1);
	s->n_changes = 0;
	for (uint32_t i = 0; i < s->n_things && !whole; i++) {
		map_set(&ours, s->things[i].name, s);
		diff_thing(s, &s->things[i], map_get(&before, s->things[i].name), &s->changes[s->n_changes++]);
	}
	for (doc_each(x, old))
		if (s->known && !map_get(&ours, x->key) && !s->gone)
			goes(s, x->key, doc_text(doc_get(x, "kind"), ""), doc_text(doc_get(x, "role"), ""), &s->changes[s->n_changes++], whole);
	follow_machines(s);
	if (!whole)
		diff_files(s);
	map_finish(&before);
	map_finish(&ours);
}
