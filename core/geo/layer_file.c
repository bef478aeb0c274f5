#include "geo/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a layer's file is the little-endian image of its arrays"
#endif
_Static_assert(sizeof(struct layer_head) == 48 && sizeof(struct layer_rec) == 24 &&
                   sizeof(struct layer_ring) == 12 && sizeof(struct wg_point) == 8,
               "the file's form would change: raise LAYER_VERSION");

/* ---- check: nothing is trusted but what was looked at ---- */

static bool sizes_fit(const struct layer_head *h, size_t size)
{
    /* 32-bit counts of small things: the sum can't run over 64 bits. */
    uint64_t arrays = sizeof(*h) + (uint64_t)h->records * sizeof(struct layer_rec) +
                      (uint64_t)h->rings * sizeof(struct layer_ring) +
                      (uint64_t)h->verts * sizeof(struct wg_point);
    return h->size == size && h->shape <= WG_LINES && h->verts <= LAYER_VERTS && arrays <= size &&
           h->text == size - arrays && h->text <= UINT32_MAX;
}

static bool records_fit(const struct wg_layer *layer)
{
    const struct layer_head *h = layer->head;
    uint64_t text = 0, ring = 0;
    for (uint32_t i = 0; i < h->records; i++) {
        const struct layer_rec *r = &layer->rec[i];
        uint64_t end = text + r->id_n + (uint64_t)r->name_n + r->props_n;
        if (r->text != text || end > h->text || r->id_n == 0 || r->id_n > LAYER_ID ||
            r->props_n < 2)
            return false;
        const char *props = layer->text + end - r->props_n;
        if (props[0] != '{' || layer->text[end - 1] != '}')
            return false;
        text = end;
        if (h->shape == WG_POINTS)
            continue;
        if (r->ring != ring || r->ring_count == 0 || ring + r->ring_count > h->rings ||
            !layer->ring[ring].outer)
            return false;
        ring += r->ring_count;
    }
    return text == h->text && ring == h->rings && (h->shape != WG_POINTS || h->verts == h->records);
}

static bool rings_fit(const struct wg_layer *layer)
{
    const struct layer_head *h = layer->head;
    bool lines = h->shape == WG_LINES;
    uint64_t vert = 0;
    for (uint32_t i = 0; i < h->rings; i++) {
        const struct layer_ring *r = &layer->ring[i];
        if (r->vert != vert || r->count < (lines ? 2 : 4) || vert + r->count > h->verts ||
            r->outer > 1 || (lines && !r->outer))
            return false;
        const struct wg_point *v = &layer->vert[vert];
        if (!lines && memcmp(&v[0], &v[r->count - 1], sizeof(*v)) != 0)
            return false;
        vert += r->count;
    }
    return h->shape == WG_POINTS || vert == h->verts;
}

static bool verts_fit(const struct wg_layer *layer)
{
    struct wg_point same;
    for (uint32_t i = 0; i < layer->head->verts; i++)
        if (!point_of_degrees(layer->vert[i].lon_e7, layer->vert[i].lat_e7, &same))
            return false;
    return true;
}

static const char *what_is_wrong(struct wg_layer *layer, const char *image, size_t size)
{
    const struct layer_head *h = (const struct layer_head *)image;
    uint32_t crc = 0;
    if (size < sizeof(*h) || memcmp(h->magic, LAYER_MAGIC, sizeof(h->magic)) != 0)
        return "is no layer file";
    if (h->version != LAYER_VERSION)
        return "is of another version; build the layer again from its source";
    memcpy(&crc, image + LAYER_CRC_AT, sizeof(crc));
    if (crc != wg_crc32c(0, image + LAYER_CRC_FROM, size - LAYER_CRC_FROM))
        return "is damaged: its checksum is another";
    if (!sizes_fit(h, size))
        return "is damaged: its sizes do not add up";
    layer->head = h;
    layer->rec = (const struct layer_rec *)(h + 1);
    layer->ring = (const struct layer_ring *)(layer->rec + h->records);
    layer->vert = (const struct wg_point *)(layer->ring + h->rings);
    layer->text = (const char *)(layer->vert + h->verts);
    if (!records_fit(layer) || !rings_fit(layer) || !verts_fit(layer) ||
        !wg_utf8_valid((struct wg_str){layer->text, h->text}))
        return "is damaged: an entry points outside";
    return NULL;
}

int layer_open(char *image, size_t size, struct wg_layer **out, struct wg_err *err)
{
    struct wg_layer *layer = calloc(1, sizeof(*layer));
    *out = NULL;
    if (!layer)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    atomic_init(&layer->owners, 1);
    int rc = WG_OK;
    const char *wrong = what_is_wrong(layer, image, size);
    if (wrong)
        rc = wg_fail(err, WG_ECORRUPT, "%s", wrong);
    else if ((rc = layer_index(layer)) < 0)
        wg_fail(err, rc, "out of memory");
    if (rc < 0) {
        wg_layer_drop(layer);
        return rc;
    }
    layer->image = image;
    *out = layer;
    return WG_OK;
}

/* ---- load ---- */

/* Mapped: a file is written once under another name and never changed, and what nobody looks at
 * takes no memory. */
int wg_layer_load(const char *path, struct wg_layer **out, struct wg_err *err)
{
    struct stat st;
    struct wg_err why = {0};
    void *image = MAP_FAILED;
    int rc = WG_OK, fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = NULL;
    if (fd < 0)
        return wg_fail(err, errno == ENOENT ? WG_ENOENT : WG_EIO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        rc = wg_fail(err, WG_EIO, "%s: is no file", path);
        goto out;
    }
    if (st.st_size == 0) {
        rc = wg_fail(err, WG_ECORRUPT, "%s: is no layer file", path);
        goto out;
    }
    image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED) {
        rc = wg_fail(err, WG_ENOMEM, "%s: %s", path, strerror(errno));
        goto out;
    }
    if ((rc = layer_open(image, (size_t)st.st_size, out, &why)) < 0) {
        wg_fail(err, rc, "%s: %s", path, why.text);
    } else {
        (*out)->mapped = true;
        image = MAP_FAILED; /* the layer's now */
    }
out:
    if (image != MAP_FAILED)
        munmap(image, (size_t)st.st_size);
    close(fd);
    return rc;
}

/* ---- save: under another name, synced, then renamed, so that the name never shows half a file
 * ---- */

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The rename itself lasts only when the folder is on the disk. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

int wg_layer_save(const struct wg_layer *layer, const char *path, struct wg_err *err)
{
    char *temp = NULL;
    int fd = -1, rc = WG_OK;
    if (asprintf(&temp, "%s.XXXXXX", path) < 0)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    if ((fd = mkostemp(temp, O_CLOEXEC)) < 0 ||
        write_all(fd, layer->image, layer->head->size) < 0 || fsync(fd) < 0 ||
        rename(temp, path) < 0) {
        rc = errno == ENOSPC || errno == EDQUOT ? WG_ENOSPC : WG_EIO;
        wg_fail(err, rc, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(temp);
    } else if (sync_folder(path) < 0) {
        rc = wg_fail(err, WG_EIO, "%s: its folder can't be synced: %s", path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    free(temp);
    return rc;
}
