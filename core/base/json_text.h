/** Behind base/json.h: the raw text of a document, what yajl lets through in it, and messages that
 * say where and what. Lines and columns count from 1; a column is a character, as editors count. */
#ifndef WG_JSON_TEXT_H
#define WG_JSON_TEXT_H

#include "wg.h"

/** Length, byte order mark, UTF-8, escapes. Errors: WG_EINVAL, with the place in err. */
int json_check_text(struct wg_str text, struct wg_err *err);

/** Where the token begins whose last byte is before end. */
size_t json_token_start(struct wg_str text, size_t end);

/** Fill err: `what` at byte `at`, and what stands there. Returns WG_EINVAL. */
int json_refuse(struct wg_str text, size_t at, const char *what, bool and_found,
                struct wg_err *err);

/** The same from what yajl said and the byte it stopped at. */
int json_refuse_as(struct wg_str text, size_t at, const char *said, struct wg_err *err);

#endif
