/* Blobs: dir/ab/<sha256>. A blob has its name only once all of it is synced, so a name never lies.
 */
#include "store/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool name_ok(struct wg_str name)
{
    if (name.n != WG_BLOB_NAME)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!isdigit((unsigned char)name.p[i]) && !(name.p[i] >= 'a' && name.p[i] <= 'f'))
            return false;
    return true;
}

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

/* Give the synced temporary file its name. */
static int settle(const char *dir, const char *temp, const unsigned char hash[32],
                  char name[WG_BLOB_NAME + 1], struct wg_err *err)
{
    char sub[1100], path[1200];
    sodium_bin2hex(name, WG_BLOB_NAME + 1, hash, 32);
    snprintf(sub, sizeof(sub), "%s/%.2s", dir, name);
    snprintf(path, sizeof(path), "%s/%s", sub, name);
    int rc = wg_dir_make(sub, err);
    if (rc < 0)
        return rc;
    if (rename(temp, path) < 0)
        return io_fail(err, "rename to", path);
    return wg_dir_sync(sub, err);
}

static int put(const char *dir, int fd, struct wg_str bytes, char name[WG_BLOB_NAME + 1],
               uint64_t *size, struct wg_err *err)
{
    char temp[1100];
    unsigned char hash[32];
    crypto_hash_sha256_state sha;
    int rc = wg_dir_make(dir, err);
    if (rc < 0)
        return rc;
    snprintf(temp, sizeof(temp), "%s/new-XXXXXX", dir);
    int to = mkostemp(temp, O_CLOEXEC);
    if (to < 0)
        return io_fail(err, "make", temp);
    crypto_hash_sha256_init(&sha);
    if (fill(to, fd, bytes, &sha, size) < 0 || fsync(to) < 0)
        rc = io_fail(err, "write", temp);
    crypto_hash_sha256_final(&sha, hash);
    close(to);
    if (rc == WG_OK)
        rc = settle(dir, temp, hash, name, err);
    if (rc < 0)
        unlink(temp);
    return rc;
}

int wg_blob_put(const char *dir, struct wg_str bytes, char name[WG_BLOB_NAME + 1],
                struct wg_err *err)
{
    uint64_t size;
    return put(dir, -1, bytes, name, &size, err);
}

int wg_blob_put_fd(const char *dir, int fd, char name[WG_BLOB_NAME + 1], uint64_t *size,
                   struct wg_err *err)
{
    return put(dir, fd, (struct wg_str){0}, name, size, err);
}

int wg_blob_open(const char *dir, struct wg_str name, int *fd, struct wg_err *err)
{
    char path[1200];
    if (!name_ok(name))
        return wg_fail(err, WG_ENOENT, "a blob's name is 64 lower-case hex digits");
    snprintf(path, sizeof(path), "%s/%.2s/%.*s", dir, name.p, WG_PRI(name));
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return WG_OK;
    if (errno == ENOENT)
        return wg_fail(err, WG_ENOENT, "no such blob");
    return io_fail(err, "open", path);
}
