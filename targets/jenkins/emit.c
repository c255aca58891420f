/* The target: a declarative Jenkinsfile that checks, lints and builds the twin and runs a workflow of it, stage by stage. */
#include "targets/jenkins/inside.h"
#include "compiler/base/file.h"
#include "compiler/doc/quote.h"
#include <ctype.h>
#include <string.h>

#define INDENT 4

void jenkins_line(struct jenkins *j, const char *format, ...)
{
	va_list args;

	buf_printf(&j->text.text, "%*s", (int)(j->depth * INDENT), "");
	va_start(args, format);
	buf_vprintf(&j->text.text, format, args);
	va_end(args);
	buf_putc(&j->text.text, '\n');
}

void jenkins_open(struct jenkins *j, const char *format, ...)
{
	va_list args;

	buf_printf(&j->text.text, "%*s", (int)(j->depth++ * INDENT), "");
	va_start(args, format);
	buf_vprintf(&j->text.text, format, args);
	va_end(args);
	buf_puts(&j->text.text, " {\n");
}

void jenkins_close(struct jenkins *j)
{
	j->depth--;
	jenkins_line(j, "}");
}

const char *jenkins_string(struct jenkins *j, const char *text)
{
	struct buf b = { 0 };
	const char *ret;

	quote_groovy(text, strlen(text), &b);
	ret = arena_strndup(j->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

const char *jenkins_home(struct jenkins *j, uint32_t workflow)
{
	return arena_printf(j->arena, "build/jenkins/%s", j->plan->workflows[workflow].name);
}

/* -- head ---------------------------------------------------------------------------------------------------------------------- */

static const char *first_line(struct arena *a, const char *text)
{
	return arena_strndup(a, text ? text : "", text ? strcspn(text, "\n") : 0);
}

static void put_choice(struct jenkins *j, const bool *written)
{
	struct buf names = { 0 };

	for (uint32_t pass = 0; pass < 2; pass++) /* the one that is meant, or main, comes first: it is the default */
		for (uint32_t i = 0; i < j->plan->n_workflows; i++) {
			bool first = j->request->workflow == i || (j->request->workflow == PLAN_NONE && strcmp(j->plan->workflows[i].name, "main") == 0);
			if (written[i] && first == (pass == 0))
				buf_printf(&names, "%s%s", names.len ? ", " : "", jenkins_string(j, j->plan->workflows[i].name));
		}
	jenkins_line(j, "choice(name: 'WORKFLOW', choices: [%s], description: 'the workflow to run')", buf_text(&names));
	buf_finish(&names);
}

/* The variable of a parameter; a dot is two underscores. Variables in capitals belong to the shell, to Jenkins and to the pipeline itself: PATH, BUILD_NUMBER, WORKFLOW. */
static const char *parameter_of(struct jenkins *j, const char *name)
{
	bool capitals = true;

	for (const char *c = name; *c; c++)
		capitals = capitals && !islower((unsigned char)*c);
	const char *dot = strchr(name, '.');
	while (dot) {
		name = arena_printf(j->arena, "%.*s__%s", (int)(dot - name), name, dot + 1);
		dot = strchr(name, '.');
	}
	return capitals ? arena_printf(j->arena, "PARAM_%s", name) : name;
}

static void put_parameter(struct jenkins *j, struct map *seen, const struct plan_field *f)
{
	if (map_get(seen, f->name) || f->type->kind == TYPE_SECRET)
		return;
	map_set(seen, f->name, j);
	target_text_from(&j->text, f->span);
	jenkins_line(j, "string(name: %s, defaultValue: '', description: %s)", jenkins_string(j, parameter_of(j, f->name)),
		jenkins_string(j, arena_printf(j->arena, "%s%s%s; empty: as the twin says", type_text(j->arena, f->type), f->doc ? ": " : "", first_line(j->arena, f->doc))));
}


static void put_parameters(struct jenkins *j, const bool *written)
{
	struct map seen;

	map_init(&seen);
	jenkins_open(j, "parameters");
	put_choice(j, written);
	for (uint32_t i = 0; i < j->plan->n_params; i++) {
		const struct plan_param *p = &j->plan->params[i];
		struct plan_field f = { .name = p->name, .doc = p->doc, .span = p->span, .type = p->type };
		if (!p->secret)
			put_parameter(j, &seen, &f);
	}
	for (uint32_t i = 0; i < j->plan->n_workflows; i++)
		for (uint32_t k = 0; written[i] && k < j->plan->workflows[i].n_inputs; k++)
			put_parameter(j, &seen, &j->plan->workflows[i].inputs[k]);
	jenkins_close(j);
	map_finish(&seen);
}

/* "5 * * * *" of cron("5 * * * *"); NULL: started otherwise. */
static const char *cron_of(struct jenkins *j, const struct plan_thing *t)
{
	const char *when = doc_text(doc_get(t->attributes, "when"), "");
	size_t n = strlen(when);

	if (strncmp(when, "cron(\"", 6) != 0 || n < 8 || strcmp(when + n - 2, "\")") != 0)
		return NULL;
	return arena_strndup(j->arena, when + 6, n - 8);
}

static void put_triggers(struct jenkins *j, const bool *written)
{
	struct buf lines = { 0 };
	struct span span = { 0 };

	for (uint32_t i = 0; i < j->plan->n_things; i++) {
		const struct plan_thing *t = &j->plan->things[i];
		const char *cron = strcmp(t->role, "trigger") == 0 ? cron_of(j, t) : NULL;
		if (strcmp(t->role, "trigger") != 0)
			continue;
		if (!cron) {
			target_row(j->ret, t->name, t->span, TARGET_REFUSED, "Jenkins starts a pipeline by the clock, by a commit or by a call, not by `%s`: what sees the event can call the address of its job, buildWithParameters", doc_text(doc_get(t->attributes, "when"), "this"));
			continue;
		}
		if (t->workflow == PLAN_NONE || !written[t->workflow])
			continue;
		target_row(j->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
		buf_printf(&lines, "%s%s %%WORKFLOW=%s", lines.len ? "\n" : "", cron, j->plan->workflows[t->workflow].name);
		span = t->span;
	}
	if (lines.len) {
		target_text_from(&j->text, span);
		jenkins_open(j, "triggers");
		jenkins_line(j, "parameterizedCron(%s)", jenkins_string(j, buf_text(&lines)));
		jenkins_close(j);
	}
	buf_finish(&lines);
}

static void put_secret(struct jenkins *j, const char *name, struct span span)
{
	char *variable = arena_strdup(j->arena, name), *id = arena_strdup(j->arena, name);

	for (char *c = variable; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	for (char *c = id; *c; c++)
		*c = *c == '_' ? '-' : *c;
	target_text_from(&j->text, span);
	jenkins_line(j, "TWIN_SECRET_%s = credentials(%s)", variable, jenkins_string(j, id));
}

static void put_secrets(struct jenkins *j, const bool *written)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < j->plan->n_params; i++)
		if (j->plan->params[i].secret && n++ == 0)
			jenkins_open(j, "environment");
	for (uint32_t i = 0; i < j->plan->n_params; i++)
		if (j->plan->params[i].secret)
			put_secret(j, j->plan->params[i].name, j->plan->params[i].span);
	for (uint32_t i = 0; i < j->plan->n_workflows; i++)
		for (uint32_t k = 0; written[i] && k < j->plan->workflows[i].n_inputs; k++) {
			const struct plan_field *f = &j->plan->workflows[i].inputs[k];
			if (f->type->kind != TYPE_SECRET)
				continue;
			if (n++ == 0)
				jenkins_open(j, "environment");
			put_secret(j, f->name, f->span);
		}
	if (n)
		jenkins_close(j);
}

/* -- stages --------------------------------------------------------------------------------------------------------------------- */

static const char *sh_word(struct jenkins *j, const char *text)
{
	struct buf b = { 0 };
	const char *ret;

	if (text[0] == '-')
		buf_puts(&b, "./");
	quote_sh(text, strlen(text), &b);
	ret = arena_strndup(j->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

/* check or lint, with its findings as results of tests; bends: the pipeline goes on. */
static void put_verb(struct jenkins *j, const char *verb, bool bends)
{
	jenkins_open(j, "stage('%s')", verb);
	jenkins_open(j, "steps");
	if (bends)
		jenkins_open(j, "catchError(buildResult: 'UNSTABLE', stageResult: 'UNSTABLE')");
	jenkins_line(j, "sh %s", jenkins_string(j, arena_printf(j->arena, "twinc %s %s --format junit >%s.xml", verb, sh_word(j, j->twin), verb)));
	if (bends)
		jenkins_close(j);
	jenkins_close(j);
	jenkins_open(j, "post");
	jenkins_open(j, "always");
	jenkins_line(j, "junit '%s.xml'", verb);
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
}

static void put_binding(struct jenkins *j, const char *name)
{
	const char *parameter = parameter_of(j, name);

	jenkins_line(j, "[ -z \"$%s\" ] || set -- \"$@\" \"%s=$%s\"", parameter, name, parameter);
}

/* The text inside of a literal of Groovy, as long as it has no end of a line. */
static const char *inside_literal(struct jenkins *j, const char *text)
{
	const char *quoted = jenkins_string(j, text);

	return arena_strndup(j->arena, quoted + 1, strlen(quoted) - 2);
}

/* Binds what the parameters of the build say. */
static void put_bind(struct jenkins *j, uint32_t workflow)
{
	const struct plan_workflow *w = &j->plan->workflows[workflow];

	jenkins_open(j, "stage('bind')");
	jenkins_open(j, "steps");
	jenkins_line(j, "sh '''");
	j->depth++;
	jenkins_line(j, "set --");
	for (uint32_t i = 0; i < j->plan->n_params; i++)
		if (!j->plan->params[i].secret)
			put_binding(j, j->plan->params[i].name);
	for (uint32_t i = 0; i < w->n_inputs; i++)
		if (w->inputs[i].type->kind != TYPE_SECRET)
			put_binding(j, w->inputs[i].name);
	jenkins_line(j, "rm -rf %s/run # a build begins anew", jenkins_home(j, workflow));
	jenkins_line(j, "twinc build %s %s -t jenkins -o build \"$@\"", inside_literal(j, sh_word(j, j->twin)), w->name);
	j->depth--;
	jenkins_line(j, "'''");
	jenkins_close(j);
	jenkins_close(j);
}

static void put_results(struct jenkins *j, uint32_t workflow)
{
	jenkins_open(j, "stage('results')");
	jenkins_open(j, "steps");
	jenkins_open(j, "dir(%s)", jenkins_string(j, jenkins_home(j, workflow)));
	jenkins_line(j, "sh './flow.py results >outputs.json'");
	jenkins_line(j, "archiveArtifacts artifacts: 'outputs.json, results/**', allowEmptyArchive: true");
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
}

static void put_workflow(struct jenkins *j)
{
	const struct plan_workflow *w = &j->plan->workflows[j->workflow];

	target_text_from(&j->text, w->span);
	jenkins_line(j, "// %s: workflow %s", target_place(j->arena, j->plan, w->span), w->name);
	jenkins_open(j, "stage(%s)", jenkins_string(j, w->name));
	jenkins_open(j, "when");
	jenkins_line(j, "expression { params.WORKFLOW == %s }", jenkins_string(j, w->name));
	jenkins_close(j);
	jenkins_open(j, "stages");
	put_bind(j, j->workflow);
	jenkins_stages(j, w->block, w->name, false);
	target_text_from(&j->text, w->span);
	put_results(j, j->workflow);
	jenkins_close(j);
	jenkins_open(j, "post");
	jenkins_open(j, "always");
	jenkins_open(j, "dir(%s)", jenkins_string(j, jenkins_home(j, j->workflow)));
	jenkins_line(j, "sh './flow.py junit >junit.xml'");
	jenkins_line(j, "junit 'junit.xml'");
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
}

static void put_steps(struct jenkins *j)
{
	for (uint32_t i = 0; i < j->plan->n_steps; i++) {
		const struct plan_step *s = &j->plan->steps[i];
		if (!flow_has_step(&j->flow, i) || j->told[i])
			continue;
		j->told[i] = true;
		if (s->place)
			target_row(j->ret, s->name, s->span, TARGET_EMULATED, "it is placed on `%s`; the pipeline runs all on one agent, which holds the workspace", s->place);
		else if (flow_cwl(s))
			target_row(j->ret, s->name, s->span, TARGET_EMULATED, "it is a document of CWL: cwltool runs it on the agent");
		else if (s->attempts > 1)
			target_row(j->ret, s->name, s->span, TARGET_EMULATED, "it is not tried again; a failed build is started again");
		else
			target_row(j->ret, s->name, s->span, TARGET_SUPPORTED, NULL);
	}
}

/* Puts what was written elsewhere, lines and all. */
static void add_body(struct jenkins *j, const struct target_text *body)
{
	uint32_t before = 0;

	for (size_t i = 0; i < j->text.text.len; i++)
		before += j->text.text.text[i] == '\n';
	for (uint32_t i = 0; i < body->lines.list.len; i++) {
		struct line_from l = body->lines.list.at[i];
		l.number += before;
		*vec_push(&j->text.lines.list) = l;
	}
	j->text.lines.now = body->lines.now;
	buf_add(&j->text.text, buf_text(&body->text), body->text.len);
	j->text.lines.seen = j->text.text.len;
	j->text.lines.number = before;
	for (size_t i = 0; i < body->text.len; i++)
		j->text.lines.number += body->text.text[i] == '\n';
}

#define PIECE_BYTES 8000 /* constants of Java hold 65 535 bytes */

/* A text as one expression of Groovy: longer ones in pieces, between which no character is cut. */
static void put_text(struct jenkins *j, const char *file, const char *text, size_t len)
{
	if (len <= PIECE_BYTES) {
		jenkins_line(j, "writeFile file: %s, encoding: 'UTF-8', text: %s", file, jenkins_string(j, arena_strndup(j->arena, text, len)));
		return;
	}
	jenkins_open(j, "script");
	jenkins_line(j, "def pieces = []");
	while (len) {
		size_t n = len > PIECE_BYTES ? PIECE_BYTES : len;
		while (n < len && n > 1 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
		jenkins_line(j, "pieces << %s", jenkins_string(j, arena_strndup(j->arena, text, n)));
		text += n;
		len -= n;
	}
	jenkins_line(j, "writeFile file: %s, encoding: 'UTF-8', text: pieces.join('')", file);
	jenkins_close(j);
}

/* The twin's own files, for a job that no repository belongs to. */
static void put_twin(struct jenkins *j)
{
	const struct sources *s = j->plan->sources;

	jenkins_open(j, "stage('twin')");
	jenkins_open(j, "steps");
	for (uint32_t i = 1; i < s->list.len; i++) {
		const char *name = target_file_name(j->plan, i);
		if (strncmp(name, "std/", 4) != 0 && name[0] != '/' && strncmp(name, "../", 3) != 0)
			put_text(j, jenkins_string(j, name), s->list.at[i].text, s->list.at[i].len);
	}
	jenkins_close(j);
	jenkins_close(j);
}

static void put_file(struct jenkins *j, const bool *written, const struct target_text *body)
{
	const struct plan *p = j->plan;
	struct span whole = p->workflows[0].span;

	target_text_from(&j->text, whole);
	jenkins_line(j, "// The pipeline of the twin %s (%s).%s%s", p->twin, j->twin, p->doc ? " " : "", first_line(j->arena, p->doc));
	jenkins_line(j, "// It wants twinc and python3 on the agent, and %s.", j->request->carries ? "brings the twin along" : "stands beside the twin, where the repository starts");
	jenkins_open(j, "pipeline");
	jenkins_line(j, "agent any");
	jenkins_open(j, "options");
	jenkins_line(j, "buildDiscarder(logRotator(numToKeepStr: '20'))");
	jenkins_line(j, "disableConcurrentBuilds()");
	jenkins_line(j, "timestamps()");
	jenkins_close(j);
	put_parameters(j, written);
	put_triggers(j, written);
	put_secrets(j, written);
	target_text_from(&j->text, whole);
	jenkins_open(j, "stages");
	if (j->request->carries)
		put_twin(j);
	put_verb(j, "check", false);
	put_verb(j, "lint", true);
	add_body(j, body);
	target_text_from(&j->text, whole);
	jenkins_close(j);
	jenkins_close(j);
	target_put_text(j->ret, "Jenkinsfile", whole, &j->text);
	jenkins_jepl(j);
}

/* The workflows first, into a text of their own: the head has to know which of them can be said. */
static void emit(const struct target_request *request, struct target_result *ret)
{
	struct jenkins j = { .arena = ret->arena, .plan = request->plan, .request = request, .ret = ret, .depth = 2 }, head;
	const struct plan *p = request->plan;
	bool *written = arena_new_n(ret->arena, bool, p->n_workflows + 1), any = false;
	struct target_text body;

	if (p->n_workflows == 0) {
		ret->note = "there is no workflow";
		return;
	}
	j.twin = file_basename(j.arena, p->sources->list.at[1].path);
	j.told = arena_new_n(j.arena, bool, p->n_steps + 1);
	j.levels = arena_new_n(j.arena, uint32_t, p->n_nodes + 1);
	for (j.workflow = 0; j.workflow < p->n_workflows; j.workflow++) {
		if (!flow_is_meant(request, j.workflow))
			continue;
		j.flow = (struct flow){ .arena = j.arena, .request = request, .plan = p, .ret = ret, .folder = p->workflows[j.workflow].name };
		written[j.workflow] = flow_emit(&j.flow, j.workflow);
		if (written[j.workflow]) {
			put_workflow(&j);
			put_steps(&j);
			any = true;
		}
	}
	body = j.text;
	head = j;
	head.text = (struct target_text){ 0 };
	head.depth = 0;
	if (any)
		put_file(&head, written, &body);
	for (uint32_t i = 0; any && i < p->n_things; i++)
		if (strcmp(p->things[i].kind, "jenkins.job") == 0)
			target_row(ret, p->things[i].name, p->things[i].span, TARGET_SUPPORTED, NULL);
	buf_finish(&body.text);
	lines_finish(&body.lines);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	emit(request, ret);
	target_result_drop_files(ret);
}

const struct target target_jenkins = { "jenkins", "Jenkins: a declarative Jenkinsfile, and the configuration of JePL", check, emit };
