/** Any text as an entry of the journal: refused, or its outcomes fold into a case that can be kept,
 * read back, indexed and shown. */
#include "case/views.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(const struct wg_case *c)
{
    struct wg_buf one = WG_BUF_INIT, two = WG_BUF_INIT;
    struct index_key keys[KEYS_MAX];
    struct wg_case back;
    wg_case_encode(c, &one);
    wg_require(wg_buf_ok(&one) && wg_case_decode(wg_buf_str(&one), &back) == WG_OK);
    wg_case_encode(&back, &two);
    wg_require(wg_str_eq(wg_buf_str(&one), wg_buf_str(&two)));
    wg_require(index_keys(c, keys) <= KEYS_MAX);
    wg_buf_clear(&two);
    wg_case_json(c, WG_S("341824"), c->description, 1772787600000, &two);
    wg_require(wg_buf_ok(&two));
    wg_buf_free(&one);
    wg_buf_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_case c = {0};
    struct wg_entry e;
    struct wg_err err = {0};
    int rc = wg_entry_parse(a, (struct wg_str){(const char *)data, size}, &e, &err);
    wg_require(rc == WG_OK || err.text[0] != '\0');
    for (const struct wg_json *o = rc == WG_OK ? e.out->child : NULL; rc == WG_OK && o; o = o->next)
        rc = wg_case_fold(&c, &e, o, a);
    wg_require(rc == WG_OK || rc == WG_ECORRUPT || rc == WG_EINVAL);
    if (rc == WG_OK)
        keep(&c);
    wg_arena_free(a);
    return 0;
}
