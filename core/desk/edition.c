/* An edition of base data from the blob that was uploaded. */
#include "desk/desk.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EDITION_MAX ((size_t)512 << 20)

static int read_whole(int fd, struct wg_buf *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (size_t)st.st_size > EDITION_MAX)
        return WG_ERANGE;
    char *p = wg_buf_room(out, (size_t)st.st_size + 1);
    if (!p)
        return WG_ENOMEM;
    while (out->n < (size_t)st.st_size) {
        ssize_t n = read(fd, p + out->n, (size_t)st.st_size - out->n);
        if (n <= 0)
            return WG_EIO;
        out->n += (size_t)n;
    }
    return WG_OK;
}

int wg_edition_build(const char *blobs, int collection, struct wg_str blob, struct wg_str form,
                     struct wg_layer **layer, struct wg_table **table,
                     struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_layer_faults own = {0};
    size_t count;
    int fd;
    int rc = wg_blob_open(blobs, blob, &fd, err);
    if (rc < 0)
        return rc;
    if ((rc = read_whole(fd, &text)) < 0)
        wg_fail(err, rc, "blob %.*s can't be read: %s", WG_PRI(blob), wg_strerror(rc));
    close(fd);
    if (rc == WG_OK && !wg_collection_is_layer(collection))
        rc = wg_table_new(collection, wg_buf_str(&text), table, &count, err);
    else if (rc == WG_OK && wg_str_is(form, "csv"))
        rc = wg_layer_from_csv(wg_buf_str(&text), layer, faults ? faults : &own, err);
    else if (rc == WG_OK)
        rc = wg_layer_from_geojson(wg_buf_str(&text), layer, faults ? faults : &own, err);
    wg_buf_free(&own.text);
    wg_buf_free(&text);
    return rc;
}
