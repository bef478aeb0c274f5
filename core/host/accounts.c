/* Accounts: the admin's. */
#include "auth.h"

#include <stdio.h>
#include <stdlib.h>

struct user_list {
    struct wg_buf *b;
    struct wg_arena *a;
};

static int list_user(void *arg, struct wg_str name, struct wg_str json)
{
    struct user_list *l = arg;
    struct wg_json *j;
    (void)name;
    if (wg_json_parse(l->a, json, &j, NULL) < 0)
        return WG_OK;
    wg_json_sep(l->b);
    wg_buf_char(l->b, '{');
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (wg_str_is(m->key, "hash"))
            continue; /* only a reference, but nobody's business */
        wg_json_key_str(l->b, m->key);
        wg_json_write(m, l->b);
    }
    wg_buf_char(l->b, '}');
    return WG_OK;
}

void get_users(struct call *call)
{
    struct wg_txn *txn;
    struct wg_err err = {0};
    struct wg_buf b = WG_BUF_INIT;
    struct user_list l = {&b, call->arena};
    int rc = reader_begin(call->county, &txn, &err);
    if (rc < 0) {
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
        return;
    }
    wg_buf_lit(&b, "{\"users\":[");
    wg_view_records(wg_desk_views(call->county->desk), txn, "user", list_user, &l);
    reader_end(call->county);
    wg_buf_lit(&b, "]}");
    answer_json(call->req, 200, &b);
}

static bool user_fault(struct call *call, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, WG_EINVAL, pointer, "%s", text);
    answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
    return false;
}

static bool word_ok(struct wg_str s, size_t max)
{
    if (s.n == 0 || s.n > max)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("/\"\\:", s.p[i]))
            return false;
    return true;
}

/* Both axes in one account only where the pack says that the centre is too small to split. */
static bool axes_ok(struct call *call, uint32_t roles)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    bool small = f->pack && f->pack->small_centre;
    wg_force_drop(f);
    return small || !(roles & WG_SUPERVISION) || !(roles & WG_COMMAND);
}

/* Whether there is such a street is not asked: its layer may come later, and then holds nothing. */
static bool streets_ok(struct call *call, const struct wg_json *list)
{
    const char *area = call->county->is_city ? "" : call->county->area;
    if (!list || list->type == WG_JNULL)
        return true;
    if (list->type != WG_JARR || 10 * list->count > WG_STREETS_TEXT)
        return false;
    for (const struct wg_json *m = list->child; m; m = m->next)
        if (m->type != WG_JSTR || m->str.n != 9 || strspn(m->str.p, "0123456789") != 9 ||
            strncmp(m->str.p, area, strlen(area)) != 0)
            return false;
    return true;
}

static bool read_user(struct call *call, const struct wg_json *in, struct wg_str *user,
                      uint32_t *roles)
{
    const struct wg_json *list = wg_json_get(in, "roles");
    struct wg_str unit = wg_json_str(in, "unit");
    for (const struct wg_json *m = in->child; m; m = m->next) {
        static const char *const known[] = {"user", "name",    "password", "roles",
                                            "unit", "streets", "disabled"};
        size_t i = 0;
        while (i < 7 && !wg_str_is(m->key, known[i]))
            i++;
        if (i == 7)
            return user_fault(
                call, "", "holds user, name, password, roles, unit, streets, disabled and no more");
    }
    *user = wg_json_str(in, "user");
    if (!word_ok(*user, 48))
        return user_fault(call, "/user",
                          "must be a text of 1 to 48 bytes without spaces, quotes, / or :");
    if (!wg_json_str(in, "name").n || wg_json_str(in, "name").n > 120)
        return user_fault(call, "/name", "must be a text of 1 to 120 bytes");
    if (!list || list->type != WG_JARR || !list->count)
        return user_fault(call, "/roles", "must be a list of roles");
    for (const struct wg_json *e = list->child; e; e = e->next)
        if (e->type != WG_JSTR || !wg_role_parse(e->str) || wg_role_parse(e->str) == WG_SYSTEM)
            return user_fault(call, "/roles", "holds what is no role");
    *roles = roles_of(list);
    if (!axes_ok(call, *roles))
        return user_fault(call, "/roles",
                          "supervision and command never meet in one account (监督与指挥分离)");
    if ((*roles & WG_RULE_AUTHOR) && (*roles & WG_RULE_APPROVER))
        return user_fault(call, "/roles", "rule_author and rule_approver are two people");
    if (*roles & WG_UNIT_ROLE && !word_ok(unit, 48))
        return user_fault(call, "/unit", "the role unit needs its unit's id");
    if (!streets_ok(call, wg_json_get(in, "streets")))
        return user_fault(call, "/streets",
                          "must be a list of at most 16 codes of streets, nine digits each, that "
                          "begin with the county's");
    return true;
}

/* The account's record as it is now; NULL where there is none. */
static const struct wg_json *user_now(struct call *call, struct wg_str user)
{
    struct wg_txn *txn;
    struct wg_str json;
    struct wg_json *j = NULL;
    if (reader_begin(call->county, &txn, NULL) < 0)
        return NULL;
    if (wg_view_record(wg_desk_views(call->county->desk), txn, "user", user, &json) < 0 ||
        wg_json_parse(call->arena, json, &j, NULL) < 0)
        j = NULL;
    reader_end(call->county);
    return j;
}

/* Whose streets are not named keeps them: a new password must not free anybody. */
static void write_user(struct call *call, const struct wg_json *in, uint32_t roles,
                       const struct wg_json *now, struct wg_str hash)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str unit = wg_json_str(in, "unit");
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "id", wg_json_str(in, "user"));
    wg_json_kstr(&b, "name", wg_json_str(in, "name"));
    wg_json_key(&b, "roles");
    wg_roles_json(roles, &b);
    wg_json_kstr(&b, "unit", unit.n ? unit : (struct wg_str){NULL, 0});
    const struct wg_json *streets = wg_json_get(wg_json_get(in, "streets") ? in : now, "streets");
    if (streets && streets->count) {
        wg_json_key(&b, "streets");
        wg_json_write(streets, &b);
    }
    if (wg_json_bool(in, "disabled", false))
        wg_json_kbool(&b, "disabled", true);
    if (hash.n)
        wg_json_kstr(&b, "hash", hash);
    wg_buf_char(&b, '}');
    call->cmd.value = wg_arena_str(call->arena, wg_buf_str(&b));
    wg_buf_free(&b);
}

/* Who stands among the people needs no more than a password: the rest is known. */
static struct wg_json *filled_in(struct call *call, struct wg_json *in)
{
    static const char *const known[] = {"name", "roles", "unit"};
    struct wg_force *f = wg_desk_force(call->county->desk);
    const struct wg_json *people = wg_table_json(f->ground->table[WG_PEOPLE - WG_UNITS]);
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *whole = in;
    for (const struct wg_json *p = people ? people->child : NULL; p; p = p->next) {
        if (!wg_str_eq(wg_json_str(p, "id"), wg_json_str(in, "user")))
            continue;
        wg_json_write(in, &b);
        wg_json_reopen(&b);
        for (size_t i = 0; i < 3; i++) {
            const struct wg_json *v = wg_json_get(p, known[i]);
            if (!v || wg_json_get(in, known[i]))
                continue;
            wg_json_key(&b, known[i]);
            wg_json_write(v, &b);
        }
        wg_buf_char(&b, '}');
        if (!wg_buf_ok(&b) || wg_json_parse(call->arena, wg_buf_str(&b), &whole, NULL) < 0)
            whole = in;
        break;
    }
    wg_force_drop(f);
    if (b.p)
        explicit_bzero(b.p, b.n); /* the password */
    wg_buf_free(&b);
    return whole;
}

static void user_hashed(struct login *l)
{
    struct call *call = l->call;
    if (!l->ok) {
        wg_reply_problem(call->req, 503, "out of memory for the password");
        return;
    }
    call->cmd.secret[0] =
        (struct wg_secret){WG_S("hash"), wg_arena_str(call->arena, wg_str_of(l->hash))};
    call->cmd.secrets = 1;
    call->session = &l->draft; /* as it was when asked */
    call_submit(call);
}

static void keep_user(struct call *call, bool fresh)
{
    struct wg_json *in;
    struct wg_str user, password;
    uint32_t roles = 0;
    struct login *l = WG_NEW(call->arena, struct login);
    if (!l || parse_body(call, true, &in) < 0)
        return;
    in = filled_in(call, in);
    if (!read_user(call, in, &user, &roles))
        return;
    if (!fresh && !wg_str_eq(user, wg_req_param(call->req, "user"))) {
        user_fault(call, "/user", "must be the user of the address");
        return;
    }
    password = wg_json_str(in, "password");
    bool keeps =
        !fresh && !wg_json_get(in, "password"); /* who is changed without one keeps theirs */
    if (!keeps && (password.n < 8 || password.n > 1024)) {
        user_fault(call, "/password", "must have 8 to 1024 bytes");
        return;
    }
    call->status = fresh ? 201 : 200;
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("user");
    call->cmd.name = user;
    call->cmd.must_be_new = fresh;
    call->cmd.must_be_there = !fresh;
    const struct wg_json *now = fresh ? NULL : user_now(call, user);
    write_user(call, in, roles, now, keeps ? wg_json_str(now, "hash") : (struct wg_str){NULL, 0});
    if (keeps) {
        call_submit(call);
        return;
    }
    l->call = call;
    l->password = password;
    l->then = user_hashed;
    l->draft = *call->session;
    login_queue(l);
}

void post_user(struct call *call)
{
    keep_user(call, true);
}

void put_user(struct call *call)
{
    keep_user(call, false);
}
