/* Parts for which nobody answers, and rows that nothing ever reaches. */
#include "workshop/complete.h"

#include <stdio.h>
#include <stdlib.h>

#define MAP_PARTS_MAX 10000 /* points on the map; the findings count all */

/* ---- parts ---- */

/* Parts of one class and one owner that are in the same case. Owners that are in no table of units
 * are told of elsewhere, and there may be as many as parts: they share a place with none. */
struct flock {
    size_t count, example;
    size_t first, last; /* spans in which any of them is without */
    size_t ended;       /* of them the owner has ended, and somebody else answers */
};
struct herd {
    struct complete *c;
    struct flock *flock; /* [unit or none][class or none] */
    size_t classes, mapped;
};

static void to_map(struct herd *h, size_t i, size_t first, size_t last)
{
    struct complete *c = h->c;
    struct wg_buf at = WG_BUF_INIT;
    struct wg_feature f;
    if (h->mapped++ >= MAP_PARTS_MAX || !map_begin(c, "hole", first, last))
        return;
    wg_layer_at(c->g->layer[WG_PARTS], i, &f);
    wg_json_kstr(c->map, "part", f.id);
    wg_json_kint(c->map, "classes", 1);
    wg_json_kstr(c->map, "example", wg_ground_category_at(c->g, i));
    wg_layer_geometry(c->g->layer[WG_PARTS], i, &at);
    map_end(c, wg_buf_str(&at));
    c->map->failed |= !wg_buf_ok(&at);
    wg_buf_free(&at);
}

/* The unit of the area of duty at the part's place; looked up when it is first needed. */
static uint32_t duty_at(const struct complete *c, size_t i)
{
    struct wg_feature f;
    size_t duty;
    const struct wg_layer *duties = c->g->answers[WG_DUTIES] ? c->g->layer[WG_DUTIES] : NULL;
    wg_layer_at(c->g->layer[WG_PARTS], i, &f);
    return duties && wg_layer_find(duties, f.at, &duty) ? c->duty_unit[duty] : NO_UNIT;
}

static bool answered(const struct complete *c, const struct class_way *w, size_t i, size_t span,
                     uint32_t *duty, bool *looked)
{
    for (uint32_t k = 0; k < w->ways; k++) {
        uint32_t unit = w->by[k] == WG_BY_OWNER ? c->part_unit[i] : w->owner;
        if (w->by[k] == WG_BY_TERRITORY) {
            if (!*looked)
                *duty = duty_at(c, i);
            *looked = true;
            unit = *duty;
        }
        if (lives(c, unit, span))
            return true;
    }
    return false;
}

static void look_at_part(struct herd *h, size_t i, const struct class_way *w, size_t class_)
{
    struct complete *c = h->c;
    uint32_t owner = c->part_unit[i], duty = NO_UNIT;
    struct flock *x =
        &h->flock[(owner < c->listed ? owner : c->listed) * (h->classes + 1) + class_];
    bool looked = false, ended = false;
    size_t first = SIZE_MAX, last = 0;
    for (size_t s = 0; s < c->spans; s++) {
        if (answered(c, w, i, s, &duty, &looked)) {
            ended |= owner < c->listed && w->by[0] == WG_BY_OWNER && !lives(c, owner, s);
            continue;
        }
        first = first == SIZE_MAX ? s : first;
        last = s;
    }
    x->ended += ended;
    if (first == SIZE_MAX)
        return;
    if (x->count++ == 0) {
        x->example = i;
        x->first = first;
    }
    x->first = first < x->first ? first : x->first;
    x->last = last > x->last ? last : x->last;
    to_map(h, i, first, last);
}

static void say_flocks(struct herd *h)
{
    struct complete *c = h->c;
    for (size_t u = 0; u <= c->listed; u++) {
        size_t ended = 0;
        for (size_t k = 0; k <= h->classes; k++) {
            const struct flock *x = &h->flock[u * (h->classes + 1) + k];
            struct wg_feature f;
            ended += x->ended;
            if (!x->count)
                continue;
            wg_layer_at(c->g->layer[WG_PARTS], x->example, &f);
            c->sum->holes++;
            complete_say(c, WG_FAULT, "part_hole", wg_arena_fmt(c->arena, "部件%.*s", WG_PRI(f.id)),
                         "写明权属单位，或让这一小类有单位、有责任区",
                         "%zu 个%.*s类部件无人负责（权属单位%.*s%s），%.*s", x->count,
                         WG_PRI(wg_ground_category_at(c->g, x->example)),
                         WG_PRI(u < c->listed ? c->unit[u].id : WG_S("未写")),
                         u < c->listed ? "已撤销而无承接" : "",
                         WG_PRI(complete_days(c, x->first, x->last)));
        }
        if (ended)
            complete_say(c, WG_DOUBT, "part_owner_ended", c->unit[u].id, "写明承接单位",
                         "权属单位撤销后无人承接，%zu 个部件改由小类或责任区的单位负责", ended);
    }
}

int complete_parts(struct complete *c)
{
    const struct wg_layer *parts = c->g->layer[WG_PARTS];
    size_t n = parts && c->g->answers[WG_PARTS] ? wg_layer_count(parts) : 0;
    struct herd h = {.c = c, .classes = c->pack->class_count};
    h.flock = calloc((c->listed + 1) * (h.classes + 1), sizeof(*h.flock));
    if (!h.flock)
        return wg_fail(c->err, WG_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct wg_str code = wg_ground_category_at(c->g, i);
        const struct wg_class *class_ = wg_pack_class(c->pack, WG_PART, code);
        struct class_way unknown;
        size_t k = class_ ? (size_t)(class_ - c->pack->classes) : h.classes;
        if (!class_)
            time_way(c, WG_PART, code, &unknown);
        look_at_part(&h, i, class_ ? &c->way[k] : &unknown, k);
        if (c->progress && i % 4096 == 0)
            c->progress(c->arg, wg_layer_count(c->g->layer[WG_GRIDS]) + i,
                        wg_layer_count(c->g->layer[WG_GRIDS]) + n);
    }
    say_flocks(&h);
    free(h.flock);
    return WG_OK;
}

/* ---- rows of the table of owners ---- */

static bool asks_class(const struct class_way *w)
{
    for (uint32_t i = 0; i < w->ways; i++)
        if (w->by[i] == WG_BY_CLASS)
            return true;
    return false;
}

static void dead_owner(struct complete *c, int kind, const struct wg_json *row)
{
    bool begins = false, longest = false, used = false;
    for (size_t i = 0; i < c->pack->class_count && !used; i++) {
        const struct wg_class *k = &c->pack->classes[i];
        if ((int)k->kind != kind || k->code.n < row->key.n ||
            memcmp(k->code.p, row->key.p, row->key.n) != 0)
            continue;
        begins = true;
        if (time_owner_row(c, kind, k->code) != row)
            continue;
        longest = true;
        used = asks_class(&c->way[i]);
    }
    if (used)
        return;
    c->sum->dead++;
    complete_say(c, WG_DOUBT, "dead_owner",
                 wg_arena_fmt(c->arena, "owners.%s.%.*s", wg_kind_name(kind), WG_PRI(row->key)),
                 "删去，或更正编码",
                 !begins    ? "没有小类以此开头，此行不起作用"
                 : !longest ? "更细的行已包含它的全部小类，此行不起作用"
                            : "这些小类按规则不问责任清单，此行不起作用");
}

/* ---- the pack's rules, areas of duty, units ---- */

static void dead_rules(struct complete *c)
{
    for (size_t i = 0; i < c->pack->owners; i++) {
        const struct wg_owner_rule *rule = &c->pack->owner[i];
        bool used = false;
        for (size_t k = 0; k < c->pack->class_count && !used; k++)
            used = wg_pack_owner(c->pack, (int)c->pack->classes[k].kind,
                                 c->pack->classes[k].code) == rule;
        if (used)
            continue;
        c->sum->dead++;
        complete_say(c, WG_DOUBT, "dead_rule",
                     wg_arena_fmt(c->arena, "规则 owners 第%zu行（%s %.*s）", i + 1,
                                  wg_kind_name((int)rule->kind), WG_PRI(rule->code)),
                     "删去，或移到更宽的行之前", "没有小类用到这一行");
    }
}

static void dead_duties(struct complete *c)
{
    const struct wg_layer *duties = c->g->layer[WG_DUTIES];
    struct wg_feature f;
    bool meets = false;
    size_t n = duties && c->g->answers[WG_DUTIES] ? wg_layer_count(duties) : 0;
    for (size_t s = 0; s < c->spans; s++)
        meets |= c->tally[s].count[MEETS] > 0;
    if (n && !meets) {
        c->sum->dead++;
        complete_say(c, WG_DOUBT, "duties_unused", WG_S("责任区"), NULL,
                     "没有小类落到责任区：%zu 个责任区都不起作用", n);
    }
    for (size_t i = 0; i < n && wg_layer_at(duties, i, &f); i++) {
        struct wg_buf shape = WG_BUF_INIT;
        if (c->touched[i])
            continue;
        c->sum->dead++;
        complete_say(c, WG_DOUBT, "dead_duty", f.id, "更正图形或坐标", "不落在任何单元网格上");
        wg_layer_geometry(duties, i, &shape);
        if (map_begin(c, "dead", 0, c->spans - 1)) {
            wg_json_kstr(c->map, "duty", f.id);
            map_end(c, wg_buf_str(&shape));
        }
        wg_buf_free(&shape);
    }
}

/* Does anything come to this unit, by its own name or as the one that took over? */
static bool is_used(const struct complete *c, uint32_t unit)
{
    for (size_t i = 0; i < c->units; i++) {
        if (!c->unit[i].named)
            continue;
        for (size_t s = 0; s < c->spans; s++)
            if (wg_str_eq(c->unit[i].now[s], c->unit[unit].id))
                return true;
    }
    return c->unit[unit].named;
}

static void idle_units(struct complete *c)
{
    struct wg_buf names = WG_BUF_INIT;
    size_t n = 0;
    for (uint32_t i = 0; i < c->listed; i++) {
        if (is_used(c, i))
            continue;
        if (n++ < NAMES_MAX)
            wg_buf_fmt(&names, "%s%.*s", n > 1 ? "、" : "", WG_PRI(c->unit[i].id));
    }
    if (n)
        complete_say(c, WG_REMARK, "idle_unit", WG_S("单位"), NULL,
                     "%zu 个单位不负责任何小类、责任区或部件：%.*s%s", n,
                     (int)(names.n < 400 ? names.n : 400), names.p, n > NAMES_MAX ? "等" : "");
    wg_buf_free(&names);
}

int complete_dead(struct complete *c)
{
    const struct wg_json *owners = wg_table_json(c->g->table[WG_OWNERS - WG_UNITS]);
    for (int k = 0; k < WG_KINDS; k++) {
        const struct wg_json *map = wg_json_get(owners, wg_kind_name(k));
        for (const struct wg_json *row = map ? map->child : NULL; row; row = row->next)
            dead_owner(c, k, row);
    }
    dead_rules(c);
    dead_duties(c);
    idle_units(c);
    return WG_OK;
}
