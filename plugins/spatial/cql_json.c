/* CQL2 JSON: the same tree from the other notation. */
#include "cql.h"

#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct wg_arena *a;
    size_t verts;
    struct wg_err *err;
};

static void *wrong(struct reader *r, const char *what)
{
    if (!r->err->code)
        wg_fail_at(r->err, WG_EINVAL, "/filter", "filter: %s", what);
    return NULL;
}

static void *spent(struct reader *r)
{
    if (!r->err->code)
        wg_fail(r->err, WG_ENOMEM, "out of memory");
    return NULL;
}

static bool number_of(const struct wg_json *j, double *out)
{
    char text[64];
    if (!j || (j->type != WG_JINT && j->type != WG_JREAL) ||
        wg_str_copy(text, sizeof(text), j->str) < 0)
        return false;
    *out = strtod(text, NULL);
    return true;
}

static struct cql *value(struct reader *r, enum cql_type type)
{
    struct cql *c = cql_value(r->a, type);
    return c ? c : spent(r);
}

/* ---- shapes: as RFC 7946 has them ---- */

static const char *const geo_names[] = {
    "Point",        "LineString",         "Polygon", "MultiPoint", "MultiLineString",
    "MultiPolygon", "GeometryCollection", NULL};

static struct cql_geo *read_places(struct reader *r, int kind, const struct wg_json *list)
{
    struct cql_geo *g = WG_NEW(r->a, struct cql_geo);
    size_t n = !list || list->type != WG_JARR ? 0 : kind == GEO_POINT ? 1 : list->count, k = 0;
    double *xy = wg_arena_alloc(r->a, (n + 1) * 2 * sizeof(double));
    if (!g || !xy)
        return spent(r);
    if ((r->verts += n) > CQL_VERTS_MAX)
        return wrong(r, "the shapes have more than 10000 vertices");
    for (const struct wg_json *p = kind == GEO_POINT ? list
                                   : n               ? list->child
                                                     : NULL;
         p && k < n; p = p->next, k++)
        if (p->type != WG_JARR || p->count < 2 || !number_of(p->child, &xy[2 * k]) ||
            !number_of(p->child->next, &xy[2 * k + 1]))
            return wrong(r, "a place is [x, y]");
    if (n == 0 || (kind == GEO_LINE && n < 2) ||
        (kind == GEO_RING && (n < 4 || memcmp(xy, &xy[2 * (n - 1)], 2 * sizeof(double)) != 0)))
        return wrong(r, "a shape has too few places, or a ring is not closed");
    *g = (struct cql_geo){.kind = kind, .xy = xy, .n = n};
    return g;
}

static struct cql_geo *read_geo(struct reader *r, const struct wg_json *j);

static struct cql_geo *read_parts(struct reader *r, int kind, int of, const struct wg_json *list)
{
    struct cql_geo *g = WG_NEW(r->a, struct cql_geo), **last = g ? &g->part : NULL;
    if (!g)
        return spent(r);
    g->kind = kind;
    if (!list || list->type != WG_JARR || !list->child)
        return wrong(r, "a shape has no places");
    for (const struct wg_json *m = list->child; m; m = m->next, last = &(*last)->next) {
        *last = of == GEO_MANY      ? read_geo(r, m)
                : of == GEO_POLYGON ? read_parts(r, GEO_POLYGON, GEO_RING, m)
                                    : read_places(r, of, m);
        if (!*last)
            return NULL;
    }
    return g;
}

static struct cql_geo *read_geo(struct reader *r, const struct wg_json *j)
{
    int kind = cql_index(geo_names, wg_json_str(j, "type"));
    const struct wg_json *list = wg_json_get(j, kind == GEO_MANY ? "geometries" : "coordinates");
    if (kind < 0)
        return wrong(r, "a shape is GeoJSON");
    switch (kind) {
    case GEO_POINT:
    case GEO_LINE:
    case GEO_POINTS:
        return read_places(r, kind, list);
    case GEO_POLYGON:
        return read_parts(r, kind, GEO_RING, list);
    case GEO_LINES:
        return read_parts(r, kind, GEO_LINE, list);
    case GEO_POLYGONS:
        return read_parts(r, kind, GEO_POLYGON, list);
    default:
        return read_parts(r, kind, GEO_MANY, list);
    }
}

static struct cql *read_shape(struct reader *r, const struct wg_json *j)
{
    struct cql *c = value(r, CQL_SHAPE);
    const struct wg_json *box = wg_json_get(j, "bbox");
    double v[6];
    size_t n = 0;
    if (!c)
        return NULL;
    if (wg_json_get(j, "type")) {
        c->geo = read_geo(r, j);
        return c->geo ? c : NULL;
    }
    for (const struct wg_json *m = box && box->type == WG_JARR ? box->child : NULL; m; m = m->next)
        if (n == 6 || !number_of(m, &v[n++]))
            return wrong(r, "bbox has four numbers, or six");
    if ((n != 4 && n != 6) || v[1] > v[n / 2 + 1] || v[0] > v[n / 2])
        return wrong(r, "bbox has four numbers, or six: west, south, east, north");
    c->geo = cql_box(r->a, v, n);
    return c->geo ? c : spent(r);
}

/* ---- values, calls ---- */

static struct cql *read_any(struct reader *r, const struct wg_json *j);

static struct cql *read_end(struct reader *r, const struct wg_json *j)
{
    struct cql *c;
    if (j->type != WG_JSTR)
        return read_any(r, j);
    if (!(c = value(r, CQL_WHEN)))
        return NULL;
    if (wg_str_is(j->str, "..")) {
        c->open = true;
        c->from_ms = INT64_MIN;
        c->to_ms = INT64_MAX;
        return c;
    }
    return cql_instant(c, j->str, j->str.n == 10) == 0
               ? c
               : wrong(r, "an end is a date, a timestamp or ..");
}

static struct cql *read_when(struct reader *r, const struct wg_json *j)
{
    const struct wg_json *span = wg_json_get(j, "interval"), *day = wg_json_get(j, "date");
    struct wg_str text = wg_json_str(j, day ? "date" : "timestamp");
    struct cql *c, *from, *to;
    if (!span) {
        c = value(r, CQL_WHEN);
        return !c || cql_instant(c, text, day != NULL) == 0
                   ? c
                   : wrong(r, "a date is like 2026-11-23, a timestamp like 2026-11-23T08:00:00Z");
    }
    if (span->type != WG_JARR || span->count != 2)
        return wrong(r, "an interval has two ends");
    if (!(from = read_end(r, span->child)) || !(to = read_end(r, span->child->next)))
        return NULL;
    c = cql_node(r->a, CQL_SPAN, from, to);
    return c ? c : spent(r);
}

static struct cql *read_args(struct reader *r, const struct wg_json *list, size_t most)
{
    struct cql *first = NULL, **last = &first;
    if (!list || list->type != WG_JARR || !list->child || list->count > most)
        return wrong(r, "args is a list of one and more, and not too many");
    for (const struct wg_json *m = list->child; m; m = m->next, last = &(*last)->next)
        if (!(*last = read_any(r, m)))
            return NULL;
    return first;
}

/* "in" has its list as the second argument. */
static struct cql *read_in(struct reader *r, const struct wg_json *args)
{
    struct cql *x, *c;
    if (!args || args->type != WG_JARR || args->count != 2)
        return wrong(r, "in has a value and a list");
    if (!(x = read_any(r, args->child)) ||
        !(x->next = read_args(r, args->child->next, CQL_LIST_MAX)))
        return NULL;
    c = cql_name(r->a, CQL_IN, 0, x);
    return c ? c : spent(r);
}

static struct cql *read_call(struct reader *r, const struct wg_json *j)
{
    static const struct {
        const char *name;
        enum cql_op op;
        size_t least, most;
    } known[] = {{"or", CQL_OR, 2, CQL_LIST_MAX},
                 {"and", CQL_AND, 2, CQL_LIST_MAX},
                 {"not", CQL_NOT, 1, 1},
                 {"=", CQL_EQ, 2, 2},
                 {"<>", CQL_NE, 2, 2},
                 {"<", CQL_LT, 2, 2},
                 {">", CQL_GT, 2, 2},
                 {"<=", CQL_LE, 2, 2},
                 {">=", CQL_GE, 2, 2},
                 {"like", CQL_LIKE, 2, 2},
                 {"between", CQL_BETWEEN, 3, 3},
                 {"isNull", CQL_NULL, 1, 1},
                 {"+", CQL_ADD, 2, 2},
                 {"-", CQL_SUB, 2, 2},
                 {"*", CQL_MUL, 2, 2},
                 {"/", CQL_DIV, 2, 2},
                 {"div", CQL_WHOLE, 2, 2},
                 {"%", CQL_MOD, 2, 2},
                 {"^", CQL_POW, 2, 2},
                 {"casei", CQL_CASEI, 1, 1}};
    struct wg_str op = wg_json_str(j, "op");
    const struct wg_json *args = wg_json_get(j, "args");
    size_t k = 0, n = sizeof(known) / sizeof(known[0]);
    struct cql *list, *c;
    int which = -1;
    enum cql_op call = CQL_SPACE;
    if (wg_str_is(op, "in"))
        return read_in(r, args);
    while (k < n && !wg_str_is(op, known[k].name))
        k++;
    if (k == n && (which = cql_index(cql_space_names, op)) < 0) {
        call = CQL_TIME;
        which = cql_index(cql_time_names, op);
    }
    if (k == n && which < 0)
        return wrong(r, "there is no such op");
    size_t least = k < n ? known[k].least : 2, most = k < n ? known[k].most : 2;
    if (!(list = read_args(r, args, most)))
        return NULL;
    c = cql_name(r->a, k < n ? known[k].op : call, which < 0 ? 0 : which, list);
    return !c ? spent(r) : c->args >= least ? c : wrong(r, "the op needs another argument");
}

static struct cql *read_any(struct reader *r, const struct wg_json *j)
{
    struct cql *c;
    switch (j->type) {
    case WG_JBOOL:
        if ((c = value(r, CQL_BOOL)))
            c->yes = j->num != 0;
        return c;
    case WG_JINT:
    case WG_JREAL:
        c = value(r, CQL_NUM);
        return !c || number_of(j, &c->num) ? c : wrong(r, "a number is too long");
    case WG_JSTR:
        if ((c = value(r, CQL_TEXT)))
            c->text = j->str;
        return c;
    case WG_JOBJ:
        break;
    default:
        return wrong(r, "a value, a property or an op is missing");
    }
    if (wg_json_get(j, "op"))
        return read_call(r, j);
    if (wg_json_get(j, "property")) {
        if ((c = value(r, CQL_ANY))) {
            c->op = CQL_FIELD;
            c->text = wg_json_str(j, "property");
        }
        return c;
    }
    if (wg_json_get(j, "date") || wg_json_get(j, "timestamp") || wg_json_get(j, "interval"))
        return read_when(r, j);
    if (wg_json_get(j, "bbox") || wg_json_get(j, "coordinates") || wg_json_get(j, "geometries"))
        return read_shape(r, j);
    return wrong(r, "an object is an op, a property, a date, a timestamp, an interval or a shape");
}

int cql_parse_json(struct wg_arena *a, struct wg_str text, struct cql **out, struct wg_err *err)
{
    struct reader r = {.a = a, .err = err};
    struct wg_json *j;
    *out = NULL;
    err->code = 0;
    if (text.n > 8 * CQL_TEXT_MAX)
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter has %zu bytes; at most %d", text.n,
                          8 * CQL_TEXT_MAX);
    if (wg_json_parse(a, text, &j, err) < 0)
        return err->code;
    struct cql *c = read_any(&r, j);
    *out = err->code ? NULL : c;
    return err->code;
}
