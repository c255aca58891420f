#include "cli/infra.h"
#include "compiler/show/show.h"
#include "targets/target.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* -- opening ------------------------------------------------------------------------------------------------------------ */

struct refusal { const char *subject, *reason; struct span span; };
struct view {
	struct cli *c;
	const struct plan *plan;
	VEC(struct refusal) refusals;
};

static void take_file(struct arena *a, const struct target_file *f, bool text, struct infra_file *ret)
{
	struct lines lines = { 0 };
	struct buf bytes = { 0 };
	*ret = (struct infra_file){ .path = f->path, .doc = f->doc, .from = f->from };
	if (f->doc && !text)
		return;
	const char *written = target_file_text(f, &bytes, &lines, &ret->len);
	ret->text = arena_strndup(a, written, ret->len);
	ret->lines = arena_copy(a, lines.list.at, lines.list.len * sizeof *lines.list.at);
	ret->n_lines = lines.list.len;
	buf_finish(&bytes);
	lines_finish(&lines);
}

static void emit(struct arena *a, const struct provider *provider, const struct plan *plan, struct infra_file **ret, uint32_t *ret_n, void *ctx)
{
	struct view *v = ctx;
	const struct target *t = target_find(provider->target);
	struct target_result result;
	struct target_request request = { .target = t, .plan = plan, .workflow = PLAN_NONE, .folder = plan->folder, .here = plan->folder, .carries = provider->whole };
	target_result_init(&result, a);
	t->emit(&request, &result);
	*ret = arena_new_n(a, struct infra_file, result.files.len + 1);
	for (uint32_t i = 0; i < result.files.len; i++)
		take_file(a, &result.files.at[i], provider->wants_texts, &(*ret)[(*ret_n)++]);
	for (uint32_t i = 0; i < result.rows.len && !provider->whole; i++) /* of the whole: what is there serves without it */
		if (result.rows.at[i].level == TARGET_REFUSED)
			*vec_push(&v->refusals) = (struct refusal){ result.rows.at[i].subject, result.rows.at[i].reason, result.rows.at[i].span };
	target_result_finish(&result);
}

static void hear(const struct infra_event *e, void *ctx);

struct plan *cli_infra_plan(struct cli *c, const char **ret_state, int *ret_exit)
{
	const char *file = cli_file(c);
	const struct value **inputs;
	uint32_t workflow;
	*ret_exit = CLI_USAGE;
	if (!file)
		return NULL;
	if (c->workflow) {
		cli_usage(c, "\"%s\" is one word too many", c->workflow);
		return NULL;
	}
	c->no_workflow = true;
	*ret_state = cli_state(c, file);
	return cli_plan(c, file, &workflow, &inputs, ret_exit);
}

struct infra *cli_infra_open(struct cli *c, const struct plan *plan, const char *state, struct journal *journal)
{
	const struct run_secret *secrets;
	struct view *v = arena_new(&c->arena, struct view);
	struct infra_secret *ours = arena_new_n(&c->arena, struct infra_secret, c->secrets.len + 1);
	*v = (struct view){ .c = c, .plan = plan };
	if (!cli_secrets(c, &secrets))
		return NULL;
	for (uint32_t i = 0; i < c->secrets.len; i++)
		ours[i] = (struct infra_secret){ secrets[i].name, secrets[i].content };
	struct infra *in = infra_create(&(struct infra_options){ .plan = plan, .journal = journal, .state = state, .secrets = ours, .n_secrets = c->secrets.len, .emit = emit, .hear = hear, .ctx = v });
	for (uint32_t i = 0; i < v->refusals.len; i++) {
		const struct refusal *r = &v->refusals.at[i];
		diag_here(diag_add(infra_diags(in), DIAG_E0634, r->span, "`%s` cannot be made: %s", r->subject, r->reason ? r->reason : "its manager has no words for it"), "declared here");
	}
	vec_finish(&v->refusals);
	return in;
}

/* -- showing ------------------------------------------------------------------------------------------------------------ */

static void show_diags(struct cli *c, struct infra *in)
{
	bool json = c->json;
	if (!infra_diags(in)->first)
		return;
	c->json = false; /* --json promises the verb's own shape */
	cli_show_diags(c, infra_diags(in));
	c->json = json;
}

bool cli_infra_compare(struct cli *c, struct infra *in, enum infra_depth depth, bool all_goes, uint32_t *ret_n)
{
	bool ok = infra_diags(in)->n_errors == 0 || all_goes;
	ok = ok && infra_look(in, depth);
	*ret_n = infra_compare(in, all_goes);
	if (!ok)
		show_diags(c, in);
	return ok;
}

static const char *place_text(struct cli *c, const struct plan *plan, struct span span)
{
	struct place p = source_place(plan->sources, span);
	return span.file ? arena_printf(&c->arena, "%s:%u:%u", p.path, p.line, p.column) : "";
}

static void print_change(struct cli *c, const struct plan *plan, const struct stack *s, const struct infra_change *x, int width)
{
	static const char *const colours[] = { "2", "32", "33", "35", "31" };
	bool colour = cli_colour(c, stdout);
	if (colour)
		printf("\033[%sm%-7s\033[0m", colours[x->action], infra_action_name(x->action));
	else
		printf("%-7s", infra_action_name(x->action));
	printf("  %-*s  %s", width, x->name, x->kind);
	if (x->reason)
		printf("  %s", x->reason);
	if (x->action == INFRA_CREATE)
		printf("  at %s", s->manager);
	if (x->stays)
		printf("  (%s)", x->stays);
	printf("\n");
	for (uint32_t i = 0; i < x->n_differences; i++) {
		const struct infra_difference *d = &x->differences[i];
		printf("         %s: %s -> %s  %s%s%s\n", d->attribute, d->before ? d->before : "none", d->after ? d->after : "none", place_text(c, plan, d->span),
		       d->replaces ? ", made anew" : "", d->outside ? ", changed from outside" : "");
	}
}

struct totals { uint32_t n[5]; };

static struct totals count(struct infra *in)
{
	struct totals t = { { 0 } };
	for (uint32_t i = 0; i < infra_stack_len(in); i++)
		for (uint32_t k = 0; k < infra_stack(in, i)->n_changes; k++)
			t.n[infra_stack(in, i)->changes[k].action]++;
	return t;
}

void cli_infra_print(struct cli *c, struct infra *in, const struct plan *plan)
{
	static const char *const words[] = { "as they are", "to create", "to update", "to replace", "to delete" };
	struct totals t = count(in);
	int width = 8;
	bool first = true;
	for (uint32_t i = 0; i < infra_stack_len(in); i++)
		for (uint32_t k = 0; k < infra_stack(in, i)->n_changes; k++) {
			int n = (int)strlen(infra_stack(in, i)->changes[k].name);
			width = n > width && n <= 40 ? n : width;
		}
	for (uint32_t i = 0; i < infra_stack_len(in); i++) {
		const struct stack *s = infra_stack(in, i);
		for (uint32_t k = 0; k < s->n_changes; k++)
			if (s->changes[k].action != INFRA_NONE)
				print_change(c, plan, s, &s->changes[k], width);
		if (s->unasked)
			printf("%s was not asked: the secret `%s` is not bound; this is by what was made last\n", s->manager, s->unasked);
	}
	printf("infrastructure: ");
	for (int i = 1; i < 5; i++)
		if (t.n[i]) {
			printf("%s%u %s", first ? "" : ", ", t.n[i], words[i]);
			first = false;
		}
	printf("%s%u as %s\n", first ? "" : ", ", t.n[0], t.n[0] == 1 ? "it is" : "they are");
}

static struct doc *change_doc(struct cli *c, const struct plan *plan, const struct stack *s, const struct infra_change *x)
{
	struct arena *a = &c->arena;
	struct doc *d = doc_map(a), *list = doc_list(a);
	doc_set_text(a, d, "task", x->name);
	doc_set_text(a, d, "kind", x->kind);
	doc_set_text(a, d, "action", infra_action_name(x->action));
	doc_set_text(a, d, "manager", s->manager);
	doc_set_text(a, d, "reason", x->reason);
	doc_set_text(a, d, "stays", x->stays);
	if (x->span.file)
		doc_set(a, d, "place", cli_place_doc(a, plan, x->span));
	for (uint32_t i = 0; i < x->n_differences; i++) {
		const struct infra_difference *f = &x->differences[i];
		struct doc *one = doc_map(a);
		doc_set_text(a, one, "attribute", f->attribute);
		doc_set_text(a, one, "before", f->before);
		doc_set_text(a, one, "after", f->after);
		doc_set(a, one, "replaces", doc_bool(a, f->replaces));
		doc_set(a, one, "outside", doc_bool(a, f->outside));
		if (f->span.file)
			doc_set(a, one, "place", cli_place_doc(a, plan, f->span));
		doc_push(list, one);
	}
	if (doc_len(list))
		doc_set(a, d, "attributes", list);
	return d;
}

void cli_infra_docs(struct cli *c, struct infra *in, const struct plan *plan, struct doc *list, struct doc *summary)
{
	struct totals t = count(in);
	for (uint32_t i = 0; i < infra_stack_len(in); i++)
		for (uint32_t k = 0; k < infra_stack(in, i)->n_changes; k++)
			if (infra_stack(in, i)->changes[k].action != INFRA_NONE)
				doc_push(list, change_doc(c, plan, infra_stack(in, i), &infra_stack(in, i)->changes[k]));
	for (int i = 1; i < 5; i++)
		doc_set(&c->arena, summary, infra_action_name((enum infra_action)i), doc_int(&c->arena, t.n[i]));
}

/* -- doing ----------------------------------------------------------------------------------------------------------------- */

static void hear_json(struct view *v, const struct infra_event *e)
{
	static const char *const names[] = { "infra_started", "infra_progress", "infra_done", "infra_failed", "infra_output" };
	struct arena *a = &v->c->arena;
	struct doc *d = doc_map(a);
	struct buf b = { 0 };
	doc_set_text(a, d, "time", cli_time(v->c, e->time_ms));
	doc_set_text(a, d, "event", names[e->kind]);
	doc_set_text(a, d, "manager", e->manager);
	doc_set_text(a, d, e->kind == INFRA_OUTPUT ? "output" : "task", e->thing);
	doc_set_text(a, d, e->kind == INFRA_OUTPUT ? "value" : "text", e->text);
	if (e->took_ms >= 0)
		doc_set(a, d, "duration", doc_float(a, (double)e->took_ms / 1000));
	if (e->diag)
		doc_set_text(a, d, "text", e->diag->message);
	doc_json_write(d, 0, &b);
	printf("%s\n", buf_text(&b));
	fflush(stdout);
	buf_finish(&b);
}

static void hear(const struct infra_event *e, void *ctx)
{
	struct view *v = ctx;
	if (v->c->json) {
		hear_json(v, e);
		return;
	}
	if (v->c->quiet)
		return;
	switch (e->kind) {
	case INFRA_STARTED:
		if (v->c->verbose)
			fprintf(stderr, "started  %s\n", e->manager);
		break;
	case INFRA_PROGRESS:
		fprintf(stderr, "         %s%s%s\n", e->thing ? e->thing : e->manager, ": ", e->text);
		break;
	case INFRA_DONE:
		fprintf(stderr, "%-7s  %s  %s\n", e->text, e->manager, cli_duration(v->c, e->took_ms));
		break;
	case INFRA_OUTPUT:
		fprintf(stderr, "         %s = %s\n", e->thing, e->text ? e->text : "none");
		break;
	case INFRA_PROBLEM:
		break; /* shown whole at the end */
	}
}

/* Whether something is lost by it, and nobody has agreed. */
static bool must_ask(struct cli *c, struct infra *in)
{
	struct totals t = count(in);
	return !c->yes && (t.n[INFRA_DELETE] || t.n[INFRA_REPLACE]);
}

static bool agreed(const char *question)
{
	char answer[16] = "";
	fprintf(stderr, "%s Type `yes`: ", question);
	fflush(stderr);
	return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

int cli_infra_carry_out(struct cli *c, struct infra *in, const struct plan *plan, const char *question)
{
	int signal_number = 0;
	if (must_ask(c, in)) {
		if (!isatty(STDIN_FILENO))
			return cli_fail("%s\n  nobody can be asked here: add --yes, or see first what it is with `twinc plan`", question);
		cli_infra_print(c, in, plan);
		fflush(stdout);
		if (!agreed(question))
			return cli_fail("nothing was changed");
	}
	enum infra_answer answer = infra_apply(in, &signal_number);
	show_diags(c, in);
	switch (answer) {
	case INFRA_OK: return CLI_DONE;
	case INFRA_STOPPED: return signal_number ? 128 + signal_number : CLI_WRONG;
	case INFRA_WORKING:
	case INFRA_FAILED: break;
	}
	return CLI_WRONG;
}

static void note_known(const struct journal_stack *s, void *ctx)
{
	(void)s;
	*(bool *)ctx = true;
}

int cli_infra_apply(struct cli *c, struct plan *plan, uint32_t workflow, const char *state, struct journal *journal, bool *ret_managed)
{
	uint32_t n;
	int code = CLI_DONE;
	*ret_managed = infra_is_managed(plan);
	if (!*ret_managed)
		journal_stack_each(journal, note_known, ret_managed);
	if (!*ret_managed || (c->no_infra && !infra_is_read(plan)))
		return CLI_DONE;
	struct infra *in = cli_infra_open(c, plan, state, journal);
	if (!in)
		return CLI_WRONG;
	if (c->no_infra)
		;
	else if (!cli_infra_compare(c, in, INFRA_QUICK, false, &n) || (n == 0 && !infra_note(in)))
		code = CLI_WRONG;
	else if (n > 0)
		code = cli_infra_carry_out(c, in, plan, "This takes down infrastructure, or makes it anew; what is on it is lost.");
	if (code == CLI_DONE)
		infra_give(in, plan, true);
	if (code == CLI_DONE && !infra_knows(in, plan, workflow)) {
		show_diags(c, in);
		code = CLI_WRONG;
	}
	infra_destroy(in);
	return code;
}

/* -- what is known ------------------------------------------------------------------------------------------------------- */

struct known { struct cli *c; struct doc *list; };

static void add_known(const struct journal_stack *s, void *ctx)
{
	struct known *k = ctx;
	struct arena *a = &k->c->arena;
	struct doc *d = doc_map(a), *record = NULL, *things = doc_list(a);
	char *why;
	doc_set_text(a, d, "provider", s->provider);
	doc_set_text(a, d, "manager", s->manager);
	doc_set_text(a, d, "id", s->id);
	doc_set_text(a, d, "name", s->external);
	doc_set_text(a, d, "state", stack_state_name(s->state));
	doc_set_text(a, d, "since", cli_time(k->c, s->at_ms));
	if (!doc_json_read(a, s->record, strlen(s->record), &record, &why))
		record = NULL;
	for (doc_each(x, doc_get(record, "things")))
		doc_push(things, doc_string(a, x->key));
	doc_set(a, d, "things", things);
	if (doc_get(record, "outputs"))
		doc_set(a, d, "outputs", doc_copy(a, doc_get(record, "outputs")));
	doc_push(k->list, d);
}

void cli_infra_known(struct cli *c, struct journal *j, struct doc *list)
{
	struct known k = { c, list };
	journal_stack_each(j, add_known, &k);
}
