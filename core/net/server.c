#include "net/net_internal.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#define BACKLOG 1024
#define REFUSED_MAX 64 /* connections beyond the limit that are told so; more are just closed */

/* ---- connections on sockets ---- */

static size_t sock_pending(const struct conn *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
}

static ssize_t sock_try_write(struct conn *c, const uv_buf_t *v, unsigned n)
{
    return uv_try_write((uv_stream_t *)&c->tcp, v, n);
}

static void on_written(uv_write_t *write, int status)
{
    conn_written(write->data, status);
}

static int sock_write(struct conn *c, const uv_buf_t *v, unsigned n)
{
    c->write.data = c;
    return uv_write(&c->write, (uv_stream_t *)&c->tcp, v, n, on_written);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    size_t n = 0;
    char *p = conn_room(handle->data, &n);
    (void)size;
    *buf = uv_buf_init(p, (unsigned)(p ? n : 0));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = stream->data;
    (void)buf;
    if (n > 0)
        conn_input(c, (size_t)n);
    else if (n == UV_EOF)
        conn_eof(c);
    else if (n < 0)
        conn_abort(c);
}

static void sock_reading(struct conn *c, bool on)
{
    if (on)
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)&c->tcp);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status; /* the close that follows is all there is to do */
}

static void sock_finish(struct conn *c)
{
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0)
        conn_abort(c);
}

static void on_sock_closed(uv_handle_t *handle)
{
    conn_closed(handle->data);
}

static void sock_close(struct conn *c)
{
    uv_close((uv_handle_t *)&c->tcp, on_sock_closed);
}

static const struct conn_io sock_io = {sock_try_write, sock_write,  sock_pending,
                                       sock_reading,   sock_finish, sock_close};

static void peer_text(struct conn *c)
{
    struct sockaddr_storage addr;
    int n = sizeof(addr);
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&addr, &n) == 0 &&
        uv_ip_name((struct sockaddr *)&addr, c->peer, sizeof(c->peer)) == 0 &&
        strncmp(c->peer, "::ffff:", 7) == 0)
        memmove(c->peer, c->peer + 7, strlen(c->peer + 7) + 1); /* IPv4 by way of an IPv6 socket */
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct wg_http *http = listener->data;
    struct conn *c = status < 0 ? NULL : conn_new(http, &sock_io);
    if (!c)
        return;
    uv_tcp_init(net_loop_uv(http->loop), &c->tcp);
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0) {
        conn_abort(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    peer_text(c);
    if (http->stats.connections > http->limits.connections) {
        http->stats.rejected++;
        if (http->stats.connections > http->limits.connections + REFUSED_MAX)
            conn_abort(c);
        else
            conn_fail(c, 503, "There are too many connections; try again in a moment.");
    }
    conn_pump(c);
}

/* ---- the server ---- */

static void on_sweep(uv_timer_t *timer)
{
    net_http_sweep(timer->data);
}

void net_http_sweep(struct wg_http *http)
{
    uint64_t now_ms = uv_now(net_loop_uv(http->loop));
    for (struct conn *c = http->conns; c;
         c = c->next) /* none is freed while we look: closing is for later */
        conn_sweep(c, now_ms);
}

static void limits_default(struct wg_http_limits *l)
{
    l->header_max = l->header_max ? l->header_max : 16 * 1024;
    l->body_max = l->body_max ? l->body_max : 1024 * 1024;
    l->header_ms = l->header_ms ? l->header_ms : 10000;
    l->body_ms = l->body_ms ? l->body_ms : 20000;
    l->idle_ms = l->idle_ms ? l->idle_ms : 75000;
    l->connections = l->connections ? l->connections : 4096;
    l->pipeline = l->pipeline ? l->pipeline : 64;
    l->spool_dir = l->spool_dir ? l->spool_dir : "/tmp";
}

struct wg_http *net_http_new(struct wg_loop *loop, const struct wg_router *router,
                             const struct wg_http_limits *limits)
{
    struct wg_http *http = calloc(1, sizeof(*http));
    if (!http)
        return NULL;
    http->loop = loop;
    http->router = router;
    if (limits)
        http->limits = *limits;
    limits_default(&http->limits);
    const struct wg_http_limits *l = &http->limits;
    uint64_t least = l->header_ms < l->body_ms ? l->header_ms : l->body_ms;
    least = (l->idle_ms < least ? l->idle_ms : least) / 4;
    uint64_t period = least < 20 ? 20 : least > 500 ? 500 : least;
    uv_timer_init(net_loop_uv(loop), &http->sweep);
    uv_timer_init(net_loop_uv(loop), &http->later);
    uv_timer_init(net_loop_uv(loop), &http->grace);
    uv_tcp_init(net_loop_uv(loop), &http->listener);
    http->sweep.data = http->later.data = http->grace.data = http->listener.data = http;
    http->handles = 4;
    uv_timer_start(&http->sweep, on_sweep, period, period);
    return http;
}

/* The first address that can be bound; *rc is why not. */
static bool listen_any(struct wg_http *http, const struct addrinfo *list, int *rc)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        if ((*rc = uv_tcp_bind(&http->listener, a->ai_addr, 0)) == 0)
            *rc = uv_listen((uv_stream_t *)&http->listener, BACKLOG, on_connection);
        if (*rc == 0)
            return true;
        /* A handle that failed cannot be bound again; those who gave a name with several addresses
         * hear about the first. */
        if (*rc != UV_EAFNOSUPPORT)
            return false;
    }
    return false;
}

static int address(const char *host, int port, struct addrinfo **out, struct wg_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char name[256], service[16];
    size_t n = strlen(host);
    bool brackets = n > 2 && host[0] == '[' && host[n - 1] == ']';
    snprintf(service, sizeof(service), "%d", port);
    if (wg_str_copy(name, sizeof(name), (struct wg_str){host + brackets, n - 2 * brackets}) < 0)
        return wg_fail(err, WG_EINVAL, "the host name is too long");
    int rc = getaddrinfo(*name ? name : NULL, service, &hints, out);
    if (rc != 0)
        return wg_fail(err, WG_EIO, "%s:%d: %s", host, port, gai_strerror(rc));
    return WG_OK;
}

static void free_failed(void *http)
{
    wg_http_free(http);
}

int wg_http_listen(struct wg_loop *loop, const char *host, int port, const struct wg_router *router,
                   const struct wg_http_limits *limits,
                   bool (*before)(struct wg_req *req, void *arg), void *arg, struct wg_http **out,
                   struct wg_err *err)
{
    struct addrinfo *list = NULL;
    struct sockaddr_storage bound;
    int n = sizeof(bound);
    *out = NULL;
    int rc = address(host, port, &list, err);
    if (rc < 0)
        return rc;
    struct wg_http *http = net_http_new(loop, router, limits);
    if (!http) {
        freeaddrinfo(list);
        return wg_fail(err, WG_ENOMEM, "no memory for the server");
    }
    http->before = before;
    http->before_arg = arg;
    bool listens = listen_any(http, list, &rc);
    freeaddrinfo(list);
    if (!listens) {
        wg_http_drain(http, 0, free_failed, http);
        return wg_fail(err, WG_EIO, "%s:%d: %s", host, port, uv_strerror(rc));
    }
    uv_tcp_getsockname(&http->listener, (struct sockaddr *)&bound, &n);
    http->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                   : ((struct sockaddr_in *)&bound)->sin_port);
    *out = http;
    return WG_OK;
}

int wg_http_port(const struct wg_http *http)
{
    return http->port;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct wg_http *http = handle->data;
    if (--http->handles == 0 && http->done)
        http->done(http->done_arg); /* may free http */
}

void net_http_conn_gone(struct wg_http *http)
{
    if (!http->draining || http->closing || http->conns || http->to_tell)
        return;
    http->closing = true;
    uv_close((uv_handle_t *)&http->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&http->later, on_handle_closed);
    uv_close((uv_handle_t *)&http->grace, on_handle_closed);
}

static void on_grace(uv_timer_t *timer)
{
    struct wg_http *http = timer->data;
    for (struct conn *c = http->conns; c; c = c->next)
        conn_abort(c);
}

void wg_http_drain(struct wg_http *http, uint64_t grace_ms, wg_loop_fn done, void *arg)
{
    wg_require(!http->draining);
    http->draining = true;
    http->done = done;
    http->done_arg = arg;
    uv_close((uv_handle_t *)&http->listener, on_handle_closed);
    uv_timer_start(&http->grace, on_grace, grace_ms, 0);
    for (struct conn *c = http->conns; c; c = c->next)
        conn_drain(c);
    net_http_conn_gone(http);
}

void wg_http_free(struct wg_http *http)
{
    if (!http)
        return;
    wg_require(http->handles == 0);
    net_reqs_free(http);
    while (http->free_blocks) {
        struct block *b = http->free_blocks;
        http->free_blocks = b->next;
        free(b);
    }
    while (http->free_segs) {
        struct seg *s = http->free_segs;
        http->free_segs = s->next;
        free(s);
    }
    net_gzip_done(http);
    free(http);
}

void wg_http_stats(const struct wg_http *http, struct wg_http_stats *out)
{
    *out = http->stats;
}
