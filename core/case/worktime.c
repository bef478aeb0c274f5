#include "case/hours.h"

#include <stdio.h>
#include <stdlib.h>

#define TABLE_FROM 2012 /* the first year of the day table */
#define TABLE_BEYOND 20 /* years after the last one of the national calendar */
#define TABLE_YEARS 80  /* at most: 175 KB */
#define TEN_YEARS_MS (3653 * WG_DAY_MS)
#define SPANS_MOST_MS (18263 * WG_DAY_MS)

/* ---- units ---- */

static const struct {
    const char *name, *zh;
    int64_t ms; /* of those that run on without a break */
} units[] = {
    [WG_EMERGENCY_MINUTE] = {"emergency_minute", "紧急工作分钟", WG_MINUTE_MS},
    [WG_EMERGENCY_HOUR] = {"emergency_hour", "紧急工作时", WG_HOUR_MS},
    [WG_EMERGENCY_DAY] = {"emergency_day", "紧急工作日", WG_DAY_MS},
    [WG_WORK_HOUR] = {"work_hour", "工作时", 0},
    [WG_WORK_DAY] = {"work_day", "工作日", 0},
    [WG_CALENDAR_HOUR] = {"calendar_hour", "自然小时", WG_HOUR_MS},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

const char *wg_unit_name(enum wg_unit unit)
{
    return (size_t)unit < UNITS ? units[unit].name : "";
}

const char *wg_unit_zh(enum wg_unit unit)
{
    return (size_t)unit < UNITS ? units[unit].zh : "";
}

int wg_unit_parse(struct wg_str name, enum wg_unit *out)
{
    for (size_t i = 0; i < UNITS; i++)
        if (wg_str_is(name, units[i].name)) {
            *out = (enum wg_unit)i;
            return WG_OK;
        }
    return WG_EINVAL;
}

/* ---- days ---- */

/* 0 is Monday; day 0, 1970-01-01, was a Thursday. */
static int weekday_of(int64_t day)
{
    int64_t w = (day + 3) % 7;
    return (int)(w < 0 ? w + 7 : w);
}

/* 0: nobody works; else 1 + the pattern of its shifts. */
static uint8_t rule_of(const struct wg_worktime *wt, int64_t day)
{
    const struct hours_notice *n = hours_notice_of(wt, day);
    bool works = n ? n->rank == LOCAL_WORK || n->rank == NATIONAL_WORK
                   : (wt->week >> weekday_of(day) & 1) != 0;
    if (!works)
        return 0;
    struct wg_date d = wg_date_of(day);
    return (uint8_t)(1 + wt->pattern_of[d.month][d.day]);
}

static bool in_table(const struct wg_worktime *wt, int64_t day)
{
    return day >= wt->first_day && day - wt->first_day < (int64_t)wt->days;
}

/* The day's shifts, or NULL where nobody works. */
static const struct hours_shifts *shifts_of(const struct wg_worktime *wt, int64_t day)
{
    uint8_t works = in_table(wt, day) ? wt->works[day - wt->first_day] : rule_of(wt, day);
    return works ? &wt->pattern[works - 1] : NULL;
}

static int make_table(struct wg_worktime *wt)
{
    int last = (wt->last_known > TABLE_FROM ? wt->last_known : TABLE_FROM) + TABLE_BEYOND;
    if (last >= TABLE_FROM + TABLE_YEARS)
        last = TABLE_FROM + TABLE_YEARS - 1;
    wt->first_day = wg_day_of((struct wg_date){TABLE_FROM, 1, 1});
    size_t days = (size_t)(wg_day_of((struct wg_date){last + 1, 1, 1}) - wt->first_day);
    wt->minutes_before = wg_arena_alloc(wt->arena, (days + 1) * sizeof(int32_t));
    wt->works = wg_arena_alloc(wt->arena, days);
    if (!wt->minutes_before || !wt->works)
        return WG_ENOMEM;
    for (size_t i = 0; i < days; i++) {
        uint8_t works = wt->works[i] = rule_of(wt, wt->first_day + (int64_t)i);
        int minutes = works ? wt->pattern[works - 1].minutes : 0;
        wt->minutes_before[i + 1] = wt->minutes_before[i] + minutes;
    }
    wt->days = days;
    return WG_OK;
}

int wg_worktime_new(const struct wg_json *hours, const struct wg_json *national,
                    struct wg_worktime **out, struct wg_err *err)
{
    int rc = WG_ENOMEM;
    struct wg_worktime *wt = calloc(1, sizeof(*wt));
    *out = NULL;
    if (!wt || !(wt->arena = wg_arena_new(16384))) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    wt->refs = 1;
    if ((rc = hours_read(wt, hours, national, err)) < 0)
        goto out;
    if ((rc = make_table(wt)) < 0) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    *out = wt;
    wt = NULL; /* the caller's now */
out:
    wg_worktime_free(wt);
    return rc;
}

struct wg_worktime *wg_worktime_keep(struct wg_worktime *wt)
{
    if (wt)
        __atomic_add_fetch(&wt->refs, 1, __ATOMIC_RELAXED);
    return wt;
}

void wg_worktime_free(struct wg_worktime *wt)
{
    if (!wt || __atomic_sub_fetch(&wt->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_arena_free(wt->arena);
    free(wt);
}

/* ---- counting ---- */

/* Working time of a day before its moment `into`. */
static int64_t worked_ms(const struct hours_shifts *s, int64_t into_ms)
{
    int64_t sum = 0;
    for (int i = 0; s && i < s->count; i++) {
        int64_t from = s->shift[i].from_min * WG_MINUTE_MS, to = s->shift[i].to_min * WG_MINUTE_MS;
        if (into_ms <= from)
            break;
        sum += (into_ms < to ? into_ms : to) - from;
    }
    return sum;
}

/* The moment of a day at which work_ms of it are worked: the first such moment, so a closing. */
static int64_t moment_at(const struct hours_shifts *s, int64_t work_ms)
{
    for (int i = 0; i < s->count; i++) {
        int64_t length = (s->shift[i].to_min - s->shift[i].from_min) * WG_MINUTE_MS;
        if (work_ms <= length)
            return s->shift[i].from_min * WG_MINUTE_MS + work_ms;
        work_ms -= length;
    }
    wg_require(!"more work than the day has");
    return 0;
}

static int64_t day_ms(const struct wg_worktime *wt, int64_t day)
{
    const struct hours_shifts *s = shifts_of(wt, day);
    return s ? s->minutes * WG_MINUTE_MS : 0;
}

/* Working time from the table's day a to its day b. */
static int64_t table_ms(const struct wg_worktime *wt, size_t a, size_t b)
{
    return (int64_t)(wt->minutes_before[b] - wt->minutes_before[a]) * WG_MINUTE_MS;
}

/* From `day` on, the first day by whose end *work_ms are worked, or the one after the table; what
 * the days before it worked is taken off *work_ms. Doubling steps first, as most limits are short.
 */
static int64_t seek_in_table(const struct wg_worktime *wt, int64_t day, int64_t *work_ms)
{
    size_t first = (size_t)(day - wt->first_day), low = first, high = first + 1;
    for (size_t step = 1; high < wt->days && table_ms(wt, first, high) < *work_ms; step *= 2) {
        low = high;
        high = wt->days - high > step ? high + step : wt->days;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (table_ms(wt, first, middle) < *work_ms)
            low = middle;
        else
            high = middle;
    }
    if (table_ms(wt, first, high) < *work_ms)
        low = high; /* not in the table: the rule goes on from here */
    *work_ms -= table_ms(wt, first, low);
    return wt->first_day + (int64_t)low;
}

int wg_worktime_add(const struct wg_worktime *wt, int64_t from_ms, int64_t work_ms, int64_t *out_ms)
{
    int64_t into = 0;
    if (work_ms < 0 || work_ms > TEN_YEARS_MS || from_ms > INT64_MAX / 2 || from_ms < INT64_MIN / 2)
        return WG_ERANGE;
    if (work_ms == 0) {
        *out_ms = from_ms;
        return WG_OK;
    }
    int64_t day = wg_local_day(from_ms, &into), last = day + TEN_YEARS_MS / WG_DAY_MS;
    work_ms += worked_ms(shifts_of(wt, day), into); /* as if from the day's beginning */
    if (in_table(wt, day))
        day = seek_in_table(wt, day, &work_ms);
    for (int64_t have; day <= last && (have = day_ms(wt, day)) < work_ms; day++)
        work_ms -= have;
    if (day > last)
        return WG_ERANGE;
    int64_t due = day * WG_DAY_MS - WG_ZONE_MS + moment_at(shifts_of(wt, day), work_ms);
    if (due - from_ms > TEN_YEARS_MS)
        return WG_ERANGE;
    *out_ms = due;
    return WG_OK;
}

int64_t wg_worktime_between(const struct wg_worktime *wt, int64_t from_ms, int64_t to_ms)
{
    const int64_t first = wg_day_of((struct wg_date){0, 1, 1}) * WG_DAY_MS - WG_ZONE_MS;
    const int64_t last = wg_day_of((struct wg_date){10000, 1, 1}) * WG_DAY_MS - WG_ZONE_MS;
    int64_t from_into = 0, to_into = 0;
    from_ms = from_ms < first ? first : from_ms;
    to_ms = to_ms > last ? last : to_ms;
    if (from_ms >= to_ms)
        return 0;
    int64_t day = wg_local_day(from_ms, &from_into), end = wg_local_day(to_ms, &to_into);
    int64_t sum = worked_ms(shifts_of(wt, end), to_into) - worked_ms(shifts_of(wt, day), from_into);
    while (day < end) {
        if (!in_table(wt, day)) {
            sum += day_ms(wt, day++);
            continue;
        }
        int64_t after = wt->first_day + (int64_t)wt->days; /* all of the table at once */
        int64_t stop = end < after ? end : after;
        sum += table_ms(wt, (size_t)(day - wt->first_day), (size_t)(stop - wt->first_day));
        day = stop;
    }
    return sum;
}

/* ---- limits ---- */

/* When the clock begins to run: from, or the next opening. */
static int begin_of(const struct wg_worktime *wt, int64_t from_ms, int64_t *out_ms)
{
    int64_t last_ms = 0;
    int rc = wg_worktime_add(wt, from_ms, 1, &last_ms);
    *out_ms = last_ms - 1; /* a millisecond before the first one is over */
    return rc;
}

/* The n-th workday after a day. */
static int workday_after(const struct wg_worktime *wt, int64_t day, int64_t n, int64_t *out)
{
    int64_t last = day + TEN_YEARS_MS / WG_DAY_MS;
    while (n > 0 && ++day <= last)
        n -= shifts_of(wt, day) != NULL;
    *out = day;
    return n > 0 ? WG_ERANGE : WG_OK;
}

static int due_same_clock(const struct wg_worktime *wt, int64_t begin_ms, int64_t n_milli,
                          int64_t *out_ms)
{
    int64_t into = 0, day = wg_local_day(begin_ms, &into);
    int64_t part = day_ms(wt, day) / 1000 * (n_milli % 1000);
    int rc = workday_after(wt, day, n_milli / 1000, &day);
    if (rc < 0)
        return rc;
    return wg_worktime_add(wt, day * WG_DAY_MS - WG_ZONE_MS + into, part, out_ms);
}

static int due_end_of_day(const struct wg_worktime *wt, int64_t from_ms, int64_t n_milli,
                          int64_t *out_ms)
{
    int64_t into = 0, day = wg_local_day(from_ms, &into);
    int rc = workday_after(wt, day, (n_milli + 999) / 1000, &day);
    if (rc < 0)
        return rc;
    const struct hours_shifts *s = shifts_of(wt, day);
    *out_ms = day * WG_DAY_MS - WG_ZONE_MS + s->shift[s->count - 1].to_min * WG_MINUTE_MS;
    return WG_OK;
}

int wg_worktime_due(const struct wg_worktime *wt, int64_t from_ms, struct wg_limit limit,
                    int64_t *out_ms)
{
    int64_t begin = 0, due = 0, into = 0, n = limit.n_milli;
    /* A minute is the least unit: more of them than ten years would not fit any other either. */
    if (n <= 0 || n > TEN_YEARS_MS / WG_MINUTE_MS * 1000 || (size_t)limit.unit >= UNITS ||
        from_ms > INT64_MAX / 2 || from_ms < INT64_MIN / 2)
        return WG_ERANGE;
    int rc = WG_OK;
    if (units[limit.unit].ms)
        due = from_ms + n * (units[limit.unit].ms / 1000);
    else if (limit.unit == WG_WORK_HOUR)
        rc = wg_worktime_add(wt, from_ms, n * (WG_HOUR_MS / 1000), &due);
    else if (wt->reading == READ_END_OF_DAY)
        rc = due_end_of_day(wt, from_ms, n, &due);
    else if ((rc = begin_of(wt, from_ms, &begin)) < 0)
        return rc;
    else if (wt->reading == READ_SAME_CLOCK)
        rc = due_same_clock(wt, begin, n, &due);
    else
        rc = wg_worktime_add(wt, begin, n * (day_ms(wt, wg_local_day(begin, &into)) / 1000), &due);
    if (rc == WG_OK && due - from_ms > TEN_YEARS_MS)
        rc = WG_ERANGE;
    if (rc == WG_OK)
        *out_ms = due;
    return rc;
}

/* ---- the statement ---- */

static const char unknown_year[] = "（无该年节假日数据，按周历推定）";

void wg_worktime_day(const struct wg_worktime *wt, struct wg_date date, struct wg_workday *out)
{
    int64_t day = wg_day_of(date);
    const struct hours_notice *n = hours_notice_of(wt, day);
    const struct hours_shifts *s = shifts_of(wt, day);
    int year = date.year - HOURS_YEAR0, weekday = weekday_of(day);
    const char *plain = s ? "工作日" : weekday >= 5 ? "周末" : "休息日";
    *out = (struct wg_workday){.works = s != NULL};
    out->known = n || (year >= 0 && year < HOURS_YEARS && wt->known[year]);
    if (!n)
        snprintf(out->why, sizeof(out->why), "%s%s", plain, out->known ? "" : unknown_year);
    else
        snprintf(out->why, sizeof(out->why), "%s%s",
                 n->rank == NATIONAL_WORK   ? "调休上班："
                 : n->rank == NATIONAL_REST ? "法定节假日："
                                            : "",
                 n->words);
    out->shift_count = s ? s->count : 0;
    for (int i = 0; i < out->shift_count; i++) {
        out->shift[i].from_min = s->shift[i].from_min;
        out->shift[i].to_min = s->shift[i].to_min;
    }
}

struct statement {
    int64_t from_ms, to_ms; /* what is asked for */
    struct wg_span open;    /* not handed over yet: the next may join it */
    wg_span_fn fn;
    void *arg;
};

static int hand_over(struct statement *st)
{
    return st->open.to_ms > st->open.from_ms ? st->fn(st->arg, &st->open) : WG_OK;
}

static int add_span(struct statement *st, int64_t from_ms, int64_t to_ms, bool counted,
                    const char *why)
{
    from_ms = from_ms < st->from_ms ? st->from_ms : from_ms;
    to_ms = to_ms > st->to_ms ? st->to_ms : to_ms;
    if (from_ms >= to_ms)
        return WG_OK;
    if (st->open.to_ms == from_ms && st->open.counted == counted &&
        strcmp(st->open.why, why) == 0) {
        st->open.to_ms = to_ms;
        return WG_OK;
    }
    int rc = hand_over(st);
    st->open = (struct wg_span){.from_ms = from_ms, .to_ms = to_ms, .counted = counted};
    snprintf(st->open.why, sizeof(st->open.why), "%s", why);
    return rc;
}

static int add_day(struct statement *st, const struct wg_worktime *wt, int64_t day)
{
    struct wg_workday d;
    char night[96], noon[96], work[sizeof(d.why) + 32];
    int64_t midnight = day * WG_DAY_MS - WG_ZONE_MS, at = midnight;
    int rc = WG_OK;
    wg_worktime_day(wt, wg_date_of(day), &d);
    if (!d.works)
        return add_span(st, midnight, midnight + WG_DAY_MS, false, d.why);
    const char *tail = d.known ? "" : unknown_year;
    snprintf(night, sizeof(night), "夜间%s", tail);
    snprintf(noon, sizeof(noon), "午间休息%s", tail);
    if (hours_notice_of(wt, day))
        snprintf(work, sizeof(work), "工作时间（%s）", d.why);
    else
        snprintf(work, sizeof(work), "工作时间%s", tail);
    for (int i = 0; i < d.shift_count && rc == WG_OK; i++) {
        int64_t open = midnight + d.shift[i].from_min * WG_MINUTE_MS;
        rc = add_span(st, at, open, false, i == 0 ? night : noon);
        at = midnight + d.shift[i].to_min * WG_MINUTE_MS;
        if (rc == WG_OK)
            rc = add_span(st, open, at, true, work);
    }
    return rc ? rc : add_span(st, at, midnight + WG_DAY_MS, false, night);
}

int wg_worktime_spans(const struct wg_worktime *wt, int64_t from_ms, int64_t to_ms,
                      enum wg_unit unit, wg_span_fn fn, void *arg)
{
    struct statement st = {.from_ms = from_ms, .to_ms = to_ms, .fn = fn, .arg = arg};
    int64_t into = 0, span_ms = 0;
    int rc = WG_OK;
    if (from_ms >= to_ms)
        return WG_OK;
    if (__builtin_sub_overflow(to_ms, from_ms, &span_ms) || span_ms > SPANS_MOST_MS ||
        (size_t)unit >= UNITS || from_ms < INT64_MIN / 2 || to_ms > INT64_MAX / 2)
        return WG_ERANGE;
    if (units[unit].ms) {
        rc = add_span(&st, from_ms, to_ms, true, "连续计时");
        return rc ? rc : hand_over(&st);
    }
    int64_t last = wg_local_day(to_ms - 1, &into);
    for (int64_t day = wg_local_day(from_ms, &into); day <= last && rc == WG_OK; day++)
        rc = add_day(&st, wt, day);
    return rc ? rc : hand_over(&st);
}
