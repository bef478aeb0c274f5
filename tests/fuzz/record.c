/** Any bytes as a case record: refused, or a case that, written and read again, is the same, and
 * that can be asked and shown. */
#include "case/views.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_buf one = WG_BUF_INIT, two = WG_BUF_INIT;
    struct index_key keys[KEYS_MAX];
    struct wg_case c, back;
    int rc = wg_case_decode((struct wg_str){(const char *)data, size}, &c);
    wg_require(rc == WG_OK || rc == WG_ECORRUPT);
    if (rc < 0)
        return 0;
    wg_case_encode(&c, &one);
    wg_require(wg_buf_ok(&one) && wg_case_decode(wg_buf_str(&one), &back) == WG_OK);
    wg_case_encode(&back, &two);
    wg_require(wg_str_eq(wg_buf_str(&one), wg_buf_str(&two)));
    size_t count = index_keys(&c, keys);
    wg_require(count > 0 && count <= KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        wg_require(keys[i].n >= 8 && keys[i].n <= KEY_MAX);
    wg_case_other_axis(&c, c.reporter, WG_DISPATCHER);
    wg_buf_clear(&one);
    wg_case_json(&c, WG_S("341824"), c.description, c.changed, &one);
    wg_buf_free(&one);
    wg_buf_free(&two);
    return 0;
}
