/* Upkeep commands, made by the host: a record to hold (user, rules, edition), an effect that is
 * done. */
#include "inside.h"

int decide_keep(struct deciding *dc)
{
    struct wg_cmd *cmd = dc->cmd;
    struct wg_str now;
    int rc = wg_view_record(dc->d->views, dc->txn, cmd->kind.p, cmd->name, &now);
    if (rc < 0 && rc != WG_ENOENT)
        return REFUSE(dc, rc, "", "records can't be read: %s", wg_strerror(rc));
    if (cmd->must_be_new && rc == WG_OK)
        return REFUSE(dc, WG_EEXIST, "/id", "%.*s %.*s is there already", WG_PRI(cmd->kind),
                      WG_PRI(cmd->name));
    if (cmd->must_be_there && rc == WG_ENOENT)
        return REFUSE(dc, WG_ENOENT, "", "there is no %.*s %.*s", WG_PRI(cmd->kind),
                      WG_PRI(cmd->name));
    dc->secrets = cmd->secrets;
    memcpy(dc->secret, cmd->secret, sizeof(dc->secret));
    if ((rc = put_secrets(dc)) < 0)
        return rc;
    out_begin(dc, "keep");
    wg_json_kstr(&dc->outs, "kind", cmd->kind);
    wg_json_kstr(&dc->outs, "id", cmd->name);
    wg_json_key(&dc->outs, "value");
    wg_buf_str_add(&dc->outs, cmd->value);
    if (dc->secrets) { /* into the object, before its brace */
        dc->outs.n--;
        wg_json_kstr(&dc->outs, "hash", wg_str_of(dc->ref[0]));
        wg_buf_char(&dc->outs, '}');
    }
    wg_buf_char(&dc->outs, '}');
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
