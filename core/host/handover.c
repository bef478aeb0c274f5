/* A case on its way to a neighbouring county. The county that let it go keeps it as a record until
 * the other says that it has it; so it arrives whatever stops in between, and twice does no harm.
 * Photos first, then words, then the case: what its entry names is there when it is made. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN_MS 5000

struct carry {
    struct carry *next;
    struct wg_county *from, *to;
    char name[24]; /* of the record: the entry's number */
    struct wg_arena *arena;
    struct wg_json *what;
    struct call *waits; /* who received it, and whoever asked the same again meanwhile */
    bool out;
    int64_t after; /* mono ms: not before */
    int rc;
    struct wg_err err;
};

static struct carry *find(struct wg_county *c, struct wg_str name)
{
    struct carry *k = c->carries;
    while (k && !wg_str_is(name, k->name))
        k = k->next;
    return k;
}

static void drop(struct carry *k)
{
    for (struct carry **at = &k->from->carries; *at; at = &(*at)->next) {
        if (*at != k)
            continue;
        *at = k->next;
        break;
    }
    wg_arena_free(k->arena);
    free(k);
}

/* ---- on the pool: the photos ---- */

/* Also one that is there: it is as young again as any that came today, so no sweep takes it. */
static int copy_blob(struct carry *k, const char *from, const char *to, struct wg_str name)
{
    char made[WG_BLOB_NAME + 1];
    struct wg_media media;
    uint64_t size;
    int fd, rc = wg_blob_open(from, name, &fd, &k->err);
    if (rc < 0)
        return rc;
    if (wg_blob_media(from, name, &media, NULL) < 0)
        rc = wg_media_of_fd(fd, k->from->host->config->upload_max[WG_PHOTO], &media, &k->err);
    if (rc == WG_OK)
        rc = wg_blob_put_fd(to, fd, &media, made, &size, &k->err);
    close(fd);
    return rc;
}

static void carry_photos(void *arg)
{
    struct carry *k = arg;
    char from[1100], to[1100];
    const struct wg_json *outs = wg_json_get(k->what, "out"),
                         *photos = outs && outs->count == 2
                                       ? wg_json_get(outs->child->next, "photos")
                                       : NULL;
    snprintf(from, sizeof(from), "%s/blobs", wg_desk_dir(k->from->desk));
    snprintf(to, sizeof(to), "%s/blobs", wg_desk_dir(k->to->desk));
    k->rc = WG_OK;
    for (const struct wg_json *p = photos ? photos->child : NULL; p && k->rc == WG_OK; p = p->next)
        k->rc = copy_blob(k, from, to, wg_json_str(p, "sha256"));
}

/* ---- on the loop: the case ---- */

static void failed(struct carry *k)
{
    wg_log(WG_ERROR, "handover", k->err.text, "area", k->from->area, "to", k->to->area, NULL);
    k->out = false;
    k->after = wg_mono_ms() + AGAIN_MS;
    for (struct call *c = k->waits, *next; c; c = next) {
        next = c->waits_next;
        answer_err(c->req, WG_EBUSY, &k->err, (struct wg_str){NULL, 0});
    }
    k->waits = NULL;
}

static void secret(struct wg_cmd *cmd, struct carry *k, const char *of, const char *field)
{
    struct wg_buf words = WG_BUF_INIT;
    struct wg_str ref = wg_json_str(k->what, of);
    if (ref.n && wg_vault_get(wg_desk_vault(k->from->desk), ref, &words, NULL) == WG_OK)
        cmd->secret[cmd->secrets++] =
            (struct wg_secret){wg_str_of(field), wg_arena_str(cmd->arena, wg_buf_str(&words))};
    wg_buf_free(&words); /* erased by now: it stays so */
}

static void carry_case(void *arg)
{
    struct carry *k = arg;
    struct wg_arena *a = wg_arena_new(0);
    struct call *call = a ? WG_NEW(a, struct call) : NULL;
    struct wg_buf in = WG_BUF_INIT;
    struct wg_json *tree;
    if (k->rc < 0 || !call) {
        wg_arena_free(a);
        failed(k);
        return;
    }
    wg_buf_char(&in, '{');
    wg_json_kstr(&in, "from", wg_str_of(k->from->area));
    if (wg_json_str(k->what, "address").n)
        wg_json_kstr(&in, "address", wg_json_str(k->what, "address"));
    if (wg_json_str(k->what, "description").n)
        wg_json_kstr(&in, "description", wg_json_str(k->what, "description"));
    wg_json_key(&in, "carry");
    wg_json_write(wg_json_get(k->what, "out"), &in);
    wg_buf_char(&in, '}');
    k->rc = wg_json_parse(a, wg_arena_str(a, wg_buf_str(&in)), &tree, &k->err);
    wg_buf_free(&in);
    if (k->rc < 0) {
        wg_arena_free(a);
        failed(k);
        return;
    }
    call->carry = k;
    call->cmd.arena = a;
    call->cmd.act = WG_S("adopt");
    call->cmd.in = tree;
    secret(&call->cmd, k, "words", "description");
    secret(&call->cmd, k, "caller", "caller");
    if (host_submit(call, k->to, a) < 0) {
        wg_fail(&k->err, WG_EBUSY, "the desk of %s takes no more just now", k->to->area);
        failed(k);
    }
}

/* The case as the county that received it has it by now. */
static void show_here(struct call *call)
{
    struct wg_county *c = host_county(call->host, call->cmd.from_area);
    struct wg_txn *txn;
    struct wg_case rec;
    struct wg_buf b = WG_BUF_INIT;
    if (!c || reader_begin(c, &txn, NULL) < 0)
        return;
    if (wg_view_case(wg_desk_views(c->desk), txn, call->cmd.id, &rec) == WG_OK) {
        wg_case_encode(&rec, &b);
        call->cmd.record = wg_arena_str(call->arena, wg_buf_str(&b));
        call->county = c;
    }
    reader_end(c);
    wg_buf_free(&b);
}

void carried(struct call *call)
{
    struct carry *k = call->carry;
    struct wg_arena *a = NULL;
    if (call->cmd.rc < 0 && call->cmd.rc != WG_EEXIST) {
        k->err = call->cmd.err;
        failed(k);
        return;
    }
    for (struct call *c = k->waits, *next; c; c = next) {
        next = c->waits_next;
        if (call->cmd.rc == WG_OK) {
            c->county = k->to;
            c->cmd.record = wg_arena_str(c->arena, call->cmd.record);
        } else { /* it was there already */
            show_here(c);
        }
        answer_cmd(c);
    }
    k->waits = NULL;
    if ((a = wg_arena_new(0)))
        host_keep(k->from, a, "carry", wg_arena_str(a, wg_str_of(k->name)), WG_S("null"));
    k->after = INT64_MAX; /* it is there; the record goes with the entry just asked for */
}

void carry_wait(struct call *call)
{
    struct carry *k;
    char name[24];
    snprintf(name, sizeof(name), "%llu", (unsigned long long)call->cmd.n);
    carries_wake(call->county);
    if ((k = find(call->county, wg_str_of(name))) && k->after != INT64_MAX) {
        call->waits_next = k->waits;
        k->waits = call;
        return;
    }
    show_here(call); /* a repeated key: it is long there */
    answer_cmd(call);
}

static int collect(void *arg, struct wg_str name, struct wg_str json)
{
    struct wg_county *c = arg;
    struct carry *k = find(c, name);
    if (k) {
        k->err.code = WG_OK; /* still there */
        return WG_OK;
    }
    if (!(k = calloc(1, sizeof(*k))))
        return WG_ENOMEM;
    k->from = c;
    wg_str_copy(k->name, sizeof(k->name), name);
    k->arena = wg_arena_new(0);
    if (k->arena && wg_json_parse(k->arena, wg_arena_str(k->arena, json), &k->what, NULL) == WG_OK)
        k->to = host_county(c->host, wg_json_str(k->what, "area"));
    if (!k->to) {
        wg_arena_free(k->arena);
        free(k);
        return WG_OK; /* no such county on this server any more: it waits */
    }
    k->next = c->carries;
    c->carries = k;
    return WG_OK;
}

void carries_wake(struct wg_county *c)
{
    struct wg_txn *txn;
    if (c->is_city || reader_begin(c, &txn, NULL) < 0)
        return;
    for (struct carry *k = c->carries; k; k = k->next)
        k->err.code = WG_ENOENT;
    wg_view_records(wg_desk_views(c->desk), txn, "carry", collect, c);
    reader_end(c);
    for (struct carry *k = c->carries, *next; k; k = next) {
        next = k->next;
        if (k->after == INT64_MAX && k->err.code == WG_ENOENT) {
            drop(k);
        } else if (!k->out && k->after <= wg_mono_ms()) {
            k->out = true;
            if (wg_pool_run(c->host->loop, carry_photos, carry_case, k) < 0)
                k->out = false;
        }
    }
}

void carries_free(struct wg_county *c)
{
    while (c->carries)
        drop(c->carries);
}
