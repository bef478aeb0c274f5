/** How areas of one layer lie over those of another: bare places, doubled places. For reports. */
#ifndef WG_GEO_OVERLAY_H
#define WG_GEO_OVERLAY_H

#include "base/base.h"

struct wg_layer;

enum wg_piece_kind {
    WG_BARE,  /**< of the cell, where nothing lies over it */
    WG_FIRST, /**< where `over` is the first in its file that lies there: what a lookup finds */
    WG_TWICE, /**< where `over` and `other` both lie */
};
/** Of one cell. Pieces under a square metre, or thinner than two steps of a coordinate (2 cm: what
 * rounding makes of borders that do not share their vertices), are not told. */
struct wg_piece {
    enum wg_piece_kind kind;
    size_t cell, over, other;
    double m2;
    int32_t lon_e7, lat_e7; /**< a point in it */
    struct wg_str geometry; /**< GeoJSON; gone after the call */
};
struct wg_overlay {
    const struct wg_layer *cells, *over; /**< areas; over may be NULL: all is bare */
    const bool *first;                   /**< by area of over: its WG_FIRST pieces are wanted */
    const uint32_t *group; /**< by area of over: two of one group are never WG_TWICE */
    bool *touched;         /**< out, by area of over: it lies on some cell */
    void (*piece)(void *arg, const struct wg_piece *p);
    void (*progress)(void *arg, size_t cells); /**< after each cell; may be NULL */
    void *arg;
};
/** Takes its time: for a job. Errors: WG_ENOMEM, WG_EINVAL (shapes that can't be compared). */
int wg_layer_overlay(const struct wg_overlay *o, struct wg_err *err);

#endif
