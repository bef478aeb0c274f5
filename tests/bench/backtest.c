/* How long a back-test of a county's whole journal takes, by the rules in force (no difference may
 * come of that) or by those of another scripts folder.
 * bench_backtest CONFIG AREA [SCRIPTS]   prints decisions, differ, seconds, decisions_per_s */
#include "bench.h"

#include <time.h>

static void progress(void *arg, uint64_t n, uint64_t last)
{
    (void)arg;
    fprintf(stderr, "\r%llu of %llu", (unsigned long long)n, (unsigned long long)last);
}

static int measure(struct bench *b, const char *area, const char *scripts, struct wg_err *err)
{
    struct wg_desk *d = NULL;
    struct wg_bundle *bundle = NULL;
    struct wg_backtest *t = NULL;
    struct wg_buf sum = WG_BUF_INIT;
    int rc = wg_desk_open(&b->opts, &d, err);
    if (rc == WG_OK && scripts) {
        rc = wg_bundle_read(scripts, b->config.standards.p, b->config.city.p, area, &bundle, err);
    } else if (rc == WG_OK) {
        struct wg_force *f = wg_desk_force(d);
        rc = wg_desk_bundle(d, wg_str_of(f->pack->rev), &bundle, err);
        wg_force_drop(f);
    }
    int64_t began = wg_mono_us();
    if (rc == WG_OK)
        rc = wg_backtest_run(d, bundle, 0, INT64_MAX, progress, NULL, &t, err);
    double seconds = (double)(wg_mono_us() - began) / 1e6;
    if (rc == WG_OK) {
        wg_backtest_sum(t, &sum);
        fprintf(stderr, "\n%.*s\n", (int)sum.n, sum.p);
        struct wg_arena *a = wg_arena_new(0);
        struct wg_json *j = NULL;
        wg_json_parse(a, wg_arena_str(a, wg_buf_str(&sum)), &j, NULL);
        double n = (double)wg_json_int(j, "decisions", 0);
        printf("decisions %.0f differ %lld seconds %.2f decisions_per_s %.0f\n", n,
               (long long)wg_json_int(j, "differ", 0), seconds, n / seconds);
        wg_arena_free(a);
    }
    wg_buf_free(&sum);
    wg_backtest_free(t);
    wg_bundle_drop(bundle);
    wg_desk_close(d);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench b = {.calendar = WG_BUF_INIT};
    struct wg_err err = {0};
    int rc = argc < 3 ? WG_EINVAL : bench_open(&b, argv[1], argv[2], &err);
    if (argc < 3)
        wg_fail(&err, rc, "bench_backtest CONFIG AREA [SCRIPTS]");
    if (rc == WG_OK)
        rc = measure(&b, argv[2], argc > 3 ? argv[3] : NULL, &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    bench_close(&b);
    return rc < 0;
}
