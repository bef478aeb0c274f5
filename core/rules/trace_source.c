/* The text of a file of rules, read for the tracer: functions, branches, and where outcomes are
 * made. It was compiled before, so that only what is well-formed comes here. */
#include "rules/trace.h"

#include <ctype.h>

/* ---- words ---- */

/* The level of a long bracket [[, [=[ at p; -1: none is there. */
static int long_level(const char *p, const char *end)
{
    int level = 0;
    if (p == end || *p++ != '[')
        return -1;
    for (; p < end && *p == '='; p++)
        level++;
    return p < end && *p == '[' ? level : -1;
}

static void skip_long(struct lexer *l, int level)
{
    for (l->p += level + 2; l->p < l->end; l->p++) {
        if (*l->p == '\n')
            l->line++;
        if (*l->p != ']')
            continue;
        const char *q = l->p + 1;
        while (q < l->end && *q == '=')
            q++;
        if (q < l->end && *q == ']' && q - l->p - 1 == level) {
            l->p = q + 1;
            return;
        }
    }
}

static void skip_quoted(struct lexer *l)
{
    char quote = *l->p++;
    for (; l->p < l->end && *l->p != quote; l->p++) {
        if (*l->p == '\\' && l->p + 1 < l->end)
            l->p++;
        if (*l->p == '\n')
            l->line++;
    }
    l->p += l->p < l->end;
}

static void skip_blank(struct lexer *l)
{
    while (l->p < l->end) {
        int level;
        if (*l->p == '\n') {
            l->line++;
            l->p++;
        } else if (isspace((unsigned char)*l->p)) {
            l->p++;
        } else if (l->end - l->p >= 2 && l->p[0] == '-' && l->p[1] == '-') {
            l->p += 2;
            if ((level = long_level(l->p, l->end)) >= 0)
                skip_long(l, level);
            else
                while (l->p < l->end && *l->p != '\n')
                    l->p++;
        } else {
            return;
        }
    }
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

struct token token_next(struct lexer *l)
{
    skip_blank(l);
    struct token t = {TOKEN_END, {l->p, 0}, l->line};
    int level;
    if (l->p == l->end)
        return t;
    if (*l->p == '"' || *l->p == '\'') {
        t.kind = TOKEN_TEXT;
        skip_quoted(l);
    } else if ((level = long_level(l->p, l->end)) >= 0) {
        t.kind = TOKEN_TEXT;
        skip_long(l, level);
    } else if (word_char(*l->p)) {
        t.kind = isdigit((unsigned char)*l->p) ? TOKEN_OTHER : TOKEN_NAME;
        while (l->p < l->end && (word_char(*l->p) || (t.kind == TOKEN_OTHER && *l->p == '.' &&
                                                      l->p + 1 < l->end && l->p[1] != '.')))
            l->p++;
    } else {
        t.kind = TOKEN_OTHER;
        do
            l->p++;
        while (l->p < l->end && l->p[-1] == '.' && *l->p == '.'); /* ".." joins texts */
    }
    t.s.n = (size_t)(l->p - t.s.p);
    return t;
}

static bool one_of(const struct token *t, const char *const *words)
{
    for (; t->kind == TOKEN_NAME && *words; words++)
        if (wg_str_is(t->s, *words))
            return true;
    return false;
}

bool token_reserved(const struct token *t)
{
    static const char *const words[] = {"and",   "break", "do",       "else",  "elseif", "end",
                                        "false", "for",   "function", "goto",  "if",     "in",
                                        "local", "nil",   "not",      "or",    "repeat", "return",
                                        "then",  "true",  "until",    "while", NULL};
    return one_of(t, words);
}

/* ---- blocks ---- */

#define DEPTH_MAX 64

enum block_kind { BLOCK_PLAIN, BLOCK_FUNCTION, BLOCK_BRANCH, BLOCK_WAITS };
struct block {
    enum block_kind kind;
    int func, branch; /* what is around what it holds */
};

struct reading {
    struct source *s;
    struct wg_arena *a;
    struct lexer l;
    struct block block[DEPTH_MAX];
    int depth;
    bool after_dot; /* the word before was "." or ":" */
};

#define GROW(r, list, count, cap)                                                 \
    do {                                                                          \
        if ((r)->s->count == (r)->s->cap) {                                       \
            size_t more_ = (r)->s->cap ? 2 * (r)->s->cap : 32;                    \
            void *at_ = wg_arena_alloc((r)->a, more_ * sizeof(*(r)->s->list));    \
            (r)->s->failed |= !at_;                                               \
            if (at_ && (r)->s->count)                                             \
                memcpy(at_, (r)->s->list, (r)->s->count * sizeof(*(r)->s->list)); \
            if (at_)                                                              \
                (r)->s->list = at_, (r)->s->cap = more_;                          \
        }                                                                         \
    } while (0)

static struct block *top(struct reading *r)
{
    return &r->block[r->depth];
}

static void push(struct reading *r, enum block_kind kind, int func, int branch)
{
    if (r->depth + 1 == DEPTH_MAX)
        r->s->failed = true;
    else
        r->block[++r->depth] = (struct block){kind, func, branch};
}

static int add_branch(struct reading *r, enum branch_kind kind, const struct token *t, int chain)
{
    const struct block *b = top(r);
    GROW(r, branch, branches, branch_cap);
    if (r->s->failed)
        return -1;
    r->s->branch[r->s->branches] = (struct branch){.kind = kind,
                                                   .func = b->func,
                                                   .parent = b->branch,
                                                   .chain = chain,
                                                   .line = t->line,
                                                   .head = {t->s.p, t->s.n}};
    return (int)r->s->branches++;
}

static void begin_body(struct reading *r, int branch, const struct token *t)
{
    struct branch *b = &r->s->branch[branch];
    b->head.n = (size_t)(t->s.p + t->s.n - b->head.p);
    b->then_line = t->line;
    top(r)->kind = BLOCK_BRANCH;
    top(r)->branch = branch;
}

static void begin_function(struct reading *r, const struct token *t)
{
    GROW(r, func, funcs, func_cap);
    if (r->s->failed)
        return;
    r->s->func[r->s->funcs] = (struct function){.line = t->line, .exit = -1};
    push(r, BLOCK_FUNCTION, (int)r->s->funcs++, -1);
}

/* A word of a body: all branches around it hold its line. */
static void in_body(struct reading *r, int line)
{
    int i = top(r)->kind == BLOCK_WAITS ? -1 : top(r)->branch;
    for (; i >= 0; i = r->s->branch[i].parent) {
        struct branch *b = &r->s->branch[i];
        b->first = b->first ? b->first : line;
        b->last = line;
    }
}

static void end_block(struct reading *r, const struct token *t)
{
    if (r->depth == 0)
        return;
    if (top(r)->kind == BLOCK_FUNCTION)
        r->s->func[top(r)->func].last = t->line;
    r->depth--;
}

/* elseif, else: what was begun ends, and goes on as another one of the chain. */
static void next_of_chain(struct reading *r, const struct token *t, bool last)
{
    int before = top(r)->branch;
    r->depth--;
    int i = add_branch(r, last ? BRANCH_ELSE : BRANCH_ELSEIF, t, before);
    if (i < 0)
        return;
    push(r, BLOCK_WAITS, top(r)->func, i);
    if (last)
        begin_body(r, i, t);
}

/* ---- where outcomes are made ---- */

/* A return is the last of its block; a maker's argument ends with its bracket. */
static void measure(struct reading *r, struct target *t, const char *from)
{
    static const char *const stops[] = {"end", "else", "elseif", "until", NULL};
    struct lexer l = r->l;
    int depth = 0, functions = 0;
    const char *end = l.p;
    t->last = t->line;
    for (struct token w = token_next(&l); w.kind != TOKEN_END; w = token_next(&l)) {
        if (functions == 0 && depth == 0 && !t->maker && (one_of(&w, stops) || token_is(&w, ";")))
            break;
        functions += token_is(&w, "function");
        functions -= functions && token_is(&w, "end");
        depth += token_is(&w, "(") || token_is(&w, "{") || token_is(&w, "[");
        depth -= token_is(&w, ")") || token_is(&w, "}") || token_is(&w, "]");
        end = w.s.p + w.s.n;
        t->last = l.line;
        if (t->maker && depth == 0)
            break;
    }
    t->text = (struct wg_str){from, (size_t)(end - from)};
}

static void add_target(struct reading *r, const struct token *t, bool maker)
{
    GROW(r, target, targets, target_cap);
    if (r->s->failed)
        return;
    struct target *x = &r->s->target[r->s->targets++];
    *x = (struct target){
        .func = top(r)->func, .branch = top(r)->branch, .line = t->line, .maker = maker};
    measure(r, x, t->s.p);
    for (int i = x->branch; i >= 0; i = r->s->branch[i].parent)
        r->s->branch[i].target = true;
}

static bool is_call(const struct reading *r)
{
    struct lexer l = r->l;
    struct token t = token_next(&l);
    return token_is(&t, "{") || token_is(&t, "(");
}

/* "return" alone, and "return nil", give nothing. */
static bool gives(const struct reading *r)
{
    static const char *const nothing[] = {"end", "else", "elseif", "until", "nil", NULL};
    struct lexer l = r->l;
    struct token t = token_next(&l);
    return t.kind != TOKEN_END && !one_of(&t, nothing) && !token_is(&t, ";");
}

static void see_outcome(struct reading *r, const struct token *t)
{
    static const char *const makers[] = {"propose", "set",    "ask", "order",
                                         "notify",  "refuse", NULL};
    if (token_is(t, "return")) {
        for (int i = top(r)->branch; i >= 0; i = r->s->branch[i].parent)
            r->s->branch[i].leaves = true;
        if (gives(r))
            add_target(r, t, false);
    } else if (!r->after_dot && one_of(t, makers) && is_call(r)) {
        add_target(r, t, true);
    }
}

/* ---- a file ---- */

static void see_word(struct reading *r, const struct token *t)
{
    int i;
    if (token_is(t, "function")) {
        in_body(r, t->line);
        begin_function(r, t);
    } else if (token_is(t, "if") || token_is(t, "for") || token_is(t, "while")) {
        in_body(r, t->line);
        if ((i = add_branch(r, token_is(t, "if") ? BRANCH_IF : BRANCH_LOOP, t, -1)) >= 0)
            push(r, BLOCK_WAITS, top(r)->func, i);
    } else if ((token_is(t, "then") || token_is(t, "do")) && top(r)->kind == BLOCK_WAITS) {
        begin_body(r, top(r)->branch, t);
    } else if (token_is(t, "elseif") || token_is(t, "else")) {
        next_of_chain(r, t, token_is(t, "else"));
    } else if (token_is(t, "do") || token_is(t, "repeat")) {
        in_body(r, t->line);
        push(r, BLOCK_PLAIN, top(r)->func, top(r)->branch);
    } else if (token_is(t, "end") || token_is(t, "until")) {
        end_block(r, t);
        in_body(r, t->line);
    } else {
        in_body(r, t->line);
        see_outcome(r, t);
    }
}

bool source_read(struct source *s, struct wg_arena *a)
{
    struct reading r = {.s = s, .a = a, .l = {s->text.p, s->text.p + s->text.n, 1}};
    r.block[0] = (struct block){BLOCK_PLAIN, -1, -1};
    for (struct token t = token_next(&r.l); !s->failed && t.kind != TOKEN_END;
         t = token_next(&r.l)) {
        if (t.kind == TOKEN_NAME && !r.after_dot)
            see_word(&r, &t);
        else
            in_body(&r, t.line);
        r.after_dot = token_is(&t, ".") || token_is(&t, ":");
    }
    return !s->failed;
}

void source_done(struct source *s)
{
    for (size_t i = 0; i < s->branches; i++) {
        wg_buf_free(&s->branch[i].now);
        wg_buf_free(&s->branch[i].no);
        wg_buf_free(&s->branch[i].yes);
    }
}
