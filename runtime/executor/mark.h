/* What tells the processes of an attempt from all others: a setting in their environment, TMPDIR=FOLDER. */
#ifndef TWINC_RUNTIME_EXECUTOR_MARK_H
#define TWINC_RUNTIME_EXECUTOR_MARK_H
#include <stdbool.h>
#include <sys/types.h>
/* Whether the process carries it: that folder, or one below it that a program gave its own children. */
bool mark_is_on(pid_t pid, const char *mark);
#endif
