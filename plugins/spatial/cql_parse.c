/* CQL2 text. One grammar for what is true and what is a value, by strength of binding; whether a
 * thing may stand where it stands is seen when it is bound. */
#include "cql_read.h"

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

void *cql_wrong(struct cql_reader *r, const char *what)
{
    if (!r->err->code)
        wg_fail_at(r->err, WG_EINVAL, "/filter", "filter, character %zu: %s",
                   wg_utf8_count((struct wg_str){r->s.p, r->at}) + 1, what);
    return NULL;
}

void *cql_spent(struct cql_reader *r)
{
    if (!r->err->code)
        wg_fail(r->err, WG_ENOMEM, "out of memory");
    return NULL;
}

char cql_look(struct cql_reader *r)
{
    while (r->at < r->s.n && strchr(" \t\r\n", r->s.p[r->at]))
        r->at++;
    return r->at < r->s.n ? r->s.p[r->at] : '\0';
}

bool cql_take(struct cql_reader *r, const char *mark)
{
    size_t n = strlen(mark);
    cql_look(r);
    if (r->s.n - r->at < n || memcmp(r->s.p + r->at, mark, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool begins_name(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80;
}

struct wg_str cql_peek(struct cql_reader *r)
{
    size_t end = r->at;
    if (!begins_name((unsigned char)cql_look(r)))
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

bool cql_take_word(struct cql_reader *r, const char *word)
{
    struct wg_str s = cql_peek(r);
    if (!s.n || !is_word(s, word))
        return false;
    r->at += s.n;
    return true;
}

/* From quote to quote: '' is one, and so is \'. */
static bool read_quoted(struct cql_reader *r, char quote, struct wg_str *out)
{
    char *to = wg_arena_alloc(r->a, r->s.n - r->at + 1);
    size_t n = 0;
    if (!to) {
        cql_spent(r);
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
    cql_wrong(r, "the quote is never closed");
    return false;
}

bool cql_number(struct cql_reader *r, double *out)
{
    char text[64], *end;
    size_t n = 0;
    cql_look(r);
    while (r->at + n < r->s.n && n < sizeof(text) - 1 &&
           strchr("0123456789+-.eE", r->s.p[r->at + n])) {
        text[n] = r->s.p[r->at + n];
        n++;
    }
    text[n] = '\0';
    *out = strtod(text, &end);
    if (end == text || !isfinite(*out)) {
        cql_wrong(r, "a number is missing here");
        return false;
    }
    r->at += (size_t)(end - text);
    return true;
}

struct cql *cql_new(struct cql_reader *r, enum cql_type type)
{
    struct cql *c = cql_value(r->a, type);
    return c ? c : cql_spent(r);
}

/* ---- values ---- */

static struct cql *read_any(struct cql_reader *r);
static struct cql *read_sum(struct cql_reader *r);

static struct cql *read_text_in(struct cql_reader *r)
{
    struct cql *c = cql_new(r, CQL_TEXT);
    if (!c || !cql_take(r, "(") || cql_look(r) != '\'' || !read_quoted(r, '\'', &c->text) ||
        !cql_take(r, ")"))
        return cql_wrong(r, "('…') is missing here");
    return c;
}

static struct cql *read_instant(struct cql_reader *r, bool day)
{
    struct cql *c = read_text_in(r);
    if (c && cql_instant(c, c->text, day) < 0)
        return cql_wrong(r, day ? "a date is like 2026-11-23"
                                : "a timestamp is like 2026-11-23T08:00:00Z");
    return c;
}

/* An end: '2026-11-23', '2026-11-23T08:00:00Z', '..', or a property. */
static struct cql *read_end(struct cql_reader *r)
{
    struct cql *c;
    if (cql_look(r) != '\'')
        return read_sum(r);
    c = cql_new(r, CQL_WHEN);
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
               : cql_wrong(r, "an end is a date, a timestamp or ..");
}

static struct cql *read_span(struct cql_reader *r)
{
    struct cql *from, *to;
    if (!cql_take(r, "(") || !(from = read_end(r)) || !cql_take(r, ",") || !(to = read_end(r)) ||
        !cql_take(r, ")"))
        return cql_wrong(r, "INTERVAL has two ends: INTERVAL('2026-01-01','..')");
    struct cql *c = cql_node(r->a, CQL_SPAN, from, to);
    return c ? c : cql_spent(r);
}

/* Arguments in brackets. */
static struct cql *read_list(struct cql_reader *r, size_t most)
{
    struct cql *first = NULL, **last = &first;
    size_t n = 0;
    if (!cql_take(r, "("))
        return cql_wrong(r, "( is missing here");
    do {
        if (n++ == most)
            return cql_wrong(r, "the list has too many members");
        if (!(*last = read_any(r)))
            return NULL;
        last = &(*last)->next;
    } while (cql_take(r, ","));
    return cql_take(r, ")") ? first : cql_wrong(r, ") or , is missing here");
}

static struct cql *read_call(struct cql_reader *r, struct wg_str name)
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
            return cql_wrong(r, "there is no such function; known are CASEI, S_… and T_…");
    }
    r->at += name.n;
    struct cql *list = read_list(r, args), *c = list ? cql_name(r->a, op, which, list) : NULL;
    if (!list)
        return NULL;
    return !c                ? cql_spent(r)
           : c->args == args ? c
                             : cql_wrong(r, "the function needs another argument");
}

/* POINT Z(1 2 3): the heights are announced. */
static bool goes_on_with_z(struct cql_reader *r, size_t at)
{
    struct cql_reader ahead = *r;
    ahead.at = at;
    return cql_take_word(&ahead, "z") && cql_look(&ahead) == '(';
}

static struct cql *read_named(struct cql_reader *r)
{
    struct wg_str name = cql_peek(r);
    size_t end = r->at + name.n;
    struct cql *c;
    while (end < r->s.n && strchr(" \t\r\n", r->s.p[end]))
        end++;
    bool call = end < r->s.n && r->s.p[end] == '(';
    if (is_word(name, "true") || is_word(name, "false")) {
        if ((c = cql_new(r, CQL_BOOL)))
            c->yes = name.n == 4;
        r->at += name.n;
        return c;
    }
    if (cql_index(cql_geo_names, name) >= 0 && (call || goes_on_with_z(r, end))) {
        struct cql_geo *g = cql_read_geo(r);
        if (!g || !(c = cql_new(r, CQL_SHAPE)))
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
        return box ? cql_read_box(r) : span ? read_span(r) : read_instant(r, day);
    }
    static const char *const words[] = {"and", "or", "not",  "like", "between",
                                        "in",  "is", "null", "div",  NULL};
    if (cql_index(words, name) >= 0)
        return cql_wrong(r, "a value or a property is missing here");
    if (!(c = cql_new(r, CQL_ANY)))
        return NULL;
    c->op = CQL_FIELD;
    c->text = name;
    r->at += name.n;
    return c;
}

static struct cql *read_one(struct cql_reader *r)
{
    char first = cql_look(r);
    struct cql *c;
    if (++r->depth > CQL_DEPTH_MAX)
        return cql_wrong(r, "it is nested more than 64 deep");
    if (first == '(') {
        r->at++;
        c = read_any(r);
        if (c && !cql_take(r, ")"))
            c = cql_wrong(r, ") is missing here");
    } else if (first == '\'') {
        c = cql_new(r, CQL_TEXT);
        if (c && !read_quoted(r, '\'', &c->text))
            c = NULL;
    } else if (first == '"') {
        c = cql_new(r, CQL_ANY);
        if (c && !read_quoted(r, '"', &c->text))
            c = NULL;
        if (c)
            c->op = CQL_FIELD;
    } else if (first == '-' || first == '+') {
        r->at++;
        struct cql *zero = cql_new(r, CQL_NUM), *x = zero ? read_one(r) : NULL;
        c = x ? cql_node(r->a, first == '-' ? CQL_SUB : CQL_ADD, zero, x) : NULL;
    } else if ((first >= '0' && first <= '9') || first == '.') {
        c = cql_new(r, CQL_NUM);
        if (c && !cql_number(r, &c->num))
            c = NULL;
    } else if (begins_name((unsigned char)first)) {
        c = read_named(r);
    } else {
        c = cql_wrong(r, first ? "a value or a property is missing here" : "it ends too early");
    }
    r->depth--;
    return c;
}

static struct cql *pair(struct cql_reader *r, enum cql_op op, struct cql *x, struct cql *y)
{
    struct cql *c = y ? cql_node(r->a, op, x, y) : NULL;
    return c || !y ? c : cql_spent(r);
}

static struct cql *read_power(struct cql_reader *r)
{
    struct cql *c = read_one(r);
    if (!c || !cql_take(r, "^"))
        return c;
    if (++r->depth > CQL_DEPTH_MAX)
        return cql_wrong(r, "it is nested more than 64 deep");
    c = pair(r, CQL_POW, c, read_power(r));
    r->depth--;
    return c;
}

static struct cql *read_product(struct cql_reader *r)
{
    struct cql *c = read_power(r);
    while (c) {
        if (cql_take(r, "*"))
            c = pair(r, CQL_MUL, c, read_power(r));
        else if (cql_take(r, "/"))
            c = pair(r, CQL_DIV, c, read_power(r));
        else if (cql_take(r, "%"))
            c = pair(r, CQL_MOD, c, read_power(r));
        else if (cql_take_word(r, "div"))
            c = pair(r, CQL_WHOLE, c, read_power(r));
        else
            break;
    }
    return c;
}

static struct cql *read_sum(struct cql_reader *r)
{
    struct cql *c = read_product(r);
    while (c) {
        if (cql_take(r, "+"))
            c = pair(r, CQL_ADD, c, read_product(r));
        else if (cql_take(r, "-"))
            c = pair(r, CQL_SUB, c, read_product(r));
        else
            break;
    }
    return c;
}

/* ---- what is true ---- */

static struct cql *negate(struct cql_reader *r, bool not, struct cql *c)
{
    struct cql *n = c && not ? cql_node(r->a, CQL_NOT, c, NULL) : c;
    return n || !c ? n : cql_spent(r);
}

static struct cql *read_between(struct cql_reader *r, struct cql *x)
{
    struct cql *low = read_sum(r), *high;
    if (!low)
        return NULL;
    if (!cql_take_word(r, "and"))
        return cql_wrong(r, "BETWEEN a AND b");
    if (!(high = read_sum(r)))
        return NULL;
    x->next = low;
    low->next = high;
    high->next = NULL;
    struct cql *c = cql_name(r->a, CQL_BETWEEN, 0, x);
    return c ? c : cql_spent(r);
}

static struct cql *read_in(struct cql_reader *r, struct cql *x)
{
    if (!(x->next = read_list(r, CQL_LIST_MAX)))
        return NULL;
    struct cql *c = cql_name(r->a, CQL_IN, 0, x);
    return c ? c : cql_spent(r);
}

static struct cql *read_claim(struct cql_reader *r)
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
        if (cql_take(r, marks[i].mark))
            return pair(r, marks[i].op, x, read_sum(r));
    if (cql_take_word(r, "is")) {
        bool not = cql_take_word(r, "not");
        if (!cql_take_word(r, "null"))
            return cql_wrong(r, "IS NULL, or IS NOT NULL");
        struct cql *c = cql_node(r->a, CQL_NULL, x, NULL);
        return c ? negate(r, not, c) : cql_spent(r);
    }
    bool not = cql_take_word(r, "not");
    if (cql_take_word(r, "like"))
        return negate(r, not, pair(r, CQL_LIKE, x, read_sum(r)));
    if (cql_take_word(r, "between"))
        return negate(r, not, read_between(r, x));
    if (cql_take_word(r, "in"))
        return negate(r, not, read_in(r, x));
    return not ? cql_wrong(r, "LIKE, BETWEEN or IN is missing after NOT") : x;
}

static struct cql *read_factor(struct cql_reader *r)
{
    struct cql *c;
    if (!cql_take_word(r, "not"))
        return read_claim(r);
    if (++r->depth > CQL_DEPTH_MAX)
        return cql_wrong(r, "it is nested more than 64 deep");
    c = negate(r, true, read_factor(r));
    r->depth--;
    return c;
}

/* A chain of one word is one node, so that a long one is not deep. */
static struct cql *read_chain(struct cql_reader *r, const char *word, enum cql_op op,
                              struct cql *(*read)(struct cql_reader *r))
{
    struct cql *first = read(r), *last = first;
    if (!first || !cql_take_word(r, word))
        return first;
    do {
        if (!(last->next = read(r)))
            return NULL;
        last = last->next;
    } while (cql_take_word(r, word));
    struct cql *c = cql_name(r->a, op, 0, first);
    return c ? c : cql_spent(r);
}

static struct cql *read_and(struct cql_reader *r)
{
    return read_chain(r, "and", CQL_AND, read_factor);
}

static struct cql *read_any(struct cql_reader *r)
{
    return read_chain(r, "or", CQL_OR, read_and);
}

int cql_parse(struct wg_arena *a, struct wg_str text, struct cql **out, struct wg_err *err)
{
    struct cql_reader r = {.a = a, .s = text, .err = err};
    err->code = 0;
    *out = NULL;
    if (text.n > CQL_TEXT_MAX)
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter has %zu bytes; at most %d", text.n,
                          CQL_TEXT_MAX);
    if (!wg_utf8_valid(text) || memchr(text.p ? text.p : "", '\0', text.n))
        return wg_fail_at(err, WG_EINVAL, "/filter", "filter is not UTF-8 text");
    struct cql *c = read_any(&r);
    if (c && cql_look(&r))
        c = cql_wrong(&r, "AND, OR or the end is missing here");
    *out = err->code ? NULL : c;
    return err->code;
}
