/* Commands: out to the desk, back by the bell; those of the host's own, too. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

static void came_back(struct wg_cmd *cmd) /* on the desk's thread */
{
    struct call *call = cmd->owner;
    struct wg_host *h = call->host;
    /* The queue has no limit: it holds what the desks' queues let in. */
    wg_require(wg_queue_push(h->results, &cmd->link) == WG_OK);
    wg_bell_ring(h->bell);
}

bool call_key(struct call *call, struct wg_str key, int method, struct wg_str target,
              struct wg_str body)
{
    struct wg_cmd *cmd = &call->cmd;
    struct wg_err err = {0};
    const char how = (char)method;
    /* Method, path, body; an import's body is in a file, which its value names. */
    const struct wg_str parts[] = {{&how, 1}, target, body, cmd->value};
    cmd->key = key;
    if (key.n > 128)
        wg_fail(&err, WG_EINVAL, "Idempotency-Key has %zu bytes; at most 128", key.n);
    else if (!wg_utf8_valid(key))
        wg_fail(&err, WG_EINVAL, "Idempotency-Key is not UTF-8");
    if (err.code) {
        answer_status(call->req, 400, &err, (struct wg_str){NULL, 0}, 0);
        return false;
    }
    if (key.n) {
        struct wg_hash h =
            wg_hash_keyed(wg_vault_secret(wg_desk_vault(call->county->desk)), parts, 4);
        wg_hash_short(&h, cmd->ask);
    }
    return true;
}

void call_bind(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    cmd->arena = call->arena;
    cmd->done = came_back;
    cmd->owner = call;
    cmd->if_match = -1;
}

int call_submit_own(struct call *call)
{
    call_bind(call);
    return wg_desk_submit(call->county->desk, &call->cmd);
}

/* What a command brought along, and what had to make room for it. */
void command_drop(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    wg_ground_drop(cmd->ground);
    wg_layer_drop(cmd->put);
    wg_bundle_drop(cmd->bundle);
    rules_free_later(call->county, cmd->rules);
    rules_free_later(call->county, cmd->left);
    cmd->ground = NULL;
    cmd->put = NULL;
    cmd->bundle = NULL;
    cmd->rules = cmd->left = NULL;
}

void call_submit(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    struct session *s = call->session;
    struct wg_err err = {0};
    struct wg_str match = wg_req_header(call->req, "if-match");
    call_bind(call);
    if (match.n && !wg_str_is(match, "*")) {
        struct wg_str v = match;
        if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
            v = (struct wg_str){v.p + 1, v.n - 2};
        if (wg_str_int(v, &cmd->if_match) < 0 || cmd->if_match < 0)
            cmd->if_match = INT64_MAX; /* no version of ours: it can't match */
    }
    struct wg_str user = wg_str_of(s->user);
    if (cmd->from_area.n) /* somebody of another county, and told apart from ours by it */
        user = wg_arena_fmt(call->arena, "%.*s/%s", WG_PRI(cmd->from_area), s->user);
    cmd->actor = (struct wg_actor){wg_arena_str(call->arena, user),
                                   wg_arena_str(call->arena, wg_str_of(s->unit)), s->roles};
    if (call->row->flags & ROW_BY_CITY) /* not to be taken for an account of the county */
        cmd->actor.user = wg_arena_fmt(call->arena, "%s:%s", s->county->area, s->user);
    if (!call_key(call, wg_req_header(call->req, "idempotency-key"), wg_req_method(call->req),
                  wg_req_target(call->req), wg_req_body(call->req)))
        return;
    call->session = NULL; /* may be gone when the answer comes */
    call->sees_words = s->roles & CASE_READERS;
    call->sees_caller = s->roles & (WG_ACCEPTOR | WG_CHIEF);
    if (wg_desk_submit(call->county->desk, cmd) < 0) {
        command_drop(call);
        wg_fail(&err, WG_EBUSY, "the desk of %s is full or closing; try again", call->county->area);
        answer_err(call->req, WG_EBUSY, &err, (struct wg_str){NULL, 0});
    }
}

int host_submit(struct call *call, struct wg_county *c, struct wg_arena *a)
{
    return host_submit_as(call, c, a, WG_S("system"));
}

int host_submit_as(struct call *call, struct wg_county *c, struct wg_arena *a, struct wg_str by)
{
    call->host = c->host;
    call->county = c;
    call->arena = a;
    call_bind(call);
    call->cmd.actor = (struct wg_actor){by, {NULL, 0}, WG_SYSTEM};
    if (wg_desk_submit(c->desk, &call->cmd) == WG_OK)
        return WG_OK;
    wg_log(WG_WARN, "host", "the desk takes no more", "area", c->area, NULL);
    command_drop(call);
    wg_arena_free(a);
    return WG_EBUSY;
}

void host_keep_secret(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
                      struct wg_str value, const struct wg_secret *secret)
{
    struct call *call = WG_NEW(a, struct call);
    if (!call) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("keep");
    call->cmd.kind = wg_str_of(kind);
    call->cmd.name = name;
    call->cmd.value = value;
    if (secret)
        call->cmd.secret[call->cmd.secrets++] = *secret;
    host_submit(call, c, a);
}

void host_keep(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
               struct wg_str value)
{
    host_keep_secret(c, a, kind, name, value, NULL);
}

void host_release(struct wg_county *c, struct wg_arena *a, struct wg_str value,
                  struct wg_bundle *bundle, struct wg_rules *rules)
{
    struct call *call = WG_NEW(a, struct call);
    if (!call) {
        rules_free_later(c, rules);
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("rules");
    call->cmd.name = WG_S("now");
    call->cmd.value = value;
    call->cmd.bundle = wg_bundle_keep(bundle);
    call->cmd.rules = rules;
    host_submit(call, c, a);
}

void host_migrate(struct wg_county *c, uint64_t id, const char *rev, struct wg_str by)
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *call = a ? WG_NEW(a, struct call) : NULL;
    struct wg_json *in = NULL;
    struct wg_str body = a ? wg_arena_fmt(a, "{\"rules\":\"%s\"}", rev) : (struct wg_str){NULL, 0};
    if (!call || wg_json_parse(a, body, &in, NULL) < 0) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("migrate");
    call->cmd.id = id;
    call->cmd.in = in;
    call->cmd.kind = WG_S("");
    host_submit_as(call, c, a, wg_arena_str(a, by));
}

void host_done(struct wg_county *c, uint64_t n, uint32_t i)
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *call = a ? WG_NEW(a, struct call) : NULL;
    if (!call) {
        wg_arena_free(a);
        return;
    }
    call->cmd.act = WG_S("done");
    call->cmd.done_n = n;
    call->cmd.done_i = i;
    host_submit(call, c, a);
}

void reply_version(struct wg_req *req, uint32_t version)
{
    char text[16];
    struct wg_buf b = {text, 0, sizeof(text), false}; /* quotes and ten digits: it never grows */
    wg_buf_char(&b, '"');
    wg_buf_int(&b, version);
    wg_buf_char(&b, '"');
    wg_reply_header(req, "ETag", wg_buf_str(&b));
}

void answer_cmd(struct call *call)
{
    struct wg_cmd *cmd = &call->cmd;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case c;
    char where[64], id[24];
    if (cmd->rc < 0) {
        answer_err(call->req, cmd->rc, &cmd->err, cmd->allowed);
        return;
    }
    if (!cmd->record.n || wg_case_decode(cmd->record, &c) < 0) {
        wg_buf_fmt(&b, "{\"entry\":%llu}", (unsigned long long)cmd->n);
        answer_json(call->req, call->status, &b);
        return;
    }
    const struct session sees = {.roles = call->sees_caller  ? WG_ACCEPTOR
                                          : call->sees_words ? WG_LEADER
                                                             : 0};
    show_case(call->county, &sees, &c, &b);
    reply_version(call->req, c.version);
    if (call->status == 201) {
        wg_case_id_text(c.id, id);
        snprintf(where, sizeof(where), "/v1/%s/cases/%s", call->county->area, id);
        wg_reply_header(call->req, "Location", wg_str_of(where));
    }
    answer_json(call->req, call->status, &b);
}

void take_results(void *arg)
{
    struct wg_host *h = arg;
    bool woken[WG_AREAS_MAX] = {false};
    struct wg_link *l = wg_queue_take(h->results, SIZE_MAX, 0), *next;
    for (; l; l = next) {
        struct call *call = ((struct wg_cmd *)l)->owner;
        next = l->next;
        if (call->cmd.rc == WG_OK && call->county)
            woken[call->county->index] = true;
        if (call->cmd.rc == WG_OK && wg_str_is(call->cmd.kind, "user"))
            session_end_user(h, call->county, call->cmd.name.p);
        if (call->cmd.rc == WG_OK && call->cmd.ground && call->county->is_city &&
            counties_share_outlines(h, &call->cmd.err) < 0)
            wg_log(WG_ERROR, "host", call->cmd.err.text, NULL);
        command_drop(call);
        if (call->then) {
            call->then(call);
            wg_arena_free(call->arena);
            continue;
        }
        if (call->edits) {
            edit_done(call);
            continue;
        }
        if (call->req) {
            if (call->cmd.rc == WG_OK && call->cmd.from_area.n)
                carry_wait(call);
            else
                answer_cmd(call);
            continue;
        }
        if (call->carry)
            carried(call);
        else if (call->cmd.rc < 0)
            wg_log(WG_ERROR, "host", call->cmd.err.text, "area", call->county->area, NULL);
        wg_arena_free(call->arena); /* the host's own command */
    }
    for (size_t i = 0; i < h->counties; i++) {
        if (!woken[i])
            continue;
        county_woken(h->county[i]);
    }
}
