/* Rules by revision. A case filed under one revision keeps its classes, limits and flow, so old
 * ones are opened again when such a case is touched: their text lies in the blobs, under the name
 * that the `bundle` record gives. */
#include "inside.h"

#include <stdio.h>
#include <unistd.h>

#define BUNDLE_MAX (8u << 20)

static int read_blob(const char *dir, struct wg_str name, struct wg_buf *out, struct wg_err *err)
{
    int fd;
    int rc = wg_blob_open(dir, name, &fd, err);
    if (rc < 0)
        return rc;
    for (ssize_t n = 1; n > 0;) {
        char *p = wg_buf_room(out, 65536);
        n = p && out->n < BUNDLE_MAX ? read(fd, p, 65536) : -1;
        if (n > 0)
            out->n += (size_t)n;
        if (n < 0)
            rc = wg_fail(err, WG_EIO, "blob %.*s can't be read", WG_PRI(name));
    }
    close(fd);
    return rc;
}

/* The bundle of a revision, by its record in the views of now: revisions are never taken back. */
static int load_bundle(struct wg_desk *d, struct wg_str rev, struct wg_bundle **out,
                       struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str json;
    struct wg_buf text = WG_BUF_INIT;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j;
    int rc = wg_txn_begin(wg_views_env(d->views), false, &txn, err);
    if (rc == WG_OK && (rc = wg_view_record(d->views, txn, "rev", rev, &json)) < 0)
        wg_fail(err, rc, "rules %.*s are not known here", WG_PRI(rev));
    if (rc == WG_OK)
        rc = wg_json_parse(a, json, &j, err);
    wg_txn_abort(txn);
    if (rc == WG_OK)
        rc = read_blob(d->blobs, wg_json_str(j, "blob"), &text, err);
    if (rc == WG_OK)
        rc = wg_bundle_parse(wg_buf_str(&text), out, err);
    if (rc == WG_OK && !wg_str_is(rev, wg_bundle_rev(*out))) {
        wg_bundle_drop(*out);
        *out = NULL;
        rc = wg_fail(err, WG_ECORRUPT, "the blob of rules %.*s holds others", WG_PRI(rev));
    }
    wg_buf_free(&text);
    wg_arena_free(a);
    return rc;
}

static struct shelf *place_for(struct rulebook *b)
{
    struct shelf *least = NULL;
    for (size_t i = 0; i < sizeof(b->shelf) / sizeof(b->shelf[0]); i++) {
        struct shelf *s = &b->shelf[i];
        if (!s->rules)
            return s;
        if (s->rules != b->now && (!least || s->used < least->used))
            least = s;
    }
    wg_rules_free(least->rules);
    least->rules = NULL;
    return least;
}

static int shelve(struct rulebook *b, struct wg_bundle *bundle, struct wg_rules **out,
                  struct wg_err *err)
{
    struct wg_rules *rules = NULL;
    int rc = wg_rules_new(bundle, &b->desk->opts.limits, b->desk->opts.plugins, &rules, err);
    if (rc < 0)
        return rc;
    struct shelf *s = place_for(b);
    snprintf(s->rev, sizeof(s->rev), "%s", wg_bundle_rev(bundle));
    s->rules = rules;
    s->used = ++b->uses;
    *out = rules;
    return WG_OK;
}

static struct wg_rules *find(struct rulebook *b, struct wg_str rev)
{
    for (size_t i = 0; i < sizeof(b->shelf) / sizeof(b->shelf[0]); i++) {
        if (!b->shelf[i].rules || !wg_str_is(rev, b->shelf[i].rev))
            continue;
        b->shelf[i].used = ++b->uses;
        return b->shelf[i].rules;
    }
    return NULL;
}

int rulebook_get(struct rulebook *b, struct wg_str rev, struct wg_rules **out, struct wg_err *err)
{
    struct wg_bundle *bundle = NULL;
    *out = rev.n ? find(b, rev) : b->now;
    if (*out)
        return WG_OK;
    if (!rev.n)
        return wg_fail(err, WG_ENOENT, "no rules are in force in %s", b->desk->area);
    int rc = load_bundle(b->desk, rev, &bundle, err);
    if (rc == WG_OK)
        rc = shelve(b, bundle, out, err);
    wg_bundle_drop(bundle);
    return rc;
}

int rulebook_set(struct rulebook *b, struct wg_bundle *bundle, struct wg_err *err)
{
    struct wg_rules *rules = find(b, wg_str_of(wg_bundle_rev(bundle)));
    int rc = rules ? WG_OK : shelve(b, bundle, &rules, err);
    if (rc == WG_OK)
        b->now = rules;
    return rc;
}

void rulebook_close(struct rulebook *b)
{
    for (size_t i = 0; i < sizeof(b->shelf) / sizeof(b->shelf[0]); i++)
        wg_rules_free(b->shelf[i].rules);
}
