/** Behind workshop.h: what the parts of the rigidity guard share. Private functions are
 * guard_<verb>. */
#ifndef WG_GUARD_H
#define WG_GUARD_H

#include "workshop/workshop.h"

#define GUARD_PAIRS 128
#define GUARD_TEXT 900

struct guard {
    struct wg_rules *city_rules, *county_rules;
    const struct wg_pack *city, *county;
    struct wg_bundle *bundle; /* the county's */
    const struct wg_guard_opts *o;
    struct wg_findings *f;
    struct wg_arena *a;
    const struct wg_json *calendar, *city_tables, *tables, *city_scoring, *scoring, *city_map, *map;
    struct wg_worktime *wt, *city_wt; /* wt: by the county's hours */
    int64_t *start;                   /* moments at which limits are tried */
    size_t starts;
    int64_t first_day, days; /* of those moments */
    struct guard_pair {
        struct wg_limit x, y;
        int64_t at;      /* a start at which x is up later than y; INT64_MIN: none */
    } pair[GUARD_PAIRS]; /* the same few limits are compared again and again */
    size_t pairs;
    uint64_t used; /* bits: exemptions that covered something */
};

/* ---- guard.c ---- */

/* Close it whatever comes back. */
int guard_open(struct guard *g, struct wg_rules *city, struct wg_rules *county,
               const struct wg_guard_opts *o, struct wg_err *err);
void guard_close(struct guard *g);

/* A fault that an exemption covers becomes a remark that cites it. */
struct guard_spot {
    struct wg_str file;
    int line;
};
void guard_say(struct guard *g, enum wg_severity severity, const char *check, struct wg_str where,
               struct guard_spot spot, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* The first line of the county's own files in which needle stands. */
struct guard_spot guard_spot(const struct guard *g, const char *needle);
struct wg_str guard_where(struct guard *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool guard_starts(struct wg_str text, struct wg_str front);

/* ---- guard_time.c ---- */

int guard_calendars(struct guard *g, struct wg_err *err);
/* Is x up no later than y, wherever both begin, by the county's calendar? Else *at: such a start. A
 * limit of 0 is none: it never is up. */
bool guard_within(struct guard *g, struct wg_limit x, struct wg_limit y, int64_t *at);
int64_t guard_due(const struct wg_worktime *wt, int64_t from, struct wg_limit limit);
/* "4工作时"; "无" for none. */
struct wg_str guard_limit(struct wg_arena *a, struct wg_limit limit);
struct wg_str guard_moment(struct wg_arena *a, int64_t t); /* "2026-03-06 17:00" */
/* "自2026-03-06 17:00起算，市…到期，县…到期"; the second where y is the city's limit. */
struct wg_str guard_later(struct guard *g, struct wg_limit x, struct wg_limit y, int64_t at);
void guard_hours(struct guard *g);

/* ---- guard_class.c, guard_flow.c, guard_tables.c, guard_run.c ---- */

void guard_classes(struct guard *g);
void guard_flow(struct guard *g);
void guard_tables(struct guard *g);
void guard_campaigns(struct guard *g);
bool guard_other_ladder(const struct guard *g);
int guard_handlers(struct guard *g, struct wg_err *err);
int guard_rank(struct wg_str role); /* dispatcher 1, chief 2, leader 3; else 0 */
/* Who grants that many days after so many deferrals, by a deferral table; {NULL, 0}: nobody. */
struct wg_str guard_tier(const struct wg_json *deferral, int64_t before, int64_t days);

/* ---- guard_world.c ---- */

/* What answers the questions of a trial. */
struct guard_world {
    const struct wg_str *unit; /* ids that answers name */
    size_t units;
    const struct wg_worktime *wt;
    int64_t seed; /* of the trial under way */
};
int guard_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                 struct wg_err *err);
uint64_t guard_mix(uint64_t x);
uint64_t guard_mix_text(uint64_t x, struct wg_str s);

/* ---- guard_corpus.c: cases at the edges ---- */

struct corpus;
/* One decision, the same for both packs but for the row's limit. */
struct trial {
    struct wg_case c;
    struct wg_decision city, county;
    struct wg_str what;         /* of `time` */
    const struct wg_step *step; /* of the city's flow; NULL: a county's own, or time */
};
int corpus_new(struct guard *g, struct corpus **out, struct wg_err *err);
/* The n-th decision about this event. a: for its body; false: there is no such case. */
bool corpus_trial(struct corpus *k, const char *event, uint64_t n, struct wg_arena *a,
                  struct trial *t);
struct wg_str corpus_words(const struct trial *t, struct wg_arena *a); /* for a person */

#endif
