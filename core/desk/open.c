/* Opening a county: vault, journal, views brought up to the journal, base data and rules in force.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLD_BATCH                                                                               \
    128u /* entries a transaction; commits cost little, room for their pages must be there first \
          */

/* ---- what is in force ---- */

struct wg_force *wg_desk_force(struct wg_desk *d)
{
    pthread_mutex_lock(&d->lock);
    struct wg_force *f = d->force;
    __atomic_add_fetch(&f->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&d->lock);
    return f;
}

void wg_force_drop(struct wg_force *f)
{
    if (!f || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_ground_drop(f->ground);
    wg_pack_drop(f->pack);
    wg_worktime_free(f->worktime);
    free(f);
}

static int make_worktime(struct wg_desk *d, const struct wg_pack *pack, struct wg_worktime **out,
                         struct wg_err *err)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *hours;
    int rc = wg_json_parse(a, pack->hours, &hours, err);
    if (rc == WG_OK)
        rc = wg_worktime_new(hours, d->calendar, out, err);
    wg_arena_free(a);
    return rc;
}

/* With the lock held: a new snapshot; takes over what it is given, NULL keeps what was. *old is to
 * be dropped once the lock is free: it may be the last that holds a pack or a layer. */
static int renew(struct wg_desk *d, struct wg_ground *ground, struct wg_pack *pack,
                 struct wg_worktime *worktime, struct wg_force **old, struct wg_err *err)
{
    struct wg_force *f = calloc(1, sizeof(*f)), *was = d->force;
    *old = NULL;
    if (!f) {
        wg_ground_drop(ground);
        wg_pack_drop(pack);
        wg_worktime_free(worktime);
        return wg_fail(err, WG_ENOMEM, "no memory");
    }
    f->refs = 1;
    f->ground = ground ? ground : was ? wg_ground_keep(was->ground) : wg_ground_new(d->area);
    f->pack = pack ? pack : was && was->pack ? wg_pack_keep(was->pack) : NULL;
    f->worktime = worktime ? worktime : was ? wg_worktime_keep(was->worktime) : NULL;
    d->force = f;
    *old = was;
    return WG_OK;
}

/* The calendar takes most of a millisecond: it is made before the lock is taken, since the loop
 * waits for that. */
int desk_enforce(struct wg_desk *d, struct wg_ground *ground, struct wg_pack *pack,
                 struct wg_err *err)
{
    struct wg_worktime *worktime = NULL;
    struct wg_force *old = NULL;
    int rc = pack ? make_worktime(d, pack, &worktime, err) : WG_OK;
    if (rc < 0) {
        wg_ground_drop(ground);
        wg_pack_drop(pack);
        return rc;
    }
    pthread_mutex_lock(&d->lock);
    /* The city's outlines may have been set by another thread since `ground` was made. */
    if (ground && d->force && d->force->ground->counties != ground->counties) {
        struct wg_ground *with = wg_ground_with_counties(ground, d->force->ground->counties);
        wg_ground_drop(ground);
        ground = with;
    }
    rc = renew(d, ground, pack, worktime, &old, err);
    pthread_mutex_unlock(&d->lock);
    wg_force_drop(old);
    return rc;
}

int wg_desk_set_counties(struct wg_desk *d, struct wg_layer *counties, struct wg_err *err)
{
    struct wg_force *old = NULL;
    pthread_mutex_lock(&d->lock);
    struct wg_ground *g = wg_ground_with_counties(d->force->ground, counties);
    int rc = g ? renew(d, g, NULL, NULL, &old, err) : wg_fail(err, WG_ENOMEM, "no memory");
    pthread_mutex_unlock(&d->lock);
    wg_force_drop(old);
    return rc;
}

/* ---- folding what the views miss ---- */

struct catching {
    struct wg_desk *d;
    struct wg_txn *txn;
    struct wg_arena *a;
    uint64_t done, last;
    int64_t told_ms;
    struct wg_err *err;
};

static int catch_begin(struct catching *c)
{
    struct wg_env *env = wg_views_env(c->d->views);
    int rc = wg_env_ready(env, 256 + FOLD_BATCH * 64, c->err);
    return rc < 0 ? rc : wg_txn_begin(env, true, &c->txn, c->err);
}

static int catch_one(void *arg, uint64_t n, struct wg_str bytes)
{
    struct catching *c = arg;
    struct wg_entry e;
    int rc;
    if (!c->txn && (rc = catch_begin(c)) < 0)
        return rc;
    wg_arena_reset(c->a);
    bool ends = (c->done + 1) % FOLD_BATCH == 0 || n == c->last;
    if ((rc = wg_entry_parse(c->a, bytes, &e, c->err)) < 0 ||
        (rc = wg_views_fold(c->d->views, c->txn, &e, ends ? bytes : (struct wg_str){NULL, 0}, c->a,
                            c->err)) < 0)
        return rc;
    c->done++;
    if (ends) {
        struct wg_txn *txn = c->txn;
        c->txn = NULL;
        if ((rc = wg_txn_commit(txn, c->err)) < 0)
            return rc;
        if (wg_mono_ms() - c->told_ms > 2000) {
            c->told_ms = wg_mono_ms();
            wg_log(WG_INFO, "desk", "folding", "area", c->d->area, "entry", WG_NUM(n), "of",
                   WG_NUM(c->last), NULL);
        }
    }
    return WG_OK;
}

/* Views of another journal (restored from somewhere, say) are no use: begin anew. */
static int check_tip(struct wg_desk *d, const struct wg_views_tip *tip, bool *ours,
                     struct wg_err *err)
{
    struct wg_buf entry = WG_BUF_INIT;
    char text[WG_HASH_TEXT + 1];
    *ours = true;
    if (tip->n == 0)
        return WG_OK;
    int rc = wg_journal_get(d->journal, tip->n, &entry, err);
    if (rc == WG_OK) {
        struct wg_hash h = wg_hash_of(wg_buf_str(&entry));
        wg_hash_text(&h, text);
        *ours = strcmp(text, tip->hash) == 0;
    }
    wg_buf_free(&entry);
    return rc;
}

static int clear_views(struct wg_desk *d, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_env *env = wg_views_env(d->views);
    int rc = wg_env_ready(env, 1024 + wg_env_bytes(env) / (256 * 4096),
                          err); /* the list of what is free then */
    if (rc < 0 || (rc = wg_txn_begin(env, true, &txn, err)) < 0)
        return rc;
    if ((rc = wg_views_clear(d->views, txn, err)) < 0) {
        wg_txn_abort(txn);
        return rc;
    }
    return wg_txn_commit(txn, err);
}

static int views_tip(struct wg_desk *d, struct wg_views_tip *tip, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    int rc = wg_txn_begin(wg_views_env(d->views), false, &txn, err);
    if (rc == WG_OK && (rc = wg_views_tip(d->views, txn, tip)) < 0)
        wg_fail(err, rc, "the views of %s have no tip: %s", d->area, wg_strerror(rc));
    wg_txn_abort(txn);
    return rc;
}

int desk_read_tip(struct wg_desk *d, struct wg_err *err)
{
    struct wg_views_tip tip;
    int rc = views_tip(d, &tip, err);
    if (rc < 0)
        return rc;
    d->n = tip.n;
    d->t = tip.t;
    memcpy(d->prev, tip.hash, sizeof(d->prev));
    return WG_OK;
}

int desk_catch_up(struct wg_desk *d, struct wg_err *err)
{
    struct wg_views_tip tip;
    struct catching c = {.d = d, .a = wg_arena_new(0), .told_ms = wg_mono_ms(), .err = err};
    bool ours;
    int rc = views_tip(d, &tip, err);
    if (rc == WG_OK && (rc = check_tip(d, &tip, &ours, err)) == WG_OK && !ours) {
        wg_log(WG_WARN, "desk", "views belong to another journal; folding anew", "area", d->area,
               NULL);
        rc = clear_views(d, err);
        tip.n = 0;
    }
    c.last = d->journal->ops->last(d->journal);
    if (rc == WG_OK && tip.n < c.last)
        rc = d->journal->ops->scan(d->journal, tip.n + 1, catch_one, &c, err);
    wg_txn_abort(c.txn); /* of a scan that failed: the last entry has ended its own */
    wg_arena_free(c.a);
    if (rc == WG_OK && c.done)
        wg_log(WG_INFO, "desk", "folded", "area", d->area, "entries", WG_NUM(c.done), NULL);
    return rc == WG_OK ? desk_read_tip(d, err) : rc;
}

/* ---- base data and rules, by their records ---- */

struct loading {
    struct wg_desk *d;
    struct wg_txn *txn;
    struct wg_ground *ground;
    struct wg_err *err;
};

static int load_edition(void *arg, struct wg_str name, struct wg_str json)
{
    struct loading *l = arg;
    int c = wg_collection_parse(name), rc;
    struct wg_arena *a;
    struct wg_json *j;
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    size_t edits = 0;
    a = wg_arena_new(0);
    rc = wg_json_parse(a, json, &j, l->err);
    if (rc == WG_OK && c < 0 && wg_json_str(j, "file").n)
        c = wg_collection_own(name);
    if (rc == WG_OK && c < 0) { /* of a later version */
        wg_arena_free(a);
        return WG_OK;
    }
    if (rc == WG_OK)
        rc = wg_edition_load(l->d->dir, c, j, &layer, &table, l->err);
    if (rc == WG_OK && layer)
        rc = wg_edition_edits(l->d->views, l->txn, c, j, INT64_MAX, &layer, &edits, l->err);
    wg_arena_free(a);
    if (rc < 0) {
        wg_layer_drop(layer);
        return rc;
    }
    struct wg_ground *g = wg_ground_with(l->ground, c, layer, table);
    wg_ground_drop(l->ground);
    l->ground = g;
    return g ? WG_OK : WG_ENOMEM;
}

/* What was made by hand before anything was imported. */
static int load_first_edits(struct loading *l)
{
    int rc = WG_OK;
    for (int c = 0; rc == WG_OK && c < (int)wg_collection_count(); c++) {
        struct wg_layer *layer = NULL;
        size_t edits = 0;
        if (!wg_collection_is_layer(c) || l->ground->layer[c])
            continue;
        rc = wg_edition_edits(l->d->views, l->txn, c, NULL, INT64_MAX, &layer, &edits, l->err);
        if (rc == WG_OK && layer) {
            struct wg_ground *g = wg_ground_with(l->ground, c, layer, NULL);
            wg_ground_drop(l->ground);
            l->ground = g;
            rc = g ? WG_OK : WG_ENOMEM;
        } else {
            wg_layer_drop(layer);
        }
    }
    return rc;
}

static int load_ground(struct wg_desk *d, struct wg_err *err)
{
    struct loading l = {d, NULL, wg_ground_new(d->area), err};
    int rc = l.ground ? wg_txn_begin(wg_views_env(d->views), false, &l.txn, err) : WG_ENOMEM;
    if (rc == WG_OK)
        rc = wg_view_records(d->views, l.txn, "edition", load_edition, &l);
    if (rc == WG_OK)
        rc = load_first_edits(&l);
    wg_txn_abort(l.txn);
    if (rc == WG_OK)
        return desk_enforce(d, l.ground, NULL, err);
    wg_ground_drop(l.ground);
    return rc;
}

static int load_rules(struct wg_desk *d, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str json;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j = NULL;
    struct wg_rules *rules;
    int rc = wg_txn_begin(wg_views_env(d->views), false, &txn, err);
    if (rc == WG_OK && wg_view_record(d->views, txn, "rules", WG_S("now"), &json) == WG_OK)
        rc = wg_json_parse(a, json, &j, err);
    wg_txn_abort(txn);
    if (rc == WG_OK && j &&
        (rc = rulebook_get(&d->book, wg_json_str(j, "rev"), &rules, err)) == WG_OK) {
        d->book.now = rules;
        rc = desk_enforce(d, NULL, wg_pack_keep(wg_rules_pack(rules)), err);
    }
    wg_arena_free(a);
    return rc;
}

/* ---- open ---- */

static uint64_t views_known(struct wg_desk *d)
{
    struct wg_views_tip tip;
    return views_tip(d, &tip, NULL) == WG_OK ? tip.n : 0;
}

static int open_stores(struct wg_desk *d, struct wg_err *err)
{
    char path[1200];
    struct wg_journal_opts jo = {.segment_bytes = d->opts.segment_bytes,
                                 .read_only = d->opts.read_only};
    size_t dropped = 0;
    int rc;
    snprintf(path, sizeof(path), "%s/vault", d->dir);
    if ((rc = wg_vault_open(path, &d->vault, err)) < 0 ||
        (rc = wg_views_open(d->dir, d->opts.map_bytes, &d->views, err)) < 0)
        return rc;
    uint64_t views_n = views_known(d), vault_n = wg_vault_known(d->vault);
    jo.known_n = views_n > vault_n ? views_n : vault_n;
    snprintf(path, sizeof(path), "%s/journal", d->dir);
    if ((rc = wg_journal_open(path, &jo, &d->journal, err)) < 0 ||
        (rc = wg_vault_sweep(d->vault, d->journal, &dropped, err)) < 0)
        return rc;
    if (dropped)
        wg_log(WG_INFO, "desk", "dropped words that no entry names", "area", d->area, "rows",
               WG_NUM(dropped), NULL);
    return desk_catch_up(d, err);
}

static int open_parts(struct wg_desk *d, struct wg_err *err)
{
    int rc = WG_OK;
    if (d->opts.calendar) {
        d->calendar_arena = wg_arena_new(0);
        rc = wg_json_parse(d->calendar_arena, wg_str_of(d->opts.calendar), &d->calendar, err);
    }
    if (rc < 0 || (rc = wg_dir_make(d->dir, err)) < 0 || (rc = open_stores(d, err)) < 0 ||
        (rc = load_ground(d, err)) < 0)
        return rc;
    return load_rules(d, err);
}

int wg_desk_open(const struct wg_desk_opts *opts, struct wg_desk **out, struct wg_err *err)
{
    struct wg_desk *d = calloc(1, sizeof(*d));
    *out = NULL;
    if (!d)
        return wg_fail(err, WG_ENOMEM, "no memory for a desk");
    d->opts = *opts;
    d->book.desk = d;
    d->blob_hold = -1;
    d->drift_ms = wg_now_ms() - wg_mono_ms();
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->why_lock, NULL);
    snprintf(d->dir, sizeof(d->dir), "%s", opts->dir);
    snprintf(d->area, sizeof(d->area), "%s", opts->area);
    snprintf(d->blobs, sizeof(d->blobs), "%s/blobs", opts->dir);
    d->queue = wg_queue_new(opts->queue_max ? opts->queue_max : 10000);
    int rc = d->queue ? open_parts(d, err) : wg_fail(err, WG_ENOMEM, "no memory for a queue");
    if (rc < 0) {
        wg_desk_close(d);
        return rc;
    }
    *out = d;
    return WG_OK;
}

void wg_desk_close(struct wg_desk *d)
{
    if (!d)
        return;
    wg_desk_stop(d);
    wg_queue_free(d->queue);
    rulebook_close(&d->book);
    desk_why_close(d);
    wg_force_drop(d->force);
    wg_views_close(d->views);
    if (d->journal)
        d->journal->ops->close(d->journal);
    wg_vault_close(d->vault);
    wg_arena_free(d->calendar_arena);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct wg_views *wg_desk_views(struct wg_desk *d)
{
    return d->views;
}

struct wg_journal *wg_desk_journal(struct wg_desk *d)
{
    return d->journal;
}

struct wg_vault *wg_desk_vault(struct wg_desk *d)
{
    return d->vault;
}

const char *wg_desk_dir(const struct wg_desk *d)
{
    return d->dir;
}

const char *wg_desk_area(const struct wg_desk *d)
{
    return d->area;
}
