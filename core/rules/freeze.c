#include "rules/state.h"

#include <stdio.h>

/* A frozen table stays where it is, for it is referred to from everywhere, but empty: its fields
 * live in another, which its metatable's __index names. So no key is ever there to be set, and
 * __newindex sees every try. Rules have no way to reach a metatable, and every metatable of a table
 * is one of ours. At [1] it keeps the sorted keys for pairs. */

static int l_cant_change(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "rules can't change '%s': the table is frozen once loaded",
                          lua_tostring(L, 2));
    if (lua_isinteger(L, 2))
        return luaL_error(L, "rules can't change [%I]: the table is frozen once loaded",
                          lua_tointeger(L, 2));
    return luaL_error(L, "rules can't change a table that is frozen once loaded");
}

static int l_length(lua_State *L)
{
    rules_push_raw(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

bool rules_is_frozen(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE || !lua_getmetatable(L, idx))
        return false;
    lua_pop(L, 1);
    return true;
}

void rules_push_raw(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx)) {
        lua_pushvalue(L, idx);
        return;
    }
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

/* Move the fields of t away. */
static void move_fields(lua_State *L, int t, int to)
{
    lua_pushnil(L);
    while (lua_next(L, t)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, to);
    }
    lua_pushnil(L);
    while (lua_next(L, t)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, t);
    }
}

static void freeze_one(lua_State *L, int t)
{
    lua_createtable(L, (int)lua_rawlen(L, t), 0);
    move_fields(L, t, lua_gettop(L));
    lua_createtable(L, 1, 3);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_cant_change);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, l_length);
    lua_setfield(L, -2, "__len");
    lua_setmetatable(L, t);
}

/* A walk over all that can be reached: `todo` is a list, `seen` a set. */
struct walk {
    lua_State *L;
    int todo, seen;
    lua_Integer count;
};

/* Pops a value, and notes it where it leads on. */
static void walk_add(struct walk *w)
{
    lua_State *L = w->L;
    int type = lua_type(L, -1);
    if (type == LUA_TTABLE || (type == LUA_TFUNCTION && !lua_iscfunction(L, -1))) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, w->seen) == LUA_TNIL) {
            lua_pushvalue(L, -2);
            lua_pushboolean(L, 1);
            lua_rawset(L, w->seen);
            lua_pushvalue(L, -2);
            lua_rawseti(L, w->todo, ++w->count);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void walk_table(struct walk *w, int t)
{
    lua_State *L = w->L;
    rules_push_raw(L, t);
    int raw = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, raw)) {
        walk_add(w);
        lua_pushvalue(L, -1);
        walk_add(w);
    }
    lua_pop(L, 1);
}

static struct walk walk_from(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 20, NULL);
    lua_newtable(L);
    lua_newtable(L);
    struct walk w = {L, lua_gettop(L) - 1, lua_gettop(L), 0};
    lua_pushvalue(L, idx);
    walk_add(&w);
    return w;
}

static void walk_upvalues(struct walk *w, int f)
{
    for (int i = 1; lua_getupvalue(w->L, f, i); i++)
        walk_add(w);
}

void rules_freeze(lua_State *L, int idx)
{
    struct walk w = walk_from(L, idx);
    for (lua_Integer i = 1; i <= w.count; i++) {
        lua_rawgeti(L, w.todo, i);
        int at = lua_gettop(L);
        if (lua_type(L, at) == LUA_TFUNCTION) {
            walk_upvalues(&w, at);
        } else {
            if (!rules_is_frozen(L, at))
                freeze_one(L, at);
            walk_table(&w, at);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

void rules_each_function(lua_State *L, int idx, void (*fn)(lua_State *L, void *arg), void *arg)
{
    struct walk w = walk_from(L, idx);
    for (lua_Integer i = 1; i <= w.count; i++) {
        lua_rawgeti(L, w.todo, i);
        int at = lua_gettop(L);
        if (lua_type(L, at) == LUA_TFUNCTION) {
            walk_upvalues(&w, at);
            fn(L, arg);
        } else {
            walk_table(&w, at);
        }
        lua_settop(L, at - 1);
    }
    lua_pop(L, 2);
}

/* ---- outer locals ---- */

/* What the value at -1 is, so that a look tells whether it is still the same. */
static void take_value(lua_State *L, struct rules_watch *v)
{
    v->type = lua_type(L, -1);
    v->p = lua_topointer(L, -1);
    v->i = 0;
    if (v->type == LUA_TBOOLEAN)
        v->i = lua_toboolean(L, -1);
    else if (v->type == LUA_TNUMBER && lua_isinteger(L, -1))
        v->i = lua_tointeger(L, -1);
    else if (v->type == LUA_TNUMBER) {
        lua_Number n = lua_tonumber(L, -1);
        memcpy(&v->i, &n, sizeof(v->i));
        v->type = LUA_NUMTYPES; /* a float: 1.0 is not 1 */
    }
}

/* Note the outer locals of the function at `at`; functions that share one note it once. */
static bool watch_function(struct walk *w, int at, int values, int ids, int slot)
{
    lua_State *L = w->L;
    struct wg_rules *r = rules_of(L);
    bool any = false;
    for (int i = 1; lua_getupvalue(L, at, i); i++) {
        lua_pushvalue(L, -1);
        walk_add(w);
        if (lua_rawgetp(L, ids, lua_upvalueid(L, at, i)) == LUA_TNIL) {
            if (r->watches == RULES_WATCH_MAX)
                luaL_error(L, "rules may use %d outer locals in all", RULES_WATCH_MAX);
            lua_pushboolean(L, 1);
            lua_rawsetp(L, ids, lua_upvalueid(L, at, i));
            lua_pop(L, 1);
            struct rules_watch *v = &r->watch[r->watches++];
            take_value(L, v);
            v->slot = slot;
            v->up = i;
            lua_pushvalue(L, -1);
            lua_rawseti(L, values, (lua_Integer)r->watches);
            any = true;
        } else {
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return any;
}

void rules_watch_all(lua_State *L, int idx, int first_slot)
{
    struct walk w = walk_from(L, idx);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    int values = lua_gettop(L) - 2, ids = values + 1, kept = values + 2;
    int count = 0;
    for (lua_Integer i = 1; i <= w.count; i++) {
        lua_rawgeti(L, w.todo, i);
        int at = lua_gettop(L);
        if (lua_type(L, at) == LUA_TTABLE) {
            walk_table(&w, at);
        } else if (watch_function(&w, at, values, ids, first_slot + count)) {
            lua_pushvalue(L, at);
            lua_rawseti(L, kept, ++count);
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, values);
    rules_set_ref(L, REF_VALUES);
    lua_rotate(L, w.todo, 1); /* `kept` down, the rest goes */
    lua_settop(L, w.todo);
    luaL_checkstack(L, count + 1, "too many functions");
    for (int i = 1; i <= count; i++)
        lua_rawgeti(L, w.todo, i);
    lua_remove(L, w.todo);
}

/* Called between calls, on the main stack; allocates nothing. */
bool rules_watch_check(struct wg_rules *r, struct rules_spot *whose, const char **name)
{
    lua_State *L = r->L;
    bool same = true;
    for (size_t i = 0; i < r->watches; i++) {
        const struct rules_watch *was = &r->watch[i];
        struct rules_watch is;
        const char *up = lua_getupvalue(L, was->slot, was->up);
        take_value(L, &is);
        lua_pop(L, 1);
        if (is.type == was->type && is.p == was->p && is.i == was->i)
            continue;
        if (same) {
            lua_Debug ar;
            lua_pushvalue(L, was->slot);
            lua_getinfo(L, ">S", &ar);
            snprintf(whose->file, sizeof(whose->file), "%s", ar.source + (ar.source[0] == '@'));
            whose->line = ar.linedefined;
            *name = up;
        }
        same = false;
        rules_push_ref(L, REF_VALUES);
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        lua_setupvalue(L, was->slot, was->up);
        lua_pop(L, 1);
    }
    return same;
}
