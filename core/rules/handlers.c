/* Which functions decide, where they stand, and whose they are. */
#include "rules/state.h"

#define HANDLERS_MAX 128

/* Push the fields of the city's `on`; nil where the county does not stand on the city. */
static void push_city(struct wg_rules *r)
{
    lua_State *L = r->L;
    struct wg_str city = wg_bundle_city(r->bundle);
    rules_push_ref(L, REF_LEVELS);
    rules_push_raw(L, -1);
    lua_remove(L, -2);
    int levels = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, levels)) {
        size_t n;
        const char *level = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : NULL;
        if (level && wg_str_eq((struct wg_str){level, n}, city)) {
            rules_push_raw(L, -1);
            lua_replace(L, levels);
            lua_settop(L, levels);
            return;
        }
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_replace(L, levels);
}

/* Does the table at `city` (or nil) hold the function at -1 under some name? The very function: two
 * that look alike may see different outer locals. */
static bool is_city(lua_State *L, int city, const char *event)
{
    bool same = false;
    if (lua_type(L, city) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    while (lua_next(L, city)) {
        same |= lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), event) == 0 &&
                lua_rawequal(L, -1, -3);
        lua_pop(L, 1);
    }
    return same;
}

static void look_at(lua_State *L, int city, const char *event, struct wg_handler *out)
{
    lua_Debug ar;
    bool same = is_city(L, city, event);
    lua_getinfo(L, ">S", &ar); /* pops */
    *out = (struct wg_handler){.event = event,
                               .file = wg_str_of(ar.source + (ar.source[0] == '@')),
                               .line = ar.linedefined,
                               .own = !same};
}

/* Nothing here allocates in Lua, so it needs no fence. */
void wg_rules_handlers(struct wg_rules *r, void (*fn)(void *arg, const struct wg_handler *h),
                       void *arg)
{
    struct wg_handler list[HANDLERS_MAX];
    size_t n = 0;
    lua_State *L = r->L;
    int top = lua_gettop(L);
    push_city(r);
    rules_push_ref(L, REF_ON);
    if (lua_type(L, top + 2) == LUA_TTABLE) {
        rules_push_raw(L, top + 2);
        lua_pushnil(L);
        while (lua_next(L, top + 3)) {
            if (lua_type(L, -1) != LUA_TFUNCTION || n == HANDLERS_MAX) {
                lua_pop(L, 1);
                continue;
            }
            struct wg_handler h;
            size_t at = n++;
            look_at(L, top + 1, lua_tostring(L, -2), &h);
            for (; at > 0 && strcmp(list[at - 1].event, h.event) > 0; at--)
                list[at] = list[at - 1];
            list[at] = h;
        }
    }
    lua_settop(L, top);
    for (size_t i = 0; i < n; i++)
        fn(arg, &list[i]);
}
