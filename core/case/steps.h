/** The words of the flow (states, roles, sources, kinds) and the flow as data: a table of rows that
 * a pack brings. Nothing here knows a row by name: report, accept, file … are rows like any that a
 * city adds. Source: GB/T 30428.8 (stages), the table "standard flow" of the interface. Thread:
 * any; a flow never changes. */
#ifndef WG_STEPS_H
#define WG_STEPS_H

#include "base/base.h"

enum wg_state {
    WG_REPORTED,
    WG_VERIFYING,
    WG_ACCEPTED,
    WG_FILED,
    WG_DISPATCHED,
    WG_DISPOSING,
    WG_DISPOSED,
    WG_CHECKING,
    WG_CHECKED,
    WG_CLOSED,
    WG_RETURNED,
    WG_DISPUTED,
    WG_SUSPENDED,
    WG_REJECTED,
    WG_VOIDED,
    WG_MERGED,
    WG_HANDED_OVER,
    WG_STATES,
    WG_STAY = 100,    /**< as a row's `to`: the state stays */
    WG_BACK = 101,    /**< as a row's `to`: the state before the one it is in */
    WG_GRANTED = 102, /**< as a row's `to`: where the row that asked says its grant leads */
    WG_NOWHERE = 255  /**< before the report */
};
/** The two axes, which never meet in one person on one case. */
#define WG_SUPERVISION (WG_COLLECTOR | WG_ACCEPTOR | WG_CHIEF)
#define WG_COMMAND (WG_DISPATCHER | WG_COORDINATOR | WG_UNIT_ROLE)

enum wg_kind { WG_PART, WG_EVENT, WG_KINDS };
enum wg_source {
    WG_FROM_COLLECTOR,
    WG_FROM_HOTLINE,
    WG_FROM_PUBLIC,
    WG_FROM_SMS,
    WG_FROM_VIDEO,
    WG_FROM_VEHICLE,
    WG_FROM_LEADER,
    WG_FROM_MEDIA,
    WG_FROM_OTHER,
    WG_SOURCES
};
/** Is what came this way a citizen's own words, which go to the vault? */
#define WG_SOURCE_PRIVATE(s) ((s) == WG_FROM_HOTLINE || (s) == WG_FROM_PUBLIC || (s) == WG_FROM_SMS)

const char *wg_state_name(int state);
const char *wg_kind_name(int kind);
const char *wg_source_name(int source);
const char *wg_role_name(uint32_t role);  /**< of one bit */
const char *wg_lead_name(int to);         /**< a state, "stay", "back" or "granted" */
const char *wg_field_type_name(int type); /**< "text" … */
int wg_state_parse(struct wg_str s);      /**< -1 where there is none; "stay", "back" too */
int wg_kind_parse(struct wg_str s);
int wg_source_parse(struct wg_str s);
uint32_t wg_role_parse(struct wg_str s);                /**< 0 where there is none */
void wg_roles_json(uint32_t roles, struct wg_buf *out); /**< ["chief","leader"] */
bool wg_state_open(int state); /**< not closed, rejected, voided, merged, handed over */

/** What a field of an action's body must be. */
enum wg_field_type {
    WG_FTEXT,
    WG_FINT,
    WG_FCHOICE,
    WG_FUNIT,
    WG_FCONDITION,
    WG_FTIME,
    WG_FCASE,
    WG_FAREA,
    WG_FUNITS, /**< a list of up to 8 units */
    WG_FCLASS  /**< code of a class of the case's kind */
};
struct wg_field {
    struct wg_str name;
    enum wg_field_type type;
    bool must;
    struct wg_str choice[6]; /**< of WG_FCHOICE */
    uint32_t choices;
};
#define WG_STEP_FIELDS 6
/** Where a row leads, by the body's `result` where it has one. */
struct wg_lead {
    struct wg_str result; /**< {NULL, 0}: always */
    int to;
    struct wg_str count; /**< a counter that goes up: "rework", "deferrals", or {NULL, 0} */
};
/** What a row does beside moving the state: one of these, done in C, so that no pack can leave half
 * of it out. core/desk/README.md says what each needs and writes. */
enum wg_doing {
    WG_NO_EFFECT,
    WG_DO_VERIFY,
    WG_DO_SEND_BACK,
    WG_DO_ASK,
    WG_DO_GRANT,
    WG_DO_DENY,
    WG_DO_FEED_BACK,
    WG_DO_CHECK,
    WG_DO_SUPERVISE,
    WG_DO_REPLY,
    WG_DO_URGE,
    WG_DO_MERGE,
    WG_DO_SPLIT,
    WG_DO_WITHDRAW,
    WG_DO_TRANSFER,
    WG_DO_COUNTERSIGN,
    WG_DO_EVIDENCE,
    WG_DO_CORRECT,
    WG_DO_CALLBACK,
    WG_DO_APPEAL,
    WG_DO_VERDICT,
    WG_DO_HANDOVER,
    WG_DO_RECEIVE,
    WG_EFFECTS
};
const char *wg_doing_name(int effect); /**< "send_back" */

struct wg_step {
    struct wg_str action, name; /**< "accept", "受理" */
    struct wg_str file;         /**< where the row stands, with its line; empty where nobody said */
    int64_t line;
    uint32_t from; /**< 1 << state …; 0: there is no case yet */
    uint32_t roles;
    bool holder;     /**< a unit must be the one that holds the case */
    bool before_due; /**< only while the case is not overdue */
    enum wg_doing effect;
    int grants; /**< of a row that asks: where a grant leads; WG_STAY by default */
    struct wg_field field[WG_STEP_FIELDS];
    uint32_t fields;
    struct wg_lead lead[4];
    uint32_t leads;
};
struct wg_flow {
    const struct wg_step *step;
    size_t count;
};

/** A flow from a pack's rows: an array of
 *   {action, name, from:[state…] or absent, to: state|"stay"|"back"|"granted" or {result:state…},
 * role:[role…], holder?, auto?, before_due?, effect?: "ask"|…, grants?: state, file, line (by
 * step{}), need:{field: "text"|"int"|"unit"|"units"|"condition"|"class"|"time"|"case"|"area"|
 * [choices…]}, may:{…}, count:{result: counter}}. Every fault names the row. The flow lives in the
 * arena. Errors: WG_EINVAL, WG_ENOMEM.
 */
int wg_flow_read(struct wg_arena *a, const struct wg_json *rows, struct wg_flow *out,
                 struct wg_err *err);
/** Rows may share an action (other from). Row i with that action from that state; -1: none. */
int wg_flow_find(const struct wg_flow *flow, struct wg_str action, int state);
bool wg_flow_knows(const struct wg_flow *flow, struct wg_str action);
/** Does this row leave that state, and may one of these roles take it? */
bool wg_step_leaves(const struct wg_step *s, int state, uint32_t roles);

#endif
