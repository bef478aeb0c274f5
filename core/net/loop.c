#include "net/net_internal.h"

#include <signal.h>
#include <stdlib.h>

struct post {
    struct post *next;
    wg_loop_fn fn;
    void *arg;
};

struct wg_bell {
    uv_async_t async;
    wg_loop_fn fn;
    void *arg;
};

struct wg_timer {
    uv_timer_t uv;
    struct wg_loop *loop;
    struct wg_timer *prev, *next;
    wg_loop_fn fn;
    void *arg;
};

struct wg_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_mutex_t lock;
    struct post *posts, **posts_end; /* under lock, as is stopped */
    bool stopped;
    struct wg_timer *timers;
    uv_signal_t signals[2];
    bool has_signals;
    void (*on_signal)(void *arg, int signal);
    void *signal_arg;
};

uv_loop_t *net_loop_uv(struct wg_loop *loop)
{
    return &loop->uv;
}

static struct post *posts_take(struct wg_loop *loop)
{
    uv_mutex_lock(&loop->lock);
    struct post *list = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    uv_mutex_unlock(&loop->lock);
    return list;
}

static void posts_run(struct post *list)
{
    while (list) {
        struct post *post = list;
        list = post->next;
        post->fn(post->arg);
        free(post);
    }
}

static void on_wake(uv_async_t *async)
{
    posts_run(posts_take(async->data));
}

int wg_loop_new(struct wg_loop **out, struct wg_err *err)
{
    struct wg_loop *loop = calloc(1, sizeof(*loop));
    *out = NULL;
    if (!loop)
        return wg_fail(err, WG_ENOMEM, "no memory for the loop");
    int rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        free(loop);
        return wg_fail(err, WG_EIO, "the event loop cannot be made: %s", uv_strerror(rc));
    }
    loop->posts_end = &loop->posts;
    loop->wake.data = loop;
    if ((rc = uv_mutex_init(&loop->lock)) < 0)
        goto out;
    if ((rc = uv_async_init(&loop->uv, &loop->wake, on_wake)) < 0) {
        uv_mutex_destroy(&loop->lock);
        goto out;
    }
    signal(SIGPIPE,
           SIG_IGN); /* a client that hangs up is an error code, not the end of the server */
    *out = loop;
    return WG_OK;
out:
    uv_loop_close(&loop->uv);
    free(loop);
    return wg_fail(err, WG_EIO, "the event loop cannot be made: %s", uv_strerror(rc));
}

static void close_left(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void wg_loop_free(struct wg_loop *loop)
{
    if (!loop)
        return;
    posts_run(posts_take(loop)); /* what was posted may own memory: it is called, never dropped */
    uv_walk(&loop->uv, close_left, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    while (loop->timers) {
        struct wg_timer *timer = loop->timers;
        loop->timers = timer->next;
        free(timer);
    }
    wg_require(uv_loop_close(&loop->uv) == 0);
    uv_mutex_destroy(&loop->lock);
    free(loop);
}

int wg_loop_run(struct wg_loop *loop)
{
    return uv_run(&loop->uv, UV_RUN_DEFAULT) == 0 ? WG_OK : WG_EBUSY;
}

void wg_loop_stop(struct wg_loop *loop)
{
    uv_mutex_lock(&loop->lock);
    bool again = loop->stopped;
    loop->stopped = true;
    uv_mutex_unlock(&loop->lock);
    if (again)
        return;
    posts_run(posts_take(loop));
    uv_close((uv_handle_t *)&loop->wake, NULL);
    /* A timer that does not run does not hold the loop; its memory stays for wg_timer_stop. */
    for (struct wg_timer *timer = loop->timers; timer; timer = timer->next)
        uv_timer_stop(&timer->uv);
    for (int i = 0; loop->has_signals && i < 2; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    loop->has_signals = false;
}

int wg_loop_post(struct wg_loop *loop, wg_loop_fn fn, void *arg)
{
    int rc = WG_OK;
    struct post *post = malloc(sizeof(*post));
    if (!post)
        return WG_ENOMEM;
    *post = (struct post){NULL, fn, arg};
    uv_mutex_lock(&loop->lock);
    if (loop->stopped) {
        rc = WG_EBUSY;
    } else {
        *loop->posts_end = post;
        loop->posts_end = &post->next;
        uv_async_send(&loop->wake); /* under the lock, so that it cannot be closed meanwhile */
    }
    uv_mutex_unlock(&loop->lock);
    if (rc < 0)
        free(post);
    return rc;
}

static void on_bell(uv_async_t *async)
{
    struct wg_bell *bell = async->data;
    bell->fn(bell->arg);
}

int wg_bell_new(struct wg_loop *loop, wg_loop_fn fn, void *arg, struct wg_bell **out)
{
    struct wg_bell *bell = calloc(1, sizeof(*bell));
    *out = NULL;
    if (!bell)
        return WG_ENOMEM;
    bell->fn = fn;
    bell->arg = arg;
    bell->async.data = bell;
    if (uv_async_init(&loop->uv, &bell->async, on_bell) < 0) {
        free(bell);
        return WG_EIO;
    }
    *out = bell;
    return WG_OK;
}

void wg_bell_ring(struct wg_bell *bell)
{
    uv_async_send(&bell->async);
}

static void free_data(uv_handle_t *handle)
{
    free(handle->data);
}

void wg_bell_free(struct wg_bell *bell)
{
    if (bell)
        uv_close((uv_handle_t *)&bell->async, free_data);
}

static void on_timer(uv_timer_t *uv)
{
    struct wg_timer *timer = uv->data;
    bool once = uv_timer_get_repeat(uv) == 0;
    timer->fn(timer->arg);
    if (once && !uv_is_closing((uv_handle_t *)uv))
        wg_timer_stop(timer);
}

struct wg_timer *wg_timer_start(struct wg_loop *loop, uint64_t delay_ms, uint64_t period_ms,
                                wg_loop_fn fn, void *arg)
{
    struct wg_timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return NULL;
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->uv.data = timer;
    timer->next = loop->timers;
    if (timer->next)
        timer->next->prev = timer;
    loop->timers = timer;
    uv_timer_init(&loop->uv, &timer->uv);
    uv_update_time(&loop->uv); /* else a delay counts from the last poll */
    uv_timer_start(&timer->uv, on_timer, delay_ms, period_ms);
    return timer;
}

void wg_timer_stop(struct wg_timer *timer)
{
    if (!timer)
        return;
    if (timer->prev)
        timer->prev->next = timer->next;
    else
        timer->loop->timers = timer->next;
    if (timer->next)
        timer->next->prev = timer->prev;
    uv_close((uv_handle_t *)&timer->uv, free_data);
}

struct job {
    uv_work_t uv;
    wg_loop_fn work, done;
    void *arg;
};

static void job_work(uv_work_t *uv)
{
    struct job *job = uv->data;
    job->work(job->arg);
}

static void job_done(uv_work_t *uv, int status)
{
    struct job *job = uv->data;
    (void)status; /* nobody cancels */
    if (job->done)
        job->done(job->arg);
    free(job);
}

int wg_pool_run(struct wg_loop *loop, wg_loop_fn work, wg_loop_fn done, void *arg)
{
    struct job *job = malloc(sizeof(*job));
    if (!job)
        return WG_ENOMEM;
    job->work = work;
    job->done = done;
    job->arg = arg;
    job->uv.data = job;
    if (uv_queue_work(&loop->uv, &job->uv, job_work, job_done) < 0) {
        free(job);
        return WG_ENOMEM;
    }
    return WG_OK;
}

static void on_signal(uv_signal_t *uv, int signum)
{
    struct wg_loop *loop = uv->data;
    loop->on_signal(loop->signal_arg, signum);
}

int wg_loop_on_signal(struct wg_loop *loop, void (*fn)(void *arg, int signal), void *arg)
{
    static const int which[2] = {SIGINT, SIGTERM};
    loop->on_signal = fn;
    loop->signal_arg = arg;
    if (loop->has_signals)
        return WG_OK;
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
        int rc = uv_signal_start(&loop->signals[i], on_signal, which[i]);
        uv_unref((uv_handle_t *)&loop->signals[i]); /* waiting for a signal is no reason to go on */
        if (rc < 0)
            return WG_EIO;
    }
    loop->has_signals = true;
    return WG_OK;
}
