/* What tests have covered. Lines: of all functions that a handler can reach; those of a function
 * that is made in a call count once it has run. A line that only closes something has code, but
 * nobody would miss it: a return before an `end` never comes there. */
#include "rules/state.h"

#include <stdio.h>
#include <stdlib.h>

#define ACTIONS_MAX 128

struct lines {
    struct wg_str name, text;
    uint32_t count; /* of the file */
    uint8_t *line;  /* by number, from 1 */
};
enum { HAS_CODE = 1, HIT = 2 };

struct wg_rules_cover {
    struct wg_arena *arena;
    struct wg_bundle *bundle;
    struct wg_pack *pack;
    struct lines *file;
    size_t files, last;      /* last: the file that the line before was of */
    const char *last_source; /* of Lua's own: the same text, the same address */
    size_t *first;           /* by class: its first row */
    uint8_t *row;
    struct wg_str action[ACTIONS_MAX];
    size_t actions;
    bool failed;
};

void wg_rules_cover_free(struct wg_rules_cover *c)
{
    if (!c)
        return;
    wg_arena_free(c->arena);
    wg_bundle_drop(c->bundle);
    wg_pack_drop(c->pack);
    free(c);
}

/* ---- lines ---- */

static bool closes_only(struct wg_str text, uint32_t line)
{
    static const char *const words[] = {"end", "else"};
    const char *p = text.p, *stop = text.p + text.n;
    for (uint32_t n = 1; n < line && p; n++)
        if ((p = memchr(p, '\n', (size_t)(stop - p))))
            p++;
    while (p && p < stop && *p != '\n') {
        size_t w = 0, n = 0;
        while (w < 2 && ((n = strlen(words[w])) > (size_t)(stop - p) || memcmp(p, words[w], n)))
            w++;
        if (w < 2)
            p += n;
        else if (strchr(" \t\r,;(){}", *p))
            p++;
        else
            return *p == '-' && p + 1 < stop && p[1] == '-';
    }
    return true;
}

static struct lines *lines_of(struct wg_rules_cover *c, const char *source)
{
    if (source == c->last_source)
        return c->last < c->files ? &c->file[c->last] : NULL;
    c->last_source = source;
    for (c->last = 0; c->last < c->files; c->last++)
        if (source[0] == '@' && wg_str_is(c->file[c->last].name, source + 1))
            return &c->file[c->last];
    return NULL;
}

/* The lines of the function on top, which is popped. */
static void add_function(lua_State *L, struct wg_rules_cover *c)
{
    lua_Debug ar;
    lua_getinfo(L, ">SL", &ar);
    struct lines *f = lines_of(c, ar.source);
    if (f && lua_type(L, -1) == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            lua_Integer n = lua_tointeger(L, -2);
            if (n > 0 && n <= (lua_Integer)f->count && !closes_only(f->text, (uint32_t)n))
                f->line[n] |= HAS_CODE;
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static void each_function(lua_State *L, void *arg)
{
    lua_pushvalue(L, -1);
    add_function(L, arg);
}

static int find_lines(lua_State *L)
{
    struct wg_rules *r = rules_of(L);
    rules_push_ref(L, REF_LEVELS);
    rules_each_function(L, -1, each_function, r->cover);
    return 0;
}

void rules_cover_line(lua_State *L, lua_Debug *ar)
{
    struct wg_rules *r = rules_of(L);
    struct wg_rules_cover *c = r->cover;
    if (!c || r->loading || !lua_getinfo(L, "S", ar))
        return;
    struct lines *f = lines_of(c, ar->source);
    uint32_t n = ar->currentline > 0 ? (uint32_t)ar->currentline : 0;
    if (!f || !n || n > f->count)
        return;
    if (!(f->line[n] & HAS_CODE) && !closes_only(f->text, n) && lua_checkstack(L, 6)) {
        lua_getinfo(L, "f", ar);
        add_function(L, c);
    }
    f->line[n] |= HIT;
}

/* ---- rows and actions ---- */

void rules_cover_row(struct wg_rules_cover *c, const struct wg_class *class_,
                     const struct wg_condition *row)
{
    size_t k = c && class_ ? (size_t)(class_ - c->pack->classes) : SIZE_MAX;
    if (c && k < c->pack->class_count && row >= class_->condition &&
        row < class_->condition + class_->conditions)
        c->row[c->first[k] + (size_t)(row - class_->condition)] = HIT;
}

void rules_cover_action(struct wg_rules_cover *c, struct wg_str action)
{
    if (!c || c->actions == ACTIONS_MAX)
        return;
    for (size_t i = 0; i < c->actions; i++)
        if (wg_str_eq(c->action[i], action))
            return;
    struct wg_str copy = wg_arena_str(c->arena, action);
    c->failed |= !copy.p;
    if (copy.p)
        c->action[c->actions++] = copy;
}

/* ---- made ---- */

static bool make(struct wg_rules_cover *c)
{
    size_t rows = 0;
    c->files = wg_bundle_files(c->bundle);
    c->file = wg_arena_alloc(c->arena, (c->files + 1) * sizeof(*c->file));
    c->first = wg_arena_alloc(c->arena, (c->pack->class_count + 1) * sizeof(*c->first));
    if (!c->file || !c->first)
        return false;
    for (size_t i = 0; i < c->files; i++) {
        struct lines *f = &c->file[i];
        wg_bundle_file(c->bundle, i, &f->name, &f->text);
        f->count = (uint32_t)rules_line_of(f->text, f->text.p + f->text.n);
        if (!(f->line = wg_arena_alloc(c->arena, f->count + 1)))
            return false;
    }
    for (size_t i = 0; i < c->pack->class_count; i++) {
        c->first[i] = rows;
        rows += c->pack->classes[i].conditions;
    }
    return (c->row = wg_arena_alloc(c->arena, rows + 1)) != NULL;
}

int rules_cover_new(struct wg_rules *r, struct wg_rules_cover **out)
{
    struct wg_rules_cover *c = calloc(1, sizeof(*c));
    int rc = WG_ENOMEM;
    *out = NULL;
    if (!c || !(c->arena = wg_arena_new(16384)))
        goto out;
    c->bundle = wg_bundle_keep(r->bundle);
    c->pack = wg_pack_keep(r->pack);
    if (!make(c))
        goto out;
    r->cover = c;
    r->loading = true; /* the walk makes a large table or two, and no handler runs in it */
    size_t alloc_max = r->alloc_max;
    r->alloc_max = r->limits.memory_max;
    rc = rules_protect(r, find_lines, 0, r->limits.load_us);
    r->alloc_max = alloc_max;
    r->loading = false;
    r->cover = NULL;
    if (rc == WG_OK) {
        *out = c;
        c = NULL;
    }
out:
    wg_rules_cover_free(c);
    return rc;
}

/* ---- told ---- */

static bool row_same(const struct wg_condition *a, const struct wg_condition *b)
{
    bool same = wg_str_eq(a->text, b->text) && wg_str_eq(a->close, b->close) &&
                wg_str_eq(a->source, b->source) && wg_str_eq(a->article, b->article) &&
                wg_limit_same(a->limit, b->limit) && a->assumed == b->assumed &&
                a->segments == b->segments;
    for (uint32_t i = 0; same && i < a->segments; i++)
        same = wg_str_eq(a->segment[i].name, b->segment[i].name) &&
               wg_str_eq(a->segment[i].unit, b->segment[i].unit) &&
               wg_limit_same(a->segment[i].limit, b->segment[i].limit);
    return same;
}

bool wg_pack_row_known(const struct wg_pack *base, int kind, struct wg_str code,
                       const struct wg_condition *row)
{
    const struct wg_class *class_ = wg_pack_class(base, kind, code);
    const struct wg_condition *old = class_ ? wg_class_condition(class_, row->id) : NULL;
    return old && row_same(old, row);
}

struct count {
    size_t hit, total;
    struct wg_buf missed;
};

/* The county's own rows. */
static void count_rows(const struct wg_rules_cover *c, const struct wg_pack *base,
                       struct count *out)
{
    for (size_t i = 0; i < c->pack->class_count; i++) {
        const struct wg_class *k = &c->pack->classes[i];
        for (size_t n = 0; n < k->conditions; n++) {
            if (wg_pack_row_known(base, (int)k->kind, k->code, &k->condition[n]))
                continue;
            out->total++;
            if (c->row[c->first[i] + n]) {
                out->hit++;
                continue;
            }
            struct wg_buf name = WG_BUF_INIT;
            wg_buf_fmt(&name, "%s.%.*s 条件%.*s", wg_kind_name((int)k->kind), WG_PRI(k->code),
                       WG_PRI(k->condition[n].id));
            wg_json_sep(&out->missed);
            wg_buf_json(&out->missed, wg_buf_str(&name));
            wg_buf_free(&name);
        }
    }
}

static void count_lines(const struct lines *f, struct count *out)
{
    for (uint32_t n = 1; n <= f->count; n++) {
        if (!(f->line[n] & HAS_CODE))
            continue;
        out->total++;
        if (f->line[n] & HIT) {
            out->hit++;
        } else {
            wg_json_sep(&out->missed);
            wg_buf_int(&out->missed, n);
        }
    }
}

static bool is_own(const struct wg_rules_cover *c, const struct lines *f)
{
    return wg_str_starts(f->name, c->pack->area.p);
}

static void write_counts(const struct count *n, struct wg_buf *out)
{
    wg_json_kint(out, "hit", (int64_t)n->hit);
    wg_json_kint(out, "total", (int64_t)n->total);
    wg_json_key(out, "missed");
    wg_buf_char(out, '[');
    wg_buf_str_add(out, wg_buf_str(&n->missed));
    wg_buf_lit(out, "]}");
}

static void write_files(const struct wg_rules_cover *c, struct count *own, struct wg_buf *out)
{
    wg_json_key(out, "files");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < c->files; i++) {
        struct count n = {.missed = WG_BUF_INIT};
        count_lines(&c->file[i], &n);
        if (n.total) {
            wg_json_sep(out);
            wg_buf_char(out, '{');
            wg_json_kstr(out, "file", c->file[i].name);
            wg_json_kbool(out, "own", is_own(c, &c->file[i]));
            write_counts(&n, out);
        }
        if (is_own(c, &c->file[i])) {
            own->hit += n.hit;
            own->total += n.total;
        }
        wg_buf_free(&n.missed);
    }
    wg_buf_char(out, ']');
}

void wg_rules_cover_write(const struct wg_rules_cover *c, const struct wg_pack *base,
                          struct wg_buf *out)
{
    struct count rows = {.missed = WG_BUF_INIT}, own = {.missed = WG_BUF_INIT};
    wg_buf_char(out, '{');
    write_files(c, &own, out);
    wg_json_key(out, "lines");
    wg_buf_char(out, '{');
    wg_json_kint(out, "hit", (int64_t)own.hit);
    wg_json_kint(out, "total", (int64_t)own.total);
    wg_json_kint(out, "least", WG_COVER_LINES_LEAST);
    wg_buf_char(out, '}');
    count_rows(c, base, &rows);
    wg_json_key(out, "rows");
    wg_buf_char(out, '{');
    write_counts(&rows, out);
    wg_json_key(out, "actions");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < c->actions; i++) {
        wg_json_sep(out);
        wg_buf_json(out, c->action[i]);
    }
    wg_buf_lit(out, "]}");
    out->failed |= c->failed || rows.missed.failed;
    wg_buf_free(&rows.missed);
}

int wg_rules_cover_gate(const struct wg_rules_cover *c, const struct wg_pack *base,
                        struct wg_err *err)
{
    struct count rows = {.missed = WG_BUF_INIT}, own = {.missed = WG_BUF_INIT};
    int rc = WG_OK;
    count_rows(c, base, &rows);
    for (size_t i = 0; i < c->files; i++)
        if (is_own(c, &c->file[i]))
            count_lines(&c->file[i], &own);
    if (rows.hit < rows.total)
        rc = wg_fail(err, WG_ESTATE, "覆盖率不足：自有立案条件有 %zu/%zu 条没有测试：%.*s",
                     rows.total - rows.hit, rows.total,
                     (int)(rows.missed.n < 400 ? rows.missed.n : 400), rows.missed.p);
    else if (own.hit * 100 < own.total * WG_COVER_LINES_LEAST)
        rc = wg_fail(err, WG_ESTATE, "覆盖率不足：自有规则代码测试了 %zu/%zu 行，至少须 %d%%",
                     own.hit, own.total, WG_COVER_LINES_LEAST);
    wg_buf_free(&rows.missed);
    wg_buf_free(&own.missed);
    return rc;
}
