/* Infrastructure Manager over REST: one infrastructure a stack. Facts: IM/rest/routers of IM 2.0.
 *
 * Created asynchronously under a name that nothing else has (metadata.infra_name), so that what a crash left is found again. Changed by
 * posting the template anew; machines that are made anew are counted down to none first. `configured` is ready, `running` is not. */
#include "runtime/infra/im.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST_MAX 1000                   /* infrastructures that are looked through for a name */
#define FIND_ROUNDS 4
#define POLL_PATIENCE_MS 2000
#define UNHEARD_MAX_MS (5 * 60 * 1000)  /* a manager that is started anew is waited for */
#define READY_MAX_MS (2 * 3600 * 1000)
#define EMPTY_MAX_MS (10 * 60 * 1000)  /* `pending` without a machine: whoever was at it is gone */
#define EMPTY_AGAIN_MS 15000           /* the same, where the manager was gone in between, or this program */
#define CREATE_TIMEOUT_MS (10 * 60 * 1000) /* clouds are slow, and changes are made before they are answered */
#define SAID_BYTES 4000

static const char *const kinds[] = { "im.cluster", NULL };
static const struct infra_rule rules[] = {
	{ "im.cluster", "manager", INFRA_IGNORED, false }, { "im.cluster", "auth", INFRA_IGNORED, false }, { "im.cluster", "playbooks", INFRA_IGNORED, false },
	{ "im.cluster", "max_time", INFRA_IGNORED, false }, { "im.cluster", "memory", INFRA_CHANGES, true }, { "im.cluster", "gpus", INFRA_REPLACES, false },
	{ "im.cluster", "gpu_model", INFRA_REPLACES, false }, { "im.cluster", "disk", INFRA_REPLACES, true }, { "im.cluster", "image", INFRA_REPLACES, false },
	{ "im.cluster", "os", INFRA_REPLACES, false }, { "im.cluster", "distribution", INFRA_REPLACES, false }, { "im.cluster", "public", INFRA_REPLACES, false },
	{ "im.cluster", "ports", INFRA_REPLACES, false }, { NULL, "storage", INFRA_CHANGES, true }, { NULL, NULL, INFRA_CHANGES, false },
};

/* -- asking ---------------------------------------------------------------------------------------------------------------- */

/* Lines of an authorisation file as one header: joined by the two characters \n. */
static const char *authorisation(struct arena *a, const char *content)
{
	struct buf b = { 0 };
	buf_puts(&b, "Authorization: ");
	for (const char *line = content; *line;) {
		size_t n = strcspn(line, "\r\n");
		if (n > 0 && line[0] != '#') {
			if (b.len > strlen("Authorization: "))
				buf_puts(&b, "\\n");
			buf_add(&b, line, n);
		}
		line += n + (line[n] != 0);
	}
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

static struct im *im_of(struct stack *s)
{
	struct im *im = s->state_of;
	if (im)
		return im;
	im = arena_new(s->arena, struct im);
	im->net = stack_net(s);
	if (!im->net)
		return NULL;
	im->headers[0] = "Accept: application/json";
	im->headers[1] = "Content-Type: text/yaml";
	im->headers[2] = "User-Agent: twinc";
	im->headers[3] = s->auth ? authorisation(s->arena, s->auth) : NULL;
	s->state_of = im;
	return im;
}

struct ask { const char *method, *path, *body; size_t len; bool once, plain; uint32_t patience_ms, timeout_ms; };

static struct net_answer ask(struct stack *s, const struct ask *q)
{
	struct im *im = s->state_of;
	const char *headers[5];
	memcpy(headers, im->headers, sizeof headers);
	if (q->plain)
		headers[1] = "Content-Type: text/plain";
	struct net_request r = { .method = q->method, .url = arena_printf(s->arena, "%s/infrastructures%s", s->manager, q->path), .headers = headers, .body = q->body,
		.body_len = q->len, .once = q->once, .patience_ms = q->patience_ms, .timeout_ms = q->timeout_ms };
	return net_ask(im->net, s->arena, &r);
}

/* What it says of a failure, without the traces of its code. */
static const char *words_of(struct stack *s, const struct net_answer *r)
{
	struct doc *d;
	char *why;
	const char *text = r->body;
	if (doc_json_read(s->arena, r->body, r->len, &d, &why))
		text = doc_text(doc_get(d, "message"), doc_text(doc_get(d, "detail"), r->body));
	struct buf b = { 0 };
	for (const char *line = text; *line && b.len < 1000;) {
		size_t n = strcspn(line, "\n"), blank = strspn(line, "\t ");
		bool trace = strncmp(line, "\t\t", 2) == 0;
		if (!trace && blank < n) {
			buf_puts(&b, b.len ? "\n" : "");
			buf_add(&b, line + blank, n - blank > 500 ? 500 : n - blank);
		}
		line += n + (line[n] != 0);
	}
	text = stack_masked(s, buf_text(&b), 1000);
	buf_finish(&b);
	return text;
}

/* An answer that is no good is told. */
static enum infra_answer refused(struct stack *s, const struct net_answer *r, const char *what)
{
	const char *said = words_of(s, r);
	struct diag *d = stack_refused(s, r, &(struct stack_refusal){ .span = s->span, .who = "the manager", .more = "", .what = what, .said = said, .does = "refuses" });
	if (!d)
		return INFRA_STOPPED;
	if (d->code == DIAG_E0632 && (r->status == 401 || r->status == 403))
		diag_help(d, s->auth_name ? "see the lines of the secret `%s`" : "give its authorisation: `auth = NAME`, a secret of the twin", s->auth_name);
	else if (d->code == DIAG_E0632 && strstr(said, "Implementation file"))
		diag_help(d, "`twinc build -t tosca` writes the playbooks: put them where the manager looks for artefacts, or where it can fetch them, and say where: `playbooks = \"https://...\"`");
	return INFRA_FAILED;
}

static enum infra_answer nonsense(struct stack *s, const char *what)
{
	return stack_nonsense(s, s->span, what, "is this the REST interface of an Infrastructure Manager?");
}

static bool is_good(const struct net_answer *r)
{
	return r->outcome == NET_ANSWERED && r->status == 200;
}

/* The last word of a URI, if it is an id. */
static const char *id_of(struct stack *s, const char *uri)
{
	const char *last = uri ? strrchr(uri, '/') : NULL;
	size_t n = last ? strlen(last + 1) : 0;
	if (n == 0 || n > IM_ID_MAX)
		return NULL;
	for (const char *c = last + 1; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return NULL;
	return arena_strdup(s->arena, last + 1);
}

/* -- what is there ------------------------------------------------------------------------------------------------------------ */

/* Looks for the name among all infrastructures. *ret_open: one of them has no name yet. */
static enum infra_answer find_round(struct stack *s, bool *ret_open)
{
	struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = "" });
	if (!is_good(&r))
		return refused(s, &r, "list infrastructures");
	struct doc *list = doc_get(stack_json(s, &r), "uri-list");
	if (!list)
		return nonsense(s, "list infrastructures");
	uint32_t n = 0;
	*ret_open = false;
	for (doc_each(x, list)) {
		const char *id = id_of(s, doc_text(doc_get(x, "uri"), NULL));
		if (!id || n++ >= LIST_MAX)
			continue;
		r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/radl", id) });
		if (r.outcome == NET_STOPPED)
			return INFRA_STOPPED;
		if (is_good(&r) && strstr(r.body, s->external)) {
			s->id = id;
			return INFRA_OK;
		}
		*ret_open = *ret_open || (is_good(&r) && !strstr(r.body, "description "));
	}
	return INFRA_OK;
}

/* A creation that was broken off may still be on its way. */
static enum infra_answer find(struct stack *s, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds && !s->id; i++) {
		bool open;
		if (i > 0) {
			struct timespec pause = { 1, 0 };
			nanosleep(&pause, NULL);
		}
		enum infra_answer answer = find_round(s, &open);
		if (answer != INFRA_OK || (!open && i > 1))
			return answer;
	}
	return INFRA_OK;
}

static const struct doc *same_machines(const struct stack *s, const struct doc *states)
{
	const struct doc *known = doc_get(s->record, "live");
	uint32_t n = 0;
	for (doc_each(thing, known))
		for (doc_each(vm, doc_get(thing, "vms"))) {
			if (!doc_get(states, vm->key))
				return NULL;
			n++;
		}
	return n == doc_len(states) ? known : NULL;
}

static double number_of(const struct doc *system, const char *exact, const char *least)
{
	return doc_number(doc_get(system, exact), doc_number(doc_get(system, least), -1));
}

/* The first value that is not what the twin wants is the one that is told. */
static void note_value(struct arena *a, struct doc *live, const struct infra_thing *t, const char *attribute, double value)
{
	double wanted = t ? doc_number(doc_get(t->attributes, attribute), value) : value;
	struct doc *there = doc_get(live, attribute);
	/* It takes "4096M" for 4096 times 10^6, and rounds. */
	if (value < 0 || (value > wanted * 0.95 && value < wanted * 1.05))
		value = wanted;
	if (!there)
		doc_append(a, live, attribute, doc_float(a, value));
	else if (doc_number(there, 0) == wanted)
		there->number = value;
}

/* Which machine is whose: by the name of its system in the template. */
static const struct im_owner *owner_of(const struct stack *s, const char *system)
{
	struct im *im = s->state_of;
	for (uint32_t i = im->owners.len ? s->n_things : 0; i < s->n_things; i++) {
		const char *names[IM_MACHINES_MAX];
		uint32_t n = strcmp(s->things[i].role, "infra") == 0 ? im_machines(s, &s->things[i], names, IM_MACHINES_MAX) : 0;
		for (uint32_t k = 0; k < n; k++) {
			struct im_owner *o = arena_new(s->arena, struct im_owner);
			*o = (struct im_owner){ &s->things[i], k + 1 == n };
			map_set(&im->owners, names[k], o);
		}
	}
	return map_get(&im->owners, system);
}

static struct doc *member(struct arena *a, struct doc *map, const char *key)
{
	struct doc *d = doc_get(map, key);
	if (!d)
		doc_append(a, map, key, d = doc_map(a));
	return d;
}

/* In order of their text: a manager's order is no promise. */
static void note_address(struct arena *a, struct doc *live, const char *address)
{
	struct doc *old = doc_get(live, "addresses"), *list = doc_list(a), *own = doc_string(a, address);
	for (doc_each(x, old)) {
		if (own && strcmp(doc_text(x, ""), address) > 0) {
			doc_push(list, own);
			own = NULL;
		}
		doc_push(list, doc_copy(a, x));
	}
	if (own)
		doc_push(list, own);
	if (old)
		old->children = list->children;
	else
		doc_append(a, live, "addresses", list);
}

static void note_machine(struct stack *s, struct doc *live, const char *vm, const struct doc *system)
{
	struct arena *a = s->arena;
	const char *name = doc_text(doc_get(system, "id"), "");
	const struct im_owner *o = owner_of(s, name);
	const struct infra_thing *t = o ? o->thing : NULL;
	struct doc *d = member(a, live, t ? t->name : name), *nodes = doc_get(d, "nodes");
	if (!nodes)
		doc_append(a, d, "nodes", nodes = doc_int(a, 0));
	nodes->integer += !o || o->counts;
	doc_append(a, member(a, d, "vms"), vm, doc_string(a, name));
	if (doc_get(system, "net_interface.0.ip") && (!o || o->counts))
		note_address(a, d, doc_text(doc_get(system, "net_interface.0.ip"), ""));
	note_value(a, d, t, "cpus", number_of(system, "cpu.count", "cpu.count_min"));
	note_value(a, d, t, "memory", number_of(system, "memory.size", "memory.size_min"));
}

static enum infra_answer read_machines(struct stack *s, const struct doc *states)
{
	struct doc *live = doc_map(s->arena);
	for (doc_each(vm, states)) {
		struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/vms/%s", s->id, id_of(s, arena_printf(s->arena, "/%s", vm->key))) });
		if (net_is_gone(&r))
			continue;
		if (!is_good(&r))
			return refused(s, &r, "tell of a machine");
		const struct doc *system = NULL;
		for (doc_each(x, doc_get(stack_json(s, &r), "radl")))
			if (strcmp(doc_text(doc_get(x, "class"), ""), "system") == 0 && doc_get(x, "state"))
				system = x;
		if (!system)
			return nonsense(s, "tell of a machine");
		note_machine(s, live, vm->key, system);
	}
	for (uint32_t i = 0; i < s->n_things; i++)
		if (strcmp(s->things[i].role, "infra") == 0 && !doc_get(live, s->things[i].name))
			doc_append(s->arena, member(s->arena, live, s->things[i].name), "nodes", doc_int(s->arena, 0));
	s->live = live;
	return INFRA_OK;
}

/* Machines that are there and do not do what they are for. */
static void note_states(struct stack *s, const struct doc *states)
{
	struct doc *live = doc_copy(s->arena, s->live);
	for (doc_each(thing, live))
		for (doc_each(vm, doc_get(thing, "vms"))) {
			const char *state = doc_text(doc_get(states, vm->key), "configured");
			if (strcmp(state, "configured") != 0 && !doc_get(thing, "wrong"))
				doc_append(s->arena, thing, "wrong", doc_string(s->arena, state));
		}
	s->live = live;
}

/* Where there may be several machines: the address of each. */
static void add_addresses(struct stack *s, struct doc *outputs)
{
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct doc *addresses = doc_get(doc_get(s->live, s->things[i].name), "addresses");
		const char *key = arena_printf(s->arena, "%s_addresses", s->things[i].name);
		while (stack_thing(s, key))
			key = arena_printf(s->arena, "%s_", key);
		if (addresses && s->things[i].high > 1)
			doc_append(s->arena, outputs, key, doc_copy(s->arena, addresses));
	}
}

/* keeps: what was known stays where it tells nothing. */
static enum infra_answer read_outputs(struct stack *s, bool keeps)
{
	struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/outputs", s->id) });
	if (r.outcome == NET_STOPPED)
		return INFRA_STOPPED;
	const struct doc *outputs = is_good(&r) ? doc_get(stack_json(s, &r), "outputs") : NULL;
	if (!outputs && keeps)
		return INFRA_OK;
	struct doc *ours = doc_map(s->arena); /* it also tells of what is gone */
	for (doc_each(x, doc_get(doc_get(im_template(s), "topology_template"), "outputs")))
		if (doc_get(outputs, x->key))
			doc_append(s->arena, ours, x->key, doc_copy(s->arena, doc_get(outputs, x->key)));
	add_addresses(s, ours);
	s->outputs = ours;
	return INFRA_OK;
}

/* The states of machines; NULL: said why, or it is gone. */
static struct doc *read_states(struct stack *s, enum infra_answer *ret_answer, const char **ret_state, uint32_t patience_ms)
{
	struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/state", s->id), .patience_ms = patience_ms });
	s->gone = net_is_gone(&r);
	*ret_answer = INFRA_OK;
	if (s->gone)
		return NULL;
	if (!is_good(&r)) {
		*ret_answer = refused(s, &r, "tell the state");
		return NULL;
	}
	struct doc *state = doc_get(stack_json(s, &r), "state"), *machines = doc_get(state, "vm_states");
	*ret_state = doc_text(doc_get(state, "state"), NULL);
	if (!machines || machines->kind != DOC_MAP || !*ret_state)
		*ret_answer = nonsense(s, "tell the state");
	for (doc_each(vm, machines))
		if (*ret_answer == INFRA_OK && !id_of(s, arena_printf(s->arena, "/%s", vm->key)))
			*ret_answer = nonsense(s, "tell the state");
	return *ret_answer == INFRA_OK ? machines : NULL;
}

/* Addresses change while machines stay what they are. */
static enum infra_answer look_outputs(struct stack *s, const struct doc *states)
{
	const struct doc *before = s->outputs;
	enum infra_answer answer = read_outputs(s, true);
	if (answer != INFRA_OK || !before || doc_equal(before, s->outputs))
		return answer;
	if ((answer = read_machines(s, states)) == INFRA_OK) {
		note_states(s, states);
		answer = read_outputs(s, true);
	}
	return answer;
}

static enum infra_answer look(struct stack *s, enum infra_depth depth)
{
	enum infra_answer answer;
	const char *state;
	if (!im_of(s))
		return INFRA_FAILED;
	if (!s->id && (answer = find(s, 1)) != INFRA_OK)
		return answer;
	if (!s->id)
		s->gone = true;
	struct doc *states = s->id ? read_states(s, &answer, &state, 0) : NULL;
	if (!states)
		return s->id ? answer : INFRA_OK;
	s->live = depth == INFRA_DRIFT ? NULL : same_machines(s, states);
	if (!s->live && (answer = read_machines(s, states)) != INFRA_OK)
		return answer;
	note_states(s, states);
	return s->state == STACK_READY && s->n_things ? look_outputs(s, states) : INFRA_OK;
}

/* -- doing ---------------------------------------------------------------------------------------------------------------------- */

static enum infra_answer wait_for(struct stack *s, enum im_phase phase)
{
	struct im *im = s->state_of;
	im->phase = phase;
	im->said = NULL;
	im->deadline_ms = stack_now_ms() + READY_MAX_MS;
	return INFRA_WORKING;
}

/* It was refused as a whole, or never heard: nothing is there, and no later run need ask a manager of that address. */
static enum infra_answer never_made(struct stack *s, const struct net_answer *r)
{
	struct journal *j = stack_journal(s);
	journal_stack_drop(j, s->name);
	journal_commit(j);
	s->known = false;
	return refused(s, r, "make an infrastructure");
}

static enum infra_answer create(struct stack *s)
{
	size_t len;
	s->id = NULL;
	s->live = NULL;
	if (s->gone)
		s->external = NULL; /* the name of what is gone is not used again */
	if (!stack_save(s, STACK_CREATING))
		return INFRA_FAILED;
	const char *body = im_body(s, false, NULL, &len);
	if (!body)
		return INFRA_FAILED;
	struct net_answer r = ask(s, &(struct ask){ .method = "POST", .path = "?async=true", .body = body, .len = len, .once = true, .timeout_ms = CREATE_TIMEOUT_MS });
	if (r.outcome == NET_UNSENT || (r.outcome == NET_ANSWERED && r.status >= 400 && r.status < 500))
		return never_made(s, &r);
	if (is_good(&r))
		s->id = id_of(s, doc_text(doc_get(stack_json(s, &r), "uri"), NULL));
	else if (r.outcome == NET_STOPPED)
		return INFRA_STOPPED;
	if (!s->id && r.outcome != NET_UNSENT && find(s, FIND_ROUNDS) != INFRA_OK) /* the answer was lost, perhaps not the deed */
		return INFRA_FAILED;
	if (!s->id)
		return is_good(&r) ? nonsense(s, "make an infrastructure") : refused(s, &r, "make an infrastructure");
	if (!stack_save(s, STACK_CREATING))
		return INFRA_FAILED;
	stack_tell(s, NULL, "made as %s", s->id);
	return wait_for(s, IM_WAITING);
}

static bool is_altered(const struct infra_change *c)
{
	for (uint32_t i = 0; c && c->action == INFRA_UPDATE && i < c->n_differences; i++)
		if (strcmp(c->differences[i].attribute, "cpus") == 0 || strcmp(c->differences[i].attribute, "memory") == 0)
			return true;
	return false;
}

/* Other processors and memory for machines that are there. */
static enum infra_answer alter(struct stack *s)
{
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct infra_thing *t = &s->things[i];
		if (!is_altered(stack_change(s, t->name)))
			continue;
		for (doc_each(vm, doc_get(doc_get(s->live, t->name), "vms"))) {
			const char *body = arena_printf(s->arena, "system %s (cpu.count = %lld and memory.size = %.0fB)", doc_text(vm, ""),
				(long long)doc_integer(doc_get(t->attributes, "cpus"), 1), doc_number(doc_get(t->attributes, "memory"), 0));
			struct net_answer r = ask(s, &(struct ask){ .method = "PUT", .path = arena_printf(s->arena, "/%s/vms/%s", s->id, vm->key), .body = body, .len = strlen(body), .plain = true, .timeout_ms = CREATE_TIMEOUT_MS });
			if (!is_good(&r) && !net_is_gone(&r))
				return refused(s, &r, "give a machine other processors and memory");
		}
		stack_tell(s, t->name, "has other processors and memory");
	}
	return INFRA_OK;
}

/* Its own template, as it merged it. */
static enum infra_answer read_template(struct stack *s, const struct doc **ret)
{
	struct doc *d;
	char *why;
	struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/tosca", s->id) });
	*ret = NULL;
	if (r.outcome == NET_ANSWERED && r.status == 403)
		return INFRA_OK; /* it has none: it was started anew before it wrote it down */
	if (!is_good(&r))
		return refused(s, &r, "tell its template");
	const struct doc *text = doc_get(stack_json(s, &r), "tosca");
	if (!text || text->kind != DOC_STRING || !doc_yaml_read(s->arena, text->string.text, text->string.len, &d, &why))
		return nonsense(s, "tell its template");
	*ret = d;
	return INFRA_OK;
}

static enum infra_answer post(struct stack *s, bool emptied)
{
	const struct doc *there;
	size_t len;
	enum infra_answer answer = read_template(s, &there);
	if (answer != INFRA_OK)
		return answer;
	const char *body = im_body(s, emptied, there, &len);
	if (!body)
		return INFRA_FAILED;
	struct net_answer r = ask(s, &(struct ask){ .method = "POST", .path = arena_printf(s->arena, "/%s", s->id), .body = body, .len = len, .once = true, .timeout_ms = CREATE_TIMEOUT_MS });
	return is_good(&r) ? INFRA_OK : refused(s, &r, "change an infrastructure");
}

static bool any_replaced(const struct stack *s)
{
	for (uint32_t i = 0; i < s->n_changes; i++)
		if (s->changes[i].action == INFRA_REPLACE && s->changes[i].thing && s->changes[i].thing->high)
			return true;
	return false;
}

/* After what is made anew is gone: all of it is asked for. */
static enum infra_answer fill(struct stack *s)
{
	enum infra_answer answer = alter(s);
	if (answer == INFRA_OK)
		answer = post(s, false);
	if (answer != INFRA_OK)
		return answer;
	for (uint32_t i = 0; i < s->n_things; i++)
		s->things[i].applied = true; /* a crash from here on changes nothing a second time */
	return stack_save(s, STACK_CHANGING) ? wait_for(s, IM_WAITING) : INFRA_FAILED;
}

static enum infra_answer begin(struct stack *s)
{
	enum infra_answer answer;
	if (!im_of(s))
		return INFRA_FAILED;
	if (!im_template(s)) {
		stack_fail(s, DIAG_E0634, s->span, "there is nothing of it that Infrastructure Manager could make");
		return INFRA_FAILED;
	}
	if (s->known && !s->id && !s->gone && (answer = find(s, FIND_ROUNDS)) != INFRA_OK)
		return answer;
	if (s->known && !s->id && s->gone) { /* a look did not find it: it may still be on its way */
		if ((answer = find(s, FIND_ROUNDS)) != INFRA_OK)
			return answer;
		s->gone = !s->id;
	}
	if (!s->id || s->gone)
		return create(s);
	if (!s->live && (answer = look(s, INFRA_DRIFT)) != INFRA_OK)
		return answer;
	if (!stack_save(s, STACK_CHANGING))
		return INFRA_FAILED;
	return wait_for(s, IM_SETTLING);
}

static enum infra_answer begin_removal(struct stack *s)
{
	enum infra_answer answer;
	if (!im_of(s))
		return INFRA_FAILED;
	if (!s->id && (answer = find(s, FIND_ROUNDS)) != INFRA_OK)
		return answer;
	if (!s->id)
		return INFRA_OK; /* it never came to be */
	if (!stack_save(s, STACK_DELETING))
		return INFRA_FAILED;
	struct net_answer r = ask(s, &(struct ask){ .method = "DELETE", .path = arena_printf(s->arena, "/%s?async=true", s->id), .timeout_ms = CREATE_TIMEOUT_MS });
	if (net_is_gone(&r))
		return INFRA_OK;
	return is_good(&r) || (r.outcome == NET_ANSWERED && r.status == 409) ? wait_for(s, IM_REMOVING) : refused(s, &r, "take down an infrastructure");
}

/* -- waiting -------------------------------------------------------------------------------------------------------------------- */

/* What its playbooks said, and whose they were: the last one that is told of before the failure. */
static enum infra_answer not_configured(struct stack *s, const char *state)
{
	struct net_answer r = ask(s, &(struct ask){ .method = "GET", .path = arena_printf(s->arena, "/%s/contmsg", s->id) });
	const struct doc *said = is_good(&r) ? doc_get(stack_json(s, &r), "contmsg") : NULL;
	const char *text = doc_text(said, "");
	const struct infra_thing *t = im_blamed(s, text);
	struct diag *d = t ? stack_fail(s, DIAG_E0633, t->span, "`%s` could not be set up: its machine is `%s`", t->name, state)
			   : stack_fail(s, DIAG_E0633, s->span, "what was asked for could not be set up: it is `%s`", state);
	diag_here(d, t ? "its playbook failed" : "by this manager");
	if (t)
		diag_label(d, s->span, "by this manager, as %s", s->id);
	const char *end = stack_masked(s, im_failure(s->arena, text), SAID_BYTES);
	if (*end)
		diag_note(d, "the manager says:\n%s", end);
	diag_help(d, "when what is wrong is put right, apply again: it goes on with what is there");
	stack_save(s, STACK_FAILED);
	return INFRA_FAILED;
}

static uint32_t wanted_machines(const struct stack *s)
{
	const char *names[IM_MACHINES_MAX];
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n_things; i++)
		if (strcmp(s->things[i].role, "infra") == 0)
			n += im_machines(s, &s->things[i], names, IM_MACHINES_MAX) - 1 + s->things[i].low;
	return n;
}

static enum infra_answer ready(struct stack *s, const struct doc *states)
{
	struct im *im = s->state_of;
	enum infra_answer answer = read_machines(s, states);
	if (answer == INFRA_OK)
		answer = read_outputs(s, false);
	bool all = true;
	for (doc_each(x, doc_get(doc_get(im_template(s), "topology_template"), "outputs")))
		all = all && doc_get(s->outputs, x->key);
	if (answer != INFRA_OK || im->again || all)
		return answer;
	im->again = true; /* it has lost the template: ended before it wrote it down */
	return fill(s);
}

/* It does not answer: it may be started anew, and goes on then. */
static enum infra_answer unheard(struct stack *s, uint32_t errors_before)
{
	struct im *im = s->state_of;
	struct diags *ds = stack_diags(s);
	int64_t now = stack_now_ms();
	if (!im->unheard_ms) {
		im->unheard_ms = now;
		stack_tell(s, NULL, "the manager does not answer; waiting for it");
	}
	if (now - im->unheard_ms > UNHEARD_MAX_MS)
		return INFRA_FAILED;
	while (ds->n_errors > errors_before && ds->last)
		diags_remove(ds, ds->last);
	return INFRA_WORKING;
}

/* A manager that is started anew has forgotten the machines that it was about to make. */
static bool is_forgotten(struct stack *s, const char *state, uint32_t machines)
{
	struct im *im = s->state_of;
	int64_t now = stack_now_ms();
	if (strcmp(state, "pending") != 0 || machines > 0) {
		im->empty_ms = 0;
		return false;
	}
	im->empty_ms = im->empty_ms ? im->empty_ms : now;
	return now - im->empty_ms > (im->was_unheard || s->restores ? EMPTY_AGAIN_MS : EMPTY_MAX_MS);
}

static bool is_under_way(const char *state, uint32_t machines)
{
	return strcmp(state, "pending") == 0 || strcmp(state, "running") == 0 || (strcmp(state, "unknown") == 0 && machines > 0);
}

static enum infra_answer poll(struct stack *s)
{
	struct im *im = s->state_of;
	enum infra_answer answer;
	const char *state = "";
	uint32_t errors = stack_diags(s)->n_errors;
	struct doc *states = read_states(s, &answer, &state, POLL_PATIENCE_MS);
	if (answer == INFRA_FAILED)
		return unheard(s, errors);
	if (answer != INFRA_OK)
		return answer;
	im->was_unheard = im->was_unheard || im->unheard_ms;
	im->unheard_ms = 0;
	if (s->gone && im->phase == IM_REMOVING)
		return INFRA_OK;
	if (s->gone) {
		stack_fail(s, DIAG_E0633, s->span, "the infrastructure %s is gone from %s while it was set up", s->id, s->manager);
		return INFRA_FAILED;
	}
	if (im->phase != IM_SETTLING && (!im->said || strcmp(im->said, state) != 0))
		stack_tell(s, NULL, "%s", state);
	im->said = state;
	if (stack_now_ms() > im->deadline_ms) {
		stack_fail(s, DIAG_E0633, s->span, "the infrastructure %s is still `%s` after %d min", s->id, state, READY_MAX_MS / 60000);
		return INFRA_FAILED;
	}
	if (im->phase != IM_REMOVING && is_forgotten(s, state, doc_len(states)))
		return fill(s);
	if (im->phase == IM_REMOVING || is_under_way(state, doc_len(states)))
		return INFRA_WORKING;
	switch (im->phase) {
	case IM_SETTLING:
		if (!any_replaced(s))
			return fill(s);
		answer = post(s, true);
		return answer == INFRA_OK ? wait_for(s, IM_EMPTYING) : answer;
	case IM_EMPTYING:
		return fill(s);
	case IM_WAITING:
		if (strcmp(state, "configured") == 0)
			return doc_len(states) < wanted_machines(s) ? INFRA_WORKING : ready(s, states);
		return doc_len(states) == 0 && wanted_machines(s) == 0 ? ready(s, states) : not_configured(s, state);
	case IM_REMOVING:
		break;
	}
	return INFRA_WORKING;
}

static void finish(struct stack *s)
{
	struct im *im = s->state_of;
	if (im)
		map_finish(&im->owners);
}

const struct provider provider_im = {
	.name = "im", .doc = "machines and services by Infrastructure Manager", .target = "tosca", .kinds = kinds, .rules = rules,
	.leaves = "what it set up stays on its machine", .prepare = im_prepare, .look = look, .begin = begin, .remove = begin_removal, .poll = poll, .finish = finish,
};
