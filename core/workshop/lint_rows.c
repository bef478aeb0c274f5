/* Rows that can never be chosen, because one before them always is; gaps; overlaps. (Rows of the
 * flow that take an action twice from one state are refused when the pack is loaded.) */
#include "workshop/lint.h"

#include <stdio.h>

static bool fronts(struct wg_str front, struct wg_str s)
{
    return front.n <= s.n && (front.n == 0 || memcmp(front.p, s.p, front.n) == 0);
}

/* ---- classes ---- */

static void lint_class(struct lint *l, const struct wg_class *c)
{
    char where[96];
    const char *code = c->code.p;
    if (!c->conditions) {
        snprintf(where, sizeof(where), "%s.%s", wg_kind_name((int)c->kind), code);
        lint_say(l, WG_FAULT, "class_without_row", where, code, "至少一条立案条件",
                 "“%.*s”没有立案条件，永远不能立案", WG_PRI(c->name));
    }
    for (size_t i = 0; i < c->conditions; i++) {
        const struct wg_condition *row = &c->condition[i];
        snprintf(where, sizeof(where), "%s.%s 条件%.*s", wg_kind_name((int)c->kind), code,
                 (int)(row->id.n < 40 ? row->id.n : 40), row->id.p);
        bool own = !l->base || !wg_pack_row_known(l->base, (int)c->kind, c->code, row);
        for (size_t k = 0; k < i; k++)
            if (wg_str_eq(c->condition[k].text, row->text))
                lint_say(l, own ? WG_DOUBT : WG_REMARK, "same_text", where, row->text.p, NULL,
                         "与条件%.*s文字相同，立案时分不清", WG_PRI(c->condition[k].id));
        for (uint32_t k = 0; k < row->segments; k++)
            if (row->segment[k].unit.n)
                lint_say(l, WG_REMARK, "stage_unit", where, row->segment[k].unit.p, NULL,
                         "分段“%.*s”由单位%.*s承担：单位属基础数据，须在其中存在",
                         WG_PRI(row->segment[k].name), WG_PRI(row->segment[k].unit));
    }
}

/* ---- deferrals: the first tier that allows so many before and so many days ---- */

static void lint_tiers(struct lint *l)
{
    const struct wg_json *rows = wg_json_get(l->tables, "deferral");
    int64_t most_before = 0, most_days = 0;
    bool whole = false;
    int n = 0;
    char where[48];
    for (const struct wg_json *m = rows ? rows->child : NULL; m; m = m->next) {
        int64_t before = wg_json_int(m, "before", 0), days = wg_json_int(m, "days", 0);
        int earlier = 0;
        snprintf(where, sizeof(where), "tables.deferral 第%d行", ++n);
        for (const struct wg_json *e = rows->child; e != m; e = e->next) {
            earlier++;
            if (wg_json_int(e, "before", 0) >= before && wg_json_int(e, "days", 0) >= days) {
                lint_say(l, WG_FAULT, "shadowed_tier", where, "deferral",
                         "由宽到严的各行要把窄的写在前面", "永远轮不到：第%d行已包含这些次数和天数",
                         earlier);
                break;
            }
        }
        most_before = before > most_before ? before : most_before;
        most_days = days > most_days ? days : most_days;
    }
    for (const struct wg_json *m = rows ? rows->child : NULL; m; m = m->next)
        whole |=
            wg_json_int(m, "before", 0) >= most_before && wg_json_int(m, "days", 0) >= most_days;
    if (n && !whole)
        lint_say(l, WG_DOUBT, "deferral_gap", "tables.deferral", "deferral",
                 "补一行，或确认这些延期一律不准",
                 "已延期%lld次、再延%lld个工作日无人可批，两者分开却各有人可批",
                 (long long)most_before, (long long)most_days);
}

/* ---- owners: the first whose front fits ---- */

static void lint_owners(struct lint *l)
{
    const struct wg_pack *p = l->pack;
    size_t own = l->base && l->base->owners <= p->owners ? p->owners - l->base->owners : p->owners;
    for (size_t i = 0; i < p->owners; i++) {
        const struct wg_owner_rule *o = &p->owner[i];
        char where[64];
        bool any = false, shadowed = false;
        snprintf(where, sizeof(where), "owners 第%zu行（%s %.*s）", i + 1,
                 wg_kind_name((int)o->kind), (int)(o->code.n < 8 ? o->code.n : 8),
                 o->code.p ? o->code.p : "");
        for (size_t k = 0; k < i && !shadowed; k++) {
            shadowed = p->owner[k].kind == o->kind && fronts(p->owner[k].code, o->code);
            if (shadowed)
                lint_say(l, i < own ? WG_FAULT : WG_REMARK, "shadowed_owner", where, "owners",
                         i < own ? "把类别更细的行写在前面" : NULL,
                         "永远轮不到：第%zu行已包含这些小类", k + 1);
        }
        for (size_t k = 0; k < p->class_count && !any; k++)
            any = p->classes[k].kind == o->kind && fronts(o->code, p->classes[k].code);
        if (!any)
            lint_say(l, i < own ? WG_DOUBT : WG_REMARK, "owner_without_class", where, "owners",
                     NULL, "没有小类以此开头");
    }
}

/* ---- campaigns: the first that is on, here, for this class ---- */

static bool days_meet(const struct wg_campaign *a, const struct wg_campaign *b)
{
    return a->from_ms < b->to_ms && b->from_ms < a->to_ms;
}

static bool areas_meet(const struct wg_campaign *a, const struct wg_campaign *b)
{
    for (size_t i = 0; i < a->areas; i++)
        for (size_t k = 0; k < b->areas; k++)
            if (fronts(a->area[i], b->area[k]) || fronts(b->area[k], a->area[i]))
                return true;
    return !a->areas || !b->areas;
}

static bool areas_hold(const struct wg_campaign *a, const struct wg_campaign *b)
{
    for (size_t k = 0; k < b->areas; k++) {
        bool held = !a->areas;
        for (size_t i = 0; i < a->areas && !held; i++)
            held = fronts(a->area[i], b->area[k]);
        if (!held)
            return false;
    }
    return b->areas || !a->areas;
}

/* How many rows of b meet one of a's, and how many lie within one. */
static void rows_meet(const struct wg_campaign *a, const struct wg_campaign *b, size_t *meet,
                      size_t *within)
{
    *meet = *within = 0;
    for (size_t k = 0; k < b->rows; k++) {
        bool met = false, held = false;
        for (size_t i = 0; i < a->rows; i++) {
            if (a->row[i].kind != b->row[k].kind)
                continue;
            held |= fronts(a->row[i].code, b->row[k].code);
            met |= held || fronts(b->row[k].code, a->row[i].code);
        }
        *meet += met;
        *within += held;
    }
}

static void lint_campaigns(struct lint *l)
{
    const struct wg_pack *p = l->pack;
    for (size_t i = 1; i < p->campaigns; i++) {
        const struct wg_campaign *b = &p->campaign[i];
        char where[120];
        snprintf(where, sizeof(where), "campaigns.%.*s", (int)(b->id.n < 90 ? b->id.n : 90),
                 b->id.p);
        for (size_t k = 0; k < i; k++) {
            const struct wg_campaign *a = &p->campaign[k];
            size_t meet, within;
            rows_meet(a, b, &meet, &within);
            if (!meet || !days_meet(a, b) || !areas_meet(a, b))
                continue;
            bool covered = within == b->rows && a->from_ms <= b->from_ms && a->to_ms >= b->to_ms &&
                           areas_hold(a, b);
            lint_say(l, covered ? WG_FAULT : WG_DOUBT,
                     covered ? "shadowed_campaign" : "overlapping_campaigns", where, b->id.p,
                     covered ? "删去，或缩小前一项" : "错开日期、范围或小类",
                     covered ? "永远轮不到：“%.*s”的日期、范围和小类已全部包含它"
                             : "与“%.*s”在同一小类、范围、日期上重叠，重叠处以前者为准",
                     WG_PRI(a->name));
            if (covered)
                break;
        }
    }
}

void lint_rows(struct lint *l)
{
    for (size_t i = 0; i < l->pack->class_count; i++)
        lint_class(l, &l->pack->classes[i]);
    lint_tiers(l);
    lint_owners(l);
    lint_campaigns(l);
}
