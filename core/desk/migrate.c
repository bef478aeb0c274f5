/* Running cases keep the rules of their filing, unless a release takes them along: then each is
 * looked at before, and moved by an entry of its own. */
#include "inside.h"

#include <stdio.h>

/* ---- what it would be ---- */

static const struct wg_condition *row_in(const struct wg_case *c, const struct wg_pack *to,
                                         const char **why)
{
    const struct wg_class *class_ = wg_pack_class(to, c->kind, c->category);
    const struct wg_condition *row = class_ ? wg_class_condition(class_, c->condition) : NULL;
    bool goes_on = false;
    for (size_t i = 0; i < to->flow.count; i++)
        goes_on |= to->flow.step[i].from >> c->state & 1;
    *why = !class_    ? "新规则没有这个小类"
           : !row     ? "新规则没有这条立案条件"
           : !goes_on ? "新流程从这个状态没有去路"
                      : NULL;
    return *why ? NULL : row;
}

struct previewing {
    const struct wg_pack *to;
    const struct wg_worktime *wt;
    struct wg_buf *out;
    struct wg_migration *sum;
    uint64_t *ids;
    size_t cap;
};

static void write_one(const struct previewing *p, const struct wg_case *c,
                      const struct wg_condition *row, const char *why, int64_t due)
{
    char id[24];
    wg_case_id_text(c->id, id);
    wg_json_sep(p->out);
    wg_buf_char(p->out, '{');
    wg_json_kstr(p->out, "case", wg_str_of(id));
    wg_json_kstr(p->out, "state", wg_str_of(wg_state_name(c->state)));
    wg_json_kstr(p->out, "category", c->category);
    wg_json_kstr(p->out, "condition", c->condition);
    wg_json_kstr(p->out, "rules", c->rev);
    wg_json_kbool(p->out, "can", !why);
    if (why)
        wg_json_kstr(p->out, "why", wg_str_of(why));
    wg_json_ktime(p->out, "due_was", c->due);
    wg_json_ktime(p->out, "due_is", due);
    if (row) {
        wg_json_key(p->out, "limit_is");
        wg_buf_fixed(p->out, row->limit.n_milli, 3);
        wg_json_kstr(p->out, "unit_is", wg_str_of(wg_unit_name(row->limit.unit)));
    }
    wg_buf_char(p->out, '}');
}

static int preview_one(void *arg, const struct wg_case *c)
{
    struct previewing *p = arg;
    const char *why = NULL;
    int64_t due = c->due;
    if (!c->filed || !c->rev.n || wg_str_is(c->rev, p->to->rev))
        return WG_OK;
    const struct wg_condition *row = row_in(c, p->to, &why);
    if (row && !wg_limit_same(row->limit, c->limit) &&
        clock_relimited(p->wt, c, row->limit, &due) < 0)
        why = "新时限算不出到期时刻";
    p->sum->cases++;
    p->sum->can += !why;
    p->sum->changed += !why && due != c->due;
    if (!why && p->ids && p->sum->can <= p->cap)
        p->ids[p->sum->can - 1] = c->id;
    if (p->out)
        write_one(p, c, row, why, due);
    return WG_OK;
}

int wg_desk_migration(struct wg_desk *d, const struct wg_pack *to, struct wg_migration *sum,
                      uint64_t *ids, size_t cap, struct wg_buf *out, struct wg_err *err)
{
    struct wg_worktime *wt = NULL;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *hours = NULL;
    struct wg_txn *txn = NULL;
    struct wg_buf next = WG_BUF_INIT;
    struct wg_case_query q = {.kind = -1, .sort = WG_BY_OPENED, .limit = SIZE_MAX};
    *sum = (struct wg_migration){0};
    for (int s = 0; s < WG_STATES; s++)
        q.states |= wg_state_open(s) ? UINT32_C(1) << s : 0;
    int rc = a ? wg_json_parse(a, to->hours, &hours, err) : WG_ENOMEM;
    if (rc == WG_OK)
        rc = wg_worktime_new(hours, d->calendar, &wt, err);
    struct previewing p = {to, wt, out, sum, ids, cap};
    if (rc == WG_OK && (rc = wg_txn_begin(wg_views_env(d->views), false, &txn, err)) == WG_OK)
        rc = wg_view_list(d->views, txn, &q, preview_one, &p, &next, err);
    wg_txn_abort(txn);
    wg_buf_free(&next);
    wg_worktime_free(wt);
    wg_arena_free(a);
    return rc;
}

/* ---- doing it ---- */

static int move_due(struct deciding *dc, struct wg_limit limit)
{
    int64_t warn = 0;
    int rc = clock_relimit(dc, limit);
    if (rc == WG_OK && dc->due > dc->t)
        rc = clock_warn(dc, dc->c.clock_from, limit, &warn);
    if (rc < 0)
        return rc;
    wg_json_kint(&dc->outs, "due", dc->due);
    if (warn)
        wg_json_kint(&dc->outs, "warn", warn);
    return WG_OK;
}

int decide_migrate(struct deciding *dc)
{
    struct wg_str rev = wg_json_str(dc->cmd->in, "rules");
    const char *why;
    int rc = wg_view_case(dc->d->views, dc->txn, dc->cmd->id, &dc->c);
    if (rc < 0)
        return REFUSE(dc, rc, "", "there is no such case");
    dc->known = true;
    dc->of = dc->cmd->id;
    dc->due = dc->c.due;
    dc->role = WG_SYSTEM;
    dc->to = dc->c.state;
    if ((rc = rulebook_get(&dc->d->book, (struct wg_str){NULL, 0}, &dc->rules, &dc->cmd->err)) < 0)
        return rc;
    dc->pack = wg_rules_pack(dc->rules);
    if (!wg_str_is(rev, dc->pack->rev))
        return REFUSE(dc, WG_ESTATE, "", "rules %.*s are not in force", WG_PRI(rev));
    if (!dc->c.filed || !wg_state_open(dc->c.state) || wg_str_is(dc->c.rev, dc->pack->rev))
        return REFUSE(dc, WG_ESTATE, "", "this case is not to be moved to other rules");
    const struct wg_condition *row = row_in(&dc->c, dc->pack, &why);
    if (!row)
        return REFUSE(dc, WG_ESTATE, "", "%s", why);
    out_begin(dc, "set");
    wg_json_kbool(&dc->outs, "pinned", true);
    wg_json_kstr(&dc->outs, "rules_was", dc->c.rev);
    if (!wg_limit_same(row->limit, dc->c.limit)) {
        out_limit(&dc->outs, row->limit);
        if ((rc = move_due(dc, row->limit)) < 0)
            return rc;
    }
    out_why(dc, WG_S("随规则发布迁移到新规则"));
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}
