/* What was written as JSON, as a page: objects are tables, links are links, features are rows.
 * Plain, without scripts, so that every answer has one and none can lag behind. */
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
    wg_buf_fmt(&b,
               "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width\"><title>%s %s</title><style>"
               "body{font:16px/1.5 sans-serif;margin:1rem auto;max-width:70rem;padding:0 1rem}"
               "table{border-collapse:collapse}th,td{border:1px solid #ccc;padding:.2rem .5rem;"
               "text-align:left;vertical-align:top}small{color:#555}</style></head><body><nav>",
               title, ask->self->area);
    write_href(&b, ask->base, wg_str_of(ask->self->area));
    wg_buf_lit(&b, " › ");
    write_href(&b, wg_arena_fmt(a, "%.*s/collections", WG_PRI(ask->base)), WG_S("图层"));
    wg_buf_fmt(&b, "</nav><h1>%s</h1>", title);
    features = wg_json_get(j, "features");
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (m == features)
            continue;
        wg_buf_lit(&b, "<h2>");
        wg_buf_xml(&b, m->key);
        wg_buf_lit(&b, "</h2>");
        write_value(&b, m, 0);
    }
    if (features)
        write_features(ask, &b, features);
    wg_buf_lit(&b, "</body></html>");
    wg_buf_free(&ask->out);
    ask->out = b;
    ask->type = "text/html; charset=utf-8";
    wg_arena_free(a);
}
