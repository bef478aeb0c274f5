/* Lists of cases: the ranges of one index that can hold them, merged by id (or taken by urgency,
 * urgent.c), the rest filtered. Where words are looked for, the search index says which ids may
 * have them, and the ranges leap from one such id to the next. */
#include "list.h"

#include <stdlib.h>

#define LOOK_MAX 200000u
#define LOOK_WORDS 20000u /* where each record is read for its words */

static void add_range(struct walk *w, enum table table, const uint8_t *prefix, size_t n)
{
    struct range *r = &w->range[w->ranges++];
    memset(r, 0, sizeof(*r));
    r->table = table;
    r->n = n;
    if (n)
        memcpy(r->prefix, prefix, n);
}

uint32_t open_states(void)
{
    uint32_t bits = 0;
    for (int s = 0; s < WG_STATES; s++)
        if (wg_state_open(s))
            bits |= UINT32_C(1) << s;
    return bits;
}

void add_state(struct walk *w, int state)
{
    uint8_t key = (uint8_t)state;
    add_range(w, T_BY_STATE, &key, 1);
}

void add_unit(struct walk *w, bool open, bool closed)
{
    const struct wg_case_query *q = w->q;
    struct wg_str unit = q->unit.n ? q->unit : q->seen_by_unit, word;
    uint8_t key[KEY_MAX] = {0};
    for (size_t i = 0; i < UNITS_MAX && wg_words_next(&unit, &word); i++) {
        if (open)
            add_range(w, T_BY_UNIT, key, unit_prefix(word, UNIT_HOLDS, key));
        if (open && !q->unit.n)
            add_range(w, T_BY_UNIT, key, unit_prefix(word, UNIT_HELD, key));
        if (closed)
            add_range(w, T_BY_UNIT, key, unit_prefix(word, UNIT_CLOSED, key));
    }
}

/* The narrowest index that holds all that is asked for. */
static void plan(struct walk *w)
{
    const struct wg_case_query *q = w->q;
    if (q->only) {
        add_range(w, T_CASE, NULL, 0);
        w->range[0].ids = q->only;
    } else if (q->unit.n || q->seen_by_unit.n) {
        add_unit(w, !q->states || q->states & open_states(),
                 !q->states || q->states & ~open_states());
    } else if (q->grid.n) {
        add_range(w, T_BY_GRID, (const uint8_t *)q->grid.p,
                  q->grid.n < KEY_MAX - 8 ? q->grid.n : KEY_MAX - 8);
    } else if (q->states) {
        for (int s = 0; s < WG_STATES; s++)
            if (q->states >> s & 1)
                add_state(w, s);
    } else {
        add_range(w, T_CASE, NULL, 0);
    }
}

/* ---- one range: seek, step ---- */

static void stand(struct range *r, int rc, struct wg_str k, struct wg_str v)
{
    r->live = rc == WG_OK && k.n == r->n + 8 && memcmp(k.p, r->prefix, r->n) == 0;
    if (r->live)
        r->id = wg_be64_get(k.p + r->n);
    r->record = r->table == T_CASE ? v : (struct wg_str){NULL, 0};
}

static void stand_on_id(struct range *r)
{
    r->live = r->at < r->ids->n; /* below the first one `at` has wrapped around */
    if (r->live)
        r->id = r->ids->id[r->at];
}

/* Up: the first key from id on; down: the last key below it. */
static int seek(struct walk *w, struct range *r, uint64_t id, bool down)
{
    uint8_t key[KEY_MAX + 8];
    struct wg_str k, v;
    int rc = WG_OK;
    if (r->ids) {
        for (r->at = 0; r->at < r->ids->n && r->ids->id[r->at] < id;)
            r->at++;
        r->at -= down;
        stand_on_id(r);
        return WG_OK;
    }
    if (!r->cursor && (rc = wg_cursor_open(w->txn, w->v->table[r->table], &r->cursor)) < 0)
        return rc;
    memcpy(key, r->prefix, r->n);
    wg_be64(key + r->n, id);
    rc = wg_cursor_seek(r->cursor, (struct wg_str){(char *)key, r->n + 8}, &k, &v);
    if (down)
        rc = rc == WG_OK ? wg_cursor_prev(r->cursor, &k, &v) : wg_cursor_last(r->cursor, &k, &v);
    stand(r, rc, k, v);
    return WG_OK;
}

static void step(struct range *r, bool down)
{
    struct wg_str k, v;
    if (r->ids) {
        r->at += down ? SIZE_MAX : 1;
        stand_on_id(r);
        return;
    }
    int rc = down ? wg_cursor_prev(r->cursor, &k, &v) : wg_cursor_next(r->cursor, &k, &v);
    stand(r, rc, k, v);
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

bool visible(const struct wg_case_query *q, const struct wg_case *c)
{
    if (q->seen_by_unit.n && !wg_words_meet(c->held, q->seen_by_unit))
        return false;
    if (q->seen_by_collector.n && !wg_str_eq(c->reporter, q->seen_by_collector) &&
        !wg_words_have(c->reporters, q->seen_by_collector) && c->state != WG_CHECKING &&
        c->state != WG_VERIFYING)
        return false;
    return true;
}

static bool matches(struct walk *w, const struct wg_case *c)
{
    const struct wg_case_query *q = w->q;
    bool asked = q->asked & wg_case_asks(c);
    if ((q->states && !(q->states >> c->state & 1) && !asked) ||
        (q->kind >= 0 && c->kind != q->kind) || (q->sources && !(q->sources >> c->source & 1)))
        return false;
    if ((q->unit.n && !wg_words_have(q->unit, c->unit) && !asked) ||
        (q->grid.n && !wg_str_eq(c->grid, q->grid)) ||
        (q->category.n && !wg_str_eq(c->category, q->category)) ||
        (q->part.n && !wg_str_eq(c->part, q->part)) ||
        (q->reporter.n && !wg_str_eq(c->reporter, q->reporter)))
        return false;
    if ((q->from && c->opened < q->from) || (q->to && c->opened >= q->to))
        return false;
    if (q->has_box && (c->at.lon_e7 < q->box.west || c->at.lon_e7 > q->box.east ||
                       c->at.lat_e7 < q->box.south || c->at.lat_e7 > q->box.north))
        return false;
    if (q->lamps && !(q->lamps >> wg_lamp_of(c, q->now_ms) & 1))
        return false;
    return visible(q, c) && (!w->find.words || wg_find_in(&w->find, c, &w->text));
}

int offer(struct walk *w, uint64_t id, struct wg_str record)
{
    struct wg_case c;
    int rc = record.p ? wg_case_decode(record, &c) : wg_view_case(w->v, w->txn, id, &c);
    w->looked++;
    if (rc == WG_ENOENT && w->q->only)
        return 0; /* whoever gave its id knows of it before the views do */
    if (rc < 0)
        return rc;
    if (!matches(w, &c))
        return 0;
    w->given++;
    rc = w->fn(w->arg, &c);
    return rc < 0 ? rc : 1;
}

/* ---- by id ---- */

/* Leave out what can't have the words: every range goes on to the next id that may. */
static int leap(struct walk *w, uint64_t to, bool down)
{
    int rc = WG_OK;
    w->looked++;
    for (size_t i = 0; rc == WG_OK && i < w->ranges; i++) {
        struct range *r = &w->range[i];
        if (r->live && (down ? r->id > to : r->id < to))
            rc = seek(w, r, down ? to + 1 : to, down);
    }
    return rc;
}

static int by_id(struct walk *w, uint64_t start, struct wg_buf *next)
{
    bool down = w->q->sort == WG_BY_OPENED_DOWN;
    struct range *r;
    int rc = WG_OK;
    plan(w);
    for (size_t i = 0; rc == WG_OK && i < w->ranges; i++)
        rc = seek(w, &w->range[i], start, down);
    while (rc >= 0 && (r = nearest(w, down))) {
        if (w->given == w->q->limit || w->looked >= w->look_max) {
            uint8_t be[8];
            wg_be64(be, down ? r->id + 1
                             : r->id); /* where to seek: down goes to the last key below it */
            wg_base64url(be, 8, next);
            break;
        }
        uint64_t to = w->look ? search_next(w->look, r->id, down) : r->id;
        if (to != r->id) {
            rc = leap(w, to, down);
            continue;
        }
        uint64_t id = r->id;
        rc = offer(w, id, r->record);
        /* a case that two units held, one after the other, stands in both ranges */
        for (size_t i = 0; i < w->ranges; i++)
            if (w->range[i].live && w->range[i].id == id)
                step(&w->range[i], down);
    }
    for (size_t i = 0; i < w->ranges; i++)
        wg_cursor_close(w->range[i].cursor);
    return rc < 0 ? rc : WG_OK;
}

/* ---- a list ---- */

int bad_cursor(struct wg_err *err)
{
    return wg_fail_at(err, WG_EINVAL, "/cursor", "is not a cursor that this list gave");
}

static int from_cursor(struct walk *w, struct wg_buf *next, struct wg_err *err)
{
    bool down = w->q->sort == WG_BY_OPENED_DOWN;
    uint8_t start[8];
    size_t n = 0;
    memset(start, down ? 0xff : 0, sizeof(start));
    if (w->q->cursor.n &&
        (wg_base64url_decode(w->q->cursor, start, sizeof(start), &n) < 0 || n != sizeof(start)))
        return bad_cursor(err);
    return by_id(w, wg_be64_get(start), next);
}

int wg_view_list(struct wg_views *v, struct wg_txn *txn, const struct wg_case_query *q,
                 int (*fn)(void *arg, const struct wg_case *c), void *arg, struct wg_buf *next,
                 struct wg_err *err)
{
    struct walk *w = calloc(1, sizeof(*w));
    int rc = WG_OK;
    if (!w)
        return wg_fail(err, WG_ENOMEM, "no memory for a list");
    *w = (struct walk){.v = v, .txn = txn, .q = q, .fn = fn, .arg = arg};
    w->look_max = q->look ? q->look : q->q.n ? LOOK_WORDS : LOOK_MAX;
    if (q->q.n && (rc = wg_find_read(q->q, &w->find, err)) == WG_OK)
        rc = search_begin(v->search, &w->find, &w->look, err);
    if (rc == WG_OK)
        rc = q->sort == WG_BY_DUE ? by_due(w, next, err) : from_cursor(w, next, err);
    if (rc < 0 && rc != WG_EINVAL)
        wg_fail(err, rc, "the list can't be read: %s", wg_strerror(rc));
    search_end(w->look);
    wg_find_done(&w->find);
    wg_buf_free(&w->text);
    free(w);
    return rc;
}
