/** The front door of geo: coordinate systems at the edges, named layers inside.
 *  Inside all is geographic CGCS2000 (EPSG:4490; WGS 84 is taken as equal), degrees x 10^7 in
 * int32, lon before lat. Sources: GB/T 30428.1 (unit grids), EPSG registry by PROJ. Thread: any; a
 * layer never changes once made. */
#ifndef WG_GEO_H
#define WG_GEO_H

#include "base/base.h"
#include "geo/overlay.h"

/* ---- what other programs say of a system ---- */

/** Does it stand on CGCS2000 or WGS 84, so that it becomes ours by a projection alone? wkt: as GDAL
 * prints it; name: of the degrees that it stands on. */
bool wg_crs_ours(const char *wkt, char name[80]);

/* ---- CSV ---- */

/** Rows of RFC 4180 text: quotes, LF or CRLF, a byte order mark at the start; lines without a
 * character are skipped. text is borrowed until the close. What begins with _ is the reader's own.
 */
struct wg_csv {
    size_t line;                /**< of the last row's first byte, from 1 */
    const struct wg_str *field; /**< of the last row; gone at the next call */
    size_t count;
    struct wg_str _text;
    size_t _at, _line, _line_at, _cap;
    struct wg_str *_fields;
    struct wg_arena *_arena;
};
/** Errors: WG_ENOMEM. */
int wg_csv_open(struct wg_str text, struct wg_csv *csv);
/** 1: a row is in field and count. 0: the end. Errors: WG_EINVAL ("line 7, column 12: …" in err;
 * the rest can't be read), WG_ENOMEM. */
int wg_csv_next(struct wg_csv *csv, struct wg_err *err);
void wg_csv_close(struct wg_csv *csv); /**< after a failed open, and twice, is fine */

/* ---- layers ---- */

#define WG_LAYER_NAME 31 /**< bytes of a collection's name at most */
/** Is it one: a small letter, then such letters, digits, _? */
bool wg_layer_name_ok(struct wg_str s);

/** How far a long reading is: stored atomically, for whoever watches from elsewhere. */
struct wg_reading {
    size_t rows, bytes;
};

/** crs: what the places are in, x (east, lon) before y; NULL: 4490. They are turned as they are
 * read; one that lies far from where its system is used is a fault. A "crs" that the file itself
 * names (GeoJSON of 2008) must be the same. Build from a GeoJSON FeatureCollection (RFC 7946):
 * Polygon and MultiPolygon, or Point, or LineString and MultiLineString; not mixed. Each feature
 * needs an id (or properties.id or properties.code), unique. Checks rings: closed, 4 points and
 * more, inside
 *  [-180,180]x[-90,90], neither crossing nor touching themselves, holes inside, parts apart (by
 * GEOS, on the rounded vertices). All faults are collected; features, rings and lines count from 1.
 *  Errors: WG_EINVAL, with the first faults, one a line ("feature 17 (341824…): ring 1 crosses
 * itself at …"); WG_ENOMEM; *out is then NULL. */
struct wg_layer_faults {
    size_t count;
    struct wg_buf text; /**< one a line, at most 1,000 of them; owner: caller, wg_buf_free */
    struct wg_reading read;
}; /**< an out-parameter: what was in it is forgotten; NULL is fine */
int wg_layer_from_geojson(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                          struct wg_layer_faults *faults, struct wg_err *err);
/** The same from GeoJSON Text Sequences (RFC 8142) or newline-delimited GeoJSON: a Feature a
 * record. Records begin with RS, or, where the text does not begin with one, end with their line.
 * Faults name the line on which the record begins. */
int wg_layer_from_geojsons(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                           struct wg_layer_faults *faults, struct wg_err *err);
/** Build a point layer from CSV with a header line; needs columns id, lon, lat (of a crs in metres:
 * east, north); name where there is one; all other columns become props, all as text. Faults name
 * line and column. Errors: as above.
 */
int wg_layer_from_csv(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                      struct wg_layer_faults *faults, struct wg_err *err);

/** The layer's file: one flat image with a checksum. Whole and synced, or not there.
 *  Errors: WG_EIO, WG_ENOSPC; at load WG_ENOENT, WG_ECORRUPT, WG_ENOMEM. */
int wg_layer_save(const struct wg_layer *layer, const char *path, struct wg_err *err);
int wg_layer_load(const char *path, struct wg_layer **out, struct wg_err *err);

/** A point layer of what is at hand already: nothing is parsed, nothing but ids is checked. */
struct wg_layer_points;
struct wg_layer_points *wg_layer_points_new(void); /**< NULL: no memory */
/** props: a JSON object's text without a space. */
void wg_layer_points_add(struct wg_layer_points *p, struct wg_str id, struct wg_str name,
                         struct wg_str props, struct wg_point at);
/** The layer, also one of no points; p is freed, NULL is fine. Errors: WG_ENOMEM, WG_EINVAL (an id
 * twice); *out is then NULL. */
int wg_layer_points_finish(struct wg_layer_points *p, struct wg_layer **out, struct wg_err *err);

/** A layer like this one, but with the features of `put` in place of those of the same id, or
 * beside them, and without those of the ids in `drop` (unknown ones are fine). It shares this one
 * and costs what it differs from the layer that was last made whole; of areas that overlap those
 * that were put come after the others. put: plain, of the same kind of shape; NULL: none. Errors:
 * WG_EINVAL, WG_ENOMEM. */
int wg_layer_edit(const struct wg_layer *layer, const struct wg_layer *put,
                  const struct wg_str *drop, size_t drops, struct wg_layer **out,
                  struct wg_err *err);
/** The one feature of a plain layer under another id. Errors: WG_ENOMEM, WG_EINVAL. */
int wg_layer_renamed(const struct wg_layer *one, struct wg_str id, struct wg_layer **out,
                     struct wg_err *err);
/** The last of all ids that begin so, in byte order, also of features that an edit has taken out.
 * False: none does. */
bool wg_layer_last_id(const struct wg_layer *layer, struct wg_str prefix, struct wg_str *id);
/** By how many features it differs from what was last made whole: 0 for one that is. */
size_t wg_layer_edits(const struct wg_layer *layer);
/** The same features in one plain layer, kept. Errors: WG_ENOMEM. */
int wg_layer_whole(const struct wg_layer *layer, struct wg_layer **out, struct wg_err *err);

/** What a new layer changes: fn for each id of either, in the order of ids. before NULL: all are
 * added. A feature is the same when name, properties and shape are, to the byte. Errors: WG_ENOMEM.
 */
enum wg_change { WG_ADDED, WG_CHANGED, WG_REMOVED, WG_UNCHANGED, WG_CHANGES };
typedef void (*wg_change_fn)(void *arg, enum wg_change change, struct wg_str id);
int wg_layer_compare(const struct wg_layer *before, const struct wg_layer *now, wg_change_fn fn,
                     void *arg, struct wg_err *err);

/** Where pieces leave their area uncovered, reach out of it or lie on each other. The areas are
 * those whose id begins with `only`; coded: an area holds the pieces whose id begins with its own,
 * else all. Where there is no area, gaps are the holes in all pieces together. Faults under a
 * square metre are not told; one that falls into several spots is told for each. Takes its time:
 * for a job. Errors: WG_ENOMEM, WG_EINVAL (GEOS could not: err says what). */
enum wg_cover { WG_GAP, WG_OUTSIDE, WG_OVERLAP, WG_COVERS };
struct wg_cover_fault {
    enum wg_cover kind;
    struct wg_str id,
        other; /**< gap: the area, if there is one; outside: piece, area; overlap: two */
    bool rim;  /**< a gap that reaches the area's own outline */
    double m2;
    struct wg_point at;  /**< in it */
    struct wg_str shape; /**< as GeoJSON; of one that is too winding, at. Gone when fn returns */
};
struct wg_cover_ask {
    const struct wg_layer *areas; /**< NULL: none */
    struct wg_str only;
    bool coded;
    const struct wg_layer *pieces;
    struct wg_reading *read; /**< pieces compared, as rows and bytes; NULL is fine */
    void (*fn)(void *arg, const struct wg_cover_fault *f);
    void *arg;
};
int wg_layer_cover(const struct wg_cover_ask *ask, struct wg_err *err);

#endif
