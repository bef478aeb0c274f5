#include "geo/layer.h"

#include <stdlib.h>
#include <sys/mman.h>

struct wg_layer *wg_layer_keep(struct wg_layer *layer)
{
    if (layer)
        atomic_fetch_add_explicit(&layer->owners, 1, memory_order_relaxed);
    return layer;
}

void wg_layer_drop(struct wg_layer *layer)
{
    /* The last owner must see what all others did before it frees. */
    if (!layer || atomic_fetch_sub_explicit(&layer->owners, 1, memory_order_acq_rel) != 1)
        return;
    edited_free(layer->edited);
    if (layer->mapped)
        munmap(layer->image, layer->head->size);
    else
        free(layer->image);
    free(layer->area);
    free(layer->by_id);
    free(layer->order);
    free(layer->leaf);
    free(layer->node);
    free(layer->slab_start);
    free(layer->slab_edge);
    free(layer);
}

bool wg_layer_name_ok(struct wg_str s)
{
    bool good = s.n > 0 && s.n <= WG_LAYER_NAME;
    for (size_t i = 0; i < s.n && good; i++)
        good = (s.p[i] >= 'a' && s.p[i] <= 'z') ||
               (i > 0 && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'));
    return good;
}

size_t wg_layer_count(const struct wg_layer *layer)
{
    return layer->head->records;
}

size_t wg_layer_places(const struct wg_layer *layer)
{
    struct layer_part part[2];
    size_t places = 0;
    for (size_t k = layer_parts(layer, part); k > 0; k--)
        places += part[k - 1].layer->head->records;
    return places;
}

int wg_layer_shape(const struct wg_layer *layer)
{
    return (int)layer->head->shape;
}

uint64_t wg_layer_mark(const struct wg_layer *layer)
{
    return layer->edited ? layer->edited->mark
                         : (uint64_t)layer->head->crc << 32 | (uint32_t)layer->head->size;
}

bool wg_layer_chain(const struct wg_layer *layer, size_t i, size_t k, struct wg_chain *out)
{
    wg_require(i < layer->head->records);
    layer = layer_part(layer, &i);
    const struct layer_rec *r = &layer->rec[i];
    if (!layer->area) {
        *out = (struct wg_chain){&layer->vert[i], 1, true};
        return k == 0;
    }
    if (k >= r->ring_count)
        return false;
    const struct layer_ring *ring = &layer->ring[r->ring + k];
    *out = (struct wg_chain){&layer->vert[ring->vert], ring->count, ring->outer != 0};
    return true;
}

struct wg_box wg_layer_box(const struct wg_layer *layer)
{
    return layer->head->records ? layer->box : (struct wg_box){0};
}

struct wg_str layer_id(const struct wg_layer *layer, size_t i)
{
    layer = layer_part(layer, &i);
    return (struct wg_str){layer->text + layer->rec[i].text, layer->rec[i].id_n};
}

struct wg_box layer_box(const struct wg_layer *layer, size_t i)
{
    layer = layer_part(layer, &i);
    if (layer->area)
        return layer->area[i].box;
    struct wg_point p = layer->vert[i];
    return (struct wg_box){p.lon_e7, p.lat_e7, p.lon_e7, p.lat_e7};
}

bool wg_layer_at(const struct wg_layer *layer, size_t i, struct wg_feature *out)
{
    if (i >= layer->head->records)
        return false;
    layer = layer_part(layer, &i);
    const struct layer_rec *r = &layer->rec[i];
    struct wg_box box = layer_box(layer, i);
    out->id = layer_id(layer, i);
    out->name = (struct wg_str){out->id.p + r->id_n, r->name_n};
    out->props = (struct wg_str){out->name.p + r->name_n, r->props_n};
    out->box = box;
    out->at.lon_e7 = (int32_t)(((int64_t)box.west + box.east) / 2);
    out->at.lat_e7 = (int32_t)(((int64_t)box.south + box.north) / 2);
    return true;
}

bool wg_layer_by_id(const struct wg_layer *layer, struct wg_str id, size_t *i)
{
    size_t from = 0, to = layer->head->records;
    if (layer->edited)
        return edited_by_id(layer, id, i);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = wg_str_cmp(layer_id(layer, layer->by_id[middle]), id);
        if (order == 0) {
            *i = layer->by_id[middle];
            return true;
        }
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

/* Does the edge cross the ray from p to the east? Half-open: a vertex on the ray counts as below
 * it, and a point on the edge as east of it. It doesn't matter which way the edge runs, so both
 * owners of a border get the same answer and a point on it has one owner. The factors are at
 * most 3.6e9 and 1.8e9 apart, so both products fit 64 bits; their difference might not. */
static inline bool crosses(struct wg_point a, struct wg_point b, struct wg_point p)
{
    if ((a.lat_e7 > p.lat_e7) == (b.lat_e7 > p.lat_e7))
        return false;
    if (a.lat_e7 > b.lat_e7) {
        struct wg_point t = a;
        a = b;
        b = t;
    }
    return ((int64_t)b.lon_e7 - a.lon_e7) * ((int64_t)p.lat_e7 - a.lat_e7) >
           ((int64_t)p.lon_e7 - a.lon_e7) * ((int64_t)b.lat_e7 - a.lat_e7);
}

/* p is in the area's box. */
static bool in_area(const struct wg_layer *layer, const struct layer_area *area, struct wg_point p)
{
    bool inside = false;
    if (area->slab_count) {
        uint32_t s =
            area->slab + step_of(p.lat_e7, area->box.south, area->slab_height, area->slab_count);
        for (uint32_t k = layer->slab_start[s]; k < layer->slab_start[s + 1]; k++) {
            const struct wg_point *v = &layer->vert[layer->slab_edge[k]];
            inside ^= crosses(v[0], v[1], p);
        }
        return inside;
    }
    for (uint32_t r = area->ring; r < area->ring + area->ring_count; r++) {
        const struct wg_point *v = &layer->vert[layer->ring[r].vert];
        for (uint32_t k = 1; k < layer->ring[r].count; k++)
            inside ^= crosses(v[k - 1], v[k], p);
    }
    return inside;
}

bool layer_holds(const struct wg_layer *layer, size_t i, struct wg_point p)
{
    const struct layer_area *area = &layer->area[i];
    return layer->head->shape == WG_AREAS && box_holds(&area->box, p) && in_area(layer, area, p);
}

/* The first area of a part that holds p; UINT32_MAX: none does. */
static uint32_t first_of(const struct layer_part *part, struct wg_point p)
{
    const struct wg_layer *layer = part->layer;
    struct wg_scan scan = {layer, {p.lon_e7, p.lat_e7, p.lon_e7, p.lat_e7}, 0};
    struct wg_run run;
    uint32_t first = UINT32_MAX, found = UINT32_MAX, i;
    while (wg_scan_next(&scan, &run))
        for (uint32_t k = run.from; k < run.to; k++) {
            uint32_t own = layer->order[k];
            if (own >= first || !in_area(layer, &layer->area[own], p) ||
                !layer_part_has(part, own, &i))
                continue;
            first = own;
            found = i;
        }
    return found;
}

bool wg_layer_find(const struct wg_layer *layer, struct wg_point p, size_t *i)
{
    struct layer_part part[2];
    size_t n = layer->head->shape == WG_AREAS ? layer_parts(layer, part) : 0;
    for (size_t k = 0; k < n; k++) {
        uint32_t first = first_of(&part[k], p);
        if (first == UINT32_MAX)
            continue;
        *i = first;
        return true;
    }
    return false;
}

static void write_place(void *arg, struct wg_point p, struct wg_buf *out)
{
    (void)arg;
    wg_buf_char(out, '[');
    wg_buf_fixed(out, p.lon_e7, 7);
    wg_buf_char(out, ',');
    wg_buf_fixed(out, p.lat_e7, 7);
    wg_buf_char(out, ']');
}

void wg_layer_geometry(const struct wg_layer *layer, size_t i, struct wg_buf *out)
{
    wg_layer_geometry_as(layer, i, write_place, NULL, out);
}

void wg_layer_feature(const struct wg_layer *layer, size_t i, struct wg_buf *out)
{
    struct wg_feature f;
    if (!wg_layer_at(layer, i, &f))
        return;
    wg_buf_lit(out, "{\"type\":\"Feature\",\"id\":");
    wg_buf_json(out, f.id);
    wg_buf_lit(out, ",\"properties\":{");
    if (f.name.n)
        wg_json_kstr(out, "name", f.name);
    if (f.props.n > 2 && f.name.n)
        wg_buf_char(out, ',');
    wg_buf_add(out, f.props.p + 1, f.props.n - 1);
    wg_buf_lit(out, ",\"geometry\":");
    wg_layer_geometry(layer, i, out);
    wg_buf_char(out, '}');
}

static void write_chain(const struct wg_chain *c, wg_place_fn place, void *arg, struct wg_buf *out)
{
    for (size_t k = 0; k < c->count; k++) {
        wg_buf_char(out, k ? ',' : '[');
        place(arg, c->vert[k], out);
    }
    wg_buf_char(out, ']');
}

void wg_layer_geometry_as(const struct wg_layer *layer, size_t i, wg_place_fn place, void *arg,
                          struct wg_buf *out)
{
    bool areas = layer->head->shape == WG_AREAS;
    struct wg_chain c;
    size_t parts = 0;
    if (layer->head->shape == WG_POINTS) {
        wg_layer_chain(layer, i, 0, &c);
        wg_buf_lit(out, "{\"type\":\"Point\",\"coordinates\":");
        place(arg, c.vert[0], out);
        wg_buf_char(out, '}');
        return;
    }
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++)
        parts += c.begins;
    wg_buf_fmt(out, "{\"type\":\"%s%s\",\"coordinates\":%s", parts > 1 ? "Multi" : "",
               areas ? "Polygon" : "LineString", parts > 1 ? "[" : "");
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++) {
        if (k)
            wg_buf_str_add(out, areas && c.begins ? WG_S("],") : WG_S(","));
        if (areas && c.begins)
            wg_buf_char(out, '[');
        write_chain(&c, place, arg, out);
    }
    wg_buf_str_add(out, areas ? WG_S("]") : WG_S(""));
    wg_buf_str_add(out, parts > 1 ? WG_S("]}") : WG_S("}"));
}
