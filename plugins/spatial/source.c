/* A collection over the counties that it spans: each one's layer as who asks may see it, and the
 * fields that they have together. */
#include "spatial.h"

#include <stdio.h>

void source_close(struct source *s)
{
    for (size_t k = 0; k < s->members; k++) {
        kept_drop((struct kept *)s->member[k].table);
        wg_layer_drop((struct wg_layer *)s->member[k].layer);
        wg_ground_drop(s->member[k].ground);
    }
    s->members = 0;
}

struct wg_box box_joined(struct wg_box a, struct wg_box b)
{
    return (struct wg_box){a.west < b.west ? a.west : b.west, a.south < b.south ? a.south : b.south,
                           a.east > b.east ? a.east : b.east,
                           a.north > b.north ? a.north : b.north};
}

/* Takes over ground and layer. */
static void add_member(struct ask *ask, const char *area, struct rights rights,
                       struct wg_ground *ground, const struct wg_layer *layer)
{
    struct source *s = &ask->source;
    struct member *m = &s->member[s->members];
    *m = (struct member){.rights = rights, .ground = ground, .layer = layer};
    wg_str_copy(m->area, sizeof(m->area), wg_str_of(area));
    if (rights.narrow)
        snprintf(m->key, sizeof(m->key), "%s %08x", area, (unsigned)text_hash(ask->streets));
    else
        wg_str_copy(m->key, sizeof(m->key), wg_str_of(area));
    s->members++;
    if (wg_layer_count(layer) || s->shape < 0)
        s->shape = wg_layer_shape(layer);
    if (wg_layer_count(layer)) /* one without a feature lies nowhere */
        s->box = s->count ? box_joined(s->box, wg_layer_box(layer)) : wg_layer_box(layer);
    s->count += wg_layer_count(layer);
    s->mark = s->mark * 0x9e3779b97f4a7c15u + wg_layer_mark(layer) + rights_mark(&rights);
}

const struct wg_layer *layer_of(struct wg_county *county, const struct wg_ground *g,
                                const struct collection *c)
{
    return strcmp(c->id, CASES) == 0 ? wg_county_cases(county)
                                     : wg_layer_keep((struct wg_layer *)wg_ground_layer(g, c->id));
}

/* Is it to be seen? One that has not been loaded is. */
static bool add_county(struct ask *ask, struct wg_county *county)
{
    const struct collection *c = ask->source.collection;
    struct rights rights = rights_of(ask, county, c);
    if (!rights.sees)
        return false;
    struct wg_ground *g = wg_county_ground(county);
    const struct wg_layer *layer =
        rights.narrow ? streets_layer(ask->narrow, county, c) : layer_of(county, g, c);
    if (layer && ask->source.member) {
        add_member(ask, wg_county_area(county), rights, g, layer);
        return true;
    }
    wg_layer_drop((struct wg_layer *)layer);
    wg_ground_drop(g);
    return true;
}

size_t collection_span(const struct ask *ask, const struct collection *c, struct wg_county **out)
{
    if (strcmp(c->id, "counties") != 0)
        return wg_county_span(ask->self->county, out, SPAN_MAX);
    out[0] = ask->self->county;
    return 1;
}

void source_of(struct ask *ask, const struct collection *c, const struct member *list, size_t n)
{
    struct source *s = &ask->source;
    struct wg_county *span[SPAN_MAX];
    size_t counties = collection_span(ask, c, span);
    source_close(s);
    *s = (struct source){.collection = c, .shape = -1};
    s->member = wg_arena_alloc(ask->a, n * sizeof(*s->member));
    for (size_t k = 0; s->member && k < n; k++)
        for (size_t i = 0; i < counties; i++) {
            struct rights rights;
            if (strcmp(wg_county_area(span[i]), list[k].area) != 0 ||
                !(rights = rights_of(ask, span[i], c)).sees)
                continue;
            add_member(ask, list[k].area, rights, wg_ground_keep(list[k].ground),
                       wg_layer_keep((struct wg_layer *)list[k].layer));
        }
    s->systems = systems_found(s->box);
}

/* Where its features would lie, had it any. */
static struct wg_box home_of(const struct source *s)
{
    static const char *const outlines[] = {"streets", "grids", "counties"};
    struct wg_box box = {0};
    bool any = false;
    for (size_t k = 0; k < 3 && !any; k++)
        for (size_t m = 0; m < s->members; m++) {
            const struct wg_layer *l = wg_ground_layer(s->member[m].ground, outlines[k]);
            if (!l || !wg_layer_count(l))
                continue;
            box = any ? box_joined(box, wg_layer_box(l)) : wg_layer_box(l);
            any = true;
        }
    return box;
}

int source_try(struct ask *ask, const struct collection *c)
{
    struct source *s = &ask->source;
    struct wg_county *span[SPAN_MAX];
    size_t n = collection_span(ask, c, span);
    bool seen = false;
    source_close(s);
    *s = (struct source){.collection = c, .shape = -1};
    s->member = wg_arena_alloc(ask->a, (n + 1) * sizeof(*s->member));
    for (size_t i = 0; i < n; i++)
        seen |= add_county(ask, span[i]);
    if (!s->count)
        s->box = home_of(s);
    s->systems = systems_found(s->box);
    return seen ? s->members > 0 : -1;
}

bool source_take(struct ask *ask, const struct collection *c)
{
    return source_try(ask, c) > 0;
}

/* ---- on the pool ---- */

static size_t add_field(struct source *s, const struct field *f)
{
    size_t k = 0;
    while (k < s->fields && !wg_str_eq(s->field[k].key, f->key))
        k++;
    if (k == FIELDS_MAX)
        return k;
    if (k == s->fields)
        s->field[s->fields++] = *f;
    else if (s->field[k].type != f->type && f->type != FIELD_NONE)
        s->field[k].type = s->field[k].type == FIELD_NONE ? f->type : FIELD_MIXED;
    return k;
}

bool source_open(struct ask *ask)
{
    struct source *s = &ask->source;
    bool good = true;
    for (size_t k = 0; k < s->members; k++) {
        struct member *m = &s->member[k];
        if (!m->table)
            m->table = (struct table *)kept_make(&table_kind, m->key, s->collection, m->layer);
        good &= m->table != NULL;
    }
    good = good && (s->field || source_fields(ask->a, s));
    ask->status = good ? ask->status : 503;
    return good;
}

bool source_fields(struct wg_arena *a, struct source *s)
{
    size_t n = (s->members + 1) * FIELDS_MAX;
    s->field = wg_arena_alloc(a, FIELDS_MAX * sizeof(*s->field));
    s->own = wg_arena_alloc(a, n * sizeof(*s->own));
    if (!s->field || !s->own)
        return false;
    memset(s->own, 0xff, n * sizeof(*s->own));
    for (size_t k = 0; k < s->members; k++) {
        const struct table *t = s->member[k].table;
        for (size_t f = 0; f < t->fields; f++) {
            if (!rights_show(&s->member[k].rights, t->field[f].key)) {
                s->trimmed = true;
                continue;
            }
            size_t at = add_field(s, &t->field[f]);
            if (at < FIELDS_MAX)
                s->own[k * FIELDS_MAX + at] = (int16_t)f;
        }
    }
    return true;
}

int source_field(const struct source *s, struct wg_str name)
{
    for (size_t k = 0; k < s->fields; k++)
        if (wg_str_eq(s->field[k].key, name))
            return (int)k;
    return -1;
}
