/* Tiles: which there are, what is said of them, and each one made once. What was made is kept under
 * the mark of its data, so that an edition in force makes all earlier ones unreachable; who asks
 * for a tile that is being made waits for that one. All of it is the loop's but the making. */
#include "tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OGC "http://www.opengis.net/"
#define MVT "application/vnd.mapbox-vector-tile"
#define KEPT_BYTES ((size_t)64 << 20)
#define BUCKETS 8192

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

/* From which zoom a collection is drawn: earlier it would be a blot. */
static int first_zoom(const struct collection *c)
{
    static const struct {
        const char *id;
        int zoom;
    } from[] = {{"counties", 0}, {"streets", 7}, {"communities", 9}, {"duties", 9}, {"grids", 11}};
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
        if (wg_str_is(wg_str_of(c->id), from[i].id))
            return from[i].zoom;
    return 0; /* points are counted */
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

static void finish(struct ask *ask, const char *title)
{
    if (ask->form == FORM_HTML)
        html_page(ask, title);
    ask_done(ask);
}

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
    finish(ask, "瓦片方案");
}

static void not_there(struct ask *ask, const char *what)
{
    ask->status = 404;
    snprintf(ask->err.text, sizeof(ask->err.text), "%s", what);
    ask_done(ask);
}

void map_matrix_set(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    const struct matrix_set *m = ask ? matrix_find(wg_req_param(req, "set")) : NULL;
    if (ask && !m)
        not_there(ask, "there is no such tile matrix set");
    if (!m)
        return;
    write_set(ask, m);
    finish(ask, m->title);
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
    finish(ask, "瓦片");
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
    wg_buf_fmt(b, ",\"minTileMatrix\":\"%d\",\"maxTileMatrix\":\"%d\"", first_zoom(s->collection),
               TILE_ZOOM_MADE);
    wg_json_key(b, "propertiesSchema");
    wg_buf_lit(b, "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"}");
    for (size_t k = 0; k < s->fields; k++) {
        wg_buf_fmt(b, ",\"%.*s\":{", WG_PRI(s->field[k].key));
        write_field_type(s->field[k].type, b);
        wg_buf_char(b, '}');
    }
    wg_buf_lit(b, "}}}");
}

/* Each collection that the ask is about: its own, or all; write is called with the source open. */
static struct wg_box each_source(struct ask *ask, void (*write)(struct ask *ask))
{
    const struct collection *only = ask->source.collection;
    struct wg_box box = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
    for (size_t i = 0; ask->status == 200 && collection_at(i); i++) {
        if ((only && collection_at(i) != only) || ask->tile.but >> i & 1 ||
            !source_take(ask, collection_at(i)) || !source_open(ask))
            continue;
        box = box_joined(box, ask->source.box);
        if (write)
            write(ask);
    }
    ask->source.collection = only;
    return box.west > box.east ? (struct wg_box){0} : box;
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
    struct wg_box box = each_source(ask, write_layer);
    wg_buf_char(b, ']');
    wg_json_key(b, "boundingBox");
    wg_buf_char(b, '{');
    write_corner(b, "lowerLeft", box.west, box.south);
    write_corner(b, "upperRight", box.east, box.north);
    wg_json_kstr(b, "crs", wg_str_of(crs_at(0)->uri));
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
        ask_run(ask, tileset_work);
    else
        not_there(ask, "there is no such tile matrix set");
}

/* ---- TileJSON 3 ---- */

static void write_vector_layer(struct ask *ask)
{
    static const char *const types[] = {"String", "Boolean", "Number",
                                        "Number", "String",  "String"};
    const struct source *s = &ask->source;
    struct wg_buf *b = &ask->out;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(s->collection->id));
    wg_json_kstr(b, "description", wg_str_of(s->collection->title));
    wg_json_kint(b, "minzoom", first_zoom(s->collection));
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
    wg_buf_fmt(b,
               ",\"scheme\":\"xyz\",\"minzoom\":0,\"maxzoom\":%d,\"tiles\":[\"%.*s%.*s/xyz/{z}/{x}/"
               "{y}.pbf\"]",
               TILE_ZOOM_MADE, WG_PRI(ask->base), WG_PRI(of));
    wg_json_key(b, "vector_layers");
    wg_buf_char(b, '[');
    struct wg_box box = each_source(ask, write_vector_layer);
    wg_buf_char(b, ']');
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
        ask_run(ask, tilejson_work);
}

/* ---- what was made ---- */

struct key {
    uint64_t mark; /* of the data, and which of them */
    const struct matrix_set *set;
    uint32_t z, x, y;
};
struct made {
    struct made *next, *older, *newer;
    struct key key;
    char area[8];
    struct wg_buf bytes;
    struct ask *waiting; /* while it is being made: those who want it */
    bool ready;
};

static struct {
    struct made *bucket[BUCKETS], *newest, *oldest;
    size_t bytes;
} kept;

static size_t bucket_of(const struct key *k)
{
    uint64_t h = k->mark ^ (uint64_t)(uintptr_t)k->set;
    h = (h ^ k->z) * 0xff51afd7ed558ccdu;
    h = (h ^ ((uint64_t)k->x << 32 | k->y)) * 0xc4ceb9fe1a85ec53u;
    return (h ^ h >> 33) % BUCKETS;
}

static struct made *find_made(const struct key *k)
{
    struct made *m = kept.bucket[bucket_of(k)];
    while (m && (m->key.mark != k->mark || m->key.set != k->set || m->key.z != k->z ||
                 m->key.x != k->x || m->key.y != k->y))
        m = m->next;
    return m;
}

static void unlink_age(struct made *m)
{
    if (m->newer)
        m->newer->older = m->older;
    else if (kept.newest == m)
        kept.newest = m->older;
    if (m->older)
        m->older->newer = m->newer;
    else if (kept.oldest == m)
        kept.oldest = m->newer;
    m->older = m->newer = NULL;
}

static void to_front(struct made *m)
{
    unlink_age(m);
    m->older = kept.newest;
    if (kept.newest)
        kept.newest->newer = m;
    kept.newest = m;
    if (!kept.oldest)
        kept.oldest = m;
}

static void forget(struct made *m)
{
    struct made **at = &kept.bucket[bucket_of(&m->key)];
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    unlink_age(m);
    kept.bytes -= m->bytes.cap + sizeof(*m);
    wg_buf_free(&m->bytes);
    free(m);
}

static struct made *add_made(const struct key *k)
{
    struct made *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->key = *k;
    m->next = kept.bucket[bucket_of(k)];
    kept.bucket[bucket_of(k)] = m;
    kept.bytes += sizeof(*m);
    return m;
}

void tiles_free(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct made *m = kept.bucket[i], *next; m; m = next) {
            next = m->next;
            if (m->ready)
                forget(m);
        }
}

/* ---- a tile ---- */

static void answer_tile(struct ask *ask, const struct made *m)
{
    struct wg_str body = wg_buf_str(&m->bytes);
    wg_reply_header(ask->req, "Access-Control-Allow-Origin", WG_S("*"));
    wg_reply_header(ask->req, "Cache-Control",
                    WG_S("public, max-age=60, stale-while-revalidate=600"));
    source_close(&ask->source);
    if (!body.n)
        wg_reply_empty(ask->req, 204);
    else
        wg_reply(ask->req, 200, MVT, body);
}

static void write_tile_layer(struct ask *ask)
{
    if (ask->tile.z >= first_zoom(ask->source.collection))
        mvt_layer(&ask->source,
                  &(struct tile){ask->tile.set, ask->tile.z, ask->tile.x, ask->tile.y}, &ask->out);
}

static void tile_work(struct ask *ask)
{
    each_source(ask, write_tile_layer);
}

static void tile_done(struct ask *first)
{
    struct made *m = first->tile.made;
    bool good = first->status == 200 && wg_buf_ok(&first->out);
    m->bytes = first->out;
    first->out = (struct wg_buf)WG_BUF_INIT;
    kept.bytes += m->bytes.cap;
    for (struct ask *ask = m->waiting, *next; ask; ask = next) {
        next = ask->tile.next;
        if (good) {
            answer_tile(ask, m);
        } else {
            ask->status = 503;
            ask_done(ask);
        }
    }
    m->waiting = NULL;
    m->ready = true;
    if (!good) {
        forget(m);
        return;
    }
    to_front(m);
    while (kept.bytes > KEPT_BYTES && kept.oldest != m)
        forget(kept.oldest);
}

/* All that goes into a tile: which layers, of what editions. */
static uint64_t mark_of(struct ask *ask)
{
    const struct collection *only = ask->source.collection;
    uint64_t mark = 0x9e3779b97f4a7c15u;
    if (only)
        return ask->source.mark ^ (uint64_t)(uintptr_t)only;
    for (size_t i = 0; collection_at(i); i++)
        if (!(ask->tile.but >> i & 1) && source_take(ask, collection_at(i)))
            mark = (mark ^ ask->source.mark) * 0x100000001b3u + i;
    source_close(&ask->source);
    ask->source.collection = NULL;
    return mark;
}

static bool read_number(struct wg_str s, int64_t most, int64_t *out)
{
    return wg_str_int(s, out) == WG_OK && *out >= 0 && *out <= most;
}

static void serve_tile(struct ask *ask)
{
    struct key k = {mark_of(ask), ask->tile.set, (uint32_t)ask->tile.z, ask->tile.x, ask->tile.y};
    struct made *m = find_made(&k);
    struct wg_str had = wg_req_header(ask->req, "if-none-match");
    struct wg_str tag = wg_arena_fmt(ask->a, "\"%016llx-%s-%u-%u-%u\"", (unsigned long long)k.mark,
                                     k.set->id, k.z, k.x, k.y);
    wg_reply_header(ask->req, "ETag", tag);
    if (had.p && tag.p && memmem(had.p, had.n, tag.p, tag.n)) {
        ask->status = 304;
        ask_done(ask);
        return;
    }
    if (m && m->ready) {
        to_front(m);
        answer_tile(ask, m);
        return;
    }
    bool first = !m;
    if (first && !(m = add_made(&k))) {
        ask->status = 503;
        ask_done(ask);
        return;
    }
    ask->tile.made = m;
    ask->tile.next = m->waiting;
    m->waiting = ask;
    ask->done = tile_done;
    if (first)
        ask_run(ask, tile_work);
}

/* z, row and column; false: answered. */
static bool read_tile(struct ask *ask, struct wg_str set, struct wg_str z, struct wg_str x,
                      struct wg_str y)
{
    int64_t v[3];
    const struct matrix_set *m = matrix_find(set);
    bool numbers = wg_str_int(z, &v[0]) == WG_OK && wg_str_int(x, &v[1]) == WG_OK &&
                   wg_str_int(y, &v[2]) == WG_OK;
    if (!m) {
        not_there(ask, "there is no such tile matrix set");
        return false;
    }
    if (!numbers) {
        ask_bad(ask, "", "a tile is named by three whole numbers");
        ask_done(ask);
        return false;
    }
    if (!read_number(z, TILE_ZOOM_MAX, &v[0]) ||
        !read_number(x, ((int64_t)m->wide << v[0]) - 1, &v[1]) ||
        !read_number(y, (1ll << v[0]) - 1, &v[2])) {
        not_there(ask, "the tile lies outside of the matrix");
        return false;
    }
    ask->tile.set = m;
    ask->tile.z = (int)v[0];
    ask->tile.x = (uint32_t)v[1];
    ask->tile.y = (uint32_t)v[2];
    return true;
}

/* "collections=grids,parts": the others are left out. */
static bool read_collections(struct ask *ask)
{
    struct wg_str list = wg_req_query(ask->req, "collections");
    if (!list.p)
        return true;
    ask->tile.but = ~0u;
    for (const char *p = list.p, *end = list.p + list.n; p <= end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct wg_str id = {p, (size_t)((comma ? comma : end) - p)};
        size_t i = 0;
        while (collection_at(i) && !wg_str_is(id, collection_at(i)->id))
            i++;
        if (!collection_at(i)) {
            ask_bad(ask, "collections", "collections is a list of collections' ids");
            ask_done(ask);
            return false;
        }
        ask->tile.but &= ~(1u << i);
        p = (comma ? comma : end) + 1;
    }
    return true;
}

void map_tile(struct wg_req *req, void *self)
{
    static const char *const known[] = {"collections", NULL};
    struct ask *ask = ask_new(req, self, known);
    if (!ask || (wg_req_param(req, "collection").n && !ask_collection(ask)))
        return;
    if (read_collections(ask) && read_tile(ask, wg_req_param(req, "set"), wg_req_param(req, "z"),
                                           wg_req_param(req, "col"), wg_req_param(req, "row")))
        serve_tile(ask);
}

void map_xyz(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, (const char *const[]){"v", NULL});
    struct wg_str y = wg_req_param(req, "y");
    if (!ask || (wg_req_param(req, "collection").n && !ask_collection(ask)))
        return;
    for (size_t k = 0; k < 2; k++) {
        const char *end = k ? ".mvt" : ".pbf";
        if (y.n > 4 && memcmp(y.p + y.n - 4, end, 4) == 0)
            y.n -= 4;
    }
    if (read_tile(ask, WG_S("WebMercatorQuad"), wg_req_param(req, "z"), wg_req_param(req, "x"), y))
        serve_tile(ask);
}
