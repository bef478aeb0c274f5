/* Filter Encoding 2.0 (OGC 09-026r2), the part that WFS clients send, into a tree of CQL2. */
#include "cql.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 64

const char *const fes_names[] = {"PropertyIsEqualTo",
                                 "PropertyIsNotEqualTo",
                                 "PropertyIsLessThan",
                                 "PropertyIsGreaterThan",
                                 "PropertyIsLessThanOrEqualTo",
                                 "PropertyIsGreaterThanOrEqualTo",
                                 "PropertyIsLike",
                                 "PropertyIsNull",
                                 "PropertyIsBetween",
                                 NULL};

/* ---- a small tree of elements ---- */

struct element {
    struct element *child, *next, *up, **last;
    const char *name; /* without its prefix */
    const char **attribute;
    struct wg_buf text;
};

struct reader {
    struct wg_arena *a;
    struct element *root, *at;
    int depth;
    bool spent, deep;
    const struct source *source;
    const struct crs **crs;
    struct wg_err *err;
};

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static const char *kept(struct reader *r, const char *s)
{
    struct wg_str copy = wg_arena_str(r->a, wg_str_of(s));
    r->spent |= !copy.p;
    return copy.p ? copy.p : "";
}

static void XMLCALL begins(void *arg, const char *name, const char **attributes)
{
    struct reader *r = arg;
    struct element *e = r->depth < DEPTH_MAX ? WG_NEW(r->a, struct element) : NULL;
    size_t n = 0;
    r->deep |= r->depth >= DEPTH_MAX;
    r->depth++;
    r->spent |= !e && !r->deep;
    if (!e)
        return;
    while (attributes[n])
        n++;
    e->attribute = wg_arena_alloc(r->a, (n + 1) * sizeof(char *));
    r->spent |= !e->attribute;
    for (size_t k = 0; k < n && e->attribute; k++)
        e->attribute[k] = kept(r, attributes[k]);
    e->name = kept(r, local(name));
    e->up = r->at;
    e->last = &e->child;
    if (r->at) {
        *r->at->last = e;
        r->at->last = &e->next;
    } else {
        r->root = e;
    }
    r->at = e;
}

static void XMLCALL ends(void *arg, const char *name)
{
    struct reader *r = arg;
    (void)name;
    if (--r->depth < DEPTH_MAX && r->at)
        r->at = r->at->up ? r->at->up : r->at;
}

static void XMLCALL says(void *arg, const char *text, int n)
{
    struct reader *r = arg;
    if (r->at)
        wg_buf_add(&r->at->text, text, (size_t)n);
}

static void free_texts(struct element *e)
{
    for (; e; e = e->next) {
        wg_buf_free(&e->text);
        free_texts(e->child);
    }
}

/* ---- into CQL ---- */

static struct cql *wrong(struct reader *r, const char *what)
{
    if (!r->err->code)
        wg_fail_at(r->err, WG_EINVAL, "/filter", "filter: %s", what);
    return NULL;
}

static struct wg_str text_of(struct reader *r, const struct element *e)
{
    struct wg_str s = wg_buf_str(&e->text);
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    while (s.n && strchr(" \t\r\n", s.p[0]))
        s = (struct wg_str){s.p + 1, s.n - 1};
    return wg_arena_str(r->a, s);
}

static const char *attribute(const struct element *e, const char *name)
{
    for (size_t k = 0; e->attribute[k]; k += 2)
        if (strcmp(local(e->attribute[k]), name) == 0)
            return e->attribute[k + 1];
    return NULL;
}

static bool is(const struct element *e, const char *name)
{
    return strcmp(e->name, name) == 0;
}

static bool is_reference(const struct element *e)
{
    return is(e, "ValueReference") || is(e, "PropertyName");
}

static struct cql *value(struct reader *r, enum cql_type type)
{
    struct cql *c = cql_value(r->a, type);
    r->spent |= !c;
    return c;
}

static struct cql *read_reference(struct reader *r, const struct element *e)
{
    struct cql *c = value(r, CQL_ANY);
    struct wg_str name = text_of(r, e);
    const char *cut = name.p ? local(name.p) : NULL;
    if (!c || !cut)
        return NULL;
    c->op = CQL_FIELD;
    c->text = wg_str_of(cut);
    return c;
}

static struct cql *read_literal(struct reader *r, const struct element *e, const struct cql *field)
{
    struct wg_str text = text_of(r, e);
    struct cql *c = NULL;
    if (text.p)
        cql_literal(r->a, r->source, field->text, text, &c, r->err);
    return c;
}

static const struct element *find(const struct element *e, bool reference)
{
    const struct element *x = e->child;
    while (x && is_reference(x) != reference)
        x = x->next;
    return x;
}

/* A property and a literal, in either order. */
static struct cql *read_comparison(struct reader *r, const struct element *e, enum cql_op op)
{
    const struct element *ref = find(e, true), *lit = find(e, false);
    struct cql *x = ref ? read_reference(r, ref) : NULL,
               *y = x && lit ? read_literal(r, lit, x) : NULL;
    if (!ref || !lit)
        return wrong(r, "a comparison has a ValueReference and a Literal");
    bool turned = e->child == lit && op >= CQL_LT && op <= CQL_GE;
    static const enum cql_op other[] = {
        [CQL_LT] = CQL_GT, [CQL_GT] = CQL_LT, [CQL_LE] = CQL_GE, [CQL_GE] = CQL_LE};
    return y ? cql_node(r->a, turned ? other[op] : op, x, y) : NULL;
}

/* Their wild cards, or *, . and !, into % _ and a backslash. */
static struct cql *read_like(struct reader *r, const struct element *e)
{
    const char *many = attribute(e, "wildCard"), *one = attribute(e, "singleChar"),
               *escape = attribute(e, "escapeChar");
    struct cql *c = read_comparison(r, e, CQL_LIKE);
    struct wg_buf b = WG_BUF_INIT;
    if (!c)
        return NULL;
    struct cql *pattern = c->arg->next;
    char m = many && *many ? *many : '*', o = one && *one ? *one : '.',
         x = escape && *escape ? *escape : '!';
    for (size_t i = 0; i < pattern->text.n; i++) {
        char at = pattern->text.p[i];
        bool literal = at == x && i + 1 < pattern->text.n;
        at = literal ? pattern->text.p[++i] : at;
        if (!literal && (at == m || at == o)) {
            wg_buf_char(&b, at == m ? '%' : '_');
            continue;
        }
        if (at == '%' || at == '_' || at == '\\')
            wg_buf_char(&b, '\\');
        wg_buf_char(&b, at);
    }
    pattern->type = CQL_TEXT;
    pattern->text = wg_arena_str(r->a, wg_buf_str(&b));
    wg_buf_free(&b);
    return c;
}

static struct cql *read_between(struct reader *r, const struct element *e)
{
    const struct element *ref = find(e, true), *low = find(e, false),
                         *high = low ? low->next : NULL;
    struct cql *x = ref ? read_reference(r, ref) : NULL;
    if (!x || !low || !high || !low->child || !high->child)
        return wrong(
            r, "PropertyIsBetween has a ValueReference, a LowerBoundary and an UpperBoundary");
    if (!(x->next = read_literal(r, low->child, x)) ||
        !(x->next->next = read_literal(r, high->child, x)))
        return NULL;
    return cql_name(r->a, CQL_BETWEEN, 0, x);
}

static bool read_corner(struct reader *r, const struct element *envelope, const char *name,
                        double *xy)
{
    for (const struct element *e = envelope->child; e; e = e->next) {
        struct wg_str text = is(e, name) ? text_of(r, e) : (struct wg_str){NULL, 0};
        char *end;
        if (!text.n)
            continue;
        xy[0] = strtod(text.p, &end);
        xy[1] = strtod(end, &end);
        return *end == '\0';
    }
    return false;
}

static struct cql *read_bbox(struct reader *r, const struct element *e)
{
    struct cql *shape = value(r, CQL_SHAPE), *field = value(r, CQL_ANY);
    const struct element *x = e->child;
    double v[4];
    while (x && !is(x, "Envelope"))
        x = x->next;
    if (!x || !read_corner(r, x, "lowerCorner", v) || !read_corner(r, x, "upperCorner", v + 2) ||
        v[0] > v[2] || v[1] > v[3])
        return wrong(r, "BBOX has an Envelope with lowerCorner and upperCorner");
    const char *srs = attribute(x, "srsName");
    const struct crs *crs = srs ? crs_find(r->source->systems, wg_str_of(srs)) : *r->crs;
    if (!crs)
        return wrong(r, "srsName is one of the type's systems, as a URN");
    *r->crs = crs;
    if (!shape || !field || !(shape->geo = cql_box(r->a, v, 4)))
        return NULL;
    field->op = CQL_FIELD;
    field->text = WG_S("geometry");
    field->next = shape;
    return cql_name(r->a, CQL_SPACE, 0, field);
}

static struct cql *read_any(struct reader *r, const struct element *e);

static struct cql *read_chain(struct reader *r, const struct element *e, enum cql_op op)
{
    struct cql *first = NULL, **last = &first;
    for (const struct element *x = e->child; x; x = x->next, last = &(*last)->next)
        if (!(*last = read_any(r, x)))
            return NULL;
    return !first                         ? wrong(r, "an operator has no operand")
           : first->next || op == CQL_NOT ? cql_name(r->a, op, 0, first)
                                          : first;
}

static struct cql *read_id(struct reader *r, const struct element *e)
{
    const char *rid = attribute(e, "rid"), *dot = rid ? strchr(rid, '.') : NULL;
    struct cql *x = value(r, CQL_ANY), *y = value(r, CQL_TEXT);
    if (!rid || !x || !y)
        return wrong(r, "ResourceId has a rid");
    x->op = CQL_FIELD;
    x->text = WG_S("id");
    y->text = wg_str_of(dot ? dot + 1 : rid);
    return cql_node(r->a, CQL_EQ, x, y);
}

static struct cql *read_any(struct reader *r, const struct element *e)
{
    static const enum cql_op ops[] = {CQL_EQ, CQL_NE, CQL_LT, CQL_GT, CQL_LE, CQL_GE};
    int k = 0;
    while (fes_names[k] && !is(e, fes_names[k]))
        k++;
    if (k < 6)
        return read_comparison(r, e, ops[k]);
    if (k == 6)
        return read_like(r, e);
    if (k == 8)
        return read_between(r, e);
    if (k == 7 || is(e, "PropertyIsNil")) {
        struct cql *x = e->child && is_reference(e->child) ? read_reference(r, e->child) : NULL;
        return x ? cql_node(r->a, CQL_NULL, x, NULL)
                 : wrong(r, "PropertyIsNull has a ValueReference");
    }
    if (is(e, "And") || is(e, "Filter"))
        return read_chain(r, e, CQL_AND);
    if (is(e, "Or"))
        return read_chain(r, e, CQL_OR);
    if (is(e, "Not"))
        return read_chain(r, e, CQL_NOT);
    if (is(e, "BBOX"))
        return read_bbox(r, e);
    if (is(e, "ResourceId"))
        return read_id(r, e);
    return wrong(r, "an operator that is not known here; GetCapabilities lists those that are");
}

int fes_parse(struct wg_arena *a, struct wg_str text, const struct source *s,
              const struct crs **crs, struct cql **out, struct wg_err *err)
{
    struct reader r = {.a = a, .source = s, .crs = crs, .err = err};
    XML_Parser p = XML_ParserCreate(NULL);
    *out = NULL;
    err->code = 0;
    if (!p)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    XML_SetUserData(p, &r);
    XML_SetElementHandler(p, begins, ends);
    XML_SetCharacterDataHandler(p, says);
    if (XML_Parse(p, text.p, (int)text.n, 1) != XML_STATUS_OK)
        wg_fail_at(err, WG_EINVAL, "/filter", "filter, line %lu, column %lu: %s",
                   XML_GetCurrentLineNumber(p), XML_GetCurrentColumnNumber(p) + 1,
                   XML_ErrorString(XML_GetErrorCode(p)));
    else if (r.deep)
        wrong(&r, "it is nested more than 64 deep");
    else if (r.root && !r.spent)
        *out = read_any(&r, r.root);
    if (!*out && !err->code)
        wg_fail(err, WG_ENOMEM, "out of memory");
    if (err->code)
        *out = NULL;
    free_texts(r.root);
    XML_ParserFree(p);
    return err->code;
}
