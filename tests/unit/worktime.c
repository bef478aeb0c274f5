/** Working time: examples from the standard's practice, all readings, and a walker over minutes. */
#include "unit/test.h"

#include "case/worktime.h"
#include "geo/geo.h"

#include <stdio.h>
#include <stdlib.h>

#define USUAL "{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\",\"14:30-17:30\"]}"

static struct wg_arena *arena;
static struct wg_err err;

static const struct wg_json *json(struct wg_str text)
{
    struct wg_json *j = NULL;
    struct wg_err why = {0};
    if (!arena)
        arena = wg_arena_new(0);
    if (wg_json_parse(arena, text, &j, &why) < 0)
        fail_msg("%s", why.text);
    return j;
}

static struct wg_buf slurp(const char *path)
{
    struct wg_buf b = WG_BUF_INIT;
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        wg_buf_add(&b, part, n);
    fclose(f);
    return b;
}

static const struct wg_json *national(void)
{
    struct wg_buf b = slurp("standards/calendar.json");
    const struct wg_json *j = json(wg_buf_str(&b));
    wg_buf_free(&b);
    return j;
}

static struct wg_worktime *made(const char *hours, const struct wg_json *calendar)
{
    struct wg_worktime *wt = NULL;
    err = (struct wg_err){0};
    if (wg_worktime_new(json(wg_str_of(hours)), calendar, &wt, &err) < 0)
        fail_msg("%s", err.text);
    return wt;
}

static void done(struct wg_worktime *wt)
{
    wg_worktime_free(wt);
    wg_arena_free(arena);
    arena = NULL;
}

/* "2026-03-06 17:00" or with seconds, local. */
static int64_t at(const char *text)
{
    char full[40];
    int64_t ms = 0;
    snprintf(full, sizeof(full), "%s%s+08:00", text, strlen(text) == 16 ? ":00" : "");
    full[10] = 'T';
    CHECK_INT(wg_time_parse(wg_str_of(full), &ms), WG_OK);
    return ms;
}

static const char *text_of(int64_t ms, char out[40])
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_time(&b, ms);
    snprintf(out, 40, "%.*s", WG_PRI(wg_buf_str(&b)));
    wg_buf_free(&b);
    return out;
}

static void check_moment(int64_t got, int64_t want, const char *what)
{
    char a[40], b[40];
    if (got != want)
        fail_msg("%s: got %s, want %s", what, text_of(got, a), text_of(want, b));
}

static void check_due(const struct wg_worktime *wt, const char *from, int64_t n_milli,
                      enum wg_unit unit, const char *want)
{
    int64_t due = 0;
    CHECK_INT(wg_worktime_due(wt, at(from), (struct wg_limit){n_milli, unit}, &due), WG_OK);
    check_moment(due, at(want), from);
}

/* ---- limits ---- */

TEST(an_hour_from_friday_evening_ends_on_monday_morning)
{
    struct wg_worktime *wt =
        made("{\"week\":\"Mon-Fri\",\"shifts\":[\"08:30-12:00\",\"14:00-17:30\"]}", NULL);
    int64_t due = 0;
    CHECK_INT(wg_worktime_add(wt, at("2026-03-06 17:00"), WG_HOUR_MS, &due), WG_OK);
    check_moment(due, at("2026-03-09 09:00"), "add");
    CHECK_INT(wg_worktime_add(wt, at("2026-03-06 20:00"), 0, &due), WG_OK);
    check_moment(due, at("2026-03-06 20:00"), "nothing to add");
    CHECK_INT(wg_worktime_add(wt, at("2026-03-06 10:00"), 2 * WG_HOUR_MS, &due), WG_OK);
    check_moment(due, at("2026-03-06 12:00"), "a closing stays");
    done(wt);
}

TEST(units_have_names_in_both_tongues)
{
    for (int u = WG_EMERGENCY_MINUTE; u <= WG_CALENDAR_HOUR; u++) {
        enum wg_unit back = WG_CALENDAR_HOUR;
        const char *name = wg_unit_name((enum wg_unit)u);
        CHECK(strlen(name) > 0 && strlen(wg_unit_zh((enum wg_unit)u)) > 0);
        CHECK_INT(wg_unit_parse(wg_str_of(name), &back), WG_OK);
        CHECK_INT(back, u);
    }
    enum wg_unit unit;
    CHECK_TEXT(wg_unit_name(WG_WORK_DAY), "work_day");
    CHECK_TEXT(wg_unit_zh(WG_WORK_DAY), "工作日");
    CHECK_INT(wg_unit_parse(WG_S("day"), &unit), WG_EINVAL);
}

TEST(emergency_and_calendar_units_run_through_nights_and_holidays)
{
    struct wg_worktime *wt = made(USUAL, national());
    check_due(wt, "2026-02-16 23:50", 30000, WG_EMERGENCY_MINUTE, "2026-02-17 00:20");
    check_due(wt, "2026-02-16 23:50", 1500, WG_EMERGENCY_HOUR, "2026-02-17 01:20");
    check_due(wt, "2026-02-16 23:50", 2000, WG_EMERGENCY_DAY, "2026-02-18 23:50");
    check_due(wt, "2026-02-16 23:50", 24000, WG_CALENDAR_HOUR, "2026-02-17 23:50");
    done(wt);
}

TEST(limits_of_nothing_and_beyond_ten_years_are_out_of_range)
{
    struct wg_worktime *wt = made(USUAL, national());
    int64_t due = 7, from = at("2026-03-06 10:00");
    CHECK_INT(wg_worktime_due(wt, from, (struct wg_limit){0, WG_WORK_DAY}, &due), WG_ERANGE);
    CHECK_INT(wg_worktime_due(wt, from, (struct wg_limit){-1, WG_WORK_HOUR}, &due), WG_ERANGE);
    CHECK_INT(wg_worktime_due(wt, from, (struct wg_limit){3700000, WG_WORK_DAY}, &due), WG_ERANGE);
    CHECK_INT(wg_worktime_due(wt, from, (struct wg_limit){3700000, WG_EMERGENCY_DAY}, &due),
              WG_ERANGE);
    CHECK_INT(wg_worktime_due(wt, from, (struct wg_limit){INT64_MAX, WG_WORK_DAY}, &due),
              WG_ERANGE);
    CHECK_INT(wg_worktime_due(wt, INT64_MAX, (struct wg_limit){1000, WG_EMERGENCY_DAY}, &due),
              WG_ERANGE);
    CHECK_INT(wg_worktime_add(wt, from, -1, &due), WG_ERANGE);
    CHECK_INT(wg_worktime_add(wt, INT64_MIN, 1, &due), WG_ERANGE);
    CHECK_INT(due, 7);
    CHECK_INT(wg_worktime_between(wt, from, from), 0);
    CHECK_INT(wg_worktime_between(wt, from, from - 5), 0);
    CHECK_INT(wg_worktime_between(wt, from, from + WG_DAY_MS), 5 * WG_HOUR_MS);
    CHECK(wg_worktime_between(wt, INT64_MIN, INT64_MAX) > 0);
    done(wt);
}

/* Columns of the examples. */
enum { EX_ID, EX_START, EX_UNIT, EX_N, EX_DUE, EX_CLOCK, EX_END };

TEST(forty_published_deadlines_come_out_in_all_three_readings)
{
    static const char *const readings[] = {"minutes", "same_clock", "end_of_day"};
    const struct wg_json *calendar = national();
    struct wg_buf text = slurp("tests/unit/deadline_examples.csv");
    for (int reading = 0; reading < 3; reading++) {
        char hours[200];
        struct wg_csv csv;
        int rows = 0;
        snprintf(hours, sizeof(hours), "%.*s,\"work_day\":\"%s\"}", (int)strlen(USUAL) - 1, USUAL,
                 readings[reading]);
        struct wg_worktime *wt = made(hours, calendar);
        CHECK_INT(wg_csv_open(wg_buf_str(&text), &csv), WG_OK);
        CHECK_INT(wg_csv_next(&csv, &err), 1);
        while (wg_csv_next(&csv, &err) == 1) {
            char start[40], due[40];
            int64_t n = 0;
            bool days = wg_str_is(csv.field[EX_UNIT], "工作日");
            struct wg_str want = csv.field[days ? EX_DUE + reading : EX_DUE];
            snprintf(start, sizeof(start), "%.*s", WG_PRI(csv.field[EX_START]));
            snprintf(due, sizeof(due), "%.*s", WG_PRI(want));
            CHECK_INT(wg_str_fixed(csv.field[EX_N], 3, &n), WG_OK);
            check_due(wt, start, n, days ? WG_WORK_DAY : WG_WORK_HOUR, due);
            rows++;
        }
        CHECK_INT(rows, 40);
        wg_csv_close(&csv);
        wg_worktime_free(wt);
    }
    wg_buf_free(&text);
    done(NULL);
}

TEST(a_limit_given_in_summer_keeps_the_summers_day)
{
    struct wg_worktime *wt =
        made("{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\",\"14:00-17:00\"],\"seasons\":[{"
             "\"name\":\"夏令\",\"from\":\"05-01\",\"to\":\"09-30\",\"shifts\":"
             "[\"07:00-12:00\",\"15:00-18:00\"]}]}",
             NULL);
    /* 8 hours from Wednesday 30 September; October has 7 a day. */
    check_due(wt, "2026-09-30 17:00", 1000, WG_WORK_DAY, "2026-10-01 17:00");
    check_due(wt, "2026-10-01 16:00", 1000, WG_WORK_DAY, "2026-10-02 16:00");
    /* After the last closing the clock begins in October. */
    check_due(wt, "2026-09-30 18:00", 1000, WG_WORK_DAY, "2026-10-01 17:00");
    done(wt);
}

TEST(fractions_of_a_day_in_the_other_readings)
{
    struct wg_worktime *wt = made("{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\","
                                  "\"14:00-18:00\"],\"work_day\":\"same_clock\"}",
                                  NULL);
    check_due(wt, "2026-03-05 09:00", 1500, WG_WORK_DAY, "2026-03-06 15:00");
    check_due(wt, "2026-03-06 15:00", 500, WG_WORK_DAY, "2026-03-09 09:00");
    wg_worktime_free(wt);
    wt = made("{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\",\"14:00-18:00\"],"
              "\"work_day\":\"end_of_day\"}",
              NULL);
    check_due(wt, "2026-03-05 09:00", 1500, WG_WORK_DAY, "2026-03-09 18:00");
    done(wt);
}

/* ---- days ---- */

static struct wg_workday day_of(const struct wg_worktime *wt, int y, int m, int d)
{
    struct wg_workday out;
    wg_worktime_day(wt, (struct wg_date){y, m, d}, &out);
    return out;
}

TEST(each_day_of_the_national_calendar_is_worked_or_not_as_noticed)
{
    const struct wg_json *calendar = national(), *years = wg_json_get(calendar, "years");
    struct wg_worktime *wt = made(USUAL, calendar);
    int64_t day = wg_day_of((struct wg_date){2012, 1, 1});
    int noticed = 0;
    for (; day <= wg_day_of((struct wg_date){2026, 12, 31}); day++) {
        struct wg_date d = wg_date_of(day);
        struct wg_workday got = day_of(wt, d.year, d.month, d.day);
        char key[16], year[8], want[160];
        snprintf(key, sizeof(key), "%04d-%02d-%02d", d.year, d.month, d.day);
        snprintf(year, sizeof(year), "%04d", d.year);
        const struct wg_json *of = wg_json_get(years, year);
        struct wg_str work = wg_json_str(wg_json_get(of, "workdays"), key);
        struct wg_str rest = wg_json_str(wg_json_get(of, "holidays"), key);
        bool weekday = (day + 3) % 7 < 5;
        CHECK(got.known);
        CHECK_INT(got.works, work.p || (weekday && !rest.p));
        CHECK_INT(got.shift_count, got.works ? 2 : 0);
        if (work.p)
            snprintf(want, sizeof(want), "调休上班：%s", work.p);
        else if (rest.p)
            snprintf(want, sizeof(want), "法定节假日：%s", rest.p);
        else
            snprintf(want, sizeof(want), "%s", weekday ? "工作日" : "周末");
        CHECK_TEXT(got.why, want);
        noticed += work.p || rest.p;
    }
    CHECK_INT(noticed, 412 + 98);
    done(wt);
}

TEST(local_notices_beat_national_ones_and_work_beats_rest)
{
    struct wg_worktime *wt = made("{\"week\":\"Mon-Sat\",\"shifts\":[\"08:00-12:00\"],\"holidays\":"
                                  "{\"2026-11-11\":\"县庆日\","
                                  "\"2026-11-12\":\"停电\"},\"workdays\":{\"2026-10-01\":"
                                  "\"防汛值守\",\"2026-11-12\":\"抢修\"}}",
                                  national());
    struct wg_workday d = day_of(wt, 2026, 11, 11);
    CHECK(!d.works && d.known);
    CHECK_TEXT(d.why, "县庆日");
    d = day_of(wt, 2026, 11, 12);
    CHECK(d.works);
    CHECK_TEXT(d.why, "抢修");
    d = day_of(wt, 2026, 10, 1);
    CHECK(d.works && d.shift_count == 1 && d.shift[0].from_min == 480 && d.shift[0].to_min == 720);
    CHECK_TEXT(d.why, "防汛值守");
    CHECK(day_of(wt, 2026, 3, 7).works); /* a Saturday */
    done(wt);
}

TEST(a_year_without_a_calendar_is_said_to_be_a_guess)
{
    struct wg_worktime *wt = made("{\"week\":\"Mon,Wed,Fri\",\"shifts\":[\"08:00-12:00\"],"
                                  "\"holidays\":{\"2030-01-02\":\"元旦调休\"}}",
                                  national());
    struct wg_workday d = day_of(wt, 2030, 1, 4);
    CHECK(d.works && !d.known);
    CHECK_TEXT(d.why, "工作日（无该年节假日数据，按周历推定）");
    d = day_of(wt, 2030, 1, 2);
    CHECK(!d.works && d.known);
    CHECK_TEXT(d.why, "元旦调休");
    CHECK_TEXT(day_of(wt, 2026, 3, 3).why, "休息日");
    CHECK_TEXT(day_of(wt, 1870, 1, 1).why, "周末（无该年节假日数据，按周历推定）");
    done(wt);
}

TEST(seasons_may_wrap_the_year_and_meet_on_leap_day)
{
    struct wg_worktime *wt = made(
        "{\"week\":\"Mon-Sun\",\"shifts\":[\"08:00-16:00\"],\"seasons\":["
        "{\"name\":\"冬令\",\"from\":\"11-15\",\"to\":\"02-29\",\"shifts\":[\"09:00-15:00\"]},"
        "{\"name\":\"春令\",\"from\":\"03-01\",\"to\":\"03-01\",\"shifts\":[\"10:00-24:00\"]}]}",
        NULL);
    CHECK_INT(day_of(wt, 2028, 2, 29).shift[0].from_min, 540);
    CHECK_INT(day_of(wt, 2028, 3, 1).shift[0].from_min, 600);
    CHECK_INT(day_of(wt, 2028, 3, 2).shift[0].from_min, 480);
    CHECK_INT(day_of(wt, 2027, 11, 14).shift[0].from_min, 480);
    CHECK_INT(day_of(wt, 2027, 12, 31).shift[0].from_min, 540);
    done(wt);
}

/* ---- statements ---- */

struct told {
    struct wg_buf text;
    int64_t at_ms, counted_ms;
    int spans, stop_at;
    bool touching, joined;
    struct wg_span last;
};

static int tell(void *arg, const struct wg_span *s)
{
    struct told *t = arg;
    char from[40], to[40];
    t->touching &= s->from_ms == t->at_ms && s->to_ms > s->from_ms;
    t->joined &= !t->spans || s->counted != t->last.counted || strcmp(s->why, t->last.why) != 0;
    t->at_ms = s->to_ms;
    t->counted_ms += s->counted ? s->to_ms - s->from_ms : 0;
    t->last = *s;
    if (!t->text.failed) {
        wg_buf_fmt(&t->text, "%.11s-%.11s %c %s\n", text_of(s->from_ms, from) + 5,
                   text_of(s->to_ms, to) + 5, s->counted ? '+' : '-', s->why);
    }
    return ++t->spans == t->stop_at ? 42 : 0;
}

static struct told told_of(const struct wg_worktime *wt, int64_t from, int64_t to,
                           enum wg_unit unit, bool text)
{
    struct told t = {.at_ms = from, .touching = true, .joined = true};
    t.text.failed = !text;
    CHECK_INT(wg_worktime_spans(wt, from, to, unit, tell, &t), 0);
    return t;
}

static void check_told(const struct wg_worktime *wt, const char *from, const char *to,
                       enum wg_unit unit, const char *want)
{
    struct told t = told_of(wt, at(from), at(to), unit, true);
    wg_buf_char(&t.text, '\0');
    CHECK_TEXT(t.text.p, want);
    CHECK_INT(t.at_ms, at(to));
    wg_buf_free(&t.text);
}

TEST(a_statement_says_why_each_hour_counts_or_not)
{
    struct wg_worktime *wt = made("{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\","
                                  "\"14:30-17:30\"],\"holidays\":{\"2026-03-05\":\"县运动会\"},"
                                  "\"workdays\":{\"2026-03-08\":\"创城迎检\"}}",
                                  national());
    check_told(wt, "2026-03-03 17:00", "2026-03-09 08:10", WG_WORK_DAY,
               "03-03T17:00-03-03T17:30 + 工作时间\n"
               "03-03T17:30-03-04T08:00 - 夜间\n"
               "03-04T08:00-03-04T12:00 + 工作时间\n"
               "03-04T12:00-03-04T14:30 - 午间休息\n"
               "03-04T14:30-03-04T17:30 + 工作时间\n"
               "03-04T17:30-03-05T00:00 - 夜间\n"
               "03-05T00:00-03-06T00:00 - 县运动会\n"
               "03-06T00:00-03-06T08:00 - 夜间\n"
               "03-06T08:00-03-06T12:00 + 工作时间\n"
               "03-06T12:00-03-06T14:30 - 午间休息\n"
               "03-06T14:30-03-06T17:30 + 工作时间\n"
               "03-06T17:30-03-07T00:00 - 夜间\n"
               "03-07T00:00-03-08T00:00 - 周末\n"
               "03-08T00:00-03-08T08:00 - 夜间\n"
               "03-08T08:00-03-08T12:00 + 工作时间（创城迎检）\n"
               "03-08T12:00-03-08T14:30 - 午间休息\n"
               "03-08T14:30-03-08T17:30 + 工作时间（创城迎检）\n"
               "03-08T17:30-03-09T08:00 - 夜间\n"
               "03-09T08:00-03-09T08:10 + 工作时间\n");
    check_told(wt, "2025-09-28 11:00", "2025-10-09 09:00", WG_WORK_HOUR,
               "09-28T11:00-09-28T12:00 + 工作时间（调休上班：国庆节）\n"
               "09-28T12:00-09-28T14:30 - 午间休息\n"
               "09-28T14:30-09-28T17:30 + 工作时间（调休上班：国庆节）\n"
               "09-28T17:30-09-29T08:00 - 夜间\n"
               "09-29T08:00-09-29T12:00 + 工作时间\n"
               "09-29T12:00-09-29T14:30 - 午间休息\n"
               "09-29T14:30-09-29T17:30 + 工作时间\n"
               "09-29T17:30-09-30T08:00 - 夜间\n"
               "09-30T08:00-09-30T12:00 + 工作时间\n"
               "09-30T12:00-09-30T14:30 - 午间休息\n"
               "09-30T14:30-09-30T17:30 + 工作时间\n"
               "09-30T17:30-10-01T00:00 - 夜间\n"
               "10-01T00:00-10-06T00:00 - 法定节假日：国庆节\n"
               "10-06T00:00-10-07T00:00 - 法定节假日：中秋\n"
               "10-07T00:00-10-09T00:00 - 法定节假日：国庆节\n"
               "10-09T00:00-10-09T08:00 - 夜间\n"
               "10-09T08:00-10-09T09:00 + 工作时间\n");
    check_told(wt, "2030-01-04 17:00", "2030-01-05 12:00", WG_WORK_HOUR,
               "01-04T17:00-01-04T17:30 + 工作时间（无该年节假日数据，按周历推定）\n"
               "01-04T17:30-01-05T00:00 - 夜间（无该年节假日数据，按周历推定）\n"
               "01-05T00:00-01-05T12:00 - 周末（无该年节假日数据，按周历推定）\n");
    check_told(wt, "2026-03-06 17:00", "2026-03-09 08:10", WG_EMERGENCY_HOUR,
               "03-06T17:00-03-09T08:10 + 连续计时\n");
    done(wt);
}

TEST(a_statement_can_be_stopped_and_has_an_end)
{
    struct wg_worktime *wt = made(USUAL, NULL);
    struct told t = {.at_ms = at("2026-03-02 08:00"), .touching = true, .stop_at = 3};
    int64_t from = t.at_ms;
    t.text.failed = true;
    CHECK_INT(wg_worktime_spans(wt, from, from + 9 * WG_DAY_MS, WG_WORK_DAY, tell, &t), 42);
    CHECK_INT(t.spans, 3);
    t = (struct told){.at_ms = from};
    CHECK_INT(wg_worktime_spans(wt, from, from, WG_WORK_DAY, tell, &t), 0);
    CHECK_INT(wg_worktime_spans(wt, INT64_MIN, INT64_MAX, WG_WORK_DAY, tell, &t), WG_ERANGE);
    CHECK_INT(t.spans, 0);
    done(wt);
}

/* ---- a walker over minutes, which knows nothing of tables ---- */

#define WALK_DAYS 1100

struct town {
    int week, shifts[2][6][2], counts[2]; /* usual, and in season */
    int season[2];                        /* month * 32 + day; from > to wraps */
    signed char notice[WALK_DAYS];        /* 0 none, then national rest, work, local rest, work */
    unsigned char works[WALK_DAYS * 1440];
    int day_minutes[WALK_DAYS];
    int64_t first_day;
};

static uint64_t seed;
static int below(int n) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int)((seed * UINT64_C(2685821657736338717) >> 33) % (uint64_t)n);
}

static void write_shifts(struct town *t, int which, struct wg_buf *out)
{
    int at_min = below(600);
    t->counts[which] = 1 + below(3);
    wg_buf_char(out, '[');
    for (int i = 0; i < t->counts[which]; i++) {
        int to = at_min + 1 + below(280);
        t->shifts[which][i][0] = at_min;
        t->shifts[which][i][1] = to = to > 1440 ? 1440 : to;
        wg_buf_fmt(out, "%s\"%02d:%02d-%02d:%02d\"", i ? "," : "", at_min / 60, at_min % 60,
                   to / 60, to % 60);
        at_min = to + below(90);
    }
    wg_buf_char(out, ']');
}

static void write_notices(struct town *t, int rank, int from, int to, struct wg_buf *out)
{
    bool first = true;
    wg_buf_char(out, '{');
    for (int d = from; d < to; d++) {
        struct wg_date date = wg_date_of(t->first_day + d);
        if (below(25))
            continue;
        t->notice[d] = (signed char)(t->notice[d] < rank ? rank : t->notice[d]);
        wg_buf_fmt(out, "%s\"%04d-%02d-%02d\":\"x\"", first ? "" : ",", date.year, date.month,
                   date.day);
        first = false;
    }
    wg_buf_char(out, '}');
}

static struct wg_worktime *found_town(struct town *t)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct wg_buf h = WG_BUF_INIT, n = WG_BUF_INIT;
    int year = 2016 + below(34); /* also around and beyond the end of the table */
    *t = (struct town){.first_day = wg_day_of((struct wg_date){year, 1, 1})};
    int days_in_year = (int)(wg_day_of((struct wg_date){year + 1, 1, 1}) - t->first_day);
    t->week = 1 << below(7) | below(128);
    wg_buf_lit(&h, "{\"week\":\"");
    for (int d = 0, k = 0; d < 7; d++)
        if (t->week >> d & 1)
            wg_buf_fmt(&h, "%s%s", k++ ? "," : "", days[d]);
    wg_buf_lit(&h, "\",\"shifts\":");
    write_shifts(t, 0, &h);
    for (int k = 0; k < 2; k++)
        t->season[k] = (1 + below(12)) * 32 + 1 + below(28);
    wg_buf_fmt(&h, ",\"seasons\":[{\"name\":\"s\",\"from\":\"%02d-%02d\",\"to\":\"%02d-%02d\",",
               t->season[0] / 32, t->season[0] % 32, t->season[1] / 32, t->season[1] % 32);
    wg_buf_lit(&h, "\"shifts\":");
    write_shifts(t, 1, &h);
    wg_buf_lit(&h, "}],\"holidays\":");
    write_notices(t, 3, 0, WALK_DAYS, &h);
    wg_buf_lit(&h, ",\"workdays\":");
    write_notices(t, 4, 0, WALK_DAYS, &h);
    wg_buf_lit(&h, "}");
    wg_buf_fmt(&n, "{\"years\":{\"2024\":{},\"%d\":{\"holidays\":", year == 2024 ? 2025 : year);
    if (year == 2024)
        wg_buf_lit(&n, "{}");
    else
        write_notices(t, 1, 0, days_in_year, &n);
    wg_buf_lit(&n, ",\"workdays\":");
    if (year == 2024)
        wg_buf_lit(&n, "{}");
    else
        write_notices(t, 2, 0, days_in_year, &n);
    wg_buf_lit(&n, "}}}");
    wg_buf_char(&h, '\0');
    struct wg_worktime *wt = made(h.p, json(wg_buf_str(&n)));
    wg_buf_free(&h);
    wg_buf_free(&n);
    return wt;
}

static void mark_minutes(struct town *t)
{
    for (int d = 0; d < WALK_DAYS; d++) {
        struct wg_date date = wg_date_of(t->first_day + d);
        int md = date.month * 32 + date.day, a = t->season[0], b = t->season[1];
        int which = a <= b ? md >= a && md <= b : md >= a || md <= b;
        bool works = t->week >> ((t->first_day + d + 3) % 7) & 1;
        if (t->notice[d])
            works = t->notice[d] % 2 == 0;
        for (int i = 0; works && i < t->counts[which]; i++)
            for (int m = t->shifts[which][i][0]; m < t->shifts[which][i][1]; m++) {
                t->works[d * 1440 + m] = 1;
                t->day_minutes[d]++;
            }
    }
}

/* Walks the minutes; -1 beyond the town's days. Gives the minute where counting began. */
static int64_t walk(const struct town *t, int64_t from_ms, int64_t work_ms, int *began)
{
    int64_t origin = t->first_day * WG_DAY_MS - WG_ZONE_MS, now = from_ms - origin;
    *began = -1;
    while (now < (int64_t)WALK_DAYS * WG_DAY_MS) {
        int64_t minute = now / WG_MINUTE_MS, end = (minute + 1) * WG_MINUTE_MS;
        if (t->works[minute]) {
            if (*began < 0)
                *began = (int)minute;
            if (work_ms <= end - now)
                return origin + now + work_ms;
            work_ms -= end - now;
        }
        now = end;
    }
    return -1;
}

static void check_walk(const struct town *t, const struct wg_worktime *wt)
{
    int64_t origin = t->first_day * WG_DAY_MS - WG_ZONE_MS, due = 0;
    int64_t from = origin + (int64_t)below(400) * WG_DAY_MS + below(1440) * WG_MINUTE_MS +
                   (below(2) ? below(60000) : 0);
    struct wg_limit limit = {1 + below(below(2) ? 20000 : 3000), WG_WORK_HOUR};
    int64_t work = limit.n_milli * 3600;
    int began = -1;
    if (below(2)) {
        limit.unit = WG_WORK_DAY;
        if (below(2))
            limit.n_milli = (limit.n_milli / 1000 + 1) * 1000;
        CHECK(walk(t, from, 1, &began) > 0);
        work = limit.n_milli * t->day_minutes[began / 1440] * 60;
    }
    int64_t want = walk(t, from, work, &began);
    if (want < 0)
        return;
    CHECK_INT(wg_worktime_due(wt, from, limit, &due), WG_OK);
    check_moment(due, want, "walked");
    CHECK_INT(wg_worktime_between(wt, from, due), work);
    struct told s = told_of(wt, from, due, limit.unit, false);
    CHECK(s.touching && s.joined);
    CHECK_INT(s.at_ms, due);
    CHECK_INT(s.counted_ms, work);
    CHECK(s.last.counted);
}

TEST(twenty_thousand_deadlines_equal_a_walk_over_minutes)
{
    struct town *t = malloc(sizeof(*t));
    seed = 20260306;
    for (int towns = 0; towns < 200; towns++) {
        struct wg_worktime *wt = found_town(t);
        mark_minutes(t);
        for (int i = 0; i < 100; i++)
            check_walk(t, wt);
        done(wt);
    }
    free(t);
}

/* ---- faults ---- */

static void check_refused(const char *hours, const char *pointer, const char *why)
{
    struct wg_worktime *wt = (struct wg_worktime *)&err;
    err = (struct wg_err){0};
    CHECK_INT(wg_worktime_new(json(wg_str_of(hours)), NULL, &wt, &err), WG_EINVAL);
    CHECK(wt == NULL);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    CHECK_TEXT(err.pointer, pointer);
    CHECK(wg_utf8_valid(wg_str_of(err.text)));
    done(NULL);
}

#define SHIFTS(list) "{\"week\":\"Mon-Fri\",\"shifts\":" list "}"
#define WITH(more) "{\"week\":\"Mon-Fri\",\"shifts\":[\"08:00-12:00\"]," more "}"

TEST(a_wrong_table_is_told_what_and_where_and_what_would_be_right)
{
    check_refused("[1]", "/hours", "hours: must be a table");
    check_refused("{\"shifts\":[\"08:00-12:00\"]}", "/hours/week", "write e.g. \"Mon-Fri\"");
    check_refused("{\"week\":\"Mon-Fry\",\"shifts\":[]}", "/hours/week",
                  "\"Fry\" is no weekday; they are Mon");
    check_refused("{\"week\":\"Mon-\",\"shifts\":[]}", "/hours/week", "\"\" is no weekday");
    check_refused("{\"week\":\"Mon\"}", "/hours/shifts", "hours.shifts: is missing");
    check_refused(SHIFTS("[]"), "/hours/shifts", "1 to 6 shifts");
    check_refused(SHIFTS("[\"08:00-12:00\",\"14:00-13:00\"]"), "/hours/shifts/1",
                  "hours.shifts[1]: \"14:00-13:00\" ends before it begins");
    check_refused(SHIFTS("[\"08:00-25:00\"]"), "/hours/shifts/0", "\"25:00\" is no time of day");
    check_refused(SHIFTS("[\"08:60-12:00\"]"), "/hours/shifts/0", "\"08:60\" is no time of day");
    check_refused(SHIFTS("[\"8-12\"]"), "/hours/shifts/0", "\"8\" is no time of day");
    check_refused(SHIFTS("[\"08:00\"]"), "/hours/shifts/0", "write e.g. \"08:00-12:00\"");
    check_refused(SHIFTS("[\"08:00-08:00\"]"), "/hours/shifts/0", "has no length");
    check_refused(SHIFTS("[8]"), "/hours/shifts/0", "hours.shifts[0]: \"8\" is no shift");
    check_refused(SHIFTS("[\"08:00-12:00\",\"11:00-13:00\"]"), "/hours/shifts/1", "overlaps [0]");
    check_refused(SHIFTS("[\"14:00-18:00\",\"08:00-12:00\"]"), "/hours/shifts/1",
                  "comes before [0]");
    check_refused(WITH("\"holliday\":{}"), "/hours", "hours.holliday: there is no such key");
    check_refused(WITH("\"holidays\":{\"2026-02-30\":\"x\"}"), "/hours/holidays/2026-02-30",
                  "\"2026-02-30\" is no date; write e.g. \"2026-11-11\"");
    check_refused(WITH("\"workdays\":{\"2026-02-20\":\"\"}"), "/hours/workdays/2026-02-20",
                  "hours.workdays.2026-02-20: write why");
    check_refused(WITH("\"holidays\":[\"2026-02-20\"]"), "/hours/holidays",
                  "hours.holidays: must be");
    check_refused(WITH("\"work_day\":\"hours\""), "/hours/work_day",
                  "\"hours\" is none of minutes, same_clock, end_of_day");
    check_refused(WITH("\"seasons\":{\"a\":1}"), "/hours/seasons", "must be a list");
    check_refused(WITH("\"seasons\":[{\"from\":\"05-01\"}]"), "/hours/seasons/0",
                  "hours.seasons[0]: must be {\"name\"");
    check_refused(WITH("\"seasons\":[{\"name\":\"s\",\"from\":\"5-1\",\"to\":\"09-30\"}]"),
                  "/hours/seasons/0/from", "hours.seasons[0].from: \"5-1\" is no month and day");
    check_refused(WITH("\"seasons\":[{\"name\":\"s\",\"from\":\"05-01\",\"to\":\"09-31\"}]"),
                  "/hours/seasons/0/to", "\"09-31\" is no month and day");
    check_refused(WITH("\"seasons\":[{\"name\":\"s\",\"from\":\"05-01\",\"to\":\"09-30\"}]"),
                  "/hours/seasons/0/shifts", "hours.seasons[0].shifts: is missing");
    check_refused(
        WITH("\"seasons\":[{\"name\":\"a\",\"from\":\"05-01\",\"to\":\"09-30\",\"shifts\":"
             "[\"08:00-12:00\"]},{\"name\":\"b\",\"from\":\"09-30\",\"to\":\"02-01\","
             "\"shifts\":[\"08:00-12:00\"]}]"),
        "/hours/seasons/1", "hours.seasons[1]: overlaps hours.seasons[0] on 09-30");
}

TEST(empty_tables_from_lua_are_taken_for_none)
{
    done(made(WITH("\"seasons\":{},\"holidays\":[],\"workdays\":[]"), NULL));
}

TEST(a_wrong_national_calendar_is_refused)
{
    struct wg_worktime *wt = NULL;
    const struct wg_json *hours = json(WG_S(USUAL));
    CHECK_INT(wg_worktime_new(hours, json(WG_S("{}")), &wt, &err), WG_EINVAL);
    CHECK(strstr(err.text, "calendar.years: is missing"));
    CHECK_INT(wg_worktime_new(hours, json(WG_S("{\"years\":{\"26\":{}}}")), &wt, &err), WG_EINVAL);
    CHECK(strstr(err.text, "\"26\" is no year"));
    CHECK_INT(wg_worktime_new(
                  hours, json(WG_S("{\"years\":{\"2026\":{\"holidays\":{\"2027-01-01\":\"x\"}}}}")),
                  &wt, &err),
              WG_EINVAL);
    CHECK(strstr(err.text, "2027-01-01 is not in that year"));
    done(wt);
}

RUN_ALL("worktime")
