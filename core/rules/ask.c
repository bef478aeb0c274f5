/* What rules ask: one door, and everything that comes through it is written into the facts. Replay
 * goes by those. */
#include "rules/state.h"

#include <stdio.h>

#define METRES_MAX 5000

static struct wg_json *q_next(struct rules_question *q)
{
    wg_require(q->count < sizeof(q->arg) / sizeof(q->arg[0]));
    struct wg_json *j = &q->arg[q->count++];
    if (q->count > 1)
        q->arg[q->count - 2].next = j;
    else
        q->list.child = j;
    q->list.count = q->count;
    return j;
}

void rules_q_int(struct rules_question *q, int64_t v)
{
    *q_next(q) = (struct wg_json){.type = WG_JINT, .num = v};
}

void rules_q_bool(struct rules_question *q, bool v)
{
    *q_next(q) = (struct wg_json){.type = WG_JBOOL, .num = v};
}

void rules_q_str(struct rules_question *q, struct wg_str s)
{
    *q_next(q) = (struct wg_json){.type = s.p ? WG_JSTR : WG_JNULL, .str = s};
}

/* ---- the answer ---- */

/* Is this fact ["what",[args],answer] about that question? The answer, or NULL. */
static const struct wg_json *answers(const struct wg_json *fact, const struct rules_question *q)
{
    const struct wg_json *what = fact->type == WG_JARR && fact->count == 3 ? fact->child : NULL;
    if (!what || what->type != WG_JSTR || !wg_str_is(what->str, q->what))
        return NULL;
    return rules_json_same(what->next, &q->list) ? what->next->next : NULL;
}

/* From the recorded facts: the next one as a rule, but any will do. */
static const struct wg_json *look_up(struct wg_rules *r, const struct rules_question *q)
{
    const struct wg_json *given = r->d->given, *answer;
    if (!given || given->type != WG_JARR)
        return NULL;
    for (const struct wg_json *f = r->next_given; f; f = f->next) {
        if ((answer = answers(f, q))) {
            r->next_given = f->next;
            return answer;
        }
    }
    for (const struct wg_json *f = given->child; f && f != r->next_given; f = f->next)
        if ((answer = answers(f, q)))
            return answer;
    return NULL;
}

static void not_known(lua_State *L, const struct rules_question *q)
{
    struct wg_rules *r = rules_of(L);
    wg_buf_clear(&r->scratch);
    wg_json_write(&q->list, &r->scratch);
    wg_buf_char(&r->scratch, '\0');
    r->code = WG_ENOENT;
    luaL_error(L, "not known: %s %s", q->what, wg_buf_ok(&r->scratch) ? r->scratch.p : "");
}

static const struct wg_json *from_world(lua_State *L, struct rules_question *q,
                                        const struct wg_world *world)
{
    struct wg_rules *r = rules_of(L);
    struct wg_err err = {0};
    struct wg_json *tree = NULL;
    int64_t number;
    wg_buf_clear(&r->answer);
    int rc = world->ask(world->self, q->what, &q->list, &r->answer, &err);
    if (rc == WG_ENOENT && r->d->given)
        return NULL; /* a world that only knows what was recorded, and what follows from it */
    if (rc < 0)
        luaL_error(L, "%s: %s", q->what, err.text[0] ? err.text : wg_strerror(rc));
    if (!wg_buf_ok(&r->answer))
        luaL_error(L, "%s: no memory", q->what);
    struct wg_str text = wg_buf_str(&r->answer);
    if (wg_str_int(text, &number) == WG_OK) {
        q->whole = (struct wg_json){.type = WG_JINT, .num = number};
        return &q->whole;
    }
    if (wg_json_parse(r->arena, text, &tree, &err) < 0)
        luaL_error(L, "%s: the answer is no JSON: %s", q->what, err.text);
    return tree;
}

static void note(struct wg_rules *r, const struct rules_question *q, const struct wg_json *answer)
{
    wg_json_sep(r->facts);
    wg_buf_lit(r->facts, "[");
    wg_buf_json(r->facts, wg_str_of(q->what));
    wg_buf_char(r->facts, ',');
    wg_json_write(&q->list, r->facts);
    wg_buf_char(r->facts, ',');
    wg_json_write(answer, r->facts);
    wg_buf_char(r->facts, ']');
}

const struct wg_json *rules_ask_by(lua_State *L, struct rules_question *q,
                                   const struct wg_world *world)
{
    struct wg_rules *r = rules_of(L);
    q->list.type = WG_JARR;
    const struct wg_json *answer = look_up(r, q);
    if (!answer && world)
        answer = from_world(L, q, world);
    if (!answer)
        not_known(L, q);
    note(r, q, answer);
    rules_charge(L, 65536); /* asking may take long: look at the clock each time */
    return answer;
}

/* ---- the questions ---- */

static const struct wg_case *case_arg(lua_State *L, int idx)
{
    const struct wg_decision *d = rules_in_call(L);
    rules_push_ref(L, REF_CASE);
    if (!lua_rawequal(L, idx, -1))
        luaL_argerror(L, idx, "this must be the case");
    lua_pop(L, 1);
    return d->c;
}

static int push_answer(lua_State *L, struct rules_question *q)
{
    rules_push_json(L, rules_ask_by(L, q, rules_of(L)->d->world));
    return 1;
}

static int64_t metres(lua_State *L, int64_t m, const char *what)
{
    if (m < 0 || m > METRES_MAX)
        luaL_error(L, "%s: 0 to %d metres", what, METRES_MAX);
    return m;
}

int rules_ask_deadline(lua_State *L)
{
    const struct wg_decision *d = rules_in_call(L);
    struct rules_question q = {.what = "deadline"};
    struct wg_limit limit;
    const char *wrong = NULL;
    int64_t from = luaL_optinteger(L, 2, d->now_ms);
    if (lua_type(L, 1) == LUA_TUSERDATA && d->row) {
        rules_push_ref(L, REF_LIMIT);
        limit = d->row->limit;
        wrong = lua_rawequal(L, 1, -1) ? NULL : "a limit is {number, \"unit\"}";
    } else {
        wrong = rules_read_limit(L, 1, &limit);
    }
    if (wrong)
        return luaL_error(L, "ctx.deadline: %s", wrong);
    rules_q_int(&q, from);
    rules_q_int(&q, limit.n_milli);
    rules_q_str(&q, wg_str_of(wg_unit_name(limit.unit)));
    return push_answer(L, &q);
}

int rules_ask_responsible(lua_State *L)
{
    const struct wg_case *c = case_arg(L, 1);
    struct rules_question q = {.what = "responsible"};
    rules_q_str(&q, wg_str_of(wg_kind_name(c->kind)));
    rules_q_str(&q, c->category);
    rules_q_str(&q, c->part.n ? c->part : (struct wg_str){NULL, 0});
    rules_q_int(&q, c->at.lon_e7);
    rules_q_int(&q, c->at.lat_e7);
    /* Said only where the pack says it: without it the order is the standard's. */
    char order[WG_ORDER_TEXT];
    wg_pack_order(rules_of(L)->pack, c->kind, c->category, order);
    if (order[0])
        rules_q_str(&q, wg_str_of(order));
    return push_answer(L, &q);
}

int rules_ask_responsible_near(lua_State *L)
{
    const struct wg_case *c = case_arg(L, 1);
    struct rules_question q = {.what = "responsible_near"};
    rules_q_str(&q, wg_str_of(wg_kind_name(c->kind)));
    rules_q_str(&q, c->category);
    rules_q_int(&q, c->at.lon_e7);
    rules_q_int(&q, c->at.lat_e7);
    rules_q_int(&q, metres(L, luaL_checkinteger(L, 2), "ctx.responsible_near"));
    return push_answer(L, &q);
}

int rules_ask_near(lua_State *L)
{
    static const char *const fields[] = {"category", "kind", "open", "within_m"};
    const struct wg_decision *d = rules_in_call(L);
    struct rules_question q = {.what = "near"};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    rules_keys(L, 1);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 2); i++) {
        int k = 0;
        lua_rawgeti(L, 2, i);
        const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "1";
        while (k < 4 && strcmp(fields[k], name))
            k++;
        if (k == 4)
            return luaL_error(L, "ctx.near: there is no field '%s'", name);
        lua_pop(L, 1);
    }
    for (int i = 0; i < 4; i++)
        lua_getfield(L, 1, fields[i]); /* 3 … 6 */
    struct wg_str category = {NULL, 0}, kind = wg_str_of(wg_kind_name(d->c->kind));
    if (!lua_isnil(L, 3))
        category = rules_text(L, 3, "ctx.near: category");
    if (!lua_isnil(L, 4))
        kind = rules_text(L, 4, "ctx.near: kind");
    if (wg_kind_parse(kind) < 0)
        return luaL_error(L, "ctx.near: kind is part or event");
    if (!lua_isnil(L, 5) && !lua_isboolean(L, 5))
        return luaL_error(L, "ctx.near: open is true or false");
    if (!lua_isinteger(L, 6))
        return luaL_error(L, "ctx.near: within_m must be a whole number of metres");
    rules_q_int(&q, d->c->at.lon_e7);
    rules_q_int(&q, d->c->at.lat_e7);
    rules_q_int(&q, metres(L, lua_tointeger(L, 6), "ctx.near"));
    rules_q_str(&q, kind);
    rules_q_str(&q, category);
    rules_q_bool(&q, lua_isnil(L, 5) || lua_toboolean(L, 5));
    return push_answer(L, &q);
}

static void case_place(lua_State *L, struct rules_question *q)
{
    const struct wg_case *c = case_arg(L, 1);
    rules_q_int(q, c->at.lon_e7);
    rules_q_int(q, c->at.lat_e7);
}

int rules_ask_within(lua_State *L)
{
    struct rules_question q = {.what = "within"};
    case_place(L, &q);
    rules_q_str(&q, rules_text(L, 2, "ctx.within: a layer"));
    return push_answer(L, &q);
}

int rules_ask_areas_near(lua_State *L)
{
    struct rules_question q = {.what = "areas_near"};
    case_place(L, &q);
    rules_q_str(&q, rules_text(L, 2, "ctx.areas_near: a layer"));
    rules_q_int(&q, metres(L, luaL_checkinteger(L, 3), "ctx.areas_near"));
    return push_answer(L, &q);
}

int rules_ask_part_at(lua_State *L)
{
    struct rules_question q = {.what = "part_at"};
    struct wg_str category = {NULL, 0};
    case_place(L, &q);
    rules_q_int(&q, metres(L, luaL_checkinteger(L, 2), "ctx.part_at"));
    if (!lua_isnoneornil(L, 3))
        category = rules_text(L, 3, "ctx.part_at: category");
    rules_q_str(&q, category);
    return push_answer(L, &q);
}

int rules_ask_unit(lua_State *L)
{
    struct rules_question q = {.what = "unit"};
    rules_in_call(L);
    rules_q_str(&q, rules_text(L, 1, "ctx.unit: an id"));
    return push_answer(L, &q);
}
