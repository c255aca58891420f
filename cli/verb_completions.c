/* completions: scripts for shells, made from the tables of verbs and options. */
#include "cli/cli.h"
#include <string.h>

struct writer { const struct verb *verb; };

static bool option_of_verb(const struct cli_option *o, const struct verb *verb)
{
	return o->group & (verb->groups | GROUP_ALL);
}

/* The words between bars, with blanks. */
static void choices_print(const char *choices)
{
	for (; *choices; choices++)
		putchar(*choices == '|' ? ' ' : *choices);
}

static void bash_option(const struct cli_option *o, void *ctx)
{
	struct writer *w = ctx;

	if (option_of_verb(o, w->verb))
		printf(" --%s", o->name);
}

static void bash_choices(const struct cli_option *o, void *ctx)
{
	(void)ctx;
	if (!o->choices)
		return;
	printf("\t--%s) COMPREPLY=($(compgen -W '", o->name);
	choices_print(o->choices);
	fputs("' -- \"$word\")); return ;;\n", stdout);
}

static void bash_print(void)
{
	struct writer w;

	fputs("_twinc() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n\tcase $before in\n", stdout);
	cli_each_option(bash_choices, NULL);
	fputs("\tesac\n\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '", stdout);
	for (const struct verb *v = verbs; v->name; v++)
		printf("%s ", v->name);
	fputs("' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n", stdout);
	for (w.verb = verbs; w.verb->name; w.verb++) {
		printf("\t%s) options='", w.verb->name);
		cli_each_option(bash_option, &w);
		fputs("' ;;\n", stdout);
	}
	fputs("\tesac\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
		"\t*) COMPREPLY=($(compgen -f -X '!*.twin' -- \"$word\") $(compgen -d -- \"$word\")) ;;\n\tesac\n}\n"
		"complete -o filenames -F _twinc twinc\n", stdout);
}

/* Text inside single quotes, with a backslash before each of `special`. */
static void quoted_print(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(special, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

#define ZSH_SPECIAL "[]:\\"
#define FISH_SPECIAL "\\"

static void zsh_option(const struct cli_option *o, void *ctx)
{
	struct writer *w = ctx;

	if (!option_of_verb(o, w->verb))
		return;
	printf(" '--%s[", o->name);
	quoted_print(o->help, ZSH_SPECIAL);
	putchar(']');
	if (o->choices) {
		fputs(":value:(", stdout);
		choices_print(o->choices);
		putchar(')');
	} else if (o->takes_value) {
		fputs(":value:_files", stdout);
	}
	putchar('\'');
}

static void zsh_print(void)
{
	struct writer w;

	fputs("#compdef twinc\n_twinc() {\n\tif (( CURRENT == 2 )); then\n\t\tlocal -a list\n\t\tlist=(", stdout);
	for (const struct verb *v = verbs; v->name; v++) {
		printf("'%s:", v->name);
		quoted_print(v->summary, ZSH_SPECIAL);
		fputs("' ", stdout);
	}
	fputs(")\n\t\t_describe verb list\n\t\treturn\n\tfi\n\tcase $words[2] in\n", stdout);
	for (w.verb = verbs; w.verb->name; w.verb++) {
		printf("\t%s) _arguments '*:file:_files -g \"*.twin\"'", w.verb->name);
		cli_each_option(zsh_option, &w);
		fputs(" ;;\n", stdout);
	}
	fputs("\tesac\n}\n_twinc \"$@\"\n", stdout);
}

static void fish_option(const struct cli_option *o, void *ctx)
{
	struct writer *w = ctx;

	if (!option_of_verb(o, w->verb))
		return;
	printf("complete -c twinc -n '__fish_seen_subcommand_from %s' -l %s", w->verb->name, o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (o->choices) {
		fputs(" -x -a '", stdout);
		choices_print(o->choices);
		putchar('\'');
	} else if (o->takes_value) {
		fputs(" -r", stdout);
	}
	fputs(" -d '", stdout);
	quoted_print(o->help, FISH_SPECIAL);
	fputs("'\n", stdout);
}

static void fish_print(void)
{
	struct writer w;

	for (w.verb = verbs; w.verb->name; w.verb++) {
		printf("complete -c twinc -n __fish_use_subcommand -a %s -d '", w.verb->name);
		quoted_print(w.verb->summary, FISH_SPECIAL);
		fputs("'\n", stdout);
		cli_each_option(fish_option, &w);
	}
}

int verb_completions(struct cli *c)
{
	static const struct { const char *name; void (*print)(void); } shells[] = {
		{ "bash", bash_print }, { "zsh", zsh_print }, { "fish", fish_print },
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(c->subject, shells[i].name) != 0)
			continue;
		shells[i].print();
		return CLI_DONE;
	}
	return cli_usage(c, "there are completions for bash, zsh and fish, not for %s", c->subject);
}
