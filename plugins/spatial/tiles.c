/* Tiles, each made once. What was made is kept under the mark of its data, so that an edition in
 * force makes all earlier ones unreachable; who asks for a tile that is being made waits for that
 * one. All of it is the loop's but the making. */
#include "tiles.h"

#include <stdlib.h>

#define MVT "application/vnd.mapbox-vector-tile"
#define KEPT_BYTES ((size_t)64 << 20)
#define BUCKETS 8192

/* ---- what goes into one ---- */

int tile_first_zoom(const struct collection *c)
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

struct wg_box tile_sources(struct ask *ask, void (*write)(struct ask *ask))
{
    const struct collection *only = ask->source.collection;
    struct wg_box none = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN}, box = none, home = none;
    for (size_t i = 0; ask->status == 200 && collection_at(i); i++) {
        if ((only && collection_at(i) != only) || ask->tile.but >> i & 1 ||
            !source_take(ask, collection_at(i)) || !source_open(ask))
            continue;
        home = box_joined(home, ask->source.box);
        if (ask->source.count)
            box = box_joined(box, ask->source.box);
        if (write)
            write(ask);
    }
    ask->source.collection = only;
    box = box.west > box.east ? home : box; /* of nothing: where it would lie */
    return box.west > box.east ? (struct wg_box){0} : box;
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
    /* What only some may see is not for a cache that others share. */
    bool anyone = !(ask->roles & SIGNED_IN);
    wg_reply_header(ask->req, "Cache-Control",
                    anyone ? WG_S("public, max-age=60, stale-while-revalidate=600")
                           : WG_S("private, max-age=60, stale-while-revalidate=600"));
    ask_end(ask);
    if (!body.n)
        wg_reply_empty(ask->req, 204);
    else
        wg_reply(ask->req, 200, MVT, body);
}

/* Of all that lies in the tile: an edit beside it leaves it as it is. */
#define MARK_FIRST 0x9e3779b97f4a7c15u
static uint64_t mark_with(uint64_t before, const struct ask *ask)
{
    const struct source *s = &ask->source;
    struct tile t = {ask->tile.set, ask->tile.z, ask->tile.x, ask->tile.y};
    struct wg_box box = tile_box(&t);
    uint64_t mark = (uint64_t)collection_index(s->collection) + 1;
    for (size_t k = 0; k < s->members; k++)
        mark = mark * 0x9e3779b97f4a7c15u + wg_layer_mark_in(s->member[k].layer, box) +
               rights_mark(&s->member[k].rights);
    return (before ^ mark) * 0x100000001b3u;
}

static void write_tile_layer(struct ask *ask)
{
    ask->tile.mark = mark_with(ask->tile.mark, ask);
    if (ask->tile.z >= tile_first_zoom(ask->source.collection))
        mvt_layer(&ask->source,
                  &(struct tile){ask->tile.set, ask->tile.z, ask->tile.x, ask->tile.y}, &ask->out);
}

static void tile_work(struct ask *ask)
{
    ask->tile.mark = MARK_FIRST;
    tile_sources(ask, write_tile_layer);
}

static void tile_done(struct ask *first)
{
    struct made *m = first->tile.made;
    bool good = first->status == 200 && wg_buf_ok(&first->out);
    uint64_t mark = first->tile.mark; /* it is gone once it is answered */
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
    if (mark != m->key.mark) { /* it is of data that came meanwhile */
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
    uint64_t mark = MARK_FIRST;
    if (ask->source.collection)
        return mark_with(mark, ask);
    for (size_t i = 0; collection_at(i); i++)
        if (!(ask->tile.but >> i & 1) && source_take(ask, collection_at(i)))
            mark = mark_with(mark, ask);
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
    struct wg_str tag = wg_arena_fmt(ask->a, "\"%016llx-%s-%u-%u-%u\"", (unsigned long long)k.mark,
                                     k.set->id, k.z, k.x, k.y);
    if (ask_unchanged(ask, tag, WG_S("Authorization, Cookie, Accept-Encoding")))
        return;
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
        ask_run(ask, tile_work, NEEDS_TABLES);
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
        ask_missing(ask, "there is no such tile matrix set");
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
        ask_missing(ask, "the tile lies outside of the matrix");
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
