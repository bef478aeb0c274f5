/* The whole way of a request, without a socket: any bytes in any pieces, a peer that takes what we
 * send when it likes, handlers that answer at once, later, out of order, as a stream, or after
 * spooling. */
#include "net/net_internal.h"

#include <stdlib.h>

#define LATER_MAX 64

static struct wg_loop *loop;
static struct wg_http *http;
static struct wg_router *router;
static struct wg_req *later[LATER_MAX];
static size_t later_count;
static struct wg_stream *streams[LATER_MAX];
static size_t stream_count;
static uint32_t seed;

struct peer {
    size_t queued; /* of a write that has not been told as done */
    char first[9];
    size_t sent;
    bool reading, finished, closing;
};

static uint32_t roll(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* ---- the peer ---- */

static void take(struct peer *p, const uv_buf_t *v, unsigned n, size_t bytes)
{
    for (unsigned i = 0; i < n && bytes > 0; i++)
        for (size_t j = 0; j < v[i].len && bytes > 0; j++, bytes--)
            if (p->sent++ < sizeof(p->first))
                p->first[p->sent - 1] = v[i].base[j];
}

static size_t length(const uv_buf_t *v, unsigned n)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += v[i].len;
    return bytes;
}

static ssize_t peer_try_write(struct conn *c, const uv_buf_t *v, unsigned n)
{
    struct peer *p = c->test;
    size_t bytes = length(v, n);
    wg_require(p->queued == 0 && !p->finished && !p->closing);
    uint32_t mood = roll(16);
    if (mood == 0)
        return UV_EPIPE;
    if (mood < 4)
        return UV_EAGAIN;
    if (mood < 8 && bytes > 0)
        bytes = roll((uint32_t)bytes) + 1;
    take(p, v, n, bytes);
    return (ssize_t)bytes;
}

static int peer_write(struct conn *c, const uv_buf_t *v, unsigned n)
{
    struct peer *p = c->test;
    wg_require(p->queued == 0 && !p->finished && !p->closing);
    p->queued = length(v, n);
    take(p, v, n, p->queued);
    return 0;
}

static size_t peer_pending(const struct conn *c)
{
    return ((struct peer *)c->test)->queued;
}

static void peer_reading(struct conn *c, bool on)
{
    ((struct peer *)c->test)->reading = on;
}

static void peer_finish(struct conn *c)
{
    struct peer *p = c->test;
    wg_require(!p->finished && p->queued == 0);
    p->finished = true;
}

static void peer_close(struct conn *c)
{
    struct peer *p = c->test;
    wg_require(!p->closing);
    p->closing = true;
}

static const struct conn_io peer_io = {peer_try_write, peer_write,  peer_pending,
                                       peer_reading,   peer_finish, peer_close};

/* ---- handlers ---- */

static void on_echo(struct wg_req *req, void *arg)
{
    struct wg_str name, value, body = wg_req_body(req);
    size_t sum = wg_req_path(req).n + wg_req_param(req, "a").n + wg_req_header(req, "cookie").n;
    (void)arg;
    for (size_t i = 0; wg_req_query_at(req, i, &name, &value); i++)
        sum += wg_utf8_count(name) + wg_utf8_count(value);
    wg_reply_header(req, "X-Sum", wg_arena_fmt(wg_req_arena(req), "%zu", sum));
    wg_reply(req, 200, "application/octet-stream", body);
}

static void on_later(struct wg_req *req, void *arg)
{
    (void)arg;
    if (later_count < LATER_MAX)
        later[later_count++] = req;
    else
        wg_reply_problem(req, 503, "full");
}

static void on_text(struct wg_req *req, void *arg)
{
    struct wg_buf b = WG_BUF_INIT;
    size_t n = roll(3) == 0 ? 40000 : 2000;
    (void)arg;
    char *p = wg_buf_room(&b, n);
    wg_require(p != NULL);
    memset(p, 'x', n);
    b.n = n;
    wg_reply_buf(req, 200, "text/plain", &b);
}

static void on_closed(struct wg_stream *s, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < stream_count; i++)
        if (streams[i] == s)
            streams[i--] = streams[--stream_count];
}

static void on_drained(struct wg_stream *s, void *arg)
{
    (void)arg;
    wg_stream_write(s, WG_S("more"));
    if (roll(2))
        wg_stream_end(s);
}

static void on_stream(struct wg_req *req, void *arg)
{
    static const struct wg_stream_cb cb = {on_drained, on_closed};
    (void)arg;
    struct wg_stream *s = wg_stream_open(req, "text/event-stream", &cb, NULL);
    if (s && stream_count < LATER_MAX)
        streams[stream_count++] = s;
    else if (s)
        wg_stream_end(s);
}

static void on_spool(struct wg_req *req, void *arg)
{
    uint64_t size = 0;
    (void)arg;
    wg_require(wg_req_spool(req, &size) >= 0);
    wg_reply_empty(req, size > 5 ? 200 : 204);
}

static bool before(struct wg_req *req, void *arg)
{
    (void)arg;
    struct wg_str who = wg_req_header(req, "x-who");
    if (who.n == 0)
        return true;
    if (who.p[0] == 'n')
        wg_reply_problem(req, 401, "no");
    else
        on_later(req, NULL);
    return false;
}

static void answer_one(void)
{
    if (later_count == 0)
        return;
    size_t i = roll((uint32_t)later_count);
    struct wg_req *req = later[i];
    later[i] = later[--later_count];
    if (roll(2))
        wg_reply_problem(req, 409, NULL);
    else
        on_echo(req, NULL);
}

static void write_one(void)
{
    if (stream_count == 0)
        return;
    struct wg_stream *s = streams[roll((uint32_t)stream_count)];
    if (roll(4))
        wg_stream_write(s, WG_S("data: x\n\n"));
    else
        wg_stream_end(s);
}

/* ---- one run ---- */

static void set_up(void)
{
    static const struct wg_http_route routes[] = {
        {WG_METHOD_GET, "/e/{a}", on_echo, NULL, 0, 0, NULL},
        {WG_METHOD_POST, "/e/{a}", on_echo, NULL, 0, 3000, NULL},
        {WG_METHOD_GET, "/e/x", on_later, NULL, 0, 0, NULL},
        {WG_METHOD_PUT, "/l", on_later, NULL, 0, 0, NULL},
        {WG_METHOD_GET, "/t", on_text, NULL, 0, 0, NULL},
        {WG_METHOD_GET, "/s", on_stream, NULL, 0, 0, NULL},
        {WG_METHOD_POST, "/p", on_spool, NULL, WG_HTTP_SPOOL, 0, NULL},
        {WG_METHOD_GET, "/f/{a*}", on_echo, NULL, 0, 0, NULL},
        {0},
    };
    static const struct wg_http_limits limits = {
        .header_max = 2048, .body_max = 10000, .pipeline = 4};
    wg_log_level(WG_ERROR + 1);
    wg_require(wg_loop_new(&loop, NULL) == WG_OK);
    router = wg_router_new();
    for (const struct wg_http_route *r = routes; r->pattern; r++)
        wg_require(wg_router_add(router, r, NULL) == WG_OK);
    http = net_http_new(loop, router, &limits);
    http->before = before;
}

static void stir(struct conn *c, struct peer *p)
{
    switch (roll(8)) {
    case 0:
        answer_one();
        break;
    case 1:
        write_one();
        break;
    case 2:
        uv_run(net_loop_uv(loop), UV_RUN_NOWAIT);
        break;
    case 3:
        if (roll(8) == 0 && !p->closing)
            conn_sweep(c, uv_now(net_loop_uv(loop)) + roll(100000));
        break;
    default:
        break;
    }
    if (p->queued && !p->closing && roll(3) == 0) {
        p->queued = 0;
        conn_written(c, roll(20) ? 0 : UV_ECONNRESET);
    }
}

static void finish(struct conn *c, struct peer *p)
{
    uint32_t end = roll(3);
    if (!p->closing && end == 0)
        conn_drain(c);
    if (!p->closing && end < 2 && p->reading)
        conn_eof(c);
    for (int i = 0; i < 50 && !p->closing; i++)
        stir(c, p);
    if (!p->closing)
        conn_abort(c);
    if (p->queued) {
        p->queued = 0;
        conn_written(c, UV_ECANCELED);
    }
    wg_require(p->sent < 9 || memcmp(p->first, "HTTP/1.1 ", 9) == 0);
    conn_closed(c);
    while (later_count)
        answer_one();
    while (http->conns || http->to_tell)
        uv_run(net_loop_uv(loop), UV_RUN_NOWAIT); /* ONCE would sleep until the next sweep */
    wg_require(stream_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer p = {0};
    if (!loop)
        set_up();
    if (size < 2)
        return 0;
    seed = (uint32_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    struct conn *c = conn_new(http, &peer_io);
    wg_require(c != NULL);
    c->test = &p;
    conn_pump(c);
    for (int idle = 0; size > 0 && !p.closing && idle < 1000;) {
        stir(c, &p);
        if (!p.reading || p.closing) {
            idle++;
            continue;
        }
        size_t room = 0, n = roll(4) == 0 ? roll(8) + 1 : size;
        char *at = conn_room(c, &room);
        n = n < size ? n : size;
        n = n < room ? n : room;
        memcpy(at, data, n);
        data += n;
        size -= n;
        conn_input(c, n);
    }
    finish(c, &p);
    return 0;
}
