/* Preloaded: fdatasync of the files whose path has $FAILSYNC in it fails while the file
 * $FAILSYNC_NOW is there, as it does on a disk that is dying. What was written may be on it or not:
 * the caller can't know. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int dies(int fd)
{
    char link[64], path[4096];
    const char *of = getenv("FAILSYNC"), *now = getenv("FAILSYNC_NOW");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = of && now && access(now, F_OK) == 0 ? readlink(link, path, sizeof(path) - 1) : -1;
    if (n < 0)
        return 0;
    path[n] = '\0';
    return strstr(path, of) != NULL;
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (!dies(fd))
        return real(fd);
    errno = EIO;
    return -1;
}
