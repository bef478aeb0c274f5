/* Shapes as CQL2 text writes them: WKT (OGC 06-103r4, 7), and BBOX. */
#include "cql_read.h"

#include <stdio.h>
#include <stdlib.h>

static struct cql_geo *geo(struct cql_reader *r, int kind)
{
    struct cql_geo *g = WG_NEW(r->a, struct cql_geo);
    if (!g)
        return cql_spent(r);
    g->kind = kind;
    return g;
}

/* x y, or x y z: heights are read over. */
static bool read_place(struct cql_reader *r, double *xy)
{
    double z;
    if (++r->verts > CQL_VERTS_MAX)
        return cql_wrong(r, "the shapes have more than 10000 vertices");
    if (!cql_number(r, &xy[0]) || !cql_number(r, &xy[1]))
        return false;
    char c = cql_look(r);
    return c == ',' || c == ')' || cql_number(r, &z);
}

static struct cql_geo *read_places(struct cql_reader *r, int kind)
{
    struct cql_geo *g = geo(r, kind);
    size_t cap = 16;
    double *xy = g ? wg_arena_alloc(r->a, cap * 2 * sizeof(double)) : NULL;
    if (!xy)
        return cql_spent(r);
    if (!cql_take(r, "("))
        return cql_wrong(r, "( is missing here");
    do {
        if (g->n == cap) {
            double *more = wg_arena_alloc(r->a, cap * 4 * sizeof(double));
            if (!more)
                return cql_spent(r);
            memcpy(more, xy, cap * 2 * sizeof(double));
            xy = more;
            cap *= 2;
        }
        bool own = kind == GEO_POINTS && cql_take(r, "("); /* MULTIPOINT((1 2),(3 4)), too */
        if (!read_place(r, &xy[2 * g->n]) || (own && !cql_take(r, ")")))
            return cql_wrong(r, "a place is x y");
        g->n++;
    } while (cql_take(r, ","));
    if (!cql_take(r, ")"))
        return cql_wrong(r, ") or , is missing here");
    g->xy = xy;
    if ((kind == GEO_POINT && g->n != 1) || (kind == GEO_LINE && g->n < 2) ||
        (kind == GEO_RING &&
         (g->n < 4 || memcmp(xy, &xy[2 * (g->n - 1)], 2 * sizeof(double)) != 0)))
        return cql_wrong(r, kind == GEO_RING
                                ? "a ring has four places and more, the last as the first"
                            : kind == GEO_LINE ? "a line has two places and more"
                                               : "a point has one place");
    return g;
}

static struct cql_geo *read_parts(struct cql_reader *r, int kind, int of)
{
    struct cql_geo *g = geo(r, kind), **last = g ? &g->part : NULL;
    if (!g)
        return NULL;
    if (++r->depth > CQL_DEPTH_MAX)
        return cql_wrong(r, "it is nested more than 64 deep");
    if (!cql_take(r, "("))
        return cql_wrong(r, "( is missing here");
    do {
        *last = of == GEO_MANY      ? cql_read_geo(r)
                : of == GEO_POLYGON ? read_parts(r, GEO_POLYGON, GEO_RING)
                                    : read_places(r, of);
        if (!*last)
            return NULL;
        last = &(*last)->next;
    } while (cql_take(r, ","));
    r->depth--;
    return cql_take(r, ")") ? g : cql_wrong(r, ") or , is missing here");
}

const char *const cql_geo_names[] = {
    "point",        "linestring",         "polygon", "multipoint", "multilinestring",
    "multipolygon", "geometrycollection", NULL};

struct cql_geo *cql_read_geo(struct cql_reader *r)
{
    struct wg_str name = cql_peek(r);
    int kind = name.n ? cql_index(cql_geo_names, name) : -1;
    if (kind < 0)
        return cql_wrong(r, "a shape is missing here, like POINT(118.6 30.07)");
    r->at += name.n;
    cql_take_word(r, "z");
    switch (kind) {
    case GEO_POINT:
    case GEO_LINE:
    case GEO_POINTS:
        return read_places(r, kind);
    case GEO_POLYGON:
        return read_parts(r, kind, GEO_RING);
    case GEO_LINES:
        return read_parts(r, kind, GEO_LINE);
    case GEO_POLYGONS:
        return read_parts(r, kind, GEO_POLYGON);
    default:
        return read_parts(r, kind, GEO_MANY);
    }
}

struct cql_geo *cql_box(struct wg_arena *a, const double *v, size_t n)
{
    struct cql_geo *g = WG_NEW(a, struct cql_geo), *ring = WG_NEW(a, struct cql_geo);
    double *xy = wg_arena_alloc(a, 10 * sizeof(double));
    double w = v[0], s = v[1], e = v[n / 2], t = v[n / 2 + 1];
    if (!g || !ring || !xy)
        return NULL;
    const double corners[] = {w, s, e, s, e, t, w, t, w, s}, ends[] = {w, s, e, t};
    if (w >= e || s >= t) { /* flat: a line, or a point */
        memcpy(xy, ends, sizeof(ends));
        *g = (struct cql_geo){.kind = w >= e && s >= t ? GEO_POINT : GEO_LINE, .xy = xy};
        g->n = g->kind == GEO_POINT ? 1 : 2;
        return g;
    }
    memcpy(xy, corners, sizeof(corners));
    *ring = (struct cql_geo){.kind = GEO_RING, .xy = xy, .n = 5};
    *g = (struct cql_geo){.kind = GEO_POLYGON, .part = ring, .box = true};
    return g;
}

struct cql *cql_read_box(struct cql_reader *r)
{
    struct cql *c = cql_new(r, CQL_SHAPE);
    double v[6];
    size_t n = 0;
    if (!c || !cql_take(r, "("))
        return cql_wrong(r, "( is missing here");
    do {
        if (n == 6 || !cql_number(r, &v[n++]))
            return cql_wrong(r, "BBOX has four numbers, or six");
    } while (cql_take(r, ","));
    if (!cql_take(r, ")") || (n != 4 && n != 6) || v[1] > v[n / 2 + 1] || v[0] > v[n / 2])
        return cql_wrong(r, "BBOX has four numbers, or six: west, south, east, north");
    c->geo = cql_box(r->a, v, n);
    return c->geo ? c : cql_spent(r);
}
