/* The flow as data: what a row may say, and what is told of one that may not. */
#include "test.h"

#include "case/case.h"

#include <stdio.h>

static struct wg_err err;
static struct wg_arena *a;

static int read_flow(const char *rows, struct wg_flow *out)
{
    struct wg_json *j;
    wg_arena_free(a);
    a = wg_arena_new(0);
    CHECK_INT(wg_json_parse(a, wg_str_of(rows), &j, &err), WG_OK);
    return wg_flow_read(a, j, out, &err);
}

#define ROWS                                                                                       \
    "[{\"action\":\"report\",\"name\":\"上报\",\"to\":\"reported\",\"role\":[\"collector\","     \
    "\"public\"]},"                                                                                \
    "{\"action\":\"accept\",\"from\":\"reported\",\"to\":\"accepted\",\"role\":\"acceptor\"},"     \
    "{\"action\":\"file\",\"from\":[\"accepted\",\"disputed\"],\"to\":\"filed\",\"role\":"         \
    "\"chief\","                                                                                   \
    "\"need\":{\"condition\":\"condition\"},\"may\":{\"days\":\"int\",\"until\":\"time\"}},"       \
    "{\"action\":\"check\",\"from\":\"checking\",\"to\":{\"pass\":\"checked\",\"fail\":\"back\","  \
    "\"unclear\":\"stay\"},"                                                                       \
    "\"role\":\"collector\",\"need\":{\"result\":[\"pass\",\"fail\",\"unclear\"]},\"count\":{"     \
    "\"fail\":\"rework\"}},"                                                                       \
    "{\"action\":\"check\",\"from\":\"disputed\",\"to\":\"checked\",\"role\":\"leader\",\"need\":" \
    "[]}]"

TEST(a_flow_is_read_with_all_that_its_rows_say)
{
    struct wg_flow f;
    CHECK_INT(read_flow(ROWS, &f), WG_OK);
    CHECK_INT(f.count, 5);
    CHECK_STR(f.step[0].name, "上报");
    CHECK(f.step[0].from == 0 && f.step[0].roles == (WG_COLLECTOR | WG_PUBLIC));
    CHECK(f.step[2].from == (1u << WG_ACCEPTED | 1u << WG_DISPUTED) && f.step[2].fields == 3);
    CHECK(f.step[2].field[0].must && f.step[2].field[0].type == WG_FCONDITION);
    CHECK(!f.step[2].field[1].must && f.step[2].field[1].type == WG_FINT &&
          f.step[2].field[2].type == WG_FTIME);
    CHECK_INT(f.step[3].leads, 3);
    CHECK_STR(f.step[3].lead[1].result, "fail");
    CHECK(f.step[3].lead[1].to == WG_BACK && f.step[3].lead[2].to == WG_STAY);
    CHECK_STR(f.step[3].lead[1].count, "rework");
    CHECK(f.step[3].lead[0].count.p == NULL && f.step[0].lead[0].result.p == NULL);
    CHECK_INT(f.step[3].field[0].choices, 3);
}

TEST(an_action_is_found_by_its_name_and_the_state)
{
    struct wg_flow f;
    CHECK_INT(read_flow(ROWS, &f), WG_OK);
    CHECK_INT(wg_flow_find(&f, WG_S("report"), WG_NOWHERE), 0);
    CHECK_INT(wg_flow_find(&f, WG_S("report"), WG_REPORTED), -1);
    CHECK_INT(wg_flow_find(&f, WG_S("file"), WG_DISPUTED), 2);
    CHECK_INT(wg_flow_find(&f, WG_S("check"), WG_CHECKING), 3);
    CHECK_INT(wg_flow_find(&f, WG_S("check"), WG_DISPUTED), 4);
    CHECK_INT(wg_flow_find(&f, WG_S("check"), WG_NOWHERE), -1);
    CHECK_INT(wg_flow_find(&f, WG_S("check"), 99), -1);
    CHECK_INT(wg_flow_find(&f, WG_S("fly"), WG_REPORTED), -1);
    CHECK(wg_flow_knows(&f, WG_S("check")) && !wg_flow_knows(&f, WG_S("fly")) &&
          !wg_flow_knows(&f, WG_S("")));
}

TEST(a_row_says_whether_a_role_may_take_it_from_a_state)
{
    static const struct {
        int state;
        uint32_t roles;
        const char *want;
    } rows[] = {
        {WG_REPORTED, WG_ACCEPTOR, "accept "}, {WG_REPORTED, WG_CHIEF, ""},
        {WG_NOWHERE, WG_PUBLIC, "report "},    {WG_DISPUTED, WG_CHIEF | WG_LEADER, "file check "},
        {WG_CLOSED, ~UINT32_C(0), ""},
    };
    struct wg_flow f;
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(read_flow(ROWS, &f), WG_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wg_buf_clear(&b);
        for (size_t k = 0; k < f.count; k++) {
            if (!wg_step_leaves(&f.step[k], rows[i].state, rows[i].roles))
                continue;
            wg_buf_str_add(&b, f.step[k].action);
            wg_buf_char(&b, ' ');
        }
        CHECK_STR(wg_buf_str(&b), rows[i].want);
    }
    wg_buf_free(&b);
}

#define GOOD "{\"action\":\"a\",\"to\":\"reported\",\"role\":\"chief\"}"
#define ROW(more)                                                                                 \
    "[" GOOD ",{\"action\":\"b\",\"from\":\"reported\",\"to\":\"filed\",\"role\":\"chief\"," more \
    "}]"
#define BARE(row) "[" GOOD "," row "]"

TEST(each_fault_names_its_row_and_field)
{
    static const struct {
        const char *rows, *says;
    } faults[] = {
        {"[]", "flow: must be a list of rows, and not empty"},
        {"{}", "flow: must be a list of rows, and not empty"},
        {BARE("{\"to\":\"filed\",\"role\":\"chief\"}"), "flow row 2 (): action: is missing"},
        {BARE("7"), "flow row 2 (): action: is missing"},
        {BARE("{\"action\":\"b\",\"to\":\"filed\"}"), "flow row 2 (b): role: is missing"},
        {BARE("{\"action\":\"b\",\"role\":\"chief\"}"), "flow row 2 (b): to: is missing"},
        {BARE("{\"action\":\"b\",\"to\":\"filed\",\"role\":\"king\"}"),
         "flow row 2 (b): role: no such name"},
        {BARE("{\"action\":\"b\",\"to\":\"filed\",\"role\":[\"chief\",\"king\"]}"),
         "flow row 2 (b): role: holds what is no such name"},
        {BARE("{\"action\":\"b\",\"to\":\"filed\",\"role\":7}"),
         "flow row 2 (b): role: must be a name or a list"},
        {BARE("{\"action\":\"b\",\"to\":\"heaven\",\"role\":\"chief\"}"),
         "flow row 2 (b): to: no such state"},
        {BARE("{\"action\":\"b\",\"to\":7,\"role\":\"chief\"}"),
         "flow row 2 (b): to: must be a state"},
        {BARE("{\"action\":\"b\",\"to\":{\"x\":\"heaven\"},\"role\":\"chief\"}"),
         "flow row 2 (b): to: no such state"},
        {BARE("{\"action\":\"b\",\"to\":{\"x\":7},\"role\":\"chief\"}"),
         "flow row 2 (b): to: no such state"},
        {BARE("{\"action\":\"b\",\"to\":{\"1\":\"filed\",\"2\":\"filed\",\"3\":\"filed\",\"4\":"
              "\"filed\",\"5\":\"filed\"},\"role\":\"chief\"}"),
         "flow row 2 (b): to: must be a state, or a table of up to 4"},
        {BARE("{\"action\":\"b\",\"from\":\"stay\",\"to\":\"filed\",\"role\":\"chief\"}"),
         "flow row 2 (b): from: no such name"},
        {ROW("\"befor_due\":true"), "flow row 2 (b): befor_due: is no field of a row"},
        {ROW("\"auto\":true"), "flow row 2 (b): auto: is no field of a row"},
        {ROW("\"need\":7"), "flow row 2 (b): need: must be a table"},
        {ROW("\"need\":[1]"), "flow row 2 (b): need: must be a table"},
        {ROW("\"need\":{\"x\":\"colour\"}"), "flow row 2 (b): need: a type is text"},
        {ROW("\"need\":{\"x\":\"choice\"}"), "flow row 2 (b): need: a type is text"},
        {ROW("\"need\":{\"x\":[]}"), "flow row 2 (b): need: an empty list"},
        {ROW("\"need\":{\"x\":[1]}"), "flow row 2 (b): need: a list holds up to 6"},
        {ROW("\"need\":{\"x\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\"]}"),
         "flow row 2 (b): need: a list holds up to 6"},
        {ROW("\"need\":{\"1\":\"int\",\"2\":\"int\",\"3\":\"int\",\"4\":\"int\"},\"may\":{\"5\":"
             "\"int\",\"6\":\"int\",\"7\":\"int\"}"),
         "flow row 2 (b): need: at most 6 fields"},
        {BARE(GOOD), "flow row 2 (a): from: another row takes this action from the same state"},
        {"[{\"action\":\"b\",\"from\":[\"filed\",\"closed\"],\"to\":\"filed\",\"role\":\"chief\"},"
         "{\"action\":\"b\",\"from\":[\"closed\"],\"to\":\"filed\",\"role\":\"chief\"}]",
         "flow row 2 (b): from: another row takes this action from the same state"},
    };
    struct wg_flow f;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        CHECK_INT(read_flow(faults[i].rows, &f), WG_EINVAL);
        if (strncmp(err.text, faults[i].says, strlen(faults[i].says)) != 0)
            CHECK_TEXT(err.text, faults[i].says);
        CHECK(f.step == NULL && f.count == 0);
    }
    CHECK_INT(wg_flow_read(a, NULL, &f, &err), WG_EINVAL);
    wg_arena_free(a);
    a = NULL;
}

TEST(each_word_of_the_flow_is_read_as_it_is_written)
{
    struct wg_buf b = WG_BUF_INIT;
    for (int s = 0; s < WG_STATES; s++)
        CHECK_INT(wg_state_parse(wg_str_of(wg_state_name(s))), s);
    for (int s = 0; s < WG_SOURCES; s++)
        CHECK_INT(wg_source_parse(wg_str_of(wg_source_name(s))), s);
    for (int k = 0; k < WG_KINDS; k++)
        CHECK_INT(wg_kind_parse(wg_str_of(wg_kind_name(k))), k);
    for (uint32_t r = 1; r <= WG_SYSTEM; r <<= 1)
        CHECK_INT(wg_role_parse(wg_str_of(wg_role_name(r))), r);
    CHECK_TEXT(wg_state_name(WG_STATES), "none");
    CHECK_TEXT(wg_state_name(-1), "none");
    CHECK_TEXT(wg_role_name(WG_CHIEF | WG_LEADER), "none");
    CHECK_INT(wg_state_parse(WG_S("none")), -1);
    CHECK_INT(wg_source_parse(WG_S("none")), -1);
    CHECK_INT(wg_role_parse(WG_S("")), 0);
    wg_roles_json(WG_CHIEF | WG_SYSTEM, &b);
    CHECK_STR(wg_buf_str(&b), "[\"chief\",\"system\"]");
    CHECK(wg_state_open(WG_REPORTED) && !wg_state_open(WG_CLOSED) && !wg_state_open(WG_NOWHERE));
    wg_buf_free(&b);
}

RUN_ALL("case_steps")
