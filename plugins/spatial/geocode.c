/* Geocoding: a text to places, a point to what is there. */
#include "names.h"

#define QUERY_MAX 64 /* units */
#define LIMIT 50
#define REACH_M 2000.0

/* Without what may not be shown. */
static void write_shown(struct ask *ask, const struct member *m, struct wg_str props)
{
    struct wg_json *j = NULL;
    wg_json_key(&ask->out, "properties");
    wg_buf_char(&ask->out, '{');
    if (wg_json_parse(ask->a, props, &j, NULL) == WG_OK)
        for (const struct wg_json *v = j->child; v; v = v->next)
            if (rights_show(&m->rights, v->key)) {
                wg_json_key_str(&ask->out, v->key);
                wg_json_write(v, &ask->out);
            }
    wg_buf_char(&ask->out, '}');
}

/* Are unit grids theirs to see, wherever they lie? */
static bool sees_grids(struct ask *ask)
{
    struct wg_county *span[SPAN_MAX];
    size_t n = wg_county_span(ask->self->county, span, SPAN_MAX);
    bool all = true;
    while (n > 0 && all) {
        struct rights r = rights_of(ask, span[--n], collection_find(WG_S("grids")));
        all = r.sees && !r.narrow;
    }
    return all;
}

static void write_candidate(struct ask *ask, const struct member *m, size_t i, bool grids)
{
    struct wg_buf *b = &ask->out;
    struct wg_feature f;
    wg_layer_at(m->layer, i, &f);
    wg_json_kstr(b, "id", f.id);
    wg_json_kstr(b, "name", f.name);
    wg_json_key(b, "location");
    wg_layer_geometry(m->layer, i, b);
    write_shown(ask, m, f.props);
    wg_json_key(b, "place");
    if (grids) {
        wg_ground_place(m->ground, f.at, b);
        return;
    }
    wg_buf_char(b, '{');
    wg_json_kstr(b, "county", wg_str_of(m->area));
    wg_buf_char(b, '}');
}

static void text_work(struct ask *ask)
{
    struct candidate best[LIMIT];
    bool grids = sees_grids(ask);
    struct wg_buf text = WG_BUF_INIT;
    uint16_t letters[QUERY_MAX];
    size_t count = 0, m = 0, spelled = 0;
    wg_plain(ask->id, &text);
    const uint16_t *q = (const uint16_t *)text.p;
    m = text.n / 2 < QUERY_MAX ? text.n / 2 : QUERY_MAX;
    while (m && q[m - 1] == ' ')
        m--;
    for (size_t k = 0; k < m; k++) /* "yang zhi lu" is one word of pinyin */
        if (q[k] != ' ' && q[k] != '\'')
            letters[spelled++] = q[k];
    bool latin = spelled > 0;
    for (size_t k = 0; k < spelled; k++)
        latin &= letters[k] < 0x80;
    struct question asked = {q, letters, m, spelled, latin};
    for (size_t k = 0; k < ask->source.members && ask->status == 200; k++)
        if (!names_search(ask, k, &asked, best, &count))
            ask->status = 503;
    wg_buf_lit(&ask->out, "{\"candidates\":[");
    for (size_t k = 0; k < count; k++) {
        wg_json_sep(&ask->out);
        wg_buf_lit(&ask->out, "{\"score\":");
        wg_buf_fixed(&ask->out, (int64_t)(best[k].score * 1000 + 0.5), 3);
        write_candidate(ask, &ask->source.member[best[k].member], best[k].i, grids);
        wg_buf_char(&ask->out, '}');
    }
    wg_buf_lit(&ask->out, "]}");
    wg_buf_free(&text);
}

/* ---- asked by place ---- */

/* The area that holds the place, of those that may be seen. */
static void write_area(struct ask *ask, const char *collection, const char *key, struct wg_point p)
{
    struct source *s = &ask->source;
    struct wg_feature f;
    size_t i;
    if (!source_take(ask, collection_find(wg_str_of(collection))))
        return;
    for (size_t k = 0; k < s->members; k++) {
        if (!wg_layer_find(s->member[k].layer, p, &i) || !wg_layer_at(s->member[k].layer, i, &f))
            continue;
        wg_json_key(&ask->out, key);
        wg_buf_char(&ask->out, '{');
        wg_json_kstr(&ask->out, "id", f.id);
        if (rights_show(&s->member[k].rights, WG_S("name")))
            wg_json_kstr(&ask->out, "name", f.name);
        wg_buf_char(&ask->out, '}');
        return;
    }
}

static void point_work(struct ask *ask)
{
    static const char *const areas[][2] = {{"counties", "county"},
                                           {"streets", "street"},
                                           {"communities", "community"},
                                           {"grids", "grid"}};
    struct wg_point p = {ask->select.hull.west, ask->select.hull.south};
    struct wg_near near[LIMIT];
    bool grids = sees_grids(ask);
    struct wg_buf *b = &ask->out;
    wg_buf_lit(b, "{\"candidates\":[");
    for (size_t k = 0; k < ask->source.members; k++) {
        const struct member *m = &ask->source.member[k];
        size_t n = wg_layer_near(m->layer, p, REACH_M, near, (size_t)ask->select.limit);
        for (size_t c = 0; c < n; c++) {
            wg_json_sep(b);
            wg_buf_lit(b, "{\"distance\":");
            wg_buf_fixed(b, (int64_t)(near[c].distance_m * 10 + 0.5), 1);
            write_candidate(ask, m, near[c].i, grids);
            wg_buf_char(b, '}');
        }
    }
    wg_buf_char(b, ']');
    wg_json_key(b, "place");
    wg_buf_char(b, '{');
    for (size_t c = 0; c < sizeof(areas) / sizeof(areas[0]); c++)
        write_area(ask, areas[c][0], areas[c][1], p);
    wg_buf_lit(b, "}}");
}

void map_geocode(struct wg_req *req, void *self)
{
    static const char *const names[] = {"q", "lon", "lat", "limit", NULL};
    struct ask *ask = ask_new(req, self, names);
    struct wg_str limit, lon, lat;
    int64_t x = 0, y = 0;
    if (!ask)
        return;
    ask->id = wg_req_query(req, "q");
    ask->select.limit = 10;
    limit = wg_req_query(req, "limit");
    lon = wg_req_query(req, "lon");
    lat = wg_req_query(req, "lat");
    bool good = true;
    if (limit.p && (wg_str_int(limit, &ask->select.limit) < 0 || ask->select.limit < 1 ||
                    ask->select.limit > LIMIT))
        good = ask_bad(ask, "limit", "limit is a whole number from 1 to %d", LIMIT);
    else if (!ask->id.p && (wg_str_fixed(lon, 7, &x) < 0 || wg_str_fixed(lat, 7, &y) < 0 ||
                            x < -1800000000 || x > 1800000000 || y < -900000000 || y > 900000000))
        good =
            ask_bad(ask, ask->id.p ? "q" : "lon", "ask by q, a text, or by lon and lat in degrees");
    else if (ask->id.p && ask->id.n == 0)
        good = ask_bad(ask, "q", "q is empty");
    if (!good) {
        ask_done(ask);
        return;
    }
    source_take(ask, collection_find(WG_S("places")));
    ask->select.hull = (struct wg_box){(int32_t)x, (int32_t)y, 0, 0};
    ask_run(ask, ask->id.p ? text_work : point_work, ask->id.p ? NEEDS_NAMES : 0);
}
