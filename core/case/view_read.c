/* The views of a county, read by key and compared. */
#include "views.h"

#include <stdio.h>

/* ---- reads by key ---- */

int wg_view_case(struct wg_views *v, struct wg_txn *txn, uint64_t id, struct wg_case *out)
{
    struct wg_str value;
    uint8_t be[8];
    int rc = wg_get(txn, v->table[T_CASE], key_u64(be, id), &value);
    return rc == WG_OK ? wg_case_decode(value, out) : rc;
}

static uint32_t counter(struct wg_views *v, struct wg_txn *txn, const char *name, int year)
{
    char key[64];
    snprintf(key, sizeof(key), "%s:%d", name, year);
    return (uint32_t)meta_get(v, txn, key);
}

uint32_t wg_view_serial(struct wg_views *v, struct wg_txn *txn, int year)
{
    return counter(v, txn, "serial", year);
}

uint32_t wg_view_numbered(struct wg_views *v, struct wg_txn *txn, int year)
{
    return counter(v, txn, "number", year);
}

uint32_t wg_view_ordered(struct wg_views *v, struct wg_txn *txn, int year)
{
    return counter(v, txn, "order", year);
}

size_t wg_view_wake(struct wg_views *v, struct wg_txn *txn, int64_t now_ms, uint64_t *ids,
                    size_t max, int64_t *next_ms)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, value;
    size_t count = 0;
    *next_ms = 0;
    if (wg_cursor_open(txn, v->table[T_WAKE], &c) < 0)
        return 0;
    int rc = wg_cursor_seek(c, (struct wg_str){0}, &k, &value);
    for (; rc == WG_OK && k.n == 16 && !*next_ms; rc = wg_cursor_next(c, &k, &value)) {
        int64_t at = (int64_t)wg_be64_get(k.p);
        if (at > now_ms || count == max)
            *next_ms = at;
        else
            ids[count++] = wg_be64_get(k.p + 8);
    }
    wg_cursor_close(c);
    return count;
}

int wg_view_seen(struct wg_views *v, struct wg_txn *txn, struct wg_str by, struct wg_str key,
                 int64_t now_ms, struct wg_seen *out)
{
    struct wg_str value;
    uint8_t digest[DIGEST];
    digest_of(by, key, digest);
    int rc = wg_get(txn, v->table[T_SEEN], (struct wg_str){(char *)digest, DIGEST}, &value);
    if (rc < 0)
        return rc;
    if (value.n != sizeof(*out))
        return WG_ECORRUPT;
    memcpy(out, value.p, sizeof(*out));
    return out->t > now_ms - SEEN_MS ? WG_OK : WG_ENOENT;
}

int wg_view_record(struct wg_views *v, struct wg_txn *txn, const char *kind, struct wg_str name,
                   struct wg_str *json)
{
    char key[256];
    return wg_get(txn, v->table[T_RECORD], record_key(key, kind, name), json);
}

int wg_view_records(struct wg_views *v, struct wg_txn *txn, const char *kind,
                    int (*fn)(void *arg, struct wg_str name, struct wg_str json), void *arg)
{
    char prefix[256];
    struct wg_cursor *c = NULL;
    struct wg_str from = record_key(prefix, kind, (struct wg_str){NULL, 0}), k, value;
    int rc = wg_cursor_open(txn, v->table[T_RECORD], &c);
    for (int at = rc == WG_OK ? wg_cursor_seek(c, from, &k, &value) : rc;
         rc == WG_OK && at == WG_OK && k.n >= from.n && memcmp(k.p, from.p, from.n) == 0;
         at = wg_cursor_next(c, &k, &value))
        rc = fn(arg, (struct wg_str){k.p + from.n, k.n - from.n}, value);
    wg_cursor_close(c);
    return rc;
}

int wg_view_outbox(struct wg_views *v, struct wg_txn *txn,
                   int (*fn)(void *arg, uint64_t n, uint32_t i, struct wg_str json), void *arg)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, value;
    int rc = wg_cursor_open(txn, v->table[T_OUTBOX], &c);
    for (int at = rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){0}, &k, &value) : rc;
         rc == WG_OK && at == WG_OK; at = wg_cursor_next(c, &k, &value)) {
        uint32_t be;
        memcpy(&be, k.p + 8, 4);
        rc = fn(arg, wg_be64_get(k.p), __builtin_bswap32(be), value);
    }
    wg_cursor_close(c);
    return rc;
}

int wg_view_offered(struct wg_views *v, struct wg_txn *txn,
                    int (*fn)(void *arg, const struct wg_case *c), void *arg)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, value;
    struct wg_case rec;
    char from = (char)BY_OFFERED;
    int rc = wg_cursor_open(txn, v->table[T_BY_STATE], &c);
    int at = rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){&from, 1}, &k, &value) : rc;
    for (; rc == WG_OK && at == WG_OK && k.n == 9 && k.p[0] == from;
         at = wg_cursor_next(c, &k, &value))
        if (wg_view_case(v, txn, wg_be64_get(k.p + 1), &rec) == WG_OK)
            rc = fn(arg, &rec);
    wg_cursor_close(c);
    return rc;
}

void wg_view_counts(struct wg_views *v, struct wg_txn *txn, uint64_t out[WG_STATES])
{
    struct wg_cursor *c = NULL;
    struct wg_str k, value;
    memset(out, 0, WG_STATES * sizeof(*out));
    if (wg_cursor_open(txn, v->table[T_BY_STATE], &c) < 0)
        return;
    for (int at = wg_cursor_seek(c, (struct wg_str){0}, &k, &value); at == WG_OK;
         at = wg_cursor_next(c, &k, &value))
        if ((uint8_t)k.p[0] < WG_STATES)
            out[(uint8_t)k.p[0]]++;
    wg_cursor_close(c);
}

/* ---- two sets of views, key by key ---- */

struct comparing {
    void (*say)(void *, const char *);
    void *arg;
    uint64_t differ;
};

static void tell(struct comparing *cmp, const char *table, struct wg_str key, const char *what)
{
    char line[300], hex[2 * 48 + 1];
    size_t n = key.n < 48 ? key.n : 48;
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)key.p[i]);
    hex[2 * n] = '\0';
    if (cmp->differ++ >= 20 || !cmp->say)
        return;
    snprintf(line, sizeof(line), "%s %s: %s", table, hex, what);
    cmp->say(cmp->arg, line);
}

static int compare_table(struct comparing *cmp, const char *name, struct wg_cursor *x,
                         struct wg_cursor *y)
{
    struct wg_str kx, vx, ky, vy;
    int ax = wg_cursor_seek(x, (struct wg_str){0}, &kx, &vx),
        ay = wg_cursor_seek(y, (struct wg_str){0}, &ky, &vy);
    while (ax == WG_OK || ay == WG_OK) {
        int order = ax < 0 ? 1 : ay < 0 ? -1 : wg_str_cmp(kx, ky);
        if (order == 0 && !wg_str_eq(vx, vy))
            tell(cmp, name, kx, "another value");
        if (order < 0)
            tell(cmp, name, kx, "only in the first");
        if (order > 0)
            tell(cmp, name, ky, "only in the second");
        if (order <= 0)
            ax = wg_cursor_next(x, &kx, &vx);
        if (order >= 0)
            ay = wg_cursor_next(y, &ky, &vy);
    }
    return ax == WG_ENOENT && ay == WG_ENOENT ? WG_OK : ax != WG_ENOENT ? ax : ay;
}

int wg_views_compare(struct wg_views *x, struct wg_views *y, void (*say)(void *, const char *),
                     void *arg, uint64_t *differ, struct wg_err *err)
{
    struct comparing cmp = {say, arg, 0};
    struct wg_txn *tx = NULL, *ty = NULL;
    int rc = wg_txn_begin(x->env, false, &tx, err);
    if (rc == WG_OK)
        rc = wg_txn_begin(y->env, false, &ty, err);
    for (int i = 0; rc == WG_OK && i < TABLES; i++) {
        struct wg_cursor *cx = NULL, *cy = NULL;
        rc = wg_cursor_open(tx, x->table[i], &cx);
        if (rc == WG_OK)
            rc = wg_cursor_open(ty, y->table[i], &cy);
        if (rc == WG_OK)
            rc = compare_table(&cmp, table_name(i), cx, cy);
        wg_cursor_close(cx);
        wg_cursor_close(cy);
        if (rc < 0)
            wg_fail(err, rc, "views can't be compared: %s", wg_strerror(rc));
    }
    wg_txn_abort(tx);
    wg_txn_abort(ty);
    *differ = cmp.differ;
    return rc;
}
