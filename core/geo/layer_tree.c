/* A packed tree over a layer's features, along Hilbert's curve: sixteen neighbours make a node,
 * sixteen nodes the next, in one array without pointers. A node's features lie side by side on the
 * curve, so that a query's answer is a few runs, and what is wholly inside is counted at once. */
#include "geo/layer.h"

#include <stdlib.h>

static const struct wg_box no_box = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

static inline void box_join(struct wg_box *b, const struct wg_box *o)
{
    b->west = o->west < b->west ? o->west : b->west;
    b->south = o->south < b->south ? o->south : b->south;
    b->east = o->east > b->east ? o->east : b->east;
    b->north = o->north > b->north ? o->north : b->north;
}

/* ---- build ---- */

/* Where (x, y) lies on the curve that fills all 2^32 x 2^32 places: two bits a level, the quadrant
 * in the order in which the curve passes it here. A county's common high bits cost nothing later:
 * the sort skips them. */
static uint64_t curve_place(uint32_t x, uint32_t y)
{
    uint64_t d = 0;
    for (uint32_t s = 1u << 31; s; s >>= 1) {
        uint32_t rx = (x & s) != 0, ry = (y & s) != 0;
        d = d << 2 | ((3 * rx) ^ ry);
        if (ry == 0) { /* turn, so that the pieces join */
            uint32_t flip = rx ? ~0u : 0, t = x ^ flip;
            x = y ^ flip;
            y = t;
        }
    }
    return d;
}

uint64_t layer_curve(int64_t lon_e7, int64_t lat_e7)
{
    return curve_place((uint32_t)(lon_e7 + INT32_MAX), (uint32_t)(lat_e7 + INT32_MAX));
}

#define DIGIT 11 /* bits */

/* By digits from the least; one that all share is passed over. */
void layer_sort(struct layer_key *list, struct layer_key *spare, size_t n)
{
    struct layer_key *a = list, *b = spare;
    uint64_t differ = 0;
    for (size_t k = 1; k < n; k++)
        differ |= a[k].key ^ a[0].key;
    for (unsigned shift = 0; shift < 64; shift += DIGIT) {
        size_t start[1u << DIGIT] = {0}, at = 0;
        const uint64_t mask = (1u << DIGIT) - 1;
        if (!(differ >> shift & mask))
            continue;
        for (size_t k = 0; k < n; k++)
            start[a[k].key >> shift & mask]++;
        for (size_t d = 0; d <= mask; d++) {
            size_t count = start[d];
            start[d] = at;
            at += count;
        }
        for (size_t k = 0; k < n; k++)
            b[start[a[k].key >> shift & mask]++] = a[k];
        struct layer_key *t = a;
        a = b;
        b = t;
    }
    if (a != list)
        memcpy(list, a, n * sizeof(*a));
}

static int make_order(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    struct layer_key *a = malloc(2 * ((size_t)n + 1) * sizeof(*a));
    layer->order = malloc(((size_t)n + 1) * sizeof(uint32_t));
    bool ok = a && layer->order;
    for (uint32_t i = 0; ok && i < n; i++) {
        struct wg_box box = layer_box(layer, i);
        int64_t x = ((int64_t)box.west + box.east) / 2, y = ((int64_t)box.south + box.north) / 2;
        a[i] = (struct layer_key){layer_curve(x, y), i};
    }
    if (ok)
        layer_sort(a, a + n, n);
    for (uint32_t k = 0; ok && k < n; k++)
        layer->order[k] = a[k].i;
    free(a);
    return ok ? WG_OK : WG_ENOMEM;
}

static int make_leaves(struct wg_layer *layer)
{
    uint32_t n = layer->head->records;
    layer->leaf =
        malloc(((size_t)n + 1) * (layer->area ? sizeof(struct wg_box) : sizeof(struct wg_point)));
    if (!layer->leaf)
        return WG_ENOMEM;
    for (uint32_t k = 0; k < n; k++) {
        if (layer->area)
            ((struct wg_box *)layer->leaf)[k] = layer->area[layer->order[k]].box;
        else
            ((struct wg_point *)layer->leaf)[k] = layer->vert[layer->order[k]];
    }
    return WG_OK;
}

static inline struct wg_box leaf_box(const struct wg_layer *layer, uint32_t k)
{
    if (layer->area)
        return ((const struct wg_box *)layer->leaf)[k];
    struct wg_point p = ((const struct wg_point *)layer->leaf)[k];
    return (struct wg_box){p.lon_e7, p.lat_e7, p.lon_e7, p.lat_e7};
}

static inline uint32_t nodes_over(uint32_t n)
{
    return (n + TREE_NODE - 1) / TREE_NODE;
}

int layer_tree(struct wg_layer *layer)
{
    uint32_t n = layer->head->records, nodes = 0;
    int rc = make_order(layer);
    if (rc < 0 || (rc = make_leaves(layer)) < 0)
        return rc;
    layer->levels = 0;
    for (uint32_t below = n; below > 1 || (n && !layer->levels); below = nodes_over(below)) {
        layer->level[layer->levels++] = nodes;
        nodes += nodes_over(below);
    }
    if (!(layer->node = malloc(((size_t)nodes + 1) * sizeof(*layer->node))))
        return WG_ENOMEM;
    for (uint32_t l = 0, below = n; l < layer->levels; l++, below = nodes_over(below))
        for (uint32_t k = 0; k < below; k++) {
            struct wg_box box = l ? layer->node[layer->level[l - 1] + k] : leaf_box(layer, k);
            struct wg_box *node = &layer->node[layer->level[l] + k / TREE_NODE];
            *node = k % TREE_NODE ? *node : no_box;
            box_join(node, &box);
        }
    return WG_OK;
}

/* ---- queries ---- */

static inline bool meets(const struct wg_box *a, const struct wg_box *b)
{
    return a->west <= b->east && b->west <= a->east && a->south <= b->north && b->south <= a->north;
}

static inline bool contains(const struct wg_box *a, const struct wg_box *b)
{
    return a->west <= b->west && b->east <= a->east && a->south <= b->south && b->north <= a->north;
}

/* Of neighbours, those that are in or out alike. */
static void run_of_leaves(struct wg_scan *s, struct wg_run *run)
{
    const struct wg_layer *layer = s->layer;
    struct wg_box box = leaf_box(layer, s->at);
    *run = (struct wg_run){s->at, s->at + 1, contains(&s->box, &box)};
    while (run->to % TREE_NODE && run->to < layer->head->records) {
        box = leaf_box(layer, run->to);
        if (!meets(&s->box, &box) || contains(&s->box, &box) != run->inside)
            break;
        run->to++;
    }
    s->at = run->to;
}

bool wg_scan_next(struct wg_scan *s, struct wg_run *run)
{
    const struct wg_layer *layer = s->layer;
    uint32_t n = layer->head->records;
    if (layer->edited)
        return edited_next(s, run);
    while (s->at < n) {
        /* The largest node that begins here, then what it holds. */
        int level = s->at ? __builtin_ctz(s->at) / TREE_BITS - 1 : (int)layer->levels - 1;
        bool out = false;
        if (level >= (int)layer->levels)
            level = (int)layer->levels - 1;
        for (; level >= 0 && !out; level--) {
            unsigned shift = (unsigned)(level + 1) * TREE_BITS;
            const struct wg_box *node = &layer->node[layer->level[level] + (s->at >> shift)];
            uint64_t to = (uint64_t)s->at + (1ull << shift);
            bool inside = contains(&s->box, node);
            out = !meets(&s->box, node);
            if (!out && !inside)
                continue;
            *run = (struct wg_run){s->at, to < n ? (uint32_t)to : n, true};
            s->at = run->to;
            if (inside)
                return true;
        }
        if (out)
            continue;
        struct wg_box box = leaf_box(layer, s->at);
        if (!meets(&s->box, &box)) {
            s->at++;
            continue;
        }
        run_of_leaves(s, run);
        return true;
    }
    return false;
}

size_t wg_layer_along(const struct wg_layer *layer, size_t k)
{
    return layer->edited ? edited_along(layer, k) : layer->order[k];
}
