/* Single features of base data: put, replaced, taken out between two editions. Each is a record of
 * its own below the edition that it changes, "parts.000003.000000001042", the last number its
 * entry's: so an edition that comes has none yet, and one that comes back has its own again. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define EDITS_MAX 50000u /* of one edition: each costs what there are of them */

/* ---- as the batch at hand leaves it ---- */

static const struct wg_ground *ground_now(const struct deciding *dc)
{
    return dc->d->next ? dc->d->next : dc->force->ground;
}

int edit_next(struct deciding *dc, int collection)
{
    struct wg_ground *g = wg_ground_merge(ground_now(dc), collection, dc->cmd->ground);
    if (!g)
        return REFUSE(dc, WG_ENOMEM, "", "no memory for base data");
    wg_ground_drop(dc->d->next);
    dc->d->next = g;
    return WG_OK;
}

/* ---- deciding ---- */

/* The number of six digits that a code of sixteen ends with; 0: it has none. */
static int serial_of(struct wg_str code)
{
    int serial = 0;
    for (size_t k = 10; code.n == 16 && k < 16; k++) {
        if (code.p[k] < '0' || code.p[k] > '9')
            return 0;
        serial = serial * 10 + (code.p[k] - '0');
    }
    return serial;
}

/* The last that was given here: what has been taken out since keeps its code. */
static int serial_given(struct deciding *dc, struct wg_str prefix)
{
    struct wg_str json;
    int64_t n = 0;
    if (wg_view_record(dc->d->views, dc->txn, "serial", prefix, &json) < 0 ||
        wg_str_int(json, &n) < 0)
        return 0;
    return (int)n;
}

/* Parts are coded as the standard says, county, class and a serial number of six digits (GB/T
 * 30428.2); what has no class gets the number of its entry. */
static struct wg_str new_id(struct deciding *dc, const struct wg_layer *layer, int collection)
{
    struct wg_feature f;
    struct wg_json *props = NULL;
    struct wg_str category, prefix, last;
    int serial = 0;
    wg_layer_at(dc->cmd->put, 0, &f);
    category = wg_json_parse(dc->a, f.props, &props, NULL) == WG_OK ? wg_json_str(props, "category")
                                                                    : (struct wg_str){NULL, 0};
    if (collection == WG_PARTS && category.n == 4) {
        prefix = wg_arena_fmt(dc->a, "%s%.*s", dc->d->area, WG_PRI(category));
        bool any = layer && wg_layer_last_id(layer, prefix, &last);
        serial = any ? serial_of(last) : 0;
        int given = serial_given(dc, prefix);
        if ((serial > 0 || !any) && serial < 999999 && given < 999999) {
            serial = (serial > given ? serial : given) + 1;
            keep_begin(dc, "serial", prefix);
            wg_buf_fmt(&dc->outs, "%d}", serial);
            return wg_arena_fmt(dc->a, "%.*s%06d", WG_PRI(prefix), serial);
        }
    }
    return wg_arena_fmt(dc->a, "%s-e%llu", dc->d->area, (unsigned long long)dc->n);
}

static int check_there(struct deciding *dc, const struct wg_layer *layer, struct wg_str id)
{
    struct wg_cmd *cmd = dc->cmd;
    size_t i;
    bool there = layer && wg_layer_by_id(layer, id, &i);
    if (!there && cmd->if_mark)
        return REFUSE(dc, WG_ESTALE, "", "the feature is gone; If-Match names one that was");
    if (!there && cmd->must_be_there)
        return REFUSE(dc, WG_ENOENT, "", "there is no feature %.*s", WG_PRI(id));
    if (there && cmd->if_mark && wg_layer_feature_mark(layer, i) != cmd->if_mark)
        return REFUSE(dc, WG_ESTALE, "",
                      "the feature has been changed meanwhile; get it again, and its ETag");
    return WG_OK;
}

static int64_t edition_n(struct deciding *dc)
{
    struct wg_json *record = NULL;
    struct wg_str json;
    if (wg_view_record(dc->d->views, dc->txn, "edition", dc->cmd->name, &json) < 0 ||
        wg_json_parse(dc->a, json, &record, NULL) < 0)
        return 0;
    return wg_json_int(record, "n", 1);
}

/* Under which the edits of an edition are kept. */
static struct wg_str prefix_of(struct wg_arena *a, int collection, int64_t n)
{
    return wg_arena_fmt(a, "%s.%06lld.", wg_collection_name(collection), (long long)n);
}

static void keep_edit(struct deciding *dc, int collection, const struct wg_layer *put)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_str prefix = prefix_of(dc->a, collection, edition_n(dc));
    keep_begin(dc, "edits",
               wg_arena_fmt(dc->a, "%.*s%012llu", WG_PRI(prefix), (unsigned long long)dc->n));
    wg_buf_char(&dc->outs, '{');
    wg_json_kstr(&dc->outs, "id", cmd->made);
    wg_json_kint(&dc->outs, "at", dc->t);
    wg_json_kstr(&dc->outs, "by", cmd->actor.user);
    wg_json_key(&dc->outs, "feature");
    if (put)
        wg_layer_feature(put, 0, &dc->outs);
    else
        wg_buf_lit(&dc->outs, "null");
    wg_buf_lit(&dc->outs, "}}");
}

/* The first of all says which kind there will be. */
static int check_kind(struct deciding *dc, int collection, const struct wg_layer *put)
{
    int shape = wg_collection_shape(collection);
    if (put && (shape < 0 || wg_layer_shape(put) == shape))
        return WG_OK;
    return REFUSE(dc, put ? WG_EINVAL : WG_ENOENT, "", put ? "%s: needs %s" : "%s: there are none",
                  wg_collection_name(collection), shape == WG_POINTS ? "points" : "polygons");
}

static int put_edit(struct deciding *dc, int collection, const struct wg_layer *layer)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_layer *put = NULL, *edited = NULL;
    int rc = WG_OK;
    cmd->made = cmd->feature.n ? cmd->feature : new_id(dc, layer, collection);
    if (cmd->put)
        rc = wg_layer_renamed(cmd->put, cmd->made, &put, &cmd->err);
    cmd->mark = rc == WG_OK && put ? wg_layer_feature_mark(put, 0) : 0;
    if (rc == WG_OK && (rc = check_there(dc, layer, cmd->made)) == WG_OK) {
        if (layer)
            rc = wg_layer_edit(layer, put, &cmd->made, put ? 0 : 1, &edited, &cmd->err);
        else if ((rc = check_kind(dc, collection, put)) == WG_OK)
            edited = wg_layer_keep(put);
    }
    if (rc == WG_OK) {
        wg_ground_drop(cmd->ground);
        cmd->ground = wg_ground_with(ground_now(dc), collection, edited, NULL);
        edited = NULL;
        rc = cmd->ground ? edit_next(dc, collection)
                         : REFUSE(dc, WG_ENOMEM, "", "no memory for base data");
    }
    if (rc == WG_OK)
        keep_edit(dc, collection, put);
    wg_layer_drop(put);
    wg_layer_drop(edited);
    return rc;
}

int decide_edit(struct deciding *dc)
{
    int collection = wg_collection_parse(dc->cmd->name);
    const struct wg_layer *layer = collection >= 0 && wg_collection_is_layer(collection)
                                       ? ground_now(dc)->layer[collection]
                                       : NULL;
    if (collection < 0 || !wg_collection_is_layer(collection))
        return REFUSE(dc, WG_ENOENT, "", "there is no collection %.*s", WG_PRI(dc->cmd->name));
    if (layer && wg_layer_edits(layer) >= EDITS_MAX)
        return REFUSE(dc, WG_ESTATE, "",
                      "%u features have been edited since the last edition; import one with them",
                      EDITS_MAX);
    return put_edit(dc, collection, layer);
}

/* ---- reading them back ---- */

struct edit {
    struct wg_str id, feature; /* feature {NULL, 0}: taken out */
    size_t at;                 /* in their order */
};
struct edits {
    struct wg_arena *a;
    struct edit *list;
    size_t n, cap;
    struct wg_str prefix;
    int64_t until_ms;
};

static bool is_of(const struct edits *e, struct wg_str name)
{
    return name.n > e->prefix.n && memcmp(name.p, e->prefix.p, e->prefix.n) == 0;
}

static int add_edit(void *arg, struct wg_str name, struct wg_str json)
{
    struct edits *e = arg;
    struct wg_json *j;
    struct wg_buf b = WG_BUF_INIT;
    if (!is_of(e, name) || wg_json_parse(e->a, json, &j, NULL) < 0 ||
        wg_json_int(j, "at", 0) > e->until_ms)
        return WG_OK;
    if (e->n == e->cap) {
        size_t cap = e->cap ? 2 * e->cap : 64;
        struct edit *list = realloc(e->list, cap * sizeof(*list));
        if (!list)
            return WG_ENOMEM;
        e->list = list;
        e->cap = cap;
    }
    const struct wg_json *feature = wg_json_get(j, "feature");
    e->list[e->n] = (struct edit){.id = wg_json_str(j, "id"), .at = e->n};
    if (feature && feature->type == WG_JOBJ) {
        wg_json_write(feature, &b);
        e->list[e->n].feature = wg_arena_str(e->a, wg_buf_str(&b));
        wg_buf_free(&b);
    }
    e->n++;
    return WG_OK;
}

static int by_id(const void *x, const void *y)
{
    const struct edit *a = x, *b = y;
    int order = wg_str_cmp(a->id, b->id);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

/* Of each feature the last that was done to it. */
static int apply(struct edits *e, struct wg_layer **layer, struct wg_err *err)
{
    struct wg_str *drop = malloc((e->n + 1) * sizeof(*drop));
    struct wg_buf text = WG_BUF_INIT;
    struct wg_layer *put = NULL, *edited = NULL;
    size_t drops = 0;
    int rc = drop ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    qsort(e->list, e->n, sizeof(*e->list), by_id);
    for (size_t k = 0; drop && k < e->n; k++) {
        if (k + 1 < e->n && wg_str_eq(e->list[k].id, e->list[k + 1].id))
            continue;
        if (!e->list[k].feature.p) {
            drop[drops++] = e->list[k].id;
            continue;
        }
        wg_buf_str_add(&text, e->list[k].feature);
        wg_buf_char(&text, '\n');
    }
    if (rc == WG_OK && !*layer) /* there was no edition yet */
        rc = wg_layer_points_finish(wg_layer_points_new(), layer, err);
    if (rc == WG_OK && text.n)
        rc = wg_layer_from_geojsons(wg_buf_str(&text), NULL, &put, NULL, err);
    if (rc == WG_OK)
        rc = wg_layer_edit(*layer, put, drop, drops, &edited, err);
    if (rc == WG_OK) {
        wg_layer_drop(*layer);
        *layer = edited;
    }
    wg_layer_drop(put);
    wg_buf_free(&text);
    free(drop);
    return rc;
}

static int64_t number_of(const struct wg_json *record)
{
    return record ? wg_json_int(record, "n", 1) : 0;
}

static int count_edit(void *arg, struct wg_str name, struct wg_str json)
{
    struct edits *e = arg;
    (void)json;
    e->n += is_of(e, name);
    return WG_OK;
}

size_t wg_edition_edited(struct wg_views *v, struct wg_txn *txn, int collection,
                         const struct wg_json *record)
{
    struct edits e = {.a = wg_arena_new(0)};
    if (e.a) {
        e.prefix = prefix_of(e.a, collection, number_of(record));
        wg_view_records(v, txn, "edits", count_edit, &e);
    }
    wg_arena_free(e.a);
    return e.n;
}

static int apply_edition(struct wg_views *v, struct wg_txn *txn, int collection, int64_t n,
                         int64_t until_ms, struct wg_layer **layer, size_t *edits,
                         struct wg_err *err)
{
    struct edits e = {.a = wg_arena_new(0), .until_ms = until_ms};
    int rc = e.a ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK) {
        e.prefix = prefix_of(e.a, collection, n);
        rc = wg_view_records(v, txn, "edits", add_edit, &e);
    }
    if (rc == WG_OK && e.n)
        rc = apply(&e, layer, err);
    *edits += e.n;
    free(e.list);
    wg_arena_free(e.a);
    return rc;
}

int wg_edition_edits(struct wg_views *v, struct wg_txn *txn, int collection,
                     const struct wg_json *record, int64_t until_ms, struct wg_layer **layer,
                     size_t *edits, struct wg_err *err)
{
    int64_t n = number_of(record), again = wg_json_int(record, "again", 0);
    char name[64];
    struct wg_str json;
    struct wg_json *before = NULL;
    struct wg_arena *a = wg_arena_new(0);
    int rc = a ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (!wg_collection_is_layer(collection))
        goto out;
    /* One that came back has what was edited of it then, too. */
    snprintf(name, sizeof(name), "%s.%06lld", wg_collection_name(collection), (long long)again);
    if (rc == WG_OK && again > 0 && again < n &&
        wg_view_record(v, txn, "editions", wg_str_of(name), &json) == WG_OK &&
        (rc = wg_json_parse(a, json, &before, err)) == WG_OK)
        rc = wg_edition_edits(v, txn, collection, before, until_ms, layer, edits, err);
    if (rc == WG_OK)
        rc = apply_edition(v, txn, collection, n, until_ms, layer, edits, err);
out:
    wg_arena_free(a);
    return rc;
}
