/** Behind the front door: one file of the journal.
 *
 *  A segment is zero-filled when it is made, so that appending never changes the file's size: a
 * batch then costs one write and one fdatasync of data alone. It holds frames back to back, then
 * zeros:
 *
 *      "WGJ\1"  len:u32  crc:u32  count:u32  first_n:u64  0:u64     little-endian, 32 bytes
 *      count entries, each a JSON text and "\n"                      len bytes
 *
 *  crc is the CRC-32C of the header (with crc as 0) and the entries. JSON holds no byte 1, so
 * entries can't look like a header. */
#ifndef WG_SEGMENT_H
#define WG_SEGMENT_H

#include "store/store.h"
#include <stdatomic.h>

#define FRAME_HEAD 32u

struct frame {
    uint32_t len, crc, count;
    uint64_t first_n;
};

struct segment {
    uint64_t first_n; /* of its first entry, also its name */
    int fd;
    size_t size;
    _Atomic size_t
        end; /* where the next frame goes; only right for the last segment or once indexed */
    bool indexed;
    struct mark { /* every MARK_BYTES or so: where a frame begins */
        uint64_t n;
        size_t at;
    } * marks;
    size_t mark_count, mark_cap;
    char path[1200];
};

/** Zero-fill a new file of size bytes and sync it: piece by piece with rests in between, so that
 * the disk is free for whoever appends, until *hurry (NULL: at once). Errors: WG_ENOSPC, WG_EIO. */
int segment_make(const char *path, size_t size, const atomic_bool *hurry, struct wg_err *err);
int segment_open(const char *path, uint64_t first_n, bool write, struct segment **out,
                 struct wg_err *err);
void segment_close(struct segment *s);
/** Read the frame at `at` whole into buf (header too). WG_ENOENT: zeros, or the end of the file.
 *  WG_ECORRUPT: something that is no whole frame. */
int segment_frame(struct segment *s, size_t at, struct wg_buf *buf, struct frame *f);
/** Read its header alone, to hop over it: the sum is not checked. */
int segment_head(struct segment *s, size_t at, struct frame *f);
void frame_write(struct wg_buf *buf, const struct frame *f);
/** Remember where a frame begins, sparsely. */
void segment_mark(struct segment *s, uint64_t n, size_t at);
/** Where to start reading to find n: at or before its frame. */
size_t segment_find(const struct segment *s, uint64_t n);
/** Is there a whole frame, or any byte that is not zero, at or after `at`? */
int segment_beyond(struct segment *s, size_t at, bool *frame, bool *bytes, struct wg_err *err);
/** Write the frame at `at` over itself and sync: that it reads well may be the page cache's doing
 * alone. */
int segment_renew(struct segment *s, size_t at, struct wg_err *err);
/** Make everything from `at` on zero again, and the file its size. Synced. */
int segment_wipe(struct segment *s, size_t at, struct wg_err *err);

#endif
