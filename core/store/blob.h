/** Behind the front door: how blobs lie in their folder, for what writes them and what sweeps. */
#ifndef WG_BLOB_H
#define WG_BLOB_H

#include "store/store.h"

#define BLOB_PATH 1200
#define BLOB_TEMP "new-"   /**< begins the name of a file that is being written */
#define BLOB_MEDIA ".json" /**< ends the name of what is kept beside a blob */

/** WG_ENOENT for a name that is none. */
int blob_path(const char *dir, struct wg_str name, const char *suffix, char out[BLOB_PATH]);
/** how: LOCK_SH for who names or brings, LOCK_EX for who takes away; held until *fd is closed. */
int blob_lock(const char *dir, int how, int *fd, struct wg_err *err);

#endif
