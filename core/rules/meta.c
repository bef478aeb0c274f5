/* What rules see, as a definition file for Lua's language server: made of the rows that are the
 * documentation, so that an editor knows no more and no less than the server. */
#include "rules/state.h"

#include <stdio.h>

/* ---- words of a usage → types of the language server ---- */

static const struct {
    const char *word, *type;
} types[] = {
    {"text", "string"},
    {"s", "string"},
    {"format", "string"},
    {"between", "string"},
    {"n", "integer"},
    {"ms", "integer"},
    {"from", "integer"},
    {"to", "integer"},
    {"from_ms", "integer"},
    {"reach_m", "integer"},
    {"first", "integer"},
    {"last", "integer"},
    {"base", "integer"},
    {"place", "integer"},
    {"number", "number"},
    {"bool", "boolean"},
    {"list", "table"},
    {"t", "table"},
    {"table", "table<string, any>"},
    {"categories", "table"},
    {"less", "fun(a: any, b: any): boolean"},
    {"case", "wangge.case"},
    {"limit", "wangge.limit"},
    {"outcome", "wangge.outcome"},
};

static const char *type_of(struct wg_str word)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (wg_str_is(word, types[i].word))
            return types[i].type;
    return word.n && word.p[0] == '{' ? "table" : "any";
}

static struct wg_str strip(struct wg_str s, const char *off)
{
    while (s.n && strchr(off, s.p[0]))
        s = (struct wg_str){s.p + 1, s.n - 1};
    while (s.n && strchr(off, s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Take the next piece of a list off s: up to a comma (or a bar) that stands outside braces. */
static struct wg_str next_piece(struct wg_str *s)
{
    size_t at = 0;
    int depth = 0;
    for (; at < s->n && (depth || !strchr(",|", s->p[at])); at++)
        depth += (s->p[at] == '{') - (s->p[at] == '}');
    struct wg_str piece = {s->p, at};
    at += at < s->n;
    *s = (struct wg_str){s->p + at, s->n - at};
    return piece;
}

static bool is_name(struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_' ||
              (i && s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return s.n > 0;
}

/* What follows " -> ", or {NULL, 0}. */
static struct wg_str result_of(const char *usage)
{
    const char *arrow = strstr(usage, " -> ");
    return arrow ? wg_str_of(arrow + 4) : (struct wg_str){NULL, 0};
}

/* "text or nil" as "string?". */
static void write_type(struct wg_buf *out, struct wg_str words)
{
    static const char or_nil[] = " or nil";
    size_t n = sizeof(or_nil) - 1;
    bool maybe = words.n > n && memcmp(words.p + words.n - n, or_nil, n) == 0;
    if (maybe)
        words.n -= n;
    if (wg_str_is(words, "row") || wg_str_is(words, "class"))
        wg_buf_fmt(out, "wangge.%.*s", WG_PRI(words));
    else
        wg_buf_str_add(out, wg_str_of(type_of(words)));
    if (maybe)
        wg_buf_char(out, '?');
}

/* ---- a function ---- */

/* The fields of `name{a=, b=}` as a class of their own. */
static void write_fields(struct wg_buf *out, const char *name, struct wg_str list)
{
    wg_buf_fmt(out, "---@class wangge.%s.fields\n", name);
    while (list.n) {
        struct wg_str field = strip(next_piece(&list), " ");
        const char *equal = memchr(field.p, '=', field.n);
        field.n = equal ? (size_t)(equal - field.p) : field.n;
        const char *type = wg_str_is(field, "on")        ? "table<string, wangge.handler>"
                           : wg_str_is(field, "because") ? "string"
                                                         : "any";
        wg_buf_fmt(out, "---@field %.*s? %s\n", WG_PRI(field), type);
    }
    wg_buf_char(out, '\n');
}

/* Parameters as annotations; their names, separated, into names. */
static void write_params(struct wg_buf *out, struct wg_str list, struct wg_buf *names)
{
    bool maybe = false;
    for (int i = 1; list.n; i++) {
        struct wg_str one = next_piece(&list), word = strip(one, " []");
        char made[16];
        struct wg_str begin = strip(one, " ");
        maybe = begin.n && begin.p[0] == ']' ? false : maybe || (begin.n && begin.p[0] == '[');
        const char *type = type_of(word);
        if (word.n >= 3 && memcmp(word.p + word.n - 3, "...", 3) == 0) {
            type = "any";
            word = WG_S("...");
        } else if (!is_name(word)) {
            snprintf(made, sizeof(made), "value%d", i);
            word = wg_str_of(made);
        }
        wg_buf_fmt(out, "---@param %.*s%s %s\n", WG_PRI(word), maybe ? "?" : "", type);
        wg_buf_fmt(names, "%s%.*s", names->n ? ", " : "", WG_PRI(word));
        maybe |= one.n && one.p[one.n - 1] == '['; /* "limit [, from_ms]" */
    }
}

static void write_results(struct wg_buf *out, struct wg_str list)
{
    while (list.n) {
        struct wg_str one = strip(next_piece(&list), " ");
        bool many = one.n >= 3 && memcmp(one.p + one.n - 3, "...", 3) == 0;
        wg_buf_lit(out, "---@return ");
        if (many)
            wg_buf_lit(out, "any ...");
        else
            write_type(out, one);
        wg_buf_char(out, '\n');
    }
}

static void write_function(struct wg_buf *out, const struct rules_row *row)
{
    const char *dot = strrchr(row->name, '.'), *leaf = dot ? dot + 1 : row->name;
    const char *at = strstr(row->usage, leaf), *call = at ? at + strlen(leaf) : "";
    struct wg_buf names = WG_BUF_INIT;
    bool method = wg_str_starts(wg_str_of(row->usage), "s:"), fields = *call == '{';
    const char *end = strstr(call, fields ? "}" : ")");
    struct wg_str list = {call + 1, end && strchr("({", *call) ? (size_t)(end - call - 1) : 0};
    struct wg_str result = result_of(row->usage);
    if (!fields && *call == '(') /* its last one: braces and calls may stand between */
        for (const char *p = end; p && p < (result.p ? result.p : p); p = strchr(p + 1, ')'))
            list.n = (size_t)(p - call - 1);
    if (fields)
        write_fields(out, leaf, list);
    wg_buf_fmt(out, "---%s\n---`%s`\n", row->brief, row->usage);
    if (method)
        write_params(out, WG_S("s"), &names);
    if (fields) {
        wg_buf_fmt(out, "---@param fields wangge.%s.fields\n", leaf);
        wg_buf_lit(&names, "fields");
    } else if (*call == '(') {
        write_params(out, list, &names);
    } else { /* require "…" */
        write_params(out, WG_S("text"), &names);
    }
    if (wg_str_starts(wg_str_of(row->usage), "for "))
        wg_buf_lit(out, "---@return fun(t: table, at: any): any, any\n");
    write_results(out, result);
    wg_buf_fmt(out, "function %s(%.*s) end\n\n", row->name, WG_PRI(wg_buf_str(&names)));
    wg_buf_free(&names);
}

/* ---- the file ---- */

/* What is called: with (…), {…} or a text, before any result. */
static bool is_call(const struct rules_row *row)
{
    const char *mark = strpbrk(row->usage, "({\""), *arrow = strstr(row->usage, " -> ");
    return mark && (!arrow || mark < arrow);
}

/* A row without a call is a field of the class, and the row's last name is its name. */
static void write_class(struct wg_buf *out, const char *name, const char *front,
                        const struct rules_row *rows)
{
    wg_buf_fmt(out, "---@class wangge.%s\n", name);
    for (const struct rules_row *row = rows; row->name; row++) {
        size_t n = strlen(front);
        if (strncmp(row->name, front, n) != 0 || is_call(row))
            continue;
        wg_buf_fmt(out, "---@field %s ", row->name + n);
        write_type(out, result_of(row->usage));
        wg_buf_fmt(out, " %s\n", row->brief);
    }
    wg_buf_fmt(out, "local %s = {}\n\n", name);
}

static void write_functions(struct wg_buf *out, const struct rules_row *rows)
{
    for (const struct rules_row *row = rows; row->name; row++)
        if (is_call(row))
            write_function(out, row);
}

void wg_rules_meta(struct wg_buf *out)
{
    static const struct rules_row *const plain[] = {
        rules_declare_rows, rules_maker_rows, rules_base_rows, rules_list_rows, rules_text_rows};
    wg_buf_lit(out, "---@meta\n-- Made by `wangged --api=lua`: what rules see.\n\n"
                    "---@alias wangge.limit { [1]: number, [2]: string }\n"
                    "---@alias wangge.handler fun(case: wangge.case, ctx: wangge.ctx): any\n"
                    "---@class wangge.outcome\n\n");
    write_class(out, "case", "case.", rules_case_rows);
    write_class(out, "row", "row.", rules_row_rows);
    write_class(out, "class", "class.", rules_row_rows);
    write_class(out, "ctx", "ctx.", rules_ctx_rows);
    write_functions(out, rules_ctx_rows);
    wg_buf_lit(out, "math, table, utf8 = {}, {}, {}\n---@class stringlib\nstring = {}\n\n");
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        write_functions(out, plain[i]);
}
