/* Shapes on a tile's lattice: projected, cut to the tile, rounded, wound. */
#include "mvt.h"

#include <math.h>
#include <stdlib.h>

static uint32_t zigzag(int32_t v)
{
    return (uint32_t)v << 1 ^ (uint32_t)(v >> 31);
}

static int32_t on_lattice(const struct layer *l, double v)
{
    int step = l->tile->z < 10 ? 8 : l->tile->z < TILE_ZOOM_WHOLE ? 4 : 1;
    return mvt_round(v / step) * step;
}

static bool make_room(struct layer *l, size_t vertices)
{
    size_t need = 2 * (2 * vertices + 16); /* a cut adds two at most, for each side */
    if (need <= l->room)
        return true;
    double *xy = realloc(l->xy, need * sizeof(double)),
           *cut = realloc(l->cut, need * sizeof(double));
    l->xy = xy ? xy : l->xy;
    l->cut = cut ? cut : l->cut;
    if (!xy || !cut) {
        l->failed = true;
        return false;
    }
    l->room = need;
    return true;
}

/* Sutherland and Hodgman, one side: axis 0 or 1, and which of its ends. The ring is not closed. */
static size_t cut_side(const double *in, size_t n, double *out, int axis, double limit, bool low)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        const double *a = &in[2 * k], *b = &in[2 * ((k + 1) % n)];
        bool a_in = low ? a[axis] >= limit : a[axis] <= limit,
             b_in = low ? b[axis] >= limit : b[axis] <= limit;
        if (a_in) {
            out[2 * m] = a[0];
            out[2 * m++ + 1] = a[1];
        }
        if (a_in != b_in) {
            double t = (limit - a[axis]) / (b[axis] - a[axis]);
            out[2 * m + axis] = limit;
            out[2 * m++ + !axis] = a[!axis] + t * (b[!axis] - a[!axis]);
        }
    }
    return m;
}

/* The ring in l->xy, n vertices, cut to the tile; grown by what make_room foresees. */
static size_t cut_ring(struct layer *l, size_t n)
{
    for (int side = 0; side < 4 && n; side++) {
        if (!make_room(l, n))
            return 0;
        n = cut_side(l->xy, n, l->cut, side & 1, side < 2 ? TILE_LOW : TILE_HIGH, side < 2);
        double *t = l->xy;
        l->xy = l->cut;
        l->cut = t;
    }
    return n;
}

void mvt_move(struct layer *l, unsigned command, int32_t x, int32_t y)
{
    if (command)
        mvt_varint(&l->geometry, command);
    mvt_varint(&l->geometry, zigzag(x - l->at_x));
    mvt_varint(&l->geometry, zigzag(y - l->at_y));
    l->at_x = x;
    l->at_y = y;
}

/* Round, drop what repeats; how many are left, as pairs at the front of cut. */
static size_t to_lattice(struct layer *l, size_t n, bool ring)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        double x = on_lattice(l, l->xy[2 * k]), y = on_lattice(l, l->xy[2 * k + 1]);
        if (m && l->cut[2 * m - 2] == x && l->cut[2 * m - 1] == y)
            continue;
        l->cut[2 * m] = x;
        l->cut[2 * m++ + 1] = y;
    }
    while (ring && m > 1 && l->cut[0] == l->cut[2 * m - 2] && l->cut[1] == l->cut[2 * m - 1])
        m--;
    return m;
}

static double area_of(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        size_t next = (k + 1) % n;
        sum += xy[2 * k] * xy[2 * next + 1] - xy[2 * next] * xy[2 * k + 1];
    }
    return sum / 2;
}

/* An outer ring has a positive area, y pointing down; a hole a negative one. */
static bool put_ring(struct layer *l, size_t n, bool outer)
{
    size_t m = to_lattice(l, n, true);
    double area = m >= 3 ? area_of(l->cut, m) : 0;
    bool turn = outer ? area < 0 : area > 0;
    if (m < 3 || fabs(area) < 1)
        return false;
    for (size_t k = 0; k < m; k++) {
        size_t v = turn ? m - 1 - k : k;
        mvt_move(l,
                 k == 0   ? 9
                 : k == 1 ? (unsigned)(m - 1) << 3 | 2
                          : 0,
                 (int32_t)l->cut[2 * v], (int32_t)l->cut[2 * v + 1]);
    }
    mvt_varint(&l->geometry, 15);
    return true;
}

static void put_part(struct layer *l, const double *xy, size_t n)
{
    memmove(l->xy, xy, n * 2 * sizeof(double));
    size_t m = to_lattice(l, n, false);
    for (size_t k = 0; m > 1 && k < m; k++)
        mvt_move(l,
                 k == 0   ? 9
                 : k == 1 ? (unsigned)(m - 1) << 3 | 2
                          : 0,
                 (int32_t)l->cut[2 * k], (int32_t)l->cut[2 * k + 1]);
}

/* Liang and Barsky: the part of a to b that lies in the tile. */
static bool cut_segment(const double *a, const double *b, double *t0, double *t1)
{
    *t0 = 0;
    *t1 = 1;
    for (int side = 0; side < 4; side++) {
        int axis = side & 1;
        double p = (b[axis] - a[axis]) * (side < 2 ? -1 : 1),
               q = side < 2 ? a[axis] - TILE_LOW : TILE_HIGH - a[axis];
        if (p < 0)
            *t0 = fmax(*t0, q / p);
        else if (p > 0)
            *t1 = fmin(*t1, q / p);
        else if (q < 0)
            return false;
    }
    return *t0 < *t1;
}

/* A line leaves the tile and comes back: each stay is a part. */
static void cut_line(struct layer *l, size_t n)
{
    double *whole = malloc((n + 1) * 2 * sizeof(double)),
           *part = malloc((2 * n + 2) * 2 * sizeof(double));
    size_t m = 0;
    l->failed |= !whole || !part;
    if (whole)
        memcpy(whole, l->xy, n * 2 * sizeof(double));
    for (size_t k = 0; !l->failed && k + 1 < n; k++) {
        const double *a = &whole[2 * k], *b = a + 2;
        double t0, t1;
        if (!cut_segment(a, b, &t0, &t1))
            continue;
        if (t0 > 0 && m) {
            put_part(l, part, m);
            m = 0;
        }
        if (m == 0) {
            part[0] = a[0] + t0 * (b[0] - a[0]);
            part[1] = a[1] + t0 * (b[1] - a[1]);
            m = 1;
        }
        part[2 * m] = a[0] + t1 * (b[0] - a[0]);
        part[2 * m++ + 1] = a[1] + t1 * (b[1] - a[1]);
        if (t1 < 1) {
            put_part(l, part, m);
            m = 0;
        }
    }
    if (m && !l->failed)
        put_part(l, part, m);
    free(whole);
    free(part);
}

void mvt_shape(struct layer *l, const struct wg_layer *layer, size_t i)
{
    bool lines = wg_layer_shape(layer) == WG_LINES, shown = true;
    struct wg_chain c;
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++) {
        size_t n = lines ? c.count : c.count - 1;
        if (!make_room(l, n) || (!c.begins && !shown))
            continue; /* a hole of what is not shown */
        for (size_t v = 0; v < n; v++)
            mvt_place(&l->lens, c.vert[v], &l->xy[2 * v], &l->xy[2 * v + 1]);
        if (lines) {
            cut_line(l, n);
            continue;
        }
        bool ring = put_ring(l, cut_ring(l, n), c.begins);
        shown = c.begins ? ring : shown;
    }
}
