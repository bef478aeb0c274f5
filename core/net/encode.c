#include "net/net_internal.h"

#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

#define GZIP_LEAST 1400          /* less fits one packet anyway */
#define GZIP_AT_ONCE (32 * 1024) /* a third of a millisecond or less; more goes to the pool */
#define LEVEL_AT_ONCE 3
#define LEVEL_POOL 6

/* The loop's own: setting zlib up costs more than compressing a small text. */
struct deflater {
    z_stream z;
    size_t cap;
    unsigned char out[];
};

struct gzip_job {
    struct wg_req *req;
    int status;
    const char *type;
    struct wg_buf in, out;
};

static bool has_suffix(const char *p, size_t n, const char *suffix)
{
    size_t m = strlen(suffix);
    return n >= m && memcmp(p + n - m, suffix, m) == 0;
}

bool net_gzip_fits(const char *type, size_t n)
{
    if (n < GZIP_LEAST || !type)
        return false;
    size_t t = strcspn(type, "; ");
    return strncmp(type, "text/", 5) == 0 || has_suffix(type, t, "json") ||
           has_suffix(type, t, "xml") || has_suffix(type, t, "/javascript") ||
           has_suffix(type, t, "+text");
}

/* The weight of one coding in thousandths; 1000 without q, 0 where q is malformed. */
static int weight(struct wg_str params)
{
    const char *p = params.p, *end = p + params.n;
    while (p < end && (*p == ' ' || *p == '\t' || *p == ';'))
        p++;
    if (p == end)
        return 1000;
    if (end - p < 3 || (*p | 0x20) != 'q' || p[1] != '=' || (p[2] != '0' && p[2] != '1'))
        return 0;
    int q = (p[2] - '0') * 1000;
    p += 3;
    if (p < end && *p == '.')
        p++;
    for (int unit = 100; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
        q += (*p - '0') * unit;
    return q > 1000 ? 0 : q;
}

bool net_gzip_accepted(const struct wg_req *req)
{
    int gzip = -1, any = -1;
    if (!req->accept)
        return false;
    struct wg_str s = req_header_at(req, req->accept - 1u);
    const char *p = s.p, *end = s.p + s.n;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        while (p < stop && (*p == ' ' || *p == '\t'))
            p++;
        const char *name = p;
        while (p < stop && *p != ';' && *p != ' ' && *p != '\t')
            p++;
        size_t n = (size_t)(p - name);
        int q = weight((struct wg_str){p, (size_t)(stop - p)});
        if ((n == 4 && strncasecmp(name, "gzip", 4) == 0) ||
            (n == 6 && strncasecmp(name, "x-gzip", 6) == 0))
            gzip = q;
        else if (n == 1 && *name == '*')
            any = q;
        p = stop + 1;
    }
    return (gzip >= 0 ? gzip : any) > 0;
}

#define GZIP_WINDOW (15 + 16) /* 16: gzip's header, not zlib's */

static struct deflater *deflater_of(struct wg_http *http)
{
    struct deflater *d = http->deflater;
    if (d)
        return deflateReset(&d->z) == Z_OK ? d : NULL;
    size_t cap = compressBound(GZIP_AT_ONCE) + 64;
    if (!(d = calloc(1, sizeof(*d) + cap)))
        return NULL;
    d->cap = cap;
    if (deflateInit2(&d->z, LEVEL_AT_ONCE, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        free(d);
        return NULL;
    }
    http->deflater = d;
    return d;
}

void net_gzip_done(struct wg_http *http)
{
    struct deflater *d = http->deflater;
    if (d)
        deflateEnd(&d->z);
    free(d);
}

static bool gzip_at_once(struct wg_req *req, int status, const char *type, struct wg_str in)
{
    struct deflater *d = deflater_of(req->http);
    if (!d)
        return false;
    d->z.next_in = (unsigned char *)in.p;
    d->z.avail_in = (unsigned)in.n;
    d->z.next_out = d->out;
    d->z.avail_out = (unsigned)d->cap;
    if (deflate(&d->z, Z_FINISH) != Z_STREAM_END)
        return false;
    size_t n = d->cap - d->z.avail_out;
    if (!reply_head(req, status, type, (int64_t)n, "gzip"))
        return true;
    if (!req->is_head && !net_chain_copy(req->http, req_out(req), d->out, n)) {
        req->finished = true;
        conn_abort(req->conn);
        return true;
    }
    reply_finish(req);
    return true;
}

static void gzip_work(void *arg)
{
    struct gzip_job *job = arg;
    z_stream z = {0};
    if (deflateInit2(&z, LEVEL_POOL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    size_t cap = deflateBound(&z, job->in.n);
    char *p = wg_buf_room(&job->out, cap);
    z.next_in = (unsigned char *)job->in.p;
    z.avail_in = (unsigned)job->in.n;
    z.next_out = (unsigned char *)p;
    z.avail_out = (unsigned)cap;
    if (p && deflate(&z, Z_FINISH) == Z_STREAM_END)
        job->out.n = cap - z.avail_out;
    deflateEnd(&z);
}

static void gzip_after(void *arg)
{
    struct gzip_job *job = arg;
    struct wg_req *req = job->req;
    bool packed = job->out.n > 0;
    struct wg_buf *send = packed ? &job->out : &job->in;
    req->busy--;
    if (req->gone) {
        req->finished = true;
        req_release(req);
    } else if (reply_head(req, job->status, job->type, (int64_t)send->n, packed ? "gzip" : "")) {
        bool sent = req->is_head || net_chain_own(req->http, req_out(req), send->p, send->n);
        if (!req->is_head)
            send->p = NULL;
        if (sent) {
            reply_finish(req);
        } else {
            req->finished = true;
            conn_abort(req->conn);
        }
    }
    free(job->in.p);
    free(job->out.p);
    free(job);
}

bool net_gzip_start(struct wg_req *req, int status, const char *type, struct wg_buf *body)
{
    if (body->n <= GZIP_AT_ONCE)
        return gzip_at_once(req, status, type, wg_buf_str(body));
    struct gzip_job *job = body->n < INT32_MAX ? calloc(1, sizeof(*job)) : NULL;
    if (!job)
        return false;
    job->req = req;
    job->status = status;
    job->type = wg_arena_str(req->arena, wg_str_of(type)).p;
    job->in = *body; /* before the job runs, which may be at once */
    if (!job->type || wg_pool_run(req->http->loop, gzip_work, gzip_after, job) < 0) {
        free(job);
        return false;
    }
    *body = (struct wg_buf)WG_BUF_INIT;
    req->busy++;
    return true;
}
