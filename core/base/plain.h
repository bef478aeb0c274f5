/** Text as a search sees it: one form for full and half width, upper and lower case, traditional
 * and simplified Chinese, with and without accents. Each code point by itself, so that a fragment
 * of a text folds to a fragment of the folded text. Thread: any. */
#ifndef WG_PLAIN_H
#define WG_PLAIN_H

#include "wg.h"

/** Adds the folded form of s (UTF-8; what is not becomes U+FFFD) to out as UTF-16 units of the
 * machine: out->n / 2 of them. Any white space is one U+0020, a NUL too: no unit is ever 0. */
void wg_plain(struct wg_str s, struct wg_buf *out);

/** Where needle begins in text, both so many units; -1 where it does not. An empty one: 0. */
ptrdiff_t wg_plain_find(const uint16_t *text, size_t n, const uint16_t *needle, size_t needle_n);

#endif
