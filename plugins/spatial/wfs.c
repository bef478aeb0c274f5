/* WFS 2.0 (OGC 09-025r2) as much as the offices' clients ask for: capabilities, the schema,
 * features with box, filter and pages as GML 3.2. The same selection as items, under older words.
 */
#include "cql.h"
#include "gml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define COUNT_DEFAULT 1000

/* ---- XML ---- */

/* OWS Common 1.1, 8: what, of which parameter, in words. */
static void complain(struct ask *ask)
{
    struct wg_buf *b = &ask->out;
    wg_buf_clear(b);
    wg_buf_fmt(
        b,
        GML_XML
        "<ows:ExceptionReport xmlns:ows=\"http://www.opengis.net/ows/1.1\" version=\"2.0.0\">"
        "<ows:Exception exceptionCode=\"%s\" locator=\"",
        ask->status == 400 ? "InvalidParameterValue" : "NoApplicableCode");
    wg_buf_xml(b, wg_str_of(ask->err.pointer[0] ? ask->err.pointer + 1 : ""));
    wg_buf_lit(b, "\"><ows:ExceptionText>");
    wg_buf_xml(b, wg_str_of(ask->err.text));
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
    ask_end(ask);
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
    wg_buf_xml(b, ask->base);
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
    const struct systems *systems = systems_make(s->box);
    wg_buf_lit(b, "urn:ogc:def:crs:EPSG::4490</DefaultCRS>");
    for (size_t i = 0; crs_at(systems, i); i++) {
        if (crs_at(systems, i)->epsg == 4490)
            continue;
        wg_buf_lit(b, "<OtherCRS>");
        gml_urn(b, crs_at(systems, i));
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
    wg_buf_fmt(b,
               GML_XML "<wfs:WFS_Capabilities version=\"2.0.0\" "
                       "xmlns=\"http://www.opengis.net/wfs/2.0\" " GML_XMLNS ">"
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
        gml_name(b, s->field[k].key);
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
    wg_buf_lit(b, GML_XML "<xsd:schema xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
                          "xmlns:gml=\"http://www.opengis.net/gml/3.2\" "
                          "xmlns:wg=\"" GML_SPACE "\" targetNamespace=\"" GML_SPACE
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
        if (!(ask->select.box_crs = crs_find(ask->source.systems, name)))
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
    q->crs = q->box_crs = q->filter_crs = crs_find(ask->source.systems, WG_S("EPSG:4490"));
    ask->form = form.p && memmem(form.p, form.n, "json", 4) ? FORM_JSON : FORM_GML;
    if (srs.p && !(q->crs = crs_find(ask->source.systems, srs)))
        return ask_bad(ask, "srsName", "srsName is one of the type's systems, as a URN");
    if (!read_count(ask, "COUNT", 0, &q->limit) || !read_count(ask, "MAXFEATURES", 0, &q->limit) ||
        !read_count(ask, "STARTINDEX", 0, &skip) || (box.p && !read_bbox(ask, box)))
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
        wg_buf_xml(&b, id);
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
        ask_run(ask, capabilities, 0);
    else if (is_word(what, "DescribeFeatureType"))
        ask_run(ask, describe, NEEDS_TABLES);
    else if (is_word(what, "GetFeature")) {
        if (!read_type(ask))
            done(ask);
        else if (!ask_systems(ask, map_wfs))
            return;
        else if (read_features(ask))
            ask_run(ask, features, NEEDS_TABLES);
        else
            done(ask);
    } else {
        ask_bad(ask, "request", "request is GetCapabilities, DescribeFeatureType or GetFeature");
        done(ask);
    }
}
