/* Signatures under rules: with a person's own key, or with one that the server keeps for them. */
#include "release.h"

#include <stdio.h>

/* The key of this person: its record, and the seed where the server keeps it. */
static int find_key(struct signing *s, struct wg_county *c, struct wg_arena *a, struct wg_err *err)
{
    struct wg_views *v = wg_desk_views(c->desk);
    struct wg_txn *txn = NULL;
    struct wg_str json;
    struct wg_json *j = NULL;
    struct wg_buf seed = WG_BUF_INIT;
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, err);
    if (rc < 0)
        return rc;
    if (wg_view_record(v, txn, "signkey", wg_str_of(s->user), &json) == WG_OK)
        rc = wg_json_parse(a, json, &j, err);
    wg_txn_abort(txn);
    if (rc < 0)
        return rc;
    s->person = wg_str_is(wg_json_str(j, "held"), "person");
    if (s->person)
        return wg_str_copy(s->key, sizeof(s->key), wg_json_str(j, "key"));
    s->fresh = !j;
    if (s->fresh) {
        wg_random(s->seed, sizeof(s->seed));
    } else {
        rc = wg_vault_get(wg_desk_vault(c->desk), wg_json_str(j, "secret"), &seed, err);
        if (rc == WG_OK && seed.n != sizeof(s->seed))
            rc = wg_fail(err, WG_ECORRUPT, "the key of %s is damaged", s->user);
        if (rc == WG_OK)
            memcpy(s->seed, seed.p, sizeof(s->seed));
        wg_wipe(seed.p, seed.n);
        wg_buf_free(&seed);
    }
    if (rc == WG_OK)
        wg_sign_public(s->seed, s->key);
    return rc;
}

int signing_make(struct signing *s, struct wg_county *c, enum wg_signer as, struct wg_str rev,
                 struct wg_str user, struct wg_str signature, struct wg_err *err)
{
    struct wg_arena *a = wg_arena_new(0);
    int rc = a && wg_str_copy(s->user, sizeof(s->user), user) == WG_OK
                 ? find_key(s, c, a, err)
                 : wg_fail(err, WG_ENOMEM, "no memory for a signature");
    struct wg_str text = wg_signed_text(a, as, c->area, rev, user);
    if (rc == WG_OK && s->person && !wg_sign_check(wg_str_of(s->key), text, signature))
        rc = wg_fail(err, WG_EINVAL,
                     "%s signs with a key of their own: the header Wangge-Signature must be its "
                     "signature of the revision, as `wangge rules` makes it",
                     s->user);
    if (rc == WG_OK && s->person)
        rc = wg_str_copy(s->signature, sizeof(s->signature), signature);
    else if (rc == WG_OK)
        wg_sign(s->seed, text, s->signature);
    s->at_ms = wg_now_ms();
    wg_arena_free(a);
    return rc;
}

void signing_keep(struct signing *s, struct wg_county *c)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_arena *a = s->fresh ? wg_arena_new(0) : NULL;
    if (!a)
        return;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "key", wg_str_of(s->key));
    wg_json_kstr(&b, "held", WG_S("server"));
    wg_buf_char(&b, '}');
    const struct wg_secret secret = {
        WG_S("secret"), wg_arena_str(a, (struct wg_str){(char *)s->seed, sizeof(s->seed)})};
    host_keep_secret(c, a, "signkey", wg_arena_str(a, wg_str_of(s->user)),
                     wg_arena_str(a, wg_buf_str(&b)), &secret);
    s->fresh = false;
    wg_buf_free(&b);
}

void signing_write(const struct signing *s, const char *as, struct wg_buf *b)
{
    if (!s->signature[0])
        return;
    wg_json_key(b, as);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "user", wg_str_of(s->user));
    wg_json_kint(b, "at", s->at_ms);
    wg_json_kstr(b, "key", wg_str_of(s->key));
    wg_json_kstr(b, "held", s->person ? WG_S("person") : WG_S("server"));
    wg_json_kstr(b, "signature", wg_str_of(s->signature));
    wg_buf_char(b, '}');
}

void signing_done(struct signing *s)
{
    wg_wipe(s->seed, sizeof(s->seed));
}

/* ---- keys ---- */

/* One's own key. Another may not take its place: an admin takes it away first. */
void put_key(struct call *call)
{
    struct wg_json *body;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_txn *txn;
    struct wg_str json, user = wg_arena_str(call->arena, wg_str_of(call->session->user));
    struct wg_err err = {0};
    bool own = false;
    if (parse_body(call, true, &body) < 0)
        return;
    struct wg_str key = wg_json_str(body, "key");
    if (!wg_sign_is_key(key)) {
        wg_fail_at(&err, WG_EINVAL, "/key", "must be ed25519: and 32 bytes as base64url");
        answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
        return;
    }
    if (reader_begin(call->county, &txn, NULL) == WG_OK) {
        struct wg_json *j;
        if (wg_view_record(wg_desk_views(call->county->desk), txn, "signkey", user, &json) ==
                WG_OK &&
            wg_json_parse(call->arena, json, &j, NULL) == WG_OK)
            own = wg_str_is(wg_json_str(j, "held"), "person") &&
                  !wg_str_eq(wg_json_str(j, "key"), key);
        reader_end(call->county);
    }
    if (own) {
        wg_fail(&err, WG_ESTATE, "you have given another key before; an admin takes that away");
        answer_err(call->req, WG_ESTATE, &err, (struct wg_str){NULL, 0});
        return;
    }
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "key", key);
    wg_json_kstr(&b, "held", WG_S("person"));
    wg_buf_char(&b, '}');
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("signkey");
    call->cmd.name = user;
    call->cmd.value = wg_arena_str(call->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    call_submit(call);
}

void delete_key(struct call *call)
{
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("signkey");
    call->cmd.name = wg_arena_str(call->arena, wg_req_param(call->req, "user"));
    call->cmd.value = WG_S("null");
    call_submit(call);
}
