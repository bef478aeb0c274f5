/* Classes and their condition rows: none gone, none changed, limits and closing conditions only
 * tighter, codes of one's own only where there is room for them. */
#include "workshop/guard.h"

#include <stdio.h>

struct row {
    const struct wg_class *class_; /* the county's */
    const struct wg_condition *city, *county;
    struct wg_str where;
    struct guard_spot spot;
};

static struct guard_spot code_spot(const struct guard *g, struct wg_str code)
{
    char needle[16];
    snprintf(needle, sizeof(needle), "\"%.*s\"", (int)(code.n < 10 ? code.n : 10), code.p);
    return guard_spot(g, needle);
}

static bool has(struct wg_str s, const char *part)
{
    return s.n && memmem(s.p, s.n, part, strlen(part)) != NULL;
}

/* ---- one row against the city's ---- */

/* The city's text, and more. What is added may not offer a way around it. */
static bool close_holds(struct wg_str city, struct wg_str county)
{
    static const char *const ways[] = {"除外",     "可不",     "视情", "酌情",
                                       "不作要求", "不再要求", NULL};
    if (!guard_starts(county, city))
        return false;
    struct wg_str more = {county.p + city.n, county.n - city.n};
    for (int i = 0; ways[i]; i++)
        if (has(more, ways[i]))
            return false;
    if (wg_str_starts(more, "，") || wg_str_starts(more, "；"))
        more = (struct wg_str){more.p + 3, more.n - 3};
    return !wg_str_starts(more, "或");
}

static void check_texts(struct guard *g, const struct row *r)
{
    bool text = wg_str_eq(r->city->text, r->county->text);
    bool close = close_holds(r->city->close, r->county->close);
    /* A default of the city's is nobody's standard: a county that has a document replaces it. */
    if (r->city->assumed && !r->county->assumed && r->county->source.n) {
        if (!text || !close)
            guard_say(g, WG_REMARK, "default_replaced", r->where, r->spot,
                      "市级默认「%.*s；%.*s」由县级标准「%.*s；%.*s」（%.*s）代替",
                      WG_PRI(r->city->text), WG_PRI(r->city->close), WG_PRI(r->county->text),
                      WG_PRI(r->county->close), WG_PRI(r->county->source));
        return;
    }
    if (!text)
        guard_say(g, WG_FAULT, "condition_changed", r->where, r->spot,
                  "立案条件被改：市级「%.*s」，县级「%.*s」；条件变窄即少立案，须与市级一致",
                  WG_PRI(r->city->text), WG_PRI(r->county->text));
    if (!close)
        guard_say(g, WG_FAULT, "close_weakened", r->where, r->spot,
                  "结案条件须含市级全文、只能增加：市级「%.*s」，县级「%.*s」",
                  WG_PRI(r->city->close), WG_PRI(r->county->close));
}

static void check_source(struct guard *g, const struct row *r)
{
    const struct wg_condition *x = r->city, *y = r->county;
    bool own = y->source.n && !wg_str_eq(x->source, y->source); /* a choice of its own, and named */
    if ((x->source.n && !y->source.n) || (y->assumed && !x->assumed && !own)) {
        guard_say(g, WG_FAULT, "source_dropped", r->where, r->spot,
                  "市级写明了依据（%.*s），县级把它去掉了", WG_PRI(x->source));
        return;
    }
    if (x->article.n && wg_str_eq(x->source, y->source) &&
        !memmem(y->article.p ? y->article.p : "", y->article.n, x->article.p, x->article.n))
        guard_say(g, WG_FAULT, "source_dropped", r->where, r->spot,
                  "依据的条款只能增加：市级%.*s，县级%.*s", WG_PRI(x->article), WG_PRI(y->article));
    if (x->source.n && !wg_str_eq(x->source, y->source) && wg_str_eq(x->close, y->close) &&
        wg_limit_same(x->limit, y->limit))
        guard_say(g, WG_DOUBT, "source_changed", r->where, r->spot,
                  "时限与结案条件都没有变，依据却由「%.*s」改成了「%.*s」", WG_PRI(x->source),
                  WG_PRI(y->source));
}

static void check_stages(struct guard *g, const struct row *r)
{
    int64_t at;
    const struct wg_condition *x = r->city, *y = r->county;
    if (y->segments < x->segments) {
        guard_say(g, WG_FAULT, "stages_loosened", r->where, r->spot,
                  "分段时限市级%u段，县级%u段：不能减少", x->segments, y->segments);
        return;
    }
    /* Stages of one's own where the city has none only add. */
    for (uint32_t i = 0, k = 0; i < x->segments; i++) {
        const struct wg_segment *s = &x->segment[i];
        while (k < y->segments && !wg_str_eq(y->segment[k].name, s->name))
            k++;
        if (k == y->segments) {
            guard_say(g, WG_FAULT, "stages_loosened", r->where, r->spot,
                      "分段「%.*s」没有了，或次序变了", WG_PRI(s->name));
            return;
        }
        const struct wg_segment *own = &y->segment[k++];
        struct wg_str one = guard_limit(g->a, s->limit), other = guard_limit(g->a, own->limit);
        if (!guard_within(g, own->limit, s->limit, &at))
            guard_say(g, WG_FAULT, "stages_loosened", r->where, r->spot,
                      "分段「%.*s」放宽：市级%.*s，县级%.*s", WG_PRI(s->name), WG_PRI(one),
                      WG_PRI(other));
        if (!wg_str_eq(own->unit, s->unit))
            guard_say(g, WG_FAULT, "stages_loosened", r->where, r->spot,
                      "分段「%.*s」的单位由市级指定，不能改", WG_PRI(s->name));
    }
}

static void check_row(struct guard *g, const struct row *r)
{
    int64_t at;
    struct wg_limit x = r->county->limit, y = r->city->limit;
    if (!guard_within(g, x, y, &at)) {
        struct wg_str city = guard_limit(g->a, y), county = guard_limit(g->a, x),
                      how = guard_later(g, x, y, at);
        guard_say(g, WG_FAULT, "loosened_limit", r->where, r->spot,
                  "时限放宽：市级%.*s，县级%.*s；%.*s", WG_PRI(city), WG_PRI(county), WG_PRI(how));
    }
    check_stages(g, r);
    check_texts(g, r);
    check_source(g, r);
}

/* ---- a row of one's own in a class of the city's ---- */

/* Whoever files picks a row: one with more time than any of the city's would be the way out. */
static void check_added(struct guard *g, const struct wg_class *city, const struct row *r)
{
    int64_t at;
    bool within = city->conditions == 0, twin = false;
    for (size_t i = 0; i < city->conditions; i++) {
        const struct wg_condition *other = &city->condition[i];
        within |= guard_within(g, r->county->limit, other->limit, &at);
        if (wg_str_eq(other->text, r->county->text))
            twin |= !guard_within(g, r->county->limit, other->limit, &at);
    }
    struct wg_str limit = guard_limit(g->a, r->county->limit);
    if (!within || twin)
        guard_say(g, WG_FAULT, "added_limit", r->where, r->spot,
                  "增加的条件「%.*s」限%.*s，比市级该小类%s都长：选它立案就绕开了市级时限",
                  WG_PRI(r->county->text), WG_PRI(limit), twin ? "同一条件" : "任何一条");
}

/* ---- classes ---- */

static void check_class(struct guard *g, const struct wg_class *city)
{
    const char *kind = wg_kind_name((int)city->kind);
    const struct wg_class *c = wg_pack_class(g->county, (int)city->kind, city->code);
    struct wg_str where = guard_where(g, "%s.%.*s", kind, WG_PRI(city->code));
    if (!c) {
        guard_say(g, WG_FAULT, "class_deleted", where, code_spot(g, city->code),
                  "小类「%.*s」没有了：市级小类不能删", WG_PRI(city->name));
        return;
    }
    struct row r = {.class_ = c, .spot = code_spot(g, city->code)};
    if (!wg_str_eq(c->name, city->name) || !wg_str_eq(c->major, city->major))
        guard_say(g, WG_FAULT, "class_changed", where, r.spot,
                  "小类被改：市级「%.*s/%.*s」，县级「%.*s/%.*s」", WG_PRI(city->major),
                  WG_PRI(city->name), WG_PRI(c->major), WG_PRI(c->name));
    for (size_t i = 0; i < city->conditions; i++) {
        r.city = &city->condition[i];
        r.county = wg_class_condition(c, r.city->id);
        r.where = guard_where(g, "%.*s 条件%.*s", WG_PRI(where), WG_PRI(r.city->id));
        if (r.county)
            check_row(g, &r);
        else
            guard_say(g, WG_FAULT, "condition_deleted", r.where, r.spot,
                      "立案条件「%.*s」没有了：市级条件不能删", WG_PRI(r.city->text));
    }
    for (size_t i = 0; i < c->conditions; i++) {
        r.county = &c->condition[i];
        r.where = guard_where(g, "%.*s 条件%.*s", WG_PRI(where), WG_PRI(r.county->id));
        if (!wg_class_condition(city, r.county->id))
            check_added(g, city, &r);
    }
}

static bool has_major(const struct wg_pack *p, int kind, struct wg_str code)
{
    for (size_t i = 0; i < p->class_count; i++)
        if ((int)p->classes[i].kind == kind && p->classes[i].code.n >= 2 && code.n >= 2 &&
            memcmp(p->classes[i].code.p, code.p, 2) == 0)
            return true;
    return false;
}

/* Four digits: minor codes from 50; five: from 500. They count down from 99, the standard's up. */
static bool in_range(struct wg_str code)
{
    for (size_t i = 0; i < code.n; i++)
        if (code.p[i] < '0' || code.p[i] > '9')
            return false;
    return (code.n == 4 || code.n == 5) && code.p[2] >= '5';
}

static void check_own_class(struct guard *g, const struct wg_class *c)
{
    struct wg_str where = guard_where(g, "%s.%.*s", wg_kind_name((int)c->kind), WG_PRI(c->code));
    if (!in_range(c->code))
        guard_say(
            g, WG_FAULT, "code_range", where, code_spot(g, c->code),
            "「%.*s」的代码不在县级扩展区间：小类码从99往下编（四位码后两位50–99，五位码后三位"
            "500–999）",
            WG_PRI(c->name));
    else if (!has_major(g->city, (int)c->kind, c->code))
        guard_say(g, WG_FAULT, "code_range", where, code_spot(g, c->code),
                  "「%.*s」的大类%.2s市级没有：只能在已有大类下增加小类", WG_PRI(c->name),
                  c->code.p);
}

void guard_classes(struct guard *g)
{
    for (size_t i = 0; i < g->city->class_count; i++)
        check_class(g, &g->city->classes[i]);
    for (size_t i = 0; i < g->county->class_count; i++) {
        const struct wg_class *c = &g->county->classes[i];
        if (!wg_pack_class(g->city, (int)c->kind, c->code))
            check_own_class(g, c);
    }
}
