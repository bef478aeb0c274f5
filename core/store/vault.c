/* The vault: LMDB, synced, written before the journal. A row carries the number of the entry that
 * will name it; until a later commit knows that entry durable it stands in `fresh` too, and is
 * dropped at open if the entry does not name it. So a stop between vault and journal leaves no
 * citizen's words behind. */
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct wg_vault {
    struct wg_env *env;
    unsigned rows, fresh, meta, found, marks;
    struct wg_txn *txn; /* the batch's */
    uint8_t secret[32];
    pthread_mutex_t lock; /* the batch, known, forget: erase comes from other threads */
    uint64_t known;
    /* found: digest, id → nothing; marks: ref → such keys, which go with the row */
    bool forget; /* what is fresh was never named */
};

static int get_u64(struct wg_txn *txn, unsigned table, const char *key, uint64_t *out)
{
    struct wg_str v;
    int rc = wg_get(txn, table, wg_str_of(key), &v);
    *out = rc == WG_OK && v.n == 8 ? wg_be64_get(v.p) : 0;
    return rc == WG_ENOENT ? WG_OK : rc;
}

static int put_u64(struct wg_txn *txn, unsigned table, const char *key, uint64_t value)
{
    uint8_t be[8];
    wg_be64(be, value);
    return wg_put(txn, table, wg_str_of(key), (struct wg_str){(char *)be, 8});
}

static int load(struct wg_vault *v, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str s;
    int rc = wg_txn_begin(v->env, true, &txn, err);
    if (rc < 0)
        return rc;
    rc = get_u64(txn, v->meta, "known", &v->known);
    if (rc == WG_OK && wg_get(txn, v->meta, WG_S("secret"), &s) == WG_OK &&
        s.n == sizeof(v->secret)) {
        memcpy(v->secret, s.p, sizeof(v->secret));
    } else if (rc == WG_OK) {
        wg_random(v->secret, sizeof(v->secret));
        rc = wg_put(txn, v->meta, WG_S("secret"),
                    (struct wg_str){(char *)v->secret, sizeof(v->secret)});
    }
    if (rc < 0) {
        wg_txn_abort(txn);
        return wg_fail(err, rc, "the vault can't be read");
    }
    return wg_txn_commit(txn, err);
}

int wg_vault_open(const char *dir, struct wg_vault **out, struct wg_err *err)
{
    struct wg_env_opts opts = {.map_bytes = (size_t)16 << 30, .synced = true};
    struct wg_vault *v = calloc(1, sizeof(*v));
    int rc;
    *out = NULL;
    if (!v)
        return wg_fail(err, WG_ENOMEM, "no memory for the vault");
    pthread_mutex_init(&v->lock, NULL);
    if ((rc = wg_env_open(dir, &opts, &v->env, err)) < 0 ||
        (rc = wg_env_table(v->env, "rows", &v->rows, err)) < 0 ||
        (rc = wg_env_table(v->env, "fresh", &v->fresh, err)) < 0 ||
        (rc = wg_env_table(v->env, "meta", &v->meta, err)) < 0 ||
        (rc = wg_env_table(v->env, "found", &v->found, err)) < 0 ||
        (rc = wg_env_table(v->env, "marks", &v->marks, err)) < 0 || (rc = load(v, err)) < 0) {
        wg_vault_close(v);
        return rc;
    }
    *out = v;
    return WG_OK;
}

void wg_vault_close(struct wg_vault *v)
{
    if (!v)
        return;
    wg_txn_abort(v->txn);
    wg_env_close(v->env);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

uint64_t wg_vault_known(struct wg_vault *v)
{
    return v->known;
}

const uint8_t *wg_vault_secret(const struct wg_vault *v)
{
    return v->secret;
}

/* ---- whom a row is about ---- */

#define DIGEST 16
#define MARK (DIGEST + 8) /* digest, id */
#define MARKS_MAX 8

/* A phone's digits as they are dialled at home, or a name's letters; how many units it is. */
static size_t normal(struct wg_buf *plain, enum wg_vault_by by)
{
    uint16_t *u = (uint16_t *)(void *)plain->p;
    size_t n = plain->n / sizeof(*u), kept = 0, abroad = 0;
    for (size_t i = 0; i < n; i++)
        if (by == WG_BY_PHONE ? u[i] >= '0' && u[i] <= '9' : u[i] != ' ')
            u[kept++] = u[i];
    if (by != WG_BY_PHONE)
        return kept;
    if (kept == 13 && u[0] == '8' && u[1] == '6')
        abroad = 2;
    else if (kept == 15 && u[0] == '0' && u[1] == '0' && u[2] == '8' && u[3] == '6')
        abroad = 4;
    memmove(u, u + abroad, (kept - abroad) * sizeof(*u));
    return kept - abroad;
}

static enum wg_vault_by look_of(const struct wg_buf *plain)
{
    const uint16_t *u = (const uint16_t *)(const void *)plain->p;
    bool digit = false;
    for (size_t i = 0; i < plain->n / sizeof(*u); i++) {
        if (u[i] >= 0x80 || (u[i] >= 'a' && u[i] <= 'z'))
            return WG_BY_NAME;
        digit |= u[i] >= '0' && u[i] <= '9';
    }
    return digit ? WG_BY_PHONE : WG_BY_NAME;
}

static int digest(const struct wg_vault *v, enum wg_vault_by by, struct wg_str text,
                  uint8_t out[DIGEST])
{
    struct wg_buf plain = WG_BUF_INIT;
    int rc = WG_OK;
    wg_plain(text, &plain);
    if (by == WG_BY_EITHER)
        by = look_of(&plain);
    size_t n = plain.n ? normal(&plain, by) : 0;
    if (!wg_buf_ok(&plain))
        rc = WG_ENOMEM;
    else if (n == 0)
        rc = WG_EINVAL;
    if (rc == WG_OK) {
        const struct wg_str parts[] = {by == WG_BY_PHONE ? WG_S("phone\n") : WG_S("name\n"),
                                       {plain.p, n * sizeof(uint16_t)}};
        struct wg_hash h = wg_hash_keyed(v->secret, parts, 2);
        memcpy(out, h.b, DIGEST);
    }
    wg_buf_free(&plain);
    return rc;
}

int wg_vault_mark(struct wg_vault *v, const char *ref, enum wg_vault_by by, struct wg_str text,
                  uint64_t id, struct wg_err *err)
{
    uint8_t all[MARKS_MAX * MARK];
    struct wg_str have, key = {ref, WG_REF_TEXT};
    size_t n = 0;
    int rc = wg_get(v->txn, v->marks, key, &have);
    if (rc == WG_OK && have.n < sizeof(all))
        memcpy(all, have.p, n = have.n);
    rc = digest(v, by, text, all + n);
    if (rc == WG_EINVAL)
        return WG_OK;
    wg_be64(all + n + DIGEST, id);
    if (rc == WG_OK)
        rc = wg_put(v->txn, v->found, (struct wg_str){(char *)all + n, MARK},
                    (struct wg_str){"", 0});
    if (rc == WG_OK)
        rc = wg_put(v->txn, v->marks, key, (struct wg_str){(char *)all, n + MARK});
    return rc == WG_OK ? rc : wg_fail(err, rc, "the vault takes no row: %s", wg_strerror(rc));
}

int wg_vault_find(struct wg_vault *v, struct wg_str text, int (*fn)(void *arg, uint64_t id),
                  void *arg, struct wg_err *err)
{
    uint8_t from[DIGEST];
    struct wg_txn *txn = NULL;
    struct wg_cursor *c = NULL;
    struct wg_str key, none;
    int rc = digest(v, WG_BY_EITHER, text, from);
    if (rc < 0)
        return wg_fail(err, rc, "needs a phone number or a name");
    if ((rc = wg_txn_begin(v->env, false, &txn, err)) < 0)
        return rc;
    rc = wg_cursor_open(txn, v->found, &c);
    int at =
        rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){(char *)from, DIGEST}, &key, &none) : rc;
    for (; rc == WG_OK && at == WG_OK && key.n == MARK && memcmp(key.p, from, DIGEST) == 0;
         at = wg_cursor_next(c, &key, &none))
        rc = fn(arg, wg_be64_get(key.p + DIGEST));
    wg_cursor_close(c);
    wg_txn_abort(txn);
    return rc == WG_OK ? rc : wg_fail(err, rc, "the vault can't be read: %s", wg_strerror(rc));
}

static int drop_row(struct wg_vault *v, struct wg_txn *txn, struct wg_str ref)
{
    uint8_t all[MARKS_MAX * MARK];
    struct wg_str marks;
    size_t n = 0;
    if (wg_get(txn, v->marks, ref, &marks) == WG_OK && marks.n <= sizeof(all))
        memcpy(all, marks.p, n = marks.n);
    int rc = n ? wg_del(txn, v->marks, ref) : WG_OK;
    for (size_t i = 0; rc == WG_OK && i < n; i += MARK)
        rc = wg_del(txn, v->found, (struct wg_str){(char *)all + i, MARK});
    return rc == WG_OK ? wg_del(txn, v->rows, ref) : rc;
}

/* ---- what was written before its entry ---- */

/* Go through `fresh`: drop rows that are not named, forget the marks of those that are. A key is n,
 * then the ref. */
static int settle(struct wg_vault *v, struct wg_txn *txn,
                  bool (*named)(void *, uint64_t, struct wg_str), void *arg, size_t *dropped)
{
    struct wg_cursor *c = NULL;
    struct wg_str key, none;
    int rc = wg_cursor_open(txn, v->fresh, &c);
    *dropped = 0;
    int at = rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){0}, &key, &none) : rc;
    for (; rc == WG_OK && at == WG_OK; at = wg_cursor_next(c, &key, &none)) {
        struct wg_str ref = {key.p + 8, key.n - 8};
        if (named(arg, wg_be64_get(key.p), ref))
            continue;
        rc = drop_row(v, txn, ref);
        ++*dropped;
    }
    wg_cursor_close(c);
    return rc == WG_OK ? wg_drop(txn, v->fresh) : rc;
}

struct names {
    struct wg_journal *j;
    struct wg_buf entry;
    int rc; /* an entry that is there and can't be read: nobody may drop what it names */
    struct wg_err *err;
};

static bool entry_names(void *arg, uint64_t n, struct wg_str ref)
{
    struct names *names = arg;
    int rc = wg_journal_get(names->j, n, &names->entry, names->err);
    if (rc < 0 && rc != WG_ENOENT)
        names->rc = rc;
    return rc == WG_OK && memmem(names->entry.p, names->entry.n, ref.p, ref.n) != NULL;
}

static bool none_named(void *arg, uint64_t n, struct wg_str ref)
{
    (void)arg;
    (void)n;
    (void)ref;
    return false;
}

static bool all_named(void *arg, uint64_t n, struct wg_str ref)
{
    (void)arg;
    (void)n;
    (void)ref;
    return true;
}

int wg_vault_sweep(struct wg_vault *v, struct wg_journal *j, size_t *dropped, struct wg_err *err)
{
    struct names names = {j, WG_BUF_INIT, WG_OK, err};
    struct wg_txn *txn = NULL;
    int rc = wg_txn_begin(v->env, true, &txn, err);
    if (rc < 0)
        return rc;
    rc = settle(v, txn, entry_names, &names, dropped);
    wg_buf_free(&names.entry);
    if (names.rc < 0) {
        wg_txn_abort(txn);
        return names.rc;
    }
    if (rc < 0) {
        wg_txn_abort(txn);
        return wg_fail(err, rc, "the vault can't be swept: %s", wg_strerror(rc));
    }
    return wg_txn_commit(txn, err);
}

int wg_vault_begin(struct wg_vault *v, uint64_t durable_n, struct wg_err *err)
{
    size_t dropped;
    int rc;
    pthread_mutex_lock(&v->lock);
    rc = wg_txn_begin(v->env, true, &v->txn, err);
    if (rc == WG_OK &&
        (rc = settle(v, v->txn, v->forget ? none_named : all_named, NULL, &dropped)) < 0)
        wg_fail(err, rc, "the vault: %s", wg_strerror(rc));
    if (rc == WG_OK && (rc = put_u64(v->txn, v->meta, "known", durable_n)) < 0)
        wg_fail(err, rc, "the vault: %s", wg_strerror(rc));
    if (rc == WG_OK) {
        v->known = durable_n;
        return rc; /* the lock is held until commit or abort */
    }
    wg_txn_abort(v->txn);
    v->txn = NULL;
    pthread_mutex_unlock(&v->lock);
    return rc;
}

int wg_vault_put(struct wg_vault *v, uint64_t n, struct wg_str bytes, char ref[WG_REF_TEXT + 1],
                 struct wg_err *err)
{
    char key[8 + WG_REF_TEXT];
    wg_random_text(16, ref, WG_REF_TEXT + 1);
    wg_be64((uint8_t *)key, n);
    memcpy(key + 8, ref, WG_REF_TEXT);
    int rc = wg_put(v->txn, v->rows, (struct wg_str){ref, WG_REF_TEXT}, bytes);
    if (rc == WG_OK)
        rc = wg_put(v->txn, v->fresh, (struct wg_str){key, sizeof(key)}, (struct wg_str){"", 0});
    return rc == WG_OK ? rc : wg_fail(err, rc, "the vault takes no row: %s", wg_strerror(rc));
}

int wg_vault_commit(struct wg_vault *v, struct wg_err *err)
{
    int rc = wg_txn_commit(v->txn, err);
    v->txn = NULL;
    if (rc == WG_OK)
        v->forget = false;
    pthread_mutex_unlock(&v->lock);
    return rc;
}

void wg_vault_abort(struct wg_vault *v)
{
    if (!v->txn)
        return;
    wg_txn_abort(v->txn);
    v->txn = NULL;
    pthread_mutex_unlock(&v->lock);
}

void wg_vault_forget(struct wg_vault *v)
{
    pthread_mutex_lock(&v->lock);
    v->forget = true;
    pthread_mutex_unlock(&v->lock);
}

int wg_vault_get(struct wg_vault *v, struct wg_str ref, struct wg_buf *buf, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str value;
    int rc = wg_txn_begin(v->env, false, &txn, err);
    if (rc < 0)
        return rc;
    rc = ref.n ? wg_get(txn, v->rows, ref, &value) : WG_ENOENT;
    if (rc == WG_OK)
        wg_buf_str_add(buf, value);
    else
        wg_fail(err, rc, "no such row");
    wg_txn_abort(txn);
    return rc;
}

int wg_vault_erase(struct wg_vault *v, struct wg_str ref, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    pthread_mutex_lock(&v->lock);
    int rc = wg_txn_begin(v->env, true, &txn, err);
    if (rc == WG_OK && (rc = drop_row(v, txn, ref)) < 0) {
        wg_txn_abort(txn);
        wg_fail(err, rc, "the vault: %s", wg_strerror(rc));
    } else if (rc == WG_OK) {
        rc = wg_txn_commit(txn, err);
    }
    pthread_mutex_unlock(&v->lock);
    return rc;
}
