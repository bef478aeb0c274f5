/* WFS 2.0 (OGC 09-025r2) as much as the offices' clients ask for: capabilities, the schema,
 * features with box, filter and pages as GML 3.2. The same selection as items, under older words.
 */
#include "cql.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define SPACE "urn:wangge:map"
#define XMLNS                                                                                    \
    "xmlns:wfs=\"http://www.opengis.net/wfs/2.0\" xmlns:gml=\"http://www.opengis.net/gml/3.2\" " \
    "xmlns:ows=\"http://www.opengis.net/ows/1.1\" xmlns:fes=\"http://www.opengis.net/fes/2.0\" " \
    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" xmlns:wg=\"" SPACE "\" "                       \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define COUNT_DEFAULT 1000

/* ---- XML ---- */

static void put(struct wg_buf *b, struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '<')
            wg_buf_lit(b, "&lt;");
        else if (c == '>')
            wg_buf_lit(b, "&gt;");
        else if (c == '&')
            wg_buf_lit(b, "&amp;");
        else if (c == '"')
            wg_buf_lit(b, "&quot;");
        else if (c >= ' ' || c == '\n' || c == '\t')
            wg_buf_char(b, (char)c);
    }
}

/* What may be a name in XML, or go on one: all else becomes an underscore. */
static void put_name_part(struct wg_buf *b, struct wg_str s, bool goes_on)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        bool later = (i || goes_on) && ((c >= '0' && c <= '9') || c == '-' || c == '.');
        wg_buf_char(b, letter || later ? (char)c : '_');
    }
}

static void put_name(struct wg_buf *b, struct wg_str s)
{
    put_name_part(b, s, false);
}

static void put_urn(struct wg_buf *b, const struct crs *c)
{
    if (c->epsg)
        wg_buf_fmt(b, "urn:ogc:def:crs:EPSG::%d", c->epsg);
    else
        wg_buf_lit(b, "urn:ogc:def:crs:OGC:1.3:CRS84");
}

/* OWS Common 1.1, 8: what, of which parameter, in words. */
static void complain(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    wg_buf_clear(b);
    wg_buf_fmt(
        b,
        XML "<ows:ExceptionReport xmlns:ows=\"http://www.opengis.net/ows/1.1\" version=\"2.0.0\">"
            "<ows:Exception exceptionCode=\"%s\" locator=\"",
        ask->status == 400 ? "InvalidParameterValue" : "NoApplicableCode");
    put(b, wg_str_of(ask->err.pointer[0] ? ask->err.pointer + 1 : ""));
    wg_buf_lit(b, "\"><ows:ExceptionText>");
    put(b, wg_str_of(ask->err.text));
    wg_buf_lit(b, "</ows:ExceptionText></ows:Exception></ows:ExceptionReport>");
    ask->type = "application/xml";
}

static void done(struct ask *ask)
{
    if (ask->status < 400) {
        ask_done(ask);
        return;
    }
    complain(ask);
    source_close(&ask->source);
    struct wg_buf out = ask->out; /* the ask dies with the answer */
    wg_reply_buf(ask->req, ask->status, ask->type, &out);
    wg_buf_free(&out);
}

/* ---- parameters: names in any case ---- */

static struct wg_str kvp(struct ask *ask, const char *want)
{
    struct wg_str name, value;
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++)
        if (name.n == strlen(want) && strncasecmp(name.p, want, name.n) == 0)
            return value;
    return (struct wg_str){NULL, 0};
}

static bool is_word(struct wg_str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* ---- capabilities ---- */

static void put_operation(struct ask *ask, const char *name)
{
    struct wg_buf *b = &ask->out;
    wg_buf_fmt(b, "<ows:Operation name=\"%s\"><ows:DCP><ows:HTTP><ows:Get xlink:href=\"", name);
    put(b, ask->base);
    wg_buf_lit(b, "/wfs?\"/></ows:HTTP></ows:DCP>");
    if (strcmp(name, "GetFeature") == 0)
        wg_buf_fmt(
            b,
            "<ows:Parameter "
            "name=\"outputFormat\"><ows:AllowedValues><ows:Value>application/gml+xml; "
            "version=3.2</ows:Value><ows:Value>application/json</ows:Value></ows:AllowedValues>"
            "</ows:Parameter><ows:Constraint name=\"CountDefault\"><ows:NoValues/>"
            "<ows:DefaultValue>%d</ows:DefaultValue></ows:Constraint>",
            COUNT_DEFAULT);
    wg_buf_lit(b, "</ows:Operation>");
}

static void put_constraint(struct wg_buf *b, const char *name, bool yes)
{
    wg_buf_fmt(b,
               "<ows:Constraint name=\"%s\"><ows:NoValues/><ows:DefaultValue>%s</ows:DefaultValue>"
               "</ows:Constraint>",
               name, yes ? "TRUE" : "FALSE");
}

static void put_type(struct ask *ask)
{
    const struct source *s = &ask->source;
    struct wg_buf *b = &ask->out;
    wg_buf_fmt(
        b, "<FeatureType><Name>wg:%s</Name><Title>%s</Title><Abstract>%s</Abstract><DefaultCRS>",
        s->collection->id, s->collection->title, s->collection->brief);
    put_urn(b, crs_find(WG_S("EPSG:4490")));
    wg_buf_lit(b, "</DefaultCRS>");
    for (size_t i = 0; crs_at(i); i++) {
        if (crs_at(i)->epsg == 4490)
            continue;
        wg_buf_lit(b, "<OtherCRS>");
        put_urn(b, crs_at(i));
        wg_buf_lit(b, "</OtherCRS>");
    }
    wg_buf_lit(b, "<ows:WGS84BoundingBox><ows:LowerCorner>");
    wg_buf_fixed(b, s->box.west, 7);
    wg_buf_char(b, ' ');
    wg_buf_fixed(b, s->box.south, 7);
    wg_buf_lit(b, "</ows:LowerCorner><ows:UpperCorner>");
    wg_buf_fixed(b, s->box.east, 7);
    wg_buf_char(b, ' ');
    wg_buf_fixed(b, s->box.north, 7);
    wg_buf_lit(b, "</ows:UpperCorner></ows:WGS84BoundingBox></FeatureType>");
}

static void capabilities(struct ask *ask)
{
    static const char *const constraints[] = {"KVPEncoding",
                                              "ImplementsBasicWFS",
                                              "ImplementsResultPaging",
                                              "ImplementsMinStandardFilter",
                                              "ImplementsSpatialFilter",
                                              "ImplementsAdHocQuery",
                                              NULL};
    static const char *const not_done[] = {"ImplementsTransactionalWFS",
                                           "ImplementsLockingWFS",
                                           "XMLEncoding",
                                           "SOAPEncoding",
                                           "ImplementsInheritance",
                                           "ImplementsRemoteResolve",
                                           "ImplementsStandardJoins",
                                           "ImplementsSpatialJoins",
                                           "ImplementsTemporalJoins",
                                           "ImplementsFeatureVersioning",
                                           "ManageStoredQueries",
                                           NULL};
    struct wg_buf *b = &ask->out;
    wg_buf_fmt(
        b,
        XML
        "<wfs:WFS_Capabilities version=\"2.0.0\" xmlns=\"http://www.opengis.net/wfs/2.0\" " XMLNS
        ">"
        "<ows:ServiceIdentification><ows:Title>网格 "
        "%s</ows:Title><ows:ServiceType>WFS</ows:ServiceType>"
        "<ows:ServiceTypeVersion>2.0.0</ows:ServiceTypeVersion></"
        "ows:ServiceIdentification><ows:OperationsMetadata>",
        ask->self->area);
    put_operation(ask, "GetCapabilities");
    put_operation(ask, "DescribeFeatureType");
    put_operation(ask, "GetFeature");
    for (size_t i = 0; constraints[i]; i++)
        put_constraint(b, constraints[i], true);
    for (size_t i = 0; not_done[i]; i++)
        put_constraint(b, not_done[i], false);
    wg_buf_lit(b, "</ows:OperationsMetadata><FeatureTypeList>");
    for (size_t i = 0; collection_at(i); i++)
        if (source_take(ask, collection_at(i)))
            put_type(ask);
    wg_buf_lit(b, "</FeatureTypeList><fes:Filter_Capabilities><fes:Conformance>"
                  "<fes:Constraint "
                  "name=\"ImplementsQuery\"><ows:NoValues/><ows:DefaultValue>TRUE</"
                  "ows:DefaultValue></fes:Constraint>"
                  "<fes:Constraint "
                  "name=\"ImplementsMinStandardFilter\"><ows:NoValues/><ows:DefaultValue>TRUE</"
                  "ows:DefaultValue></fes:Constraint>"
                  "<fes:Constraint "
                  "name=\"ImplementsMinSpatialFilter\"><ows:NoValues/><ows:DefaultValue>TRUE</"
                  "ows:DefaultValue></fes:Constraint>"
                  "</fes:Conformance><fes:Scalar_Capabilities><fes:LogicalOperators/"
                  "><fes:ComparisonOperators>");
    for (size_t i = 0; fes_names[i]; i++)
        wg_buf_fmt(b, "<fes:ComparisonOperator name=\"%s\"/>", fes_names[i]);
    wg_buf_lit(
        b,
        "</fes:ComparisonOperators></"
        "fes:Scalar_Capabilities><fes:Spatial_Capabilities><fes:GeometryOperands>"
        "<fes:GeometryOperand name=\"gml:Envelope\"/></fes:GeometryOperands><fes:SpatialOperators>"
        "<fes:SpatialOperator name=\"BBOX\"/></fes:SpatialOperators></fes:Spatial_Capabilities>"
        "</fes:Filter_Capabilities></wfs:WFS_Capabilities>");
    ask->type = "application/xml";
}

/* ---- schema ---- */

static const char *const shape_types[] = {"gml:MultiSurfacePropertyType", "gml:PointPropertyType",
                                          "gml:MultiCurvePropertyType"};

static void put_schema(struct ask *ask)
{
    static const char *const types[] = {"xsd:string", "xsd:boolean", "xsd:long",
                                        "xsd:double", "xsd:string",  "xsd:string"};
    const struct source *s = &ask->source;
    const char *id = s->collection->id;
    struct wg_buf *b = &ask->out;
    wg_buf_fmt(
        b,
        "<xsd:element name=\"%s\" type=\"wg:%sType\" substitutionGroup=\"gml:AbstractFeature\"/>"
        "<xsd:complexType name=\"%sType\"><xsd:complexContent><xsd:extension "
        "base=\"gml:AbstractFeatureType\">"
        "<xsd:sequence><xsd:element name=\"geometry\" type=\"%s\" minOccurs=\"0\" "
        "nillable=\"true\"/>"
        "<xsd:element name=\"id\" type=\"xsd:string\"/>",
        id, id, id, shape_types[s->shape]);
    for (size_t k = 0; k < s->fields; k++) {
        wg_buf_lit(b, "<xsd:element name=\"");
        put_name(b, s->field[k].key);
        wg_buf_fmt(b, "\" type=\"%s\" minOccurs=\"0\" nillable=\"true\"/>",
                   types[s->field[k].type]);
    }
    wg_buf_lit(b, "</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>");
}

/* "wg:parts,grids": is this one of them? Of none, all are. */
static bool is_named(struct wg_str names, const char *id)
{
    bool named = names.n == 0;
    for (const char *p = names.p, *end = names.p + names.n; names.n && p <= end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct wg_str one = {p, (size_t)((comma ? comma : end) - p)};
        const char *colon = memchr(one.p, ':', one.n);
        if (colon)
            one = (struct wg_str){colon + 1, one.n - (size_t)(colon + 1 - one.p)};
        named |= wg_str_is(one, id);
        p = (comma ? comma : end) + 1;
    }
    return named;
}

static struct wg_str type_names(struct ask *ask)
{
    struct wg_str names = kvp(ask, "TYPENAMES");
    return names.p ? names : kvp(ask, "TYPENAME");
}

static void describe(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    struct wg_str names = type_names(ask);
    size_t count = 0;
    wg_buf_lit(b, XML "<xsd:schema xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
                      "xmlns:gml=\"http://www.opengis.net/gml/3.2\" "
                      "xmlns:wg=\"" SPACE "\" targetNamespace=\"" SPACE
                      "\" elementFormDefault=\"qualified\">"
                      "<xsd:import namespace=\"http://www.opengis.net/gml/3.2\" "
                      "schemaLocation=\"http://schemas.opengis.net/gml/3.2.1/gml.xsd\"/>");
    for (size_t i = 0; collection_at(i) && ask->status == 200; i++) {
        if (!is_named(names, collection_at(i)->id) || !source_take(ask, collection_at(i)) ||
            !source_open(ask))
            continue;
        put_schema(ask);
        count++;
    }
    wg_buf_lit(b, "</xsd:schema>");
    ask->type = "application/gml+xml; version=3.2";
    if (!count)
        ask_bad(ask, "typeNames", "there is no such feature type; GetCapabilities lists them");
}

/* ---- features ---- */

static void put_place(struct wg_buf *b, struct wg_point p, const struct crs *c, struct wg_crs *made)
{
    int64_t x = p.lon_e7, y = p.lat_e7;
    double e = 0, n = 0;
    if (made) {
        wg_crs_from_4490(made, p, &e, &n);
        x = llround(e * 1000);
        y = llround(n * 1000);
    }
    wg_buf_fixed(b, c->north1 ? y : x, made ? 3 : 7);
    wg_buf_char(b, ' ');
    wg_buf_fixed(b, c->north1 ? x : y, made ? 3 : 7);
}

static void put_places(struct wg_buf *b, const struct wg_chain *chain, const struct crs *c,
                       struct wg_crs *made)
{
    wg_buf_lit(b, "<gml:posList>");
    for (size_t v = 0; v < chain->count; v++) {
        if (v)
            wg_buf_char(b, ' ');
        put_place(b, chain->vert[v], c, made);
    }
    wg_buf_lit(b, "</gml:posList>");
}

static void open_shape(struct wg_buf *b, const char *kind, struct wg_str id, unsigned n,
                       const struct crs *c)
{
    wg_buf_fmt(b, "<gml:%s gml:id=\"g%u.", kind, n);
    put_name_part(b, id, true);
    wg_buf_lit(b, "\" srsName=\"");
    put_urn(b, c);
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
        put_place(b, chain.vert[0], c, made);
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
    put_name(b, key);
    wg_buf_char(b, '>');
    put(b, v);
    wg_buf_lit(b, "</wg:");
    put_name(b, key);
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
    put_name_part(b, f.id, true);
    wg_buf_lit(b, "\"><wg:geometry>");
    put_shape(b, m->layer, found.i, f.id, ask->select.crs, made);
    wg_buf_lit(b, "</wg:geometry>");
    put_value(ask, WG_S("id"), f.id, true);
    for (size_t k = 0; k < s->fields; k++) {
        int own = s->field_in[found.member][k];
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
    wg_buf_lit(b, XML "<wfs:FeatureCollection " XMLNS " timeStamp=\"");
    wg_buf_time(b, wg_now_ms());
    wg_buf_fmt(b, "\" numberMatched=\"%llu\" numberReturned=\"%zu\">", (unsigned long long)matched,
               n);
    for (size_t k = 0; k < n; k++)
        put_feature(ask, list[k], made);
    wg_buf_lit(b, "</wfs:FeatureCollection>");
    ask->type = "application/gml+xml; version=3.2";
}

/* ---- asked for ---- */

/* "a,b,c,d" or "a,b,c,d,urn:…": the axes of its system, which is 4490 where none is named. */
static bool read_bbox(struct ask *ask, struct wg_str s)
{
    const char *p = s.p;
    size_t commas = 0, i = 0;
    for (; i < s.n && commas < 4; i++)
        commas += s.p[i] == ',';
    struct wg_str name = {p + i, s.n - i};
    if (commas == 4) {
        s.n = i - 1;
        if (!(ask->select.box_crs = crs_find(name)))
            return ask_bad(ask, "bbox", "bbox ends with one of the type's systems, as a URN");
    }
    return select_box(ask, s);
}

static bool read_count(struct ask *ask, const char *name, int64_t least, int64_t *out)
{
    struct wg_str s = kvp(ask, name);
    return !s.p || (wg_str_int(s, out) == WG_OK && *out >= least) ||
           ask_bad(ask, name, "%s is a whole number", name);
}

static bool read_type(struct ask *ask)
{
    struct wg_str names = type_names(ask), id = kvp(ask, "RESOURCEID");
    const struct collection *c = NULL;
    if (!names.n && id.n && memchr(id.p, '.', id.n)) /* "parts.3418…" */
        names = (struct wg_str){id.p, (size_t)((const char *)memchr(id.p, '.', id.n) - id.p)};
    for (size_t i = 0; names.n && collection_at(i) && !c; i++)
        if (is_named(names, collection_at(i)->id))
            c = collection_at(i);
    if (c && source_take(ask, c))
        return true;
    return ask_bad(ask, "typeNames",
                   "there is no such feature type here; GetCapabilities lists them");
}

static bool read_features(struct ask *ask)
{
    struct select *q = &ask->select;
    struct wg_str srs = kvp(ask, "SRSNAME"), box = kvp(ask, "BBOX"),
                  form = kvp(ask, "OUTPUTFORMAT");
    int64_t skip = 0;
    q->limit = COUNT_DEFAULT;
    q->crs = q->box_crs = q->filter_crs = crs_find(WG_S("EPSG:4490"));
    ask->form = form.p && memmem(form.p, form.n, "json", 4) ? FORM_JSON : FORM_GML;
    if (srs.p && !(q->crs = crs_find(srs)))
        return ask_bad(ask, "srsName", "srsName is one of the type's systems, as a URN");
    if (!read_type(ask) || !read_count(ask, "COUNT", 0, &q->limit) ||
        !read_count(ask, "MAXFEATURES", 0, &q->limit) || !read_count(ask, "STARTINDEX", 0, &skip) ||
        (box.p && !read_bbox(ask, box)))
        return false;
    q->skip = (uint64_t)skip;
    if (q->limit > LIMIT_MAX)
        q->limit = LIMIT_MAX;
    if (is_word(kvp(ask, "RESULTTYPE"), "hits"))
        q->limit = 0;
    ask->id = kvp(ask, "FILTER");
    return true;
}

static void features(struct ask *ask)
{
    struct wg_str id = kvp(ask, "RESOURCEID");
    if ((ask->id.n || id.n) && !source_open(ask))
        return;
    if (id.n) { /* as the filter that says the same */
        struct wg_buf b = WG_BUF_INIT;
        wg_buf_lit(&b, "<Filter><ResourceId rid=\"");
        put(&b, id);
        wg_buf_lit(&b, "\"/></Filter>");
        ask->id = wg_arena_str(ask->a, wg_buf_str(&b));
        wg_buf_free(&b);
    }
    if (ask->id.n) {
        int rc = fes_parse(ask->a, ask->id, &ask->source, &ask->select.filter_crs,
                           &ask->select.filter, &ask->err);
        ask->status = rc == WG_OK ? 200 : 400;
    }
    if (ask->status == 200)
        items_work(ask);
}

void map_wfs(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, NULL);
    if (!ask)
        return;
    struct wg_str what = kvp(ask, "REQUEST");
    ask->done = done;
    ask->status = 200;
    if (is_word(what, "GetCapabilities"))
        ask_run(ask, capabilities);
    else if (is_word(what, "DescribeFeatureType"))
        ask_run(ask, describe);
    else if (is_word(what, "GetFeature")) {
        if (read_features(ask))
            ask_run(ask, features);
        else
            done(ask);
    } else {
        ask_bad(ask, "request", "request is GetCapabilities, DescribeFeatureType or GetFeature");
        done(ask);
    }
}
