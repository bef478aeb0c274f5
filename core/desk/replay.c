/* Reading a stopped county's journal again: the chain, every decision from its facts, every view
 * from its entries. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLD_BATCH 128u /* as in open.c */
#define PATIENCE_US \
    10000000 /* what was decided came to an end once; a slow machine changes nothing about it */

struct replay {
    struct wg_desk *d;
    struct wg_desk shadow; /* the desk, with the scratch views in place of its own */
    struct wg_views *views;
    struct wg_txn *txn;
    struct wg_arena *a;
    bool audit;
    char prev[WG_HASH_TEXT + 1];
    uint64_t last, done;
    int64_t told_ms;
    struct wg_audit *out;
    void (*progress)(void *, uint64_t, uint64_t);
    void *arg;
    struct wg_err *err;
};

/* ---- one decision again ---- */

static void differ(struct replay *r, const struct wg_entry *e, const char *what, struct wg_str was,
                   struct wg_str is)
{
    r->out->differ++;
    if (r->out->first[0])
        return;
    snprintf(r->out->first, sizeof(r->out->first),
             "entry %llu (%.*s): %.200s\n  was %.*s\n  is  %.*s", (unsigned long long)e->n,
             WG_PRI(e->act), what, (int)(was.n < 200 ? was.n : 200), was.p ? was.p : "",
             (int)(is.n < 200 ? is.n : 200), is.p ? is.p : "");
}

static void compare(struct replay *r, const struct wg_entry *e, const struct deciding *dc)
{
    struct wg_buf was = WG_BUF_INIT, is = WG_BUF_INIT;
    wg_json_write(e->out, &was);
    wg_buf_char(&is, '[');
    wg_buf_str_add(&is, wg_buf_str(&dc->outs));
    wg_buf_char(&is, ']');
    if (!wg_str_eq(wg_buf_str(&was), wg_buf_str(&is)))
        differ(r, e, "another outcome", wg_buf_str(&was), wg_buf_str(&is));
    wg_buf_free(&was);
    wg_buf_free(&is);
}

static int decide_again(struct replay *r, const struct wg_entry *e)
{
    struct wg_cmd cmd = {
        .arena = r->a, .act = e->act, .id = e->was ? e->of : 0, .if_match = -1, .in = e->in};
    struct deciding dc = {.d = &r->shadow,
                          .txn = r->txn,
                          .cmd = &cmd,
                          .a = r->a,
                          .t = e->t,
                          .n = e->n,
                          .replay = true,
                          .given = e->facts,
                          .recorded = e->out,
                          .facts = WG_BUF_INIT,
                          .outs = WG_BUF_INIT};
    struct wg_rules *rules;
    cmd.actor = (struct wg_actor){e->by, e->unit, wg_role_parse(e->as)};
    const char *slash = e->by.p ? memchr(e->by.p, '/', e->by.n) : NULL;
    if (slash) /* somebody of another county */
        cmd.from_area = (struct wg_str){e->by.p, (size_t)(slash - e->by.p)};
    /* Before it is filed a case is decided by what was in force then. */
    int rc = rulebook_get(&r->shadow.book, e->rev, &rules, r->err);
    if (rc < 0)
        return rc;
    r->shadow.book.now = rules;
    rc = decide(&dc);
    r->out->decided++;
    if (rc == WG_OK)
        compare(r, e, &dc);
    else if (rc == WG_ENOENT)
        r->out->unknown_facts++,
            differ(r, e, cmd.err.text, (struct wg_str){NULL, 0}, (struct wg_str){NULL, 0});
    else
        differ(r, e, cmd.err.text, (struct wg_str){NULL, 0}, (struct wg_str){NULL, 0});
    wg_buf_free(&dc.facts);
    wg_buf_free(&dc.outs);
    return WG_OK;
}

/* ---- the blobs it names ---- */

static int seen_before(void *arg, uint64_t id, struct wg_str user)
{
    (void)arg;
    (void)id;
    (void)user;
    return 1;
}

struct naming {
    struct replay *r;
    const struct wg_entry *e;
};

/* Once: what an earlier entry named stands in the table of blobs by now. */
static int check_blob(void *arg, struct wg_str name)
{
    struct naming *g = arg;
    struct replay *r = g->r;
    struct wg_err why = {0};
    int rc = wg_view_blob(r->views, r->txn, name, seen_before, NULL);
    if (rc != WG_OK)
        return rc < 0 ? rc : WG_OK;
    r->out->blobs++;
    rc = wg_blob_check(r->d->blobs, name, &why);
    if (rc == WG_OK)
        return WG_OK;
    r->out->bad_blobs++;
    if (!r->out->first[0])
        snprintf(r->out->first, sizeof(r->out->first), "entry %llu (%.*s) names blob %.*s: %.200s",
                 (unsigned long long)g->e->n, WG_PRI(g->e->act), WG_PRI(name), why.text);
    return WG_OK;
}

/* ---- who signed the rules ---- */

static void check_release(struct replay *r, const struct wg_entry *e)
{
    for (const struct wg_json *o = e->out->child; o; o = o->next) {
        const struct wg_json *value = wg_json_get(o, "value");
        if (!wg_str_is(wg_json_str(o, "kind"), "rules") || !value)
            continue;
        r->out->releases++;
        if (!wg_release_forged(r->a, r->d->area, value))
            continue;
        r->out->forged++;
        if (!r->out->first[0])
            snprintf(r->out->first, sizeof(r->out->first),
                     "entry %llu: a signature under rules %.*s does not fit",
                     (unsigned long long)e->n, WG_PRI(wg_json_str(value, "rev")));
    }
}

/* ---- one entry ---- */

static int check_chain(struct replay *r, const struct wg_entry *e, struct wg_str bytes)
{
    struct wg_hash h = wg_hash_of(bytes);
    if (!wg_str_is(e->prev, r->prev))
        return wg_fail(r->err, WG_ECORRUPT,
                       "entry %llu: the chain breaks: prev is %.*s, the entry before is %s",
                       (unsigned long long)e->n, WG_PRI(e->prev), r->prev);
    wg_hash_text(&h, r->prev);
    return WG_OK;
}

static int replay_one(void *arg, uint64_t n, struct wg_str bytes)
{
    struct replay *r = arg;
    struct wg_entry e;
    int rc = WG_OK;
    wg_arena_reset(r->a);
    if (!r->txn &&
        ((rc = wg_env_ready(wg_views_env(r->views), 256 + FOLD_BATCH * 64, r->err)) < 0 ||
         (rc = wg_txn_begin(wg_views_env(r->views), true, &r->txn, r->err)) < 0))
        return rc;
    if ((rc = wg_entry_parse(r->a, bytes, &e, r->err)) < 0 || (rc = check_chain(r, &e, bytes)) < 0)
        return rc;
    if (e.n != n)
        return wg_fail(r->err, WG_ECORRUPT, "entry %llu calls itself %llu", (unsigned long long)n,
                       (unsigned long long)e.n);
    if (r->audit && e.of && (rc = decide_again(r, &e)) < 0)
        return rc;
    if (r->audit && !e.of)
        check_release(r, &e);
    if (r->audit && e.of && !e.was)
        r->out->cases++;
    struct naming naming = {r, &e};
    if (r->audit && (rc = wg_entry_blobs(&e, check_blob, &naming)) < 0)
        return rc;
    bool ends = (r->done + 1) % FOLD_BATCH == 0 || n == r->last;
    if ((rc = wg_views_fold(r->views, r->txn, &e, ends ? bytes : (struct wg_str){NULL, 0}, r->a,
                            r->err)) < 0)
        return rc;
    r->done++;
    if (ends) {
        struct wg_txn *txn = r->txn;
        r->txn = NULL;
        rc = wg_txn_commit(txn, r->err);
    }
    if (r->progress && wg_mono_ms() - r->told_ms > 1000) {
        r->told_ms = wg_mono_ms();
        r->progress(r->arg, n, r->last);
    }
    return rc;
}

/* Fold the whole journal into fresh views under dir/<name>. */
static int run(struct replay *r, const char *name, struct wg_err *err)
{
    char dir[1200], views[1300];
    snprintf(dir, sizeof(dir), "%s/%s", r->d->dir, name);
    snprintf(views, sizeof(views), "%s/views", dir);
    r->err = err;
    r->told_ms = wg_mono_ms();
    r->last = r->d->journal->ops->last(r->d->journal);
    r->a = wg_arena_new(65536);
    int rc = wg_env_discard(views, err);
    if (rc == WG_OK && (rc = wg_dir_make(dir, err)) == WG_OK)
        rc = wg_views_open(dir, r->d->opts.map_bytes, &r->views, err);
    if (rc == WG_OK) {
        r->shadow = *r->d;
        r->shadow.views = r->views;
        r->shadow.book = (struct rulebook){.desk = r->d};
        rc = r->d->journal->ops->scan(r->d->journal, 1, replay_one, r, err);
        rulebook_close(&r->shadow.book);
    }
    wg_txn_abort(r->txn); /* of a scan that failed */
    wg_arena_free(r->a);
    return rc;
}

int wg_replay_audit(const struct wg_desk_opts *opts, void (*progress)(void *, uint64_t, uint64_t),
                    void *arg, struct wg_audit *out, struct wg_err *err)
{
    struct replay *r = calloc(1, sizeof(*r));
    char views[1200];
    memset(out, 0, sizeof(*out));
    struct wg_desk_opts patient = *opts;
    patient.limits.budget_us = PATIENCE_US;
    int rc = r ? wg_desk_open(&patient, &r->d, err) : WG_ENOMEM;
    if (rc == WG_OK) {
        r->audit = true;
        r->out = out;
        r->progress = progress;
        r->arg = arg;
        rc = run(r, "audit", err);
        out->entries = r->done;
        wg_views_close(r->views);
        snprintf(views, sizeof(views), "%s/audit", r->d->dir);
        wg_env_discard(views, NULL);
    }
    if (r)
        wg_desk_close(r->d);
    free(r);
    return rc;
}

int wg_replay_rebuild(const struct wg_desk_opts *opts, void (*say)(void *, const char *), void *arg,
                      uint64_t *entries, uint64_t *differ_count, struct wg_err *err)
{
    struct replay *r = calloc(1, sizeof(*r));
    char from[1200], to[1200], scratch[1200];
    int rc = r ? wg_desk_open(opts, &r->d, err) : WG_ENOMEM;
    *entries = *differ_count = 0;
    if (rc == WG_OK) {
        rc = run(r, "rebuild", err);
        *entries = r->done;
        if (rc == WG_OK)
            rc = wg_views_compare(r->d->views, r->views, say, arg, differ_count, err);
        snprintf(scratch, sizeof(scratch), "%s/rebuild", r->d->dir);
        snprintf(from, sizeof(from), "%s/copy", r->d->dir);
        snprintf(to, sizeof(to), "%s/views", r->d->dir);
        if (rc == WG_OK) /* it is the last good copy from now on, too */
            rc = wg_env_copy(wg_views_env(r->views), from, err);
        wg_views_close(r->views);
    }
    if (r)
        wg_desk_close(r->d);
    if (rc == WG_OK && (rc = wg_env_restore(from, to, err)) == WG_OK)
        rc = wg_env_discard(scratch, err);
    free(r);
    return rc;
}
