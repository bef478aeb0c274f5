/* LMDB behind store.h: tables, room for pages, trust after a stop, copies. */
#include "folder.h"

#include <signal.h>
#include <sys/resource.h>

static struct wg_err err;

static struct wg_env *env_at(const char *dir, bool synced, unsigned *table)
{
    struct wg_env_opts opts = {.synced = synced};
    struct wg_env *env = NULL;
    CHECK_INT(wg_env_open(dir, &opts, &env, &err), WG_OK);
    CHECK_INT(wg_env_table(env, "t", table, &err), WG_OK);
    return env;
}

static struct wg_txn *writing(struct wg_env *env)
{
    struct wg_txn *txn = NULL;
    CHECK_INT(wg_txn_begin(env, true, &txn, &err), WG_OK);
    return txn;
}

static struct wg_txn *reading(struct wg_env *env)
{
    struct wg_txn *txn = NULL;
    CHECK_INT(wg_txn_begin(env, false, &txn, &err), WG_OK);
    return txn;
}

static struct wg_str key_of(uint8_t be[8], uint64_t n)
{
    wg_be64(be, n);
    return (struct wg_str){(char *)be, 8};
}

static void put_one(struct wg_env *env, unsigned table, const char *key, const char *value)
{
    struct wg_txn *txn = writing(env);
    CHECK_INT(wg_put(txn, table, wg_str_of(key), wg_str_of(value)), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
}

static void check_one(const char *dir, const char *key, const char *value)
{
    unsigned table;
    struct wg_str v;
    struct wg_env *env = env_at(dir, false, &table);
    struct wg_txn *txn = reading(env);
    CHECK_INT(wg_get(txn, table, wg_str_of(key), &v), value ? WG_OK : WG_ENOENT);
    if (value)
        CHECK_STR(v, value);
    wg_txn_abort(txn);
    wg_env_close(env);
}

TEST(what_is_put_is_got_in_the_order_of_its_keys)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, false, &t);
    struct wg_txn *txn = writing(env);
    struct wg_cursor *c;
    struct wg_str k, v;
    uint8_t be[8];
    for (uint64_t n = 2; n <= 20; n += 2)
        CHECK_INT(wg_put(txn, t, key_of(be, n), WG_S("v")), WG_OK);
    CHECK_INT(wg_put_last(txn, t, key_of(be, 22), WG_S("last")), WG_OK);
    CHECK(wg_put_last(txn, t, key_of(be, 21), WG_S("late")) < 0);
    CHECK_INT(wg_put(txn, t, key_of(be, 4), WG_S("")), WG_OK);
    CHECK_INT(wg_del(txn, t, key_of(be, 6)), WG_OK);
    CHECK_INT(wg_del(txn, t, key_of(be, 7)), WG_OK); /* was not there */
    CHECK_INT(wg_count(txn, t), 10);
    CHECK_INT(wg_get(txn, t, key_of(be, 6), &v), WG_ENOENT);
    CHECK(v.p == NULL);
    CHECK_INT(wg_cursor_open(txn, t, &c), WG_OK);
    CHECK_INT(wg_cursor_seek(c, key_of(be, 5), &k, &v), WG_OK);
    CHECK_INT(wg_be64_get(k.p), 8);
    CHECK_INT(wg_cursor_prev(c, &k, &v), WG_OK);
    CHECK_INT(wg_be64_get(k.p), 4);
    CHECK_INT(v.n, 0);
    CHECK_INT(wg_cursor_last(c, &k, &v), WG_OK);
    CHECK_STR(v, "last");
    CHECK_INT(wg_cursor_next(c, &k, &v), WG_ENOENT);
    CHECK_INT(wg_cursor_seek(c, (struct wg_str){0}, &k, &v), WG_OK);
    CHECK_INT(wg_be64_get(k.p), 2);
    CHECK_INT(wg_cursor_prev(c, &k, &v), WG_ENOENT);
    CHECK_INT(wg_cursor_seek(c, key_of(be, 23), &k, &v), WG_ENOENT);
    wg_cursor_close(c);
    CHECK_INT(wg_drop(txn, t), WG_OK);
    CHECK_INT(wg_count(txn, t), 0);
    wg_txn_abort(txn);
    wg_env_close(env);
    folder_drop(&f);
}

TEST(a_reader_sees_one_moment_until_it_is_renewed)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, false, &t);
    struct wg_txn *txn = NULL;
    struct wg_str v;
    CHECK_INT(wg_txn_renew(env, &txn, &err), WG_OK);
    put_one(env, t, "k", "new");
    CHECK_INT(wg_get(txn, t, WG_S("k"), &v), WG_ENOENT);
    wg_txn_reset(txn);
    CHECK_INT(wg_txn_renew(env, &txn, &err), WG_OK);
    CHECK_INT(wg_get(txn, t, WG_S("k"), &v), WG_OK);
    wg_txn_abort(txn);
    wg_env_close(env);
    folder_drop(&f);
}

/* ---- room ---- */

TEST(the_file_is_as_long_as_its_pages_and_a_little_not_as_the_map)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, false, &t);
    struct stat st;
    put_one(env, t, "k", "v");
    CHECK(size_of(IN(&f, "data.mdb")) < 4 << 20);
    CHECK_INT(wg_env_ready(env, 5000, &err), WG_OK);
    CHECK_INT(stat(IN(&f, "data.mdb"), &st), 0);
    CHECK(st.st_size >= 5000 * 4096 && st.st_size < 5600 * 4096);
    CHECK((int64_t)st.st_blocks * 512 >= 5000 * 4096); /* real blocks, no hole */
    wg_env_close(env);
    env = env_at(f.path, false, &t);
#ifndef __SANITIZE_THREAD__ /* no written map there (env.c says why), and what is written by calls \
                               is not cut */
    CHECK(size_of(IN(&f, "data.mdb")) < 4 << 20);
#endif
    CHECK(wg_env_bytes(env) < 64 * 4096);
    wg_env_close(env);
    check_one(f.path, "k", "v");
    folder_drop(&f);
}

/* A page that the file has no block for would be a SIGBUS here, not a failed check. */
TEST(a_transaction_that_takes_more_than_was_made_ready_gets_more_as_it_goes)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, false, &t);
    char *big = calloc(1, 300000);
    uint8_t be[8];
    CHECK_INT(wg_env_ready(env, 1, &err), WG_OK);
    for (int round = 0; round < 3; round++) {
        struct wg_txn *txn = writing(env);
        uint64_t spread = 0x9e3779b97f4a7c15;
        for (uint64_t n = 0; n < 20000; n++)
            CHECK_INT(wg_put(txn, t, key_of(be, n * spread), (struct wg_str){big, 500 + n % 700}),
                      WG_OK);
        for (uint64_t n = 0; n < 50; n++)
            CHECK_INT(wg_put(txn, t, key_of(be, n), (struct wg_str){big, 300000 - n}), WG_OK);
        for (uint64_t n = 0; n < 20000; n += 3)
            CHECK_INT(wg_del(txn, t, key_of(be, n * spread)), WG_OK);
        CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
        CHECK(size_of(IN(&f, "data.mdb")) >= (int64_t)wg_env_bytes(env));
    }
    struct wg_txn *txn = writing(env);
    CHECK_INT(wg_drop(txn, t), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    CHECK(size_of(IN(&f, "data.mdb")) >= (int64_t)wg_env_bytes(env));
    free(big);
    wg_env_close(env);
    folder_drop(&f);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &r), 0);
}

TEST(where_there_is_no_room_a_put_fails_and_what_was_there_stays)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, false, &t);
    char *big = calloc(1, 1 << 20);
    uint8_t be[8];
    int rc = WG_OK;
    put_one(env, t, "k", "kept");
    limit_files(8 << 20);
    struct wg_txn *txn = writing(env);
    for (uint64_t n = 0; rc == WG_OK && n < 64; n++)
        rc = wg_put(txn, t, key_of(be, n), (struct wg_str){big, 1 << 20});
    CHECK(rc < 0);
    wg_txn_abort(txn);
    CHECK(wg_env_ready(env, 1 << 14, &err) < 0);
    put_one(env, t, "l", "small ones still go");
    limit_files(RLIM_INFINITY);
    put_one(env, t, "m", "m");
    wg_env_close(env);
    check_one(f.path, "k", "kept");
    check_one(f.path, "l", "small ones still go");
    free(big);
    folder_drop(&f);
}

/* ---- trust ---- */

TEST(pages_are_trusted_after_a_clean_close_or_within_the_same_boot)
{
    struct folder f = folder_new();
    char *dir = IN(&f, "views");
    unsigned t;
    CHECK(!wg_env_trusted(dir)); /* nothing there */
    struct wg_env *env = env_at(dir, false, &t);
    CHECK(access(IN(&f, "views/clean"), F_OK) < 0);
    CHECK(wg_env_trusted(dir)); /* the machine has not been down */
    struct wg_buf boot = bytes_of(IN(&f, "views/boot"));
    put_bytes(IN(&f, "views/boot"), "another", 7);
    CHECK(!wg_env_trusted(dir)); /* it has, and nobody closed it */
    put_bytes(IN(&f, "views/boot"), "", 0);
    CHECK(!wg_env_trusted(dir));
    wg_env_close(env);
    CHECK(wg_env_trusted(dir)); /* closed, whatever the boot */
    env = env_at(dir, false, &t);
    struct wg_buf now = bytes_of(IN(&f, "views/boot"));
    CHECK(wg_str_eq(wg_buf_str(&boot), wg_buf_str(&now)));
    wg_env_close(env);
    wg_buf_free(&boot);
    wg_buf_free(&now);
    folder_drop(&f);
}

TEST(a_synced_environment_needs_no_marks)
{
    struct folder f = folder_new();
    unsigned t;
    struct wg_env *env = env_at(f.path, true, &t);
    put_one(env, t, "k", "v");
    CHECK_INT(wg_env_ready(env, 16, &err), WG_OK);
    CHECK(size_of(IN(&f, "data.mdb")) < 1 << 20);
    wg_env_close(env);
    CHECK_INT(files_in(f.path, ""), 2); /* data.mdb, lock.mdb */
    folder_drop(&f);
}

/* ---- copies ---- */

static void given_copied(struct folder *f, const char *old_value, const char *new_value)
{
    unsigned t;
    *f = folder_new();
    struct wg_env *env = env_at(IN(f, "views"), false, &t);
    put_one(env, t, "k", old_value);
    CHECK_INT(wg_env_copy(env, IN(f, "copy"), &err), WG_OK);
    put_one(env, t, "k", new_value);
    wg_env_close(env);
}

TEST(a_copy_holds_what_was_committed_then_and_comes_back_whole)
{
    struct folder f;
    given_copied(&f, "then", "later");
    CHECK(wg_env_trusted(IN(&f, "copy")));
    CHECK_INT(files_in(IN(&f, "copy"), "clean"), 1);
    check_one(IN(&f, "views"), "k", "later");
    CHECK_INT(wg_env_restore(IN(&f, "copy"), IN(&f, "views"), &err), WG_OK);
    check_one(IN(&f, "views"), "k", "then");
    CHECK_INT(files_in(f.path, ".old") + files_in(f.path, ".new"), 0);
    CHECK_INT(wg_env_discard(IN(&f, "views"), &err), WG_OK);
    CHECK_INT(wg_env_discard(IN(&f, "views"), &err), WG_OK); /* nothing there: fine */
    CHECK_INT(wg_env_restore(IN(&f, "none"), IN(&f, "views"), &err), WG_ENOENT);
    CHECK_INT(size_of(IN(&f, "views")), -1);
    folder_drop(&f);
}

TEST(after_a_stop_between_the_two_renames_of_a_copy_the_old_one_still_serves)
{
    struct folder f;
    unsigned t;
    given_copied(&f, "good", "later");
    CHECK_INT(rename(IN(&f, "copy"), IN(&f, "copy.old")),
              0); /* the first rename was done, the second was not */
    CHECK_INT(mkdir(IN(&f, "copy.new"), 0700), 0);
    put_bytes(IN(&f, "copy.new/data.mdb"), "half a copy", 11);
    CHECK_INT(wg_env_restore(IN(&f, "copy"), IN(&f, "views"), &err), WG_OK);
    check_one(IN(&f, "views"), "k", "good");
    struct wg_env *env = env_at(IN(&f, "views"), false, &t); /* and the next copy goes well */
    put_one(env, t, "k", "next");
    CHECK_INT(wg_env_copy(env, IN(&f, "copy"), &err), WG_OK);
    wg_env_close(env);
    CHECK_INT(wg_env_restore(IN(&f, "copy"), IN(&f, "views"), &err), WG_OK);
    check_one(IN(&f, "views"), "k", "next");
    folder_drop(&f);
}

TEST(after_a_stop_between_the_two_renames_of_a_restore_the_views_are_not_trusted)
{
    struct folder f;
    given_copied(&f, "good", "later");
    CHECK_INT(rename(IN(&f, "views"), IN(&f, "views.old")), 0);
    CHECK(!wg_env_trusted(IN(&f, "views")));
    CHECK_INT(wg_env_restore(IN(&f, "copy"), IN(&f, "views"), &err), WG_OK);
    check_one(IN(&f, "views"), "k", "good");
    CHECK_INT(files_in(f.path, ".old"), 0);
    folder_drop(&f);
}

RUN_ALL("store_env")
