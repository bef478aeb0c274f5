/* Base data in force: a counted snapshot of layers and tables. A change makes a new snapshot that
 * shares the rest. */
#include "inside.h"

#include <pthread.h>
#include <stdlib.h>

static const char *const names[WG_COLLECTIONS] = {
    "counties", "streets", "communities", "grids",  "duties",
    "parts",    "places",  "units",       "owners", "people",
};

/* Names are added and never change, so that who has a number needs no lock. */
static struct {
    pthread_mutex_t lock;
    size_t count; /* atomic */
    char name[WG_OWN_LAYERS][WG_LAYER_NAME + 1];
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

size_t wg_collection_count(void)
{
    return WG_COLLECTIONS + __atomic_load_n(&own.count, __ATOMIC_ACQUIRE);
}

const char *wg_collection_name(int c)
{
    if (c < 0 || (size_t)c >= wg_collection_count())
        return "none";
    return c < WG_COLLECTIONS ? names[c] : own.name[c - WG_COLLECTIONS];
}

int wg_collection_parse(struct wg_str name)
{
    for (int i = 0; i < (int)wg_collection_count(); i++)
        if (wg_str_is(name, wg_collection_name(i)))
            return i;
    return -1;
}

int wg_collection_own(struct wg_str name)
{
    pthread_mutex_lock(&own.lock);
    int c = wg_collection_parse(name);
    if (c < 0 && wg_layer_name_ok(name) && own.count < WG_OWN_LAYERS) {
        wg_str_copy(own.name[own.count], sizeof(own.name[0]), name);
        __atomic_store_n(&own.count, own.count + 1, __ATOMIC_RELEASE);
        c = (int)wg_collection_count() - 1;
    }
    pthread_mutex_unlock(&own.lock);
    return c;
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
    answers_drop(x->part[0]);
    answers_drop(x->part[1]);
    wg_arena_free(x->arena);
    free(x);
}

static struct wg_str prop(struct wg_arena *keep, const struct wg_json *props, const char *key)
{
    struct wg_str s = wg_json_str(props, key);
    return s.n ? wg_arena_str(keep, s) : (struct wg_str){NULL, 0};
}

static struct wg_answers *answers_of_plain(int collection, const struct wg_layer *layer)
{
    struct wg_answers *x = NULL;
    struct wg_arena *scratch;
    size_t count = wg_layer_count(layer);
    x = calloc(1, sizeof(*x));
    scratch = wg_arena_new(0);
    if (!x || !scratch || !(x->arena = wg_arena_new(65536)))
        goto out;
    x->refs = 1;
    x->of = layer;
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

/* Of a layer that has been edited: what was read of its larger part stays as it is. */
static struct wg_answers *answers_new(int collection, const struct wg_layer *layer,
                                      struct wg_answers *old)
{
    const struct wg_layer *made_of[2];
    if (collection != WG_DUTIES && collection != WG_PARTS)
        return NULL;
    if (wg_layer_made_of(layer, made_of) == 1)
        return answers_of_plain(collection, layer);
    struct wg_answers *x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    x->refs = 1;
    old = old && old->part[0] ? old->part[0] : old;
    x->part[0] =
        old && old->of == made_of[0] ? answers_keep(old) : answers_of_plain(collection, made_of[0]);
    x->part[1] = answers_of_plain(collection, made_of[1]);
    if (x->part[0] && x->part[1])
        return x;
    answers_drop(x);
    return NULL;
}

static const struct wg_answers *answers_at(const struct wg_ground *g, int collection, size_t *i)
{
    const struct wg_answers *x = g->answers[collection];
    return x && x->part[0] ? x->part[wg_layer_where(g->layer[collection], i)] : x;
}

struct wg_str wg_ground_unit_at(const struct wg_ground *g, int collection, size_t i)
{
    const struct wg_answers *x = answers_at(g, collection, &i);
    return x ? x->unit[i] : (struct wg_str){NULL, 0};
}

struct wg_str wg_ground_category_at(const struct wg_ground *g, size_t i)
{
    const struct wg_answers *x = answers_at(g, WG_PARTS, &i);
    return x ? x->category[i] : (struct wg_str){NULL, 0};
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

const struct wg_layer *wg_ground_layer(const struct wg_ground *g, const char *collection)
{
    int c = wg_collection_parse(wg_str_of(collection));
    if (c == WG_COUNTIES && !g->layer[c])
        return g->counties; /* the city's, which every county knows */
    return c >= 0 && wg_collection_is_layer(c) ? g->layer[c] : NULL;
}

void wg_ground_drop(struct wg_ground *g)
{
    if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int i = 0; i < WG_ALL; i++)
        wg_layer_drop(g->layer[i]);
    for (int i = 0; i < WG_UNITS; i++)
        answers_drop(g->answers[i]);
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
    for (int i = 0; i < WG_ALL; i++)
        n->layer[i] = wg_layer_keep(g->layer[i]);
    for (int i = 0; i < WG_UNITS; i++)
        n->answers[i] = answers_keep(g->answers[i]);
    n->counties = wg_layer_keep(g->counties);
    for (int i = 0; i < WG_COLLECTIONS - WG_UNITS; i++)
        n->table[i] = wg_table_keep(g->table[i]);
    return n;
}

/* A copy whose collection is these; takes all of them over. */
static struct wg_ground *replace(const struct wg_ground *g, int collection, struct wg_layer *layer,
                                 struct wg_answers *answers, struct wg_table *table)
{
    struct wg_ground *n = copy(g);
    if (!n) {
        wg_layer_drop(layer);
        answers_drop(answers);
        wg_table_drop(table);
        return NULL;
    }
    if (wg_collection_is_layer(collection)) {
        wg_layer_drop(n->layer[collection]);
        n->layer[collection] = layer;
        if (collection < WG_UNITS) {
            answers_drop(n->answers[collection]);
            n->answers[collection] = answers;
        }
    } else {
        wg_table_drop(n->table[collection - WG_UNITS]);
        n->table[collection - WG_UNITS] = table;
    }
    return n;
}

struct wg_ground *wg_ground_with(const struct wg_ground *g, int collection, struct wg_layer *layer,
                                 struct wg_table *table)
{
    struct wg_answers *x = layer && collection < WG_UNITS
                               ? answers_new(collection, layer, g->answers[collection])
                               : NULL;
    return replace(g, collection, layer, x, table);
}

struct wg_ground *wg_ground_merge(const struct wg_ground *g, int collection,
                                  const struct wg_ground *from)
{
    if (wg_collection_is_layer(collection)) /* read once, by whoever made `from`: not by the desk */
        return replace(g, collection, wg_layer_keep(from->layer[collection]),
                       collection < WG_UNITS ? answers_keep(from->answers[collection]) : NULL,
                       NULL);
    return replace(g, collection, NULL, NULL, wg_table_keep(from->table[collection - WG_UNITS]));
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

/* ---- units: a tree, with dates ---- */

const struct wg_json *wg_ground_unit(const struct wg_ground *g, struct wg_str id)
{
    const struct wg_json *units = wg_table_json(g->table[0]);
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next)
        if (wg_str_eq(wg_json_str(u, "id"), id))
            return u;
    return NULL;
}

int64_t wg_unit_end(const struct wg_json *unit)
{
    struct wg_date d;
    return wg_date_parse(wg_json_str(unit, "to"), &d) == WG_OK
               ? wg_day_of(d) * WG_DAY_MS - WG_ZONE_MS
               : INT64_MAX;
}

struct wg_str wg_ground_unit_now(const struct wg_ground *g, struct wg_str unit, int64_t t)
{
    const struct wg_json *u;
    /* Each successor ends later than the one before it, so this comes to an end. */
    while (unit.n && (u = wg_ground_unit(g, unit)) && t >= wg_unit_end(u))
        unit = wg_json_str(u, "successor");
    return unit.n ? unit : (struct wg_str){NULL, 0};
}

void wg_ground_unit_words(const struct wg_ground *g, struct wg_str unit, int64_t t,
                          struct wg_buf *out)
{
    const struct wg_json *units = wg_table_json(g->table[0]);
    size_t words = 1;
    wg_buf_str_add(out, unit);
    for (const struct wg_json *u = units && unit.n ? units->child : NULL;
         u && words < WG_UNIT_WORDS; u = u->next) {
        struct wg_str id = wg_json_str(u, "id");
        if (t < wg_unit_end(u) || wg_str_eq(id, unit) ||
            !wg_str_eq(wg_ground_unit_now(g, id, t), unit))
            continue;
        wg_buf_char(out, ' ');
        wg_buf_str_add(out, id);
        words++;
    }
}
