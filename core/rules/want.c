/* What a test wants against what came, and how both are shown to a person. */
#include "rules/state.h"

/* Beyond these it is no moment but a number: 2000 and 2100. */
#define MOMENT_FROM INT64_C(946684800000)
#define MOMENT_TO INT64_C(4102444800000)

static bool contains(struct wg_str s, struct wg_str part)
{
    return part.n == 0 || (s.n && memmem(s.p, s.n, part.p, part.n) != NULL);
}

bool rules_wanted(const struct wg_json *want, const struct wg_json *got)
{
    int64_t ms;
    if (!got)
        return want->type == WG_JBOOL && !want->num;
    if (want->type == WG_JBOOL && !want->num && got->type == WG_JNULL)
        return true;
    if (want->type == WG_JSTR && got->type == WG_JINT)
        return wg_time_parse(want->str, &ms) == WG_OK && ms == got->num;
    if (want->type == WG_JARR && got->type == WG_JARR)
        return rules_wanted_list(want, got, false);
    if (want->type != WG_JOBJ)
        return rules_json_same(want, got);
    for (const struct wg_json *w = want->child; w; w = w->next) {
        const struct wg_json *why = wg_json_get(got, "why");
        if (wg_str_is(w->key, "because") ? !why || !why->child || !contains(why->child->str, w->str)
                                         : !rules_wanted(w, wg_json_get_s(got, w->key)))
            return false;
    }
    return true;
}

bool rules_wanted_list(const struct wg_json *want, const struct wg_json *got, bool more)
{
    const struct wg_json *g = got->child;
    if (!more && (want ? want->count : 0) != got->count)
        return false;
    for (const struct wg_json *w = want ? want->child : NULL; w; w = w->next, g = g->next) {
        while (more && g && !rules_wanted(w, g))
            g = g->next;
        if (!g || !rules_wanted(w, g))
            return false;
    }
    return true;
}

void rules_show(const struct wg_json *j, struct wg_buf *out)
{
    bool object = j->type == WG_JOBJ;
    if (j->type == WG_JINT && j->num > MOMENT_FROM && j->num < MOMENT_TO) {
        wg_buf_char(out, '"');
        wg_buf_time(out, j->num);
        wg_buf_char(out, '"');
        return;
    }
    if (!object && j->type != WG_JARR) {
        wg_json_write(j, out);
        return;
    }
    wg_buf_char(out, object ? '{' : '[');
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (object)
            wg_json_key_str(out, m->key);
        else
            wg_json_sep(out);
        rules_show(m, out);
    }
    wg_buf_char(out, object ? '}' : ']');
}
