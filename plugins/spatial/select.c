/* The parameters of items. What can be told from the text alone is told on the loop; names of
 * properties wait for the tables. */
#include "cql.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"filter",   "filter-lang",  "filter-crs", "limit",
                                    "offset",   "bbox",         "bbox-crs",   "crs",
                                    "datetime", "sortby",       "properties", "exclude-properties",
                                    "after",    "skipGeometry", NULL};

#define FAR_M 5e7 /* no metre of any of our systems lies further from its origin */

/* ---- text into numbers ---- */

/* Clients print up to twenty digits: strtod knows what to do with them. */
static bool read_double(struct wg_str s, double *out)
{
    char text[64], *end;
    if (s.n == 0 || s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (strspn(text, "0123456789+-.eE") != s.n)
        return false;
    *out = strtod(text, &end);
    return end == text + s.n && isfinite(*out);
}

/* The next of a comma-separated list. */
static bool next_of(struct wg_str *list, struct wg_str *out)
{
    if (!list->p)
        return false;
    const char *comma = memchr(list->p, ',', list->n);
    *out = (struct wg_str){list->p, comma ? (size_t)(comma - list->p) : list->n};
    *list = comma ? (struct wg_str){comma + 1, list->n - out->n - 1} : (struct wg_str){NULL, 0};
    return true;
}

static bool read_limit(struct ask *ask, struct wg_str s)
{
    if (wg_str_int(s, &ask->select.limit) < 0 || ask->select.limit < 1)
        return ask_bad(ask, "limit", "limit is a whole number from 1 on; more than %d is as %d",
                       LIMIT_MAX, LIMIT_MAX);
    if (ask->select.limit > LIMIT_MAX)
        ask->select.limit = LIMIT_MAX;
    return true;
}

static bool read_crs(struct ask *ask, const char *name, struct wg_str s, const struct crs **out)
{
    *out = crs_find(ask->source.systems, s);
    return *out || ask_bad(ask, name, "%s is one of the collection's crs list, as a URI", name);
}

/* ---- the box ---- */

static int32_t e7(double degrees, bool up)
{
    double v = degrees * 1e7;
    v = up ? ceil(v - 1e-4) : floor(v + 1e-4); /* 118.05 is no double: what is meant is the digit */
    return (int32_t)fmin(fmax(v, -1.8e9), 1.8e9);
}

/* Whole: what lies in it lies in the box. */
static struct wg_box hull_of(double west, double south, double east, double north)
{
    return (struct wg_box){e7(west, true), e7(south, true), e7(east, false), e7(north, false)};
}

/* Of a projected box: its sides bend, so points along them are asked. Grown by a hundredth, since
 * a side may bulge between two of them; features are then tested one by one. */
static bool project_box(struct ask *ask)
{
    struct select *q = &ask->select;
    struct wg_crs *p = crs_take(q->box_crs);
    double w = 180, s = 90, e = -180, n = -90;
    bool good = p != NULL;
    for (int k = 0; good && k <= 32; k++)
        for (int side = 0; good && side < 4; side++) {
            double t = k / 32.0, lon, lat;
            double x =
                side < 2 ? q->box[0] + t * (q->box[2] - q->box[0]) : q->box[side == 2 ? 0 : 2];
            double y =
                side < 2 ? q->box[side == 0 ? 1 : 3] : q->box[1] + t * (q->box[3] - q->box[1]);
            good = wg_crs_to_degrees(p, x, y, &lon, &lat) == WG_OK;
            w = fmin(w, lon);
            e = fmax(e, lon);
            s = fmin(s, lat);
            n = fmax(n, lat);
        }
    crs_give(q->box_crs, p);
    if (!good)
        return ask_bad(ask, "bbox", "bbox lies outside of what its system can say");
    double dx = (e - w) / 100 + 1e-6, dy = (n - s) / 100 + 1e-6;
    q->hull = hull_of(w - dx, s - dy, e + dx, n + dy);
    q->loose = true;
    return true;
}

bool select_box(struct ask *ask, struct wg_str text)
{
    struct select *q = &ask->select;
    const struct crs *c = q->box_crs;
    struct wg_str part, list = text;
    double v[7];
    size_t n = 0;
    while (n < 7 && next_of(&list, &part) && read_double(part, &v[n]))
        n++;
    if (list.p || (n != 4 && n != 6))
        return ask_bad(ask, "bbox",
                       "bbox has four numbers (or six, with heights), like 118.5,30,118.6,30.1");
    if (n == 6) {
        v[2] = v[3];
        v[3] = v[4];
    }
    for (int k = 0; k < 4; k++) /* x, then y */
        q->box[k] = v[c->north1 ? k ^ 1 : k];
    double *b = q->box;
    q->boxed = true;
    if (b[1] > b[3])
        return ask_bad(ask, "bbox", "bbox ends south of where it begins");
    if (!c->degrees &&
        (fabs(b[0]) > FAR_M || fabs(b[1]) > FAR_M || fabs(b[2]) > FAR_M || fabs(b[3]) > FAR_M))
        return ask_bad(ask, "bbox", "bbox lies outside of what its system can say");
    if (!c->degrees)
        return b[0] > b[2] ? ask_bad(ask, "bbox", "bbox ends west of where it begins")
                           : project_box(ask);
    if (b[0] < -180 || b[2] < -180 || b[0] > 180 || b[2] > 180 || b[1] < -90 || b[3] > 90)
        return ask_bad(ask, "bbox", "bbox lies outside of [-180,180] and [-90,90]; %s comes first",
                       c->north1 ? "lat" : "lon");
    q->round = q->loose = b[0] > b[2];
    q->hull = q->round ? hull_of(-180, b[1], 180, b[3]) : hull_of(b[0], b[1], b[2], b[3]);
    return true;
}

/* ---- time: what has none always matches; but it must be well said ---- */

/* *ms is left as it is where the end is open. */
static bool is_moment(struct wg_str s, int64_t *ms)
{
    return s.n == 0 || wg_str_is(s, "..") || wg_time_parse(s, ms) == WG_OK;
}

static bool read_time(struct ask *ask, struct wg_str s)
{
    const char *slash = memchr(s.p, '/', s.n);
    struct wg_str from = {s.p, slash ? (size_t)(slash - s.p) : s.n};
    struct wg_str to = slash ? (struct wg_str){slash + 1, s.n - from.n - 1} : from;
    struct select *q = &ask->select;
    q->from_ms = INT64_MIN;
    q->to_ms = INT64_MAX;
    bool good = is_moment(from, &q->from_ms) && is_moment(to, &q->to_ms) && s.n > 0 &&
                (slash || (from.n && from.p[0] != '.')) && q->from_ms <= q->to_ms;
    q->timed = good;
    return good || ask_bad(ask, "datetime",
                           "datetime is a moment like 2026-11-23T08:00:00Z, or two with a slash "
                           "between; .. leaves an end open");
}

/* ---- tokens: "<mark>-<places passed>-<matched>" ---- */

static bool read_after(struct ask *ask, struct wg_str s)
{
    unsigned long long mark, after, matched;
    char text[80];
    int end = 0;
    if (wg_str_copy(text, sizeof(text), s) < 0 ||
        sscanf(text, "%16llx-%llu-%llu%n", &mark, &after, &matched, &end) != 3 ||
        (size_t)end != s.n)
        return ask_bad(ask, "after", "after is taken from a next link");
    ask->select.goes_on = true;
    ask->select.mark = mark;
    ask->select.after = after;
    ask->select.matched = matched;
    if (mark == ask->source.mark || snapshot_take(ask, mark))
        return true;
    ask_bad(ask, "", "the data have changed since that page; begin again without after");
    ask->status = 404;
    return false;
}

/* ---- names ---- */

static bool read_sort(struct ask *ask, struct wg_str list)
{
    struct select *q = &ask->select;
    struct wg_str part;
    while (next_of(&list, &part)) {
        /* A plus that was not escaped has come as a space. */
        bool sign = part.n && (part.p[0] == '-' || part.p[0] == '+' || part.p[0] == ' ');
        if (q->sorts == 8 || part.n <= (size_t)sign)
            return ask_bad(ask, "sortby",
                           "sortby has one to eight names, each with + or - before it");
        q->sort[q->sorts].down = part.p[0] == '-';
        q->sort[q->sorts++].name = (struct wg_str){part.p + sign, part.n - sign};
    }
    return true;
}

static bool read_names(struct ask *ask, const char *of, struct wg_str list, struct wg_str **out,
                       size_t *count)
{
    struct wg_str part;
    if (!(*out = wg_arena_alloc(ask->a, FIELDS_MAX * sizeof(**out)))) {
        ask->status = 503;
        return false;
    }
    while (next_of(&list, &part)) {
        if (*count == FIELDS_MAX)
            return ask_bad(ask, of, "at most %d names", FIELDS_MAX);
        (*out)[(*count)++] = part;
    }
    return true;
}

static bool is_one(struct wg_str name)
{
    for (size_t k = 0; names[k]; k++)
        if (wg_str_is(name, names[k]))
            return true;
    return wg_str_is(name, "f");
}

/* Whatever is no parameter of ours may be a property's name; it is looked up on the pool. */
static bool read_equals(struct ask *ask)
{
    struct select *q = &ask->select;
    struct wg_str name, value;
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++) {
        if (is_one(name))
            continue;
        if (q->equals == 16)
            return ask_bad(ask, "", "at most 16 properties can be asked for");
        q->equal[q->equals].name = name;
        q->equal[q->equals++].value = value;
    }
    return true;
}

/* The last one, where a name comes twice. */
static struct wg_str last(struct ask *ask, const char *want)
{
    struct wg_str name, value, found = {NULL, 0};
    for (size_t i = 0; wg_req_query_at(ask->req, i, &name, &value); i++)
        if (wg_str_is(name, want))
            found = value;
    return found;
}

static bool read_filter(struct ask *ask)
{
    struct select *q = &ask->select;
    struct wg_str text = last(ask, "filter"), lang = last(ask, "filter-lang");
    bool json = wg_str_is(lang, "cql2-json");
    int rc;
    if (lang.p && !json && !wg_str_is(lang, "cql2-text"))
        return ask_bad(ask, "filter-lang", "filter-lang is cql2-text or cql2-json");
    if (!text.p)
        return true;
    rc = (json ? cql_parse_json : cql_parse)(ask->a, text, &q->filter, &ask->err);
    ask->status = rc == WG_OK ? ask->status : rc == WG_ENOMEM ? 503 : 400;
    return rc == WG_OK;
}

/* Some clients count pages by themselves. A next link goes on from its token, wherever the first
 * page began. */
static bool read_offset(struct ask *ask, struct wg_str s)
{
    int64_t n;
    if (wg_str_int(s, &n) < 0 || n < 0)
        return ask_bad(ask, "offset", "offset is a whole number from 0 on");
    ask->select.skip = ask->select.goes_on ? 0 : (uint64_t)n;
    return true;
}

bool select_read(struct ask *ask)
{
    struct select *q = &ask->select;
    struct wg_str s;
    q->limit = LIMIT_DEFAULT;
    q->crs = q->box_crs = q->filter_crs = crs_at(NULL, 0);
    if (((s = last(ask, "limit")).p && !read_limit(ask, s)) ||
        ((s = last(ask, "crs")).p && !read_crs(ask, "crs", s, &q->crs)) ||
        ((s = last(ask, "bbox-crs")).p && !read_crs(ask, "bbox-crs", s, &q->box_crs)) ||
        ((s = last(ask, "bbox")).p && !select_box(ask, s)) ||
        ((s = last(ask, "datetime")).p && !read_time(ask, s)) ||
        ((s = last(ask, "after")).p && !read_after(ask, s)) ||
        ((s = last(ask, "offset")).p && !read_offset(ask, s)) ||
        ((s = last(ask, "sortby")).p && !read_sort(ask, s)) ||
        ((s = last(ask, "properties")).p &&
         !read_names(ask, "properties", s, &q->only, &q->onlys)) ||
        ((s = last(ask, "exclude-properties")).p &&
         !read_names(ask, "exclude-properties", s, &q->but, &q->buts)) ||
        ((s = last(ask, "filter-crs")).p && !read_crs(ask, "filter-crs", s, &q->filter_crs)) ||
        !read_filter(ask) || !read_equals(ask))
        return false;
    if ((s = last(ask, "skipGeometry")).p && !wg_str_is(s, "true") && !wg_str_is(s, "false"))
        return ask_bad(ask, "skipGeometry", "skipGeometry is true or false");
    q->shapeless = wg_str_is(s, "true");
    return true;
}

static bool known(struct ask *ask, struct wg_str name, const char *what, int *field)
{
    int f = source_field(&ask->source, name);
    if (field)
        *field = f;
    return f >= 0 ||
           ask_bad(ask, what,
                   "%.*s is neither a parameter nor a property here; queryables lists them",
                   name.n < 60 ? (int)name.n : 60, name.p);
}

/* "category=0103" is the filter that says so. */
static bool join_equal(struct ask *ask, size_t k)
{
    struct select *q = &ask->select;
    struct wg_str name = q->equal[k].name;
    struct cql *field = cql_value(ask->a, CQL_ANY), *value = NULL, *both = NULL;
    int rc = field ? cql_literal(ask->a, &ask->source, name, q->equal[k].value, &value, &ask->err)
                   : WG_ENOMEM;
    if (rc == WG_EINVAL)
        return ask_bad(ask, "", "%.*s is a number here", (int)name.n, name.p);
    if (rc == WG_OK) {
        field->op = CQL_FIELD;
        field->text = name;
        both = cql_node(ask->a, CQL_EQ, field, value);
    }
    if (both && q->filter)
        both = cql_node(ask->a, CQL_AND, q->filter, both);
    q->filter = both;
    ask->status = both ? ask->status : 503;
    return both != NULL;
}

/* An operation on a property and a moment; NULL: no memory. */
static struct cql *at_moment(struct ask *ask, enum cql_op op, const char *field, int64_t ms)
{
    struct cql *x = cql_value(ask->a, CQL_ANY), *t = cql_value(ask->a, CQL_WHEN);
    if (!x || !t)
        return NULL;
    x->op = CQL_FIELD;
    x->text = wg_str_of(field);
    t->from_ms = t->to_ms = ms;
    return op == CQL_NULL ? cql_node(ask->a, op, x, NULL) : cql_node(ask->a, op, x, t);
}

/* "datetime=a/b" too: begun by b, and not over before a. */
static bool join_time(struct ask *ask)
{
    struct select *q = &ask->select;
    const struct collection *c = ask->source.collection;
    struct cql *parts[3] = {q->filter, NULL, NULL}, *all = NULL;
    if (!q->timed || !c->begins || source_field(&ask->source, wg_str_of(c->begins)) < 0)
        return true;
    bool good =
        q->to_ms == INT64_MAX || (parts[1] = at_moment(ask, CQL_LE, c->begins, q->to_ms)) != NULL;
    if (good && q->from_ms != INT64_MIN) {
        struct cql *none = at_moment(ask, CQL_NULL, c->ends, 0),
                   *later = at_moment(ask, CQL_GE, c->ends, q->from_ms);
        good = none && later && (parts[2] = cql_node(ask->a, CQL_OR, none, later)) != NULL;
    }
    for (int k = 0; good && k < 3; k++)
        if (parts[k])
            good = (all = all ? cql_node(ask->a, CQL_AND, all, parts[k]) : parts[k]) != NULL;
    q->filter = all;
    ask->status = good ? ask->status : 503;
    return good;
}

bool select_bind(struct ask *ask)
{
    struct select *q = &ask->select;
    if (!ask->source.count) { /* nothing has no properties: whatever is asked of them, none is it */
        q->filter = NULL;
        q->equals = q->sorts = q->onlys = q->buts = 0;
        return true;
    }
    if (!join_time(ask))
        return false;
    for (size_t k = 0; k < q->equals; k++)
        if (!known(ask, q->equal[k].name, "", NULL) || !join_equal(ask, k))
            return false;
    for (size_t k = 0; k < q->sorts; k++)
        if (!wg_str_is(q->sort[k].name, "id") &&
            !known(ask, q->sort[k].name, "sortby", &q->sort[k].field))
            return false;
    for (size_t k = 0; k < q->onlys; k++)
        if (!known(ask, q->only[k], "properties", NULL))
            return false;
    for (size_t k = 0; k < q->buts; k++)
        if (!known(ask, q->but[k], "exclude-properties", NULL))
            return false;
    if (q->filter) {
        int rc = cql_bind(q->filter, &ask->source, q->filter_crs, &q->run, &ask->err);
        ask->status = rc == WG_OK ? ask->status : rc == WG_ENOMEM ? 503 : 400;
        return rc == WG_OK;
    }
    return true;
}
