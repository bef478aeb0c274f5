/* The journal while all goes well, and what it says of files that are not as it left them. */
#include "store_given.h"

#include <signal.h>
#include <sys/resource.h>

TEST(what_was_appended_is_read_again_over_many_segments_and_after_reopening)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    struct wg_buf b = WG_BUF_INIT;
    uint64_t last = 0;
    for (size_t i = 0; i < 200; i++) {
        append(j, 1 + i % 5, i * 37 % 300);
        last += 1 + i % 5;
    }
    for (int again = 0; again < 2; again++) {
        CHECK(files_in(f.path, ".wgj") > 10);
        check_all(j, last);
        for (uint64_t n = 1; n <= last; n += 7) {
            struct seen s = {.stop = n + 3};
            CHECK_INT(j->ops->scan(j, n, see, &s, &err), WG_OK);
            CHECK(!s.wrong && s.first == n);
            CHECK_INT(wg_journal_get(j, n, &b, &err), WG_OK);
            s = (struct seen){0};
            see(&s, n, wg_buf_str(&b));
            CHECK(!s.wrong);
        }
        CHECK_INT(wg_journal_get(j, 0, &b, &err), WG_ENOENT);
        CHECK_INT(wg_journal_get(j, last + 1, &b, &err), WG_ENOENT);
        journal_close(j);
        j = journal_at(f.path);
    }
    append(j, 1, 10);
    check_all(j, last + 1);
    journal_close(j);
    wg_buf_free(&b);
    folder_drop(&f);
}

TEST(a_few_bytes_left_at_the_end_of_a_segment_are_no_hole)
{
    for (size_t left = 0; left < 70; left++) {
        struct folder f = folder_new();
        struct wg_journal *j = journal_at(f.path);
        char text[64];
        size_t around =
            32 + entry_text(text, sizeof(text), 1, 0).n + 1; /* header, entry, line end */
        append(j, 1, SEGMENT - around - left);
        append(j, 1, 100);
        append(j, 1, 100);
        CHECK_INT(files_in(f.path, ".wgj") - files_in(f.path, "next.wgj"), 2);
        journal_close(j);
        j = journal_at(f.path);
        check_all(j, 3);
        append(j, 1, 100);
        check_all(j, 4);
        journal_close(j);
        folder_drop(&f);
    }
}

TEST(a_batch_larger_than_a_segment_gets_one_of_its_size)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    append(j, 2, 100);
    append(j, 500, 1000);
    append(j, 3, 100);
    check_all(j, 505);
    journal_close(j);
    j = journal_at(f.path);
    check_all(j, 505);
    journal_close(j);
    folder_drop(&f);
}

TEST(the_first_segment_is_a_mebibyte_and_the_next_is_twice_it)
{
    struct folder f = folder_new();
    struct wg_journal *j = NULL;
    CHECK_INT(wg_journal_open(f.path, NULL, &j, &err), WG_OK);
    append(j, 1, 10);
    CHECK_INT(size_of(IN(&f, first_segment)), 1 << 20);
    append(j, 1000, 1100);
    CHECK_INT(size_of(IN(&f, "00000000000000000002.wgj")), 2 << 20);
    journal_close(j);
    folder_drop(&f);
}

static int refuse_third(void *arg, uint64_t n, struct wg_str bytes)
{
    (void)arg;
    (void)bytes;
    return n == 3 ? WG_EBUSY : 0;
}

TEST(a_scan_gives_back_what_its_function_returned)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    struct seen s = {0};
    CHECK_INT(j->ops->scan(j, 1, see, &s, &err), WG_OK);
    CHECK_INT(s.first, 0); /* an empty journal has nothing to scan */
    append(j, 5, 10);
    CHECK_INT(j->ops->scan(j, 1, refuse_third, NULL, &err), WG_EBUSY);
    CHECK_INT(j->ops->scan(j, 6, see, &s, &err), WG_OK);
    CHECK_INT(s.first, 0);
    journal_close(j);
    folder_drop(&f);
}

/* Three segments and more: "…1.wgj" has frames at 0 and behind, all of one entry of 1000 bytes. */
static void given_segments(struct folder *f)
{
    *f = folder_new();
    struct wg_journal *j = journal_at(f->path);
    for (int i = 0; i < 12; i++)
        append(j, 1, 1000);
    journal_close(j);
}

TEST(a_flipped_bit_in_an_earlier_segment_is_named_by_the_scan_with_its_offset)
{
    struct folder f;
    struct wg_journal *j;
    struct seen s = {0};
    given_segments(&f);
    flip_bit(IN(&f, first_segment), 1500, 3);
    j = journal_at(f.path);
    CHECK_INT(j->ops->scan(j, 1, see, &s, &err), WG_ECORRUPT);
    CHECK_INT(s.next, 2); /* what is whole before it was given */
    CHECK(strstr(err.text, first_segment) != NULL);
    CHECK(strstr(err.text, " at 1047: no whole frame where entry 2 should be") != NULL);
    s = (struct seen){0};
    CHECK_INT(j->ops->scan(j, 5, see, &s, &err), WG_OK); /* and what comes after it can be read */
    CHECK_INT(s.next, 13);
    journal_close(j);
    folder_drop(&f);
}

TEST(a_broken_frame_with_whole_ones_behind_it_stops_the_open)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    for (int i = 0; i < 3; i++)
        append(j, 1, 100);
    journal_close(j);
    struct wg_buf before = bytes_of(IN(&f, first_segment));
    for (size_t at = 0; at < 2 * 147; at++) { /* each byte of the first two frames */
        put_bytes(IN(&f, first_segment), before.p, before.n);
        flip_bit(IN(&f, first_segment), at, at % 8);
        CHECK_INT(try_open(f.path, 0, &j), WG_ECORRUPT);
        CHECK(strstr(err.text, at < 147 ? ".wgj at 0: " : ".wgj at 147: ") != NULL);
    }
    wg_buf_free(&before);
    folder_drop(&f);
}

TEST(a_missing_segment_is_reported_wherever_it_was)
{
    struct folder f;
    struct wg_journal *j;
    struct seen s = {0};
    given_segments(&f);
    CHECK_INT(rename(IN(&f, "00000000000000000004.wgj"), IN(&f, "aside")), 0);
    j = journal_at(f.path);
    CHECK_INT(j->ops->scan(j, 1, see, &s, &err), WG_ECORRUPT);
    CHECK_INT(s.next, 4);
    CHECK(strstr(err.text, "entry 4 is missing") != NULL);
    journal_close(j);
    CHECK_INT(rename(IN(&f, "aside"), IN(&f, "00000000000000000004.wgj")), 0);
    CHECK_INT(unlink(IN(&f, "00000000000000000010.wgj")), 0);
    CHECK_INT(try_open(f.path, 12, &j), WG_ECORRUPT); /* the last: only views or vault know of it */
    CHECK(strstr(err.text, "entry 10 is missing, and 12 was known") != NULL);
    CHECK_INT(unlink(IN(&f, first_segment)), 0);
    CHECK_INT(try_open(f.path, 0, &j), WG_ECORRUPT);
    CHECK(strstr(err.text, "begins with entry 4, not 1") != NULL);
    folder_drop(&f);
    f = folder_new();
    CHECK_INT(try_open(f.path, 7, &j), WG_ECORRUPT);
    CHECK(strstr(err.text, "is empty, and entry 7 was known") != NULL);
    folder_drop(&f);
}

TEST(a_segment_made_ahead_that_was_cut_short_is_thrown_away)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    append(j, 1, 10);
    journal_close(j);
    put_bytes(IN(&f, "next.wgj"), "short", 5);
    j = journal_at(f.path);
    for (int i = 0; i < 50; i++)
        append(j, 1, 500);
    check_all(j, 51);
    journal_close(j);
    j = journal_at(f.path);
    check_all(j, 51);
    journal_close(j);
    folder_drop(&f);
}

TEST(a_segment_that_has_its_name_and_no_entry_yet_is_an_empty_end)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    char *zeros = calloc(1, 2 * SEGMENT);
    append(j, 2, 10);
    journal_close(j);
    put_bytes(IN(&f, "00000000000000000003.wgj"), zeros,
              2 * SEGMENT); /* a stop right after its rename */
    j = journal_at(f.path);
    check_all(j, 2);
    append(j, 1, 10);
    check_all(j, 3);
    journal_close(j);
    put_bytes(IN(&f, "00000000000000000003.wgj"), zeros, 2 * SEGMENT);
    CHECK_INT(try_open(f.path, 3, &j), WG_ECORRUPT);
    CHECK(strstr(err.text, "entry 3 is missing, and 3 was known") != NULL);
    free(zeros);
    folder_drop(&f);
}

TEST(files_of_other_names_are_left_alone)
{
    struct folder f = folder_new();
    put_bytes(IN(&f, "1.wgj"), "x", 1);
    put_bytes(IN(&f, "00000000000000000002.wgj.bak"), "x", 1);
    put_bytes(IN(&f, "notes"), "x", 1);
    struct wg_journal *j = journal_at(f.path);
    append(j, 1, 10);
    check_all(j, 1);
    journal_close(j);
    CHECK_INT(size_of(IN(&f, "1.wgj")) + size_of(IN(&f, "notes")), 2);
    folder_drop(&f);
}

/* ---- no room, and writes that fail: a limit on files' sizes stands for the disk ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &r), 0);
}

TEST(where_no_segment_can_be_made_nothing_happened_and_later_it_goes_on)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    append(j, 1, SEGMENT - 100);
    limit_files(1000);
    CHECK_INT(j->ops->ready(j, 5000, &err), WG_EIO); /* more than lies ready */
    CHECK_INT(try_append(j, 1, 5000), WG_EIO);
    limit_files(RLIM_INFINITY);
    CHECK_INT(size_of(IN(&f, "00000000000000000002.wgj")), -1);
    check_all(j, 1);
    append(j, 1, 5000);
    check_all(j, 2);
    journal_close(j);
    folder_drop(&f);
}

TEST(after_a_failed_write_the_journal_takes_no_more_until_it_is_opened_again)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(f.path);
    append(j, 1, 100);
    limit_files(200); /* in the middle of the next frame: half of it gets there */
    CHECK_INT(try_append(j, 1, 500), WG_EUNKNOWN);
    limit_files(RLIM_INFINITY);
    CHECK_INT(try_append(j, 1, 10), WG_EUNKNOWN);
    CHECK_INT(j->ops->ready(j, 1, &err), WG_EUNKNOWN);
    check_all(j, 1); /* reading goes on */
    journal_close(j);
    j = journal_at(f.path); /* the open decides: it was torn, so it did not happen */
    check_all(j, 1);
    append(j, 1, 10);
    check_all(j, 2);
    journal_close(j);
    folder_drop(&f);
}

RUN_ALL("store")
