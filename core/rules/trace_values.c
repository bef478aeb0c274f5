/* The values of the names in a condition, as they are when it is looked at: locals, outer locals,
 * and their fields. Asks nothing and calls nothing of a rule's. */
#include "rules/trace.h"

#define VALUES_MAX 16
#define FIELDS_MAX 8

/* What one name of a condition stands for, and its way on: tier.days */
struct reading_value {
    struct wg_str path;
    struct wg_buf *out;
};

static void write_key(struct wg_buf *b, struct wg_str path, const char *more)
{
    if (b->n)
        wg_buf_char(b, ',');
    struct wg_buf key = WG_BUF_INIT;
    wg_buf_str_add(&key, path);
    if (more)
        wg_buf_fmt(&key, ".%s", more);
    wg_buf_json(b, wg_buf_str(&key));
    wg_buf_char(b, ':');
    wg_buf_free(&key);
}

/* A text, a number, true, false or nothing; false: it is none of these. */
static bool write_scalar(lua_State *L, int idx, struct wg_buf *b, struct wg_str path,
                         const char *more)
{
    int type = lua_type(L, idx);
    if (type != LUA_TSTRING && type != LUA_TBOOLEAN && type != LUA_TNIL && !lua_isinteger(L, idx))
        return false;
    write_key(b, path, more);
    if (type == LUA_TSTRING) {
        struct wg_str s;
        s.p = lua_tolstring(L, idx, &s.n);
        s.n = s.n > 200 ? 200 : s.n;
        wg_buf_json(b, s);
    } else if (type == LUA_TNIL) {
        wg_buf_lit(b, "null");
    } else if (type == LUA_TBOOLEAN) {
        wg_buf_str_add(b, lua_toboolean(L, idx) ? WG_S("true") : WG_S("false"));
    } else {
        wg_buf_int(b, lua_tointeger(L, idx));
    }
    return true;
}

/* The scalar fields of the table on top, by name. */
static void write_fields(lua_State *L, struct reading_value *v)
{
    int table = lua_gettop(L), n = 0;
    rules_push_raw(L, table);
    int raw = lua_gettop(L);
    rules_keys(L, raw);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; n < FIELDS_MAX && i <= (lua_Integer)lua_rawlen(L, keys); i++) {
        lua_rawgeti(L, keys, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, raw);
        const char *name = lua_tostring(L, -2); /* a copy: a number on the stack may be changed */
        if (name && write_scalar(L, -1, v->out, v->path, name))
            n++;
        lua_settop(L, keys);
    }
    if (n == 0) {
        write_key(v->out, v->path, NULL);
        wg_buf_lit(v->out, "{}");
    }
}

/* Runs in a call of its own, for a field that is not there raises. */
static int read_value(lua_State *L)
{
    struct reading_value *v = lua_touserdata(L, 2);
    struct wg_str rest = v->path;
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    const char *dot;
    while ((dot = memchr(rest.p, '.', rest.n))) {
        rest.n -= (size_t)(dot + 1 - rest.p);
        rest.p = dot + 1;
        const char *stop = memchr(rest.p, '.', rest.n);
        int type = lua_type(L, -1);
        if (type != LUA_TTABLE && type != LUA_TUSERDATA)
            return 0;
        lua_pushlstring(L, rest.p, stop ? (size_t)(stop - rest.p) : rest.n);
        lua_gettable(L, -2);
    }
    if (write_scalar(L, -1, v->out, v->path, NULL))
        return 0;
    if (lua_type(L, -1) == LUA_TTABLE) {
        write_fields(L, v);
    } else if (lua_type(L, -1) == LUA_TUSERDATA) {
        lua_getfield(L, -1, "id");
        write_scalar(L, -1, v->out, v->path, "id");
    }
    return 0;
}

/* Push what a name stands for where the hook is: the innermost local, else an outer one. */
static bool push_name(lua_State *L, lua_Debug *ar, struct wg_str name)
{
    const char *n;
    int found = 0;
    for (int i = 1; (n = lua_getlocal(L, ar, i)); i++) {
        if (wg_str_is(name, n))
            found = i;
        lua_pop(L, 1);
    }
    if (found)
        return lua_getlocal(L, ar, found) != NULL;
    lua_getinfo(L, "f", ar);
    for (int i = 1; (n = lua_getupvalue(L, -1, i)); i++) {
        if (wg_str_is(name, n)) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return false;
}

static void add_value(lua_State *L, lua_Debug *ar, struct wg_str path, struct wg_buf *out)
{
    const char *dot = memchr(path.p, '.', path.n);
    struct wg_str name = {path.p, dot ? (size_t)(dot - path.p) : path.n};
    struct reading_value v = {path, out};
    size_t before = out->n;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 16) || !push_name(L, ar, name))
        return;
    lua_pushcfunction(L, read_value);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, &v);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK)
        out->n = before;
    lua_settop(L, top);
}

/* The next name with its fields, "case.deferrals"; what is called is not one. */
static bool next_path(struct lexer *l, struct wg_str *path)
{
    for (struct token t = token_next(l); t.kind != TOKEN_END; t = token_next(l)) {
        if (token_is(&t, ":") || token_is(&t, ".")) { /* of what is no plain name */
            token_next(l);
            continue;
        }
        if (t.kind != TOKEN_NAME || token_reserved(&t))
            continue;
        struct lexer ahead = *l;
        *path = t.s;
        struct token dot = token_next(&ahead);
        while (token_is(&dot, ".")) {
            struct token name = token_next(&ahead);
            path->n = (size_t)(name.s.p + name.s.n - path->p);
            *l = ahead;
            dot = token_next(&ahead);
        }
        bool called = token_is(&dot, "(") || token_is(&dot, "{") || dot.kind == TOKEN_TEXT ||
                      token_is(&dot, ":");
        if (!called && !memchr(path->p, '\n', path->n))
            return true;
    }
    return false;
}

void branch_values(lua_State *L, lua_Debug *ar, struct branch *b)
{
    struct lexer l = {b->head.p, b->head.p + b->head.n, 1};
    struct wg_str path, seen[VALUES_MAX];
    int n = 0;
    wg_buf_clear(&b->now);
    while (n < VALUES_MAX && next_path(&l, &path)) {
        int i = 0;
        while (i < n && !wg_str_eq(seen[i], path))
            i++;
        if (i < n)
            continue;
        seen[n++] = path;
        add_value(L, ar, path, &b->now);
    }
}
