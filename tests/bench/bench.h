/* What the benchmarks share: a county of a configuration, its calendar read. Its server must not
 * run. */
#ifndef BENCH_H
#define BENCH_H

#include "host/host.h"

#include <stdio.h>

struct bench {
    struct wg_config config;
    struct wg_desk_opts opts;
    struct wg_buf calendar;
    char dir[1024];
    bool read;
};

static inline int bench_open(struct bench *b, const char *config, const char *area,
                             struct wg_err *err)
{
    char path[1100];
    size_t i = 0;
    int rc = wg_config_read(config, &b->config, err);
    if (rc < 0)
        return rc;
    b->read = true;
    while (i + 1 < b->config.areas && !wg_str_is(b->config.area[i], area))
        i++;
    wg_config_desk(&b->config, i, &b->opts, b->dir);
    snprintf(path, sizeof(path), "%s/calendar.json", b->config.standards.p);
    rc = wg_file_read(path, 1 << 20, &b->calendar, err);
    b->opts.calendar = b->calendar.p;
    return rc;
}

static inline void bench_close(struct bench *b)
{
    wg_buf_free(&b->calendar);
    if (b->read)
        wg_config_done(&b->config);
}

#endif
