/* apply and plan --on an executor whose engine takes workflows as a whole: the documents that a target makes for it, and whatever stands
 * against that, told before anything runs. */
#include "cli/whole.h"
#include "compiler/base/digest.h"
#include "runtime/state/stamp.h"
#include "targets/target.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct written { const char *path, *text; size_t len; const struct doc *doc; /* or NULL */ };
struct whole {
	struct cli *cli;
	const struct plan *plan;
	const struct run_options *options;
	const struct executor *executor;
	struct executor_whole whole;
	struct written *files; uint32_t n_files;
	struct diags diags;
	const char *folder;
	bool *steps; /* that the workflow calls, and the workflows */
	bool *workflows;
};

/* -- what stands against it ----------------------------------------------------------------------------------------- */

static void against(struct whole *w, const char *subject, struct span span, const char *why)
{
	diag_add(&w->diags, DIAG_E0621, span, "`%s` cannot go to %s as a part of the whole `%s`: %s", subject, w->whole.engine, w->whole.workflow, why);
}

static void check_call(struct whole *w, const struct plan_node *n)
{
	const struct plan_step *s = &w->plan->steps[n->target];
	const char *place = n->place ? n->place : s->place;
	const struct plan_thing *thing = place ? run_place_thing(w->plan, place) : NULL;
	const struct executor_host host = { .state = w->options->state };
	struct executor_wish wish = { .container = s->container, .n_modules = s->n_modules, .cwl = s->cwl, .place = place, .kind = thing ? thing->kind : NULL };
	char why[300];
	if (w->steps[n->target])
		return;
	w->steps[n->target] = true;
	if (!w->executor->accepts(&host, &wish, why, sizeof why))
		against(w, s->name, s->span, why);
	else if (s->workers > 1)
		against(w, s->name, s->span, "it has several workers, of which an engine would start one");
}

static void check_block(struct whole *w, uint32_t block)
{
	const struct plan_block *b = &w->plan->blocks[block];
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		const struct plan_node *n = &w->plan->nodes[b->nodes[i]];
		switch (n->kind) {
		case PLAN_CALL: check_call(w, n); break;
		case PLAN_SUB:
			if (!w->workflows[n->target]) {
				w->workflows[n->target] = true;
				check_block(w, w->plan->workflows[n->target].block);
			}
			break;
		case PLAN_IF:
			if (n->otherwise != PLAN_NONE)
				check_block(w, n->otherwise);
			check_block(w, n->inner);
			break;
		case PLAN_FOR:
		case PLAN_REPEAT: check_block(w, n->inner); break;
		case PLAN_VALUE:
		case PLAN_GATE: break;
		}
	}
}

static void check_rows(struct whole *w, const struct target_result *result)
{
	for (uint32_t i = 0; i < result->rows.len; i++) {
		const struct target_row *row = &result->rows.at[i];
		if (row->level == TARGET_REFUSED)
			against(w, row->subject, row->span, row->reason ? row->reason : "it cannot be said");
	}
}

/* -- the documents ---------------------------------------------------------------------------------------------------- */

/* With what was promoted as the models' files: an engine keeps nothing between runs. */
static const struct plan *with_promoted(struct whole *w)
{
	struct arena *a = &w->cli->arena;
	struct plan *p = arena_copy(a, w->plan, sizeof *p);
	struct plan_model *models = arena_new_n(a, struct plan_model, p->n_models + 1);
	for (uint32_t i = 0; i < p->n_models; i++) {
		const struct value *v;
		struct doc *d;
		char *error;
		models[i] = p->models[i];
		const char *text = !models[i].file && w->options->journal ? journal_promotion_get(w->options->journal, a, models[i].name) : NULL;
		if (text && doc_json_read(a, text, strlen(text), &d, &error) && value_load(a, d, &v))
			models[i].file = v;
	}
	p->models = models;
	return p;
}

static void keep_file(struct whole *w, const struct target_file *f)
{
	struct arena *a = &w->cli->arena;
	struct buf storage = { 0 };
	struct lines lines = { 0 };
	size_t len;
	const char *text = target_file_text(f, &storage, &lines, &len);
	w->files[w->n_files++] = (struct written){ f->path, arena_strndup(a, text, len), len, f->doc };
	lines_finish(&lines);
	buf_finish(&storage);
}

static void emit(struct whole *w)
{
	struct arena *a = &w->cli->arena;
	struct target_result result;
	struct target_request request = { .target = target_find(w->executor->whole), .plan = with_promoted(w), .workflow = w->options->workflow, .only = true,
					  .inputs = w->options->inputs, .folder = w->folder, .here = cli_absolute(w->cli, "."),
					  .through = arena_printf(a, "%s/job", w->folder) };
	target_result_init(&result, a);
	request.target->emit(&request, &result);
	check_rows(w, &result);
	w->files = arena_new_n(a, struct written, result.files.len + 1);
	for (uint32_t i = 0; i < result.files.len; i++)
		keep_file(w, &result.files.at[i]);
	target_result_finish(&result);
}

/* Of a location, which is a URI. */
static const char *plain_path(struct arena *a, const char *location)
{
	char *path = arena_strdup(a, location), *to = path;
	unsigned byte;
	for (const char *at = path; *at; at++)
		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			at += 2;
		} else {
			*to++ = *at;
		}
	*to = 0;
	return path;
}

static void add_stamps(struct whole *w, const struct doc *d, const char *folder, struct buf *ret)
{
	const char *class = doc_text(doc_get(d, "class"), ""), *path = doc_text(doc_get(d, "location"), NULL);
	char stamp[STAMP_LEN] = "";
	if (path && (strcmp(class, "File") == 0 || strcmp(class, "Directory") == 0)) {
		path = file_join(&w->cli->arena, folder, plain_path(&w->cli->arena, path));
		buf_printf(ret, "%s %s\n", path, stamp_path(path, stamp) == 0 ? stamp : "-");
	}
	for (doc_each(x, d->kind >= DOC_LIST ? d : NULL))
		add_stamps(w, x, folder, ret);
}

static const char *identity(struct whole *w)
{
	struct buf all = { 0 };
	struct digest_hex hex;
	buf_printf(&all, "%s %s\n", w->whole.program, w->whole.version);
	for (const struct written *f = w->files; f < w->files + w->n_files; f++) {
		buf_printf(&all, "%s %zu\n", f->path, f->len);
		buf_add(&all, f->text, f->len);
		if (f->doc)
			add_stamps(w, f->doc, file_dirname(&w->cli->arena, file_join(&w->cli->arena, w->folder, f->path)), &all);
	}
	digest_bytes(buf_text(&all), all.len, &hex);
	buf_finish(&all);
	return arena_strdup(&w->cli->arena, hex.text);
}

static bool holds_text(const struct doc *d, const char *text)
{
	if (d->kind == DOC_STRING)
		return strcmp(d->string.text, text) == 0;
	for (doc_each(x, d->kind >= DOC_LIST ? d : NULL))
		if (holds_text(x, text))
			return true;
	return false;
}

/* Those that the job names. */
static int write_secret(struct whole *w, const char *folder, const struct run_secret *s)
{
	bool named = false;
	for (const struct written *f = w->files; f < w->files + w->n_files; f++)
		named |= f->doc && strstr(f->path, ".job.yml") && holds_text(f->doc, s->name);
	if (!named)
		return 0;
	size_t len = strlen(s->content);
	int fd = open(arena_printf(&w->cli->arena, "%s/%s", folder, s->name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int e = fd < 0 ? errno : write(fd, s->content, len) == (ssize_t)len ? 0 : errno ? errno : EIO;
	if (fd >= 0)
		close(fd);
	return e;
}

static bool write_all(void *ctx, const char *folder, const char *secrets, char *ret_why, size_t why_len)
{
	struct whole *w = ctx;
	int e = 0;
	for (const struct written *f = w->files; f < w->files + w->n_files && !e; f++) {
		const char *path = file_join(&w->cli->arena, folder, f->path);
		e = file_mkdirs(file_dirname(&w->cli->arena, path));
		if (!e)
			e = file_write(path, f->text, f->len, NULL);
	}
	for (uint32_t i = 0; i < w->options->n_secrets && !e; i++)
		e = write_secret(w, secrets, &w->options->secrets[i]);
	if (e)
		snprintf(ret_why, why_len, "cannot write the documents into %s: %s", folder, strerror(e));
	return !e;
}

/* -- the whole ---------------------------------------------------------------------------------------------------------- */

int cli_whole(struct cli *c, const struct executor *x, struct run_options *o)
{
	struct arena *a = &c->arena;
	char why[300];
	if (!x || !x->whole || o->workflow == PLAN_NONE)
		return CLI_DONE;
	struct whole *w = arena_new(a, struct whole);
	const struct plan_workflow *workflow = &o->plan->workflows[o->workflow];
	*w = (struct whole){ .cli = c, .plan = o->plan, .options = o, .executor = x };
	w->whole = (struct executor_whole){ .workflow = workflow->name, .write = write_all, .ctx = w };
	w->folder = arena_printf(a, "%s/%s/%s", o->state, x->name, workflow->name);
	w->steps = arena_new_n(a, bool, o->plan->n_steps + 1);
	w->workflows = arena_new_n(a, bool, o->plan->n_workflows + 1);
	diags_init(&w->diags, a, o->plan->sources);
	if (x->whole_engine(a, o->option, &w->whole, why, sizeof why)) {
		check_block(w, workflow->block);
		emit(w);
	} else {
		diag_add(&w->diags, DIAG_E0621, workflow->span, "`%s` cannot go to an engine as a whole: %s", workflow->name, why);
	}
	if (w->diags.n_errors > 0) {
		cli_show_diags(c, &w->diags);
		return CLI_WRONG;
	}
	w->whole.identity = identity(w);
	o->whole = &w->whole;
	o->all_here = true; /* where steps say that they belong on this machine */
	return CLI_DONE;
}
