/* Deciding: a case from its report to its close, what is refused and in which order, keys, the
 * vault, rules that change. */
#include "desk_given.h"

TEST(a_case_goes_from_its_report_to_its_close)
{
    struct county c;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case k;
    given_county(&c);
    uint64_t id = take_report(&c, HERE);
    CHECK(id >> 44 == 341824 && (uint32_t)id == 1);
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK(k.state == WG_REPORTED && k.version == 1 && k.source == WG_FROM_COLLECTOR &&
          k.kind == WG_EVENT);
    CHECK_STR(k.grid, "341824100001001");
    CHECK_STR(k.proposed, "u-cg"); /* the duty's unit, by the rule */
    CHECK_STR(k.description, "街边渣土");
    take_to(&c, id, WG_FILED);
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK(k.state == WG_FILED && k.due > k.opened && k.limit.n_milli == 5000 &&
          k.limit.unit == WG_WORK_DAY);
    CHECK(strstr(k.number.p, "〕000001号") != NULL);
    take(&c, step("dispatch", id, "p-001", "", WG_DISPATCHER,
                  "{}")); /* who says nothing follows the proposal */
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK_STR(k.unit, "u-cg");
    take(&c, step("acknowledge", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}"));
    take(&c, step("dispose", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}"));
    take(&c, step("ask_check", id, "a-001", "", WG_ACCEPTOR, "{}"));
    take(&c, step("check", id, "c-002", "", WG_COLLECTOR, "{\"result\":\"fail\"}"));
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK(k.state == WG_DISPATCHED && k.rework == 1);
    take(&c, step("acknowledge", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}"));
    take(&c, step("dispose", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}"));
    take(&c, step("ask_check", id, "a-001", "", WG_ACCEPTOR, "{}"));
    take(&c, step("check", id, "c-002", "", WG_COLLECTOR, "{\"result\":\"pass\"}"));
    take(&c, step("close", id, "z-001", "", WG_CHIEF, "{}"));
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK(k.state == WG_CLOSED && k.closed >= k.filed && k.version == 13);
    check_audit(&c, GIVEN_ENTRIES + 13);
    wg_buf_free(&b);
    county_done(&c);
}

/* ---- refusals ---- */

static void check_refused(struct county *c, struct wg_cmd *cmd, int code, const char *pointer,
                          const char *allowed)
{
    uint64_t n = c->d->n;
    CHECK_INT(decide_one(c, cmd), code);
    CHECK_TEXT(cmd->err.pointer, pointer);
    CHECK(cmd->err.text[0] != '\0');
    CHECK_STR(cmd->allowed, allowed);
    CHECK(cmd->n == 0 && cmd->record.p == NULL && c->d->n == n);
    cmd_free(cmd);
}

TEST(a_step_is_refused_for_role_then_version_then_state_then_body_then_person)
{
    struct county c;
    given_county(&c);
    uint64_t id = take_report(&c, HERE);
    struct wg_cmd *all_wrong =
        step("dispatch", id, "c-001", "", WG_COLLECTOR, "{\"unit\":\"u-none\"}");
    all_wrong->if_match = 7;
    check_refused(&c, all_wrong, WG_EDENIED, "", "[\"add_evidence\"]");
    struct wg_cmd *stale =
        step("dispatch", id, "c-001", "", WG_DISPATCHER, "{\"unit\":\"u-none\"}");
    stale->if_match = 7;
    check_refused(&c, stale, WG_ESTALE, "", "");
    check_refused(
        &c, step("dispatch", id, "c-001", "", WG_DISPATCHER | WG_ACCEPTOR, "{\"unit\":\"u-none\"}"),
        WG_ESTATE, "",
        "[\"ask_verify\",\"accept\",\"reject\",\"urge\",\"merge\",\"add_evidence\"]");
    take_to(&c, id, WG_FILED);
    check_refused(&c, step("dispatch", id, "c-001", "", WG_DISPATCHER, "{\"unit\":\"u-none\"}"),
                  WG_EINVAL, "/unit", "");
    check_refused(&c,
                  step("dispatch", id, "c-001", "", WG_DISPATCHER, "{\"unit\":\"u-cg\",\"x\":1}"),
                  WG_EINVAL, "/x", "");
    check_refused(&c, step("dispatch", id, "c-001", "", WG_DISPATCHER, "{\"unit\":7}"), WG_EINVAL,
                  "/unit", "");
    check_refused(&c, step("dispatch", id, "c-001", "", WG_DISPATCHER, "{\"unit\":\"u-cg\"}"),
                  WG_EDENIED, "", "");
    struct wg_cmd *good = step("dispatch", id, "p-001", "", WG_DISPATCHER, "{\"unit\":\"u-cg\"}");
    good->if_match = 3;
    take(&c, good);
    check_refused(&c, step("acknowledge", id, "u-hw-1", "u-hw", WG_UNIT_ROLE, "{}"), WG_EDENIED, "",
                  "[\"acknowledge\",\"send_back\",\"dispute\",\"transfer\",\"add_evidence\"]");
    check_refused(&c, step("fly", id, "z-001", "", WG_CHIEF, "{}"), WG_ENOENT, "", "");
    check_refused(&c, step("accept", id + 1, "a-001", "", WG_ACCEPTOR, "{}"), WG_ENOENT, "", "");
    county_done(&c);
}

TEST(a_report_is_refused_with_the_field_at_fault)
{
    static const struct {
        const char *body, *pointer;
    } bad[] = {
        {"{}", "/kind"},
        {"{\"kind\":\"thing\",\"category\":\"0111\"}", "/kind"},
        {"{\"kind\":\"event\",\"category\":\"9999\"}", "/category"},
        {"{\"kind\":\"event\",\"category\":\"0111\"}", "/location"},
        {BODY("118.65", "30.02", ""), "/location"},  /* the county beside */
        {BODY("118.595", "30.02", ""), "/location"}, /* in no grid */
        {BODY("119.9", "30.02", ""), "/location"},   /* in no county */
        {BODY("\"x\"", "30.02", ""), "/location/coordinates/0"},
        {BODY("118.52", "91", ""), "/location/coordinates/1"},
        {BODY("118.52", "30.02", ",\"source\":\"hotline\""), "/source"}, /* not from a collector */
        {BODY("118.52", "30.02", ",\"source\":\"dream\""), "/source"},
        {BODY("118.52", "30.02", ",\"part\":\"3418\""), "/part"}, /* an event has none */
        {BODY("118.52", "30.02", ",\"standard\":\"GB 1\""), "/standard"},
        {BODY("118.52", "30.02", ",\"photos\":[\"none\"]"), "/photos/0"},
        {BODY("118.52", "30.02", ",\"photos\":{}"), "/photos"},
        {BODY("118.52", "30.02", ",\"caller\":{\"age\":\"7\"}"), "/caller"},
        {BODY("118.52", "30.02", ",\"mood\":\"bad\""), "/mood"},
    };
    struct county c;
    given_county(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(&c, report(bad[i].body), WG_EINVAL, bad[i].pointer, "");
    check_refused(&c, step("report", 0, "u-cg-1", "u-cg", WG_UNIT_ROLE, HERE), WG_EDENIED, "", "");
    county_done(&c);
}

TEST(a_county_without_rules_takes_no_reports)
{
    struct county c;
    given_bare(&c);
    check_refused(&c, report(HERE), WG_ENOENT, "", "");
    county_done(&c);
}

TEST(a_refused_command_in_the_middle_of_a_batch_costs_the_others_nothing)
{
    struct county c;
    struct wg_cmd *cmd[5];
    given_county(&c);
    for (int i = 0; i < 5; i++) {
        cmd[i] = i % 2 ? report("{\"kind\":\"event\"}") : report(HERE);
        if (i)
            cmd[i - 1]->link.next = &cmd[i]->link;
    }
    wg_desk_batch(c.d, cmd[0]);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(cmd[i]->rc, i % 2 ? WG_EINVAL : WG_OK);
        CHECK_INT(cmd[i]->n, i % 2 ? 0 : GIVEN_ENTRIES + 1 + (unsigned)i / 2);
        if (i % 2 == 0)
            CHECK_INT((uint32_t)case_of(cmd[i]).id, 1 + i / 2); /* without gaps */
        cmd_free(cmd[i]);
    }
    check_audit(&c, GIVEN_ENTRIES + 3);
    county_done(&c);
}

TEST(a_command_that_cant_be_folded_does_not_take_those_beside_it_along)
{
    struct county c;
    given_county(&c);
    struct wg_cmd *one = report(HERE), *bad = keep("user", "x", WG_S("{\"half")),
                  *two = report(HERE);
    one->link.next = &bad->link;
    bad->link.next = &two->link;
    wg_desk_batch(c.d, one);
    CHECK(one->rc == WG_OK && two->rc == WG_OK && bad->rc < 0);
    CHECK(one->n == GIVEN_ENTRIES + 1 && two->n == GIVEN_ENTRIES + 2 && bad->n == 0);
    cmd_free(one);
    cmd_free(bad);
    cmd_free(two);
    check_audit(&c, GIVEN_ENTRIES + 2);
    county_done(&c);
}

/* ---- keys ---- */

static void check_answer(struct wg_cmd *cmd, int rc, uint64_t n, bool repeated)
{
    CHECK_INT(cmd->rc, rc);
    CHECK_INT(cmd->n, n);
    CHECK(cmd->repeated == repeated);
    if (rc == WG_OK)
        CHECK_INT((uint32_t)case_of(cmd).id, 1);
    cmd_free(cmd);
}

TEST(a_key_gives_the_earlier_answer_within_a_batch_and_later_and_after_reopening)
{
    struct county c;
    uint64_t n = GIVEN_ENTRIES + 1;
    given_county(&c);
    struct wg_cmd *first = with_key(report(HERE), "k1", "b2:a"),
                  *again = with_key(report(HERE), "k1", "b2:a"),
                  *other = with_key(report(HERE), "k1", "b2:b");
    first->link.next = &again->link;
    again->link.next = &other->link;
    wg_desk_batch(c.d, first);
    check_answer(first, WG_OK, n, false);
    check_answer(again, WG_OK, n, true);
    check_answer(other, WG_EINVAL, 0, false);
    for (int open = 0; open < 2; open++) {
        struct wg_cmd *later = with_key(report(HERE), "k1", "b2:a");
        decide_one(&c, later);
        check_answer(later, WG_OK, n, true);
        county_reopen(&c);
    }
    struct wg_cmd *someone =
        with_key(step("report", 0, "c-002", "", WG_COLLECTOR, HERE), "k1", "b2:b");
    CHECK_INT(decide_one(&c, someone), WG_OK); /* keys are each person's own */
    CHECK_INT(someone->n, n + 1);
    cmd_free(someone);
    county_done(&c);
}

/* ---- the vault ---- */

struct looking {
    const char *for_;
    bool found;
};

static int look(void *arg, uint64_t n, struct wg_str bytes)
{
    struct looking *l = arg;
    (void)n;
    l->found |= memmem(bytes.p, bytes.n, l->for_, strlen(l->for_)) != NULL;
    return 0;
}

static bool journal_has(struct county *c, const char *text)
{
    struct looking l = {text, false};
    CHECK_INT(c->d->journal->ops->scan(c->d->journal, 1, look, &l, &err), WG_OK);
    return l.found;
}

static void check_vault(struct county *c, struct wg_str ref, const char *want)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_vault_get(c->d->vault, ref, &b, &err), WG_OK);
    CHECK_STR(wg_buf_str(&b), want);
    wg_buf_free(&b);
}

TEST(a_citizens_words_name_and_phone_go_to_the_vault_and_not_into_the_journal)
{
    struct county c;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case k;
    given_county(&c);
    struct wg_cmd *cmd = step(
        "report", 0, "a-001", "", WG_ACCEPTOR,
        BODY("118.52", "30.02",
             ",\"source\":\"hotline\",\"description\":\"我家门口积水\",\"note\":\"受理员的话\","
             "\"caller\":{\"name\":\"王某\",\"phone\":\"13900000000\"}"));
    CHECK_INT(decide_one(&c, cmd), WG_OK);
    uint64_t id = case_of(cmd).id;
    cmd_free(cmd);
    CHECK(!journal_has(&c, "我家门口积水") && !journal_has(&c, "王某") &&
          !journal_has(&c, "13900000000"));
    CHECK(journal_has(&c, "受理员的话")); /* an official's stay */
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK(k.flags & WG_WORDS_IN_VAULT);
    check_vault(&c, k.description, "我家门口积水");
    check_vault(&c, k.caller, "{\"name\":\"王某\",\"phone\":\"13900000000\"}");
    county_reopen(&c); /* the sweep keeps what is named */
    check_vault(&c, k.description, "我家门口积水");
    take_report(&c, HERE);
    CHECK(journal_has(&c, "街边渣土")); /* a collector's words stay in the journal */
    CHECK_INT(wg_vault_erase(c.d->vault, k.description, &err), WG_OK);
    check_audit(&c, GIVEN_ENTRIES + 2); /* rules never read them, so erasing changes no decision */
    wg_buf_free(&b);
    county_done(&c);
}

TEST(what_a_citizen_notes_goes_to_the_vault_too)
{
    struct county c;
    given_county(&c);
    take(&c, step("report", 0, "w-001", "", WG_PUBLIC,
                  BODY("118.52", "30.02", ",\"description\":\"臭\",\"note\":\"请打我电话139\"")));
    CHECK(!journal_has(&c, "请打我电话139") && !journal_has(&c, "臭"));
    check_audit(&c, GIVEN_ENTRIES + 1);
    county_done(&c);
}

TEST(a_secret_of_a_record_stands_in_it_as_a_reference)
{
    struct county c;
    struct wg_str json;
    struct wg_txn *txn = NULL;
    given_county(&c);
    struct wg_cmd *cmd = keep("user", "x", WG_S("{\"name\":\"某\"}"));
    cmd->secret[0] = (struct wg_secret){WG_S("password"), WG_S("$argon2$…")};
    cmd->secrets = 1;
    cmd->must_be_new = true;
    take(&c, cmd);
    CHECK(!journal_has(&c, "$argon2$"));
    CHECK_INT(wg_txn_begin(wg_views_env(c.d->views), false, &txn, &err), WG_OK);
    CHECK_INT(wg_view_record(c.d->views, txn, "user", WG_S("x"), &json), WG_OK);
    struct wg_str ref = {json.p + json.n - 2 - WG_REF_TEXT, WG_REF_TEXT};
    check_vault(&c, ref, "$argon2$…");
    wg_txn_abort(txn);
    cmd = keep("user", "x", WG_S("{}"));
    cmd->must_be_new = true;
    check_refused(&c, cmd, WG_EEXIST, "/id", "");
    cmd = keep("user", "y", WG_S("{}"));
    cmd->must_be_there = true;
    check_refused(&c, cmd, WG_ENOENT, "", "");
    county_done(&c);
}

/* ---- what changes under a case ---- */

TEST(a_filed_case_keeps_its_rules_and_the_next_one_gets_the_new)
{
    struct county c;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case k;
    given_county(&c);
    uint64_t filed = take_report(&c, HERE), reported = take_report(&c, HERE);
    take_to(&c, filed, WG_FILED);
    CHECK_INT(find_case(&c, filed, &k, &b), WG_OK);
    char old[WG_SHORT_TEXT + 1], now[WG_SHORT_TEXT + 1];
    CHECK_INT(wg_str_copy(old, sizeof(old), k.rev), WG_OK);
    struct wg_bundle *next = bundle_with("绩数管案", "新数管案");
    CHECK_INT(wg_str_copy(now, sizeof(now), wg_str_of(wg_bundle_rev(next))), WG_OK);
    CHECK(strcmp(old, now) != 0);
    take_rules(&c, next);
    for (int open = 0; open < 2; open++) {
        struct wg_cmd *cmd = open ? step("acknowledge", filed, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}")
                                  : step("dispatch", filed, "p-001", "", WG_DISPATCHER, "{}");
        CHECK_INT(decide_one(&c, cmd), WG_OK);
        CHECK_STR(case_of(cmd).rev, old);
        CHECK(strncmp(case_of(cmd).number.p, "绩数管案", 12) == 0);
        cmd_free(cmd);
        county_reopen(&c); /* then the old ones are opened from their blob */
    }
    take_to(&c, reported, WG_FILED);
    CHECK_INT(find_case(&c, reported, &k, &b), WG_OK);
    CHECK_STR(k.rev, now);
    CHECK(strncmp(k.number.p, "新数管案", 12) == 0 && strstr(k.number.p, "〕000002号"));
    check_audit(&c, GIVEN_ENTRIES + 2 + 2 + 2 + 2 + 2);
    wg_buf_free(&b);
    county_done(&c);
}

TEST(a_new_edition_changes_what_is_decided_next_and_nothing_that_was)
{
    struct county c;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case k;
    given_county(&c);
    uint64_t before = take_report(&c, HERE);
    take_edition(&c, WG_DUTIES, duties_swapped_json);
    uint64_t after = take_report(&c, BODY("118.52", "30.08", ""));
    for (int open = 0; open < 2; open++) {
        CHECK_INT(find_case(&c, before, &k, &b), WG_OK);
        CHECK_STR(k.proposed, "u-cg");
        CHECK_INT(find_case(&c, after, &k, &b), WG_OK);
        CHECK_STR(k.proposed, "u-hw");
        check_audit(&c,
                    GIVEN_ENTRIES + 3); /* decided from the facts, whatever the ground is by now */
    }
    wg_buf_free(&b);
    county_done(&c);
}

TEST(two_editions_made_side_by_side_both_come_into_force)
{
    struct county c;
    given_county(&c);
    struct wg_cmd *duties = edition(&c, WG_DUTIES, duties_swapped_json),
                  *units =
                      edition(&c, WG_UNITS,
                              "[{\"id\":\"u-new\",\"name\":\"新\",\"kind\":\"professional\"}]");
    struct wg_ground *g[] = {duties->ground, units->ground};
    take(&c, duties);
    take(&c, units); /* made on the ground as it was before the duties came */
    wg_ground_drop(g[0]);
    wg_ground_drop(g[1]);
    CHECK(wg_ground_unit(c.d->force->ground, WG_S("u-new")) != NULL);
    struct wg_cmd *cmd = report(HERE);
    CHECK_INT(decide_one(&c, cmd), WG_OK);
    CHECK_STR(case_of(cmd).proposed, "u-hw");
    cmd_free(cmd);
    county_done(&c);
}

TEST(an_edition_file_that_is_broken_or_missing_is_made_again_from_its_blob)
{
    struct county c;
    given_county(&c);
    county_close(&c);
    char base[320], path[700];
    snprintf(base, sizeof(base), "%s/base", c.dir);
    DIR *d = opendir(base);
    size_t i = 0;
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
        if (e->d_name[0] != '.' && i++ % 2)
            flip_bit(path, 50, 1);
        else if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    CHECK_INT(i, 3);
    county_open(&c);
    take_report(&c, HERE);
    county_done(&c);
}

TEST(time_never_goes_back_and_a_jump_of_the_clock_is_told)
{
    struct county c;
    struct wg_desk_stats stats;
    struct wg_cmd *cmd = report(HERE);
    given_county(&c);
    int64_t ahead = c.d->t +=
        WG_DAY_MS; /* as if the clock had been set back since the last entry */
    CHECK_INT(decide_one(&c, cmd), WG_OK);
    CHECK_INT(case_of(cmd).opened, ahead);
    cmd_free(cmd);
    wg_desk_stats(c.d, &stats);
    CHECK_INT(stats.incidents, 0);
    c.d->drift_ms -= WG_HOUR_MS; /* as if it had jumped by an hour */
    take_report(&c, HERE);
    take_report(&c, HERE);
    wg_desk_stats(c.d, &stats);
    CHECK_INT(stats.incidents, 1);
    county_done(&c);
}

RUN_ALL("desk")
