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
    if (wg_layer_from_geojson(wg_str_of(text), &layer, NULL, &err) < 0)
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
    wg_layer_compare(x, y, write_change, &b);
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
    wg_buf_fmt(arg, "%s %.*s %.*s %.0f %d,%d\n", names[f->kind], WG_PRI(f->id), WG_PRI(f->other),
               f->m2 / 1000, f->at.lon_e7 / 1000, f->at.lat_e7 / 1000);
}

static void check_cover(const struct wg_layer *areas, const char *only,
                        const struct wg_layer *pieces, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_layer_cover(areas, wg_str_of(only), pieces, write_cover, &b, &err), WG_OK);
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
                "gap 1  1239 150,150\n"
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
    check_cover(areas, "", pieces, "gap 1  1239 50,50\n");
    wg_layer_drop(areas);
    wg_layer_drop(pieces);
}

/* ---- sequences ---- */

static size_t count_of(const char *text)
{
    struct wg_layer *layer = NULL;
    struct wg_layer_faults faults;
    if (wg_layer_from_geojsons(wg_str_of(text), &layer, &faults, &err) < 0)
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
    CHECK_INT(wg_layer_from_geojsons(wg_str_of(text), &layer, &faults, &err), WG_EINVAL);
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
    CHECK_INT(wg_layer_from_geojsons(WG_S(" \n"), &(struct wg_layer *){NULL}, NULL, &err),
              WG_EINVAL);
}

RUN_ALL("geo_layers")
