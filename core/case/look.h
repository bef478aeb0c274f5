/** Behind the front door: the search index, as its upkeep (search.c) and a search (look.c) share
 * it. */
#ifndef WG_LOOK_H
#define WG_LOOK_H

#include "views.h"

#include <pthread.h>

struct ids {
    uint64_t *id;
    size_t n, cap;
};

struct wg_search {
    struct wg_views *views;
    struct wg_journal *journal;
    struct wg_env *env;
    unsigned block, meta;
    struct wg_views_tip tip; /* as it is on the disk */

    pthread_mutex_t lock;      /* the rest */
    struct ids heard_n, heard; /* entry and case, in the order of their folds */
    struct ids changed;        /* sorted */
    uint64_t end;
    bool ready, idle;
    bool deaf; /* memory was out: what it knows is not all */
};

bool ids_add(struct ids *v, uint64_t id);           /**< false: out of memory */
void ids_sort(struct ids *v);                       /**< and each once */
size_t ids_first(const struct ids *v, uint64_t id); /**< place of the first that is not less */
void ids_free(struct ids *v);

struct search_look;
/** One search; the transaction of the views must have begun before. *out NULL: there is no index,
 * or it can't say; then each case is to be looked at. Errors: WG_ENOMEM, WG_EIO. */
int search_begin(struct wg_search *s, const struct wg_find *find, struct search_look **out,
                 struct wg_err *err);
void search_end(struct search_look *l); /**< NULL is fine */
/** May this case have all words? */
bool search_may(struct search_look *l, uint64_t id);
/** The nearest id from this one on, up or down, of a case that may; there need not be one. 0: none
 * (down). */
uint64_t search_next(struct search_look *l, uint64_t id, bool down);

#endif
