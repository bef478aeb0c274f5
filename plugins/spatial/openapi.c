/* OpenAPI 3.0 of what this county serves. Clients learn from it: QGIS its page size (only from
 * components.parameters.limit), GDAL which properties it may ask for by name (only from the path of
 * the collection itself). */
#include "spatial.h"

#include <stdio.h>

#define QUERY "\"in\":\"query\",\"required\":false,\"style\":\"form\",\"explode\":false,\"schema\":"

static void write_parameters(struct wg_buf *b)
{
    static const char *const path[] = {"featureId", "tileMatrixSetId", "tileMatrix",
                                       "tileRow",   "tileCol",         "styleId"};
    wg_buf_fmt(b,
               "\"limit\":{\"name\":\"limit\"," QUERY
               "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d}},",
               LIMIT_MAX, LIMIT_DEFAULT);
    wg_buf_lit(
        b,
        "\"offset\":{\"name\":\"offset\"," QUERY
        "{\"type\":\"integer\",\"minimum\":0,\"default\":0}},"
        "\"bbox\":{\"name\":\"bbox\"," QUERY
        "{\"type\":\"array\",\"minItems\":4,\"maxItems\":6,\"items\":{\"type\":\"number\"}}},"
        "\"datetime\":{\"name\":\"datetime\"," QUERY "{\"type\":\"string\"}},"
        "\"crs\":{\"name\":\"crs\",\"description\":\"One of the collection's crs list, or, for "
        "foreign maps, urn:x-wangge:crs:GCJ-02 or urn:x-wangge:crs:BD-09 (lon, lat)\"," QUERY
        "{\"type\":\"string\",\"format\":\"uri\"}},"
        "\"bbox-crs\":{\"name\":\"bbox-crs\"," QUERY "{\"type\":\"string\",\"format\":\"uri\"}},"
        "\"filter\":{\"name\":\"filter\"," QUERY "{\"type\":\"string\"}},"
        "\"filter-lang\":{\"name\":\"filter-lang\"," QUERY
        "{\"type\":\"string\",\"enum\":[\"cql2-text\",\"cql2-json\"],\"default\":\"cql2-text\"}},"
        "\"filter-crs\":{\"name\":\"filter-crs\"," QUERY
        "{\"type\":\"string\",\"format\":\"uri\"}},"
        "\"sortby\":{\"name\":\"sortby\"," QUERY
        "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\","
        "\"pattern\":\"[+|-]?[A-Za-z_].*\"}}},"
        "\"properties\":{\"name\":\"properties\"," QUERY
        "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
        "\"exclude-properties\":{\"name\":\"exclude-properties\"," QUERY
        "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
        "\"skipGeometry\":{\"name\":\"skipGeometry\"," QUERY "{\"type\":\"boolean\"}},"
        "\"after\":{\"name\":\"after\",\"description\":\"from a next link\"," QUERY
        "{\"type\":\"string\"}},"
        "\"f\":{\"name\":\"f\"," QUERY
        "{\"type\":\"string\",\"enum\":[\"json\",\"html\",\"csv\"]}},"
        "\"collections\":{\"name\":\"collections\"," QUERY
        "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}");
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
        wg_buf_fmt(b,
                   ",\"%s\":{\"name\":\"%s\",\"in\":\"path\",\"required\":true,\"schema\":{"
                   "\"type\":\"string\"}}",
                   path[i], path[i]);
}

static void begin_path(struct wg_buf *b, const char *collection, const char *path, const char *id,
                       const char *summary)
{
    char name[64] = "";
    if (collection)
        snprintf(name, sizeof(name), "/collections/%s", collection);
    wg_json_sep(b);
    bool whole = !collection || strchr(id, '.');
    wg_buf_fmt(b,
               "\"%s%s\":{\"get\":{\"operationId\":\"%s%s%s\",\"summary\":\"%s\",\"parameters\":[",
               name, path[0] || collection ? path : "/", id, whole ? "" : ".",
               whole ? "" : collection, summary);
}

#define PROBLEM                                                                           \
    "\"default\":{\"description\":\"problem\",\"content\":{\"application/problem+json\":" \
    "{\"schema\":{\"type\":\"object\"}}}}"

/* The path stays open, for other methods. */
static void end_get(struct wg_buf *b, const char *type)
{
    wg_buf_fmt(b,
               "],\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{\"%s\":{\"schema\":{"
               "\"type\":\"object\"}},\"text/html\":{\"schema\":{\"type\":\"string\"}}}}," PROBLEM
               "}}",
               type);
}

static void end_path(struct wg_buf *b, const char *type)
{
    end_get(b, type);
    wg_buf_char(b, '}');
}

/* What an editor may send; type NULL: nothing. */
static void write_edit(struct wg_buf *b, const char *method, const char *collection,
                       const char *type, int status, const char *summary)
{
    bool one = strcmp(method, "post") != 0;
    wg_buf_fmt(
        b,
        ",\"%s\":{\"operationId\":\"%sFeature.%s\",\"summary\":\"%s\",\"parameters\":[%s{\"name\":"
        "\"Content-Crs\",\"in\":\"header\",\"schema\":{\"type\":\"string\"}}",
        method, method, collection, summary,
        one ? "{\"$ref\":\"#/components/parameters/featureId\"},{\"name\":\"If-Match\",\"in\":"
              "\"header\",\"schema\":{\"type\":\"string\"}},"
            : "");
    wg_buf_lit(b, "]");
    if (type)
        wg_buf_fmt(b,
                   ",\"requestBody\":{\"required\":true,\"content\":{\"%s\":{\"schema\":{\"type\":"
                   "\"object\"}}}}",
                   type);
    wg_buf_fmt(b, ",\"responses\":{\"%d\":{\"description\":\"durable\"}," PROBLEM "}}", status);
}

static void write_ref(struct wg_buf *b, const char *name)
{
    wg_json_sep(b);
    wg_buf_fmt(b, "{\"$ref\":\"#/components/parameters/%s\"}", name);
}

static void write_plain(struct wg_buf *b, const char *collection, const char *path, const char *id,
                        const char *summary, const char *type)
{
    begin_path(b, collection, path, id, summary);
    write_ref(b, "f");
    end_path(b, type);
}

/* OGC API – Tiles names its operations by their ends: ".collection.vector.getTile". */
static void write_tile_paths(struct wg_buf *b, const char *collection)
{
    static const struct {
        const char *path, *id, *summary, *type;
        size_t parameters;
    } known[] = {{"/tiles", "getTileSetsList", "瓦片集", "application/json", 0},
                 {"/tiles/{tileMatrixSetId}", "getTileSet", "瓦片集", "application/json", 1},
                 {"/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}", "getTile", "瓦片",
                  "application/vnd.mapbox-vector-tile", 4}};
    static const char *const parameters[] = {"tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"};
    char id[96];
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        snprintf(id, sizeof(id), "%s.%s.vector.%s", collection ? collection : "map",
                 collection ? "collection" : "dataset", known[i].id);
        begin_path(b, collection, known[i].path, id, known[i].summary);
        for (size_t k = 0; k < known[i].parameters; k++)
            write_ref(b, parameters[k]);
        if (!collection && known[i].parameters == 4)
            write_ref(b, "collections");
        end_path(b, known[i].type);
    }
    write_plain(b, collection, "/tilejson", "getTileJSON", "TileJSON", "application/json");
}

static void write_collection_paths(struct ask *ask)
{
    static const char *const items[] = {
        "limit",        "offset",      "bbox",       "datetime", "crs",        "bbox-crs",
        "filter",       "filter-lang", "filter-crs", "sortby",   "properties", "exclude-properties",
        "skipGeometry", "after",       "f"};
    const struct source *s = &ask->source;
    const char *id = s->collection->id;
    struct wg_buf *b = &ask->out;
    write_plain(b, id, "", "getCollection", s->collection->title, "application/json");
    begin_path(b, id, "/items", "getFeatures", s->collection->title);
    for (size_t k = 0; k < sizeof(items) / sizeof(items[0]); k++)
        write_ref(b, items[k]);
    for (size_t k = 0; k < s->fields; k++) {
        wg_buf_fmt(b, ",{\"name\":\"%.*s\"," QUERY "{", WG_PRI(s->field[k].key));
        write_field_type(s->field[k].type, b);
        wg_buf_lit(b, "}}");
    }
    bool edits = may_edit(ask, s->collection);
    end_get(b, "application/geo+json");
    if (edits)
        write_edit(b, "post", id, "application/geo+json", 201, "新增");
    wg_buf_char(b, '}');
    begin_path(b, id, "/items/{featureId}", "getFeature", s->collection->title);
    write_ref(b, "featureId");
    write_ref(b, "crs");
    write_ref(b, "f");
    end_get(b, "application/geo+json");
    if (edits) {
        write_edit(b, "put", id, "application/geo+json", 204, "替换");
        write_edit(b, "patch", id, "application/merge-patch+json", 204, "修改");
        write_edit(b, "delete", id, NULL, 204, "删除");
    }
    wg_buf_char(b, '}');
    write_plain(b, id, "/queryables", "getQueryables", "可查询的属性", "application/schema+json");
    write_plain(b, id, "/sortables", "getSortables", "可排序的属性", "application/schema+json");
    write_plain(b, id, "/schema", "getSchema", "属性", "application/schema+json");
    write_tile_paths(b, id);
}

static void api_work(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    wg_buf_lit(b, "{\"openapi\":\"3.0.3\",\"info\":{\"version\":\"1\"");
    wg_json_kstr(b, "title", wg_arena_fmt(ask->a, "网格 %s", ask->self->area));
    wg_buf_lit(b, "},\"servers\":[{");
    wg_json_kstr(b, "url", ask->base);
    wg_buf_lit(b, "}],\"paths\":{");
    write_plain(b, NULL, "", "getLandingPage", "首页", "application/json");
    write_plain(b, NULL, "/conformance", "getConformance", "符合的标准", "application/json");
    write_plain(b, NULL, "/collections", "getCollections", "图层", "application/json");
    write_plain(b, NULL, "/tileMatrixSets", "getTileMatrixSetsList", "瓦片方案",
                "application/json");
    begin_path(b, NULL, "/tileMatrixSets/{tileMatrixSetId}", "getTileMatrixSet", "瓦片方案");
    write_ref(b, "tileMatrixSetId");
    end_path(b, "application/json");
    write_tile_paths(b, NULL);
    write_plain(b, NULL, "/styles", "getStyles", "地图样式", "application/json");
    begin_path(b, NULL, "/styles/{styleId}", "getStyle", "地图样式");
    write_ref(b, "styleId");
    end_path(b, "application/vnd.mapbox.style+json");
    for (size_t i = 0; collection_at(i) && ask->status == 200; i++)
        if (source_take(ask, collection_at(i)) && source_open(ask))
            write_collection_paths(ask);
    wg_buf_lit(b, "},\"components\":{\"parameters\":{");
    write_parameters(b);
    wg_buf_lit(b, "}}}");
    ask->type = "application/vnd.oai.openapi+json;version=3.0";
    if (ask->form == FORM_HTML)
        html_page(ask, "接口");
}

void map_api(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *ask = ask_new(req, self, none);
    if (ask)
        ask_run(ask, api_work, NEEDS_TABLES);
}
