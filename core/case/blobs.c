/* Which blobs an entry names, and the table of who a blob has to do with. */
#include "views.h"

/* A list of names, or of photos as a case lists them. */
static int each_name(const struct wg_json *list, int (*fn)(void *arg, struct wg_str name),
                     void *arg)
{
    int rc = WG_OK;
    for (const struct wg_json *p = list ? list->child : NULL; rc == WG_OK && p; p = p->next) {
        struct wg_str name = p->type == WG_JSTR ? p->str : wg_json_str(p, "sha256");
        if (name.p)
            rc = fn(arg, name);
    }
    return rc;
}

/* A record's own blob, and reports about it. */
static int each_of(const struct wg_str *names, size_t count,
                   int (*fn)(void *arg, struct wg_str name), void *arg)
{
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < count; i++)
        if (names[i].p)
            rc = fn(arg, names[i]);
    return rc;
}

int wg_entry_blobs(const struct wg_entry *e, int (*fn)(void *arg, struct wg_str name), void *arg)
{
    int rc = e->of ? each_name(wg_json_get(e->in, "photos"), fn, arg) : WG_OK;
    for (const struct wg_json *o = e->out ? e->out->child : NULL; rc == WG_OK && o; o = o->next) {
        struct wg_str kind = wg_json_str(o, "k"),
                      blob = wg_json_str(wg_json_get(o, "value"), "blob"),
                      report = wg_json_str(wg_json_get(o, "value"), "report"),
                      csv = wg_json_str(wg_json_get(o, "value"), "csv");
        const struct wg_str names[] = {blob, report, csv};
        if (wg_str_is(kind, "keep"))
            rc = each_of(names, 3, fn, arg);
        else if (e->of && wg_str_is(kind, "set")) /* of a case that came from another county */
            rc = each_name(wg_json_get(o, "photos"), fn, arg);
    }
    return rc;
}

#define BLOB_KEY_MAX 256

/* False for what is no blob's name. user: of a record, with case 0. */
static bool blob_key(struct wg_str name, uint64_t id, struct wg_str user, uint8_t out[BLOB_KEY_MAX],
                     struct wg_str *key)
{
    if (wg_sha256_parse(name, out) < 0 || user.n > BLOB_KEY_MAX - 40)
        return false;
    wg_be64(out + 32, id);
    if (user.n)
        memcpy(out + 40, user.p, user.n);
    *key = (struct wg_str){(char *)out, 40 + user.n};
    return true;
}

struct blob_fold {
    struct wg_views *v;
    struct wg_txn *txn;
    const struct wg_entry *e;
};

static int fold_blob(void *arg, struct wg_str name)
{
    struct blob_fold *f = arg;
    uint8_t buf[BLOB_KEY_MAX];
    struct wg_str key, user = f->e->of ? (struct wg_str){NULL, 0} : f->e->by;
    return blob_key(name, f->e->of, user, buf, &key)
               ? wg_put(f->txn, f->v->table[T_BLOB], key, (struct wg_str){NULL, 0})
               : WG_OK;
}

int fold_blobs(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e)
{
    struct blob_fold f = {v, txn, e};
    return wg_entry_blobs(e, fold_blob, &f);
}

int wg_view_blob(struct wg_views *v, struct wg_txn *txn, struct wg_str name,
                 int (*fn)(void *arg, uint64_t id, struct wg_str user), void *arg)
{
    uint8_t buf[BLOB_KEY_MAX];
    struct wg_cursor *c = NULL;
    struct wg_str from, k, value;
    if (!blob_key(name, 0, (struct wg_str){NULL, 0}, buf, &from))
        return WG_OK;
    int rc = wg_cursor_open(txn, v->table[T_BLOB], &c);
    for (int at = rc == WG_OK ? wg_cursor_seek(c, from, &k, &value) : rc;
         rc == WG_OK && at == WG_OK && k.n >= 40 && memcmp(k.p, buf, 32) == 0;
         at = wg_cursor_next(c, &k, &value))
        rc = fn(arg, wg_be64_get(k.p + 32), (struct wg_str){k.p + 40, k.n - 40});
    wg_cursor_close(c);
    return rc;
}
