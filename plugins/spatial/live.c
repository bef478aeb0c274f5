/* Cases come and go while people look at the map. Who asks for them is answered with all that was
 * acknowledged before the asking: where something was, the layer is brought up to it first, once
 * for all who wait. All of it is the loop's but the bringing up. */
#include "spatial.h"

#include <stdio.h>
#include <stdlib.h>

struct waiting {
    struct waiting *next;
    struct wg_req *req;
    void (*handler)(struct wg_req *req, void *self);
};

struct bringing {
    struct spatial *self;
    struct waiting *who; /* came before it began */
    struct wg_county *county[SPAN_MAX];
    size_t counties;
    int rc;
    struct wg_err err;
};

static void bring(void *arg)
{
    struct bringing *b = arg;
    for (size_t k = 0; k < b->counties && b->rc == WG_OK; k++)
        b->rc = wg_county_cases_refresh(b->county[k], &b->err);
}

static void start(struct spatial *s);

static void brought(void *arg)
{
    struct bringing *b = arg;
    struct spatial *s = b->self;
    s->bringing = false;
    if (s->waiting) /* who came since may have done something since */
        start(s);
    for (struct waiting *w = b->who, *next; w; w = next) {
        next = w->next;
        if (b->rc == WG_OK)
            streets_first(w->req, s, w->handler);
        else
            wg_reply_problem(w->req, 503, b->err.text);
        free(w);
    }
    free(b);
}

static void start(struct spatial *s)
{
    struct bringing *b = calloc(1, sizeof(*b));
    struct waiting *who = s->waiting;
    s->waiting = NULL;
    if (b) {
        b->self = s;
        b->who = who;
        b->counties = wg_county_span(s->county, b->county, SPAN_MAX);
        s->bringing = wg_county_pool(s->county, bring, brought, b) == WG_OK;
        if (s->bringing)
            return;
    }
    free(b);
    for (struct waiting *next; who; who = next) {
        next = who->next;
        wg_reply_problem(who->req, 503, "out of memory");
        free(who);
    }
}

static bool behind(struct spatial *s)
{
    struct wg_county *span[SPAN_MAX];
    size_t n = wg_county_span(s->county, span, SPAN_MAX);
    while (n > 0 && !wg_county_cases_behind(span[n - 1]))
        n--;
    return n > 0;
}

void live_first(struct wg_req *req, void *self, void (*handler)(struct wg_req *req, void *self))
{
    struct spatial *s = self;
    struct wg_str name = wg_req_param(req, "collection");
    bool asked = name.n ? wg_str_is(name, CASES) : wg_req_roles(req) & SIGNED_IN;
    if (!asked || !behind(s)) {
        streets_first(req, self, handler);
        return;
    }
    struct waiting *w = calloc(1, sizeof(*w));
    if (!w) {
        wg_reply_problem(req, 503, "out of memory");
        return;
    }
    *w = (struct waiting){s->waiting, req, handler};
    s->waiting = w;
    if (!s->bringing)
        start(s);
}

/* ---- pages of what goes on changing ---- */

#define SNAPSHOTS 128

/* The layers that a page was taken from, so that the next is of the same data. What an edit leaves
 * as it was they share. */
struct snapshot {
    const struct spatial *self;
    const struct collection *collection;
    char streets[WG_STREETS_TEXT]; /* of who asked: nobody else is to have it */
    uint64_t mark, used;
    struct member *member;
    size_t members;
};
static struct {
    struct snapshot list[SNAPSHOTS];
    uint64_t uses;
} kept;

static void forget(struct snapshot *s)
{
    for (size_t k = 0; k < s->members; k++) {
        wg_layer_drop((struct wg_layer *)s->member[k].layer);
        wg_ground_drop(s->member[k].ground);
    }
    free(s->member);
    *s = (struct snapshot){0};
}

static struct snapshot *find(const struct ask *ask, uint64_t mark)
{
    for (struct snapshot *s = kept.list; s < kept.list + SNAPSHOTS; s++)
        if (s->members && s->mark == mark && s->self == ask->self &&
            s->collection == ask->source.collection && wg_str_is(ask->streets, s->streets))
            return s;
    return NULL;
}

void snapshot_keep(const struct ask *ask)
{
    struct snapshot *s = find(ask, ask->source.mark), *at;
    if (!s) {
        s = kept.list;
        for (at = kept.list; at < kept.list + SNAPSHOTS; at++)
            s = at->used < s->used ? at : s;
        forget(s);
        s->member = calloc(ask->source.members, sizeof(*s->member));
        if (!s->member)
            return; /* the next page is refused, then */
        *s = (struct snapshot){.self = ask->self,
                               .collection = ask->source.collection,
                               .mark = ask->source.mark,
                               .member = s->member,
                               .members = ask->source.members};
        wg_str_copy(s->streets, sizeof(s->streets), ask->streets);
        for (size_t k = 0; k < s->members; k++) {
            s->member[k] = ask->source.member[k];
            s->member[k].table = NULL;
            s->member[k].rights = (struct rights){0}; /* whoever asks for it has their own */
            s->member[k].ground = wg_ground_keep(s->member[k].ground);
            wg_layer_keep((struct wg_layer *)s->member[k].layer);
        }
    }
    s->used = ++kept.uses;
}

bool snapshot_take(struct ask *ask, uint64_t mark)
{
    struct snapshot *s = find(ask, mark);
    if (!s)
        return false;
    s->used = ++kept.uses;
    source_of(ask, s->collection, s->member, s->members);
    return true;
}

void snapshots_free(void)
{
    for (struct snapshot *s = kept.list; s < kept.list + SNAPSHOTS; s++)
        forget(s);
}
