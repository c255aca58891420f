/* The table of hygiene rules, their switches, and the waivers. */
#include "compiler/model/lint.h"
#include "compiler/diag/near.h"
#include <string.h>

static const struct lint_rule rules[] = {
	{"unpinned-image", DIAG_L1001, LINT_WARNING, lint_unpinned_image},
	{"no-walltime", DIAG_L1002, LINT_WARNING, lint_no_walltime},
	{"unused-param", DIAG_L1003, LINT_WARNING, lint_unused_param},
	{"unused-input", DIAG_L1004, LINT_WARNING, lint_unused_input},
	{"unused-step", DIAG_L1005, LINT_WARNING, lint_unused_step},
	{"unused-import", DIAG_L1006, LINT_WARNING, lint_unused_import},
	{"unused-thing", DIAG_L1007, LINT_WARNING, lint_unused_thing},
	{"unread-metric", DIAG_L1008, LINT_NOTE, lint_unread_metric},
	{"gate-without-margin", DIAG_L1009, LINT_WARNING, lint_gate_margin},
	{"hidden-failure", DIAG_L1010, LINT_WARNING, lint_hidden_failure},
	{"bare-variable", DIAG_L1011, LINT_WARNING, lint_bare_variable},
	{"dangerous-remove", DIAG_L1012, LINT_WARNING, lint_dangerous_remove},
	{"backticks", DIAG_L1013, LINT_NOTE, lint_backticks},
	{"eager-retry", DIAG_L1014, LINT_WARNING, lint_eager_retry},
	{"absolute-path", DIAG_L1015, LINT_WARNING, lint_absolute_path},
	{"reads-cpus", DIAG_L1016, LINT_NOTE, lint_reads_cpus},
	{"undocumented", DIAG_L1017, LINT_OFF, lint_undocumented},
};
enum { N_RULES = sizeof rules / sizeof *rules };

const char *model_lint_rule(uint32_t i, enum diag_code *ret_code)
{
	if (i >= N_RULES)
		return NULL;
	*ret_code = rules[i].code;
	return rules[i].name;
}

static bool covers(const struct model_allow *a, struct span span)
{
	return a->scope.file == span.file && a->scope.start <= span.start && span.end <= a->scope.end;
}

struct diag *lint_add(struct lint *l, struct span span, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *message = arena_vprintf(l->ds->arena, format, args);
	va_end(args);
	struct diag *d = diag_add(l->ds, l->rule->code, span, "%s", message);
	diag_set_severity(d, l->level == LINT_ERROR ? DIAG_ERROR : l->level == LINT_NOTE ? DIAG_NOTE : DIAG_WARNING);
	d->rule = l->rule->name;
	return d;
}

/* Findings are dropped after all rules ran, so that the builders above need not care. */
static void apply_allows(struct model *m, struct diags *ds)
{
	for (struct diag *d = ds->first, *next; d; d = next) {
		next = d->next;
		if (!d->rule)
			continue;
		for (uint32_t i = 0; i < m->allows.len; i++) {
			struct model_allow *a = &m->allows.at[i];
			if (a->rule && strcmp(a->rule, d->rule) == 0 && covers(a, d->labels->span)) {
				a->used = true;
				diags_remove(ds, d);
				break;
			}
		}
	}
}

static const struct lint_rule waiver = {"waiver", DIAG_L1000, LINT_WARNING, NULL};

static void check_allow(struct lint *l, const struct model_allow *a)
{
	struct near near;
	bool known = false;
	near_init(&near, a->rule ? a->rule : "");
	for (uint32_t i = 0; i < N_RULES; i++) {
		known = known || (a->rule && strcmp(rules[i].name, a->rule) == 0);
		near_offer(&near, rules[i].name);
	}
	if (!known) {
		struct diag *d = diag_here(lint_add(l, a->span, "there is no lint rule `%s`", a->rule ? a->rule : ""), "unknown rule");
		if (near_best(&near))
			diag_suggest(d, (struct span){0}, near_best(&near));
	} else if (!a->reason || !*a->reason) {
		diag_help(diag_here(lint_add(l, a->span, "a waiver says why"), "no reason"), "write `@allow(%s, \"why it is right here\")`", a->rule);
	} else if (!a->used) {
		diag_help(diag_here(lint_add(l, a->span, "this waiver waives nothing"), "`%s` finds nothing here", a->rule), "remove it");
	}
}

void model_lint(struct model *m, struct diags *ds)
{
	enum lint_level levels[N_RULES];
	struct lint l = {.m = m, .ds = ds, .rule = &waiver, .level = LINT_WARNING};
	for (uint32_t i = 0; i < N_RULES; i++)
		levels[i] = rules[i].level;
	lint_config(&l, rules, N_RULES, levels);
	for (uint32_t i = 0; i < N_RULES; i++) {
		l.rule = &rules[i];
		l.level = levels[i];
		if (l.level != LINT_OFF)
			rules[i].run(&l);
	}
	apply_allows(m, ds);
	l.rule = &waiver;
	l.level = LINT_WARNING;
	for (uint32_t i = 0; i < m->allows.len; i++)
		check_allow(&l, &m->allows.at[i]);
}
