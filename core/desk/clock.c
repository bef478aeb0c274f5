/* The clocks of a case. The case clock runs from filing while a unit has something to do; a return,
 * a dispute, a suspension and the way from feedback to a failed check stop it once somebody
 * approved them: then the due moment moves by as much working time as was left out. The stage's
 * clock begins with each state. No page and no body sets a moment: limits and acts do. */
#include "inside.h"

static bool working(enum wg_unit unit)
{
    return unit == WG_WORK_HOUR || unit == WG_WORK_DAY;
}

static int ask_moment(struct deciding *dc, const char *what, struct wg_str args, int64_t *out)
{
    const struct wg_json *answer;
    int rc = ask(dc, what, args, &answer);
    if (rc == WG_OK && answer->type != WG_JINT)
        rc = REFUSE(dc, WG_ERANGE, "", "%s: no such moment", what);
    if (rc == WG_OK)
        *out = answer->num;
    return rc;
}

int clock_deadline(struct deciding *dc, int64_t from, struct wg_limit limit, int64_t *out)
{
    return ask_moment(dc, "deadline",
                      wg_arena_fmt(dc->a, "[%lld,%lld,\"%s\"]", (long long)from,
                                   (long long)limit.n_milli, wg_unit_name(limit.unit)),
                      out);
}

int clock_shift(struct deciding *dc, int64_t from, int64_t to, int64_t *due)
{
    if (*due <= from || to <= from)
        return WG_OK;
    return ask_moment(dc, "shift",
                      wg_arena_fmt(dc->a, "[%lld,%lld,%lld,\"%s\"]", (long long)*due,
                                   (long long)from, (long long)to, wg_unit_name(dc->c.limit.unit)),
                      due);
}

static int later(const struct wg_worktime *wt, int64_t from, int64_t ms, enum wg_unit unit,
                 int64_t *out)
{
    *out = from + ms;
    return working(unit) ? wg_worktime_add(wt, from, ms, out) : WG_OK;
}

/* shift [due, from, to, unit]: what was left at `from` is left at `to`. */
static int answer_shift(const struct wg_worktime *wt, const struct wg_json *args, int64_t *out)
{
    enum wg_unit unit;
    const struct wg_json *from, *to;
    if (args->count != 4 || wg_unit_parse(args->child->next->next->next->str, &unit) < 0)
        return WG_EINVAL;
    from = args->child->next;
    to = from->next;
    return later(wt, to->num, wg_limit_between(wt, from->num, args->child->num, unit), unit, out);
}

/* warn [from, now, due, unit, milli]: when so many thousandths of the whole are left. */
static int answer_warn(const struct wg_worktime *wt, const struct wg_json *args, int64_t *out)
{
    enum wg_unit unit;
    const struct wg_json *from = args->child, *now, *due, *name;
    if (args->count != 5)
        return WG_EINVAL;
    now = from->next;
    due = now->next;
    name = due->next;
    if (wg_unit_parse(name->str, &unit) < 0)
        return WG_EINVAL;
    int64_t whole = wg_limit_between(wt, from->num, due->num, unit),
            left = wg_limit_between(wt, now->num, due->num, unit),
            keep = whole / 1000 * name->next->num + whole % 1000 * name->next->num / 1000;
    *out = now->num;
    return left > keep ? later(wt, now->num, left - keep, unit, out) : WG_OK;
}

int clock_answer(const struct wg_worktime *wt, const char *what, const struct wg_json *args,
                 struct wg_buf *out, struct wg_err *err)
{
    int64_t moment = 0;
    int rc = strcmp(what, "shift") == 0 ? answer_shift(wt, args, &moment)
                                        : answer_warn(wt, args, &moment);
    if (rc < 0)
        return wg_fail(err, rc, "%s: %s", what, wg_strerror(rc));
    wg_buf_int(out, moment);
    return WG_OK;
}

/* Was what stopped the clock not approved? Then it never stopped. */
static bool never_stopped(const struct deciding *dc)
{
    return dc->step->effect == WG_DO_WITHDRAW || wg_str_is(dc->step->action, "refuse_send_back");
}

/* Another unit gets the case, or it comes back after its end: the whole limit again. */
static bool begins_anew(const struct deciding *dc)
{
    struct wg_str unit = wg_json_str(dc->cmd->in, "unit");
    const struct wg_case *c = &dc->c;
    if (dc->step->effect == WG_DO_CALLBACK ||
        (dc->step->effect == WG_DO_CHECK && dc->pack->clocks.rework_anew))
        return true;
    return (c->state == WG_RETURNED || c->state == WG_DISPUTED) && dc->to == WG_DISPATCHED &&
           unit.n && !wg_str_eq(unit, c->unit);
}

int clock_outcome(struct deciding *dc)
{
    const struct wg_case *c = &dc->c;
    int rc = WG_OK;
    bool anew;
    dc->due = c->due;
    if (!c->due || !c->stopped || !wg_clock_runs(dc->to) || never_stopped(dc))
        return WG_OK;
    anew = begins_anew(dc);
    rc = anew ? clock_deadline(dc, dc->t, c->limit, &dc->due)
              : clock_shift(dc, c->stopped, dc->t, &dc->due);
    if (rc < 0 || dc->due == c->due)
        return rc;
    out_begin(dc, "set");
    wg_json_kint(&dc->outs, "due", dc->due);
    if (anew)
        wg_json_kint(&dc->outs, "clock_from", dc->t);
    out_why(dc, anew ? WG_S("时限自即刻起重新计算") : WG_S("停表期间不计，时限顺延"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}

static int warn_moment(struct deciding *dc, int64_t *warn)
{
    const struct wg_case *c = &dc->c;
    struct wg_limit limit = dc->row ? dc->row->limit : c->limit;
    int64_t from = c->filed && dc->due != c->due && !dc->row ? c->clock_from : dc->t;
    if (begins_anew(dc))
        from = dc->t;
    return ask_moment(dc, "warn",
                      wg_arena_fmt(dc->a, "[%lld,%lld,%lld,\"%s\",%lld]", (long long)from,
                                   (long long)dc->t, (long long)dc->due, wg_unit_name(limit.unit),
                                   (long long)dc->pack->clocks.yellow_milli),
                      warn);
}

/* The stage that begins with this state; a unit's is the case's own, or its part of it. */
static int stage_moment(struct deciding *dc, int64_t *out)
{
    const struct wg_clocks *k = &dc->pack->clocks;
    enum wg_unit unit = dc->row ? dc->row->limit.unit : dc->c.limit.unit;
    bool urgent = (dc->row || dc->c.filed) && unit <= WG_EMERGENCY_DAY;
    if (dc->to == WG_DISPATCHED || dc->to == WG_DISPOSING) {
        const struct wg_segment *seg = act_segment(dc);
        bool same = dc->c.state == WG_DISPATCHED && dc->to == WG_DISPOSING;
        *out = seg && same ? dc->c.stage_due : dc->due;
        if (seg && same) /* signing for it gives no time */
            return WG_OK;
        return seg ? clock_deadline(dc, dc->t, seg->limit, out) : WG_OK;
    }
    struct wg_limit limit = urgent ? k->urgent[dc->to] : k->stage[dc->to];
    *out = 0;
    return limit.n_milli ? clock_deadline(dc, dc->t, limit, out) : WG_OK;
}

int clock_after(struct deciding *dc)
{
    int64_t stage = 0, warn = 0;
    bool moves = dc->to != dc->c.state || dc->step->effect == WG_DO_FEED_BACK;
    bool new_due = dc->due != dc->c.due && dc->due > dc->t;
    int rc = WG_OK;
    if (moves && !dc->stage_ruled)
        rc = stage_moment(dc, &stage);
    else if (new_due && dc->c.stage_due == dc->c.due)
        stage = dc->due; /* of a unit that was granted more time */
    if (rc == WG_OK && new_due)
        rc = warn_moment(dc, &warn);
    if (rc < 0 || (!stage && !warn))
        return rc;
    out_begin(dc, "set");
    if (stage)
        wg_json_kint(&dc->outs, "stage_due", stage);
    if (warn)
        wg_json_kint(&dc->outs, "warn", warn);
    out_why(dc, stage ? WG_S("本环节时限，按市县时限表") : WG_S("黄灯时刻，按市县时限表"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}
