#include "test.h"

#include "workshop/workshop.h"

#include <stdio.h>

/* ---- given: a city that says a little of everything, and a county on it ---- */

#define CITY_AREA "990100"
#define AREA "990101"
#define CLASSES                                                                                   \
    "standard,kind,major,major_name,code,name,status\nS,part,01,公用设施,0101,井盖,found\n" \
    "S,event,01,市容环境,0101,暴露垃圾,found\nS,event,01,市容环境,0102,道路不洁,found\n"
#define LIMITS                                                                                   \
    "standard,kind,code,id,text,limit,unit,close,source\nS,part,0101,1,丢失,2,emergency_hour," \
    "复原,甲\nS,event,0101,1,散置,4,work_hour,清走,甲\nS,event,0101,2,成堆,1.5,work_day,清走,甲\n"
#define CITY                                                                                          \
    "return county { code = '990100', name = '青山市', standard = 'S', number = '{year}{serial}'," \
    "hours = { week = 'Mon-Fri', shifts = { '08:30-12:00', '14:00-17:30' } },"                        \
    "sources = { ['甲'] = { issuer = '市局', number = '1号', title = '立案标准', from = "     \
    "'2025-01-01' } },"                                                                               \
    "scoring = { indicators = { 'x/y' }, weights = { a = 1 }, fixed = 2, open = { 'weights' } },"     \
    "map = { parts = { public = { 'category', 'state' }, hidden = { 'price' } } },"                   \
    "campaigns = { { id = 'zx', name = '整治', from = '2026-12-01', to = '2026-12-31',"             \
    "  event = { ['0101'] = { limit = { 1, 'work_hour' } } } } },"                                    \
    "points = { accepted = { 'stay' } },"                                                             \
    "tables = { stages = { filed = { 1, 'work_hour' } }, yellow_percent = 50,"                        \
    "  rework_clock = 'remaining', clock_hold_minutes = 10, other = 1,"                               \
    "  evidence = { late_min = 30, far_m = 200 },"                                                    \
    "  deferral = { { before = 0, days = 3, by = 'chief' } },"                                        \
    "  ladder = { { to = 'chief', name = '值班长' },"                                              \
    "    { to = 'leader', name = '领导', after = { 4, 'work_hour' }, order = true } } },"           \
    "categories = extend(standard 'S', { event = { ['0101'] = { conditions = { { id = '2',"           \
    "  article = '第二条', stages = { { name = '围护', limit = { 1, 'emergency_hour' } } } },"   \
    "  { id = '3', text = '默认', limit = { 2, 'work_day' }, close = '好', assumed = true } } } "  \
    "} }),"                                                                                           \
    "flow = {"                                                                                        \
    "  { action = 'accept', name = '受理', from = 'reported', to = 'accepted', role = 'acceptor' "  \
    "},"                                                                                              \
    "  { action = 'file', name = '立案', from = 'accepted', to = 'filed', role = 'chief',"          \
    "    need = { condition = 'condition' } },"                                                       \
    "  { action = 'defer', name = '延期', from = 'disposing', to = 'stay', role = 'unit', holder "  \
    "= true,"                                                                                         \
    "    effect = 'ask', need = { days = 'int' } },"                                                  \
    "  { action = 'urge', name = '催办', from = 'disposing', to = 'stay', role = 'dispatcher' } "   \
    "},"                                                                                              \
    "on = {"                                                                                          \
    "  accept = function(case) return propose { unit = 'u-1', because = '该类' } end,"              \
    "  file = function(_, ctx) return set { due = ctx.deadline(ctx.row.limit), because = '限' } "    \
    "end,"                                                                                            \
    "  defer = function(_, ctx) if ctx.body.days > 3 then return refuse { because = '太久' } end"   \
    "    return ask { of = 'chief', because = '延' } end,"                                           \
    "  urge = function() return { notify { to = 'u-1', text = '催', because = '催' },"              \
    "    order { text = '办', because = '催' } } end,"                                              \
    "  time = function() end } }"

static struct wg_err err;

static struct wg_bundle *bundle_of(const char *fields)
{
    char text[4096];
    struct wg_bundle *city, *county;
    const struct wg_bundle_file files[] = {{WG_S("990100/rules.lua"), WG_S(CITY)},
                                           {WG_S("standards/classes.csv"), WG_S(CLASSES)},
                                           {WG_S("standards/limits.csv"), WG_S(LIMITS)}};
    snprintf(text, sizeof(text),
             "local city = require '990100.rules'\nreturn county { base = city, code = '990101', "
             "name = '青山县',\n%s }",
             fields);
    const struct wg_bundle_file own = {WG_S("990101/rules.lua"), wg_str_of(text)};
    if (wg_bundle_over(NULL, CITY_AREA, CITY_AREA, files, 3, &city, &err) != WG_OK)
        print_error("%s\n", err.text);
    CHECK(city != NULL);
    if (wg_bundle_over(city, CITY_AREA, AREA, &own, 1, &county, &err) != WG_OK)
        print_error("%s\n", err.text);
    CHECK(county != NULL);
    wg_bundle_drop(city);
    return county;
}

struct pair {
    struct wg_bundle *base, *bundle;
    struct wg_rules *city, *county;
};

static struct pair open_pair(struct wg_bundle *bundle)
{
    struct pair p = {.bundle = bundle};
    CHECK_INT(wg_bundle_base(bundle, &p.base, &err), WG_OK);
    if (wg_rules_new(p.base, NULL, NULL, &p.city, &err) != WG_OK ||
        wg_rules_new(p.bundle, NULL, NULL, &p.county, &err) != WG_OK)
        print_error("%s\n", err.text);
    CHECK(p.city && p.county);
    return p;
}

static void close_pair(struct pair *p)
{
    wg_rules_free(p->city);
    wg_rules_free(p->county);
    wg_bundle_drop(p->base);
    wg_bundle_drop(p->bundle);
}

#define NOW INT64_C(1795392000000) /* 2026-11-23 */
static const char CALENDAR[] =
    "{\"from\":2026,\"to\":2026,\"years\":{\"2026\":{\"holidays\":{\"2026-10-01\":\"国庆节\"},"
    "\"workdays\":{\"2026-10-10\":\"国庆节\"}}}}";

/* ---- when ---- */

static struct wg_findings guarded(struct wg_bundle *bundle, const char *exemptions)
{
    struct wg_findings f = {.items = WG_BUF_INIT};
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *list = NULL;
    struct pair p = open_pair(bundle);
    if (exemptions)
        CHECK_INT(wg_json_parse(a, wg_str_of(exemptions), &list, &err), WG_OK);
    struct wg_guard_opts o = {CALENDAR, list, NOW};
    CHECK_INT(wg_guard(p.city, p.county, &o, &f, &err), WG_OK);
    wg_buf_char(&f.items, '\0');
    close_pair(&p);
    wg_arena_free(a);
    return f;
}

/* ---- then ---- */

static void found(const char *fields, const char *severity, const char *check)
{
    char want[120];
    struct wg_findings f = guarded(bundle_of(fields), NULL);
    snprintf(want, sizeof(want), "{\"severity\":\"%s\",\"check\":\"%s\"", severity, check);
    if (!strstr(f.items.p, want))
        print_error("%s: %s\n", check, f.items.p);
    CHECK(strstr(f.items.p, want) != NULL);
    wg_findings_free(&f);
}

static void caught(const char *fields, const char *check)
{
    found(fields, "fault", check);
}

static void passes(const char *fields)
{
    struct wg_findings f = guarded(bundle_of(fields), NULL);
    if (f.count[WG_FAULT])
        print_error("%s\n", f.items.p);
    CHECK_INT(f.count[WG_FAULT], 0);
    wg_findings_free(&f);
}

#define ROW(changes)                                                                          \
    "categories = extend(city.categories, { event = { ['0101'] = { conditions = { { " changes \
    " } } } } })"
#define STEP(action, rest) \
    "flow = { city.flow[1], city.flow[2], city.flow[3], { action = '" action "', " rest " } }"
#define DEFER(rest)                                                                                  \
    "flow = { city.flow[1], city.flow[2], { action = 'defer', name = '延期', from = 'disposing', " \
    "to = 'stay', effect = 'ask', " rest " }, city.flow[4] }"

TEST(a_county_that_says_nothing_of_its_own_is_as_strict_as_its_city)
{
    struct wg_findings f = guarded(bundle_of(""), NULL);
    CHECK(f.count[WG_FAULT] + f.count[WG_DOUBT] + f.count[WG_REMARK] == 0);
    wg_findings_free(&f);
}

TEST(a_limit_is_no_longer_than_the_citys_in_any_unit)
{
    caught(ROW("id = '1', limit = { 4.5, 'work_hour' }"), "loosened_limit");
    caught(ROW("id = '1', limit = { 1, 'work_day' }"), "loosened_limit");
    caught(ROW("id = '1', limit = { 6.5, 'emergency_hour' }"), "loosened_limit");
    passes(ROW("id = '1', limit = { 3, 'work_hour' }"));
    /* Four working hours always span the two of noon. */
    passes(ROW("id = '1', limit = { 6, 'emergency_hour' }"));
    passes(ROW("id = '1', limit = { 0.5, 'work_day' }"));
}

TEST(classes_and_rows_stay)
{
    caught("categories = { part = city.categories.part, event = { ['0101'] = "
           "city.categories.event['0101'] } }",
           "class_deleted");
    caught("categories = extend(city.categories, { event = { ['0101'] = { name = '暴露垃圾', "
           "conditions "
           "= { city.categories.event['0101'].conditions[1] } } } })",
           "condition_deleted");
    caught(
        "categories = extend(city.categories, { event = { ['0102'] = { name = '别的', conditions = "
        "{} } } })",
        "class_changed");
    caught(ROW("id = '1', text = '散置三天'"), "condition_changed");
    caught(ROW("id = '9', text = '别的', limit = { 30, 'work_day' }, close = '好'"), "added_limit");
    passes(ROW("id = '9', text = '别的', limit = { 1, 'work_hour' }, close = '好'"));
}

TEST(a_closing_condition_only_grows)
{
    caught(ROW("id = '1', close = '已清'"), "close_weakened");
    caught(ROW("id = '1', close = '不必清走'"), "close_weakened");
    caught(ROW("id = '1', close = '清走，或劝离'"), "close_weakened");
    caught(ROW("id = '1', close = '清走，雨天除外'"), "close_weakened");
    passes(ROW("id = '1', close = '清走，地面冲净'"));
}

TEST(a_source_only_grows)
{
    caught(ROW("id = '1', assumed = true"), "source_dropped");
    caught(ROW("id = '2', article = '第三条'"), "source_dropped");
    found(ROW("id = '1', source = '乙'"), "doubt", "source_changed");
    found(ROW("id = '3', text = '本县', source = '乙', assumed = false"), "remark",
          "default_replaced");
    caught("sources = { ['甲'] = { issuer = '县局', title = '立案标准' } }", "source_redefined");
    passes("sources = { ['乙'] = { issuer = '县局', title = '补充标准' } }");
}

TEST(staged_limits_stay)
{
    caught(ROW("id = '2', stages = { { name = '围护', limit = { 2, 'emergency_hour' } } }"),
           "stages_loosened");
    caught(ROW("id = '2', stages = { { name = '看看', limit = { 1, 'emergency_hour' } } }"),
           "stages_loosened");
    passes(ROW("id = '2', stages = { { name = '围护', limit = { 30, 'emergency_minute' } } }"));
}

#define OWN_CLASS(code)                                                                                  \
    "categories = extend(city.categories, { event = { ['" code "'] = { name = '自编', major = "        \
    "'市容环境', conditions = { { id = '1', text = '有', limit = { 9, 'work_day' }, close = '好' " \
    "} } } "                                                                                             \
    "} })"

TEST(own_codes_count_down_from_99)
{
    caught(OWN_CLASS("0149"), "code_range");
    caught(OWN_CLASS("01499"), "code_range");
    caught(OWN_CLASS("0799"), "code_range");
    passes(OWN_CLASS("0150"));
    passes(OWN_CLASS("01999"));
}

TEST(steps_of_the_city_are_locked)
{
    caught("flow = { city.flow[1], city.flow[2], city.flow[3] }", "step_dropped");
    caught(STEP("urge", "from = 'disposing', to = 'closed', role = 'dispatcher'"), "step_changed");
    caught(
        STEP("urge", "from = 'disposing', to = 'stay', role = 'dispatcher', may = { u = 'unit' }"),
        "step_changed");
    caught(STEP("urge", "from = 'disposing', to = 'stay', role = 'unit'"), "role_widened");
    caught(DEFER("role = 'unit', need = { days = 'int' }"), "condition_dropped");
    caught(DEFER("role = 'unit', holder = true"), "field_dropped");
    caught(DEFER("role = 'unit', holder = true, may = { days = 'int' }"), "field_dropped");
    passes(DEFER(
        "role = 'unit', holder = true, before_due = true, need = { days = 'int', r = 'text' }"));
}

TEST(own_steps_stand_only_where_the_city_marked_a_point)
{
    passes("steps = { step { action = 'look', from = 'accepted', to = 'stay', role = 'chief' } }");
    caught("steps = { step { action = 'look', from = 'filed', to = 'stay', role = 'chief' } }",
           "locked_step");
    caught("steps = { step { action = 'look', from = 'accepted', to = 'closed', role = 'chief' } }",
           "locked_step");
    caught(
        "steps = { step { action = 'look', from = 'accepted', to = 'stay', role = 'chief', need = "
        "{ unit = 'unit' } } }",
        "locked_step");
    caught("points = { accepted = { 'stay', 'closed' } }", "points_changed");
}

TEST(figures_are_no_looser)
{
    caught("tables = { stages = { filed = { 2, 'work_hour' } } }", "stage_loosened");
    caught("tables = { stages = { accepted = { 2, 'work_hour' } } }", "stage_loosened");
    caught("tables = { deferral = { { before = 0, days = 4, by = 'chief' } } }",
           "deferral_loosened");
    caught("tables = { deferral = { { before = 0, days = 3, by = 'dispatcher' } } }",
           "deferral_loosened");
    caught(
        "tables = { ladder = { { to = 'chief', name = 'x' }, { to = 'leader', name = 'x', order = "
        "true, after = { 5, 'work_hour' } } } }",
        "ladder_loosened");
    caught("tables = { ladder = { { to = 'leader', name = 'x', order = true } } }",
           "ladder_loosened");
    caught("tables = { rework_clock = 'anew' }", "rework_loosened");
    caught("tables = { yellow_percent = 40 }", "lamp_loosened");
    caught("tables = { clock_hold_minutes = 11 }", "hold_loosened");
    caught("tables = { evidence = { late_min = 31, far_m = 200 } }", "evidence_loosened");
    found("tables = { other = 2 }", "doubt", "table_unknown");
    passes("tables = { deferral = { { before = 0, days = 3, by = 'leader' } } }");
    passes(
        "tables = { ladder = { { to = 'chief', name = 'x' }, { to = 'leader', name = 'x', order = "
        "true, after = { 1, 'work_hour' } }, { to = 'u-1', name = 'x', after = { 9, 'work_day' } } "
        "} }");
}

TEST(indicators_are_the_citys)
{
    caught("scoring = { indicators = { 'x/z' } }", "indicators_changed");
    caught("scoring = { fixed = 3 }", "scoring_locked");
    passes("scoring = { weights = { a = 2 }, own = 1 }");
    caught("map = { parts = { public = true, hidden = { 'price' } } }", "map_opened");
    caught("map = { parts = { public = { 'state', 'owner' }, hidden = { 'price' } } }",
           "map_opened");
    caught("map = { parts = { public = { 'state' } } }", "map_opened");
    passes("map = { parts = { public = { 'state' }, hidden = { 'price', 'year' } } }");
    passes("map = { parts = { hidden = { 'price' }, roles = { 'chief' } }, toilets = { title = "
           "'公厕', public = true } }");
}

#define CAMPAIGN(from, to, limit)                                             \
    "campaigns = { { id = 'own', name = '自办', from = '" from "', to = '" to \
    "', event = { ['0101'] = { limit = { " limit " } } } } }"

TEST(a_campaign_shortens)
{
    caught(CAMPAIGN("2027-01-01", "2027-01-31", "5, 'work_hour'"), "campaign_limit");
    caught(CAMPAIGN("2026-12-05", "2026-12-06", "2, 'work_hour'"), "campaign_limit");
    passes(CAMPAIGN("2027-01-01", "2027-01-31", "30, 'emergency_minute'"));
    caught("base = (function() local t = {} for k, v in pairs(city) do t[k] = v end t.base = nil "
           "t.campaigns = {} return county(t) end)()",
           "campaign_changed");
}

TEST(hours_may_differ_but_not_shrink)
{
    caught("hours = { week = 'Mon-Thu', shifts = { '08:30-12:00', '14:00-17:30' } }", "fewer_days");
    caught("hours = { week = 'Mon-Fri', shifts = { '08:30-12:00', '14:00-17:30' }, holidays = { "
           "['2029-05-08'] = '节' } }",
           "fewer_days");
    caught("hours = { week = 'Mon-Fri', shifts = { '08:30-12:00', '14:00-17:00' } }",
           "fewer_hours");
    found("hours = { week = 'Mon-Fri', shifts = { '08:00-12:00', '15:00-18:00' } }", "remark",
          "hours_later");
    passes("hours = { week = 'Mon-Sat', shifts = { '08:00-12:00', '14:00-17:30' } }");
}

#define ON(event, body) "on = { " event " = function(case, ctx) " body " end }"

TEST(functions_are_run_beside_the_citys)
{
    caught(ON("file", "return set { due = ctx.deadline(ctx.row.limit) + 1, because = 'x' }"),
           "later_due");
    caught(ON("urge",
              "return { city.on.urge(case, ctx)[1], city.on.urge(case, ctx)[2], set { due = "
              "case.due + 1, because = 'x' } }"),
           "later_due");
    caught(ON("file", "return"), "due_dropped");
    caught(ON("file", "return refuse { because = 'x' }"), "refuses");
    caught(ON("defer", "return ask { of = 'chief', because = 'x' }"), "lets_off");
    caught(ON("defer",
              "if ctx.body.days == 2 then return ask { of = 'dispatcher', because = 'x' } end "
              "return city.on.defer(case, ctx)"),
           "grant_lowered");
    caught(ON("urge", "return city.on.urge(case, ctx)[1]"), "order_dropped");
    caught(ON("urge", "return city.on.urge(case, ctx)[2]"), "notify_dropped");
    found(ON("accept", "return"), "doubt", "proposal_dropped");
    caught(ON("accept", "error('x')"), "handler_fails");
    caught(ON("accept", "while true do end"), "handler_fails");
    found(ON("nothing", "return"), "doubt", "handler_unproved");
    caught(
        "tables = { ladder = { { to = 'chief', name = 'x' }, { to = 'leader', name = 'x', order = "
        "true } } }, on = { time = function() end }",
        "ladder_unproved");
}

TEST(functions_that_only_add_pass)
{
    passes(ON("file", "return city.on.file(case, ctx)"));
    passes(
        ON("file",
           "return { city.on.file(case, ctx), notify { to = 'u', text = 'x', because = 'x' } }"));
    passes(ON("defer", "return refuse { because = '不延' }"));
    passes(ON("defer",
              "if ctx.body.days > 3 then return refuse { because = 'x' } end return ask { of = "
              "'leader', because = 'x' }"));
}

TEST(what_is_the_countys_to_say_is_only_told)
{
    found("small_centre = true", "remark", "small_centre");
    found("owners = { { kind = 'event', by = { 'territory', 'class' } } }", "remark", "owners");
}

TEST(a_finding_names_file_line_and_place)
{
    struct wg_findings f =
        guarded(bundle_of("categories = extend(city.categories, { event = {\n"
                          "[\"0101\"] = { conditions = { { id = '1', limit = { 5, "
                          "'work_hour' } } } } } })"),
                NULL);
    CHECK(strstr(f.items.p,
                 "\"where\":\"event.0101 条件1\",\"file\":\"990101/rules.lua\",\"line\":4"));
    wg_findings_free(&f);
}

/* ---- exemptions ---- */

#define EXEMPTION(until)                                                                \
    "[{\"number\":\"豁1号\",\"reason\":\"试点\",\"signer\":\"市局\",\"until\":\"" until \
    "\",\"check\":\"lamp_loosened\",\"where\":\"tables.yellow_percent\"}]"

TEST(an_exemption_holds_through_its_last_day)
{
    const char *fields = "tables = { yellow_percent = 40 }";
    struct wg_findings f = guarded(bundle_of(fields), EXEMPTION("2026-11-23"));
    CHECK_INT(f.count[WG_FAULT], 0);
    CHECK(strstr(f.items.p, "豁1号") && strstr(f.items.p, "市局"));
    wg_findings_free(&f);
    f = guarded(bundle_of(fields), EXEMPTION("2026-11-22"));
    CHECK_INT(f.count[WG_FAULT], 1);
    CHECK(strstr(f.items.p, "已于2026-11-22到期") != NULL);
    wg_findings_free(&f);
}

TEST(an_exemption_that_is_not_whole_or_not_used_is_told)
{
    struct wg_findings f = guarded(bundle_of("tables = { yellow_percent = 40 }"),
                                   "[{\"number\":\"豁1号\",\"check\":\"lamp_loosened\",\"where\":"
                                   "\"tables.yellow_percent\"}]");
    CHECK_INT(f.count[WG_FAULT], 2); /* the lamp, and the exemption itself */
    CHECK(strstr(f.items.p, "bad_exemption") != NULL);
    wg_findings_free(&f);
    f = guarded(bundle_of(""), EXEMPTION("2027-06-30"));
    CHECK(f.count[WG_REMARK] == 1 && strstr(f.items.p, "unused_exemption"));
    wg_findings_free(&f);
}

/* ---- side by side ---- */

TEST(the_table_says_what_is_tighter_and_by_which_document)
{
    struct wg_buf out = WG_BUF_INIT;
    struct wg_guard_opts o = {CALENDAR, NULL, NOW};
    struct pair p =
        open_pair(bundle_of(ROW("id = '1', limit = { 2, 'work_hour' }, article = '第一条'")));
    CHECK_INT(wg_guard_diff(p.city, p.county, &o, false, &out, &err), WG_OK);
    CHECK_STR(
        wg_buf_str(&out),
        "[{\"kind\":\"event\",\"code\":\"0101\",\"name\":\"暴露垃圾\",\"condition\":\"散置\","
        "\"city\":\"4工作时；结案：清走\",\"county\":\"2工作时；结案：清走\",\"change\":\"收紧\","
        "\"basis\":\"《立案标准》（市局，1号）第一条\",\"since\":\"2025-01-01\"}]");
    wg_buf_clear(&out);
    CHECK_INT(wg_guard_diff(p.city, p.county, &o, true, &out, &err), WG_OK);
    wg_buf_char(&out, '\0');
    CHECK(strstr(out.p, "\"change\":\"同\"") != NULL);
    wg_buf_free(&out);
    close_pair(&p);
}

/* ---- the counties that there are ---- */

TEST(our_counties_are_no_looser_than_their_city)
{
    static const char *const areas[] = {"341802", "341821", "341823", "341824",
                                        "341825", "341881", "341882"};
    for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        struct wg_bundle *b;
        if (wg_bundle_read("scripts", "standards", "341800", areas[i], &b, &err) != WG_OK)
            print_error("%s\n", err.text);
        struct wg_findings f = guarded(b, NULL);
        if (f.count[WG_FAULT])
            print_error("%s: %s\n", areas[i], f.items.p);
        CHECK_INT(f.count[WG_FAULT], 0);
        wg_findings_free(&f);
    }
}

RUN_ALL("workshop_guard")
