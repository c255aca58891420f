/* Which things of a twin are made by whom, and what the journal knows of them. */
#include "runtime/infra/inside.h"
#include "compiler/base/digest.h"
#include "compiler/base/bug.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define RECORD_MAX_BYTES ((size_t)64 << 20)

/* -- who makes what ----------------------------------------------------------------------------------------------------- */

static const struct provider *provider_of(const struct plan_thing *t)
{
	if (strcmp(t->role, "infra") != 0 || !doc_text(doc_get(t->attributes, "manager"), NULL))
		return NULL;
	for (const struct provider *const *p = providers; *p; p++)
		for (const char *const *kind = (*p)->kinds; *kind; kind++)
			if (strcmp(*kind, t->kind) == 0)
				return *p;
	return NULL;
}

bool infra_is_managed(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_things; i++)
		if (provider_of(&plan->things[i]))
			return true;
	return false;
}

/* Of the things that are made, the one that it stands on, without the part that is meant; a module's name stays before it. */
static const char *stands_on(struct arena *a, const struct plan_thing *t, const struct map *made)
{
	const struct doc *on = doc_get(t->attributes, "on");
	const char *name = doc_text(on, doc_text(doc_get(on, "ref"), "")), *dot = strrchr(name, '.');
	if (!map_get(made, name) && dot)
		name = arena_strndup(a, name, (size_t)(dot - name));
	return map_get(made, name) ? name : NULL;
}

static struct stack *stack_find(struct infra *in, const char *name)
{
	for (uint32_t i = 0; i < in->stacks.len; i++)
		if (strcmp(in->stacks.at[i]->name, name) == 0)
			return in->stacks.at[i];
	return NULL;
}

static const char *fresh_name(struct infra *in)
{
	unsigned char bytes[8];
	uint64_t n = 0;
	if (getrandom(bytes, sizeof bytes, 0) == sizeof bytes)
		memcpy(&n, bytes, sizeof n);
	return arena_printf(&in->arena, "%s-%016llx", in->o.plan->twin, (unsigned long long)n);
}

static struct stack *stack_new(struct infra *in, const struct provider *p, const char *manager)
{
	struct stack *s = arena_new(&in->arena, struct stack);
	size_t len = strlen(manager);
	while (len > 0 && manager[len - 1] == '/')
		len--;
	s->infra = in;
	s->arena = &in->arena;
	s->provider = p;
	s->manager = arena_strndup(s->arena, manager, len);
	s->name = arena_printf(s->arena, "%s %s", p->name, s->manager);
	s->state = STACK_CREATING;
	s->since_ms = stack_now_ms();
	return s;
}

const char *stack_secret(const struct stack *s, const char *name)
{
	const struct infra_options *o = &s->infra->o;
	for (uint32_t i = 0; name && i < o->n_secrets; i++)
		if (strcmp(o->secrets[i].name, name) == 0)
			return o->secrets[i].content;
	return NULL;
}

static void add_thing(struct stack *s, const struct plan_thing *t, const char *on)
{
	struct infra_thing *x = &s->things[s->n_things++];
	*x = (struct infra_thing){ .name = t->name, .role = t->role, .kind = t->kind, .span = t->span, .attributes = t->attributes, .on = on };
	if (strcmp(t->role, "infra") == 0 && t->n_parts > 0) {
		x->low = t->parts[0].nodes_low;
		x->high = t->parts[0].nodes_high;
	}
	s->part->things[s->part->n_things++] = *t;
}

/* The first thing that names a manager says how it is reached. */
static struct stack *stack_for(struct infra *in, const struct plan_thing *t)
{
	const struct provider *p = provider_of(t);
	struct stack *s = stack_new(in, p, p->by_thing ? t->name : doc_text(doc_get(t->attributes, "manager"), "")), *there = stack_find(in, s->name);
	if (there)
		return there;
	const struct doc *named = doc_get(t->attributes, "manager");
	s->span = named->from.file ? named->from : t->span;
	s->options = t->attributes;
	s->auth_name = doc_text(doc_get(doc_get(t->attributes, "auth"), "secret"), NULL);
	s->auth = stack_secret(s, s->auth_name);
	s->things = arena_new_n(s->arena, struct infra_thing, in->o.plan->n_things);
	s->part = arena_new(s->arena, struct plan);
	*s->part = *in->o.plan;
	s->part->things = arena_new_n(s->arena, struct plan_thing, in->o.plan->n_things);
	s->part->n_things = 0;
	if (!p->whole)
		s->part->n_workflows = s->part->n_models = 0;
	*vec_push(&in->stacks) = s;
	return s;
}

static void group(struct infra *in)
{
	const struct plan *plan = in->o.plan;
	struct map of = { 0 }; /* thing -> stack */
	for (uint32_t i = 0; i < plan->n_things; i++) {
		if (!provider_of(&plan->things[i]))
			continue;
		struct stack *s = stack_for(in, &plan->things[i]);
		add_thing(s, &plan->things[i], NULL);
		map_set(&of, plan->things[i].name, s);
	}
	for (uint32_t i = 0; i < plan->n_things; i++) {
		const struct plan_thing *t = &plan->things[i];
		const char *on = strcmp(t->role, "service") == 0 ? stands_on(&in->arena, t, &of) : NULL;
		struct stack *s = on ? map_get(&of, on) : NULL;
		if (s)
			add_thing(s, t, on);
	}
	map_finish(&of);
}

/* -- the journal ---------------------------------------------------------------------------------------------------------- */

static const struct provider *provider_named(const char *name)
{
	for (const struct provider *const *p = providers; *p; p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

static void take_row(const struct journal_stack *row, void *ctx)
{
	struct infra *in = ctx;
	struct arena *a = &in->arena;
	struct stack *s = stack_find(in, row->name);
	struct doc *record;
	char *why;
	if (!s) {
		const struct provider *p = provider_named(row->provider);
		if (!p) /* of a program that knew more */
			return;
		s = stack_new(in, p, row->manager);
		*vec_push(&in->stacks) = s;
	}
	s->known = true;
	s->external = arena_strdup(a, row->external);
	s->id = row->id ? arena_strdup(a, row->id) : NULL;
	s->state = row->state;
	s->since_ms = row->at_ms;
	if (row->record && strlen(row->record) < RECORD_MAX_BYTES && doc_json_read(a, row->record, strlen(row->record), &record, &why))
		s->record = record;
	if (!s->auth) {
		s->auth_name = s->auth_name ? s->auth_name : doc_text(doc_get(s->record, "auth"), NULL);
		s->auth = stack_secret(s, s->auth_name);
	}
	s->restores = row->state == STACK_CREATING || row->state == STACK_CHANGING;
	s->outputs = doc_get(s->record, "outputs");
}

/* -- files ------------------------------------------------------------------------------------------------------------------ */

static void digest_files(struct stack *s)
{
	struct buf b = { 0 };
	for (uint32_t i = 0; i < s->n_files; i++) {
		buf_printf(&b, "%s\n", s->files[i].path);
		if (s->files[i].doc)
			doc_json_write(s->files[i].doc, 0, &b);
		else
			buf_add(&b, s->files[i].text, s->files[i].len);
		buf_putc(&b, '\n');
	}
	digest_bytes(buf_text(&b), b.len, &s->files_digest);
	buf_finish(&b);
}

static void prepare(struct stack *s)
{
	struct infra *in = s->infra;
	if (!s->n_things || !in->o.emit)
		return;
	in->o.emit(s->arena, s->provider, s->provider->whole ? in->o.plan : s->part, &s->files, &s->n_files, in->o.ctx);
	digest_files(s);
	if (s->provider->prepare)
		s->provider->prepare(s);
}

struct infra *infra_create(const struct infra_options *o)
{
	struct infra *in = calloc(1, sizeof *in);
	if (!in)
		bug_out_of_memory();
	in->o = *o;
	arena_init(&in->arena);
	diags_init(&in->diags, &in->arena, o->plan->sources);
	group(in);
	if (o->journal)
		journal_stack_each(o->journal, take_row, in);
	for (uint32_t i = 0; i < in->stacks.len; i++)
		prepare(in->stacks.at[i]);
	return in;
}

void infra_destroy(struct infra *in)
{
	if (!in)
		return;
	for (uint32_t i = 0; i < in->stacks.len; i++)
		if (in->stacks.at[i]->provider->finish)
			in->stacks.at[i]->provider->finish(in->stacks.at[i]);
	net_destroy(in->net);
	vec_finish(&in->stacks);
	arena_finish(&in->arena);
	free(in);
}

struct diags *infra_diags(struct infra *in) { return &in->diags; }
uint32_t infra_stack_len(const struct infra *in) { return in->stacks.len; }
struct stack *infra_stack(struct infra *in, uint32_t at) { return in->stacks.at[at]; }

/* -- looking ---------------------------------------------------------------------------------------------------------------- */

bool infra_look(struct infra *in, enum infra_depth depth)
{
	bool ok = true;
	for (uint32_t i = 0; i < in->stacks.len; i++) {
		struct stack *s = in->stacks.at[i];
		if (!s->known)
			continue; /* nothing was ever asked for */
		s->unasked = s->auth_name && !s->auth ? s->auth_name : NULL;
		if (s->unasked)
			continue; /* nobody is let in without the secret */
		bool good = s->provider->look(s, depth) == INFRA_OK;
		s->looked = good && !s->unasked;
		ok = ok && good;
	}
	return ok;
}

uint32_t infra_compare(struct infra *in, bool all_goes)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < in->stacks.len; i++) {
		struct stack *s = in->stacks.at[i];
		diff_stack(s, all_goes);
		for (uint32_t k = 0; k < s->n_changes; k++)
			n += s->changes[k].action != INFRA_NONE;
	}
	return n;
}

const char *infra_action_name(enum infra_action a)
{
	static const char *const names[] = { "none", "create", "update", "replace", "delete" };
	return names[a];
}

/* -- for providers ------------------------------------------------------------------------------------------------------------ */

bool stack_save(struct stack *s, enum stack_state state)
{
	struct journal *j = s->infra->o.journal;
	s->since_ms = state == s->state && s->known ? s->since_ms : stack_now_ms();
	s->state = state;
	s->external = s->external ? s->external : fresh_name(s->infra);
	journal_stack_put(j, &(struct journal_stack){ .name = s->name, .provider = s->provider->name, .manager = s->manager, .external = s->external,
		.id = s->id, .record = record_write(s), .state = state, .at_ms = s->since_ms });
	if (journal_commit(j)) {
		s->known = true;
		return true;
	}
	stack_fail(s, DIAG_E0616, s->span, "the journal cannot be written: %s", journal_error(j));
	return false;
}

bool infra_note(struct infra *in)
{
	bool ok = true;
	for (uint32_t i = 0; i < in->stacks.len; i++) {
		struct stack *s = in->stacks.at[i];
		const struct doc *before = doc_get(s->record, "outputs");
		if (s->looked && s->state == STACK_READY && s->outputs && (!before || !doc_equal(s->outputs, before)))
			ok = stack_save(s, STACK_READY) && ok;
	}
	return ok;
}

struct diag *stack_fail(struct stack *s, enum diag_code code, struct span span, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(s->arena, format, args);
	va_end(args);
	return diag_add(&s->infra->diags, code, span, "%s", text);
}

void infra_tell(struct infra *in, const struct infra_event *e)
{
	if (in->o.hear)
		in->o.hear(e, in->o.ctx);
}

void stack_tell(struct stack *s, const char *thing, const char *format, ...)
{
	const struct infra_thing *t = thing ? stack_thing(s, thing) : NULL;
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(s->arena, format, args);
	va_end(args);
	infra_tell(s->infra, &(struct infra_event){ .kind = INFRA_PROGRESS, .time_ms = stack_now_ms(), .took_ms = -1, .manager = s->name, .thing = thing, .text = text,
		.span = t ? t->span : s->span });
}

const struct infra_thing *stack_thing(const struct stack *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_things; i++)
		if (strcmp(s->things[i].name, name) == 0)
			return &s->things[i];
	return NULL;
}

const struct infra_change *stack_change(const struct stack *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_changes; i++)
		if (strcmp(s->changes[i].name, name) == 0)
			return &s->changes[i];
	return NULL;
}

const struct infra_file *stack_file(const struct stack *s, const char *path)
{
	for (uint32_t i = 0; i < s->n_files; i++)
		if (strcmp(s->files[i].path, path) == 0)
			return &s->files[i];
	return NULL;
}

static bool net_stop(void *ctx)
{
	(void)ctx;
	return stack_stopped(NULL);
}

struct net *stack_net(struct stack *s)
{
	char error[256];
	if (!s->infra->net && !(s->infra->net = net_create(net_stop, s->infra, error, sizeof error)))
		stack_fail(s, DIAG_E0631, s->span, "`%s` cannot be asked: %s", s->manager, error);
	return s->infra->net;
}

const char *stack_folder(const struct stack *s)
{
	return arena_printf(s->arena, "%s/infra/%s", s->infra->o.state, s->provider->name);
}

const char *stack_scheme(const struct stack *s, const char *service)
{
	const char *scheme = NULL;
	for (uint32_t i = 0; i < s->part->n_things; i++)
		if (strcmp(s->part->things[i].name, service) == 0)
			scheme = doc_text(doc_get(doc_get(s->part->things[i].annotations, "serves"), "scheme"), NULL);
	return scheme ? arena_printf(s->arena, "%s://", scheme) : "";
}

struct journal *stack_journal(const struct stack *s) { return s->infra->o.journal; }
struct diags *stack_diags(const struct stack *s) { return &s->infra->diags; }

int64_t stack_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
