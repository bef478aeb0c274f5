/* Features as GeoJSON (RFC 7946) and CSV (RFC 4180); links. */
#include "spatial.h"

#include <math.h>
#include <stdio.h>

/* ---- links ---- */

void write_link(struct wg_buf *b, const char *rel, const char *type, struct wg_str href)
{
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "rel", wg_str_of(rel));
    wg_json_kstr(b, "type", wg_str_of(type));
    wg_json_kstr(b, "href", href);
    wg_buf_char(b, '}');
}

static bool stays(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == ':' || c == '/' || c == ',';
}

void write_escaped(struct wg_buf *b, struct wg_str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0, from; i < s.n; i++) {
        for (from = i; i < s.n && stays((unsigned char)s.p[i]);)
            i++;
        wg_buf_add(b, s.p + from, i - from);
        if (i < s.n) {
            unsigned char c = (unsigned char)s.p[i];
            wg_buf_add(b, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
}

/* The request's own address, in this form. */
static void write_self(struct ask *ask, const char *form, struct wg_buf *b)
{
    struct wg_str path = wg_req_path(ask->req), name, value;
    size_t front = strlen("/ogc/") + strlen(ask->self->area);
    char sep = '?';
    wg_buf_str_add(b, ask->base);
    write_escaped(b, path.n > front ? (struct wg_str){path.p + front, path.n - front} : WG_S(""));
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++) {
        if (form && wg_str_is(name, "f"))
            continue;
        wg_buf_char(b, sep);
        write_escaped(b, name);
        wg_buf_char(b, '=');
        write_escaped(b, value);
        sep = '&';
    }
    if (form)
        wg_buf_fmt(b, "%cf=%s", sep, form);
}

void write_links(struct ask *ask, const char *type, bool csv)
{
    struct wg_buf href = WG_BUF_INIT, *b = &ask->out;
    wg_json_key(b, "links");
    wg_buf_char(b, '[');
    write_self(ask, NULL, &href);
    write_link(b, "self", type, wg_buf_str(&href));
    wg_buf_clear(&href);
    write_self(ask, "html", &href);
    write_link(b, "alternate", "text/html", wg_buf_str(&href));
    wg_buf_clear(&href);
    write_self(ask, "csv", &href);
    if (csv)
        write_link(b, "alternate", "text/csv", wg_buf_str(&href));
    wg_buf_free(&href);
}

/* ---- shapes ---- */

void write_place(struct wg_buf *b, struct wg_point p, const struct crs *c, struct wg_crs *made,
                 char between)
{
    int64_t x = p.lon_e7, y = p.lat_e7;
    int digits = 7;
    if (made) {
        double e = 0, n = 0;
        wg_crs_from_4490(made, p, &e, &n);
        digits = c->digits;
        x = llround(e * (digits == 3 ? 1e3 : 1e7));
        y = llround(n * (digits == 3 ? 1e3 : 1e7));
    }
    wg_buf_fixed(b, c->north1 ? y : x, digits);
    wg_buf_char(b, between);
    wg_buf_fixed(b, c->north1 ? x : y, digits);
}

void write_shifted(struct wg_buf *b, const struct crs *c)
{
    if (c->epsg < 0)
        wg_json_kstr(b, "coordRefSys", wg_str_of(c->uri));
}

struct system {
    const struct crs *crs;
    struct wg_crs *made;
};

static void bracketed(void *arg, struct wg_point p, struct wg_buf *out)
{
    const struct system *s = arg;
    wg_buf_char(out, '[');
    write_place(out, p, s->crs, s->made, ',');
    wg_buf_char(out, ']');
}

static void write_geometry(const struct wg_layer *layer, size_t i, const struct crs *c,
                           struct wg_crs *made, struct wg_buf *out)
{
    struct system system = {c, made};
    wg_layer_geometry_as(layer, i, bracketed, &system, out);
}

/* ---- features ---- */

bool select_shows(const struct ask *ask, size_t field)
{
    const struct select *q = &ask->select;
    struct wg_str key = ask->source.field[field].key;
    bool shown = q->onlys == 0;
    for (size_t k = 0; k < q->onlys; k++)
        shown |= wg_str_eq(q->only[k], key);
    for (size_t k = 0; k < q->buts; k++)
        shown &= !wg_str_eq(q->but[k], key);
    return shown;
}

/* Every property in every feature, null where it has none: clients learn the columns from the first
 * page. Where all have all, their text goes out as it is. */
static void write_properties(const struct ask *ask, const struct member *m, size_t member, size_t i,
                             const struct wg_feature *f, struct wg_buf *out)
{
    const struct source *s = &ask->source;
    struct wg_str none = {NULL, 0};
    wg_buf_char(out, '{');
    if (s->members == 1 && m->table->uniform && !s->trimmed && !ask->select.onlys &&
        !ask->select.buts) {
        wg_json_kstr(out, "name", f->name.n ? f->name : none);
        wg_buf_str_add(out, f->props.n > 2 ? WG_S(",") : WG_S("}"));
        if (f->props.n > 2)
            wg_buf_add(out, f->props.p + 1, f->props.n - 1);
        return;
    }
    for (size_t k = 0; k < s->fields; k++) {
        int own = source_own(s, member, k);
        struct wg_str v = own > 0 ? table_value(m->table, i, (size_t)own) : none;
        if (!select_shows(ask, k))
            continue;
        wg_json_sep(out);
        wg_buf_char(out, '"'); /* the key as it was in the text: escaped already */
        wg_buf_str_add(out, s->field[k].key);
        wg_buf_lit(out, "\":");
        if (own == 0 && f->name.n)
            wg_buf_json(out, f->name);
        else
            wg_buf_str_add(out, v.n ? v : WG_S("null"));
    }
    wg_buf_char(out, '}');
}

void write_feature(const struct ask *ask, const struct member *m, size_t member, size_t i,
                   struct wg_crs *crs, struct wg_buf *out)
{
    struct wg_feature f;
    wg_layer_at(m->layer, i, &f);
    wg_buf_lit(out, "{\"type\":\"Feature\",\"id\":");
    wg_buf_json(out, f.id);
    wg_buf_lit(out, ",\"geometry\":");
    if (ask->select.shapeless)
        wg_buf_lit(out, "null");
    else
        write_geometry(m->layer, i, ask->select.crs, crs, out);
    wg_buf_lit(out, ",\"properties\":");
    write_properties(ask, m, member, i, &f, out);
}

/* ---- CSV ---- */

/* In quotes where it must be. */
static void write_cell(struct wg_buf *b, struct wg_str s)
{
    bool plain = true;
    for (size_t i = 0; i < s.n; i++)
        plain &= !strchr(",\"\r\n", s.p[i]);
    if (plain)
        wg_buf_str_add(b, s);
    else
        wg_buf_csv(b, s);
}

/* A text without its quotes, all else as it stands. */
static void write_value(struct ask *ask, struct wg_str v)
{
    struct wg_json *j;
    if (!v.n || v.p[0] == 'n')
        return;
    if (v.p[0] == '"' && wg_json_parse(ask->a, v, &j, NULL) == WG_OK)
        write_cell(&ask->out, j->str);
    else
        write_cell(&ask->out, v);
}

void write_csv(struct ask *ask, const struct found *list, size_t n, struct wg_crs *crs)
{
    const struct source *s = &ask->source;
    const struct crs *c = ask->select.crs;
    struct wg_buf *b = &ask->out, shape = WG_BUF_INIT;
    bool points = s->shape == WG_POINTS && !ask->select.shapeless;
    wg_buf_lit(b, "id");
    for (size_t k = 0; k < s->fields; k++)
        if (select_shows(ask, k)) {
            wg_buf_char(b, ',');
            write_cell(b, s->field[k].key);
        }
    const char *shift = c->epsg == WG_GCJ02 ? "gcj02_" : c->epsg == WG_BD09 ? "bd09_" : "";
    if (!ask->select.shapeless && points)
        wg_buf_fmt(b, ",%s%s,%s%s", shift, c->digits == 7 ? "lon" : "x", shift,
                   c->digits == 7 ? "lat" : "y");
    else if (!ask->select.shapeless)
        wg_buf_fmt(b, ",%sgeometry", shift);
    wg_buf_lit(b, "\r\n");
    for (size_t k = 0; k < n; k++) {
        const struct member *m = &s->member[list[k].member];
        struct wg_feature f;
        struct wg_chain chain;
        wg_layer_at(m->layer, list[k].i, &f);
        write_cell(b, f.id);
        for (size_t p = 0; p < s->fields; p++) {
            int own = source_own(s, list[k].member, p);
            if (!select_shows(ask, p))
                continue;
            wg_buf_char(b, ',');
            if (own == 0)
                write_cell(b, f.name);
            else if (own > 0)
                write_value(ask, table_value(m->table, list[k].i, (size_t)own));
        }
        wg_buf_clear(&shape);
        if (points) {
            const struct crs east_first = {.digits = c->digits};
            wg_layer_chain(m->layer, list[k].i, 0, &chain);
            wg_buf_char(b, ',');
            write_place(b, chain.vert[0], &east_first, crs, ',');
        } else if (!ask->select.shapeless) {
            write_geometry(m->layer, list[k].i, c, crs, &shape);
            wg_buf_char(b, ',');
            write_cell(b, wg_buf_str(&shape));
        }
        wg_buf_lit(b, "\r\n");
    }
    wg_buf_free(&shape);
    ask->type = "text/csv; charset=utf-8";
}
