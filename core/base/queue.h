/** A queue of whole things from many threads to one. Intrusive: put a struct wg_link first in the
 * thing. */
#ifndef WG_QUEUE_H
#define WG_QUEUE_H

#include "wg.h"

#include <stdbool.h>

struct wg_link {
    struct wg_link *next;
};

struct wg_queue;

/** Owner: caller, wg_queue_free. limit: how many may wait, 0 for no limit. NULL when memory is out.
 */
struct wg_queue *wg_queue_new(size_t limit);
void wg_queue_free(struct wg_queue *q); /**< must be empty */

/** Hand a thing over. Errors: WG_EBUSY when full or closed: the caller still owns it. */
int wg_queue_push(struct wg_queue *q, struct wg_link *link);

/** Up to max things, oldest first, as a list; waits until there is one, wait_ms passed (negative:
 * for ever), or the queue was closed. NULL: nothing. One consumer. */
struct wg_link *wg_queue_take(struct wg_queue *q, size_t max, int64_t wait_ms);

/** No more pushes; wakes the consumer, which still gets what is left. */
void wg_queue_close(struct wg_queue *q);
bool wg_queue_closed(struct wg_queue *q);
size_t wg_queue_count(struct wg_queue *q);

#endif
