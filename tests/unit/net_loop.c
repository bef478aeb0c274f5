/* The loop with its posts, bells, pool and timers; and the blocking client. */
#include "unit/net_help.h"

/* ---- the loop ---- */

static _Atomic int posted, rung, worked;
static int ticks;
static struct wg_timer *ticker;

static void add_one(void *arg)
{
    (*(_Atomic int *)arg)++;
}

static void tick_thrice(void *arg)
{
    (void)arg;
    if (++ticks == 3)
        wg_timer_stop(ticker);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < 1000; i++)
        CHECK_INT(wg_loop_post(arg, add_one, &posted), WG_OK);
    return NULL;
}

static void *ring_many(void *arg)
{
    for (int i = 0; i < 1000; i++)
        wg_bell_ring(arg);
    return NULL;
}

static void *run(void *arg)
{
    CHECK_INT(wg_loop_run(arg), WG_OK);
    return NULL;
}

static void start_pool(void *arg)
{
    CHECK_INT(wg_pool_run(arg, add_one, add_one, &worked), WG_OK);
}

static void stop(void *arg)
{
    wg_loop_stop(arg);
}

static void free_bell(void *arg)
{
    wg_bell_free(arg);
}

TEST(posts_bells_pool_and_timers_reach_the_loop)
{
    struct wg_loop *loop = NULL;
    struct wg_bell *bell = NULL;
    pthread_t runner, a, b;
    CHECK_INT(wg_loop_new(&loop, NULL), WG_OK);
    CHECK_INT(wg_bell_new(loop, add_one, &rung, &bell), WG_OK);
    ticker = wg_timer_start(loop, 5, 5, tick_thrice, NULL);
    wg_timer_start(loop, 3600000, 0, tick_thrice, NULL); /* does not hold up the end */
    wg_timer_stop(NULL);
    pthread_create(&runner, NULL, run, loop);
    pthread_create(&a, NULL, post_many, loop);
    pthread_create(&b, NULL, ring_many, bell);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    CHECK_INT(wg_loop_post(loop, start_pool, loop), WG_OK);
    soon(&posted, 1000);
    soon(&worked, 2);
    for (int i = 0; i < 400 && rung == 0; i++)
        usleep(1000);
    CHECK(rung >= 1 && rung <= 1000);
    wg_loop_post(loop, free_bell, bell);
    usleep(50000);
    wg_loop_post(loop, stop, loop);
    pthread_join(runner, NULL);
    CHECK_INT(ticks, 3);
    CHECK_INT(wg_loop_post(loop, add_one, &posted), WG_EBUSY);
    wg_loop_free(loop);
}

static void on_hello(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply(req, 200, "text/plain", WG_S("hello"));
}

static const struct wg_http_limits brief = {.idle_ms = 300};

TEST(a_port_that_is_taken_is_an_error_with_a_reason)
{
    struct server s;
    struct wg_http *second = NULL;
    struct wg_loop *loop = NULL;
    struct wg_err err = {0};
    server_start(
        &s,
        (const struct wg_http_route[]){{WG_METHOD_GET, "/hello", on_hello, NULL, 0, 0, NULL}, {0}},
        NULL, NULL);
    CHECK_INT(wg_loop_new(&loop, &err), WG_OK);
    CHECK_INT(wg_http_listen(loop, "127.0.0.1", s.port, s.router, NULL, NULL, NULL, &second, &err),
              WG_EIO);
    CHECK(strstr(err.text, "127.0.0.1"));
    CHECK(second == NULL);
    CHECK_INT(
        wg_http_listen(loop, "no such host.invalid", 0, s.router, NULL, NULL, NULL, &second, &err),
        WG_EIO);
    wg_loop_stop(loop);
    wg_loop_run(loop);
    wg_loop_free(loop);
    server_stop(&s);
}

TEST(names_and_ipv6_addresses_are_listened_on)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1", "[::1]"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        struct wg_loop *loop = NULL;
        struct wg_err err = {0};
        struct server s = {.router = wg_router_new()};
        CHECK_INT(wg_loop_new(&loop, &err), WG_OK);
        s.loop = loop;
        int rc = wg_http_listen(loop, hosts[i], 0, s.router, NULL, NULL, NULL, &s.http, &err);
        if (i < 2) /* a machine need not have IPv6 */
            CHECK_INT(rc, WG_OK);
        if (rc == WG_OK) {
            CHECK(wg_http_port(s.http) > 0);
            wg_http_drain(s.http, 0, server_drained, &s);
        } else {
            wg_loop_stop(loop);
        }
        wg_loop_run(loop);
        wg_loop_free(loop);
        wg_router_free(s.router);
    }
}

/* ---- the client ---- */

static void on_endless(struct wg_req *req, void *arg)
{
    static const struct wg_stream_cb cb = {NULL, NULL};
    struct wg_stream *stream = wg_stream_open(req, "application/jsonl", &cb, NULL);
    (void)arg;
    for (int i = 0; stream && i < 10; i++)
        wg_stream_write(stream, WG_S("{\"n\":1}\n"));
}

static void on_whole(struct wg_req *req, void *arg)
{
    static const struct wg_stream_cb cb = {NULL, NULL};
    struct wg_stream *stream = wg_stream_open(req, "text/plain", &cb, NULL);
    (void)arg;
    wg_stream_write(stream, WG_S("one "));
    wg_stream_write(stream, WG_S("two"));
    wg_stream_end(stream);
}

static void answer_late(void *arg)
{
    wg_reply_empty(arg, 204);
}

static void on_late(struct wg_req *req, void *arg)
{
    struct server *s = arg;
    wg_timer_start(s->loop, 600, 0, answer_late, req);
}

static const struct wg_http_route talks[] = {
    {WG_METHOD_GET, "/hello", on_hello, NULL, 0, 0, NULL},
    {WG_METHOD_POST, "/hello", on_hello, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/endless", on_endless, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/whole", on_whole, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/late", on_late, NULL, 0, 0, NULL},
    {0},
};

static bool collect(struct wg_str chunk, void *arg)
{
    size_t *n = arg;
    *n += chunk.n;
    return *n < 40;
}

TEST(the_client_asks_again_when_a_kept_connection_died)
{
    struct server s;
    struct wg_client *c = NULL;
    struct wg_answer a;
    struct wg_err err = {0};
    char url[64];
    size_t n = 0;
    server_start(&s, talks, &brief, NULL);
    snprintf(url, sizeof(url), "http://localhost:%d", s.port);
    CHECK_INT(wg_client_new("ftp://x", 1000, &c, &err), WG_EINVAL);
    CHECK_INT(wg_client_new(url, 3000, &c, &err), WG_OK);
    CHECK_INT(wg_client_ask(c, "GET", "/hello", NULL, (struct wg_str){0}, NULL, NULL, &a, &err),
              WG_OK);
    CHECK_INT(a.status, 200);
    CHECK_STR(a.body, "hello");
    CHECK_STR(a.type, "text/plain");
    CHECK_INT(wg_client_ask(c, "HEAD", "/hello", NULL, (struct wg_str){0}, NULL, NULL, &a, &err),
              WG_OK);
    CHECK_INT(a.body.n, 0);
    usleep(700000); /* the server has closed by now */
    CHECK_INT(
        wg_client_ask(c, "GET", "/hello", "X-A: b\r\n", (struct wg_str){0}, NULL, NULL, &a, &err),
        WG_OK);
    CHECK_STR(a.body, "hello");
    usleep(700000);
    CHECK_INT(wg_client_ask(c, "POST", "/hello", NULL, WG_S("x"), NULL, NULL, &a, &err), WG_EIO);
    CHECK_INT(wg_client_ask(c, "POST", "/hello", NULL, WG_S("x"), NULL, NULL, &a, &err), WG_OK);
    CHECK_INT(wg_client_ask(c, "GET", "/endless", NULL, (struct wg_str){0}, collect, &n, &a, &err),
              WG_OK);
    CHECK(n >= 40);
    CHECK_INT(wg_client_ask(c, "GET", "/whole", NULL, (struct wg_str){0}, NULL, NULL, &a, &err),
              WG_OK);
    CHECK_STR(a.body, "one two");
    wg_client_free(c);
    server_stop(&s);
}

TEST(the_client_gives_up_in_time)
{
    struct server s;
    struct wg_client *c = NULL;
    struct wg_answer a;
    struct wg_err err = {0};
    char url[64];
    server_start(&s, talks, NULL, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", s.port);
    CHECK_INT(wg_client_new(url, 100, &c, &err), WG_OK);
    CHECK_INT(wg_client_ask(c, "GET", "/late", NULL, (struct wg_str){0}, NULL, NULL, &a, &err),
              WG_EIO);
    CHECK(strstr(err.text, "in time"));
    wg_client_free(c);
    server_stop(&s);
}

RUN_ALL("net_loop")
