/* A pack: what county{...} says, as C data that any thread may read. */
#include "rules/state.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct box {
    struct wg_pack pack; /* first: a pack is its box */
    atomic_int owners;
    struct wg_arena *arena;
};

struct wg_pack *wg_pack_keep(struct wg_pack *p)
{
    if (p)
        atomic_fetch_add_explicit(&((struct box *)p)->owners, 1, memory_order_relaxed);
    return p;
}

void wg_pack_drop(struct wg_pack *p)
{
    struct box *box = (struct box *)p;
    if (!p || atomic_fetch_sub_explicit(&box->owners, 1, memory_order_acq_rel) != 1)
        return;
    wg_arena_free(box->arena);
    free(box);
}

static int class_order(const struct wg_class *c, int kind, struct wg_str code)
{
    return (int)c->kind != kind ? ((int)c->kind > kind ? 1 : -1) : wg_str_cmp(c->code, code);
}

const struct wg_class *wg_pack_class(const struct wg_pack *p, int kind, struct wg_str code)
{
    size_t lo = 0, hi = p->class_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = class_order(&p->classes[mid], kind, code);
        if (order == 0)
            return &p->classes[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const struct wg_condition *wg_class_condition(const struct wg_class *c, struct wg_str id)
{
    for (size_t i = 0; i < c->conditions; i++)
        if (wg_str_eq(c->condition[i].id, id))
            return &c->condition[i];
    return NULL;
}

/* ---- the printed number ---- */

static bool add_part(struct wg_str part, const struct wg_pack *p, int year, uint32_t serial,
                     struct wg_buf *out)
{
    int64_t width = 1;
    if (wg_str_is(part, "year"))
        wg_buf_fmt(out, "%04d", year);
    else if (wg_str_is(part, "area"))
        wg_buf_str_add(out, p->area);
    else if (wg_str_is(part, "serial") || (wg_str_starts(part, "serial:") && part.n == 8 &&
                                           part.p[7] >= '1' && part.p[7] <= '9')) {
        if (part.n == 8)
            width = part.p[7] - '0';
        wg_buf_fmt(out, "%0*u", (int)width, serial);
    } else {
        return false;
    }
    return true;
}

int wg_pack_number(const struct wg_pack *p, int year, uint32_t serial, struct wg_buf *out)
{
    struct wg_str t = p->number;
    bool has_year = false, has_serial = false;
    while (t.n) {
        const char *open = memchr(t.p, '{', t.n);
        size_t before = open ? (size_t)(open - t.p) : t.n;
        if (memchr(t.p, '}', before))
            return WG_EINVAL;
        wg_buf_add(out, t.p, before);
        if (!open)
            break;
        const char *close = memchr(open, '}', t.n - before);
        if (!close)
            return WG_EINVAL;
        struct wg_str part = {open + 1, (size_t)(close - open - 1)};
        if (!add_part(part, p, year, serial, out))
            return WG_EINVAL;
        has_year |= wg_str_is(part, "year");
        has_serial |= wg_str_starts(part, "serial");
        t.n -= (size_t)(close + 1 - t.p);
        t.p = close + 1;
    }
    return has_year && has_serial ? WG_OK : WG_EINVAL; /* numbers begin anew each year */
}

/* ---- reading it ---- */

void rules_fault(const struct rules_reading *g, const char *field, const char *what)
{
    if (g->code)
        luaL_error(g->L, "%s: categories.%s.%s%s%s: %s", g->spot, g->kind, g->code,
                   *field ? "." : "", field, what);
    luaL_error(g->L, "%s: %s: %s", g->spot, field, what);
}

static struct wg_str keep_text(const struct rules_reading *g, struct wg_str s)
{
    struct wg_str out = wg_arena_str(g->a, s);
    if (!out.p)
        luaL_error(g->L, "no memory for a pack");
    return out;
}

/* The text field of the table at idx; {NULL, 0} where it is missing and need not be there. */
static struct wg_str text_field(const struct rules_reading *g, int idx, const char *field,
                                bool must)
{
    lua_State *L = g->L;
    struct wg_str s = {NULL, 0};
    int type = lua_getfield(L, idx, field);
    if (type == LUA_TSTRING) {
        s.p = lua_tolstring(L, -1, &s.n);
        if (!wg_utf8_valid(s) || memchr(s.p, 0, s.n))
            rules_fault(g, field, "is not UTF-8");
        if (s.n == 0)
            rules_fault(g, field, "is empty");
        s = keep_text(g, s);
    } else if (type != LUA_TNIL || must) {
        rules_fault(g, field, "must be a text");
    }
    lua_pop(L, 1);
    return s;
}

/* stages = { { name = "围护", limit = { 1, "emergency_hour" }, unit = "u-sz" }, … } */
static void read_segments(const struct rules_reading *g, int idx, struct wg_condition *out)
{
    lua_State *L = g->L;
    int top = lua_gettop(L);
    if (lua_getfield(L, idx, "stages") == LUA_TNIL) {
        lua_settop(L, top);
        return;
    }
    for (lua_Integer i = 1; lua_geti(L, top + 1, i) == LUA_TTABLE; i++) {
        if (i > 4)
            rules_fault(g, "stages", "at most 4 stages");
        struct wg_segment *seg = &out->segment[out->segments++];
        seg->name = text_field(g, top + 2, "name", true);
        seg->unit = text_field(g, top + 2, "unit", false);
        lua_getfield(L, top + 2, "limit");
        const char *wrong = rules_read_limit(L, -1, &seg->limit);
        if (wrong)
            rules_fault(g, "stages", wrong);
        lua_settop(L, top + 1);
    }
    if (!out->segments)
        rules_fault(g, "stages", "is a list of { name=, limit=, unit= }");
    lua_settop(L, top);
}

static void read_condition(const struct rules_reading *g, int idx, struct wg_condition *out)
{
    lua_State *L = g->L;
    static const char *const known[] = {"id",      "text",    "limit",  "close", "source",
                                        "article", "assumed", "stages", NULL};
    if (lua_type(L, idx) != LUA_TTABLE)
        rules_fault(g, "conditions", "a condition is a table");
    rules_keys(L, idx);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
        int k = 0;
        lua_rawgeti(L, -1, i);
        const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "1";
        while (known[k] && strcmp(known[k], name))
            k++;
        if (!known[k])
            rules_fault(g, name, "there is no such field of a condition");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    out->id = text_field(g, idx, "id", true);
    out->text = text_field(g, idx, "text", true);
    out->close = text_field(g, idx, "close", true);
    out->source = text_field(g, idx, "source", false);
    out->article = text_field(g, idx, "article", false);
    lua_getfield(L, idx, "assumed");
    out->assumed = lua_toboolean(L, -1);
    lua_getfield(L, idx, "limit");
    const char *wrong = rules_read_limit(L, -1, &out->limit);
    if (wrong)
        rules_fault(g, "limit", wrong);
    lua_pop(L, 2);
    read_segments(g, idx, out);
}

static void read_conditions(const struct rules_reading *g, int idx, struct wg_class *out)
{
    lua_State *L = g->L;
    if (lua_getfield(L, idx, "conditions") != LUA_TTABLE)
        rules_fault(g, "conditions", "a list of {id=, text=, limit=, close=} is missing");
    int list = lua_gettop(L);
    rules_push_raw(L, list);
    size_t n = lua_rawlen(L, -1);
    lua_pop(L, 1);
    struct wg_condition *c = wg_arena_alloc(g->a, n * sizeof(*c));
    if (!c)
        luaL_error(L, "no memory for a pack");
    out->condition = c;
    for (size_t i = 0; i < n; i++) {
        lua_geti(L, list, (lua_Integer)i + 1);
        read_condition(g, list + 1, &c[i]);
        if (wg_class_condition(out, c[i].id))
            rules_fault(g, "conditions", "an id is there twice");
        out->conditions = i + 1;
        lua_settop(L, list);
    }
    lua_pop(L, 1);
}

static bool is_code(struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n == 4 || s.n == 5; /* 2 + 2 digits, 2 + 3 in GB/T 47678.5 */
}

static void read_class(struct rules_reading *g, int idx, struct wg_class *out)
{
    if (!is_code(out->code))
        rules_fault(g, "", "a code has four digits, or five: major and minor");
    if (lua_type(g->L, idx) != LUA_TTABLE)
        rules_fault(g, "", "a class is a table");
    out->name = text_field(g, idx, "name", true);
    out->major = text_field(g, idx, "major", false);
    out->standard = text_field(g, idx, "standard", false);
    if (!out->standard.p)
        out->standard = g->r->pack->standard;
    read_conditions(g, idx, out);
}

/* A county's own class takes the name of its major from a neighbour. */
static void read_majors(struct rules_reading *g, struct wg_class *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count && !c[i].major.p; k++)
            if (c[k].kind == c[i].kind && c[k].major.p && memcmp(c[k].code.p, c[i].code.p, 2) == 0)
                c[i].major = c[k].major;
        if (!c[i].major.p) {
            g->kind = wg_kind_name((int)c[i].kind);
            g->code = c[i].code.p;
            rules_fault(g, "", "no class of the standard has this major code");
        }
    }
    g->code = NULL;
}

/* Fill c where it is given; how many classes there are. */
static size_t walk_classes(struct rules_reading *g, int categories, struct wg_class *c)
{
    lua_State *L = g->L;
    size_t count = 0;
    for (int kind = 0; kind < WG_KINDS; kind++) {
        g->kind = wg_kind_name(kind);
        g->code = NULL;
        lua_settop(L, categories);
        if (lua_getfield(L, categories, g->kind) != LUA_TTABLE)
            continue;
        rules_keys(L, -1);
        int classes = categories + 1, keys = categories + 2;
        size_t n = lua_rawlen(L, keys);
        for (size_t i = 1; c && i <= n; i++) {
            struct wg_class *out = &c[count + i - 1];
            if (lua_rawgeti(L, keys, (lua_Integer)i) != LUA_TSTRING)
                rules_fault(g, "categories", "codes are texts: [\"0199\"]");
            out->kind = (enum wg_kind)kind;
            out->code = keep_text(g, (struct wg_str){lua_tostring(L, -1), lua_rawlen(L, -1)});
            g->code = out->code.p;
            lua_gettable(L, classes);
            read_class(g, keys + 1, out);
            lua_settop(L, keys);
        }
        count += n;
    }
    g->code = NULL;
    lua_settop(L, categories);
    return count;
}

static void read_classes(struct rules_reading *g, int idx)
{
    struct wg_pack *p = g->r->pack;
    if (lua_getfield(g->L, idx, "categories") != LUA_TTABLE)
        rules_fault(g, "categories", "is missing: extend(standard \"…\", {…}) gives it");
    int categories = lua_gettop(g->L);
    size_t count = walk_classes(g, categories, NULL);
    struct wg_class *c = wg_arena_alloc(g->a, count * sizeof(*c));
    if (!c)
        luaL_error(g->L, "no memory for a pack");
    p->class_count = walk_classes(g, categories, c);
    p->classes = c;
    read_majors(g, c, count);
    lua_pop(g->L, 1);
}

struct wg_json *rules_tree_field(const struct rules_reading *g, int idx, const char *field,
                                 bool must)
{
    struct wg_json *tree = NULL;
    struct wg_err err = {0};
    int type = lua_getfield(g->L, idx, field);
    if (type != LUA_TTABLE && (must || type != LUA_TNIL))
        rules_fault(g, field, "is missing");
    if (type == LUA_TTABLE) {
        wg_buf_clear(&g->r->scratch);
        rules_write_json(g->L, -1, &g->r->scratch);
        if (!wg_buf_ok(&g->r->scratch) ||
            wg_json_parse(g->a, wg_buf_str(&g->r->scratch), &tree, &err) < 0)
            rules_fault(g, field, err.text[0] ? err.text : "no memory");
    }
    lua_pop(g->L, 1);
    return tree;
}

static void read_hours(const struct rules_reading *g, int idx)
{
    struct wg_err err = {0};
    struct wg_worktime *wt = NULL;
    const struct wg_json *tree = rules_tree_field(g, idx, "hours", true);
    g->r->pack->hours = keep_text(g, wg_buf_str(&g->r->scratch));
    if (wg_worktime_new(tree, NULL, &wt, &err) < 0)
        rules_fault(g, "hours", err.text);
    wg_worktime_free(wt);
}

static void read_stages(const struct rules_reading *g, int tables, const char *name,
                        struct wg_limit out[WG_STATES])
{
    lua_State *L = g->L;
    int top = lua_gettop(L);
    if (lua_getfield(L, tables, name) == LUA_TTABLE) {
        rules_keys(L, top + 1);
        for (lua_Integer i = 1; lua_rawgeti(L, top + 2, i) == LUA_TSTRING; i++) {
            int state = wg_state_parse(wg_str_of(lua_tostring(L, -1)));
            if (state < 0 || state >= WG_STATES)
                rules_fault(g, name, "the fields are states: reported = { 0.25, \"work_hour\" }");
            lua_getfield(L, top + 1, lua_tostring(L, -1));
            const char *wrong = rules_read_limit(L, -1, &out[state]);
            if (wrong)
                rules_fault(g, name, wrong);
            lua_settop(L, top + 2);
        }
    }
    lua_settop(L, top);
}

static int64_t milli_field(const struct rules_reading *g, int tables, const char *name,
                           lua_Integer least, lua_Integer most, lua_Integer fallback)
{
    lua_Integer v = fallback;
    int type = lua_getfield(g->L, tables, name);
    if (type != LUA_TNIL) {
        if (!lua_isinteger(g->L, -1) || (v = lua_tointeger(g->L, -1)) < least || v > most)
            rules_fault(g, name, "is a whole number, and not one so small or so large");
    }
    lua_pop(g->L, 1);
    return v;
}

/* A table of two whole numbers up to 100000, each as here where it is not given. */
static void read_pair(const struct rules_reading *g, int tables, const char *name,
                      const char *const field[2], int64_t *const out[2])
{
    char usage[120];
    bool given = lua_getfield(g->L, tables, name) != LUA_TNIL;
    lua_pop(g->L, 1);
    const struct wg_json *m = given ? rules_tree_field(g, tables, name, true)->child : NULL;
    for (; m; m = m->next) {
        int k = wg_str_is(m->key, field[0]) ? 0 : wg_str_is(m->key, field[1]) ? 1 : -1;
        if (k < 0 || m->type != WG_JINT || m->num < 0 || m->num > 100000) {
            snprintf(usage, sizeof(usage), "is {%s =, %s =}, whole numbers up to 100000", field[0],
                     field[1]);
            rules_fault(g, name, usage);
        }
        *out[k] = m->num;
    }
}

static void read_pairs(const struct rules_reading *g, int tables)
{
    static const char *const evidence[] = {"late_min", "far_m"}, *const rollback[] = {"failures",
                                                                                      "percent"};
    struct wg_pack *p = g->r->pack;
    int64_t late_min = 30, *const e[] = {&late_min, &p->evidence.far_m},
            *const r[] = {&p->rollback.failures, &p->rollback.percent};
    p->evidence.far_m = 200;
    p->rollback.failures = p->rollback.percent = 5;
    if (lua_type(g->L, tables) == LUA_TTABLE) {
        read_pair(g, tables, "evidence", evidence, e);
        read_pair(g, tables, "rollback", rollback, r);
    }
    p->evidence.late_ms = late_min * WG_MINUTE_MS;
}

static void read_flow(const struct rules_reading *g, int idx)
{
    struct wg_err err = {0};
    const struct wg_json *tree = rules_tree_field(g, idx, "flow", true);
    if (wg_flow_read(g->a, tree, &g->r->pack->flow, &err) < 0)
        rules_fault(g, "flow", err.text);
}

/* What C goes by of `tables`; the rest of it is for the rules. */
static void read_tables(const struct rules_reading *g, int idx)
{
    lua_State *L = g->L;
    struct wg_clocks *out = &g->r->pack->clocks;
    int top = lua_gettop(L);
    int type_of = lua_getfield(L, idx, "tables");
    read_pairs(g, top + 1);
    if (type_of == LUA_TTABLE) {
        read_stages(g, top + 1, "stages", out->stage);
        memcpy(out->urgent, out->stage, sizeof(out->urgent));
        read_stages(g, top + 1, "urgent_stages", out->urgent);
        out->yellow_milli = 10 * milli_field(g, top + 1, "yellow_percent", 0, 100, 50);
        out->hold_ms = WG_MINUTE_MS * milli_field(g, top + 1, "clock_hold_minutes", 0, 1440, 10);
        int type = lua_getfield(L, top + 1, "rework_clock");
        const char *rework = type == LUA_TSTRING ? lua_tostring(L, -1) : "remaining";
        if ((type != LUA_TNIL && type != LUA_TSTRING) ||
            (strcmp(rework, "remaining") != 0 && strcmp(rework, "anew") != 0))
            rules_fault(g, "rework_clock", "is \"remaining\" or \"anew\"");
        out->rework_anew = strcmp(rework, "anew") == 0;
    }
    lua_settop(L, top);
}

void rules_read_pack(lua_State *L, int idx)
{
    struct wg_rules *r = rules_of(L);
    struct box *box = calloc(1, sizeof(*box));
    if (!box || !(box->arena = wg_arena_new(65536))) {
        free(box);
        luaL_error(L, "no memory for a pack");
        return;
    }
    atomic_init(&box->owners, 1);
    struct wg_pack *p = &box->pack;
    r->pack = p; /* from here on it goes with the state */
    struct rules_reading g = {L, r, box->arena, rules_pack_spot(L, idx), NULL, NULL};
    memcpy(p->rev, wg_bundle_rev(r->bundle), sizeof(p->rev));
    p->area = text_field(&g, idx, "code", true);
    p->name = text_field(&g, idx, "name", true);
    p->standard = text_field(&g, idx, "standard", true);
    p->number = text_field(&g, idx, "number", true);
    lua_getfield(L, idx, "small_centre");
    p->small_centre = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (!wg_str_eq(p->area, wg_bundle_area(r->bundle)))
        rules_fault(&g, "code", "must be the area of the bundle");
    wg_buf_clear(&r->scratch);
    if (wg_pack_number(p, 2026, 1, &r->scratch) < 0)
        rules_fault(
            &g, "number",
            "is text with {year} and {serial} or {serial:6} in it, and {area} where wanted");
    read_hours(&g, idx);
    read_tables(&g, idx);
    read_flow(&g, idx);
    rules_read_extras(&g, idx);
    read_classes(&g, idx);
}
