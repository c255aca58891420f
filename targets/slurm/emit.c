/* The target: a folder a workflow, with a job script a step and submit.sh, which submits what is not done yet. */
#include "targets/flow/flow.h"
#include "compiler/base/file.h"
#include "compiler/doc/quote.h"
#include "stdlib/stdlib.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

struct slurm { struct arena *arena; const struct plan *plan; const struct target_request *request; struct target_result *ret; struct flow flow; uint32_t workflow; bool *told; /* steps whose rows are there: several workflows may call them */ };

/* -- places --------------------------------------------------------------------------------------------------------------- */

static const struct plan_thing *thing_of(const struct plan *p, const char *place)
{
	size_t n = strcspn(place, ".");

	for (uint32_t i = 0; i < p->n_things; i++)
		if (strncmp(p->things[i].name, place, n) == 0 && !p->things[i].name[n])
			return &p->things[i];
	return NULL;
}

/* "gpu" of "hpc.gpu" where hpc is a Slurm cluster; NULL otherwise. */
static const char *partition_of(const struct plan *p, const char *place)
{
	const struct plan_thing *t = place ? thing_of(p, place) : NULL;
	const char *dot = place ? strchr(place, '.') : NULL;

	return t && strcmp(t->kind, "slurm.cluster") == 0 && dot ? dot + 1 : NULL;
}

static const char *account_of(const struct plan *p, const char *place)
{
	const struct plan_thing *t = place ? thing_of(p, place) : NULL;

	return t && strcmp(t->kind, "slurm.cluster") == 0 ? doc_text(doc_get(t->attributes, "account"), NULL) : NULL;
}

static const struct doc *part_attribute(const struct plan *p, const char *place, const char *name)
{
	const struct plan_thing *t = place ? thing_of(p, place) : NULL;
	const char *dot = place ? strchr(place, '.') : NULL;

	return t && dot ? doc_get(doc_get(doc_get(t->attributes, "partition"), dot + 1), name) : NULL;
}

/* -- job scripts ------------------------------------------------------------------------------------------------------------- */

static void option(struct target_text *t, struct span from, const char *name, const char *value)
{
	target_text_from(t, from);
	buf_printf(&t->text, "#SBATCH --%s=%s\n", name, value);
}

static const char *duration(struct arena *a, double seconds)
{
	uint64_t n = (uint64_t)ceil(seconds);

	if (n >= 86400)
		return arena_printf(a, "%" PRIu64 "-%02u:%02u:%02u", n / 86400, (unsigned)(n / 3600 % 24), (unsigned)(n / 60 % 60), (unsigned)(n % 60));
	return arena_printf(a, "%02u:%02u:%02u", (unsigned)(n / 3600), (unsigned)(n / 60 % 60), (unsigned)(n % 60));
}

static void put_comment(struct target_text *t, const char *text)
{
	for (const char *p = text; p && *p;) {
		size_t n = strcspn(p, "\n");
		buf_printf(&t->text, "# %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static void put_place(struct slurm *s, const struct plan_step *step, struct target_text *t)
{
	const char *partition = partition_of(s->plan, step->place), *account = account_of(s->plan, step->place);
	static const char *const more[] = { "qos", "constraint" };

	if (step->place && !partition)
		target_row(s->ret, step->name, step->span, TARGET_EMULATED, "it is placed on `%s`, which is no partition of Slurm: the job goes to the default partition", step->place);
	if (partition)
		option(t, step->span, "partition", partition);
	if (account)
		option(t, step->span, "account", account);
	for (size_t i = 0; partition && i < 2; i++) {
		const char *value = doc_text(part_attribute(s->plan, step->place, more[i]), NULL);
		if (value)
			option(t, step->span, more[i], value);
	}
}

/* Gives the limit of its time in seconds. */
static double put_resources(struct slurm *s, const struct plan_step *step, struct target_text *t)
{
	struct arena *a = s->arena;
	static const char otherwise[] = "the job takes the partition's default";
	double cpus = target_resource(s->ret, s->plan, step, step->cpus, "number of CPUs", otherwise), memory = target_resource(s->ret, s->plan, step, step->memory, "memory", otherwise);
	double gpus = target_resource(s->ret, s->plan, step, step->gpus, "number of GPUs", otherwise), time = target_resource(s->ret, s->plan, step, step->time, "time", otherwise);

	if (step->workers > 1)
		option(t, step->span, "ntasks", arena_printf(a, "%u", step->workers));
	if (cpus > 0)
		option(t, step->cpus->span, "cpus-per-task", arena_printf(a, "%.0f", ceil(cpus)));
	if (memory > 0 && step->workers > 1) /* of each worker; M of Slurm is MiB */
		option(t, step->memory->span, "mem-per-cpu", arena_printf(a, "%.0fM", ceil(memory / 1048576 / fmax(cpus, 1))));
	else if (memory > 0)
		option(t, step->memory->span, "mem", arena_printf(a, "%.0fM", ceil(memory / 1048576)));
	if (gpus > 0)
		option(t, step->gpus->span, step->workers > 1 ? "gpus-per-task" : "gres", arena_printf(a, step->workers > 1 ? "%.0f" : "gpu:%.0f", ceil(gpus)));
	if (time > 0)
		option(t, step->time->span, "time", duration(a, time));
	return time;
}

static void put_modules(const struct plan_step *step, struct buf *b)
{
	if (!step->n_modules)
		return;
	buf_puts(b, "module purge\nmodule load");
	for (uint32_t i = 0; i < step->n_modules; i++) {
		buf_putc(b, ' ');
		quote_sh(step->modules[i], strlen(step->modules[i]), b);
	}
	buf_putc(b, '\n');
}

/* The words that run the command in its work folder. */
static void put_run(const struct plan_step *step, double seconds, struct buf *b)
{
	const char *shell = step->bash ? "bash -euo pipefail" : "sh -eu";

	buf_puts(b, "\t\tcd \"$TWIN_FOLDER/work\" || exit\n\t\t");
	if (step->workers > 1)
		buf_printf(b, "srun \"$here/worker.sh\" %s ", step->n_modules ? "all" : "own");
	else
		buf_printf(b, "env %s", step->n_modules ? "" : "-i ");
	buf_printf(b, "%s TWIN_CPUS=\"$TWIN_CPUS\" TWIN_MEMORY_BYTES=\"$TWIN_MEMORY_BYTES\" \\\n\t\t\t", step->n_modules ? "\"${TWIN_ENV[@]/#PATH=*/PATH=$PATH}\"" : "\"${TWIN_ENV[@]}\"");
	if (step->container) {
		buf_puts(b, "apptainer exec --containall --no-home --writable-tmpfs --bind \"$here\" \"${TWIN_BINDS[@]}\" --pwd \"$TWIN_FOLDER/work\" ");
		if (!strstr(step->container, "://") && step->container[0] != '/')
			buf_puts(b, "docker://");
		quote_sh(step->container, strlen(step->container), b);
		buf_puts(b, " \\\n\t\t\t");
	}
	if (seconds > 0 && fmod(seconds, 60) != 0) /* Slurm counts minutes */
		buf_printf(b, "timeout --kill-after=10 %.0f ", ceil(seconds));
	if (flow_has_command(step)) {
		buf_printf(b, "%s \"$here/commands/%s.sh\"", shell, step->name); /* a name of the twin is letters, digits, _ and dots */
	} else {
		buf_printf(b, "%s \"$TWIN_FOLDER/command\"", shell);
	}
	buf_puts(b, " </dev/null\n");
}

static void put_body(const struct plan_step *step, double seconds, struct buf *b)
{
	buf_puts(b, "set -euo pipefail\n");
	if (step->container || step->workers > 1 || flow_has_command(step))
		buf_puts(b, "here=$PWD\n");
	buf_puts(b, "TWIN_CPUS=${SLURM_CPUS_PER_TASK:-1}\n"
		    "TWIN_MEMORY_BYTES=$((${SLURM_MEM_PER_NODE:-1024} * 1048576))\n");
	put_modules(step, b);
	buf_puts(b, "\n"
		    "# The line of the file of tasks that this is.\n"
		    "task=$(sed -n \"$((${SLURM_ARRAY_TASK_ID:-0} + 1))p\" \"$1\")\n"
		    "./flow.py is-done \"$task\" && exit # requeued after its end\n\n"
		    "run() {\n"
		    "\tlocal begin\n"
		    "\tbegin=$(./flow.py begin \"$task\") || return\n"
		    "\teval \"$begin\" # TWIN_FOLDER, TWIN_ENV, TWIN_BINDS\n"
		    "\t(\n");
	put_run(step, seconds, b);
	buf_puts(b, "\t) && ./flow.py end \"$task\"\n"
		    "}\n");
	if (step->attempts <= 1) {
		buf_puts(b, "run\n");
		return;
	}
	buf_printf(b, "\nwait=%.0f\n"
		      "for attempt in $(seq %u); do\n"
		      "\tif run; then exit; fi\n"
		      "\techo \"attempt $attempt of %u failed\" >&2\n"
		      "\tif [ \"$attempt\" -lt %u ]; then\n"
		      "\t\tsleep \"$wait\"\n"
		      "\t\twait=$((wait * 2))\n"
		      "\tfi\n"
		      "done\n"
		      "exit 1\n",
		ceil(step->backoff_s), step->attempts, step->attempts, step->attempts);
}

static void put_step(struct slurm *s, uint32_t at)
{
	const struct plan_step *step = &s->plan->steps[at];
	struct target_text t = { 0 };
	uint32_t rows = s->ret->rows.len;
	double time;

	target_text_from(&t, step->span);
	buf_printf(&t.text, "#!/bin/bash\n# %s: step %s\n", target_place(s->arena, s->plan, step->span), step->name);
	put_comment(&t, step->doc);
	option(&t, step->span, "job-name", step->name);
	put_place(s, step, &t);
	time = put_resources(s, step, &t);
	option(&t, step->span, "requeue\n#SBATCH --output", "run/logs/%x-%j.log");
	target_text_from(&t, step->command_span);
	put_body(step, time, &t.text);
	target_put_text(s->ret, arena_printf(s->arena, "%s/steps/%s.sh", s->flow.folder, step->name), step->span, &t)->executable = true;
	if (flow_cwl(step))
		target_row(s->ret, step->name, step->span, TARGET_EMULATED, "it is a document of CWL: cwltool runs it on the node");
	if (step->retry_on)
		target_row(s->ret, step->name, step->span, TARGET_EMULATED, "it is tried again after any failure of its command; what ends the job as a whole (time, memory) is left to a second ./submit.sh");
	if (rows == s->ret->rows.len)
		target_row(s->ret, step->name, step->span, TARGET_SUPPORTED, NULL);
	if (s->told[at])
		s->ret->rows.len = rows;
	s->told[at] = true;
}

/* -- the folder ------------------------------------------------------------------------------------------------------------------ */

static void put_script(struct slurm *s, const char *name, const char *text)
{
	const struct plan_workflow *w = &s->plan->workflows[s->workflow];
	struct target_text t = { 0 };

	target_text_from(&t, w->span);
	buf_puts(&t.text, text);
	target_put_text(s->ret, arena_printf(s->arena, "%s/%s", s->flow.folder, name), w->span, &t)->executable = true;
}

static const char worker[] =
	"# worker.sh own|all WORDS...: one worker of a distributed step, as srun starts it. `own`: of the job's environment it sees what\n"
	"# launchers of MPI look for. All see what PyTorch does: RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT.\n"
	"set -euo pipefail\n"
	"kept=()\n"
	"if [ \"$1\" = own ]; then\n"
	"\tkept=(-i)\n"
	"\twhile IFS= read -r name; do\n"
	"\t\tkept+=(\"$name=${!name}\")\n"
	"\tdone < <(compgen -e | grep -E '^(SLURM|PMI|PMIX|OMPI|UCX|FI)_|^(CUDA|ROCR|HIP)_VISIBLE_DEVICES$')\n"
	"fi\n"
	"shift\n"
	"first=$(scontrol show hostnames \"$SLURM_STEP_NODELIST\" | head -n 1)\n"
	"exec env \"${kept[@]}\" RANK=\"$SLURM_PROCID\" LOCAL_RANK=\"$SLURM_LOCALID\" WORLD_SIZE=\"$SLURM_STEP_NUM_TASKS\" \\\n"
	"\tMASTER_ADDR=\"$first\" MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000)) \"$@\"\n";

static const char submit[] =
	"# Submits what is neither done nor queued: run it again at any time, also after a failure.\n"
	"set -euo pipefail\n"
	"cd \"$(dirname \"$(readlink -f \"$0\")\")\"\n"
	"mkdir -p run/jobs run/logs\n"
	"exec 9>run/lock\n"
	"flock 9 # of two at once, the second finds nothing to do\n"
	"\n"
	"declare -A ids\n"
	"plan=$(python3 slurm.py)\n"
	"while IFS=$'\\t' read -r key script name tasks after options; do\n"
	"\t[ -n \"$key\" ] || continue\n"
	"\targuments=(--parsable --kill-on-invalid-dep=yes --job-name=\"$name\" --comment=\"$tasks\")\n"
	"\tif [ \"$options\" != - ]; then\n"
	"\t\tread -r -a more <<<\"$options\"\n"
	"\t\targuments+=(\"${more[@]}\")\n"
	"\tfi\n"
	"\tif [ \"$after\" != - ]; then\n"
	"\t\tafter=$after:\n"
	"\t\tfor earlier in \"${!ids[@]}\"; do after=${after//:@$earlier:/:${ids[$earlier]}:}; done\n"
	"\t\targuments+=(--dependency=\"${after%:}\")\n"
	"\tfi\n"
	"\tids[$key]=$(sbatch \"${arguments[@]}\" \"$@\" \"$script\" \"$tasks\")\n"
	"\tids[$key]=${ids[$key]%%;*} # of several clusters\n"
	"\techo \"${ids[$key]}\" >\"run/jobs/$key.id\"\n"
	"\techo \"${ids[$key]} $name\"\n"
	"done <<<\"$plan\"\n";

static void put_common(struct slurm *s)
{
	const struct plan_workflow *w = &s->plan->workflows[s->workflow];
	const char *head = arena_printf(s->arena, "#!/bin/bash\n# %s: workflow %s of the twin %s\n", target_place(s->arena, s->plan, w->span), w->name, s->plan->twin);

	for (uint32_t i = 0; i < s->plan->n_steps; i++)
		if (flow_has_step(&s->flow, i) && s->plan->steps[i].workers > 1) {
			put_script(s, "worker.sh", arena_printf(s->arena, "%s%s", head, worker));
			break;
		}
	put_script(s, "submit.sh", arena_printf(s->arena, "%s%s", head, submit));
	put_script(s, "gate.sh", arena_printf(s->arena, "%s# Decides a gate: what waits for it is cancelled where nothing may pass.\n#SBATCH --time=00:05:00\n#SBATCH --output=run/logs/gate-%%x-%%j.log\n"
							 "exec ./flow.py gate \"$(sed -n \"$((${SLURM_ARRAY_TASK_ID:-0} + 1))p\" \"$1\")\"\n", head));
	put_script(s, "next.sh", arena_printf(s->arena, "%s# Goes on where it could not be told before what there is to do.\n#SBATCH --time=00:05:00\n#SBATCH --output=run/logs/%%x-%%j.log\nexec ./submit.sh\n", head));
	put_script(s, "results.sh", arena_printf(s->arena, "%s# Copies the outputs to results/.\n#SBATCH --time=00:30:00\n#SBATCH --output=run/logs/%%x-%%j.log\nexec ./flow.py results\n", head));
	target_put_own(s->ret, arena_printf(s->arena, "%s/slurm.py", s->flow.folder), w->span, stdlib_slurm[0].text, stdlib_slurm[0].len);
}

static void put_constructs(struct slurm *s)
{
	for (uint32_t i = 0; i < s->plan->n_nodes; i++) {
		const struct plan_node *n = &s->plan->nodes[i];
		if (!s->flow.workflows[s->plan->blocks[n->block].workflow])
			continue;
		if (n->kind == PLAN_GATE && n->on_fail == PLAN_ASK)
			target_row(s->ret, n->name, n->span, TARGET_EMULATED, "its job fails until a person ran `./flow.py approve TASK`; then ./submit.sh goes on");
		if (n->kind == PLAN_REPEAT)
			target_row(s->ret, "repeat", n->span, TARGET_EMULATED, "each round is submitted by a job that waits for the one before");
	}
}

/* Calls with a place of their own. */
static void put_placed(struct slurm *s)
{
	struct doc *d = doc_map(s->arena);

	for (uint32_t i = 0; i < s->plan->n_nodes; i++) {
		const struct plan_node *n = &s->plan->nodes[i];
		const char *partition = n->kind == PLAN_CALL && n->place ? partition_of(s->plan, n->place) : NULL;
		struct doc *list;
		if (n->kind != PLAN_CALL || !n->place || !s->flow.workflows[s->plan->blocks[n->block].workflow])
			continue;
		if (!partition) {
			target_row(s->ret, n->name, n->span, TARGET_EMULATED, "it is placed on `%s`, which is no partition of Slurm: the job goes where its step does", n->place);
			continue;
		}
		list = doc_list(s->arena);
		doc_push(list, doc_printf(s->arena, "--partition=%s", partition));
		if (!doc_get(d, n->name))
			doc_set(s->arena, d, n->name, doc_from(list, n->span));
	}
	if (doc_len(d))
		target_put_doc(s->ret, arena_printf(s->arena, "%s/placed.json", s->flow.folder), s->plan->workflows[s->workflow].span, d);
}

static void put_workflow(struct slurm *s)
{
	const struct plan_workflow *w = &s->plan->workflows[s->workflow];
	uint32_t files = s->ret->files.len;

	s->flow = (struct flow){ .arena = s->arena, .request = s->request, .plan = s->plan, .ret = s->ret, .folder = w->name };
	if (flow_emit(&s->flow, s->workflow)) {
		for (uint32_t i = 0; i < s->plan->n_steps; i++)
			if (flow_has_step(&s->flow, i))
				put_step(s, i);
		put_constructs(s);
		put_placed(s);
		put_common(s);
	} else {
		s->ret->files.len = files;
	}
}

static void emit(const struct target_request *request, struct target_result *ret)
{
	struct slurm s = { .arena = ret->arena, .plan = request->plan, .request = request, .ret = ret };

	s.told = arena_new_n(s.arena, bool, s.plan->n_steps + 1);

	if (s.plan->n_workflows == 0)
		ret->note = "there is no workflow";
	for (s.workflow = 0; s.workflow < s.plan->n_workflows; s.workflow++)
		if (flow_is_meant(request, s.workflow))
			put_workflow(&s);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	emit(request, ret);
	target_result_drop_files(ret);
}

const struct target target_slurm = { "slurm", "Slurm: a job script a step, arrays, dependencies, submit.sh", check, emit };
