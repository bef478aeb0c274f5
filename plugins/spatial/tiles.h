/** Tiles: OGC API – Tiles 1 (20-057), Tile Matrix Set 2 (17-083r4), MVT 2.1, TileJSON 3. */
#ifndef WG_SPATIAL_TILES_H
#define WG_SPATIAL_TILES_H

#include "spatial.h"

#define TILE_EXTENT 4096
#define TILE_BUFFER 64
#define TILE_ZOOM_MAX 22   /* what is answered */
#define TILE_ZOOM_MADE 16  /* what is offered: clients draw deeper from these */
#define TILE_ZOOM_WHOLE 14 /* from here on every point is shown by itself */
#define TILE_BYTES 500000  /* points beyond that are counted instead of shown */

/** A quad tree of tiles. */
struct matrix_set {
    const char *id, *title, *uri, *crs;
    bool mercator;
    int wide;                      /**< columns of zoom 0; it has one row */
    double origin[2], cell, scale; /**< as published: the corner in the order of the axes */
};
/** From which zoom a collection is drawn: earlier it would be a blot. */
int tile_first_zoom(const struct collection *c);
/** Each collection that the ask is about, its own or all but those left out: `write` is called with
 * the source open. The box of them all. Thread: pool. */
struct wg_box tile_sources(struct ask *ask, void (*write)(struct ask *ask));
const struct matrix_set *matrix_find(struct wg_str id);
const struct matrix_set *matrix_at(size_t i); /**< NULL past the last */

struct tile {
    const struct matrix_set *set;
    int z;
    uint32_t x, y;
};
/** What a tile covers, with its buffer. */
struct wg_box tile_box(const struct tile *t);
/** Where a place lies in a tile, in its units. */
void tile_place(const struct tile *t, struct wg_point p, double *x, double *y);

/** A source as one layer of a tile, added to out; nothing where nothing lies in it. Thread: pool.
 */
void mvt_layer(const struct source *s, const struct tile *t, struct wg_buf *out);

#endif
