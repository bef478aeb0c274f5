/* Texts for rules. No patterns: a pattern can run for minutes in C, where no clock is looked at.
 * Every loop here is bounded by its text, and is charged for. */
#include "rules/state.h"

#include <stdio.h>

static const char *text_arg(lua_State *L, int i, size_t *n)
{
    if (lua_type(L, i) != LUA_TSTRING)
        luaL_argerror(L, i,
                      lua_pushfstring(L, "a text is needed, this is a %s", luaL_typename(L, i)));
    const char *p = lua_tolstring(L, i, n);
    rules_charge(L, *n);
    return p;
}

static int l_len(lua_State *L)
{
    size_t n;
    text_arg(L, 1, &n);
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/* A place counted from 1, or from the end where negative, as one from 1; may lie outside. */
static lua_Integer place(lua_Integer i, size_t n)
{
    return i >= 0 ? i : i < -(lua_Integer)n ? 0 : (lua_Integer)n + i + 1;
}

static int l_sub(lua_State *L)
{
    size_t n;
    const char *s = text_arg(L, 1, &n);
    lua_Integer from = place(luaL_optinteger(L, 2, 1), n), to = place(luaL_optinteger(L, 3, -1), n);
    if (from < 1)
        from = 1;
    if (to > (lua_Integer)n)
        to = (lua_Integer)n;
    if (from > to)
        lua_pushliteral(L, "");
    else
        lua_pushlstring(L, s + from - 1, (size_t)(to - from + 1));
    return 1;
}

/* Letters of ASCII only: what the locale thinks is nobody's business. */
static int change_case(lua_State *L, char from, int step)
{
    size_t n;
    luaL_Buffer b;
    const char *s = text_arg(L, 1, &n);
    char *out = luaL_buffinitsize(L, &b, n);
    for (size_t i = 0; i < n; i++)
        out[i] = s[i] >= from && s[i] < from + 26 ? (char)(s[i] + step) : s[i];
    luaL_pushresultsize(&b, n);
    return 1;
}

static int l_upper(lua_State *L)
{
    return change_case(L, 'a', 'A' - 'a');
}

static int l_lower(lua_State *L)
{
    return change_case(L, 'A', 'a' - 'A');
}

static int l_reverse(lua_State *L)
{
    size_t n;
    luaL_Buffer b;
    const char *s = text_arg(L, 1, &n);
    char *out = luaL_buffinitsize(L, &b, n);
    for (size_t i = 0; i < n; i++)
        out[i] = s[n - 1 - i];
    luaL_pushresultsize(&b, n);
    return 1;
}

static int l_byte(lua_State *L)
{
    size_t n;
    const char *s = text_arg(L, 1, &n);
    lua_Integer from = place(luaL_optinteger(L, 2, 1), n),
                to = place(luaL_optinteger(L, 3, from), n);
    if (from < 1)
        from = 1;
    if (to > (lua_Integer)n)
        to = (lua_Integer)n;
    if (to - from >= 250)
        return luaL_error(L, "string.byte: at most 250 bytes");
    for (lua_Integer i = from; i <= to; i++) {
        luaL_checkstack(L, 1, NULL);
        lua_pushinteger(L, (unsigned char)s[i - 1]);
    }
    return from > to ? 0 : (int)(to - from + 1);
}

static int l_char(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L);
    char *out = luaL_buffinitsize(L, &b, (size_t)n);
    for (int i = 1; i <= n; i++) {
        lua_Integer c = luaL_checkinteger(L, i);
        luaL_argcheck(L, c >= 0 && c <= 255, i, "a byte is 0 to 255");
        out[i - 1] = (char)c;
    }
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

static int l_rep(lua_State *L)
{
    size_t n;
    const char *s = text_arg(L, 1, &n);
    lua_Integer times = luaL_checkinteger(L, 2);
    size_t max = rules_of(L)->alloc_max;
    if (times <= 0 || n == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((uint64_t)times > max / n)
        return luaL_error(L, "string.rep: a text of rules has at most %d bytes", (int)max);
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, n * (size_t)times);
    for (lua_Integer i = 0; i < times; i++)
        memcpy(out + (size_t)i * n, s, n);
    rules_charge(L, n * (size_t)times);
    luaL_pushresultsize(&b, n * (size_t)times);
    return 1;
}

static int l_find(lua_State *L)
{
    size_t n, m;
    const char *s = text_arg(L, 1, &n), *what = text_arg(L, 2, &m);
    lua_Integer from = place(luaL_optinteger(L, 3, 1), n);
    if (from < 1)
        from = 1;
    if (from > (lua_Integer)n + 1)
        return 0;
    const char *at = m ? memmem(s + from - 1, n - (size_t)from + 1, what, m) : s + from - 1;
    if (!at)
        return 0;
    lua_pushinteger(L, at - s + 1);
    lua_pushinteger(L, at - s + (lua_Integer)m);
    return 2;
}

static int l_has(lua_State *L)
{
    size_t n, m;
    const char *s = text_arg(L, 1, &n), *what = text_arg(L, 2, &m);
    lua_pushboolean(L, m == 0 || memmem(s, n, what, m) != NULL);
    return 1;
}

static int l_starts(lua_State *L)
{
    size_t n, m;
    const char *s = text_arg(L, 1, &n), *what = text_arg(L, 2, &m);
    lua_pushboolean(L, m <= n && memcmp(s, what, m) == 0);
    return 1;
}

static int l_ends(lua_State *L)
{
    size_t n, m;
    const char *s = text_arg(L, 1, &n), *what = text_arg(L, 2, &m);
    lua_pushboolean(L, m <= n && memcmp(s + n - m, what, m) == 0);
    return 1;
}

/* ---- string.format ---- */

struct spec {
    char text[16]; /* for snprintf, with "ll" before d and x */
    char kind;
    bool left;
    int width;
    size_t n; /* bytes of the format it took, after % */
};

static struct spec read_spec(lua_State *L, const char *f, const char *end)
{
    struct spec s = {.text = "%"};
    const char *p = f;
    size_t out = 1;
    while (p < end && (*p == '-' || *p == '0' || *p == '+' || *p == ' ') && p - f < 4) {
        s.left |= *p == '-';
        s.text[out++] = *p++;
    }
    for (int i = 0; i < 2 && p < end && *p >= '0' && *p <= '9'; i++) {
        s.width = s.width * 10 + *p - '0';
        s.text[out++] = *p++;
    }
    s.kind = p < end ? *p++ : '\0';
    if (!s.kind || !strchr("sdicxX", s.kind))
        luaL_error(L,
                   "string.format: only %%s %%d %%i %%c %%x %%X and %%%%, with a width up to 99");
    s.text[out++] = 'l';
    s.text[out++] = 'l';
    s.text[out] = s.kind;
    s.n = (size_t)(p - f);
    return s;
}

static void pad(luaL_Buffer *b, int n)
{
    for (int i = 0; i < n; i++)
        luaL_addchar(b, ' ');
}

static void add_text(lua_State *L, luaL_Buffer *b, const struct spec *s, int arg)
{
    struct wg_str t;
    if (lua_type(L, arg) == LUA_TSTRING)
        t.p = text_arg(L, arg, &t.n);
    else if (lua_isinteger(L, arg)) {
        char digits[24];
        int n = snprintf(digits, sizeof(digits), "%lld", (long long)lua_tointeger(L, arg));
        t = (struct wg_str){lua_pushlstring(L, digits, (size_t)n), (size_t)n};
        lua_replace(L, arg);
    } else {
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "a text or whole number is needed, this is a %s",
                                      luaL_typename(L, arg)));
        return;
    }
    int chars = (int)(wg_utf8_valid(t) ? wg_utf8_count(t) : t.n);
    pad(b, s->left ? 0 : s->width - chars);
    luaL_addlstring(b, t.p, t.n);
    pad(b, s->left ? s->width - chars : 0);
}

static int l_format(lua_State *L)
{
    size_t n;
    const char *f = text_arg(L, 1, &n), *end = f + n;
    int arg = 1, args = lua_gettop(L);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while (f < end) {
        if (*f != '%') {
            luaL_addchar(&b, *f++);
        } else if (f + 1 < end && f[1] == '%') {
            luaL_addchar(&b, '%');
            f += 2;
        } else {
            struct spec s = read_spec(L, f + 1, end);
            char out[128];
            if (++arg > args)
                return luaL_argerror(L, arg, "a value is missing");
            if (s.kind == 's')
                add_text(L, &b, &s, arg);
            else if (s.kind == 'c')
                luaL_addchar(&b, (char)luaL_checkinteger(L, arg));
            else if (snprintf(out, sizeof(out), s.text, (long long)luaL_checkinteger(L, arg)) > 0)
                luaL_addstring(&b, out);
            f += 1 + s.n;
        }
        rules_charge(L, 1);
    }
    luaL_pushresult(&b);
    return 1;
}

/* fill("案卷{id}超期", { id = case.id }): a name without a value is an error, not a hole. */
static int l_fill(lua_State *L)
{
    struct wg_str s;
    luaL_Buffer b;
    s.p = text_arg(L, 1, &s.n);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    rules_charge(L, s.n);
    luaL_buffinit(L, &b);
    while (s.n) {
        const char *open = memchr(s.p, '{', s.n);
        size_t before = open ? (size_t)(open - s.p) : s.n;
        luaL_addlstring(&b, s.p, before);
        if (!open)
            break;
        const char *close = memchr(open, '}', s.n - before);
        if (!close)
            return luaL_error(L, "fill: '{' without '}'");
        lua_pushlstring(L, open + 1, (size_t)(close - open - 1));
        if (lua_gettable(L, 2) != LUA_TSTRING && !lua_isinteger(L, -1))
            return luaL_error(L, "fill: {%s} has no text or whole number",
                              lua_pushlstring(L, open + 1, (size_t)(close - open - 1)));
        luaL_addvalue(&b);
        s.n -= (size_t)(close + 1 - s.p);
        s.p = close + 1;
    }
    luaL_pushresult(&b);
    return 1;
}

/* ---- utf8.* ---- */

static int l_utf8_len(lua_State *L)
{
    struct wg_str s;
    s.p = text_arg(L, 1, &s.n);
    if (!wg_utf8_valid(s))
        return luaL_error(L, "utf8.len: is not UTF-8");
    lua_pushinteger(L, (lua_Integer)wg_utf8_count(s));
    return 1;
}

static int l_utf8_char(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L); /* before the buffer, which may lie on the stack itself */
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        lua_Integer c = luaL_checkinteger(L, i);
        luaL_argcheck(L, c >= 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF), i, "no code point");
        if (c < 0x80) {
            luaL_addchar(&b, (char)c);
            continue;
        }
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        luaL_addchar(&b, (char)((0xF0 << (3 - more)) | (c >> (6 * more))));
        while (more-- > 0)
            luaL_addchar(&b, (char)(0x80 | ((c >> (6 * more)) & 0x3F)));
    }
    luaL_pushresult(&b);
    return 1;
}

const struct rules_row rules_text_rows[] = {
    {"string.len", l_len, "s:len() -> n", "bytes"},
    {"string.sub", l_sub, "s:sub(from [, to]) -> text",
     "a piece, by bytes; negative places count from the end"},
    {"string.upper", l_upper, "s:upper() -> text", "a to z as A to Z"},
    {"string.lower", l_lower, "s:lower() -> text", "A to Z as a to z"},
    {"string.reverse", l_reverse, "s:reverse() -> text", "the bytes from last to first"},
    {"string.byte", l_byte, "s:byte([from [, to]]) -> n...", "bytes as numbers, at most 250"},
    {"string.char", l_char, "string.char(n...) -> text", "numbers as bytes"},
    {"string.rep", l_rep, "s:rep(n) -> text", "s n times; no text of a call is longer than 64 KiB"},
    {"string.find", l_find, "s:find(text [, from]) -> first, last",
     "where the very text is; no patterns"},
    {"string.has", l_has, "s:has(text) -> bool", "is the text in it?"},
    {"string.starts", l_starts, "s:starts(text) -> bool", "does it begin so?"},
    {"string.ends", l_ends, "s:ends(text) -> bool", "does it end so?"},
    {"string.format", l_format, "string.format(format, ...) -> text",
     "%s %d %i %c %x %X %%, widths up to 99 characters"},
    {"fill", l_fill, "fill(text, {name = value}) -> text",
     "{name} in a text by the value of that name: fill(ctx.messages.overdue, {id = case.id})"},
    {"utf8.len", l_utf8_len, "utf8.len(s) -> n", "characters"},
    {"utf8.char", l_utf8_char, "utf8.char(n...) -> text", "code points as text"},
    {0},
};
