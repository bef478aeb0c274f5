/* What there is: the landing page, conformance, collections, their schemas. */
#include "spatial.h"

#include <stdio.h>

#define OGC "http://www.opengis.net/"

/* Only what works. Part 1 is declared as 1.0, which clients and the test suite look for. */
static const char *const conformance[] = {
    OGC "spec/ogcapi-common-1/1.0/conf/core",
    OGC "spec/ogcapi-common-1/1.0/conf/landing-page",
    OGC "spec/ogcapi-common-1/1.0/conf/json",
    OGC "spec/ogcapi-common-1/1.0/conf/oas30",
    OGC "spec/ogcapi-common-2/1.0/conf/collections",
    OGC "spec/ogcapi-features-1/1.0/conf/core",
    OGC "spec/ogcapi-features-1/1.0/conf/geojson",
    OGC "spec/ogcapi-features-1/1.0/conf/oas30",
    OGC "spec/ogcapi-features-1/1.0/conf/html",
    OGC "spec/ogcapi-features-2/1.0/conf/crs",
    OGC "spec/ogcapi-features-3/1.0/conf/queryables",
    OGC "spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    OGC "spec/ogcapi-features-3/1.0/conf/filter",
    OGC "spec/ogcapi-features-3/1.0/conf/features-filter",
    OGC "spec/ogcapi-features-4/1.0/conf/create-replace-delete",
    OGC "spec/ogcapi-features-4/1.0/conf/update",
    OGC "spec/ogcapi-features-4/1.0/conf/features",
    OGC "spec/ogcapi-features-4/1.0/req/optimistic-locking-etags",
    OGC "spec/cql2/1.0/conf/cql2-text",
    OGC "spec/cql2/1.0/conf/cql2-json",
    OGC "spec/cql2/1.0/conf/basic-cql2",
    OGC "spec/cql2/1.0/conf/advanced-comparison-operators",
    OGC "spec/cql2/1.0/conf/case-insensitive-comparison",
    OGC "spec/cql2/1.0/conf/basic-spatial-functions",
    OGC "spec/cql2/1.0/conf/basic-spatial-functions-plus",
    OGC "spec/cql2/1.0/conf/spatial-functions",
    OGC "spec/cql2/1.0/conf/temporal-functions",
    OGC "spec/cql2/1.0/conf/property-property",
    OGC "spec/cql2/1.0/conf/arithmetic",
    OGC "spec/ogcapi-common-3/1.0/conf/schemas",
    OGC "spec/ogcapi-common-3/1.0/conf/returnables-and-receivables",
    OGC "spec/ogcapi-common-3/1.0/conf/queryables",
    OGC "spec/ogcapi-common-3/1.0/conf/sortables",
    OGC "spec/ogcapi-features-5/1.0/conf/schemas",
    OGC "spec/ogcapi-features-5/1.0/conf/returnables-and-receivables",
    OGC "spec/ogcapi-features-5/1.0/conf/queryables",
    OGC "spec/ogcapi-features-5/1.0/conf/sortables",
    OGC "spec/ogcapi-features-8/1.0/conf/sortables",
    OGC "spec/ogcapi-features-8/1.0/conf/sorting",
    OGC "spec/ogcapi-features-8/1.0/conf/features-sorting",
    OGC "spec/ogcapi-tiles-1/1.0/conf/core",
    OGC "spec/ogcapi-tiles-1/1.0/conf/tileset",
    OGC "spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    OGC "spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    OGC "spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    OGC "spec/ogcapi-tiles-1/1.0/conf/mvt",
    OGC "spec/tms/2.0/conf/tilematrixset",
    OGC "spec/tms/2.0/conf/json-tilematrixset",
};

static struct wg_str below(struct ask *ask, const char *path)
{
    return wg_arena_fmt(ask->a, "%.*s%s", WG_PRI(ask->base), path);
}

static void write_extent(struct wg_box box, bool timed, struct wg_buf *b)
{
    const int32_t corner[] = {box.west, box.south, box.east, box.north};
    wg_json_key(b, "extent");
    wg_buf_lit(b, "{\"spatial\":{\"bbox\":[[");
    for (int k = 0; k < 4; k++) {
        if (k)
            wg_buf_char(b, ',');
        wg_buf_fixed(b, corner[k], 7);
    }
    wg_buf_fmt(b, "]],\"crs\":\"%s\"}", crs_at(NULL, 0)->uri);
    if (timed)
        wg_buf_lit(b, ",\"temporal\":{\"interval\":[[null,null]]}");
    wg_buf_char(b, '}');
}

/* ---- landing ---- */

/* Of all that this reader may see; nothing where that is nothing. A county knows its neighbours'
 * outlines, too: they are not what it is about. */
static void write_whole_extent(struct ask *ask)
{
    struct wg_county *span[SPAN_MAX];
    struct wg_box box = {0};
    bool any = false, alone = wg_county_span(ask->self->county, span, SPAN_MAX) == 1;
    for (size_t i = 0; collection_at(i); i++) {
        if ((alone && wg_str_is(wg_str_of(collection_at(i)->id), "counties")) ||
            !source_take(ask, collection_at(i)) || !ask->source.count)
            continue;
        box = any ? box_joined(box, ask->source.box) : ask->source.box;
        any = true;
    }
    source_close(&ask->source);
    ask->source.collection = NULL;
    if (any)
        write_extent(box, false, &ask->out);
}

void map_landing(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    struct wg_buf *b;
    if (!ask)
        return;
    if (wg_req_param(req, "rest").n) {
        ask_missing(ask, "there is nothing at this path");
        return;
    }
    b = &ask->out;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "title", wg_arena_fmt(ask->a, "网格 %s", ask->self->area));
    wg_json_kstr(b, "description", WG_S("城市管理的网格、部件、责任区域与地名地址"));
    write_links(ask, "application/json", false);
    write_link(b, "service-desc", "application/vnd.oai.openapi+json;version=3.0",
               below(ask, "/api"));
    write_link(b, "service-doc", "text/html", below(ask, "/api?f=html"));
    write_link(b, "conformance", "application/json", below(ask, "/conformance"));
    write_link(b, "data", "application/json", below(ask, "/collections"));
    write_link(b, OGC "def/rel/ogc/1.0/tilesets-vector", "application/json", below(ask, "/tiles"));
    write_link(b, OGC "def/rel/ogc/1.0/tiling-schemes", "application/json",
               below(ask, "/tileMatrixSets"));
    write_link(b, "tilejson", "application/json", below(ask, "/tilejson"));
    write_link(b, OGC "def/rel/ogc/1.0/styles", "application/json", below(ask, "/styles"));
    wg_buf_char(b, ']');
    write_whole_extent(ask);
    wg_buf_char(b, '}');
    ask_finish(ask, "网格");
}

void map_conformance(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    if (!ask)
        return;
    wg_buf_lit(&ask->out, "{\"conformsTo\":[");
    for (size_t i = 0; i < sizeof(conformance) / sizeof(conformance[0]); i++) {
        wg_json_sep(&ask->out);
        wg_buf_json(&ask->out, wg_str_of(conformance[i]));
    }
    wg_buf_char(&ask->out, ']');
    write_links(ask, "application/json", false);
    wg_buf_lit(&ask->out, "]}");
    ask_finish(ask, "符合的标准");
}

/* ---- collections ---- */

static void write_crs_list(struct wg_box box, struct wg_buf *b)
{
    const struct systems *s = systems_make(box);
    wg_json_key(b, "crs");
    wg_buf_char(b, '[');
    for (size_t i = 0; crs_at(s, i); i++) {
        wg_json_sep(b);
        wg_buf_json(b, wg_str_of(crs_at(s, i)->uri));
    }
    wg_buf_char(b, ']');
}

/* Links besides self and its alternates; old GDAL looks for describedBy with its capital letter. */
static void write_more_links(struct ask *ask, const char *id, struct wg_buf *b)
{
    static const struct {
        const char *rel, *type, *path;
    } more[] = {
        {"items", "application/geo+json", "/items"},
        {"items", "text/html", "/items?f=html"},
        {"items", "text/csv", "/items?f=csv"},
        {OGC "def/rel/ogc/1.0/queryables", "application/schema+json", "/queryables"},
        {OGC "def/rel/ogc/1.0/sortables", "application/schema+json", "/sortables"},
        {OGC "def/rel/ogc/1.0/schema", "application/schema+json", "/schema"},
        {OGC "def/rel/ogc/1.0/tilesets-vector", "application/json", "/tiles"},
        {"describedby", "application/schema+json", "/schema"},
        {"describedBy", "application/schema+json", "/schema"},
    };
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        write_link(
            b, more[i].rel, more[i].type,
            wg_arena_fmt(ask->a, "%.*s/collections/%s%s", WG_PRI(ask->base), id, more[i].path));
}

static void write_collection(struct ask *ask, bool listed)
{
    static const struct wg_box world = {-1800000000, -900000000, 1800000000, 900000000};
    const struct source *s = &ask->source;
    const char *id = s->collection->id;
    struct wg_buf *b = &ask->out;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(id));
    wg_json_kstr(b, "title", wg_str_of(s->collection->title));
    wg_json_kstr(b, "description", wg_str_of(s->collection->brief));
    wg_json_kstr(b, "itemType", WG_S("feature"));
    wg_json_kint(b, "itemCount", (int64_t)s->count);
    write_extent(s->count ? s->box : world, s->collection->begins != NULL, b);
    write_crs_list(s->box, b);
    wg_json_kstr(b, "storageCrs", wg_str_of(crs_at(NULL, 0)->uri));
    if (listed) {
        wg_json_key(b, "links");
        wg_buf_char(b, '[');
        struct wg_str own = wg_arena_fmt(ask->a, "%.*s/collections/%s", WG_PRI(ask->base), id);
        write_link(b, "self", "application/json", own);
        write_link(b, "alternate", "text/html", wg_arena_fmt(ask->a, "%s?f=html", own.p));
    } else {
        write_links(ask, "application/json", false);
    }
    write_more_links(ask, id, b);
    wg_buf_lit(b, "]}");
}

static void collections_work(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    struct wg_box box = {0, 0, -1, -1}; /* of all of them */
    for (size_t i = 0; collection_at(i); i++)
        if (source_take(ask, collection_at(i)) && ask->source.count)
            box = box.west > box.east ? ask->source.box : box_joined(box, ask->source.box);
    wg_buf_char(b, '{');
    write_links(ask, "application/json", false);
    wg_buf_char(b, ']');
    write_crs_list(box, b);
    wg_json_key(b, "collections");
    wg_buf_char(b, '[');
    for (size_t i = 0; collection_at(i); i++) {
        if (!source_take(ask, collection_at(i)))
            continue;
        wg_json_sep(b);
        write_collection(ask, true);
    }
    wg_buf_lit(b, "]}");
    if (ask->form == FORM_HTML)
        html_page(ask, "图层");
}

void map_collections(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    if (ask)
        ask_run(ask, collections_work, 0);
}

static void collection_work(struct ask *ask)
{
    write_collection(ask, false);
    if (ask->form == FORM_HTML)
        html_page(ask, ask->source.collection->title);
}

void map_collection(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    if (!ask || !ask_collection(ask))
        return;
    ask_run(ask, collection_work, 0);
}

/* ---- schemas ---- */

static const char *const geometries[] = {"geometry-polygon-or-multipolygon", "geometry-point",
                                         "geometry-linestring-or-multilinestring"};

void write_field_type(enum field_type type, struct wg_buf *b)
{
    static const char *const types[] = {"string", "boolean", "integer", "number", "string", NULL};
    if (types[type])
        wg_json_kstr(b, "type", wg_str_of(types[type]));
}

static void write_time_role(const struct collection *c, struct wg_str key, struct wg_buf *b)
{
    bool begins = c->begins && wg_str_is(key, c->begins), ends = c->ends && wg_str_is(key, c->ends);
    if (!begins && !ends)
        return;
    wg_json_kstr(b, "format", WG_S("date-time"));
    wg_json_kstr(b, "x-ogc-role",
                 begins ? WG_S("primary-interval-start") : WG_S("primary-interval-end"));
}

static void write_fields(struct ask *ask, bool shape)
{
    const struct source *s = &ask->source;
    struct wg_buf *b = &ask->out;
    wg_json_key(b, "properties");
    wg_buf_char(b, '{');
    if (shape)
        wg_buf_fmt(b, "\"geometry\":{\"format\":\"%s\",\"x-ogc-role\":\"primary-geometry\"}",
                   geometries[s->shape < 0 ? WG_AREAS : s->shape]);
    wg_json_key(b, "id");
    wg_buf_lit(b,
               "{\"type\":\"string\",\"title\":\"编码\",\"x-ogc-role\":\"id\",\"readOnly\":true}");
    for (size_t k = 0; k < s->fields; k++) {
        wg_json_sep(b);
        wg_buf_fmt(b, "\"%.*s\":{", WG_PRI(s->field[k].key));
        write_field_type(s->field[k].type, b);
        write_time_role(s->collection, s->field[k].key, b);
        wg_json_kint(b, "x-ogc-propertySeq", (int64_t)k + 1);
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, '}');
}

static void schema_work(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    bool sortables = wg_str_is(ask->id, "sortables");
    if (!source_open(ask))
        return;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "$schema", WG_S("https://json-schema.org/draft/2020-12/schema"));
    wg_json_kstr(b, "$id",
                 wg_arena_fmt(ask->a, "%.*s/collections/%s/%s", WG_PRI(ask->base),
                              ask->source.collection->id, ask->id.p));
    wg_json_kstr(b, "type", WG_S("object"));
    wg_json_kstr(b, "title", wg_str_of(ask->source.collection->title));
    wg_json_kbool(b, "additionalProperties", false);
    write_fields(ask, !sortables);
    wg_buf_char(b, '}');
    ask->type = "application/schema+json";
    if (ask->form == FORM_HTML)
        html_page(ask, ask->source.collection->title);
}

static void schema(struct wg_req *req, void *self, struct wg_str which)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    if (!ask || !ask_collection(ask))
        return;
    ask->id = which;
    ask_run(ask, schema_work, NEEDS_TABLES);
}

void map_queryables(struct wg_req *req, void *self)
{
    schema(req, self, WG_S("queryables"));
}

void map_sortables(struct wg_req *req, void *self)
{
    schema(req, self, WG_S("sortables"));
}

void map_schema(struct wg_req *req, void *self)
{
    schema(req, self, WG_S("schema"));
}
