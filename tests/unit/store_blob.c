/* Blobs: what a file is found to be, what is kept beside it, and the sweep, which takes no blob
 * that is named or is about to be. */
#include "store_given.h"

#include <pthread.h>

#define DAY WG_DAY_MS
#define JPEG "\xff\xd8\xff\xdb"

static struct wg_media media_of(const char *bytes, size_t n)
{
    struct wg_media m;
    CHECK_INT(wg_media_of((struct wg_str){bytes, n}, &m, &err), WG_OK);
    return m;
}
#define MEDIA(lit) media_of(lit, sizeof(lit) - 1)

/* ---- what it is ---- */

TEST(a_type_is_told_from_the_content_and_has_a_kind)
{
    CHECK(MEDIA(JPEG).kind == WG_PHOTO && MEDIA("#!AMR\n").kind == WG_SOUND);
    CHECK(MEDIA("\0\0\0\x14"
                "ftypqt  \0\0\0\0qt  ")
              .kind == WG_VIDEO);
    CHECK(MEDIA("a,b\n1,2\n").kind == WG_DATA && MEDIA("%PDF-1.4\n").kind == WG_ALIEN);
    CHECK_TEXT(MEDIA(JPEG).type, "image/jpeg");
    CHECK_TEXT(MEDIA("%PDF-1.4\n").type, "application/pdf");
    CHECK_TEXT(MEDIA("").type, "application/x-empty");
    CHECK_TEXT(MEDIA("\xef\xbb\xbf {\"type\":\"FeatureCollection\"").type, "application/geo+json");
}

TEST(long_text_is_known_by_its_beginning)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '[');
    for (int i = 0; i < 60000; i++)
        wg_buf_lit(&b, "1,");
    CHECK_TEXT(media_of(b.p, b.n).type, "application/json");
    wg_buf_free(&b);
    wg_buf_lit(&b, "id,name\n");
    for (int i = 0; i < 20000; i++)
        wg_buf_fmt(&b, "%d,灯\n", i);
    CHECK_TEXT(media_of(b.p, b.n).type, "text/csv");
    wg_buf_free(&b);
}

TEST(what_a_file_is_comes_back_from_its_text)
{
    struct wg_media all = {.type = "image/jpeg",
                           .kind = WG_PHOTO,
                           .size = 7,
                           .taken_ms = 1772787600000,
                           .placed = true,
                           .lon_e7 = -1185940000,
                           .lat_e7 = 300650000,
                           .camera = "小米 \"13\""},
                    some = {.type = "video/webm", .kind = WG_VIDEO, .size = 0}, back;
    const struct wg_media *const given[] = {&all, &some};
    for (size_t i = 0; i < 2; i++) {
        struct wg_buf b = WG_BUF_INIT;
        wg_media_json(given[i], &b);
        CHECK_INT(wg_media_parse(wg_buf_str(&b), &back), WG_OK);
        CHECK_TEXT(back.type, given[i]->type);
        CHECK_TEXT(back.camera, given[i]->camera);
        CHECK(back.kind == given[i]->kind && back.size == given[i]->size &&
              back.taken_ms == given[i]->taken_ms && back.placed == given[i]->placed &&
              back.lon_e7 == given[i]->lon_e7 && back.lat_e7 == given[i]->lat_e7);
        wg_buf_free(&b);
    }
    CHECK(wg_media_parse(WG_S("{\"type\":\"image/jpeg\""), &back) < 0);
    CHECK(wg_media_parse(WG_S("{\"type\":\"image/jpeg\"}"), &back) < 0);
}

/* ---- kept ---- */

static void put(struct folder *f, const char *bytes, char name[WG_BLOB_NAME + 1])
{
    struct wg_media m = media_of(bytes, strlen(bytes));
    uint64_t size;
    put_bytes(IN(f, "body"), bytes, strlen(bytes));
    int fd = open(IN(f, "body"), O_RDONLY);
    CHECK_INT(wg_blob_put_fd(IN(f, "blobs"), fd, &m, name, &size, &err), WG_OK);
    close(fd);
}

static char *path_of(char out[600], struct folder *f, const char *name, const char *suffix)
{
    snprintf(out, 600, "%s/blobs/%.2s/%s%s", f->path, name, name, suffix);
    return out;
}
#define PATH(f, name, suffix) path_of((char[600]){0}, f, name, suffix)

static bool is_there(struct folder *f, const char *name)
{
    bool blob = size_of(PATH(f, name, "")) >= 0, beside = size_of(PATH(f, name, ".json")) >= 0;
    CHECK(blob == beside);
    return blob;
}

TEST(what_it_is_is_kept_beside_a_blob_and_nobody_writes_to_either)
{
    struct folder f = folder_new();
    struct wg_media m;
    struct stat st;
    char name[WG_BLOB_NAME + 1];
    put(&f, JPEG "x", name);
    CHECK_INT(wg_blob_media(IN(&f, "blobs"), wg_str_of(name), &m, &err), WG_OK);
    CHECK(m.kind == WG_PHOTO && m.size == sizeof(JPEG));
    CHECK_INT(stat(PATH(&f, name, ""), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0400);
    CHECK_INT(stat(PATH(&f, name, ".json"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0400);
    unlink(PATH(&f, name, ".json"));
    CHECK_INT(wg_blob_media(IN(&f, "blobs"), wg_str_of(name), &m, &err), WG_ENOENT);
    put(&f, JPEG "x", name);
    CHECK(is_there(&f, name));
    unlink(PATH(&f, name, ""));
    CHECK_INT(wg_blob_media(IN(&f, "blobs"), wg_str_of(name), &m, &err), WG_ENOENT);
    CHECK_INT(wg_blob_media(IN(&f, "blobs"), WG_S("x"), &m, &err), WG_ENOENT);
    folder_drop(&f);
}

TEST(a_blob_with_other_bytes_than_its_name_says_is_found_out)
{
    struct folder f = folder_new();
    char name[WG_BLOB_NAME + 1];
    put(&f, "a,b\n1,2\n", name);
    CHECK_INT(wg_blob_check(IN(&f, "blobs"), wg_str_of(name), &err), WG_OK);
    chmod(PATH(&f, name, ""), 0600);
    flip_bit(PATH(&f, name, ""), 3, 1);
    CHECK_INT(wg_blob_check(IN(&f, "blobs"), wg_str_of(name), &err), WG_ECORRUPT);
    unlink(PATH(&f, name, ""));
    CHECK_INT(wg_blob_check(IN(&f, "blobs"), wg_str_of(name), &err), WG_ENOENT);
    folder_drop(&f);
}

/* ---- the sweep ---- */

static void age(const char *path, int64_t by_ms)
{
    int64_t t = wg_now_ms() - by_ms;
    const struct timespec both[2] = {{t / 1000, 0}, {t / 1000, 0}};
    CHECK_INT(utimensat(AT_FDCWD, path, both, 0), 0);
}

static void old_blob(struct folder *f, const char *bytes, char name[WG_BLOB_NAME + 1])
{
    put(f, bytes, name);
    age(PATH(f, name, ""), 8 * DAY);
}

static void name_it(struct wg_journal *j, const char *name)
{
    char text[200];
    snprintf(text, sizeof(text), "{\"photos\":[\"%s\"]}", name);
    struct wg_str entry = wg_str_of(text);
    CHECK_INT(j->ops->append(j, j->ops->last(j) + 1, &entry, 1, &err), WG_OK);
}

static size_t sweep(struct folder *f, struct wg_journal *j)
{
    size_t gone = 99;
    CHECK_INT(wg_blob_sweep(IN(f, "blobs"), j, wg_now_ms() - 7 * DAY, &gone, &err), WG_OK);
    return gone;
}

TEST(the_sweep_takes_what_is_old_and_nobody_named)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    char named[WG_BLOB_NAME + 1], young[WG_BLOB_NAME + 1], old[WG_BLOB_NAME + 1];
    CHECK_INT(sweep(&f, j), 0); /* nothing is there yet */
    old_blob(&f, "named,1\n", named);
    old_blob(&f, "old,1\n", old);
    put(&f, "young,1\n", young);
    put_bytes(IN(&f, "blobs/new-left"), "half", 4);
    put_bytes(IN(&f, "blobs/new-now"), "half", 4);
    age(IN(&f, "blobs/new-left"), 8 * DAY);
    append(j, 3, 100);
    name_it(j, named);
    append(j, 3, 100);
    CHECK_INT(sweep(&f, j), 1);
    CHECK(is_there(&f, named) && is_there(&f, young) && !is_there(&f, old));
    CHECK(size_of(IN(&f, "blobs/new-left")) < 0 && size_of(IN(&f, "blobs/new-now")) == 4);
    CHECK_INT(sweep(&f, j), 0);
    journal_close(j);
    folder_drop(&f);
}

TEST(many_blobs_and_names_are_told_apart)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    char name[300][WG_BLOB_NAME + 1], bytes[40];
    for (int i = 0; i < 300; i++) {
        snprintf(bytes, sizeof(bytes), "a,%d\n", i);
        old_blob(&f, bytes, name[i]);
        if (i % 3 == 0)
            name_it(j, name[i]);
    }
    CHECK_INT(sweep(&f, j), 200);
    for (int i = 0; i < 300; i++)
        CHECK(is_there(&f, name[i]) == (i % 3 == 0));
    journal_close(j);
    folder_drop(&f);
}

TEST(who_sends_the_same_again_has_it_for_another_while)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    char name[WG_BLOB_NAME + 1];
    old_blob(&f, "again,1\n", name);
    put(&f, "again,1\n", name);
    CHECK_INT(sweep(&f, j), 0);
    CHECK(is_there(&f, name));
    journal_close(j);
    folder_drop(&f);
}

/* A journal in which an entry comes to be between the first reading and the lock. */
struct late {
    struct wg_journal journal;
    char text[200];
    int asked;
};

static uint64_t late_last(struct wg_journal *j)
{
    return ((struct late *)j)->asked++ > 0;
}

static int late_scan(struct wg_journal *j, uint64_t from_n, wg_scan_fn fn, void *arg,
                     struct wg_err *e)
{
    (void)e;
    CHECK_INT(from_n, 1);
    return fn(arg, 1, wg_str_of(((struct late *)j)->text));
}

TEST(what_is_named_while_the_sweep_looks_is_kept)
{
    static const struct wg_journal_ops ops = {.last = late_last, .scan = late_scan};
    struct folder f = folder_new();
    struct late late = {.journal = {&ops}};
    char named[WG_BLOB_NAME + 1], other[WG_BLOB_NAME + 1];
    old_blob(&f, "late,1\n", named);
    old_blob(&f, "late,2\n", other);
    snprintf(late.text, sizeof(late.text), "{\"photos\":[\"%s\"]}", named);
    CHECK_INT(sweep(&f, &late.journal), 1);
    CHECK(late.asked > 1 && is_there(&f, named) && !is_there(&f, other));
    folder_drop(&f);
}

struct sweeper {
    struct folder *f;
    struct wg_journal *j;
    size_t gone;
};

static void *sweep_beside(void *arg)
{
    struct sweeper *s = arg;
    s->gone = sweep(s->f, s->j);
    return NULL;
}

TEST(the_sweep_waits_for_who_is_about_to_name_one)
{
    struct folder f = folder_new();
    struct wg_journal *j = journal_at(IN(&f, "journal"));
    struct sweeper s = {&f, j, 99};
    pthread_t thread;
    char name[WG_BLOB_NAME + 1];
    int hold;
    old_blob(&f, "held,1\n", name);
    CHECK_INT(wg_blob_hold(IN(&f, "blobs"), &hold, &err), WG_OK);
    CHECK_INT(pthread_create(&thread, NULL, sweep_beside, &s), 0);
    usleep(50000); /* by now it has found the blob, or will find the name */
    CHECK(is_there(&f, name));
    name_it(j, name);
    close(hold);
    pthread_join(thread, NULL);
    CHECK_INT(s.gone, 0);
    CHECK(is_there(&f, name));
    journal_close(j);
    folder_drop(&f);
}

RUN_ALL("store_blob")
