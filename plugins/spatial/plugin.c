/* The table. */
#include "spatial.h"

#include <stdlib.h>

#define PATIENCE_MS 5000

static size_t counties; /* that have it open */

static int spatial_open(struct wg_county *county, struct wg_str config, void **self,
                        struct wg_err *err)
{
    struct spatial *s = calloc(1, sizeof(*s));
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j = NULL;
    int rc = s && a ? wg_json_parse(a, config, &j, err) : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK) {
        s->patience_ms = wg_json_int(j, "patience_ms", PATIENCE_MS);
        rc = web_open(wg_json_str(j, "web"), err);
    }
    wg_arena_free(a);
    if (rc < 0) {
        free(s);
        return rc;
    }
    s->county = county;
    wg_str_copy(s->area, sizeof(s->area), wg_str_of(wg_county_area(county)));
    *self = s;
    counties++;
    return WG_OK;
}

/* What is kept for all counties goes with the last of them, and with any: it is made again. */
static void spatial_close(void *self)
{
    free(self);
    snapshots_free();
    streets_free();
    kept_free_all();
    tiles_free();
    web_close();
    if (--counties == 0) /* systems are borrowed by whatever is being answered */
        crs_free_all();
}

/* What may be about cases waits for them first. */
#define LIVE(handler)                                          \
    static void handler##_live(struct wg_req *req, void *self) \
    {                                                          \
        live_first(req, self, handler);                        \
    }
#define NARROWED(handler)                                          \
    static void handler##_narrowed(struct wg_req *req, void *self) \
    {                                                              \
        streets_first(req, self, handler);                         \
    }
NARROWED(map_landing)
NARROWED(map_styles)
NARROWED(map_style)
NARROWED(map_geocode)
LIVE(map_collections)
LIVE(map_collection)
LIVE(map_queryables)
LIVE(map_sortables)
LIVE(map_schema)
LIVE(map_items)
LIVE(map_item)
LIVE(map_wfs)
LIVE(map_api)
LIVE(map_tilesets)
LIVE(map_tileset)
LIVE(map_tile)
LIVE(map_tilejson)
LIVE(map_xyz)

#define C "/collections/{collection}"
static const struct wg_route pages[] = {
    {"GET", "", map_landing_narrowed, "地图服务首页 (OGC API – Features)"},
    {"GET", "/{rest*}", map_landing_narrowed, "地图服务首页"},
    {"GET", "/api", map_api_live, "地图服务的接口说明 (OpenAPI 3.0)"},
    {"GET", "/conformance", map_conformance, "符合的标准"},
    {"GET", "/collections", map_collections_live, "图层"},
    {"GET", C, map_collection_live, "一个图层"},
    {"GET", C "/queryables", map_queryables_live, "图层可查询的属性"},
    {"GET", C "/sortables", map_sortables_live, "图层可排序的属性"},
    {"GET", C "/schema", map_schema_live, "图层的属性"},
    {"GET", C "/items", map_items_live, "图层的要素"},
    {"GET", C "/items/{feature}", map_item_live, "一个要素"},
    {"POST", C "/items", map_change, "新增一个要素"},
    {"PUT", C "/items/{feature}", map_change, "替换一个要素"},
    {"PATCH", C "/items/{feature}", map_change, "修改一个要素"},
    {"DELETE", C "/items/{feature}", map_change, "删除一个要素"},
    {"OPTIONS", C "/items", map_items_options, "可以做什么"},
    {"OPTIONS", C "/items/{feature}", map_item_options, "可以做什么"},
    {"GET", "/wfs", map_wfs_live, "WFS 2.0"},
    {"GET", "/tileMatrixSets", map_matrix_sets, "瓦片方案"},
    {"GET", "/tileMatrixSets/{set}", map_matrix_set, "一个瓦片方案"},
    {"GET", "/tiles", map_tilesets_live, "全部图层的瓦片集"},
    {"GET", "/tiles/{set}", map_tileset_live, "全部图层的一个瓦片集"},
    {"GET", "/tiles/{set}/{z}/{row}/{col}", map_tile_live, "全部图层的瓦片 (MVT)"},
    {"GET", C "/tiles", map_tilesets_live, "图层的瓦片集"},
    {"GET", C "/tiles/{set}", map_tileset_live, "图层的一个瓦片集"},
    {"GET", C "/tiles/{set}/{z}/{row}/{col}", map_tile_live, "图层的瓦片 (MVT)"},
    {"GET", "/tilejson", map_tilejson_live, "TileJSON 3"},
    {"GET", "/xyz/{z}/{x}/{y}", map_xyz_live, "瓦片，按 z/x/y"},
    {"GET", C "/tilejson", map_tilejson_live, "图层的 TileJSON 3"},
    {"GET", C "/xyz/{z}/{x}/{y}", map_xyz_live, "图层的瓦片，按 z/x/y"},
    {"GET", "/styles", map_styles_narrowed, "地图样式"},
    {"GET", "/styles/{style}", map_style_narrowed, "一个地图样式 (MapLibre)"},
    {"GET", "/web/{file}", map_web, "网页地图的脚本、样式、符号"},
    {"GET", "/login", map_login, "浏览器登录 (HTTP Basic)"},
    {0},
};

static const struct wg_route routes[] = {
    {"GET", "/geocode", map_geocode_narrowed, "地名、门楼牌找位置；位置找地名"},
    {0},
};

WG_PLUGIN(spatial) = {
    .abi = WG_ABI,
    .name = "spatial",
    .brief = "GIS service: OGC API, tiles, geocoding",
    .open = spatial_open,
    .close = spatial_close,
    .routes = routes,
    .root = "/ogc/{area}",
    .pages = pages,
};
