/* Which systems a county's offices may work in: PROJ's database tells by area of use. */
#include "geo/crs.h"

#include <stdio.h>
#include <stdlib.h>

#define WIDE 90.0 /* degrees: what serves more than a quarter of the globe serves no county */

/* What a program asks for, whatever the place: these come first. */
static const int always[] = {4490, 4326, 3857};
enum { ALWAYS = sizeof(always) / sizeof(always[0]) };

struct candidate {
    int epsg, base;
    double width;
};

/* CGCS2000 before WGS 84, narrow zones before wide ones. */
static int order(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;
    if (a->base != b->base)
        return a->base == always[0] ? -1 : 1;
    if (a->width < b->width - 0.1 || a->width > b->width + 0.1)
        return a->width < b->width ? -1 : 1;
    return a->epsg - b->epsg;
}

static bool is_always(int epsg)
{
    for (size_t i = 0; i < ALWAYS; i++)
        if (always[i] == epsg)
            return true;
    return false;
}

static PJ *system_of(PJ_CONTEXT *c, const char *code)
{
    return proj_create_from_database(c, "EPSG", code, PJ_CATEGORY_CRS, 0, NULL);
}

static size_t choose(PJ_CONTEXT *c, PROJ_CRS_INFO **list, struct candidate *out)
{
    size_t n = 0;
    for (size_t i = 0; list[i]; i++) {
        double width = list[i]->east_lon_degree - list[i]->west_lon_degree;
        int epsg = atoi(list[i]->code);
        if (!list[i]->bbox_valid || width < 0 || width > WIDE || is_always(epsg))
            continue;
        PJ *pj = system_of(c, list[i]->code);
        int base = pj ? crs_base(c, pj, NULL) : 0;
        proj_destroy(pj);
        if (base == always[0] || base == always[1])
            out[n++] = (struct candidate){epsg, base, width};
    }
    qsort(out, n, sizeof(*out), order);
    return n;
}

/* How its authority orders the axes; false: not two that we can write. */
static bool axes(PJ_CONTEXT *c, struct wg_system *s)
{
    char code[24];
    const char *first = "", *second = "", *unit = "";
    snprintf(code, sizeof(code), "%d", s->epsg);
    PJ *pj = system_of(c, code), *cs = pj ? proj_crs_get_coordinate_system(c, pj) : NULL;
    bool good = cs &&
                proj_cs_get_axis_info(c, cs, 0, NULL, NULL, &first, NULL, &unit, NULL, NULL) &&
                proj_cs_get_axis_info(c, cs, 1, NULL, NULL, &second, NULL, NULL, NULL, NULL);
    s->north1 = good && strcmp(first, "north") == 0;
    s->degrees = good && strcmp(unit, "degree") == 0;
    good = good && strcmp(s->north1 ? second : first, "east") == 0 &&
           (s->north1 || strcmp(second, "north") == 0) &&
           (s->degrees || strcmp(unit, "metre") == 0);
    proj_destroy(cs);
    proj_destroy(pj);
    return good;
}

static int fill(PJ_CONTEXT *c, struct wg_box box, struct wg_system *out, size_t max, size_t *n)
{
    const PJ_TYPE types[] = {PJ_TYPE_GEOGRAPHIC_2D_CRS, PJ_TYPE_PROJECTED_CRS};
    PROJ_CRS_LIST_PARAMETERS *p = proj_get_crs_list_parameters_create();
    PROJ_CRS_INFO **list = NULL;
    struct candidate *some = NULL;
    int count = 0;
    size_t chosen = 0;
    if (p && box.west <= box.east) {
        p->types = types;
        p->typesCount = 2;
        p->crs_area_of_use_contains_bbox = 0; /* to meet is enough: a county may lie in two zones */
        p->bbox_valid = 1;
        p->west_lon_degree = box.west / 1e7;
        p->south_lat_degree = box.south / 1e7;
        p->east_lon_degree = box.east / 1e7;
        p->north_lat_degree = box.north / 1e7;
        list = proj_get_crs_info_list_from_database(c, "EPSG", p, &count);
        some = calloc((size_t)count + 1, sizeof(*some));
    }
    if (list && some)
        chosen = choose(c, list, some);
    for (size_t i = 0; i < ALWAYS + chosen && *n < max; i++) {
        out[*n] = (struct wg_system){.epsg = i < ALWAYS ? always[i] : some[i - ALWAYS].epsg};
        *n += axes(c, &out[*n]);
    }
    bool whole = p && (box.west > box.east || (list && some));
    free(some);
    proj_crs_info_list_destroy(list);
    proj_get_crs_list_parameters_destroy(p);
    return whole ? WG_OK : WG_ENOMEM;
}

bool wg_crs_ours(const char *wkt, char name[80])
{
    PJ_CONTEXT *c = crs_context();
    PJ *said = c ? proj_create(c, wkt) : NULL;
    PJ *base = said ? proj_crs_get_geodetic_crs(c, said) : NULL;
    bool ours = false;
    snprintf(name, 80, "%s", base ? proj_get_name(base) : "nothing known");
    for (size_t i = 0; base && i < 2; i++) {
        PJ *one = system_of(c, i ? "4326" : "4490");
        ours |= one && proj_is_equivalent_to_with_ctx(c, base, one,
                                                      PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS);
        proj_destroy(one);
    }
    proj_destroy(base);
    proj_destroy(said);
    if (c)
        proj_context_destroy(c);
    return ours;
}

int wg_crs_list(struct wg_box box, struct wg_system *out, size_t max, size_t *n)
{
    PJ_CONTEXT *c = crs_context();
    *n = 0;
    int rc = c ? fill(c, box, out, max, n) : WG_ENOMEM;
    if (c)
        proj_context_destroy(c);
    return rc;
}
