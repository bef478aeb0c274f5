/* The views of a county: opened, folded into, read by key. */
#include "views.h"

#include <stdio.h>
#include <stdlib.h>

/* Bump a version when what a table holds for the same entries changes: it is then made anew at the
 * next open. Indexes are made from the case table; the others from the journal, together, since one
 * entry feeds them all. */
static const struct {
    const char *name;
    uint32_t version;
    bool index;
} tables[TABLES] = {
    [T_META] = {"meta", 1, false},        [T_CASE] = {"case", 2, false},
    [T_BY_STATE] = {"by_state", 5, true}, [T_BY_UNIT] = {"by_unit", 4, true},
    [T_BY_GRID] = {"by_grid", 1, true},   [T_WAKE] = {"wake", 1, true},
    [T_OUTBOX] = {"outbox", 1, false},    [T_SEEN] = {"seen", 2, false},
    [T_SEEN_AT] = {"seen_at", 2, false},  [T_RECORD] = {"record", 1, false},
    [T_BLOB] = {"blob_case", 1, false},
};
#define REINDEX 64 /* cases a transaction */

const char *table_name(int table)
{
    return tables[table].name;
}

struct wg_str key_u64(uint8_t be[8], uint64_t v)
{
    wg_be64(be, v);
    return (struct wg_str){(char *)be, 8};
}

uint64_t meta_get(struct wg_views *v, struct wg_txn *txn, const char *key)
{
    struct wg_str s;
    return wg_get(txn, v->table[T_META], wg_str_of(key), &s) == WG_OK && s.n == 8 ? wg_be64_get(s.p)
                                                                                  : 0;
}

static int meta_put(struct wg_views *v, struct wg_txn *txn, const char *key, uint64_t value)
{
    uint8_t be[8];
    return wg_put(txn, v->table[T_META], wg_str_of(key), key_u64(be, value));
}

/* ---- open ---- */

static int put_versions(struct wg_views *v, struct wg_txn *txn)
{
    char key[64];
    int rc = WG_OK;
    for (int i = 0; rc == WG_OK && i < TABLES; i++) {
        snprintf(key, sizeof(key), "version:%s", tables[i].name);
        rc = meta_put(v, txn, key, tables[i].version);
    }
    return rc;
}

/* Which tables did an older program make? */
static void stale_tables(struct wg_views *v, struct wg_txn *txn, bool *fold, bool *index)
{
    char key[64];
    *fold = *index = false;
    for (int i = 0; i < TABLES; i++) {
        snprintf(key, sizeof(key), "version:%s", tables[i].name);
        if (meta_get(v, txn, key) == tables[i].version)
            continue;
        *fold |= !tables[i].index;
        *index |= tables[i].index;
    }
}

/* Index up to REINDEX cases from `next` on; then it is the one to go on from, or 0. */
static int reindex_some(struct wg_views *v, struct wg_txn *txn, uint64_t *next)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, value;
    struct wg_case rec;
    uint8_t be[8];
    int done = 0, rc = wg_cursor_open(txn, v->table[T_CASE], &c);
    int at = rc == WG_OK ? wg_cursor_seek(c, key_u64(be, *next), &k, &value) : rc;
    for (; rc == WG_OK && at == WG_OK && done < REINDEX; at = wg_cursor_next(c, &k, &value), done++)
        if ((rc = wg_case_decode(value, &rec)) == WG_OK)
            rc = index_update(v, txn, NULL, &rec);
    *next = rc == WG_OK && at == WG_OK ? wg_be64_get(k.p) : 0;
    wg_cursor_close(c);
    return rc;
}

static int drop_indexes(struct wg_views *v, struct wg_txn *txn)
{
    int rc = WG_OK;
    for (int i = 0; rc == WG_OK && i < TABLES; i++)
        if (tables[i].index)
            rc = wg_drop(txn, v->table[i]);
    return rc;
}

/* Make anew what an older program made: a piece a transaction, so that the pages that one takes
 * have a bound. The versions come last: after a stop in between it is all done again. */
static int check_versions(struct wg_views *v, struct wg_err *err)
{
    bool fold = false, index = false, first = true;
    uint64_t next = 0;
    int rc;
    do {
        struct wg_txn *txn = NULL;
        if ((rc = wg_txn_begin(v->env, true, &txn, err)) < 0)
            return rc;
        if (first)
            stale_tables(v, txn, &fold, &index);
        if (fold)
            rc = wg_views_clear(v, txn, NULL);
        else if (index && first)
            rc = drop_indexes(v, txn);
        if (rc == WG_OK && index && !fold && (rc = reindex_some(v, txn, &next)) == WG_OK && !next)
            rc = put_versions(v, txn);
        first = false;
        if (rc < 0) {
            wg_txn_abort(txn);
            return wg_fail(err, rc, "views in %s can't be brought up to date: %s", v->dir,
                           wg_strerror(rc));
        }
        rc = wg_txn_commit(txn, err);
    } while (rc == WG_OK && next);
    return rc;
}

static int open_env(struct wg_views *v, size_t map_bytes, struct wg_err *err)
{
    struct wg_env_opts opts = {.map_bytes = map_bytes};
    char path[1100], copy[1100];
    int rc;
    snprintf(path, sizeof(path), "%s/views", v->dir);
    snprintf(copy, sizeof(copy), "%s/copy", v->dir);
    if (!wg_env_trusted(path)) {
        rc = wg_env_restore(copy, path, err);
        if (rc == WG_ENOENT) /* no copy yet: an empty one, and everything is folded again */
            rc = wg_env_discard(path, err);
        if (rc < 0)
            return rc;
    }
    if ((rc = wg_env_open(path, &opts, &v->env, err)) < 0)
        return rc;
    for (int i = 0; i < TABLES; i++)
        if ((rc = wg_env_table(v->env, tables[i].name, &v->table[i], err)) < 0)
            return rc;
    return check_versions(v, err);
}

int wg_views_open(const char *dir, size_t map_bytes, struct wg_views **out, struct wg_err *err)
{
    struct wg_views *v = calloc(1, sizeof(*v));
    *out = NULL;
    if (!v)
        return wg_fail(err, WG_ENOMEM, "no memory for views");
    snprintf(v->dir, sizeof(v->dir), "%s", dir);
    int rc = open_env(v, map_bytes, err);
    if (rc < 0) {
        wg_views_close(v);
        return rc;
    }
    *out = v;
    return WG_OK;
}

void wg_views_close(struct wg_views *v)
{
    if (!v)
        return;
    wg_env_close(v->env);
    free(v);
}

struct wg_env *wg_views_env(struct wg_views *v)
{
    return v->env;
}

int wg_views_clear(struct wg_views *v, struct wg_txn *txn, struct wg_err *err)
{
    int rc = WG_OK;
    for (int i = 0; rc == WG_OK && i < TABLES; i++)
        rc = wg_drop(txn, v->table[i]);
    if (rc == WG_OK)
        rc = put_versions(v, txn);
    return rc == WG_OK ? rc : wg_fail(err, rc, "views can't be emptied: %s", wg_strerror(rc));
}

/* ---- the tip ---- */

int wg_views_tip(struct wg_views *v, struct wg_txn *txn, struct wg_views_tip *out)
{
    struct wg_str s;
    int rc = wg_get(txn, v->table[T_META], WG_S("tip"), &s);
    memset(out, 0, sizeof(*out));
    if (rc == WG_ENOENT)
        return WG_OK;
    if (rc == WG_OK && s.n == sizeof(*out))
        memcpy(out, s.p, sizeof(*out));
    return rc == WG_OK && s.n != sizeof(*out) ? WG_ECORRUPT : rc;
}

int wg_views_set_tip(struct wg_views *v, struct wg_txn *txn, const struct wg_views_tip *tip)
{
    return wg_put(txn, v->table[T_META], WG_S("tip"),
                  (struct wg_str){(const char *)tip, sizeof(*tip)});
}

static int put_tip(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                   struct wg_str bytes)
{
    struct wg_views_tip tip;
    struct wg_hash h = wg_hash_of(bytes);
    memset(&tip, 0, sizeof(tip));
    tip.n = e->n;
    tip.t = e->t;
    wg_hash_text(&h, tip.hash);
    return wg_views_set_tip(v, txn, &tip);
}

/* ---- fold ---- */

void digest_of(struct wg_str by, struct wg_str key, uint8_t out[DIGEST])
{
    static const uint8_t zero[32];
    const struct wg_str parts[] = {by, {"\n", 1}, key};
    struct wg_hash h = wg_hash_keyed(zero, parts, 3);
    memcpy(out, h.b, DIGEST);
}

/* Keys older than 30 days of journal time go, a few at each entry, so that views stay a function of
 * the entries. */
static int forget_seen(struct wg_views *v, struct wg_txn *txn, int64_t now)
{
    struct wg_seen seen;
    int rc = WG_OK;
    for (int i = 0; rc == WG_OK && i < 2; i++) {
        struct wg_cursor *c = NULL;
        struct wg_str n, digest, value;
        uint8_t first[8];
        if ((rc = wg_cursor_open(txn, v->table[T_SEEN_AT], &c)) < 0)
            return rc;
        rc = wg_cursor_seek(c, (struct wg_str){0}, &n, &digest);
        wg_cursor_close(c);
        if (rc < 0)
            return rc == WG_ENOENT ? WG_OK : rc;
        if (wg_get(txn, v->table[T_SEEN], digest, &value) == WG_OK && value.n == sizeof(seen)) {
            memcpy(&seen, value.p, sizeof(seen));
            /* A key used again after its 30 days stands under a later n; that one stays. */
            bool here = seen.n == wg_be64_get(n.p);
            if (here && seen.t > now - SEEN_MS)
                return WG_OK;
            if (here)
                rc = wg_del(txn, v->table[T_SEEN], digest);
        }
        memcpy(first, n.p, 8);
        if (rc == WG_OK)
            rc = wg_del(txn, v->table[T_SEEN_AT], (struct wg_str){(char *)first, 8});
    }
    return rc;
}

static int fold_seen(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e)
{
    struct wg_seen seen;
    uint8_t digest[DIGEST], be[8];
    if (!e->key.n)
        return WG_OK;
    memset(&seen, 0, sizeof(seen));
    seen.n = e->n;
    seen.id = e->of;
    seen.t = e->t;
    if (wg_str_copy(seen.ask, sizeof(seen.ask), e->ask) < 0)
        return WG_ECORRUPT;
    digest_of(e->by, e->key, digest);
    int rc = wg_put(txn, v->table[T_SEEN], (struct wg_str){(char *)digest, DIGEST},
                    (struct wg_str){(char *)&seen, sizeof(seen)});
    if (rc == WG_OK)
        rc = wg_put_last(txn, v->table[T_SEEN_AT], key_u64(be, e->n),
                         (struct wg_str){(char *)digest, DIGEST});
    return rc == WG_OK ? forget_seen(v, txn, e->t) : rc;
}

struct wg_str record_key(char out[256], const char *kind, struct wg_str name)
{
    int n = snprintf(out, 256, "%s/%.*s", kind, WG_PRI(name));
    return (struct wg_str){out, n < 0 ? 0 : n < 255 ? (size_t)n : 255};
}

/* {"k":"keep","kind":"user","id":"c-001","value":{…}}; value null takes it away. */
static int fold_keep(struct wg_views *v, struct wg_txn *txn, const struct wg_json *o)
{
    char key[256];
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *value = wg_json_get(o, "value");
    struct wg_str k = record_key(key, wg_json_str(o, "kind").p, wg_json_str(o, "id"));
    int rc;
    if (!value || !wg_json_str(o, "kind").p)
        return WG_ECORRUPT;
    if (value->type == WG_JNULL)
        return wg_del(txn, v->table[T_RECORD], k);
    wg_json_write(value, &b);
    rc = wg_buf_ok(&b) ? wg_put(txn, v->table[T_RECORD], k, wg_buf_str(&b)) : WG_ENOMEM;
    wg_buf_free(&b);
    return rc;
}

static struct wg_str outbox_key(uint8_t key[12], uint64_t n, uint32_t i)
{
    uint32_t be = __builtin_bswap32(i);
    wg_be64(key, n);
    memcpy(key + 8, &be, 4);
    return (struct wg_str){(char *)key, 12};
}

static int fold_notify(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e, uint32_t i,
                       const struct wg_json *o)
{
    struct wg_buf b = WG_BUF_INIT;
    uint8_t key[12];
    wg_json_write(o, &b);
    int rc = wg_buf_ok(&b)
                 ? wg_put(txn, v->table[T_OUTBOX], outbox_key(key, e->n, i), wg_buf_str(&b))
                 : WG_ENOMEM;
    wg_buf_free(&b);
    return rc;
}

/* A case on its way: a record under the entry's number, until it has arrived. */
static int fold_carry(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                      const struct wg_json *o)
{
    char key[256], name[24];
    struct wg_buf b = WG_BUF_INIT;
    snprintf(name, sizeof(name), "%llu", (unsigned long long)e->n);
    wg_json_write(o, &b);
    int rc = wg_buf_ok(&b) ? wg_put(txn, v->table[T_RECORD],
                                    record_key(key, "carry", wg_str_of(name)), wg_buf_str(&b))
                           : WG_ENOMEM;
    wg_buf_free(&b);
    return rc;
}

/* "serial:2026": written by hand, for this is in the way of every fold. */
static int put_counter(struct wg_views *v, struct wg_txn *txn, struct wg_str name, int year,
                       uint64_t value)
{
    struct wg_buf key = WG_BUF_INIT;
    uint8_t be[8];
    wg_buf_str_add(&key, name);
    wg_buf_int(&key, year);
    int rc = wg_buf_ok(&key) ? wg_put(txn, v->table[T_META], wg_buf_str(&key), key_u64(be, value))
                             : WG_ENOMEM;
    wg_buf_free(&key);
    return rc;
}

/* Counters that give ids and numbers without gaps: they are views too, fed by what was given. */
static int fold_counters(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                         const struct wg_json *o)
{
    uint64_t id;
    int64_t numbered = wg_json_int(o, "numbered", 0), ordered = wg_json_int(o, "ordered", 0);
    int year = wg_date_of(wg_local_day(e->t, NULL)).year;
    if (wg_str_is(wg_json_str(o, "k"), "open") &&
        wg_case_id_parse(wg_json_str(o, "id"), &id) == WG_OK)
        return put_counter(v, txn, WG_S("serial:"), (int)(id >> 32 & 0xfff), id & 0xffffffff);
    if (ordered)
        return put_counter(v, txn, WG_S("order:"), year, (uint64_t)ordered);
    return numbered ? put_counter(v, txn, WG_S("number:"), year, (uint64_t)numbered) : WG_OK;
}

static int fold_other(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e, uint32_t i,
                      const struct wg_json *o)
{
    struct wg_str k = wg_json_str(o, "k");
    uint8_t key[12];
    if (wg_str_is(k, "keep"))
        return fold_keep(v, txn, o);
    if (wg_str_is(k, "carry"))
        return fold_carry(v, txn, e, o);
    if (wg_str_is(k, "notify"))
        return fold_notify(v, txn, e, i, o);
    if (wg_str_is(k, "done"))
        return wg_del(
            txn, v->table[T_OUTBOX],
            outbox_key(key, (uint64_t)wg_json_int(o, "n", 0), (uint32_t)wg_json_int(o, "i", 0)));
    return fold_counters(v, txn, e, o);
}

/* Outcomes that touch one case: of the entry's own, or of a second one (`also`). */
static int fold_case(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e, uint64_t id,
                     const struct wg_json *outs, struct wg_arena *a)
{
    struct wg_case before, now;
    struct wg_buf b = WG_BUF_INIT;
    uint8_t be[8];
    int rc = wg_view_case(v, txn, id, &before);
    bool known = rc == WG_OK;
    if (rc < 0 && rc != WG_ENOENT)
        return rc;
    if (known)
        now = before;
    else
        memset(&now, 0, sizeof(now));
    rc = WG_OK;
    for (const struct wg_json *o = outs; rc == WG_OK && o; o = o->next)
        rc = wg_case_fold(&now, e, o, a);
    if (rc == WG_OK && now.id != id)
        rc = WG_ECORRUPT; /* steps of a case that was never opened */
    wg_case_encode(&now, &b);
    if (rc == WG_OK && !wg_buf_ok(&b))
        rc = WG_ENOMEM;
    /* The indexes first: `before` borrows from the page that the record's own put may move. */
    if (rc == WG_OK)
        rc = index_update(v, txn, known ? &before : NULL, &now);
    if (rc == WG_OK)
        rc = wg_put(txn, v->table[T_CASE], key_u64(be, id), wg_buf_str(&b));
    wg_buf_free(&b);
    return rc;
}

static int fold_also(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                     const struct wg_json *o, struct wg_arena *a)
{
    const struct wg_json *outs = wg_json_get(o, "out");
    uint64_t id;
    if (wg_case_id_parse(wg_json_str(o, "of"), &id) < 0 || !outs || outs->type != WG_JARR)
        return WG_ECORRUPT;
    return fold_case(v, txn, e, id, outs->child, a);
}

int wg_views_fold(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                  struct wg_str bytes, struct wg_arena *a, struct wg_err *err)
{
    uint32_t i = 0;
    if (v->search)
        search_hear(v->search, e);
    int rc = e->of ? fold_case(v, txn, e, e->of, e->out->child, a) : WG_OK;
    for (const struct wg_json *o = e->out->child; rc == WG_OK && o; o = o->next)
        rc = wg_str_is(wg_json_str(o, "k"), "also") ? fold_also(v, txn, e, o, a)
                                                    : fold_other(v, txn, e, i, o),
        i++;
    if (rc == WG_OK)
        rc = fold_blobs(v, txn, e);
    if (rc == WG_OK)
        rc = fold_seen(v, txn, e);
    if (rc == WG_OK && bytes.p)
        rc = put_tip(v, txn, e, bytes);
    return rc == WG_OK ? rc
                       : wg_fail(err, rc, "entry %llu can't be folded: %s",
                                 (unsigned long long)e->n, wg_strerror(rc));
}
