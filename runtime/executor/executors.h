/* The table of executors. A new one is its file and a row here. */
#ifndef TWINC_EXECUTOR_EXECUTORS_H
#define TWINC_EXECUTOR_EXECUTORS_H
#include "runtime/run/executor.h"

extern const struct executor executor_local;
extern const struct executor *const executors[]; /* ends with NULL */
const struct executor *executor_find(const char *name); /* or NULL */
#endif
