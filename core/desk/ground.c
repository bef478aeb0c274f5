/* Base data in force: a counted snapshot of layers and tables. A change makes a new snapshot that
 * shares the rest. */
#include "desk/desk.h"

#include <stdlib.h>

static const char *const names[WG_COLLECTIONS] = {
    "counties", "streets", "communities", "grids", "duties", "parts", "places", "units", "owners",
};

const char *wg_collection_name(int c)
{
    return c >= 0 && c < WG_COLLECTIONS ? names[c] : "none";
}

int wg_collection_parse(struct wg_str name)
{
    for (int i = 0; i < WG_COLLECTIONS; i++)
        if (wg_str_is(name, names[i]))
            return i;
    return -1;
}

/* ---- tables ---- */

struct wg_table {
    int refs;
    struct wg_arena *arena;
    struct wg_json *json;
};

static int check_units(const struct wg_json *j, struct wg_err *err)
{
    size_t i = 0;
    if (j->type != WG_JARR)
        return wg_fail(err, WG_EINVAL, "units: must be a list of {id, name, kind}");
    for (const struct wg_json *u = j->child; u; u = u->next, i++) {
        struct wg_str id = wg_json_str(u, "id");
        if (!id.n || id.n > 48 || memchr(id.p, ' ', id.n))
            return wg_fail(err, WG_EINVAL,
                           "units[%zu].id: must be a text of 1 to 48 bytes without spaces", i);
        if (!wg_json_str(u, "name").n)
            return wg_fail(err, WG_EINVAL, "units[%zu].name: is missing", i);
        for (const struct wg_json *o = j->child; o != u; o = o->next)
            if (wg_str_eq(wg_json_str(o, "id"), id))
                return wg_fail(err, WG_EINVAL, "units[%zu].id: %.*s is there already", i,
                               WG_PRI(id));
    }
    return WG_OK;
}

static int check_owners(const struct wg_json *j, struct wg_err *err)
{
    static const char *const kinds[] = {"part", "event"};
    for (size_t k = 0; k < 2; k++) {
        const struct wg_json *map = wg_json_get(j, kinds[k]);
        if (!map || map->type != WG_JOBJ)
            return wg_fail(err, WG_EINVAL, "owners.%s: must be a table of code prefix = unit",
                           kinds[k]);
        for (const struct wg_json *e = map->child; e; e = e->next)
            if (e->type != WG_JSTR || !e->str.n)
                return wg_fail(err, WG_EINVAL, "owners.%s.%.*s: must be a unit's id", kinds[k],
                               WG_PRI(e->key));
    }
    return WG_OK;
}

int wg_table_new(int collection, struct wg_str json, struct wg_table **out, size_t *count,
                 struct wg_err *err)
{
    struct wg_table *t = calloc(1, sizeof(*t));
    int rc = WG_ENOMEM;
    *out = NULL;
    if (!t)
        goto out;
    t->refs = 1;
    if (!(t->arena = wg_arena_new(0)))
        goto out;
    if ((rc = wg_json_parse(t->arena, json, &t->json, err)) < 0)
        goto out;
    rc = collection == WG_UNITS ? check_units(t->json, err) : check_owners(t->json, err);
    if (rc < 0)
        goto out;
    *count = t->json->count;
    *out = t;
    t = NULL;
out:
    wg_table_drop(t);
    return rc;
}

static struct wg_table *table_keep(struct wg_table *t)
{
    if (t)
        __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void wg_table_drop(struct wg_table *t)
{
    if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_arena_free(t->arena);
    free(t);
}

const struct wg_json *wg_table_json(const struct wg_table *t)
{
    return t ? t->json : NULL;
}

/* ---- properties, read once ---- */

static struct wg_answers *answers_keep(struct wg_answers *x)
{
    if (x)
        __atomic_add_fetch(&x->refs, 1, __ATOMIC_RELAXED);
    return x;
}

static void answers_drop(struct wg_answers *x)
{
    if (!x || __atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_arena_free(x->arena);
    free(x);
}

static struct wg_str prop(struct wg_arena *keep, const struct wg_json *props, const char *key)
{
    struct wg_str s = wg_json_str(props, key);
    return s.n ? wg_arena_str(keep, s) : (struct wg_str){NULL, 0};
}

static struct wg_answers *answers_new(int collection, const struct wg_layer *layer)
{
    struct wg_answers *x = NULL;
    struct wg_arena *scratch;
    size_t count = wg_layer_count(layer);
    if (collection != WG_DUTIES && collection != WG_PARTS)
        return NULL;
    x = calloc(1, sizeof(*x));
    scratch = wg_arena_new(0);
    if (!x || !scratch || !(x->arena = wg_arena_new(65536)))
        goto out;
    x->refs = 1;
    x->unit = wg_arena_alloc(x->arena, (count + 1) * sizeof(*x->unit));
    x->category = wg_arena_alloc(x->arena, (count + 1) * sizeof(*x->category));
    for (size_t i = 0; x->unit && x->category && i < count; i++) {
        struct wg_feature f;
        struct wg_json *props;
        wg_arena_reset(scratch);
        if (!wg_layer_at(layer, i, &f) || wg_json_parse(scratch, f.props, &props, NULL) < 0)
            continue;
        x->unit[i] = prop(x->arena, props, collection == WG_PARTS ? "owner_unit" : "unit");
        x->category[i] = prop(x->arena, props, "category");
    }
out:
    wg_arena_free(scratch);
    if (x && (!x->arena || !x->unit || !x->category)) {
        wg_arena_free(x->arena);
        free(x);
        x = NULL;
    }
    return x;
}

/* ---- the snapshot ---- */

struct wg_ground *wg_ground_new(const char *area)
{
    struct wg_ground *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    g->refs = 1;
    wg_str_copy(g->area, sizeof(g->area), wg_str_of(area));
    return g;
}

struct wg_ground *wg_ground_keep(struct wg_ground *g)
{
    if (g)
        __atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
    return g;
}

void wg_ground_drop(struct wg_ground *g)
{
    if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int i = 0; i < WG_UNITS; i++) {
        wg_layer_drop(g->layer[i]);
        answers_drop(g->answers[i]);
    }
    wg_layer_drop(g->counties);
    for (int i = 0; i < WG_COLLECTIONS - WG_UNITS; i++)
        wg_table_drop(g->table[i]);
    free(g);
}

static struct wg_ground *copy(const struct wg_ground *g)
{
    struct wg_ground *n = wg_ground_new(g->area);
    if (!n)
        return NULL;
    for (int i = 0; i < WG_UNITS; i++) {
        n->layer[i] = wg_layer_keep(g->layer[i]);
        n->answers[i] = answers_keep(g->answers[i]);
    }
    n->counties = wg_layer_keep(g->counties);
    for (int i = 0; i < WG_COLLECTIONS - WG_UNITS; i++)
        n->table[i] = table_keep(g->table[i]);
    return n;
}

struct wg_ground *wg_ground_with(const struct wg_ground *g, int collection, struct wg_layer *layer,
                                 struct wg_table *table)
{
    struct wg_ground *n = copy(g);
    if (!n) {
        wg_layer_drop(layer);
        wg_table_drop(table);
        return NULL;
    }
    if (wg_collection_is_layer(collection)) {
        wg_layer_drop(n->layer[collection]);
        n->layer[collection] = layer;
        answers_drop(n->answers[collection]);
        n->answers[collection] = answers_new(collection, layer);
    } else {
        wg_table_drop(n->table[collection - WG_UNITS]);
        n->table[collection - WG_UNITS] = table;
    }
    return n;
}

struct wg_ground *wg_ground_merge(const struct wg_ground *g, int collection,
                                  const struct wg_ground *from)
{
    if (wg_collection_is_layer(collection))
        return wg_ground_with(g, collection, wg_layer_keep(from->layer[collection]), NULL);
    return wg_ground_with(g, collection, NULL, table_keep(from->table[collection - WG_UNITS]));
}

struct wg_ground *wg_ground_with_counties(const struct wg_ground *g, struct wg_layer *counties)
{
    struct wg_ground *n = copy(g);
    if (!n)
        return NULL;
    wg_layer_drop(n->counties);
    n->counties = wg_layer_keep(counties);
    return n;
}

const struct wg_json *wg_ground_unit(const struct wg_ground *g, struct wg_str id)
{
    const struct wg_json *units = wg_table_json(g->table[0]);
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next)
        if (wg_str_eq(wg_json_str(u, "id"), id))
            return u;
    return NULL;
}
