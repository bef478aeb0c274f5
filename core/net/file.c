#include "net/net_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (256u * 1024)

/* A file on its way to a client: one piece is read on the pool while the one before goes out. */
struct file {
    struct wg_req *req;
    uv_fs_t fs;
    int fd;
    uint64_t end, at;
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
    else if (f->at == f->end)
        reply_finish(req);
    else
        conn_pump(req->conn);
}

void net_file_more(struct wg_req *req)
{
    struct file *f = req->file;
    if (f->reading || req->finished || req->gone || req->conn->out.bytes > READ_SIZE)
        return;
    uint64_t left = f->end - f->at;
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

/* ---- which part of it ---- */

/* Is the tag, as it stands in our ETag, in a list of them? "*" is any. */
static bool has_tag(struct wg_str list, struct wg_str etag)
{
    const char *at = etag.n && list.n ? memmem(list.p, list.n, etag.p, etag.n) : NULL;
    return wg_str_is(list, "*") || (at && at > list.p && at[-1] == '"' &&
                                    at + etag.n < list.p + list.n && at[etag.n] == '"');
}

struct piece {
    int status; /* 200: all of it */
    uint64_t from, end;
};

/* "bytes=0-99", "bytes=100-", "bytes=-100". More than one piece, or what is no range, gives all:
 * so says RFC 9110, 14.2. */
static struct piece piece_of(struct wg_str range, uint64_t size)
{
    struct piece all = {200, 0, size};
    int64_t from = -1, to = -1;
    if (range.n < 8 || strncasecmp(range.p, "bytes=", 6) != 0 || memchr(range.p, ',', range.n))
        return all;
    const char *p = range.p + 6, *end = range.p + range.n,
               *dash = memchr(p, '-', (size_t)(end - p));
    if (!dash || end - p < 2)
        return all;
    struct wg_str a = {p, (size_t)(dash - p)}, b = {dash + 1, (size_t)(end - dash - 1)};
    if ((a.n && (wg_str_int(a, &from) < 0 || from < 0)) ||
        (b.n && (wg_str_int(b, &to) < 0 || to < 0)) || (a.n && b.n && to < from))
        return all;
    if (a.n ? (uint64_t)from >= size : to == 0 || size == 0)
        return (struct piece){416, 0, 0};
    if (!a.n)
        return (struct piece){206, (uint64_t)to < size ? size - (uint64_t)to : 0, size};
    return (struct piece){206, (uint64_t)from,
                          b.n && (uint64_t)to < size ? (uint64_t)to + 1 : size};
}

static struct piece wanted(struct wg_req *req, struct wg_str etag, uint64_t size)
{
    struct wg_str range = wg_req_header(req, "range"), only = wg_req_header(req, "if-range");
    if (has_tag(wg_req_header(req, "if-none-match"), etag))
        return (struct piece){304, 0, 0};
    if (!range.n || req->is_head || (only.n && !has_tag(only, etag)))
        return (struct piece){200, 0, size};
    return piece_of(range, size);
}

static void say_piece(struct wg_req *req, const struct piece *part, struct wg_str etag,
                      uint64_t size)
{
    char text[96];
    if (etag.n && etag.n < sizeof(text) - 3) {
        snprintf(text, sizeof(text), "\"%.*s\"", WG_PRI(etag));
        wg_reply_header(req, "ETag", wg_str_of(text));
    }
    wg_reply_header(req, "Accept-Ranges", WG_S("bytes"));
    if (part->status == 206)
        snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)part->from,
                 (unsigned long long)part->end - 1, (unsigned long long)size);
    else
        snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)size);
    if (part->status == 206 || part->status == 416)
        wg_reply_header(req, "Content-Range", wg_str_of(text));
}

void wg_reply_file(struct wg_req *req, const char *type, struct wg_str etag, int fd)
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
    struct piece part = wanted(req, etag, (uint64_t)st.st_size);
    if (part.status == 416)
        wg_buf_clear(
            &req->extra); /* what the handler said of the file is not true of the problem */
    *f = (struct file){.req = req, .fd = fd, .at = part.from, .end = part.end};
    say_piece(req, &part, etag, (uint64_t)st.st_size);
    if (part.status == 304 || part.status == 416) {
        net_file_free(f);
        if (part.status == 304)
            wg_reply_empty(req, 304);
        else
            wg_reply_problem(req, 416, "The file has no such part.");
        return;
    }
    if (!reply_begin(req)) {
        net_file_free(f);
        return;
    }
    req->file = f; /* closed with the request */
    if (!reply_head(req, part.status, type, (int64_t)(f->end - f->at), NULL))
        return;
    if (req->is_head || f->at == f->end)
        reply_finish(req);
    else
        conn_pump(req->conn); /* which begins to read once it is this answer's turn */
}
