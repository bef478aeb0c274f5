/* ICU knows the rules: NFKC with case folding, Traditional-Simplified, accents taken away. Asked
 * for each code point alone and once a process, the answers are a table, and folding a text is
 * looking them up: a search that verifies thousands of records has no time for more. ICU's own
 * rules for whole phrases (乾隆 keeps its 乾) are left out by that, which is right here: a query of
 * one character could not know the phrase around it. */
#include "base/plain.h"

#include "base/err.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>
#include <unicode/utrans.h>

#define PLANE 0x10000
#define LONGEST 32 /* units that one code point can become: U+FDFA has 18 */
#define POOL_MAX 8192

/* What a code point of the first plane becomes: a unit, or for the few that become several (or
 * none) a place in the pool: its length, then the units. */
static uint16_t single[PLANE]; /* 0: see `many` */
static uint16_t many[PLANE];
static uint16_t pool[POOL_MAX];
static size_t pooled = 1;
static const UNormalizer2 *casefold, *decompose;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Decomposed, so that é as one code point and as two are the same; then without its accent. Hangul
 * has no accents, and would be taken to pieces. */
static int32_t without_marks(const UChar *in, int32_t n, UChar out[LONGEST])
{
    UChar apart[LONGEST];
    UErrorCode e = U_ZERO_ERROR;
    int32_t count = 0;
    bool whole = n == 1 && in[0] >= 0xac00 && in[0] <= 0xd7a3;
    if (whole) {
        out[0] = in[0];
        return 1;
    }
    int32_t m = unorm2_normalize(decompose, in, n, apart, LONGEST, &e);
    if (U_FAILURE(e))
        return 0;
    for (int32_t i = 0; i < m;) {
        UChar32 c;
        U16_NEXT(apart, i, m, c);
        if (u_getCombiningClass(c) == 0)
            U16_APPEND_UNSAFE(out, count, c);
    }
    return count;
}

static int32_t fold_one(const UTransliterator *simplify, UChar32 c, UChar out[LONGEST])
{
    UChar in[2], folded[LONGEST];
    int32_t n = 0;
    UErrorCode e = U_ZERO_ERROR;
    if (u_isUWhiteSpace(c) || c == 0) {
        out[0] = ' ';
        return 1;
    }
    U16_APPEND_UNSAFE(in, n, c);
    n = unorm2_normalize(casefold, in, n, folded, LONGEST, &e);
    int32_t limit = n;
    if (simplify)
        utrans_transUChars(simplify, folded, &n, LONGEST, 0, &limit, &e);
    return U_SUCCESS(e) ? without_marks(folded, n, out) : 0;
}

static void make_tables(void)
{
    static const UChar name[] = u"Traditional-Simplified";
    UErrorCode e = U_ZERO_ERROR;
    casefold = unorm2_getNFKCCasefoldInstance(&e);
    decompose = unorm2_getNFDInstance(&e);
    wg_require(U_SUCCESS(e)); /* part of the library, not of its data files */
    UTransliterator *simplify = utrans_openU(name, (int32_t)(sizeof(name) / sizeof(*name)) - 1,
                                             UTRANS_FORWARD, NULL, 0, NULL, &e);
    if (U_FAILURE(e)) {
        simplify = NULL;
        wg_log(WG_WARN, "base", "ICU has no Traditional-Simplified; searches tell them apart",
               "why", u_errorName(e), NULL);
    }
    for (UChar32 c = 0; c < PLANE; c++) {
        UChar out[LONGEST];
        int32_t n = U_IS_SURROGATE(c) ? 0 : fold_one(simplify, c, out);
        if (n == 1) {
            single[c] = out[0];
            continue;
        }
        if (n == 0)
            continue; /* nothing: the pool's first */
        wg_require(pooled + 1 + (size_t)n <= POOL_MAX);
        many[c] = (uint16_t)pooled;
        pool[pooled++] = (uint16_t)n;
        for (int32_t i = 0; i < n; i++)
            pool[pooled++] = out[i];
    }
    utrans_close(simplify);
}

/* What a code point becomes, where that is not one unit. */
static size_t put_many(UChar32 c, uint16_t *to)
{
    if (c >= PLANE)
        return (size_t)fold_one(NULL, c, to);
    memcpy(to, pool + many[c] + 1, pool[many[c]] * sizeof(*to));
    return pool[many[c]];
}

void wg_plain(struct wg_str s, struct wg_buf *out)
{
    const uint8_t *p = (const uint8_t *)s.p;
    uint16_t *to = NULL, *end = NULL;
    pthread_once(&once, make_tables);
    for (size_t i = 0; i < s.n;) {
        UChar32 c;
        if (end - to < LONGEST) { /* nearly always once: a unit for each byte is more than enough */
            size_t room = (s.n - i + LONGEST) * sizeof(*to);
            out->n += to ? (size_t)((char *)to - (out->p + out->n)) : 0;
            if (!(to = (uint16_t *)(void *)wg_buf_room(out, room))) /* n stays even */
                return;
            end = to + room / sizeof(*to);
        }
        U8_NEXT_OR_FFFD(p, i, s.n, c);
        if (c < PLANE && single[c])
            *to++ = single[c];
        else
            to += put_many(c, to);
    }
    out->n += to ? (size_t)((char *)to - (out->p + out->n)) : 0;
}

ptrdiff_t wg_plain_find(const uint16_t *text, size_t n, const uint16_t *needle, size_t needle_n)
{
    for (size_t i = 0; i + needle_n <= n; i++)
        if (needle_n == 0 ||
            (text[i] == needle[0] && memcmp(text + i, needle, needle_n * sizeof(*needle)) == 0))
            return (ptrdiff_t)i;
    return -1;
}
