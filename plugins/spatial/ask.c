/* From a request to work on the pool, and back. */
#include "spatial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

bool ask_unchanged(struct ask *ask, struct wg_str tag, struct wg_str vary)
{
    struct wg_str had = wg_req_header(ask->req, "if-none-match");
    wg_reply_header(ask->req, "ETag", tag);
    wg_reply_header(ask->req, "Vary", vary);
    if (!had.p || !memmem(had.p, had.n, tag.p, tag.n))
        return false;
    ask->status = 304;
    ask_done(ask);
    return true;
}

void ask_finish(struct ask *ask, const char *title)
{
    if (ask->form == FORM_HTML)
        html_page(ask, title);
    ask_done(ask);
}

void ask_missing(struct ask *ask, const char *what)
{
    ask->status = 404;
    snprintf(ask->err.text, sizeof(ask->err.text), "%s", what);
    ask_done(ask);
}

void ask_end(struct ask *ask)
{
    source_close(&ask->source);
    streets_end(ask->narrow);
    ask->narrow = NULL;
}

void ask_done(struct ask *ask)
{
    struct wg_buf out = ask->out;
    ask->out = (struct wg_buf)WG_BUF_INIT;
    if (ask->goes_on && ask->status == 200)
        snapshot_keep(ask);
    ask_end(ask); /* the arena dies with the answer */
    wg_reply_header(ask->req, "Access-Control-Allow-Origin", WG_S("*"));
    wg_reply_header(ask->req, "Access-Control-Expose-Headers",
                    WG_S("Content-Crs, Link, ETag, Location"));
    if (ask->status == 304 || ask->status == 201 || ask->status == 204)
        wg_reply_empty(ask->req, ask->status);
    else if (ask->status >= 400)
        wg_reply_err(ask->req, ask->status, &ask->err, (struct wg_str){NULL, 0});
    else if (!wg_buf_ok(&out))
        wg_reply_problem(ask->req, 503, "out of memory");
    else
        wg_reply_buf(ask->req, ask->status, ask->type, &out);
    wg_buf_free(&out);
}

/* ---- to the pool ---- */

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

static void fail(struct ask *ask)
{
    ask->status = 503;
    done(ask);
}

/* Something that is being made, and who waits for it. The loop's, but for `made`. */
struct making {
    struct making *next;
    const struct kept_kind *kind;
    const struct collection *collection;
    char key[MEMBER_KEY];
    struct wg_layer *layer;
    struct kept *made;
    struct ask *waiting;
};
static struct making *makings;

static void make(void *arg)
{
    struct making *m = arg;
    m->made = kept_make(m->kind, m->key, m->collection, m->layer);
}

static void made(void *arg)
{
    struct making *m = arg, **at = &makings;
    struct ask *waiting = m->waiting;
    bool good = m->made != NULL;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    kept_drop(m->made);
    wg_layer_drop(m->layer);
    free(m);
    for (struct ask *ask = waiting, *next; ask; ask = next) {
        next = ask->next;
        if (good)
            ask_run(ask, ask->work, ask->needs); /* the next thing it needs, or the work */
        else
            fail(ask);
    }
}

static struct making *making_of(struct ask *ask, const struct kept_kind *kind,
                                const struct collection *c, const struct member *member)
{
    struct making *m = makings;
    while (m && (m->kind != kind || m->collection != c || strcmp(m->key, member->key) != 0))
        m = m->next;
    if (m || !(m = calloc(1, sizeof(*m))))
        return m;
    *m = (struct making){.next = makings, .kind = kind, .collection = c};
    wg_str_copy(m->key, sizeof(m->key), wg_str_of(member->key));
    m->layer = wg_layer_keep((struct wg_layer *)member->layer);
    makings = m;
    if (wg_county_pool(ask->self->county, make, made, m) == WG_OK)
        return m;
    makings = m->next;
    wg_layer_drop(m->layer);
    free(m);
    return NULL;
}

/* 0: it is there. 1: the ask waits for it. -1: out of memory. */
static int wait_for(struct ask *ask, const struct kept_kind *kind, const struct collection *c,
                    const struct member *member)
{
    struct kept *k = kept_find(kind, member->key, c, member->layer);
    struct making *m;
    kept_drop(k);
    if (k)
        return 0;
    if (!(m = making_of(ask, kind, c, member)))
        return -1;
    ask->next = m->waiting;
    m->waiting = ask;
    return 1;
}

static int wait_for_needs(struct ask *ask, const struct collection *only)
{
    static const struct {
        unsigned need;
        const struct kept_kind *kind;
    } known[] = {{NEEDS_TABLES, &table_kind}, {NEEDS_NAMES, &names_kind}};
    const struct collection *c;
    int rc = 0;
    for (size_t i = 0; ask->needs && rc == 0 && (c = collection_at(i)); i++) {
        if (only ? c != only : !source_take(ask, c))
            continue;
        for (size_t k = 0; k < 2 * ask->source.members && rc == 0; k++)
            if (ask->needs & known[k % 2].need)
                rc = wait_for(ask, known[k % 2].kind, c, &ask->source.member[k / 2]);
    }
    return rc;
}

void ask_run(struct ask *ask, void (*work)(struct ask *ask), unsigned needs)
{
    const struct collection *only = ask->source.collection;
    ask->work = work;
    ask->needs = needs;
    if (ask->status >= 400) {
        done(ask);
        return;
    }
    int rc = wait_for_needs(ask, only);
    if (!only) { /* all were taken, one after the other */
        source_close(&ask->source);
        ask->source.collection = NULL;
    }
    if (rc == 0 && ask->small) {
        run(ask);
        done(ask);
    } else if (rc < 0 || (rc == 0 && wg_county_pool(ask->self->county, run, done, ask) < 0)) {
        fail(ask);
    }
}

/* ---- systems: before parameters are read, since they name them ---- */

static void make_systems(void *arg)
{
    struct ask *ask = arg;
    ask->source.systems = systems_make(ask->source.box);
}

static void made_systems(void *arg)
{
    struct ask *ask = arg;
    if (!ask->source.systems) {
        fail(ask);
        return;
    }
    source_close(&ask->source);
    streets_again(ask->narrow);
    ask->again(ask->req, ask->self);
}

bool ask_systems(struct ask *ask, void (*again)(struct wg_req *req, void *self))
{
    if (ask->source.systems)
        return true;
    ask->again = again;
    if (wg_county_pool(ask->self->county, make_systems, made_systems, ask) < 0)
        fail(ask);
    return false;
}

/* ---- asking ---- */

static bool is_known(struct wg_str name, const char *const *names)
{
    for (; *names; names++)
        if (wg_str_is(name, *names))
            return true;
    return wg_str_is(name, "f");
}

/* What Accept names first; a browser names HTML before all else. */
static enum form accepted(struct wg_str accept)
{
    static const struct {
        const char *type;
        enum form form;
    } known[] = {{"text/html", FORM_HTML}, {"text/csv", FORM_CSV}, {"json", FORM_JSON}};
    enum form form = FORM_JSON;
    size_t first = accept.n;
    for (size_t i = 0; accept.p && i < sizeof(known) / sizeof(known[0]); i++) {
        const char *at = memmem(accept.p, accept.n, known[i].type, strlen(known[i].type));
        if (!at || (size_t)(at - accept.p) >= first)
            continue;
        first = (size_t)(at - accept.p);
        form = known[i].form;
    }
    return form;
}

/* f says more than Accept. CSV is only for items. */
static bool read_form(struct ask *ask, bool items)
{
    struct wg_str f = wg_req_query(ask->req, "f");
    if (!f.p)
        ask->form = accepted(wg_req_header(ask->req, "accept"));
    else if (wg_str_is(f, "json") || wg_str_is(f, "geojson"))
        ask->form = FORM_JSON;
    else if (wg_str_is(f, "html"))
        ask->form = FORM_HTML;
    else if (wg_str_is(f, "csv") && items)
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
        streets_end(streets_begin(req));
        wg_reply_problem(req, 503, "out of memory");
        return NULL;
    }
    ask->req = req;
    ask->self = self;
    ask->a = a;
    ask->roles = wg_req_roles(req);
    ask->streets = wg_req_streets(req);
    ask->narrow = streets_begin(req);
    ask->status = 200;
    ask->type = "application/json";
    ask->base = wg_arena_fmt(a, "%.*s/ogc/%s", WG_PRI(wg_req_base(req)), ask->self->area);
    rights_learn(ask);
    bool good = read_form(ask, !names);
    for (size_t i = 0; good && names && wg_req_query_at(req, i, &name, &value); i++)
        if (!is_known(name, names))
            good = ask_bad(ask, "", "%.*s is not a parameter here", name.n < 60 ? (int)name.n : 60,
                           name.p);
    if (good)
        return ask;
    ask_done(ask);
    return NULL;
}

bool ask_collection(struct ask *ask)
{
    const struct collection *c = collection_find(wg_req_param(ask->req, "collection"));
    int taken = c ? source_try(ask, c) : 0;
    if (taken > 0)
        return true;
    bool shut = taken < 0, stranger = !(ask->roles & SIGNED_IN);
    ask->status = !shut ? 404 : stranger ? 401 : 403;
    snprintf(ask->err.text, sizeof(ask->err.text), "%s",
             shut && stranger ? "this collection is not public; sign in"
             : shut           ? "your roles do not see this collection"
             : c              ? "nothing has been loaded for this collection yet"
                              : "there is no such collection");
    if (shut && stranger)
        wg_reply_header(ask->req, "WWW-Authenticate",
                        WG_S("Basic realm=\"wangge\", charset=\"UTF-8\""));
    ask_done(ask);
    return false;
}
