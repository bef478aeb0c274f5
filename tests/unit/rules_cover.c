/** A bundle's own tests: the clock that answers them, what they say when they fail, and what they
 * have covered. */
#include "rules_given.h"

#define PACK(own, handlers)                                                                       \
    "return county { code = '" AREA "', name = '青山县', standard = 'S', number = "            \
    "'{year}{serial}', hours = { week = 'Mon-Fri', shifts = { '08:30-12:00', '14:00-17:30' } }, " \
    "flow = " FLOW ", categories = extend(standard 'S', {" own "}), on = {\n" handlers "} }"
#define FILE_ROW                                                          \
    "file = function(case, ctx)\n"                                        \
    "  if ctx.row.id == '9' then\n"                                       \
    "    return refuse { because = 'never' }\n"                           \
    "  end\n"                                                             \
    "  return set { due = ctx.deadline(ctx.row.limit), because = 'x' }\n" \
    "end,\n"
#define CALENDAR "{\"years\":{\"2026\":{\"holidays\":{\"2026-03-09\":\"春假\"},\"workdays\":{}}}}"

static struct wg_buf said;
static struct wg_test_sum sum;

static void note_line(void *arg, const char *line)
{
    (void)arg;
    wg_buf_fmt(&said, "%s\n", line);
}

static struct wg_rules *pack_of(const char *rules, const char *tests, const char *generated)
{
    struct wg_rules *r;
    struct file files[] = {{AREA "/rules.lua", rules},
                           {AREA "/tests.lua", tests},
                           {"standards/classes.csv", CLASSES},
                           {"standards/limits.csv", LIMITS},
                           {AREA "/generated_tests.lua", generated}};
    if (load_files(files, generated ? 5 : 4, NULL, &r) < 0)
        CHECK_TEXT(err.text, "no error");
    return r;
}

static int run(struct wg_rules *r, const char *calendar)
{
    struct wg_test_opts opts = {.calendar = calendar, .say = note_line, .cover = true};
    wg_buf_clear(&said);
    memset(&err, 0, sizeof(err));
    int rc = wg_rules_test(r, &opts, &sum, &err);
    wg_buf_char(&said, '\0');
    return rc;
}

static void finish(struct wg_rules *r)
{
    wg_rules_cover_free(sum.cover);
    sum.cover = NULL;
    wg_buf_free(&said);
    wg_rules_free(r);
}

#define FILED(name, row, more)                                                                \
    "{ name = '" name "', on = 'file', case = { category = '0101' }, row = '" row "', now = " \
    "'2026-03-06T17:00:00+08:00'" more " },\n"

TEST(a_deadline_that_no_answer_gives_is_the_calendars)
{
    struct wg_rules *r =
        pack_of(PACK("", FILE_ROW),
                "return {\n" FILED("friday", "1",
                                   ", want = { { k = 'set', due = '2026-03-09T12:00:00+08:00' } }")
                    FILED("said", "1",
                          ", answers = { { 'deadline', '2026-03-07T00:00:00+08:00' } }, want = { { "
                          "due = '2026-03-07T00:00:00+08:00' } }, asked = { { 'deadline', { "
                          "'2026-03-06T17:00:00+08:00', 4000, 'work_hour' } } }") "}",
                NULL);
    CHECK_INT(run(r, NULL), WG_OK);
    CHECK_INT(sum.ran, 2);
    CHECK_INT(sum.failed, 0);
    wg_rules_cover_free(sum.cover);
    CHECK_INT(run(r, CALENDAR), WG_ERULE); /* Monday is a holiday there */
    CHECK_INT(sum.failed, 1);
    CHECK(strstr(said.p, "came: [{\"k\":\"set\",\"due\":\"2026-03-10T12:00:00+08:00\"") != NULL);
    finish(r);
}

TEST(every_failure_is_told_with_its_line_what_was_wanted_and_what_came)
{
    struct wg_rules *r =
        pack_of(PACK("", FILE_ROW),
                "return {\n" FILED("one", "1", ", want = { { due = 7 } }")
                    FILED("two", "2", ", has = { { k = 'set' } }") FILED("three", "7", "") "}",
                "return { bad = }");
    CHECK_INT(run(r, NULL), WG_ERULE);
    CHECK_INT(sum.ran, 4);
    CHECK_INT(sum.failed, 3);
    CHECK(strstr(err.text, AREA "/tests.lua:2: \"one\": want is not what came: ") == err.text);
    CHECK(strstr(said.p, "FAILED " AREA
                         "/tests.lua:2: one\n    want: [{\"due\":7}]\n    came: [{") != NULL);
    CHECK(strstr(said.p, "ok " AREA "/tests.lua:3: two\n") != NULL);
    CHECK(strstr(said.p, "FAILED " AREA
                         "/tests.lua:4: three\n    row: the class has no condition 7") != NULL);
    CHECK(strstr(said.p, "FAILED " AREA "/generated_tests.lua:1: ") != NULL);
    finish(r);
}

TEST(has_wants_its_outcomes_among_others_in_their_order)
{
    struct wg_rules *r =
        pack_of(PACK("", "file = function(_, ctx) return { notify { to = 'a', text = 't', because "
                         "= 'b' }, set { due = "
                         "ctx.deadline(ctx.row.limit), because = 'x' } } end"),
                "return {\n" FILED("later", "1", ", has = { { k = 'set' } }")
                    FILED("both", "1", ", has = { { k = 'notify' }, { k = 'set' } }")
                        FILED("turned", "1", ", has = { { k = 'set' }, { k = 'notify' } }") "}",
                NULL);
    CHECK_INT(run(r, NULL), WG_ERULE);
    CHECK_INT(sum.failed, 1);
    CHECK(strstr(err.text, "\"turned\"") != NULL);
    finish(r);
}

static struct wg_json *cover_tree(const struct wg_pack *base)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j;
    if (!arena)
        arena = wg_arena_new(0);
    wg_rules_cover_write(sum.cover, base, &b);
    CHECK_INT(wg_json_parse(arena, wg_buf_str(&b), &j, &err), WG_OK);
    wg_buf_free(&b);
    return j;
}

static const char *text_of(const struct wg_json *j)
{
    static struct wg_buf b;
    wg_buf_clear(&b);
    wg_json_write(j, &b);
    wg_buf_char(&b, '\0');
    return b.p;
}

#define OWN "event = { ['0101'] = { conditions = { { id = '1', limit = { 2, 'work_hour' } } } } }"

TEST(missed_lines_and_own_rows_are_named_and_hold_a_release_back)
{
    struct wg_rules *base = pack_of(PACK("", ""), "return {}", NULL),
                    *r = pack_of(
                        PACK(OWN, FILE_ROW),
                        "return {\n" FILED("other row", "2", ", has = { { k = 'set' } }") "}",
                        NULL);
    const struct wg_pack *stands_on = wg_rules_pack(base);
    CHECK_INT(run(r, NULL), WG_OK);
    const struct wg_json *j = cover_tree(stands_on), *file = wg_json_get(j, "files")->child;
    CHECK_STR(wg_json_str(file, "file"), AREA "/rules.lua");
    CHECK_TEXT(text_of(wg_json_get(file, "missed")), "[4]"); /* the refusal; `end` is no line */
    CHECK_INT(wg_json_int(file, "total", 0), 3);
    CHECK_TEXT(text_of(wg_json_get(j, "rows")),
               "{\"hit\":0,\"total\":1,\"missed\":[\"event.0101 条件1\"]}");
    CHECK_TEXT(text_of(wg_json_get(j, "actions")), "[\"file\"]");
    CHECK_INT(wg_rules_cover_gate(sum.cover, stands_on, &err), WG_ESTATE);
    CHECK(strstr(err.text, "event.0101 条件1") != NULL);
    finish(r);
    r = pack_of(PACK(OWN, FILE_ROW),
                "return {\n" FILED("own row", "1", ", has = { { k = 'set' } }") "}", NULL);
    CHECK_INT(run(r, NULL), WG_OK);
    CHECK_INT(wg_rules_cover_gate(sum.cover, stands_on, &err), WG_ESTATE);
    CHECK(strstr(err.text, "2/3") != NULL);
    finish(r);
    r = pack_of(
        PACK(OWN, FILE_ROW),
        "return {\n" FILED(
            "own row", "1",
            ", has = { { k = 'set' } }") "{ name = 'never', on = 'file', case = { category = "
                                         "'0101' }, row = { id = '9', text = 't', "
                                         "limit = { 1, 'work_day' } }, refuse = 'never' } }",
        NULL);
    CHECK_INT(run(r, NULL), WG_OK);
    CHECK_INT(wg_rules_cover_gate(sum.cover, stands_on, &err), WG_OK);
    finish(r);
    wg_rules_free(base);
    done(NULL);
}

TEST(counting_lines_leaves_the_fence_as_it_is)
{
    struct wg_rules *r =
        pack_of(PACK("", "file = function() while true do end end"),
                "return {\n" FILED("for ever", "1", ", fails = 'the time is over'") "}", NULL);
    CHECK_INT(run(r, NULL), WG_OK);
    CHECK_INT(sum.ran, 1);
    finish(r);
}

RUN_ALL("rules_cover")
