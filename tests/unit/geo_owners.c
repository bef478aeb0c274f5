/** The owner of a random point, against GEOS: a tiling of grids whose sides wind, as a county has
 * it. GRIDS and POINTS in the environment make it larger. */
#include "unit/test.h"

#include "geo/geo.h"

#include <geos_c.h>
#include <stdlib.h>

#define PIECES 10 /* edges of a grid's side */
#define STEP 8000 /* e7, of a piece */
#define WEST 1180000000
#define SOUTH 300000000

static struct wg_err err;

static uint64_t seed = 20000;
static int64_t below(int64_t n) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int64_t)((seed * UINT64_C(2685821657736338717) >> 2) % (uint64_t)n);
}

static size_t from_env(const char *name, size_t fallback)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : fallback;
}

/* ---- a tiling: vertices on a lattice, each moved by less than half a step ---- */

struct tiling {
    size_t side; /* grids */
    struct wg_point *at;
};

static struct wg_point vertex(const struct tiling *t, size_t x, size_t y)
{
    return t->at[y * (t->side * PIECES + 1) + x];
}

static struct tiling tiling_of(size_t grids)
{
    struct tiling t = {.side = 1};
    while (t.side * t.side < grids)
        t.side++;
    size_t n = t.side * PIECES + 1;
    t.at = calloc(n * n, sizeof(*t.at));
    for (size_t i = 0; t.at && i < n * n; i++)
        t.at[i] = (struct wg_point){WEST + (int32_t)(i % n * STEP + (size_t)below(STEP / 2)),
                                    SOUTH + (int32_t)(i / n * STEP + (size_t)below(STEP / 2))};
    return t;
}

/* The k-th vertex of a grid's ring, counter-clockwise from its south-western corner. */
static struct wg_point ring_at(const struct tiling *t, size_t grid, size_t k)
{
    size_t x = grid % t->side * PIECES, y = grid / t->side * PIECES, along = k % PIECES;
    switch (k / PIECES % 4) {
    case 0:
        return vertex(t, x + along, y);
    case 1:
        return vertex(t, x + PIECES, y + along);
    case 2:
        return vertex(t, x + PIECES - along, y + PIECES);
    default:
        return vertex(t, x, y + PIECES - along);
    }
}

static struct wg_layer *layer_of(const struct tiling *t)
{
    struct wg_layer *layer = NULL;
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (size_t g = 0; g < t->side * t->side; g++) {
        wg_buf_fmt(&b,
                   "%s{\"type\":\"Feature\",\"id\":\"%zu\",\"geometry\":{\"type\":\"Polygon\","
                   "\"coordinates\":[[",
                   g ? "," : "", g);
        for (size_t k = 0; k <= 4 * PIECES; k++) {
            wg_buf_str_add(&b, k ? WG_S(",[") : WG_S("["));
            wg_buf_fixed(&b, ring_at(t, g, k).lon_e7, 7);
            wg_buf_char(&b, ',');
            wg_buf_fixed(&b, ring_at(t, g, k).lat_e7, 7);
            wg_buf_char(&b, ']');
        }
        wg_buf_lit(&b, "]]},\"properties\":{}}");
    }
    wg_buf_lit(&b, "]}");
    if (wg_layer_from_geojson(wg_buf_str(&b), NULL, &layer, NULL, &err) < 0)
        fail_msg("%s", err.text);
    wg_buf_free(&b);
    return layer;
}

/* ---- GEOS: whole numbers, so that nothing is rounded ---- */

struct judge {
    GEOSContextHandle_t geos;
    GEOSSTRtree *tree;
    GEOSGeometry **shape;
    const GEOSPreparedGeometry **prepared;
    GEOSGeometry *point;
    size_t inside, border, one; /* grids that hold it, grids whose border it is on; one of either */
};

static GEOSGeometry *point_of(GEOSContextHandle_t geos, struct wg_point p)
{
    return GEOSGeom_createPointFromXY_r(geos, p.lon_e7, p.lat_e7);
}

static struct judge judge_of(const struct tiling *t)
{
    size_t grids = t->side * t->side;
    struct judge j = {.geos = GEOS_init_r()};
    j.tree = GEOSSTRtree_create_r(j.geos, 10);
    j.shape = calloc(grids, sizeof(*j.shape));
    j.prepared = calloc(grids, sizeof(*j.prepared));
    CHECK(j.tree && j.shape && j.prepared);
    for (size_t g = 0; g < grids; g++) {
        GEOSCoordSequence *s = GEOSCoordSeq_create_r(j.geos, 4 * PIECES + 1, 2);
        for (unsigned k = 0; k <= 4 * PIECES; k++) {
            struct wg_point p = ring_at(t, g, k);
            GEOSCoordSeq_setXY_r(j.geos, s, k, p.lon_e7, p.lat_e7);
        }
        j.shape[g] =
            GEOSGeom_createPolygon_r(j.geos, GEOSGeom_createLinearRing_r(j.geos, s), NULL, 0);
        j.prepared[g] = GEOSPrepare_r(j.geos, j.shape[g]);
        GEOSSTRtree_insert_r(j.geos, j.tree, j.shape[g], (void *)g);
    }
    return j;
}

static void judge_free(struct judge *j, size_t grids)
{
    for (size_t g = 0; g < grids; g++) {
        GEOSPreparedGeom_destroy_r(j->geos, j->prepared[g]);
        GEOSGeom_destroy_r(j->geos, j->shape[g]);
    }
    GEOSSTRtree_destroy_r(j->geos, j->tree);
    GEOS_finish_r(j->geos);
    free(j->shape);
    free(j->prepared);
}

static void consider(void *item, void *arg)
{
    struct judge *j = arg;
    size_t g = (size_t)item;
    if (!GEOSPreparedCovers_r(j->geos, j->prepared[g], j->point))
        return;
    if (GEOSPreparedContains_r(j->geos, j->prepared[g], j->point))
        j->inside++;
    else
        j->border++;
    j->one = g;
}

/* Inside of a grid: that one. On a border: one of those that it is a border of, or at the outer rim
 * perhaps none. Outside: none. Returns whether it is on a border. */
static bool check_owner(const struct wg_layer *layer, struct judge *j, struct wg_point p)
{
    struct wg_feature f;
    size_t i = 0;
    bool found = wg_layer_find(layer, p, &i);
    j->inside = j->border = 0;
    j->point = point_of(j->geos, p);
    GEOSSTRtree_query_r(j->geos, j->tree, j->point, consider, j);
    CHECK(j->inside <= 1 && (j->inside == 0 || j->border == 0));
    if (j->border == 0)
        CHECK_INT(found, j->inside);
    if (found) {
        char id[24];
        CHECK(wg_layer_at(layer, i, &f));
        CHECK_INT(wg_str_copy(id, sizeof(id), f.id), WG_OK);
        size_t g = strtoul(id, NULL, 10);
        CHECK(j->border ? GEOSPreparedCovers_r(j->geos, j->prepared[g], j->point) : g == j->one);
    }
    GEOSGeom_destroy_r(j->geos, j->point);
    return j->border > 0;
}

TEST(random_points_and_those_on_borders_have_the_owner_that_geos_names)
{
    size_t points = from_env("POINTS", 100000), on_border = 0;
    struct tiling t = tiling_of(from_env("GRIDS", 400));
    struct wg_layer *layer = layer_of(&t);
    struct judge j = judge_of(&t);
    int64_t wide = (int64_t)t.side * PIECES * STEP;
    for (size_t k = 0; k < points; k++)
        check_owner(layer, &j,
                    (struct wg_point){WEST - STEP + (int32_t)below(wide + 2 * STEP),
                                      SOUTH - STEP + (int32_t)below(wide + 2 * STEP)});
    for (size_t k = 0; k < points / 10; k++) /* vertices; the last row and column are the rim's */
        on_border += check_owner(
            layer, &j,
            ring_at(&t, (size_t)below((int64_t)(t.side * t.side)), (size_t)below(4 * PIECES)));
    CHECK_INT(on_border, points / 10);
    judge_free(&j, t.side * t.side);
    wg_layer_drop(layer);
    free(t.at);
}

RUN_ALL("geo_owners")
