/* Do pieces fill their area and keep off each other? Over GEOS: it can subtract shapes, and what is
 * told here decides nothing, so doubles do. */
#include "geo/layer.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>

#define LEAST_M2 1.0
#define WINDING 2000 /* vertices of a spot that is still drawn */
#define TOUCHES 2e-7 /* degrees: two steps of ours */

struct cover {
    const struct wg_cover_ask *ask;
    GEOSContextHandle_t geos;
    struct shapes *shapes;
    GEOSGeometry **piece; /* made when first asked for */
    struct wg_buf shape;
    size_t steps;
    struct wg_err *err;
};

static int gave_up(struct cover *c, struct wg_str id)
{
    return wg_fail(c->err, WG_EINVAL, "the shapes at %.*s can't be compared", WG_PRI(id));
}

static int no_memory(struct cover *c)
{
    return wg_fail(c->err, WG_ENOMEM, "out of memory");
}

static void drop(struct cover *c, GEOSGeometry *g)
{
    if (g)
        GEOSGeom_destroy_r(c->geos, g);
}

/* Each piece is looked at twice: against its area, and against its neighbours. */
static void step(struct cover *c)
{
    struct wg_reading *r = c->ask->read;
    c->steps++;
    if (!r)
        return;
    __atomic_store_n(&r->rows, c->steps / 2, __ATOMIC_RELAXED);
    __atomic_store_n(&r->bytes, c->steps / 2, __ATOMIC_RELAXED);
}

static const GEOSGeometry *piece_of(struct cover *c, size_t i)
{
    if (!c->piece[i])
        c->piece[i] = shapes_of_feature(c->shapes, c->ask->pieces, i);
    return c->piece[i];
}

/* ---- telling ---- */

static void write_ring(struct cover *c, const GEOSGeometry *ring)
{
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(c->geos, ring);
    unsigned n = 0;
    double x = 0, y = 0;
    GEOSCoordSeq_getSize_r(c->geos, seq, &n);
    wg_json_sep(&c->shape);
    wg_buf_char(&c->shape, '[');
    for (unsigned i = 0; i < n; i++) {
        GEOSCoordSeq_getXY_r(c->geos, seq, i, &x, &y);
        wg_buf_str_add(&c->shape, i ? WG_S(",[") : WG_S("["));
        wg_buf_fixed(&c->shape, llround(x * 1e7), 7);
        wg_buf_char(&c->shape, ',');
        wg_buf_fixed(&c->shape, llround(y * 1e7), 7);
        wg_buf_char(&c->shape, ']');
    }
    wg_buf_char(&c->shape, ']');
}

static void write_shape(struct cover *c, const GEOSGeometry *g, struct wg_point at)
{
    wg_buf_clear(&c->shape);
    if (GEOSGetNumCoordinates_r(c->geos, g) > WINDING) {
        wg_buf_lit(&c->shape, "{\"type\":\"Point\",\"coordinates\":[");
        wg_buf_fixed(&c->shape, at.lon_e7, 7);
        wg_buf_char(&c->shape, ',');
        wg_buf_fixed(&c->shape, at.lat_e7, 7);
        wg_buf_lit(&c->shape, "]}");
        return;
    }
    wg_buf_lit(&c->shape, "{\"type\":\"Polygon\",\"coordinates\":[");
    write_ring(c, GEOSGetExteriorRing_r(c->geos, g));
    for (int k = 0, n = GEOSGetNumInteriorRings_r(c->geos, g); k < n; k++)
        write_ring(c, GEOSGetInteriorRingN_r(c->geos, g, k));
    wg_buf_lit(&c->shape, "]}");
}

/* One spot: a polygon. outline: the area's own, of a gap. */
static int tell_spot(struct cover *c, struct wg_cover_fault f, const GEOSGeometry *g,
                     const GEOSGeometry *outline)
{
    double area = 0, x = 0, y = 0;
    if (GEOSArea_r(c->geos, g, &area) != 1)
        return gave_up(c, f.id);
    f.m2 = area * METRES_DEGREE * METRES_DEGREE;
    if (f.m2 < LEAST_M2) /* before it shrinks with the latitude: most are noise */
        return WG_OK;
    GEOSGeometry *at = GEOSPointOnSurface_r(c->geos, g);
    bool ok = at && GEOSGeomGetX_r(c->geos, at, &x) == 1 && GEOSGeomGetY_r(c->geos, at, &y) == 1;
    drop(c, at);
    if (!ok)
        return gave_up(c, f.id);
    f.m2 *= cos(y * M_PI / 180);
    f.at = (struct wg_point){(int32_t)lround(x * 1e7), (int32_t)lround(y * 1e7)};
    f.rim = outline && GEOSDistanceWithin_r(c->geos, g, outline, TOUCHES) == 1;
    if (f.m2 < LEAST_M2)
        return WG_OK;
    write_shape(c, g, f.at);
    f.shape = wg_buf_str(&c->shape);
    if (!wg_buf_ok(&c->shape))
        return no_memory(c);
    c->ask->fn(c->ask->arg, &f);
    return WG_OK;
}

/* The spots of a fault, whose shape is given up here. */
static int tell(struct cover *c, enum wg_cover kind, struct wg_str id, struct wg_str other,
                GEOSGeometry *g, const GEOSGeometry *outline)
{
    const struct wg_cover_fault f = {.kind = kind, .id = id, .other = other};
    int n = g ? GEOSGetNumGeometries_r(c->geos, g) : -1, rc = n < 0 ? gave_up(c, id) : WG_OK;
    for (int k = 0; rc == WG_OK && k < n; k++) {
        const GEOSGeometry *one = GEOSGetGeometryN_r(c->geos, g, k);
        if (GEOSGeomTypeId_r(c->geos, one) == GEOS_POLYGON && GEOSisEmpty_r(c->geos, one) == 0)
            rc = tell_spot(c, f, one, outline);
    }
    drop(c, g);
    return rc;
}

/* ---- areas ---- */

static bool within(struct wg_str id, struct wg_str area)
{
    return area.n == 0 || (id.n >= area.n && memcmp(id.p, area.p, area.n) == 0);
}

/* The area's pieces lie together in the order of ids. */
static void range_of(const struct wg_layer *pieces, struct wg_str area, size_t *from, size_t *to)
{
    size_t low = 0, high = pieces->head->records;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (wg_str_cmp(layer_id(pieces, pieces->by_id[middle]), area) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *from = low;
    while (low < pieces->head->records && within(layer_id(pieces, pieces->by_id[low]), area))
        low++;
    *to = low;
}

/* Which pieces an area holds: those of its code lie together in the order of ids. */
static void held(struct cover *c, struct wg_str area, size_t *from, size_t *to)
{
    *from = 0;
    *to = c->ask->pieces->head->records;
    if (c->ask->coded)
        range_of(c->ask->pieces, area, from, to);
}

/* The pieces from..to, all together; NULL: told. */
static GEOSGeometry *joined(struct cover *c, size_t from, size_t to, struct wg_str id)
{
    GEOSGeometry **copy = calloc(to - from + 1, sizeof(GEOSGeometry *)), *all = NULL, *made = NULL;
    const GEOSGeometry *g = NULL;
    size_t n = 0;
    while (copy && from + n < to && (g = piece_of(c, c->ask->pieces->by_id[from + n])) &&
           (copy[n] = GEOSGeom_clone_r(c->geos, g)))
        n++;
    if (!copy || from + n < to)
        no_memory(c);
    else if ((all = GEOSGeom_createCollection_r(c->geos, GEOS_GEOMETRYCOLLECTION, copy,
                                                (unsigned)n))) {
        n = 0; /* taken */
        if (!(made = GEOSUnaryUnion_r(c->geos, all)))
            gave_up(c, id);
    }
    for (size_t k = 0; k < n; k++)
        drop(c, copy[k]);
    free(copy);
    drop(c, all);
    return made;
}

/* Most pieces lie inside: a prepared area says so in a hundredth of the time of a difference. */
static int check_pieces(struct cover *c, struct wg_str id, const GEOSGeometry *area, size_t from,
                        size_t to)
{
    const GEOSPreparedGeometry *ready = GEOSPrepare_r(c->geos, area);
    int rc = ready ? WG_OK : no_memory(c);
    for (size_t k = from; rc == WG_OK && k < to; k++, step(c)) {
        size_t i = c->ask->pieces->by_id[k];
        const GEOSGeometry *g = piece_of(c, i);
        if (!g)
            rc = no_memory(c);
        else if (GEOSPreparedCovers_r(c->geos, ready, g) != 1)
            rc = tell(c, WG_OUTSIDE, layer_id(c->ask->pieces, i), id,
                      GEOSDifference_r(c->geos, g, area), NULL);
    }
    GEOSPreparedGeom_destroy_r(c->geos, ready);
    return rc;
}

static int check_area(struct cover *c, size_t i)
{
    struct wg_str id = layer_id(c->ask->areas, i), none = {NULL, 0};
    size_t from, to;
    held(c, id, &from, &to);
    GEOSGeometry *area = shapes_of_feature(c->shapes, c->ask->areas, i), *all = NULL, *rim = NULL;
    int rc = area && (rim = GEOSBoundary_r(c->geos, area)) ? WG_OK : no_memory(c);
    if (rc == WG_OK)
        rc = check_pieces(c, id, area, from, to);
    if (rc == WG_OK && !(all = joined(c, from, to, id)))
        rc = c->err->code;
    if (rc == WG_OK)
        rc = tell(c, WG_GAP, id, none, GEOSDifference_r(c->geos, area, all), rim);
    drop(c, all);
    drop(c, rim);
    drop(c, area);
    return rc;
}

/* Without an outline only what is shut in by pieces is surely missing. */
static int check_holes(struct cover *c)
{
    struct wg_str none = {NULL, 0};
    GEOSGeometry *all = joined(c, 0, c->ask->pieces->head->records, none);
    int n = all ? GEOSGetNumGeometries_r(c->geos, all) : 0, rc = all ? WG_OK : c->err->code;
    for (int k = 0; rc == WG_OK && k < n; k++) {
        const GEOSGeometry *one = GEOSGetGeometryN_r(c->geos, all, k);
        bool area = GEOSGeomTypeId_r(c->geos, one) == GEOS_POLYGON;
        for (int h = 0; rc == WG_OK && area && h < GEOSGetNumInteriorRings_r(c->geos, one); h++) {
            GEOSGeometry *ring = GEOSGeom_clone_r(c->geos, GEOSGetInteriorRingN_r(c->geos, one, h));
            GEOSGeometry *hole = ring ? GEOSGeom_createPolygon_r(c->geos, ring, NULL, 0) : NULL;
            rc = tell(c, WG_GAP, none, none, hole, NULL);
        }
    }
    drop(c, all);
    return rc;
}

/* ---- neighbours ---- */

static bool boxes_meet(struct wg_box a, struct wg_box b)
{
    return a.west < b.east && b.west < a.east && a.south < b.north && b.south < a.north;
}

struct by_west {
    int32_t west;
    uint32_t i;
};

static int west_order(const void *x, const void *y)
{
    const struct by_west *a = x, *b = y;
    return a->west != b->west ? (a->west > b->west) - (a->west < b->west)
                              : (a->i > b->i) - (a->i < b->i);
}

/* From west to east: a piece is compared with those that begin before it ends. */
static int overlaps(struct cover *c)
{
    const struct wg_layer *pieces = c->ask->pieces;
    size_t n = pieces->head->records;
    struct by_west *list = calloc(n + 1, sizeof(*list));
    int rc = list ? WG_OK : no_memory(c);
    for (uint32_t i = 0; rc == WG_OK && i < n; i++)
        list[i] = (struct by_west){layer_box(pieces, i).west, i};
    if (rc == WG_OK)
        qsort(list, n, sizeof(*list), west_order);
    for (size_t i = 0; rc == WG_OK && i < n; i++, step(c)) {
        struct wg_box box = layer_box(pieces, list[i].i);
        for (size_t k = i + 1; rc == WG_OK && k < n && list[k].west < box.east; k++) {
            if (!boxes_meet(box, layer_box(pieces, list[k].i)))
                continue;
            const GEOSGeometry *a = piece_of(c, list[i].i), *b = piece_of(c, list[k].i);
            if (!a || !b)
                rc = no_memory(c);
            else
                rc = tell(c, WG_OVERLAP, layer_id(pieces, list[i].i), layer_id(pieces, list[k].i),
                          GEOSIntersection_r(c->geos, a, b), NULL);
        }
    }
    free(list);
    return rc;
}

static int cover(const struct wg_cover_ask *ask, struct wg_err *err)
{
    struct wg_err own = {0};
    struct cover c = {.ask = ask,
                      .geos = GEOS_init_r(),
                      .shapes = shapes_new(),
                      .shape = WG_BUF_INIT,
                      .err = err ? err : &own};
    size_t n = ask->pieces->head->records, areas = 0;
    int rc = WG_OK;
    c.piece = calloc(n + 1, sizeof(GEOSGeometry *));
    if (!c.geos || !c.shapes || !c.piece)
        rc = no_memory(&c);
    for (size_t i = 0; rc == WG_OK && ask->areas && i < ask->areas->head->records; i++)
        if (within(layer_id(ask->areas, i), ask->only)) {
            rc = check_area(&c, i);
            areas++;
        }
    if (rc == WG_OK && !areas)
        rc = check_holes(&c);
    if (rc == WG_OK)
        rc = overlaps(&c);
    for (size_t i = 0; c.piece && c.geos && i < n; i++)
        drop(&c, c.piece[i]);
    free(c.piece);
    wg_buf_free(&c.shape);
    shapes_free(c.shapes);
    if (c.geos)
        GEOS_finish_r(c.geos);
    return rc;
}

int wg_layer_cover(const struct wg_cover_ask *ask, struct wg_err *err)
{
    struct wg_cover_ask whole = *ask;
    struct wg_layer *areas = NULL, *pieces = NULL;
    int rc = ask->areas ? wg_layer_whole(ask->areas, &areas, err) : WG_OK;
    if (rc == WG_OK)
        rc = wg_layer_whole(ask->pieces, &pieces, err);
    whole.areas = areas;
    whole.pieces = pieces;
    if (rc == WG_OK)
        rc = cover(&whole, err);
    wg_layer_drop(areas);
    wg_layer_drop(pieces);
    return rc;
}
