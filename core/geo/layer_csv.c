#include "geo/crs.h"
#include "geo/layer.h"

#include <stdlib.h>

enum { COL_ID, COL_X, COL_Y, COL_NAME, COLS };

struct table {
    struct layer_build b;
    struct wg_csv csv;
    struct wg_arena *arena; /* the header's names */
    struct wg_str *head;
    size_t count;
    const char *names[COLS];
    size_t col[COLS]; /* SIZE_MAX: there is none */
};

static int read_head(struct table *t, struct wg_err *err)
{
    int rc = wg_csv_next(&t->csv, err);
    if (rc <= 0)
        return rc < 0 ? rc
                      : wg_fail(err, WG_EINVAL, "the table is empty; its first line is id,%s,%s,…",
                                t->names[COL_X], t->names[COL_Y]);
    t->count = t->csv.count;
    if (!(t->head = wg_arena_alloc(t->arena, t->count * sizeof(struct wg_str))))
        return wg_fail(err, WG_ENOMEM, "out of memory");
    for (int c = 0; c < COLS; c++)
        t->col[c] = SIZE_MAX;
    for (size_t i = 0; i < t->count; i++) {
        t->head[i] = wg_arena_str(t->arena, t->csv.field[i]);
        if (!t->head[i].p)
            return wg_fail(err, WG_ENOMEM, "out of memory");
        for (size_t k = 0; k < i; k++)
            if (wg_str_eq(t->head[k], t->head[i]))
                return wg_fail(err, WG_EINVAL, "line %zu: the column \"%.*s\" is there twice",
                               t->csv.line, WG_PRI(t->head[i]));
        for (int c = 0; c < COLS; c++)
            if (wg_str_is(t->head[i], t->names[c]))
                t->col[c] = i;
    }
    for (int c = 0; c < COL_NAME; c++)
        if (t->col[c] == SIZE_MAX)
            return wg_fail(err, WG_EINVAL, "line %zu: the column \"%s\" is missing", t->csv.line,
                           t->names[c]);
    return WG_OK;
}

static bool read_number(struct table *t, int c, int64_t *out)
{
    struct wg_str s = t->csv.field[t->col[c]];
    if (wg_str_fixed(s, build_digits(&t->b), out) == WG_OK)
        return true;
    build_fault(&t->b, "column \"%s\": \"%.*s\" is no decimal number", t->names[c],
                WG_PRI(build_cut(s)));
    return false;
}

static bool read_place(struct table *t, struct wg_point *at)
{
    int64_t x = 0, y = 0;
    bool good = read_number(t, COL_X, &x);
    good &= read_number(t, COL_Y, &y);
    const char *why = good ? build_place(&t->b, x, y, at) : NULL;
    if (why)
        build_fault(&t->b, "columns \"%s\" and \"%s\": a place %.*s,%.*s %s", t->names[COL_X],
                    t->names[COL_Y], WG_PRI(build_cut(t->csv.field[t->col[COL_X]])),
                    WG_PRI(build_cut(t->csv.field[t->col[COL_Y]])), why);
    return good && !why;
}

static void add_row(struct table *t, struct wg_buf *props)
{
    const struct wg_csv *csv = &t->csv;
    struct wg_point at;
    build_label(&t->b, csv->line, (struct wg_str){NULL, 0});
    if (csv->count != t->count) {
        build_fault(&t->b, "%zu fields, the first line has %zu", csv->count, t->count);
        return;
    }
    struct wg_str id = csv->field[t->col[COL_ID]], name = {NULL, 0};
    build_label(&t->b, csv->line, id);
    if (id.n == 0 || id.n > LAYER_ID)
        build_fault(&t->b, "column \"id\": %s", id.n ? "longer than 255 bytes" : "is empty");
    if (!read_place(t, &at) || id.n == 0 || id.n > LAYER_ID)
        return;
    wg_buf_clear(props);
    wg_buf_char(props, '{');
    for (size_t i = 0; i < t->count; i++) {
        if (i == t->col[COL_NAME])
            name = csv->field[i];
        else if (i != t->col[COL_ID] && i != t->col[COL_X] && i != t->col[COL_Y]) {
            wg_json_sep(props);
            wg_buf_json(props, t->head[i]);
            wg_buf_char(props, ':');
            wg_buf_json(props, csv->field[i]);
        }
    }
    wg_buf_char(props, '}');
    t->b.text.failed |= !wg_buf_ok(props);
    wg_buf_add(&t->b.vert, &at, sizeof(at));
    build_add(&t->b, csv->line, id, name, wg_buf_str(props), 0);
}

int wg_layer_from_csv(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                      struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    struct wg_err where = {0};
    struct wg_buf props = WG_BUF_INIT;
    bool degrees = crs_in_degrees(crs);
    struct table t = {.arena = wg_arena_new(0),
                      .names = {"id", degrees ? "lon" : "east", degrees ? "lat" : "north", "name"}};
    size_t rows = 0;
    int rc = wg_csv_open(text, &t.csv);
    *out = NULL;
    build_init(&t.b, "line", crs, faults ? faults : &own);
    t.b.shape = WG_POINTS;
    if (rc < 0 || !t.arena) {
        rc = wg_fail(err, WG_ENOMEM, "out of memory");
        goto out;
    }
    rc = read_head(&t, &where);
    while (rc >= 0 && (rc = wg_csv_next(&t.csv, &where)) > 0) {
        add_row(&t, &props);
        build_read(&t.b, ++rows, t.csv._at);
    }
    if (rc == WG_ENOMEM) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    if (rc < 0) { /* nothing can be read from here on, but what was found before is still told */
        t.b.label[0] = '\0';
        build_fault(&t.b, "%s", where.text);
    }
    rc = build_finish(&t.b, out, err);
out:
    wg_csv_close(&t.csv);
    wg_buf_free(&props);
    wg_buf_free(&own.text);
    wg_arena_free(t.arena);
    build_done(&t.b);
    return rc;
}
