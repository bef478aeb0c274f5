/** Any bytes as a draft's tar: refused in words, or plain files, with names that a county may
 * bring, over the city's rules; or refused there. */
#include "workshop/workshop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wg_bundle *city;

static void prepare(void)
{
    struct wg_bundle_file own[] = {
        {WG_S("990100/rules.lua"), WG_S("return county { code = '990100' }")},
        {WG_S("std/city.lua"), WG_S("return {}")}};
    struct wg_err err = {0};
    if (!city)
        wg_require(wg_bundle_over(NULL, "990100", "990100", own, 2, &city, &err) == WG_OK);
}

static void over_city(const struct wg_bundle_file *file, size_t count)
{
    struct wg_bundle *b = NULL, *again = NULL;
    struct wg_str name, text;
    struct wg_buf json = WG_BUF_INIT;
    struct wg_err err = {0};
    int rc = wg_bundle_over(city, "990100", "990101", file, count, &b, &err);
    wg_require((rc == WG_OK) == (b != NULL) && (rc == WG_OK || err.text[0]));
    wg_require(wg_utf8_valid(wg_str_of(err.text)));
    if (!b)
        return;
    for (size_t i = 0; i < wg_bundle_files(b); i++) {
        wg_bundle_file(b, i, &name, &text);
        wg_require(wg_str_starts(name, "990100/") || wg_str_starts(name, "990101/") ||
                   wg_str_starts(name, "std/"));
        wg_require(!memmem(name.p, name.n, "..", 2) && wg_utf8_valid(text));
    }
    wg_bundle_json(b, &json);
    wg_require(wg_bundle_parse(wg_buf_str(&json), &again, &err) == WG_OK);
    wg_require(strcmp(wg_bundle_rev(b), wg_bundle_rev(again)) == 0);
    wg_buf_free(&json);
    wg_bundle_drop(again);
    wg_bundle_drop(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_bundle_file *file = NULL;
    struct wg_err err = {0};
    size_t count = 0, bytes = 0;
    prepare();
    int rc =
        wg_draft_read((struct wg_str){(const char *)data, size}, "990101", a, &file, &count, &err);
    wg_require(rc == WG_OK || rc == WG_EINVAL || rc == WG_ERANGE);
    wg_require(rc == WG_OK || err.text[0]);
    wg_require(wg_utf8_valid(wg_str_of(err.text)));
    for (size_t i = 0; rc == WG_OK && i < count; i++)
        bytes += file[i].text.n;
    wg_require(rc < 0 || (count > 0 && count <= 256 && bytes <= 4 << 20));
    if (rc == WG_OK)
        over_city(file, count);
    wg_arena_free(a);
    return 0;
}
