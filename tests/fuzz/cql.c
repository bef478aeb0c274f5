/** Any bytes as CQL2, text or (where they begin with a brace) JSON: refused in words, or bound to a
 * layer and true, false or null of each of its features, the same twice. */
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
    int rc = (size && data[0] == '{' ? cql_parse_json : cql_parse)(a, text, &c, &err);
    wg_require((rc == WG_OK) == (c != NULL) && (rc == WG_OK || err.text[0]));
    if (c && cql_bind(c, &source, crs_at(source.systems, size % 3), &run, &err) == WG_OK)
        says_of_each(run);
    cql_run_free(run);
    wg_arena_free(a);
    return 0;
}
