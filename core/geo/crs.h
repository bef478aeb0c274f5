/** Behind geo.h: what the two files that speak with PROJ share. */
#ifndef WG_GEO_CRS_H
#define WG_GEO_CRS_H

#include "geo/geo.h"

#include <proj.h>

/** A context without network and without words of its own. NULL: no memory. */
PJ_CONTEXT *crs_context(void);
/** The EPSG code of the degrees that a system stands on, 0: none; name: of it; may be NULL. */
int crs_base(PJ_CONTEXT *context, const PJ *crs, char name[80]);

#endif
