/* From a request to its handler: session, area, role, in the order that the interface fixes; and
 * back: errors. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

int http_status(int code)
{
    switch (code) {
    case WG_OK:
        return 200;
    case WG_EINVAL:
    case WG_ERANGE:
    case WG_ERULE:
        return 422;
    case WG_EUNAUTH:
        return 401;
    case WG_EDENIED:
        return 403;
    case WG_ENOENT:
        return 404;
    case WG_ESTATE:
    case WG_EEXIST:
        return 409;
    case WG_ESTALE:
        return 412;
    case WG_ENOSPC:
        return 507;
    case WG_EUNKNOWN:
    case WG_EBUSY:
    case WG_ENOMEM:
        return 503;
    default:
        return 500;
    }
}

void answer_status(struct wg_req *req, int status, const struct wg_err *err, struct wg_str allowed,
                   int code)
{
    struct wg_buf extra = WG_BUF_INIT;
    if (allowed.n) {
        wg_buf_lit(&extra, "\"allowed\":");
        wg_buf_str_add(&extra, allowed);
    }
    if (code == WG_ERULE)
        wg_buf_fmt(&extra, "%s\"rule_failed\":true", extra.n ? "," : "");
    if (status == 503)
        wg_reply_header(req, "Retry-After", WG_S("1"));
    const struct row *row = wg_req_row(req);
    if (status == 401)
        wg_reply_header(req, "WWW-Authenticate",
                        row && row->flags & ROW_PUBLIC ? WG_S(BASIC) : WG_S("Bearer"));
    wg_reply_err(req, status, err, wg_buf_str(&extra));
    wg_buf_free(&extra);
}

void answer_err(struct wg_req *req, int code, const struct wg_err *err, struct wg_str allowed)
{
    struct wg_err own = *err;
    if (!own.text[0])
        snprintf(own.text, sizeof(own.text), "%s", wg_strerror(code));
    answer_status(req, http_status(code), &own, allowed, code);
}

/* The request's arena dies with the answer, and b may lie in it: so it is moved out first. */
void answer_json(struct wg_req *req, int status, struct wg_buf *b)
{
    struct wg_buf own = *b;
    *b = (struct wg_buf)WG_BUF_INIT;
    if (wg_buf_ok(&own))
        wg_reply_buf(req, status, "application/json", &own);
    else
        wg_reply_problem(req, 503, "out of memory");
    wg_buf_free(&own);
}

struct wg_county *host_county(struct wg_host *h, struct wg_str area)
{
    for (size_t i = 0; i < h->counties; i++)
        if (wg_str_is(area, h->county[i]->area))
            return h->county[i];
    return NULL;
}

struct wg_county *host_county_of(struct wg_host *h, uint32_t area)
{
    char code[12];
    snprintf(code, sizeof(code), "%06u", area);
    return host_county(h, wg_str_of(code));
}

/* ---- before the body is read: who is it ---- */

static bool csrf_ok(struct wg_req *req, const struct session *s)
{
    return wg_req_method(req) & (WG_METHOD_GET | WG_METHOD_OPTIONS) ||
           wg_str_is(wg_req_header(req, "x-csrf-token"), s->csrf);
}

/* The token of the header, else of the cookie, which then needs the CSRF header. */
static struct session *who(struct wg_req *req, struct wg_host *h)
{
    struct wg_str auth = wg_req_header(req, "authorization"), cookie = wg_req_header(req, "cookie");
    static const char name[] = "wangge=";
    struct session *s;
    if (auth.n > 7 && strncasecmp(auth.p, "bearer ", 7) == 0)
        return session_find(h, (struct wg_str){auth.p + 7, auth.n - 7});
    const struct row *row = wg_req_row(req);
    if (auth.n && row->flags & ROW_PUBLIC)
        return basic_find(req, h);
    const char *at = cookie.n ? memmem(cookie.p, cookie.n, name, sizeof(name) - 1) : NULL;
    if (!at)
        return NULL;
    at += sizeof(name) - 1;
    const char *end = memchr(at, ';', (size_t)(cookie.p + cookie.n - at));
    s = session_find(
        h, (struct wg_str){at, end ? (size_t)(end - at) : (size_t)(cookie.p + cookie.n - at)});
    return s && csrf_ok(req, s) ? s : NULL;
}

/* What `before` found, for the handler: good while no session has ended since. */
struct found {
    struct session *session;
    uint64_t ended;
    uint32_t roles;
    struct wg_str streets;
    bool basic; /* a password is to be looked at, once the body is in */
};

static struct session *who_again(struct wg_req *req, struct wg_host *h)
{
    const struct found *f = wg_req_get(req);
    return f && f->ended == h->ended ? f->session : who(req, h);
}

uint32_t wg_req_roles(const struct wg_req *req)
{
    const struct found *f = wg_req_get(req);
    return f ? f->roles : WG_PUBLIC;
}

struct wg_str wg_req_streets(const struct wg_req *req)
{
    const struct found *f = wg_req_get(req);
    return f ? f->streets : (struct wg_str){NULL, 0};
}

struct wg_actor req_actor(struct wg_req *req, struct wg_host *h, struct wg_arena *a)
{
    const struct session *s = who_again(req, h);
    if (!s)
        return (struct wg_actor){.roles = WG_PUBLIC};
    return (struct wg_actor){wg_arena_str(a, wg_str_of(s->user)),
                             wg_arena_str(a, wg_str_of(s->unit)), s->roles};
}

static bool says_who(struct wg_req *req)
{
    struct wg_str cookie = wg_req_header(req, "cookie");
    return wg_req_header(req, "authorization").n ||
           (cookie.n && memmem(cookie.p, cookie.n, "wangge=", 7));
}

static void refuse_text(struct wg_req *req, int code, const char *text)
{
    struct wg_err err = {.code = code};
    snprintf(err.text, sizeof(err.text), "%s", text);
    answer_err(req, code, &err, (struct wg_str){NULL, 0});
}

bool before_request(struct wg_req *req, void *arg)
{
    struct wg_host *h = arg;
    const struct row *row = wg_req_row(req);
    if (!row || row->flags & ROW_OPEN)
        return true;
    struct session *s = who(req, h);
    bool anyone = !s && row->flags & ROW_PUBLIC && !says_who(req);
    bool basic = !s && !anyone && row->flags & ROW_PUBLIC &&
                 !(wg_req_method(req) & (WG_METHOD_GET | WG_METHOD_OPTIONS)) && basic_said(req);
    if (!s && !anyone && !basic && row->flags & ROW_PUBLIC && basic_login(req, h))
        return false;
    if (!s && !anyone && !basic) {
        refuse_text(req, WG_EUNAUTH,
                    "sign in first: POST /v1/session, then Authorization: Bearer …");
        return false;
    }
    struct found *f = WG_NEW(wg_req_arena(req), struct found);
    if (f) {
        *f = (struct found){
            .session = s, .ended = h->ended, .roles = s ? s->roles : WG_PUBLIC, .basic = basic};
        if (s && s->streets[0])
            f->streets = wg_arena_str(wg_req_arena(req), wg_str_of(s->streets));
        wg_req_set(req, f);
    }
    if (row->flags & ROW_NO_AREA)
        return true;
    struct wg_county *c = host_county(h, wg_req_param(req, "area"));
    if (!c) {
        refuse_text(req, WG_ENOENT, "there is no such area here");
        return false;
    }
    if (anyone || basic)
        return true;
    if (row->flags & ROW_BY_CITY && !s->county->is_city) {
        refuse_text(req, WG_EDENIED, "only the city's accounts do this");
        return false;
    }
    if (s->county != c &&
        !(s->county->is_city &&
          (wg_req_method(req) & (WG_METHOD_GET | WG_METHOD_OPTIONS) || row->flags & ROW_BY_CITY))) {
        refuse_text(req, WG_EDENIED, "this is another area's");
        return false;
    }
    if (row->roles && !(row->roles & s->roles)) {
        refuse_text(req, WG_EDENIED, "your roles do not reach this");
        return false;
    }
    return row->handle != put_blob || upload_allowed(req, h, s);
}

void handle_row(struct wg_req *req, void *arg)
{
    struct call *call = wg_arena_alloc(wg_req_arena(req), sizeof(*call));
    if (!call) {
        wg_reply_problem(req, 503, "out of memory");
        return;
    }
    const struct found *f = wg_req_get(req);
    if (f && f->basic && basic_login(req, arg))
        return; /* and begins again */
    call->req = req;
    call->host = arg;
    call->row = wg_req_row(req);
    call->arena = wg_req_arena(req);
    call->status = 200;
    if (!(call->row->flags & ROW_OPEN) && !(call->session = who_again(req, call->host)) &&
        wg_req_roles(req) != WG_PUBLIC) {
        /* signed out while the body came in */
        refuse_text(req, WG_EUNAUTH, "the session has ended");
        return;
    }
    if (!(call->row->flags & ROW_NO_AREA))
        call->county = host_county(call->host, wg_req_param(req, "area"));
    call->row->handle(call);
}

/* ---- parameters ---- */

static bool bad_param(struct call *call, const char *name, const char *what)
{
    struct wg_err err = {.code = WG_EINVAL};
    snprintf(err.pointer, sizeof(err.pointer), "/%s", name);
    snprintf(err.text, sizeof(err.text), "%s %s", name, what);
    answer_status(call->req, 400, &err, (struct wg_str){NULL, 0}, WG_EINVAL);
    return false;
}

bool query_int(struct call *call, const char *name, int64_t least, int64_t most, int64_t *out)
{
    char what[80];
    struct wg_str s = wg_req_query(call->req, name);
    if (!s.p)
        return true;
    if (wg_str_int(s, out) == WG_OK && *out >= least && *out <= most)
        return true;
    snprintf(what, sizeof(what), "must be a whole number, %lld to %lld", (long long)least,
             (long long)most);
    return bad_param(call, name, what);
}

bool query_time(struct call *call, const char *name, int64_t *out)
{
    struct wg_str s = wg_req_query(call->req, name);
    struct wg_date d;
    if (!s.p)
        return true;
    if (wg_date_parse(s, &d) == WG_OK) {
        *out = wg_day_of(d) * WG_DAY_MS - WG_ZONE_MS;
        return true;
    }
    return wg_time_parse(s, out) == WG_OK ||
           bad_param(
               call, name,
               "must be a date or a time with offset, like 2026-11-23T10:30:00+08:00 (+ as %2B)");
}

bool query_point(struct call *call, struct wg_point *out)
{
    int64_t lon, lat;
    if (wg_str_fixed(wg_req_query(call->req, "lon"), 7, &lon) < 0 || lon < -1800000000 ||
        lon > 1800000000)
        return bad_param(call, "lon", "must be degrees, -180 to 180");
    if (wg_str_fixed(wg_req_query(call->req, "lat"), 7, &lat) < 0 || lat < -900000000 ||
        lat > 900000000)
        return bad_param(call, "lat", "must be degrees, -90 to 90");
    *out = (struct wg_point){(int32_t)lon, (int32_t)lat};
    return true;
}

int parse_body(struct call *call, bool must, struct wg_json **out)
{
    struct wg_err err = {0};
    struct wg_str body = wg_req_body(call->req), type = wg_req_header(call->req, "content-type");
    /* The form type is what curl -d says by itself; a browser's form can't pass for it, since the
     * cookie needs its header. */
    if (type.p && type.n && !memmem(type.p, type.n, "json", 4) &&
        !memmem(type.p, type.n, "x-www-form-urlencoded", 21)) {
        answer_status(call->req, 415, &(struct wg_err){.text = "the body must be application/json"},
                      (struct wg_str){NULL, 0}, 0);
        return WG_EINVAL;
    }
    if (body.n == 0 && !must)
        body = WG_S("{}");
    if (body.n == 0)
        wg_fail(&err, WG_EINVAL, "the body is empty; a JSON object is needed");
    else if (wg_json_parse(call->arena, body, out, &err) == WG_OK) {
        if ((*out)->type == WG_JOBJ)
            return WG_OK;
        wg_fail(&err, WG_EINVAL, "the body must be a JSON object");
    }
    answer_status(call->req, err.code == WG_ENOMEM ? 503 : 400, &err, (struct wg_str){NULL, 0},
                  err.code);
    return WG_EINVAL;
}

/* ---- reads ---- */

int reader_begin(struct wg_county *c, struct wg_txn **txn, struct wg_err *err)
{
    int rc = wg_txn_renew(wg_views_env(wg_desk_views(c->desk)), &c->reader, err);
    *txn = c->reader;
    return rc;
}

void reader_end(struct wg_county *c)
{
    wg_txn_reset(c->reader);
}

/* Did a unit hold it for which this one stands now? */
static bool took_over(const struct session *s, const struct wg_case *c)
{
    struct wg_force *f = wg_desk_force(s->county->desk);
    struct wg_buf words = WG_BUF_INIT;
    wg_ground_unit_words(f->ground, wg_str_of(s->unit), wg_now_ms(), &words);
    wg_force_drop(f);
    bool is = wg_words_meet(c->held, wg_buf_str(&words));
    wg_buf_free(&words);
    return is;
}

bool may_see(const struct session *s, const struct wg_case *c)
{
    struct wg_str user = wg_str_of(s->user);
    if (s->roles & READERS)
        return true;
    if (s->roles & WG_UNIT_ROLE && s->unit[0] &&
        (wg_words_have(c->held, wg_str_of(s->unit)) || took_over(s, c)))
        return true;
    if (s->roles & (WG_COLLECTOR | WG_PUBLIC) &&
        (wg_str_eq(c->reporter, user) || wg_words_have(c->reporters, user)))
        return true;
    return s->roles & WG_COLLECTOR && (c->state == WG_CHECKING || c->state == WG_VERIFYING);
}

void show_case(struct wg_county *county, const struct session *s, const struct wg_case *c,
               struct wg_buf *out)
{
    struct wg_buf words = WG_BUF_INIT, caller = WG_BUF_INIT;
    struct wg_vault *vault = wg_desk_vault(county->desk);
    struct wg_str description = c->description;
    if (c->flags & WG_WORDS_IN_VAULT) {
        if (wg_vault_get(vault, c->description, &words, NULL) == WG_OK)
            description = wg_buf_str(&words);
        else
            description = (struct wg_str){NULL, 0}; /* erased */
    }
    wg_buf_room(out, 1024 + description.n); /* at once, not by doubling */
    wg_case_json(c, wg_str_of(county->area), description, wg_now_ms(), out);
    if (c->caller.n && s->roles & (WG_ACCEPTOR | WG_CHIEF) &&
        wg_vault_get(vault, c->caller, &caller, NULL) == WG_OK) {
        wg_json_reopen(out);
        wg_json_key(out, "caller");
        wg_buf_str_add(out, wg_buf_str(&caller));
        wg_buf_char(out, '}');
    }
    wg_buf_free(&words);
    wg_buf_free(&caller);
}
