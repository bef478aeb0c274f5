/* What became of a case's time: its stays in each state, and which of them the limit ran through.
 * Made from the entries alone, as the fold is. */
#include "case/case.h"

static struct wg_stay *last_stay(struct wg_ledger *l)
{
    return l->count ? &l->stay[l->count - 1] : NULL;
}

static struct wg_stay *new_stay(struct wg_ledger *l)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 32;
        struct wg_stay *more = wg_arena_alloc(l->a, cap * sizeof(*more));
        if (!more)
            return NULL;
        if (l->count)
            memcpy(more, l->stay, l->count * sizeof(*more));
        l->stay = more;
        l->cap = cap;
    }
    return &l->stay[l->count++];
}

/* Nobody approved what stopped the clock: it had never stopped. */
static void take_back(struct wg_ledger *l)
{
    for (size_t i = l->stopped_at; i + 1 < l->count; i++)
        l->stay[i].runs = true;
}

int wg_ledger_step(struct wg_ledger *l, const struct wg_entry *e)
{
    struct wg_case was = l->c;
    int rc = WG_OK;
    bool ran = false;
    const struct wg_json *out = e->of == l->id ? e->out->child : NULL;
    for (const struct wg_json *o = e->out->child; !out && o; o = o->next) {
        uint64_t id;
        if (wg_str_is(wg_json_str(o, "k"), "also") &&
            wg_case_id_parse(wg_json_str(o, "of"), &id) == WG_OK && id == l->id)
            out = wg_json_get(o, "out")->child;
    }
    for (const struct wg_json *o = out; rc == WG_OK && o; o = o->next) {
        ran |= wg_json_bool(o, "ran", false);
        rc = wg_case_fold(&l->c, e, o, l->a);
    }
    if (rc < 0)
        return rc;
    struct wg_stay *now = last_stay(l);
    if (!now || l->c.state != was.state || !wg_str_eq(l->c.unit, was.unit)) {
        if (now)
            now->to = e->t;
        if (!(now = new_stay(l)))
            return WG_ENOMEM;
        *now = (struct wg_stay){.from = e->t, .to = e->t, .state = l->c.state, .unit = l->c.unit};
    }
    now->runs = l->c.due && !l->c.stopped && wg_clock_runs(l->c.state);
    now->due = l->c.stage_due;
    if (l->c.stopped && !was.stopped)
        l->stopped_at = l->count - 1;
    if (ran && was.stopped && !l->c.stopped)
        take_back(l);
    if (l->c.clock_from != was.clock_from)
        l->clock_at = l->count - 1;
    return WG_OK;
}

void wg_ledger_end(struct wg_ledger *l, int64_t now_ms)
{
    struct wg_stay *s = last_stay(l);
    if (s)
        s->to = wg_state_open(l->c.state) && now_ms > s->from ? now_ms : s->from;
}

int64_t wg_limit_between(const struct wg_worktime *wt, int64_t from, int64_t to, enum wg_unit unit)
{
    if (unit == WG_WORK_HOUR || unit == WG_WORK_DAY)
        return wg_worktime_between(wt, from, to);
    return to > from ? to - from : 0;
}

int64_t wg_ledger_used(const struct wg_ledger *l, const struct wg_worktime *wt)
{
    int64_t used = l->c.used;
    for (size_t i = l->clock_at; i < l->count; i++)
        if (l->stay[i].runs)
            used += wg_limit_between(wt, l->stay[i].from, l->stay[i].to, l->c.limit.unit);
    return used;
}

int64_t wg_ledger_left(const struct wg_ledger *l, const struct wg_worktime *wt, int64_t now_ms)
{
    int64_t at = l->c.stopped ? l->c.stopped : l->c.closed ? l->c.closed : now_ms;
    return l->c.due ? wg_limit_between(wt, at, l->c.due, l->c.limit.unit) : 0;
}
