/** Behind worktime.h: what a county's `hours` table and the national calendar come to. */
#ifndef WG_CASE_HOURS_H
#define WG_CASE_HOURS_H

#include "case/worktime.h"

#define HOURS_SHIFTS 6
#define HOURS_SEASONS 12
#define HOURS_YEAR0 1900 /* years of the national calendar: 256 of them */
#define HOURS_YEARS 256
#define HOURS_WORDS 96 /* bytes of a notice's words: a span adds to them */

struct hours_shifts {
    int count, minutes; /* minutes: of all */
    struct {
        int from_min, to_min;
    } shift[HOURS_SHIFTS];
};

/* In the order of who beats whom. */
enum hours_rank { LOCAL_WORK, LOCAL_REST, NATIONAL_WORK, NATIONAL_REST };

struct hours_notice {
    int32_t day;
    enum hours_rank rank;
    const char *words;
};

enum hours_reading { READ_MINUTES, READ_SAME_CLOCK, READ_END_OF_DAY };

struct wg_worktime {
    int refs;
    struct wg_arena *arena;
    uint8_t week; /* bit 0 is Monday */
    enum hours_reading reading;
    struct hours_shifts pattern[1 + HOURS_SEASONS]; /* 0: the usual one */
    uint8_t pattern_of[13][32];                     /* by month and day */
    struct hours_notice *notice;                    /* by day; one a day */
    size_t notices;
    uint8_t known[HOURS_YEARS]; /* the national calendar has that year */
    int last_known;             /* year, 0 for none */

    /* The day table: so that a deadline is two look-ups, not a walk over days. */
    int64_t first_day;
    size_t days;
    int32_t *minutes_before; /* days + 1 sums of working minutes */
    uint8_t *works;          /* of each day: 0, or 1 + its pattern */
};

/* Fill wt from both tables. Errors: WG_EINVAL (reason in err), WG_ENOMEM. */
int hours_read(struct wg_worktime *wt, const struct wg_json *hours, const struct wg_json *national,
               struct wg_err *err);
/* The notice of a day, or NULL. */
const struct hours_notice *hours_notice_of(const struct wg_worktime *wt, int64_t day);

#endif
