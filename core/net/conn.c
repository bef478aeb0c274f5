#include "net/net_internal.h"

#include <stdlib.h>

#define SLOWEST_BODY \
    256 /* bytes per second that a body must reach once body_ms has passed three times */

struct conn *conn_new(struct wg_http *http, const struct conn_io *io)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->io = io;
    c->http = http;
    c->mark_ms = uv_now(net_loop_uv(http->loop));
    c->next = http->conns;
    if (c->next)
        c->next->prev = c;
    http->conns = c;
    http->stats.connections++;
    http->stats.connections_total++;
    return c;
}

void conn_unref(struct conn *c)
{
    struct wg_http *http = c->http;
    if (!c->closed || c->reqs > 0)
        return;
    if (c->prev)
        c->prev->next = c->next;
    else
        http->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    if (c->user && c->user_free)
        c->user_free(c->user);
    free(c);
    net_http_conn_gone(http);
}

static bool in_head(const struct conn *c)
{
    return c->cur && !c->cur->head_done;
}

/* A fresh block, with what is still needed of the old one at its start. */
static bool block_renew(struct conn *c)
{
    uint32_t start = in_head(c) ? c->cur->base : c->pos;
    uint32_t keep = c->fill - start;
    size_t cap =
        keep + BLOCK_ROOM > BLOCK_SIZE ? c->http->limits.header_max + BLOCK_SIZE : BLOCK_SIZE;
    struct block *b = net_block_new(c->http, cap > keep + BLOCK_ROOM ? cap : keep + BLOCK_ROOM);
    if (!b)
        return false;
    if (keep)
        memcpy(b->p, c->in->p + start, keep);
    if (in_head(c)) {
        net_block_unref(c->http, c->cur->head);
        c->cur->head = b;
        c->cur->base = 0;
        b->refs++;
    }
    net_block_unref(c->http, c->in);
    c->in = b;
    c->pos -= start;
    c->fill = keep;
    return true;
}

char *conn_room(struct conn *c, size_t *n)
{
    if (c->in && c->in->refs == 1 && c->pos == c->fill && !in_head(c))
        c->pos = c->fill = 0;
    if (!c->in) {
        c->pos = c->fill = 0;
        if (!(c->in = net_block_new(c->http, BLOCK_SIZE)))
            return NULL;
    } else if (c->in->cap - c->fill < BLOCK_ROOM && !block_renew(c)) {
        return NULL;
    }
    *n = c->in->cap - c->fill;
    return c->in->p + c->fill;
}

/* Bytes that wait for the client, also of answers that wait for their turn. */
static size_t unsent(const struct conn *c)
{
    size_t bytes = c->out.bytes;
    for (const struct wg_req *req = c->first; req; req = req->next)
        bytes += req->hold.bytes;
    return bytes;
}

static bool may_parse(const struct conn *c)
{
    if (c->stop || c->dead || c->blocked)
        return false;
    if (c->cur)
        return true;
    /* One at a time of HTTP/1.0: an answer may have to end by closing the connection. */
    if (c->last && c->last->http10)
        return false;
    return c->count < c->http->limits.pipeline && unsent(c) <= UNSENT_MAX;
}

static bool may_read(const struct conn *c)
{
    if (c->eof)
        return false;
    return c->stop || (may_parse(c) && !(c->cur && net_spool_full(c->cur)));
}

/* The client sends no more. What it asked is answered; what it only began to ask is forgotten. */
static void input_ended(struct conn *c)
{
    struct wg_req *cur = c->cur;
    c->stop = true;
    c->cur = NULL;
    if (!cur)
        return;
    cur->parsed = true;
    if (!cur->given && !cur->answered)
        cur->answered = cur->finished = true;
    conn_advance(c);
}

/* All is said. Closing a socket with unread bytes resets it, and the client may lose our last
 * answer; so where it may still be sending, we only finish our side and read on for a moment (RFC
 * 9112, 9.6). */
static void conn_finish(struct conn *c)
{
    if (c->lingering)
        return;
    if (!c->linger_due || c->eof) {
        conn_abort(c);
        return;
    }
    c->lingering = true;
    c->mark_ms = uv_now(net_loop_uv(c->http->loop));
    c->io->finish(c);
}

static void conn_settle(struct conn *c)
{
    if (c->eof && !c->stop && c->pos == c->fill)
        input_ended(c);
    if (c->stop && !c->first && !c->out.bytes)
        conn_finish(c);
    if (c->dead)
        return;
    bool want = may_read(c);
    if (want != c->reading) {
        c->reading = want;
        c->io->reading(c, want);
        if (want && !in_head(c) && !c->lingering)
            c->mark_ms =
                uv_now(net_loop_uv(c->http->loop)); /* the wait was ours, not the client's */
    }
    /* An idle connection holds no buffer; a body that is half here stays beside its head. */
    if (c->in && !c->cur && c->pos == c->fill) {
        net_block_unref(c->http, c->in);
        c->in = NULL;
        c->pos = c->fill = 0;
    }
    if (c->first && c->first->file)
        net_file_more(c->first);
    else if (c->first && c->first->stream)
        net_stream_more(c->first);
}

void conn_pump(struct conn *c)
{
    int rc = 0;
    if (c->pumping || c->dead)
        return;
    c->pumping = true;
    do {
        while (c->pos < c->fill && may_parse(c)) {
            conn_parse(c);
            conn_advance(c);
        }
        if (!c->dead)
            rc = conn_flush(c); /* all that this read was answered with, at once */
    } while (rc == 0 && c->pos < c->fill && may_parse(c));
    c->pumping = false;
    if (rc < 0)
        conn_abort(c);
    if (!c->dead)
        conn_settle(c);
}

void conn_input(struct conn *c, size_t n)
{
    c->fill += (uint32_t)n;
    c->http->stats.bytes_in += n;
    if (c->stop)
        c->pos = c->fill;
    conn_pump(c);
}

void conn_eof(struct conn *c)
{
    c->eof = true;
    c->reading = false;
    c->io->reading(c, false);
    if (c->lingering) {
        conn_abort(c);
        return;
    }
    /* Browsers close a stream this way; one that only half-closes would not read on for ever
     * either. */
    for (struct wg_req *req = c->first; req; req = req->next)
        if (req->stream) {
            conn_abort(c);
            return;
        }
    conn_pump(c);
}

void conn_written(struct conn *c, int status)
{
    size_t n = c->inflight;
    c->inflight = 0;
    if (c->dead)
        return;
    if (status < 0) {
        conn_abort(c);
        return;
    }
    conn_sent(c, n);
    if (!c->first)
        c->mark_ms = uv_now(net_loop_uv(c->http->loop));
    conn_pump(c);
}

void conn_abort(struct conn *c)
{
    if (c->dead)
        return;
    c->dead = c->stop = true;
    for (struct wg_req *req = c->first; req; req = req->next)
        req->gone = true;
    c->io->close(c);
}

void conn_closed(struct conn *c)
{
    c->closed = true;
    c->reqs++; /* ours, so that the loop below does not free c */
    c->http->stats.connections--;
    net_chain_drop(c->http, &c->out);
    net_block_unref(c->http, c->in);
    c->in = NULL;
    c->cur = NULL;
    while (c->first) {
        struct wg_req *req = c->first;
        struct wg_stream *s = req->stream;
        c->first = req->next;
        req->next = NULL;
        req->listed = false;
        req->gone = true;
        req->stream = NULL;
        if (s)
            net_stream_gone(s);
        req_release(req);
    }
    c->last = NULL;
    c->count = 0;
    c->reqs--;
    conn_unref(c);
}

static void sweep_body(struct conn *c, uint64_t now_ms)
{
    const struct wg_http_limits *limits = &c->http->limits;
    uint64_t since = now_ms - c->body_ms;
    bool crawls = since > 3 * limits->body_ms &&
                  c->cur->got / SLOWEST_BODY < (since - 3 * limits->body_ms) / 1000;
    if (!c->reading || net_spool_full(c->cur))
        return;
    if (now_ms - c->mark_ms > limits->body_ms || crawls) {
        conn_fail(c, 408, "The body did not come in time.");
        conn_pump(c);
    }
}

/* mark_ms: a head's first byte, a body's last, or the end of the last request.
 * wrote_ms: when the client last took a byte. body_ms: a body's first moment. */
void conn_sweep(struct conn *c, uint64_t now_ms)
{
    const struct wg_http_limits *limits = &c->http->limits;
    if (c->dead)
        return;
    if (c->inflight) {
        size_t pending = c->io->pending(c);
        if (pending != c->last_pending)
            c->wrote_ms = now_ms;
        c->last_pending = pending;
        if (now_ms - c->wrote_ms > limits->idle_ms) {
            conn_abort(c);
            return;
        }
    }
    if (c->lingering) {
        if (now_ms - c->mark_ms > LINGER_MS)
            conn_abort(c);
    } else if (in_head(c)) {
        if (now_ms - c->mark_ms > limits->header_ms) {
            conn_fail(c, 408, "The head of the request did not come in time.");
            conn_pump(c);
        }
    } else if (c->cur) {
        sweep_body(c, now_ms);
    } else if (!c->first && !c->out.bytes && now_ms - c->mark_ms > limits->idle_ms) {
        conn_abort(c);
    }
}

void conn_drain(struct conn *c)
{
    if (c->dead)
        return;
    for (struct wg_req *req = c->first; req && !c->dead;) {
        struct wg_stream *s = req->stream;
        if (s)
            wg_stream_end(s);
        req = s ? c->first
                : req->next; /* from the start again: the end of a stream may free requests */
    }
    if (c->dead)
        return;
    if (!c->cur) {
        c->stop = true;
        c->pos = c->fill;
    }
    conn_pump(c);
}
