/* The Lua texts of a county's own files, token by token. Lua itself checks the grammar when it
 * loads them; here is looked for what it lets pass: a name that nobody gave, a key that stands
 * twice in one table, a message that does not exist. Scopes are not followed: a name that is a
 * local anywhere in its file is taken as known. */
#include "workshop/lint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { END, NAME, TEXT, NUMBER, SIGN };
struct token {
    enum kind kind;
    struct wg_str s; /* of a text: what stands between the quotes */
    int line;
};
struct scan {
    struct lint *l;
    struct wg_str file;
    const char *at, *stop;
    int line;
    struct token *token;
    size_t count;
};

/* ---- tokens ---- */

/* [[ or [==[ at p: how many signs of equality, or -1. */
static int long_level(const struct scan *s, const char *p)
{
    int level = 0;
    if (p >= s->stop || *p != '[')
        return -1;
    for (p++; p < s->stop && *p == '='; p++)
        level++;
    return p < s->stop && *p == '[' ? level : -1;
}

static struct wg_str long_text(struct scan *s, int level)
{
    const char *from = s->at + level + 2, *p = from;
    for (; p < s->stop; p++) {
        s->line += *p == '\n';
        if (*p != ']' || p + level + 1 >= s->stop || p[level + 1] != ']')
            continue;
        int n = 0;
        while (n < level && p[n + 1] == '=')
            n++;
        if (n == level)
            break;
    }
    s->at = p + level + 2 < s->stop ? p + level + 2 : s->stop;
    return (struct wg_str){from, (size_t)(p - from)};
}

static void skip_space(struct scan *s)
{
    while (s->at < s->stop) {
        if (isspace((unsigned char)*s->at)) {
            s->line += *s->at++ == '\n';
        } else if (s->at + 1 < s->stop && s->at[0] == '-' && s->at[1] == '-') {
            int level = long_level(s, s->at + 2);
            s->at += 2;
            if (level >= 0)
                long_text(s, level);
            else
                while (s->at < s->stop && *s->at != '\n')
                    s->at++;
        } else {
            return;
        }
    }
}

static struct wg_str quoted(struct scan *s)
{
    char quote = *s->at++;
    const char *from = s->at;
    while (s->at < s->stop && *s->at != quote)
        s->at += *s->at == '\\' && s->at + 1 < s->stop ? 2 : 1;
    struct wg_str text = {from, (size_t)(s->at - from)};
    if (s->at < s->stop)
        s->at++;
    return text;
}

static bool next(struct scan *s, struct token *t)
{
    skip_space(s);
    *t = (struct token){.line = s->line};
    if (s->at >= s->stop)
        return false;
    const char *from = s->at;
    int level = long_level(s, s->at);
    if (level >= 0 || *from == '"' || *from == '\'') {
        t->kind = TEXT;
        t->s = level >= 0 ? long_text(s, level) : quoted(s);
        return true;
    }
    t->kind = isdigit((unsigned char)*from)                   ? NUMBER
              : isalpha((unsigned char)*from) || *from == '_' ? NAME
                                                              : SIGN;
    s->at++;
    if (t->kind != SIGN)
        while (s->at < s->stop && (isalnum((unsigned char)*s->at) || *s->at == '_' ||
                                   (t->kind == NUMBER && *s->at == '.' && s->at[1] != '.')))
            s->at++;
    else /* .. ... == ~= <= >= :: // << >> */
        while (s->at < s->stop &&
               ((*from == '.' && *s->at == '.') || (strchr("=~<>", *from) && *s->at == '=') ||
                (*from == ':' && *s->at == ':')))
            s->at++;
    t->s = (struct wg_str){from, (size_t)(s->at - from)};
    return true;
}

static bool read_tokens(struct scan *s, struct wg_str text)
{
    size_t cap = text.n + 4; /* no text has more tokens than bytes */
    s->token = calloc(cap, sizeof(*s->token));
    s->at = text.p;
    s->stop = text.p + text.n;
    s->line = 1;
    while (s->token && next(s, &s->token[s->count]))
        s->count++;
    return s->token != NULL;
}

static bool is(const struct scan *s, size_t i, const char *sign)
{
    return i < s->count && s->token[i].kind != TEXT && wg_str_is(s->token[i].s, sign);
}

static void tell(struct scan *s, enum wg_severity severity, const char *check,
                 const struct token *t, const char *text, const char *right)
{
    wg_find(s->l->found, &(struct wg_finding){.severity = severity,
                                              .check = check,
                                              .where = t->s,
                                              .file = s->file,
                                              .line = t->line,
                                              .text = text,
                                              .right = right});
}

/* ---- keys that stand twice ---- */

#define DEEP 64

/* A key of a table's constructor at i: `name =` or `["text"] =`. */
static const struct token *key_at(const struct scan *s, size_t i)
{
    if (s->token[i].kind == NAME && is(s, i + 1, "="))
        return &s->token[i];
    if (is(s, i, "[") && i + 3 < s->count && s->token[i + 1].kind == TEXT && is(s, i + 2, "]") &&
        is(s, i + 3, "="))
        return &s->token[i + 1];
    return NULL;
}

/* Is token i the first of a field? Commas stand elsewhere too: only a key makes it one. */
static bool begins_field(const struct scan *s, size_t i)
{
    return i > 0 && (is(s, i - 1, "{") || is(s, i - 1, ",") || is(s, i - 1, ";"));
}

static void double_keys(struct scan *s)
{
    size_t open[DEEP];
    int depth = 0;
    uint32_t *of = calloc(s->count + 1, sizeof(*of)); /* in which table each key stands */
    uint32_t table[DEEP] = {0}, tables = 0;
    for (size_t i = 0; of && i < s->count; i++) {
        bool brace = is(s, i, "{");
        const struct token *key = NULL;
        if (depth > 0 && table[depth - 1] && begins_field(s, i) && (key = key_at(s, i)))
            of[key - s->token] = table[depth - 1];
        for (size_t k = key ? open[depth - 1] : i; k < i; k++)
            if (of[k] == table[depth - 1] && wg_str_eq(s->token[k].s, key->s) &&
                &s->token[k] != key) {
                tell(s, WG_FAULT, "double_key", key, "在同一个表中写了两次，前一次不起作用",
                     "合并为一处");
                break;
            }
        if ((brace || is(s, i, "(")) && depth < DEEP) {
            open[depth] = i;
            table[depth++] = brace ? ++tables : 0;
        } else if ((is(s, i, "}") || is(s, i, ")")) && depth > 0) {
            depth--;
        }
    }
    free(of);
}

/* ---- names ---- */

static bool is_word(struct wg_str s)
{
    static const char *const words[] = {"and",   "break", "do",       "else",  "elseif", "end",
                                        "false", "for",   "function", "goto",  "if",     "in",
                                        "local", "nil",   "not",      "or",    "repeat", "return",
                                        "then",  "true",  "until",    "while", "self"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (wg_str_is(s, words[i]))
            return true;
    return false;
}

struct names {
    struct wg_str *name;
    size_t count;
};

static bool has(const struct names *n, struct wg_str name)
{
    for (size_t i = 0; i < n->count; i++)
        if (wg_str_eq(n->name[i], name))
            return true;
    return false;
}

/* The names from i on, up to what ends their list. */
static size_t take_list(const struct scan *s, size_t i, struct names *n)
{
    while (i < s->count && s->token[i].kind == NAME && !is_word(s->token[i].s)) {
        n->name[n->count++] = s->token[i++].s;
        if (is(s, i, "<")) /* <const> */
            i += 3;
        if (!is(s, i, ","))
            break;
        i++;
    }
    return i;
}

static void take_locals(const struct scan *s, struct names *n)
{
    for (size_t i = 0; i < s->count; i++) {
        if (is(s, i, "local") && is(s, i + 1, "function"))
            n->name[n->count++] = s->token[i + 2].s;
        else if (is(s, i, "local") || is(s, i, "for"))
            take_list(s, i + 1, n);
        else if (is(s, i, "function")) {
            while (i < s->count && !is(s, i, "("))
                i++;
            take_list(s, i + 1, n);
        }
    }
}

static void take_api(void *arg, const char *name, const char *usage, const char *brief)
{
    struct names *n = arg;
    (void)usage;
    (void)brief;
    n->name[n->count++] = (struct wg_str){name, strcspn(name, ".")};
}

static void count_api(void *arg, const char *name, const char *usage, const char *brief)
{
    (void)name;
    (void)usage;
    (void)brief;
    ++*(size_t *)arg;
}

static void free_names(struct scan *s)
{
    size_t api = 0;
    wg_rules_api(count_api, &api);
    struct names known = {calloc(s->count + api + 1, sizeof(struct wg_str)), 0};
    if (!known.name)
        return;
    wg_rules_api(take_api, &known);
    take_locals(s, &known);
    for (size_t i = 0; i < s->count; i++) {
        const struct token *t = &s->token[i];
        bool field = i > 0 && (is(s, i - 1, ".") || is(s, i - 1, ":") || is(s, i - 1, "goto") ||
                               is(s, i - 1, "::") || (is(s, i - 1, "<") && is(s, i + 1, ">")));
        bool key = is(s, i + 1, "=") && begins_field(s, i);
        if (t->kind != NAME || field || key || is_word(t->s) || has(&known, t->s))
            continue;
        bool plugin = is(s, i + 1, ".");
        tell(s, plugin ? WG_DOUBT : WG_FAULT, "unknown_name", t,
             plugin ? "不是规则可用的名称，除非是某个插件的" : "没有这个名称",
             "wangged --api 列出可用的名称");
        known.name[known.count++] = t->s; /* once a file */
        if (known.count == s->count + api)
            break;
    }
    free(known.name);
}

/* ctx.messages.x: C reads no message, so nobody else would miss it. */
static void messages(struct scan *s)
{
    for (size_t i = 0; i + 3 < s->count; i++)
        if (is(s, i, ".") && is(s, i + 1, "messages") && is(s, i + 2, ".") &&
            s->token[i + 3].kind == NAME && !wg_json_get_s(s->l->messages, s->token[i + 3].s))
            tell(s, WG_FAULT, "unknown_message", &s->token[i + 3], "messages 中没有这条文字",
                 "在 messages 中写出它，或改用已有的名称");
}

void lint_texts(struct lint *l)
{
    struct wg_str area = wg_bundle_area(l->bundle), name, text;
    for (size_t i = 0; i < wg_bundle_files(l->bundle); i++) {
        wg_bundle_file(l->bundle, i, &name, &text);
        bool own = name.n > area.n && memcmp(name.p, area.p, area.n) == 0;
        struct scan s = {.l = l, .file = name};
        if (!own || !text.n)
            continue;
        if (read_tokens(&s, text)) {
            double_keys(&s);
            free_names(&s);
            messages(&s);
        } else {
            l->found->items.failed = true;
        }
        free(s.token);
    }
}
