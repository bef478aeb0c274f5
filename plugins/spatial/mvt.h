/** Behind tiles.h: a layer of a tile being made. */
#ifndef WG_SPATIAL_MVT_H
#define WG_SPATIAL_MVT_H

#include "tiles.h"

/* A tile reaches a little beyond its border, so that what lies on it is whole in both. */
#define TILE_LOW (-(double)TILE_BUFFER)
#define TILE_HIGH ((double)TILE_EXTENT + TILE_BUFFER)

struct item {
    struct wg_str text;
    uint32_t hash;
    bool plain; /* a text as it stands; else JSON */
};

#define VALUE_UNKNOWN UINT32_MAX
#define VALUE_NONE (UINT32_MAX - 1) /* null is left out */

/* From e7 to a tile's units. Near the tile's middle Mercator is its Taylor series, four terms: to
 * a thousandth of a unit, and without a function of libm. */
struct lens {
    const struct tile *tile;
    double west, east;   /* x at 0 degrees, and of a step */
    double lat, term[4]; /* around this latitude, e7: y, and by how much a step moves it */
    double reach;        /* so far from it, e7; beyond: tile_place */
};

struct layer {
    const struct tile *tile;
    struct lens lens;
    struct wg_buf features, tags, geometry;
    struct item *item;
    uint32_t *slot; /* of items, by hash; a power of two */
    size_t items, cap;
    uint32_t *known;    /* of the member's codes: the value's index, or: */
    int32_t at_x, at_y; /* the cursor */
    size_t count;
    double *xy, *cut; /* a chain's vertices, and what is left of them */
    size_t room;
    struct wg_arena *texts; /* values of our own */
    bool counted, failed;
};

/** As wg_buf_room, mostly without a call: a tile is made of pieces of a few bytes. */
static inline char *mvt_room(struct wg_buf *b, size_t n)
{
    return b->cap - b->n >= n && !b->failed ? b->p + b->n : wg_buf_room(b, n);
}
static inline void mvt_varint(struct wg_buf *b, uint64_t v)
{
    char *at = mvt_room(b, 10);
    if (!at)
        return;
    for (; v >= 0x80; v >>= 7)
        *at++ = (char)(v | 0x80);
    *at++ = (char)v;
    b->n = (size_t)(at - b->p);
}
/** tile_place through a lens. */
static inline void mvt_place(const struct lens *l, struct wg_point p, double *x, double *y)
{
    double d = p.lat_e7 - l->lat;
    if (d > l->reach || d < -l->reach) {
        tile_place(l->tile, p, x, y);
        return;
    }
    *x = l->west + l->east * p.lon_e7;
    *y = l->term[0] + d * (l->term[1] + d * (l->term[2] + d * l->term[3]));
}
/** To the nearest; halves away from 0, as lround, which is a call. */
static inline int32_t mvt_round(double v)
{
    return (int32_t)(v < 0 ? v - 0.5 : v + 0.5);
}
/** The cursor goes there; command 0: none of its own. */
void mvt_move(struct layer *l, unsigned command, int32_t x, int32_t y);
/** An area or line, cut to the tile, on its lattice; nothing where nothing of it is left. */
void mvt_shape(struct layer *l, const struct wg_layer *layer, size_t i);

#endif
