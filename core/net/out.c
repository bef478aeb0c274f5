#include "net/net_internal.h"

#include <stdlib.h>

#define POOLED_BLOCKS 256 /* kept; more go back to the heap */
#define POOLED_SEGS 256
#define WRITE_PARTS 32

struct block *net_block_new(struct wg_http *http, size_t cap)
{
    struct block *b = cap == BLOCK_SIZE ? http->free_blocks : NULL;
    if (b) {
        http->free_blocks = b->next;
        http->free_block_count--;
    } else if (!(b = malloc(sizeof(*b) + cap))) {
        return NULL;
    }
    b->next = NULL;
    b->refs = 1;
    b->cap = (uint32_t)cap;
    return b;
}

void net_block_unref(struct wg_http *http, struct block *b)
{
    if (!b || --b->refs > 0)
        return;
    if (b->cap != BLOCK_SIZE || http->free_block_count >= POOLED_BLOCKS) {
        free(b);
        return;
    }
    b->next = http->free_blocks; /* last in, first out: the next connection finds it in the cache */
    http->free_blocks = b;
    http->free_block_count++;
}

static struct seg *seg_new(struct wg_http *http, size_t cap)
{
    struct seg *s = cap <= SEG_SIZE ? http->free_segs : NULL;
    if (s) {
        http->free_segs = s->next;
        http->free_seg_count--;
    } else {
        cap = cap > SEG_SIZE ? cap : SEG_SIZE;
        if (!(s = malloc(sizeof(*s) + cap)))
            return NULL;
        s->p = s->data;
        s->cap = cap;
    }
    s->next = NULL;
    s->at = s->n = 0;
    return s;
}

static void seg_free(struct wg_http *http, struct seg *s)
{
    if (s->p == s->data && s->cap == SEG_SIZE && http->free_seg_count < POOLED_SEGS) {
        s->next = http->free_segs;
        http->free_segs = s;
        http->free_seg_count++;
        return;
    }
    if (s->p != s->data)
        free(s->p);
    free(s);
}

static void chain_push(struct chain *to, struct seg *s)
{
    if (to->tail)
        to->tail->next = s;
    else
        to->head = s;
    to->tail = s;
}

char *net_chain_room(struct wg_http *http, struct chain *to, size_t n)
{
    struct seg *s = to->tail;
    if (!s || s->cap - s->n < n) {
        if (!(s = seg_new(http, n)))
            return NULL;
        chain_push(to, s);
    }
    return s->p + s->n;
}

void net_chain_add(struct chain *to, size_t n)
{
    to->tail->n += n;
    to->bytes += n;
}

bool net_chain_copy(struct wg_http *http, struct chain *to, const void *p, size_t n)
{
    char *at = n ? net_chain_room(http, to, n) : NULL;
    if (at) {
        memcpy(at, p, n);
        net_chain_add(to, n);
    }
    return at || n == 0;
}

bool net_chain_own(struct wg_http *http, struct chain *to, char *p, size_t n)
{
    struct seg *s = malloc(sizeof(*s));
    (void)http;
    if (!s) {
        free(p);
        return false;
    }
    *s = (struct seg){.n = n, .cap = n, .p = p};
    chain_push(to, s);
    to->bytes += n;
    return true;
}

void net_chain_join(struct chain *to, struct chain *from)
{
    if (!from->head)
        return;
    if (to->tail)
        to->tail->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    to->bytes += from->bytes;
    *from = (struct chain){0};
}

void net_chain_drop(struct wg_http *http, struct chain *ch)
{
    while (ch->head) {
        struct seg *s = ch->head;
        ch->head = s->next;
        seg_free(http, s);
    }
    *ch = (struct chain){0};
}

void conn_sent(struct conn *c, size_t n)
{
    c->out.bytes -= n;
    c->http->stats.bytes_out += n;
    while (c->out.head) {
        struct seg *s = c->out.head;
        size_t part = s->n - s->at < n ? s->n - s->at : n;
        s->at += part;
        n -= part;
        if (s->at < s->n)
            break;
        if (!(c->out.head = s->next))
            c->out.tail = NULL;
        seg_free(c->http, s);
    }
}

static unsigned out_parts(const struct conn *c, uv_buf_t *v, size_t *bytes)
{
    unsigned count = 0;
    *bytes = 0;
    for (struct seg *s = c->out.head; s && count < WRITE_PARTS; s = s->next) {
        v[count++] = uv_buf_init(s->p + s->at, (unsigned)(s->n - s->at));
        *bytes += s->n - s->at;
    }
    return count;
}

/* Straight to the socket as far as it takes it; only what is left goes by way of the poll. */
int conn_flush(struct conn *c)
{
    while (!c->inflight && c->out.bytes > 0) {
        uv_buf_t v[WRITE_PARTS];
        size_t bytes = 0;
        unsigned count = out_parts(c, v, &bytes);
        ssize_t n = c->io->try_write(c, v, count);
        if (n < 0 && n != UV_EAGAIN)
            return (int)n;
        if (n > 0)
            conn_sent(c, (size_t)n);
        if (n == (ssize_t)bytes)
            continue;
        count = out_parts(c, v, &bytes);
        int rc = c->io->write(c, v, count);
        if (rc < 0)
            return rc;
        c->inflight =
            bytes; /* the last segment may still be added to: the poll has its own lengths */
        c->last_pending = bytes;
        c->wrote_ms = uv_now(net_loop_uv(c->http->loop));
    }
    return 0;
}

size_t conn_waiting(const struct conn *c)
{
    return c->inflight ? c->out.bytes - c->inflight + c->io->pending(c) : c->out.bytes;
}

struct chain *req_out(struct wg_req *req)
{
    struct conn *c = req->conn;
    return c->first == req && req->listed ? &c->out : &req->hold;
}

static const char continue_text[] = "HTTP/1.1 100 Continue\r\n\r\n";

static void take_turn(struct conn *c, struct wg_req *req)
{
    net_chain_join(&c->out, &req->hold);
    if (req->expect_due && !req->answered) {
        req->expect_due = false;
        c->http->stats.by_class[1]++;
        net_chain_copy(c->http, &c->out, continue_text, sizeof(continue_text) - 1);
    }
}

void conn_advance(struct conn *c)
{
    while (c->first) {
        struct wg_req *req = c->first;
        take_turn(c, req); /* nothing happens the second time */
        if (!req->finished || !req->parsed)
            return;
        if (!(c->first = req->next))
            c->last = NULL;
        req->next = NULL;
        req->listed = false;
        c->count--;
        req_release(req);
    }
    c->mark_ms = uv_now(net_loop_uv(c->http->loop));
}
