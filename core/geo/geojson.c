#include "geo/crs.h"
#include "geo/layer.h"

#include <stdio.h>

struct reader {
    struct layer_build b;
    struct shapes *shapes;
    int shape; /* -1: none yet */
    size_t number;
    size_t bytes; /* of the text */
};

static size_t count_of(const struct wg_json *j)
{
    return j && j->type == WG_JARR ? j->count : 0;
}

static bool read_place(struct reader *r, const struct wg_json *j, const char *where)
{
    int64_t x = 0, y = 0;
    int digits = build_digits(&r->b);
    struct wg_point p;
    if (count_of(j) < 2 || wg_json_fixed(j->child, digits, &x) < 0 ||
        wg_json_fixed(j->child->next, digits, &y) < 0) {
        build_fault(&r->b, "%s has a place that is not [lon,lat]", where);
        return false;
    }
    const char *why = build_place(&r->b, x, y, &p);
    if (why) {
        build_fault(&r->b, "%s has a place %.*s,%.*s %s", where, WG_PRI(build_cut(j->child->str)),
                    WG_PRI(build_cut(j->child->next->str)), why);
        return false;
    }
    wg_buf_add(&r->b.vert, &p, sizeof(p));
    return true;
}

static bool read_ring(struct reader *r, const struct wg_json *j, bool outer, size_t number)
{
    char where[32];
    struct layer_ring ring = {(uint32_t)build_verts(&r->b), 0, outer};
    snprintf(where, sizeof(where), "ring %zu", number);
    if (count_of(j) < 4) {
        build_fault(&r->b, "%s has %zu places, 4 is the least", where, count_of(j));
        return false;
    }
    for (const struct wg_json *m = j->child; m; m = m->next)
        if (!read_place(r, m, where))
            return false;
    if (!wg_buf_ok(&r->b.vert))
        return false; /* told at the end */
    ring.count = (uint32_t)(build_verts(&r->b) - ring.vert);
    const struct wg_point *v = (const struct wg_point *)r->b.vert.p + ring.vert;
    if (memcmp(&v[0], &v[ring.count - 1], sizeof(*v)) != 0) {
        build_fault(&r->b, "%s is not closed", where);
        return false;
    }
    wg_buf_add(&r->b.ring, &ring, sizeof(ring));
    return true;
}

static bool read_polygon(struct reader *r, const struct wg_json *j, size_t rings_before)
{
    if (count_of(j) == 0) {
        build_fault(&r->b, "a polygon without a ring");
        return false;
    }
    for (const struct wg_json *m = j->child; m; m = m->next)
        if (!read_ring(r, m, m == j->child, build_rings(&r->b) - rings_before + 1))
            return false;
    return true;
}

static bool read_areas(struct reader *r, const struct wg_json *places, bool many, size_t rings)
{
    char why[200] = "";
    if (many && count_of(places) == 0) {
        build_fault(&r->b, "a MultiPolygon without a polygon");
        return false;
    }
    if (!many && !read_polygon(r, places, rings))
        return false;
    for (const struct wg_json *m = many ? places->child : NULL; m; m = m->next)
        if (!read_polygon(r, m, rings))
            return false;
    if (!wg_buf_ok(&r->b.ring))
        return false;
    int rc = shapes_check(r->shapes, (const struct layer_ring *)r->b.ring.p + rings,
                          build_rings(&r->b) - rings, (const struct wg_point *)r->b.vert.p, why);
    if (rc == WG_EINVAL)
        build_fault(&r->b, "%s", why);
    r->b.ring.failed |= rc == WG_ENOMEM;
    return rc == WG_OK;
}

/* A part of a line: two places and more, not all the same. */
static bool read_line(struct reader *r, const struct wg_json *j)
{
    struct layer_ring part = {(uint32_t)build_verts(&r->b), 0, 1};
    bool goes = false;
    if (count_of(j) < 2) {
        build_fault(&r->b, "a line has %zu places, 2 is the least", count_of(j));
        return false;
    }
    for (const struct wg_json *m = j->child; m; m = m->next)
        if (!read_place(r, m, "the line"))
            return false;
    if (!wg_buf_ok(&r->b.vert))
        return false; /* told at the end */
    part.count = (uint32_t)(build_verts(&r->b) - part.vert);
    const struct wg_point *v = (const struct wg_point *)r->b.vert.p + part.vert;
    for (uint32_t k = 1; k < part.count; k++)
        goes |= memcmp(&v[0], &v[k], sizeof(*v)) != 0;
    if (!goes)
        build_fault(&r->b, "a line stays in one place");
    wg_buf_add(&r->b.ring, &part, sizeof(part));
    return goes;
}

static bool read_lines(struct reader *r, const struct wg_json *places, bool many)
{
    if (!many)
        return read_line(r, places);
    if (count_of(places) == 0) {
        build_fault(&r->b, "a MultiLineString without a line");
        return false;
    }
    for (const struct wg_json *m = places->child; m; m = m->next)
        if (!read_line(r, m))
            return false;
    return true;
}

static bool read_geometry(struct reader *r, const struct wg_json *geometry, size_t rings)
{
    static const char *const one[] = {"an area", "a point", "a line"}, *const all[] = {"areas",
                                                                                       "points",
                                                                                       "lines"};
    static const struct {
        const char *type;
        enum wg_shape shape;
        bool many;
    } known[] = {{"Polygon", WG_AREAS, false},
                 {"MultiPolygon", WG_AREAS, true},
                 {"Point", WG_POINTS, false},
                 {"LineString", WG_LINES, false},
                 {"MultiLineString", WG_LINES, true}};
    struct wg_str type = wg_json_str(geometry, "type"), cut = build_cut(type);
    const struct wg_json *places = wg_json_get(geometry, "coordinates");
    size_t k = 0, n = sizeof(known) / sizeof(known[0]);
    while (k < n && !wg_str_is(type, known[k].type))
        k++;
    if (k == n) {
        build_fault(&r->b,
                    "geometry is %.*s; Point, Polygon, LineString and the Multi of these two can "
                    "be read",
                    WG_PRI(type.p ? cut : WG_S("missing")));
        return false;
    }
    int shape = known[k].shape;
    if (r->shape >= 0 && r->shape != shape) {
        build_fault(&r->b, "is %s among %s; a layer has one kind", one[shape], all[r->shape]);
        return false;
    }
    r->shape = shape;
    r->b.shape = (uint32_t)shape;
    return shape == WG_POINTS  ? read_place(r, places, "the point")
           : shape == WG_LINES ? read_lines(r, places, known[k].many)
                               : read_areas(r, places, known[k].many, rings);
}

/* The id is the feature's own, or the property id, or code. */
static const struct wg_json *find_id(const struct wg_json *feature, const struct wg_json *props)
{
    const struct wg_json *of[] = {wg_json_get(feature, "id"), wg_json_get(props, "id"),
                                  wg_json_get(props, "code")};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
        if (of[i] && (of[i]->type == WG_JSTR || of[i]->type == WG_JINT) && of[i]->str.n > 0)
            return of[i];
    return NULL;
}

/* All properties but the name and an "id" that says what the id says already. */
static void write_props(const struct wg_json *props, struct wg_str id, struct wg_buf *out)
{
    wg_buf_clear(out);
    wg_buf_char(out, '{');
    for (const struct wg_json *m = props ? props->child : NULL; m; m = m->next) {
        bool known = m->type == WG_JSTR && wg_str_is(m->key, "name");
        known |= wg_str_is(m->key, "id") && (m->type == WG_JSTR || m->type == WG_JINT) &&
                 wg_str_eq(m->str, id);
        if (known)
            continue;
        wg_json_sep(out);
        wg_buf_json(out, m->key);
        wg_buf_char(out, ':');
        wg_json_write(m, out);
    }
    wg_buf_char(out, '}');
}

static void add_feature(struct reader *r, const struct wg_json *j, struct wg_buf *scratch)
{
    const struct wg_json *props = wg_json_get(j, "properties"), *id = find_id(j, props);
    size_t rings = build_rings(&r->b), verts = build_verts(&r->b);
    size_t faults = r->b.faults->count;
    build_label(&r->b, r->number, id ? id->str : (struct wg_str){NULL, 0});
    if (!wg_str_is(wg_json_str(j, "type"), "Feature"))
        build_fault(&r->b, "its \"type\" is not \"Feature\"");
    else if (!id)
        build_fault(&r->b, "has no id (and no property id or code)");
    else if (id->str.n > LAYER_ID)
        build_fault(&r->b, "its id is longer than %d bytes", LAYER_ID);
    if (r->b.faults->count == faults && read_geometry(r, wg_json_get(j, "geometry"), rings)) {
        if (props && props->type != WG_JOBJ)
            props = NULL;
        write_props(props, id->str, scratch);
        r->b.text.failed |= !wg_buf_ok(scratch);
        build_add(&r->b, r->number, id->str, wg_json_str(props, "name"), wg_buf_str(scratch),
                  r->shape == WG_POINTS ? 0 : rings);
    } else {
        build_forget(&r->b, rings, verts);
    }
}

/* What the file says of itself, as GDAL still writes it. CRS84, 4326 and 4490 are one; shifted
 * files say one of these, too, for want of a name. */
static int check_crs(const struct reader *r, const struct wg_json *root, struct wg_err *err)
{
    static const char *const fronts[] = {
        "urn:ogc:def:crs:EPSG::", "http://www.opengis.net/def/crs/EPSG/0/", "EPSG:"};
    struct wg_str said = wg_json_str(wg_json_get(wg_json_get(root, "crs"), "properties"), "name"),
                  code = said;
    int want = crs_code(r->b.crs), is = 0;
    if (!said.n)
        return WG_OK;
    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]) && code.n == said.n; i++)
        if (wg_str_starts(said, fronts[i]))
            code = (struct wg_str){said.p + strlen(fronts[i]), said.n - strlen(fronts[i])};
    if (memmem(said.p, said.n, "CRS84", 5) || (is = wg_crs_code(code)) == 4326)
        is = 4490;
    if (is == want || (is == 4490 && (want == 4326 || want < 0)))
        return WG_OK;
    if (is)
        return wg_fail(err, WG_EINVAL,
                       "the file says that it is in %.*s; then import it with crs=%d",
                       WG_PRI(build_cut(said)), is);
    return wg_fail(err, WG_EINVAL, "the file says that it is in %.*s; turn it into EPSG:4490 first",
                   WG_PRI(build_cut(said)));
}

static int read_collection(struct reader *r, const struct wg_json *root, struct wg_err *err)
{
    const struct wg_json *features = wg_json_get(root, "features");
    struct wg_buf scratch = WG_BUF_INIT;
    if (!wg_str_is(wg_json_str(root, "type"), "FeatureCollection") || !features ||
        features->type != WG_JARR)
        return wg_fail(err, WG_EINVAL,
                       "not a GeoJSON FeatureCollection: {\"type\":\"FeatureCollection\","
                       "\"features\":[…]}");
    int rc = check_crs(r, root, err);
    if (rc < 0)
        return rc;
    for (const struct wg_json *m = features->child; m; m = m->next) {
        r->number++;
        add_feature(r, m, &scratch);
        /* The parser has passed all of the text by now: the share is of the features. */
        build_read(&r->b, r->number, r->bytes / features->count * r->number);
    }
    wg_buf_free(&scratch);
    return WG_OK;
}

int wg_layer_from_geojson(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                          struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    struct reader r = {.shape = -1, .shapes = shapes_new(), .bytes = text.n};
    struct wg_arena *arena = wg_arena_new(64 * 1024);
    struct wg_json *root = NULL;
    int rc = WG_ENOMEM;
    *out = NULL;
    build_init(&r.b, "feature", crs, faults ? faults : &own);
    if (!arena || !r.shapes)
        wg_fail(err, rc, "out of memory");
    else if ((rc = wg_json_parse(arena, text, &root, err)) == WG_OK &&
             (rc = read_collection(&r, root, err)) == WG_OK)
        rc = build_finish(&r.b, out, err);
    wg_arena_free(arena);
    shapes_free(r.shapes);
    wg_buf_free(&own.text);
    build_done(&r.b);
    return rc;
}

/* ---- sequences: a feature a record ---- */

#define RS '\x1e'

/* The next record from *at on, and the line it begins on; blank ones are passed over. */
static bool next_record(struct wg_str text, size_t *at, size_t *line, struct wg_str *out,
                        size_t *begins)
{
    char ends = text.n && text.p[0] == RS ? RS : '\n';
    while (*at < text.n) {
        const char *from = text.p + *at, *end = memchr(from + 1, ends, text.n - *at - 1);
        bool blank = true;
        *out = (struct wg_str){from, end ? (size_t)(end - from) : text.n - *at};
        if (from[0] == RS)
            *out = (struct wg_str){from + 1, out->n - 1};
        *begins = *line;
        for (size_t i = 0; i < out->n; i++) {
            if (blank && out->p[i] == '\n')
                ++*begins;
            blank &= strchr(" \t\r\n", out->p[i]) && out->p[i];
            *line += out->p[i] == '\n';
        }
        *at = end ? (size_t)(end - text.p) : text.n;
        if (!blank)
            return true;
    }
    return false;
}

int wg_layer_from_geojsons(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                           struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    struct reader r = {.shape = -1, .shapes = shapes_new(), .bytes = text.n};
    struct wg_arena *arena = wg_arena_new(64 * 1024);
    struct wg_buf scratch = WG_BUF_INIT;
    struct wg_str record;
    size_t at = 0, line = 1, rows = 0;
    int rc = WG_OK;
    *out = NULL;
    build_init(&r.b, "line", crs, faults ? faults : &own);
    if (!arena || !r.shapes)
        rc = wg_fail(err, WG_ENOMEM, "out of memory");
    while (rc == WG_OK && next_record(text, &at, &line, &record, &r.number)) {
        struct wg_json *root = NULL;
        struct wg_err why = {0};
        wg_arena_reset(arena);
        if ((rc = wg_json_parse(arena, record, &root, &why)) == WG_OK) {
            add_feature(&r, root, &scratch);
        } else if (rc == WG_EINVAL) {
            build_label(&r.b, r.number, (struct wg_str){NULL, 0});
            build_fault(&r.b, "the record is no JSON: in it, %s", why.text);
            rc = WG_OK;
        }
        build_read(&r.b, ++rows, at);
    }
    if (rc == WG_OK && rows == 0)
        rc = wg_fail(err, WG_EINVAL, "there is no record; each is a GeoJSON Feature");
    else if (rc == WG_OK)
        rc = build_finish(&r.b, out, err);
    wg_arena_free(arena);
    shapes_free(r.shapes);
    wg_buf_free(&own.text);
    wg_buf_free(&scratch);
    build_done(&r.b);
    return rc;
}
