/* Stops and failures at each point of a batch, and what the next open makes of them. */
#include "desk_given.h"

#include <sys/wait.h>

/* ---- a journal that fails, or whose process dies, at a point of its choice ---- */

enum point { NO_ROOM, SYNC_FAILED_LOST, SYNC_FAILED_KEPT, DIE_BEFORE, DIE_AFTER };

struct failing {
    struct wg_journal base, *real;
    enum point point;
    bool once; /* it failed already */
};

static int f_ready(struct wg_journal *j, size_t bytes, struct wg_err *e)
{
    struct failing *f = (struct failing *)j;
    if (f->point == NO_ROOM && !f->once) {
        f->once = true;
        return wg_fail(e, WG_ENOSPC, "no space, says the test");
    }
    return f->real->ops->ready(f->real, bytes, e);
}

static int f_append(struct wg_journal *j, uint64_t n, const struct wg_str *entries, size_t count,
                    struct wg_err *e)
{
    struct failing *f = (struct failing *)j;
    if (f->point == DIE_BEFORE)
        _exit(7); /* the vault has its rows, the journal nothing */
    int rc =
        f->point == SYNC_FAILED_LOST ? WG_OK : f->real->ops->append(f->real, n, entries, count, e);
    if (f->point == DIE_AFTER)
        _exit(7); /* durable, but the views are not committed and nobody was answered */
    return f->point == NO_ROOM || rc < 0 ? rc
                                         : wg_fail(e, WG_EUNKNOWN, "sync failed, says the test");
}

static int f_scan(struct wg_journal *j, uint64_t from, wg_scan_fn fn, void *arg, struct wg_err *e)
{
    struct wg_journal *real = ((struct failing *)j)->real;
    return real->ops->scan(real, from, fn, arg, e);
}

static uint64_t f_last(struct wg_journal *j)
{
    struct wg_journal *real = ((struct failing *)j)->real;
    return real->ops->last(real);
}

static void f_close(struct wg_journal *j)
{
    struct wg_journal *real = ((struct failing *)j)->real;
    real->ops->close(real);
    free(j);
}

static const struct wg_journal_ops failing_ops = {f_ready, f_append, f_scan, f_last, f_close};

static void fail_at(struct county *c, enum point point)
{
    struct failing *f = calloc(1, sizeof(*f));
    *f = (struct failing){{&failing_ops}, c->d->journal, point, false};
    c->d->journal = &f->base;
}

#define HOTLINE BODY("118.52", "30.02", ",\"source\":\"hotline\",\"description\":\"门口积水\"")

static struct wg_cmd *hotline(void)
{
    return with_key(step("report", 0, "a-001", "", WG_ACCEPTOR, HOTLINE), "call-1", "b2:a");
}

static uint64_t vault_rows(struct county *c)
{
    char path[400];
    struct wg_env_opts opts = {.synced = true, .read_only = true, .map_bytes = (size_t)16 << 30};
    struct wg_env *env = NULL;
    struct wg_txn *txn = NULL;
    unsigned rows;
    snprintf(path, sizeof(path), "%s/vault", c->dir);
    CHECK_INT(wg_env_open(path, &opts, &env, &err), WG_OK);
    CHECK_INT(wg_env_table(env, "rows", &rows, &err), WG_OK);
    CHECK_INT(wg_txn_begin(env, false, &txn, &err), WG_OK);
    uint64_t n = wg_count(txn, rows);
    wg_txn_abort(txn);
    wg_env_close(env);
    return n;
}

/* The same request with the same key once more: is it the earlier case, or a new one? */
static void check_repeat(struct county *c, bool happened)
{
    struct wg_cmd *cmd = hotline();
    CHECK_INT(decide_one(c, cmd), WG_OK);
    CHECK(cmd->repeated == happened);
    CHECK_INT(cmd->n, GIVEN_ENTRIES + 2);
    CHECK_INT((uint32_t)case_of(cmd).id, 2);
    cmd_free(cmd);
    check_audit(c, GIVEN_ENTRIES + 2);
    county_close(c);
    CHECK_INT(vault_rows(c), 1); /* just the words of the one case */
    county_open(c);
}

TEST(without_room_nothing_happened_and_the_next_command_goes_on)
{
    struct county c;
    given_county(&c);
    take_report(&c, HERE);
    fail_at(&c, NO_ROOM);
    struct wg_cmd *cmd = hotline();
    CHECK_INT(decide_one(&c, cmd), WG_ENOSPC);
    CHECK(cmd->n == 0 && cmd->record.p == NULL && !c.d->broken && c.d->n == GIVEN_ENTRIES + 1);
    cmd_free(cmd);
    check_repeat(&c, false);
    county_done(&c);
}

static void check_failed_sync(enum point point, bool happened)
{
    struct county c;
    struct wg_desk_stats stats;
    given_county(&c);
    uint64_t id = take_report(&c, HERE);
    fail_at(&c, point);
    struct wg_cmd *cmd = hotline(), *beside = report(HERE), *refused = report("{}");
    cmd->link.next = &refused->link;
    wg_desk_batch(c.d, cmd);
    CHECK(cmd->rc == WG_EUNKNOWN &&
          refused->rc == WG_EUNKNOWN); /* a refusal was decided on what may not be */
    CHECK(cmd->n == 0 && cmd->record.p == NULL);
    CHECK_INT(decide_one(&c, beside), WG_EUNKNOWN);
    cmd_free(cmd);
    cmd_free(beside);
    cmd_free(refused);
    wg_desk_stats(c.d, &stats);
    CHECK(stats.broken && stats.incidents == 1);
    CHECK_INT(state_of(&c, id), WG_REPORTED); /* reads go on */
    CHECK_INT(state_of(&c, id + 1), -1);
    county_reopen(&c);
    CHECK_INT(state_of(&c, id + 1), happened ? WG_REPORTED : -1);
    check_repeat(&c, happened);
    county_done(&c);
}

TEST(after_a_failed_sync_the_county_is_read_only_and_the_next_open_finds_no_entry)
{
    check_failed_sync(SYNC_FAILED_LOST, false);
}

TEST(after_a_failed_sync_the_county_is_read_only_and_the_next_open_finds_the_entry)
{
    check_failed_sync(SYNC_FAILED_KEPT, true);
}

/* ---- the process dies ---- */

static void die_at(struct county *c, enum point point)
{
    int status = 0;
    county_close(c);
    pid_t pid = fork();
    if (pid == 0) { /* no checks in here: the parent looks at what is left */
        struct wg_cmd *cmd = hotline();
        if (wg_desk_open(&c->opts, &c->d, &err) != WG_OK)
            _exit(1);
        fail_at(c, point);
        wg_desk_batch(c->d, cmd);
        _exit(2);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(a_stop_between_vault_and_journal_leaves_no_words_behind)
{
    struct county c;
    given_county(&c);
    take_report(&c, HERE);
    die_at(&c, DIE_BEFORE);
    CHECK_INT(vault_rows(&c), 1);
    county_open(&c);
    CHECK_INT(c.d->n, GIVEN_ENTRIES + 1);
    county_close(&c);
    CHECK_INT(vault_rows(&c), 0);
    county_open(&c);
    check_repeat(&c, false);
    county_done(&c);
}

TEST(a_stop_between_journal_and_views_is_folded_at_the_next_open)
{
    struct county c;
    given_county(&c);
    uint64_t id = take_report(&c, HERE);
    die_at(&c, DIE_AFTER);
    county_open(&c);
    CHECK_INT(c.d->n, GIVEN_ENTRIES + 2);
    CHECK_INT(state_of(&c, id + 1), WG_REPORTED);
    check_repeat(&c, true);
    county_done(&c);
}

/* ---- the machine goes down: views are no better than what reached the disk ---- */

static void machine_down(struct county *c)
{
    char path[400];
    county_close(c);
    snprintf(path, sizeof(path), "%s/views/clean", c->dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/views/boot", c->dir);
    put_bytes(path, "another", 7);
    snprintf(path, sizeof(path), "%s/views/data.mdb", c->dir);
    put_bytes(path, "rubbish", 7);
}

TEST(after_the_machine_was_down_views_come_from_the_copy_and_the_rest_is_folded)
{
    struct county c;
    char copy[400];
    given_county(&c);
    uint64_t one = take_report(&c, HERE);
    snprintf(copy, sizeof(copy), "%s/copy", c.dir);
    CHECK_INT(wg_env_copy(wg_views_env(c.d->views), copy, &err), WG_OK);
    take_to(&c, one, WG_DISPOSING);
    uint64_t two = take_report(&c, HERE);
    for (int copies = 1; copies >= 0; copies--) {
        machine_down(&c);
        county_open(&c);
        CHECK(state_of(&c, one) == WG_DISPOSING && state_of(&c, two) == WG_REPORTED);
        CHECK_INT(c.d->n, GIVEN_ENTRIES + 6);
        check_audit(&c, GIVEN_ENTRIES + 6);           /* which leaves a copy of its own */
        CHECK_INT(wg_env_discard(copy, &err), WG_OK); /* and now without one */
    }
    take_report(&c, HERE);
    county_done(&c);
}

TEST(views_that_know_more_than_the_journal_stop_the_open)
{
    struct county c;
    char path[400];
    given_county(&c);
    for (int i = 0; i < 3; i++)
        take_report(&c, HERE);
    county_close(&c);
    snprintf(path, sizeof(path), "%s/journal/00000000000000000001.wgj", c.dir);
    struct wg_buf image = bytes_of(path);
    size_t end = image.n;
    while (end > 0 && image.p[end - 1] == 0)
        end--;
    memset(image.p + end - 10, 0,
           10); /* the last frame is torn, though its entry was acknowledged and is in the views */
    put_bytes(path, image.p, image.n);
    CHECK_INT(county_try_open(&c), WG_ECORRUPT);
    CHECK(strstr(err.text, "entry 10 is missing, and 10 was known to be there") != NULL);
    CHECK(c.d == NULL);
    wg_buf_free(&image);
    folder_drop(&c.f);
}

TEST(views_of_another_journal_are_thrown_away_and_folded_anew)
{
    struct county c, other;
    char from[400], to[400];
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case k;
    given_county(&c);
    given_county(&other);
    take_report(&other, BODY("118.57", "30.02", ""));
    uint64_t id = take_report(&c, HERE);
    take_report(&c, HERE);
    county_close(&c);
    county_close(&other);
    snprintf(from, sizeof(from), "%s/views", other.dir);
    snprintf(to, sizeof(to), "%s/views", c.dir);
    CHECK_INT(wg_env_discard(to, &err), WG_OK);
    CHECK_INT(rename(from, to), 0);
    county_open(&c);
    CHECK_INT(find_case(&c, id, &k, &b), WG_OK);
    CHECK_STR(k.grid, "341824100001001");
    check_audit(&c, GIVEN_ENTRIES + 2);
    wg_buf_free(&b);
    folder_drop(&other.f);
    county_done(&c);
}

RUN_ALL("desk_stop")
