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

struct layer {
    const struct tile *tile;
    struct wg_buf features, tags, geometry;
    struct item *item;
    uint32_t *slot; /* of items, by hash; a power of two */
    size_t items, cap;
    int32_t at_x, at_y; /* the cursor */
    size_t count;
    double *xy, *cut; /* a chain's vertices, and what is left of them */
    size_t room;
    struct wg_arena *texts; /* values of our own */
    bool counted, failed;
};

void mvt_varint(struct wg_buf *b, uint64_t v);
/** The cursor goes there; command 0: none of its own. */
void mvt_move(struct layer *l, unsigned command, int32_t x, int32_t y);
/** An area or line, cut to the tile, on its lattice; nothing where nothing of it is left. */
void mvt_shape(struct layer *l, const struct wg_layer *layer, size_t i);

#endif
