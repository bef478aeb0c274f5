/* The index: blocks of cases by id, each made whole from the case table, in order; ids below `end`
 * have theirs. What changes a text after its block was made is heard from the fold, entry by entry,
 * and kept as `changed` until the block is made again: a search takes these ids for candidates,
 * whatever their block says. So a search misses nothing that its transaction of the views shows, if
 * it asks in this order: the views (by the caller), what has changed, the blocks.
 *
 * Of `heard` only entries that the work's own transaction of the views shows are taken: of a later
 * one a block would not know. Over a stop the tip remembers: entries behind it are read again from
 * the journal. */
#include "block.h"
#include "look.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION 1u     /* of the blocks' bytes and of how text is folded */
#define AGAIN_ONE 256  /* a block with so many changed cases is made again, */
#define AGAIN_ALL 2048 /* or the worst one, where there are so many in all */
#define TIP_FAR 20000  /* entries: what a start may have to read again */

/* ---- ids ---- */

bool ids_add(struct ids *v, uint64_t id)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? 2 * v->cap : 256;
        uint64_t *more = realloc(v->id, cap * sizeof(*more));
        if (!more)
            return false;
        v->id = more;
        v->cap = cap;
    }
    v->id[v->n++] = id;
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void ids_sort(struct ids *v)
{
    size_t kept = 0;
    if (v->n > 1)
        qsort(v->id, v->n, sizeof(*v->id), by_value);
    for (size_t i = 0; i < v->n; i++)
        if (!kept || v->id[kept - 1] != v->id[i])
            v->id[kept++] = v->id[i];
    v->n = kept;
}

size_t ids_first(const struct ids *v, uint64_t id) /* the first that is not less */
{
    size_t low = 0, high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->id[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void ids_free(struct ids *v)
{
    free(v->id);
    *v = (struct ids){0};
}

/* ---- hearing ---- */

/* Does it change what wg_find_text reads? */
static bool concerns(const struct wg_entry *e)
{
    for (const struct wg_json *o = e->out->child; e->of && o; o = o->next) {
        struct wg_str k = wg_json_str(o, "k");
        if (wg_str_is(k, "open") ||
            (wg_str_is(k, "set") && (wg_json_get(o, "number") || wg_json_get(o, "address") ||
                                     wg_json_get(o, "description"))))
            return true;
    }
    return false;
}

void search_hear(struct wg_search *s, const struct wg_entry *e)
{
    if (!concerns(e))
        return;
    pthread_mutex_lock(&s->lock);
    if (!ids_add(&s->heard_n, e->n) || !ids_add(&s->heard, e->of))
        s->deaf = true;
    pthread_mutex_unlock(&s->lock);
}

/* With the lock held: what is heard up to entry n has changed. A fold that was undone and its
 * number given again is heard twice; one case too many is no harm. */
static void take_heard(struct wg_search *s, uint64_t n)
{
    size_t kept = 0, had = s->changed.n;
    for (size_t i = 0; i < s->heard.n; i++) {
        if (s->heard_n.id[i] > n) {
            s->heard_n.id[kept] = s->heard_n.id[i];
            s->heard.id[kept++] = s->heard.id[i];
        } else if (s->heard.id[i] < s->end && !ids_add(&s->changed, s->heard.id[i])) {
            s->deaf = true;
        }
    }
    s->heard.n = s->heard_n.n = kept;
    if (s->changed.n > had)
        ids_sort(&s->changed);
}

/* ---- what is on the disk ---- */

/* version · tip · end · changed: one value, so they are always of one moment. */
struct head {
    uint32_t version, changed;
    uint64_t end;
    struct wg_views_tip tip;
};

static int put_head(struct wg_search *s, struct wg_txn *txn, const struct wg_views_tip *tip,
                    uint64_t end, const struct ids *changed)
{
    struct wg_buf b = WG_BUF_INIT;
    struct head h;
    memset(&h, 0, sizeof(h));
    h.version = VERSION;
    h.changed = (uint32_t)changed->n;
    h.end = end;
    h.tip = *tip;
    wg_buf_add(&b, &h, sizeof(h));
    wg_buf_add(&b, changed->id, changed->n * sizeof(*changed->id));
    int rc = wg_buf_ok(&b) ? wg_put(txn, s->meta, WG_S("head"), wg_buf_str(&b)) : WG_ENOMEM;
    wg_buf_free(&b);
    return rc;
}

/* false: not ours, or of another program; it begins anew */
static bool take_head(struct wg_search *s, struct wg_str v)
{
    struct head h;
    if (v.n < sizeof(h))
        return false;
    memcpy(&h, v.p, sizeof(h));
    if (h.version != VERSION || v.n != sizeof(h) + h.changed * sizeof(uint64_t))
        return false;
    for (size_t i = 0; i < h.changed; i++) {
        uint64_t id;
        memcpy(&id, v.p + sizeof(h) + i * sizeof(id), sizeof(id));
        if (!ids_add(&s->changed, id))
            return false;
    }
    s->end = h.end;
    s->tip = h.tip;
    return true;
}

/* Is the entry it ends with the journal's? */
static bool same_journal(struct wg_search *s)
{
    struct wg_buf entry = WG_BUF_INIT;
    char text[WG_HASH_TEXT + 1];
    bool same = s->tip.n == 0;
    if (!same && wg_journal_get(s->journal, s->tip.n, &entry, NULL) == WG_OK) {
        struct wg_hash h = wg_hash_of(wg_buf_str(&entry));
        wg_hash_text(&h, text);
        same = strcmp(text, s->tip.hash) == 0;
    }
    wg_buf_free(&entry);
    return same;
}

static int begin_anew(struct wg_search *s, struct wg_txn *txn)
{
    s->changed.n = 0;
    s->end = 0;
    memset(&s->tip, 0, sizeof(s->tip));
    int rc = wg_drop(txn, s->block);
    return rc == WG_OK ? put_head(s, txn, &s->tip, 0, &s->changed) : rc;
}

static int load(struct wg_search *s, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str v;
    int rc = wg_txn_begin(s->env, true, &txn, err);
    if (rc < 0)
        return rc;
    bool good = wg_get(txn, s->meta, WG_S("head"), &v) == WG_OK && take_head(s, v);
    if (!good || !same_journal(s))
        rc = begin_anew(s, txn);
    if (rc < 0) {
        wg_txn_abort(txn);
        return wg_fail(err, rc, "the search index can't be begun: %s", wg_strerror(rc));
    }
    s->ready = s->end == 0; /* nothing is in it that an entry could have changed */
    return wg_txn_commit(txn, err);
}

int wg_search_open(const char *dir, struct wg_views *v, struct wg_journal *j,
                   struct wg_search **out, struct wg_err *err)
{
    struct wg_env_opts opts = {0};
    struct wg_search *s = calloc(1, sizeof(*s));
    char path[1100];
    int rc = WG_OK;
    *out = NULL;
    if (!s)
        return wg_fail(err, WG_ENOMEM, "no memory for a search index");
    s->views = v;
    s->journal = j;
    pthread_mutex_init(&s->lock, NULL);
    snprintf(path, sizeof(path), "%s/search", dir);
    if (!wg_env_trusted(path))
        rc = wg_env_discard(path, err);
    if (rc < 0 || (rc = wg_env_open(path, &opts, &s->env, err)) < 0 ||
        (rc = wg_env_table(s->env, "block", &s->block, err)) < 0 ||
        (rc = wg_env_table(s->env, "meta", &s->meta, err)) < 0 || (rc = load(s, err)) < 0) {
        wg_search_close(s);
        return rc;
    }
    v->search = s;
    *out = s;
    return WG_OK;
}

/* ---- the work ---- */

struct work {
    struct wg_search *s;
    struct wg_txn *views;
    struct wg_views_tip tip; /* of that transaction */
    bool makes;              /* a block is to be made: */
    uint64_t block, end;     /* its number; `end` after it */
    struct wg_buf bytes;
};

static int read_entry(void *arg, uint64_t n, struct wg_str bytes)
{
    struct wg_search *s = arg;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_entry e;
    int rc = a ? wg_entry_parse(a, bytes, &e, NULL) : WG_ENOMEM;
    (void)n;
    if (rc == WG_OK)
        search_hear(s, &e);
    wg_arena_free(a);
    return rc;
}

/* What the entries since the last stop have changed. Those that come meanwhile are heard by both
 * ways. */
static int look_back(struct wg_search *s, struct wg_err *err)
{
    int rc = s->journal->ops->scan(s->journal, s->tip.n + 1, read_entry, s, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&s->lock);
    s->ready = true;
    pthread_mutex_unlock(&s->lock);
    return WG_OK;
}

/* The block with the most changed cases, if it is worth its while. With the lock held. */
static bool worst_block(const struct wg_search *s, uint64_t *block)
{
    size_t most = 0;
    for (size_t i = 0, n; i < s->changed.n; i += n) {
        uint64_t b = s->changed.id[i] >> BLOCK_BITS;
        for (n = 1; i + n < s->changed.n && s->changed.id[i + n] >> BLOCK_BITS == b;)
            n++;
        if (n > most) {
            most = n;
            *block = b;
        }
    }
    return most >= AGAIN_ONE || (most && s->changed.n >= AGAIN_ALL);
}

/* The next block that no case will be added to: there are cases behind it. */
static int next_block(struct work *w)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, v;
    uint8_t be[8];
    uint64_t first = 0, last = 0;
    int rc = wg_cursor_open(w->views, w->s->views->table[T_CASE], &c);
    if (rc == WG_OK && (rc = wg_cursor_seek(c, key_u64(be, w->s->end), &k, &v)) == WG_OK)
        first = wg_be64_get(k.p);
    if (rc == WG_OK && (rc = wg_cursor_last(c, &k, &v)) == WG_OK)
        last = wg_be64_get(k.p);
    wg_cursor_close(c);
    w->makes = rc == WG_OK && last >> BLOCK_BITS > first >> BLOCK_BITS;
    w->block = first >> BLOCK_BITS;
    w->end = (w->block + 1) << BLOCK_BITS;
    return rc == WG_ENOENT ? WG_OK : rc;
}

static int make_block(struct work *w)
{
    struct block_maker m = {0};
    struct wg_buf text = WG_BUF_INIT;
    struct wg_cursor *c = NULL;
    struct wg_str k, v;
    struct wg_case one;
    uint8_t be[8];
    int rc = wg_cursor_open(w->views, w->s->views->table[T_CASE], &c);
    int at = rc < 0 ? rc : wg_cursor_seek(c, key_u64(be, w->block << BLOCK_BITS), &k, &v);
    for (; rc == WG_OK && at == WG_OK && wg_be64_get(k.p) >> BLOCK_BITS == w->block;
         at = wg_cursor_next(c, &k, &v)) {
        if ((rc = wg_case_decode(v, &one)) < 0)
            break;
        wg_find_text(&one, &text);
        if (!wg_buf_ok(&text))
            rc = WG_ENOMEM;
        block_add(&m, (unsigned)one.id & BLOCK_MASK, (const uint16_t *)(const void *)text.p,
                  text.n / 2);
    }
    if (rc == WG_OK)
        rc = block_write(&m, &w->bytes);
    wg_cursor_close(c);
    wg_buf_free(&text);
    block_free(&m);
    return rc;
}

/* What is to be done, as the views' transaction shows it. */
static int plan(struct work *w)
{
    struct wg_search *s = w->s;
    int rc = wg_views_tip(s->views, w->views, &w->tip);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&s->lock);
    take_heard(s, w->tip.n);
    w->makes = worst_block(s, &w->block);
    pthread_mutex_unlock(&s->lock);
    w->end = s->end;
    return w->makes ? WG_OK : next_block(w);
}

/* Tip, end, changed and the block in one transaction; what searches see comes after it. */
static int save(struct work *w, struct wg_err *err)
{
    struct wg_search *s = w->s;
    struct wg_txn *txn = NULL;
    struct ids left = {0};
    uint8_t be[8];
    size_t kept = 0;
    int rc = wg_txn_begin(s->env, true, &txn, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == WG_OK && i < s->changed.n; i++)
        if (!(w->makes && s->changed.id[i] >> BLOCK_BITS == w->block) &&
            !ids_add(&left, s->changed.id[i]))
            rc = WG_ENOMEM;
    if (rc == WG_OK && w->makes)
        rc = wg_put(txn, s->block, key_u64(be, w->block), wg_buf_str(&w->bytes));
    if (rc == WG_OK)
        rc = put_head(s, txn, &w->tip, w->makes ? w->end : s->end, &left);
    if (rc < 0) {
        wg_txn_abort(txn);
        wg_fail(err, rc, "the search index: %s", wg_strerror(rc));
    } else if ((rc = wg_txn_commit(txn, err)) == WG_OK) {
        pthread_mutex_lock(&s->lock);
        for (; kept < left.n; kept++)
            s->changed.id[kept] = left.id[kept];
        s->changed.n = kept;
        if (w->makes)
            s->end = w->end;
        pthread_mutex_unlock(&s->lock);
        s->tip = w->tip;
    }
    ids_free(&left);
    return rc;
}

int wg_search_work(struct wg_search *s, bool *more, struct wg_err *err)
{
    struct work w = {.s = s, .bytes = WG_BUF_INIT};
    *more = false;
    wg_plain((struct wg_str){NULL, 0}, &w.bytes); /* its tables, before somebody waits for them */
    int rc = s->ready ? WG_OK : look_back(s, err);
    if (rc < 0 || (rc = wg_txn_begin(wg_views_env(s->views), false, &w.views, err)) < 0)
        return rc;
    size_t had = s->changed.n; /* only this thread changes it */
    rc = plan(&w);
    if (rc == WG_OK && w.makes)
        rc = make_block(&w);
    wg_txn_abort(w.views);
    if (rc < 0)
        wg_fail(err, rc, "the search index can't be made: %s", wg_strerror(rc));
    else if (w.makes || s->changed.n != had || w.tip.n > s->tip.n + TIP_FAR)
        rc = save(&w, err);
    wg_buf_free(&w.bytes);
    *more = rc == WG_OK && w.makes;
    pthread_mutex_lock(&s->lock);
    s->idle = rc == WG_OK && !w.makes;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* Where it stands, so that the next start has nothing to read again. */
static void settle(struct wg_search *s)
{
    struct work w = {.s = s, .bytes = WG_BUF_INIT};
    struct wg_err err;
    if (!s->ready || s->deaf || wg_txn_begin(wg_views_env(s->views), false, &w.views, &err) < 0)
        return;
    int rc = wg_views_tip(s->views, w.views, &w.tip);
    wg_txn_abort(w.views);
    take_heard(s, w.tip.n);
    if (rc == WG_OK && w.tip.n != s->tip.n && save(&w, &err) < 0)
        wg_log(WG_WARN, "search", err.text, NULL);
}

void wg_search_close(struct wg_search *s)
{
    if (!s)
        return;
    if (s->views->search == s)
        settle(s);
    s->views->search = NULL;
    wg_env_close(s->env);
    ids_free(&s->heard);
    ids_free(&s->heard_n);
    ids_free(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void wg_search_state(struct wg_search *s, struct wg_search_state *out)
{
    pthread_mutex_lock(&s->lock);
    out->ready = s->ready && !s->deaf;
    out->idle = s->ready && s->idle && s->heard.n == 0;
    out->end = s->end;
    out->changed = s->changed.n;
    pthread_mutex_unlock(&s->lock);
}
