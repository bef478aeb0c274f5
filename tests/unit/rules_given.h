/** What the tests of rules share: a made-up county of one file, and a small world that answers its
 * questions. */
#ifndef WG_TEST_RULES_H
#define WG_TEST_RULES_H

#include "test.h"

#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include <time.h>

/* ---- given: a county of one file, or more ---- */

#define AREA "990101"
#define CITY "990100"
#define HOURS "{ week = \"Mon-Fri\", shifts = { \"08:30-12:00\" } }"
#define FLOW "{ { action = \"report\", to = \"reported\", role = \"collector\" } }"
#define CLASSES                                                                                              \
    "standard,kind,major,major_name,code,name,status\n"                                                      \
    "S,part,01,公用设施,0101,井盖,found\nS,event,01,市容环境,0101,暴露垃圾,found\nS,event,01," \
    "市容环境,0102,道路不洁,found\n"
#define LIMITS                                                                                           \
    "standard,kind,code,id,text,limit,unit,close,source\n"                                               \
    "S,part,0101,1,丢失,2,emergency_hour,复原,甲\nS,event,0101,1,散置,4,work_hour,清走,甲\nS," \
    "event,0101,2,成堆,1.5,work_day,清走,甲\n"

struct file {
    const char *name, *text;
};

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct file *)x)->name, ((const struct file *)y)->name);
}

static struct wg_bundle *bundle_of(struct file *files, size_t count, struct wg_err *err)
{
    struct wg_buf json = WG_BUF_INIT;
    struct wg_bundle *b;
    qsort(files, count, sizeof(*files), by_name);
    wg_buf_lit(&json, "{\"area\":\"" AREA "\",\"city\":\"" CITY "\",\"files\":[");
    for (size_t i = 0; i < count; i++) {
        wg_json_sep(&json);
        wg_buf_char(&json, '[');
        wg_buf_json(&json, wg_str_of(files[i].name));
        wg_buf_char(&json, ',');
        wg_buf_json(&json, wg_str_of(files[i].text));
        wg_buf_char(&json, ']');
    }
    wg_buf_lit(&json, "]}");
    wg_bundle_parse(wg_buf_str(&json), &b, err);
    wg_buf_free(&json);
    return b;
}

static struct wg_err err;

static int load_files(struct file *files, size_t count, const struct wg_plugin *const *plugins,
                      struct wg_rules **out)
{
    *out = NULL;
    memset(&err, 0, sizeof(err));
    struct wg_bundle *b = bundle_of(files, count, &err);
    if (!b)
        return err.code;
    int rc = wg_rules_new(b, NULL, plugins, out, &err);
    wg_bundle_drop(b);
    return rc;
}

/* rules.lua is `text`; beside it lie the two tables of a standard and two modules. */
static int load_text(const char *text, struct wg_rules **out)
{
    struct file files[] = {{AREA "/rules.lua", text},
                           {"std/one.lua", "return { list = { 1, 2, 3 }, name = 'one' }"},
                           {"std/circle.lua", "return require 'std.circle'"},
                           {"standards/classes.csv", CLASSES},
                           {"standards/limits.csv", LIMITS}};
    return load_files(files, 5, NULL, out);
}

/* A pack whose on.report has this body, from line 3 on; `before` is line 1. */
static const char *pack_text(char *to, size_t cap, const char *before, const char *body)
{
    snprintf(to, cap,
             "%s\nlocal function ping() return notify { to = 'u', text = 'pong', because = 'alive' "
             "} end local report = function(case, ctx)\n%s\nend return county { code = '" AREA
             "', name = '青山县', "
             "standard = 'S', number = '青〔{year}〕{serial:6}号', hours = " HOURS ", flow = " FLOW
             ", categories = standard 'S', on = { report = report, ping = ping } }",
             before, body);
    return to;
}

static char text_space[16384];

__attribute__((unused)) static struct wg_rules *rules_with(const char *before, const char *body)
{
    struct wg_rules *r;
    if (load_text(pack_text(text_space, sizeof(text_space), before, body), &r) != WG_OK)
        print_error("%s\n", err.text);
    CHECK(r != NULL);
    return r;
}

/* ---- when: a decision in a small world ---- */

static int asked;
static int small_world(void *self, const char *what, const struct wg_json *args,
                       struct wg_buf *answer, struct wg_err *e)
{
    (void)self;
    (void)args;
    asked++;
    if (strcmp(what, "deadline") == 0)
        wg_buf_int(answer, 1773018000000);
    else if (strcmp(what, "responsible") == 0)
        wg_buf_lit(answer, "{\"unit\":\"u-cg\",\"by\":\"duty\",\"duty\":\"d-1\"}");
    else if (strcmp(what, "near") == 0)
        wg_buf_lit(answer, "[{\"id\":\"990101-2026-000001\",\"distance_m\":7,\"state\":\"filed\","
                           "\"category\":\"0101\"}]");
    else if (strcmp(what, "unit") == 0)
        wg_buf_lit(answer, "null");
    else
        return wg_fail(e, WG_ENOENT, "nobody knows");
    return WG_OK;
}
static const struct wg_world world = {small_world, NULL};

static struct wg_arena *arena;
static struct wg_buf facts, outs;
static struct wg_json *body_tree;

static int decide_by(struct wg_rules *r, const char *event, const struct wg_world *w,
                     const struct wg_json *given)
{
    static struct wg_case c;
    struct wg_pack *p = wg_rules_pack(r);
    c = (struct wg_case){.id = wg_case_id(990101, 2026, 12),
                         .kind = WG_EVENT,
                         .category = WG_S("0101"),
                         .state = WG_ACCEPTED,
                         .source = WG_FROM_PUBLIC,
                         .at = {1185940000, 300650000},
                         .rework = 2,
                         .grid = WG_S("990101001002003"),
                         .version = 3,
                         .opened = 1772787600000,
                         .description = WG_S("a citizen's words"),
                         .caller = WG_S("v:1")};
    const struct wg_class *class_ = wg_pack_class(p, WG_EVENT, c.category);
    struct wg_decision d = {.event = event,
                            .c = &c,
                            .in = body_tree,
                            .class_ = class_,
                            .row = class_ ? wg_class_condition(class_, WG_S("2")) : NULL,
                            .by = WG_S("a-001"),
                            .role = WG_CHIEF,
                            .now_ms = 1772787600000,
                            .world = w,
                            .given = given};
    memset(&err, 0, sizeof(err));
    asked = 0;
    if (!arena)
        arena = wg_arena_new(0);
    wg_buf_clear(&facts);
    wg_buf_clear(&outs);
    return wg_rules_decide(r, &d, arena, &facts, &outs, &err);
}

__attribute__((unused)) static int decide(struct wg_rules *r, const char *event)
{
    return decide_by(r, event, &world, NULL);
}

__attribute__((unused)) static void done(struct wg_rules *r)
{
    wg_rules_free(r);
    wg_arena_free(arena);
    arena = NULL;
    body_tree = NULL;
    wg_buf_free(&facts);
    wg_buf_free(&outs);
}

#define PONG \
    "{\"k\":\"notify\",\"to\":\"u\",\"text\":\"pong\",\"why\":[\"alive\",\"990101/rules.lua\",2]}"

/* What this thread has had: a busy machine must not fail a test. Sanitizers make all slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUICK_MS 500
#else
#define QUICK_MS 100
#endif

static int64_t own_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The body dies quickly with file, line and this reason, and the state answers the next call. */
__attribute__((unused)) static void dies(const char *before, const char *body, const char *line,
                                         const char *reason)
{
    char place[64];
    struct wg_rules *r = rules_with(before, body);
    for (int i = 0; i < 2; i++) {
        int64_t from = own_ms();
        int rc = decide(r, "report");
        int64_t took = own_ms() - from;
        snprintf(place, sizeof(place), AREA "/rules.lua:%s: ", line);
        if (rc != WG_ERULE || strncmp(err.text, place, strlen(place)) ||
            !strstr(err.text, reason) || took >= QUICK_MS)
            print_error("%d %lld ms: %s (%s: %s)\n", rc, (long long)took, err.text, place, reason);
        CHECK_INT(rc, WG_ERULE);
        CHECK(strncmp(err.text, place, strlen(place)) == 0);
        CHECK(strstr(err.text, reason) != NULL);
        CHECK(took < QUICK_MS);
        CHECK_INT(outs.n, 0);
        CHECK_INT(decide(r, "ping"), WG_OK);
        CHECK_STR(wg_buf_str(&outs), PONG);
    }
    done(r);
}

/* The body returns nothing and does not fail. */
__attribute__((unused)) static void holds(const char *before, const char *body)
{
    struct wg_rules *r = rules_with(before, body);
    int rc = decide(r, "report");
    if (rc != WG_OK)
        print_error("%s\n", err.text);
    CHECK_INT(rc, WG_OK);
    done(r);
}

/* Loading fails and says this. */
__attribute__((unused)) static void refused(const char *text, const char *reason)
{
    struct wg_rules *r;
    int rc = load_text(text, &r);
    if (rc == WG_OK || !strstr(err.text, reason))
        print_error("%d: %s (wanted: %s)\n", rc, err.text, reason);
    CHECK(rc != WG_OK && r == NULL);
    CHECK(strstr(err.text, reason) != NULL);
    wg_rules_free(r);
}

#endif
