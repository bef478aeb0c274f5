/** Moments: int64 ms since 1970 UTC. China has one zone, UTC+8, and no summer time. */
#ifndef WG_TIME_H
#define WG_TIME_H

#include "wg.h"

#define WG_ZONE_MS (8 * WG_HOUR_MS)

struct wg_date {
    int year, month, day; /**< month and day from 1 */
};

int64_t wg_mono_ms(void); /**< since some moment; never steps */
int64_t wg_mono_us(void);

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back. */
int64_t wg_day_of(struct wg_date d);
struct wg_date wg_date_of(int64_t day);
bool wg_date_valid(struct wg_date d);
/** "2026-03-06" exactly. Errors: WG_EINVAL. */
int wg_date_parse(struct wg_str s, struct wg_date *out);

/** The local (UTC+8) day number of a moment, and the ms into that day. */
int64_t wg_local_day(int64_t t_ms, int64_t *into_ms);

#endif
