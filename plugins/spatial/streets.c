/* Who is bound to streets sees of what is not everybody's only what lies in them: in place of a
 * county's layer they have one made of it, before the handler begins, so that all that a handler
 * takes is narrowed already. A request holds those that it may take until it is answered; others
 * find them again while the layer and its streets stay as they are. All of it is the loop's but the
 * making. */
#include "spatial.h"

#include <stdlib.h>

#define KEPT 1024
#define KEPT_FEATURES ((size_t)2000000) /* some hundred bytes each */

/* ---- what was made ---- */

struct narrowed {
    const struct collection *collection;
    const struct wg_county *county;
    char streets[WG_STREETS_TEXT];
    uint64_t mark, used; /* of the layer and of the streets that it was made of */
    struct wg_layer *layer;
};
static struct {
    struct narrowed list[KEPT];
    size_t features;
    uint64_t uses;
} kept;

static void forget(struct narrowed *m)
{
    kept.features -= m->layer ? wg_layer_count(m->layer) : 0;
    wg_layer_drop(m->layer);
    *m = (struct narrowed){0};
}

void streets_free(void)
{
    for (struct narrowed *m = kept.list; m < kept.list + KEPT; m++)
        forget(m);
}

static struct narrowed *find(const struct wg_county *county, const struct collection *c,
                             struct wg_str streets)
{
    for (struct narrowed *m = kept.list; m < kept.list + KEPT; m++)
        if (m->layer && m->collection == c && m->county == county && wg_str_is(streets, m->streets))
            return m;
    return NULL;
}

/* An empty place first: it was never used. */
static struct narrowed *oldest(void)
{
    struct narrowed *old = kept.list;
    for (struct narrowed *m = kept.list; m < kept.list + KEPT; m++)
        old = m->used < old->used ? m : old;
    return old;
}

/* ---- what a request may take ---- */

struct narrowing {
    struct narrowing *next;
    const struct collection *collection;
    const struct wg_county *county;
    uint64_t mark;
    struct wg_ground *ground; /* and from: until it is made */
    const struct wg_layer *from;
    struct wg_layer *layer;
    int rc;
};
struct narrow {
    struct narrow *next; /* that are being made, or wait for it */
    struct wg_req *req;
    struct spatial *self;
    void (*handler)(struct wg_req *req, void *self);
    struct wg_str streets, name;
    struct narrowing *list;
    struct narrow *waiting;
};
static struct narrow *making, *begun; /* begun: whose handler is about to begin its ask */

static void settle(struct narrowing *n)
{
    wg_layer_drop((struct wg_layer *)n->from);
    wg_ground_drop(n->ground);
    n->from = NULL;
    n->ground = NULL;
}

void streets_end(struct narrow *w)
{
    for (struct narrowing *n = w ? w->list : NULL; n; n = n->next) {
        settle(n);
        wg_layer_drop(n->layer);
        n->layer = NULL;
    }
}

struct narrow *streets_begin(const struct wg_req *req)
{
    struct narrow *w = begun && begun->req == req ? begun : NULL;
    begun = w ? NULL : begun;
    return w;
}

void streets_again(struct narrow *w)
{
    begun = w;
}

const struct wg_layer *streets_layer(const struct narrow *w, const struct wg_county *county,
                                     const struct collection *c)
{
    for (const struct narrowing *n = w ? w->list : NULL; n; n = n->next)
        if (n->collection == c && n->county == county)
            return wg_layer_keep(n->layer);
    return NULL;
}

/* Every handler begins its ask before all else, and is perhaps answered when it returns. */
static void begin(struct narrow *w)
{
    begun = w;
    w->handler(w->req, w->self);
}

/* ---- making ---- */

static void work(void *arg)
{
    struct narrow *w = arg;
    for (struct narrowing *n = w->list; n; n = n->next)
        if (n->from)
            n->rc = wg_layer_within(n->from, wg_ground_layer(n->ground, "streets"), w->streets,
                                    false, &n->layer, NULL);
}

static void keep(const struct narrow *w, const struct narrowing *n)
{
    struct narrowed *at = find(n->county, n->collection, w->streets);
    at = at ? at : oldest();
    forget(at);
    *at = (struct narrowed){.collection = n->collection,
                            .county = n->county,
                            .mark = n->mark,
                            .used = ++kept.uses,
                            .layer = wg_layer_keep(n->layer)};
    wg_str_copy(at->streets, sizeof(at->streets), w->streets);
    kept.features += wg_layer_count(n->layer);
    for (size_t k = 0; k < KEPT && kept.features > KEPT_FEATURES; k++) {
        struct narrowed *old = at;
        for (struct narrowed *m = kept.list; m < kept.list + KEPT; m++)
            old = m->layer && m->used < old->used ? m : old;
        if (old == at)
            break;
        forget(old);
    }
}

static void fail(struct narrow *w)
{
    streets_end(w);
    wg_reply_problem(w->req, 503, "out of memory");
}

static void done(void *arg)
{
    struct narrow *w = arg, **at = &making, *waiting = w->waiting;
    bool good = true;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    for (struct narrowing *n = w->list; n; n = n->next) {
        if (n->from && n->rc == WG_OK)
            keep(w, n);
        good &= n->rc == WG_OK;
        settle(n);
    }
    if (good)
        begin(w);
    else
        fail(w);
    for (struct narrow *next; waiting; waiting = next) {
        next = waiting->next;
        streets_first(waiting->req, waiting->self, waiting->handler);
    }
}

/* What is kept already is at hand, all else is to be made. */
static bool add(struct narrow *w, struct ask *ask, struct wg_county *county,
                const struct collection *c)
{
    struct rights rights = rights_of(ask, county, c);
    if (!rights.sees || !rights.narrow)
        return true;
    struct wg_ground *g = wg_county_ground(county);
    const struct wg_layer *from = layer_of(county, g, c), *areas = wg_ground_layer(g, "streets");
    struct narrowing *n = from ? WG_NEW(ask->a, struct narrowing) : NULL;
    if (!n) {
        bool none = !from;
        wg_layer_drop((struct wg_layer *)from);
        wg_ground_drop(g);
        return none;
    }
    *n = (struct narrowing){.next = w->list,
                            .collection = c,
                            .county = county,
                            .mark = wg_layer_mark(from) * 0x9e3779b97f4a7c15u +
                                    (areas ? wg_layer_mark(areas) : 0),
                            .ground = g,
                            .from = from};
    w->list = n;
    struct narrowed *m = find(county, c, w->streets);
    if (m && m->mark == n->mark) {
        m->used = ++kept.uses;
        n->layer = wg_layer_keep(m->layer);
        settle(n);
    }
    return true;
}

/* Somebody has just begun to make the same: theirs are found then. */
static bool joined(struct narrow *w)
{
    struct narrow *m = making;
    while (m && (m->self != w->self || !wg_str_eq(m->streets, w->streets) ||
                 !wg_str_eq(m->name, w->name)))
        m = m->next;
    if (!m)
        return false;
    streets_end(w);
    w->next = m->waiting;
    m->waiting = w;
    return true;
}

static bool gather(struct narrow *w)
{
    struct wg_arena *a = wg_req_arena(w->req);
    struct ask *ask = WG_NEW(a, struct ask);
    struct wg_county *span[SPAN_MAX];
    const struct collection *c;
    if (!ask)
        return false;
    *ask = (struct ask){.req = w->req,
                        .self = w->self,
                        .a = a,
                        .roles = wg_req_roles(w->req),
                        .streets = w->streets};
    rights_learn(ask);
    for (size_t i = 0; (c = collection_at(i)); i++) {
        if (w->name.n && !wg_str_is(w->name, c->id))
            continue;
        for (size_t n = collection_span(ask, c, span); n > 0; n--)
            if (!add(w, ask, span[n - 1], c))
                return false;
    }
    return true;
}

void streets_first(struct wg_req *req, void *self, void (*handler)(struct wg_req *req, void *self))
{
    struct wg_str streets = wg_req_streets(req);
    struct narrow *w;
    bool make = false;
    if (!streets.n) {
        handler(req, self);
        return;
    }
    if (!(w = WG_NEW(wg_req_arena(req), struct narrow))) {
        wg_reply_problem(req, 503, "out of memory");
        return;
    }
    *w = (struct narrow){.req = req,
                         .self = self,
                         .handler = handler,
                         .streets = streets,
                         .name = wg_req_param(req, "collection")};
    if (!gather(w)) {
        fail(w);
        return;
    }
    for (const struct narrowing *n = w->list; n; n = n->next)
        make |= n->from != NULL;
    if (!make) {
        begin(w);
    } else if (!joined(w)) {
        if (wg_county_pool(w->self->county, work, done, w) < 0) {
            fail(w);
            return;
        }
        w->next = making;
        making = w;
    }
}
