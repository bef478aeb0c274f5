/* Limits in different units say nothing beside each other: only where they are up. So they are
 * tried at every edge of every day of two years, by the county's calendar. */
#include "workshop/guard.h"

#include <stdio.h>

#define DAYS_BEFORE 366 /* the last year: its holidays are known */
#define DAYS_IN_ALL 732
#define EDGES 20 /* moments of one day, at most */

int64_t guard_due(const struct wg_worktime *wt, int64_t from, struct wg_limit limit)
{
    int64_t due = INT64_MAX;
    if (limit.n_milli <= 0 || wg_worktime_due(wt, from, limit, &due) < 0)
        return INT64_MAX;
    return due;
}

/* Just before, at and just after each opening and closing, and in the middle of a shift. */
static size_t edges_of(const struct wg_worktime *wt, int64_t day, int out[EDGES])
{
    struct wg_workday d;
    size_t n = 0;
    wg_worktime_day(wt, wg_date_of(day), &d);
    out[n++] = 0;
    for (int i = 0; d.works && i < d.shift_count; i++) {
        int from = d.shift[i].from_min, to = d.shift[i].to_min;
        out[n++] = from;
        out[n++] = (from + to) / 2;
        out[n++] = to - 1;
    }
    if (!d.works)
        out[n++] = 10 * 60;
    out[n++] = 24 * 60 - 1;
    return n;
}

static int make_starts(struct guard *g, struct wg_err *err)
{
    g->first_day = wg_local_day(g->o->now_ms, &(int64_t){0}) - DAYS_BEFORE;
    g->days = DAYS_IN_ALL;
    g->start = wg_arena_alloc(g->a, DAYS_IN_ALL * EDGES * sizeof(*g->start));
    if (!g->start)
        return wg_fail(err, WG_ENOMEM, "no memory for the guard");
    for (int64_t day = g->first_day; day < g->first_day + g->days; day++) {
        int edge[EDGES];
        size_t n = edges_of(g->wt, day, edge);
        for (size_t i = 0; i < n; i++)
            g->start[g->starts++] = day * WG_DAY_MS - WG_ZONE_MS + edge[i] * WG_MINUTE_MS;
    }
    return WG_OK;
}

static int make_calendar(struct guard *g, struct wg_str hours, struct wg_worktime **out,
                         struct wg_err *err)
{
    struct wg_json *tree;
    int rc = wg_json_parse(g->a, hours, &tree, err);
    return rc < 0 ? rc : wg_worktime_new(tree, g->calendar, out, err);
}

int guard_calendars(struct guard *g, struct wg_err *err)
{
    struct wg_json *tree = NULL;
    int rc = g->o->calendar ? wg_json_parse(g->a, wg_str_of(g->o->calendar), &tree, err) : WG_OK;
    g->calendar = tree;
    if (rc < 0 || (rc = make_calendar(g, g->county->hours, &g->wt, err)) < 0 ||
        (rc = make_calendar(g, g->city->hours, &g->city_wt, err)) < 0)
        return rc;
    return make_starts(g, err);
}

/* ---- limits ---- */

static int64_t look_for_later(const struct guard *g, struct wg_limit x, struct wg_limit y)
{
    for (size_t i = 0; i < g->starts; i++)
        if (guard_due(g->wt, g->start[i], x) > guard_due(g->wt, g->start[i], y))
            return g->start[i];
    return INT64_MIN;
}

bool guard_within(struct guard *g, struct wg_limit x, struct wg_limit y, int64_t *at)
{
    *at = g->starts ? g->start[0] : 0;
    if (y.n_milli <= 0 || wg_limit_same(x, y))
        return true;
    if (x.n_milli <= 0)
        return false;
    if (x.unit == y.unit) /* more of one unit is never up earlier */
        return x.n_milli < y.n_milli;
    for (size_t i = 0; i < g->pairs; i++)
        if (wg_limit_same(g->pair[i].x, x) && wg_limit_same(g->pair[i].y, y)) {
            *at = g->pair[i].at;
            return *at == INT64_MIN;
        }
    *at = look_for_later(g, x, y);
    if (g->pairs < GUARD_PAIRS)
        g->pair[g->pairs++] = (struct guard_pair){x, y, *at};
    return *at == INT64_MIN;
}

struct wg_str guard_limit(struct wg_arena *a, struct wg_limit limit)
{
    struct wg_buf b = WG_BUF_INIT;
    if (limit.n_milli <= 0)
        return WG_S("无");
    wg_buf_fixed(&b, limit.n_milli, 3);
    wg_buf_str_add(&b, wg_str_of(wg_unit_zh(limit.unit)));
    struct wg_str text = wg_arena_str(a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

struct wg_str guard_moment(struct wg_arena *a, int64_t t)
{
    int64_t into;
    struct wg_date d = wg_date_of(wg_local_day(t, &into));
    int min = (int)(into / WG_MINUTE_MS);
    if (t == INT64_MAX)
        return WG_S("十年以后");
    return wg_arena_fmt(a, "%04d-%02d-%02d %02d:%02d", d.year, d.month, d.day, min / 60, min % 60);
}

struct wg_str guard_later(struct guard *g, struct wg_limit x, struct wg_limit y, int64_t at)
{
    struct wg_str from = guard_moment(g->a, at), city = guard_moment(g->a, guard_due(g->wt, at, y)),
                  county = guard_moment(g->a, guard_due(g->wt, at, x));
    return wg_arena_fmt(g->a, "自%.*s起算，市级%.*s到期，县级%.*s到期", WG_PRI(from), WG_PRI(city),
                        WG_PRI(county));
}

/* ---- the hours themselves ---- */

static int minutes_of(const struct wg_workday *d)
{
    int sum = 0;
    for (int i = 0; d->works && i < d->shift_count; i++)
        sum += d->shift[i].to_min - d->shift[i].from_min;
    return sum;
}

/* A day that the city works the county works too, and not for less time. false: told. */
static bool check_day(struct guard *g, int64_t day, bool *days_told, bool *hours_told)
{
    struct wg_workday city, county;
    struct wg_date d = wg_date_of(day);
    wg_worktime_day(g->city_wt, d, &city);
    wg_worktime_day(g->wt, d, &county);
    if (city.works && !county.works && !*days_told) {
        *days_told = true;
        guard_say(g, WG_FAULT, "fewer_days", WG_S("hours"), guard_spot(g, "hours"),
                  "%04d-%02d-%02d市级上班，县级休息（%s）：工作日少了，各项时限随之延后", d.year,
                  d.month, d.day, county.why);
    } else if (county.works && minutes_of(&county) < minutes_of(&city) && !*hours_told) {
        *hours_told = true;
        guard_say(g, WG_FAULT, "fewer_hours", WG_S("hours"), guard_spot(g, "hours"),
                  "%04d-%02d-%02d市级工作%d分钟，县级只有%d分钟：按工作时计的时限随之延后", d.year,
                  d.month, d.day, minutes_of(&city), minutes_of(&county));
    }
    return !*days_told || !*hours_told;
}

/* The days that a table of hours names may lie outside the two years. */
static void check_named(struct guard *g, struct wg_str hours, const char *list, bool *days_told,
                        bool *hours_told)
{
    struct wg_json *tree;
    if (wg_json_parse(g->a, hours, &tree, NULL) < 0)
        return;
    const struct wg_json *days = wg_json_get(tree, list);
    for (const struct wg_json *m = days ? days->child : NULL; m; m = m->next) {
        struct wg_date d;
        if (wg_date_parse(m->key, &d) == WG_OK)
            check_day(g, wg_day_of(d), days_told, hours_told);
    }
}

void guard_hours(struct guard *g)
{
    static const struct wg_limit tried[] = {
        {4000, WG_WORK_HOUR}, {1000, WG_WORK_DAY}, {3000, WG_WORK_DAY}};
    bool days_told = false, hours_told = false;
    if (wg_str_eq(g->city->hours, g->county->hours))
        return;
    for (int64_t day = g->first_day; day < g->first_day + g->days; day++)
        if (!check_day(g, day, &days_told, &hours_told))
            return;
    check_named(g, g->county->hours, "holidays", &days_told, &hours_told);
    check_named(g, g->city->hours, "workdays", &days_told, &hours_told);
    for (size_t k = 0; k < sizeof(tried) / sizeof(tried[0]); k++)
        for (size_t i = 0; i < g->starts; i++) {
            int64_t at = g->start[i], city = guard_due(g->city_wt, at, tried[k]),
                    county = guard_due(g->wt, at, tried[k]);
            if (county <= city)
                continue;
            struct wg_str limit = guard_limit(g->a, tried[k]), from = guard_moment(g->a, at),
                          x = guard_moment(g->a, city), y = guard_moment(g->a, county);
            guard_say(g, WG_REMARK, "hours_later", WG_S("hours"), guard_spot(g, "hours"),
                      "作息与市级不同：%.*s自%.*s起算，按市级作息%.*s到期，按县级作息%.*s到期",
                      WG_PRI(limit), WG_PRI(from), WG_PRI(x), WG_PRI(y));
            return;
        }
}
