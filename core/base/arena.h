/** Memory that dies together: a request's, a command's, a document's. Not shared between threads.
 */
#ifndef WG_ARENA_H
#define WG_ARENA_H

#include "wg.h"

struct wg_arena;

/** Owner: caller, wg_arena_free. NULL when memory is out. chunk: bytes per block, 0 for 4 KiB. */
struct wg_arena *wg_arena_new(size_t chunk);
void wg_arena_free(struct wg_arena *a);  /**< NULL is fine */
void wg_arena_reset(struct wg_arena *a); /**< forgets everything, keeps one block */
/** n zeroed bytes, aligned for any type; NULL when memory is out. */
void *wg_arena_alloc(struct wg_arena *a, size_t n);
/** A NUL-terminated copy; {NULL, 0} when memory is out. */
struct wg_str wg_arena_str(struct wg_arena *a, struct wg_str s);
/** printf into the arena, NUL-terminated; p is NULL when memory is out. */
struct wg_str wg_arena_fmt(struct wg_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t wg_arena_used(const struct wg_arena *a); /**< bytes handed out */

#define WG_NEW(a, type) ((type *)wg_arena_alloc((a), sizeof(type)))

#endif
