/** The front door of store: the journal, blobs, the vault, and LMDB environments for views.
 *  What is durable when, and what opens after each possible stop, is in README.md beside this file.
 */
#ifndef WG_STORE_H
#define WG_STORE_H

#include "base/base.h"
#include "store/media.h"

/* ---- folders ---- */

/** Make dir and its parents (mode 0700 for new ones) and sync them. Errors: WG_EIO. */
int wg_dir_make(const char *dir, struct wg_err *err);
/** Keep every other process out of dir until the fd is closed. Errors: WG_EBUSY, WG_EIO. */
int wg_dir_lock(const char *dir, int *fd, struct wg_err *err);
int wg_dir_sync(const char *dir, struct wg_err *err);
/** Write a small file whole: temporary name, fsync, rename, folder synced. Errors: WG_EIO,
 * WG_ENOSPC. */
int wg_file_write(const char *path, struct wg_str bytes, int mode, struct wg_err *err);
/** Read a file of at most max bytes; NUL-terminated in out. Errors: WG_ENOENT, WG_ERANGE, WG_EIO.
 */
int wg_file_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err);

/* ---- journal: numbered entries in batches; a batch is durable as a whole or not there ---- */

/** The interface, so that a distributed log can stand behind it. Entries are JSON texts without
 * line breaks. n runs from 1 without gaps. Threads: append and ready: one (the desk); scan and
 * last: any. */
struct wg_journal {
    const struct wg_journal_ops *ops;
};
/** 0: go on; > 0: stop, scan returns WG_OK; < 0: stop, scan returns it. bytes are borrowed. */
typedef int (*wg_scan_fn)(void *arg, uint64_t n, struct wg_str bytes);
struct wg_journal_ops {
    /** Space for a batch of bytes is there when this returns. Errors: WG_ENOSPC, WG_EIO: nothing
     * happened. */
    int (*ready)(struct wg_journal *j, size_t bytes, struct wg_err *err);
    /** Entries first_n …: durable when this returns WG_OK. Any error: the outcome is open, and this
     * journal takes no more batches until it is opened again. Errors: WG_EUNKNOWN. */
    int (*append)(struct wg_journal *j, uint64_t first_n, const struct wg_str *entries,
                  size_t count, struct wg_err *err);
    /** Entries from from_n on, oldest first. Errors: WG_ECORRUPT naming segment and offset; what fn
     * returned. */
    int (*scan)(struct wg_journal *j, uint64_t from_n, wg_scan_fn fn, void *arg,
                struct wg_err *err);
    uint64_t (*last)(
        struct wg_journal *j); /**< number of the last durable entry, 0 where there is none */
    void (*close)(struct wg_journal *j);
};

struct wg_journal_opts {
    size_t segment_bytes; /**< of a full-grown segment; 0: 32 MiB. The first is 1 MiB, each next
                             twice the last */
    uint64_t known_n; /**< views or vault know this entry: a tail that would lose it is a hole, not
                         a tear */
    bool read_only;   /**< for tools beside a stopped server: nothing is cut or made */
};
/** The journal in files under dir. A torn last frame is cut (logged) if nothing knows its entries.
 *  Errors: WG_ECORRUPT (segment, offset, what), WG_EIO, WG_ENOSPC. */
int wg_journal_open(const char *dir, const struct wg_journal_opts *opts, struct wg_journal **out,
                    struct wg_err *err);
/** One entry into buf. Errors: WG_ENOENT, WG_ECORRUPT. Thread: any. */
int wg_journal_get(struct wg_journal *j, uint64_t n, struct wg_buf *buf, struct wg_err *err);

/* ---- blobs: files by the SHA-256 of their content. dir is a county's `blobs`. Thread: any ---- */

#define WG_BLOB_NAME 64 /**< lower-case hex */
/** Store bytes; durable when it returns. Already there: fine. Errors: WG_EIO, WG_ENOSPC. */
int wg_blob_put(const char *dir, struct wg_str bytes, char name[WG_BLOB_NAME + 1],
                struct wg_err *err);
/** The same from an open file, from its start. *size is its length. media: what it was found to be,
 * kept beside it; or NULL. */
int wg_blob_put_fd(const char *dir, int fd, const struct wg_media *media,
                   char name[WG_BLOB_NAME + 1], uint64_t *size, struct wg_err *err);
/** An fd to read it. Errors: WG_ENOENT (also for a name that is none), WG_EIO. */
int wg_blob_open(const char *dir, struct wg_str name, int *fd, struct wg_err *err);
/** What was kept beside it; quick. Errors: WG_ENOENT (no blob, or nothing kept), WG_EIO. */
int wg_blob_media(const char *dir, struct wg_str name, struct wg_media *out, struct wg_err *err);
/** Is it there, and its content what its name says? Errors: WG_ENOENT, WG_ECORRUPT, WG_EIO. */
int wg_blob_check(const char *dir, struct wg_str name, struct wg_err *err);
/** Whoever is about to name a blob holds this from looking at it until its entry is in the journal:
 * until *fd is closed the sweep takes nothing. Errors: WG_ENOENT, WG_EIO. */
int wg_blob_hold(const char *dir, int *fd, struct wg_err *err);
/** Delete what came before before_ms and no entry of j names, and leftovers of that age. A word of
 * 64 hex digits anywhere in an entry counts as a name. *gone: how many blobs. Thread: a job's. */
int wg_blob_sweep(const char *dir, struct wg_journal *j, int64_t before_ms, size_t *gone,
                  struct wg_err *err);

/* ---- LMDB environments ---- */

struct wg_env;
struct wg_txn;
struct wg_cursor;
struct wg_env_opts {
    size_t map_bytes; /**< address space, never resized while open; 0: 64 GiB */
    bool synced;      /**< each commit is durable (the vault); else only the journal is (views) */
    bool read_only;
};
/** Errors: WG_EIO, WG_ECORRUPT. */
int wg_env_open(const char *dir, const struct wg_env_opts *opts, struct wg_env **out,
                struct wg_err *err);
void wg_env_close(
    struct wg_env *env); /**< NULL is fine. Unsynced ones are synced and marked clean. */
/** Were the unsynced pages of dir surely kept: closed cleanly, or the machine has not been down
 * since? Ask before wg_env_open. Thread: any. */
bool wg_env_trusted(const char *dir);
/** Room for so many more pages (4 KiB) is on the disk when this returns. Errors: WG_ENOSPC. */
int wg_env_ready(struct wg_env *env, size_t pages, struct wg_err *err);
/** A compact, synced copy of what is committed, into a folder that takes the place of the old one
 * whole. Errors: WG_EIO, WG_ENOSPC. Thread: any. */
int wg_env_copy(struct wg_env *env, const char *dir, struct wg_err *err);
/** Put the copy in dir_from in place of dir_to. Errors: WG_ENOENT, WG_EIO. */
int wg_env_restore(const char *dir_from, const char *dir_to, struct wg_err *err);
/** Take what is in dir away, to begin empty. Errors: WG_EIO. */
int wg_env_discard(const char *dir, struct wg_err *err);
/** A table by name, made where it is missing. Before any transaction of other threads. */
int wg_env_table(struct wg_env *env, const char *name, unsigned *table, struct wg_err *err);
size_t wg_env_bytes(struct wg_env *env); /**< pages in use x page size */

/** A transaction. One writer at a time; a reader sees one moment and must end soon. */
int wg_txn_begin(struct wg_env *env, bool write, struct wg_txn **out, struct wg_err *err);
int wg_txn_commit(struct wg_txn *txn, struct wg_err *err); /**< frees it, whatever comes back */
void wg_txn_abort(struct wg_txn *txn);                     /**< NULL is fine */
/** A reader that is kept and used again: begin makes or renews, reset lets the pages go. */
int wg_txn_renew(struct wg_env *env, struct wg_txn **txn, struct wg_err *err);
void wg_txn_reset(struct wg_txn *txn);

/** Values are borrowed until the next write of the transaction or its end. Errors: WG_ENOENT,
 * WG_EIO, WG_ENOSPC. */
int wg_get(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str *value);
int wg_put(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str value);
int wg_put_last(struct wg_txn *txn, unsigned table, struct wg_str key,
                struct wg_str value); /**< key is the greatest */
int wg_del(struct wg_txn *txn, unsigned table,
           struct wg_str key);                   /**< WG_OK also where it was not */
int wg_drop(struct wg_txn *txn, unsigned table); /**< empties the table */
uint64_t wg_count(struct wg_txn *txn, unsigned table);

int wg_cursor_open(struct wg_txn *txn, unsigned table, struct wg_cursor **out);
void wg_cursor_close(struct wg_cursor *c);
/** The first key that is not less than key; then next, prev. Errors: WG_ENOENT past either end. */
int wg_cursor_seek(struct wg_cursor *c, struct wg_str key, struct wg_str *k, struct wg_str *v);
int wg_cursor_next(struct wg_cursor *c, struct wg_str *k, struct wg_str *v);
int wg_cursor_prev(struct wg_cursor *c, struct wg_str *k, struct wg_str *v);
int wg_cursor_last(struct wg_cursor *c, struct wg_str *k, struct wg_str *v);

/** Keys: big-endian integers sort as numbers. */
static inline void wg_be64(uint8_t out[8], uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(out, &v, 8);
}
static inline uint64_t wg_be64_get(const void *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

/* ---- vault: citizens' names, phones and words; password hashes. Erasable; rules never read it
 * ---- */

#define WG_REF_TEXT 22 /**< a random reference, base64url */
struct wg_vault;
int wg_vault_open(const char *dir, struct wg_vault **out, struct wg_err *err);
void wg_vault_close(struct wg_vault *v);
/** Last entry that the vault knows to be durable. */
uint64_t wg_vault_known(struct wg_vault *v);
/** Drop rows whose entry does not name them. After the journal is open. *dropped is how many. */
int wg_vault_sweep(struct wg_vault *v, struct wg_journal *j, size_t *dropped, struct wg_err *err);
/** The county's secret for keyed digests, made at first open. */
const uint8_t *wg_vault_secret(const struct wg_vault *v);

/** Rows of a batch, written and synced together before the journal. durable_n: last entry known
 * durable. begin … put … commit. An aborted batch's rows are dropped by the next commit or the next
 * open. Thread: one. */
int wg_vault_begin(struct wg_vault *v, uint64_t durable_n, struct wg_err *err);
int wg_vault_put(struct wg_vault *v, uint64_t n, struct wg_str bytes, char ref[WG_REF_TEXT + 1],
                 struct wg_err *err);
int wg_vault_commit(struct wg_vault *v, struct wg_err *err);
void wg_vault_abort(struct wg_vault *v);
/** The rows of the last commit named entries that did not come to be. */
void wg_vault_forget(struct wg_vault *v);
/** Read a row into buf. Errors: WG_ENOENT (erased, too). Thread: any. */
int wg_vault_get(struct wg_vault *v, struct wg_str ref, struct wg_buf *buf, struct wg_err *err);
/** Whom a row is about, to be found again: `by` tells a phone's digits from a name, and is taken
 * from the text itself where it is WG_BY_EITHER. Phones without their signs and +86, names without
 * spaces, both as search sees text. Only a digest keyed with the county's secret is kept. */
enum wg_vault_by { WG_BY_EITHER, WG_BY_PHONE, WG_BY_NAME };
/** In the batch of the row ref: wg_vault_find gives id for this text, until the row is erased. A
 * text without a digit (phone) or a letter (name) is passed over. */
int wg_vault_mark(struct wg_vault *v, const char *ref, enum wg_vault_by by, struct wg_str text,
                  uint64_t id, struct wg_err *err);
/** fn for each id marked with this text, ascending; fn < 0 stops. Errors: WG_EINVAL: the text is no
 * phone and no name. Thread: any. */
int wg_vault_find(struct wg_vault *v, struct wg_str text, int (*fn)(void *arg, uint64_t id),
                  void *arg, struct wg_err *err);
/** Erase a row for ever, and what finds it. Thread: any (waits for a batch). */
int wg_vault_erase(struct wg_vault *v, struct wg_str ref, struct wg_err *err);

#endif
