/* The case record's packed form: a version byte, the fixed numbers, then strings behind their
 * lengths. Numbers are varints: most are small, and a closed case must stay within its few hundred
 * bytes. */
#include "case/case.h"

#include <stdio.h>

#define RECORD_VERSION 2

uint64_t wg_case_id(uint32_t area, uint32_t year, uint32_t serial)
{
    return (uint64_t)area << 44 | (uint64_t)year << 32 | serial;
}

static char *digits(char *end, uint64_t v, int least)
{
    for (; v || least > 0; v /= 10, least--)
        *--end = (char)('0' + v % 10);
    return end;
}

void wg_case_id_text(uint64_t id, char out[24])
{
    char serial[12], *from = digits(serial + sizeof(serial), id & 0xffffffff, 6);
    size_t n = (size_t)(serial + sizeof(serial) - from);
    digits(out + 6, (id >> 44) % 1000000, 6);
    out[6] = '-';
    digits(out + 11, id >> 32 & 0xfff, 4);
    out[11] = '-';
    memcpy(out + 12, from, n);
    out[12 + n] = '\0';
}

int wg_case_id_parse(struct wg_str s, uint64_t *out)
{
    int64_t area, year, serial = 0;
    if (s.n < 18 || s.n > 22 || s.p[6] != '-' || s.p[11] != '-' || s.p[0] == '0')
        return WG_EINVAL;
    if (wg_str_int((struct wg_str){s.p, 6}, &area) < 0 ||
        wg_str_int((struct wg_str){s.p + 7, 4}, &year) < 0)
        return WG_EINVAL;
    for (size_t i = 12; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return WG_EINVAL;
        serial = 10 * serial + s.p[i] - '0';
    }
    if (area < 0 || serial == 0 || serial > UINT32_MAX || year < 0 || year > 4095 ||
        (s.n > 18 && s.p[12] == '0'))
        return WG_EINVAL;
    *out = wg_case_id((uint32_t)area, (uint32_t)year, (uint32_t)serial);
    return WG_OK;
}

/* ---- writing ---- */

static char *put_u64(char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p++ = (char)v;
    return p;
}

static char *put_i64(char *p, int64_t v) /* zigzag: small negatives stay small */
{
    return put_u64(p, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static char *put_str(char *p, struct wg_str s)
{
    p = put_u64(p, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

#define STRINGS(c)                                                                              \
    {                                                                                           \
        &(c)->number, &(c)->standard, &(c)->category, &(c)->category_name, &(c)->condition,     \
            &(c)->unit, &(c)->proposed, &(c)->part, &(c)->grid, &(c)->reporter, &(c)->rev,      \
            &(c)->address, &(c)->description, &(c)->caller, &(c)->held, &(c)->people,           \
            &(c)->photos, &(c)->asked, &(c)->blamed, &(c)->assist, &(c)->into, &(c)->reporters, \
            &(c)->last, &(c)->order                                                             \
    }
#define STRING_COUNT 24
#define BYTES(c)                                                                            \
    {                                                                                       \
        &(c)->state, &(c)->before, &(c)->kind, &(c)->source, &(c)->rework, &(c)->deferrals, \
            &(c)->send_backs, &(c)->urges, &(c)->orders, &(c)->verified, &(c)->satisfied,   \
            &(c)->level, &(c)->segment                                                      \
    }
#define BYTE_COUNT 13
/* Kept as distances from `opened`. */
#define TIMES(c)                                                                              \
    {                                                                                         \
        &(c)->changed, &(c)->filed, &(c)->due, &(c)->stage_due, &(c)->closed, &(c)->occurred, \
            &(c)->dispatched, &(c)->since, &(c)->clock_from, &(c)->stopped, &(c)->warn,       \
            &(c)->until, &(c)->next, &(c)->part_due, &(c)->left_due, &(c)->used               \
    }
#define TIME_COUNT 16

void wg_case_encode(const struct wg_case *c, struct wg_buf *out)
{
    const struct wg_str *const s[STRING_COUNT] = STRINGS(c);
    const uint8_t *const byte[BYTE_COUNT] = BYTES(c);
    const int64_t *const time[TIME_COUNT] = TIMES(c);
    size_t room = 400;
    for (size_t i = 0; i < STRING_COUNT; i++)
        room += s[i]->n + 10;
    char *p = wg_buf_room(out, room), *start = p;
    if (!p)
        return;
    *p++ = RECORD_VERSION;
    for (size_t i = 0; i < BYTE_COUNT; i++)
        *p++ = (char)*byte[i];
    p = put_u64(p, c->flags);
    p = put_u64(p, c->trail);
    p = put_u64(p, c->id);
    p = put_u64(p, c->first_n);
    p = put_u64(p, c->last_n);
    p = put_u64(p, c->version);
    p = put_i64(p, c->at.lon_e7);
    p = put_i64(p, c->at.lat_e7);
    /* times as distances from the first: two to five bytes instead of six each */
    p = put_i64(p, c->opened);
    for (size_t i = 0; i < TIME_COUNT; i++) {
        int64_t t = *time[i];
        p = put_i64(p, t ? (int64_t)((uint64_t)t - (uint64_t)c->opened + 1) : 0);
    }
    p = put_i64(p, c->limit.n_milli);
    *p++ = (char)c->limit.unit;
    for (size_t i = 0; i < STRING_COUNT; i++)
        p = put_str(p, *s[i]);
    out->n += (size_t)(p - start);
}

/* ---- reading ---- */

struct reader {
    const unsigned char *p, *end;
    bool bad;
};

static uint64_t get_u64(struct reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->p == r->end)
            break;
        unsigned char b = *r->p++;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->bad = true;
    return 0;
}

static int64_t get_i64(struct reader *r)
{
    uint64_t v = get_u64(r);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static int64_t get_time(struct reader *r, int64_t opened)
{
    int64_t v = get_i64(r);
    return v ? (int64_t)((uint64_t)opened + (uint64_t)v - 1) : 0;
}

static struct wg_str get_str(struct reader *r)
{
    uint64_t n = get_u64(r);
    if (n > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return (struct wg_str){NULL, 0};
    }
    struct wg_str s = {n ? (const char *)r->p : NULL, (size_t)n};
    r->p += n;
    return s;
}

int wg_case_decode(struct wg_str bytes, struct wg_case *c)
{
    struct wg_str *const s[STRING_COUNT] = STRINGS(c);
    uint8_t *const byte[BYTE_COUNT] = BYTES(c);
    int64_t *const time[TIME_COUNT] = TIMES(c);
    const unsigned char *p = (const unsigned char *)bytes.p;
    struct reader r = {p + 1 + BYTE_COUNT, p + bytes.n, false};
    if (bytes.n < 1 + BYTE_COUNT || p[0] != RECORD_VERSION)
        return WG_ECORRUPT;
    for (size_t i = 0; i < BYTE_COUNT; i++)
        *byte[i] = p[1 + i];
    c->flags = (uint32_t)get_u64(&r);
    c->trail = (uint32_t)get_u64(&r);
    c->id = get_u64(&r);
    c->first_n = get_u64(&r);
    c->last_n = get_u64(&r);
    c->version = (uint32_t)get_u64(&r);
    c->at.lon_e7 = (int32_t)get_i64(&r);
    c->at.lat_e7 = (int32_t)get_i64(&r);
    c->opened = get_i64(&r);
    for (size_t i = 0; i < TIME_COUNT; i++)
        *time[i] = get_time(&r, c->opened);
    c->limit.n_milli = get_i64(&r);
    if (r.p < r.end)
        c->limit.unit = (enum wg_unit) * r.p++;
    for (size_t i = 0; i < STRING_COUNT; i++)
        *s[i] = get_str(&r);
    bool known = c->state < WG_STATES && c->kind < WG_KINDS && c->source < WG_SOURCES &&
                 c->limit.unit <= WG_CALENDAR_HOUR;
    return r.bad || !known ? WG_ECORRUPT : WG_OK;
}

/* ---- small questions about a record ---- */

bool wg_words_next(struct wg_str *rest, struct wg_str *word)
{
    while (rest->n) {
        const char *space = memchr(rest->p, ' ', rest->n);
        *word = (struct wg_str){rest->p, space ? (size_t)(space - rest->p) : rest->n};
        *rest =
            space ? (struct wg_str){space + 1, rest->n - word->n - 1} : (struct wg_str){NULL, 0};
        if (word->n)
            return true;
    }
    return false;
}

bool wg_words_have(struct wg_str words, struct wg_str word)
{
    struct wg_str one;
    while (words.n >= word.n && wg_words_next(&words, &one))
        if (wg_str_eq(one, word))
            return true;
    return false;
}

bool wg_clock_runs(int state)
{
    return state == WG_FILED || state == WG_DISPATCHED || state == WG_DISPOSING;
}

/* Every open case has exactly one. A request that waits is somebody's task beside it, and takes
 * nobody's duty away. */
uint32_t wg_case_post(const struct wg_case *c)
{
    switch (c->state) {
    case WG_REPORTED:
    case WG_DISPOSED:
        return WG_ACCEPTOR;
    case WG_VERIFYING:
    case WG_CHECKING:
        return WG_COLLECTOR;
    case WG_ACCEPTED:
    case WG_CHECKED:
        return WG_CHIEF;
    case WG_FILED:
    case WG_RETURNED:
    case WG_SUSPENDED:
        return WG_DISPATCHER;
    case WG_DISPUTED:
        return WG_COORDINATOR;
    case WG_DISPATCHED:
    case WG_DISPOSING:
        return WG_UNIT_ROLE;
    default:
        return 0;
    }
}

/* Of the JSON text that C itself wrote: no need to read all of it. */
uint32_t wg_case_asks(const struct wg_case *c)
{
    static const char of[] = "\"of\":\"", appeal[] = "\"what\":\"appeal\"";
    const char *at = c->asked.n ? memmem(c->asked.p, c->asked.n, of, sizeof(of) - 1) : NULL;
    if (!at)
        return c->asked.n && memmem(c->asked.p, c->asked.n, appeal, sizeof(appeal) - 1)
                   ? WG_REVIEWER
                   : 0;
    at += sizeof(of) - 1;
    const char *end = memchr(at, '"', (size_t)(c->asked.p + c->asked.n - at));
    return end ? wg_role_parse((struct wg_str){at, (size_t)(end - at)}) : 0;
}

struct wg_str wg_case_offered(const struct wg_case *c)
{
    static const char area[] = "\"area\":\"";
    const char *at = c->asked.n ? memmem(c->asked.p, c->asked.n, area, sizeof(area) - 1) : NULL;
    size_t before = at ? (size_t)(at - c->asked.p) + sizeof(area) - 1 : 0;
    return at && c->asked.n >= before + 6 ? (struct wg_str){c->asked.p + before, 6}
                                          : (struct wg_str){NULL, 0};
}

struct moment {
    const char *what;
    int64_t at;
};

/* In the order in which they count where they fall on one moment. */
static struct moment first_moment(const struct wg_case *c)
{
    bool open = wg_state_open(c->state);
    const struct moment all[] = {
        {"resume", c->state == WG_SUSPENDED ? c->until : 0},
        {"stage", open && !(c->flags & WG_STAGE_LATE) && c->stage_due != c->due ? c->stage_due : 0},
        {"overdue", wg_clock_runs(c->state) && !(c->flags & WG_OVERDUE) ? c->due : 0},
        {"escalate", open ? c->next : 0},
    };
    struct moment first = {NULL, 0};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].at && (!first.at || all[i].at < first.at))
            first = all[i];
    return first;
}

int64_t wg_case_wake(const struct wg_case *c)
{
    return first_moment(c).at;
}

const char *wg_case_wake_for(const struct wg_case *c, int64_t now_ms)
{
    struct moment m = first_moment(c);
    return m.at && m.at <= now_ms ? m.what : NULL;
}

bool wg_words_meet(struct wg_str words, struct wg_str others)
{
    struct wg_str word;
    while (wg_words_next(&others, &word))
        if (wg_words_have(words, word))
            return true;
    return false;
}

bool wg_case_other_axis(const struct wg_case *c, struct wg_str user, uint32_t role)
{
    char word[80];
    char other = role & WG_COMMAND ? 's' : role & WG_SUPERVISION ? 'c' : 0;
    if (!other)
        return false;
    int n = snprintf(word, sizeof(word), "%c:%.*s", other, WG_PRI(user));
    return n > 0 && n < (int)sizeof(word) &&
           wg_words_have(c->people, (struct wg_str){word, (size_t)n});
}
