/* Targets written in Lua: the plan in as tables, documents out. A script sees no files, no clock and no environment; it has
 * bounded time and memory. Facts: Lua 5.4 reference manual, sections 4 and 6. */
#include "targets/lua/lua.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX_BYTES ((size_t)64 << 20)
#define INSTRUCTIONS_MAX 50000000
#define INSTRUCTIONS_STEP 10000
#define TEXT_MAX_BYTES ((size_t)16 << 20)
#define FILES_MAX 100000
#define NODES_MAX 2000000 /* of documents: one table may stand in many places */

struct host {
	const struct target_request *request;
	struct target_result *ret;
	struct arena *arena;
	size_t memory;
	uint64_t instructions, nodes;
	struct span at; /* what the script looked at last */
};

static void *allocate(void *ctx, void *old, size_t old_size, size_t size)
{
	struct host *h = ctx;
	void *p;

	if (!old)
		old_size = 0;
	if (size == 0) {
		free(old);
		h->memory -= old_size;
		return NULL;
	}
	if (size > old_size && h->memory + size - old_size > MEMORY_MAX_BYTES)
		return NULL;
	p = realloc(old, size);
	if (p)
		h->memory += size - old_size;
	return p;
}

static struct host *host_of(lua_State *L)
{
	return *(struct host **)lua_getextraspace(L);
}

static void count(lua_State *L, lua_Debug *d)
{
	if ((host_of(L)->instructions += INSTRUCTIONS_STEP) <= INSTRUCTIONS_MAX)
		return;
	lua_getinfo(L, "Sl", d);
	luaL_error(L, "%s:%d: it takes too long: more than %d million instructions", d->short_src, d->currentline, INSTRUCTIONS_MAX / 1000000);
}

/* -- documents to tables ------------------------------------------------------------------------------------------------ */

static void push_doc(lua_State *L, const struct doc *d)
{
	lua_Integer i = 0;

	luaL_checkstack(L, 8, "the plan is too deep");
	switch (d->kind) {
	case DOC_NULL: lua_pushnil(L); return;
	case DOC_BOOL: lua_pushboolean(L, d->boolean); return;
	case DOC_INT: lua_pushinteger(L, d->integer); return;
	case DOC_FLOAT: lua_pushnumber(L, d->number); return;
	case DOC_STRING: lua_pushlstring(L, d->string.text, d->string.len); return;
	case DOC_LIST:
	case DOC_MAP: break;
	}
	lua_createtable(L, d->kind == DOC_LIST ? (int)doc_len(d) : 0, d->kind == DOC_MAP ? (int)doc_len(d) : 0);
	for (doc_each(child, d)) {
		push_doc(L, child);
		if (d->kind == DOC_MAP)
			lua_setfield(L, -2, child->key);
		else
			lua_rawseti(L, -2, ++i);
	}
	if (d->kind == DOC_LIST && i == 0) { /* as list{} */
		lua_createtable(L, 0, 1);
		lua_pushboolean(L, true);
		lua_setfield(L, -2, "list");
		lua_setmetatable(L, -2);
	}
}

/* -- tables to documents --------------------------------------------------------------------------------------------------- */

static struct doc *take(lua_State *L, int at, int depth);

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_member(lua_State *L, int at, const char *key, struct doc *map, int depth)
{
	struct host *h = host_of(L);
	struct doc *child;

	lua_getfield(L, at, key);
	child = take(L, lua_gettop(L), depth + 1);
	if (doc_get(map, key))
		luaL_error(L, "a map has the key \"%s\" twice", key);
	doc_append(h->arena, map, key, child);
	lua_pop(L, 1);
}

/* Keys in the order that map() was told, else sorted. */
static struct doc *take_map(lua_State *L, int at, bool ordered, int depth)
{
	struct host *h = host_of(L);
	struct doc *map = doc_map(h->arena);
	VEC(const char *) keys = { 0 };

	if (ordered) { /* the list is on top */
		lua_Integer n = luaL_len(L, -1);
		for (lua_Integer i = 1; i <= n; i++) {
			lua_rawgeti(L, -1, i);
			take_member(L, at, luaL_checkstring(L, -1), map, depth);
			lua_pop(L, 1);
		}
		return map;
	}
	for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING) {
			vec_finish(&keys);
			luaL_error(L, "a table that is neither a list nor a map: its keys are texts and others");
		}
		*vec_push(&keys) = arena_strdup(h->arena, lua_tostring(L, -2));
	}
	if (keys.len)
		qsort(keys.at, keys.len, sizeof(*keys.at), by_name);
	const char **kept = arena_copy(h->arena, keys.at, keys.len * sizeof(*keys.at));
	uint32_t n = keys.len;
	vec_finish(&keys);
	for (uint32_t i = 0; i < n; i++)
		take_member(L, at, kept[i], map, depth);
	return map;
}

static struct doc *take_list(lua_State *L, int at, lua_Integer n, int depth)
{
	struct host *h = host_of(L);
	struct doc *list = doc_list(h->arena);

	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, at, i);
		doc_push(list, take(L, lua_gettop(L), depth + 1));
		lua_pop(L, 1);
	}
	return list;
}

static struct span span_of(lua_State *L, const char *text)
{
	struct host *h = host_of(L);
	struct span s = { 0 };

	if (!text || sscanf(text, "%u:%u:%u", &s.file, &s.start, &s.end) != 3 || s.file >= h->request->plan->sources->list.len || s.start > s.end ||
		s.end > h->request->plan->sources->list.at[s.file].len)
		return (struct span){ 0 };
	return s;
}

/* The field of a table's metatable onto the stack; false: nothing pushed. */
static bool meta(lua_State *L, int at, const char *name)
{
	return luaL_getmetafield(L, at, name) != LUA_TNIL;
}

static struct doc *take_table(lua_State *L, int at, int depth)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, at);
	struct doc *d;
	bool is_list = n > 0;

	if (depth > DOC_MAX_DEPTH / 2)
		luaL_error(L, "a document that is too deep, or holds itself");
	luaL_checkstack(L, 16, "a document that is too deep");
	if (meta(L, at, "list")) {
		is_list = true;
		lua_pop(L, 1);
	}
	if (is_list) {
		d = take_list(L, at, n, depth);
	} else {
		bool ordered = meta(L, at, "order");
		d = take_map(L, at, ordered, depth);
		if (ordered)
			lua_pop(L, 1);
	}
	if (meta(L, at, "at")) {
		doc_from(d, span_of(L, lua_tostring(L, -1)));
		lua_pop(L, 1);
	}
	if (meta(L, at, "comment")) {
		d->comment = arena_strdup(host_of(L)->arena, luaL_checkstring(L, -1));
		lua_pop(L, 1);
	}
	return d;
}

static struct doc *take(lua_State *L, int at, int depth)
{
	struct host *h = host_of(L);
	size_t len;
	const char *text;

	if (++h->nodes > NODES_MAX)
		luaL_error(L, "documents of more than %d values", NODES_MAX);
	switch (lua_type(L, at)) {
	case LUA_TNIL: return doc_null(h->arena);
	case LUA_TBOOLEAN: return doc_bool(h->arena, lua_toboolean(L, at));
	case LUA_TNUMBER: return lua_isinteger(L, at) ? doc_int(h->arena, lua_tointeger(L, at)) : doc_float(h->arena, lua_tonumber(L, at));
	case LUA_TSTRING:
		text = lua_tolstring(L, at, &len);
		return doc_string_n(h->arena, text, len);
	case LUA_TTABLE: return take_table(L, at, depth);
	default: luaL_error(L, "a %s in a document", luaL_typename(L, at)); return NULL;
	}
}

/* -- what a script calls -------------------------------------------------------------------------------------------------- */

/* The `at` of an item of the plan; what was looked at last is told with an error. */
static struct span item_span(lua_State *L, int at)
{
	struct span s = { 0 };

	if (lua_type(L, at) == LUA_TTABLE) {
		lua_getfield(L, at, "at");
		s = span_of(L, lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	if (s.file)
		host_of(L)->at = s;
	return s;
}

static int call_look(lua_State *L) /* look(item) -> item */
{
	item_span(L, 1);
	lua_settop(L, 1);
	return 1;
}

static int call_row(lua_State *L) /* row(item, level [, reason]) */
{
	static const char *const levels[] = { "supported", "emulated", "refused", NULL };
	struct host *h = host_of(L);
	struct span span = item_span(L, 1);
	int level = luaL_checkoption(L, 2, NULL, levels);
	const char *reason = luaL_optstring(L, 3, NULL);

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_getfield(L, 1, "name");
	if (level != TARGET_SUPPORTED && !reason)
		luaL_error(L, "what is %s needs a reason", levels[level]);
	target_row(h->ret, arena_strdup(h->arena, luaL_checkstring(L, -1)), span, (enum target_level)level, reason ? "%s" : NULL, reason);
	return 0;
}

/* Relative, below the target's folder. */
static const char *checked_path(lua_State *L, int at)
{
	const char *path = luaL_checkstring(L, at);
	bool bad = !*path || *path == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 || strstr(path, "/../") || strlen(path) != lua_rawlen(L, at);
	size_t n = strlen(path);

	if (bad || (n > 2 && strcmp(path + n - 3, "/..") == 0) || path[n - 1] == '/')
		luaL_error(L, "\"%s\" is no path of a file below the target's folder", path);
	for (uint32_t i = 0; i < host_of(L)->ret->files.len; i++)
		if (strcmp(host_of(L)->ret->files.at[i].path, path) == 0)
			luaL_error(L, "\"%s\" is written twice", path);
	if (host_of(L)->ret->files.len >= FILES_MAX)
		luaL_error(L, "more than %d files", FILES_MAX);
	return arena_strdup(host_of(L)->arena, path);
}

static int call_document(lua_State *L) /* document(path, item, table) */
{
	struct host *h = host_of(L);
	const char *path = checked_path(L, 1);
	struct span span = item_span(L, 2);

	luaL_checktype(L, 3, LUA_TTABLE);
	target_put_doc(h->ret, path, span, take(L, 3, 0));
	return 0;
}

static int call_file(lua_State *L) /* file(path, item, text [, executable]) */
{
	struct host *h = host_of(L);
	const char *path = checked_path(L, 1), *text;
	struct span span = item_span(L, 2);
	struct target_text t = { 0 };
	size_t len;

	text = luaL_checklstring(L, 3, &len);
	if (len > TEXT_MAX_BYTES)
		luaL_error(L, "a file of more than %d MiB", (int)(TEXT_MAX_BYTES >> 20));
	buf_add(&t.text, text, len);
	target_put_text(h->ret, path, span, &t)->executable = lua_toboolean(L, 4);
	return 0;
}

static int call_note(lua_State *L) /* note(text): why there is nothing */
{
	host_of(L)->ret->note = arena_strdup(host_of(L)->arena, luaL_checkstring(L, 1));
	return 0;
}

static int call_place(lua_State *L) /* place(item) -> "flood.twin:44" */
{
	lua_pushstring(L, target_place(host_of(L)->arena, host_of(L)->request->plan, item_span(L, 1)));
	return 1;
}

static int call_sh(lua_State *L) /* sh(text) -> a word of a shell */
{
	struct buf b = { 0 };
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);

	if (len > TEXT_MAX_BYTES / 8)
		luaL_error(L, "a word of more than %d MiB", (int)(TEXT_MAX_BYTES >> 23));
	quote_sh(text, len, &b);
	text = arena_strndup(host_of(L)->arena, buf_text(&b), b.len);
	len = b.len;
	buf_finish(&b);
	lua_pushlstring(L, text, len);
	return 1;
}

static int call_list(lua_State *L) /* fetch(name) -> a list of the plan */
{
	push_doc(L, lua_plan_list(host_of(L)->arena, host_of(L)->request, luaL_checkstring(L, 1)));
	return 1;
}

/* In Lua itself: the lists of the plan, which are made when a script asks for them; constructors whose tables remember the order of keys, places and comments. */
static const char prelude[] =
	"local set = setmetatable\n" /* a finalizer runs where instructions are not counted */
	"function setmetatable(t, m)\n"
	"  if type(m) == 'table' and rawget(m, '__gc') ~= nil then error('finalizers are not run here', 2) end\n"
	"  return set(t, m)\n"
	"end\n"
	"local get, lists = fetch, { params = true, steps = true, things = true, workflows = true }\n"
	"fetch = nil\n"
	"local function list_of(t, k)\n"
	"  if lists[k] then rawset(t, k, get(k)) return rawget(t, k) end\n"
	"end\n"
	"local function pairs_of(t)\n"
	"  for k in next, lists do local _ = t[k] end\n"
	"  return next, t\n"
	"end\n"
	"set(plan, { __index = list_of, __pairs = pairs_of })\n"
	"local function with(t, k, v) local m = getmetatable(t) or {} m[k] = v return setmetatable(t, m) end\n"
	"function list(t) return with(t or {}, 'list', true) end\n"
	"function from(item, t) return with(t, 'at', item.at) end\n"
	"function comment(text, t) return with(t, 'comment', text) end\n"
	"function map(...)\n"
	"  local t, order = {}, {}\n"
	"  for i = 1, select('#', ...), 2 do\n"
	"    local k, v = select(i, ...)\n"
	"    if v ~= nil then t[k] = v order[#order + 1] = k end\n"
	"  end\n"
	"  return with(t, 'order', order)\n"
	"end\n"
	"function each(items)\n"
	"  local i = 0\n"
	"  return function() i = i + 1 if items[i] ~= nil then return look(items[i]) end end\n"
	"end\n";

static void open_world(lua_State *L)
{
	static const luaL_Reg libraries[] = { { LUA_GNAME, luaopen_base }, { LUA_TABLIBNAME, luaopen_table }, { LUA_STRLIBNAME, luaopen_string },
		{ LUA_MATHLIBNAME, luaopen_math }, { LUA_UTF8LIBNAME, luaopen_utf8 }, { NULL, NULL } };
	static const char *const hidden[] = { "collectgarbage", "dofile", "load", "loadfile", "print", "require", "warn", NULL };
	static const luaL_Reg calls[] = { { "look", call_look }, { "row", call_row }, { "document", call_document }, { "file", call_file }, { "note", call_note },
		{ "place", call_place }, { "sh", call_sh }, { "fetch", call_list }, { NULL, NULL } };

	for (const luaL_Reg *l = libraries; l->name; l++) {
		luaL_requiref(L, l->name, l->func, 1);
		lua_pop(L, 1);
	}
	for (const char *const *name = hidden; *name; name++) {
		lua_pushnil(L);
		lua_setglobal(L, *name);
	}
	lua_getglobal(L, "math"); /* the same plan gives the same bytes */
	lua_pushnil(L);
	lua_setfield(L, -2, "random");
	lua_pushnil(L);
	lua_setfield(L, -2, "randomseed");
	lua_getglobal(L, "string");
	lua_pushnil(L);
	lua_setfield(L, -2, "dump");
	lua_pop(L, 2);
	for (const luaL_Reg *c = calls; c->name; c++)
		lua_register(L, c->name, c->func);
}

/* -- running ------------------------------------------------------------------------------------------------------------------ */

static int run(lua_State *L)
{
	struct host *h = host_of(L);
	const struct stdlib_file *script = h->request->target->script;

	open_world(L);
	push_doc(L, lua_plan_doc(h->arena, h->request));
	lua_setglobal(L, "plan");
	if (luaL_loadbufferx(L, prelude, sizeof(prelude) - 1, "=prelude", "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	if (luaL_loadbufferx(L, script->text, script->len, arena_printf(h->arena, "=%s", script->name), "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

/* Its own line is in the message; the twin's is added. */
static void fail(struct host *h, const char *message)
{
	const char *place = target_place(h->arena, h->request->plan, h->at);

	h->ret->error = arena_printf(h->arena, "%s%s%s%s", message ? message : "a failure without a message", place ? " (at " : "", place ? place : "", place ? ")" : "");
}

/* Whether there is anything of its kinds: a script takes longer to read than most twins do. */
static bool is_meant(const struct target *t, const struct plan *p)
{
	size_t n = t->kinds ? strlen(t->kinds) : 0;
	bool ret = n == 0;

	for (uint32_t i = 0; i < p->n_things && !ret; i++)
		ret = strncmp(p->things[i].kind, t->kinds, n) == 0;
	for (uint32_t i = 0; i < p->n_steps && !ret; i++)
		ret = strncmp(p->steps[i].kind, t->kinds, n) == 0;
	return ret;
}

void lua_emit(const struct target_request *request, struct target_result *ret)
{
	struct host h = { .request = request, .ret = ret, .arena = ret->arena };
	lua_State *L;

	if (!is_meant(request->target, request->plan)) {
		ret->note = request->target->nothing;
		return;
	}
	L = lua_newstate(allocate, &h);
	if (!L) {
		ret->error = "no memory for Lua";
		return;
	}
	*(struct host **)lua_getextraspace(L) = &h;
	lua_sethook(L, count, LUA_MASKCOUNT, INSTRUCTIONS_STEP);
	lua_pushcfunction(L, run);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK)
		fail(&h, lua_tostring(L, -1));
	lua_sethook(L, NULL, 0, 0);
	lua_close(L);
}

void lua_check(const struct target_request *request, struct target_result *ret)
{
	lua_emit(request, ret);
	target_result_drop_files(ret);
}

const struct target target_lua = { "", "", lua_check, lua_emit, NULL };
const struct target target_oscar = { "oscar", "OSCAR: function definition files, written in Lua", lua_check, lua_emit, &stdlib_lua[0], .kinds = "oscar.",
	.nothing = "no step runs on a cluster of OSCAR" };
