/* How areas lie over cells. Over GEOS, as layer_cover is: nothing is decided by what is told here.
 * A cell that one area covers whole, which is nearly every one, costs a look at a prepared shape.
 */
#include "geo/layer.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>

#define LEAST_M2 1.0
#define LEAST_WIDTH_M 0.02
#define ON_CELL_MAX 256 /* areas that lie on one cell; more are an error */

struct over {
    GEOSGeometry *shape;
    const GEOSPreparedGeometry *prepared;
};
struct on_cell {
    size_t i;
    GEOSGeometry *part; /* of it, within the cell */
};
struct work {
    GEOSContextHandle_t geos;
    struct shapes *shapes;
    const struct wg_overlay *o;
    struct over *over;
    struct on_cell on[ON_CELL_MAX];
    size_t count;
    struct wg_buf text;
    struct wg_err *err;
};

static void drop(struct work *w, GEOSGeometry *g)
{
    if (g)
        GEOSGeom_destroy_r(w->geos, g);
}

/* ---- a piece as GeoJSON ---- */

static void write_ring(struct work *w, const GEOSGeometry *ring)
{
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(w->geos, ring);
    unsigned n = 0;
    if (seq)
        GEOSCoordSeq_getSize_r(w->geos, seq, &n);
    wg_buf_char(&w->text, '[');
    for (unsigned i = 0; i < n; i++) {
        double x = 0, y = 0;
        GEOSCoordSeq_getXY_r(w->geos, seq, i, &x, &y);
        wg_json_sep(&w->text);
        wg_buf_char(&w->text, '[');
        wg_buf_fixed(&w->text, llround(x * 1e7), 7);
        wg_buf_char(&w->text, ',');
        wg_buf_fixed(&w->text, llround(y * 1e7), 7);
        wg_buf_char(&w->text, ']');
    }
    wg_buf_char(&w->text, ']');
}

static void write_polygon(struct work *w, const GEOSGeometry *g)
{
    int holes = GEOSGetNumInteriorRings_r(w->geos, g);
    wg_json_sep(&w->text);
    wg_buf_char(&w->text, '[');
    write_ring(w, GEOSGetExteriorRing_r(w->geos, g));
    for (int i = 0; i < holes; i++) {
        wg_buf_char(&w->text, ',');
        write_ring(w, GEOSGetInteriorRingN_r(w->geos, g, i));
    }
    wg_buf_char(&w->text, ']');
}

/* Is this a polygon that is worth a word? */
static bool is_piece(struct work *w, const GEOSGeometry *g, double *m2)
{
    double round = 0;
    if (GEOSGeomTypeId_r(w->geos, g) != GEOS_POLYGON ||
        (*m2 = shapes_m2(w->shapes, g)) < LEAST_M2 || GEOSLength_r(w->geos, g, &round) != 1)
        return false;
    return 2 * *m2 / (round * METRES_DEGREE) >= LEAST_WIDTH_M;
}

/* Tell of a piece, which is given up here. */
static int tell(struct work *w, struct wg_piece p, GEOSGeometry *g)
{
    int n = g ? GEOSGetNumGeometries_r(w->geos, g) : -1;
    double best = 0, m2, x = 0, y = 0;
    const GEOSGeometry *largest = NULL;
    wg_buf_clear(&w->text);
    wg_buf_lit(&w->text, "{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (int i = 0; i < n; i++) {
        const GEOSGeometry *one = GEOSGetGeometryN_r(w->geos, g, i);
        if (!one || !is_piece(w, one, &m2))
            continue;
        write_polygon(w, one);
        p.m2 += m2;
        if (m2 > best) {
            best = m2;
            largest = one;
        }
    }
    wg_buf_lit(&w->text, "]}");
    if (largest) {
        GEOSGeometry *at = GEOSPointOnSurface_r(w->geos, largest);
        if (at && GEOSGeomGetX_r(w->geos, at, &x) == 1 && GEOSGeomGetY_r(w->geos, at, &y) == 1) {
            p.lon_e7 = (int32_t)lround(x * 1e7);
            p.lat_e7 = (int32_t)lround(y * 1e7);
            p.geometry = wg_buf_str(&w->text);
            w->o->piece(w->o->arg, &p);
        }
        drop(w, at);
    }
    drop(w, g);
    if (n < 0 || !wg_buf_ok(&w->text))
        return wg_fail(w->err, WG_EINVAL, "the shapes at %.*s can't be compared",
                       WG_PRI(layer_id(w->o->cells, p.cell)));
    return WG_OK;
}

/* ---- a cell ---- */

static bool boxes_meet(struct wg_box a, struct wg_box b)
{
    return a.west < b.east && b.west < a.east && a.south < b.north && b.south < a.north;
}

/* The area's part on the cell; NULL in *part: it does not lie there. */
static int part_of(struct work *w, size_t i, const GEOSGeometry *cell, GEOSGeometry **part)
{
    struct over *over = &w->over[i];
    *part = NULL;
    if (!over->shape && (!(over->shape = shapes_of_feature(w->shapes, w->o->over, i)) ||
                         !(over->prepared = GEOSPrepare_r(w->geos, over->shape))))
        return wg_fail(w->err, WG_ENOMEM, "out of memory");
    if (GEOSPreparedCovers_r(w->geos, over->prepared, cell) == 1)
        *part = GEOSGeom_clone_r(w->geos, cell);
    else if (GEOSPreparedIntersects_r(w->geos, over->prepared, cell) != 1)
        return WG_OK;
    else
        *part = GEOSIntersection_r(w->geos, over->shape, cell);
    if (!*part)
        return wg_fail(w->err, WG_EINVAL, "the shapes at %.*s can't be compared",
                       WG_PRI(layer_id(w->o->over, i)));
    if (shapes_m2(w->shapes, *part) < LEAST_M2) {
        drop(w, *part);
        *part = NULL;
    }
    return WG_OK;
}

/* What lies on the cell, in the order of the file, into w->on. */
static int gather(struct work *w, size_t cell, const GEOSGeometry *shape)
{
    const struct wg_layer *over = w->o->over;
    struct wg_box box = layer_box(w->o->cells, cell);
    w->count = 0;
    for (size_t i = 0; over && i < over->head->records; i++) {
        GEOSGeometry *part;
        if (!boxes_meet(box, layer_box(over, i)))
            continue;
        int rc = part_of(w, i, shape, &part);
        if (rc < 0)
            return rc;
        if (!part)
            continue;
        if (w->count == ON_CELL_MAX) {
            drop(w, part);
            return wg_fail(w->err, WG_EINVAL, "more than %d areas lie on %.*s", ON_CELL_MAX,
                           WG_PRI(layer_id(w->o->cells, cell)));
        }
        w->on[w->count++] = (struct on_cell){i, part};
        w->o->touched[i] = true;
    }
    return WG_OK;
}

static int doubles(struct work *w, size_t cell, bool *any)
{
    int rc = WG_OK;
    *any = false;
    for (size_t i = 0; i < w->count; i++) {
        for (size_t k = i + 1; rc == WG_OK && k < w->count; k++) {
            GEOSGeometry *both = GEOSIntersection_r(w->geos, w->on[i].part, w->on[k].part);
            *any |= !both || shapes_m2(w->shapes, both) > 0;
            if (both && w->o->group[w->on[i].i] == w->o->group[w->on[k].i])
                drop(w, both);
            else
                rc = tell(w, (struct wg_piece){WG_TWICE, cell, w->on[i].i, w->on[k].i}, both);
        }
    }
    return rc;
}

/* Take away from the cell one area after the other: what each finds left is where it is first, and
 * what nobody takes is bare. */
static int take_away(struct work *w, size_t cell, GEOSGeometry *rest)
{
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < w->count; i++) {
        struct on_cell *on = &w->on[i];
        if (w->o->first[on->i])
            rc = tell(w, (struct wg_piece){WG_FIRST, cell, on->i, 0},
                      GEOSIntersection_r(w->geos, rest, on->part));
        GEOSGeometry *left = GEOSDifference_r(w->geos, rest, on->part);
        drop(w, rest);
        rest = left;
        if (!rest)
            return wg_fail(w->err, WG_EINVAL, "the shapes at %.*s can't be compared",
                           WG_PRI(layer_id(w->o->cells, cell)));
    }
    if (rc == WG_OK)
        return tell(w, (struct wg_piece){WG_BARE, cell, 0, 0}, rest);
    drop(w, rest);
    return rc;
}

static int look_at(struct work *w, size_t cell)
{
    bool any = false, wanted = false;
    double covered = 0;
    GEOSGeometry *shape = shapes_of_feature(w->shapes, w->o->cells, cell);
    int rc = shape ? gather(w, cell, shape) : wg_fail(w->err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK)
        rc = doubles(w, cell, &any);
    for (size_t i = 0; i < w->count; i++) {
        covered += shapes_m2(w->shapes, w->on[i].part);
        wanted |= w->o->first[w->on[i].i];
    }
    if (rc == WG_OK && (any || wanted || shapes_m2(w->shapes, shape) - covered >= LEAST_M2)) {
        rc = take_away(w, cell, shape);
        shape = NULL;
    }
    for (size_t i = 0; i < w->count; i++)
        drop(w, w->on[i].part);
    w->count = 0;
    drop(w, shape);
    return rc;
}

int wg_layer_overlay(const struct wg_overlay *o, struct wg_err *err)
{
    size_t overs = o->over ? o->over->head->records : 0;
    struct work *w = calloc(1, sizeof(*w));
    int rc = w ? WG_OK : WG_ENOMEM;
    if (w) {
        *w = (struct work){
            .geos = GEOS_init_r(), .shapes = shapes_new(), .o = o, .text = WG_BUF_INIT, .err = err};
        w->over = calloc(overs + 1, sizeof(*w->over));
        rc = w->geos && w->shapes && w->over ? WG_OK : WG_ENOMEM;
    }
    if (rc < 0)
        wg_fail(err, rc, "out of memory");
    for (size_t i = 0; rc == WG_OK && i < o->cells->head->records; i++) {
        rc = look_at(w, i);
        if (o->progress)
            o->progress(o->arg, i + 1);
    }
    for (size_t i = 0; w && w->over && i < overs; i++) {
        if (w->over[i].prepared)
            GEOSPreparedGeom_destroy_r(w->geos, w->over[i].prepared);
        drop(w, w->over[i].shape);
    }
    if (w) {
        free(w->over);
        shapes_free(w->shapes);
        if (w->geos)
            GEOS_finish_r(w->geos);
        wg_buf_free(&w->text);
    }
    free(w);
    return rc;
}
