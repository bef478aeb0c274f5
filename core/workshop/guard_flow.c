/* Steps of the flow are the city's: each stands, and is no easier. What a county adds stands only
 * where the city marked a point. */
#include "workshop/guard.h"

struct pair {
    const struct wg_step *city, *county;
    struct wg_str where;
    struct guard_spot spot;
};

static struct wg_str state_of(int state)
{
    return wg_str_of(state == WG_NOWHERE ? "-" : wg_state_name(state));
}

static struct wg_str where_of(struct guard *g, const struct wg_step *s, int state)
{
    struct wg_str at = state_of(state);
    return guard_where(g, "flow.%.*s %.*s", WG_PRI(s->action), WG_PRI(at));
}

/* ---- a step of the city's ---- */

static const struct wg_lead *lead_of(const struct wg_step *s, struct wg_str result)
{
    for (uint32_t i = 0; i < s->leads; i++)
        if (wg_str_eq(s->lead[i].result, result))
            return &s->lead[i];
    return NULL;
}

static void check_leads(struct guard *g, const struct pair *p)
{
    bool same = p->city->leads == p->county->leads && p->city->effect == p->county->effect &&
                p->city->grants == p->county->grants;
    for (uint32_t i = 0; same && i < p->city->leads; i++) {
        const struct wg_lead *x = &p->city->lead[i], *y = lead_of(p->county, x->result);
        same = y && y->to == x->to && wg_str_eq(y->count, x->count);
    }
    if (!same)
        guard_say(g, WG_FAULT, "step_changed", p->where, p->spot,
                  "「%.*s」的去向、效果或计数与市级不同：市级步骤是锁定的", WG_PRI(p->city->name));
}

static const struct wg_field *field_of(const struct wg_step *s, struct wg_str name)
{
    for (uint32_t i = 0; i < s->fields; i++)
        if (wg_str_eq(s->field[i].name, name))
            return &s->field[i];
    return NULL;
}

static bool has_choice(const struct wg_field *f, struct wg_str choice)
{
    for (uint32_t i = 0; i < f->choices; i++)
        if (wg_str_eq(f->choice[i], choice))
            return true;
    return false;
}

static bool same_field(const struct wg_field *x, const struct wg_field *y)
{
    if (!y || y->type != x->type || (x->must && !y->must) || y->choices != x->choices)
        return false;
    for (uint32_t i = 0; i < x->choices; i++)
        if (!has_choice(y, x->choice[i]))
            return false;
    return true;
}

/* Does a field of a body change who has the case, or under which row it runs? */
static bool steers(const struct wg_field *f)
{
    return f->type == WG_FUNIT || f->type == WG_FUNITS || f->type == WG_FCONDITION ||
           f->type == WG_FCLASS || f->type == WG_FCASE || f->type == WG_FAREA;
}

static void check_step_fields(struct guard *g, const struct pair *p)
{
    for (uint32_t i = 0; i < p->city->fields; i++) {
        const struct wg_field *f = &p->city->field[i];
        if (!same_field(f, field_of(p->county, f->name)))
            guard_say(g, WG_FAULT, "field_dropped", p->where, p->spot,
                      "「%.*s」的填报项%.*s被去掉、改了类型或不再必填", WG_PRI(p->city->name),
                      WG_PRI(f->name));
    }
    for (uint32_t i = 0; i < p->county->fields; i++) {
        const struct wg_field *f = &p->county->field[i];
        if (!field_of(p->city, f->name) && steers(f))
            guard_say(g, WG_FAULT, "step_changed", p->where, p->spot,
                      "「%.*s」增加的填报项%.*s会改动案卷的单位、条件或小类：市级步骤是锁定的",
                      WG_PRI(p->city->name), WG_PRI(f->name));
    }
}

static void check_pair(struct guard *g, const struct pair *p)
{
    const struct wg_step *x = p->city, *y = p->county;
    check_leads(g, p);
    if (y->roles & ~x->roles) {
        uint32_t extra = y->roles & ~x->roles;
        guard_say(g, WG_FAULT, "role_widened", p->where, p->spot,
                  "「%.*s」放给了市级没有的角色：%s", WG_PRI(x->name),
                  wg_role_name(extra & ~(extra - 1)));
    }
    if ((x->holder && !y->holder) || (x->before_due && !y->before_due))
        guard_say(g, WG_FAULT, "condition_dropped", p->where, p->spot, "「%.*s」的前提被去掉：%s",
                  WG_PRI(x->name),
                  x->holder && !y->holder ? "只能由持有案卷的单位办（holder）"
                                          : "只能在到期之前办（before_due）");
    check_step_fields(g, p);
}

static void check_city_step(struct guard *g, const struct wg_step *s, int state)
{
    struct pair p = {.city = s, .where = where_of(g, s, state)};
    int at = wg_flow_find(&g->county->flow, s->action, state);
    if (at < 0) {
        struct wg_str from = state_of(state);
        guard_say(g, WG_FAULT, "step_dropped", p.where, guard_spot(g, "flow"),
                  "步骤「%.*s」（自%.*s）没有了：市级步骤不能删", WG_PRI(s->name), WG_PRI(from));
        return;
    }
    p.county = &g->county->flow.step[at];
    p.spot = (struct guard_spot){p.county->file, (int)p.county->line};
    check_pair(g, &p);
}

/* ---- a step of the county's own ---- */

/* What a step of one's own may do beside moving the case: nothing that ends, moves or changes it.
 */
static bool harmless(const struct wg_step *s)
{
    static const enum wg_doing may[] = {WG_NO_EFFECT, WG_DO_EVIDENCE, WG_DO_SUPERVISE, WG_DO_URGE,
                                        WG_DO_COUNTERSIGN};
    bool ok = false;
    for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
        ok |= s->effect == may[i];
    for (uint32_t i = 0; ok && i < s->fields; i++)
        ok = !steers(&s->field[i]) || s->field[i].type == WG_FUNITS;
    return ok;
}

static bool marked(uint32_t point, int to)
{
    if (to == WG_STAY)
        return point & WG_POINT_STAY;
    return to >= 0 && to < WG_STATES && (point >> to & 1);
}

static void check_own_step(struct guard *g, const struct wg_step *s, int state)
{
    struct guard_spot spot = {s->file, (int)s->line};
    struct wg_str where = where_of(g, s, state), from = state_of(state);
    uint32_t point = state < WG_STATES ? g->city->point[state] : 0;
    bool ok = state < WG_STATES;
    for (uint32_t i = 0; ok && i < s->leads; i++)
        ok = marked(point, s->lead[i].to);
    if (!ok)
        guard_say(g, WG_FAULT, "locked_step", where, spot,
                  "自加步骤「%.*s」不在市级标明的扩展点上：自%.*s不能加这样的去向",
                  WG_PRI(s->name.n ? s->name : s->action), WG_PRI(from));
    else if (!harmless(s))
        guard_say(g, WG_FAULT, "locked_step", where, spot,
                  "自加步骤「%.*s」会改动案卷的单位、条件、时限或请求：扩展步骤只能记录和流转",
                  WG_PRI(s->name.n ? s->name : s->action));
}

void guard_flow(struct guard *g)
{
    const struct wg_flow *city = &g->city->flow, *county = &g->county->flow;
    for (size_t i = 0; i < city->count; i++)
        for (int s = 0; s <= WG_STATES; s++) {
            int state = s == WG_STATES ? WG_NOWHERE : s;
            if (wg_step_leaves(&city->step[i], state, UINT32_MAX))
                check_city_step(g, &city->step[i], state);
        }
    for (size_t i = 0; i < county->count; i++)
        for (int s = 0; s <= WG_STATES; s++) {
            int state = s == WG_STATES ? WG_NOWHERE : s;
            if (wg_step_leaves(&county->step[i], state, UINT32_MAX) &&
                wg_flow_find(city, county->step[i].action, state) < 0)
                check_own_step(g, &county->step[i], state);
        }
}
