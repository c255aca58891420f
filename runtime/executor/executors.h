/* The table of executors. A new one is its file and a row here. */
#ifndef TWINC_EXECUTOR_EXECUTORS_H
#define TWINC_EXECUTOR_EXECUTORS_H
#include "compiler/base/arena.h"
#include "runtime/run/executor.h"

extern const struct executor executor_local, executor_slurm, executor_kubernetes, executor_ssh, executor_cwl;
extern const struct executor *const executors[]; /* ends with NULL; the first is this machine */
const struct executor *executor_find(const char *name); /* or NULL */
const char *executor_names(struct arena *a); /* "are `local` and `slurm`" */
#endif
