/* What was written as JSON, as a page: objects are tables, links are links, features are rows, so
 * that every answer has one and none can lag behind. A page about a place has a map, too, where the
 * browser can draw one; nothing is in the map alone. */
#include "spatial.h"

#include <stdio.h>

static void write_href(struct wg_buf *b, struct wg_str href, struct wg_str text)
{
    wg_buf_lit(b, "<a href=\"");
    wg_buf_xml(b, href);
    wg_buf_lit(b, "\">");
    wg_buf_xml(b, text);
    wg_buf_lit(b, "</a>");
}

/* A link of ours, to its page. */
static void write_page_link(struct wg_buf *b, const struct wg_json *link)
{
    struct wg_str href = wg_json_str(link, "href"), rel = wg_json_str(link, "rel"),
                  title = wg_json_str(link, "title");
    write_href(b, href, title.n ? title : rel);
    wg_buf_fmt(b, " <small>%.*s</small>", WG_PRI(wg_json_str(link, "type")));
}

static void write_value(struct wg_buf *b, const struct wg_json *v, int depth);

static void write_object(struct wg_buf *b, const struct wg_json *v, int depth)
{
    wg_buf_lit(b, "<table>");
    for (const struct wg_json *m = v->child; m; m = m->next) {
        wg_buf_lit(b, "<tr><th scope=\"row\">");
        wg_buf_xml(b, m->key);
        wg_buf_lit(b, "</th><td>");
        write_value(b, m, depth + 1);
        wg_buf_lit(b, "</td></tr>");
    }
    wg_buf_lit(b, "</table>");
}

static void write_list(struct wg_buf *b, const struct wg_json *v, int depth)
{
    wg_buf_lit(b, "<ul>");
    for (const struct wg_json *m = v->child; m; m = m->next) {
        wg_buf_lit(b, "<li>");
        if (wg_json_str(m, "href").n)
            write_page_link(b, m);
        else
            write_value(b, m, depth + 1);
        wg_buf_lit(b, "</li>");
    }
    wg_buf_lit(b, "</ul>");
}

static void write_value(struct wg_buf *b, const struct wg_json *v, int depth)
{
    struct wg_buf text = WG_BUF_INIT;
    bool numbers =
        v->type == WG_JARR && v->child && v->child->type != WG_JOBJ && v->child->type != WG_JSTR;
    if (depth > 12 || numbers || (v->type != WG_JOBJ && v->type != WG_JARR && v->type != WG_JSTR)) {
        wg_json_write(v, &text);
        wg_buf_xml(b, wg_buf_str(&text));
    } else if (v->type == WG_JOBJ) {
        write_object(b, v, depth);
    } else if (v->type == WG_JARR) {
        write_list(b, v, depth);
    } else if (wg_str_starts(v->str, "http://") || wg_str_starts(v->str, "https://")) {
        write_href(b, v->str, v->str);
    } else {
        wg_buf_xml(b, v->str);
    }
    wg_buf_free(&text);
}

/* The page's features: a row each, a column a property. */
static void write_features(struct ask *ask, struct wg_buf *b, const struct wg_json *features)
{
    const struct wg_json *first = wg_json_get(features->child, "properties");
    wg_buf_lit(b, "<table><tr><th>id</th>");
    for (const struct wg_json *p = first ? first->child : NULL; p; p = p->next) {
        wg_buf_lit(b, "<th>");
        wg_buf_xml(b, p->key);
        wg_buf_lit(b, "</th>");
    }
    wg_buf_lit(b, "</tr>");
    for (const struct wg_json *f = features->child; f; f = f->next) {
        struct wg_str id = wg_json_str(f, "id");
        struct wg_buf href = WG_BUF_INIT;
        const struct wg_json *props = wg_json_get(f, "properties");
        wg_buf_fmt(&href, "%.*s/collections/%s/items/", WG_PRI(ask->base),
                   ask->source.collection->id);
        write_escaped(&href, id);
        wg_buf_lit(b, "<tr><td>");
        write_href(b, wg_buf_str(&href), id);
        wg_buf_lit(b, "</td>");
        for (const struct wg_json *p = props ? props->child : NULL; p; p = p->next) {
            wg_buf_lit(b, "<td>");
            if (p->type != WG_JNULL)
                write_value(b, p, 1);
            wg_buf_lit(b, "</td>");
        }
        wg_buf_lit(b, "</tr>");
        wg_buf_free(&href);
    }
    wg_buf_lit(b, "</table>");
}

/* A key of ours in the reader's words. */
static struct wg_str heading_of(struct wg_str key)
{
    static const char *const known[][2] = {
        {"title", "名称"},
        {"description", "说明"},
        {"links", "链接"},
        {"extent", "范围"},
        {"crs", "坐标系"},
        {"storageCrs", "存储坐标系"},
        {"id", "编码"},
        {"itemType", "内容"},
        {"itemCount", "个数"},
        {"collections", "图层"},
        {"conformsTo", "标准"},
        {"properties", "属性"},
        {"geometry", "图形"},
        {"type", "类型"},
        {"numberMatched", "共有"},
        {"numberReturned", "本页"},
        {"timeStamp", "时间"},
        {"features", "要素"},
        {"tilesets", "瓦片集"},
        {"tileMatrixSets", "瓦片方案"},
        {"styles", "样式"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (wg_str_is(key, known[i][0]))
            return wg_str_of(known[i][1]);
    return key;
}

/* Within an attribute. */
static struct wg_str escaped(struct wg_arena *a, struct wg_str s)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_xml(&b, s);
    s = wg_arena_str(a, wg_buf_str(&b));
    wg_buf_free(&b);
    return s;
}

/* Nothing comes from elsewhere, nothing runs that we did not send: MapLibre's pictures are data or
 * blobs of its own. */
#define POLICY                                                                                 \
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src " \
    "'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'"

static void write_head(struct ask *ask, struct wg_arena *a, struct wg_buf *b, const char *title,
                       bool map)
{
    static const char *const sheets[] = {"page.css", "maplibre-gl.css"};
    static const char *const scripts[] = {"maplibre-gl-csp.js", "map.js"};
    struct wg_str v = web_version(a), base = escaped(a, ask->base);
    wg_buf_fmt(b,
               "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "\">"
               "<meta name=\"viewport\" content=\"width=device-width\">"
               "<link rel=\"icon\" href=\"data:,\"><title>%s %s</title>",
               title, ask->self->area);
    for (int k = 0; k < (map ? 2 : 1); k++)
        wg_buf_fmt(b, "<link rel=\"stylesheet\" href=\"%.*s/web/%s?v=%s\">", WG_PRI(base),
                   sheets[k], v.p);
    for (int k = 0; k < 2 && map; k++)
        wg_buf_fmt(b, "<script defer src=\"%.*s/web/%s?v=%s\"></script>", WG_PRI(base), scripts[k],
                   v.p);
    wg_buf_lit(b, "</head><body><nav>");
    write_href(b, wg_arena_fmt(a, "%.*s/", WG_PRI(ask->base)), wg_str_of(ask->self->area));
    wg_buf_lit(b, " › ");
    write_href(b, wg_arena_fmt(a, "%.*s/collections", WG_PRI(ask->base)), WG_S("图层"));
    wg_buf_lit(b, " · ");
    write_href(b, wg_arena_fmt(a, "%.*s/login", WG_PRI(ask->base)), WG_S("登录"));
    wg_buf_fmt(b, "</nav><main><h1>%s</h1>", title);
}

/* Where a script finds what it needs; hidden until there is one. */
static void write_map(struct ask *ask, struct wg_arena *a, struct wg_buf *b,
                      const struct wg_json *page)
{
    const struct wg_json *spatial = wg_json_get(wg_json_get(page, "extent"), "spatial"),
                         *box = wg_json_get(spatial, "bbox");
    struct wg_str base = escaped(a, ask->base);
    wg_buf_fmt(b,
               "<section id=\"map\" aria-label=\"地图\" hidden data-base=\"%.*s\" "
               "data-style=\"%.*s/styles/map\" "
               "data-worker=\"%.*s/web/maplibre-gl-csp-worker.js?v=%s\"",
               WG_PRI(base), WG_PRI(base), WG_PRI(base), web_version(a).p);
    if (box && box->child) {
        wg_buf_lit(b, " data-box=\"");
        for (const struct wg_json *n = box->child->child; n; n = n->next)
            wg_buf_fmt(b, "%.*s%s", WG_PRI(n->str), n->next ? "," : "\"");
    }
    wg_buf_fmt(b, "%s></section>", wg_json_get(page, "geometry") ? " data-feature" : "");
}

void html_page(struct ask *ask, const char *title)
{
    struct wg_arena *a = wg_arena_new(64 * 1024);
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j = NULL;
    const struct wg_json *features;
    if (!a || !wg_buf_ok(&ask->out) || wg_json_parse(a, wg_buf_str(&ask->out), &j, NULL) < 0) {
        ask->status = 503;
        wg_arena_free(a);
        return;
    }
    bool map = web_whole() && (wg_json_get(j, "extent") || wg_json_get(j, "geometry"));
    write_head(ask, a, &b, title, map);
    if (map)
        write_map(ask, a, &b, j);
    features = wg_json_get(j, "features");
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (m == features)
            continue;
        wg_buf_lit(&b, "<h2>");
        wg_buf_xml(&b, heading_of(m->key));
        wg_buf_lit(&b, "</h2>");
        write_value(&b, m, 0);
    }
    if (features)
        write_features(ask, &b, features);
    wg_buf_lit(&b, "</main></body></html>");
    wg_buf_free(&ask->out);
    ask->out = b;
    ask->type = "text/html; charset=utf-8";
    wg_arena_free(a);
}
