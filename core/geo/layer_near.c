#include "geo/layer.h"

#include <math.h>
#include <stdlib.h>

/* CGCS2000: the semi-major axis and the square of the eccentricity (GB 22021-2008). */
#define AXIS_M 6378137.0
#define E2 0.00669438002290
#define NEAR_FROM_M 8.0 /* the first look round */
#define ROUND_M 2.1e7   /* to the other side */
#define RAD_PER_E7 (3.14159265358979323846 / 180 / 1e7)

/* Metres per e7 at a latitude: north by the meridian's radius, east by the parallel's. */
struct scale {
    double north, east;
};

static struct scale scale_at(double lat_e7)
{
    double s = sin(lat_e7 * RAD_PER_E7), w = 1 - E2 * s * s;
    return (struct scale){AXIS_M * (1 - E2) / (w * sqrt(w)) * RAD_PER_E7,
                          AXIS_M / sqrt(w) * cos(lat_e7 * RAD_PER_E7) * RAD_PER_E7};
}

double wg_distance_m(struct wg_point a, struct wg_point b)
{
    struct scale k = scale_at(((double)a.lat_e7 + b.lat_e7) / 2);
    double east = fabs((double)b.lon_e7 - a.lon_e7);
    if (east > 1.8e9)
        east = 3.6e9 - east; /* the shorter way round */
    return hypot(east * k.east, ((double)b.lat_e7 - a.lat_e7) * k.north);
}

/* A plane around p. East shrinks to the north: `lean` is by how much per e7, so that edges tens of
 * kilometres away are still good to 0.3 %. */
struct plane {
    struct wg_point p;
    struct scale k;
    double lean;
};

static struct plane plane_at(struct wg_point p)
{
    struct plane f = {p, scale_at(p.lat_e7), 0};
    f.lean = (scale_at(p.lat_e7 + 1e5).east - f.k.east) / 1e5;
    return f;
}

/* libm's fmin and fmax are calls, for NaN's sake; there is none here, and this is the hot path of
 * every locate. */
static inline double lesser(double a, double b)
{
    return a < b ? a : b;
}

static inline double greater(double a, double b)
{
    return a > b ? a : b;
}

/* The square of the distance from p to the edge, or more than `least` where that is all we know. */
static inline double edge_m2(const struct plane *f, const struct wg_point v[2], double least)
{
    double ya = (double)v[0].lat_e7 - f->p.lat_e7, yb = (double)v[1].lat_e7 - f->p.lat_e7;
    /* Middle between p's latitude and the middle of the edge's. */
    double east = greater(f->k.east + f->lean * (ya + yb) / 4, 0);
    ya *= f->k.north;
    yb *= f->k.north;
    if (ya * yb > 0 && lesser(ya * ya, yb * yb) > least)
        return HUGE_VAL;
    double xa = ((double)v[0].lon_e7 - f->p.lon_e7) * east;
    double xb = ((double)v[1].lon_e7 - f->p.lon_e7) * east;
    if (xa * xb > 0 && lesser(xa * xa, xb * xb) > least)
        return HUGE_VAL;
    double dx = xb - xa, dy = yb - ya, length2 = dx * dx + dy * dy;
    double t = length2 > 0 ? -(xa * dx + ya * dy) / length2 : 0;
    t = lesser(greater(t, 0), 1);
    xa += t * dx;
    ya += t * dy;
    return xa * xa + ya * ya;
}

static double border_m(const struct wg_layer *layer, uint32_t i, const struct plane *f)
{
    const struct layer_area *area = &layer->area[i];
    double least = HUGE_VAL;
    for (uint32_t r = area->ring; r < area->ring + area->ring_count; r++) {
        const struct wg_point *v = &layer->vert[layer->ring[r].vert];
        for (uint32_t k = 0; k + 1 < layer->ring[r].count; k++)
            least = lesser(least, edge_m2(f, &v[k], least));
    }
    return sqrt(least);
}

/* As wg_distance_m, but a point near by needs no sine of its own. */
static double point_m(const struct plane *f, struct wg_point v)
{
    double y = (double)v.lat_e7 - f->p.lat_e7, x = (double)v.lon_e7 - f->p.lon_e7;
    if (fabs(x) > 1e5 || fabs(y) > 1e5)
        return wg_distance_m(f->p, v);
    x *= greater(f->k.east + f->lean * y / 2, 0);
    y *= f->k.north;
    return sqrt(x * x + y * y);
}

/* ---- the best `cap` so far: a heap with the worst on top ---- */

struct best {
    struct wg_near *out;
    size_t n, cap;
};

static int order(const void *x, const void *y)
{
    const struct wg_near *a = x, *b = y;
    if (a->inside != b->inside)
        return a->inside ? -1 : 1;
    if (a->distance_m < b->distance_m || a->distance_m > b->distance_m)
        return a->distance_m < b->distance_m ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static void swap(struct wg_near *a, struct wg_near *b)
{
    struct wg_near t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(struct best *b)
{
    for (size_t i = 0, worst = 0;; i = worst) {
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < b->n; child++)
            if (order(&b->out[child], &b->out[worst]) > 0)
                worst = child;
        if (worst == i)
            return;
        swap(&b->out[i], &b->out[worst]);
    }
}

static void offer(struct best *b, struct wg_near it)
{
    if (b->n == b->cap) {
        if (order(&it, &b->out[0]) < 0) {
            b->out[0] = it;
            sift_down(b);
        }
        return;
    }
    size_t i = b->n++;
    b->out[i] = it;
    for (; i > 0 && order(&b->out[i], &b->out[(i - 1) / 2]) > 0; i = (i - 1) / 2)
        swap(&b->out[i], &b->out[(i - 1) / 2]);
}

/* ---- the search ---- */

static int32_t to_e7(double v)
{
    return (int32_t)fmin(fmax(v, INT32_MIN), INT32_MAX);
}

/* A box that surely holds all within reach_m of p: a little too large. */
static struct wg_box reach_box(struct wg_point p, double reach_m)
{
    struct scale k = scale_at(p.lat_e7);
    double up = ceil(reach_m / k.north * 1.01) + 1;
    double pole = fmin(fabs((double)p.lat_e7) + up, 9e8); /* where east is shortest */
    double along = ceil(reach_m / fmax(scale_at(pole).east, 1e-9) * 1.01) + 1;
    return (struct wg_box){to_e7(p.lon_e7 - along), to_e7(p.lat_e7 - up), to_e7(p.lon_e7 + along),
                           to_e7(p.lat_e7 + up)};
}

static void consider(const struct layer_part *part, uint32_t i, const struct plane *f,
                     double reach_m, struct best *best)
{
    const struct wg_layer *layer = part->layer;
    struct wg_near it = {0};
    uint32_t number;
    if (layer->area) {
        it.inside = layer_holds(layer, i, f->p);
        it.distance_m = border_m(layer, i, f);
    } else {
        it.distance_m = point_m(f, layer->vert[i]);
    }
    if ((!it.inside && it.distance_m > reach_m) || !layer_part_has(part, i, &number))
        return;
    it.i = number;
    offer(best, it);
}

static size_t count_within(const struct wg_layer *layer, struct wg_box box, size_t enough)
{
    struct wg_scan scan = {layer, box, 0};
    struct wg_run run;
    size_t n = 0;
    while (n < enough && wg_scan_next(&scan, &run))
        n += run.to - run.from;
    return n;
}

static double wider(double reach, double most)
{
    return reach * 2 < most && reach < ROUND_M ? reach * 2 : most;
}

/* As far as needed: what is found within the reach is all there is within it, so the nearest are
 * known as soon as there are enough. */
size_t wg_layer_near(const struct wg_layer *layer, struct wg_point p, double reach_m,
                     struct wg_near *out, size_t cap)
{
    struct best best = {out, 0, cap};
    struct layer_part part[2];
    size_t parts = layer_parts(layer, part);
    if (cap == 0 || layer->head->records == 0)
        return 0;
    if (!(reach_m >= 0)) /* also NaN */
        reach_m = 0;
    struct plane f = plane_at(p);
    double reach = fmin(reach_m, NEAR_FROM_M);
    while (reach < reach_m && count_within(layer, reach_box(p, reach), cap) < cap)
        reach = wider(reach, reach_m);
    for (;; reach = wider(reach, reach_m)) {
        best.n = 0;
        for (size_t at = 0; at < parts; at++) {
            struct wg_scan scan = {part[at].layer, reach_box(p, reach), 0};
            struct wg_run run;
            while (wg_scan_next(&scan, &run))
                for (uint32_t k = run.from; k < run.to; k++)
                    consider(&part[at], scan.layer->order[k], &f, reach, &best);
        }
        if (best.n == cap || reach >= reach_m)
            break;
    }
    qsort(out, best.n, sizeof(*out), order);
    return best.n;
}
