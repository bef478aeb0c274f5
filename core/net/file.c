#include "net/net_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (256u * 1024)

/* A file on its way to a client: one piece is read on the pool while the one before goes out. */
struct file {
    struct wg_req *req;
    uv_fs_t fs;
    int fd;
    uint64_t size, at;
    char *buf;
    bool reading;
};

void net_file_free(struct file *f)
{
    if (!f)
        return;
    close(f->fd);
    free(f->buf);
    free(f);
}

/* Shorter than its head said, or unreadable: only a broken connection tells the client. */
static void file_broken(struct file *f, int rc)
{
    wg_log(WG_ERROR, "net", "a file cannot be sent", "why", rc < 0 ? uv_strerror(rc) : "it shrank",
           NULL);
    f->req->finished = true;
    conn_abort(f->req->conn);
}

static void on_file_read(uv_fs_t *fs)
{
    struct file *f = fs->data;
    struct wg_req *req = f->req;
    ssize_t n = fs->result;
    char *buf = f->buf;
    uv_fs_req_cleanup(fs);
    f->reading = false;
    f->buf = NULL;
    req->busy--;
    if (req->gone || n <= 0) {
        free(buf);
        if (!req->gone)
            file_broken(f, (int)n);
        req_release(req);
        return;
    }
    f->at += (uint64_t)n;
    if (!net_chain_own(req->http, req_out(req), buf, (size_t)n))
        file_broken(f, UV_ENOMEM);
    else if (f->at == f->size)
        reply_finish(req);
    else
        conn_pump(req->conn);
}

void net_file_more(struct wg_req *req)
{
    struct file *f = req->file;
    if (f->reading || req->finished || req->gone || req->conn->out.bytes > READ_SIZE)
        return;
    uint64_t left = f->size - f->at;
    size_t n = left < READ_SIZE ? (size_t)left : READ_SIZE;
    if (!(f->buf = malloc(n))) {
        file_broken(f, UV_ENOMEM);
        return;
    }
    uv_buf_t v = uv_buf_init(f->buf, (unsigned)n);
    f->fs.data = f;
    int rc = uv_fs_read(net_loop_uv(req->http->loop), &f->fs, f->fd, &v, 1, (int64_t)f->at,
                        on_file_read);
    if (rc < 0) {
        file_broken(f, rc);
        return;
    }
    f->reading = true;
    req->busy++;
}

void wg_reply_file(struct wg_req *req, int status, const char *type, int fd)
{
    struct stat st;
    struct file *f = NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(f = calloc(1, sizeof(*f)))) {
        wg_log(WG_ERROR, "net", "a file cannot be sent", "why", f ? "no file" : strerror(errno),
               NULL);
        close(fd);
        wg_reply_problem(req, 500, "The file cannot be read.");
        return;
    }
    *f = (struct file){.req = req, .fd = fd, .size = (uint64_t)st.st_size};
    if (!reply_begin(req)) {
        net_file_free(f);
        return;
    }
    req->file = f; /* closed with the request */
    if (!reply_head(req, status, type, (int64_t)f->size, NULL))
        return;
    if (req->is_head || f->size == 0)
        reply_finish(req);
    else
        conn_pump(req->conn); /* which begins to read once it is this answer's turn */
}
