/* A filter says of a feature: true, false, or null where a value is missing. */
#include "cql_run.h"

#include <math.h>
#include <stdlib.h>

enum { FALSE_, TRUE_, NULL_ = -1 };

struct value {
    enum cql_type type;
    bool none;
    bool yes;
    double num;
    struct wg_str text;
    int64_t from_ms, to_ms;
};

static const struct value nothing = {.none = true};

static int says(struct cql_run *r, const struct cql *c);

/* ---- values ---- */

static struct value text_value(struct wg_str s)
{
    return (struct value){.type = CQL_TEXT, .text = s};
}

static struct value json_value(struct cql_run *r, struct wg_str v)
{
    struct wg_json *j;
    char text[64];
    if (!v.n || v.p[0] == 'n')
        return nothing;
    if (v.p[0] == '"') {
        if (!memchr(v.p, '\\', v.n))
            return text_value((struct wg_str){v.p + 1, v.n - 2});
        return wg_json_parse(r->arena, v, &j, NULL) == WG_OK ? text_value(j->str) : nothing;
    }
    if (v.p[0] == 't' || v.p[0] == 'f')
        return (struct value){.type = CQL_BOOL, .yes = v.p[0] == 't'};
    if (v.p[0] == '{' || v.p[0] == '[' || wg_str_copy(text, sizeof(text), v) < 0)
        return text_value(v);
    return (struct value){.type = CQL_NUM, .num = strtod(text, NULL)};
}

static struct value field_value(struct cql_run *r, int field)
{
    const struct member *m = &r->source->member[r->member];
    int own = field >= 0 ? source_own(r->source, r->member, (size_t)field) : 0;
    struct wg_feature f;
    if (own > 0)
        return json_value(r, table_value(m->table, r->i, (size_t)own));
    if (own < 0)
        return nothing;
    wg_layer_at(m->layer, r->i, &f);
    struct wg_str s = field == FIELD_ID ? f.id : f.name;
    return s.n ? text_value(s) : nothing;
}

static struct value arithmetic(enum cql_op op, double x, double y)
{
    double v;
    switch (op) {
    case CQL_ADD:
        v = x + y;
        break;
    case CQL_SUB:
        v = x - y;
        break;
    case CQL_MUL:
        v = x * y;
        break;
    case CQL_DIV:
        v = x / y;
        break;
    case CQL_WHOLE:
        v = trunc(x / y);
        break;
    case CQL_MOD:
        v = fmod(x, y);
        break;
    default:
        v = pow(x, y);
    }
    return isfinite(v) ? (struct value){.type = CQL_NUM, .num = v} : nothing;
}

static struct value folded(struct cql_run *r, struct wg_str s)
{
    size_t cap = 3 * s.n + 8;
    char *to = wg_arena_alloc(r->arena, cap);
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = to ? ucasemap_utf8FoldCase(r->fold, to, (int32_t)cap, s.p, (int32_t)s.n, &e) : 0;
    return to && U_SUCCESS(e) ? text_value((struct wg_str){to, (size_t)n}) : nothing;
}

static struct value value_of(struct cql_run *r, const struct cql *c)
{
    struct value x, y;
    int said;
    switch (c->op) {
    case CQL_VALUE:
        return (struct value){c->type, false, c->yes, c->num, c->text, c->from_ms, c->to_ms};
    case CQL_FIELD:
        return field_value(r, c->field);
    case CQL_CASEI:
        x = value_of(r, c->arg);
        return x.none || x.type != CQL_TEXT ? nothing : folded(r, x.text);
    case CQL_ADD:
    case CQL_SUB:
    case CQL_MUL:
    case CQL_DIV:
    case CQL_WHOLE:
    case CQL_MOD:
    case CQL_POW:
        x = value_of(r, c->arg);
        y = value_of(r, c->arg->next);
        return x.none || y.none || x.type != CQL_NUM || y.type != CQL_NUM
                   ? nothing
                   : arithmetic(c->op, x.num, y.num);
    default:
        said = says(r, c);
        return said == NULL_ ? nothing : (struct value){.type = CQL_BOOL, .yes = said == TRUE_};
    }
}

/* ---- comparing ---- */

/* A text that meets a moment is read as one. */
static bool as_moment(struct value *v)
{
    struct cql c = {0};
    if (v->type == CQL_WHEN)
        return true;
    if (v->type != CQL_TEXT || cql_instant(&c, v->text, v->text.n == 10) < 0)
        return false;
    v->type = CQL_WHEN;
    v->from_ms = c.from_ms;
    v->to_ms = c.to_ms;
    return true;
}

/* -1, 0, 1; 2: can't be compared. */
static int order_of(struct value x, struct value y)
{
    if (x.none || y.none)
        return 2;
    if ((x.type == CQL_WHEN || y.type == CQL_WHEN) && (!as_moment(&x) || !as_moment(&y)))
        return 2;
    if (x.type != y.type)
        return 2;
    switch (x.type) {
    case CQL_NUM:
        return (x.num > y.num) - (x.num < y.num);
    case CQL_TEXT: {
        int order = wg_str_cmp(x.text, y.text);
        return (order > 0) - (order < 0);
    }
    case CQL_WHEN:
        return (x.from_ms > y.from_ms) - (x.from_ms < y.from_ms);
    case CQL_BOOL:
        return (int)x.yes - (int)y.yes;
    default:
        return 2;
    }
}

static int compares(struct cql_run *r, const struct cql *c)
{
    int order = order_of(value_of(r, c->arg), value_of(r, c->arg->next));
    if (order == 2)
        return NULL_;
    switch (c->op) {
    case CQL_EQ:
        return order == 0;
    case CQL_NE:
        return order != 0;
    case CQL_LT:
        return order < 0;
    case CQL_GT:
        return order > 0;
    case CQL_LE:
        return order <= 0;
    default:
        return order >= 0;
    }
}

static int is_between(struct cql_run *r, const struct cql *c)
{
    struct value x = value_of(r, c->arg);
    int low = order_of(x, value_of(r, c->arg->next)),
        high = order_of(x, value_of(r, c->arg->next->next));
    /* x >= low AND x <= high */
    if ((low != 2 && low < 0) || (high != 2 && high > 0))
        return FALSE_;
    return low == 2 || high == 2 ? NULL_ : TRUE_;
}

static int is_in(struct cql_run *r, const struct cql *c)
{
    struct value x = value_of(r, c->arg);
    int said = FALSE_;
    if (x.none)
        return NULL_;
    for (const struct cql *y = c->arg->next; y; y = y->next) {
        int order = order_of(x, value_of(r, y));
        if (order == 0)
            return TRUE_;
        said = order == 2 ? NULL_ : said;
    }
    return said;
}

static size_t char_bytes(unsigned char c)
{
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* % any run, _ one character, \ takes the next as it is. The last % is where to go back to, so that
 * it takes no more than length times length. */
bool cql_like(struct wg_str s, struct wg_str p)
{
    size_t i = 0, k = 0, back_i = 0, back_k = SIZE_MAX;
    while (i < s.n) {
        bool escaped = k + 1 < p.n && p.p[k] == '\\';
        size_t at = k + escaped;
        if (at < p.n && !escaped && p.p[at] == '%') {
            back_k = ++k;
            back_i = i;
        } else if (at < p.n && !escaped && p.p[at] == '_') {
            i += char_bytes((unsigned char)s.p[i]);
            k++;
        } else if (at < p.n && p.p[at] == s.p[i]) {
            i++;
            k = at + 1;
        } else if (back_k != SIZE_MAX) {
            back_i += char_bytes((unsigned char)s.p[back_i]);
            i = back_i;
            k = back_k;
        } else {
            return false;
        }
    }
    while (k < p.n && p.p[k] == '%')
        k++;
    return i == s.n && k == p.n;
}

static int is_like(struct cql_run *r, const struct cql *c)
{
    struct value x = value_of(r, c->arg), y = value_of(r, c->arg->next);
    return x.none || y.none || x.type != CQL_TEXT || y.type != CQL_TEXT ? NULL_
                                                                        : cql_like(x.text, y.text);
}

/* ---- time ---- */

static bool span_of(struct cql_run *r, const struct cql *c, int64_t *from, int64_t *to)
{
    struct value x = value_of(r, c->op == CQL_SPAN ? c->arg : c),
                 y = c->op == CQL_SPAN ? value_of(r, c->arg->next) : x;
    if (x.none || y.none || !as_moment(&x) || !as_moment(&y))
        return false;
    *from = x.from_ms;
    *to = y.to_ms;
    return true;
}

static int in_time(struct cql_run *r, const struct cql *c)
{
    int64_t a, b, x, y;
    if (!span_of(r, c->arg, &a, &b) || !span_of(r, c->arg->next, &x, &y))
        return NULL_;
    const bool answers[] = {
        a > y,         /* after */
        b<x,           /* before */
          a<x && b> y, /* contains */
          b<x || a> y, /* disjoint */
          a>
                x &&
            b < y,               /* during */
        a == x && b == y,        /* equals */
        a < x && b == y,         /* finishedby */
        a > x && b == y,         /* finishes */
        !(b < x || a > y),       /* intersects */
        b == x,                  /* meets */
        a == y,                  /* metby */
        a > x && a < y && b > y, /* overlappedby */
        a < x && b > x && b < y, /* overlaps */
        a == x && b > y,         /* startedby */
        a == x && b < y,         /* starts */
    };
    return answers[c->which];
}

/* ---- space ---- */

static GEOSCoordSequence *coordinates(struct cql_run *r, const struct wg_chain *c)
{
    GEOSCoordSequence *seq = GEOSCoordSeq_create_r(r->geos, (unsigned)c->count, 2);
    for (size_t v = 0; seq && v < c->count; v++)
        GEOSCoordSeq_setXY_r(r->geos, seq, (unsigned)v, c->vert[v].lon_e7 / 1e7,
                             c->vert[v].lat_e7 / 1e7);
    return seq;
}

/* The chains from *k on that make one part, and past them. */
static GEOSGeometry *part_of(struct cql_run *r, const struct wg_layer *layer, size_t i, size_t *k)
{
    struct wg_chain c;
    GEOSGeometry *outer, *hole[256];
    unsigned holes = 0;
    wg_layer_chain(layer, i, (*k)++, &c);
    if (wg_layer_shape(layer) == WG_LINES)
        return GEOSGeom_createLineString_r(r->geos, coordinates(r, &c));
    outer = GEOSGeom_createLinearRing_r(r->geos, coordinates(r, &c));
    for (; wg_layer_chain(layer, i, *k, &c) && !c.begins; ++*k)
        if (holes < 256)
            hole[holes++] = GEOSGeom_createLinearRing_r(r->geos, coordinates(r, &c));
    return GEOSGeom_createPolygon_r(r->geos, outer, hole, holes);
}

static GEOSGeometry *own_shape(struct cql_run *r)
{
    const struct wg_layer *layer = r->source->member[r->member].layer;
    int shape = wg_layer_shape(layer);
    GEOSGeometry *part[256];
    struct wg_chain c;
    unsigned n = 0;
    if (r->own)
        return r->own;
    wg_layer_chain(layer, r->i, 0, &c);
    if (shape == WG_POINTS)
        return r->own = GEOSGeom_createPointFromXY_r(r->geos, c.vert[0].lon_e7 / 1e7,
                                                     c.vert[0].lat_e7 / 1e7);
    for (size_t k = 0; n < 256 && wg_layer_chain(layer, r->i, k, &c);)
        part[n++] = part_of(r, layer, r->i, &k);
    return r->own = n == 1
                        ? part[0]
                        : GEOSGeom_createCollection_r(
                              r->geos, shape == WG_LINES ? GEOS_MULTILINESTRING : GEOS_MULTIPOLYGON,
                              part, n);
}

static char prepared(struct cql_run *r, int which, const GEOSPreparedGeometry *p,
                     const GEOSGeometry *shape, const GEOSGeometry *own, bool own_first)
{
    GEOSContextHandle_t g = r->geos;
    switch (which) {
    case 0:
        return GEOSPreparedIntersects_r(g, p, own);
    case 1:
        return GEOSPreparedDisjoint_r(g, p, own);
    case 2: /* contains */
        return own_first ? GEOSPreparedWithin_r(g, p, own) : GEOSPreparedContains_r(g, p, own);
    case 3: /* within */
        return own_first ? GEOSPreparedContains_r(g, p, own) : GEOSPreparedWithin_r(g, p, own);
    case 4:
        return GEOSEquals_r(g, shape, own);
    case 5:
        return GEOSPreparedTouches_r(g, p, own);
    case 6: /* of a line and an area the order matters to GEOS, but not to what is meant */
        return own_first ? GEOSCrosses_r(g, own, shape) : GEOSCrosses_r(g, shape, own);
    default:
        return GEOSPreparedOverlaps_r(g, p, own);
    }
}

static char plain(struct cql_run *r, int which, const GEOSGeometry *x, const GEOSGeometry *y)
{
    char (*const ask[])(GEOSContextHandle_t, const GEOSGeometry *, const GEOSGeometry *) = {
        GEOSIntersects_r, GEOSDisjoint_r, GEOSContains_r, GEOSWithin_r,
        GEOSEquals_r,     GEOSTouches_r,  GEOSCrosses_r,  GEOSOverlaps_r};
    return ask[which](r->geos, x, y);
}

static int in_space(struct cql_run *r, const struct cql *c)
{
    const struct cql *x = c->arg, *y = x->next;
    bool own_x = x->op == CQL_FIELD, own_y = y->op == CQL_FIELD;
    GEOSGeometry *own = own_x || own_y ? own_shape(r) : NULL;
    char said = 2;
    if ((own_x || own_y) && !own)
        return NULL_;
    if (own_x != own_y)
        said = prepared(r, c->which, own_x ? y->prepared : x->prepared, own_x ? y->shape : x->shape,
                        own, own_x);
    else
        said = plain(r, c->which, own_x ? own : x->shape, own_y ? own : y->shape);
    return said == 2 ? NULL_ : said;
}

/* ---- what is true ---- */

static int chain(struct cql_run *r, const struct cql *c, int decides)
{
    int said = !decides;
    for (const struct cql *x = c->arg; x; x = x->next) {
        int one = says(r, x);
        if (one == decides)
            return decides;
        said = one == NULL_ ? NULL_ : said;
    }
    return said;
}

static int says(struct cql_run *r, const struct cql *c)
{
    struct value x;
    int said;
    switch (c->op) {
    case CQL_OR:
        return chain(r, c, TRUE_);
    case CQL_AND:
        return chain(r, c, FALSE_);
    case CQL_NOT:
        said = says(r, c->arg);
        return said == NULL_ ? NULL_ : !said;
    case CQL_NULL:
        return c->arg->type == CQL_SHAPE ? FALSE_ : value_of(r, c->arg).none;
    case CQL_LIKE:
        return is_like(r, c);
    case CQL_BETWEEN:
        return is_between(r, c);
    case CQL_IN:
        return is_in(r, c);
    case CQL_SPACE:
        return in_space(r, c);
    case CQL_TIME:
        return in_time(r, c);
    case CQL_VALUE:
    case CQL_FIELD:
        x = value_of(r, c);
        return x.none || x.type != CQL_BOOL ? NULL_ : x.yes;
    default:
        return compares(r, c);
    }
}

int cql_says(struct cql_run *r, size_t member, size_t i)
{
    r->member = member;
    r->i = i;
    int said = says(r, r->root);
    if (r->own)
        GEOSGeom_destroy_r(r->geos, r->own);
    r->own = NULL;
    wg_arena_reset(r->arena);
    return said;
}
