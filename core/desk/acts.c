/* What a row of the flow does beside moving the state. A row names its effect; each has its
 * outcomes, most of them before the rules are asked, and some a word after. Whether it may be is in
 * guards.c. */
#include "inside.h"

#include <stdio.h>

#define BEGIN(dc) out_begin(dc, "set")
#define END(dc) wg_buf_char(&(dc)->outs, '}')

/* ---- outcomes; times of requests and orders stand as people read them ---- */

static void do_verify(struct deciding *dc)
{
    struct wg_str result = body_str(dc, "result");
    int v = wg_str_is(result, "yes")  ? WG_VERIFIED_YES
            : wg_str_is(result, "no") ? WG_VERIFIED_NO
                                      : WG_VERIFIED_UNCLEAR;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "verified", v);
    END(dc);
}

static void count_up(struct deciding *dc, const char *of)
{
    out_begin(dc, "count");
    wg_json_kstr(&dc->outs, "of", wg_str_of(of));
    END(dc);
}

static void do_send_back(struct deciding *dc)
{
    count_up(dc, "send_backs");
}

static void do_urge(struct deciding *dc)
{
    count_up(dc, "urges");
}

/* Who is to grant it is for the rules to say, so this comes after them. */
static int after_ask(struct deciding *dc)
{
    struct wg_buf *b = &dc->outs;
    const struct wg_json *cost = wg_json_get(dc->cmd->in, "cost"),
                         *days = wg_json_get(dc->cmd->in, "days");
    int64_t until;
    if (!dc->ask_of.n)
        return REFUSE(dc, WG_ERULE, "", "%.*s/rules.lua: on.%.*s says nobody who may grant it",
                      WG_PRI(dc->pack->area), WG_PRI(dc->step->action));
    BEGIN(dc);
    wg_json_key(b, "asked");
    wg_buf_char(b, '{');
    wg_json_kstr(b, "what", dc->step->action);
    wg_json_kstr(b, "by", dc->cmd->actor.user);
    wg_json_ktime(b, "at", dc->t);
    wg_json_kstr(b, "of", dc->ask_of);
    if (dc->step->grants != WG_STAY)
        wg_json_kstr(b, "to", wg_str_of(wg_state_name(dc->step->grants)));
    if (days)
        wg_json_kint(b, "days", days->num);
    if (cost)
        wg_json_kint(b, "cost", cost->num);
    if (body_str(dc, "unit").n) {
        wg_json_kstr(b, "unit", body_str(dc, "unit"));
        wg_json_kstr(b, "at_fault", dc->c.unit);
    }
    if (wg_time_parse(body_str(dc, "until"), &until) == WG_OK)
        wg_json_ktime(b, "until", until);
    wg_buf_lit(b, "}}");
    return WG_OK;
}

static void answered(struct deciding *dc)
{
    BEGIN(dc);
    wg_buf_lit(&dc->outs, ",\"asked\":null");
    END(dc);
}

static void do_grant(struct deciding *dc)
{
    int64_t until;
    struct wg_str unit = wg_json_str(dc->asked, "unit");
    answered(dc);
    if (asked_for(dc, "defer"))
        count_up(dc, "deferrals");
    if (wg_time_parse(wg_json_str(dc->asked, "until"), &until) == WG_OK) {
        BEGIN(dc);
        wg_json_kint(&dc->outs, "until", until);
        END(dc);
    }
    if (unit.n) { /* a proxy: cost and blame stay with the unit at fault */
        BEGIN(dc);
        wg_json_kbool(&dc->outs, "proxied", true);
        struct wg_str fault = wg_json_str(dc->asked, "at_fault");
        wg_json_kstr(&dc->outs, "blamed", dc->c.blamed.n ? dc->c.blamed : fault);
        wg_json_kstr(&dc->outs, "unit", unit);
        wg_json_kint(&dc->outs, "cost", wg_json_int(dc->asked, "cost", 0));
        END(dc);
    }
}

void order_outcome(struct deciding *dc, struct wg_str text)
{
    struct wg_buf *b = &dc->outs, no = WG_BUF_INIT;
    int year = wg_date_of(wg_local_day(dc->t, NULL)).year;
    uint32_t n = wg_view_ordered(dc->d->views, dc->txn, year) + 1;
    wg_buf_fmt(&no, "督办〔%d〕%u号", year, n);
    count_up(dc, "orders");
    BEGIN(dc);
    wg_json_kbool(b, "supervised", true);
    wg_json_kbool(b, "owes_reply", true);
    wg_json_kint(b, "ordered", n);
    wg_json_key(b, "order");
    wg_buf_char(b, '{');
    wg_json_kstr(b, "no", wg_buf_str(&no));
    wg_json_kstr(b, "by", dc->cmd->actor.user);
    wg_json_ktime(b, "at", dc->t);
    wg_json_kstr(b, "text", text);
    wg_buf_lit(b, ",\"reply\":null}");
    out_why(dc, WG_S("督办：编号，须回复"));
    wg_buf_char(b, '}');
    wg_buf_free(&no);
}

static void do_supervise(struct deciding *dc)
{
    order_outcome(dc, body_str(dc, "note"));
}

static void do_reply(struct deciding *dc)
{
    struct wg_buf *b = &dc->outs;
    struct wg_json *order = NULL;
    BEGIN(dc);
    wg_json_kbool(b, "owes_reply", false);
    if (wg_json_parse(dc->a, dc->c.order, &order, &dc->cmd->err) == WG_OK) {
        wg_json_key(b, "order");
        wg_buf_char(b, '{');
        for (const struct wg_json *m = order->child; m; m = m->next) {
            if (wg_str_is(m->key, "reply"))
                continue;
            wg_json_key_str(b, m->key);
            wg_json_write(m, b);
        }
        wg_json_key(b, "reply");
        wg_buf_char(b, '{');
        wg_json_kstr(b, "by", dc->cmd->actor.user);
        wg_json_ktime(b, "at", dc->t);
        wg_json_kstr(b, "text", body_str(dc, "note"));
        wg_buf_lit(b, "}}");
    }
    END(dc);
}

/* The words of both, each once. */
static struct wg_str with_words(struct deciding *dc, struct wg_str have, struct wg_str more)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str word;
    wg_buf_str_add(&b, have);
    while (wg_words_next(&more, &word)) {
        if (wg_words_have(wg_buf_str(&b), word))
            continue;
        if (b.n)
            wg_buf_char(&b, ' ');
        wg_buf_str_add(&b, word);
    }
    struct wg_str all = wg_arena_str(dc->a, wg_buf_str(&b));
    wg_buf_free(&b);
    return all;
}

/* The case that stays keeps both reporters. */
static int do_merge(struct deciding *dc)
{
    struct wg_case other;
    struct wg_buf *b = &dc->outs;
    uint64_t id;
    wg_case_id_parse(body_str(dc, "into"), &id);
    int rc = wg_view_case(dc->d->views, dc->txn, id, &other);
    if (rc < 0)
        return REFUSE(dc, rc, "", "the other case can't be read");
    BEGIN(dc);
    wg_json_kstr(b, "into", body_str(dc, "into"));
    END(dc);
    struct wg_str names = with_words(dc, other.reporters, dc->c.reporters);
    if (!wg_str_eq(dc->c.reporter, other.reporter))
        names = with_words(dc, names, dc->c.reporter);
    out_begin(dc, "also");
    wg_json_kstr(b, "of", body_str(dc, "into"));
    wg_json_kint(b, "was", (int64_t)other.last_n);
    wg_json_key(b, "out");
    wg_buf_lit(b, "[{\"k\":\"set\"");
    wg_json_kstr(b, "reporters", names);
    wg_buf_lit(b, "}]}");
    return WG_OK;
}

static void do_split(struct deciding *dc)
{
    BEGIN(dc);
    wg_json_kstr(&dc->outs, "into", WG_S(""));
    END(dc);
}

static void do_withdraw(struct deciding *dc)
{
    if (dc->asked)
        answered(dc);
    else if (dc->c.state == WG_DISPATCHED) { /* the unit never had it */
        BEGIN(dc);
        wg_json_kstr(&dc->outs, "unit", WG_S(""));
        wg_json_kstr(&dc->outs, "proposed", dc->c.unit);
        END(dc);
    }
}

static void do_countersign(struct deciding *dc)
{
    const struct wg_json *units = wg_json_get(dc->cmd->in, "units");
    struct wg_str all = {NULL, 0};
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next)
        all = with_words(dc, all, u->str);
    BEGIN(dc);
    wg_json_kstr(&dc->outs, "assist", all);
    wg_json_kstr(&dc->outs, "held", with_words(dc, dc->c.held, all)); /* who countersigns sees it */
    END(dc);
}

static void was_text(struct deciding *dc, const char *field, struct wg_str now, struct wg_str was)
{
    char before[32];
    if (!now.n)
        return;
    snprintf(before, sizeof(before), "%s_was", field);
    wg_json_kstr(&dc->outs, field, now);
    wg_json_kstr(&dc->outs, before, was);
}

/* What was wrong stays in the entry beside what is right. */
static int do_correct(struct deciding *dc)
{
    struct wg_str category = body_str(dc, "category");
    const struct wg_condition *row = dc->row;
    BEGIN(dc);
    was_text(dc, "category", category, dc->c.category);
    if (category.n)
        wg_json_kstr(&dc->outs, "name", dc->class_->name);
    was_text(dc, "condition", body_str(dc, "condition"), dc->c.condition);
    was_text(dc, "part", body_str(dc, "part"), dc->c.part);
    was_text(dc, "address", body_str(dc, "address"), dc->c.address);
    if (row)
        out_limit(&dc->outs, row->limit);
    if (dc->campaign)
        wg_json_kstr(&dc->outs, "campaign", dc->campaign->id);
    END(dc);
    if (!row)
        return WG_OK;
    int rc = clock_relimit(dc, row->limit);
    if (rc < 0)
        return rc;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "due", dc->due);
    END(dc);
    return WG_OK;
}

static void do_callback(struct deciding *dc)
{
    struct wg_str result = body_str(dc, "result");
    int v = wg_str_is(result, "satisfied")      ? WG_SATISFIED
            : wg_str_is(result, "dissatisfied") ? WG_DISSATISFIED
                                                : WG_UNREACHABLE;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "satisfied", v);
    if (v == WG_DISSATISFIED) { /* what comes now is judged anew */
        wg_json_kbool(&dc->outs, "exempt", false);
        wg_json_kbool(&dc->outs, "appealed", false);
    }
    END(dc);
}

static void do_appeal(struct deciding *dc)
{
    BEGIN(dc);
    wg_json_kbool(&dc->outs, "appealed", true);
    wg_json_key(&dc->outs, "asked");
    wg_buf_lit(&dc->outs, "{\"what\":\"appeal\"");
    wg_json_kstr(&dc->outs, "by", dc->cmd->actor.user);
    wg_json_ktime(&dc->outs, "at", dc->t);
    wg_buf_lit(&dc->outs, ",\"votes\":[]}");
    END(dc);
}

/* Two reviewers of one mind decide; where two differ, a third tips it. */
static void do_verdict(struct deciding *dc)
{
    struct wg_buf *b = &dc->outs;
    const struct wg_json *votes = wg_json_get(dc->asked, "votes");
    struct wg_str mine = dc->step->action;
    bool decided = false;
    for (const struct wg_json *v = votes ? votes->child : NULL; v; v = v->next)
        decided |= wg_str_eq(wg_json_str(v, "for"), mine);
    BEGIN(dc);
    if (decided && wg_str_is(mine, "uphold"))
        wg_json_kbool(b, "exempt", true);
    wg_json_key(b, "asked");
    if (decided) {
        wg_buf_lit(b, "null");
    } else {
        wg_buf_lit(b, "{\"what\":\"appeal\"");
        wg_json_kstr(b, "by", wg_json_str(dc->asked, "by"));
        wg_json_kstr(b, "at", wg_json_str(dc->asked, "at"));
        wg_json_key(b, "votes");
        wg_buf_char(b, '[');
        for (const struct wg_json *v = votes ? votes->child : NULL; v; v = v->next) {
            wg_json_sep(b);
            wg_json_write(v, b);
        }
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "by", dc->cmd->actor.user);
        wg_json_kstr(b, "for", mine);
        wg_buf_lit(b, "}]}");
    }
    END(dc);
}

static void do_handover(struct deciding *dc)
{
    BEGIN(dc);
    wg_json_key(&dc->outs, "asked");
    wg_buf_lit(&dc->outs, "{\"what\":\"handover\"");
    wg_json_kstr(&dc->outs, "by", dc->cmd->actor.user);
    wg_json_ktime(&dc->outs, "at", dc->t);
    wg_json_kstr(&dc->outs, "area", body_str(dc, "to"));
    wg_buf_char(&dc->outs, '}');
    END(dc);
}

/* The next of the row's staged limits 围护 → 修复 → 恢复, with its unit. */
static void do_feed_back(struct deciding *dc)
{
    const struct wg_segment *next = act_segment(dc);
    if (!next)
        return;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "segment", dc->c.segment + 1);
    wg_json_kstr(&dc->outs, "segment_name", next->name);
    if (dc->to == WG_DISPATCHED)
        wg_json_kstr(&dc->outs, "unit", next->unit);
    END(dc);
}

/* ---- one table ---- */

static const struct {
    void (*now)(struct deciding *);
    int (*also)(struct deciding *), (*after)(struct deciding *);
    bool keeps_asked; /* a state that moves ends what was asked, but not here */
} acts[WG_EFFECTS] = {
    [WG_DO_VERIFY] = {.now = do_verify},
    [WG_DO_SEND_BACK] = {.now = do_send_back},
    [WG_DO_ASK] = {.after = after_ask, .keeps_asked = true},
    [WG_DO_GRANT] = {.now = do_grant, .keeps_asked = true},
    [WG_DO_DENY] = {.now = answered, .keeps_asked = true},
    [WG_DO_FEED_BACK] = {.now = do_feed_back},
    [WG_DO_SUPERVISE] = {.now = do_supervise},
    [WG_DO_URGE] = {.now = do_urge},
    [WG_DO_REPLY] = {.now = do_reply},
    [WG_DO_MERGE] = {.also = do_merge},
    [WG_DO_SPLIT] = {.now = do_split},
    [WG_DO_WITHDRAW] = {.now = do_withdraw, .keeps_asked = true},
    [WG_DO_COUNTERSIGN] = {.now = do_countersign},
    [WG_DO_CORRECT] = {.also = do_correct},
    [WG_DO_CALLBACK] = {.now = do_callback},
    [WG_DO_APPEAL] = {.now = do_appeal, .keeps_asked = true},
    [WG_DO_VERDICT] = {.now = do_verdict, .keeps_asked = true},
    [WG_DO_HANDOVER] = {.now = do_handover, .keeps_asked = true},
    [WG_DO_RECEIVE] = {.also = receive_outcome},
};

int act_outcomes(struct deciding *dc)
{
    enum wg_doing e = dc->step->effect;
    bool moves = dc->to != dc->c.state || e == WG_DO_TRANSFER;
    bool stays = acts[e].keeps_asked || (asked_for(dc, "handover") && wg_state_open(dc->to));
    if (dc->asked && moves && !stays)
        answered(dc); /* what was asked for has had its day */
    if (dc->c.state == WG_DISPUTED || dc->to == WG_DISPUTED) {
        BEGIN(dc);
        wg_json_kbool(&dc->outs, "disputed", dc->to == WG_DISPUTED);
        if (dc->role == WG_COORDINATOR && dc->to == WG_DISPATCHED) /* what others may follow */
            wg_json_kbool(&dc->outs, "ruled", true);
        END(dc);
    }
    if (acts[e].now)
        acts[e].now(dc);
    return acts[e].also ? acts[e].also(dc) : WG_OK;
}

int act_after(struct deciding *dc)
{
    return acts[dc->step->effect].after ? acts[dc->step->effect].after(dc) : WG_OK;
}
