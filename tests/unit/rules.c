#include "rules_given.h"

#include <lauxlib.h>

/* ---- packs ---- */

#define PACK(fields)                                                                \
    "return county { code = '" AREA                                                 \
    "', name = '青山县', standard = 'S', number = '{year}{serial}', hours = " HOURS \
    ", flow = " FLOW ", " fields " }"

TEST(a_pack_is_read_as_data)
{
    struct wg_rules *r;
    CHECK_INT(
        load_text(
            "local base = county { number = '{year}-{serial:4}', standard = 'S', flow = " FLOW
            ", hours = " HOURS ", on = { a = function() end, b = function() end } }\n"
            "return county { base = base, code = '" AREA
            "', name = '青山县', small_centre = true, tables = { evidence = { late_min = 45 } }, "
            "categories = extend(standard 'S', { event = { ['0199'] = { name = "
            "'古民居外墙涂改', conditions = { "
            "{ id = '1', text = '被涂改', limit = { 1.5, 'work_hour' }, close = '复原', "
            "assumed = true } } } } }) }",
            &r),
        WG_OK);
    struct wg_pack *p = wg_pack_keep(wg_rules_pack(r));
    wg_rules_free(r); /* a pack outlives its state */
    CHECK_STR(p->area, AREA);
    CHECK_STR(p->name, "青山县");
    CHECK_STR(p->hours, "{\"shifts\":[\"08:30-12:00\"],\"week\":\"Mon-Fri\"}");
    CHECK(p->evidence.late_ms == 45 * WG_MINUTE_MS && p->evidence.far_m == 200);
    CHECK(p->small_centre && p->flow.count == 1 && p->class_count == 4);
    const struct wg_class *c = wg_pack_class(p, WG_EVENT, WG_S("0199"));
    CHECK(c && c->conditions == 1 && c->condition[0].assumed &&
          c->condition[0].limit.n_milli == 1500);
    CHECK_STR(c->major, "市容环境");
    CHECK_STR(c->standard, "S");
    c = wg_pack_class(p, WG_EVENT, WG_S("0101"));
    CHECK(c && wg_class_condition(c, WG_S("2")) && !wg_class_condition(c, WG_S("3")));
    CHECK_STR(wg_pack_class(p, WG_PART, WG_S("0101"))->name, "井盖");
    CHECK(!wg_pack_class(p, WG_PART, WG_S("0199")));
    struct wg_buf number = WG_BUF_INIT;
    CHECK_INT(wg_pack_number(p, 2026, 98, &number), WG_OK);
    CHECK_STR(wg_buf_str(&number), "2026-0098");
    wg_buf_free(&number);
    wg_pack_drop(p);
}

TEST(a_known_condition_changes_only_what_is_given)
{
    struct wg_rules *r;
    CHECK_INT(
        load_text(
            PACK("categories = extend(standard 'S', { event = { ['0101'] = { conditions = { "
                 "{ id = '1', limit = { 2, 'work_hour' } }, "
                 "{ id = '9', text = '新', limit = { 1, 'work_day' }, close = '好' } } } } })"),
            &r),
        WG_OK);
    const struct wg_class *c = wg_pack_class(wg_rules_pack(r), WG_EVENT, WG_S("0101"));
    CHECK_INT(c->conditions, 3);
    CHECK_INT(c->condition[0].limit.n_milli, 2000);
    CHECK_STR(c->condition[0].text, "散置");
    CHECK_INT(c->condition[1].limit.n_milli, 1500);
    CHECK_STR(c->condition[2].id, "9");
    wg_rules_free(r);
}

TEST(faults_of_a_pack_name_place_and_field)
{
    refused(PACK("categories = standard 'T'"), "standard: there is no class of 'T'");
    refused(PACK("categorie = 1"), AREA "/rules.lua:1: county: there is no field 'categorie'");
    refused(PACK("on = 1"), "county: on must be a table, this is a number");
    refused(PACK("on = { report = 1 }"), "on.report must be a function");
    refused(PACK("base = {}"), "base must be what another county{...} gave");
    refused(PACK("tables = { evidence = { late = 5 } }"), "evidence: is {late_min =, far_m =}");
    refused(PACK("tables = { evidence = { far_m = 1.5 } }"), "evidence: is {late_min");
    refused(PACK("tables = { evidence = 5 }"), "evidence: is missing");
    refused(PACK("tables = { stages = { nowhere = { 1, 'work_hour' } } }"),
            "stages: the fields are states");
    refused(PACK("tables = { stages = { filed = { 1, 'moon' } } }"), "stages: its unit is");
    refused(PACK("tables = { yellow_percent = 101 }"), "yellow_percent: is a whole number");
    refused(PACK("tables = { rework_clock = 'later' }"), "rework_clock: is \"remaining\" or");
    refused(PACK("base = county { tables = { twin = {} } }, tables = { twins = {} }"),
            "county: tables.twins: the base has no such table");
    refused(PACK("small_centre = false"), AREA "/rules.lua:1: categories: is missing");
    refused("return county { code = '990199' }", "name: must be a text");
    refused(
        "return county { code = '990199', name = 'x', standard = 'S', number = '{year}{serial}' }",
        "code: must be the area of the bundle");
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{serial}' }",
            "number: is text with");
    refused("return county { code = '" AREA
            "', name = 'x', standard = 'S', number = '{year}{serial:x}' }",
            "number: ");
}

TEST(faults_of_a_class_name_the_class)
{
    refused(
        PACK("categories = extend(standard 'S', { event = { ['0199'] = { conditions = {} } } })"),
        "extend: there is no class 0199");
    refused(PACK("categories = extend(standard 'S', { events = {} })"),
            "there are only part and event");
    refused(PACK("categories = extend(standard 'S', { event = { ['0799'] = { name = 'x', "
                 "conditions = {} } } })"),
            "categories.event.0799: no class of the standard has this major");
    refused(PACK("categories = extend(standard 'S', { event = { ['1'] = { name = 'x', conditions = "
                 "{} } } })"),
            "categories.event.1: a code has four digits");
    refused(PACK("categories = extend(standard 'S', { event = { ['0199'] = { name = 'x' } } })"),
            "categories.event.0199.conditions: a list");
#define ONE(row)                                                                                \
    PACK("categories = extend(standard 'S', { event = { ['0199'] = { name = 'x', conditions = " \
         "{ " row " } } } })")
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 4, 'week' } }"),
            "categories.event.0199.limit: its unit is");
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 0, 'work_day' } }"), "above 0");
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 1.0005, 'work_day' } }"),
            "three decimals");
    refused(ONE("{ id = '1', text = 't', limit = { 1, 'work_day' } }"),
            "categories.event.0199.close: must be a text");
    refused(ONE("{ id = '1', text = 't', close = 'c', limt = 1 }"),
            "categories.event.0199.limt: there is no such field");
}

TEST(hours_and_flow_are_checked_while_loading)
{
    refused("return county { code = '" AREA
            "', name = 'x', standard = 'S', number = '{year}{serial}', "
            "hours = { week = 'Mon-Fri', shifts = { '25:00-26:00' } } }",
            AREA "/rules.lua:1: hours: ");
    refused("return county { code = '" AREA
            "', name = 'x', standard = 'S', number = '{year}{serial}', hours = " HOURS
            ", flow = { { action = 'report', to = 'nowhere', role = 'collector' } } }",
            "flow: flow row 1 (report)");
    refused("return county { code = '" AREA
            "', name = 'x', standard = 'S', number = '{year}{serial}', "
            "hours = { week = function() end } }",
            "a function can't be data");
}

/* ---- bundles ---- */

TEST(a_bundle_comes_back_from_its_text_with_the_same_revision)
{
    struct wg_bundle *b, *again;
    struct wg_buf text = WG_BUF_INIT;
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", "341824", &b, &err), WG_OK);
    wg_bundle_json(b, &text);
    CHECK_INT(wg_bundle_parse(wg_buf_str(&text), &again, &err), WG_OK);
    CHECK_TEXT(wg_bundle_rev(b), wg_bundle_rev(again));
    CHECK_INT(wg_bundle_files(b), wg_bundle_files(again));
    CHECK_INT(strlen(wg_bundle_rev(b)), WG_SHORT_TEXT);
    wg_bundle_drop(again);
    wg_buf_char(&text, ' ');
    CHECK_INT(wg_bundle_parse(wg_buf_str(&text), &again, &err), WG_EINVAL);
    wg_buf_free(&text);
    wg_bundle_drop(b);
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", "341899", &b, &err), WG_ENOENT);
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", "../etc", &b, &err), WG_EINVAL);
}

TEST(a_bundle_holds_only_its_own_files)
{
    static const char *const names[] = {"341825/rules.lua", "std/../x.lua", "std/a.txt",
                                        "rules.lua", "standards/x.csv"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK(bundle_of((struct file[]){{AREA "/rules.lua", ""}, {names[i], ""}}, 2, &err) == NULL);
        CHECK_INT(err.code, WG_EINVAL);
    }
    CHECK(bundle_of((struct file[]){{AREA "/rules.lua", ""}, {AREA "/rules.lua", ""}}, 2, &err) ==
          NULL);
}

static void count_line(void *arg, const char *line)
{
    (void)line;
    ++*(int *)arg;
}

TEST(every_county_of_the_repository_loads_and_passes_its_tests)
{
    static const char *const areas[] = {"341800", "341802", "341821", "341823",
                                        "341824", "341825", "341881", "341882"};
    for (size_t i = 0; i < 8; i++) {
        struct wg_bundle *b;
        struct wg_rules *r;
        struct wg_test_sum sum = {0};
        int lines = 0;
        CHECK_INT(wg_bundle_read("scripts", "standards", "341800", areas[i], &b, &err), WG_OK);
        int rc = wg_rules_new(b, NULL, NULL, &r, &err);
        if (rc == WG_OK)
            rc = wg_rules_test(r, &(struct wg_test_opts){.say = count_line, .arg = &lines}, &sum,
                               &err);
        if (rc < 0)
            print_error("%s: %s\n", areas[i], err.text);
        CHECK_INT(rc, WG_OK);
        CHECK(sum.ran >= 8 && lines == (int)sum.ran);
        const struct wg_pack *p = wg_rules_pack(r);
        for (size_t k = 0; k < p->class_count; k++)
            CHECK(p->classes[k].conditions > 0); /* every class can be filed */
        wg_rules_free(r);
        wg_bundle_drop(b);
    }
}

/* ---- deciding ---- */

TEST(no_handler_decides_nothing)
{
    struct wg_rules *r = rules_with("", "");
    CHECK_INT(decide(r, "close"), WG_OK);
    CHECK_INT(facts.n + outs.n, 0);
    done(r);
}

TEST(each_maker_writes_its_outcome_with_text_file_and_line)
{
    struct wg_rules *r =
        rules_with("", "return {\npropose { unit = 'u-1', because = '甲' },\n"
                       "propose { merge_into = '990101-2026-000001', because = '乙' },\n"
                       "propose { dispute = true, because = '丙' },\n"
                       "set { stage_due = 2, due = 1, because = '丁' },\n"
                       "notify { to = 'leader', text = 't\\n', because = '戊' } }");
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&outs),
              "{\"k\":\"set\",\"proposed\":\"u-1\",\"why\":[\"甲\",\"990101/rules.lua\",4]},"
              "{\"k\":\"propose\",\"merge_into\":\"990101-2026-000001\",\"why\":[\"乙\",\"990101/"
              "rules.lua\",5]},"
              "{\"k\":\"propose\",\"dispute\":true,\"why\":[\"丙\",\"990101/rules.lua\",6]},"
              "{\"k\":\"set\",\"due\":1,\"stage_due\":2,\"why\":[\"丁\",\"990101/rules.lua\",7]},"
              "{\"k\":\"notify\",\"to\":\"leader\",\"text\":\"t\\n\",\"why\":[\"戊\",\"990101/"
              "rules.lua\",8]}");
    done(r);
}

TEST(a_refusal_refuses_with_its_reason_and_leaves_nothing_behind)
{
    struct wg_rules *r = rules_with(
        "", "local d = ctx.deadline({ 1, 'work_day' }) return { set { due = d, because = 'x' }, "
            "refuse { because = '不在管辖范围' } }");
    CHECK_INT(decide(r, "report"), WG_EDENIED);
    CHECK_TEXT(err.text, "不在管辖范围");
    CHECK_INT(facts.n + outs.n, 0);
    done(r);
    holds("", "local not_returned = refuse { because = 'x' }");
}

TEST(a_maker_checks_what_it_is_given_where_it_stands)
{
    dies("", "return set { due = 1.5, because = 'x' }", "3",
         "set: due must be a moment, a whole number");
    dies("", "return set { due = -1, because = 'x' }", "3", "whole number of ms");
    dies("", "return set { because = 'x' }", "3", "give due, stage_due or next");
    dies("", "return set { due = 1 }", "3", "set: because is missing");
    dies("", "return set { due = 1, because = '' }", "3", "not empty");
    dies("", "return set { due = 1, because = ('x'):rep(501) }", "3", "more than 500 bytes");
    dies("", "return set { due = 1, because = 'x', state = 'closed', a = 1 }", "3",
         "there is no field 'a'");
    dies("", "return set { due = 1, because = ('中'):sub(1, 2) }", "3", "because is not UTF-8");
    dies("", "return propose { because = 'x' }", "3", "one of unit, merge_into and dispute");
    dies("", "return propose { unit = 'a', merge_into = 'b', because = 'x' }", "3", "one of");
    dies("", "return propose { unit = { 'a' }, because = 'x' }", "3", "unit must be a text");
    dies("", "return propose { 'a', because = 'x' }", "3", "fields have names");
    dies("", "for i = 1, 100 do set { due = i, because = 'x' } end", "3", "at most 64 outcomes");
    refused("local x = set { due = 1, because = 'x' }",
            "set works only in a function that decides");
}

TEST(only_what_makers_made_can_be_returned)
{
    dies("", "return { k = 'go', to = 'closed' }", "2", "list with a gap or with names");
    dies("", "return 'closed'", "2", "on.report: must return what propose");
    dies("", "return { { k = 'set', due = 1 } }", "2", "must return what propose");
    dies("", "return { set { due = 1, because = 'x' }, nil, set { due = 2, because = 'x' } }", "2",
         "with a gap");
    dies("", "local s = set { due = 1, because = 'x' } return { s, s }", "2", "an outcome twice");
    dies("", "return { case }", "2", "must return what propose");
}

TEST(case_and_ctx_show_fields_and_no_words)
{
    struct wg_err e;
    struct wg_rules *r = rules_with(
        "",
        "assert(case.id == '990101-2026-000012' and case.kind == 'event' and case.state == "
        "'accepted')\n"
        "assert(case.category == '0101' and case.source == 'public' and case.rework == 2 and "
        "case.part == nil)\n"
        "assert(case.street == '990101001' and case.community == '990101001002' and case.area == "
        "'" AREA "')\n"
        "assert(case.lon_e7 == 1185940000 and case.version == 3 and case.send_backs == 0 and "
        "case.due == nil)\n"
        "assert(ctx.now == 1772787600000 and ctx.role == 'chief' and ctx.by == 'a-001' and "
        "ctx.by_unit == nil)\n"
        "assert(ctx.class.name == '暴露垃圾' and ctx.class.code == '0101' and ctx.class.major == "
        "'市容环境')\n"
        "assert(ctx.row.id == '2' and ctx.row.limit[1] == 1.5 and ctx.row.limit[2] == 'work_day')\n"
        "assert(ctx.row.close == '清走' and not ctx.row.assumed and ctx.unit('u-x') == nil)\n"
        "assert(ctx.body.result == 'pass' and ctx.body.list[2] == 'b' and ctx.body.none == nil)\n"
        "assert(ctx.body.description == nil and ctx.body.caller == nil and ctx.body.note == nil)");
    arena = wg_arena_new(0);
    CHECK_INT(
        wg_json_parse(
            arena,
            WG_S("{\"result\":\"pass\",\"list\":[\"a\",\"b\"],\"none\":null,\"description\":\"x\","
                 "\"caller\":{\"name\":\"x\"},\"note\":\"x\"}"),
            &body_tree, &e),
        WG_OK);
    int rc = decide(r, "report");
    if (rc < 0)
        print_error("%s\n", err.text);
    CHECK_INT(rc, WG_OK);
    done(r);
    dies("", "return case.description", "3", "case has no field 'description'");
    dies("", "return case.caller", "3", "case has no field 'caller'");
    dies("", "return ctx.nows", "3", "ctx has no field 'nows'");
    dies("", "case.unit = 'u-1'", "3", "rules can't change 'unit'");
    dies("", "ctx.body.x = 1", "3", "rules can't change 'x'");
    dies("", "return ctx.row.limits", "3", "row has no field 'limits'");
}

TEST(questions_and_answers_are_written_down)
{
    struct wg_rules *r = rules_with(
        "",
        "local a = ctx.deadline(ctx.row.limit) local b = ctx.deadline({ 4, 'work_hour' }, 5)\n"
        "local c, d = ctx.responsible(case), ctx.near { category = case.category, within_m = 30 }\n"
        "assert(ctx.unit('u') == nil and c.unit == 'u-cg' and d[1].distance_m == 7)\n"
        "return set { due = a, because = c.duty }");
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&facts),
              "[\"deadline\",[1772787600000,1500,\"work_day\"],1773018000000],[\"deadline\",[5,"
              "4000,\"work_hour\"],1773018000000],"
              "[\"responsible\",[\"event\",\"0101\",null,1185940000,300650000],{\"unit\":\"u-cg\","
              "\"by\":\"duty\",\"duty\":\"d-1\"}],"
              "[\"near\",[1185940000,300650000,30,\"event\",\"0101\",true],[{\"id\":\"990101-2026-"
              "000001\",\"distance_m\":7,"
              "\"state\":\"filed\",\"category\":\"0101\"}]],[\"unit\",[\"u\"],null]");
    CHECK_INT(asked, 5);
    done(r);
    dies("", "return ctx.responsible_near(case, 50)", "3", "responsible_near: nobody knows");
    dies("", "return ctx.responsible({})", "3", "this must be the case");
    dies("", "return ctx.near { within = 3 }", "3", "there is no field 'within'");
    dies("", "return ctx.near { within_m = 1000000 }", "3", "0 to 5000 metres");
    dies("", "return ctx.deadline({ 4, 'week' })", "3", "unit is emergency_minute");
    dies("", "return ctx.deadline(4)", "3", "a limit is {number");
}

TEST(the_same_facts_give_the_same_bytes_without_a_world)
{
    struct wg_rules *r =
        rules_with("", "local near = ctx.near { within_m = 30 } local s = ''\n"
                       "for k, v in pairs(near[1]) do s = s .. k .. '=' .. v .. ' ' end\n"
                       "return set { due = ctx.deadline(ctx.row.limit), because = s .. "
                       "ctx.responsible(case).unit }");
    struct wg_rules *other =
        rules_with("", "local near = ctx.near { within_m = 30 } local s = ''\n"
                       "for k, v in pairs(near[1]) do s = s .. k .. '=' .. v .. ' ' end\n"
                       "return set { due = ctx.deadline(ctx.row.limit), because = s .. "
                       "ctx.responsible(case).unit }");
    char first_facts[2048], first_outs[2048], list[2060];
    struct wg_json *given;
    struct wg_arena *own = wg_arena_new(0);
    CHECK_INT(decide(r, "report"), WG_OK);
    snprintf(first_facts, sizeof(first_facts), "%.*s", WG_PRI(wg_buf_str(&facts)));
    snprintf(first_outs, sizeof(first_outs), "%.*s", WG_PRI(wg_buf_str(&outs)));
    snprintf(list, sizeof(list), "[%s]", first_facts);
    CHECK_INT(wg_json_parse(own, wg_str_of(list), &given, &err), WG_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(decide_by(i ? other : r, "report", i == 2 ? &world : NULL, given), WG_OK);
        CHECK_INT(asked, 0);
        CHECK_STR(wg_buf_str(&facts), first_facts);
        CHECK_STR(wg_buf_str(&outs), first_outs);
    }
    given->child = given->child->next; /* one fact is lost */
    CHECK_INT(decide_by(r, "report", NULL, given), WG_ENOENT);
    CHECK_TEXT(err.text,
               AREA "/rules.lua:3: not known: near [1185940000,300650000,30,\"event\",null,true]");
    wg_arena_free(own);
    wg_rules_free(other);
    done(r);
}

/* ---- plugins ---- */

static int plugin_calls;
static int call_parts(struct wg_call *call)
{
    struct wg_str text;
    int64_t n = 1;
    plugin_calls++;
    if (wg_call_str(call, 1, &text) < 0)
        return wg_call_fail(call, "a text is needed");
    wg_call_int(call, 2, &n);
    wg_call_answer_int(call, (int64_t)text.n * n);
    wg_call_answer_str(call, text);
    return WG_OK;
}
static const struct wg_plugin sms = {
    .abi = WG_ABI,
    .name = "sms",
    .brief = "a test",
    .lua =
        (const struct wg_luafn[]){{"sms.parts", call_parts, "sms.parts(text) -> n", "bytes"}, {0}}};
static const struct wg_plugin *const plugin_list[] = {&sms, NULL};

TEST(a_plugins_function_is_asked_once_and_then_known)
{
    struct wg_rules *r;
    struct wg_json *given;
    struct wg_arena *own = wg_arena_new(0);
    struct file files[] = {
        {AREA "/rules.lua",
         pack_text(text_space, sizeof(text_space), "",
                   "local n, s = sms.parts('abc', 2) return set { due = n, because = s }")},
        {"standards/classes.csv", CLASSES},
        {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 3, plugin_list, &r), WG_OK);
    plugin_calls = 0;
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&facts), "[\"sms.parts\",[\"abc\",2],[6,\"abc\"]]");
    CHECK_INT(wg_json_parse(own, WG_S("[[\"sms.parts\",[\"abc\",2],[7,\"abd\"]]]"), &given, &err),
              WG_OK);
    CHECK_INT(decide_by(r, "report", NULL, given), WG_OK);
    CHECK_STR(wg_buf_str(&outs),
              "{\"k\":\"set\",\"due\":7,\"why\":[\"abd\",\"990101/rules.lua\",3]}");
    CHECK_INT(plugin_calls, 1);
    CHECK_INT(decide_by(r, "report", NULL, NULL), WG_ENOENT);
    wg_arena_free(own);
    done(r);
}

TEST(a_plugins_failure_is_the_rules_failure)
{
    struct wg_rules *r;
    struct file files[] = {
        {AREA "/rules.lua", pack_text(text_space, sizeof(text_space), "", "\nreturn sms.parts(1)")},
        {"standards/classes.csv", CLASSES},
        {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 3, plugin_list, &r), WG_OK);
    CHECK_INT(decide(r, "report"), WG_ERULE);
    CHECK_TEXT(err.text, AREA "/rules.lua:4: sms.parts: a text is needed");
    done(r);
}

/* ---- the bundle's own tests ---- */

static int try_tests(const char *tests)
{
    struct wg_rules *r;
    struct wg_test_sum sum;
    struct file files[] = {
        {AREA "/rules.lua",
         pack_text(
             text_space, sizeof(text_space), "",
             "return set { due = ctx.deadline(ctx.row.limit), because = '按条件' .. ctx.row.id }")},
        {AREA "/tests.lua", tests},
        {"standards/classes.csv", CLASSES},
        {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 4, NULL, &r), WG_OK);
    struct wg_err said = {0};
    int rc = wg_rules_test(r, NULL, &sum, &said);
    CHECK_INT(decide(r, "ping"), WG_OK); /* in force again */
    done(r);
    err = said;
    return rc;
}

#define GIVEN                                                                            \
    "name = 'n', on = 'report', case = { category = '0101' }, row = '1', answers = { { " \
    "'deadline', 7 } }"

TEST(a_test_says_what_did_not_come)
{
    CHECK_INT(
        try_tests("return { { " GIVEN ", want = { { k = 'set', due = 7, because = '条件1' } } } }"),
        WG_OK);
    CHECK_INT(try_tests("return { { " GIVEN ", want = { { k = 'set', due = 8 } } } }"), WG_ERULE);
    CHECK(strstr(err.text,
                 "990101/tests.lua:1: \"n\": want is not what came: [{\"k\":\"set\",\"due\":7") !=
          NULL);
    CHECK_INT(try_tests("return { { " GIVEN " } }"),
              WG_ERULE); /* something came, nothing was wanted */
    CHECK_INT(try_tests("return { { " GIVEN ", wants = { 1 } } }"), WG_ERULE);
    CHECK(strstr(err.text, "a test has no field wants") != NULL);
    CHECK_INT(
        try_tests("return { { " GIVEN ", asked = { { 'deadline', { 1, 2, 'work_day' } } } } }"),
        WG_ERULE);
    CHECK(strstr(err.text, "asked is not what came") != NULL);
    CHECK_INT(try_tests("return { { name = 'n', on = 'ping', answers = { { 'deadline', 7 } }, want "
                        "= { { k = 'notify' } } } }"),
              WG_ERULE);
    CHECK(strstr(err.text, "an answer that no rule asked for") != NULL);
    CHECK_INT(try_tests("return { { name = 'n', on = 'report', case = { category = '0101' }, row = "
                        "'1', fails = 'no answer' } }"),
              WG_ERULE); /* the calendar has one */
    CHECK_INT(try_tests("x = 1"), WG_ERULE);
    CHECK_INT(try_tests("return county {}"), WG_ERULE);
    CHECK_INT(try_tests("while true do end"), WG_ERULE);
}

/* ---- its documentation ---- */

static void check_row(void *arg, const char *name, const char *usage, const char *brief)
{
    CHECK(name && *name && usage && *usage && brief && *brief);
    ++*(int *)arg;
}

TEST(everything_rules_see_has_usage_and_brief)
{
    int rows = 0;
    wg_rules_api(check_row, &rows);
    CHECK(rows > 80);
}

static struct wg_buf meta;

static void names_row(void *arg, const char *name, const char *usage, const char *brief)
{
    char call[80];
    const char *leaf = strrchr(name, '.');
    (void)arg;
    (void)usage;
    CHECK(strstr(meta.p, brief) != NULL);
    snprintf(call, sizeof(call), "function %s(", name);
    if (strstr(meta.p, call))
        return;
    CHECK(leaf != NULL); /* a field of case, ctx, row or class */
    snprintf(call, sizeof(call), "---@field %s ", leaf + 1);
    CHECK(strstr(meta.p, call) != NULL);
}

TEST(an_editor_s_definition_file_is_lua_and_names_everything)
{
    lua_State *L = luaL_newstate();
    wg_rules_meta(&meta);
    CHECK_INT(luaL_loadbufferx(L, meta.p, meta.n, "meta", "t"), LUA_OK);
    lua_close(L);
    wg_buf_char(&meta, '\0');
    CHECK(strncmp(meta.p, "---@meta\n", 9) == 0);
    wg_rules_api(names_row, NULL);
    CHECK(strstr(meta.p, "---@field on? table<string, wangge.handler>") != NULL);
    CHECK(strstr(meta.p, "---@param from_ms? integer\n") != NULL);
    CHECK(strstr(meta.p, "---@field campaigns? any\n") != NULL);
    wg_buf_free(&meta);
}

/* Garbage goes between calls. */
TEST(twenty_thousand_decisions_stay_in_their_memory)
{
    struct wg_rules *r =
        rules_with("", "local t = {} for i = 1, 20 do t[i] = { i, 'x' .. i } end\n"
                       "return set { due = ctx.deadline(ctx.row.limit), because = t[20][2] }");
    for (int i = 0; i < 20000; i++) {
        CHECK_INT(decide(r, "report"), WG_OK);
        wg_arena_reset(arena);
    }
    done(r);
}

RUN_ALL("rules")
