/* Lists of cases: the ranges of one index that can hold them, merged by id (or walked by urgency), the rest filtered. */
#include "views.h"

#include <stdlib.h>

#define RANGES_MAX (WG_STATES + 2)
#define LOOK_MAX 200000u /* records looked at by one call; a cursor goes on from there */

struct range {
    enum table table;
    uint8_t prefix[KEY_MAX];
    size_t n;
    struct wg_cursor *cursor;
    bool live;
    uint64_t id; /* of the key it stands on */
};

struct walk {
    struct wg_views *v;
    struct wg_txn *txn;
    const struct wg_case_query *q;
    struct range range[RANGES_MAX];
    size_t ranges;
    size_t looked, given;
};

static void add_range(struct walk *w, enum table table, const uint8_t *prefix, size_t n)
{
    struct range *r = &w->range[w->ranges++];
    r->table = table;
    r->n = n;
    if (n)
        memcpy(r->prefix, prefix, n);
}

static uint32_t open_states(void)
{
    uint32_t bits = 0;
    for (int s = 0; s < WG_STATES; s++)
        if (wg_state_open(s))
            bits |= UINT32_C(1) << s;
    return bits;
}

/* The narrowest index that holds all that is asked for. */
static void plan(struct walk *w)
{
    const struct wg_case_query *q = w->q;
    struct wg_str unit = q->unit.n ? q->unit : q->seen_by_unit;
    uint8_t key[KEY_MAX] = {0};
    if (unit.n) {
        if (!q->states || q->states & open_states())
            add_range(w, T_BY_UNIT, key, unit_prefix(unit, false, key));
        if (!q->states || q->states & ~open_states())
            add_range(w, T_BY_UNIT, key, unit_prefix(unit, true, key));
    } else if (q->grid.n) {
        add_range(w, T_BY_GRID, (const uint8_t *)q->grid.p, q->grid.n < KEY_MAX - 8 ? q->grid.n : KEY_MAX - 8);
    } else if (q->states) {
        for (int s = 0; s < WG_STATES; s++) {
            key[0] = (uint8_t)s;
            if (q->states >> s & 1)
                add_range(w, T_BY_STATE, key, 1);
        }
    } else {
        add_range(w, T_CASE, key, 0);
    }
}

/* ---- one range: seek, step ---- */

static void stand(struct range *r, int rc, struct wg_str k)
{
    r->live = rc == WG_OK && k.n == r->n + 8 && memcmp(k.p, r->prefix, r->n) == 0;
    if (r->live)
        r->id = wg_be64_get(k.p + r->n);
}

static int seek(struct walk *w, struct range *r, uint64_t id, bool down)
{
    uint8_t key[KEY_MAX + 8];
    struct wg_str k, v;
    int rc = wg_cursor_open(w->txn, w->v->table[r->table], &r->cursor);
    if (rc < 0)
        return rc;
    memcpy(key, r->prefix, r->n);
    wg_be64(key + r->n, id);
    rc = wg_cursor_seek(r->cursor, (struct wg_str){(char *)key, r->n + 8}, &k, &v);
    if (down) /* the last key below it */
        rc = rc == WG_OK ? wg_cursor_prev(r->cursor, &k, &v) : wg_cursor_last(r->cursor, &k, &v);
    stand(r, rc, k);
    return WG_OK;
}

static void step(struct range *r, bool down)
{
    struct wg_str k, v;
    int rc = down ? wg_cursor_prev(r->cursor, &k, &v) : wg_cursor_next(r->cursor, &k, &v);
    stand(r, rc, k);
}

static struct range *nearest(struct walk *w, bool down)
{
    struct range *best = NULL;
    for (size_t i = 0; i < w->ranges; i++) {
        struct range *r = &w->range[i];
        if (r->live && (!best || (down ? r->id > best->id : r->id < best->id)))
            best = r;
    }
    return best;
}

/* ---- filter ---- */

static bool visible(const struct wg_case_query *q, const struct wg_case *c)
{
    if (q->seen_by_unit.n && !wg_words_have(c->held, q->seen_by_unit))
        return false;
    if (q->seen_by_collector.n && !wg_str_eq(c->reporter, q->seen_by_collector) && c->state != WG_CHECKING &&
        c->state != WG_VERIFYING)
        return false;
    return true;
}

static bool has_fragment(const struct wg_case *c, struct wg_str q)
{
    char id[24];
    wg_case_id_text(c->id, id);
    const struct wg_str in[] = {wg_str_of(id), c->number, c->address};
    for (size_t i = 0; i < 3; i++)
        if (in[i].n && memmem(in[i].p, in[i].n, q.p, q.n))
            return true;
    return false;
}

static bool matches(const struct wg_case_query *q, const struct wg_case *c)
{
    if ((q->states && !(q->states >> c->state & 1)) || (q->kind >= 0 && c->kind != q->kind) ||
        (q->source >= 0 && c->source != q->source))
        return false;
    if ((q->unit.n && !wg_str_eq(c->unit, q->unit)) || (q->grid.n && !wg_str_eq(c->grid, q->grid)) ||
        (q->category.n && !wg_str_eq(c->category, q->category)) || (q->part.n && !wg_str_eq(c->part, q->part)) ||
        (q->reporter.n && !wg_str_eq(c->reporter, q->reporter)))
        return false;
    if ((q->from && c->opened < q->from) || (q->to && c->opened >= q->to))
        return false;
    if (q->has_box && (c->at.lon_e7 < q->box.west || c->at.lon_e7 > q->box.east || c->at.lat_e7 < q->box.south ||
                       c->at.lat_e7 > q->box.north))
        return false;
    if (q->lamps && !(q->lamps >> wg_lamp_of(c, q->now_ms) & 1))
        return false;
    return visible(q, c) && (!q->q.n || has_fragment(c, q->q));
}

/* 1: given; 0: filtered; < 0: failed or fn stopped */
static int offer(struct walk *w, uint64_t id, int (*fn)(void *arg, const struct wg_case *c), void *arg)
{
    struct wg_case c;
    int rc = wg_view_case(w->v, w->txn, id, &c);
    w->looked++;
    if (rc < 0)
        return rc;
    if (!matches(w->q, &c))
        return 0;
    w->given++;
    rc = fn(arg, &c);
    return rc < 0 ? rc : 1;
}

static int by_id(struct walk *w, uint64_t start, int (*fn)(void *arg, const struct wg_case *c), void *arg,
                 struct wg_buf *next)
{
    bool down = w->q->sort == WG_BY_OPENED_DOWN;
    struct range *r;
    int rc = WG_OK;
    plan(w);
    for (size_t i = 0; rc == WG_OK && i < w->ranges; i++)
        rc = seek(w, &w->range[i], start, down);
    while (rc >= 0 && (r = nearest(w, down))) {
        if (w->given == w->q->limit || w->looked == LOOK_MAX) {
            uint8_t be[8];
            wg_be64(be, down ? r->id + 1 : r->id); /* where to seek: down goes to the last key below it */
            wg_base64url(be, 8, next);
            break;
        }
        rc = offer(w, r->id, fn, arg);
        step(r, down);
    }
    for (size_t i = 0; i < w->ranges; i++)
        wg_cursor_close(w->range[i].cursor);
    return rc < 0 ? rc : WG_OK;
}

/* Most urgent first: open cases only, along the due index, whose values tell the state without reading the record. */
static int by_due(struct walk *w, const uint8_t start[16], int (*fn)(void *arg, const struct wg_case *c), void *arg,
                  struct wg_buf *next)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, v;
    int rc = wg_cursor_open(w->txn, w->v->table[T_DUE], &c);
    int at = rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){(const char *)start, 16}, &k, &v) : rc;
    for (; rc >= 0 && at == WG_OK; at = wg_cursor_next(c, &k, &v)) {
        if (w->given == w->q->limit || w->looked == LOOK_MAX) {
            wg_base64url(k.p, k.n, next);
            break;
        }
        if (w->q->states && v.n == 1 && !(w->q->states >> (uint8_t)v.p[0] & 1))
            continue;
        rc = offer(w, wg_be64_get(k.p + 8), fn, arg);
    }
    wg_cursor_close(c);
    return rc < 0 ? rc : WG_OK;
}

int wg_view_list(struct wg_views *v, struct wg_txn *txn, const struct wg_case_query *q,
                 int (*fn)(void *arg, const struct wg_case *c), void *arg, struct wg_buf *next, struct wg_err *err)
{
    struct walk *w = calloc(1, sizeof(*w));
    uint8_t start[16] = {0};
    size_t n = 0, want = q->sort == WG_BY_DUE ? 16 : 8;
    int rc = WG_ENOMEM;
    if (!w)
        goto out;
    w->v = v;
    w->txn = txn;
    w->q = q;
    if (q->sort == WG_BY_OPENED_DOWN)
        memset(start, 0xff, sizeof(start));
    if (q->cursor.n && (wg_base64url_decode(q->cursor, start, sizeof(start), &n) < 0 || n != want)) {
        rc = wg_fail_at(err, WG_EINVAL, "/cursor", "is not a cursor that this list gave");
        goto out;
    }
    rc = q->sort == WG_BY_DUE ? by_due(w, start, fn, arg, next) : by_id(w, wg_be64_get(start), fn, arg, next);
    if (rc < 0 && rc != WG_EINVAL)
        wg_fail(err, rc, "the list can't be read: %s", wg_strerror(rc));
out:
    free(w);
    return rc;
}
