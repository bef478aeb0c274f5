/* Cases: one, many, their story, a step. */
#include "wangge.h"

enum { DO_KEY, DO_MATCH };

int run_cases(struct ctx *c)
{
    const struct wg_json *j;
    const char *query = query_of(c, 0);
    if (!query)
        return MISUSED;
    int rc = get(c, area_path(c, "cases%s", query), &j);
    if (!j)
        return rc;
    print_cases(c, wg_json_get(j, "cases"));
    if (wg_json_str(j, "next").n)
        printf("\nmore 更多: cursor=%.*s\n", WG_PRI(wg_json_str(j, "next")));
    return DONE;
}

int run_tasks(struct ctx *c)
{
    const struct wg_json *j;
    const char *query = query_of(c, 0);
    if (!query)
        return MISUSED;
    int rc = get(c, area_path(c, "tasks%s", query), &j);
    if (!j)
        return rc;
    const struct wg_json *counts = wg_json_get(j, "counts");
    for (const struct wg_json *m = counts ? counts->child : NULL; m; m = m->next)
        printf("%s%.*s %lld", m == counts->child ? "" : " · ",
               WG_PRI(wg_str_is(m->key, "asked") ? WG_S("待批 asked") : state_text(c, m->key)),
               (long long)m->num);
    if (counts && counts->child)
        printf("\n\n");
    print_cases(c, wg_json_get(j, "tasks"));
    const struct wg_json *offers = wg_json_get(j, "offers");
    for (const struct wg_json *o = offers ? offers->child : NULL; o; o = o->next)
        printf("%s%.*s from %.*s: %.*s %.*s\n", o == offers->child ? "\noffered 待接收:\n" : "",
               WG_PRI(wg_json_str(o, "id")), WG_PRI(wg_json_str(o, "from")),
               WG_PRI(wg_json_str(o, "category_name")), WG_PRI(wg_json_str(o, "address")));
    if (wg_json_str(j, "next").n)
        printf("\nmore 更多: cursor=%.*s\n", WG_PRI(wg_json_str(j, "next")));
    return DONE;
}

int run_case(struct ctx *c)
{
    const struct wg_json *j;
    int rc = get(c, area_path(c, "cases/%s", encoded(c, c->args[0])), &j);
    if (j)
        print_case(c, j);
    return rc;
}

/* ---- history ---- */

/* What was said with a step: every field of its body that is a text or a number. */
static struct wg_str said(struct ctx *c, const struct wg_json *body)
{
    struct wg_buf b = WG_BUF_INIT;
    for (const struct wg_json *m = body ? body->child : NULL; m; m = m->next) {
        bool known = wg_str_is(m->key, "kind") || wg_str_is(m->key, "category") ||
                     wg_str_is(m->key, "source");
        if (known || (m->type != WG_JSTR && m->type != WG_JINT))
            continue;
        wg_buf_fmt(&b, "%s%.*s=%.*s", b.n ? "; " : "", WG_PRI(m->key), WG_PRI(m->str));
    }
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

int run_history(struct ctx *c)
{
    static const char *const heads[] = {"时间 ended", "步骤 action", "何人 by",
                                        "岗位 role",  "状态 state",  "用时 took",
                                        "",           "内容 said",   NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    int rc = get(c, area_path(c, "cases/%s/history", encoded(c, c->args[0])), &j);
    if (!j)
        return rc;
    for (const struct wg_json *e = j->child; e; e = e->next) {
        struct wg_str unit = wg_json_str(e, "unit"), role = wg_json_str(e, "role");
        const struct wg_str cells[] = {
            short_time(c, wg_json_str(e, "ended")),
            action_text(wg_json_str(e, "action")),
            wg_json_str(e, "by"),
            unit.n ? wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(role), WG_PRI(unit)) : role,
            state_text(c, wg_json_str(e, "to")),
            span_text(c, wg_json_int(e, "seconds", 0)),
            wg_json_bool(e, "late", false) ? WG_S("超时 late") : WG_S(" "),
            said(c, wg_json_get(e, "body")),
        };
        table_add(&t, cells);
    }
    table_print(&t);
    return DONE;
}

/* ---- a step ---- */

int run_do(struct ctx *c)
{
    struct wg_buf body = WG_BUF_INIT;
    const struct wg_json *j;
    int64_t version;
    const char *match = opt(c, DO_MATCH);
    if (match && wg_str_int(wg_str_of(match), &version) < 0)
        return misused(c, "--if-match must be a version, a whole number");
    int rc = session_need(c);
    if (rc == DONE)
        rc = body_of(c, 2, &body);
    if (rc == DONE) {
        const struct request r = {
            .method = "POST",
            .target = area_path(c, "cases/%s/%s", encoded(c, c->args[0]), encoded(c, c->args[1])),
            .type = "application/json",
            .body = wg_buf_str(&body),
            .key = opt(c, DO_KEY),
            .if_match = match,
            .again = true};
        rc = ask_server(c, &r);
    }
    if (rc == DONE)
        rc = answer_tree(c, &j);
    if (rc == DONE && j) {
        line("id 编号", wg_json_str(j, "id"));
        line("number 案卷号", wg_json_str(j, "number"));
        line("state 状态", state_text(c, wg_json_str(j, "state")));
        line("unit 责任单位", wg_json_str(j, "unit"));
        line("due 时限", wg_json_str(j, "due").n ? short_time(c, wg_json_str(j, "due"))
                                                 : wg_json_str(j, "due"));
        print_asked(c, j);
        line("version 版本", number_text(wg_json_get(j, "version")));
    }
    wg_buf_free(&body);
    return rc;
}
