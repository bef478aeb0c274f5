/** Generated tests: they pass when they run, wherever the rules do what the rows say. */
#include "rules_given.h"

#include "workshop/workshop.h"

#define CALENDAR                                                                                      \
    "{\"years\":{\"2026\":{\"holidays\":{\"2026-04-06\":\"清明节\"},\"workdays\":{\"2026-04-11\":" \
    "\"清明节\"}}}}"
#define PACK(on)                                                                                \
    "return county { code = '" AREA "', name = '青山县', standard = 'S', number = "          \
    "'{year}{serial}', hours = { week = 'Mon-Fri', shifts = { '08:30-12:00', '14:00-17:30' }, " \
    "seasons = { { name = '夏令', from = '06-01', to = '09-30', shifts = { '08:00-12:00', "   \
    "'15:00-18:00' } } } }, flow = " FLOW ", categories = standard 'S', on = { " on " } }"
#define FILES \
    "file = function(_, ctx) return set { due = ctx.deadline(ctx.row.limit), because = 'x' } end,"
#define REPORTS                                                                                    \
    "report = function(case, ctx) ctx.near { within_m = 5 } local who = ctx.responsible(case) if " \
    "who then return propose { unit = who.unit, because = 'x' } end end,"

static struct wg_buf made;

static struct wg_rules *load(const char *rules, const char *generated, struct wg_bundle **b)
{
    struct wg_rules *r = NULL;
    struct file files[] = {{AREA "/rules.lua", rules},
                           {"standards/classes.csv", CLASSES},
                           {"standards/limits.csv", LIMITS},
                           {AREA "/generated_tests.lua", generated}};
    *b = bundle_of(files, generated ? 4 : 3, &err);
    if (!*b || wg_rules_new(*b, NULL, NULL, &r, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    return r;
}

static size_t generate(const char *rules, const struct wg_pack *base,
                       const struct wg_ground *ground)
{
    struct wg_bundle *b;
    struct wg_rules *r = load(rules, NULL, &b);
    struct wg_gen_opts opts = {base, CALENDAR, ground};
    size_t tests = 0;
    wg_buf_clear(&made);
    if (wg_gen_tests(r, &opts, &made, &tests, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    wg_buf_char(&made, '\0');
    wg_rules_free(r);
    wg_bundle_drop(b);
    return tests;
}

static size_t run_made(const char *rules)
{
    struct wg_bundle *b;
    struct wg_rules *r = load(rules, made.p, &b);
    struct wg_test_opts opts = {.calendar = CALENDAR};
    struct wg_test_sum sum;
    if (wg_rules_test(r, &opts, &sum, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    wg_rules_free(r);
    wg_bundle_drop(b);
    return sum.ran;
}

static bool has(const char *text)
{
    return strstr(made.p, text) != NULL;
}

TEST(each_row_is_tested_around_closings_holidays_make_up_days_and_seasons)
{
    size_t tests = generate(PACK(FILES), NULL, NULL);
    CHECK_INT(tests, 3 * 9);
    CHECK_INT(run_made(PACK(FILES)), tests);
    CHECK(has("event.0101 条件1：节前最后一个工作日\", \"event\", \"0101\", \"1\",\n    "
              "\"2026-04-03T17:00:00+08:00\", \"2026-04-07T12:00:00+08:00\""));
    CHECK(has("event.0101 条件1：调休上班日前一天\", \"event\", \"0101\", \"1\",\n    "
              "\"2026-04-10T17:00:00+08:00\", \"2026-04-11T12:00:00+08:00\""));
    CHECK(has("event.0101 条件1：到期正在下班时\", \"event\", \"0101\", \"1\",\n    "
              "\"2026-03-10T11:30:00+08:00\", \"2026-03-10T17:30:00+08:00\""));
    CHECK(has("event.0101 条件1：到期过下班一分钟\", \"event\", \"0101\", \"1\",\n    "
              "\"2026-03-10T11:31:00+08:00\", \"2026-03-11T08:31:00+08:00\""));
    CHECK(has(
        "夏令最后一个工作日\", \"event\", \"0101\", \"1\",\n    \"2026-09-30T17:50:00+08:00\""));
    CHECK(has("-- 注意：没有责任区边界点的测试"));
}

TEST(rows_that_the_base_has_are_left_out_unless_all_are_wanted)
{
    struct wg_bundle *b;
    struct wg_rules *base = load(PACK(FILES), NULL, &b);
    CHECK_INT(generate(PACK(FILES), wg_rules_pack(base), NULL), 0);
    CHECK_INT(run_made(PACK(FILES)), 0);
    wg_rules_free(base);
    wg_bundle_drop(b);
}

TEST(where_a_handler_decides_otherwise_a_comment_says_so)
{
    CHECK_INT(
        generate(
            PACK("file = function(_, ctx) return set { due = ctx.now + 1, because = 'x' } end"),
            NULL, NULL),
        0);
    CHECK(has("-- 没有生成：event.0101 条件1，平日：按立案条件应为 \"2026-03-10T15:30:00+08:00\""));
}

static struct wg_ground *ground(void)
{
    static const char duties[] =
        "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":\"d-1\","
        "\"properties\":{\"unit\":\"u-1\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[["
        "118.5,30],[118.51,30],[118.51,30.01],[118.5,30.01],[118.5,30]]]}},{\"type\":\"Feature\","
        "\"id\":\"d-2\",\"properties\":{\"unit\":\"u-2\"},\"geometry\":{\"type\":\"Polygon\","
        "\"coordinates\":[[[118.51,30],[118.52,30],[118.52,30.01],[118.51,30.01],[118.51,30]]]}}]}";
    struct wg_layer *layer = NULL;
    struct wg_ground *none = wg_ground_new(AREA), *g;
    CHECK_INT(wg_layer_from_geojson(wg_str_of(duties), NULL, &layer, NULL, &err), WG_OK);
    g = wg_ground_with(none, WG_DUTIES, layer, NULL);
    wg_ground_drop(none);
    return g;
}

TEST(at_a_vertex_of_a_border_the_recorded_answer_says_who)
{
    struct wg_ground *g = ground();
    size_t tests = generate(PACK(REPORTS), NULL, g);
    CHECK_INT(tests, 6);
    CHECK_INT(run_made(PACK(REPORTS)), tests);
    CHECK(has("责任区d-2边界点1：event.0101"));
    CHECK(has(
        "lon_e7 = 1185100000, lat_e7 = 300000000 },\n    answers = { { \"near\", { } }, { "
        "\"responsible\", { [\"unit\"] = \"u-2\", [\"by\"] = \"territory\", [\"duty\"] = \"d-2\" "
        "} } },\n    want = { { k = \"set\", proposed = \"u-2\" } },"));
    wg_ground_drop(g);
    wg_buf_free(&made);
}

RUN_ALL("workshop_gen")
