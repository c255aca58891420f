/* Whether a process and all below it hold more memory than a limit, in bytes; with a mark (mark.h), those of them that carry it. Cheap
 * when they do not. */
#ifndef TWINC_EXECUTOR_MEMORY_H
#define TWINC_EXECUTOR_MEMORY_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
bool memory_exceeds(pid_t pid, const char *mark, uint64_t limit);
#endif
