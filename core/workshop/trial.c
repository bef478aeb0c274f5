/* A draft's way to a release, as far as it can be gone without people: each step looks, and says
 * what it found. */
#include "workshop/workshop.h"

#include <stdio.h>

static const char *const names[WG_TRIAL_STEPS] = {"shape", "tests", "backtest"};

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

static int try_tests(struct wg_trial *t, struct wg_trial_result *r, struct wg_err *err)
{
    struct wg_err why = {0};
    size_t ran = 0;
    (void)err;
    if (wg_rules_test(t->rules, NULL, NULL, &ran, &why) < 0)
        find_error(&r->findings, "test", why.text);
    wg_json_kint(&r->more, "ran", (int64_t)ran);
    return WG_OK;
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
                                          struct wg_err *err) = {try_shape, try_tests,
                                                                 try_backtest};

int wg_trial_step(struct wg_trial *t, int step, struct wg_err *err)
{
    struct wg_trial_result *r = &t->result[step];
    int64_t began = wg_mono_ms();
    int rc = steps[step](t, r, err);
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
