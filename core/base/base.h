/** The front door of base: errors, strings, buffers, arenas, JSON, queues, time, hashes, the log.
 *  Nothing here knows what a case or a county is. Thread: any, unless a header says otherwise. */
#ifndef WG_BASE_H
#define WG_BASE_H

#include "wg.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/plain.h"
#include "base/queue.h"
#include "base/sign.h"
#include "base/time.h"

#endif
