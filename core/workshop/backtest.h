/** Behind workshop.h: a back-test as it is counted. Thread: a job's. */
#ifndef WG_WORKSHOP_BACKTEST_H
#define WG_WORKSHOP_BACKTEST_H

#include "workshop/workshop.h"

/** What of a case a difference is about. */
enum diff_kind {
    DIFF_FILING,
    DIFF_DEADLINE,
    DIFF_ROUTE,
    DIFF_STATE,
    DIFF_NOTICE,
    DIFF_OTHER,
    DIFFS
};
extern const char *const diff_names[DIFFS], *const diff_zh[DIFFS];

/** A case that came out otherwise: as it was, and as it would have been. */
struct pair {
    uint64_t id;
    struct wg_buf was, is; /**< encoded */
    bool differs;          /**< false: the slot is free */
    bool flip_late, flip_on_time;
};
struct unit_tally {
    char id[64];
    uint64_t closed, late_was, late_is;
    uint32_t rank_was, rank_is;
};
#define SHOWN_MAX 1000

struct wg_backtest {
    char rev[WG_SHORT_TEXT + 1];
    int64_t from_ms, to_ms, took_ms;
    uint64_t decisions, same, differ;
    uint64_t refused, unknown, failed, moved; /**< of what the draft could not decide */
    uint64_t by_kind[DIFFS], kinds_of_case;
    uint64_t cases, changed, to_late, to_on_time;
    char first_failure[256];
    struct pair *slot; /**< open addressing, a power of two */
    size_t slots, pairs;
    struct unit_tally *unit;
    size_t units, unit_cap;
    struct wg_buf csv;   /**< every difference, a line each */
    struct wg_buf shown; /**< the first SHOWN_MAX of them, as JSON objects */
    size_t shown_count;
    struct wg_arena *a; /**< of one entry */
    void (*progress)(void *arg, uint64_t n, uint64_t last);
    void *arg;
    struct wg_err *err;
};

#endif
