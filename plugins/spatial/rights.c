/* Who sees what: what a collection is by itself, and over it what the county's rules say in `map`.
 * All of it is settled where a source is taken: a layer that may not be seen is no member of it, a
 * field that may not be shown is none of its fields, so that no item, filter, tile or count can
 * tell of it. */
#include "spatial.h"

/* Whatever rules say: who somebody is, and how to reach them, is not for a map. */
static const char *const personal[] = {
    "phone",       "mobile",  "tel",    "telephone", "contact",    "contact_phone",
    "owner_phone", "id_card", "idcard", "id_no",     "email",      "wechat",
    "qq",          "电话",    "手机",   "手机号",    "手机号码",   "联系电话",
    "联系方式",    "联系人",  "身份证", "身份证号",  "身份证号码", "邮箱",
    "微信",        NULL};

static bool listed(const struct wg_json *list, struct wg_str name)
{
    for (const struct wg_json *m = list && list->type == WG_JARR ? list->child : NULL; m;
         m = m->next)
        if (wg_str_eq(m->str, name))
            return true;
    return false;
}

static uint32_t roles_of(const struct wg_json *list)
{
    uint32_t roles = 0;
    for (const struct wg_json *m = list && list->type == WG_JARR ? list->child : NULL; m;
         m = m->next)
        roles |= wg_role_of(m->str);
    return roles;
}

/* One county's table, read once an ask. */
struct read_map {
    struct read_map *next;
    struct wg_county *county;
    struct wg_str text;
    bool parsed;
    struct wg_json *map;
};

static struct read_map *text_of(struct ask *ask, struct wg_county *county)
{
    struct read_map *m = ask->maps;
    while (m && m->county != county)
        m = m->next;
    if (!m && (m = WG_NEW(ask->a, struct read_map))) {
        *m = (struct read_map){ask->maps, county, wg_county_map(county, ask->a), false, NULL};
        ask->maps = m;
    }
    return m;
}

static const struct wg_json *map_of(struct ask *ask, struct wg_county *county)
{
    struct read_map *m = text_of(ask, county);
    if (!m)
        return NULL;
    if (!m->parsed && m->text.n > 2 && wg_json_parse(ask->a, m->text, &m->map, NULL) < 0)
        m->map = NULL;
    m->parsed = true;
    return m->map;
}

static uint64_t mix(uint64_t h, struct wg_str s)
{
    for (size_t k = 0; k < s.n; k++)
        h = (h ^ (unsigned char)s.p[k]) * 1099511628211u;
    return h * 31 + 7;
}

void rights_learn(struct ask *ask)
{
    struct wg_county *span[SPAN_MAX];
    size_t n = wg_county_span(ask->self->county, span, SPAN_MAX);
    uint64_t mark = 1;
    for (size_t k = 0; k < n; k++) {
        const struct read_map *m = text_of(ask, span[k]);
        mark = m ? mix(mark, m->text) : mark;
    }
    if (mark == ask->self->learnt)
        return;
    for (size_t k = 0; k < n; k++) {
        const struct wg_json *map = map_of(ask, span[k]);
        for (const struct wg_json *m = map ? map->child : NULL; m; m = m->next)
            if (wg_json_str(m, "title").n)
                collection_learn(m->key, wg_json_str(m, "title"));
    }
    ask->self->learnt = mark;
}

struct rights rights_of(struct ask *ask, struct wg_county *county, const struct collection *c)
{
    struct rights r = {.entry = wg_json_get(map_of(ask, county), c->id)};
    const struct wg_json *open = wg_json_get(r.entry, "public"),
                         *seen = wg_json_get(r.entry, "roles"),
                         *edit = wg_json_get(r.entry, "edit"),
                         *hidden = wg_json_get(r.entry, "hidden");
    uint32_t roles = seen ? roles_of(seen) : c->roles & SIGNED_IN;
    bool to_all = open ? (open->type == WG_JBOOL ? open->num != 0 : open->count > 0)
                       : (c->roles & WG_PUBLIC) != 0;
    r.stranger = !(ask->roles & roles);
    r.sees = !r.stranger || to_all;
    r.edits = ask->roles & (edit ? roles_of(edit) : c->editors);
    r.narrow = ask->streets.n > 0 && strcmp(c->id, "counties") != 0 &&
               (open ? open->type != WG_JBOOL || open->num == 0 : !to_all);
    r.trims = (hidden && hidden->count) || (r.stranger && open && open->type == WG_JARR);
    return r;
}

bool rights_show(const struct rights *r, struct wg_str field)
{
    const struct wg_json *open = wg_json_get(r->entry, "public");
    for (size_t k = 0; personal[k]; k++)
        if (field.n == strlen(personal[k]) && strncasecmp(field.p, personal[k], field.n) == 0)
            return false;
    if (listed(wg_json_get(r->entry, "hidden"), field))
        return false;
    return !r->stranger || !open || open->type != WG_JARR || listed(open, field);
}

uint64_t rights_mark(const struct rights *r)
{
    static const char *const lists[] = {"public", "hidden"};
    uint64_t h = r->stranger;
    for (size_t k = 0; r->trims && k < 2; k++) {
        const struct wg_json *list = wg_json_get(r->entry, lists[k]);
        for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next)
            h = mix(h + k, m->str);
    }
    return r->trims ? h | 1 : 0;
}
