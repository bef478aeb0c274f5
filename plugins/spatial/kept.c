/* What is made of a layer once and then shared: its table, its index of names. The last one of each
 * is kept; nobody holds the lock while something is made. */
#include "spatial.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT 1024 /* the least used goes first */

struct entry {
    const struct kept_kind *kind;
    const struct collection *collection;
    char key[MEMBER_KEY];
    bool part; /* of the larger part of an edited layer */
    uint64_t used;
    struct kept *kept;
};

static struct {
    pthread_mutex_t lock;
    struct entry entry[KEPT];
    uint64_t uses;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

void kept_drop(struct kept *k)
{
    if (!k || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    kept_drop(k->part[0]);
    kept_drop(k->part[1]);
    wg_layer_drop(k->layer);
    k->free(k);
}

static struct kept *one_more(struct kept *k)
{
    __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
    return k;
}

/* Locked. The one of that name, else the one to take for it. */
static struct entry *entry_of(const struct kept_kind *kind, const char *key,
                              const struct collection *c, bool part)
{
    struct entry *oldest = all.entry;
    for (struct entry *e = all.entry; e < all.entry + KEPT; e++) {
        if (!e->kept ||
            (e->kind == kind && e->collection == c && e->part == part && strcmp(e->key, key) == 0))
            return e;
        oldest = e->used < oldest->used ? e : oldest;
    }
    return oldest;
}

struct kept *kept_find(const struct kept_kind *kind, const char *key, const struct collection *c,
                       const struct wg_layer *layer)
{
    struct kept *k = NULL;
    pthread_mutex_lock(&all.lock);
    for (int part = 0; part < 2 && !k; part++) {
        struct entry *e = entry_of(kind, key, c, part);
        if (e->kept && e->kept->mark == wg_layer_mark(layer)) {
            k = one_more(e->kept);
            e->used = ++all.uses;
        }
    }
    pthread_mutex_unlock(&all.lock);
    return k;
}

static void keep(const struct kept_kind *kind, const char *key, const struct collection *c,
                 bool part, struct kept *k)
{
    struct kept *old = NULL;
    pthread_mutex_lock(&all.lock);
    struct entry *e = entry_of(kind, key, c, part);
    old = e->kept;
    *e = (struct entry){
        .kind = kind, .collection = c, .part = part, .used = ++all.uses, .kept = one_more(k)};
    wg_str_copy(e->key, sizeof(e->key), wg_str_of(key));
    pthread_mutex_unlock(&all.lock);
    kept_drop(old);
}

static struct kept *of_layer(struct kept *k, const struct wg_layer *layer)
{
    if (!k)
        return NULL;
    k->refs = 1;
    k->mark = wg_layer_mark(layer);
    k->layer = wg_layer_keep((struct wg_layer *)layer);
    return k;
}

static struct kept *make_joined(const struct kept_kind *kind, const char *key,
                                const struct collection *c, const struct wg_layer *const made_of[2])
{
    struct kept *part[2] = {kept_find(kind, key, c, made_of[0]), NULL}, *k = NULL;
    if (!part[0])
        part[0] = of_layer(kind->make(made_of[0]), made_of[0]);
    if (part[0])
        keep(kind, key, c, true, part[0]);
    part[1] = of_layer(kind->make(made_of[1]), made_of[1]);
    if (part[0] && part[1] && (k = kind->join(part))) {
        k->part[0] = part[0];
        k->part[1] = part[1];
        return k;
    }
    kept_drop(part[0]);
    kept_drop(part[1]);
    return NULL;
}

struct kept *kept_make(const struct kept_kind *kind, const char *key, const struct collection *c,
                       const struct wg_layer *layer)
{
    const struct wg_layer *made_of[2];
    struct kept *k = kept_find(kind, key, c, layer);
    if (k)
        return k;
    k = wg_layer_made_of(layer, made_of) == 1 ? kind->make(layer)
                                              : make_joined(kind, key, c, made_of);
    if ((k = of_layer(k, layer)))
        keep(kind, key, c, false, k);
    return k;
}

void kept_free_all(void)
{
    for (struct entry *e = all.entry; e < all.entry + KEPT && e->kept; e++) {
        kept_drop(e->kept);
        e->kept = NULL;
    }
}
