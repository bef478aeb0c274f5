#include "geo/layer.h"

#include <stdlib.h>

#define SLAB_FROM 48 /* vertices: below, walking all is as quick */
#define EDGES_PER_SLAB 8
#define SLAB_COPIES 6 /* of an edge, on average; where edges are steeper, slabs grow */

/* ---- boxes ---- */

static void box_add(struct wg_box *b, struct wg_point p)
{
    b->west = p.lon_e7 < b->west ? p.lon_e7 : b->west;
    b->east = p.lon_e7 > b->east ? p.lon_e7 : b->east;
    b->south = p.lat_e7 < b->south ? p.lat_e7 : b->south;
    b->north = p.lat_e7 > b->north ? p.lat_e7 : b->north;
}

static const struct wg_box no_box = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

static void make_boxes(struct wg_layer *layer)
{
    layer->box = no_box;
    for (uint32_t v = 0; v < layer->head->verts; v++)
        box_add(&layer->box, layer->vert[v]);
    for (uint32_t i = 0; layer->area && i < layer->head->records; i++) {
        struct layer_area *area = &layer->area[i];
        area->box = no_box;
        area->ring = layer->rec[i].ring;
        area->ring_count = layer->rec[i].ring_count;
        for (uint32_t r = area->ring; r < area->ring + area->ring_count; r++)
            for (uint32_t k = 0; k < layer->ring[r].count; k++)
                box_add(&area->box, layer->vert[layer->ring[r].vert + k]);
    }
}

/* ---- slabs ---- */

/* The slabs of the edge from v[0] to v[1]: those of the latitudes from the lower one to just below
 * the higher, as crossing is half-open. False: it is level and crosses nothing. */
static bool slabs_of(const struct layer_area *area, const struct wg_point *v, uint32_t *low,
                     uint32_t *high)
{
    int32_t a = v[0].lat_e7, b = v[1].lat_e7;
    if (a == b)
        return false;
    *low = step_of(a < b ? a : b, area->box.south, area->slab_height, area->slab_count);
    *high = step_of((a < b ? b : a) - 1, area->box.south, area->slab_height, area->slab_count);
    return true;
}

enum slab_pass { SLAB_SUM, SLAB_COUNT, SLAB_FILL };

/* One pass over an area's edges; returns how many entries they make. */
static uint64_t walk_slabs(struct wg_layer *layer, const struct layer_area *area,
                           enum slab_pass pass)
{
    uint64_t entries = 0;
    uint32_t low = 0, high = 0;
    for (uint32_t r = area->ring; r < area->ring + area->ring_count; r++)
        for (uint32_t k = 0; k + 1 < layer->ring[r].count; k++) {
            uint32_t edge = layer->ring[r].vert + k;
            if (!slabs_of(area, &layer->vert[edge], &low, &high))
                continue;
            entries += high - low + 1;
            for (uint32_t s = low; pass != SLAB_SUM && s <= high; s++) {
                if (pass == SLAB_FILL)
                    layer->slab_edge[layer->slab_start[area->slab + s + 1]++] = edge;
                else
                    layer->slab_start[area->slab + s + 2]++;
            }
        }
    return entries;
}

static uint32_t verts_of(const struct wg_layer *layer, const struct layer_area *area)
{
    const struct layer_ring *last = &layer->ring[area->ring + area->ring_count - 1];
    return last->vert + last->count - layer->ring[area->ring].vert;
}

static uint64_t plan_slabs(struct wg_layer *layer, struct layer_area *area)
{
    uint32_t verts = verts_of(layer, area);
    if (verts < SLAB_FROM)
        return 0;
    uint32_t height = (uint32_t)area->box.north - (uint32_t)area->box.south;
    for (uint32_t n = verts / EDGES_PER_SLAB; n > 1; n /= 2) {
        area->slab_height = height / n + 1;
        area->slab_count = height / area->slab_height + 1;
        uint64_t entries = walk_slabs(layer, area, SLAB_SUM);
        if (entries <= (uint64_t)verts * SLAB_COPIES)
            return entries;
    }
    area->slab_count = 0;
    return 0;
}

static int make_slabs(struct wg_layer *layer)
{
    uint64_t entries = 0;
    uint32_t slabs = 0;
    for (uint32_t i = 0; i < layer->head->records; i++) {
        struct layer_area *area = &layer->area[i];
        entries += plan_slabs(layer, area);
        area->slab = slabs;
        slabs += area->slab_count;
    }
    layer->slab_start = calloc((size_t)slabs + 2, sizeof(uint32_t));
    layer->slab_edge = malloc((entries + 1) * sizeof(uint32_t));
    if (!layer->slab_start || !layer->slab_edge)
        return WG_ENOMEM;
    for (uint32_t i = 0; i < layer->head->records; i++)
        if (layer->area[i].slab_count)
            walk_slabs(layer, &layer->area[i], SLAB_COUNT);
    for (uint32_t s = 0; s < slabs; s++)
        layer->slab_start[s + 2] += layer->slab_start[s + 1]; /* one ahead */
    for (uint32_t i = 0; i < layer->head->records; i++)
        if (layer->area[i].slab_count)
            walk_slabs(layer, &layer->area[i], SLAB_FILL);
    return WG_OK;
}

/* ---- ids ---- */

static int by_id(const void *a, const void *b, void *arg)
{
    const struct wg_layer *layer = arg;
    uint32_t i = ((const struct layer_key *)a)->i, j = ((const struct layer_key *)b)->i;
    int order = wg_str_cmp(layer_id(layer, i), layer_id(layer, j));
    return order ? order : (i > j) - (i < j);
}

/* How many bytes from `from` on all share; *longest: of them all. */
static size_t common(const struct wg_layer *layer, const struct layer_key *a, size_t n, size_t from,
                     size_t *longest)
{
    struct wg_str first = layer_id(layer, a[0].i);
    size_t same = first.n - from;
    *longest = first.n;
    for (size_t k = 1; k < n; k++) {
        struct wg_str id = layer_id(layer, a[k].i);
        size_t most = id.n - from < same ? id.n - from : same;
        *longest = id.n > *longest ? id.n : *longest;
        for (same = 0; same < most && id.p[from + same] == first.p[from + same];)
            same++;
    }
    return same;
}

static uint64_t eight_bytes(struct wg_str id, size_t from)
{
    uint64_t key = 0;
    for (size_t k = from; k < from + 8; k++)
        key = key << 8 | (k < id.n ? (unsigned char)id.p[k] : 0);
    return key;
}

/* Part codes share their front, and differ in a few digits: eight bytes at a time, from the first
 * that differ. A key can't tell an end from a zero; the last resort can. */
static void sort_ids(struct wg_layer *layer, struct layer_key *a, struct layer_key *spare, size_t n,
                     size_t from)
{
    size_t longest;
    if (n < 64) {
        qsort_r(a, n, sizeof(*a), by_id, layer);
        return;
    }
    from += common(layer, a, n, from, &longest);
    if (from >= longest)
        return; /* all the same */
    for (size_t k = 0; k < n; k++)
        a[k].key = eight_bytes(layer_id(layer, a[k].i), from);
    layer_sort(a, spare, n);
    for (size_t k = 0, to; k < n; k = to) {
        for (to = k + 1; to < n && a[to].key == a[k].key;)
            to++;
        if (to - k == n)
            qsort_r(a, n, sizeof(*a), by_id, layer);
        else if (to - k > 1)
            sort_ids(layer, a + k, spare, to - k, from);
    }
}

static int make_by_id(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    struct layer_key *a = malloc(2 * ((size_t)n + 1) * sizeof(*a));
    layer->by_id = malloc(((size_t)n + 1) * sizeof(uint32_t));
    bool ok = a && layer->by_id;
    for (uint32_t i = 0; ok && i < n; i++)
        a[i].i = i;
    if (ok && n)
        sort_ids(layer, a, a + n, n, 0);
    for (uint32_t i = 0; ok && i < n; i++)
        layer->by_id[i] = a[i].i;
    free(a);
    return ok ? WG_OK : WG_ENOMEM;
}

int layer_index(struct wg_layer *layer)
{
    int rc = WG_OK;
    if (layer->head->shape != WG_POINTS &&
        !(layer->area = calloc((size_t)layer->head->records + 1, sizeof(struct layer_area))))
        return WG_ENOMEM;
    make_boxes(layer);
    if ((rc = make_by_id(layer)) < 0 || (rc = layer_tree(layer)) < 0)
        return rc;
    return layer->head->shape == WG_AREAS ? make_slabs(layer) : WG_OK;
}
