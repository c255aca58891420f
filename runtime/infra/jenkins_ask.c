/* Asking Jenkins. Facts: jenkins.io "Remote access API" and "CSRF protection": a crumb belongs to a session, so its cookie goes
 * along; who comes with an API token needs none, and is let in with one. */
#include "runtime/infra/jenkins.h"
#include "compiler/base/base64.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SAID_BYTES 1000
#define POLL_PATIENCE_MS 2000

static const char *basic(struct arena *a, const char *user, const char *token)
{
	size_t len = strcspn(token, "\r\n"); /* a file's last newline is none of it */
	const char *text = user ? arena_printf(a, "%s:%.*s", user, (int)len, token) : arena_strndup(a, token, len);
	struct buf b = { 0 };
	buf_puts(&b, "Authorization: Basic ");
	base64_encode(&b, text, strlen(text));
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

struct jenkins *jenkins_reach(struct stack *s)
{
	struct jenkins *k = s->state_of;
	if (k)
		return k;
	k = arena_new(s->arena, struct jenkins);
	k->net = stack_net(s);
	if (!k->net)
		return NULL;
	const char *user = doc_text(doc_get(s->options, "user"), NULL);
	for (doc_each(t, s->options ? NULL : doc_get(s->record, "things"))) /* the twin does not name it any more */
		user = doc_text(doc_get(doc_get(t, "attributes"), "user"), user);
	k->authorization = s->auth ? basic(s->arena, user, s->auth) : NULL;
	s->state_of = k;
	return k;
}

static struct net_answer send(struct stack *s, const struct jenkins_ask *q)
{
	static const char *const wants[] = { "Location", "X-Text-Size", "X-Error", "Set-Cookie", NULL };
	struct jenkins *k = s->state_of;
	const char *headers[7] = { "User-Agent: twinc" };
	int n = 1;
	if (k->authorization)
		headers[n++] = k->authorization;
	if (k->cookie)
		headers[n++] = k->cookie;
	if (k->crumb && strcmp(q->method, "POST") == 0)
		headers[n++] = k->crumb;
	if (q->type)
		headers[n++] = arena_printf(s->arena, "Content-Type: %s", q->type);
	struct net_request r = { .method = q->method, .url = arena_printf(s->arena, "%s%s", s->manager, q->path), .headers = headers, .body = q->body, .body_len = q->len,
		.once = q->once, .patience_ms = q->patience_ms, .wants = wants };
	return net_ask(k->net, s->arena, &r);
}

/* What may stand in a header that is sent back: the first word of each line, up to its `;`. */
static const char *cookies(struct arena *a, const char *set)
{
	struct buf b = { 0 };
	for (const char *line = set; line && *line;) {
		size_t n = strcspn(line, "\n"), word = strcspn(line, ";\n");
		buf_puts(&b, b.len ? "; " : "Cookie: ");
		buf_add(&b, line, word);
		line += n + (line[n] != 0);
	}
	const char *ret = b.len ? arena_strndup(a, buf_text(&b), b.len) : NULL;
	buf_finish(&b);
	return ret;
}

static bool is_header_word(const char *text, bool name)
{
	size_t n = 0;
	for (; text[n]; n++)
		if (name ? !isalnum((unsigned char)text[n]) && text[n] != '-' && text[n] != '_' : (unsigned char)text[n] <= ' ' || (unsigned char)text[n] > 126)
			return false;
	return n > 0 && n < 1000;
}

/* Where there is no issuer, none is wanted. */
static void fetch_crumb(struct stack *s)
{
	struct jenkins *k = s->state_of;
	k->has_crumb = true;
	k->crumb = k->cookie = NULL;
	struct net_answer r = send(s, &(struct jenkins_ask){ .method = "GET", .path = "/crumbIssuer/api/json" });
	const struct doc *d = stack_json(s, &r);
	const char *name = doc_text(doc_get(d, "crumbRequestField"), ""), *crumb = doc_text(doc_get(d, "crumb"), "");
	if (is_header_word(name, true) && is_header_word(crumb, false)) {
		k->crumb = arena_printf(s->arena, "%s: %s", name, crumb);
		k->cookie = cookies(s->arena, r.got[JENKINS_COOKIE]);
	}
}

struct net_answer jenkins_ask(struct stack *s, const struct jenkins_ask *q)
{
	struct jenkins *k = s->state_of;
	bool changes = strcmp(q->method, "POST") == 0, fresh = !k->has_crumb;
	if (changes && fresh)
		fetch_crumb(s);
	struct net_answer r = send(s, q);
	if (changes && !fresh && r.outcome == NET_ANSWERED && r.status == 403) { /* the session is over: it was started anew, say */
		fetch_crumb(s);
		r = send(s, q);
	}
	return r;
}

struct net_answer jenkins_get(struct stack *s, const char *path)
{
	return jenkins_ask(s, &(struct jenkins_ask){ .method = "GET", .path = path, .patience_ms = POLL_PATIENCE_MS });
}

/* -- words ------------------------------------------------------------------------------------------------------------------------ */

static size_t entity(const char *text, char *ret)
{
	static const struct { const char *name; char c; } known[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&#39;", '\'' }, { "&#039;", '\'' }, { "&apos;", '\'' }, { "&nbsp;", ' ' } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(text, known[i].name, strlen(known[i].name)) == 0) {
			*ret = known[i].c;
			return strlen(known[i].name);
		}
	return 0;
}

/* Behind the end of an element whose text nobody reads. */
static const char *behind(const char *at, const char *name)
{
	size_t n = strlen(name);
	if (strncasecmp(at + 1, name, n) != 0)
		return NULL;
	for (const char *c = at; (c = strchr(c, '<')); c++)
		if (c[1] == '/' && strncasecmp(c + 2, name, n) == 0)
			return strchr(c, '>');
	return at + strlen(at);
}

const char *jenkins_plain(struct arena *a, const char *html, size_t max)
{
	struct buf b = { 0 };
	for (const char *c = html; *c && b.len < max;) {
		char letter;
		size_t n = *c == '&' ? entity(c, &letter) : 0;
		if (*c == '<' && (isalpha((unsigned char)c[1]) || c[1] == '/' || c[1] == '!')) {
			const char *end = behind(c, "script"), *hidden = end ? end : behind(c, "style");
			hidden = hidden ? hidden : behind(c, "title");
			end = hidden ? hidden : strchr(c, '>');
			if (b.len && buf_text(&b)[b.len - 1] != '\n')
				buf_putc(&b, strncasecmp(c, "<a", 2) == 0 || strncasecmp(c, "</a", 3) == 0 || strncasecmp(c, "<span", 5) == 0 || strncasecmp(c, "</span", 6) == 0 ? ' ' : '\n');
			c = end && *end ? end + 1 : c + strlen(c);
		} else {
			buf_putc(&b, n ? letter : *c);
			c += n ? n : 1;
		}
	}
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

/* The lines that say something, of its page or its header. */
static const char *words_of(struct stack *s, const struct net_answer *r)
{
	const char *text = r->got && r->got[JENKINS_ERROR] ? r->got[JENKINS_ERROR] : jenkins_plain(s->arena, r->body, 20000);
	struct buf b = { 0 };
	for (const char *line = text; *line && b.len < SAID_BYTES;) {
		size_t n = strcspn(line, "\n"), blank = strspn(line, "\t\r ");
		if (blank < n && strncmp(line + blank, "at ", 3) != 0) { /* no traces of its code */
			buf_puts(&b, b.len ? "\n" : "");
			buf_add(&b, line + blank, n - blank > 300 ? 300 : n - blank);
		}
		line += n + (line[n] != 0);
	}
	text = arena_strndup(s->arena, buf_text(&b), b.len > SAID_BYTES ? SAID_BYTES : b.len);
	buf_finish(&b);
	return stack_masked(s, text, SAID_BYTES);
}

enum infra_answer jenkins_refused(struct stack *s, struct span span, const struct net_answer *r, const char *what)
{
	bool elsewhere = r->status >= 300 && r->status < 400;
	struct diag *d = stack_refused(s, r, &(struct stack_refusal){ .span = span, .who = "Jenkins", .more = "; its log tells more", .what = what, .said = words_of(s, r),
		.does = elsewhere ? "sends elsewhere" : "refuses" });
	if (!d)
		return INFRA_STOPPED;
	if (d->code != DIAG_E0632)
		return INFRA_FAILED;
	if (elsewhere)
		diag_help(d, "give the address that it sends to as `manager`; or let its sign-on pass who brings an API token");
	else if (r->status == 401 || r->status == 403)
		diag_help(d, s->auth_name ? "see `user`, what this user may do there, and the API token in the secret `%s`" : "say who asks: `user = \"NAME\"` and `auth = SECRET`, a secret that holds an API token", s->auth_name);
	else if (r->status == 404)
		diag_help(d, "the folders that hold a job must be there: make them in Jenkins first; and is `manager` the whole address, path included?");
	return INFRA_FAILED;
}

enum infra_answer jenkins_nonsense(struct stack *s, struct span span, const char *what)
{
	return stack_nonsense(s, span, what, "is this the address of a Jenkins, or of a sign-on before it?");
}

/* -- addresses ------------------------------------------------------------------------------------------------------------------------ */

const char *jenkins_url(struct stack *s, const char *path)
{
	struct buf b = { 0 };
	for (const char *c = path; *c;) { /* its letters need no quoting: the kind's pattern */
		size_t n = strcspn(c, "/");
		buf_printf(&b, "/job/%.*s", (int)n, c);
		c += n + (c[n] != 0);
	}
	const char *ret = arena_strndup(s->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

const char *jenkins_encoded(struct arena *a, const char *text)
{
	struct buf b = { 0 };
	buf_percent(&b, text, "-_.~");
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}
