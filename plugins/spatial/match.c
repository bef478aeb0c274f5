/* Does a feature belong to what is asked? */
#include "cql.h"

#include <math.h>
#include <stdlib.h>

struct place {
    double x, y;
};

struct rect {
    double x0, y0, x1, y1;
};

/* In the box's own system; false: it can't be said there. */
static bool place_of(struct wg_point p, struct wg_crs *crs, struct place *out)
{
    out->x = p.lon_e7 / 1e7;
    out->y = p.lat_e7 / 1e7;
    return !crs || wg_crs_from_4490(crs, p, &out->x, &out->y) == WG_OK;
}

static bool in_rect(struct place p, const struct rect *r)
{
    return p.x >= r->x0 && p.x <= r->x1 && p.y >= r->y0 && p.y <= r->y1;
}

static double side(struct place a, struct place b, double x, double y)
{
    return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
}

/* Touching counts. */
static bool edge_meets(struct place a, struct place b, const struct rect *r)
{
    if (fmax(a.x, b.x) < r->x0 || fmin(a.x, b.x) > r->x1 || fmax(a.y, b.y) < r->y0 ||
        fmin(a.y, b.y) > r->y1)
        return false;
    if (in_rect(a, r) || in_rect(b, r))
        return true;
    double s[4] = {side(a, b, r->x0, r->y0), side(a, b, r->x1, r->y0), side(a, b, r->x1, r->y1),
                   side(a, b, r->x0, r->y1)};
    bool left = false, right = false;
    for (int k = 0; k < 4; k++) {
        left |= s[k] >= 0;
        right |= s[k] <= 0;
    }
    return left && right;
}

static bool edge_crosses(struct place a, struct place b, double x, double y)
{
    return (a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x;
}

static bool shape_meets(const struct wg_layer *layer, size_t i, struct wg_crs *crs,
                        const struct rect *r)
{
    struct wg_chain c;
    bool holds = false;
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++) {
        struct place a, b;
        if (!place_of(c.vert[0], crs, &a))
            continue;
        if (in_rect(a, r))
            return true;
        for (size_t v = 1; v < c.count; v++, a = b) {
            if (!place_of(c.vert[v], crs, &b))
                continue;
            if (edge_meets(a, b, r))
                return true;
            holds ^= edge_crosses(a, b, r->x0, r->y0);
        }
    }
    return holds && wg_layer_shape(layer) == WG_AREAS;
}

static bool in_box(const struct select *q, const struct member *m, size_t i, struct wg_crs *crs)
{
    struct rect r = {q->box[0], q->box[1], q->box[2], q->box[3]};
    if (!q->round)
        return shape_meets(m->layer, i, crs, &r);
    struct rect east = {r.x0, r.y0, 180, r.y1}, west = {-180, r.y0, r.x1, r.y1};
    return shape_meets(m->layer, i, crs, &east) || shape_meets(m->layer, i, crs, &west);
}

bool select_simple(const struct select *q)
{
    return !q->loose && !q->filter;
}

bool select_matches(const struct ask *ask, size_t member, size_t i, bool inside, struct wg_crs *crs)
{
    const struct select *q = &ask->select;
    if (q->boxed && !(inside && !q->loose) && !in_box(q, &ask->source.member[member], i, crs))
        return false;
    return !q->filter || cql_says(q->run, member, i) == 1;
}
