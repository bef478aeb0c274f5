/* Blobs: dir/ab/<sha256>, and what it was found to be in dir/ab/<sha256>.json. A blob has its name
 * only once all of it is synced, so a name never lies. */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIA_MAX 4096

static int io_fail(struct wg_err *err, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? WG_ENOSPC : WG_EIO;
    return wg_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

/* Copy from fd (or from bytes where fd < 0) into the temporary file, hashing on the way. */
static int fill(int to, int fd, struct wg_str bytes, crypto_hash_sha256_state *sha, uint64_t *size)
{
    char chunk[65536];
    *size = 0;
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    for (;;) {
        const char *p = chunk;
        ssize_t n;
        if (fd >= 0) {
            n = read(fd, chunk, sizeof(chunk));
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return -1;
        } else {
            p = bytes.p + *size;
            n = (ssize_t)(bytes.n - *size);
        }
        if (n == 0)
            return 0;
        crypto_hash_sha256_update(sha, (const unsigned char *)p, (size_t)n);
        *size += (uint64_t)n;
        while (n > 0) {
            ssize_t k = write(to, p, (size_t)n);
            if (k < 0 && errno == EINTR)
                continue;
            if (k < 0)
                return -1;
            p += k;
            n -= k;
        }
    }
}

int blob_path(const char *dir, struct wg_str name, const char *suffix, char out[BLOB_PATH])
{
    uint8_t digest[32];
    if (wg_sha256_parse(name, digest) < 0)
        return WG_ENOENT;
    int n = snprintf(out, BLOB_PATH, "%s/%.2s/%.*s%s", dir, name.p, WG_PRI(name), suffix);
    return n < BLOB_PATH ? WG_OK : WG_ENOENT;
}

/* ---- the sweep and everybody else: a lock of the folder, as the kernel keeps them ---- */

int blob_lock(const char *dir, int how, int *fd, struct wg_err *err)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return errno == ENOENT ? wg_fail(err, WG_ENOENT, "there are no blobs yet")
                               : io_fail(err, "open", dir);
    int rc;
    while ((rc = flock(*fd, how)) < 0 && errno == EINTR)
        ;
    if (rc == 0)
        return WG_OK;
    rc = io_fail(err, "lock", dir);
    close(*fd);
    *fd = -1;
    return rc;
}

int wg_blob_hold(const char *dir, int *fd, struct wg_err *err)
{
    return blob_lock(dir, LOCK_SH, fd, err);
}

/* ---- writing ---- */

static int make_temp(const char *dir, char temp[BLOB_PATH], struct wg_err *err)
{
    snprintf(temp, BLOB_PATH, "%s/" BLOB_TEMP "XXXXXX", dir);
    int fd = mkostemp(temp, O_CLOEXEC);
    return fd < 0 ? io_fail(err, "make", temp) : fd;
}

/* Never changed again; `mode` keeps hands from it. */
static int finish_temp(int fd, bool written, const char *temp, struct wg_err *err)
{
    int rc =
        written && fchmod(fd, 0400) == 0 && fsync(fd) == 0 ? WG_OK : io_fail(err, "write", temp);
    close(fd);
    return rc;
}

static int put_media(const char *dir, const char *path, const struct wg_media *media,
                     struct wg_err *err)
{
    char temp[BLOB_PATH], to[BLOB_PATH + 8];
    struct wg_buf b = WG_BUF_INIT;
    crypto_hash_sha256_state sha;
    uint64_t size;
    int fd = make_temp(dir, temp, err), rc = fd;
    if (fd < 0)
        return fd;
    wg_media_json(media, &b);
    crypto_hash_sha256_init(&sha);
    rc =
        finish_temp(fd, wg_buf_ok(&b) && fill(fd, -1, wg_buf_str(&b), &sha, &size) == 0, temp, err);
    wg_buf_free(&b);
    snprintf(to, sizeof(to), "%s" BLOB_MEDIA, path);
    if (rc == WG_OK && rename(temp, to) < 0)
        rc = io_fail(err, "rename to", to);
    if (rc < 0)
        unlink(temp);
    return rc;
}

/* Give the synced temporary file its name; what it was found to be has its own before. */
static int settle(const char *dir, const char *temp, const struct wg_media *media,
                  const char name[WG_BLOB_NAME + 1], struct wg_err *err)
{
    char sub[BLOB_PATH], path[BLOB_PATH];
    int lock, rc = blob_path(dir, wg_str_of(name), "", path);
    snprintf(sub, sizeof(sub), "%s/%.2s", dir, name);
    if (rc < 0 || (rc = wg_dir_make(sub, err)) < 0 || (rc = wg_blob_hold(dir, &lock, err)) < 0)
        return rc;
    if (media)
        rc = put_media(dir, path, media, err);
    if (rc == WG_OK && rename(temp, path) < 0)
        rc = io_fail(err, "rename to", path);
    close(lock);
    return rc < 0 ? rc : wg_dir_sync(sub, err);
}

static int put(const char *dir, int fd, struct wg_str bytes, const struct wg_media *media,
               char name[WG_BLOB_NAME + 1], uint64_t *size, struct wg_err *err)
{
    char temp[BLOB_PATH];
    unsigned char hash[32];
    crypto_hash_sha256_state sha;
    int to, rc = wg_dir_make(dir, err);
    if (rc < 0 || (to = rc = make_temp(dir, temp, err)) < 0)
        return rc;
    crypto_hash_sha256_init(&sha);
    rc = finish_temp(to, fill(to, fd, bytes, &sha, size) == 0, temp, err);
    crypto_hash_sha256_final(&sha, hash);
    sodium_bin2hex(name, WG_BLOB_NAME + 1, hash, 32);
    if (rc == WG_OK)
        rc = settle(dir, temp, media, name, err);
    if (rc < 0)
        unlink(temp);
    return rc;
}

int wg_blob_put(const char *dir, struct wg_str bytes, char name[WG_BLOB_NAME + 1],
                struct wg_err *err)
{
    uint64_t size;
    return put(dir, -1, bytes, NULL, name, &size, err);
}

int wg_blob_put_fd(const char *dir, int fd, const struct wg_media *media,
                   char name[WG_BLOB_NAME + 1], uint64_t *size, struct wg_err *err)
{
    return put(dir, fd, (struct wg_str){0}, media, name, size, err);
}

/* ---- reading ---- */

int wg_blob_open(const char *dir, struct wg_str name, int *fd, struct wg_err *err)
{
    char path[BLOB_PATH];
    if (blob_path(dir, name, "", path) < 0)
        return wg_fail(err, WG_ENOENT, "a blob's name is 64 lower-case hex digits");
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return WG_OK;
    if (errno == ENOENT)
        return wg_fail(err, WG_ENOENT, "no such blob");
    return io_fail(err, "open", path);
}

int wg_blob_media(const char *dir, struct wg_str name, struct wg_media *out, struct wg_err *err)
{
    char path[BLOB_PATH], media[BLOB_PATH];
    struct wg_buf b = WG_BUF_INIT;
    int rc = blob_path(dir, name, "", path);
    if (rc < 0 || access(path, F_OK) < 0)
        return wg_fail(err, WG_ENOENT, "no such blob");
    if ((rc = blob_path(dir, name, BLOB_MEDIA, media)) == WG_OK &&
        (rc = wg_file_read(media, MEDIA_MAX, &b, err)) == WG_OK &&
        wg_media_parse(wg_buf_str(&b), out) < 0)
        rc = wg_fail(err, WG_ENOENT, "%s is not what is kept beside a blob", media);
    wg_buf_free(&b);
    return rc;
}

int wg_blob_check(const char *dir, struct wg_str name, struct wg_err *err)
{
    char chunk[65536], is[WG_BLOB_NAME + 1];
    unsigned char hash[32];
    crypto_hash_sha256_state sha;
    ssize_t n = 0;
    int fd, rc = wg_blob_open(dir, name, &fd, err);
    if (rc < 0)
        return rc;
    crypto_hash_sha256_init(&sha);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            crypto_hash_sha256_update(&sha, (const unsigned char *)chunk, (size_t)n);
    crypto_hash_sha256_final(&sha, hash);
    if (n < 0)
        rc = io_fail(err, "read", "a blob");
    close(fd);
    sodium_bin2hex(is, sizeof(is), hash, sizeof(hash));
    if (rc == WG_OK && !wg_str_is(name, is))
        rc = wg_fail(err, WG_ECORRUPT, "its bytes are those of %s", is);
    return rc;
}
