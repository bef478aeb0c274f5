/** Any bytes as a table of units, people or owners, from JSON and CSV: faults with their rows, or a
 * table that is the same as itself, whose units all have somebody who stands for them in the end.
 */
#include "desk/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_change(void *arg, enum wg_change change, struct wg_str id)
{
    (void)arg;
    (void)id;
    wg_require(change == WG_UNCHANGED);
}

static void use_units(struct wg_table *t)
{
    struct wg_ground *none = wg_ground_new("341824");
    struct wg_ground *g = wg_ground_with(none, WG_UNITS, NULL, wg_table_keep(t));
    struct wg_buf words = WG_BUF_INIT;
    wg_require(none && g);
    for (const struct wg_json *u = wg_table_json(t)->child; u; u = u->next) {
        struct wg_str id = wg_json_str(u, "id"), now = wg_ground_unit_now(g, id, INT64_MAX - 1);
        wg_require(wg_unit_end(u) == INT64_MAX || !wg_str_eq(id, now));
        wg_require(!now.n || wg_ground_unit(g, now));
        wg_buf_clear(&words);
        wg_ground_unit_words(g, id, 0, &words);
        wg_require(wg_words_have(wg_buf_str(&words), id));
    }
    wg_buf_free(&words);
    wg_ground_drop(g);
    wg_ground_drop(none);
}

/* Without phones a table of people is one still. */
static void use_people(struct wg_table *t)
{
    struct wg_buf rest = WG_BUF_INIT, phones = WG_BUF_INIT;
    struct wg_table *without = NULL;
    wg_table_split(t, &rest, &phones);
    wg_require(wg_table_new(WG_PEOPLE, wg_buf_str(&rest), WG_S("json"), NULL, &without, NULL,
                            NULL) == WG_OK);
    wg_table_drop(without);
    wg_buf_free(&rest);
    wg_buf_free(&phones);
}

static void read_as(int collection, struct wg_str form, struct wg_str text)
{
    struct wg_table *t = NULL;
    struct wg_layer_faults faults;
    struct wg_err err = {0};
    int rc = wg_table_new(collection, text, form, NULL, &t, &faults, &err);
    wg_require(rc == WG_OK || rc == WG_EINVAL);
    wg_require((rc == WG_OK) == (t != NULL) && (rc == WG_OK || err.text[0]));
    wg_require(wg_utf8_valid(wg_buf_str(&faults.text)));
    if (t) {
        wg_table_compare(t, t, on_change, NULL);
        if (collection == WG_UNITS)
            use_units(t);
        if (collection == WG_PEOPLE)
            use_people(t);
    }
    wg_table_drop(t);
    wg_buf_free(&faults.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int collections[] = {WG_UNITS, WG_OWNERS, WG_PEOPLE};
    struct wg_str text = {(const char *)data, size};
    for (size_t i = 0; i < 3; i++) {
        read_as(collections[i], WG_S("json"), text);
        read_as(collections[i], WG_S("csv"), text);
    }
    return 0;
}
