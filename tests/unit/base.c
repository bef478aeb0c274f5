/** The base layer: what each call promises, and what it does with bad input. */
#include "unit/test.h"

#include "base/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct wg_arena *arena;
static struct wg_err err;

/* Parse text; NULL where it is refused, with the reason in err. */
static struct wg_json *parse_s(struct wg_str text)
{
    struct wg_json *j = NULL;
    wg_arena_free(arena);
    arena = wg_arena_new(0);
    err = (struct wg_err){0};
    int rc = wg_json_parse(arena, text, &j, &err);
    CHECK((rc == WG_OK) == (j != NULL));
    if (rc != WG_OK)
        CHECK_INT(err.code, rc);
    return j;
}

static struct wg_json *parse(const char *text)
{
    return parse_s(wg_str_of(text));
}

static void check_refused(const char *text, const char *why)
{
    CHECK(parse(text) == NULL);
    CHECK_INT(err.code, WG_EINVAL);
    if (!strstr(err.text, why))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, err.text, why);
}

static void check_written(const char *text, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j = parse(text);
    CHECK(j != NULL);
    wg_json_write(j, &b);
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

/* --- arena -------------------------------------------------------------------------------------
 */

TEST(an_arena_gives_zeroed_aligned_memory_that_a_reset_takes_back)
{
    struct wg_arena *a = wg_arena_new(0);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n += 7) {
            unsigned char *p = wg_arena_alloc(a, n);
            CHECK(p != NULL && (uintptr_t)p % _Alignof(max_align_t) == 0);
            for (size_t i = 0; i < n; i++)
                CHECK(p[i] == 0);
            memset(p, 0xA5, n);
        }
        wg_arena_reset(a);
        CHECK_INT(wg_arena_used(a), 0);
    }
    wg_arena_free(a);
    wg_arena_free(NULL);
}

TEST(an_arena_takes_allocations_larger_than_its_blocks)
{
    struct wg_arena *a = wg_arena_new(1);
    char *small = wg_arena_alloc(a, 10);
    char *large = wg_arena_alloc(a, 1000000);
    char *next = wg_arena_alloc(a, 10);
    CHECK(small && large && next == small + 16); /* the open block goes on */
    memset(large, 1, 1000000);
    CHECK_INT(wg_arena_used(a), 1000020);
    CHECK(wg_arena_alloc(a, SIZE_MAX) == NULL);
    CHECK(wg_arena_alloc(a, SIZE_MAX - 20) == NULL);
    wg_arena_free(a);
}

TEST(an_arena_copies_and_formats_text_with_a_nul)
{
    struct wg_arena *a = wg_arena_new(0);
    CHECK_TEXT(wg_arena_str(a, WG_S("网格")).p, "网格");
    struct wg_str none = wg_arena_str(a, (struct wg_str){NULL, 0});
    CHECK(none.p && none.n == 0 && none.p[0] == '\0');
    CHECK_STR(wg_arena_fmt(a, "%s-%d", "a", 7), "a-7");
    struct wg_str wide = wg_arena_fmt(a, "%2000d", 5);
    CHECK_INT(wide.n, 2000);
    CHECK(wide.p[1999] == '5' && wide.p[2000] == '\0');
    wg_arena_free(a);
}

/* --- err ----------------------------------------------------------------------------------------
 */

TEST(a_failure_keeps_code_place_and_text)
{
    struct wg_err e;
    CHECK_INT(wg_fail(&e, WG_EINVAL, "bad %d", 7), WG_EINVAL);
    CHECK_TEXT(e.text, "bad 7");
    CHECK_TEXT(e.pointer, "");
    CHECK_INT(wg_fail_at(&e, WG_ERANGE, "/a/0", "county: %s", e.text), WG_ERANGE);
    CHECK_TEXT(e.text, "county: bad 7");
    CHECK_TEXT(e.pointer, "/a/0");
    CHECK_INT(wg_fail(NULL, WG_EIO, "nobody reads it"), WG_EIO);
}

TEST(a_failure_too_long_for_its_field_is_cut_between_characters)
{
    char text[2000];
    for (size_t shift = 0; shift < 3; shift++) {
        struct wg_err e;
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            strcpy(text + i, "格");
        wg_fail_at(&e, WG_EINVAL, text, "%s", text);
        CHECK(wg_utf8_valid(wg_str_of(e.text)) && strlen(e.text) > 630);
        CHECK(wg_utf8_valid(wg_str_of(e.pointer)) && strlen(e.pointer) > 120);
    }
}

TEST(every_code_has_a_name)
{
    for (int code = WG_OK; code >= WG_EUNAUTH; code--)
        CHECK(strcmp(wg_strerror(code), "unknown error") != 0);
    CHECK_TEXT(wg_strerror(-99), "unknown error");
    CHECK_TEXT(wg_strerror(1), "unknown error");
    CHECK_TEXT(wg_strerror(INT32_MIN), "unknown error");
    CHECK_TEXT(wg_strerror(WG_ENOSPC), "no space");
}

/* --- str ----------------------------------------------------------------------------------------
 */

static int int_of(const char *text, int64_t *v)
{
    return wg_str_int(wg_str_of(text), v);
}

TEST(a_whole_number_is_read_exactly_or_refused)
{
    static const char *const bad[] = {
        "",   "-",  "+1",  "01", "-01", "00",  " 1",
        "1 ", "1.", "0x1", "1e", "٣",   "--1", "99999999999999999999x"};
    static const char *const far[] = {"9223372036854775808", "-9223372036854775809",
                                      "99999999999999999999999", "18446744073709551616"};
    int64_t v = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(int_of(bad[i], &v), WG_EINVAL);
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
        CHECK_INT(int_of(far[i], &v), WG_ERANGE);
    CHECK_INT(v, 7);
    CHECK_INT(int_of("0", &v), WG_OK);
    CHECK_INT(v, 0);
    CHECK_INT(int_of("9223372036854775807", &v), WG_OK);
    CHECK(v == INT64_MAX);
    CHECK_INT(int_of("-9223372036854775808", &v), WG_OK);
    CHECK(v == INT64_MIN);
    CHECK_INT(int_of("-341824", &v), WG_OK);
    CHECK_INT(v, -341824);
}

static int64_t fixed(const char *text, int scale)
{
    int64_t v = 0;
    CHECK_INT(wg_str_fixed(wg_str_of(text), scale, &v), WG_OK);
    return v;
}

TEST(a_decimal_becomes_a_whole_number_of_its_last_place)
{
    CHECK_INT(fixed("118.594", 7), 1185940000);
    CHECK_INT(fixed("-118.5940001", 7), -1185940001);
    CHECK_INT(fixed("0.00000005", 7), 1); /* half goes away from zero */
    CHECK_INT(fixed("-0.00000005", 7), -1);
    CHECK_INT(fixed("0.000000049999", 7), 0);
    CHECK_INT(fixed("0.99999999", 7), 10000000);
    CHECK_INT(fixed("5", 2), 500);
    CHECK_INT(fixed("2.5", 0), 3);
    CHECK_INT(fixed("0", 18), 0);
    CHECK(fixed("-9223372036854775808", 0) == INT64_MIN);
}

TEST(what_is_no_decimal_is_refused)
{
    static const char *const bad[] = {"",    "-",   ".5", "5.", "1.2.3", "01.5",
                                      "1e5", "1,5", " 1", "+1", "1.x"};
    int64_t v;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(wg_str_fixed(wg_str_of(bad[i]), 7, &v), WG_EINVAL);
    CHECK_INT(wg_str_fixed(WG_S("922337203686"), 8, &v), WG_ERANGE);
    CHECK_INT(wg_str_fixed(WG_S("99999999999999999999"), 0, &v), WG_ERANGE);
    CHECK_INT(wg_str_fixed(WG_S("18446744073709551615.9"), 0, &v), WG_ERANGE);
}

TEST(utf8_is_valid_only_in_its_shortest_form_and_within_unicode)
{
    static const char *const good[] = {"",
                                       "plain ascii, longer than eight",
                                       "网格化",
                                       "é",
                                       "\U0001F6B2",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "12345678网12345678格"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xE7\xBD",
                                      "\xE7",
                                      "\xC3",
                                      "\xF0\x9F\x9A",
                                      "12345678\xE7\xBD",
                                      "\xE7\xBD\x41",
                                      "网\xBD"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK(wg_utf8_valid(wg_str_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!wg_utf8_valid(wg_str_of(bad[i])));
    CHECK_INT(wg_utf8_count(WG_S("a网格\U0001F6B2")), 4);
}

TEST(strings_compare_by_bytes)
{
    CHECK(wg_str_cmp(WG_S("a"), WG_S("b")) < 0 && wg_str_cmp(WG_S("ab"), WG_S("a")) > 0);
    CHECK(wg_str_cmp(WG_S("\xFF"), WG_S("a")) > 0);
    CHECK_INT(wg_str_cmp((struct wg_str){NULL, 0}, WG_S("")), 0);
    CHECK(wg_str_starts(WG_S("b2:x"), "b2:") && !wg_str_starts(WG_S("b2"), "b2:"));
    CHECK(wg_str_starts((struct wg_str){NULL, 0}, ""));
}

TEST(a_field_takes_a_string_only_whole)
{
    char field[4] = "xyz";
    CHECK_INT(wg_str_copy(field, sizeof(field), WG_S("abcd")), WG_ERANGE);
    CHECK_TEXT(field, "");
    CHECK_INT(wg_str_copy(field, sizeof(field), WG_S("abc")), WG_OK);
    CHECK_TEXT(field, "abc");
    CHECK_INT(wg_str_copy(field, sizeof(field), (struct wg_str){NULL, 0}), WG_OK);
    CHECK_TEXT(field, "");
}

static void check_int_text(int64_t v)
{
    struct wg_buf b = WG_BUF_INIT;
    char want[32];
    snprintf(want, sizeof(want), "%lld", (long long)v);
    wg_buf_int(&b, v);
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

TEST(a_buffer_writes_whole_numbers_as_printf_does)
{
    for (int64_t v = 1; v > 0 && v < INT64_MAX / 10; v *= 10) {
        check_int_text(v);
        check_int_text(v - 1);
        check_int_text(-v);
        check_int_text(v * 7 + 3);
    }
    check_int_text(INT64_MAX);
    check_int_text(INT64_MIN);
}

static void check_fixed_text(int64_t v, int scale, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_fixed(&b, v, scale);
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

TEST(a_buffer_writes_the_shortest_decimal)
{
    check_fixed_text(1185940000, 7, "118.594");
    check_fixed_text(-1185940001, 7, "-118.5940001");
    check_fixed_text(0, 7, "0");
    check_fixed_text(5, 7, "0.0000005");
    check_fixed_text(-5, 1, "-0.5");
    check_fixed_text(10000000, 7, "1");
    check_fixed_text(42, 0, "42");
    check_fixed_text(INT64_MIN, 18, "-9.223372036854775808");
    check_fixed_text(-1, 18, "-0.000000000000000001");
}

static void check_quoted(struct wg_str s, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_json(&b, s);
    CHECK(wg_buf_ok(&b));
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

TEST(a_buffer_quotes_any_bytes_as_valid_json)
{
    check_quoted(WG_S(""), "\"\"");
    check_quoted((struct wg_str){NULL, 0}, "\"\"");
    check_quoted(WG_S("井盖破损, longer than eight"), "\"井盖破损, longer than eight\"");
    check_quoted(WG_S("a\"b\\c/\b\f\n\r\t"), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\"");
    check_quoted(WG_S("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    check_quoted(WG_S("x\x80y\xE7\xBD"), "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD\"");
    check_quoted(WG_S("12345678\"12345678网\""), "\"12345678\\\"12345678网\\\"\"");
}

TEST(each_byte_at_each_place_is_quoted_so_that_it_reads_back)
{
    for (int c = 1; c < 0x80; c++) {
        for (size_t place = 0; place < 20; place++) {
            char text[21] = "abcdefghijklmnopqrst";
            struct wg_buf b = WG_BUF_INIT;
            text[place] = (char)c;
            wg_buf_json(&b, (struct wg_str){text, 20});
            struct wg_json *j = parse_s(wg_buf_str(&b));
            CHECK(j && wg_str_is(j->str, text));
            wg_buf_free(&b);
        }
    }
    /* all of them need room at once */
    char worst[1000];
    struct wg_buf b = WG_BUF_INIT;
    memset(worst, 1, sizeof(worst));
    wg_buf_json(&b, (struct wg_str){worst, sizeof(worst)});
    CHECK_INT(b.n, 6002);
    wg_buf_free(&b);
}

TEST(a_buffer_that_ran_out_stays_as_it_was)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "abc");
    CHECK(wg_buf_room(&b, SIZE_MAX - 2) == NULL);
    wg_buf_char(&b, 'd');
    wg_buf_fmt(&b, "%d", 5);
    CHECK(!wg_buf_ok(&b));
    CHECK_STR(wg_buf_str(&b), "abc");
    wg_buf_clear(&b);
    wg_buf_fmt(&b, "%s%0200d", "x", 5);
    CHECK(wg_buf_ok(&b));
    CHECK_INT(b.n, 201);
    wg_buf_free(&b);
    CHECK(b.p == NULL && b.cap == 0);
}

/* --- json ---------------------------------------------------------------------------------------
 */

TEST(a_document_becomes_a_tree)
{
    struct wg_json *j =
        parse(" {\"a\":1,\"b\":[true,null,\"井\\u76d6\\n\"],\"c\":{\"d\":-1.50E2},\"\":false} ");
    CHECK(j && j->type == WG_JOBJ && j->count == 4);
    CHECK_INT(wg_json_int(j, "a", 9), 1);
    const struct wg_json *b = wg_json_get(j, "b");
    CHECK(b && b->type == WG_JARR && b->count == 3);
    CHECK(b->child->type == WG_JBOOL && b->child->num == 1);
    CHECK(b->child->next->type == WG_JNULL);
    CHECK_STR(b->child->next->next->str, "井盖\n");
    CHECK(b->child->next->next->next == NULL);
    const struct wg_json *d = wg_json_get(wg_json_get(j, "c"), "d");
    CHECK(d && d->type == WG_JREAL);
    CHECK_STR(d->str, "-1.50E2");
    CHECK(!wg_json_bool(j, "", true));
}

TEST(looking_for_what_is_not_there_gives_the_fallback)
{
    struct wg_json *j = parse("{\"a\":\"x\",\"n\":5,\"e\":\"\"}");
    CHECK(wg_json_get(j, "b") == NULL && wg_json_get(NULL, "a") == NULL);
    CHECK(wg_json_get(wg_json_get(j, "a"), "b") == NULL);
    CHECK(wg_json_str(j, "n").p == NULL && wg_json_str(j, "e").p != NULL);
    CHECK_INT(wg_json_int(j, "a", -3), -3);
    CHECK(wg_json_bool(j, "n", true));
}

TEST(a_tree_is_written_as_it_was_without_spaces)
{
    check_written("[ ]", "[]");
    check_written("{ }", "{}");
    check_written("\"\\ud83d\\udeb2\\/\"", "\"\U0001F6B2/\"");
    check_written(" { \"a\" : [ 1.0 , 1e9, -0 , [ ] , {} ], \"b\\\"\" : \"\\u001f\" } ",
                  "{\"a\":[1.0,1e9,-0,[],{}],\"b\\\"\":\"\\u001f\"}");
    check_written("123", "123");
    check_written("-9223372036854775808", "-9223372036854775808");
    check_written(" true\n", "true");
}

TEST(a_refusal_says_line_column_and_what_was_expected)
{
    check_refused("", "line 1, column 1: expected a value, found empty text");
    check_refused("  \n ",
                  "line 2, column 2: expected the text to go on, found the end of the text");
    check_refused("{\"a\":1,}", "line 1, column 8: expected a key in double quotes, found '}'");
    check_refused("[1,\n2,]", "line 2, column 3: expected a value, found ']'");
    check_refused("[1 2]", "line 1, column 4: expected ',' or ']' after an element, found '2'");
    check_refused("{\"井\" \"b\"}", "line 1, column 6: expected ':' after a key, found \"b\"");
    check_refused("{\"a\":1 \"b\"}", "line 1, column 8: expected ',' or '}' after a member");
    check_refused("{\"a\":\"b\" 1 }",
                  "line 1, column 10: expected ',' or '}' after a member, found '1'");
    check_refused("{\"a\":\"\":1}",
                  "line 1, column 8: expected ',' or '}' after a member, found ':'");
    check_refused("{\"a\":1 2", "line 1, column 8: expected ',' or '}' after a member, found '2'");
    check_refused("{\"a\" 1}", "line 1, column 6: expected ':' after a key, found '1'");
    check_refused("{\"a\":1 \"\"}",
                  "line 1, column 8: expected ',' or '}' after a member, found \"\"");
    check_refused("{a:1}", "line 1, column 2");
    check_refused("{\"a\":nul}", "line 1, column 6: expected a value such as");
    check_refused("[nope]",
                  "line 1, column 2: expected a value such as true, false or null, found 'nope'");
    check_refused("nul", "true, false or null");
    check_refused("[1", "line 1, column 3: expected the text to go on");
    check_refused("\"abc", "expected the text to go on");
    check_refused("1 2", "line 1, column 3: expected nothing after the value, found '2'");
    check_refused("{} x", "line 1, column 4: expected nothing after the value");
    check_refused("[1] // no", "expected nothing after the value");
    check_refused("/* c */ 1", "comments");
    check_refused("[;]", "line 1, column 2: expected a JSON value or mark, found ';'");
    check_refused("\"a\nb\"", "line 1, column 3: expected a string without raw control characters");
    check_refused("\"\\x\"", "line 1, column 3: expected one of");
    check_refused("\"\\u12g4\"", "expected four hexadecimal digits");
    check_refused("\xEF\xBB\xBF{}", "byte order mark");
}

TEST(numbers_are_what_the_standard_says)
{
    static const char *const bad[] = {"01",  "-",    "+1",   "1.",   ".5",       "1e",
                                      "1e+", "-a",   "0x10", "NaN",  "Infinity", "1_0",
                                      "--1", "1.e5", "[-]",  "[1.]", "[1e]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(bad[i], "line 1, column ");
    check_refused("[9223372036854775808]", "line 1, column 2: whole number out of range");
    check_refused("-9223372036854775809", "line 1, column 1: whole number out of range");
    check_refused("{\"a\":99999999999999999999999999 }",
                  "line 1, column 6: whole number out of range");
    check_written("99999999999999999999999999.0", "99999999999999999999999999.0");
}

TEST(what_yajl_would_let_through_is_refused)
{
    check_refused("\"\\ud800\"", "line 1, column 2: half of a surrogate pair");
    check_refused("[\"\\udc00\"]", "line 1, column 3: half of a surrogate pair");
    check_refused("\"\\ud800\\u0041\"", "half of a surrogate pair");
    check_refused("\"\\ud800\\ud800\\udc00\"", "half of a surrogate pair");
    check_refused("\"\\ud800", "half of a surrogate pair");
    check_refused("\"a\\u0000\"", "line 1, column 3: a string may not hold the character NUL");
    check_refused("{\"\\u0000\":1}", "NUL");
    check_refused("\"\xC0\x80\"", "line 1, column 2: not valid UTF-8");
    check_refused("\"网\xED\xA0\x80\"", "line 1, column 3: not valid UTF-8");
    check_refused("\"\xF4\x90\x80\x80\"", "not valid UTF-8");
    check_refused("[1]\xFF", "line 1, column 4: not valid UTF-8");
    CHECK(parse_s((struct wg_str){"[1]\0", 4}) == NULL);
    CHECK(parse_s((struct wg_str){"\"a\0b\"", 5}) == NULL);
    check_written("\"\\\\ud800\\\\u0000\"", "\"\\\\ud800\\\\u0000\""); /* no escapes, those */
    check_written("\"\\u0001\\uD83D\\uDEB2\"", "\"\\u0001\U0001F6B2\"");
}

TEST(a_key_may_stand_only_once_in_an_object)
{
    check_refused("{\"a\":1,\"b\":2,\"a\":3}", "line 1, column 14: a key may stand only once");
    check_refused("{\"a\":1,\"\\u0061\":3}", "a key may stand only once");
    check_refused("{\"\":1,\"\":3}", "a key may stand only once");
    check_refused("[{\"x\":{\"a\":1,\"a\":2}}]", "a key may stand only once");
    check_written("[{\"a\":1},{\"a\":{\"a\":1}}]", "[{\"a\":1},{\"a\":{\"a\":1}}]");
}

/* An object of count members, the last of which has the key "k<last>". */
static struct wg_json *parse_members(size_t count, size_t last)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    for (size_t i = 0; i < count; i++)
        wg_buf_fmt(&b, "%s\"k%zu\":%zu", i ? "," : "", i + 1 < count ? i : last, i);
    wg_buf_char(&b, '}');
    struct wg_json *j = parse_s(wg_buf_str(&b));
    wg_buf_free(&b);
    return j;
}

TEST(a_repeated_key_is_found_in_objects_of_every_size)
{
    for (size_t count = 2; count < 150; count++) {
        CHECK(parse_members(count, count) != NULL);
        for (size_t twin = 0; twin + 1 < count; twin++)
            CHECK(parse_members(count, twin) == NULL);
    }
}

TEST(a_hundred_thousand_keys_do_not_take_quadratic_time)
{
    int64_t start_ms = wg_mono_ms();
    struct wg_json *j = parse_members(100000, 100000);
    CHECK(j && j->count == 100000);
    CHECK(parse_members(100000, 5) == NULL);
    CHECK(wg_mono_ms() - start_ms < 3000); /* about 40 ms each */
}

TEST(nesting_ends_at_the_limit_and_costs_nothing_beyond)
{
    char text[2 * WG_JSON_DEPTH + 3] = "";
    memset(text, '[', WG_JSON_DEPTH);
    memset(text + WG_JSON_DEPTH, ']', WG_JSON_DEPTH);
    CHECK(parse(text) != NULL);
    memset(text, '[', WG_JSON_DEPTH + 1);
    memset(text + WG_JSON_DEPTH + 1, ']', WG_JSON_DEPTH + 1);
    check_refused(text, "line 1, column 33: nested too deeply, found '['");

    char *deep = malloc(1 << 20);
    memset(deep, '[', 1 << 20);
    CHECK(parse_s((struct wg_str){deep, 1 << 20}) == NULL);
    CHECK(wg_arena_used(arena) < (size_t)2 << 20);
    free(deep);
}

TEST(a_refusal_repeats_little_of_the_input)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"a\" \"");
    for (int i = 0; i < 1000; i++)
        wg_buf_lit(&b, "密");
    wg_buf_lit(&b, "\"}");
    CHECK(parse_s(wg_buf_str(&b)) == NULL);
    CHECK(strlen(err.text) < 120 && wg_utf8_valid(wg_str_of(err.text)));
    CHECK(strstr(err.text, "line 1, column 6: ") != NULL);
    wg_buf_free(&b);
}

TEST(long_strings_with_escapes_outgrow_yajls_scratch_safely)
{
    struct wg_buf b = WG_BUF_INIT, again = WG_BUF_INIT;
    wg_buf_lit(&b, "[\"");
    for (int i = 0; i < 20000; i++)
        wg_buf_lit(&b, "\\n网");
    wg_buf_lit(&b, "\"]");
    struct wg_json *j = parse_s(wg_buf_str(&b));
    CHECK(j && j->child->str.n == 80000);
    wg_json_write(j, &again);
    CHECK(wg_str_eq(wg_buf_str(&b), wg_buf_str(&again)));
    b.n -= 2; /* unfinished: yajl copies all of it */
    CHECK(parse_s(wg_buf_str(&b)) == NULL);
    wg_buf_free(&b);
    wg_buf_free(&again);
}

static int json_fixed(const char *text, int scale, int64_t *v)
{
    return wg_json_fixed(parse(text), scale, v);
}

TEST(a_json_number_becomes_a_whole_number_of_its_last_place)
{
    int64_t v = 0;
    CHECK_INT(json_fixed("118.594", 7, &v), WG_OK);
    CHECK_INT(v, 1185940000);
    CHECK_INT(json_fixed("118", 7, &v), WG_OK);
    CHECK_INT(v, 1180000000);
    CHECK_INT(json_fixed("1.5e-7", 7, &v), WG_OK);
    CHECK_INT(v, 2);
    CHECK_INT(json_fixed("-1.18594E+2", 7, &v), WG_OK);
    CHECK_INT(v, -1185940000);
    CHECK_INT(json_fixed("0e999999999999", 7, &v), WG_OK);
    CHECK_INT(v, 0);
    CHECK_INT(json_fixed("1e-999999999999", 7, &v), WG_OK);
    CHECK_INT(v, 0);
    CHECK_INT(json_fixed("1e999999999999", 7, &v), WG_ERANGE);
    CHECK_INT(json_fixed("922337203686", 8, &v), WG_ERANGE);
    CHECK_INT(json_fixed("\"1\"", 7, &v), WG_EINVAL);
    CHECK_INT(wg_json_fixed(NULL, 7, &v), WG_EINVAL);
}

TEST(json_written_by_hand_has_its_commas)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "s", WG_S("a\"b"));
    wg_json_kstr(&b, "none", (struct wg_str){NULL, 0});
    wg_json_kint(&b, "n", -5);
    wg_json_kbool(&b, "yes", true);
    wg_json_key(&b, "list");
    wg_buf_char(&b, '[');
    for (int i = 0; i < 3; i++) {
        wg_json_sep(&b);
        wg_buf_int(&b, i);
    }
    wg_buf_lit(&b, "]}");
    CHECK_STR(wg_buf_str(&b),
              "{\"s\":\"a\\\"b\",\"none\":null,\"n\":-5,\"yes\":true,\"list\":[0,1,2]}");
    wg_buf_free(&b);
}

/* --- hash ---------------------------------------------------------------------------------------
 */

TEST(digests_match_the_published_vectors)
{
    char text[WG_HASH_TEXT + 1], hex[65];
    static const char want[] = "\x0e\x57\x51\xc0\x26\xe5\x43\xb2\xe8\xab\x2e\xb0\x60\x99\xda\xa1"
                               "\xd1\xe5\xdf\x47\x77\x8f\x77\x87\xfa\xab\x45\xcd\xf1\x2f\xe3\xa8";
    struct wg_hash h = wg_hash_of((struct wg_str){NULL, 0}); /* BLAKE2b-256 of nothing */
    assert_memory_equal(h.b, want, 32);
    wg_hash_text(&h, text);
    CHECK_INT(strlen(text), WG_HASH_TEXT);
    wg_sha256_hex(WG_S("abc"), hex);
    CHECK_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_INT(wg_sha256_parse(wg_str_of(hex), h.b), WG_OK);
    CHECK(h.b[0] == 0xba && h.b[31] == 0xad);
    hex[63] = 'D';
    CHECK_INT(wg_sha256_parse(wg_str_of(hex), h.b), WG_EINVAL);
    CHECK_INT(wg_sha256_parse((struct wg_str){hex, 62}, h.b), WG_EINVAL);
    CHECK_INT(wg_crc32c(0, "123456789", 9), 0xE3069283u);
    CHECK_INT(wg_crc32c(wg_crc32c(0, "1234", 4), "56789", 5), 0xE3069283u);
    CHECK_INT(wg_crc32c(0, NULL, 0), 0);
}

TEST(a_hash_reads_back_from_its_text_only_if_nothing_was_changed)
{
    struct wg_hash h = wg_hash_of(WG_S("案卷")), back = {{0}};
    char text[WG_HASH_TEXT + 1], brief[WG_SHORT_TEXT + 1];
    wg_hash_text(&h, text);
    wg_hash_short(&h, brief);
    CHECK_INT(strlen(brief), WG_SHORT_TEXT);
    assert_memory_equal(text, brief, WG_SHORT_TEXT - 1);
    CHECK_INT(wg_hash_parse(wg_str_of(text), &back), WG_OK);
    assert_memory_equal(&h, &back, sizeof(h));
    CHECK_INT(wg_hash_parse(wg_str_of(brief), &back), WG_EINVAL);
    CHECK_INT(wg_hash_parse((struct wg_str){text, WG_HASH_TEXT - 1}, &back), WG_EINVAL);
    text[5] = '+';
    CHECK_INT(wg_hash_parse(wg_str_of(text), &back), WG_EINVAL);
    text[5] = 'A';
    text[1] = '3';
    CHECK_INT(wg_hash_parse(wg_str_of(text), &back), WG_EINVAL);
}

TEST(a_keyed_hash_depends_on_the_key_and_where_parts_are_parted)
{
    const uint8_t key[32] = {1}, other[32] = {2};
    struct wg_str ab_c[] = {WG_S("ab"), WG_S("c")}, a_bc[] = {WG_S("a"), WG_S("bc")};
    struct wg_hash one = wg_hash_keyed(key, ab_c, 2), same = wg_hash_keyed(key, ab_c, 2);
    struct wg_hash parted = wg_hash_keyed(key, a_bc, 2), rekeyed = wg_hash_keyed(other, ab_c, 2);
    assert_memory_equal(&one, &same, sizeof(one));
    assert_memory_not_equal(&one, &parted, sizeof(one));
    assert_memory_not_equal(&one, &rekeyed, sizeof(one));
    struct wg_hash none = wg_hash_keyed(key, NULL, 0);
    assert_memory_not_equal(&one, &none, sizeof(one));
}

TEST(base64url_goes_both_ways_and_refuses_the_rest)
{
    uint8_t raw[100], back[100];
    size_t n = 0;
    wg_random(raw, sizeof(raw));
    for (size_t length = 0; length <= sizeof(raw); length++) {
        struct wg_buf b = WG_BUF_INIT;
        wg_buf_lit(&b, "x");
        wg_base64url(raw, length, &b);
        struct wg_str text = {b.p + 1, b.n - 1};
        CHECK_INT(wg_base64url_decode(text, back, length, &n), WG_OK);
        CHECK_INT(n, length);
        assert_memory_equal(raw, back, length);
        if (length > 0)
            CHECK_INT(wg_base64url_decode(text, back, length - 1, &n), WG_ERANGE);
        wg_buf_free(&b);
    }
    static const char *const bad[] = {"A", "AB", "AA==", "A+AA", "A/AA", "AA A", "AAA\n", "网"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(wg_base64url_decode(wg_str_of(bad[i]), back, sizeof(back), &n), WG_EINVAL);
}

TEST(random_text_has_its_length_and_no_twin)
{
    for (size_t n = 0; n < 200; n++) {
        char one[300], two[300];
        wg_random_text(n, one, 4 * n / 3 + 2);
        wg_random_text(n, two, sizeof(two));
        CHECK_INT(strlen(one), (4 * n + 2) / 3);
        if (n >= 16)
            CHECK(strcmp(one, two) != 0);
    }
}

/* --- time ---------------------------------------------------------------------------------------
 */

TEST(days_count_from_1970_and_back_over_twelve_thousand_years)
{
    struct wg_date epoch = wg_date_of(0),
                   leap = wg_date_of(wg_day_of((struct wg_date){2024, 2, 29}));
    CHECK(epoch.year == 1970 && epoch.month == 1 && epoch.day == 1);
    CHECK(leap.year == 2024 && leap.month == 2 && leap.day == 29);
    CHECK_INT(wg_day_of((struct wg_date){2026, 3, 6}), 20518);
    struct wg_date before = wg_date_of(-2000001);
    for (int64_t day = -2000000; day < 3000000; day++) {
        struct wg_date d = wg_date_of(day);
        CHECK(wg_day_of(d) == day);
        bool next_day = d.year == before.year && d.month == before.month && d.day == before.day + 1;
        bool next_month = d.day == 1 && (d.month == before.month % 12 + 1);
        CHECK(next_day || next_month);
        before = d;
    }
    wg_date_of(INT64_MAX); /* absurd, but no undefined behaviour */
    wg_date_of(INT64_MIN);
}

TEST(a_date_must_exist)
{
    static const char *const bad[] = {"2026-02-30", "2025-02-29",  "1900-02-29", "2026-00-01",
                                      "2026-13-01", "2026-04-31",  "2026-01-00", "2026-1-01",
                                      "26-01-01",   "2026-01-01 ", "2026/01/01", "",
                                      "2026-01-0",  "+026-01-01"};
    struct wg_date d = {1, 2, 3};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(wg_date_parse(wg_str_of(bad[i]), &d), WG_EINVAL);
    CHECK(d.year == 1);
    CHECK_INT(wg_date_parse(WG_S("2000-02-29"), &d), WG_OK);
    CHECK(d.year == 2000 && d.month == 2 && d.day == 29);
    CHECK(!wg_date_valid((struct wg_date){10000, 1, 1}) &&
          !wg_date_valid((struct wg_date){-1, 1, 1}));
}

static int64_t at(const char *text)
{
    int64_t t_ms = 0;
    CHECK_INT(wg_time_parse(wg_str_of(text), &t_ms), WG_OK);
    return t_ms;
}

TEST(a_time_is_read_with_any_offset_and_fraction)
{
    CHECK_INT(at("1970-01-01T00:00:00Z"), 0);
    CHECK_INT(at("2026-03-06T17:00:00+08:00"), at("2026-03-06T09:00:00z"));
    CHECK_INT(at("2026-03-06t17:00:00.5+08:00"), 1772787600500);
    CHECK_INT(at("2026-03-06T17:00:00.123999999+08:00"), 1772787600123);
    CHECK_INT(at("2026-03-06T17:00:00.07+08:00"), 1772787600070);
    CHECK_INT(at("1969-12-31T23:59:59.999Z"), -1);
    CHECK_INT(at("2026-01-01T00:00:00-03:30"), at("2026-01-01T03:30:00Z"));
}

TEST(a_time_out_of_form_or_range_is_refused)
{
    static const char *const bad[] = {"2026-02-30T00:00:00Z",
                                      "2026-03-06T24:00:00Z",
                                      "2026-03-06T23:60:00Z",
                                      "2026-03-06T23:59:60Z",
                                      "2026-03-06T23:59:59",
                                      "2026-03-06 23:59:59Z",
                                      "2026-03-06T23:59:59.Z",
                                      "2026-03-06T23:59:59+0800",
                                      "2026-03-06T23:59:59+24:00",
                                      "2026-03-06T23:59:59+08:60",
                                      "2026-03-06T23:59:59+8:00",
                                      "2026-03-06T23:59:59.1234567890Z",
                                      "2026-03-06T23:59Z",
                                      "2026-03-06T23:59:59Zx",
                                      "2026-03-06T23:59:59,5Z",
                                      "2026-03-06",
                                      "",
                                      "2026-03-06T23:59:59+08:0"};
    int64_t t_ms = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(wg_time_parse(wg_str_of(bad[i]), &t_ms), WG_EINVAL);
    CHECK_INT(wg_time_parse((struct wg_str){"2026-03-06\0", 11}, &t_ms), WG_EINVAL);
    CHECK_INT(t_ms, 7);
}

TEST(a_time_is_written_local_and_reads_back)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_time(&b, 1772787600000);
    wg_buf_char(&b, ' ');
    wg_buf_time(&b, -28800001);
    CHECK_STR(wg_buf_str(&b), "2026-03-06T17:00:00+08:00 1969-12-31T23:59:59.999+08:00");
    for (int64_t t = -60000000000000; t < 250000000000000; t += 7654321098765) {
        int64_t back = 0;
        wg_buf_clear(&b);
        wg_buf_time(&b, t);
        CHECK_INT(wg_time_parse(wg_buf_str(&b), &back), WG_OK);
        CHECK_INT(back, t);
    }
    wg_buf_time(&b, INT64_MAX); /* beyond RFC 3339, but safe */
    wg_buf_time(&b, INT64_MIN);
    wg_buf_free(&b);
}

TEST(a_local_day_begins_at_sixteen_utc)
{
    int64_t into = 0;
    CHECK_INT(wg_local_day(at("2026-03-05T16:00:00Z"), &into), 20518);
    CHECK_INT(into, 0);
    CHECK_INT(wg_local_day(at("2026-03-05T15:59:59.999Z"), &into), 20517);
    CHECK_INT(into, WG_DAY_MS - 1);
    CHECK_INT(wg_local_day(-1, &into), 0);
    CHECK_INT(into, 8 * WG_HOUR_MS - 1);
    wg_local_day(INT64_MAX, NULL);
    CHECK(wg_now_ms() > at("2025-01-01T00:00:00Z") && wg_mono_us() / 1000 <= wg_mono_ms());
}

/* --- queue --------------------------------------------------------------------------------------
 */

struct thing {
    struct wg_link link;
    int from, number;
};

TEST(a_queue_gives_things_back_in_order_and_no_more_than_asked)
{
    struct wg_queue *q = wg_queue_new(5);
    struct thing things[6] = {0};
    for (int i = 0; i < 5; i++) {
        things[i].number = i;
        CHECK_INT(wg_queue_push(q, &things[i].link), WG_OK);
    }
    CHECK_INT(wg_queue_push(q, &things[5].link), WG_EBUSY);
    CHECK_INT(wg_queue_count(q), 5);
    struct wg_link *list = wg_queue_take(q, 2, 0);
    CHECK(list == &things[0].link && list->next == &things[1].link && !list->next->next);
    CHECK_INT(wg_queue_push(q, &things[5].link), WG_OK);
    list = wg_queue_take(q, 100, -1);
    for (int i = 2; i < 6; i++, list = list->next)
        CHECK(list == &things[i].link);
    CHECK(list == NULL && wg_queue_take(q, 1, 0) == NULL && wg_queue_count(q) == 0);
    CHECK_INT(wg_queue_push(q, &things[0].link), WG_OK);
    CHECK(wg_queue_take(q, 1, 0) == &things[0].link);
    wg_queue_free(q);
    wg_queue_free(NULL);
}

TEST(a_wait_ends_when_its_time_is_over)
{
    struct wg_queue *q = wg_queue_new(0);
    int64_t start_ms = wg_mono_ms();
    CHECK(wg_queue_take(q, 1, 30) == NULL);
    CHECK(wg_mono_ms() - start_ms >= 29);
    wg_queue_free(q);
}

#define THINGS 20000

struct producer {
    pthread_t thread;
    struct wg_queue *queue;
    int from;
    struct thing *things;
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (int i = 0; i < THINGS; i++) {
        p->things[i] = (struct thing){.from = p->from, .number = i};
        while (wg_queue_push(p->queue, &p->things[i].link) == WG_EBUSY)
            sched_yield();
    }
    return NULL;
}

TEST(many_threads_push_and_one_gets_each_thing_once_in_each_threads_order)
{
    struct wg_queue *q = wg_queue_new(64);
    struct producer p[4];
    int next[4] = {0}, got = 0;
    for (int i = 0; i < 4; i++) {
        p[i] = (struct producer){
            .queue = q, .from = i, .things = calloc(THINGS, sizeof(struct thing))};
        CHECK_INT(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
    }
    while (got < 4 * THINGS) {
        for (struct wg_link *l = wg_queue_take(q, 16, -1); l; l = l->next, got++) {
            struct thing *t = (struct thing *)l;
            CHECK(t->number == next[t->from]++);
        }
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(p[i].thread, NULL);
        free(p[i].things);
    }
    wg_queue_free(q);
}

static void *close_soon(void *arg)
{
    usleep(20000);
    wg_queue_close(arg);
    return NULL;
}

TEST(closing_wakes_the_consumer_and_leaves_it_what_waits)
{
    struct wg_queue *q = wg_queue_new(0);
    struct thing last = {0}, late = {0};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, close_soon, q), 0);
    CHECK(wg_queue_take(q, 1, -1) == NULL);
    pthread_join(thread, NULL);
    CHECK(wg_queue_closed(q));
    CHECK_INT(wg_queue_push(q, &late.link), WG_EBUSY);
    wg_queue_free(q);

    q = wg_queue_new(0);
    CHECK_INT(wg_queue_push(q, &last.link), WG_OK);
    wg_queue_close(q);
    CHECK(wg_queue_take(q, 1, -1) == &last.link);
    CHECK(wg_queue_take(q, 1, -1) == NULL);
    wg_queue_free(q);
}

/* --- log ----------------------------------------------------------------------------------------
 */

/* What is logged between these two goes to *out instead of stderr. */
static int log_pipe[2], log_saved;

static void catch_log(void)
{
    CHECK_INT(pipe(log_pipe), 0);
    log_saved = dup(STDERR_FILENO);
    dup2(log_pipe[1], STDERR_FILENO);
}

static struct wg_str caught_log(char *out, size_t cap)
{
    dup2(log_saved, STDERR_FILENO);
    close(log_pipe[1]);
    ssize_t n = read(log_pipe[0], out, cap);
    close(log_pipe[0]);
    close(log_saved);
    return (struct wg_str){out, n > 0 ? (size_t)n : 0};
}

TEST(a_log_line_is_one_json_object)
{
    char out[4000];
    catch_log();
    wg_log(WG_DEBUG, "base", "not written", NULL);
    wg_log(WG_WARN, "desk", "slow \"rule\"\n", "file", "规则.lua", "ms", WG_NUM(-31), "none", NULL,
           NULL);
    struct wg_str line = caught_log(out, sizeof(out));
    CHECK(line.n > 0 && memchr(line.p, '\n', line.n) == line.p + line.n - 1);
    struct wg_json *j = parse_s(line);
    CHECK(j != NULL);
    CHECK_STR(wg_json_str(j, "level"), "warn");
    CHECK_STR(wg_json_str(j, "at"), "desk");
    CHECK_STR(wg_json_str(j, "msg"), "slow \"rule\"\n");
    CHECK_STR(wg_json_str(j, "file"), "规则.lua");
    CHECK_INT(wg_json_int(j, "ms", 0), -31);
    CHECK(wg_json_get(j, "none") && wg_json_get(j, "none")->type == WG_JNULL);
    CHECK(wg_now_ms() - at(wg_json_str(j, "t").p) < 10000);
}

TEST(the_level_decides_what_is_written)
{
    char out[4000];
    catch_log();
    wg_log_level(WG_ERROR);
    wg_log(WG_WARN, "base", "no", NULL);
    wg_log(WG_ERROR, "base", "yes", NULL);
    wg_log_level(WG_INFO);
    struct wg_str text = caught_log(out, sizeof(out));
    struct wg_json *j = parse_s(text);
    CHECK(j != NULL);
    CHECK_STR(wg_json_str(j, "msg"), "yes");
}

/* ---- signatures ---- */

/* RFC 8032, 7.1, tests 1 and 2: the seed, its public key and the signature of the message, in hex.
 */
static const struct {
    const char *seed, *public, *message, *signature;
} signed_by_the_book[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static size_t unhex(const char *hex, uint8_t *out)
{
    unsigned byte;
    size_t n = 0;
    for (; hex[2 * n]; n++) {
        CHECK_INT(sscanf(hex + 2 * n, "%2x", &byte), 1);
        out[n] = (uint8_t)byte;
    }
    return n;
}

TEST(a_signature_is_as_the_rfc_has_it)
{
    uint8_t seed[WG_SIGN_SEED], want[WG_SIGN_BYTES], got[WG_SIGN_BYTES];
    char key[WG_PUBLIC_TEXT + 1], signature[WG_SIGNATURE_TEXT + 1];
    size_t n;
    for (size_t i = 0; i < 2; i++) {
        struct wg_str message = wg_str_of(signed_by_the_book[i].message);
        CHECK_INT(unhex(signed_by_the_book[i].seed, seed), sizeof(seed));
        wg_sign_public(seed, key);
        CHECK(strlen(key) == WG_PUBLIC_TEXT && wg_sign_is_key(wg_str_of(key)));
        CHECK_INT(wg_base64url_decode(wg_str_of(key + 8), got, sizeof(got), &n), WG_OK);
        CHECK_INT(unhex(signed_by_the_book[i].public, want), n);
        assert_memory_equal(got, want, n);
        wg_sign(seed, message, signature);
        CHECK_INT(strlen(signature), WG_SIGNATURE_TEXT);
        CHECK_INT(wg_base64url_decode(wg_str_of(signature), got, sizeof(got), &n), WG_OK);
        CHECK_INT(unhex(signed_by_the_book[i].signature, want), n);
        assert_memory_equal(got, want, n);
        CHECK(wg_sign_check(wg_str_of(key), message, wg_str_of(signature)));
    }
}

TEST(a_signature_of_another_key_or_text_or_a_piece_of_one_does_not_fit)
{
    const struct wg_str text = WG_S("wangge rules\nauthor\n341824\n");
    uint8_t seed[WG_SIGN_SEED] = {1}, other_seed[WG_SIGN_SEED] = {2};
    char key[WG_PUBLIC_TEXT + 1], other[WG_PUBLIC_TEXT + 1], signature[WG_SIGNATURE_TEXT + 1];
    wg_sign_public(seed, key);
    wg_sign_public(other_seed, other);
    wg_sign(seed, text, signature);
    const struct wg_str k = wg_str_of(key), s = wg_str_of(signature);
    CHECK(wg_sign_check(k, text, s));
    CHECK(!wg_sign_check(wg_str_of(other), text, s));
    CHECK(!wg_sign_check(k, WG_S("wangge rules\napprover\n341824\n"), s));
    CHECK(!wg_sign_check(k, (struct wg_str){text.p, text.n - 1}, s));
    for (size_t n = 0; n < s.n; n++)
        CHECK(!wg_sign_check(k, text, (struct wg_str){s.p, n}));
    for (size_t n = 0; n < k.n; n++) {
        CHECK(!wg_sign_is_key((struct wg_str){k.p, n}));
        CHECK(!wg_sign_check((struct wg_str){k.p, n}, text, s));
    }
    for (size_t i = 0; i < s.n; i++) { /* each character of it counts */
        char was = signature[i];
        signature[i] = was == 'A' ? 'Q' : 'A';
        CHECK(!wg_sign_check(k, text, s));
        signature[i] = was;
    }
    CHECK(!wg_sign_check(WG_S(""), text, s) && !wg_sign_check(k, text, WG_S("")));
    CHECK(!wg_sign_check((struct wg_str){NULL, 0}, text, (struct wg_str){NULL, 0}));
    CHECK(!wg_sign_is_key(WG_S("rsa:AAAA")) && !wg_sign_is_key(WG_S("ed25519:")));
}

/* The last: gives back what the helpers above keep. */
TEST(nothing_is_left_behind)
{
    wg_arena_free(arena);
    arena = NULL;
}

RUN_ALL("base")
