/* 依据说明: every decision of a case with its reasons: what was known, the row or the line, the
 * document behind it, who signed the rules, and the nearest that did not apply. All of it is made
 * when somebody asks; nothing was added to the decision. */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>

/* The rules that decided the entry at hand; kept from entry to entry. */
struct why {
    struct wg_str rev;
    struct wg_pack *pack, *base; /* NULL: they are not known here */
};

/* Of one entry. */
struct telling {
    struct story *s;
    const struct wg_entry *e;
    const struct wg_case *was, *now;
    const struct wg_step *step; /* the flow's row; NULL: it is no step of the flow */
    const struct wg_json *failed;
    const struct wg_class *class_;
    const struct wg_condition *row;
    bool known, chosen; /* there was such a case; this entry chose the row */
    bool first;
};

/* ---- rules ---- */

static const struct why *rules_of(struct story *s, struct wg_str rev)
{
    struct wg_err err = {0};
    if (!s->why && !(s->why = WG_NEW(s->arena, struct why)))
        return NULL;
    if (s->why->pack && wg_str_eq(s->why->rev, rev))
        return s->why;
    wg_pack_drop(s->why->pack);
    wg_pack_drop(s->why->base);
    s->why->rev = rev;
    wg_desk_packs(s->county->desk, rev, &s->why->pack, &s->why->base, &err);
    return s->why;
}

static void end_reasons(struct story *s)
{
    if (!s->why)
        return;
    wg_pack_drop(s->why->pack);
    wg_pack_drop(s->why->base);
}

struct finding {
    struct wg_arena *a;
    struct wg_str rev;
    int64_t by_ms;
    const struct wg_json *found;
};

/* In order of their numbers: the last one by then stays. */
static int find_release(void *arg, struct wg_str name, struct wg_str json)
{
    struct finding *f = arg;
    struct wg_json *j;
    (void)name;
    if (wg_json_parse(f->a, json, &j, NULL) == WG_OK && wg_str_eq(wg_json_str(j, "rev"), f->rev) &&
        (!f->found || wg_json_int(j, "at", 0) <= f->by_ms))
        f->found = j;
    return WG_OK;
}

static void write_signer(const struct wg_json *record, const char *as, struct wg_buf *b)
{
    const struct wg_json *j = wg_json_get(record, as);
    wg_json_key(b, as);
    if (!j || j->type != WG_JOBJ) {
        wg_buf_lit(b, "null");
        return;
    }
    wg_buf_char(b, '{');
    wg_json_kstr(b, "user", wg_json_str(j, "user"));
    wg_json_ktime(b, "at", wg_json_int(j, "at", 0));
    wg_buf_char(b, '}');
}

static void write_pack(struct telling *t, struct wg_buf *b)
{
    struct wg_views *v = wg_desk_views(t->s->county->desk);
    struct finding f = {t->s->arena, t->e->rev, t->e->t, NULL};
    struct wg_txn *txn;
    if (t->e->rev.n && wg_txn_begin(wg_views_env(v), false, &txn, NULL) == WG_OK) {
        wg_view_records(v, txn, "releases", find_release, &f);
        wg_txn_abort(txn);
    }
    wg_json_key(b, "pack");
    wg_buf_char(b, '{');
    wg_json_kstr(b, "hash", t->e->rev);
    write_signer(f.found, "author", b);
    write_signer(f.found, "approver", b);
    wg_json_ktime(b, "released", wg_json_int(f.found, "at", 0));
    if (t->failed) {
        wg_json_kbool(b, "fenced", true);
        wg_json_kstr(b, "answered", wg_json_str(t->failed, "pack"));
        wg_json_kstr(b, "why", wg_json_str(t->failed, "said"));
    }
    wg_buf_char(b, '}');
}

/* ---- the clause ---- */

static void write_limit(struct wg_limit limit, struct wg_buf *b)
{
    wg_json_key(b, "limit");
    wg_buf_char(b, '[');
    wg_buf_fixed(b, limit.n_milli, 3);
    wg_buf_fmt(b, ",\"%s\"]", wg_unit_name(limit.unit));
}

static void write_day(struct wg_buf *b, const char *key, int64_t ms)
{
    if (ms == INT64_MIN || ms == INT64_MAX) {
        wg_json_key(b, key);
        wg_buf_lit(b, "null");
        return;
    }
    struct wg_date d = wg_date_of(wg_local_day(ms, NULL));
    wg_json_key(b, key);
    wg_buf_fmt(b, "\"%04d-%02d-%02d\"", d.year % 10000, d.month % 100, d.day % 100);
}

static void write_source(const struct wg_pack *p, const struct wg_condition *row, int64_t t,
                         struct wg_buf *b)
{
    const struct wg_legal *l = row->source.n ? wg_pack_legal(p, row->source) : NULL;
    wg_json_key(b, "source");
    if (!row->source.n) {
        wg_buf_lit(b, "null");
        return;
    }
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", row->source);
    wg_json_kstr(b, "issuer", l ? l->issuer : (struct wg_str){NULL, 0});
    wg_json_kstr(b, "number", l && l->number.n ? l->number : (struct wg_str){NULL, 0});
    wg_json_kstr(b, "title", l ? l->title : row->source);
    wg_json_kstr(b, "article", row->article.n ? row->article : (struct wg_str){NULL, 0});
    write_day(b, "from", l ? l->from_ms : INT64_MIN);
    /* `to` is the last day: what is kept is the moment after it. */
    write_day(b, "to", l && l->to_ms != INT64_MAX ? l->to_ms - 1 : INT64_MAX);
    wg_json_kbool(b, "expired", wg_legal_expired(l, t));
    wg_json_kbool(b, "expired_now", wg_legal_expired(l, wg_now_ms()));
    wg_buf_char(b, '}');
}

static void write_campaign(const struct telling *t, const struct wg_pack *p, struct wg_buf *b)
{
    struct wg_str id = {NULL, 0};
    for (const struct wg_json *o = t->e->out->child; o; o = o->next)
        if (wg_json_str(o, "campaign").n)
            id = wg_json_str(o, "campaign");
    for (size_t i = 0; id.n && i < p->campaigns; i++) {
        if (!wg_str_eq(p->campaign[i].id, id))
            continue;
        wg_json_key(b, "campaign");
        wg_buf_char(b, '{');
        wg_json_kstr(b, "id", id);
        wg_json_kstr(b, "name", p->campaign[i].name);
        write_limit(t->now->limit, b);
        wg_buf_char(b, '}');
    }
}

static bool from_row(const struct telling *t, struct wg_str member)
{
    static const char *const always[] = {"condition", "limit",        "campaign",
                                         "segment",   "segment_name", "part_due"};
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (wg_str_is(member, always[i]))
            return true;
    return t->chosen && (wg_str_is(member, "due") || wg_str_is(member, "warn") ||
                         wg_str_is(member, "clock_from"));
}

static void write_clause(const struct telling *t, struct wg_str member, struct wg_buf *b)
{
    const struct why *w = t->s->why;
    wg_json_key(b, "clause");
    if (!t->row || !from_row(t, member)) {
        wg_buf_lit(b, "null");
        return;
    }
    bool known = w->base && wg_pack_row_known(w->base, t->now->kind, t->now->category, t->row);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "condition", t->row->id);
    wg_json_kstr(b, "text", t->row->text);
    write_limit(t->row->limit, b);
    wg_json_kstr(b, "close", t->row->close);
    wg_json_kstr(b, "standard", known ? WG_S("city") : WG_S("county"));
    wg_json_kbool(b, "assumed", t->row->assumed);
    write_source(w->pack, t->row, t->e->t, b);
    write_campaign(t, w->pack, b);
    wg_buf_char(b, '}');
}

/* ---- the nearest that did not apply ---- */

static const char *role_zh(struct wg_str role)
{
    static const char *const names[][2] = {
        {"collector", "采集员"},   {"acceptor", "受理员"},     {"chief", "值班长"},
        {"dispatcher", "派遣员"},  {"unit", "责任单位"},       {"leader", "领导"},
        {"coordinator", "协调员"}, {"supervisor", "监督人员"}, {"system", "系统"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wg_str_is(role, names[i][0]))
            return names[i][1];
    return "经办人";
}

static void other_row(const struct telling *t, const struct wg_condition *c, struct wg_buf *b)
{
    struct wg_str why =
        wg_arena_fmt(t->s->arena, "%s选定了条件%.*s", role_zh(t->e->as), WG_PRI(t->row->id));
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "condition", c->id);
    wg_json_kstr(b, "text", c->text);
    write_limit(c->limit, b);
    wg_json_kstr(b, "why", why);
    wg_buf_char(b, '}');
}

/* Those beside the chosen one first. */
static void other_rows(const struct telling *t, struct wg_buf *b)
{
    const struct wg_class *k = t->class_;
    size_t at = t->chosen && t->row && k ? (size_t)(t->row - k->condition) : SIZE_MAX;
    if (!k || at >= k->conditions)
        return;
    for (size_t far = 1; far < k->conditions; far++) {
        if (at >= far)
            other_row(t, &k->condition[at - far], b);
        if (at + far < k->conditions)
            other_row(t, &k->condition[at + far], b);
    }
}

static void copy_member(const struct wg_json *from, const char *key, struct wg_buf *b)
{
    const struct wg_json *j = wg_json_get(from, key);
    if (!j)
        return;
    wg_json_key(b, key);
    wg_json_write(j, b);
}

static void write_not(const struct telling *t, struct wg_buf *b)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *j = NULL;
    struct wg_err err = {0};
    bool own = t->e->of == t->s->id;
    int rc = own ? wg_desk_explain(t->s->county->desk, t->e, t->known ? t->was : NULL, t->s->arena,
                                   &text, &err)
                 : WG_OK;
    if (rc == WG_OK && own)
        rc = wg_json_parse(t->s->arena, wg_buf_str(&text), &j, &err);
    wg_buf_free(&text);
    const struct wg_json *lines = wg_json_get(j, "not");
    copy_member(j, "fired", b);
    wg_json_key(b, "not");
    wg_buf_char(b, '[');
    other_rows(t, b);
    for (const struct wg_json *m = lines ? lines->child : NULL; m; m = m->next) {
        wg_json_sep(b);
        wg_json_write(m, b);
    }
    wg_buf_char(b, ']');
    if (rc < 0) {
        wg_json_kbool(b, "again", false);
        wg_json_kstr(b, "error", wg_str_of(err.text));
    }
    if (!own) { /* told there, for the rules were asked about that case */
        char of[24];
        wg_case_id_text(t->e->of, of);
        wg_json_kstr(b, "of", wg_str_of(of));
    }
    copy_member(j, "again", b);
    copy_member(j, "error", b);
}

/* ---- one item ---- */

static void write_facts(const struct wg_entry *e, struct wg_buf *b)
{
    wg_json_key(b, "facts");
    wg_buf_char(b, '[');
    for (const struct wg_json *f = e->facts ? e->facts->child : NULL; f; f = f->next) {
        if (f->type != WG_JARR || f->count != 3)
            continue;
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "what", f->child->str);
        wg_json_key(b, "args");
        wg_json_write(f->child->next, b);
        wg_json_key(b, "answer");
        wg_json_write(f->child->next->next, b);
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, ']');
}

static void because(struct wg_str text, struct wg_str file, int64_t line, struct wg_buf *b)
{
    wg_json_key(b, "because");
    wg_buf_lit(b, "[{");
    wg_json_kstr(b, "text", text);
    wg_json_kstr(b, "file", file.p ? file : WG_S(""));
    wg_json_kint(b, "line", line);
    wg_buf_lit(b, "}]");
}

/* What follows from the step itself (number, condition, unit) has the step's own reason: the flow's
 * row. */
static void write_because(const struct telling *t, const struct wg_json *o, struct wg_buf *b)
{
    const struct wg_json *why = wg_json_get(o, "why");
    bool fence = wg_json_get(o, "fenced") || wg_str_is(wg_json_str(o, "kind"), "incident");
    if (!why && fence)
        why = wg_json_get(t->failed, "why");
    for (const struct wg_json *go = t->e->out->child; !why && go; go = go->next)
        if (wg_str_is(wg_json_str(go, "k"), "go"))
            why = wg_json_get(go, "why");
    if (why && why->type == WG_JARR && why->count == 3 && why->child->str.n) {
        because(why->child->str, why->child->next->str, why->child->next->next->num, b);
        return;
    }
    struct wg_str name = t->step && t->step->name.n ? t->step->name : t->e->act;
    because(
        wg_arena_fmt(t->s->arena, t->step ? "按流程「%.*s」" : "系统办理「%.*s」", WG_PRI(name)),
        t->step ? t->step->file : WG_S(""), t->step ? t->step->line : 0, b);
}

static bool is_moment(const struct wg_json *m)
{
    static const char *const names[] = {"due", "stage_due", "warn", "until", "next", "clock_from"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wg_str_is(m->key, names[i]))
            return m->type == WG_JINT && m->num > 0;
    return false;
}

static void write_value(const struct wg_json *m, struct wg_buf *b)
{
    wg_json_key(b, "value");
    if (!is_moment(m)) {
        wg_json_write(m, b);
        return;
    }
    wg_buf_char(b, '"');
    wg_buf_time(b, m->num);
    wg_buf_char(b, '"');
}

static void write_item(struct telling *t, const struct wg_json *o, const struct wg_json *m,
                       struct wg_str decision, struct wg_buf *b)
{
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kint(b, "seq", (int64_t)t->e->n);
    wg_json_kstr(b, "action", t->e->act);
    wg_json_kstr(b, "decision", decision);
    write_value(m, b);
    write_because(t, o, b);
    wg_json_kstr(b, "rules", t->e->rev);
    write_clause(t, m->key, b);
    if (t->first) {
        write_facts(t->e, b);
        write_pack(t, b);
        write_not(t, b);
    }
    t->first = false;
    wg_buf_char(b, '}');
}

/* ---- an entry ---- */

/* What an entry says of this case, which may be the second one that it touches. */
static const struct wg_json *outcomes_of(const struct wg_entry *e, uint64_t id)
{
    uint64_t of;
    if (e->of == id)
        return e->out->child;
    for (const struct wg_json *o = e->out->child; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), "also") &&
            wg_case_id_parse(wg_json_str(o, "of"), &of) == WG_OK && of == id)
            return wg_json_get(o, "out")->child;
    return NULL;
}

static void look_up(struct telling *t)
{
    const struct why *w = rules_of(t->s, t->e->rev);
    const struct wg_pack *p = w ? w->pack : NULL;
    for (const struct wg_json *o = t->e->out->child; o; o = o->next) {
        if (wg_str_is(wg_json_str(o, "what"), "rule_failed"))
            t->failed = o;
        t->chosen |= wg_json_get(o, "condition") != NULL;
    }
    if (!p)
        return;
    int row = wg_flow_find(&p->flow, t->e->act, t->known ? t->was->state : WG_NOWHERE);
    t->step = row >= 0 ? &p->flow.step[row] : NULL;
    t->class_ = wg_pack_class(p, t->now->kind, t->now->category);
    t->row =
        t->class_ && t->now->condition.n ? wg_class_condition(t->class_, t->now->condition) : NULL;
}

/* What opened the case and each photo is one item; of the rest, each member. */
static void tell_outcome(struct telling *t, const struct wg_json *o, struct wg_buf *b)
{
    static const char *const words[] = {"k", "why", "role", "numbered", "pinned"};
    struct wg_str k = wg_json_str(o, "k");
    bool open = wg_str_is(k, "open");
    if (open || wg_str_is(k, "photo")) {
        const struct wg_json *m = wg_json_get(o, open ? "id" : "sha256");
        if (m)
            write_item(t, o, m, open ? WG_S("opened") : WG_S("photo"), b);
        return;
    }
    for (const struct wg_json *m = o->child; m; m = m->next) {
        bool skip = false;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            skip |= wg_str_is(m->key, words[i]);
        if (!skip)
            write_item(t, o, m, wg_str_is(m->key, "to") ? WG_S("state") : m->key, b);
    }
}

static void tell_reasons(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                         struct wg_buf *b)
{
    const struct wg_case was = s->ledger.c;
    if ((s->rc = wg_ledger_step(&s->ledger, e)) < 0)
        return;
    struct telling t = {
        .s = s, .e = e, .was = &was, .now = &s->ledger.c, .known = before != NULL, .first = true};
    look_up(&t);
    for (const struct wg_json *o = outcomes_of(e, s->id); o; o = o->next)
        tell_outcome(&t, o, b);
}

void get_explain(struct call *call)
{
    story_run(call, tell_reasons, end_reasons);
}
