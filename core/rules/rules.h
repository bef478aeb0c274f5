/** The front door of rules: a county's bundle of Lua and data, what it says (its pack), and
 * deciding by it.
 *
 *  Deciding is pure in the case, `in`, the moment, the facts and the bundle: rules have no clock,
 * no random, no I/O. Each question a rule asks goes through one door (struct wg_world) and is
 * written with its answer into the facts; replay answers from those alone. The fence: allow-listed
 * globals that can't be set, tables frozen after load, no pcall, coroutine, setmetatable or
 *  patterns, sorted pairs, a cap on each allocation and on all, a clock looked at every 200
 * instructions, C helpers with bounded cost, nothing prints an address. A failure is WG_ERULE with
 * "file:line: reason". */
#ifndef WG_RULES_H
#define WG_RULES_H

#include "case/case.h"
#include "rules/cover.h"

/* ---- a bundle: files under one revision. Immutable, counted, any thread ---- */

struct wg_bundle;
/** Of a county: scripts/std/ .lua, scripts/counties/<city>/ .lua, scripts/counties/<area>/ .lua,
 * standards/classes.csv and limits.csv. Errors: WG_ENOENT (which), WG_ERANGE (4 MiB in all),
 * WG_EIO. */
int wg_bundle_read(const char *scripts, const char *standards, const char *city, const char *area,
                   struct wg_bundle **out, struct wg_err *err);
/** One JSON text of a bundle, and back: how it is kept as a blob. Canonical: rev is its digest. */
void wg_bundle_json(const struct wg_bundle *b, struct wg_buf *out);
int wg_bundle_parse(struct wg_str json, struct wg_bundle **out, struct wg_err *err);
/** The city's bundle that a county's one stands on: all but the county's own files. Of a city's:
 * the same again. Unchanged files give the revision that the city's own bundle has. */
int wg_bundle_base(const struct wg_bundle *b, struct wg_bundle **out, struct wg_err *err);
/** A bundle of `area` made of a city's (NULL: there is none yet) and files of its own, each
 * {"341824/rules.lua", text}. A folder that `own` has a file of is taken from there whole. A county
 * brings its own folder only; the city also std/ and standards/. Errors: WG_EINVAL (which file and
 * why), WG_ENOENT, WG_ERANGE. */
struct wg_bundle_file {
    struct wg_str name, text;
};
int wg_bundle_over(const struct wg_bundle *base, const char *city, const char *area,
                   const struct wg_bundle_file *own, size_t count, struct wg_bundle **out,
                   struct wg_err *err);
struct wg_str wg_bundle_area(const struct wg_bundle *b);
struct wg_str wg_bundle_city(const struct wg_bundle *b);
/** The first line of a Lua file under folder in which needle stands. false: nowhere. */
bool wg_bundle_spot(const struct wg_bundle *b, struct wg_str folder, const char *needle,
                    struct wg_str *file, int *line);
const char *wg_bundle_rev(const struct wg_bundle *b); /**< "b2:…", WG_SHORT_TEXT */
size_t wg_bundle_files(const struct wg_bundle *b);
void wg_bundle_file(const struct wg_bundle *b, size_t i, struct wg_str *name, struct wg_str *text);
struct wg_bundle *wg_bundle_keep(struct wg_bundle *b);
void wg_bundle_drop(struct wg_bundle *b);

/* ---- a pack: what the bundle's tables say, as C data. Immutable, counted, any thread ---- */

struct wg_condition {
    struct wg_str id, text, close, source;
    struct wg_str article; /**< of the source: "第十二条" */
    struct wg_limit limit;
    bool assumed; /**< the city's default, no row of a standard */
    /** Staged limits 围护 → 修复 → 恢复, each counted from when it begins; within `limit`. */
    struct wg_segment {
        struct wg_str name, unit; /**< unit {NULL, 0}: the one that holds the case */
        struct wg_limit limit;
    } segment[4];
    uint32_t segments; /**< 0: in one go */
};
/** The clocks that the pack's `tables` set. */
struct wg_clocks {
    struct wg_limit stage[WG_STATES], urgent[WG_STATES]; /**< n_milli 0: none. urgent: where the
                                                            case's limit is an emergency one */
    int64_t
        yellow_milli; /**< the lamp is yellow once so much of the limit is left, in thousandths */
    bool rework_anew; /**< a failed check gives the whole limit again, not what was left */
    int64_t hold_ms;  /**< timers wait so long after the clock has jumped */
};
struct wg_class {
    struct wg_str standard, code, name, major;
    enum wg_kind kind;
    const struct wg_condition *condition;
    size_t conditions;
};
/** A document that condition rows cite by its id (their `source`). */
struct wg_legal {
    struct wg_str id, issuer, number, title;
    int64_t from_ms, to_ms; /**< half open; INT64_MIN, INT64_MAX where no day is given */
};
/** 专项整治: for a while, in some places, some classes have shorter limits and other weights. */
struct wg_campaign {
    struct wg_str id, name;
    int64_t from_ms, to_ms;    /**< half open: from the first day's start to the last one's end */
    const struct wg_str *area; /**< fronts of grid codes: street, community, grid */
    size_t areas;              /**< 0: everywhere */
    struct wg_campaign_class {
        enum wg_kind kind;
        struct wg_str code; /**< a class, or its front: "01" */
        bool limited;
        struct wg_limit limit;
        int64_t weight_milli;
    } * row;
    size_t rows;
};
/** In which order responsibility is looked for. */
enum wg_owner_way { WG_BY_OWNER, WG_BY_CLASS, WG_BY_TERRITORY, WG_OWNER_WAYS };
const char *wg_owner_way_name(int way); /**< "owner", "class", "territory" */
struct wg_owner_rule {
    enum wg_kind kind;
    struct wg_str code; /**< a class, or its front; empty: all of the kind */
    enum wg_owner_way by[WG_OWNER_WAYS];
    uint32_t ways;
};
#define WG_POINT_STAY (UINT32_C(1) << 31)
struct wg_pack {
    char rev[WG_SHORT_TEXT + 1];
    struct wg_str area, name, standard; /**< standard: the working set's, "GB/T 30428.2-2013" */
    struct wg_str number; /**< template of 案卷号: "绩数管案〔{year}〕{serial:6}号" */
    struct wg_str hours;  /**< JSON text of the hours table, for wg_worktime_new */
    struct wg_flow flow;
    const struct wg_class *classes; /**< sorted by kind, code */
    size_t class_count;
    struct {
        int64_t late_ms; /**< a photo taken so long before its step, and longer, is marked */
        int64_t far_m;   /**< or so far from the case's place */
    } evidence;
    /** A release goes back by itself after so many failures, if they are so many of all decisions.
     */
    struct {
        int64_t failures, percent;
    } rollback;
    struct wg_clocks clocks;
    bool small_centre; /**< the two axes may meet in one person; each such act is marked */
    const struct wg_legal *legal;
    size_t legals;
    const struct wg_campaign *campaign; /**< the county's own first */
    size_t campaigns;
    const struct wg_owner_rule *owner; /**< the first that fits decides; none: owner, class,
                                          territory */
    size_t owners;
    /** Where a county may add steps of its own: from this state to those (bits; WG_POINT_STAY). */
    uint32_t point[WG_STATES];
    struct wg_str tables, messages, scoring, map; /**< JSON texts, as merged */
    size_t memory;                                /**< bytes of the Lua state that has loaded it */
};
const struct wg_legal *wg_pack_legal(const struct wg_pack *p, struct wg_str id); /**< or NULL */
/** Is it not, or no more, in force at t? A source that nobody described (NULL) is not known to be.
 */
static inline bool wg_legal_expired(const struct wg_legal *l, int64_t t_ms)
{
    return l && (t_ms < l->from_ms || t_ms >= l->to_ms);
}
/** The campaign that a case of this class and grid falls into at t, and its row; NULL: none. */
const struct wg_campaign *wg_pack_campaign(const struct wg_pack *p, int kind, struct wg_str code,
                                           struct wg_str grid, int64_t t_ms,
                                           const struct wg_campaign_class **row);
/** The rule of the order in which responsibility is looked for; NULL: the standard order. */
const struct wg_owner_rule *wg_pack_owner(const struct wg_pack *p, int kind, struct wg_str code);
#define WG_ORDER_TEXT 40
/** That order as the sixth argument of "responsible": "territory class". Without a rule: empty. */
void wg_pack_order(const struct wg_pack *p, int kind, struct wg_str code, char out[WG_ORDER_TEXT]);
const struct wg_class *wg_pack_class(const struct wg_pack *p, int kind,
                                     struct wg_str code); /**< or NULL */
const struct wg_condition *wg_class_condition(const struct wg_class *c,
                                              struct wg_str id); /**< or NULL */
struct wg_pack *wg_pack_keep(struct wg_pack *p);
void wg_pack_drop(struct wg_pack *p);
/** The printed number of a case by the pack's template. Errors: WG_EINVAL (template). */
int wg_pack_number(const struct wg_pack *p, int year, uint32_t serial, struct wg_buf *out);

/* ---- rules: a Lua state with a bundle in it. Thread: one (its desk) ---- */

struct wg_rules_limits {
    int64_t budget_us; /**< of one call; 0: 20,000 */
    size_t memory_max; /**< of the state; 0: 8 MiB */
    size_t alloc_max;  /**< of one allocation in a call; 0: 64 KiB. While loading: 4 MiB */
    int64_t load_us;   /**< of loading; 0: 1,000,000 */
};
struct wg_rules;
/** Errors: WG_ERULE with file, line, reason. plugins: NULL-ended list whose `lua` functions join;
 * may be NULL. */
int wg_rules_new(struct wg_bundle *b, const struct wg_rules_limits *limits,
                 const struct wg_plugin *const *plugins, struct wg_rules **out, struct wg_err *err);
void wg_rules_free(struct wg_rules *r);
struct wg_pack *wg_rules_pack(struct wg_rules *r);     /**< borrowed; wg_pack_keep to hold it */
struct wg_bundle *wg_rules_bundle(struct wg_rules *r); /**< borrowed */

/** A function that decides: on.<event>, where it stands, and whether it is the county's own: not
 * the very function that the city's pack has there. Texts live as long as the state. */
struct wg_handler {
    const char *event;
    struct wg_str file;
    int line;
    bool own;
};
/** Each handler, in the order of the events' names. */
void wg_rules_handlers(struct wg_rules *r, void (*fn)(void *arg, const struct wg_handler *h),
                       void *arg);

/** What rules may ask. answer: one JSON value's text. Errors: reason to the rule. Questions, args →
 * answer: "deadline" [from_ms, n_milli, "work_day"]             → due_ms "responsible" [kind,
 * category, part|null, lon_e7, lat_e7] → {"unit","by","duty"} | null "responsible_near" [kind,
 * category, lon_e7, lat_e7, reach_m] → [{"unit","duty","distance_m","inside"}] "near" [lon_e7,
 * lat_e7, within_m, kind, category, open] → [{"id","distance_m","state","category"}] "unit" [id] →
 * {"id","name","kind"} | null "within" [lon_e7, lat_e7, layer] → {"id","name"} | null "areas_near"
 * [lon_e7, lat_e7, layer, reach_m] → [{"id","name","distance_m","inside"}] "part_at" [lon_e7,
 * lat_e7, reach_m, category|null] → {"id","name","category","distance_m"} | null */
struct wg_world {
    int (*ask)(void *self, const char *what, const struct wg_json *args, struct wg_buf *answer,
               struct wg_err *err);
    void *self;
};
struct wg_decision {
    const char
        *event; /**< "report", "file", … : the handler on[event]; none there: nothing is decided */
    const struct wg_case *c;            /**< the case as it is; for a report as it would be */
    const struct wg_json *in;           /**< body */
    const struct wg_json *asked;        /**< what waits for an answer, or NULL */
    const struct wg_class *class_;      /**< of the case; NULL if unknown */
    const struct wg_condition *row;     /**< chosen condition row, or NULL */
    const struct wg_campaign *campaign; /**< that gave the row its limit, or NULL */
    struct wg_str area;                 /**< case.area; {NULL, 0}: the pack's */
    struct wg_str by, unit;             /**< who asks; their unit or {NULL,0} */
    uint32_t role;                      /**< the one role used */
    int64_t now_ms;
    const struct wg_world *world; /**< NULL: only from given */
    const struct wg_json *given;  /**< recorded facts to answer from, or NULL */
};
/** Run the handler. facts gets ["what",[args],answer] and outs gets outcome objects, both
 * comma-separated, appended. Outcomes are checked against the schema; each carries why:[text, file,
 * line]. From a rule come only: propose, set, ask, order, notify, refuse. Errors: WG_ERULE (the
 * rule failed), WG_EDENIED (the rule refuses: err->text is its because), WG_ENOMEM. */
int wg_rules_decide(struct wg_rules *r, const struct wg_decision *d, struct wg_arena *a,
                    struct wg_buf *facts, struct wg_buf *outs, struct wg_err *err);
/** Decide, and look on: which lines made the outcomes, and which rows came nearest to it and why
 * they did not. As wg_rules_decide, many times slower; out gets
 * {"fired":[{file,line,text,condition?,values?}], "not":[{file,line,condition,values,held,would}]},
 * the nearest first, at most three. held: the condition was true, and kept what comes after it. */
int wg_rules_trace(struct wg_rules *r, const struct wg_decision *d, struct wg_arena *a,
                   struct wg_buf *facts, struct wg_buf *outs, struct wg_buf *out,
                   struct wg_err *err);
/** The functions and fields that rules see, with usage and brief, one a line: `wangged --api`. */
void wg_rules_api(void (*say)(void *arg, const char *name, const char *usage, const char *brief),
                  void *arg);
/** The same as a definition file for Lua's language server. */
void wg_rules_meta(struct wg_buf *out);

#endif
