/* Time and flow: slow and vanishing clients, limits, streams, files, spooled bodies, draining, the
 * loop. */
#include "unit/net_help.h"

#include <fcntl.h>

#define BIG ((size_t)8 * 1024 * 1024)

static _Atomic int seen_gone, closed_streams, drained_streams, handled;
static struct wg_req *_Atomic waiting;

static void on_hello(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply(req, 200, "text/plain", WG_S("hello"));
}

static void answer_late(void *arg)
{
    struct wg_req *req = arg;
    seen_gone += wg_req_gone(req);
    wg_reply(req, 200, "text/plain", wg_req_header(req, "host"));
}

static void on_later(struct wg_req *req, void *arg)
{
    struct server *s = arg;
    int64_t ms = 0;
    handled++;
    wg_str_int(wg_req_param(req, "ms"), &ms);
    wg_timer_start(s->loop, (uint64_t)ms, 0, answer_late, req);
}

static void on_hold(struct wg_req *req, void *arg)
{
    (void)arg;
    waiting = req;
}

static void release(void *arg)
{
    (void)arg;
    struct wg_req *req = waiting;
    seen_gone += wg_req_gone(req);
    wg_reply(req, 200, "text/plain", WG_S("released"));
}

static void on_big(struct wg_req *req, void *arg)
{
    struct wg_buf b = WG_BUF_INIT;
    (void)arg;
    handled++;
    memset(wg_buf_room(&b, BIG), 'b', BIG);
    b.n = BIG;
    wg_reply_buf(req, 200, "application/octet-stream", &b);
}

static void on_upload(struct wg_req *req, void *arg)
{
    uint64_t size = 0, sum = 0;
    unsigned char part[4096];
    ssize_t n = 0;
    (void)arg;
    int fd = wg_req_spool(req, &size);
    while ((n = read(fd, part, sizeof(part))) > 0)
        for (ssize_t i = 0; i < n; i++)
            sum += part[i];
    CHECK_INT(wg_req_body(req).n, 0);
    wg_reply(req, 200, "text/plain",
             wg_arena_fmt(wg_req_arena(req), "%llu %llu", (unsigned long long)size,
                          (unsigned long long)sum));
}

static void on_file(struct wg_req *req, void *arg)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    (void)arg;
    for (int i = 0; i < 200000; i++)
        CHECK_INT(write(fd, "0123456789", 10), 10);
    wg_reply_file(req, "application/octet-stream", WG_S("v1"), fd);
}

/* ---- streams ---- */

struct flow {
    struct server *s;
    struct wg_stream *stream;
    struct wg_timer *timer;
    size_t left;
};

static void pour(struct wg_stream *stream, void *arg)
{
    static char block[16384];
    struct flow *f = arg;
    drained_streams++;
    while (f->left > 0) {
        size_t n = f->left < sizeof(block) ? f->left : sizeof(block);
        f->left -= n;
        if (wg_stream_write(stream, (struct wg_str){block, n}) >= 256 * 1024)
            return;
    }
    wg_stream_end(stream);
}

static void flow_closed(struct wg_stream *stream, void *arg)
{
    struct flow *f = arg;
    (void)stream;
    closed_streams++;
    wg_timer_stop(f->timer);
    free(f);
}

static const struct wg_stream_cb flow_cb = {pour, flow_closed};
static const struct wg_stream_cb tick_cb = {NULL, flow_closed};

static void tick(void *arg)
{
    struct flow *f = arg;
    wg_stream_write(f->stream, WG_S("data: tick\n\n"));
}

static void on_events(struct wg_req *req, void *arg)
{
    struct flow *f = calloc(1, sizeof(*f));
    f->s = arg;
    f->stream = wg_stream_open(req, "text/event-stream", &tick_cb, f);
    if (!f->stream) {
        free(f);
        return;
    }
    f->timer = wg_timer_start(f->s->loop, 10, 10, tick, f);
}

static void on_pour(struct wg_req *req, void *arg)
{
    struct flow *f = calloc(1, sizeof(*f));
    f->s = arg;
    f->left = BIG;
    f->stream = wg_stream_open(req, "application/jsonl", &flow_cb, f);
    if (f->stream)
        pour(f->stream, f);
    else
        free(f);
}

static bool before(struct wg_req *req, void *arg)
{
    (void)arg;
    if (wg_str_is(wg_req_header(req, "x-who"), "nobody")) {
        wg_reply_problem(req, 401, "Who are you?");
        return false;
    }
    return true;
}

static const struct wg_http_route routes[] = {
    {WG_METHOD_GET, "/hello", on_hello, NULL, 0, 0, NULL},
    {WG_METHOD_POST, "/hello", on_hello, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/later/{ms}", on_later, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/hold", on_hold, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/big", on_big, NULL, 0, 0, NULL},
    {WG_METHOD_POST, "/upload", on_upload, NULL, WG_HTTP_SPOOL, 16 * 1024 * 1024, NULL},
    {WG_METHOD_GET, "/file", on_file, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/events", on_events, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/pour", on_pour, NULL, 0, 0, NULL},
    {0},
};

static const struct wg_http_limits quick = {
    .header_ms = 200, .body_ms = 200, .idle_ms = 300, .connections = 3};

TEST(a_slow_head_is_408)
{
    struct server s;
    server_start(&s, routes, &quick, NULL);
    int fd = dial(s.port);
    for (int i = 0; i < 10; i++) { /* a byte now and then does not help */
        say_n(fd, &"GET /hello HTTP/1.1"[i], 1);
        usleep(40000);
    }
    struct wg_buf b = hear(fd, NULL, 3000);
    CHECK(status_of(&b) == 408);
    wg_buf_free(&b);
    close(fd);
    server_stop(&s);
}

TEST(a_body_that_stops_is_408)
{
    struct server s;
    server_start(&s, routes, &quick, NULL);
    EXPECT(&s, "POST /hello HTTP/1.1\r\nContent-Length: 9\r\n" LAST "abc", 408,
           "Connection: close");
    EXPECT(&s, "POST /upload HTTP/1.1\r\nContent-Length: 9\r\n" LAST "abc", 408,
           "Connection: close");
    EXPECT(&s, "POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" LAST "3\r\nabc\r\n", 408,
           ABOUT);
    server_stop(&s);
}

TEST(a_body_that_only_crawls_is_408)
{
    struct server s;
    server_start(&s, routes, &quick, NULL);
    int fd = dial(s.port);
    say(fd, "POST /hello HTTP/1.1\r\nContent-Length: 90000\r\n" LAST);
    for (int i = 0; i < 20; i++) {
        say(fd, "x");
        usleep(100000);
    }
    struct wg_buf b = hear(fd, NULL, 3000);
    CHECK_INT(status_of(&b), 408);
    wg_buf_free(&b);
    close(fd);
    server_stop(&s);
}

TEST(an_idle_connection_is_closed_without_a_word)
{
    struct server s;
    server_start(&s, routes, &quick, NULL);
    int fd = dial(s.port);
    int64_t start_ms = wg_mono_ms();
    struct wg_buf b = hear(fd, NULL, 3000);
    CHECK_INT(b.n, 0);
    CHECK(wg_mono_ms() - start_ms < 2000);
    wg_buf_free(&b);
    close(fd);
    server_stop(&s);
}

TEST(one_connection_too_many_gets_503)
{
    struct server s;
    struct wg_http_limits limits = {.connections = 3};
    server_start(&s, routes, &limits, NULL);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(s.port);
        say(fds[i], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        struct wg_buf b = hear(fds[i], "hello", 3000);
        wg_buf_free(&b);
    }
    EXPECT(&s, "GET /hello HTTP/1.1\r\n" LAST, 503, "Retry-After: 1\r\n");
    close(fds[0]);
    usleep(50000);
    EXPECT(&s, "GET /hello HTTP/1.1\r\n" LAST, 200, "hello");
    close(fds[1]);
    close(fds[2]);
    server_stop(&s);
}

TEST(a_client_that_only_stopped_sending_gets_its_answers)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    int fd = dial(s.port);
    say(fd, "GET /later/50 HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\nGET /he");
    shutdown(fd, SHUT_WR);
    struct wg_buf b = hear(fd, NULL, 3000);
    CHECK_INT(count(&b, "HTTP/1.1 200"), 2);
    wg_buf_free(&b);
    close(fd);
    server_stop(&s);
}

static void reset(int fd)
{
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

TEST(a_request_outlives_its_client)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    seen_gone = 0;
    int fd = dial(s.port);
    say(fd, "GET /hold HTTP/1.1\r\nHost: abc\r\n\r\n");
    while (!waiting)
        usleep(1000);
    reset(fd);
    usleep(50000);
    wg_loop_post(s.loop, release, NULL);
    soon(&seen_gone, 1);
    waiting = NULL;
    EXPECT(&s, "GET /hello HTTP/1.1\r\n" LAST, 200, "hello");
    server_stop(&s);
}

TEST(clients_that_hang_up_anywhere_do_no_harm)
{
    static const char text[] =
        "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n0123456789"
        "GET /later/5 HTTP/1.1\r\nHost: t\r\n\r\nGET /events HTTP/1.1\r\nHost: t\r\n\r\n";
    struct server s;
    server_start(&s, routes, NULL, NULL);
    for (size_t n = 1; n < sizeof(text); n++) {
        int fd = dial(s.port);
        say_n(fd, text, n);
        if (n % 3 == 0)
            usleep(1000);
        n % 2 ? (void)close(fd) : reset(fd);
    }
    EXPECT(&s, "GET /hello HTTP/1.1\r\n" LAST, 200, "hello");
    server_stop(&s);
}

static _Atomic int open_connections = -1;

static void count_open(void *arg)
{
    struct server *s = arg;
    struct wg_http_stats stats;
    wg_http_stats(s->http, &stats);
    open_connections = (int)stats.connections;
}

TEST(a_client_that_does_not_read_is_not_read_from)
{
    struct server s;
    struct wg_http_limits limits = {.idle_ms = 600};
    server_start(&s, routes, &limits, NULL);
    int fd = dial(s.port), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    handled = 0;
    for (int i = 0; i < 50; i++)
        say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    usleep(300000);
    CHECK(handled >= 1 && handled <= 2);
    for (int i = 0; i < 200 && open_connections != 0;
         i++) { /* and, being stuck, it is closed in time */
        wg_loop_post(s.loop, count_open, &s);
        usleep(20000);
    }
    CHECK_INT(open_connections, 0);
    close(fd);
    server_stop(&s);
}

TEST(large_answers_arrive_whole)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    struct wg_buf b = talk(&s, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /file HTTP/1.1\r\n" HOST "\r\n"
                               "HEAD /file HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" LAST);
    CHECK_INT(count(&b, "HTTP/1.1 200 OK"), 4);
    CHECK_INT(count(&b, "Content-Length: 2000000\r\n"), 2);
    CHECK(b.n > BIG + 2000000 && b.n < BIG + 2001000);
    CHECK_INT(count(&b, "0123456789"), 200000);
    wg_buf_free(&b);
    server_stop(&s);
}

TEST(a_file_is_answered_in_parts_where_it_is_asked_for_in_parts)
{
    static const struct {
        const char *head, *status, *range;
        size_t length;
    } asked[] = {
        {"Range: bytes=5-9\r\n", "206 Partial Content", "bytes 5-9/2000000", 5},
        {"Range: bytes=1999990-\r\n", "206 Partial Content", "bytes 1999990-1999999/2000000", 10},
        {"Range: bytes=-7\r\n", "206 Partial Content", "bytes 1999993-1999999/2000000", 7},
        {"Range: bytes=0-1\r\nIf-Range: \"v1\"\r\n", "206 Partial Content", "bytes 0-1/2000000", 2},
        {"Range: bytes=2000000-\r\n", "416 Range Not Satisfiable", "bytes */2000000", 0},
        {"Range: bytes=0-1\r\nIf-Range: \"v2\"\r\n", "200 OK", NULL, 2000000},
        {"Range: bytes=0-1,3-4\r\n", "200 OK", NULL, 2000000},
        {"Range: bytes=4-3\r\n", "200 OK", NULL, 2000000},
        {"If-None-Match: \"x\", \"v1\"\r\n", "304 Not Modified", NULL, 0},
        {"If-None-Match: \"v11\"\r\n", "200 OK", NULL, 2000000},
    };
    struct server s;
    server_start(&s, routes, NULL, NULL);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        char text[300], want[80];
        snprintf(text, sizeof(text), "GET /file HTTP/1.1\r\n%s" LAST, asked[i].head);
        struct wg_buf b = talk(&s, text);
        snprintf(want, sizeof(want), "HTTP/1.1 %s\r\n", asked[i].status);
        CHECK_INT(count(&b, want), 1);
        CHECK_INT(count(&b, "ETag: \"v1\"\r\n"), 1);
        CHECK_INT(count(&b, "Content-Range: "), asked[i].range != NULL);
        snprintf(want, sizeof(want), "Content-Range: %s\r\n", asked[i].range ? asked[i].range : "");
        CHECK_INT(count(&b, want), asked[i].range != NULL);
        const char *body = memmem(b.p, b.n, "\r\n\r\n", 4);
        if (asked[i].status[0] == '2')
            CHECK_INT(b.p + b.n - body - 4, asked[i].length);
        wg_buf_free(&b);
    }
    server_stop(&s);
}

TEST(a_spooled_body_is_a_file_at_its_start)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    size_t n = 3 * 1024 * 1024;
    struct wg_buf ask = WG_BUF_INIT;
    wg_buf_fmt(&ask, "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", n);
    memset(wg_buf_room(&ask, n), 1, n);
    ask.n += n;
    wg_buf_lit(&ask, "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
    wg_buf_lit(&ask, "POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" LAST
                     "2\r\n\x01\x02\r\n0\r\n\r\n");
    struct wg_buf b = talk_n(&s, ask.p, ask.n);
    CHECK_INT(count(&b, "HTTP/1.1 200 OK"), 3);
    CHECK(has(&b, "\r\n\r\n3145728 3145728"));
    CHECK(has(&b, "\r\n\r\n0 0"));
    CHECK(has(&b, "\r\n\r\n2 3"));
    wg_buf_free(&b);
    wg_buf_free(&ask);
    EXPECT(&s, "POST /upload HTTP/1.1\r\nContent-Length: 16777217\r\n" HOST "\r\n", 413, ABOUT);
    server_stop(&s);
}

TEST(before_may_answer_instead_of_the_handler)
{
    struct server s;
    server_start(&s, routes, NULL, before);
    struct wg_buf b =
        talk(&s, "POST /hello HTTP/1.1\r\n" HOST "X-Who: nobody\r\nContent-Length: 2\r\n\r\nab"
                 "GET /hello HTTP/1.1\r\n" LAST);
    CHECK_INT(status_of(&b), 401);
    CHECK(has(&b, "hello"));
    wg_buf_free(&b);
    server_stop(&s);
}

TEST(a_stream_goes_on_until_its_client_goes)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    closed_streams = 0;
    int fd = dial(s.port);
    say(fd, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    struct wg_buf b = hear(fd, "tick\n\n\r\nc\r\ndata: tick", 3000);
    CHECK(has(&b, "Transfer-Encoding: chunked\r\n"));
    CHECK(has(&b, "Content-Type: text/event-stream\r\n"));
    CHECK(has(&b, "\r\n\r\nc\r\ndata: tick\n\n\r\n"));
    CHECK_INT(closed_streams, 0);
    wg_buf_free(&b);
    close(fd);
    soon(&closed_streams, 1);
    server_stop(&s);
}

TEST(a_stream_that_waits_is_told_when_to_go_on)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    closed_streams = drained_streams = 0;
    struct wg_buf b =
        talk(&s, "GET /hello HTTP/1.1\r\n" HOST "\r\nGET /pour HTTP/1.1\r\n" HOST "\r\n"
                 "GET /hello HTTP/1.1\r\n" LAST);
    CHECK(b.n > BIG);
    CHECK(drained_streams > 0); /* how often is the kernel's to say */
    CHECK(has(&b, "\r\n0\r\n\r\nHTTP/1.1 200 OK"));
    soon(&closed_streams, 1);
    wg_buf_free(&b);
    b = talk(&s, "GET /pour HTTP/1.0\r\n\r\n");
    CHECK(!has(&b, "chunked"));
    CHECK(b.n > BIG && b.n < BIG + 1000);
    soon(&closed_streams, 2);
    wg_buf_free(&b);
    EXPECT(&s, "HEAD /pour HTTP/1.1\r\n" LAST, 200, "chunked");
    soon(&closed_streams, 3);
    server_stop(&s);
}

TEST(a_drain_finishes_what_is_in_hand)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    closed_streams = handled = 0;
    int idle = dial(s.port), busy = dial(s.port), stream = dial(s.port), half = dial(s.port);
    say(idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    struct wg_buf b = hear(idle, "hello", 3000);
    wg_buf_free(&b);
    say(busy, "GET /later/400 HTTP/1.1\r\n" HOST "\r\n");
    say(stream, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    b = hear(stream, "tick", 3000);
    wg_buf_free(&b);
    say(half, "GET /hello HTTP/1.1\r\n");
    soon(&handled, 1);
    usleep(50000);
    int port = s.port;
    wg_loop_post(s.loop, server_drain, &s);
    b = hear(idle, NULL, 3000);
    CHECK_INT(b.n, 0);
    wg_buf_free(&b);
    b = hear(stream, NULL, 3000);
    CHECK(b.n >= 5 && memcmp(b.p + b.n - 5, "0\r\n\r\n", 5) == 0);
    wg_buf_free(&b);
    say(half, HOST "\r\n");
    b = hear(half, NULL, 3000);
    CHECK(has(&b, "Connection: close"));
    wg_buf_free(&b);
    b = hear(busy, NULL, 3000);
    CHECK_INT(status_of(&b), 200);
    CHECK(has(&b, "Connection: close"));
    wg_buf_free(&b);
    server_join(&s);
    CHECK_INT(closed_streams, 1);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0);
    close(fd);
    close(idle);
    close(busy);
    close(stream);
    close(half);
}

TEST(a_drain_does_not_wait_for_ever)
{
    struct server s;
    server_start(&s, routes, NULL, NULL);
    int fd = dial(s.port);
    say(fd, "GET /hello HTT");
    usleep(30000);
    int64_t start_ms = wg_mono_ms();
    server_stop(&s);
    CHECK(wg_mono_ms() - start_ms < 4000);
    close(fd);
}

RUN_ALL("net_flow")
