/* A collection as a file: every page of the map's items, counted, then in whichever form an office
 * opens. It is made in a folder beside its place and renamed into it: there is all of it, or
 * nothing. */
#include "wangge.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 10000

static const struct form {
    const char *ending, *driver; /* driver NULL: written here */
} forms[] = {
    {".gpkg", "GPKG"},   {".shp", "ESRI Shapefile"}, {".fgb", "FlatGeobuf"}, {".csv", "CSV"},
    {".geojsons", NULL}, {".geojsonl", NULL},        {".geojson", NULL},     {NULL, NULL}};

struct takeout {
    struct ctx *c;
    struct wg_arena *page;
    FILE *f;
    bool collection, table; /* a FeatureCollection; points with lon and lat as columns */
    int64_t matched, count;
    char geometry[24];
};

static const struct form *form_of(const char *file)
{
    size_t n = strlen(file);
    for (const struct form *f = forms; f->ending; f++)
        if (n > strlen(f->ending) && strcasecmp(file + n - strlen(f->ending), f->ending) == 0)
            return f;
    return NULL;
}

static struct wg_str next_of(const struct wg_json *page)
{
    const struct wg_json *links = wg_json_get(page, "links");
    for (const struct wg_json *l = links ? links->child : NULL; l; l = l->next)
        if (wg_str_is(wg_json_str(l, "rel"), "next"))
            return wg_json_str(l, "href");
    return (struct wg_str){NULL, 0};
}

/* Links and such stay behind; a point of a table has its place in columns. */
static void put_feature(struct takeout *t, const struct wg_json *f)
{
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *g = wg_json_get(f, "geometry"), *at = wg_json_get(g, "coordinates");
    bool point = wg_str_is(wg_json_str(g, "type"), "Point");
    wg_buf_lit(&b, "{\"type\":\"Feature\"");
    wg_json_kstr(&b, "id", wg_json_str(f, "id"));
    wg_json_key(&b, "properties");
    wg_json_write(wg_json_get(f, "properties"), &b);
    if (t->table && point && at && at->count > 1 && wg_json_reopen(&b)) {
        wg_json_key(&b, "lon");
        wg_json_write(at->child, &b);
        wg_json_key(&b, "lat");
        wg_json_write(at->child->next, &b);
        wg_buf_char(&b, '}');
    }
    wg_json_key(&b, "geometry");
    wg_json_write(g, &b);
    wg_buf_char(&b, '}');
    if (t->collection && t->count)
        fputs(",\n", t->f);
    fwrite(b.p, 1, b.n, t->f);
    if (!t->collection)
        fputc('\n', t->f);
    if (!t->count++)
        wg_str_copy(t->geometry, sizeof(t->geometry), wg_json_str(g, "type"));
    if (!wg_buf_ok(&b))
        t->matched = -1;
    wg_buf_free(&b);
}

static int take_page(struct takeout *t, struct wg_str *target)
{
    struct ctx *c = t->c;
    struct wg_json *page;
    struct wg_err err = {0};
    const struct request r = {.method = "GET", .target = *target, .accept = "application/geo+json"};
    int rc = ask_server(c, &r);
    if (rc != DONE)
        return rc;
    wg_arena_reset(t->page);
    if (wg_json_parse(t->page, wg_buf_str(&c->answer), &page, &err) < 0)
        return failed(UNREACHED, "the answer is not from a server of ours: %s", err.text);
    t->matched = wg_json_int(page, "numberMatched", -1);
    const struct wg_json *list = wg_json_get(page, "features");
    for (const struct wg_json *f = list ? list->child : NULL; f; f = f->next)
        put_feature(t, f);
    /* The server's own words for itself may be a front server's: only the path is taken. */
    struct wg_str next = next_of(page);
    const char *path = next.n ? memmem(next.p, next.n, "/ogc/", 5) : NULL;
    *target = path ? wg_arena_str(c->arena, (struct wg_str){path, next.n - (size_t)(path - next.p)})
                   : (struct wg_str){NULL, 0};
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld of %lld 已取%s", (long long)t->count, (long long)t->matched,
                target->n ? "" : "\n");
    return DONE;
}

static int take_all(struct takeout *t, const char *to)
{
    struct ctx *c = t->c;
    struct wg_str target = wg_arena_fmt(c->arena, "/ogc/%s/collections/%s/items?limit=%d",
                                        encoded(c, area_of(c)), encoded(c, c->args[0]), PAGE);
    int rc = DONE;
    if (!(t->f = fopen(to, "w")) || !(t->page = wg_arena_new(0)))
        rc = failed(REFUSED, "%s: %s", to, strerror(errno));
    if (rc == DONE && t->collection)
        fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", t->f);
    while (rc == DONE && target.n)
        rc = take_page(t, &target);
    if (rc == DONE && t->collection)
        fputs("]}\n", t->f);
    if (t->f && (fflush(t->f) != 0 || fsync(fileno(t->f)) < 0 || ferror(t->f)) && rc == DONE)
        rc = failed(REFUSED, "%s: %s", to, strerror(errno));
    if (t->f)
        fclose(t->f);
    wg_arena_free(t->page);
    if (rc == DONE && t->count != t->matched)
        rc = failed(REFUSED, "of %lld features %lld came", (long long)t->matched,
                    (long long)t->count);
    return rc;
}

/* A shapefile is several files; what opens it comes last. */
static int put_in_place(const char *made, const char *file, bool shape)
{
    static const char *const parts[] = {".dbf", ".shx", ".prj", ".cpg", NULL};
    char from[PATH_MAX], to[PATH_MAX];
    for (size_t i = 0; shape && parts[i]; i++) {
        snprintf(from, sizeof(from), "%.*s%s", (int)strlen(made) - 4, made, parts[i]);
        snprintf(to, sizeof(to), "%.*s%s", (int)strlen(file) - 4, file, parts[i]);
        if (rename(from, to) < 0 && errno != ENOENT)
            return failed(REFUSED, "%s: %s", to, strerror(errno));
    }
    return rename(made, file) < 0 ? failed(REFUSED, "%s: %s", file, strerror(errno)) : DONE;
}

static int write_theirs(struct takeout *t, struct gdal *g, const struct form *form, int epsg,
                        const char *from, const char *made)
{
    static const char *const csv_points[] = {"-lco", "GEOMETRY=NONE", NULL},
                             *const csv_shapes[] = {"-lco", "GEOMETRY=AS_WKT", NULL},
                             *const shp[] = {"-lco", "ENCODING=UTF-8", NULL},
                             *const many[] = {"-nlt", "PROMOTE_TO_MULTI", NULL};
    bool csv = strcmp(form->driver, "CSV") == 0;
    bool point = strcmp(t->geometry, "Point") == 0;
    g->count = t->count;
    if (csv && point && epsg != 4490)
        return misused(t->c, "--crs: the CSV of points has lon and lat; take .gpkg or .shp");
    return gdal_write(g, form->driver, made, from, t->c->args[0], epsg,
                      csv                                 ? (point ? csv_points : csv_shapes)
                      : strcmp(form->ending, ".shp") == 0 ? shp
                      : point                             ? NULL
                                                          : many);
}

int export_collection(struct ctx *c)
{
    const char *file = c->count == 2 ? c->args[1] : NULL, *crs = opt(c, EXPORT_CRS);
    const struct form *form = file ? form_of(file) : NULL;
    int epsg = crs ? wg_crs_code(wg_str_of(crs)) : 4490;
    struct gdal g;
    struct takeout t = {.c = c};
    if (!form)
        return misused(c, "of a collection: FILE ends in .gpkg, .shp, .fgb, .geojson, .geojsonl or "
                          ".csv; of a county: -c CONFIG");
    if (epsg <= 0 || (!form->driver && epsg != 4490))
        return misused(c, "--crs is an EPSG code, for .gpkg, .shp and .fgb; GeoJSON has degrees");
    int rc = session_need(c);
    if (rc != DONE || (rc = gdal_begin(&g, c, file)) != DONE)
        return rc;
    const char *lines = gdal_path(&g, "lines.geojsonl"), *made = lines;
    t.collection = strcmp(form->ending, ".geojson") == 0;
    t.table = form->driver && strcmp(form->driver, "CSV") == 0;
    rc = take_all(&t, lines);
    if (rc == DONE && form->driver) {
        made = gdal_path(&g, wg_arena_fmt(c->arena, "made%s", form->ending).p);
        rc = write_theirs(&t, &g, form, epsg, lines, made);
    }
    if (rc == DONE)
        rc = put_in_place(made, file, strcmp(form->ending, ".shp") == 0);
    gdal_end(&g);
    if (rc == DONE)
        printf("%s: %lld features in %s 已导出\n", c->args[0], (long long)t.count, file);
    return rc;
}
