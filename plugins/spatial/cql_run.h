/** Behind cql.h: a bound filter. */
#ifndef WG_SPATIAL_CQL_RUN_H
#define WG_SPATIAL_CQL_RUN_H

#include "cql.h"

#define GEOS_USE_ONLY_R_API
#include <geos_c.h>
#include <unicode/ucasemap.h>

#define FIELD_ID (-2)
#define FIELD_SHAPE (-3)

struct cql_run {
    const struct source *source;
    struct cql *root;
    const struct crs *crs;
    struct wg_crs *made;
    GEOSContextHandle_t geos;
    UCaseMap *fold;
    struct wg_arena *arena; /* forgotten after each feature */
    struct cql **shape;     /* values that are shapes: theirs are freed with the run */
    size_t shapes;
    size_t member, i;  /* the feature that is looked at */
    GEOSGeometry *own; /* its shape, made when first asked for */
};

#endif
