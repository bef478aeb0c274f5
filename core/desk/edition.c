/* An edition of base data: from the file that was uploaded, from its own file, and what must hold
 * before one of units comes into force. */
#include "inside.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EDITION_MAX ((size_t)512 << 20)

static int read_whole(int fd, struct wg_buf *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (size_t)st.st_size > EDITION_MAX)
        return WG_ERANGE;
    char *p = wg_buf_room(out, (size_t)st.st_size + 1);
    if (!p)
        return WG_ENOMEM;
    while (out->n < (size_t)st.st_size) {
        ssize_t n = read(fd, p + out->n, (size_t)st.st_size - out->n);
        if (n <= 0)
            return WG_EIO;
        out->n += (size_t)n;
    }
    return WG_OK;
}

static int read_layer(struct wg_str text, struct wg_str form, struct wg_str crs,
                      struct wg_layer **layer, struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_crs *from = NULL;
    struct wg_err why = {0};
    int rc = crs.n ? wg_crs_new(wg_crs_code(crs), &from, &why) : WG_OK;
    if (rc < 0)
        return wg_fail_at(err, rc, "/crs", "%s", why.text);
    if (wg_str_is(form, "csv"))
        rc = wg_layer_from_csv(text, from, layer, faults, err);
    else if (wg_str_is(form, "geojsons"))
        rc = wg_layer_from_geojsons(text, from, layer, faults, err);
    else
        rc = wg_layer_from_geojson(text, from, layer, faults, err);
    wg_crs_free(from);
    return rc;
}

int wg_edition_read(int fd, int collection, struct wg_str form, struct wg_str crs,
                    const struct wg_ground *ground, struct wg_layer **layer,
                    struct wg_table **table, struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_layer_faults own = {0};
    int rc = lseek(fd, 0, SEEK_SET) < 0 ? WG_EIO : read_whole(fd, &text);
    if (!faults)
        faults = &own;
    if (rc < 0)
        wg_fail(err, rc, "the file can't be read: %s", wg_strerror(rc));
    else if (!wg_collection_is_layer(collection))
        rc = wg_table_new(collection, wg_buf_str(&text), form, ground, table, faults, err);
    else
        rc = read_layer(wg_buf_str(&text), form, crs, layer, faults, err);
    wg_buf_free(&own.text);
    wg_buf_free(&text);
    return rc;
}

int wg_edition_build(const char *blobs, int collection, struct wg_str blob, struct wg_str form,
                     struct wg_str crs, struct wg_layer **layer, struct wg_table **table,
                     struct wg_layer_faults *faults, struct wg_err *err)
{
    int fd, rc = wg_blob_open(blobs, blob, &fd, err);
    if (rc < 0)
        return rc;
    rc = wg_edition_read(fd, collection, form, crs, NULL, layer, table, faults, err);
    close(fd);
    return rc;
}

int wg_edition_load(const char *dir, int collection, const struct wg_json *record,
                    struct wg_layer **layer, struct wg_table **table, struct wg_err *err)
{
    char path[1400], blobs[1100];
    struct wg_str blob = wg_json_str(record, "blob"), form = wg_json_str(record, "form"),
                  crs = wg_json_str(record, "crs");
    int rc;
    snprintf(blobs, sizeof(blobs), "%s/blobs", dir);
    if (!wg_collection_is_layer(collection))
        return wg_edition_build(blobs, collection, blob, form, crs, NULL, table, NULL, err);
    snprintf(path, sizeof(path), "%s/base/%.*s", dir, WG_PRI(wg_json_str(record, "file")));
    if ((rc = wg_layer_load(path, layer, err)) == WG_OK)
        return rc;
    /* The edition file is only a reading of the blob: make it again. Of a county that was adopted
     * there is none yet. */
    wg_log(rc == WG_ENOENT ? WG_INFO : WG_WARN, "desk",
           "edition file can't be used; making it from its blob", "file", path, NULL);
    rc = wg_edition_build(blobs, collection, blob, form, crs, layer, NULL, NULL, err);
    snprintf(path, sizeof(path), "%s/base", dir);
    if (rc == WG_OK && (rc = wg_dir_make(path, err)) == WG_OK) {
        snprintf(path, sizeof(path), "%s/base/%.*s", dir, WG_PRI(wg_json_str(record, "file")));
        rc = wg_layer_save(*layer, path, err);
    }
    return rc;
}

/* ---- units that come into force ---- */

static int count_case(void *arg, const struct wg_case *c)
{
    size_t *count = arg;
    *count += wg_state_open(c->state);
    return WG_OK;
}

static int open_cases(struct wg_views *v, struct wg_txn *txn, struct wg_str unit, size_t *count,
                      struct wg_err *err)
{
    struct wg_buf next = WG_BUF_INIT;
    struct wg_case_query q = {.unit = unit, .kind = -1, .sort = WG_BY_OPENED, .limit = SIZE_MAX};
    *count = 0;
    for (int s = 0; s < WG_STATES; s++)
        q.states |= wg_state_open(s) ? UINT32_C(1) << s : 0;
    int rc = wg_view_list(v, txn, &q, count_case, count, &next, err);
    wg_buf_free(&next);
    return rc;
}

static int check_end(struct wg_views *v, struct wg_txn *txn, const struct wg_ground *after,
                     struct wg_str unit, struct wg_layer_faults *faults, struct wg_err *err)
{
    size_t count = 0;
    bool gone = !wg_ground_unit(after, unit);
    if (!gone && wg_ground_unit_now(after, unit, INT64_MAX - 1).n)
        return WG_OK;
    int rc = open_cases(v, txn, unit, &count, err);
    if (rc < 0 || !count)
        return rc;
    faults->count++;
    wg_buf_fmt(&faults->text, "unit %.*s: %s with %zu open case%s and names no successor\n",
               WG_PRI(unit), gone ? "goes away" : "ends", count, count == 1 ? "" : "s");
    return WG_OK;
}

/* A deputy acts for the post, so the account is of the post's unit. */
static void check_deputies(struct wg_views *v, struct wg_txn *txn, const struct wg_json *unit,
                           struct wg_arena *a, struct wg_layer_faults *faults)
{
    const struct wg_json *posts = wg_json_get(unit, "posts");
    struct wg_str id = wg_json_str(unit, "id"), json;
    struct wg_json *user;
    for (const struct wg_json *p = posts ? posts->child : NULL; p; p = p->next) {
        struct wg_str deputy = wg_json_str(p, "deputy");
        if (!deputy.n || wg_view_record(v, txn, "user", deputy, &json) < 0 ||
            wg_json_parse(a, json, &user, NULL) < 0 || wg_str_eq(wg_json_str(user, "unit"), id))
            continue;
        faults->count++;
        wg_buf_fmt(&faults->text, "unit %.*s: posts: deputy %.*s is an account of another unit\n",
                   WG_PRI(id), WG_PRI(deputy));
    }
}

int wg_units_fit(struct wg_views *v, struct wg_txn *txn, const struct wg_ground *before,
                 const struct wg_ground *after, struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    const struct wg_json *old = wg_table_json(before->table[0]),
                         *now = wg_table_json(after->table[0]);
    struct wg_arena *a = wg_arena_new(0);
    int rc = a ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (!faults)
        faults = &own;
    for (const struct wg_json *u = old ? old->child : NULL; rc == WG_OK && u; u = u->next)
        rc = check_end(v, txn, after, wg_json_str(u, "id"), faults, err);
    for (const struct wg_json *u = now ? now->child : NULL; rc == WG_OK && u; u = u->next)
        check_deputies(v, txn, u, a, faults);
    if (rc == WG_OK && faults->count) {
        struct wg_str s = wg_buf_str(&faults->text);
        const char *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
        rc = wg_fail(err, WG_EINVAL, "%.*s", nl ? (int)(nl - s.p) : 0, nl ? s.p : "");
    }
    wg_arena_free(a);
    wg_buf_free(&own.text);
    return rc;
}
