/* What if: the recorded commands decided again by other rules, in views of their own, beside the
 * desk that goes on. People did what they did; only rules decide otherwise. What the rules then ask
 * is answered from what was recorded, and by the draft's own calendar; anything else nobody knows.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLD_BATCH 512u
#define PATIENCE_US 100000

struct whatif {
    const struct wg_whatif *w;
    struct wg_desk shadow; /* what decide needs of a desk, over the scratch views */
    struct rulebook old;   /* what decided then, for its calendar */
    struct wg_rules *draft;
    struct wg_force *force;
    struct wg_txn *txn;
    struct wg_arena *a;
    uint64_t last, done;
    int64_t told_ms;
    struct wg_err *err;
};

/* ---- the world of then ---- */

static bool of_calendar(struct wg_str what)
{
    return wg_str_is(what, "deadline") || wg_str_is(what, "warn") || wg_str_is(what, "shift");
}

/* Facts that still hold: with another calendar, no moment that came out of the old one. */
static const struct wg_json *facts_of(struct whatif *x, const struct wg_entry *e)
{
    struct wg_rules *then = NULL;
    struct wg_err err = {0};
    const struct wg_pack *draft = wg_rules_pack(x->draft);
    if (e->rev.n && rulebook_get(&x->old, e->rev, &then, &err) == WG_OK &&
        wg_str_eq(wg_rules_pack(then)->hours, draft->hours))
        return e->facts;
    struct wg_json *list = wg_arena_alloc(x->a, sizeof(*list)), **tail;
    if (!list || !e->facts)
        return e->facts;
    *list = *e->facts;
    list->child = NULL;
    tail = &list->child;
    for (const struct wg_json *f = e->facts->child; f; f = f->next) {
        struct wg_json *copy;
        if (!f->child || of_calendar(f->child->str) ||
            !(copy = wg_arena_alloc(x->a, sizeof(*copy))))
            continue;
        *copy = *f;
        copy->next = NULL;
        *tail = copy;
        tail = &copy->next;
    }
    return list;
}

/* ---- one entry ---- */

static int parse_outs(struct whatif *x, const struct deciding *dc, struct wg_json **out)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '[');
    wg_buf_str_add(&b, wg_buf_str(&dc->outs));
    wg_buf_char(&b, ']');
    struct wg_str text = wg_arena_str(x->a, wg_buf_str(&b));
    int rc = wg_buf_ok(&b) && text.p ? wg_json_parse(x->a, text, out, x->err)
                                     : wg_fail(x->err, WG_ENOMEM, "out of memory");
    wg_buf_free(&b);
    return rc;
}

static int decide_again(struct whatif *x, const struct wg_entry *e, struct wg_whatif_step *s)
{
    struct wg_cmd cmd = {
        .arena = x->a, .act = e->act, .id = e->was ? e->of : 0, .if_match = -1, .in = e->in};
    struct deciding dc = {.d = &x->shadow,
                          .txn = x->txn,
                          .cmd = &cmd,
                          .a = x->a,
                          .t = e->t,
                          .n = e->n,
                          .force = x->force,
                          .replay = true,
                          .whatif = true,
                          .given = facts_of(x, e),
                          /* by the same rules a failure is no other thing now */
                          .recorded =
                              wg_str_is(e->rev, wg_rules_pack(x->draft)->rev) ? e->out : NULL,
                          .facts = WG_BUF_INIT,
                          .outs = WG_BUF_INIT};
    struct wg_json *outs = NULL;
    int rc = WG_OK;
    cmd.actor = (struct wg_actor){e->by, e->unit, wg_role_parse(e->as)};
    const char *slash = e->by.p ? memchr(e->by.p, '/', e->by.n) : NULL;
    if (slash)
        cmd.from_area = (struct wg_str){e->by.p, (size_t)(slash - e->by.p)};
    s->rc = decide(&dc);
    s->error = cmd.err;
    s->known = e->was && dc.known;
    s->before = &dc.c;
    s->is = NULL;
    if (s->rc == WG_OK && (rc = parse_outs(x, &dc, &outs)) == WG_OK)
        s->is = outs;
    struct wg_case before = dc.c; /* the strings are the transaction's: read before it is written */
    s->before = &before;
    if (rc == WG_OK)
        rc = x->w->step(x->w->arg, s);
    wg_buf_free(&dc.facts);
    wg_buf_free(&dc.outs);
    return rc;
}

static int fold(struct whatif *x, const struct wg_entry *e, struct wg_str bytes, bool ends)
{
    int rc = wg_views_fold(x->shadow.views, x->txn, e, ends ? bytes : (struct wg_str){NULL, 0},
                           x->a, x->err);
    x->done++;
    if (rc == WG_OK && ends) {
        struct wg_txn *txn = x->txn;
        x->txn = NULL;
        rc = wg_txn_commit(txn, x->err);
    }
    return rc;
}

static int one(void *arg, uint64_t n, struct wg_str bytes)
{
    struct whatif *x = arg;
    struct wg_entry e;
    struct wg_env *env = wg_views_env(x->shadow.views);
    int rc = WG_OK;
    if (n > x->last)
        return WG_OK; /* came while we were at it */
    wg_arena_reset(x->a);
    if (!x->txn && ((rc = wg_env_ready(env, 256 + FOLD_BATCH * 64, x->err)) < 0 ||
                    (rc = wg_txn_begin(env, true, &x->txn, x->err)) < 0))
        return rc;
    if ((rc = wg_entry_parse(x->a, bytes, &e, x->err)) < 0)
        return rc;
    struct wg_whatif_step s = {.e = &e};
    bool decided = !wg_str_is(e.act, "migrate"); /* of a release, and only of that one */
    if (e.of && decided && e.t >= x->w->from_ms && e.t < x->w->to_ms) {
        if ((rc = decide_again(x, &e, &s)) < 0)
            return rc;
        if (s.is)
            e.out = s.is;
    } else if (e.of && (rc = x->w->step(x->w->arg, &s)) < 0) {
        return rc;
    }
    if (x->w->progress && wg_mono_ms() - x->told_ms > 250) {
        x->told_ms = wg_mono_ms();
        x->w->progress(x->w->arg, n, x->last);
    }
    return fold(x, &e, bytes, (x->done + 1) % FOLD_BATCH == 0 || n == x->last);
}

/* ---- the shadow ---- */

static int shadow_open(struct whatif *x, struct wg_desk *d, const char *dir, struct wg_err *err)
{
    struct wg_desk *s = &x->shadow;
    struct wg_force *f = wg_desk_force(d);
    s->opts = d->opts;
    s->opts.limits.budget_us = PATIENCE_US;
    memcpy(s->dir, d->dir, sizeof(s->dir));
    memcpy(s->area, d->area, sizeof(s->area));
    memcpy(s->blobs, d->blobs, sizeof(s->blobs));
    s->calendar = d->calendar;
    s->journal = d->journal;
    s->vault = d->vault;
    s->blob_hold = -1;
    pthread_mutex_init(&s->lock, NULL);
    x->old.desk = d;
    int rc = desk_enforce(s, wg_ground_keep(f->ground), wg_pack_keep(wg_rules_pack(x->draft)), err);
    wg_force_drop(f);
    x->force = rc == WG_OK ? wg_desk_force(s) : NULL;
    s->book = (struct rulebook){.desk = d, .only = x->draft, .now = x->draft};
    if (rc == WG_OK && (rc = wg_dir_make(dir, err)) == WG_OK)
        rc = wg_views_open(dir, d->opts.map_bytes, &s->views, err);
    return rc;
}

static void shadow_close(struct whatif *x)
{
    rulebook_close(&x->old);
    rulebook_close(&x->shadow.book);
    wg_force_drop(x->force);
    wg_force_drop(x->shadow.force);
    wg_views_close(x->shadow.views);
    pthread_mutex_destroy(&x->shadow.lock);
}

int wg_desk_whatif(struct wg_desk *d, struct wg_bundle *bundle, const struct wg_whatif *w,
                   struct wg_err *err)
{
    struct whatif *x = calloc(1, sizeof(*x));
    struct wg_rules_limits limits = d->opts.limits;
    char dir[1200], views[1300];
    limits.budget_us = PATIENCE_US; /* a slow machine changes nothing about what is decided */
    snprintf(dir, sizeof(dir), "%s/whatif", d->dir);
    snprintf(views, sizeof(views), "%s/views", dir);
    if (!x || !(x->a = wg_arena_new(65536))) {
        free(x);
        return wg_fail(err, WG_ENOMEM, "out of memory");
    }
    x->w = w;
    x->err = err;
    x->last = d->journal->ops->last(d->journal);
    int rc = wg_env_discard(views, err);
    if (rc == WG_OK)
        rc = wg_rules_new(bundle, &limits, d->opts.plugins, &x->draft, err);
    if (rc == WG_OK)
        rc = shadow_open(x, d, dir, err);
    if (rc == WG_OK)
        rc = d->journal->ops->scan(d->journal, 1, one, x, err);
    wg_txn_abort(x->txn); /* of a scan that failed */
    shadow_close(x);
    wg_rules_free(x->draft);
    wg_env_discard(dir, NULL);
    wg_arena_free(x->a);
    free(x);
    return rc;
}
