#include "net/net_internal.h"

#include <stdlib.h>
#include <strings.h>

#define POOLED_REQS 256
#define KEEP_BUF 4096 /* a larger buffer goes back to the heap with its request */

static void buf_recycle(struct wg_buf *b)
{
    if (b->cap > KEEP_BUF)
        wg_buf_free(b);
    wg_buf_clear(b);
}

struct wg_req *req_new(struct conn *c)
{
    struct wg_http *http = c->http;
    struct wg_req *req = http->free_reqs;
    if (req) {
        http->free_reqs = req->next;
        http->free_req_count--;
        req->next = NULL;
    } else {
        if (!(req = calloc(1, sizeof(*req))))
            return NULL;
        if (!(req->arena = wg_arena_new(0))) {
            free(req);
            return NULL;
        }
    }
    req->http = http;
    req->conn = c;
    req->headers = req->few;
    req->header_cap = HEADER_FEW;
    req->head = c->in;
    if (c->in)
        c->in->refs++;
    req->base = c->pos;
    req->listed = true;
    if (c->last)
        c->last->next = req;
    else
        c->first = req;
    c->last = req;
    c->count++;
    c->reqs++;
    return req;
}

/* All but what is kept for the next one. The few headers are not worth a memset. */
static void req_wipe(struct wg_req *req)
{
    struct wg_arena *arena = req->arena;
    struct wg_buf body = req->body_buf, extra = req->extra;
    if (wg_arena_used(arena))
        wg_arena_reset(arena);
    buf_recycle(&body);
    buf_recycle(&extra);
    memset(req, 0, offsetof(struct wg_req, few));
    size_t rest = offsetof(struct wg_req, few) + sizeof(req->few);
    memset((char *)req + rest, 0, sizeof(*req) - rest);
    req->arena = arena;
    req->body_buf = body;
    req->extra = extra;
}

static void req_destroy(struct wg_req *req)
{
    wg_buf_free(&req->body_buf);
    wg_buf_free(&req->extra);
    wg_arena_free(req->arena);
    free(req);
}

void req_release(struct wg_req *req)
{
    struct conn *c = req->conn;
    struct wg_http *http = req->http;
    if (req->listed || req->given || req->busy)
        return;
    net_chain_drop(http, &req->hold);
    net_block_unref(http, req->head);
    net_spool_free(req->spool);
    net_file_free(req->file);
    req_wipe(req);
    if (http->free_req_count < POOLED_REQS) {
        req->next = http->free_reqs;
        http->free_reqs = req;
        http->free_req_count++;
    } else {
        req_destroy(req);
    }
    c->reqs--;
    conn_unref(c);
}

void net_reqs_free(struct wg_http *http)
{
    while (http->free_reqs) {
        struct wg_req *req = http->free_reqs;
        http->free_reqs = req->next;
        req_destroy(req);
    }
}

struct wg_str req_span(const struct wg_req *req, struct span s)
{
    return (struct wg_str){req->head->p + req->base + s.at, s.n};
}

/* llhttp keeps the white space after a value. */
static struct wg_str trim(struct wg_str s)
{
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

struct wg_str req_header_at(const struct wg_req *req, unsigned index)
{
    struct span value = req->headers[index].value;
    return value.n ? trim(req_span(req, value)) : (struct wg_str){"", 0};
}

struct wg_str wg_req_header(const struct wg_req *req, const char *name)
{
    size_t n = strlen(name);
    for (unsigned i = 0; i < req->header_count; i++) {
        struct span s = req->headers[i].name;
        if (s.n == n && strncasecmp(req_span(req, s).p, name, n) == 0)
            return req_header_at(req, i);
    }
    return (struct wg_str){NULL, 0};
}

struct wg_str wg_req_path(const struct wg_req *req)
{
    if (!req->path.p) {
        struct wg_req *own =
            (struct wg_req *)req; /* decoded when first asked for; the same to all who look */
        own->path = net_url_decode(own->arena, req->raw_path, false);
    }
    return req->path;
}

struct wg_str wg_req_body(const struct wg_req *req)
{
    return req->body;
}

static bool query_parse(struct wg_req *req)
{
    struct wg_str q = req->raw_query;
    size_t count = 1;
    req->query_done = true;
    if (q.n == 0)
        return true;
    const char *end = q.p + q.n;
    for (size_t i = 0; i < q.n; i++)
        count += q.p[i] == '&';
    if (!(req->query = wg_arena_alloc(req->arena, count * sizeof(*req->query))))
        return false;
    for (const char *p = q.p; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        const char *name_end = eq ? eq : stop;
        struct pair *pair = &req->query[req->query_count];
        if (stop > p) {
            pair->name =
                net_url_decode(req->arena, (struct wg_str){p, (size_t)(name_end - p)}, true);
            pair->value = net_url_decode(
                req->arena, eq ? (struct wg_str){eq + 1, (size_t)(stop - eq - 1)} : WG_S(""), true);
            if (!pair->name.p || !pair->value.p)
                return false;
            req->query_count++;
        }
        p = stop + 1;
    }
    return true;
}

bool wg_req_query_at(struct wg_req *req, size_t i, struct wg_str *name, struct wg_str *value)
{
    if (!req->query_done && !query_parse(req))
        wg_log(WG_WARN, "net", "no memory for a query", NULL);
    if (i >= req->query_count)
        return false;
    *name = req->query[i].name;
    *value = req->query[i].value;
    return true;
}

struct wg_str wg_req_query(struct wg_req *req, const char *name)
{
    struct wg_str key, value;
    for (size_t i = 0; wg_req_query_at(req, i, &key, &value); i++)
        if (wg_str_is(key, name))
            return value;
    return (struct wg_str){NULL, 0};
}

int wg_req_method(const struct wg_req *req)
{
    return req->method;
}

struct wg_str wg_req_param(const struct wg_req *req, const char *name)
{
    const struct route_row *row = req->match.row;
    for (unsigned i = 0; row && i < row->count; i++)
        if (wg_str_is(row->names[i], name))
            return req->match.values[i];
    return (struct wg_str){NULL, 0};
}

struct wg_arena *wg_req_arena(struct wg_req *req)
{
    return req->arena;
}

const void *wg_req_row(const struct wg_req *req)
{
    return req->match.row ? req->match.row->r.row : NULL;
}

struct wg_str wg_req_target(const struct wg_req *req)
{
    return req_span(req, req->target);
}

const char *wg_req_peer(const struct wg_req *req)
{
    return req->conn->peer;
}

bool wg_req_gone(const struct wg_req *req)
{
    return req->gone;
}

void wg_req_set(struct wg_req *req, void *ptr)
{
    req->user = ptr;
}

void *wg_req_get(const struct wg_req *req)
{
    return req->user;
}

void wg_conn_set(struct wg_req *req, void *ptr, void (*free_fn)(void *))
{
    struct conn *c = req->conn;
    if (c->user && c->user_free && c->user != ptr)
        c->user_free(c->user);
    c->user = ptr;
    c->user_free = free_fn;
}

void *wg_conn_get(const struct wg_req *req)
{
    return req->conn->user;
}

static bool plain(struct wg_str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
              (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] && strchr(more, s.p[i]))))
            return false;
    return s.n > 0;
}

struct wg_str wg_req_base(struct wg_req *req)
{
    struct wg_str proto = wg_req_header(req, "x-forwarded-proto"),
                  host = wg_req_header(req, "x-forwarded-host"),
                  prefix = wg_req_header(req, "x-forwarded-prefix");
    if (!plain(host, ".:-_[]"))
        host = wg_req_header(req, "host");
    if (!plain(host, ".:-_[]"))
        host = WG_S("localhost");
    if (!plain(prefix, "/.-_~") || prefix.p[0] != '/')
        prefix = WG_S("");
    while (prefix.n && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    return wg_arena_fmt(req->arena, "%s://%.*s%.*s", wg_str_is(proto, "https") ? "https" : "http",
                        WG_PRI(host), WG_PRI(prefix));
}
