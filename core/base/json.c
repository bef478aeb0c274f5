#include "wg.h"

#include "base/err.h"
#include "base/time.h"

const struct wg_json *wg_json_get_s(const struct wg_json *j, struct wg_str key)
{
    if (!j || j->type != WG_JOBJ)
        return NULL;
    for (const struct wg_json *m = j->child; m; m = m->next)
        if (wg_str_eq(m->key, key))
            return m;
    return NULL;
}

const struct wg_json *wg_json_get(const struct wg_json *j, const char *key)
{
    return wg_json_get_s(j, wg_str_of(key));
}

struct wg_str wg_json_str(const struct wg_json *j, const char *key)
{
    const struct wg_json *m = wg_json_get(j, key);
    return m && m->type == WG_JSTR ? m->str : (struct wg_str){NULL, 0};
}

int64_t wg_json_int(const struct wg_json *j, const char *key, int64_t fallback)
{
    const struct wg_json *m = wg_json_get(j, key);
    return m && m->type == WG_JINT ? m->num : fallback;
}

bool wg_json_bool(const struct wg_json *j, const char *key, bool fallback)
{
    const struct wg_json *m = wg_json_get(j, key);
    return m && m->type == WG_JBOOL ? m->num != 0 : fallback;
}

/* The exponent after the e, as far as it matters: no text is long enough for a million digits to
 * bring a number back into int64. */
static int read_exponent(struct wg_str s)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    int v = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9' && v < 1000000)
            v = v * 10 + (s.p[i] - '0');
    return minus ? -v : v;
}

int wg_json_fixed(const struct wg_json *j, int scale, int64_t *out)
{
    if (!j || scale < 0 || scale > 18)
        return WG_EINVAL;
    if (j->type == WG_JINT) {
        int64_t v = j->num;
        for (int i = 0; i < scale; i++)
            if (__builtin_mul_overflow(v, (int64_t)10, &v))
                return WG_ERANGE;
        *out = v;
        return WG_OK;
    }
    if (j->type != WG_JREAL)
        return WG_EINVAL;
    struct wg_str s = j->str;
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] | 0x20) == 'e') {
            scale += read_exponent((struct wg_str){s.p + i + 1, s.n - i - 1});
            s.n = i;
        }
    }
    return wg_str_fixed(s, scale, out);
}

/* Recursion is bounded: what was parsed has at most WG_JSON_DEPTH levels. */
static void write_value(const struct wg_json *j, struct wg_buf *out)
{
    switch (j->type) {
    case WG_JNULL:
        wg_buf_lit(out, "null");
        return;
    case WG_JBOOL:
        wg_buf_str_add(out, j->num ? WG_S("true") : WG_S("false"));
        return;
    case WG_JINT: /* trees made by hand have the number only */
        if (j->str.n)
            wg_buf_str_add(out, j->str);
        else
            wg_buf_int(out, j->num);
        return;
    case WG_JREAL:
        wg_require(j->str.n > 0);
        wg_buf_str_add(out, j->str);
        return;
    case WG_JSTR:
        wg_buf_json(out, j->str);
        return;
    case WG_JARR:
    case WG_JOBJ:
        break;
    }
    wg_buf_char(out, j->type == WG_JARR ? '[' : '{');
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (m != j->child)
            wg_buf_char(out, ',');
        if (j->type == WG_JOBJ) {
            wg_buf_json(out, m->key);
            wg_buf_char(out, ':');
        }
        write_value(m, out);
    }
    wg_buf_char(out, j->type == WG_JARR ? ']' : '}');
}

void wg_json_write(const struct wg_json *j, struct wg_buf *out)
{
    if (j)
        write_value(j, out);
    else
        wg_buf_lit(out, "null");
}

void wg_json_sep(struct wg_buf *b)
{
    if (b->n > 0 && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
        wg_buf_char(b, ',');
}

bool wg_json_reopen(struct wg_buf *b)
{
    bool open = wg_buf_ok(b) && b->n > 0 && b->p[b->n - 1] == '}';
    if (open)
        b->n--;
    return open;
}

void wg_json_key_str(struct wg_buf *b, struct wg_str key)
{
    wg_json_sep(b);
    wg_buf_json(b, key);
    wg_buf_char(b, ':');
}

void wg_json_ktime(struct wg_buf *b, const char *key, int64_t ms)
{
    wg_json_key(b, key);
    if (!ms) {
        wg_buf_lit(b, "null");
        return;
    }
    wg_buf_char(b, '"');
    wg_buf_time(b, ms);
    wg_buf_char(b, '"');
}
