/* What one layer has and another has not. Both have their ids in order, so one walk tells. */
#include "geo/layer.h"

static bool same_text(const struct wg_layer *x, uint32_t i, const struct wg_layer *y, uint32_t k)
{
    const struct layer_rec *a = &x->rec[i], *b = &y->rec[k];
    size_t n = (size_t)a->name_n + a->props_n;
    return a->name_n == b->name_n && a->props_n == b->props_n &&
           memcmp(x->text + a->text + a->id_n, y->text + b->text + b->id_n, n) == 0;
}

static bool same_shape(const struct wg_layer *x, uint32_t i, const struct wg_layer *y, uint32_t k)
{
    const struct layer_rec *a = &x->rec[i], *b = &y->rec[k];
    if (x->head->shape != y->head->shape)
        return false;
    if (x->head->shape == WG_POINTS)
        return memcmp(&x->vert[i], &y->vert[k], sizeof(*x->vert)) == 0;
    if (a->ring_count != b->ring_count)
        return false;
    for (uint32_t r = 0; r < a->ring_count; r++) {
        const struct layer_ring *p = &x->ring[a->ring + r], *q = &y->ring[b->ring + r];
        if (p->count != q->count || p->outer != q->outer ||
            memcmp(&x->vert[p->vert], &y->vert[q->vert], p->count * sizeof(*x->vert)) != 0)
            return false;
    }
    return true;
}

static void compare(const struct wg_layer *before, const struct wg_layer *now, wg_change_fn fn,
                    void *arg)
{
    size_t i = 0, k = 0, n = before ? before->head->records : 0, m = now ? now->head->records : 0;
    while (i < n || k < m) {
        uint32_t a = i < n ? before->by_id[i] : 0, b = k < m ? now->by_id[k] : 0;
        int order = i == n ? 1 : k == m ? -1 : wg_str_cmp(layer_id(before, a), layer_id(now, b));
        if (order < 0)
            fn(arg, WG_REMOVED, layer_id(before, a));
        else if (order > 0)
            fn(arg, WG_ADDED, layer_id(now, b));
        else if (same_text(before, a, now, b) && same_shape(before, a, now, b))
            fn(arg, WG_UNCHANGED, layer_id(now, b));
        else
            fn(arg, WG_CHANGED, layer_id(now, b));
        i += order <= 0;
        k += order >= 0;
    }
}

int wg_layer_compare(const struct wg_layer *before, const struct wg_layer *now, wg_change_fn fn,
                     void *arg, struct wg_err *err)
{
    struct wg_layer *a = NULL, *b = NULL;
    int rc = before ? wg_layer_whole(before, &a, err) : WG_OK;
    if (rc == WG_OK && now)
        rc = wg_layer_whole(now, &b, err);
    if (rc == WG_OK)
        compare(a, b, fn, arg);
    wg_layer_drop(a);
    wg_layer_drop(b);
    return rc;
}
