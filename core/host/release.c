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

void rules_free_later(struct wg_host *h, struct wg_rules *rules)
{
    struct freeing *f = rules ? calloc(1, sizeof(*f)) : NULL;
    if (!rules)
        return;
    if (f) {
        *f = (struct freeing){.rules = rules};
        f->job.run = free_run;
        f->job.done = free_done;
    }
    if (f && job_submit(h, &f->job) == WG_OK)
        return;
    wg_rules_free(rules); /* a millisecond of the loop's, when all else is full */
    free(f);
}

/* ---- a piece of work: what is asked for, tried on the job's thread, then a command ---- */

void work_free(struct work *w)
{
    if (w->fd >= 0)
        close(w->fd);
    rules_free_later(w->county->host, w->trial.rules);
    w->trial.rules = NULL;
    wg_trial_done(&w->trial);
    wg_bundle_drop(w->trial.bundle);
    wg_force_drop(w->force);
    signing_done(&w->sign);
    free(w->moving);
    wg_arena_free(w->a);
    free(w);
}

static void work_failed(struct work *w, struct wg_str extra)
{
    if (w->task)
        task_failed(w->task, &w->err, extra);
    else
        wg_log(WG_ERROR, "rules", w->err.text, "area", w->county->area, NULL);
    work_free(w);
}

/* ---- records ---- */

static void write_steps(const struct work *w, bool whole, struct wg_buf *b)
{
    wg_json_key(b, "steps");
    wg_buf_char(b, '[');
    for (int i = 0; i < WG_TRIAL_STEPS; i++)
        if (w->trial.result[i].done)
            wg_trial_write(&w->trial, i, whole, b);
    wg_buf_char(b, ']');
}

static const char *state_of(const struct work *w)
{
    for (int i = 0; i < WG_TRIAL_STEPS; i++) {
        if (!w->trial.result[i].done)
            return "checking";
        if (!w->trial.result[i].ok)
            return "refused";
    }
    return "checked";
}

static void write_draft(const struct work *w, struct wg_buf *b)
{
    struct wg_bundle *bundle = w->trial.bundle;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "rev", wg_str_of(wg_bundle_rev(bundle)));
    wg_json_kstr(b, "state", wg_str_of(state_of(w)));
    wg_json_kstr(b, "by", w->user);
    wg_json_kint(b, "at", w->began_ms);
    wg_json_kstr(b, "note", w->note);
    wg_json_kint(b, "files", (int64_t)wg_bundle_files(bundle));
    wg_json_kstr(b, "base", w->rev);
    wg_json_kstr(b, "blob", wg_str_of(w->blob));
    if (w->report[0])
        wg_json_kstr(b, "report", wg_str_of(w->report));
    signing_write(&w->sign, "author", b);
    write_steps(w, false, b);
    wg_buf_char(b, '}');
}

/* The draft's record as it stands; a step of its own in the journal. */
static void keep_draft(struct work *w)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    write_draft(w, &b);
    if (a)
        host_keep(w->county, a, "draft", wg_arena_str(a, wg_str_of(wg_bundle_rev(w->trial.bundle))),
                  wg_arena_str(a, wg_buf_str(&b)));
    wg_buf_free(&b);
}

/* ---- a draft ---- */

static int read_tar(struct wg_county *c, int fd, struct wg_arena *a, struct wg_bundle_file **files,
                    size_t *count, struct wg_err *err)
{
    struct wg_buf tar = WG_BUF_INIT;
    off_t size = lseek(fd, 0, SEEK_END);
    char *p = size >= 0 && size <= (8 << 20) ? wg_buf_room(&tar, (size_t)size + 1) : NULL;
    int rc = p && pread(fd, p, (size_t)size, 0) == (ssize_t)size
                 ? WG_OK
                 : wg_fail(err, WG_ERANGE, "a draft holds 4 MiB in all");
    if (rc == WG_OK)
        rc = wg_draft_read((struct wg_str){p, (size_t)size}, c->area, a, files, count, err);
    wg_buf_free(&tar);
    return rc;
}

/* What a draft stands on: the city's rules in force. */
static int read_base(struct wg_county *c, struct wg_arena *a, struct wg_bundle **out,
                     struct wg_str *rev, struct wg_err *err)
{
    struct wg_desk *city = c->host->city->desk;
    struct wg_force *f = wg_desk_force(city);
    *rev = f->pack ? wg_arena_str(a, wg_str_of(f->pack->rev)) : (struct wg_str){NULL, 0};
    wg_force_drop(f);
    return rev->n ? wg_desk_bundle(city, *rev, out, err)
                  : wg_fail(err, WG_ESTATE, "the city has no rules in force");
}

int draft_bundle(struct wg_county *c, int fd, struct wg_arena *a, struct wg_bundle **out,
                 struct wg_str *base_rev, struct wg_err *err)
{
    struct wg_bundle_file *files;
    struct wg_bundle *base = NULL;
    struct wg_str rev;
    size_t count;
    int rc = read_tar(c, fd, a, &files, &count, err);
    if (rc < 0 || (rc = read_base(c, a, &base, &rev, err)) < 0)
        return rc;
    rc = wg_bundle_over(base, c->host->config->city.p, c->area, files, count, out, err);
    wg_bundle_drop(base);
    if (base_rev)
        *base_rev = rev;
    return rc == WG_ENOENT ? (err->code = WG_EINVAL)
                           : rc; /* the draft's fault, not the address's */
}

int hash_bundle(struct wg_county *c, struct wg_str hash, struct wg_arena *a, struct wg_bundle **out,
                struct wg_err *err)
{
    static const char *const kinds[] = {"draft", "rev"};
    struct wg_views *v = wg_desk_views(c->desk);
    struct wg_txn *txn = NULL;
    struct wg_str json = {NULL, 0};
    struct wg_json *j = NULL;
    char dir[1100];
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 2 && !json.p; i++)
        if (wg_view_record(v, txn, kinds[i], hash, &json) < 0)
            json = (struct wg_str){NULL, 0};
    rc = json.p ? wg_json_parse(a, wg_arena_str(a, json), &j, err)
                : wg_fail(err, WG_ENOENT, "there is no such draft or revision here");
    wg_txn_abort(txn);
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(c->desk));
    return rc == WG_OK ? wg_bundle_load(dir, wg_json_str(j, "blob"), hash, out, err) : rc;
}

static int begin_draft(struct work *w)
{
    struct wg_buf text = WG_BUF_INIT;
    char dir[1100];
    int rc = draft_bundle(w->county, w->fd, w->a, &w->trial.bundle, &w->rev, &w->err);
    if (rc < 0 || w->only_hash)
        return rc;
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(w->county->desk));
    wg_bundle_json(w->trial.bundle, &text);
    rc = wg_buf_ok(&text) ? wg_blob_put(dir, wg_buf_str(&text), w->blob, &w->err) : WG_ENOMEM;
    wg_buf_free(&text);
    if (rc == WG_OK)
        rc = signing_make(&w->sign, w->county, WG_AUTHOR, wg_str_of(wg_bundle_rev(w->trial.bundle)),
                          w->user, w->signature, &w->err);
    return rc;
}

static void write_report(struct work *w)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err;
    char dir[1100];
    wg_buf_char(&b, '{');
    write_steps(w, true, &b);
    wg_buf_char(&b, '}');
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(w->county->desk));
    if (!wg_buf_ok(&b) || wg_blob_put(dir, wg_buf_str(&b), w->report, &err) < 0)
        w->report[0] = '\0';
    wg_buf_free(&b);
}

static void draft_run(struct work *w)
{
    if (w->step < 0) {
        w->rc = begin_draft(w);
        return;
    }
    w->rc = wg_trial_step(&w->trial, w->step, &w->err);
    if (w->rc == WG_OK && strcmp(state_of(w), "checking") != 0)
        write_report(w);
}

/* The next fault of the list, or NULL. */
static const struct wg_json *fault_from(const struct wg_json *m)
{
    while (m && !wg_str_is(wg_json_str(m, "severity"), "fault"))
        m = m->next;
    return m;
}

static void write_fault(struct work *w, const struct wg_json *m, struct wg_buf *b)
{
    static const char *const more[] = {"check", "where", "right"};
    struct wg_str file = wg_json_str(m, "file");
    struct wg_str at =
        wg_arena_fmt(w->a, "/%.*s:%lld", WG_PRI(file), (long long)wg_json_int(m, "line", 0));
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "pointer", file.n ? at : WG_S(""));
    wg_json_kstr(b, "detail", wg_json_str(m, "text"));
    for (int i = 0; i < 3; i++)
        if (wg_json_str(m, more[i]).n)
            wg_json_kstr(b, more[i], wg_json_str(m, more[i]));
    wg_buf_char(b, '}');
}

/* Faults as a problem has them: the pointer is the place in the draft; the first is its detail. */
static void write_faults(struct work *w, struct wg_buf *b)
{
    const struct wg_json *list = wg_findings_list(&w->trial.result[w->step].findings, w->a);
    const struct wg_json *first = fault_from(list ? list->child : NULL);
    wg_json_kstr(b, "step", wg_str_of(wg_trial_name(w->step)));
    wg_json_kstr(b, "hash", wg_str_of(wg_bundle_rev(w->trial.bundle)));
    wg_json_key(b, "errors");
    wg_buf_char(b, '[');
    for (const struct wg_json *m = first; m; m = fault_from(m->next))
        write_fault(w, m, b);
    wg_buf_char(b, ']');
    wg_trial_fault(&w->trial, w->step, &w->err);
    w->err.code = WG_EINVAL;
}

static void answer_draft(struct work *w)
{
    struct wg_buf *b = &w->task->result;
    write_draft(w, b);
    if (!wg_buf_ok(b))
        return;
    b->n--; /* into the object, before its brace */
    wg_json_kstr(b, "hash", wg_str_of(wg_bundle_rev(w->trial.bundle)));
    wg_json_kstr(b, "area", wg_str_of(w->county->area));
    wg_buf_char(b, '}');
    task_done(w->task, 201);
}

static void draft_kept(struct call *own)
{
    struct work *w = own->task;
    struct wg_buf extra = WG_BUF_INIT;
    w->rc = own->cmd.rc;
    w->err = own->cmd.err;
    if (w->rc == WG_OK && strcmp(state_of(w), "refused") != 0) {
        answer_draft(w);
        work_free(w);
        return;
    }
    if (w->rc == WG_OK)
        write_faults(w, &extra);
    work_failed(w, wg_buf_str(&extra));
    wg_buf_free(&extra);
}

/* The record that ends a piece of work: `then` has the answer. */
static struct call *own_call(struct work *w, void (*then)(struct call *own))
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

static void submit_own(struct work *w, struct call *own)
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

static void end_draft(struct work *w)
{
    struct wg_buf b = WG_BUF_INIT;
    struct call *own = own_call(w, draft_kept);
    if (own) {
        write_draft(w, &b);
        own->cmd.kind = WG_S("draft");
        own->cmd.name = wg_arena_str(own->arena, wg_str_of(wg_bundle_rev(w->trial.bundle)));
        own->cmd.value = wg_arena_str(own->arena, wg_buf_str(&b));
        wg_buf_free(&b);
    }
    submit_own(w, own);
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
    struct call *own = own_call(w, released);
    if (!own) {
        submit_own(w, NULL);
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
    submit_own(w, own);
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
    if (w->step >= 0 && strcmp(state_of(w), "checking") != 0) {
        end_draft(w);
        return;
    }
    keep_draft(w);
    w->step++;
    if (job_submit(w->county->host, &w->job) < 0) {
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
    if (w->task && job_submit(call->host, &w->job) == WG_OK)
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
