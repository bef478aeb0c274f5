/* 刚性守护: is a county's pack nowhere looser than its city's, and how do the two stand side by
 * side. */
#include "wangge.h"

/* The list in --exemptions, or NULL. DONE, or told. */
static int read_exemptions(struct ctx *c, const struct wg_json **out)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *tree = NULL;
    struct wg_err err = {0};
    const char *file = opt(c, RULES_EXEMPTIONS);
    *out = NULL;
    if (!file)
        return DONE;
    int rc = wg_file_read(file, 1 << 20, &text, &err);
    if (rc == WG_OK)
        rc = wg_json_parse(c->arena, wg_buf_str(&text), &tree, &err);
    wg_buf_free(&text);
    *out = tree;
    return rc < 0 ? failed(REFUSED, "%s: %s", file, err.text) : DONE;
}

static void guard_opts(const struct bench *b, struct wg_guard_opts *o)
{
    struct wg_str calendar = wg_arena_str(b->c->arena, wg_buf_str(&b->calendar));
    o->calendar = calendar.p;
    o->now_ms = wg_now_ms();
}

int say_guard(struct ctx *c)
{
    struct bench b;
    struct wg_err err = {0};
    struct wg_guard_opts o = {NULL, NULL, 0};
    struct wg_findings f = {.items = WG_BUF_INIT};
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE && (rc = read_exemptions(c, &o.exemptions)) == DONE) {
        guard_opts(&b, &o);
        rc = wg_guard(b.city_rules, b.rules, &o, &f, &err) < 0 ? failed(REFUSED, "%s", err.text)
                                                               : print_findings(c, &f);
    }
    wg_findings_free(&f);
    bench_close(&b);
    return rc;
}

static const char *kind_text(struct wg_str kind)
{
    static const char *const words[][2] = {{"part", "部件"},
                                           {"event", "事件"},
                                           {"hours", ""},
                                           {"stages", "环节"},
                                           {"urgent_stages", "紧急环节"},
                                           {"tables", "表"},
                                           {"flow", "流程"},
                                           {"campaign", "专项整治"},
                                           {"on", "函数"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (wg_str_is(kind, words[i][0]))
            return words[i][1];
    return "";
}

static struct wg_str both(struct ctx *c, const struct wg_json *m)
{
    struct wg_str code = wg_json_str(m, "code"), name = wg_json_str(m, "name"),
                  condition = wg_json_str(m, "condition");
    if (wg_str_eq(name, code))
        name.n = 0;
    return wg_arena_fmt(c->arena, "%s%.*s%s%.*s%s%.*s", kind_text(wg_json_str(m, "kind")),
                        WG_PRI(code), code.n && name.n ? " " : "", WG_PRI(name),
                        condition.n ? "：" : "", WG_PRI(condition));
}

/* The table 城标 / 县补充 / 依据; long texts are cut, --json has them whole. */
static void print_diff(struct ctx *c, const struct wg_json *rows)
{
    static const char *const heads[] = {"项目", "城标", "县补充", "变化", "依据", NULL};
    struct table t = {c, heads, NULL, NULL};
    for (const struct wg_json *m = rows->child; m; m = m->next) {
        struct wg_str basis = wg_json_str(m, "basis"), since = wg_json_str(m, "since");
        if (since.n)
            basis = wg_arena_fmt(c->arena, "%.*s 自%.*s", WG_PRI(basis), WG_PRI(since));
        struct wg_str cells[] = {clipped(both(c, m), 44, c), clipped(wg_json_str(m, "city"), 44, c),
                                 clipped(wg_json_str(m, "county"), 44, c), wg_json_str(m, "change"),
                                 or_dash(basis)};
        table_add(&t, cells);
    }
    table_print(&t);
}

int say_diff(struct ctx *c)
{
    struct bench b;
    struct wg_err err = {0};
    struct wg_guard_opts o = {NULL, NULL, 0};
    struct wg_buf out = WG_BUF_INIT;
    struct wg_json *rows;
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE) {
        guard_opts(&b, &o);
        if (wg_guard_diff(b.city_rules, b.rules, &o, false, &out, &err) < 0 ||
            wg_json_parse(c->arena, wg_buf_str(&out), &rows, &err) < 0)
            rc = failed(REFUSED, "%s", err.text);
        else if (c->raw)
            printf("%.*s\n", (int)out.n, out.p);
        else
            print_diff(c, rows);
    }
    wg_buf_free(&out);
    bench_close(&b);
    return rc;
}
