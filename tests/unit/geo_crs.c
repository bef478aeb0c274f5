/** Shifted degrees against published places; which systems there are for a place. */
#include "unit/test.h"

#include "geo/geo.h"
#include "unit/geo_given.h"

#include <geodesic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CENTIMETRE 1e-7 /* degrees: 11 mm of latitude */

static struct wg_err err;

static struct wg_crs *system_of(int code)
{
    struct wg_crs *crs = NULL;
    if (wg_crs_new(code, &crs, &err) < 0)
        fail_msg("%s", err.text);
    return crs;
}

static double number(struct wg_str s)
{
    char z[40];
    CHECK_INT(wg_str_copy(z, sizeof(z), s), WG_OK);
    return strtod(z, NULL);
}

static void check_near(double got, double want, double tolerance, size_t line)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("line %zu: got %.10f, want %.10f", line, got, want);
}

/* Columns from `first` on: WGS 84, GCJ-02, BD-09, each lon and lat. */
static int check_vectors(const char *path, size_t first)
{
    struct wg_buf text = slurp(path);
    struct wg_csv csv;
    struct wg_crs *system[2] = {system_of(WG_GCJ02), system_of(WG_BD09)};
    int rows = 0;
    CHECK_INT(wg_csv_open(wg_buf_str(&text), &csv), WG_OK);
    CHECK_INT(wg_csv_next(&csv, &err), 1);
    for (; wg_csv_next(&csv, &err) == 1; rows++) {
        double v[6], lon, lat;
        for (size_t k = 0; k < 6; k++)
            v[k] = number(csv.field[first + k]);
        for (size_t k = 0; k < 2; k++) {
            CHECK_INT(wg_crs_from_degrees(system[k], v[0], v[1], &lon, &lat), WG_OK);
            check_near(lon, v[2 + 2 * k], 1e-8, csv.line);
            check_near(lat, v[3 + 2 * k], 1e-8, csv.line);
            CHECK_INT(wg_crs_to_degrees(system[k], v[2 + 2 * k], v[3 + 2 * k], &lon, &lat), WG_OK);
            check_near(lon, v[0], CENTIMETRE / 10, csv.line);
            check_near(lat, v[1], CENTIMETRE / 10, csv.line);
        }
    }
    wg_csv_close(&csv);
    wg_buf_free(&text);
    wg_crs_free(system[0]);
    wg_crs_free(system[1]);
    return rows;
}

TEST(published_places_are_shifted_and_come_back_inside_china_and_out_of_it)
{
    CHECK_INT(check_vectors("tests/unit/gcj02.csv", 0), 200);
    CHECK_INT(check_vectors("tests/unit/gcj02_edges.csv", 1), 19);
}

TEST(all_over_china_a_shift_that_is_undone_is_where_it_was)
{
    struct wg_crs *system[2] = {system_of(WG_GCJ02), system_of(WG_BD09)};
    for (double at_lon = 73; at_lon < 135; at_lon += 0.377)
        for (double at_lat = 3; at_lat < 54; at_lat += 0.293)
            for (size_t k = 0; k < 2; k++) {
                double lon, lat;
                CHECK_INT(wg_crs_from_degrees(system[k], at_lon, at_lat, &lon, &lat), WG_OK);
                CHECK(fabs(lon - at_lon) + fabs(lat - at_lat) > 1e-4);
                CHECK_INT(wg_crs_to_degrees(system[k], lon, lat, &lon, &lat), WG_OK);
                check_near(lon, at_lon, CENTIMETRE / 100, 0);
                check_near(lat, at_lat, CENTIMETRE / 100, 0);
            }
    wg_crs_free(system[0]);
    wg_crs_free(system[1]);
}

TEST(what_is_no_place_is_not_shifted)
{
    struct wg_crs *crs = system_of(WG_BD09);
    double lon, lat;
    CHECK_INT(wg_crs_to_degrees(crs, 1e300, 30, &lon, &lat), WG_ERANGE);
    CHECK_INT(wg_crs_to_degrees(crs, (double)NAN, 30, &lon, &lat), WG_ERANGE);
    CHECK_INT(wg_crs_from_degrees(crs, 0, 91, &lon, &lat), WG_ERANGE);
    wg_crs_free(crs);
}

TEST(a_system_is_named_as_people_write_it)
{
    CHECK_INT(wg_crs_code(WG_S("4549")), 4549);
    CHECK_INT(wg_crs_code(WG_S("EPSG:4490")), 4490);
    CHECK_INT(wg_crs_code(WG_S("gcj02")), WG_GCJ02);
    CHECK_INT(wg_crs_code(WG_S("BD-09")), WG_BD09);
    CHECK_INT(wg_crs_code(WG_S("wgs84 ")), 0);
    CHECK_INT(wg_crs_code(WG_S("-2")), 0);
    CHECK_INT(wg_crs_code(WG_S("EPSG:")), 0);
    CHECK_INT(wg_crs_code((struct wg_str){NULL, 0}), 0);
}

TEST(a_system_of_another_datum_is_refused_and_says_why)
{
    static const int codes[] = {4214, 4610, 2437, 2385};
    struct wg_crs *crs = NULL;
    for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++) {
        CHECK_INT(wg_crs_new(codes[k], &crs, &err), WG_EINVAL);
        CHECK(strstr(err.text, k % 2 ? "Xian 1980" : "Beijing 1954") &&
              strstr(err.text, "parameters"));
    }
}

static void check_list(struct wg_box box, const char *want)
{
    struct wg_system list[64];
    struct wg_buf b = WG_BUF_INIT;
    size_t n = 0;
    CHECK_INT(wg_crs_list(box, list, 64, &n), WG_OK);
    for (size_t i = 0; i < n; i++)
        wg_buf_fmt(&b, "%s%d%s%s", i ? " " : "", list[i].epsg, list[i].north1 ? "n" : "e",
                   list[i].degrees ? "d" : "");
    wg_buf_char(&b, '\0');
    CHECK_TEXT(b.p, want);
    wg_buf_free(&b);
}

TEST(the_systems_of_a_place_are_those_whose_area_of_use_meets_it)
{
    /* Jixi lies in two zones of 3 degrees and one of 6; Urumqi in others; Hanoi has its WGS 84. */
    check_list((struct wg_box){1183460000, 299500000, 1189260000, 303800000},
               "4490nd 4326nd 3857e 4527n 4528n 4548n 4549n 4498n 4509n 32650e");
    check_list((struct wg_box){875000000, 437000000, 877000000, 439000000},
               "4490nd 4326nd 3857e 4517n 4538n 4493n 4504n 32645e");
    check_list((struct wg_box){0, 0, -1, -1}, "4490nd 4326nd 3857e");
}

TEST(of_many_systems_the_first_are_told)
{
    struct wg_system list[5];
    size_t n = 0;
    CHECK_INT(
        wg_crs_list((struct wg_box){750000000, 200000000, 1300000000, 500000000}, list, 5, &n),
        WG_OK);
    CHECK_INT(n, 5);
    CHECK_INT(list[3].epsg, 4513);
}

/* ---- distances: against Karney's geodesics, which PROJ has ---- */

static double geodesic_m(const struct geod_geodesic *g, struct wg_point a, struct wg_point b)
{
    double m;
    geod_inverse(g, a.lat_e7 / 1e7, a.lon_e7 / 1e7, b.lat_e7 / 1e7, b.lon_e7 / 1e7, &m, NULL, NULL);
    return m;
}

TEST(a_distance_is_the_geodesic_to_a_millionth_within_a_county)
{
    struct geod_geodesic g;
    geod_init(&g, 6378137, 1 / 298.257222101); /* CGCS2000 */
    uint64_t seed = 1123;
    double worst = 0, far = 0;
    for (int k = 0; k < 20000; k++) {
        struct wg_point p[2];
        for (int i = 0; i < 2; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            p[i].lon_e7 = 1179000000 + (int32_t)((seed >> 33) % 18000000);
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            p[i].lat_e7 = 299000000 + (int32_t)((seed >> 33) % 15000000);
            if (i && k % 2) { /* near by */
                p[1].lon_e7 = p[0].lon_e7 + (p[1].lon_e7 - p[0].lon_e7) / 64;
                p[1].lat_e7 = p[0].lat_e7 + (p[1].lat_e7 - p[0].lat_e7) / 64;
            }
        }
        double m = geodesic_m(&g, p[0], p[1]), ours = wg_distance_m(p[0], p[1]);
        double error = m > 0 ? fabs(ours - m) / m : 0;
        worst = m < 20000 && error > worst ? error : worst;
        far = error > far ? error : far;
    }
    CHECK(worst < 1e-6);
    CHECK(far < 1e-4); /* across the whole city, 170 km */
}

TEST(the_nearest_are_in_the_order_of_the_geodesic)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_layer *layer = NULL;
    struct geod_geodesic g;
    uint64_t seed = 7;
    geod_init(&g, 6378137, 1 / 298.257222101);
    wg_buf_lit(&b, "id,lon,lat\n");
    for (int k = 0; k < 3000; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        double lon = 118.4 + (double)(seed >> 33) / 2147483648.0 * 0.4;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        wg_buf_fmt(&b, "p%d,%.7f,%.7f\n", k, lon, 29.9 + (double)(seed >> 33) / 2147483648.0 * 0.4);
    }
    CHECK_INT(wg_layer_from_csv(wg_buf_str(&b), NULL, &layer, NULL, &err), WG_OK);
    for (int k = 0; k < 100; k++) {
        struct wg_point p = {1184000000 + k * 40000, 299000000 + k * 39000};
        struct wg_near near[20];
        size_t n = wg_layer_near(layer, p, 60000, near, 20), nearer = 0;
        struct wg_feature f;
        double last = 0;
        CHECK_INT(n, 20);
        for (size_t i = 0; i < n; i++) {
            CHECK(wg_layer_at(layer, near[i].i, &f));
            double m = geodesic_m(&g, p, f.at);
            CHECK(fabs(m - near[i].distance_m) <= m * 2e-6 + 1e-3);
            CHECK(m >= last * (1 - 2e-6));
            last = m;
        }
        for (size_t i = 0; i < wg_layer_count(layer); i++) /* and none was passed over */
            nearer += wg_layer_at(layer, i, &f) && geodesic_m(&g, p, f.at) < last * (1 - 4e-6);
        CHECK(nearer <= 19);
    }
    wg_layer_drop(layer);
    wg_buf_free(&b);
}

RUN_ALL("geo_crs")
