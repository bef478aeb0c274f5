/** The front door of workshop: what a draft of rules says, and what it would change, before it is
 * in force. Everything here only looks. Reports are JSON text with Chinese words in it: a county's
 * clerk reads them. Thread: a job's, or the client's. */
#ifndef WG_WORKSHOP_H
#define WG_WORKSHOP_H

#include "desk/desk.h"

/* ---- findings: what a check has to say ---- */

enum wg_severity { WG_REMARK, WG_DOUBT, WG_FAULT, WG_SEVERITIES };
const char *wg_severity_name(int s); /**< "remark" 说明, "doubt" 存疑, "fault" 不合格 */
struct wg_findings {
    struct wg_buf items; /**< JSON objects, comma-separated: {"severity", "check", "where", "file",
                            "line", "text", "right"} */
    size_t count[WG_SEVERITIES];
};
/** One finding. check: a short English word ("loosened_limit"); where: "event.0110 条件1", file:
 * {NULL, 0}, line 0: not known; text: what is wrong; right: what would be right, or NULL. */
struct wg_finding {
    enum wg_severity severity;
    const char *check;
    struct wg_str where, file;
    int line;
    const char *text, *right;
};
void wg_find(struct wg_findings *f, const struct wg_finding *one);
/** Faults of this check (NULL: all) become doubts. */
void wg_findings_soften(struct wg_findings *f, const char *check);
void wg_findings_free(struct wg_findings *f);
/** The list of them as a tree in a, or NULL. */
const struct wg_json *wg_findings_list(const struct wg_findings *f, struct wg_arena *a);
/** {"faults", "doubts", "remarks", "findings": […]} */
void wg_findings_write(const struct wg_findings *f, struct wg_buf *out);

/* ---- a draft comes in ---- */

/** The files in a tar (plain or gzip), as a bundle of `area` names them: "341824/rules.lua". A file
 * at the root, or under counties/ or scripts/, is taken to be in its place there. Texts live in the
 * arena. Errors: WG_EINVAL (which file, what would be right), WG_ERANGE, WG_ENOMEM. */
int wg_draft_read(struct wg_str tar, const char *area, struct wg_arena *a,
                  struct wg_bundle_file **files, size_t *count, struct wg_err *err);
/* ---- 回测: recorded decisions under a draft ---- */

struct wg_backtest;
/** Decide again what was decided from from_ms to to_ms (half open), and follow each case that comes
 * out otherwise. progress(arg, entry, last) from time to time; NULL is fine. Owner: caller,
 * wg_backtest_free. Thread: a job's; the desk goes on meanwhile. */
int wg_backtest_run(struct wg_desk *d, struct wg_bundle *bundle, int64_t from_ms, int64_t to_ms,
                    void (*progress)(void *arg, uint64_t n, uint64_t last), void *arg,
                    struct wg_backtest **out, struct wg_err *err);
void wg_backtest_free(struct wg_backtest *b);
/** Figures alone; everything, with the first thousand differences; every difference as CSV with a
 * BOM; a page for people that needs nothing else. */
void wg_backtest_sum(const struct wg_backtest *b, struct wg_buf *out);
void wg_backtest_json(const struct wg_backtest *b, struct wg_buf *out);
void wg_backtest_csv(const struct wg_backtest *b, struct wg_buf *out);
void wg_backtest_html(const struct wg_backtest *b, const char *area, struct wg_buf *out);

/** The same rules with the tests that their rows give by themselves: who changes a limit need not
 * write any. A county that keeps generated_tests.lua has its own. Owner: caller. */
int wg_rules_with_generated(struct wg_rules *rules, const struct wg_pack *city,
                            const struct wg_plugin *const *plugins, const char *calendar,
                            struct wg_rules **out, struct wg_err *err);

/* ---- a draft is tried ---- */

enum wg_trial_step {
    WG_TRY_SHAPE,
    WG_TRY_LINT,
    WG_TRY_TESTS,
    WG_TRY_GUARD,
    WG_TRY_COMPLETE,
    WG_TRY_BACKTEST,
    WG_TRIAL_STEPS
};
const char *wg_trial_name(int step); /**< "shape", "tests" … */
/** A draft and what it is checked against. All but the results is the caller's. */
struct wg_trial {
    struct wg_bundle *bundle;
    const struct wg_plugin *const *plugins;
    const char *calendar; /**< text of standards/calendar.json */
    const struct wg_ground *ground;
    const struct wg_pack *in_force;   /**< holes that it has already are no fault of the draft's */
    struct wg_desk *desk;             /**< for the back-test; NULL: none */
    const struct wg_json *exemptions; /**< a list, as the guard takes it; or NULL */
    int64_t now_ms;
    /** Of a watched folder: lint, coverage, completeness, and that a handler fails (the fence is
     * there for that) are told, and don't refuse. */
    bool dev;
    struct wg_rules *rules, *city; /**< loaded by the first step; the city's, which it stands on */
    struct wg_trial_result {
        bool done, ok;
        int64_t ms;
        struct wg_findings findings;
        struct wg_buf more; /**< members of what is told beside the findings, or empty */
    } result[WG_TRIAL_STEPS];
};
/** Take one step, after those before it. Errors: only what keeps it from being tried; that it is
 * not good is in its result. */
int wg_trial_step(struct wg_trial *t, int step, struct wg_err *err);
/** {"step", "ok", "ms", "faults", "doubts", "remarks"…}; whole: with findings. */
void wg_trial_write(const struct wg_trial *t, int step, bool whole, struct wg_buf *out);
/** The first fault of a step as an error: "file:line: where: text". Gives WG_ERULE. */
int wg_trial_fault(const struct wg_trial *t, int step, struct wg_err *err);
void wg_trial_done(struct wg_trial *t); /**< frees rules and results */

/* ---- sheets: a county's table 立案结案标准, as it keeps it ---- */

/** The pack's classes as CSV (UTF-8 with its mark, CRLF), a row for each condition. city: only
 * classes that differ from its; NULL: all. */
void wg_sheet_write(const struct wg_pack *pack, const struct wg_pack *city, struct wg_buf *out);
/** Against the city's rows. Where units differ so that it can't be told, a limit counts as
 * loosened. */
struct wg_sheet_changes {
    size_t added, tightened, loosened, reworded; /**< rows; a row counts once */
};
/** A table (UTF-8 or GB18030, usual heads, merged cells) as the text of categories.lua: what it
 * says beyond the city's pack. Faults are added to f by row and column, all at once; then lua stays
 * empty. What wg_sheet_write wrote of a pack gives that pack's classes again. Errors: WG_EINVAL
 * (see f), WG_ENOMEM. */
int wg_sheet_read(struct wg_str text, const struct wg_pack *city, struct wg_buf *lua,
                  struct wg_sheet_changes *changes, struct wg_findings *f);

/* ---- lint: what a pack says that can't be meant ---- */

/** Unknown names, rows that can never be chosen, gaps and overlaps. base: the pack that the county
 * stands on, or NULL; what comes from there is a remark, for the county can't mend it. now_ms: for
 * documents that are no longer, or not yet, in force. Errors: WG_ENOMEM. */
int wg_lint(struct wg_rules *r, const struct wg_bundle *b, const struct wg_pack *base,
            int64_t now_ms, struct wg_findings *f, struct wg_err *err);

/* ---- completeness 责任全覆盖 ---- */

struct wg_complete_sum {
    size_t classes, grids, parts, spans; /**< spans: stretches of time in which no unit changes */
    uint64_t checked;                    /**< class x grid x span, and part x span */
    size_t holes, overlaps, dead;        /**< places without anybody, with two; rows for nothing */
};
/** Over every class, grid, part with its owner, and day between two moments: is there nobody who
 * answers, or are there two? By the order of the pack's owner rules, as "responsible" answers. A
 * hole or an overlap is a fault; rows that nothing reaches are doubts; units that answer for
 * nothing, a remark. geojson: a FeatureCollection of the places {problem, grid, duty, classes,
 * example, from, to}, or NULL. progress(arg, done, of) may be NULL. Takes its time: for a job.
 * Errors: WG_EINVAL (no grids, shapes that can't be compared), WG_ENOMEM. */
int wg_complete(const struct wg_ground *g, const struct wg_pack *pack, int64_t from_ms,
                int64_t to_ms, void (*progress)(void *arg, size_t done, size_t of), void *arg,
                struct wg_findings *f, struct wg_buf *geojson, struct wg_complete_sum *sum,
                struct wg_err *err);

/* ---- generated tests ---- */

struct wg_gen_opts {
    const struct wg_pack *base;     /**< rows that it has just so are left out; NULL: all rows */
    const char *calendar;           /**< text of standards/calendar.json; NULL: none */
    const struct wg_ground *ground; /**< tests at vertices of borders too; NULL: none */
};
/** A generated_tests.lua: each row filed on an ordinary day, a minute to each side of the last
 * moment that still ends before a closing, before a holiday, around a make-up day, at the ends of
 * the seasons; what is wanted is worked out from the row and the calendar, not asked of the rules.
 * Where a handler decides otherwise, a comment says so instead of a test. Errors: WG_EINVAL
 * (hours), WG_ENOMEM. */
int wg_gen_tests(struct wg_rules *r, const struct wg_gen_opts *opts, struct wg_buf *out,
                 size_t *tests, struct wg_err *err);

/* ---- the rigidity guard 刚性守护: a county may tighten and add, not loosen ---- */

struct wg_guard_opts {
    const char *calendar; /**< JSON text of standards/calendar.json; NULL: none */
    /** A list of {"number", "reason", "signer", "until": "2027-06-30", "check", "where"}: a fault
     * of this check at this place is allowed through that day. NULL: none. */
    const struct wg_json *exemptions;
    int64_t now_ms;
};
/** Is a county's pack nowhere looser than its city's? city: a state of wg_bundle_base. What is
 * wrong goes to f. README.md names the checks. Both states answer calls again afterwards. Errors:
 * WG_ENOMEM, WG_EINVAL (the calendar). */
int wg_guard(struct wg_rules *city, struct wg_rules *county, const struct wg_guard_opts *o,
             struct wg_findings *f, struct wg_err *err);
/** The table 城标 / 县补充 / 依据: a JSON list of {"kind", "code", "name", "condition", "city",
 * "county", "change": "收紧" | "新增" | "放宽" | "变更" | "同", "basis", "since"}, only rows that
 * differ unless all. The change of a limit in another unit is by calendar. */
int wg_guard_diff(struct wg_rules *city, struct wg_rules *county, const struct wg_guard_opts *o,
                  bool all, struct wg_buf *out, struct wg_err *err);

#endif
