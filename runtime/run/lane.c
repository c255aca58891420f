/* Lanes: which executor a call goes to, and whether it takes more. */
#include "runtime/run/inside.h"
#include <inttypes.h>
#include <sys/epoll.h>

const char *lane_place(const struct run *r, const struct task *t)
{
	const char *place = t->node->plan->place ? t->node->plan->place : t->step->place;
	return r->o.all_here ? NULL : place;
}

/* The thing that a place belongs to: `hpc` for "hpc.gpu". */
const struct plan_thing *run_place_thing(const struct plan *p, const char *place)
{
	size_t n = strcspn(place, ".");
	for (uint32_t i = 0; i < p->n_things; i++) {
		const struct plan_thing *x = &p->things[i];
		if (strcmp(x->name, place) == 0 || (strncmp(x->name, place, n) == 0 && x->name[n] == 0))
			return x;
		for (uint32_t k = 0; k < x->n_parts; k++)
			if (strcmp(x->parts[k].name, place) == 0)
				return x;
	}
	return NULL;
}

const char *lane_kind(const struct run *r, const char *place)
{
	const struct plan_thing *x = run_place_thing(r->plan, place);
	return x ? x->kind : NULL;
}

static const struct executor *serves(const struct run *r, const char *kind)
{
	for (const struct executor *const *e = r->o.executors; e && *e; e++)
		if ((*e)->kind && strcmp((*e)->kind, kind) == 0)
			return *e;
	return NULL;
}

static const char *secret(const char *name, void *ctx)
{
	const struct run *r = ctx;
	for (uint32_t i = 0; i < r->o.n_secrets; i++)
		if (strcmp(r->o.secrets[i].name, name) == 0)
			return r->o.secrets[i].content;
	return NULL;
}

/* The folder that a path of an attempt's lies in, ".../work/RUN-NUMBER/work"; NULL: it is none. */
static const char *work_folder(struct run *r, const struct value *v)
{
	const char *works = arena_printf(&r->arena, "%s/work/", r->o.state), *found = NULL;
	size_t n = strlen(works);
	if (v->kind == VALUE_PATH && strncmp(v->file.path, works, n) == 0)
		return arena_printf(&r->arena, "%.*s/work", (int)(n + strcspn(v->file.path + n, "/")), v->file.path);
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len && !found; i++)
		found = work_folder(r, v->list.items[i]);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len && !found; i++)
		found = work_folder(r, v->record.fields[i].value);
	return found;
}

static void each_done(void *ctx, void (*each)(const char *name, const char *work, void *each_ctx), void *each_ctx)
{
	struct run *r = ctx;
	for (uint32_t i = 0; i < r->tasks.len; i++) {
		const struct task *t = r->tasks.at[i];
		const struct value *v = NULL;
		if ((t->state != TASK_DONE && t->state != TASK_CACHED) || t->node->plan->slot == PLAN_NONE)
			continue;
		const char *work = t->state == TASK_DONE ? arena_printf(&r->arena, "%s/work/%" PRId64 "-%u/work", r->o.state, t->home, t->number) : NULL;
		if (!work && slot_read(r, t->node->scope, t->node->plan->slot, false, &v) == SLOT_KNOWN)
			work = work_folder(r, v);
		if (work)
			each(t->name, work, each_ctx);
	}
}

static struct lane *lane_get(struct run *r, const struct executor *x, const struct plan_thing *thing)
{
	if (x->most == 0)
		thing = NULL; /* this machine is one, whatever the twin calls it */
	const char *id = arena_printf(&r->arena, "%s:%s", x->name, thing ? thing->name : "");
	for (uint32_t i = 0; i < r->lanes.len; i++)
		if (strcmp(r->lanes.at[i]->id, id) == 0)
			return r->lanes.at[i];
	struct lane *l = arena_new(&r->arena, struct lane);
	*l = (struct lane){ .id = id, .name = thing ? thing->name : x->name, .executor = x };
	l->host = (struct executor_host){ .state = r->o.state, 
					  .tasks_per_job = r->o.tasks_per_job, .thing = thing, .option = !thing && x == r->o.executor ? r->o.option : NULL,
					  .secret = secret, .secret_ctx = r, .whole = x->whole ? r->o.whole : NULL, .each_done = each_done };
	*vec_push(&r->lanes) = l;
	return l;
}

struct lane *lane_of(struct run *r, const struct task *t)
{
	const char *place = lane_place(r, t);
	const struct plan_thing *thing = place ? run_place_thing(r->plan, place) : NULL;
	const struct executor *x = r->dry ? r->o.planned : r->o.executor;
	if (thing && !(x = serves(r, thing->kind)))
		return NULL;
	return x ? lane_get(r, x, thing) : NULL;
}

/* What the image that a task runs in is by its content, asked of its engine once; NULL: it cannot be had, *ret_why says why. */
const char *lane_image(struct run *r, const struct task *t, const char *name, bool pull, const char **ret_why)
{
	char why[300] = "";
	struct lane *l = lane_of(r, t);
	if (!l || !l->executor->image)
		return name;
	const char *id = arena_printf(&r->arena, "%s %s %s", l->executor->name, pull ? "pull" : "look", name), *known = map_get(&r->images, id);
	if (!known) {
		known = l->executor->image(&r->arena, name, false, why, sizeof why);
		if (pull && !known) {
			run_begin(r);
			run_tell(r, EVENT_IMAGE, name);
			known = l->executor->image(&r->arena, name, true, why, sizeof why);
		}
		if (!pull && !known)
			known = name;
		*ret_why = arena_strdup(&r->arena, why);
	}
	if (known)
		map_set(&r->images, id, (void *)(uintptr_t)known);
	return known;
}

/* Of a run that another twin may have described: the engine's own tools still find it. */
struct lane *lane_by_id(struct run *r, const char *id)
{
	const struct plan_thing *thing = NULL;
	size_t n = strcspn(id, ":");
	for (uint32_t i = 0; id[n] && i < r->plan->n_things; i++)
		if (strcmp(r->plan->things[i].name, id + n + 1) == 0)
			thing = &r->plan->things[i];
	for (const struct executor *const *e = r->o.executors; e && *e; e++)
		if (strlen((*e)->name) == n && strncmp((*e)->name, id, n) == 0)
			return lane_get(r, *e, thing);
	return lane_get(r, r->o.executor, thing);
}

bool lane_start(struct run *r, struct lane *l)
{
	char error[300];
	if (l->state)
		return true;
	l->host.run = r->id;
	l->state = l->executor->start(&l->host, error, sizeof error);
	if (!l->state) {
		run_broken(r, "%s", error);
		return false;
	}
	if (l->executor->cpus)
		l->cpus = l->executor->cpus(l->state);
	struct epoll_event e = { .events = EPOLLIN };
	int fd = l->executor->fd(l->state);
	if (r->wake < 0 && (r->wake = epoll_create1(EPOLL_CLOEXEC)) < 0)
		bug("epoll: %s", strerror(errno));
	if (fd >= 0 && epoll_ctl(r->wake, EPOLL_CTL_ADD, fd, &e) != 0)
		bug("epoll: %s", strerror(errno));
	return true;
}

#define GIB 1073741824.0

bool lane_has_room(const struct run *r, const struct lane *l, const struct task *t)
{
	if (l->executor->most && l->executor->cpus) /* one that is larger than all runs alone; so does the first, until there is a count */
		return l->running == 0 || (l->state && l->running < l->executor->most && (l->cpus == 0 || l->cpus_used + t->cpus <= l->cpus));
	if (l->executor->most)
		return l->running < l->executor->most;
	return r->cpus_used + t->cpus <= r->cpus && r->gpus_used + t->gpus <= r->gpus && r->memory_used + t->memory_bytes <= r->memory_bytes;
}

const char *lane_lack(struct run *r, const struct task *t)
{
	const struct lane *l = t->lane;
	struct arena *a = &r->arena;
	if (l->executor->most && lane_has_room(r, l, t))
		return "its turn is next";
	if (l->executor->most)
		return arena_printf(a, "`%s` has %u task%s of this run, and takes no more at once", l->name, l->running, l->running == 1 ? "" : "s");
	if (r->gpus_used + t->gpus > r->gpus)
		return arena_printf(a, "it asks for %u gpu%s, and %u of %u are in use", t->gpus, t->gpus == 1 ? "" : "s", r->gpus_used, r->gpus);
	if (r->memory_used + t->memory_bytes > r->memory_bytes)
		return arena_printf(a, "it asks for %.3g GiB of memory, and %.3g of %.3g GiB are in use", (double)t->memory_bytes / GIB,
				    (double)r->memory_used / GIB, (double)r->memory_bytes / GIB);
	if (r->cpus_used + t->cpus > r->cpus)
		return arena_printf(a, "it asks for %u cpu%s, and %u of %u are in use", t->cpus, t->cpus == 1 ? "" : "s", r->cpus_used, r->cpus);
	return "its turn is next";
}

void lane_take_room(struct run *r, struct task *t, int sign)
{
	t->lane->running += (uint32_t)sign;
	t->lane->cpus_used += (uint32_t)(sign * (int)t->cpus);
	if (t->lane->executor->most)
		return;
	r->cpus_used += (uint32_t)(sign * (int)t->cpus);
	r->gpus_used += (uint32_t)(sign * (int)t->gpus);
	r->memory_used += sign > 0 ? t->memory_bytes : -t->memory_bytes;
}

void lanes_finish(struct run *r)
{
	for (uint32_t i = 0; i < r->lanes.len; i++) {
		struct lane *l = r->lanes.at[i];
		if (l->state)
			l->executor->finish(l->state);
		vec_finish(&l->queue);
		vec_finish(&l->starting);
		vec_finish(&l->found);
	}
	vec_finish(&r->lanes);
	if (r->wake >= 0)
		close(r->wake);
}

void run_each_share(struct run *r, void (*each)(const struct run_share *s, void *ctx), void *ctx)
{
	uint32_t *n = arena_new_n(&r->arena, uint32_t, r->plan->n_nodes);
	const struct task **first = arena_new_n(&r->arena, const struct task *, r->plan->n_nodes);
	for (uint32_t i = 0; i < r->tasks.len; i++) {
		struct task *t = r->tasks.at[i];
		size_t node = (size_t)(t->node->plan - r->plan->nodes);
		if (t->action != RUN_ACTION_RUN || !t->step || !(t->lane = lane_of(r, t)) || !t->lane->executor->share)
			continue;
		if (n[node]++ == 0)
			first[node] = t;
	}
	for (uint32_t i = 0; i < r->plan->n_nodes; i++) {
		struct executor_task x;
		if (n[i] == 0)
			continue;
		world_task(r, first[i], &x);
		const struct lane *l = first[i]->lane;
		struct run_share s = { r->plan->nodes[i].name, l->name, n[i], l->executor->share(&l->host, &x, n[i]), x.expected_ms };
		if (s.per_job > 1)
			each(&s, ctx);
	}
}
