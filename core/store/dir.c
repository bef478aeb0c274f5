/* Folders and small files, with the syncs that make a name as durable as what it names. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int sys_fail(struct wg_err *err, const char *what, const char *path)
{
    int code = errno == ENOENT                      ? WG_ENOENT
               : errno == ENOSPC || errno == EDQUOT ? WG_ENOSPC
                                                    : WG_EIO;
    return wg_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

int wg_dir_sync(const char *dir, struct wg_err *err)
{
    int rc = WG_OK;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return sys_fail(err, "open", dir);
    if (fsync(fd) < 0)
        rc = sys_fail(err, "sync", dir);
    close(fd);
    return rc;
}

static int make_one(const char *dir, const char *parent, struct wg_err *err)
{
    if (mkdir(dir, 0700) < 0)
        return errno == EEXIST ? WG_OK : sys_fail(err, "make folder", dir);
    return wg_dir_sync(parent, err);
}

int wg_dir_make(const char *dir, struct wg_err *err)
{
    char path[1024], parent[1024];
    size_t n = strlen(dir);
    int rc = WG_OK;

    if (n == 0 || n >= sizeof(path))
        return wg_fail(err, WG_EINVAL, "folder name of %zu bytes: from 1 to %zu", n,
                       sizeof(path) - 1);
    memcpy(parent, dir[0] == '/' ? "/" : ".", 2);
    for (size_t i = 1; rc == WG_OK && i <= n; i++) {
        if (i < n && dir[i] != '/')
            continue;
        memcpy(path, dir, i);
        path[i] = '\0';
        rc = make_one(path, parent, err);
        memcpy(parent, path, i + 1);
    }
    return rc;
}

int wg_dir_lock(const char *dir, int *fd, struct wg_err *err)
{
    char path[1100];
    snprintf(path, sizeof(path), "%s/lock", dir);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return sys_fail(err, "open", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return WG_OK;
    int rc =
        errno == EWOULDBLOCK
            ? wg_fail(err, WG_EBUSY, "%s is in use by another process (it holds %s)", dir, path)
            : sys_fail(err, "lock", path);
    close(*fd);
    *fd = -1;
    return rc;
}

static int write_all(int fd, struct wg_str s)
{
    while (s.n > 0) {
        ssize_t k = write(fd, s.p, s.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        s.p += k;
        s.n -= (size_t)k;
    }
    return 0;
}

int wg_file_write(const char *path, struct wg_str bytes, int mode, struct wg_err *err)
{
    char temp[1100], dir[1100];
    int rc = WG_OK;
    const char *slash = strrchr(path, '/');

    snprintf(temp, sizeof(temp), "%s.new", path);
    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return sys_fail(err, "make", temp);
    if (write_all(fd, bytes) < 0 || fsync(fd) < 0)
        rc = sys_fail(err, "write", temp);
    close(fd);
    if (rc == WG_OK && rename(temp, path) < 0)
        rc = sys_fail(err, "rename to", path);
    if (rc == WG_OK)
        return wg_dir_sync(dir, err);
    unlink(temp);
    return rc;
}

int wg_file_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err)
{
    struct stat st;
    int rc = WG_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sys_fail(err, "open", path);
    if (fstat(fd, &st) < 0) {
        rc = sys_fail(err, "stat", path);
        goto out;
    }
    if ((size_t)st.st_size > max) {
        rc = wg_fail(err, WG_ERANGE, "%s has %lld bytes; at most %zu", path, (long long)st.st_size,
                     max);
        goto out;
    }
    char *p = wg_buf_room(out, (size_t)st.st_size + 1);
    if (!p) {
        rc = wg_fail(err, WG_ENOMEM, "no memory for %s", path);
        goto out;
    }
    for (size_t got = 0; got < (size_t)st.st_size;) {
        ssize_t k = read(fd, p + got, (size_t)st.st_size - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            rc = sys_fail(err, "read", path);
            goto out;
        }
        got += (size_t)k;
        out->n += (size_t)k;
    }
    p[st.st_size] = '\0';
out:
    close(fd);
    return rc;
}
