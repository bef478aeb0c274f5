/* Jobs: one thread of low priority for what takes long: imports, checks of rules, copies of views.
 */
#include "inside.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *run(void *arg)
{
    struct wg_host *h = arg;
    struct wg_link *l;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
    while ((l = wg_queue_take(h->jobs, 1, -1))) {
        struct job *job = (struct job *)l;
        job->run(job);
        wg_require(wg_queue_push(h->finished, &job->link) == WG_OK); /* without limit */
        wg_bell_ring(h->job_bell);
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

int jobs_start(struct wg_host *h, struct wg_err *err)
{
    h->jobs = wg_queue_new(100);
    h->finished = wg_queue_new(0);
    if (!h->jobs || !h->finished || wg_bell_new(h->loop, take_jobs, h, &h->job_bell) < 0 ||
        pthread_create(&h->job_thread, NULL, run, h) != 0)
        return wg_fail(err, WG_ENOMEM, "can't start the thread for jobs");
    h->jobs_running = true;
    return WG_OK;
}

void jobs_stop(struct wg_host *h)
{
    if (h->jobs_running) {
        wg_queue_close(h->jobs); /* it finishes what waits */
        pthread_join(h->job_thread, NULL);
    }
    h->jobs_running = false;
    wg_queue_free(h->jobs);
    h->jobs = NULL;
    if (h->finished)
        take_jobs(h);
    wg_queue_free(h->finished);
    h->finished = NULL;
    wg_bell_free(h->job_bell);
    h->job_bell = NULL;
}

int job_submit(struct wg_host *h, struct job *job)
{
    job->host = h;
    if (!h->jobs)
        return WG_EBUSY;
    return wg_queue_push(h->jobs, &job->link);
}
