/* Whether a file or folder is still what it was: size, mtime and inode first, its content only when these changed. */
#ifndef TWINC_STATE_STAMP_H
#define TWINC_STATE_STAMP_H
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "runtime/state/journal.h"

#define STAMP_LEN 96
/* "f:SIZE:MTIME_NS:INODE", or for a folder "d:" and a digest over its entries' stamps. Follows a link at the top only.
 * errno where it cannot be read. */
int stamp_path(const char *path, char ret[STAMP_LEN]);
/* The same of a path below an open folder; `path` is both together. */
int stamp_path_in(int folder, const char *below, const char *path, char ret[STAMP_LEN]);

struct stamps { /* known digests by path */
	struct arena *arena;     /* borrowed */
	struct journal *journal; /* borrowed, or NULL */
	bool writable;           /* what is learned is kept there */
	struct map known;        /* path -> struct journal_stat: asked for so far */
	struct map seen;         /* path -> stamp: what this run rests on */
};
void stamps_init(struct stamps *s, struct arena *a, struct journal *j, bool writable);
void stamps_finish(struct stamps *s);
/* Content digest of a file or folder that the run rests on; errno. */
int stamps_digest(struct stamps *s, const char *path, const char **ret_digest);
/* The same of what the run itself made, whose looks are kept with its result. */
int stamps_content(struct stamps *s, const char *path, const char **ret_digest);
/* Notes that the run rests on this path, as it is now. */
void stamps_see(struct stamps *s, const char *path, const char *stamp);
#endif
