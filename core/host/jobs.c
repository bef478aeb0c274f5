/* Jobs: what takes long (imports, checks of rules, copies of views) goes to a thread of low
 * priority, one a county: a year's back-test of one keeps nobody else waiting. A task is a job that
 * somebody asked for: the last of them can be asked about. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define JOBS_MAX 100 /* of a county, that wait */

static void *run(void *arg)
{
    struct wg_county *c = arg;
    struct wg_link *l;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
    while ((l = wg_queue_take(c->jobs, 1, -1))) {
        struct job *job = (struct job *)l;
        job->run(job);
        wg_require(wg_queue_push(c->host->finished, &job->link) == WG_OK); /* without limit */
        wg_bell_ring(c->host->job_bell);
    }
    return NULL;
}

static void take_jobs(void *arg)
{
    struct wg_host *h = arg;
    struct wg_link *l = wg_queue_take(h->finished, SIZE_MAX, 0), *next;
    for (; l; l = next) {
        next = l->next;
        ((struct job *)l)->done((struct job *)l);
    }
}

int jobs_open(struct wg_host *h, struct wg_err *err)
{
    h->finished = wg_queue_new(0);
    return h->finished && wg_bell_new(h->loop, take_jobs, h, &h->job_bell) == WG_OK
               ? WG_OK
               : wg_fail(err, WG_ENOMEM, "no memory for jobs");
}

int jobs_start(struct wg_county *c, struct wg_err *err)
{
    struct wg_queue *q = wg_queue_new(JOBS_MAX);
    c->jobs = q;
    if (q && pthread_create(&c->job_thread, NULL, run, c) == 0)
        return WG_OK;
    wg_queue_free(q);
    c->jobs = NULL;
    return wg_fail(err, WG_ENOMEM, "can't start the thread for jobs");
}

void jobs_stop(struct wg_county *c)
{
    if (!c->jobs)
        return;
    wg_queue_close(c->jobs); /* it finishes what waits */
    pthread_join(c->job_thread, NULL);
    wg_queue_free(c->jobs);
    c->jobs = NULL;
}

void jobs_close(struct wg_host *h)
{
    if (h->finished)
        take_jobs(h);
    wg_queue_free(h->finished);
    h->finished = NULL;
    wg_bell_free(h->job_bell);
    h->job_bell = NULL;
}

int job_submit(struct wg_county *c, struct job *job)
{
    return c->jobs ? wg_queue_push(c->jobs, &job->link) : WG_EBUSY;
}

/* ---- tasks ---- */

#define TASKS_MAX 100 /* kept of those that are done */

static void task_free(struct task *t)
{
    wg_buf_free(&t->result);
    wg_buf_free(&t->problem);
    free(t);
}

static void forget_old(struct wg_host *h)
{
    for (struct task **at = &h->tasks; *at && h->task_count > TASKS_MAX;) {
        struct task *t = *at;
        if (!t->ended_ms) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        h->task_count--;
        task_free(t);
    }
}

struct task *task_new(struct call *call, const char *what, struct wg_str of)
{
    struct wg_host *h = call->host;
    struct task *t = calloc(1, sizeof(*t)), **at = &h->tasks;
    if (!t)
        return NULL;
    forget_old(h);
    t->county = call->county;
    t->what = what;
    snprintf(t->of, sizeof(t->of), "%.*s", WG_PRI(of));
    snprintf(t->id, sizeof(t->id), "j-%llu", (unsigned long long)++h->task_last);
    t->roles = call->row->roles;
    t->began_ms = wg_now_ms();
    while (*at)
        at = &(*at)->next;
    *at = t;
    h->task_count++;
    struct wg_str prefer = wg_req_header(call->req, "prefer");
    if (prefer.p && memmem(prefer.p, prefer.n, "respond-async", 13))
        task_answer(t, call->req, 202);
    else
        t->waits = call->req;
    return t;
}

void tasks_free(struct wg_host *h)
{
    for (struct task *t = h->tasks, *next; t; t = next) {
        next = t->next;
        task_free(t);
    }
    h->tasks = NULL;
}

static void write_share(const struct task *t, struct wg_buf *b)
{
    size_t got = t->reading ? __atomic_load_n(&t->reading->rows, __ATOMIC_RELAXED) : t->rows;
    size_t bytes = t->reading ? __atomic_load_n(&t->reading->bytes, __ATOMIC_RELAXED) : 0;
    wg_json_kint(b, "read", (int64_t)got);
    wg_json_key(b, "share");
    /* What comes after the reading (checks, the index, the file) is the last tenth. */
    wg_buf_fixed(b, t->ended_ms ? 100 : t->size ? (int64_t)(90 * bytes / t->size) : 0, 2);
}

void task_write(const struct task *t, struct wg_buf *b)
{
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(t->id));
    wg_json_kstr(b, "what", wg_str_of(t->what));
    if (t->of[0])
        wg_json_kstr(b, "collection", wg_str_of(t->of));
    wg_json_kstr(b, "state",
                 wg_str_of(t->problem.n                                     ? "failed"
                           : t->ended_ms                                    ? "done"
                           : __atomic_load_n(&t->running, __ATOMIC_RELAXED) ? "running"
                                                                            : "waiting"));
    write_share(t, b);
    wg_json_ktime(b, "began", t->began_ms);
    wg_json_ktime(b, "ended", t->ended_ms);
    wg_json_key(b, "result");
    if (t->result.n)
        wg_buf_str_add(b, wg_buf_str(&t->result));
    else
        wg_buf_lit(b, "null");
    wg_json_key(b, "problem");
    if (t->problem.n)
        wg_buf_str_add(b, wg_buf_str(&t->problem));
    else
        wg_buf_lit(b, "null");
    wg_buf_char(b, '}');
}

void task_answer(struct task *t, struct wg_req *req, int status)
{
    char where[64];
    struct wg_buf b = WG_BUF_INIT;
    snprintf(where, sizeof(where), "/v1/%s/jobs/%s", t->county->area, t->id);
    wg_reply_header(req, "Location", wg_str_of(where));
    if (status == 202) {
        wg_reply_header(req, "Preference-Applied", WG_S("respond-async"));
        wg_buf_lit(&b, "{\"job\":");
        task_write(t, &b);
        wg_json_kstr(&b, "url", wg_str_of(where));
        wg_buf_char(&b, '}');
    } else {
        wg_buf_str_add(&b, wg_buf_str(&t->result));
    }
    answer_json(req, status, &b);
}

void task_done(struct task *t, int status)
{
    t->ended_ms = wg_now_ms();
    t->rows = t->reading ? t->reading->rows : t->rows;
    t->reading = NULL;
    if (t->waits)
        task_answer(t, t->waits, status);
    t->waits = NULL;
}

void task_failed(struct task *t, const struct wg_err *err, struct wg_str extra)
{
    struct wg_buf *b = &t->problem;
    int status = http_status(err->code);
    wg_buf_char(b, '{');
    wg_json_kint(b, "status", status);
    wg_json_kstr(b, "detail", wg_str_of(err->text));
    if (err->pointer[0]) {
        wg_json_key(b, "errors");
        wg_buf_lit(b, "[{");
        wg_json_kstr(b, "pointer", wg_str_of(err->pointer));
        wg_json_kstr(b, "detail", wg_str_of(err->text));
        wg_buf_lit(b, "}]");
    }
    if (extra.n) {
        wg_buf_char(b, ',');
        wg_buf_str_add(b, extra);
    }
    wg_buf_char(b, '}');
    t->ended_ms = wg_now_ms();
    t->rows = t->reading ? t->reading->rows : t->rows;
    t->reading = NULL;
    if (t->waits)
        wg_reply_err(t->waits, status, err, extra);
    t->waits = NULL;
}

void get_job(struct call *call)
{
    struct wg_str id = wg_req_param(call->req, "job");
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err = {0};
    for (const struct task *t = call->host->tasks; t; t = t->next) {
        if (t->county != call->county || !wg_str_is(id, t->id))
            continue;
        if (!(t->roles & call->session->roles))
            break;
        task_write(t, &b);
        answer_json(call->req, 200, &b);
        return;
    }
    wg_fail(&err, WG_ENOENT, "there is no such job; the last %d that are done are kept", TASKS_MAX);
    answer_err(call->req, WG_ENOENT, &err, (struct wg_str){NULL, 0});
}
