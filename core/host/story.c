/* A case's story, read from the journal along the chain that its entries form: each names the one
 * before. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define STORY_MAX 2000

struct story {
    struct call *call;
    struct wg_county *county;
    struct session session;
    uint64_t id;
    struct wg_case c;
    struct wg_arena *arena; /* the pool's */
    void (*tell)(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                 struct wg_buf *out);
    struct wg_entry *entry; /* newest first while reading */
    size_t count;
    int state;
    int64_t due;
    struct wg_buf out;
    int rc;
    struct wg_err err;
};

static int read_chain(struct story *s)
{
    struct wg_journal *j = wg_desk_journal(s->county->desk);
    s->entry = wg_arena_alloc(s->arena, STORY_MAX * sizeof(*s->entry));
    for (uint64_t n = s->c.last_n; n && s->count < STORY_MAX; n = s->entry[s->count++].was) {
        struct wg_buf text = WG_BUF_INIT;
        int rc = wg_journal_get(j, n, &text, &s->err);
        struct wg_str bytes = wg_arena_str(s->arena, wg_buf_str(&text));
        wg_buf_free(&text);
        if (rc == WG_OK)
            rc = wg_entry_parse(s->arena, bytes, &s->entry[s->count], &s->err);
        if (rc < 0)
            return rc;
    }
    return WG_OK;
}

static void story_work(void *arg)
{
    struct story *s = arg;
    s->arena = wg_arena_new(65536);
    s->rc = s->arena ? read_chain(s) : WG_ENOMEM;
    s->state = WG_NOWHERE;
    wg_buf_char(&s->out, '[');
    for (size_t i = s->count; s->rc == WG_OK && i > 0; i--)
        s->tell(s, &s->entry[i - 1], i < s->count ? &s->entry[i] : NULL, &s->out);
    wg_buf_char(&s->out, ']');
    wg_arena_free(s->arena);
}

static void story_done(void *arg)
{
    struct story *s = arg;
    if (s->rc == WG_OK) {
        answer_json(s->call->req, 200, &s->out);
        return;
    }
    wg_buf_free(&s->out);
    answer_err(s->call->req, s->rc, &s->err, (struct wg_str){NULL, 0});
}

/* The case of the address, if it is there and may be seen. */
static bool see_case(struct call *call, uint64_t *id, struct wg_case *c)
{
    struct wg_txn *txn;
    struct wg_err err = {0};
    int rc = wg_case_id_parse(wg_req_param(call->req, "id"), id);
    if (rc == WG_OK && call->county->is_city) {
        struct wg_county *k = host_county_of(call->host, wg_case_id_area(*id));
        call->county = k ? k : call->county;
    }
    if (rc < 0)
        rc = wg_fail(&err, WG_ENOENT, "there is no such case: an id looks like 341824-2026-000123");
    else if ((rc = reader_begin(call->county, &txn, &err)) == WG_OK) {
        rc = wg_view_case(wg_desk_views(call->county->desk), txn, *id, c);
        if (rc == WG_OK && !may_see(call->session, c))
            rc = wg_fail(&err, WG_EDENIED, "this case is not yours to see");
        else if (rc < 0)
            wg_fail(&err, rc, rc == WG_ENOENT ? "there is no such case" : "the case can't be read");
        reader_end(call->county);
    }
    if (rc < 0)
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
    return rc == WG_OK;
}

static void story_run(struct call *call, void (*tell)(struct story *, const struct wg_entry *,
                                                      const struct wg_entry *, struct wg_buf *))
{
    struct story *s = WG_NEW(call->arena, struct story);
    if (!s || !see_case(call, &s->id, &s->c))
        return;
    s->call = call;
    s->county = call->county;
    s->session = *call->session;
    s->tell = tell;
    if (wg_pool_run(call->host->loop, story_work, story_done, s) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

/* ---- history: every event, oldest first ---- */

static void key_time(struct wg_buf *b, const char *key, int64_t t)
{
    wg_json_key(b, key);
    wg_buf_char(b, '"');
    wg_buf_time(b, t);
    wg_buf_char(b, '"');
}

static int state_after(const struct wg_entry *e, int state)
{
    for (const struct wg_json *o = e->out->child; o; o = o->next) {
        if (wg_str_is(wg_json_str(o, "k"), "open"))
            state = WG_REPORTED;
        else if (wg_str_is(wg_json_str(o, "k"), "go"))
            state = wg_state_parse(wg_json_str(o, "to"));
    }
    return state;
}

static void body_json(struct story *s, const struct wg_entry *e, struct wg_buf *b)
{
    struct wg_buf words = WG_BUF_INIT;
    struct wg_vault *vault = wg_desk_vault(s->county->desk);
    wg_json_key(b, "body");
    wg_buf_char(b, '{');
    for (const struct wg_json *m = e->in ? e->in->child : NULL; m; m = m->next) {
        struct wg_str ref = wg_json_str(m, "vault");
        bool caller = wg_str_is(m->key, "caller");
        if (ref.p && caller && !(s->session.roles & (WG_ACCEPTOR | WG_CHIEF)))
            continue;
        wg_json_key_str(b, m->key);
        wg_buf_clear(&words);
        if (!ref.p)
            wg_json_write(m, b);
        else if (wg_vault_get(vault, ref, &words, NULL) < 0)
            wg_buf_lit(b, "null"); /* erased */
        else if (caller)
            wg_buf_str_add(b, wg_buf_str(&words));
        else
            wg_buf_json(b, wg_buf_str(&words));
    }
    wg_buf_char(b, '}');
    wg_buf_free(&words);
}

static void tell_event(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                       struct wg_buf *b)
{
    int state = s->state;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kint(b, "seq", (int64_t)e->n);
    wg_json_kstr(b, "action", e->act);
    wg_json_kstr(b, "by", e->by);
    wg_json_kstr(b, "role", e->as);
    wg_json_kstr(b, "unit", e->unit);
    wg_json_kstr(b, "from",
                 state == WG_NOWHERE ? (struct wg_str){NULL, 0} : wg_str_of(wg_state_name(state)));
    s->state = state_after(e, state);
    wg_json_kstr(b, "to", wg_str_of(wg_state_name(s->state)));
    key_time(b, "begun", before ? before->t : e->t);
    key_time(b, "ended", e->t);
    wg_json_kint(b, "seconds", before ? (e->t - before->t) / 1000 : 0);
    wg_json_kbool(b, "late", s->due && e->t > s->due);
    body_json(s, e, b);
    for (const struct wg_json *o = e->out->child; o; o = o->next)
        s->due = wg_json_int(o, "due", s->due);
    wg_json_key(b, "outcomes");
    wg_json_write(e->out, b);
    wg_json_kstr(b, "rules", e->rev);
    wg_buf_char(b, '}');
}

void get_history(struct call *call)
{
    story_run(call, tell_event);
}

/* ---- explain: every decision with its reasons ---- */

static void because(const struct wg_json *why, struct wg_buf *b)
{
    wg_json_key(b, "because");
    wg_buf_char(b, '[');
    if (why && why->type == WG_JARR && why->count == 3) {
        wg_buf_char(b, '{');
        wg_json_kstr(b, "text", why->child->str);
        wg_json_kstr(b, "file", why->child->next->str);
        wg_json_kint(b, "line", why->child->next->next->num);
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, ']');
}

/* What follows from the step itself (number, condition, unit) has the step's own reason: the flow's
 * row. */
static const struct wg_json *why_of(const struct wg_entry *e, const struct wg_json *o)
{
    const struct wg_json *why = wg_json_get(o, "why");
    for (const struct wg_json *go = e->out->child; !why && go; go = go->next)
        if (wg_str_is(wg_json_str(go, "k"), "go"))
            why = wg_json_get(go, "why");
    return why;
}

static void tell_reason(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                        struct wg_buf *b)
{
    (void)s;
    (void)before;
    for (const struct wg_json *o = e->out->child; o; o = o->next) {
        const struct wg_json *why = why_of(e, o);
        struct wg_str k = wg_json_str(o, "k");
        if (wg_str_is(k, "open") || wg_str_is(k, "photo"))
            continue;
        for (const struct wg_json *m = o->child; m; m = m->next) {
            bool words = wg_str_is(m->key, "k") || wg_str_is(m->key, "why") ||
                         wg_str_is(m->key, "role") || wg_str_is(m->key, "numbered") ||
                         wg_str_is(m->key, "pinned");
            if (words)
                continue;
            wg_json_sep(b);
            wg_buf_char(b, '{');
            wg_json_kint(b, "seq", (int64_t)e->n);
            wg_json_kstr(b, "action", e->act);
            wg_json_kstr(b, "decision", wg_str_is(m->key, "to") ? WG_S("state") : m->key);
            wg_json_key(b, "value");
            if ((wg_str_is(m->key, "due") || wg_str_is(m->key, "stage_due")) &&
                m->type == WG_JINT) {
                wg_buf_char(b, '"');
                wg_buf_time(b, m->num);
                wg_buf_char(b, '"');
            } else {
                wg_json_write(m, b);
            }
            because(why, b);
            wg_json_kstr(b, "rules", e->rev);
            wg_buf_char(b, '}');
        }
    }
}

void get_explain(struct call *call)
{
    story_run(call, tell_reason);
}

/* ---- the clock statement of a case ---- */

void get_case_clock(struct call *call)
{
    struct wg_case c;
    struct wg_buf b = WG_BUF_INIT;
    uint64_t id;
    if (!see_case(call, &id, &c))
        return;
    struct wg_force *f = wg_desk_force(call->county->desk);
    int64_t now = c.closed ? c.closed : wg_now_ms();
    wg_buf_char(&b, '{');
    if (!c.due || !f->worktime) {
        wg_buf_lit(&b, "\"due\":null,\"statement\":[]");
    } else {
        int64_t left = wg_worktime_between(f->worktime, now, c.due);
        bool working = c.limit.unit == WG_WORK_HOUR || c.limit.unit == WG_WORK_DAY;
        key_time(&b, "from", c.filed);
        key_time(&b, "due", c.due);
        wg_json_key(&b, "limit");
        wg_buf_fixed(&b, c.limit.n_milli, 3);
        wg_json_kstr(&b, "unit", wg_str_of(wg_unit_name(c.limit.unit)));
        wg_json_kint(&b, "left_seconds", now > c.due ? 0 : (working ? left : c.due - now) / 1000);
        wg_json_kint(&b, "late_seconds", now > c.due ? (now - c.due) / 1000 : 0);
        wg_json_kstr(&b, "lamp", wg_str_of(wg_lamp_name(wg_lamp_of(&c, now))));
        wg_json_key(&b, "lamp_changes");
        if (now < c.due && !c.closed) {
            int64_t half = c.due - (c.due - c.filed) / 2;
            wg_buf_char(&b, '"');
            wg_buf_time(&b, now < half ? half : c.due);
            wg_buf_char(&b, '"');
        } else {
            wg_buf_lit(&b, "null");
        }
        wg_json_key(&b, "statement");
        wg_buf_char(&b, '[');
        wg_worktime_spans(f->worktime, c.filed, c.due, c.limit.unit, write_span, &b);
        wg_buf_char(&b, ']');
    }
    wg_buf_char(&b, '}');
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}
