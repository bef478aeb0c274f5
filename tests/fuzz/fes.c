/** Any bytes as a filter of WFS (FES 2.0): refused in words, or a tree that binds or is refused. */
#include "fuzz/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_str text = {(const char *)data, size};
    struct wg_arena *a = wg_arena_new(0);
    struct wg_err err = {0};
    struct cql *c = NULL;
    struct cql_run *run = NULL;
    prepare();
    const struct crs *crs = crs_at(source.systems, 1);
    int rc = fes_parse(a, text, &source, &crs, &c, &err);
    wg_require((rc == WG_OK) == (c != NULL) && (rc == WG_OK || err.text[0]));
    if (c && cql_bind(c, &source, crs, &run, &err) == WG_OK)
        says_of_each(run);
    cql_run_free(run);
    wg_arena_free(a);
    return 0;
}
