/* A tenant's life 前期 → 建设 → 试运行 → 正式 → 扩面, as a record that remembers each step; and
 * what it means for a report. A county without the record is live. */
#include "inside.h"

static const char *const names[WG_PHASES] = {"prep", "build", "trial", "live", "extended"};

const char *wg_phase_name(int phase)
{
    return phase >= 0 && phase < WG_PHASES ? names[phase] : "live";
}

int wg_phase_parse(struct wg_str s)
{
    for (int i = 0; i < WG_PHASES; i++)
        if (wg_str_is(s, names[i]))
            return i;
    return -1;
}

static int read_now(struct deciding *dc, struct wg_json **out)
{
    struct wg_str json;
    *out = NULL;
    int rc = wg_view_record(dc->d->views, dc->txn, "tenant", WG_S("now"), &json);
    return rc == WG_ENOENT ? WG_OK : rc < 0 ? rc : wg_json_parse(dc->a, json, out, &dc->cmd->err);
}

static bool has_cases(struct deciding *dc)
{
    uint64_t counts[WG_STATES] = {0}, sum = 0;
    wg_view_counts(dc->d->views, dc->txn, counts);
    for (int s = 0; s < WG_STATES; s++)
        sum += counts[s];
    return sum > 0;
}

static int check_step(struct deciding *dc, int from, int to)
{
    if (to < 0)
        return REFUSE(dc, WG_EINVAL, "/phase",
                      "phase is one of prep, build, trial, live, extended");
    if (to == from + 1)
        return WG_OK;
    if (to != WG_PREP)
        return REFUSE(dc, WG_ESTATE, "/phase",
                      "%s is in %s: forward it goes one step at a time%s%s, back only to prep",
                      dc->d->area, names[from], from + 1 < WG_PHASES ? ", to " : "",
                      from + 1 < WG_PHASES ? names[from + 1] : "");
    if (has_cases(dc))
        return REFUSE(dc, WG_ESTATE, "/phase",
                      "%s has cases; back to prep it goes only before there is any", dc->d->area);
    return WG_OK;
}

int decide_tenant(struct deciding *dc)
{
    struct wg_json *now, *want;
    struct wg_buf *b = &dc->outs, step = WG_BUF_INIT;
    int rc;
    if ((rc = read_now(dc, &now)) < 0 ||
        (rc = wg_json_parse(dc->a, dc->cmd->value, &want, &dc->cmd->err)) < 0)
        return rc;
    int from = now ? wg_phase_parse(wg_json_str(now, "phase")) : WG_LIVE,
        to = wg_phase_parse(wg_json_str(want, "phase"));
    if ((rc = check_step(dc, from, to)) < 0)
        return rc;
    wg_buf_char(&step, '{');
    wg_json_kstr(&step, "phase", wg_str_of(names[to]));
    wg_json_kint(&step, "since", dc->t);
    wg_json_kstr(&step, "by", dc->cmd->actor.user);
    wg_json_kstr(&step, "note", wg_json_str(want, "note"));
    wg_buf_char(&step, '}');
    out_begin(dc, "keep");
    wg_json_kstr(b, "kind", WG_S("tenant"));
    wg_json_kstr(b, "id", WG_S("now"));
    wg_json_key(b, "value");
    wg_buf_char(b, '{');
    wg_json_kstr(b, "phase", wg_str_of(names[to]));
    wg_json_kint(b, "since", dc->t);
    wg_json_key(b, "history");
    wg_buf_char(b, '[');
    const struct wg_json *history = wg_json_get(now, "history");
    for (const struct wg_json *h = history ? history->child : NULL; h; h = h->next) {
        wg_json_sep(b);
        wg_json_write(h, b);
    }
    wg_json_sep(b);
    wg_buf_str_add(b, wg_buf_str(&step));
    wg_buf_lit(b, "]}}");
    rc = wg_buf_ok(&step) ? WG_OK : WG_ENOMEM;
    wg_buf_free(&step);
    return rc;
}

/* ---- a report in its phase ---- */

/* A fact, so that replay knows it; a journal of before there were phases has none. */
static int phase_now(struct deciding *dc, int *phase)
{
    const struct wg_json *answer = NULL;
    struct wg_json *now;
    int rc;
    *phase = WG_LIVE;
    if (dc->replay) {
        bool asked = false;
        for (const struct wg_json *f = dc->given ? dc->given->child : NULL; f; f = f->next)
            asked |= f->child && wg_str_is(f->child->str, "tenant");
        if (!asked)
            return WG_OK;
    } else if ((rc = read_now(dc, &now)) < 0 || !now) {
        return rc;
    }
    if ((rc = ask(dc, "tenant", WG_S("[]"), &answer)) < 0)
        return rc;
    *phase = wg_phase_parse(answer->str);
    return WG_OK;
}

int ask_tenant(struct deciding *dc, struct wg_buf *out)
{
    struct wg_json *now;
    int rc = read_now(dc, &now);
    if (rc == WG_OK)
        wg_buf_json(out, now ? wg_json_str(now, "phase") : WG_S("live"));
    return rc;
}

int report_phase(struct deciding *dc, struct wg_case *c)
{
    const struct wg_json *drill = wg_json_get(dc->cmd->in, "drill");
    int phase, rc = phase_now(dc, &phase);
    if (rc < 0)
        return rc;
    if (drill && drill->type != WG_JBOOL)
        return REFUSE(dc, WG_EINVAL, "/drill", "must be true or false");
    bool is_drill = drill && drill->num;
    if (is_drill && phase >= WG_LIVE)
        return REFUSE(dc, WG_EINVAL, "/drill", "%s is in %s; drills end with the trial",
                      dc->d->area, wg_phase_name(phase));
    if (!is_drill && phase < WG_TRIAL_RUN)
        return REFUSE(dc, WG_EDENIED, "",
                      "%s is in %s: it takes no live reports yet; a drill says \"drill\": true",
                      dc->d->area, wg_phase_name(phase));
    if (is_drill)
        c->flags |= WG_DRILL;
    else if (phase == WG_TRIAL_RUN)
        c->flags |= WG_TRIAL;
    return WG_OK;
}
