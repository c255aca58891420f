/* What a target is: a row in targets.c. It gets a const plan and gives documents and texts in memory with their origins;
 * it touches neither disk nor clock nor environment, so the same plan gives the same bytes. Names: compiler/base/names.h. */
#ifndef TWINC_TARGETS_TARGET_H
#define TWINC_TARGETS_TARGET_H
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "compiler/plan/plan.h"

enum target_level {
	TARGET_SUPPORTED, /* said in the target's own words */
	TARGET_EMULATED,  /* said in other words, or not quite: the reason tells */
	TARGET_REFUSED,   /* cannot be said, and is left out with all that needs it */
};
/* A row of the portability matrix: a step, or a construct of a workflow. */
struct target_row { const char *subject; struct span span; enum target_level level; const char *reason; /* or NULL */ };
/* Paths are relative to the target's folder. A document is written as JSON where the path ends so, else as YAML; its nodes
 * tell their places in the twin (doc_from). A text brings its lines. */
struct target_file {
	const char *path;
	struct span from;          /* what its lines come from where nothing nearer is told */
	const struct doc *doc;     /* or NULL: text */
	bool several;              /* the doc is a list of documents, written one after the other between `---` */
	const char *text; size_t len;
	struct lines *lines;       /* of the text, or NULL; owned by the result */
	bool executable;
};
/* The same twin with a scenario of it applied; no plan where it does not go with what is bound: the error tells. */
struct target_scenario { const struct plan_scenario *scenario; const struct plan *plan; const struct value *const *inputs; const char *error; };
/* What several targets tell alike, kept from one to the next; all zero to start with. */
struct flow_told;
struct target_shared { struct arena arena; struct flow_told *flows; struct map recipes; /* of roles: file -> struct recipe */ };
void target_shared_finish(struct target_shared *s);
struct target_request {
	const struct target *target;       /* that is asked */
	const struct plan *plan;
	uint32_t workflow;                 /* that is meant, or PLAN_NONE */
	bool only;                         /* that one only, with what it calls */
	const struct value *const *inputs; /* bound, one per input of that workflow, each or all may be NULL */
	const char *folder;                /* absolute, that the files will stand in: paths of data are told from there */
	const char *here;                  /* absolute, that relative paths of bound values start from */
	const char *image;                 /* of steps that name no container, or NULL */
	const char *through;               /* absolute path of a script that each command goes through, told which task it is; or NULL: as they are. CWL only */
	const struct target_scenario *scenarios; uint32_t n_scenarios; /* where none is chosen, of targets that want them */
	struct target_shared *shared;      /* outlives the results; or NULL */
	bool packed;                       /* one document instead of several, where the target knows that */
	bool carries;                      /* what is written brings the twin along, for it will not stand beside it; where the target knows that */
};
struct target_result {
	struct arena *arena; /* borrowed; holds everything below */
	VEC(struct target_row) rows;
	VEC(struct target_file) files;
	const char *note;    /* why there is nothing, or NULL */
	const char *error;   /* a target's own failure: nothing of it is written; or NULL */
};
struct stdlib_file;
struct target {
	const char *name, *summary;
	/* Rows only: what can be said and what not. */
	void (*check)(const struct target_request *request, struct target_result *ret);
	/* Rows, files and origins; what is refused is left out. */
	void (*emit)(const struct target_request *request, struct target_result *ret);
	const struct stdlib_file *script; /* of a target in Lua */
	bool wants_scenarios;
	const char *kinds;   /* how those begin that it is for, where it is for some only; or NULL */
	const char *nothing; /* the note where a twin has none of them */
};
/* A target of the user's, in Lua: the script's name and text. */
extern const struct target target_lua;
#define TARGET_MAX 16
extern const struct target *const targets[]; /* ends with NULL; at most TARGET_MAX */
const struct target *target_find(const char *name);

void target_result_init(struct target_result *r, struct arena *a);
void target_result_finish(struct target_result *r);
/* For `check` by way of `emit`: the rows stay. */
void target_result_drop_files(struct target_result *r);
/* When the files are written: what the matrix needs (rows, paths, note, error) goes into another arena; the rest is not needed any more. */
void target_result_keep(struct target_result *r, struct arena *a);
/* A row for each value that infrastructure gives (`front.address`) and nobody has bound; how: "give it in inputs.json". */
void target_open_given(struct target_result *r, const struct plan *plan, const char *how);
struct target_row *target_row(struct target_result *r, const char *subject, struct span span, enum target_level level, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* "supported", "emulated", "refused". */
const char *target_level_name(enum target_level level);
struct target_file *target_put_doc(struct target_result *r, const char *path, struct span from, const struct doc *doc);
/* A text under construction: lines_from(&t->lines, &t->text, span) says where what follows comes from. */
struct target_text { struct buf text; struct lines lines; };
void target_text_from(struct target_text *t, struct span from);
/* Takes it over: the bytes into the arena, and leaves it empty. */
struct target_file *target_put_text(struct target_result *r, const char *path, struct span from, struct target_text *t);
/* A text that is built into the program, which all its lines come from `from`. */
struct target_file *target_put_own(struct target_result *r, const char *path, struct span from, const char *text, size_t len);
/* The bytes of a file, its own or those of a document, which are written into `storage`; and where its lines come from: every
 * line from the first on has a place where the file has one. */
const char *target_file_text(const struct target_file *f, struct buf *storage, struct lines *ret_lines, size_t *ret_len);
/* A path as seen from `folder`, both absolute: "../../data/x.csv". */
const char *target_path_from(struct arena *a, const char *folder, const char *path);
/* Params that are bound, for `eval`; ctx: const struct plan **. Of a secret nothing is known. */
enum eval_status target_param(void *ctx, uint32_t index, const struct value **ret);
/* What a resource of a step is, in base units (bytes, seconds); -1: not said, or not known before the run, which a row tells with `otherwise`. */
double target_resource(struct target_result *r, const struct plan *p, const struct plan_step *step, const struct expr *e, const char *what, const char *otherwise);
/* "flood.twin:44": where something was written, for comments; NULL where it was nowhere. */
const char *target_place(struct arena *a, const struct plan *p, struct span span);
/* The path of a source of the plan as seen from the twin's folder; borrowed. */
const char *target_file_name(const struct plan *p, uint32_t file);

/* The targets, each in a folder of its own. */
extern const struct target target_cwl, target_slurm, target_jenkins, target_kubernetes, target_oscar, target_ansible, target_tosca;
#endif
