/** Completeness: what is planted is found, and of random grounds each claim is what "responsible"
 * answers at the place, for the class, on the day; and nothing is missed. */
#include "rules_given.h"

#include "workshop/workshop.h"

#define WEST 1185000000
#define SOUTH 300500000
#define STEP 1000 /* e7, some 11 m: each border is a multiple of it */
#define FROM "2026-01-01"
#define TO "2027-01-01"

static struct wg_findings found;
static struct wg_buf map;
static struct wg_complete_sum sum;

static int64_t at(const char *date)
{
    struct wg_date d;
    CHECK_INT(wg_date_parse(wg_str_of(date), &d), WG_OK);
    return wg_day_of(d) * WG_DAY_MS - WG_ZONE_MS;
}

/* ---- given: a ground of rectangles ---- */

struct rect {
    int x0, y0, x1, y1; /* steps */
    const char *unit;
};

static void add_rect(struct wg_buf *b, const char *id, struct rect r)
{
    int x[5] = {r.x0, r.x1, r.x1, r.x0, r.x0}, y[5] = {r.y0, r.y0, r.y1, r.y1, r.y0};
    wg_json_sep(b);
    wg_buf_fmt(b,
               "{\"type\":\"Feature\",\"id\":\"%s\",\"properties\":{\"unit\":\"%s\"},\"geometry\":{"
               "\"type\":\"Polygon\",\"coordinates\":[[",
               id, r.unit ? r.unit : "");
    for (int i = 0; i < 5; i++) {
        wg_json_sep(b);
        wg_buf_char(b, '[');
        wg_buf_fixed(b, WEST + x[i] * STEP, 7);
        wg_buf_char(b, ',');
        wg_buf_fixed(b, SOUTH + y[i] * STEP, 7);
        wg_buf_char(b, ']');
    }
    wg_buf_lit(b, "]]}}");
}

static struct wg_ground *with(struct wg_ground *g, int collection, struct wg_str text)
{
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    int rc = !wg_collection_is_layer(collection)
                 ? wg_table_new(collection, text, WG_S("json"), NULL, &table, NULL, &err)
             : collection == WG_PARTS ? wg_layer_from_csv(text, NULL, &layer, NULL, &err)
                                      : wg_layer_from_geojson(text, NULL, &layer, NULL, &err);
    if (rc < 0)
        CHECK_TEXT(err.text, "no error");
    struct wg_ground *n = wg_ground_with(g, collection, layer, table);
    wg_ground_drop(g);
    return n;
}

static struct wg_ground *with_rects(struct wg_ground *g, int collection, const char *prefix,
                                    const struct rect *r, size_t count)
{
    struct wg_buf b = WG_BUF_INIT;
    char id[40];
    wg_buf_lit(&b, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%s%03zu", prefix, i);
        add_rect(&b, id, r[i]);
    }
    wg_buf_lit(&b, "]}");
    g = with(g, collection, wg_buf_str(&b));
    wg_buf_free(&b);
    return g;
}

#define UNITS                                                                                 \
    "[{\"id\":\"a\",\"name\":\"1\"},{\"id\":\"b\",\"name\":\"2\"},{\"id\":\"ends\",\"name\":" \
    "\"3\",\"to\":\"2026-05-01\"},{\"id\":\"led\",\"name\":\"4\",\"to\":\"2026-07-01\","      \
    "\"successor\":\"a\"},{\"id\":\"gone\",\"name\":\"5\",\"to\":\"2020-01-01\"}]"

static const struct rect four[4] = {
    {0, 0, 10, 10, NULL}, {10, 0, 20, 10, NULL}, {0, 10, 10, 20, NULL}, {10, 10, 20, 20, NULL}};

static struct wg_ground *ground_of(const struct rect *duties, size_t count, const char *owners,
                                   const char *parts)
{
    struct wg_ground *g = wg_ground_new(AREA);
    g = with_rects(g, WG_GRIDS, "990101001001", four, 4);
    g = with_rects(g, WG_DUTIES, "d-", duties, count);
    g = with(g, WG_UNITS, WG_S(UNITS));
    g = with(g, WG_OWNERS, wg_str_of(owners));
    return parts ? with(g, WG_PARTS, wg_str_of(parts)) : g;
}

static struct wg_rules *pack_with(const char *owners)
{
    static const char text[] =
        "return county { code = '" AREA "', name = '青山县', standard = 'S', "
        "number = '{year}{serial}', hours = " HOURS ", flow = " FLOW
        ", categories = standard 'S', owners = { %s } }";
    struct wg_rules *r;
    snprintf(text_space, sizeof(text_space), text, owners);
    if (load_text(text_space, &r) < 0)
        CHECK_TEXT(err.text, "no error");
    return r;
}

static void check(const struct wg_ground *g, struct wg_rules *r)
{
    wg_findings_free(&found);
    wg_buf_clear(&map);
    if (wg_complete(g, wg_rules_pack(r), at(FROM), at(TO), NULL, NULL, &found, &map, &sum, &err) <
        0)
        CHECK_TEXT(err.text, "no error");
}

static bool said(const char *text)
{
    return found.items.n && memmem(found.items.p, found.items.n, text, strlen(text)) != NULL;
}

/* ---- what is planted is found ---- */

TEST(where_all_is_covered_nothing_is_said)
{
    struct rect d[2] = {{0, 0, 20, 10, "a"}, {0, 10, 20, 20, "b"}};
    struct wg_ground *g = ground_of(d, 2, "{\"part\":{},\"event\":{}}", NULL);
    struct wg_rules *r = pack_with("");
    check(g, r);
    CHECK_INT(found.count[WG_FAULT] + found.count[WG_DOUBT], 0);
    CHECK_INT(found.count[WG_REMARK], 1); /* units that answer for nothing */
    CHECK(said("3 个单位不负责任何小类、责任区或部件：ends、led、gone"));
    CHECK_STR(wg_buf_str(&map), "{\"type\":\"FeatureCollection\",\"features\":[]}");
    CHECK_INT(sum.spans, 3);
    CHECK_INT(sum.checked, 3 * 3 * 4);
    wg_ground_drop(g);
    wg_rules_free(r);
}

TEST(a_hole_an_overlap_and_an_area_whose_unit_ends_are_found_exactly)
{
    struct rect d[4] = {
        {0, 0, 20, 9, "a"}, {0, 10, 12, 20, "b"}, {11, 10, 20, 20, "ends"}, {30, 30, 40, 40, "a"}};
    struct wg_ground *g = ground_of(d, 4, "{\"part\":{},\"event\":{\"0102\":\"a\"}}", NULL);
    struct wg_rules *r = pack_with("");
    check(g, r);
    CHECK_INT(sum.holes, 2);
    CHECK_INT(sum.overlaps, 1);
    CHECK_INT(sum.dead, 1);
    CHECK_INT(found.count[WG_FAULT], 3);
    CHECK(said(
        "社区990101001001有 2 个网格共 2145 平方米没有责任区：2 个小类（如0101井盖），2026-01-01 "
        "至 2026-12-31"));
    CHECK(
        said("责任区d-001与d-002属不同单位，在 1 个网格重叠共 1073 平方米：2 个小类（如0101井盖），"
             "2026-01-01 至 2026-04-30"));
    CHECK(said(
        "责任区d-002没有单位负责（1 个网格共 8581 平方米）：2 个小类（如0101井盖），2026-05-01 至 "
        "2026-12-31"));
    CHECK(said("\"check\":\"dead_duty\",\"where\":\"d-003\""));
    wg_ground_drop(g);
    wg_rules_free(r);
}

TEST(rows_that_nothing_reaches_and_parts_without_anybody)
{
    struct rect d[1] = {{0, 0, 10, 20, "a"}};
    struct wg_ground *g = ground_of(
        d, 1, "{\"part\":{},\"event\":{\"01\":\"b\",\"0101\":\"a\",\"0102\":\"x\",\"99\":\"a\"}}",
        "id,lon,lat,category,owner_unit\n9901010101000001,118.5005,30.0505,0101,gone\n"
        "9901010101000002,118.5005,30.0505,0101,b\n9901010101000003,118.5015,30.0505,0101,gone\n"
        "9901010101000004,118.5015,30.0505,0101,led\n");
    struct wg_rules *r =
        pack_with("{ kind = 'event', category = '0101', by = { 'territory', 'class' } }, "
                  "{ kind = 'event', category = '77', by = { 'class' } }");
    check(g, r);
    CHECK(said("\"check\":\"dead_owner\",\"where\":\"owners.event.01\""));
    CHECK(said("更细的行已包含"));
    CHECK(said("\"check\":\"dead_owner\",\"where\":\"owners.event.99\""));
    CHECK(said("\"check\":\"dead_rule\",\"where\":\"规则 owners 第2行（event 77）\""));
    CHECK(said("却没有这些单位：x"));
    CHECK(said("1 个0101类部件无人负责（权属单位gone已撤销而无承接），2026-01-01 至 2026-12-31"));
    CHECK(said("权属单位撤销后无人承接，1 个部件改由"));
    CHECK_INT(sum.dead, 3);
    CHECK(memmem(map.p, map.n, "9901010101000003", 16) != NULL);
    CHECK(memmem(map.p, map.n, "9901010101000001", 16) == NULL);
    wg_ground_drop(g);
    wg_rules_free(r);
}

TEST(a_class_that_nobody_is_asked_about_is_a_hole_everywhere)
{
    struct rect d[1] = {{0, 0, 20, 20, "a"}};
    struct wg_ground *g = ground_of(d, 1, "{\"part\":{},\"event\":{\"0101\":\"ends\"}}", NULL);
    struct wg_rules *r = pack_with("{ kind = 'event', by = { 'class' } }");
    check(g, r);
    CHECK(said("1 个小类（如0102道路不洁）全县无人负责，2026-01-01 至 2026-04-30"));
    CHECK(said("2 个小类（如0101暴露垃圾）全县无人负责，2026-05-01 至 2026-12-31"));
    CHECK_INT(sum.holes, 2);
    wg_ground_drop(g);
    wg_rules_free(r);
}

TEST(without_grids_or_days_nothing_can_be_said)
{
    struct wg_ground *g = wg_ground_new(AREA);
    struct wg_rules *r = pack_with("");
    CHECK_INT(wg_complete(g, wg_rules_pack(r), 0, 1, NULL, NULL, &found, NULL, &sum, &err),
              WG_EINVAL);
    wg_ground_drop(g);
    wg_rules_free(r);
}

/* ---- the oracle: random grounds, asked point by point ---- */

static uint64_t seed;
static int roll(int n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((seed >> 33) % (uint64_t)n);
}

static const char *const some_unit[] = {"a", "b", "ends", "led", "gone", ""};

static bool in_ring(const struct wg_json *ring, double x, double y)
{
    bool in = false;
    for (const struct wg_json *p = ring->child; p && p->next; p = p->next) {
        int64_t ax, ay, bx, by;
        wg_json_fixed(p->child, 7, &ax);
        wg_json_fixed(p->child->next, 7, &ay);
        wg_json_fixed(p->next->child, 7, &bx);
        wg_json_fixed(p->next->child->next, 7, &by);
        if (((double)ay > y) != ((double)by > y) &&
            x < (double)(bx - ax) * (y - (double)ay) / (double)(by - ay) + (double)ax)
            in = !in;
    }
    return in;
}

static bool in_shape(const struct wg_json *geometry, struct wg_point p)
{
    bool in = false;
    if (!wg_str_is(wg_json_str(geometry, "type"), "MultiPolygon"))
        return false;
    for (const struct wg_json *g = wg_json_get(geometry, "coordinates")->child; g; g = g->next)
        for (const struct wg_json *ring = g->child; ring; ring = ring->next)
            in ^= in_ring(ring, p.lon_e7, p.lat_e7);
    return in;
}

/* How many classes the map claims to have this problem, here and then. */
static int64_t claimed(const struct wg_json *features, const char *problem, struct wg_point p,
                       int64_t t)
{
    int64_t n = 0, from, to;
    for (const struct wg_json *f = features->child; f; f = f->next) {
        const struct wg_json *props = wg_json_get(f, "properties");
        wg_time_parse(wg_json_str(props, "from"), &from);
        wg_time_parse(wg_json_str(props, "to"), &to);
        if (wg_str_is(wg_json_str(props, "problem"), problem) && t >= from && t < to &&
            in_shape(wg_json_get(f, "geometry"), p))
            n += wg_json_int(props, "classes", 0);
    }
    return n;
}

static bool answers(const struct wg_ground *g, const struct wg_pack *pack, const struct wg_class *k,
                    struct wg_str part, struct wg_point p, int64_t t, const char *order)
{
    char own[WG_ORDER_TEXT];
    struct wg_buf text = WG_BUF_INIT, out = WG_BUF_INIT;
    struct wg_json *args;
    wg_pack_order(pack, (int)k->kind, k->code, own);
    wg_buf_fmt(&text, "[\"%s\",\"%s\",", wg_kind_name((int)k->kind), k->code.p);
    if (part.n)
        wg_buf_json(&text, part);
    else
        wg_buf_lit(&text, "null");
    wg_buf_fmt(&text, ",%d,%d", p.lon_e7, p.lat_e7);
    if (order || own[0])
        wg_buf_fmt(&text, ",\"%s\"", order ? order : own);
    wg_buf_char(&text, ']');
    CHECK_INT(wg_json_parse(arena, wg_buf_str(&text), &args, &err), WG_OK);
    CHECK_INT(wg_ground_ask(g, "responsible", args, t, &out, &err), WG_OK);
    bool some = !wg_str_is(wg_buf_str(&out), "null");
    wg_buf_free(&text);
    wg_buf_free(&out);
    return some;
}

static bool two_units(const struct wg_ground *g, const struct rect *d, size_t count,
                      struct wg_point p, int64_t t)
{
    struct wg_str first = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        if (p.lon_e7 < WEST + d[i].x0 * STEP || p.lon_e7 > WEST + d[i].x1 * STEP ||
            p.lat_e7 < SOUTH + d[i].y0 * STEP || p.lat_e7 > SOUTH + d[i].y1 * STEP)
            continue;
        struct wg_str now = wg_ground_unit_now(g, wg_str_of(d[i].unit), t);
        if (now.n && first.n && !wg_str_eq(now, first))
            return true;
        first = now.n ? now : first;
    }
    return false;
}

static void ask_around(const struct wg_ground *g, const struct wg_pack *pack, const struct rect *d,
                       size_t duties, const struct wg_json *features)
{
    static const char *const days[] = {FROM, "2026-04-30", "2026-05-01", "2026-07-01",
                                       "2026-12-31"};
    for (int n = 0; n < 60; n++) {
        struct wg_point p = {WEST + roll(20 * STEP), SOUTH + roll(20 * STEP)};
        p.lon_e7 += p.lon_e7 % STEP == 0; /* off the borders */
        p.lat_e7 += p.lat_e7 % STEP == 0;
        for (int k = 0; k < 5; k++) {
            int64_t t = at(days[k]), none = 0, meets = 0;
            for (size_t i = 0; i < pack->class_count; i++) {
                const struct wg_class *c = &pack->classes[i];
                const struct wg_owner_rule *rule = wg_pack_owner(pack, (int)c->kind, c->code);
                none += !answers(g, pack, c, (struct wg_str){NULL, 0}, p, t, NULL);
                meets += (rule && rule->by[0] == WG_BY_TERRITORY) ||
                         !answers(g, pack, c, (struct wg_str){NULL, 0}, p, t, "class");
            }
            CHECK_INT(claimed(features, "hole", p, t), none);
            int64_t twice = claimed(features, "overlap", p, t);
            CHECK_INT(twice > 0, two_units(g, d, duties, p, t) && meets > 0);
        }
    }
}

static void ask_parts(const struct wg_ground *g, const struct wg_pack *pack)
{
    struct wg_feature f;
    for (size_t i = 0; wg_layer_at(g->layer[WG_PARTS], i, &f); i++) {
        const struct wg_class *c = wg_pack_class(pack, WG_PART, WG_S("0101"));
        bool none = false;
        for (size_t s = 0; s < 2; s++)
            none |= !answers(g, pack, c, f.id, f.at, at(s ? "2026-12-31" : FROM), NULL);
        CHECK_INT(memmem(map.p, map.n, f.id.p, f.id.n) != NULL, none);
    }
}

static struct wg_ground *random_ground(struct rect *d, size_t count)
{
    struct wg_buf parts = WG_BUF_INIT;
    char owners[200];
    for (size_t i = 0; i < count; i++) {
        int x = roll(18), y = roll(18);
        d[i] = (struct rect){x, y, x + 1 + roll(20 - x), y + 1 + roll(20 - y), some_unit[roll(6)]};
    }
    snprintf(owners, sizeof(owners), "{\"part\":{%s},\"event\":{\"0101\":\"%s\",\"0102\":\"%s\"}}",
             roll(2) ? "\"01\":\"ends\"" : "", some_unit[roll(5)], some_unit[roll(5)]);
    wg_buf_lit(&parts, "id,lon,lat,category,owner_unit\n");
    for (int i = 0; i < 20; i++) {
        wg_buf_fmt(&parts, "99010101010000%02d,", i);
        wg_buf_fixed(&parts, WEST + roll(20 * STEP) / 2 * 2 + 1, 7);
        wg_buf_char(&parts, ',');
        wg_buf_fixed(&parts, SOUTH + roll(20 * STEP) / 2 * 2 + 1, 7);
        wg_buf_fmt(&parts, ",0101,%s\n", some_unit[roll(6)]);
    }
    struct wg_ground *g = ground_of(d, count, owners, NULL);
    g = with(g, WG_PARTS, wg_buf_str(&parts));
    wg_buf_free(&parts);
    return g;
}

TEST(on_random_grounds_each_claim_is_true_and_none_is_missing)
{
    struct wg_rules *r[2] = {
        pack_with(""),
        pack_with("{ kind = 'event', category = '0102', by = { 'territory', 'class' } }, { "
                  "kind = 'part', by = { 'territory', 'owner' } }")};
    for (uint64_t i = 1; i <= 100; i++) {
        struct rect d[8];
        struct wg_json *j;
        seed = i * 400009; /* always the same grounds */
        size_t count = 1 + (size_t)roll(8);
        arena = wg_arena_new(0);
        struct wg_ground *g = random_ground(d, count);
        struct wg_rules *rules = r[roll(2)];
        check(g, rules);
        CHECK_INT(wg_json_parse(arena, wg_buf_str(&map), &j, &err), WG_OK);
        ask_around(g, wg_rules_pack(rules), d, count, wg_json_get(j, "features"));
        ask_parts(g, wg_rules_pack(rules));
        wg_ground_drop(g);
        wg_arena_free(arena);
        arena = NULL;
    }
    wg_rules_free(r[0]);
    wg_rules_free(r[1]);
    wg_findings_free(&found);
    wg_buf_free(&map);
}

RUN_ALL("workshop_complete")
