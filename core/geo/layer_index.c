#include "geo/layer.h"

#include <math.h>
#include <stdlib.h>

#define BINS_PER_FEATURE 4
#define SIDE_MOST 1024 /* columns and rows */
#define ITEMS_PER_FEATURE \
    32               /* in bins; where boxes overlap so much that there are more, bins grow */
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

/* ---- bins ---- */

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Where most of the values lie: the middle 31/32 of them, and an eighth more on both sides. */
static void most_of(int32_t *v, size_t n, int32_t *from, int64_t *length)
{
    qsort(v, n, sizeof(*v), by_value);
    int64_t low = v[n / 64], high = v[n - 1 - n / 64];
    int64_t slack = (high - low) / 8;
    low = low - slack < v[0] ? v[0] : low - slack;
    high = high + slack > v[n - 1] ? v[n - 1] : high + slack;
    *from = (int32_t)low;
    *length = high - low;
}

static int place_bins(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    int64_t width = 0, height = 0;
    int32_t *v = malloc((n + (size_t)1) * 2 * sizeof(*v));
    if (!v)
        return WG_ENOMEM;
    for (int lat = 0; n > 0 && lat < 2; lat++) {
        for (uint32_t i = 0; i < n; i++) {
            struct wg_box b = layer_box(layer, i);
            v[2 * (size_t)i] = lat ? b.south : b.west;
            v[2 * (size_t)i + 1] = lat ? b.north : b.east;
        }
        most_of(v, 2 * (size_t)n, lat ? &layer->bin_south : &layer->bin_west,
                lat ? &height : &width);
    }
    free(v);
    /* Square bins, so many that each feature has a few. */
    double side = sqrt(((double)width + 1) * ((double)height + 1) / (BINS_PER_FEATURE * (n + 1.0)));
    double columns = fmin(ceil((double)(width + 1) / side), SIDE_MOST);
    double rows = fmin(ceil((double)(height + 1) / side), SIDE_MOST);
    layer->bin_width = (uint32_t)((double)width / columns) + 1;
    layer->bin_height = (uint32_t)((double)height / rows) + 1;
    layer->columns = (uint32_t)(width / layer->bin_width) + 1;
    layer->rows = (uint32_t)(height / layer->bin_height) + 1;
    return WG_OK;
}

struct bins {
    uint32_t west, south, east, north;
};

static struct bins bins_of(const struct wg_layer *layer, uint32_t i)
{
    struct wg_box b = layer_box(layer, i);
    return (struct bins){layer_column(layer, b.west), layer_row(layer, b.south),
                         layer_column(layer, b.east), layer_row(layer, b.north)};
}

static uint64_t count_items(const struct wg_layer *layer)
{
    uint64_t items = 0;
    for (uint32_t i = 0; i < layer->head->records; i++) {
        struct bins b = bins_of(layer, i);
        items += (uint64_t)(b.east - b.west + 1) * (b.north - b.south + 1);
    }
    return items;
}

static int fill_bins(struct wg_layer *layer)
{
    size_t bins = (size_t)layer->columns * layer->rows;
    layer->bin_start = calloc(bins + 2, sizeof(uint32_t));
    layer->bin_item = malloc((count_items(layer) + 1) * sizeof(uint32_t));
    if (!layer->bin_start || !layer->bin_item)
        return WG_ENOMEM;
    /* Count into the place two ahead, sum up, and let filling move each start to where it belongs.
     */
    uint32_t *at = layer->bin_start + 1;
    for (int fill = 0; fill < 2; fill++) {
        for (uint32_t i = 0; i < layer->head->records; i++) {
            struct bins b = bins_of(layer, i);
            for (uint32_t y = b.south; y <= b.north; y++)
                for (uint32_t x = b.west; x <= b.east; x++) {
                    size_t bin = (size_t)y * layer->columns + x;
                    if (fill)
                        layer->bin_item[at[bin]++] = i;
                    else
                        at[bin + 1]++;
                }
        }
        for (size_t bin = 0; !fill && bin < bins; bin++)
            at[bin + 1] += at[bin];
    }
    return WG_OK;
}

static int make_bins(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    int rc = place_bins(layer);
    if (rc < 0)
        return rc;
    while (layer->columns * layer->rows > 1 &&
           count_items(layer) > (uint64_t)n * ITEMS_PER_FEATURE) {
        layer->bin_width = layer->columns > 1 ? layer->bin_width * 2 : layer->bin_width;
        layer->bin_height = layer->rows > 1 ? layer->bin_height * 2 : layer->bin_height;
        layer->columns = (layer->columns + 1) / 2;
        layer->rows = (layer->rows + 1) / 2;
    }
    return fill_bins(layer);
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
        layer->slab_start[s + 2] += layer->slab_start[s + 1]; /* as with the bins */
    for (uint32_t i = 0; i < layer->head->records; i++)
        if (layer->area[i].slab_count)
            walk_slabs(layer, &layer->area[i], SLAB_FILL);
    return WG_OK;
}

/* ---- ids ---- */

static int by_id(const void *a, const void *b, void *arg)
{
    const struct wg_layer *layer = arg;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int order = wg_str_cmp(layer_id(layer, i), layer_id(layer, j));
    return order ? order : (i > j) - (i < j);
}

static int make_by_id(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    if (!(layer->by_id = malloc(((size_t)n + 1) * sizeof(uint32_t))))
        return WG_ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        layer->by_id[i] = i;
    qsort_r(layer->by_id, n, sizeof(uint32_t), by_id, layer);
    return WG_OK;
}

int layer_index(struct wg_layer *layer)
{
    int rc = WG_OK;
    if (!layer->head->is_points &&
        !(layer->area = calloc((size_t)layer->head->records + 1, sizeof(struct layer_area))))
        return WG_ENOMEM;
    make_boxes(layer);
    if ((rc = make_by_id(layer)) < 0 || (rc = make_bins(layer)) < 0)
        return rc;
    return layer->area ? make_slabs(layer) : WG_OK;
}
