#include "net/net_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITE_FROM (64u * 1024) /* collected before the pool is troubled */
#define WAIT_MAX (512u * 1024)  /* more waits for the disk: the client is not read from */

/* A body that goes to a file without a name: what has come is collected in `fill` while `fly` is
 * written. */
struct spool {
    struct wg_req *req;
    uv_fs_t fs;
    int fd;
    uint64_t size; /* written */
    struct wg_buf fill, fly;
    size_t fly_at;
    bool writing, ended, failed;
};

static int open_unnamed(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    char path[4096]; /* a file system that knows no unnamed files */
    if (snprintf(path, sizeof(path), "%s/spool-XXXXXX", dir) >= (int)sizeof(path))
        return -1;
    if ((fd = mkostemp(path, O_CLOEXEC)) >= 0)
        unlink(path);
    return fd;
}

struct spool *net_spool_open(struct wg_req *req, int *status)
{
    struct spool *s = calloc(1, sizeof(*s));
    *status = 500;
    if (!s)
        return NULL;
    s->req = req;
    if ((s->fd = open_unnamed(req->http->limits.spool_dir)) < 0) {
        *status = errno == ENOSPC || errno == EDQUOT ? 507 : 500;
        wg_log(WG_ERROR, "net", "no file for a body", "why", strerror(errno), NULL);
        free(s);
        return NULL;
    }
    return s;
}

void net_spool_free(struct spool *s)
{
    if (!s)
        return;
    close(s->fd);
    wg_buf_free(&s->fill);
    wg_buf_free(&s->fly);
    free(s);
}

bool net_spool_full(const struct wg_req *req)
{
    return req->spool && req->spool->writing && req->spool->fill.n > WAIT_MAX;
}

static void spool_fail(struct spool *s, int rc)
{
    struct wg_req *req = s->req;
    struct conn *c = req->conn;
    int status = rc == UV_ENOSPC || rc == -EDQUOT ? 507 : 500;
    wg_log(WG_ERROR, "net", "a body cannot be written", "why", uv_strerror(rc), NULL);
    if (c->cur == req) {
        conn_fail(c, status, "The body cannot be stored.");
    } else {
        c->blocked = false;
        wg_reply_problem(req, status, "The body cannot be stored.");
    }
    conn_pump(c);
}

static void on_spooled(uv_fs_t *fs);

static int spool_write(struct spool *s)
{
    if (s->fly_at == s->fly.n) {
        struct wg_buf empty = s->fly;
        s->fly = s->fill;
        s->fill = empty;
        wg_buf_clear(&s->fill);
        s->fly_at = 0;
    }
    uv_buf_t v = uv_buf_init(s->fly.p + s->fly_at, (unsigned)(s->fly.n - s->fly_at));
    s->fs.data = s;
    int rc = uv_fs_write(net_loop_uv(s->req->http->loop), &s->fs, s->fd, &v, 1, (int64_t)s->size,
                         on_spooled);
    if (rc < 0)
        return rc;
    s->writing = true;
    s->req->busy++;
    return 0;
}

static void spool_next(struct spool *s)
{
    struct wg_req *req = s->req;
    struct conn *c = req->conn;
    int rc = 0;
    if (s->failed) {
        spool_fail(s, UV_ENOMEM);
    } else if (s->fly_at < s->fly.n || s->fill.n >= WRITE_FROM || (s->ended && s->fill.n)) {
        if ((rc = spool_write(s)) < 0)
            spool_fail(s, rc);
    } else if (s->ended) {
        c->blocked = false;
        req_body_whole(req);
        conn_pump(c);
    } else {
        conn_pump(c); /* it may have been full */
    }
}

static void on_spooled(uv_fs_t *fs)
{
    struct spool *s = fs->data;
    struct wg_req *req = s->req;
    ssize_t n = fs->result;
    uv_fs_req_cleanup(fs);
    s->writing = false;
    req->busy--;
    if (!req->listed || req->gone || req->answered) {
        req_release(req); /* nobody waits for it any more */
    } else if (n <= 0) {
        spool_fail(s, n < 0 ? (int)n : UV_EIO);
    } else {
        s->size += (uint64_t)n;
        s->fly_at += (size_t)n;
        spool_next(s);
    }
}

void net_spool_add(struct wg_req *req, const char *p, size_t n)
{
    struct spool *s = req->spool;
    wg_buf_add(&s->fill, p, n);
    if (!wg_buf_ok(&s->fill) || (!s->writing && s->fill.n >= WRITE_FROM && spool_write(s) < 0))
        s->failed = true; /* told when the body is whole, or when the write in flight has ended */
}

void net_spool_end(struct wg_req *req)
{
    struct spool *s = req->spool;
    s->ended = true;
    if (!s->writing)
        spool_next(s);
}

int wg_req_spool(const struct wg_req *req, uint64_t *size)
{
    if (size)
        *size = req->spool ? req->spool->size : 0;
    return req->spool ? req->spool->fd : -1;
}
