/* Files and paths. Every function reports failure as an errno value (0: fine) and never prints. */
#ifndef TWINC_BASE_FILE_H
#define TWINC_BASE_FILE_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

/* Reads a whole regular file (or "-": standard input), at most max_bytes (EFBIG over that); EISDIR for a folder,
 * EINVAL for a fifo, socket or device. *ret_text is NUL-terminated behind *ret_len, owned by the arena. */
int file_read(struct arena *a, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);
/* Replaces path by the bytes: written beside it, then renamed. Leaves an equal file untouched (*ret_changed, may be NULL). */
int file_write(const char *path, const char *bytes, size_t len, bool *ret_changed);
/* Writes a file that is not there yet (EEXIST) into an open folder. */
int file_create(int folder, const char *name, const char *bytes, size_t len, bool executable);
/* Makes the folder and all above it. */
int file_mkdirs(const char *path);
/* Removes a file, a link or a folder with all below it, never following links; a missing one is fine. */
int file_remove_tree(const char *path);
/* Copies a file or a folder tree (links inside it as links); the target must not exist. Uses copy_file_range. */
int file_copy_tree(const char *from, const char *to);
bool file_exists(const char *path);
bool file_is_dir(const char *path);
/* Whether the path is the folder or stands below it, by their names; both absolute. */
bool file_is_below(const char *path, const char *folder);

/* Joins folder and path; an absolute path stays. Removes "./" and "a/../" textually; "" means ".". */
char *file_join(struct arena *a, const char *folder, const char *path);
char *file_dirname(struct arena *a, const char *path);
/* The last component, without trailing slashes; borrowed where possible, else from the arena. */
const char *file_basename(struct arena *a, const char *path);

/* A text with paths in it, those below folder written from there: a dump then reads the same everywhere. Borrowed where
 * nothing changes. */
const char *file_text_below(struct arena *a, const char *folder, const char *text);

/* Names in a folder, bytewise sorted, without "." and "..". */
int file_list(struct arena *a, const char *folder, char ***ret_names, uint32_t *ret_len);
/* Paths below folder that match the pattern (fnmatch per component, `**` for any depth), relative to folder, bytewise
 * sorted; hidden names only where the pattern has the dot. A pattern that leaves the folder matches nothing. */
int file_glob(struct arena *a, const char *folder, const char *pattern, char ***ret_paths, uint32_t *ret_len);
#endif
