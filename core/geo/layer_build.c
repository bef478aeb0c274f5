#include "geo/crs.h"
#include "geo/layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FAULTS_SHOWN 1000
#define FAULTS_IN_ERR 500 /* bytes of them */

void build_init(struct layer_build *b, const char *noun, struct wg_crs *crs,
                struct wg_layer_faults *faults)
{
    *b = (struct layer_build){.noun = noun, .crs = crs, .faults = faults};
    *faults = (struct wg_layer_faults){0};
}

void build_done(struct layer_build *b)
{
    wg_buf_free(&b->rec);
    wg_buf_free(&b->ring);
    wg_buf_free(&b->vert);
    wg_buf_free(&b->text);
    wg_buf_free(&b->source);
}

size_t build_rings(const struct layer_build *b)
{
    return b->ring.n / sizeof(struct layer_ring);
}

size_t build_verts(const struct layer_build *b)
{
    return b->vert.n / sizeof(struct wg_point);
}

void build_forget(struct layer_build *b, size_t rings, size_t verts)
{
    b->ring.n = rings * sizeof(struct layer_ring);
    b->vert.n = verts * sizeof(struct wg_point);
}

void build_read(struct layer_build *b, size_t rows, size_t bytes)
{
    __atomic_store_n(&b->faults->read.rows, rows, __ATOMIC_RELAXED);
    __atomic_store_n(&b->faults->read.bytes, bytes, __ATOMIC_RELAXED);
}

struct wg_str build_cut(struct wg_str s)
{
    size_t n = s.n < 40 ? s.n : 40;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--; /* at a whole character: messages are UTF-8 */
    return (struct wg_str){s.p, n};
}

void build_label(struct layer_build *b, size_t number, struct wg_str id)
{
    struct wg_str cut = build_cut(id);
    if (id.n == 0)
        snprintf(b->label, sizeof(b->label), "%s %zu", b->noun, number);
    else
        snprintf(b->label, sizeof(b->label), "%s %zu (%.*s%s)", b->noun, number, WG_PRI(cut),
                 cut.n < id.n ? "…" : "");
}

void build_fault(struct layer_build *b, const char *fmt, ...)
{
    char text[600];
    va_list args;
    if (++b->faults->count > FAULTS_SHOWN)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    wg_buf_fmt(&b->faults->text, "%s%s%s\n", b->label, b->label[0] ? ": " : "", text);
}

bool point_of_degrees(int64_t lon_e7, int64_t lat_e7, struct wg_point *out)
{
    if (lon_e7 < -1800000000 || lon_e7 > 1800000000 || lat_e7 < -900000000 || lat_e7 > 900000000)
        return false;
    *out = (struct wg_point){(int32_t)lon_e7, (int32_t)lat_e7};
    return true;
}

int build_digits(const struct layer_build *b)
{
    return b->crs ? 9 : 7; /* what is rounded once more after turning is read finer */
}

const char *build_place(const struct layer_build *b, int64_t x, int64_t y, struct wg_point *out)
{
    if (b->crs) {
        if (wg_crs_to_4490(b->crs, (double)x / 1e9, (double)y / 1e9, out) < 0)
            return "that its system does not have; east or lon comes first";
        return crs_fits(b->crs, *out) ? NULL : "far from where its system is used; is it another?";
    }
    return point_of_degrees(x, y, out) ? NULL : "outside [-180,180]x[-90,90]; lon comes first";
}

void build_add(struct layer_build *b, size_t number, struct wg_str id, struct wg_str name,
               struct wg_str props, size_t rings_before)
{
    uint32_t source = (uint32_t)number;
    struct layer_rec rec = {
        .text = (uint32_t)b->text.n,
        .id_n = (uint32_t)id.n,
        .name_n = (uint32_t)name.n,
        .props_n = (uint32_t)props.n,
        .ring = (uint32_t)rings_before,
        .ring_count = (uint32_t)(build_rings(b) - rings_before),
    };
    wg_buf_add(&b->rec, &rec, sizeof(rec));
    wg_buf_add(&b->source, &source, sizeof(source));
    wg_buf_str_add(&b->text, id);
    wg_buf_str_add(&b->text, name);
    wg_buf_str_add(&b->text, props);
}

/* The faults as one error: whole lines of them, as many as fit. */
static int fail_with_faults(const struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_str s = wg_buf_str(&faults->text);
    size_t shown = 0, n = 0;
    for (size_t i = 0; i < s.n && (i < FAULTS_IN_ERR || shown == 0); i++)
        if (s.p[i] == '\n') {
            shown++;
            n = i;
        }
    if (faults->count > shown)
        return wg_fail(err, WG_EINVAL, "%.*s\nand %zu more", (int)n, s.p, faults->count - shown);
    return wg_fail(err, WG_EINVAL, "%.*s", (int)n, s.p);
}

/* Points are kept in the order of the curve: what is asked for together lies together. (Of areas
 * that overlap the first in the file answers, so theirs stays.) */
static int sort_points(struct layer_build *b)
{
    size_t n = b->rec.n / sizeof(struct layer_rec);
    const struct layer_rec *rec = (const struct layer_rec *)b->rec.p;
    const struct wg_point *vert = (const struct wg_point *)b->vert.p;
    struct layer_key *key = n ? malloc(2 * n * sizeof(*key)) : NULL;
    struct layer_build to = {.shape = b->shape};
    if (n == 0)
        return WG_OK;
    for (size_t i = 0; key && i < n; i++)
        key[i] = (struct layer_key){layer_curve(vert[i].lon_e7, vert[i].lat_e7), (uint32_t)i};
    if (key)
        layer_sort(key, key + n, n);
    for (size_t k = 0; key && k < n; k++) {
        size_t i = key[k].i;
        struct layer_rec r = rec[i];
        r.text = (uint32_t)to.text.n;
        wg_buf_add(&to.text, b->text.p + rec[i].text, (size_t)r.id_n + r.name_n + r.props_n);
        wg_buf_add(&to.rec, &r, sizeof(r));
        wg_buf_add(&to.vert, &vert[i], sizeof(*vert));
        wg_buf_add(&to.source, b->source.p + i * sizeof(uint32_t), sizeof(uint32_t));
    }
    free(key);
    bool good = key && wg_buf_ok(&to.text) && wg_buf_ok(&to.rec) && wg_buf_ok(&to.vert) &&
                wg_buf_ok(&to.source);
    struct wg_buf *const own[] = {&b->rec, &b->vert, &b->text, &b->source}, *const sorted[] = {
                                                                                &to.rec, &to.vert,
                                                                                &to.text,
                                                                                &to.source};
    for (size_t k = 0; good && k < 4; k++) {
        struct wg_buf t = *own[k];
        *own[k] = *sorted[k];
        *sorted[k] = t;
    }
    build_done(&to);
    return good ? WG_OK : WG_ENOMEM;
}

static int assemble(const struct layer_build *b, char **image, size_t *size)
{
    struct layer_head head = {
        .magic = LAYER_MAGIC,
        .version = LAYER_VERSION,
        .shape = b->shape,
        .records = (uint32_t)(b->rec.n / sizeof(struct layer_rec)),
        .rings = (uint32_t)build_rings(b),
        .verts = (uint32_t)build_verts(b),
        .text = b->text.n,
    };
    const struct wg_buf *parts[] = {&b->rec, &b->ring, &b->vert, &b->text};
    *size = sizeof(head) + b->rec.n + b->ring.n + b->vert.n + b->text.n;
    head.size = *size;
    if (!(*image = malloc(*size)))
        return WG_ENOMEM;
    char *to = *image + sizeof(head);
    memcpy(*image, &head, sizeof(head));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i]->n)
            memcpy(to, parts[i]->p, parts[i]->n);
        to += parts[i]->n;
    }
    uint32_t crc = wg_crc32c(0, *image + LAYER_CRC_FROM, *size - LAYER_CRC_FROM);
    memcpy(*image + LAYER_CRC_AT, &crc, sizeof(crc));
    return WG_OK;
}

/* Ids lie sorted in the index, so equal ones are neighbours there. */
static void find_twins(struct layer_build *b, const struct wg_layer *layer)
{
    for (uint32_t k = 1; k < layer->head->records; k++) {
        uint32_t one[2] = {layer->by_id[k - 1], layer->by_id[k]}, source[2];
        struct wg_str id = layer_id(layer, one[1]);
        if (!wg_str_eq(layer_id(layer, one[0]), id))
            continue;
        for (int i = 0; i < 2; i++)
            memcpy(&source[i], b->source.p + one[i] * sizeof(uint32_t), sizeof(uint32_t));
        build_label(b, source[1], id);
        build_fault(b, "has the id of %s %u", b->noun, source[0]);
    }
}

int build_finish(struct layer_build *b, struct wg_layer **out, struct wg_err *err)
{
    struct wg_layer *layer = NULL;
    char *image = NULL;
    size_t size = 0;
    int rc = WG_ENOMEM;
    bool whole = wg_buf_ok(&b->rec) && wg_buf_ok(&b->ring) && wg_buf_ok(&b->vert) &&
                 wg_buf_ok(&b->text) && wg_buf_ok(&b->source);
    if (!whole)
        goto out;
    if (b->text.n > UINT32_MAX || build_verts(b) > LAYER_VERTS) {
        b->label[0] = '\0';
        build_fault(b, "the layer is too large");
    } else {
        if ((b->shape == WG_POINTS && sort_points(b) < 0) || assemble(b, &image, &size) < 0 ||
            layer_open(image, size, &layer, err) < 0)
            goto out; /* we made the image ourselves: only memory can be missing */
        image = NULL;
        find_twins(b, layer);
    }
    if (!wg_buf_ok(&b->faults->text))
        goto out;
    rc = b->faults->count ? fail_with_faults(b->faults, err) : WG_OK;
    if (rc == WG_OK) {
        *out = layer;
        layer = NULL;
    }
out:
    if (rc == WG_ENOMEM)
        wg_fail(err, rc, "out of memory");
    free(image);
    wg_layer_drop(layer);
    return rc;
}

/* ---- of features that were built once ---- */

void build_copy_as(struct layer_build *b, const struct wg_layer *from, uint32_t i, struct wg_str id)
{
    const struct layer_rec *r = &from->rec[i];
    struct wg_feature f;
    size_t rings = build_rings(b);
    wg_layer_at(from, i, &f);
    if (from->head->shape == WG_POINTS)
        wg_buf_add(&b->vert, &from->vert[i], sizeof(*from->vert));
    for (uint32_t k = r->ring; k < r->ring + r->ring_count; k++) {
        struct layer_ring ring = from->ring[k];
        const struct wg_point *v = &from->vert[ring.vert];
        ring.vert = (uint32_t)build_verts(b);
        wg_buf_add(&b->ring, &ring, sizeof(ring));
        wg_buf_add(&b->vert, v, ring.count * sizeof(*v));
    }
    build_add(b, i + 1, id.p ? id : f.id, f.name, f.props, rings);
}

void build_copy(struct layer_build *b, const struct wg_layer *from, uint32_t i)
{
    build_copy_as(b, from, i, (struct wg_str){NULL, 0});
}

int build_end(struct layer_build *b, struct wg_layer **out, struct wg_err *err)
{
    int rc = build_finish(b, out, err);
    wg_buf_free(&b->faults->text);
    build_done(b);
    return rc;
}

/* ---- points at hand ---- */

struct wg_layer_points {
    struct layer_build build;
    struct wg_layer_faults faults;
    size_t count;
};

struct wg_layer_points *wg_layer_points_new(void)
{
    struct wg_layer_points *p = calloc(1, sizeof(*p));
    if (p) {
        build_init(&p->build, "feature", NULL, &p->faults);
        p->build.shape = WG_POINTS;
    }
    return p;
}

void wg_layer_points_add(struct wg_layer_points *p, struct wg_str id, struct wg_str name,
                         struct wg_str props, struct wg_point at)
{
    wg_buf_add(&p->build.vert, &at, sizeof(at));
    build_add(&p->build, ++p->count, id, name, props, 0);
}

int wg_layer_points_finish(struct wg_layer_points *p, struct wg_layer **out, struct wg_err *err)
{
    *out = NULL;
    if (!p)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    int rc = build_finish(&p->build, out, err);
    build_done(&p->build);
    wg_buf_free(&p->faults.text);
    free(p);
    return rc;
}
