/* Tables 立案结案标准: what a county exports it imports again, and its slips are told by row and
 * column. */
#include "test.h"

#include "workshop/workshop.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

#define AREA "341825"
#define RULES                                                                                \
    "return county { base = require '341800.rules', code = '" AREA "', name = '旌德县', " \
    "categories = require '" AREA ".categories' }"
#define HEAD "类别,大类代码,大类名称,小类代码,小类名称,序号,立案条件,处置时限,结案条件,依据\n"

/* ---- given: the city, and a county made of a categories.lua ---- */

static struct wg_err err;

static struct wg_rules *rules_of(const char *area)
{
    struct wg_bundle *b = NULL;
    struct wg_rules *r = NULL;
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", area, &b, &err), WG_OK);
    CHECK_INT(wg_rules_new(b, NULL, NULL, &r, &err), WG_OK);
    wg_bundle_drop(b);
    return r;
}

static struct wg_rules *county_of(struct wg_bundle *base, struct wg_str lua)
{
    struct wg_bundle_file own[] = {{WG_S(AREA "/categories.lua"), lua},
                                   {WG_S(AREA "/rules.lua"), WG_S(RULES)}};
    struct wg_bundle *b = NULL;
    struct wg_rules *r = NULL;
    if (wg_bundle_over(base, "341800", AREA, own, 2, &b, &err) < 0 ||
        wg_rules_new(b, NULL, NULL, &r, &err) < 0)
        print_error("%s\n%.*s\n", err.text, WG_PRI(lua));
    wg_bundle_drop(b);
    CHECK(r != NULL);
    return r;
}

static struct wg_findings found;
static struct wg_sheet_changes changes;

static int read_sheet(struct wg_str text, struct wg_rules *city, struct wg_buf *lua)
{
    wg_findings_free(&found);
    wg_buf_clear(lua);
    return wg_sheet_read(text, wg_rules_pack(city), lua, &changes, &found);
}

static void reads(struct wg_str text, struct wg_rules *city, struct wg_buf *lua)
{
    int rc = read_sheet(text, city, lua);
    if (rc < 0)
        print_error("%.*s\n", (int)found.items.n, found.items.p);
    CHECK_INT(rc, WG_OK);
}

static void same(const struct wg_buf *a, const struct wg_buf *b)
{
    CHECK(wg_buf_ok(a) && wg_buf_ok(b));
    CHECK_STR(wg_buf_str(a), wg_buf_str(b).p ? wg_buf_str(b).p : "");
}

/* ---- round trips ---- */

/* Written, read, loaded, written: the same bytes; read again: the same Lua. */
static void goes_round(struct wg_rules *county, struct wg_rules *city, struct wg_bundle *base,
                       bool own)
{
    const struct wg_pack *c = wg_rules_pack(city), *only = own ? c : NULL;
    struct wg_buf one = WG_BUF_INIT, two = WG_BUF_INIT, lua = WG_BUF_INIT, again = WG_BUF_INIT;
    wg_sheet_write(wg_rules_pack(county), only, &one);
    wg_buf_char(&one, '\0');
    one.n--;
    reads(wg_buf_str(&one), city, &lua);
    struct wg_rules *r = county_of(base, wg_buf_str(&lua));
    wg_sheet_write(wg_rules_pack(r), only, &two);
    wg_buf_char(&two, '\0');
    two.n--;
    same(&one, &two);
    reads(wg_buf_str(&two), city, &again);
    CHECK(wg_str_eq(wg_buf_str(&lua), wg_buf_str(&again)));
    wg_rules_free(r);
    wg_buf_free(&one);
    wg_buf_free(&two);
    wg_buf_free(&lua);
    wg_buf_free(&again);
}

TEST(each_county_s_table_comes_back_as_it_went)
{
    static const char *const areas[] = {"341800", "341802", "341821", "341823",
                                        "341824", "341825", "341881", "341882"};
    struct wg_rules *city = rules_of("341800");
    struct wg_bundle *base = NULL;
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", "341800", &base, &err), WG_OK);
    for (size_t i = 0; i < 8; i++) {
        struct wg_rules *r = rules_of(areas[i]);
        goes_round(r, city, base, false);
        goes_round(r, city, base, true);
        wg_rules_free(r);
    }
    wg_bundle_drop(base);
    wg_rules_free(city);
}

TEST(the_city_s_own_table_says_nothing_beyond_the_city)
{
    struct wg_rules *city = rules_of("341800");
    struct wg_buf text = WG_BUF_INIT, lua = WG_BUF_INIT;
    wg_sheet_write(wg_rules_pack(city), NULL, &text);
    reads(wg_buf_str(&text), city, &lua);
    wg_buf_char(&lua, '\0');
    CHECK(strstr(lua.p, "extend(city.categories, {\n})\n") != NULL);
    CHECK_INT(changes.added + changes.tightened + changes.loosened + changes.reworded, 0);
    wg_buf_free(&text);
    wg_buf_free(&lua);
    wg_rules_free(city);
}

/* ---- random tables, as people keep them ---- */

static uint64_t seed = 20261123;
static size_t any(size_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % below;
}

static void some_words(struct wg_buf *out)
{
    static const char *const pieces[] = {"古树", "，", ",",  "\"\"", "\n",  " ",    "=1+1", "'",
                                         "；",   "\\", "]]", "🀄",    "%s",  "{id}", "-",    "@",
                                         "墙面", "--", "\t", "巷道", "1.5", "　",   "“",    "\r\n"};
    wg_buf_lit(out, "\"");
    wg_buf_lit(out, "见");
    for (size_t n = any(6); n > 0; n--)
        wg_buf_str_add(out, wg_str_of(pieces[any(sizeof(pieces) / sizeof(pieces[0]))]));
    wg_buf_lit(out, "\"");
}

static void some_limit(struct wg_buf *out)
{
    static const char *const words[] = {
        "4工作时",      "2 紧急工作时",     "1.5 工作日",    "30分钟紧急",       "３个工作日",
        "1 紧急工作日", "0.125 紧急工作时", "12自然小时",    "8 小时",           "2工作小时",
        "90紧急分钟",   "1小时（紧急）",    "\"2\n工作时\"", "15 紧急工作分钟 ", "2.5紧急小时"};
    wg_buf_str_add(out, wg_str_of(words[any(sizeof(words) / sizeof(words[0]))]));
}

/* A row; the cells of the class stay empty below its first one, as where cells were merged. */
static void some_row(struct wg_buf *out, const char *kind, struct wg_str code, struct wg_str name,
                     bool first, struct wg_str id, bool formula)
{
    if (first || any(3) == 0)
        wg_buf_fmt(out, "%s,%.2s,,%.*s,%.*s", kind, code.p, WG_PRI(code), WG_PRI(name));
    else
        wg_buf_lit(out, ",,,,");
    wg_buf_fmt(out, ",%.*s,", WG_PRI(id));
    if (formula)
        wg_buf_lit(out, "'=SUM(A1)");
    else
        some_words(out);
    wg_buf_char(out, ',');
    some_limit(out);
    wg_buf_char(out, ',');
    some_words(out);
    wg_buf_str_add(out, any(2) ? WG_S(",") : WG_S(",某县补充标准"));
    wg_buf_str_add(out, any(2) ? WG_S(",第三条,") : WG_S(",,"));
    wg_buf_str_add(out, any(3) ? WG_S(",") : WG_S("围护 1紧急工作时；修复 2工作日 u-sz,"));
    wg_buf_str_add(out, any(3) == 0 ? WG_S("是") : any(2) ? WG_S("否") : WG_S(""));
    wg_buf_str_add(out, any(2) ? WG_S("\n") : WG_S("\r\n"));
}

static void some_table(const struct wg_pack *city, struct wg_buf *out)
{
    if (any(2))
        wg_buf_lit(out, "某县立案结案标准,,,,,,,,,,,,\n\n");
    wg_buf_lit(out, "类别,大类代码,大类名称,小类代码,小类名称,序号,立案条件,处置时限,结案条件,依据,"
                    "条款,分段时限,推定\n");
    for (size_t i = any(20); i < city->class_count; i += 1 + any(30)) {
        const struct wg_class *c = &city->classes[i];
        const char *kind = c->kind == WG_PART ? "部件" : "事件";
        for (size_t k = 0; k < c->conditions; k++)
            some_row(out, kind, c->code, c->name, k == 0, c->condition[k].id, any(9) == 0);
        if (any(3) == 0)
            some_row(out, kind, c->code, c->name, false, WG_S("99"), false);
    }
    for (size_t i = any(4); i > 0; i--) {
        char code[8];
        snprintf(code, sizeof(code), "%02d%d", (int)i, 90 + (int)any(9));
        for (size_t k = 0; k < 1 + any(3) * (i > 1); k++) {
            char id[8];
            snprintf(id, sizeof(id), "%zu", k + 1);
            some_row(out, "事件", wg_str_of(code), WG_S("\"本地, 小类\""), true, wg_str_of(id),
                     k == 1);
        }
    }
}

TEST(random_tables_come_back_as_they_went)
{
    struct wg_rules *city = rules_of("341800");
    struct wg_bundle *base = NULL;
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", "341800", &base, &err), WG_OK);
    for (int i = 0; i < 30; i++) {
        struct wg_buf text = WG_BUF_INIT, lua = WG_BUF_INIT;
        some_table(wg_rules_pack(city), &text);
        reads(wg_buf_str(&text), city, &lua);
        struct wg_rules *r = county_of(base, wg_buf_str(&lua));
        goes_round(r, city, base, true);
        goes_round(r, city, base, false);
        wg_rules_free(r);
        wg_buf_free(&text);
        wg_buf_free(&lua);
    }
    wg_bundle_drop(base);
    wg_rules_free(city);
}

/* ---- as people keep them ---- */

static void gives(const char *table, const char *part)
{
    struct wg_rules *city = rules_of("341800");
    struct wg_buf lua = WG_BUF_INIT;
    reads(wg_str_of(table), city, &lua);
    wg_buf_char(&lua, '\0');
    if (!strstr(lua.p, part))
        print_error("%s\n", lua.p);
    CHECK(strstr(lua.p, part) != NULL);
    wg_buf_free(&lua);
    wg_rules_free(city);
}

TEST(limits_are_read_as_people_write_them)
{
    static const char *const pairs[][2] = {{"2 紧急工作小时", "{ 2, \"emergency_hour\" }"},
                                           {"30分钟紧急", "{ 30, \"emergency_minute\" }"},
                                           {"３ 个 工作时", "{ 3, \"work_hour\" }"},
                                           {"0.5工作日", "{ 0.5, \"work_day\" }"},
                                           {"１．５工作小时", "{ 1.5, \"work_hour\" }"},
                                           {"1紧急工作日", "{ 1, \"emergency_day\" }"},
                                           {"3小时", "{ 3, \"calendar_hour\" }"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char table[600];
        snprintf(table, sizeof(table), HEAD "事件,1,,10,暴露垃圾,1,公共场所散置生活垃圾,%s,清走,\n",
                 pairs[i][0]);
        gives(table, pairs[i][1]);
    }
}

TEST(number_and_unit_may_stand_apart)
{
    gives("类别,小类代码,小类名称,序号,立案条件,时限,单位,结案条件\n"
          "事件,0110,暴露垃圾,1,公共场所散置生活垃圾,2,工作时,清走\n",
          "{ id = \"1\", limit = { 2, \"work_hour\" } },");
}

TEST(merged_cells_are_filled_down_and_eaten_zeros_come_back)
{
    gives(HEAD "事件,1,市容环境,103,违章接坡,1,道路上搭临时坡,4工作时,清走,\n"
               ",,,,,2,道路上做固定坡,2工作日,拆走,\n"
               ",,,99,茶市晾晒,1,占道晾晒,1工作时,清走,\n,,,,,2,再次占道,1工作时,清走,\n",
          "[\"0199\"] = {\n      name = \"茶市晾晒\",\n      conditions = {\n        { id = \"1\", "
          "text = "
          "\"占道晾晒\", limit = { 1, \"work_hour\" }, close = \"清走\" },\n        { id = \"2\"");
    CHECK(changes.added == 2 && changes.tightened == 2 && changes.loosened == 0);
}

TEST(what_is_longer_than_the_city_s_counts_as_loosened)
{
    gives(HEAD "事件,01,,0110,暴露垃圾,1,公共场所散置生活垃圾,5工作时,清走,\n",
          "{ 5, \"work_hour\" }");
    CHECK_INT(changes.loosened, 1);
    gives(HEAD "部件,05,,0509,文物古迹,1,市级默认：文物古迹,1紧急工作日,修好或复原,\n",
          "{ 1, \"emergency_day\" }");
    CHECK_INT(changes.tightened, 1);
}

TEST(a_table_in_gb18030_is_read_too)
{
    static char table[] = HEAD "事件,01,,0110,暴露垃圾,1,公共场所散置生活垃圾,2工作时,清走，㐂,\n";
    char space[600], *from = table, *to = space;
    size_t left = sizeof(table) - 1, room = sizeof(space);
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    CHECK(cd != (iconv_t)-1 && iconv(cd, &from, &left, &to, &room) != (size_t)-1);
    iconv_close(cd);
    struct wg_rules *city = rules_of("341800");
    struct wg_buf lua = WG_BUF_INIT;
    reads((struct wg_str){space, sizeof(space) - room}, city, &lua);
    CHECK(memmem(lua.p, lua.n, "清走，㐂", 12) != NULL);
    wg_buf_free(&lua);
    wg_rules_free(city);
}

/* ---- slips ---- */

/* Each of the words stands in the findings; nothing was made. */
static void refused(const char *table, const char *const *parts)
{
    struct wg_rules *city = rules_of("341800");
    struct wg_buf lua = WG_BUF_INIT;
    CHECK_INT(read_sheet(wg_str_of(table), city, &lua), WG_EINVAL);
    wg_buf_char(&found.items, '\0');
    for (; *parts; parts++) {
        if (!strstr(found.items.p, *parts))
            print_error("%s: %s\n", *parts, found.items.p);
        CHECK(strstr(found.items.p, *parts) != NULL);
    }
    CHECK_INT(lua.n, 0);
    wg_buf_free(&lua);
    wg_rules_free(city);
}
#define REFUSED(table, ...) refused(table, (const char *const[]){__VA_ARGS__, NULL})

TEST(every_slip_is_told_by_row_and_column_at_once)
{
    REFUSED("绩溪县立案结案标准,,,,\n" HEAD "事件,01,,0110,暴露垃圾,1,散置,四小时,清走,\n"
            "事情,01,,0112,道路不洁,1,\"散\n落\",4工作时,,\n"
            "事件,02,,0110,暴露垃圾,2,成堆,4工作时,清走,\n"
            "事件,01,,01x0,暴露垃圾,2,成堆,4工作时,清走,,,多\n"
            "事件,01,市容,0103,接坡,1,道路上搭临时坡,1.0005工作日,清走,\n"
            "事件,01,,99,,1,新,4工作时,清走,\n"
            "事件,07,,0799,新,1,新,4工作时,清走,\n",
            "第3行“处置时限”", "“四小时”不是时限", "应为如“4工作时”", "第4行“类别”",
            "“事情”不是类别", "第4行“结案条件”", "不能留空", "第5行“小类代码”", "与大类代码不一致",
            "第6行“小类代码”", "“01x0”不是代码", "比表头多出一格", "第7行“处置时限”",
            "第7行“小类名称”", "与市级名称不一致", "违章接坡", "第7行“大类名称”", "第8行“小类名称”",
            "第9行“小类代码”", "的大类在市级标准中没有");
}

TEST(what_the_city_has_can_t_be_left_out)
{
    REFUSED(HEAD "事件,01,,0103,违章接坡,1,道路上搭临时坡,1工作日,清走,\n", "第2行“小类代码”",
            "缺少市级立案条件2「道路上做固定坡」", "不能删去");
}

TEST(a_row_can_t_be_there_twice)
{
    REFUSED(HEAD
            "事件,01,,0110,暴露垃圾,1,散置,4工作时,清走,\n事件,01,,0110,,1,散置,4工作时,清走,\n",
            "第3行“序号”", "与第2行重复");
}

TEST(a_head_that_is_not_known_is_named_with_what_would_be_right)
{
    REFUSED("类别,小类代码,小类名称,序号,立案条件,处置时限,备注\n事件,0110,,1,x,1工作日,y\n",
            "第7列“备注”不是本表的列", "列名应为：类别", "缺少“结案条件”列");
    REFUSED("", "表是空的");
    REFUSED(HEAD HEAD, "第2行“类别”");
}

TEST(a_file_that_is_no_table_is_refused)
{
    REFUSED(HEAD "事件,01,,0110,\"暴露", "第2行", "引号不成对");
    REFUSED("\xFF\xFF\xFE", "既不是UTF-8，也不是GB18030");
}

TEST(classes_that_are_not_in_the_table_stay_the_city_s)
{
    gives(HEAD, "extend(city.categories, {\n})");
}

RUN_ALL("sheet")
