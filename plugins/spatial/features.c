/* Items: which they are, how many, a page of them. A place is a feature's position on its layer's
 * curve, members one after the other: pages follow it, so that the next costs no more than the
 * first. */
#include "cql.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SMALL 64 /* features that are written on the loop */

struct page {
    struct ask *ask;
    struct found *list;
    size_t n, cap; /* of the list */
    uint64_t skip;
    uint64_t passed; /* the place to go on from */
    uint64_t matched;
    uint64_t looked; /* at features one by one */
    int64_t until_ms;
    bool more, failed, late;
};

/* ---- which ---- */

static struct wg_box select_hull(const struct select *q)
{
    struct wg_box a = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX},
                  b = q->run ? cql_hull(q->run) : a;
    if (q->boxed)
        a = q->hull;
    return (struct wg_box){a.west > b.west ? a.west : b.west, a.south > b.south ? a.south : b.south,
                           a.east < b.east ? a.east : b.east,
                           a.north < b.north ? a.north : b.north};
}

static void add_found(struct page *p, size_t member, size_t i)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 256;
        struct found *list = realloc(p->list, cap * sizeof(*list));
        if (!list) {
            p->failed = true;
            return;
        }
        p->list = list;
        p->cap = cap;
    }
    p->list[p->n++] = (struct found){(uint32_t)member, (uint32_t)i};
}

/* A selection may be dear, and others want the pool, too. */
static bool is_late(struct page *p)
{
    p->late |= ++p->looked % 256 == 0 && wg_now_ms() > p->until_ms;
    return p->late;
}

/* Those of one member. want: how many to keep; count: all of them are to be counted. */
static void scan_member(struct page *p, size_t member, uint64_t before, uint64_t want, bool count,
                        struct wg_crs *crs)
{
    const struct ask *ask = p->ask;
    const struct select *q = &ask->select;
    const struct wg_layer *layer = ask->source.member[member].layer;
    uint64_t skip = q->after > before ? q->after - before : 0;
    struct wg_scan scan = {layer, select_hull(q), 0};
    struct wg_run run;
    bool simple = select_simple(q);
    if (!count)
        scan.at = skip < wg_layer_places(layer) ? (uint32_t)skip : (uint32_t)wg_layer_places(layer);
    while (wg_scan_next(&scan, &run) && !p->failed) {
        bool all = simple && run.inside;
        uint32_t from = run.from;
        if (all && p->skip > 0) { /* at once */
            uint32_t jump = p->skip < run.to - from ? (uint32_t)p->skip : run.to - from;
            p->skip -= jump;
            from += jump;
        }
        for (uint32_t k = from; k < run.to && !(all && p->n >= want); k++) {
            size_t i = wg_layer_along(layer, k);
            if (!all && is_late(p))
                return;
            if (!all && !select_matches(ask, member, i, run.inside, crs))
                continue;
            p->matched += !all;
            if (k < skip)
                continue;
            if (p->skip > 0) {
                p->skip--;
                continue;
            }
            if (p->n >= want) {
                p->more = true;
                if (!count)
                    return;
                continue;
            }
            add_found(p, member, i);
            p->passed = before + k + 1;
        }
        if (all) {
            p->matched += run.to - run.from;
            p->more |= p->n >= want && before + run.to > p->passed && before + run.to > q->after;
            if (p->more && !count)
                return;
        }
    }
}

static void scan_all(struct page *p, uint64_t want, bool count)
{
    struct ask *ask = p->ask;
    struct wg_crs *crs = ask->select.boxed ? crs_take(ask->select.box_crs) : NULL;
    uint64_t before = 0;
    for (size_t k = 0; k < ask->source.members && !(p->more && !count) && !p->late; k++) {
        uint64_t n = wg_layer_places(ask->source.member[k].layer);
        if (count || before + n > ask->select.after)
            scan_member(p, k, before, want, count, crs);
        before += n;
    }
    crs_give(ask->select.box_crs, crs);
}

/* ---- in order ---- */

struct key {
    int kind; /* nothing comes last */
    double num;
    struct wg_str text;
};
struct sorted {
    struct found found;
    struct key *key;
};

static struct key key_of(const struct ask *ask, struct found f, size_t k)
{
    const struct source *s = &ask->source;
    const struct member *m = &s->member[f.member];
    bool is_id = wg_str_is(ask->select.sort[k].name, "id");
    int own = is_id ? 0 : source_own(s, f.member, (size_t)ask->select.sort[k].field);
    struct wg_feature feature;
    if (own == 0) {
        wg_layer_at(m->layer, f.i, &feature);
        return (struct key){2, 0, is_id ? feature.id : feature.name};
    }
    struct wg_str v = own > 0 ? table_value(m->table, f.i, (size_t)own) : (struct wg_str){NULL, 0};
    char text[64];
    if (!v.n || v.p[0] == 'n')
        return (struct key){3, 0, {NULL, 0}};
    if (v.p[0] == '"' || v.p[0] == '{' || v.p[0] == '[' || wg_str_copy(text, sizeof(text), v) < 0)
        return (struct key){2, 0, v};
    if (v.p[0] == 't' || v.p[0] == 'f')
        return (struct key){0, v.p[0] == 't', {NULL, 0}};
    return (struct key){1, strtod(text, NULL), {NULL, 0}};
}

static int compare(const void *x, const void *y, void *arg)
{
    const struct select *q = arg;
    const struct sorted *a = x, *b = y;
    for (size_t k = 0; k < q->sorts; k++) {
        const struct key *s = &a->key[k], *t = &b->key[k];
        int order = (s->kind > t->kind) - (s->kind < t->kind);
        if (!order)
            order =
                s->kind == 2 ? wg_str_cmp(s->text, t->text) : (s->num > t->num) - (s->num < t->num);
        if (order)
            return q->sort[k].down ? -order : order;
    }
    int order = (a->found.member > b->found.member) - (a->found.member < b->found.member);
    return order ? order : (a->found.i > b->found.i) - (a->found.i < b->found.i);
}

/* All are found, then put in order; a token tells how many have been shown. */
static void sort_page(struct page *p)
{
    struct select *q = &p->ask->select;
    uint64_t from = q->after, to;
    q->after = 0;
    scan_all(p, UINT64_MAX, true);
    struct sorted *all = malloc((p->n + 1) * sizeof(*all));
    struct key *keys = malloc((p->n + 1) * q->sorts * sizeof(*keys));
    p->failed |= !all || !keys;
    for (size_t n = 0; !p->failed && n < p->n; n++) {
        all[n].found = p->list[n];
        all[n].key = keys + n * q->sorts;
        for (size_t k = 0; k < q->sorts; k++)
            all[n].key[k] = key_of(p->ask, p->list[n], k);
    }
    if (!p->failed)
        qsort_r(all, p->n, sizeof(*all), compare, q);
    from = from < p->n ? from : p->n;
    to = from + (uint64_t)q->limit < p->n ? from + (uint64_t)q->limit : p->n;
    p->more = to < p->n;
    p->passed = to;
    p->n = 0;
    for (uint64_t k = from; k < to && !p->failed; k++)
        p->list[p->n++] = all[k].found;
    free(all);
    free(keys);
}

static void find_page(struct page *p)
{
    const struct select *q = &p->ask->select;
    if (q->sorts)
        sort_page(p);
    else
        scan_all(p, (uint64_t)q->limit, !q->goes_on);
    if (q->goes_on && !q->sorts)
        p->matched = q->matched;
}

/* ---- written ---- */

/* The request again, with another token. */
static void write_next(const struct page *p, struct wg_buf *b)
{
    struct wg_str name, value;
    struct ask *ask = p->ask;
    wg_buf_fmt(b, "%.*s/collections/%s/items?", WG_PRI(ask->base), ask->source.collection->id);
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++) {
        if (wg_str_is(name, "after"))
            continue;
        write_escaped(b, name);
        wg_buf_char(b, '=');
        write_escaped(b, value);
        wg_buf_char(b, '&');
    }
    wg_buf_fmt(b, "after=%016llx-%llu-%llu", (unsigned long long)ask->source.mark,
               (unsigned long long)p->passed, (unsigned long long)p->matched);
}

static void write_page_links(const struct page *p)
{
    struct ask *ask = p->ask;
    struct wg_buf next = WG_BUF_INIT, *b = &ask->out;
    write_links(ask, "application/geo+json", true);
    write_link(
        b, "collection", "application/json",
        wg_arena_fmt(ask->a, "%.*s/collections/%s", WG_PRI(ask->base), ask->source.collection->id));
    ask->goes_on = p->more;
    if (p->more) {
        write_next(p, &next);
        write_link(b, "next", "application/geo+json", wg_buf_str(&next));
        wg_buf_clear(&next);
    }
    wg_buf_char(b, ']');
    wg_buf_free(&next);
}

static void write_json(const struct page *p, struct wg_crs *crs)
{
    struct ask *ask = p->ask;
    struct wg_buf *b = &ask->out;
    wg_buf_lit(b, "{\"type\":\"FeatureCollection\"");
    write_shifted(b, ask->select.crs);
    wg_json_ktime(b, "timeStamp", wg_now_ms());
    wg_json_kint(b, "numberMatched", (int64_t)p->matched);
    wg_json_kint(b, "numberReturned", (int64_t)p->n);
    write_page_links(p);
    wg_buf_lit(b, ",\"features\":[");
    for (size_t k = 0; k < p->n; k++) {
        const struct member *m = &ask->source.member[p->list[k].member];
        if (k)
            wg_buf_char(b, ',');
        write_feature(ask, m, p->list[k].member, p->list[k].i, crs, b);
        wg_buf_char(b, '}');
    }
    wg_buf_lit(b, "]}");
    ask->type = "application/geo+json";
}

void items_work(struct ask *ask)
{
    struct page p = {
        .ask = ask, .skip = ask->select.skip, .until_ms = wg_now_ms() + ask->self->patience_ms};
    struct wg_crs *crs = NULL;
    if (!source_open(ask) || !select_bind(ask))
        return;
    find_page(&p);
    crs = crs_take(ask->select.crs);
    if (p.late) {
        ask_bad(ask, ask->select.filter ? "filter" : "bbox",
                "this takes longer than %lld ms; a smaller bbox makes it quicker",
                (long long)ask->self->patience_ms);
        ask->status = 503;
    } else if (p.failed || (!crs && !ask->select.crs->degrees))
        ask->status = 503;
    else if (ask->form == FORM_CSV)
        write_csv(ask, p.list, p.n, crs);
    else if (ask->form == FORM_GML)
        wfs_write(ask, p.list, p.n, p.matched, crs);
    else
        write_json(&p, crs);
    crs_give(ask->select.crs, crs);
    free(p.list);
    cql_run_free(ask->select.run);
    if (ask->form == FORM_HTML && ask->status < 400)
        html_page(ask, ask->source.collection->title);
}

static void say_crs(struct ask *ask)
{
    struct wg_str uri = wg_arena_fmt(ask->a, "<%s>", ask->select.crs->uri);
    wg_reply_header(ask->req, "Content-Crs", uri);
}

/* Answered already, where the client has this very page. */
static bool unchanged(struct ask *ask)
{
    uint64_t h = ask->source.mark ^ (uint64_t)ask->form;
    struct wg_str name, value;
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++)
        for (size_t k = 0; k <= name.n + value.n; k++)
            h = (h ^ (unsigned char)(k < name.n    ? name.p[k]
                                     : k == name.n ? '='
                                                   : value.p[k - name.n - 1])) *
                1099511628211u;
    struct wg_str tag = wg_arena_fmt(ask->a, "\"%016llx\"", (unsigned long long)h);
    return ask_unchanged(ask, tag, WG_S("Accept, Accept-Encoding"));
}

/* A few points of a box: some microseconds, where the pool's threads take twice as many to wake. */
static bool is_small(const struct ask *ask)
{
    const struct select *q = &ask->select;
    return ask->source.shape == WG_POINTS && ask->source.members == 1 && ask->form == FORM_JSON &&
           q->limit <= SMALL && !q->sorts && !q->equals && q->crs->degrees && select_simple(q);
}

void map_items(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, NULL);
    if (!ask || !ask_collection(ask) || !ask_systems(ask, map_items))
        return;
    if (!select_read(ask)) {
        ask_done(ask);
        return;
    }
    if (unchanged(ask))
        return;
    say_crs(ask);
    ask->small = is_small(ask);
    ask_run(ask, items_work, NEEDS_TABLES);
}

/* ---- one ---- */

static void item_work(struct ask *ask)
{
    struct source *s = &ask->source;
    struct wg_crs *crs;
    size_t member = 0, i = 0;
    if (!source_open(ask))
        return;
    while (member < s->members && !wg_layer_by_id(s->member[member].layer, ask->id, &i))
        member++;
    if (member == s->members) {
        ask->status = 404;
        snprintf(ask->err.text, sizeof(ask->err.text), "there is no such feature");
        return;
    }
    crs = crs_take(ask->select.crs);
    write_feature(ask, &s->member[member], member, i, crs, &ask->out);
    crs_give(ask->select.crs, crs);
    write_shifted(&ask->out, ask->select.crs);
    write_links(ask, "application/geo+json", false);
    write_link(&ask->out, "collection", "application/json",
               wg_arena_fmt(ask->a, "%.*s/collections/%s", WG_PRI(ask->base), s->collection->id));
    wg_buf_lit(&ask->out, "]}");
    ask->type = "application/geo+json";
    if (ask->form == FORM_HTML)
        html_page(ask, s->collection->title);
}

/* By the feature's own mark, so that an editor's tag outlives edits of others. */
static bool item_unchanged(struct ask *ask)
{
    struct wg_str tag = {NULL, 0};
    size_t i;
    for (size_t k = 0; k < ask->source.members && !tag.p; k++)
        if (wg_layer_by_id(ask->source.member[k].layer, ask->id, &i))
            tag = item_tag(ask, wg_layer_feature_mark(ask->source.member[k].layer, i));
    return tag.p && ask_unchanged(ask, tag, WG_S("Accept, Accept-Encoding"));
}

void map_item(struct wg_req *req, void *self)
{
    static const char *const names[] = {"crs", NULL};
    struct ask *ask = ask_new(req, self, names);
    if (!ask || !ask_collection(ask) || !ask_systems(ask, map_item))
        return;
    struct wg_str uri = wg_req_query(req, "crs");
    ask->select.crs = uri.p ? crs_find(ask->source.systems, uri) : crs_at(NULL, 0);
    ask->id = wg_req_param(req, "feature");
    if (!ask->select.crs) {
        ask_bad(ask, "crs", "crs is one of the collection's crs list, as a URI");
        ask_done(ask);
        return;
    }
    if (item_unchanged(ask))
        return;
    say_crs(ask);
    ask_run(ask, item_work, NEEDS_TABLES);
}
