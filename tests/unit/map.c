/** The map's own closed form, of tiles, against PROJ. */
#include "unit/test.h"

#include "geo/geo.h"
#include "spatial/mvt.h"

#include <math.h>

#define HALF_M 20037508.342789244 /* of the world's side */

TEST(a_tile_puts_places_where_proj_does_to_a_tenth_of_a_millimetre)
{
    const struct matrix_set set = {.mercator = true};
    const struct tile world = {.set = &set};
    struct wg_crs *crs = NULL;
    struct wg_err err;
    CHECK_INT(wg_crs_new(3857, &crs, &err), WG_OK);
    for (int32_t lon = -1800000000; lon <= 1790000000; lon += 7123457)
        for (int32_t lat = -850000000; lat <= 850000000; lat += 13123457) {
            struct wg_point p = {lon, lat};
            double x, y, east, north;
            tile_place(&world, p, &x, &y);
            CHECK_INT(wg_crs_from_4490(crs, p, &east, &north), WG_OK);
            CHECK(fabs((x / TILE_EXTENT * 2 - 1) * HALF_M - east) < 1e-4);
            CHECK(fabs((1 - y / TILE_EXTENT * 2) * HALF_M - north) < 1e-4);
        }
    wg_crs_free(crs);
}

RUN_ALL("map")
