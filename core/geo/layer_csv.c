#include "geo/layer.h"

#include <stdlib.h>

enum { COL_ID, COL_LON, COL_LAT, COL_NAME, COLS };

struct table {
    struct layer_build b;
    struct wg_csv csv;
    struct wg_arena *arena; /* the header's names */
    struct wg_str *head;
    size_t count;
    size_t col[COLS]; /* SIZE_MAX: there is none */
};

static int read_head(struct table *t, struct wg_err *err)
{
    static const char *const names[COLS] = {"id", "lon", "lat", "name"};
    int rc = wg_csv_next(&t->csv, err);
    if (rc <= 0)
        return rc < 0
                   ? rc
                   : wg_fail(err, WG_EINVAL, "the table is empty; its first line is id,lon,lat,…");
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
            if (wg_str_is(t->head[i], names[c]))
                t->col[c] = i;
    }
    for (int c = 0; c < COL_NAME; c++)
        if (t->col[c] == SIZE_MAX)
            return wg_fail(err, WG_EINVAL, "line %zu: the column \"%s\" is missing", t->csv.line,
                           names[c]);
    return WG_OK;
}

static bool read_degrees(struct table *t, int c, int64_t most, int64_t *out)
{
    struct wg_str s = t->csv.field[t->col[c]];
    int rc = wg_str_fixed(s, 7, out);
    s = build_cut(s);
    if (rc < 0)
        build_fault(&t->b, "column \"%s\": \"%.*s\" is no decimal number",
                    c == COL_LON ? "lon" : "lat", WG_PRI(s));
    else if (*out < -most || *out > most)
        build_fault(&t->b, "column \"%s\": %.*s is not between -%d and %d",
                    c == COL_LON ? "lon" : "lat", WG_PRI(s), (int)(most / 10000000),
                    (int)(most / 10000000));
    else
        return true;
    return false;
}

static void add_row(struct table *t, struct wg_buf *props)
{
    const struct wg_csv *csv = &t->csv;
    int64_t lon = 0, lat = 0;
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
    bool lon_ok = read_degrees(t, COL_LON, 1800000000, &lon);
    bool lat_ok = read_degrees(t, COL_LAT, 900000000, &lat);
    if (!lon_ok || !lat_ok || !point_of_degrees(lon, lat, &at) || id.n == 0 || id.n > LAYER_ID)
        return;
    wg_buf_clear(props);
    wg_buf_char(props, '{');
    for (size_t i = 0; i < t->count; i++) {
        if (i == t->col[COL_NAME])
            name = csv->field[i];
        else if (i != t->col[COL_ID] && i != t->col[COL_LON] && i != t->col[COL_LAT]) {
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

int wg_layer_from_csv(struct wg_str text, struct wg_layer **out, struct wg_layer_faults *faults,
                      struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    struct wg_err where = {0};
    struct wg_buf props = WG_BUF_INIT;
    struct table t = {.arena = wg_arena_new(0)};
    size_t rows = 0;
    int rc = wg_csv_open(text, &t.csv);
    *out = NULL;
    build_init(&t.b, "line", faults ? faults : &own);
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
