/* Who is bound to streets sees of what is not everybody's only what lies in them: in place of a
 * county's layer they have one made of it, kept while it and its streets stay as they are. It is
 * made before the handler begins, so that all that a handler takes is narrowed already. */
#include "spatial.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT 256

struct narrowed {
    const struct collection *collection;
    const struct wg_county *county;
    char streets[STREETS_TEXT];
    uint64_t mark, used; /* of the layer and of the streets that it was made of */
    struct wg_layer *layer;
};
static struct {
    pthread_mutex_t lock;
    struct narrowed list[KEPT];
    uint64_t uses;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t mark_of(const struct wg_ground *g, const struct wg_layer *layer)
{
    const struct wg_layer *areas = wg_ground_layer(g, "streets");
    return wg_layer_mark(layer) * 0x9e3779b97f4a7c15u + (areas ? wg_layer_mark(areas) : 0);
}

/* Locked. NULL: there is none. */
static struct narrowed *find(const struct wg_county *county, const struct collection *c,
                             struct wg_str streets)
{
    for (struct narrowed *n = kept.list; n < kept.list + KEPT; n++)
        if (n->layer && n->collection == c && n->county == county &&
            wg_str_is(streets, n->streets)) {
            n->used = ++kept.uses;
            return n;
        }
    return NULL;
}

const struct wg_layer *streets_layer(const struct ask *ask, const struct wg_county *county,
                                     const struct collection *c)
{
    pthread_mutex_lock(&kept.lock);
    const struct narrowed *n = find(county, c, ask->streets);
    const struct wg_layer *layer = n ? wg_layer_keep(n->layer) : NULL;
    pthread_mutex_unlock(&kept.lock);
    return layer;
}

static bool is_made(const struct wg_county *county, const struct collection *c,
                    struct wg_str streets, uint64_t mark)
{
    pthread_mutex_lock(&kept.lock);
    const struct narrowed *n = find(county, c, streets);
    bool made = n && n->mark == mark;
    pthread_mutex_unlock(&kept.lock);
    return made;
}

static void keep(const struct narrowed *made)
{
    pthread_mutex_lock(&kept.lock);
    struct narrowed *at = find(made->county, made->collection, wg_str_of(made->streets));
    for (struct narrowed *n = kept.list; !at && n < kept.list + KEPT; n++)
        at = n->layer ? NULL : n;
    if (!at) {
        at = kept.list;
        for (struct narrowed *n = kept.list; n < kept.list + KEPT; n++)
            at = n->used < at->used ? n : at;
    }
    struct wg_layer *old = at->layer;
    *at = *made;
    at->used = ++kept.uses;
    pthread_mutex_unlock(&kept.lock);
    wg_layer_drop(old);
}

void streets_free(void)
{
    for (struct narrowed *n = kept.list; n < kept.list + KEPT; n++) {
        wg_layer_drop(n->layer);
        *n = (struct narrowed){0};
    }
}

/* ---- before a handler ---- */

/* What is to be made. */
struct narrowing {
    struct narrowing *next;
    struct narrowed made;
    struct wg_ground *ground;
    const struct wg_layer *from;
    int rc;
};
struct narrow {
    struct wg_req *req;
    struct spatial *self;
    void (*handler)(struct wg_req *req, void *self);
    struct wg_str streets;
    struct narrowing *list;
};

static void work(void *arg)
{
    struct narrow *w = arg;
    for (struct narrowing *n = w->list; n; n = n->next)
        n->rc = wg_layer_within(n->from, wg_ground_layer(n->ground, "streets"), w->streets,
                                &n->made.layer, NULL);
}

static void done(void *arg)
{
    struct narrow *w = arg;
    bool good = true;
    for (struct narrowing *n = w->list; n; n = n->next) {
        if (n->rc == WG_OK)
            keep(&n->made);
        good &= n->rc == WG_OK;
        wg_layer_drop((struct wg_layer *)n->from);
        wg_ground_drop(n->ground);
    }
    if (good)
        w->handler(w->req, w->self);
    else
        wg_reply_problem(w->req, 503, "out of memory");
}

static bool add(struct narrow *w, struct ask *ask, struct wg_county *county,
                const struct collection *c)
{
    struct rights rights = rights_of(ask, county, c);
    if (!rights.sees || !rights.narrow)
        return true;
    struct wg_ground *g = wg_county_ground(county);
    const struct wg_layer *from = layer_of(county, g, c);
    struct narrowing *n = NULL;
    bool needed = from && !is_made(county, c, w->streets, mark_of(g, from));
    if (needed && (n = WG_NEW(ask->a, struct narrowing))) {
        *n = (struct narrowing){
            .next = w->list,
            .made = {.collection = c, .county = county, .mark = mark_of(g, from)},
            .ground = g,
            .from = from,
            .rc = WG_ENOMEM};
        wg_str_copy(n->made.streets, sizeof(n->made.streets), w->streets);
        w->list = n;
        return true;
    }
    wg_layer_drop((struct wg_layer *)from);
    wg_ground_drop(g);
    return !needed;
}

void streets_first(struct wg_req *req, void *self, void (*handler)(struct wg_req *req, void *self))
{
    struct wg_arena *a = wg_req_arena(req);
    struct wg_str streets = wg_req_streets(req), name = wg_req_param(req, "collection");
    struct narrow *w = streets.n ? WG_NEW(a, struct narrow) : NULL;
    struct ask *ask = streets.n ? WG_NEW(a, struct ask) : NULL;
    struct wg_county *span[SPAN_MAX];
    const struct collection *c;
    bool good = w && ask;
    if (!streets.n) {
        handler(req, self);
        return;
    }
    if (good) {
        *w = (struct narrow){req, self, handler, streets, NULL};
        *ask = (struct ask){
            .req = req, .self = self, .a = a, .roles = wg_req_roles(req), .streets = streets};
        rights_learn(ask);
    }
    for (size_t n = good ? wg_county_span(w->self->county, span, SPAN_MAX) : 0; n > 0; n--)
        for (size_t i = 0; good && (c = collection_at(i)); i++)
            if (!name.n || wg_str_is(name, c->id))
                good = add(w, ask, span[n - 1], c);
    if (good && !w->list)
        handler(req, self);
    else if (!good || wg_county_pool(w->self->county, work, done, w) < 0) {
        for (struct narrowing *n = w ? w->list : NULL; n; n = n->next) {
            wg_layer_drop((struct wg_layer *)n->from);
            wg_ground_drop(n->ground);
        }
        wg_reply_problem(req, 503, "out of memory");
    }
}
