/* What one table has and another has not, by id. */
#include "inside.h"

#include <stdlib.h>

struct item {
    struct wg_str id;
    const struct wg_json *j;
};
struct items {
    struct wg_arena *a;
    struct item *list;
    size_t count;
};

static int item_order(const void *x, const void *y)
{
    return wg_str_cmp(((const struct item *)x)->id, ((const struct item *)y)->id);
}

/* Rows by id; of owners, "part.0101". */
static bool items_of(const struct wg_table *t, struct items *s)
{
    const struct wg_json *j = wg_table_json(t);
    size_t most = 0;
    if (!j)
        return true;
    for (const struct wg_json *m = j->child; m; m = m->next)
        most += j->type == WG_JARR ? 1 : m->count;
    if (!(s->list = wg_arena_alloc(s->a, (most + 1) * sizeof(*s->list))))
        return false;
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (j->type == WG_JARR)
            s->list[s->count++] = (struct item){wg_json_str(m, "id"), m};
        for (const struct wg_json *e = j->type == WG_JOBJ ? m->child : NULL; e; e = e->next)
            s->list[s->count++] =
                (struct item){wg_arena_fmt(s->a, "%.*s.%.*s", WG_PRI(m->key), WG_PRI(e->key)), e};
    }
    qsort(s->list, s->count, sizeof(*s->list), item_order);
    return true;
}

static bool same(const struct wg_json *x, const struct wg_json *y)
{
    struct wg_buf a = WG_BUF_INIT, b = WG_BUF_INIT;
    wg_json_write(x, &a);
    wg_json_write(y, &b);
    bool is = wg_str_eq(wg_buf_str(&a), wg_buf_str(&b));
    wg_buf_free(&a);
    wg_buf_free(&b);
    return is;
}

void wg_table_compare(const struct wg_table *before, const struct wg_table *now, wg_change_fn fn,
                      void *arg)
{
    struct wg_arena *a = wg_arena_new(0);
    struct items x = {.a = a}, y = {.a = a};
    size_t i = 0, k = 0;
    if (a && items_of(before, &x) && items_of(now, &y))
        while (i < x.count || k < y.count) {
            int order = i == x.count   ? 1
                        : k == y.count ? -1
                                       : wg_str_cmp(x.list[i].id, y.list[k].id);
            fn(arg,
               order < 0                        ? WG_REMOVED
               : order > 0                      ? WG_ADDED
               : same(x.list[i].j, y.list[k].j) ? WG_UNCHANGED
                                                : WG_CHANGED,
               order < 0 ? x.list[i].id : y.list[k].id);
            i += order <= 0;
            k += order >= 0;
        }
    wg_arena_free(a);
}
