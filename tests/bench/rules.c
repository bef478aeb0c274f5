/* What one decision by the county's rules costs, its facts and outcomes written: on.file (the
 * deadline by the chosen row), on.report (who is responsible, by real base data), or any other. The
 * world answers in the process, as the desk does; that no other case is near by is said without a
 * look at the views. `bare` is what nothing can be quicker than: Lua called with a table of ten
 * fields, of which it reads three; it tells how quick the processor is just now.
 * bench_rules CONFIG AREA EVENT…   the server must not run; prints event, median_us, p99_us */
#include "bench.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 20000
#define WARM 2000

static int answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                  struct wg_err *err)
{
    const struct wg_force *f = self;
    struct wg_limit limit = {0};
    int64_t due;
    if (strcmp(what, "near") == 0) {
        wg_buf_lit(out, "[]");
        return WG_OK;
    }
    if (strcmp(what, "deadline") != 0)
        return wg_ground_ask(f->ground, what, args, wg_now_ms(), out, err);
    if (wg_unit_parse(args->child->next->next->str, &limit.unit) < 0)
        return wg_fail(err, WG_EINVAL, "unit?");
    limit.n_milli = args->child->next->num;
    int rc = wg_worktime_due(f->worktime, args->child->num, limit, &due);
    if (rc < 0)
        return wg_fail(err, rc, "no due");
    wg_buf_int(out, due);
    return WG_OK;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void say(const char *what, int64_t *took)
{
    qsort(took, ROUNDS, sizeof(took[0]), by_size);
    printf("%s %.2f %.2f\n", what, (double)took[ROUNDS / 2] / 1000,
           (double)took[ROUNDS * 99 / 100] / 1000);
}

/* Another place and moment each time, so that nothing is remembered from the one before. */
static void vary(struct wg_case *c, struct wg_decision *d, size_t i)
{
    c->id = wg_case_id(341824, 2026, (uint32_t)i + 1);
    c->at = (struct wg_point){1185900000 + (int32_t)(i * 7919 % 40000),
                              300650000 + (int32_t)(i * 104729 % 40000)};
    d->now_ms = 1767600000000 + (int64_t)(i * 7919 % 250) * WG_DAY_MS + (int64_t)(i % 86400) * 1000;
    c->opened = d->now_ms - WG_HOUR_MS;
}

static int measure(struct wg_rules *rules, const struct wg_force *f, const char *event,
                   struct wg_err *err)
{
    static int64_t took[ROUNDS];
    const struct wg_world world = {answer, (void *)(uintptr_t)f};
    const struct wg_class *class_ = wg_pack_class(f->pack, WG_EVENT, WG_S("0111"));
    struct wg_case c = {.state = WG_REPORTED,
                        .version = 1,
                        .kind = WG_EVENT,
                        .source = WG_FROM_COLLECTOR,
                        .category = class_->code,
                        .category_name = class_->name,
                        .standard = class_->standard,
                        .grid = WG_S("341824100001034"),
                        .reporter = WG_S("c-001"),
                        .description = WG_S("街边积存垃圾渣土"),
                        .address = WG_S("华阳镇某路12号门前")};
    bool report = strcmp(event, "report") == 0;
    struct wg_decision d = {.event = event,
                            .c = &c,
                            .class_ = class_,
                            .row = report ? NULL : &class_->condition[0],
                            .by = report ? WG_S("c-001") : WG_S("z-001"),
                            .role = report ? WG_COLLECTOR : WG_CHIEF,
                            .world = &world};
    struct wg_arena *a = wg_arena_new(0), *body = wg_arena_new(0);
    struct wg_buf facts = WG_BUF_INIT, outs = WG_BUF_INIT;
    struct wg_json *in;
    int rc = wg_json_parse(body, report ? WG_S("{}") : WG_S("{\"condition\":\"1\"}"), &in, err);
    d.in = in;
    for (size_t i = 0; rc == WG_OK && i < WARM + ROUNDS; i++) {
        vary(&c, &d, i);
        wg_arena_reset(a);
        wg_buf_clear(&facts);
        wg_buf_clear(&outs);
        int64_t start = now_ns();
        rc = wg_rules_decide(rules, &d, a, &facts, &outs, err);
        if (i >= WARM)
            took[i - WARM] = now_ns() - start;
    }
    if (rc == WG_OK && (!facts.n || !outs.n))
        rc = wg_fail(err, WG_EINVAL, "on.%s asked or decided nothing", event);
    if (rc == WG_OK)
        say(event, took);
    wg_buf_free(&facts);
    wg_buf_free(&outs);
    wg_arena_free(a);
    wg_arena_free(body);
    return rc;
}

static int bare(struct wg_err *err)
{
    static const char *const field[] = {"id",   "state", "category", "kind",   "grid",
                                        "unit", "level", "version",  "opened", "due"};
    static int64_t took[ROUNDS];
    lua_State *L = luaL_newstate();
    if (!L || luaL_dostring(L, "return function(c) return c.opened + c.version + c.due end"))
        return wg_fail(err, WG_ENOMEM, "no Lua");
    for (size_t i = 0; i < WARM + ROUNDS; i++) {
        int64_t start = now_ns();
        lua_pushvalue(L, 1);
        lua_createtable(L, 0, 10);
        for (int k = 0; k < 10; k++) {
            lua_pushinteger(L, (lua_Integer)i);
            lua_setfield(L, -2, field[k]);
        }
        lua_call(L, 1, 1);
        lua_pop(L, 1);
        if (i >= WARM)
            took[i - WARM] = now_ns() - start;
    }
    lua_close(L);
    say("bare", took);
    return WG_OK;
}

int main(int argc, char **argv)
{
    struct bench b = {.calendar = WG_BUF_INIT};
    struct wg_desk *d = NULL;
    struct wg_err err = {0};
    struct wg_bundle *bundle = NULL;
    struct wg_rules *rules = NULL;
    int rc = argc < 4 ? WG_EINVAL : bench_open(&b, argv[1], argv[2], &err);
    if (argc < 4)
        wg_fail(&err, rc, "bench_rules CONFIG AREA EVENT…");
    if (rc == WG_OK && (rc = wg_desk_open(&b.opts, &d, &err)) == WG_OK &&
        (rc = wg_bundle_read(b.config.scripts.p, b.config.standards.p, b.config.city.p, argv[2],
                             &bundle, &err)) == WG_OK &&
        (rc = wg_rules_new(bundle, NULL, NULL, &rules, &err)) == WG_OK) {
        struct wg_force *f = wg_desk_force(d);
        for (int i = 3; rc == WG_OK && i < argc; i++)
            rc = strcmp(argv[i], "bare") ? measure(rules, f, argv[i], &err) : bare(&err);
        wg_force_drop(f);
    }
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    wg_rules_free(rules);
    wg_bundle_drop(bundle);
    wg_desk_close(d);
    bench_close(&b);
    return rc < 0;
}
