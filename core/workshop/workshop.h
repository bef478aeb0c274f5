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

#endif
