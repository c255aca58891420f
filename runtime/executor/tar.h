/* Streams of tar(5) between machines: GNU headers are written; ustar, GNU and pax are read. What comes from elsewhere is not trusted:
 * nothing is written outside the folder, and no link is ever followed. */
#ifndef TWINC_EXECUTOR_TAR_H
#define TWINC_EXECUTOR_TAR_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Each returns 0 or an errno. Names are relative; a name or target is at most 4095 bytes. */
int tar_put_bytes(FILE *f, const char *name, mode_t mode, const char *bytes, size_t len);
int tar_put_link(FILE *f, const char *name, const char *target);
/* A file, or a folder with all below it; a link is followed at the top only. What is neither file, folder nor link is EINVAL. */
int tar_put_tree(FILE *f, const char *name, const char *path);
int tar_end(FILE *f); /* the end of the stream, flushed */

enum tar_result {
	TAR_WHOLE,
	TAR_CUT,     /* it ends too early */
	TAR_REFUSED, /* it holds what may not be: a hard link, a device, a name that leaves the folder */
	TAR_FAILED,  /* this machine cannot write it */
};
/* Writes all that is in the stream below an open, empty folder. What is wrong is said in ret_error. */
enum tar_result tar_extract(FILE *f, int folder, char *ret_error, size_t error_len);
#endif
