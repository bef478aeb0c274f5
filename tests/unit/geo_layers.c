/** Two layers compared, pieces that should cover their areas, sequences of features. */
#include "unit/test.h"

#include "geo/geo.h"

#include <stdio.h>

static struct wg_err err;

#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define BOX(w, s, e, n)                                                                           \
    "{\"type\":\"Polygon\",\"coordinates\":[[[" w "," s "],[" e "," s "],[" e "," n "],[" w "," n \
    "],[" w "," s "]]]}"
#define FEATURE(id, props, shape) \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"properties\":" props ",\"geometry\":" shape "}"
#define POINT(x, y) "{\"type\":\"Point\",\"coordinates\":[" x "," y "]}"

static struct wg_layer *layer_of(const char *text)
{
    struct wg_layer *layer = NULL;
    if (wg_layer_from_geojson(wg_str_of(text), NULL, &layer, NULL, &err) < 0)
        fail_msg("%s", err.text);
    return layer;
}

/* ---- compared ---- */

static void write_change(void *arg, enum wg_change change, struct wg_str id)
{
    wg_buf_fmt(arg, "%c%.*s ", "+~-="[change], WG_PRI(id));
}

static void check_changes(const struct wg_layer *x, const struct wg_layer *y, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_layer_compare(x, y, write_change, &b, NULL), WG_OK);
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

TEST(what_a_layer_changes_is_told_by_id_whatever_the_order_of_features)
{
    struct wg_layer *x =
        layer_of(COLLECTION(FEATURE("c", "{}", BOX("2", "0", "3", "1")) "," FEATURE(
            "a", "{}", BOX("0", "0", "1", "1")) "," FEATURE("b", "{\"name\":\"B\"}",
                                                            BOX("1", "0", "2", "1"))));
    struct wg_layer *y =
        layer_of(COLLECTION(FEATURE("b", "{\"name\":\"D\"}", BOX("1", "0", "2", "1")) "," FEATURE(
            "d", "{}",
            BOX("5", "0", "6", "1")) "," FEATURE("c", "{}",
                                                 BOX("2", "0", "3",
                                                     "1.5")) "," FEATURE("a", "{}",
                                                                         BOX("0", "0", "1", "1"))));
    check_changes(x, y, "=a ~b ~c +d ");
    check_changes(y, x, "=a ~b ~c -d ");
    check_changes(x, x, "=a =b =c ");
    check_changes(NULL, x, "+a +b +c ");
    check_changes(x, NULL, "-a -b -c ");
    wg_layer_drop(x);
    wg_layer_drop(y);
}

TEST(points_that_moved_or_say_something_else_have_changed)
{
    struct wg_layer *x = layer_of(
        COLLECTION(FEATURE("1", "{}", POINT("1", "1")) "," FEATURE("2", "{}", POINT("2", "2"))));
    struct wg_layer *y = layer_of(COLLECTION(FEATURE(
        "1", "{}", POINT("1", "1.0000001")) "," FEATURE("2", "{\"x\":1}", POINT("2", "2"))));
    check_changes(x, y, "~1 ~2 ");
    wg_layer_drop(x);
    wg_layer_drop(y);
}

/* ---- covered ---- */

static void write_cover(void *arg, const struct wg_cover_fault *f)
{
    static const char *const names[] = {"gap", "outside", "overlap"};
    wg_buf_fmt(arg, "%s%s %.*s %.*s %.0f %d,%d\n", f->rim ? "rim " : "", names[f->kind],
               WG_PRI(f->id), WG_PRI(f->other), f->m2 / 1000, f->at.lon_e7 / 1000,
               f->at.lat_e7 / 1000);
    CHECK(!memchr(f->shape.p, '\0', f->shape.n));
    CHECK(wg_str_starts(f->shape, "{\"type\":\"Polygon\",\"coordinates\":[[["));
}

static void check_cover(const struct wg_layer *areas, const char *only,
                        const struct wg_layer *pieces, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_cover_ask ask = {.areas = areas,
                                     .only = wg_str_of(only),
                                     .coded = true,
                                     .pieces = pieces,
                                     .fn = write_cover,
                                     .arg = &b};
    CHECK_INT(wg_layer_cover(&ask, &err), WG_OK);
    wg_buf_char(&b, '\0');
    CHECK_TEXT(b.p, want);
    wg_buf_free(&b);
}

TEST(gaps_overlaps_and_what_reaches_out_are_told_with_area_and_place)
{
    /* A hundredth of a degree is 1,113 m; squared at the equator 1,239 thousand m2. */
    struct wg_layer *areas =
        layer_of(COLLECTION(FEATURE("1", "{}", BOX("0", "0", "0.02", "0.02")) "," FEATURE(
            "2", "{}", BOX("0.02", "0", "0.04", "0.02"))));
    struct wg_layer *good =
        layer_of(COLLECTION(FEATURE("11", "{}", BOX("0", "0", "0.01", "0.02")) "," FEATURE(
            "12", "{}",
            BOX("0.01", "0", "0.02", "0.02")) "," FEATURE("21", "{}",
                                                          BOX("0.02", "0", "0.04", "0.02"))));
    struct wg_layer *bad =
        layer_of(COLLECTION(FEATURE("11", "{}", BOX("0", "0", "0.01", "0.02")) "," FEATURE(
            "12", "{}",
            BOX("0.01", "0", "0.03", "0.01")) "," FEATURE("21", "{}",
                                                          BOX("0.02", "0", "0.04", "0.02"))));
    check_cover(areas, "", good, "");
    check_cover(areas, "", bad,
                "outside 12 1 1239 250,50\n"
                "rim gap 1  1239 150,150\n"
                "overlap 12 21 1239 250,50\n");
    check_cover(areas, "2", good, "");
    wg_layer_drop(areas);
    wg_layer_drop(good);
    wg_layer_drop(bad);
}

TEST(an_area_without_a_piece_is_one_gap)
{
    struct wg_layer *areas =
        layer_of(COLLECTION(FEATURE("1", "{}", BOX("0", "0", "0.01", "0.01"))));
    struct wg_layer *pieces = layer_of(COLLECTION(FEATURE("9", "{}", BOX("1", "1", "2", "2"))));
    check_cover(areas, "", pieces, "rim gap 1  1239 50,50\n");
    wg_layer_drop(areas);
    wg_layer_drop(pieces);
}

TEST(without_an_outline_what_is_shut_in_is_a_gap_and_each_spot_is_told)
{
    /* A ring of four around a hole, and one apart: the way between them is no gap. */
    struct wg_layer *pieces =
        layer_of(COLLECTION(FEATURE("1", "{}", BOX("0", "0", "0.03", "0.01")) "," FEATURE(
            "2", "{}",
            BOX("0", "0.02", "0.03",
                "0.03")) "," FEATURE("3", "{}",
                                     BOX("0", "0.01", "0.01",
                                         "0.02")) "," FEATURE("4", "{}",
                                                              BOX("0.02", "0.01", "0.03",
                                                                  "0.02")) "," FEATURE("5", "{}",
                                                                                       BOX("0.05",
                                                                                           "0",
                                                                                           "0.06",
                                                                                           "0."
                                                                                           "01"))));
    struct wg_layer *areas =
        layer_of(COLLECTION(FEATURE("9", "{}", BOX("0", "0", "0.06", "0.03"))));
    check_cover(NULL, "", pieces, "gap   1239 150,150\n");
    struct wg_buf b = WG_BUF_INIT;
    struct wg_reading read = {0};
    const struct wg_cover_ask ask = {
        .areas = areas, .pieces = pieces, .read = &read, .fn = write_cover, .arg = &b};
    CHECK_INT(wg_layer_cover(&ask, &err), WG_OK);
    wg_buf_char(&b, '\0');
    CHECK(strstr(b.p, "gap 9  1239 150,150\n") && strstr(b.p, "rim gap 9  "));
    CHECK_INT(read.rows, 5);
    wg_buf_free(&b);
    wg_layer_drop(pieces);
    wg_layer_drop(areas);
}

/* ---- sequences ---- */

static size_t count_of(const char *text)
{
    struct wg_layer *layer = NULL;
    struct wg_layer_faults faults;
    if (wg_layer_from_geojsons(wg_str_of(text), NULL, &layer, &faults, &err) < 0)
        fail_msg("%s", err.text);
    size_t n = wg_layer_count(layer);
    CHECK_INT(faults.read.rows, n);
    wg_layer_drop(layer);
    wg_buf_free(&faults.text);
    return n;
}

TEST(features_come_as_lines_or_behind_record_separators)
{
    CHECK_INT(
        count_of(FEATURE("a", "{}", POINT("1", "2")) "\n" FEATURE("b", "{}", POINT("1", "3"))), 2);
    CHECK_INT(count_of("\n\r\n" FEATURE("a", "{}", POINT("1", "2")) "\r\n\n"), 1);
    CHECK_INT(count_of("\x1e" FEATURE("a", "{}",
                                      POINT("1", "2")) "\n\x1e{\"type\":\"Feature\",\n\"id\":\"b\","
                                                       "\"geometry\":" POINT("1", "3") "}\n"),
              2);
}

static void check_faults(const char *text, const char *want)
{
    struct wg_layer *layer = NULL;
    struct wg_layer_faults faults;
    CHECK_INT(wg_layer_from_geojsons(wg_str_of(text), NULL, &layer, &faults, &err), WG_EINVAL);
    CHECK(layer == NULL);
    CHECK_STR(wg_buf_str(&faults.text), want);
    wg_buf_free(&faults.text);
}

TEST(each_bad_record_is_named_by_the_line_it_begins_on)
{
    check_faults(
        FEATURE("a", "{}", POINT("1", "2")) "\n\n{\"type\":\"Feature\"}\n" FEATURE("a", "{}",
                                                                                   POINT("1", "2")),
        "line 3: has no id (and no property id or code)\nline 4 (a): has the id of line 1\n");
    check_faults("\x1e\n" FEATURE("a", "{}", POINT("1", "200")) "\n\x1e" FEATURE(
                     "b", "{}", BOX("0", "0", "1", "1")),
                 "line 2 (a): the point has a place 1,200 outside [-180,180]x[-90,90]; "
                 "lon comes first\nline 3 (b): is an area among points; a layer has one kind\n");
    CHECK_INT(wg_layer_from_geojsons(WG_S(" \n"), NULL, &(struct wg_layer *){NULL}, NULL, &err),
              WG_EINVAL);
}

/* ---- lines ---- */

#define LINE(places) "{\"type\":\"LineString\",\"coordinates\":[" places "]}"
#define LINES(lines) "{\"type\":\"MultiLineString\",\"coordinates\":[" lines "]}"

TEST(lines_come_back_as_they_went_in_and_are_near_where_they_pass)
{
    struct wg_layer *layer = layer_of(
        COLLECTION(FEATURE("a", "{}", LINE("[118,30],[118.01,30],[118.01,30.01]")) "," FEATURE(
            "b", "{}", LINES("[[118,30.001],[118.001,30.001]],[[119,31],[119.5,31.5]]"))));
    struct wg_point p = {1180050000, 300001000};
    struct wg_near near[4];
    struct wg_buf b = WG_BUF_INIT;
    size_t i;
    CHECK_INT(wg_layer_shape(layer), WG_LINES);
    wg_layer_geometry(layer, 0, &b);
    wg_layer_geometry(layer, 1, &b);
    CHECK_STR(wg_buf_str(&b), LINE("[118,30],[118.01,30],[118.01,30.01]")
                                  LINES("[[118,30.001],[118.001,30.001]],[[119,31],[119.5,31.5]]"));
    CHECK(!wg_layer_find(layer, p, &i));
    CHECK_INT(wg_layer_near(layer, p, 500, near, 4), 2);
    CHECK(near[0].i == 0 && !near[0].inside && near[0].distance_m > 11 &&
          near[0].distance_m < 11.2);
    CHECK(near[1].i == 1 && near[1].distance_m > 390 && near[1].distance_m < 410);
    check_changes(layer, layer, "=a =b ");
    wg_buf_free(&b);
    wg_layer_drop(layer);
}

TEST(a_line_that_is_none_is_told)
{
    check_faults(
        FEATURE("a", "{}", LINE("[1,2]")) "\n" FEATURE("b", "{}", LINE("[1,2],[1,2]")) "\n" FEATURE(
            "c", "{}", LINES("")) "\n" FEATURE("d", "{}", POINT("1", "1")),
        "line 1 (a): a line has 1 places, 2 is the least\n"
        "line 2 (b): a line stays in one place\n"
        "line 3 (c): a MultiLineString without a line\n"
        "line 4 (d): is a point among lines; a layer has one kind\n");
}

/* ---- what lies in a box ---- */

static uint64_t seed = 20261123;

static uint32_t below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % n);
}

#define PLACE(b, x, y)             \
    do {                           \
        wg_buf_char((b), '[');     \
        wg_buf_fixed((b), (x), 7); \
        wg_buf_char((b), ',');     \
        wg_buf_fixed((b), (y), 7); \
        wg_buf_char((b), ']');     \
    } while (0)

/* Features of up to a hundredth of a degree within a tenth; every 500th is on the other side. */
static struct wg_layer *scattered(int shape, size_t n, struct wg_box *box)
{
    static const char *const types[] = {"Polygon\",\"coordinates\":[[", "Point\",\"coordinates\":",
                                        "LineString\",\"coordinates\":["},
                             *const ends[] = {"]]}}", "}}", "]}}"};
    struct wg_buf b = WG_BUF_INIT;
    struct wg_layer *layer = NULL;
    for (size_t i = 0; i < n; i++) {
        int32_t w = (int32_t)(1185000000 + below(1000000)),
                s = (int32_t)(300000000 + below(1000000));
        if (i % 500 == 499)
            w = -w;
        int32_t e = w + 1 + (int32_t)below(100000), t = s + 1 + (int32_t)below(100000);
        box[i] = shape == WG_POINTS ? (struct wg_box){w, s, w, s} : (struct wg_box){w, s, e, t};
        wg_buf_fmt(&b, "{\"type\":\"Feature\",\"id\":\"%zu\",\"geometry\":{\"type\":\"%s", i,
                   types[shape]);
        PLACE(&b, w, s);
        if (shape == WG_AREAS) {
            wg_buf_char(&b, ',');
            PLACE(&b, e, s);
        }
        if (shape != WG_POINTS) {
            wg_buf_char(&b, ',');
            PLACE(&b, e, t);
        }
        if (shape == WG_AREAS) {
            wg_buf_char(&b, ',');
            PLACE(&b, w, s);
        }
        wg_buf_fmt(&b, "%s\n", ends[shape]);
    }
    if (wg_layer_from_geojsons(wg_buf_str(&b), NULL, &layer, NULL, &err) < 0)
        fail_msg("%s", err.text);
    wg_buf_free(&b);
    return layer;
}

/* Scans in pieces: each begins where the one before was left. 1: met, 2: inside. */
static void scan_all(const struct wg_layer *layer, struct wg_box box, char *seen)
{
    struct wg_scan scan = {layer, box, 0};
    struct wg_run run;
    while (wg_scan_next(&scan, &run)) {
        uint32_t to = below(2) ? run.to : run.from + 1 + below(run.to - run.from);
        for (uint32_t k = run.from; k < to; k++) {
            struct wg_feature f;
            int64_t i = -1;
            CHECK(wg_layer_at(layer, wg_layer_along(layer, k), &f) &&
                  wg_str_int(f.id, &i) == WG_OK);
            CHECK_INT(seen[i], 0); /* each once */
            seen[i] = run.inside ? 2 : 1;
        }
        scan = (struct wg_scan){layer, box, to};
    }
}

static void check_scans(int shape, size_t n)
{
    static struct wg_box of[3000];
    static char seen[3000];
    struct wg_layer *layer = scattered(shape, n, of);
    for (int q = 0; q < 300; q++) {
        struct wg_box box = {(int32_t)(1184900000 + below(1200000)),
                             (int32_t)(299900000 + below(1200000)), 0, 0};
        box.east = box.west + (int32_t)below(q % 3 ? 30000 : 1000000);
        box.north = box.south + (int32_t)below(q % 3 ? 30000 : 1000000);
        if (q == 299)
            box = (struct wg_box){-1800000000, -900000000, 1800000000, 900000000};
        memset(seen, 0, sizeof(seen));
        scan_all(layer, box, seen);
        for (size_t i = 0; i < n; i++) {
            bool meets = of[i].west <= box.east && of[i].east >= box.west &&
                         of[i].south <= box.north && of[i].north >= box.south;
            bool inside = of[i].west >= box.west && of[i].east <= box.east &&
                          of[i].south >= box.south && of[i].north <= box.north;
            CHECK_INT(seen[i], meets + inside);
        }
    }
    wg_layer_drop(layer);
}

TEST(a_scan_gives_what_brute_force_gives_each_once_in_pieces_too)
{
    for (int shape = WG_AREAS; shape <= WG_LINES; shape++) {
        check_scans(shape, 3000);
        check_scans(shape, 17);
        check_scans(shape, 16);
        check_scans(shape, 1);
    }
}

TEST(ids_that_share_much_are_found_and_stand_in_order)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_layer *layer = NULL;
    size_t i;
    wg_buf_lit(&b, "id,lon,lat\n");
    for (int k = 0; k < 2000; k++)
        wg_buf_fmt(&b, "341824%s%05d%s,118,30\n", k % 3 ? "0101" : "01", k * 7919 % 2000,
                   k % 5 ? "" : "0000000000x");
    CHECK_INT(wg_layer_from_csv(wg_buf_str(&b), NULL, &layer, NULL, &err), WG_OK);
    for (size_t k = 0; k < 2000; k++) {
        struct wg_feature f;
        wg_layer_at(layer, k, &f);
        CHECK(wg_layer_by_id(layer, f.id, &i) && i == k);
    }
    CHECK(!wg_layer_by_id(layer, WG_S("3418240101"), &i));
    wg_buf_free(&b);
    wg_layer_drop(layer);
}

RUN_ALL("geo_layers")
