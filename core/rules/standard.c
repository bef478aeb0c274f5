/* standard "GB/T 30428.2-2013": the two tables of the bundle as classes with their conditions. */
#include "rules/state.h"

#define COLUMNS 10

/* A line of RFC 4180 without line breaks in fields. Fields are borrowed; a quoted one may hold
 * commas. */
struct csv {
    const char *p, *end;
    struct wg_str field[COLUMNS];
    int fields, line;
};

static struct wg_str read_field(struct csv *c)
{
    struct wg_str f = {c->p, 0};
    bool quoted = c->p < c->end && *c->p == '"';
    if (quoted) {
        f.p = ++c->p;
        while (c->p < c->end && *c->p != '"' && *c->p != '\n')
            c->p++;
        f.n = (size_t)(c->p - f.p);
        c->p += c->p < c->end && *c->p == '"';
        return f;
    }
    while (c->p < c->end && *c->p != ',' && *c->p != '\n' && *c->p != '\r')
        c->p++;
    f.n = (size_t)(c->p - f.p);
    return f;
}

static bool read_line(struct csv *c)
{
    if (c->p >= c->end)
        return false;
    c->line++;
    for (c->fields = 0; c->fields < COLUMNS;) {
        c->field[c->fields++] = read_field(c);
        if (c->p >= c->end || *c->p != ',')
            break;
        c->p++;
    }
    while (c->p < c->end && *c->p != '\n')
        c->p++;
    c->p += c->p < c->end;
    return true;
}

static struct csv open_csv(lua_State *L, const char *name, int columns)
{
    struct wg_str text;
    if (!rules_bundle_find(rules_of(L)->bundle, wg_str_of(name), &text))
        luaL_error(L, "standard: %s is not in the bundle", name);
    struct csv c = {.p = text.p, .end = text.p + text.n};
    if (!read_line(&c) || c.fields < columns)
        luaL_error(L, "%s: needs a header line with %d columns", name, columns);
    return c;
}

static void set_text(lua_State *L, const char *name, struct wg_str s)
{
    lua_pushlstring(L, s.p, s.n);
    lua_setfield(L, -2, name);
}

/* Push the table of a kind in the result at `out`. */
static void push_kind(lua_State *L, int out, struct wg_str kind, const char *file, int line)
{
    if (wg_kind_parse(kind) < 0)
        luaL_error(L, "%s:%d: kind is part or event", file, line);
    lua_getfield(L, out, wg_kind_name(wg_kind_parse(kind)));
}

/* standard,kind,major,major_name,code,name,status */
static int read_classes(lua_State *L, int out, struct wg_str standard)
{
    static const char file[] = "standards/classes.csv";
    struct csv c = open_csv(L, file, 7);
    int found = 0;
    while (read_line(&c)) {
        if (c.fields < 7 || !wg_str_eq(c.field[0], standard))
            continue;
        found++;
        push_kind(L, out, c.field[1], file, c.line);
        lua_pushlstring(L, c.field[4].p, c.field[4].n);
        lua_createtable(L, 0, 4);
        set_text(L, "standard", standard);
        set_text(L, "major", c.field[3]);
        set_text(L, "name", c.field[5]);
        lua_newtable(L);
        lua_setfield(L, -2, "conditions");
        lua_rawset(L, -3);
        lua_settop(L, out);
    }
    return found;
}

/* standard,kind,code,id,text,limit,unit,close,source */
static void read_limits(lua_State *L, int out, struct wg_str standard)
{
    static const char file[] = "standards/limits.csv";
    struct csv c = open_csv(L, file, 9);
    struct wg_limit limit;
    while (read_line(&c)) {
        if (c.fields < 9 || !wg_str_eq(c.field[0], standard))
            continue;
        push_kind(L, out, c.field[1], file, c.line);
        lua_pushlstring(L, c.field[2].p, c.field[2].n);
        if (lua_rawget(L, -2) != LUA_TTABLE)
            luaL_error(L, "%s:%d: there is no such class", file, c.line);
        lua_getfield(L, -1, "conditions");
        lua_createtable(L, 0, 5);
        set_text(L, "id", c.field[3]);
        set_text(L, "text", c.field[4]);
        set_text(L, "close", c.field[7]);
        set_text(L, "source", c.field[8]);
        lua_createtable(L, 2, 0);
        lua_pushlstring(L, c.field[5].p, c.field[5].n);
        if (!lua_stringtonumber(L, lua_tostring(L, -1)))
            luaL_error(L, "%s:%d: limit is a number", file, c.line);
        lua_rawseti(L, -3, 1);
        lua_pop(L, 1);
        lua_pushlstring(L, c.field[6].p, c.field[6].n);
        lua_rawseti(L, -2, 2);
        const char *wrong = rules_read_limit(L, -1, &limit);
        if (wrong)
            luaL_error(L, "%s:%d: %s", file, c.line, wrong);
        lua_setfield(L, -2, "limit");
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_settop(L, out);
    }
}

int rules_standard(lua_State *L)
{
    rules_while_loading(L, "standard");
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_standards_key);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) == LUA_TTABLE)
        return 1;
    lua_settop(L, 2);
    struct wg_str name = rules_text(L, 1, "a standard's name");
    lua_newtable(L);
    lua_newtable(L);
    lua_setfield(L, 3, "part");
    lua_newtable(L);
    lua_setfield(L, 3, "event");
    if (read_classes(L, 3, name) == 0)
        return luaL_error(L, "standard: there is no class of '%s'", name.p);
    read_limits(L, 3, name);
    rules_freeze(L, 3);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_rawset(L, 2);
    return 1;
}
