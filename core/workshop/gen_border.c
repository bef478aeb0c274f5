/* Tests of on.report at vertices of the borders of areas of duty: what the base data answers there
 * is recorded, so that they need no base data when they run. */
#include "workshop/gen.h"

#include <stdio.h>

#define AREAS_MAX 60
#define VERTICES 3 /* of an area, far from each other */

/* ---- JSON as Lua ---- */

static void put_lua(struct wg_buf *out, const struct wg_json *j)
{
    bool object = j->type == WG_JOBJ;
    if (j->type == WG_JNULL) {
        wg_buf_lit(out, "false");
        return;
    }
    if (!object && j->type != WG_JARR) {
        wg_json_write(j, out);
        return;
    }
    wg_buf_lit(out, "{ ");
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (object)
            wg_buf_fmt(out, "[\"%.*s\"] = ", WG_PRI(m->key));
        put_lua(out, m);
        wg_buf_str_add(out, wg_str_of(m->next ? ", " : " "));
    }
    wg_buf_char(out, '}');
}

static void put_answers(struct wg_buf *out, const struct wg_json *facts)
{
    wg_buf_lit(out, "    answers = { ");
    for (const struct wg_json *f = facts->child; f; f = f->next) {
        const struct wg_json *value = f->child->next->next;
        wg_buf_fmt(out, "{ \"%.*s\"", WG_PRI(f->child->str));
        if (value->type != WG_JNULL) {
            wg_buf_lit(out, ", ");
            put_lua(out, value);
        }
        wg_buf_str_add(out, wg_str_of(f->next ? " }, " : " } "));
    }
    wg_buf_lit(out, "},\n");
}

/* Proposals, each by what it proposes; nothing where nothing came. */
static void put_wants(struct wg_buf *out, const struct wg_json *outs)
{
    if (!outs->count)
        return;
    wg_buf_lit(out, "    want = { ");
    for (const struct wg_json *o = outs->child; o; o = o->next) {
        struct wg_str unit = wg_json_str(o, "proposed");
        wg_buf_fmt(out, "{ k = \"%.*s\"", WG_PRI(wg_json_str(o, "k")));
        if (unit.n) {
            wg_buf_lit(out, ", proposed = ");
            wg_buf_json(out, unit);
        }
        wg_buf_str_add(out, wg_str_of(o->next ? " }, " : " } "));
    }
    wg_buf_lit(out, "},\n");
}

/* ---- vertices ---- */

static void put_vertex(struct gen *g, const struct wg_class *c, struct wg_str duty, size_t n,
                       struct wg_point p)
{
    struct wg_case case_ = {.kind = (uint8_t)c->kind,
                            .category = c->code,
                            .state = WG_NOWHERE,
                            .source = WG_FROM_COLLECTOR,
                            .at = p};
    struct wg_decision d = {.event = "report",
                            .c = &case_,
                            .class_ = c,
                            .role = WG_COLLECTOR,
                            .now_ms = INT64_C(1772762400000)}; /* as a test without `now` */
    const struct wg_json *facts, *outs;
    struct wg_err err = {0};
    if (!gen_decide(g, &d, &facts, &outs, &err)) {
        wg_buf_fmt(g->out, "  -- 没有生成：责任区%.*s边界点%zu\n", WG_PRI(duty), n);
        return;
    }
    wg_buf_fmt(
        g->out,
        "  { name = \"责任区%.*s边界点%zu：%s.%.*s\", on = \"report\", role = \"collector\",\n"
        "    case = { kind = \"%s\", category = \"%.*s\", source = \"collector\", lon_e7 = %d, "
        "lat_e7 = %d },\n",
        WG_PRI(duty), n, wg_kind_name((int)c->kind), WG_PRI(c->code), wg_kind_name((int)c->kind),
        WG_PRI(c->code), p.lon_e7, p.lat_e7);
    put_answers(g->out, facts);
    put_wants(g->out, outs);
    wg_buf_lit(g->out, "  },\n");
    g->tests++;
}

/* The outer ring of an area. */
static const struct wg_json *ring_of(struct gen *g, size_t i)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *j = NULL;
    wg_layer_geometry(g->opts->ground->layer[WG_DUTIES], i, &text);
    int rc = wg_json_parse(g->arena, wg_buf_str(&text), &j, NULL);
    wg_buf_free(&text);
    const struct wg_json *ring = rc == WG_OK ? wg_json_get(j, "coordinates")->child : NULL;
    return ring && wg_str_is(wg_json_str(j, "type"), "MultiPolygon") ? ring->child : ring;
}

static void put_area(struct gen *g, const struct wg_class *c, size_t i)
{
    const struct wg_json *ring = ring_of(g, i), *v = ring ? ring->child : NULL;
    struct wg_feature f;
    uint32_t step = ring && ring->count > VERTICES ? (ring->count - 1) / VERTICES : 1;
    wg_layer_at(g->opts->ground->layer[WG_DUTIES], i, &f);
    for (uint32_t k = 0, n = 0; v && v->next && n < VERTICES; v = v->next, k++) {
        int64_t lon, lat;
        if (k % step || wg_json_fixed(v->child, 7, &lon) < 0 ||
            wg_json_fixed(v->child->next, 7, &lat) < 0)
            continue;
        put_vertex(g, c, f.id, ++n, (struct wg_point){(int32_t)lon, (int32_t)lat});
    }
}

/* A class of events that no row of the table of owners takes first. */
static const struct wg_class *by_territory(const struct gen *g)
{
    const struct wg_json *owners =
        wg_json_get(wg_table_json(g->opts->ground->table[WG_OWNERS - WG_UNITS]), "event");
    for (size_t i = 0; i < g->pack->class_count; i++) {
        const struct wg_class *c = &g->pack->classes[i];
        bool taken = c->kind != WG_EVENT;
        for (size_t n = c->code.n; n > 0 && !taken; n--)
            taken = wg_json_get_s(owners, (struct wg_str){c->code.p, n}) != NULL;
        if (!taken)
            return c;
    }
    return NULL;
}

void gen_borders(struct gen *g)
{
    const struct wg_layer *duties = g->opts->ground ? g->opts->ground->layer[WG_DUTIES] : NULL;
    const struct wg_class *c =
        duties && wg_layer_shape(duties) == WG_AREAS ? by_territory(g) : NULL;
    if (!c) {
        wg_buf_fmt(g->out, "  -- 注意：没有责任区边界点的测试：%s\n",
                   !g->opts->ground ? "生成时没有基础数据（--config FILE 可给出）"
                   : !duties        ? "基础数据中没有责任区"
                                    : "没有小类落到责任区");
        return;
    }
    size_t count = wg_layer_count(duties), step = count > AREAS_MAX ? count / AREAS_MAX : 1;
    for (size_t i = 0, n = 0; i < count && n < AREAS_MAX; i += step, n++)
        put_area(g, c, i);
}
