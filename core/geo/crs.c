#include "geo/geo.h"

#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>

/* A context each: PROJ's are not shared between threads, and neither is a wg_crs. */
struct wg_crs {
    PJ_CONTEXT *context;
    PJ *from_4490; /* NULL: the same degrees */
};

void wg_crs_free(struct wg_crs *crs)
{
    if (!crs)
        return;
    proj_destroy(crs->from_4490);
    if (crs->context)
        proj_context_destroy(crs->context);
    free(crs);
}

/* From 4490 to the code with x before y, whatever order its authority prints. */
static int open_pair(struct wg_crs *crs, int epsg, struct wg_err *err)
{
    char code[24];
    snprintf(code, sizeof(code), "EPSG:%d", epsg);
    PJ *raw = proj_create_crs_to_crs(crs->context, "EPSG:4490", code, NULL);
    if (!raw)
        return wg_fail(err, WG_EINVAL,
                       "EPSG:%d is no coordinate system that this server knows (e.g. 4490, 4549)",
                       epsg);
    crs->from_4490 = proj_normalize_for_visualization(crs->context, raw);
    proj_destroy(raw);
    if (!crs->from_4490)
        return wg_fail(err, WG_EINVAL, "EPSG:%d has no east and north", epsg);
    return WG_OK;
}

int wg_crs_new(int epsg, struct wg_crs **out, struct wg_err *err)
{
    int rc = WG_ENOMEM;
    struct wg_crs *crs = calloc(1, sizeof(*crs));
    *out = NULL;
    if (!crs || !(crs->context = proj_context_create())) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    proj_log_level(crs->context, PJ_LOG_NONE);
    proj_context_set_enable_network(crs->context, 0);
    /* WGS 84 is taken as equal; PROJ says the same of them, at the cost of a call. */
    if (epsg != 4490 && epsg != 4326 && (rc = open_pair(crs, epsg, err)) < 0)
        goto out;
    rc = WG_OK;
    *out = crs;
    crs = NULL;
out:
    wg_crs_free(crs);
    return rc;
}

/* PROJ answers HUGE_VAL for what it can't do. */
static int turn(struct wg_crs *crs, PJ_DIRECTION way, double *x, double *y)
{
    if (!isfinite(*x) || !isfinite(*y))
        return WG_ERANGE;
    if (!crs->from_4490)
        return WG_OK;
    proj_errno_reset(crs->from_4490);
    PJ_COORD c = proj_trans(crs->from_4490, way, proj_coord(*x, *y, 0, 0));
    if (!isfinite(c.xy.x) || !isfinite(c.xy.y))
        return WG_ERANGE;
    *x = c.xy.x;
    *y = c.xy.y;
    return WG_OK;
}

static bool on_earth(double lon, double lat)
{
    return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90;
}

int wg_crs_to_degrees(struct wg_crs *crs, double x, double y, double *lon, double *lat)
{
    int rc = turn(crs, PJ_INV, &x, &y);
    if (rc < 0)
        return rc;
    if (!on_earth(x, y))
        return WG_ERANGE;
    *lon = x;
    *lat = y;
    return WG_OK;
}

int wg_crs_from_degrees(struct wg_crs *crs, double lon, double lat, double *x, double *y)
{
    if (!on_earth(lon, lat))
        return WG_ERANGE;
    int rc = turn(crs, PJ_FWD, &lon, &lat);
    if (rc < 0)
        return rc;
    *x = lon;
    *y = lat;
    return WG_OK;
}

int wg_crs_to_4490(struct wg_crs *crs, double x, double y, struct wg_point *out)
{
    double lon = 0, lat = 0;
    int rc = wg_crs_to_degrees(crs, x, y, &lon, &lat);
    if (rc < 0)
        return rc;
    *out = (struct wg_point){(int32_t)lround(lon * 1e7), (int32_t)lround(lat * 1e7)};
    return WG_OK;
}

int wg_crs_from_4490(struct wg_crs *crs, struct wg_point p, double *x, double *y)
{
    return wg_crs_from_degrees(crs, p.lon_e7 / 1e7, p.lat_e7 / 1e7, x, y);
}
