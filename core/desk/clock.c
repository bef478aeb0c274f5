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

/* As much after `to` as due is after `from`. */
static int move(struct deciding *dc, int64_t from, int64_t to, int64_t *due)
{
    return ask_moment(dc, "shift",
                      wg_arena_fmt(dc->a, "[%lld,%lld,%lld,\"%s\"]", (long long)*due,
                                   (long long)from, (long long)to, wg_unit_name(dc->c.limit.unit)),
                      due);
}

int clock_shift(struct deciding *dc, int64_t from, int64_t to, int64_t *due)
{
    return *due <= from || to <= from ? WG_OK : move(dc, from, to, due);
}

int clock_relimit(struct deciding *dc, struct wg_limit limit)
{
    const struct wg_case *c = &dc->c;
    int64_t right, wrong;
    int rc = clock_deadline(dc, c->clock_from, limit, &right);
    if (rc == WG_OK)
        rc = clock_deadline(dc, c->clock_from, c->limit, &wrong);
    if (rc < 0)
        return rc;
    dc->due = c->due > wrong ? c->due : right;
    return c->due > wrong ? move(dc, wrong, right, &dc->due) : WG_OK;
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

/* warn [from, now, due, n_milli, unit, milli]: when so many thousandths of the limit are left. What
 * it measures is the limit as it was given, so that no stop lengthens it. */
static int answer_warn(const struct wg_worktime *wt, const struct wg_json *args, int64_t *out)
{
    struct wg_limit limit;
    const struct wg_json *from = args->child, *now, *due, *n, *name;
    int64_t whole_due;
    if (args->count != 6)
        return WG_EINVAL;
    now = from->next;
    due = now->next;
    n = due->next;
    name = n->next;
    limit.n_milli = n->num;
    if (wg_unit_parse(name->str, &limit.unit) < 0 ||
        wg_worktime_due(wt, from->num, limit, &whole_due) < 0)
        return WG_EINVAL;
    int64_t whole = wg_limit_between(wt, from->num, whole_due, limit.unit),
            left = wg_limit_between(wt, now->num, due->num, limit.unit),
            keep = whole / 1000 * name->next->num + whole % 1000 * name->next->num / 1000;
    *out = now->num;
    return left > keep ? later(wt, now->num, left - keep, limit.unit, out) : WG_OK;
}

int clock_relimited(const struct wg_worktime *wt, const struct wg_case *c, struct wg_limit limit,
                    int64_t *due)
{
    int64_t right, wrong;
    int rc = wg_worktime_due(wt, c->clock_from, limit, &right);
    if (rc == WG_OK)
        rc = wg_worktime_due(wt, c->clock_from, c->limit, &wrong);
    if (rc < 0)
        return rc;
    *due = right;
    return c->due > wrong ? later(wt, right, wg_limit_between(wt, wrong, c->due, c->limit.unit),
                                  c->limit.unit, due)
                          : WG_OK;
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

bool clock_never_stopped(const struct deciding *dc)
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
    if (!c->due || !c->stopped || !wg_clock_runs(dc->to) || clock_never_stopped(dc))
        return WG_OK;
    anew = begins_anew(dc);
    rc = anew ? clock_deadline(dc, dc->t, c->limit, &dc->due)
              : clock_shift(dc, c->stopped, dc->t, &dc->due);
    if (rc < 0 || (dc->due == c->due && !anew)) /* anew in a break: due as before, but begun now */
        return rc;
    out_begin(dc, "set");
    wg_json_kint(&dc->outs, "due", dc->due);
    if (anew)
        wg_json_kint(&dc->outs, "clock_from", dc->t);
    out_why(dc, anew ? WG_S("时限自即刻起重新计算") : WG_S("停表期间不计，时限顺延"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}

int clock_warn(struct deciding *dc, int64_t from, struct wg_limit limit, int64_t *warn)
{
    return ask_moment(dc, "warn",
                      wg_arena_fmt(dc->a, "[%lld,%lld,%lld,%lld,\"%s\",%lld]", (long long)from,
                                   (long long)dc->t, (long long)dc->due, (long long)limit.n_milli,
                                   wg_unit_name(limit.unit),
                                   (long long)dc->pack->clocks.yellow_milli),
                      warn);
}

static int warn_moment(struct deciding *dc, int64_t *warn)
{
    const struct wg_case *c = &dc->c;
    bool first = !c->filed || (c->stopped && begins_anew(dc));
    return clock_warn(dc, first ? dc->t : c->clock_from, dc->row ? dc->row->limit : c->limit, warn);
}

/* A staged limit goes on as the case's clock does: it begins with its part of the work, or with
 * another unit, and is as much longer as the case stood still. */
static int part_moment(struct deciding *dc, const struct wg_segment *seg, int64_t *out)
{
    const struct wg_case *c = &dc->c;
    bool same =
        c->part_due && dc->step->effect != WG_DO_FEED_BACK && !(c->stopped && begins_anew(dc));
    *out = c->part_due;
    if (!same)
        return clock_deadline(dc, dc->t, seg->limit, out);
    return c->stopped && !clock_never_stopped(dc) ? clock_shift(dc, c->stopped, dc->t, out) : WG_OK;
}

/* The stage that begins with this state; a unit's is the case's own, or its part of it. A step that
 * is taken back has not begun one. */
static int stage_moment(struct deciding *dc, int64_t *out)
{
    const struct wg_clocks *k = &dc->pack->clocks;
    enum wg_unit unit = dc->row ? dc->row->limit.unit : dc->c.limit.unit;
    bool urgent = (dc->row || dc->c.filed) && unit <= WG_EMERGENCY_DAY;
    if (dc->to == WG_DISPATCHED || dc->to == WG_DISPOSING) {
        const struct wg_segment *seg = act_segment(dc);
        *out = dc->due;
        return seg ? part_moment(dc, seg, out) : WG_OK;
    }
    struct wg_limit limit = urgent ? k->urgent[dc->to] : k->stage[dc->to];
    *out = dc->step->effect == WG_DO_WITHDRAW ? dc->c.left_due : 0;
    return limit.n_milli && !*out ? clock_deadline(dc, dc->t, limit, out) : WG_OK;
}

/* The unit's stage is the case's own, which the fold knows; and a step's reason is its row. */
int clock_after(struct deciding *dc)
{
    int64_t stage = 0, warn = 0;
    bool moves = dc->to != dc->c.state || dc->step->effect == WG_DO_FEED_BACK;
    bool of_unit = dc->to == WG_DISPATCHED || dc->to == WG_DISPOSING;
    bool new_due = dc->due != dc->c.due && dc->due > dc->t;
    int rc = WG_OK;
    if (moves && !dc->stage_ruled)
        rc = stage_moment(dc, &stage);
    bool part = of_unit && act_segment(dc);
    if (of_unit && !part && stage == dc->due)
        stage = 0;
    if (rc == WG_OK && new_due)
        rc = warn_moment(dc, &warn);
    if (rc < 0 || (!stage && !warn))
        return rc;
    out_begin(dc, "set");
    if (stage)
        wg_json_kint(&dc->outs, "stage_due", stage);
    if (stage && part)
        wg_json_kint(&dc->outs, "part_due", stage);
    if (warn)
        wg_json_kint(&dc->outs, "warn", warn);
    if (!dc->known)
        out_why(dc, WG_S("本环节时限，按市县时限表"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}
