/** A server on a thread of its own and raw sockets that talk to it: what the tests of net share. */
#ifndef WG_NET_HELP_H
#define WG_NET_HELP_H

#include "net/net.h"
#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: t\r\n"
#define LAST "Host: t\r\nConnection: close\r\n\r\n"

struct server {
    struct wg_loop *loop;
    struct wg_http *http;
    struct wg_router *router;
    pthread_t thread;
    int port;
};

static inline void *server_main(void *arg)
{
    struct server *s = arg;
    wg_loop_run(s->loop);
    return NULL;
}

static inline void server_start(struct server *s, const struct wg_http_route *routes,
                                const struct wg_http_limits *limits,
                                bool (*before)(struct wg_req *, void *))
{
    struct wg_err err = {0};
    CHECK_INT(wg_loop_new(&s->loop, &err), WG_OK);
    CHECK(s->router = wg_router_new());
    for (; routes->pattern; routes++) {
        struct wg_http_route route = *routes;
        route.arg = s;
        CHECK_INT(wg_router_add(s->router, &route, &err), WG_OK);
    }
    CHECK_INT(wg_http_listen(s->loop, "127.0.0.1", 0, s->router, limits, before, s, &s->http, &err),
              WG_OK);
    s->port = wg_http_port(s->http);
    CHECK_INT(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static inline void server_drained(void *arg)
{
    struct server *s = arg;
    wg_http_free(s->http);
    wg_loop_stop(s->loop);
}

static inline void server_drain(void *arg)
{
    struct server *s = arg;
    wg_http_drain(s->http, 1500, server_drained, s);
}

static inline void server_join(struct server *s)
{
    pthread_join(s->thread, NULL);
    wg_loop_free(s->loop);
    wg_router_free(s->router);
}

static inline void server_stop(struct server *s)
{
    CHECK_INT(wg_loop_post(s->loop, server_drain, s), WG_OK);
    server_join(s);
}

static inline int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static inline void say_n(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* a server that has heard enough */
        p += sent;
        n -= (size_t)sent;
    }
}

static inline void say(int fd, const char *text)
{
    say_n(fd, text, strlen(text));
}

/** Read until the server closes, `until` has come (NULL: no), or wait_ms of silence. Returns what
 * came. */
static inline struct wg_buf hear(int fd, const char *until, int wait_ms)
{
    struct wg_buf b = WG_BUF_INIT;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char *room = wg_buf_room(&b, 65537);
        if (poll(&p, 1, wait_ms) <= 0)
            break;
        ssize_t n = recv(fd, room, 65536, 0);
        if (n <= 0)
            break;
        b.n += (size_t)n;
        b.p[b.n] = '\0';
        if (until && memmem(b.p, b.n, until, strlen(until)))
            break;
    }
    wg_buf_room(&b, 1)[0] = '\0';
    return b;
}

/** One conversation: say it, hear all until the server closes. */
static inline struct wg_buf talk_n(struct server *s, const char *p, size_t n)
{
    int fd = dial(s->port);
    say_n(fd, p, n);
    struct wg_buf b = hear(fd, NULL, 5000);
    close(fd);
    return b;
}
static inline struct wg_buf talk(struct server *s, const char *text)
{
    return talk_n(s, text, strlen(text));
}

static inline bool has(const struct wg_buf *b, const char *text)
{
    return b->p && memmem(b->p, b->n, text, strlen(text));
}

/** How often; by hand, since sanitizers look at all that follows at every strstr. */
static inline int count(const struct wg_buf *b, const char *text)
{
    size_t n = strlen(text);
    int found = 0;
    for (size_t i = 0; i + n <= b->n; i++)
        if (b->p[i] == *text && memcmp(b->p + i, text, n) == 0)
            found++;
    return found;
}

static inline int status_of(const struct wg_buf *b)
{
    return b->n > 12 && memcmp(b->p, "HTTP/1.1 ", 9) == 0 ? atoi(b->p + 9) : 0;
}

/** Say it; the (first) answer has this status and this text, and the server closes. */
#define EXPECT(s, request, want, text)                     \
    do {                                                   \
        struct wg_buf b_ = talk((s), (request));           \
        if (status_of(&b_) != (want) || !has(&b_, (text))) \
            print_error("answered: %s\n", b_.p);           \
        CHECK_INT(status_of(&b_), (want));                 \
        CHECK(has(&b_, (text)));                           \
        wg_buf_free(&b_);                                  \
    } while (0)

/** Wait until another thread has counted that far. */
static inline void soon(const _Atomic int *what, int want)
{
    for (int i = 0; i < 400 && *what < want; i++)
        usleep(10000);
    CHECK_INT(*what, want);
}

#define ABOUT "application/problem+json"

#endif
