/* What is in force in a county whose server may be running: its base data and rules, read from
 * journal and blobs without a lock. A desk can't be opened there, for that folds and sweeps. */
#include "wangge.h"

#include <unistd.h>

#define TRIES 20
#define PAUSE_US 50000
#define BUNDLE_MAX (8u << 20)

/* A frame that is being written looks broken for a moment, and with the next one behind it like
 * damage. What is damaged stays so. */
int journal_beside(const char *dir, struct wg_journal **out, struct wg_err *err)
{
    const struct wg_journal_opts opts = {.read_only = true};
    int rc = wg_journal_open(dir, &opts, out, err);
    for (int i = 0; rc == WG_ECORRUPT && i < TRIES; i++) {
        usleep(PAUSE_US);
        rc = wg_journal_open(dir, &opts, out, err);
    }
    return rc;
}

/* ---- the records in force: the last that the journal keeps ---- */

struct reading {
    struct wg_arena *scratch, *keep;
    struct wg_str edition[WG_COLLECTIONS], rules; /* JSON texts */
    struct wg_err *err;
};

static void take(struct reading *r, const struct wg_json *out)
{
    struct wg_str kind = wg_json_str(out, "kind"), id = wg_json_str(out, "id");
    const struct wg_json *value = wg_json_get(out, "value");
    int collection = wg_str_is(kind, "edition") ? wg_collection_parse(id) : -1;
    bool rules = wg_str_is(kind, "rules") && wg_str_is(id, "now");
    struct wg_buf text = WG_BUF_INIT;
    if (!value || (collection < 0 && !rules))
        return;
    wg_json_write(value, &text);
    struct wg_str copy = wg_arena_str(r->keep, wg_buf_str(&text));
    wg_buf_free(&text);
    if (rules)
        r->rules = copy;
    else
        r->edition[collection] = copy;
}

static int read_entry(void *arg, uint64_t n, struct wg_str bytes)
{
    struct reading *r = arg;
    struct wg_entry e;
    (void)n;
    /* nearly every entry is of a case, and need not be parsed */
    if (!memmem(bytes.p, bytes.n, "\"kind\":\"edition\"", 16) &&
        !memmem(bytes.p, bytes.n, "\"kind\":\"rules\"", 14))
        return WG_OK;
    wg_arena_reset(r->scratch);
    int rc = wg_entry_parse(r->scratch, bytes, &e, r->err);
    for (const struct wg_json *out = rc == WG_OK && e.out ? e.out->child : NULL; out;
         out = out->next)
        if (wg_str_is(wg_json_str(out, "k"), "keep"))
            take(r, out);
    return rc;
}

static int read_journal(struct reading *r, const char *dir)
{
    char path[1100];
    struct wg_journal *j = NULL;
    snprintf(path, sizeof(path), "%s/journal", dir);
    int rc = journal_beside(path, &j, r->err);
    if (rc < 0)
        return rc;
    rc = j->ops->scan(j, 1, read_entry, r, r->err);
    j->ops->close(j);
    return rc;
}

/* ---- what they name ---- */

static int load_ground(const struct reading *r, const char *dir, const char *area,
                       struct wg_ground **out)
{
    int rc = WG_OK;
    *out = wg_ground_new(area);
    for (int c = 0; *out && rc == WG_OK && c < WG_COLLECTIONS; c++) {
        struct wg_layer *layer = NULL;
        struct wg_table *table = NULL;
        struct wg_json *record;
        if (!r->edition[c].n || c == WG_PEOPLE)
            continue;
        if ((rc = wg_json_parse(r->scratch, r->edition[c], &record, r->err)) < 0 ||
            (rc = wg_edition_load(dir, c, record, &layer, &table, r->err)) < 0)
            break;
        struct wg_ground *g = wg_ground_with(*out, c, layer, table);
        wg_ground_drop(*out);
        *out = g;
    }
    return *out ? rc : wg_fail(r->err, WG_ENOMEM, "out of memory");
}

static int load_bundle(const struct reading *r, const char *dir, struct wg_bundle **out)
{
    char path[1200];
    struct wg_json *record;
    struct wg_buf text = WG_BUF_INIT;
    int fd, rc;
    *out = NULL;
    if (!r->rules.n)
        return WG_OK;
    snprintf(path, sizeof(path), "%s/blobs", dir);
    if ((rc = wg_json_parse(r->scratch, r->rules, &record, r->err)) < 0 ||
        (rc = wg_blob_open(path, wg_json_str(record, "blob"), &fd, r->err)) < 0)
        return rc;
    for (ssize_t n = 1; n > 0 && text.n < BUNDLE_MAX;) {
        char *p = wg_buf_room(&text, 65536);
        n = p ? read(fd, p, 65536) : -1;
        text.n += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    rc = wg_bundle_parse(wg_buf_str(&text), out, r->err);
    wg_buf_free(&text);
    return rc;
}

int beside_open(const struct offline *o, size_t i, struct beside *b, struct wg_err *err)
{
    struct wg_desk_opts opts;
    char dir[1024];
    struct reading r = {.scratch = wg_arena_new(0), .keep = wg_arena_new(0), .err = err};
    *b = (struct beside){NULL, NULL};
    offline_desk(o, i, &opts, dir);
    int rc = r.scratch && r.keep ? read_journal(&r, dir) : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK)
        rc = load_ground(&r, dir, opts.area, &b->ground);
    if (rc == WG_OK)
        rc = load_bundle(&r, dir, &b->bundle);
    wg_arena_free(r.scratch);
    wg_arena_free(r.keep);
    return rc;
}

void beside_close(struct beside *b)
{
    wg_ground_drop(b->ground);
    wg_bundle_drop(b->bundle);
}
