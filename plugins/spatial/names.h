/** Places by their names. */
#ifndef WG_SPATIAL_NAMES_H
#define WG_SPATIAL_NAMES_H

#include "spatial.h"

/** What is asked, plain (wg_plain), and its letters without the spaces between, as pinyin. UTF-16.
 */
struct question {
    const uint16_t *q, *letters;
    size_t m, spelled;
    bool latin;
};
/** Feature i of a member of the source. */
struct candidate {
    size_t member, i;
    double score; /**< 0 to 1 */
    size_t length;
};
/** What of member k answers, among the best, of which there are at most the ask's limit; the best
 * first. False: no memory. Thread: pool. */
bool names_search(struct ask *ask, size_t k, const struct question *q, struct candidate *best,
                  size_t *count);

#endif
