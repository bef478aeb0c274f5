/** A folder for one test, and what its files hold. */
#ifndef WG_TEST_FOLDER_H
#define WG_TEST_FOLDER_H

#include "test.h"

#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

struct folder {
    char path[256];
};

static inline struct folder folder_new(void)
{
    struct folder f;
    const char *root = getenv("TMPDIR");
    snprintf(f.path, sizeof(f.path), "%s/wangge-XXXXXX", root ? root : "/tmp");
    CHECK(mkdtemp(f.path) != NULL);
    return f;
}

UNUSED static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void folder_drop(struct folder *f)
{
    nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** The path of something in it; gone at the end of the block. */
#define IN(f, name) in_folder((char[512]){0}, (f)->path, name)
UNUSED static char *in_folder(char out[512], const char *dir, const char *name)
{
    snprintf(out, 512, "%s/%s", dir, name);
    return out;
}

UNUSED static struct wg_buf bytes_of(const char *path)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_file_read(path, (size_t)64 << 20, &b, NULL), WG_OK);
    return b;
}

/** Make a file hold just these bytes, without care for what was there. */
UNUSED static void put_bytes(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, p, n), n);
    close(fd);
}

UNUSED static void flip_bit(const char *path, size_t at, unsigned bit)
{
    uint8_t b;
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    CHECK_INT(pread(fd, &b, 1, (off_t)at), 1);
    b ^= (uint8_t)(1u << bit);
    CHECK_INT(pwrite(fd, &b, 1, (off_t)at), 1);
    close(fd);
}

UNUSED static int64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

UNUSED static size_t files_in(const char *dir, const char *suffix)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t n = 0, want = strlen(suffix);
    while (d && (e = readdir(d))) {
        size_t have = strlen(e->d_name);
        n += have >= want && strcmp(e->d_name + have - want, suffix) == 0 && e->d_name[0] != '.';
    }
    if (d)
        closedir(d);
    return n;
}

#endif
