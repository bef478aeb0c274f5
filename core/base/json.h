/** JSON as a strict tree in an arena, over yajl.
 *  Strict: one value and nothing after it; no duplicate keys, no invalid UTF-8, no lone surrogates,
 * no NUL in strings, no comments, numbers as RFC 8259 says, integers that fit int64 exact, at most
 *  WG_JSON_DEPTH levels. Source: RFC 8259; RFC 7493 (I-JSON) for keys and surrogates. */
#ifndef WG_JSON_H
#define WG_JSON_H

#include "base/arena.h"
#include "base/str.h"

#define WG_JSON_DEPTH 32

enum wg_json_type { WG_JNULL, WG_JBOOL, WG_JINT, WG_JREAL, WG_JSTR, WG_JARR, WG_JOBJ };

struct wg_json {
    enum wg_json_type type;
    uint32_t count;        /**< members of an array or object */
    struct wg_str key;     /**< inside an object */
    struct wg_str str;     /**< text of a string, or the number as written */
    int64_t num;           /**< WG_JINT; WG_JBOOL as 0 or 1 */
    struct wg_json *child; /**< first member */
    struct wg_json *next;  /**< next sibling */
};

/** Parse text. Errors: WG_EINVAL with line, column and what is wrong in err; WG_ENOMEM.
 *  Strings are copied into the arena, NUL-terminated; text may go. */
int wg_json_parse(struct wg_arena *a, struct wg_str text, struct wg_json **out, struct wg_err *err);

/** A member of an object, or NULL (also where j is NULL or no object). */
const struct wg_json *wg_json_get(const struct wg_json *j, const char *key);
const struct wg_json *wg_json_get_s(const struct wg_json *j, struct wg_str key);
/** The text of a string member; {NULL, 0} where it is missing or another type. */
struct wg_str wg_json_str(const struct wg_json *j, const char *key);
/** An integer member, or fallback. */
int64_t wg_json_int(const struct wg_json *j, const char *key, int64_t fallback);
bool wg_json_bool(const struct wg_json *j, const char *key, bool fallback);
/** A number (whole or decimal) as an integer of 10^-scale. Errors: WG_EINVAL, WG_ERANGE. */
int wg_json_fixed(const struct wg_json *j, int scale, int64_t *out);

/** The tree as text without spaces: members in their order, numbers as they were written. */
void wg_json_write(const struct wg_json *j, struct wg_buf *out);

/** Write JSON by hand, inside { }: "key": with the comma where one is due. The key is a name of
 * ours (letters, digits, underscores), taken as it is; wg_json_key_str escapes a foreign one.
 * Inline, so that the length of a literal is known where it stands: this writes every answer. */
static inline void wg_json_key(struct wg_buf *b, const char *key)
{
    size_t n = strlen(key);
    char *at = wg_buf_room(b, n + 4);
    if (!at)
        return;
    if (b->n && at[-1] != '{' && at[-1] != '[')
        *at++ = ',';
    *at++ = '"';
    memcpy(at, key, n);
    at += n;
    *at++ = '"';
    *at++ = ':';
    b->n = (size_t)(at - b->p);
}
void wg_json_key_str(struct wg_buf *b, struct wg_str key);
static inline void wg_json_kstr(struct wg_buf *b, const char *key,
                                struct wg_str v) /**< null where v.p is NULL */
{
    wg_json_key(b, key);
    if (v.p)
        wg_buf_json(b, v);
    else
        wg_buf_lit(b, "null");
}
static inline void wg_json_kint(struct wg_buf *b, const char *key, int64_t v)
{
    wg_json_key(b, key);
    wg_buf_int(b, v);
}
static inline void wg_json_kbool(struct wg_buf *b, const char *key, bool v)
{
    wg_json_key(b, key);
    if (v)
        wg_buf_lit(b, "true");
    else
        wg_buf_lit(b, "false");
}
/** A moment as RFC 3339; null where it is 0. */
void wg_json_ktime(struct wg_buf *b, const char *key, int64_t ms);
/** A comma unless the last byte opens a list or object, or the buffer is empty. */
void wg_json_sep(struct wg_buf *b);
/** Into the object just written: its brace is taken back, for more members and another brace.
 * false: there is none. */
bool wg_json_reopen(struct wg_buf *b);

#endif
