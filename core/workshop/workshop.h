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
