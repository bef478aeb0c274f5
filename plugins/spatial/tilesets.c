/* What is said of tiles: matrix sets, tilesets, TileJSON. */
#include "tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OGC "http://www.opengis.net/"
#define MVT "application/vnd.mapbox-vector-tile"

/* ---- matrix sets ---- */

static const struct matrix_set sets[] = {
    {"WebMercatorQuad",
     "Web 墨卡托",
     OGC "def/tilematrixset/OGC/1.0/WebMercatorQuad",
     OGC "def/crs/EPSG/0/3857",
     true,
     1,
     {-20037508.3427892, 20037508.3427892},
     156543.033928041,
     559082264.028717},
    {"CGCS2000Quad",
     "CGCS2000 经纬度（天地图 c）",
     NULL,
     OGC "def/crs/EPSG/0/4490",
     false,
     2,
     {90, -180},
     0.703125,
     279541132.0143589},
    {"WorldCRS84Quad",
     "CRS84 经纬度",
     OGC "def/tilematrixset/OGC/1.0/WorldCRS84Quad",
     OGC "def/crs/OGC/1.3/CRS84",
     false,
     2,
     {-180, 90},
     0.703125,
     279541132.0143589},
};

const struct matrix_set *matrix_at(size_t i)
{
    return i < sizeof(sets) / sizeof(sets[0]) ? &sets[i] : NULL;
}

const struct matrix_set *matrix_find(struct wg_str id)
{
    for (size_t i = 0; matrix_at(i); i++)
        if (wg_str_is(id, sets[i].id))
            return &sets[i];
    return NULL;
}

/* As short as it comes back the same. */
static void write_fixed(struct wg_buf *b, double v)
{
    char text[32];
    int digits = 15;
    do
        snprintf(text, sizeof(text), "%.*g", digits, v);
    while (strtod(text, NULL) != v && digits++ < 17);
    wg_buf_str_add(b, wg_str_of(text));
}

static void write_set(struct ask *ask, const struct matrix_set *m)
{
    struct wg_buf *b = &ask->out;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(m->id));
    wg_json_kstr(b, "title", wg_str_of(m->title));
    if (m->uri)
        wg_json_kstr(b, "uri", wg_str_of(m->uri));
    wg_json_kstr(b, "crs", wg_str_of(m->crs));
    wg_json_key(b, "orderedAxes");
    wg_buf_str_add(b, m->mercator        ? WG_S("[\"X\",\"Y\"]")
                      : m->origin[0] > 0 ? WG_S("[\"Lat\",\"Lon\"]")
                                         : WG_S("[\"Lon\",\"Lat\"]"));
    if (m->uri)
        wg_json_kstr(b, "wellKnownScaleSet",
                     m->mercator ? WG_S(OGC "def/wkss/OGC/1.0/GoogleMapsCompatible")
                                 : WG_S(OGC "def/wkss/OGC/1.0/GoogleCRS84Quad"));
    wg_json_key(b, "tileMatrices");
    wg_buf_char(b, '[');
    for (int z = 0; z <= TILE_ZOOM_MAX; z++) {
        wg_json_sep(b);
        wg_buf_fmt(b, "{\"id\":\"%d\",\"scaleDenominator\":", z);
        write_fixed(b, ldexp(m->scale, -z));
        wg_buf_lit(b, ",\"cellSize\":");
        write_fixed(b, ldexp(m->cell, -z));
        wg_buf_lit(b, ",\"cornerOfOrigin\":\"topLeft\",\"pointOfOrigin\":[");
        write_fixed(b, m->origin[0]);
        wg_buf_char(b, ',');
        write_fixed(b, m->origin[1]);
        wg_buf_fmt(
            b, "],\"tileWidth\":256,\"tileHeight\":256,\"matrixWidth\":%lld,\"matrixHeight\":%lld}",
            (long long)m->wide << z, 1ll << z);
    }
    wg_buf_lit(b, "]}");
}

static const char *const none[] = {NULL};

void map_matrix_sets(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    struct wg_buf *b;
    if (!ask)
        return;
    b = &ask->out;
    wg_buf_lit(b, "{\"tileMatrixSets\":[");
    for (size_t i = 0; matrix_at(i); i++) {
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "id", wg_str_of(sets[i].id));
        wg_json_kstr(b, "title", wg_str_of(sets[i].title));
        if (sets[i].uri)
            wg_json_kstr(b, "uri", wg_str_of(sets[i].uri));
        wg_json_kstr(b, "crs", wg_str_of(sets[i].crs));
        wg_json_key(b, "links");
        wg_buf_char(b, '[');
        write_link(b, "self", "application/json",
                   wg_arena_fmt(ask->a, "%.*s/tileMatrixSets/%s", WG_PRI(ask->base), sets[i].id));
        wg_buf_lit(b, "]}");
    }
    wg_buf_char(b, ']');
    write_links(ask, "application/json", false);
    wg_buf_lit(b, "]}");
    ask_finish(ask, "瓦片方案");
}

void map_matrix_set(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    const struct matrix_set *m = ask ? matrix_find(wg_req_param(req, "set")) : NULL;
    if (ask && !m)
        ask_missing(ask, "there is no such tile matrix set");
    if (!m)
        return;
    write_set(ask, m);
    ask_finish(ask, m->title);
}

/* ---- tilesets ---- */

/* "…/collections/parts/tiles", or "…/tiles" of all. */
static struct wg_str tiles_path(struct ask *ask)
{
    const struct collection *c = ask->source.collection;
    return c ? wg_arena_fmt(ask->a, "%.*s/collections/%s/tiles", WG_PRI(ask->base), c->id)
             : wg_arena_fmt(ask->a, "%.*s/tiles", WG_PRI(ask->base));
}

static void write_tileset(struct ask *ask, const struct matrix_set *m)
{
    struct wg_buf *b = &ask->out;
    wg_json_kstr(b, "title",
                 wg_str_of(ask->source.collection ? ask->source.collection->title : "全部图层"));
    wg_json_kstr(b, "dataType", WG_S("vector"));
    wg_json_kstr(b, "crs", wg_str_of(m->crs));
    if (m->uri)
        wg_json_kstr(b, "tileMatrixSetURI", wg_str_of(m->uri));
}

static void write_tileset_links(struct ask *ask, const struct matrix_set *m)
{
    struct wg_str path = tiles_path(ask);
    write_link(&ask->out, OGC "def/rel/ogc/1.0/tiling-scheme", "application/json",
               wg_arena_fmt(ask->a, "%.*s/tileMatrixSets/%s", WG_PRI(ask->base), m->id));
    wg_json_sep(&ask->out);
    wg_buf_fmt(&ask->out,
               "{\"rel\":\"item\",\"type\":\"" MVT "\",\"templated\":true,\"href\":\"%.*s/%s/"
               "{tileMatrix}/{tileRow}/{tileCol}\"}",
               WG_PRI(path), m->id);
}

static void list_tilesets(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    wg_buf_char(b, '{');
    write_links(ask, "application/json", false);
    wg_buf_char(b, ']');
    wg_json_key(b, "tilesets");
    wg_buf_char(b, '[');
    for (size_t i = 0; matrix_at(i); i++) {
        wg_json_sep(b);
        wg_buf_char(b, '{');
        write_tileset(ask, &sets[i]);
        wg_json_key(b, "links");
        wg_buf_char(b, '[');
        write_link(b, "self", "application/json",
                   wg_arena_fmt(ask->a, "%.*s/%s", WG_PRI(tiles_path(ask)), sets[i].id));
        write_tileset_links(ask, &sets[i]);
        wg_buf_lit(b, "]}");
    }
    wg_buf_lit(b, "]}");
    ask_finish(ask, "瓦片");
}

void map_tilesets(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    if (ask && (!wg_req_param(req, "collection").n || ask_collection(ask)))
        list_tilesets(ask);
}

static void write_layer(struct ask *ask)
{
    const struct source *s = &ask->source;
    struct wg_buf *b = &ask->out;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(s->collection->id));
    wg_json_kstr(b, "title", wg_str_of(s->collection->title));
    wg_json_kstr(b, "dataType", WG_S("vector"));
    wg_json_kint(b, "geometryDimension", s->shape == WG_POINTS ? 0 : s->shape == WG_LINES ? 1 : 2);
    wg_buf_fmt(b, ",\"minTileMatrix\":\"%d\",\"maxTileMatrix\":\"%d\"",
               tile_first_zoom(s->collection), TILE_ZOOM_MADE);
    wg_json_key(b, "propertiesSchema");
    wg_buf_lit(b, "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"}");
    for (size_t k = 0; k < s->fields; k++) {
        wg_buf_fmt(b, ",\"%.*s\":{", WG_PRI(s->field[k].key));
        write_field_type(s->field[k].type, b);
        wg_buf_char(b, '}');
    }
    wg_buf_lit(b, "}}}");
}

static void write_corner(struct wg_buf *b, const char *key, int32_t lon, int32_t lat)
{
    wg_json_key(b, key);
    wg_buf_char(b, '[');
    wg_buf_fixed(b, lon, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, lat, 7);
    wg_buf_char(b, ']');
}

static void write_limits(struct wg_buf *b, const struct matrix_set *m, struct wg_box box)
{
    wg_json_key(b, "tileMatrixSetLimits");
    wg_buf_char(b, '[');
    for (int z = 0; z <= TILE_ZOOM_MADE; z++) {
        struct tile t = {m, z, 0, 0};
        double x0, y0, x1, y1;
        tile_place(&t, (struct wg_point){box.west, box.north}, &x0, &y0);
        tile_place(&t, (struct wg_point){box.east, box.south}, &x1, &y1);
        wg_json_sep(b);
        wg_buf_fmt(b,
                   "{\"tileMatrix\":\"%d\",\"minTileRow\":%.0f,\"maxTileRow\":%.0f,\"minTileCol\":%"
                   ".0f,\"maxTileCol\":%.0f}",
                   z, floor(y0 / TILE_EXTENT), floor(y1 / TILE_EXTENT), floor(x0 / TILE_EXTENT),
                   floor(x1 / TILE_EXTENT));
    }
    wg_buf_char(b, ']');
}

static void tileset_work(struct ask *ask)
{
    const struct matrix_set *m = matrix_find(ask->id);
    struct wg_buf *b = &ask->out;
    wg_buf_char(b, '{');
    write_tileset(ask, m);
    wg_json_key(b, "layers");
    wg_buf_char(b, '[');
    struct wg_box box = tile_sources(ask, write_layer);
    wg_buf_char(b, ']');
    wg_json_key(b, "boundingBox");
    wg_buf_char(b, '{');
    write_corner(b, "lowerLeft", box.west, box.south);
    write_corner(b, "upperRight", box.east, box.north);
    wg_json_kstr(b, "crs", wg_str_of(crs_at(NULL, 0)->uri));
    wg_buf_char(b, '}');
    write_limits(b, m, box);
    write_links(ask, "application/json", false);
    write_tileset_links(ask, m);
    wg_buf_lit(b, "]}");
    if (ask->form == FORM_HTML && ask->status == 200)
        html_page(ask, "瓦片");
}

void map_tileset(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    if (!ask || (wg_req_param(req, "collection").n && !ask_collection(ask)))
        return;
    ask->id = wg_req_param(req, "set");
    if (matrix_find(ask->id))
        ask_run(ask, tileset_work, NEEDS_TABLES);
    else
        ask_missing(ask, "there is no such tile matrix set");
}

/* ---- TileJSON 3 ---- */

static void write_vector_layer(struct ask *ask)
{
    static const char *const types[] = {"String", "Boolean", "Number",
                                        "Number", "String",  "String"};
    const struct source *s = &ask->source;
    struct wg_buf *b = &ask->out;
    ask->tile.mark = (ask->tile.mark ^ s->mark) * 0x100000001b3u + 1;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(s->collection->id));
    wg_json_kstr(b, "description", wg_str_of(s->collection->title));
    wg_json_kint(b, "minzoom", tile_first_zoom(s->collection));
    wg_json_kint(b, "maxzoom", TILE_ZOOM_MADE);
    wg_json_key(b, "fields");
    wg_buf_lit(b, "{\"id\":\"String\"");
    for (size_t k = 0; k < s->fields; k++)
        wg_buf_fmt(b, ",\"%.*s\":\"%s\"", WG_PRI(s->field[k].key), types[s->field[k].type]);
    if (s->shape == WG_POINTS)
        wg_buf_lit(b, ",\"point_count\":\"Number\"");
    wg_buf_lit(b, "}}");
}

static void tilejson_work(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    struct wg_str of = ask->source.collection
                           ? wg_arena_fmt(ask->a, "/collections/%s", ask->source.collection->id)
                           : WG_S("");
    wg_buf_lit(b, "{\"tilejson\":\"3.0.0\"");
    wg_json_kstr(b, "name", wg_arena_fmt(ask->a, "网格 %s", ask->self->area));
    wg_buf_fmt(b, ",\"scheme\":\"xyz\",\"minzoom\":0,\"maxzoom\":%d", TILE_ZOOM_MADE);
    wg_json_key(b, "vector_layers");
    wg_buf_char(b, '[');
    struct wg_box box = tile_sources(ask, write_vector_layer);
    wg_buf_fmt(b, "],\"tiles\":[\"%.*s%.*s/xyz/{z}/{x}/{y}.pbf?v=%016llx\"]", WG_PRI(ask->base),
               WG_PRI(of), (unsigned long long)ask->tile.mark);
    wg_json_key(b, "bounds");
    const int32_t corner[] = {box.west, box.south, box.east, box.north};
    for (int k = 0; k < 4; k++) {
        wg_buf_char(b, k ? ',' : '[');
        wg_buf_fixed(b, corner[k], 7);
    }
    wg_buf_lit(b, "],\"center\":[");
    wg_buf_fixed(b, ((int64_t)box.west + box.east) / 2, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, ((int64_t)box.south + box.north) / 2, 7);
    wg_buf_lit(b, ",10]}");
}

void map_tilejson(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    if (ask && (!wg_req_param(req, "collection").n || ask_collection(ask)))
        ask_run(ask, tilejson_work, NEEDS_TABLES);
}
