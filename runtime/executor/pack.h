/* A task for a place that does not see the state folder: its folder as a stream of tar, what it reads by content, and, later, what it left
 * back in its folder. */
#ifndef TWINC_EXECUTOR_PACK_H
#define TWINC_EXECUTOR_PACK_H
#include "compiler/base/map.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/script.h"
#include <stdio.h>

/* key: SHA-256 of the content, with an x behind it where it may be run; of a folder, its digest. */
struct pack_content { const char *key, *path; };
struct pack {
	struct arena arena;
	const char *root;  /* there: ROOT/content/KEY is a content */
	FILE *f;           /* where the stream goes */
	struct map known;  /* keys of contents */
	VEC(struct pack_content) contents; /* each once */
	int error;         /* an errno; nothing is written any more */
};
struct pack_paths { VEC(const char *) list; };
/* The task's in/, of links to contents there, and its command, as NAME/...; *contents: what the links lead to there, which vec_finish frees. */
void pack_folder(struct pack *p, const struct engine_job *j, const char *name, struct pack_paths *contents);
/* Its script and, where it has any, its secrets, as it sees itself there. */
void pack_script(struct pack *p, const struct executor_task *t, const struct script_options *o, const char *name);
void pack_finish(struct pack *p); /* not f */

/* A file of ours that has no name: in memory, or in a folder. NULL and errno. */
FILE *pack_file(const char *folder, bool small);
/* How much may be brought home below a folder: it leaves room for the journal, which is on the same disk. 0: nothing. */
uint64_t pack_room(const char *folder);
bool pack_is_full(const char *folder, int fd); /* what lies in the file could not be written once more */
/* What was unpacked at IN: its work and logs take their places; its end comes last, and with it all of it is there. 0, an errno, or EINVAL:
 * something in it is not what it should be. */
int pack_take_home(const struct engine_job *j, const char *in, struct arena *a);
/* Of what was unpacked there: the first of what it read that it changed; or NULL. */
const char *pack_spoiled(struct arena *a, const char *in);
#endif
