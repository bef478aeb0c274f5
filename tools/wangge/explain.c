/* explain 依据说明: each step of a case with what was decided and why, what stands behind it, and
 * the nearest that did not apply. */
#include "wangge.h"

static struct wg_str value_text(struct ctx *c, const struct wg_json *value)
{
    struct wg_buf b = WG_BUF_INIT;
    if (value && value->type == WG_JSTR)
        return value->str;
    if (value)
        wg_json_write(value, &b);
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

static struct wg_str place_of(struct ctx *c, const struct wg_json *j)
{
    struct wg_str file = wg_json_str(j, "file");
    return file.n ? wg_arena_fmt(c->arena, "%.*s:%lld", WG_PRI(file),
                                 (long long)wg_json_int(j, "line", 0))
                  : file;
}

/* A line below the table: what it is, and what it says. */
static void say(const char *what, struct wg_str text)
{
    if (!text.n)
        return;
    fputs("  ", stdout);
    put_padded(stdout, wg_str_of(what), 12);
    put_text(stdout, text);
    putchar('\n');
}

/* ---- what stands behind it ---- */

static struct wg_str limit_text(struct ctx *c, const struct wg_json *limit)
{
    enum wg_unit unit;
    const struct wg_json *n = limit ? limit->child : NULL;
    if (!n || !n->next || wg_unit_parse(n->next->str, &unit) < 0)
        return (struct wg_str){NULL, 0};
    return wg_arena_fmt(c->arena, "%.*s%s", WG_PRI(n->str), wg_unit_zh(unit));
}

static struct wg_str period_text(struct ctx *c, const struct wg_json *source)
{
    struct wg_str from = wg_json_str(source, "from"), to = wg_json_str(source, "to");
    if (!from.n && !to.n)
        return WG_S("");
    return wg_arena_fmt(c->arena, "，有效期%.*s至%.*s", WG_PRI(from.n ? from : WG_S("（未载）")),
                        WG_PRI(to.n ? to : WG_S("今")));
}

static void print_source(struct ctx *c, const struct wg_json *source)
{
    struct wg_str issuer = wg_json_str(source, "issuer"), number = wg_json_str(source, "number");
    if (!source || source->type != WG_JOBJ)
        return;
    const char *flag =
        wg_json_bool(source, "expired", false) ? "〔依据已失效：作出决定时即不在有效期内〕"
        : wg_json_bool(source, "expired_now", false) ? "〔依据已失效：现已不在有效期内〕"
                                                     : "";
    say("依据文件",
        wg_arena_fmt(c->arena, "%.*s《%.*s》%.*s%.*s%.*s%s", WG_PRI(issuer),
                     WG_PRI(wg_json_str(source, "title")), WG_PRI(number),
                     WG_PRI(wg_json_str(source, "article")), WG_PRI(period_text(c, source)), flag));
}

static void print_clause(struct ctx *c, const struct wg_json *clause)
{
    const struct wg_json *campaign = wg_json_get(clause, "campaign");
    if (!clause || clause->type != WG_JOBJ)
        return;
    bool city = wg_str_is(wg_json_str(clause, "standard"), "city");
    say("条款",
        wg_arena_fmt(c->arena, "立案条件%.*s「%.*s」限%.*s；结案：%.*s（%s%s）",
                     WG_PRI(wg_json_str(clause, "condition")), WG_PRI(wg_json_str(clause, "text")),
                     WG_PRI(limit_text(c, wg_json_get(clause, "limit"))),
                     WG_PRI(or_dash(wg_json_str(clause, "close"))), city ? "市级标准" : "县级补充",
                     wg_json_bool(clause, "assumed", false) ? "，推定" : ""));
    print_source(c, wg_json_get(clause, "source"));
    if (campaign)
        say("专项整治",
            wg_arena_fmt(c->arena, "%.*s：限%.*s", WG_PRI(wg_json_str(campaign, "name")),
                         WG_PRI(limit_text(c, wg_json_get(campaign, "limit")))));
}

static struct wg_str signer_text(struct ctx *c, const struct wg_json *pack, const char *as,
                                 const char *zh)
{
    const struct wg_json *j = wg_json_get(pack, as);
    struct wg_str user = wg_json_str(j, "user");
    if (!user.n)
        return WG_S("");
    return wg_arena_fmt(c->arena, "，%s%.*s %.*s", zh, WG_PRI(user),
                        WG_PRI(short_time(c, wg_json_str(j, "at"))));
}

static void print_pack(struct ctx *c, const struct wg_json *pack)
{
    struct wg_str hash = wg_json_str(pack, "hash"), released = wg_json_str(pack, "released");
    struct wg_str author = signer_text(c, pack, "author", "起草"),
                  approver = signer_text(c, pack, "approver", "批准");
    if (!hash.n)
        return;
    hash.n = hash.n > 15 ? 15 : hash.n;
    say("签发", wg_arena_fmt(c->arena, "规则包%.*s，%.*s生效%.*s%.*s%s", WG_PRI(hash),
                             WG_PRI(short_time(c, released)), WG_PRI(author), WG_PRI(approver),
                             author.n || approver.n ? "" : "（随安装，无签名）"));
    if (wg_json_bool(pack, "fenced", false))
        say("本级规则失败",
            wg_arena_fmt(c->arena, "%.*s；由市级规则包%.*s代为决定",
                         WG_PRI(wg_json_str(pack, "why")), WG_PRI(wg_json_str(pack, "answered"))));
}

/* ---- what did not apply ---- */

/* days=5，tier.days=3 */
static struct wg_str values_text(struct ctx *c, const struct wg_json *values)
{
    struct wg_buf b = WG_BUF_INIT;
    for (const struct wg_json *m = values ? values->child : NULL; m; m = m->next) {
        wg_buf_fmt(&b, "%s%.*s=", b.n ? "，" : "", WG_PRI(m->key));
        if (m->type == WG_JNULL)
            wg_buf_lit(&b, "无");
        else
            wg_buf_str_add(&b, value_text(c, m));
    }
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

static void print_line(struct ctx *c, const struct wg_json *j)
{
    struct wg_str values = values_text(c, wg_json_get(j, "values"));
    bool held = wg_json_bool(j, "held", false);
    say("未适用",
        wg_arena_fmt(c->arena, "%.*s %s「%.*s」%s%.*s%s；否则：%.*s", WG_PRI(place_of(c, j)),
                     held ? "因已满足" : "因不满足", WG_PRI(wg_json_str(j, "condition")),
                     values.n ? "（" : "", WG_PRI(values), values.n ? "）" : "",
                     WG_PRI(wg_json_str(j, "would"))));
}

static void print_row(struct ctx *c, const struct wg_json *j)
{
    say("未适用", wg_arena_fmt(c->arena, "立案条件%.*s「%.*s」限%.*s：%.*s",
                               WG_PRI(wg_json_str(j, "condition")), WG_PRI(wg_json_str(j, "text")),
                               WG_PRI(limit_text(c, wg_json_get(j, "limit"))),
                               WG_PRI(wg_json_str(j, "why"))));
}

static void print_fired(struct ctx *c, const struct wg_json *list)
{
    for (const struct wg_json *j = list ? list->child : NULL; j; j = j->next) {
        struct wg_str values = values_text(c, wg_json_get(j, "values")),
                      condition = wg_json_str(j, "condition");
        if (condition.n)
            say("适用", wg_arena_fmt(c->arena, "%.*s 因满足「%.*s」%s%.*s%s",
                                     WG_PRI(place_of(c, j)), WG_PRI(condition),
                                     values.n ? "（" : "", WG_PRI(values), values.n ? "）" : ""));
    }
}

/* A fact's answer; a moment as a local time. */
static struct wg_str answer_text(struct ctx *c, const struct wg_json *j)
{
    struct wg_buf b = WG_BUF_INIT;
    if (!j || j->type != WG_JINT || j->num < INT64_C(1000000000000))
        return clipped(value_text(c, j), 80, c);
    wg_buf_time(&b, j->num);
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return short_time(c, s);
}

static void print_facts(struct ctx *c, const struct wg_json *facts)
{
    for (const struct wg_json *f = facts ? facts->child : NULL; f; f = f->next)
        say("事实", wg_arena_fmt(c->arena, "%.*s %.*s → %.*s", WG_PRI(wg_json_str(f, "what")),
                                 WG_PRI(clipped(value_text(c, wg_json_get(f, "args")), 60, c)),
                                 WG_PRI(answer_text(c, wg_json_get(f, "answer")))));
}

/* Of one entry: what its first item says for all of them. */
static void print_entry(struct ctx *c, const struct wg_json *first, const struct wg_json *clause)
{
    const struct wg_json *list = wg_json_get(first, "not");
    print_clause(c, clause);
    print_fired(c, wg_json_get(first, "fired"));
    for (const struct wg_json *j = list ? list->child : NULL; j; j = j->next)
        if (wg_json_get(j, "file"))
            print_line(c, j);
        else
            print_row(c, j);
    print_facts(c, wg_json_get(first, "facts"));
    print_pack(c, wg_json_get(first, "pack"));
    if (!wg_json_bool(first, "again", true))
        say("复核", WG_S("按记录重算，结果与当时不一致或无法重算，未适用的条件仅供参考"));
    putchar('\n');
}

int run_explain(struct ctx *c)
{
    static const char *const heads[] = {"步骤 action",  "决定 decision", "值 value",
                                        "依据 because", "出处 where",    NULL};
    const struct wg_json *j;
    int rc = get(c, area_path(c, "cases/%s/explain", encoded(c, c->args[0])), &j);
    if (!j)
        return rc;
    for (const struct wg_json *e = j->child; e;) {
        const struct wg_json *first = e, *clause = NULL;
        struct table t = {.c = c, .heads = heads};
        int64_t seq = wg_json_int(e, "seq", 0);
        for (; e && wg_json_int(e, "seq", 0) == seq; e = e->next) {
            const struct wg_json *list = wg_json_get(e, "because"),
                                 *why = list ? list->child : NULL, *own = wg_json_get(e, "clause");
            const struct wg_str cells[] = {
                action_text(wg_json_str(e, "action")),
                wg_json_str(e, "decision"),
                clipped(value_text(c, wg_json_get(e, "value")), 40, c),
                wg_json_str(why, "text"),
                place_of(c, why),
            };
            clause = !clause && own && own->type == WG_JOBJ ? own : clause;
            table_add(&t, cells);
        }
        table_print(&t);
        print_entry(c, first, clause);
    }
    return DONE;
}
