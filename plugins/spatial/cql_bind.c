/* A tree meets a collection: names become fields, types are compared, shapes are made. What can't
 * be is said here once, not for each feature. */
#include "cql_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE_STEPS 32 /* of a box's side in another system */

static const char *const type_names[] = {"anything", "true or false", "a number", "a text",
                                         "a moment", "an interval",   "a shape"};

/* ---- shapes ---- */

/* x and y as they were written become lon and lat. */
static bool to_degrees(const struct cql_run *r, double x, double y, double *lon, double *lat)
{
    double e = r->crs->north1 ? y : x, n = r->crs->north1 ? x : y;
    if (!r->made) {
        *lon = e;
        *lat = n;
        return r->crs->degrees && fabs(e) <= 180 && fabs(n) <= 90;
    }
    return fabs(e) < 5e7 && fabs(n) < 5e7 && wg_crs_to_degrees(r->made, e, n, lon, lat) == WG_OK;
}

static GEOSCoordSequence *coordinates(struct cql_run *r, const struct cql_geo *g, size_t steps)
{
    size_t n = (g->n - 1) * steps + 1;
    GEOSCoordSequence *seq = GEOSCoordSeq_create_r(r->geos, (unsigned)n, 2);
    for (size_t k = 0; seq && k < n; k++) {
        const double *a = &g->xy[2 * (k / steps)];
        double t = (double)(k % steps) / (double)steps, lon, lat;
        double x = t > 0 ? a[0] + t * (a[2] - a[0]) : a[0],
               y = t > 0 ? a[1] + t * (a[3] - a[1]) : a[1];
        if (!to_degrees(r, x, y, &lon, &lat) ||
            !GEOSCoordSeq_setXY_r(r->geos, seq, (unsigned)k, lon, lat)) {
            GEOSCoordSeq_destroy_r(r->geos, seq);
            seq = NULL;
        }
    }
    return seq;
}

static GEOSGeometry *shape_of(struct cql_run *r, const struct cql_geo *g);

static GEOSGeometry *polygon_of(struct cql_run *r, const struct cql_geo *g)
{
    GEOSGeometry *ring[64] = {NULL};
    size_t n = 0;
    bool good = true;
    size_t steps = g->box && r->made ? SIDE_STEPS : 1;
    for (const struct cql_geo *p = g->part; good && p; p = p->next) {
        GEOSCoordSequence *seq = n < 64 ? coordinates(r, p, steps) : NULL;
        ring[n < 64 ? n : 63] = seq ? GEOSGeom_createLinearRing_r(r->geos, seq) : NULL;
        good = n < 64 && ring[n] != NULL;
        n += good;
    }
    GEOSGeometry *shape =
        good ? GEOSGeom_createPolygon_r(r->geos, ring[0], &ring[1], (unsigned)(n - 1)) : NULL;
    for (size_t k = 0; !shape && k < n; k++)
        GEOSGeom_destroy_r(r->geos, ring[k]);
    return shape;
}

static GEOSGeometry *many_of(struct cql_run *r, const struct cql_geo *g)
{
    static const int types[] = {[GEO_LINES] = GEOS_MULTILINESTRING,
                                [GEO_POLYGONS] = GEOS_MULTIPOLYGON,
                                [GEO_MANY] = GEOS_GEOMETRYCOLLECTION};
    size_t n = 0, k = 0;
    for (const struct cql_geo *p = g->part; p; p = p->next)
        n++;
    GEOSGeometry **part = calloc(n + 1, sizeof(*part)), *shape = NULL;
    for (const struct cql_geo *p = g->part; part && p; p = p->next, k++)
        if (!(part[k] = shape_of(r, p)))
            break;
    if (part && k == n)
        shape = GEOSGeom_createCollection_r(r->geos, types[g->kind], part, (unsigned)n);
    for (size_t m = 0; part && !shape && m < k; m++)
        GEOSGeom_destroy_r(r->geos, part[m]);
    free(part);
    return shape;
}

static GEOSGeometry *points_of(struct cql_run *r, const struct cql_geo *g)
{
    GEOSGeometry **part = calloc(g->n + 1, sizeof(*part)), *shape = NULL;
    size_t k = 0;
    for (; part && k < g->n; k++) {
        double lon, lat;
        if (!to_degrees(r, g->xy[2 * k], g->xy[2 * k + 1], &lon, &lat) ||
            !(part[k] = GEOSGeom_createPointFromXY_r(r->geos, lon, lat)))
            break;
    }
    if (part && k == g->n)
        shape = g->kind == GEO_POINT
                    ? part[0]
                    : GEOSGeom_createCollection_r(r->geos, GEOS_MULTIPOINT, part, (unsigned)g->n);
    for (size_t m = 0; part && !shape && m < k; m++)
        GEOSGeom_destroy_r(r->geos, part[m]);
    free(part);
    return shape;
}

static GEOSGeometry *shape_of(struct cql_run *r, const struct cql_geo *g)
{
    GEOSCoordSequence *seq;
    switch (g->kind) {
    case GEO_POINT:
    case GEO_POINTS:
        return points_of(r, g);
    case GEO_LINE:
        seq = coordinates(r, g, 1);
        return seq ? GEOSGeom_createLineString_r(r->geos, seq) : NULL;
    case GEO_POLYGON:
        return polygon_of(r, g);
    default:
        return many_of(r, g);
    }
}

static int32_t e7(double v, bool up)
{
    v *= 1e7;
    v = up ? ceil(v + 0.5) : floor(v - 0.5);
    return (int32_t)fmin(fmax(v, -1.8e9), 1.8e9);
}

static int make_shape(struct cql_run *r, struct cql *c, struct wg_err *err)
{
    double w, s, e, n;
    GEOSGeometry *g = shape_of(r, c->geo);
    if (!g)
        return wg_fail_at(err, WG_EINVAL, "/filter",
                          "filter: a shape lies outside of what its system can say, or has more "
                          "than 63 holes");
    c->shape = g;
    r->shape[r->shapes++] = c;
    if (GEOSisValid_r(r->geos, g) != 1) {
        char *why = GEOSisValidReason_r(r->geos, g);
        wg_fail_at(err, WG_EINVAL, "/filter", "filter: a shape is not valid: %s", why ? why : "?");
        GEOSFree_r(r->geos, why);
        return WG_EINVAL;
    }
    if (GEOSGeom_getXMin_r(r->geos, g, &w) && GEOSGeom_getYMin_r(r->geos, g, &s) &&
        GEOSGeom_getXMax_r(r->geos, g, &e) && GEOSGeom_getYMax_r(r->geos, g, &n))
        c->box = (struct wg_box){e7(w, false), e7(s, false), e7(e, true), e7(n, true)};
    c->prepared = (void *)GEOSPrepare_r(r->geos, g);
    return c->prepared ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
}

/* ---- names and types ---- */

int cql_literal(struct wg_arena *a, const struct source *s, struct wg_str property,
                struct wg_str text, struct cql **out, struct wg_err *err)
{
    int k = source_field(s, property);
    enum field_type type = k >= 0 ? s->field[k].type : FIELD_TEXT;
    struct cql *c = *out = cql_value(a, CQL_TEXT);
    char number[64], *end;
    if (!c)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    c->text = text;
    if (type == FIELD_BOOL) {
        c->type = CQL_BOOL;
        c->yes = wg_str_is(text, "true") || wg_str_is(text, "1");
    }
    if (type != FIELD_INT && type != FIELD_REAL)
        return WG_OK;
    c->type = CQL_NUM;
    if (text.n && wg_str_copy(number, sizeof(number), text) == WG_OK) {
        c->num = strtod(number, &end);
        if (*end == '\0')
            return WG_OK;
    }
    *out = NULL;
    return wg_fail_at(err, WG_EINVAL, "/filter", "filter: a number is needed beside %.*s",
                      property.n < 60 ? (int)property.n : 60, property.p);
}

static int bind_field(struct cql_run *r, struct cql *c, struct wg_err *err)
{
    static const enum cql_type types[] = {
        [FIELD_NONE] = CQL_ANY, [FIELD_BOOL] = CQL_BOOL, [FIELD_INT] = CQL_NUM,
        [FIELD_REAL] = CQL_NUM, [FIELD_TEXT] = CQL_TEXT, [FIELD_MIXED] = CQL_ANY};
    c->field = source_field(r->source, c->text);
    if (c->field >= 0) {
        c->type = types[r->source->field[c->field].type];
        return WG_OK;
    }
    c->field = wg_str_is(c->text, "geometry") ? FIELD_SHAPE
               : wg_str_is(c->text, "id")     ? FIELD_ID
                                              : -1;
    c->type = c->field == FIELD_SHAPE ? CQL_SHAPE : CQL_TEXT;
    return c->field != -1 ? WG_OK
                          : wg_fail_at(err, WG_EINVAL, "/filter",
                                       "filter: there is no property %.*s; queryables lists them",
                                       c->text.n < 60 ? (int)c->text.n : 60, c->text.p);
}

static int misplaced(const struct cql *c, const char *want, struct wg_err *err)
{
    const char *what = type_names[c->type];
    if (c->op == CQL_FIELD)
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter: %.*s is %s where %s is needed",
                          c->text.n < 60 ? (int)c->text.n : 60, c->text.p, what, want);
    return wg_fail_at(err, WG_EINVAL, "/filter", "filter: there is %s where %s is needed", what,
                      want);
}

static int want(const struct cql *c, enum cql_type type, struct wg_err *err)
{
    return c->type == type || c->type == CQL_ANY ? WG_OK : misplaced(c, type_names[type], err);
}

static bool has_order(enum cql_type t)
{
    return t == CQL_ANY || t == CQL_BOOL || t == CQL_NUM || t == CQL_TEXT || t == CQL_WHEN;
}

/* A text is read as a moment where it meets one. */
static int want_alike(const struct cql *x, const struct cql *y, struct wg_err *err)
{
    bool alike = x->type == y->type || x->type == CQL_ANY || y->type == CQL_ANY ||
                 (x->op == CQL_FIELD && x->type == CQL_TEXT && y->type == CQL_WHEN) ||
                 (y->op == CQL_FIELD && y->type == CQL_TEXT && x->type == CQL_WHEN);
    if (!has_order(x->type))
        return misplaced(x, "a value that can be compared", err);
    if (alike && has_order(y->type))
        return WG_OK;
    const struct cql *named = x->op == CQL_FIELD ? x : y;
    return named->op != CQL_FIELD
               ? misplaced(y, type_names[x->type], err)
               : wg_fail_at(err, WG_EINVAL, "/filter",
                            "filter: %.*s is %s and can't be compared with %s",
                            named->text.n < 60 ? (int)named->text.n : 60, named->text.p,
                            type_names[named->type], type_names[(named == x ? y : x)->type]);
}

static int want_time(const struct cql *c, struct wg_err *err)
{
    return c->type == CQL_WHEN || c->type == CQL_WHENS || c->type == CQL_ANY ||
                   (c->op == CQL_FIELD && c->type == CQL_TEXT)
               ? WG_OK
               : misplaced(c, "a moment or an interval", err);
}

static int bind(struct cql_run *r, struct cql *c, struct wg_err *err);

static int bind_args(struct cql_run *r, struct cql *c, struct wg_err *err)
{
    int rc = WG_OK;
    for (struct cql *x = c->arg; rc == WG_OK && x; x = x->next)
        rc = bind(r, x, err);
    return rc;
}

static int bind(struct cql_run *r, struct cql *c, struct wg_err *err)
{
    int rc = bind_args(r, c, err);
    const struct cql *x = c->arg;
    c->type = c->op == CQL_VALUE ? c->type : CQL_BOOL;
    if (rc < 0)
        return rc;
    switch (c->op) {
    case CQL_VALUE:
        return c->type == CQL_SHAPE ? make_shape(r, c, err) : WG_OK;
    case CQL_FIELD:
        return bind_field(r, c, err);
    case CQL_OR:
    case CQL_AND:
    case CQL_NOT:
        for (; rc == WG_OK && x; x = x->next)
            rc = want(x, CQL_BOOL, err);
        return rc;
    case CQL_NULL:
        return rc;
    case CQL_CASEI:
    case CQL_LIKE:
        c->type = c->op == CQL_CASEI ? CQL_TEXT : CQL_BOOL;
        for (; rc == WG_OK && x; x = x->next)
            rc = want(x, CQL_TEXT, err);
        return rc;
    case CQL_SPACE:
        for (; rc == WG_OK && x; x = x->next)
            rc = x->type == CQL_SHAPE ? WG_OK : misplaced(x, type_names[CQL_SHAPE], err);
        return rc;
    case CQL_TIME:
    case CQL_SPAN:
        c->type = c->op == CQL_SPAN ? CQL_WHENS : CQL_BOOL;
        for (; rc == WG_OK && x; x = x->next)
            rc = c->op == CQL_SPAN && x->type == CQL_WHENS ? misplaced(x, "a moment", err)
                                                           : want_time(x, err);
        return rc;
    case CQL_ADD:
    case CQL_SUB:
    case CQL_MUL:
    case CQL_DIV:
    case CQL_WHOLE:
    case CQL_MOD:
    case CQL_POW:
        c->type = CQL_NUM;
        for (; rc == WG_OK && x; x = x->next)
            rc = want(x, CQL_NUM, err);
        return rc;
    default: /* comparisons: all like the first */
        for (const struct cql *y = x->next; rc == WG_OK && y; y = y->next)
            rc = want_alike(x, y, err);
        return rc;
    }
}

/* ---- what the index can do ---- */

static const struct wg_box everywhere = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};

static struct wg_box hull_of(const struct cql *c)
{
    struct wg_box box = everywhere;
    if (c->op == CQL_SPACE && !wg_str_is(wg_str_of(cql_space_names[c->which]), "s_disjoint")) {
        const struct cql *x = c->arg, *y = x->next;
        if (x->op == CQL_FIELD && y->op == CQL_VALUE)
            return y->box;
        if (y->op == CQL_FIELD && x->op == CQL_VALUE)
            return x->box;
    }
    for (const struct cql *x = c->op == CQL_AND ? c->arg : NULL; x; x = x->next) {
        struct wg_box b = hull_of(x);
        box.west = b.west > box.west ? b.west : box.west;
        box.south = b.south > box.south ? b.south : box.south;
        box.east = b.east < box.east ? b.east : box.east;
        box.north = b.north < box.north ? b.north : box.north;
    }
    return box;
}

struct wg_box cql_hull(const struct cql_run *r)
{
    return hull_of(r->root);
}

static size_t count_shapes(const struct cql *c)
{
    size_t n = c->op == CQL_VALUE && c->type == CQL_SHAPE;
    for (const struct cql *x = c->arg; x; x = x->next)
        n += count_shapes(x);
    return n;
}

int cql_bind(struct cql *c, const struct source *s, const struct crs *crs, struct cql_run **out,
             struct wg_err *err)
{
    struct cql_run *r = calloc(1, sizeof(*r));
    UErrorCode e = U_ZERO_ERROR;
    int rc = WG_ENOMEM;
    *out = NULL;
    if (!r)
        return wg_fail(err, rc, "out of memory");
    r->source = s;
    r->root = c;
    r->crs = crs;
    r->made = crs_take(crs);
    r->geos = GEOS_init_r();
    r->fold = ucasemap_open("", 0, &e);
    r->arena = wg_arena_new(0);
    r->shape = calloc(count_shapes(c) + 1, sizeof(struct cql *));
    if (r->geos && r->arena && r->fold && r->shape && (r->made || crs->degrees)) {
        if ((rc = bind(r, c, err)) == WG_OK)
            rc = want(c, CQL_BOOL, err);
    } else {
        wg_fail(err, rc, "out of memory");
    }
    if (rc == WG_OK)
        *out = r;
    else
        cql_run_free(r);
    return rc;
}

void cql_run_free(struct cql_run *r)
{
    if (!r)
        return;
    for (size_t k = 0; k < r->shapes; k++) {
        GEOSPreparedGeom_destroy_r(r->geos, r->shape[k]->prepared);
        GEOSGeom_destroy_r(r->geos, r->shape[k]->shape);
    }
    if (r->own)
        GEOSGeom_destroy_r(r->geos, r->own);
    crs_give(r->crs, r->made);
    if (r->geos)
        GEOS_finish_r(r->geos);
    ucasemap_close(r->fold);
    wg_arena_free(r->arena);
    free(r->shape);
    free(r);
}
