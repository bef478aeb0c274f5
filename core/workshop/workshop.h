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
void wg_findings_free(struct wg_findings *f);
/** {"faults", "doubts", "remarks", "findings": […]} */
void wg_findings_write(const struct wg_findings *f, struct wg_buf *out);

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

#endif
