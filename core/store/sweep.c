/* The sweep: blobs that no entry names and that came long ago. Names are read first, without a
 * lock; then, a few blobs a time, under the lock that keeps everybody from naming or bringing any,
 * the entries that came since. What is named or brought while we look is safe either way. */
#include "blob.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOME 64 /* blobs a lock */

/* Half a digest tells names apart; a county has millions. */
struct name {
    uint64_t half[2];
};
struct names {
    struct name *slot; /* open addressing; zeros are free */
    size_t count, size;
};

static size_t place_of(const struct names *s, struct name n)
{
    size_t i = (size_t)n.half[0] & (s->size - 1);
    while ((s->slot[i].half[0] | s->slot[i].half[1]) && memcmp(&s->slot[i], &n, sizeof(n)) != 0)
        i = (i + 1) & (s->size - 1);
    return i;
}

static bool has_name(const struct names *s, struct name n)
{
    return s->size && (s->slot[place_of(s, n)].half[0] | s->slot[place_of(s, n)].half[1]);
}

static int add_name(struct names *s, struct name n)
{
    if (2 * (s->count + 1) > s->size) {
        struct names more = {.size = s->size ? 2 * s->size : 4096, .count = s->count};
        if (!(more.slot = calloc(more.size, sizeof(*more.slot))))
            return WG_ENOMEM;
        for (size_t i = 0; i < s->size; i++)
            if (s->slot[i].half[0] | s->slot[i].half[1])
                more.slot[place_of(&more, s->slot[i])] = s->slot[i];
        free(s->slot);
        *s = more;
    }
    s->count += !has_name(s, n);
    s->slot[place_of(s, n)] = n;
    return WG_OK;
}

static bool name_of(struct wg_str hex, struct name *out)
{
    uint8_t digest[32];
    if (wg_sha256_parse(hex, digest) < 0)
        return false;
    memcpy(out, digest, sizeof(*out));
    return true;
}

struct sweep {
    const char *dir;
    struct wg_journal *journal;
    int64_t before_ms;
    struct names named;
    uint64_t seen; /* the last entry that was read */
    char (*found)[WG_BLOB_NAME + 1];
    size_t count, cap, gone;
    struct wg_err *err;
};

/* ---- what is named ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Any word of 64 hex digits: whatever it stands for, better one blob too many. */
static int read_names(void *arg, uint64_t n, struct wg_str bytes)
{
    struct sweep *s = arg;
    struct name name;
    size_t from = 0;
    for (size_t i = 0; i <= bytes.n; i++) {
        if (i < bytes.n && is_hex(bytes.p[i]))
            continue;
        if (i - from == WG_BLOB_NAME && name_of((struct wg_str){bytes.p + from, i - from}, &name) &&
            add_name(&s->named, name) < 0)
            return wg_fail(s->err, WG_ENOMEM, "no memory for the names of blobs");
        from = i + 1;
    }
    s->seen = n;
    return WG_OK;
}

static int read_entries(struct sweep *s)
{
    if (s->journal->ops->last(s->journal) == s->seen)
        return WG_OK;
    return s->journal->ops->scan(s->journal, s->seen + 1, read_names, s, s->err);
}

/* ---- what is there ---- */

static bool is_old(const struct sweep *s, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 < s->before_ms;
}

static bool unnamed(const struct sweep *s, const char *name)
{
    struct name n;
    char path[BLOB_PATH];
    return name_of(wg_str_of(name), &n) && !has_name(&s->named, n) &&
           blob_path(s->dir, wg_str_of(name), "", path) == WG_OK && is_old(s, path);
}

static int find(struct sweep *s, const char *name)
{
    if (!unnamed(s, name))
        return WG_OK;
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : SOME;
        void *more = realloc(s->found, cap * sizeof(*s->found));
        if (!more)
            return wg_fail(s->err, WG_ENOMEM, "no memory to sweep blobs");
        s->found = more;
        s->cap = cap;
    }
    memcpy(s->found[s->count++], name, WG_BLOB_NAME + 1);
    return WG_OK;
}

static int look_in(struct sweep *s, const char *sub)
{
    char path[BLOB_PATH];
    struct dirent *e;
    int rc = WG_OK;
    snprintf(path, sizeof(path), "%s/%s", s->dir, sub);
    DIR *d = opendir(path);
    while (d && rc == WG_OK && (e = readdir(d)))
        rc = find(s, e->d_name);
    if (d)
        closedir(d);
    return rc;
}

/* Two hex digits are a folder of blobs; what is being written for so long never will be. */
static int look(struct sweep *s)
{
    char path[BLOB_PATH + 256];
    struct dirent *e;
    int rc = WG_OK;
    DIR *d = opendir(s->dir);
    if (!d)
        return errno == ENOENT ? WG_OK
                               : wg_fail(s->err, WG_EIO, "open %s: %s", s->dir, strerror(errno));
    while (rc == WG_OK && (e = readdir(d))) {
        if (strlen(e->d_name) == 2 && is_hex(e->d_name[0]) && is_hex(e->d_name[1]))
            rc = look_in(s, e->d_name);
        snprintf(path, sizeof(path), "%s/%s", s->dir, e->d_name);
        if (wg_str_starts(wg_str_of(e->d_name), BLOB_TEMP) && is_old(s, path))
            unlink(path);
    }
    closedir(d);
    return rc;
}

/* ---- away ---- */

static int take_some(struct sweep *s, size_t from)
{
    char path[BLOB_PATH], beside[BLOB_PATH];
    int lock, rc = blob_lock(s->dir, LOCK_EX, &lock, s->err);
    if (rc < 0)
        return rc;
    rc = read_entries(s);
    for (size_t i = from; rc == WG_OK && i < s->count && i < from + SOME; i++) {
        struct wg_str name = wg_str_of(s->found[i]);
        if (!unnamed(s, s->found[i]) || blob_path(s->dir, name, "", path) < 0 ||
            blob_path(s->dir, name, BLOB_MEDIA, beside) < 0)
            continue;
        unlink(beside); /* first: it is never there alone */
        if (unlink(path) == 0)
            s->gone++;
    }
    close(lock);
    return rc;
}

int wg_blob_sweep(const char *dir, struct wg_journal *j, int64_t before_ms, size_t *gone,
                  struct wg_err *err)
{
    struct sweep s = {.dir = dir, .journal = j, .before_ms = before_ms, .err = err};
    int rc = read_entries(&s);
    if (rc == WG_OK)
        rc = look(&s);
    for (size_t i = 0; rc == WG_OK && i < s.count; i += SOME)
        rc = take_some(&s, i);
    *gone = s.gone;
    free(s.named.slot);
    free(s.found);
    return rc;
}
