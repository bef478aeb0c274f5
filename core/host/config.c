/* The configuration: a Lua file that returns a table, run without any function to call. */
#include "host/host.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reading {
    lua_State *L;
    struct wg_config *c;
    const char *dir; /* of the file: relative paths are its */
    struct wg_err *err;
};

static int bad(struct reading *r, const char *key, const char *want)
{
    return wg_fail(r->err, WG_EINVAL, "configuration: %s: %s", key, want);
}

/* A text of the table on top; fallback where there is none. */
static int text(struct reading *r, const char *key, const char *fallback, struct wg_str *out)
{
    size_t n;
    lua_getfield(r->L, -1, key);
    const char *s = lua_type(r->L, -1) == LUA_TSTRING ? lua_tolstring(r->L, -1, &n) : NULL;
    bool absent = lua_isnil(r->L, -1);
    *out =
        wg_arena_str(r->c->arena, s ? (struct wg_str){s, n} : wg_str_of(fallback ? fallback : ""));
    lua_pop(r->L, 1);
    if (!s && (!absent || !fallback))
        return bad(r, key, "must be a text");
    return out->p ? WG_OK : WG_ENOMEM;
}

static int folder(struct reading *r, const char *key, const char *fallback, struct wg_str *out)
{
    struct wg_str s;
    int rc = text(r, key, fallback, &s);
    if (rc < 0)
        return rc;
    if (s.n == 0)
        return bad(r, key, "must name a folder");
    *out = s.p[0] == '/' ? s : wg_arena_fmt(r->c->arena, "%s/%.*s", r->dir, WG_PRI(s));
    return out->p ? WG_OK : WG_ENOMEM;
}

static int whole(struct reading *r, const char *key, int64_t fallback, int64_t least, int64_t most,
                 int64_t *out)
{
    char want[80];
    lua_getfield(r->L, -1, key);
    *out = lua_isinteger(r->L, -1) ? lua_tointeger(r->L, -1) : fallback;
    bool fine = (lua_isnil(r->L, -1) || lua_isinteger(r->L, -1)) && *out >= least && *out <= most;
    lua_pop(r->L, 1);
    snprintf(want, sizeof(want), "must be a whole number, %lld to %lld", (long long)least,
             (long long)most);
    return fine ? WG_OK : bad(r, key, want);
}

static bool is_area(struct wg_str s)
{
    int64_t n;
    return s.n == 6 && wg_str_int(s, &n) == WG_OK && n >= 100000 && n <= 999999;
}

static int read_areas(struct reading *r)
{
    struct wg_config *c = r->c;
    int rc = text(r, "city", NULL, &c->city);
    if (rc < 0)
        return rc;
    if (!is_area(c->city))
        return bad(r, "city", "must be a code of six digits in quotes");
    c->area[c->areas++] = c->city;
    if (lua_getfield(r->L, -1, "counties") != LUA_TTABLE)
        return bad(r, "counties", "must be a list of codes of six digits");
    for (lua_Integer i = 1; lua_geti(r->L, -1, i) != LUA_TNIL; i++) {
        size_t n = 0;
        const char *s = lua_type(r->L, -1) == LUA_TSTRING ? lua_tolstring(r->L, -1, &n) : NULL;
        struct wg_str code = wg_arena_str(c->arena, (struct wg_str){s, n});
        if (!s || !is_area(code) || c->areas == WG_AREAS_MAX)
            return bad(r, "counties", "must be a list of at most 63 codes of six digits in quotes");
        for (size_t k = 0; k < c->areas; k++)
            if (wg_str_eq(c->area[k], code))
                return bad(r, "counties", "names an area twice");
        c->area[c->areas++] = code;
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 2);
    return WG_OK;
}

static int read_listen(struct reading *r)
{
    struct wg_str s;
    int64_t port;
    int rc = text(r, "listen", "127.0.0.1:12319", &s);
    const char *colon = rc == WG_OK ? memrchr(s.p, ':', s.n) : NULL;
    if (rc < 0)
        return rc;
    if (!colon ||
        wg_str_int((struct wg_str){colon + 1, s.n - (size_t)(colon + 1 - s.p)}, &port) < 0 ||
        port < 0 || port > 65535)
        return bad(r, "listen", "must be \"host:port\", port 0 to 65535");
    struct wg_str host = {s.p, (size_t)(colon - s.p)};
    if (host.n > 2 && host.p[0] == '[') /* an IPv6 address stands in brackets */
        host = (struct wg_str){host.p + 1, host.n - 2};
    r->c->host = wg_arena_str(r->c->arena, host);
    r->c->port = (int)port;
    return WG_OK;
}

/* A flat table as a JSON object: what a plugin gets to read. */
static int plugin_json(struct reading *r, struct wg_str *out)
{
    struct wg_buf b = WG_BUF_INIT;
    bool table = lua_type(r->L, -1) == LUA_TTABLE;
    wg_buf_char(&b, '{');
    if (table && lua_getfield(r->L, -1, "config") == LUA_TTABLE) {
        for (lua_pushnil(r->L); lua_next(r->L, -2); lua_pop(r->L, 1)) {
            size_t n;
            if (lua_type(r->L, -2) != LUA_TSTRING)
                continue;
            const char *key = lua_tostring(
                r->L, -2); /* the operator's own file: a quote in it is theirs to see */
            if (lua_type(r->L, -1) == LUA_TBOOLEAN)
                wg_json_kbool(&b, key, lua_toboolean(r->L, -1));
            else if (lua_isinteger(r->L, -1))
                wg_json_kint(&b, key, lua_tointeger(r->L, -1));
            else if (lua_type(r->L, -1) == LUA_TSTRING) {
                const char *s = lua_tolstring(r->L, -1, &n);
                wg_json_kstr(&b, key, (struct wg_str){s, n});
            }
        }
    }
    if (table)
        lua_pop(r->L, 1);
    wg_buf_char(&b, '}');
    *out = wg_arena_str(r->c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return out->p ? WG_OK : WG_ENOMEM;
}

/* One of ours, by its name: in the build folder of this very program (the server's or the
 * client's), or beside the installed libraries. */
static int bundled(struct reading *r, struct wg_str name, struct wg_str *out)
{
    char exe[1024] = "";
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    for (size_t i = 0; i < name.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name.p[i]))
            return bad(r, "plugins", "a name has small letters, digits and _; else give a path");
    char *slash = n > 0 ? strrchr(exe, '/') : NULL;
    for (int up = 0; slash && up < 3; up++, slash = strrchr(exe, '/')) {
        *slash = '\0';
        *out =
            wg_arena_fmt(r->c->arena, "%s/plugins/%.*s/%.*s.so", exe, WG_PRI(name), WG_PRI(name));
        if (out->p && access(out->p, R_OK) == 0)
            return WG_OK;
    }
    *out = wg_arena_fmt(r->c->arena, "%s/%.*s.so", WG_PLUGIN_DIR, WG_PRI(name));
    return out->p ? WG_OK : WG_ENOMEM;
}

static int read_plugin(struct reading *r, struct wg_str *path)
{
    struct wg_str name = {NULL, 0};
    if (lua_type(r->L, -1) == LUA_TSTRING) {
        name.p = lua_tolstring(r->L, -1, &name.n);
        return bundled(r, name, path);
    }
    int rc = text(r, "name", "", &name);
    return rc < 0 ? rc : name.n ? bundled(r, name, path) : folder(r, "path", NULL, path);
}

static int read_plugins(struct reading *r)
{
    struct wg_config *c = r->c;
    int type = lua_getfield(r->L, -1, "plugins"), rc = WG_OK;
    if (type != LUA_TTABLE) {
        lua_pop(r->L, 1);
        return type == LUA_TNIL
                   ? WG_OK
                   : bad(r, "plugins", "must be a list of names or {path = …, config = {…}}");
    }
    for (lua_Integer i = 1; rc == WG_OK && lua_geti(r->L, -1, i) != LUA_TNIL; i++) {
        int kind = lua_type(r->L, -1);
        if ((kind != LUA_TTABLE && kind != LUA_TSTRING) || c->plugins == 16)
            return bad(r, "plugins",
                       "must be a list of at most 16 names or {path = …, config = {…}}");
        if ((rc = read_plugin(r, &c->plugin[c->plugins])) == WG_OK)
            rc = plugin_json(r, &c->plugin_config[c->plugins++]);
        lua_pop(r->L, 1);
    }
    lua_settop(r->L, 1);
    return rc;
}

/* What may come as a blob; each as here where it is not given. */
static int read_uploads(struct reading *r)
{
    struct wg_config *c = r->c;
    const struct {
        const char *name;
        int64_t fallback, most;
    } known[] = {{"photo_mb", 20, 100}, {"sound_mb", 50, 1024},    {"video_mb", 200, 4096},
                 {"data_mb", 64, 4096}, {"per_hour", 1000, 10000}, {"keep_days", 7, 3650}};
    int64_t value[6];
    int rc = WG_OK;
    int type = lua_getfield(r->L, -1, "uploads");
    if (type == LUA_TNIL) {
        lua_pop(r->L, 1);
        lua_newtable(r->L);
    } else if (type != LUA_TTABLE) {
        return bad(r, "uploads", "must be a table");
    }
    for (lua_pushnil(r->L); lua_next(r->L, -2); lua_pop(r->L, 1)) {
        const char *key = lua_type(r->L, -2) == LUA_TSTRING ? lua_tostring(r->L, -2) : "(a number)";
        size_t i = 0;
        while (i < 6 && strcmp(known[i].name, key) != 0)
            i++;
        if (i == 6)
            return bad(r, key, "is no key of uploads");
    }
    for (size_t i = 0; rc == WG_OK && i < 6; i++)
        rc = whole(r, known[i].name, known[i].fallback, 1, known[i].most, &value[i]);
    lua_pop(r->L, 1);
    if (rc < 0)
        return rc;
    for (int k = 0; k < WG_MEDIA_KINDS; k++)
        c->upload_max[k] = (uint64_t)value[k] << 20;
    c->uploads_per_hour = value[4];
    c->blob_keep_ms = value[5] * WG_DAY_MS;
    return WG_OK;
}

static int read_rest(struct reading *r)
{
    struct wg_config *c = r->c;
    int64_t map_gb, segment_mb, hours;
    int rc;
    if ((rc = folder(r, "data", NULL, &c->data)) < 0 ||
        (rc = folder(r, "scripts", "scripts", &c->scripts)) < 0 ||
        (rc = folder(r, "standards", "standards", &c->standards)) < 0 || (rc = read_areas(r)) < 0 ||
        (rc = read_listen(r)) < 0 || (rc = whole(r, "map_gb", 64, 1, 4096, &map_gb)) < 0 ||
        (rc = whole(r, "segment_mb", 32, 1, 1024, &segment_mb)) < 0 ||
        (rc = whole(r, "session_hours", 12, 1, 720, &hours)) < 0 || (rc = read_uploads(r)) < 0)
        return rc;
    c->map_bytes = (size_t)map_gb << 30;
    c->segment_bytes = (size_t)segment_mb << 20;
    c->session_ms = hours * WG_HOUR_MS;
    lua_getfield(r->L, -1, "dev");
    c->dev = lua_toboolean(r->L, -1);
    lua_pop(r->L, 1);
    return read_plugins(r);
}

static int check_keys(struct reading *r)
{
    static const char *const known[] = {
        "data", "scripts",    "standards",     "city",    "counties", "listen", "map_gb",
        "dev",  "segment_mb", "session_hours", "uploads", "plugins",  NULL};
    for (lua_pushnil(r->L); lua_next(r->L, -2); lua_pop(r->L, 1)) {
        const char *key = lua_type(r->L, -2) == LUA_TSTRING ? lua_tostring(r->L, -2) : "(a number)";
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return bad(r, key, "is no key of a configuration");
    }
    return WG_OK;
}

int wg_config_read(const char *path, struct wg_config *out, struct wg_err *err)
{
    char dir[1024];
    struct reading r = {luaL_newstate(), out, dir, err};
    int rc = WG_OK;
    memset(out, 0, sizeof(*out));
    out->arena = wg_arena_new(0);
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (!r.L || !out->arena)
        rc = wg_fail(err, WG_ENOMEM, "no memory for the configuration");
    else if (luaL_loadfilex(r.L, path, "t") != LUA_OK || lua_pcall(r.L, 0, 1, 0) != LUA_OK)
        rc = wg_fail(err, WG_EINVAL, "configuration: %s", lua_tostring(r.L, -1));
    else if (lua_type(r.L, -1) != LUA_TTABLE)
        rc = wg_fail(err, WG_EINVAL, "configuration: %s must return a table", path);
    else if ((rc = check_keys(&r)) == WG_OK)
        rc = read_rest(&r);
    if (r.L)
        lua_close(r.L);
    if (rc < 0)
        wg_config_done(out);
    return rc;
}

void wg_config_done(struct wg_config *c)
{
    wg_arena_free(c->arena);
    memset(c, 0, sizeof(*c));
}

void wg_config_desk(const struct wg_config *c, size_t i, struct wg_desk_opts *out, char dir[1024])
{
    snprintf(dir, 1024, "%s/%s", c->data.p, c->area[i].p);
    *out = (struct wg_desk_opts){
        .dir = dir,
        .area = c->area[i].p,
        .map_bytes = c->map_bytes,
        .segment_bytes = c->segment_bytes,
    };
}
