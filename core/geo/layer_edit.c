/* A layer that differs a little from another: what is left of that one, and a small one of what
 * came in its place or beside it. Neither is copied, so that an edit costs what has been edited
 * before it, not what there is. */
#include "geo/layer.h"

#include <stdlib.h>

#define LEFT 0 /* parts: what is left of the base, and what came */
#define CAME 1

void edited_free(struct layer_edited *e)
{
    if (!e)
        return;
    wg_layer_drop(e->part[LEFT]);
    wg_layer_drop(e->part[CAME]);
    free(e->gone);
    free(e->gone_at);
    free(e);
}

/* ---- numbers: those that are left keep their order, then what came ---- */

/* How many of a sorted list are less than v. */
static uint32_t less_than(const uint32_t *list, uint32_t n, uint32_t v)
{
    uint32_t from = 0;
    while (from < n) {
        uint32_t middle = from + (n - from) / 2;
        if (list[middle] < v)
            from = middle + 1;
        else
            n = middle;
    }
    return from;
}

static bool has(const uint32_t *list, uint32_t n, uint32_t v)
{
    uint32_t k = less_than(list, n, v);
    return k < n && list[k] == v;
}

const struct wg_layer *edited_part(const struct wg_layer *layer, size_t *i)
{
    const struct layer_edited *e = layer->edited;
    uint32_t from = 0, to = e->gones;
    if (*i >= e->left) {
        *i -= e->left;
        return e->part[CAME];
    }
    while (from < to) { /* the first of those gone with more than i before it that are left */
        uint32_t middle = from + (to - from) / 2;
        if (e->gone[middle] - middle <= *i)
            from = middle + 1;
        else
            to = middle;
    }
    *i += from;
    return e->part[LEFT];
}

size_t layer_parts(const struct wg_layer *layer, struct layer_part out[2])
{
    const struct layer_edited *e = layer->edited;
    out[0] = (struct layer_part){e ? e->part[LEFT] : layer, e, 0};
    if (e)
        out[1] = (struct layer_part){e->part[CAME], NULL, e->left};
    return e ? 2 : 1;
}

bool layer_part_has(const struct layer_part *part, uint32_t own, uint32_t *i)
{
    const struct layer_edited *e = part->edited;
    uint32_t before = e ? less_than(e->gone, e->gones, own) : 0;
    *i = part->from + own - before;
    return !e || before == e->gones || e->gone[before] != own;
}

size_t wg_layer_made_of(const struct wg_layer *layer, const struct wg_layer *out[2])
{
    struct layer_part part[2];
    size_t n = layer_parts(layer, part);
    for (size_t k = 0; k < n; k++)
        out[k] = part[k].layer;
    return n;
}

size_t wg_layer_where(const struct wg_layer *layer, size_t *i)
{
    const struct layer_edited *e = layer->edited;
    return e && edited_part(layer, i) == e->part[CAME] ? CAME : LEFT;
}

bool wg_layer_number(const struct wg_layer *layer, size_t part, size_t *i)
{
    struct layer_part list[2];
    uint32_t number;
    if (part >= layer_parts(layer, list) || !layer_part_has(&list[part], (uint32_t)*i, &number))
        return false;
    *i = number;
    return true;
}

bool edited_by_id(const struct wg_layer *layer, struct wg_str id, size_t *i)
{
    const struct layer_edited *e = layer->edited;
    size_t own;
    if (wg_layer_by_id(e->part[CAME], id, &own)) {
        *i = e->left + own;
        return true;
    }
    if (!wg_layer_by_id(e->part[LEFT], id, &own) || has(e->gone, e->gones, (uint32_t)own))
        return false;
    *i = own - less_than(e->gone, e->gones, (uint32_t)own);
    return true;
}

/* ---- places on the curve: all of the base's, gone or not, then those of what came ---- */

size_t edited_along(const struct wg_layer *layer, size_t place)
{
    const struct layer_edited *e = layer->edited;
    size_t n = e->part[LEFT]->head->records;
    if (place >= n)
        return e->left + e->part[CAME]->order[place - n];
    uint32_t own = e->part[LEFT]->order[place];
    return own - less_than(e->gone, e->gones, own);
}

/* A run of the base ends where one is that has gone. */
static bool left_next(struct wg_scan *s, const struct layer_edited *e, struct wg_run *run)
{
    struct wg_scan own = {e->part[LEFT], s->box, s->at};
    while (wg_scan_next(&own, run)) {
        uint32_t k = less_than(e->gone_at, e->gones, run->from);
        for (; k < e->gones && e->gone_at[k] == run->from && run->from < run->to; k++)
            run->from++;
        if (run->from == run->to)
            continue;
        if (k < e->gones && e->gone_at[k] < run->to) {
            run->to = e->gone_at[k];
            own.at = run->to + 1;
        }
        s->at = own.at;
        return true;
    }
    s->at = e->part[LEFT]->head->records;
    return false;
}

bool edited_next(struct wg_scan *s, struct wg_run *run)
{
    const struct layer_edited *e = s->layer->edited;
    uint32_t n = e->part[LEFT]->head->records;
    if (s->at < n && left_next(s, e, run))
        return true;
    struct wg_scan own = {e->part[CAME], s->box, s->at - n};
    bool found = wg_scan_next(&own, run);
    s->at = n + own.at;
    run->from += n;
    run->to += n;
    return found;
}

/* ---- making ---- */

int wg_layer_whole(const struct wg_layer *layer, struct wg_layer **out, struct wg_err *err)
{
    struct wg_layer_faults faults;
    struct layer_build b;
    if (!layer->edited) {
        *out = wg_layer_keep((struct wg_layer *)layer);
        return WG_OK;
    }
    build_init(&b, "feature", NULL, &faults);
    b.shape = layer->head->shape;
    for (size_t i = 0; i < layer->head->records; i++) {
        size_t own = i;
        const struct wg_layer *part = edited_part(layer, &own);
        build_copy(&b, part, (uint32_t)own);
    }
    return build_end(&b, out, err);
}

int wg_layer_renamed(const struct wg_layer *one, struct wg_str id, struct wg_layer **out,
                     struct wg_err *err)
{
    struct wg_layer_faults faults;
    struct layer_build b;
    *out = NULL;
    if (id.n == 0 || id.n > LAYER_ID || one->edited || one->head->records != 1)
        return wg_fail(err, WG_EINVAL, "an id has 1 to %d bytes", LAYER_ID);
    build_init(&b, "feature", NULL, &faults);
    b.shape = one->head->shape;
    build_copy_as(&b, one, 0, id);
    return build_end(&b, out, err);
}

static bool last_id(const struct wg_layer *plain, struct wg_str prefix, struct wg_str *id)
{
    size_t from = 0, to = plain->head->records;
    while (from < to) { /* the first that comes after all that begin so */
        size_t middle = from + (to - from) / 2;
        struct wg_str is = layer_id(plain, plain->by_id[middle]);
        struct wg_str front = {is.p, is.n < prefix.n ? is.n : prefix.n};
        if (wg_str_cmp(front, prefix) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == 0)
        return false;
    *id = layer_id(plain, plain->by_id[from - 1]);
    return id->n >= prefix.n && memcmp(id->p, prefix.p, prefix.n) == 0;
}

bool wg_layer_last_id(const struct wg_layer *layer, struct wg_str prefix, struct wg_str *id)
{
    struct layer_part part[2];
    bool any = false;
    for (size_t k = layer_parts(layer, part); k > 0; k--) {
        struct wg_str is;
        if (!last_id(part[k - 1].layer, prefix, &is) || (any && wg_str_cmp(is, *id) < 0))
            continue;
        *id = is;
        any = true;
    }
    return any;
}

static int by_text(const void *x, const void *y)
{
    return wg_str_cmp(*(const struct wg_str *)x, *(const struct wg_str *)y);
}

/* What came before and still stands, and what comes now. */
static int make_came(const struct layer_edited *old, const struct wg_layer *put,
                     const struct wg_str *drop, size_t drops, uint32_t shape, struct wg_layer **out,
                     struct wg_err *err)
{
    struct wg_layer_faults faults;
    struct layer_build b;
    size_t at;
    struct wg_str *gone = malloc((drops + 1) * sizeof(*gone));
    if (!gone)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    if (drops)
        memcpy(gone, drop, drops * sizeof(*gone));
    qsort(gone, drops, sizeof(*gone), by_text);
    build_init(&b, "feature", NULL, &faults);
    b.shape = shape;
    for (uint32_t i = 0; old && i < old->part[CAME]->head->records; i++) {
        struct wg_str id = layer_id(old->part[CAME], i);
        if (!(put && wg_layer_by_id(put, id, &at)) &&
            !bsearch(&id, gone, drops, sizeof(*gone), by_text))
            build_copy(&b, old->part[CAME], i);
    }
    free(gone);
    for (uint32_t i = 0; put && i < put->head->records; i++)
        build_copy(&b, put, i);
    return build_end(&b, out, err);
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

static void take_out(struct layer_edited *e, struct wg_str id)
{
    const struct wg_layer *base = e->part[LEFT];
    size_t own;
    if (wg_layer_by_id(base, id, &own))
        e->gone[e->gones++] = (uint32_t)own;
}

/* Points stand on the curve as they are numbered; the places of others are looked up. */
static void find_places(struct layer_edited *e)
{
    const struct wg_layer *base = e->part[LEFT];
    uint32_t n = 0;
    qsort(e->gone, e->gones, sizeof(*e->gone), by_number);
    for (uint32_t k = 0; k < e->gones; k++)
        if (n == 0 || e->gone[n - 1] != e->gone[k])
            e->gone[n++] = e->gone[k];
    e->gones = n;
    e->left = base->head->records - n;
    n = 0;
    for (uint32_t k = 0; base->head->shape == WG_POINTS && k < e->gones; k++)
        n += base->order[e->gone[k]] == e->gone[k];
    if (n == e->gones) {
        if (n)
            memcpy(e->gone_at, e->gone, n * sizeof(*e->gone));
        return;
    }
    n = 0;
    for (uint32_t place = 0; n < e->gones && place < base->head->records; place++)
        if (has(e->gone, e->gones, base->order[place]))
            e->gone_at[n++] = place;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * 0x9e3779b97f4a7c15u ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const void *p, size_t n)
{
    return mix(h, (uint64_t)wg_crc32c(0, p, n) << 32 | n);
}

uint64_t wg_layer_feature_mark(const struct wg_layer *layer, size_t i)
{
    struct wg_feature f;
    struct wg_chain c;
    if (!wg_layer_at(layer, i, &f))
        return 1;
    uint64_t h = mix_bytes(mix_bytes(mix_bytes(2, f.id.p, f.id.n), f.name.p, f.name.n), f.props.p,
                           f.props.n);
    for (size_t k = 0; wg_layer_chain(layer, i, k, &c); k++)
        h = mix_bytes(mix(h, c.begins), c.vert, c.count * sizeof(*c.vert));
    return h ? h : 1;
}

static bool meets(struct wg_box a, struct wg_box b)
{
    return a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north;
}

/* In no order: what came is numbered anew by each edit. */
uint64_t wg_layer_mark_in(const struct wg_layer *layer, struct wg_box box)
{
    const struct layer_edited *e = layer->edited;
    struct wg_run run;
    if (!e)
        return wg_layer_mark(layer);
    uint64_t h = 0;
    for (uint32_t k = 0; k < e->gones; k++)
        if (meets(box, layer_box(e->part[LEFT], e->gone[k])))
            h += mix(3, e->gone[k]);
    struct wg_scan scan = {e->part[CAME], box, 0};
    while (wg_scan_next(&scan, &run))
        for (uint32_t k = run.from; k < run.to; k++)
            h += wg_layer_feature_mark(scan.layer, scan.layer->order[k]);
    return h ? mix(wg_layer_mark(e->part[LEFT]), h) : wg_layer_mark(e->part[LEFT]);
}

static void finish_edited(struct wg_layer *layer, struct layer_edited *e)
{
    const struct wg_layer *base = e->part[LEFT], *came = e->part[CAME];
    find_places(e);
    e->head = *base->head;
    e->head.records = e->left + came->head->records;
    e->mark = mix(mix(1, wg_layer_mark(base)), came->head->records ? wg_layer_mark(came) : 0);
    for (uint32_t k = 0; k < e->gones; k++)
        e->mark = mix(e->mark, e->gone[k]);
    layer->edited = e;
    layer->head = &e->head;
    layer->box = base->head->records ? base->box : came->box;
    if (came->head->records && base->head->records) {
        struct wg_box *b = &layer->box, c = came->box;
        b->west = c.west < b->west ? c.west : b->west;
        b->south = c.south < b->south ? c.south : b->south;
        b->east = c.east > b->east ? c.east : b->east;
        b->north = c.north > b->north ? c.north : b->north;
    }
}

int wg_layer_edit(const struct wg_layer *layer, const struct wg_layer *put,
                  const struct wg_str *drop, size_t drops, struct wg_layer **out,
                  struct wg_err *err)
{
    const struct layer_edited *old = layer->edited;
    const struct wg_layer *base = old ? old->part[LEFT] : layer;
    size_t puts = put ? put->head->records : 0, room = (old ? old->gones : 0) + puts + drops + 1;
    struct layer_edited *e = calloc(1, sizeof(*e));
    struct wg_layer *made = calloc(1, sizeof(*made));
    int rc = WG_ENOMEM;
    *out = NULL;
    if (puts && put->edited) {
        rc = wg_fail(err, WG_EINVAL, "what is put into a layer is itself an edited one");
        goto out;
    }
    if (puts && put->head->shape != layer->head->shape && layer->head->records) {
        static const char *const named[] = {"areas", "points", "lines"};
        rc = wg_fail(err, WG_EINVAL, "the collection holds %s, this is of %s",
                     named[layer->head->shape], named[put->head->shape]);
        goto out;
    }
    if (puts && layer->head->records == 0) { /* nothing is left to share, or to agree with */
        *out = wg_layer_keep((struct wg_layer *)put);
        rc = WG_OK;
        goto out;
    }
    if (!e || !made || !(e->gone = malloc(room * sizeof(*e->gone))) ||
        !(e->gone_at = malloc(room * sizeof(*e->gone_at)))) {
        wg_fail(err, rc, "out of memory");
        goto out;
    }
    if ((rc = make_came(old, put, drop, drops, base->head->shape, &e->part[CAME], err)) < 0)
        goto out;
    e->part[LEFT] = wg_layer_keep((struct wg_layer *)base);
    if (old && old->gones)
        memcpy(e->gone, old->gone, old->gones * sizeof(*e->gone));
    e->gones = old ? old->gones : 0;
    for (uint32_t i = 0; i < puts; i++)
        take_out(e, layer_id(put, i));
    for (size_t k = 0; k < drops; k++)
        take_out(e, drop[k]);
    finish_edited(made, e);
    e = NULL;
    atomic_init(&made->owners, 1);
    *out = made;
    made = NULL;
out:
    edited_free(e);
    free(made);
    return rc;
}

size_t wg_layer_edits(const struct wg_layer *layer)
{
    const struct layer_edited *e = layer->edited;
    return e ? e->gones + (size_t)e->part[CAME]->head->records : 0;
}
