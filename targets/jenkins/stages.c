/* Stages: a block's nodes in the order of what they rest on; what rests on nothing of each other runs in parallel. */
#include "targets/jenkins/inside.h"
#include <string.h>

#define MATRIX_MAX 64     /* elements of a list that are written out */
#define STAGE_NAME_MAX 90 /* letters of a stage's name */

/* -- levels ------------------------------------------------------------------------------------------------------------------ */

static uint32_t level_of(const struct jenkins *j, uint32_t block, uint32_t node)
{
	return node != PLAN_NONE && j->plan->nodes[node].block == block ? j->levels[node] : 0;
}

/* Of each node of a block one more than what it rests on in the block; a value is no stage and adds nothing. Gives the highest. */
static uint32_t levels_of(struct jenkins *j, uint32_t block)
{
	const struct plan *p = j->plan;
	const struct plan_block *b = &p->blocks[block];
	uint32_t highest = 0;

	for (uint32_t i = 0; i < b->n_nodes; i++) {
		const struct plan_node *n = &p->nodes[b->nodes[i]];
		uint32_t most = 0;
		for (uint32_t k = 0; k < n->n_needs; k++) {
			uint32_t level = level_of(j, block, p->slots[n->needs[k]].node);
			most = level > most ? level : most;
		}
		for (uint32_t k = 0; k < n->n_waits; k++) {
			uint32_t level = level_of(j, block, n->waits[k]);
			most = level > most ? level : most;
		}
		j->levels[b->nodes[i]] = most + (n->kind != PLAN_VALUE);
		highest = j->levels[b->nodes[i]] > highest ? j->levels[b->nodes[i]] : highest;
	}
	return highest;
}

/* -- one node ----------------------------------------------------------------------------------------------------------------- */

static const char *cut(struct jenkins *j, const char *text)
{
	size_t n = 0;

	for (; text[n] && n < STAGE_NAME_MAX; n++)
		;
	while (n && text[n] && ((unsigned char)text[n] & 0xC0) == 0x80) /* not inside of a character */
		n--;
	return text[n] ? arena_printf(j->arena, "%.*s...", (int)n, text) : text;
}

/* "gate plausible: mean.count >= 20, mean.mean > 250K" */
static const char *gate_name(struct jenkins *j, const struct plan_node *n)
{
	struct buf b = { 0 };
	const char *ret;

	buf_printf(&b, "gate %s", n->name);
	for (uint32_t i = 0; i < n->n_requirements; i++)
		buf_printf(&b, "%s%s", i ? ", " : ": ", expr_text(j->arena, n->requirements[i].expr));
	ret = arena_strndup(j->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

static const char *stage_name(struct jenkins *j, const struct plan_node *n)
{
	switch (n->kind) {
	case PLAN_GATE: return cut(j, gate_name(j, n));
	case PLAN_FOR: return cut(j, arena_printf(j->arena, "for %s in %s", j->plan->slots[n->element].name, expr_text(j->arena, n->subject)));
	case PLAN_IF: return cut(j, arena_printf(j->arena, "if %s", expr_text(j->arena, n->subject)));
	case PLAN_REPEAT: return cut(j, arena_printf(j->arena, "repeat until %s", expr_text(j->arena, n->subject)));
	case PLAN_CALL:
	case PLAN_SUB:
	case PLAN_VALUE: break;
	}
	return n->name;
}

/* Stages beside each other have different names. */
static const char *unique(struct jenkins *j, const char *wanted)
{
	const char *name = wanted;

	for (int i = 2; map_get(j->names, name); i++)
		name = arena_printf(j->arena, "%s (%d)", wanted, i);
	map_set(j->names, name, j);
	return name;
}

static void put_head(struct jenkins *j, const struct plan_node *n, const char *name)
{
	name = unique(j, name);
	target_text_from(&j->text, n->span);
	jenkins_line(j, "// %s", target_place(j->arena, j->plan, n->span));
	jenkins_open(j, "stage(%s)", jenkins_string(j, name));
}

static void open_home(struct jenkins *j)
{
	jenkins_open(j, "dir(%s)", jenkins_string(j, jenkins_home(j, j->workflow)));
}

static void put_sh(struct jenkins *j, const char *verb, const char *path)
{
	jenkins_line(j, "sh %s", jenkins_string(j, arena_printf(j->arena, "./flow.py %s %s", verb, path)));
}

static void put_run(struct jenkins *j, const char *path)
{
	jenkins_open(j, "steps");
	open_home(j);
	put_sh(j, "run", path);
	jenkins_close(j);
	jenkins_close(j);
}

static const char *status_of(struct jenkins *j, const char *verb, const char *path)
{
	return arena_printf(j->arena, "sh(returnStatus: true, script: %s)", jenkins_string(j, arena_printf(j->arena, "cd %s && ./flow.py %s %s", jenkins_home(j, j->workflow), verb, path)));
}

/* A person is asked only where the gate does not hold by itself. */
static void put_asking(struct jenkins *j, const struct plan_node *n, const char *path)
{
	jenkins_open(j, "when");
	jenkins_line(j, "beforeInput true");
	jenkins_line(j, "expression { %s != 0 }", status_of(j, "run", path));
	jenkins_close(j);
	jenkins_open(j, "input");
	jenkins_line(j, "message %s", jenkins_string(j, arena_printf(j->arena, "The %s does not hold: let pass?", gate_name(j, n))));
	jenkins_line(j, "ok 'Let pass'");
	jenkins_close(j);
	jenkins_open(j, "steps");
	open_home(j);
	put_sh(j, "approve", path);
	put_sh(j, "run", path);
	jenkins_close(j);
	jenkins_close(j);
}

static void put_gate(struct jenkins *j, const struct plan_node *n, const char *path)
{
	put_head(j, n, stage_name(j, n));
	for (uint32_t i = 0; i < n->n_requirements; i++) {
		target_text_from(&j->text, n->requirements[i].span);
		jenkins_line(j, "// %s%s%s", n->requirements[i].name ? n->requirements[i].name : "", n->requirements[i].name ? ": " : "", expr_text(j->arena, n->requirements[i].expr));
	}
	target_text_from(&j->text, n->span);
	if (n->on_fail == PLAN_ASK) {
		put_asking(j, n, path);
	} else if (n->on_fail == PLAN_WARN) {
		jenkins_open(j, "steps");
		open_home(j);
		put_sh(j, "run", path);
		jenkins_open(j, "catchError(buildResult: 'UNSTABLE', stageResult: 'UNSTABLE')");
		put_sh(j, "passed", path);
		jenkins_close(j);
		jenkins_close(j);
		jenkins_close(j);
	} else {
		put_run(j, path);
	}
	jenkins_close(j);
}

static void put_if(struct jenkins *j, const struct plan_node *n, const char *path)
{
	const char *holds = status_of(j, "holds", path);

	put_head(j, n, stage_name(j, n));
	jenkins_open(j, "when");
	jenkins_line(j, "expression { %s == 0 }", holds);
	jenkins_close(j);
	put_run(j, arena_printf(j->arena, "%s.then", path));
	jenkins_close(j);
	if (n->otherwise == PLAN_NONE)
		return;
	jenkins_open(j, "stage(%s)", jenkins_string(j, unique(j, cut(j, arena_printf(j->arena, "unless %s", expr_text(j->arena, n->subject))))));
	jenkins_open(j, "when");
	jenkins_line(j, "expression { %s != 0 }", holds);
	jenkins_close(j);
	put_run(j, arena_printf(j->arena, "%s.else", path));
	jenkins_close(j);
}

/* -- for -------------------------------------------------------------------------------------------------------------------------- */

/* The elements of a list that is written in the twin; NULL: known only in a run. */
static const struct value *written_list(struct jenkins *j, const struct plan_node *n)
{
	struct eval ev = { .arena = j->arena };
	const struct value *v;

	if (n->kind != PLAN_FOR || eval_expr(&ev, n->subject, &v) != EVAL_OK || v->kind != VALUE_LIST || v->list.len == 0 || v->list.len > MATRIX_MAX)
		return NULL;
	return v;
}

static void put_matrix(struct jenkins *j, const struct plan_node *n, const struct value *list, const char *path)
{
	struct buf values = { 0 }, shown = { 0 };

	for (uint32_t i = 0; i < list->list.len; i++)
		buf_printf(&values, "%s'%u'", i ? ", " : "", i);
	value_show(list, &shown);
	put_head(j, n, stage_name(j, n));
	jenkins_open(j, "matrix");
	jenkins_open(j, "axes");
	jenkins_open(j, "axis");
	jenkins_line(j, "name 'ELEMENT' // its place in %s", arena_strndup(j->arena, buf_text(&shown), strcspn(buf_text(&shown), "\n")));
	jenkins_line(j, "values %s", buf_text(&values));
	jenkins_close(j);
	jenkins_close(j);
	jenkins_open(j, "stages");
	jenkins_stages(j, n->inner, arena_printf(j->arena, "%s.$ELEMENT", path), true);
	target_text_from(&j->text, n->span);
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
	buf_finish(&values);
	buf_finish(&shown);
}

/* As many branches as there are elements, which is known only now. */
static void put_for(struct jenkins *j, const struct plan_node *n, const char *path)
{
	put_head(j, n, stage_name(j, n));
	jenkins_open(j, "steps");
	open_home(j);
	jenkins_open(j, "script");
	jenkins_line(j, "int count = sh(returnStdout: true, script: %s).trim().toInteger()", jenkins_string(j, arena_printf(j->arena, "./flow.py count %s", path)));
	jenkins_line(j, "def branches = [:]");
	jenkins_open(j, "for (int i = 0; i < count; i++)");
	jenkins_line(j, "String one = %s + i", jenkins_string(j, arena_printf(j->arena, "%s.", path)));
	jenkins_line(j, "branches[one] = { sh './flow.py run ' + one }");
	jenkins_close(j);
	jenkins_line(j, "parallel branches");
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
	jenkins_close(j);
}

/* -- blocks ------------------------------------------------------------------------------------------------------------------------- */

static void put_node(struct jenkins *j, uint32_t node, const char *above, bool in_parallel)
{
	const struct plan_node *n = &j->plan->nodes[node];
	const char *path = arena_printf(j->arena, "%s/%s", above, flow_node_name(j->arena, j->plan, node));

	switch (n->kind) {
	case PLAN_VALUE:
		return;
	case PLAN_GATE:
		put_gate(j, n, path);
		return;
	case PLAN_IF:
		put_if(j, n, path);
		return;
	case PLAN_FOR:
		if (!in_parallel && written_list(j, n))
			put_matrix(j, n, written_list(j, n), path);
		else
			put_for(j, n, path);
		return;
	case PLAN_SUB:
		put_head(j, n, stage_name(j, n));
		jenkins_open(j, "stages");
		jenkins_stages(j, j->plan->workflows[n->target].block, path, in_parallel);
		target_text_from(&j->text, n->span);
		jenkins_close(j);
		jenkins_close(j);
		return;
	case PLAN_CALL:
	case PLAN_REPEAT:
		put_head(j, n, stage_name(j, n));
		put_run(j, path);
		jenkins_close(j);
		return;
	}
}

static bool is_alone(struct jenkins *j, const struct plan_node *n)
{
	return written_list(j, n) || n->kind == PLAN_SUB || n->kind == PLAN_IF;
}

/* Nodes of one level: what can stand in `parallel` does so; the others, which hold stages of their own, follow. */
static void put_level(struct jenkins *j, const uint32_t *nodes, uint32_t n, const char *above, bool in_parallel)
{
	struct buf names = { 0 };
	uint32_t together = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct plan_node *node = &j->plan->nodes[nodes[i]];
		if (node->kind != PLAN_VALUE && !is_alone(j, node))
			buf_printf(&names, "%s%s", together++ ? ", " : "", node->kind == PLAN_GATE ? node->name : flow_node_name(j->arena, j->plan, nodes[i]));
	}
	if (together > 1 && !in_parallel) {
		jenkins_open(j, "stage(%s)", jenkins_string(j, unique(j, cut(j, arena_strdup(j->arena, buf_text(&names))))));
		jenkins_open(j, "parallel");
	}
	for (uint32_t i = 0; i < n; i++)
		if (!is_alone(j, &j->plan->nodes[nodes[i]]))
			put_node(j, nodes[i], above, in_parallel || together > 1);
	if (together > 1 && !in_parallel) {
		jenkins_close(j);
		jenkins_close(j);
	}
	for (uint32_t i = 0; i < n; i++)
		if (is_alone(j, &j->plan->nodes[nodes[i]]))
			put_node(j, nodes[i], above, in_parallel);
	buf_finish(&names);
}

/* The block's nodes by level, in the block's order within each. */
static uint32_t *by_level(struct jenkins *j, const struct plan_block *b, uint32_t highest, uint32_t **ret_starts)
{
	uint32_t *starts = arena_new_n(j->arena, uint32_t, highest + 2), *nodes = arena_new_n(j->arena, uint32_t, b->n_nodes + 1), *next;

	for (uint32_t i = 0; i < b->n_nodes; i++)
		starts[j->levels[b->nodes[i]] + 1]++;
	for (uint32_t level = 0; level <= highest; level++)
		starts[level + 1] += starts[level];
	next = arena_copy(j->arena, starts, (highest + 2) * sizeof(*starts));
	for (uint32_t i = 0; i < b->n_nodes; i++)
		nodes[next[j->levels[b->nodes[i]]]++] = b->nodes[i];
	*ret_starts = starts;
	return nodes;
}

void jenkins_stages(struct jenkins *j, uint32_t block, const char *path, bool in_parallel)
{
	const struct plan_block *b = &j->plan->blocks[block];
	uint32_t highest = levels_of(j, block), *starts, *nodes = by_level(j, b, highest, &starts);
	struct map names, *around = j->names;

	map_init(&names);
	map_set(&names, "bind", j); /* those of a workflow itself */
	map_set(&names, "results", j);
	j->names = &names;
	for (uint32_t level = 0; level <= highest; level++)
		put_level(j, nodes + starts[level], starts[level + 1] - starts[level], path, in_parallel);
	j->names = around;
	map_finish(&names);
}
