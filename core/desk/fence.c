/* Running a county's rule, and what happens where it fails: the city's rules, which it stands on,
 * decide that command; the entry says which pack answered and why, the case is marked, and an
 * incident is kept until the next release. */
#include "inside.h"

#include <stdio.h>

/* ---- what rules cost ---- */

static void note_cost(struct wg_desk *d, const char *event, int64_t us, bool failed)
{
    size_t i = 0;
    pthread_mutex_lock(&d->lock);
    while (i < d->costs && strcmp(d->cost[i].event, event) != 0)
        i++;
    if (i == d->costs && i < WG_RULE_COSTS)
        snprintf(d->cost[d->costs++].event, sizeof(d->cost[i].event), "%s", event);
    if (i < WG_RULE_COSTS) {
        struct wg_rule_cost *c = &d->cost[i];
        c->calls++;
        c->failed += failed;
        c->total_us += us;
        c->max_us = us > c->max_us ? us : c->max_us;
    }
    pthread_mutex_unlock(&d->lock);
}

size_t wg_desk_costs(struct wg_desk *d, struct wg_rule_cost out[WG_RULE_COSTS])
{
    pthread_mutex_lock(&d->lock);
    size_t n = d->costs;
    memcpy(out, d->cost, n * sizeof(out[0]));
    pthread_mutex_unlock(&d->lock);
    return n;
}

/* ---- one call ---- */

/* What a failed call may have left behind. */
struct before {
    size_t outs, facts;
    int64_t due;
    struct wg_str ask_of, order_text;
    bool stage_ruled;
};

static struct before remember(const struct deciding *dc)
{
    return (struct before){dc->outs.n, dc->facts.n,    dc->due,
                           dc->ask_of, dc->order_text, dc->stage_ruled};
}

static void forget(struct deciding *dc, const struct before *b)
{
    dc->outs.n = b->outs;
    dc->facts.n = b->facts;
    dc->due = b->due;
    dc->ask_of = b->ask_of;
    dc->order_text = b->order_text;
    dc->stage_ruled = b->stage_ruled;
}

static int look_on(struct deciding *dc, struct wg_rules *rules, const struct wg_decision *d)
{
    struct tracing *t = dc->trace;
    size_t before = dc->outs.n;
    wg_buf_clear(&t->out);
    wg_buf_clear(&t->made);
    int rc = wg_rules_trace(rules, d, dc->a, &dc->facts, &dc->outs, &t->out, &dc->cmd->err);
    if (rc == WG_OK && dc->outs.n > before)
        wg_buf_add(&t->made, dc->outs.p + before, dc->outs.n - before);
    t->ran = rc == WG_OK;
    return rc;
}

/* Errors: WG_ERULE for whatever is the rule's fault; WG_EDENIED: it refuses. */
static int call_rules(struct deciding *dc, struct wg_rules *rules, const char *event,
                      const struct wg_case *c)
{
    const struct wg_world world = {dc->whatif ? whatif_answer : desk_answer, dc};
    const struct wg_decision d = {
        .event = event,
        .c = c,
        .in = dc->cmd->in,
        .asked = dc->asked,
        .class_ = dc->class_,
        .row = dc->row,
        .campaign = dc->campaign,
        .area = dc->pack->area,
        .by = dc->cmd->actor.user,
        .unit = dc->cmd->actor.unit,
        .role = dc->role,
        .now_ms = dc->t,
        .world = dc->replay && !dc->whatif ? NULL : &world,
        .given = dc->replay ? dc->given : NULL,
    };
    size_t before = dc->outs.n;
    int rc = dc->trace ? look_on(dc, rules, &d)
                       : wg_rules_decide(rules, &d, dc->a, &dc->facts, &dc->outs, &dc->cmd->err);
    if (rc == WG_OK && dc->outs.n > before)
        rc = read_ruled(dc, before);
    if (rc == WG_OK && dc->row && !dc->due)
        rc =
            wg_fail(&dc->cmd->err, WG_ERULE, "%.*s/rules.lua:1: on.%s chose a limit but set no due",
                    WG_PRI(wg_rules_pack(rules)->area), event);
    return rc == WG_ETIME || rc == WG_ENOMEM ? WG_ERULE : rc;
}

/* ---- the fence ---- */

/* "file.lua:12: reason" as [text, file, line]. */
static void out_place(struct wg_buf *b, struct wg_str text)
{
    const char *lua = text.n ? memmem(text.p, text.n, ".lua:", 5) : NULL;
    struct wg_str file = {NULL, 0};
    int64_t line = 0;
    if (lua) {
        const char *p = lua + 5, *end = text.p + text.n;
        file = (struct wg_str){text.p, (size_t)(lua + 4 - text.p)};
        for (; p < end && *p >= '0' && *p <= '9' && line < 1000000; p++)
            line = 10 * line + (*p - '0');
        p += p < end && *p == ':';
        p += p < end && *p == ' ';
        text = (struct wg_str){p, (size_t)(end - p)};
    }
    wg_json_key(b, "why");
    wg_buf_char(b, '[');
    wg_buf_json(b, text);
    wg_buf_char(b, ',');
    wg_buf_json(b, file.n ? file : WG_S(""));
    wg_buf_char(b, ',');
    wg_buf_int(b, line);
    wg_buf_char(b, ']');
}

/* How often this event failed before, and since when, by the record. */
static void count_before(struct deciding *dc, const char *event, int64_t *count, int64_t *since)
{
    struct wg_str json;
    struct wg_json *j;
    *count = 0;
    *since = dc->t;
    if (wg_view_record(dc->d->views, dc->txn, "incident", wg_str_of(event), &json) < 0 ||
        wg_json_parse(dc->a, json, &j, NULL) < 0)
        return;
    *count = wg_json_int(j, "count", 0);
    *since = wg_json_int(j, "since", dc->t);
}

static void fence_outcomes(struct deciding *dc, const char *event, struct wg_str why,
                           const char *pack)
{
    struct wg_buf *b = &dc->outs;
    int64_t count, since;
    char id[24] = "";
    count_before(dc, event, &count, &since);
    out_begin(dc, "mark");
    wg_json_kstr(b, "what", WG_S("rule_failed"));
    wg_json_kstr(b, "event", wg_str_of(event));
    wg_json_kstr(b, "pack", wg_str_of(pack));
    wg_json_kstr(b, "said", why);
    out_place(b, why);
    wg_buf_char(b, '}');
    out_begin(dc, "set");
    wg_json_kbool(b, "fenced", true);
    wg_buf_char(b, '}');
    out_begin(dc, "keep");
    wg_json_kstr(b, "kind", WG_S("incident"));
    wg_json_kstr(b, "id", wg_str_of(event));
    wg_json_key(b, "value");
    wg_buf_char(b, '{');
    wg_json_kint(b, "count", count + 1);
    wg_json_kint(b, "since", since);
    wg_json_kint(b, "at", dc->t);
    if (dc->of)
        wg_case_id_text(dc->of, id);
    wg_json_kstr(b, "case", wg_str_of(id));
    wg_json_kstr(b, "rules", wg_str_of(dc->pack->rev));
    wg_json_kstr(b, "pack", wg_str_of(pack));
    out_place(b, why);
    wg_buf_lit(b, "}}");
}

/* What a recorded entry says of a failed rule: {NULL, 0}: it did not fail. Why it did is not asked
 * again: a budget that was blown then may not be now. */
static struct wg_str failed_then(const struct deciding *dc, const char *event)
{
    for (const struct wg_json *o = dc->recorded ? dc->recorded->child : NULL; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "what"), "rule_failed") &&
            wg_str_is(wg_json_str(o, "event"), event))
            return wg_json_str(o, "said");
    return (struct wg_str){NULL, 0};
}

static int fall_back(struct deciding *dc, const char *event, const struct wg_case *c,
                     struct wg_str why)
{
    struct wg_rules *base;
    struct wg_err err = {0};
    int rc = rulebook_base(&dc->d->book, dc->rules, &base, &err);
    if (rc < 0)
        return WG_ERULE; /* the city's own, or not to be loaded: the county's error stands */
    why = wg_arena_str(dc->a, why);
    fence_outcomes(dc, event, why, wg_rules_pack(base)->rev);
    return call_rules(dc, base, event, c);
}

int run_rules(struct deciding *dc, const char *event, const struct wg_case *c)
{
    struct wg_desk *d = dc->d;
    const struct before before = remember(dc);
    struct wg_str then = failed_then(dc, event);
    if (then.p)
        return fall_back(dc, event, c, then);
    int64_t began = wg_mono_us();
    int rc = call_rules(dc, dc->rules, event, c);
    bool failed = rc == WG_ERULE;
    if (!dc->replay && dc->rules == d->book.now)
        note_cost(d, event, wg_mono_us() - began, failed);
    if (!failed)
        return rc;
    __atomic_add_fetch(&d->stats.rule_failures, 1, __ATOMIC_RELAXED);
    if (dc->replay)
        return rc;
    __atomic_add_fetch(&d->stats.incidents, 1, __ATOMIC_RELAXED);
    wg_log(WG_ERROR, "rules", dc->cmd->err.text, "area", d->area, "event", event, NULL);
    const struct wg_err own = dc->cmd->err;
    forget(dc, &before);
    rc = fall_back(dc, event, c, wg_str_of(own.text));
    if (rc == WG_ERULE) {
        forget(dc, &before);
        dc->cmd->err = own;
    }
    return rc;
}
