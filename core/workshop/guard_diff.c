/* 城标 / 县补充 / 依据: the two packs side by side, as a supplement to a standard is printed. */
#include "workshop/guard.h"

#include <stdio.h>

struct diff {
    struct guard g;
    bool all;
    struct wg_buf *out;
};
struct line {
    const char *kind;
    struct wg_str code, name, condition, city, county, basis, since;
    const char *change;
};

static const char SAME[] = "同", TIGHTER[] = "收紧", NEW[] = "新增", LOOSER[] = "放宽",
                  OTHER[] = "变更";

static void put(struct diff *d, const struct line *l)
{
    struct wg_buf *b = d->out;
    if (l->change == SAME && !d->all)
        return;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "kind", wg_str_of(l->kind));
    wg_json_kstr(b, "code", l->code);
    wg_json_kstr(b, "name", l->name);
    wg_json_kstr(b, "condition", l->condition);
    wg_json_kstr(b, "city", l->city);
    wg_json_kstr(b, "county", l->county);
    wg_json_kstr(b, "change", wg_str_of(l->change));
    wg_json_kstr(b, "basis", l->basis);
    wg_json_kstr(b, "since", l->since);
    wg_buf_char(b, '}');
}

static const char *change_of(struct diff *d, struct wg_limit city, struct wg_limit county)
{
    int64_t at;
    bool less = guard_within(&d->g, county, city, &at),
         more = guard_within(&d->g, city, county, &at);
    if (city.n_milli <= 0)
        return county.n_milli <= 0 ? SAME : NEW;
    return less && more ? SAME : less ? TIGHTER : LOOSER;
}

/* ---- condition rows ---- */

/* The document, where the pack has it; else what the row says. */
static void cite(struct diff *d, const struct wg_condition *row, struct line *l)
{
    const struct wg_legal *doc = wg_pack_legal(d->g.county, row->source);
    if (!doc) {
        l->basis = wg_arena_fmt(d->g.a, "%.*s%.*s", WG_PRI(row->source), WG_PRI(row->article));
        return;
    }
    l->basis =
        wg_arena_fmt(d->g.a, "《%.*s》（%.*s%s%.*s）%.*s", WG_PRI(doc->title), WG_PRI(doc->issuer),
                     doc->number.n ? "，" : "", WG_PRI(doc->number), WG_PRI(row->article));
    if (doc->from_ms != INT64_MIN) {
        struct wg_str from = guard_moment(d->g.a, doc->from_ms);
        l->since = (struct wg_str){from.p, from.n < 10 ? from.n : 10};
    }
}

static struct wg_str row_text(struct diff *d, const struct wg_condition *row)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_str_add(&b, guard_limit(d->g.a, row->limit));
    wg_buf_fmt(&b, "；结案：%.*s", WG_PRI(row->close));
    for (uint32_t i = 0; i < row->segments; i++) {
        struct wg_str limit = guard_limit(d->g.a, row->segment[i].limit);
        wg_buf_fmt(&b, "%s%.*s%.*s", i ? "、" : "；分段：", WG_PRI(row->segment[i].name),
                   WG_PRI(limit));
    }
    struct wg_str text = wg_arena_str(d->g.a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

static const char *row_change(struct diff *d, const struct wg_condition *x,
                              const struct wg_condition *y)
{
    const char *change = change_of(d, x->limit, y->limit);
    bool words = wg_str_eq(x->text, y->text) && wg_str_eq(x->close, y->close);
    if (change != SAME)
        return change;
    if (words && x->segments == y->segments)
        return SAME;
    return guard_starts(y->close, x->close) && wg_str_eq(x->text, y->text) ? TIGHTER : OTHER;
}

static void diff_class(struct diff *d, const struct wg_class *city, const struct wg_class *county)
{
    const struct wg_class *c = county ? county : city;
    struct line l = {.kind = wg_kind_name((int)c->kind), .code = c->code, .name = c->name};
    for (size_t i = 0; city && i < city->conditions; i++) {
        const struct wg_condition *x = &city->condition[i],
                                  *y = county ? wg_class_condition(county, x->id) : NULL;
        l.condition = y ? y->text : x->text;
        l.city = row_text(d, x);
        l.county = y ? row_text(d, y) : WG_S("删除");
        l.change = y ? row_change(d, x, y) : LOOSER;
        l.since = (struct wg_str){NULL, 0};
        cite(d, y ? y : x, &l);
        put(d, &l);
    }
    for (size_t i = 0; county && i < county->conditions; i++) {
        const struct wg_condition *y = &county->condition[i];
        if (city && wg_class_condition(city, y->id))
            continue;
        l.condition = y->text;
        l.city = WG_S("无");
        l.county = row_text(d, y);
        l.change = NEW;
        l.since = (struct wg_str){NULL, 0};
        cite(d, y, &l);
        put(d, &l);
    }
}

static void diff_classes(struct diff *d)
{
    const struct wg_pack *x = d->g.city, *y = d->g.county;
    for (size_t i = 0; i < x->class_count; i++)
        diff_class(d, &x->classes[i],
                   wg_pack_class(y, (int)x->classes[i].kind, x->classes[i].code));
    for (size_t i = 0; i < y->class_count; i++)
        if (!wg_pack_class(x, (int)y->classes[i].kind, y->classes[i].code))
            diff_class(d, NULL, &y->classes[i]);
}

/* ---- hours and tables ---- */

static struct wg_str shown(struct diff *d, const struct wg_json *j)
{
    struct wg_buf b = WG_BUF_INIT;
    if (!j)
        return WG_S("无");
    wg_json_write(j, &b);
    struct wg_str text = wg_arena_str(d->g.a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

static void add_shifts(struct wg_buf *b, const struct wg_json *shifts)
{
    for (const struct wg_json *m = shifts ? shifts->child : NULL; m; m = m->next)
        wg_buf_fmt(b, " %.*s", WG_PRI(m->str));
}

/* "Mon-Fri 08:00-12:00 14:30-17:30；夏令06-01至09-30 08:00-12:00 …；工作日按end_of_day" */
static struct wg_str hours_text(struct diff *d, struct wg_str hours)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *tree;
    if (wg_json_parse(d->g.a, hours, &tree, NULL) < 0)
        return hours;
    const struct wg_json *seasons = wg_json_get(tree, "seasons");
    struct wg_str reading = wg_json_str(tree, "work_day");
    wg_buf_str_add(&b, wg_json_str(tree, "week"));
    add_shifts(&b, wg_json_get(tree, "shifts"));
    for (const struct wg_json *m = seasons ? seasons->child : NULL; m; m = m->next) {
        struct wg_str name = wg_json_str(m, "name"), from = wg_json_str(m, "from"),
                      to = wg_json_str(m, "to");
        wg_buf_fmt(&b, "；%.*s%.*s至%.*s", WG_PRI(name), WG_PRI(from), WG_PRI(to));
        add_shifts(&b, wg_json_get(m, "shifts"));
    }
    if (reading.n)
        wg_buf_fmt(&b, "；工作日按%.*s", WG_PRI(reading));
    static const char *const notices[] = {"holidays", "workdays"};
    for (int i = 0; i < 2; i++) {
        const struct wg_json *days = wg_json_get(tree, notices[i]);
        if (days && days->count)
            wg_buf_fmt(&b, "；另有%s%u天", i ? "上班" : "放假", days->count);
    }
    struct wg_str text = wg_arena_str(d->g.a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

static void diff_limits(struct diff *d, const char *kind, const struct wg_limit *city,
                        const struct wg_limit *county)
{
    for (int s = 0; s < WG_STATES; s++) {
        if (city[s].n_milli <= 0 && county[s].n_milli <= 0)
            continue;
        put(d, &(struct line){.kind = kind,
                              .code = wg_str_of(wg_state_name(s)),
                              .name = WG_S("环节时限"),
                              .city = guard_limit(d->g.a, city[s]),
                              .county = guard_limit(d->g.a, county[s]),
                              .change = change_of(d, city[s], county[s])});
    }
}

static struct wg_str tiers(struct diff *d, const struct wg_json *list)
{
    struct wg_buf b = WG_BUF_INIT;
    for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next) {
        struct wg_str by = wg_json_str(m, "by");
        wg_buf_fmt(&b, "%s已延%lld次以内再延%lld日以内：%.*s", b.n ? "；" : "",
                   (long long)wg_json_int(m, "before", 0), (long long)wg_json_int(m, "days", 0),
                   WG_PRI(by));
    }
    struct wg_str text = wg_arena_str(d->g.a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

static struct wg_str rungs(struct diff *d, const struct wg_json *list)
{
    struct wg_buf b = WG_BUF_INIT;
    for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next) {
        const struct wg_json *after = wg_json_get(m, "after");
        struct wg_limit limit = {0, WG_WORK_HOUR};
        struct wg_str name = wg_json_str(m, "name");
        if (after && after->count == 2 && wg_json_fixed(after->child, 3, &limit.n_milli) == WG_OK)
            wg_unit_parse(after->child->next->str, &limit.unit);
        if (b.n)
            wg_buf_lit(&b, " → ");
        if (limit.n_milli) {
            struct wg_str text = guard_limit(d->g.a, limit);
            wg_buf_fmt(&b, "%.*s后", WG_PRI(text));
        }
        wg_buf_fmt(&b, "报%.*s%s", WG_PRI(name), wg_json_bool(m, "order", false) ? "并督办" : "");
    }
    struct wg_str text = wg_arena_str(d->g.a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}

static void diff_tables(struct diff *d)
{
    const struct guard *g = &d->g;
    struct line l = {.kind = "hours", .name = WG_S("作息")};
    l.city = hours_text(d, g->city->hours);
    l.county = hours_text(d, g->county->hours);
    l.change = wg_str_eq(g->city->hours, g->county->hours) ? SAME : OTHER;
    put(d, &l);
    diff_limits(d, "stages", g->city->clocks.stage, g->county->clocks.stage);
    diff_limits(d, "urgent_stages", g->city->clocks.urgent, g->county->clocks.urgent);
    for (const struct wg_json *m = g->city_tables->child; m; m = m->next) {
        const struct wg_json *own = wg_json_get_s(g->tables, m->key);
        bool deferral = wg_str_is(m->key, "deferral"), ladder = wg_str_is(m->key, "ladder");
        if (wg_str_is(m->key, "stages") || wg_str_is(m->key, "urgent_stages"))
            continue;
        l = (struct line){.kind = "tables", .code = m->key, .name = m->key};
        l.city = deferral ? tiers(d, m) : ladder ? rungs(d, m) : shown(d, m);
        l.county = deferral ? tiers(d, own) : ladder ? rungs(d, own) : shown(d, own);
        l.change = wg_str_eq(shown(d, m), shown(d, own)) ? SAME : OTHER;
        put(d, &l);
    }
}

/* ---- flow, campaigns, functions ---- */

static void diff_flow(struct diff *d)
{
    const struct wg_flow *x = &d->g.city->flow, *y = &d->g.county->flow;
    for (size_t i = 0; i < y->count; i++)
        for (int s = 0; s < WG_STATES; s++) {
            const struct wg_step *own = &y->step[i];
            if (!wg_step_leaves(own, s, UINT32_MAX) || wg_flow_find(x, own->action, s) >= 0)
                continue;
            put(d, &(struct line){.kind = "flow",
                                  .code = own->action,
                                  .name = own->name,
                                  .condition = wg_str_of(wg_state_name(s)),
                                  .city = WG_S("无"),
                                  .county = wg_str_of(wg_lead_name(own->lead[0].to)),
                                  .change = NEW});
        }
    for (size_t i = 0; i < x->count; i++)
        for (int s = 0; s < WG_STATES; s++)
            if (wg_step_leaves(&x->step[i], s, UINT32_MAX) &&
                wg_flow_find(y, x->step[i].action, s) < 0)
                put(d, &(struct line){.kind = "flow",
                                      .code = x->step[i].action,
                                      .name = x->step[i].name,
                                      .condition = wg_str_of(wg_state_name(s)),
                                      .city = wg_str_of(wg_lead_name(x->step[i].lead[0].to)),
                                      .county = WG_S("删除"),
                                      .change = LOOSER});
}

static void diff_campaigns(struct diff *d)
{
    const struct wg_pack *x = d->g.city, *y = d->g.county;
    for (size_t i = 0; i < y->campaigns; i++) {
        const struct wg_campaign *c = &y->campaign[i];
        bool own = true;
        for (size_t k = 0; k < x->campaigns; k++)
            own &= !wg_str_eq(x->campaign[k].id, c->id);
        struct wg_str from = guard_moment(d->g.a, c->from_ms),
                      to = guard_moment(d->g.a, c->to_ms - 1);
        struct wg_str text = wg_arena_fmt(d->g.a, "%.10s至%.10s，%zu类", from.p ? from.p : "",
                                          to.p ? to.p : "", c->rows);
        if (own)
            put(d, &(struct line){.kind = "campaign",
                                  .code = c->id,
                                  .name = c->name,
                                  .city = WG_S("无"),
                                  .county = text,
                                  .change = NEW});
    }
}

struct lookup {
    const char *event;
    struct wg_arena *a;
    struct wg_str text;
};

static void note_handler(void *arg, const struct wg_handler *h)
{
    struct lookup *l = arg;
    if (strcmp(h->event, l->event) == 0)
        l->text = wg_arena_fmt(l->a, "%.*s:%d", WG_PRI(h->file), h->line);
}

static void diff_handler(void *arg, const struct wg_handler *h)
{
    struct diff *d = arg;
    struct lookup city = {h->event, d->g.a, WG_S("无")};
    if (!h->own)
        return;
    wg_rules_handlers(d->g.city_rules, note_handler, &city);
    put(d, &(struct line){.kind = "on",
                          .code = wg_str_of(h->event),
                          .name = WG_S(""),
                          .city = city.text,
                          .county = wg_arena_fmt(d->g.a, "%.*s:%d", WG_PRI(h->file), h->line),
                          .change = wg_str_is(city.text, "无") ? NEW : OTHER});
}

int wg_guard_diff(struct wg_rules *city, struct wg_rules *county, const struct wg_guard_opts *o,
                  bool all, struct wg_buf *out, struct wg_err *err)
{
    struct diff d = {.all = all, .out = out};
    int rc = guard_open(&d.g, city, county, o, err);
    if (rc == WG_OK) {
        wg_buf_char(out, '[');
        diff_classes(&d);
        diff_tables(&d);
        diff_flow(&d);
        diff_campaigns(&d);
        wg_rules_handlers(county, diff_handler, &d);
        wg_buf_char(out, ']');
        if (!wg_buf_ok(out))
            rc = wg_fail(err, WG_ENOMEM, "no memory for the table");
    }
    guard_close(&d.g);
    return rc;
}
