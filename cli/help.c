/* The help texts, made from the tables of verbs and options. */
#include "cli/cli.h"
#include <string.h>

static void examples_print(FILE *to, const char *examples)
{
	while (*examples) {
		size_t bar = strcspn(examples, "|\n");
		size_t end = strcspn(examples, "\n");

		/* A bar inside a command would be quoted; the first one ends the command. */
		if (bar > 38)
			fprintf(to, "  %.*s\n  %-38s  %.*s\n", (int)bar, examples, "", (int)(end - bar - 1), examples + bar + 1);
		else
			fprintf(to, "  %-38.*s  %.*s\n", (int)bar, examples, (int)(end - bar - 1), examples + bar + 1);
		examples += end + (examples[end] == '\n');
	}
}

void cli_help(FILE *to)
{
	fputs("twinc checks, plans and runs digital twins described in .twin files.\n\n"
		"usage: twinc VERB [FILE] [WORKFLOW] [name=value ...] [options]\n\n", to);
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(to, "  %-11s  %s\n", v->name, v->summary);
	fputs("\nFILE may be left out where the folder holds main.twin or just one twin; - is standard input.\n"
		"WORKFLOW may be left out where there is one, or one called `main`.\n\n", to);
	cli_help_options(to, GROUP_ALL);
	fputs("\n`twinc VERB --help` says more about a verb, with examples.\n"
		"exit codes: 0 done, 1 the twin is wrong or a task failed, 2 differences (where asked for),\n"
		"            3 a gate blocked, 64 wrong usage, 70 a bug of twinc, 130/143 interrupted\n", to);
}

void cli_help_verb(FILE *to, const struct verb *verb)
{
	fprintf(to, "twinc %s: %s\n\nusage: twinc %s", verb->name, verb->summary, verb->name);
	switch (verb->words) {
	case WORDS_NONE:
		break;
	case WORDS_FILE:
		fputs(" [FILE]", to);
		break;
	case WORDS_FILES:
		fputs(" [FILE ...]", to);
		break;
	case WORDS_PLANS:
		fputs(" FILE FILE", to);
		break;
	case WORDS_WORKFLOW:
		fprintf(to, " [FILE] [WORKFLOW]%s", verb->groups & GROUP_BIND ? " [name=value ...]" : "");
		break;
	case WORDS_SUBJECT:
		fprintf(to, " [FILE] %s", verb->subject);
		break;
	case WORDS_OPTIONAL:
		fprintf(to, "%s [%s]", verb->groups & GROUP_STATE ? " [FILE]" : "", verb->subject);
		break;
	}
	fputs(" [options]\n\nexamples:\n", to);
	examples_print(to, verb->examples);
	fputs("\noptions:\n", to);
	cli_help_options(to, verb->groups | GROUP_ALL);
}
