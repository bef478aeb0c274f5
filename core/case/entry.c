#include "case/case.h"

#include <stddef.h>

/* Each member is looked at once: replay does this for every entry that there is. */

static void take_text(struct wg_entry *e, const struct wg_json *m, struct wg_str *of)
{
    static const struct {
        const char name[6];
        uint8_t n, at;
    } texts[] = {
#define TEXT(name, field) {name, sizeof(name) - 1, offsetof(struct wg_entry, field)}
        TEXT("by", by),   TEXT("as", as),  TEXT("unit", unit), TEXT("key", key),
        TEXT("ask", ask), TEXT("do", act), TEXT("rev", rev),   TEXT("prev", prev),
#undef TEXT
    };
    if (wg_str_is(m->key, "of"))
        *of = m->str;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (m->key.n == texts[i].n && memcmp(m->key.p, texts[i].name, texts[i].n) == 0)
            *(struct wg_str *)((char *)e + texts[i].at) = m->str;
}

static void take_number(struct wg_entry *e, const struct wg_json *m)
{
    if (wg_str_is(m->key, "n"))
        e->n = (uint64_t)m->num;
    else if (wg_str_is(m->key, "t"))
        e->t = m->num;
    else if (wg_str_is(m->key, "was"))
        e->was = (uint64_t)m->num;
}

static void take_tree(struct wg_entry *e, const struct wg_json *m)
{
    if (wg_str_is(m->key, "in"))
        e->in = m;
    else if (wg_str_is(m->key, "facts"))
        e->facts = m;
    else if (wg_str_is(m->key, "out"))
        e->out = m;
}

int wg_entry_parse(struct wg_arena *a, struct wg_str text, struct wg_entry *out, struct wg_err *err)
{
    struct wg_json *j;
    int rc = wg_json_parse(a, text, &j, err);
    if (rc < 0)
        return rc;
    struct wg_str of = {NULL, 0};
    *out = (struct wg_entry){0};
    for (const struct wg_json *m = j->type == WG_JOBJ ? j->child : NULL; m; m = m->next) {
        if (m->type == WG_JSTR)
            take_text(out, m, &of);
        else if (m->type == WG_JINT)
            take_number(out, m);
        else
            take_tree(out, m);
    }
    if (of.p && wg_case_id_parse(of, &out->of) < 0)
        return wg_fail(err, WG_ECORRUPT, "entry %llu: \"of\" is no case",
                       (unsigned long long)out->n);
    if (out->n == 0 || out->t <= 0 || !out->act.p || !out->out || out->out->type != WG_JARR)
        return wg_fail(err, WG_ECORRUPT, "an entry needs n, t, do and out");
    return WG_OK;
}

uint64_t wg_entry_was(const struct wg_entry *e, uint64_t id)
{
    uint64_t of;
    if (e->of == id)
        return e->was;
    for (const struct wg_json *o = e->out->child; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), "also") &&
            wg_case_id_parse(wg_json_str(o, "of"), &of) == WG_OK && of == id)
            return (uint64_t)wg_json_int(o, "was", 0);
    return 0;
}
