/** A file of published places, whole; the test fails where there is none. Owner: caller. */
#ifndef WG_GEO_GIVEN_H
#define WG_GEO_GIVEN_H

#include "base/base.h"

#include <stdio.h>

static struct wg_buf slurp(const char *path)
{
    struct wg_buf b = WG_BUF_INIT;
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        wg_buf_add(&b, part, n);
    fclose(f);
    return b;
}

#endif
