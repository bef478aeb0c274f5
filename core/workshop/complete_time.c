/* Who stands for whom, and when: time is cut where a unit begins or ends, for between two cuts
 * every question has one answer. */
#include "workshop/complete.h"

#include <stdlib.h>

/* ---- spans ---- */

static int by_size(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static int64_t begin_of(const struct wg_json *unit)
{
    struct wg_date d;
    return wg_date_parse(wg_json_str(unit, "from"), &d) == WG_OK
               ? wg_day_of(d) * WG_DAY_MS - WG_ZONE_MS
               : INT64_MIN;
}

int time_cut(struct complete *c, int64_t from_ms, int64_t to_ms)
{
    const struct wg_json *units = wg_table_json(c->g->table[0]);
    size_t n = 0, kept = 1, most = 2 * (units ? units->count : 0) + 2;
    c->start = wg_arena_alloc(c->arena, most * sizeof(*c->start));
    if (!c->start)
        return WG_ENOMEM;
    c->start[n++] = from_ms;
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next) {
        int64_t at[2] = {begin_of(u), wg_unit_end(u)};
        for (int i = 0; i < 2; i++)
            if (at[i] > from_ms && at[i] < to_ms)
                c->start[n++] = at[i];
    }
    qsort(c->start, n, sizeof(*c->start), by_size);
    for (size_t i = 1; i < n; i++)
        if (c->start[i] != c->start[kept - 1])
            c->start[kept++] = c->start[i];
    c->start[kept] = to_ms;
    c->spans = kept;
    return WG_OK;
}

/* ---- units ---- */

static size_t slot_of(const struct complete *c, struct wg_str id)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ (unsigned char)id.p[i]) * UINT64_C(1099511628211);
    size_t at = (size_t)(h ^ h >> 32) & (c->slots - 1);
    while (c->by_id[at] != NO_UNIT && !wg_str_eq(c->unit[c->by_id[at]].id, id))
        at = (at + 1) & (c->slots - 1);
    return at;
}

static void fill_unit(struct complete *c, struct unit *u)
{
    const struct wg_json *units = wg_table_json(c->g->table[0]);
    u->known = !units || wg_ground_unit(c->g, u->id);
    u->too_soon = INT64_MAX;
    for (size_t s = 0; s < c->spans; s++) {
        u->now[s] = wg_ground_unit_now(c->g, u->id, c->start[s]);
        const struct wg_json *who = u->now[s].n ? wg_ground_unit(c->g, u->now[s]) : NULL;
        if (who && begin_of(who) > c->start[s] && u->too_soon == INT64_MAX)
            u->too_soon = c->start[s];
    }
}

uint32_t time_unit(struct complete *c, struct wg_str id)
{
    if (!id.n)
        return NO_UNIT;
    size_t at = slot_of(c, id);
    if (c->by_id[at] != NO_UNIT)
        return c->by_id[at];
    if (c->units == c->units_cap) /* the caller has counted: there is room for each name */
        return NO_UNIT;
    struct unit *u = &c->unit[c->units];
    *u = (struct unit){.id = id, .now = wg_arena_alloc(c->arena, c->spans * sizeof(*u->now))};
    if (!u->now)
        return NO_UNIT;
    fill_unit(c, u);
    c->by_id[at] = (uint32_t)c->units;
    return (uint32_t)c->units++;
}

/* How many names there can be: the units, and whatever names one that is not there. */
static size_t names_at_most(const struct complete *c)
{
    const struct wg_json *units = wg_table_json(c->g->table[0]),
                         *owners = wg_table_json(c->g->table[WG_OWNERS - WG_UNITS]);
    size_t n = units ? units->count : 0;
    for (int k = 0; k < WG_KINDS; k++) {
        const struct wg_json *map = wg_json_get(owners, wg_kind_name(k));
        n += map ? map->count : 0;
    }
    for (int k = WG_DUTIES; k <= WG_PARTS; k++)
        if (c->g->layer[k] && c->g->answers[k])
            n += wg_layer_count(c->g->layer[k]);
    return n;
}

static uint32_t *units_of(struct complete *c, int collection)
{
    const struct wg_layer *layer = c->g->layer[collection];
    size_t n = layer && c->g->answers[collection] ? wg_layer_count(layer) : 0;
    uint32_t *unit = wg_arena_alloc(c->arena, (n + 1) * sizeof(*unit));
    for (size_t i = 0; unit && i < n; i++)
        if ((unit[i] = time_unit(c, wg_ground_unit_at(c->g, collection, i))) != NO_UNIT)
            c->unit[unit[i]].named = true;
    return unit;
}

int time_units(struct complete *c)
{
    const struct wg_json *units = wg_table_json(c->g->table[0]),
                         *owners = wg_table_json(c->g->table[WG_OWNERS - WG_UNITS]);
    c->units_cap = names_at_most(c);
    c->slots = 16;
    while (c->slots < 2 * c->units_cap)
        c->slots *= 2;
    c->unit = wg_arena_alloc(c->arena, (c->units_cap + 1) * sizeof(*c->unit));
    c->by_id = wg_arena_alloc(c->arena, c->slots * sizeof(*c->by_id));
    if (!c->unit || !c->by_id)
        return WG_ENOMEM;
    memset(c->by_id, 0xff, c->slots * sizeof(*c->by_id));
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next)
        time_unit(c, wg_json_str(u, "id"));
    c->listed = c->units;
    for (int k = 0; k < WG_KINDS; k++) {
        const struct wg_json *map = wg_json_get(owners, wg_kind_name(k));
        for (const struct wg_json *m = map ? map->child : NULL; m; m = m->next) {
            uint32_t unit = time_unit(c, m->str);
            if (unit != NO_UNIT)
                c->unit[unit].named = true;
        }
    }
    c->duty_unit = units_of(c, WG_DUTIES);
    c->part_unit = units_of(c, WG_PARTS);
    return c->duty_unit && c->part_unit ? WG_OK : WG_ENOMEM;
}

/* ---- classes ---- */

const struct wg_json *time_owner_row(const struct complete *c, int kind, struct wg_str code)
{
    const struct wg_json *map =
        wg_json_get(wg_table_json(c->g->table[WG_OWNERS - WG_UNITS]), wg_kind_name(kind));
    for (size_t n = code.n; n > 0; n--) {
        const struct wg_json *row = wg_json_get_s(map, (struct wg_str){code.p, n});
        if (row)
            return row;
    }
    return NULL;
}

void time_way(const struct complete *c, int kind, struct wg_str code, struct class_way *out)
{
    const struct wg_owner_rule *rule = wg_pack_owner(c->pack, kind, code);
    const struct wg_json *row = time_owner_row(c, kind, code);
    *out = (struct class_way){{WG_BY_OWNER, WG_BY_CLASS, WG_BY_TERRITORY}, WG_OWNER_WAYS, NO_UNIT};
    if (rule) {
        memcpy(out->by, rule->by, sizeof(out->by));
        out->ways = rule->ways;
    }
    if (row && row->str.n)
        out->owner = c->by_id[slot_of(c, row->str)];
}

/* Where does the search for a class end, at a place where no part is? */
static void count_class(struct complete *c, const struct wg_class *class_,
                        const struct class_way *w, size_t span)
{
    struct tally *t = &c->tally[span];
    bool reach[REACHES] = {false}, found = false;
    for (uint32_t i = 0; i < w->ways && !found; i++) {
        reach[MEETS] |= w->by[i] == WG_BY_TERRITORY;
        found = w->by[i] == WG_BY_CLASS && lives(c, w->owner, span);
    }
    reach[EXPOSED] = reach[MEETS] && !found;
    reach[NOWHERE] = !reach[MEETS] && !found;
    for (int k = 0; k < REACHES; k++)
        if (reach[k] && t->count[k]++ == 0)
            t->example[k] = class_;
}

int time_classes(struct complete *c)
{
    size_t n = c->pack->class_count;
    c->way = wg_arena_alloc(c->arena, (n + 1) * sizeof(*c->way));
    c->tally = wg_arena_alloc(c->arena, c->spans * sizeof(*c->tally));
    if (!c->way || !c->tally)
        return WG_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct wg_class *class_ = &c->pack->classes[i];
        time_way(c, (int)class_->kind, class_->code, &c->way[i]);
        for (size_t s = 0; s < c->spans; s++)
            count_class(c, class_, &c->way[i], s);
    }
    return WG_OK;
}
