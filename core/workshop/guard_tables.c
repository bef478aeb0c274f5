/* The figures: stage clocks, lamp, deferrals, ladder, evidence; the indicators; campaigns. */
#include "workshop/guard.h"

#include <stdio.h>

static bool same_tree(const struct wg_json *x, const struct wg_json *y)
{
    struct wg_buf a = WG_BUF_INIT, b = WG_BUF_INIT;
    if (x)
        wg_json_write(x, &a);
    if (y)
        wg_json_write(y, &b);
    bool same = wg_str_eq(wg_buf_str(&a), wg_buf_str(&b));
    wg_buf_free(&a);
    wg_buf_free(&b);
    return same;
}

static void larger(struct guard *g, const char *check, const char *name, int64_t city,
                   int64_t county, const char *words)
{
    if (county > city)
        guard_say(g, WG_FAULT, check, guard_where(g, "tables.%s", name), guard_spot(g, name),
                  "%s：市级%lld，县级%lld，只能不大于市级", words, (long long)city,
                  (long long)county);
}

/* ---- stages ---- */

static void check_stage_list(struct guard *g, const char *name, const struct wg_limit *city,
                             const struct wg_limit *county)
{
    int64_t at;
    for (int s = 0; s < WG_STATES; s++) {
        if (guard_within(g, county[s], city[s], &at))
            continue;
        struct wg_str x = guard_limit(g->a, city[s]), y = guard_limit(g->a, county[s]);
        guard_say(g, WG_FAULT, "stage_loosened",
                  guard_where(g, "tables.%s.%s", name, wg_state_name(s)), guard_spot(g, name),
                  "环节%s时限放宽：市级%.*s，县级%.*s", wg_state_name(s), WG_PRI(x), WG_PRI(y));
    }
}

static void check_clocks(struct guard *g)
{
    const struct wg_clocks *x = &g->city->clocks, *y = &g->county->clocks;
    check_stage_list(g, "stages", x->stage, y->stage);
    check_stage_list(g, "urgent_stages", x->urgent, y->urgent);
    if (y->rework_anew && !x->rework_anew)
        guard_say(g, WG_FAULT, "rework_loosened", WG_S("tables.rework_clock"),
                  guard_spot(g, "rework_clock"),
                  "返工计时由「剩余时限」改成「重新起算」：返工反而得到整个时限");
    if (y->yellow_milli < x->yellow_milli)
        guard_say(g, WG_FAULT, "lamp_loosened", WG_S("tables.yellow_percent"),
                  guard_spot(g, "yellow_percent"), "黄灯推迟：市级剩%lld%%时亮，县级剩%lld%%才亮",
                  (long long)(x->yellow_milli / 10), (long long)(y->yellow_milli / 10));
    larger(g, "hold_loosened", "clock_hold_minutes", x->hold_ms / WG_MINUTE_MS,
           y->hold_ms / WG_MINUTE_MS, "校时后计时器停得更久");
    larger(g, "evidence_loosened", "evidence", g->city->evidence.late_ms / WG_MINUTE_MS,
           g->county->evidence.late_ms / WG_MINUTE_MS, "照片可以更旧（late_min）");
    larger(g, "evidence_loosened", "evidence", g->city->evidence.far_m, g->county->evidence.far_m,
           "照片可以更远（far_m）");
}

/* ---- deferrals ---- */

int guard_rank(struct wg_str role)
{
    static const char *const ranks[] = {"dispatcher", "chief", "leader"};
    for (int i = 0; i < 3; i++)
        if (wg_str_is(role, ranks[i]))
            return i + 1;
    return 0;
}

/* Up to 3.5 days is up to 3. */
static int64_t whole(const struct wg_json *row, const char *field)
{
    int64_t milli;
    const struct wg_json *j = wg_json_get(row, field);
    return j && wg_json_fixed(j, 3, &milli) == WG_OK ? milli / 1000 : 0;
}

struct wg_str guard_tier(const struct wg_json *deferral, int64_t before, int64_t days)
{
    for (const struct wg_json *m = deferral ? deferral->child : NULL; m; m = m->next)
        if (before <= whole(m, "before") && days <= whole(m, "days"))
            return wg_json_str(m, "by");
    return (struct wg_str){NULL, 0};
}

static int64_t most(const struct wg_json *list, const char *field)
{
    int64_t v = 0;
    for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next)
        v = whole(m, field) > v ? whole(m, field) : v;
    return v;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The tables are steps: every number of days up to the last tier's is looked at. */
static void check_deferral(struct guard *g)
{
    const struct wg_json *x = wg_json_get(g->city_tables, "deferral"),
                         *y = wg_json_get(g->tables, "deferral");
    if (same_tree(x, y))
        return;
    int64_t befores = least(most(y, "before"), 255), days = least(most(y, "days"), 4000);
    for (int64_t b = 0; b <= befores; b++)
        for (int64_t d = 1; d <= days; d++) {
            struct wg_str city = guard_tier(x, b, d), county = guard_tier(y, b, d);
            if (!county.n || (city.n && guard_rank(county) >= guard_rank(city)))
                continue;
            guard_say(g, WG_FAULT, "deferral_loosened", WG_S("tables.deferral"),
                      guard_spot(g, "deferral"),
                      "延期审批放宽：已延期%lld次再延%lld个工作日，市级%.*s%s，县级%.*s即可批",
                      (long long)b, (long long)d, WG_PRI(city), city.n ? "批" : "不准",
                      WG_PRI(county));
            return;
        }
}

/* ---- the ladder ---- */

static bool read_after(const struct wg_json *rung, struct wg_limit *out)
{
    const struct wg_json *after = wg_json_get(rung, "after");
    *out = (struct wg_limit){0, WG_WORK_HOUR};
    return after && after->type == WG_JARR && after->count == 2 &&
           wg_json_fixed(after->child, 3, &out->n_milli) == WG_OK &&
           wg_unit_parse(after->child->next->str, &out->unit) == WG_OK;
}

/* When each rung is climbed by a case that is overdue at `from`. */
static void climb(const struct guard *g, const struct wg_json *ladder, int64_t from, int64_t *out,
                  size_t cap)
{
    size_t i = 0;
    for (const struct wg_json *m = ladder ? ladder->child : NULL; m && i < cap; m = m->next, i++) {
        struct wg_limit after;
        bool said = read_after(m, &after);
        if (i > 0)
            from = said && from != INT64_MAX ? guard_due(g->wt, from, after) : INT64_MAX;
        out[i] = from;
    }
}

#define RUNGS 16
/* Each rung of the city's, and where the county has it: in the same order. */
static bool match_rungs(struct guard *g, const struct wg_json *x, const struct wg_json *y,
                        size_t at[RUNGS], size_t *count)
{
    const struct wg_json *n = y ? y->child : NULL;
    size_t i = 0;
    *count = 0;
    for (const struct wg_json *m = x ? x->child : NULL; m && *count < RUNGS; m = m->next) {
        struct wg_str to = wg_json_str(m, "to"), name = wg_json_str(m, "name");
        while (n && (!wg_str_eq(wg_json_str(n, "to"), to) ||
                     (wg_json_bool(m, "order", false) && !wg_json_bool(n, "order", false)))) {
            n = n->next;
            i++;
        }
        if (!n || i >= RUNGS) {
            guard_say(g, WG_FAULT, "ladder_loosened", WG_S("tables.ladder"),
                      guard_spot(g, "ladder"),
                      "逐级上报少了一级，或次序、督办变了：市级报「%.*s」%s", WG_PRI(name),
                      wg_json_bool(m, "order", false) ? "并督办" : "");
            return false;
        }
        at[(*count)++] = i++;
        n = n->next;
    }
    return true;
}

static void check_ladder(struct guard *g)
{
    const struct wg_json *x = wg_json_get(g->city_tables, "ladder"),
                         *y = wg_json_get(g->tables, "ladder");
    size_t at[RUNGS], count;
    if (same_tree(x, y) || !match_rungs(g, x, y, at, &count))
        return;
    for (size_t s = 0; s < g->starts; s++) {
        int64_t city[RUNGS] = {0}, county[RUNGS] = {0};
        climb(g, x, g->start[s], city, RUNGS);
        climb(g, y, g->start[s], county, RUNGS);
        for (size_t i = 0; i < count; i++) {
            if (county[at[i]] <= city[i])
                continue;
            struct wg_str from = guard_moment(g->a, g->start[s]), u = guard_moment(g->a, city[i]),
                          v = guard_moment(g->a, county[at[i]]);
            guard_say(g, WG_FAULT, "ladder_loosened", WG_S("tables.ladder"),
                      guard_spot(g, "ladder"),
                      "逐级上报推迟：%.*s超期的案卷，第%zu级市级%.*s上报，县级%.*s", WG_PRI(from),
                      i + 1, WG_PRI(u), WG_PRI(v));
            return;
        }
    }
}

bool guard_other_ladder(const struct guard *g)
{
    return !same_tree(wg_json_get(g->city_tables, "ladder"), wg_json_get(g->tables, "ladder"));
}

/* ---- tables, scoring ---- */

/* Tables that nobody here knows may mean anything: a person has to look. */
static void check_others(struct guard *g)
{
    static const char *const known[] = {
        "stages",   "urgent_stages", "yellow_percent", "rework_clock", "clock_hold_minutes",
        "deferral", "ladder",        "twin",           "evidence",     "neighbour_m",
        NULL};
    for (const struct wg_json *m = g->city_tables->child; m; m = m->next) {
        size_t k = 0;
        while (known[k] && !wg_str_is(m->key, known[k]))
            k++;
        if (!known[k] && !same_tree(m, wg_json_get_s(g->tables, m->key)))
            guard_say(g, WG_DOUBT, "table_unknown", guard_where(g, "tables.%.*s", WG_PRI(m->key)),
                      guard_spot(g, m->key.p), "表%.*s与市级不同，刚性守护不懂它的含义，须人工比对",
                      WG_PRI(m->key));
    }
}

static bool is_open(const struct wg_json *open, struct wg_str name)
{
    for (const struct wg_json *m = open ? open->child : NULL; m; m = m->next)
        if (m->type == WG_JSTR && wg_str_eq(m->str, name))
            return true;
    return false;
}

static void check_scoring(struct guard *g)
{
    const struct wg_json *open = wg_json_get(g->city_scoring, "open");
    for (const struct wg_json *m = g->city_scoring->child; m; m = m->next) {
        struct wg_str where = guard_where(g, "scoring.%.*s", WG_PRI(m->key));
        bool indicators = wg_str_is(m->key, "indicators");
        if (same_tree(m, wg_json_get_s(g->scoring, m->key)) ||
            (!indicators && is_open(open, m->key)))
            continue;
        guard_say(g, WG_FAULT, indicators ? "indicators_changed" : "scoring_locked", where,
                  guard_spot(g, m->key.p), "评价%s%.*s由市级统一规定，县级不能改",
                  indicators ? "指标" : "参数", WG_PRI(m->key));
    }
}

/* ---- map: a county may close a layer, or open one of its own; what the city keeps from the public
 * stays so ---- */

static bool has_field(const struct wg_json *list, struct wg_str name)
{
    return list && (list->type == WG_JBOOL ? list->num : is_open(list, name));
}

static void check_layer(struct guard *g, const struct wg_json *city, const struct wg_json *own)
{
    const struct wg_json *public = wg_json_get(own, "public"), *open = wg_json_get(city, "public"),
                         *hidden = wg_json_get(city, "hidden");
    struct wg_str where = guard_where(g, "map.%.*s", WG_PRI(own->key));
    bool wider = public && public->type == WG_JBOOL && public->num &&
                 !(open && open->type == WG_JBOOL && open->num);
    for (const struct wg_json *m = public && public->type == WG_JARR ? public->child : NULL; m;
         m = m->next)
        wider |= !has_field(open, m->str);
    if (wider)
        guard_say(g, WG_FAULT, "map_opened", where, guard_spot(g, own->key.p),
                  "图层%.*s向公众开放的内容超出市级规定", WG_PRI(own->key));
    bool shown = false;
    for (const struct wg_json *m = hidden ? hidden->child : NULL; m; m = m->next)
        shown |= !is_open(wg_json_get(own, "hidden"), m->str);
    if (shown)
        guard_say(g, WG_FAULT, "map_opened", where, guard_spot(g, own->key.p),
                  "图层%.*s中市级隐藏的属性，县级须一并隐藏", WG_PRI(own->key));
}

static void check_map(struct guard *g)
{
    for (const struct wg_json *m = g->map->child; m; m = m->next) {
        const struct wg_json *city = wg_json_get_s(g->city_map, m->key);
        if (city && !same_tree(city, m))
            check_layer(g, city, m);
    }
}

void guard_tables(struct guard *g)
{
    check_map(g);
    check_clocks(g);
    check_deferral(g);
    check_ladder(g);
    check_others(g);
    check_scoring(g);
}

/* ---- campaigns ---- */

static bool fits(const struct wg_campaign_class *row, const struct wg_class *c)
{
    return row->kind == c->kind && guard_starts(c->code, row->code);
}

/* The row of a campaign that a class falls under: the longest front. */
static const struct wg_campaign_class *row_of(const struct wg_campaign *c, const struct wg_class *k)
{
    const struct wg_campaign_class *best = NULL;
    for (size_t i = 0; i < c->rows; i++)
        if (fits(&c->row[i], k) && (!best || c->row[i].code.n > best->code.n))
            best = &c->row[i];
    return best;
}

static bool same_campaign(const struct wg_campaign *x, const struct wg_campaign *y)
{
    bool same = wg_str_eq(x->name, y->name) && x->from_ms == y->from_ms && x->to_ms == y->to_ms &&
                x->areas == y->areas && x->rows == y->rows;
    for (size_t i = 0; same && i < x->areas; i++)
        same = wg_str_eq(x->area[i], y->area[i]);
    for (size_t i = 0; same && i < x->rows; i++) {
        const struct wg_campaign_class *a = &x->row[i], *b = &y->row[i];
        same = a->kind == b->kind && wg_str_eq(a->code, b->code) && a->limited == b->limited &&
               a->weight_milli == b->weight_milli && wg_limit_same(a->limit, b->limit);
    }
    return same;
}

static const struct wg_campaign *campaign_of(const struct wg_pack *p, struct wg_str id)
{
    for (size_t i = 0; i < p->campaigns; i++)
        if (wg_str_eq(p->campaign[i].id, id))
            return &p->campaign[i];
    return NULL;
}

/* A campaign's limit stands for each row's; of one's own, that must not be a longer one. And own
 * campaigns come first: one that hides the city's must be as short. false: told. */
static bool check_campaign_class(struct guard *g, const struct wg_campaign *own,
                                 const struct wg_class *c)
{
    int64_t at;
    char needle[64];
    const struct wg_campaign_class *row = row_of(own, c);
    if (!row)
        return true;
    snprintf(needle, sizeof(needle), "\"%.*s\"", (int)(own->id.n < 60 ? own->id.n : 60), own->id.p);
    struct wg_str where = guard_where(g, "campaigns.%.*s", WG_PRI(own->id)),
                  limit = guard_limit(g->a, row->limit);
    for (size_t i = 0; row->limited && i < c->conditions; i++)
        if (!guard_within(g, row->limit, c->condition[i].limit, &at)) {
            struct wg_str other = guard_limit(g->a, c->condition[i].limit);
            guard_say(g, WG_FAULT, "campaign_limit", where, guard_spot(g, needle),
                      "专项整治「%.*s」把%.*s「%.*s」条件%.*s的时限由%.*s放宽到%.*s",
                      WG_PRI(own->name), WG_PRI(c->code), WG_PRI(c->name),
                      WG_PRI(c->condition[i].id), WG_PRI(other), WG_PRI(limit));
            return false;
        }
    for (size_t i = 0; i < g->city->campaigns; i++) {
        const struct wg_campaign *theirs = &g->city->campaign[i];
        const struct wg_campaign_class *hidden = row_of(theirs, c);
        bool meet = theirs->from_ms < own->to_ms && own->from_ms < theirs->to_ms;
        if (!meet || !hidden || !hidden->limited ||
            (row->limited && guard_within(g, row->limit, hidden->limit, &at)))
            continue;
        guard_say(g, WG_FAULT, "campaign_limit", where, guard_spot(g, needle),
                  "专项整治「%.*s」盖住了市级「%.*s」对%.*s的更短时限", WG_PRI(own->name),
                  WG_PRI(theirs->name), WG_PRI(c->code));
        return false;
    }
    return true;
}

void guard_campaigns(struct guard *g)
{
    for (size_t i = 0; i < g->city->campaigns; i++) {
        const struct wg_campaign *x = &g->city->campaign[i], *y = campaign_of(g->county, x->id);
        if (!y || !same_campaign(x, y))
            guard_say(g, WG_FAULT, "campaign_changed",
                      guard_where(g, "campaigns.%.*s", WG_PRI(x->id)), guard_spot(g, "campaigns"),
                      "市级专项整治「%.*s」被%s：县级只能另加", WG_PRI(x->name),
                      y ? "改写" : "删去");
    }
    for (size_t i = 0; i < g->county->campaigns; i++) {
        const struct wg_campaign *own = &g->county->campaign[i];
        if (campaign_of(g->city, own->id))
            continue;
        for (size_t k = 0; k < g->county->class_count; k++)
            if (!check_campaign_class(g, own, &g->county->classes[k]))
                break;
    }
}
