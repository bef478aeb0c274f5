/* Deciding a step of the flow. Refusals come in the interface's order: role, version, state, body,
 * person; then the county's rule has its say. No action is known by name here: the row tells what
 * it needs and where it leads. */
#include "inside.h"

#include <stdio.h>

int deny(struct deciding *dc, int code, const char *why)
{
    const struct wg_step *asked_for = dc->step;
    struct wg_buf b = WG_BUF_INIT;
    if (dc->looking)
        return code;
    dc->looking = true;
    wg_buf_char(&b, '[');
    for (size_t i = 0; i < dc->pack->flow.count; i++) {
        dc->step = &dc->pack->flow.step[i];
        if (!wg_step_leaves(dc->step, dc->c.state, dc->cmd->actor.roles) || act_guard(dc) < 0)
            continue;
        wg_json_sep(&b);
        wg_buf_json(&b, dc->step->action);
    }
    wg_buf_char(&b, ']');
    dc->step = asked_for;
    dc->looking = false;
    dc->cmd->allowed = wg_arena_str(dc->a, wg_buf_str(&b));
    wg_buf_free(&b);
    return REFUSE(dc, code, "", "%s", why);
}

/* A unit acts on what it holds, and on what those hold that it took over; others see it not. Who
 * countersigns may add what it knows, and a collector to a report of their own. */
static bool holds(struct deciding *dc)
{
    const struct wg_json *now;
    struct wg_str unit = dc->cmd->actor.unit;
    if (!dc->c.unit.n || !unit.n)
        return false;
    if (wg_str_eq(dc->c.unit, unit) ||
        (wg_str_is(dc->cmd->act, "add_evidence") && wg_words_have(dc->c.assist, unit)))
        return true;
    return ask_about(dc, "unit_now", dc->c.unit, &now) == WG_OK && wg_str_eq(now->str, unit);
}

static int check_role(struct deciding *dc)
{
    const struct wg_flow *flow = &dc->pack->flow;
    uint32_t roles = 0;
    bool holder = false;
    for (size_t i = 0; i < flow->count; i++) {
        if (!wg_str_eq(flow->step[i].action, dc->cmd->act) || !flow->step[i].from)
            continue;
        roles |= flow->step[i].roles;
        holder |= flow->step[i].holder;
    }
    if (!roles)
        return REFUSE(dc, WG_ENOENT, "", "there is no action %.*s", WG_PRI(dc->cmd->act));
    uint32_t can = roles & dc->cmd->actor.roles;
    if (!can)
        return deny(dc, WG_EDENIED, "your roles do not take this step");
    if (holder && can == WG_UNIT_ROLE && !holds(dc))
        return deny(dc, WG_EDENIED, "this case is not with your unit");
    if (holder && can == WG_COLLECTOR && !wg_str_eq(dc->c.reporter, dc->cmd->actor.user) &&
        !wg_words_have(dc->c.reporters, dc->cmd->actor.user))
        return deny(dc, WG_EDENIED, "this is no report of yours");
    return WG_OK;
}

static int check_state(struct deciding *dc)
{
    char why[200];
    int row = wg_flow_find(&dc->pack->flow, dc->cmd->act, dc->c.state);
    if (row < 0) {
        snprintf(why, sizeof(why), "%.*s is not possible while the case is %s",
                 WG_PRI(dc->cmd->act), wg_state_name(dc->c.state));
        return deny(dc, WG_ESTATE, why);
    }
    dc->step = &dc->pack->flow.step[row];
    uint32_t can = dc->step->roles & dc->cmd->actor.roles;
    dc->role = can & -can;
    if (!dc->role)
        return deny(dc, WG_EDENIED, "your roles do not take this step from here");
    dc->to = dc->c.state;
    if (dc->step->lead[0].to == WG_BACK)
        dc->to = dc->c.before < WG_STATES ? dc->c.before : dc->c.state;
    return act_guard(dc);
}

/* ---- the row's fields ---- */

static int check_choice(struct deciding *dc, const struct wg_field *f, const char *pointer,
                        struct wg_str value)
{
    char all[160] = "";
    for (uint32_t i = 0; i < f->choices; i++) {
        if (wg_str_eq(value, f->choice[i]))
            return WG_OK;
        size_t n = strlen(all);
        snprintf(all + n, sizeof(all) - n, "%s%.*s", i ? ", " : "", WG_PRI(f->choice[i]));
    }
    return REFUSE(dc, WG_EINVAL, pointer, "must be one of %s", all);
}

static int check_unit(struct deciding *dc, const char *pointer, struct wg_str unit)
{
    const struct wg_json *known;
    int rc = ask_about(dc, "unit", unit, &known);
    if (rc == WG_OK && known->type != WG_JOBJ)
        rc = REFUSE(dc, WG_EINVAL, pointer, "there is no unit %.*s in %s; see GET /v1/%s/units",
                    WG_PRI(unit), dc->d->area, dc->d->area);
    else if (rc == WG_OK && wg_json_get(known, "now"))
        rc = REFUSE(dc, WG_EINVAL, pointer, "unit %.*s has ended; %.*s took over", WG_PRI(unit),
                    WG_PRI(wg_json_get(known, "now")->str.n ? wg_json_get(known, "now")->str
                                                            : WG_S("nobody")));
    return rc;
}

/* What is filed while a campaign lasts has its limit; what is filed after it, not. */
static void in_campaign(struct deciding *dc)
{
    const struct wg_campaign_class *row;
    const struct wg_campaign *c =
        wg_pack_campaign(dc->pack, dc->c.kind, dc->class_->code, dc->c.grid,
                         dc->c.filed ? dc->c.filed : dc->t, &row);
    dc->campaign = c;
    if (!c || !row->limited)
        return;
    dc->own_row = *dc->row;
    dc->own_row.limit = row->limit;
    dc->own_row.segments = 0; /* the campaign's limit is for the whole */
    dc->row = &dc->own_row;
}

static int check_condition(struct deciding *dc, const char *pointer, struct wg_str id)
{
    char ids[300] = "";
    if (!dc->class_)
        return REFUSE(dc, WG_EINVAL, pointer, "class %.*s is not in the rules in force",
                      WG_PRI(dc->c.category));
    dc->row = wg_class_condition(dc->class_, id);
    if (dc->row) {
        in_campaign(dc);
        return WG_OK;
    }
    for (size_t i = 0; i < dc->class_->conditions; i++) {
        size_t n = strlen(ids);
        snprintf(ids + n, sizeof(ids) - n, "%s%.*s", i ? ", " : "",
                 WG_PRI(dc->class_->condition[i].id));
    }
    return REFUSE(dc, WG_EINVAL, pointer, "class %.*s has no condition row %.*s; there are: %s",
                  WG_PRI(dc->c.category), WG_PRI(id), ids);
}

static int check_units(struct deciding *dc, const char *pointer, const struct wg_json *j)
{
    char at[140];
    size_t i = 0;
    int rc = WG_OK;
    if (j->type != WG_JARR || j->count == 0 || j->count > 8)
        return REFUSE(dc, WG_EINVAL, pointer, "must be a list of 1 to 8 units");
    for (const struct wg_json *u = j->child; rc == WG_OK && u; u = u->next, i++) {
        snprintf(at, sizeof(at), "%s/%zu", pointer, i);
        rc = u->type == WG_JSTR ? check_unit(dc, at, u->str)
                                : REFUSE(dc, WG_EINVAL, at, "must be a text");
    }
    return rc;
}

/* From here on the case is looked at as one of that class. */
static int check_class(struct deciding *dc, const char *pointer, struct wg_str code)
{
    const struct wg_class *found = wg_pack_class(dc->pack, dc->c.kind, code);
    if (!found)
        return REFUSE(dc, WG_EINVAL, pointer, "%s %.*s is no class here; see GET /v1/%s/categories",
                      wg_kind_name(dc->c.kind), WG_PRI(code), dc->d->area);
    dc->class_ = found;
    return WG_OK;
}

/* Spaces, of any width, and what is not seen at all are no reason. */
bool blank(struct wg_str s)
{
    static const char *const spaces[] = {" ",      "\t",     "\n",     "\r",
                                         "\u3000", "\u00a0", "\u200b", "\ufeff"};
    for (size_t i = 0; s.n && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        if (!wg_str_starts(s, spaces[i]))
            continue;
        size_t n = strlen(spaces[i]);
        s = (struct wg_str){s.p + n, s.n - n};
        i = (size_t)-1;
    }
    return s.n == 0;
}

static int check_typed(struct deciding *dc, const struct wg_field *f, const char *pointer,
                       const struct wg_json *j)
{
    int64_t t;
    uint64_t id;
    if (f->type == WG_FINT)
        return j->type == WG_JINT ? WG_OK
                                  : REFUSE(dc, WG_EINVAL, pointer, "must be a whole number");
    if (f->type == WG_FUNITS)
        return check_units(dc, pointer, j);
    if (j->type != WG_JSTR)
        return REFUSE(dc, WG_EINVAL, pointer, "must be a text");
    switch (f->type) {
    case WG_FCHOICE:
        return check_choice(dc, f, pointer, j->str);
    case WG_FUNIT:
        return check_unit(dc, pointer, j->str);
    case WG_FCONDITION:
        return check_condition(dc, pointer, j->str);
    case WG_FCLASS:
        return check_class(dc, pointer, j->str);
    case WG_FTIME:
        return wg_time_parse(j->str, &t) == WG_OK
                   ? WG_OK
                   : REFUSE(dc, WG_EINVAL, pointer,
                            "must be a time like 2026-11-23T10:30:00+08:00");
    case WG_FCASE:
        return wg_case_id_parse(j->str, &id) == WG_OK
                   ? WG_OK
                   : REFUSE(dc, WG_EINVAL, pointer, "must be a case's id");
    case WG_FAREA:
        return j->str.n == 6 ? WG_OK
                             : REFUSE(dc, WG_EINVAL, pointer, "must be a code of six digits");
    default:
        if (j->str.n > 2000 || blank(j->str))
            return REFUSE(dc, WG_EINVAL, pointer, "must say something, in at most 2000 bytes");
        return WG_OK;
    }
}

static int check_field(struct deciding *dc, const struct wg_field *f)
{
    char pointer[128];
    const struct wg_json *j = wg_json_get_s(dc->cmd->in, f->name);
    snprintf(pointer, sizeof(pointer), "/%.*s", (int)(f->name.n < 100 ? f->name.n : 100),
             f->name.p);
    if (j)
        return check_typed(dc, f, pointer, j);
    if (f->type == WG_FUNIT && dc->c.proposed.n &&
        dc->step->effect == WG_NO_EFFECT) /* who says nothing follows the proposal */
        return check_unit(dc, pointer, dc->c.proposed);
    return f->must ? REFUSE(dc, WG_EINVAL, pointer, "%.*s is missing", WG_PRI(f->name)) : WG_OK;
}

static int check_body(struct deciding *dc)
{
    static const char *const known[] = {"note", "photos", "override", NULL};
    struct wg_str note, override;
    int rc;
    if ((rc = body_known(dc, known, dc->step)) < 0 ||
        (rc = body_text(dc, "note", 4000, false, &note)) < 0 ||
        (rc = body_text(dc, "override", 500, false, &override)) < 0 ||
        (override.p && blank(override) &&
         (rc = REFUSE(dc, WG_EINVAL, "/override", "an emergency has a reason: say it")) < 0) ||
        (rc = body_photos(dc, dc->c.at)) < 0)
        return rc;
    for (uint32_t i = 0; rc == WG_OK && i < dc->step->fields; i++)
        rc = check_field(dc, &dc->step->field[i]);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < dc->step->leads; i++)
        if (!dc->step->lead[i].result.p ||
            wg_str_eq(dc->step->lead[i].result, wg_json_str(dc->cmd->in, "result")))
            dc->lead = &dc->step->lead[i];
    if (!dc->lead)
        return REFUSE(dc, WG_EINVAL, "/result", "leads nowhere from here");
    bool goes_on =
        dc->step->effect == WG_DO_FEED_BACK && act_segment(dc); /* to where the guard said */
    if (dc->lead->to < WG_STATES && !goes_on)
        dc->to = dc->lead->to;
    return act_check(dc);
}

/* ---- outcomes of the step itself ---- */

static void go_outcome(struct deciding *dc)
{
    out_begin(dc, "go");
    wg_json_kstr(&dc->outs, "to", wg_str_of(wg_state_name(dc->to)));
    if (dc->step->lead[0].to == WG_BACK && dc->to != dc->c.state)
        wg_json_kbool(&dc->outs, "back", true);
    if (dc->c.stopped && wg_clock_runs(dc->to) && clock_never_stopped(dc))
        wg_json_kbool(&dc->outs, "ran", true);
    out_why_row(dc);
    wg_buf_char(&dc->outs, '}');
    if (!dc->lead->count.n)
        return;
    out_begin(dc, "count");
    wg_json_kstr(&dc->outs, "of", dc->lead->count);
    wg_buf_char(&dc->outs, '}');
}

/* Filing fixes the condition row, the limit, the number, and the revision that decides from now on.
 */
static int file_outcome(struct deciding *dc)
{
    struct wg_buf number = WG_BUF_INIT;
    int year = wg_date_of(wg_local_day(dc->t, NULL)).year;
    uint32_t serial = wg_view_numbered(dc->d->views, dc->txn, year) + 1;
    int rc = wg_pack_number(dc->pack, year, serial, &number);
    if (rc < 0)
        return REFUSE(dc, WG_ERULE, "", "the pack's number template can't be filled in");
    out_begin(dc, "set");
    wg_json_kstr(&dc->outs, "condition", dc->row->id);
    out_limit(&dc->outs, dc->row->limit);
    if (dc->campaign)
        wg_json_kstr(&dc->outs, "campaign", dc->campaign->id);
    if (!dc->c.number.n) {
        wg_json_kstr(&dc->outs, "number", wg_buf_str(&number));
        wg_json_kint(&dc->outs, "numbered", serial);
    }
    wg_json_kbool(&dc->outs, "pinned", true);
    wg_buf_char(&dc->outs, '}');
    wg_buf_free(&number);
    return WG_OK;
}

static void unit_outcome(struct deciding *dc)
{
    if (dc->step->effect != WG_NO_EFFECT && dc->step->effect != WG_DO_TRANSFER)
        return;
    struct wg_str unit = wg_json_str(dc->cmd->in, "unit");
    for (uint32_t i = 0; i < dc->step->fields; i++) {
        if (dc->step->field[i].type != WG_FUNIT)
            continue;
        if (!unit.n)
            unit = dc->c.proposed;
        if (!unit.n || wg_str_eq(unit, dc->c.unit))
            return;
        out_begin(dc, "set");
        wg_json_kstr(&dc->outs, "unit", unit);
        if (dc->c.blamed.n && wg_str_eq(unit, dc->c.blamed)) { /* it does it itself after all */
            wg_json_kbool(&dc->outs, "proxied", false);
            wg_json_kstr(&dc->outs, "blamed", WG_S(""));
        }
        if (dc->step->effect == WG_DO_TRANSFER) /* who dispatched it can't take that back */
            wg_json_kstr(&dc->outs, "last", WG_S(""));
        wg_buf_char(&dc->outs, '}');
        return;
    }
}

static int outcomes(struct deciding *dc)
{
    char event[64];
    struct wg_case would = dc->c; /* as rules see it: chosen row included */
    int rc = WG_OK;
    go_outcome(dc);
    if (dc->row && dc->step->effect == WG_NO_EFFECT) {
        if ((rc = file_outcome(dc)) < 0)
            return rc;
        would.condition = dc->row->id;
        would.limit = dc->row->limit;
    }
    unit_outcome(dc);
    if ((rc = clock_outcome(dc)) < 0 || (rc = act_outcomes(dc)) < 0)
        return rc;
    if (wg_str_copy(event, sizeof(event), dc->cmd->act) < 0)
        return REFUSE(dc, WG_ENOENT, "", "no such action");
    if ((rc = run_rules(dc, event, &would)) < 0)
        return rc;
    if (dc->order_text.n && dc->step->effect != WG_DO_SUPERVISE)
        order_outcome(dc, dc->order_text);
    if ((rc = act_after(dc)) < 0)
        return rc;
    return clock_after(dc);
}

/* 监督 and 指挥 never meet in one person on one case. A centre too small to split says so in its
 * pack; in an emergency anybody may go on who gives the reason. Either leaves a mark for good. */
static int check_person(struct deciding *dc)
{
    struct wg_str override = wg_json_str(dc->cmd->in, "override");
    if (!wg_case_other_axis(&dc->c, dc->cmd->actor.user, dc->role))
        return WG_OK;
    if (!dc->pack->small_centre && !override.n)
        return REFUSE(dc, WG_EDENIED, "",
                      "you acted on the other axis of this case; 监督与指挥不得由同一人经手");
    out_begin(dc, "mark");
    wg_json_kstr(&dc->outs, "what", WG_S("both_axes"));
    wg_json_kstr(&dc->outs, "by", dc->cmd->actor.user);
    if (override.n)
        wg_json_kstr(&dc->outs, "override", override);
    wg_buf_char(&dc->outs, '}');
    out_begin(dc, "set");
    wg_json_kbool(&dc->outs, "both_axes", true);
    wg_buf_char(&dc->outs, '}');
    if (!override.n)
        return WG_OK;
    out_begin(dc, "notify");
    wg_json_kstr(&dc->outs, "to", WG_S("leader"));
    wg_json_kstr(&dc->outs, "text", WG_S("紧急越权：同一人经手监督与指挥，请核查"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}

static int read_asked(struct deciding *dc)
{
    struct wg_json *tree = NULL;
    int rc = dc->c.asked.n ? wg_json_parse(dc->a, dc->c.asked, &tree, &dc->cmd->err) : WG_OK;
    dc->asked = tree;
    return rc;
}

int decide_step(struct deciding *dc)
{
    struct wg_cmd *cmd = dc->cmd;
    int rc = case_before(dc, cmd->id);
    if (rc == WG_ENOENT)
        return REFUSE(dc, WG_ENOENT, "", "there is no such case");
    if (rc < 0)
        return REFUSE(dc, rc, "", "the case can't be read: %s", wg_strerror(rc));
    dc->known = true;
    dc->of = cmd->id;
    dc->due = dc->c.due;
    if ((rc = read_asked(dc)) < 0)
        return rc;
    rc = rulebook_get(&dc->d->book, dc->c.filed ? dc->c.rev : (struct wg_str){NULL, 0}, &dc->rules,
                      &cmd->err);
    if (rc < 0)
        return rc;
    dc->pack = wg_rules_pack(dc->rules);
    dc->class_ = wg_pack_class(dc->pack, dc->c.kind, dc->c.category);
    if ((rc = check_role(dc)) < 0)
        return rc;
    if (cmd->if_match >= 0 && cmd->if_match != (int64_t)dc->c.version)
        return REFUSE(dc, WG_ESTALE, "", "the case is at version %u, not %lld: read it again",
                      dc->c.version, (long long)cmd->if_match);
    if ((rc = check_state(dc)) < 0 || (rc = check_body(dc)) < 0 || (rc = check_person(dc)) < 0)
        return rc;
    return outcomes(dc);
}
