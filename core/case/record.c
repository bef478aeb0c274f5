/* The case record's packed form: a version byte, the fixed numbers, then strings behind their
 * lengths. Numbers are varints: most are small, and a closed case must stay within its few hundred
 * bytes. */
#include "case/case.h"

#include <stdio.h>

#define RECORD_VERSION 1

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

#define STRINGS(c)                                                                          \
    {                                                                                       \
        &(c)->number, &(c)->standard, &(c)->category, &(c)->category_name, &(c)->condition, \
            &(c)->unit, &(c)->proposed, &(c)->part, &(c)->grid, &(c)->reporter, &(c)->rev,  \
            &(c)->address, &(c)->description, &(c)->caller, &(c)->held, &(c)->people,       \
            &(c)->photos, &(c)->asked                                                       \
    }
#define STRING_COUNT 18

void wg_case_encode(const struct wg_case *c, struct wg_buf *out)
{
    const struct wg_str *const s[STRING_COUNT] = STRINGS(c);
    size_t room = 256;
    for (size_t i = 0; i < STRING_COUNT; i++)
        room += s[i]->n + 10;
    char *p = wg_buf_room(out, room), *start = p;
    if (!p)
        return;
    *p++ = RECORD_VERSION;
    *p++ = (char)c->state;
    *p++ = (char)c->before;
    *p++ = (char)c->kind;
    *p++ = (char)c->source;
    *p++ = (char)c->flags;
    *p++ = (char)c->rework;
    *p++ = (char)c->deferrals;
    p = put_u64(p, c->id);
    p = put_u64(p, c->first_n);
    p = put_u64(p, c->last_n);
    p = put_u64(p, c->version);
    p = put_i64(p, c->at.lon_e7);
    p = put_i64(p, c->at.lat_e7);
    /* times as distances from the first: two to five bytes instead of six each */
    p = put_i64(p, c->opened);
    const int64_t times[] = {c->changed, c->filed, c->due, c->stage_due, c->closed};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        p = put_i64(p, times[i] ? (int64_t)((uint64_t)times[i] - (uint64_t)c->opened + 1) : 0);
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
    const unsigned char *p = (const unsigned char *)bytes.p;
    struct reader r = {p + 8, p + bytes.n, false};
    if (bytes.n < 8 || p[0] != RECORD_VERSION)
        return WG_ECORRUPT;
    c->state = p[1];
    c->before = p[2];
    c->kind = p[3];
    c->source = p[4];
    c->flags = p[5];
    c->rework = p[6];
    c->deferrals = p[7];
    c->id = get_u64(&r);
    c->first_n = get_u64(&r);
    c->last_n = get_u64(&r);
    c->version = (uint32_t)get_u64(&r);
    c->at.lon_e7 = (int32_t)get_i64(&r);
    c->at.lat_e7 = (int32_t)get_i64(&r);
    c->opened = get_i64(&r);
    c->changed = get_time(&r, c->opened);
    c->filed = get_time(&r, c->opened);
    c->due = get_time(&r, c->opened);
    c->stage_due = get_time(&r, c->opened);
    c->closed = get_time(&r, c->opened);
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

bool wg_words_have(struct wg_str words, struct wg_str word)
{
    while (words.n >= word.n && words.p) {
        const char *space = memchr(words.p, ' ', words.n);
        struct wg_str first = {words.p, space ? (size_t)(space - words.p) : words.n};
        if (wg_str_eq(first, word))
            return true;
        if (!space)
            break;
        words.n -= first.n + 1;
        words.p = space + 1;
    }
    return false;
}

bool wg_words_meet(struct wg_str words, struct wg_str others)
{
    while (others.n) {
        const char *space = memchr(others.p, ' ', others.n);
        struct wg_str word = {others.p, space ? (size_t)(space - others.p) : others.n};
        if (wg_words_have(words, word))
            return true;
        others = space ? (struct wg_str){space + 1, others.n - word.n - 1} : (struct wg_str){0};
    }
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
