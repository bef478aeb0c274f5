/* The vault, blobs, folders and small files. */
#include "store_given.h"

#include <pthread.h>

static struct wg_vault *vault_at(struct folder *f)
{
    struct wg_vault *v = NULL;
    CHECK_INT(wg_vault_open(IN(f, "vault"), &v, &err), WG_OK);
    return v;
}

/* One row for entry n, committed. */
static void put_row(struct wg_vault *v, uint64_t durable_n, uint64_t n, const char *words,
                    char ref[WG_REF_TEXT + 1])
{
    CHECK_INT(wg_vault_begin(v, durable_n, &err), WG_OK);
    CHECK_INT(wg_vault_put(v, n, wg_str_of(words), ref, &err), WG_OK);
    CHECK_INT(wg_vault_commit(v, &err), WG_OK);
}

static void append_naming(struct wg_journal *j, const char *ref)
{
    char text[100];
    uint64_t n = j->ops->last(j) + 1;
    int k =
        snprintf(text, sizeof(text), "{\"n\":%llu,\"vault\":\"%s\"}", (unsigned long long)n, ref);
    CHECK_INT(j->ops->append(j, n, &(struct wg_str){text, (size_t)k}, 1, &err), WG_OK);
}

static void check_row(struct wg_vault *v, const char *ref, const char *words)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_vault_get(v, wg_str_of(ref), &b, &err), words ? WG_OK : WG_ENOENT);
    if (words)
        CHECK_STR(wg_buf_str(&b), words);
    wg_buf_free(&b);
}

TEST(words_are_kept_under_a_random_reference_until_they_are_erased)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char one[WG_REF_TEXT + 1], two[WG_REF_TEXT + 1];
    uint8_t secret[32];
    memcpy(secret, wg_vault_secret(v), 32);
    put_row(v, 0, 1, "门前积水", one);
    put_row(v, 1, 2, "门前积水", two);
    CHECK_INT(strlen(one), WG_REF_TEXT);
    CHECK(strcmp(one, two) != 0);
    wg_vault_close(v);
    v = vault_at(&f);
    check_row(v, one, "门前积水");
    CHECK_INT(wg_vault_erase(v, wg_str_of(one), &err), WG_OK);
    CHECK_INT(wg_vault_erase(v, wg_str_of(one), &err), WG_OK);
    check_row(v, one, NULL);
    check_row(v, two, "门前积水");
    check_row(v, "", NULL);
    CHECK(memcmp(secret, wg_vault_secret(v), 32) == 0); /* made once */
    wg_vault_close(v);
    folder_drop(&f);
}

TEST(the_vault_knows_the_last_entry_that_was_durable_before_its_batch)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char ref[WG_REF_TEXT + 1];
    CHECK_INT(wg_vault_known(v), 0);
    put_row(v, 41, 42, "x", ref);
    CHECK_INT(wg_vault_known(v), 41);
    wg_vault_close(v);
    v = vault_at(&f);
    CHECK_INT(wg_vault_known(v), 41);
    wg_vault_close(v);
    folder_drop(&f);
}

TEST(a_sweep_drops_rows_whose_entry_is_missing_or_names_others_and_keeps_the_named)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    char named[WG_REF_TEXT + 1], other[WG_REF_TEXT + 1], missing[WG_REF_TEXT + 1];
    for (int c = 0; c < 3; c++) {
        struct wg_vault *v = vault_at(&f);
        size_t dropped = 99;
        char *ref = c == 0 ? named : c == 1 ? other : missing;
        put_row(v, j->ops->last(j), j->ops->last(j) + 1, "words", ref);
        if (c < 2) /* a stop before the journal is written leaves no entry */
            append_naming(j, c == 0 ? ref : "AAAAAAAAAAAAAAAAAAAAAA");
        wg_vault_close(v);
        v = vault_at(&f);
        CHECK_INT(wg_vault_sweep(v, j, &dropped, &err), WG_OK);
        CHECK_INT(dropped, c == 0 ? 0 : 1);
        CHECK_INT(wg_vault_sweep(v, j, &dropped, &err), WG_OK); /* what is settled is settled */
        CHECK_INT(dropped, 0);
        check_row(v, named, "words");
        if (c > 0)
            check_row(v, ref, NULL);
        wg_vault_close(v);
    }
    journal_close(j);
    folder_drop(&f);
}

TEST(a_sweep_drops_nothing_while_an_entry_cant_be_read)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    struct wg_vault *v = vault_at(&f);
    char ref[WG_REF_TEXT + 1], path[600];
    size_t dropped;
    put_row(v, 0, 1, "words", ref);
    append_naming(j, ref);
    snprintf(path, sizeof(path), "%s/%s", IN(&f, "journal"), first_segment);
    flip_bit(path, 40, 1);
    CHECK_INT(wg_vault_sweep(v, j, &dropped, &err), WG_ECORRUPT);
    CHECK(strstr(err.text, first_segment) != NULL);
    check_row(v, ref, "words");
    flip_bit(path, 40, 1);
    CHECK_INT(wg_vault_sweep(v, j, &dropped, &err), WG_OK);
    check_row(v, ref, "words");
    wg_vault_close(v);
    journal_close(j);
    folder_drop(&f);
}

TEST(after_a_failed_append_the_next_batch_takes_the_words_away)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char lost[WG_REF_TEXT + 1], kept[WG_REF_TEXT + 1], next[WG_REF_TEXT + 1];
    put_row(v, 0, 1, "lost", lost);
    wg_vault_forget(v);
    put_row(v, 0, 1, "kept", kept);
    check_row(v, lost, NULL);
    put_row(v, 1, 2, "next", next); /* its entry is durable: kept from now on */
    check_row(v, kept, "kept");
    CHECK_INT(wg_vault_begin(v, 2, &err), WG_OK);
    CHECK_INT(wg_vault_put(v, 3, WG_S("aborted"), lost, &err), WG_OK);
    wg_vault_abort(v);
    wg_vault_abort(v); /* nothing is open: fine */
    check_row(v, lost, NULL);
    check_row(v, next, "next");
    wg_vault_close(v);
    folder_drop(&f);
}

/* ---- who called ---- */

struct ids {
    uint64_t id[8];
    size_t n;
};

static int take_id(void *arg, uint64_t id)
{
    struct ids *ids = arg;
    ids->id[ids->n++] = id;
    return WG_OK;
}

static struct ids found(struct wg_vault *v, const char *text)
{
    struct ids ids = {.n = 0};
    CHECK_INT(wg_vault_find(v, wg_str_of(text), take_id, &ids, &err), WG_OK);
    return ids;
}

static void put_caller(struct wg_vault *v, uint64_t n, const char *phone, const char *name,
                       uint64_t id, char ref[WG_REF_TEXT + 1])
{
    CHECK_INT(wg_vault_put(v, n, wg_str_of(name), ref, &err), WG_OK);
    CHECK_INT(wg_vault_mark(v, ref, WG_BY_PHONE, wg_str_of(phone), id, &err), WG_OK);
    CHECK_INT(wg_vault_mark(v, ref, WG_BY_NAME, wg_str_of(name), id, &err), WG_OK);
}

TEST(a_caller_is_found_by_phone_or_name_however_they_are_written)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char one[WG_REF_TEXT + 1], two[WG_REF_TEXT + 1];
    static const char *const same[] = {
        "13900007777",     "139-0000-7777",          "+86 139 0000 7777",
        "008613900007777", "１３９００００７７７７", "歐陽市民",
        "欧阳 市民"};
    CHECK_INT(wg_vault_begin(v, 0, &err), WG_OK);
    put_caller(v, 2, "13900007777 (家)", "欧阳市民", 12, two);
    put_caller(v, 1, "13900007777", "欧阳市民", 11, one);
    CHECK_INT(wg_vault_commit(v, &err), WG_OK);
    wg_vault_close(v);
    v = vault_at(&f);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct ids ids = found(v, same[i]);
        CHECK(ids.n == 2 && ids.id[0] == 11 && ids.id[1] == 12);
    }
    CHECK_INT(found(v, "1390000777").n, 0); /* the whole of it or nothing */
    CHECK_INT(found(v, "欧阳").n, 0);
    CHECK_INT(wg_vault_find(v, WG_S(" "), take_id, NULL, &err), WG_EINVAL);
    CHECK_INT(wg_vault_erase(v, wg_str_of(one), &err), WG_OK);
    struct ids left = found(v, "13900007777");
    CHECK(left.n == 1 && left.id[0] == 12);
    CHECK_INT(wg_vault_erase(v, wg_str_of(two), &err), WG_OK);
    CHECK_INT(found(v, "欧阳市民").n, 0);
    wg_vault_close(v);
    folder_drop(&f);
}

TEST(a_caller_of_a_report_that_never_came_to_be_is_not_found)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char ref[WG_REF_TEXT + 1], next[WG_REF_TEXT + 1];
    CHECK_INT(wg_vault_begin(v, 0, &err), WG_OK);
    put_caller(v, 1, "13900007777", "欧阳市民", 11, ref);
    CHECK_INT(wg_vault_commit(v, &err), WG_OK);
    wg_vault_forget(v);
    put_row(v, 0, 1, "next", next);
    CHECK_INT(found(v, "13900007777").n, 0);
    check_row(v, ref, NULL);
    wg_vault_close(v);
    folder_drop(&f);
}

TEST(a_phone_without_digits_and_an_empty_name_are_passed_over)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char ref[WG_REF_TEXT + 1];
    CHECK_INT(wg_vault_begin(v, 0, &err), WG_OK);
    put_caller(v, 1, "不肯说", "", 11, ref);
    CHECK_INT(wg_vault_commit(v, &err), WG_OK);
    CHECK_INT(found(v, "不肯说").n, 0);
    wg_vault_close(v);
    folder_drop(&f);
}

static void *erase_later(void *arg)
{
    void **a = arg;
    CHECK_INT(wg_vault_erase(a[0], wg_str_of(a[1]), NULL), WG_OK);
    return NULL;
}

TEST(an_erasure_waits_for_the_batch_at_hand)
{
    struct folder f = folder_new();
    struct wg_vault *v = vault_at(&f);
    char one[WG_REF_TEXT + 1], two[WG_REF_TEXT + 1];
    pthread_t eraser;
    put_row(v, 0, 1, "one", one);
    CHECK_INT(wg_vault_begin(v, 1, &err), WG_OK);
    CHECK_INT(pthread_create(&eraser, NULL, erase_later, (void *[]){v, one}), 0);
    CHECK_INT(wg_vault_put(v, 2, WG_S("two"), two, &err), WG_OK);
    CHECK_INT(wg_vault_commit(v, &err), WG_OK);
    pthread_join(eraser, NULL);
    check_row(v, one, NULL);
    check_row(v, two, "two");
    wg_vault_close(v);
    folder_drop(&f);
}

/* ---- blobs ---- */

TEST(the_same_bytes_get_the_same_name_however_they_come)
{
    struct folder f = folder_new();
    char a[WG_BLOB_NAME + 1], b[WG_BLOB_NAME + 1], want[65];
    char *big = malloc(200000);
    uint64_t size = 0;
    int fd;
    for (size_t i = 0; i < 200000; i++)
        big[i] = (char)(i * 7);
    for (size_t n = 0; n <= 200000; n = n ? n * 40 : 1) {
        wg_sha256_hex((struct wg_str){big, n}, want);
        CHECK_INT(wg_blob_put(IN(&f, "blobs"), (struct wg_str){big, n}, a, &err), WG_OK);
        CHECK_TEXT(a, want);
        put_bytes(IN(&f, "file"), big, n);
        CHECK((fd = open(IN(&f, "file"), O_RDONLY)) >= 0);
        lseek(fd, 0, SEEK_END);
        CHECK_INT(wg_blob_put_fd(IN(&f, "blobs"), fd, NULL, b, &size, &err), WG_OK);
        close(fd);
        CHECK_TEXT(b, want);
        CHECK_INT(size, n);
        CHECK_INT(wg_blob_open(IN(&f, "blobs"), wg_str_of(a), &fd, &err), WG_OK);
        CHECK_INT(lseek(fd, 0, SEEK_END), n);
        close(fd);
    }
    DIR *d = opendir(IN(&f, "blobs"));
    for (struct dirent *e; (e = readdir(d));)
        CHECK(strncmp(e->d_name, "new-", 4) != 0); /* nothing half made is left */
    closedir(d);
    free(big);
    folder_drop(&f);
}

TEST(a_name_that_is_none_opens_nothing)
{
    static const char *const names[] = {
        "",
        "abc",
        "../../etc/passwd",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
        "../c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855a",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    struct folder f = folder_new();
    int fd;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK_INT(wg_blob_open(f.path, wg_str_of(names[i]), &fd, &err), WG_ENOENT);
    folder_drop(&f);
}

/* ---- folders and small files ---- */

TEST(a_folder_is_locked_once)
{
    struct folder f = folder_new();
    int one, two;
    CHECK_INT(wg_dir_lock(f.path, &one, &err), WG_OK);
    CHECK_INT(wg_dir_lock(f.path, &two, &err), WG_EBUSY);
    CHECK(strstr(err.text, "in use by another process") != NULL);
    CHECK_INT(two, -1);
    close(one);
    CHECK_INT(wg_dir_lock(f.path, &two, &err), WG_OK);
    close(two);
    CHECK_INT(wg_dir_lock(IN(&f, "none"), &two, &err), WG_ENOENT);
    folder_drop(&f);
}

TEST(a_folder_is_made_with_its_parents_for_the_owner_alone)
{
    struct folder f = folder_new();
    struct stat st;
    CHECK_INT(wg_dir_make(IN(&f, "a/b/c"), &err), WG_OK);
    CHECK_INT(wg_dir_make(IN(&f, "a/b/c"), &err), WG_OK);
    CHECK_INT(stat(IN(&f, "a/b"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    put_bytes(IN(&f, "a/file"), "x", 1);
    CHECK(wg_dir_make(IN(&f, "a/file/d"), &err) < 0);
    CHECK_INT(wg_dir_make("", &err), WG_EINVAL);
    folder_drop(&f);
}

TEST(a_small_file_is_written_whole_and_read_up_to_a_limit)
{
    struct folder f = folder_new();
    struct wg_buf b = WG_BUF_INIT;
    struct stat st;
    CHECK_INT(wg_file_write(IN(&f, "x"), WG_S("first"), 0600, &err), WG_OK);
    CHECK_INT(wg_file_write(IN(&f, "x"), WG_S("second text"), 0600, &err), WG_OK);
    CHECK_INT(stat(IN(&f, "x"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(files_in(f.path, ""), 1); /* no temporary one is left */
    CHECK_INT(wg_file_read(IN(&f, "x"), 11, &b, &err), WG_OK);
    CHECK_STR(wg_buf_str(&b), "second text");
    CHECK_INT(b.p[b.n], 0);
    wg_buf_clear(&b);
    CHECK_INT(wg_file_read(IN(&f, "x"), 10, &b, &err), WG_ERANGE);
    CHECK_INT(wg_file_read(IN(&f, "y"), 10, &b, &err), WG_ENOENT);
    CHECK_INT(wg_file_write(IN(&f, "none/x"), WG_S("x"), 0600, &err), WG_ENOENT);
    wg_buf_free(&b);
    folder_drop(&f);
}

RUN_ALL("store_vault")
