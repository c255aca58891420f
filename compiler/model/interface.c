/* The table of foreign formats that a kind may take its interface from. */
#include "compiler/model/interface.h"
#include "compiler/base/file.h"
#include <string.h>

static const struct {
	const char *format;
	void (*read)(struct checker *ck, struct model_thing *t, const char *path, const char *shown, struct span span);
} interfaces[] = {
	{"cwl", interface_cwl},
};

void interface_read(struct checker *ck, struct module *m, struct model_thing *t)
{
	const char *format = doc_text(doc_get(doc_get(t->schema->annotations, "interface"), "format"), NULL);
	struct model_attr *file = format ? model_attr(t, "file") : NULL;
	if (!file || !file->given || !file->expr || is_poison(file->expr) || file->expr->op != EXPR_CONST)
		return;
	const char *name = file->expr->value->string.text;
	for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++)
		if (strcmp(interfaces[i].format, format) == 0)
			interfaces[i].read(ck, t, file_join(ck->arena, m->root, name), file_join(ck->arena, m->folder, name), file->span);
}
