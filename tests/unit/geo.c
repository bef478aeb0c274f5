/** Coordinates, CSV, layers: exact owners, near features, faults by place, files that survive
 * damage. */
#include "unit/test.h"

#include "geo/geo.h"
#include "unit/geo_given.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct wg_err err;

static uint64_t seed = 4490;
static int64_t below(int64_t n) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int64_t)((seed * UINT64_C(2685821657736338717) >> 2) % (uint64_t)n);
}

static struct wg_layer *layer_of(struct wg_str text)
{
    struct wg_layer *layer = NULL;
    if (wg_layer_from_geojson(text, NULL, &layer, NULL, &err) < 0)
        fail_msg("%s", err.text);
    return layer;
}

#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define FEATURE(id, props, geometry) \
    "{\"type\":\"Feature\",\"id\":" id ",\"properties\":" props ",\"geometry\":" geometry "}"
#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"
#define POINT(at) "{\"type\":\"Point\",\"coordinates\":" at "}"
#define SQUARE "[[0,0],[1,0],[1,1],[0,1],[0,0]]"

/* ---- coordinate systems ---- */

static double number(struct wg_str s)
{
    char z[40];
    CHECK_INT(wg_str_copy(z, sizeof(z), s), WG_OK);
    return strtod(z, NULL);
}

static void check_metres(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("got %.6f, want %.6f", got, want);
}

TEST(thirty_published_places_come_out_to_a_millimetre_and_back)
{
    static const int codes[] = {4548, 4549, 4527, 4528};
    struct wg_buf text = slurp("tests/unit/cgcs2000_gk3_examples.csv");
    for (size_t k = 0; k < 4; k++) {
        struct wg_crs *crs = NULL;
        struct wg_csv csv;
        int rows = 0;
        CHECK_INT(wg_crs_new(codes[k], &crs, &err), WG_OK);
        CHECK_INT(wg_csv_open(wg_buf_str(&text), &csv), WG_OK);
        CHECK_INT(wg_csv_next(&csv, &err), 1);
        for (; wg_csv_next(&csv, &err) == 1; rows++) {
            double lat = number(csv.field[1]), lon = number(csv.field[2]);
            double north = number(csv.field[3 + 2 * k]), east = number(csv.field[4 + 2 * k]);
            double x = 0, y = 0;
            struct wg_point p;
            CHECK_INT(wg_crs_from_degrees(crs, lon, lat, &x, &y), WG_OK);
            check_metres(x, east, 0.001);
            check_metres(y, north, 0.001);
            CHECK_INT(wg_crs_to_degrees(crs, east, north, &x, &y), WG_OK);
            check_metres(x, lon, 1e-9);
            check_metres(y, lat, 1e-9);
            CHECK_INT(wg_crs_to_4490(crs, east, north, &p), WG_OK);
            CHECK(llabs(p.lon_e7 - llround(lon * 1e7)) <= 1);
            CHECK(llabs(p.lat_e7 - llround(lat * 1e7)) <= 1);
            CHECK_INT(wg_crs_from_4490(crs, p, &x, &y), WG_OK);
            check_metres(x, east, 0.02);
            check_metres(y, north, 0.02);
        }
        CHECK_INT(rows, 30);
        wg_csv_close(&csv);
        wg_crs_free(crs);
    }
    wg_buf_free(&text);
}

TEST(every_system_that_we_name_takes_east_before_north)
{
    static const int codes[] = {4326, 4490, 3857, 4509, 4498, 4526, 4527,
                                4528, 4547, 4548, 4549, 4510, 4550};
    struct wg_point at = {1185940001, 300732345}, back;
    for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++) {
        struct wg_crs *crs = NULL;
        double x = 0, y = 0;
        CHECK_INT(wg_crs_new(codes[k], &crs, &err), WG_OK);
        CHECK_INT(wg_crs_from_4490(crs, at, &x, &y), WG_OK);
        CHECK_INT(wg_crs_to_4490(crs, x, y, &back), WG_OK);
        CHECK_INT(back.lon_e7, at.lon_e7);
        CHECK_INT(back.lat_e7, at.lat_e7);
        if (codes[k] == 3857) /* R * lon: the datum is taken as equal */
            check_metres(x, 6378137.0 * 118.5940001 * 3.14159265358979323846 / 180, 0.001);
        wg_crs_free(crs);
    }
}

TEST(an_unknown_system_and_a_place_that_is_none_are_refused)
{
    struct wg_crs *crs = (struct wg_crs *)&err;
    struct wg_point p;
    double x, y;
    CHECK_INT(wg_crs_new(123456, &crs, &err), WG_EINVAL);
    CHECK(crs == NULL && strstr(err.text, "EPSG:123456"));
    CHECK_INT(wg_crs_new(4490, &crs, &err), WG_OK);
    CHECK_INT(wg_crs_to_4490(crs, 181, 30, &p), WG_ERANGE);
    CHECK_INT(wg_crs_to_4490(crs, (double)NAN, 30, &p), WG_ERANGE);
    CHECK_INT(wg_crs_from_4490(crs, (struct wg_point){0, 900000001}, &x, &y), WG_ERANGE);
    wg_crs_free(crs);
    CHECK_INT(wg_crs_new(4549, &crs, &err), WG_OK);
    CHECK_INT(wg_crs_to_4490(crs, 1e30, 1e30, &p), WG_ERANGE);
    CHECK_INT(wg_crs_to_4490(crs, (double)INFINITY, 0, &p), WG_ERANGE);
    wg_crs_free(crs);
    wg_crs_free(NULL);
}

TEST(distances_are_good_at_county_size)
{
    /* Geodesics on the ellipsoid. */
    struct wg_point a = {1185000000, 300000000}, b = {1185000000, 304000000};
    check_metres(wg_distance_m(a, b), 44343.4, 5);
    b = (struct wg_point){1190000000, 300000000};
    check_metres(wg_distance_m(a, b), 48243.1, 5);
    CHECK(wg_distance_m(a, a) == 0);
    a = (struct wg_point){1799999999, 0};
    b = (struct wg_point){-1799999999, 0};
    check_metres(wg_distance_m(a, b), 0.0223, 0.001);
}

/* ---- CSV ---- */

static void check_rows(const char *text, const char *want)
{
    struct wg_csv csv;
    struct wg_buf got = WG_BUF_INIT;
    int rc;
    CHECK_INT(wg_csv_open(wg_str_of(text), &csv), WG_OK);
    while ((rc = wg_csv_next(&csv, &err)) == 1) {
        wg_buf_fmt(&got, "%zu:", csv.line);
        for (size_t i = 0; i < csv.count; i++)
            wg_buf_fmt(&got, "<%.*s>", WG_PRI(csv.field[i]));
    }
    if (rc < 0)
        wg_buf_fmt(&got, "!%s", err.text);
    CHECK_INT(rc, rc < 0 ? WG_EINVAL : 0);
    CHECK_INT(wg_csv_next(&csv, &err), 0); /* and then there is nothing more */
    CHECK_STR(wg_buf_str(&got), want);
    wg_buf_free(&got);
    wg_csv_close(&csv);
    wg_csv_close(&csv);
}

TEST(csv_rows_are_read_as_rfc_4180_writes_them)
{
    check_rows("", "");
    check_rows("\xEF\xBB\xBF"
               "a,b\r\n1,2\r\n",
               "1:<a><b>2:<1><2>");
    check_rows("a,,\n,\n", "1:<a><><>2:<><>");
    check_rows("\"a,\"\"b\"\"\",\"\"\n\n\r\nx", "1:<a,\"b\"><>4:<x>");
    check_rows("\"two\r\nlines\",b\nc", "1:<two\r\nlines><b>3:<c>");
    check_rows("a,\"b\"", "1:<a><b>");
    check_rows("a,", "1:<a><>");
}

TEST(csv_faults_name_line_and_column)
{
    check_rows("a\n井盖,b\"c\n",
               "1:<a>!line 2, column 5: a quote inside a field that does not begin "
               "with one");
    check_rows("a,\"b\n\n", "!line 1, column 3: this quote is never closed");
    check_rows("a,\"b\nc\"d,e", "!line 2, column 3: after a closing quote comes a comma or the "
                                "line's end");
    check_rows("a\rb", "!line 1, column 2: a CR without its LF");
    check_rows("a,\xC4\xFA\n", "!line 1, column 3: a field that is not UTF-8; save the table as "
                               "\"CSV UTF-8\"");
}

/* ---- layers: what goes in comes out ---- */

#define TWO_AREAS                                                                                  \
    COLLECTION(FEATURE(                                                                            \
        "\"b\"", "{\"name\":\"乙\",\"unit\":\"u 1\",\"area_m2\":12.50,\"id\":\"b\"}",              \
        POLYGON(                                                                                   \
            SQUARE)) "," FEATURE("7", "{\"code\":\"c\",\"id\":8}",                                 \
                                 "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[2,0],[5,0],[5,3]" \
                                 ",[2,3],[2,0]],"                                                  \
                                 "[[3,1],[3,2],[4,2],[4,1],[3,1]]],[[[6,0],[7,0],[7,1.2345678,9]," \
                                 "[6,0]]]]}") ","                                                  \
                                              "{\"type\":\"Feature\",\"properties\":{\"code\":"    \
                                              "\"a\",\"name\":3},\"geometry\":" POLYGON(           \
                                                  "[[0,5],[1,5],[1,6],[0,5]]") "}")

static void check_two_areas(const struct wg_layer *layer)
{
    struct wg_feature f;
    struct wg_buf g = WG_BUF_INIT;
    size_t i = 99;
    CHECK_INT(wg_layer_count(layer), 3);
    CHECK(wg_layer_shape(layer) == WG_AREAS);
    CHECK_INT(wg_layer_box(layer).east, 70000000);
    CHECK_INT(wg_layer_box(layer).north, 60000000);
    CHECK(wg_layer_at(layer, 0, &f));
    CHECK_STR(f.id, "b");
    CHECK_STR(f.name, "乙");
    CHECK_STR(f.props, "{\"unit\":\"u 1\",\"area_m2\":12.50}");
    CHECK_INT(f.at.lon_e7, 5000000);
    CHECK(wg_layer_at(layer, 1, &f));
    CHECK_STR(f.id, "7");
    CHECK_STR(f.props, "{\"code\":\"c\",\"id\":8}");
    CHECK_INT(f.box.west, 20000000);
    wg_layer_geometry(layer, 1, &g);
    CHECK_STR(wg_buf_str(&g),
              "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[2,0],[5,0],[5,3],[2,3],[2,0]],"
              "[[3,1],[3,2],[4,2],[4,1],[3,1]]],[[[6,0],[7,0],[7,1.2345678],[6,0]]]]}");
    wg_buf_clear(&g);
    wg_layer_geometry(layer, 0, &g);
    CHECK_STR(wg_buf_str(&g), POLYGON(SQUARE));
    wg_buf_free(&g);
    CHECK(wg_layer_at(layer, 2, &f));
    CHECK_STR(f.id, "a");
    CHECK_STR(f.props, "{\"code\":\"a\",\"name\":3}");
    CHECK(!wg_layer_at(layer, 3, &f));
    CHECK(wg_layer_by_id(layer, WG_S("a"), &i) && i == 2);
    CHECK(wg_layer_by_id(layer, WG_S("7"), &i) && i == 1);
    CHECK(!wg_layer_by_id(layer, WG_S("bb"), &i) && !wg_layer_by_id(layer, WG_S(""), &i));
    CHECK(wg_layer_find(layer, (struct wg_point){25000000, 15000000}, &i) && i == 1);
    CHECK(!wg_layer_find(layer, (struct wg_point){35000000, 15000000}, &i)); /* the hole */
    CHECK(wg_layer_find(layer, (struct wg_point){69000000, 5000000}, &i) && i == 1);
    CHECK(!wg_layer_find(layer, (struct wg_point){INT32_MAX, INT32_MIN}, &i));
}

TEST(a_layer_gives_back_what_was_put_in)
{
    struct wg_layer *layer = layer_of(WG_S(TWO_AREAS));
    CHECK(wg_layer_keep(layer) == layer);
    wg_layer_drop(layer);
    check_two_areas(layer);
    wg_layer_drop(layer);
    CHECK(wg_layer_keep(NULL) == NULL);
    wg_layer_drop(NULL);
}

TEST(a_layer_of_nothing_finds_nothing)
{
    struct wg_layer *layer = layer_of(WG_S(COLLECTION("")));
    struct wg_near near;
    size_t i;
    CHECK_INT(wg_layer_count(layer), 0);
    CHECK_INT(wg_layer_box(layer).west, 0);
    CHECK(!wg_layer_find(layer, (struct wg_point){0, 0}, &i));
    CHECK(!wg_layer_by_id(layer, WG_S("a"), &i));
    CHECK_INT(wg_layer_near(layer, (struct wg_point){0, 0}, 1e9, &near, 1), 0);
    wg_layer_drop(layer);
}

TEST(points_come_from_csv_with_the_other_columns_as_properties)
{
    struct wg_layer *layer = NULL;
    struct wg_feature f;
    struct wg_buf g = WG_BUF_INIT;
    struct wg_str text =
        WG_S("lat,id,kind,lon,name\r\n30.0708979,p1,\"0\"\"1\",118.5871660,井盖\r\n"
             "-0.5,p2,,-3,\r\n");
    CHECK_INT(wg_layer_from_csv(text, NULL, &layer, NULL, &err), WG_OK);
    size_t i;
    CHECK_INT(wg_layer_shape(layer), WG_POINTS);
    CHECK(wg_layer_by_id(layer, WG_S("p1"), &i) && wg_layer_at(layer, i, &f));
    CHECK_STR(f.id, "p1");
    CHECK_STR(f.name, "井盖");
    CHECK_STR(f.props, "{\"kind\":\"0\\\"1\"}");
    CHECK_INT(f.at.lon_e7, 1185871660);
    CHECK_INT(f.at.lat_e7, 300708979);
    CHECK(wg_layer_by_id(layer, WG_S("p2"), &i));
    wg_layer_geometry(layer, i, &g);
    CHECK_STR(wg_buf_str(&g), "{\"type\":\"Point\",\"coordinates\":[-3,-0.5]}");
    wg_buf_free(&g);
    wg_layer_drop(layer);
}

/* ---- faults ---- */

typedef int (*from_fn)(struct wg_str, struct wg_crs *, struct wg_layer **, struct wg_layer_faults *,
                       struct wg_err *);

static void check_faults(from_fn from, const char *text, size_t count, const char *want)
{
    struct wg_layer *layer = (struct wg_layer *)&err;
    struct wg_layer_faults faults;
    err = (struct wg_err){0};
    CHECK_INT(from(wg_str_of(text), NULL, &layer, &faults, &err), WG_EINVAL);
    CHECK(layer == NULL);
    CHECK_INT(faults.count, count);
    wg_buf_char(&faults.text, '\0');
    if (!strstr(count ? faults.text.p : err.text, want) || !strstr(err.text, want))
        fail_msg("\"%s\" and \"%s\" do not say \"%s\"", faults.text.p, err.text, want);
    CHECK(wg_utf8_valid(wg_str_of(err.text)));
    wg_buf_free(&faults.text);
    CHECK_INT(from(wg_str_of(text), NULL, &layer, NULL, &err), WG_EINVAL);
}

#define BAD_GEO(features, want) check_faults(wg_layer_from_geojson, COLLECTION(features), 1, want)
#define AREA(rings) FEATURE("\"a\"", "{}", POLYGON(rings))

TEST(faults_of_a_geojson_layer_name_feature_ring_and_place)
{
    check_faults(wg_layer_from_geojson, "{\"type\":\"Feature\"}", 0, "not a GeoJSON");
    check_faults(wg_layer_from_geojson, "[1", 0, "line 1");
    BAD_GEO(AREA("[[0,0],[2,2],[2,0],[0,1],[0,0]]"),
            "feature 1 (a): ring 1 crosses itself at 0.6666667,0.6666667");
    BAD_GEO(AREA("[[0,0],[1,0],[1,1],[0,0.5]]"), "feature 1 (a): ring 1 is not closed");
    BAD_GEO(AREA("[[0,0],[1,0],[0,0]]"), "ring 1 has 3 places, 4 is the least");
    BAD_GEO(AREA("[[0,0],[1,0],[2,0],[0,0]]"), "feature 1 (a): ");
    BAD_GEO(AREA(SQUARE ",[[2,2],[3,2],[3,3],[2,2]]"), "has a hole outside its outer ring");
    BAD_GEO(AREA("[[30,118],[30,119],[31,118],[30,118]]"),
            "place 30,118 outside [-180,180]x[-90,90]; lon comes first");
    BAD_GEO(AREA("[[0,0],[1,\"0\"],[1,1],[0,0]]"), "a place that is not [lon,lat]");
    BAD_GEO(AREA(""), "a polygon without a ring");
    BAD_GEO(FEATURE("\"a\"", "{}", "null"), "geometry is missing");
    BAD_GEO(FEATURE("\"a\"", "{}", "{\"type\":\"MultiPoint\",\"coordinates\":[]}"),
            "geometry is MultiPoint; Point, Polygon, LineString and the Multi of these two");
    BAD_GEO(AREA(SQUARE) "," FEATURE("\"p\"", "{}", POINT("[1,1]")),
            "feature 2 (p): is a point among areas");
    BAD_GEO(FEATURE("\"\"", "null", POINT("[1,1]")), "feature 1: has no id");
    BAD_GEO(AREA(SQUARE) "," AREA(SQUARE), "feature 2 (a): has the id of feature 1");
    BAD_GEO("7", "feature 1: its \"type\" is not \"Feature\"");
    check_faults(wg_layer_from_geojson, COLLECTION(AREA("") ",7," AREA("")), 3,
                 "feature 1 (a): a polygon without a ring\nfeature 2: its");
}

TEST(faults_of_a_csv_layer_name_line_and_column)
{
    check_faults(wg_layer_from_csv, "", 1, "the table is empty");
    check_faults(wg_layer_from_csv, "id,lon\n", 1, "line 1: the column \"lat\" is missing");
    check_faults(wg_layer_from_csv, "id,lon,lat,id\n", 1, "the column \"id\" is there twice");
    check_faults(
        wg_layer_from_csv, "id,lon,lat\na,x,nan\nb,1,95\n", 3,
        "line 2 (a): column \"lon\": \"x\" is no decimal number\n"
        "line 2 (a): column \"lat\": \"nan\" is no decimal number\n"
        "line 3 (b): columns \"lon\" and \"lat\": a place 1,95 outside [-180,180]x[-90,90]");
    check_faults(wg_layer_from_csv, "id,lon,lat\na,1,1\n,1,1\n", 1,
                 "line 3: column \"id\": is empty");
    check_faults(wg_layer_from_csv, "id,lon,lat\na,1\n", 1, "2 fields, the first line has 3");
    check_faults(wg_layer_from_csv, "id,lon,lat\na,1,1\nb,1,1\na,1,1\n", 1,
                 "line 4 (a): has the id of line 2");
    check_faults(wg_layer_from_csv, "id,lon,lat\na,1,x\n\"a,1,1\n", 2,
                 "line 3, column 1: this quote is never closed");
}

TEST(of_many_faults_all_are_counted_and_a_thousand_told)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_layer_faults faults;
    struct wg_layer *layer = NULL;
    size_t lines = 0;
    wg_buf_lit(&text, "id,lon,lat\n");
    for (int i = 0; i < 1100; i++)
        wg_buf_fmt(&text, "p%d,1,\n", i);
    CHECK_INT(wg_layer_from_csv(wg_buf_str(&text), NULL, &layer, &faults, &err), WG_EINVAL);
    CHECK_INT(faults.count, 1100);
    CHECK_INT(faults.read.rows, 1100);
    for (size_t i = 0; i < faults.text.n; i++)
        lines += faults.text.p[i] == '\n';
    CHECK_INT(lines, 1000);
    CHECK(strstr(err.text, "\nand 109"));
    wg_buf_free(&text);
    wg_buf_free(&faults.text);
}

/* ---- a random tiling: quads on a jittered lattice that share their vertices to the digit ---- */

#define SIDE 20
#define ORIGIN_LON 1184000000
#define ORIGIN_LAT 299000000
#define CELL 100000

static struct wg_point lattice[SIDE + 1][SIDE + 1];

/* Some vertices stand in line, so that level and upright edges occur too. */
static struct wg_buf tiling(void)
{
    struct wg_buf b = WG_BUF_INIT;
    for (int y = 0; y <= SIDE; y++)
        for (int x = 0; x <= SIDE; x++) {
            int64_t jitter = below(3) ? 2 * CELL / 5 : 1;
            lattice[y][x].lon_e7 = (int32_t)(ORIGIN_LON + x * CELL + below(jitter));
            lattice[y][x].lat_e7 = (int32_t)(ORIGIN_LAT + y * CELL + below(jitter));
        }
    wg_buf_lit(&b, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            struct wg_point v[5] = {lattice[y][x], lattice[y][x + 1], lattice[y + 1][x + 1],
                                    lattice[y + 1][x], lattice[y][x]};
            bool turned = below(2); /* rings run either way */
            wg_buf_fmt(&b, "%s{\"type\":\"Feature\",\"id\":\"%d-%d\",\"geometry\":{\"type\":",
                       x + y ? "," : "", y, x);
            wg_buf_lit(&b, "\"Polygon\",\"coordinates\":[[");
            for (int k = 0; k < 5; k++) {
                wg_buf_lit(&b, "[");
                wg_buf_fixed(&b, v[turned ? 4 - k : k].lon_e7, 7);
                wg_buf_lit(&b, ",");
                wg_buf_fixed(&b, v[turned ? 4 - k : k].lat_e7, 7);
                wg_buf_str_add(&b, k < 4 ? WG_S("],") : WG_S("]"));
            }
            wg_buf_lit(&b, "]]}}");
        }
    wg_buf_lit(&b, "]}");
    return b;
}

/* Brute force in 128 bits. */
__extension__ typedef __int128 wide;

static bool quad_holds(int y, int x, struct wg_point p)
{
    struct wg_point v[5] = {lattice[y][x], lattice[y][x + 1], lattice[y + 1][x + 1],
                            lattice[y + 1][x], lattice[y][x]};
    bool inside = false;
    for (int k = 0; k < 4; k++) {
        struct wg_point a = v[k], b = v[k + 1];
        if ((a.lat_e7 > p.lat_e7) == (b.lat_e7 > p.lat_e7))
            continue;
        wide side = (wide)((int64_t)b.lon_e7 - a.lon_e7) * ((int64_t)p.lat_e7 - a.lat_e7) -
                    (wide)((int64_t)p.lon_e7 - a.lon_e7) * ((int64_t)b.lat_e7 - a.lat_e7);
        inside ^= b.lat_e7 > a.lat_e7 ? side > 0 : side < 0;
    }
    return inside;
}

/* Anywhere, or on a vertex, or on an edge where it meets whole units; these not on the outer rim.
 */
static struct wg_point some_point(bool *within)
{
    struct wg_point p = {(int32_t)(ORIGIN_LON - CELL + below((SIDE + 2) * CELL)),
                         (int32_t)(ORIGIN_LAT - CELL + below((SIDE + 2) * CELL))};
    int x = 2 + (int)below(SIDE - 2), y = 2 + (int)below(SIDE - 2);
    int kind = (int)below(4);
    *within = false;
    if (kind == 0)
        return p;
    *within = true;
    if (kind == 1)
        return lattice[y][x];
    struct wg_point a = lattice[y][x], b = kind == 2 ? lattice[y][x - 1] : lattice[y - 1][x];
    int64_t dx = (int64_t)b.lon_e7 - a.lon_e7, dy = (int64_t)b.lat_e7 - a.lat_e7, n = llabs(dx);
    for (int64_t m = llabs(dy), t; m; t = n % m, n = m, m = t) /* gcd: whole steps along it */
        ;
    int64_t step = n ? below(n + 1) : 0;
    return (struct wg_point){(int32_t)(a.lon_e7 + dx / (n ? n : 1) * step),
                             (int32_t)(a.lat_e7 + dy / (n ? n : 1) * step)};
}

TEST(in_a_random_tiling_every_point_has_the_owner_that_brute_force_gives_it)
{
    struct wg_buf text = tiling();
    struct wg_layer *layer = layer_of(wg_buf_str(&text));
    for (int k = 0; k < 200000; k++) {
        bool within;
        struct wg_point p = some_point(&within);
        size_t i = SIZE_MAX, want = SIZE_MAX;
        int owners = 0;
        int cy = (int)((p.lat_e7 - ORIGIN_LAT) / CELL), cx = (int)((p.lon_e7 - ORIGIN_LON) / CELL);
        for (int y = cy - 2; y <= cy + 2; y++)
            for (int x = cx - 2; x <= cx + 2; x++)
                if (y >= 0 && x >= 0 && y < SIDE && x < SIDE && quad_holds(y, x, p)) {
                    owners++;
                    want = (size_t)y * SIDE + (size_t)x;
                }
        bool found = wg_layer_find(layer, p, &i);
        CHECK(owners <= 1);
        CHECK_INT(found, owners);
        CHECK(!found || i == want);
        if (within)
            CHECK_INT(owners, 1);
    }
    wg_layer_drop(layer);
    wg_buf_free(&text);
}

/* Two counties with a winding border of many vertices between them: slabs on both sides. */
TEST(areas_of_many_vertices_share_a_winding_border_exactly)
{
    enum { N = 2000 };
    static struct wg_point border[N];
    struct wg_buf b = WG_BUF_INIT;
    for (int k = 0; k < N; k++)
        border[k] = (struct wg_point){(int32_t)(1180000000 + below(1000000)), 300000000 + k * 1000};
    wg_buf_lit(&b, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int side = 0; side < 2; side++) {
        wg_buf_fmt(&b, "%s{\"type\":\"Feature\",\"id\":%d,\"geometry\":{\"type\":\"Polygon\"",
                   side ? "," : "", side);
        wg_buf_fmt(&b, ",\"coordinates\":[[[%d,30.1999],[%d,30],", side ? 119 : 117,
                   side ? 119 : 117);
        for (int k = 0; k < N; k++) {
            wg_buf_lit(&b, "[");
            wg_buf_fixed(&b, border[k].lon_e7, 7);
            wg_buf_lit(&b, ",");
            wg_buf_fixed(&b, border[k].lat_e7, 7);
            wg_buf_lit(&b, "],");
        }
        wg_buf_fmt(&b, "[%d,30.1999]]]}}", side ? 119 : 117);
    }
    wg_buf_lit(&b, "]}");
    struct wg_layer *layer = layer_of(wg_buf_str(&b));
    for (int k = 0; k < 100000; k++) {
        int at = (int)below(N - 1);
        struct wg_point p = {(int32_t)(1180000000 + below(1000000)),
                             (int32_t)(300000000 + below(1999000))};
        if (below(3) == 0)
            p = border[at];
        int e = (p.lat_e7 - 300000000) / 1000;
        struct wg_point u = border[e], v = border[e + 1];
        /* West of the border is area 0, on it and east of it area 1. */
        bool west = ((int64_t)v.lon_e7 - u.lon_e7) * (p.lat_e7 - u.lat_e7) >
                    ((int64_t)p.lon_e7 - u.lon_e7) * (v.lat_e7 - u.lat_e7);
        size_t i = 9;
        CHECK(wg_layer_find(layer, p, &i));
        CHECK_INT(i, west ? 0 : 1);
    }
    wg_layer_drop(layer);
    wg_buf_free(&b);
}

TEST(of_overlapping_areas_the_first_answers_and_near_tells_all)
{
    struct wg_layer *layer = layer_of(
        WG_S(COLLECTION(FEATURE("1", "{}", POLYGON("[[0,0],[9,0],[9,9],[0,9],[0,0]]")) "," FEATURE(
            "2", "{}",
            POLYGON("[[1,1],[3,1],[3,3],[1,3],[1,1]]")) "," FEATURE("3", "{}",
                                                                    POLYGON("[[4,1],[5,1],[5,3],[4,"
                                                                            "3],[4,1]]")))));
    struct wg_near near[4];
    struct wg_point p = {29000000, 20000000};
    size_t i = 9;
    CHECK(wg_layer_find(layer, p, &i) && i == 0);
    CHECK_INT(wg_layer_near(layer, p, 200000, near, 4), 3);
    CHECK(near[0].i == 1 && near[0].inside && near[1].i == 0 && near[1].inside);
    CHECK(near[2].i == 2 && !near[2].inside);
    check_metres(near[0].distance_m, 11125, 11125 * 0.003);
    check_metres(near[2].distance_m, 122370, 122370 * 0.003);
    CHECK_INT(wg_layer_near(layer, p, 0, near, 4), 2); /* holders always */
    CHECK_INT(wg_layer_near(layer, p, (double)NAN, near, 4), 2);
    CHECK_INT(wg_layer_near(layer, p, (double)INFINITY, near, 4), 3);
    CHECK_INT(wg_layer_near(layer, p, 200000, near, 1), 1);
    CHECK(near[0].i == 1);
    CHECK_INT(wg_layer_near(layer, p, 200000, near, 0), 0);
    wg_layer_drop(layer);
}

/* ---- near ---- */

static int by_distance(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Points stand in another order than they came in: their ids are their numbers. */
static size_t number_of(const struct wg_layer *layer, size_t i)
{
    struct wg_feature f;
    int64_t n = -1;
    CHECK(wg_layer_at(layer, i, &f) && wg_str_int(f.id, &n) == WG_OK);
    return (size_t)n;
}

TEST(near_points_equal_brute_force_also_with_one_far_astray)
{
    enum { N = 3000 };
    static struct wg_point at[N];
    static double d[N];
    struct wg_buf text = WG_BUF_INIT;
    struct wg_layer *layer = NULL;
    struct wg_near near[40];
    wg_buf_lit(&text, "id,lon,lat\n");
    for (int k = 0; k < N; k++) {
        at[k] = (struct wg_point){(int32_t)(1185000000 + below(200000)),
                                  (int32_t)(300000000 + below(200000))};
        if (k == 17)
            at[k] = (struct wg_point){0, 0};
        wg_buf_fmt(&text, "%d,", k);
        wg_buf_fixed(&text, at[k].lon_e7, 7);
        wg_buf_lit(&text, ",");
        wg_buf_fixed(&text, at[k].lat_e7, 7);
        wg_buf_lit(&text, "\n");
    }
    CHECK_INT(wg_layer_from_csv(wg_buf_str(&text), NULL, &layer, NULL, &err), WG_OK);
    for (int q = 0; q < 300; q++) {
        struct wg_point p = {(int32_t)(1184900000 + below(400000)),
                             (int32_t)(299900000 + below(400000))};
        double reach = q % 3 ? (double)below(400) : q % 2 ? 5e4 : HUGE_VAL;
        size_t want = 0;
        for (int k = 0; k < N; k++) {
            d[k] = wg_distance_m(p, at[k]);
            want += d[k] <= reach;
        }
        qsort(d, N, sizeof(d[0]), by_distance);
        want = want > 40 ? 40 : want;
        CHECK_INT(wg_layer_near(layer, p, reach, near, 40), want);
        for (size_t k = 0; k < want; k++)
            CHECK(fabs(near[k].distance_m - d[k]) < 1e-4 + d[k] * 1e-6 &&
                  fabs(wg_distance_m(p, at[number_of(layer, near[k].i)]) - d[k]) <
                      1e-4 + d[k] * 1e-6);
    }
    CHECK_INT(wg_layer_near(layer, (struct wg_point){5, 5}, 10, near, 40), 1);
    CHECK_INT(number_of(layer, near[0].i), 17);
    wg_layer_drop(layer);
    wg_buf_free(&text);
}

/* By hand: the nearest of many points along each border. */
static double border_by_steps(int y, int x, struct wg_point p)
{
    struct wg_point v[5] = {lattice[y][x], lattice[y][x + 1], lattice[y + 1][x + 1],
                            lattice[y + 1][x], lattice[y][x]};
    double least = HUGE_VAL;
    for (int k = 0; k < 4; k++)
        for (int s = 0; s <= 400; s++) {
            struct wg_point q = {
                (int32_t)(v[k].lon_e7 + ((int64_t)v[k + 1].lon_e7 - v[k].lon_e7) * s / 400),
                (int32_t)(v[k].lat_e7 + ((int64_t)v[k + 1].lat_e7 - v[k].lat_e7) * s / 400)};
            least = fmin(least, wg_distance_m(p, q));
        }
    return least;
}

TEST(near_areas_equal_brute_force_to_their_borders)
{
    struct wg_buf text = tiling();
    struct wg_layer *layer = layer_of(wg_buf_str(&text));
    static struct wg_near near[SIDE * SIDE];
    for (int q = 0; q < 20; q++) {
        struct wg_point p = {(int32_t)(ORIGIN_LON - CELL + below((SIDE + 2) * CELL)),
                             (int32_t)(ORIGIN_LAT - CELL + below((SIDE + 2) * CELL))};
        double reach = (double)below(3000);
        size_t n = wg_layer_near(layer, p, reach, near, SIDE * SIDE), seen = 0;
        static double told[SIDE * SIDE];
        for (size_t k = 0; k < SIDE * SIDE; k++)
            told[k] = -1;
        for (size_t k = 0; k < n; k++) {
            CHECK(told[near[k].i] < 0); /* each once */
            told[near[k].i] = near[k].distance_m;
            CHECK(k < 1 || near[k].distance_m >= near[k - 1].distance_m || near[k - 1].inside);
        }
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                double want = border_by_steps(y, x, p), got = told[y * SIDE + x];
                bool in = quad_holds(y, x, p);
                if (want < reach - 10 || in)
                    check_metres(got, want, 0.003 * want + 4);
                else if (want > reach + 10)
                    CHECK(got < 0);
                seen += got >= 0;
            }
        CHECK_INT(seen, n);
    }
    wg_layer_drop(layer);
    wg_buf_free(&text);
}

/* ---- files ---- */

static char folder[] = "/tmp/wg-geo-XXXXXX";
static char file[64];

static void in_folder(void)
{
    if (file[0])
        return;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof(file), "%s/x.layer", folder);
}

static void put(const char *p, size_t n)
{
    FILE *f = fopen(file, "wb");
    CHECK(f && fwrite(p, 1, n, f) == n);
    fclose(f);
}

TEST(a_saved_layer_loads_as_it_was)
{
    struct wg_layer *layer = layer_of(WG_S(TWO_AREAS)), *again = NULL;
    in_folder();
    CHECK_INT(wg_layer_save(layer, file, &err), WG_OK);
    CHECK_INT(wg_layer_save(layer, file, &err), WG_OK); /* over the old one */
    CHECK_INT(wg_layer_load(file, &again, &err), WG_OK);
    check_two_areas(again);
    wg_layer_drop(again);
    CHECK_INT(wg_layer_save(layer, "/nowhere/x.layer", &err), WG_EIO);
    CHECK_INT(wg_layer_load("/nowhere/x.layer", &again, &err), WG_ENOENT);
    CHECK_INT(wg_layer_load(folder, &again, &err), WG_EIO);
    CHECK(again == NULL);
    wg_layer_drop(layer);
}

/* Each byte changed, with the sum as it was: damage. With the sum made right again: malice, which
 * may change what the layer says but nothing else. */
TEST(a_damaged_or_hostile_file_is_corrupt_and_never_a_crash)
{
    struct wg_layer *layer = layer_of(WG_S(TWO_AREAS)), *again = NULL;
    in_folder();
    CHECK_INT(wg_layer_save(layer, file, &err), WG_OK);
    wg_layer_drop(layer);
    struct wg_buf image = slurp(file);
    for (size_t n = 0; n < image.n; n += 7) {
        put(image.p, n);
        CHECK_INT(wg_layer_load(file, &again, &err), WG_ECORRUPT);
    }
    for (size_t k = 0; k < image.n; k++)
        for (int malice = 0; malice < 2; malice++) {
            char was = image.p[k];
            uint32_t sum, right;
            memcpy(&right, image.p + 8, 4);
            image.p[k] = (char)(image.p[k] ^ (1 << below(8)));
            sum = wg_crc32c(0, image.p + 12, image.n - 12);
            if (malice)
                memcpy(image.p + 8, &sum, 4);
            put(image.p, image.n);
            int rc = wg_layer_load(file, &again, &err);
            if (rc == WG_OK) {
                struct wg_feature f;
                size_t i;
                CHECK(malice);
                for (size_t at = 0; wg_layer_at(again, at, &f); at++)
                    CHECK(f.props.n >= 2 && wg_layer_by_id(again, f.id, &i));
                wg_layer_find(again, (struct wg_point){25000000, 15000000}, &i);
            } else {
                CHECK_INT(rc, WG_ECORRUPT);
            }
            wg_layer_drop(again);
            image.p[k] = was;
            memcpy(image.p + 8, &right, 4);
        }
    wg_buf_free(&image);
    unlink(file);
    CHECK_INT(rmdir(folder), 0); /* and no half file was left */
}

RUN_ALL("geo")
