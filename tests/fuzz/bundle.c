/** Any bytes as a bundle's text: refused in words, or the one form that it is written in. */
#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_bundle *b = NULL, *base = NULL;
    struct wg_buf json = WG_BUF_INIT;
    struct wg_err err = {0};
    struct wg_str text = {(const char *)data, size}, name, lua;
    int rc = wg_bundle_parse(text, &b, &err);
    wg_require((rc == WG_OK) == (b != NULL));
    wg_require(rc == WG_OK || (err.text[0] && wg_utf8_valid(wg_str_of(err.text))));
    if (!b)
        return 0;
    wg_bundle_json(b, &json);
    wg_require(wg_str_eq(text, wg_buf_str(&json)));
    wg_require(wg_bundle_area(b).n == 6 && wg_bundle_city(b).n == 6);
    for (size_t i = 0; i < wg_bundle_files(b); i++) {
        wg_bundle_file(b, i, &name, &lua);
        wg_require(!memmem(name.p, name.n, "..", 2) && name.p[0] != '/');
    }
    if (wg_bundle_base(b, &base, &err) == WG_OK)
        wg_bundle_drop(base);
    wg_buf_free(&json);
    wg_bundle_drop(b);
    return 0;
}
