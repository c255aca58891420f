/* One table of options: it serves the parser, --help and the hints for typing errors. */
#include "cli/cli.h"
#include "compiler/diag/near.h"
#include "compiler/value/unit.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_TEXTS, OPTION_SECRET, OPTION_CHOICE, OPTION_COUNT, OPTION_BYTES };
struct option {
	const char *name;
	char letter; /* or 0 */
	enum option_kind kind;
	unsigned group;
	size_t field; /* of struct cli */
	const char *argument, *help; /* CHOICE: the argument is the choices, in the order of their enum */
};
#define FIELD(name) offsetof(struct cli, name)

static const struct option options[] = {
	{ "inputs", 0, OPTION_TEXTS, GROUP_BIND, FIELD(inputs), "FILE", "bind params and inputs from a YAML or JSON file" },
	{ "scenario", 0, OPTION_TEXT, GROUP_BIND, FIELD(scenario), "NAME", "apply a scenario of the twin" },
	{ "secret", 0, OPTION_SECRET, GROUP_BIND, FIELD(secret_text), "NAME=env:VAR|file:PATH|cmd:COMMAND", "bind a secret" },
	{ "state", 0, OPTION_TEXT, GROUP_STATE, FIELD(state), "DIR", "the journal and work folders, instead of .twin beside the twin" },
	{ "results", 0, OPTION_TEXT, GROUP_RESULTS, FIELD(results), "DIR", "the outputs, instead of results beside the twin" },
	{ "on", 0, OPTION_TEXT, GROUP_APPLY, FIELD(on), "EXECUTOR[:PLACE]", "where steps run that name no place of their own; cwl: the whole workflow" },
	{ "cpus", 0, OPTION_COUNT, GROUP_APPLY, FIELD(cpus), "N", "use at most so many CPUs of this machine" },
	{ "memory", 0, OPTION_BYTES, GROUP_APPLY, FIELD(memory_bytes), "SIZE", "use at most so much memory of this machine (4GiB)" },
	{ "tasks-per-job", 0, OPTION_COUNT, GROUP_APPLY, FIELD(tasks_per_job), "N", "on Slurm: so many tasks in one job, one after the other" },
	{ "fail-fast", 0, OPTION_FLAG, GROUP_APPLY, FIELD(fail_fast), NULL, "start nothing more once a task failed" },
	{ "no-container", 0, OPTION_FLAG, GROUP_APPLY, FIELD(no_container), NULL, "run CWL tools without the containers that they require" },
	{ "no-infra", 0, OPTION_FLAG, GROUP_INFRA, FIELD(no_infra), NULL, "leave the infrastructure as it is" },
	{ "yes", 'y', OPTION_FLAG, GROUP_YES, FIELD(yes), NULL, "take down or make anew without asking" },
	{ "fsync", 0, OPTION_FLAG, GROUP_APPLY, FIELD(fsync), NULL, "make each record safe against a loss of power, too" },
	{ "run", 0, OPTION_TEXT, GROUP_RUN, FIELD(run), "RUN", "this run instead of the last" },
	{ "watch", 'w', OPTION_FLAG, GROUP_WATCH, FIELD(watch), NULL, "show it again twice a second, until the run ends" },
	{ "follow", 'f', OPTION_FLAG, GROUP_LOGS, FIELD(follow), NULL, "go on as more is written" },
	{ "tail", 0, OPTION_COUNT, GROUP_LOGS, FIELD(tail), "N", "only the last N lines" },
	{ "format", 0, OPTION_CHOICE, GROUP_FORMAT, FIELD(format), "text|json|sarif|junit|github", "how diagnostics are shown" },
	{ "as", 0, OPTION_CHOICE, GROUP_AS, FIELD(as), "plan|ast|model", "which representation" },
	{ "json", 0, OPTION_FLAG, GROUP_JSON, FIELD(json), NULL, "JSON on stdout, to read back" },
	{ "output", 'o', OPTION_TEXT, GROUP_OUTPUT, FIELD(output), "PATH", "write there: a folder, or a file whose suffix says the format" },
	{ "listen", 0, OPTION_TEXT, GROUP_LISTEN, FIELD(listen), "ADDRESS:PORT", "serve the page at / and the numbers at /metrics (127.0.0.1:9464)" },
	{ "token", 0, OPTION_TEXT, GROUP_LISTEN, FIELD(token), "FILE", "what who looks must know, instead of a new one" },
	{ "target", 't', OPTION_TEXT, GROUP_BUILD, FIELD(target), "NAME,...", "for these targets, instead of for all" },
	{ "image", 0, OPTION_TEXT, GROUP_BUILD, FIELD(image), "IMAGE", "the container of steps that name none (kubernetes)" },
	{ "packed", 0, OPTION_FLAG, GROUP_BUILD, FIELD(packed), NULL, "one document instead of several (cwl)" },
	{ "force", 0, OPTION_FLAG, GROUP_BUILD, FIELD(force), NULL, "replace files that no earlier build wrote" },
	{ "timeline", 0, OPTION_FLAG, GROUP_PICTURE, FIELD(timeline), NULL, "the last run over time, as .svg or .html, like `report`" },
	{ "unfolded", 0, OPTION_FLAG, GROUP_PICTURE, FIELD(unfolded), NULL, "draw every node; more than 60 are folded otherwise" },
	{ "check", 0, OPTION_FLAG, GROUP_CHECK, FIELD(check), NULL, "change nothing, only say what would change" },
	{ "detailed-exitcode", 0, OPTION_FLAG, GROUP_EXITCODE, FIELD(detailed_exitcode), NULL, "exit with 2 where there are differences" },
	{ "color", 0, OPTION_CHOICE, GROUP_ALL, FIELD(colour), "auto|always|never", "colours; NO_COLOR is obeyed" },
	{ "quiet", 'q', OPTION_FLAG, GROUP_ALL, FIELD(quiet), NULL, "only what is wrong" },
	{ "verbose", 'v', OPTION_FLAG, GROUP_ALL, FIELD(verbose), NULL, "say more" },
	{ "help", 'h', OPTION_FLAG, GROUP_ALL, FIELD(help), NULL, "this text" },
	{ "version", 0, OPTION_FLAG, GROUP_ALL, FIELD(version), NULL, "the version" },
	{ NULL },
};

static void option_print(FILE *to, const struct option *o)
{
	char left[80];
	int n = 0;

	if (o->letter)
		n = snprintf(left, sizeof(left), "-%c, ", o->letter);
	snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	if (strlen(left) > 28)
		fprintf(to, "  %s\n  %-28s  %s\n", left, "", o->help);
	else
		fprintf(to, "  %-28s  %s\n", left, o->help);
}

void cli_help_options(FILE *to, unsigned groups)
{
	for (const struct option *o = options; o->name; o++)
		if (o->group & groups)
			option_print(to, o);
}

void cli_each_option(void (*each)(const struct cli_option *option, void *ctx), void *ctx)
{
	for (const struct option *o = options; o->name; o++) {
		struct cli_option option = { o->name, o->help, o->kind == OPTION_CHOICE ? o->argument : NULL, o->letter,
			o->kind != OPTION_FLAG, o->group };
		each(&option, ctx);
	}
}

static const struct option *option_find(const char *name, size_t len)
{
	for (const struct option *o = options; o->name; o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct option *option_find_letter(char letter)
{
	for (const struct option *o = options; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static unsigned verb_groups(const struct verb *verb)
{
	return verb ? verb->groups | GROUP_ALL : GROUP_ALL;
}

static int option_unknown(struct cli *c, const char *name)
{
	struct near near;
	const char *best;

	near_init(&near, name);
	for (const struct option *o = options; o->name; o++)
		if (o->group & verb_groups(c->verb))
			near_offer(&near, o->name);
	best = near_best(&near);
	if (best)
		return cli_usage(c, "there is no option --%s; did you mean --%s?", name, best);
	return cli_usage(c, "there is no option --%s", name);
}

static int option_misplaced(struct cli *c, const struct option *o)
{
	char takers[256] = "";
	size_t len = 0;

	for (const struct verb *v = verbs; v->name; v++)
		if (v->groups & o->group && len < sizeof(takers))
			len += (size_t)snprintf(takers + len, sizeof(takers) - len, "%s%s", len ? ", " : "", v->name);
	return cli_usage(c, "`%s` does not take --%s; these do: %s", c->verb->name, o->name, takers);
}

/* NAME=env:VAR, NAME=file:PATH or NAME=cmd:COMMAND. */
static bool secret_parse(struct cli *c, const char *text)
{
	static const struct { const char *prefix; enum cli_secret_from from; } ways[] = {
		{ "env:", SECRET_ENV }, { "file:", SECRET_FILE }, { "cmd:", SECRET_COMMAND },
	};
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return false;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t len = strlen(ways[i].prefix);
		if (strncmp(equals + 1, ways[i].prefix, len) != 0 || !equals[1 + len])
			continue;
		*vec_push(&c->secrets) = (struct cli_secret){
			arena_strndup(&c->arena, text, (size_t)(equals - text)), ways[i].from, equals + 1 + len };
		return true;
	}
	return false;
}

static bool count_parse(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || !isdigit((unsigned char)text[0]) || *end || n == 0 || n > UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool bytes_parse(struct arena *a, const char *text, uint64_t *ret)
{
	const struct unit *unit, *byte;
	size_t bad_at, bad_len;
	char *end;
	double x = strtod(text, &end);

	if (!isdigit((unsigned char)text[0]) || !unit_parse(a, "B", 1, &byte, &bad_at, &bad_len))
		return false;
	if (!unit_parse(a, end, strlen(end), &unit, &bad_at, &bad_len) || !unit_same_dim(unit, byte))
		return false;
	x = unit_convert(x, unit, byte);
	if (!(x >= 1 && x < 1e18))
		return false;
	*ret = (uint64_t)x;
	return true;
}

/* The position of a text among "a|b|c", or -1. */
static int choice_find(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");
		if (n == len && memcmp(choices, text, n) == 0)
			return i;
		if (!choices[n])
			return -1;
		choices += n + 1;
	}
}

static const char *choice_near(struct cli *c, const char *choices, const char *text)
{
	struct near near;

	near_init(&near, text);
	for (;;) {
		size_t n = strcspn(choices, "|");
		near_offer(&near, arena_strndup(&c->arena, choices, n));
		if (!choices[n])
			return near_best(&near);
		choices += n + 1;
	}
}

static int option_set(struct cli *c, const struct option *o, const char *text)
{
	void *field = (char *)c + o->field;
	const char *best;
	bool ok = true;

	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		*(const char **)field = text;
		break;
	case OPTION_TEXTS:
		*vec_push(&c->inputs) = text;
		break;
	case OPTION_SECRET:
		ok = secret_parse(c, text);
		break;
	case OPTION_COUNT:
		ok = count_parse(text, field);
		break;
	case OPTION_BYTES:
		ok = bytes_parse(&c->arena, text, field);
		break;
	case OPTION_CHOICE:
		*(int *)field = choice_find(o->argument, text);
		ok = *(int *)field >= 0;
		best = ok ? NULL : choice_near(c, o->argument, text);
		if (best)
			return cli_usage(c, "--%s takes %s, not \"%s\"; did you mean %s?", o->name, o->argument, text, best);
		break;
	}
	return ok ? -1 : cli_usage(c, "--%s takes %s, not \"%s\"", o->name, o->argument, text);
}

/* Words are taken apart in two rounds: first all options, so that the verb may stand anywhere; then the plain words. */
struct words {
	int argc, at;
	char **argv;
	VEC(const char *) plain;
	VEC(const struct option *) used;
};

static int option_take(struct cli *c, struct words *w, const struct option *o, const char *glued)
{
	const char *text = glued;

	*vec_push(&w->used) = o;
	if (o->kind == OPTION_FLAG)
		return glued ? cli_usage(c, "--%s takes no value", o->name) : option_set(c, o, NULL);
	if (!text) {
		if (w->at + 1 >= w->argc)
			return cli_usage(c, "--%s takes %s", o->name, o->argument);
		text = w->argv[++w->at];
	}
	return option_set(c, o, text);
}

static int word_long(struct cli *c, struct words *w, const char *name)
{
	size_t len = strcspn(name, "=");
	const struct option *o = option_find(name, len);

	if (!o)
		return option_unknown(c, arena_strndup(&c->arena, name, len));
	return option_take(c, w, o, name[len] ? name + len + 1 : NULL);
}

static int word_letters(struct cli *c, struct words *w, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *o = option_find_letter(*letters);
		int code;

		if (!o)
			return cli_usage(c, "there is no option -%c", *letters);
		if (o->kind != OPTION_FLAG)
			return option_take(c, w, o, letters[1] ? letters + 1 : NULL);
		code = option_take(c, w, o, NULL);
		if (code >= 0)
			return code;
	}
	return -1;
}

static int words_split(struct cli *c, struct words *w)
{
	bool only_plain = false;

	for (w->at = 1; w->at < w->argc; w->at++) {
		const char *word = w->argv[w->at];
		int code = -1;

		if (only_plain || word[0] != '-' || !word[1])
			*vec_push(&w->plain) = word;
		else if (strcmp(word, "--") == 0)
			only_plain = true;
		else if (word[1] == '-')
			code = word_long(c, w, word + 2);
		else
			code = word_letters(c, w, word + 1);
		if (code >= 0)
			return code;
	}
	return -1;
}

static int verb_find(struct cli *c, const char *name)
{
	struct near near;
	const char *best;

	near_init(&near, name);
	for (const struct verb *v = verbs; v->name; v++) {
		if (strcmp(v->name, name) == 0) {
			c->verb = v;
			return -1;
		}
		near_offer(&near, v->name);
	}
	best = near_best(&near);
	if (best)
		return cli_usage(c, "there is no verb `%s`; did you mean `%s`?", name, best);
	return cli_usage(c, "there is no verb `%s`", name);
}

/* The length of the name in name=value, or 0. */
static size_t binding_name(const char *word)
{
	size_t n = 0;

	while (isalnum((unsigned char)word[n]) || word[n] == '_' || word[n] == '.')
		n++;
	return n > 0 && word[n] == '=' && !isdigit((unsigned char)word[0]) ? n : 0;
}

static bool word_is_file(const char *word, bool plans)
{
	size_t len = strlen(word);

	return (plans && len > 5 && strcmp(word + len - 5, ".json") == 0) || strcmp(word, "-") == 0 || (len > 5 && strcmp(word + len - 5, ".twin") == 0) || file_is_dir(word);
}

static int word_plain(struct cli *c, const char *word)
{
	enum cli_words words = c->verb->words;
	size_t name = words == WORDS_WORKFLOW ? binding_name(word) : 0;
	bool subject = (words == WORDS_SUBJECT || words == WORDS_OPTIONAL) && !c->subject;

	if (name) {
		*vec_push(&c->bindings) = (struct cli_binding){ arena_strndup(&c->arena, word, name), word + name + 1 };
		return -1;
	}
	if (words != WORDS_NONE && word_is_file(word, words == WORDS_PLANS)) {
		if (c->files.len > 0 && words != WORDS_FILES && words != WORDS_PLANS)
			return cli_usage(c, "one twin at a time: \"%s\" and \"%s\"", c->files.at[0], word);
		*vec_push(&c->files) = word;
		return -1;
	}
	if (subject) {
		c->subject = word;
		return -1;
	}
	if (words == WORDS_WORKFLOW && !c->workflow) {
		c->workflow = word;
		return -1;
	}
	if (words == WORDS_FILE || words == WORDS_FILES || words == WORDS_PLANS)
		return cli_usage(c, "\"%s\" is neither a file that ends in .twin nor a folder", word);
	return cli_usage(c, "\"%s\" is one word too many", word);
}

static int words_place(struct cli *c, struct words *w)
{
	int code = -1;

	for (uint32_t i = 0; i < w->used.len && code < 0; i++)
		if (!(w->used.at[i]->group & verb_groups(c->verb)))
			code = option_misplaced(c, w->used.at[i]);
	for (uint32_t i = 1; i < w->plain.len && code < 0; i++)
		code = word_plain(c, w->plain.at[i]);
	if (code < 0 && c->verb->words == WORDS_SUBJECT && !c->subject)
		code = cli_usage(c, "`%s` is about one %s", c->verb->name, c->verb->subject);
	return code;
}

static int words_parse(struct cli *c, struct words *w)
{
	uint32_t verb_at = w->plain.len > 1 && strcmp(w->plain.at[0], "help") == 0;
	int code;

	if (c->version) {
		printf("twinc %s (%s)\n", TWINC_VERSION, TWINC_COMMIT);
		return CLI_DONE;
	}
	if (w->plain.len == 0 || strcmp(w->plain.at[verb_at], "help") == 0) {
		bool asked = c->help || w->plain.len > 0;
		cli_help(asked ? stdout : stderr);
		return asked ? CLI_DONE : CLI_USAGE;
	}
	code = verb_find(c, w->plain.at[verb_at]);
	if (code >= 0)
		return code;
	if (c->help || verb_at) {
		cli_help_verb(stdout, c->verb);
		return CLI_DONE;
	}
	return words_place(c, w);
}

int cli_parse(struct cli *c, int argc, char **argv)
{
	struct words w = { .argc = argc, .argv = argv };
	int code;

	arena_init(&c->arena);
	/* The verb is usually the first word; knowing it early makes the hints about options better. */
	for (const struct verb *v = verbs; argc > 1 && v->name; v++)
		if (strcmp(v->name, argv[1]) == 0)
			c->verb = v;
	code = words_split(c, &w);
	if (code < 0)
		code = words_parse(c, &w);
	vec_finish(&w.plain);
	vec_finish(&w.used);
	return code;
}

void cli_finish(struct cli *c)
{
	vec_finish(&c->files);
	vec_finish(&c->bindings);
	vec_finish(&c->inputs);
	vec_finish(&c->secrets);
	arena_finish(&c->arena);
}
