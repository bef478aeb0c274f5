/* LMDB behind calls that speak wg_str and WG_E.... Unsynced environments are as good as the page
 * cache: fine when a process dies, not when the machine does. The files `boot` and `clean` beside
 * the data tell which it was. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
#define GROW_PAGES 256u /* the file is made longer by 1 MiB at a time */
#define GROW_SYNCED 64u /* a vault is small */
#define SPARE_PAGES                                                                                \
    64u /* for what a commit itself writes: roots, and the list of free pages (512 numbers a page) \
         */

/* LMDB keeps readers and its writer apart by page, which the thread sanitizer can't know: it would
 * call each read of the map a race. With writes by system calls it sees what is ours alone. */
#ifdef __SANITIZE_THREAD__
#define WRITTEN_MAP 0u
#else
#define WRITTEN_MAP MDB_WRITEMAP
#endif

struct wg_env {
    MDB_env *mdb;
    bool synced, read_only;
    uint64_t ready_pages; /* the file has blocks for so many */
    uint64_t dirty;       /* pages that the writing transaction has taken at most */
    char dir[1024];
};

static int db_code(int rc)
{
    switch (rc) {
    case 0:
        return WG_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return WG_ENOENT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return WG_ENOSPC;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
        return WG_ECORRUPT;
    case ENOMEM:
        return WG_ENOMEM;
    default:
        return WG_EIO;
    }
}

static int db_fail(struct wg_err *err, const char *what, const char *dir, int rc)
{
    return rc == 0 ? WG_OK : wg_fail(err, db_code(rc), "%s %s: %s", what, dir, mdb_strerror(rc));
}

static MDB_val val_of(struct wg_str s)
{
    return (MDB_val){s.n, (void *)(uintptr_t)s.p};
}

static struct wg_str str_of(MDB_val v)
{
    return (struct wg_str){v.mv_data, v.mv_size};
}

/* ---- trust ---- */

static int mark(const char *dir, const char *name, struct wg_str text, struct wg_err *err)
{
    char path[1200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return wg_file_write(path, text, 0600, err);
}

/* Files of proc have no size, so it is read by hand. */
static void boot_id(struct wg_buf *out)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char *p = wg_buf_room(out, 64);
    ssize_t n = fd >= 0 && p ? read(fd, p, 64) : 0;
    out->n = n > 0 ? (size_t)n : 0;
    if (fd >= 0)
        close(fd);
}

bool wg_env_trusted(const char *dir)
{
    struct wg_buf now = WG_BUF_INIT, then = WG_BUF_INIT;
    char path[1200];
    bool ok;
    snprintf(path, sizeof(path), "%s/clean", dir);
    ok = access(path, F_OK) == 0;
    if (!ok) {
        snprintf(path, sizeof(path), "%s/boot", dir);
        boot_id(&now);
        ok = wg_file_read(path, 256, &then, NULL) == WG_OK && now.n > 0 &&
             wg_str_eq(wg_buf_str(&now), wg_buf_str(&then));
    }
    wg_buf_free(&now);
    wg_buf_free(&then);
    return ok;
}

static int mark_open(const char *dir, struct wg_err *err)
{
    struct wg_buf now = WG_BUF_INIT;
    char path[1200];
    boot_id(&now);
    int rc = mark(dir, "boot", wg_buf_str(&now), err);
    wg_buf_free(&now);
    snprintf(path, sizeof(path), "%s/clean", dir);
    if (rc == WG_OK && unlink(path) == 0)
        rc = wg_dir_sync(dir, err);
    return rc;
}

/* ---- environments ---- */

/* A written map (MDB_WRITEMAP) saves a system call for each page of a commit, half of a step's
 * time. LMDB then makes the file as long as the map, 64 GiB of hole: whoever copies the folder
 * would copy that. So the file is cut to what is used, and grows ahead of each batch, by real
 * blocks: a page of the map beyond them would be a SIGBUS, not an error. */
static int trim(struct wg_env *env, struct wg_err *err)
{
    char path[1200];
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    env->ready_pages = info.me_last_pgno + 1;
    snprintf(path, sizeof(path), "%s/data.mdb", env->dir);
    if (truncate(path, (off_t)(env->ready_pages * PAGE)) < 0)
        return wg_fail(err, WG_EIO, "cut %s: %s", path, strerror(errno));
    return wg_env_ready(env, GROW_PAGES, err);
}

/* A commit by calls that meets a full disk fails half way, with an error that says nothing of
 * space: room is made for it too, on top of what the file has. */
static int count_pages(struct wg_env *env, struct wg_err *err)
{
    char path[1200];
    struct stat st;
    snprintf(path, sizeof(path), "%s/data.mdb", env->dir);
    if (stat(path, &st) < 0)
        return wg_fail(err, WG_EIO, "look at %s: %s", path, strerror(errno));
    env->ready_pages = (uint64_t)st.st_size / PAGE;
    return WG_OK;
}

int wg_env_open(const char *dir, const struct wg_env_opts *opts, struct wg_env **out,
                struct wg_err *err)
{
    struct wg_env *env = calloc(1, sizeof(*env));
    unsigned flags = MDB_NOTLS;
    int rc = WG_OK;

    *out = NULL;
    if (!env)
        return wg_fail(err, WG_ENOMEM, "no memory for %s", dir);
    env->synced = opts->synced;
    env->read_only = opts->read_only;
    snprintf(env->dir, sizeof(env->dir), "%s", dir);
    if (!opts->synced && !opts->read_only)
        flags |= MDB_NOSYNC | WRITTEN_MAP;
    if (opts->read_only)
        flags |= MDB_RDONLY;
    else if ((rc = wg_dir_make(dir, err)) < 0 || (!opts->synced && (rc = mark_open(dir, err)) < 0))
        goto out;
    if ((rc = db_fail(err, "make", dir, mdb_env_create(&env->mdb))) < 0)
        goto out;
    mdb_env_set_mapsize(env->mdb, opts->map_bytes ? opts->map_bytes : (size_t)64 << 30);
    mdb_env_set_maxdbs(env->mdb, 64);
    mdb_env_set_maxreaders(env->mdb, 64);
    if ((rc = db_fail(err, "open", dir, mdb_env_open(env->mdb, dir, flags, 0600))) < 0)
        goto out;
    if (flags & MDB_WRITEMAP)
        rc = trim(env, err);
    else if (!opts->read_only)
        rc = count_pages(env, err);
    if (rc < 0)
        goto out;
    mdb_env_set_userctx(env->mdb, env);
    *out = env;
    env = NULL;
out:
    if (env && env->mdb)
        mdb_env_close(env->mdb);
    free(env);
    return rc;
}

void wg_env_close(struct wg_env *env)
{
    if (!env)
        return;
    bool kept = !env->read_only && mdb_env_sync(env->mdb, 1) == 0;
    mdb_env_close(env->mdb);
    if (kept && !env->synced && mark(env->dir, "clean", WG_S("clean\n"), NULL) < 0)
        wg_log(WG_WARN, "store", "no clean mark; views will be checked at the next start", "dir",
               env->dir, NULL);
    free(env);
}

int wg_env_ready(struct wg_env *env, size_t pages, struct wg_err *err)
{
    char path[1200];
    MDB_envinfo info;
    if (env->read_only)
        return WG_OK;
    mdb_env_info(env->mdb, &info);
    uint64_t need = info.me_last_pgno + 1 + pages;
    need += SPARE_PAGES + need / 256;
    if (need <= env->ready_pages)
        return WG_OK;
    uint64_t step = env->synced ? GROW_SYNCED : GROW_PAGES;
    need = (need + step - 1) / step * step;
    snprintf(path, sizeof(path), "%s/data.mdb", env->dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return wg_fail(err, WG_EIO, "open %s: %s", path, strerror(errno));
    off_t from = (off_t)(env->ready_pages * PAGE);
    int rc = posix_fallocate(fd, from, (off_t)(need * PAGE) - from);
    close(fd);
    if (rc)
        return wg_fail(err, rc == ENOSPC || rc == EDQUOT ? WG_ENOSPC : WG_EIO, "room for %s: %s",
                       path, strerror(rc));
    env->ready_pages = need;
    return WG_OK;
}

size_t wg_env_bytes(struct wg_env *env)
{
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    return (info.me_last_pgno + 1) * PAGE;
}

int wg_env_table(struct wg_env *env, const char *name, unsigned *table, struct wg_err *err)
{
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    int rc = mdb_txn_begin(env->mdb, NULL, env->read_only ? MDB_RDONLY : 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, name, env->read_only ? 0 : MDB_CREATE, &dbi);
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL;
    }
    if (txn)
        mdb_txn_abort(txn);
    *table = dbi;
    return db_fail(err, name, env->dir, rc);
}

/* ---- copies ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *dir)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int wg_env_discard(const char *dir, struct wg_err *err)
{
    char path[1200];
    remove_tree(dir);
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    return access(path, F_OK) < 0 ? WG_OK : wg_fail(err, WG_EIO, "%s can't be taken away", path);
}

static int sync_file(const char *dir, const char *name, struct wg_err *err)
{
    char path[1200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? WG_OK
                                       : wg_fail(err, WG_EIO, "sync %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Let `fresh` be known as dir; what was dir is gone after. At each moment one whole folder has the
 * name or `.old`. */
static int swap_in(const char *fresh, const char *dir, struct wg_err *err)
{
    char old[1100], parent[1100];
    char *slash;
    snprintf(old, sizeof(old), "%s.old", dir);
    snprintf(parent, sizeof(parent), "%s", dir);
    if ((slash = strrchr(parent, '/')))
        *slash = '\0';
    if (access(dir, F_OK) ==
        0) { /* else `.old` may be the last good one, from a stop between these renames */
        remove_tree(old);
        if (rename(dir, old) < 0)
            return wg_fail(err, WG_EIO, "rename %s: %s", dir, strerror(errno));
    }
    if (rename(fresh, dir) < 0)
        return wg_fail(err, WG_EIO, "rename to %s: %s", dir, strerror(errno));
    int rc = wg_dir_sync(slash ? parent : ".", err);
    if (rc == WG_OK)
        remove_tree(old);
    return rc;
}

int wg_env_copy(struct wg_env *env, const char *dir, struct wg_err *err)
{
    char fresh[1100];
    int rc;
    snprintf(fresh, sizeof(fresh), "%s.new", dir);
    remove_tree(fresh);
    if ((rc = wg_dir_make(fresh, err)) < 0)
        return rc;
    rc = db_fail(err, "copy to", dir, mdb_env_copy2(env->mdb, fresh, MDB_CP_COMPACT));
    if (rc == WG_OK)
        rc = sync_file(fresh, "data.mdb", err);
    if (rc == WG_OK)
        rc = mark(fresh, "clean", WG_S("copy\n"), err);
    if (rc == WG_OK)
        rc = swap_in(fresh, dir, err);
    if (rc < 0)
        remove_tree(fresh);
    return rc;
}

static int copy_bytes(const char *from, const char *to, struct wg_err *err)
{
    int rc = WG_OK, in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        rc = wg_fail(err, errno == ENOENT ? WG_ENOENT : WG_EIO, "copy %s: %s", from,
                     strerror(errno));
    while (rc == WG_OK) {
        ssize_t n = copy_file_range(in, NULL, out, NULL, 1 << 24, 0);
        if (n == 0)
            break;
        if (n < 0)
            rc = wg_fail(err, errno == ENOSPC ? WG_ENOSPC : WG_EIO, "copy %s: %s", from,
                         strerror(errno));
    }
    if (rc == WG_OK && fsync(out) < 0)
        rc = wg_fail(err, WG_EIO, "sync %s: %s", to, strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

int wg_env_restore(const char *dir_from, const char *dir_to, struct wg_err *err)
{
    char from[1200], to[1200], fresh[1100];
    int rc;
    snprintf(from, sizeof(from), "%s/data.mdb", dir_from);
    if (access(from, F_OK) < 0) {
        /* a stop between the two renames of swap_in leaves the good one under `.old` */
        snprintf(from, sizeof(from), "%s.old/data.mdb", dir_from);
        if (access(from, F_OK) < 0)
            return wg_fail(err, WG_ENOENT, "there is no copy in %s", dir_from);
    }
    snprintf(fresh, sizeof(fresh), "%s.new", dir_to);
    snprintf(to, sizeof(to), "%s/data.mdb", fresh);
    remove_tree(fresh);
    if ((rc = wg_dir_make(fresh, err)) < 0)
        return rc;
    if ((rc = copy_bytes(from, to, err)) < 0)
        return rc;
    return swap_in(fresh, dir_to, err);
}

/* ---- transactions: struct wg_txn and struct wg_cursor are LMDB's own ---- */

static MDB_txn *db(struct wg_txn *t)
{
    return (MDB_txn *)t;
}

int wg_txn_begin(struct wg_env *env, bool write, struct wg_txn **out, struct wg_err *err)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &txn);
    if (rc == 0 && write)
        env->dirty = 0;
    *out = (struct wg_txn *)txn;
    return db_fail(err, "begin in", env->dir, rc);
}

int wg_txn_commit(struct wg_txn *txn, struct wg_err *err)
{
    return db_fail(err, "commit", "views", mdb_txn_commit(db(txn)));
}

void wg_txn_abort(struct wg_txn *txn)
{
    if (txn)
        mdb_txn_abort(db(txn));
}

int wg_txn_renew(struct wg_env *env, struct wg_txn **txn, struct wg_err *err)
{
    if (!*txn)
        return wg_txn_begin(env, false, txn, err);
    return db_fail(err, "renew in", env->dir, mdb_txn_renew(db(*txn)));
}

void wg_txn_reset(struct wg_txn *txn)
{
    mdb_txn_reset(db(txn));
}

int wg_get(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str *value)
{
    MDB_val k = val_of(key), v;
    int rc = mdb_get(db(txn), table, &k, &v);
    *value = rc == 0 ? str_of(v) : (struct wg_str){NULL, 0};
    return db_code(rc);
}

/* A page of a written map that the file has no block for would be a SIGBUS. Batches have room made
 * for what they usually take; here each write sees to it that there is enough: for a path from root
 * to leaf, a split of each of its pages (or, taking away, its neighbours), and the value. Room may
 * be made while the transaction goes on. */
static int make_room(struct wg_txn *txn, unsigned table, size_t bytes)
{
    struct wg_env *env = mdb_env_get_userctx(mdb_txn_env(db(txn)));
    MDB_stat st;
    int rc = db_code(mdb_stat(db(txn), table, &st));
    if (rc < 0)
        return rc;
    env->dirty += 2 * st.ms_depth + 2 + bytes / PAGE;
    return wg_env_ready(env, env->dirty, NULL);
}

static int put(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str value,
               unsigned flags)
{
    MDB_val k = val_of(key), v = val_of(value);
    int rc = make_room(txn, table, value.n);
    return rc < 0 ? rc : db_code(mdb_put(db(txn), table, &k, &v, flags));
}

int wg_put(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str value)
{
    return put(txn, table, key, value, 0);
}

int wg_put_last(struct wg_txn *txn, unsigned table, struct wg_str key, struct wg_str value)
{
    return put(txn, table, key, value, MDB_APPEND);
}

int wg_del(struct wg_txn *txn, unsigned table, struct wg_str key)
{
    MDB_val k = val_of(key);
    int rc = make_room(txn, table, 0);
    if (rc < 0)
        return rc;
    rc = mdb_del(db(txn), table, &k, NULL);
    return rc == MDB_NOTFOUND ? WG_OK : db_code(rc);
}

int wg_drop(struct wg_txn *txn, unsigned table)
{
    return db_code(mdb_drop(db(txn), table, 0));
}

uint64_t wg_count(struct wg_txn *txn, unsigned table)
{
    MDB_stat st;
    return mdb_stat(db(txn), table, &st) == 0 ? st.ms_entries : 0;
}

int wg_cursor_open(struct wg_txn *txn, unsigned table, struct wg_cursor **out)
{
    return db_code(mdb_cursor_open(db(txn), table, (MDB_cursor **)out));
}

void wg_cursor_close(struct wg_cursor *c)
{
    if (c)
        mdb_cursor_close((MDB_cursor *)c);
}

static int move(struct wg_cursor *c, MDB_cursor_op op, struct wg_str *key, struct wg_str *k,
                struct wg_str *v)
{
    MDB_val mk = key ? val_of(*key) : (MDB_val){0, NULL}, mv = {0, NULL};
    int rc = mdb_cursor_get((MDB_cursor *)c, &mk, &mv, op);
    *k = rc == 0 ? str_of(mk) : (struct wg_str){NULL, 0};
    *v = rc == 0 ? str_of(mv) : (struct wg_str){NULL, 0};
    return db_code(rc);
}

int wg_cursor_seek(struct wg_cursor *c, struct wg_str key, struct wg_str *k, struct wg_str *v)
{
    return key.n ? move(c, MDB_SET_RANGE, &key, k, v) : move(c, MDB_FIRST, NULL, k, v);
}

int wg_cursor_next(struct wg_cursor *c, struct wg_str *k, struct wg_str *v)
{
    return move(c, MDB_NEXT, NULL, k, v);
}

int wg_cursor_prev(struct wg_cursor *c, struct wg_str *k, struct wg_str *v)
{
    return move(c, MDB_PREV, NULL, k, v);
}

int wg_cursor_last(struct wg_cursor *c, struct wg_str *k, struct wg_str *v)
{
    return move(c, MDB_LAST, NULL, k, v);
}
