/* Read a filled county's journal again: folded into views that were taken away, or audited,
 * decision by decision. Or make the copy of the views that is made at night, and say how large both
 * are. bench_replay CONFIG AREA fold|audit|copy      the server must not run; prints entries/s, or
 * bytes */
#include "bench.h"

#include <stdlib.h>

/* Until it could be served; what closing it then syncs is not of the fold. */
static int fold(const struct wg_desk_opts *opts, uint64_t *entries, double *seconds,
                struct wg_err *err)
{
    static const char *const made[] = {"views", "copy"};
    char path[1100];
    struct wg_desk *d = NULL;
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", opts->dir, made[i]);
        rc = wg_env_discard(path, err);
    }
    int64_t start = wg_mono_us();
    if (rc == WG_OK && (rc = wg_desk_open(opts, &d, err)) == WG_OK) {
        *seconds = (double)(wg_mono_us() - start) / 1e6;
        struct wg_journal *j = wg_desk_journal(d);
        *entries = j->ops->last(j);
    }
    wg_desk_close(d);
    return rc;
}

static int audit(const struct wg_desk_opts *opts, uint64_t *entries, double *seconds,
                 struct wg_err *err)
{
    struct wg_audit a;
    int64_t start = wg_mono_us();
    int rc = wg_replay_audit(opts, NULL, NULL, &a, err);
    *seconds = (double)(wg_mono_us() - start) / 1e6;
    *entries = a.entries;
    if (rc == WG_OK && a.differ)
        rc = wg_fail(err, WG_ECORRUPT, "%llu differ: %s", (unsigned long long)a.differ, a.first);
    return rc;
}

/* Pages in use: the file has room ahead of them. */
static int copy(const struct wg_desk_opts *opts, struct wg_err *err)
{
    char path[1100];
    struct wg_desk *d = NULL;
    snprintf(path, sizeof(path), "%s/copy", opts->dir);
    int rc = wg_desk_open(opts, &d, err);
    if (rc == WG_OK && (rc = wg_env_copy(wg_views_env(wg_desk_views(d)), path, err)) == WG_OK)
        printf("views %zu\n", wg_env_bytes(wg_views_env(wg_desk_views(d))));
    wg_desk_close(d);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench b = {.calendar = WG_BUF_INIT};
    struct wg_err err = {0};
    uint64_t entries = 0;
    double seconds = 0;
    int rc = argc < 4 ? WG_EINVAL : bench_open(&b, argv[1], argv[2], &err);
    if (argc < 4)
        wg_fail(&err, rc, "bench_replay CONFIG AREA fold|audit|copy");
    bool sizes = rc == WG_OK && strcmp(argv[3], "copy") == 0;
    if (rc == WG_OK)
        rc = sizes ? copy(&b.opts, &err)
                   : (strcmp(argv[3], "audit") == 0 ? audit : fold)(&b.opts, &entries, &seconds,
                                                                    &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    else if (!sizes)
        printf("entries %llu seconds %.2f entries_per_s %.0f\n", (unsigned long long)entries,
               seconds, (double)entries / seconds);
    bench_close(&b);
    return rc < 0;
}
