/* Inside of targets/lua: targets that are scripts. docs/adding-a-target.md tells what a script sees and calls. */
#ifndef TWINC_TARGETS_LUA_LUA_H
#define TWINC_TARGETS_LUA_LUA_H
#include "compiler/doc/quote.h"
#include "stdlib/stdlib.h"
#include "targets/target.h"

/* For rows of struct target: they run request->target->script. */
void lua_check(const struct target_request *request, struct target_result *ret);
void lua_emit(const struct target_request *request, struct target_result *ret);
/* The plan as a script sees it (plan.c). Each item has `at`, "FILE:START:END", which is handed back as it is. */
const struct doc *lua_plan_doc(struct arena *a, const struct target_request *request); /* but for its lists */
const struct doc *lua_plan_list(struct arena *a, const struct target_request *request, const char *name); /* params, steps, things or workflows */
#endif
