/* Those features of a layer that lie in some areas of another, as a layer of their own: who may see
 * two streets is shown just these, so that no scan, tile or count can tell of the rest. */
#include "geo/layer.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>

#define LEAST_M2 1.0         /* two layers' borders are never drawn quite alike */
#define LEAST_DEGREES 1.0e-6 /* a decimetre of a line */

struct within {
    const struct wg_layer *layer, *areas;
    bool whole;
    double *got; /* how much of each feature lies in them; of a point any */
    struct shapes *shapes;
    GEOSContextHandle_t geos;
    GEOSGeometry *area;
    const GEOSPreparedGeometry *prepared;
};

/* A point is in the area that answers for it, and in no other. */
static void mark_points(struct within *w, size_t area)
{
    struct wg_scan scan = {w->layer, layer_box(w->areas, area), 0};
    struct wg_feature f;
    struct wg_run run;
    size_t at;
    while (wg_scan_next(&scan, &run))
        for (uint32_t k = run.from; k < run.to; k++) {
            size_t i = wg_layer_along(w->layer, k);
            if (wg_layer_at(w->layer, i, &f) && wg_layer_find(w->areas, f.at, &at) && at == area)
                w->got[i] = 1;
        }
}

/* Of an area square metres, of a line degrees. */
static double size_of(struct within *w, const GEOSGeometry *g)
{
    double size = 0;
    if (w->layer->head->shape == WG_AREAS)
        return shapes_m2(w->shapes, g);
    return GEOSLength_r(w->geos, g, &size) == 1 ? size : 0;
}

/* How much of it lies in the area. */
static int measure(struct within *w, size_t i)
{
    GEOSGeometry *g = shapes_of_feature(w->shapes, w->layer, i), *both = NULL;
    if (!g)
        return WG_ENOMEM;
    if (GEOSPreparedCovers_r(w->geos, w->prepared, g) == 1)
        w->got[i] += size_of(w, g);
    else if (GEOSPreparedIntersects_r(w->geos, w->prepared, g) == 1 &&
             (both = GEOSIntersection_r(w->geos, w->area, g)))
        w->got[i] += size_of(w, both);
    if (both)
        GEOSGeom_destroy_r(w->geos, both);
    GEOSGeom_destroy_r(w->geos, g);
    return WG_OK;
}

static double least_of(const struct within *w)
{
    return w->layer->head->shape == WG_AREAS ? LEAST_M2 : LEAST_DEGREES;
}

static int mark_others(struct within *w, size_t area)
{
    struct wg_scan scan = {w->layer, layer_box(w->areas, area), 0};
    struct wg_run run;
    int rc = WG_OK;
    w->area = shapes_of_feature(w->shapes, w->areas, area);
    w->prepared = w->area ? GEOSPrepare_r(w->geos, w->area) : NULL;
    if (!w->prepared)
        rc = WG_ENOMEM;
    while (rc == WG_OK && wg_scan_next(&scan, &run))
        for (uint32_t k = run.from; rc == WG_OK && k < run.to; k++) {
            size_t i = wg_layer_along(w->layer, k);
            if (w->whole || w->got[i] < least_of(w))
                rc = measure(w, i);
        }
    if (w->prepared)
        GEOSPreparedGeom_destroy_r(w->geos, w->prepared);
    if (w->area)
        GEOSGeom_destroy_r(w->geos, w->area);
    return rc;
}

static bool is_in(struct within *w, size_t i)
{
    double least = least_of(w), size;
    if (w->layer->head->shape == WG_POINTS || w->got[i] == 0)
        return w->got[i] > 0;
    if (!w->whole)
        return w->got[i] >= least;
    GEOSGeometry *g = shapes_of_feature(w->shapes, w->layer, i);
    size = g ? size_of(w, g) : HUGE_VAL;
    if (g)
        GEOSGeom_destroy_r(w->geos, g);
    return w->got[i] >= size - fmax(least, size / 1000);
}

static int build(struct within *w, struct wg_layer **out, struct wg_err *err)
{
    struct wg_layer_faults faults;
    struct layer_build b;
    build_init(&b, "feature", NULL, &faults);
    b.shape = w->layer->head->shape;
    for (size_t i = 0; i < w->layer->head->records; i++) {
        size_t own = i;
        const struct wg_layer *part = layer_part(w->layer, &own);
        if (is_in(w, i))
            build_copy(&b, part, (uint32_t)own);
    }
    return build_end(&b, out, err);
}

int wg_layer_within(const struct wg_layer *layer, const struct wg_layer *areas, struct wg_str ids,
                    bool whole, struct wg_layer **out, struct wg_err *err)
{
    struct within w = {.layer = layer, .areas = areas, .whole = whole, .geos = GEOS_init_r()};
    int rc = WG_OK;
    *out = NULL;
    w.got = calloc(layer->head->records + 1, sizeof(*w.got));
    w.shapes = shapes_new();
    if (!w.geos || !w.got || !w.shapes)
        rc = WG_ENOMEM;
    for (const char *p = ids.p, *end = ids.p + ids.n; rc == WG_OK && areas && p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct wg_str id = {p, (size_t)((comma ? comma : end) - p)};
        size_t area;
        p += id.n + 1;
        if (areas->head->shape != WG_AREAS || !wg_layer_by_id(areas, id, &area))
            continue;
        if (layer->head->shape == WG_POINTS)
            mark_points(&w, area);
        else
            rc = mark_others(&w, area);
    }
    rc = rc == WG_OK ? build(&w, out, err) : wg_fail(err, rc, "out of memory");
    free(w.got);
    shapes_free(w.shapes);
    if (w.geos)
        GEOS_finish_r(w.geos);
    return rc;
}
