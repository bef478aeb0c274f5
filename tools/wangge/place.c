/* Places, time, and what base data and rules say. */
#include "wangge.h"

/* ---- locate ---- */

static void place_line(struct ctx *c, const char *label, const struct wg_json *j)
{
    if (j && j->type == WG_JOBJ)
        line(label, wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(wg_json_str(j, "code")),
                                 WG_PRI(wg_json_str(j, "name"))));
}

static void show_duties(struct ctx *c, const struct wg_json *list)
{
    static const char *const heads[] = {"责任区 duty",     "单位 unit", "在内 inside",
                                        "边界米 border m", "名称 name", NULL};
    struct table t = {.c = c, .heads = heads};
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next) {
        const struct wg_str cells[] = {
            wg_json_str(e, "duty"),
            wg_json_str(e, "unit"),
            wg_json_bool(e, "inside", false) ? WG_S("是 yes") : WG_S("否 no"),
            number_text(wg_json_get(e, "distance_m")),
            wg_json_str(e, "name"),
        };
        table_add(&t, cells);
    }
    if (t.first)
        table_print(&t);
}

static void show_parts(struct ctx *c, const struct wg_json *list)
{
    static const char *const heads[] = {"部件 part", "米 m", "名称 name", NULL};
    struct table t = {.c = c, .heads = heads};
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next) {
        const struct wg_str cells[] = {wg_json_str(e, "id"),
                                       number_text(wg_json_get(e, "distance_m")),
                                       wg_json_str(e, "name")};
        table_add(&t, cells);
    }
    if (!t.first)
        return;
    putchar('\n');
    table_print(&t);
}

int run_locate(struct ctx *c)
{
    const struct wg_json *j;
    int rc =
        get(c, area_path(c, "locate?lon=%s&lat=%s", encoded(c, c->args[0]), encoded(c, c->args[1])),
            &j);
    if (!j)
        return rc;
    place_line(c, "county 区县", wg_json_get(j, "county"));
    place_line(c, "street 街道", wg_json_get(j, "street"));
    place_line(c, "community 社区", wg_json_get(j, "community"));
    place_line(c, "grid 网格", wg_json_get(j, "grid"));
    if (wg_json_bool(j, "boundary_dispute", false))
        line("border 边界",
             WG_S("so near to a border that it may be disputed 临近责任区边界，可能有争议"));
    putchar('\n');
    show_duties(c, wg_json_get(j, "duties"));
    show_parts(c, wg_json_get(j, "parts"));
    return DONE;
}

/* ---- clock ---- */

int run_clock(struct ctx *c)
{
    const struct wg_json *j;
    struct wg_str target;
    if (strchr(c->args[0], '=')) {
        const char *query = query_of(c, 0);
        if (!query)
            return MISUSED;
        target = area_path(c, "clock%s", query);
    } else if (c->count == 1) {
        target = area_path(c, "cases/%s/clock", encoded(c, c->args[0]));
    } else {
        return misused(c, "takes a case's ID, or limit=… unit=… [from=…]");
    }
    int rc = get(c, target, &j);
    if (j)
        print_statement(c, j);
    return rc;
}

/* ---- status, units, categories ---- */

int run_status(struct ctx *c)
{
    const struct wg_json *j;
    int rc = get(c, area_path(c, "status"), &j);
    if (!j)
        return rc;
    print_incidents(wg_json_get(j, "rule_incidents"));
    line("area 区划", wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(wg_json_str(j, "area")),
                                   WG_PRI(wg_json_str(j, "name"))));
    line("rules 规则", wg_json_str(j, "rules"));
    line("entries 日志条数", number_text(wg_json_get(j, "entries")));
    line("waiting 排队", number_text(wg_json_get(j, "waiting")));
    line("rule failures", number_text(wg_json_get(j, "rule_failures")));
    line("incidents 事故", number_text(wg_json_get(j, "incidents")));
    line("writable 可写", wg_json_bool(j, "writable", false) ? WG_S("yes 是") : WG_S("no 否"));
    static const char *const lists[][2] = {{"cases", "\n案卷 cases"},
                                           {"base", "\n基础数据 base data"}};
    for (size_t i = 0; i < 2; i++) {
        const struct wg_json *list = wg_json_get(j, lists[i][0]);
        puts(lists[i][1]);
        for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next) {
            put_padded(stdout, i ? m->key : state_text(c, m->key), 24);
            printf("%8lld\n", (long long)m->num);
        }
    }
    return DONE;
}

int run_units(struct ctx *c)
{
    static const char *const heads[] = {"单位 unit", "名称 name",      "性质 kind", "上级 parent",
                                        "止 to",     "承接 successor", NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    int rc = get(c, area_path(c, "units"), &j);
    if (!j)
        return rc;
    const struct wg_json *units = wg_json_get(j, "units");
    for (const struct wg_json *e = units ? units->child : NULL; e; e = e->next) {
        const struct wg_str cells[] = {wg_json_str(e, "id"),   wg_json_str(e, "name"),
                                       wg_json_str(e, "kind"), wg_json_str(e, "parent"),
                                       wg_json_str(e, "to"),   wg_json_str(e, "successor")};
        table_add(&t, cells);
    }
    table_print(&t);
    return DONE;
}

static void add_conditions(struct ctx *c, struct table *t, const struct wg_json *class)
{
    struct wg_str code = wg_json_str(class, "category"), name = wg_json_str(class, "name");
    struct wg_str kind =
        wg_str_is(wg_json_str(class, "kind"), "part") ? WG_S("部件") : WG_S("事件");
    const struct wg_json *rows = wg_json_get(class, "conditions");
    if (!rows || !rows->child) {
        const struct wg_str cells[] = {kind,      code,      name,     {NULL, 0},
                                       {NULL, 0}, {NULL, 0}, {NULL, 0}};
        table_add(t, cells);
        return;
    }
    for (const struct wg_json *r = rows->child; r; r = r->next) {
        const struct wg_json *limit = wg_json_get(r, "limit");
        const struct wg_str cells[] = {
            kind,
            code,
            name,
            wg_json_str(r, "id"),
            wg_arena_fmt(c->arena, "%.*s%.*s", WG_PRI(number_text(wg_json_get(limit, "n"))),
                         WG_PRI(wg_json_str(limit, "unit_name"))),
            wg_json_str(r, "close"),
            wg_json_bool(r, "source_expired", false)
                ? wg_arena_fmt(c->arena, "%.*s〔依据已失效〕", WG_PRI(wg_json_str(r, "text")))
                : wg_json_str(r, "text"),
        };
        table_add(t, cells);
    }
}

int run_categories(struct ctx *c)
{
    static const char *const heads[] = {
        "",           "小类 class", "名称 name",          "条件 row",
        "时限 limit", "结案 close", "立案条件 condition", NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    const char *query = query_of(c, 0);
    if (!query)
        return MISUSED;
    int rc = get(c, area_path(c, "categories%s", query), &j);
    if (!j)
        return rc;
    const struct wg_json *list = wg_json_get(j, "categories");
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next)
        add_conditions(c, &t, e);
    table_print(&t);
    return DONE;
}

/* ---- the flow ---- */

static struct wg_str fields_text(struct ctx *c, const struct wg_json *step)
{
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *need = wg_json_get(step, "need"), *may = wg_json_get(step, "may");
    for (const struct wg_json *f = need ? need->child : NULL; f; f = f->next) {
        wg_buf_fmt(&b, "%s%.*s", b.n ? " " : "", WG_PRI(f->key));
        if (f->type == WG_JARR)
            wg_buf_fmt(&b, "=%.*s", WG_PRI(joined(c, f, "|")));
    }
    for (const struct wg_json *f = may ? may->child : NULL; f; f = f->next)
        wg_buf_fmt(&b, "%s[%.*s]", b.n ? " " : "", WG_PRI(f->key));
    if (wg_json_bool(step, "before_due", false))
        wg_buf_fmt(&b, "%s(before it is due)", b.n ? " " : "");
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

static struct wg_str to_text(struct ctx *c, const struct wg_json *to)
{
    struct wg_buf b = WG_BUF_INIT;
    if (to && to->type == WG_JSTR)
        return to->str;
    for (const struct wg_json *e = to ? to->child : NULL; e; e = e->next)
        wg_buf_fmt(&b, "%s%.*s→%.*s", b.n ? " " : "", WG_PRI(e->key), WG_PRI(e->str));
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

int run_flow(struct ctx *c)
{
    static const char *const heads[] = {"action", "步骤",       "who 谁", "from 从",
                                        "to 到",  "needs 要填", NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    int rc = get(c, area_path(c, "flow"), &j);
    if (!j)
        return rc;
    const struct wg_json *list = wg_json_get(j, "steps");
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next) {
        struct wg_str action = wg_json_str(e, "action"),
                      who = joined(c, wg_json_get(e, "roles"), " ");
        if (c->count && !wg_str_is(action, c->args[0]))
            continue;
        const struct wg_str cells[] = {
            action,
            wg_json_str(e, "name"),
            wg_json_bool(e, "holder", false) ? wg_arena_fmt(c->arena, "%.*s (holder)", WG_PRI(who))
                                             : who,
            joined(c, wg_json_get(e, "from"), " "),
            to_text(c, wg_json_get(e, "to")),
            fields_text(c, e),
        };
        table_add(&t, cells);
    }
    if (c->count && !t.first)
        return misused(c, "the flow has no such action; wangge flow lists them");
    table_print(&t);
    return DONE;
}
