/** Behind the front door: a list being made. list.c walks by id, urgent.c by urgency. */
#ifndef WG_LIST_H
#define WG_LIST_H

#include "look.h"

#define UNITS_MAX 16 /* words of a unit that took over others */
#define RANGES_MAX (WG_STATES + 3 * UNITS_MAX)

/** Keys of one table under a prefix, in the order of their ids. */
struct range {
    enum table table;
    uint8_t prefix[KEY_MAX];
    size_t n;
    const struct wg_ids *ids; /**< these, instead of a table's keys */
    size_t at;
    struct wg_cursor *cursor;
    bool live;
    uint64_t id;          /**< of the key it stands on */
    struct wg_str record; /**< of a range of cases: its value; else {NULL, 0} */
};

struct walk {
    struct wg_views *v;
    struct wg_txn *txn;
    const struct wg_case_query *q;
    struct range range[RANGES_MAX];
    size_t ranges;
    size_t looked, look_max, given;
    struct wg_find find; /**< no words: nothing is looked for */
    struct search_look *look;
    struct wg_buf text;
    int (*fn)(void *arg, const struct wg_case *c);
    void *arg;
};

uint32_t open_states(void); /**< bits */
void add_state(struct walk *w, int state);
/** Ranges of the query's unit: what it holds; what it held, where that is visible to it. */
void add_unit(struct walk *w, bool open, bool closed);
/** May the one who asks see it? */
bool visible(const struct wg_case_query *q, const struct wg_case *c);
/** Give it to fn if it passes the filters. record: its bytes, {NULL, 0} to look them up. 1: given;
 * 0: filtered; < 0: failed or fn stopped. */
int offer(struct walk *w, uint64_t id, struct wg_str record);

/** Most urgent first, from the cursor on. Errors: WG_EINVAL (cursor). */
int by_due(struct walk *w, struct wg_buf *next, struct wg_err *err);
int bad_cursor(struct wg_err *err);

#endif
