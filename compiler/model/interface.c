/* The table of foreign formats that a kind may take its interface from. */
#include "compiler/model/interface.h"
#include "compiler/base/file.h"
#include <errno.h>
#include <string.h>

static const struct {
	const char *format;
	void (*read)(struct checker *ck, struct model_thing *t, const struct doc *file, const char *path, struct span span);
} interfaces[] = {
	{"cwl", interface_cwl},
};

void interface_read(struct checker *ck, struct module *m, struct model_thing *t)
{
	const char *format = doc_text(doc_get(doc_get(t->schema->annotations, "interface"), "format"), NULL);
	struct model_attr *file = format ? model_attr(t, "file") : NULL;
	if (!file || !file->given || !file->expr || is_poison(file->expr) || file->expr->op != EXPR_CONST)
		return;
	const char *path = file_join(ck->arena, m->folder, file->expr->value->string.text);
	char *text, *error_text;
	size_t len;
	int error = file_read(ck->arena, path, (size_t)16 << 20, &text, &len);
	if (error) {
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0502, file->span, "cannot read %s", path), "%s", error == EINVAL ? "not a regular file" : strerror(error)), "the path starts from the folder of the twin");
		return;
	}
	struct doc *doc;
	if (!doc_yaml_read(ck->arena, text, len, &doc, &error_text)) {
		diag_here(diag_add(ck->diags, DIAG_E0503, file->span, "%s cannot be read as %s: %s", path, format, error_text), "its inputs and outputs stay unknown");
		return;
	}
	for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++)
		if (strcmp(interfaces[i].format, format) == 0)
			interfaces[i].read(ck, t, doc, path, file->span);
}
