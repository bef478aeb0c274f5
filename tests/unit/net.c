/* HTTP over real sockets: what is asked, how it is framed, and what is refused. */
#include "unit/net_help.h"

static void on_hello(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply(req, 200, "text/plain", WG_S("hello"));
}

static void on_item(struct wg_req *req, void *arg)
{
    (void)arg;
    struct wg_str id = wg_req_param(req, "id"), path = wg_req_path(req);
    struct wg_str out = wg_arena_fmt(wg_req_arena(req), "[%.*s] %.*s", WG_PRI(id), WG_PRI(path));
    wg_reply(req, 200, "text/plain", out);
}

static void on_special(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply(req, 200, "text/plain", WG_S("special"));
}

static void on_rest(struct wg_req *req, void *arg)
{
    (void)arg;
    struct wg_str rest = wg_req_param(req, "rest");
    wg_reply(req, 200, "text/plain", wg_arena_fmt(wg_req_arena(req), "<%.*s>", WG_PRI(rest)));
}

static void on_echo(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply(req, 200, "text/plain", wg_req_body(req));
}

static void on_query(struct wg_req *req, void *arg)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str name, value;
    (void)arg;
    for (size_t i = 0; wg_req_query_at(req, i, &name, &value); i++)
        wg_buf_fmt(&b, "%.*s=%.*s;", WG_PRI(name), WG_PRI(value));
    wg_buf_fmt(&b, "a is %.*s", WG_PRI(wg_req_query(req, "a")));
    wg_reply_buf(req, 200, "text/plain", &b);
}

static void on_err(struct wg_req *req, void *arg)
{
    struct wg_err err = {0};
    (void)arg;
    wg_fail_at(&err, WG_EINVAL, "/point/0", "not a \"number\"");
    wg_reply_err(req, 422, &err, WG_S("\"allowed\":[\"accept\"]"));
}

static void on_text(struct wg_req *req, void *arg)
{
    struct wg_buf b = WG_BUF_INIT;
    int64_t n = 0;
    (void)arg;
    wg_str_int(wg_req_param(req, "n"), &n);
    memset(wg_buf_room(&b, (size_t)n), 'a', (size_t)n);
    b.n = (size_t)n;
    wg_reply_header(req, "X-Bad", WG_S("a\r\nSet-Cookie: b"));
    wg_reply_header(req, "ETag", WG_S("\"7\""));
    wg_reply_buf(req, 200, "application/json", &b);
}

static void on_empty(struct wg_req *req, void *arg)
{
    (void)arg;
    wg_reply_empty(req, 204);
}

static void answer_late(void *arg)
{
    struct wg_req *req = arg;
    wg_reply(req, 200, "text/plain", wg_req_param(req, "ms"));
}

static void on_later(struct wg_req *req, void *arg)
{
    struct server *s = arg;
    int64_t ms = 0;
    wg_str_int(wg_req_param(req, "ms"), &ms);
    wg_timer_start(s->loop, (uint64_t)ms, 0, answer_late, req);
}

static const struct wg_http_route routes[] = {
    {WG_METHOD_GET, "/hello", on_hello, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/items/{id}", on_item, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/items/special", on_special, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/items/special/{id}/x", on_item, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/items/{id}/y/x", on_rest, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/files/{rest*}", on_rest, NULL, 0, 0, NULL},
    {WG_METHOD_POST, "/echo", on_echo, NULL, 0, 0, NULL},
    {WG_METHOD_PUT, "/echo", on_echo, NULL, 0, 10, NULL},
    {WG_METHOD_GET, "/query", on_query, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/err", on_err, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/text/{n}", on_text, NULL, 0, 0, NULL},
    {WG_METHOD_DELETE, "/empty", on_empty, NULL, 0, 0, NULL},
    {WG_METHOD_GET, "/later/{ms}", on_later, NULL, 0, 0, NULL},
    {0},
};

/* One server for all tests that need no limits of their own. */
static struct server *common(void)
{
    static struct server s;
    static bool started;
    if (!started)
        server_start(&s, routes, NULL, NULL);
    started = true;
    return &s;
}

TEST(a_get_is_answered_with_length_date_and_type)
{
    struct wg_buf b = talk(common(), "GET /hello HTTP/1.1\r\n" LAST);
    CHECK_INT(status_of(&b), 200);
    CHECK(has(&b, "\r\nContent-Length: 5\r\n"));
    CHECK(has(&b, "\r\nDate: "));
    CHECK(has(&b, " GMT\r\n"));
    CHECK(has(&b, "\r\nContent-Type: text/plain\r\n"));
    CHECK(has(&b, "\r\nX-Content-Type-Options: nosniff\r\n"));
    CHECK(has(&b, "\r\nConnection: close\r\n"));
    CHECK(has(&b, "\r\n\r\nhello"));
    wg_buf_free(&b);
}

TEST(requests_of_one_connection_follow_each_other)
{
    int fd = dial(common()->port);
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        struct wg_buf b = hear(fd, "hello", 5000);
        CHECK_INT(status_of(&b), 200);
        CHECK(!has(&b, "Connection: close"));
        wg_buf_free(&b);
    }
    close(fd);
}

TEST(a_request_may_come_byte_by_byte)
{
    const char *text =
        "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 5\r\n\r\nworld";
    int fd = dial(common()->port);
    for (const char *p = text; *p; p++) {
        say_n(fd, p, 1);
        usleep(300);
    }
    struct wg_buf b = hear(fd, NULL, 5000);
    CHECK_INT(status_of(&b), 200);
    CHECK(has(&b, "\r\n\r\nworld"));
    wg_buf_free(&b);
    close(fd);
}

TEST(http_1_0_closes_unless_it_asks_to_stay)
{
    EXPECT(common(), "GET /hello HTTP/1.0\r\n\r\n", 200, "Connection: close");
    int fd = dial(common()->port);
    say(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    struct wg_buf b = hear(fd, "hello", 5000);
    CHECK(has(&b, "Connection: keep-alive"));
    wg_buf_free(&b);
    say(fd, "GET /hello HTTP/1.0\r\n\r\n");
    b = hear(fd, NULL, 5000);
    CHECK_INT(status_of(&b), 200);
    wg_buf_free(&b);
    close(fd);
}

TEST(pipelined_answers_keep_the_order_of_their_requests)
{
    struct wg_buf b = talk(common(), "GET /later/150 HTTP/1.1\r\n" HOST "\r\n"
                                     "GET /later/20 HTTP/1.1\r\n" HOST "\r\n"
                                     "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                                     "GET /later/1 HTTP/1.1\r\n" LAST);
    CHECK_INT(count(&b, "HTTP/1.1 200 OK"), 4);
    const char *first = strstr(b.p, "\r\n\r\n150"), *second = strstr(b.p, "\r\n\r\n20");
    const char *third = strstr(b.p, "\r\n\r\nhello"), *fourth = strstr(b.p, "\r\n\r\n1");
    CHECK(first && second && third && fourth && first < second && second < third);
    CHECK(strstr(third, "\r\n\r\n1") > third);
    wg_buf_free(&b);
}

TEST(more_requests_than_may_be_in_hand_are_all_answered)
{
    struct wg_buf ask = WG_BUF_INIT;
    for (int i = 0; i < 500; i++)
        wg_buf_lit(&ask, "GET /later/2 HTTP/1.1\r\n" HOST "\r\n");
    wg_buf_lit(&ask, "GET /hello HTTP/1.1\r\n" LAST);
    struct wg_buf b = talk_n(common(), ask.p, ask.n);
    CHECK_INT(count(&b, "HTTP/1.1 200 OK"), 501);
    wg_buf_free(&b);
    wg_buf_free(&ask);
}

TEST(a_body_may_come_in_chunks)
{
    EXPECT(common(),
           "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" LAST
           "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n",
           200, "\r\n\r\nabcdefg");
}

TEST(a_client_that_expects_100_is_told_to_go_on)
{
    int fd = dial(common()->port);
    say(fd, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" LAST);
    struct wg_buf b = hear(fd, "\r\n\r\n", 5000);
    CHECK_TEXT(b.p, "HTTP/1.1 100 Continue\r\n\r\n");
    wg_buf_free(&b);
    say(fd, "ok");
    b = hear(fd, NULL, 5000);
    CHECK(has(&b, "\r\n\r\nok"));
    wg_buf_free(&b);
    close(fd);
    EXPECT(common(), "POST /echo HTTP/1.1\r\nExpect: tea\r\nContent-Length: 2\r\n" LAST "ok", 417,
           ABOUT);
    EXPECT(common(),
           "POST /no HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" HOST "\r\n", 404,
           "Connection: close");
}

TEST(head_has_the_headers_and_no_body)
{
    struct wg_buf b = talk(common(), "HEAD /hello HTTP/1.1\r\n" LAST);
    CHECK_INT(status_of(&b), 200);
    CHECK(has(&b, "Content-Length: 5\r\n"));
    CHECK(!has(&b, "hello"));
    wg_buf_free(&b);
}

TEST(options_lists_what_a_path_can_do)
{
    EXPECT(common(), "OPTIONS /echo HTTP/1.1\r\n" LAST, 204, "Allow: POST, PUT, OPTIONS\r\n");
    EXPECT(common(), "OPTIONS * HTTP/1.1\r\n" LAST, 204, "Allow: GET, HEAD, POST");
    EXPECT(common(), "OPTIONS /none HTTP/1.1\r\n" LAST, 404, ABOUT);
}

TEST(another_method_is_405_and_an_unknown_one_501)
{
    EXPECT(common(), "DELETE /hello HTTP/1.1\r\n" LAST, 405, "Allow: GET, HEAD, OPTIONS\r\n");
    EXPECT(common(), "PROPFIND /hello HTTP/1.1\r\n" LAST, 501, ABOUT);
    EXPECT(common(), "BREW /hello HTTP/1.1\r\n" LAST, 501, ABOUT);
    EXPECT(common(), "CONNECT t:443 HTTP/1.1\r\n" LAST, 501, ABOUT);
}

TEST(an_unknown_path_is_a_problem_and_the_connection_lives_on)
{
    struct wg_buf b =
        talk(common(), "POST /none HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                       "POST /none HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n" LAST);
    CHECK_INT(status_of(&b), 404);
    CHECK_INT(count(&b, "404 Not Found"), 2);
    CHECK(has(&b, "Content-Type: " ABOUT "\r\n"));
    CHECK(
        has(&b, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\""));
    CHECK(has(&b, "\r\n\r\nhello"));
    wg_buf_free(&b);
    EXPECT(common(), "POST /none HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\nabc", 404,
           "Connection: close");
}

TEST(malformed_requests_are_400_and_closed)
{
    static const char *const bad[] = {
        "\x16\x03\x01\x02\x00\x01",
        "GET hello HTTP/1.1\r\n" LAST,
        "GET /hello HTTP/1.1\r\nHost t\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost : t\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /hello HTTP/1.1\nHost: t\n\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\nX:\r\n b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\nX: a\rY: b\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /echo HTTP/1.1\r\n" HOST
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        "GET /items/%zz HTTP/1.1\r\n" LAST,
        "GET /items/%4 HTTP/1.1\r\n" LAST,
        "GET /items/%00 HTTP/1.1\r\n" LAST,
        "GET /query?a=%x HTTP/1.1\r\n" LAST,
        "GET /hello#frag HTTP/1.1\r\n" LAST,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        EXPECT(common(), bad[i], 400, "Connection: close\r\n");
        EXPECT(common(), bad[i], 400, "\"title\":\"Bad Request\",\"status\":400");
    }
}

TEST(codings_we_cannot_undo_and_other_versions_are_refused)
{
    EXPECT(common(),
           "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
           ABOUT);
    EXPECT(common(), "GET /hello HTTP/1.2\r\n" LAST, 505, ABOUT);
    EXPECT(common(), "GET /hello HTTP/2.0\r\n" LAST, 505, ABOUT);
    EXPECT(common(), "GET /hello\r\n\r\n", 505, ABOUT);
    EXPECT(common(), "GET /hello HTTP/0.9\r\n" LAST, 505, ABOUT);
}

TEST(too_large_bodies_are_413_as_early_as_they_are_known)
{
    EXPECT(common(), "POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n" HOST "\r\n", 413,
           "Connection: close");
    EXPECT(common(),
           "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n" HOST "\r\n", 400,
           ABOUT);
    EXPECT(common(), "PUT /echo HTTP/1.1\r\nContent-Length: 11\r\n" LAST "hello hello", 413, ABOUT);
    EXPECT(common(), "PUT /echo HTTP/1.1\r\nContent-Length: 10\r\n" LAST "hello hell", 200,
           "hello hell");
    EXPECT(common(),
           "PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST "\r\nb\r\nhello hello\r\n",
           413, "Connection: close");
}

static struct wg_buf long_request(const char *start, const char *unit, int times)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_add(&b, start, strlen(start));
    for (int i = 0; i < times; i++)
        wg_buf_add(&b, unit, strlen(unit));
    wg_buf_char(&b, '\0');
    return b;
}

TEST(long_targets_are_414_and_long_heads_431)
{
    struct wg_buf a = long_request("GET /", "0123456789", 1700);
    EXPECT(common(), a.p, 414, ABOUT);
    wg_buf_free(&a);
    a = long_request("GET /hello HTTP/1.1\r\nHost: t\r\nX: ", "0123456789", 1700);
    EXPECT(common(), a.p, 431, ABOUT);
    wg_buf_free(&a);
    a = long_request("GET /hello HTTP/1.1\r\nHost: t\r\n", "X: y\r\n", 150);
    EXPECT(common(), a.p, 431, ABOUT);
    wg_buf_free(&a);
    a = long_request("GET /hello HTTP/1.1\r\n", "X: y\r\n", 120);
    a.n--;
    wg_buf_lit(&a, LAST "\0");
    EXPECT(common(), a.p, 200, "hello");
    wg_buf_free(&a);
    a = long_request("GET /query?", "a=0123456789&", 1100);
    a.n--;
    wg_buf_lit(&a, " HTTP/1.1\r\n" LAST "\0");
    EXPECT(common(), a.p, 200, "a is 0123456789");
    wg_buf_free(&a);
}

TEST(paths_are_decoded_by_segment_and_never_collapsed)
{
    EXPECT(common(), "GET /items/a%2Fb%20c HTTP/1.1\r\n" LAST, 200, "[a/b c] /items/a/b c");
    EXPECT(common(), "GET /%69tems/%E5%8E%BF HTTP/1.1\r\n" LAST, 200, "[县] /items/县");
    EXPECT(common(), "GET //hello HTTP/1.1\r\n" LAST, 404, ABOUT);
    EXPECT(common(), "GET /hello/ HTTP/1.1\r\n" LAST, 404, ABOUT);
    EXPECT(common(), "GET /items/ HTTP/1.1\r\n" LAST, 404, ABOUT);
    EXPECT(common(), "GET http://t/hello HTTP/1.1\r\n" LAST, 200, "hello");
}

TEST(text_wins_over_a_parameter_and_a_dead_end_is_left_again)
{
    EXPECT(common(), "GET /items/special HTTP/1.1\r\n" LAST, 200, "special");
    EXPECT(common(), "GET /items/special/7/x HTTP/1.1\r\n" LAST, 200, "[7]");
    EXPECT(common(), "GET /items/other/y/x HTTP/1.1\r\n" LAST, 200, "<>");
    EXPECT(common(), "GET /files/a/b%2Fc HTTP/1.1\r\n" LAST, 200, "<a/b/c>");
    EXPECT(common(), "GET /files/ HTTP/1.1\r\n" LAST, 200, "<>");
    EXPECT(common(), "GET /files/a/%2e%2e/b HTTP/1.1\r\n" LAST, 404, ABOUT);
    EXPECT(common(), "GET /files/..%2fb HTTP/1.1\r\n" LAST, 404, ABOUT);
}

TEST(bad_patterns_and_doubles_are_refused)
{
    struct wg_router *r = wg_router_new();
    static const char *const bad[] = {"", "x", "/{", "/{}", "/a{b}", "/{a*}/b", "/{*}", "/{a}b"};
    struct wg_http_route route = {WG_METHOD_GET, "/a/{b}", on_hello, NULL, 0, 0, NULL};
    CHECK_INT(wg_router_add(r, &route, NULL), WG_OK);
    route.pattern = "/a/{c}";
    CHECK_INT(wg_router_add(r, &route, NULL), WG_EEXIST);
    route.method = WG_METHOD_POST;
    CHECK_INT(wg_router_add(r, &route, NULL), WG_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        route.pattern = bad[i];
        CHECK_INT(wg_router_add(r, &route, NULL), WG_EINVAL);
    }
    wg_router_free(r);
}

TEST(query_parameters_are_decoded_in_order)
{
    EXPECT(common(), "GET /query?a=1%262&b&c=x+y&&a=3=4 HTTP/1.1\r\n" LAST, 200,
           "a=1&2;b=;c=x y;a=3=4;a is 1&2");
    EXPECT(common(), "GET /query HTTP/1.1\r\n" LAST, 200, "\r\n\r\na is ");
}

TEST(an_error_names_the_field_at_fault)
{
    EXPECT(common(), "GET /err HTTP/1.1\r\n" LAST, 422,
           "{\"type\":\"about:blank\",\"title\":\"Unprocessable "
           "Content\",\"status\":422,\"detail\":\"not a \\\"number\\\"\","
           "\"errors\":[{\"pointer\":\"/point/0\",\"detail\":\"not a "
           "\\\"number\\\"\"}],\"allowed\":[\"accept\"]}");
}

TEST(text_is_gzipped_for_those_who_accept_it)
{
    static const struct {
        const char *accept, *n;
        bool packed;
    } rows[] = {
        {"gzip", "1400", true},
        {"gzip", "200000", true},
        {"gzip", "1399", false},
        {"deflate, br", "5000", false},
        {"gzip;q=0", "5000", false},
        {"*", "5000", true},
        {"*;q=0", "5000", false},
        {"br, GZIP ;q=0.5", "5000", true},
        {"*, gzip;q=0.000", "5000", false},
        {"identity", "200000", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char ask[256];
        snprintf(ask, sizeof(ask), "GET /text/%s HTTP/1.1\r\nAccept-Encoding: %s\r\n" LAST,
                 rows[i].n, rows[i].accept);
        struct wg_buf b = talk(common(), ask);
        CHECK_INT(status_of(&b), 200);
        CHECK_INT(has(&b, "Content-Encoding: gzip\r\n"), rows[i].packed);
        CHECK_INT(has(&b, "Vary: Accept-Encoding\r\n"), atoi(rows[i].n) >= 1400);
        CHECK_INT(has(&b, "\r\n\r\n\x1f\x8b"), rows[i].packed);
        if (!rows[i].packed)
            CHECK((int)b.n > atoi(rows[i].n));
        else
            CHECK(b.n < 1000);
        wg_buf_free(&b);
    }
}

TEST(a_header_with_a_line_break_is_dropped)
{
    struct wg_buf b = talk(common(), "GET /text/3 HTTP/1.1\r\n" LAST);
    CHECK(!has(&b, "Set-Cookie"));
    CHECK(has(&b, "ETag: \"7\"\r\n"));
    wg_buf_free(&b);
}

TEST(an_answer_without_a_body_has_no_length)
{
    struct wg_buf b = talk(common(), "DELETE /empty HTTP/1.1\r\n" LAST);
    CHECK_INT(status_of(&b), 204);
    CHECK(!has(&b, "Content-Length"));
    CHECK(!has(&b, "Transfer-Encoding"));
    wg_buf_free(&b);
}

TEST(an_upgrade_is_ignored)
{
    EXPECT(common(),
           "GET /hello HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n" HOST "\r\n"
           "GET /items/after HTTP/1.1\r\n" LAST,
           200, "[after]");
}

TEST(the_common_server_drains)
{
    server_stop(common());
}

RUN_ALL("net")
