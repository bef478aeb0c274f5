/** Behind workshop.h: what the parts of the completeness check share. Memory is the arena's. */
#ifndef WG_WORKSHOP_COMPLETE_H
#define WG_WORKSHOP_COMPLETE_H

#include "workshop/workshop.h"

#define NO_UNIT UINT32_MAX
#define NAMES_MAX 20 /* in one finding */

/* A unit that something names, and who stands for it in each span: {NULL, 0}: nobody. */
struct unit {
    struct wg_str id;
    struct wg_str *now;
    bool known;       /* units are loaded and it is one, or they are not loaded */
    bool named;       /* by a class, an area of duty or a part */
    int64_t too_soon; /* it answers from then on, before it begins; INT64_MAX: never */
};
/* A class and in which order its responsibility is looked for. */
struct class_way {
    enum wg_owner_way by[WG_OWNER_WAYS];
    uint32_t ways;
    uint32_t owner; /* the unit of its row of the table of owners; NO_UNIT: there is no row */
};
/* How many classes in a span: those for which an area of duty is asked at all; of them, those for
 * which nobody stands behind it; those for which nobody is asked anywhere. */
enum reach { MEETS, EXPOSED, NOWHERE, REACHES };
struct tally {
    size_t count[REACHES];
    const struct wg_class *example[REACHES];
};
struct complete {
    const struct wg_ground *g;
    const struct wg_pack *pack;
    struct wg_findings *found;
    struct wg_buf *map; /* features, or NULL */
    struct wg_complete_sum *sum;
    struct wg_arena *arena;
    struct wg_err *err;
    void (*progress)(void *arg, size_t done, size_t of);
    void *arg;

    int64_t *start; /* of each span, and the end of the last */
    size_t spans;
    struct unit *unit;
    size_t units, units_cap;
    size_t listed;   /* the first so many are of the table of units */
    uint32_t *by_id; /* open addressing; a power of two, NO_UNIT where free */
    size_t slots;
    struct class_way *way; /* by class of the pack */
    struct tally *tally;   /* by span */
    uint32_t *duty_unit;   /* by area of duty */
    uint32_t *part_unit;
    bool *touched; /* by area of duty: it lies on a grid */
};

/* ---- complete_time.c ---- */

int time_cut(struct complete *c, int64_t from_ms, int64_t to_ms); /* the spans */
int time_units(struct complete *c);   /* everyone who is named; duty_unit, part_unit */
int time_classes(struct complete *c); /* the ways of classes, the tallies */
uint32_t time_unit(struct complete *c, struct wg_str id); /* NO_UNIT for "" */
static inline bool lives(const struct complete *c, uint32_t unit, size_t span)
{
    return unit != NO_UNIT && c->unit[unit].now[span].n > 0;
}
/* The row of the table of owners for a class, its longest front; NULL: none. */
const struct wg_json *time_owner_row(const struct complete *c, int kind, struct wg_str code);
void time_way(const struct complete *c, int kind, struct wg_str code, struct class_way *out);

/* ---- complete_place.c: holes and overlaps on the map; complete_dead.c: parts, rows ---- */

int complete_places(struct complete *c);
int complete_parts(struct complete *c);
int complete_dead(struct complete *c);

/* ---- complete.c ---- */

void complete_say(struct complete *c, enum wg_severity severity, const char *check,
                  struct wg_str where, const char *right, const char *text, ...)
    __attribute__((format(printf, 6, 7)));
/* The first and the last day of spans, for a person: "2026-01-01 至 2026-12-31". */
struct wg_str complete_days(struct complete *c, size_t first, size_t last);
/* Begin a feature; the caller adds more properties, then ends it with the geometry. */
bool map_begin(struct complete *c, const char *problem, size_t first, size_t last);
void map_end(struct complete *c, struct wg_str geometry);

#endif
