/* A job's config.xml: written, read, and compared with what there should be. Facts: what Jenkins itself serves for a pipeline (plug-ins
 * workflow-job, workflow-cps, git). What others put into it stays: triggers and parameters, which a first build takes from the
 * Jenkinsfile, are kept there, too. */
#include "runtime/infra/jenkins.h"
#include "compiler/base/map.h"
#include "compiler/base/utf8.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define PATH_MAX_BYTES 1024
#define HUNKS_MAX 12
#define LCS_MAX_CELLS ((size_t)4 << 20)

/* -- reading -------------------------------------------------------------------------------------------------------------------- */

enum field { DESCRIPTION, DISABLED, DEFINITION, PROPERTIES, PARAMETERS, SCRIPT, URL, CREDENTIALS, BRANCH, SCRIPT_PATH, N_FIELDS };
#define REMOTE "definition/scm/userRemoteConfigs/hudson.plugins.git.UserRemoteConfig/"
#define DEFINITIONS "properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions"
static const char *const paths[N_FIELDS] = { "description", "disabled", "definition", "properties", DEFINITIONS, "definition/script", REMOTE "url", REMOTE "credentialsId",
	"definition/scm/branches/hudson.plugins.git.BranchSpec/name", "definition/scriptPath" };

struct config {
	bool pipeline;
	const char *text[N_FIELDS];                           /* NULL: it is not there */
	size_t from[N_FIELDS], inner[N_FIELDS], to[N_FIELDS]; /* of the element in the text; inner == to: <name/> */
	size_t end;                                           /* where the root's end tag begins */
	struct map parameters;                                /* by name */
};
struct scan {
	struct arena *arena;
	const char *xml;
	struct config *c;
	char path[PATH_MAX_BYTES];
	size_t lengths[DEPTH_MAX]; /* of the path, by depth; the root is none of it */
	uint32_t depth;
	size_t opened[DEPTH_MAX];  /* where what stands in an element begins */
};

static void add_code(struct buf *b, const char *text, size_t len)
{
	unsigned long code = len > 2 && text[2] == 'x' ? strtoul(text + 3, NULL, 16) : strtoul(text + 2, NULL, 10);
	if (code > 0 && code < 0x110000 && !(code >= 0xD800 && code < 0xE000))
		utf8_encode((uint32_t)code, b);
}

static const char *decoded(struct arena *a, const char *text, size_t len)
{
	static const struct { const char *name; char c; } known[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' } };
	struct buf b = { 0 };
	for (size_t i = 0; i < len;) {
		const char *end = text[i] == '&' ? memchr(text + i, ';', len - i > 12 ? 12 : len - i) : NULL;
		size_t n = end ? (size_t)(end - text) + 1 - i : 1;
		if (!end)
			buf_putc(&b, text[i]);
		else if (text[i + 1] == '#')
			add_code(&b, text + i, n);
		for (size_t k = 0; end && k < sizeof known / sizeof *known; k++)
			if (strlen(known[k].name) == n && strncmp(text + i, known[k].name, n) == 0)
				buf_putc(&b, known[k].c);
		i += n;
	}
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

static enum field field_of(const char *path)
{
	enum field f = 0;
	while (f < N_FIELDS && strcmp(paths[f], path) != 0)
		f++;
	return f;
}

static bool open_element(struct scan *x, const char *name, size_t n, size_t from, size_t to)
{
	size_t len = x->depth ? x->lengths[x->depth - 1] : 0;
	if (x->depth == DEPTH_MAX || len + n + 2 > PATH_MAX_BYTES)
		return false;
	if (x->depth == 0) {
		x->c->pipeline = n == strlen("flow-definition") && strncmp(name, "flow-definition", n) == 0;
	} else {
		len += (size_t)(len ? (x->path[len] = '/', 1) : 0);
		memcpy(x->path + len, name, n);
		len += n;
	}
	x->path[len] = 0;
	x->opened[x->depth] = to;
	x->lengths[x->depth++] = len;
	enum field f = field_of(x->path);
	if (f < N_FIELDS && !x->c->text[f]) {
		x->c->from[f] = from;
		x->c->inner[f] = to;
	}
	return true;
}

/* Whether the element of that name is the one that is open. */
static bool is_open(const struct scan *x, const char *name)
{
	const char *last = strrchr(x->path, '/'), *open = x->depth < 2 ? "flow-definition" : last ? last + 1 : x->path;
	size_t n = strlen(open);
	return x->depth > 0 && strncmp(name, open, n) == 0 && (name[n] == '>' || name[n] == ' ' || name[n] == '\n' || name[n] == '\t' || name[n] == '\r');
}

/* from, to: of the end tag. */
static bool close_element(struct scan *x, size_t from, size_t to)
{
	static const char definition[] = DEFINITIONS "/";
	if (x->depth == 0)
		return false;
	enum field f = field_of(x->path);
	const char *last = strrchr(x->path, '/');
	size_t inner = x->opened[x->depth - 1];
	if (f < N_FIELDS && !x->c->text[f]) {
		x->c->text[f] = decoded(x->arena, x->xml + inner, from - inner);
		x->c->to[f] = to;
	}
	if (last && strcmp(last, "/name") == 0 && strncmp(x->path, definition, strlen(definition)) == 0)
		map_set(&x->c->parameters, decoded(x->arena, x->xml + inner, from - inner), x->c);
	x->depth--;
	if (x->depth == 0)
		x->c->end = from < to ? from : 0; /* <flow-definition/> holds nothing */
	else
		x->path[x->lengths[x->depth - 1]] = 0;
	return true;
}

/* The end of a tag that begins at `at`, quoted attributes passed over; NULL: it has none. */
static const char *tag_end(const char *at)
{
	char quote = 0;
	for (at++; *at && (quote || (*at != '>' && *at != '<')); at++)
		if (quote ? *at == quote : *at == '"' || *at == '\'')
			quote = quote ? 0 : *at;
	return *at == '>' ? at + 1 : NULL;
}

static void config_read(struct arena *a, const char *xml, struct config *ret)
{
	struct scan *x = arena_new(a, struct scan);
	*ret = (struct config){ 0 };
	x->arena = a;
	x->xml = xml;
	x->c = ret;
	bool ok = true;
	for (const char *at = strchr(xml, '<'); ok && at; at = strchr(at, '<')) {
		bool comment = strncmp(at, "<!--", 4) == 0;
		const char *end = comment ? strstr(at, "-->") : tag_end(at);
		size_t from = (size_t)(at - xml), to = end ? (size_t)(end - xml) + (comment ? 3 : 0) : 0;
		ok = end && strncmp(at, "<![", 3) != 0 && strncmp(at, "<!DOCTYPE", 9) != 0; /* Jenkins writes none of these */
		if (ok && at[1] == '/')
			ok = is_open(x, at + 2) && close_element(x, from, to);
		else if (ok && at[1] != '?' && !comment)
			ok = open_element(x, at + 1, strcspn(at + 1, " \t\r\n/>"), from, to) && (end[-2] != '/' || close_element(x, to, to));
		at = ok ? xml + to : at;
	}
	ret->pipeline = ret->pipeline && ok && x->depth == 0 && ret->end > 0;
}

/* -- what there should be ---------------------------------------------------------------------------------------------------------- */

const char *jenkins_path(struct stack *s, const struct infra_thing *t)
{
	return doc_text(doc_get(t->attributes, "job"), s->part->twin);
}

const char *jenkins_marker(struct stack *s, const char *thing)
{
	return arena_printf(s->arena, "[twinc %s/%s]", s->external, thing);
}

bool jenkins_is_pipeline(struct stack *s, const char *thing, const char *xml, bool *ret_ours)
{
	struct config c;
	config_read(s->arena, xml, &c);
	*ret_ours = c.text[DESCRIPTION] && s->external && strstr(c.text[DESCRIPTION], jenkins_marker(s, thing));
	map_finish(&c.parameters);
	return c.pipeline;
}

const struct infra_file *jenkins_file(const struct stack *s)
{
	return stack_file(s, "Jenkinsfile");
}

static const char *attribute(const struct infra_thing *t, const char *name)
{
	return doc_text(doc_get(t->attributes, name), NULL);
}

static const char *branch_of(struct stack *s, const struct infra_thing *t)
{
	return arena_printf(s->arena, "*/%s", doc_text(doc_get(t->attributes, "branch"), "main"));
}

static const char *escaped(struct arena *a, const char *text)
{
	struct buf b = { 0 };
	for (const char *c = text; *c; c++)
		switch (*c) {
		case '&': buf_puts(&b, "&amp;"); break;
		case '<': buf_puts(&b, "&lt;"); break;
		case '>': buf_puts(&b, "&gt;"); break;
		default:
			if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 127)
				buf_printf(&b, "&#x%x;", (unsigned char)*c);
			else
				buf_putc(&b, *c);
		}
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

static const char *definition_xml(struct stack *s, const struct infra_thing *t)
{
	struct arena *a = s->arena;
	const char *repository = attribute(t, "repository"), *credentials = attribute(t, "credentials");
	if (!repository)
		return arena_printf(a, "<definition class=\"org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition\">\n    <script>%s</script>\n    <sandbox>true</sandbox>\n  </definition>", escaped(a, jenkins_file(s)->text));
	return arena_printf(a, "<definition class=\"org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition\">\n    <scm class=\"hudson.plugins.git.GitSCM\">\n"
		"      <configVersion>2</configVersion>\n      <userRemoteConfigs>\n        <hudson.plugins.git.UserRemoteConfig>\n          <url>%s</url>\n%s%s%s"
		"        </hudson.plugins.git.UserRemoteConfig>\n      </userRemoteConfigs>\n      <branches>\n        <hudson.plugins.git.BranchSpec>\n"
		"          <name>%s</name>\n        </hudson.plugins.git.BranchSpec>\n      </branches>\n      <doGenerateSubmoduleConfigurations>false</doGenerateSubmoduleConfigurations>\n"
		"      <submoduleCfg class=\"empty-list\"/>\n      <extensions/>\n    </scm>\n    <scriptPath>%s</scriptPath>\n    <lightweight>true</lightweight>\n  </definition>",
		escaped(a, repository), credentials ? "          <credentialsId>" : "", credentials ? escaped(a, credentials) : "", credentials ? "</credentialsId>\n" : "",
		escaped(a, branch_of(s, t)), escaped(a, doc_text(doc_get(t->attributes, "script"), "Jenkinsfile")));
}

/* As the Jenkinsfile names it: names in capitals belong to the shell and to Jenkins. */
static const char *parameter_of(struct arena *a, const char *name)
{
	for (const char *c = name; *c; c++)
		if (islower((unsigned char)*c))
			return name;
	return arena_printf(a, "PARAM_%s", name);
}

/* Definitions of the parameters that a start gives and that the job does not know: Jenkins drops those without a word. */
static const char *parameters_xml(struct stack *s, const struct infra_thing *t, const struct map *known, const char **ret_names)
{
	struct arena *a = s->arena;
	const struct doc *run = doc_get(t->attributes, "run");
	struct buf b = { 0 }, names = { 0 };
	VEC(const char *) list = { 0 };
	if (run) {
		*vec_push(&list) = JENKINS_START;
		*vec_push(&list) = "WORKFLOW";
	}
	for (doc_each(x, doc_get(run, "inputs")))
		*vec_push(&list) = parameter_of(a, x->key);
	for (uint32_t i = 0; i < list.len; i++) {
		if (known && map_get(known, list.at[i]))
			continue;
		buf_printf(&names, "%s%s", names.len ? ", " : "", list.at[i]);
		buf_printf(&b, "\n        <hudson.model.StringParameterDefinition>\n          <name>%s</name>\n          <description>%s</description>\n          <defaultValue>%s</defaultValue>\n"
			"          <trim>false</trim>\n        </hudson.model.StringParameterDefinition>",
			escaped(a, list.at[i]), i == 0 ? "who started it" : "", i == 1 ? escaped(a, doc_text(doc_get(run, "workflow"), "")) : "");
	}
	vec_finish(&list);
	*ret_names = names.len ? arena_strndup(a, buf_text(&names), names.len) : NULL;
	const char *ret = b.len ? arena_strndup(a, buf_text(&b), b.len) : NULL;
	buf_finish(&b);
	buf_finish(&names);
	return ret;
}

static const char *property_xml(struct arena *a, const char *parameters)
{
	return parameters ? arena_printf(a, "\n    <hudson.model.ParametersDefinitionProperty>\n      <parameterDefinitions>%s\n      </parameterDefinitions>\n    </hudson.model.ParametersDefinitionProperty>", parameters) : "";
}

static const char *new_config(struct stack *s, const struct infra_thing *t)
{
	struct arena *a = s->arena;
	const char *names, *property = property_xml(a, parameters_xml(s, t, NULL, &names)), *doc = s->part->doc;
	return arena_printf(a, "<?xml version='1.1' encoding='UTF-8'?>\n<flow-definition>\n  <description>%s%sMade of the twin %s, which changes and removes it by these words: %s</description>\n"
		"  <keepDependencies>false</keepDependencies>\n  <properties>%s\n  </properties>\n  %s\n  <triggers/>\n  <disabled>false</disabled>\n</flow-definition>\n",
		doc ? escaped(a, arena_strndup(a, doc, strcspn(doc, "\n"))) : "", doc ? "\n" : "", escaped(a, s->part->twin), jenkins_marker(s, t->name), property, definition_xml(s, t));
}

struct edit { size_t from, to; const char *text; };

static int compare_edits(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	return x->from < y->from ? -1 : x->from > y->from;
}

/* An element is replaced, or put before the root's end where it is not there. */
static struct edit replacing(struct arena *a, const struct config *c, enum field f, const char *text)
{
	return c->text[f] ? (struct edit){ c->from[f], c->to[f], text } : (struct edit){ c->end, c->end, arena_printf(a, "  %s\n", text) };
}

static struct edit adding_parameters(struct arena *a, const struct config *c, const char *parameters)
{
	const char *property = property_xml(a, parameters);
	if (c->text[PARAMETERS] && c->inner[PARAMETERS] != c->to[PARAMETERS])
		return (struct edit){ c->inner[PARAMETERS], c->inner[PARAMETERS], parameters };
	if (c->text[PARAMETERS])
		return replacing(a, c, PARAMETERS, arena_printf(a, "<parameterDefinitions>%s</parameterDefinitions>", parameters));
	if (c->text[PROPERTIES] && c->inner[PROPERTIES] != c->to[PROPERTIES])
		return (struct edit){ c->inner[PROPERTIES], c->inner[PROPERTIES], property };
	return replacing(a, c, PROPERTIES, arena_printf(a, "<properties>%s\n  </properties>", property));
}

const char *jenkins_config(struct stack *s, const struct infra_thing *t, const char *there)
{
	struct arena *a = s->arena;
	struct config c;
	struct edit edits[3];
	size_t n = 0, at = 0;
	struct buf b = { 0 };
	const char *names;
	if (!there)
		return new_config(s, t);
	config_read(a, there, &c);
	edits[n++] = replacing(a, &c, DEFINITION, definition_xml(s, t));
	if (c.text[DISABLED])
		edits[n++] = replacing(a, &c, DISABLED, "<disabled>false</disabled>");
	const char *parameters = parameters_xml(s, t, &c.parameters, &names);
	if (parameters)
		edits[n++] = adding_parameters(a, &c, parameters);
	qsort(edits, n, sizeof *edits, compare_edits);
	for (size_t i = 0; i < n; i++) {
		buf_add(&b, there + at, edits[i].from - at);
		buf_puts(&b, edits[i].text);
		at = edits[i].to;
	}
	buf_puts(&b, there + at);
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	map_finish(&c.parameters);
	return ret;
}

/* -- what differs -------------------------------------------------------------------------------------------------------------------- */

static void note(struct stack *s, struct doc *list, const char *what, const char *before, const char *after, struct span span)
{
	struct arena *a = s->arena;
	struct doc *d = doc_from(doc_map(a), span);
	doc_set_text(a, d, "task", what);
	doc_set_text(a, d, "before", stack_masked(s, before ? before : "none", 200));
	doc_set_text(a, d, "text", after ? after : "none");
	doc_push(list, d);
}

struct line { const char *text; size_t len; };
struct side { struct line *at; uint32_t n; };

static struct side split(struct arena *a, const char *text)
{
	struct side ret = { 0 };
	for (const char *c = text; *c; c++)
		ret.n += *c == '\n';
	ret.at = arena_new_n(a, struct line, ret.n + 1);
	ret.n = 0;
	for (const char *c = text; *c;) {
		size_t n = strcspn(c, "\n"), len = n;
		while (len > 0 && c[len - 1] == '\r')
			len--;
		ret.at[ret.n++] = (struct line){ c, len };
		c += n + (c[n] != 0);
	}
	while (ret.n && ret.at[ret.n - 1].len == 0)
		ret.n--;
	return ret;
}

static bool same_line(struct line a, struct line b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static struct span line_span(const struct infra_file *f, uint32_t line, struct span otherwise)
{
	for (uint32_t i = 0; i < f->n_lines && f->lines[i].number <= line; i++)
		otherwise = f->lines[i].from.file ? f->lines[i].from : otherwise;
	return otherwise;
}

/* The first of some lines, and how many follow: from `from` on, where what is before is no matter. */
static const char *hunk_text(struct arena *a, const struct line *at, uint32_t n, size_t from)
{
	if (n == 0)
		return NULL;
	size_t len = at->len - from, cut = len > 100 ? 100 : len;
	while (cut < len && cut > 0 && ((unsigned char)at->text[from + cut] & 0xC0) == 0x80)
		cut--;
	const char *more = n == 1 ? "" : n == 2 ? " and 1 line more" : arena_printf(a, " and %u lines more", n - 1);
	return arena_printf(a, "%s%.*s%s%s", from > 0 && at->text[from - 1] != ' ' ? "..." : "", (int)cut, at->text + from, cut < len ? "..." : "", more);
}

/* Where to begin to show two lines: behind what is blank, and of long ones a little before they differ. */
static size_t shown_from(const struct line *old, const struct line *new)
{
	const struct line *one = old ? old : new;
	size_t blank = 0, alike = 0;
	while (blank < one->len && one->text[blank] == ' ' && (!old || !new || (blank < new->len && new->text[blank] == ' ')))
		blank++;
	while (old && new && alike < old->len && alike < new->len && old->text[alike] == new->text[alike])
		alike++;
	if (alike < blank + 60)
		return blank;
	for (alike -= 20; ((unsigned char)one->text[alike] & 0xC0) == 0x80;)
		alike--;
	return alike;
}

static void note_hunk(struct stack *s, struct doc *list, const struct infra_file *f, const struct line *old, uint32_t n_old, const struct line *new, uint32_t n_new, uint32_t number)
{
	size_t from = shown_from(n_old ? old : NULL, n_new ? new : NULL);
	if (doc_len(list) < HUNKS_MAX)
		note(s, list, arena_printf(s->arena, "Jenkinsfile:%u", number), hunk_text(s->arena, old, n_old, from), hunk_text(s->arena, new, n_new, from), line_span(f, number, f->from));
	else if (doc_len(list) == HUNKS_MAX)
		note(s, list, "Jenkinsfile", "as it is", "otherwise in more places", f->from);
}

/* table[i][k]: how many lines of old from i on and of new from k on are alike. */
static uint16_t *alike(const struct line *old, uint32_t n, const struct line *new, uint32_t m)
{
	if ((size_t)(n + 1) * (m + 1) > LCS_MAX_CELLS || n > UINT16_MAX)
		return NULL;
	uint16_t *t = calloc((size_t)(n + 1) * (m + 1), sizeof *t);
	for (uint32_t i = n; t && i-- > 0;)
		for (uint32_t k = m; k-- > 0;) {
			uint16_t down = t[(i + 1) * (m + 1) + k], right = t[i * (m + 1) + k + 1];
			t[i * (m + 1) + k] = same_line(old[i], new[k]) ? (uint16_t)(t[(i + 1) * (m + 1) + k + 1] + 1) : down > right ? down : right;
		}
	return t;
}

static void compare_scripts(struct stack *s, struct doc *list, const char *there)
{
	const struct infra_file *f = jenkins_file(s);
	struct side old = split(s->arena, there), new = split(s->arena, f->text);
	uint32_t from = 0, i, k;
	while (from < old.n && from < new.n && same_line(old.at[from], new.at[from]))
		from++;
	while (old.n > from && new.n > from && same_line(old.at[old.n - 1], new.at[new.n - 1])) {
		old.n--;
		new.n--;
	}
	uint32_t n = old.n - from, m = new.n - from;
	const struct line *o = old.at + from, *w = new.at + from;
	uint16_t *t = alike(o, n, w, m);
	for (i = 0, k = 0; i < n || k < m;) {
		uint32_t i0 = i, k0 = k;
		while ((i < n || k < m) && !(t && i < n && k < m && same_line(o[i], w[k])))
			if (i < n && (k == m || !t || t[(i + 1) * (m + 1) + k] >= t[i * (m + 1) + k + 1]))
				i++;
			else
				k++;
		if (i > i0 || k > k0)
			note_hunk(s, list, f, o + i0, i - i0, w + k0, k - k0, from + k0 + 1);
		while (t && i < n && k < m && same_line(o[i], w[k]))
			i++, k++;
	}
	free(t);
}

static void compare_text(struct stack *s, const struct infra_thing *t, struct doc *list, const char *name, const char *there, const char *wanted)
{
	const struct doc *given = doc_get(t->attributes, name);
	if (strcmp(there ? there : "", wanted ? wanted : "") != 0)
		note(s, list, name, there && *there ? there : NULL, wanted, given && given->from.file ? given->from : t->span);
}

struct doc *jenkins_differences(struct stack *s, const struct infra_thing *t, const char *there)
{
	struct doc *list = doc_list(s->arena);
	const char *repository = attribute(t, "repository"), *names;
	struct config c;
	config_read(s->arena, there, &c);
	if (!repository != !c.text[URL]) {
		compare_text(s, t, list, "repository", c.text[URL], repository);
	} else if (repository) {
		compare_text(s, t, list, "repository", c.text[URL], repository);
		compare_text(s, t, list, "branch", c.text[BRANCH], branch_of(s, t));
		compare_text(s, t, list, "script", c.text[SCRIPT_PATH], doc_text(doc_get(t->attributes, "script"), "Jenkinsfile"));
		compare_text(s, t, list, "credentials", c.text[CREDENTIALS], attribute(t, "credentials"));
	} else if (jenkins_file(s)) {
		compare_scripts(s, list, c.text[SCRIPT] ? c.text[SCRIPT] : "");
	}
	if (c.text[DISABLED] && strcmp(c.text[DISABLED], "true") == 0)
		note(s, list, "disabled", "true", "false", t->span);
	if (parameters_xml(s, t, &c.parameters, &names))
		note(s, list, "parameters", "as they are", arena_printf(s->arena, "also %s", names), t->span);
	map_finish(&c.parameters);
	return list;
}

/* -- what a build is told -------------------------------------------------------------------------------------------------------------- */

static const struct plan_field *input_of(const struct stack *s, const char *workflow, const char *name)
{
	uint32_t w = plan_find_workflow(s->part, workflow);
	for (uint32_t i = 0; w != PLAN_NONE && i < s->part->workflows[w].n_inputs; i++)
		if (strcmp(s->part->workflows[w].inputs[i].name, name) == 0)
			return &s->part->workflows[w].inputs[i];
	return NULL;
}

const char *jenkins_parameters(struct stack *s, const struct infra_thing *t, const char **ret_bad)
{
	struct arena *a = s->arena;
	const struct doc *run = doc_get(t->attributes, "run");
	const char *workflow = doc_text(doc_get(run, "workflow"), "");
	struct buf b = { 0 }, value = { 0 };
	*ret_bad = NULL;
	buf_printf(&b, "WORKFLOW=%s", jenkins_encoded(a, workflow));
	for (doc_each(x, doc_get(run, "inputs"))) {
		const struct plan_field *in = input_of(s, workflow, x->key);
		if (x->kind == DOC_NULL || doc_get(x, "secret") || !in || in->type->kind == TYPE_FILE || in->type->kind == TYPE_DIR)
			*ret_bad = x->key;
		buf_clear(&value);
		doc_json_write(x, 0, &value);
		buf_printf(&b, "&%s=%s", parameter_of(a, x->key), jenkins_encoded(a, x->kind == DOC_STRING ? x->string.text : buf_text(&value)));
	}
	const char *ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	buf_finish(&value);
	return ret;
}
