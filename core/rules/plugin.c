/* Functions of plugins, as rules call them: asked once, then answered from the facts like any other
 * question. */
#include "rules/state.h"

#define ARGS 8

struct wg_call {
    lua_State *L;
    const struct wg_json *arg[ARGS];
    int count;
    struct wg_buf *answer;
    const char *why; /* it failed */
};

int wg_call_count(const struct wg_call *call)
{
    return call->count;
}

static const struct wg_json *arg_of(const struct wg_call *call, int index, enum wg_json_type type)
{
    if (index < 1 || index > call->count || call->arg[index - 1]->type != type)
        return NULL;
    return call->arg[index - 1];
}

int wg_call_int(struct wg_call *call, int index, int64_t *out)
{
    const struct wg_json *j = arg_of(call, index, WG_JINT);
    if (j)
        *out = j->num;
    return j ? WG_OK : WG_EINVAL;
}

int wg_call_str(struct wg_call *call, int index, struct wg_str *out)
{
    const struct wg_json *j = arg_of(call, index, WG_JSTR);
    if (j)
        *out = j->str;
    return j ? WG_OK : WG_EINVAL;
}

void wg_call_answer_int(struct wg_call *call, int64_t value)
{
    wg_json_sep(call->answer);
    wg_buf_int(call->answer, value);
}

void wg_call_answer_str(struct wg_call *call, struct wg_str value)
{
    wg_json_sep(call->answer);
    wg_buf_json(call->answer, value);
}

int wg_call_fail(struct wg_call *call, const char *why)
{
    struct wg_str copy = wg_arena_str(rules_of(call->L)->arena, wg_str_of(why));
    call->why = copy.p ? copy.p : "no memory";
    return WG_EINVAL;
}

/* The world, as far as this question goes. */
struct plugin_world {
    lua_State *L;
    const struct wg_luafn *fn;
};

static int ask_plugin(void *self, const char *what, const struct wg_json *args,
                      struct wg_buf *answer, struct wg_err *err)
{
    struct plugin_world *w = self;
    struct wg_call call = {.L = w->L, .answer = answer};
    for (const struct wg_json *a = args->child; a; a = a->next)
        call.arg[call.count++] = a;
    wg_buf_char(answer, '[');
    int rc = w->fn->call(&call);
    wg_buf_char(answer, ']');
    (void)what;
    if (rc < 0 || call.why)
        return wg_fail(err, rc < 0 ? rc : WG_EINVAL, "%s", call.why ? call.why : wg_strerror(rc));
    return WG_OK;
}

static int l_plugin(lua_State *L)
{
    const struct wg_luafn *fn = lua_touserdata(L, lua_upvalueindex(1));
    struct rules_question q = {.what = fn->name};
    int given = lua_gettop(L);
    rules_in_call(L);
    if (given > ARGS)
        return luaL_error(L, "%s: at most %d arguments", fn->name, ARGS);
    for (int i = 1; i <= given; i++) {
        if (lua_isinteger(L, i))
            rules_q_int(&q, lua_tointeger(L, i));
        else
            rules_q_str(&q, rules_text(L, i, "an argument that is no whole number"));
    }
    struct plugin_world self = {L, fn};
    struct wg_world world = {ask_plugin, &self};
    const struct wg_json *answer = rules_ask_by(L, &q, rules_of(L)->d->world ? &world : NULL);
    int results = 0;
    if (answer->type != WG_JARR)
        return luaL_error(L, "%s: the recorded answer is no list", fn->name);
    luaL_checkstack(L, (int)answer->count + 4, fn->name);
    for (const struct wg_json *a = answer->child; a; a = a->next, results++)
        rules_push_json(L, a);
    return results;
}

static void push_plugin(lua_State *L, int globals, const struct wg_luafn *fn)
{
    struct wg_str name = wg_str_of(fn->name);
    const char *dot = memchr(name.p, '.', name.n);
    if (!dot || !fn->usage || !*fn->usage || !fn->brief || !*fn->brief)
        luaL_error(L, "plugin function %s: is named plugin.function and has usage and brief",
                   name.p);
    lua_pushlstring(L, name.p, (size_t)(dot - name.p));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, globals) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, globals);
    }
    if (lua_type(L, -1) != LUA_TTABLE)
        luaL_error(L, "plugin function %s: that name is taken", name.p);
    if (lua_getfield(L, -1, dot + 1) != LUA_TNIL)
        luaL_error(L, "plugin function %s: that name is taken", name.p);
    lua_pop(L, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)fn);
    lua_pushcclosure(L, l_plugin, 1);
    lua_setfield(L, -2, dot + 1);
    lua_settop(L, globals);
}

void rules_push_plugins(lua_State *L, int globals)
{
    const struct wg_plugin *const *p = rules_of(L)->plugins;
    lua_settop(L, globals);
    for (; p && *p; p++)
        for (const struct wg_luafn *fn = (*p)->lua; fn && fn->name; fn++)
            push_plugin(L, globals, fn);
}
