/** Any bytes as GeoJSON and as a sequence of it, or, after the word WGLAYER, as a layer's file:
 * refused, or a layer on which every question has a sound answer. */
#include "geo/geo.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct wg_layer *layer, struct wg_point p)
{
    struct wg_near near[8];
    struct wg_feature f;
    size_t i = 0, n = wg_layer_near(layer, p, 1000, near, 8);
    bool found = wg_layer_find(layer, p, &i);
    wg_require(n <= 8);
    if (!found)
        return;
    wg_require(wg_layer_at(layer, i, &f));
    wg_require(p.lon_e7 >= f.box.west && p.lon_e7 <= f.box.east);
    wg_require(p.lat_e7 >= f.box.south && p.lat_e7 <= f.box.north);
    wg_require(n > 0 && near[0].inside);
}

static void use(const struct wg_layer *layer)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_feature f;
    struct wg_box box = wg_layer_box(layer);
    size_t back = 0;
    for (size_t i = 0; i < 50 && wg_layer_at(layer, i, &f); i++) {
        wg_buf_clear(&text);
        wg_layer_geometry(layer, i, &text);
        wg_require(wg_buf_ok(&text) && wg_layer_by_id(layer, f.id, &back));
        ask(layer, f.at);
        ask(layer, (struct wg_point){f.box.west, f.box.south});
        ask(layer, (struct wg_point){f.box.east, f.box.north});
    }
    ask(layer, (struct wg_point){box.west, box.north});
    ask(layer, (struct wg_point){INT32_MIN, INT32_MAX});
    wg_buf_free(&text);
}

/* The sum is made right, else no change would ever get past it. A loader takes a path, so: a file
 * in memory that has one. */
static void load(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[40];
    struct wg_layer *layer = NULL;
    struct wg_err err = {0};
    uint8_t *image = malloc(size);
    wg_require(image != NULL);
    memcpy(image, data, size);
    if (size >= 12) {
        uint32_t sum = wg_crc32c(0, image + 12, size - 12);
        memcpy(image + 8, &sum, sizeof(sum));
    }
    if (fd < 0)
        fd = memfd_create("layer", 0);
    wg_require(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, image, size, 0) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int rc = wg_layer_load(path, &layer, &err);
    wg_require((rc == WG_OK) == (layer != NULL) && (rc == WG_OK || rc == WG_ECORRUPT));
    if (layer)
        use(layer);
    wg_layer_drop(layer);
    free(image);
}

typedef int (*reader)(struct wg_str text, struct wg_crs *crs, struct wg_layer **out,
                      struct wg_layer_faults *faults, struct wg_err *err);

static void on_change(void *arg, enum wg_change change, struct wg_str id)
{
    wg_require(change == WG_UNCHANGED && id.n > 0);
    ++*(size_t *)arg;
}

static void read_as(reader read, struct wg_str text, struct wg_crs *crs)
{
    struct wg_layer *layer = NULL;
    struct wg_layer_faults faults;
    struct wg_err err = {0};
    size_t same = 0;
    int rc = read(text, crs, &layer, &faults, &err);
    wg_require(rc == WG_OK || rc == WG_EINVAL);
    wg_require((rc == WG_OK) == (layer != NULL));
    wg_require(rc == WG_OK ? faults.count == 0 : err.text[0] != '\0');
    wg_require(wg_utf8_valid(wg_str_of(err.text)) && wg_utf8_valid(wg_buf_str(&faults.text)));
    wg_require(faults.read.bytes <= text.n);
    if (layer) {
        use(layer);
        wg_require(wg_layer_compare(layer, layer, on_change, &same, &err) == WG_OK);
        wg_require(same == wg_layer_count(layer));
    }
    wg_layer_drop(layer);
    wg_buf_free(&faults.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_str text = {(const char *)data, size};
    if (size >= 8 && memcmp(data, "WGLAYER", 8) == 0) {
        load(data, size);
        return 0;
    }
    static struct wg_crs *crs; /* kept for all runs, so that it is no leak */
    wg_require(crs || wg_crs_new(WG_BD09, &crs, NULL) == WG_OK);
    read_as(wg_layer_from_geojson, text, NULL);
    read_as(wg_layer_from_geojson, text, crs);
    read_as(wg_layer_from_geojsons, text, NULL);
    return 0;
}
