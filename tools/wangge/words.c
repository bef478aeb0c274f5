/* Values of the interface as a person reads them. */
#include "wangge.h"

struct pair {
    const char *name, *zh;
};

static const struct pair states[] = {
    {"reported", "已上报"},  {"verifying", "核实中"},   {"accepted", "已受理"},
    {"filed", "已立案"},     {"dispatched", "已派遣"},  {"disposing", "处置中"},
    {"disposed", "已处置"},  {"checking", "核查中"},    {"checked", "已核查"},
    {"closed", "已结案"},    {"returned", "已退回"},    {"disputed", "有争议"},
    {"suspended", "已挂账"}, {"rejected", "不予受理"},  {"voided", "已作废"},
    {"merged", "已合并"},    {"handed_over", "已移交"}, {NULL, NULL},
};
static const struct pair lamps[] = {
    {"green", "绿"}, {"yellow", "黄"}, {"red", "红"}, {"grey", "灰"}, {"blue", "蓝"}, {NULL, NULL},
};
static const struct pair actions[] = {
    {"report", "上报"},
    {"ask_verify", "核实"},
    {"verify", "核实反馈"},
    {"accept", "受理"},
    {"reject", "不予受理"},
    {"file", "立案"},
    {"refuse", "不予立案"},
    {"dispatch", "派遣"},
    {"acknowledge", "签收"},
    {"send_back", "退回"},
    {"dispute", "争议"},
    {"decide", "裁定"},
    {"defer", "延期"},
    {"grant", "同意"},
    {"deny", "不同意"},
    {"suspend", "挂账"},
    {"resume", "恢复"},
    {"proxy", "代整改"},
    {"dispose", "处置反馈"},
    {"ask_check", "核查"},
    {"check", "核查反馈"},
    {"close", "结案"},
    {"supervise", "督办"},
    {"urge", "催办"},
    {"void", "作废"},
    {"merge", "合并"},
    {"withdraw", "撤回"},
    {"transfer", "转办"},
    {"callback", "回访"},
    {"appeal", "申诉"},
    {"handover", "移交"},
    {"refuse_send_back", "退回不准"},
    {"split", "拆分"},
    {"countersign", "会签"},
    {"add_evidence", "附加证据"},
    {"correct", "更正"},
    {"reply", "督办回复"},
    {"uphold", "申诉成立"},
    {"dismiss", "申诉驳回"},
    {"receive", "接收"},
    {"time", "时钟"},
    {"adopt", "移入"},
    {NULL, NULL},
};

static const char *find(const struct pair *pairs, struct wg_str name)
{
    for (; pairs->name; pairs++)
        if (wg_str_is(name, pairs->name))
            return pairs->zh;
    return NULL;
}

struct wg_str state_text(struct ctx *c, struct wg_str state)
{
    const char *zh = find(states, state);
    return zh ? wg_arena_fmt(c->arena, "%s %.*s", zh, WG_PRI(state)) : state;
}

struct wg_str lamp_text(struct wg_str lamp)
{
    const char *zh = find(lamps, lamp);
    return zh ? wg_str_of(zh) : lamp;
}

struct wg_str action_text(struct wg_str action)
{
    const char *zh = find(actions, action);
    return zh ? wg_str_of(zh) : action;
}

struct wg_str or_dash(struct wg_str s)
{
    return s.n ? s : WG_S("-");
}

/* The server writes all times at +08:00, which is what people here read; the time alone will do. */
struct wg_str short_time(struct ctx *c, struct wg_str t)
{
    return t.n < 16 ? WG_S("-") : wg_arena_fmt(c->arena, "%.10s %.5s", t.p, t.p + 11);
}

struct wg_str span_text(struct ctx *c, int64_t seconds)
{
    if (seconds < 60)
        return wg_arena_fmt(c->arena, "%llds", (long long)seconds);
    if (seconds < 3600)
        return wg_arena_fmt(c->arena, "%lldm%02llds", (long long)(seconds / 60),
                            (long long)(seconds % 60));
    return wg_arena_fmt(c->arena, "%lldh%02lldm", (long long)(seconds / 3600),
                        (long long)(seconds / 60 % 60));
}

struct wg_str joined(struct ctx *c, const struct wg_json *list, const char *between)
{
    struct wg_buf b = WG_BUF_INIT;
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next)
        wg_buf_fmt(&b, "%s%.*s", b.n ? between : "", WG_PRI(e->str));
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

struct wg_str number_text(const struct wg_json *j)
{
    return j && (j->type == WG_JINT || j->type == WG_JREAL) ? j->str : WG_S("-");
}
