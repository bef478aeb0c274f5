/* A plugin's way to change one feature of base data: read and judged on the pool, decided by the
 * county's desk, told when it is durable. */
#include "inside.h"

#include <stdio.h>

struct editing {
    struct call call; /* the command; in the request's arena, which lives until it is answered */
    struct wg_edit edit;
    void (*then)(void *arg, const struct wg_edited *r);
    void *arg;
    struct wg_str streets; /* that the editor is bound to */
    struct wg_edited result;
};

static void tell(struct editing *e)
{
    e->then(e->arg, &e->result);
}

/* Under any id: the desk knows which it is to be. */
static void write_feature(const struct wg_json *j, struct wg_buf *b)
{
    wg_buf_lit(b, "{\"type\":\"Feature\",\"id\":\"new\"");
    static const char *const kept[] = {"properties", "geometry"};
    for (size_t k = 0; k < 2; k++) {
        const struct wg_json *m = wg_json_get(j, kept[k]);
        wg_json_key(b, kept[k]);
        if (m)
            wg_json_write(m, b);
        else
            wg_buf_lit(b, "null");
    }
    wg_buf_lit(b, "}\n");
}

/* Does one feature lie in the streets that its editor is bound to? refused: what it is if not. */
static int check_within(struct editing *e, const struct wg_layer *one, const struct wg_layer *areas,
                        int refused)
{
    struct wg_err *err = &e->result.err;
    struct wg_layer *in = NULL;
    int rc = wg_layer_within(one, areas, e->streets, true, &in, err);
    if (rc == WG_OK && wg_layer_count(in) == 0)
        rc = wg_fail(err, refused, "%s in the streets of your account (%.*s)",
                     refused == WG_ENOENT ? "there is no such feature" : "it does not lie whole",
                     WG_PRI(e->streets));
    wg_layer_drop(in);
    return rc;
}

/* As it was and as it is to be. What was looked at is what is edited. */
static int check_streets(struct editing *e)
{
    struct wg_ground *g = wg_county_ground(e->call.county);
    const struct wg_layer *areas = wg_ground_layer(g, "streets"),
                          *layer = wg_ground_layer(g, e->edit.collection);
    struct wg_layer_faults faults = {0};
    struct wg_layer *was = NULL;
    struct wg_buf b = WG_BUF_INIT;
    int rc = WG_OK;
    size_t i;
    if (strcmp(e->edit.collection, "streets") == 0)
        rc = wg_fail(&e->result.err, WG_EDENIED,
                     "an account that is bound to streets does not redraw them");
    else if (e->edit.id.n && layer && wg_layer_by_id(layer, e->edit.id, &i)) {
        wg_layer_feature(layer, i, &b);
        wg_buf_char(&b, '\n');
        rc = wg_layer_from_geojsons(wg_buf_str(&b), NULL, &was, &faults, &e->result.err);
        if (!e->call.cmd.if_mark)
            e->call.cmd.if_mark = wg_layer_feature_mark(layer, i);
    }
    if (rc == WG_OK && was)
        rc = check_within(e, was, areas, WG_ENOENT);
    if (rc == WG_OK && e->call.cmd.put)
        rc = check_within(e, e->call.cmd.put, areas, WG_EDENIED);
    wg_buf_free(&faults.text);
    wg_buf_free(&b);
    wg_layer_drop(was);
    wg_ground_drop(g);
    return rc;
}

static int read_feature(struct editing *e)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_layer_faults faults = {0};
    struct wg_json *j;
    struct wg_buf b = WG_BUF_INIT;
    int rc = a ? wg_json_parse(a, e->edit.feature, &j, &e->result.err) : WG_ENOMEM;
    if (rc == WG_OK) {
        write_feature(j, &b);
        rc =
            wg_layer_from_geojsons(wg_buf_str(&b), NULL, &e->call.cmd.put, &faults, &e->result.err);
    }
    wg_buf_free(&faults.text);
    wg_buf_free(&b);
    wg_arena_free(a);
    return rc;
}

static void read_work(void *arg)
{
    struct editing *e = arg;
    e->result.rc = e->edit.feature.p ? read_feature(e) : WG_OK;
    if (e->result.rc == WG_OK && e->streets.n)
        e->result.rc = check_streets(e);
}

/* Of a key that was known: the feature that the entry of then was about. */
struct seeking {
    struct wg_arena *a;
    char end[32];
    struct wg_str id;
};

static int seek(void *arg, struct wg_str name, struct wg_str json)
{
    struct seeking *s = arg;
    struct wg_json *j;
    size_t n = strlen(s->end);
    if (name.n > n && memcmp(name.p + name.n - n, s->end, n) == 0 &&
        wg_json_parse(s->a, json, &j, NULL) == WG_OK)
        s->id = wg_json_str(j, "id");
    return s->id.n > 0;
}

static struct wg_str known_id(struct editing *e)
{
    struct seeking s = {.a = e->call.arena};
    struct wg_txn *txn;
    snprintf(s.end, sizeof(s.end), ".%012llu", (unsigned long long)e->call.cmd.n);
    if (reader_begin(e->call.county, &txn, NULL) == WG_OK) {
        wg_view_records(wg_desk_views(e->call.county->desk), txn, "edits", seek, &s);
        reader_end(e->call.county);
    }
    return s.id;
}

void edit_done(struct call *call)
{
    struct editing *e = call->task;
    e->result.rc = call->cmd.rc;
    e->result.err = call->cmd.err;
    e->result.id = call->cmd.repeated ? known_id(e) : call->cmd.made;
    e->result.mark = call->cmd.repeated ? 0 : call->cmd.mark;
    tell(e);
}

static void submit(struct editing *e)
{
    if (wg_desk_submit(e->call.county->desk, &e->call.cmd) == WG_OK)
        return;
    command_drop(&e->call);
    e->result.rc = wg_fail(&e->result.err, WG_EBUSY, "the desk of %s is full or closing; try again",
                           e->call.county->area);
    tell(e);
}

static void read_done(void *arg)
{
    struct editing *e = arg;
    if (e->result.rc == WG_OK) {
        submit(e);
        return;
    }
    command_drop(&e->call);
    tell(e);
}

void wg_county_edit(struct wg_req *req, struct wg_county *county, const struct wg_edit *edit,
                    void (*then)(void *arg, const struct wg_edited *r), void *arg)
{
    struct wg_arena *a = wg_req_arena(req);
    struct editing *e = WG_NEW(a, struct editing);
    struct wg_edited none = {.rc = WG_ENOMEM};
    if (!e) {
        then(arg, &none);
        return;
    }
    struct call *call = &e->call;
    struct wg_cmd *cmd = &call->cmd;
    *e = (struct editing){.edit = *edit, .then = then, .arg = arg};
    call->req = req;
    call->county = county;
    call->arena = a;
    call->task = e;
    call->edits = true;
    call->host = county->host;
    call_bind(call);
    cmd->act = WG_S("keep");
    cmd->kind = WG_S("edit");
    cmd->name = wg_str_of(edit->collection);
    cmd->must_be_there = edit->must_be_there;
    cmd->if_mark = edit->if_mark;
    cmd->feature = edit->id;
    cmd->actor = req_actor(req, county->host, a);
    e->streets = wg_req_streets(req);
    if (!cmd->actor.user.n) {
        e->result.rc = wg_fail(&e->result.err, WG_EUNAUTH, "sign in first");
        tell(e);
        return;
    }
    if (!call_key(call, wg_req_header(req, "idempotency-key"), wg_req_method(req),
                  wg_req_target(req), wg_req_body(req)))
        return; /* answered: the key is none */
    if (!edit->feature.p && !e->streets.n) {
        submit(e);
    } else if (wg_pool_run(county->host->loop, read_work, read_done, e) < 0) {
        e->result.rc = WG_ENOMEM;
        tell(e);
    }
}
