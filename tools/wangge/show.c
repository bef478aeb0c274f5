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

/* defer 延期 of chief: days=3; the day and the money too, where there are such. */
static struct wg_str asked_text(struct ctx *c, const struct wg_json *asked)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str what = wg_json_str(asked, "what"), of = wg_json_str(asked, "of");
    if (!what.n)
        return what;
    wg_buf_fmt(&b, "%.*s %.*s", WG_PRI(what), WG_PRI(action_text(what)));
    if (of.n)
        wg_buf_fmt(&b, " → %.*s", WG_PRI(of));
    for (const struct wg_json *m = asked->child; m; m = m->next) {
        bool told = wg_str_is(m->key, "what") || wg_str_is(m->key, "of") ||
                    wg_str_is(m->key, "at") || wg_str_is(m->key, "to");
        if (!told && (m->type == WG_JSTR || m->type == WG_JINT))
            wg_buf_fmt(&b, ", %.*s=%.*s", WG_PRI(m->key), WG_PRI(m->str));
    }
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

void print_asked(struct ctx *c, const struct wg_json *j)
{
    struct wg_str asked = asked_text(c, wg_json_get(j, "asked"));
    if (asked.n)
        line("asked 待批", asked);
}

/* Only what there is: most cases go straight. */
static void show_bends(struct ctx *c, const struct wg_json *j)
{
    static const struct {
        const char *key, *name;
    } texts[] =
        {
            {"verified", "verified 核实"},
            {"blamed_unit", "blamed 责任方"},
            {"into", "into 并入/移往"},
            {"satisfied", "callback 回访"},
        },
      times[] =
          {
              {"stage_due", "stage 环节时限"},
              {"suspended_until", "until 挂账至"},
          },
      counts[] = {
          {"rework", "rework 返工"},       {"send_backs", "sent back 退回"},
          {"deferrals", "deferrals 延期"}, {"urges", "urged 催办"},
          {"level", "ladder 升级"},
      };
    struct wg_str order = wg_json_str(wg_json_get(j, "order"), "no");
    line("post 责任岗位", wg_json_str(j, "post"));
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (wg_json_str(j, times[i].key).n)
            line(times[i].name, short_time(c, wg_json_str(j, times[i].key)));
    print_asked(c, j);
    if (order.n)
        line("order 督办", wg_json_bool(j, "owes_reply", false)
                               ? wg_arena_fmt(c->arena, "%.*s (owes a reply 待回复)", WG_PRI(order))
                               : order);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (wg_json_str(j, texts[i].key).n)
            line(texts[i].name, wg_json_str(j, texts[i].key));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (wg_json_int(j, counts[i].key, 0))
            line(counts[i].name, number_text(wg_json_get(j, counts[i].key)));
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
    show_bends(c, j);
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
    if (wg_json_get(j, "used_seconds"))
        line("used 已用", span_text(c, wg_json_int(j, "used_seconds", 0)));
    if (wg_json_bool(j, "stopped", false))
        line("stopped 停表", WG_S("yes 是"));
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
