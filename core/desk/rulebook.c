/* Rules by revision. A case filed under one revision keeps its classes, limits and flow, so old
 * ones are opened again when such a case is touched: their text lies in the blobs, under the name
 * that the `bundle` record gives. */
#include "inside.h"

#include <stdio.h>
#include <unistd.h>

#define TEXT_MAX (64u << 20)

int wg_blob_text(const char *dir, struct wg_str name, struct wg_buf *out, struct wg_err *err)
{
    int fd;
    int rc = wg_blob_open(dir, name, &fd, err);
    if (rc < 0)
        return rc;
    for (ssize_t n = 1; n > 0;) {
        char *p = wg_buf_room(out, 65536);
        n = p && out->n < TEXT_MAX ? read(fd, p, 65536) : -1;
        if (n > 0)
            out->n += (size_t)n;
        if (n < 0)
            rc = wg_fail(err, WG_EIO, "blob %.*s can't be read", WG_PRI(name));
    }
    close(fd);
    return rc;
}

int wg_bundle_load(const char *blobs, struct wg_str blob, struct wg_str rev, struct wg_bundle **out,
                   struct wg_err *err)
{
    struct wg_buf text = WG_BUF_INIT;
    *out = NULL;
    int rc = wg_blob_text(blobs, blob, &text, err);
    if (rc == WG_OK)
        rc = wg_bundle_parse(wg_buf_str(&text), out, err);
    if (rc == WG_OK && !wg_str_is(rev, wg_bundle_rev(*out))) {
        wg_bundle_drop(*out);
        *out = NULL;
        rc = wg_fail(err, WG_ECORRUPT, "the blob of rules %.*s holds others", WG_PRI(rev));
    }
    wg_buf_free(&text);
    return rc;
}

/* By its record in the views of now: revisions are never taken back. */
int wg_desk_bundle(struct wg_desk *d, struct wg_str rev, struct wg_bundle **out, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_str json;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j;
    *out = NULL;
    int rc = wg_txn_begin(wg_views_env(d->views), false, &txn, err);
    if (rc == WG_OK && (rc = wg_view_record(d->views, txn, "rev", rev, &json)) < 0)
        wg_fail(err, rc, "rules %.*s are not known here", WG_PRI(rev));
    if (rc == WG_OK)
        rc = wg_json_parse(a, json, &j, err);
    wg_txn_abort(txn);
    if (rc == WG_OK)
        rc = wg_bundle_load(d->blobs, wg_json_str(j, "blob"), rev, out, err);
    wg_arena_free(a);
    return rc;
}

/* *left: what had to make room. */
static struct shelf *place_for(struct rulebook *b, struct wg_rules **left)
{
    struct shelf *least = NULL;
    for (size_t i = 0; i < sizeof(b->shelf) / sizeof(b->shelf[0]); i++) {
        struct shelf *s = &b->shelf[i];
        if (!s->rules)
            return s;
        if (s->rules != b->now && (!least || s->used < least->used))
            least = s;
    }
    *left = least->rules;
    least->rules = NULL;
    return least;
}

static void put(struct rulebook *b, struct wg_rules *rules, struct wg_rules **left)
{
    struct shelf *s = place_for(b, left);
    snprintf(s->rev, sizeof(s->rev), "%s", wg_rules_pack(rules)->rev);
    s->rules = rules;
    s->used = ++b->uses;
}

static int shelve(struct rulebook *b, struct wg_bundle *bundle, struct wg_rules **out,
                  struct wg_err *err)
{
    struct wg_rules *left = NULL;
    int rc = wg_rules_new(bundle, &b->desk->opts.limits, b->desk->opts.plugins, out, err);
    if (rc < 0)
        return rc;
    put(b, *out, &left);
    wg_rules_free(left);
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
    *out = b->only ? b->only : rev.n ? find(b, rev) : b->now;
    if (*out)
        return WG_OK;
    if (!rev.n)
        return wg_fail(err, WG_ENOENT, "no rules are in force in %s", b->desk->area);
    int rc = wg_desk_bundle(b->desk, rev, &bundle, err);
    if (rc == WG_OK)
        rc = shelve(b, bundle, out, err);
    wg_bundle_drop(bundle);
    return rc;
}

int rulebook_set(struct rulebook *b, struct wg_bundle *bundle, struct wg_rules **rules,
                 struct wg_rules **left, struct wg_err *err)
{
    struct wg_rules *found = find(b, wg_str_of(wg_bundle_rev(bundle)));
    int rc = WG_OK;
    if (!found && *rules) {
        found = *rules;
        put(b, found, left);
        *rules = NULL;
    } else if (!found) {
        rc = shelve(b, bundle, &found, err);
    }
    if (rc == WG_OK)
        b->now = found;
    return rc;
}

int rulebook_base(struct rulebook *b, struct wg_rules *rules, struct wg_rules **out,
                  struct wg_err *err)
{
    struct wg_bundle *base = NULL;
    int rc = wg_bundle_base(wg_rules_bundle(rules), &base, err);
    if (rc == WG_OK && strcmp(wg_bundle_rev(base), wg_rules_pack(rules)->rev) == 0)
        rc = wg_fail(err, WG_ENOENT, "these are the city's own rules");
    if (rc == WG_OK && !(*out = find(b, wg_str_of(wg_bundle_rev(base)))))
        rc = shelve(b, base, out, err);
    wg_bundle_drop(base);
    return rc;
}

void rulebook_close(struct rulebook *b)
{
    for (size_t i = 0; i < sizeof(b->shelf) / sizeof(b->shelf[0]); i++)
        wg_rules_free(b->shelf[i].rules);
}
