/* The desk's loop: take what waits, decide each against the views as they are by then, make the
 * batch durable, commit the views, hand the results back. The order is the promise: vault, journal,
 * views, answer. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 256
#define PAGES_EACH                                                                         \
    64 /* of the views, that one entry can dirty: fourteen writes, each a path of leaf and \
          branches */
#define PAGES_PHOTO 5 /* and each blob that it names: one write */
#define PAGES_BASE 256
#define JUMP_MS (5 * WG_MINUTE_MS)

struct batch {
    struct wg_desk *d;
    struct wg_txn *txn;
    struct wg_str entry[BATCH_MAX];
    size_t count; /* entries */
    size_t bytes;
    uint64_t first_n;
    /* to go back to if it comes to nothing */
    int64_t t;
    char prev[WG_HASH_TEXT + 1];
};

#define STAT(d, field, by) __atomic_add_fetch(&(d)->stats.field, (by), __ATOMIC_RELAXED)

/* ---- secrets ---- */

int put_secrets(struct deciding *dc)
{
    struct wg_desk *d = dc->d;
    int rc = WG_OK;
    if (!dc->secrets || dc->replay)
        return WG_OK;
    if (!d->vault_open &&
        (rc = wg_vault_begin(d->vault, d->journal->ops->last(d->journal), &dc->cmd->err)) < 0)
        return rc;
    d->vault_open = true;
    for (size_t i = 0; rc == WG_OK && i < dc->secrets; i++)
        rc = wg_vault_put(d->vault, dc->n, dc->secret[i].bytes, dc->ref[i], &dc->cmd->err);
    return rc;
}

/* ---- one entry ---- */

static void write_in(const struct deciding *dc, struct wg_buf *b)
{
    wg_json_key(b, "in");
    wg_buf_char(b, '{');
    for (const struct wg_json *m = dc->cmd->in ? dc->cmd->in->child : NULL; m; m = m->next) {
        bool hidden = false;
        for (size_t i = 0; i < dc->secrets; i++)
            hidden |= wg_str_eq(m->key, dc->secret[i].field);
        if (hidden)
            continue;
        wg_json_key_str(b, m->key);
        wg_json_write(m, b);
    }
    for (size_t i = 0; i < dc->secrets; i++) {
        wg_json_key(b, dc->secret[i].field.p);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "vault", wg_str_of(dc->ref[i]));
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, '}');
}

static void write_list(struct wg_buf *b, const char *key, const struct wg_buf *items)
{
    wg_json_key(b, key);
    wg_buf_char(b, '[');
    wg_buf_str_add(b, wg_buf_str(items));
    wg_buf_char(b, ']');
}

static void write_entry(const struct deciding *dc, struct wg_buf *b)
{
    const struct wg_cmd *cmd = dc->cmd;
    char id[24];
    wg_buf_char(b, '{');
    wg_json_kint(b, "n", (int64_t)dc->n);
    wg_json_kint(b, "t", dc->t);
    wg_json_kstr(b, "by", cmd->actor.user);
    if (dc->role)
        wg_json_kstr(b, "as", wg_str_of(wg_role_name(dc->role)));
    if (cmd->actor.unit.n)
        wg_json_kstr(b, "unit", cmd->actor.unit);
    if (cmd->key.n) {
        wg_json_kstr(b, "key", cmd->key);
        wg_json_kstr(b, "ask", wg_str_of(cmd->ask));
    }
    wg_json_kstr(b, "do", cmd->act);
    if (dc->of) {
        wg_case_id_text(dc->of, id);
        wg_json_kstr(b, "of", wg_str_of(id));
        if (dc->known)
            wg_json_kint(b, "was", (int64_t)dc->c.last_n);
    }
    write_in(dc, b);
    write_list(b, "facts", &dc->facts);
    if (dc->pack)
        wg_json_kstr(b, "rev", wg_str_of(dc->pack->rev));
    write_list(b, "out", &dc->outs);
    wg_json_kstr(b, "prev", wg_str_of(dc->d->prev));
    wg_buf_char(b, '}');
}

static int keep_record(struct wg_desk *d, struct wg_txn *txn, struct wg_cmd *cmd, uint64_t id)
{
    struct wg_case c;
    struct wg_buf b = WG_BUF_INIT;
    if (!id)
        return WG_OK;
    int rc = wg_view_case(d->views, txn, id, &c);
    if (rc == WG_OK) {
        wg_case_encode(&c, &b);
        cmd->record = wg_arena_str(cmd->arena, wg_buf_str(&b));
        rc = wg_buf_ok(&b) && cmd->record.p ? WG_OK : WG_ENOMEM;
    }
    wg_buf_free(&b);
    return rc;
}

/* The decided command becomes an entry: written, parsed again and folded as replay would, so there
 * is one fold. */
static int record(struct batch *b, struct deciding *dc)
{
    struct wg_desk *d = b->d;
    struct wg_buf text = WG_BUF_INIT;
    struct wg_entry e;
    struct wg_hash h;
    int rc = WG_ENOMEM;
    write_entry(dc, &text);
    struct wg_str bytes = wg_arena_str(dc->a, wg_buf_str(&text));
    bool ok = wg_buf_ok(&text) && wg_buf_ok(&dc->facts) && wg_buf_ok(&dc->outs) && bytes.p;
    wg_buf_free(&text);
    if (!ok)
        return wg_fail(&dc->cmd->err, rc, "no memory for an entry");
    if ((rc = wg_entry_parse(dc->a, bytes, &e, &dc->cmd->err)) < 0 ||
        (rc = wg_views_fold(d->views, b->txn, &e, (struct wg_str){NULL, 0}, dc->a, &dc->cmd->err)) <
            0)
        return rc;
    h = wg_hash_of(bytes);
    wg_hash_text(&h, d->prev);
    d->n = dc->n;
    d->t = dc->t;
    b->entry[b->count++] = bytes;
    b->bytes += bytes.n + 1;
    dc->cmd->n = dc->n;
    return keep_record(d, b->txn, dc->cmd, dc->of);
}

/* ---- the clock ---- */

/* The journal's time never goes back; a wall clock that jumps is an incident, told once a jump. */
int64_t desk_now(struct wg_desk *d)
{
    int64_t wall = d->opts.now_ms ? d->opts.now_ms() : wg_now_ms();
    int64_t drift = wall - wg_mono_ms(), jump = drift - d->drift_ms;
    if (d->opts.now_ms)
        return wall > d->t ? wall : d->t;
    if (jump > JUMP_MS || jump < -JUMP_MS) {
        STAT(d, incidents, 1);
        struct wg_force *f = wg_desk_force(d);
        int64_t hold = f->pack ? f->pack->clocks.hold_ms : 0;
        wg_log(WG_ERROR, "desk", "the clock jumped; time waits for it", "area", d->area, "ms",
               WG_NUM(jump), "for_ms", WG_NUM(hold), NULL);
        wg_force_drop(f);
        d->drift_ms = drift;
        d->held_until_mono = wg_mono_ms() + hold;
    }
    return wall > d->t ? wall : d->t;
}

/* ---- a batch ---- */

/* Of the views, that these commands may dirty. */
static size_t pages_of(const struct wg_cmd *first)
{
    size_t pages = PAGES_BASE;
    for (const struct wg_cmd *c = first; c; c = (const struct wg_cmd *)c->link.next) {
        const struct wg_json *photos = wg_json_get(c->in, "photos");
        size_t count = photos ? photos->count : 0;
        pages += PAGES_EACH + PAGES_PHOTO * (count < PHOTOS_MAX ? count : PHOTOS_MAX);
    }
    return pages;
}

static int batch_begin(struct batch *b, struct wg_desk *d, const struct wg_cmd *first,
                       struct wg_err *err)
{
    int rc;
    memset(b, 0, sizeof(*b));
    b->d = d;
    b->first_n = d->n + 1;
    b->t = d->t;
    memcpy(b->prev, d->prev, sizeof(b->prev));
    if (d->broken)
        return wg_fail(
            err, WG_EUNKNOWN,
            "%s is read-only until it is opened again: the outcome of an earlier write is unknown",
            d->area);
    if ((rc = wg_env_ready(wg_views_env(d->views), pages_of(first), err)) < 0)
        return rc;
    return wg_txn_begin(wg_views_env(d->views), true, &b->txn, err);
}

static void batch_undo(struct batch *b)
{
    struct wg_desk *d = b->d;
    wg_txn_abort(b->txn);
    b->txn = NULL;
    if (d->vault_open)
        wg_vault_abort(d->vault);
    d->vault_open = false;
    d->n = b->first_n - 1;
    d->t = b->t;
    memcpy(d->prev, b->prev, sizeof(d->prev));
}

/* Decide one and record it. A refusal is the command's own; anything else ends the batch. */
static int take(struct batch *b, struct wg_cmd *cmd, struct wg_force *force, struct wg_err *err)
{
    struct deciding dc = {.d = b->d,
                          .txn = b->txn,
                          .cmd = cmd,
                          .a = cmd->arena,
                          .force = force,
                          .facts = WG_BUF_INIT,
                          .outs = WG_BUF_INIT};
    dc.t = desk_now(b->d);
    dc.n = b->d->n + 1;
    cmd->rc = decide(&dc);
    int rc = WG_OK;
    if (cmd->rc > 0) { /* answered before */
        cmd->rc = keep_record(b->d, b->txn, cmd, dc.of);
    } else if (cmd->rc == WG_OK) {
        rc = cmd->rc = record(b, &dc);
        if (rc < 0)
            *err = cmd->err;
    } else {
        STAT(b->d, refused, 1);
    }
    wg_buf_free(&dc.facts);
    wg_buf_free(&dc.outs);
    return rc;
}

/* Once a batch: what it would say in between, nobody could read. */
static int set_tip(struct batch *b, struct wg_err *err)
{
    struct wg_views_tip tip;
    memset(&tip, 0, sizeof(tip));
    tip.n = b->d->n;
    tip.t = b->d->t;
    memcpy(tip.hash, b->d->prev, sizeof(tip.hash));
    int rc = wg_views_set_tip(b->d->views, b->txn, &tip);
    return rc == WG_OK ? rc : wg_fail(err, rc, "the views of %s: %s", b->d->area, wg_strerror(rc));
}

/* Durable: vault, then journal. From the journal's sync on it happened. */
static int batch_save(struct batch *b, struct wg_err *err)
{
    struct wg_desk *d = b->d;
    int rc;
    if (b->count == 0)
        return WG_OK;
    if ((rc = d->journal->ops->ready(d->journal, b->bytes, err)) < 0)
        return rc;
    if (d->vault_open) {
        d->vault_open = false;
        if ((rc = wg_vault_commit(d->vault, err)) < 0)
            return rc;
    }
    rc = d->journal->ops->append(d->journal, b->first_n, b->entry, b->count, err);
    if (rc < 0)
        wg_vault_forget(d->vault);
    if (rc == WG_EUNKNOWN) {
        d->broken = true;
        STAT(d, incidents, 1);
        __atomic_store_n(&d->stats.broken, true, __ATOMIC_RELAXED);
        wg_log(WG_ERROR, "desk", err->text, "area", d->area, NULL);
        wg_fail(err, rc,
                "the outcome is unknown: the next opening of %s decides it; repeat with the same "
                "key then",
                d->area);
    }
    return rc;
}

/* Only its own collection: others may have come into force since it was made. */
static int enforce_edition(struct wg_desk *d, const struct wg_cmd *c, struct wg_err *err)
{
    struct wg_force *f = wg_desk_force(d);
    struct wg_ground *g = wg_ground_merge(f->ground, wg_collection_parse(c->name), c->ground);
    wg_force_drop(f);
    return g ? desk_enforce(d, g, NULL, err) : wg_fail(err, WG_ENOMEM, "no memory for base data");
}

/* From here on failures are counted against these rules. */
static int enforce_rules(struct wg_desk *d, struct wg_cmd *c, struct wg_err *err)
{
    int rc = rulebook_set(&d->book, c->bundle, &c->rules, &c->left, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&d->lock);
    d->costs = 0;
    memset(d->cost, 0, sizeof(d->cost));
    pthread_mutex_unlock(&d->lock);
    return desk_enforce(d, NULL, wg_pack_keep(wg_rules_pack(d->book.now)), err);
}

/* Put in force what the batch's commands brought along. */
static void batch_enforce(struct wg_desk *d, struct wg_cmd *first)
{
    struct wg_err err;
    for (struct wg_cmd *c = first; c; c = (struct wg_cmd *)c->link.next) {
        int rc = WG_OK;
        if (c->rc < 0 || c->repeated)
            continue;
        if (c->bundle)
            rc = enforce_rules(d, c, &err);
        if (rc == WG_OK && c->ground)
            rc = enforce_edition(d, c, &err);
        if (rc < 0)
            wg_log(WG_ERROR, "desk", err.text, "area", d->area, NULL);
    }
}

/* The views did not take what the journal has: nothing may be decided on them until they have it.
 */
static void catch_up(struct wg_desk *d)
{
    struct wg_err err;
    for (int64_t wait = 100; desk_catch_up(d, &err) < 0; wait = wait < 5000 ? 2 * wait : wait) {
        wg_log(WG_ERROR, "desk", err.text, "area", d->area, "again_in_ms", WG_NUM(wait), NULL);
        nanosleep(&(struct timespec){wait / 1000, wait % 1000 * 1000000}, NULL);
    }
}

/* What it names is in the journal, or never will be. */
static void let_go_of_blobs(struct wg_desk *d)
{
    if (d->blob_hold >= 0)
        close(d->blob_hold);
    d->blob_hold = -1;
}

static int run_batch(struct wg_desk *d, struct wg_cmd *first)
{
    struct batch *b = malloc(sizeof(*b));
    struct wg_err err = {0};
    struct wg_force *force = wg_desk_force(d);
    int rc = b ? batch_begin(b, d, first, &err) : wg_fail(&err, WG_ENOMEM, "no memory for a batch");
    for (struct wg_cmd *c = first; c && rc == WG_OK; c = (struct wg_cmd *)c->link.next)
        rc = take(b, c, force, &err);
    if (rc == WG_OK && b->count)
        rc = set_tip(b, &err);
    if (rc == WG_OK)
        rc = batch_save(b, &err);
    let_go_of_blobs(d);
    if (rc < 0 && b)
        batch_undo(b);
    if (rc == WG_OK) {
        if (wg_txn_commit(b->txn, &err) < 0) {
            wg_log(WG_ERROR, "desk", err.text, "area", d->area, NULL);
            catch_up(d);
        }
        STAT(d, entries, b->count);
        STAT(d, batches, 1);
        batch_enforce(d, first);
    }
    wg_ground_drop(d->next);
    d->next = NULL;
    /* All share the batch's fate, refusals too: they were decided on what has not come to be. */
    for (struct wg_cmd *c = first; c && rc < 0; c = (struct wg_cmd *)c->link.next) {
        c->rc = rc;
        c->err = err;
        c->n = 0;
        c->repeated = false;
        c->record = (struct wg_str){NULL, 0};
    }
    wg_force_drop(force);
    free(b);
    return rc;
}

/* A command that can't be folded is our fault; it must not take those beside it along. */
static bool worth_alone(int rc)
{
    return rc == WG_ECORRUPT || rc == WG_ENOMEM || rc == WG_EIO || rc == WG_EINVAL;
}

void wg_desk_batch(struct wg_desk *d, struct wg_cmd *first)
{
    size_t count = 0;
    struct wg_cmd *next;
    for (struct wg_cmd *c = first; c; c = (struct wg_cmd *)c->link.next)
        count++;
    wg_require(count <= BATCH_MAX);
    int rc = run_batch(d, first);
    if (count > 1 && worth_alone(rc)) {
        for (struct wg_cmd *c = first; c; c = next) {
            next = (struct wg_cmd *)c->link.next;
            c->link.next = NULL;
            c->err = (struct wg_err){0};
            run_batch(d, c);
            c->link.next = (struct wg_link *)next;
        }
    }
    for (struct wg_cmd *c = first; c; c = next) {
        next = (struct wg_cmd *)c->link.next;
        c->link.next = NULL;
        if (c->done)
            c->done(c);
    }
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    struct wg_desk *d = arg;
    struct wg_link *first;
    int64_t wait = 0;
    while ((first = wg_queue_take(d->queue, BATCH_MAX, wait)) || !wg_queue_closed(d->queue)) {
        if (first)
            wg_desk_batch(d, (struct wg_cmd *)first);
        wait = desk_wake(d);
    }
    return NULL;
}

int wg_desk_start(struct wg_desk *d, struct wg_err *err)
{
    if (pthread_create(&d->thread, NULL, run, d) != 0)
        return wg_fail(err, WG_ENOMEM, "can't start the desk of %s", d->area);
    d->running = true;
    return WG_OK;
}

void wg_desk_stop(struct wg_desk *d)
{
    if (!d || !d->running)
        return;
    wg_queue_close(d->queue);
    pthread_join(d->thread, NULL);
    d->running = false;
}

int wg_desk_submit(struct wg_desk *d, struct wg_cmd *cmd)
{
    return wg_queue_push(d->queue, &cmd->link);
}

void wg_desk_stats(struct wg_desk *d, struct wg_desk_stats *out)
{
    out->entries = __atomic_load_n(&d->stats.entries, __ATOMIC_RELAXED);
    out->batches = __atomic_load_n(&d->stats.batches, __ATOMIC_RELAXED);
    out->refused = __atomic_load_n(&d->stats.refused, __ATOMIC_RELAXED);
    out->rule_failures = __atomic_load_n(&d->stats.rule_failures, __ATOMIC_RELAXED);
    out->incidents = __atomic_load_n(&d->stats.incidents, __ATOMIC_RELAXED);
    out->broken = __atomic_load_n(&d->stats.broken, __ATOMIC_RELAXED);
    out->waiting = d->queue ? wg_queue_count(d->queue) : 0;
}
