/* targets: what `build` can write. */
#include "cli/cli.h"
#include "targets/target.h"

int verb_targets(struct cli *c)
{
	struct doc *list = doc_list(&c->arena);

	for (const struct target *const *t = targets; *t; t++) {
		struct doc *d = doc_map(&c->arena);
		doc_set(&c->arena, d, "name", doc_string(&c->arena, (*t)->name));
		doc_set(&c->arena, d, "summary", doc_string(&c->arena, (*t)->summary));
		doc_push(list, d);
		if (!c->json)
			printf("%-12s %s\n", (*t)->name, (*t)->summary);
	}
	if (c->json)
		cli_print_doc(c, list);
	return CLI_DONE;
}
