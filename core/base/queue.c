#include "base/queue.h"

#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct wg_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct wg_link *first, **last; /* last: where the next one is hung */
    size_t count, limit;
    bool waiting, closed;
};

struct wg_queue *wg_queue_new(size_t limit)
{
    struct wg_queue *q = calloc(1, sizeof(*q));
    pthread_condattr_t attr;
    if (!q)
        return NULL;
    q->last = &q->first;
    q->limit = limit;
    pthread_condattr_init(&attr);
    /* A step of the wall clock must not stretch or cut a wait. */
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

void wg_queue_free(struct wg_queue *q)
{
    if (!q)
        return;
    wg_require(q->count == 0);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

int wg_queue_push(struct wg_queue *q, struct wg_link *link)
{
    bool wake = false;
    pthread_mutex_lock(&q->lock);
    bool taken = !q->closed && (q->limit == 0 || q->count < q->limit);
    if (taken) {
        link->next = NULL;
        *q->last = link;
        q->last = &link->next;
        q->count++;
        /* A signal is a system call; while the consumer is busy with a batch nobody needs one. It
         * is taken down here, so that of many pushes before the consumer runs only the first pays.
         */
        wake = q->waiting;
        q->waiting = false;
        /* Under the lock: once it is open, the consumer may see the last thing, close and free. */
        if (wake)
            pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return taken ? WG_OK : WG_EBUSY;
}

static struct timespec moment_after(int64_t wait_ms)
{
    const int64_t longest_ms = INT64_C(1000) * 60 * 60 * 24 * 365;
    struct timespec t;
    if (wait_ms > longest_ms)
        wait_ms = longest_ms;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(wait_ms / 1000);
    t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void wait_for_one(struct wg_queue *q, int64_t wait_ms)
{
    struct timespec until = {0};
    if (wait_ms > 0)
        until = moment_after(wait_ms);
    while (q->count == 0 && !q->closed) {
        q->waiting = true;
        if (wait_ms < 0)
            pthread_cond_wait(&q->filled, &q->lock);
        else if (pthread_cond_timedwait(&q->filled, &q->lock, &until) == ETIMEDOUT)
            break;
    }
    q->waiting = false;
}

struct wg_link *wg_queue_take(struct wg_queue *q, size_t max, int64_t wait_ms)
{
    wg_require(max > 0);
    pthread_mutex_lock(&q->lock);
    if (q->count == 0 && wait_ms != 0)
        wait_for_one(q, wait_ms);
    struct wg_link *list = q->first;
    if (q->count <= max) {
        q->first = NULL;
        q->last = &q->first;
        q->count = 0;
    } else {
        struct wg_link *end = list;
        for (size_t i = 1; i < max; i++)
            end = end->next;
        q->first = end->next;
        q->count -= max;
        end->next = NULL;
    }
    pthread_mutex_unlock(&q->lock);
    return list;
}

void wg_queue_close(struct wg_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

bool wg_queue_closed(struct wg_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

size_t wg_queue_count(struct wg_queue *q)
{
    pthread_mutex_lock(&q->lock);
    size_t count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}
