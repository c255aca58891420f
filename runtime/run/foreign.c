/* Steps that are CWL processes: their job is written for a process of our own (runtime/cwl), their outputs read back. */
#include "compiler/cwl/cwl.h"
#include "runtime/run/inside.h"
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MIB 1048576.0

const struct cwl_process *foreign_process(struct run *r, const struct plan_step *s)
{
	struct cwl_error error;
	uint32_t id = (uint32_t)(s - r->plan->steps);
	if (!s->cwl)
		return NULL;
	if (!r->processes)
		r->processes = arena_new_n(&r->arena, const struct cwl_process *, r->plan->n_steps);
	if (!r->processes[id] && !(r->processes[id] = cwl_load(&r->arena, s->cwl, &error)))
		bug("a plan with a CWL document that cannot be loaded: %s", error.message);
	return r->processes[id];
}

/* -- what it needs of this machine ------------------------------------------------------------------------------------- */

static const char *engine(const struct task *t)
{
	return doc_text(doc_get(t->step->extra, "engine"), "cwltool");
}

const char *foreign_image(const struct run *r, const struct cwl_process *p)
{
	return p->image && p->image_required && !r->o.no_container ? p->image : NULL;
}

const char *foreign_refusal(struct run *r, const struct task *t)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	return cwl_lacks(&r->arena, p, engine(t));
}

/* -- the job ----------------------------------------------------------------------------------------------------------- */

static struct doc *job_document(struct run *r, const struct task *t, struct arena *a)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	struct doc *job = doc_map(a), *inputs = doc_map(a), *secrets = doc_list(a);
	const char *node = cwl_find_node(a), *image = foreign_image(r, p);
	double ram = t->memory_bytes ? (double)t->memory_bytes / MIB : p->version == 10 ? 1024 : 256;
	doc_append(a, job, "process", doc_copy(a, t->step->cwl));
	for (uint32_t i = 0; i < p->n_inputs; i++)
		doc_append(a, inputs, p->inputs[i].name, value_to_doc(a, t->inputs[i], t->step->inputs[i].type));
	doc_append(a, job, "inputs", inputs);
	doc_append(a, job, "cores", doc_int(a, t->cpus));
	doc_append(a, job, "ram", doc_int(a, (int64_t)(ram + 0.999)));
	if (node)
		doc_append(a, job, "node", doc_string(a, node));
	if (image)
		doc_append(a, job, "image", doc_string(a, image));
	for (uint32_t i = 0; i < t->step->n_env; i++)
		if (t->step->env[i].expr->type->kind == TYPE_SECRET)
			doc_push(secrets, doc_string(a, t->step->env[i].name));
	doc_append(a, job, "secrets", secrets);
	if (p->class == CWL_WORKFLOW) {
		doc_append(a, job, "engine", doc_string(a, cwl_find_engine(a, engine(t))));
		doc_append(a, job, "containers", doc_bool(a, !r->o.no_container));
	}
	return job;
}

static bool stamp_inputs(struct run *r, struct task *t, const char *input, const struct value *v)
{
	if (v->kind == VALUE_PATH) {
		struct input_stamp *s = vec_push(&t->now->stamps);
		s->input = input;
		s->path = v->file.path;
		int e = stamp_path(s->path, s->stamp);
		if (e)
			fail_task(r, t, DIAG_E0618, "cannot prepare `%s`: %s: %s", t->name, s->path, strerror(e));
		return e == 0;
	}
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		if (!stamp_inputs(r, t, input, v->list.items[i]))
			return false;
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		if (!stamp_inputs(r, t, input, v->record.fields[i].value))
			return false;
	return true;
}

bool foreign_prepare(struct run *r, struct task *t, const char *ret_argv[3])
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *path = arena_printf(&t->now->arena, "%s/job.json", t->now->folder);
	doc_json_write(job_document(r, t, &a), 0, &text);
	int e = n < 0 ? errno : file_write(path, buf_text(&text), text.len, NULL);
	buf_finish(&text);
	arena_finish(&a);
	if (e) {
		fail_task(r, t, DIAG_E0618, "cannot prepare `%s`: %s: %s", t->name, path, strerror(e));
		return false;
	}
	ret_argv[0] = arena_strndup(&t->now->arena, self, (size_t)n);
	ret_argv[1] = "cwl-task";
	ret_argv[2] = t->now->folder;
	for (uint32_t i = 0; i < t->step->n_inputs; i++)
		if (!stamp_inputs(r, t, t->step->inputs[i].name, t->inputs[i]))
			return false;
	return true;
}

/* The command as the tool was run, which is known only afterwards. */
void foreign_ended(struct task *t)
{
	char *text;
	size_t len;
	if (file_read(&t->now->arena, arena_printf(&t->now->arena, "%s/command", t->now->folder), (size_t)1 << 20, &text, &len) == 0)
		t->now->command = text;
}

bool foreign_permanent(struct run *r, const struct task *t, int code)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	for (uint32_t i = 0; p && i < p->n_permanent; i++)
		if (p->permanent[i] == code)
			return true;
	return false;
}

/* -- outputs ------------------------------------------------------------------------------------------------------------ */

static const struct value *path_value(struct run *r, struct task *t, const struct plan_field *f, const struct doc *d)
{
	const char *path = doc_text(doc_get(d, "path"), ""), *digest;
	bool dir = strcmp(doc_text(doc_get(d, "class"), ""), "Directory") == 0;
	int e = path[0] == '/' ? stamps_digest(&r->stamps, path, &digest) : EINVAL;
	if (!e)
		return value_path(&r->arena, path, dir, digest);
	diag_label(fail_task(r, t, DIAG_E0605, "output `%s` of `%s` cannot be read: `%s`: %s", f->name, t->name, path, strerror(e)), f->span, "declared here");
	return NULL;
}

static const struct value *output_value(struct run *r, struct task *t, const struct plan_field *f, const struct doc *d)
{
	uint32_t n = 0;
	switch (d->kind) {
	case DOC_NULL: return &value_null;
	case DOC_BOOL: return value_bool(d->boolean);
	case DOC_INT: return value_int(&r->arena, d->integer, NULL);
	case DOC_FLOAT: return value_float(&r->arena, d->number, NULL);
	case DOC_STRING: return value_string_n(&r->arena, d->string.text, d->string.len);
	case DOC_LIST: {
		const struct value **items = arena_new_n(&r->arena, const struct value *, doc_len(d));
		for (doc_each(x, d))
			if (!(items[n++] = output_value(r, t, f, x)))
				return NULL;
		return value_list(&r->arena, items, n);
	}
	case DOC_MAP: {
		if (doc_get(d, "class") && doc_get(d, "path"))
			return path_value(r, t, f, d);
		struct value_field *fields = arena_new_n(&r->arena, struct value_field, doc_len(d));
		for (doc_each(x, d)) {
			fields[n].name = arena_strdup(&r->arena, x->key);
			if (!(fields[n++].value = output_value(r, t, f, x)))
				return NULL;
		}
		return value_record(&r->arena, fields, n);
	}
	}
	return NULL;
}

static bool read_output(struct run *r, struct task *t, const struct plan_field *f, const struct doc *d, const struct value **ret)
{
	const struct value *v = d ? output_value(r, t, f, d) : &value_null;
	char *error;
	if (!v)
		return false;
	bool absent = v->kind == VALUE_NULL && (f->type->kind == TYPE_ANY || f->type->kind == TYPE_OPTIONAL);
	if (absent || value_coerce(&r->arena, v, f->type, ret, &error)) {
		*ret = absent ? &value_null : *ret;
		return true;
	}
	diag_label(fail_task(r, t, DIAG_E0605, "output `%s` of `%s` is not as declared: %s", f->name, t->name, error), f->span, "declared here");
	return false;
}

bool foreign_outputs(struct run *r, struct task *t, struct value_field *ret)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	const char *path = arena_printf(&t->now->arena, "%s/outputs.json", t->now->folder);
	struct arena a = { 0 };
	char *text, *error;
	size_t len;
	struct doc *d = NULL;
	bool good = file_read(&a, path, (size_t)256 << 20, &text, &len) == 0 && doc_json_read(&a, text, len, &d, &error);
	if (!good)
		fail_task(r, t, DIAG_E0604, "`%s` left no outputs", t->name);
	for (uint32_t i = 0; i < t->step->n_outputs; i++) {
		ret[i] = (struct value_field){ t->step->outputs[i].name, &value_null };
		good = good && read_output(r, t, &t->step->outputs[i], doc_get(d, p->outputs[i].name), &ret[i].value);
	}
	arena_finish(&a);
	return good;
}

/* -- what belongs to an output ---------------------------------------------------------------------------------------- */

static const struct doc *find_path(const struct doc *d, const char *path)
{
	const struct doc *found = NULL;
	if (d->kind == DOC_MAP && strcmp(doc_text(doc_get(d, "path"), ""), path) == 0 && doc_get(d, "secondaryFiles"))
		return d;
	for (doc_each(x, d))
		if (!found)
			found = find_path(x, path);
	return found;
}

const struct doc *foreign_secondary(struct run *r, struct arena *a, const char *path)
{
	const char *works = arena_printf(a, "%s/work/", r->o.state);
	size_t n = strlen(works), len;
	bool any = false;
	char *text, *error;
	struct doc *d;
	for (uint32_t i = 0; i < r->plan->n_steps; i++)
		any = any || r->plan->steps[i].cwl;
	if (!any || strncmp(path, works, n) != 0)
		return NULL;
	const char *file = arena_printf(a, "%.*s/outputs.json", (int)(n + strcspn(path + n, "/")), path);
	if (file_read(a, file, (size_t)256 << 20, &text, &len) != 0 || !doc_json_read(a, text, len, &d, &error))
		return NULL;
	return doc_get(find_path(d, path), "secondaryFiles");
}

/* -- the key ------------------------------------------------------------------------------------------------------------ */

struct telling { struct run *run; struct arena *arena; };

static const char *tell(const char *path, void *ctx)
{
	struct telling *x = ctx;
	const char *digest;
	if (stamps_digest(&x->run->stamps, path, &digest) != 0)
		return NULL;
	return arena_printf(x->arena, "%s %s", file_basename(x->arena, path), digest);
}

const char *foreign_identity(struct run *r, struct arena *a, const struct plan_step *s)
{
	struct telling x = { r, a };
	struct buf b = { 0 };
	struct digest_hex hex;
	doc_json_write(cwl_identity(a, s->cwl, tell, &x), 0, &b);
	digest_bytes(buf_text(&b), b.len, &hex);
	buf_finish(&b);
	return arena_strdup(a, hex.text);
}

/* Files beside an input that the document may take along with it: all that start with its name up to the first dot. */
static void add_siblings(struct run *r, struct arena *a, const char *path, struct buf *ret)
{
	const char *folder = file_dirname(a, path), *base = file_basename(a, path), *digest;
	size_t n = strcspn(base, ".");
	char **names;
	uint32_t count;
	if (file_list(a, folder, &names, &count) != 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		const char *full = arena_printf(a, "%s/%s", folder, names[i]);
		if (strncmp(names[i], base, n) == 0 && strcmp(names[i], base) != 0 && stamps_digest(&r->stamps, full, &digest) == 0)
			buf_printf(ret, "%s %s\n", names[i], digest);
	}
}

static void each_path(struct run *r, struct arena *a, const struct value *v, struct buf *ret)
{
	if (v->kind == VALUE_PATH && !v->is_dir)
		add_siblings(r, a, v->file.path, ret);
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		each_path(r, a, v->list.items[i], ret);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		each_path(r, a, v->record.fields[i].value, ret);
}

static bool has_secondary(const struct cwl_type *t, const struct cwl_param *p)
{
	if (p && p->n_secondary > 0)
		return true;
	for (uint32_t i = 0; i < t->n_fields; i++)
		if (has_secondary(t->fields[i].type, &t->fields[i]))
			return true;
	for (uint32_t i = 0; i < t->n_of; i++)
		if (has_secondary(t->of[i], NULL))
			return true;
	return false;
}

const char *foreign_siblings(struct run *r, struct arena *a, const struct task *t, uint32_t input)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	struct buf b = { 0 };
	if (has_secondary(p->inputs[input].type, &p->inputs[input]))
		each_path(r, a, t->inputs[input], &b);
	const char *text = b.len ? arena_strdup(a, buf_text(&b)) : NULL;
	buf_finish(&b);
	return text;
}

bool foreign_reuse(struct run *r, const struct task *t)
{
	const struct cwl_process *p = foreign_process(r, t->step);
	return !p || !p->reuse || doc_truth(p->reuse, false);
}
