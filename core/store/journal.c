/* The journal in files: dir/<first n, 20 digits>.wgj, and dir/next.wgj, the segment made ahead. */
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_BYTES (1u << 20)
#define FULL_BYTES (32u << 20)

struct files {
    struct wg_journal base;
    char dir[1024];
    size_t full_bytes;
    struct wg_buf frame; /* the appender's, kept between batches */
    bool broken;         /* the appender's: an append failed, the outcome is open */
    bool read_only;
    atomic_uint_least64_t last_n;
    pthread_mutex_t lock; /* guards segments (the list, and marks of each) and the maker's fields */
    struct segment **segments;
    size_t count;
    pthread_cond_t wake; /* the maker: a thread that zero-fills the next segment */
    pthread_t maker;
    bool has_maker, stop;
    atomic_bool hurry; /* somebody waits for the maker */
    size_t want, made; /* bytes of the next segment asked for; of the one that lies ready */
};

static int io_fail(struct wg_err *err, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? WG_ENOSPC : WG_EIO;
    return wg_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

static struct files *files_of(struct wg_journal *j)
{
    return (struct files *)j;
}

/* ---- making the next segment ahead ---- */

static void next_path(const struct files *f, char out[1200])
{
    snprintf(out, 1200, "%s/next.wgj", f->dir);
}

static void *maker_run(void *arg)
{
    struct files *f = arg;
    char path[1200];
    next_path(f, path);
    pthread_mutex_lock(&f->lock);
    while (!f->stop) {
        if (!f->want) {
            pthread_cond_wait(&f->wake, &f->lock);
            continue;
        }
        size_t size = f->want;
        struct wg_err err;
        pthread_mutex_unlock(&f->lock);
        int rc = segment_make(path, size, &f->hurry, &err);
        pthread_mutex_lock(&f->lock);
        /* A failure is no matter yet: the appender makes it itself when it needs it, and says 507
         * then. */
        f->made = rc == WG_OK ? size : 0;
        f->want = 0;
        pthread_cond_broadcast(&f->wake);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static size_t next_size(const struct files *f, const struct segment *cur)
{
    size_t size = cur ? 2 * cur->size : FIRST_BYTES;
    return size > f->full_bytes ? f->full_bytes : size;
}

/* ---- the list of segments ---- */

static int add_segment(struct files *f, struct segment *s, struct wg_err *err)
{
    pthread_mutex_lock(&f->lock);
    struct segment **list = realloc(f->segments, (f->count + 1) * sizeof(*list));
    if (list) {
        f->segments = list;
        list[f->count++] = s;
    }
    pthread_mutex_unlock(&f->lock);
    return list ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for a segment");
}

/* Take the segment made ahead, or make one now, as the next to append to. */
static int roll(struct files *f, size_t need, struct wg_err *err)
{
    char ahead[1200], path[1200];
    struct segment *s = NULL, *cur = f->count ? f->segments[f->count - 1] : NULL;
    size_t size = next_size(f, cur);
    uint64_t first_n = atomic_load(&f->last_n) + 1;
    int rc = WG_OK;

    if (size < need)
        size = need;
    next_path(f, ahead);
    snprintf(path, sizeof(path), "%s/%020llu.wgj", f->dir, (unsigned long long)first_n);
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->hurry, true);
    while (f->want) /* the maker is at it */
        pthread_cond_wait(&f->wake, &f->lock);
    atomic_store(&f->hurry, false);
    bool ready = f->made >= need && f->made > 0;
    f->made = 0;
    pthread_mutex_unlock(&f->lock);
    if (!ready && (rc = segment_make(ahead, size, NULL, err)) < 0)
        return rc;
    if (rename(ahead, path) < 0)
        return io_fail(err, "rename to", path);
    if ((rc = wg_dir_sync(f->dir, err)) < 0)
        return rc;
    if ((rc = segment_open(path, first_n, true, &s, err)) < 0)
        return rc;
    s->indexed = true;
    if ((rc = add_segment(f, s, err)) < 0)
        segment_close(s);
    return rc;
}

static int files_ready(struct wg_journal *j, size_t bytes, struct wg_err *err)
{
    struct files *f = files_of(j);
    struct segment *cur = f->count ? f->segments[f->count - 1] : NULL;
    size_t need = bytes + FRAME_HEAD;

    if (f->broken || f->read_only)
        return wg_fail(err, WG_EUNKNOWN, "the journal in %s takes no more until it is opened again",
                       f->dir);
    if (cur && cur->end + need <= cur->size)
        return WG_OK;
    return roll(f, need, err);
}

/* ---- append ---- */

static int write_frame(struct files *f, struct segment *s, struct wg_err *err)
{
    size_t done = 0;
    while (done < f->frame.n) {
        ssize_t k = pwrite(s->fd, f->frame.p + done, f->frame.n - done, (off_t)(s->end + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return io_fail(err, "write", s->path);
        done += (size_t)k;
    }
    if (fdatasync(s->fd) < 0)
        return io_fail(err, "sync", s->path);
    return WG_OK;
}

static int files_append(struct wg_journal *j, uint64_t first_n, const struct wg_str *entries,
                        size_t count, struct wg_err *err)
{
    struct files *f = files_of(j);
    struct frame head = {.count = (uint32_t)count, .first_n = first_n};
    int rc;

    wg_require(count > 0 && first_n == atomic_load(&f->last_n) + 1);
    wg_buf_clear(&f->frame);
    if (wg_buf_room(&f->frame, FRAME_HEAD))
        f->frame.n = FRAME_HEAD;
    for (size_t i = 0; i < count; i++) {
        wg_buf_str_add(&f->frame, entries[i]);
        wg_buf_char(&f->frame, '\n');
    }
    head.len = (uint32_t)(f->frame.n - FRAME_HEAD);
    if (!wg_buf_ok(&f->frame))
        return wg_fail(err, WG_ENOMEM, "no memory for a batch of %zu entries", count);
    if ((rc = files_ready(j, head.len, err)) < 0)
        return rc;
    frame_write(&f->frame, &head);
    struct segment *s = f->segments[f->count - 1];
    if ((rc = write_frame(f, s, err)) < 0) {
        f->broken = true;
        return wg_fail(err, WG_EUNKNOWN, "%s", err ? err->text : "append failed");
    }
    pthread_mutex_lock(&f->lock);
    segment_mark(s, first_n, s->end);
    s->end += f->frame.n;
    atomic_store(&f->last_n, first_n + count - 1);
    if (!f->made && !f->want && s->end > s->size / 2) {
        f->want = next_size(f, s);
        pthread_cond_broadcast(&f->wake);
    }
    pthread_mutex_unlock(&f->lock);
    return WG_OK;
}

/* ---- scan ---- */

/* Hop over a segment's heads once, to know where its frames are. */
static void index_segment(struct files *f, struct segment *s)
{
    struct frame head;
    size_t at = 0;
    int rc = WG_OK;
    pthread_mutex_lock(&f->lock);
    while (!s->indexed && (rc = segment_head(s, at, &head)) == WG_OK) {
        segment_mark(s, head.first_n, at);
        at += FRAME_HEAD + head.len;
    }
    if (!s->indexed && (rc == WG_ENOENT || rc == WG_ECORRUPT)) {
        s->end = rc == WG_ENOENT
                     ? at
                     : s->size; /* what is broken is met again, and named, by the scan */
        s->indexed = true;
    }
    pthread_mutex_unlock(&f->lock);
}

struct scan {
    struct files *f;
    uint64_t next, last;
    wg_scan_fn fn;
    void *arg;
    struct wg_buf buf;
    bool stopped;
};

static int scan_frame(struct scan *sc, const struct segment *s, size_t at, const struct frame *head,
                      struct wg_err *err)
{
    const char *p = sc->buf.p + FRAME_HEAD, *end = p + head->len;
    uint64_t n = head->first_n;
    if (n > sc->next)
        return wg_fail(err, WG_ECORRUPT, "%s at %zu: entry %llu follows, %llu is missing", s->path,
                       at, (unsigned long long)n, (unsigned long long)sc->next);
    for (; p < end && !sc->stopped; n++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            return wg_fail(err, WG_ECORRUPT, "%s at %zu: an entry without its end", s->path, at);
        if (n >= sc->next && n <= sc->last) {
            int rc = sc->fn(sc->arg, n, (struct wg_str){p, (size_t)(nl - p)});
            if (rc < 0)
                return rc;
            sc->stopped = rc > 0;
            sc->next = n + 1;
        }
        p = nl + 1;
    }
    if (!sc->stopped && n != head->first_n + head->count)
        return wg_fail(err, WG_ECORRUPT, "%s at %zu: %u entries announced, %llu found", s->path, at,
                       head->count, (unsigned long long)(n - head->first_n));
    return WG_OK;
}

static int scan_segment(struct scan *sc, struct segment *s, struct wg_err *err)
{
    struct frame head;
    index_segment(sc->f, s);
    pthread_mutex_lock(&sc->f->lock);
    size_t at = segment_find(s, sc->next);
    pthread_mutex_unlock(&sc->f->lock);
    while (!sc->stopped && sc->next <= sc->last && at < atomic_load(&s->end)) {
        int rc = segment_head(s, at, &head);
        bool wanted = rc == WG_OK && head.first_n + head.count > sc->next;
        if (wanted)
            rc = segment_frame(s, at, &sc->buf, &head);
        if (rc == WG_ENOMEM)
            return wg_fail(err, rc, "no memory to read %s", s->path);
        if (rc < 0)
            return wg_fail(err, WG_ECORRUPT, "%s at %zu: no whole frame where entry %llu should be",
                           s->path, at, (unsigned long long)sc->next);
        if (wanted && (rc = scan_frame(sc, s, at, &head, err)) < 0)
            return rc;
        at += FRAME_HEAD + head.len;
    }
    return WG_OK;
}

static int files_scan(struct wg_journal *j, uint64_t from_n, wg_scan_fn fn, void *arg,
                      struct wg_err *err)
{
    struct files *f = files_of(j);
    struct scan sc = {
        .f = f, .next = from_n ? from_n : 1, .last = atomic_load(&f->last_n), .fn = fn, .arg = arg};
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && !sc.stopped && sc.next <= sc.last; i++) {
        pthread_mutex_lock(&f->lock);
        struct segment *s = i < f->count ? f->segments[i] : NULL;
        uint64_t until = i + 1 < f->count ? f->segments[i + 1]->first_n : UINT64_MAX;
        pthread_mutex_unlock(&f->lock);
        if (!s) {
            rc = wg_fail(err, WG_ECORRUPT, "%s: entry %llu is missing", f->dir,
                         (unsigned long long)sc.next);
        } else if (sc.next < until) {
            rc = scan_segment(&sc, s, err);
            if (rc == WG_OK && !sc.stopped && sc.next < until && sc.next <= sc.last)
                rc = wg_fail(err, WG_ECORRUPT, "%s: entry %llu is missing", s->path,
                             (unsigned long long)sc.next);
        }
    }
    wg_buf_free(&sc.buf);
    return rc;
}

static uint64_t files_last(struct wg_journal *j)
{
    return atomic_load(&files_of(j)->last_n);
}

static void files_close(struct wg_journal *j)
{
    struct files *f = files_of(j);
    if (!j)
        return;
    if (f->has_maker) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        atomic_store(&f->hurry, true);
        pthread_cond_broadcast(&f->wake);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->maker, NULL);
    }
    for (size_t i = 0; i < f->count; i++)
        segment_close(f->segments[i]);
    free(f->segments);
    wg_buf_free(&f->frame);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static const struct wg_journal_ops files_ops = {files_ready, files_append, files_scan, files_last,
                                                files_close};

/* ---- open ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The first entries' numbers of all segments, ascending. */
static int list_segments(const char *dir, uint64_t **out, size_t *count, struct wg_err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    *out = NULL;
    *count = 0;
    if (!d)
        return io_fail(err, "open", dir);
    while ((e = readdir(d))) {
        char *end;
        unsigned long long n = strtoull(e->d_name, &end, 10);
        if (end != e->d_name + 20 || strcmp(end, ".wgj") != 0)
            continue;
        uint64_t *list = realloc(*out, (*count + 1) * sizeof(*list));
        if (!list) {
            closedir(d);
            return wg_fail(err, WG_ENOMEM, "no memory to list %s", dir);
        }
        *out = list;
        list[(*count)++] = n;
    }
    closedir(d);
    if (*count)
        qsort(*out, *count, sizeof(**out), by_number);
    return WG_OK;
}

/* The last segment: find where its frames end; what lies behind is a tear, or the end of our trust.
 */
static int open_tail(struct files *f, struct segment *s, uint64_t known_n, struct wg_err *err)
{
    struct wg_buf buf = WG_BUF_INIT;
    struct frame head;
    size_t at = 0, last_at = 0;
    uint64_t n = s->first_n;
    bool frame = false, bytes = false;
    int rc;

    while ((rc = segment_frame(s, at, &buf, &head)) == WG_OK && head.first_n == n) {
        segment_mark(s, n, at);
        last_at = at;
        at += FRAME_HEAD + head.len;
        n += head.count;
    }
    wg_buf_free(&buf);
    if (rc == WG_EIO || rc == WG_ENOMEM)
        return wg_fail(err, rc, "%s at %zu: can't be read", s->path, at);
    s->end = at;
    s->indexed = true;
    atomic_store(&f->last_n, n - 1);
    if (rc == WG_OK)
        return wg_fail(err, WG_ECORRUPT, "%s at %zu: entry %llu follows, %llu is missing", s->path,
                       at, (unsigned long long)head.first_n, (unsigned long long)n);
    if ((rc = segment_beyond(s, at, &frame, &bytes, err)) < 0)
        return rc;
    if (frame)
        return wg_fail(err, WG_ECORRUPT, "%s at %zu: a broken frame with whole ones behind it",
                       s->path, at);
    if (known_n >= n)
        return wg_fail(err, WG_ECORRUPT,
                       "%s at %zu: entry %llu is missing, and %llu was known to be there", s->path,
                       at, (unsigned long long)n, (unsigned long long)known_n);
    if (f->read_only)
        return WG_OK;
    /* Whoever wrote the last frame may have died before its sync, or seen it fail; from now on it
     * counts. */
    if (at > 0 && (rc = segment_renew(s, last_at, err)) < 0)
        return rc;
    if (!bytes)
        return WG_OK;
    wg_log(WG_WARN, "store", "cut a torn last frame, never acknowledged", "file", s->path, "at",
           WG_NUM(at), NULL);
    return segment_wipe(s, at, err);
}

static int open_segments(struct files *f, uint64_t known_n, struct wg_err *err)
{
    uint64_t *list = NULL;
    size_t count = 0;
    int rc = list_segments(f->dir, &list, &count, err);
    for (size_t i = 0; rc == WG_OK && i < count; i++) {
        char path[1200];
        struct segment *s;
        snprintf(path, sizeof(path), "%s/%020llu.wgj", f->dir, (unsigned long long)list[i]);
        if ((rc = segment_open(path, list[i], !f->read_only && i + 1 == count, &s, err)) == WG_OK &&
            (rc = add_segment(f, s, err)) < 0)
            segment_close(s);
    }
    if (rc == WG_OK && count && list[0] != 1)
        rc = wg_fail(err, WG_ECORRUPT, "%s: the first segment begins with entry %llu, not 1",
                     f->dir, (unsigned long long)list[0]);
    if (rc == WG_OK && count)
        rc = open_tail(f, f->segments[count - 1], known_n, err);
    else if (rc == WG_OK && known_n)
        rc = wg_fail(err, WG_ECORRUPT, "%s is empty, and entry %llu was known to be there", f->dir,
                     (unsigned long long)known_n);
    free(list);
    return rc;
}

int wg_journal_open(const char *dir, const struct wg_journal_opts *opts, struct wg_journal **out,
                    struct wg_err *err)
{
    static const struct wg_journal_opts none;
    struct files *f = calloc(1, sizeof(*f));
    char ahead[1200];
    int rc = WG_OK;

    *out = NULL;
    if (!f)
        return wg_fail(err, WG_ENOMEM, "no memory for a journal");
    if (!opts)
        opts = &none;
    f->base.ops = &files_ops;
    f->read_only = opts->read_only;
    f->full_bytes = opts->segment_bytes ? opts->segment_bytes : FULL_BYTES;
    snprintf(f->dir, sizeof(f->dir), "%s", dir);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    if (!f->read_only && (rc = wg_dir_make(dir, err)) < 0)
        goto out;
    next_path(f, ahead);
    if (!f->read_only)
        unlink(ahead); /* may have been cut short while it was being filled */
    if ((rc = open_segments(f, opts->known_n, err)) < 0)
        goto out;
    if (!f->read_only && pthread_create(&f->maker, NULL, maker_run, f) != 0) {
        rc = wg_fail(err, WG_ENOMEM, "can't start the journal's thread");
        goto out;
    }
    f->has_maker = !f->read_only;
    *out = &f->base;
    f = NULL;
out:
    if (f)
        files_close(&f->base);
    return rc;
}

static int take_one(void *arg, uint64_t n, struct wg_str bytes)
{
    (void)n;
    wg_buf_clear(arg);
    wg_buf_str_add(arg, bytes);
    return wg_buf_ok(arg) ? 1 : WG_ENOMEM;
}

int wg_journal_get(struct wg_journal *j, uint64_t n, struct wg_buf *buf, struct wg_err *err)
{
    if (n == 0 || n > j->ops->last(j))
        return wg_fail(err, WG_ENOENT, "there is no entry %llu", (unsigned long long)n);
    return j->ops->scan(j, n, take_one, buf, err);
}
