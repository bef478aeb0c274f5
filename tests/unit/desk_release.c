/* Rules that change while cases run: one that fails, releases and the way back, running cases that
 * go along, and what would have been otherwise; also while the desk goes on. */
#include "desk_given.h"

#include <stdatomic.h>

#define DISPOSE "if case.rework < 2 then return end"

static const struct wg_entry *last_entry(struct county *c, struct wg_arena *a)
{
    static struct wg_entry e;
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_journal_get(c->d->journal, c->d->n, &b, &err), WG_OK);
    CHECK_INT(wg_entry_parse(a, wg_arena_str(a, wg_buf_str(&b)), &e, &err), WG_OK);
    wg_buf_free(&b);
    return &e;
}

/* The outcome of this kind, and `what` or record kind where one is given. */
static const struct wg_json *outcome(const struct wg_entry *e, const char *k, const char *what)
{
    for (const struct wg_json *o = e->out->child; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), k) &&
            (!what || wg_str_is(wg_json_str(o, "what"), what) ||
             wg_str_is(wg_json_str(o, "kind"), what)))
            return o;
    return NULL;
}

static void audited(struct county *c)
{
    struct wg_audit out;
    county_close(c);
    CHECK_INT(wg_replay_audit(&c->opts, NULL, NULL, &out, &err), WG_OK);
    if (out.differ)
        CHECK_TEXT(out.first, "no difference");
    county_open(c);
}

static struct wg_json *record(struct county *c, const char *kind, const char *name,
                              struct wg_arena *a)
{
    struct wg_txn *txn = NULL;
    struct wg_str json;
    struct wg_json *j = NULL;
    CHECK_INT(wg_txn_begin(wg_views_env(c->d->views), false, &txn, &err), WG_OK);
    if (wg_view_record(c->d->views, txn, kind, wg_str_of(name), &json) == WG_OK)
        CHECK_INT(wg_json_parse(a, wg_arena_str(a, json), &j, &err), WG_OK);
    wg_txn_abort(txn);
    return j;
}

/* ---- the fence ---- */

TEST(where_the_county_s_rule_fails_the_city_s_decides_and_the_entry_says_so)
{
    struct county c;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_rule_cost cost[WG_RULE_COSTS];
    given_county(&c);
    take_rules(&c, bundle_with(DISPOSE, "error(\\\"坏了\\\")"));
    uint64_t id = take_report(&c, HERE), second = take_report(&c, HERE);
    take_to(&c, id, WG_DISPOSED);
    const struct wg_entry *e = last_entry(&c, a);
    const struct wg_json *mark = outcome(e, "mark", "rule_failed"), *why = wg_json_get(mark, "why");
    CHECK_STR(wg_json_str(mark, "event"), "dispose");
    CHECK(why && wg_str_is(why->child->str, "坏了"));
    CHECK_STR(why->child->next->str, "341824/rules.lua");
    CHECK(why->child->next->next->num > 0);
    CHECK(!wg_str_eq(wg_json_str(mark, "pack"), e->rev)); /* the city's, not the county's */
    take_to(&c, second, WG_DISPOSED);
    const struct wg_json *incident = record(&c, "incident", "dispose", a);
    CHECK_INT(wg_json_int(incident, "count", 0), 2);
    size_t n = wg_desk_costs(c.d, cost), failed = 0;
    for (size_t i = 0; i < n; i++)
        failed += cost[i].failed;
    CHECK_INT(failed, 2);
    audited(&c);
    /* the next release: nothing is red any more, and counting begins anew */
    take_rules(&c, bundle_with(NULL, NULL));
    CHECK(record(&c, "incident", "dispose", a) == NULL);
    CHECK_INT(wg_desk_costs(c.d, cost), 0);
    wg_arena_free(a);
    county_done(&c);
}

TEST(a_rule_that_loops_is_cut_off_and_replay_does_not_run_it_again)
{
    struct county c;
    struct wg_arena *a = wg_arena_new(0);
    given_county(&c);
    c.opts.limits.budget_us = 5000;
    county_reopen(&c);
    take_rules(&c, bundle_with(DISPOSE, "while true do end"));
    uint64_t id = take_report(&c, HERE);
    take_to(&c, id, WG_DISPOSED);
    const struct wg_entry *e = last_entry(&c, a);
    CHECK(outcome(e, "mark", "rule_failed") != NULL);
    take_to(&c, take_report(&c, HERE), WG_CLOSED); /* the desk goes on */
    int64_t began = wg_mono_ms();
    audited(&c); /* with ten seconds of patience a call, and it is over at once */
    CHECK(wg_mono_ms() - began < 5000);
    wg_arena_free(a);
    county_done(&c);
}

TEST(where_the_city_s_rule_fails_too_the_command_is_refused_with_the_county_s_reason)
{
    struct county c;
    given_county(&c);
    take_rules(&c,
               bundle_with("local row = ctx.row", "error(\\\"市级坏了\\\") local row = ctx.row"));
    uint64_t id = take_report(&c, HERE);
    take_to(&c, id, WG_ACCEPTED);
    struct wg_cmd *cmd = step("file", id, "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}");
    CHECK_INT(decide_one(&c, cmd), WG_ERULE);
    CHECK(strstr(cmd->err.text, "市级坏了") != NULL);
    cmd_free(cmd);
    county_done(&c);
}

/* ---- releases ---- */

TEST(releases_are_numbered_and_know_what_was_before)
{
    struct county c;
    struct wg_arena *a = wg_arena_new(0);
    given_county(&c);
    const struct wg_json *first = record(&c, "rules", "now", a);
    CHECK_INT(wg_json_int(first, "n", 0), 1);
    take_rules(&c, bundle_with(DISPOSE, "if case.rework < 3 then return end"));
    const struct wg_json *second = record(&c, "rules", "now", a);
    CHECK_INT(wg_json_int(second, "n", 0), 2);
    CHECK_INT(wg_json_int(second, "prior", 0), 1);
    CHECK(wg_str_eq(wg_json_str(second, "before"), wg_json_str(first, "rev")));
    /* what is in force already is no release */
    struct wg_cmd *again = keep(
        "rules", "now",
        wg_arena_fmt(a, "{\"rev\":\"%.*s\",\"blob\":\"x\"}", WG_PRI(wg_json_str(second, "rev"))));
    CHECK_INT(decide_one(&c, again), WG_ESTATE);
    cmd_free(again);
    /* nor one that was meant for another state of things */
    struct wg_cmd *late = keep("rules", "now", WG_S("{\"rev\":\"b2:x\",\"blob\":\"x\"}"));
    late->instead = 1;
    CHECK_INT(decide_one(&c, late), WG_ESTATE);
    cmd_free(late);
    CHECK_INT(wg_json_int(record(&c, "rules", "now", a), "n", 0), 2);
    wg_arena_free(a);
    county_done(&c);
}

TEST(a_signature_under_rules_is_of_this_person_area_revision_and_part)
{
    static const uint8_t seed[WG_SIGN_SEED] = {7};
    struct wg_arena *a = wg_arena_new(0);
    char key[WG_PUBLIC_TEXT + 1], signature[WG_SIGNATURE_TEXT + 1];
    wg_sign_public(seed, key);
    wg_sign(seed, wg_signed_text(a, WG_AUTHOR, AREA, WG_S("b2:x"), WG_S("g-001")), signature);
    const struct {
        const char *rev, *as, *user, *area;
        bool forged;
    } rows[] = {
        {"b2:x", "author", "g-001", AREA, false},    {"b2:y", "author", "g-001", AREA, true},
        {"b2:x", "author", "g-002", AREA, true},     {"b2:x", "approver", "g-001", AREA, true},
        {"b2:x", "author", "g-001", "341821", true}, {"b2:x", "nobody", "g-001", AREA, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wg_json *j = NULL;
        struct wg_str text = wg_arena_fmt(
            a, "{\"rev\":\"%s\",\"%s\":{\"user\":\"%s\",\"key\":\"%s\",\"signature\":\"%s\"}}",
            rows[i].rev, rows[i].as, rows[i].user, key, signature);
        CHECK_INT(wg_json_parse(a, text, &j, &err), WG_OK);
        CHECK_INT(wg_release_forged(a, rows[i].area, j), rows[i].forged);
    }
    wg_arena_free(a);
}

TEST(a_running_case_goes_along_only_where_it_is_told_to)
{
    struct county c;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf bytes = WG_BUF_INIT;
    struct wg_case before, after;
    struct wg_migration sum;
    uint64_t ids[4];
    given_county(&c);
    uint64_t id = take_report(&c, HERE), unfiled = take_report(&c, HERE);
    take_to(&c, id, WG_DISPOSING);
    CHECK_INT(find_case(&c, id, &before, &bytes), WG_OK);
    struct wg_str old = wg_arena_str(a, before.rev);
    take_rules(&c, bundle_with("[\\\"0110\\\"] = {",
                               "[\\\"0111\\\"] = { conditions = { { id = \\\"1\\\", limit = { 1, "
                               "\\\"work_hour\\\" } } } }, [\\\"0110\\\"] = {"));
    struct wg_force *f = wg_desk_force(c.d);
    CHECK_INT(wg_desk_migration(c.d, f->pack, &sum, ids, 4, NULL, &err), WG_OK);
    CHECK(sum.cases == 1 && sum.can == 1 && sum.changed == 1 && ids[0] == id);
    CHECK_INT(find_case(&c, id, &after, &bytes), WG_OK);
    CHECK(wg_str_eq(after.rev, old)); /* so far it has the rules of its filing */
    struct wg_cmd *cmd = step("migrate", id, "h-001", "", WG_SYSTEM, "{}");
    struct wg_json *in = NULL;
    CHECK_INT(wg_json_parse(a, wg_arena_fmt(a, "{\"rules\":\"%s\"}", f->pack->rev), &in, &err),
              WG_OK);
    cmd->in = in;
    CHECK_INT(decide_one(&c, cmd), WG_OK);
    cmd_free(cmd);
    int64_t due = after.due;
    CHECK_INT(find_case(&c, id, &after, &bytes), WG_OK);
    CHECK_STR(after.rev, f->pack->rev);
    CHECK(after.due < due && after.limit.n_milli == 1000);
    struct wg_cmd *twice = step("migrate", id, "h-001", "", WG_SYSTEM, "{}"),
                  *early = step("migrate", unfiled, "h-001", "", WG_SYSTEM, "{}");
    twice->in = early->in = in;
    CHECK_INT(decide_one(&c, twice), WG_ESTATE);
    CHECK_INT(decide_one(&c, early), WG_ESTATE);
    cmd_free(twice);
    cmd_free(early);
    wg_force_drop(f);
    audited(&c);
    wg_buf_free(&bytes);
    wg_arena_free(a);
    county_done(&c);
}

/* ---- what if ---- */

struct counted {
    size_t decided, same, refused, failed;
    uint64_t told;
};

static int count_step(void *arg, const struct wg_whatif_step *s)
{
    struct counted *n = arg;
    struct wg_buf was = WG_BUF_INIT, is = WG_BUF_INIT;
    if (!s->before)
        return WG_OK;
    n->decided++;
    n->refused += s->rc == WG_EDENIED;
    n->failed += s->rc == WG_ERULE;
    if (s->is) {
        wg_json_write(s->e->out, &was);
        wg_json_write(s->is, &is);
        n->same += wg_str_eq(wg_buf_str(&was), wg_buf_str(&is));
    }
    wg_buf_free(&was);
    wg_buf_free(&is);
    return WG_OK;
}

static struct counted what_if(struct county *c, struct wg_bundle *b)
{
    struct counted n = {0};
    const struct wg_whatif w = {0, INT64_MAX, count_step, NULL, &n};
    CHECK_INT(wg_desk_whatif(c->d, b, &w, &err), WG_OK);
    wg_bundle_drop(b);
    return n;
}

TEST(the_same_rules_decide_the_same_again_and_others_differ_where_they_do)
{
    struct county c;
    given_county(&c);
    for (int i = 0; i < 3; i++)
        take_to(&c, take_report(&c, HERE), WG_CLOSED);
    struct counted n = what_if(&c, bundle_with(NULL, NULL));
    CHECK_INT(n.decided, 27);
    CHECK_INT(n.same, 27);
    n = what_if(&c, bundle_with(DISPOSE, "error(\\\"坏了\\\")"));
    CHECK(n.failed == 3 && n.same == 24);
    n = what_if(&c,
                bundle_with(DISPOSE, "if true then return refuse { because = \\\"不行\\\" } end"));
    CHECK(n.refused == 3 && n.same == 24);
    CHECK_INT(c.d->n, GIVEN_ENTRIES + 27); /* nothing was done to the county */
    audited(&c);
    county_done(&c);
}

struct submitting {
    struct county *c;
    atomic_int left;
    atomic_bool stop;
};

static void answered(struct wg_cmd *cmd)
{
    struct submitting *s = cmd->owner;
    atomic_fetch_sub(&s->left, 1);
    cmd_free(cmd);
}

static void *submit(void *arg)
{
    struct submitting *s = arg;
    while (!atomic_load(&s->stop)) {
        struct wg_cmd *cmd = report(HERE);
        cmd->owner = s;
        cmd->done = answered;
        atomic_fetch_add(&s->left, 1);
        while (wg_desk_submit(s->c->d, cmd) == WG_EBUSY)
            usleep(100);
        usleep(500);
    }
    return NULL;
}

TEST(the_desk_goes_on_while_somebody_asks_what_if)
{
    struct county c;
    struct submitting s = {.c = &c};
    pthread_t thread;
    given_county(&c);
    for (int i = 0; i < 20; i++)
        take_to(&c, take_report(&c, HERE), WG_CLOSED);
    CHECK_INT(wg_desk_start(c.d, &err), WG_OK);
    CHECK_INT(pthread_create(&thread, NULL, submit, &s), 0);
    for (int i = 0; i < 2; i++) {
        struct counted n = what_if(&c, bundle_with(NULL, NULL));
        CHECK(n.decided >= 180 && n.same == n.decided);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    wg_desk_stop(c.d);
    CHECK_INT(atomic_load(&s.left), 0);
    county_done(&c);
}

RUN_ALL("desk_release")
