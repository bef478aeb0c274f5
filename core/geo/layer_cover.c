/* Do pieces fill their area and keep off each other? Over GEOS: it can subtract shapes, and what is
 * told here decides nothing, so doubles do. */
#include "geo/layer.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>

#define LEAST_M2 1.0
#define METRES_DEGREE 111319.49 /* of latitude, and of longitude at the equator */

struct cover {
    GEOSContextHandle_t geos;
    struct shapes *shapes;
    const struct wg_layer *areas, *pieces;
    GEOSGeometry **piece; /* made when first asked for */
    void (*fn)(void *arg, const struct wg_cover_fault *f);
    void *arg;
    struct wg_err *err;
};

static int gave_up(struct cover *c, struct wg_str id)
{
    return wg_fail(c->err, WG_EINVAL, "the shapes at %.*s can't be compared", WG_PRI(id));
}

static const GEOSGeometry *piece_of(struct cover *c, size_t i)
{
    if (!c->piece[i])
        c->piece[i] = shapes_of_feature(c->shapes, c->pieces, i);
    return c->piece[i];
}

/* Tell the shape of a fault, which is given up here. */
static int tell(struct cover *c, enum wg_cover kind, struct wg_str id, struct wg_str other,
                GEOSGeometry *g)
{
    double area = 0, x = 0, y = 0;
    struct wg_cover_fault f = {.kind = kind, .id = id, .other = other};
    GEOSGeometry *at = NULL;
    bool ok = g && GEOSArea_r(c->geos, g, &area) == 1;
    if (ok && area > 0) {
        at = GEOSPointOnSurface_r(c->geos, g);
        ok = at && GEOSGeomGetX_r(c->geos, at, &x) == 1 && GEOSGeomGetY_r(c->geos, at, &y) == 1;
        f.m2 = area * METRES_DEGREE * METRES_DEGREE * cos(y * M_PI / 180);
        f.at = (struct wg_point){(int32_t)lround(x * 1e7), (int32_t)lround(y * 1e7)};
    }
    if (at)
        GEOSGeom_destroy_r(c->geos, at);
    if (g)
        GEOSGeom_destroy_r(c->geos, g);
    if (ok && f.m2 >= LEAST_M2)
        c->fn(c->arg, &f);
    return ok ? WG_OK : gave_up(c, id);
}

static bool within(struct wg_str id, struct wg_str area)
{
    return id.n >= area.n && memcmp(id.p, area.p, area.n) == 0;
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

static int check_area(struct cover *c, size_t i)
{
    struct wg_str id = layer_id(c->areas, i), none = {NULL, 0};
    size_t from, to, n = 0;
    range_of(c->pieces, id, &from, &to);
    GEOSGeometry *area = shapes_of_feature(c->shapes, c->areas, i), *all = NULL, *together = NULL;
    GEOSGeometry **copy = calloc(to - from + 1, sizeof(GEOSGeometry *));
    int rc = area && copy ? WG_OK : wg_fail(c->err, WG_ENOMEM, "out of memory");
    for (size_t k = from; rc == WG_OK && k < to; k++) {
        const GEOSGeometry *g = piece_of(c, c->pieces->by_id[k]);
        if (!g || !(copy[n] = GEOSGeom_clone_r(c->geos, g))) {
            rc = wg_fail(c->err, WG_ENOMEM, "out of memory");
            break;
        }
        n++;
        rc = tell(c, WG_OUTSIDE, layer_id(c->pieces, c->pieces->by_id[k]), id,
                  GEOSDifference_r(c->geos, g, area));
    }
    if (rc == WG_OK &&
        (all = GEOSGeom_createCollection_r(c->geos, GEOS_GEOMETRYCOLLECTION, copy, (unsigned)n)))
        n = 0; /* taken */
    if (rc == WG_OK && all && (together = GEOSUnaryUnion_r(c->geos, all)))
        rc = tell(c, WG_GAP, id, none, GEOSDifference_r(c->geos, area, together));
    else if (rc == WG_OK)
        rc = gave_up(c, id);
    for (size_t k = 0; k < n; k++)
        GEOSGeom_destroy_r(c->geos, copy[k]);
    free(copy);
    if (together)
        GEOSGeom_destroy_r(c->geos, together);
    if (all)
        GEOSGeom_destroy_r(c->geos, all);
    if (area)
        GEOSGeom_destroy_r(c->geos, area);
    return rc;
}

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
    size_t n = c->pieces->head->records;
    struct by_west *list = calloc(n + 1, sizeof(*list));
    int rc = list ? WG_OK : wg_fail(c->err, WG_ENOMEM, "out of memory");
    for (uint32_t i = 0; rc == WG_OK && i < n; i++)
        list[i] = (struct by_west){layer_box(c->pieces, i).west, i};
    if (rc == WG_OK)
        qsort(list, n, sizeof(*list), west_order);
    for (size_t i = 0; rc == WG_OK && i < n; i++) {
        struct wg_box box = layer_box(c->pieces, list[i].i);
        for (size_t k = i + 1; rc == WG_OK && k < n && list[k].west < box.east; k++) {
            if (!boxes_meet(box, layer_box(c->pieces, list[k].i)))
                continue;
            const GEOSGeometry *a = piece_of(c, list[i].i), *b = piece_of(c, list[k].i);
            if (!a || !b)
                rc = wg_fail(c->err, WG_ENOMEM, "out of memory");
            else
                rc = tell(c, WG_OVERLAP, layer_id(c->pieces, list[i].i),
                          layer_id(c->pieces, list[k].i), GEOSIntersection_r(c->geos, a, b));
        }
    }
    free(list);
    return rc;
}

static int cover(const struct wg_layer *areas, struct wg_str only, const struct wg_layer *pieces,
                 void (*fn)(void *arg, const struct wg_cover_fault *f), void *arg,
                 struct wg_err *err)
{
    struct cover c = {GEOS_init_r(), shapes_new(), areas, pieces, NULL, fn, arg, err};
    size_t n = pieces->head->records;
    int rc = WG_OK;
    c.piece = calloc(n + 1, sizeof(GEOSGeometry *));
    if (!c.geos || !c.shapes || !c.piece)
        rc = wg_fail(err, WG_ENOMEM, "out of memory");
    for (size_t i = 0; rc == WG_OK && i < areas->head->records; i++)
        if (within(layer_id(areas, i), only))
            rc = check_area(&c, i);
    if (rc == WG_OK)
        rc = overlaps(&c);
    for (size_t i = 0; c.piece && c.geos && i < n; i++)
        if (c.piece[i])
            GEOSGeom_destroy_r(c.geos, c.piece[i]);
    free(c.piece);
    shapes_free(c.shapes);
    if (c.geos)
        GEOS_finish_r(c.geos);
    return rc;
}

int wg_layer_cover(const struct wg_layer *areas, struct wg_str only, const struct wg_layer *pieces,
                   void (*fn)(void *arg, const struct wg_cover_fault *f), void *arg,
                   struct wg_err *err)
{
    struct wg_layer *a = NULL, *p = NULL;
    int rc = wg_layer_whole(areas, &a, err);
    if (rc == WG_OK && (rc = wg_layer_whole(pieces, &p, err)) == WG_OK)
        rc = cover(a, only, p, fn, arg, err);
    wg_layer_drop(a);
    wg_layer_drop(p);
    return rc;
}
