/* Replay: a journal that is as it was written gives no difference, and one that is not is found out
 * where. */
#include "desk_given.h"

#define FRAME_HEAD 32u

/* Forty cases at all stages, in both duties, with some words of citizens and a change of rules in
 * the middle. */
static uint64_t given_history(struct county *c)
{
    static const char *const bodies[] = {
        HERE, BODY("118.57", "30.03", ""), BODY("118.549", "30.05", ",\"note\":\"说明\""),
        BODY("118.58", "30.09", ",\"description\":\"x\\\"\\\\y\"")};
    given_county(c);
    for (int i = 0; i < 40; i++) {
        uint64_t id = take_report(c, bodies[i % 4]);
        if (i == 20)
            take_rules(c, bundle_with("绩数管案", "新数管案"));
        if (i % 4 == 0 && i % 10)
            take_to(c, id, WG_FILED + i % 7);
        if (i % 10 == 5)
            take(c,
                 step("report", 0, "a-001", "", WG_ACCEPTOR,
                      BODY("118.52", "30.02", ",\"source\":\"hotline\",\"description\":\"话\"")));
        if (i % 10 == 7)
            take(c, step("reject", id, "a-001", "", WG_ACCEPTOR, "{\"reason\":\"非本辖区\"}"));
    }
    return c->d->n;
}

static void say_progress(void *arg, uint64_t n, uint64_t last)
{
    (void)arg;
    CHECK(n <= last);
}

TEST(a_whole_history_is_decided_again_without_a_difference)
{
    struct county c;
    struct wg_audit audit;
    uint64_t last = given_history(&c);
    check_audit(&c, last);
    county_close(&c);
    CHECK_INT(wg_replay_audit(&c.opts, say_progress, NULL, &audit, &err), WG_OK);
    CHECK(audit.entries == last && audit.cases == 44 && audit.decided > audit.cases &&
          audit.differ == 0);
    CHECK_INT(size_of(IN(&c.f, AREA "/audit/views")), -1); /* its scratch views are gone */
    CHECK_INT(size_of(IN(&c.f, AREA "/rebuild/views")), -1);
    county_open(&c);
    county_done(&c);
}

static void say_differing(void *arg, const char *line)
{
    (void)line;
    ++*(int *)arg;
}

TEST(a_rebuild_tells_what_differs_and_puts_it_right)
{
    struct county c;
    uint64_t entries = 0, differ = 0, last = given_history(&c);
    struct wg_txn *txn = NULL;
    int said = 0;
    CHECK_INT(wg_txn_begin(wg_views_env(c.d->views), true, &txn, &err), WG_OK);
    unsigned table;
    wg_txn_abort(txn);
    CHECK_INT(wg_env_table(wg_views_env(c.d->views), "record", &table, &err), WG_OK);
    CHECK_INT(wg_txn_begin(wg_views_env(c.d->views), true, &txn, &err), WG_OK);
    CHECK_INT(wg_put(txn, table, WG_S("user/ghost"), WG_S("{}")), WG_OK);
    CHECK_INT(wg_put(txn, table, WG_S("edition/ghosts"), WG_S("{}")), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    county_close(&c);
    CHECK_INT(wg_replay_rebuild(&c.opts, say_differing, &said, &entries, &differ, &err), WG_OK);
    CHECK(entries == last && differ == 2 && said == 2);
    CHECK_INT(wg_replay_rebuild(&c.opts, say_differing, &said, &entries, &differ, &err), WG_OK);
    CHECK(differ == 0 && said == 2);
    county_open(&c);
    take_report(&c, HERE);
    county_done(&c);
}

/* ---- a journal that someone changed, with the sums of its frames put right ---- */

struct frames {
    char path[400];
    struct wg_buf image;
};

static void frames_read(struct county *c, struct frames *f)
{
    snprintf(f->path, sizeof(f->path), "%s/journal/00000000000000000001.wgj", c->dir);
    f->image = bytes_of(f->path);
}

/* Replace one byte of entry n, found by its text, and write the sum of its frame anew. */
static void tamper(struct frames *f, uint64_t n, const char *text, char with)
{
    size_t at = 0;
    uint32_t len, crc;
    uint64_t first;
    for (;; at += FRAME_HEAD + len) {
        memcpy(&len, f->image.p + at + 4, 4);
        memcpy(&first, f->image.p + at + 16, 8);
        CHECK(len > 0);
        if (first == n)
            break;
    }
    char *p = memmem(f->image.p + at + FRAME_HEAD, len, text, strlen(text));
    CHECK(p != NULL && *p != with);
    *p = with;
    memset(f->image.p + at + 8, 0, 4);
    crc = wg_crc32c(0, f->image.p + at, FRAME_HEAD + len);
    memcpy(f->image.p + at + 8, &crc, 4);
    put_bytes(f->path, f->image.p, f->image.n);
}

TEST(a_changed_byte_is_located_by_the_chain_though_every_sum_is_right)
{
    struct county c;
    struct frames f;
    struct wg_audit audit;
    uint64_t entries, differ;
    given_county(&c);
    for (int i = 0; i < 5; i++)
        take_report(&c, HERE);
    county_close(&c);
    frames_read(&c, &f);
    tamper(&f, GIVEN_ENTRIES + 2, "1号", '9'); /* the address: no decision depends on it */
    CHECK_INT(wg_replay_audit(&c.opts, NULL, NULL, &audit, &err), WG_ECORRUPT);
    CHECK(strstr(err.text, "entry 10: the chain breaks") !=
          NULL); /* the one behind the changed one says so */
    CHECK_INT(wg_replay_rebuild(&c.opts, NULL, NULL, &entries, &differ, &err), WG_ECORRUPT);
    wg_buf_free(&f.image);
    folder_drop(&c.f);
}

TEST(an_outcome_that_the_facts_do_not_give_is_a_difference)
{
    struct county c;
    struct frames f;
    struct wg_audit audit;
    given_county(&c);
    take_report(&c, HERE);
    county_close(&c);
    frames_read(&c, &f);
    tamper(&f, GIVEN_ENTRIES + 1, "1001\",\"role\"",
           '2'); /* the grid of the outcome; the last entry has none behind it */
    CHECK_INT(wg_replay_audit(&c.opts, NULL, NULL, &audit, &err), WG_OK);
    CHECK(audit.differ == 1 && audit.unknown_facts == 0);
    CHECK(strstr(audit.first, "entry 8 (report): another outcome") != NULL);
    wg_buf_free(&f.image);
    frames_read(&c, &f);
    tamper(&f, GIVEN_ENTRIES + 1, "place",
           'P'); /* a question whose answer is not among the facts */
    CHECK_INT(wg_replay_audit(&c.opts, NULL, NULL, &audit, &err), WG_OK);
    CHECK(audit.differ == 1 && audit.unknown_facts == 1);
    CHECK(strstr(audit.first, "not known: place") != NULL);
    wg_buf_free(&f.image);
    folder_drop(&c.f);
}

RUN_ALL("desk_replay")
