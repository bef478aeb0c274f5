/* Rules on their way into force: a draft is tried step by step, each of them in the journal; what
 * is approved, or comes back, is loaded by a job and put in force by one command. */
#include "release.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- states that are no longer needed ---- */

struct freeing {
    struct job job;
    struct wg_rules *rules;
};

static void free_run(struct job *job)
{
    wg_rules_free(((struct freeing *)job)->rules);
}

static void free_done(struct job *job)
{
    free(job);
}

void rules_free_later(struct wg_county *c, struct wg_rules *rules)
{
    struct freeing *f = rules ? calloc(1, sizeof(*f)) : NULL;
    if (!rules)
        return;
    if (f) {
        *f = (struct freeing){.rules = rules};
        f->job.run = free_run;
        f->job.done = free_done;
    }
    if (f && job_submit(c, &f->job) == WG_OK)
        return;
    wg_rules_free(rules); /* a millisecond of the loop's, when all else is full */
    free(f);
}

/* ---- a piece of work: what is asked for, tried on the job's thread, then a command ---- */

void work_free(struct work *w)
{
    if (w->fd >= 0)
        close(w->fd);
    rules_free_later(w->county, w->trial.rules);
    w->trial.rules = NULL;
    wg_trial_done(&w->trial);
    wg_bundle_drop(w->trial.bundle);
    wg_force_drop(w->force);
    signing_done(&w->sign);
    free(w->moving);
    wg_arena_free(w->a);
    free(w);
}

void work_failed(struct work *w, struct wg_str extra)
{
    if (w->task)
        task_failed(w->task, &w->err, extra);
    else
        wg_log(WG_ERROR, "rules", w->err.text, "area", w->county->area, NULL);
    work_free(w);
}

/* ---- the command that ends it ---- */

struct call *work_own(struct work *w, void (*then)(struct call *own))
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *own = a ? WG_NEW(a, struct call) : NULL;
    if (!own) {
        wg_arena_free(a);
        return NULL;
    }
    own->host = w->county->host;
    own->county = w->county;
    own->arena = a;
    own->then = then;
    own->task = w;
    own->cmd.act = WG_S("keep");
    own->cmd.actor = (struct wg_actor){wg_arena_str(a, w->user), {NULL, 0}, WG_SYSTEM};
    return own;
}

void work_submit(struct work *w, struct call *own)
{
    if (own && call_submit_own(own) == WG_OK)
        return;
    if (own) {
        own->then = NULL;
        command_drop(own);
        wg_arena_free(own->arena);
    }
    wg_fail(&w->err, WG_EBUSY, "the desk of %s is full or closing; try again", w->county->area);
    work_failed(w, (struct wg_str){NULL, 0});
}

/* ---- into force ---- */

/* The draft's record says that it has been in force. */
static void keep_released(struct work *w)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    if (!a)
        return;
    wg_buf_char(&b, '{');
    for (const struct wg_json *m = w->record->child; m; m = m->next) {
        if (wg_str_is(m->key, "state")) {
            wg_json_kstr(&b, "state", WG_S("released"));
            continue;
        }
        wg_json_key_str(&b, m->key);
        wg_json_write(m, &b);
    }
    wg_buf_char(&b, '}');
    host_keep(w->county, a, "draft", wg_arena_str(a, wg_json_str(w->record, "rev")),
              wg_arena_str(a, wg_buf_str(&b)));
    wg_buf_free(&b);
}

static void released(struct call *own)
{
    struct work *w = own->task;
    w->rc = own->cmd.rc;
    w->err = own->cmd.err;
    if (w->rc < 0) {
        work_failed(w, (struct wg_str){NULL, 0});
        return;
    }
    wg_log(WG_INFO, "rules", w->kind == WORK_ROLLBACK ? "rolled back" : "released", "area",
           w->county->area, "rev", wg_bundle_rev(w->trial.bundle), NULL);
    if (w->kind == WORK_APPROVE)
        keep_released(w);
    for (size_t i = 0; w->moving && i < w->moves.can; i++)
        host_migrate(w->county, w->moving[i], wg_bundle_rev(w->trial.bundle), w->user);
    if (w->task) {
        struct wg_buf *b = &w->task->result;
        wg_buf_char(b, '{');
        wg_json_kint(b, "entry", (int64_t)own->cmd.n);
        wg_json_kstr(b, "area", wg_str_of(w->county->area));
        wg_json_kstr(b, "rules", wg_str_of(wg_bundle_rev(w->trial.bundle)));
        if (w->migrate)
            wg_json_kint(b, "migrating", (int64_t)w->moves.can);
        wg_json_key(b, "in_force");
        rules_now(w->county, b);
        wg_buf_char(b, '}');
        task_done(w->task, 200);
    }
    work_free(w);
}

static void copy_members(const struct wg_json *from, const char *const *names, struct wg_buf *b)
{
    for (size_t i = 0; names[i]; i++) {
        const struct wg_json *m = wg_json_get(from, names[i]);
        if (!m)
            continue;
        wg_json_key(b, names[i]);
        wg_json_write(m, b);
    }
}

static void submit_release(struct work *w)
{
    static const char *const same[] = {"rev",    "blob",   "files",    "base",
                                       "author", "report", "approver", NULL};
    struct wg_buf b = WG_BUF_INIT;
    struct call *own = work_own(w, released);
    if (!own) {
        work_submit(w, NULL);
        return;
    }
    wg_buf_char(&b, '{');
    copy_members(w->record, same, &b);
    if (w->kind == WORK_APPROVE)
        signing_write(&w->sign, "approver", &b);
    if (w->kind == WORK_ROLLBACK) {
        wg_json_kint(&b, "undid", w->now_n);
        wg_json_kint(&b, "same_as", w->same_as);
    }
    wg_json_kstr(&b, "note", w->note);
    wg_buf_char(&b, '}');
    own->cmd.kind = WG_S("rules");
    own->cmd.name = WG_S("now");
    own->cmd.value = wg_arena_str(own->arena, wg_buf_str(&b));
    own->cmd.instead = (uint64_t)w->now_n;
    own->cmd.bundle = wg_bundle_keep(w->trial.bundle);
    own->cmd.rules = w->trial.rules;
    w->trial.rules = NULL;
    wg_buf_free(&b);
    work_submit(w, own);
}

static int find_moving(struct work *w)
{
    struct wg_pack *to = wg_rules_pack(w->trial.rules);
    int rc = wg_desk_migration(w->county->desk, to, &w->moves, NULL, 0, NULL, &w->err);
    size_t cap = w->moves.can;
    if (rc < 0 || !(w->moving = calloc(cap + 1, sizeof(*w->moving))))
        return rc < 0 ? rc : wg_fail(&w->err, WG_ENOMEM, "out of memory");
    rc = wg_desk_migration(w->county->desk, to, &w->moves, w->moving, cap, NULL, &w->err);
    w->moves.can = w->moves.can < cap ? w->moves.can : cap;
    return rc;
}

/* The bundle from its blob, and its rules, so that the desk need not load them. */
static void release_run(struct work *w)
{
    struct wg_str rev = wg_json_str(w->record, "rev");
    char dir[1100];
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(w->county->desk));
    w->rc = wg_bundle_load(dir, wg_json_str(w->record, "blob"), rev, &w->trial.bundle, &w->err);
    if (w->rc == WG_OK)
        w->rc = wg_rules_new(w->trial.bundle, NULL, w->trial.plugins, &w->trial.rules, &w->err);
    if (w->rc == WG_OK && w->migrate)
        w->rc = find_moving(w);
    if (w->rc == WG_OK && w->kind == WORK_APPROVE)
        w->rc = signing_make(&w->sign, w->county, WG_APPROVER, rev, w->user, w->signature, &w->err);
}

/* ---- the job ---- */

static void work_run(struct job *job)
{
    struct work *w = (struct work *)job;
    if (w->task)
        __atomic_store_n(&w->task->running, true, __ATOMIC_RELAXED);
    if (w->kind == WORK_DRAFT)
        draft_run(w);
    else
        release_run(w);
}

static void work_done(struct job *job)
{
    struct work *w = (struct work *)job;
    if (w->rc < 0) {
        work_failed(w, (struct wg_str){NULL, 0});
        return;
    }
    if (w->kind != WORK_DRAFT) {
        signing_keep(&w->sign, w->county);
        submit_release(w);
        return;
    }
    if (w->only_hash) {
        struct wg_buf *b = &w->task->result;
        wg_buf_char(b, '{');
        wg_json_kstr(b, "hash", wg_str_of(wg_bundle_rev(w->trial.bundle)));
        wg_buf_char(b, '}');
        task_done(w->task, 200);
        work_free(w);
        return;
    }
    if (w->step < 0)
        signing_keep(&w->sign, w->county);
    if (w->step >= 0 && strcmp(draft_state(w), "checking") != 0) {
        draft_end(w);
        return;
    }
    draft_keep(w);
    w->step++;
    if (job_submit(w->county, &w->job) < 0) {
        wg_fail(&w->err, WG_EBUSY, "too many jobs wait; try again");
        work_failed(w, (struct wg_str){NULL, 0});
    }
}

static void read_exemptions(struct work *w)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *list = NULL;
    exemptions_write(w->county, &b);
    wg_json_parse(w->a, wg_arena_str(w->a, wg_buf_str(&b)), &list, NULL);
    w->trial.exemptions = list;
    wg_buf_free(&b);
}

struct work *work_new(struct wg_county *c, enum work_kind kind)
{
    struct work *w = calloc(1, sizeof(*w));
    struct wg_arena *a = wg_arena_new(0);
    if (!w || !a) {
        wg_arena_free(a);
        free(w);
        return NULL;
    }
    w->county = c;
    w->a = a;
    w->kind = kind;
    w->fd = -1;
    w->step = -1;
    w->began_ms = wg_now_ms();
    w->force = wg_desk_force(c->desk);
    w->trial.plugins = c->host->plugins;
    w->trial.calendar = c->host->calendar;
    w->trial.ground = w->force->ground;
    w->trial.in_force = w->force->pack;
    read_exemptions(w);
    w->trial.desk = c->desk;
    w->trial.now_ms = w->began_ms;
    w->job.run = work_run;
    w->job.done = work_done;
    return w;
}

struct work *work_for(struct call *call, enum work_kind kind)
{
    struct work *w = work_new(call->county, kind);
    if (!w) {
        wg_reply_problem(call->req, 503, "out of memory");
        return NULL;
    }
    w->user = wg_arena_str(w->a, wg_str_of(call->session->user));
    w->signature = wg_arena_str(w->a, wg_req_header(call->req, "wangge-signature"));
    return w;
}

void work_begin(struct work *w, struct call *call, const char *what)
{
    w->task = task_new(call, what, (struct wg_str){NULL, 0});
    if (w->task && job_submit(call->county, &w->job) == WG_OK)
        return;
    wg_fail(&w->err, WG_EBUSY, "too many jobs wait; try again");
    if (!w->task)
        answer_err(call->req, WG_EBUSY, &w->err, (struct wg_str){NULL, 0});
    if (w->task)
        work_failed(w, (struct wg_str){NULL, 0});
    else
        work_free(w);
}

bool work_record(struct work *w, const char *kind, struct wg_str name, struct wg_json **out)
{
    struct wg_county *c = w->county;
    struct wg_txn *txn;
    struct wg_str json;
    bool ok = false;
    *out = NULL;
    if (reader_begin(c, &txn, NULL) < 0)
        return false;
    if (wg_view_record(wg_desk_views(c->desk), txn, kind, name, &json) == WG_OK)
        ok = wg_json_parse(w->a, wg_arena_str(w->a, json), out, NULL) == WG_OK;
    reader_end(c);
    return ok;
}
