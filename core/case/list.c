/* Lists of cases: the ranges of one index that can hold them, merged by id (or sorted by urgency),
 * the rest filtered. */
#include "views.h"

#include <stdlib.h>

#define UNITS_MAX 16 /* words of a unit that took over others */
#define RANGES_MAX (WG_STATES + 2 * UNITS_MAX)
#define LOOK_MAX 200000u

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
    const struct wg_case_query *q, *asked; /* the latter as the caller gave it */
    struct range range[RANGES_MAX];
    size_t ranges;
    size_t looked, look_max, given;
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

static struct wg_str next_word(struct wg_str *words)
{
    const char *space = memchr(words->p, ' ', words->n);
    struct wg_str word = {words->p, space ? (size_t)(space - words->p) : words->n};
    *words = space ? (struct wg_str){space + 1, words->n - word.n - 1} : (struct wg_str){NULL, 0};
    return word;
}

/* The narrowest index that holds all that is asked for. */
static void plan(struct walk *w)
{
    const struct wg_case_query *q = w->q;
    struct wg_str unit = q->unit.n ? q->unit : q->seen_by_unit;
    uint8_t key[KEY_MAX] = {0};
    if (unit.n) {
        for (size_t i = 0; unit.n && i < UNITS_MAX; i++) {
            struct wg_str word = next_word(&unit);
            if (!q->states || q->states & open_states())
                add_range(w, T_BY_UNIT, key, unit_prefix(word, false, key));
            if (!q->states || q->states & ~open_states())
                add_range(w, T_BY_UNIT, key, unit_prefix(word, true, key));
        }
    } else if (q->grid.n) {
        add_range(w, T_BY_GRID, (const uint8_t *)q->grid.p,
                  q->grid.n < KEY_MAX - 8 ? q->grid.n : KEY_MAX - 8);
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
    if (q->seen_by_unit.n && !wg_words_meet(c->held, q->seen_by_unit))
        return false;
    if (q->seen_by_collector.n && !wg_str_eq(c->reporter, q->seen_by_collector) &&
        !wg_words_have(c->reporters, q->seen_by_collector) && c->state != WG_CHECKING &&
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
    if ((q->unit.n && !wg_words_have(q->unit, c->unit)) ||
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
    return visible(q, c) && (!q->q.n || has_fragment(c, q->q));
}

/* 1: given; 0: filtered; < 0: failed or fn stopped */
static int offer(struct walk *w, uint64_t id, int (*fn)(void *arg, const struct wg_case *c),
                 void *arg)
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

static int by_id(struct walk *w, uint64_t start, int (*fn)(void *arg, const struct wg_case *c),
                 void *arg, struct wg_buf *next)
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
        uint64_t id = r->id;
        rc = offer(w, id, fn, arg);
        /* a case that two units held, one after the other, stands in both ranges */
        for (size_t i = 0; i < w->ranges; i++)
            if (w->range[i].live && w->range[i].id == id)
                step(&w->range[i], down);
    }
    for (size_t i = 0; i < w->ranges; i++)
        wg_cursor_close(w->range[i].cursor);
    return rc < 0 ? rc : WG_OK;
}

/* ---- most urgent first: the ranges' keys carry the urgency, so records are read only for the page
 * ---- */

struct urgent {
    uint8_t key[16]; /* urgency, id: as in the cursor */
};

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct urgent));
}

static int gather(struct walk *w, const uint8_t start[16], struct urgent **list, size_t *count)
{
    size_t cap = 0;
    for (size_t i = 0; i < w->ranges; i++) {
        struct range *r = &w->range[i];
        struct wg_cursor *c = NULL;
        struct wg_str k, v;
        int rc = wg_cursor_open(w->txn, w->v->table[r->table], &c);
        int at =
            rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){(char *)r->prefix, r->n}, &k, &v) : rc;
        for (; rc == WG_OK && at == WG_OK && k.n == r->n + 8 && memcmp(k.p, r->prefix, r->n) == 0;
             at = wg_cursor_next(c, &k, &v)) {
            struct urgent u;
            if (*count == cap) {
                struct urgent *more = realloc(*list, (cap = cap ? 2 * cap : 1024) * sizeof(*more));
                if (!more) {
                    rc = WG_ENOMEM;
                    break;
                }
                *list = more;
            }
            memcpy(u.key, v.p, 8);
            memcpy(u.key + 8, k.p + r->n, 8);
            if (memcmp(u.key, start, 16) >= 0)
                (*list)[(*count)++] = u;
        }
        wg_cursor_close(c);
        if (rc < 0)
            return rc;
    }
    return WG_OK;
}

static int by_due(struct walk *w, const uint8_t start[16],
                  int (*fn)(void *arg, const struct wg_case *c), void *arg, struct wg_buf *next)
{
    struct wg_case_query q = *w->q;
    struct urgent *list = NULL;
    size_t count = 0;
    q.states = q.states ? q.states & open_states() : open_states();
    if (!q.states) /* only closed ones were asked for, and those have no urgency */
        return WG_OK;
    w->q = &q;
    if (!q.unit.n && !q.seen_by_unit.n)
        q.grid = (struct wg_str){
            NULL, 0}; /* its index carries no urgency; the filter below has it still */
    plan(w);
    q.grid = w->asked->grid;
    int rc = gather(w, start, &list, &count);
    if (rc == WG_OK && count)
        qsort(list, count, sizeof(*list), by_key);
    for (size_t i = 0; rc >= 0 && i < count; i++) {
        if (w->given == q.limit || w->looked >= w->look_max) {
            wg_base64url(list[i].key, 16, next);
            break;
        }
        if (!i || memcmp(list[i].key, list[i - 1].key, 16) != 0) /* in two units' ranges */
            rc = offer(w, wg_be64_get(list[i].key + 8), fn, arg);
    }
    free(list);
    return rc < 0 ? rc : WG_OK;
}

int wg_view_list(struct wg_views *v, struct wg_txn *txn, const struct wg_case_query *q,
                 int (*fn)(void *arg, const struct wg_case *c), void *arg, struct wg_buf *next,
                 struct wg_err *err)
{
    struct walk *w = calloc(1, sizeof(*w));
    uint8_t start[16] = {0};
    size_t n = 0, want = q->sort == WG_BY_DUE ? 16 : 8;
    int rc = WG_ENOMEM;
    if (!w)
        goto out;
    w->v = v;
    w->txn = txn;
    w->q = w->asked = q;
    w->look_max = q->look ? q->look : LOOK_MAX;
    if (q->sort == WG_BY_OPENED_DOWN)
        memset(start, 0xff, sizeof(start));
    if (q->cursor.n &&
        (wg_base64url_decode(q->cursor, start, sizeof(start), &n) < 0 || n != want)) {
        rc = wg_fail_at(err, WG_EINVAL, "/cursor", "is not a cursor that this list gave");
        goto out;
    }
    rc = q->sort == WG_BY_DUE ? by_due(w, start, fn, arg, next)
                              : by_id(w, wg_be64_get(start), fn, arg, next);
    if (rc < 0 && rc != WG_EINVAL)
        wg_fail(err, rc, "the list can't be read: %s", wg_strerror(rc));
out:
    free(w);
    return rc;
}
