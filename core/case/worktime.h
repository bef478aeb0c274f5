/** Working time: when a deadline really falls, and the statement that says why.
 *  Times are ms since 1970 UTC; days are the county's (UTC+8). Thread: any; a calendar never
 * changes once made. Sources: GB/T 30428.8 (limits), State Council holiday notices
 * (standards/calendar.json). */
#ifndef WG_WORKTIME_H
#define WG_WORKTIME_H

#include "base/base.h"

struct wg_worktime;

enum wg_unit {
    WG_EMERGENCY_MINUTE,
    WG_EMERGENCY_HOUR,
    WG_EMERGENCY_DAY,
    WG_WORK_HOUR,
    WG_WORK_DAY,
    WG_CALENDAR_HOUR,
};
const char *wg_unit_name(enum wg_unit unit);              /**< "work_day" */
const char *wg_unit_zh(enum wg_unit unit);                /**< "工作日" */
int wg_unit_parse(struct wg_str name, enum wg_unit *out); /**< WG_EINVAL */

/** A limit: how much of which unit. n is in thousandths (1.5 work hours is 1500). */
struct wg_limit {
    int64_t n_milli;
    enum wg_unit unit;
};
static inline bool wg_limit_same(struct wg_limit a, struct wg_limit b)
{
    return a.n_milli == b.n_milli && a.unit == b.unit;
}

/** Make a calendar from a county's `hours` table and the national calendar
 * (standards/calendar.json; NULL: none). hours: {"week":"Mon-Fri" | "Mon-Sat" | "Mon,Wed,Fri" …,
 * "shifts":["08:00-12:00","14:30-17:30"],
 *   "seasons":[{"name":"夏令","from":"05-01","to":"09-30","shifts":[…]}]   (month-day, inclusive,
 * may wrap the year), "holidays":{"2026-11-11":"why"}, "workdays":{"2026-11-14":"why"}       (local
 * notices, each with its reason in words for the statement; they beat the national ones, a workday
 * beats a holiday of its own source), "work_day":"minutes" | "same_clock" | "end_of_day"} (how N
 * work_day is read; default minutes: N x that county's daily working minutes). The clock runs from
 * the moment given or, outside working hours, from the next opening; a closing is outside. minutes:
 * N x the minutes of the day on which it begins to run (so a limit given in a season keeps that
 * season's measure); same_clock: the N-th workday after that day at the time of day at which it
 * began to run, whatever the shifts there, and a fraction of a day from there on as that share of
 * the first day's minutes; end_of_day: the last closing of the N-th workday (N rounded up) after
 * the date of the moment given. A shift may end at 24:00; one over midnight is written as two.
 * Shifts: 1 to 6 a day; seasons: 12, not overlapping. Owner: caller, wg_worktime_free. Errors:
 * WG_EINVAL (what, where, what would be right), WG_ENOMEM; *out is NULL. */
int wg_worktime_new(const struct wg_json *hours, const struct wg_json *national,
                    struct wg_worktime **out, struct wg_err *err);
struct wg_worktime *wg_worktime_keep(struct wg_worktime *wt); /**< one more owner; any thread */
void wg_worktime_free(struct wg_worktime *wt); /**< gone with its last owner; NULL is fine */

/** The moment work_ms of working time after from_ms; a deadline that falls on a closing stays
 * there. 0 is from_ms. Errors: WG_ERANGE (work_ms < 0, beyond ten years, or where no day works). */
int wg_worktime_add(const struct wg_worktime *wt, int64_t from_ms, int64_t work_ms,
                    int64_t *out_ms);
/** Working time between two moments, from <= to (0 otherwise). Before year 0 and after 9999 nobody
 * works. */
int64_t wg_worktime_between(const struct wg_worktime *wt, int64_t from_ms, int64_t to_ms);
/** When a limit that runs from from_ms is up, in any unit and by the county's reading of work_day.
 *  Errors: WG_ERANGE (n <= 0, or beyond ten years). */
int wg_worktime_due(const struct wg_worktime *wt, int64_t from_ms, struct wg_limit limit,
                    int64_t *out_ms);

/** One span of a statement. why is 中文, e.g. "工作时间", "午间休息", "夜间", "周末",
 *  "休息日" (a weekday that the pattern leaves out), "法定节假日：春节",
 * "工作时间（调休上班：国庆节）", a local notice's own words, counted: "工作时间（its words）". In
 * a year that the national calendar lacks "（无该年节假日数据，按周历推定）" follows, but not after
 * a local notice's words. */
struct wg_span {
    int64_t from_ms, to_ms;
    bool counted;
    char why[160];
};
typedef int (*wg_span_fn)(void *arg, const struct wg_span *span); /**< != 0 stops */
/** The spans from from_ms to to_ms, in order, touching, neighbours of one kind and reason joined.
 * For emergency and calendar units there is one span, all counted ("连续计时"). None where from_ms
 * >= to_ms. Returns what fn returned, or WG_ERANGE beyond 50 years. */
int wg_worktime_spans(const struct wg_worktime *wt, int64_t from_ms, int64_t to_ms,
                      enum wg_unit unit, wg_span_fn fn, void *arg);
/** One day: is it worked, why ("工作日", "周末", "法定节假日：春节", "调休上班：国庆节", a local
 * notice's words), and its shifts as minutes from midnight. */
struct wg_workday {
    bool works;
    bool known; /**< a notice or the national calendar's year speaks; else the week's pattern alone,
                   and why says 推定 */
    char why[160];
    int shift_count;
    struct {
        int from_min, to_min;
    } shift[6];
};
void wg_worktime_day(const struct wg_worktime *wt, struct wg_date date, struct wg_workday *out);

#endif
