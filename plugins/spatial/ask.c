/* From a request to work on the pool, and back. */
#include "spatial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- collections ---- */

static const struct collection list[] = {
    {"counties", "县区", "县级行政区域的界线", true},
    {"streets", "街道", "街道、乡镇的界线", true},
    {"communities", "社区", "社区、村的界线", true},
    {"grids", "单元网格", "单元网格（GB/T 30428.1）", true},
    {"places", "地名地址", "地名、门楼牌、兴趣点", true},
    {"duties", "责任网格", "责任区域及其责任单位", false},
    {"parts", "部件", "城市部件：井盖、路灯、行道树等", false},
};

const struct collection *collection_at(size_t i)
{
    return i < sizeof(list) / sizeof(list[0]) ? &list[i] : NULL;
}

const struct collection *collection_find(struct wg_str id)
{
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (wg_str_is(id, list[i].id))
            return &list[i];
    return NULL;
}

/* ---- answering ---- */

bool ask_bad(struct ask *ask, const char *name, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(ask->err.text, sizeof(ask->err.text), fmt, args);
    va_end(args);
    snprintf(ask->err.pointer, sizeof(ask->err.pointer), "%s%s", name[0] ? "/" : "", name);
    ask->err.code = WG_EINVAL;
    ask->status = 400;
    return false;
}

void source_close(struct source *s)
{
    for (size_t k = 0; k < s->members; k++) {
        table_drop(s->member[k].table);
        wg_ground_drop(s->member[k].ground);
    }
    s->members = 0;
}

void ask_done(struct ask *ask)
{
    struct wg_buf out = ask->out;
    ask->out = (struct wg_buf)WG_BUF_INIT;
    source_close(&ask->source); /* the arena dies with the answer */
    wg_reply_header(ask->req, "Access-Control-Allow-Origin", WG_S("*"));
    wg_reply_header(ask->req, "Access-Control-Expose-Headers",
                    WG_S("Content-Crs, Link, ETag, Location"));
    if (ask->status == 304)
        wg_reply_empty(ask->req, 304);
    else if (ask->status >= 400)
        wg_reply_err(ask->req, ask->status, &ask->err, (struct wg_str){NULL, 0});
    else if (!wg_buf_ok(&out))
        wg_reply_problem(ask->req, 503, "out of memory");
    else
        wg_reply_buf(ask->req, ask->status, ask->type, &out);
    wg_buf_free(&out);
}

static void run(void *arg)
{
    struct ask *ask = arg;
    ask->work(ask);
}

static void done(void *arg)
{
    struct ask *ask = arg;
    (ask->done ? ask->done : ask_done)(ask);
}

void ask_run(struct ask *ask, void (*work)(struct ask *ask))
{
    ask->work = work;
    if (ask->status < 400 && wg_county_pool(ask->self->county, run, done, ask) == WG_OK)
        return;
    if (ask->status < 400)
        ask->status = 503;
    done(ask);
}

/* ---- asking ---- */

static bool is_known(struct wg_str name, const char *const *names)
{
    for (; *names; names++)
        if (wg_str_is(name, *names))
            return true;
    return wg_str_is(name, "f");
}

static bool takes(struct wg_str accept, const char *type)
{
    return accept.p && memmem(accept.p, accept.n, type, strlen(type)) != NULL;
}

/* f says more than Accept; a browser takes HTML before all else. */
static bool read_form(struct ask *ask)
{
    struct wg_str f = wg_req_query(ask->req, "f"), accept = wg_req_header(ask->req, "accept");
    if (!f.p)
        ask->form = takes(accept, "text/html")  ? FORM_HTML
                    : takes(accept, "text/csv") ? FORM_CSV
                                                : FORM_JSON;
    else if (wg_str_is(f, "json") || wg_str_is(f, "geojson"))
        ask->form = FORM_JSON;
    else if (wg_str_is(f, "html"))
        ask->form = FORM_HTML;
    else if (wg_str_is(f, "csv"))
        ask->form = FORM_CSV;
    else
        return ask_bad(ask, "f", "f is json, html or, of items, csv");
    return true;
}

struct ask *ask_new(struct wg_req *req, void *self, const char *const *names)
{
    struct wg_arena *a = wg_req_arena(req);
    struct ask *ask = wg_arena_alloc(a, sizeof(*ask));
    struct wg_str name, value;
    if (!ask) {
        wg_reply_problem(req, 503, "out of memory");
        return NULL;
    }
    ask->req = req;
    ask->self = self;
    ask->a = a;
    ask->roles = wg_req_roles(req);
    ask->status = 200;
    ask->type = "application/json";
    ask->base = wg_arena_fmt(a, "%.*s/ogc/%s", WG_PRI(wg_req_base(req)), ask->self->area);
    bool good = read_form(ask);
    for (size_t i = 0; good && names && wg_req_query_at(req, i, &name, &value); i++)
        if (!is_known(name, names))
            good = ask_bad(ask, "", "%.*s is not a parameter here", name.n < 60 ? (int)name.n : 60,
                           name.p);
    if (good)
        return ask;
    ask_done(ask);
    return NULL;
}

static bool may_see(const struct ask *ask, const struct collection *c)
{
    return c->open || (ask->roles & ~(uint32_t)WG_PUBLIC);
}

struct wg_box box_joined(struct wg_box a, struct wg_box b)
{
    return (struct wg_box){a.west < b.west ? a.west : b.west, a.south < b.south ? a.south : b.south,
                           a.east > b.east ? a.east : b.east,
                           a.north > b.north ? a.north : b.north};
}

static void add_member(struct source *s, struct wg_county *county)
{
    struct wg_ground *g = wg_county_ground(county);
    const struct wg_layer *layer = wg_ground_layer(g, s->collection->id);
    struct member *m = &s->member[s->members];
    if (!layer) {
        wg_ground_drop(g);
        return;
    }
    m->ground = g;
    m->layer = layer;
    wg_str_copy(m->area, sizeof(m->area), wg_str_of(wg_county_area(county)));
    if (s->members++ == 0)
        s->box = wg_layer_box(layer);
    s->box = box_joined(s->box, wg_layer_box(layer));
    s->shape = wg_layer_shape(layer);
    s->count += wg_layer_count(layer);
    s->mark = s->mark * 0x9e3779b97f4a7c15u + wg_layer_mark(layer);
}

bool source_take(struct ask *ask, const struct collection *c)
{
    struct source *s = &ask->source;
    struct wg_county *span[SPAN_MAX];
    size_t n = wg_county_span(ask->self->county, span, SPAN_MAX);
    source_close(s);
    *s = (struct source){.collection = c, .shape = -1};
    if (!may_see(ask, c))
        return false;
    if (wg_str_is(wg_str_of(s->collection->id), "counties")) /* the city's, for all */
        add_member(s, ask->self->county);
    else
        for (size_t i = 0; i < n; i++)
            add_member(s, span[i]);
    return s->members > 0;
}

bool ask_collection(struct ask *ask)
{
    const struct collection *c = collection_find(wg_req_param(ask->req, "collection"));
    if (c && source_take(ask, c))
        return true;
    bool shut = c && !may_see(ask, c);
    ask->status = shut ? 401 : 404;
    snprintf(ask->err.text, sizeof(ask->err.text), "%s",
             shut ? "this collection is not public; sign in"
             : c  ? "nothing has been loaded for this collection yet"
                  : "there is no such collection");
    if (shut)
        wg_reply_header(ask->req, "WWW-Authenticate",
                        WG_S("Basic realm=\"wangge\", charset=\"UTF-8\""));
    ask_done(ask);
    return false;
}

/* ---- on the pool ---- */

static size_t add_field(struct source *s, const struct field *f)
{
    size_t k = 0;
    while (k < s->fields && !wg_str_eq(s->field[k].key, f->key))
        k++;
    if (k == FIELDS_MAX)
        return k;
    if (k == s->fields)
        s->field[s->fields++] = *f;
    else if (s->field[k].type != f->type && f->type != FIELD_NONE)
        s->field[k].type = s->field[k].type == FIELD_NONE ? f->type : FIELD_MIXED;
    return k;
}

bool source_open(struct ask *ask)
{
    struct source *s = &ask->source;
    for (size_t k = 0; k < s->members; k++) {
        struct member *m = &s->member[k];
        if (!m->table && !(m->table = table_of(m->area, s->collection->id, m->layer))) {
            ask->status = 503;
            return false;
        }
    }
    return source_fields(s);
}

bool source_fields(struct source *s)
{
    memset(s->field_in, 0xff, sizeof(s->field_in));
    for (size_t k = 0; k < s->members; k++) {
        struct member *m = &s->member[k];
        for (size_t f = 0; f < m->table->fields; f++) {
            size_t at = add_field(s, &m->table->field[f]);
            if (at < FIELDS_MAX)
                s->field_in[k][at] = (int16_t)f;
        }
    }
    return true;
}

int source_field(const struct source *s, struct wg_str name)
{
    for (size_t k = 0; k < s->fields; k++)
        if (wg_str_eq(s->field[k].key, name))
            return (int)k;
    return -1;
}
