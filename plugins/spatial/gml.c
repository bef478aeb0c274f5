/* Features as GML: names that XML takes, places in the order of their system's axes. */
#include "gml.h"

#include <stdio.h>
#include <stdlib.h>

/* What may be a name in XML, or go on one: all else becomes an underscore. */
static void gml_name_part(struct wg_buf *b, struct wg_str s, bool goes_on)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        bool later = (i || goes_on) && ((c >= '0' && c <= '9') || c == '-' || c == '.');
        wg_buf_char(b, letter || later ? (char)c : '_');
    }
}

void gml_name(struct wg_buf *b, struct wg_str s)
{
    gml_name_part(b, s, false);
}

void gml_urn(struct wg_buf *b, const struct crs *c)
{
    if (c->epsg < 0)
        wg_buf_str_add(b, wg_str_of(c->uri));
    else if (c->epsg)
        wg_buf_fmt(b, "urn:ogc:def:crs:EPSG::%d", c->epsg);
    else
        wg_buf_lit(b, "urn:ogc:def:crs:OGC:1.3:CRS84");
}

static void put_places(struct wg_buf *b, const struct wg_chain *chain, const struct crs *c,
                       struct wg_crs *made)
{
    wg_buf_lit(b, "<gml:posList>");
    for (size_t v = 0; v < chain->count; v++) {
        if (v)
            wg_buf_char(b, ' ');
        write_place(b, chain->vert[v], c, made, ' ');
    }
    wg_buf_lit(b, "</gml:posList>");
}

static void open_shape(struct wg_buf *b, const char *kind, struct wg_str id, unsigned n,
                       const struct crs *c)
{
    wg_buf_fmt(b, "<gml:%s gml:id=\"g%u.", kind, n);
    gml_name_part(b, id, true);
    wg_buf_lit(b, "\" srsName=\"");
    gml_urn(b, c);
    wg_buf_lit(b, "\">");
}

static void put_shape(struct wg_buf *b, const struct wg_layer *layer, size_t i, struct wg_str id,
                      const struct crs *c, struct wg_crs *made)
{
    struct wg_chain chain;
    unsigned n = 0;
    int shape = wg_layer_shape(layer);
    if (shape == WG_POINTS) {
        wg_layer_chain(layer, i, 0, &chain);
        open_shape(b, "Point", id, n, c);
        wg_buf_lit(b, "<gml:pos>");
        write_place(b, chain.vert[0], c, made, ' ');
        wg_buf_lit(b, "</gml:pos></gml:Point>");
        return;
    }
    open_shape(b, shape == WG_LINES ? "MultiCurve" : "MultiSurface", id, n, c);
    for (size_t k = 0; wg_layer_chain(layer, i, k, &chain); k++) {
        if (shape == WG_LINES) {
            wg_buf_lit(b, "<gml:curveMember>");
            open_shape(b, "LineString", id, ++n, c);
            put_places(b, &chain, c, made);
            wg_buf_lit(b, "</gml:LineString></gml:curveMember>");
            continue;
        }
        if (chain.begins) {
            wg_buf_str_add(b, n ? WG_S("</gml:Polygon></gml:surfaceMember><gml:surfaceMember>")
                                : WG_S("<gml:surfaceMember>"));
            open_shape(b, "Polygon", id, ++n, c);
        }
        wg_buf_fmt(b, "<gml:%s><gml:LinearRing>", chain.begins ? "exterior" : "interior");
        put_places(b, &chain, c, made);
        wg_buf_fmt(b, "</gml:LinearRing></gml:%s>", chain.begins ? "exterior" : "interior");
    }
    wg_buf_str_add(b, shape == WG_LINES
                          ? WG_S("</gml:MultiCurve>")
                          : WG_S("</gml:Polygon></gml:surfaceMember></gml:MultiSurface>"));
}

static void put_value(struct ask *ask, struct wg_str key, struct wg_str v, bool plain)
{
    struct wg_buf *b = &ask->out;
    struct wg_json *j;
    if (!v.n || (!plain && v.p[0] == 'n'))
        return;
    if (!plain && v.p[0] == '"') {
        if (!memchr(v.p, '\\', v.n))
            v = (struct wg_str){v.p + 1, v.n - 2};
        else if (wg_json_parse(ask->a, v, &j, NULL) == WG_OK)
            v = j->str;
    }
    wg_buf_lit(b, "<wg:");
    gml_name(b, key);
    wg_buf_char(b, '>');
    wg_buf_xml(b, v);
    wg_buf_lit(b, "</wg:");
    gml_name(b, key);
    wg_buf_char(b, '>');
}

static void put_feature(struct ask *ask, struct found found, struct wg_crs *made)
{
    const struct source *s = &ask->source;
    const struct member *m = &s->member[found.member];
    const char *type = s->collection->id;
    struct wg_buf *b = &ask->out;
    struct wg_feature f;
    wg_layer_at(m->layer, found.i, &f);
    wg_buf_fmt(b, "<wfs:member><wg:%s gml:id=\"%s.", type, type);
    gml_name_part(b, f.id, true);
    wg_buf_lit(b, "\"><wg:geometry>");
    put_shape(b, m->layer, found.i, f.id, ask->select.crs, made);
    wg_buf_lit(b, "</wg:geometry>");
    put_value(ask, WG_S("id"), f.id, true);
    for (size_t k = 0; k < s->fields; k++) {
        int own = source_own(s, found.member, k);
        if (own == 0)
            put_value(ask, s->field[k].key, f.name, true);
        else if (own > 0)
            put_value(ask, s->field[k].key, table_value(m->table, found.i, (size_t)own), false);
    }
    wg_buf_fmt(b, "</wg:%s></wfs:member>", type);
}

void wfs_write(struct ask *ask, const struct found *list, size_t n, uint64_t matched,
               struct wg_crs *made)
{
    struct wg_buf *b = &ask->out;
    wg_buf_lit(b, GML_XML "<wfs:FeatureCollection " GML_XMLNS " timeStamp=\"");
    wg_buf_time(b, wg_now_ms());
    wg_buf_fmt(b, "\" numberMatched=\"%llu\" numberReturned=\"%zu\">", (unsigned long long)matched,
               n);
    for (size_t k = 0; k < n; k++)
        put_feature(ask, list[k], made);
    wg_buf_lit(b, "</wfs:FeatureCollection>");
    ask->type = "application/gml+xml; version=3.2";
}
