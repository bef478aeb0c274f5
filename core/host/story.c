/* A case's story, read from the journal along the chain that its entries form: each names the one
 * before. */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>

#define STORY_MAX 2000

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
        s->entry[s->count].was = wg_entry_was(&s->entry[s->count], s->id);
    }
    return WG_OK;
}

static void story_work(void *arg)
{
    struct story *s = arg;
    s->arena = wg_arena_new(65536);
    s->rc = s->arena ? read_chain(s) : WG_ENOMEM;
    s->ledger = (struct wg_ledger){.a = s->arena, .id = s->id, .c = {.state = WG_NOWHERE}};
    wg_buf_char(&s->out, '[');
    for (size_t i = s->count; s->rc == WG_OK && i > 0; i--)
        s->tell(s, &s->entry[i - 1], i < s->count ? &s->entry[i] : NULL, &s->out);
    wg_buf_char(&s->out, ']');
    if (s->end)
        s->end(s);
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

void story_run(struct call *call,
               void (*tell)(struct story *, const struct wg_entry *, const struct wg_entry *,
                            struct wg_buf *),
               void (*end)(struct story *))
{
    struct story *s = WG_NEW(call->arena, struct story);
    if (!s || !see_case(call, &s->id, &s->c))
        return;
    s->call = call;
    s->county = call->county;
    s->session = *call->session;
    s->tell = tell;
    s->end = end;
    if (wg_pool_run(call->host->loop, story_work, story_done, s) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

/* ---- history: every event, oldest first ---- */

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
    const struct wg_case was = s->ledger.c;
    int64_t due = was.stage_due ? was.stage_due : was.due;
    if (s->rc == WG_OK)
        s->rc = wg_ledger_step(&s->ledger, e);
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kint(b, "seq", (int64_t)e->n);
    wg_json_kstr(b, "action", e->act);
    wg_json_kstr(b, "by", e->by);
    wg_json_kstr(b, "role", e->as);
    wg_json_kstr(b, "unit", e->unit);
    wg_json_kstr(b, "from",
                 was.state == WG_NOWHERE ? (struct wg_str){NULL, 0}
                                         : wg_str_of(wg_state_name(was.state)));
    wg_json_kstr(b, "to", wg_str_of(wg_state_name(s->ledger.c.state)));
    int64_t begun =
        before && was.since ? was.since : e->t; /* the stage's, whatever else was said */
    wg_json_ktime(b, "begun", begun);
    wg_json_ktime(b, "ended", e->t);
    wg_json_kint(b, "seconds", (e->t - begun) / 1000);
    wg_json_ktime(b, "stage_due", was.stage_due);
    wg_json_kbool(b, "late", due && wg_state_open(was.state) && e->t > due);
    body_json(s, e, b);
    wg_json_key(b, "outcomes");
    wg_json_write(e->out, b);
    wg_json_kstr(b, "rules", e->rev);
    wg_buf_char(b, '}');
}

void get_history(struct call *call)
{
    story_run(call, tell_event, NULL);
}

/* ---- the clock: the statement 时限对账单 of a case ---- */

static const char *why_stopped(int state)
{
    switch (state) {
    case WG_RETURNED:
        return "退回待定";
    case WG_DISPUTED:
        return "争议待裁";
    case WG_SUSPENDED:
        return "挂账，停止计时";
    case WG_DISPOSED:
        return "已反馈，待核查";
    case WG_CHECKING:
        return "核查中";
    case WG_CHECKED:
        return "核查通过，待结案";
    default:
        return "已离开处置环节";
    }
}

static void statement(const struct wg_ledger *l, const struct wg_worktime *wt, struct wg_buf *b)
{
    enum wg_unit unit = l->c.limit.unit;
    int64_t from = 0, to = 0; /* of running time not yet told: stays that touch are told as one */
    wg_json_key(b, "statement");
    wg_buf_char(b, '[');
    for (size_t i = l->clock_at; i < l->count; i++) {
        const struct wg_stay *s = &l->stay[i];
        struct wg_span stop = {s->from, s->to, false, ""};
        if (s->to <= s->from || l->c.closed == s->from)
            continue;
        if (s->runs) {
            from = from ? from : s->from;
            to = s->to;
            continue;
        }
        if (from)
            wg_worktime_spans(wt, from, to, unit, write_span, b);
        from = 0;
        snprintf(stop.why, sizeof(stop.why), "%s", why_stopped(s->state));
        write_span(b, &stop);
    }
    if (!l->c.stopped && !l->c.closed && (!from || l->c.due > to)) { /* what is still to come */
        from = from ? from : l->stay[l->count - 1].from;
        to = l->c.due;
    }
    if (from && to > from)
        wg_worktime_spans(wt, from, to, unit, write_span, b);
    wg_buf_char(b, ']');
}

/* Each stage beside the case: who had it, how long, and whether it took too long. */
static void stages(const struct wg_ledger *l, struct wg_buf *b)
{
    int64_t axis[2] = {0, 0};
    wg_json_key(b, "stages");
    wg_buf_char(b, '[');
    for (size_t i = 0; i < l->count; i++) {
        const struct wg_stay *s = &l->stay[i];
        uint32_t post = wg_case_post(&(struct wg_case){.state = s->state});
        if (!post)
            continue;
        axis[(post & WG_COMMAND) != 0] += s->to - s->from;
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "state", wg_str_of(wg_state_name(s->state)));
        wg_json_kstr(b, "post", wg_str_of(wg_role_name(post)));
        wg_json_kstr(b, "unit", post == WG_UNIT_ROLE ? s->unit : (struct wg_str){NULL, 0});
        wg_json_ktime(b, "from", s->from);
        wg_json_ktime(b, "to", s->to);
        wg_json_kint(b, "seconds", (s->to - s->from) / 1000);
        wg_json_ktime(b, "due", s->due);
        wg_json_kbool(b, "late", s->due && s->to > s->due);
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, ']');
    wg_json_key(b, "axes");
    wg_buf_fmt(b, "{\"supervision_seconds\":%lld,\"command_seconds\":%lld}",
               (long long)axis[0] / 1000, (long long)axis[1] / 1000);
}

/* 三个第一时间: found, put to work, put right. They add up to the time from when it came about. */
static void latencies(const struct wg_case *c, int64_t now, struct wg_buf *b)
{
    int64_t began = c->occurred ? c->occurred : c->opened, end = c->closed ? c->closed : now,
            sent = c->dispatched && c->dispatched < end ? c->dispatched : end;
    wg_json_key(b, "latency");
    wg_buf_char(b, '{');
    wg_json_kint(b, "discover_seconds", (c->opened - began) / 1000);
    wg_json_kint(b, "handle_seconds", (sent - c->opened) / 1000);
    wg_json_kint(b, "solve_seconds", (end - sent) / 1000);
    wg_json_kint(b, "total_seconds", (end - began) / 1000);
    wg_buf_char(b, '}');
}

static void limit_json(const struct wg_ledger *l, const struct wg_worktime *wt, int64_t now,
                       struct wg_buf *b)
{
    const struct wg_case *c = &l->c;
    int64_t end = c->stopped  ? c->stopped
                  : c->closed ? c->closed
                              : now,
            change = end != now || c->due <= now ? 0
                     : now < c->warn             ? c->warn
                                                 : c->due;
    wg_json_ktime(b, "from", c->clock_from);
    wg_json_ktime(b, "due", c->due);
    wg_json_key(b, "limit");
    wg_buf_fixed(b, c->limit.n_milli, 3);
    wg_json_kstr(b, "unit", wg_str_of(wg_unit_name(c->limit.unit)));
    wg_json_kint(b, "used_seconds", wg_ledger_used(l, wt) / 1000);
    wg_json_kint(b, "left_seconds", wg_ledger_left(l, wt, now) / 1000);
    wg_json_kint(b, "late_seconds", end > c->due ? (end - c->due) / 1000 : 0);
    wg_json_kbool(b, "stopped", c->stopped != 0);
    wg_json_ktime(b, "lamp_changes", change);
}

static void tell_clock(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                       struct wg_buf *b)
{
    (void)before;
    (void)b;
    if (s->rc == WG_OK)
        s->rc = wg_ledger_step(&s->ledger, e);
}

static void end_clock(struct story *s)
{
    struct wg_buf *b = &s->out;
    if (s->rc < 0)
        return;
    struct wg_force *f = wg_desk_force(s->county->desk);
    int64_t now = wg_now_ms();
    wg_ledger_end(&s->ledger, now);
    wg_buf_clear(b);
    wg_buf_char(b, '{');
    if (s->ledger.c.due && f->worktime) {
        limit_json(&s->ledger, f->worktime, now, b);
        statement(&s->ledger, f->worktime, b);
    } else {
        wg_buf_lit(b, "\"due\":null,\"statement\":[]");
    }
    wg_json_kstr(b, "lamp", wg_str_of(wg_lamp_name(wg_lamp_of(&s->ledger.c, now))));
    stages(&s->ledger, b);
    latencies(&s->ledger.c, now, b);
    wg_buf_char(b, '}');
    wg_force_drop(f);
}

void get_case_clock(struct call *call)
{
    story_run(call, tell_clock, end_clock);
}
