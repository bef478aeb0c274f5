/* Cases: report, steps, one, many, what waits for me. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

static void refuse(struct call *call, int code, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, code, pointer, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

/* A report to the city goes to the county in which its place lies. */
static struct wg_county *route_report(struct call *call, const struct wg_json *in)
{
    const struct wg_json *xy = wg_json_get(wg_json_get(in, "location"), "coordinates");
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct wg_county *to = NULL;
    int64_t lon, lat;
    size_t i;
    struct wg_feature county;
    const struct wg_layer *layer =
        f->ground->counties ? f->ground->counties : f->ground->layer[WG_COUNTIES];
    if (xy && xy->type == WG_JARR && xy->count == 2 && wg_json_fixed(xy->child, 7, &lon) == WG_OK &&
        wg_json_fixed(xy->child->next, 7, &lat) == WG_OK && lon >= INT32_MIN && lon <= INT32_MAX &&
        lat >= INT32_MIN && lat <= INT32_MAX && layer &&
        wg_layer_find(layer, (struct wg_point){(int32_t)lon, (int32_t)lat}, &i) &&
        wg_layer_at(layer, i, &county))
        to = host_county(call->host, county.id);
    wg_force_drop(f);
    if (!to)
        refuse(call, WG_EINVAL, "/location", "this place lies in no county of this city");
    return to;
}

void post_case(struct call *call)
{
    struct wg_json *in;
    if (parse_body(call, true, &in) < 0)
        return;
    if (call->county->is_city && !(call->county = route_report(call, in)))
        return;
    call->status = 201;
    call->cmd.act = WG_S("report");
    call->cmd.in = in;
    call_submit(call);
}

/* The case of the address, checked to be this area's. */
static bool path_case(struct call *call, uint64_t *id)
{
    if (wg_case_id_parse(wg_req_param(call->req, "id"), id) < 0) {
        refuse(call, WG_ENOENT, "", "there is no such case: an id looks like 341824-2026-000123");
        return false;
    }
    if (call->county->is_city) {
        struct wg_county *c = host_county_of(call->host, wg_case_id_area(*id));
        if (c)
            call->county = c;
    }
    return true;
}

/* The county that holds a case of another one's number, by following where it was handed over to;
 * *before, unless NULL, had it last. */
static struct wg_county *holder_of(struct call *call, uint64_t id, struct wg_county **before)
{
    struct wg_county *c = host_county_of(call->host, wg_case_id_area(id));
    for (int i = 0; c && i < WG_AREAS_MAX; i++) {
        struct wg_case rec;
        struct wg_txn *txn;
        struct wg_county *next = NULL;
        if (reader_begin(c, &txn, NULL) < 0)
            return c;
        if (wg_view_case(wg_desk_views(c->desk), txn, id, &rec) == WG_OK &&
            rec.state == WG_HANDED_OVER)
            next = host_county(call->host, rec.into);
        reader_end(c);
        if (!next)
            return c;
        if (before)
            *before = c;
        c = next;
    }
    return c;
}

/* Receiving is a step in the other county's case, taken by somebody of this one. */
static void address_handover(struct call *call, struct wg_str action, const struct wg_json *in)
{
    struct wg_county *to = host_county(call->host, wg_json_str(in, "to"));
    call->cmd.to_known = to && !to->is_city;
    if (!wg_str_is(action, "receive"))
        return;
    struct wg_county *before = NULL, *holder = holder_of(call, call->cmd.id, &before);
    if (holder == call->county) /* here already: the one before knows of a repeated key */
        holder = before;
    if (!holder || holder == call->county)
        return;
    call->cmd.from_area = wg_str_of(call->county->area);
    call->county = holder;
}

void post_action(struct call *call)
{
    struct wg_json *in;
    struct wg_str action = wg_req_param(call->req, "action");
    if (call->county->is_city) {
        refuse(call, WG_EDENIED, "",
               "the city reads its counties' cases; steps are taken in the county");
        return;
    }
    if (!path_case(call, &call->cmd.id))
        return;
    struct wg_force *f = wg_desk_force(call->county->desk);
    bool known = f->pack && wg_flow_knows(&f->pack->flow, action) && !wg_str_is(action, "report");
    wg_force_drop(f);
    if (!known) {
        refuse(call, WG_ENOENT, "", "the flow has no such action");
        return;
    }
    if (parse_body(call, false, &in) < 0)
        return;
    call->cmd.act = action;
    call->cmd.in = in;
    address_handover(call, action, in);
    call_submit(call);
}

/* Handed over: the address of now. */
static void moved_on(struct call *call, uint64_t id, struct wg_str area)
{
    char where[80], text[24];
    wg_case_id_text(id, text);
    snprintf(where, sizeof(where), "/v1/%.*s/cases/%s", WG_PRI(area), text);
    wg_reply_header(call->req, "Location", wg_arena_str(call->arena, wg_str_of(where)));
    wg_reply_problem(call->req, 308, "the case was handed over");
}

/* A case that another county offers may be read before it is received. */
static bool offered(const struct wg_county *to, const struct wg_case *c)
{
    return wg_str_is(wg_case_offered(c), to->area);
}

static int read_case(struct call *call, struct wg_county *county, uint64_t id, struct wg_buf *b,
                     struct wg_case *c, struct wg_err *err)
{
    struct wg_txn *txn;
    int rc = reader_begin(county, &txn, err);
    if (rc < 0)
        return rc;
    rc = wg_view_case(wg_desk_views(county->desk), txn, id, c);
    bool offer = rc == WG_OK && county != call->county;
    if (offer && !(call->session->roles & WG_CHIEF && offered(call->county, c)))
        rc = WG_ENOENT;
    if (rc < 0)
        wg_fail(err, rc, rc == WG_ENOENT ? "there is no such case" : "the case can't be read");
    else if (!offer && !may_see(call->session, c))
        rc = wg_fail(err, WG_EDENIED, "this case is not yours to see");
    else if (c->state == WG_HANDED_OVER)
        moved_on(call, id, c->into);
    else
        show_case(county, call->session, c, b);
    reader_end(county);
    return rc;
}

void get_case(struct call *call)
{
    struct wg_case c;
    struct wg_err err = {0};
    struct wg_buf b = WG_BUF_INIT;
    uint64_t id;
    if (!path_case(call, &id))
        return;
    int rc = read_case(call, call->county, id, &b, &c, &err);
    if (rc == WG_ENOENT && !call->county->is_city &&
        wg_case_id_area(id) != strtoul(call->county->area, NULL, 10)) {
        struct wg_county *other = holder_of(call, id, NULL);
        if (other && other != call->county)
            rc = read_case(call, other, id, &b, &c, &err);
    }
    if (rc == WG_OK && c.state == WG_HANDED_OVER)
        return;
    if (rc < 0) {
        wg_buf_free(&b);
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
        return;
    }
    reply_version(call->req, c.version);
    answer_json(call->req, 200, &b);
}

/* ---- lists: read on the pool, from a transaction of their own ---- */

struct listing {
    struct call *call;
    struct wg_county *county[WG_AREAS_MAX];
    size_t counties, at; /* the city's lists go through its counties one after the other */
    struct session session;
    struct wg_case_query q;
    struct wg_county *now;
    struct wg_buf out, next, offers;
    uint64_t counts[WG_STATES + 1]; /* tasks: of all counties, whichever the page is of */
    struct wg_str caller;
    bool tasks;
    size_t given;
    int rc;
    struct wg_err err;
};

static int list_one(void *arg, const struct wg_case *c)
{
    struct listing *l = arg;
    wg_json_sep(&l->out);
    show_case(l->now, &l->session, c, &l->out);
    l->given++;
    return wg_buf_ok(&l->out) ? WG_OK : WG_ENOMEM;
}

static int read_county(struct listing *l, struct wg_county *c, const struct wg_case_query *q,
                       struct wg_buf *next)
{
    struct wg_txn *txn = NULL;
    struct wg_views *v = wg_desk_views(c->desk);
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, &l->err);
    if (rc < 0)
        return rc;
    l->now = c;
    rc = wg_view_list(v, txn, q, list_one, l, next, &l->err);
    wg_txn_abort(txn);
    return rc;
}

static int add_id(void *arg, uint64_t id)
{
    struct wg_buf *ids = arg;
    wg_buf_add(ids, &id, sizeof(id));
    return wg_buf_ok(ids) ? WG_OK : WG_ENOMEM;
}

/* Each county has a secret of its own, so a caller is looked up in each. */
static int list_county(struct listing *l, struct wg_county *c)
{
    struct wg_buf ids = WG_BUF_INIT;
    struct wg_case_query q = l->q;
    struct wg_ids only;
    int rc = WG_OK;
    if (l->caller.n) {
        rc = wg_vault_find(wg_desk_vault(c->desk), l->caller, add_id, &ids, &l->err);
        if (rc == WG_EINVAL)
            snprintf(l->err.pointer, sizeof(l->err.pointer), "/caller");
        only = (struct wg_ids){(const uint64_t *)(const void *)ids.p, ids.n / sizeof(uint64_t)};
        q.only = &only;
    }
    if (rc == WG_OK)
        rc = read_county(l, c, &q, &l->next);
    wg_buf_free(&ids);
    return rc;
}

/* What waits in the counties that the page is not of. */
static void count_others(struct listing *l, size_t first)
{
    struct wg_buf next = WG_BUF_INIT;
    struct wg_case_query q = l->q;
    q.limit = 0;
    q.cursor = (struct wg_str){NULL, 0};
    for (size_t i = 0; l->rc == WG_OK && i < l->counties; i++)
        if (i < first || i > l->at)
            l->rc = read_county(l, l->county[i], &q, &next);
    wg_buf_free(&next);
}

struct offers {
    struct listing *l;
    const struct wg_county *from;
};

static int add_offer(void *arg, const struct wg_case *c)
{
    struct offers *o = arg;
    struct wg_buf *b = &o->l->offers;
    char id[24];
    if (!offered(o->l->call->county, c))
        return WG_OK;
    wg_case_id_text(c->id, id);
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(id));
    wg_json_kstr(b, "from", wg_str_of(o->from->area));
    wg_json_kstr(b, "category_name", c->category_name);
    wg_json_kstr(b, "address", c->address);
    wg_buf_char(b, '}');
    return WG_OK;
}

/* What the neighbours offer is a chief's to receive. */
static void list_offers(struct listing *l)
{
    struct wg_host *h = l->call->host;
    wg_buf_char(&l->offers, '[');
    for (size_t i = 0; i < h->counties; i++) {
        struct offers o = {l, h->county[i]};
        struct wg_txn *txn = NULL;
        struct wg_views *v = wg_desk_views(h->county[i]->desk);
        if (h->county[i] == l->call->county || h->county[i]->is_city ||
            wg_txn_begin(wg_views_env(v), false, &txn, NULL) < 0)
            continue;
        wg_view_offered(v, txn, add_offer, &o);
        wg_txn_abort(txn);
    }
    wg_buf_char(&l->offers, ']');
}

static void list_work(void *arg)
{
    struct listing *l = arg;
    if (l->tasks && l->session.roles & WG_CHIEF && !l->call->county->is_city)
        list_offers(l);
    size_t want = l->q.limit, first = l->at;
    for (; l->rc == WG_OK && l->at < l->counties; l->at++) {
        l->rc = list_county(l, l->county[l->at]);
        if (l->next.n || l->given >= want)
            break;
        l->q.cursor = (struct wg_str){NULL, 0};
        l->q.limit = want - l->given;
    }
    if (l->tasks)
        count_others(l, first);
}

static void list_done(void *arg)
{
    struct listing *l = arg;
    struct wg_buf b = WG_BUF_INIT;
    bool more = l->next.n || l->at + 1 < l->counties;
    if (l->rc < 0) {
        wg_buf_free(&l->out);
        wg_buf_free(&l->next);
        wg_buf_free(&l->offers);
        answer_err(l->call->req, l->rc, &l->err, (struct wg_str){NULL, 0});
        return;
    }
    wg_buf_add(&b, l->tasks ? "{\"tasks\":[" : "{\"cases\":[", 10);
    wg_buf_str_add(&b, wg_buf_str(&l->out));
    wg_buf_char(&b, ']');
    if (l->tasks) {
        wg_json_key(&b, "counts");
        wg_buf_char(&b, '{');
        for (int s = 0; s < WG_STATES; s++)
            if (l->q.states >> s & 1 && wg_state_open(s))
                wg_json_kint(&b, wg_state_name(s), (int64_t)l->counts[s]);
        if (l->q.asked)
            wg_json_kint(&b, "asked", (int64_t)l->counts[WG_STATES]);
        wg_buf_char(&b, '}');
    }
    if (l->offers.n) {
        wg_json_key(&b, "offers");
        wg_buf_str_add(&b, wg_buf_str(&l->offers));
    }
    wg_buf_free(&l->offers);
    wg_json_key(&b, "next");
    if (!more || l->counties == 0) {
        wg_buf_lit(&b, "null");
    } else {
        /* "area.cursor": which county comes next, and where in it */
        struct wg_county *c = l->county[l->next.n ? l->at : l->at + 1];
        wg_buf_fmt(&b, "\"%s.%.*s\"", c->area, (int)l->next.n, l->next.p ? l->next.p : "");
    }
    wg_buf_char(&b, '}');
    wg_buf_free(&l->out);
    wg_buf_free(&l->next);
    answer_json(l->call->req, 200, &b);
}

static bool start_cursor(struct listing *l, struct wg_str cursor)
{
    if (!cursor.n)
        return true;
    for (size_t i = 0; i < l->counties && cursor.n >= 7 && cursor.p[6] == '.'; i++) {
        if (memcmp(cursor.p, l->county[i]->area, 6) != 0)
            continue;
        l->at = i;
        l->q.cursor = (struct wg_str){cursor.p + 7, cursor.n - 7};
        return true;
    }
    refuse(l->call, WG_EINVAL, "/cursor", "is not a cursor that this list gave");
    return false;
}

/* The session's unit, and those that it took over. */
static struct wg_str own_units(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->session->county->desk);
    struct wg_buf words = WG_BUF_INIT;
    wg_ground_unit_words(f->ground, wg_str_of(call->session->unit), wg_now_ms(), &words);
    struct wg_str kept = wg_arena_str(call->arena, wg_buf_str(&words));
    wg_force_drop(f);
    wg_buf_free(&words);
    return kept;
}

static struct listing *listing_new(struct call *call)
{
    struct listing *l = WG_NEW(call->arena, struct listing);
    if (!l)
        return NULL;
    l->call = call;
    l->session = *call->session; /* the pool must not look at the loop's */
    l->q = (struct wg_case_query){.kind = -1, .limit = 100, .now_ms = wg_now_ms()};
    for (size_t i = 0; i < call->host->counties; i++)
        if (call->county->is_city ? !call->host->county[i]->is_city
                                  : call->host->county[i] == call->county)
            l->county[l->counties++] = call->host->county[i];
    struct session *s = &l->session;
    if (!(s->roles & READERS)) {
        if (s->roles & WG_UNIT_ROLE)
            l->q.seen_by_unit = own_units(call);
        else
            l->q.seen_by_collector = wg_str_of(s->user);
    }
    return l;
}

static void listing_run(struct listing *l)
{
    if (wg_pool_run(l->call->host->loop, list_work, list_done, l) < 0)
        wg_reply_problem(l->call->req, 503, "out of memory");
}

/* "a,b" of names; every one must parse. */
static bool names(struct call *call, const char *key, int (*parse)(struct wg_str), uint32_t *bits)
{
    struct wg_str s = wg_req_query(call->req, key);
    char pointer[32];
    while (s.n) {
        const char *comma = memchr(s.p, ',', s.n);
        struct wg_str name = {s.p, comma ? (size_t)(comma - s.p) : s.n};
        int i = parse(name);
        if (i < 0 || i > 31) {
            snprintf(pointer, sizeof(pointer), "/%s", key);
            refuse(call, WG_EINVAL, pointer, "holds an unknown name");
            return false;
        }
        *bits |= UINT32_C(1) << i;
        s = comma ? (struct wg_str){comma + 1, s.n - name.n - 1} : (struct wg_str){NULL, 0};
    }
    return true;
}

static int lamp_parse(struct wg_str s)
{
    for (int i = 0; i < WG_LAMPS; i++)
        if (wg_str_is(s, wg_lamp_name(i)))
            return i;
    return -1;
}

static bool read_bbox(struct call *call, struct wg_case_query *q)
{
    struct wg_str s = wg_req_query(call->req, "bbox");
    int32_t *const side[] = {&q->box.west, &q->box.south, &q->box.east, &q->box.north};
    if (!s.p)
        return true;
    for (int i = 0; i < 4; i++) {
        const char *comma = memchr(s.p, ',', s.n);
        struct wg_str n = {s.p, comma && i < 3 ? (size_t)(comma - s.p) : s.n};
        int64_t v;
        if (wg_str_fixed(n, 7, &v) < 0 || v < -1800000000 || v > 1800000000 || (i < 3 && !comma)) {
            refuse(call, WG_EINVAL, "/bbox", "must be west,south,east,north in degrees");
            return false;
        }
        *side[i] = (int32_t)v;
        if (i < 3)
            s = (struct wg_str){comma + 1, s.n - n.n - 1};
    }
    if (q->box.west > q->box.east || q->box.south > q->box.north || q->box.south < -900000000 ||
        q->box.north > 900000000) {
        refuse(call, WG_EINVAL, "/bbox",
               "must be west,south,east,north in degrees: west before east, south before north");
        return false;
    }
    q->has_box = true;
    return true;
}

static bool read_filters(struct call *call, struct wg_case_query *q)
{
    uint32_t kinds = 0;
    int64_t limit = 100;
    struct wg_str sort = wg_req_query(call->req, "sort");
    if (!names(call, "state", wg_state_parse, &q->states) ||
        !names(call, "lamp", lamp_parse, &q->lamps) ||
        !names(call, "kind", wg_kind_parse, &kinds) ||
        !names(call, "source", wg_source_parse, &q->sources) ||
        !query_int(call, "limit", 1, 1000, &limit) || !query_time(call, "from", &q->from) ||
        !query_time(call, "to", &q->to) || !read_bbox(call, q))
        return false;
    if (kinds && kinds != 3)
        q->kind = kinds == 1 ? WG_PART : WG_EVENT;
    q->limit = (size_t)limit;
    q->unit = wg_req_query(call->req, "unit");
    q->grid = wg_req_query(call->req, "grid");
    q->category = wg_req_query(call->req, "category");
    q->part = wg_req_query(call->req, "part");
    q->reporter = wg_req_query(call->req, "reporter");
    q->q = wg_req_query(call->req, "q");
    q->sort = wg_str_is(sort, "due")       ? WG_BY_DUE
              : wg_str_is(sort, "-opened") ? WG_BY_OPENED_DOWN
                                           : WG_BY_OPENED;
    if (sort.n && !wg_str_is(sort, "due") && !wg_str_is(sort, "-opened") &&
        !wg_str_is(sort, "opened")) {
        refuse(call, WG_EINVAL, "/sort", "must be opened, -opened or due");
        return false;
    }
    return true;
}

static bool known_params(struct call *call)
{
    static const char *const known[] = {"state",  "category", "kind", "unit",  "grid",   "part",
                                        "source", "reporter", "lamp", "from",  "to",     "bbox",
                                        "q",      "caller",   "sort", "limit", "cursor", NULL};
    struct wg_str name, value;
    char pointer[80];
    for (size_t i = 0; wg_req_query_at(call->req, i, &name, &value); i++) {
        size_t k = 0;
        while (known[k] && !wg_str_is(name, known[k]))
            k++;
        if (known[k])
            continue;
        snprintf(pointer, sizeof(pointer), "/%.*s", (int)(name.n < 64 ? name.n : 64), name.p);
        refuse(call, WG_EINVAL, pointer, "is no filter of this list");
        return false;
    }
    return true;
}

/* Who called is for those who took the call to know. */
static bool read_caller(struct call *call, struct listing *l)
{
    l->caller = wg_req_query(call->req, "caller");
    if (!l->caller.n || call->session->roles & (WG_ACCEPTOR | WG_CHIEF))
        return true;
    refuse(call, WG_EDENIED, "/caller", "only acceptors and chiefs look up who called");
    return false;
}

void get_cases(struct call *call)
{
    struct listing *l = listing_new(call);
    if (!l) {
        wg_reply_problem(call->req, 503, "out of memory");
        return;
    }
    if (known_params(call) && read_caller(call, l) && read_filters(call, &l->q) &&
        start_cursor(l, wg_req_query(call->req, "cursor")))
        listing_run(l);
}

/* What waits for me: cases that one of my roles answers for just now, and requests that it grants
 * or denies. */
void get_tasks(struct call *call)
{
    struct listing *l = listing_new(call);
    int64_t limit = 100;
    if (!l) {
        wg_reply_problem(call->req, 503, "out of memory");
        return;
    }
    for (int state = 0; state < WG_STATES; state++)
        if (wg_case_post(&(struct wg_case){.state = (uint8_t)state}) & call->session->roles)
            l->q.states |= UINT32_C(1) << state;
    l->q.asked = call->session->roles & (WG_DISPATCHER | WG_CHIEF | WG_LEADER | WG_REVIEWER);
    if (!query_int(call, "limit", 1, 1000, &limit) ||
        !start_cursor(l, wg_req_query(call->req, "cursor")))
        return;
    l->tasks = true;
    l->q.counts = l->counts;
    l->q.limit = (size_t)limit;
    l->q.sort = WG_BY_DUE;
    if (l->session.roles & WG_UNIT_ROLE && !(l->session.roles & READERS))
        l->q.unit = l->q.seen_by_unit;
    bool any = l->q.states || l->q.asked;
    if (!any)
        l->counties = 0; /* no step is ours: an empty list, and no page after it */
    if (any)
        listing_run(l);
    else
        list_done(l);
}
