/* A task's command inside its container: podman, docker or apptainer, whichever is there first. */
#ifndef TWINC_EXECUTOR_CONTAINER_H
#define TWINC_EXECUTOR_CONTAINER_H
#include "compiler/base/arena.h"
#include "runtime/run/executor.h"

struct container_engine { const char *name; bool apptainer; char path[4096]; };
/* Looked for on the caller's own PATH. False: none is there. */
bool container_find(struct container_engine *ret);
/* What to start instead of the task's argv: its folder, what it reads and its settings are handed in, nothing else. */
const char *const *container_argv(struct arena *a, const struct container_engine *e, const struct executor_task *t);
/* Makes of the task the engine's client: its command as above, the caller's own environment, and secrets only there. */
void container_wrap(struct arena *a, const struct container_engine *e, struct executor_task *t);
/* Ends what the engine itself keeps of an attempt; its client may be gone already. */
void container_kill(const char *state, int64_t run, uint32_t number);
#endif
