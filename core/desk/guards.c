/* May a row's effect be just now (409; 403 where another must answer), and does the body make sense
 * for it (422)? What it then writes is in acts.c. */
#include "inside.h"

#include <stdio.h>

#define SUSPEND_MAX_MS (366 * WG_DAY_MS) /* the rule in use: one approval, a year at most */

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
    const struct wg_campaign_class *in;
    uint32_t at = dc->c.segment;
    if (!row && dc->class_ && dc->c.condition.n) {
        row = wg_class_condition(dc->class_, dc->c.condition);
        if (wg_pack_campaign(dc->pack, dc->c.kind, dc->class_->code, dc->c.grid, dc->c.filed,
                             &in) &&
            in->limited)
            return NULL; /* filed within a campaign: its limit is for the whole */
    }
    if (dc->step->effect == WG_DO_FEED_BACK)
        at++;
    return row && at < row->segments ? &row->segment[at] : NULL;
}

/* ---- just now ---- */

static int guard_ask(struct deciding *dc)
{
    char why[160];
    if (!dc->asked)
        return WG_OK;
    snprintf(why, sizeof(why), "%.*s is asked for already; it has to be granted or denied first",
             WG_PRI(wg_json_str(dc->asked, "what")));
    return not_now(dc, why);
}

static int guard_answer(struct deciding *dc)
{
    char why[160];
    if (!dc->asked || !wg_json_str(dc->asked, "of").n)
        return not_now(dc, "nothing is asked for that could be granted or denied");
    uint32_t of = wg_role_parse(wg_json_str(dc->asked, "of"));
    if (!(of & dc->cmd->actor.roles)) {
        snprintf(why, sizeof(why), "%.*s is for the %s to grant or deny",
                 WG_PRI(wg_json_str(dc->asked, "what")), wg_role_name(of));
        return deny(dc, WG_EDENIED, why);
    }
    dc->role = of;
    if (dc->step->effect == WG_DO_GRANT) {
        int64_t until;
        if (wg_time_parse(wg_json_str(dc->asked, "until"), &until) == WG_OK && until <= dc->t)
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
    struct wg_str until = body_str(dc, "until"), unit = body_str(dc, "unit");
    int64_t t;
    if (days && (days->num < 1 || days->num > 3660))
        return REFUSE(dc, WG_EINVAL, "/days", "must be 1 to 3660 days");
    if (cost && cost->num < 0)
        return REFUSE(dc, WG_EINVAL, "/cost", "must be a number of fen, not below 0");
    if (wg_time_parse(until, &t) == WG_OK && (t <= dc->t || t > dc->t + SUSPEND_MAX_MS))
        return REFUSE(dc, WG_EINVAL, "/until", "must lie in the future, within a year");
    if (unit.n && (wg_str_eq(unit, dc->c.unit) || wg_str_eq(unit, dc->c.blamed)))
        return REFUSE(dc, WG_EINVAL, "/unit", "%.*s is the unit at fault; a proxy is another one",
                      WG_PRI(unit));
    return WG_OK;
}

static int check_merge(struct deciding *dc)
{
    struct wg_case other;
    uint64_t id;
    if (wg_case_id_parse(body_str(dc, "into"), &id) < 0 || id == dc->of)
        return REFUSE(dc, WG_EINVAL, "/into", "a case is merged into another one");
    if (dc->was) /* it could be then; the other case may be closed by now */
        return WG_OK;
    int rc = wg_view_case(dc->d->views, dc->txn, id, &other);
    if (rc < 0)
        return REFUSE(dc, WG_EINVAL, "/into", "there is no case %.*s in %s",
                      WG_PRI(body_str(dc, "into")), dc->d->area);
    if (!wg_state_open(other.state))
        return REFUSE(dc, WG_EINVAL, "/into", "case %.*s is %s; only an open one takes another in",
                      WG_PRI(body_str(dc, "into")), wg_state_name(other.state));
    return WG_OK;
}

static int check_reply(struct deciding *dc)
{
    return blank(body_str(dc, "note")) ? REFUSE(dc, WG_EINVAL, "/note", "a reply says something")
                                       : WG_OK;
}

static int check_transfer(struct deciding *dc)
{
    if (wg_str_eq(body_str(dc, "unit"), dc->c.unit))
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
    return (photos && photos->count) || body_str(dc, "note").n
               ? WG_OK
               : REFUSE(dc, WG_EINVAL, "/photos", "evidence is a photo, or a note at least");
}

static int check_part(struct deciding *dc, struct wg_str id, struct wg_str category)
{
    const struct wg_json *part;
    if (dc->c.kind != WG_PART)
        return REFUSE(dc, WG_EINVAL, "/part", "an event has no part");
    int rc = ask_about(dc, "part", id, &part);
    if (rc == WG_OK &&
        (part->type != WG_JOBJ || !wg_str_eq(wg_json_str(part, "category"), category)))
        rc = REFUSE(dc, WG_EINVAL, "/part", "there is no part %.*s of class %.*s", WG_PRI(id),
                    WG_PRI(category));
    return rc;
}

/* A class has its own condition rows: once filed, another class needs one of its own chosen too. */
static int check_correct(struct deciding *dc)
{
    struct wg_str category = body_str(dc, "category"), condition = body_str(dc, "condition"),
                  part = body_str(dc, "part");
    if (!category.n && !condition.n && !part.n && !body_str(dc, "address").n)
        return REFUSE(dc, WG_EINVAL, "",
                      "say what to correct: category, condition, part or address");
    if (condition.n && !dc->c.filed)
        return REFUSE(dc, WG_EINVAL, "/condition", "the condition row is chosen at filing");
    if (category.n && dc->c.filed && !condition.n)
        return REFUSE(dc, WG_EINVAL, "/condition",
                      "the case is filed: another class needs a condition row of its own");
    if (category.n && dc->c.part.n && !part.n && !wg_str_eq(category, dc->c.category))
        return REFUSE(dc, WG_EINVAL, "/part", "part %.*s is of the class before: say which it is",
                      WG_PRI(dc->c.part));
    if (condition.n && !wg_state_open(dc->c.state))
        return REFUSE(dc, WG_EINVAL, "/condition", "the case is over: its limit stays");
    return part.n ? check_part(dc, part, category.n ? category : dc->c.category) : WG_OK;
}

static int check_handover(struct deciding *dc)
{
    if (wg_str_is(body_str(dc, "to"), dc->d->area))
        return REFUSE(dc, WG_EINVAL, "/to", "the case is in %s already", dc->d->area);
    return dc->replay || dc->cmd->to_known
               ? WG_OK
               : REFUSE(dc, WG_EINVAL, "/to", "there is no county %.*s on this server",
                        WG_PRI(body_str(dc, "to")));
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
} acts[WG_EFFECTS] = {
    [WG_DO_ASK] = {guard_ask, check_ask},
    [WG_DO_GRANT] = {guard_answer, NULL},
    [WG_DO_DENY] = {guard_answer, NULL},
    [WG_DO_FEED_BACK] = {guard_feed_back, NULL},
    [WG_DO_REPLY] = {guard_reply, check_reply},
    [WG_DO_MERGE] = {guard_merge, check_merge},
    [WG_DO_WITHDRAW] = {guard_withdraw, NULL},
    [WG_DO_TRANSFER] = {NULL, check_transfer},
    [WG_DO_COUNTERSIGN] = {NULL, check_countersign},
    [WG_DO_EVIDENCE] = {NULL, check_evidence},
    [WG_DO_CORRECT] = {NULL, check_correct},
    [WG_DO_CALLBACK] = {guard_callback, NULL},
    [WG_DO_APPEAL] = {guard_appeal, NULL},
    [WG_DO_VERDICT] = {guard_verdict, NULL},
    [WG_DO_HANDOVER] = {guard_ask, check_handover},
    [WG_DO_RECEIVE] = {guard_receive, NULL},
};

int act_guard(struct deciding *dc)
{
    bool back = dc->step->lead[0].to == WG_BACK && dc->step->effect != WG_DO_WITHDRAW;
    if (back && dc->c.before >= WG_STATES)
        return not_now(dc, "it is not known any more where that would lead back to");
    if (dc->step->before_due && dc->c.due && dc->t >= dc->c.due)
        return not_now(dc, "the case is overdue: this had to be asked for before");
    return acts[dc->step->effect].guard ? acts[dc->step->effect].guard(dc) : WG_OK;
}

int act_check(struct deciding *dc)
{
    return acts[dc->step->effect].check ? acts[dc->step->effect].check(dc) : WG_OK;
}
