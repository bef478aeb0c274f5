#include "net/net_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct wg_client {
    char host[256], port[8], authority[280];
    uint64_t timeout_ms;
    int fd; /* -1: not connected */
    llhttp_t parser;
    struct wg_buf out, field, value, type, location, etag, body;
    bool (*on_chunk)(struct wg_str chunk, void *arg);
    void *arg;
    bool is_head, in_value, whole, begun, stopped;
};

/* ---- the address ---- */

static int url_split(struct wg_client *c, const char *url, struct wg_err *err)
{
    if (strncmp(url, "http://", 7) != 0)
        return wg_fail(err, WG_EINVAL, "%s: the address must begin with http://", url);
    const char *host = url + 7, *port = NULL;
    size_t n = strcspn(host, "/");
    if (host[n] == '/' && host[n + 1])
        return wg_fail(err, WG_EINVAL, "%s: nothing may follow host and port", url);
    size_t host_n = n;
    bool brackets = host[0] == '[';
    if (brackets) {
        const char *end = memchr(host, ']', n);
        if (!end)
            return wg_fail(err, WG_EINVAL, "%s: ] is missing", url);
        host_n = (size_t)(end - host) + 1;
        if (host_n < n && host[host_n] == ':')
            port = host + host_n + 1;
    } else if ((port = memchr(host, ':', n))) {
        host_n = (size_t)(port++ - host);
    }
    struct wg_str name = {host + brackets, host_n - 2 * brackets};
    struct wg_str number = port ? (struct wg_str){port, (size_t)(host + n - port)} : WG_S("80");
    if (name.n == 0 || number.n == 0 || wg_str_copy(c->host, sizeof(c->host), name) < 0 ||
        wg_str_copy(c->port, sizeof(c->port), number) < 0 ||
        wg_str_copy(c->authority, sizeof(c->authority), (struct wg_str){host, n}) < 0)
        return wg_fail(err, WG_EINVAL, "%s: no host, or a name too long", url);
    return WG_OK;
}

int wg_client_new(const char *url, uint64_t timeout_ms, struct wg_client **out, struct wg_err *err)
{
    struct wg_client *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (!c)
        return wg_fail(err, WG_ENOMEM, "no memory for a client");
    c->fd = -1;
    c->timeout_ms = timeout_ms;
    int rc = url_split(c, url, err);
    if (rc < 0) {
        free(c);
        return rc;
    }
    *out = c;
    return WG_OK;
}

static void hang_up(struct wg_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void wg_client_free(struct wg_client *c)
{
    if (!c)
        return;
    hang_up(c);
    wg_buf_free(&c->out);
    wg_buf_free(&c->field);
    wg_buf_free(&c->value);
    wg_buf_free(&c->type);
    wg_buf_free(&c->location);
    wg_buf_free(&c->etag);
    wg_buf_free(&c->body);
    free(c);
}

/* ---- the socket ---- */

/* Wait for events; each step may take timeout_ms, so a stream that goes on is not cut off. */
static int wait_for(struct wg_client *c, short events, struct wg_err *err)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int64_t end_ms = wg_mono_ms() + (int64_t)c->timeout_ms;
    for (;;) {
        int64_t left = end_ms - wg_mono_ms();
        int n = poll(&p, 1, left > 0 ? (int)(left < INT32_MAX ? left : INT32_MAX) : 0);
        if (n > 0)
            return WG_OK;
        if (n == 0)
            return wg_fail(err, WG_EIO, "%s did not answer in time", c->authority);
        if (errno != EINTR)
            return wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(errno));
    }
}

static int connect_to(struct wg_client *c, const struct addrinfo *a, struct wg_err *err)
{
    int one = 1, why = 0;
    socklen_t n = sizeof(why);
    c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0)
        return WG_OK;
    if (errno != EINPROGRESS) {
        wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(errno));
    } else if (wait_for(c, POLLOUT, err) == WG_OK) {
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &n);
        if (why == 0)
            return WG_OK;
        wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(why));
    }
    hang_up(c);
    return WG_EIO;
}

static int dial(struct wg_client *c, struct wg_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int rc = getaddrinfo(c->host, c->port, &hints, &list);
    if (rc != 0)
        return wg_fail(err, WG_EIO, "%s: %s", c->authority, gai_strerror(rc));
    rc = WG_EIO;
    for (struct addrinfo *a = list; a && rc < 0; a = a->ai_next)
        rc = connect_to(c, a, err);
    freeaddrinfo(list);
    return rc;
}

static int send_all(struct wg_client *c, struct wg_str s, struct wg_err *err)
{
    while (s.n > 0) {
        ssize_t n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n >= 0) {
            s.p += n;
            s.n -= (size_t)n;
        } else if (errno == EAGAIN) {
            int rc = wait_for(c, POLLOUT, err);
            if (rc < 0)
                return rc;
        } else if (errno != EINTR) {
            return wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(errno));
        }
    }
    return WG_OK;
}

/* ---- the answer ---- */

static int on_field(llhttp_t *p, const char *at, size_t n)
{
    struct wg_client *c = p->data;
    if (c->in_value)
        wg_buf_clear(&c->field);
    c->in_value = false;
    wg_buf_add(&c->field, at, n);
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct wg_client *c = p->data;
    if (!c->in_value)
        wg_buf_clear(&c->value);
    c->in_value = true;
    wg_buf_add(&c->value, at, n);
    return 0;
}

static int on_value_complete(llhttp_t *p)
{
    struct wg_client *c = p->data;
    struct wg_str name = wg_buf_str(&c->field);
    struct wg_buf *to = NULL;
    if (name.n == 12 && strncasecmp(name.p, "content-type", 12) == 0)
        to = &c->type;
    else if (name.n == 8 && strncasecmp(name.p, "location", 8) == 0)
        to = &c->location;
    else if (name.n == 4 && strncasecmp(name.p, "etag", 4) == 0)
        to = &c->etag;
    if (to && c->in_value) {
        wg_buf_clear(to);
        wg_buf_str_add(to, wg_buf_str(&c->value));
    }
    c->in_value = true; /* also after an empty value */
    return 0;
}

static int on_head(llhttp_t *p)
{
    struct wg_client *c = p->data;
    return c->is_head;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct wg_client *c = p->data;
    if (!c->on_chunk) {
        wg_buf_add(&c->body, at, n);
    } else if (!c->on_chunk((struct wg_str){at, n}, c->arg)) {
        c->stopped = true;
        return HPE_USER;
    }
    return 0;
}

static int on_complete(llhttp_t *p)
{
    struct wg_client *c = p->data;
    c->whole = p->status_code >= 200; /* what comes before, such as 100 Continue, is no answer */
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static int parse_answer(struct wg_client *c, const char *p, size_t n, struct wg_err *err)
{
    const char *end = p + n;
    while (p < end && !c->whole) {
        enum llhttp_errno rc = llhttp_execute(&c->parser, p, (size_t)(end - p));
        if (c->stopped || rc == HPE_OK)
            return WG_OK;
        if (rc != HPE_PAUSED && rc != HPE_PAUSED_UPGRADE)
            return wg_fail(err, WG_EIO, "%s: not an HTTP answer: %s", c->authority,
                           llhttp_get_error_reason(&c->parser));
        p = llhttp_get_error_pos(&c->parser);
        llhttp_resume(&c->parser);
    }
    return WG_OK;
}

static int read_answer(struct wg_client *c, struct wg_err *err)
{
    char in[16 * 1024];
    llhttp_init(&c->parser, HTTP_RESPONSE, &settings);
    c->parser.data = c;
    while (!c->whole && !c->stopped) {
        ssize_t n = recv(c->fd, in, sizeof(in), 0);
        int rc = WG_OK;
        if (n > 0) {
            c->begun = true;
            rc = parse_answer(c, in, (size_t)n, err);
        } else if (n == 0) {
            llhttp_finish(&c->parser); /* where nothing says how long it is, the end says it */
            if (!c->begun || !c->whole)
                return wg_fail(err, WG_EIO, "%s hung up", c->authority);
        } else if (errno == EAGAIN) {
            rc = wait_for(c, POLLIN, err);
        } else if (errno != EINTR) {
            rc = wg_fail(err, WG_EIO, "%s: %s", c->authority, strerror(errno));
        }
        if (rc < 0)
            return rc;
    }
    return WG_OK;
}

/* ---- one exchange ---- */

static bool has_key(const char *headers)
{
    static const char name[] = "idempotency-key:";
    for (const char *p = headers; p && *p; p = (p = strchr(p, '\n')) ? p + 1 : NULL)
        if (strncasecmp(p, name, sizeof(name) - 1) == 0)
            return true;
    return false;
}

static int exchange(struct wg_client *c, struct wg_str body, struct wg_err *err)
{
    int rc = WG_OK;
    c->whole = c->begun = c->stopped = c->in_value = false;
    wg_buf_clear(&c->field);
    wg_buf_clear(&c->type);
    wg_buf_clear(&c->location);
    wg_buf_clear(&c->etag);
    wg_buf_clear(&c->body);
    if (c->fd < 0 && (rc = dial(c, err)) < 0)
        return rc;
    rc = send_all(c, wg_buf_str(&c->out), err);
    if (rc == WG_OK)
        rc = send_all(c, body, err);
    /* A server that refuses a large body answers and closes while we still send: look for its
     * answer. */
    struct wg_err sent = {0};
    if (rc < 0 && err)
        sent = *err;
    int got = read_answer(c, err);
    if (got < 0 && rc < 0 && err)
        *err = sent;
    if (got < 0 || rc < 0 || c->stopped || !llhttp_should_keep_alive(&c->parser))
        hang_up(c);
    return got;
}

int wg_client_ask(struct wg_client *c, const char *method, const char *target, const char *headers,
                  struct wg_str body, bool (*on_chunk)(struct wg_str chunk, void *arg), void *arg,
                  struct wg_answer *out, struct wg_err *err)
{
    *out = (struct wg_answer){0};
    if (strpbrk(target, " \r\n") || target[0] != '/')
        return wg_fail(err, WG_EINVAL, "bad target %s", target);
    c->on_chunk = on_chunk;
    c->arg = arg;
    c->is_head = strcmp(method, "HEAD") == 0;
    wg_buf_clear(&c->out);
    wg_buf_fmt(&c->out, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method, target, c->authority,
               headers ? headers : "");
    if (body.p)
        wg_buf_fmt(&c->out, "Content-Length: %zu\r\n", body.n);
    wg_buf_lit(&c->out, "\r\n");
    if (body.n <= 16 * 1024) {
        wg_buf_str_add(&c->out, body); /* one packet where it fits */
        body.n = 0;
    }
    if (!wg_buf_ok(&c->out))
        return wg_fail(err, WG_ENOMEM, "no memory for a request");
    bool kept = c->fd >= 0;
    int rc = exchange(c, body, err);
    if (rc < 0 && kept && !c->begun && (strcmp(method, "GET") == 0 || has_key(headers)))
        rc = exchange(c, body, err);
    if (rc < 0)
        return rc;
    if (!wg_buf_ok(&c->body))
        return wg_fail(err, WG_ENOMEM, "%s: the answer does not fit into memory", c->authority);
    out->status = c->parser.status_code;
    out->type = wg_buf_str(&c->type);
    out->body = wg_buf_str(&c->body);
    out->location = wg_buf_str(&c->location);
    out->etag = wg_buf_str(&c->etag);
    return WG_OK;
}
