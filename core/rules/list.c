/* Tables for rules: pairs in one order, and table functions whose loops are bounded. Stock #t may
 * be any border, so that a table with fields 1, 2, 4, 8 … has one beyond 2^40 and stock
 * table.insert then runs for days; lengths are checked. */
#include "rules/state.h"

#include <stdlib.h>

/* ---- keys in order ---- */

struct key {
    const char *p; /* NULL: an integer */
    int64_t n;     /* the integer, or the text's length */
};

static int by_key(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    if (!a->p || !b->p)
        return a->p ? 1 : b->p ? -1 : (a->n > b->n) - (a->n < b->n);
    return wg_str_cmp((struct wg_str){a->p, (size_t)a->n}, (struct wg_str){b->p, (size_t)b->n});
}

static size_t count_fields(lua_State *L, int raw)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, raw)) {
        lua_pop(L, 1);
        count++;
    }
    return count;
}

static void take_keys(lua_State *L, int raw, struct key *key)
{
    lua_pushnil(L);
    while (lua_next(L, raw)) {
        lua_pop(L, 1);
        size_t n = 0;
        if (lua_type(L, -1) == LUA_TSTRING) {
            key->p = lua_tolstring(L, -1, &n);
            key->n = (int64_t)n;
        } else if (lua_isinteger(L, -1)) {
            *key = (struct key){NULL, lua_tointeger(L, -1)};
        } else {
            luaL_error(L, "pairs: a key is a %s; only whole numbers and texts have an order",
                       luaL_typename(L, -1));
        }
        key++;
    }
}

static void sort_keys(lua_State *L, int raw)
{
    size_t max = rules_of(L)->loading ? RULES_KEYS_MAX * 32 : RULES_KEYS_MAX;
    size_t count = count_fields(L, raw);
    rules_charge(L, count * 32);
    if (count > max)
        luaL_error(L, "pairs: %d fields, at most %d", (int)count, (int)max);
    struct key *keys = lua_newuserdatauv(L, count * sizeof(*keys) + 1, 0);
    take_keys(L, raw, keys);
    qsort(keys, count, sizeof(*keys), by_key);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].p)
            lua_pushlstring(L, keys[i].p, (size_t)keys[i].n);
        else
            lua_pushinteger(L, keys[i].n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);
}

void rules_keys(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 10, NULL);
    int top = lua_gettop(L);
    bool frozen = lua_getmetatable(L, idx);
    if (frozen && lua_rawgeti(L, top + 1, 1) == LUA_TTABLE) {
        lua_replace(L, top + 1);
        return;
    }
    lua_settop(L, top + frozen);
    rules_push_raw(L, idx);
    sort_keys(L, lua_gettop(L));
    if (frozen) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, top + 1, 1);
    }
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

static int pairs_step(lua_State *L)
{
    for (;;) {
        lua_Integer i = lua_tointeger(L, lua_upvalueindex(3)) + 1;
        lua_pushinteger(L, i);
        lua_replace(L, lua_upvalueindex(3));
        if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
            return 2;
        lua_settop(L, 0); /* taken out since */
    }
}

static int l_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    rules_keys(L, 1);
    rules_push_raw(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 3);
    return 1;
}

/* ---- table.* ---- */

/* Length of the list at 1, which must be one that a loop may walk. */
static lua_Integer list_length(lua_State *L, bool change)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (change && rules_is_frozen(L, 1))
        luaL_error(L, "rules can't change a table that is frozen once loaded");
    rules_push_raw(L, 1);
    lua_Unsigned n = lua_rawlen(L, -1);
    lua_replace(L, 1);
    if (n > RULES_LIST_MAX)
        luaL_error(L, "a list for table functions has at most %d items", RULES_LIST_MAX);
    rules_charge(L, (size_t)n * 8);
    return (lua_Integer)n;
}

static int l_insert(lua_State *L)
{
    lua_Integer n = list_length(L, true), at = n + 1;
    int args = lua_gettop(L);
    luaL_argcheck(L, args == 2 || args == 3, 2,
                  "give a list, a place where it matters, and a value");
    if (n == RULES_LIST_MAX)
        luaL_error(L, "table.insert: the list is full at %d items", RULES_LIST_MAX);
    if (args == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= n + 1, 2, "place outside the list");
    }
    for (lua_Integer i = n; i >= at; i--) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 1, i + 1);
    }
    lua_rawseti(L, 1, at);
    return 0;
}

static int l_remove(lua_State *L)
{
    lua_Integer n = list_length(L, true), at = luaL_optinteger(L, 2, n);
    if (n == 0)
        return 0;
    luaL_argcheck(L, at >= 1 && at <= n, 2, "place outside the list");
    lua_rawgeti(L, 1, at);
    for (lua_Integer i = at; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        lua_rawseti(L, 1, i);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, n);
    return 1;
}

static int l_concat(lua_State *L)
{
    lua_Integer n = list_length(L, false);
    size_t sep_n;
    const char *sep = luaL_optlstring(L, 2, "", &sep_n);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; i <= n; i++) {
        int type = lua_rawgeti(L, 1, i);
        if (type != LUA_TSTRING && !lua_isinteger(L, -1))
            return luaL_error(L, "table.concat: item %I is a %s", i, luaL_typename(L, -1));
        rules_charge(L, lua_rawlen(L, -1) + sep_n);
        luaL_addvalue(&b);
        if (i < n)
            luaL_addlstring(&b, sep, sep_n);
    }
    luaL_pushresult(&b);
    return 1;
}

static int l_unpack(lua_State *L)
{
    lua_Integer n = list_length(L, false);
    if (n > 250)
        return luaL_error(L, "table.unpack: at most 250 items");
    luaL_checkstack(L, (int)n, "table.unpack");
    for (lua_Integer i = 1; i <= n; i++)
        lua_rawgeti(L, 1, i);
    return (int)n;
}

/* ---- table.sort: merges, so that equal items keep their order and no comparison function can make
 * it run on ---- */

static bool less(lua_State *L, int x, int y)
{
    if (lua_isfunction(L, 2)) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, x);
        lua_pushvalue(L, y);
        lua_call(L, 2, 1);
        bool yes = lua_toboolean(L, -1);
        lua_pop(L, 1);
        return yes;
    }
    if (lua_type(L, x) == LUA_TSTRING && lua_type(L, y) == LUA_TSTRING) {
        struct wg_str a, b;
        a.p = lua_tolstring(L, x, &a.n);
        b.p = lua_tolstring(L, y, &b.n);
        rules_charge(L, a.n < b.n ? a.n : b.n);
        return wg_str_cmp(a, b) < 0;
    }
    if (lua_type(L, x) != LUA_TNUMBER || lua_type(L, y) != LUA_TNUMBER)
        luaL_error(L, "table.sort: can't compare a %s with a %s", luaL_typename(L, x),
                   luaL_typename(L, y));
    rules_charge(L, 0);
    return lua_compare(L, x, y, LUA_OPLT);
}

/* Merge [lo, mid) and [mid, hi) of `from` into `to`. */
static void merge(lua_State *L, int from, int to, lua_Integer lo, lua_Integer mid, lua_Integer hi)
{
    lua_Integer i = lo, k = mid;
    for (lua_Integer out = lo; out < hi; out++) {
        bool right = i >= mid;
        int top = lua_gettop(L);
        if (!right && k < hi) {
            lua_rawgeti(L, from, k);
            lua_rawgeti(L, from, i);
            right = less(L, top + 1, top + 2);
            lua_settop(L, top);
        }
        lua_rawgeti(L, from, right ? k++ : i++);
        lua_rawseti(L, to, out);
    }
}

static int l_sort(lua_State *L)
{
    lua_Integer n = list_length(L, true);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_createtable(L, (int)n, 0);
    int from = 1, to = 3;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer lo = 1; lo <= n; lo += 2 * width) {
            lua_Integer mid = lo + width, hi = lo + 2 * width;
            merge(L, from, to, lo, mid <= n ? mid : n + 1, hi <= n ? hi : n + 1);
        }
        int other = from;
        from = to;
        to = other;
    }
    for (lua_Integer i = 1; from != 1 && i <= n; i++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}

const struct rules_row rules_list_rows[] = {
    {"pairs", l_pairs, "for k, v in pairs(t)",
     "walks a table: whole numbers ascending, then texts by their bytes"},
    {"table.insert", l_insert, "table.insert(list, [place,] value)",
     "puts a value in; lists have at most 4096 items"},
    {"table.remove", l_remove, "table.remove(list [, place]) -> value",
     "takes a value out, the last if no place is given"},
    {"table.concat", l_concat, "table.concat(list [, between]) -> text",
     "joins texts and whole numbers"},
    {"table.sort", l_sort, "table.sort(list [, less])",
     "sorts in place; equal items keep their order"},
    {"table.unpack", l_unpack, "table.unpack(list) -> ...", "the items as values, at most 250"},
    {0},
};
