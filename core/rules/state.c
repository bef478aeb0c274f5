#include "rules/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOOK_EVERY 200   /* instructions between looks at the clock */
#define WORK_EVERY 65536 /* bytes handled in C that count as much */
#define LOAD_ALLOC_MAX ((size_t)4 << 20)
#define YOUNG_BYTES \
    ((size_t)256 << 10) /* garbage of some hundred calls, collected between two of them */

/* ---- memory ---- */

static void note_refusal(struct wg_rules *r, size_t bytes)
{
    r->refused_bytes = bytes;
    r->refused.line = 0;
    if (r->L)
        rules_spot_at(r->L, 0, &r->refused);
}

/* lua_getinfo neither allocates nor changes the state, so that asking where we are is safe in here.
 */
static void *allocate(void *ud, void *p, size_t old, size_t n)
{
    struct wg_rules *r = ud;
    size_t had = p ? old : 0;
    if (n == 0) {
        free(p);
        r->used -= had;
        return NULL;
    }
    if (n > had && (n > r->alloc_max || r->used - had + n > r->limits.memory_max)) {
        note_refusal(r, n);
        return NULL;
    }
    void *q = realloc(p, n);
    if (q)
        r->used += n - had;
    return q;
}

/* ---- time ---- */

/* What this thread itself has had of the processor: a system call, so it is asked only late. */
static int64_t own_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The clock on the wall runs on while others have the processor, and a busy machine is no reason to
 * refuse a report. So when it says that the time is over, the budget begins once more, in our own
 * time. */
static void look_at_clock(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    r->work = 0;
    int64_t now = wg_mono_us();
    if (now < r->until_us)
        return;
    int64_t budget_us = r->loading ? r->limits.load_us : r->limits.budget_us, own = own_us();
    if (!r->own_until_us)
        r->own_until_us = own + budget_us;
    r->until_us = now + 1000;
    if (own >= r->own_until_us)
        luaL_error(L, "the time is over: rules have %d ms", (int)(budget_us / 1000));
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    if (ar->event == LUA_HOOKCOUNT)
        look_at_clock(L);
    else if (rules_of(L)->trace)
        rules_trace_event(L, ar);
    else
        rules_cover_line(L, ar);
}

void rules_count_lines(struct wg_rules *r, struct wg_rules_cover *c)
{
    r->cover = c;
    int steps = r->trace ? LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET : c ? LUA_MASKLINE : 0;
    lua_sethook(r->L, on_hook, LUA_MASKCOUNT | steps, HOOK_EVERY);
}

void rules_charge(lua_State *L, size_t bytes)
{
    struct wg_rules *r = rules_of(L);
    size_t work = r->work + bytes + 64;
    r->work = work < UINT32_MAX ? (uint32_t)work : UINT32_MAX;
    if (r->work >= WORK_EVERY)
        look_at_clock(L);
}

/* ---- what went wrong, and where ---- */

bool rules_spot_at(lua_State *L, int level, struct rules_spot *out)
{
    lua_Debug ar;
    for (; lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
            continue;
        const char *name = ar.source + (ar.source[0] == '@');
        size_t n = strnlen(name, sizeof(out->file) - 1);
        memcpy(out->file, name, n);
        out->file[n] = '\0';
        out->line = ar.currentline;
        return true;
    }
    return false;
}

/* Does a message say where it is from? */
static bool has_place(const char *s)
{
    const char *dot = strstr(s, ".lua:");
    if (!dot || dot - s > 60)
        return false;
    for (dot += 5; *dot >= '0' && *dot <= '9'; dot++)
        if (dot[1] == ':')
            return true;
    return false;
}

/* printf would stop inside a character; a person reads this. */
static void cut_text(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && !wg_utf8_valid((struct wg_str){s, n}))
        n--;
    s[n] = '\0';
}

/* Lua's message handler: the stack still stands, so the place is known. Allocates nothing. */
static int on_message(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    struct rules_spot spot;
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
    if (text && has_place(text))
        snprintf(r->why, sizeof(r->why), "%.500s", text);
    else if (!rules_spot_at(L, 1, &spot))
        snprintf(r->why, sizeof(r->why), "%.500s", text ? text : "an error that is no text");
    else if (text)
        snprintf(r->why, sizeof(r->why), "%s:%d: %.500s", spot.file, spot.line, text);
    else
        snprintf(r->why, sizeof(r->why), "%s:%d: raised a %s, not a text", spot.file, spot.line,
                 luaL_typename(L, 1));
    cut_text(r->why);
    return 1;
}

/* Lua does not ask the message handler when memory is refused. */
static void explain_memory(struct wg_rules *r)
{
    char place[80] = "";
    if (r->refused.line)
        snprintf(place, sizeof(place), "%s:%d: ", r->refused.file, r->refused.line);
    if (r->refused_bytes > r->alloc_max)
        snprintf(r->why, sizeof(r->why), "%smemory: %zu bytes at once, rules may have %zu", place,
                 r->refused_bytes, r->alloc_max);
    else
        snprintf(r->why, sizeof(r->why), "%smemory: rules may have %zu bytes in all", place,
                 r->limits.memory_max);
}

int rules_protect(struct wg_rules *r, lua_CFunction fn, int results, int64_t budget_us)
{
    lua_State *L = r->L;
    int below = lua_gettop(L);
    r->code = WG_ERULE;
    r->why[0] = '\0';
    r->refused.line = 0;
    r->refused_bytes = 0;
    r->work = 0;
    r->until_us = wg_mono_us() + budget_us;
    r->own_until_us = 0;
    lua_pushcfunction(L, fn);
    int status = lua_pcall(L, 0, results, RULES_MESSAGE_SLOT);
    if (status == LUA_OK)
        return WG_OK;
    if (status == LUA_ERRMEM || (status == LUA_ERRERR && r->refused_bytes))
        explain_memory(r);
    else if (!r->why[0])
        snprintf(r->why, sizeof(r->why), "an error within an error");
    lua_settop(L, below);
    lua_gc(L, LUA_GCCOLLECT);
    return r->code;
}

/* ---- loading ---- */

/* Put the `on` and the hours of a module's pack into the tables on top, or nothing where the bundle
 * has no such module or never asked for it. */
static void add_level(lua_State *L, const char *module, const char *level)
{
    int levels = lua_gettop(L), hours = levels - 1;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &rules_modules_key);
    lua_getfield(L, -1, module);
    if (lua_type(L, -1) == LUA_TTABLE && rules_pack_spot(L, -1)) {
        lua_getfield(L, -1, "on");
        lua_setfield(L, levels, level);
        lua_getfield(L, -1, "hours");
        lua_setfield(L, hours, level);
    }
    lua_settop(L, levels);
}

static void drop_loading_tables(lua_State *L)
{
    static const char *const keys[] = {&rules_modules_key, &rules_packs_key, &rules_standards_key};
    for (int i = 0; i < 3; i++) {
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, keys[i]);
    }
}

/* Leaves the functions that are watched. */
static int load_all(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    struct wg_str area = wg_bundle_area(r->bundle), city = wg_bundle_city(r->bundle);
    const char *entry = lua_pushfstring(L, "%s.rules", area.p);
    const char *city_entry = lua_pushfstring(L, "%s.rules", city.p);
    rules_sandbox(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    snprintf(r->place, sizeof(r->place), "%s/rules.lua:1", area.p);
    rules_require(L, entry, strlen(entry));
    int pack = lua_gettop(L);
    if (lua_type(L, pack) != LUA_TTABLE || !rules_pack_spot(L, pack))
        return luaL_error(L, "%s/rules.lua:1: must return county{...}", area.p);
    snprintf(r->place, sizeof(r->place), "%s", rules_pack_spot(L, pack));
    rules_read_pack(L, pack);
    lua_getfield(L, pack, "on");
    rules_set_ref(L, REF_ON);
    lua_getfield(L, pack, "tables");
    rules_freeze(L, -1);
    rules_set_ref(L, REF_TABLES);
    lua_getfield(L, pack, "messages");
    rules_freeze(L, -1);
    rules_set_ref(L, REF_MESSAGES);
    rules_make_world(L);
    lua_newtable(L);
    lua_newtable(L);
    add_level(L, "std.city", "std");
    add_level(L, city_entry, city.p);
    add_level(L, entry, area.p);
    drop_loading_tables(L);
    rules_freeze(L, -1);
    lua_pushvalue(L, -1);
    rules_set_ref(L, REF_LEVELS);
    lua_insert(L, -2);
    rules_set_ref(L, REF_HOURS);
    int levels = lua_gettop(L);
    rules_watch_all(L, levels, RULES_MESSAGE_SLOT + 1);
    return lua_gettop(L) - levels;
}

static void set_limits(struct wg_rules *r, const struct wg_rules_limits *limits)
{
    r->limits = limits ? *limits : (struct wg_rules_limits){0};
    if (r->limits.budget_us == 0)
        r->limits.budget_us = 20000;
    if (r->limits.load_us == 0)
        r->limits.load_us = 1000000;
    if (r->limits.memory_max == 0)
        r->limits.memory_max = (size_t)8 << 20;
    if (r->limits.alloc_max == 0)
        r->limits.alloc_max = 65536;
}

static int load(struct wg_rules *r, struct wg_err *err)
{
    lua_State *L = r->L;
    r->loading = true;
    r->alloc_max = LOAD_ALLOC_MAX;
    *(struct wg_rules **)lua_getextraspace(L) = r;
    lua_pushcfunction(L, on_message);
    rules_count_lines(r, NULL);
    int rc = rules_protect(r, load_all, LUA_MULTRET, r->limits.load_us);
    if (rc < 0)
        return wg_fail(err, rc, "%s%s%s", has_place(r->why) ? "" : r->place,
                       has_place(r->why) || !r->place[0] ? "" : ": ", r->why);
    if (!lua_checkstack(L, LUA_MINSTACK))
        return wg_fail(err, WG_ENOMEM, "no memory for rules");
    r->loading = false;
    r->alloc_max = r->limits.alloc_max;
    /* All that is loaded is old from here on; what calls leave behind is young and cheap to
     * collect, between calls. */
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCGEN, 0, 0);
    lua_gc(L, LUA_GCSTOP);
    r->pack->memory = r->used;
    r->collect_at = r->used + YOUNG_BYTES;
    r->full_at = 2 * r->used + 4 * YOUNG_BYTES;
    return WG_OK;
}

int wg_rules_new(struct wg_bundle *b, const struct wg_rules_limits *limits,
                 const struct wg_plugin *const *plugins, struct wg_rules **out, struct wg_err *err)
{
    int rc = WG_ENOMEM;
    struct wg_rules *r = calloc(1, sizeof(*r));
    *out = NULL;
    if (!r)
        return wg_fail(err, rc, "no memory for rules");
    set_limits(r, limits);
    r->bundle = wg_bundle_keep(b);
    r->plugins = plugins;
    r->alloc_max = LOAD_ALLOC_MAX;
    r->watch = calloc(RULES_WATCH_MAX, sizeof(*r->watch));
    r->L = r->watch ? lua_newstate(allocate, r) : NULL;
    if (!r->L)
        wg_fail(err, rc, "no memory for rules");
    else
        rc = load(r, err);
    if (rc == WG_OK)
        *out = r;
    else
        wg_rules_free(r);
    return rc;
}

void wg_rules_free(struct wg_rules *r)
{
    if (!r)
        return;
    if (r->L)
        lua_close(r->L);
    wg_pack_drop(r->pack);
    wg_bundle_drop(r->bundle);
    wg_buf_free(&r->answer);
    wg_buf_free(&r->made);
    wg_buf_free(&r->scratch);
    free(r->watch);
    free(r);
}

struct wg_pack *wg_rules_pack(struct wg_rules *r)
{
    return r->pack;
}

struct wg_bundle *wg_rules_bundle(struct wg_rules *r)
{
    return r->bundle;
}

/* ---- deciding ---- */

static int run_handler(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    lua_settop(L, 0);
    rules_push_ref(L, REF_ON);
    if (lua_type(L, 1) != LUA_TTABLE || lua_getfield(L, 1, r->d->event) != LUA_TFUNCTION)
        return 0;
    lua_pushvalue(L, 2); /* stays, so that what it returns can be blamed on it */
    rules_push_ref(L, REF_CASE);
    rules_push_ref(L, REF_CTX);
    lua_call(L, 2, 1);
    rules_collect(L, 3, 2);
    return 0;
}

/* Garbage is collected between calls, never in one. */
static void tidy(struct wg_rules *r)
{
    if (r->used < r->collect_at)
        return;
    lua_gc(r->L, r->used < r->full_at ? LUA_GCSTEP : LUA_GCCOLLECT, 0);
    r->collect_at = r->used + YOUNG_BYTES;
}

static int decided(struct wg_rules *r, int rc, struct wg_err *err)
{
    struct rules_spot whose;
    const char *name = NULL;
    if (!rules_watch_check(r, &whose, &name)) {
        if (rc == WG_OK)
            rc =
                wg_fail(err, WG_ERULE, "%s:%d: rules keep no state between calls, but '%s' was set",
                        whose.file, whose.line, name);
        return rc;
    }
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < r->items; i++)
        if (r->item[i].refuses && r->item[i].listed)
            return wg_fail(err, WG_EDENIED, "%.*s", (int)r->item[i].n, r->made.p + r->item[i].at);
    if (!wg_buf_ok(r->facts) || !wg_buf_ok(r->outs))
        return wg_fail(err, WG_ENOMEM, "no memory to write what rules decided");
    return WG_OK;
}

int wg_rules_decide(struct wg_rules *r, const struct wg_decision *d, struct wg_arena *a,
                    struct wg_buf *facts, struct wg_buf *outs, struct wg_err *err)
{
    size_t facts_n = facts->n, outs_n = outs->n;
    r->d = d;
    r->arena = a;
    r->facts = facts;
    r->outs = outs;
    r->next_given = d->given ? d->given->child : NULL;
    r->items = 0;
    wg_buf_clear(&r->made);
    int rc = rules_protect(r, run_handler, 0, r->limits.budget_us);
    r->d = NULL;
    if (rc < 0)
        wg_fail(err, rc, "%s", r->why);
    rc = decided(r, rc, err);
    if (rc < 0) {
        facts->n = facts_n;
        outs->n = outs_n;
    }
    tidy(r);
    return rc;
}
