/* Mapbox Vector Tile 2.1: shapes cut to the tile and put on its lattice, properties in two tables.
 * At low zooms vertices move to a coarser lattice: neighbours that share a border share it after,
 * too, which a simplification of each by itself would not keep. */
#include "mvt.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846
#define CELL 256 /* units a side, in which points are counted: room for a number on a screen */

/* ---- places ---- */

void tile_place(const struct tile *t, struct wg_point p, double *x, double *y)
{
    double n = ldexp(1, t->z), lon = p.lon_e7 / 1e7, lat = p.lat_e7 / 1e7;
    if (t->set->mercator) {
        double phi = fmin(fmax(lat, -85.06), 85.06) * (PI / 180);
        *x = ((lon + 180) / 360 * n - t->x) * TILE_EXTENT;
        *y = ((1 - asinh(tan(phi)) / PI) / 2 * n - t->y) * TILE_EXTENT;
    } else {
        *x = ((lon + 180) / 360 * 2 * n - t->x) * TILE_EXTENT;
        *y = ((90 - lat) / 180 * n - t->y) * TILE_EXTENT;
    }
}

/* Below zoom 10 a tile is too high for the series. */
static struct lens lens_of(const struct tile *t)
{
    double n = ldexp(1, t->z), units = TILE_EXTENT * n, middle = (t->y + 0.5) / n;
    struct lens l = {.tile = t, .reach = -1};
    if (t->z < 10)
        return l;
    double wide = t->set->mercator ? 3.6e9 : 1.8e9, rad = PI / 180 / 1e7;
    l.west = units * (1.8e9 / wide) - (double)t->x * TILE_EXTENT;
    l.east = units / wide;
    if (t->set->mercator) {
        double phi = atan(sinh(PI * (1 - 2 * middle))), sec = 1 / cos(phi), tangent = tan(phi);
        double scale = -units / (2 * PI);
        l.lat = phi / rad;
        l.reach = 4 / (n * sec) / rad; /* half of its height, its buffer, and more */
        l.term[1] = scale * rad * sec;
        l.term[2] = scale * rad * rad * sec * tangent / 2;
        l.term[3] = scale * rad * rad * rad * sec * (tangent * tangent + sec * sec) / 6;
    } else {
        l.lat = (90 - 180 * middle) * 1e7;
        l.reach = 1.8e9;
        l.term[1] = -units / 1.8e9;
    }
    l.term[0] = TILE_EXTENT / 2.0;
    return l;
}

static int32_t e7(double degrees)
{
    return (int32_t)fmin(fmax(degrees * 1e7, -1.8e9), 1.8e9);
}

struct wg_box tile_box(const struct tile *t)
{
    double n = ldexp(1, t->z), b = (double)TILE_BUFFER / TILE_EXTENT;
    double west = t->x - b, east = t->x + 1 + b, north = t->y - b, south = t->y + 1 + b;
    if (t->set->mercator)
        return (struct wg_box){
            e7(west / n * 360 - 180), e7(atan(sinh(PI * (1 - 2 * south / n))) * 180 / PI) - 1,
            e7(east / n * 360 - 180) + 1, e7(atan(sinh(PI * (1 - 2 * north / n))) * 180 / PI) + 1};
    return (struct wg_box){e7(west / n * 180 - 180), e7(90 - south / n * 180) - 1,
                           e7(east / n * 180 - 180) + 1, e7(90 - north / n * 180) + 1};
}

/* ---- protobuf ---- */

static size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static void put_bytes(struct wg_buf *b, unsigned tag, struct wg_str s)
{
    mvt_varint(b, tag);
    mvt_varint(b, s.n);
    char *at = mvt_room(b, s.n);
    if (!at || !s.n)
        return;
    memcpy(at, s.p, s.n);
    b->n += s.n;
}

/* ---- values: each once ---- */

static bool grow_items(struct layer *l)
{
    size_t cap = l->cap ? l->cap * 2 : 1024;
    struct item *item = realloc(l->item, cap * sizeof(*item));
    uint32_t *slot = item ? calloc(2 * cap, sizeof(*slot)) : NULL;
    l->item = item ? item : l->item;
    if (!slot) {
        l->failed = true;
        return false;
    }
    free(l->slot);
    l->slot = slot;
    l->cap = cap;
    for (size_t k = 0; k < l->items; k++) {
        size_t s = l->item[k].hash & (2 * cap - 1);
        while (slot[s])
            s = (s + 1) & (2 * cap - 1);
        slot[s] = (uint32_t)k + 1;
    }
    return true;
}

static uint32_t value_index(struct layer *l, struct wg_str text, bool plain)
{
    uint32_t hash = text_hash(text) ^ plain;
    if (l->items == l->cap && !grow_items(l))
        return 0;
    size_t mask = 2 * l->cap - 1, s = hash & mask;
    for (; l->slot[s]; s = (s + 1) & mask) {
        const struct item *it = &l->item[l->slot[s] - 1];
        if (it->hash == hash && it->plain == plain && wg_str_eq(it->text, text))
            return l->slot[s] - 1;
    }
    l->item[l->items] = (struct item){text, hash, plain};
    l->slot[s] = (uint32_t)++l->items;
    return l->slot[s] - 1;
}

static uint32_t value_of(struct layer *l, struct wg_str text, bool plain)
{
    struct wg_json *j;
    if (text.n == 0 || (!plain && text.p[0] == 'n'))
        return VALUE_NONE;
    if (!plain && text.p[0] == '"') { /* an id and a code may be one value */
        plain = true;
        if (!memchr(text.p, '\\', text.n))
            text = (struct wg_str){text.p + 1, text.n - 2};
        else if (wg_json_parse(l->texts, text, &j, NULL) == WG_OK)
            text = j->str;
    }
    return value_index(l, text, plain);
}

static void put_tag(struct layer *l, size_t key, uint32_t value)
{
    if (value == VALUE_NONE)
        return;
    mvt_varint(&l->tags, key);
    mvt_varint(&l->tags, value);
}

static void put_value(struct wg_buf *out, const struct item *it, struct wg_buf *scratch)
{
    char text[64];
    int64_t n;
    wg_buf_clear(scratch);
    if (it->plain || it->text.p[0] == '{' || it->text.p[0] == '[') {
        mvt_varint(out, 0x22);
        mvt_varint(out, 1 + varint_size(it->text.n) + it->text.n);
        put_bytes(out, 0x0a, it->text);
        return;
    }
    if (it->text.p[0] == 't' || it->text.p[0] == 'f') {
        mvt_varint(scratch, 0x38);
        mvt_varint(scratch, it->text.p[0] == 't');
    } else if (wg_str_int(it->text, &n) == WG_OK) {
        mvt_varint(scratch, n < 0 ? 0x30 : 0x28);
        mvt_varint(scratch, n < 0 ? (uint64_t)n << 1 ^ (uint64_t)(n >> 63) : (uint64_t)n);
    } else {
        double v = wg_str_copy(text, sizeof(text), it->text) == WG_OK ? strtod(text, NULL) : 0;
        wg_buf_char(scratch, 0x19);
        wg_buf_add(scratch, &v, sizeof(v)); /* little-endian, as the machine */
    }
    put_bytes(out, 0x22, wg_buf_str(scratch));
}

/* ---- features ---- */

static uint64_t number_of(struct wg_str id)
{
    uint64_t n = 0;
    if (id.n == 0 || id.n > 18)
        return 0;
    for (size_t k = 0; k < id.n; k++) {
        if (id.p[k] < '0' || id.p[k] > '9')
            return 0;
        n = n * 10 + (uint64_t)(id.p[k] - '0');
    }
    return n;
}

static void begin_feature(struct layer *l)
{
    wg_buf_clear(&l->tags);
    wg_buf_clear(&l->geometry);
    l->at_x = l->at_y = 0;
}

static void end_feature(struct layer *l, uint64_t id, int type)
{
    size_t n = 2 + (id ? 1 + varint_size(id) : 0) + 1 + varint_size(l->tags.n) + l->tags.n + 1 +
               varint_size(l->geometry.n) + l->geometry.n;
    if (l->geometry.n == 0)
        return;
    mvt_varint(&l->features, 0x12);
    mvt_varint(&l->features, n);
    if (id) {
        mvt_varint(&l->features, 0x08);
        mvt_varint(&l->features, id);
    }
    put_bytes(&l->features, 0x12, wg_buf_str(&l->tags));
    mvt_varint(&l->features, 0x18);
    mvt_varint(&l->features, (uint64_t)type);
    put_bytes(&l->features, 0x22, wg_buf_str(&l->geometry));
    l->count++;
}

/* Keys: id, then the source's fields. */
static void put_tags(struct layer *l, const struct source *s, size_t member, size_t i,
                     const struct wg_feature *f)
{
    const struct table *t = s->member[member].table;
    const uint16_t *code =
        t->code ? t->code + i * t->fields : NULL; /* an edited layer's has none */
    put_tag(l, 0, value_of(l, f->id, true));
    for (size_t k = 0; k < s->fields; k++) {
        int own = source_own(s, member, k);
        uint32_t value = VALUE_UNKNOWN, *known = &value;
        if (own < 0)
            continue;
        if (l->known && code && code[own])
            known = &l->known[t->codes[own] + code[own] - 1];
        if (*known == VALUE_UNKNOWN)
            *known = own ? value_of(l, table_value(t, i, (size_t)own), false)
                         : value_of(l, f->name, true);
        put_tag(l, k + 1, *known);
    }
}

/* What is counted stays in its tile; else the next one has it as well. */
static int32_t on_lattice(const struct layer *l, double v)
{
    return l->counted ? (int32_t)floor(v) : mvt_round(v);
}

static void put_feature(struct layer *l, const struct source *s, size_t member, size_t i)
{
    static const int types[] = {[WG_AREAS] = 3, [WG_POINTS] = 1, [WG_LINES] = 2};
    const struct wg_layer *layer = s->member[member].layer;
    int shape = wg_layer_shape(layer);
    struct wg_feature f;
    begin_feature(l);
    wg_layer_at(layer, i, &f);
    if (shape == WG_POINTS) {
        double x, y;
        mvt_place(&l->lens, f.at, &x, &y);
        if (x >= TILE_LOW && x <= TILE_HIGH && y >= TILE_LOW && y <= TILE_HIGH)
            mvt_move(l, 9, on_lattice(l, x), on_lattice(l, y));
    } else {
        mvt_shape(l, layer, i);
    }
    if (l->geometry.n)
        put_tags(l, s, member, i, &f);
    end_feature(l, number_of(f.id), types[shape]);
}

/* ---- points, counted by cells ---- */

struct cell {
    uint32_t count, member, i;
    double x, y; /* sums */
};
#define SIDE (TILE_EXTENT / CELL)

static void count_points(struct layer *l, const struct source *s)
{
    struct cell *cells = calloc(SIDE * SIDE, sizeof(*cells));
    struct wg_run run;
    l->failed |= !cells;
    l->counted = true;
    for (size_t m = 0; cells && m < s->members; m++) {
        struct wg_scan scan = {s->member[m].layer, tile_box(l->tile), 0};
        while (wg_scan_next(&scan, &run))
            for (uint32_t k = run.from; k < run.to; k++) {
                size_t i = wg_layer_along(scan.layer, k);
                struct wg_chain c;
                double x, y;
                wg_layer_chain(scan.layer, i, 0, &c);
                mvt_place(&l->lens, c.vert[0], &x, &y);
                if (!(x >= 0 && x < TILE_EXTENT && y >= 0 && y < TILE_EXTENT))
                    continue; /* the neighbour counts it */
                struct cell *cell = &cells[(int)(y / CELL) * SIDE + (int)(x / CELL)];
                if (cell->count++ == 0) {
                    cell->member = (uint32_t)m;
                    cell->i = (uint32_t)i;
                }
                cell->x += x;
                cell->y += y;
            }
    }
    for (size_t k = 0; cells && k < (size_t)SIDE * SIDE; k++) {
        const struct cell *c = &cells[k];
        if (c->count == 1)
            put_feature(l, s, c->member, c->i);
        if (c->count < 2)
            continue;
        begin_feature(l);
        mvt_move(l, 9, on_lattice(l, c->x / c->count), on_lattice(l, c->y / c->count));
        put_tag(l, s->fields + 1, value_of(l, wg_arena_fmt(l->texts, "%u", c->count), false));
        end_feature(l, k + 1, 1);
    }
    free(cells);
}

/* ---- a layer ---- */

static void put_layer(struct layer *l, const struct source *s, bool counted, struct wg_buf *out)
{
    struct wg_buf head = WG_BUF_INIT, tail = WG_BUF_INIT, scratch = WG_BUF_INIT;
    mvt_varint(&head, 0x78);
    mvt_varint(&head, 2);
    put_bytes(&head, 0x0a, wg_str_of(s->collection->id));
    put_bytes(&tail, 0x1a, WG_S("id"));
    for (size_t k = 0; k < s->fields; k++)
        put_bytes(&tail, 0x1a, s->field[k].key);
    if (counted)
        put_bytes(&tail, 0x1a, WG_S("point_count"));
    for (size_t k = 0; k < l->items; k++)
        put_value(&tail, &l->item[k], &scratch);
    mvt_varint(&tail, 0x28);
    mvt_varint(&tail, TILE_EXTENT);
    mvt_varint(out, 0x1a);
    mvt_varint(out, head.n + l->features.n + tail.n);
    wg_buf_str_add(out, wg_buf_str(&head));
    wg_buf_str_add(out, wg_buf_str(&l->features));
    wg_buf_str_add(out, wg_buf_str(&tail));
    out->failed |= !wg_buf_ok(&head) || !wg_buf_ok(&tail);
    wg_buf_free(&head);
    wg_buf_free(&tail);
    wg_buf_free(&scratch);
}

/* No value of this member's has an index yet. */
static void begin_member(struct layer *l, const struct table *t)
{
    size_t n = (t->codes[t->fields] + 1) * sizeof(*l->known);
    free(l->known);
    if ((l->known = malloc(n)))
        memset(l->known, 0xff, n);
}

static void put_all(struct layer *l, const struct source *s)
{
    struct wg_run run;
    for (size_t m = 0; m < s->members; m++) {
        struct wg_scan scan = {s->member[m].layer, tile_box(l->tile), 0};
        begin_member(l, s->member[m].table);
        while (wg_scan_next(&scan, &run) && (s->shape != WG_POINTS || l->features.n < TILE_BYTES))
            for (uint32_t k = run.from; k < run.to; k++)
                put_feature(l, s, m, wg_layer_along(scan.layer, k));
    }
}

static void layer_free(struct layer *l)
{
    wg_buf_free(&l->features);
    wg_buf_free(&l->tags);
    wg_buf_free(&l->geometry);
    free(l->item);
    free(l->slot);
    free(l->known);
    free(l->xy);
    free(l->cut);
    wg_arena_free(l->texts);
}

void mvt_layer(const struct source *s, const struct tile *t, struct wg_buf *out)
{
    struct layer l = {.tile = t, .lens = lens_of(t), .texts = wg_arena_new(0)};
    bool counted = s->shape == WG_POINTS && t->z < TILE_ZOOM_WHOLE;
    if (!counted)
        put_all(&l, s);
    if (s->shape == WG_POINTS && l.features.n >= TILE_BYTES) { /* too many even so */
        layer_free(&l);
        l = (struct layer){.tile = t, .lens = lens_of(t), .texts = wg_arena_new(0)};
        counted = true;
    }
    if (counted && l.texts)
        count_points(&l, s);
    l.failed |=
        !l.texts || !wg_buf_ok(&l.features) || !wg_buf_ok(&l.tags) || !wg_buf_ok(&l.geometry);
    if (l.failed)
        out->failed = true;
    else if (l.count)
        put_layer(&l, s, counted, out);
    layer_free(&l);
}
