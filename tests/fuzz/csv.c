/** Any bytes: rows that, written with quotes and read again, are the same rows, or a fault with its
 * place; and a point layer or faults. */
#include "geo/geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int rewrite(struct wg_str text, struct wg_buf *out)
{
    struct wg_csv csv;
    struct wg_err err = {0};
    size_t line = 0;
    int rc;
    wg_require(wg_csv_open(text, &csv) == WG_OK);
    while ((rc = wg_csv_next(&csv, &err)) == 1) {
        wg_require(csv.count > 0 && csv.line > line);
        line = csv.line;
        for (size_t i = 0; i < csv.count; i++) {
            wg_buf_csv(out, csv.field[i]);
            wg_buf_char(out, i + 1 == csv.count ? '\n' : ',');
        }
    }
    wg_require(rc == 0 || (rc == WG_EINVAL && strncmp(err.text, "line ", 5) == 0));
    wg_csv_close(&csv);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_str text = {(const char *)data, size};
    struct wg_buf one = WG_BUF_INIT, two = WG_BUF_INIT;
    struct wg_layer *layer = NULL;
    struct wg_layer_faults faults;
    struct wg_err err = {0};
    int rc = rewrite(text, &one);
    wg_require(wg_buf_ok(&one));
    wg_require(rewrite(wg_buf_str(&one), &two) == 0);
    wg_require(wg_buf_ok(&two) && wg_str_eq(wg_buf_str(&one), wg_buf_str(&two)));
    int made = wg_layer_from_csv(text, NULL, &layer, &faults, &err);
    wg_require(rc == 0 || made == WG_EINVAL);
    wg_require((made == WG_OK) == (layer != NULL) && (made == WG_OK || faults.count > 0));
    wg_require(wg_utf8_valid(wg_str_of(err.text)) && wg_utf8_valid(wg_buf_str(&faults.text)));
    wg_layer_drop(layer);
    wg_buf_free(&faults.text);
    wg_buf_free(&one);
    wg_buf_free(&two);
    return 0;
}
