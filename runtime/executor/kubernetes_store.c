#include "runtime/executor/kubernetes_store.h"
#include "compiler/base/file.h"
#include "runtime/executor/pack.h"
#include "runtime/executor/tar.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *task_key(const struct kube_store *s, struct arena *a, int64_t run, uint32_t number, const char *what)
{
	return arena_printf(a, "%s/%" PRId64 "-%u.%s", s->name, run, number, what);
}

static struct s3_place place_of(const struct executor_host *host, const char *bucket)
{
	return (struct s3_place){ .bucket = bucket, .endpoint = engine_attribute(host, "endpoint"), .region = engine_attribute(host, "region") };
}

bool store_accepts(const struct executor_host *host, const char *bucket, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct s3 s3;
	struct s3_place place = place_of(host, bucket);
	place.access = place.secret = "-";
	bool good = s3_init(&s3, &a, &place, ret_error, error_len);
	arena_finish(&a);
	return good;
}

bool store_open(struct kube_store *s, const struct executor_host *host, const char *bucket, const char *name, char *ret_error, size_t error_len)
{
	struct s3_place place = place_of(host, bucket);
	place.access = engine_secret(host, "access_key");
	place.secret = engine_secret(host, "secret_key");
	*s = (struct kube_store){ .state = host->state, .name = name };
	bool good = s3_init(&s->s3, &s->arena, &place, ret_error, error_len) && (s->net = net_create(NULL, NULL, ret_error, error_len));
	if (!good)
		arena_finish(&s->arena);
	return good;
}

void store_finish(struct kube_store *s)
{
	net_destroy(s->net);
	map_finish(&s->sent);
	arena_finish(&s->arena);
}

static void ignore(const char *key, void *ctx)
{
	(void)key, (void)ctx;
}

bool store_ask(struct kube_store *s, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct net_answer answer;
	s3_list(&s->s3, s->net, &a, arena_printf(&a, "%s/", s->name), "", ignore, NULL, &answer);
	if (!net_is_good(&answer))
		snprintf(ret_error, error_len, "%s", s3_error(&s->s3, &a, &answer));
	arena_finish(&a);
	return net_is_good(&answer);
}

/* -- going --------------------------------------------------------------------------------------------------------------- */

static enum store_outcome judge(const struct kube_store *s, struct arena *a, const struct net_answer *answer, const char **ret_why)
{
	if (net_is_good(answer))
		return STORE_DONE;
	*ret_why = s3_error(&s->s3, a, answer);
	if (answer->outcome != NET_ANSWERED || answer->status == 429 || answer->status == 408 || answer->status >= 500)
		return STORE_LATER;
	return net_is_gone(answer) ? STORE_NONE : STORE_NEVER;
}

static enum store_outcome put(struct kube_store *s, struct arena *a, const char *key, int fd, const char *what, const char **ret_why)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size > S3_OBJECT_MAX_BYTES) {
		*ret_why = arena_printf(a, "%s is %" PRIu64 " bytes, and a bucket takes 5 GiB at once", what, (uint64_t)st.st_size);
		return STORE_NEVER;
	}
	struct net_answer answer = s3_ask(&s->s3, s->net, a, &(struct s3_request){ .method = "PUT", .key = key, .from = fd, .to = -1 });
	enum store_outcome outcome = judge(s, a, &answer, ret_why);
	return outcome == STORE_NONE ? STORE_NEVER : outcome; /* there is no such bucket */
}

/* A file as it is, a folder as a stream. Whoever gets a file checks its digest. */
static int open_content(struct kube_store *s, struct arena *a, const struct pack_content *x, bool folder)
{
	if (!folder)
		return open(x->path, O_RDONLY | O_CLOEXEC);
	FILE *f = pack_file(arena_printf(a, "%s/kubernetes", s->state), false);
	int e = f ? tar_put_tree(f, arena_printf(a, "content/%s", x->key), x->path) : errno;
	if (f && !e)
		e = tar_end(f);
	int fd = e ? -1 : fcntl(fileno(f), F_DUPFD_CLOEXEC, 0);
	if (f)
		fclose(f);
	errno = e ? e : errno;
	return fd;
}

/* Nothing is sent twice: what lies there is known by its name, and by its size. */
static enum store_outcome send_content(struct kube_store *s, struct arena *a, const struct pack_content *x, const char *key, bool folder, const char **ret_why, int *ret_errno)
{
	static const char *const wants[] = { "Content-Length", NULL };
	struct stat st;
	if (map_get(&s->sent, key))
		return STORE_DONE;
	struct net_answer answer = s3_ask(&s->s3, s->net, a, &(struct s3_request){ .method = "HEAD", .key = key, .from = -1, .to = -1, .wants = wants });
	enum store_outcome outcome = judge(s, a, &answer, ret_why);
	if (outcome == STORE_LATER)
		return outcome;
	bool whole = outcome == STORE_DONE && (folder || (answer.got[0] && stat(x->path, &st) == 0 && strtoll(answer.got[0], NULL, 10) == (long long)st.st_size));
	if (!whole) { /* who may not list is told 403 of what is not there */
		int fd = open_content(s, a, x, folder);
		*ret_errno = fd < 0 ? errno : 0;
		outcome = fd < 0 ? STORE_NEVER : put(s, a, key, fd, x->path, ret_why);
		if (fd >= 0)
			close(fd);
	}
	if (outcome == STORE_DONE)
		map_set(&s->sent, arena_strdup(&s->arena, key), s);
	return outcome;
}

static const char *url_of(const struct kube_store *s, struct arena *a, const char *method, const char *key)
{
	return s3_url(&s->s3, a, method, key, NULL, time(NULL), S3_URL_MAX_S);
}

const char *store_task_url(struct kube_store *s, struct arena *a, const struct engine_job *j)
{
	return url_of(s, a, "GET", task_key(s, a, j->run, j->task.number, "task"));
}

static enum store_outcome send_contents(struct kube_store *s, struct pack *p, struct buf *urls, struct arena *a, const char **ret_why, int *ret_errno)
{
	enum store_outcome outcome = STORE_DONE;
	for (uint32_t i = 0; i < p->contents.len && outcome == STORE_DONE; i++) {
		const struct pack_content *x = &p->contents.at[i];
		bool folder = file_is_dir(x->path);
		const char *key = arena_printf(a, "content/%s%s", x->key, folder ? ".tar" : "");
		outcome = send_content(s, a, x, key, folder, ret_why, ret_errno);
		buf_printf(urls, "%s %s %s\n", folder ? "folder" : "file", x->key, url_of(s, a, "GET", key));
	}
	return outcome;
}

/* The image is the pod's, a Secret brings the secrets. */
static void pack_task(struct pack *p, const struct engine_job *j, const char *name)
{
	struct pack_paths contents = { 0 };
	struct executor_task t = j->task;
	pack_folder(p, j, name, &contents);
	t.folder = t.seen;
	t.out = arena_printf(&p->arena, "%s/out", t.seen);
	t.err = arena_printf(&p->arena, "%s/err", t.seen);
	t.container = NULL;
	t.secrets = NULL;
	pack_script(p, &t, &(struct script_options){ .limit_time = true, .keeps_environment = true }, name);
	vec_finish(&contents.list);
}

enum store_outcome store_send(struct kube_store *s, const struct engine_job *j, struct arena *a, const char **ret_why, int *ret_errno)
{
	struct pack p = { .root = STORE_ROOT, .f = pack_file(NULL, true) };
	struct buf urls = { 0 };
	const char *name = arena_printf(a, "%" PRId64 "-%u", j->run, j->task.number), *result = task_key(s, a, j->run, j->task.number, "result");
	enum store_outcome outcome = STORE_NEVER;
	*ret_errno = 0;
	if (p.f)
		pack_task(&p, j, name);
	else
		p.error = errno;
	if (!p.error) {
		buf_printf(&urls, "there - %s\nresult - %s\n", url_of(s, a, "HEAD", result), url_of(s, a, "PUT", result));
		outcome = send_contents(s, &p, &urls, a, ret_why, ret_errno);
	}
	if (!p.error && outcome == STORE_DONE) {
		const char *line = arena_printf(a, "%s\n", name);
		p.error = tar_put_bytes(p.f, "urls", 0600, buf_text(&urls), urls.len);
		p.error = p.error ? p.error : tar_put_bytes(p.f, "name", 0644, line, strlen(line));
		p.error = p.error ? p.error : tar_put_bytes(p.f, "whole", 0644, "", 0);
		p.error = p.error ? p.error : tar_end(p.f);
		if (!p.error)
			outcome = put(s, a, task_key(s, a, j->run, j->task.number, "task"), fileno(p.f), "its task", ret_why);
	}
	if (p.error) {
		*ret_errno = p.error;
		outcome = STORE_NEVER;
	}
	if (p.f)
		fclose(p.f);
	buf_finish(&urls);
	pack_finish(&p);
	return outcome;
}

/* -- coming home --------------------------------------------------------------------------------------------------------- */

/* Into the folder `in`, apart, which is then there for us alone. */
static enum store_outcome unpack(struct arena *a, FILE *f, const char *in, const char **ret_why)
{
	char error[200] = "";
	file_remove_tree(in);
	int folder = mkdir(in, 0700) == 0 ? open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder < 0) {
		*ret_why = arena_printf(a, "%s: %s", in, strerror(errno));
		return STORE_LATER;
	}
	rewind(f);
	enum tar_result result = tar_extract(f, folder, error, sizeof error);
	close(folder);
	*ret_why = arena_printf(a, result == TAR_FAILED ? "what it left cannot be brought home: %s" : "what it left is not taken: %s", error);
	return result == TAR_WHOLE ? STORE_DONE : result == TAR_FAILED ? STORE_LATER : STORE_NEVER;
}

static enum store_outcome settle(const struct engine_job *j, struct arena *a, const char *in, const char **ret_why)
{
	const char *spoiled = pack_spoiled(a, in);
	int e = spoiled ? 0 : pack_take_home(j, in, a);
	if (spoiled)
		*ret_why = arena_printf(a, "what it left is not taken: it changed what it reads, `%s`", spoiled);
	else if (e == EINVAL)
		*ret_why = "what it left is not taken: its work folder or a log is something else";
	else if (e)
		*ret_why = arena_printf(a, "what it left cannot be brought home: %s", strerror(e));
	else
		return STORE_DONE;
	return spoiled || e == EINVAL ? STORE_NEVER : STORE_LATER;
}

enum store_outcome store_bring(struct kube_store *s, const struct engine_job *j, struct arena *a, const char **ret_why)
{
	const char *key = task_key(s, a, j->run, j->task.number, "result"), *in = arena_printf(a, "%s/kubernetes/in", s->state);
	uint64_t room = pack_room(s->state);
	FILE *f = pack_file(arena_printf(a, "%s/kubernetes", s->state), false);
	if (!f || room == 0) {
		*ret_why = arena_printf(a, "what it left cannot be brought home: %s", f ? "No space left on the disk" : strerror(errno));
		if (f)
			fclose(f);
		return STORE_LATER;
	}
	struct net_answer answer = s3_ask(&s->s3, s->net, a, &(struct s3_request){ .method = "GET", .key = key, .from = -1, .to = fileno(f), .max_bytes = room });
	enum store_outcome outcome = judge(s, a, &answer, ret_why);
	if (outcome == STORE_NEVER) /* it was allowed when the run began, and may be again */
		outcome = STORE_LATER;
	if ((outcome == STORE_DONE && pack_is_full(s->state, fileno(f))) || (outcome == STORE_LATER && pack_room(s->state) == 0)) {
		*ret_why = "what it left cannot be brought home: No space left on the disk";
		outcome = STORE_LATER;
	} else if (outcome == STORE_DONE) {
		outcome = unpack(a, f, in, ret_why);
		if (outcome == STORE_DONE)
			outcome = settle(j, a, in, ret_why);
		file_remove_tree(in);
	}
	fclose(f);
	return outcome;
}

/* -- what lies there ------------------------------------------------------------------------------------------------------ */

static bool drop(struct kube_store *s, struct arena *a, const char *key)
{
	struct net_answer answer = s3_ask(&s->s3, s->net, a, &(struct s3_request){ .method = "DELETE", .key = key, .from = -1, .to = -1 });
	return net_is_good(&answer) || net_is_gone(&answer);
}

bool store_drop(struct kube_store *s, int64_t run, uint32_t number)
{
	struct arena a = { 0 };
	bool good = drop(s, &a, task_key(s, &a, run, number, "task")) && drop(s, &a, task_key(s, &a, run, number, "result"));
	arena_finish(&a);
	return good;
}

struct listing { struct arena *arena; struct kube_store *store; struct map *results; VEC(const char *) keys; };

static void keep_result(const char *key, void *ctx)
{
	struct listing *l = ctx;
	const char *name = strrchr(key, '/'), *end = strrchr(key, '.');
	if (name && end && strcmp(end, ".result") == 0)
		map_set(l->results, arena_strndup(l->arena, name + 1, (size_t)(end - name - 1)), l->store);
}

static void keep_key(const char *key, void *ctx)
{
	*vec_push(&((struct listing *)ctx)->keys) = key;
}

static bool list(struct kube_store *s, struct arena *a, void (*each)(const char *key, void *ctx), struct listing *l, char *ret_error, size_t error_len)
{
	struct net_answer answer;
	const char *below = arena_printf(a, "%s/", s->name), *last = "";
	while ((last = s3_list(&s->s3, s->net, a, below, last, each, l, &answer)))
		;
	if (!net_is_good(&answer))
		snprintf(ret_error, error_len, "%s", s3_error(&s->s3, a, &answer));
	return net_is_good(&answer);
}

bool store_list_results(struct kube_store *s, struct arena *a, struct map *ret, char *ret_error, size_t error_len)
{
	struct listing l = { .arena = a, .store = s, .results = ret };
	return list(s, a, keep_result, &l, ret_error, error_len);
}

void store_clean(struct kube_store *s)
{
	struct arena a = { 0 };
	struct listing l = { .arena = &a, .store = s };
	char error[300];
	list(s, &a, keep_key, &l, error, sizeof error);
	for (uint32_t i = 0; i < l.keys.len && drop(s, &a, l.keys.at[i]); i++)
		;
	vec_finish(&l.keys);
	arena_finish(&a);
}
