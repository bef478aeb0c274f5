#include "case/steps.h"

#include <stdio.h>

static const char *const state_names[WG_STATES] = {
    "reported",  "verifying", "accepted", "filed",  "dispatched",  "disposing",
    "disposed",  "checking",  "checked",  "closed", "returned",    "disputed",
    "suspended", "rejected",  "voided",   "merged", "handed_over",
};
static const char *const role_names[] = {
    "collector", "acceptor", "chief", "dispatcher",  "coordinator",   "unit",   "leader",
    "reviewer",  "auditor",  "admin", "rule_author", "rule_approver", "public", "system",
};
static const char *const kind_names[WG_KINDS] = {"part", "event"};
static const char *const source_names[WG_SOURCES] = {
    "collector", "hotline", "public", "sms", "video", "vehicle", "leader", "media", "other",
};
static const char *const effect_names[WG_EFFECTS] = {
    "none",      "verify",  "send_back", "ask",    "grant",   "deny",     "dispose",  "check",
    "supervise", "reply",   "urge",      "merge",  "split",   "withdraw", "transfer", "countersign",
    "evidence",  "correct", "callback",  "appeal", "verdict", "handover", "receive",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In the order of enum wg_field_type. */
static const char *const field_types[] = {"text", "int",  "choice", "unit",  "condition",
                                          "time", "case", "area",   "units", "class"};

static int find(const char *const *names, size_t count, struct wg_str s)
{
    for (size_t i = 0; i < count; i++)
        if (wg_str_is(s, names[i]))
            return (int)i;
    return -1;
}

const char *wg_state_name(int state)
{
    return state >= 0 && state < WG_STATES ? state_names[state] : "none";
}

const char *wg_kind_name(int kind)
{
    return kind >= 0 && kind < WG_KINDS ? kind_names[kind] : "none";
}

const char *wg_source_name(int source)
{
    return source >= 0 && source < WG_SOURCES ? source_names[source] : "none";
}

const char *wg_doing_name(int effect)
{
    return effect >= 0 && effect < WG_EFFECTS ? effect_names[effect] : "none";
}

const char *wg_role_name(uint32_t role)
{
    for (size_t i = 0; i < COUNT(role_names); i++)
        if (role == UINT32_C(1) << i)
            return role_names[i];
    return "none";
}

const char *wg_lead_name(int to)
{
    return to == WG_STAY      ? "stay"
           : to == WG_BACK    ? "back"
           : to == WG_GRANTED ? "granted"
                              : wg_state_name(to);
}

const char *wg_field_type_name(int type)
{
    return type >= 0 && type < (int)COUNT(field_types) ? field_types[type] : "none";
}

int wg_state_parse(struct wg_str s)
{
    if (wg_str_is(s, "stay"))
        return WG_STAY;
    if (wg_str_is(s, "back"))
        return WG_BACK;
    if (wg_str_is(s, "granted"))
        return WG_GRANTED;
    return find(state_names, WG_STATES, s);
}

int wg_kind_parse(struct wg_str s)
{
    return find(kind_names, WG_KINDS, s);
}

int wg_source_parse(struct wg_str s)
{
    return find(source_names, WG_SOURCES, s);
}

uint32_t wg_role_parse(struct wg_str s)
{
    int i = find(role_names, COUNT(role_names), s);
    return i < 0 ? 0 : UINT32_C(1) << i;
}

void wg_roles_json(uint32_t roles, struct wg_buf *out)
{
    wg_buf_char(out, '[');
    for (size_t i = 0; i < COUNT(role_names); i++) {
        if (!(roles >> i & 1))
            continue;
        wg_json_sep(out);
        wg_buf_json(out, wg_str_of(role_names[i]));
    }
    wg_buf_char(out, ']');
}

bool wg_state_open(int state)
{
    return state >= 0 && state < WG_STATES && state != WG_CLOSED && state != WG_REJECTED &&
           state != WG_VOIDED && state != WG_MERGED && state != WG_HANDED_OVER;
}

/* ---- reading a flow; every fault names its row ---- */

struct reading {
    size_t row;
    struct wg_str action;
    struct wg_err *err;
};

static int fault(const struct reading *r, const char *field, const char *what)
{
    return wg_fail(r->err, WG_EINVAL, "flow row %zu (%.*s): %s: %s", r->row + 1, WG_PRI(r->action),
                   field, what);
}

/* A name or a list of names; fn takes each. */
static int each_name(const struct reading *r, const struct wg_json *j, const char *field,
                     int (*fn)(void *arg, struct wg_str name), void *arg)
{
    if (j->type == WG_JSTR)
        return fn(arg, j->str) < 0 ? fault(r, field, "no such name") : WG_OK;
    if (j->type != WG_JARR)
        return fault(r, field, "must be a name or a list of names");
    for (const struct wg_json *e = j->child; e; e = e->next)
        if (e->type != WG_JSTR || fn(arg, e->str) < 0)
            return fault(r, field, "holds what is no such name");
    return WG_OK;
}

static int add_state(void *arg, struct wg_str name)
{
    int s = wg_state_parse(name);
    if (s < 0 || s >= WG_STATES)
        return -1;
    *(uint32_t *)arg |= UINT32_C(1) << s;
    return 0;
}

static int add_role(void *arg, struct wg_str name)
{
    uint32_t role = wg_role_parse(name);
    *(uint32_t *)arg |= role;
    return role ? 0 : -1;
}

static int read_to(const struct reading *r, const struct wg_json *to, const struct wg_json *count,
                   struct wg_step *s)
{
    if (!to)
        return fault(r, "to", "is missing: a state, \"stay\", \"back\", or a table by result");
    if (to->type == WG_JSTR) {
        s->leads = 1;
        s->lead[0].to = wg_state_parse(to->str);
        return s->lead[0].to < 0 ? fault(r, "to", "no such state") : WG_OK;
    }
    if (to->type != WG_JOBJ || to->count > COUNT(s->lead))
        return fault(r, "to", "must be a state, or a table of up to 4 results");
    for (const struct wg_json *e = to->child; e; e = e->next) {
        struct wg_lead *lead = &s->lead[s->leads++];
        lead->result = e->key;
        lead->to = e->type == WG_JSTR ? wg_state_parse(e->str) : -1;
        lead->count = wg_json_str(count, e->key.p);
        if (lead->to < 0)
            return fault(r, "to", "no such state");
    }
    return WG_OK;
}

static int read_choices(const struct reading *r, const struct wg_json *j, struct wg_field *f)
{
    f->type = WG_FCHOICE;
    for (const struct wg_json *e = j->child; e; e = e->next) {
        if (e->type != WG_JSTR || f->choices == COUNT(f->choice))
            return fault(r, "need", "a list holds up to 6 texts to choose from");
        f->choice[f->choices++] = e->str;
    }
    return f->choices ? WG_OK : fault(r, "need", "an empty list leaves nothing to choose");
}

static int read_fields(const struct reading *r, const struct wg_json *j, bool must,
                       struct wg_step *s)
{
    if (!j)
        return WG_OK;
    if (j->type != WG_JOBJ)
        return j->type == WG_JARR && j->count == 0
                   ? WG_OK
                   : fault(r, "need", "must be a table of field = type");
    for (const struct wg_json *e = j->child; e; e = e->next) {
        struct wg_field *f = &s->field[s->fields];
        int rc = WG_OK;
        if (s->fields++ == COUNT(s->field))
            return fault(r, "need", "at most 6 fields");
        f->name = e->key;
        f->must = must;
        if (e->type == WG_JARR) {
            rc = read_choices(r, e, f);
        } else {
            int t = e->type == WG_JSTR ? find(field_types, COUNT(field_types), e->str) : -1;
            f->type = (enum wg_field_type)t;
            if (t < 0 || t == WG_FCHOICE)
                return fault(
                    r, "need",
                    "a type is text, int, unit, units, condition, class, time, case, area or "
                    "a list");
        }
        if (rc < 0)
            return rc;
    }
    return WG_OK;
}

static int read_effect(const struct reading *r, const struct wg_json *row, struct wg_step *s)
{
    const struct wg_json *effect = wg_json_get(row, "effect"), *grants = wg_json_get(row, "grants");
    int found = effect ? find(effect_names, WG_EFFECTS, effect->str) : WG_NO_EFFECT;
    if (found < 0)
        return fault(r, "effect", "no such effect");
    s->effect = (enum wg_doing)found;
    s->grants = grants ? wg_state_parse(grants->str) : WG_STAY;
    if (s->grants < 0 || (grants && s->effect != WG_DO_ASK))
        return fault(r, "grants", "is a state, and of a row whose effect is \"ask\"");
    s->before_due = wg_json_bool(row, "before_due", false);
    return WG_OK;
}

/* A field that is misspelt would change nothing, and nobody would see it. */
static int check_fields(const struct reading *r, const struct wg_json *row)
{
    static const char *const known[] = {"action", "name", "file",       "line",   "from",
                                        "to",     "role", "holder",     "effect", "grants",
                                        "need",   "may",  "before_due", "count",  NULL};
    char key[41];
    for (const struct wg_json *m = row->child; m; m = m->next) {
        size_t k = 0;
        while (known[k] && !wg_str_is(m->key, known[k]))
            k++;
        if (known[k])
            continue;
        snprintf(key, sizeof(key), "%.*s", WG_PRI(m->key));
        return fault(r, key, "is no field of a row");
    }
    return WG_OK;
}

static int read_row(const struct reading *r, const struct wg_json *row, struct wg_step *s)
{
    const struct wg_json *from = wg_json_get(row, "from"), *role = wg_json_get(row, "role");
    int rc = check_fields(r, row);
    if (rc < 0)
        return rc;
    s->action = r->action;
    s->name = wg_json_str(row, "name");
    s->file = wg_json_str(row, "file");
    s->line = wg_json_int(row, "line", 0);
    s->holder = wg_json_bool(row, "holder", false);
    if (!s->action.n)
        return fault(r, "action", "is missing");
    if (from && (rc = each_name(r, from, "from", add_state, &s->from)) < 0)
        return rc;
    if (!role)
        return fault(r, "role", "is missing: who may do it");
    if ((rc = each_name(r, role, "role", add_role, &s->roles)) < 0 ||
        (rc = read_to(r, wg_json_get(row, "to"), wg_json_get(row, "count"), s)) < 0 ||
        (rc = read_effect(r, row, s)) < 0 ||
        (rc = read_fields(r, wg_json_get(row, "need"), true, s)) < 0)
        return rc;
    return read_fields(r, wg_json_get(row, "may"), false, s);
}

/* Two rows for one action and one state would make the flow depend on their order. */
static int check_clash(const struct wg_step *steps, size_t i, struct reading *r)
{
    for (size_t k = 0; k < i; k++)
        if (wg_str_eq(steps[k].action, steps[i].action) &&
            ((steps[k].from & steps[i].from) || (!steps[k].from && !steps[i].from)))
            return fault(r, "from", "another row takes this action from the same state");
    return WG_OK;
}

int wg_flow_read(struct wg_arena *a, const struct wg_json *rows, struct wg_flow *out,
                 struct wg_err *err)
{
    size_t i = 0;
    *out = (struct wg_flow){NULL, 0};
    if (!rows || rows->type != WG_JARR || rows->count == 0)
        return wg_fail(err, WG_EINVAL, "flow: must be a list of rows, and not empty");
    struct wg_step *steps = wg_arena_alloc(a, rows->count * sizeof(*steps));
    if (!steps)
        return wg_fail(err, WG_ENOMEM, "no memory for the flow");
    for (const struct wg_json *row = rows->child; row; row = row->next, i++) {
        struct reading r = {i, wg_json_str(row, "action"), err};
        int rc = read_row(&r, row, &steps[i]);
        if (rc == WG_OK)
            rc = check_clash(steps, i, &r);
        if (rc < 0)
            return rc;
    }
    *out = (struct wg_flow){steps, i};
    return WG_OK;
}

/* ---- using it ---- */

static bool leaves(const struct wg_step *s, int state)
{
    return state == WG_NOWHERE ? s->from == 0
                               : state >= 0 && state < WG_STATES && (s->from >> state & 1);
}

int wg_flow_find(const struct wg_flow *flow, struct wg_str action, int state)
{
    for (size_t i = 0; i < flow->count; i++)
        if (wg_str_eq(flow->step[i].action, action) && leaves(&flow->step[i], state))
            return (int)i;
    return -1;
}

bool wg_flow_knows(const struct wg_flow *flow, struct wg_str action)
{
    for (size_t i = 0; i < flow->count; i++)
        if (wg_str_eq(flow->step[i].action, action))
            return true;
    return false;
}

bool wg_step_leaves(const struct wg_step *s, int state, uint32_t roles)
{
    return leaves(s, state) && s->roles & roles;
}
