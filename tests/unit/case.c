/* Ids, the record, and what each outcome does to it; a case as people see it. */
#include "test.h"

#include "case/case.h"

#include <stdio.h>
#include <stdlib.h>

static struct wg_err err;

/* ---- ids ---- */

TEST(an_id_is_written_and_read_back_with_serials_of_any_length)
{
    static const struct {
        uint32_t area, year, serial;
        const char *text;
    } ids[] = {
        {341824, 2026, 1, "341824-2026-000001"},
        {341824, 2026, 999999, "341824-2026-999999"},
        {341824, 2026, 1000000, "341824-2026-1000000"},
        {999999, 4095, UINT32_MAX, "999999-4095-4294967295"},
        {110101, 1000, 42, "110101-1000-000042"},
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char text[24];
        uint64_t id = wg_case_id(ids[i].area, ids[i].year, ids[i].serial), back = 0;
        wg_case_id_text(id, text);
        CHECK_TEXT(text, ids[i].text);
        CHECK_INT(wg_case_id_parse(wg_str_of(text), &back), WG_OK);
        CHECK(back == id);
        CHECK_INT(wg_case_id_area(id), ids[i].area);
        CHECK(i == 0 || i > 2 ||
              id > wg_case_id(ids[i].area, ids[i].year, ids[i - 1].serial)); /* they sort */
    }
}

TEST(what_is_no_id_is_refused)
{
    static const char *const texts[] = {
        "",
        "341824",
        "341824-2026-00001",
        "341824-2026-000000",
        "341824-2026-0000001",
        "341824-2026-00000x",
        "341824_2026-000001",
        "341824-2026_000001",
        "041824-2026-000001",
        "341824-5000-000001",
        "341824-2026-4294967296",
        "341824-2026-99999999999",
        "34182a-2026-000001",
        "341824-20-6-000001",
        "341824-2026-+00001",
        "341824-2026- 00001",
        "-41824-2026-000001",
        "341824--026-000001",
        "341824--123-000001",
    };
    uint64_t id;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CHECK_INT(wg_case_id_parse(wg_str_of(texts[i]), &id), WG_EINVAL);
}

/* ---- the record ---- */

static uint64_t seed = 88172645463325252u;

static uint64_t roll(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

static void check_same(const struct wg_case *a, const struct wg_case *b)
{
    struct wg_buf x = WG_BUF_INIT, y = WG_BUF_INIT;
    CHECK(a->id == b->id && a->first_n == b->first_n && a->last_n == b->last_n &&
          a->version == b->version);
    CHECK(a->state == b->state && a->before == b->before && a->kind == b->kind &&
          a->source == b->source);
    CHECK(a->flags == b->flags && a->rework == b->rework && a->deferrals == b->deferrals);
    CHECK(a->at.lon_e7 == b->at.lon_e7 && a->at.lat_e7 == b->at.lat_e7);
    CHECK(a->opened == b->opened && a->changed == b->changed && a->filed == b->filed &&
          a->due == b->due);
    CHECK(a->stage_due == b->stage_due && a->closed == b->closed);
    CHECK(a->limit.n_milli == b->limit.n_milli && a->limit.unit == b->limit.unit);
    CHECK(wg_str_eq(a->number, b->number) && wg_str_eq(a->asked, b->asked) &&
          wg_str_eq(a->photos, b->photos));
    CHECK(wg_str_eq(a->caller, b->caller) && wg_str_eq(a->held, b->held) &&
          wg_str_eq(a->people, b->people));
    wg_case_encode(a, &x);
    wg_case_encode(b, &y);
    CHECK(wg_str_eq(wg_buf_str(&x), wg_buf_str(&y))); /* the other texts */
    wg_buf_free(&x);
    wg_buf_free(&y);
}

static void round_trip(const struct wg_case *c)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case back;
    wg_case_encode(c, &b);
    CHECK(wg_buf_ok(&b));
    CHECK_INT(wg_case_decode(wg_buf_str(&b), &back), WG_OK);
    check_same(c, &back);
    wg_buf_free(&b);
}

TEST(a_record_keeps_extreme_values)
{
    char *big = calloc(1, 100000);
    struct wg_case c = {.id = UINT64_MAX,
                        .first_n = UINT64_MAX,
                        .last_n = UINT64_MAX,
                        .version = UINT32_MAX,
                        .state = WG_STATES - 1,
                        .before = WG_NOWHERE,
                        .kind = WG_KINDS - 1,
                        .source = WG_SOURCES - 1,
                        .flags = 255,
                        .rework = 255,
                        .deferrals = 255,
                        .at = {INT32_MIN, INT32_MAX},
                        .opened = INT64_MIN,
                        .changed = INT64_MIN,
                        .filed = INT64_MIN,
                        .due = -1,
                        .stage_due = 1,
                        .closed = INT64_MAX - 1,
                        .limit = {INT64_MAX, WG_CALENDAR_HOUR}};
    round_trip(&(struct wg_case){0});
    round_trip(&c);
    c.opened = c.closed = INT64_MAX;
    c.limit.n_milli = INT64_MIN;
    c.description = (struct wg_str){big, 100000};
    c.asked = WG_S("{\"what\":\"defer\"}");
    c.number = WG_S("绩数管案〔2026〕000001号");
    round_trip(&c);
    free(big);
}

TEST(a_record_of_random_values_comes_back)
{
    static const char text[] = "街边积存垃圾渣土，未见清运车辆 u-cg u-hw {\"k\":[1,2]}";
    for (int i = 0; i < 20000; i++) {
        struct wg_case c = {.id = roll(UINT64_MAX) >> roll(64),
                            .version = (uint32_t)roll(1000),
                            .state = (uint8_t)roll(WG_STATES),
                            .opened = (int64_t)(roll(UINT64_MAX) >> roll(64)),
                            .at = {(int32_t)roll(UINT32_MAX), (int32_t)roll(9)},
                            .limit = {(int64_t)roll(100000), (enum wg_unit)roll(6)}};
        c.changed = c.opened;
        c.due = roll(2) ? (int64_t)((uint64_t)c.opened + roll(1u << 30)) : 0;
        struct wg_str *s[] = {&c.number, &c.category, &c.unit,  &c.grid, &c.held,
                              &c.people, &c.photos,   &c.asked, &c.rev};
        for (size_t k = 0; k < sizeof(s) / sizeof(s[0]); k++)
            *s[k] = (struct wg_str){text, roll(sizeof(text))};
        round_trip(&c);
    }
}

TEST(a_usual_record_takes_a_few_hundred_bytes)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case c = {.id = wg_case_id(341824, 2026, 123),
                        .first_n = 100000,
                        .last_n = 100009,
                        .version = 10,
                        .at = {1185940000, 300650000},
                        .opened = 1772787600000,
                        .changed = 1772887600000,
                        .filed = 1772788600000,
                        .due = 1773787600000,
                        .limit = {4000, WG_WORK_HOUR},
                        .number = WG_S("绩数管案〔2026〕000001号"),
                        .standard = WG_S("GB/T 30428.2-2013"),
                        .category = WG_S("0111"),
                        .grid = WG_S("34182410000101"),
                        .reporter = WG_S("c-001"),
                        .address = WG_S("华阳镇某路12号门前"),
                        .description = WG_S("街边积存垃圾渣土"),
                        .held = WG_S("u-cg"),
                        .people = WG_S("s:c-001 c:p-001"),
                        .rev = WG_S("b2:aaaaaaaaaaaaaaaaaaaaaa")};
    wg_case_encode(&c, &b);
    CHECK(b.n < 300);
    wg_buf_free(&b);
}

TEST(random_bytes_are_a_record_or_refused_but_never_a_crash)
{
    struct wg_case c = {
        .id = wg_case_id(341824, 2026, 1), .opened = 1772787600000, .held = WG_S("u-cg u-hw")};
    struct wg_buf good = WG_BUF_INIT, json = WG_BUF_INIT;
    wg_case_encode(&c, &good);
    for (size_t n = 0; n < good.n; n++)
        CHECK_INT(wg_case_decode((struct wg_str){good.p, n}, &c),
                  WG_ECORRUPT); /* each front of a record */
    for (int i = 0; i < 200000; i++) {
        size_t n = i % 2 ? good.n : roll(120);
        char *p = malloc(n + 1); /* of its own, so that reading past it is seen */
        if (i % 2)
            memcpy(p, good.p, n);
        for (size_t k = 0; k < n; k++)
            if (i % 2 == 0 || roll(20) == 0)
                p[k] = (char)roll(256);
        if (n)
            p[0] = 1;
        if (wg_case_decode((struct wg_str){p, n}, &c) == WG_OK && i % 16 < 2) {
            wg_buf_clear(&json);
            wg_case_json(&c, WG_S("341824"), c.description, 1772787600000, &json);
        }
        free(p);
    }
    wg_buf_free(&json);
    wg_buf_free(&good);
}

TEST(words_are_whole_words)
{
    struct wg_str words = WG_S("u-cg u-hw s:a-001");
    CHECK(wg_words_have(words, WG_S("u-cg")) && wg_words_have(words, WG_S("u-hw")) &&
          wg_words_have(words, WG_S("s:a-001")));
    CHECK(!wg_words_have(words, WG_S("u-c")) && !wg_words_have(words, WG_S("-cg")) &&
          !wg_words_have(words, WG_S("a-001")));
    CHECK(!wg_words_have((struct wg_str){NULL, 0}, WG_S("u-cg")));
}

TEST(who_acted_on_one_axis_is_of_the_other_axis_to_the_other_roles)
{
    struct wg_case c = {.people = WG_S("s:a-001 c:p-001")};
    CHECK(wg_case_other_axis(&c, WG_S("a-001"), WG_DISPATCHER));
    CHECK(!wg_case_other_axis(&c, WG_S("a-001"), WG_CHIEF));
    CHECK(wg_case_other_axis(&c, WG_S("p-001"), WG_COLLECTOR));
    CHECK(!wg_case_other_axis(&c, WG_S("p-001"), WG_UNIT_ROLE));
    CHECK(!wg_case_other_axis(&c, WG_S("x"), WG_DISPATCHER));
    CHECK(!wg_case_other_axis(&c, WG_S("a-001"), WG_LEADER)); /* of neither axis */
}

/* ---- entries and the fold ---- */

static struct wg_arena *a;

/* Fold the outcomes of an entry into the case. */
static int fold(struct wg_case *c, uint64_t n, const char *more, const char *outs)
{
    char text[2000];
    struct wg_entry e;
    int rc = WG_OK;
    snprintf(text, sizeof(text),
             "{\"n\":%llu,\"t\":%llu,\"by\":\"c-001\",\"do\":\"x\",%s\"out\":[%s]}",
             (unsigned long long)n, 1772787600000ULL + (unsigned long long)n, more, outs);
    CHECK_INT(wg_entry_parse(a, wg_str_of(text), &e, &err), WG_OK);
    for (const struct wg_json *o = e.out->child; rc == WG_OK && o; o = o->next)
        rc = wg_case_fold(c, &e, o, a);
    return rc;
}

#define OPEN                                                                               \
    "{\"k\":\"open\",\"id\":\"341824-2026-000001\",\"standard\":\"S\",\"kind\":\"event\"," \
    "\"category\":\"0111\","                                                               \
    "\"name\":\"渣土\",\"source\":\"collector\",\"at\":[1185940000,300650000],\"grid\":" \
    "\"34182410000101\","                                                                  \
    "\"role\":\"collector\"}"

static struct wg_case given_open(void)
{
    struct wg_case c = {0};
    wg_arena_free(a);
    a = wg_arena_new(0);
    CHECK_INT(fold(&c, 7,
                   "\"rev\":\"b2:r\",\"in\":{\"address\":\"某路\",\"description\":\"words\","
                   "\"photos\":[\"p1\",\"p2\"]},",
                   OPEN),
              WG_OK);
    return c;
}

TEST(open_makes_the_case_from_the_outcome_and_the_words_of_the_body)
{
    struct wg_case c = given_open();
    CHECK(c.id == wg_case_id(341824, 2026, 1));
    CHECK(c.first_n == 7 && c.last_n == 7 && c.version == 1 && c.state == WG_REPORTED &&
          c.before == WG_NOWHERE);
    CHECK(c.kind == WG_EVENT && c.source == WG_FROM_COLLECTOR && c.at.lon_e7 == 1185940000 &&
          c.at.lat_e7 == 300650000);
    CHECK(c.opened == 1772787600007 && c.changed == c.opened && !c.filed && !c.closed && !c.due);
    CHECK_STR(c.category_name, "渣土");
    CHECK_STR(c.grid, "34182410000101");
    CHECK_STR(c.reporter, "c-001");
    CHECK_STR(c.rev, "b2:r");
    CHECK_STR(c.address, "某路");
    CHECK_STR(c.description, "words");
    CHECK_STR(c.people, "s:c-001");
    CHECK_STR(
        c.photos,
        "[{\"sha256\":\"p1\",\"stage\":\"before\"},{\"sha256\":\"p2\",\"stage\":\"before\"}]");
    CHECK_INT(c.flags, 0);
}

TEST(a_photo_is_listed_with_who_when_and_what_was_decided_about_it)
{
    struct wg_case c = given_open();
    c.photos = (struct wg_str){NULL, 0};
    c.state = WG_DISPOSING;
    CHECK_INT(fold(&c, 8, "\"in\":{\"photos\":[\"p1\",\"p2\"]},",
                   "{\"k\":\"photo\",\"sha256\":\"p1\",\"type\":\"image/jpeg\",\"taken\":null},"
                   "{\"k\":\"photo\",\"sha256\":\"p2\",\"type\":\"image/png\","
                   "\"taken\":1772787000000,\"late\":true,\"far_m\":350},"
                   "{\"k\":\"mark\",\"what\":\"photo_late\"},"
                   "{\"k\":\"go\",\"to\":\"disposed\",\"role\":\"unit\"}"),
              WG_OK);
    CHECK_STR(c.photos,
              "[{\"sha256\":\"p1\",\"stage\":\"after\",\"by\":\"c-001\","
              "\"at\":\"2026-03-06T17:00:00.008+08:00\",\"type\":\"image/jpeg\",\"taken\":null},"
              "{\"sha256\":\"p2\",\"stage\":\"after\",\"by\":\"c-001\","
              "\"at\":\"2026-03-06T17:00:00.008+08:00\",\"type\":\"image/png\","
              "\"taken\":\"2026-03-06T16:50:00+08:00\",\"late\":true,\"far_m\":350}]");
}

TEST(words_in_the_vault_are_told_by_a_flag_and_kept_as_references)
{
    struct wg_case c = given_open();
    CHECK_INT(fold(&c, 8,
                   "\"in\":{\"description\":{\"vault\":\"r1\"},\"caller\":{\"vault\":\"r2\"}},",
                   OPEN),
              WG_OK);
    CHECK_INT(c.flags, WG_WORDS_IN_VAULT);
    CHECK_STR(c.description, "r1");
    CHECK_STR(c.caller, "r2");
}

TEST(go_moves_the_state_and_remembers_the_one_before_and_who)
{
    struct wg_case c = given_open();
    CHECK_INT(fold(&c, 9, "\"as\":\"chief\",\"in\":{},", "{\"k\":\"go\",\"to\":\"filed\"}"), WG_OK);
    CHECK(c.state == WG_FILED && c.before == WG_REPORTED && c.version == 2 && c.last_n == 9 &&
          c.first_n == 7);
    CHECK(c.filed == 1772787600009 && c.changed == c.filed);
    CHECK_INT(fold(&c, 10, "\"as\":\"dispatcher\",", "{\"k\":\"go\",\"to\":\"filed\"}"), WG_OK);
    CHECK(c.state == WG_FILED && c.before == WG_REPORTED &&
          c.version == 3);           /* staying keeps the way back */
    CHECK(c.filed == 1772787600009); /* it is filed once */
    CHECK_STR(c.people, "s:c-001 c:c-001");
    CHECK_INT(fold(&c, 11, "\"in\":{\"photos\":[\"p3\"]},",
                   "{\"k\":\"go\",\"to\":\"closed\",\"role\":\"chief\"}"),
              WG_OK);
    CHECK_INT(c.closed, 1772787600011);
    CHECK_INT(fold(&c, 12, "", "{\"k\":\"go\",\"to\":\"checking\",\"role\":\"leader\"}"), WG_OK);
    CHECK_INT(c.closed, 0); /* opened again */
    CHECK(strstr(c.photos.p,
                 "\"p2\",\"stage\":\"before\"},{\"sha256\":\"p3\",\"stage\":\"other\"}]") != NULL);
}

TEST(set_changes_the_fields_it_knows_and_leaves_the_others)
{
    struct wg_case c = given_open();
    CHECK_INT(fold(&c, 9, "\"rev\":\"b2:new\",",
                   "{\"k\":\"set\",\"condition\":\"1\",\"limit\":[1500,\"work_hour\"],\"number\":"
                   "\"〔2026〕1号\",\"numbered\":1,"
                   "\"due\":1772787700000,\"stage_due\":1772787650000,\"unit\":\"u-cg\","
                   "\"proposed\":\"u-hw\",\"category\":\"0112\","
                   "\"part\":\"3418\",\"asked\":\"{}\",\"of_a_later_version\":[1],\"why\":[\"x\","
                   "\"y\",1]}"),
              WG_OK);
    CHECK_STR(c.condition, "1");
    CHECK(c.limit.n_milli == 1500 && c.limit.unit == WG_WORK_HOUR);
    CHECK_STR(c.number, "〔2026〕1号");
    CHECK(c.due == 1772787700000 && c.stage_due == 1772787650000);
    CHECK_STR(c.unit, "u-cg");
    CHECK_STR(c.held, "u-cg");
    CHECK_STR(c.proposed, "u-hw");
    CHECK_STR(c.category, "0112");
    CHECK_STR(c.rev, "b2:r"); /* not pinned: the revision of the report */
    CHECK_INT(c.version, 1);  /* only a step counts */
    CHECK_INT(fold(&c, 10, "\"rev\":\"b2:new\",",
                   "{\"k\":\"set\",\"pinned\":true,\"unit\":\"u-hw\",\"due\":null}"),
              WG_OK);
    CHECK_STR(c.rev, "b2:new");
    CHECK_STR(c.held, "u-cg u-hw");
    CHECK_INT(c.due, 0);
    CHECK_INT(fold(&c, 11, "", "{\"k\":\"set\",\"unit\":\"u-cg\"}"), WG_OK);
    CHECK_STR(c.held, "u-cg u-hw");
}

TEST(counters_go_up_and_stay_at_their_most)
{
    struct wg_case c = given_open();
    CHECK_INT(fold(&c, 9, "",
                   "{\"k\":\"count\",\"of\":\"rework\"},{\"k\":\"count\",\"of\":\"rework\"},{\"k\":"
                   "\"count\",\"of\":\"deferrals\"}"),
              WG_OK);
    CHECK(c.rework == 2 && c.deferrals == 1);
    c.rework = 255;
    CHECK_INT(
        fold(&c, 10, "", "{\"k\":\"count\",\"of\":\"rework\"},{\"k\":\"count\",\"of\":\"stars\"}"),
        WG_OK);
    CHECK_INT(c.rework, 255);
}

TEST(an_unknown_outcome_is_skipped_and_a_broken_one_is_corrupt)
{
    static const char *const broken[] = {
        "{\"k\":\"go\",\"to\":\"nowhere\"}",
        "{\"k\":\"go\"}",
        "{\"k\":\"go\",\"to\":\"stay\"}",
        "{\"k\":\"set\",\"limit\":4}",
        "{\"k\":\"set\",\"limit\":[\"4\",\"work_hour\"]}",
        "{\"k\":\"set\",\"limit\":[4,\"moons\"]}",
        "{\"k\":\"open\"}",
        "{\"k\":\"open\",\"id\":\"341824-2026-000001\",\"kind\":\"event\",\"source\":\"collector\","
        "\"at\":[1]}",
        "{\"k\":\"open\",\"id\":\"341824-2026-000001\",\"kind\":\"thing\",\"source\":\"collector\","
        "\"at\":[1,2]}",
        "{\"k\":\"open\",\"id\":\"x\",\"kind\":\"event\",\"source\":\"collector\",\"at\":[1,2]}",
    };
    struct wg_case c = given_open(), before = c;
    CHECK_INT(
        fold(&c, 9, "",
             "{\"k\":\"sing\",\"to\":\"closed\"},{\"k\":\"notify\"},{\"k\":7},[1],null,\"go\""),
        WG_OK);
    before.last_n = 9;
    check_same(&c, &before);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        c = given_open();
        CHECK_INT(fold(&c, 9, "", broken[i]), WG_ECORRUPT);
    }
}

TEST(an_entry_needs_its_number_time_action_and_outcomes)
{
    static const char *const broken[] = {
        "{\"t\":1,\"do\":\"x\",\"out\":[]}",
        "{\"n\":1,\"do\":\"x\",\"out\":[]}",
        "{\"n\":1,\"t\":1,\"out\":[]}",
        "{\"n\":1,\"t\":1,\"do\":\"x\"}",
        "{\"n\":1,\"t\":1,\"do\":\"x\",\"out\":{}}",
        "{\"n\":1,\"t\":-1,\"do\":\"x\",\"out\":[]}",
        "{\"n\":1,\"t\":1,\"do\":\"x\",\"of\":\"341824\",\"out\":[]}",
        "[]",
        "7",
    };
    struct wg_entry e;
    given_open();
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        CHECK_INT(wg_entry_parse(a, wg_str_of(broken[i]), &e, &err), WG_ECORRUPT);
    CHECK_INT(wg_entry_parse(a, WG_S("{\"n\":1"), &e, &err), WG_EINVAL);
}

/* ---- as people see it ---- */

TEST(a_lamp_says_how_much_of_the_time_is_left)
{
    struct wg_case c = {.state = WG_DISPOSING, .opened = 500, .filed = 1000};
    CHECK_INT(wg_lamp_of(&c, 99999), WG_GREEN); /* no due moment */
    c.stage_due = 99998;
    CHECK_INT(wg_lamp_of(&c, 99999), WG_RED); /* but its stage is late */
    c.due = 2000;
    c.warn = 1500;
    CHECK_INT(wg_lamp_of(&c, 1000), WG_GREEN);
    CHECK_INT(wg_lamp_of(&c, 1499), WG_GREEN);
    CHECK_INT(wg_lamp_of(&c, 1500), WG_YELLOW);
    CHECK_INT(wg_lamp_of(&c, 2000), WG_YELLOW);
    CHECK_INT(wg_lamp_of(&c, 2001), WG_RED);
    c.stopped = 1999;
    CHECK_INT(wg_lamp_of(&c, 99999), WG_YELLOW); /* fed back in time, and waiting for the check */
    c.stopped = 0;
    c.closed = 1999;
    CHECK_INT(wg_lamp_of(&c, 99999), WG_GREEN); /* closed in time, and it stays so */
    c.closed = 2001;
    CHECK_INT(wg_lamp_of(&c, 99999), WG_RED);
    c.closed = 0;
    c.state = WG_SUSPENDED;
    CHECK_INT(wg_lamp_of(&c, 99999), WG_GREY);
    c.asked = WG_S("{}");
    CHECK_INT(wg_lamp_of(&c, 99999), WG_BLUE);
    CHECK_TEXT(wg_lamp_name(WG_BLUE), "blue");
    CHECK_TEXT(wg_lamp_name(77), "green");
}

TEST(a_case_is_shown_as_json_with_every_field_of_the_interface)
{
    static const char *const names[] = {
        "id",
        "number",
        "area",
        "version",
        "standard",
        "kind",
        "category",
        "category_name",
        "condition",
        "source",
        "state",
        "lamp",
        "unit",
        "proposed_unit",
        "stage_due",
        "due",
        "description",
        "location",
        "address",
        "grid",
        "community",
        "street",
        "part",
        "reporter",
        "photos",
        "rework",
        "deferrals",
        "asked",
        "proxied",
        "supervised",
        "disputed",
        "opened",
        "filed",
        "closed",
        "rules",
        "post",
        "segment",
        "urges",
        "send_backs",
        "level",
        "verified",
        "satisfied",
        "blamed_unit",
        "into",
        "countersigners",
        "other_reporters",
        "order",
        "owes_reply",
        "overdue",
        "appealed",
        "exempt",
        "both_axes",
        "fenced",
        "suspended_until",
        "dispatched",
        "trial",
        "drill",
    };
    struct wg_case c = given_open(), empty = {0};
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j;
    c.due = 1772791200000;
    c.address = WG_S("引号\"与\\与\n换行");
    c.flags = WG_PROXIED | WG_IS_DISPUTED;
    wg_case_json(&c, WG_S("341824"), WG_S("they said \"x\""), 1772787600000, &b);
    CHECK_INT(wg_json_parse(a, wg_buf_str(&b), &j, &err), WG_OK);
    CHECK_INT(j->count, sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK(wg_json_get(j, names[i]) != NULL);
    CHECK_STR(wg_json_str(j, "id"), "341824-2026-000001");
    CHECK_STR(wg_json_str(j, "area"), "341824");
    CHECK_STR(wg_json_str(j, "due"), "2026-03-06T18:00:00+08:00");
    CHECK_STR(wg_json_str(j, "address"), "引号\"与\\与\n换行");
    CHECK_STR(wg_json_str(j, "description"), "they said \"x\"");
    CHECK_STR(wg_json_str(j, "community"), "341824100001");
    CHECK_STR(wg_json_str(j, "street"), "341824100");
    CHECK(wg_json_bool(j, "proxied", false) && wg_json_bool(j, "disputed", false) &&
          !wg_json_bool(j, "supervised", true));
    CHECK_INT(wg_json_get(j, "photos")->count, 2);
    CHECK_INT(wg_json_get(j, "number")->type, WG_JNULL);
    CHECK_INT(wg_json_get(j, "filed")->type, WG_JNULL);
    wg_buf_clear(&b);
    wg_json_write(wg_json_get(j, "location"), &b);
    CHECK_STR(wg_buf_str(&b), "{\"type\":\"Point\",\"coordinates\":[118.594,30.065]}");
    wg_buf_clear(&b);
    wg_case_json(&empty, WG_S("341824"), (struct wg_str){NULL, 0}, 0, &b);
    CHECK_INT(wg_json_parse(a, wg_buf_str(&b), &j, &err), WG_OK);
    wg_buf_free(&b);
    wg_arena_free(a);
    a = NULL;
}

RUN_ALL("case")
