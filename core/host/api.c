/* From a request to its handler: session, area, role, in the order that the interface fixes; and
 * back: errors, commands. */
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

static void refuse(struct wg_req *req, int status, const struct wg_err *err, struct wg_str allowed,
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
    refuse(req, http_status(code), &own, allowed, code);
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
    return wg_req_method(req) == WG_METHOD_GET ||
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
    if (!s && !anyone && row->flags & ROW_PUBLIC && basic_login(req, h))
        return false;
    if (!s && !anyone) {
        refuse_text(req, WG_EUNAUTH,
                    "sign in first: POST /v1/session, then Authorization: Bearer …");
        return false;
    }
    struct found *f = WG_NEW(wg_req_arena(req), struct found);
    if (f) {
        *f = (struct found){s, h->ended, s ? s->roles : WG_PUBLIC};
        wg_req_set(req, f);
    }
    if (row->flags & ROW_NO_AREA)
        return true;
    struct wg_county *c = host_county(h, wg_req_param(req, "area"));
    if (!c) {
        refuse_text(req, WG_ENOENT, "there is no such area here");
        return false;
    }
    if (anyone)
        return true;
    if (row->flags & ROW_BY_CITY && !s->county->is_city) {
        refuse_text(req, WG_EDENIED, "only the city's accounts do this");
        return false;
    }
    if (s->county != c && !(s->county->is_city &&
                            (wg_req_method(req) == WG_METHOD_GET || row->flags & ROW_BY_CITY))) {
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
    refuse(call->req, 400, &err, (struct wg_str){NULL, 0}, WG_EINVAL);
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
        refuse(call->req, 415, &(struct wg_err){.text = "the body must be application/json"},
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
    refuse(call->req, err.code == WG_ENOMEM ? 503 : 400, &err, (struct wg_str){NULL, 0}, err.code);
    return WG_EINVAL;
}

/* ---- commands: out to the desk, back by the bell ---- */

static void came_back(struct wg_cmd *cmd) /* on the desk's thread */
{
    struct call *call = cmd->owner;
    struct wg_host *h = call->host;
    /* The queue has no limit: it holds what the desks' queues let in. */
    wg_require(wg_queue_push(h->results, &cmd->link) == WG_OK);
    wg_bell_ring(h->bell);
}

bool call_key(struct call *call, struct wg_str key, int method, struct wg_str target,
              struct wg_str body)
{
    struct wg_cmd *cmd = &call->cmd;
    struct wg_err err = {0};
    const char how = (char)method;
    /* Method, path, body; an import's body is in a file, which its value names. */
    const struct wg_str parts[] = {{&how, 1}, target, body, cmd->value};
    cmd->key = key;
    if (key.n > 128)
        wg_fail(&err, WG_EINVAL, "Idempotency-Key has %zu bytes; at most 128", key.n);
    else if (!wg_utf8_valid(key))
        wg_fail(&err, WG_EINVAL, "Idempotency-Key is not UTF-8");
    if (err.code) {
        refuse(call->req, 400, &err, (struct wg_str){NULL, 0}, 0);
        return false;
    }
    if (key.n) {
        struct wg_hash h =
            wg_hash_keyed(wg_vault_secret(wg_desk_vault(call->county->desk)), parts, 4);
        wg_hash_short(&h, cmd->ask);
    }
    return true;
}

int call_submit_own(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    cmd->arena = call->arena;
    cmd->done = came_back;
    cmd->owner = call;
    cmd->if_match = -1;
    return wg_desk_submit(call->county->desk, cmd);
}

/* What a command brought along, and what had to make room for it. */
void command_drop(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    wg_ground_drop(cmd->ground);
    wg_bundle_drop(cmd->bundle);
    rules_free_later(call->county, cmd->rules);
    rules_free_later(call->county, cmd->left);
    cmd->ground = NULL;
    cmd->bundle = NULL;
    cmd->rules = cmd->left = NULL;
}

void call_submit(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    struct session *s = call->session;
    struct wg_err err = {0};
    struct wg_str match = wg_req_header(call->req, "if-match");
    cmd->arena = call->arena;
    cmd->done = came_back;
    cmd->owner = call;
    cmd->if_match = -1;
    if (match.n && !wg_str_is(match, "*")) {
        struct wg_str v = match;
        if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
            v = (struct wg_str){v.p + 1, v.n - 2};
        if (wg_str_int(v, &cmd->if_match) < 0 || cmd->if_match < 0)
            cmd->if_match = INT64_MAX; /* no version of ours: it can't match */
    }
    struct wg_str user = wg_str_of(s->user);
    if (cmd->from_area.n) /* somebody of another county, and told apart from ours by it */
        user = wg_arena_fmt(call->arena, "%.*s/%s", WG_PRI(cmd->from_area), s->user);
    cmd->actor = (struct wg_actor){wg_arena_str(call->arena, user),
                                   wg_arena_str(call->arena, wg_str_of(s->unit)), s->roles};
    if (call->row->flags & ROW_BY_CITY) /* not to be taken for an account of the county */
        cmd->actor.user = wg_arena_fmt(call->arena, "%s:%s", s->county->area, s->user);
    if (!call_key(call, wg_req_header(call->req, "idempotency-key"), wg_req_method(call->req),
                  wg_req_target(call->req), wg_req_body(call->req)))
        return;
    call->session = NULL; /* may be gone when the answer comes */
    call->sees_words = s->roles & CASE_READERS;
    call->sees_caller = s->roles & (WG_ACCEPTOR | WG_CHIEF);
    if (wg_desk_submit(call->county->desk, cmd) < 0) {
        command_drop(call);
        wg_fail(&err, WG_EBUSY, "the desk of %s is full or closing; try again", call->county->area);
        answer_err(call->req, WG_EBUSY, &err, (struct wg_str){NULL, 0});
    }
}

int host_submit(struct call *call, struct wg_county *c, struct wg_arena *a)
{
    return host_submit_as(call, c, a, WG_S("system"));
}

int host_submit_as(struct call *call, struct wg_county *c, struct wg_arena *a, struct wg_str by)
{
    call->host = c->host;
    call->county = c;
    call->arena = a;
    call->cmd.arena = a;
    call->cmd.done = came_back;
    call->cmd.owner = call;
    call->cmd.if_match = -1;
    call->cmd.actor = (struct wg_actor){by, {NULL, 0}, WG_SYSTEM};
    if (wg_desk_submit(c->desk, &call->cmd) == WG_OK)
        return WG_OK;
    wg_log(WG_WARN, "host", "the desk takes no more", "area", c->area, NULL);
    command_drop(call);
    wg_arena_free(a);
    return WG_EBUSY;
}

void host_keep_secret(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
                      struct wg_str value, const struct wg_secret *secret)
{
    struct call *call = WG_NEW(a, struct call);
    if (!call) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("keep");
    call->cmd.kind = wg_str_of(kind);
    call->cmd.name = name;
    call->cmd.value = value;
    if (secret)
        call->cmd.secret[call->cmd.secrets++] = *secret;
    host_submit(call, c, a);
}

void host_keep(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
               struct wg_str value)
{
    host_keep_secret(c, a, kind, name, value, NULL);
}

void host_release(struct wg_county *c, struct wg_arena *a, struct wg_str value,
                  struct wg_bundle *bundle, struct wg_rules *rules)
{
    struct call *call = WG_NEW(a, struct call);
    if (!call) {
        rules_free_later(c, rules);
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("rules");
    call->cmd.name = WG_S("now");
    call->cmd.value = value;
    call->cmd.bundle = wg_bundle_keep(bundle);
    call->cmd.rules = rules;
    host_submit(call, c, a);
}

void host_migrate(struct wg_county *c, uint64_t id, const char *rev, struct wg_str by)
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *call = a ? WG_NEW(a, struct call) : NULL;
    struct wg_json *in = NULL;
    struct wg_str body = a ? wg_arena_fmt(a, "{\"rules\":\"%s\"}", rev) : (struct wg_str){NULL, 0};
    if (!call || wg_json_parse(a, body, &in, NULL) < 0) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("migrate");
    call->cmd.id = id;
    call->cmd.in = in;
    call->cmd.kind = WG_S("");
    host_submit_as(call, c, a, wg_arena_str(a, by));
}

void host_done(struct wg_county *c, uint64_t n, uint32_t i)
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *call = a ? WG_NEW(a, struct call) : NULL;
    if (!call) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("done");
    call->cmd.done_n = n;
    call->cmd.done_i = i;
    host_submit(call, c, a);
}

void reply_version(struct wg_req *req, uint32_t version)
{
    char text[16];
    struct wg_buf b = {text, 0, sizeof(text), false}; /* quotes and ten digits: it never grows */
    wg_buf_char(&b, '"');
    wg_buf_int(&b, version);
    wg_buf_char(&b, '"');
    wg_reply_header(req, "ETag", wg_buf_str(&b));
}

void answer_cmd(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case c;
    char where[64], id[24];
    if (cmd->rc < 0) {
        answer_err(call->req, cmd->rc, &cmd->err, cmd->allowed);
        return;
    }
    if (!cmd->record.n || wg_case_decode(cmd->record, &c) < 0) {
        wg_buf_fmt(&b, "{\"entry\":%llu}", (unsigned long long)cmd->n);
        answer_json(call->req, call->status, &b);
        return;
    }
    const struct session sees = {.roles = call->sees_caller  ? WG_ACCEPTOR
                                          : call->sees_words ? WG_LEADER
                                                             : 0};
    show_case(call->county, &sees, &c, &b);
    reply_version(call->req, c.version);
    if (call->status == 201) {
        wg_case_id_text(c.id, id);
        snprintf(where, sizeof(where), "/v1/%s/cases/%s", call->county->area, id);
        wg_reply_header(call->req, "Location", wg_str_of(where));
    }
    answer_json(call->req, call->status, &b);
}

void take_results(void *arg)
{
    struct wg_host *h = arg;
    bool woken[WG_AREAS_MAX] = {false};
    struct wg_link *l = wg_queue_take(h->results, SIZE_MAX, 0), *next;
    for (; l; l = next) {
        struct call *call = ((struct wg_cmd *)l)->owner;
        next = l->next;
        if (call->cmd.rc == WG_OK && call->county)
            woken[call->county->index] = true;
        if (call->cmd.rc == WG_OK && wg_str_is(call->cmd.kind, "user"))
            session_end_user(h, call->county, call->cmd.name.p);
        if (call->cmd.rc == WG_OK && call->cmd.ground && call->county->is_city &&
            counties_share_outlines(h, &call->cmd.err) < 0)
            wg_log(WG_ERROR, "host", call->cmd.err.text, NULL);
        command_drop(call);
        if (call->then) {
            call->then(call);
            wg_arena_free(call->arena);
            continue;
        }
        if (call->req) {
            if (call->cmd.rc == WG_OK && call->cmd.from_area.n)
                carry_wait(call);
            else
                answer_cmd(call);
            continue;
        }
        if (call->carry)
            carried(call);
        else if (call->cmd.rc < 0)
            wg_log(WG_ERROR, "host", call->cmd.err.text, "area", call->county->area, NULL);
        wg_arena_free(call->arena); /* the host's own command */
    }
    for (size_t i = 0; i < h->counties; i++) {
        if (!woken[i])
            continue;
        county_woken(h->county[i]);
    }
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
