/** A fragment of text as a search sees it (wg_plain) in another. Thread: any. */
#ifndef WG_PLAIN_H
#define WG_PLAIN_H

#include "wg.h"

/** Where needle begins in text, both so many units; -1 where it does not. An empty one: 0. */
ptrdiff_t wg_plain_find(const uint16_t *text, size_t n, const uint16_t *needle, size_t needle_n);

#endif
