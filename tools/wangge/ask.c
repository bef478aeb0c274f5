/* One exchange with the server. What changes something carries an Idempotency-Key, so that it can
 * be asked again when nobody knows whether it happened: the server then gives the earlier answer.
 */
#include "wangge.h"

#include <stdarg.h>
#include <unistd.h>

#define WAIT_MS 60000
#define PAUSE_US 1000000

/* ---- targets and bodies ---- */

const char *encoded(struct ctx *c, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct wg_buf b = WG_BUF_INIT;
    for (const char *p = text; *p; p++)
        if (strchr(plain, *p))
            wg_buf_char(&b, *p);
        else
            wg_buf_fmt(&b, "%%%02X", (unsigned char)*p);
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s.p ? s.p : "";
}

struct wg_str area_path(struct ctx *c, const char *fmt, ...)
{
    char rest[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(rest, sizeof(rest), fmt, ap);
    va_end(ap);
    return wg_arena_fmt(c->arena, "/v1/%s/%s", encoded(c, area_of(c)), rest);
}

const char *query_of(struct ctx *c, size_t first)
{
    struct wg_buf b = WG_BUF_INIT;
    for (size_t i = first; i < c->count; i++) {
        const char *eq = strchr(c->args[i], '=');
        if (!eq || eq == c->args[i]) {
            misused(c, "%s: must be key=value", c->args[i]);
            wg_buf_free(&b);
            return NULL;
        }
        struct wg_str key =
            wg_arena_str(c->arena, (struct wg_str){c->args[i], (size_t)(eq - c->args[i])});
        wg_buf_fmt(&b, "%c%s=%s", b.n ? '&' : '?', encoded(c, key.p), encoded(c, eq + 1));
    }
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s.p ? s.p : "";
}

static void add_list(struct wg_buf *out, const char *value)
{
    wg_buf_char(out, '[');
    while (*value) {
        size_t n = strcspn(value, ",");
        if (n) {
            wg_json_sep(out);
            wg_buf_json(out, (struct wg_str){value, n});
        }
        value += n + (value[n] == ',');
    }
    wg_buf_char(out, ']');
}

static int add_field(struct ctx *c, const char *word, struct wg_buf *out)
{
    const char *eq = strchr(word, '=');
    struct wg_json *j;
    struct wg_err err = {0};
    int64_t n;
    if (!eq || eq == word)
        return misused(c, "%s: must be key=value (a text) or key:=JSON", word);
    bool json = eq[-1] == ':';
    struct wg_str key = wg_arena_str(c->arena, (struct wg_str){word, (size_t)(eq - word) - json}),
                  value = wg_str_of(eq + 1);
    if (!wg_utf8_valid(wg_str_of(word)))
        return misused(c, "%s: is not UTF-8", key.p);
    wg_json_key_str(out, key);
    if (json) {
        if (wg_json_parse(c->arena, value, &j, &err) < 0)
            return misused(c, "%s: %s", key.p, err.text);
        wg_json_write(j, out);
    } else if (wg_str_is(key, "photos")) {
        add_list(out, value.p);
    } else if (wg_str_is(key, "days") && wg_str_int(value, &n) == WG_OK) {
        wg_buf_int(out, n);
    } else {
        wg_buf_json(out, value);
    }
    return DONE;
}

int body_of(struct ctx *c, size_t first, struct wg_buf *out)
{
    int rc = DONE;
    wg_buf_char(out, '{');
    for (size_t i = first; rc == DONE && i < c->count; i++)
        rc = add_field(c, c->args[i], out);
    wg_buf_char(out, '}');
    return rc;
}

/* ---- asking ---- */

int connect_to(struct ctx *c, const char *url, uint64_t wait_ms)
{
    struct wg_err err = {0};
    wg_client_free(c->client);
    if (wg_client_new(url, wait_ms ? wait_ms : WAIT_MS, &c->client, &err) < 0)
        return misused(c, "%s", err.text);
    return DONE;
}

static bool clean(const char *s)
{
    for (; s && *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return false;
    return true;
}

static int headers_of(struct ctx *c, const struct request *r, struct wg_buf *b)
{
    char key[40];
    if (!clean(r->key) || !clean(r->if_match))
        return misused(c, "a key or version holds what no header may");
    if (c->session.token.n)
        wg_buf_fmt(b, "Authorization: Bearer %s\r\n", c->session.token.p);
    if (r->type)
        wg_buf_fmt(b, "Content-Type: %s\r\n", r->type);
    if (r->accept)
        wg_buf_fmt(b, "Accept: %s\r\n", r->accept);
    if (r->prefer)
        wg_buf_fmt(b, "Prefer: %s\r\n", r->prefer);
    if (r->signature)
        wg_buf_fmt(b, "Wangge-Signature: %s\r\n", r->signature);
    if (r->if_match)
        wg_buf_fmt(b, "If-Match: \"%s\"\r\n", r->if_match);
    if (r->again) {
        wg_random_text(18, key, sizeof(key));
        wg_buf_fmt(b, "Idempotency-Key: %s\r\n", r->key ? r->key : key);
    }
    wg_buf_char(b, '\0');
    return wg_buf_ok(b) ? DONE : failed(REFUSED, "out of memory");
}

static int exchange(struct ctx *c, const struct request *r, const char *headers, struct wg_err *err)
{
    struct wg_answer a = {0};
    int rc = wg_client_ask(c->client, r->method, r->target.p, headers, r->body, r->on_chunk, r->arg,
                           &a, err);
    wg_buf_clear(&c->answer);
    c->status = rc == WG_OK ? a.status : 0;
    if (rc == WG_OK) {
        wg_buf_str_add(&c->answer, a.body);
        c->etag = wg_arena_str(c->arena, a.etag);
    }
    return rc;
}

int ask_server(struct ctx *c, const struct request *r)
{
    struct wg_buf headers = WG_BUF_INIT;
    struct wg_err err = {0};
    int rc = c->client ? DONE : connect_to(c, c->session.url.p, r->wait_ms);
    if (rc == DONE)
        rc = headers_of(c, r, &headers);
    if (rc != DONE)
        goto out;
    rc = exchange(c, r, headers.p, &err);
    if (r->again && (rc == WG_EIO || c->status == 503)) {
        usleep(PAUSE_US);
        rc = exchange(c, r, headers.p, &err);
    }
    if (rc < 0) {
        rc = rc == WG_EINVAL ? misused(c, "%s", err.text) : failed(UNREACHED, "%s", err.text);
    } else if (c->status < 200 || c->status > 299) {
        rc = r->on_chunk ? REFUSED : show_problem(c, c->status, wg_buf_str(&c->answer));
    } else if (!wg_buf_ok(&c->answer)) {
        rc = failed(REFUSED, "out of memory for the answer");
    }
out:
    if (headers.p)
        explicit_bzero(headers.p, headers.n); /* the token */
    wg_buf_free(&headers);
    return rc;
}

int answer_tree(struct ctx *c, const struct wg_json **tree)
{
    struct wg_err err = {0};
    struct wg_json *j;
    *tree = NULL;
    if (c->raw) {
        fwrite(c->answer.p, 1, c->answer.n, stdout);
        if (c->answer.n)
            putchar('\n');
        return DONE;
    }
    if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, &err) < 0)
        return failed(UNREACHED, "the answer is not from a server of ours: %s", err.text);
    *tree = j;
    return DONE;
}

int get(struct ctx *c, struct wg_str target, const struct wg_json **tree)
{
    const struct request r = {.method = "GET", .target = target};
    int rc = session_need(c);
    *tree = NULL;
    if (rc == DONE)
        rc = ask_server(c, &r);
    return rc == DONE ? answer_tree(c, tree) : rc;
}
