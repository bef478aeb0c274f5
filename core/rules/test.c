/* The bundle's own tests: tests.lua gives a list of data, everything else happens here. Each
 * level's tests run against that level's handlers, so that a county which decides otherwise does
 * not fail the city's. */
#include "rules/state.h"

#include <stdio.h>

struct run {
    struct wg_rules *r;
    const struct wg_test_opts *opts;
    struct wg_test_sum *sum;
    struct wg_arena *a;
    const struct wg_json *national; /* the calendar, or NULL */
    struct wg_worktime *hours;      /* the level's */
    char file[40];                  /* "341824/tests.lua" */
    const struct wg_json *test;     /* the one that runs */
    int line;                       /* where it stands; 0: not found */
    const struct wg_json *answers;
    uint64_t used; /* bits: answers that were given */
    struct wg_buf facts, outs, detail;
    struct wg_err err; /* of this test */
};

static const struct wg_str nothing = {NULL, 0};

static int failed(struct run *t, const char *what, struct wg_str more)
{
    struct wg_str name = wg_json_str(t->test, "name");
    wg_buf_fmt(&t->detail, "    %s%.*s", what, WG_PRI(more));
    return wg_fail(&t->err, WG_ERULE, "%s:%d: \"%.*s\": %s%.*s", t->file, t->line, WG_PRI(name),
                   what, WG_PRI(more));
}

/* ---- the world of a test: its answers, each once, in their order; then the calendar ---- */

static int real_deadline(const struct run *t, const struct wg_json *args, struct wg_buf *answer,
                         struct wg_err *err)
{
    const struct wg_json *from = args->child;
    struct wg_limit limit = {.n_milli = from->next->num};
    int64_t due;
    int rc = wg_unit_parse(from->next->next->str, &limit.unit);
    if (rc == WG_OK)
        rc = wg_worktime_due(t->hours, from->num, limit, &due);
    if (rc < 0)
        return wg_fail(err, rc, "the calendar has no answer to this");
    wg_buf_int(answer, due);
    return WG_OK;
}

/* A moment may be written as a text. */
static void write_answer(const char *what, const struct wg_json *value, struct wg_buf *answer)
{
    int64_t ms;
    if (value && value->type == WG_JSTR && strcmp(what, "deadline") == 0 &&
        wg_time_parse(value->str, &ms) == WG_OK)
        wg_buf_int(answer, ms);
    else
        wg_json_write(value, answer); /* none there: null */
}

static int answer_once(void *self, const char *what, const struct wg_json *args,
                       struct wg_buf *answer, struct wg_err *err)
{
    struct run *t = self;
    unsigned i = 0;
    for (const struct wg_json *e = t->answers ? t->answers->child : NULL; e && i < 64;
         e = e->next, i++) {
        if (t->used >> i & 1 || e->type != WG_JARR || !e->child || !wg_str_is(e->child->str, what))
            continue;
        t->used |= UINT64_C(1) << i;
        write_answer(what, e->child->next, answer);
        return WG_OK;
    }
    if (strcmp(what, "deadline") == 0 && t->hours)
        return real_deadline(t, args, answer, err);
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

/* Milliseconds, or RFC 3339. */
static int64_t moment(const struct wg_json *j, const char *key, int64_t otherwise)
{
    int64_t ms;
    return wg_time_parse(wg_json_str(j, key), &ms) == WG_OK ? ms : wg_json_int(j, key, otherwise);
}

static int read_case(struct run *t, const struct wg_json *j, struct wg_case *c)
{
    static const char *const known[] = {
        "id",    "kind",     "category", "state",   "source",        "condition", "unit",
        "part",  "grid",     "reporter", "rework",  "deferrals",     "opened",    "filed",
        "due",   "lon_e7",   "lat_e7",   "version", "proposed_unit", "level",     "send_backs",
        "urges", "stage_due"};
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
    c->opened = moment(j, "opened", 0);
    c->filed = moment(j, "filed", 0);
    c->due = moment(j, "due", 0);
    c->stage_due = moment(j, "stage_due", 0);
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
        return failed(t, "row.limit: is {number, \"unit\"}", nothing);
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

/* ---- judging ---- */

static int parse_list(struct run *t, const struct wg_buf *items, struct wg_json **out)
{
    struct wg_str text = wg_arena_fmt(t->a, "[%.*s]", (int)items->n, items->p ? items->p : "");
    return text.p ? wg_json_parse(t->a, text, out, &t->err)
                  : wg_fail(&t->err, WG_ENOMEM, "no memory for a test");
}

static struct wg_str shown(struct run *t, const struct wg_json *j)
{
    struct wg_buf text = WG_BUF_INIT;
    if (j)
        rules_show(j, &text);
    else
        wg_buf_lit(&text, "[]");
    struct wg_str out = wg_arena_str(t->a, wg_buf_str(&text));
    wg_buf_free(&text);
    return out;
}

static int differs(struct run *t, const char *field, const struct wg_json *want,
                   const struct wg_json *got)
{
    struct wg_str wanted = shown(t, want), came = shown(t, got);
    int rc = failed(t, field, wg_arena_fmt(t->a, " is not what came: %.*s", WG_PRI(came)));
    wg_buf_clear(&t->detail);
    wg_buf_fmt(&t->detail, "    %s: %.*s\n    came: %.*s", field, WG_PRI(wanted), WG_PRI(came));
    return rc;
}

/* A fact is [what, args, answer]; asked leaves the answer out. */
static bool asked_so(const struct wg_json *asked, const struct wg_json *facts)
{
    const struct wg_json *g = facts->child;
    bool same = asked->count == facts->count;
    for (const struct wg_json *w = asked->child; same && w; w = w->next, g = g->next)
        same = w->type == WG_JARR && w->count == 2 && rules_wanted(w->child, g->child) &&
               rules_wanted(w->child->next, g->child->next);
    return same;
}

static int judge(struct run *t, int rc, const struct wg_err *said)
{
    struct wg_str refuse = wg_json_str(t->test, "refuse"), fails = wg_json_str(t->test, "fails");
    const struct wg_json *asked = wg_json_get(t->test, "asked"), *has = wg_json_get(t->test, "has"),
                         *want = wg_json_get(t->test, "want");
    struct wg_json *got = NULL;
    uint32_t answers = t->answers ? t->answers->count : 0;
    if (refuse.p || fails.p) {
        int wanted = refuse.p ? WG_EDENIED : WG_ERULE;
        if (rc != wanted || !strstr(said->text, refuse.p ? refuse.p : fails.p))
            return failed(t, rc == WG_OK ? "was decided" : "said otherwise: ",
                          wg_str_of(rc ? said->text : ""));
        return WG_OK;
    }
    if (rc < 0)
        return failed(t, rc == WG_EDENIED ? "refused: " : "", wg_str_of(said->text));
    if (answers > 64 || (answers && t->used != UINT64_MAX >> (64 - answers)))
        return failed(t, "has an answer that no rule asked for", nothing);
    if (asked && (rc = parse_list(t, &t->facts, &got)) < 0)
        return rc;
    if (asked && !asked_so(asked, got))
        return differs(t, "asked", asked, got);
    if ((rc = parse_list(t, &t->outs, &got)) < 0)
        return rc;
    if (has ? rules_wanted_list(has, got, true) : rules_wanted_list(want, got, false))
        return WG_OK;
    return differs(t, has ? "has" : "want", has ? has : want, got);
}

static int check_fields(struct run *t)
{
    static const char *const known[] = {"name",   "on",    "now",     "by",      "role",  "unit",
                                        "case",   "body",  "row",     "answers", "asked", "want",
                                        "refuse", "fails", "request", "has"};
    for (const struct wg_json *m = t->test->child; m; m = m->next) {
        size_t k = 0;
        while (k < sizeof(known) / sizeof(known[0]) && !wg_str_is(m->key, known[k]))
            k++;
        if (k == sizeof(known) / sizeof(known[0]))
            return failed(t, "a test has no field ", m->key);
    }
    if (!wg_json_str(t->test, "name").n)
        return failed(t, "a test needs a name", nothing);
    if (!wg_json_str(t->test, "on").p)
        return failed(t, "on: which event?", nothing);
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
    rules_cover_action(t->sum->cover, wg_json_str(t->test, "on"));
    if (strcmp(d.event, "file") == 0 && d.row)
        rules_cover_row(t->sum->cover, d.class_, d.row);
    return judge(t, rc, &said);
}

/* ---- the files ---- */

/* {"tests", "hours"} in r->scratch; the level's handlers become those in force. */
static int load_tests(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    rules_run_file(L, r->test_file);
    if (lua_type(L, -1) != LUA_TTABLE)
        return luaL_error(L, "%s:1: must return a list of tests", r->test_file.p);
    wg_buf_clear(&r->scratch);
    wg_buf_lit(&r->scratch, "{\"tests\":");
    rules_write_json(L, -1, &r->scratch);
    rules_push_ref(L, REF_LEVELS);
    lua_pushlstring(L, r->test_level.p, r->test_level.n);
    if (lua_gettable(L, -2) != LUA_TTABLE)
        return luaL_error(L, "%s:1: no rules of this folder are in use", r->test_file.p);
    rules_set_ref(L, REF_ON);
    rules_push_ref(L, REF_HOURS);
    lua_pushlstring(L, r->test_level.p, r->test_level.n);
    lua_gettable(L, -2);
    wg_buf_lit(&r->scratch, ",\"hours\":");
    rules_write_json(L, -1, &r->scratch);
    wg_buf_char(&r->scratch, '}');
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

/* The test's name, as it is written in its file. */
static int line_of(const struct run *t)
{
    static const char quotes[] = "\"'";
    struct wg_str name = wg_json_str(t->test, "name"), text;
    const char *at = NULL;
    if (!name.n || !rules_bundle_find(t->r->bundle, wg_str_of(t->file), &text))
        return 0;
    for (size_t i = 0; !at && quotes[i]; i++) {
        struct wg_str said = wg_arena_fmt(t->a, "%c%.*s%c", quotes[i], WG_PRI(name), quotes[i]);
        at = said.p ? memmem(text.p, text.n, said.p, said.n) : NULL;
    }
    return at ? rules_line_of(text, at) : 0;
}

/* What happened, line by line; the first failure is the run's. */
static void tell(struct run *t, int rc, struct wg_err *err)
{
    char line[512], *rest = NULL;
    struct wg_str name = wg_json_str(t->test, "name");
    t->sum->ran++;
    if (rc < 0 && t->sum->failed++ == 0)
        *err = t->err;
    if (!t->opts->say)
        return;
    snprintf(line, sizeof(line), "%s %s:%d: %.*s", rc < 0 ? "FAILED" : "ok", t->file, t->line,
             WG_PRI(name));
    t->opts->say(t->opts->arg, line);
    wg_buf_char(&t->detail, '\0');
    for (char *at = rc < 0 && wg_buf_ok(&t->detail) ? strtok_r(t->detail.p, "\n", &rest) : NULL; at;
         at = strtok_r(NULL, "\n", &rest))
        t->opts->say(t->opts->arg, at);
}

static int load_file(struct run *t, const struct wg_json **tests)
{
    struct wg_json *tree;
    t->test = NULL;
    t->line = 1;
    int rc = protect_loading(t->r, load_tests, &t->err);
    if (rc == WG_OK)
        rc = wg_json_parse(t->a, wg_buf_str(&t->r->scratch), &tree, &t->err);
    wg_worktime_free(t->hours);
    t->hours = NULL;
    if (rc == WG_OK)
        rc = wg_worktime_new(wg_json_get(tree, "hours"), t->national, &t->hours, &t->err);
    if (rc == WG_OK)
        *tests = wg_json_get(tree, "tests");
    else
        wg_buf_fmt(&t->detail, "    %s", t->err.text);
    return rc;
}

static void run_file(struct run *t, struct wg_err *err)
{
    const struct wg_json *tests = NULL;
    wg_buf_clear(&t->detail);
    if (load_file(t, &tests) < 0)
        tell(t, t->err.code, err);
    for (const struct wg_json *test = tests ? tests->child : NULL; test; test = test->next) {
        t->test = test;
        t->line = line_of(t);
        wg_buf_clear(&t->detail);
        tell(t, run_one(t), err);
    }
}

static void run_levels(struct run *t, struct wg_err *err)
{
    static const char *const leaf[] = {"tests.lua", "generated_tests.lua"};
    struct wg_str level[3] = {WG_S("std"), wg_bundle_city(t->r->bundle),
                              wg_bundle_area(t->r->bundle)},
                  text;
    int levels = wg_str_eq(level[1], level[2]) ? 2 : 3;
    for (int i = 0; i < 2 * levels; i++) {
        snprintf(t->file, sizeof(t->file), "%.*s/%s", WG_PRI(level[i / 2]), leaf[i % 2]);
        if (!rules_bundle_find(t->r->bundle, wg_str_of(t->file), &text))
            continue;
        t->r->test_file = wg_str_of(t->file);
        t->r->test_level = level[i / 2];
        run_file(t, err);
    }
}

int wg_rules_test(struct wg_rules *r, const struct wg_test_opts *opts, struct wg_test_sum *sum,
                  struct wg_err *err)
{
    static const struct wg_test_opts none = {0};
    struct run t = {.r = r,
                    .opts = opts ? opts : &none,
                    .sum = sum,
                    .facts = WG_BUF_INIT,
                    .outs = WG_BUF_INIT,
                    .detail = WG_BUF_INIT,
                    .a = wg_arena_new(0)};
    struct wg_json *national = NULL;
    *sum = (struct wg_test_sum){0};
    int rc = t.a ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for tests");
    if (rc == WG_OK && t.opts->calendar)
        rc = wg_json_parse(t.a, wg_str_of(t.opts->calendar), &national, err);
    if (rc == WG_OK && t.opts->cover && (rc = rules_cover_new(r, &sum->cover)) < 0)
        wg_fail(err, rc, "no memory to count what tests cover");
    if (rc == WG_OK) {
        t.national = national;
        rules_count_lines(r, sum->cover);
        run_levels(&t, err);
        rules_count_lines(r, NULL);
        rc = protect_loading(r, restore_level, err);
    }
    wg_worktime_free(t.hours);
    wg_buf_free(&t.facts);
    wg_buf_free(&t.outs);
    wg_buf_free(&t.detail);
    wg_arena_free(t.a);
    return rc < 0 ? rc : sum->failed ? WG_ERULE : WG_OK;
}
