/* What a row of the flow does beside moving the state. A row names its effect; each effect has a
 * guard (may it be just now?), a look at the body, its outcomes before the rules are asked, and
 * some a word after. */
#include "inside.h"

#include <stdio.h>

#define SUSPEND_MAX_MS (366 * WG_DAY_MS) /* the rule in use: one approval, a year at most */
#define BEGIN(dc) out_begin(dc, "set")
#define END(dc) wg_buf_char(&(dc)->outs, '}')

static struct wg_str in_text(const struct deciding *dc, const char *key)
{
    return wg_json_str(dc->cmd->in, key);
}

static bool asked_for(const struct deciding *dc, const char *what)
{
    return dc->asked && wg_str_is(wg_json_str(dc->asked, "what"), what);
}

static int not_now(struct deciding *dc, const char *why)
{
    return deny(dc, WG_ESTATE, why);
}

static bool was_late(const struct wg_case *c)
{
    int64_t end = c->stopped ? c->stopped : c->closed;
    return c->due && end > c->due;
}

const struct wg_segment *act_segment(const struct deciding *dc)
{
    const struct wg_condition *row = dc->row;
    uint32_t at = dc->c.segment;
    if (!row && dc->class_ && dc->c.condition.n)
        row = wg_class_condition(dc->class_, dc->c.condition);
    if (dc->step->effect == WG_DO_FEED_BACK)
        at++;
    return row && at < row->segments ? &row->segment[at] : NULL;
}

/* ---- guards: 409, and 403 where another must answer ---- */

static int guard_ask(struct deciding *dc)
{
    char why[160];
    if (!dc->asked)
        return WG_OK;
    snprintf(why, sizeof(why), "%.*s is asked for already; it has to be granted or denied first",
             WG_PRI(wg_json_str(dc->asked, "what")));
    return not_now(dc, why);
}

static bool is_answered_by_grant(const struct deciding *dc)
{
    return dc->asked && wg_json_str(dc->asked, "of").n;
}

static int guard_answer(struct deciding *dc)
{
    char why[160];
    if (!is_answered_by_grant(dc))
        return not_now(dc, "nothing is asked for that could be granted or denied");
    uint32_t of = wg_role_parse(wg_json_str(dc->asked, "of"));
    if (!(of & dc->cmd->actor.roles)) {
        snprintf(why, sizeof(why), "%.*s is for the %s to grant or deny",
                 WG_PRI(wg_json_str(dc->asked, "what")), wg_role_name(of));
        return deny(dc, WG_EDENIED, why);
    }
    dc->role = of;
    if (dc->step->effect == WG_DO_GRANT) {
        int64_t until = wg_json_int(dc->asked, "until", 0);
        if (until && until <= dc->t)
            return not_now(dc, "the day it was asked for until has passed; it can only be denied");
        int to = wg_state_parse(wg_json_str(dc->asked, "to"));
        dc->to = to == WG_STAY || to < 0 ? dc->c.state : to;
    }
    return WG_OK;
}

static int guard_withdraw(struct deciding *dc)
{
    static const uint8_t from[][2] = {
        {WG_VERIFYING, WG_REPORTED}, {WG_ACCEPTED, WG_REPORTED}, {WG_DISPATCHED, WG_FILED},
        {WG_DISPOSED, WG_DISPOSING}, {WG_CHECKING, WG_DISPOSED}, {WG_DISPUTED, WG_DISPATCHED},
        {WG_DISPUTED, WG_DISPOSING}, {WG_DISPUTED, WG_RETURNED},
    };
    if (dc->asked) {
        if (!wg_str_eq(wg_json_str(dc->asked, "by"), dc->cmd->actor.user))
            return deny(dc, WG_EDENIED, "only who asked may withdraw it");
        dc->to = dc->c.state;
        return WG_OK;
    }
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        if (from[i][0] != dc->c.state || from[i][1] != dc->c.before)
            continue;
        if (!wg_str_eq(dc->c.last, dc->cmd->actor.user))
            return deny(dc, WG_EDENIED, "only who took the last step may withdraw it");
        return WG_OK;
    }
    return not_now(dc, "the last step is none that can be withdrawn");
}

static int guard_reply(struct deciding *dc)
{
    return dc->c.flags & WG_OWES_REPLY ? WG_OK : not_now(dc, "no order waits for a reply");
}

static int guard_callback(struct deciding *dc)
{
    if (dc->c.source == WG_FROM_COLLECTOR || dc->c.source == WG_FROM_VEHICLE ||
        dc->c.source == WG_FROM_VIDEO)
        return not_now(dc, "nobody is to be called back: this is no citizen's case");
    return WG_OK;
}

static int guard_appeal(struct deciding *dc)
{
    if (dc->c.flags & WG_APPEALED)
        return not_now(dc, "an appeal is heard once; this case has had its own");
    return was_late(&dc->c) ? WG_OK
                            : not_now(dc, "the case was not late: there is nothing to appeal");
}

static int guard_verdict(struct deciding *dc)
{
    if (!asked_for(dc, "appeal"))
        return not_now(dc, "no appeal waits to be heard");
    const struct wg_json *votes = wg_json_get(dc->asked, "votes");
    for (const struct wg_json *v = votes ? votes->child : NULL; v; v = v->next)
        if (wg_str_eq(wg_json_str(v, "by"), dc->cmd->actor.user))
            return deny(dc, WG_EDENIED, "an appeal needs two reviewers; you have spoken already");
    return WG_OK;
}

static int guard_receive(struct deciding *dc)
{
    if (!asked_for(dc, "handover"))
        return not_now(dc, "this case is not being handed over");
    if (!wg_str_eq(wg_json_str(dc->asked, "area"), dc->cmd->from_area))
        return deny(dc, WG_EDENIED, "this case is not handed over to your county");
    return WG_OK;
}

static int guard_merge(struct deciding *dc)
{
    return dc->step->effect == WG_DO_MERGE ? guard_ask(dc) : WG_OK;
}

/* ---- the body ---- */

static int check_ask(struct deciding *dc)
{
    const struct wg_json *days = wg_json_get(dc->cmd->in, "days"),
                         *cost = wg_json_get(dc->cmd->in, "cost");
    struct wg_str until = in_text(dc, "until"), unit = in_text(dc, "unit");
    int64_t t;
    if (days && (days->num < 1 || days->num > 3660))
        return REFUSE(dc, WG_EINVAL, "/days", "must be 1 to 3660 days");
    if (cost && cost->num < 0)
        return REFUSE(dc, WG_EINVAL, "/cost", "must be a number of fen, not below 0");
    if (until.n && wg_time_parse(until, &t) == WG_OK && t <= dc->t)
        return REFUSE(dc, WG_EINVAL, "/until", "must lie in the future");
    if (until.n && wg_time_parse(until, &t) == WG_OK && t > dc->t + SUSPEND_MAX_MS)
        return REFUSE(dc, WG_EINVAL, "/until", "must be within a year");
    if (unit.n && wg_str_eq(unit, dc->c.unit))
        return REFUSE(dc, WG_EINVAL, "/unit", "%.*s holds the case itself; a proxy is another unit",
                      WG_PRI(unit));
    return WG_OK;
}

static int check_merge(struct deciding *dc)
{
    struct wg_case other;
    uint64_t id;
    if (wg_case_id_parse(in_text(dc, "into"), &id) < 0 || id == dc->of)
        return REFUSE(dc, WG_EINVAL, "/into", "a case is merged into another one");
    int rc = wg_view_case(dc->d->views, dc->txn, id, &other);
    if (rc < 0)
        return REFUSE(dc, WG_EINVAL, "/into", "there is no case %.*s in %s",
                      WG_PRI(in_text(dc, "into")), dc->d->area);
    if (!wg_state_open(other.state))
        return REFUSE(dc, WG_EINVAL, "/into", "case %.*s is %s; only an open one takes another in",
                      WG_PRI(in_text(dc, "into")), wg_state_name(other.state));
    return WG_OK;
}

static int check_transfer(struct deciding *dc)
{
    if (wg_str_eq(in_text(dc, "unit"), dc->c.unit))
        return REFUSE(dc, WG_EINVAL, "/unit", "%.*s holds the case already", WG_PRI(dc->c.unit));
    return WG_OK;
}

static int check_countersign(struct deciding *dc)
{
    const struct wg_json *units = wg_json_get(dc->cmd->in, "units");
    size_t i = 0;
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next, i++) {
        char pointer[32];
        snprintf(pointer, sizeof(pointer), "/units/%zu", i);
        if (wg_str_eq(u->str, dc->c.unit))
            return REFUSE(dc, WG_EINVAL, pointer, "%.*s is the main unit itself", WG_PRI(u->str));
        for (const struct wg_json *v = units->child; v != u; v = v->next)
            if (wg_str_eq(u->str, v->str))
                return REFUSE(dc, WG_EINVAL, pointer, "%.*s is named twice", WG_PRI(u->str));
    }
    return WG_OK;
}

static int check_evidence(struct deciding *dc)
{
    const struct wg_json *photos = wg_json_get(dc->cmd->in, "photos");
    return (photos && photos->count) || in_text(dc, "note").n
               ? WG_OK
               : REFUSE(dc, WG_EINVAL, "/photos", "evidence is a photo, or a note at least");
}

static int check_part(struct deciding *dc, struct wg_str id, struct wg_str category)
{
    const struct wg_json *part;
    struct wg_buf args = WG_BUF_INIT;
    if (dc->c.kind != WG_PART)
        return REFUSE(dc, WG_EINVAL, "/part", "an event has no part");
    wg_buf_char(&args, '[');
    wg_buf_json(&args, id);
    wg_buf_char(&args, ']');
    int rc = ask(dc, "part", wg_arena_str(dc->a, wg_buf_str(&args)), &part);
    wg_buf_free(&args);
    if (rc == WG_OK &&
        (part->type != WG_JOBJ || !wg_str_eq(wg_json_str(part, "category"), category)))
        rc = REFUSE(dc, WG_EINVAL, "/part", "there is no part %.*s of class %.*s", WG_PRI(id),
                    WG_PRI(category));
    return rc;
}

/* A class has its own condition rows: once filed, another class needs one of its own chosen too. */
static int check_correct(struct deciding *dc)
{
    struct wg_str category = in_text(dc, "category"), condition = in_text(dc, "condition"),
                  part = in_text(dc, "part");
    if (!category.n && !condition.n && !part.n && !in_text(dc, "address").n)
        return REFUSE(dc, WG_EINVAL, "",
                      "say what to correct: category, condition, part or address");
    if (condition.n && !dc->c.filed)
        return REFUSE(dc, WG_EINVAL, "/condition", "the condition row is chosen at filing");
    if (category.n && dc->c.filed && !condition.n)
        return REFUSE(dc, WG_EINVAL, "/condition",
                      "the case is filed: another class needs a condition row of its own");
    if (condition.n && !wg_state_open(dc->c.state))
        return REFUSE(dc, WG_EINVAL, "/condition", "the case is over: its limit stays");
    return part.n ? check_part(dc, part, category.n ? category : dc->c.category) : WG_OK;
}

static int check_handover(struct deciding *dc)
{
    if (wg_str_is(in_text(dc, "to"), dc->d->area))
        return REFUSE(dc, WG_EINVAL, "/to", "the case is in %s already", dc->d->area);
    return dc->replay || dc->cmd->to_known
               ? WG_OK
               : REFUSE(dc, WG_EINVAL, "/to", "there is no county %.*s on this server",
                        WG_PRI(in_text(dc, "to")));
}

/* ---- outcomes ---- */

static void do_verify(struct deciding *dc)
{
    struct wg_str result = in_text(dc, "result");
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
    wg_json_kint(b, "at", dc->t);
    wg_json_kstr(b, "of", dc->ask_of);
    if (dc->step->grants != WG_STAY)
        wg_json_kstr(b, "to", wg_str_of(wg_state_name(dc->step->grants)));
    if (days)
        wg_json_kint(b, "days", days->num);
    if (cost)
        wg_json_kint(b, "cost", cost->num);
    if (in_text(dc, "unit").n)
        wg_json_kstr(b, "unit", in_text(dc, "unit"));
    if (wg_time_parse(in_text(dc, "until"), &until) == WG_OK)
        wg_json_kint(b, "until", until);
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
    const struct wg_json *until = wg_json_get(dc->asked, "until");
    struct wg_str unit = wg_json_str(dc->asked, "unit");
    answered(dc);
    if (asked_for(dc, "defer"))
        count_up(dc, "deferrals");
    if (until) {
        BEGIN(dc);
        wg_json_kint(&dc->outs, "until", until->num);
        END(dc);
    }
    if (unit.n) { /* a proxy: cost and blame stay with the unit at fault */
        BEGIN(dc);
        wg_json_kbool(&dc->outs, "proxied", true);
        wg_json_kstr(&dc->outs, "blamed", dc->c.blamed.n ? dc->c.blamed : dc->c.unit);
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
    wg_json_kint(b, "at", dc->t);
    wg_json_kstr(b, "text", text);
    wg_buf_lit(b, ",\"reply\":null}}");
    wg_buf_free(&no);
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
        wg_json_kint(b, "at", dc->t);
        wg_json_kstr(b, "text", in_text(dc, "note"));
        wg_buf_lit(b, "}}");
    }
    END(dc);
}

static bool add_words(struct wg_buf *b, struct wg_str have, struct wg_str more)
{
    bool added = false;
    wg_buf_str_add(b, have);
    while (more.n) {
        const char *space = memchr(more.p, ' ', more.n);
        struct wg_str word = {more.p, space ? (size_t)(space - more.p) : more.n};
        if (word.n && !wg_words_have(wg_buf_str(b), word)) {
            if (b->n)
                wg_buf_char(b, ' ');
            wg_buf_str_add(b, word);
            added = true;
        }
        more = space ? (struct wg_str){space + 1, more.n - word.n - 1} : (struct wg_str){NULL, 0};
    }
    return added;
}

/* The case that stays keeps both reporters. */
static int do_merge(struct deciding *dc)
{
    struct wg_case other;
    struct wg_buf names = WG_BUF_INIT, *b = &dc->outs;
    uint64_t id;
    wg_case_id_parse(in_text(dc, "into"), &id);
    int rc = wg_view_case(dc->d->views, dc->txn, id, &other);
    if (rc < 0)
        return REFUSE(dc, rc, "", "the other case can't be read");
    BEGIN(dc);
    wg_json_kstr(b, "into", in_text(dc, "into"));
    END(dc);
    add_words(&names, other.reporters, dc->c.reporters);
    if (!wg_str_eq(dc->c.reporter, other.reporter)) {
        struct wg_buf one = WG_BUF_INIT;
        add_words(&one, wg_buf_str(&names), dc->c.reporter);
        wg_buf_free(&names);
        names = one;
    }
    out_begin(dc, "also");
    wg_json_kstr(b, "of", in_text(dc, "into"));
    wg_json_kint(b, "was", (int64_t)other.last_n);
    wg_json_key(b, "out");
    wg_buf_lit(b, "[{\"k\":\"set\"");
    wg_json_kstr(b, "reporters", wg_buf_str(&names));
    wg_buf_lit(b, "}]}");
    wg_buf_free(&names);
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
    struct wg_buf all = WG_BUF_INIT, held = WG_BUF_INIT;
    const struct wg_json *units = wg_json_get(dc->cmd->in, "units");
    wg_buf_str_add(&held, dc->c.held);
    for (const struct wg_json *u = units ? units->child : NULL; u; u = u->next) {
        struct wg_buf next = WG_BUF_INIT;
        add_words(&next, wg_buf_str(&held), u->str);
        wg_buf_free(&held);
        held = next;
        if (all.n)
            wg_buf_char(&all, ' ');
        wg_buf_str_add(&all, u->str);
    }
    BEGIN(dc);
    wg_json_kstr(&dc->outs, "assist", wg_buf_str(&all));
    wg_json_kstr(&dc->outs, "held", wg_buf_str(&held)); /* who countersigns sees the case */
    END(dc);
    wg_buf_free(&all);
    wg_buf_free(&held);
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
    struct wg_str category = in_text(dc, "category");
    const struct wg_condition *row = dc->row;
    BEGIN(dc);
    was_text(dc, "category", category, dc->c.category);
    if (category.n)
        wg_json_kstr(&dc->outs, "name", dc->class_->name);
    was_text(dc, "condition", in_text(dc, "condition"), dc->c.condition);
    was_text(dc, "part", in_text(dc, "part"), dc->c.part);
    was_text(dc, "address", in_text(dc, "address"), dc->c.address);
    if (row) {
        wg_json_key(&dc->outs, "limit");
        wg_buf_fmt(&dc->outs, "[%lld,\"%s\"]", (long long)row->limit.n_milli,
                   wg_unit_name(row->limit.unit));
    }
    END(dc);
    if (!row)
        return WG_OK;
    /* the right limit, from where the wrong one began */
    int rc = clock_deadline(dc, dc->c.clock_from, row->limit, &dc->due);
    if (rc < 0)
        return rc;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "due", dc->due);
    END(dc);
    return WG_OK;
}

static void do_callback(struct deciding *dc)
{
    struct wg_str result = in_text(dc, "result");
    int v = wg_str_is(result, "satisfied")      ? WG_SATISFIED
            : wg_str_is(result, "dissatisfied") ? WG_DISSATISFIED
                                                : WG_UNREACHABLE;
    BEGIN(dc);
    wg_json_kint(&dc->outs, "satisfied", v);
    END(dc);
}

static void do_appeal(struct deciding *dc)
{
    BEGIN(dc);
    wg_json_kbool(&dc->outs, "appealed", true);
    wg_json_key(&dc->outs, "asked");
    wg_buf_lit(&dc->outs, "{\"what\":\"appeal\"");
    wg_json_kstr(&dc->outs, "by", dc->cmd->actor.user);
    wg_json_kint(&dc->outs, "at", dc->t);
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
        wg_json_kint(b, "at", wg_json_int(dc->asked, "at", 0));
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
    wg_json_kint(&dc->outs, "at", dc->t);
    wg_json_kstr(&dc->outs, "area", in_text(dc, "to"));
    wg_buf_char(&dc->outs, '}');
    END(dc);
}

/* The next of the row's staged limits 围护 → 修复 → 恢复, with its unit. */
static void do_feed_back(struct deciding *dc)
{
    const struct wg_segment *next = act_segment(dc);
    if (!next)
        return;
    bool other = next->unit.n && !wg_str_eq(next->unit, dc->c.unit);
    BEGIN(dc);
    wg_json_kint(&dc->outs, "segment", dc->c.segment + 1);
    wg_json_kstr(&dc->outs, "segment_name", next->name);
    if (other)
        wg_json_kstr(&dc->outs, "unit", next->unit);
    END(dc);
}

static int guard_feed_back(struct deciding *dc)
{
    const struct wg_segment *next = act_segment(dc);
    if (next)
        dc->to = next->unit.n && !wg_str_eq(next->unit, dc->c.unit) ? WG_DISPATCHED : WG_DISPOSING;
    return WG_OK;
}

/* ---- one table ---- */

static const struct {
    int (*guard)(struct deciding *), (*check)(struct deciding *);
    void (*now)(struct deciding *);
    int (*also)(struct deciding *), (*after)(struct deciding *);
    bool keeps_asked; /* a state that moves ends what was asked, but not here */
} acts[WG_EFFECTS] = {
    [WG_DO_VERIFY] = {.now = do_verify},
    [WG_DO_SEND_BACK] = {.now = do_send_back},
    [WG_DO_ASK] = {guard_ask, check_ask, NULL, NULL, after_ask, true},
    [WG_DO_GRANT] = {guard_answer, NULL, do_grant, NULL, NULL, true},
    [WG_DO_DENY] = {guard_answer, NULL, answered, NULL, NULL, true},
    [WG_DO_FEED_BACK] = {.guard = guard_feed_back, .now = do_feed_back},
    [WG_DO_URGE] = {.now = do_urge},
    [WG_DO_REPLY] = {.guard = guard_reply, .now = do_reply},
    [WG_DO_MERGE] = {.guard = guard_merge, .check = check_merge, .also = do_merge},
    [WG_DO_SPLIT] = {.now = do_split},
    [WG_DO_WITHDRAW] = {guard_withdraw, NULL, do_withdraw, NULL, NULL, true},
    [WG_DO_TRANSFER] = {.check = check_transfer},
    [WG_DO_COUNTERSIGN] = {.check = check_countersign, .now = do_countersign},
    [WG_DO_EVIDENCE] = {.check = check_evidence},
    [WG_DO_CORRECT] = {.check = check_correct, .also = do_correct},
    [WG_DO_CALLBACK] = {.guard = guard_callback, .now = do_callback},
    [WG_DO_APPEAL] = {.guard = guard_appeal, .now = do_appeal, .keeps_asked = true},
    [WG_DO_VERDICT] = {.guard = guard_verdict, .now = do_verdict, .keeps_asked = true},
    [WG_DO_HANDOVER] = {guard_ask, check_handover, do_handover, NULL, NULL, true},
    [WG_DO_RECEIVE] = {.guard = guard_receive, .also = receive_outcome},
};

int act_guard(struct deciding *dc)
{
    if (dc->step->before_due && dc->c.due && dc->t >= dc->c.due)
        return not_now(dc, "the case is overdue: this had to be asked for before");
    return acts[dc->step->effect].guard ? acts[dc->step->effect].guard(dc) : WG_OK;
}

int act_check(struct deciding *dc)
{
    return acts[dc->step->effect].check ? acts[dc->step->effect].check(dc) : WG_OK;
}

int act_outcomes(struct deciding *dc)
{
    enum wg_doing e = dc->step->effect;
    bool stays = acts[e].keeps_asked || (asked_for(dc, "handover") && wg_state_open(dc->to));
    if (dc->asked && dc->to != dc->c.state && !stays)
        answered(dc); /* what was asked for has had its day */
    if (dc->c.state == WG_DISPUTED || dc->to == WG_DISPUTED) {
        BEGIN(dc);
        wg_json_kbool(&dc->outs, "disputed", dc->to == WG_DISPUTED);
        if (dc->role == WG_COORDINATOR && dc->to == WG_DISPATCHED) /* what others may follow */
            wg_json_kbool(&dc->outs, "ruled", true);
        END(dc);
    }
    if (e == WG_DO_SUPERVISE)
        order_outcome(dc, in_text(dc, "note"));
    if (acts[e].now)
        acts[e].now(dc);
    return acts[e].also ? acts[e].also(dc) : WG_OK;
}

int act_after(struct deciding *dc)
{
    return acts[dc->step->effect].after ? acts[dc->step->effect].after(dc) : WG_OK;
}
