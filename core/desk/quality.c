/* What is wrong with base data as a whole: what an import can't see in one file alone. */
#include "inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ITEMS_MAX 100
#define GRID_CODE 12 /* digits of a community in a grid's code */
#define PART_CODE 16 /* county 6, class 4, serial 6 (GB/T 30428.2) */

enum check {
    GRID_GAP,
    GRID_OVERLAP,
    GRID_OUTSIDE,
    COMMUNITY_GAP,
    COMMUNITY_OVERLAP,
    COMMUNITY_OUTSIDE,
    GRID_PREFIX,
    DUPLICATE_ID,
    DUPLICATE_PART,
    PART_OUTSIDE,
    PART_GRID,
    PART_CODE_WRONG,
    UNKNOWN_CATEGORY,
    UNKNOWN_UNIT,
    DUTY_WITHOUT_UNIT,
    CHECKS
};
static const struct {
    const char *name, *text;
} checks[CHECKS] = {
    {"grid_gap", "社区内没有单元网格覆盖的地方"},  {"grid_overlap", "单元网格相互重叠"},
    {"grid_outside", "单元网格超出所属社区"},      {"community_gap", "县域内没有社区覆盖的地方"},
    {"community_overlap", "社区相互重叠"},         {"community_outside", "社区超出县域"},
    {"grid_prefix", "网格编码前12位不是已知社区"}, {"duplicate_id", "部件与地点使用同一编码"},
    {"duplicate_part", "同一位置有同类部件"},      {"part_outside", "部件不在任何单元网格内"},
    {"part_grid", "部件所记网格与位置不符"},       {"part_code", "部件编码与县区或类别不符"},
    {"unknown_category", "类别不在现行分类中"},    {"unknown_unit", "责任单位不存在"},
    {"duty_without_unit", "责任区没有责任单位"},
};

struct report {
    const struct wg_ground *g;
    const struct wg_pack *pack;
    size_t count[CHECKS];
    struct wg_buf items[CHECKS];
    bool done[CHECKS];
    enum check first; /* of the three that a cover tells: gap; then overlap, outside */
};

/* An item; NULL where there are enough of them. */
static struct wg_buf *item(struct report *r, enum check check, struct wg_str id, struct wg_point at)
{
    struct wg_buf *b = &r->items[check];
    if (r->count[check]++ >= ITEMS_MAX)
        return NULL;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", id);
    wg_json_key(b, "lon");
    wg_buf_fixed(b, at.lon_e7, 7);
    wg_json_key(b, "lat");
    wg_buf_fixed(b, at.lat_e7, 7);
    return b;
}

static void item_text(struct report *r, enum check check, struct wg_str id, struct wg_point at,
                      const char *key, struct wg_str value)
{
    struct wg_buf *b = item(r, check, id, at);
    if (!b)
        return;
    if (key)
        wg_json_kstr(b, key, value);
    wg_buf_char(b, '}');
}

static void on_cover(void *arg, const struct wg_cover_fault *f)
{
    struct report *r = arg;
    enum check check = r->first + (f->kind == WG_GAP ? 0 : f->kind == WG_OVERLAP ? 1 : 2);
    struct wg_buf *b = item(r, check, f->id, f->at);
    if (!b)
        return;
    if (f->other.p)
        wg_json_kstr(b, "other", f->other);
    wg_json_kint(b, "m2", (int64_t)llround(f->m2));
    wg_buf_char(b, '}');
}

static int cover(struct report *r, enum check first, const struct wg_layer *areas,
                 struct wg_str only, const struct wg_layer *pieces, struct wg_err *err)
{
    if (!areas || !pieces || wg_layer_shape(areas) != WG_AREAS ||
        wg_layer_shape(pieces) != WG_AREAS)
        return WG_OK;
    r->first = first;
    r->done[first] = r->done[first + 1] = r->done[first + 2] = true;
    const struct wg_cover_ask ask = {
        .areas = areas, .only = only, .coded = true, .pieces = pieces, .fn = on_cover, .arg = r};
    return wg_layer_cover(&ask, err);
}

static int check_areas(struct report *r, struct wg_err *err)
{
    const struct wg_ground *g = r->g;
    const struct wg_layer *counties = g->counties ? g->counties : g->layer[WG_COUNTIES],
                          *communities = g->layer[WG_COMMUNITIES], *grids = g->layer[WG_GRIDS];
    struct wg_str area = wg_str_of(g->area);
    struct wg_feature f;
    size_t at;
    int rc = cover(r, COMMUNITY_GAP, counties, area, communities, err);
    if (rc == WG_OK)
        rc = cover(r, GRID_GAP, communities ? communities : counties, area, grids, err);
    r->done[GRID_PREFIX] = grids && communities;
    for (size_t i = 0; r->done[GRID_PREFIX] && wg_layer_at(grids, i, &f); i++)
        if (f.id.n < GRID_CODE ||
            !wg_layer_by_id(communities, (struct wg_str){f.id.p, GRID_CODE}, &at))
            item_text(r, GRID_PREFIX, f.id, f.at, NULL, f.id);
    return rc;
}

static void check_unit(struct report *r, enum wg_collection of, struct wg_str unit,
                       const struct wg_feature *f)
{
    if (!unit.n || wg_ground_unit(r->g, unit))
        return;
    struct wg_buf *b = item(r, UNKNOWN_UNIT, f->id, f->at);
    if (!b)
        return;
    wg_json_kstr(b, "collection", wg_str_of(wg_collection_name(of)));
    wg_json_kstr(b, "unit", unit);
    wg_buf_char(b, '}');
}

static bool code_fits(const struct report *r, struct wg_str id, struct wg_str category)
{
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] < '0' || id.p[i] > '9')
            return false;
    return id.n == PART_CODE && memcmp(id.p, r->g->area, 6) == 0 && category.n == 4 &&
           memcmp(id.p + 6, category.p, 4) == 0;
}

static void check_part(struct report *r, size_t i, const struct wg_feature *f,
                       struct wg_arena *scratch)
{
    const struct wg_ground *g = r->g;
    struct wg_str category = wg_ground_category_at(g, i), said;
    struct wg_feature grid = {.id = {NULL, 0}};
    struct wg_json *props;
    size_t at;
    if (!code_fits(r, f->id, category))
        item_text(r, PART_CODE_WRONG, f->id, f->at, "category", category);
    if (r->pack && !wg_pack_class(r->pack, WG_PART, category))
        item_text(r, UNKNOWN_CATEGORY, f->id, f->at, "category", category);
    check_unit(r, WG_PARTS, wg_ground_unit_at(g, WG_PARTS, i), f);
    if (g->layer[WG_PLACES] && wg_layer_by_id(g->layer[WG_PLACES], f->id, &at))
        item_text(r, DUPLICATE_ID, f->id, f->at, NULL, f->id);
    if (!g->layer[WG_GRIDS])
        return;
    if (wg_layer_find(g->layer[WG_GRIDS], f->at, &at))
        wg_layer_at(g->layer[WG_GRIDS], at, &grid);
    else
        item_text(r, PART_OUTSIDE, f->id, f->at, NULL, f->id);
    wg_arena_reset(scratch);
    if (wg_json_parse(scratch, f->props, &props, NULL) < 0)
        return;
    said = wg_json_str(props, "grid");
    if (said.n && !wg_str_eq(said, grid.id))
        item_text(r, PART_GRID, f->id, f->at, "grid", said);
}

struct spot {
    struct wg_point at;
    struct wg_str category;
    uint32_t i;
};

static int spot_order(const void *x, const void *y)
{
    const struct spot *a = x, *b = y;
    if (a->at.lon_e7 != b->at.lon_e7)
        return a->at.lon_e7 < b->at.lon_e7 ? -1 : 1;
    if (a->at.lat_e7 != b->at.lat_e7)
        return a->at.lat_e7 < b->at.lat_e7 ? -1 : 1;
    int order = wg_str_cmp(a->category, b->category);
    return order ? order : a->i < b->i ? -1 : a->i > b->i;
}

static int check_parts(struct report *r, struct wg_err *err)
{
    const struct wg_layer *parts = r->g->layer[WG_PARTS];
    size_t n = parts ? wg_layer_count(parts) : 0;
    struct wg_arena *scratch = wg_arena_new(0);
    struct spot *spot = calloc(n + 1, sizeof(*spot));
    struct wg_feature f, other;
    bool ok = scratch && spot && (!parts || r->g->answers[WG_PARTS]);
    for (size_t i = 0; ok && i < n && wg_layer_at(parts, i, &f); i++) {
        check_part(r, i, &f, scratch);
        spot[i] = (struct spot){f.at, wg_ground_category_at(r->g, i), (uint32_t)i};
    }
    if (ok && n)
        qsort(spot, n, sizeof(*spot), spot_order);
    for (size_t i = 1; ok && i < n; i++)
        if (memcmp(&spot[i].at, &spot[i - 1].at, sizeof(spot->at)) == 0 &&
            wg_str_eq(spot[i].category, spot[i - 1].category) &&
            wg_layer_at(parts, spot[i].i, &f) && wg_layer_at(parts, spot[i - 1].i, &other))
            item_text(r, DUPLICATE_PART, f.id, f.at, "other", other.id);
    for (int c = DUPLICATE_ID; c <= UNKNOWN_CATEGORY; c++)
        r->done[c] =
            parts && (c != PART_OUTSIDE && c != PART_GRID ? true : !!r->g->layer[WG_GRIDS]);
    r->done[UNKNOWN_CATEGORY] &= r->pack != NULL;
    wg_arena_free(scratch);
    free(spot);
    return ok ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
}

static void check_duties(struct report *r)
{
    const struct wg_layer *duties = r->g->layer[WG_DUTIES];
    struct wg_feature f;
    r->done[UNKNOWN_UNIT] = wg_table_json(r->g->table[0]) != NULL;
    r->done[DUTY_WITHOUT_UNIT] = duties && r->g->answers[WG_DUTIES];
    for (size_t i = 0; r->done[DUTY_WITHOUT_UNIT] && wg_layer_at(duties, i, &f); i++) {
        struct wg_str unit = wg_ground_unit_at(r->g, WG_DUTIES, i);
        if (!unit.n)
            item_text(r, DUTY_WITHOUT_UNIT, f.id, f.at, NULL, f.id);
        check_unit(r, WG_DUTIES, unit, &f);
    }
}

int wg_ground_quality(const struct wg_ground *g, const struct wg_pack *pack, struct wg_buf *out,
                      struct wg_err *err)
{
    struct report *r = calloc(1, sizeof(*r));
    size_t faults = 0;
    int rc = r ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (r) {
        r->g = g;
        r->pack = pack;
        check_duties(r);
        if ((rc = check_areas(r, err)) == WG_OK)
            rc = check_parts(r, err);
    }
    wg_buf_lit(out, "{\"checks\":[");
    for (int i = 0; rc == WG_OK && i < CHECKS; i++) {
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "check", wg_str_of(checks[i].name));
        wg_json_kstr(out, "text", wg_str_of(checks[i].text));
        wg_json_kbool(out, "checked", r->done[i]); /* false: what it needs is not loaded */
        wg_json_kint(out, "count", (int64_t)r->count[i]);
        wg_json_key(out, "items");
        wg_buf_char(out, '[');
        wg_buf_str_add(out, wg_buf_str(&r->items[i]));
        wg_buf_lit(out, "]}");
        faults += r->count[i];
        out->failed |= !wg_buf_ok(&r->items[i]);
    }
    wg_buf_lit(out, "]");
    wg_json_kint(out, "faults", (int64_t)faults);
    wg_buf_char(out, '}');
    for (int i = 0; r && i < CHECKS; i++)
        wg_buf_free(&r->items[i]);
    free(r);
    return rc;
}
