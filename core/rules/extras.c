/* What a pack says beside classes and flow: the documents it cites, campaigns, who answers first,
 * where a county may add steps; messages and scoring as texts. */
#include "rules/state.h"

#include <stdio.h>

/* ---- small readers: g, and the field that is at fault ---- */

static void odd(const struct rules_reading *g, const char *field, struct wg_str key,
                const char *what)
{
    char text[160];
    snprintf(text, sizeof(text), "%.*s: %s", (int)(key.n < 60 ? key.n : 60), key.p ? key.p : "?",
             what);
    rules_fault(g, field, text);
}

static void *room(const struct rules_reading *g, size_t bytes)
{
    void *p = wg_arena_alloc(g->a, bytes);
    if (!p)
        luaL_error(g->L, "no memory for a pack");
    return p;
}

/* The start of a day in the county, or of the day after; without a text: otherwise. */
static int64_t day(const struct rules_reading *g, const char *field, const struct wg_json *j,
                   int after, int64_t otherwise)
{
    struct wg_date d = {0};
    if (!j)
        return otherwise;
    if (j->type != WG_JSTR || wg_date_parse(j->str, &d) < 0)
        odd(g, field, j->key, "a day is written 2026-12-31");
    return (wg_day_of(d) + after) * WG_DAY_MS - WG_ZONE_MS;
}

static void only(const struct rules_reading *g, const char *field, const struct wg_json *object,
                 const char *const *known)
{
    for (const struct wg_json *m = object->child; m; m = m->next) {
        size_t k = 0;
        while (known[k] && !wg_str_is(m->key, known[k]))
            k++;
        if (!known[k])
            odd(g, field, m->key, "there is no such field");
    }
}

static bool digits(struct wg_str s, size_t most)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n <= most;
}

/* ---- sources ---- */

static void read_sources(const struct rules_reading *g, int idx)
{
    static const char *const known[] = {"issuer", "number", "title", "from", "to", NULL};
    struct wg_pack *p = g->r->pack;
    const struct wg_json *tree = rules_tree_field(g, idx, "sources", false);
    struct wg_legal *out = room(g, ((tree ? tree->count : 0) + 1) * sizeof(*out));
    p->legal = out;
    for (const struct wg_json *m = tree ? tree->child : NULL; m; m = m->next, p->legals++) {
        if (m->type != WG_JOBJ)
            odd(g, "sources", m->key, "is {issuer=, number=, title=, from=, to=}");
        only(g, "sources", m, known);
        struct wg_legal *l = &out[p->legals];
        *l = (struct wg_legal){.id = m->key,
                               .issuer = wg_json_str(m, "issuer"),
                               .number = wg_json_str(m, "number"),
                               .title = wg_json_str(m, "title")};
        l->from_ms = day(g, "sources", wg_json_get(m, "from"), 0, INT64_MIN);
        l->to_ms = day(g, "sources", wg_json_get(m, "to"), 1, INT64_MAX);
        if (!l->issuer.n || !l->title.n)
            odd(g, "sources", m->key, "needs issuer and title");
        if (l->to_ms <= l->from_ms)
            odd(g, "sources", m->key, "ends before it begins");
    }
}

const struct wg_legal *wg_pack_legal(const struct wg_pack *p, struct wg_str id)
{
    for (size_t i = 0; id.n && i < p->legals; i++)
        if (wg_str_eq(p->legal[i].id, id))
            return &p->legal[i];
    return NULL;
}

/* ---- campaigns ---- */

static struct wg_campaign_class *add_row(struct wg_campaign *c, int kind, struct wg_str code)
{
    struct wg_campaign_class *row = &c->row[c->rows++];
    *row = (struct wg_campaign_class){.kind = (enum wg_kind)kind, .code = code};
    return row;
}

/* part = { ["0101"] = { limit = { 2, "work_hour" }, weight = 2 } } */
static void read_campaign_class(const struct rules_reading *g, struct wg_campaign *c, int kind,
                                const struct wg_json *m)
{
    static const char *const known[] = {"limit", "weight", NULL};
    const struct wg_json *limit = wg_json_get(m, "limit"), *weight = wg_json_get(m, "weight");
    if (!digits(m->key, 5) || !m->key.n)
        odd(g, "campaigns", m->key, "is no class, and no front of one");
    struct wg_campaign_class *row = add_row(c, kind, m->key);
    row->weight_milli = 1000;
    if (m->type != WG_JOBJ)
        return; /* true: it belongs to it, no more */
    only(g, "campaigns", m, known);
    if (weight && (wg_json_fixed(weight, 3, &row->weight_milli) < 0 || row->weight_milli < 0))
        odd(g, "campaigns", m->key, "weight is a number from 0");
    if (!limit)
        return;
    row->limited = true;
    if (limit->type != WG_JARR || limit->count != 2 ||
        wg_json_fixed(limit->child, 3, &row->limit.n_milli) < 0 || row->limit.n_milli <= 0 ||
        wg_unit_parse(limit->child->next->str, &row->limit.unit) < 0)
        odd(g, "campaigns", m->key, "limit is {number, \"unit\"}");
}

static void read_campaign(const struct rules_reading *g, const struct wg_json *j,
                          struct wg_campaign *c)
{
    static const char *const known[] = {"id", "name", "from", "to", "areas", "part", "event", NULL};
    const struct wg_json *areas = wg_json_get(j, "areas");
    size_t rows = 0;
    if (j->type != WG_JOBJ)
        rules_fault(g, "campaigns", "is a list of {id=, name=, from=, to=, areas=, part=, event=}");
    only(g, "campaigns", j, known);
    c->id = wg_json_str(j, "id");
    c->name = wg_json_str(j, "name");
    if (!c->id.n || !c->name.n)
        rules_fault(g, "campaigns", "each needs an id and a name");
    if (!wg_json_get(j, "from") || !wg_json_get(j, "to"))
        odd(g, "campaigns", c->id, "needs from and to: it ends by itself");
    c->from_ms = day(g, "campaigns", wg_json_get(j, "from"), 0, 0);
    c->to_ms = day(g, "campaigns", wg_json_get(j, "to"), 1, 0);
    if (c->to_ms <= c->from_ms)
        odd(g, "campaigns", c->id, "ends before it begins");
    struct wg_str *area = room(g, ((areas ? areas->count : 0) + 1) * sizeof(*area));
    c->area = area;
    for (const struct wg_json *m = areas ? areas->child : NULL; m; m = m->next) {
        if (m->type != WG_JSTR || m->str.n < 6 || !digits(m->str, 18))
            odd(g, "campaigns", c->id, "areas are codes of streets, communities or grids");
        area[c->areas++] = m->str;
    }
    for (int k = 0; k < WG_KINDS; k++) {
        const struct wg_json *of = wg_json_get(j, wg_kind_name(k));
        rows += of ? of->count : 0;
    }
    if (!rows)
        odd(g, "campaigns", c->id, "names no class: event = { [\"0110\"] = { limit = … } }");
    c->row = room(g, rows * sizeof(*c->row));
    for (int k = 0; k < WG_KINDS; k++) {
        const struct wg_json *of = wg_json_get(j, wg_kind_name(k));
        for (const struct wg_json *m = of && of->type == WG_JOBJ ? of->child : NULL; m; m = m->next)
            read_campaign_class(g, c, k, m);
    }
}

static void read_campaigns(const struct rules_reading *g, int idx)
{
    struct wg_pack *p = g->r->pack;
    const struct wg_json *tree = rules_tree_field(g, idx, "campaigns", false);
    struct wg_campaign *out = room(g, ((tree ? tree->count : 0) + 1) * sizeof(*out));
    p->campaign = out;
    for (const struct wg_json *m = tree ? tree->child : NULL; m; m = m->next) {
        struct wg_campaign *c = &out[p->campaigns];
        *c = (struct wg_campaign){.rows = 0};
        read_campaign(g, m, c);
        for (size_t i = 0; i < p->campaigns; i++)
            if (wg_str_eq(out[i].id, c->id))
                odd(g, "campaigns", c->id, "is there twice");
        p->campaigns++;
    }
}

static bool fronts(struct wg_str front, struct wg_str s)
{
    return front.n == 0 || (front.n <= s.n && memcmp(front.p, s.p, front.n) == 0);
}

static bool in_area(const struct wg_campaign *c, struct wg_str grid)
{
    for (size_t i = 0; i < c->areas; i++)
        if (grid.n && fronts(c->area[i], grid))
            return true;
    return c->areas == 0;
}

const struct wg_campaign *wg_pack_campaign(const struct wg_pack *p, int kind, struct wg_str code,
                                           struct wg_str grid, int64_t t_ms,
                                           const struct wg_campaign_class **row)
{
    for (size_t i = 0; i < p->campaigns; i++) {
        const struct wg_campaign *c = &p->campaign[i];
        const struct wg_campaign_class *best = NULL;
        if (t_ms < c->from_ms || t_ms >= c->to_ms || !in_area(c, grid))
            continue;
        for (size_t k = 0; k < c->rows; k++)
            if ((int)c->row[k].kind == kind && fronts(c->row[k].code, code) &&
                (!best || c->row[k].code.n > best->code.n))
                best = &c->row[k];
        if (best) {
            *row = best;
            return c;
        }
    }
    return NULL;
}

/* ---- owners ---- */

static const char *const way_names[WG_OWNER_WAYS] = {"owner", "class", "territory"};

const char *wg_owner_way_name(int way)
{
    return way >= 0 && way < WG_OWNER_WAYS ? way_names[way] : "?";
}

static void read_owner(const struct rules_reading *g, const struct wg_json *j,
                       struct wg_owner_rule *o)
{
    static const char *const known[] = {"kind", "category", "by", NULL};
    static const char usage[] = "is a list of {kind=, category=, by={\"owner\", \"class\", "
                                "\"territory\"}}";
    const struct wg_json *by = wg_json_get(j, "by");
    int kind = wg_kind_parse(wg_json_str(j, "kind"));
    if (j->type != WG_JOBJ || !by || by->type != WG_JARR || by->count == 0 ||
        by->count > WG_OWNER_WAYS || kind < 0)
        rules_fault(g, "owners", usage);
    only(g, "owners", j, known);
    *o = (struct wg_owner_rule){.kind = (enum wg_kind)kind, .code = wg_json_str(j, "category")};
    if (!digits(o->code, 5))
        odd(g, "owners", o->code, "is no class, and no front of one");
    for (const struct wg_json *m = by->child; m; m = m->next) {
        int way = 0;
        while (way < WG_OWNER_WAYS && !wg_str_is(m->str, way_names[way]))
            way++;
        if (way == WG_OWNER_WAYS)
            rules_fault(g, "owners", usage);
        for (uint32_t k = 0; k < o->ways; k++)
            if ((int)o->by[k] == way)
                odd(g, "owners", m->str, "stands there twice");
        o->by[o->ways++] = (enum wg_owner_way)way;
    }
}

static void read_owners(const struct rules_reading *g, int idx)
{
    struct wg_pack *p = g->r->pack;
    const struct wg_json *tree = rules_tree_field(g, idx, "owners", false);
    struct wg_owner_rule *out = room(g, ((tree ? tree->count : 0) + 1) * sizeof(*out));
    p->owner = out;
    for (const struct wg_json *m = tree ? tree->child : NULL; m; m = m->next)
        read_owner(g, m, &out[p->owners++]);
}

const struct wg_owner_rule *wg_pack_owner(const struct wg_pack *p, int kind, struct wg_str code)
{
    for (size_t i = 0; i < p->owners; i++)
        if ((int)p->owner[i].kind == kind && fronts(p->owner[i].code, code))
            return &p->owner[i];
    return NULL;
}

void wg_pack_order(const struct wg_pack *p, int kind, struct wg_str code, char out[WG_ORDER_TEXT])
{
    const struct wg_owner_rule *rule = wg_pack_owner(p, kind, code);
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; rule && i < rule->ways; i++)
        n += (size_t)snprintf(out + n, WG_ORDER_TEXT - n, "%s%s", i ? " " : "",
                              way_names[rule->by[i]]);
}

/* ---- points ---- */

/* points = { disposing = { "stay" }, accepted = { "verifying" } } */
static void read_points(const struct rules_reading *g, int idx)
{
    const struct wg_json *tree = rules_tree_field(g, idx, "points", false);
    for (const struct wg_json *m = tree ? tree->child : NULL; m; m = m->next) {
        int from = wg_state_parse(m->key);
        if (from < 0 || from >= WG_STATES || m->type != WG_JARR)
            odd(g, "points", m->key, "points are { state = { \"stay\", \"state\" … } }");
        for (const struct wg_json *t = m->child; t; t = t->next) {
            int to = wg_state_parse(t->str);
            if (to != WG_STAY && (to < 0 || to >= WG_STATES))
                odd(g, "points", t->str, "is no state");
            g->r->pack->point[from] |= to == WG_STAY ? WG_POINT_STAY : UINT32_C(1) << to;
        }
    }
}

/* ---- texts ---- */

static struct wg_str text_of(const struct rules_reading *g, int idx, const char *field)
{
    struct wg_str text = WG_S("{}");
    if (rules_tree_field(g, idx, field, false)) {
        text = wg_arena_str(g->a, wg_buf_str(&g->r->scratch));
        if (!text.p)
            luaL_error(g->L, "no memory for a pack");
    }
    return text;
}

/* ---- map: who sees what of which layer ---- */

static bool all_texts(const struct wg_json *list, bool roles)
{
    for (const struct wg_json *m = list->type == WG_JARR ? list->child : NULL; m; m = m->next)
        if (m->type != WG_JSTR || (roles && !wg_role_parse(m->str)))
            return false;
    return list->type == WG_JARR || (list->type == WG_JOBJ && list->count == 0);
}

/* map = { parts = { public = { "category" }, roles = {…}, edit = {…}, hidden = {…} },
 *         cameras = { title = "摄像机", points = true } } */
static void read_map(const struct rules_reading *g, int idx)
{
    const struct wg_json *tree = rules_tree_field(g, idx, "map", false);
    for (const struct wg_json *c = tree ? tree->child : NULL; c; c = c->next) {
        if (!wg_layer_name_ok(c->key) || c->type != WG_JOBJ)
            odd(g, "map", c->key,
                "map is { layer = { public =, roles =, edit =, hidden =, title = } }");
        for (const struct wg_json *m = c->child; m; m = m->next) {
            bool roles = wg_str_is(m->key, "roles") || wg_str_is(m->key, "edit");
            bool texts = roles || wg_str_is(m->key, "hidden") || wg_str_is(m->key, "public");
            if (wg_str_is(m->key, "public") && m->type == WG_JBOOL)
                continue;
            if (wg_str_is(m->key, "title") && m->type == WG_JSTR && m->str.n)
                continue;
            if (!texts || !all_texts(m, roles))
                odd(g, "map", c->key,
                    "a layer has title (text), public (true, false, or a list of fields), hidden "
                    "(a list of fields), roles and edit (lists of roles)");
        }
    }
    struct wg_pack *p = g->r->pack;
    p->map = text_of(g, idx, "map");
}

void rules_read_extras(const struct rules_reading *g, int idx)
{
    struct wg_pack *p = g->r->pack;
    read_sources(g, idx);
    read_campaigns(g, idx);
    read_owners(g, idx);
    read_points(g, idx);
    p->tables = text_of(g, idx, "tables");
    p->messages = text_of(g, idx, "messages");
    p->scoring = text_of(g, idx, "scoring");
    read_map(g, idx);
}
