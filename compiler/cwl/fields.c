/* The words that each object of CWL may have. What has a namespace (`s:author`) is somebody's note and passes. */
#include "compiler/cwl/inside.h"
#include "compiler/diag/near.h"

#define PROCESS " id label doc inputs outputs requirements hints cwlVersion class intent "
static const char *const words[] = {
	[FIELDS_TOOL] = PROCESS "baseCommand arguments stdin stdout stderr successCodes temporaryFailCodes permanentFailCodes ",
	[FIELDS_EXPRESSION] = PROCESS "expression ",
	[FIELDS_WORKFLOW] = PROCESS "steps ",
	[FIELDS_OPERATION] = PROCESS,
	[FIELDS_INPUT] = " id label doc type default inputBinding secondaryFiles streamable format loadContents loadListing ",
	[FIELDS_OUTPUT] = " id label doc type outputBinding secondaryFiles streamable format outputSource linkMerge pickValue ",
	[FIELDS_FIELD] = " name label doc type inputBinding outputBinding secondaryFiles streamable format loadContents loadListing ",
	[FIELDS_TYPE] = " name label doc type items fields symbols inputBinding outputBinding secondaryFiles streamable format loadContents loadListing ",
	[FIELDS_BINDING] = " position prefix separate itemSeparator valueFrom shellQuote loadContents ",
	[FIELDS_COLLECT] = " glob loadContents loadListing outputEval ",
	[FIELDS_STEP] = " id label doc in out run requirements hints scatter scatterMethod when ",
	[FIELDS_STEP_IN] = " id label source linkMerge pickValue default valueFrom loadContents loadListing ",
	[FIELDS_STEP_OUT] = " id ",
	[FIELDS_SECONDARY] = " pattern required ",
	[FIELDS_DIRENT] = " entry entryname writable ",
};

static const struct { const char *class, *fields; int since; } requirements[] = {
	{ "InlineJavascriptRequirement", " expressionLib ", 10 },
	{ "SchemaDefRequirement", " types ", 10 },
	{ "DockerRequirement", " dockerPull dockerLoad dockerFile dockerImport dockerImageId dockerOutputDirectory ", 10 },
	{ "SoftwareRequirement", " packages ", 10 },
	{ "InitialWorkDirRequirement", " listing ", 10 },
	{ "EnvVarRequirement", " envDef ", 10 },
	{ "ShellCommandRequirement", " ", 10 },
	{ "ResourceRequirement", " coresMin coresMax ramMin ramMax tmpdirMin tmpdirMax outdirMin outdirMax ", 10 },
	{ "SubworkflowFeatureRequirement", " ", 10 },
	{ "ScatterFeatureRequirement", " ", 10 },
	{ "MultipleInputFeatureRequirement", " ", 10 },
	{ "StepInputExpressionRequirement", " ", 10 },
	{ "LoadListingRequirement", " loadListing ", 11 },
	{ "WorkReuse", " enableReuse ", 11 },
	{ "NetworkAccess", " networkAccess ", 11 },
	{ "InplaceUpdateRequirement", " inplaceUpdate ", 11 },
	{ "ToolTimeLimit", " timelimit ", 11 },
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = list; n > 0 && (at = strstr(at, word)); at++)
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

static void suggest(struct reader *r, const char *list, const char *word)
{
	struct near near;
	near_init(&near, word);
	for (const char *at = list + strspn(list, " "); *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		near_offer(&near, arena_strndup(r->arena, at, n));
		at += n;
	}
	const char *best = near_best(&near);
	if (best)
		read_help(r, "did you mean `%s`?", best);
}

static bool check_words(struct reader *r, const struct doc *map, const char *list, const char *what)
{
	for (doc_each(m, map)) {
		if (strchr(m->key, ':') || m->key[0] == '$' || has_word(list, m->key))
			continue;
		read_fail(r, m, "%s has no field `%s`", what, m->key);
		suggest(r, list, m->key);
		return false;
	}
	return true;
}

bool fields_check(struct reader *r, const struct doc *map, enum fields kind, const char *what)
{
	return check_words(r, map, words[kind], what);
}

bool fields_requirement(struct reader *r, const struct doc *req, bool hint)
{
	const char *class = doc_text(doc_get(req, "class"), "");
	for (size_t i = 0; i < sizeof requirements / sizeof *requirements; i++) {
		if (strcmp(requirements[i].class, class) != 0)
			continue;
		if (hint)
			return true;
		if (r->version < requirements[i].since)
			return read_fail(r, req, "`%s` is of a later version of CWL than this document", class);
		return check_words(r, req, arena_printf(r->arena, " class%s", requirements[i].fields), class);
	}
	if (hint)
		return true;
	read_fail(r, req, "the requirement `%s` is not known", class);
	r->error->unsupported = strchr(class, ':') != NULL;
	return read_help(r, "what a tool can do without stands under `hints`");
}
