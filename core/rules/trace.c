/* A decision looked at step by step: which conditions were true and which were not, with what
 * values. Lua says where it is (line, call, return); the text says what stands there. Nothing of
 * this runs while a desk decides: it is done over recorded facts, in a state of its own. */
#include "rules/trace.h"

#include <stdlib.h>

#define FRAMES_MAX 64
#define NEAREST 3
#define TEXT_MAX_BYTES 160

struct frame {
    struct source *s;  /* NULL: no file of the bundle */
    int func, pending; /* pending: a branch whose condition is being looked at; -1 */
};

struct rules_trace {
    struct wg_arena *a;
    struct source *sources;
    struct frame frame[FRAMES_MAX];
    int depth; /* may be more than FRAMES_MAX: those are not followed */
    uint64_t tick;
    bool failed;
};

/* ---- steps ---- */

static struct source *source_of(struct wg_rules *r, const char *lua)
{
    struct rules_trace *t = r->trace;
    for (struct source *s = t->sources; s; s = s->next)
        if (s->lua == lua)
            return s;
    struct source *s = lua[0] == '@' ? WG_NEW(t->a, struct source) : NULL;
    if (!s)
        return NULL;
    s->lua = lua;
    s->name = wg_str_of(lua + 1);
    if (!rules_bundle_find(r->bundle, s->name, &s->text))
        return NULL;
    t->failed |= !source_read(s, t->a);
    s->next = t->sources;
    t->sources = s;
    return s;
}

static struct frame *frame_of(struct rules_trace *t)
{
    return t->depth > 0 && t->depth <= FRAMES_MAX && t->frame[t->depth - 1].s
               ? &t->frame[t->depth - 1]
               : NULL;
}

static void resolve(struct rules_trace *t, struct frame *f, bool yes)
{
    struct branch *b = &f->s->branch[f->pending];
    struct wg_buf *to = yes ? &b->yes : &b->no;
    f->pending = -1;
    *(yes ? &b->yes_at : &b->no_at) = ++t->tick;
    wg_buf_clear(to);
    wg_buf_str_add(to, wg_buf_str(&b->now));
}

static bool in_branch(const struct branch *b, int line)
{
    return b->first && line >= b->first && line <= b->last;
}

static void on_line(lua_State *L, lua_Debug *ar, struct rules_trace *t, struct frame *f)
{
    int line = ar->currentline;
    if (f->pending >= 0) {
        struct branch *b = &f->s->branch[f->pending];
        if (line > b->line && line <= b->then_line)
            return; /* the condition goes on */
        resolve(t, f, in_branch(b, line) && line > b->then_line);
    }
    for (size_t i = 0; i < f->s->branches; i++) {
        struct branch *b = &f->s->branch[i];
        if (b->func != f->func || b->line != line || b->kind == BRANCH_ELSE ||
            (!b->target && !b->leaves))
            continue;
        f->pending = (int)i;
        branch_values(L, ar, b);
        return;
    }
}

/* An outcome is made on this line of the frame. */
static void on_maker(struct rules_trace *t, struct frame *f, int line)
{
    if (f->pending >= 0 && in_branch(&f->s->branch[f->pending], line))
        resolve(t, f, true);
    for (size_t i = 0; i < f->s->targets; i++) {
        struct target *x = &f->s->target[i];
        if (x->func == f->func && x->maker && !x->hit && line >= x->line && line <= x->last) {
            x->hit = true;
            return;
        }
    }
}

static void on_return(struct rules_trace *t, struct frame *f, int line)
{
    struct function *g = &f->s->func[f->func];
    if (f->pending >= 0) {
        struct branch *b = &f->s->branch[f->pending];
        resolve(t, f, b->leaves && in_branch(b, line));
    }
    for (size_t i = 0; i < f->s->targets; i++) {
        struct target *x = &f->s->target[i];
        if (x->func == f->func && !x->maker && line >= x->line && line <= x->last)
            x->hit = true;
    }
    g->exit = -1;
    for (size_t i = 0; i < f->s->branches; i++) /* the innermost comes last */
        if (f->s->branch[i].func == f->func && f->s->branch[i].leaves &&
            in_branch(&f->s->branch[i], line))
            g->exit = (int)i;
}

static void enter(struct wg_rules *r, const lua_Debug *ar)
{
    struct rules_trace *t = r->trace;
    if (++t->depth > FRAMES_MAX)
        return;
    struct frame *f = &t->frame[t->depth - 1];
    *f = (struct frame){.s = source_of(r, ar->source), .pending = -1};
    for (size_t i = 0; f->s && i < f->s->funcs; i++) {
        struct function *g = &f->s->func[i];
        if (g->line != ar->linedefined || g->last != ar->lastlinedefined)
            continue;
        g->ran = true;
        g->handler |= t->depth == 1;
        f->func = (int)i;
        return;
    }
    f->s = NULL;
}

static void on_c_call(lua_State *L, lua_Debug *ar, struct rules_trace *t)
{
    struct frame *f = frame_of(t);
    lua_Debug caller;
    lua_CFunction fn;
    if (!f || !lua_checkstack(L, 2) || !lua_getinfo(L, "f", ar))
        return;
    fn = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    for (const struct rules_row *row = rules_maker_rows; row->name; row++)
        if (row->fn == fn && lua_getstack(L, 1, &caller) && lua_getinfo(L, "l", &caller))
            on_maker(t, f, caller.currentline);
}

void rules_trace_event(lua_State *L, lua_Debug *ar)
{
    struct wg_rules *r = rules_of(L);
    struct rules_trace *t = r->trace;
    struct frame *f = frame_of(t);
    if (r->loading || !lua_getinfo(L, "Sl", ar))
        return;
    if (*ar->what == 'C') {
        if (ar->event == LUA_HOOKCALL)
            on_c_call(L, ar, t);
        return;
    }
    if (ar->event == LUA_HOOKLINE) {
        if (f)
            on_line(L, ar, t, f);
        return;
    }
    if (ar->event == LUA_HOOKCALL) {
        enter(r, ar);
        return;
    }
    /* A call in place of a return says no line of its own: the branch is the one we were in. */
    if (f && ar->event == LUA_HOOKTAILCALL && f->pending >= 0)
        resolve(t, f,
                f->s->branch[f->pending].leaves &&
                    f->s->branch[f->pending].first == f->s->branch[f->pending].line);
    if (f && ar->event == LUA_HOOKRET)
        on_return(t, f, ar->currentline);
    t->depth -= t->depth > 0;
    if (ar->event == LUA_HOOKTAILCALL)
        enter(r, ar);
}

/* ---- what is told ---- */

/* In one line, cut where a character ends. */
static void write_flat(struct wg_str s, struct wg_buf *b)
{
    struct wg_buf flat = WG_BUF_INIT;
    for (size_t i = 0; i < s.n; i++) {
        bool blank = s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r';
        if (!blank)
            wg_buf_char(&flat, s.p[i]);
        else if (flat.n && flat.p[flat.n - 1] != ' ')
            wg_buf_char(&flat, ' ');
    }
    size_t n = flat.n > TEXT_MAX_BYTES ? TEXT_MAX_BYTES : flat.n;
    while (n < flat.n && n > 0 && ((unsigned char)flat.p[n] & 0xc0) == 0x80)
        n--;
    bool cut = n < flat.n;
    flat.n = n;
    if (cut)
        wg_buf_lit(&flat, "…");
    wg_buf_json(b, wg_buf_str(&flat));
    wg_buf_free(&flat);
}

static struct wg_str line_of(struct wg_str text, int line)
{
    const char *p = text.p, *end = text.p + text.n;
    for (; line > 1 && p < end; p++)
        line -= *p == '\n';
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    stop = stop ? stop : end;
    while (p < stop && (*p == ' ' || *p == '\t'))
        p++;
    return (struct wg_str){p, (size_t)(stop - p)};
}

static void write_condition(const struct branch *b, bool yes, struct wg_buf *out)
{
    wg_json_key(out, "condition");
    write_flat(b->head, out);
    wg_json_key(out, "values");
    wg_buf_char(out, '{');
    wg_buf_str_add(out, wg_buf_str(yes ? &b->yes : &b->no));
    wg_buf_char(out, '}');
}

struct row {
    const struct source *s;
    const struct branch *b;
    const struct target *t;
    bool held;
};

/* Nearest: what was looked at last and was not so; then what a condition that was so kept away. */
static bool nearer(const struct row *x, const struct row *y)
{
    if (x->held != y->held)
        return y->held;
    return x->held ? x->b->yes_at > y->b->yes_at : x->b->no_at > y->b->no_at;
}

static void add_row(struct row rows[NEAREST], size_t *n, struct row row)
{
    for (size_t i = 0; i < *n; i++)
        if (rows[i].b == row.b && rows[i].held == row.held)
            return; /* the first outcome of a branch stands for it */
    size_t at = *n < NEAREST ? (*n)++ : NEAREST;
    if (at == NEAREST && !nearer(&row, &rows[--at]))
        return;
    for (; at > 0 && nearer(&row, &rows[at - 1]); at--)
        rows[at] = rows[at - 1];
    rows[at] = row;
}

/* The branch of its chain that was taken in its place. */
static const struct branch *taken_before(const struct source *s, const struct branch *b)
{
    for (int i = b->chain; i >= 0; i = s->branch[i].chain)
        if (s->branch[i].yes_at)
            return &s->branch[i];
    return NULL;
}

/* Why an outcome was not made here: the condition that was not so, or one before it that was. */
static bool reason_of(const struct source *s, const struct target *t, struct row *out)
{
    const struct branch *instead;
    for (int i = t->branch; i >= 0; i = s->branch[i].parent) {
        const struct branch *b = &s->branch[i];
        bool not_so = b->no_at && (b->kind != BRANCH_LOOP || !b->yes_at);
        *out = (struct row){s, b, t, false};
        if (not_so)
            return true;
        if (!t->hit && !b->yes_at && b->chain >= 0 && (instead = taken_before(s, b))) {
            *out = (struct row){s, instead, t, true};
            return true;
        }
    }
    int exit = s->func[t->func].exit;
    if (t->hit || exit < 0 || !s->branch[exit].yes_at || t->text.p < s->branch[exit].head.p)
        return false;
    for (int i = t->branch; i >= 0; i = s->branch[i].parent)
        if (i == exit)
            return false;
    *out = (struct row){s, &s->branch[exit], t, true};
    return true;
}

static size_t find_rows(const struct rules_trace *t, struct row rows[NEAREST])
{
    size_t n = 0;
    for (const struct source *s = t->sources; s; s = s->next) {
        for (size_t i = 0; i < s->targets; i++) {
            const struct target *x = &s->target[i];
            struct row row;
            if (x->func >= 0 && s->func[x->func].ran && (x->maker || s->func[x->func].handler) &&
                reason_of(s, x, &row))
                add_row(rows, &n, row);
        }
    }
    return n;
}

static void write_rows(const struct rules_trace *t, struct wg_buf *out)
{
    struct row rows[NEAREST];
    size_t n = find_rows(t, rows);
    wg_json_key(out, "not");
    wg_buf_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        wg_json_sep(out);
        wg_buf_char(out, '{');
        wg_json_kstr(out, "file", rows[i].s->name);
        wg_json_kint(out, "line", rows[i].b->line);
        write_condition(rows[i].b, rows[i].held, out);
        wg_json_kbool(out, "held", rows[i].held);
        wg_json_key(out, "would");
        write_flat(rows[i].t->text, out);
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
}

/* The condition under which an outcome was made on this line. */
static const struct branch *true_around(const struct source *s, int line)
{
    const struct branch *found = NULL;
    for (size_t i = 0; i < s->branches; i++)
        if (s->branch[i].yes_at && s->branch[i].kind != BRANCH_LOOP &&
            in_branch(&s->branch[i], line))
            found = &s->branch[i];
    return found;
}

static void write_fired(const struct rules_trace *t, const struct wg_json *why, struct wg_buf *out)
{
    struct wg_str file = why->child->next->str;
    int line = (int)why->child->next->next->num;
    const struct source *s = t->sources;
    while (s && !wg_str_eq(s->name, file))
        s = s->next;
    wg_json_sep(out);
    wg_buf_char(out, '{');
    wg_json_kstr(out, "file", file);
    wg_json_kint(out, "line", line);
    if (s) {
        const struct branch *b = true_around(s, line);
        wg_json_key(out, "text");
        write_flat(line_of(s->text, line), out);
        if (b)
            write_condition(b, true, out);
    }
    wg_buf_char(out, '}');
}

static int write_trace(const struct rules_trace *t, struct wg_str outs, struct wg_buf *out,
                       struct wg_err *err)
{
    struct wg_json *list = NULL;
    if (outs.n && *outs.p == ',')
        outs = (struct wg_str){outs.p + 1, outs.n - 1};
    struct wg_str text = wg_arena_fmt(t->a, "[%.*s]", WG_PRI(outs));
    int rc = text.p ? wg_json_parse(t->a, text, &list, err) : WG_ENOMEM;
    if (rc < 0 || t->failed)
        return rc < 0 ? rc : wg_fail(err, WG_ENOMEM, "no memory to trace");
    wg_buf_lit(out, "{\"fired\":[");
    for (const struct wg_json *o = list->child; o; o = o->next) {
        const struct wg_json *why = wg_json_get(o, "why");
        if (why && why->count == 3)
            write_fired(t, why, out);
    }
    wg_buf_char(out, ']');
    write_rows(t, out);
    wg_buf_char(out, '}');
    return wg_buf_ok(out) ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory to trace");
}

int wg_rules_trace(struct wg_rules *r, const struct wg_decision *d, struct wg_arena *a,
                   struct wg_buf *facts, struct wg_buf *outs, struct wg_buf *out,
                   struct wg_err *err)
{
    struct rules_trace *t = WG_NEW(a, struct rules_trace);
    size_t before = outs->n;
    if (!t)
        return wg_fail(err, WG_ENOMEM, "no memory to trace");
    t->a = a;
    r->trace = t;
    rules_count_lines(r, NULL);
    int rc = wg_rules_decide(r, d, a, facts, outs, err);
    r->trace = NULL;
    rules_count_lines(r, NULL);
    if (rc == WG_OK) {
        struct wg_str made = {outs->p ? outs->p + before : "", outs->n - before};
        rc = write_trace(t, made, out, err);
    }
    for (struct source *s = t->sources; s; s = s->next)
        source_done(s);
    return rc;
}
