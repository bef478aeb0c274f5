/* Part 4: features put, replaced, changed, taken out by who may (OGC 20-002). The body is read on
 * the pool into EPSG:4490; the county's desk decides, and what is answered stands in its journal.
 * An ETag names what one feature is, so edits of others do not stand in its way. */
#include "spatial.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIES 20 /* of a change without If-Match, where somebody else's comes first */

#define METHODS_CHANGE (WG_METHOD_PUT | WG_METHOD_PATCH | WG_METHOD_DELETE)

/* ---- who may ---- */

/* The city's map shows what its counties have, and each has its own desk. */
static bool is_own(const struct ask *ask, const struct collection *c)
{
    struct wg_county *span[2];
    bool city = wg_county_span(ask->self->county, span, 2) != 1 || span[0] != ask->self->county;
    return city == (strcmp(c->id, "counties") == 0);
}

bool may_edit(struct ask *ask, const struct collection *c)
{
    return c && rights_of(ask, ask->self->county, c).edits && is_own(ask, c);
}

/* False: answered. */
static bool check_editor(struct ask *ask)
{
    const struct collection *c = ask->source.collection;
    bool stranger = !(ask->roles & SIGNED_IN);
    if (may_edit(ask, c))
        return true;
    ask->status = stranger ? 401 : 403;
    snprintf(ask->err.text, sizeof(ask->err.text), "%s",
             stranger                    ? "sign in to edit"
             : strcmp(c->id, CASES) == 0 ? "cases change by the steps of their flow"
             : rights_of(ask, ask->self->county, c).edits
                 ? "edit it in the map of the area whose it is: the counties' outlines in the "
                   "city's, all else in the county's"
                 : "your roles do not edit this collection");
    if (stranger)
        wg_reply_header(ask->req, "WWW-Authenticate",
                        WG_S("Basic realm=\"wangge\", charset=\"UTF-8\""));
    ask_done(ask);
    return false;
}

static void options(struct wg_req *req, void *self, unsigned methods, unsigned writes)
{
    struct ask *ask = ask_new(req, self, NULL);
    if (!ask)
        return;
    const struct collection *c = collection_find(wg_req_param(req, "collection"));
    struct wg_buf b = WG_BUF_INIT;
    static const char *const names[] = {"GET, HEAD", "POST", "PUT", "DELETE", "PATCH"};
    methods |= may_edit(ask, c) ? writes : 0;
    for (unsigned i = 0; i < 5; i++)
        if (methods & 1u << i)
            wg_buf_fmt(&b, "%s%s", b.n ? ", " : "", names[i]);
    wg_buf_lit(&b, ", OPTIONS");
    wg_reply_header(req, "Allow", wg_buf_str(&b));
    wg_reply_header(req, "Access-Control-Allow-Methods",
                    WG_S("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    wg_reply_header(req, "Access-Control-Allow-Headers",
                    WG_S("Authorization, Content-Type, Content-Crs, If-Match, If-None-Match, "
                         "Idempotency-Key, X-CSRF-Token"));
    wg_reply_header(req, "Access-Control-Max-Age", WG_S("600"));
    wg_buf_free(&b);
    wg_buf_lit(&ask->out, "{}");
    ask_done(ask);
}

void map_items_options(struct wg_req *req, void *self)
{
    options(req, self, WG_METHOD_GET, WG_METHOD_POST);
}

void map_item_options(struct wg_req *req, void *self)
{
    options(req, self, WG_METHOD_GET, METHODS_CHANGE);
}

/* ---- ETags: what the feature is, and how it was written ---- */

struct wg_str item_tag(const struct ask *ask, uint64_t mark)
{
    return wg_arena_fmt(ask->a, "\"%016llx-%s%d\"", (unsigned long long)mark,
                        ask->form == FORM_HTML ? "h" : "j", ask->select.crs->epsg);
}

/* The mark that one of the tags names: the one that is there, where it is among them. */
static bool read_match(struct ask *ask, uint64_t there, uint64_t *mark)
{
    struct wg_str s = wg_req_header(ask->req, "if-match");
    unsigned long long v;
    char text[17];
    for (size_t k = 0; k + 17 < s.n; k++) {
        bool weak = k >= 2 && s.p[k - 1] == '/' && s.p[k - 2] == 'W';
        if (s.p[k] != '"' || weak)
            continue;
        memcpy(text, s.p + k + 1, 16);
        text[16] = '\0';
        const char *end = memchr(s.p + k + 1, '"', s.n - k - 1);
        if (strspn(text, "0123456789abcdef") == 16 && sscanf(text, "%16llx", &v) == 1 && v &&
            (!*mark || v == there))
            *mark = v;
        k = end ? (size_t)(end - s.p) : s.n;
    }
    return *mark != 0;
}

/* ---- the body, in EPSG:4490 ---- */

struct editing {
    struct ask ask;
    struct wg_edit edit;
    const struct crs *crs; /* of the body */
    bool matched;          /* the client said of what */
    int tries;
};

static bool write_position(const struct wg_json *j, const struct crs *c, struct wg_crs *made,
                           struct wg_buf *out)
{
    double v[2], lon, lat;
    const struct wg_json *n = j->child;
    for (int k = 0; k < 2; k++, n = n->next) {
        if (!n || (n->type != WG_JINT && n->type != WG_JREAL))
            return false;
        v[k] = strtod(n->str.p, NULL);
    }
    lon = v[c->north1];
    lat = v[!c->north1];
    if (made && wg_crs_to_degrees(made, lon, lat, &lon, &lat) < 0)
        return false;
    wg_buf_fmt(out, "[%.9f,%.9f]", lon, lat);
    return true;
}

/* Coordinates as deep as they are nested. */
static bool write_coordinates(const struct wg_json *j, const struct crs *c, struct wg_crs *made,
                              struct wg_buf *out)
{
    if (!j || j->type != WG_JARR)
        return false;
    if (j->child && j->child->type != WG_JARR)
        return write_position(j, c, made, out);
    bool good = true;
    wg_buf_char(out, '[');
    for (const struct wg_json *m = j->child; good && m; m = m->next) {
        wg_json_sep(out);
        good = write_coordinates(m, c, made, out);
    }
    wg_buf_char(out, ']');
    return good;
}

static bool write_geometry(struct editing *e, const struct wg_json *j, struct wg_buf *out)
{
    struct wg_crs *made = crs_take(e->crs);
    bool good = made || e->crs->degrees;
    wg_buf_char(out, '{');
    wg_json_kstr(out, "type", wg_json_str(j, "type"));
    wg_json_key(out, "coordinates");
    good = good && write_coordinates(wg_json_get(j, "coordinates"), e->crs, made, out);
    wg_buf_char(out, '}');
    crs_give(e->crs, made);
    return good;
}

static bool refuse(struct ask *ask, int status, const char *pointer, const char *text)
{
    ask_bad(ask, pointer, "%s", text);
    ask->status = status;
    return false;
}

static const struct wg_json *object(const struct wg_json *j, const char *key)
{
    const struct wg_json *m = wg_json_get(j, key);
    return m && m->type == WG_JOBJ ? m : NULL;
}

/* A whole feature. */
static bool read_feature(struct editing *e, const struct wg_json *j, struct wg_buf *out)
{
    const struct wg_json *shape = object(j, "geometry"), *props = object(j, "properties");
    const struct wg_json *said = wg_json_get(j, "properties");
    if (!wg_str_is(wg_json_str(j, "type"), "Feature"))
        return refuse(&e->ask, 422, "type", "the body is a GeoJSON Feature");
    if (!shape)
        return refuse(&e->ask, 422, "geometry", "a feature here needs a geometry");
    if (said && said->type != WG_JNULL && !props)
        return refuse(&e->ask, 422, "properties", "properties is an object, or null");
    wg_buf_lit(out, "{\"properties\":");
    if (props)
        wg_json_write(props, out);
    else
        wg_buf_lit(out, "{}");
    wg_buf_lit(out, ",\"geometry\":");
    if (!write_geometry(e, shape, out))
        return refuse(&e->ask, 422, "geometry",
                      "coordinates are numbers, and lie where their system can be used");
    wg_buf_char(out, '}');
    return true;
}

/* RFC 7396 on the properties: null takes one out, all else is set. */
static void merge_properties(const struct wg_json *was, const struct wg_json *patch,
                             struct wg_buf *out)
{
    wg_buf_char(out, '{');
    for (int pass = 0; pass < 2; pass++) {
        const struct wg_json *from = pass ? patch : was;
        for (const struct wg_json *m = from ? from->child : NULL; m; m = m->next) {
            const struct wg_json *other = wg_json_get_s(pass ? was : patch, m->key);
            const struct wg_json *v = pass ? m : other ? other : m;
            if ((pass && other) || v->type == WG_JNULL)
                continue;
            wg_json_key_str(out, m->key);
            wg_json_write(v, out);
        }
    }
    wg_buf_char(out, '}');
}

static bool find_item(struct ask *ask, size_t *i)
{
    const struct source *s = &ask->source;
    return s->members == 1 && wg_layer_by_id(s->member[0].layer, ask->id, i);
}

/* The feature as it is, with the patch in it. */
static bool read_patch(struct editing *e, const struct wg_json *patch, struct wg_buf *out)
{
    struct ask *ask = &e->ask;
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *was = NULL;
    size_t i;
    const struct wg_json *id = wg_json_get(patch, "id"), *said = wg_json_get(patch, "properties"),
                         *shape = wg_json_get(patch, "geometry");
    if (!find_item(ask, &i))
        return refuse(ask, e->matched ? 412 : 404, "", "there is no such feature");
    if (id && !(id->str.p && wg_str_eq(id->str, ask->id)))
        return refuse(ask, 422, "id", "the id of a feature stays as it is");
    if (said && said->type != WG_JOBJ)
        return refuse(ask, 422, "properties", "properties is an object of what is to change");
    if (shape && shape->type != WG_JOBJ)
        return refuse(ask, 422, "geometry", "a feature here needs a geometry");
    if (!e->matched)
        e->edit.if_mark = wg_layer_feature_mark(ask->source.member[0].layer, i);
    wg_layer_feature(ask->source.member[0].layer, i, &text);
    bool good = wg_json_parse(ask->a, wg_buf_str(&text), &was, &ask->err) == WG_OK;
    if (good) {
        wg_buf_lit(out, "{\"properties\":");
        merge_properties(wg_json_get(was, "properties"), said, out);
        wg_buf_lit(out, ",\"geometry\":");
        if (shape)
            good = write_geometry(e, shape, out) ||
                   refuse(ask, 422, "geometry",
                          "coordinates are numbers, and lie where their system can be used");
        else
            wg_json_write(wg_json_get(was, "geometry"), out);
        wg_buf_char(out, '}');
    } else {
        ask->status = 503;
    }
    wg_buf_free(&text);
    return good;
}

static void read_work(struct ask *ask)
{
    struct editing *e = (struct editing *)ask;
    struct wg_json *j = NULL;
    struct wg_buf b = WG_BUF_INIT;
    if (wg_json_parse(ask->a, wg_req_body(ask->req), &j, &ask->err) < 0) {
        ask->status = 400;
        return;
    }
    bool good = j->type != WG_JOBJ ? refuse(ask, 422, "", "the body is a GeoJSON Feature")
                : wg_req_method(ask->req) == WG_METHOD_PATCH ? read_patch(e, j, &b)
                                                             : read_feature(e, j, &b);
    if (good) {
        e->edit.feature = wg_arena_str(ask->a, wg_buf_str(&b));
        ask->status = wg_buf_ok(&b) && e->edit.feature.p ? 200 : 503;
    }
    wg_buf_free(&b);
}

/* ---- decided ---- */

static int status_of(const struct editing *e, int rc)
{
    switch (rc) {
    case WG_EINVAL:
        return 422;
    case WG_ENOENT:
        return e->matched ? 412 : 404;
    case WG_ESTALE:
        return 412;
    case WG_ESTATE:
        return 409;
    case WG_EUNAUTH:
        return 401;
    case WG_EDENIED:
        return 403;
    case WG_ENOSPC:
        return 507;
    default:
        return 503;
    }
}

static void start(struct editing *e);

static void decided(void *arg, const struct wg_edited *r)
{
    struct editing *e = arg;
    struct ask *ask = &e->ask;
    int method = wg_req_method(ask->req);
    size_t i;
    if (r->rc == WG_ESTALE && !e->matched && ++e->tries < TRIES) {
        start(e); /* somebody was quicker: on top of that */
        return;
    }
    if (r->rc < 0) {
        ask->err = r->err;
        ask->status = status_of(e, r->rc);
        ask_done(ask);
        return;
    }
    ask->id = r->id;
    uint64_t mark = r->mark;
    if (!mark && source_take(ask, ask->source.collection) && find_item(ask, &i))
        mark = wg_layer_feature_mark(ask->source.member[0].layer, i);
    if (mark && method != WG_METHOD_DELETE)
        wg_reply_header(ask->req, "ETag", item_tag(ask, mark));
    if (method == WG_METHOD_POST) {
        struct wg_buf where = WG_BUF_INIT;
        wg_buf_fmt(&where, "%.*s/collections/%s/items/", WG_PRI(ask->base),
                   ask->source.collection->id);
        write_escaped(&where, r->id);
        wg_reply_header(ask->req, "Location", wg_buf_str(&where));
        wg_buf_free(&where);
    }
    ask->status = method == WG_METHOD_POST ? 201 : 204;
    ask_done(ask);
}

static void read_done(struct ask *ask)
{
    struct editing *e = (struct editing *)ask;
    source_close(&ask->source);
    if (ask->status >= 400) {
        ask_done(ask);
        return;
    }
    wg_county_edit(ask->req, ask->self->county, &e->edit, decided, e);
}

static void start(struct editing *e)
{
    struct ask *ask = &e->ask;
    const struct collection *c = ask->source.collection;
    size_t i;
    ask->status = 200;
    source_take(ask, c);
    ask->source.collection = c;
    uint64_t there = find_item(ask, &i) ? wg_layer_feature_mark(ask->source.member[0].layer, i) : 0;
    struct wg_str match = wg_req_header(ask->req, "if-match");
    e->matched = match.n > 0;
    e->edit.if_mark = 0;
    if (match.n && !wg_str_is(match, "*") && !read_match(ask, there, &e->edit.if_mark)) {
        refuse(ask, 412, "If-Match", "If-Match names no ETag of this feature");
        ask_done(ask);
        return;
    }
    if (wg_req_method(ask->req) == WG_METHOD_DELETE) {
        source_close(&ask->source);
        wg_county_edit(ask->req, ask->self->county, &e->edit, decided, e);
        return;
    }
    ask->done = read_done;
    ask_run(ask, read_work, 0);
}

static bool type_fits(struct wg_req *req)
{
    struct wg_str type = wg_req_header(req, "content-type");
    return type.p && (memmem(type.p, type.n, "geo+json", 8) ||
                      memmem(type.p, type.n, "application/json", 16) ||
                      (wg_req_method(req) == WG_METHOD_PATCH &&
                       memmem(type.p, type.n, "merge-patch+json", 16)));
}

void map_change(struct wg_req *req, void *self)
{
    static const char *const none[] = {NULL};
    struct ask *asked = ask_new(req, self, none);
    struct editing *e;
    if (!asked)
        return;
    if (!(e = wg_arena_alloc(asked->a, sizeof(*e)))) {
        asked->status = 503;
        ask_done(asked);
        return;
    }
    e->ask = *asked;
    struct ask *ask = &e->ask;
    ask->streets = (struct wg_str){NULL, 0}; /* the host holds an editor to them */
    struct wg_str crs = wg_req_header(req, "content-crs");
    if (crs.n >= 2 && crs.p[0] == '<' && crs.p[crs.n - 1] == '>')
        crs = (struct wg_str){crs.p + 1, crs.n - 2};
    ask->select.crs = crs_at(NULL, 0);
    ask->form = FORM_JSON;
    ask->id = wg_req_param(req, "feature");
    ask->source.collection = collection_find(wg_req_param(req, "collection"));
    if (!ask->source.collection) {
        ask_missing(ask, "there is no such collection");
        return;
    }
    if (!check_editor(ask))
        return;
    int method = wg_req_method(req);
    if (method != WG_METHOD_DELETE && !type_fits(req)) {
        refuse(ask, 415, "Content-Type",
               method == WG_METHOD_PATCH ? "a patch is application/merge-patch+json"
                                         : "a feature is application/geo+json");
        ask_done(ask);
        return;
    }
    source_take(ask, ask->source.collection);
    if (crs.n && !ask_systems(ask, map_change))
        return;
    e->crs = crs.n ? crs_find(ask->source.systems, crs) : crs_at(NULL, 0);
    if (!e->crs) {
        refuse(ask, 400, "Content-Crs", "Content-Crs is one of the collection's crs list");
        ask_done(ask);
        return;
    }
    e->edit = (struct wg_edit){.collection = ask->source.collection->id,
                               .id = ask->id,
                               .must_be_there = method != WG_METHOD_POST};
    start(e);
}
