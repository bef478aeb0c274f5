/* Questions about base data and their answers. What a decision asked stands in its entry, so these
 * functions may change from one version to the next: nothing that was decided does. */
#include "desk/desk.h"

#include <math.h>

/* Two areas of responsibility nearer than this leave it open whose a problem is. */
#define DISPUTE_M 15.0

/* ---- place ---- */

static bool find_feature(const struct wg_layer *layer, struct wg_point p, struct wg_feature *f)
{
    size_t i;
    return layer && wg_layer_find(layer, p, &i) && wg_layer_at(layer, i, f);
}

static void name_of(const struct wg_layer *layer, struct wg_str id, struct wg_buf *out,
                    const char *key)
{
    struct wg_feature f;
    size_t i;
    if (layer && id.n && wg_layer_by_id(layer, id, &i) && wg_layer_at(layer, i, &f))
        wg_json_kstr(out, key, f.name);
}

void wg_ground_place(const struct wg_ground *g, struct wg_point p, struct wg_buf *out)
{
    struct wg_feature f;
    wg_buf_char(out, '{');
    const struct wg_layer *counties = g->counties ? g->counties : g->layer[WG_COUNTIES];
    if (find_feature(counties, p, &f)) {
        wg_json_kstr(out, "county", f.id);
        wg_json_kstr(out, "county_name", f.name);
    }
    if (find_feature(g->layer[WG_GRIDS], p, &f)) {
        wg_json_kstr(out, "grid", f.id);
    } else if (find_feature(g->layer[WG_COMMUNITIES], p, &f)) {
        wg_json_kstr(out, "community", f.id);
    }
    wg_buf_char(out, '}');
}

/* ---- responsibility: parts by owner, then class, then territory; events by professional class,
 * then territory ---- */

static struct wg_str owner_by_class(const struct wg_ground *g, struct wg_str kind,
                                    struct wg_str category)
{
    const struct wg_json *owners = wg_table_json(g->table[WG_OWNERS - WG_UNITS]);
    const struct wg_json *map = wg_json_get_s(owners, kind);
    for (size_t n = category.n; n > 0; n--) {
        const struct wg_json *u = wg_json_get_s(map, (struct wg_str){category.p, n});
        if (u)
            return u->str;
    }
    return (struct wg_str){NULL, 0};
}

/* Who answers at t for what the data has with this feature. */
static struct wg_str unit_of(const struct wg_ground *g, int collection, size_t i, int64_t t)
{
    return g->answers[collection] ? wg_ground_unit_now(g, wg_ground_unit_at(g, collection, i), t)
                                  : (struct wg_str){NULL, 0};
}

static void answer_unit(struct wg_buf *out, struct wg_str unit, const char *by, struct wg_str duty)
{
    wg_buf_char(out, '{');
    wg_json_kstr(out, "unit", unit);
    wg_json_kstr(out, "by", wg_str_of(by));
    if (duty.n)
        wg_json_kstr(out, "duty", duty);
    wg_buf_char(out, '}');
}

static bool by_part(const struct wg_ground *g, struct wg_str part, int64_t t, struct wg_buf *out)
{
    size_t i;
    if (!part.n || !g->layer[WG_PARTS] || !wg_layer_by_id(g->layer[WG_PARTS], part, &i))
        return false;
    struct wg_str unit = unit_of(g, WG_PARTS, i, t);
    if (unit.n)
        answer_unit(out, unit, "owner", (struct wg_str){NULL, 0});
    return unit.n > 0;
}

static bool by_class(const struct wg_ground *g, struct wg_str kind, struct wg_str category,
                     int64_t t, struct wg_buf *out)
{
    struct wg_str unit = wg_ground_unit_now(g, owner_by_class(g, kind, category), t);
    if (unit.n)
        answer_unit(out, unit, "class", (struct wg_str){NULL, 0});
    return unit.n > 0;
}

static bool by_territory(const struct wg_ground *g, struct wg_point p, int64_t t,
                         struct wg_buf *out)
{
    struct wg_feature f;
    struct wg_str unit = {NULL, 0};
    size_t i;
    if (g->layer[WG_DUTIES] && wg_layer_find(g->layer[WG_DUTIES], p, &i) &&
        wg_layer_at(g->layer[WG_DUTIES], i, &f))
        unit = unit_of(g, WG_DUTIES, i, t);
    if (unit.n)
        answer_unit(out, unit, "territory", f.id);
    return unit.n > 0;
}

static int ask_responsible(const struct wg_ground *g, const struct wg_json *args, int64_t t,
                           struct wg_buf *out, struct wg_err *err)
{
    const struct wg_json *kind = args->child, *category, *part, *lon;
    struct wg_str way, rest = WG_S("owner class territory");
    if (args->count != 5 && args->count != 6)
        return wg_fail(err, WG_EINVAL, "responsible: takes kind, category, part, lon, lat, order");
    category = kind->next;
    part = category->next;
    lon = part->next;
    if (args->count == 6)
        rest = lon->next->next->str;
    while (wg_words_next(&rest, &way)) {
        bool found =
            wg_str_is(way, "owner") ? by_part(g, part->str, t, out)
            : wg_str_is(way, "class")
                ? by_class(g, kind->str, category->str, t, out)
                : by_territory(g, (struct wg_point){(int32_t)lon->num, (int32_t)lon->next->num}, t,
                               out);
        if (found)
            return WG_OK;
    }
    wg_buf_lit(out, "null");
    return WG_OK;
}

/* ---- nearby responsibility ---- */

struct duty_list {
    const struct wg_layer *layer;
    struct wg_near near[8];
    size_t count;
};

static struct duty_list duties_near(const struct wg_ground *g, struct wg_point p, double reach_m)
{
    struct duty_list d = {.layer = g->layer[WG_DUTIES]};
    if (d.layer)
        d.count = wg_layer_near(d.layer, p, reach_m, d.near, 8);
    return d;
}

static void write_duty(const struct wg_ground *g, const struct duty_list *d, size_t i, int64_t t,
                       struct wg_buf *out)
{
    struct wg_feature f;
    if (!wg_layer_at(d->layer, d->near[i].i, &f))
        return;
    wg_json_sep(out);
    wg_buf_char(out, '{');
    wg_json_kstr(out, "duty", f.id);
    wg_json_kstr(out, "name", f.name);
    wg_json_kstr(out, "unit", unit_of(g, WG_DUTIES, d->near[i].i, t));
    wg_json_kint(out, "distance_m", (int64_t)llround(d->near[i].distance_m));
    wg_json_kbool(out, "inside", d->near[i].inside);
    wg_buf_char(out, '}');
}

static int ask_responsible_near(const struct wg_ground *g, const struct wg_json *args, int64_t t,
                                struct wg_buf *out, struct wg_err *err)
{
    const struct wg_json *lon, *lat, *reach;
    if (args->count != 5)
        return wg_fail(err, WG_EINVAL, "responsible_near: takes kind, category, lon, lat, reach_m");
    lon = args->child->next->next;
    lat = lon->next;
    reach = lat->next;
    struct duty_list d =
        duties_near(g, (struct wg_point){(int32_t)lon->num, (int32_t)lat->num}, (double)reach->num);
    wg_buf_char(out, '[');
    for (size_t i = 0; i < d.count; i++)
        write_duty(g, &d, i, t, out);
    wg_buf_char(out, ']');
    return WG_OK;
}

/* ---- small look-ups ---- */

static int ask_unit(const struct wg_ground *g, const struct wg_json *args, int64_t t,
                    struct wg_buf *out)
{
    const struct wg_json *u = args->count == 1 ? wg_ground_unit(g, args->child->str) : NULL;
    if (!u) {
        wg_buf_lit(out, "null");
        return WG_OK;
    }
    wg_buf_char(out, '{');
    wg_json_kstr(out, "id", wg_json_str(u, "id"));
    wg_json_kstr(out, "name", wg_json_str(u, "name"));
    wg_json_kstr(out, "kind", wg_json_str(u, "kind"));
    if (t >= wg_unit_end(u)) { /* who took over, or nobody */
        struct wg_str now = wg_ground_unit_now(g, wg_json_str(u, "id"), t);
        wg_json_kstr(out, "now", now);
    }
    wg_buf_char(out, '}');
    return WG_OK;
}

static int ask_unit_now(const struct wg_ground *g, const struct wg_json *args, int64_t t,
                        struct wg_buf *out)
{
    struct wg_str now = {NULL, 0};
    if (args->count == 1)
        now = wg_ground_unit_now(g, args->child->str, t);
    if (now.n)
        wg_buf_json(out, now);
    else
        wg_buf_lit(out, "null");
    return WG_OK;
}

static int ask_part(const struct wg_ground *g, const struct wg_json *args, struct wg_buf *out)
{
    struct wg_feature f;
    size_t i;
    if (args->count == 1 && g->layer[WG_PARTS] && g->answers[WG_PARTS] &&
        wg_layer_by_id(g->layer[WG_PARTS], args->child->str, &i) &&
        wg_layer_at(g->layer[WG_PARTS], i, &f)) {
        wg_buf_char(out, '{');
        wg_json_kstr(out, "category", wg_ground_category_at(g, i));
        wg_json_kint(out, "lon_e7", f.at.lon_e7);
        wg_json_kint(out, "lat_e7", f.at.lat_e7);
        wg_buf_char(out, '}');
    } else {
        wg_buf_lit(out, "null");
    }
    return WG_OK;
}

static int ask_place(const struct wg_ground *g, const struct wg_json *args, struct wg_buf *out,
                     struct wg_err *err)
{
    if (args->count != 2)
        return wg_fail(err, WG_EINVAL, "place: takes lon, lat");
    wg_ground_place(
        g, (struct wg_point){(int32_t)args->child->num, (int32_t)args->child->next->num}, out);
    return WG_OK;
}

/* ---- around a place ---- */

#define AROUND 16
#define PARTS_LOOKED_AT 64 /* for one of a class */

static const struct wg_layer *layer_named(const struct wg_ground *g, struct wg_str name)
{
    char text[WG_LAYER_NAME + 1];
    return wg_str_copy(text, sizeof(text), name) == WG_OK ? wg_ground_layer(g, text) : NULL;
}

static struct wg_point place_arg(const struct wg_json *args)
{
    return (struct wg_point){(int32_t)args->child->num, (int32_t)args->child->next->num};
}

static int ask_within(const struct wg_ground *g, const struct wg_json *args, struct wg_buf *out,
                      struct wg_err *err)
{
    struct wg_feature f;
    if (args->count != 3)
        return wg_fail(err, WG_EINVAL, "within: takes lon, lat, layer");
    if (!find_feature(layer_named(g, args->child->next->next->str), place_arg(args), &f)) {
        wg_buf_lit(out, "null");
        return WG_OK;
    }
    wg_buf_char(out, '{');
    wg_json_kstr(out, "id", f.id);
    wg_json_kstr(out, "name", f.name);
    wg_buf_char(out, '}');
    return WG_OK;
}

static int ask_areas_near(const struct wg_ground *g, const struct wg_json *args, struct wg_buf *out,
                          struct wg_err *err)
{
    struct wg_near near[AROUND];
    struct wg_feature f;
    if (args->count != 4)
        return wg_fail(err, WG_EINVAL, "areas_near: takes lon, lat, layer, reach_m");
    const struct wg_json *name = args->child->next->next;
    const struct wg_layer *layer = layer_named(g, name->str);
    size_t n =
        layer ? wg_layer_near(layer, place_arg(args), (double)name->next->num, near, AROUND) : 0;
    wg_buf_char(out, '[');
    for (size_t i = 0; i < n && wg_layer_at(layer, near[i].i, &f); i++) {
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "id", f.id);
        wg_json_kstr(out, "name", f.name);
        wg_json_kint(out, "distance_m", (int64_t)llround(near[i].distance_m));
        wg_json_kbool(out, "inside", near[i].inside);
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
    return WG_OK;
}

static int ask_part_at(const struct wg_ground *g, const struct wg_json *args, struct wg_buf *out,
                       struct wg_err *err)
{
    struct wg_near near[PARTS_LOOKED_AT];
    struct wg_feature f;
    const struct wg_layer *parts = g->layer[WG_PARTS];
    if (args->count != 4)
        return wg_fail(err, WG_EINVAL, "part_at: takes lon, lat, reach_m, category");
    const struct wg_json *reach = args->child->next->next, *category = reach->next;
    size_t n = parts ? wg_layer_near(parts, place_arg(args), (double)reach->num, near,
                                     category->str.n ? PARTS_LOOKED_AT : 1)
                     : 0;
    for (size_t i = 0; i < n && wg_layer_at(parts, near[i].i, &f); i++) {
        struct wg_str is = wg_ground_category_at(g, near[i].i);
        if (category->str.n && !wg_str_eq(category->str, is))
            continue;
        wg_buf_char(out, '{');
        wg_json_kstr(out, "id", f.id);
        wg_json_kstr(out, "name", f.name);
        wg_json_kstr(out, "category", is);
        wg_json_kint(out, "distance_m", (int64_t)llround(near[i].distance_m));
        wg_buf_char(out, '}');
        return WG_OK;
    }
    wg_buf_lit(out, "null");
    return WG_OK;
}

int wg_ground_ask(const struct wg_ground *g, const char *what, const struct wg_json *args,
                  int64_t t, struct wg_buf *answer, struct wg_err *err)
{
    if (strcmp(what, "place") == 0)
        return ask_place(g, args, answer, err);
    if (strcmp(what, "part") == 0)
        return ask_part(g, args, answer);
    if (strcmp(what, "unit") == 0)
        return ask_unit(g, args, t, answer);
    if (strcmp(what, "unit_now") == 0)
        return ask_unit_now(g, args, t, answer);
    if (strcmp(what, "responsible") == 0)
        return ask_responsible(g, args, t, answer, err);
    if (strcmp(what, "responsible_near") == 0)
        return ask_responsible_near(g, args, t, answer, err);
    if (strcmp(what, "within") == 0)
        return ask_within(g, args, answer, err);
    if (strcmp(what, "areas_near") == 0)
        return ask_areas_near(g, args, answer, err);
    if (strcmp(what, "part_at") == 0)
        return ask_part_at(g, args, answer, err);
    return wg_fail(err, WG_ENOENT, "nobody answers \"%s\"", what);
}

/* ---- locate: the same answers, with names, for people ---- */

static void locate_area(const struct wg_layer *layer, struct wg_str id, const char *key,
                        struct wg_buf *out)
{
    wg_json_key(out, key);
    if (!id.n) {
        wg_buf_lit(out, "null");
        return;
    }
    wg_buf_char(out, '{');
    wg_json_kstr(out, "code", id);
    name_of(layer, id, out, "name");
    wg_buf_char(out, '}');
}

static void locate_parts(const struct wg_ground *g, struct wg_point p, struct wg_buf *out)
{
    struct wg_near near[10];
    struct wg_feature f;
    size_t count = g->layer[WG_PARTS] ? wg_layer_near(g->layer[WG_PARTS], p, 50.0, near, 10) : 0;
    wg_json_key(out, "parts");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (!wg_layer_at(g->layer[WG_PARTS], near[i].i, &f))
            continue;
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "id", f.id);
        wg_json_kstr(out, "name", f.name);
        wg_json_kint(out, "distance_m", (int64_t)llround(near[i].distance_m));
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
}

static void locate_duties(const struct wg_ground *g, struct wg_point p, int64_t t,
                          struct wg_buf *out)
{
    struct duty_list d = duties_near(g, p, 50.0);
    bool dispute = false;
    wg_json_key(out, "duties");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < d.count; i++) {
        write_duty(g, &d, i, t, out);
        /* the holder's own border is as far as its neighbour's */
        dispute |= !d.near[i].inside && d.near[i].distance_m <= DISPUTE_M;
    }
    wg_buf_char(out, ']');
    wg_json_kbool(out, "boundary_dispute", dispute);
}

void wg_ground_locate(const struct wg_ground *g, struct wg_point p, int64_t t, struct wg_buf *out)
{
    struct wg_feature county, grid, community;
    const struct wg_layer *counties = g->counties ? g->counties : g->layer[WG_COUNTIES];
    bool in_county = find_feature(counties, p, &county),
         in_grid = find_feature(g->layer[WG_GRIDS], p, &grid);
    struct wg_str code = {NULL, 0};
    wg_buf_room(out, 2048); /* at once, not by doubling */
    if (in_grid)
        code = grid.id;
    else if (find_feature(g->layer[WG_COMMUNITIES], p, &community))
        code = community.id;
    wg_buf_char(out, '{');
    wg_json_key(out, "county");
    if (in_county) {
        wg_buf_char(out, '{');
        wg_json_kstr(out, "code", county.id);
        wg_json_kstr(out, "name", county.name);
        wg_buf_char(out, '}');
    } else {
        wg_buf_lit(out, "null");
    }
    locate_area(g->layer[WG_STREETS], (struct wg_str){code.p, code.n >= 9 ? 9 : 0}, "street", out);
    locate_area(g->layer[WG_COMMUNITIES], (struct wg_str){code.p, code.n >= 12 ? 12 : 0},
                "community", out);
    locate_area(g->layer[WG_GRIDS], in_grid ? grid.id : (struct wg_str){NULL, 0}, "grid", out);
    locate_parts(g, p, out);
    locate_duties(g, p, t, out);
    wg_buf_char(out, '}');
}
