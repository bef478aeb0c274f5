/* case and ctx: what a handler is given. Both are proxies without fields of their own, made once;
 * they look into the decision under way and mean nothing outside it. Words (description, address,
 * caller) are not there for rules. */
#include "rules/state.h"

/* The order of the rows is the order of the names: a proxy numbers them from 1. */
enum case_field {
    CASE_NONE,
    CASE_ID,
    CASE_KIND,
    CASE_CATEGORY,
    CASE_STATE,
    CASE_SOURCE,
    CASE_CONDITION,
    CASE_UNIT,
    CASE_PROPOSED,
    CASE_PART,
    CASE_GRID,
    CASE_STREET,
    CASE_COMMUNITY,
    CASE_REPORTER,
    CASE_REWORK,
    CASE_DEFERRALS,
    CASE_SEND_BACKS,
    CASE_OPENED,
    CASE_FILED,
    CASE_DUE,
    CASE_LON,
    CASE_LAT,
    CASE_AREA,
    CASE_VERSION,
    CASE_URGES,
    CASE_ORDERS,
    CASE_LEVEL,
    CASE_SINCE,
    CASE_STAGE_DUE,
    CASE_UNTIL,
    CASE_OVERDUE,
    CASE_SUPERVISED,
    CASE_PROXIED,
    CASE_BLAMED,
    CASE_ASSIST,
    CASE_VERIFIED,
    CASE_SEGMENT
};
const struct rules_row rules_case_rows[] = {
    {"case.id", NULL, "case.id -> text or nil", "text"},
    {"case.kind", NULL, "case.kind -> text", "\"part\" 部件 or \"event\" 事件"},
    {"case.category", NULL, "case.category -> text", "code of its class"},
    {"case.state", NULL, "case.state -> text or nil", "\"reported\" …; nil before the report"},
    {"case.source", NULL, "case.source -> text", "\"collector\", \"hotline\" …"},
    {"case.condition", NULL, "case.condition -> text or nil", "id of its condition row, or nil"},
    {"case.unit", NULL, "case.unit -> text or nil", "the unit that holds it, or nil"},
    {"case.proposed_unit", NULL, "case.proposed_unit -> text or nil", "the unit proposed, or nil"},
    {"case.part", NULL, "case.part -> text or nil", "code of the part, or nil"},
    {"case.grid", NULL, "case.grid -> text or nil", "unit grid 单元网格, or nil"},
    {"case.street", NULL, "case.street -> text or nil", "its first 9 digits"},
    {"case.community", NULL, "case.community -> text or nil", "its first 12 digits"},
    {"case.reporter", NULL, "case.reporter -> text or nil", "who reported, or nil"},
    {"case.rework", NULL, "case.rework -> n", "times a check failed"},
    {"case.deferrals", NULL, "case.deferrals -> n", "deferrals granted"},
    {"case.send_backs", NULL, "case.send_backs -> n", "times sent back"},
    {"case.opened", NULL, "case.opened -> ms or nil", "ms"},
    {"case.filed", NULL, "case.filed -> ms or nil", "ms, or nil"},
    {"case.due", NULL, "case.due -> ms or nil", "ms, or nil"},
    {"case.lon_e7", NULL, "case.lon_e7 -> n", "degrees x 10^7"},
    {"case.lat_e7", NULL, "case.lat_e7 -> n", "degrees x 10^7"},
    {"case.area", NULL, "case.area -> text", "six digits"},
    {"case.version", NULL, "case.version -> n", "steps taken"},
    {"case.urges", NULL, "case.urges -> n", "times urged"},
    {"case.orders", NULL, "case.orders -> n", "orders 督办 given"},
    {"case.level", NULL, "case.level -> n", "rungs of the ladder climbed since it is overdue"},
    {"case.since", NULL, "case.since -> ms or nil", "in its state since then, ms"},
    {"case.stage_due", NULL, "case.stage_due -> ms or nil", "ms, or nil"},
    {"case.suspended_until", NULL, "case.suspended_until -> ms or nil", "ms, or nil"},
    {"case.overdue", NULL, "case.overdue -> bool", "true once time has said so"},
    {"case.supervised", NULL, "case.supervised -> bool", "true: an order was given"},
    {"case.proxied", NULL, "case.proxied -> bool", "true: another unit puts it right"},
    {"case.blamed", NULL, "case.blamed -> text or nil",
     "the unit at fault while a proxy works, or nil"},
    {"case.assist", NULL, "case.assist -> text or nil",
     "units that countersign, in one text, or nil"},
    {"case.verified", NULL, "case.verified -> text or nil", "\"yes\", \"no\", \"unclear\", or nil"},
    {"case.segment", NULL, "case.segment -> n", "which of its staged limits, from 0"},
    {0},
};

enum ctx_field {
    CTX_NONE,
    CTX_NOW,
    CTX_BODY,
    CTX_BY,
    CTX_ROLE,
    CTX_BY_UNIT,
    CTX_ROW,
    CTX_CLASS,
    CTX_TABLES,
    CTX_MESSAGES,
    CTX_ASKED
};
const struct rules_row rules_ctx_rows[] = {
    {"ctx.now", NULL, "ctx.now -> ms", "the moment of the decision, ms since 1970 UTC"},
    {"ctx.body", NULL, "ctx.body -> table",
     "what was sent, without description, address, caller and note"},
    {"ctx.by", NULL, "ctx.by -> text", "who acts"},
    {"ctx.role", NULL, "ctx.role -> text", "the role used: \"chief\" …"},
    {"ctx.by_unit", NULL, "ctx.by_unit -> text or nil", "the unit of who acts, or nil"},
    {"ctx.row", NULL, "ctx.row -> row or nil", "the condition row of the case, or nil"},
    {"ctx.class", NULL, "ctx.class -> class or nil", "the class of the case, or nil"},
    {"ctx.tables", NULL, "ctx.tables -> table", "the pack's tables: ctx.tables.ladder …"},
    {"ctx.messages", NULL, "ctx.messages -> table", "the pack's texts by name, for fill"},
    {"ctx.asked", NULL, "ctx.asked -> table or nil",
     "what is asked for: {what, by, at, days …}, or nil"},
    {"ctx.deadline", rules_ask_deadline, "ctx.deadline(limit [, from_ms]) -> ms",
     "when a limit is up, by the calendar"},
    {"ctx.responsible", rules_ask_responsible, "ctx.responsible(case) -> {unit, by, duty} or nil",
     "who answers for it there: by \"owner\", \"duty\" …"},
    {"ctx.responsible_near", rules_ask_responsible_near,
     "ctx.responsible_near(case, reach_m) -> {{unit, duty, distance_m, inside}}",
     "who else does, nearest first"},
    {"ctx.near", rules_ask_near,
     "ctx.near{within_m=, category=, kind=, open=} -> {{id, distance_m, state, category, opened, "
     "ruled, unit}}",
     "cases around this one, nearest first; ruled: a coordinator decided that it is unit's"},
    {"ctx.within", rules_ask_within, "ctx.within(case, layer) -> {id, name} or nil",
     "the area of that layer which holds the case: \"streets\", or one of the county's own"},
    {"ctx.areas_near", rules_ask_areas_near,
     "ctx.areas_near(case, layer, reach_m) -> {{id, name, distance_m, inside}}",
     "the features of that layer near it, at most 16, nearest first"},
    {"ctx.part_at", rules_ask_part_at,
     "ctx.part_at(case, reach_m [, category]) -> {id, name, category, distance_m} or nil",
     "the nearest part there, of that class where one is said"},
    {"ctx.unit", rules_ask_unit, "ctx.unit(id) -> {id, name, kind} or nil",
     "a unit of the base data"},
    {0},
};

enum row_field {
    ROW_NONE,
    ROW_ID,
    ROW_TEXT,
    ROW_LIMIT,
    ROW_CLOSE,
    ROW_SOURCE,
    ROW_ASSUMED,
    ROW_ARTICLE,
    ROW_CAMPAIGN
};
enum class_field { CLASS_NONE, CLASS_NAME, CLASS_CODE, CLASS_MAJOR };
const struct rules_row rules_row_rows[] = {
    {"row.id", NULL, "ctx.row.id -> text", "number of the condition within its class"},
    {"row.text", NULL, "ctx.row.text -> text", "the condition 立案条件"},
    {"row.limit", NULL, "ctx.row.limit -> limit",
     "{4, \"work_hour\"}: for ctx.deadline, or by [1] and [2]"},
    {"row.close", NULL, "ctx.row.close -> text", "when it may be closed 结案条件"},
    {"row.source", NULL, "ctx.row.source -> text or nil", "the document, or nil"},
    {"row.assumed", NULL, "ctx.row.assumed -> bool",
     "true: the city's default, no row of a standard"},
    {"row.article", NULL, "ctx.row.article -> text or nil", "its article there, or nil"},
    {"row.campaign", NULL, "ctx.row.campaign -> text or nil",
     "name of the campaign 专项整治 that gave the limit, or nil"},
    {"class.name", NULL, "ctx.class.name -> text", "小类"},
    {"class.code", NULL, "ctx.class.code -> text", "major and minor code"},
    {"class.major", NULL, "ctx.class.major -> text", "大类"},
    {0},
};

const struct wg_decision *rules_in_call(lua_State *L)
{
    const struct wg_decision *d = rules_of(L)->d;
    if (!d)
        luaL_error(L, "case and ctx mean something only while a rule decides");
    return d;
}

static int push_text(lua_State *L, struct wg_str s)
{
    if (s.n)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

static int push_time(lua_State *L, int64_t ms)
{
    if (ms)
        lua_pushinteger(L, ms);
    else
        lua_pushnil(L);
    return 1;
}

/* The number that upvalue 1 has for the key at 2. */
static int field_of(lua_State *L, const char *what)
{
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    int field = (int)lua_tointeger(L, -1);
    if (field == 0 && lua_type(L, -1) != LUA_TFUNCTION)
        luaL_error(L, "%s has no field '%s'", what,
                   lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
    return field;
}

static int push_name(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    return 1;
}

static struct wg_str front(struct wg_str s, size_t n)
{
    return s.n >= n ? (struct wg_str){s.p, n} : (struct wg_str){NULL, 0};
}

static int push_case_number(lua_State *L, const struct wg_case *c, enum case_field field)
{
    int64_t v = 0;
    if (field == CASE_REWORK)
        v = c->rework;
    else if (field == CASE_SEND_BACKS)
        v = c->send_backs;
    else if (field == CASE_URGES)
        v = c->urges;
    else if (field == CASE_ORDERS)
        v = c->orders;
    else if (field == CASE_LEVEL)
        v = c->level;
    else if (field == CASE_SEGMENT)
        v = c->segment;
    else if (field == CASE_DEFERRALS)
        v = c->deferrals;
    else if (field == CASE_LON)
        v = c->at.lon_e7;
    else if (field == CASE_LAT)
        v = c->at.lat_e7;
    else if (field == CASE_VERSION)
        v = c->version;
    lua_pushinteger(L, v);
    return 1;
}

static int push_case_id(lua_State *L, uint64_t id)
{
    char text[24];
    if (id == 0)
        return push_text(L, (struct wg_str){NULL, 0});
    wg_case_id_text(id, text);
    return push_name(L, text);
}

static int push_flag(lua_State *L, uint32_t bits)
{
    lua_pushboolean(L, bits != 0);
    return 1;
}

static int case_index(lua_State *L)
{
    const struct wg_case *c = rules_in_call(L)->c;
    enum case_field field = (enum case_field)field_of(L, "case");
    switch (field) {
    case CASE_ID:
        return push_case_id(L, c->id);
    case CASE_KIND:
        return push_name(L, wg_kind_name(c->kind));
    case CASE_CATEGORY:
        return push_text(L, c->category);
    case CASE_STATE:
        return c->state < WG_STATES ? push_name(L, wg_state_name(c->state)) : push_time(L, 0);
    case CASE_SOURCE:
        return push_name(L, wg_source_name(c->source));
    case CASE_CONDITION:
        return push_text(L, c->condition);
    case CASE_UNIT:
        return push_text(L, c->unit);
    case CASE_PROPOSED:
        return push_text(L, c->proposed);
    case CASE_PART:
        return push_text(L, c->part);
    case CASE_GRID:
        return push_text(L, c->grid);
    case CASE_STREET:
        return push_text(L, front(c->grid, 9));
    case CASE_COMMUNITY:
        return push_text(L, front(c->grid, 12));
    case CASE_REPORTER:
        return push_text(L, c->reporter);
    case CASE_OPENED:
        return push_time(L, c->opened);
    case CASE_FILED:
        return push_time(L, c->filed);
    case CASE_DUE:
        return push_time(L, c->due);
    case CASE_SINCE:
        return push_time(L, c->since);
    case CASE_STAGE_DUE:
        return push_time(L, c->stage_due);
    case CASE_UNTIL:
        return push_time(L, c->until);
    case CASE_OVERDUE:
        return push_flag(L, c->flags & WG_OVERDUE);
    case CASE_SUPERVISED:
        return push_flag(L, c->flags & WG_SUPERVISED);
    case CASE_PROXIED:
        return push_flag(L, c->flags & WG_PROXIED);
    case CASE_BLAMED:
        return push_text(L, c->blamed);
    case CASE_ASSIST:
        return push_text(L, c->assist);
    case CASE_VERIFIED:
        return push_text(L, wg_verified_name(c->verified));
    case CASE_AREA:
        return push_text(L,
                         rules_of(L)->d->area.n ? rules_of(L)->d->area : rules_of(L)->pack->area);
    default:
        return push_case_number(L, c, field);
    }
}

static int push_body(lua_State *L, const struct wg_json *in)
{
    static const char *const hidden[] = {"description", "address", "caller", "note"};
    lua_newtable(L);
    for (const struct wg_json *m = in && in->type == WG_JOBJ ? in->child : NULL; m; m = m->next) {
        bool hide = false;
        for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
            hide |= wg_str_is(m->key, hidden[i]);
        if (hide)
            continue;
        lua_pushlstring(L, m->key.p, m->key.n);
        rules_push_json(L, m);
        lua_rawset(L, -3);
    }
    rules_freeze(L, -1);
    return 1;
}

static int push_asked(lua_State *L, const struct wg_decision *d)
{
    if (d->asked)
        rules_push_json(L, d->asked);
    else
        lua_pushnil(L);
    if (d->asked)
        rules_freeze(L, -1);
    return 1;
}

static int push_known(lua_State *L, const void *known, enum rules_ref ref)
{
    if (known)
        rules_push_ref(L, ref);
    else
        lua_pushnil(L);
    return 1;
}

static int ctx_index(lua_State *L)
{
    const struct wg_decision *d = rules_in_call(L);
    switch ((enum ctx_field)field_of(L, "ctx")) {
    case CTX_NOW:
        lua_pushinteger(L, d->now_ms);
        return 1;
    case CTX_BODY:
        return push_body(L, d->in);
    case CTX_BY:
        return push_text(L, d->by);
    case CTX_ROLE:
        return push_name(L, wg_role_name(d->role));
    case CTX_BY_UNIT:
        return push_text(L, d->unit);
    case CTX_ROW:
        return push_known(L, d->row, REF_ROW);
    case CTX_CLASS:
        return push_known(L, d->class_, REF_CLASS);
    case CTX_TABLES:
        rules_push_ref(L, REF_TABLES);
        return 1;
    case CTX_MESSAGES:
        rules_push_ref(L, REF_MESSAGES);
        return 1;
    case CTX_ASKED:
        return push_asked(L, d);
    case CTX_NONE: /* a function: it is on top */
        break;
    }
    return 1;
}

static int row_index(lua_State *L)
{
    const struct wg_condition *row = rules_in_call(L)->row;
    if (!row)
        return luaL_error(L, "this case has no condition row");
    switch ((enum row_field)field_of(L, "row")) {
    case ROW_ID:
        return push_text(L, row->id);
    case ROW_TEXT:
        return push_text(L, row->text);
    case ROW_LIMIT:
        rules_push_ref(L, REF_LIMIT);
        return 1;
    case ROW_CLOSE:
        return push_text(L, row->close);
    case ROW_SOURCE:
        return push_text(L, row->source);
    case ROW_ASSUMED:
        lua_pushboolean(L, row->assumed);
        return 1;
    case ROW_ARTICLE:
        return push_text(L, row->article);
    case ROW_CAMPAIGN: {
        const struct wg_campaign *c = rules_in_call(L)->campaign;
        return push_text(L, c ? c->name : (struct wg_str){NULL, 0});
    }
    case ROW_NONE:
        break;
    }
    return 0;
}

static int limit_index(lua_State *L)
{
    const struct wg_condition *row = rules_in_call(L)->row;
    if (!row || !lua_isinteger(L, 2) || lua_tointeger(L, 2) < 1 || lua_tointeger(L, 2) > 2)
        return luaL_error(L, "a limit has [1], the number, and [2], the unit");
    if (lua_tointeger(L, 2) == 2)
        return push_name(L, wg_unit_name(row->limit.unit));
    if (row->limit.n_milli % 1000 == 0)
        lua_pushinteger(L, row->limit.n_milli / 1000);
    else
        lua_pushnumber(L, (lua_Number)row->limit.n_milli / 1000);
    return 1;
}

static int class_index(lua_State *L)
{
    const struct wg_class *c = rules_in_call(L)->class_;
    if (!c)
        return luaL_error(L, "this case has no class");
    switch ((enum class_field)field_of(L, "class")) {
    case CLASS_NAME:
        return push_text(L, c->name);
    case CLASS_CODE:
        return push_text(L, c->code);
    case CLASS_MAJOR:
        return push_text(L, c->major);
    case CLASS_NONE:
        break;
    }
    return 0;
}

static int l_read_only(lua_State *L)
{
    return luaL_error(L, "rules can't change '%s': a case changes by outcomes only",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
}

/* Make a proxy whose fields are the rows that begin with prefix, numbered from 1 in their order. */
static void make_proxy(lua_State *L, const struct rules_row *row, const char *prefix,
                       lua_CFunction index, enum rules_ref ref)
{
    lua_Integer number = 0;
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 2);
    lua_newtable(L);
    for (; row && row->name; row++) {
        if (!wg_str_starts(wg_str_of(row->name), prefix))
            continue;
        if (row->fn)
            lua_pushcfunction(L, row->fn);
        else
            lua_pushinteger(L, ++number);
        lua_setfield(L, -2, row->name + strlen(prefix));
    }
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_read_only);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    rules_set_ref(L, ref);
}

void rules_make_world(lua_State *L)
{
    make_proxy(L, rules_case_rows, "case.", case_index, REF_CASE);
    make_proxy(L, rules_ctx_rows, "ctx.", ctx_index, REF_CTX);
    make_proxy(L, rules_row_rows, "row.", row_index, REF_ROW);
    make_proxy(L, rules_row_rows, "class.", class_index, REF_CLASS);
    make_proxy(L, NULL, "", limit_index, REF_LIMIT);
}
