#include "runtime/executor/ssh_link.h"
#include "compiler/base/buf.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/doc/quote.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/engine.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 60000
#define STREAM_TIMEOUT_MS (24u * 3600 * 1000) /* who is gone is noticed by ServerAlive */

/* -- where it is ----------------------------------------------------------------------------------------------------- */

static bool is_word(const char *text)
{
	if (text[0] == '-' || text[0] == 0)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* [USER@]HOST[:PORT][/FOLDER], HOST perhaps in brackets. */
static void read_address(struct ssh_link *l, const char *user, const char *text)
{
	const char *slash = strchr(text, '/'), *at = strchr(text, '@');
	char *host = arena_strndup(&l->arena, text, slash ? (size_t)(slash - text) : strlen(text));
	if (slash)
		l->work = slash;
	if (at && (!slash || at < slash)) {
		user = arena_strndup(&l->arena, text, (size_t)(at - text));
		host += at - text + 1;
	}
	char *end = host[0] == '[' ? strchr(host, ']') : NULL, *colon = end ? strchr(end, ':') : strchr(host, ':');
	if (colon && !(strchr(colon + 1, ':') && !end)) { /* more than one colon: an address without a port */
		*colon = 0;
		l->port = colon + 1;
	}
	if (end) {
		*end = 0;
		host++;
	}
	l->destination = user ? arena_printf(&l->arena, "%s@%s", user, host) : host;
}

/* A folder that nobody else can look into, with a short name: a socket's path has at most 107 bytes. */
static const char *control_folder(struct arena *a)
{
	const char *path = arena_printf(a, "/tmp/twinc-ssh-%u", (unsigned)getuid());
	struct stat st;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return NULL;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 077) == 0 ? path : NULL;
}

bool ssh_link_init(struct ssh_link *l, const struct executor_host *host, char *ret_error, size_t error_len)
{
	const struct doc *d = host->thing ? host->thing->attributes : NULL;
	const char *address = host->thing ? doc_text(doc_get(d, "address"), doc_text(doc_get(d, "login"), NULL)) : host->option, *folder, *name;
	struct digest_hex hex;
	memset(l, 0, sizeof *l);
	l->work = doc_text(doc_get(d, "work"), "/tmp");
	if (!address || !*address) {
		snprintf(ret_error, error_len, "%s", host->thing ? "its `address` is not known" : "name the machine: `--on ssh:[USER@]HOST[:PORT][/FOLDER]`");
		return false;
	}
	read_address(l, doc_text(doc_get(d, "user"), NULL), address);
	if (!is_word(l->destination) || (l->port && !is_word(l->port)) || l->work[0] != '/' || strpbrk(l->work, "\n\r")) {
		snprintf(ret_error, error_len, "`%.100s` is no [USER@]HOST[:PORT][/FOLDER]", address);
		return false;
	}
	l->key = engine_secret(host, "key");
	name = engine_state_name(&l->arena, host->state, "ssh");
	folder = control_folder(&l->arena);
	if (!name || !folder) {
		snprintf(ret_error, error_len, "%s%s", name ? "/tmp/twinc-ssh-UID is not a folder of this user alone" : host->state, name ? "" : "/ssh cannot be written");
		return false;
	}
	l->root = arena_printf(&l->arena, "%s/twinc-%s", strcmp(l->work, "/") == 0 ? "" : l->work, name);
	digest_bytes(address, strlen(address), &hex);
	l->control = arena_printf(&l->arena, "%s/%d-%.8s", folder, (int)getpid(), hex.text);
	return true;
}

void ssh_link_finish(struct ssh_link *l)
{
	arena_finish(&l->arena);
}

/* -- talking --------------------------------------------------------------------------------------------------------- */

struct words { VEC(const char *) list; };

static void option(struct words *w, const char *text)
{
	*vec_push(&w->list) = "-o";
	*vec_push(&w->list) = text;
}

/* Quoted for the shell there; the script holds no secret and nothing of a task. */
static const char *remote_command(const struct ssh_link *l, struct arena *a, const struct ssh_call *call)
{
	const char *words[] = { "sh", "-c", stdlib_ssh[0].text, "sh", call->verb, l->root, call->word ? call->word : "" };
	struct buf b = { 0 };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		buf_puts(&b, i ? " " : "exec ");
		quote_sh(words[i], strlen(words[i]), &b);
	}
	const char *text = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return text;
}

static bool run(struct ssh_link *l, struct arena *a, struct words *w, const struct ssh_call *call, struct command_answer *ret)
{
	if (l->port) {
		*vec_push(&w->list) = "-p";
		*vec_push(&w->list) = l->port;
	}
	*vec_push(&w->list) = "--";
	*vec_push(&w->list) = l->destination;
	*vec_push(&w->list) = remote_command(l, a, call);
	*vec_push(&w->list) = NULL;
	bool stream = call->from > 0 || call->to > 0 || strcmp(call->verb, "done") == 0;
	bool good = command_ask(a, &(struct command){ .argv = w->list.at, .input = call->input, .from = call->from, .to = call->to, .to_bytes = call->to_bytes,
						      .timeout_ms = stream ? STREAM_TIMEOUT_MS : ASK_TIMEOUT_MS }, ret);
	vec_finish(&w->list);
	return good;
}

/* What ssh says at length, in a line that tells what to do. */
static const char *explain(const struct ssh_link *l, struct arena *a, const char *said)
{
	const char *last = strrchr(said, '\n'), *host = strchr(l->destination, '@') ? strchr(l->destination, '@') + 1 : l->destination;
	if (strstr(said, "REMOTE HOST IDENTIFICATION HAS CHANGED"))
		return arena_printf(a, "the host key of %s has changed since it became known: somebody else may answer in its place. If it was set up anew, `ssh-keygen -R %s%s%s%s`, then connect once by hand",
				    host, l->port ? "[" : "", host, l->port ? "]:" : "", l->port ? l->port : "");
	if (strstr(said, "Host key verification failed"))
		return arena_printf(a, "the host key of %s is not known here: connect once by hand (`ssh %s%s`) and compare its fingerprint", host,
				    l->port ? arena_printf(a, "-p %s ", l->port) : "", l->destination);
	return arena_printf(a, "%s: %s", l->destination, last ? last + 1 : *said ? said : "ssh ended without a word");
}

/* The key's file is there while the connection is made, and no longer. */
static const char *write_key(const struct ssh_link *l, struct arena *a)
{
	const char *path = arena_printf(a, "%s.key", l->control);
	size_t len = strlen(l->key);
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, l->key, len) == (ssize_t)len && (len == 0 || l->key[len - 1] == '\n' || write(fd, "\n", 1) == 1);
	if (fd >= 0)
		close(fd);
	return good ? path : NULL;
}

static bool connect_there(struct ssh_link *l, struct arena *a, struct command_answer *ret)
{
	struct words w = { 0 };
	const char *key = l->key ? write_key(l, a) : NULL;
	*vec_push(&w.list) = "ssh";
	option(&w, "BatchMode=yes");
	option(&w, "StrictHostKeyChecking=yes"); /* whatever the user's configuration says of strangers */
	option(&w, "ConnectTimeout=15");
	option(&w, "ServerAliveInterval=10");
	option(&w, "ServerAliveCountMax=3");
	option(&w, "ControlMaster=auto");
	option(&w, "ControlPersist=60");
	option(&w, arena_printf(a, "ControlPath=%s", l->control));
	if (key) {
		option(&w, "IdentitiesOnly=yes");
		option(&w, arena_printf(a, "IdentityFile=%s", key));
	}
	bool good = run(l, a, &w, &(struct ssh_call){ .verb = "open" }, ret);
	if (key)
		unlink(key);
	if (good) {
		l->up = true;
		sscanf(ret->out, "%" SCNu32 " %" SCNu32 " %" SCNu32, &l->cpus, &l->uid, &l->gid);
	} else {
		ret->err = explain(l, a, ret->err);
	}
	return good;
}

bool ssh_link_ask(struct ssh_link *l, struct arena *a, const struct ssh_call *call, struct command_answer *ret)
{
	struct words w = { 0 };
	if (!l->up && !connect_there(l, a, ret))
		return false;
	if (strcmp(call->verb, "open") == 0)
		return true;
	*vec_push(&w.list) = "ssh";
	option(&w, "BatchMode=yes");
	option(&w, "ControlMaster=no");
	option(&w, "ProxyCommand=false"); /* over the connection that is there, or not at all */
	option(&w, arena_printf(a, "ControlPath=%s", l->control));
	bool good = run(l, a, &w, call, ret);
	if (!good && (ret->status == 255 || ret->status < 0 || ret->status > 128))
		ssh_link_close(l);
	if (!good)
		ret->err = explain(l, a, ret->err);
	return good;
}

void ssh_link_close(struct ssh_link *l)
{
	struct arena a = { 0 };
	struct command_answer answer;
	const char *argv[] = { "ssh", "-o", arena_printf(&a, "ControlPath=%s", l->control), "-O", "exit", "--", l->destination, NULL };
	if (l->up)
		command_ask(&a, &(struct command){ .argv = argv, .timeout_ms = ASK_TIMEOUT_MS }, &answer);
	l->up = false;
	arena_finish(&a);
}
