/* Text for a terminal: how wide it is there, what may not go there, columns that line up. */
#include "wangge.h"

#include <stdlib.h>

/* ---- characters ---- */

/* The next code point; bytes that are no UTF-8 count one by one as U+FFFD. */
static uint32_t next_point(struct wg_str *s)
{
    const unsigned char *p = (const unsigned char *)s->p;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    uint32_t point = n == 1 ? p[0] : n == 2 ? p[0] & 0x1fu : n == 3 ? p[0] & 0x0fu : p[0] & 0x07u;
    if (n == 0 || n > s->n)
        n = 1, point = 0xfffd;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            n = 1;
            point = 0xfffd;
            break;
        }
        point = point << 6 | (p[i] & 0x3fu);
    }
    s->p += n;
    s->n -= n;
    return point;
}

struct range {
    uint32_t from, to;
};

static bool within(const struct range *r, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++)
        if (point >= r[i].from && point <= r[i].to)
            return true;
    return false;
}
#define WITHIN(ranges, point) within((ranges), sizeof(ranges) / sizeof((ranges)[0]), (point))

/* Source: Unicode 15, EastAsianWidth.txt, W and F, in whole blocks. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6b},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};
static const struct range none[] = {{0x0300, 0x036f}, {0xfe00, 0xfe0f}};
/* C0 and C1 can steer a terminal, the rest can turn text around or hide it. */
static const struct range unsafe[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
                                      {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};

static size_t point_width(uint32_t point)
{
    return WITHIN(none, point) ? 0 : WITHIN(wide, point) ? 2 : 1;
}

size_t text_width(struct wg_str s)
{
    size_t width = 0;
    while (s.n)
        width += point_width(next_point(&s));
    return width;
}

void put_text(FILE *f, struct wg_str s)
{
    while (s.n) {
        const char *at = s.p;
        uint32_t point = next_point(&s);
        if (point == '\n' || point == '\t' || point == '\r')
            fputc(' ', f);
        else if (point == 0xfffd || WITHIN(unsafe, point))
            fputs("\xef\xbf\xbd", f);
        else
            fwrite(at, 1, (size_t)(s.p - at), f);
    }
}

void put_padded(FILE *f, struct wg_str s, size_t width)
{
    put_text(f, s);
    for (size_t w = text_width(s); w < width; w++)
        fputc(' ', f);
}

struct wg_str clipped(struct wg_str s, size_t width, struct ctx *c)
{
    struct wg_str rest = s;
    size_t w = 0;
    if (text_width(s) <= width)
        return s;
    while (rest.n) {
        struct wg_str before = rest;
        w += point_width(next_point(&rest));
        if (w >= width)
            return wg_arena_fmt(c->arena, "%.*s…", (int)(before.p - s.p), s.p);
    }
    return s;
}

/* ---- tables ---- */

struct cells {
    struct cells *next;
    struct wg_str cell[COLUMNS_MAX];
};

static size_t columns(const struct table *t)
{
    size_t n = 0;
    while (t->heads[n])
        n++;
    return n;
}

void table_add(struct table *t, const struct wg_str *cells)
{
    struct cells *row = WG_NEW(t->c->arena, struct cells);
    if (!row)
        return;
    for (size_t i = 0; i < columns(t); i++)
        row->cell[i] = or_dash(cells[i]);
    if (t->last)
        t->last->next = row;
    else
        t->first = row;
    t->last = row;
}

static void put_row(const struct table *t, const struct wg_str *cell, const size_t *width)
{
    size_t n = columns(t);
    for (size_t i = 0; i + 1 < n; i++) {
        put_padded(stdout, cell[i], width[i]);
        fputs("  ", stdout);
    }
    put_text(stdout, cell[n - 1]); /* the last needs no padding */
    putchar('\n');
}

void table_print(const struct table *t)
{
    size_t width[COLUMNS_MAX] = {0};
    struct wg_str head[COLUMNS_MAX];
    for (size_t i = 0; i < columns(t); i++) {
        head[i] = wg_str_of(t->heads[i]);
        width[i] = text_width(head[i]);
        for (const struct cells *row = t->first; row; row = row->next)
            if (text_width(row->cell[i]) > width[i])
                width[i] = text_width(row->cell[i]);
    }
    if (!t->first) {
        puts("nothing 无");
        return;
    }
    put_row(t, head, width);
    for (const struct cells *row = t->first; row; row = row->next)
        put_row(t, row->cell, width);
}

void line(const char *label, struct wg_str value)
{
    if (!value.n)
        return;
    put_padded(stdout, wg_str_of(label), 18);
    put_text(stdout, value);
    putchar('\n');
}
