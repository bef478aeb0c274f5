/** Any bytes: the parser refuses them, or what it read, written and read again, gives the same
 * text. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf one = WG_BUF_INIT, two = WG_BUF_INIT;
    struct wg_json *j = NULL, *again = NULL;
    struct wg_err err = {0};
    wg_require(a != NULL);
    if (wg_json_parse(a, (struct wg_str){(const char *)data, size}, &j, &err) == WG_OK) {
        wg_json_write(j, &one);
        wg_require(wg_buf_ok(&one));
        wg_require(wg_json_parse(a, wg_buf_str(&one), &again, &err) == WG_OK);
        wg_json_write(again, &two);
        wg_require(wg_buf_ok(&two) && wg_str_eq(wg_buf_str(&one), wg_buf_str(&two)));
    } else {
        wg_require(j == NULL && err.code == WG_EINVAL && err.text[0] != '\0');
        wg_require(wg_utf8_valid(wg_str_of(err.text)) && strlen(err.text) < 200);
    }
    wg_buf_free(&one);
    wg_buf_free(&two);
    wg_arena_free(a);
    return 0;
}
