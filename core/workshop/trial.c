/* A draft's way to a release, as far as it can be gone without people: each step looks, and says
 * what it found. */
#include "workshop/workshop.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[WG_TRIAL_STEPS] = {"shape", "lint",     "tests",
                                                  "guard", "complete", "backtest"};

const char *wg_trial_name(int step)
{
    return step >= 0 && step < WG_TRIAL_STEPS ? names[step] : "?";
}

/* "341824/rules.lua:12: reason": as a finding with its place. */
static void find_error(struct wg_findings *f, const char *check, const char *text)
{
    struct wg_finding one = {.severity = WG_FAULT, .check = check, .text = text};
    const char *lua = strstr(text, ".lua:");
    if (lua) {
        const char *p = lua + 5;
        one.file = (struct wg_str){text, (size_t)(lua + 4 - text)};
        for (; *p >= '0' && *p <= '9' && one.line < 1000000; p++)
            one.line = 10 * one.line + (*p - '0');
        one.text = p + (*p == ':') + (p[0] == ':' && p[1] == ' ');
    }
    wg_find(f, &one);
}

static int try_shape(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    struct wg_bundle *base = NULL;
    struct wg_err why = {0};
    int rc = wg_bundle_base(t->bundle, &base, err);
    if (rc < 0)
        return rc;
    if (wg_rules_new(base, NULL, t->plugins, &t->city, &why) < 0 ||
        wg_rules_new(t->bundle, NULL, t->plugins, &t->rules, &why) < 0)
        find_error(&r->findings, "shape", why.text);
    wg_bundle_drop(base);
    return WG_OK;
}

static int try_lint(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    return wg_lint(t->rules, t->bundle, wg_rules_pack(t->city), t->now_ms, &r->findings, err);
}

int wg_rules_with_generated(struct wg_rules *rules, const struct wg_pack *city_pack,
                            const struct wg_plugin *const *plugins, const char *calendar,
                            struct wg_rules **out, struct wg_err *err)
{
    struct wg_bundle *from = wg_rules_bundle(rules);
    struct wg_str area = wg_bundle_area(from), text, name;
    struct wg_gen_opts opts = {.base = city_pack, .calendar = calendar};
    struct wg_buf lua = WG_BUF_INIT;
    struct wg_bundle *bundle = NULL, *base = NULL;
    size_t n = wg_bundle_files(from), own = 0, tests;
    struct wg_bundle_file *file = calloc(n + 1, sizeof(*file));
    struct wg_arena *a = wg_arena_new(0);
    int rc = file && a ? wg_gen_tests(rules, &opts, &lua, &tests, err)
                       : wg_fail(err, WG_ENOMEM, "out of memory");
    bool has = false;
    for (size_t i = 0; rc == WG_OK && i < n; i++) {
        wg_bundle_file(from, i, &name, &text);
        bool mine = name.n > area.n && memcmp(name.p, area.p, area.n) == 0;
        has |= mine &&
               wg_str_is((struct wg_str){name.p + area.n, name.n - area.n}, "/generated_tests.lua");
        if (mine)
            file[own++] = (struct wg_bundle_file){name, text};
    }
    if (rc == WG_OK && !has)
        file[own++] = (struct wg_bundle_file){
            wg_arena_fmt(a, "%.*s/generated_tests.lua", WG_PRI(area)), wg_buf_str(&lua)};
    if (rc == WG_OK && (rc = wg_bundle_base(from, &base, err)) == WG_OK &&
        (rc = wg_bundle_over(base, wg_bundle_city(from).p, area.p, file, own, &bundle, err)) ==
            WG_OK)
        rc = wg_rules_new(bundle, NULL, plugins, out, err);
    wg_bundle_drop(base);
    wg_bundle_drop(bundle);
    wg_buf_free(&lua);
    wg_arena_free(a);
    free(file);
    return rc;
}

struct telling {
    struct wg_findings *f;
    struct wg_buf text; /* of the test that failed last, with the lines below it */
};

static void tell_end(struct telling *t)
{
    if (t->text.n && wg_buf_ok(&t->text)) {
        wg_buf_char(&t->text, '\0');
        find_error(t->f, "test", t->text.p);
    }
    wg_buf_clear(&t->text);
}

/* "FAILED 341824/tests.lua:12: name", then what was wanted and what came: one finding. */
static void tell_test(void *arg, const char *line)
{
    struct telling *t = arg;
    bool failed = strncmp(line, "FAILED ", 7) == 0;
    if (failed || strncmp(line, "ok ", 3) == 0)
        tell_end(t);
    if (failed)
        wg_buf_str_add(&t->text, wg_str_of(line + 7));
    else if (t->text.n) {
        wg_buf_lit(&t->text, "；");
        while (*line == ' ')
            line++;
        wg_buf_str_add(&t->text, wg_str_of(line));
    }
}

static int try_tests(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    struct telling telling = {.f = &r->findings, .text = WG_BUF_INIT};
    struct wg_test_opts opts = {
        .calendar = t->calendar, .say = tell_test, .arg = &telling, .cover = true};
    struct wg_test_sum sum = {0};
    struct wg_rules *rules = NULL;
    struct wg_err why = {0};
    int rc = wg_rules_with_generated(t->rules, wg_rules_pack(t->city), t->plugins, t->calendar,
                                     &rules, err);
    if (rc < 0)
        return rc;
    rc = wg_rules_test(rules, &opts, &sum, &why);
    tell_end(&telling);
    wg_buf_free(&telling.text);
    if (rc < 0 && !r->findings.count[WG_FAULT])
        find_error(&r->findings, "test", why.text);
    if (sum.cover && wg_rules_cover_gate(sum.cover, wg_rules_pack(t->city), &why) < 0)
        wg_find(&r->findings, &(struct wg_finding){.severity = t->dev ? WG_DOUBT : WG_FAULT,
                                                   .check = "coverage",
                                                   .text = why.text});
    wg_json_kint(&r->more, "ran", (int64_t)sum.ran);
    wg_json_kint(&r->more, "failed", (int64_t)sum.failed);
    if (sum.cover) {
        wg_json_key(&r->more, "coverage");
        wg_rules_cover_write(sum.cover, wg_rules_pack(t->city), &r->more);
    }
    wg_rules_cover_free(sum.cover);
    wg_rules_free(rules);
    return WG_OK;
}

static int try_guard(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    const struct wg_guard_opts opts = {t->calendar, t->exemptions, t->now_ms};
    if (wg_str_eq(wg_bundle_area(t->bundle), wg_bundle_city(t->bundle)))
        return WG_OK; /* the city's own: it says what the county may not loosen */
    int rc = wg_guard(t->city, t->rules, &opts, &r->findings, err);
    if (t->dev)
        wg_findings_soften(&r->findings, "handler_fails");
    return rc;
}

/* Holes and overlaps that base data leaves under any rules are told; those that the draft makes are
 * its faults. */
static int try_complete(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    const struct wg_pack *pack = wg_rules_pack(t->rules);
    struct wg_complete_sum sum = {0}, before = {0};
    struct wg_findings was = {.items = WG_BUF_INIT};
    int64_t to = t->now_ms + 366 * WG_DAY_MS;
    if (!t->ground || !t->ground->layer[WG_GRIDS]) {
        wg_find(&r->findings, &(struct wg_finding){.severity = WG_REMARK,
                                                   .check = "complete",
                                                   .text = "没有单元网格底图，未查责任全覆盖"});
        return WG_OK;
    }
    int rc = wg_complete(t->ground, pack, t->now_ms, to, NULL, NULL, &r->findings, NULL, &sum, err);
    if (rc == WG_OK && t->in_force)
        rc = wg_complete(t->ground, t->in_force, t->now_ms, to, NULL, NULL, &was, NULL, &before,
                         err);
    wg_findings_free(&was);
    if (rc == WG_OK &&
        (t->dev || (t->in_force && sum.holes <= before.holes && sum.overlaps <= before.overlaps)))
        wg_findings_soften(&r->findings, NULL);
    wg_json_kint(&r->more, "holes", (int64_t)sum.holes);
    wg_json_kint(&r->more, "overlaps", (int64_t)sum.overlaps);
    wg_json_kint(&r->more, "checked", (int64_t)sum.checked);
    return rc;
}

/* Decided again: what was decided in the last month. A draft that fails on what has happened will
 * fail on what is to come; that it decides otherwise is its purpose, and only told. */
static int try_backtest(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    struct wg_backtest *b = NULL;
    struct wg_buf sum = WG_BUF_INIT;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j = NULL;
    int rc = t->desk ? wg_backtest_run(t->desk, t->bundle, t->now_ms - 30 * WG_DAY_MS, INT64_MAX,
                                       NULL, NULL, &b, err)
                     : WG_OK;
    if (rc == WG_OK && b) {
        wg_backtest_sum(b, &sum);
        rc = wg_json_parse(a, wg_arena_str(a, wg_buf_str(&sum)), &j, err);
    }
    const struct wg_json *not_known = wg_json_get(j, "not_known");
    if (rc == WG_ERULE) { /* it failed too often to go on */
        find_error(&r->findings, "backtest", err->text);
        rc = WG_OK;
    }
    if (wg_json_int(not_known, "failed", 0))
        find_error(&r->findings, "backtest", wg_json_str(not_known, "first_failure").p);
    wg_json_key(&r->more, "backtest");
    if (j)
        wg_json_write(j, &r->more);
    else
        wg_buf_lit(&r->more, "null");
    wg_buf_free(&sum);
    wg_arena_free(a);
    wg_backtest_free(b);
    return rc;
}

static int (*const steps[WG_TRIAL_STEPS])(struct wg_trial *t, struct wg_trial_result *r,
                                          struct wg_err *err) = {
    try_shape, try_lint, try_tests, try_guard, try_complete, try_backtest};

int wg_trial_step(struct wg_trial *t, int step, struct wg_err *err)
{
    struct wg_trial_result *r = &t->result[step];
    int64_t began = wg_mono_ms();
    int rc = steps[step](t, r, err);
    if (rc == WG_OK && step == WG_TRY_LINT && t->dev)
        wg_findings_soften(&r->findings, NULL);
    r->ms = wg_mono_ms() - began;
    r->done = rc == WG_OK;
    r->ok = r->done && !r->findings.count[WG_FAULT];
    return rc;
}

void wg_trial_write(const struct wg_trial *t, int step, bool whole, struct wg_buf *out)
{
    const struct wg_trial_result *r = &t->result[step];
    struct wg_buf b = WG_BUF_INIT;
    wg_json_sep(out);
    wg_buf_char(out, '{');
    wg_json_kstr(out, "step", wg_str_of(wg_trial_name(step)));
    wg_json_kbool(out, "ok", r->ok);
    wg_json_kint(out, "ms", r->ms);
    if (r->more.n) {
        wg_buf_char(out, ',');
        wg_buf_str_add(out, wg_buf_str(&r->more));
    }
    if (whole) {
        wg_findings_write(&r->findings, &b);
        wg_buf_char(out, ',');
        wg_buf_add(out, b.p + 1, b.n - 1); /* ends with its brace */
        wg_buf_free(&b);
        return;
    }
    wg_json_kint(out, "faults", (int64_t)r->findings.count[WG_FAULT]);
    wg_json_kint(out, "doubts", (int64_t)r->findings.count[WG_DOUBT]);
    wg_json_kint(out, "remarks", (int64_t)r->findings.count[WG_REMARK]);
    wg_buf_char(out, '}');
}

int wg_trial_fault(const struct wg_trial *t, int step, struct wg_err *err)
{
    struct wg_arena *a = wg_arena_new(0);
    const struct wg_json *list = wg_findings_list(&t->result[step].findings, a),
                         *m = list ? list->child : NULL;
    while (m && !wg_str_is(wg_json_str(m, "severity"), "fault"))
        m = m->next;
    struct wg_str file = wg_json_str(m, "file"), where = wg_json_str(m, "where");
    char place[128] = "";
    if (file.n)
        snprintf(place, sizeof(place), "%.*s:%lld: ", WG_PRI(file),
                 (long long)wg_json_int(m, "line", 0));
    wg_fail(err, WG_ERULE, "%s%.*s%s%.*s", place, WG_PRI(where), where.n ? ": " : "",
            WG_PRI(wg_json_str(m, "text")));
    wg_arena_free(a);
    return WG_ERULE;
}

void wg_trial_done(struct wg_trial *t)
{
    wg_rules_free(t->rules);
    wg_rules_free(t->city);
    t->rules = t->city = NULL;
    for (int i = 0; i < WG_TRIAL_STEPS; i++) {
        wg_findings_free(&t->result[i].findings);
        wg_buf_free(&t->result[i].more);
    }
}
