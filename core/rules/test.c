/* The bundle's own tests: tests.lua gives a list of data, everything else happens here. Each
 * level's tests run against that level's handlers, so that a county which decides otherwise does
 * not fail the city's. */
#include "rules/state.h"

#include <stdio.h>

struct run {
    struct wg_rules *r;
    struct wg_arena *a;
    const char *file;           /* "341824/tests.lua" */
    const struct wg_json *test; /* the one that runs */
    const struct wg_json *answers;
    uint64_t used; /* bits: answers that were given */
    struct wg_buf facts, outs;
    struct wg_err *err;
};

static int failed(struct run *t, const char *what, struct wg_str more)
{
    struct wg_str name = wg_json_str(t->test, "name");
    return wg_fail(t->err, WG_ERULE, "%s: \"%.*s\": %s%.*s", t->file, WG_PRI(name), what,
                   WG_PRI(more));
}

/* ---- the world of a test: its answers, each once, in their order ---- */

static int answer_once(void *self, const char *what, const struct wg_json *args,
                       struct wg_buf *answer, struct wg_err *err)
{
    struct run *t = self;
    unsigned i = 0;
    (void)args;
    for (const struct wg_json *e = t->answers ? t->answers->child : NULL; e && i < 64;
         e = e->next, i++) {
        if (t->used >> i & 1 || e->type != WG_JARR || !e->child || !wg_str_is(e->child->str, what))
            continue;
        t->used |= UINT64_C(1) << i;
        wg_json_write(e->child->next, answer); /* none there: null */
        return WG_OK;
    }
    return wg_fail(err, WG_ENOENT, "the test has no answer to this");
}

/* ---- reading a test ---- */

static int read_state(struct run *t, const struct wg_json *j, struct wg_case *c)
{
    struct wg_str state = wg_json_str(j, "state"), source = wg_json_str(j, "source"),
                  id = wg_json_str(j, "id");
    struct wg_str kind = wg_json_str(j, "kind");
    c->state = WG_NOWHERE;
    if (state.p) {
        int s = wg_state_parse(state);
        if (s < 0 || s >= WG_STATES)
            return failed(t, "case.state: there is no ", state);
        c->state = (uint8_t)s;
    }
    if (source.p && wg_source_parse(source) < 0)
        return failed(t, "case.source: there is no ", source);
    if (source.p)
        c->source = (uint8_t)wg_source_parse(source);
    if (kind.p && wg_kind_parse(kind) < 0)
        return failed(t, "case.kind: there is no ", kind);
    c->kind = (uint8_t)(kind.p ? wg_kind_parse(kind) : WG_EVENT);
    if (id.p && wg_case_id_parse(id, &c->id) < 0)
        return failed(t, "case.id: is no id: ", id);
    return WG_OK;
}

static int read_case(struct run *t, const struct wg_json *j, struct wg_case *c)
{
    static const char *const known[] = {
        "id",   "kind",   "category", "state",   "source",        "condition", "unit",
        "part", "grid",   "reporter", "rework",  "deferrals",     "opened",    "filed",
        "due",  "lon_e7", "lat_e7",   "version", "proposed_unit", "level",     "send_backs",
        "urges"};
    for (const struct wg_json *m = j ? j->child : NULL; m; m = m->next) {
        size_t k = 0;
        while (k < sizeof(known) / sizeof(known[0]) && !wg_str_is(m->key, known[k]))
            k++;
        if (k == sizeof(known) / sizeof(known[0]))
            return failed(t, "case: there is no field ", m->key);
    }
    c->category = wg_json_str(j, "category");
    c->condition = wg_json_str(j, "condition");
    c->unit = wg_json_str(j, "unit");
    c->proposed = wg_json_str(j, "proposed_unit");
    c->part = wg_json_str(j, "part");
    c->grid = wg_json_str(j, "grid");
    c->reporter = wg_json_str(j, "reporter");
    c->rework = (uint8_t)wg_json_int(j, "rework", 0);
    c->deferrals = (uint8_t)wg_json_int(j, "deferrals", 0);
    c->level = (uint8_t)wg_json_int(j, "level", 0);
    c->send_backs = (uint8_t)wg_json_int(j, "send_backs", 0);
    c->urges = (uint8_t)wg_json_int(j, "urges", 0);
    c->version = (uint32_t)wg_json_int(j, "version", 0);
    c->opened = wg_json_int(j, "opened", 0);
    c->filed = wg_json_int(j, "filed", 0);
    c->due = wg_json_int(j, "due", 0);
    c->at.lon_e7 = (int32_t)wg_json_int(j, "lon_e7", 1185940000);
    c->at.lat_e7 = (int32_t)wg_json_int(j, "lat_e7", 300650000);
    return read_state(t, j, c);
}

/* row: an id of the class's own, or a row of its own. */
static int read_row(struct run *t, const struct wg_class *class_, struct wg_condition *own,
                    const struct wg_condition **out)
{
    const struct wg_json *row = wg_json_get(t->test, "row"), *limit = wg_json_get(row, "limit");
    *out = NULL;
    if (!row)
        return WG_OK;
    if (row->type == WG_JSTR) {
        *out = class_ ? wg_class_condition(class_, row->str) : NULL;
        return *out ? WG_OK : failed(t, "row: the class has no condition ", row->str);
    }
    *own = (struct wg_condition){.id = wg_json_str(row, "id"),
                                 .text = wg_json_str(row, "text"),
                                 .close = wg_json_str(row, "close"),
                                 .source = wg_json_str(row, "source"),
                                 .assumed = wg_json_bool(row, "assumed", false)};
    if (!limit || limit->type != WG_JARR || limit->count != 2 ||
        wg_json_fixed(limit->child, 3, &own->limit.n_milli) < 0 ||
        wg_unit_parse(limit->child->next->str, &own->limit.unit) < 0)
        return failed(t, "row.limit: is {number, \"unit\"}", (struct wg_str){NULL, 0});
    *out = own;
    return WG_OK;
}

static int read_now(struct run *t, int64_t *now)
{
    const struct wg_json *j = wg_json_get(t->test, "now");
    *now = INT64_C(1772762400000); /* 2026-03-06 10:00, a Friday */
    if (j && j->type == WG_JSTR && wg_time_parse(j->str, now) < 0)
        return failed(t, "now: is no time: ", j->str);
    if (j && j->type == WG_JINT)
        *now = j->num;
    return WG_OK;
}

/* ---- comparing ---- */

static bool contains(struct wg_str s, struct wg_str part)
{
    return part.n == 0 || (s.n && memmem(s.p, s.n, part.p, part.n) != NULL);
}

/* What is wanted is there: fields of objects may be more. false stands for null, which Lua's lists
 * can't hold. */
static bool matches(const struct wg_json *want, const struct wg_json *got)
{
    if (!got)
        return want->type == WG_JBOOL && !want->num;
    if (want->type == WG_JBOOL && !want->num && got->type == WG_JNULL)
        return true;
    if (want->type == WG_JARR && want->count == got->count && got->type == WG_JARR) {
        const struct wg_json *g = got->child;
        for (const struct wg_json *w = want->child; w; w = w->next, g = g->next)
            if (!matches(w, g))
                return false;
        return true;
    }
    if (want->type != WG_JOBJ)
        return rules_json_same(want, got);
    for (const struct wg_json *w = want->child; w; w = w->next) {
        const struct wg_json *why = wg_json_get(got, "why");
        if (wg_str_is(w->key, "because") ? !why || !why->child || !contains(why->child->str, w->str)
                                         : !matches(w, wg_json_get_s(got, w->key)))
            return false;
    }
    return true;
}

static int parse_list(struct run *t, const struct wg_buf *items, struct wg_json **out)
{
    struct wg_str text = wg_arena_fmt(t->a, "[%.*s]", (int)items->n, items->p ? items->p : "");
    return text.p ? wg_json_parse(t->a, text, out, t->err)
                  : wg_fail(t->err, WG_ENOMEM, "no memory for a test");
}

static int compare(struct run *t, const char *field, const struct wg_json *want,
                   const struct wg_json *got)
{
    const struct wg_json *g = got->child;
    struct wg_buf text = WG_BUF_INIT;
    bool same = (want ? want->count : 0) == got->count;
    for (const struct wg_json *w = want ? want->child : NULL; same && w; w = w->next, g = g->next) {
        if (strcmp(field, "asked") ==
            0) /* a fact is [what, args, answer]; asked leaves the answer out */
            same = w->type == WG_JARR && w->count == 2 && matches(w->child, g->child) &&
                   matches(w->child->next, g->child->next);
        else
            same = matches(w, g);
    }
    if (same)
        return WG_OK;
    wg_json_write(got, &text);
    int rc = failed(
        t, field, wg_arena_fmt(t->a, " is not what came: %.*s", (int)text.n, text.p ? text.p : ""));
    wg_buf_free(&text);
    return rc;
}

/* ---- running ---- */

static int judge(struct run *t, int rc, const struct wg_err *said)
{
    struct wg_str refuse = wg_json_str(t->test, "refuse"), fails = wg_json_str(t->test, "fails");
    const struct wg_json *asked = wg_json_get(t->test, "asked");
    struct wg_json *got = NULL;
    uint32_t answers = t->answers ? t->answers->count : 0;
    if (refuse.p || fails.p) {
        int want = refuse.p ? WG_EDENIED : WG_ERULE;
        if (rc != want || !contains(wg_str_of(said->text), refuse.p ? refuse : fails))
            return failed(t, rc == WG_OK ? "was decided" : "said otherwise: ",
                          wg_str_of(rc ? said->text : ""));
        return WG_OK;
    }
    if (rc < 0)
        return failed(t, rc == WG_EDENIED ? "refused: " : "", wg_str_of(said->text));
    if (answers > 64 || (answers && t->used != UINT64_MAX >> (64 - answers)))
        return failed(t, "has an answer that no rule asked for", (struct wg_str){NULL, 0});
    if (asked &&
        ((rc = parse_list(t, &t->facts, &got)) < 0 || (rc = compare(t, "asked", asked, got)) < 0))
        return rc;
    if ((rc = parse_list(t, &t->outs, &got)) < 0)
        return rc;
    return compare(t, "want", wg_json_get(t->test, "want"), got);
}

static int check_fields(struct run *t)
{
    static const char *const known[] = {"name",  "on",   "now",    "by",    "role",
                                        "unit",  "case", "body",   "row",   "answers",
                                        "asked", "want", "refuse", "fails", "request"};
    for (const struct wg_json *m = t->test->child; m; m = m->next) {
        size_t k = 0;
        while (k < sizeof(known) / sizeof(known[0]) && !wg_str_is(m->key, known[k]))
            k++;
        if (k == sizeof(known) / sizeof(known[0]))
            return failed(t, "a test has no field ", m->key);
    }
    if (!wg_json_str(t->test, "on").p)
        return failed(t, "on: which event?", (struct wg_str){NULL, 0});
    return WG_OK;
}

static int run_one(struct run *t)
{
    struct wg_case c = {0};
    struct wg_condition own;
    struct wg_err said = {0};
    struct wg_str role = wg_json_str(t->test, "role");
    struct wg_world world = {answer_once, t};
    struct wg_decision d = {.c = &c,
                            .world = &world,
                            .in = wg_json_get(t->test, "body"),
                            .asked = wg_json_get(t->test, "request"),
                            .by = wg_json_str(t->test, "by"),
                            .unit = wg_json_str(t->test, "unit"),
                            .role = role.p ? wg_role_parse(role) : WG_ACCEPTOR};
    int rc = check_fields(t);
    t->answers = wg_json_get(t->test, "answers");
    t->used = 0;
    if (rc < 0 || (rc = read_case(t, wg_json_get(t->test, "case"), &c)) < 0 ||
        (rc = read_now(t, &d.now_ms)) < 0)
        return rc;
    d.event = wg_json_str(t->test, "on").p;
    d.class_ = wg_pack_class(t->r->pack, c.kind, c.category);
    if ((rc = read_row(t, d.class_, &own, &d.row)) < 0)
        return rc;
    wg_buf_clear(&t->facts);
    wg_buf_clear(&t->outs);
    rc = wg_rules_decide(t->r, &d, t->a, &t->facts, &t->outs, &said);
    return judge(t, rc, &said);
}

/* ---- the files ---- */

/* The tests as JSON in r->scratch; the level's handlers become those in force. */
static int load_tests(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    rules_run_file(L, r->test_file);
    if (lua_type(L, -1) != LUA_TTABLE)
        return luaL_error(L, "%s:1: must return a list of tests", r->test_file.p);
    wg_buf_clear(&r->scratch);
    rules_write_json(L, -1, &r->scratch);
    rules_push_ref(L, REF_LEVELS);
    lua_pushlstring(L, r->test_level.p, r->test_level.n);
    if (lua_gettable(L, -2) != LUA_TTABLE)
        return luaL_error(L, "%s:1: no rules of this folder are in use", r->test_file.p);
    rules_set_ref(L, REF_ON);
    return 0;
}

static int restore_level(lua_State *L)
{
    struct wg_str area = wg_bundle_area(rules_of(L)->bundle);
    rules_push_ref(L, REF_LEVELS);
    lua_pushlstring(L, area.p, area.n);
    lua_gettable(L, -2);
    rules_set_ref(L, REF_ON);
    return 0;
}

static int protect_loading(struct wg_rules *r, lua_CFunction fn, struct wg_err *err)
{
    size_t alloc_max = r->alloc_max;
    r->loading = true;
    r->alloc_max = (size_t)4 << 20;
    int rc = rules_protect(r, fn, 0, r->limits.load_us);
    r->alloc_max = alloc_max;
    r->loading = false;
    return rc < 0 ? wg_fail(err, rc, "%s", r->why) : WG_OK;
}

static int run_file(struct run *t, void (*say)(void *arg, const char *line), void *arg, size_t *ran)
{
    char line[256];
    struct wg_json *tests;
    int rc = protect_loading(t->r, load_tests, t->err);
    if (rc < 0 || (rc = wg_json_parse(t->a, wg_buf_str(&t->r->scratch), &tests, t->err)) < 0)
        return rc;
    for (const struct wg_json *test = tests->child; test && rc == WG_OK; test = test->next) {
        struct wg_str name = wg_json_str(test, "name");
        t->test = test;
        rc = name.n ? run_one(t) : failed(t, "a test needs a name", (struct wg_str){NULL, 0});
        snprintf(line, sizeof(line), "%s %s: %.*s", rc < 0 ? "FAILED" : "ok", t->file,
                 WG_PRI(name));
        if (say)
            say(arg, line);
        *ran += 1;
    }
    return rc;
}

int wg_rules_test(struct wg_rules *r, void (*say)(void *arg, const char *line), void *arg,
                  size_t *ran, struct wg_err *err)
{
    struct wg_str level[3] = {WG_S("std"), wg_bundle_city(r->bundle), wg_bundle_area(r->bundle)},
                  text;
    struct run t = {
        .r = r, .err = err, .facts = WG_BUF_INIT, .outs = WG_BUF_INIT, .a = wg_arena_new(0)};
    int rc = t.a ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for tests");
    *ran = 0;
    for (int i = 0; i < (wg_str_eq(level[1], level[2]) ? 2 : 3) && rc == WG_OK; i++) {
        char file[32];
        snprintf(file, sizeof(file), "%.*s/tests.lua", WG_PRI(level[i]));
        if (!rules_bundle_find(r->bundle, wg_str_of(file), &text))
            continue;
        t.file = file;
        r->test_file = wg_str_of(file);
        r->test_level = level[i];
        rc = run_file(&t, say, arg, ran);
    }
    int back = protect_loading(r, restore_level, rc < 0 ? NULL : err);
    wg_buf_free(&t.facts);
    wg_buf_free(&t.outs);
    wg_arena_free(t.a);
    return rc < 0 ? rc : back;
}
