/* What is made of a layer once and then shared: its table, its index of names. The last one of each
 * is kept; nobody holds the lock while something is made. */
#include "spatial.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT 1024 /* what does not fit is made for each who asks */

struct entry {
    const struct kept_kind *kind;
    const struct collection *collection;
    char area[8];
    struct kept *kept;
};

static struct {
    pthread_mutex_t lock;
    struct entry entry[KEPT];
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

void kept_drop(struct kept *k)
{
    if (!k || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_layer_drop(k->layer);
    k->free(k);
}

static struct kept *one_more(struct kept *k)
{
    __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
    return k;
}

/* Locked. NULL: there is no room. */
static struct entry *entry_of(const struct kept_kind *kind, const char *area,
                              const struct collection *c)
{
    for (struct entry *e = all.entry; e < all.entry + KEPT; e++)
        if (!e->kept || (e->kind == kind && e->collection == c && strcmp(e->area, area) == 0))
            return e;
    return NULL;
}

struct kept *kept_find(const struct kept_kind *kind, const char *area, const struct collection *c,
                       const struct wg_layer *layer)
{
    pthread_mutex_lock(&all.lock);
    const struct entry *e = entry_of(kind, area, c);
    bool found = e && e->kept && e->kept->mark == wg_layer_mark(layer);
    struct kept *k = found ? one_more(e->kept) : NULL;
    pthread_mutex_unlock(&all.lock);
    return k;
}

struct kept *kept_make(const struct kept_kind *kind, const char *area, const struct collection *c,
                       const struct wg_layer *layer)
{
    struct kept *k = kept_find(kind, area, c, layer), *old = NULL;
    if (k || !(k = kind->make(layer)))
        return k;
    k->refs = 1;
    k->mark = wg_layer_mark(layer);
    k->layer = wg_layer_keep((struct wg_layer *)layer);
    pthread_mutex_lock(&all.lock);
    struct entry *e = entry_of(kind, area, c);
    if (e) {
        old = e->kept;
        *e = (struct entry){.kind = kind, .collection = c, .kept = one_more(k)};
        wg_str_copy(e->area, sizeof(e->area), wg_str_of(area));
    }
    pthread_mutex_unlock(&all.lock);
    kept_drop(old);
    return k;
}

void kept_free_all(void)
{
    for (struct entry *e = all.entry; e < all.entry + KEPT && e->kept; e++) {
        kept_drop(e->kept);
        e->kept = NULL;
    }
}
