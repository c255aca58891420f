/* init: a starter twin that runs. */
#include "cli/cli.h"
#include "compiler/base/file.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <string.h>

int verb_init(struct cli *c)
{
	const char *folder = c->subject ? c->subject : c->files.len ? c->files.at[0] : ".";
	char *path = file_join(&c->arena, folder, "main.twin");
	int error;

	if (file_exists(path))
		return cli_fail("\"%s\" is there already; nothing was changed", path);
	error = file_mkdirs(folder);
	if (!error)
		error = file_write(path, stdlib_starter->text, stdlib_starter->len, NULL);
	if (error)
		return cli_fail("cannot write \"%s\": %s", path, strerror(error));
	if (!c->quiet)
		fprintf(stderr, "wrote %s; next:\n  twinc check %s\n  twinc apply %s\n", path, path, path);
	return CLI_DONE;
}
