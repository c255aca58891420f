/* What a process needs of this machine beside its own command. */
#include "compiler/base/file.h"
#include "compiler/cwl/cwl.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program on this process's own PATH; NULL: it is not there. */
static const char *find_program(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");
	for (const char *at = path ? path : ""; *at;) {
		size_t n = strcspn(at, ":");
		const char *full = arena_printf(a, "%.*s/%s", (int)n, at, name);
		if (n > 0 && access(full, X_OK) == 0 && !file_is_dir(full))
			return full;
		at += n + (at[n] == ':');
	}
	return NULL;
}

const char *cwl_find_node(struct arena *a)
{
	const char *node = find_program(a, "node");
	return node ? node : find_program(a, "nodejs");
}

const char *cwl_find_engine(struct arena *a, const char *engine)
{
	return find_program(a, strcmp(engine, "toil") == 0 ? "toil-cwl-runner" : engine);
}

const char *cwl_lacks(struct arena *a, const struct cwl_process *p, const char *engine)
{
	if (p->class == CWL_OPERATION)
		return "it is an Operation, which only describes";
	if (p->in_place)
		return "it changes its inputs in place (InplaceUpdateRequirement), which what is kept of earlier tasks would not survive";
	if (p->class == CWL_WORKFLOW && strcmp(engine, "cwltool") != 0 && strcmp(engine, "toil") != 0)
		return arena_printf(a, "it is a Workflow, which cwltool or toil runs here, not `%s`", engine);
	if (p->class == CWL_WORKFLOW && !cwl_find_engine(a, engine))
		return arena_printf(a, "it is a Workflow, and its engine `%s` is not on the PATH", engine);
	if (p->calls_expressions && !cwl_find_node(a))
		return "it has expressions in JavaScript, and there is no node on the PATH to evaluate them";
	return NULL;
}
