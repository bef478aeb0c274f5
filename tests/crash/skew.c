/* Preloaded: the machine's clock is wrong by as many seconds as the file $SKEW says. The monotonic
 * clock goes on as it is, as it does when somebody sets the time. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    const char *path = getenv("SKEW");
    long seconds = 0;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, t);
    if (rc != 0 || !path || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return rc;
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%ld", &seconds) == 1)
        t->tv_sec += seconds;
    if (f)
        fclose(f);
    return rc;
}
