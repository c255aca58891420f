/* A task's command inside its container: podman, docker or apptainer, whichever is there first. Formats: podman-run(1), docker-run(1),
 * apptainer-exec(1). */
#ifndef TWINC_EXECUTOR_CONTAINER_H
#define TWINC_EXECUTOR_CONTAINER_H
#include "compiler/base/arena.h"
#include "runtime/executor/script.h"
#include "runtime/run/executor.h"

struct container_engine { const char *name; bool apptainer, limits_memory, limits_cpus; uint32_t uid, gid /* whose the outputs are */; char path[4096]; };
/* Those that can be used, the best first; one without a name ends them. */
extern const struct container_engine container_engines[];
/* Looked for on the caller's own PATH. False: none is there. */
bool container_find(struct container_engine *ret);
/* Asks podman or docker which limits it can keep; of apptainer, none. Once a process, then it is known. */
void container_find_limits(struct container_engine *e);
/* Makes of the task the engine's client: argv, and secrets as they are to stand in the client's environment, and there only. The task's
 * folder and what it reads are handed in read-only, work and tmp of the folder to be written. memory_bytes is 0 where the engine
 * keeps the limit. */
void container_wrap(struct arena *a, const struct container_engine *e, struct executor_task *t);
/* For another machine, which may have another engine than this one: makes of the task and its script's options one client for each
 * engine; the first that is there is taken. uid and gid are the user's there. */
void container_offer(struct arena *a, uint32_t uid, uint32_t gid, struct executor_task *t, struct script_options *o);
/* What podman and docker call the container of an attempt in this folder. */
const char *container_name(struct arena *a, const char *folder);
/* FOLDER/container says which engine it is, for container_kill and for the folder's reader. */
void container_note(const struct container_engine *e, const char *folder);
/* executor.h's hook `image`, of the engine that is there; of apptainer, names as they stand. */
const char *container_image(struct arena *a, const char *name, bool pull, char *ret_why, size_t why_len);
/* The client's settings: those of the caller. */
void container_client_env(struct arena *a, struct executor_task *t);
/* Adds to the settings those that container_find and container_client_env are to take for the caller's in the task itself. */
void container_lend_env(struct arena *a, struct executor_task *t);
/* Ends what the engine itself keeps of an attempt; its client may be gone already. Nothing is asked when it ran in no container. */
void container_kill(const char *state, int64_t run, uint32_t number);
#endif
