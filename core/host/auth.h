/** What signing in and keeping accounts share: one line in front of the pool. The loop's. */
#ifndef WG_HOST_AUTH_H
#define WG_HOST_AUTH_H

#include "inside.h"

/** A password to be checked against hash, or to be hashed; `then` gets it back on the loop. */
struct login {
    struct login *next;
    struct call *call;
    struct wg_str password;
    char hash[128];
    bool check; /* against hash; else make it */
    bool ok;
    char who[96];
    struct session draft; /* who it will be */
    void (*then)(struct login *l);
};

void login_queue(struct login *l); /**< or answers 503 */
uint32_t roles_of(
    const struct wg_json *list); /**< names of roles; those that are none count for nothing */

#endif
