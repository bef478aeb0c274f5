/* 回测 asked for: a draft from the body, or one that is here, over recorded decisions; its result
 * as JSON, CSV or a page, and kept beside the draft. */
#include "release.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct testing {
    struct job job;
    struct task *task;
    struct wg_county *county;
    struct wg_arena *a;
    int fd; /* of the body; -1: by hash */
    struct wg_str hash, user;
    int64_t from_ms, to_ms;
    enum { AS_JSON, AS_CSV, AS_HTML } as;
    struct wg_reading far; /* entries */
    struct wg_buf sum, out;
    char rev[WG_SHORT_TEXT + 1], blob[3][WG_BLOB_NAME + 1];
    int rc;
    struct wg_err err;
};

static const char *const types[] = {"application/json", "text/csv; charset=utf-8",
                                    "text/html; charset=utf-8"};
static const char *const names[] = {"json", "csv", "html"};

static void testing_free(struct testing *t)
{
    if (t->fd >= 0)
        close(t->fd);
    wg_buf_free(&t->sum);
    wg_buf_free(&t->out);
    wg_arena_free(t->a);
    free(t);
}

/* ---- on the job's thread ---- */

static void progress(void *arg, uint64_t n, uint64_t last)
{
    struct testing *t = arg;
    __atomic_store_n(&t->far.rows, (size_t)n, __ATOMIC_RELAXED);
    __atomic_store_n(&t->far.bytes, (size_t)n, __ATOMIC_RELAXED);
    __atomic_store_n(&t->task->size, (size_t)last, __ATOMIC_RELAXED);
}

static int write_all(struct testing *t, const struct wg_backtest *b)
{
    char dir[1100];
    int rc = WG_OK;
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(t->county->desk));
    wg_backtest_sum(b, &t->sum);
    for (int i = 0; rc == WG_OK && i < 3; i++) {
        struct wg_buf text = WG_BUF_INIT;
        if (i == AS_JSON)
            wg_backtest_json(b, &text);
        else if (i == AS_CSV)
            wg_backtest_csv(b, &text);
        else
            wg_backtest_html(b, t->county->area, &text);
        rc = wg_buf_ok(&text) ? wg_blob_put(dir, wg_buf_str(&text), t->blob[i], &t->err)
                              : wg_fail(&t->err, WG_ENOMEM, "out of memory");
        if (i == (int)t->as) {
            t->out = text;
            continue;
        }
        wg_buf_free(&text);
    }
    return rc;
}

static void testing_run(struct job *job)
{
    struct testing *t = (struct testing *)job;
    struct wg_bundle *bundle = NULL;
    struct wg_backtest *b = NULL;
    __atomic_store_n(&t->task->running, true, __ATOMIC_RELAXED);
    t->rc = t->fd >= 0 ? draft_bundle(t->county, t->fd, t->a, &bundle, NULL, &t->err)
                       : hash_bundle(t->county, t->hash, t->a, &bundle, &t->err);
    if (t->rc == WG_OK)
        t->rc = wg_backtest_run(t->county->desk, bundle, t->from_ms, t->to_ms, progress, t, &b,
                                &t->err);
    if (t->rc == WG_OK) {
        snprintf(t->rev, sizeof(t->rev), "%s", wg_bundle_rev(bundle));
        t->rc = write_all(t, b);
    }
    wg_backtest_free(b);
    wg_bundle_drop(bundle);
}

/* ---- back on the loop ---- */

/* Kept under the draft's hash: the figures, and where the whole lies. */
static void keep_result(struct testing *t)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    if (!a)
        return;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "rev", wg_str_of(t->rev));
    wg_json_kint(&b, "at", wg_now_ms());
    wg_json_kstr(&b, "by", t->user);
    wg_json_kstr(&b, "blob", wg_str_of(t->blob[AS_JSON]));
    wg_json_kstr(&b, "csv", wg_str_of(t->blob[AS_CSV]));
    wg_json_kstr(&b, "report", wg_str_of(t->blob[AS_HTML]));
    wg_json_key(&b, "sum");
    wg_buf_str_add(&b, wg_buf_str(&t->sum));
    wg_buf_char(&b, '}');
    host_keep(t->county, a, "backtest", wg_arena_str(a, wg_str_of(t->rev)),
              wg_arena_str(a, wg_buf_str(&b)));
    wg_buf_free(&b);
}

static void testing_done(struct job *job)
{
    struct testing *t = (struct testing *)job;
    if (t->rc < 0) {
        task_failed(t->task, &t->err, (struct wg_str){NULL, 0});
        testing_free(t);
        return;
    }
    keep_result(t);
    if (t->as == AS_JSON || !t->task->waits) { /* a job's result is JSON, whatever was accepted */
        wg_buf_str_add(&t->task->result, wg_buf_str(t->as == AS_JSON ? &t->out : &t->sum));
        task_done(t->task, 200);
    } else {
        struct wg_req *req = t->task->waits;
        t->task->waits = NULL;
        wg_buf_str_add(&t->task->result, wg_buf_str(&t->sum));
        task_done(t->task, 200);
        wg_reply_buf(req, 200, types[t->as], &t->out);
    }
    testing_free(t);
}

/* ---- asked for ---- */

static bool read_as(struct call *call, struct testing *t)
{
    struct wg_str accept = wg_req_header(call->req, "accept"), as = wg_req_query(call->req, "as");
    struct wg_err err = {0};
    if (accept.p && memmem(accept.p, accept.n, "text/csv", 8))
        t->as = AS_CSV;
    else if (accept.p && memmem(accept.p, accept.n, "text/html", 9))
        t->as = AS_HTML;
    for (int i = 0; as.n && i < 3; i++)
        if (wg_str_is(as, names[i])) {
            t->as = i;
            as.n = 0;
        }
    if (!as.n)
        return true;
    wg_fail_at(&err, WG_EINVAL, "/as", "must be json, csv or html");
    answer_err(call->req, WG_EINVAL, &err, (struct wg_str){NULL, 0});
    return false;
}

void post_backtest(struct call *call)
{
    struct testing *t = calloc(1, sizeof(*t));
    uint64_t size = 0;
    int fd = wg_req_spool(call->req, &size);
    struct wg_err err = {0};
    if (!t || !(t->a = wg_arena_new(0))) {
        free(t);
        wg_reply_problem(call->req, 503, "out of memory");
        return;
    }
    *t = (struct testing){.a = t->a, .county = call->county, .fd = -1, .to_ms = INT64_MAX};
    t->from_ms = wg_now_ms() - 365 * WG_DAY_MS;
    t->hash = wg_arena_str(t->a, wg_req_query(call->req, "hash"));
    t->user = wg_arena_str(t->a, wg_str_of(call->session->user));
    t->job.run = testing_run;
    t->job.done = testing_done;
    if (!query_time(call, "from", &t->from_ms) || !query_time(call, "to", &t->to_ms) ||
        !read_as(call, t)) {
        testing_free(t);
        return;
    }
    if (!size && !t->hash.n)
        wg_fail(&err, WG_EINVAL, "send a draft as a tar, or name one: ?hash=");
    else if (t->to_ms <= t->from_ms)
        wg_fail_at(&err, WG_EINVAL, "/to", "must be after from");
    else if (size && (t->fd = dup(fd)) < 0)
        wg_fail(&err, WG_ENOMEM, "out of memory");
    else if (!(t->task = task_new(call, "backtest", (struct wg_str){NULL, 0})))
        wg_fail(&err, WG_ENOMEM, "out of memory");
    if (err.code) {
        answer_err(call->req, err.code, &err, (struct wg_str){NULL, 0});
        testing_free(t);
        return;
    }
    t->task->reading = &t->far;
    if (job_submit(call->county, &t->job) == WG_OK)
        return;
    wg_fail(&t->err, WG_EBUSY, "too many jobs wait; try again");
    task_failed(t->task, &t->err, (struct wg_str){NULL, 0});
    testing_free(t);
}
