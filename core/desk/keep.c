/* Upkeep commands, made by the host: a record to hold (user, rules, edition, tenant), an effect
 * that is done. */
#include "inside.h"

#include <stdio.h>

void keep_begin(struct deciding *dc, const char *kind, struct wg_str name)
{
    out_begin(dc, "keep");
    wg_json_kstr(&dc->outs, "kind", wg_str_of(kind));
    wg_json_kstr(&dc->outs, "id", name);
    wg_json_key(&dc->outs, "value");
}

/* The value, and in it the reference of what went to the vault. */
static void keep_value(struct deciding *dc, struct wg_str value)
{
    wg_buf_str_add(&dc->outs, value);
    if (dc->secrets) {
        wg_json_reopen(&dc->outs);
        wg_json_kstr(&dc->outs, dc->secret[0].field.p, wg_str_of(dc->ref[0]));
        wg_buf_char(&dc->outs, '}');
    }
    wg_buf_char(&dc->outs, '}');
}

/* ---- editions: numbered and dated here, since only the desk knows which is in force ---- */

static int check_edition(struct deciding *dc, const struct wg_json *now, int collection)
{
    struct wg_cmd *cmd = dc->cmd;
    int64_t n = wg_json_int(now, "n", now ? 1 : 0), from = cmd->from_ms ? cmd->from_ms : dc->t;
    char date[32];
    if (cmd->instead && (int64_t)cmd->instead != n)
        return REFUSE(dc, WG_ESTATE, "", "edition %lld of %.*s has come into force meanwhile",
                      (long long)n, WG_PRI(cmd->name));
    int64_t began = wg_json_int(now, "from", INT64_MIN);
    if (from < began) {
        struct wg_date d = wg_date_of(wg_local_day(began, NULL));
        snprintf(date, sizeof(date), "%04d-%02d-%02d", d.year % 10000, d.month % 100, d.day % 100);
        return REFUSE(dc, WG_EINVAL, "/from",
                      "the edition in force began on %s; the past before it is not restated", date);
    }
    if (collection == WG_UNITS && cmd->ground)
        return wg_units_fit(dc->d->views, dc->txn, dc->force->ground, cmd->ground, NULL, &cmd->err);
    return WG_OK;
}

static int decide_edition(struct deciding *dc, struct wg_str json)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_json *now = NULL;
    struct wg_buf value = WG_BUF_INIT;
    int rc, collection = wg_collection_parse(cmd->name);
    if (json.p && (rc = wg_json_parse(dc->a, json, &now, &cmd->err)) < 0)
        return rc;
    if ((rc = check_edition(dc, now, collection)) < 0 || (rc = put_secrets(dc)) < 0)
        return rc;
    int64_t n = wg_json_int(now, "n", now ? 1 : 0) + 1;
    wg_buf_char(&value, '{');
    wg_json_kint(&value, "n", n);
    wg_json_kint(&value, "from", cmd->from_ms ? cmd->from_ms : dc->t);
    wg_json_kint(&value, "at", dc->t);
    wg_json_kstr(&value, "by", cmd->actor.user);
    wg_json_kint(&value, "entry", (int64_t)dc->n);
    if (cmd->value.n > 2)
        wg_buf_char(&value, ',');
    wg_buf_add(&value, cmd->value.p + 1, cmd->value.n - 1);
    struct wg_str text = wg_arena_str(dc->a, wg_buf_str(&value));
    rc = wg_buf_ok(&value) && text.p ? WG_OK : WG_ENOMEM;
    wg_buf_free(&value);
    if (now && !wg_json_get(now, "n")) { /* of before editions had numbers: the first of the row */
        keep_begin(dc, "editions", wg_arena_fmt(dc->a, "%.*s.000001", WG_PRI(cmd->name)));
        wg_buf_str_add(&dc->outs, json);
        wg_buf_char(&dc->outs, '}');
    }
    /* The one in force, and its place in the row of them. */
    keep_begin(dc, "edition", cmd->name);
    keep_value(dc, text);
    keep_begin(dc, "editions", wg_arena_fmt(dc->a, "%.*s.%06lld", WG_PRI(cmd->name), (long long)n));
    keep_value(dc, text);
    return rc == WG_OK && cmd->ground ? edit_next(dc, collection) : rc;
}

/* ---- releases of rules: numbered like editions; what was in force is named, so that one command
 * goes back to it ---- */

static int forget_incident(void *arg, struct wg_str name, struct wg_str json)
{
    struct deciding *dc = arg;
    (void)json;
    keep_begin(dc, "incident", name);
    wg_buf_lit(&dc->outs, "null}");
    return WG_OK;
}

struct wg_str wg_signed_text(struct wg_arena *a, enum wg_signer as, const char *area,
                             struct wg_str rev, struct wg_str user)
{
    return wg_arena_fmt(a, "wangge rules\n%s\n%s\n%.*s\n%.*s\n",
                        as == WG_AUTHOR ? "author" : "approver", area, WG_PRI(rev), WG_PRI(user));
}

bool wg_release_forged(struct wg_arena *a, const char *area, const struct wg_json *release)
{
    static const char *const names[] = {[WG_AUTHOR] = "author", [WG_APPROVER] = "approver"};
    bool forged = false;
    for (int as = WG_AUTHOR; as <= WG_APPROVER; as++) {
        const struct wg_json *who = wg_json_get(release, names[as]);
        struct wg_str text = wg_signed_text(a, (enum wg_signer)as, area,
                                            wg_json_str(release, "rev"), wg_json_str(who, "user"));
        forged |=
            who && !wg_sign_check(wg_json_str(who, "key"), text, wg_json_str(who, "signature"));
    }
    return forged;
}

/* Each record of a release: what the host gave, and the number, the moment, who, and what was
 * before. */
static int decide_release(struct deciding *dc, struct wg_str json)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_json *now = NULL, *given = NULL;
    struct wg_buf value = WG_BUF_INIT;
    int rc;
    if ((json.p && (rc = wg_json_parse(dc->a, json, &now, &cmd->err)) < 0) ||
        (rc = wg_json_parse(dc->a, cmd->value, &given, &cmd->err)) < 0)
        return rc;
    int64_t n = wg_json_int(now, "n", now ? 1 : 0);
    struct wg_str rev = wg_json_str(given, "rev"), before = wg_json_str(now, "rev");
    if (cmd->instead && (int64_t)cmd->instead != n)
        return REFUSE(dc, WG_ESTATE, "", "release %lld has come into force meanwhile",
                      (long long)n);
    if (before.n && wg_str_eq(rev, before))
        return REFUSE(dc, WG_ESTATE, "", "rules %.*s are in force already", WG_PRI(rev));
    wg_buf_char(&value, '{');
    wg_json_kint(&value, "n", n + 1);
    wg_json_kint(&value, "at", dc->t);
    wg_json_kstr(&value, "by", cmd->actor.user);
    wg_json_kint(&value, "entry", (int64_t)dc->n);
    wg_json_kstr(&value, "before", before);
    if (n) /* in the row of what was in force: a way back is not a step of it */
        wg_json_kint(&value, "prior", wg_json_int(now, "same_as", n));
    if (cmd->value.n > 2)
        wg_buf_char(&value, ',');
    wg_buf_add(&value, cmd->value.p + 1, cmd->value.n - 1);
    struct wg_str text = wg_arena_str(dc->a, wg_buf_str(&value));
    rc = wg_buf_ok(&value) && text.p ? WG_OK : WG_ENOMEM;
    wg_buf_free(&value);
    if (rc < 0)
        return rc;
    keep_begin(dc, "rev", rev);
    wg_buf_str_add(&dc->outs, text);
    wg_buf_char(&dc->outs, '}');
    keep_begin(dc, "rules", WG_S("now"));
    wg_buf_str_add(&dc->outs, text);
    wg_buf_char(&dc->outs, '}');
    keep_begin(dc, "releases", wg_arena_fmt(dc->a, "%06lld", (long long)n + 1));
    wg_buf_str_add(&dc->outs, text);
    wg_buf_char(&dc->outs, '}');
    return wg_view_records(dc->d->views, dc->txn, "incident", forget_incident, dc);
}

int decide_keep(struct deciding *dc)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_str now = {NULL, 0};
    if (wg_str_is(cmd->kind, "edit"))
        return decide_edit(dc);
    int rc = wg_view_record(dc->d->views, dc->txn, cmd->kind.p, cmd->name, &now);
    if (rc < 0 && rc != WG_ENOENT)
        return REFUSE(dc, rc, "", "records can't be read: %s", wg_strerror(rc));
    if (cmd->must_be_new && rc == WG_OK)
        return REFUSE(dc, WG_EEXIST, "/id", "%.*s %.*s is there already", WG_PRI(cmd->kind),
                      WG_PRI(cmd->name));
    if (cmd->must_be_there && rc == WG_ENOENT)
        return REFUSE(dc, WG_ENOENT, "", "there is no %.*s %.*s", WG_PRI(cmd->kind),
                      WG_PRI(cmd->name));
    if (rc == WG_ENOENT)
        now = (struct wg_str){NULL, 0};
    dc->secrets = cmd->secrets;
    memcpy(dc->secret, cmd->secret, sizeof(dc->secret));
    if (wg_str_is(cmd->kind, "edition"))
        return decide_edition(dc, now);
    if (wg_str_is(cmd->kind, "rules"))
        return decide_release(dc, now);
    if (wg_str_is(cmd->kind, "tenant"))
        return decide_tenant(dc);
    if ((rc = put_secrets(dc)) < 0)
        return rc;
    keep_begin(dc, cmd->kind.p, cmd->name);
    keep_value(dc, cmd->value);
    return WG_OK;
}

int decide_done(struct deciding *dc)
{
    out_begin(dc, "done");
    wg_json_kint(&dc->outs, "n", (int64_t)dc->cmd->done_n);
    wg_json_kint(&dc->outs, "i", dc->cmd->done_i);
    wg_buf_char(&dc->outs, '}');
    return WG_OK;
}
