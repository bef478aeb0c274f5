/* login, logout, whoami, users: who one is, and who there is. */
#include "wangge.h"

enum { USER_NAME, USER_ROLES, USER_UNIT, USER_STREETS, USER_DISABLED };

/* ---- login ---- */

static int keep_session(struct ctx *c, const char *url)
{
    const struct wg_json *user;
    struct wg_json *j;
    struct wg_err err = {0};
    struct session *s = &c->session;
    if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, &err) < 0 || !wg_json_str(j, "token").n)
        return failed(UNREACHED, "%s does not answer like a server of ours", url);
    user = wg_json_get(j, "user");
    s->url = wg_str_of(url);
    s->area = wg_json_str(user, "area");
    s->user = wg_json_str(user, "id");
    s->token = wg_json_str(j, "token");
    int rc = session_save(c);
    if (rc != DONE)
        return rc;
    if (c->raw) { /* as it came, but for what is secret */
        struct wg_buf b = WG_BUF_INIT;
        wg_buf_char(&b, '{');
        wg_json_key(&b, "user");
        wg_json_write(user, &b);
        wg_json_kstr(&b, "expires", wg_json_str(j, "expires"));
        printf("%.*s}\n", WG_PRI(wg_buf_str(&b)));
        wg_buf_free(&b);
        return DONE;
    }
    put_text(stdout,
             wg_arena_fmt(c->arena, "%.*s (%.*s), area %.*s, until %.*s",
                          WG_PRI(wg_json_str(user, "name")), WG_PRI(s->user), WG_PRI(s->area),
                          WG_PRI(short_time(c, wg_json_str(j, "expires")))));
    putchar('\n');
    return DONE;
}

int run_login(struct ctx *c)
{
    const char *url = c->url ? c->url : "http://127.0.0.1:12319";
    struct wg_str password;
    struct wg_buf body = WG_BUF_INIT;
    int rc = connect_to(c, url, 0);
    if (rc != DONE)
        return rc;
    if (!wg_utf8_valid(wg_str_of(c->args[0])) || !wg_utf8_valid(wg_str_of(c->args[1])))
        return misused(c, "area and user must be UTF-8");
    if ((rc = read_password(c, "password 密码", false, &password)) != DONE)
        return rc;
    c->session.token = (struct wg_str){NULL, 0}; /* of who was signed in before */
    wg_buf_char(&body, '{');
    wg_json_kstr(&body, "area", wg_str_of(c->args[0]));
    wg_json_kstr(&body, "user", wg_str_of(c->args[1]));
    wg_json_kstr(&body, "password", password);
    wg_buf_char(&body, '}');
    const struct request r = {.method = "POST",
                              .target = WG_S("/v1/session"),
                              .type = "application/json",
                              .body = wg_buf_str(&body)};
    rc = ask_server(c, &r);
    explicit_bzero(body.p, body.n);
    wg_buf_free(&body);
    return rc == DONE ? keep_session(c, url) : rc;
}

int run_logout(struct ctx *c)
{
    const struct request r = {.method = "DELETE", .target = WG_S("/v1/session")};
    if (!c->session.token.n)
        return DONE;
    int rc = session_need(c);
    if (rc == DONE)
        rc = ask_server(c, &r);
    if (rc == REFUSED && c->status == 401)
        rc = DONE; /* it had ended by itself */
    if (rc == MISUSED)
        return rc;
    int forgot = session_forget(c); /* also where the server can't be told: it ends there in time */
    return rc == DONE ? forgot : rc;
}

int run_whoami(struct ctx *c)
{
    const struct wg_json *j;
    int rc = get(c, WG_S("/v1/session"), &j);
    if (!j)
        return rc;
    const struct wg_json *user = wg_json_get(j, "user");
    line("user 用户", wg_json_str(user, "id"));
    line("name 姓名", wg_json_str(user, "name"));
    line("area 区划", wg_json_str(user, "area"));
    line("roles 岗位", joined(c, wg_json_get(user, "roles"), ", "));
    line("unit 单位", wg_json_str(user, "unit"));
    if (wg_json_get(user, "streets"))
        line("streets 街道", joined(c, wg_json_get(user, "streets"), ", "));
    line("may 可做", joined(c, wg_json_get(j, "may"), ", "));
    line("until 有效至", short_time(c, wg_json_str(j, "expires")));
    line("server 服务", c->session.url);
    return DONE;
}

/* ---- users ---- */

static int list_users(struct ctx *c)
{
    static const char *const heads[] = {"账号 user", "姓名 name", "岗位 roles",
                                        "单位 unit", "",          NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    int rc = get(c, area_path(c, "users"), &j);
    if (!j)
        return rc;
    const struct wg_json *users = wg_json_get(j, "users");
    for (const struct wg_json *e = users ? users->child : NULL; e; e = e->next) {
        const struct wg_str cells[] = {
            wg_json_str(e, "id"),
            wg_json_str(e, "name"),
            joined(c, wg_json_get(e, "roles"), ", "),
            wg_json_str(e, "unit"),
            wg_json_bool(e, "disabled", false) ? WG_S("停用 disabled") : WG_S(" "),
        };
        table_add(&t, cells);
    }
    table_print(&t);
    return DONE;
}

static void add_list(struct wg_buf *b, const char *key, const char *words)
{
    wg_json_key(b, key);
    wg_buf_char(b, '[');
    while (*words) {
        size_t n = strcspn(words, ",");
        wg_json_sep(b);
        wg_buf_json(b, (struct wg_str){words, n});
        words += n + (words[n] == ',');
    }
    wg_buf_char(b, ']');
}

static int keep_user(struct ctx *c, bool fresh)
{
    struct wg_str password;
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *j;
    if (c->count < 2 || !opt(c, USER_NAME) || !opt(c, USER_ROLES))
        return misused(c, "%s needs USER, --name and --roles", c->args[0]);
    int rc = session_need(c);
    if (rc == DONE)
        rc = read_password(c, "password of the account 该账号的密码", true, &password);
    if (rc != DONE)
        return rc;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "user", wg_str_of(c->args[1]));
    wg_json_kstr(&b, "name", wg_str_of(opt(c, USER_NAME)));
    add_list(&b, "roles", opt(c, USER_ROLES));
    if (opt(c, USER_STREETS))
        add_list(&b, "streets", opt(c, USER_STREETS));
    if (opt(c, USER_UNIT))
        wg_json_kstr(&b, "unit", wg_str_of(opt(c, USER_UNIT)));
    if (c->given[USER_DISABLED])
        wg_json_kbool(&b, "disabled", true);
    wg_json_kstr(&b, "password", password);
    wg_buf_char(&b, '}');
    const struct request r = {.method = fresh ? "POST" : "PUT",
                              .target = fresh ? area_path(c, "users")
                                              : area_path(c, "users/%s", encoded(c, c->args[1])),
                              .type = "application/json",
                              .body = wg_buf_str(&b),
                              .again = true};
    rc = ask_server(c, &r);
    explicit_bzero(b.p, b.n);
    wg_buf_free(&b);
    if (rc == DONE)
        rc = answer_tree(c, &j);
    if (rc == DONE && j)
        printf("%s: %s\n", c->args[1], fresh ? "made 已建" : "changed 已改");
    return rc;
}

int run_users(struct ctx *c)
{
    const char *what = c->count ? c->args[0] : "list";
    if (strcmp(what, "list") == 0)
        return list_users(c);
    if (strcmp(what, "add") == 0)
        return keep_user(c, true);
    if (strcmp(what, "set") == 0)
        return keep_user(c, false);
    return misused(c, "%s: must be list, add or set", what);
}
