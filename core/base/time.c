#include "base/time.h"

#include <time.h>

static int64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t wg_now_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t wg_mono_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t wg_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* Division that rounds down, also before 1970. */
static int64_t floor_div(int64_t a, int64_t b, int64_t *rest)
{
    int64_t q = a / b, r = a % b;
    if (r < 0) {
        r += b;
        q--;
    }
    *rest = r;
    return q;
}

/* Both ways: years begin in March, so that the leap day is the last of its year, and 400 years (an
 * era) always have 146,097 days; (153 m + 2) / 5 is the day a month so counted begins on.
 * Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#define ERA_DAYS 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

int64_t wg_day_of(struct wg_date d)
{
    int64_t in_era = 0;
    int64_t month = d.month > 2 ? (int64_t)d.month - 3 : (int64_t)d.month + 9;
    int64_t era = floor_div((int64_t)d.year - (d.month <= 2), 400, &in_era);
    int64_t day = (153 * month + 2) / 5 + d.day - 1;
    return era * ERA_DAYS + in_era * 365 + in_era / 4 - in_era / 100 + day - DAYS_TO_1970;
}

struct wg_date wg_date_of(int64_t day)
{
    const int64_t most = INT64_C(700000000000); /* beyond it the year does not fit an int */
    int64_t of_era = 0;
    day = day > most ? most : day < -most ? -most : day;
    int64_t era = floor_div(day + DAYS_TO_1970, ERA_DAYS, &of_era);
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    struct wg_date d;
    d.day = (int)(of_year - (153 * month + 2) / 5 + 1);
    d.month = (int)(month < 10 ? month + 3 : month - 9);
    d.year = (int)(era * 400 + year + (d.month <= 2));
    return d;
}

bool wg_date_valid(struct wg_date d)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d.year < 0 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1)
        return false;
    bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
    return d.day <= lengths[d.month - 1] + (d.month == 2 && leap);
}

/* Exactly n digits at the front of *s, which moves on; -1 where there are fewer. */
static int digits(struct wg_str *s, int n)
{
    int v = 0;
    if (s->n < (size_t)n)
        return -1;
    for (int i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return -1;
        v = v * 10 + (s->p[i] - '0');
    }
    s->p += n;
    s->n -= (size_t)n;
    return v;
}

/* One byte out of `any` at the front of *s, which moves on; 0 where it is another. */
static char one_of(struct wg_str *s, const char *any)
{
    if (s->n == 0 || s->p[0] == '\0' || !strchr(any, s->p[0]))
        return '\0';
    s->n--;
    return *s->p++;
}

static int take_date(struct wg_str *s, struct wg_date *out)
{
    struct wg_date d;
    d.year = digits(s, 4);
    if (d.year < 0 || !one_of(s, "-"))
        return WG_EINVAL;
    d.month = digits(s, 2);
    if (d.month < 0 || !one_of(s, "-"))
        return WG_EINVAL;
    d.day = digits(s, 2);
    if (!wg_date_valid(d))
        return WG_EINVAL;
    *out = d;
    return WG_OK;
}

int wg_date_parse(struct wg_str s, struct wg_date *out)
{
    struct wg_date d;
    if (take_date(&s, &d) < 0 || s.n > 0)
        return WG_EINVAL;
    *out = d;
    return WG_OK;
}

int64_t wg_local_day(int64_t t_ms, int64_t *into_ms)
{
    /* The zone is added after the division, which leaves room for it at both ends of int64. */
    int64_t into = 0;
    int64_t day = floor_div(t_ms, WG_DAY_MS, &into);
    into += WG_ZONE_MS;
    if (into >= WG_DAY_MS) {
        into -= WG_DAY_MS;
        day++;
    }
    if (into_ms)
        *into_ms = into;
    return day;
}

static char *put_digits(char *at, int v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        at[i] = (char)('0' + v % 10);
    return at + n;
}

void wg_buf_time(struct wg_buf *b, int64_t t_ms)
{
    int64_t into = 0;
    struct wg_date d = wg_date_of(wg_local_day(t_ms, &into));
    int ms = (int)into;
    char text[32], *at = text;
    if (d.year < 0 || d.year > 9999) /* RFC 3339 ends here; the number at least stays right */
        wg_buf_int(b, d.year);
    else
        at = put_digits(at, d.year, 4);
    *at++ = '-';
    at = put_digits(at, d.month, 2);
    *at++ = '-';
    at = put_digits(at, d.day, 2);
    *at++ = 'T';
    at = put_digits(at, ms / 3600000, 2);
    *at++ = ':';
    at = put_digits(at, ms / 60000 % 60, 2);
    *at++ = ':';
    at = put_digits(at, ms / 1000 % 60, 2);
    if (ms % 1000) {
        *at++ = '.';
        at = put_digits(at, ms % 1000, 3);
    }
    memcpy(at, "+08:00", 6);
    wg_buf_add(b, text, (size_t)(at + 6 - text));
}

static int take_clock(struct wg_str *s, int64_t *out_ms)
{
    int hour = digits(s, 2);
    if (hour < 0 || hour > 23 || !one_of(s, ":"))
        return WG_EINVAL;
    int minute = digits(s, 2);
    if (minute < 0 || minute > 59 || !one_of(s, ":"))
        return WG_EINVAL;
    int second = digits(s, 2);
    if (second < 0 || second > 59) /* no leap seconds: our time line has none */
        return WG_EINVAL;
    int ms = 0, places = 0;
    if (one_of(s, ".")) {
        for (int digit; places < 9 && (digit = digits(s, 1)) >= 0; places++)
            if (places < 3)
                ms = ms * 10 + digit;
        if (places == 0)
            return WG_EINVAL;
        for (; places < 3; places++)
            ms *= 10;
    }
    *out_ms = hour * WG_HOUR_MS + minute * WG_MINUTE_MS + second * WG_SECOND_MS + ms;
    return WG_OK;
}

static int take_offset(struct wg_str *s, int64_t *out_ms)
{
    *out_ms = 0;
    if (one_of(s, "Zz"))
        return WG_OK;
    char sign = one_of(s, "+-");
    int hour = sign ? digits(s, 2) : -1;
    if (hour < 0 || hour > 23 || !one_of(s, ":"))
        return WG_EINVAL;
    int minute = digits(s, 2);
    if (minute < 0 || minute > 59)
        return WG_EINVAL;
    *out_ms = (hour * WG_HOUR_MS + minute * WG_MINUTE_MS) * (sign == '-' ? -1 : 1);
    return WG_OK;
}

int wg_time_parse(struct wg_str s, int64_t *out_ms)
{
    struct wg_date d;
    int64_t clock_ms = 0, offset_ms = 0;
    if (take_date(&s, &d) < 0 || !one_of(&s, "Tt") || take_clock(&s, &clock_ms) < 0 ||
        take_offset(&s, &offset_ms) < 0 || s.n > 0)
        return WG_EINVAL;
    *out_ms = wg_day_of(d) * WG_DAY_MS + clock_ms - offset_ms;
    return WG_OK;
}
