#include "net/net_internal.h"

#include <strings.h>

/* ---- what llhttp calls ---- */

static int add_piece(struct wg_req *req, struct span *s, const char *at, size_t n)
{
    uint32_t off = (uint32_t)(at - (req->head->p + req->base));
    if (n == 0)
        return 0;
    if (s->n == 0)
        s->at = off;
    else if (s->at + s->n != off)
        return HPE_USER; /* a folded header: obsolete, and two servers may read it in two ways */
    s->n += (uint32_t)n;
    return 0;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct wg_req *req = ((struct conn *)p->data)->cur;
    return add_piece(req, &req->target, at, n);
}

static struct header *header_next(struct wg_req *req)
{
    if (req->header_count == HEADER_MANY)
        return NULL;
    if (req->header_count == req->header_cap) {
        struct header *more = wg_arena_alloc(req->arena, HEADER_MANY * sizeof(*more));
        if (!more)
            return NULL;
        memcpy(more, req->headers, req->header_count * sizeof(*more));
        req->headers = more;
        req->header_cap = HEADER_MANY;
    }
    struct header *h = &req->headers[req->header_count++];
    *h = (struct header){{0, 0}, {0, 0}};
    return h;
}

static int on_field(llhttp_t *p, const char *at, size_t n)
{
    struct wg_req *req = ((struct conn *)p->data)->cur;
    if (req->head_done)
        return 0; /* a trailer: read and forgotten */
    if (!req->field_open && !header_next(req))
        return HPE_CB_HEADERS_COMPLETE; /* too many: told apart in parse_error */
    req->field_open = true;
    return add_piece(req, &req->headers[req->header_count - 1].name, at, n);
}

static int on_field_complete(llhttp_t *p)
{
    struct wg_req *req = ((struct conn *)p->data)->cur;
    if (req->head_done || !req->field_open)
        return 0;
    req->field_open = false;
    struct wg_str name = req_span(req, req->headers[req->header_count - 1].name);
    uint16_t index = (uint16_t)req->header_count; /* + 1, as it is kept */
    if (name.n == 4 && strncasecmp(name.p, "host", 4) == 0)
        req->hosts++;
    else if (name.n == 6 && strncasecmp(name.p, "expect", 6) == 0)
        req->expect = index;
    else if (name.n == 14 && strncasecmp(name.p, "content-length", 14) == 0)
        req->lengths++;
    else if (name.n == 15 && strncasecmp(name.p, "accept-encoding", 15) == 0)
        req->accept = index;
    else if (name.n == 17 && strncasecmp(name.p, "transfer-encoding", 17) == 0) {
        req->encodings++;
        req->coding = index;
    }
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct wg_req *req = ((struct conn *)p->data)->cur;
    if (req->head_done || req->header_count == 0)
        return 0;
    return add_piece(req, &req->headers[req->header_count - 1].value, at, n);
}

static int on_complete(llhttp_t *p)
{
    ((struct conn *)p->data)->cur->parsed = true;
    return HPE_PAUSED; /* one message at a time; handlers run outside of the parser */
}

/* ---- the head is there ---- */

/* The length of the head up to and with its empty line, or 0 where it is not as it must be: lines
 * end with CR LF, no other CR or LF stands anywhere, and no line begins with a space. llhttp is
 * more generous; a front server that is not would see other requests than we do. */
static uint32_t head_strict(const char *head, const char *end)
{
    const char *p = head;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl || nl == p || *p == ' ' || *p == '\t')
            return 0;
        if (memchr(p, '\r', (size_t)(nl - p)) != nl - 1)
            return 0;
        if (nl == p + 1)
            return (uint32_t)(nl + 1 - head);
        p = nl + 1;
    }
    return 0;
}

static int method_flag(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return WG_METHOD_GET;
    case HTTP_POST:
        return WG_METHOD_POST;
    case HTTP_PUT:
        return WG_METHOD_PUT;
    case HTTP_DELETE:
        return WG_METHOD_DELETE;
    case HTTP_PATCH:
        return WG_METHOD_PATCH;
    case HTTP_OPTIONS:
        return WG_METHOD_OPTIONS;
    default:
        return 0;
    }
}

/* Path and query of the target. The absolute form is for proxies, but servers must take it (RFC
 * 9112, 3.2.2). */
static bool target_split(struct wg_req *req)
{
    struct wg_str t = req_span(req, req->target);
    const char *p = t.p, *end = t.p + t.n;
    if (t.n == 0)
        return false;
    if (*p != '/') {
        size_t scheme = t.n > 8 && strncasecmp(p, "https://", 8) == 0  ? 8
                        : t.n > 7 && strncasecmp(p, "http://", 7) == 0 ? 7
                                                                       : 0;
        if (scheme == 0)
            return false;
        p = memchr(p + scheme, '/', t.n - scheme);
        if (!p)
            return false;
    }
    const char *mark = memchr(p, '?', (size_t)(end - p));
    req->raw_path = (struct wg_str){p, (size_t)((mark ? mark : end) - p)};
    req->raw_query =
        mark ? (struct wg_str){mark + 1, (size_t)(end - mark - 1)} : (struct wg_str){NULL, 0};
    if (memchr(p, '#', (size_t)(end - p)) || !net_url_ok((struct wg_str){p, (size_t)(end - p)}))
        return false;
    if (!memchr(p, '%', req->raw_path.n))
        req->path = req->raw_path;
    return true;
}

/* Faults after which we cannot know where the next request begins: an answer, then close. */
static int framing_fault(struct conn *c, struct wg_req *req, const char **detail)
{
    const llhttp_t *p = &c->parser;
    *detail = NULL;
    if (p->http_major != 1 || p->http_minor > 1) {
        *detail = "This server speaks HTTP/1.0 and HTTP/1.1.";
        return 505;
    }
    if (p->method == HTTP_CONNECT) {
        *detail = "This server is no proxy.";
        return 501;
    }
    uint32_t head_n = head_strict(req->head->p + req->base, c->in->p + c->fill);
    if (head_n == 0) {
        *detail = "Header lines must end with CR LF and may not be folded.";
        return 400;
    }
    if (head_n > c->http->limits.header_max)
        return req->target.n > c->http->limits.header_max / 2 ? 414 : 431;
    if (req->hosts > 1 || (req->hosts == 0 && !req->http10)) {
        *detail = "A request has one Host header.";
        return 400;
    }
    if (req->encodings) {
        *detail =
            "The body is sent either with a Content-Length or with Transfer-Encoding: chunked.";
        if (req->lengths || req->http10 || req->encodings > 1)
            return 400;
        struct wg_str coding = req_header_at(req, req->coding - 1u);
        if (coding.n != 7 || strncasecmp(coding.p, "chunked", 7) != 0)
            return 501;
    }
    if (!target_split(req) && !wg_str_is(req_span(req, req->target), "*")) {
        *detail = "The path or query is not well-formed.";
        return 400;
    }
    return 0;
}

static const char *refuse_method(struct wg_req *req, int status)
{
    static const char *const unknown = "This server does not know the method.";
    struct wg_buf allow = WG_BUF_INIT;
    if (status == 501)
        return unknown;
    reply_allow(req->match.allow, &allow);
    wg_reply_header(req, "Allow", wg_buf_str(&allow));
    wg_buf_free(&allow);
    return "This path does not know the method; Allow lists those it does.";
}

/* Find the row; answers and returns false where there is none. */
static bool route_found(struct conn *c, struct wg_req *req)
{
    bool options = c->parser.method == HTTP_OPTIONS;
    req->method = method_flag(c->parser.method);
    if (!req->method) {
        wg_reply_problem(req, 501, refuse_method(req, 501));
        return false;
    }
    int rc = WG_ESTATE;
    if (req->raw_path.p)
        rc = net_router_match(c->http->router, req->raw_path, req->method, req->arena, &req->match);
    else if (!options)
        rc = WG_ENOENT;
    else
        req->match.allow = ~0u;
    if (rc == WG_OK)
        return true;
    if (rc == WG_ENOENT) {
        wg_reply_problem(req, 404, "There is nothing at this path.");
    } else if (rc == WG_ENOMEM) {
        wg_reply_problem(req, 500, "Out of memory.");
    } else {
        const char *detail = refuse_method(req, 405);
        if (options)
            wg_reply_empty(req, 204);
        else
            wg_reply_problem(req, 405, detail);
    }
    return false;
}

/* What may refuse a request whose row is known. False: refused, or `before` has taken it. */
static bool admitted(struct conn *c, struct wg_req *req)
{
    const struct wg_http_route *r = &req->match.row->r;
    int status = 500;
    req->body_max = r->body_max ? r->body_max : c->http->limits.body_max;
    if (req->lengths && c->parser.content_length > req->body_max) {
        wg_reply_problem(req, 413, "The body is larger than this path takes.");
        return false;
    }
    if (req->expect && !req->http10) {
        struct wg_str expect = req_header_at(req, req->expect - 1u);
        if (expect.n != 12 || strncasecmp(expect.p, "100-continue", 12) != 0) {
            wg_reply_problem(req, 417, "The only expectation known is 100-continue.");
            return false;
        }
        req->expect_due = true;
    }
    if (c->http->before) {
        req->given = true;
        if (!c->http->before(req, c->http->before_arg) || req->answered)
            return false;
        req->given = false;
    }
    if ((r->flags & WG_HTTP_SPOOL) && !(req->spool = net_spool_open(req, &status))) {
        wg_reply_problem(req, status, "The body cannot be stored.");
        return false;
    }
    return true;
}

static bool has_body(const struct conn *c, const struct wg_req *req)
{
    return req->encodings || (req->lengths && c->parser.content_length > 0);
}

static int on_head(llhttp_t *p)
{
    struct conn *c = p->data;
    struct wg_req *req = c->cur;
    const char *detail = NULL;
    req->head_done = true;
    req->http10 = p->http_minor == 0;
    req->is_head = p->method == HTTP_HEAD;
    req->keep = llhttp_should_keep_alive(p);
    req->close = !req->keep || p->method == HTTP_CONNECT;
    p->upgrade = 0; /* we offer nothing to upgrade to; a server may ignore the wish */
    c->mark_ms = c->body_ms = uv_now(net_loop_uv(c->http->loop));
    int status = framing_fault(c, req, &detail);
    if (status) {
        conn_fail(c, status, detail);
        return HPE_USER;
    }
    c->http->stats.requests++;
    /* The small body of a refused request is read and forgotten; for a large one, or one that waits
     * for 100 Continue, it is cheaper for both sides to close. */
    req->costly = has_body(c, req) && (p->content_length > DISCARD_MAX || req->expect);
    if (route_found(c, req) && admitted(c, req))
        return 0;
    req->expect_due = false; /* refused, or taken by `before` */
    req->discard = true;
    if (req->close || req->costly) {
        c->stop = c->linger_due = true;
        req->parsed = true;
        c->cur = NULL;
        return HPE_USER;
    }
    return 0;
}

/* ---- the body ---- */

/* The framing of chunks may not cost more than the bytes in them are worth. */
static bool framing_fair(const struct conn *c, const struct wg_req *req)
{
    return req->raw <= 2 * c->http->limits.header_max + 16 * req->got; /* raw may hold the head */
}

static int body_keep(struct conn *c, struct wg_req *req, const char *at, size_t n)
{
    if (req->spool) {
        net_spool_add(req, at, n);
        return 0;
    }
    if (req->body.n == 0) { /* the usual case: it came whole, and stays where it is */
        req->body = (struct wg_str){at, n};
        if (c->in == req->head)
            return 0;
        req->body.n = 0;
    } else if (req->body.p != req->body_buf.p) {
        wg_buf_str_add(&req->body_buf, req->body);
    }
    wg_buf_add(&req->body_buf, at, n);
    req->body = wg_buf_str(&req->body_buf);
    if (wg_buf_ok(&req->body_buf))
        return 0;
    conn_fail(c, 503, "Out of memory.");
    return HPE_USER;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;
    struct wg_req *req = c->cur;
    req->got += n;
    req->expect_due = false;
    if (req->discard) {
        if (req->got <= DISCARD_MAX)
            return 0;
        c->stop = c->linger_due = true;
        req->parsed = true;
        c->cur = NULL;
        return HPE_USER;
    }
    if (req->got > req->body_max) {
        conn_fail(c, 413, "The body is larger than this path takes.");
        return HPE_USER;
    }
    return body_keep(c, req, at, n);
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- one step ---- */

/* A method that llhttp does not know is 501 where it is a token at all. */
static bool method_token(struct wg_str s)
{
    size_t n = 0;
    while (n < s.n && ((s.p[n] >= 'A' && s.p[n] <= 'Z') || s.p[n] == '-' || s.p[n] == '_'))
        n++;
    return n > 0 && n < s.n && s.p[n] == ' ';
}

static void parse_error(struct conn *c, enum llhttp_errno code)
{
    struct wg_req *req = c->cur;
    const char *reason = llhttp_get_error_reason(&c->parser);
    if (!req)
        return; /* it was our own callback that stopped, and has answered */
    if (code == HPE_CB_HEADERS_COMPLETE)
        conn_fail(c, 431, "Too many headers.");
    else if (code == HPE_INVALID_VERSION && reason && strcmp(reason, "Invalid HTTP version") == 0)
        conn_fail(c, 505, "This server speaks HTTP/1.0 and HTTP/1.1.");
    else if (code == HPE_INVALID_METHOD &&
             method_token((struct wg_str){c->in->p + req->base, c->fill - req->base}))
        conn_fail(c, 501, "This server does not know the method.");
    else
        conn_fail(c, 400, code == HPE_USER ? "A header may not be folded." : reason);
}

static void message_whole(struct conn *c, struct wg_req *req)
{
    c->cur = NULL;
    req->expect_due = false;
    if (req->close || c->http->draining)
        c->stop = true;
    if (req->answered || req->given)
        return; /* refused, or with `before`; its body is behind us */
    if (req->spool) {
        c->blocked = true;
        net_spool_end(req);
    } else {
        req_body_whole(req);
    }
}

static void head_too_long(struct conn *c, const struct wg_req *req)
{
    bool target = req->header_count == 0 || req->target.n > c->http->limits.header_max / 2;
    conn_fail(c, target ? 414 : 431, NULL);
}

static bool message_begin(struct conn *c)
{
    while (c->pos < c->fill && (c->in->p[c->pos] == '\r' || c->in->p[c->pos] == '\n'))
        c->pos++; /* an empty line before a request is forgiven (RFC 9112, 2.2) */
    if (c->pos == c->fill)
        return false;
    if (!(c->cur = req_new(c))) {
        conn_abort(c);
        return false;
    }
    c->mark_ms = uv_now(net_loop_uv(c->http->loop));
    llhttp_init(&c->parser, HTTP_REQUEST, &settings);
    c->parser.data = c;
    return true;
}

void conn_parse(struct conn *c)
{
    if (!c->cur && !message_begin(c))
        return;
    struct wg_req *req = c->cur;
    const char *from = c->in->p + c->pos;
    if (req->head_done)
        c->mark_ms = uv_now(net_loop_uv(c->http->loop));
    enum llhttp_errno rc = llhttp_execute(&c->parser, from, c->fill - c->pos);
    const char *to = rc == HPE_OK ? c->in->p + c->fill : llhttp_get_error_pos(&c->parser);
    if (rc != HPE_OK && rc != HPE_PAUSED) {
        parse_error(c, rc);
        c->pos = c->fill;
        return;
    }
    if (req->head_done)
        req->raw += (size_t)(to - from);
    c->pos = (uint32_t)(to - c->in->p);
    if (req->parsed)
        message_whole(c, req);
    else if (!req->head_done && c->fill - req->base > c->http->limits.header_max)
        head_too_long(c, req);
    else if (req->head_done && req->encodings && !framing_fair(c, req))
        conn_fail(c, 400, "The chunks of the body are too small.");
}

void req_body_whole(struct wg_req *req)
{
    const struct wg_http_route *r = &req->match.row->r;
    req->given = true;
    r->handle(req, r->arg);
}

void conn_fail(struct conn *c, int status, const char *detail)
{
    struct wg_req *req = c->cur;
    c->stop = c->linger_due = true;
    c->blocked = false;
    if (!req && !(req = req_new(c))) {
        conn_abort(c);
        return;
    }
    c->cur = NULL;
    c->pos = c->fill; /* where the next request would begin is not known any more */
    req->parsed = true;
    req->close = true;
    if (status == 503)
        wg_reply_header(req, "Retry-After", WG_S("1"));
    if (req->answered || req->given)
        conn_advance(c); /* it has an answer, or will; what follows it is lost either way */
    else
        wg_reply_problem(req, status, detail);
}
