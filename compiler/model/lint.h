/* Hygiene: what is allowed and better done otherwise. Private to this room. */
#ifndef TWINC_MODEL_LINT_H
#define TWINC_MODEL_LINT_H
#include "compiler/model/model.h"

enum lint_level { LINT_OFF, LINT_NOTE, LINT_WARNING, LINT_ERROR };
struct lint {
	struct model *m;
	struct diags *ds;
	const struct lint_rule *rule; /* that is running */
	enum lint_level level;
};
struct lint_rule {
	const char *name;
	enum diag_code code;
	enum lint_level level;         /* where nothing else is said */
	void (*run)(struct lint *l);
};
/* A finding of the running rule; NULL where an @allow covers it. The builders of diag.h accept NULL here through lint_*. */
struct diag *lint_add(struct lint *l, struct span span, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* lint_unused.c */
void lint_unused_param(struct lint *l);
void lint_unused_input(struct lint *l);
void lint_unused_step(struct lint *l);
void lint_unused_import(struct lint *l);
void lint_unused_thing(struct lint *l);
void lint_unread_metric(struct lint *l);
/* lint_steps.c */
void lint_unpinned_image(struct lint *l);
void lint_no_walltime(struct lint *l);
void lint_eager_retry(struct lint *l);
void lint_absolute_path(struct lint *l);
void lint_reads_cpus(struct lint *l);
void lint_undocumented(struct lint *l);
/* lint_gates.c */
void lint_gate_margin(struct lint *l);
/* lint_shell.c */
void lint_hidden_failure(struct lint *l);
void lint_bare_variable(struct lint *l);
void lint_dangerous_remove(struct lint *l);
void lint_backticks(struct lint *l);
/* Script text of a step: constant pieces, each with its place; NULL where the command is a list. */
const struct expr *lint_script(const struct model_thing *step);

/* lint_config.c: the level of each rule from twinc.yaml in the twin's folder or above; reports what is wrong with it. */
void lint_config(struct lint *l, const struct lint_rule *rules, uint32_t n, enum lint_level *levels);
#endif
