/* A back-test as JSON, as CSV, and as one page that needs nothing else. */
#include "workshop/backtest.h"

#include <stdio.h>

/* What the figures can't say, in words; each with how often. */
static const char *const caveat_zh[] = {
    "新规则不许的步骤：当时的人会怎么办，无从知道；此后按原记录续算",
    "规则问了当时没有记下的事：无从回答，按原记录续算",
    "计时时刻改变：原时刻的到期、升级提醒不再比较",
    "新规则出错：按原记录续算",
};

static uint64_t caveat(const struct wg_backtest *b, size_t i)
{
    const uint64_t counts[] = {b->refused, b->unknown, b->moved, b->failed};
    return counts[i];
}
#define CAVEATS 4

static void write_units(const struct wg_backtest *b, struct wg_buf *out)
{
    wg_json_key(out, "units");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < b->units; i++) {
        const struct unit_tally *u = &b->unit[i];
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "unit", wg_str_of(u->id));
        wg_json_kint(out, "closed", (int64_t)u->closed);
        wg_json_kint(out, "late_was", (int64_t)u->late_was);
        wg_json_kint(out, "late_is", (int64_t)u->late_is);
        wg_json_kint(out, "rank_was", u->rank_was);
        wg_json_kint(out, "rank_is", u->rank_is);
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
}

static void write_pairs(const struct wg_backtest *b, struct wg_buf *out)
{
    size_t shown = 0;
    wg_json_key(out, "flips");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < b->slots && shown < SHOWN_MAX; i++) {
        const struct pair *p = &b->slot[i];
        struct wg_case was, is;
        char id[24];
        if (!p->differs || (!p->flip_late && !p->flip_on_time) ||
            wg_case_decode(wg_buf_str(&p->was), &was) < 0 ||
            wg_case_decode(wg_buf_str(&p->is), &is) < 0)
            continue;
        shown++;
        wg_case_id_text(p->id, id);
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "case", wg_str_of(id));
        wg_json_kstr(out, "now", p->flip_late ? WG_S("overdue") : WG_S("on_time"));
        wg_json_kstr(out, "unit", was.unit);
        wg_json_ktime(out, "due_was", was.due);
        wg_json_ktime(out, "due_is", is.due);
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
}

void wg_backtest_sum(const struct wg_backtest *b, struct wg_buf *out)
{
    wg_buf_char(out, '{');
    wg_json_kstr(out, "rules", wg_str_of(b->rev));
    wg_json_ktime(out, "from", b->from_ms);
    wg_json_ktime(out, "to", b->to_ms);
    wg_json_kint(out, "took_ms", b->took_ms);
    wg_json_kint(out, "decisions", (int64_t)b->decisions);
    wg_json_kint(out, "same", (int64_t)b->same);
    wg_json_kint(out, "differ", (int64_t)b->differ);
    wg_json_kint(out, "cases", (int64_t)b->cases);
    wg_json_kint(out, "changed_cases", (int64_t)b->changed);
    wg_json_kint(out, "to_overdue", (int64_t)b->to_late);
    wg_json_kint(out, "to_on_time", (int64_t)b->to_on_time);
    wg_json_key(out, "by_kind");
    wg_buf_char(out, '{');
    for (int k = 0; k < DIFFS; k++)
        wg_json_kint(out, diff_names[k], (int64_t)b->by_kind[k]);
    wg_buf_char(out, '}');
    wg_json_key(out, "not_known");
    wg_buf_char(out, '{');
    wg_json_kint(out, "refused", (int64_t)b->refused);
    wg_json_kint(out, "unknown_facts", (int64_t)b->unknown);
    wg_json_kint(out, "moved_moments", (int64_t)b->moved);
    wg_json_kint(out, "failed", (int64_t)b->failed);
    wg_json_kstr(out, "first_failure", wg_str_of(b->first_failure));
    wg_buf_char(out, '}');
    wg_buf_char(out, '}');
}

void wg_backtest_json(const struct wg_backtest *b, struct wg_buf *out)
{
    wg_backtest_sum(b, out);
    wg_json_reopen(out);
    wg_json_key(out, "caveats");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < CAVEATS; i++) {
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kint(out, "count", (int64_t)caveat(b, i));
        wg_json_kstr(out, "text", wg_str_of(caveat_zh[i]));
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
    write_units(b, out);
    write_pairs(b, out);
    wg_json_key(out, "differences");
    wg_buf_char(out, '[');
    wg_buf_str_add(out, wg_buf_str(&b->shown));
    wg_buf_char(out, ']');
    wg_json_kint(out, "differences_in_all", (int64_t)b->shown_count);
    wg_buf_char(out, '}');
}

void wg_backtest_csv(const struct wg_backtest *b, struct wg_buf *out)
{
    wg_buf_str_add(out, wg_buf_str(&b->csv));
}

/* ---- the page ---- */

static void cell(struct wg_buf *b, struct wg_str s)
{
    wg_buf_lit(b, "<td>");
    wg_buf_xml(b, s);
    wg_buf_lit(b, "</td>");
}

static void html_head(const struct wg_backtest *b, const char *area, struct wg_buf *out)
{
    wg_buf_lit(out,
               "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>回测报告</title>"
               "<style>body{font:16px/1.6 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
               "table{border-collapse:collapse;margin:1em 0;width:100%}td,th{border:1px solid "
               "#999;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#eee}"
               ".box{border:2px solid #a60;background:#fff6e6;padding:.5em 1em}"
               "@media print{body{margin:0;max-width:none}}</style><h1>回测报告 ");
    wg_buf_xml(out, wg_str_of(area));
    wg_buf_lit(out, "</h1><p>规则 <code>");
    wg_buf_xml(out, wg_str_of(b->rev));
    wg_buf_lit(out, "</code>，期间 ");
    wg_buf_time(out, b->from_ms);
    wg_buf_lit(out, " 至 ");
    wg_buf_time(out, b->to_ms);
    wg_buf_fmt(
        out,
        "</p><h2>总括</h2><table><tr><th>决定</th><th>相同</th><th>不同</th><th>案卷</th><th>"
        "受影响案卷</th><th>转为超期</th><th>转为按期</th></tr><tr><td>%llu</td><td>%llu</td>"
        "<td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td></tr></table>",
        (unsigned long long)b->decisions, (unsigned long long)b->same,
        (unsigned long long)b->differ, (unsigned long long)b->cases, (unsigned long long)b->changed,
        (unsigned long long)b->to_late, (unsigned long long)b->to_on_time);
    wg_buf_lit(out, "<table><tr>");
    for (int k = 0; k < DIFFS; k++)
        wg_buf_fmt(out, "<th>%s</th>", diff_zh[k]);
    wg_buf_lit(out, "</tr><tr>");
    for (int k = 0; k < DIFFS; k++)
        wg_buf_fmt(out, "<td>%llu</td>", (unsigned long long)b->by_kind[k]);
    wg_buf_lit(out, "</tr></table><div class=\"box\"><h2>无从知道的</h2><ul>");
    for (size_t i = 0; i < CAVEATS; i++)
        wg_buf_fmt(out, "<li>%llu 次：%s</li>", (unsigned long long)caveat(b, i), caveat_zh[i]);
    wg_buf_lit(out, "</ul></div>");
}

static void html_units(const struct wg_backtest *b, struct wg_buf *out)
{
    wg_buf_lit(out,
               "<h2>责任单位</h2><table><tr><th>单位</th><th>结案</th><th>超期 原</th><th>超期 "
               "新</th><th>名次 原</th><th>名次 新</th></tr>");
    for (size_t i = 0; i < b->units; i++) {
        const struct unit_tally *u = &b->unit[i];
        wg_buf_lit(out, "<tr>");
        cell(out, wg_str_of(u->id));
        wg_buf_fmt(out, "<td>%llu</td><td>%llu</td><td>%llu</td><td>%u</td><td>%u%s</td></tr>",
                   (unsigned long long)u->closed, (unsigned long long)u->late_was,
                   (unsigned long long)u->late_is, u->rank_was, u->rank_is,
                   u->rank_is < u->rank_was   ? " ↑"
                   : u->rank_is > u->rank_was ? " ↓"
                                              : "");
    }
    wg_buf_lit(out, "</table>");
}

static void html_rows(const struct wg_backtest *b, struct wg_arena *a, struct wg_buf *out)
{
    static const char *const columns[] = {"case", "at", "action", "field", "was", "is"};
    struct wg_json *list = NULL;
    struct wg_buf text = WG_BUF_INIT;
    wg_buf_char(&text, '[');
    wg_buf_str_add(&text, wg_buf_str(&b->shown));
    wg_buf_char(&text, ']');
    struct wg_str kept = wg_arena_str(a, wg_buf_str(&text));
    wg_buf_free(&text);
    wg_buf_fmt(
        out,
        "<h2>逐案</h2><p>共 %zu 处，列前 %d 处；全部在 CSV 里。</p><table><tr><th>案卷</th><th>"
        "时刻</th><th>步骤</th><th>字段</th><th>原</th><th>新</th></tr>",
        b->shown_count, SHOWN_MAX);
    if (kept.p && wg_json_parse(a, kept, &list, NULL) == WG_OK)
        for (const struct wg_json *m = list->child; m; m = m->next) {
            wg_buf_lit(out, "<tr>");
            for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
                cell(out, wg_json_str(m, columns[i]));
            wg_buf_lit(out, "</tr>");
        }
    wg_buf_lit(out, "</table></html>\n");
}

void wg_backtest_html(const struct wg_backtest *b, const char *area, struct wg_buf *out)
{
    struct wg_arena *a = wg_arena_new(0);
    html_head(b, area, out);
    html_units(b, out);
    if (a)
        html_rows(b, a, out);
    wg_arena_free(a);
}
