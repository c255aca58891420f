#include "runtime/executor/engine.h"
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/plan/plan.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum order_kind { ORDER_SUBMIT, ORDER_ADOPT, ORDER_CANCEL, ORDER_FORCE };
struct order { enum order_kind kind; struct engine_job *job; int64_t run; uint32_t number; };
struct state {
	struct engine_context context; /* first; the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	int wake;
	/* Under the lock. */
	VEC(struct order) orders;
	VEC(struct executor_news) news;
	uint32_t told;       /* of the news, by poll */
	bool closing;
	/* The thread's own. */
	VEC(struct engine_job *) jobs;
};

uint64_t engine_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void ring(int fd)
{
	uint64_t one = 1;
	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void unring(int fd)
{
	uint64_t count;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

const char *engine_attribute(const struct executor_host *host, const char *name)
{
	return host->thing ? doc_text(doc_get(host->thing->attributes, name), NULL) : NULL;
}

const char *engine_secret(const struct executor_host *host, const char *name)
{
	const char *secret = host->thing ? doc_text(doc_get(doc_get(host->thing->attributes, name), "secret"), NULL) : NULL;
	return secret && host->secret ? host->secret(secret, host->secret_ctx) : NULL;
}

const char *engine_state_name(struct arena *a, const char *state, const char *engine)
{
	const char *path = arena_printf(a, "%s/%s/name", state, engine);
	uint64_t number = 0;
	char *text;
	size_t len;
	if (file_read(a, path, 64, &text, &len) == 0 && len == 10)
		return text;
	if (getrandom(&number, sizeof number, 0) != sizeof number)
		number = engine_now_ms();
	text = arena_printf(a, "%010" PRIx64, number & 0xffffffffff);
	file_mkdirs(file_dirname(a, path));
	return file_write(path, text, 10, NULL) == 0 ? text : NULL;
}

/* -- jobs: deep copies ---------------------------------------------------------------------------------------------- */

static const char *copy_text(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

static const char *const *copy_list(struct arena *a, const char *const *list)
{
	size_t n = 0;
	if (!list)
		return NULL;
	while (list[n])
		n++;
	const char **copy = arena_new_n(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, list[i]);
	return copy;
}

static struct engine_job *job_create(int64_t run, uint32_t number, const struct executor_task *t)
{
	struct engine_job *j = calloc(1, sizeof *j);
	if (!j)
		bug_out_of_memory();
	struct arena *a = &j->arena;
	j->run = run;
	j->task = *t;
	j->task.number = number;
	j->task.name = copy_text(a, t->name);
	j->task.place = copy_text(a, t->place);
	j->task.folder = copy_text(a, t->folder);
	j->task.out = copy_text(a, t->out);
	j->task.err = copy_text(a, t->err);
	j->task.container = copy_text(a, t->container);
	j->task.argv = copy_list(a, t->argv);
	j->task.env = copy_list(a, t->env);
	j->task.secrets = copy_list(a, t->secrets);
	j->task.modules = copy_list(a, t->modules);
	j->task.reads = copy_list(a, t->reads);
	j->task.digests = copy_list(a, t->digests);
	j->task.seen = copy_text(a, t->seen);
	return j;
}

static void job_destroy(struct engine_job *j)
{
	for (const char *const *s = j->task.secrets; s && *s; s++)
		explicit_bzero((char *)(uintptr_t)*s, strlen(*s));
	arena_finish(&j->arena);
	free(j);
}

/* -- what the thread tells ------------------------------------------------------------------------------------------ */

static void tell(struct engine_context *c, const struct executor_news *n)
{
	struct state *s = (struct state *)c;
	pthread_mutex_lock(&s->lock);
	*vec_push(&s->news) = *n;
	pthread_mutex_unlock(&s->lock);
	ring(s->wake);
}

void engine_end(struct engine_context *c, struct engine_job *j, enum executor_outcome outcome, int code, const char *text)
{
	struct executor_news n = { .run = j->run, .word = EXECUTOR_ENDED, .end = { .number = j->task.number, .outcome = outcome, .code = code } };
	if (j->ended)
		return;
	j->ended = true;
	snprintf(n.text, sizeof n.text, "%s", text ? text : "");
	tell(c, &n);
}

void engine_note(struct engine_context *c, struct engine_job *j, enum executor_word word, const char *text)
{
	struct executor_news n = { .run = j->run, .word = word, .end = { .number = j->task.number } };
	j->word = word;
	snprintf(n.text, sizeof n.text, "%s", text ? text : "");
	tell(c, &n);
}

void engine_call(struct engine_context *c)
{
	ring(c->called);
}

/* -- the thread ------------------------------------------------------------------------------------------------------ */

static struct engine_job *job_find(struct state *s, int64_t run, uint32_t number)
{
	for (uint32_t i = 0; i < s->jobs.len; i++)
		if (s->jobs.at[i]->run == run && s->jobs.at[i]->task.number == number)
			return s->jobs.at[i];
	return NULL;
}

static void drop_ended(struct state *s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->jobs.len; i++) {
		struct engine_job *j = s->jobs.at[i];
		if (j->ended)
			job_destroy(j);
		else
			s->jobs.at[n++] = j;
	}
	s->jobs.len = n;
	s->context.jobs = (struct engine_jobs){ s->jobs.at, n };
}

static void do_submit(struct state *s, const struct order *orders, uint32_t n)
{
	VEC(struct engine_job *) fresh = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		if (orders[i].kind != ORDER_SUBMIT && orders[i].kind != ORDER_ADOPT)
			continue;
		*vec_push(&s->jobs) = orders[i].job;
		if (orders[i].kind == ORDER_SUBMIT)
			*vec_push(&fresh) = orders[i].job;
	}
	s->context.jobs = (struct engine_jobs){ s->jobs.at, s->jobs.len };
	if (fresh.len > 0)
		s->context.engine->submit(&s->context, (struct engine_jobs){ fresh.at, fresh.len });
	vec_finish(&fresh);
}

static void do_cancel(struct state *s, const struct order *orders, uint32_t n, enum order_kind kind)
{
	VEC(struct engine_job *) ends = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct engine_job *j = orders[i].kind == kind ? job_find(s, orders[i].run, orders[i].number) : NULL;
		if (!j || j->ended)
			continue;
		j->cancelled = true;
		*vec_push(&ends) = j;
	}
	if (ends.len > 0)
		s->context.engine->cancel(&s->context, (struct engine_jobs){ ends.at, ends.len }, kind == ORDER_FORCE);
	vec_finish(&ends);
}

/* Waits for an order, or ms; takes all orders. False: it is over. */
static bool take_orders(struct state *s, int64_t ms, struct order **ret, uint32_t *ret_len)
{
	struct pollfd called = { s->context.called, POLLIN, 0 };
	poll(&called, 1, (int)ms);
	unring(s->context.called);
	pthread_mutex_lock(&s->lock);
	*ret = s->orders.at;
	*ret_len = s->orders.len;
	memset(&s->orders, 0, sizeof s->orders);
	bool open = !s->closing;
	pthread_mutex_unlock(&s->lock);
	return open;
}

static void *work(void *arg)
{
	struct state *s = arg;
	struct order *orders;
	uint32_t n;
	int64_t wait = -1;
	while (take_orders(s, wait, &orders, &n)) {
		do_submit(s, orders, n);
		do_cancel(s, orders, n, ORDER_CANCEL);
		do_cancel(s, orders, n, ORDER_FORCE);
		free(orders);
		drop_ended(s);
		wait = s->jobs.len > 0 ? s->context.engine->look(&s->context) : -1;
		drop_ended(s);
	}
	for (uint32_t i = 0; i < n; i++)
		if (orders[i].job)
			job_destroy(orders[i].job);
	free(orders);
	s->context.engine->close(&s->context);
	return NULL;
}

/* -- the hooks ------------------------------------------------------------------------------------------------------- */

void *engine_start(const struct engine *e, const struct executor_host *host, char *ret_error, size_t error_len)
{
	struct state *s = calloc(1, sizeof *s);
	sigset_t all, before;
	if (!s)
		bug_out_of_memory();
	s->context.engine = e;
	s->context.host = host;
	s->context.called = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!e->open(&s->context, ret_error, error_len)) {
		close(s->context.called);
		free(s);
		return NULL;
	}
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	sigfillset(&all); /* signals are for the main thread */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int failure = s->wake < 0 || s->context.called < 0 ? -1 : pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure)
		bug("cannot start a thread");
	return s;
}

static void give(struct state *s, const struct order *orders, uint32_t n)
{
	pthread_mutex_lock(&s->lock);
	for (uint32_t i = 0; i < n; i++)
		*vec_push(&s->orders) = orders[i];
	pthread_mutex_unlock(&s->lock);
	ring(s->context.called);
}

void engine_submit(void *state, const struct executor_task *tasks, uint32_t n)
{
	struct state *s = state;
	VEC(struct order) orders = { 0 };
	for (uint32_t i = 0; i < n; i++)
		*vec_push(&orders) = (struct order){ .kind = ORDER_SUBMIT, .job = job_create(s->context.host->run, tasks[i].number, &tasks[i]) };
	give(s, orders.at, orders.len);
	vec_finish(&orders);
}

void engine_adopt(void *state, const struct executor_attempt *a, const struct executor_task *t)
{
	struct state *s = state;
	struct order order = { .kind = ORDER_ADOPT };
	order.job = job_create(a->run, a->number, t);
	order.job->adopted = true;
	give(s, &order, 1);
}

void engine_cancel(void *state, int64_t run, uint32_t number, bool force)
{
	give(state, &(struct order){ .kind = force ? ORDER_FORCE : ORDER_CANCEL, .run = run, .number = number }, 1);
}

int engine_fd(void *state)
{
	return ((struct state *)state)->wake;
}

bool engine_poll(void *state, struct executor_news *ret)
{
	struct state *s = state;
	bool more;
	pthread_mutex_lock(&s->lock);
	more = s->told < s->news.len;
	if (more) {
		*ret = s->news.at[s->told++];
	} else {
		s->told = 0;
		vec_clear(&s->news);
		unring(s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return more;
}

void engine_finish(void *state)
{
	struct state *s = state;
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_mutex_unlock(&s->lock);
	ring(s->context.called);
	pthread_join(s->thread, NULL);
	for (uint32_t i = 0; i < s->jobs.len; i++)
		job_destroy(s->jobs.at[i]);
	vec_finish(&s->jobs);
	vec_finish(&s->orders);
	vec_finish(&s->news);
	pthread_mutex_destroy(&s->lock);
	close(s->wake);
	close(s->context.called);
	free(s);
}
