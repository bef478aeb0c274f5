/* Mapbox Vector Tile 2.1: shapes cut to the tile and put on its lattice, properties in two tables.
 * At low zooms vertices move to a coarser lattice: neighbours that share a border share it after,
 * too, which a simplification of each by itself would not keep. */
#include "tiles.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846
#define CELL 64 /* units a side, in which points are counted */

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

static void put_varint(struct wg_buf *b, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    wg_buf_add(b, bytes, n);
}

static void put_bytes(struct wg_buf *b, unsigned tag, struct wg_str s)
{
    put_varint(b, tag);
    put_varint(b, s.n);
    wg_buf_str_add(b, s);
}

static uint32_t zigzag(int32_t v)
{
    return (uint32_t)v << 1 ^ (uint32_t)(v >> 31);
}

/* ---- values: each once ---- */

struct item {
    struct wg_str text;
    uint32_t hash;
    bool plain; /* a text as it stands; else JSON */
};

struct layer {
    const struct tile *tile;
    struct wg_buf features, tags, geometry;
    struct item *item;
    uint32_t *slot; /* of items, by hash; a power of two */
    size_t items, cap;
    int32_t at_x, at_y; /* the cursor */
    size_t count;
    double *xy, *cut; /* a chain's vertices, and what is left of them */
    size_t room;
    struct wg_arena *texts; /* values of our own */
    bool failed;
};

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

static uint32_t hash_of(struct wg_str s, bool plain)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ s.n ^ (uint64_t)plain << 32;
    size_t k = 0;
    for (uint64_t w; k + 8 <= s.n; k += 8) {
        memcpy(&w, s.p + k, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    for (; k < s.n; k++)
        h = (h ^ (unsigned char)s.p[k]) * 0x100000001b3u;
    return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 32);
}

static uint32_t value_index(struct layer *l, struct wg_str text, bool plain)
{
    uint32_t hash = hash_of(text, plain);
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

static void put_tag(struct layer *l, size_t key, struct wg_str text, bool plain)
{
    struct wg_json *j;
    if (text.n == 0 || (!plain && text.p[0] == 'n'))
        return;                       /* nothing is left out */
    if (!plain && text.p[0] == '"') { /* an id and a code may be one value */
        plain = true;
        if (!memchr(text.p, '\\', text.n))
            text = (struct wg_str){text.p + 1, text.n - 2};
        else if (wg_json_parse(l->texts, text, &j, NULL) == WG_OK)
            text = j->str;
    }
    put_varint(&l->tags, key);
    put_varint(&l->tags, value_index(l, text, plain));
}

static void put_value(struct wg_buf *out, const struct item *it, struct wg_buf *scratch)
{
    char text[64];
    int64_t n;
    wg_buf_clear(scratch);
    if (it->plain || it->text.p[0] == '{' || it->text.p[0] == '[') {
        put_bytes(scratch, 0x0a, it->text);
    } else if (it->text.p[0] == 't' || it->text.p[0] == 'f') {
        put_varint(scratch, 0x38);
        put_varint(scratch, it->text.p[0] == 't');
    } else if (wg_str_int(it->text, &n) == WG_OK) {
        put_varint(scratch, n < 0 ? 0x30 : 0x28);
        put_varint(scratch, n < 0 ? (uint64_t)n << 1 ^ (uint64_t)(n >> 63) : (uint64_t)n);
    } else {
        double v = wg_str_copy(text, sizeof(text), it->text) == WG_OK ? strtod(text, NULL) : 0;
        wg_buf_char(scratch, 0x19);
        wg_buf_add(scratch, &v, sizeof(v)); /* little-endian, as the machine */
    }
    put_bytes(out, 0x22, wg_buf_str(scratch));
}

/* ---- shapes ---- */

static int32_t on_lattice(const struct layer *l, double v)
{
    int step = l->tile->z < 10 ? 8 : l->tile->z < TILE_ZOOM_WHOLE ? 4 : 1;
    return (int32_t)lround(v / step) * step;
}

static bool make_room(struct layer *l, size_t vertices)
{
    size_t need = 2 * (2 * vertices + 16); /* a cut adds two at most, for each side */
    if (need <= l->room)
        return true;
    double *xy = realloc(l->xy, need * sizeof(double)),
           *cut = realloc(l->cut, need * sizeof(double));
    l->xy = xy ? xy : l->xy;
    l->cut = cut ? cut : l->cut;
    if (!xy || !cut) {
        l->failed = true;
        return false;
    }
    l->room = need;
    return true;
}

/* Sutherland and Hodgman, one side: axis 0 or 1, and which of its ends. The ring is not closed. */
static size_t cut_side(const double *in, size_t n, double *out, int axis, double limit, bool low)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        const double *a = &in[2 * k], *b = &in[2 * ((k + 1) % n)];
        bool a_in = low ? a[axis] >= limit : a[axis] <= limit,
             b_in = low ? b[axis] >= limit : b[axis] <= limit;
        if (a_in) {
            out[2 * m] = a[0];
            out[2 * m++ + 1] = a[1];
        }
        if (a_in != b_in) {
            double t = (limit - a[axis]) / (b[axis] - a[axis]);
            out[2 * m + axis] = limit;
            out[2 * m++ + !axis] = a[!axis] + t * (b[!axis] - a[!axis]);
        }
    }
    return m;
}

#define LOW (-(double)TILE_BUFFER)
#define HIGH ((double)TILE_EXTENT + TILE_BUFFER)

/* The ring in l->xy, n vertices, cut to the tile; grown by what make_room foresees. */
static size_t cut_ring(struct layer *l, size_t n)
{
    for (int side = 0; side < 4 && n; side++) {
        if (!make_room(l, n))
            return 0;
        n = cut_side(l->xy, n, l->cut, side & 1, side < 2 ? LOW : HIGH, side < 2);
        double *t = l->xy;
        l->xy = l->cut;
        l->cut = t;
    }
    return n;
}

static void move_to(struct layer *l, unsigned command, int32_t x, int32_t y)
{
    if (command)
        put_varint(&l->geometry, command);
    put_varint(&l->geometry, zigzag(x - l->at_x));
    put_varint(&l->geometry, zigzag(y - l->at_y));
    l->at_x = x;
    l->at_y = y;
}

/* Round, drop what repeats; how many are left, as pairs at the front of cut. */
static size_t to_lattice(struct layer *l, size_t n, bool ring)
{
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        double x = on_lattice(l, l->xy[2 * k]), y = on_lattice(l, l->xy[2 * k + 1]);
        if (m && l->cut[2 * m - 2] == x && l->cut[2 * m - 1] == y)
            continue;
        l->cut[2 * m] = x;
        l->cut[2 * m++ + 1] = y;
    }
    while (ring && m > 1 && l->cut[0] == l->cut[2 * m - 2] && l->cut[1] == l->cut[2 * m - 1])
        m--;
    return m;
}

static double area_of(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        size_t next = (k + 1) % n;
        sum += xy[2 * k] * xy[2 * next + 1] - xy[2 * next] * xy[2 * k + 1];
    }
    return sum / 2;
}

/* An outer ring has a positive area, y pointing down; a hole a negative one. */
static bool put_ring(struct layer *l, size_t n, bool outer)
{
    size_t m = to_lattice(l, n, true);
    double area = m >= 3 ? area_of(l->cut, m) : 0;
    bool turn = outer ? area < 0 : area > 0;
    if (m < 3 || fabs(area) < 1)
        return false;
    for (size_t k = 0; k < m; k++) {
        size_t v = turn ? m - 1 - k : k;
        move_to(l,
                k == 0   ? 9
                : k == 1 ? (unsigned)(m - 1) << 3 | 2
                         : 0,
                (int32_t)l->cut[2 * v], (int32_t)l->cut[2 * v + 1]);
    }
    put_varint(&l->geometry, 15);
    return true;
}

static void put_part(struct layer *l, const double *xy, size_t n)
{
    memmove(l->xy, xy, n * 2 * sizeof(double));
    size_t m = to_lattice(l, n, false);
    for (size_t k = 0; m > 1 && k < m; k++)
        move_to(l,
                k == 0   ? 9
                : k == 1 ? (unsigned)(m - 1) << 3 | 2
                         : 0,
                (int32_t)l->cut[2 * k], (int32_t)l->cut[2 * k + 1]);
}

/* Liang and Barsky: the part of a to b that lies in the tile. */
static bool cut_segment(const double *a, const double *b, double *t0, double *t1)
{
    *t0 = 0;
    *t1 = 1;
    for (int side = 0; side < 4; side++) {
        int axis = side & 1;
        double p = (b[axis] - a[axis]) * (side < 2 ? -1 : 1),
               q = side < 2 ? a[axis] - LOW : HIGH - a[axis];
        if (p < 0)
            *t0 = fmax(*t0, q / p);
        else if (p > 0)
            *t1 = fmin(*t1, q / p);
        else if (q < 0)
            return false;
    }
    return *t0 < *t1;
}

/* A line leaves the tile and comes back: each stay is a part. */
static void cut_line(struct layer *l, size_t n)
{
    double *whole = malloc((n + 1) * 2 * sizeof(double)),
           *part = malloc((2 * n + 2) * 2 * sizeof(double));
    size_t m = 0;
    l->failed |= !whole || !part;
    if (whole)
        memcpy(whole, l->xy, n * 2 * sizeof(double));
    for (size_t k = 0; !l->failed && k + 1 < n; k++) {
        const double *a = &whole[2 * k], *b = a + 2;
        double t0, t1;
        if (!cut_segment(a, b, &t0, &t1))
            continue;
        if (t0 > 0 && m) {
            put_part(l, part, m);
            m = 0;
        }
        if (m == 0) {
            part[0] = a[0] + t0 * (b[0] - a[0]);
            part[1] = a[1] + t0 * (b[1] - a[1]);
            m = 1;
        }
        part[2 * m] = a[0] + t1 * (b[0] - a[0]);
        part[2 * m++ + 1] = a[1] + t1 * (b[1] - a[1]);
        if (t1 < 1) {
            put_part(l, part, m);
            m = 0;
        }
    }
    if (m && !l->failed)
        put_part(l, part, m);
    free(whole);
    free(part);
}

static void put_shape(struct layer *l, const struct wg_layer *layer, size_t i)
{
    bool lines = wg_layer_shape(layer) == WG_LINES, shown = true;
    struct wg_chain c;
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++) {
        size_t n = lines ? c.count : c.count - 1;
        if (!make_room(l, n) || (!c.begins && !shown))
            continue; /* a hole of what is not shown */
        for (size_t v = 0; v < n; v++)
            tile_place(l->tile, c.vert[v], &l->xy[2 * v], &l->xy[2 * v + 1]);
        if (lines) {
            cut_line(l, n);
            continue;
        }
        bool ring = put_ring(l, cut_ring(l, n), c.begins);
        shown = c.begins ? ring : shown;
    }
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

static size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static void end_feature(struct layer *l, uint64_t id, int type)
{
    size_t n = 2 + (id ? 1 + varint_size(id) : 0) + 1 + varint_size(l->tags.n) + l->tags.n + 1 +
               varint_size(l->geometry.n) + l->geometry.n;
    if (l->geometry.n == 0)
        return;
    put_varint(&l->features, 0x12);
    put_varint(&l->features, n);
    if (id) {
        put_varint(&l->features, 0x08);
        put_varint(&l->features, id);
    }
    put_bytes(&l->features, 0x12, wg_buf_str(&l->tags));
    put_varint(&l->features, 0x18);
    put_varint(&l->features, (uint64_t)type);
    put_bytes(&l->features, 0x22, wg_buf_str(&l->geometry));
    l->count++;
}

/* Keys: id, then the source's fields. */
static void put_tags(struct layer *l, const struct source *s, size_t member, size_t i,
                     const struct wg_feature *f)
{
    put_tag(l, 0, f->id, true);
    for (size_t k = 0; k < s->fields; k++) {
        int own = s->field_in[member][k];
        if (own == 0)
            put_tag(l, k + 1, f->name, true);
        else if (own > 0)
            put_tag(l, k + 1, table_value(s->member[member].table, i, (size_t)own), false);
    }
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
        tile_place(l->tile, f.at, &x, &y);
        if (x >= LOW && x <= HIGH && y >= LOW && y <= HIGH)
            move_to(l, 9, (int32_t)lround(x), (int32_t)lround(y));
    } else {
        put_shape(l, layer, i);
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
#define SIDE (TILE_EXTENT / CELL + 2) /* one more all round, for the buffer */

static void count_points(struct layer *l, const struct source *s)
{
    struct cell *cells = calloc(SIDE * SIDE, sizeof(*cells));
    struct wg_run run;
    l->failed |= !cells;
    for (size_t m = 0; cells && m < s->members; m++) {
        struct wg_scan scan = {s->member[m].layer, tile_box(l->tile), 0};
        while (wg_scan_next(&scan, &run))
            for (uint32_t k = run.from; k < run.to; k++) {
                size_t i = wg_layer_along(scan.layer, k);
                struct wg_chain c;
                double x, y;
                wg_layer_chain(scan.layer, i, 0, &c);
                tile_place(l->tile, c.vert[0], &x, &y);
                if (!(x >= LOW && x < HIGH && y >= LOW && y < HIGH))
                    continue;
                struct cell *cell =
                    &cells[(int)floor(y / CELL + 1) * SIDE + (int)floor(x / CELL + 1)];
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
        move_to(l, 9, (int32_t)lround(c->x / c->count), (int32_t)lround(c->y / c->count));
        put_tag(l, s->fields + 1, wg_arena_fmt(l->texts, "%u", c->count), false);
        end_feature(l, k + 1, 1);
    }
    free(cells);
}

/* ---- a layer ---- */

static void put_layer(struct layer *l, const struct source *s, bool counted, struct wg_buf *out)
{
    struct wg_buf b = WG_BUF_INIT, scratch = WG_BUF_INIT;
    put_varint(&b, 0x78);
    put_varint(&b, 2);
    put_bytes(&b, 0x0a, wg_str_of(s->collection->id));
    wg_buf_str_add(&b, wg_buf_str(&l->features));
    put_bytes(&b, 0x1a, WG_S("id"));
    for (size_t k = 0; k < s->fields; k++)
        put_bytes(&b, 0x1a, s->field[k].key);
    if (counted)
        put_bytes(&b, 0x1a, WG_S("point_count"));
    for (size_t k = 0; k < l->items; k++)
        put_value(&b, &l->item[k], &scratch);
    put_varint(&b, 0x28);
    put_varint(&b, TILE_EXTENT);
    if (wg_buf_ok(&b))
        put_bytes(out, 0x1a, wg_buf_str(&b));
    else
        out->failed = true;
    wg_buf_free(&b);
    wg_buf_free(&scratch);
}

static void put_all(struct layer *l, const struct source *s)
{
    struct wg_run run;
    for (size_t m = 0; m < s->members; m++) {
        struct wg_scan scan = {s->member[m].layer, tile_box(l->tile), 0};
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
    free(l->xy);
    free(l->cut);
    wg_arena_free(l->texts);
}

void mvt_layer(const struct source *s, const struct tile *t, struct wg_buf *out)
{
    struct layer l = {.tile = t, .texts = wg_arena_new(0)};
    bool counted = s->shape == WG_POINTS && t->z < TILE_ZOOM_WHOLE;
    if (!counted)
        put_all(&l, s);
    if (s->shape == WG_POINTS && l.features.n >= TILE_BYTES) { /* too many even so */
        layer_free(&l);
        l = (struct layer){.tile = t, .texts = wg_arena_new(0)};
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
