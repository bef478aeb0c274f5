#include "base/json_text.h"

#include "base/err.h"

#include <stdio.h>

#define TEXT_MOST \
    ((size_t)1 << 30) /* yajl doubles its buffers in size_t without a look at the end */
#define ECHO 32       /* bytes of the input that a message may repeat */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

/* A string with its quotes, a word or number, or one character. */
static size_t token_length(struct wg_str text, size_t at)
{
    size_t end = at + 1;
    if (text.p[at] == '"') {
        while (end < text.n && text.p[end] != '"')
            end += text.p[end] == '\\' ? 2 : 1;
        return (end < text.n ? end + 1 : text.n) - at;
    }
    if (is_word(text.p[at])) {
        while (end < text.n && is_word(text.p[end]))
            end++;
    } else {
        while (end < text.n && ((unsigned char)text.p[end] & 0xC0) == 0x80)
            end++;
    }
    return end - at;
}

/* From the front, for only so is it sure what is inside a string; errors may be slow. */
size_t json_token_start(struct wg_str text, size_t end)
{
    size_t start = 0;
    for (size_t at = 0; at < end && at < text.n; at += token_length(text, at))
        start = at;
    return start;
}

/* yajl goes back before it refuses what stands after a member: by the length of the token, but
 * without the quotes of a string. A string right after a colon is the member itself. */
static size_t member_token_start(struct wg_str text, size_t at)
{
    size_t start = json_token_start(text, at);
    size_t before = start;
    if (at >= text.n)
        return start;
    while (before > 0 && strchr(" \t\r\n", text.p[before - 1]))
        before--;
    bool is_member = before > 0 && text.p[before - 1] == ':';
    return text.p[start] == '"' && start + 2 == at && !is_member ? start : at;
}

/* What a reader sees at `at`, in quotes; never more than ECHO bytes of it. */
static void describe(struct wg_str text, size_t at, char out[ECHO + 32])
{
    if (at >= text.n) {
        strcpy(out, "the end of the text");
        return;
    }
    const char *p = text.p + at;
    if ((unsigned char)*p < 0x20 || *p == 0x7f) {
        snprintf(out, ECHO + 32, "the control character 0x%02x", (unsigned)*p);
        return;
    }
    size_t whole = token_length(text, at), n = 1;
    while (n < whole && n < ECHO && (unsigned char)p[n] >= 0x20)
        n++;
    while (n < whole && n > 1 && ((unsigned char)p[n] & 0xC0) == 0x80)
        n--; /* whole characters */
    if (*p != '"' && (unsigned char)*p >= 0x80)
        n = whole;
    snprintf(out, ECHO + 32, *p == '"' ? "%.*s%s" : "'%.*s%s'", (int)n, p, n < whole ? "…" : "");
}

int json_refuse(struct wg_str text, size_t at, const char *what, bool and_found, struct wg_err *err)
{
    char found[ECHO + 32] = "";
    size_t line = 1, start = 0;
    for (size_t i = 0; i < at && i < text.n; i++) {
        if (text.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    size_t column = 1 + wg_utf8_count((struct wg_str){text.p + start, at - start});
    if (and_found)
        describe(text, at, found);
    return wg_fail(err, WG_EINVAL, "line %zu, column %zu: %s%s%s", line, column, what,
                   and_found ? ", found " : "", found);
}

int json_refuse_as(struct wg_str text, size_t at, const char *said, struct wg_err *err)
{
    /* TOKEN: yajl stands behind what it refuses; BYTE: in front of it; WORD: in it. */
    enum place { TOKEN, BYTE, WORD, MEMBER };
    static const struct {
        const char *yajl, *ours;
        enum place place;
    } known[] = {
        {"premature EOF", "expected the text to go on", BYTE},
        {"trailing garbage", "expected nothing after the value", TOKEN},
        {"unallowed token", "expected a value", TOKEN},
        {"after key and value", "expected ',' or '}' after a member", MEMBER},
        {"after array element", "expected ',' or ']' after an element", TOKEN},
        {"separated by a colon", "expected ':' after a key", TOKEN},
        {"invalid object key", "expected a key in double quotes", TOKEN},
        {"inside a string, '\\'", "expected one of \"\\/bfnrtu after a backslash", BYTE},
        {"invalid (non-hex)", "expected four hexadecimal digits after \\u", BYTE},
        {"invalid character inside", "expected a string without raw control characters", BYTE},
        {"after the minus", "expected a digit after '-'", BYTE},
        {"after the decimal point", "expected a digit after the decimal point", BYTE},
        {"after the exponent", "expected a digit in the exponent", BYTE},
        {"invalid string in json", "expected a value such as true, false or null", WORD},
        {"probable comment", "expected no comments", TOKEN},
        {"invalid char in json", "expected a JSON value or mark", TOKEN},
    };
    const char *what = "not JSON";
    enum place place = BYTE;
    for (size_t i = 0; said && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(said, known[i].yajl)) {
            what = known[i].ours;
            place = known[i].place;
            break;
        }
    }
    if (place == WORD && at < text.n && is_word(text.p[at]))
        at++; /* the letter at which it went wrong is part of the word */
    if (place == MEMBER)
        at = member_token_start(text, at);
    else if (place != BYTE)
        at = json_token_start(text, at);
    return json_refuse(text, at, what, true, err);
}

/* The four digits after \u, or -1: yajl will say what is wrong with them. */
static int hex4(const char *p, const char *end)
{
    int v = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = p[i] | 0x20;
        bool digit = p[i] >= '0' && p[i] <= '9';
        if (!digit && (c < 'a' || c > 'f'))
            return -1;
        v = v * 16 + (digit ? p[i] - '0' : c - 'a' + 10);
    }
    return v;
}

/* yajl makes a '?' of half a surrogate pair, or three bytes that are not UTF-8, so escapes are
 * looked at before it sees them. Outside strings a backslash is an error anyway. */
static int check_escapes(struct wg_str text, struct wg_err *err)
{
    const char *end = text.p + text.n;
    const char *s = memchr(text.p, '\\', text.n);
    while (s && end - s >= 2) {
        const char *next = s + 2;
        int v = s[1] == 'u' ? hex4(next, end) : -1;
        const char *wrong = v == 0 ? "a string may not hold the character NUL" : NULL;
        if (v >= 0xD800 && v <= 0xDBFF) {
            int low = end - s >= 12 && s[6] == '\\' && s[7] == 'u' ? hex4(s + 8, end) : -1;
            if (low < 0xDC00 || low > 0xDFFF)
                wrong = "half of a surrogate pair";
            next = s + 12;
        } else if (v >= 0xDC00 && v <= 0xDFFF) {
            wrong = "half of a surrogate pair";
        }
        if (wrong) {
            return json_refuse(text, (size_t)(s - text.p), wrong, false, err);
        }
        s = next < end ? memchr(next, '\\', (size_t)(end - next)) : NULL;
    }
    return WG_OK;
}

/* yajl's own check of UTF-8 takes long forms, surrogates and what is beyond U+10FFFF; so ours. */
static int check_utf8(struct wg_str text, struct wg_err *err)
{
    size_t at = 0;
    if (wg_utf8_valid(text))
        return WG_OK;
    while (at < text.n) { /* only to say where */
        unsigned char c = (unsigned char)text.p[at];
        size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        if (n > text.n - at || !wg_utf8_valid((struct wg_str){text.p + at, n}))
            break;
        at += n;
    }
    return json_refuse(text, at, "not valid UTF-8", false, err);
}

int json_check_text(struct wg_str text, struct wg_err *err)
{
    if (text.n == 0)
        return wg_fail(err, WG_EINVAL, "line 1, column 1: expected a value, found empty text");
    if (text.n > TEXT_MOST)
        return wg_fail(err, WG_EINVAL, "longer than %zu bytes", TEXT_MOST);
    if (wg_str_starts(text, "\xEF\xBB\xBF"))
        return json_refuse(text, 0, "expected a value, found a byte order mark", false, err);
    int rc = check_utf8(text, err);
    return rc < 0 ? rc : check_escapes(text, err);
}
