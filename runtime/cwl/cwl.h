/* A task that is a CWL process, carried out in a process of its own: the runtime writes FOLDER/job.json, the keeper starts
 * `twinc cwl-task FOLDER`, and what came of it is FOLDER/outputs.json. So expressions of a document never run in, or hold
 * up, the process that decides. */
#ifndef TWINC_RUNTIME_CWL_CWL_H
#define TWINC_RUNTIME_CWL_CWL_H
#include "compiler/base/arena.h"
#include "compiler/doc/doc.h"
#include "runtime/run/executor.h"

/* Makes of argv and env what runs them elsewhere: in a container. False: no engine. */
struct cwl_hooks { bool (*contain)(struct arena *a, struct executor_task *t); };
/* Carries out the task of the folder. The exit code for the keeper: 0, or the tool's own; *ret_message (arena text) says
 * what was wrong where the tool itself did not, else NULL. A tool ended by a signal ends this process by it. */
int cwl_task_run(struct arena *a, const char *folder, const struct cwl_hooks *hooks, const char **ret_message);
#endif
