/** The front door of desk: one thread per county that decides, folds, journals and commits, in that
 * order of trust.
 *
 *  The loop hands over whole commands and gets them back with their result; nothing else crosses,
 * but immutable snapshots. A desk never touches a socket; the loop never runs Lua and never syncs.
 */
#ifndef WG_DESK_H
#define WG_DESK_H

#include "rules/rules.h"

/* ---- base data of a county: what rules look places and units up in. Immutable, counted, any
 * thread ---- */

enum wg_collection {
    WG_COUNTIES,
    WG_STREETS,
    WG_COMMUNITIES,
    WG_GRIDS,
    WG_DUTIES,
    WG_PARTS,
    WG_PLACES,
    WG_UNITS,
    WG_OWNERS,
    WG_PEOPLE,
    WG_COLLECTIONS,
    /** From here on layers of counties' own, by their names: cameras, fences, roads … */
    WG_OWN_LAYERS = 22,
    WG_ALL = WG_COLLECTIONS + WG_OWN_LAYERS
};
const char *wg_collection_name(int c);
int wg_collection_parse(struct wg_str name); /**< -1 where there is none */
/** The same; a name that is none yet becomes one of a layer of one's own, as long as the server
 * runs. -1: it is no name (a letter, then letters, digits, _; at most WG_LAYER_NAME), or there are
 * WG_OWN_LAYERS. Thread: any. */
int wg_collection_own(struct wg_str name);
size_t wg_collection_count(void); /**< those that there are by now: 0 to it */
static inline bool wg_collection_is_layer(int c)
{
    return c < WG_UNITS || c >= WG_COLLECTIONS;
}

/** Of a layer: what its features must be; -1: whatever the first one is. */
static inline int wg_collection_shape(int c)
{
    return c >= WG_COLLECTIONS ? -1 : c == WG_PARTS || c == WG_PLACES ? WG_POINTS : WG_AREAS;
}

struct wg_table; /**< units, owners or people: a JSON document, kept whole */
/** What questions need of a layer's properties, read once: by the feature's number. Counted with
 * its ground. */
struct wg_answers {
    int refs; /**< atomic */
    struct wg_arena *arena;
    const struct wg_layer *of;  /**< plain; kept by the ground */
    struct wg_answers *part[2]; /**< of an edited layer, instead of what follows */
    struct wg_str *unit;        /**< duties: `unit`; parts: `owner_unit` */
    struct wg_str *category;    /**< parts */
};
struct wg_ground {
    int refs; /**< atomic */
    char area[8];
    struct wg_layer *layer[WG_ALL];       /**< NULL: not loaded yet */
    struct wg_answers *answers[WG_UNITS]; /**< of duties and parts */
    struct wg_layer *counties;            /**< the city's, to name where a place outside lies */
    struct wg_table *table[WG_COLLECTIONS - WG_UNITS];
};
struct wg_ground *wg_ground_new(const char *area);
/** Of feature i of duties or parts; {NULL, 0}: none. */
struct wg_str wg_ground_unit_at(const struct wg_ground *g, int collection, size_t i);
struct wg_str wg_ground_category_at(const struct wg_ground *g, size_t i);
/** A copy with one collection replaced; takes over the layer or table given. */
struct wg_ground *wg_ground_with(const struct wg_ground *g, int collection, struct wg_layer *layer,
                                 struct wg_table *table);
/** A copy with one collection taken from another ground. */
struct wg_ground *wg_ground_merge(const struct wg_ground *g, int collection,
                                  const struct wg_ground *from);
struct wg_ground *wg_ground_with_counties(const struct wg_ground *g, struct wg_layer *counties);
/** Read a table from JSON, or (units, people) CSV with a header line, and check it: ids, parents,
 * periods, successors, roles. ground: where people's units are looked up, or NULL. Every fault of
 * every row is in faults (owner: caller; NULL is fine). Errors: WG_EINVAL, WG_ENOMEM. */
int wg_table_new(int collection, struct wg_str text, struct wg_str form,
                 const struct wg_ground *ground, struct wg_table **out,
                 struct wg_layer_faults *faults, struct wg_err *err);
struct wg_table *wg_table_keep(struct wg_table *t); /**< NULL is fine */
void wg_table_drop(struct wg_table *t);
const struct wg_json *wg_table_json(const struct wg_table *t);
/** People without their phones, and the phones as {"id": phone}: those go to the vault. */
void wg_table_split(const struct wg_table *t, struct wg_buf *rest, struct wg_buf *phones);
/** As wg_layer_compare; of owners the ids are "part.0101". */
void wg_table_compare(const struct wg_table *before, const struct wg_table *now, wg_change_fn fn,
                      void *arg);

/** Build what a file of base data holds: a layer or a table. form: "geojson", "geojsons", "csv" or
 * "json". crs: what a layer's places are in, as wg_crs_code reads it; empty: 4490. faults may be
 * NULL. Errors: WG_EINVAL (faults tell each), WG_EIO. Thread: a job's. */
int wg_edition_read(int fd, int collection, struct wg_str form, struct wg_str crs,
                    const struct wg_ground *ground, struct wg_layer **layer,
                    struct wg_table **table, struct wg_layer_faults *faults, struct wg_err *err);
/** The same from a blob. Errors: WG_ENOENT, too. */
int wg_edition_build(const char *blobs, int collection, struct wg_str blob, struct wg_str form,
                     struct wg_str crs, struct wg_layer **layer, struct wg_table **table,
                     struct wg_layer_faults *faults, struct wg_err *err);
/** The edition that a record tells of: its file, or, where that can't be used, its blob; then the
 * file is made anew. dir: the county's. */
int wg_edition_load(const char *dir, int collection, const struct wg_json *record,
                    struct wg_layer **layer, struct wg_table **table, struct wg_err *err);
/** The edits that were made of an edition by until_ms, and of the one that it is again, put on its
 * layer: *layer is then another. record NULL: made before there was one; *layer is NULL then. How
 * many, added to *edits. Errors: WG_EIO, WG_ENOMEM. */
int wg_edition_edits(struct wg_views *v, struct wg_txn *txn, int collection,
                     const struct wg_json *record, int64_t until_ms, struct wg_layer **layer,
                     size_t *edits, struct wg_err *err);
/** How many edits have been made of an edition; record NULL: before there was one. */
size_t wg_edition_edited(struct wg_views *v, struct wg_txn *txn, int collection,
                         const struct wg_json *record);
/** May these units take the place of those in force? Open cases may not be left with a unit that
 * ends without a successor; a deputy's account is of the post's unit. faults as above.
 * Errors: WG_ESTATE, WG_EINVAL. Thread: any, with a transaction of its own. */
int wg_units_fit(struct wg_views *v, struct wg_txn *txn, const struct wg_ground *before,
                 const struct wg_ground *after, struct wg_layer_faults *faults, struct wg_err *err);
/** Is unit there? Its object, or NULL. */
const struct wg_json *wg_ground_unit(const struct wg_ground *g, struct wg_str id);
/** The moment a unit ends: the start of the day `to`; INT64_MAX: it does not. */
int64_t wg_unit_end(const struct wg_json *unit);
/** Who stands for this unit at t: itself, or, past its end, its successor, or that one's. {NULL,
 * 0}: it ended and nobody took over. A unit that is not known stands for itself. */
struct wg_str wg_ground_unit_now(const struct wg_ground *g, struct wg_str unit, int64_t t);
#define WG_UNIT_WORDS 16
/** "u-b u-a": the unit, and those that it stands for at t. At most WG_UNIT_WORDS. */
void wg_ground_unit_words(const struct wg_ground *g, struct wg_str unit, int64_t t,
                          struct wg_buf *out);

/** How one collection lies by itself and in its county: gaps, overlaps, what is outside. */
struct wg_topology {
    size_t count[WG_COVERS], faults;
    double m2[WG_COVERS];
    bool outline;        /**< the county's own was there to compare with */
    struct wg_buf spots; /**< GeoJSON features with commas between, the first 1,000 */
    struct wg_buf lines; /**< the same in words, one a line */
};
bool wg_topology_is_of(int collection); /**< areas of the tiers, parts and places */
/** Takes seconds: for a job. out: done whatever comes back. Errors: WG_ENOENT (nothing is loaded),
 * WG_ENOMEM, WG_EINVAL (GEOS could not). */
int wg_ground_topology(const struct wg_ground *g, int collection, struct wg_reading *read,
                       struct wg_topology *out, struct wg_err *err);
void wg_topology_done(struct wg_topology *t);
/** {"gap":{"count","m2"},"outside":…,"overlap":…,"outline"} */
void wg_topology_counts(const struct wg_topology *t, struct wg_buf *out);

/** What is wrong with base data as a whole, as JSON: {"checks": [{check, count, items}]}. Reads
 * only; takes its time: for a job. pack may be NULL. Errors: WG_ENOMEM, WG_EINVAL. */
int wg_ground_quality(const struct wg_ground *g, const struct wg_pack *pack, struct wg_buf *out,
                      struct wg_err *err);

/** The answers to questions, as JSON text; one set of functions for rules, replay-safe facts and
 * the interface. */
/** t: when; units that have ended by then are named by who took over. */
int wg_ground_ask(const struct wg_ground *g, const char *what, const struct wg_json *args,
                  int64_t t, struct wg_buf *answer, struct wg_err *err);
/** The whole answer of GET locate. */
void wg_ground_locate(const struct wg_ground *g, struct wg_point p, int64_t t, struct wg_buf *out);

/* ---- a tenant's life: 前期 prep, 建设 build, 试运行 trial, 正式 live, 扩面 extended ---- */

enum wg_phase { WG_PREP, WG_BUILD, WG_TRIAL_RUN, WG_LIVE, WG_EXTENDED, WG_PHASES };
const char *wg_phase_name(int phase);
int wg_phase_parse(struct wg_str s); /**< -1 */

/* ---- commands ---- */

struct wg_actor {
    struct wg_str user, unit;
    uint32_t roles;
};
struct wg_secret {
    struct wg_str field, bytes; /**< in[field] becomes {"vault": ref} */
};
/** Made by the loop, the desk's from submit to done, then the loop's again. The arena owns all that
 * it points to. */
struct wg_cmd {
    struct wg_link link;
    struct wg_arena *arena;
    void (*done)(struct wg_cmd *cmd); /**< called on the desk's thread: hand over and return */
    void *owner;                      /**< the submitter's */

    struct wg_str act; /**< a flow action, or "keep", "done" (upkeep, by the host itself) */
    uint64_t id;       /**< the case; 0: none */
    struct wg_actor actor;
    struct wg_str key; /**< Idempotency-Key, or {NULL, 0} */
    char ask[WG_SHORT_TEXT + 1];
    int64_t if_match;         /**< version, -1: any */
    const struct wg_json *in; /**< body, an object */
    struct wg_secret secret[3];
    size_t secrets;
    /** keep: a record to hold; value is JSON text, or "null". With secrets, the value gets the
     * reference of the first under its field's name. Of kind "edition": the desk numbers and dates
     * it. Of kind "rules": a release, likewise, with a bundle. Of kind "tenant": value is {"phase",
     * "note"}; the desk writes since and history. */
    struct wg_str kind, name, value;
    bool must_be_new, must_be_there;
    int64_t from_ms;  /**< an edition: in force from this moment; 0: now */
    uint64_t instead; /**< an edition, a release: only if this one is in force; 0: whichever is */
    struct wg_ground *ground; /**< its collection `name` comes into force with this entry; or NULL.
                                 The desk makes it for an edit. */
    /** Of kind "edit": the feature `feature` of the collection `name` becomes the one in `put`, or
     * goes where put is NULL; "" is a new one, and the desk gives it an id. Only if the one that is
     * there has this mark; 0: whatever it is. */
    struct wg_str feature;
    struct wg_layer *put;
    uint64_t if_mark;
    struct wg_str made;       /**< out: its id */
    uint64_t mark;            /**< out: what it is now; 0: it went */
    struct wg_bundle *bundle; /**< likewise */
    /** With a bundle: its rules, made by a job, so that the desk need not load them. The desk takes
     * them and sets NULL; what is left here after, and in `left` (what had to make room), is freed
     * by a job: it takes a millisecond. */
    struct wg_rules *rules, *left;
    struct wg_str from_area; /**< receive: the county of who receives; else {NULL, 0} */
    bool to_known;           /**< handover: the county in `to` is on this server */
    uint64_t done_n;         /**< done: the outbox row */
    uint32_t done_i;

    /* result */
    int rc; /**< WG_OK, or why not */
    struct wg_err err;
    struct wg_str allowed; /**< JSON list, with WG_ESTATE and WG_EDENIED of a role */
    struct wg_str record;  /**< the case after it, encoded; or {NULL, 0} */
    uint64_t n;            /**< its entry; 0: none */
    bool repeated;         /**< a known key: the earlier answer */
};

/** A record that the system itself keeps. The texts are borrowed. */
static inline struct wg_cmd wg_cmd_keep(struct wg_arena *a, const char *kind, const char *name,
                                        struct wg_str value)
{
    return (struct wg_cmd){.arena = a,
                           .act = WG_S("keep"),
                           .kind = wg_str_of(kind),
                           .name = wg_str_of(name),
                           .value = value,
                           .if_match = -1,
                           .actor = {WG_S("system"), {NULL, 0}, WG_SYSTEM}};
}

/* ---- the desk ---- */

struct wg_desk_opts {
    const char *dir; /**< of the county */
    const char *area;
    const struct wg_plugin *const *plugins;
    const char *calendar; /**< text of standards/calendar.json, kept by the caller */
    size_t map_bytes, segment_bytes;
    struct wg_rules_limits limits;
    size_t queue_max;        /**< commands that may wait; 0: 10,000 */
    bool read_only;          /**< tools beside a stopped server */
    int64_t (*now_ms)(void); /**< a clock of the caller's own, for tests; NULL: the machine's */
};
struct wg_desk;
/** Opens vault, journal, views (folding what they miss), blobs, rules in force, base data. Progress
 * of a long fold is logged. Errors: what the parts say. */
int wg_desk_open(const struct wg_desk_opts *opts, struct wg_desk **out, struct wg_err *err);
int wg_desk_start(struct wg_desk *d, struct wg_err *err); /**< the thread */
void wg_desk_stop(struct wg_desk *d);                     /**< drains, joins */
void wg_desk_close(struct wg_desk *d);

/** Thread: any. Errors: WG_EBUSY: the caller keeps it. */
int wg_desk_submit(struct wg_desk *d, struct wg_cmd *cmd);
/** For tools and tests without a thread: decide one batch now, of at most 256 commands. */
void wg_desk_batch(struct wg_desk *d, struct wg_cmd *first);

struct wg_views *wg_desk_views(struct wg_desk *d);
struct wg_journal *wg_desk_journal(struct wg_desk *d);
struct wg_vault *wg_desk_vault(struct wg_desk *d);
const char *wg_desk_dir(const struct wg_desk *d);
const char *wg_desk_area(const struct wg_desk *d);

/** What is in force: a counted snapshot. Thread: any. */
struct wg_force {
    int refs;
    struct wg_ground *ground;
    struct wg_pack *pack;         /**< NULL: no rules yet */
    struct wg_worktime *worktime; /**< today's calendar; NULL without a pack */
};
struct wg_force *wg_desk_force(struct wg_desk *d); /**< a kept one */
void wg_force_drop(struct wg_force *f);            /**< NULL is fine */
/** The city's outlines for every county's ground; replaces at once. Thread: any. */
int wg_desk_set_counties(struct wg_desk *d, struct wg_layer *counties, struct wg_err *err);

/** What the rules of one event have cost since they came into force, by the wall. */
struct wg_rule_cost {
    char event[32];
    uint64_t calls, failed;
    int64_t total_us, max_us;
};
#define WG_RULE_COSTS 48
/** A copy; how many. Thread: any. */
size_t wg_desk_costs(struct wg_desk *d, struct wg_rule_cost out[WG_RULE_COSTS]);

/** What an author and an approver sign: who they are to it, of which area, and the revision. */
enum wg_signer { WG_AUTHOR, WG_APPROVER };
struct wg_str wg_signed_text(struct wg_arena *a, enum wg_signer as, const char *area,
                             struct wg_str rev, struct wg_str user);
/** Does a release's record have signatures that don't fit? One that people did not sign has none.
 */
bool wg_release_forged(struct wg_arena *a, const char *area, const struct wg_json *release);
/** The bundle of a revision that was in force here once. Owner: caller. Thread: any. Errors:
 * WG_ENOENT, WG_ECORRUPT. */
int wg_desk_bundle(struct wg_desk *d, struct wg_str rev, struct wg_bundle **out,
                   struct wg_err *err);
/** A blob whole, at most 64 MiB: a bundle, a report. */
int wg_blob_text(const char *dir, struct wg_str name, struct wg_buf *out, struct wg_err *err);
/** The same from its blob. */
int wg_bundle_load(const char *blobs, struct wg_str blob, struct wg_str rev, struct wg_bundle **out,
                   struct wg_err *err);

struct wg_desk_stats {
    uint64_t entries, batches, refused, rule_failures, incidents;
    size_t waiting;
    bool broken; /**< an append's outcome is open: reads only until it is opened again */
};
void wg_desk_stats(struct wg_desk *d, struct wg_desk_stats *out);

/* ---- running cases and another pack ---- */

struct wg_migration {
    size_t cases, can, changed; /**< filed and open under other rules; could go over; other due */
};
/** What would become of the running cases under `to`. ids: those that could go over, at most cap;
 * NULL: none. out: a JSON object for each, comma-separated, or NULL. Thread: a job's. */
int wg_desk_migration(struct wg_desk *d, const struct wg_pack *to, struct wg_migration *sum,
                      uint64_t *ids, size_t cap, struct wg_buf *out, struct wg_err *err);

/* ---- what if: recorded commands, decided by other rules ---- */

struct wg_whatif_step {
    const struct wg_entry *e; /**< as it was recorded */
    const struct wg_json *is; /**< the outcomes now; NULL: none, or not decided again */
    int rc;                   /**< with is NULL: why not; WG_OK: outside of the time asked for */
    struct wg_err error;      /**< of rc */
    const struct wg_case *before; /**< the case as it would have been; NULL: not decided again */
    bool known;                   /**< there was such a case */
};
struct wg_whatif {
    int64_t from_ms, to_ms; /**< decide again what was decided then; half open */
    /** Each entry of a case, in order, those outside of the time too. < 0 stops. */
    int (*step)(void *arg, const struct wg_whatif_step *s);
    void (*progress)(void *arg, uint64_t n, uint64_t last); /**< or NULL */
    void *arg;
};
/** Decide the journal's commands again by this bundle, in scratch views; the desk goes on
 * meanwhile. Where the draft can't decide, the case goes on as recorded. One at a time for a desk.
 * Thread: a job's. Errors: WG_ERULE of loading; WG_EIO; WG_ECORRUPT. */
int wg_desk_whatif(struct wg_desk *d, struct wg_bundle *bundle, const struct wg_whatif *w,
                   struct wg_err *err);

/* ---- why: one recorded decision, looked at step by step ---- */

/** Decide the entry's command again from its facts, in a state of rules of its own, and look on.
 * before: the case as it was then, or NULL: there was none. out gets what wg_rules_trace says and
 * "again": did the rules make the very outcomes that are recorded; else "error" says why it could
 * not be told. Errors: WG_ENOENT, WG_ECORRUPT of its rules. Thread: any; one at a time, the others
 * wait. */
int wg_desk_explain(struct wg_desk *d, const struct wg_entry *e, const struct wg_case *before,
                    struct wg_arena *a, struct wg_buf *out, struct wg_err *err);
/** The pack of a revision, and the one of the city that it stands on (itself for the city's own):
 * kept ones. Thread: any. Errors: as above. */
int wg_desk_packs(struct wg_desk *d, struct wg_str rev, struct wg_pack **pack,
                  struct wg_pack **base, struct wg_err *err);

/* ---- replay: on a stopped county ---- */

struct wg_audit {
    uint64_t entries, decided, differ, unknown_facts, cases;
    uint64_t blobs, bad_blobs; /**< that entries name; missing ones, and such with other bytes */
    uint64_t releases, forged; /**< of rules; with a signature that does not fit */
    char first[512];           /**< the first difference, for a person */
};
/** Read every entry again: hash chain, then decide from its facts and compare each outcome, byte by
 * byte; and each blob that one names, once. progress(arg, n, last) from time to time. Errors:
 * WG_ECORRUPT and what the parts say; differences are counted. */
int wg_replay_audit(const struct wg_desk_opts *opts, void (*progress)(void *, uint64_t, uint64_t),
                    void *arg, struct wg_audit *out, struct wg_err *err);
/** Fold everything anew beside the views that are, compare key by key, put the new ones in place.
 */
int wg_replay_rebuild(const struct wg_desk_opts *opts, void (*say)(void *, const char *), void *arg,
                      uint64_t *entries, uint64_t *differ, struct wg_err *err);

#endif
