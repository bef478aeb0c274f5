/* The bytes, little-endian: how many runs (u32) · that many rows, sorted: the run (3 units,
 * big-endian, so that rows sort as texts do), where its places are (u32) · lists of places.
 * `where` with the highest bit: the one or two places themselves, 12 bits each; most runs are rare.
 * Else an offset into the lists: a count (u16) and that many places (u16), or 0 and a bit for each
 * case. A word of one or two units is a range of rows; of three and more, the cases that all of its
 * runs have in common. */
#include "block.h"

#include <stdlib.h>

#define ROW 10
#define RUN 6
#define INLINE UINT32_C(0x80000000)
#define LIST_MAX 256 /* beyond it, bits take less */

/* ---- making ---- */

void block_add(struct block_maker *m, unsigned place, const uint16_t *text, size_t n)
{
    if (m->cap - m->n < n) {
        size_t cap = 2 * m->cap + n;
        uint64_t *more = realloc(m->gram, cap * sizeof(*more));
        if (!more) {
            m->failed = true;
            return;
        }
        m->gram = more;
        m->cap = cap;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t a = text[i], b = i + 1 < n && text[i + 1] != ' ' ? text[i + 1] : 0;
        uint64_t c = b && i + 2 < n && text[i + 2] != ' ' ? text[i + 2] : 0;
        if (a != ' ')
            m->gram[m->n++] = (a << 32 | b << 16 | c) << BLOCK_BITS | (place & BLOCK_MASK);
    }
}

static int by_gram(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static size_t without_twins(uint64_t *v, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!kept || v[kept - 1] != v[i])
            v[kept++] = v[i];
    return kept;
}

static size_t run_length(const uint64_t *v, size_t n)
{
    size_t i = 1;
    while (i < n && v[i] >> BLOCK_BITS == v[0] >> BLOCK_BITS)
        i++;
    return i;
}

static void add_u16(struct wg_buf *out, size_t v)
{
    const uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    wg_buf_add(out, b, 2);
}

static void add_u32(struct wg_buf *out, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    wg_buf_add(out, b, 4);
}

/* The places of one run: into the lists, or into what is returned. */
static uint32_t add_places(struct wg_buf *lists, const uint64_t *v, size_t n)
{
    uint32_t where = (uint32_t)lists->n;
    if (n <= 2)
        return INLINE | (uint32_t)(v[0] & BLOCK_MASK) |
               (uint32_t)(v[n - 1] & BLOCK_MASK) << BLOCK_BITS;
    if (n > LIST_MAX) {
        uint8_t bits[BLOCK_CASES / 8] = {0};
        for (size_t i = 0; i < n; i++)
            bits[(v[i] & BLOCK_MASK) / 8] |= (uint8_t)(1u << (v[i] & 7));
        add_u16(lists, 0);
        wg_buf_add(lists, bits, sizeof(bits));
        return where;
    }
    add_u16(lists, n);
    for (size_t i = 0; i < n; i++)
        add_u16(lists, (size_t)(v[i] & BLOCK_MASK));
    return where;
}

int block_write(struct block_maker *m, struct wg_buf *out)
{
    struct wg_buf rows = WG_BUF_INIT, lists = WG_BUF_INIT;
    uint32_t runs = 0;
    if (m->n)
        qsort(m->gram, m->n, sizeof(*m->gram), by_gram);
    m->n = without_twins(m->gram, m->n);
    for (size_t i = 0, n; i < m->n; i += n, runs++) {
        uint8_t key[8];
        n = run_length(m->gram + i, m->n - i);
        wg_be64(key, m->gram[i] >> BLOCK_BITS);
        wg_buf_add(&rows, key + 2, RUN);
        add_u32(&rows, add_places(&lists, m->gram + i, n));
    }
    add_u32(out, runs);
    wg_buf_str_add(out, wg_buf_str(&rows));
    wg_buf_str_add(out, wg_buf_str(&lists));
    bool ok = !m->failed && wg_buf_ok(&rows) && wg_buf_ok(&lists) && wg_buf_ok(out);
    wg_buf_free(&rows);
    wg_buf_free(&lists);
    m->n = 0;
    m->failed = false;
    return ok ? WG_OK : WG_ENOMEM;
}

void block_free(struct block_maker *m)
{
    free(m->gram);
    *m = (struct block_maker){0};
}

/* ---- looking up ---- */

struct table {
    const uint8_t *row, *list, *end;
    uint32_t runs;
};

static uint32_t get_u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get_u32(const uint8_t *p)
{
    return get_u16(p) | get_u16(p + 2) << 16;
}

static int open_table(struct wg_str block, struct table *t)
{
    const uint8_t *p = (const uint8_t *)block.p;
    if (block.n < 4 || (block.n - 4) / ROW < (t->runs = get_u32(p)))
        return WG_ECORRUPT;
    t->row = p + 4;
    t->list = t->row + (size_t)t->runs * ROW;
    t->end = p + block.n;
    return WG_OK;
}

/* The first row that is not less than key. */
static uint32_t first_row(const struct table *t, const uint8_t key[RUN])
{
    uint32_t low = 0, high = t->runs;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (memcmp(t->row + (size_t)mid * ROW, key, RUN) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void mark(struct block_set *set, uint32_t place)
{
    place &= BLOCK_MASK;
    set->bit[place / 64] |= UINT64_C(1) << place % 64;
}

static int mark_row(const struct table *t, uint32_t row, struct block_set *set)
{
    uint32_t where = get_u32(t->row + (size_t)row * ROW + RUN);
    size_t room = (size_t)(t->end - t->list);
    if (where & INLINE) {
        mark(set, where);
        mark(set, where >> BLOCK_BITS);
        return WG_OK;
    }
    if (where > room || room - where < 2)
        return WG_ECORRUPT;
    const uint8_t *p = t->list + where + 2;
    uint32_t n = get_u16(p - 2);
    if ((size_t)(t->end - p) < (n ? 2 * (size_t)n : BLOCK_CASES / 8))
        return WG_ECORRUPT;
    for (uint32_t i = 0; i < n; i++)
        mark(set, get_u16(p + 2 * i));
    for (size_t i = 0; n == 0 && i < BLOCK_WORDS; i++)
        set->bit[i] |= (uint64_t)get_u32(p + 8 * i) | (uint64_t)get_u32(p + 8 * i + 4) << 32;
    return WG_OK;
}

/* All rows that begin with these n units, n ≤ 3. */
static int mark_run(const struct table *t, const uint16_t *units, size_t n, struct block_set *set)
{
    uint8_t key[RUN] = {0};
    int rc = WG_OK;
    for (size_t i = 0; i < n; i++) {
        key[2 * i] = (uint8_t)(units[i] >> 8);
        key[2 * i + 1] = (uint8_t)units[i];
    }
    for (uint32_t row = first_row(t, key);
         rc == WG_OK && row < t->runs && memcmp(t->row + (size_t)row * ROW, key, 2 * n) == 0; row++)
        rc = mark_row(t, row, set);
    return rc;
}

int block_find(struct wg_str block, const uint16_t *word, size_t n, struct block_set *set)
{
    struct table t;
    size_t each = n < 3 ? n : 3;
    uint64_t any = 1;
    int rc = open_table(block, &t);
    for (size_t i = 0; rc == WG_OK && any && i + each <= n; i++) {
        struct block_set have = {{0}};
        rc = mark_run(&t, word + i, each, &have);
        any = 0;
        for (size_t k = 0; k < BLOCK_WORDS; k++)
            any |= set->bit[k] &= have.bit[k];
    }
    return rc;
}
