#include "geo/layer.h"

#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct shapes {
    GEOSContextHandle_t geos;
};

struct shapes *shapes_new(void)
{
    struct shapes *s = calloc(1, sizeof(*s));
    if (s && !(s->geos = GEOS_init_r())) {
        free(s);
        return NULL;
    }
    return s;
}

void shapes_free(struct shapes *s)
{
    if (!s)
        return;
    GEOS_finish_r(s->geos);
    free(s);
}

static GEOSCoordSequence *seq_of(struct shapes *s, const struct layer_ring *ring,
                                 const struct wg_point *vert)
{
    GEOSCoordSequence *seq = GEOSCoordSeq_create_r(s->geos, ring->count, 2);
    for (uint32_t i = 0; seq && i < ring->count; i++)
        GEOSCoordSeq_setXY_r(s->geos, seq, i, vert[ring->vert + i].lon_e7 / 1e7,
                             vert[ring->vert + i].lat_e7 / 1e7);
    return seq;
}

static GEOSGeometry *ring_of(struct shapes *s, const struct layer_ring *ring,
                             const struct wg_point *vert)
{
    GEOSCoordSequence *seq = seq_of(s, ring, vert);
    return seq ? GEOSGeom_createLinearRing_r(s->geos, seq) : NULL; /* takes seq, also if it fails */
}

static void drop_all(struct shapes *s, GEOSGeometry **part, size_t n)
{
    while (n > 0)
        GEOSGeom_destroy_r(s->geos, part[--n]);
    free(part);
}

/* One outer ring and the n - 1 holes after it. */
static GEOSGeometry *polygon_of(struct shapes *s, const struct layer_ring *ring, size_t n,
                                const struct wg_point *vert)
{
    GEOSGeometry *made = NULL, *outer = ring_of(s, ring, vert);
    GEOSGeometry **hole = calloc(n, sizeof(GEOSGeometry *));
    size_t holes = 0;
    while (outer && hole && holes + 1 < n && (hole[holes] = ring_of(s, &ring[holes + 1], vert)))
        holes++;
    if (outer && hole && holes + 1 == n) {
        made = GEOSGeom_createPolygon_r(s->geos, outer, hole, (unsigned)holes);
        outer = NULL; /* taken, as are the holes */
        holes = 0;
    }
    if (outer)
        GEOSGeom_destroy_r(s->geos, outer);
    drop_all(s, hole, holes);
    return made;
}

static GEOSGeometry *shape_of(struct shapes *s, const struct layer_ring *ring, size_t rings,
                              const struct wg_point *vert)
{
    GEOSGeometry *made = NULL;
    GEOSGeometry **part = calloc(rings, sizeof(GEOSGeometry *));
    size_t parts = 0, at = 0;
    while (part && at < rings) {
        size_t n = 1;
        while (at + n < rings && !ring[at + n].outer)
            n++;
        if (!(part[parts] = polygon_of(s, &ring[at], n, vert)))
            break;
        parts++;
        at += n;
    }
    if (part && at == rings) {
        made = GEOSGeom_createCollection_r(s->geos, GEOS_MULTIPOLYGON, part, (unsigned)parts);
        parts = 0;
    }
    drop_all(s, part, parts);
    return made;
}

static GEOSGeometry *line_of(struct shapes *s, const struct layer_ring *ring,
                             const struct wg_point *vert)
{
    GEOSCoordSequence *seq = seq_of(s, ring, vert);
    return seq ? GEOSGeom_createLineString_r(s->geos, seq) : NULL;
}

static GEOSGeometry *lines_of(struct shapes *s, const struct layer_ring *ring, size_t rings,
                              const struct wg_point *vert)
{
    GEOSGeometry *made = NULL;
    GEOSGeometry **part = calloc(rings, sizeof(GEOSGeometry *));
    size_t parts = 0;
    while (part && parts < rings && (part[parts] = line_of(s, &ring[parts], vert)))
        parts++;
    if (part && parts == rings) {
        made = GEOSGeom_createCollection_r(s->geos, GEOS_MULTILINESTRING, part, (unsigned)parts);
        parts = 0;
    }
    drop_all(s, part, parts);
    return made;
}

/* What GEOS says, in our words: they are for whoever drew the layer. */
static const char *in_words(const char *reason)
{
    static const char *const words[][2] = {
        {"Self-intersection", "crosses itself"},
        {"Ring Self-intersection", "touches itself"},
        {"Hole lies outside shell", "has a hole outside its outer ring"},
        {"Holes are nested", "has a hole in a hole"},
        {"Nested holes", "has a hole in a hole"},
        {"Interior is disconnected", "is cut in two by its holes"},
        {"Nested shells", "has one part inside another"},
        {"Duplicate Rings", "has the same ring twice"},
        {"Too few points in geometry component", "has a ring of fewer than three places"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(reason, words[i][0]) == 0)
            return words[i][1];
    return reason;
}

/* 1 sound, 0 not (why says it), or WG_ENOMEM. */
static int check(struct shapes *s, const GEOSGeometry *g, const char *what, char why[200])
{
    char *reason = NULL;
    GEOSGeometry *where = NULL;
    double x = 0, y = 0;
    if (!g)
        return WG_ENOMEM;
    char sound = GEOSisValidDetail_r(s->geos, g, 0, &reason, &where);
    if (sound == 0) {
        const char *said = in_words(reason ? reason : "is not sound");
        if (where && GEOSGeomGetX_r(s->geos, where, &x) && GEOSGeomGetY_r(s->geos, where, &y))
            snprintf(why, 200, "%s %s at %.7f,%.7f", what, said, x, y);
        else
            snprintf(why, 200, "%s %s", what, said);
    }
    GEOSFree_r(s->geos, reason);
    if (where)
        GEOSGeom_destroy_r(s->geos, where);
    return sound == 1 || sound == 0 ? sound : WG_ENOMEM;
}

int shapes_check(struct shapes *s, const struct layer_ring *ring, size_t rings,
                 const struct wg_point *vert, char why[200])
{
    GEOSGeometry *g = shape_of(s, ring, rings, vert);
    int sound = check(s, g, "the shape", why);
    if (g)
        GEOSGeom_destroy_r(s->geos, g);
    if (sound != 0)
        return sound < 0 ? sound : WG_OK;
    /* Something is wrong: a ring of its own, or how they lie together? */
    for (size_t i = 0; i < rings; i++) {
        char what[32];
        snprintf(what, sizeof(what), "ring %zu", i + 1);
        g = polygon_of(s, &ring[i], 1, vert);
        sound = check(s, g, what, why);
        if (g)
            GEOSGeom_destroy_r(s->geos, g);
        if (sound <= 0)
            return sound < 0 ? sound : WG_EINVAL;
    }
    return WG_EINVAL;
}

double shapes_m2(struct shapes *s, const GEOSGeometry *g)
{
    double area = 0, south = 0, north = 0;
    if (!g || GEOSArea_r(s->geos, g, &area) != 1 || area <= 0 ||
        GEOSGeom_getYMin_r(s->geos, g, &south) != 1 || GEOSGeom_getYMax_r(s->geos, g, &north) != 1)
        return 0;
    return area * METRES_DEGREE * METRES_DEGREE * cos((south + north) / 2 * M_PI / 180);
}

GEOSGeometry *shapes_of_feature(struct shapes *s, const struct wg_layer *layer, size_t i)
{
    layer = layer_part(layer, &i);
    const struct layer_rec *r = &layer->rec[i];
    return (layer->head->shape == WG_LINES ? lines_of : shape_of)(s, &layer->ring[r->ring],
                                                                  r->ring_count, layer->vert);
}
