/* The fence: every trap of embedding Lua, and scripts that mean harm. Each dies within 100 ms with
 * file and line, and the state answers the next call. */
#include "rules_given.h"

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
    dies("", "local s = ('x'):rep(65400) repeat s = s .. 'x' until false", "3", "memory: 65");
}

TEST(a_loop_that_makes_big_texts_for_nothing_is_stopped)
{
    dies("", "local s = ('x'):rep(60000) while true do local t = s .. 'x' end", "3",
         "the time is over");
}

TEST(doubling_a_text_hits_the_cap_of_one_allocation)
{
    dies("", "local s = 'x' while true do s = s .. s end", "3",
         "bytes at once, rules may have 65536");
}

TEST(string_functions_called_as_methods_are_bounded_too)
{
    dies("", "local s = ('x'):rep(100000000)", "3", "a text of rules has at most 65536 bytes");
    dies("", "local s = ('x'):rep(60000)\nwhile true do s:find('xxxxxy') s:reverse() s:upper() end",
         "4", "the time is over");
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
        "pcall",     "xpcall", "load",   "loadstring", "dofile",  "loadfile",     "collectgarbage",
        "next",      "rawset", "rawget", "rawequal",   "rawlen",  "setmetatable", "getmetatable",
        "coroutine", "os",     "io",     "debug",      "package", "print",        "_G"};
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
    dies("local t = { n = 1, list = { { 1 } } }", "t.list[1][1] = 2", "3",
         "rules can't change [1]");
    dies("local t = { 3, 2 }", "table.sort(t)", "3", "frozen");
    dies("local t = { 3, 2 }", "table.remove(t)", "3", "frozen");
    dies("local one = require 'std.one'", "one.list[4] = 4", "3", "rules can't change [4]");
}

TEST(a_module_cannot_be_changed_by_who_requires_it)
{
    refused("local one = require 'std.one'\none.name = 'two'",
            AREA "/rules.lua:2: rules can't change 'name'");
}

TEST(frozen_tables_read_like_others)
{
    holds("local t = { 10, 20, 30, a = { b = 'c' } }",
          "local n, s = 0, ''\n"
          "for i, v in ipairs(t) do n = n + v end\n"
          "for k, v in pairs(t) do s = s .. tostring(k) end\n"
          "assert(#t == 3 and n == 60 and s == '123a' and t.a.b == 'c' and t[4] == nil and type(t) "
          "== 'table')\n"
          "assert(table.concat({ table.unpack({ 1, 2 }) }, '-') == '1-2')");
}

TEST(a_handler_that_counts_its_calls_fails_and_its_count_is_put_back)
{
    struct wg_rules *r =
        rules_with("local count = 0", "count = count + 1 if count > 1 then error 'kept' end");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(decide(r, "report"), WG_ERULE);
        CHECK_TEXT(err.text,
                   AREA "/rules.lua:2: rules keep no state between calls, but 'count' was set");
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
    r = rules_with("local cache = nil local function put(x) cache = { x } end",
                   "put(1) error('and fails besides')");
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
    dies("", "local t = {} while true do t = { t, {}, {} } end", "3",
         "") /* of memory or of time, by the machine */;
    dies("", "local t = {} for i = 1, 1000000000 do t['k' .. i] = i end", "3", "memory");
}

TEST(table_functions_do_not_trust_a_length)
{
    dies("",
         "local t = { [1] = 1, [2] = 1, [4] = 1, [8] = 1, [16] = 1, [32] = 1, [64] = 1, [128] = 1, "
         "[256] = 1, [512] = 1, [1024] = 1, [2048] = 1, [4096] = 1, [8192] = 1 }\ntable.insert(t, "
         "1, 0)",
         "4", "at most 4096 items");
    dies("",
         "local t = { [1] = 1, [2] = 1, [4] = 1, [8] = 1, [16] = 1, [32] = 1, [64] = 1, [128] = 1, "
         "[256] = 1, [512] = 1, [1024] = 1, [2048] = 1, [4096] = 1, [8192] = 1 }\nreturn "
         "table.remove(t, 1)",
         "4", "at most 4096");
    dies("",
         "local t = { [1] = 1, [2] = 1, [4] = 1, [8] = 1, [16] = 1, [32] = 1, [64] = 1, [128] = 1, "
         "[256] = 1, [512] = 1, [1024] = 1, [2048] = 1, [4096] = 1, [8192] = 1 }\nreturn "
         "table.unpack(t)",
         "4", "at most 4096");
}

TEST(joining_texts_is_capped)
{
    dies("", "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1000) end\nreturn table.concat(t)",
         "4", "memory");
    dies("", "return table.concat({ {} })", "3", "item 1 is a table");
}

TEST(sorting_ends_whatever_the_comparison_says)
{
    holds(
        "",
        "local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1000 end\n"
        "table.sort(t, function(a, b) return true end)\n"
        "table.sort(t, function(a, b) return a < b end)\n"
        "for i = 2, #t do assert(t[i - 1] <= t[i]) end\n"
        "local names = { 'b', '中', 'a' } table.sort(names) assert(table.concat(names) == 'ab中')");
    dies("", "table.sort({ 3, 1, 2 }, function(a, b) while true do end end)", "3",
         "the time is over");
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
    dies("", "local t = { __index = function() while true do end end, __gc = 1 } return t.x.y", "3",
         "nil value (field 'x')");
    holds("", "assert(('x').__index == nil and string.__index == nil)");
}

TEST(nothing_prints_an_address)
{
    holds("",
          "assert(tostring({}) == 'table' and tostring(pairs) == 'function' and tostring(case) == "
          "'userdata')\n"
          "assert(tostring(nil) == 'nil' and tostring(12) == '12' and tostring(true) == 'true')");
    dies("", "return ('%p'):format({})", "3", "only %s");
    dies("", "return ('%s'):format({})", "3", "a text or whole number is needed");
    dies("", "return 'x' .. {}", "3", "concatenate a table value");
}

TEST(a_format_is_checked)
{
    holds("", "assert(('%5d|%-5s|%05d|%x|%%|%c'):format(42, '中', 7, 255, 65) == '   42|中    "
              "|00007|ff|%|A')");
    dies("", "return ('%a'):format(1)", "3", "only %s");
    dies("", "return ('%999d'):format(1)", "3", "only %s");
    dies("", "return ('%'):format(1)", "3", "only %s");
    dies("", "return ('%d'):format(1.5)", "3", "no integer representation");
}

TEST(texts_work_by_bytes_and_characters)
{
    holds("", "local s = '绩溪县 No.7'\n"
              "assert(utf8.len(s) == 8 and s:has('溪') and s:starts('绩') and s:ends('7') and "
              "s:find('No') == 11)\n"
              "assert(utf8.char(32489, 65, 0x1F600) == '绩A😀' and ('aB'):upper() == 'AB' and "
              "('aB'):lower() == 'ab')\n"
              "assert(s:sub(1, 3) == '绩' and s:sub(-1) == '7' and ('abc'):byte(-1) == 99 and "
              "string.char(97) == 'a')\n"
              "assert(('abc'):reverse() == 'cba' and ('ab'):rep(2) == 'abab' and #s == 14 and not "
              "s:find('x'))\n"
              "assert(tonumber('12') == 12 and tonumber('x') == nil and math.tointeger(3.0) == 3)\n"
              "assert(7 // 2 == 3 and -7 % 3 == 2 and math.max(1, 2) == 2 and math.abs(-1) == 1)");
    dies("", "return utf8.len('\\xff')", "3", "not UTF-8");
    dies("", "return utf8.char(0xD800)", "3", "no code point");
    dies("", "return '1' + 1", "3", "arithmetic on a string");
    dies("", "return 1 // 0", "3", "attempt to");
}

/* ---- pairs ---- */

TEST(pairs_goes_by_numbers_then_by_bytes)
{
    holds("local frozen = { b = 1, a = 1, [10] = 1, [-1] = 1, ['中'] = 1, [2] = 1, A = 1 }",
          "local function keys(t) local s = '' for k in pairs(t) do s = s .. k .. ' ' end return s "
          "end\n"
          "local mine = { b = 1, a = 1, [10] = 1, [-1] = 1, ['中'] = 1, [2] = 1, A = 1 }\n"
          "assert(keys(mine) == '-1 2 10 A a b 中 ') assert(keys(frozen) == keys(mine)) "
          "assert(keys(frozen) == keys(mine))\n"
          "for k in pairs(mine) do mine[k] = nil end assert(keys(mine) == '' and keys({}) == '')");
    dies("", "for k in pairs({ [{}] = 1 }) do end", "3", "a key is a table");
    dies("", "local t = {} for i = 1, 2049 do t[i] = 1 end\nfor k in pairs(t) do end", "4",
         "2049 fields, at most 2048");
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
    struct wg_bundle *b =
        bundle_of((struct file[]){{AREA "/rules.lua", "while true do end"}}, 1, &err);
    struct wg_rules *r;
    struct wg_rules_limits limits = {.load_us = 30000};
    int64_t from = own_ms();
    CHECK_INT(wg_rules_new(b, &limits, NULL, &r, &err), WG_ERULE);
    CHECK(strstr(err.text, AREA "/rules.lua:1: the time is over: rules have 30 ms") != NULL);
    CHECK(own_ms() - from < 2 * QUICK_MS);
    wg_bundle_drop(b);
    refused("local t = {} while true do t = { t } end", AREA "/rules.lua:1: memory");
    refused("local s = 'x' while true do s = s .. s end",
            AREA "/rules.lua:1: memory: 4194329 bytes at once");
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

RUN_ALL("rules_fence")
