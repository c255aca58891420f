/* Whether a process and all below it hold more memory than a limit. Cheap when they do not. */
#ifndef TWINC_EXECUTOR_MEMORY_H
#define TWINC_EXECUTOR_MEMORY_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
bool memory_exceeds(pid_t pid, uint64_t limit);
#endif
