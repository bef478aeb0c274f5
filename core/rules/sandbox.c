/* What rules can see: an allow-list. Stock functions are taken one by one; what isn't named here
 * does not exist. */
#include "rules/state.h"

#include <lualib.h>

#include <stdio.h>

const char rules_modules_key, rules_packs_key, rules_standards_key;

/* ---- files of the bundle ---- */

/* _ENV is how Lua 5.4 names the globals; some of its releases compile wrong code where it is
 * redeclared. */
static void refuse_env(lua_State *L, struct wg_str name, struct wg_str text)
{
    const char *at = text.n ? memmem(text.p, text.n, "_ENV", 4) : NULL;
    if (!at)
        return;
    luaL_error(L, "%s:%d: _ENV is not for rules", name.p, rules_line_of(text, at));
}

void rules_run_file(lua_State *L, struct wg_str name)
{
    char chunk[80];
    struct wg_str text;
    if (!rules_bundle_find(rules_of(L)->bundle, name, &text))
        luaL_error(L, "there is no file %s in the bundle", name.p);
    refuse_env(L, name, text);
    snprintf(chunk, sizeof(chunk), "@%.*s", WG_PRI(name));
    if (luaL_loadbufferx(L, text.p ? text.p : "", text.n, chunk, "t") != LUA_OK)
        lua_error(L);
    lua_call(L, 0, 1);
    rules_freeze(L, -1);
}

void rules_require(lua_State *L, const char *name, size_t n)
{
    char file[80];
    size_t dot = n;
    luaL_checkstack(L, 10, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_modules_key) != LUA_TTABLE)
        luaL_error(L, "require works only while rules are loaded");
    int modules = lua_gettop(L);
    for (size_t i = 0; i < n; i++)
        if (name[i] == '.' && dot == n)
            dot = i;
    if (n > 60 || dot == n)
        luaL_error(L, "require: '%s' is no module; say \"std.city\" or \"341824.categories\"",
                   name);
    lua_pushlstring(L, name, n);
    if (lua_rawget(L, modules) != LUA_TNIL) {
        if (lua_type(L, -1) == LUA_TLIGHTUSERDATA)
            luaL_error(L, "require: '%s' is being loaded: modules go round in a circle", name);
        lua_remove(L, modules);
        return;
    }
    lua_pop(L, 1);
    lua_pushlightuserdata(L, file);
    lua_setfield(L, modules, name);
    int len = snprintf(file, sizeof(file), "%.*s/%s.lua", (int)dot, name, name + dot + 1);
    rules_run_file(L, (struct wg_str){file, (size_t)len});
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, modules, name);
    lua_remove(L, modules);
}

static int l_require(lua_State *L)
{
    size_t n;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *name = lua_tolstring(L, 1, &n);
    rules_require(L, name, n);
    return 1;
}

/* ---- globals ---- */

/* An address would differ from run to run, and tell where things lie. */
static int l_tostring(lua_State *L)
{
    switch (lua_type(L, 1)) {
    case LUA_TNONE:
        return luaL_argerror(L, 1, "a value is needed");
    case LUA_TSTRING:
        lua_settop(L, 1);
        break;
    case LUA_TNUMBER:
        lua_settop(L, 1);
        lua_tolstring(L, 1, NULL);
        break;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
        break;
    default:
        lua_pushstring(L, luaL_typename(L, 1));
    }
    return 1;
}

static int l_no_such_global(lua_State *L)
{
    return luaL_error(L, "there is no '%s' for rules",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
}

static int l_cant_set_global(lua_State *L)
{
    return luaL_error(L, "rules can't change '%s': globals can't be set, say local",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
}

const struct rules_row rules_base_rows[] = {
    {"require", l_require, "require \"341800.rules\" -> value",
     "what another file of the bundle returns; only while loading"},
    {"tostring", l_tostring, "tostring(v) -> text",
     "numbers, booleans, texts; of anything else only its type"},
    {"tonumber", NULL, "tonumber(text [, base]) -> number", "nil where it is none"},
    {"type", NULL, "type(v) -> text",
     "\"nil\", \"number\", \"string\", \"boolean\", \"table\", \"function\", \"userdata\""},
    {"ipairs", NULL, "for i, v in ipairs(list)", "walks a list up to its first gap"},
    {"select", NULL, "select(n, ...) -> ...", "arguments from the n-th on, or how many for \"#\""},
    {"error", NULL, "error(text)", "the rule fails; nothing catches it"},
    {"assert", NULL, "assert(v [, text]) -> v", "the rule fails where v is nil or false"},
    {"math.abs", NULL, "math.abs(n) -> n", "without its sign"},
    {"math.min", NULL, "math.min(n, ...) -> n", "the least"},
    {"math.max", NULL, "math.max(n, ...) -> n", "the greatest"},
    {"math.floor", NULL, "math.floor(n) -> n", "down to a whole number"},
    {"math.tointeger", NULL, "math.tointeger(n) -> n", "as a whole number, nil where it is none"},
    {0},
};

/* Push the table at idx that a row's name points into, and give the name in it: "string.len" is len
 * of string. */
static const char *row_home(lua_State *L, int idx, const char *name)
{
    const char *dot = strchr(name, '.');
    if (!dot) {
        lua_pushvalue(L, idx);
        return name;
    }
    lua_pushlstring(L, name, (size_t)(dot - name));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, idx) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, idx);
    }
    lua_remove(L, -2);
    return dot + 1;
}

static void add_rows(lua_State *L, int to, int stock, const struct rules_row *row)
{
    for (; row->name; row++) {
        const char *leaf = row_home(L, to, row->name);
        if (row->fn) {
            lua_pushcfunction(L, row->fn);
        } else {
            row_home(L, stock, row->name);
            lua_getfield(L, -1, leaf);
            lua_remove(L, -2);
            wg_require(lua_isfunction(L, -1));
        }
        lua_setfield(L, -2, leaf);
        lua_pop(L, 1);
    }
}

/* s:len() finds its function in the frozen table `string`. */
static void share_with_texts(lua_State *L, int globals)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_getfield(L, globals, "string");
    rules_push_raw(L, -1);
    lua_remove(L, -2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void new_registry_table(lua_State *L, const char *key)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void rules_sandbox(lua_State *L)
{
    new_registry_table(L, &rules_modules_key);
    new_registry_table(L, &rules_packs_key);
    new_registry_table(L, &rules_standards_key);
    lua_newtable(L);
    int globals = lua_gettop(L);
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    int stock = lua_gettop(L);
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    lua_setfield(L, stock, "math");
    add_rows(L, globals, stock, rules_base_rows);
    add_rows(L, globals, stock, rules_list_rows);
    add_rows(L, globals, stock, rules_text_rows);
    add_rows(L, globals, stock, rules_declare_rows);
    add_rows(L, globals, stock, rules_maker_rows);
    rules_push_plugins(L, globals);
    lua_settop(L, globals);
    rules_freeze(L, globals);
    share_with_texts(L, globals);
    /* a misspelt global is an error where it stands, not a nil that fails elsewhere */
    rules_push_raw(L, globals);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_no_such_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_getmetatable(L, globals);
    lua_pushcfunction(L, l_cant_set_global);
    lua_setfield(L, -2, "__newindex");
    lua_settop(L, globals);
}

/* ---- what there is ---- */

void wg_rules_api(void (*say)(void *arg, const char *name, const char *usage, const char *brief),
                  void *arg)
{
    static const struct rules_row *const all[] = {
        rules_declare_rows, rules_maker_rows, rules_case_rows, rules_ctx_rows,
        rules_row_rows,     rules_base_rows,  rules_list_rows, rules_text_rows};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        for (const struct rules_row *row = all[i]; row->name; row++)
            say(arg, row->name, row->usage, row->brief);
}
