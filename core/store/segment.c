#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536u
#define PIECE (4 * CHUNK) /* at 250 a second: 64 MB/s */
#define REST_NS (4 * 1000 * 1000)
#define MARK_BYTES 65536u
static const char magic[4] = {'W', 'G', 'J', 1};

static int io_fail(struct wg_err *err, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? WG_ENOSPC : WG_EIO;
    return wg_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

static ssize_t read_at(int fd, void *p, size_t n, size_t at)
{
    size_t got = 0;
    while (got < n) {
        ssize_t k = pread(fd, (char *)p + got, n - got, (off_t)(at + got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

/* Real zeros, not a hole: a hole would be filled at append, which changes the file's map of blocks
 * and makes fdatasync write that too. */
static int zero_fill(int fd, size_t from, size_t to)
{
    static const char zeros[CHUNK];
    while (from < to) {
        size_t n = to - from < CHUNK ? to - from : CHUNK;
        ssize_t k = pwrite(fd, zeros, n, (off_t)from);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        from += (size_t)k;
    }
    return 0;
}

/* A segment written in one go, then synced, holds up the syncs beside it for a tenth of a second:
 * that was the longest wait of all steps in a hundred. */
static int fill_gently(int fd, size_t size, const atomic_bool *hurry)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at += PIECE) {
        size_t end = size - at < PIECE ? size : at + PIECE;
        rc = zero_fill(fd, at, end);
        if (rc == 0 && !atomic_load(hurry)) {
            sync_file_range(fd, (off_t)at, (off_t)(end - at), SYNC_FILE_RANGE_WRITE);
            nanosleep(&(struct timespec){0, REST_NS}, NULL);
        }
    }
    return rc;
}

int segment_make(const char *path, size_t size, const atomic_bool *hurry, struct wg_err *err)
{
    int rc = WG_OK;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return io_fail(err, "make", path);
    if ((hurry ? fill_gently(fd, size, hurry) : zero_fill(fd, 0, size)) < 0 || fsync(fd) < 0)
        rc = io_fail(err, "zero-fill", path);
    close(fd);
    if (rc < 0)
        unlink(path); /* gives the space back, so that what it took can't stop others */
    return rc;
}

int segment_open(const char *path, uint64_t first_n, bool write, struct segment **out,
                 struct wg_err *err)
{
    struct stat st;
    struct segment *s = calloc(1, sizeof(*s));
    *out = NULL;
    if (!s)
        return wg_fail(err, WG_ENOMEM, "no memory for a segment");
    s->first_n = first_n;
    snprintf(s->path, sizeof(s->path), "%s", path);
    s->fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) < 0) {
        int rc = io_fail(err, "open", path);
        segment_close(s);
        return rc;
    }
    s->size = (size_t)st.st_size;
    *out = s;
    return WG_OK;
}

void segment_close(struct segment *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s->marks);
    free(s);
}

static uint32_t get32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v; /* little-endian, as every machine that this builds for */
}

static uint32_t frame_crc(const char *head, const char *body, size_t n)
{
    char h[FRAME_HEAD];
    memcpy(h, head, sizeof(h));
    memset(h + 8, 0, 4);
    return wg_crc32c(wg_crc32c(0, h, sizeof(h)), body, n);
}

void frame_write(struct wg_buf *buf, const struct frame *f)
{
    char *h = buf->p; /* the caller left FRAME_HEAD bytes in front of the entries */
    uint32_t crc;
    memset(h, 0, FRAME_HEAD);
    memcpy(h, magic, 4);
    memcpy(h + 4, &f->len, 4);
    memcpy(h + 12, &f->count, 4);
    memcpy(h + 16, &f->first_n, 8);
    crc = frame_crc(h, h + FRAME_HEAD, f->len);
    memcpy(h + 8, &crc, 4);
}

/* What n bytes at p say of the frame that begins there. */
static int parse_head(const struct segment *s, size_t at, const char *p, size_t n, struct frame *f)
{
    static const char zeros[FRAME_HEAD];
    /* At a segment's very end there may be less than a header left. */
    if (memcmp(p, zeros, n < FRAME_HEAD ? n : FRAME_HEAD) == 0)
        return WG_ENOENT;
    if (n < FRAME_HEAD || memcmp(p, magic, 4) != 0)
        return WG_ECORRUPT;
    f->len = get32(p + 4);
    f->crc = get32(p + 8);
    f->count = get32(p + 12);
    memcpy(&f->first_n, p + 16, 8);
    return f->len == 0 || f->count == 0 || at + FRAME_HEAD + f->len > s->size ? WG_ECORRUPT : WG_OK;
}

int segment_head(struct segment *s, size_t at, struct frame *f)
{
    char p[FRAME_HEAD];
    ssize_t got = read_at(s->fd, p, sizeof(p), at);
    return got < 0 ? WG_EIO : parse_head(s, at, p, (size_t)got, f);
}

int segment_frame(struct segment *s, size_t at, struct wg_buf *buf, struct frame *f)
{
    wg_buf_clear(buf);
    char *p = wg_buf_room(buf, CHUNK);
    if (!p)
        return WG_ENOMEM;
    /* One read gets most frames whole: they are smaller than a chunk. */
    ssize_t got = read_at(s->fd, p, CHUNK, at);
    if (got < 0)
        return WG_EIO;
    int rc = parse_head(s, at, p, (size_t)got, f);
    if (rc < 0)
        return rc;
    buf->n = (size_t)got;
    if (FRAME_HEAD + f->len > buf->n) {
        size_t more = FRAME_HEAD + f->len - buf->n;
        if (!(p = wg_buf_room(buf, more)))
            return WG_ENOMEM;
        if (read_at(s->fd, p, more, at + buf->n) != (ssize_t)more)
            return WG_ECORRUPT;
    }
    buf->n = FRAME_HEAD + f->len;
    return frame_crc(buf->p, buf->p + FRAME_HEAD, f->len) == f->crc ? WG_OK : WG_ECORRUPT;
}

void segment_mark(struct segment *s, uint64_t n, size_t at)
{
    if (s->mark_count && at - s->marks[s->mark_count - 1].at < MARK_BYTES)
        return;
    if (s->mark_count == s->mark_cap) {
        size_t cap = s->mark_cap ? 2 * s->mark_cap : 64;
        struct mark *m = realloc(s->marks, cap * sizeof(*m));
        if (!m)
            return; /* a missing mark only makes a later search longer */
        s->marks = m;
        s->mark_cap = cap;
    }
    s->marks[s->mark_count++] = (struct mark){n, at};
}

size_t segment_find(const struct segment *s, uint64_t n)
{
    size_t lo = 0, hi = s->mark_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->marks[mid].n <= n)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? s->marks[lo - 1].at : 0;
}

int segment_beyond(struct segment *s, size_t at, bool *frame, bool *bytes, struct wg_err *err)
{
    struct wg_buf buf = WG_BUF_INIT;
    struct frame f;
    char *all = NULL;
    int rc = WG_OK;

    *frame = *bytes = false;
    if (at >= s->size)
        return WG_OK;
    all = malloc(s->size - at);
    if (!all)
        return wg_fail(err, WG_ENOMEM, "no memory to read %s", s->path);
    ssize_t got = read_at(s->fd, all, s->size - at, at);
    if (got < 0) {
        rc = io_fail(err, "read", s->path);
        goto out;
    }
    for (size_t i = 0; i < (size_t)got && !*frame; i++) {
        if (all[i] == 0)
            continue;
        *bytes = true;
        if (i + FRAME_HEAD <= (size_t)got && memcmp(all + i, magic, 4) == 0)
            *frame = segment_frame(s, at + i, &buf, &f) == WG_OK;
    }
out:
    wg_buf_free(&buf);
    free(all);
    return rc;
}

int segment_renew(struct segment *s, size_t at, struct wg_err *err)
{
    struct wg_buf buf = WG_BUF_INIT;
    struct frame f;
    int rc = segment_frame(s, at, &buf, &f);
    if (rc < 0)
        rc = wg_fail(err, rc, "%s at %zu: can't be read again", s->path, at);
    else if (pwrite(s->fd, buf.p, buf.n, (off_t)at) != (ssize_t)buf.n || fdatasync(s->fd) < 0)
        rc = io_fail(err, "sync", s->path);
    wg_buf_free(&buf);
    return rc;
}

int segment_wipe(struct segment *s, size_t at, struct wg_err *err)
{
    if (zero_fill(s->fd, at, s->size) < 0 || fsync(s->fd) < 0)
        return io_fail(err, "cut", s->path);
    return WG_OK;
}
