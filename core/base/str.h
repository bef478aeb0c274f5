/** Borrowed strings and growing buffers.
 *  A buffer that ran out of memory stays as it was and remembers it: check wg_buf_ok once, at the
 * end. */
#ifndef WG_BASE_STR_H
#define WG_BASE_STR_H

#include "wg.h"

#include <stdbool.h>
#include <string.h>

#define WG_S(lit) ((struct wg_str){(lit), sizeof(lit) - 1})
/** For "%.*s". */
#define WG_PRI(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct wg_str wg_str_of(const char *z)
{
    return (struct wg_str){z, z ? strlen(z) : 0};
}
static inline bool wg_str_eq(struct wg_str a, struct wg_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool wg_str_is(struct wg_str a, const char *z)
{
    return wg_str_eq(a, wg_str_of(z));
}
bool wg_str_starts(struct wg_str s, const char *prefix);
int wg_str_cmp(struct wg_str a, struct wg_str b); /**< byte order */
/** A whole decimal int64, with sign, no spaces, no leading zeros but "0". Errors: WG_EINVAL,
 * WG_ERANGE. */
int wg_str_int(struct wg_str s, int64_t *out);
/** A decimal such as -118.5940001 as an integer of 10^-scale units; more digits than scale are
 * rounded half away from zero. No exponent. Errors: WG_EINVAL, WG_ERANGE. */
int wg_str_fixed(struct wg_str s, int scale, int64_t *out);
bool wg_utf8_valid(struct wg_str s);
size_t wg_utf8_count(struct wg_str s); /**< code points of valid UTF-8 */
/** Copy into a fixed, NUL-terminated field of cap bytes. Errors: WG_ERANGE if it does not fit. */
int wg_str_copy(char *dst, size_t cap, struct wg_str s);

struct wg_buf {
    char *p;
    size_t n, cap;
    bool failed;
};
#define WG_BUF_INIT       \
    {                     \
        NULL, 0, 0, false \
    }

void wg_buf_free(struct wg_buf *b); /**< back to empty */
static inline void wg_buf_clear(struct wg_buf *b)
{
    b->n = 0;
    b->failed = false;
}
static inline bool wg_buf_ok(const struct wg_buf *b)
{
    return !b->failed;
}
static inline struct wg_str wg_buf_str(const struct wg_buf *b)
{
    return (struct wg_str){b->p, b->n};
}
/** Room for n more bytes; returns where they go, or NULL. Add to b->n what was written. */
char *wg_buf_room(struct wg_buf *b, size_t n);
void wg_buf_add(struct wg_buf *b, const void *p, size_t n);
static inline void wg_buf_str_add(struct wg_buf *b, struct wg_str s)
{
    wg_buf_add(b, s.p, s.n);
}
#define wg_buf_lit(b, lit) wg_buf_add((b), (lit), sizeof(lit) - 1)
void wg_buf_char(struct wg_buf *b, char c);
void wg_buf_int(struct wg_buf *b, int64_t v);
/** v units of 10^-scale as the shortest decimal: 1185940000 at scale 7 is 118.594. */
void wg_buf_fixed(struct wg_buf *b, int64_t v, int scale);
void wg_buf_fmt(struct wg_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** s as a JSON string with its quotes. s is UTF-8; bytes that are not become U+FFFD. */
void wg_buf_json(struct wg_buf *b, struct wg_str s);

#endif
