/* The outcome makers, and what becomes of what a handler returns. A maker checks at once, so that a
 * fault is where it was made, writes the JSON, and gives back a token that only says which: nothing
 * can be changed after the check. */
#include "rules/state.h"

enum type { TEXT, TOKEN, TIME, YES };
struct field {
    const char *name;
    enum type type;
    bool must;
};
#define FIELDS 4
struct maker {
    const char *name;
    struct field field[FIELDS]; /* in the order they are written */
};

static const struct maker propose_maker = {"propose",
                                           {{"unit", TOKEN, false},
                                            {"merge_into", TOKEN, false},
                                            {"dispute", YES, false},
                                            {"because", TEXT, true}}};
static const struct maker set_maker = {"set",
                                       {{"due", TIME, false},
                                        {"stage_due", TIME, false},
                                        {"next", TIME, false},
                                        {"because", TEXT, true}}};
static const struct maker ask_maker = {"ask", {{"of", TOKEN, true}, {"because", TEXT, true}}};
static const struct maker order_maker = {"order", {{"text", TEXT, true}, {"because", TEXT, true}}};
static const struct maker notify_maker = {
    "notify", {{"to", TOKEN, true}, {"text", TEXT, true}, {"because", TEXT, true}}};
static const struct maker refuse_maker = {"refuse", {{"because", TEXT, true}}};

struct value {
    bool given;
    int type; /* of Lua */
    struct wg_str s;
    int64_t i;
};

static void take(lua_State *L, struct value *v)
{
    *v = (struct value){.given = true, .type = lua_type(L, -1)};
    if (v->type == LUA_TSTRING)
        v->s.p = lua_tolstring(L, -1, &v->s.n);
    else if (v->type == LUA_TBOOLEAN)
        v->i = lua_toboolean(L, -1);
    else if (lua_isinteger(L, -1))
        v->i = lua_tointeger(L, -1);
    else if (v->type == LUA_TNUMBER)
        v->type = LUA_TNONE; /* a float: time and money are whole numbers */
}

static void check_one(lua_State *L, const struct maker *m, const struct field *f,
                      const struct value *v)
{
    bool text = f->type == TEXT || f->type == TOKEN;
    size_t max = f->type == TEXT ? RULES_BECAUSE_MAX : 64;
    if (!v->given) {
        if (f->must)
            luaL_error(L, "%s: %s is missing", m->name, f->name);
        return;
    }
    if (text && (v->type != LUA_TSTRING || v->s.n == 0))
        luaL_error(L, "%s: %s must be a text that is not empty", m->name, f->name);
    if (text && (!wg_utf8_valid(v->s) || memchr(v->s.p, 0, v->s.n)))
        luaL_error(L, "%s: %s is not UTF-8", m->name, f->name);
    if (text && v->s.n > max)
        luaL_error(L, "%s: %s has more than %d bytes", m->name, f->name, (int)max);
    if (f->type == YES && v->type != LUA_TBOOLEAN)
        luaL_error(L, "%s: %s must be true or false", m->name, f->name);
    if (f->type == TIME && (v->type != LUA_TNUMBER || v->i <= 0 || v->i > INT64_C(253402300799999)))
        luaL_error(L, "%s: %s must be a moment, a whole number of ms since 1970", m->name, f->name);
}

/* Lua's tables have no order: all is gathered first, so that the same fault is named each time. */
static void gather(lua_State *L, const struct maker *m, struct value value[FIELDS])
{
    struct wg_str odd = {NULL, 0};
    bool list = false;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    rules_push_raw(L, 1);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        struct wg_str key = {NULL, 0};
        int i = 0;
        if (lua_type(L, -2) == LUA_TSTRING)
            key.p = lua_tolstring(L, -2, &key.n);
        else
            list = true;
        while (i < FIELDS && m->field[i].name && !wg_str_is(key, m->field[i].name))
            i++;
        if (key.p && i < FIELDS && m->field[i].name)
            take(L, &value[i]);
        else if (key.p && (!odd.p || wg_str_cmp(key, odd) < 0))
            odd = key;
        lua_pop(L, 1);
    }
    if (odd.p)
        luaL_error(L, "%s: there is no field '%s'", m->name, odd.p);
    if (list)
        luaL_error(L, "%s: fields have names: %s{ because = … }", m->name, m->name);
    for (int i = 0; i < FIELDS && m->field[i].name; i++)
        check_one(L, m, &m->field[i], &value[i]);
}

/* A token of the next outcome, of which the bytes from `at` on are. */
static int made(lua_State *L, size_t at, bool refuses)
{
    struct wg_rules *r = rules_of(L);
    if (!wg_buf_ok(&r->made))
        return luaL_error(L, "no memory for an outcome");
    r->item[r->items++] = (struct rules_made){at, r->made.n - at, refuses, false};
    lua_pushlightuserdata(L, &r->item[r->items - 1]);
    return 1;
}

static struct wg_buf *begin(lua_State *L, const struct maker *m, struct value value[FIELDS],
                            size_t *at)
{
    struct wg_rules *r = rules_of(L);
    if (!r->d)
        luaL_error(L, "%s works only in a function that decides", m->name);
    if (r->items == RULES_MADE_MAX)
        luaL_error(L, "%s: a call makes at most %d outcomes", m->name, RULES_MADE_MAX);
    gather(L, m, value);
    *at = r->made.n;
    return &r->made;
}

static void add_why(lua_State *L, struct wg_buf *b, struct wg_str because)
{
    struct rules_spot spot = {"", 0};
    rules_spot_at(L, 1, &spot);
    wg_buf_lit(b, ",\"why\":[");
    wg_buf_json(b, because);
    wg_buf_char(b, ',');
    wg_buf_json(b, wg_str_of(spot.file));
    wg_buf_char(b, ',');
    wg_buf_int(b, spot.line);
    wg_buf_lit(b, "]}");
}

static int l_propose(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &propose_maker, v, &at);
    bool dispute = v[2].given && v[2].i;
    if (v[0].given + v[1].given + dispute != 1)
        return luaL_error(L, "propose: give one of unit, merge_into and dispute");
    if (v[0].given) {
        wg_buf_lit(b, "{\"k\":\"set\",\"proposed\":");
        wg_buf_json(b, v[0].s);
    } else if (v[1].given) {
        wg_buf_lit(b, "{\"k\":\"propose\",\"merge_into\":");
        wg_buf_json(b, v[1].s);
    } else {
        wg_buf_lit(b, "{\"k\":\"propose\",\"dispute\":true");
    }
    add_why(L, b, v[3].s);
    return made(L, at, false);
}

static int l_set(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &set_maker, v, &at);
    if (!v[0].given && !v[1].given && !v[2].given)
        return luaL_error(L, "set: give due, stage_due or next");
    wg_buf_lit(b, "{\"k\":\"set\"");
    for (int i = 0; i < 3; i++)
        if (v[i].given)
            wg_json_kint(b, set_maker.field[i].name, v[i].i);
    add_why(L, b, v[3].s);
    return made(L, at, false);
}

static int l_ask(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &ask_maker, v, &at);
    if (!(wg_role_parse(v[0].s) & (WG_DISPATCHER | WG_CHIEF | WG_LEADER)))
        return luaL_error(L, "ask: of is dispatcher, chief or leader");
    wg_buf_lit(b, "{\"k\":\"ask\"");
    wg_json_kstr(b, "of", v[0].s);
    add_why(L, b, v[1].s);
    return made(L, at, false);
}

static int l_order(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &order_maker, v, &at);
    wg_buf_lit(b, "{\"k\":\"order\"");
    wg_json_kstr(b, "text", v[0].s);
    add_why(L, b, v[1].s);
    return made(L, at, false);
}

static int l_notify(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &notify_maker, v, &at);
    wg_buf_lit(b, "{\"k\":\"notify\"");
    wg_json_kstr(b, "to", v[0].s);
    wg_json_kstr(b, "text", v[1].s);
    add_why(L, b, v[2].s);
    return made(L, at, false);
}

static int l_refuse(lua_State *L)
{
    struct value v[FIELDS] = {0};
    size_t at;
    struct wg_buf *b = begin(L, &refuse_maker, v, &at);
    wg_buf_str_add(b, v[0].s);
    return made(L, at, true);
}

/* ---- what a handler returned ---- */

static void blame(lua_State *L, int handler, const char *what)
{
    lua_Debug ar;
    lua_pushvalue(L, handler);
    lua_getinfo(L, ">S", &ar);
    luaL_error(L, "%s:%d: on.%s: %s", ar.source + (ar.source[0] == '@'), ar.linedefined,
               rules_of(L)->d->event, what);
}

static void take_outcome(lua_State *L, int idx, int handler)
{
    struct wg_rules *r = rules_of(L);
    struct rules_made *item =
        lua_type(L, idx) == LUA_TLIGHTUSERDATA ? lua_touserdata(L, idx) : NULL;
    if (!item)
        blame(
            L, handler,
            "must return what propose, set, notify or refuse make, or a list of that, or nothing");
    if (item->listed)
        blame(L, handler, "returns an outcome twice");
    item->listed = true;
    if (item->refuses)
        return;
    wg_json_sep(r->outs);
    wg_buf_add(r->outs, r->made.p + item->at, item->n);
}

void rules_collect(lua_State *L, int idx, int handler)
{
    idx = lua_absindex(L, idx);
    if (lua_isnil(L, idx))
        return;
    if (lua_type(L, idx) != LUA_TTABLE) {
        take_outcome(L, idx, handler);
        return;
    }
    rules_push_raw(L, idx);
    int raw = lua_gettop(L);
    lua_Integer fields = 0, n = 0;
    lua_pushnil(L);
    while (lua_next(L, raw)) {
        fields++;
        lua_pop(L, 1);
    }
    while (n < fields && lua_rawgeti(L, raw, n + 1) != LUA_TNIL) {
        take_outcome(L, -1, handler);
        lua_pop(L, 1);
        n++;
    }
    if (n < fields)
        blame(L, handler, "returns a list with a gap or with names");
}

const struct rules_row rules_maker_rows[] = {
    {"propose", l_propose, "propose{unit= | merge_into= | dispute=true, because=} -> outcome",
     "a responsible unit, an open case to merge into, or a dispute; a person decides"},
    {"set", l_set, "set{due=, stage_due=, next=, because=} -> outcome",
     "deadlines, and when to ask the rules again; ms since 1970 UTC"},
    {"ask", l_ask, "ask{of=, because=} -> outcome",
     "whose grant a request needs: dispatcher, chief or leader"},
    {"order", l_order, "order{text=, because=} -> outcome",
     "an order 督办, numbered; the unit owes a reply"},
    {"notify", l_notify, "notify{to=, text=, because=} -> outcome",
     "a message to a unit, role or user"},
    {"refuse", l_refuse, "refuse{because=} -> outcome",
     "the step is not taken; the person reads why"},
    {0},
};
