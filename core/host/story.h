/** A case's story as its entries are told one by one, oldest first, on the pool. */
#ifndef WG_HOST_STORY_H
#define WG_HOST_STORY_H

#include "inside.h"

struct story {
    struct call *call;
    struct wg_county *county;
    struct session session;
    uint64_t id;
    struct wg_case c;
    struct wg_arena *arena; /* the pool's */
    void (*tell)(struct story *s, const struct wg_entry *e, const struct wg_entry *before,
                 struct wg_buf *out);
    void (*end)(struct story *s); /* or NULL; of a failed one, too */
    struct wg_entry *entry;       /* newest first while reading */
    size_t count;
    struct wg_ledger ledger; /* the case as it was by the entry that is told */
    struct why *why;         /* why.c */
    struct wg_buf out;
    int rc;
    struct wg_err err;
};

/** Tell the case of the address, if it is there and may be seen. */
void story_run(struct call *call,
               void (*tell)(struct story *, const struct wg_entry *, const struct wg_entry *,
                            struct wg_buf *),
               void (*end)(struct story *));

#endif
