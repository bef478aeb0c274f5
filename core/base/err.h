/** Errors: an int that is 0 or a negative WG_E..., and a struct wg_err where a person will read
 * why. */
#ifndef WG_ERR_H
#define WG_ERR_H

#include "wg.h"

#include <stdarg.h>

/** A short English name of a code, e.g. "no space". Never NULL. */
const char *wg_strerror(int code);

/** Our own broken promise: logs the place and aborts. Never for input. */
#define wg_require(cond) ((cond) ? (void)0 : wg_broken(#cond, __FILE__, __LINE__))
_Noreturn void wg_broken(const char *what, const char *file, int line);

#endif
