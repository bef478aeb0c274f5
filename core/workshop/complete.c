/* 责任全覆盖: is there somebody for everything, everywhere, on every day, and not two? Not each
 * combination is asked one by one: classes that end in the same way are one question, and so is the
 * time between two changes of units. */
#include "workshop/complete.h"

#include <stdarg.h>
#include <stdio.h>

void complete_say(struct complete *c, enum wg_severity severity, const char *check,
                  struct wg_str where, const char *right, const char *text, ...)
{
    char line[640];
    va_list ap;
    va_start(ap, text);
    vsnprintf(line, sizeof(line), text, ap);
    va_end(ap);
    wg_find(
        c->found,
        &(struct wg_finding){
            .severity = severity, .check = check, .where = where, .text = line, .right = right});
}

/* ---- days and the map ---- */

static struct wg_date day_of(int64_t ms)
{
    return wg_date_of(wg_local_day(ms, NULL));
}

struct wg_str complete_days(struct complete *c, size_t first, size_t last)
{
    struct wg_date a = day_of(c->start[first]), b = day_of(c->start[last + 1] - 1);
    return wg_arena_fmt(c->arena, "%04d-%02d-%02d 至 %04d-%02d-%02d", a.year, a.month, a.day,
                        b.year, b.month, b.day);
}

bool map_begin(struct complete *c, const char *problem, size_t first, size_t last)
{
    if (!c->map)
        return false;
    wg_json_sep(c->map);
    wg_buf_lit(c->map, "{\"type\":\"Feature\",\"properties\":{");
    wg_json_kstr(c->map, "problem", wg_str_of(problem));
    wg_json_ktime(c->map, "from", c->start[first]);
    wg_json_ktime(c->map, "to", c->start[last + 1]);
    return true;
}

void map_end(struct complete *c, struct wg_str geometry)
{
    wg_buf_lit(c->map, "},\"geometry\":");
    wg_buf_str_add(c->map, geometry);
    wg_buf_char(c->map, '}');
}

/* ---- classes for which nobody is asked anywhere ---- */

static bool same_tally(const struct tally *a, const struct tally *b, enum reach reach)
{
    return a->count[reach] == b->count[reach] && a->example[reach] == b->example[reach];
}

static void say_nowhere(struct complete *c)
{
    for (size_t s = 0; s < c->spans; s++) {
        const struct tally *t = &c->tally[s];
        size_t last = s;
        if (!t->count[NOWHERE])
            continue;
        while (last + 1 < c->spans && same_tally(t, &c->tally[last + 1], NOWHERE))
            last++;
        const struct wg_class *e = t->example[NOWHERE];
        struct wg_str where =
            wg_arena_fmt(c->arena, "%s.%.*s", wg_kind_name((int)e->kind), WG_PRI(e->code));
        c->sum->holes++;
        complete_say(c, WG_FAULT, "class_hole", where, "在责任清单中写明单位，或让它落到责任区",
                     "%zu 个小类（如%.*s%.*s）全县无人负责，%.*s", t->count[NOWHERE],
                     WG_PRI(e->code), WG_PRI(e->name), WG_PRI(complete_days(c, s, last)));
        s = last;
    }
}

/* ---- units that something names ---- */

static void say_units(struct complete *c)
{
    struct wg_buf names = WG_BUF_INIT;
    size_t unknown = 0;
    for (size_t i = 0; i < c->units; i++) {
        const struct unit *u = &c->unit[i];
        if (u->named && !u->known && unknown++ < NAMES_MAX)
            wg_buf_fmt(&names, "%s%.*s", unknown > 1 ? "、" : "", WG_PRI(u->id));
        if (u->named && u->known && u->too_soon != INT64_MAX) {
            struct wg_date d = day_of(u->too_soon);
            complete_say(c, WG_DOUBT, "unit_not_begun", u->id, "更正成立日期，或写明此前由谁负责",
                         "%04d-%02d-%02d 即须负责，但那时尚未成立", d.year, d.month, d.day);
        }
    }
    if (unknown)
        complete_say(c, WG_FAULT, "unknown_unit", WG_S("单位"), "在单位表中登记，或更正编号",
                     "责任清单、责任区或部件写明由 %zu 个单位负责，却没有这些单位：%.*s%s", unknown,
                     (int)(names.n < 400 ? names.n : 400), names.p,
                     unknown > NAMES_MAX ? "等" : "");
    wg_buf_free(&names);
}

/* ---- all of it ---- */

static int run(struct complete *c, int64_t from_ms, int64_t to_ms)
{
    int rc;
    if ((rc = time_cut(c, from_ms, to_ms)) < 0 || (rc = time_units(c)) < 0 ||
        (rc = time_classes(c)) < 0)
        return wg_fail(c->err, rc, "out of memory");
    say_nowhere(c);
    say_units(c);
    if ((rc = complete_places(c)) < 0 || (rc = complete_parts(c)) < 0)
        return rc;
    return complete_dead(c);
}

int wg_complete(const struct wg_ground *g, const struct wg_pack *pack, int64_t from_ms,
                int64_t to_ms, void (*progress)(void *arg, size_t done, size_t of), void *arg,
                struct wg_findings *f, struct wg_buf *geojson, struct wg_complete_sum *sum,
                struct wg_err *err)
{
    const struct wg_layer *grids = g->layer[WG_GRIDS];
    struct complete c = {.g = g,
                         .pack = pack,
                         .found = f,
                         .map = geojson,
                         .sum = sum,
                         .err = err,
                         .progress = progress,
                         .arg = arg};
    *sum = (struct wg_complete_sum){0};
    if (!grids || wg_layer_shape(grids) != WG_AREAS || to_ms <= from_ms)
        return wg_fail(err, WG_EINVAL,
                       grids ? "to must be later than from" : "没有单元网格，无从核对");
    if (!(c.arena = wg_arena_new(65536)))
        return wg_fail(err, WG_ENOMEM, "out of memory");
    if (geojson)
        wg_buf_lit(geojson, "{\"type\":\"FeatureCollection\",\"features\":[");
    int rc = run(&c, from_ms, to_ms);
    if (geojson)
        wg_buf_lit(geojson, "]}");
    sum->classes = pack->class_count;
    sum->grids = wg_layer_count(grids);
    sum->parts = g->layer[WG_PARTS] ? wg_layer_count(g->layer[WG_PARTS]) : 0;
    sum->spans = c.spans;
    sum->checked = (uint64_t)c.spans * (sum->classes * sum->grids + sum->parts);
    if (rc == WG_OK && (!wg_buf_ok(&f->items) || (geojson && !wg_buf_ok(geojson))))
        rc = wg_fail(err, WG_ENOMEM, "out of memory");
    wg_arena_free(c.arena);
    return rc;
}
