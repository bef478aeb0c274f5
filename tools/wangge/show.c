/* Answers that more than one command gives: a case, a list of cases, a clock statement. */
#include "wangge.h"

#define ADDRESS_WIDTH 44

static struct wg_str place_text(struct ctx *c, const struct wg_json *j)
{
    const struct wg_json *xy = wg_json_get(wg_json_get(j, "location"), "coordinates");
    if (!xy || xy->count != 2)
        return (struct wg_str){NULL, 0};
    return wg_arena_fmt(c->arena, "%.*s, %.*s", WG_PRI(xy->child->str),
                        WG_PRI(xy->child->next->str));
}

static struct wg_str marks_text(struct ctx *c, const struct wg_json *j)
{
    static const struct {
        const char *key, *text;
    } marks[] = {{"proxied", "代整改 "}, {"supervised", "督办 "}, {"disputed", "争议 "}};
    struct wg_buf b = WG_BUF_INIT;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (wg_json_bool(j, marks[i].key, false))
            wg_buf_fmt(&b, "%s", marks[i].text);
    if (wg_json_int(j, "rework", 0))
        wg_buf_fmt(&b, "返工%lld次 ", (long long)wg_json_int(j, "rework", 0));
    if (wg_json_int(j, "deferrals", 0))
        wg_buf_fmt(&b, "延期%lld次 ", (long long)wg_json_int(j, "deferrals", 0));
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

static void show_caller(struct ctx *c, const struct wg_json *caller)
{
    struct wg_str name = wg_json_str(caller, "name"), phone = wg_json_str(caller, "phone");
    if (name.n || phone.n)
        line("caller 来电人", wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(name), WG_PRI(phone)));
}

/* The name first: it is what one copies. */
static void show_photos(struct ctx *c, const struct wg_json *photos)
{
    for (const struct wg_json *e = photos ? photos->child : NULL; e; e = e->next) {
        int64_t far_m = wg_json_int(e, "far_m", 0);
        struct wg_str far =
            far_m ? wg_arena_fmt(c->arena, " 距案%lld米", (long long)far_m) : WG_S("");
        line("photo 照片",
             wg_arena_fmt(c->arena, "%.*s %.*s %.*s%s%.*s", WG_PRI(wg_json_str(e, "sha256")),
                          WG_PRI(wg_json_str(e, "stage")), WG_PRI(wg_json_str(e, "by")),
                          wg_json_bool(e, "late", false) ? " 迟拍" : "", WG_PRI(far)));
    }
}

static struct wg_str part_or_event(struct wg_str kind)
{
    return wg_str_is(kind, "part") ? WG_S("部件") : wg_str_is(kind, "event") ? WG_S("事件") : kind;
}

void print_case(struct ctx *c, const struct wg_json *j)
{
    struct wg_str condition = wg_json_str(j, "condition");
    line("id 编号", wg_json_str(j, "id"));
    line("number 案卷号", wg_json_str(j, "number"));
    line("state 状态", state_text(c, wg_json_str(j, "state")));
    line("lamp 灯", lamp_text(wg_json_str(j, "lamp")));
    line("class 类别",
         wg_arena_fmt(c->arena, "%.*s %.*s %.*s%s%.*s",
                      WG_PRI(part_or_event(wg_json_str(j, "kind"))),
                      WG_PRI(wg_json_str(j, "category")), WG_PRI(wg_json_str(j, "category_name")),
                      condition.n ? ", 立案条件 " : "", WG_PRI(condition)));
    line("due 时限",
         wg_json_str(j, "due").n ? short_time(c, wg_json_str(j, "due")) : (struct wg_str){NULL, 0});
    line("unit 责任单位", wg_json_str(j, "unit"));
    line("proposed 建议单位", wg_json_str(j, "proposed_unit"));
    line("words 描述", wg_json_str(j, "description"));
    line("address 地址", wg_json_str(j, "address"));
    line("place 位置", place_text(c, j));
    line("grid 网格", wg_json_str(j, "grid"));
    line("part 部件", wg_json_str(j, "part"));
    line("source 来源", wg_arena_fmt(c->arena, "%.*s, %.*s", WG_PRI(wg_json_str(j, "source")),
                                     WG_PRI(wg_json_str(j, "reporter"))));
    show_caller(c, wg_json_get(j, "caller"));
    show_photos(c, wg_json_get(j, "photos"));
    line("marks 标记", marks_text(c, j));
    line("opened 上报", short_time(c, wg_json_str(j, "opened")));
    if (wg_json_str(j, "filed").n)
        line("filed 立案", short_time(c, wg_json_str(j, "filed")));
    if (wg_json_str(j, "closed").n)
        line("closed 办结", short_time(c, wg_json_str(j, "closed")));
    line("version 版本", number_text(wg_json_get(j, "version")));
}

void print_cases(struct ctx *c, const struct wg_json *list)
{
    static const char *const heads[] = {"编号 id",  "状态 state", "灯",           "类别 class",
                                        "时限 due", "单位 unit",  "地址 address", NULL};
    struct table t = {.c = c, .heads = heads};
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next) {
        struct wg_str unit = wg_json_str(e, "unit");
        if (!unit.n && wg_json_str(e, "proposed_unit").n) /* nobody's yet: whose it may be */
            unit = wg_arena_fmt(c->arena, "(%.*s)", WG_PRI(wg_json_str(e, "proposed_unit")));
        const struct wg_str cells[] = {
            wg_json_str(e, "id"),
            state_text(c, wg_json_str(e, "state")),
            lamp_text(wg_json_str(e, "lamp")),
            clipped(wg_json_str(e, "category_name"), 20, c),
            short_time(c, wg_json_str(e, "due")),
            unit,
            clipped(wg_json_str(e, "address"), ADDRESS_WIDTH, c),
        };
        table_add(&t, cells);
    }
    table_print(&t);
}

void print_statement(struct ctx *c, const struct wg_json *j)
{
    static const char *const heads[] = {"从 from", "到 to", "计时 counted", "为何 why", NULL};
    struct table t = {.c = c, .heads = heads};
    struct wg_str limit = number_text(wg_json_get(j, "limit"));
    if (!wg_json_str(j, "due").n) {
        puts("no clock runs 未立案，不计时");
        return;
    }
    line("from 起", short_time(c, wg_json_str(j, "from")));
    line("limit 限",
         wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(limit), WG_PRI(wg_json_str(j, "unit"))));
    line("due 止", short_time(c, wg_json_str(j, "due")));
    if (wg_json_get(j, "lamp"))
        line("lamp 灯", lamp_text(wg_json_str(j, "lamp")));
    if (wg_json_int(j, "left_seconds", 0) > 0)
        line("left 剩余", span_text(c, wg_json_int(j, "left_seconds", 0)));
    if (wg_json_int(j, "late_seconds", 0) > 0)
        line("late 超时", span_text(c, wg_json_int(j, "late_seconds", 0)));
    if (wg_json_str(j, "lamp_changes").n)
        line("lamp changes 变灯", short_time(c, wg_json_str(j, "lamp_changes")));
    putchar('\n');
    const struct wg_json *spans = wg_json_get(j, "statement");
    for (const struct wg_json *e = spans ? spans->child : NULL; e; e = e->next) {
        const struct wg_str cells[] = {
            short_time(c, wg_json_str(e, "from")),
            short_time(c, wg_json_str(e, "to")),
            wg_json_bool(e, "counted", false) ? WG_S("是 yes") : WG_S("否 no"),
            wg_json_str(e, "why"),
        };
        table_add(&t, cells);
    }
    table_print(&t);
}
