/** Behind geo.h: what the two files that speak with PROJ share. */
#ifndef WG_GEO_CRS_H
#define WG_GEO_CRS_H

#include "geo/geo.h"

#include <proj.h>

/** A context without network and without words of its own. NULL: no memory. */
PJ_CONTEXT *crs_context(void);
/** Of NULL, too: those that say nothing are in 4490. */
int crs_code(const struct wg_crs *crs);
bool crs_in_degrees(const struct wg_crs *crs);
/** Is this where the system is used, or so near that a county may have kept it? */
bool crs_fits(const struct wg_crs *crs, struct wg_point p);
/** The EPSG code of the degrees that a system stands on, 0: none; name: of it; may be NULL. */
int crs_base(PJ_CONTEXT *context, const PJ *crs, char name[80]);

#endif
