/** The front door of case: the flow table, the case record, the fold, the views, working time.
 *
 *  An entry's outcomes are all that changes a case. Folding is pure: no Lua, no clock, no I/O. An
 * outcome of unknown kind is kept in the journal and skipped here. Kinds:
 *   {"k":"open", id, kind, category, standard, source, at:[lon_e7,lat_e7], grid, part?, …}  words
 * come from `in`
 *   {"k":"go", "to":state, "quiet"?}  the state moves; the case's
 * version goes up, unless time itself did it
 *   {"k":"also", "of":id, "was":n, "out":[…]}              outcomes for a second case
 *   {"k":"set", field: value, …}                            fields of the record
 *   {"k":"count", "of":"rework"}                            a counter goes up
 *   {"k":"photo", sha256, type, taken:ms|null, late?:true, far_m?}   evidence of this step
 *   {"k":"mark", "what":text}                               for who reads the entry
 *   {"k":"notify", …}                                       waits in the outbox
 *   {"k":"user"|"bundle"|"edition"|"done", …}               accounts, rules, base data, outbox
 *  and each may carry "why":[text, file, line]. */
#ifndef WG_CASE_H
#define WG_CASE_H

#include "case/search.h"
#include "case/steps.h"
#include "case/worktime.h"
#include "geo/geo.h"
#include "store/store.h"

/* ---- ids: area, year, serial in one integer that sorts ---- */

uint64_t wg_case_id(uint32_t area, uint32_t year, uint32_t serial);
#define WG_ID_TEXT 18 /**< "341824-2026-000123" and longer serials up to 10 digits: cap 24 */
void wg_case_id_text(uint64_t id, char out[24]);
int wg_case_id_parse(struct wg_str text, uint64_t *out); /**< WG_EINVAL */
static inline uint32_t wg_case_id_area(uint64_t id)
{
    return (uint32_t)(id >> 44);
}

/* ---- the record ---- */

enum wg_case_flags {
    WG_PROXIED = 1,
    WG_SUPERVISED = 2,
    WG_IS_DISPUTED = 4,
    WG_WORDS_IN_VAULT = 8,
    WG_TRIAL = 16,       /**< reported while the county ran on trial: no score counts it */
    WG_DRILL = 32,       /**< of a drill before that */
    WG_OVERDUE = 64,     /**< time has said so; until the clock is set anew */
    WG_STAGE_LATE = 128, /**< time has said that this stage is late */
    WG_EXEMPT = 256,     /**< an appeal was upheld: late, but out of the figures */
    WG_APPEALED = 512,   /**< once is all there is */
    WG_OWES_REPLY = 1024,
    WG_BOTH_AXES = 2048, /**< a step was taken across the axes, by a small centre or an emergency */
    WG_RULED = 4096,     /**< a coordinator decided whose it is: a precedent */
    WG_FENCED = 8192,    /**< the county's rule failed once, and the city's decided */
};
enum wg_verified { WG_NOT_VERIFIED, WG_VERIFIED_YES, WG_VERIFIED_NO, WG_VERIFIED_UNCLEAR };
enum wg_satisfied { WG_NOT_ASKED, WG_SATISFIED, WG_DISSATISFIED, WG_UNREACHABLE };

/** A case as the views hold it. Strings are borrowed from where it was read. 0 as a time: none. */
struct wg_case {
    uint64_t id, first_n,
        last_n; /**< last_n: the entry that touched it last; each entry names the one before */
    uint32_t version; /**< steps taken, from 1 */
    uint8_t state, before, kind, source, rework, deferrals, send_backs, urges, orders;
    uint8_t verified, satisfied; /**< enum wg_verified, wg_satisfied */
    uint8_t level;               /**< rungs of the ladder that an overdue case has climbed */
    uint8_t segment;             /**< which of the row's staged limits it is in, from 0 */
    uint32_t flags;
    uint32_t trail; /**< the states before `before`, five bits each: what a step back leads to */
    struct wg_point at;
    int64_t opened, changed, filed, due, stage_due, closed;
    int64_t occurred;   /**< when it came about, as the report says */
    int64_t dispatched; /**< first */
    int64_t since;      /**< it is in its state since then */
    int64_t clock_from; /**< the limit runs from then: filing, or when another unit got it */
    int64_t stopped;    /**< the case clock stands still since then; 0: it runs, or there is none */
    int64_t warn;       /**< the lamp turns yellow */
    int64_t until;      /**< suspended until then */
    int64_t next;       /**< the rules want to be asked again then */
    int64_t part_due;   /**< of the staged limit that the unit is in; 0: it has the whole one */
    int64_t used;       /**< of the limit, ms in its measure, in the county it came from */
    int64_t left_due;   /**< the stage_due of the state that was left last */
    struct wg_limit limit; /**< n_milli 0: none yet */
    struct wg_str number, standard, category, category_name, condition, unit, proposed, part, grid,
        reporter, rev;
    struct wg_str address,
        description;      /**< description: a vault reference where WG_WORDS_IN_VAULT */
    struct wg_str caller; /**< vault reference of name and phone */
    struct wg_str held;   /**< units that hold or held it: "u-cg u-hw" */
    struct wg_str people; /**< who acted on which axis: "s:a-001 c:p-001" */
    struct wg_str photos; /**< JSON text: [{"sha256","stage","by","at","type","taken",
                             "late"?,"far_m"?}] */
    struct wg_str asked;  /**< JSON text, or empty */
    struct wg_str blamed; /**< the unit at fault while a proxy puts it right */
    struct wg_str assist; /**< units that countersign: "u-sz u-yl" */
    struct wg_str into;   /**< id of the case it was merged into, or area it was handed over to */
    struct wg_str reporters; /**< of the cases merged into it: "c-002 h-001" */
    struct wg_str last;      /**< who took the last step that moved it */
    struct wg_str order;     /**< the last order 督办: JSON text {"no","by","at","reply"} */
};

/** When time next has something to say about it: the stage is late, it is overdue, a suspension
 * ends, the rules want to be asked. 0: never. */
int64_t wg_case_wake(const struct wg_case *c);
/** What it is then: "stage", "overdue", "resume", "escalate"; NULL: nothing at that moment. */
const char *wg_case_wake_for(const struct wg_case *c, int64_t now_ms);
/** Does the case clock run in this state, once it is filed? */
bool wg_clock_runs(int state);
/** The role that a request waits for; 0: nothing is asked that a role of this county answers. */
uint32_t wg_case_asks(const struct wg_case *c);
/** The county that it is offered to; {NULL, 0}: none. */
struct wg_str wg_case_offered(const struct wg_case *c);
/** The one post that answers for it now: a role, and the unit where the role is a unit's. */
uint32_t wg_case_post(const struct wg_case *c);

void wg_case_encode(const struct wg_case *c, struct wg_buf *out);
int wg_case_decode(struct wg_str bytes,
                   struct wg_case *out); /**< borrows from bytes. WG_ECORRUPT */

/** Did this person act on the other axis of this case? role: the one they would use now. */
bool wg_case_other_axis(const struct wg_case *c, struct wg_str user, uint32_t role);
/** The next of the space-separated words; false: there is none. */
bool wg_words_next(struct wg_str *rest, struct wg_str *word);
bool wg_words_have(struct wg_str words,
                   struct wg_str word); /**< is word one of the space-separated words */

bool wg_words_meet(struct wg_str words, struct wg_str others); /**< have they a word in common */

/* ---- entries ---- */

/** A parsed entry. `in`, `facts`, `out` and the rest borrow from the tree's arena. */
struct wg_entry {
    uint64_t n;
    int64_t t;
    struct wg_str by, key, ask, act, rev, prev;
    struct wg_str as, unit; /**< the role used, and the actor's unit */
    uint64_t of;            /**< the case it is about, 0: none */
    uint64_t was;           /**< the entry that touched that case before, 0: none */
    const struct wg_json *in, *facts, *out;
};
int wg_entry_parse(struct wg_arena *a, struct wg_str text, struct wg_entry *out,
                   struct wg_err *err);

/** Each blob that an entry names: evidence, also what a case brought along, and the `blob` of a
 * record that it keeps. fn < 0 stops and comes back. */
int wg_entry_blobs(const struct wg_entry *e, int (*fn)(void *arg, struct wg_str name), void *arg);

/** The entry that touched this case before this one did; it may be the second one here. 0: none. */
uint64_t wg_entry_was(const struct wg_entry *e, uint64_t id);

/** Apply one outcome to a case; pure. Strings of c then borrow from the entry too (a: for joined
 * ones). Errors: WG_ECORRUPT where an outcome can't be what decide writes. */
int wg_case_fold(struct wg_case *c, const struct wg_entry *e, const struct wg_json *out,
                 struct wg_arena *a);

/* ---- the ledger: what became of a case's time ---- */

/** A stay in one state, with one unit. */
struct wg_stay {
    int64_t from, to;
    int64_t due; /**< of the stage; 0: none */
    struct wg_str unit;
    uint8_t state;
    bool runs; /**< the case clock ran through it */
};
/** Fed with each entry of a case, oldest first; start with {.a, .id}. Strings borrow from the
 * entries. */
struct wg_ledger {
    struct wg_arena *a;
    uint64_t id;
    struct wg_case c; /**< the case by now */
    struct wg_stay *stay;
    size_t count, cap;
    size_t clock_at;   /**< the stay with which the limit began to run, last time it did */
    size_t stopped_at; /**< the stay with which it stopped */
};
int wg_ledger_step(struct wg_ledger *l, const struct wg_entry *e);
void wg_ledger_end(struct wg_ledger *l, int64_t now_ms); /**< the last stay lasts until now */
/** Of the limit that runs now: time used, and time left; in its own measure, ms. */
int64_t wg_ledger_used(const struct wg_ledger *l, const struct wg_worktime *wt);
int64_t wg_ledger_left(const struct wg_ledger *l, const struct wg_worktime *wt, int64_t now_ms);
/** Time between two moments as a unit counts it: working time, or all of it. */
int64_t wg_limit_between(const struct wg_worktime *wt, int64_t from, int64_t to, enum wg_unit unit);

/* ---- views ---- */

/** The tables of a county. One env; any number of readers, one writer (the desk). */
struct wg_views;
/** dir/views, or the last good copy from dir/copy where its pages can't be trusted. Nothing is
 * folded yet. */
int wg_views_open(const char *dir, size_t map_bytes, struct wg_views **out, struct wg_err *err);
void wg_views_close(struct wg_views *v);
struct wg_env *wg_views_env(struct wg_views *v);
/** Last entry they hold, and its time and hash text, in txn. */
struct wg_views_tip {
    uint64_t n;
    int64_t t;
    char hash[WG_HASH_TEXT + 1]; /**< of the entry's bytes; "" at n 0 */
};
int wg_views_tip(struct wg_views *v, struct wg_txn *txn, struct wg_views_tip *out);
int wg_views_set_tip(struct wg_views *v, struct wg_txn *txn, const struct wg_views_tip *tip);
/** Fold one entry (its bytes and parsed form) into all views, in a write transaction. bytes
 * {NULL,0}: an entry that others follow in this transaction; the tip is then set with the last of
 * them. */
int wg_views_fold(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e,
                  struct wg_str bytes, struct wg_arena *a, struct wg_err *err);
/** Empty every table: before a rebuild. */
int wg_views_clear(struct wg_views *v, struct wg_txn *txn, struct wg_err *err);
/** Compare two sets of views, key by key. *differ: how many keys; the first few are told to
 * say(arg, text). */
int wg_views_compare(struct wg_views *x, struct wg_views *y, void (*say)(void *, const char *),
                     void *arg, uint64_t *differ, struct wg_err *err);

int wg_view_case(struct wg_views *v, struct wg_txn *txn, uint64_t id,
                 struct wg_case *out); /**< WG_ENOENT */
uint32_t wg_view_serial(struct wg_views *v, struct wg_txn *txn,
                        int year); /**< last id's serial given in that year */
uint32_t wg_view_numbered(struct wg_views *v, struct wg_txn *txn,
                          int year); /**< last case number given */
uint32_t wg_view_ordered(struct wg_views *v, struct wg_txn *txn,
                         int year); /**< last order 督办 given */
/** Cases that time has something to say about by now: their ids, most overdue first. How many, at
 * most max; *next_ms: when there is the next one, 0: none. */
size_t wg_view_wake(struct wg_views *v, struct wg_txn *txn, int64_t now_ms, uint64_t *ids,
                    size_t max, int64_t *next_ms);

/** A key seen in the last 30 days of journal time: the digest of what was asked, and the entry.
 * WG_ENOENT. */
struct wg_seen {
    uint64_t n, id;
    int64_t t;
    char ask[WG_SHORT_TEXT + 1];
};
int wg_view_seen(struct wg_views *v, struct wg_txn *txn, struct wg_str by, struct wg_str key,
                 int64_t now_ms, struct wg_seen *out);

/** Small records by kind and name: users, units' editions, layers, the bundle in force. JSON text.
 * WG_ENOENT. */
int wg_view_record(struct wg_views *v, struct wg_txn *txn, const char *kind, struct wg_str name,
                   struct wg_str *json);
int wg_view_records(struct wg_views *v, struct wg_txn *txn, const char *kind,
                    int (*fn)(void *arg, struct wg_str name, struct wg_str json), void *arg);

/** Who a blob has to do with: fn(arg, case, none) for each case that names it, fn(arg, 0, user) for
 * who keeps a record of it. fn != 0 stops and comes back. */
int wg_view_blob(struct wg_views *v, struct wg_txn *txn, struct wg_str name,
                 int (*fn)(void *arg, uint64_t id, struct wg_str user), void *arg);

/** The outbox: outcomes `notify` that wait. key is n and index; json is the outcome. fn != 0 stops.
 */
int wg_view_outbox(struct wg_views *v, struct wg_txn *txn,
                   int (*fn)(void *arg, uint64_t n, uint32_t i, struct wg_str json), void *arg);

/** Ids of cases, ascending, each once. */
struct wg_ids {
    const uint64_t *id;
    size_t n;
};
/** Lists of cases. Each walks one index; all else is filtered. */
struct wg_case_query {
    uint32_t states;    /**< bits; 0: any */
    uint32_t asked;     /**< by due: and those with a request that one of these roles answers */
    struct wg_str unit; /**< of these units: up to 16 ids with a space between */
    struct wg_str grid, category, part, reporter;
    int kind;         /**< -1: any */
    uint32_t sources; /**< bits of enum wg_source; 0: any */
    uint32_t lamps;   /**< bits of enum wg_lamp; 0: any */
    int64_t from, to; /**< opened, half open; 0: none */
    bool has_box;
    struct wg_box box;
    struct wg_str q;                 /**< words to be found (search.h) */
    const struct wg_ids *only;       /**< none but these, where there are such cases; NULL: any */
    struct wg_str seen_by_unit;      /**< only cases these units hold or held */
    struct wg_str seen_by_collector; /**< only own reports, and checking or verifying */
    /** By due: open ones; first what is overdue, by its moment (the stage's, else the case's), then
     * what has none, by its report, then the rest by its moment. A cursor keeps its first page's
     * now. */
    enum { WG_BY_OPENED, WG_BY_OPENED_DOWN, WG_BY_DUE } sort;
    size_t limit;         /**< 1 … 1000; 0: only counts */
    size_t look;          /**< records looked at before it gives up with a cursor; 0: 200,000, with
                             words 20,000 */
    struct wg_str cursor; /**< opaque, of the page before */
    int64_t now_ms;
    uint64_t *counts; /**< WG_STATES + 1, the last for `asked`. By due: how many of each there are
                          on all pages, by unit, states
                         and who sees them alone, is added here; or NULL */
};
/** fn for each, in order; cursor of the next page to `next` (empty: no more). Errors: WG_EINVAL
 * (cursor, words). Bounded: it looks at so many records, then gives a cursor to go on from. */
int wg_view_list(struct wg_views *v, struct wg_txn *txn, const struct wg_case_query *q,
                 int (*fn)(void *arg, const struct wg_case *c), void *arg, struct wg_buf *next,
                 struct wg_err *err);
/** Cases that are offered to another county. fn != 0 stops. */
int wg_view_offered(struct wg_views *v, struct wg_txn *txn,
                    int (*fn)(void *arg, const struct wg_case *c), void *arg);
/** How many cases are in each state. */
void wg_view_counts(struct wg_views *v, struct wg_txn *txn, uint64_t out[WG_STATES]);

/* ---- lamps ---- */

enum wg_lamp { WG_GREEN, WG_YELLOW, WG_RED, WG_GREY, WG_BLUE, WG_LAMPS };
const char *wg_lamp_name(int lamp);
/** Computed when read, never stored: blue where something is asked, grey where it is suspended, red
 * past its due moment, yellow past `warn`. */
int wg_lamp_of(const struct wg_case *c, int64_t now_ms);

struct wg_str wg_verified_name(int verified);   /**< "yes", …; {NULL, 0}: not verified */
struct wg_str wg_satisfied_name(int satisfied); /**< "satisfied", … */

/** The case as the interface shows it, in the county that holds it; description given by the
 * caller, who may have it from the vault. */
void wg_case_json(const struct wg_case *c, struct wg_str area, struct wg_str description,
                  int64_t now_ms, struct wg_buf *out);

#endif
