/** The log: one JSON object a line on stderr:
 * {"t":"…","level":"info","at":"desk","msg":"…","area":341824}. Never personal data: no names,
 * phones, descriptions, passwords, tokens. Thread: any. */
#ifndef WG_LOG_H
#define WG_LOG_H

#include "wg.h"

enum wg_level { WG_DEBUG, WG_INFO, WG_WARN, WG_ERROR };

void wg_log_level(enum wg_level least); /**< what is below is not written; WG_INFO at start */

/** at: the layer or part, e.g. "store". Then pairs of C strings key, value; NULL ends them:
 *  wg_log(WG_INFO, "desk", "opened", "area", area, NULL). A value that is a whole number is written
 * as one. */
void wg_log(enum wg_level level, const char *at, const char *msg, ...) __attribute__((sentinel));

/** v as text, for the pairs of wg_log; gone at the end of the block. */
#define WG_NUM(v) wg_num_text((char[24]){0}, (int64_t)(v))
const char *wg_num_text(char out[24], int64_t v);

#endif
