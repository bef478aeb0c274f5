/* county, extend, step, standard: how a pack is said. All of it happens while loading. */
#include "rules/state.h"

#include <stdio.h>

/* Packs are made before the tables that know them are dropped; tests.lua, which comes later, only
 * gives data. */
void rules_while_loading(lua_State *L, const char *what)
{
    bool yes = lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_packs_key) == LUA_TTABLE;
    lua_pop(L, 1);
    if (!yes)
        luaL_error(L, "%s works only while rules are loaded", what);
}

/* Push field of the frozen or plain table at idx. */
static int push_field(lua_State *L, int idx, const char *name)
{
    idx = lua_absindex(L, idx);
    rules_push_raw(L, idx);
    int type = lua_getfield(L, -1, name);
    lua_remove(L, -2);
    return type;
}

/* ---- county ---- */

static const struct {
    const char *name;
    int type;
} county_fields[] = {
    {"base", LUA_TTABLE},      {"code", LUA_TSTRING},
    {"name", LUA_TSTRING},     {"standard", LUA_TSTRING},
    {"number", LUA_TSTRING},   {"hours", LUA_TTABLE},
    {"flow", LUA_TTABLE},      {"categories", LUA_TTABLE},
    {"on", LUA_TTABLE},        {"small_centre", LUA_TBOOLEAN},
    {"tables", LUA_TTABLE},    {"steps", LUA_TTABLE},
    {"points", LUA_TTABLE},    {"sources", LUA_TTABLE},
    {"campaigns", LUA_TTABLE}, {"owners", LUA_TTABLE},
    {"messages", LUA_TTABLE},  {"scoring", LUA_TTABLE},
    {"map", LUA_TTABLE},
};
#define COUNTY_FIELDS (sizeof(county_fields) / sizeof(county_fields[0]))

const char *rules_pack_spot(lua_State *L, int idx)
{
    const char *spot = NULL;
    idx = lua_absindex(L, idx);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_packs_key) == LUA_TTABLE) {
        lua_pushvalue(L, idx);
        lua_rawget(L, -2);
        spot = lua_tostring(L, -1); /* stays: the table holds it */
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return spot;
}

static void check_county(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    rules_keys(L, 1);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, keys); i++) {
        size_t k = 0;
        lua_rawgeti(L, keys, i);
        const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "[1]";
        while (k < COUNTY_FIELDS && strcmp(county_fields[k].name, name))
            k++;
        if (k == COUNTY_FIELDS)
            luaL_error(L, "county: there is no field '%s'", name);
        if (push_field(L, 1, name) != county_fields[k].type)
            luaL_error(L, "county: %s must be a %s, this is a %s", name,
                       lua_typename(L, county_fields[k].type), luaL_typename(L, -1));
        lua_settop(L, keys);
    }
    lua_settop(L, 1);
    if (push_field(L, 1, "base") == LUA_TTABLE && !rules_pack_spot(L, -1))
        luaL_error(L, "county: base must be what another county{...} gave");
    lua_settop(L, 1);
}

/* Copy the handlers of the table at `from` into the one at `to`. */
static void copy_handlers(lua_State *L, int from, int to)
{
    rules_keys(L, from);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, keys); i++) {
        if (lua_rawgeti(L, keys, i) != LUA_TSTRING)
            luaL_error(L, "county: on.<event> = function(case, ctx)");
        const char *event = lua_tostring(L, -1);
        if (push_field(L, from, event) != LUA_TFUNCTION || lua_iscfunction(L, -1))
            luaL_error(L, "county: on.%s must be a function", event);
        lua_setfield(L, to, event);
        lua_settop(L, keys);
    }
    lua_settop(L, keys - 1);
}

/* Copy the fields of the table at `from` into the one at `to`, where a base's are already; `closed`
 * names a table that takes no others: a name that is misspelt would change nothing, and nobody
 * would see it. */
static void copy_fields(lua_State *L, int from, int to, const char *closed)
{
    int top = lua_gettop(L);
    lua_pushnil(L);
    bool first = !lua_next(L, to);
    lua_settop(L, top);
    rules_keys(L, from);
    for (lua_Integer i = 1; lua_rawgeti(L, top + 1, i) == LUA_TSTRING; i++) {
        if (closed && !first && lua_getfield(L, to, lua_tostring(L, -1)) == LUA_TNIL)
            luaL_error(L, "county: %s.%s: the base has no such %s", closed, lua_tostring(L, -2),
                       strcmp(closed, "tables") == 0 ? "table" : "message");
        lua_settop(L, top + 2);
        push_field(L, from, lua_tostring(L, -1));
        lua_rawset(L, to);
    }
    lua_settop(L, top);
}

/* Append what the list at `from` holds to the one at `to`. */
static void append_list(lua_State *L, int from, int to)
{
    int top = lua_gettop(L);
    lua_Integer n = (lua_Integer)lua_rawlen(L, to);
    rules_push_raw(L, from);
    for (lua_Integer i = 1; lua_rawgeti(L, top + 1, i) != LUA_TNIL; i++)
        lua_rawseti(L, to, ++n);
    lua_settop(L, top);
}

/* Lists that go together: own campaigns and owners come before the base's, own steps after all
 * rows of the flow. */
static void join_lists(lua_State *L)
{
    static const char *const lists[] = {"owners", "campaigns"};
    for (int i = 0; i < 2; i++) {
        lua_newtable(L); /* 4 */
        for (int from = 1; from <= 3; from += 2) {
            if (!lua_isnil(L, from) && push_field(L, from, lists[i]) == LUA_TTABLE)
                append_list(L, 5, 4);
            lua_settop(L, 4);
        }
        lua_setfield(L, 2, lists[i]);
    }
    if (push_field(L, 1, "steps") == LUA_TTABLE) {
        lua_newtable(L); /* 5 */
        if (lua_getfield(L, 2, "flow") == LUA_TTABLE)
            append_list(L, 6, 5);
        lua_settop(L, 5);
        append_list(L, 4, 5);
        lua_setfield(L, 2, "flow");
    }
    lua_settop(L, 3);
    lua_pushnil(L);
    lua_setfield(L, 2, "steps");
}

/* A new table: the fields given, and the base's where none is given; handlers event by event;
 * tables, messages, scoring, map and sources name by name. */
static int l_county(lua_State *L)
{
    struct rules_spot spot = {"", 0};
    rules_while_loading(L, "county");
    lua_settop(L, 1);
    check_county(L);
    lua_newtable(L);
    push_field(L, 1, "base"); /* 3 */
    for (size_t i = 0; i < COUNTY_FIELDS; i++) {
        const char *name = county_fields[i].name;
        if (push_field(L, 1, name) == LUA_TNIL && !lua_isnil(L, 3)) {
            lua_pop(L, 1);
            push_field(L, 3, name);
        }
        lua_setfield(L, 2, name);
    }
    static const char *const merged[] = {"tables", "messages", "sources", "scoring", "map", "on"};
    for (int m = 0; m < 6; m++) {
        lua_newtable(L); /* 4 */
        for (int from = 3; from >= 1; from -= 2) {
            if (lua_isnil(L, from) || push_field(L, from, merged[m]) != LUA_TTABLE)
                ;
            else if (m == 5)
                copy_handlers(L, 5, 4);
            else
                copy_fields(L, 5, 4, m < 2 ? merged[m] : NULL);
            lua_settop(L, 4);
        }
        lua_setfield(L, 2, merged[m]);
    }
    join_lists(L);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_packs_key);
    lua_pushvalue(L, 2);
    rules_spot_at(L, 1, &spot);
    lua_pushfstring(L, "%s:%d", spot.file, spot.line);
    lua_rawset(L, 3);
    lua_settop(L, 2);
    return 1;
}

/* ---- extend ---- */

/* Push a new table with the fields of the one at idx; lists and names alike. */
static void push_copy(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    lua_newtable(L);
    int copy = lua_gettop(L);
    if (lua_type(L, idx) != LUA_TTABLE)
        return;
    rules_push_raw(L, idx);
    lua_pushnil(L);
    while (lua_next(L, copy + 1)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, copy);
    }
    lua_settop(L, copy);
}

/* The row with the id of the row at `row` in the list at `rows`, from 1; 0: none. */
static lua_Integer find_row(lua_State *L, int rows, int row)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, rows), found = 0;
    if (lua_type(L, row) != LUA_TTABLE || push_field(L, row, "id") != LUA_TSTRING)
        luaL_error(L, "extend: a condition needs an id, a text");
    for (lua_Integer i = 1; i <= n && !found; i++) {
        lua_rawgeti(L, rows, i);
        push_field(L, -1, "id");
        if (lua_rawequal(L, -1, -3))
            found = i;
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return found;
}

/* Change the class copy at `class` by the conditions at `rows`: a known id changes the fields it
 * gives, another is new. */
static void extend_rows(lua_State *L, int class, int rows)
{
    int top = lua_gettop(L);
    push_field(L, class, "conditions");
    push_copy(L, top + 1);
    int list = top + 2;
    for (lua_Integer i = 1;; i++) {
        lua_settop(L, list);
        if (lua_geti(L, rows, i) == LUA_TNIL)
            break;
        int row = lua_gettop(L);
        lua_Integer at = find_row(L, list, row);
        if (at == 0) {
            lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
            continue;
        }
        lua_rawgeti(L, list, at);
        push_copy(L, -1);
        int merged = lua_gettop(L);
        rules_push_raw(L, row);
        lua_pushnil(L);
        while (lua_next(L, merged + 1)) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, merged);
        }
        lua_pushvalue(L, merged);
        lua_rawseti(L, list, at);
    }
    lua_settop(L, list);
    lua_setfield(L, class, "conditions");
    lua_settop(L, top);
}

/* Put the class at `added` under the code at `code` into the kind's table at `kind`. */
static void extend_class(lua_State *L, int kind, int code, int added)
{
    int top = lua_gettop(L);
    const char *text = lua_type(L, code) == LUA_TSTRING ? lua_tostring(L, code) : "?";
    if (lua_type(L, added) != LUA_TTABLE)
        luaL_error(L, "extend: %s must be a table", text);
    bool whole = push_field(L, added, "name") != LUA_TNIL;
    lua_pushvalue(L, code);
    if (whole) {
        lua_pushvalue(L, added);
        lua_rawset(L, kind);
        lua_settop(L, top);
        return;
    }
    if (lua_rawget(L, kind) != LUA_TTABLE)
        luaL_error(L, "extend: there is no class %s to add to; a new one needs a name", text);
    push_copy(L, -1);
    int copy = lua_gettop(L);
    if (push_field(L, added, "conditions") != LUA_TTABLE)
        luaL_error(L, "extend: %s has neither a name nor conditions", text);
    extend_rows(L, copy, copy + 1);
    lua_pushvalue(L, code);
    lua_pushvalue(L, copy);
    lua_rawset(L, kind);
    lua_settop(L, top);
}

static int l_extend(lua_State *L)
{
    static const char *const kinds[] = {"part", "event"};
    rules_while_loading(L, "extend");
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    rules_keys(L, 2);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 3); i++) {
        lua_rawgeti(L, 3, i);
        if (lua_type(L, -1) != LUA_TSTRING || wg_kind_parse(rules_text(L, -1, "a kind")) < 0)
            return luaL_error(L, "extend: there are only part and event");
    }
    lua_settop(L, 2);
    lua_newtable(L);
    for (int k = 0; k < 2; k++) {
        lua_settop(L, 3);
        push_field(L, 1, kinds[k]);
        push_copy(L, 4); /* 5 */
        if (push_field(L, 2, kinds[k]) == LUA_TTABLE) {
            rules_keys(L, 6);
            for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 7); i++) {
                lua_rawgeti(L, 7, i);
                lua_pushvalue(L, 8);
                lua_gettable(L, 6);
                extend_class(L, 5, 8, 9);
                lua_settop(L, 7);
            }
        }
        lua_pushvalue(L, 5);
        lua_setfield(L, 3, kinds[k]);
    }
    lua_settop(L, 3);
    return 1;
}

/* ---- step ---- */

/* The row itself, and where it stands: a decision that follows it can say so. */
static int l_step(lua_State *L)
{
    struct rules_spot spot = {"", 0};
    rules_while_loading(L, "step");
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    rules_spot_at(L, 1, &spot);
    lua_pushstring(L, spot.file);
    lua_setfield(L, 1, "file");
    lua_pushinteger(L, spot.line);
    lua_setfield(L, 1, "line");
    return 1;
}

const struct rules_row rules_declare_rows[] = {
    {"county", l_county,
     "county{base=, code=, name=, standard=, number=, hours=, flow=, steps=, points=, categories=, "
     "on=, small_centre=, tables=, messages=, scoring=, map=, sources=, owners=, campaigns=}",
     "a pack; what is not given comes from base: handlers event by event; tables, messages, "
     "scoring, map "
     "and sources name by name; owners and campaigns before the base's; steps after its flow"},
    {"extend", l_extend,
     "extend(categories, {part={[code]=class}, event={[code]=class}}) -> categories",
     "a class with a name replaces; one with conditions alone adds rows, or changes fields of rows "
     "with a known id"},
    {"step", l_step,
     "step{action=, name=, from=, to=, role=, holder=, before_due=, effect=, grants=, "
     "need=, "
     "may=, count=} -> row",
     "a row of the flow that knows its file and line"},
    {"standard", rules_standard,
     "standard \"GB/T 30428.2-2013\" -> {part={[code]=class}, event={[code]=class}}",
     "the classes and conditions of a national standard"},
    {0},
};
