/** Units that end and have successors, editions in a row, counties in their phases; and that replay
 * needs nothing but the entries to say it all again. */
#include "desk_given.h"

#define UNITS(hw, more) \
    "[{\"id\":\"u-cg\",\"name\":\"城管局\"},{\"id\":\"u-hw\",\"name\":\"环卫所\"" hw "}" more "]"
#define PAST "2020-01-01"
#define AHEAD "2999-01-01"

static int64_t at(const char *date)
{
    struct wg_date d;
    CHECK_INT(wg_date_parse(wg_str_of(date), &d), WG_OK);
    return wg_day_of(d) * WG_DAY_MS - WG_ZONE_MS;
}

static struct wg_ground *ground_of(const char *units)
{
    struct wg_ground *none = wg_ground_new(AREA), *g;
    struct wg_table *t = NULL;
    if (wg_table_new(WG_UNITS, wg_str_of(units), WG_S("json"), NULL, &t, NULL, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    g = wg_ground_with(none, WG_UNITS, NULL, t);
    wg_ground_drop(none);
    return g;
}

TEST(past_its_end_a_unit_stands_as_its_successor_and_that_ones)
{
    struct wg_ground *g =
        ground_of("[{\"id\":\"a\",\"name\":\"1\",\"to\":\"2026-01-01\",\"successor\":\"b\"},"
                  "{\"id\":\"b\",\"name\":\"2\",\"to\":\"2026-02-01\",\"successor\":\"c\"},{\"id\":"
                  "\"c\",\"name\":\"3\"},"
                  "{\"id\":\"d\",\"name\":\"4\",\"to\":\"2026-01-01\"}]");
    struct wg_buf words = WG_BUF_INIT;
    CHECK_STR(wg_ground_unit_now(g, WG_S("a"), at("2026-01-01") - 1), "a");
    CHECK_STR(wg_ground_unit_now(g, WG_S("a"), at("2026-01-01")), "b");
    CHECK_STR(wg_ground_unit_now(g, WG_S("a"), at("2026-02-01")), "c");
    CHECK_STR(wg_ground_unit_now(g, WG_S("nobody"), 0), "nobody");
    CHECK(wg_ground_unit_now(g, WG_S("d"), at("2026-01-01")).p == NULL);
    wg_ground_unit_words(g, WG_S("c"), at("2026-03-01"), &words);
    CHECK_STR(wg_buf_str(&words), "c a b");
    wg_buf_clear(&words);
    wg_ground_unit_words(g, WG_S("b"), at("2026-01-15"), &words);
    CHECK_STR(wg_buf_str(&words), "b a");
    wg_buf_free(&words);
    wg_ground_drop(g);
}

static int try_units(struct county *c, const char *units, char why[200])
{
    struct wg_cmd *cmd = edition(c, WG_UNITS, units);
    struct wg_ground *g = cmd->ground;
    int rc = decide_one(c, cmd);
    snprintf(why, 200, "%.199s", cmd->err.text);
    wg_ground_drop(g);
    cmd_free(cmd);
    return rc;
}

static int try_step(struct county *c, struct wg_cmd *cmd)
{
    int rc = decide_one(c, cmd);
    cmd_free(cmd);
    return rc;
}

TEST(what_an_ended_unit_holds_is_its_successors_to_work_on)
{
    struct county c;
    char why[200];
    given_county(&c);
    uint64_t id = take_report(&c, HERE);
    take_to(&c, id, WG_DISPATCHED); /* with u-cg */
    CHECK_INT(try_units(&c,
                        "[{\"id\":\"u-cg\",\"name\":\"x\",\"to\":\"" AHEAD
                        "\"},{\"id\":\"u-hw\",\"name\":\"y\"}]",
                        why),
              WG_EINVAL);
    CHECK_TEXT(why, "unit u-cg: ends with 1 open case and names no successor");
    CHECK_INT(try_units(&c, "[{\"id\":\"u-hw\",\"name\":\"y\"}]", why), WG_EINVAL);
    CHECK_TEXT(why, "unit u-cg: goes away with 1 open case and names no successor");
    CHECK_INT(try_step(&c, step("acknowledge", id, "u-hw-1", "u-hw", WG_UNIT_ROLE, "{}")),
              WG_EDENIED);
    CHECK_INT(try_units(&c,
                        "[{\"id\":\"u-cg\",\"name\":\"x\",\"to\":\"" PAST
                        "\",\"successor\":\"u-hw\"},"
                        "{\"id\":\"u-hw\",\"name\":\"y\"}]",
                        why),
              WG_OK);
    take(&c, step("acknowledge", id, "u-hw-1", "u-hw", WG_UNIT_ROLE, "{}"));
    take(&c, step("dispose", id, "u-hw-1", "u-hw", WG_UNIT_ROLE, "{\"note\":\"已清理\"}"));
    /* who is proposed now took over, and nothing more goes to the ended one */
    uint64_t other = take_report(&c, BODY("118.54", "30.02", ""));
    take(&c, step("accept", other, "a-001", "", WG_ACCEPTOR, "{}"));
    take(&c, step("file", other, "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}"));
    CHECK_INT(
        try_step(&c, step("dispatch", other, "p-001", "", WG_DISPATCHER, "{\"unit\":\"u-cg\"}")),
        WG_EINVAL);
    take(&c, step("dispatch", other, "p-001", "", WG_DISPATCHER, "{}"));
    struct wg_case now;
    struct wg_buf bytes = WG_BUF_INIT;
    CHECK_INT(find_case(&c, other, &now, &bytes), WG_OK);
    CHECK_STR(now.unit, "u-hw");
    wg_buf_free(&bytes);
    check_audit(&c, c.d->n);
    county_done(&c);
}

/* ---- editions ---- */

static struct wg_str record(struct county *c, struct wg_arena *a, const char *kind,
                            const char *name)
{
    struct wg_txn *txn = NULL;
    struct wg_str json = {NULL, 0};
    CHECK_INT(wg_txn_begin(wg_views_env(c->d->views), false, &txn, &err), WG_OK);
    if (wg_view_record(c->d->views, txn, kind, wg_str_of(name), &json) == WG_OK)
        json = wg_arena_str(a, json);
    wg_txn_abort(txn);
    return json;
}

TEST(editions_are_numbered_by_the_desk_and_stay_in_their_row)
{
    struct county c;
    char why[200];
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j;
    given_county(&c);
    CHECK_INT(try_units(&c, UNITS("", ",{\"id\":\"u-x\",\"name\":\"又\"}"), why), WG_OK);
    CHECK_INT(wg_json_parse(a, record(&c, a, "edition", "units"), &j, &err), WG_OK);
    CHECK_INT(wg_json_int(j, "n", 0), 2);
    CHECK_INT(wg_json_int(j, "entry", 0), (int64_t)c.d->n);
    CHECK_STR(record(&c, a, "editions", "units.000002"), record(&c, a, "edition", "units").p);
    CHECK(record(&c, a, "editions", "units.000001").n > 0);
    /* an undoing that was made against another edition comes to nothing */
    struct wg_cmd *late = edition(&c, WG_UNITS, UNITS("", ""));
    struct wg_ground *g = late->ground;
    late->instead = 1;
    CHECK_INT(decide_one(&c, late), WG_ESTATE);
    wg_ground_drop(g);
    cmd_free(late);
    /* and the past is not restated */
    struct wg_cmd *early = edition(&c, WG_UNITS, UNITS("", ""));
    g = early->ground;
    early->from_ms = 1;
    CHECK_INT(decide_one(&c, early), WG_EINVAL);
    CHECK_TEXT(early->err.pointer, "/from");
    wg_ground_drop(g);
    cmd_free(early);
    wg_arena_free(a);
    county_done(&c);
}

/* ---- phases ---- */

static int go(struct county *c, const char *phase)
{
    char value[80];
    snprintf(value, sizeof(value), "{\"phase\":\"%s\"}", phase);
    return try_step(c, keep("tenant", "now", wg_str_of(value)));
}

static int flags_of(struct county *c, const char *body)
{
    struct wg_cmd *cmd = report(body);
    int flags = decide_one(c, cmd) == WG_OK ? (int)case_of(cmd).flags : cmd->rc;
    cmd_free(cmd);
    return flags;
}

#define DRILL BODY("118.52", "30.02", ",\"drill\":true")

TEST(a_report_is_marked_or_refused_by_the_countys_phase_and_replay_knows_it)
{
    struct county c;
    given_county(&c);
    CHECK_INT(flags_of(&c, DRILL), WG_EINVAL); /* no record: live */
    CHECK_INT(go(&c, "trial"), WG_ESTATE);
    CHECK_INT(go(&c, "prep"), WG_OK);
    CHECK_INT(go(&c, "nonsense"), WG_EINVAL);
    CHECK_INT(flags_of(&c, HERE), WG_EDENIED);
    CHECK_INT(go(&c, "build"), WG_OK);
    CHECK_INT(go(&c, "prep"), WG_OK); /* there is no case yet */
    CHECK_INT(flags_of(&c, DRILL), WG_DRILL);
    CHECK_INT(go(&c, "prep"), WG_ESTATE);
    CHECK_INT(go(&c, "build"), WG_OK);
    CHECK_INT(go(&c, "trial"), WG_OK);
    CHECK_INT(flags_of(&c, HERE), WG_TRIAL);
    CHECK_INT(flags_of(&c, DRILL), WG_DRILL);
    CHECK_INT(go(&c, "live"), WG_OK);
    CHECK_INT(flags_of(&c, HERE), 0);
    CHECK_INT(flags_of(&c, DRILL), WG_EINVAL);
    check_audit(&c, c.d->n);
    county_done(&c);
}

RUN_ALL("desk_units")
