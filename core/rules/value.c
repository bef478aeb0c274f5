/* JSON to Lua and back, and the few values that rules and C exchange. */
#include "rules/state.h"

#include <math.h>
#include <stdio.h>

/* Depth is bounded: the tree came from the parser. Null in an object is no field; in a list it is
 * false, for a list with gaps has no length. */
void rules_push_json(lua_State *L, const struct wg_json *j)
{
    lua_Integer i = 0;
    luaL_checkstack(L, 6, NULL);
    switch (j->type) {
    case WG_JNULL:
        lua_pushnil(L);
        return;
    case WG_JBOOL:
        lua_pushboolean(L, j->num != 0);
        return;
    case WG_JINT:
        lua_pushinteger(L, j->num);
        return;
    case WG_JREAL:
        if (!lua_stringtonumber(L, j->str.p))
            luaL_error(L, "no number: %s", j->str.p);
        return;
    case WG_JSTR:
        lua_pushlstring(L, j->str.p ? j->str.p : "", j->str.n);
        return;
    case WG_JARR:
        lua_createtable(L, (int)j->count, 0);
        for (const struct wg_json *e = j->child; e; e = e->next) {
            if (e->type == WG_JNULL)
                lua_pushboolean(L, 0);
            else
                rules_push_json(L, e);
            lua_rawseti(L, -2, ++i);
        }
        return;
    case WG_JOBJ:
        lua_createtable(L, 0, (int)j->count);
        for (const struct wg_json *e = j->child; e; e = e->next) {
            lua_pushlstring(L, e->key.p, e->key.n);
            rules_push_json(L, e);
            lua_rawset(L, -3);
        }
    }
}

/* ---- Lua to JSON ---- */

static void write_value(lua_State *L, int idx, int depth, struct wg_buf *out);

static void write_table(lua_State *L, int idx, int depth, struct wg_buf *out)
{
    luaL_checkstack(L, 8, NULL);
    int top = lua_gettop(L);
    rules_keys(L, idx);
    rules_push_raw(L, idx);
    int keys = top + 1, raw = top + 2;
    lua_Integer n = (lua_Integer)lua_rawlen(L, keys);
    bool list = n == 0 || (lua_rawgeti(L, keys, n) == LUA_TNUMBER && lua_tointeger(L, -1) == n);
    lua_settop(L, raw);
    wg_buf_char(out, list ? '[' : '{');
    for (lua_Integer i = 1; i <= n; i++) {
        int type = lua_rawgeti(L, keys, i);
        if (list && (type != LUA_TNUMBER || lua_tointeger(L, -1) != i))
            luaL_error(L, "a list with gaps or names");
        if (!list && type != LUA_TSTRING)
            luaL_error(L, "names and numbers as keys of one table");
        lua_pushvalue(L, -1);
        lua_rawget(L, raw);
        if (!list &&
            lua_type(L, -1) == LUA_TTABLE) { /* {} may be a list or an object: leave it out */
            rules_keys(L, -1);
            bool empty = lua_rawlen(L, -1) == 0;
            lua_pop(L, 1);
            if (empty) {
                lua_settop(L, raw);
                continue;
            }
        }
        wg_json_sep(out);
        if (!list) {
            wg_buf_json(out, rules_text(L, raw + 1, "a key"));
            wg_buf_char(out, ':');
        }
        write_value(L, raw + 2, depth + 1, out);
        lua_settop(L, raw);
    }
    wg_buf_char(out, list ? ']' : '}');
    lua_settop(L, top);
}

static void write_value(lua_State *L, int idx, int depth, struct wg_buf *out)
{
    char digits[32];
    if (depth > WG_JSON_DEPTH - 2)
        luaL_error(L, "tables in tables, deeper than %d", WG_JSON_DEPTH - 2);
    switch (lua_type(L, idx)) {
    case LUA_TBOOLEAN:
        wg_buf_str_add(out, lua_toboolean(L, idx) ? WG_S("true") : WG_S("false"));
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx)) {
            wg_buf_int(out, lua_tointeger(L, idx));
            return;
        }
        if (!isfinite(lua_tonumber(L, idx)))
            luaL_error(L, "a number that is none");
        snprintf(digits, sizeof(digits), "%.14g", lua_tonumber(L, idx));
        wg_buf_str_add(out, wg_str_of(digits));
        return;
    case LUA_TSTRING:
        wg_buf_json(out, rules_text(L, idx, "a text"));
        return;
    case LUA_TTABLE:
        write_table(L, idx, depth, out);
        return;
    default:
        luaL_error(L, "a %s can't be data", luaL_typename(L, idx));
    }
}

void rules_write_json(lua_State *L, int idx, struct wg_buf *out)
{
    write_value(L, lua_absindex(L, idx), 0, out);
}

/* ---- small values ---- */

struct wg_str rules_text(lua_State *L, int idx, const char *what)
{
    struct wg_str s;
    if (lua_type(L, idx) != LUA_TSTRING)
        luaL_error(L, "%s must be a text, this is a %s", what, luaL_typename(L, idx));
    s.p = lua_tolstring(L, idx, &s.n);
    if (!wg_utf8_valid(s) || memchr(s.p, 0, s.n))
        luaL_error(L, "%s is not UTF-8", what);
    return s;
}

/* A whole number or a decimal of up to three digits, in thousandths. */
static bool read_milli(lua_State *L, int idx, int64_t *out)
{
    if (lua_isinteger(L, idx)) {
        lua_Integer n = lua_tointeger(L, idx);
        *out = n * 1000;
        return n > 0 && n < INT64_C(1000000);
    }
    lua_Number n = lua_tonumber(L, idx) * 1000;
    if (!(n > 0.5 && n < 1e9))
        return false;
    *out = (int64_t)(n + 0.5);
    return n - (lua_Number)*out < 1e-6 && (lua_Number)*out - n < 1e-6;
}

const char *rules_read_limit(lua_State *L, int idx, struct wg_limit *out)
{
    const char *wrong = NULL;
    size_t n;
    if (lua_type(L, idx) != LUA_TTABLE)
        return "a limit is {number, \"unit\"}";
    rules_push_raw(L, idx);
    if (lua_rawlen(L, -1) != 2 || lua_rawgeti(L, -1, 1) != LUA_TNUMBER ||
        lua_rawgeti(L, -2, 2) != LUA_TSTRING)
        return "a limit is {number, \"unit\"}";
    const char *unit = lua_tolstring(L, -1, &n);
    if (!read_milli(L, -2, &out->n_milli))
        wrong = "a limit's number is above 0 and has at most three decimals";
    else if (wg_unit_parse((struct wg_str){unit, n}, &out->unit) < 0)
        wrong = "its unit is emergency_minute, emergency_hour, emergency_day, work_hour, work_day "
                "or calendar_hour";
    lua_pop(L, 3);
    return wrong;
}

bool rules_json_same(const struct wg_json *x, const struct wg_json *y)
{
    if (x->type != y->type || x->count != y->count)
        return false;
    switch (x->type) {
    case WG_JNULL:
        return true;
    case WG_JBOOL:
    case WG_JINT:
        return x->num == y->num;
    case WG_JREAL:
    case WG_JSTR:
        return wg_str_eq(x->str, y->str);
    case WG_JARR:
    case WG_JOBJ:
        break;
    }
    const struct wg_json *a = x->child, *b = y->child;
    for (; a && b; a = a->next, b = b->next)
        if (!wg_str_eq(a->key, b->key) || !rules_json_same(a, b))
            return false;
    return !a && !b;
}
