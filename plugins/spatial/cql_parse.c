/* CQL2 text. One grammar for what is true and what is a value, by strength of binding; whether a
 * thing may stand where it stands is seen when it is bound. */
#include "cql.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const char *const cql_space_names[] = {"s_intersects", "s_disjoint", "s_contains",
                                       "s_within",     "s_equals",   "s_touches",
                                       "s_crosses",    "s_overlaps", NULL};
const char *const cql_time_names[] = {
    "t_after",      "t_before",    "t_contains",   "t_disjoint", "t_during", "t_equals",
    "t_finishedby", "t_finishes",  "t_intersects", "t_meets",    "t_metby",  "t_overlappedby",
    "t_overlaps",   "t_startedby", "t_starts",     NULL};

/* ---- nodes ---- */

struct cql *cql_value(struct wg_arena *a, enum cql_type type)
{
    struct cql *c = WG_NEW(a, struct cql);
    if (c)
        *c = (struct cql){.op = CQL_VALUE, .type = type, .field = -1};
    return c;
}

struct cql *cql_node(struct wg_arena *a, enum cql_op op, struct cql *x, struct cql *y)
{
    struct cql *c = WG_NEW(a, struct cql);
    if (!c || !x)
        return NULL;
    *c = (struct cql){.op = op, .arg = x, .args = 1 + (y != NULL), .field = -1};
    x->next = y;
    if (y)
        y->next = NULL;
    return c;
}

struct cql *cql_name(struct wg_arena *a, enum cql_op op, int which, struct cql *args)
{
    struct cql *c = WG_NEW(a, struct cql);
    if (!c)
        return NULL;
    *c = (struct cql){.op = op, .which = which, .arg = args, .field = -1};
    for (; args; args = args->next)
        c->args++;
    return c;
}

int cql_index(const char *const *names, struct wg_str name)
{
    for (int i = 0; names[i]; i++)
        if (strlen(names[i]) == name.n && strncasecmp(names[i], name.p, name.n) == 0)
            return i;
    return -1;
}

/* A day is all of it, in UTC, as RFC 3339 dates are read here. */
int cql_instant(struct cql *c, struct wg_str text, bool day)
{
    char full[32];
    int64_t ms;
    if (day) {
        if (text.n != 10)
            return -1;
        snprintf(full, sizeof(full), "%.*sT00:00:00Z", WG_PRI(text));
        text = wg_str_of(full);
    }
    if (wg_time_parse(text, &ms) < 0)
        return -1;
    c->op = CQL_VALUE;
    c->type = CQL_WHEN;
    c->day = day;
    c->from_ms = ms;
    c->to_ms = day ? ms + WG_DAY_MS - 1 : ms;
    return 0;
}

/* ---- reading ---- */

struct reader {
    struct wg_arena *a;
    struct wg_str s;
    size_t at, verts;
    int depth;
    struct wg_err *err;
};

static void *wrong(struct reader *r, const char *what)
{
    if (!r->err->code)
        wg_fail_at(r->err, WG_EINVAL, "/filter", "filter, character %zu: %s",
                   wg_utf8_count((struct wg_str){r->s.p, r->at}) + 1, what);
    return NULL;
}

static void *spent(struct reader *r)
{
    if (!r->err->code)
        wg_fail(r->err, WG_ENOMEM, "out of memory");
    return NULL;
}

static char look(struct reader *r)
{
    while (r->at < r->s.n && strchr(" \t\r\n", r->s.p[r->at]))
        r->at++;
    return r->at < r->s.n ? r->s.p[r->at] : '\0';
}

static bool take(struct reader *r, const char *mark)
{
    size_t n = strlen(mark);
    look(r);
    if (r->s.n - r->at < n || memcmp(r->s.p + r->at, mark, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool begins_name(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80;
}

static struct wg_str peek_name(struct reader *r)
{
    size_t end = r->at;
    if (!begins_name((unsigned char)look(r)))
        return (struct wg_str){NULL, 0};
    for (end = r->at; end < r->s.n; end++) {
        unsigned char c = (unsigned char)r->s.p[end];
        if (!begins_name(c) && c != '.' && !(c >= '0' && c <= '9'))
            break;
    }
    return (struct wg_str){r->s.p + r->at, end - r->at};
}

static bool is_word(struct wg_str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool take_word(struct reader *r, const char *word)
{
    struct wg_str s = peek_name(r);
    if (!s.n || !is_word(s, word))
        return false;
    r->at += s.n;
    return true;
}

/* From quote to quote: '' is one, and so is \'. */
static bool read_quoted(struct reader *r, char quote, struct wg_str *out)
{
    char *to = wg_arena_alloc(r->a, r->s.n - r->at + 1);
    size_t n = 0;
    if (!to) {
        spent(r);
        return false;
    }
    for (r->at++; r->at < r->s.n; r->at++) {
        char c = r->s.p[r->at], next = r->at + 1 < r->s.n ? r->s.p[r->at + 1] : '\0';
        if (c == quote && next != quote) {
            r->at++;
            *out = (struct wg_str){to, n};
            return true;
        }
        if ((c == quote && next == quote) || (c == '\\' && (next == quote || next == '\\')))
            c = r->s.p[++r->at];
        to[n++] = c;
    }
    wrong(r, "the quote is never closed");
    return false;
}

static bool read_number(struct reader *r, double *out)
{
    char text[64], *end;
    size_t n = 0;
    look(r);
    while (r->at + n < r->s.n && n < sizeof(text) - 1 &&
           strchr("0123456789+-.eE", r->s.p[r->at + n])) {
        text[n] = r->s.p[r->at + n];
        n++;
    }
    text[n] = '\0';
    *out = strtod(text, &end);
    if (end == text || !isfinite(*out)) {
        wrong(r, "a number is missing here");
        return false;
    }
    r->at += (size_t)(end - text);
    return true;
}

static struct cql *value(struct reader *r, enum cql_type type)
{
    struct cql *c = cql_value(r->a, type);
    return c ? c : spent(r);
}

/* ---- shapes ---- */

static struct cql_geo *geo(struct reader *r, int kind)
{
    struct cql_geo *g = WG_NEW(r->a, struct cql_geo);
    if (!g)
        return spent(r);
    g->kind = kind;
    return g;
}

/* x y, or x y z: heights are read over. */
static bool read_place(struct reader *r, double *xy)
{
    double z;
    if (++r->verts > CQL_VERTS_MAX)
        return wrong(r, "the shapes have more than 10000 vertices");
    if (!read_number(r, &xy[0]) || !read_number(r, &xy[1]))
        return false;
    char c = look(r);
    return c == ',' || c == ')' || read_number(r, &z);
}

static struct cql_geo *read_places(struct reader *r, int kind)
{
    struct cql_geo *g = geo(r, kind);
    size_t cap = 16;
    double *xy = g ? wg_arena_alloc(r->a, cap * 2 * sizeof(double)) : NULL;
    if (!xy)
        return spent(r);
    if (!take(r, "("))
        return wrong(r, "( is missing here");
    do {
        if (g->n == cap) {
            double *more = wg_arena_alloc(r->a, cap * 4 * sizeof(double));
            if (!more)
                return spent(r);
            memcpy(more, xy, cap * 2 * sizeof(double));
            xy = more;
            cap *= 2;
        }
        bool own = kind == GEO_POINTS && take(r, "("); /* MULTIPOINT((1 2),(3 4)), too */
        if (!read_place(r, &xy[2 * g->n]) || (own && !take(r, ")")))
            return wrong(r, "a place is x y");
        g->n++;
    } while (take(r, ","));
    if (!take(r, ")"))
        return wrong(r, ") or , is missing here");
    g->xy = xy;
    if ((kind == GEO_POINT && g->n != 1) || (kind == GEO_LINE && g->n < 2) ||
        (kind == GEO_RING &&
         (g->n < 4 || memcmp(xy, &xy[2 * (g->n - 1)], 2 * sizeof(double)) != 0)))
        return wrong(r, kind == GEO_RING ? "a ring has four places and more, the last as the first"
                        : kind == GEO_LINE ? "a line has two places and more"
                                           : "a point has one place");
    return g;
}

static struct cql_geo *read_geo(struct reader *r);

static struct cql_geo *read_parts(struct reader *r, int kind, int of)
{
    struct cql_geo *g = geo(r, kind), **last = g ? &g->part : NULL;
    if (!g)
        return NULL;
    if (++r->depth > CQL_DEPTH_MAX)
        return wrong(r, "it is nested more than 64 deep");
    if (!take(r, "("))
        return wrong(r, "( is missing here");
    do {
        *last = of == GEO_MANY      ? read_geo(r)
                : of == GEO_POLYGON ? read_parts(r, GEO_POLYGON, GEO_RING)
                                    : read_places(r, of);
        if (!*last)
            return NULL;
        last = &(*last)->next;
    } while (take(r, ","));
    r->depth--;
    return take(r, ")") ? g : wrong(r, ") or , is missing here");
}

static const char *const geo_names[] = {
    "point",        "linestring",         "polygon", "multipoint", "multilinestring",
    "multipolygon", "geometrycollection", NULL};

static struct cql_geo *read_geo(struct reader *r)
{
    struct wg_str name = peek_name(r);
    int kind = name.n ? cql_index(geo_names, name) : -1;
    if (kind < 0)
        return wrong(r, "a shape is missing here, like POINT(118.6 30.07)");
    r->at += name.n;
    take_word(r, "z");
    switch (kind) {
    case GEO_POINT:
    case GEO_LINE:
    case GEO_POINTS:
        return read_places(r, kind);
    case GEO_POLYGON:
        return read_parts(r, kind, GEO_RING);
    case GEO_LINES:
        return read_parts(r, kind, GEO_LINE);
    case GEO_POLYGONS:
        return read_parts(r, kind, GEO_POLYGON);
    default:
        return read_parts(r, kind, GEO_MANY);
    }
}

struct cql_geo *cql_box(struct wg_arena *a, const double *v, size_t n)
{
    struct cql_geo *g = WG_NEW(a, struct cql_geo), *ring = WG_NEW(a, struct cql_geo);
    double *xy = wg_arena_alloc(a, 10 * sizeof(double));
    double w = v[0], s = v[1], e = v[n / 2], t = v[n / 2 + 1];
    if (!g || !ring || !xy)
        return NULL;
    const double corners[] = {w, s, e, s, e, t, w, t, w, s}, ends[] = {w, s, e, t};
    if (w >= e || s >= t) { /* flat: a line, or a point */
        memcpy(xy, ends, sizeof(ends));
        *g = (struct cql_geo){.kind = w >= e && s >= t ? GEO_POINT : GEO_LINE, .xy = xy};
        g->n = g->kind == GEO_POINT ? 1 : 2;
        return g;
    }
    memcpy(xy, corners, sizeof(corners));
    *ring = (struct cql_geo){.kind = GEO_RING, .xy = xy, .n = 5};
    *g = (struct cql_geo){.kind = GEO_POLYGON, .part = ring, .box = true};
    return g;
}

static struct cql *read_box(struct reader *r)
{
    struct cql *c = value(r, CQL_SHAPE);
    double v[6];
    size_t n = 0;
    if (!c || !take(r, "("))
        return wrong(r, "( is missing here");
    do {
        if (n == 6 || !read_number(r, &v[n++]))
            return wrong(r, "BBOX has four numbers, or six");
    } while (take(r, ","));
    if (!take(r, ")") || (n != 4 && n != 6) || v[1] > v[n / 2 + 1] || v[0] > v[n / 2])
        return wrong(r, "BBOX has four numbers, or six: west, south, east, north");
    c->geo = cql_box(r->a, v, n);
    return c->geo ? c : spent(r);
}

/* ---- values ---- */

static struct cql *read_any(struct reader *r);
static struct cql *read_sum(struct reader *r);

static struct cql *read_text_in(struct reader *r)
{
    struct cql *c = value(r, CQL_TEXT);
    if (!c || !take(r, "(") || look(r) != '\'' || !read_quoted(r, '\'', &c->text) || !take(r, ")"))
        return wrong(r, "('…') is missing here");
    return c;
}

static struct cql *read_instant(struct reader *r, bool day)
{
    struct cql *c = read_text_in(r);
    if (c && cql_instant(c, c->text, day) < 0)
        return wrong(r, day ? "a date is like 2026-11-23"
                            : "a timestamp is like 2026-11-23T08:00:00Z");
    return c;
}

/* An end: '2026-11-23', '2026-11-23T08:00:00Z', '..', or a property. */
static struct cql *read_end(struct reader *r)
{
    struct cql *c;
    if (look(r) != '\'')
        return read_sum(r);
    c = value(r, CQL_WHEN);
    if (!c || !read_quoted(r, '\'', &c->text))
        return NULL;
    if (wg_str_is(c->text, "..")) {
        c->open = true;
        c->from_ms = INT64_MIN;
        c->to_ms = INT64_MAX;
        return c;
    }
    return cql_instant(c, c->text, c->text.n == 10) == 0
               ? c
               : wrong(r, "an end is a date, a timestamp or ..");
}

static struct cql *read_span(struct reader *r)
{
    struct cql *from, *to;
    if (!take(r, "(") || !(from = read_end(r)) || !take(r, ",") || !(to = read_end(r)) ||
        !take(r, ")"))
        return wrong(r, "INTERVAL has two ends: INTERVAL('2026-01-01','..')");
    struct cql *c = cql_node(r->a, CQL_SPAN, from, to);
    return c ? c : spent(r);
}

/* Arguments in brackets. */
static struct cql *read_list(struct reader *r, size_t most)
{
    struct cql *first = NULL, **last = &first;
    size_t n = 0;
    if (!take(r, "("))
        return wrong(r, "( is missing here");
    do {
        if (n++ == most)
            return wrong(r, "the list has too many members");
        if (!(*last = read_any(r)))
            return NULL;
        last = &(*last)->next;
    } while (take(r, ","));
    return take(r, ")") ? first : wrong(r, ") or , is missing here");
}

static struct cql *read_call(struct reader *r, struct wg_str name)
{
    enum cql_op op = CQL_CASEI;
    int which = 0;
    size_t args = 1;
    if (!is_word(name, "casei")) {
        op = CQL_SPACE;
        args = 2;
        if ((which = cql_index(cql_space_names, name)) < 0) {
            op = CQL_TIME;
            which = cql_index(cql_time_names, name);
        }
        if (which < 0)
            return wrong(r, "there is no such function; known are CASEI, S_… and T_…");
    }
    r->at += name.n;
    struct cql *list = read_list(r, args), *c = list ? cql_name(r->a, op, which, list) : NULL;
    if (!list)
        return NULL;
    return !c ? spent(r) : c->args == args ? c : wrong(r, "the function needs another argument");
}

/* POINT Z(1 2 3): the heights are announced. */
static bool goes_on_with_z(struct reader *r, size_t at)
{
    struct reader ahead = *r;
    ahead.at = at;
    return take_word(&ahead, "z") && look(&ahead) == '(';
}

static struct cql *read_named(struct reader *r)
{
    struct wg_str name = peek_name(r);
    size_t end = r->at + name.n;
    struct cql *c;
    while (end < r->s.n && strchr(" \t\r\n", r->s.p[end]))
        end++;
    bool call = end < r->s.n && r->s.p[end] == '(';
    if (is_word(name, "true") || is_word(name, "false")) {
        if ((c = value(r, CQL_BOOL)))
            c->yes = name.n == 4;
        r->at += name.n;
        return c;
    }
    if (cql_index(geo_names, name) >= 0 && (call || goes_on_with_z(r, end))) {
        struct cql_geo *g = read_geo(r);
        if (!g || !(c = value(r, CQL_SHAPE)))
            return NULL;
        c->geo = g;
        return c;
    }
    if (call) {
        bool day = is_word(name, "date"), box = is_word(name, "bbox"),
             span = is_word(name, "interval");
        if (!day && !box && !span && !is_word(name, "timestamp"))
            return read_call(r, name);
        r->at += name.n;
        return box ? read_box(r) : span ? read_span(r) : read_instant(r, day);
    }
    static const char *const words[] = {"and", "or", "not",  "like", "between",
                                        "in",  "is", "null", "div",  NULL};
    if (cql_index(words, name) >= 0)
        return wrong(r, "a value or a property is missing here");
    if (!(c = value(r, CQL_ANY)))
        return NULL;
    c->op = CQL_FIELD;
    c->text = name;
    r->at += name.n;
    return c;
}

static struct cql *read_one(struct reader *r)
{
    char first = look(r);
    struct cql *c;
    if (++r->depth > CQL_DEPTH_MAX)
        return wrong(r, "it is nested more than 64 deep");
    if (first == '(') {
        r->at++;
        c = read_any(r);
        if (c && !take(r, ")"))
            c = wrong(r, ") is missing here");
    } else if (first == '\'') {
        c = value(r, CQL_TEXT);
        if (c && !read_quoted(r, '\'', &c->text))
            c = NULL;
    } else if (first == '"') {
        c = value(r, CQL_ANY);
        if (c && !read_quoted(r, '"', &c->text))
            c = NULL;
        if (c)
            c->op = CQL_FIELD;
    } else if (first == '-' || first == '+') {
        r->at++;
        struct cql *zero = value(r, CQL_NUM), *x = zero ? read_one(r) : NULL;
        c = x ? cql_node(r->a, first == '-' ? CQL_SUB : CQL_ADD, zero, x) : NULL;
    } else if ((first >= '0' && first <= '9') || first == '.') {
        c = value(r, CQL_NUM);
        if (c && !read_number(r, &c->num))
            c = NULL;
    } else if (begins_name((unsigned char)first)) {
        c = read_named(r);
    } else {
        c = wrong(r, first ? "a value or a property is missing here" : "it ends too early");
    }
    r->depth--;
    return c;
}

static struct cql *pair(struct reader *r, enum cql_op op, struct cql *x, struct cql *y)
{
    struct cql *c = y ? cql_node(r->a, op, x, y) : NULL;
    return c || !y ? c : spent(r);
}

static struct cql *read_power(struct reader *r)
{
    struct cql *c = read_one(r);
    if (!c || !take(r, "^"))
        return c;
    if (++r->depth > CQL_DEPTH_MAX)
        return wrong(r, "it is nested more than 64 deep");
    c = pair(r, CQL_POW, c, read_power(r));
    r->depth--;
    return c;
}

static struct cql *read_product(struct reader *r)
{
    struct cql *c = read_power(r);
    while (c) {
        if (take(r, "*"))
            c = pair(r, CQL_MUL, c, read_power(r));
        else if (take(r, "/"))
            c = pair(r, CQL_DIV, c, read_power(r));
        else if (take(r, "%"))
            c = pair(r, CQL_MOD, c, read_power(r));
        else if (take_word(r, "div"))
            c = pair(r, CQL_WHOLE, c, read_power(r));
        else
            break;
    }
    return c;
}

static struct cql *read_sum(struct reader *r)
{
    struct cql *c = read_product(r);
    while (c) {
        if (take(r, "+"))
            c = pair(r, CQL_ADD, c, read_product(r));
        else if (take(r, "-"))
            c = pair(r, CQL_SUB, c, read_product(r));
        else
            break;
    }
    return c;
}

/* ---- what is true ---- */

static struct cql *negate(struct reader *r, bool not, struct cql *c)
{
    struct cql *n = c && not ? cql_node(r->a, CQL_NOT, c, NULL) : c;
    return n || !c ? n : spent(r);
}

static struct cql *read_between(struct reader *r, struct cql *x)
{
    struct cql *low = read_sum(r), *high;
    if (!low)
        return NULL;
    if (!take_word(r, "and"))
        return wrong(r, "BETWEEN a AND b");
    if (!(high = read_sum(r)))
        return NULL;
    x->next = low;
    low->next = high;
    high->next = NULL;
    struct cql *c = cql_name(r->a, CQL_BETWEEN, 0, x);
    return c ? c : spent(r);
}

static struct cql *read_in(struct reader *r, struct cql *x)
{
    if (!(x->next = read_list(r, CQL_LIST_MAX)))
        return NULL;
    struct cql *c = cql_name(r->a, CQL_IN, 0, x);
    return c ? c : spent(r);
}

static struct cql *read_claim(struct reader *r)
{
    static const struct {
        const char *mark;
        enum cql_op op;
    } marks[] = {{"<>", CQL_NE}, {"<=", CQL_LE}, {">=", CQL_GE},
                 {"=", CQL_EQ},  {"<", CQL_LT},  {">", CQL_GT}};
    struct cql *x = read_sum(r);
    if (!x)
        return NULL;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (take(r, marks[i].mark))
            return pair(r, marks[i].op, x, read_sum(r));
    if (take_word(r, "is")) {
        bool not = take_word(r, "not");
        if (!take_word(r, "null"))
            return wrong(r, "IS NULL, or IS NOT NULL");
        struct cql *c = cql_node(r->a, CQL_NULL, x, NULL);
        return c ? negate(r, not, c) : spent(r);
    }
    bool not = take_word(r, "not");
    if (take_word(r, "like"))
        return negate(r, not, pair(r, CQL_LIKE, x, read_sum(r)));
    if (take_word(r, "between"))
        return negate(r, not, read_between(r, x));
    if (take_word(r, "in"))
        return negate(r, not, read_in(r, x));
    return not ? wrong(r, "LIKE, BETWEEN or IN is missing after NOT") : x;
}

static struct cql *read_factor(struct reader *r)
{
    struct cql *c;
    if (!take_word(r, "not"))
        return read_claim(r);
    if (++r->depth > CQL_DEPTH_MAX)
        return wrong(r, "it is nested more than 64 deep");
    c = negate(r, true, read_factor(r));
    r->depth--;
    return c;
}

/* A chain of one word is one node, so that a long one is not deep. */
static struct cql *read_chain(struct reader *r, const char *word, enum cql_op op,
                              struct cql *(*read)(struct reader *r))
{
    struct cql *first = read(r), *last = first;
    if (!first || !take_word(r, word))
        return first;
    do {
        if (!(last->next = read(r)))
            return NULL;
        last = last->next;
    } while (take_word(r, word));
    struct cql *c = cql_name(r->a, op, 0, first);
    return c ? c : spent(r);
}

static struct cql *read_and(struct reader *r)
{
    return read_chain(r, "and", CQL_AND, read_factor);
}

static struct cql *read_any(struct reader *r)
{
    return read_chain(r, "or", CQL_OR, read_and);
}

int cql_parse(struct wg_arena *a, struct wg_str text, struct cql **out, struct wg_err *err)
{
    struct reader r = {.a = a, .s = text, .err = err};
    err->code = 0;
    *out = NULL;
    if (text.n > CQL_TEXT_MAX)
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter has %zu bytes; at most %d", text.n,
                          CQL_TEXT_MAX);
    if (!wg_utf8_valid(text) || memchr(text.p ? text.p : "", '\0', text.n))
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter is not UTF-8 text");
    struct cql *c = read_any(&r);
    if (c && look(&r))
        c = wrong(&r, "AND, OR or the end is missing here");
    *out = err->code ? NULL : c;
    return err->code;
}
