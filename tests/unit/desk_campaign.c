/* Campaigns 专项整治: whom they hold for, from which moment to which; and that nothing of them
 * stays behind. */
#include "desk_given.h"

#define CODE "  code = \\\"341824\\\","
#define CAMPAIGN(id, name, more) \
    "{ id = '" id "', name = '" name "', from = '2026-12-01', to = '2026-12-31', " more " }"
#define EVENT_0110(more)                                                                          \
    "{\"kind\":\"event\",\"category\":\"0110\",\"location\":{\"type\":\"Point\",\"coordinates\":" \
    "[" more "]},"                                                                                \
    "\"description\":\"暴露垃圾\",\"address\":\"某路1号\"}"

static int64_t now;

static int64_t clock_now(void)
{
    return now;
}

static int64_t at(const char *text)
{
    int64_t t = 0;
    CHECK_INT(wg_time_parse(wg_str_of(text), &t), WG_OK);
    return t;
}

/* ---- whom and when ---- */

static const struct wg_campaign_class *found;

/* "": none. */
static const char *campaign(const struct wg_pack *p, const char *code, const char *grid, int64_t t)
{
    static char id[16];
    const struct wg_campaign *c =
        wg_pack_campaign(p, WG_EVENT, wg_str_of(code), wg_str_of(grid), t, &found);
    snprintf(id, sizeof(id), "%.*s", c ? (int)c->id.n : 0, c ? c->id.p : "");
    return id;
}

static struct wg_rules *rules_with(const char *old, const char *new)
{
    struct wg_bundle *b = bundle_with(old, new);
    struct wg_rules *r = NULL;
    if (wg_rules_new(b, NULL, NULL, &r, &err) != WG_OK)
        CHECK_TEXT(err.text, "no error");
    wg_bundle_drop(b);
    return r;
}

TEST(a_campaign_lasts_from_its_first_midnight_to_the_one_after_its_last_day)
{
    struct wg_rules *r = rules_with(
        CODE, CODE "  campaigns = { " CAMPAIGN("c1", "整治", "event = { ['0110'] = true }") " },");
    const struct wg_pack *p = wg_rules_pack(r);
    int64_t begins = at("2026-12-01T00:00:00+08:00"), ends = at("2027-01-01T00:00:00+08:00");
    CHECK_TEXT(campaign(p, "0110", "341824100001001", begins - 1), "");
    CHECK_TEXT(campaign(p, "0110", "341824100001001", begins), "c1");
    CHECK_TEXT(campaign(p, "0110", "341824100001001", ends - 1), "c1");
    CHECK_TEXT(campaign(p, "0110", "341824100001001", ends), "");
    CHECK(wg_pack_campaign(p, WG_PART, WG_S("0110"), WG_S(""), begins, &found) == NULL);
    wg_rules_free(r);
}

TEST(a_campaign_holds_in_its_areas_and_for_its_classes_the_nearest_row_first)
{
    struct wg_rules *r = rules_with(
        CODE, CODE "  campaigns = { " CAMPAIGN(
                  "c1", "整治",
                  "areas = { '341824100', '341824200001001' }, event = { ['01'] = { weight = 2 }, "
                  "['0110'] = { limit = { 1.5, 'work_hour' } } }") " },");
    const struct wg_pack *p = wg_rules_pack(r);
    int64_t t = at("2026-12-10T10:00:00+08:00");
    CHECK_TEXT(campaign(p, "0110", "341824100001001", t), "c1");
    CHECK(found->limited && found->limit.n_milli == 1500 && found->weight_milli == 1000);
    CHECK_TEXT(campaign(p, "0111", "341824100001001", t), "c1");
    CHECK(!found->limited && found->weight_milli == 2000);
    CHECK_TEXT(campaign(p, "0201", "341824100001001", t), "");
    CHECK_TEXT(campaign(p, "0110", "341824200001001", t), "c1");
    CHECK_TEXT(campaign(p, "0110", "341824200001002", t), "");
    CHECK_TEXT(campaign(p, "0110", "34182410", t), "");
    CHECK_TEXT(campaign(p, "0110", "", t), ""); /* no grid is known: not in any area */
    wg_rules_free(r);
}

TEST(a_countys_own_campaign_comes_before_the_citys)
{
    static const char city[] = "  code = \\\"341800\\\",";
    struct wg_bundle *b = bundle_with(
        city, "  code = \\\"341800\\\",  campaigns = { " CAMPAIGN(
                  "city", "全市", "event = { ['0110'] = true, ['0111'] = true }") " },");
    struct wg_rules *r = NULL;
    b = bundle_changed(
        b, CODE,
        CODE "  campaigns = { " CAMPAIGN("own", "本县", "event = { ['01'] = true }") " },");
    CHECK_INT(wg_rules_new(b, NULL, NULL, &r, &err), WG_OK);
    wg_bundle_drop(b);
    int64_t t = at("2026-12-10T10:00:00+08:00");
    CHECK_INT(wg_rules_pack(r)->campaigns, 2);
    CHECK_TEXT(campaign(wg_rules_pack(r), "0110", "", t), "own");
    wg_rules_free(r);
}

/* ---- at the desk ---- */

static uint64_t accepted(struct county *c)
{
    uint64_t id = take_report(c, EVENT_0110("118.52,30.02"));
    take(c, step("accept", id, "a-001", "", WG_ACCEPTOR, "{}"));
    return id;
}

static void file_at(struct county *c, uint64_t id, const char *t)
{
    now = at(t);
    take(c, step("file", id, "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}"));
}

struct told {
    const char *word;
    int times;
};

static int count_word(void *arg, uint64_t n, struct wg_str bytes)
{
    struct told *t = arg;
    (void)n;
    t->times += memmem(bytes.p, bytes.n, t->word, strlen(t->word)) != NULL;
    return WG_OK;
}

/* Entries from that one on that have this word. */
static int told(struct county *c, uint64_t from, const char *word)
{
    struct told t = {word, 0};
    CHECK_INT(c->d->journal->ops->scan(c->d->journal, from, count_word, &t, &err), WG_OK);
    return t.times;
}

static int64_t limit_of(struct county *c, uint64_t id)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case found_case;
    CHECK_INT(find_case(c, id, &found_case, &b), WG_OK);
    wg_buf_free(&b);
    return found_case.limit.n_milli;
}

static void given_campaign(struct county *c, const char *stages)
{
    now = at("2026-12-30T09:00:00+08:00");
    given_bare(c);
    county_close(c);
    c->opts.now_ms = clock_now;
    county_open(c);
    take_edition(c, WG_COUNTIES, counties_json);
    take_edition(c, WG_GRIDS, grids_json);
    take_edition(c, WG_DUTIES, duties_json);
    take_edition(c, WG_UNITS, units_json);
    take_edition(c, WG_OWNERS, owners_json);
    struct wg_bundle *b =
        bundle_with(CODE, CODE "  campaigns = { " CAMPAIGN(
                              "c1", "岁末整治",
                              "event = { ['0110'] = { limit = { 1.5, 'work_hour' } } }") " },");
    if (stages)
        b = bundle_changed(b, "{ 2, \\\"work_hour\\\" }, source = \\\"绩溪县补充标准\\\"", stages);
    take_rules(c, b);
}

TEST(the_last_moment_has_the_campaigns_limit_and_midnight_the_rows_own)
{
    struct county c;
    given_campaign(&c, NULL);
    uint64_t first = accepted(&c), second = accepted(&c);
    file_at(&c, first, "2026-12-31T23:59:59.999+08:00");
    uint64_t within = c.d->n;
    CHECK_INT(limit_of(&c, first), 1500);
    CHECK_INT(told(&c, within, "\"campaign\":\"c1\""), 1);
    CHECK_INT(told(&c, within, "岁末整治"), 1);
    file_at(&c, second, "2027-01-01T00:00:00+08:00");
    CHECK_INT(limit_of(&c, second), 2000);
    CHECK_INT(told(&c, within + 1, "campaign"), 0);
    CHECK_INT(told(&c, within + 1, "整治"), 0);
    /* it was filed within, whenever it is corrected; and what is told of it says so */
    now = at("2027-01-04T10:00:00+08:00");
    take(&c, step("correct", first, "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}"));
    CHECK_INT(limit_of(&c, first), 1500);
    CHECK_INT(told(&c, c.d->n, "\"campaign\":\"c1\""), 1);
    take(&c, step("correct", second, "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}"));
    CHECK_INT(limit_of(&c, second), 2000);
    CHECK_INT(told(&c, c.d->n, "campaign"), 0);
    /* another class than the campaign's: nothing of it */
    take(&c, step("correct", first, "z-001", "", WG_CHIEF,
                  "{\"category\":\"0111\",\"condition\":\"1\"}"));
    CHECK(limit_of(&c, first) != 1500);
    CHECK_INT(told(&c, c.d->n, "\"campaign\""), 0);
    check_audit(&c, c.d->n);
    county_done(&c);
}

TEST(a_campaigns_limit_stands_for_all_stages_of_its_row)
{
    struct county c;
    struct wg_case got;
    struct wg_buf b = WG_BUF_INIT;
    given_campaign(&c, "{ 8, \\\"work_hour\\\" }, stages = { { name = '围护', limit = { 1, "
                       "'work_hour' } }, { name = '清运', limit = { 7, 'work_hour' } } }, "
                       "source = \\\"绩溪县补充标准\\\"");
    uint64_t first = accepted(&c), second = accepted(&c);
    file_at(&c, first, "2026-12-31T10:00:00+08:00");
    file_at(&c, second, "2027-01-04T10:00:00+08:00");
    for (int i = 0; i < 2; i++)
        take(&c, step("dispatch", i ? second : first, "p-001", "", WG_DISPATCHER,
                      "{\"unit\":\"u-cg\"}"));
    CHECK_INT(find_case(&c, first, &got, &b), WG_OK);
    CHECK(got.part_due == 0 && got.limit.n_milli == 1500);
    CHECK_INT(find_case(&c, second, &got, &b), WG_OK);
    CHECK(got.part_due > 0 && got.part_due < got.due && got.limit.n_milli == 8000);
    wg_buf_free(&b);
    county_done(&c);
}

/* The last: gives back what the helpers keep. */
TEST(nothing_is_left_behind)
{
    wg_buf_free(&calendar);
}

RUN_ALL("desk_campaign")
