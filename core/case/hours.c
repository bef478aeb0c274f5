#include "case/hours.h"

#include <stdio.h>
#include <stdlib.h>

/* Every fault names its key, shows what stands there and says what would be right; the JSON pointer
 * goes with it. */
#define BAD(err, pointer, ...) wg_fail_at((err), WG_EINVAL, (pointer), __VA_ARGS__)

/* The front of it, cut at a whole character. */
static struct wg_str front_of(struct wg_str s)
{
    size_t n = s.n < 60 ? s.n : 60;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return (struct wg_str){s.p, n};
}

static struct wg_str shown(const struct wg_json *j)
{
    return front_of(j ? j->str : (struct wg_str){NULL, 0});
}

/* Lua has one kind of table: an empty one may come as {} or as []. */
static bool is_table(const struct wg_json *j, enum wg_json_type type)
{
    return j->type == type || ((j->type == WG_JOBJ || j->type == WG_JARR) && j->count == 0);
}

/* Where a list of shifts is: "hours.seasons[1].shifts" and "/hours/seasons/1/shifts". */
struct place {
    char name[64], pointer[64];
};

static struct place place_of(const char *parent, int season)
{
    struct place at;
    if (season < 0) {
        snprintf(at.name, sizeof(at.name), "hours.%s", parent);
        snprintf(at.pointer, sizeof(at.pointer), "/hours/%s", parent);
    } else {
        snprintf(at.name, sizeof(at.name), "hours.seasons[%d]%s%s", season, parent[0] ? "." : "",
                 parent);
        snprintf(at.pointer, sizeof(at.pointer), "/hours/seasons/%d%s%s", season,
                 parent[0] ? "/" : "", parent);
    }
    return at;
}

/* ---- the week ---- */

static int weekday_of(struct wg_str s)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (int i = 0; i < 7; i++)
        if (wg_str_is(s, names[i]))
            return i;
    return -1;
}

static struct wg_str trimmed(struct wg_str s)
{
    while (s.n > 0 && s.p[0] == ' ') {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

/* The front of *rest up to the mark, which goes too. */
static struct wg_str take(struct wg_str *rest, char mark)
{
    const char *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;
    struct wg_str front = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
    rest->p += front.n + (at != NULL);
    rest->n -= front.n + (at != NULL);
    return trimmed(front);
}

static int read_week(struct wg_worktime *wt, const struct wg_json *j, struct wg_err *err)
{
    const char *at = "/hours/week";
    if (!j || j->type != WG_JSTR || j->str.n == 0)
        return BAD(err, at, "hours.week: is missing; write e.g. \"Mon-Fri\" or \"Mon,Wed,Fri\"");
    for (struct wg_str rest = j->str; rest.n > 0;) {
        struct wg_str to = take(&rest, ',');
        bool range = to.n && memchr(to.p, '-', to.n);
        struct wg_str from = take(&to, '-');
        int a = weekday_of(from), b = range ? weekday_of(to) : a;
        if (a < 0 || b < 0)
            return BAD(err, at,
                       "hours.week: \"%.*s\" is no weekday; they are Mon, Tue, Wed, Thu, "
                       "Fri, Sat, Sun",
                       WG_PRI(a < 0 ? from : to));
        for (int d = a;; d = (d + 1) % 7) {
            wt->week |= (uint8_t)(1u << d);
            if (d == b)
                break;
        }
    }
    return WG_OK;
}

/* ---- shifts ---- */

/* "08:30" as minutes, 24:00 the last; -1 where it is none. */
static int minute_of(struct wg_str s)
{
    if (s.n != 5 || s.p[2] != ':')
        return -1;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (s.p[i] < '0' || s.p[i] > '9'))
            return -1;
    int hour = (s.p[0] - '0') * 10 + (s.p[1] - '0'), minute = (s.p[3] - '0') * 10 + (s.p[4] - '0');
    return hour * 60 + minute <= 1440 && minute < 60 ? hour * 60 + minute : -1;
}

static int read_shift(struct hours_shifts *to, const struct wg_json *j, const struct place *at,
                      struct wg_err *err)
{
    char pointer[80];
    int i = to->count;
    snprintf(pointer, sizeof(pointer), "%s/%d", at->pointer, i);
    struct wg_str text = shown(j), close = text, open = take(&close, '-');
    if (j->type != WG_JSTR || close.n == 0)
        return BAD(err, pointer, "%s[%d]: \"%.*s\" is no shift; write e.g. \"08:00-12:00\"",
                   at->name, i, WG_PRI(text));
    int from = minute_of(open), till = minute_of(close);
    if (from < 0 || till < 0)
        return BAD(err, pointer, "%s[%d]: \"%.*s\" is no time of day; write 00:00 to 24:00",
                   at->name, i, WG_PRI(from < 0 ? open : close));
    if (till < from)
        return BAD(err, pointer,
                   "%s[%d]: \"%.*s\" ends before it begins; a shift over midnight is two, to "
                   "24:00 and from 00:00",
                   at->name, i, WG_PRI(text));
    if (till == from)
        return BAD(err, pointer, "%s[%d]: \"%.*s\" has no length", at->name, i, WG_PRI(text));
    if (i > 0 && from < to->shift[i - 1].to_min) {
        bool overlap = till > to->shift[i - 1].from_min;
        return BAD(err, pointer, "%s[%d]: \"%.*s\" %s [%d]; shifts ascend and do not overlap",
                   at->name, i, WG_PRI(text), overlap ? "overlaps" : "comes before", i - 1);
    }
    to->shift[i].from_min = from;
    to->shift[i].to_min = till;
    to->count++;
    to->minutes += till - from;
    return WG_OK;
}

static int read_shifts(struct hours_shifts *to, const struct wg_json *j, const struct place *at,
                       struct wg_err *err)
{
    int rc = WG_OK;
    if (!j)
        return BAD(err, at->pointer, "%s: is missing; write e.g. [\"08:00-12:00\",\"14:30-17:30\"]",
                   at->name);
    if (!is_table(j, WG_JARR) || j->count == 0 || j->count > HOURS_SHIFTS)
        return BAD(err, at->pointer, "%s: must be a list of 1 to %d shifts such as \"08:00-12:00\"",
                   at->name, HOURS_SHIFTS);
    for (const struct wg_json *m = j->child; m && rc == WG_OK; m = m->next)
        rc = read_shift(to, m, at, err);
    return rc;
}

/* ---- seasons ---- */

/* "05-01" with the days of a leap year; month * 32 + day, or -1. */
static int month_day_of(const struct wg_json *j)
{
    char text[11] = "2000-";
    struct wg_date d;
    if (!j || j->type != WG_JSTR || j->str.n != 5)
        return -1;
    memcpy(text + 5, j->str.p, 5);
    return wg_date_parse((struct wg_str){text, 10}, &d) == WG_OK ? d.month * 32 + d.day : -1;
}

static int read_season(struct wg_worktime *wt, const struct wg_json *j, int i, struct wg_err *err)
{
    static const char *const keys[] = {"from", "to"};
    struct place at = place_of("", i), shifts_at = place_of("shifts", i);
    int edge[2];
    if (j->type != WG_JOBJ || wg_json_str(j, "name").n == 0)
        return BAD(err, at.pointer,
                   "%s: must be {\"name\":\"夏令\",\"from\":\"05-01\",\"to\":\"09-30\","
                   "\"shifts\":[…]}",
                   at.name);
    for (int k = 0; k < 2; k++) {
        struct place edge_at = place_of(keys[k], i);
        const struct wg_json *m = wg_json_get(j, keys[k]);
        if ((edge[k] = month_day_of(m)) < 0)
            return BAD(err, edge_at.pointer,
                       "%s: \"%.*s\" is no month and day; write e.g. \"05-01\"", edge_at.name,
                       WG_PRI(shown(m)));
    }
    for (int md = 0; md < 13 * 32; md++) {
        bool in =
            edge[0] <= edge[1] ? md >= edge[0] && md <= edge[1] : md >= edge[0] || md <= edge[1];
        uint8_t *of = &wt->pattern_of[md / 32][md % 32];
        if (in && *of)
            return BAD(err, at.pointer, "%s: overlaps hours.seasons[%d] on %02d-%02d", at.name,
                       *of - 1, md / 32, md % 32);
        if (in && md / 32 > 0 && md % 32 > 0)
            *of = (uint8_t)(i + 1);
    }
    return read_shifts(&wt->pattern[i + 1], wg_json_get(j, "shifts"), &shifts_at, err);
}

static int read_seasons(struct wg_worktime *wt, const struct wg_json *j, struct wg_err *err)
{
    int rc = WG_OK, i = 0;
    if (!j)
        return WG_OK;
    if (!is_table(j, WG_JARR) || j->count > HOURS_SEASONS)
        return BAD(err, "/hours/seasons", "hours.seasons: must be a list of at most %d seasons",
                   HOURS_SEASONS);
    for (const struct wg_json *m = j->child; m && rc == WG_OK; m = m->next)
        rc = read_season(wt, m, i++, err);
    return rc;
}

/* ---- notices ---- */

/* j: {"2026-11-11":"why"}. year: the only one allowed, or -1. name and pointer say where it is. */
static int read_notices(struct wg_worktime *wt, struct wg_buf *list, const struct wg_json *j,
                        enum hours_rank rank, int year, const struct place *at, struct wg_err *err)
{
    struct wg_date d;
    if (!j)
        return WG_OK;
    if (!is_table(j, WG_JOBJ))
        return BAD(err, at->pointer, "%s: must be {\"2026-11-11\":\"why\", …}", at->name);
    for (const struct wg_json *m = j->child; m; m = m->next) {
        char pointer[128];
        snprintf(pointer, sizeof(pointer), "%s/%.*s", at->pointer, WG_PRI(m->key));
        if (wg_date_parse(m->key, &d) < 0)
            return BAD(err, pointer, "%s: \"%.*s\" is no date; write e.g. \"2026-11-11\"", at->name,
                       WG_PRI(front_of(m->key)));
        if (year >= 0 && d.year != year)
            return BAD(err, pointer, "%s: %s is not in that year", at->name, m->key.p);
        if (m->type != WG_JSTR || m->str.n == 0 || m->str.n > HOURS_WORDS)
            return BAD(err, pointer, "%s.%s: write why, in 1 to %d bytes (32 Chinese characters)",
                       at->name, m->key.p, HOURS_WORDS);
        struct wg_str words = wg_arena_str(wt->arena, m->str);
        if (!words.p)
            return wg_fail(err, WG_ENOMEM, "out of memory");
        struct hours_notice n = {(int32_t)wg_day_of(d), rank, words.p};
        wg_buf_add(list, &n, sizeof(n));
    }
    return WG_OK;
}

static int read_national(struct wg_worktime *wt, struct wg_buf *list,
                         const struct wg_json *national, struct wg_err *err)
{
    const struct wg_json *years = wg_json_get(national, "years");
    int rc = WG_OK;
    if (!national)
        return WG_OK;
    if (!years || years->type != WG_JOBJ)
        return BAD(err, "/years",
                   "calendar.years: is missing; {\"2026\":{\"holidays\":{…},"
                   "\"workdays\":{…}}, …}");
    for (const struct wg_json *m = years->child; m && rc == WG_OK; m = m->next) {
        struct place at;
        int64_t year = 0;
        if (wg_str_int(m->key, &year) < 0 || year < HOURS_YEAR0 ||
            year >= HOURS_YEAR0 + HOURS_YEARS || m->type != WG_JOBJ)
            return BAD(err, "/years", "calendar.years: \"%.*s\" is no year from %d to %d",
                       WG_PRI(front_of(m->key)), HOURS_YEAR0, HOURS_YEAR0 + HOURS_YEARS - 1);
        wt->known[year - HOURS_YEAR0] = 1;
        if (year > wt->last_known)
            wt->last_known = (int)year;
        for (int rest = 0; rest < 2 && rc == WG_OK; rest++) {
            const char *key = rest ? "holidays" : "workdays";
            snprintf(at.name, sizeof(at.name), "calendar.years.%d.%s", (int)year, key);
            snprintf(at.pointer, sizeof(at.pointer), "/years/%d/%s", (int)year, key);
            rc = read_notices(wt, list, wg_json_get(m, key), rest ? NATIONAL_REST : NATIONAL_WORK,
                              (int)year, &at, err);
        }
    }
    return rc;
}

static int by_day(const void *x, const void *y)
{
    const struct hours_notice *a = x, *b = y;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Sorted, and of each day only the notice that beats the others. */
static int keep_notices(struct wg_worktime *wt, const struct wg_buf *list, struct wg_err *err)
{
    size_t n = list->n / sizeof(struct hours_notice);
    if (!wg_buf_ok(list) || !(wt->notice = wg_arena_alloc(wt->arena, list->n + 1)))
        return wg_fail(err, WG_ENOMEM, "out of memory");
    if (n)
        memcpy(wt->notice, list->p, list->n);
    qsort(wt->notice, n, sizeof(struct hours_notice), by_day);
    for (size_t i = 0; i < n; i++)
        if (wt->notices == 0 || wt->notice[wt->notices - 1].day != wt->notice[i].day)
            wt->notice[wt->notices++] = wt->notice[i];
    return WG_OK;
}

const struct hours_notice *hours_notice_of(const struct wg_worktime *wt, int64_t day)
{
    size_t from = 0, to = wt->notices;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (wt->notice[middle].day == day)
            return &wt->notice[middle];
        if (wt->notice[middle].day < day)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* ---- the table ---- */

static int read_reading(struct wg_worktime *wt, const struct wg_json *j, struct wg_err *err)
{
    static const char *const names[] = {"minutes", "same_clock", "end_of_day"};
    if (!j)
        return WG_OK;
    for (int i = 0; i < 3; i++)
        if (j->type == WG_JSTR && wg_str_is(j->str, names[i])) {
            wt->reading = (enum hours_reading)i;
            return WG_OK;
        }
    return BAD(err, "/hours/work_day",
               "hours.work_day: \"%.*s\" is none of minutes, same_clock, end_of_day",
               WG_PRI(shown(j)));
}

static int check_keys(const struct wg_json *hours, struct wg_err *err)
{
    static const char *const keys[] = {"week",     "shifts",   "seasons",
                                       "holidays", "workdays", "work_day"};
    if (!hours || hours->type != WG_JOBJ)
        return BAD(err, "/hours",
                   "hours: must be a table, e.g. {\"week\":\"Mon-Fri\",\"shifts\":"
                   "[\"08:00-12:00\",\"14:30-17:30\"]}");
    for (const struct wg_json *m = hours->child; m; m = m->next) {
        size_t k = 0, count = sizeof(keys) / sizeof(keys[0]);
        while (k < count && !wg_str_is(m->key, keys[k]))
            k++;
        if (k == count)
            return BAD(err, "/hours",
                       "hours.%.*s: there is no such key; there are week, shifts, seasons, "
                       "holidays, workdays, work_day",
                       WG_PRI(front_of(m->key)));
    }
    return WG_OK;
}

int hours_read(struct wg_worktime *wt, const struct wg_json *hours, const struct wg_json *national,
               struct wg_err *err)
{
    struct place shifts_at = place_of("shifts", -1), rest_at = place_of("holidays", -1);
    struct place work_at = place_of("workdays", -1);
    struct wg_buf list = WG_BUF_INIT;
    int rc = check_keys(hours, err);
    if (rc == WG_OK)
        rc = read_week(wt, wg_json_get(hours, "week"), err);
    if (rc == WG_OK)
        rc = read_shifts(&wt->pattern[0], wg_json_get(hours, "shifts"), &shifts_at, err);
    if (rc == WG_OK)
        rc = read_seasons(wt, wg_json_get(hours, "seasons"), err);
    if (rc == WG_OK)
        rc = read_reading(wt, wg_json_get(hours, "work_day"), err);
    if (rc == WG_OK)
        rc = read_notices(wt, &list, wg_json_get(hours, "holidays"), LOCAL_REST, -1, &rest_at, err);
    if (rc == WG_OK)
        rc = read_notices(wt, &list, wg_json_get(hours, "workdays"), LOCAL_WORK, -1, &work_at, err);
    if (rc == WG_OK)
        rc = read_national(wt, &list, national, err);
    if (rc == WG_OK)
        rc = keep_notices(wt, &list, err);
    wg_buf_free(&list);
    return rc;
}
