/* What Infrastructure Manager says of a failure: the output of Ansible, long. */
#include "runtime/infra/im.h"
#include <stdio.h>
#include <string.h>

#define LINES 14

static const char *last_of(const char *text, const char *what)
{
	const char *found = NULL;
	for (const char *at = text; (at = strstr(at, what)); at++)
		found = at;
	return found;
}

/* Where the last failure is told. Ansible's own `fatal:` also stands in good runs, where it is ignored. */
static const char *failure_at(const char *said)
{
	const char *at = last_of(said, "ERROR executing task");
	return at ? at : last_of(said, "fatal: ");
}

/* Tasks are called NODE_MACHINE_conf_MACHINE. */
const struct infra_thing *im_blamed(const struct stack *s, const char *said)
{
	const struct infra_thing *blamed = NULL;
	const char *end = failure_at(said), *best = NULL;
	for (uint32_t i = 0; end && i < s->n_things; i++) {
		const struct infra_thing *t = &s->things[i];
		char mark[300];
		if (strcmp(t->role, "service") != 0)
			continue;
		snprintf(mark, sizeof mark, "%s_", t->name);
		for (const char *at = said; (at = strstr(at, mark)) && at < end + 200; at++) {
			const char *conf = strstr(at, "_conf_");
			size_t word = strcspn(at, " \t\n'\"");
			if (conf && conf < at + word && (!best || at > best)) {
				best = at;
				blamed = t;
			}
		}
	}
	return blamed;
}

const char *im_failure(struct arena *a, const char *said)
{
	const char *fatal = last_of(said, "fatal: "), *end = said + strlen(said), *from = end;
	if (fatal) { /* the task's heading stands a little above */
		const char *task = NULL;
		for (const char *at = said; (at = strstr(at, "TASK [")) && at < fatal; at++)
			task = at;
		from = task && fatal - task < 2000 ? task : fatal;
		const char *stop = from;
		for (int i = 0; i < LINES && stop && *stop; i++) {
			stop = strchr(stop, '\n');
			stop = stop ? stop + 1 : NULL;
		}
		return arena_strndup(a, from, stop ? (size_t)(stop - from) : strlen(from));
	}
	for (int lines = 0; from > said; from--)
		if (from[-1] == '\n' && ++lines > LINES)
			break;
	return arena_strdup(a, from);
}
