/* Evidence: looked at and kept on the pool, two at a time so that reads find it free; shown to who
 * may see a case that names it. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STORING_MAX 2
#define IMPORTERS (WG_ADMIN | WG_RULE_AUTHOR | WG_RULE_APPROVER)

static void dir_of(struct wg_county *c, char dir[1100])
{
    snprintf(dir, 1100, "%s/blobs", wg_desk_dir(c->desk));
}

/* ---- who sent how many this hour, and what within a day. Like sessions: a restart forgets, and
 * the same bytes sent again bring it back ---- */

struct sent {
    uint8_t digest[32];
    int64_t t;
};
struct sender {
    struct sender *next;
    struct wg_county *county;
    char user[64];
    int64_t hour; /* since 1970 */
    int64_t count;
    struct sent *sent; /* oldest first */
    size_t n, cap;
};

void senders_free(struct wg_host *h)
{
    while (h->senders) {
        struct sender *s = h->senders;
        h->senders = s->next;
        free(s->sent);
        free(s);
    }
}

static struct sender *sender_of(struct wg_host *h, struct wg_county *c, const char *user, bool make)
{
    int64_t hour = wg_now_ms() / WG_HOUR_MS;
    for (struct sender **at = &h->senders; *at;) {
        struct sender *s = *at;
        if (s->county == c && strcmp(s->user, user) == 0)
            return s;
        if (s->hour + 25 < hour) { /* nothing of it counts any more */
            *at = s->next;
            free(s->sent);
            free(s);
        } else {
            at = &s->next;
        }
    }
    struct sender *s = make ? calloc(1, sizeof(*s)) : NULL;
    if (s) {
        snprintf(s->user, sizeof(s->user), "%s", user);
        s->county = c;
        s->next = h->senders;
        h->senders = s;
    }
    return s;
}

/* Before the body is read: it shall not fill the disk first. */
bool upload_allowed(struct wg_req *req, struct wg_host *h, const struct session *who)
{
    char text[120];
    int64_t now = wg_now_ms(), hour = now / WG_HOUR_MS;
    struct sender *s = sender_of(h, who->county, who->user, true);
    if (!s) {
        wg_reply_problem(req, 503, "out of memory");
        return false;
    }
    if (s->hour != hour)
        s->count = 0;
    s->hour = hour;
    if (s->count++ < h->config->uploads_per_hour)
        return true;
    snprintf(text, sizeof(text), "%lld", (long long)((hour + 1) * WG_HOUR_MS - now + 999) / 1000);
    wg_reply_header(req, "Retry-After", wg_str_of(text));
    snprintf(text, sizeof(text), "%lld uploads an hour and account; wait as Retry-After says",
             (long long)h->config->uploads_per_hour);
    wg_reply_problem(req, 429, text);
    return false;
}

static void note_sent(struct wg_host *h, struct wg_county *c, const char *user, const char *name)
{
    struct sender *s = sender_of(h, c, user, true);
    struct sent one = {.t = wg_now_ms()};
    size_t old = 0;
    if (!s || wg_sha256_parse(wg_str_of(name), one.digest) < 0)
        return;
    while (old < s->n && s->sent[old].t < one.t - WG_DAY_MS)
        old++;
    s->n -= old;
    if (old)
        memmove(s->sent, s->sent + old, s->n * sizeof(one));
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        void *more = realloc(s->sent, cap * sizeof(one));
        if (!more)
            return;
        s->sent = more;
        s->cap = cap;
    }
    s->sent[s->n++] = one;
}

static bool sent_today(struct wg_host *h, const struct session *who, struct wg_county *c,
                       struct wg_str name)
{
    uint8_t digest[32];
    struct sender *s = who->county == c ? sender_of(h, c, who->user, false) : NULL;
    if (!s || wg_sha256_parse(name, digest) < 0)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (s->sent[i].t > wg_now_ms() - WG_DAY_MS && memcmp(s->sent[i].digest, digest, 32) == 0)
            return true;
    return false;
}

/* ---- coming in ---- */

struct storing {
    struct storing *next;
    struct call *call;
    struct wg_county *county;
    const uint64_t *max; /* by kind */
    char user[64], dir[1100], name[WG_BLOB_NAME + 1];
    bool may_data;
    int fd;
    struct wg_media media;
    int refused; /* 413, 415 */
    int rc;
    struct wg_err err;
};

static void store_work(void *arg) /* on the pool */
{
    struct storing *s = arg;
    struct wg_media *m = &s->media;
    uint64_t size;
    s->rc = wg_media_of_fd(s->fd, s->max[WG_PHOTO], m, &s->err);
    if (s->rc < 0)
        return;
    if (m->kind == WG_ALIEN || (m->kind == WG_DATA && !s->may_data))
        s->refused = 415;
    else if (m->size > s->max[m->kind])
        s->refused = 413;
    else
        s->rc = wg_blob_put_fd(s->dir, s->fd, m, s->name, &size, &s->err);
}

static void refuse_kind(struct storing *s)
{
    char text[300];
    const struct wg_media *m = &s->media;
    if (s->refused == 413)
        snprintf(text, sizeof(text), "a %s of %llu bytes; at most %llu",
                 wg_media_kind_name(m->kind), (unsigned long long)m->size,
                 (unsigned long long)s->max[m->kind]);
    else if (m->kind == WG_DATA)
        snprintf(text, sizeof(text), "this is %s; who does not import sends photos, sounds, videos",
                 m->type);
    else
        snprintf(text, sizeof(text),
                 "this is %s, by its content; photos are jpeg png webp heic, sounds mp3 m4a amr "
                 "wav ogg, videos mp4 3gp mov webm%s",
                 m->type, s->may_data ? ", data csv json geojson tar" : "");
    wg_reply_problem(s->call->req, s->refused, text);
}

static void key_place(struct wg_buf *b, const struct wg_media *m)
{
    wg_json_key(b, "location");
    wg_buf_lit(b, "{\"type\":\"Point\",\"coordinates\":[");
    wg_buf_fixed(b, m->lon_e7, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, m->lat_e7, 7);
    wg_buf_lit(b, "]}");
}

static void tell_stored(const struct storing *s)
{
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_media *m = &s->media;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "sha256", wg_str_of(s->name));
    wg_json_kstr(&b, "type", wg_str_of(m->type));
    wg_json_kint(&b, "size", (int64_t)m->size);
    if (m->taken_ms) {
        wg_json_key(&b, "taken");
        wg_buf_char(&b, '"');
        wg_buf_time(&b, m->taken_ms);
        wg_buf_char(&b, '"');
    }
    if (m->placed)
        key_place(&b, m);
    if (m->camera[0])
        wg_json_kstr(&b, "camera", wg_str_of(m->camera));
    wg_buf_char(&b, '}');
    answer_json(s->call->req, 201, &b);
}

static void next_storing(struct wg_host *h);

static void store_done(void *arg)
{
    struct storing *s = arg;
    struct wg_host *h = s->call->host;
    h->storing--;
    if (s->refused) {
        refuse_kind(s);
    } else if (s->rc < 0) {
        answer_err(s->call->req, s->rc, &s->err, (struct wg_str){NULL, 0});
    } else {
        note_sent(h, s->county, s->user, s->name);
        tell_stored(s);
    }
    next_storing(h);
}

static void next_storing(struct wg_host *h)
{
    struct storing *s;
    while (h->storing < STORING_MAX && (s = h->uploads)) {
        h->uploads = s->next;
        if (!h->uploads)
            h->uploads_tail = NULL;
        if (wg_pool_run(h->loop, store_work, store_done, s) == WG_OK)
            h->storing++;
        else
            wg_reply_problem(s->call->req, 503, "out of memory");
    }
}

void put_blob(struct call *call)
{
    struct wg_host *h = call->host;
    struct storing *s = WG_NEW(call->arena, struct storing);
    uint64_t size;
    int fd = wg_req_spool(call->req, &size);
    if (!s) {
        wg_reply_problem(call->req, 503, "out of memory");
        return;
    }
    if (fd < 0 || size == 0) {
        const struct wg_err err = {.text = "the body is empty; send a photo, sound or video"};
        answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
        return;
    }
    s->call = call;
    s->county = call->county;
    s->max = h->config->upload_max;
    s->fd = fd;
    s->may_data = call->session->roles & IMPORTERS;
    memcpy(s->user, call->session->user, sizeof(s->user));
    dir_of(call->county, s->dir);
    if (h->uploads_tail)
        h->uploads_tail->next = s;
    else
        h->uploads = s;
    h->uploads_tail = s;
    next_storing(h);
}

/* ---- going out ---- */

struct fetching {
    struct call *call;
    struct wg_county *county;
    struct session session; /* the pool must not look at the loop's */
    struct wg_txn *txn;
    struct wg_str name;
    bool sent; /* by who asks, today */
    int fd;
    struct wg_media media;
    int rc;
    struct wg_err err;
};

/* 1: who asks may see it by this case, or by having brought it as base data or rules. */
static int sees_by(void *arg, uint64_t id, struct wg_str user)
{
    struct fetching *f = arg;
    struct wg_case c;
    if (!id)
        return f->session.roles & IMPORTERS && f->session.county == f->county &&
               wg_str_is(user, f->session.user);
    return wg_view_case(wg_desk_views(f->county->desk), f->txn, id, &c) == WG_OK &&
           may_see(&f->session, &c);
}

static int may_fetch(struct fetching *f)
{
    struct wg_views *v = wg_desk_views(f->county->desk);
    int rc = wg_txn_begin(wg_views_env(v), false, &f->txn, &f->err);
    if (rc < 0)
        return rc;
    rc = wg_view_blob(v, f->txn, f->name, sees_by, f);
    wg_txn_abort(f->txn);
    return rc != WG_OK ? rc : wg_fail(&f->err, WG_EDENIED, "this file is not yours to see");
}

static void fetch_work(void *arg) /* on the pool */
{
    struct fetching *f = arg;
    char dir[1100];
    dir_of(f->county, dir);
    f->rc = wg_blob_open(dir, f->name, &f->fd, &f->err);
    if (f->rc < 0)
        return;
    if (!f->sent)
        f->rc = may_fetch(f);
    /* What was kept beside it is lost, or never was for base data: look at it again. */
    if (f->rc >= 0 && wg_blob_media(dir, f->name, &f->media, NULL) < 0)
        f->rc = wg_media_of_fd(f->fd, 0, &f->media, &f->err);
    if (f->rc < 0)
        close(f->fd);
}

static void fetch_done(void *arg)
{
    struct fetching *f = arg;
    struct wg_req *req = f->call->req;
    if (f->rc < 0) {
        answer_err(req, f->rc, &f->err, (struct wg_str){NULL, 0});
        return;
    }
    wg_reply_header(req, "Cache-Control", WG_S("private, max-age=31536000, immutable"));
    wg_reply_header(req, "Content-Disposition",
                    f->media.kind <= WG_VIDEO ? WG_S("inline") : WG_S("attachment"));
    wg_reply_file(req, f->media.type, f->name, f->fd);
}

void get_blob(struct call *call)
{
    struct fetching *f = WG_NEW(call->arena, struct fetching);
    if (f) {
        f->call = call;
        f->county = call->county;
        f->session = *call->session;
        f->name = wg_req_param(call->req, "sha256");
        f->sent = sent_today(call->host, call->session, call->county, f->name);
    }
    if (!f || wg_pool_run(call->host->loop, fetch_work, fetch_done, f) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

/* ---- at night: what nobody named ---- */

void blobs_sweep(struct wg_county *c)
{
    struct wg_desk_stats st;
    struct wg_err err = {0};
    char dir[1100];
    size_t gone;
    dir_of(c, dir);
    wg_desk_stats(c->desk, &st);
    if (st.broken) /* an entry may yet come to be whose names nobody knows */
        return;
    if (wg_blob_sweep(dir, wg_desk_journal(c->desk), wg_now_ms() - c->host->config->blob_keep_ms,
                      &gone, &err) < 0)
        wg_log(WG_ERROR, "jobs", err.text, "area", c->area, NULL);
    else if (gone)
        wg_log(WG_INFO, "jobs", "blobs that nobody named are gone", "area", c->area, "count",
               WG_NUM(gone), NULL);
}
