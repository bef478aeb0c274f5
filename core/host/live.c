/* The county's cases as a layer of points, for maps. Nobody waits for it but who asks: what has
 * been answered before the asking is in it. It is made of the views once, and then follows the
 * journal, entry by entry, as an edit of the layer that it was; a lamp that turns by time alone is
 * an edit too. Nothing of a person's is in it. */
#include "inside.h"

#include <pthread.h>
#include <stdlib.h>

#define CLOSED_DAYS 90    /* closed cases are shown so long */
#define FOLLOW_MAX 20000u /* entries; where there are more, all is made anew */
#define ANEW_MS WG_DAY_MS /* so that what was closed long ago goes */
#define EDITS_MAX 1024u   /* then, and from a quarter of the layer on, it is made whole */

/* A lamp turns then. One that has been set otherwise since is looked at in vain. */
struct moment {
    int64_t t;
    uint64_t id;
};

struct live {
    pthread_mutex_t lock; /* guards `layer`, `n`, `next_ms`; who makes it holds `making` as well */
    pthread_mutex_t making;
    struct wg_layer *layer; /* NULL until it is first asked for */
    uint64_t n;             /* the last entry in it */
    int64_t next_ms;        /* a lamp turns; INT64_MAX: none will */
    int64_t made_ms;
    struct moment *moment;
    size_t moments, cap;
};

struct live *live_new(void)
{
    struct live *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->making, NULL);
    l->next_ms = INT64_MAX;
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    wg_layer_drop(l->layer);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->making);
    free(l->moment);
    free(l);
}

/* ---- one case ---- */

static bool shown(const struct wg_case *c, int64_t now)
{
    return wg_state_open(c->state) || (c->closed && now - c->closed < CLOSED_DAYS * WG_DAY_MS);
}

static void text(struct wg_buf *b, const char *key, struct wg_str s)
{
    wg_json_kstr(b, key, s.n ? s : (struct wg_str){NULL, 0});
}

/* All of them in all, in one order: then they go out as they are. */
static void write_props(const struct wg_case *c, int64_t now, struct wg_buf *b)
{
    wg_buf_clear(b);
    wg_buf_char(b, '{');
    text(b, "number", c->number);
    wg_json_kstr(b, "state", wg_str_of(wg_state_name(c->state)));
    wg_json_kstr(b, "lamp", wg_str_of(wg_lamp_name(wg_lamp_of(c, now))));
    wg_json_kstr(b, "kind", wg_str_of(wg_kind_name(c->kind)));
    text(b, "category", c->category);
    wg_json_kstr(b, "source", wg_str_of(wg_source_name(c->source)));
    text(b, "unit", c->unit);
    text(b, "grid", c->grid);
    text(b, "part", c->part);
    text(b, "address", c->address);
    wg_json_kbool(b, "open", wg_state_open(c->state));
    wg_json_ktime(b, "opened", c->opened);
    wg_json_ktime(b, "due", c->due);
    wg_json_ktime(b, "closed", c->closed);
    wg_buf_char(b, '}');
}

static void add_moment(struct live *l, uint64_t id, int64_t t, int64_t now)
{
    if (t <= now)
        return;
    if (l->moments == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 256;
        struct moment *list = realloc(l->moment, cap * sizeof(*list));
        if (!list)
            return; /* its lamp turns with its next step, or tomorrow */
        l->moment = list;
        l->cap = cap;
    }
    l->moment[l->moments++] = (struct moment){t + 1, id}; /* red is past the moment, not at it */
}

struct pass {
    struct live *l;
    struct wg_layer_points *points;
    struct wg_buf props;
    int64_t now;
};

static int add_case(void *arg, const struct wg_case *c)
{
    struct pass *p = arg;
    char id[24];
    if (!shown(c, p->now))
        return WG_OK;
    wg_case_id_text(c->id, id);
    write_props(c, p->now, &p->props);
    wg_layer_points_add(p->points, wg_str_of(id), c->category_name, wg_buf_str(&p->props), c->at);
    if (wg_state_open(c->state)) {
        add_moment(p->l, c->id, c->warn - 1, p->now); /* yellow is at the moment */
        add_moment(p->l, c->id, c->due ? c->due : c->stage_due, p->now);
    }
    return wg_buf_ok(&p->props) ? WG_OK : WG_ENOMEM;
}

/* ---- all of them ---- */

static int make_all(struct live *l, struct wg_views *v, struct wg_txn *txn, int64_t now,
                    struct wg_layer **out, struct wg_err *err)
{
    struct pass p = {.l = l, .points = wg_layer_points_new(), .now = now};
    struct wg_case_query q = {
        .kind = -1, .sort = WG_BY_OPENED, .limit = SIZE_MAX, .look = SIZE_MAX, .now_ms = now};
    struct wg_buf next = WG_BUF_INIT;
    int rc = p.points ? WG_OK : WG_ENOMEM;
    l->moments = 0;
    if (rc == WG_OK)
        rc = wg_view_list(v, txn, &q, add_case, &p, &next, err);
    int made = wg_layer_points_finish(p.points, out, err);
    wg_buf_free(&p.props);
    wg_buf_free(&next);
    return rc == WG_OK ? made : rc;
}

/* ---- those that changed ---- */

struct changed {
    struct wg_arena *arena;
    uint64_t *id, tip;
    size_t n, cap;
};

static int add_changed(struct changed *c, uint64_t id)
{
    if (!id)
        return WG_OK;
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        uint64_t *list = realloc(c->id, cap * sizeof(*list));
        if (!list)
            return WG_ENOMEM;
        c->id = list;
        c->cap = cap;
    }
    c->id[c->n++] = id;
    return WG_OK;
}

static int changed_by(void *arg, uint64_t n, struct wg_str bytes)
{
    struct changed *c = arg;
    struct wg_entry e;
    uint64_t id;
    if (n > c->tip)
        return 1;
    wg_arena_reset(c->arena);
    int rc = wg_entry_parse(c->arena, bytes, &e, NULL);
    if (rc == WG_OK)
        rc = add_changed(c, e.of);
    for (const struct wg_json *o = rc == WG_OK ? e.out->child : NULL; o && rc == WG_OK; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), "also") &&
            wg_case_id_parse(wg_json_str(o, "of"), &id) == WG_OK)
            rc = add_changed(c, id);
    return rc;
}

static int by_id(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

/* Moments that have come are taken out. */
static int due_moments(struct live *l, int64_t now, struct changed *c)
{
    size_t kept = 0;
    int rc = WG_OK;
    for (size_t k = 0; k < l->moments; k++) {
        if (l->moment[k].t > now)
            l->moment[kept++] = l->moment[k];
        else if (rc == WG_OK)
            rc = add_changed(c, l->moment[k].id);
    }
    l->moments = kept;
    return rc;
}

static int put_changed(struct live *l, struct wg_views *v, struct wg_txn *txn,
                       const struct changed *c, int64_t now, struct wg_layer **out,
                       struct wg_err *err)
{
    struct pass p = {.l = l, .points = wg_layer_points_new(), .now = now};
    struct wg_str *drop = malloc((c->n + 1) * sizeof(*drop));
    char(*name)[24] = malloc((c->n + 1) * sizeof(*name));
    struct wg_layer *put = NULL;
    struct wg_case one;
    size_t drops = 0;
    int rc = p.points && drop && name ? WG_OK : WG_ENOMEM;
    for (size_t k = 0; rc == WG_OK && k < c->n; k++) {
        if (k && c->id[k] == c->id[k - 1])
            continue;
        int found = wg_view_case(v, txn, c->id[k], &one);
        if (found == WG_OK && shown(&one, now)) {
            rc = add_case(&p, &one);
            continue;
        }
        wg_case_id_text(c->id[k], name[drops]);
        drop[drops] = wg_str_of(name[drops]);
        drops++;
    }
    int made = wg_layer_points_finish(p.points, &put, err);
    rc = rc == WG_OK ? made : rc;
    if (rc == WG_OK)
        rc = wg_layer_edit(l->layer, put, drop, drops, out, err);
    wg_layer_drop(put);
    wg_buf_free(&p.props);
    free(drop);
    free(name);
    return rc;
}

static int follow(struct live *l, struct wg_desk *d, struct wg_txn *txn, uint64_t tip, int64_t now,
                  struct wg_layer **out, struct wg_err *err)
{
    struct wg_journal *j = wg_desk_journal(d);
    struct changed c = {.arena = wg_arena_new(65536), .tip = tip};
    int rc = c.arena ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK && l->n < tip)
        rc = j->ops->scan(j, l->n + 1, changed_by, &c, err);
    if (rc == WG_OK)
        rc = due_moments(l, now, &c);
    if (c.n)
        qsort(c.id, c.n, sizeof(*c.id), by_id);
    if (rc == WG_OK && c.n)
        rc = put_changed(l, wg_desk_views(d), txn, &c, now, out, err);
    else if (rc == WG_OK)
        *out = wg_layer_keep(l->layer);
    wg_arena_free(c.arena);
    free(c.id);
    return rc;
}

/* ---- brought up to date ---- */

static int settle(struct wg_layer **layer, struct wg_err *err)
{
    struct wg_layer *whole = NULL;
    size_t edits = wg_layer_edits(*layer);
    if (edits < EDITS_MAX || edits < wg_layer_count(*layer) / 4)
        return WG_OK;
    int rc = wg_layer_whole(*layer, &whole, err);
    if (rc == WG_OK) {
        wg_layer_drop(*layer);
        *layer = whole;
    }
    return rc;
}

static int bring_up(struct live *l, struct wg_desk *d, struct wg_err *err)
{
    struct wg_views *v = wg_desk_views(d);
    struct wg_views_tip tip = {0};
    struct wg_txn *txn = NULL;
    struct wg_layer *made = NULL;
    int64_t now = wg_now_ms(), next = INT64_MAX;
    bool all;
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, err);
    if (rc == WG_OK && (rc = wg_views_tip(v, txn, &tip)) < 0)
        wg_fail(err, rc, "the views have no tip");
    all = !l->layer || tip.n < l->n || tip.n - l->n > FOLLOW_MAX || now - l->made_ms > ANEW_MS;
    if (rc == WG_OK)
        rc = all ? make_all(l, v, txn, now, &made, err) : follow(l, d, txn, tip.n, now, &made, err);
    wg_txn_abort(txn);
    if (rc == WG_OK)
        rc = settle(&made, err);
    for (size_t k = 0; k < l->moments; k++)
        next = l->moment[k].t < next ? l->moment[k].t : next;
    if (rc < 0) { /* moments may be lost: all is made anew next time */
        l->made_ms = INT64_MIN / 2;
        wg_layer_drop(made);
        return rc;
    }
    l->made_ms = all ? now : l->made_ms;
    pthread_mutex_lock(&l->lock);
    struct wg_layer *old = l->layer;
    l->layer = made;
    l->n = tip.n;
    l->next_ms = next;
    pthread_mutex_unlock(&l->lock);
    wg_layer_drop(old);
    return WG_OK;
}

/* ---- asked for ---- */

struct wg_layer *wg_county_cases(struct wg_county *county)
{
    struct live *l = county->live;
    pthread_mutex_lock(&l->lock);
    struct wg_layer *layer = wg_layer_keep(l->layer);
    pthread_mutex_unlock(&l->lock);
    return layer;
}

bool wg_county_cases_behind(struct wg_county *county)
{
    struct wg_journal *j = wg_desk_journal(county->desk);
    struct live *l = county->live;
    pthread_mutex_lock(&l->lock);
    bool behind = !l->layer || l->n < j->ops->last(j) || l->next_ms <= wg_now_ms();
    pthread_mutex_unlock(&l->lock);
    return behind;
}

int wg_county_cases_refresh(struct wg_county *county, struct wg_err *err)
{
    struct live *l = county->live;
    int rc = WG_OK;
    pthread_mutex_lock(&l->making);
    if (wg_county_cases_behind(county))
        rc = bring_up(l, county->desk, err);
    pthread_mutex_unlock(&l->making);
    return rc;
}
