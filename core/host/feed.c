/* The journal as a stream from a given entry on: JSON Lines up to the last entry there is, or
 * server-sent events that go on. Each follower reads on the pool; the loop only hands bytes over,
 * and wakes followers when a batch has come. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK (128u * 1024)

struct feed {
    struct feed *next;
    struct wg_county *county;
    struct wg_stream *stream; /* NULL: gone, free it when the pool is done */
    struct session session;
    uint64_t after; /* the last entry sent or passed over */
    bool sse, reading, full;
    struct wg_buf out;
    struct wg_arena *arena;
    struct wg_txn *txn; /* the pool's, as is tip */
    uint64_t tip; /* the last entry that the views of txn hold: what comes after it can't be judged
                     yet */
    int rc;
};

/* ---- on the pool ---- */

static bool visible(struct feed *f, const struct wg_entry *e)
{
    struct wg_case c;
    if (f->session.roles & WG_AUDITOR)
        return true;
    if (!e->of) /* upkeep: accounts, editions, rules */
        return false;
    return wg_view_case(wg_desk_views(f->county->desk), f->txn, e->of, &c) == WG_OK &&
           may_see(&f->session, &c);
}

/* What others than auditors see of an entry: not the facts, the keys, the chain. */
static void write_event(struct feed *f, const struct wg_entry *e, struct wg_buf *b)
{
    char id[24];
    wg_case_id_text(e->of, id);
    wg_buf_char(b, '{');
    wg_json_kint(b, "n", (int64_t)e->n);
    wg_json_key(b, "t");
    wg_buf_char(b, '"');
    wg_buf_time(b, e->t);
    wg_buf_char(b, '"');
    wg_json_kstr(b, "by", e->by);
    wg_json_kstr(b, "as", e->as);
    wg_json_kstr(b, "do", e->act);
    wg_json_kstr(b, "of", wg_str_of(id));
    wg_json_key(b, "out");
    wg_json_write(e->out, b);
    wg_buf_char(b, '}');
    (void)f;
}

static int feed_one(void *arg, uint64_t n, struct wg_str bytes)
{
    struct feed *f = arg;
    struct wg_entry e;
    struct wg_err err;
    if (n > f->tip)
        return 1;
    wg_arena_reset(f->arena);
    int rc = wg_entry_parse(f->arena, bytes, &e, &err);
    if (rc < 0)
        return rc;
    if (visible(f, &e)) {
        if (f->sse)
            wg_buf_fmt(&f->out, "id: %llu\nevent: entry\ndata: ", (unsigned long long)n);
        if (f->session.roles & WG_AUDITOR)
            wg_buf_str_add(&f->out, bytes);
        else
            write_event(f, &e, &f->out);
        wg_buf_add(&f->out, "\n\n", f->sse ? 2 : 1);
    }
    f->after = n;
    return f->out.n >= CHUNK ? 1 : WG_OK;
}

static void feed_work(void *arg)
{
    struct feed *f = arg;
    struct wg_journal *j = wg_desk_journal(f->county->desk);
    struct wg_views *v = wg_desk_views(f->county->desk);
    struct wg_views_tip tip;
    struct wg_err err = {.text = "the views have no tip"};
    f->rc = wg_txn_begin(wg_views_env(v), false, &f->txn, &err);
    if (f->rc == WG_OK && (f->rc = wg_views_tip(v, f->txn, &tip)) == WG_OK)
        f->tip = tip.n;
    if (f->rc == WG_OK)
        f->rc = j->ops->scan(j, f->after + 1, feed_one, f, &err);
    wg_txn_abort(f->txn);
    f->txn = NULL;
    if (f->rc < 0)
        wg_log(WG_ERROR, "feed", err.text, "area", f->county->area, NULL);
}

/* ---- on the loop ---- */

static void feed_free(struct feed *f)
{
    for (struct feed **at = &f->county->feeds; *at; at = &(*at)->next) {
        if (*at != f)
            continue;
        *at = f->next;
        break;
    }
    wg_buf_free(&f->out);
    wg_arena_free(f->arena);
    free(f);
}

static void feed_done(void *arg);

static void feed_read(struct feed *f)
{
    struct wg_journal *j = wg_desk_journal(f->county->desk);
    if (f->reading || f->full || !f->stream)
        return;
    if (f->after >= j->ops->last(j)) {
        if (!f->sse)
            wg_stream_end(f->stream); /* who wants more asks again from here, or takes the events */
        return;
    }
    f->reading = wg_pool_run(f->county->host->loop, feed_work, feed_done, f) == WG_OK;
}

static void feed_done(void *arg)
{
    struct feed *f = arg;
    f->reading = false;
    if (!f->stream) {
        feed_free(f);
        return;
    }
    if (f->out.n)
        f->full = wg_stream_write(f->stream, wg_buf_str(&f->out)) > 256u * 1024;
    wg_buf_clear(&f->out);
    if (f->rc < 0)
        wg_stream_end(f->stream);
    else
        feed_read(f);
}

static void feed_drained(struct wg_stream *s, void *arg)
{
    struct feed *f = arg;
    (void)s;
    f->full = false;
    feed_read(f);
}

static void feed_closed(struct wg_stream *s, void *arg)
{
    struct feed *f = arg;
    (void)s;
    f->stream = NULL;
    if (!f->reading)
        feed_free(f);
}

void feed_wake(struct wg_county *c)
{
    for (struct feed *f = c->feeds; f; f = f->next)
        feed_read(f);
}

/* A line now and then, so that dead connections are noticed and live ones are not cut by what lies
 * between. */
void feeds_beat(struct wg_county *c)
{
    for (struct feed *f = c->feeds; f; f = f->next)
        if (f->stream && f->sse && !f->full)
            wg_stream_write(f->stream, WG_S(": beat\n\n"));
}

void get_events(struct call *call)
{
    static const struct wg_stream_cb cb = {feed_drained, feed_closed};
    struct wg_str accept = wg_req_header(call->req, "accept"),
                  last = wg_req_header(call->req, "last-event-id");
    int64_t after = 0;
    struct wg_err err = {0};
    if (!query_int(call, "after", 0, INT64_MAX, &after))
        return;
    if (last.n && (wg_str_int(last, &after) < 0 || after < 0)) {
        wg_fail_at(&err, WG_EINVAL, "/Last-Event-ID", "is the id of an event of this stream");
        answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
        return;
    }
    struct feed *f = calloc(1, sizeof(*f));
    if (!f || !(f->arena = wg_arena_new(65536))) {
        free(f);
        wg_reply_problem(call->req, 503, "out of memory");
        return;
    }
    f->county = call->county;
    f->session = *call->session;
    f->after = (uint64_t)after;
    f->sse = accept.n && memmem(accept.p, accept.n, "text/event-stream", 17);
    f->next = call->county->feeds;
    call->county->feeds = f;
    wg_reply_header(call->req, "Cache-Control", WG_S("no-store"));
    f->stream =
        wg_stream_open(call->req, f->sse ? "text/event-stream" : "application/x-ndjson", &cb, f);
    if (!f->stream)
        feed_free(f);
    else
        feed_read(f);
}
