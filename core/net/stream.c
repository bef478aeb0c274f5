#include "net/net_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct wg_stream *wg_stream_open(struct wg_req *req, const char *type,
                                 const struct wg_stream_cb *cb, void *arg)
{
    struct wg_stream *s = calloc(1, sizeof(*s));
    if (!reply_begin(req)) {
        free(s);
        return NULL;
    }
    if (!s || !reply_head(req, 200, type, -1, NULL)) {
        req->finished = true;
        conn_abort(req->conn);
        free(s);
        return NULL;
    }
    s->req = req;
    s->http = req->http;
    s->cb = *cb;
    s->arg = arg;
    s->chunked = !req->http10;
    req->stream = s;
    if (req->is_head || req->http->draining)
        wg_stream_end(s); /* `closed` comes later, never from within this call */
    else
        conn_pump(req->conn);
    return s;
}

static size_t stream_waiting(const struct wg_stream *s)
{
    struct wg_req *req = s->req;
    return req->conn->first == req ? conn_waiting(req->conn) : req->hold.bytes;
}

size_t wg_stream_write(struct wg_stream *s, struct wg_str bytes)
{
    struct wg_req *req = s->req;
    char size[24];
    if (!req || req->gone || s->ended)
        return 0;
    struct chain *to = req_out(req);
    bool ok = true;
    if (bytes.n && s->chunked) {
        int n = snprintf(size, sizeof(size), "%zx\r\n", bytes.n);
        ok = net_chain_copy(req->http, to, size, (size_t)n);
    }
    ok = ok && net_chain_copy(req->http, to, bytes.p, bytes.n);
    if (ok && bytes.n && s->chunked)
        ok = net_chain_copy(req->http, to, "\r\n", 2);
    if (!ok) {
        conn_abort(req->conn); /* half a chunk: there is no going on from here */
        return 0;
    }
    conn_pump(req->conn);
    if (req->gone)
        return 0;
    size_t waiting = stream_waiting(s);
    s->thirsty |= waiting > 0;
    return waiting;
}

void wg_stream_end(struct wg_stream *s)
{
    struct wg_req *req = s->req;
    if (s->ended)
        return;
    s->ended = true;
    if (!req || req->gone)
        return; /* conn_closed tells */
    req->stream = NULL;
    s->req = NULL;
    net_stream_finished(s);
    if (s->chunked && !req->is_head && !net_chain_copy(req->http, req_out(req), "0\r\n\r\n", 5)) {
        req->finished = true;
        conn_abort(req->conn);
        return;
    }
    reply_finish(req);
}

/* `closed` frees things of the caller's, so it never runs inside a call of the caller's. */
void net_stream_finished(struct wg_stream *s)
{
    s->next = s->http->to_tell;
    s->http->to_tell = s;
    uv_timer_start(&s->http->later, net_streams_tell, 0, 0);
}

void net_streams_tell(uv_timer_t *timer)
{
    struct wg_http *http = timer->data;
    while (http->to_tell) {
        struct wg_stream *s = http->to_tell;
        http->to_tell = s->next;
        net_stream_gone(s);
    }
    net_http_conn_gone(http);
}

void net_stream_gone(struct wg_stream *s)
{
    s->req = NULL;
    if (s->cb.closed)
        s->cb.closed(s, s->arg);
    free(s);
}

void net_stream_more(struct wg_req *req)
{
    struct wg_stream *s = req->stream;
    if (!s->thirsty || req->conn->out.bytes > 0)
        return;
    s->thirsty = false;
    if (s->cb.drained)
        s->cb.drained(s, s->arg);
}
