/* approve: let pass what a gate holds. The approval belongs to what the gate guarded when it held it. */
#include "cli/state.h"
#include <string.h>
#include <time.h>

struct approve { struct cli *c; const char *digest, *text, *workflow; struct buf held; };

static bool look(const struct journal_gate *g, void *ctx)
{
	struct approve *a = ctx;
	if (strcmp(g->state, "held") != 0 || !g->digest)
		return true;
	buf_printf(&a->held, "%s%s", a->held.len ? ", " : "", g->name);
	if (strcmp(g->name, a->c->subject) != 0)
		return true;
	a->digest = arena_strdup(&a->c->arena, g->digest);
	a->workflow = arena_strdup(&a->c->arena, g->workflow);
	a->text = arena_strdup(&a->c->arena, g->text ? g->text : "");
	return false;
}

static int approve(struct cli *c, struct journal *j, struct approve *a)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	journal_gate_each(j, look, a);
	if (!a->digest)
		return a->held.len ? cli_fail("no gate `%s` waits for approval; these do: %s", c->subject, buf_text(&a->held))
				   : cli_fail("no gate waits for approval");
	int64_t at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	journal_approve(j, c->subject, a->digest, at);
	journal_gate_put(j, &(struct journal_gate){ a->workflow, c->subject, a->digest, "approved", a->text, at });
	if (!journal_commit(j))
		return cli_fail("the journal cannot be written: %s", journal_error(j));
	if (!c->quiet)
		fprintf(stderr, "approved %s: %s\n  `twinc apply` goes on\n", c->subject, a->text);
	return CLI_DONE;
}

int verb_approve(struct cli *c)
{
	const char *file = cli_file(c);
	struct approve a = { .c = c };
	int code = CLI_USAGE;
	if (!file)
		return code;
	const char *state = cli_state(c, file);
	struct journal *j = cli_journal_look(c, state, &code);
	journal_close(j);
	j = j ? cli_journal_write(c, state, &code) : NULL;
	if (j)
		code = approve(c, j, &a);
	buf_finish(&a.held);
	journal_close(j);
	return code;
}
