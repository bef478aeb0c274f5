#include "wg.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool wg_str_starts(struct wg_str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

int wg_str_cmp(struct wg_str a, struct wg_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* v = v * 10 + digit, or false where that leaves uint64. */
static bool push_digit(uint64_t *v, unsigned digit)
{
    return !__builtin_mul_overflow(*v, (uint64_t)10, v) &&
           !__builtin_add_overflow(*v, (uint64_t)digit, v);
}

/* A size and a sign as int64; INT64_MIN has no positive twin, hence the detour. */
static int with_sign(uint64_t size, bool minus, int64_t *out)
{
    if (size > (uint64_t)INT64_MAX + minus)
        return WG_ERANGE;
    *out = minus ? (int64_t)(0 - size) : (int64_t)size;
    return WG_OK;
}

int wg_str_int(struct wg_str s, int64_t *out)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    uint64_t v = 0;
    bool fits = true;
    size_t i = minus;
    if (i == s.n || (s.p[i] == '0' && s.n > i + 1))
        return WG_EINVAL;
    size_t sure = s.n - i <= 18 ? s.n : i; /* 18 digits always fit; most numbers need no checks */
    for (; i < sure; i++) {
        if (!is_digit(s.p[i]))
            return WG_EINVAL;
        v = v * 10 + (unsigned)(s.p[i] - '0');
    }
    /* to the end even when it is too large: "99...9x" is not a number at all */
    for (; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return WG_EINVAL;
        fits = fits && push_digit(&v, (unsigned)(s.p[i] - '0'));
    }
    return fits ? with_sign(v, minus, out) : WG_ERANGE;
}

/* The form -?(0|[1-9][0-9]*)(\.[0-9]+)? ; *whole is how many digits stand before the point. */
static bool is_decimal(struct wg_str s, size_t *whole)
{
    size_t i = 0;
    while (i < s.n && is_digit(s.p[i]))
        i++;
    *whole = i;
    if (i == 0 || (i > 1 && s.p[0] == '0'))
        return false;
    if (i == s.n)
        return true;
    if (s.p[i++] != '.' || i == s.n)
        return false;
    while (i < s.n && is_digit(s.p[i]))
        i++;
    return i == s.n;
}

int wg_str_fixed(struct wg_str s, int scale, int64_t *out)
{
    size_t whole = 0;
    bool minus = s.n > 0 && s.p[0] == '-';
    if (minus)
        s = (struct wg_str){s.p + 1, s.n - 1};
    if (!is_decimal(s, &whole))
        return WG_EINVAL;
    /* `keep` digits count, the next one rounds. Any scale will do, a negative one too: numbers with
     * an exponent come this way. */
    int64_t keep = (int64_t)whole + scale, seen = 0;
    uint64_t v = 0;
    unsigned carry = 0;
    for (size_t i = 0; i < s.n && seen <= keep; i++) {
        if (s.p[i] == '.')
            continue;
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (seen == keep)
            carry = digit >= 5;
        else if (!push_digit(&v, digit))
            return WG_ERANGE;
        seen++;
    }
    if (v + carry < v)
        return WG_ERANGE;
    v += carry;
    for (; seen < keep && v > 0; seen++)
        if (!push_digit(&v, 0))
            return WG_ERANGE;
    return with_sign(v, minus, out);
}

/* Bytes of the UTF-8 character at p, or 0 where none is: too long a form, half of a surrogate pair
 * and what lies beyond U+10FFFF are none. Source: RFC 3629, section 4. */
static inline size_t utf8_step(const unsigned char *p, size_t left)
{
    unsigned c = p[0];
    if (c < 0x80)
        return 1;
    if (c >= 0xE0 && c < 0xF0) { /* first, for it is Chinese */
        if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return 0;
        unsigned v = (c & 0x0F) << 6 | (p[1] & 0x3F);
        return v < 0x20 || (v >= 0x360 && v <= 0x37F) ? 0 : 3;
    }
    if (c >= 0xC2 && c < 0xE0)
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (c >= 0xF0 && c < 0xF5) {
        if (left < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80)
            return 0;
        unsigned v = (c & 0x07) << 6 | (p[1] & 0x3F);
        return v < 0x10 || v > 0x10F ? 0 : 4;
    }
    return 0;
}

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t load8(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
    return x;
}

bool wg_utf8_valid(struct wg_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        while (s.n - i >= 8 && !(load8(p + i) & EVERY(0x80)))
            i += 8;
        /* then character by character up to the next eight, or through a run of Chinese */
        for (size_t end = i + 8; i < s.n && (i < end || p[i] >= 0x80);) {
            size_t step = utf8_step(p + i, s.n - i);
            if (step == 0)
                return false;
            i += step;
        }
    }
    return true;
}

size_t wg_utf8_count(struct wg_str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return count;
}

int wg_str_copy(char *dst, size_t cap, struct wg_str s)
{
    if (s.n >= cap) {
        if (cap > 0)
            dst[0] = '\0';
        return WG_ERANGE;
    }
    if (s.n)
        memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return WG_OK;
}

void wg_buf_free(struct wg_buf *b)
{
    free(b->p);
    *b = (struct wg_buf)WG_BUF_INIT;
}

char *wg_buf_room(struct wg_buf *b, size_t n)
{
    /* After a failure nothing is added any more: a text with a hole would look whole. */
    if (b->failed)
        return NULL;
    if (b->p && n <= b->cap - b->n)
        return b->p + b->n;
    size_t cap = b->cap ? b->cap : 128;
    if (n > SIZE_MAX / 4 - b->n) {
        b->failed = true;
        return NULL;
    }
    while (cap < b->n + n)
        cap *= 2;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    return p + b->n;
}

void wg_buf_add(struct wg_buf *b, const void *p, size_t n)
{
    char *at = wg_buf_room(b, n);
    if (!at || n == 0)
        return;
    memcpy(at, p, n);
    b->n += n;
}

void wg_buf_char(struct wg_buf *b, char c)
{
    char *at = wg_buf_room(b, 1);
    if (!at)
        return;
    *at = c;
    b->n++;
}

#define INT_TEXT 20 /* digits of UINT64_MAX, which is more than any int64 */

/* The digits of v, right-aligned before end; returns where they begin. */
static char *digits_before(char *end, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    for (; v >= 100; v /= 100)
        memcpy(end -= 2, pairs + 2 * (v % 100), 2);
    if (v >= 10)
        return memcpy(end - 2, pairs + 2 * v, 2);
    *--end = (char)('0' + v);
    return end;
}

static uint64_t size_of(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void wg_buf_int(struct wg_buf *b, int64_t v)
{
    char text[INT_TEXT + 1], *end = text + sizeof(text);
    char *at = digits_before(end, size_of(v));
    if (v < 0)
        *--at = '-';
    wg_buf_add(b, at, (size_t)(end - at));
}

void wg_buf_fixed(struct wg_buf *b, int64_t v, int scale)
{
    char text[INT_TEXT + 3], *end = text + sizeof(text);
    wg_require(scale >= 0 && scale <= 18);
    uint64_t size = size_of(v);
    while (scale > 0 && size % 10 == 0) {
        size /= 10;
        scale--;
    }
    char *at = digits_before(end, size);
    if (scale > 0) {
        while (end - at <= scale)
            *--at = '0';
        size_t whole = (size_t)(end - at - scale);
        memmove(at - 1, at, whole);
        at--;
        at[whole] = '.';
    }
    if (v < 0)
        *--at = '-';
    wg_buf_add(b, at, (size_t)(end - at));
}

void wg_buf_fmt(struct wg_buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    char *at = wg_buf_room(b, 64);
    int n = at ? vsnprintf(at, b->cap - b->n, fmt, args) : 0;
    if (n < 0) {
        b->failed = true;
        n = 0;
    } else if ((size_t)n >= b->cap - b->n) {
        if ((at = wg_buf_room(b, (size_t)n + 1)))
            vsnprintf(at, (size_t)n + 1, fmt, again);
    }
    if (at)
        b->n += (size_t)n;
    va_end(again);
    va_end(args);
}

#define ODD_MOST 6 /* bytes that one byte can become */

/* A byte that may not stand as it is: \u00XX or shorter, or U+FFFD where it is no UTF-8. */
static char *put_odd(char *at, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    if (c >= 0x80) {
        memcpy(at, "\xEF\xBF\xBD", 3);
        return at + 3;
    }
    *at++ = '\\';
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        *at++ = to[known - from];
        return at;
    }
    memcpy(at, "u00", 3);
    at[3] = hex[c >> 4];
    at[4] = hex[c & 15];
    return at + 5;
}

static inline bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copy what may stand in a JSON string as it is; returns how many bytes that was. There is room. */
static size_t copy_plain(char *at, const unsigned char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        /* Eight at once: the top bit of a byte is set where it is >= 0x80, below ' ', '"' or '\\'.
         * A borrow can set one too many, which only sends us to the careful part. */
        for (; n - i >= 8; i += 8) {
            uint64_t x = load8(p + i);
            uint64_t quote = (x ^ EVERY('"')) - EVERY(1), slash = (x ^ EVERY('\\')) - EVERY(1);
            if ((x | (x - EVERY(0x20)) | quote | slash) & EVERY(0x80))
                break;
            memcpy(at + i, &x, sizeof(x));
        }
        for (; i < n && is_plain(p[i]); i++)
            at[i] = (char)p[i];
        size_t step = 1;
        while (i < n && p[i] >= 0x80 && (step = utf8_step(p + i, n - i)) > 0)
            for (size_t end = i + step; i < end; i++)
                at[i] = (char)p[i];
        if (i < n && (step == 0 || (p[i] < 0x80 && !is_plain(p[i]))))
            break;
    }
    return i;
}

void wg_buf_json(struct wg_buf *b, struct wg_str s)
{
    size_t start = b->n;
    char *at = s.n < SIZE_MAX / 8 ? wg_buf_room(b, s.n + 2) : NULL;
    if (!at) {
        b->failed = true;
        return;
    }
    *at++ = '"';
    for (size_t i = 0; i < s.n;) {
        size_t run = copy_plain(at, (const unsigned char *)s.p + i, s.n - i);
        at += run;
        i += run;
        if (i == s.n)
            break;
        /* what is odd grows: room again for it, the rest and the quote */
        b->n = (size_t)(at - b->p);
        at = wg_buf_room(b, ODD_MOST + s.n - i);
        if (!at) {
            b->n = start;
            return;
        }
        at = put_odd(at, (unsigned char)s.p[i++]);
    }
    *at++ = '"';
    b->n = (size_t)(at - b->p);
}

void wg_buf_csv(struct wg_buf *b, struct wg_str s)
{
    wg_buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            wg_buf_char(b, '"');
        wg_buf_char(b, s.p[i]);
    }
    wg_buf_char(b, '"');
}

void wg_buf_xml(struct wg_buf *b, struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *as = s.p[i] == '<'   ? "&lt;"
                         : s.p[i] == '>' ? "&gt;"
                         : s.p[i] == '&' ? "&amp;"
                         : s.p[i] == '"' ? "&quot;"
                                         : NULL;
        if (as)
            wg_buf_add(b, as, strlen(as));
        else if ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r')
            wg_buf_char(b, s.p[i]);
    }
}
