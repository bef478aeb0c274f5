/* The journal after a stop in the middle of its last write, at each byte of it; and with many
 * threads. */
#include "store_given.h"

#include <pthread.h>
#include <stdatomic.h>

#define FRAME_1 147u /* bytes of a frame with one entry of 100 x */

/* Entry 1 in a frame of its own, acknowledged; entries 2 and 3 in the last frame. */
static struct wg_buf given_image(struct folder *f)
{
    *f = folder_new();
    struct wg_journal *j = journal_at(f->path);
    append(j, 1, 100);
    append(j, 2, 20);
    check_all(j, 3);
    journal_close(j);
    return bytes_of(IN(f, first_segment));
}

static size_t end_of(const struct wg_buf *image)
{
    size_t n = image->n;
    while (n > 0 && image->p[n - 1] == 0)
        n--;
    return n;
}

/* The file is torn. Whoever knows an entry of its last frame is not told that all is well, and
 * nothing is changed; else it is cut, and the journal goes on as if that frame had never been. */
static void check_torn(struct folder *f, uint64_t kept)
{
    struct wg_journal *j = NULL;
    struct wg_buf torn = bytes_of(IN(f, first_segment));
    for (uint64_t known = kept + 1; known < kept + 4; known++)
        CHECK_INT(try_open(f->path, known, &j), WG_ECORRUPT);
    CHECK(strstr(err.text, "is missing, and") != NULL);
    struct wg_buf after = bytes_of(IN(f, first_segment));
    CHECK(wg_str_eq(wg_buf_str(&torn), wg_buf_str(&after)));
    CHECK_INT(try_open(f->path, kept, &j), WG_OK);
    check_all(j, kept);
    append(j, 1, 30);
    append(j, 1, 30);
    journal_close(j);
    j = journal_at(f->path);
    check_all(j, kept + 2);
    journal_close(j);
    wg_buf_free(&torn);
    wg_buf_free(&after);
}

static void put_image(struct folder *f, const char *p, size_t n)
{
    folder_drop(f);
    CHECK_INT(mkdir(f->path, 0700), 0);
    put_bytes(IN(f, first_segment), p, n);
}

TEST(a_last_frame_of_which_only_the_front_was_written_is_cut_at_each_byte)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    size_t end = end_of(&image);
    CHECK(end > FRAME_1 + 32);
    char *part = calloc(1, image.n);
    for (size_t cut = FRAME_1; cut < end; cut++) {
        memset(part, 0, image.n);
        memcpy(part, image.p, cut);
        put_image(&f, part, image.n);
        check_torn(&f, 1);
    }
    free(part);
    wg_buf_free(&image);
    folder_drop(&f);
}

TEST(a_last_frame_of_which_only_the_back_was_written_is_cut_at_each_byte)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    size_t end = end_of(&image);
    char *part = malloc(image.n);
    for (size_t from = FRAME_1 + 1; from <= end; from++) {
        memcpy(part, image.p, image.n);
        memset(part + FRAME_1, 0, from - FRAME_1);
        put_image(&f, part, image.n);
        check_torn(&f, 1);
    }
    free(part);
    wg_buf_free(&image);
    folder_drop(&f);
}

TEST(a_file_that_ends_in_its_last_frame_is_cut_at_each_byte)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    size_t end = end_of(&image);
    for (size_t cut = 0; cut < end; cut++) {
        put_image(&f, image.p, cut);
        check_torn(&f, cut < FRAME_1 ? 0 : 1);
    }
    wg_buf_free(&image);
    folder_drop(&f);
}

TEST(a_flipped_bit_in_the_last_frame_counts_as_torn_unless_it_is_known)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    size_t end = end_of(&image);
    for (size_t at = FRAME_1; at < end; at++) {
        put_image(&f, image.p, image.n);
        flip_bit(IN(&f, first_segment), at, at % 8);
        check_torn(&f, 1);
    }
    wg_buf_free(&image);
    folder_drop(&f);
}

TEST(what_lies_behind_the_last_frame_is_wiped)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    size_t end = end_of(&image);
    struct wg_journal *j;
    for (size_t gap = 0; gap < 400; gap += 7) {
        memcpy(image.p + end + gap, "{\"n\":4,\"x\":\"old", 15);
        put_image(&f, image.p, image.n);
        CHECK_INT(try_open(f.path, 3, &j), WG_OK);
        check_all(j, 3);
        journal_close(j);
        memset(image.p + end + gap, 0, 15);
        struct wg_buf after = bytes_of(IN(&f, first_segment));
        CHECK(wg_str_eq(wg_buf_str(&image), wg_buf_str(&after)));
        wg_buf_free(&after);
    }
    wg_buf_free(&image);
    folder_drop(&f);
}

TEST(a_reader_beside_a_stopped_server_changes_nothing)
{
    struct folder f;
    struct wg_buf image = given_image(&f);
    struct wg_journal_opts opts = {.read_only = true};
    struct wg_journal *j;
    put_image(&f, image.p, end_of(&image) - 5);
    put_bytes(IN(&f, "next.wgj"), "short", 5);
    CHECK_INT(wg_journal_open(f.path, &opts, &j, &err), WG_OK);
    check_all(j, 1);
    CHECK_INT(try_append(j, 1, 10), WG_EUNKNOWN);
    journal_close(j);
    struct wg_buf after = bytes_of(IN(&f, first_segment));
    CHECK(wg_str_eq(wg_buf_str(&after), (struct wg_str){image.p, end_of(&image) - 5}));
    CHECK_INT(size_of(IN(&f, "next.wgj")), 5);
    CHECK_INT(files_in(f.path, ""), 2);
    CHECK_INT(wg_journal_open(IN(&f, "none"), &opts, &j, &err), WG_EIO);
    CHECK_INT(size_of(IN(&f, "none")), -1);
    wg_buf_free(&after);
    wg_buf_free(&image);
    folder_drop(&f);
}

/* ---- threads ---- */

struct crowd {
    struct wg_journal *j;
    atomic_bool stop;
    atomic_int wrong;
};

static void *read_on(void *arg)
{
    struct crowd *c = arg;
    struct wg_buf b = WG_BUF_INIT;
    while (!atomic_load(&c->stop)) {
        uint64_t last = c->j->ops->last(c->j);
        struct seen s = {0};
        int rc = c->j->ops->scan(c->j, 1, see, &s, NULL);
        if (rc != WG_OK || s.wrong || s.next < last + (last > 0))
            atomic_fetch_add(&c->wrong, 1);
        if (last && wg_journal_get(c->j, last / 2 + 1, &b, NULL) != WG_OK)
            atomic_fetch_add(&c->wrong, 1);
    }
    wg_buf_free(&b);
    return NULL;
}

TEST(scans_beside_an_append_see_whole_entries_and_no_gap)
{
    struct folder f = folder_new();
    struct crowd c = {.j = journal_at(f.path)};
    pthread_t reader[3];
    append(c.j, 20, 700);
    journal_close(c.j);
    c.j = journal_at(f.path); /* so that the earlier segments are indexed by the readers */
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&reader[i], NULL, read_on, &c), 0);
    for (size_t i = 0; i < 400; i++)
        append(c.j, 1 + i % 7, i % 200);
    atomic_store(&c.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(reader[i], NULL);
    CHECK_INT(atomic_load(&c.wrong), 0);
    journal_close(c.j);
    folder_drop(&f);
}

RUN_ALL("store_tear")
