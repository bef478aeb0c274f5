/* The desk's thread: many submit, each is answered once, batches are shared. */
#include "desk_given.h"

#include <stdatomic.h>

#define PRODUCERS 4
#define EACH 500

struct crowd {
    struct county *c;
    _Atomic int answered, failed, twice;
    atomic_bool stop;
};

struct mine {
    struct wg_cmd *cmd;
    struct crowd *crowd;
    _Atomic int answers;
};

static void answered(struct wg_cmd *cmd)
{
    struct mine *m = cmd->owner;
    if (atomic_fetch_add(&m->answers, 1) > 0)
        atomic_fetch_add(&m->crowd->twice, 1);
    if (cmd->rc != WG_OK || !cmd->n)
        atomic_fetch_add(&m->crowd->failed, 1);
    atomic_fetch_add(&m->crowd->answered, 1);
}

struct producer {
    pthread_t thread;
    struct crowd *crowd;
    struct mine mine[EACH];
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (int i = 0; i < EACH; i++) {
        struct wg_cmd *cmd = report(HERE);
        p->mine[i] = (struct mine){cmd, p->crowd, 0};
        cmd->owner = &p->mine[i];
        cmd->done = answered;
        while (wg_desk_submit(p->crowd->c->d, cmd) == WG_EBUSY)
            usleep(100); /* the queue is full: it is still ours */
    }
    return NULL;
}

/* Readers beside: snapshots of what is in force, pages of the list, entries of the journal. */
static int count_one(void *arg, const struct wg_case *c)
{
    (void)c;
    ++*(int *)arg;
    return WG_OK;
}

static void *read_beside(void *arg)
{
    struct crowd *crowd = arg;
    struct wg_desk *d = crowd->c->d;
    struct wg_buf next = WG_BUF_INIT, entry = WG_BUF_INIT;
    while (!atomic_load(&crowd->stop)) {
        struct wg_case_query q = {.kind = -1, .limit = 50, .sort = WG_BY_OPENED_DOWN};
        struct wg_force *f = wg_desk_force(d);
        struct wg_desk_stats stats;
        struct wg_txn *txn = NULL;
        struct wg_views_tip tip;
        int got = 0;
        wg_desk_stats(d, &stats);
        wg_buf_clear(&next);
        if (!f->pack || wg_txn_begin(wg_views_env(wg_desk_views(d)), false, &txn, NULL) != WG_OK ||
            wg_views_tip(wg_desk_views(d), txn, &tip) != WG_OK ||
            wg_view_list(wg_desk_views(d), txn, &q, count_one, &got, &next, NULL) != WG_OK ||
            got > 50)
            atomic_fetch_add(&crowd->failed, 1);
        wg_txn_abort(txn);
        /* what the views know, the journal has */
        if (wg_journal_get(wg_desk_journal(d), tip.n, &entry, NULL) != WG_OK)
            atomic_fetch_add(&crowd->failed, 1);
        wg_force_drop(f);
    }
    wg_buf_free(&next);
    wg_buf_free(&entry);
    return NULL;
}

TEST(many_threads_submit_and_each_command_is_answered_once)
{
    struct county c;
    struct crowd crowd = {.c = &c};
    static struct producer producer[PRODUCERS];
    static bool seen[PRODUCERS * EACH + 1];
    struct wg_desk_stats stats;
    pthread_t reader;
    given_county(&c);
    c.opts.queue_max = 300; /* less than is submitted at once: the queue fills up */
    county_reopen(&c);
    CHECK_INT(wg_desk_start(c.d, &err), WG_OK);
    CHECK_INT(pthread_create(&reader, NULL, read_beside, &crowd), 0);
    for (int i = 0; i < PRODUCERS; i++) {
        producer[i].crowd = &crowd;
        CHECK_INT(pthread_create(&producer[i].thread, NULL, produce, &producer[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producer[i].thread, NULL);
    atomic_store(&crowd.stop, true);
    pthread_join(reader, NULL);
    wg_desk_stop(c.d); /* what is left in the queue is still decided */
    CHECK(atomic_load(&crowd.answered) == PRODUCERS * EACH && !atomic_load(&crowd.twice) &&
          !atomic_load(&crowd.failed));
    for (int i = 0; i < PRODUCERS; i++) {
        uint64_t before = 0;
        for (int k = 0; k < EACH; k++) {
            struct wg_cmd *cmd = producer[i].mine[k].cmd;
            uint32_t serial = (uint32_t)case_of(cmd).id;
            CHECK(cmd->n > before); /* each thread's own in their order */
            before = cmd->n;
            CHECK(serial >= 1 && serial <= PRODUCERS * EACH && !seen[serial]);
            seen[serial] = true;
            cmd_free(cmd);
        }
    }
    wg_desk_stats(c.d, &stats);
    CHECK_INT(stats.entries, PRODUCERS * EACH);
    CHECK(stats.batches < stats.entries); /* those who waited shared a sync */
    CHECK(stats.waiting == 0 && !stats.broken && stats.rule_failures == 0);
    struct wg_cmd *late = report(HERE);
    CHECK_INT(wg_desk_submit(c.d, late), WG_EBUSY);
    cmd_free(late);
    county_reopen(&c);
    CHECK_INT(c.d->n, GIVEN_ENTRIES + PRODUCERS * EACH);
    county_done(&c);
}

TEST(a_full_queue_refuses_and_the_caller_keeps_the_command)
{
    struct county c;
    struct crowd crowd = {.c = &c};
    struct mine mine[2] = {{report(HERE), &crowd, 0}, {report(HERE), &crowd, 0}};
    given_county(&c);
    c.opts.queue_max = 1;
    county_reopen(&c); /* nobody takes from the queue yet */
    for (int i = 0; i < 2; i++) {
        mine[i].cmd->owner = &mine[i];
        mine[i].cmd->done = answered;
        CHECK_INT(wg_desk_submit(c.d, mine[i].cmd), i ? WG_EBUSY : WG_OK);
    }
    CHECK_INT(wg_desk_start(c.d, &err), WG_OK);
    wg_desk_stop(c.d);
    CHECK(atomic_load(&mine[0].answers) == 1 && atomic_load(&mine[1].answers) == 0);
    cmd_free(mine[0].cmd);
    cmd_free(mine[1].cmd);
    county_done(&c);
}

RUN_ALL("desk_thread")
