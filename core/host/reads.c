/* What rules and base data say, and how the server does. */
#include "inside.h"

#include <stdio.h>

static void fail(struct call *call, int code, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, code, pointer, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

/* ---- places ---- */

/* The city answers with the ground of the county that holds the place. */
static struct wg_county *county_at(struct call *call, struct wg_point p)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    const struct wg_layer *counties =
        f->ground->counties ? f->ground->counties : f->ground->layer[WG_COUNTIES];
    struct wg_county *c = NULL;
    struct wg_feature county;
    size_t i;
    if (call->county->is_city && counties && wg_layer_find(counties, p, &i) &&
        wg_layer_at(counties, i, &county))
        c = host_county(call->host, county.id);
    wg_force_drop(f);
    return c ? c : call->county;
}

/* `answer` with the ground of now, or of the moment that `at` names. */
static void with_ground(struct call *call, struct wg_county *c,
                        void (*answer)(struct call *call, const struct wg_ground *g, int64_t t))
{
    if (ground_at_time(call, c, answer))
        return;
    struct wg_force *f = wg_desk_force(c->desk);
    answer(call, f->ground, wg_now_ms());
    wg_force_drop(f);
}

static void answer_locate(struct call *call, const struct wg_ground *g, int64_t t)
{
    struct wg_point p;
    struct wg_buf b = WG_BUF_INIT;
    if (!query_point(call, &p))
        return;
    wg_ground_locate(g, p, t, &b);
    answer_json(call->req, 200, &b);
}

void get_locate(struct call *call)
{
    struct wg_point p;
    if (query_point(call, &p))
        with_ground(call, county_at(call, p), answer_locate);
}

static void answer_responsibility(struct call *call, const struct wg_ground *g, int64_t t)
{
    struct wg_point p;
    struct wg_buf args = WG_BUF_INIT, b = WG_BUF_INIT;
    struct wg_err err = {0};
    struct wg_json *j;
    struct wg_str kind = wg_req_query(call->req, "kind"), part = wg_req_query(call->req, "part");
    char order[WG_ORDER_TEXT] = "";
    if (!query_point(call, &p))
        return;
    wg_buf_char(&args, '[');
    wg_buf_json(&args, kind.n ? kind : WG_S("event"));
    wg_buf_char(&args, ',');
    wg_buf_json(&args, wg_req_query(call->req, "category"));
    wg_buf_char(&args, ',');
    if (part.n)
        wg_buf_json(&args, part);
    else
        wg_buf_lit(&args, "null");
    wg_buf_fmt(&args, ",%d,%d", p.lon_e7, p.lat_e7);
    struct wg_force *f = wg_desk_force(call->county->desk);
    if (f->pack)
        wg_pack_order(f->pack, wg_kind_parse(kind.n ? kind : WG_S("event")),
                      wg_req_query(call->req, "category"), order);
    wg_force_drop(f);
    wg_buf_fmt(&args, order[0] ? ",\"%s\"]" : "]%s", order);
    wg_buf_lit(&b, "{\"responsible\":");
    int rc = wg_json_parse(call->arena, wg_buf_str(&args), &j, &err);
    if (rc == WG_OK)
        rc = wg_ground_ask(g, "responsible", j, t, &b, &err);
    wg_buf_char(&b, '}');
    wg_buf_free(&args);
    if (rc == WG_OK) {
        answer_json(call->req, 200, &b);
        return;
    }
    wg_buf_free(&b);
    answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
}

void get_responsibility(struct call *call)
{
    struct wg_point p;
    struct wg_str category = wg_req_query(call->req, "category"),
                  kind = wg_req_query(call->req, "kind");
    if (!query_point(call, &p))
        return;
    if ((kind.n && wg_kind_parse(kind) < 0) || !category.n)
        fail(call, WG_EINVAL, category.n ? "/kind" : "/category",
             "category is a class code, kind is part or event");
    else
        with_ground(call, county_at(call, p), answer_responsibility);
}

/* ---- classes, units, rules ---- */

static void write_condition(const struct wg_pack *p, const struct wg_condition *r, struct wg_buf *b)
{
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", r->id);
    wg_json_kstr(b, "text", r->text);
    wg_json_key(b, "limit");
    wg_buf_lit(b, "{\"n\":");
    wg_buf_fixed(b, r->limit.n_milli, 3);
    wg_json_kstr(b, "unit", wg_str_of(wg_unit_name(r->limit.unit)));
    wg_json_kstr(b, "unit_name", wg_str_of(wg_unit_zh(r->limit.unit)));
    wg_buf_char(b, '}');
    wg_json_kstr(b, "close", r->close);
    wg_json_kstr(b, "source", r->source);
    wg_json_kbool(b, "assumed", r->assumed);
    if (r->source.n && wg_legal_expired(wg_pack_legal(p, r->source), wg_now_ms()))
        wg_json_kbool(b, "source_expired", true);
    wg_buf_char(b, '}');
}

void get_categories(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str kind = wg_req_query(call->req, "kind"),
                  code = wg_req_query(call->req, "category");
    wg_buf_lit(&b, "{\"categories\":[");
    for (size_t i = 0; f->pack && i < f->pack->class_count; i++) {
        const struct wg_class *c = &f->pack->classes[i];
        if ((kind.n && !wg_str_is(kind, wg_kind_name(c->kind))) ||
            (code.n && !wg_str_eq(code, c->code)))
            continue;
        wg_json_sep(&b);
        wg_buf_char(&b, '{');
        wg_json_kstr(&b, "standard", c->standard);
        wg_json_kstr(&b, "kind", wg_str_of(wg_kind_name(c->kind)));
        wg_json_kstr(&b, "category", c->code);
        wg_json_kstr(&b, "name", c->name);
        wg_json_kstr(&b, "major", c->major);
        wg_json_key(&b, "conditions");
        wg_buf_char(&b, '[');
        for (size_t k = 0; k < c->conditions; k++)
            write_condition(f->pack, &c->condition[k], &b);
        wg_buf_lit(&b, "]}");
    }
    wg_buf_lit(&b, "]}");
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

static void write_fields(const struct wg_step *s, bool must, struct wg_buf *b)
{
    wg_json_key(b, must ? "need" : "may");
    wg_buf_char(b, '{');
    for (uint32_t i = 0; i < s->fields; i++) {
        const struct wg_field *f = &s->field[i];
        if (f->must != must)
            continue;
        wg_json_key_str(b, f->name);
        if (f->type != WG_FCHOICE) {
            wg_buf_json(b, wg_str_of(wg_field_type_name(f->type)));
            continue;
        }
        wg_buf_char(b, '[');
        for (uint32_t k = 0; k < f->choices; k++) {
            wg_json_sep(b);
            wg_buf_json(b, f->choice[k]);
        }
        wg_buf_char(b, ']');
    }
    wg_buf_char(b, '}');
}

static void write_step(const struct wg_step *s, struct wg_buf *b)
{
    bool one = s->leads == 1 && !s->lead[0].result.p;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "action", s->action);
    wg_json_kstr(b, "name", s->name);
    wg_json_key(b, "from");
    wg_buf_char(b, '[');
    for (int state = 0; state < WG_STATES; state++) {
        if (!(s->from >> state & 1))
            continue;
        wg_json_sep(b);
        wg_buf_json(b, wg_str_of(wg_state_name(state)));
    }
    wg_buf_char(b, ']');
    wg_json_key(b, "to");
    if (!one)
        wg_buf_char(b, '{');
    for (uint32_t i = 0; i < s->leads; i++) {
        if (!one)
            wg_json_key_str(b, s->lead[i].result);
        wg_buf_json(b, wg_str_of(wg_lead_name(s->lead[i].to)));
    }
    if (!one)
        wg_buf_char(b, '}');
    wg_json_key(b, "roles");
    wg_roles_json(s->roles, b);
    wg_json_kbool(b, "holder", s->holder);
    wg_json_kbool(b, "before_due", s->before_due);
    write_fields(s, true, b);
    write_fields(s, false, b);
    wg_buf_char(b, '}');
}

void get_flow(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"steps\":[");
    for (size_t i = 0; f->pack && i < f->pack->flow.count; i++)
        write_step(&f->pack->flow.step[i], &b);
    wg_buf_lit(&b, "]}");
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

void get_units(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    const struct wg_json *units = wg_table_json(f->ground->table[0]);
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"units\":");
    if (units)
        wg_json_write(units, &b);
    else
        wg_buf_lit(&b, "[]");
    wg_buf_char(&b, '}');
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

/* ---- time ---- */

int write_span(void *arg, const struct wg_span *span)
{
    struct wg_buf *b = arg;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_ktime(b, "from", span->from_ms);
    wg_json_ktime(b, "to", span->to_ms);
    wg_json_kbool(b, "counted", span->counted);
    wg_json_kstr(b, "why", wg_str_of(span->why));
    wg_buf_char(b, '}');
    return 0;
}

static bool no_rules(struct call *call, struct wg_force *f)
{
    if (f->worktime)
        return false;
    wg_force_drop(f);
    fail(call, WG_ENOENT, "", "no rules are in force here, so there are no working hours");
    return true;
}

void get_clock(struct call *call)
{
    struct wg_limit limit;
    int64_t from = wg_now_ms(), due;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str n = wg_req_query(call->req, "limit"), unit = wg_req_query(call->req, "unit");
    if (!query_time(call, "from", &from))
        return;
    if (wg_str_fixed(n, 3, &limit.n_milli) < 0 || limit.n_milli <= 0) {
        fail(call, WG_EINVAL, "/limit", "limit must be a number above 0, with at most 3 decimals");
        return;
    }
    if (wg_unit_parse(unit, &limit.unit) < 0) {
        fail(call, WG_EINVAL, "/unit",
             "unit is emergency_minute, emergency_hour, emergency_day, work_hour, work_day or "
             "calendar_hour");
        return;
    }
    struct wg_force *f = wg_desk_force(call->county->desk);
    if (no_rules(call, f))
        return;
    int rc = wg_worktime_due(f->worktime, from, limit, &due);
    if (rc < 0) {
        wg_force_drop(f);
        fail(call, WG_EINVAL, "/limit", "the deadline lies beyond ten years");
        return;
    }
    wg_buf_char(&b, '{');
    wg_json_ktime(&b, "from", from);
    wg_json_ktime(&b, "due", due);
    wg_json_key(&b, "limit");
    wg_buf_fixed(&b, limit.n_milli, 3);
    wg_json_kstr(&b, "unit", wg_str_of(wg_unit_name(limit.unit)));
    wg_json_key(&b, "statement");
    wg_buf_char(&b, '[');
    wg_worktime_spans(f->worktime, from, due, limit.unit, write_span, &b);
    wg_buf_lit(&b, "]}");
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

void get_calendar(struct call *call)
{
    int64_t from = wg_now_ms(), to;
    struct wg_buf b = WG_BUF_INIT;
    if (!query_time(call, "from", &from))
        return;
    to = from + 31 * WG_DAY_MS;
    if (!query_time(call, "to", &to))
        return;
    int64_t first = wg_local_day(from, NULL), last = wg_local_day(to, NULL);
    if (last < first || last - first > 3700) {
        fail(call, WG_EINVAL, "/to", "must be a day from `from` on, at most ten years later");
        return;
    }
    struct wg_force *f = wg_desk_force(call->county->desk);
    if (no_rules(call, f))
        return;
    wg_buf_lit(&b, "{\"days\":[");
    for (int64_t day = first; day <= last; day++) {
        struct wg_date d = wg_date_of(day);
        struct wg_workday w;
        wg_worktime_day(f->worktime, d, &w);
        wg_json_sep(&b);
        wg_buf_fmt(&b, "{\"date\":\"%04d-%02d-%02d\"", d.year, d.month, d.day);
        wg_json_kbool(&b, "works", w.works);
        wg_json_kbool(&b, "known", w.known);
        wg_json_kstr(&b, "why", wg_str_of(w.why));
        wg_json_key(&b, "shifts");
        wg_buf_char(&b, '[');
        for (int i = 0; i < w.shift_count; i++)
            wg_buf_fmt(&b, "%s\"%02d:%02d-%02d:%02d\"", i ? "," : "", w.shift[i].from_min / 60,
                       w.shift[i].from_min % 60, w.shift[i].to_min / 60, w.shift[i].to_min % 60);
        wg_buf_lit(&b, "]}");
    }
    wg_buf_lit(&b, "]}");
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

/* ---- upkeep ---- */

void get_healthz(struct call *call)
{
    wg_reply(call->req, 200, "application/json", WG_S("{\"alive\":true}"));
}

void get_readyz(struct call *call)
{
    struct wg_host *h = call->host;
    struct wg_buf b = WG_BUF_INIT;
    bool ready = !h->draining;
    wg_buf_lit(&b, "{\"areas\":[");
    for (size_t i = 0; i < h->counties; i++) {
        struct wg_desk_stats st;
        struct wg_force *f = wg_desk_force(h->county[i]->desk);
        wg_desk_stats(h->county[i]->desk, &st);
        wg_json_sep(&b);
        wg_buf_char(&b, '{');
        wg_json_kstr(&b, "area", wg_str_of(h->county[i]->area));
        wg_json_kbool(&b, "writable", !st.broken);
        wg_json_kbool(&b, "rules", f->pack != NULL);
        wg_json_kbool(&b, "grids", f->ground->layer[WG_GRIDS] != NULL);
        wg_buf_char(&b, '}');
        ready &= !st.broken;
        wg_force_drop(f);
    }
    wg_buf_lit(&b, "]");
    wg_json_key(&b, "plugins");
    wg_buf_char(&b, '[');
    for (size_t i = 0; h->plugins[i]; i++) {
        wg_json_sep(&b);
        wg_buf_json(&b, wg_str_of(h->plugins[i]->name));
    }
    wg_buf_char(&b, ']');
    wg_json_kbool(&b, "ready", ready);
    wg_buf_char(&b, '}');
    answer_json(call->req, ready ? 200 : 503, &b);
}

/* A look at every case's key: a million take 25 ms, so on the pool. */
struct status {
    struct call *call;
    struct wg_county *county;
    uint64_t counts[WG_STATES];
};

static void status_work(void *arg)
{
    struct status *s = arg;
    struct wg_views *v = wg_desk_views(s->county->desk);
    struct wg_txn *txn = NULL;
    if (wg_txn_begin(wg_views_env(v), false, &txn, NULL) == WG_OK)
        wg_view_counts(v, txn, s->counts);
    wg_txn_abort(txn);
}

static void status_done(void *arg)
{
    struct status *status = arg;
    struct wg_county *c = status->county;
    const uint64_t *counts = status->counts;
    struct wg_desk_stats st;
    struct wg_buf b = WG_BUF_INIT;
    wg_desk_stats(c->desk, &st);
    struct wg_force *f = wg_desk_force(c->desk);
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "area", wg_str_of(c->area));
    wg_json_kstr(&b, "name", f->pack ? f->pack->name : (struct wg_str){NULL, 0});
    wg_json_kstr(&b, "rules", f->pack ? wg_str_of(f->pack->rev) : (struct wg_str){NULL, 0});
    wg_json_kint(&b, "entries",
                 (int64_t)wg_desk_journal(c->desk)->ops->last(wg_desk_journal(c->desk)));
    wg_json_kint(&b, "waiting", (int64_t)st.waiting);
    wg_json_kint(&b, "rule_failures", (int64_t)st.rule_failures);
    wg_json_kint(&b, "incidents", (int64_t)st.incidents);
    wg_json_kbool(&b, "writable", !st.broken);
    wg_json_key(&b, "rule_incidents"); /* red, until the next release */
    incidents_write(c, &b);
    wg_json_key(&b, "cases");
    wg_buf_char(&b, '{');
    for (int s = 0; s < WG_STATES; s++)
        if (counts[s])
            wg_json_kint(&b, wg_state_name(s), (int64_t)counts[s]);
    wg_buf_char(&b, '}');
    wg_json_key(&b, "base");
    wg_buf_char(&b, '{');
    for (int i = 0; i < (int)wg_collection_count(); i++)
        if (f->ground->layer[i])
            wg_json_kint(&b, wg_collection_name(i), (int64_t)wg_layer_count(f->ground->layer[i]));
    for (int i = WG_UNITS; i < WG_COLLECTIONS; i++)
        if (wg_table_json(f->ground->table[i - WG_UNITS]))
            wg_json_kint(&b, wg_collection_name(i),
                         wg_table_json(f->ground->table[i - WG_UNITS])->count);
    wg_buf_lit(&b, "}}");
    wg_force_drop(f);
    answer_json(status->call->req, 200, &b);
}

void get_status(struct call *call)
{
    struct status *s = WG_NEW(call->arena, struct status);
    if (s)
        *s = (struct status){.call = call, .county = call->county};
    if (!s || wg_pool_run(call->host->loop, status_work, status_done, s) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

/* What each event's rules have cost since they came into force. */
static void write_costs(struct wg_county *c, struct wg_buf *b)
{
    struct wg_rule_cost cost[WG_RULE_COSTS];
    struct wg_force *f = wg_desk_force(c->desk);
    wg_buf_fmt(b, "wangge_rules_bytes{area=\"%s\"} %zu\n", c->area, f->pack ? f->pack->memory : 0);
    wg_force_drop(f);
    size_t n = wg_desk_costs(c->desk, cost);
    for (size_t i = 0; i < n; i++) {
        const char *e = cost[i].event;
        wg_buf_fmt(b, "wangge_rule_calls{area=\"%s\",event=\"%s\"} %llu\n", c->area, e,
                   (unsigned long long)cost[i].calls);
        wg_buf_fmt(b, "wangge_rule_failed{area=\"%s\",event=\"%s\"} %llu\n", c->area, e,
                   (unsigned long long)cost[i].failed);
        wg_buf_fmt(b, "wangge_rule_us{area=\"%s\",event=\"%s\"} %lld\n", c->area, e,
                   (long long)cost[i].total_us);
        wg_buf_fmt(b, "wangge_rule_max_us{area=\"%s\",event=\"%s\"} %lld\n", c->area, e,
                   (long long)cost[i].max_us);
    }
}

void get_metrics(struct call *call)
{
    struct wg_host *h = call->host;
    struct wg_http_stats hs;
    struct wg_buf b = WG_BUF_INIT;
    wg_http_stats(h->http, &hs);
    wg_buf_fmt(&b, "# TYPE wangge_http_requests_total counter\nwangge_http_requests_total %llu\n",
               (unsigned long long)hs.requests);
    for (int i = 2; i <= 5; i++)
        wg_buf_fmt(&b, "wangge_http_answers_total{class=\"%dxx\"} %llu\n", i,
                   (unsigned long long)hs.by_class[i]);
    wg_buf_fmt(&b, "wangge_http_connections %zu\nwangge_http_rejected_total %llu\n", hs.connections,
               (unsigned long long)hs.rejected);
    wg_buf_fmt(&b, "wangge_sessions %zu\nwangge_uptime_seconds %lld\n", h->sessions,
               (long long)((wg_mono_ms() - h->started_ms) / 1000));
    for (size_t i = 0; i < h->counties; i++) {
        struct wg_desk_stats st;
        const char *a = h->county[i]->area;
        wg_desk_stats(h->county[i]->desk, &st);
        wg_buf_fmt(
            &b, "wangge_entries_total{area=\"%s\"} %llu\nwangge_batches_total{area=\"%s\"} %llu\n",
            a, (unsigned long long)st.entries, a, (unsigned long long)st.batches);
        wg_buf_fmt(&b,
                   "wangge_refused_total{area=\"%s\"} "
                   "%llu\nwangge_rule_failures_total{area=\"%s\"} %llu\n",
                   a, (unsigned long long)st.refused, a, (unsigned long long)st.rule_failures);
        wg_buf_fmt(&b,
                   "wangge_incidents_total{area=\"%s\"} %llu\nwangge_waiting{area=\"%s\"} %zu\n", a,
                   (unsigned long long)st.incidents, a, st.waiting);
        wg_buf_fmt(&b, "wangge_writable{area=\"%s\"} %d\n", a, !st.broken);
        write_costs(h->county[i], &b);
        if (h->county[i]->search) {
            struct wg_search_state search;
            wg_search_state(h->county[i]->search, &search);
            wg_buf_fmt(&b,
                       "wangge_search_idle{area=\"%s\"} %d\nwangge_search_changed{area=\"%s\"} "
                       "%zu\n",
                       a, search.ready && search.idle, a, search.changed);
        }
    }
    wg_reply_buf(call->req, 200, "text/plain; version=0.0.4", &b);
    wg_buf_free(&b);
}

void get_api(struct call *call)
{
    struct wg_buf b = WG_BUF_INIT;
    openapi_write(call->host->plugin_rows, &b);
    answer_json(call->req, 200, &b);
}
