#include "net/net_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HEAD_ROOM 320 /* all of a head but its type and the handler's headers */
#define COPY_MAX                                                                                  \
    (8 * 1024) /* a smaller body is copied behind its head; a larger one is sent from where it is \
                */

const char *reply_title(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Status";
}

/* ---- the head ---- */

static char *put(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}
#define PUT(p, lit) put((p), (lit), sizeof(lit) - 1)

static char *put_number(char *p, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10));
    while (n)
        *p++ = digits[--n];
    return p;
}

/* The date changes once a second; making it costs more than all the rest of the head. */
static char *put_date(struct wg_http *http, char *p)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (http->date_s != now.tv_sec) {
        struct tm tm;
        time_t t = now.tv_sec;
        gmtime_r(&t, &tm);
        strftime(http->date, sizeof(http->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        http->date_s = now.tv_sec;
    }
    return put(p, http->date, 37);
}

static char *put_status(char *p, int status)
{
    if (status == 200)
        return PUT(p, "HTTP/1.1 200 OK\r\n");
    const char *title = reply_title(status);
    p = PUT(p, "HTTP/1.1 ");
    p = put_number(p, (uint64_t)status);
    *p++ = ' ';
    p = put(p, title, strlen(title));
    return PUT(p, "\r\n");
}

static char *put_framing(struct wg_req *req, char *p, int status, int64_t length)
{
    if (status == 204 || status == 304)
        return p;
    if (length >= 0) {
        p = PUT(p, "Content-Length: ");
        p = put_number(p, (uint64_t)length);
        return PUT(p, "\r\n");
    }
    if (!req->http10)
        return PUT(p, "Transfer-Encoding: chunked\r\n");
    req->close = req->conn->stop =
        true; /* HTTP/1.0 sees the end of it by the end of the connection */
    return p;
}

bool reply_begin(struct wg_req *req)
{
    wg_require(!req->answered);
    req->answered = true;
    req->given = false;
    if (!req->gone)
        return true;
    req->finished = true;
    req_release(req);
    return false;
}

bool reply_head(struct wg_req *req, int status, const char *type, int64_t length,
                const char *encoding)
{
    struct conn *c = req->conn;
    struct wg_http *http = req->http;
    struct chain *to = req_out(req);
    size_t type_n = type ? strlen(type) : 0;
    char *start = net_chain_room(http, to, HEAD_ROOM + type_n + req->extra.n), *p = start;
    wg_require(status >= 200 && status < 600);
    if (!start) {
        req->finished = true;
        conn_abort(c);
        return false;
    }
    http->stats.by_class[status / 100]++;
    p = put_status(p, status);
    p = put_date(http, p);
    if (type_n) {
        p = PUT(p, "Content-Type: ");
        p = put(p, type, type_n);
        p = PUT(p, "\r\n");
    }
    p = put_framing(req, p, status, length);
    p = PUT(p, "X-Content-Type-Options: nosniff\r\n");
    if (encoding)
        p = PUT(p, "Vary: Accept-Encoding\r\n");
    if (encoding && *encoding) {
        p = PUT(p, "Content-Encoding: ");
        p = put(p, encoding, strlen(encoding));
        p = PUT(p, "\r\n");
    }
    if (req->extra.n)
        p = put(p, req->extra.p, req->extra.n);
    if (req->costly && !req->parsed)
        req->close = true;
    if (req->close || (c->last == req && (c->stop || http->draining)))
        p = PUT(p, "Connection: close\r\n");
    else if (req->http10)
        p = PUT(p, "Connection: keep-alive\r\n");
    p = PUT(p, "\r\n");
    net_chain_add(to, (size_t)(p - start));
    return true;
}

void reply_finish(struct wg_req *req)
{
    struct conn *c = req->conn;
    req->finished = true;
    conn_advance(c);
    conn_pump(c);
}

/* ---- whole answers ---- */

void wg_reply_header(struct wg_req *req, const char *name, struct wg_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0') {
            wg_log(WG_WARN, "net", "a header with a line break was dropped", "name", name, NULL);
            return;
        }
    if (!*name || strpbrk(name, "\r\n: \t"))
        return;
    req->has_coding |= strcasecmp(name, "content-encoding") == 0;
    size_t n = strlen(name);
    if (!wg_buf_room(&req->extra, n + value.n + 4)) {
        wg_buf_clear(&req->extra);
        return;
    }
    wg_buf_add(&req->extra, name, n);
    wg_buf_lit(&req->extra, ": ");
    wg_buf_str_add(&req->extra, value);
    wg_buf_lit(&req->extra, "\r\n");
}

/* Whether the body might be compressed for some client, which its caches must know. */
static bool codable(const struct wg_req *req, const char *type, size_t n)
{
    return !req->has_coding && net_gzip_fits(type, n);
}

static void send_body(struct wg_req *req, bool sent)
{
    if (!sent) {
        req->finished =
            true; /* the head has gone out and its body cannot: the client must see a break */
        conn_abort(req->conn);
        return;
    }
    reply_finish(req);
}

void wg_reply(struct wg_req *req, int status, const char *type, struct wg_str body)
{
    if (codable(req, type, body.n)) {
        struct wg_buf copy = WG_BUF_INIT;
        wg_buf_str_add(&copy, body);
        if (wg_buf_ok(&copy)) {
            wg_reply_buf(req, status, type, &copy);
            return;
        }
        wg_buf_free(&copy);
    }
    if (!reply_begin(req) || !reply_head(req, status, type, (int64_t)body.n, NULL))
        return;
    send_body(req, req->is_head || net_chain_copy(req->http, req_out(req), body.p, body.n));
}

void wg_reply_buf(struct wg_req *req, int status, const char *type, struct wg_buf *body)
{
    struct wg_buf own = *body;
    bool sent = true, vary = codable(req, type, own.n);
    *body = (struct wg_buf)WG_BUF_INIT;
    if (!wg_buf_ok(&own)) { /* a body with a hole in it is no answer */
        wg_buf_free(&own);
        wg_reply_problem(req, 500, "Out of memory.");
        return;
    }
    if (!reply_begin(req))
        goto out;
    if (vary && net_gzip_accepted(req) && net_gzip_start(req, status, type, &own))
        goto out;
    if (!reply_head(req, status, type, (int64_t)own.n, vary ? "" : NULL))
        goto out;
    if (req->is_head) {
        sent = true;
    } else if (own.n <= COPY_MAX) {
        sent = net_chain_copy(req->http, req_out(req), own.p, own.n);
    } else {
        sent = net_chain_own(req->http, req_out(req), own.p, own.n);
        own.p = NULL;
    }
    send_body(req, sent);
out:
    free(own.p);
}

void wg_reply_empty(struct wg_req *req, int status)
{
    if (reply_begin(req) && reply_head(req, status, NULL, 0, NULL))
        reply_finish(req);
}

/* ---- problems ---- */

static void problem_open(struct wg_buf *b, int status, struct wg_str detail)
{
    wg_buf_lit(b, "{\"type\":\"about:blank\",\"title\":");
    wg_buf_json(b, wg_str_of(reply_title(status)));
    wg_buf_lit(b, ",\"status\":");
    wg_buf_int(b, status);
    if (detail.n) {
        wg_buf_lit(b, ",\"detail\":");
        wg_buf_json(b, detail);
    }
}

static void problem_send(struct wg_req *req, int status, struct wg_buf *b)
{
    wg_buf_char(b, '}');
    if (wg_buf_ok(b)) {
        wg_reply_buf(req, status, "application/problem+json", b);
        return;
    }
    wg_buf_free(b);
    wg_reply_empty(req, status);
}

void wg_reply_problem(struct wg_req *req, int status, const char *detail)
{
    struct wg_buf b = WG_BUF_INIT;
    problem_open(&b, status, wg_str_of(detail));
    problem_send(req, status, &b);
}

void wg_reply_err(struct wg_req *req, int status, const struct wg_err *err, struct wg_str extra)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str detail = wg_str_of(err->text);
    problem_open(&b, status, detail);
    if (err->pointer[0]) {
        wg_buf_lit(&b, ",\"errors\":[{\"pointer\":");
        wg_buf_json(&b, wg_str_of(err->pointer));
        wg_buf_lit(&b, ",\"detail\":");
        wg_buf_json(&b, detail);
        wg_buf_lit(&b, "}]");
    }
    if (extra.n) {
        wg_buf_char(&b, ',');
        wg_buf_str_add(&b, extra);
    }
    problem_send(req, status, &b);
}

void reply_allow(unsigned methods, struct wg_buf *out)
{
    static const char *const names[] = {"GET, HEAD, ", "POST, ", "PUT, ", "DELETE, ", "PATCH, "};
    for (unsigned i = 0; i < 5; i++)
        if (methods & 1u << i)
            wg_buf_add(out, names[i], strlen(names[i]));
    wg_buf_lit(out, "OPTIONS");
}
