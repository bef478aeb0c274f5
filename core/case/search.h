/** Search: fragments of a case's id, number, address and description, and an index that makes
 *  finding them quick. A citizen's words lie in the vault and are no part of it.
 *
 *  The index is a view of a view: made from the case table, in a folder of its own, dropped and
 * made again whenever it can't be trusted. What it has not read yet is scanned, so an answer is
 * right at any moment and quick once the index has caught up. */
#ifndef WG_SEARCH_H
#define WG_SEARCH_H

#include "base/base.h"
#include "store/store.h"

struct wg_case;
struct wg_views;

/* ---- what is looked for ---- */

#define WG_FIND_BYTES 200
#define WG_FIND_WORDS 8
/** Words that must all be found, as search sees text (base/plain.h). */
struct wg_find {
    struct wg_buf text; /**< UTF-16 units */
    struct {
        size_t at, n; /**< in units */
    } word[WG_FIND_WORDS];
    size_t words;
};
/** Owner: caller, wg_find_done. Errors: WG_EINVAL with pointer "/q": too long, or a word of less
 * than one Chinese character or two letters or digits; WG_ENOMEM. */
int wg_find_read(struct wg_str q, struct wg_find *out, struct wg_err *err);
void wg_find_done(struct wg_find *f);
/** The text of a case that is searched, into out (emptied first), as UTF-16 units. */
void wg_find_text(const struct wg_case *c, struct wg_buf *out);
/** Has this case all words? scratch: for its text. */
bool wg_find_in(const struct wg_find *f, const struct wg_case *c, struct wg_buf *scratch);

/* ---- the index of a county ---- */

struct wg_search;
/** dir/search, for these views: made anew, empty, where it is of another journal, of an older
 * program or not to be trusted. From now on it hears of what is folded. Before the desk's thread
 * starts; to be closed before views and journal are. Errors: WG_EIO, WG_ENOSPC, WG_ENOMEM. */
int wg_search_open(const char *dir, struct wg_views *v, struct wg_journal *j,
                   struct wg_search **out, struct wg_err *err);
void wg_search_close(struct wg_search *s); /**< NULL is fine. After the desk has stopped. */
/** A piece of what is to be done: some tens of milliseconds, or a look at all entries since the
 * last stop. *more: there is more at once. Thread: one, of low priority. Errors: WG_ENOSPC, WG_EIO;
 * nothing is lost, it can be tried again. */
int wg_search_work(struct wg_search *s, bool *more, struct wg_err *err);
struct wg_search_state {
    bool ready;     /**< the entries since the last stop have been looked at */
    bool idle;      /**< nothing to do but wait for entries */
    uint64_t end;   /**< cases with lesser ids are in the index */
    size_t changed; /**< cases in it whose text has changed since: each search looks at these too */
};
/** Thread: any. */
void wg_search_state(struct wg_search *s, struct wg_search_state *out);

#endif
