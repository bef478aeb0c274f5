/** Behind geo.h: what a layer is made of. An image is what the file holds: little-endian arrays,
 * one after the other: head, records, rings, vertices, text. The index over it is made at each open
 * and never stored, so there is nothing in it to damage. */
#ifndef WG_GEO_LAYER_H
#define WG_GEO_LAYER_H

#include "geo/geo.h"

#include <stdatomic.h>

#define LAYER_MAGIC "WGLAYER"
#define LAYER_VERSION 1u
#define LAYER_CRC_AT 8          /* where the sum is */
#define LAYER_CRC_FROM 12       /* what it covers, to the end */
#define LAYER_VERTS (1u << 27)  /* at most, so that every count in the index fits 32 bits */
#define LAYER_ID 255            /* bytes of an id at most */
#define METRES_DEGREE 111319.49 /* of latitude, and of longitude at the equator */
#define TREE_BITS 4
#define TREE_NODE (1u << TREE_BITS)
#define TREE_LEVELS 8 /* 2^32 records */

struct layer_head {
    char magic[8];
    uint32_t crc, version;
    uint64_t size; /* of the whole image */
    uint32_t shape, records, rings, verts;
    uint64_t text;
};

/* Texts, rings and vertices follow each other without gaps in the order of the records, so each
 * start is the end of the one before: a load checks just that. */
struct layer_rec {
    uint32_t text, id_n, name_n, props_n; /* id, name, props, one after the other */
    uint32_t ring, ring_count;            /* points have none: vertex i is record i's */
};

struct layer_ring {
    uint32_t vert, count; /* of an area closed: the last vertex is the first again */
    uint32_t outer;       /* 1: a polygon, or a part of a line, begins; 0: a hole in it */
};

/* What a lookup touches of an area or line. An area of few vertices, and a line, has no slabs. */
struct layer_area {
    struct wg_box box;
    uint32_t ring, ring_count;
    uint32_t slab, slab_count, slab_height; /* first in slab_start; how many; e7 */
};

struct wg_layer {
    atomic_size_t owners;
    char *image;
    bool mapped; /* from its file; else on the heap */
    const struct layer_head *head;
    const struct layer_rec *rec;
    const struct layer_ring *ring;
    const struct wg_point *vert;
    const char *text;

    /* Made of two others, which have all of the below, and it nothing: then head is its own. */
    struct layer_edited *edited;

    struct wg_box box;       /* of all features; west > east where there are none */
    struct layer_area *area; /* for points NULL */
    uint32_t *by_id;         /* records in the order of their ids */

    /* The tree: records along the curve, what each covers (points for points, else boxes), and the
     * nodes, level by level from the leaves up; node j of level l covers the places from
     * j << TREE_BITS * (l + 1) on. */
    uint32_t *order;
    void *leaf;
    struct wg_box *node;
    uint32_t level[TREE_LEVELS], levels;

    /* Slabs: an area's edges (each by its first vertex) by the latitudes that they cross. */
    uint32_t *slab_start, *slab_edge;
};

/* Check an image and make the index; the image is the layer's when it succeeds. Errors:
 * WG_ECORRUPT, WG_ENOMEM. */
int layer_open(char *image, size_t size, struct wg_layer **out, struct wg_err *err);
int layer_index(struct wg_layer *layer); /* WG_ENOMEM */
int layer_tree(struct wg_layer *layer);  /* likewise, when boxes are there */

struct layer_key {
    uint64_t key;
    uint32_t i;
};
/* Where a place lies on the curve. */
uint64_t layer_curve(int64_t lon_e7, int64_t lat_e7);
/* By key; equal ones stay as they are. spare: as many, for use in between. */
void layer_sort(struct layer_key *list, struct layer_key *spare, size_t n);

struct wg_str layer_id(const struct wg_layer *layer, size_t i);
struct wg_box layer_box(const struct wg_layer *layer, size_t i);
bool layer_holds(const struct wg_layer *layer, size_t i, struct wg_point p);

static inline bool box_holds(const struct wg_box *b, struct wg_point p)
{
    return p.lon_e7 >= b->west && p.lon_e7 <= b->east && p.lat_e7 >= b->south &&
           p.lat_e7 <= b->north;
}

/* Which of n steps of size `step` from `from` holds v; outside, the nearest. */
static inline uint32_t step_of(int32_t v, int32_t from, uint32_t step, uint32_t n)
{
    if (v <= from)
        return 0;
    uint32_t k = ((uint32_t)v - (uint32_t)from) / step;
    return k < n ? k : n - 1;
}

/* ---- edited: what is left of a layer, and what came in its place or beside it. Features are
 * numbered those that are left first, and so are the places on the curve ---- */

struct layer_edited {
    struct layer_head head;
    struct wg_layer *part[2]; /* kept: what is left, what came */
    uint32_t *gone, *gone_at; /* of the first, in order: by number; by place on the curve */
    uint32_t gones, left;
    uint64_t mark;
};
/* Where feature i is: the part, and its number there. */
const struct wg_layer *edited_part(const struct wg_layer *layer, size_t *i);
static inline const struct wg_layer *layer_part(const struct wg_layer *layer, size_t *i)
{
    return layer->edited ? edited_part(layer, i) : layer;
}
/* The plain layers that one is made of: itself, or two. */
struct layer_part {
    const struct wg_layer *layer;
    const struct layer_edited *edited; /* some of it have gone; NULL: all are there */
    uint32_t from;                     /* the number of its first */
};
size_t layer_parts(const struct wg_layer *layer, struct layer_part out[2]);
/* Is the part's own feature there, and under what number? */
bool layer_part_has(const struct layer_part *part, uint32_t own, uint32_t *i);
bool edited_by_id(const struct wg_layer *layer, struct wg_str id, size_t *i);
size_t edited_along(const struct wg_layer *layer, size_t place);
bool edited_next(struct wg_scan *s, struct wg_run *run);
void edited_free(struct layer_edited *e); /* NULL is fine */

/* ---- building ---- */

struct shapes; /* GEOS */

struct layer_build {
    struct wg_buf rec, ring, vert, text, source; /* source: of each record, its feature or line */
    const char *noun;                            /* "feature" or "line": what source counts */
    uint32_t shape;
    struct wg_crs *crs; /* of what is read; NULL: ours */
    struct wg_layer_faults *faults;
    char label[LAYER_ID + 64]; /* "feature 17 (341824…)" */
};

void build_init(struct layer_build *b, const char *noun, struct wg_crs *crs,
                struct wg_layer_faults *faults);
void build_done(struct layer_build *b);
/* What the faults to come are about. id may be empty. */
void build_label(struct layer_build *b, size_t number, struct wg_str id);
void build_fault(struct layer_build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How far the reading is: rows, and bytes of the text. */
void build_read(struct layer_build *b, size_t rows, size_t bytes);
/* One feature whose rings or point were added since `rings` and `verts`; props goes in as it is. */
void build_add(struct layer_build *b, size_t number, struct wg_str id, struct wg_str name,
               struct wg_str props, size_t rings_before);
/* All were added: the layer, or the faults. Errors: WG_EINVAL, WG_ENOMEM. */
int build_finish(struct layer_build *b, struct wg_layer **out, struct wg_err *err);
/* Record i of a plain layer once more, with whatever shape it has; then, of such alone, the layer,
 * and what was built with is freed. */
void build_copy_as(struct layer_build *b, const struct wg_layer *from, uint32_t i,
                   struct wg_str id); /* id NULL: its own */
void build_copy(struct layer_build *b, const struct wg_layer *from, uint32_t i);
int build_end(struct layer_build *b, struct wg_layer **out, struct wg_err *err);
struct wg_str build_cut(struct wg_str s); /* the front of it, short enough for a message */
size_t build_rings(const struct layer_build *b);
size_t build_verts(const struct layer_build *b);
void build_forget(struct layer_build *b, size_t rings, size_t verts); /* back to these counts */
bool point_of_degrees(int64_t lon_e7, int64_t lat_e7, struct wg_point *out);
/* Numbers are read with so many digits behind the point, to be turned or kept. */
int build_digits(const struct layer_build *b);
/* x is east or lon. NULL, or why it is no place of ours. */
const char *build_place(const struct layer_build *b, int64_t x, int64_t y, struct wg_point *out);

/* A GEOS geometry of feature i, an area or a line, its owner the caller; NULL: no memory. */
struct GEOSGeom_t *shapes_of_feature(struct shapes *s, const struct wg_layer *layer, size_t i);
/* An area in degrees, in square metres; of anything else 0. */
double shapes_m2(struct shapes *s, const struct GEOSGeom_t *g);

struct shapes *shapes_new(void);
void shapes_free(struct shapes *s);
/* Is one feature's shape sound? WG_EINVAL: no, and why says what and where. WG_ENOMEM. */
int shapes_check(struct shapes *s, const struct layer_ring *ring, size_t rings,
                 const struct wg_point *vert, char why[200]);

#endif
