#include "test.h"

#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- given: a county of one file, or more ---- */

#define AREA "990101"
#define CITY "990100"
#define HOURS "{ week = \"Mon-Fri\", shifts = { \"08:30-12:00\" } }"
#define FLOW "{ { action = \"report\", to = \"reported\", role = \"collector\" } }"
#define CLASSES \
    "standard,kind,major,major_name,code,name,status\n" \
    "S,part,01,公用设施,0101,井盖,found\nS,event,01,市容环境,0101,暴露垃圾,found\nS,event,01,市容环境,0102,道路不洁,found\n"
#define LIMITS \
    "standard,kind,code,id,text,limit,unit,close,source\n" \
    "S,part,0101,1,丢失,2,emergency_hour,复原,甲\nS,event,0101,1,散置,4,work_hour,清走,甲\nS,event,0101,2,成堆,1.5,work_day,清走,甲\n"

struct file {
    const char *name, *text;
};

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct file *)x)->name, ((const struct file *)y)->name);
}

static struct wg_bundle *bundle_of(struct file *files, size_t count, struct wg_err *err)
{
    struct wg_buf json = WG_BUF_INIT;
    struct wg_bundle *b;
    qsort(files, count, sizeof(*files), by_name);
    wg_buf_lit(&json, "{\"area\":\"" AREA "\",\"city\":\"" CITY "\",\"files\":[");
    for (size_t i = 0; i < count; i++) {
        wg_json_sep(&json);
        wg_buf_char(&json, '[');
        wg_buf_json(&json, wg_str_of(files[i].name));
        wg_buf_char(&json, ',');
        wg_buf_json(&json, wg_str_of(files[i].text));
        wg_buf_char(&json, ']');
    }
    wg_buf_lit(&json, "]}");
    wg_bundle_parse(wg_buf_str(&json), &b, err);
    wg_buf_free(&json);
    return b;
}

static struct wg_err err;

static int load_files(struct file *files, size_t count, const struct wg_plugin *const *plugins, struct wg_rules **out)
{
    *out = NULL;
    memset(&err, 0, sizeof(err));
    struct wg_bundle *b = bundle_of(files, count, &err);
    if (!b)
        return err.code;
    int rc = wg_rules_new(b, NULL, plugins, out, &err);
    wg_bundle_drop(b);
    return rc;
}

/* rules.lua is `text`; beside it lie the two tables of a standard and two modules. */
static int load_text(const char *text, struct wg_rules **out)
{
    struct file files[] = {{AREA "/rules.lua", text},
                           {"std/one.lua", "return { list = { 1, 2, 3 }, name = 'one' }"},
                           {"std/circle.lua", "return require 'std.circle'"},
                           {"standards/classes.csv", CLASSES},
                           {"standards/limits.csv", LIMITS}};
    return load_files(files, 5, NULL, out);
}

/* A pack whose on.report has this body, from line 3 on; `before` is line 1. */
static const char *pack_text(char *to, size_t cap, const char *before, const char *body)
{
    snprintf(to, cap,
             "%s\nlocal report = function(case, ctx)\n%s\nend return county { code = '" AREA "', name = '青山县', "
             "standard = 'S', number = '青〔{year}〕{serial:6}号', hours = " HOURS ", flow = " FLOW
             ", categories = standard 'S', on = { report = report, ping = function() return notify { to = 'u', "
             "text = 'pong', because = 'alive' } end } }",
             before, body);
    return to;
}

static char text_space[16384];

static struct wg_rules *rules_with(const char *before, const char *body)
{
    struct wg_rules *r;
    if (load_text(pack_text(text_space, sizeof(text_space), before, body), &r) != WG_OK)
        print_error("%s\n", err.text);
    CHECK(r != NULL);
    return r;
}

/* ---- when: a decision in a small world ---- */

static int asked;
static int small_world(void *self, const char *what, const struct wg_json *args, struct wg_buf *answer,
                       struct wg_err *e)
{
    (void)self;
    (void)args;
    asked++;
    if (strcmp(what, "deadline") == 0)
        wg_buf_int(answer, 1773018000000);
    else if (strcmp(what, "responsible") == 0)
        wg_buf_lit(answer, "{\"unit\":\"u-cg\",\"by\":\"duty\",\"duty\":\"d-1\"}");
    else if (strcmp(what, "near") == 0)
        wg_buf_lit(answer, "[{\"id\":\"990101-2026-000001\",\"distance_m\":7,\"state\":\"filed\",\"category\":\"0101\"}]");
    else if (strcmp(what, "unit") == 0)
        wg_buf_lit(answer, "null");
    else
        return wg_fail(e, WG_ENOENT, "nobody knows");
    return WG_OK;
}
static const struct wg_world world = {small_world, NULL};

static struct wg_arena *arena;
static struct wg_buf facts, outs;
static struct wg_json *body_tree;

static int decide_by(struct wg_rules *r, const char *event, const struct wg_world *w, const struct wg_json *given)
{
    static struct wg_case c;
    struct wg_pack *p = wg_rules_pack(r);
    c = (struct wg_case){.id = wg_case_id(990101, 2026, 12), .kind = WG_EVENT, .category = WG_S("0101"),
                         .state = WG_ACCEPTED, .source = WG_FROM_PUBLIC, .at = {1185940000, 300650000}, .rework = 2,
                         .grid = WG_S("990101001002003"), .version = 3, .opened = 1772787600000,
                         .description = WG_S("a citizen's words"), .caller = WG_S("v:1")};
    const struct wg_class *class_ = wg_pack_class(p, WG_EVENT, c.category);
    struct wg_decision d = {.event = event, .c = &c, .in = body_tree, .class_ = class_,
                            .row = class_ ? wg_class_condition(class_, WG_S("2")) : NULL, .by = WG_S("a-001"),
                            .role = WG_CHIEF, .now_ms = 1772787600000, .world = w, .given = given};
    memset(&err, 0, sizeof(err));
    asked = 0;
    if (!arena)
        arena = wg_arena_new(0);
    wg_buf_clear(&facts);
    wg_buf_clear(&outs);
    return wg_rules_decide(r, &d, arena, &facts, &outs, &err);
}

static int decide(struct wg_rules *r, const char *event)
{
    return decide_by(r, event, &world, NULL);
}

static void done(struct wg_rules *r)
{
    wg_rules_free(r);
    wg_arena_free(arena);
    arena = NULL;
    body_tree = NULL;
    wg_buf_free(&facts);
    wg_buf_free(&outs);
}

#define PONG "{\"k\":\"notify\",\"to\":\"u\",\"text\":\"pong\",\"why\":[\"alive\",\"990101/rules.lua\",4]}"

/* The body dies quickly with file, line and this reason, and the state answers the next call. */
static void dies(const char *before, const char *body, const char *line, const char *reason)
{
    char place[64];
    struct wg_rules *r = rules_with(before, body);
    for (int i = 0; i < 2; i++) {
        int64_t from = wg_mono_ms();
        int rc = decide(r, "report");
        int64_t took = wg_mono_ms() - from;
        snprintf(place, sizeof(place), AREA "/rules.lua:%s: ", line);
        if (rc != WG_ERULE || strncmp(err.text, place, strlen(place)) || !strstr(err.text, reason) || took >= 100)
            print_error("%d %lld ms: %s (%s: %s)\n", rc, (long long)took, err.text, place, reason);
        CHECK_INT(rc, WG_ERULE);
        CHECK(strncmp(err.text, place, strlen(place)) == 0);
        CHECK(strstr(err.text, reason) != NULL);
        CHECK(took < 100);
        CHECK_INT(outs.n, 0);
        CHECK_INT(decide(r, "ping"), WG_OK);
        CHECK_STR(wg_buf_str(&outs), PONG);
    }
    done(r);
}

/* The body returns nothing and does not fail. */
static void holds(const char *before, const char *body)
{
    struct wg_rules *r = rules_with(before, body);
    int rc = decide(r, "report");
    if (rc != WG_OK)
        print_error("%s\n", err.text);
    CHECK_INT(rc, WG_OK);
    done(r);
}

/* Loading fails and says this. */
static void refused(const char *text, const char *reason)
{
    struct wg_rules *r;
    int rc = load_text(text, &r);
    if (rc == WG_OK || !strstr(err.text, reason))
        print_error("%d: %s (wanted: %s)\n", rc, err.text, reason);
    CHECK(rc != WG_OK && r == NULL);
    CHECK(strstr(err.text, reason) != NULL);
    wg_rules_free(r);
}

/* ---- the traps of embedding Lua ---- */

TEST(an_endless_loop_is_stopped_by_the_clock)
{
    dies("", "while true do end", "3", "the time is over: rules have 20 ms");
}

TEST(a_goto_loop_is_stopped_too)
{
    dies("", "::again:: goto again", "3", "the time is over");
}

TEST(a_loop_that_grows_a_text_by_a_byte_is_stopped)
{
    dies("", "local s = ('x'):rep(60000) repeat s = s .. 'x' until false", "3", "memory: 65");
}

TEST(a_loop_that_makes_big_texts_for_nothing_is_stopped)
{
    dies("", "local s = ('x'):rep(60000) while true do local t = s .. 'x' end", "3", "the time is over");
}

TEST(doubling_a_text_hits_the_cap_of_one_allocation)
{
    dies("", "local s = 'x' while true do s = s .. s end", "3", "bytes at once, rules may have 65536");
}

TEST(string_functions_called_as_methods_are_bounded_too)
{
    dies("", "local s = ('x'):rep(100000000)", "3", "a text of rules has at most 65536 bytes");
    dies("", "local s = ('x'):rep(60000)\nwhile true do s:find('xxxxxy') s:reverse() s:upper() end", "4", "the time is over");
    dies("", "local s = ('%99d'):rep(900)\ns = s:format(1)", "4", "a value is missing");
    dies("", "return ('%s'):format(('x'):rep(30000)):rep(3)", "3", "at most 65536 bytes");
}

TEST(pattern_functions_are_not_there)
{
    dies("", "return ('x'):gsub('x', 'y')", "3", "nil value (method 'gsub')");
    dies("", "return ('x'):match('x')", "3", "nil value (method 'match')");
    holds("", "assert(string.gmatch == nil and string.pack == nil)");
}

TEST(the_string_table_cannot_be_changed_for_others)
{
    dies("", "string.len = function() return 0 end", "3", "rules can't change 'len'");
    dies("", "table.insert(string, 1)", "3", "can't change a table that is frozen");
    dies("", "table.sort(ctx.body)", "3", "frozen");
}

TEST(nothing_of_the_state_or_the_system_can_be_reached)
{
    static const char *const names[] = {
        "pcall", "xpcall", "load", "loadstring", "dofile", "loadfile", "collectgarbage", "next", "rawset", "rawget",
        "rawequal", "rawlen", "setmetatable", "getmetatable", "coroutine", "os", "io", "debug", "package", "print", "_G"};
    char body[128], reason[64];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(body, sizeof(body), "local x = %s", names[i]);
        snprintf(reason, sizeof(reason), "there is no '%s' for rules", names[i]);
        dies("", body, "3", reason);
    }
    dies("", "return string.dump(case)", "3", "nil value (field 'dump')");
    dies("", "return math.random(2)", "3", "nil value (field 'random')");
}

TEST(a_file_that_names_the_environment_is_refused)
{
    refused("local x = 1\nlocal _ENV <const> = {}", AREA "/rules.lua:2: _ENV is not for rules");
}

TEST(bytecode_is_no_rule)
{
    refused("\x1bLuaT", "attempt to load a binary chunk");
}

TEST(setting_a_global_is_an_error_in_a_call_and_while_loading)
{
    dies("", "counter = 1", "3", "rules can't change 'counter'");
    dies("", "pairs = ipairs", "3", "rules can't change 'pairs'");
    refused("x = 1", AREA "/rules.lua:1: rules can't change 'x'");
}

TEST(tables_that_were_loaded_cannot_be_changed)
{
    dies("local t = { n = 1, list = { { 1 } } }", "t.n = 2", "3", "rules can't change 'n'");
    dies("local t = { n = 1, list = { { 1 } } }", "t.new = 2", "3", "rules can't change 'new'");
    dies("local t = { n = 1, list = { { 1 } } }", "t.list[1][1] = 2", "3", "rules can't change [1]");
    dies("local t = { 3, 2 }", "table.sort(t)", "3", "frozen");
    dies("local t = { 3, 2 }", "table.remove(t)", "3", "frozen");
    dies("local one = require 'std.one'", "one.list[4] = 4", "3", "rules can't change [4]");
}

TEST(a_module_cannot_be_changed_by_who_requires_it)
{
    refused("local one = require 'std.one'\none.name = 'two'", AREA "/rules.lua:2: rules can't change 'name'");
}

TEST(frozen_tables_read_like_others)
{
    holds("local t = { 10, 20, 30, a = { b = 'c' } }",
          "local n, s = 0, ''\n"
          "for i, v in ipairs(t) do n = n + v end\n"
          "for k, v in pairs(t) do s = s .. tostring(k) end\n"
          "assert(#t == 3 and n == 60 and s == '123a' and t.a.b == 'c' and t[4] == nil and type(t) == 'table')\n"
          "assert(table.concat({ table.unpack({ 1, 2 }) }, '-') == '1-2')");
}

TEST(a_handler_that_counts_its_calls_fails_and_its_count_is_put_back)
{
    struct wg_rules *r = rules_with("local count = 0", "count = count + 1 if count > 1 then error 'kept' end");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(decide(r, "report"), WG_ERULE);
        CHECK_TEXT(err.text, AREA "/rules.lua:2: rules keep no state between calls, but 'count' was set");
    }
    CHECK_INT(decide(r, "ping"), WG_OK);
    done(r);
}

TEST(a_handler_that_keeps_a_table_or_the_case_fails)
{
    struct wg_rules *r = rules_with("local kept", "if kept then return kept.state end kept = case");
    CHECK_INT(decide(r, "report"), WG_ERULE);
    CHECK(strstr(err.text, "'kept' was set") != NULL);
    CHECK_INT(decide(r, "report"), WG_ERULE);
    CHECK(strstr(err.text, "'kept' was set") != NULL);
    done(r);
    r = rules_with("local cache = nil local function put(x) cache = { x } end", "put(1) error('and fails besides')");
    CHECK_INT(decide(r, "report"), WG_ERULE);
    CHECK(strstr(err.text, "and fails besides") != NULL);
    CHECK_INT(decide(r, "ping"), WG_OK);
    done(r);
}

TEST(local_helpers_may_assign_their_own_locals)
{
    holds("local function sum(...) local n = 0 local function add(x) n = n + x end "
          "for i = 1, select('#', ...) do add((select(i, ...))) end return n end",
          "assert(sum(1, 2, 3) == 6)");
}

TEST(the_budget_begins_anew_with_each_call)
{
    struct wg_rules *r = rules_with("", "for i = 1, 20000 do local x = i * i end");
    int64_t from = wg_mono_us();
    int calls = 0;
    for (; calls < 20000 && wg_mono_us() - from < 60000; calls++)
        CHECK_INT(decide(r, "report"), WG_OK);
    CHECK(wg_mono_us() - from >= 60000); /* more than one budget in all */
    done(r);
}

TEST(deep_recursion_dies_with_its_line)
{
    dies("", "local function f(n) return 1 + f(n + 1) end\nreturn f(1)", "3", "memory");
    
}

TEST(a_table_that_grows_for_ever_hits_a_cap)
{
    dies("", "local t = {} while true do t[#t + 1] = 1 end", "3", "memory");
    dies("", "local t = {} while true do t = { t, {}, {} } end", "3", "memory: rules may have 8388608 bytes in all");
    dies("", "local t = {} for i = 1, 1000000000 do t['k' .. i] = i end", "3", "memory");
}

TEST(table_functions_do_not_trust_a_length)
{
    dies("", "local t = {} local i = 1 for n = 1, 61 do t[i] = 1 i = i * 2 end\ntable.insert(t, 1, 0)", "4", "at most 4096 items");
    dies("", "local t = {} local i = 1 for n = 1, 61 do t[i] = 1 i = i * 2 end\nreturn table.remove(t, 1)", "4", "at most 4096");
    dies("", "local t = {} local i = 1 for n = 1, 61 do t[i] = 1 i = i * 2 end\nreturn table.unpack(t)", "4", "at most 4096");
}

TEST(joining_texts_is_capped)
{
    dies("", "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1000) end\nreturn table.concat(t)", "4", "memory");
    dies("", "return table.concat({ {} })", "3", "item 1 is a table");
}

TEST(sorting_ends_whatever_the_comparison_says)
{
    holds("", "local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1000 end\n"
              "table.sort(t, function(a, b) return true end)\n"
              "table.sort(t, function(a, b) return a < b end)\n"
              "for i = 2, #t do assert(t[i - 1] <= t[i]) end\n"
              "local names = { 'b', '中', 'a' } table.sort(names) assert(table.concat(names) == 'ab中')");
    dies("", "table.sort({ 3, 1, 2 }, function(a, b) while true do end end)", "3", "the time is over");
    dies("", "table.sort({ 1, 'x' })", "3", "can't compare");
    dies("", "local t = { 3, 1, 2 }\ntable.sort(t, function(a, b) error('no') end)", "4", "no");
}

TEST(equal_items_keep_their_order)
{
    holds("", "local t = {} for i = 1, 100 do t[i] = { k = i % 3, i = i } end\n"
              "table.sort(t, function(a, b) return a.k < b.k end)\n"
              "for i = 2, #t do assert(t[i - 1].k < t[i].k or t[i - 1].i < t[i].i) end");
}

TEST(an_error_that_is_no_text_still_names_its_line)
{
    dies("", "\nerror({ code = 1 })", "4", "raised a table, not a text");
    dies("", "error()", "3", "raised a nil");
    dies("", "error('plain', 0)", "3", "plain");
    dies("", "assert(false)", "3", "assertion failed!");
    dies("", "assert(nil, {})", "3", "raised a table");
    dies("", "error(('长'):rep(20000))", "3", "长长");
}

TEST(metatables_are_never_in_reach)
{
    dies("", "local t = { __index = function() while true do end end, __gc = 1 } return t.x.y", "3", "nil value (field 'x')");
    holds("", "assert(('x').__index == nil and string.__index == nil)");
}

TEST(nothing_prints_an_address)
{
    holds("", "assert(tostring({}) == 'table' and tostring(pairs) == 'function' and tostring(case) == 'userdata')\n"
              "assert(tostring(nil) == 'nil' and tostring(12) == '12' and tostring(true) == 'true')");
    dies("", "return ('%p'):format({})", "3", "only %s");
    dies("", "return ('%s'):format({})", "3", "a text or whole number is needed");
    dies("", "return 'x' .. {}", "3", "concatenate a table value");
}

TEST(a_format_is_checked)
{
    holds("", "assert(('%5d|%-5s|%05d|%x|%%|%c'):format(42, '中', 7, 255, 65) == '   42|中    |00007|ff|%|A')");
    dies("", "return ('%a'):format(1)", "3", "only %s");
    dies("", "return ('%999d'):format(1)", "3", "only %s");
    dies("", "return ('%'):format(1)", "3", "only %s");
    dies("", "return ('%d'):format(1.5)", "3", "no integer representation");
}

TEST(texts_work_by_bytes_and_characters)
{
    holds("", "local s = '绩溪县 No.7'\n"
              "assert(utf8.len(s) == 8 and s:has('溪') and s:starts('绩') and s:ends('7') and s:find('No') == 11)\n"
              "assert(utf8.char(32489, 65, 0x1F600) == '绩A😀' and ('aB'):upper() == 'AB' and ('aB'):lower() == 'ab')\n"
              "assert(s:sub(1, 3) == '绩' and s:sub(-1) == '7' and ('abc'):byte(-1) == 99 and string.char(97) == 'a')\n"
              "assert(('abc'):reverse() == 'cba' and ('ab'):rep(2) == 'abab' and #s == 14 and not s:find('x'))\n"
              "assert(tonumber('12') == 12 and tonumber('x') == nil and math.tointeger(3.0) == 3)\n"
              "assert(7 // 2 == 3 and -7 % 3 == 2 and math.max(1, 2) == 2 and math.abs(-1) == 1)");
    dies("", "return utf8.len('\\xff')", "3", "not UTF-8");
    dies("", "return utf8.char(0xD800)", "3", "no code point");
    dies("", "return '1' + 1", "3", "arithmetic on a string");
    dies("", "return 1 // 0", "3", "attempt to perform 'n//0'");
}

/* ---- pairs ---- */

TEST(pairs_goes_by_numbers_then_by_bytes)
{
    holds("local frozen = { b = 1, a = 1, [10] = 1, [-1] = 1, ['中'] = 1, [2] = 1, A = 1 }",
          "local function keys(t) local s = '' for k in pairs(t) do s = s .. k .. ' ' end return s end\n"
          "local mine = { b = 1, a = 1, [10] = 1, [-1] = 1, ['中'] = 1, [2] = 1, A = 1 }\n"
          "assert(keys(mine) == '-1 2 10 A a b 中 ') assert(keys(frozen) == keys(mine)) assert(keys(frozen) == keys(mine))\n"
          "for k in pairs(mine) do mine[k] = nil end assert(keys(mine) == '' and keys({}) == '')");
    dies("", "for k in pairs({ [{}] = 1 }) do end", "3", "a key is a table");
    dies("", "local t = {} for i = 1, 2049 do t[i] = 1 end\nfor k in pairs(t) do end", "4", "2049 fields, at most 2048");
    dies("", "for k in pairs(case) do end", "3", "table expected");
}

/* ---- loading ---- */

TEST(require_finds_only_files_of_the_bundle)
{
    refused("require 'std.none'", AREA "/rules.lua:1: there is no file std/none.lua in the bundle");
    refused("require 'os'", "'os' is no module");
    refused("require '..etc.passwd'", "no file");
    refused("require 'std.circle'", "std/circle.lua:1: require: 'std.circle' is being loaded");
    dies("", "require 'std.one'", "3", "only while rules are loaded");
    dies("", "return standard 'S'", "3", "only while rules are loaded");
    dies("", "return county {}", "3", "only while rules are loaded");
}

TEST(a_module_runs_once)
{
    holds("local a, b = require 'std.one', require 'std.one'", "assert(a == b)");
}

TEST(loading_has_a_clock_and_a_cap)
{
    struct wg_bundle *b = bundle_of((struct file[]){{AREA "/rules.lua", "while true do end"}}, 1, &err);
    struct wg_rules *r;
    struct wg_rules_limits limits = {.load_us = 30000};
    int64_t from = wg_mono_ms();
    CHECK_INT(wg_rules_new(b, &limits, NULL, &r, &err), WG_ERULE);
    CHECK(strstr(err.text, AREA "/rules.lua:1: the time is over: rules have 30 ms") != NULL);
    CHECK(wg_mono_ms() - from < 200);
    wg_bundle_drop(b);
    refused("local t = {} while true do t = { t } end", AREA "/rules.lua:1: memory");
    refused("local s = 'x' while true do s = s .. s end", AREA "/rules.lua:1: memory: 4194329 bytes at once");
    refused("local function f() return 1 + f() end f()", AREA "/rules.lua:1: memory");
}

TEST(faults_of_a_file_name_their_line)
{
    refused("local x = \n\n)", AREA "/rules.lua:3: unexpected symbol");
    refused("\nlocal x = nil + 1", AREA "/rules.lua:2: attempt to perform arithmetic");
    refused("return 1", AREA "/rules.lua:1: must return county{...}");
    refused("return { code = '1' }", "must return county{...}");
}

TEST(loading_without_the_county_file_fails)
{
    struct wg_bundle *b = bundle_of((struct file[]){{"std/one.lua", ""}}, 1, &err);
    CHECK(b == NULL);
    CHECK_INT(err.code, WG_ENOENT);
}

/* ---- packs ---- */

#define PACK(fields) \
    "return county { code = '" AREA "', name = '青山县', standard = 'S', number = '{year}{serial}', hours = " HOURS \
    ", flow = " FLOW ", " fields " }"

TEST(a_pack_is_read_as_data)
{
    struct wg_rules *r;
    CHECK_INT(load_text("local base = county { number = '{year}-{serial:4}', standard = 'S', flow = " FLOW
                        ", hours = " HOURS ", on = { a = function() end, b = function() end } }\n"
                        "return county { base = base, code = '" AREA "', name = '青山县', small_centre = true, "
                        "categories = extend(standard 'S', { event = { ['0199'] = { name = '古民居外墙涂改', conditions = { "
                        "{ id = '1', text = '被涂改', limit = { 1.5, 'work_hour' }, close = '复原', assumed = true } } } } }) }",
                        &r), WG_OK);
    struct wg_pack *p = wg_pack_keep(wg_rules_pack(r));
    wg_rules_free(r); /* a pack outlives its state */
    CHECK_STR(p->area, AREA);
    CHECK_STR(p->name, "青山县");
    CHECK_STR(p->hours, "{\"shifts\":[\"08:30-12:00\"],\"week\":\"Mon-Fri\"}");
    CHECK(p->small_centre && p->flow.count == 1 && p->class_count == 4);
    const struct wg_class *c = wg_pack_class(p, WG_EVENT, WG_S("0199"));
    CHECK(c && c->conditions == 1 && c->condition[0].assumed && c->condition[0].limit.n_milli == 1500);
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
    CHECK_INT(load_text(PACK("categories = extend(standard 'S', { event = { ['0101'] = { conditions = { "
                             "{ id = '1', limit = { 2, 'work_hour' } }, "
                             "{ id = '9', text = '新', limit = { 1, 'work_day' }, close = '好' } } } } })"), &r), WG_OK);
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
    refused(PACK("small_centre = false"), AREA "/rules.lua:1: categories: is missing");
    refused("return county { code = '990199' }", "name: must be a text");
    refused("return county { code = '990199', name = 'x', standard = 'S', number = '{year}{serial}' }",
            "code: must be the area of the bundle");
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{serial}' }", "number: is text with");
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{year}{serial:x}' }", "number: ");
}

TEST(faults_of_a_class_name_the_class)
{
    refused(PACK("categories = extend(standard 'S', { event = { ['0199'] = { conditions = {} } } })"),
            "extend: there is no class 0199");
    refused(PACK("categories = extend(standard 'S', { events = {} })"), "there are only part and event");
    refused(PACK("categories = extend(standard 'S', { event = { ['0799'] = { name = 'x', conditions = {} } } })"),
            "categories.event.0799: no class of the standard has this major");
    refused(PACK("categories = extend(standard 'S', { event = { ['1'] = { name = 'x', conditions = {} } } })"),
            "categories.event.1: a code has four digits");
    refused(PACK("categories = extend(standard 'S', { event = { ['0199'] = { name = 'x' } } })"),
            "categories.event.0199.conditions: a list");
#define ONE(row) PACK("categories = extend(standard 'S', { event = { ['0199'] = { name = 'x', conditions = { " row " } } } })")
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 4, 'week' } }"), "categories.event.0199.limit: its unit is");
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 0, 'work_day' } }"), "above 0");
    refused(ONE("{ id = '1', text = 't', close = 'c', limit = { 1.0005, 'work_day' } }"), "three decimals");
    refused(ONE("{ id = '1', text = 't', limit = { 1, 'work_day' } }"), "categories.event.0199.close: must be a text");
    refused(ONE("{ id = '1', text = 't', close = 'c', limt = 1 }"), "categories.event.0199.limt: there is no such field");
}

TEST(hours_and_flow_are_checked_while_loading)
{
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{year}{serial}', "
            "hours = { week = 'Mon-Fri', shifts = { '25:00-26:00' } } }", AREA "/rules.lua:1: hours: ");
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{year}{serial}', hours = " HOURS
            ", flow = { { action = 'report', to = 'nowhere', role = 'collector' } } }", "flow: flow row 1 (report)");
    refused("return county { code = '" AREA "', name = 'x', standard = 'S', number = '{year}{serial}', "
            "hours = { week = function() end } }", "a function can't be data");
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
    static const char *const names[] = {"341825/rules.lua", "std/../x.lua", "std/a.txt", "rules.lua", "standards/x.csv"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK(bundle_of((struct file[]){{AREA "/rules.lua", ""}, {names[i], ""}}, 2, &err) == NULL);
        CHECK_INT(err.code, WG_EINVAL);
    }
    CHECK(bundle_of((struct file[]){{AREA "/rules.lua", ""}, {AREA "/rules.lua", ""}}, 2, &err) == NULL);
}

static void count_line(void *arg, const char *line)
{
    (void)line;
    ++*(int *)arg;
}

TEST(every_county_of_the_repository_loads_and_passes_its_tests)
{
    static const char *const areas[] = {"341800", "341802", "341821", "341823", "341824", "341825", "341881", "341882"};
    for (size_t i = 0; i < 8; i++) {
        struct wg_bundle *b;
        struct wg_rules *r;
        size_t ran;
        int lines = 0;
        CHECK_INT(wg_bundle_read("scripts", "standards", "341800", areas[i], &b, &err), WG_OK);
        int rc = wg_rules_new(b, NULL, NULL, &r, &err);
        if (rc == WG_OK)
            rc = wg_rules_test(r, count_line, &lines, &ran, &err);
        if (rc < 0)
            print_error("%s: %s\n", areas[i], err.text);
        CHECK_INT(rc, WG_OK);
        CHECK(ran >= 8 && lines == (int)ran);
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
    struct wg_rules *r = rules_with("", "return {\npropose { unit = 'u-1', because = '甲' },\n"
                                        "propose { merge_into = '990101-2026-000001', because = '乙' },\n"
                                        "propose { dispute = true, because = '丙' },\n"
                                        "set { stage_due = 2, due = 1, because = '丁' },\n"
                                        "notify { to = 'leader', text = 't\\n', because = '戊' } }");
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&outs),
              "{\"k\":\"set\",\"proposed\":\"u-1\",\"why\":[\"甲\",\"990101/rules.lua\",4]},"
              "{\"k\":\"propose\",\"merge_into\":\"990101-2026-000001\",\"why\":[\"乙\",\"990101/rules.lua\",5]},"
              "{\"k\":\"propose\",\"dispute\":true,\"why\":[\"丙\",\"990101/rules.lua\",6]},"
              "{\"k\":\"set\",\"due\":1,\"stage_due\":2,\"why\":[\"丁\",\"990101/rules.lua\",7]},"
              "{\"k\":\"notify\",\"to\":\"leader\",\"text\":\"t\\n\",\"why\":[\"戊\",\"990101/rules.lua\",8]}");
    done(r);
}

TEST(a_refusal_refuses_with_its_reason_and_leaves_nothing_behind)
{
    struct wg_rules *r = rules_with("", "local d = ctx.deadline({ 1, 'work_day' }) return { set { due = d, because = 'x' }, "
                                        "refuse { because = '不在管辖范围' } }");
    CHECK_INT(decide(r, "report"), WG_EDENIED);
    CHECK_TEXT(err.text, "不在管辖范围");
    CHECK_INT(facts.n + outs.n, 0);
    done(r);
    holds("", "local not_returned = refuse { because = 'x' }");
}

TEST(a_maker_checks_what_it_is_given_where_it_stands)
{
    dies("", "return set { due = 1.5, because = 'x' }", "3", "set: due must be a moment, a whole number");
    dies("", "return set { due = -1, because = 'x' }", "3", "whole number of ms");
    dies("", "return set { because = 'x' }", "3", "give due or stage_due");
    dies("", "return set { due = 1 }", "3", "set: because is missing");
    dies("", "return set { due = 1, because = '' }", "3", "not empty");
    dies("", "return set { due = 1, because = ('x'):rep(501) }", "3", "more than 500 bytes");
    dies("", "return set { due = 1, because = 'x', state = 'closed', a = 1 }", "3", "there is no field 'a'");
    dies("", "return set { due = 1, because = ('中'):sub(1, 2) }", "3", "because is not UTF-8");
    dies("", "return propose { because = 'x' }", "3", "one of unit, merge_into and dispute");
    dies("", "return propose { unit = 'a', merge_into = 'b', because = 'x' }", "3", "one of");
    dies("", "return propose { unit = { 'a' }, because = 'x' }", "3", "unit must be a text");
    dies("", "return propose { 'a', because = 'x' }", "3", "fields have names");
    dies("", "for i = 1, 100 do set { due = i, because = 'x' } end", "3", "at most 64 outcomes");
    refused("local x = set { due = 1, because = 'x' }", "set works only in a function that decides");
}

TEST(only_what_makers_made_can_be_returned)
{
    dies("", "return { k = 'go', to = 'closed' }", "2", "list with a gap or with names");
    dies("", "return 'closed'", "2", "on.report: must return what propose");
    dies("", "return { { k = 'set', due = 1 } }", "2", "must return what propose");
    dies("", "return { set { due = 1, because = 'x' }, nil, set { due = 2, because = 'x' } }", "2", "with a gap");
    dies("", "local s = set { due = 1, because = 'x' } return { s, s }", "2", "an outcome twice");
    dies("", "return { case }", "2", "must return what propose");
}

TEST(case_and_ctx_show_fields_and_no_words)
{
    struct wg_err e;
    struct wg_rules *r = rules_with(
        "", "assert(case.id == '990101-2026-000012' and case.kind == 'event' and case.state == 'accepted')\n"
            "assert(case.category == '0101' and case.source == 'public' and case.rework == 2 and case.part == nil)\n"
            "assert(case.street == '990101001' and case.community == '990101001002' and case.area == '" AREA "')\n"
            "assert(case.lon_e7 == 1185940000 and case.version == 3 and case.send_backs == 0 and case.due == nil)\n"
            "assert(ctx.now == 1772787600000 and ctx.role == 'chief' and ctx.by == 'a-001' and ctx.by_unit == nil)\n"
            "assert(ctx.class.name == '暴露垃圾' and ctx.class.code == '0101' and ctx.class.major == '市容环境')\n"
            "assert(ctx.row.id == '2' and ctx.row.limit[1] == 1.5 and ctx.row.limit[2] == 'work_day')\n"
            "assert(ctx.row.close == '清走' and not ctx.row.assumed and ctx.unit('u-x') == nil)\n"
            "assert(ctx.body.result == 'pass' and ctx.body.list[2] == 'b' and ctx.body.none == nil)\n"
            "assert(ctx.body.description == nil and ctx.body.caller == nil and ctx.body.note == nil)");
    arena = wg_arena_new(0);
    CHECK_INT(wg_json_parse(arena, WG_S("{\"result\":\"pass\",\"list\":[\"a\",\"b\"],\"none\":null,\"description\":\"x\","
                                        "\"caller\":{\"name\":\"x\"},\"note\":\"x\"}"), &body_tree, &e), WG_OK);
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
    struct wg_rules *r = rules_with("", "local a = ctx.deadline(ctx.row.limit) local b = ctx.deadline({ 4, 'work_hour' }, 5)\n"
                                        "local c, d = ctx.responsible(case), ctx.near { category = case.category, within_m = 30 }\n"
                                        "assert(ctx.unit('u') == nil and c.unit == 'u-cg' and d[1].distance_m == 7)\n"
                                        "return set { due = a, because = c.duty }");
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&facts),
              "[\"deadline\",[1772787600000,1500,\"work_day\"],1773018000000],[\"deadline\",[5,4000,\"work_hour\"],1773018000000],"
              "[\"responsible\",[\"event\",\"0101\",null,1185940000,300650000],{\"unit\":\"u-cg\",\"by\":\"duty\",\"duty\":\"d-1\"}],"
              "[\"near\",[1185940000,300650000,30,\"event\",\"0101\",true],[{\"id\":\"990101-2026-000001\",\"distance_m\":7,"
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
    struct wg_rules *r = rules_with("", "local near = ctx.near { within_m = 30 } local s = ''\n"
                                        "for k, v in pairs(near[1]) do s = s .. k .. '=' .. v .. ' ' end\n"
                                        "return set { due = ctx.deadline(ctx.row.limit), because = s .. ctx.responsible(case).unit }");
    struct wg_rules *other = rules_with("", "local near = ctx.near { within_m = 30 } local s = ''\n"
                                            "for k, v in pairs(near[1]) do s = s .. k .. '=' .. v .. ' ' end\n"
                                            "return set { due = ctx.deadline(ctx.row.limit), because = s .. ctx.responsible(case).unit }");
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
    CHECK_TEXT(err.text, AREA "/rules.lua:3: not known: near [1185940000,300650000,30,\"event\",null,true]");
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
    .abi = WG_ABI, .name = "sms", .brief = "a test",
    .lua = (const struct wg_luafn[]){{"sms.parts", call_parts, "sms.parts(text) -> n", "bytes"}, {0}}};
static const struct wg_plugin *const plugin_list[] = {&sms, NULL};

TEST(a_plugins_function_is_asked_once_and_then_known)
{
    struct wg_rules *r;
    struct wg_json *given;
    struct wg_arena *own = wg_arena_new(0);
    struct file files[] = {{AREA "/rules.lua", pack_text(text_space, sizeof(text_space), "",
                            "local n, s = sms.parts('abc', 2) return set { due = n, because = s }")},
                           {"standards/classes.csv", CLASSES}, {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 3, plugin_list, &r), WG_OK);
    plugin_calls = 0;
    CHECK_INT(decide(r, "report"), WG_OK);
    CHECK_STR(wg_buf_str(&facts), "[\"sms.parts\",[\"abc\",2],[6,\"abc\"]]");
    CHECK_INT(wg_json_parse(own, WG_S("[[\"sms.parts\",[\"abc\",2],[7,\"abd\"]]]"), &given, &err), WG_OK);
    CHECK_INT(decide_by(r, "report", NULL, given), WG_OK);
    CHECK_STR(wg_buf_str(&outs), "{\"k\":\"set\",\"due\":7,\"why\":[\"abd\",\"990101/rules.lua\",3]}");
    CHECK_INT(plugin_calls, 1);
    CHECK_INT(decide_by(r, "report", NULL, NULL), WG_ENOENT);
    wg_arena_free(own);
    done(r);
}

TEST(a_plugins_failure_is_the_rules_failure)
{
    struct wg_rules *r;
    struct file files[] = {{AREA "/rules.lua", pack_text(text_space, sizeof(text_space), "", "\nreturn sms.parts(1)")},
                           {"standards/classes.csv", CLASSES}, {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 3, plugin_list, &r), WG_OK);
    CHECK_INT(decide(r, "report"), WG_ERULE);
    CHECK_TEXT(err.text, AREA "/rules.lua:4: sms.parts: a text is needed");
    done(r);
}

/* ---- the bundle's own tests ---- */

static int try_tests(const char *tests)
{
    struct wg_rules *r;
    size_t ran;
    struct file files[] = {{AREA "/rules.lua", pack_text(text_space, sizeof(text_space), "",
                            "return set { due = ctx.deadline(ctx.row.limit), because = '按条件' .. ctx.row.id }")},
                           {AREA "/tests.lua", tests},
                           {"standards/classes.csv", CLASSES}, {"standards/limits.csv", LIMITS}};
    CHECK_INT(load_files(files, 4, NULL, &r), WG_OK);
    int rc = wg_rules_test(r, NULL, NULL, &ran, &err);
    CHECK_INT(decide(r, "ping"), WG_OK); /* in force again */
    done(r);
    return rc;
}

#define GIVEN "name = 'n', on = 'report', case = { category = '0101' }, row = '1', answers = { { 'deadline', 7 } }"

TEST(a_test_says_what_did_not_come)
{
    CHECK_INT(try_tests("return { { " GIVEN ", want = { { k = 'set', due = 7, because = '条件1' } } } }"), WG_OK);
    CHECK_INT(try_tests("return { { " GIVEN ", want = { { k = 'set', due = 8 } } } }"), WG_ERULE);
    CHECK(strstr(err.text, "990101/tests.lua: \"n\": want is not what came: [{\"k\":\"set\",\"due\":7") != NULL);
    CHECK_INT(try_tests("return { { " GIVEN " } }"), WG_ERULE); /* something came, nothing was wanted */
    CHECK_INT(try_tests("return { { " GIVEN ", wants = {} } }"), WG_ERULE);
    CHECK(strstr(err.text, "a test has no field wants") != NULL);
    CHECK_INT(try_tests("return { { " GIVEN ", asked = { { 'deadline', { 1, 2, 'work_day' } } } } }"), WG_ERULE);
    CHECK(strstr(err.text, "asked is not what came") != NULL);
    CHECK_INT(try_tests("return { { name = 'n', on = 'ping', answers = { { 'deadline', 7 } }, want = { { k = 'notify' } } } }"),
              WG_ERULE);
    CHECK(strstr(err.text, "an answer that no rule asked for") != NULL);
    CHECK_INT(try_tests("return { { name = 'n', on = 'report', case = { category = '0101' }, row = '1', fails = 'no answer' } }"),
              WG_OK);
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

/* Garbage goes between calls. */
TEST(twenty_thousand_decisions_stay_in_their_memory)
{
    struct wg_rules *r = rules_with("", "local t = {} for i = 1, 20 do t[i] = { i, 'x' .. i } end\n"
                                        "return set { due = ctx.deadline(ctx.row.limit), because = t[20][2] }");
    for (int i = 0; i < 20000; i++) {
        CHECK_INT(decide(r, "report"), WG_OK);
        wg_arena_reset(arena);
    }
    done(r);
}

RUN_ALL("rules")
