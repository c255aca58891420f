#include "runtime/executor/kube.h"
#include "compiler/base/base64.h"
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "runtime/executor/command.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX_BYTES ((size_t)4 << 20)
#define EVENT_MAX_BYTES ((size_t)4 << 20)
#define ANSWER_MAX_BYTES ((size_t)256 << 20) /* a list of thousands of pods */
#define PLUGIN_TIMEOUT_MS 60000
#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

extern char **environ;

struct kube {
	struct arena arena;
	struct net *net;
	const char *server, *namespace;
	const char *ca, *cert, *key;             /* files */
	const char *ca_pem, *cert_pem, *key_pem; /* texts */
	const char *token, *token_file;          /* the file's content may change */
	const struct doc *plugin;                /* its `exec`, or NULL */
};

static bool refuse(char *ret_error, size_t error_len, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(char *ret_error, size_t error_len, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(ret_error, error_len, format, args);
	va_end(args);
	return false;
}

/* -- the configuration ---------------------------------------------------------------------------------------------- */

struct config { const char *folder; struct doc *doc; };
typedef VEC(struct config) configs;

static bool read_config(struct kube *k, const char *path, configs *ret, char *ret_error, size_t error_len)
{
	char *text, *why;
	size_t len;
	struct config c = { .folder = file_dirname(&k->arena, path) };
	if (file_read(&k->arena, path, CONFIG_MAX_BYTES, &text, &len) != 0)
		return true; /* as kubectl: what is not there is left out */
	if (!doc_yaml_read(&k->arena, text, len, &c.doc, &why))
		return refuse(ret_error, error_len, "%s: %s", path, why);
	*vec_push(ret) = c;
	return true;
}

static bool read_configs(struct kube *k, configs *ret, char *ret_error, size_t error_len)
{
	const char *paths = getenv("KUBECONFIG"), *home = getenv("HOME");
	if (!paths || !*paths)
		return !home || read_config(k, arena_printf(&k->arena, "%s/.kube/config", home), ret, ret_error, error_len);
	while (*paths) {
		size_t n = strcspn(paths, ":");
		if (n > 0 && !read_config(k, arena_strndup(&k->arena, paths, n), ret, ret_error, error_len))
			return false;
		paths += n + (paths[n] == ':');
	}
	return true;
}

/* The first of that name, of all files: `contexts`, "context", NAME. */
static const struct doc *entry(const configs *all, const char *list, const char *member, const char *name, const struct config **ret)
{
	for (uint32_t i = 0; i < all->len; i++)
		for (doc_each(d, doc_get(all->at[i].doc, list)))
			if (strcmp(doc_text(doc_get(d, "name"), ""), name) == 0) {
				*ret = &all->at[i];
				return doc_get(d, member);
			}
	return NULL;
}

static const char *current_context(const configs *all)
{
	for (uint32_t i = 0; i < all->len; i++) {
		const char *name = doc_text(doc_get(all->at[i].doc, "current-context"), "");
		if (*name)
			return name;
	}
	return NULL;
}

static const char *file_of(struct kube *k, const struct config *c, const struct doc *d, const char *name)
{
	const char *path = doc_text(doc_get(d, name), NULL);
	return path ? file_join(&k->arena, c->folder, path) : NULL;
}

static const char *decoded(struct kube *k, const struct doc *d, const char *name)
{
	const char *text = doc_text(doc_get(d, name), NULL);
	return text ? base64_decode(&k->arena, text, strlen(text)) : NULL;
}

static bool use_cluster(struct kube *k, const struct config *c, const struct doc *cluster, char *ret_error, size_t error_len)
{
	k->server = doc_text(doc_get(cluster, "server"), NULL);
	if (!k->server)
		return refuse(ret_error, error_len, "the kubeconfig names no server");
	if (strncmp(k->server, "https://", 8) != 0)
		return refuse(ret_error, error_len, "the kubeconfig's server `%s` is not reached by https", k->server);
	if (doc_truth(doc_get(cluster, "insecure-skip-tls-verify"), false))
		return refuse(ret_error, error_len, "the kubeconfig does not verify `%s`: give its `certificate-authority` instead of `insecure-skip-tls-verify`", k->server);
	k->ca = file_of(k, c, cluster, "certificate-authority");
	k->ca_pem = decoded(k, cluster, "certificate-authority-data");
	return true;
}

static bool ask_plugin(struct kube *k, char *ret_error, size_t error_len)
{
	struct arena *a = &k->arena;
	VEC(const char *) words = { 0 }, env = { 0 };
	struct command_answer answer;
	struct doc *d = NULL;
	char *why = NULL;
	const char *command = doc_text(doc_get(k->plugin, "command"), ""), *version = doc_text(doc_get(k->plugin, "apiVersion"), "");
	*vec_push(&words) = command;
	for (doc_each(arg, doc_get(k->plugin, "args")))
		*vec_push(&words) = doc_text(arg, "");
	*vec_push(&words) = NULL;
	for (char **s = environ; s && *s; s++)
		*vec_push(&env) = *s;
	for (doc_each(one, doc_get(k->plugin, "env")))
		*vec_push(&env) = arena_printf(a, "%s=%s", doc_text(doc_get(one, "name"), ""), doc_text(doc_get(one, "value"), ""));
	*vec_push(&env) = arena_printf(a, "KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}", version);
	*vec_push(&env) = NULL;
	bool good = command_ask(a, &(struct command){ .argv = words.at, .env = env.at, .timeout_ms = PLUGIN_TIMEOUT_MS }, &answer);
	vec_finish(&words);
	vec_finish(&env);
	if (!good)
		return refuse(ret_error, error_len, "the credential plugin `%s` failed: %s", command, answer.err);
	if (!doc_json_read(a, answer.out, answer.out_len, &d, &why))
		return refuse(ret_error, error_len, "the credential plugin `%s` did not give an ExecCredential", command);
	const struct doc *status = doc_get(d, "status");
	k->token = doc_text(doc_get(status, "token"), NULL);
	k->cert_pem = doc_text(doc_get(status, "clientCertificateData"), NULL);
	k->key_pem = doc_text(doc_get(status, "clientKeyData"), NULL);
	if (!k->token && !k->cert_pem)
		return refuse(ret_error, error_len, "the credential plugin `%s` gave neither a token nor a certificate", command);
	return true;
}

static bool use_user(struct kube *k, const struct config *c, const struct doc *user, char *ret_error, size_t error_len)
{
	k->token = doc_text(doc_get(user, "token"), NULL);
	k->token_file = k->token ? NULL : file_of(k, c, user, "tokenFile");
	k->cert = file_of(k, c, user, "client-certificate");
	k->key = file_of(k, c, user, "client-key");
	k->cert_pem = decoded(k, user, "client-certificate-data");
	k->key_pem = decoded(k, user, "client-key-data");
	k->plugin = doc_get(user, "exec");
	return !k->plugin || ask_plugin(k, ret_error, error_len);
}

static bool use_context(struct kube *k, const configs *all, const char *name, char *ret_error, size_t error_len)
{
	const struct config *c = NULL, *cluster_file = NULL, *user_file = NULL;
	const struct doc *context = entry(all, "contexts", "context", name, &c);
	if (!context)
		return refuse(ret_error, error_len, "the kubeconfig has no context `%s`", name);
	const char *cluster_name = doc_text(doc_get(context, "cluster"), ""), *user_name = doc_text(doc_get(context, "user"), "");
	const struct doc *cluster = entry(all, "clusters", "cluster", cluster_name, &cluster_file);
	const struct doc *user = entry(all, "users", "user", user_name, &user_file);
	if (!cluster)
		return refuse(ret_error, error_len, "the kubeconfig has no cluster `%s`", cluster_name);
	if (!k->namespace)
		k->namespace = doc_text(doc_get(context, "namespace"), NULL);
	return use_cluster(k, cluster_file, cluster, ret_error, error_len) && (!user || use_user(k, user_file, user, ret_error, error_len));
}

static bool use_account(struct kube *k)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	char *text;
	size_t len;
	if (!host || !file_exists(ACCOUNT "/token"))
		return false;
	k->server = arena_printf(&k->arena, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port ? port : "443");
	k->ca = ACCOUNT "/ca.crt";
	k->token_file = ACCOUNT "/token";
	if (!k->namespace && file_read(&k->arena, ACCOUNT "/namespace", 256, &text, &len) == 0)
		k->namespace = text;
	return true;
}

static bool configure(struct kube *k, const char *context, char *ret_error, size_t error_len)
{
	configs all = { 0 };
	bool good = read_configs(k, &all, ret_error, error_len);
	const char *name = context ? context : current_context(&all);
	if (good && name)
		good = use_context(k, &all, name, ret_error, error_len);
	else if (good && !use_account(k))
		good = refuse(ret_error, error_len, "there is no kubeconfig (KUBECONFIG, ~/.kube/config) that names a current context");
	vec_finish(&all);
	return good;
}

struct kube *kube_open(const char *context, const char *namespace, char *ret_error, size_t error_len)
{
	struct kube *k = calloc(1, sizeof *k);
	if (!k)
		bug_out_of_memory();
	k->namespace = namespace ? arena_strdup(&k->arena, namespace) : NULL;
	k->net = net_create(NULL, NULL, ret_error, error_len);
	if (!k->net || !configure(k, context, ret_error, error_len)) {
		kube_close(k);
		return NULL;
	}
	if (!k->namespace)
		k->namespace = "default";
	return k;
}

void kube_close(struct kube *k)
{
	if (!k)
		return;
	net_destroy(k->net);
	arena_finish(&k->arena);
	free(k);
}

const char *kube_namespace(const struct kube *k)
{
	return k->namespace;
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

static const char *bearer(struct kube *k, struct arena *a)
{
	char *text;
	size_t len;
	const char *token = k->token;
	if (k->token_file && file_read(a, k->token_file, 65536, &text, &len) == 0)
		token = arena_strndup(a, text, strcspn(text, "\r\n"));
	return token ? arena_printf(a, "Authorization: Bearer %s", token) : NULL;
}

static struct net_request request(struct kube *k, struct arena *a, const char *method, const char *path)
{
	const char **headers = arena_new_n(a, const char *, 4);
	headers[0] = "Accept: application/json";
	headers[1] = strcmp(method, "PATCH") == 0 ? "Content-Type: application/apply-patch+yaml" : "Content-Type: application/json"; /* JSON is YAML */
	headers[2] = bearer(k, a);
	return (struct net_request){ .method = method, .url = arena_printf(a, "%s%s", k->server, path), .headers = headers, .max_bytes = ANSWER_MAX_BYTES,
				     .ca = k->ca, .cert = k->cert, .key = k->key, .ca_pem = k->ca_pem, .cert_pem = k->cert_pem, .key_pem = k->key_pem };
}

struct net_answer kube_ask(struct kube *k, struct arena *a, const char *method, const char *path, const struct doc *body, bool once, struct doc **ret)
{
	struct buf text = { 0 };
	struct net_answer answer;
	char *why, error[200];
	if (body)
		doc_json_write(body, 0, &text);
	for (int tries = 0; tries < 2; tries++) {
		struct net_request r = request(k, a, method, path);
		r.once = once;
		r.body = body ? buf_text(&text) : NULL;
		r.body_len = text.len;
		answer = net_ask(k->net, a, &r);
		if (answer.outcome != NET_ANSWERED || answer.status != 401 || !k->plugin || !ask_plugin(k, error, sizeof error))
			break; /* credentials of a plugin end after a while */
	}
	if (text.text)
		explicit_bzero(text.text, text.cap);
	buf_finish(&text);
	*ret = NULL;
	if (answer.outcome == NET_ANSWERED && answer.len > 0 && !doc_json_read(a, answer.body, answer.len, ret, &why))
		*ret = NULL;
	/* Each answer names its kind, but for the version: who says yes without has not done it, and knows of nothing. */
	if (net_is_good(&answer) && !doc_get(*ret, "kind") && !doc_get(*ret, "gitVersion")) {
		answer.outcome = NET_UNKNOWN;
		answer.error = "what answers is no API server of Kubernetes";
		*ret = NULL;
	}
	return answer;
}

struct watching { void (*event)(const struct doc *d, void *ctx); void *ctx; };

static void hear_line(char *text, size_t len, void *ctx)
{
	struct watching *w = ctx;
	struct arena a = { 0 };
	struct doc *d;
	char *why;
	if (doc_json_read(&a, text, len, &d, &why))
		w->event(d, w->ctx);
	arena_finish(&a);
}

struct net_answer kube_watch(struct kube *k, struct arena *a, const char *path, uint32_t timeout_ms, int wake_fd, void (*event)(const struct doc *d, void *ctx), void *ctx)
{
	struct net_request r = request(k, a, "GET", path);
	struct watching w = { event, ctx };
	r.timeout_ms = timeout_ms;
	r.max_bytes = EVENT_MAX_BYTES;
	return net_watch(k->net, a, &r, wake_fd, hear_line, &w);
}

const char *kube_error(struct arena *a, const struct net_answer *answer, const struct doc *d)
{
	const char *message = doc_text(doc_get(d, "message"), NULL);
	if (answer->outcome != NET_ANSWERED)
		return answer->error ? answer->error : "it was given up";
	return message ? message : arena_printf(a, "HTTP status %ld", answer->status);
}
