#include "geo/geo.h"

#include <stdlib.h>

int wg_csv_open(struct wg_str text, struct wg_csv *csv)
{
    *csv = (struct wg_csv){._text = text, ._line = 1};
    if (wg_str_starts(text, "\xEF\xBB\xBF"))
        csv->_at = csv->_line_at = 3;
    csv->_arena = wg_arena_new(0);
    return csv->_arena ? WG_OK : WG_ENOMEM;
}

void wg_csv_close(struct wg_csv *csv)
{
    wg_arena_free(csv->_arena);
    free(csv->_fields);
    *csv = (struct wg_csv){0};
}

/* Columns are characters, as editors count: every byte that isn't the inside of one. */
static int refuse(struct wg_csv *csv, size_t at, const char *what, struct wg_err *err)
{
    size_t column = 1;
    for (size_t i = csv->_line_at; i < at; i++)
        column += ((unsigned char)csv->_text.p[i] & 0xC0) != 0x80;
    csv->_at = csv->_text.n; /* where a quote is astray, so is what follows */
    csv->count = 0;
    return wg_fail(err, WG_EINVAL, "line %zu, column %zu: %s", csv->_line, column, what);
}

static int push(struct wg_csv *csv, struct wg_str s, struct wg_err *err)
{
    if (csv->count == csv->_cap) {
        size_t cap = csv->_cap ? csv->_cap * 2 : 16;
        struct wg_str *more = realloc(csv->_fields, cap * sizeof(*more));
        if (!more)
            return wg_fail(err, WG_ENOMEM, "out of memory");
        csv->_fields = more;
        csv->_cap = cap;
    }
    csv->_fields[csv->count++] = s;
    csv->field = csv->_fields;
    return WG_OK;
}

/* The bytes of the line end at `at`: 0 where there is none. A lone CR is none. */
static size_t line_end(const struct wg_csv *csv, size_t at)
{
    const char *p = csv->_text.p + at;
    size_t left = csv->_text.n - at;
    if (left >= 1 && p[0] == '\n')
        return 1;
    return left >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

static int plain_field(struct wg_csv *csv, struct wg_err *err)
{
    const char *p = csv->_text.p;
    size_t from = csv->_at, at = from;
    for (; at < csv->_text.n && p[at] != ',' && !line_end(csv, at); at++) {
        if (p[at] == '"')
            return refuse(csv, at, "a quote inside a field that does not begin with one", err);
        if (p[at] == '\r' || p[at] == '\0')
            return refuse(csv, at, p[at] ? "a CR without its LF" : "a NUL", err);
    }
    struct wg_str s = {p + from, at - from};
    if (!wg_utf8_valid(s))
        return refuse(csv, from, "a field that is not UTF-8; save the table as \"CSV UTF-8\"", err);
    csv->_at = at;
    return push(csv, s, err);
}

/* Lines inside quotes count too. Where the quote begins is remembered for the message. */
static int quoted_field(struct wg_csv *csv, struct wg_err *err)
{
    const char *p = csv->_text.p;
    size_t open = csv->_at, at = open + 1, n = csv->_text.n, doubled = 0;
    size_t line = csv->_line, line_at = csv->_line_at;
    for (; at < n && (p[at] != '"' || (at + 1 < n && p[at + 1] == '"')); at++) {
        if (p[at] == '"') {
            doubled++;
            at++;
        } else if (p[at] == '\n') {
            line++;
            line_at = at + 1;
        } else if (p[at] == '\0') {
            return refuse(csv, open, "a NUL in this field", err);
        }
    }
    if (at >= n)
        return refuse(csv, open, "this quote is never closed", err);
    struct wg_str s = {p + open + 1, at - open - 1};
    if (!wg_utf8_valid(s))
        return refuse(csv, open, "a field that is not UTF-8; save the table as \"CSV UTF-8\"", err);
    if (doubled) {
        char *made = wg_arena_alloc(csv->_arena, s.n - doubled), *to = made;
        if (!made)
            return wg_fail(err, WG_ENOMEM, "out of memory");
        for (size_t i = 0; i < s.n; i++) {
            *to++ = s.p[i];
            i += s.p[i] == '"';
        }
        s = (struct wg_str){made, s.n - doubled};
    }
    csv->_at = at + 1;
    csv->_line = line;
    csv->_line_at = line_at;
    if (csv->_at < n && p[csv->_at] != ',' && !line_end(csv, csv->_at))
        return refuse(csv, csv->_at, "after a closing quote comes a comma or the line's end", err);
    return push(csv, s, err);
}

static void skip_line_end(struct wg_csv *csv, size_t bytes)
{
    csv->_at += bytes;
    csv->_line++;
    csv->_line_at = csv->_at;
}

int wg_csv_next(struct wg_csv *csv, struct wg_err *err)
{
    size_t end = 0;
    int rc;
    csv->count = 0;
    wg_arena_reset(csv->_arena);
    while (csv->_at < csv->_text.n && (end = line_end(csv, csv->_at)) > 0)
        skip_line_end(csv, end);
    if (csv->_at >= csv->_text.n)
        return 0;
    csv->line = csv->_line;
    for (;;) {
        bool quoted = csv->_at < csv->_text.n && csv->_text.p[csv->_at] == '"';
        if ((rc = quoted ? quoted_field(csv, err) : plain_field(csv, err)) < 0)
            return rc;
        if (csv->_at >= csv->_text.n || csv->_text.p[csv->_at] != ',')
            break;
        csv->_at++;
    }
    if (csv->_at < csv->_text.n)
        skip_line_end(csv, line_end(csv, csv->_at));
    return 1;
}
