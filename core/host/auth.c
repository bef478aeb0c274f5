/* Sessions and passwords. A password is hashed with Argon2id on the pool, one at a time:
 * each takes 19 MiB, and many at once would be a way to stop the server. Tokens are random and kept
 * as digests only. */
#include "auth.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ARGON_BYTES ((size_t)19 << 20)
#define ARGON_OPS 2
#define TRIES_FREE 3
#define LOCK_MAX_MS (15 * WG_MINUTE_MS)
#define LOGINS_MAX 256

int hash_password(struct wg_str password, char out[128])
{
    return crypto_pwhash_str_alg(out, password.p, password.n, ARGON_OPS, ARGON_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? WG_OK
               : WG_ENOMEM;
}

/* ---- sessions ---- */

static size_t bucket(const struct wg_hash *h)
{
    uint32_t v;
    memcpy(&v, h->b, sizeof(v));
    return v % SESSION_BUCKETS;
}

static void unlink_session(struct wg_host *h, struct session **at)
{
    struct session *s = *at;
    *at = s->next;
    h->sessions--;
    h->ended++;
    sodium_memzero(s, sizeof(*s));
    free(s);
}

struct session *session_find(struct wg_host *h, struct wg_str token)
{
    struct wg_hash digest = wg_hash_of(token);
    int64_t now = wg_mono_ms();
    struct session **at = &h->session[bucket(&digest)];
    while (*at) {
        if ((*at)->expires < now) {
            unlink_session(h, at);
            continue;
        }
        if (sodium_memcmp((*at)->token.b, digest.b, sizeof(digest.b)) == 0)
            return *at;
        at = &(*at)->next;
    }
    return NULL;
}

void session_end_user(struct wg_host *h, struct wg_county *c, const char *user)
{
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        for (struct session **at = &h->session[i]; *at;)
            if ((*at)->county == c && strcmp((*at)->user, user) == 0)
                unlink_session(h, at);
            else
                at = &(*at)->next;
}

uint32_t roles_of(const struct wg_json *list)
{
    uint32_t roles = 0;
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next)
        roles |= wg_role_parse(e->str);
    return roles;
}

/* A list of codes, kept apart by commas. */
static void streets_copy(const struct wg_json *list, char out[WG_STREETS_TEXT])
{
    size_t n = 0;
    for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next)
        n += (size_t)snprintf(out + n, WG_STREETS_TEXT - n, "%s%.*s", n ? "," : "", WG_PRI(m->str));
}

static void who_json(const struct session *s, struct wg_buf *b)
{
    wg_json_key(b, "user");
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(s->user));
    wg_json_kstr(b, "name", wg_str_of(s->name));
    wg_json_kstr(b, "area", wg_str_of(s->county->area));
    wg_json_key(b, "roles");
    wg_roles_json(s->roles, b);
    wg_json_kstr(b, "unit", s->unit[0] ? wg_str_of(s->unit) : (struct wg_str){NULL, 0});
    if (s->streets[0]) {
        wg_json_key(b, "streets");
        wg_buf_lit(b, "[\"");
        for (const char *p = s->streets; *p; p++)
            if (*p == ',')
                wg_buf_lit(b, "\",\"");
            else
                wg_buf_char(b, *p);
        wg_buf_lit(b, "\"]");
    }
    wg_buf_char(b, '}');
    wg_json_key(b, "expires");
    wg_buf_char(b, '"');
    wg_buf_time(b, wg_now_ms() + s->expires - wg_mono_ms());
    wg_buf_char(b, '"');
}

/* ---- lock-out: after three wrong passwords each next one makes the wait longer ---- */

struct lockout {
    struct lockout *next;
    char who[96]; /* area/user */
    int failures;
    int64_t until; /* mono ms */
};

void sessions_free(struct wg_host *h)
{
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        while (h->session[i])
            unlink_session(h, &h->session[i]);
    while (h->lockouts) {
        struct lockout *l = h->lockouts;
        h->lockouts = l->next;
        free(l);
    }
}

static struct lockout *lockout_of(struct wg_host *h, const char *who, bool make)
{
    int64_t now = wg_mono_ms();
    for (struct lockout **at = &h->lockouts; *at;) {
        struct lockout *l = *at;
        if (strcmp(l->who, who) == 0)
            return l;
        if (l->until + LOCK_MAX_MS < now) { /* long past: forget it */
            *at = l->next;
            free(l);
        } else {
            at = &l->next;
        }
    }
    struct lockout *l = make ? calloc(1, sizeof(*l)) : NULL;
    if (l) {
        snprintf(l->who, sizeof(l->who), "%s", who);
        l->next = h->lockouts;
        h->lockouts = l;
    }
    return l;
}

static void failed(struct wg_host *h, const char *who)
{
    struct lockout *l = lockout_of(h, who, true);
    if (!l)
        return;
    l->failures++;
    int over = l->failures - TRIES_FREE;
    int64_t wait = over < 0 ? 0 : over > 9 ? LOCK_MAX_MS : (WG_SECOND_MS << over);
    l->until = wg_mono_ms() + wait;
}

/* True: it is, and the request has its answer. */
static bool locked(struct call *call, const char *who)
{
    const struct lockout *lock = lockout_of(call->host, who, false);
    int64_t now = wg_mono_ms();
    char seconds[24];
    if (!lock || lock->until <= now)
        return false;
    snprintf(seconds, sizeof(seconds), "%lld", (long long)((lock->until - now + 999) / 1000));
    wg_reply_header(call->req, "Retry-After", wg_str_of(seconds));
    wg_reply_problem(call->req, 429, "too many wrong passwords; wait as Retry-After says");
    return true;
}

static void succeeded(struct wg_host *h, const char *who)
{
    for (struct lockout **at = &h->lockouts; *at; at = &(*at)->next) {
        if (strcmp((*at)->who, who) != 0)
            continue;
        struct lockout *l = *at;
        *at = l->next;
        free(l);
        return;
    }
}

/* ---- signing in, and hashing a new password: the same line in front of the pool ---- */

static void next_login(struct wg_host *h);
static void look_up(struct login *l, struct wg_county *c, struct wg_str user);

static void hash_work(void *arg) /* on the pool */
{
    struct login *l = arg;
    if (l->check)
        l->ok = crypto_pwhash_str_verify(l->hash, l->password.p, l->password.n) == 0;
    else
        l->ok = hash_password(l->password, l->hash) == WG_OK;
}

/* Who waited in the line is who they are now, not who they were. */
static void look_up_again(struct login *l)
{
    struct wg_county *c = l->draft.county;
    char checked[sizeof(l->hash)], user[sizeof(l->draft.user)];
    memcpy(checked, l->hash, sizeof(checked));
    memcpy(user, l->draft.user, sizeof(user));
    l->draft = (struct session){0};
    look_up(l, c, wg_str_of(user));
    l->ok = strcmp(checked, l->hash) == 0;
}

static void hash_done(void *arg)
{
    struct login *l = arg;
    struct wg_host *h = l->call->host;
    h->hashing = false;
    if (l->check && l->ok && l->draft.county)
        look_up_again(l);
    l->then(l);
    next_login(h);
}

static void next_login(struct wg_host *h)
{
    struct login *l;
    while ((l = h->logins) && !h->hashing) {
        h->logins = l->next;
        if (!h->logins)
            h->logins_tail = NULL;
        if (l->check && locked(l->call, l->who)) /* by those before it in the line */
            continue;
        h->hashing = wg_pool_run(h->loop, hash_work, hash_done, l) == WG_OK;
        if (!h->hashing)
            wg_reply_problem(l->call->req, 503, "out of memory");
    }
}

void login_queue(struct login *l)
{
    struct wg_host *h = l->call->host;
    size_t waiting = 0;
    for (struct login *o = h->logins; o; o = o->next)
        waiting++;
    if (waiting >= LOGINS_MAX) {
        wg_reply_header(l->call->req, "Retry-After", WG_S("10"));
        wg_reply_problem(l->call->req, 503, "too many are signing in; try again in a moment");
        return;
    }
    l->next = NULL;
    if (h->logins_tail)
        h->logins_tail->next = l;
    else
        h->logins = l;
    h->logins_tail = l;
    next_login(h);
}

/* A session by this token; NULL: the password was wrong. */
static struct session *session_new(struct login *l, struct wg_str token)
{
    struct wg_host *h = l->call->host;
    struct session *s = l->ok && l->draft.county ? malloc(sizeof(*s)) : NULL;
    if (!s) {
        failed(h, l->who);
        return NULL;
    }
    succeeded(h, l->who);
    *s = l->draft;
    wg_random_text(12, s->csrf, sizeof(s->csrf));
    s->token = wg_hash_of(token);
    s->expires = wg_mono_ms() + h->config->session_ms;
    s->next = h->session[bucket(&s->token)];
    h->session[bucket(&s->token)] = s;
    h->sessions++;
    return s;
}

static void signed_in(struct login *l)
{
    struct wg_buf b = WG_BUF_INIT;
    char token[48], cookie[160];
    wg_random_text(32, token, sizeof(token));
    struct session *s = session_new(l, wg_str_of(token));
    if (!s) {
        wg_reply_problem(l->call->req, 401, "area, user or password is wrong");
        return;
    }
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "token", wg_str_of(token));
    wg_json_kstr(&b, "csrf_header", WG_S("X-CSRF-Token"));
    wg_json_kstr(&b, "csrf", wg_str_of(s->csrf));
    who_json(s, &b);
    wg_buf_char(&b, '}');
    snprintf(cookie, sizeof(cookie), "wangge=%s; HttpOnly; SameSite=Strict; Path=/", token);
    wg_reply_header(l->call->req, "Set-Cookie", wg_str_of(cookie));
    wg_reply_header(l->call->req, "Cache-Control", WG_S("no-store"));
    sodium_memzero(token, sizeof(token));
    sodium_memzero(cookie, sizeof(cookie));
    answer_json(l->call->req, 201, &b);
}

/* The account's record and password hash. An unknown user costs the same time as a wrong password.
 */
static void look_up(struct login *l, struct wg_county *c, struct wg_str user)
{
    /* A hash of a random password, of the same cost. */
    static char nobody[128];
    struct wg_txn *txn;
    struct wg_str json;
    struct wg_json *j;
    struct wg_buf hash = WG_BUF_INIT;
    char random[32];
    if (!nobody[0]) {
        wg_random_text(16, random, sizeof(random));
        hash_password(wg_str_of(random), nobody);
    }
    memcpy(l->hash, nobody, sizeof(nobody));
    if (!c || reader_begin(c, &txn, NULL) < 0)
        return;
    if (wg_view_record(wg_desk_views(c->desk), txn, "user", user, &json) == WG_OK &&
        wg_json_parse(l->call->arena, json, &j, NULL) == WG_OK &&
        !wg_json_bool(j, "disabled", false) &&
        wg_vault_get(wg_desk_vault(c->desk), wg_json_str(j, "hash"), &hash, NULL) == WG_OK &&
        wg_str_copy(l->hash, sizeof(l->hash), wg_buf_str(&hash)) == WG_OK) {
        struct session *s = &l->draft;
        s->county = c;
        s->roles = roles_of(wg_json_get(j, "roles"));
        wg_str_copy(s->user, sizeof(s->user), user);
        wg_str_copy(s->name, sizeof(s->name), wg_json_str(j, "name"));
        wg_str_copy(s->unit, sizeof(s->unit), wg_json_str(j, "unit"));
        streets_copy(wg_json_get(j, "streets"), s->streets);
    }
    reader_end(c);
    wg_buf_free(&hash);
}

void post_session(struct call *call)
{
    struct wg_json *in;
    struct login *l = WG_NEW(call->arena, struct login);
    struct wg_err err = {0};
    if (!l || parse_body(call, true, &in) < 0)
        return;
    struct wg_str area = wg_json_str(in, "area"), user = wg_json_str(in, "user");
    l->password = wg_json_str(in, "password");
    const char *missing = !area.n ? "area" : !user.n ? "user" : !l->password.n ? "password" : NULL;
    if (missing || user.n > 63 || l->password.n > 1024) {
        char pointer[16];
        snprintf(pointer, sizeof(pointer), "/%s",
                 missing       ? missing
                 : user.n > 63 ? "user"
                               : "password");
        wg_fail_at(&err, WG_EINVAL, pointer, "area, user and password are needed, as texts");
        answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
        return;
    }
    l->call = call;
    l->check = true;
    l->then = signed_in;
    snprintf(l->who, sizeof(l->who), "%.*s/%.*s", WG_PRI(area), WG_PRI(user));
    if (locked(call, l->who))
        return;
    look_up(l, host_county(call->host, area), user);
    login_queue(l);
}

/* ---- HTTP Basic, for the map's clients: a session whose token is made of the credentials, so that
 * a password is hashed once and not for each tile ---- */

/* "Basic …", as area, user and password: the area of the path, or one before the user and a slash.
 */
static bool basic_read(struct wg_req *req, struct wg_str *area, struct wg_str *user,
                       struct wg_str *password)
{
    struct wg_str auth = wg_req_header(req, "authorization");
    char *text = auth.n > 6 && auth.n < 2048 ? wg_arena_alloc(wg_req_arena(req), auth.n) : NULL;
    size_t n = 0;
    if (!text || strncasecmp(auth.p, "basic ", 6) != 0 ||
        sodium_base642bin((unsigned char *)text, auth.n, auth.p + 6, auth.n - 6, " ", &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    char *colon = memchr(text, ':', n),
         *slash = colon ? memchr(text, '/', (size_t)(colon - text)) : NULL;
    if (!colon)
        return false;
    *area = slash ? (struct wg_str){text, (size_t)(slash - text)} : wg_req_param(req, "area");
    *user = (struct wg_str){slash ? slash + 1 : text, (size_t)(colon - (slash ? slash + 1 : text))};
    *password = (struct wg_str){colon + 1, n - (size_t)(colon + 1 - text)};
    return user->n > 0 && user->n < 64 && password->n <= 1024;
}

bool basic_said(struct wg_req *req)
{
    struct wg_str part[3];
    return basic_read(req, &part[0], &part[1], &part[2]);
}

static struct wg_str basic_token(struct wg_req *req, struct wg_host *h,
                                 const struct wg_str parts[3])
{
    struct wg_hash hash = wg_hash_keyed(wg_vault_secret(wg_desk_vault(h->city->desk)), parts, 3);
    char text[64];
    sodium_bin2base64(text, sizeof(text), hash.b, sizeof(hash.b), sodium_base64_VARIANT_ORIGINAL);
    return wg_arena_str(wg_req_arena(req), wg_str_of(text));
}

struct session *basic_find(struct wg_req *req, struct wg_host *h)
{
    struct wg_str part[3];
    return basic_read(req, &part[0], &part[1], &part[2])
               ? session_find(h, basic_token(req, h, part))
               : NULL;
}

static void basic_done(struct login *l)
{
    struct call *call = l->call;
    struct wg_str part[3];
    if (basic_read(call->req, &part[0], &part[1], &part[2]) &&
        session_new(l, basic_token(call->req, call->host, part))) {
        if (before_request(call->req, call->host))
            handle_row(call->req, call->host);
        return;
    }
    wg_reply_header(call->req, "WWW-Authenticate", WG_S(BASIC));
    wg_reply_problem(call->req, 401, "user or password is wrong");
}

bool basic_login(struct wg_req *req, struct wg_host *h)
{
    struct call *call = WG_NEW(wg_req_arena(req), struct call);
    struct login *l = WG_NEW(wg_req_arena(req), struct login);
    struct wg_str area, user;
    if (!call || !l || !basic_read(req, &area, &user, &l->password))
        return false;
    *call =
        (struct call){.req = req, .host = h, .row = wg_req_row(req), .arena = wg_req_arena(req)};
    l->call = call;
    l->check = true;
    l->then = basic_done;
    snprintf(l->who, sizeof(l->who), "%.*s/%.*s", WG_PRI(area), WG_PRI(user));
    if (locked(call, l->who))
        return true;
    look_up(l, host_county(h, area), user);
    login_queue(l);
    return true;
}

void get_session(struct call *call)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    who_json(call->session, &b);
    wg_json_kstr(&b, "csrf", wg_str_of(call->session->csrf));
    wg_json_key(&b, "may");
    struct wg_force *f = wg_desk_force(call->session->county->desk);
    wg_buf_char(&b, '[');
    for (size_t i = 0; f->pack && i < f->pack->flow.count; i++) {
        const struct wg_step *s = &f->pack->flow.step[i];
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told |= wg_str_eq(f->pack->flow.step[k].action, s->action);
        if (told || !(s->roles & call->session->roles))
            continue;
        wg_json_sep(&b);
        wg_buf_json(&b, s->action);
    }
    wg_force_drop(f);
    wg_buf_lit(&b, "]}");
    answer_json(call->req, 200, &b);
}

void delete_session(struct call *call)
{
    struct wg_host *h = call->host;
    for (struct session **at = &h->session[bucket(&call->session->token)]; *at; at = &(*at)->next) {
        if (*at != call->session)
            continue;
        unlink_session(h, at);
        break;
    }
    wg_reply_empty(call->req, 204);
}
