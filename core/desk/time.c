/* Time as a command. A county has one timer, for the first moment at which time has something to
 * say about a case: its stage is late, it is overdue, a suspension ends, the rules want to be asked
 * again. Each is an entry like any other, decided by the rules, and none raises a case's version:
 * who read the case before may still act on it. After a week switched off they come in order, and
 * say how late they are. */
#include "inside.h"

#include <stdlib.h>

#define AT_ONCE 64 /* cases of one batch, so that people's commands do not wait long */
#define LATE_MS (2 * WG_MINUTE_MS)

static int load(struct deciding *dc)
{
    int rc = case_before(dc, dc->cmd->id);
    if (rc < 0)
        return REFUSE(dc, rc, "", "there is no such case");
    dc->known = true;
    dc->of = dc->cmd->id;
    dc->due = dc->c.due;
    rc = rulebook_get(&dc->d->book, dc->c.filed ? dc->c.rev : (struct wg_str){NULL, 0}, &dc->rules,
                      &dc->cmd->err);
    if (rc < 0)
        return rc;
    dc->pack = wg_rules_pack(dc->rules);
    dc->class_ = wg_pack_class(dc->pack, dc->c.kind, dc->c.category);
    dc->role = WG_SYSTEM;
    dc->to = dc->c.state;
    return WG_OK;
}

/* The suspension is over: what was left of the limit is left now. */
static int resume(struct deciding *dc)
{
    const struct wg_case *c = &dc->c;
    int64_t due = c->due, part = c->part_due, warn = 0;
    int rc = c->stopped ? clock_shift(dc, c->stopped, dc->t, &due) : WG_OK;
    if (rc == WG_OK && c->stopped && part)
        rc = clock_shift(dc, c->stopped, dc->t, &part);
    dc->due = due;
    if (rc == WG_OK)
        rc = clock_warn(dc, c->clock_from, c->limit, &warn);
    if (rc < 0)
        return rc;
    out_begin(dc, "go");
    wg_json_kstr(&dc->outs, "to", wg_str_of(wg_state_name(c->before)));
    wg_json_kbool(&dc->outs, "quiet", true);
    wg_json_kbool(&dc->outs, "back", true);
    out_why(dc, WG_S("挂账到期，自动恢复"));
    wg_buf_char(&dc->outs, '}');
    out_begin(dc, "set");
    wg_json_kint(&dc->outs, "due", due);
    wg_json_kint(&dc->outs, "warn", warn);
    if (part) {
        wg_json_kint(&dc->outs, "part_due", part);
        wg_json_kint(&dc->outs, "stage_due", part);
    }
    out_why(dc, WG_S("停表期间不计，时限顺延"));
    wg_buf_char(&dc->outs, '}');
    dc->to = c->before;
    dc->due = due;
    return WG_OK;
}

static void flag(struct deciding *dc, const char *name, struct wg_str why)
{
    out_begin(dc, "set");
    wg_json_kbool(&dc->outs, name, true);
    out_why(dc, why);
    wg_buf_char(&dc->outs, '}');
}

/* The rules were asked for this moment; where they name no other, they are not asked again. */
static void climb(struct deciding *dc, bool counts)
{
    out_begin(dc, "set");
    wg_json_kint(&dc->outs, "next", 0);
    if (counts)
        wg_json_kint(&dc->outs, "level", dc->c.level + (dc->c.level < 255));
    out_why(dc, WG_S("到约定时刻，再问规则"));
    wg_buf_char(&dc->outs, '}');
}

static int tell_rules(struct deciding *dc, const char *what)
{
    struct wg_case would = dc->c;
    int rc;
    if (strcmp(what, "overdue") == 0)
        would.flags |= WG_OVERDUE;
    if (strcmp(what, "escalate") == 0)
        would.level++;
    if ((rc = run_rules(dc, "time", &would)) < 0)
        return rc;
    if (dc->order_text.n)
        order_outcome(dc, dc->order_text);
    return WG_OK;
}

/* A rule that fails must not hold up time: the flag is set all the same, and the failure is in the
 * entry. */
static int told(struct deciding *dc, const char *what)
{
    size_t outs = dc->outs.n, facts = dc->facts.n;
    int rc = tell_rules(dc, what);
    if (rc != WG_ERULE && rc != WG_EDENIED)
        return rc;
    dc->outs.n = outs;
    dc->facts.n = facts;
    out_begin(dc, "mark");
    wg_json_kstr(&dc->outs, "what", WG_S("rule_failed"));
    wg_json_kstr(&dc->outs, "event", WG_S("time"));
    wg_buf_char(&dc->outs, '}');
    dc->cmd->err = (struct wg_err){0};
    return WG_OK;
}

int decide_time(struct deciding *dc)
{
    int rc = load(dc);
    if (rc < 0)
        return rc;
    struct wg_str what = wg_json_str(dc->cmd->in, "what");
    const char *now = wg_case_wake_for(&dc->c, dc->t);
    if (!now || !wg_str_is(what, now))
        return REFUSE(dc, WG_ESTATE, "", "that moment has passed, or has not come");
    if (strcmp(now, "resume") == 0)
        rc = resume(dc);
    else if (strcmp(now, "stage") == 0)
        flag(dc, "stage_late", WG_S("本环节时限已过"));
    else if (strcmp(now, "overdue") == 0)
        flag(dc, "overdue", WG_S("处置时限已过"));
    else
        climb(dc, (dc->c.flags & WG_OVERDUE) != 0);
    return rc == WG_OK ? told(dc, now) : rc;
}

/* ---- the timer ---- */

static struct wg_cmd *command(struct wg_desk *d, struct wg_txn *txn, uint64_t id, int64_t now)
{
    struct wg_case c;
    struct wg_buf in = WG_BUF_INIT;
    struct wg_json *tree = NULL;
    struct wg_err err;
    const char *what;
    if (wg_view_case(d->views, txn, id, &c) < 0 || !(what = wg_case_wake_for(&c, now)))
        return NULL;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_cmd *cmd = a ? WG_NEW(a, struct wg_cmd) : NULL;
    int64_t planned = wg_case_wake(&c);
    wg_buf_char(&in, '{');
    wg_json_kstr(&in, "what", wg_str_of(what));
    wg_json_kint(&in, "planned", planned);
    if (now - planned > LATE_MS)
        wg_json_kint(&in, "late_s", (now - planned) / 1000);
    wg_buf_char(&in, '}');
    bool ok = cmd && wg_json_parse(a, wg_arena_str(a, wg_buf_str(&in)), &tree, &err) == WG_OK;
    wg_buf_free(&in);
    if (!ok) {
        wg_arena_free(a);
        return NULL;
    }
    *cmd = (struct wg_cmd){.arena = a,
                           .act = WG_S("time"),
                           .id = id,
                           .actor = {.user = WG_S("time"), .roles = WG_SYSTEM},
                           .if_match = -1,
                           .in = tree};
    return cmd;
}

/* How long the desk may sleep: short enough to notice a clock that jumps meanwhile. */
#define SLEEP_MS 30000
#define AGAIN_MS 5000 /* after a failure */

int64_t desk_wake(struct wg_desk *d)
{
    uint64_t ids[AT_ONCE];
    struct wg_cmd *cmds[AT_ONCE];
    struct wg_txn *txn = NULL;
    struct wg_err err;
    size_t made = 0;
    int64_t next = 0, now = desk_now(d);
    if (d->broken || d->opts.read_only || wg_mono_ms() < d->held_until_mono)
        return SLEEP_MS;
    if (wg_txn_begin(wg_views_env(d->views), false, &txn, &err) < 0)
        return AGAIN_MS;
    size_t count = wg_view_wake(d->views, txn, now, ids, AT_ONCE, &next);
    for (size_t i = 0; i < count; i++)
        if ((cmds[made] = command(d, txn, ids[i], now)))
            made++;
    wg_txn_abort(txn);
    for (size_t i = 1; i < made; i++)
        cmds[i - 1]->link.next = &cmds[i]->link;
    if (made)
        wg_desk_batch(d, cmds[0]);
    bool failed = made < count;
    for (size_t i = 0; i < made; i++) {
        if (cmds[i]->rc < 0)
            wg_log(WG_ERROR, "desk", cmds[i]->err.text, "area", d->area, "doing", "time", NULL);
        failed |= cmds[i]->rc < 0;
        wg_arena_free(cmds[i]->arena);
    }
    /* What can't be done (its rules are gone, say) must not make a treadmill of the timer. */
    if (failed)
        return AGAIN_MS;
    if (made)
        return 0;
    return next && next - now < SLEEP_MS ? next - now : SLEEP_MS;
}
