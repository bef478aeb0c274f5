/** Testing a bundle: its own tests run against its own handlers, and what they have covered.
 *  Thread: that of the rules. */
#ifndef WG_RULES_COVER_H
#define WG_RULES_COVER_H

#include "base/base.h"

struct wg_rules;
struct wg_pack;
struct wg_condition;

/** Which lines of handlers ran, which condition rows were filed, which actions were decided. */
struct wg_rules_cover;

struct wg_test_opts {
    const char *calendar; /**< text of standards/calendar.json; NULL: the hours of the pack alone */
    /** A line a test: "ok …" or "FAILED …", then what was wanted and what came; may be NULL. */
    void (*say)(void *arg, const char *line);
    void *arg;
    bool cover;
};
struct wg_test_sum {
    size_t ran, failed;
    struct wg_rules_cover *cover; /**< owner: caller, wg_rules_cover_free; NULL unless asked for */
};
/** Run tests.lua and generated_tests.lua of std, city and county, all of them. A question for a
 * deadline that a test does not answer is answered by the level's hours and the calendar. opts may
 * be NULL. Errors: WG_ERULE with the first failure; the sum is filled all the same. */
int wg_rules_test(struct wg_rules *r, const struct wg_test_opts *opts, struct wg_test_sum *sum,
                  struct wg_err *err);

#define WG_COVER_LINES_LEAST 80 /**< per cent of the lines of a county's own handlers */
/** {"lines": {hit, total, least}, "files": [{file, own, hit, total, missed: [lines]}], "rows":
 * {hit, total, missed: ["event.0110 条件1"]}, "actions": [names]}. base: the pack that the county
 * stands on: rows that it has just so are not the county's own. */
void wg_rules_cover_write(const struct wg_rules_cover *c, const struct wg_pack *base,
                          struct wg_buf *out);
/** May this be released? All own rows, and enough of the own lines. Errors: WG_ESTATE, with what is
 * missing in 中文. */
int wg_rules_cover_gate(const struct wg_rules_cover *c, const struct wg_pack *base,
                        struct wg_err *err);
void wg_rules_cover_free(struct wg_rules_cover *c); /**< NULL is fine */

/** Does `base` have this row of this class just so? */
bool wg_pack_row_known(const struct wg_pack *base, int kind, struct wg_str code,
                       const struct wg_condition *row);

#endif
