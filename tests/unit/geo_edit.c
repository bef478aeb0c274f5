/** A layer that was edited many times answers as one that was made of the same features at once. */
#include "unit/test.h"

#include "geo/geo.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST 400 /* ids that may be there */

static struct wg_err err;
static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* What should be there: where each feature lies, or that it does not. */
struct wanted {
    bool there;
    int x, y, side, rev;
};

static void write_feature(struct wg_buf *b, int shape, int id, const struct wanted *w)
{
    double x = 118 + w->x / 1e4, y = 30 + w->y / 1e4, s = w->side / 1e4;
    wg_buf_fmt(
        b, "{\"type\":\"Feature\",\"id\":\"f%03d\",\"properties\":{\"rev\":%d},\"geometry\":", id,
        w->rev);
    if (shape == WG_POINTS)
        wg_buf_fmt(b, "{\"type\":\"Point\",\"coordinates\":[%.4f,%.4f]}", x, y);
    else if (shape == WG_LINES)
        wg_buf_fmt(b, "{\"type\":\"LineString\",\"coordinates\":[[%.4f,%.4f],[%.4f,%.4f]]}", x, y,
                   x + s, y + s);
    else
        wg_buf_fmt(b,
                   "{\"type\":\"Polygon\",\"coordinates\":[[[%.4f,%.4f],[%.4f,%.4f],[%.4f,%.4f],"
                   "[%.4f,%.4f],[%.4f,%.4f]]]}",
                   x, y, x + s, y, x + s, y + s, x, y + s, x, y);
    wg_buf_lit(b, "}\n");
}

static struct wg_layer *layer_of(struct wg_buf *b)
{
    struct wg_layer *layer = NULL;
    if (wg_layer_from_geojsons(wg_buf_str(b), NULL, &layer, NULL, &err) < 0)
        fail_msg("%s", err.text);
    wg_buf_clear(b);
    return layer;
}

static struct wg_layer *made_anew(int shape, const struct wanted *list)
{
    struct wg_buf b = WG_BUF_INIT;
    for (int k = 0; k < MOST; k++)
        if (list[k].there)
            write_feature(&b, shape, k, &list[k]);
    struct wg_layer *layer = layer_of(&b);
    wg_buf_free(&b);
    return layer;
}

static struct wanted anywhere(int rev)
{
    /* Areas have a cell each of the lattice, so that at most one holds a point. */
    return (struct wanted){true, (int)random_below(1000), (int)random_below(1000),
                           1 + (int)random_below(9), rev};
}

static struct wg_str id_at(const struct wg_layer *layer, size_t i)
{
    struct wg_feature f = {0};
    CHECK(wg_layer_at(layer, i, &f));
    return f.id;
}

static int order_ids(const void *x, const void *y)
{
    return wg_str_cmp(*(const struct wg_str *)x, *(const struct wg_str *)y);
}

/* What a scan finds, by ids. */
static size_t scanned(const struct wg_layer *layer, struct wg_box box, struct wg_str *ids)
{
    struct wg_scan scan = {layer, box, 0};
    struct wg_run run;
    size_t n = 0;
    uint32_t last = 0;
    while (wg_scan_next(&scan, &run)) {
        CHECK(run.from >= last && run.to > run.from && run.to <= wg_layer_places(layer));
        last = run.to;
        for (uint32_t k = run.from; k < run.to; k++)
            ids[n++] = id_at(layer, wg_layer_along(layer, k));
    }
    qsort(ids, n, sizeof(*ids), order_ids);
    return n;
}

static void same_scans(const struct wg_layer *x, const struct wg_layer *y)
{
    static struct wg_str a[MOST], b[MOST];
    int32_t west = 1180000000 + (int32_t)random_below(1000) * 1000,
            south = 300000000 + (int32_t)random_below(1000) * 1000;
    struct wg_box box = {west, south, west + (int32_t)random_below(500) * 1000,
                         south + (int32_t)random_below(500) * 1000};
    size_t n = scanned(x, box, a);
    CHECK_INT(n, scanned(y, box, b));
    for (size_t k = 0; k < n; k++)
        CHECK(wg_str_eq(a[k], b[k]));
}

static void same_places(const struct wg_layer *x, const struct wg_layer *y)
{
    struct wg_point p = {1180000000 + (int32_t)random_below(1000000),
                         300000000 + (int32_t)random_below(1000000)};
    struct wg_near a[5], b[5];
    size_t n = wg_layer_near(x, p, 3000, a, 5), m = wg_layer_near(y, p, 3000, b, 5), i = 0;
    CHECK_INT(n, m);
    for (size_t k = 0; k < n; k++)
        CHECK(a[k].inside == b[k].inside && !(a[k].distance_m < b[k].distance_m) &&
              !(a[k].distance_m > b[k].distance_m));
    if (wg_layer_shape(x) != WG_AREAS)
        return;
    bool held = wg_layer_find(x, p, &i);
    CHECK_INT(held, n > 0 && b[0].inside);
}

static void same_features(const struct wg_layer *x, const struct wg_layer *y)
{
    struct wg_buf a = WG_BUF_INIT, b = WG_BUF_INIT;
    CHECK_INT(wg_layer_count(x), wg_layer_count(y));
    for (size_t k = 0; k < wg_layer_count(x); k++) {
        struct wg_feature f, g;
        size_t i = 0, other = 0;
        CHECK(wg_layer_at(x, k, &f));
        CHECK(wg_layer_by_id(x, f.id, &i) && i == k);
        CHECK(wg_layer_by_id(y, f.id, &other) && wg_layer_at(y, other, &g));
        CHECK(wg_str_eq(f.props, g.props) && memcmp(&f.box, &g.box, sizeof(f.box)) == 0);
        wg_buf_clear(&a);
        wg_buf_clear(&b);
        wg_layer_feature(x, k, &a);
        wg_layer_feature(y, other, &b);
        CHECK(wg_str_eq(wg_buf_str(&a), wg_buf_str(&b)));
    }
    wg_buf_free(&a);
    wg_buf_free(&b);
}

/* How many were put. */
static int edit(struct wg_layer **layer, int shape, struct wanted *list, int rev)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_layer *put = NULL, *made = NULL;
    char names[8][8];
    struct wg_str drop[8];
    size_t drops = random_below(5);
    int puts = (int)random_below(6), first = (int)random_below(MOST - 8);
    for (int k = 0; k < puts; k++) {
        list[first + k] = anywhere(rev);
        write_feature(&b, shape, first + k, &list[first + k]);
    }
    for (size_t k = 0; k < drops; k++) { /* none that is put */
        int id = (first + 8 + (int)random_below(MOST - 8)) % MOST;
        snprintf(names[k], sizeof(names[k]), "f%03d", id);
        drop[k] = wg_str_of(names[k]);
        list[id].there = id == first ? list[id].there : false;
    }
    if (puts)
        put = layer_of(&b);
    CHECK_INT(wg_layer_edit(*layer, put, drop, drops, &made, &err), WG_OK);
    wg_layer_drop(*layer);
    wg_layer_drop(put);
    *layer = made;
    wg_buf_free(&b);
    return puts;
}

static void check_edits(int shape)
{
    struct wanted list[MOST] = {{0}};
    seed = 20261123u + (unsigned)shape;
    for (int k = 0; k < MOST; k += 2)
        list[k] = anywhere(0);
    struct wg_layer *layer = made_anew(shape, list), *anew, *whole;
    for (int round = 1; round <= 60; round++) {
        uint64_t mark = wg_layer_mark(layer);
        int puts = edit(&layer, shape, list, round);
        anew = made_anew(shape, list);
        same_features(layer, anew);
        for (int k = 0; k < 20; k++) {
            same_scans(layer, anew);
            same_places(layer, anew);
        }
        if (round % 20 == 0) {
            CHECK_INT(wg_layer_whole(layer, &whole, &err), WG_OK);
            CHECK_INT(wg_layer_edits(whole), 0);
            same_features(whole, anew);
            same_scans(whole, anew);
            wg_layer_drop(whole);
        }
        CHECK(puts == 0 || wg_layer_mark(layer) != mark);
        wg_layer_drop(anew);
    }
    wg_layer_drop(layer);
}

TEST(a_layer_edited_at_random_answers_as_one_made_of_the_same_features)
{
    check_edits(WG_POINTS);
    check_edits(WG_LINES);
    check_edits(WG_AREAS);
}

TEST(features_of_another_kind_are_refused)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wanted w = {true, 1, 1, 1, 0};
    struct wg_layer *points, *areas, *made = NULL;
    write_feature(&b, WG_POINTS, 1, &w);
    points = layer_of(&b);
    write_feature(&b, WG_AREAS, 2, &w);
    areas = layer_of(&b);
    CHECK_INT(wg_layer_edit(points, areas, NULL, 0, &made, &err), WG_EINVAL);
    CHECK(made == NULL && strstr(err.text, "holds points"));
    wg_layer_drop(points);
    wg_layer_drop(areas);
    wg_buf_free(&b);
}

TEST(all_features_may_go_and_others_come)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wanted w = {true, 1, 1, 1, 0};
    struct wg_layer *one, *none = NULL, *again = NULL, *put;
    struct wg_str id = WG_S("f001");
    size_t i;
    write_feature(&b, WG_POINTS, 1, &w);
    one = layer_of(&b);
    CHECK_INT(wg_layer_edit(one, NULL, &id, 1, &none, &err), WG_OK);
    CHECK_INT(wg_layer_count(none), 0);
    CHECK(!wg_layer_by_id(none, id, &i));
    write_feature(&b, WG_POINTS, 1, &w);
    put = layer_of(&b);
    CHECK_INT(wg_layer_edit(none, put, NULL, 0, &again, &err), WG_OK);
    CHECK(wg_layer_by_id(again, id, &i) && i == 0);
    wg_layer_drop(one);
    wg_layer_drop(none);
    wg_layer_drop(again);
    wg_layer_drop(put);
    wg_buf_free(&b);
}

/* ---- what lies in some areas ---- */

static bool lies_in(int shape, const struct wanted *w, const struct wanted *a)
{
    int x = w->x, y = w->y, s = w->side;
    if (shape == WG_POINTS) /* the western and southern borders are the area's */
        return x >= a->x && x < a->x + a->side && y >= a->y && y < a->y + a->side;
    if (shape == WG_AREAS)
        return x < a->x + a->side && a->x < x + s && y < a->y + a->side && a->y < y + s;
    int from = 0, to = s; /* of a line that goes up to the right: its part over x, and over y */
    from = a->x - x > from ? a->x - x : from;
    from = a->y - y > from ? a->y - y : from;
    to = a->x + a->side - x < to ? a->x + a->side - x : to;
    to = a->y + a->side - y < to ? a->y + a->side - y : to;
    return from < to;
}

TEST(what_lies_in_areas_is_what_reaches_into_them)
{
    static struct wanted list[MOST];
    struct wg_buf b = WG_BUF_INIT;
    struct wanted square[9];
    struct wg_layer *areas, *layer, *in, *edited;
    size_t some = 0, at;
    for (int k = 0; k < 9; k++) { /* they share their borders */
        square[k] = (struct wanted){true, k % 3 * 100, k / 3 * 100, 100, 0};
        write_feature(&b, WG_AREAS, k, &square[k]);
    }
    areas = layer_of(&b);
    for (int shape = 0; shape < 3; shape++) {
        seed = 41 + (uint64_t)shape;
        for (int k = 0; k < MOST; k++) /* many lie on a border */
            list[k] =
                (struct wanted){k < MOST - 50, (int)random_below(31) * 10,
                                (int)random_below(31) * 10, 10 + (int)random_below(3) * 10, 0};
        layer = made_anew(shape, list);
        for (int k = MOST - 50; k < MOST; k++) {
            list[k].there = true;
            write_feature(&b, shape, k, &list[k]);
        }
        in = layer_of(&b);
        struct wg_str drop = WG_S("f007");
        list[7].there = false;
        CHECK_INT(wg_layer_edit(layer, in, &drop, 1, &edited, &err), WG_OK);
        wg_layer_drop(in);
        CHECK_INT(wg_layer_within(edited, areas, WG_S("f004,f008,nowhere"), false, &in, &err),
                  WG_OK);
        CHECK_INT(wg_layer_shape(in), shape);
        for (int k = 0; k < MOST; k++) {
            char id[8];
            snprintf(id, sizeof(id), "f%03d", k);
            bool want = list[k].there && (lies_in(shape, &list[k], &square[4]) ||
                                          lies_in(shape, &list[k], &square[8]));
            if (wg_layer_by_id(in, wg_str_of(id), &at) != want)
                fail_msg("%s of kind %d", id, shape);
            some += want;
        }
        wg_layer_drop(in);
        CHECK_INT(wg_layer_within(edited, areas, WG_S("f004,f005"), true, &in, &err), WG_OK);
        struct wanted both = {true, 100, 100, 100, 0}; /* two squares side by side, as one */
        for (int k = 0; k < MOST; k++) {
            const struct wanted *w = &list[k];
            char id[8];
            snprintf(id, sizeof(id), "f%03d", k);
            int side = shape == WG_POINTS ? 0 : w->side;
            bool want = w->there && w->x >= both.x && w->y >= both.y && w->x + side <= 300 &&
                        w->y + side <= 200 && (shape != WG_POINTS || (w->x < 300 && w->y < 200));
            if (wg_layer_by_id(in, wg_str_of(id), &at) != want)
                fail_msg("%s of kind %d, whole", id, shape);
        }
        wg_layer_drop(in);
        CHECK_INT(wg_layer_within(edited, areas, WG_S("nowhere"), false, &in, &err), WG_OK);
        CHECK_INT(wg_layer_count(in), 0);
        wg_layer_drop(in);
        CHECK_INT(wg_layer_within(edited, NULL, WG_S("f004"), false, &in, &err), WG_OK);
        CHECK_INT(wg_layer_count(in), 0);
        wg_layer_drop(in);
        wg_layer_drop(edited);
        wg_layer_drop(layer);
    }
    CHECK(some > 100);
    wg_layer_drop(areas);
    wg_buf_free(&b);
}

RUN_ALL("geo_edit")
