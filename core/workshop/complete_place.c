/* Holes and overlaps on the ground. They do not depend on the class, only on whether any class
 * comes to ask the areas of duty, so each grid is laid under them once; then each piece is told for
 * the spans in which it matters. */
#include "workshop/complete.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COMMUNITY 12 /* digits of a community in a grid's code */

/* Pieces that are one matter to a person: a community's bare places, an area whose unit has ended,
 * two areas that lie on each other. */
struct matter {
    struct wg_piece piece; /* the first; geometry gone */
    struct wg_str community;
    size_t first, last; /* spans */
    size_t grids;
    double m2;
};
struct places {
    struct complete *c;
    struct matter *matter;
    size_t count, cap;
    bool failed;
};

static enum reach reach_of(const struct wg_piece *p)
{
    return p->kind == WG_TWICE ? MEETS : EXPOSED;
}

/* Does this piece matter in that span? */
static bool holds(const struct complete *c, const struct wg_piece *p, size_t s)
{
    uint32_t a, b;
    if (!c->tally[s].count[reach_of(p)])
        return false;
    if (p->kind == WG_BARE)
        return true;
    a = c->duty_unit[p->over];
    if (p->kind == WG_FIRST)
        return !lives(c, a, s);
    b = c->duty_unit[p->other];
    return lives(c, a, s) && lives(c, b, s) && !wg_str_eq(c->unit[a].now[s], c->unit[b].now[s]);
}

static bool goes_on(const struct complete *c, const struct wg_piece *p, size_t s)
{
    enum reach r = reach_of(p);
    return s + 1 < c->spans && holds(c, p, s + 1) &&
           c->tally[s].count[r] == c->tally[s + 1].count[r] &&
           c->tally[s].example[r] == c->tally[s + 1].example[r];
}

static struct wg_str id_of(const struct complete *c, int collection, size_t i)
{
    struct wg_feature f;
    wg_layer_at(c->g->layer[collection], i, &f);
    return f.id;
}

static void to_map(struct complete *c, const struct wg_piece *p, size_t first, size_t last)
{
    const struct tally *t = &c->tally[first];
    const struct wg_class *e = t->example[reach_of(p)];
    if (!map_begin(c, p->kind == WG_TWICE ? "overlap" : "hole", first, last))
        return;
    wg_json_kstr(c->map, "grid", id_of(c, WG_GRIDS, p->cell));
    if (p->kind != WG_BARE)
        wg_json_kstr(c->map, "duty", id_of(c, WG_DUTIES, p->over));
    if (p->kind == WG_TWICE)
        wg_json_kstr(c->map, "other", id_of(c, WG_DUTIES, p->other));
    wg_json_kint(c->map, "m2", llround(p->m2));
    wg_json_kint(c->map, "classes", (int64_t)t->count[reach_of(p)]);
    wg_json_kstr(c->map, "example", e->code);
    wg_json_kstr(c->map, "example_name", e->name);
    map_end(c, p->geometry);
}

static bool same_matter(const struct matter *m, const struct wg_piece *p, struct wg_str community,
                        size_t first, size_t last)
{
    if (m->piece.kind != p->kind || m->first != first || m->last != last)
        return false;
    if (p->kind == WG_BARE)
        return wg_str_eq(m->community, community);
    return m->piece.over == p->over && (p->kind == WG_FIRST || m->piece.other == p->other);
}

static void gather(struct places *x, const struct wg_piece *p, size_t first, size_t last)
{
    struct wg_str community = id_of(x->c, WG_GRIDS, p->cell);
    size_t i = x->count;
    community.n = community.n > COMMUNITY ? COMMUNITY : community.n;
    while (i > 0 && !same_matter(&x->matter[i - 1], p, community, first, last))
        i--;
    if (i == 0) {
        if (x->count == x->cap) {
            size_t cap = x->cap ? 2 * x->cap : 64;
            struct matter *more = realloc(x->matter, cap * sizeof(*more));
            x->failed |= !more;
            if (!more)
                return;
            x->matter = more;
            x->cap = cap;
        }
        x->matter[x->count] = (struct matter){*p, community, first, last, 0, 0};
        x->matter[x->count].piece.geometry = (struct wg_str){NULL, 0};
        i = ++x->count;
    }
    x->matter[i - 1].grids++;
    x->matter[i - 1].m2 += p->m2;
}

static void on_piece(void *arg, const struct wg_piece *p)
{
    struct places *x = arg;
    struct complete *c = x->c;
    for (size_t s = 0; s < c->spans; s++) {
        size_t first = s;
        if (!holds(c, p, s))
            continue;
        while (goes_on(c, p, s))
            s++;
        to_map(c, p, first, s);
        gather(x, p, first, s);
    }
}

static void on_progress(void *arg, size_t cells)
{
    struct complete *c = ((struct places *)arg)->c;
    size_t parts = c->g->layer[WG_PARTS] ? wg_layer_count(c->g->layer[WG_PARTS]) : 0;
    if (c->progress)
        c->progress(c->arg, cells, parts + wg_layer_count(c->g->layer[WG_GRIDS]));
}

/* ---- told ---- */

static void say_matter(struct complete *c, const struct matter *m)
{
    const struct wg_piece *p = &m->piece;
    const struct tally *t = &c->tally[m->first];
    const struct wg_class *e = t->example[reach_of(p)];
    struct wg_str grid = id_of(c, WG_GRIDS, p->cell), duty, other,
                  where = wg_arena_fmt(c->arena, "网格%.*s（%.7f,%.7f）", WG_PRI(grid),
                                       p->lon_e7 / 1e7, p->lat_e7 / 1e7),
                  days = complete_days(c, m->first, m->last);
    char classes[200];
    snprintf(classes, sizeof(classes), "%zu 个小类（如%.*s%.*s），%.*s", t->count[reach_of(p)],
             WG_PRI(e->code), (int)(e->name.n < 80 ? e->name.n : 80), e->name.p, WG_PRI(days));
    if (p->kind == WG_BARE) {
        c->sum->holes++;
        complete_say(c, WG_FAULT, "hole", where, "补画责任区，或在责任清单中写明这些小类的单位",
                     "社区%.*s有 %zu 个网格共 %.0f 平方米没有责任区：%s", WG_PRI(m->community),
                     m->grids, m->m2, classes);
        return;
    }
    duty = id_of(c, WG_DUTIES, p->over);
    if (p->kind == WG_FIRST) {
        c->sum->holes++;
        complete_say(c, WG_FAULT, "duty_hole", where, "为责任区换上现在的单位，或写明承接单位",
                     "责任区%.*s没有单位负责（%zu 个网格共 %.0f 平方米）：%s", WG_PRI(duty),
                     m->grids, m->m2, classes);
        return;
    }
    other = id_of(c, WG_DUTIES, p->other);
    c->sum->overlaps++;
    complete_say(c, WG_FAULT, "overlap", where, "划清两个责任区的边界",
                 "责任区%.*s与%.*s属不同单位，在 %zu 个网格重叠共 %.0f 平方米：%s", WG_PRI(duty),
                 WG_PRI(other), m->grids, m->m2, classes);
}

int complete_places(struct complete *c)
{
    const struct wg_layer *duties = c->g->layer[WG_DUTIES];
    size_t n = duties && c->g->answers[WG_DUTIES] && wg_layer_shape(duties) == WG_AREAS
                   ? wg_layer_count(duties)
                   : 0;
    struct places x = {.c = c};
    bool *first = wg_arena_alloc(c->arena, n + 1);
    c->touched = wg_arena_alloc(c->arena, n + 1);
    if (!first || !c->touched)
        return wg_fail(c->err, WG_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < c->spans; s++)
            first[i] |= !lives(c, c->duty_unit[i], s);
    struct wg_overlay o = {.cells = c->g->layer[WG_GRIDS],
                           .over = n ? duties : NULL,
                           .first = first,
                           .group = c->duty_unit,
                           .touched = c->touched,
                           .piece = on_piece,
                           .progress = on_progress,
                           .arg = &x};
    int rc = wg_layer_overlay(&o, c->err);
    for (size_t i = 0; rc == WG_OK && i < x.count; i++)
        say_matter(c, &x.matter[i]);
    free(x.matter);
    return rc == WG_OK && x.failed ? wg_fail(c->err, WG_ENOMEM, "out of memory") : rc;
}
