#include "geo/crs.h"
#include "geo/shifted.h"

#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>

#define CGCS2000 4490
#define WGS84 4326
#define BESIDE \
    3.0 /* degrees: a county that straddles two zones keeps one, a wide one a zone more */

/* A context each: PROJ's are not shared between threads, and neither is a wg_crs. */
struct wg_crs {
    int code;
    double west, south, east, north; /* where it is used; west > east: wherever */
    PJ_CONTEXT *context;
    PJ *pair; /* from our degrees; NULL: they are the same, or shifted */
    struct place (*shift)(struct place p), (*undo)(struct place p);
};

void wg_crs_free(struct wg_crs *crs)
{
    if (!crs)
        return;
    proj_destroy(crs->pair);
    if (crs->context)
        proj_context_destroy(crs->context);
    free(crs);
}

int wg_crs_code(struct wg_str name)
{
    int64_t code;
    if (wg_str_is(name, "gcj02") || wg_str_is(name, "GCJ-02"))
        return WG_GCJ02;
    if (wg_str_is(name, "bd09") || wg_str_is(name, "BD-09"))
        return WG_BD09;
    if (wg_str_starts(name, "EPSG:"))
        name = (struct wg_str){name.p + 5, name.n - 5};
    return wg_str_int(name, &code) == WG_OK && code > 0 && code < 1000000 ? (int)code : 0;
}

int crs_base(PJ_CONTEXT *context, const PJ *crs, char name[80])
{
    PJ *base = proj_crs_get_geodetic_crs(context, crs);
    const char *code = base ? proj_get_id_code(base, 0) : NULL;
    int found = code ? atoi(code) : 0;
    if (name)
        snprintf(name, 80, "%s", base ? proj_get_name(base) : "nothing known");
    proj_destroy(base);
    return found;
}

/* From the degrees it stands on to the code with x before y, whatever order its authority prints.
 * Of another datum than ours PROJ knows, where we are, only ways that are tens of metres wrong
 * ("ballpark"), and takes them without a word. */
static int open_pair(struct wg_crs *crs, int epsg, struct wg_err *err)
{
    char code[24], from[24], name[80];
    snprintf(code, sizeof(code), "%d", epsg);
    PJ *raw,
        *system = proj_create_from_database(crs->context, "EPSG", code, PJ_CATEGORY_CRS, 0, NULL);
    if (!system)
        return wg_fail(err, WG_EINVAL,
                       "EPSG:%d is no coordinate system that this server knows (e.g. 4490, 4549)",
                       epsg);
    int base = crs_base(crs->context, system, name);
    if (!proj_get_area_of_use(crs->context, system, &crs->west, &crs->south, &crs->east,
                              &crs->north, NULL))
        crs->west = crs->east + 1;
    proj_destroy(system);
    if (base != CGCS2000 && base != WGS84)
        return wg_fail(err, WG_EINVAL,
                       "EPSG:%d stands on %s; turning it into CGCS2000 takes the survey office's "
                       "parameters, and without them it is tens of metres wrong",
                       epsg, name);
    snprintf(code, sizeof(code), "EPSG:%d", epsg);
    snprintf(from, sizeof(from), "EPSG:%d", base);
    if (!(raw = proj_create_crs_to_crs(crs->context, from, code, NULL)))
        return wg_fail(err, WG_EINVAL, "EPSG:%d can't be turned into degrees", epsg);
    crs->pair = proj_normalize_for_visualization(crs->context, raw);
    proj_destroy(raw);
    if (!crs->pair)
        return wg_fail(err, WG_EINVAL, "EPSG:%d has no east and north", epsg);
    return WG_OK;
}

PJ_CONTEXT *crs_context(void)
{
    PJ_CONTEXT *c = proj_context_create();
    if (!c)
        return NULL;
    proj_log_level(c, PJ_LOG_NONE);
    proj_context_set_enable_network(c, 0);
    return c;
}

int wg_crs_new(int code, struct wg_crs **out, struct wg_err *err)
{
    int rc = WG_ENOMEM;
    struct wg_crs *crs = calloc(1, sizeof(*crs));
    *out = NULL;
    if (!crs || !(crs->context = crs_context())) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    rc = WG_OK;
    crs->code = code;
    crs->west = 1;
    if (code == WG_GCJ02 || code == WG_BD09) {
        crs->shift = code == WG_GCJ02 ? gcj02_of : bd09_of;
        crs->undo = code == WG_GCJ02 ? gcj02_undone : bd09_undone;
    } else if (code != CGCS2000 && code != WGS84) { /* these two are taken as equal */
        rc = open_pair(crs, code, err);
    }
    if (rc == WG_OK) {
        *out = crs;
        crs = NULL;
    }
out:
    wg_crs_free(crs);
    return rc;
}

int crs_code(const struct wg_crs *crs)
{
    return crs ? crs->code : CGCS2000;
}

bool crs_in_degrees(const struct wg_crs *crs)
{
    return !crs || !crs->pair || proj_degree_output(crs->pair, PJ_FWD);
}

bool crs_fits(const struct wg_crs *crs, struct wg_point p)
{
    double lon = p.lon_e7 / 1e7, lat = p.lat_e7 / 1e7;
    return crs->west > crs->east || (lon >= crs->west - BESIDE && lon <= crs->east + BESIDE &&
                                     lat >= crs->south - BESIDE && lat <= crs->north + BESIDE);
}

/* PROJ answers HUGE_VAL for what it can't do. */
static int turn(struct wg_crs *crs, PJ_DIRECTION way, double *x, double *y)
{
    if (!isfinite(*x) || !isfinite(*y))
        return WG_ERANGE;
    if (crs->shift) {
        struct place p = (way == PJ_FWD ? crs->shift : crs->undo)((struct place){*x, *y});
        *x = p.lon;
        *y = p.lat;
        return isfinite(*x) && isfinite(*y) ? WG_OK : WG_ERANGE;
    }
    if (!crs->pair)
        return WG_OK;
    proj_errno_reset(crs->pair);
    PJ_COORD c = proj_trans(crs->pair, way, proj_coord(*x, *y, 0, 0));
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
    if (crs->shift && !on_earth(x, y)) /* sines of what is no degree mean nothing */
        return WG_ERANGE;
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
