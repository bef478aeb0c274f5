/* Most urgent first. The keys of the ranges carry the urgency, so all of them are read, and records
 * only for the page: a heap gives the next one, and no more of it is put in order than is asked
 * for. */
#include "list.h"

#include <stdlib.h>

struct place {
    uint64_t rank, id;
};
struct heap {
    struct place *item; /* by id while it is filled, then a heap */
    size_t n, cap;
    uint64_t now;
};

/* Overdue ones by their moment, then those that have none by their report, then those still in
 * time. */
static uint64_t rank_of(uint64_t urgency, uint64_t now)
{
    uint64_t moment = urgency & ~URGENCY_UNDATED;
    uint64_t part = urgency & URGENCY_UNDATED ? 1 : moment < now ? 0 : 2;
    return part << 62 | moment;
}

static bool before(const struct place *a, const struct place *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->id < b->id;
}

static int add(struct heap *h, uint64_t urgency, uint64_t id)
{
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 1024;
        struct place *more = realloc(h->item, cap * sizeof(*more));
        if (!more)
            return WG_ENOMEM;
        h->item = more;
        h->cap = cap;
    }
    h->item[h->n++] = (struct place){rank_of(urgency, h->now), id};
    return WG_OK;
}

static void sink(struct heap *h, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && before(&h->item[child + 1], &h->item[child]))
            child++;
        if (!before(&h->item[child], &h->item[i]))
            return;
        struct place p = h->item[i];
        h->item[i] = h->item[child];
        h->item[child] = p;
    }
}

static void order(struct heap *h, const struct place *start)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++)
        if (!before(&h->item[i], start))
            h->item[kept++] = h->item[i];
    h->n = kept;
    for (size_t i = h->n / 2; i-- > 0;)
        sink(h, i);
}

static void drop_first(struct heap *h)
{
    h->item[0] = h->item[--h->n];
    sink(h, 0);
}

/* ---- filling it ---- */

/* Collectors see all that is checked and verified, and of the rest their own, which only the record
 * tells. */
static bool seen(struct walk *w, int state, uint64_t id)
{
    struct wg_case c;
    if (!w->q->seen_by_collector.n || state == WG_CHECKING || state == WG_VERIFYING)
        return true;
    return wg_view_case(w->v, w->txn, id, &c) == WG_OK && visible(w->q, &c);
}

/* Those in a state; of them only the unit's where there is one: both are in the order of their ids,
 * so going through them side by side tells which. */
static int add_of_state(struct walk *w, struct heap *h, const struct heap *unit, int state)
{
    struct wg_cursor *c = NULL;
    struct wg_str k, v;
    uint8_t from[9] = {(uint8_t)state}; /* or BY_ASKED and a role */
    size_t i = 0;
    int rc = wg_cursor_open(w->txn, w->v->table[T_BY_STATE], &c);
    if (unit)
        wg_be64(from + 1, unit->n ? unit->item[0].id : UINT64_MAX);
    int at = rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){(char *)from, 9}, &k, &v) : rc;
    for (; rc == WG_OK && at == WG_OK && k.n == 9 && v.n == 8 && (uint8_t)k.p[0] == state;
         at = wg_cursor_next(c, &k, &v)) {
        uint64_t id = wg_be64_get(k.p + 1);
        while (unit && i < unit->n && unit->item[i].id < id)
            i++;
        if (unit && i == unit->n)
            break;
        if ((unit && unit->item[i].id != id) || !seen(w, state, id))
            continue;
        if (w->q->counts)
            w->q->counts[state < WG_STATES ? state : WG_STATES]++;
        if (!w->look || search_may(w->look, id))
            rc = add(h, wg_be64_get(v.p), id);
    }
    wg_cursor_close(c);
    return rc;
}

static int by_its_id(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The open ones that a unit holds, and held where it asks for what it sees. */
static int fill_unit(struct walk *w, struct heap *h)
{
    int rc = WG_OK;
    add_unit(w, true, false);
    for (size_t i = 0; rc == WG_OK && i < w->ranges; i++) {
        const struct range *r = &w->range[i];
        struct wg_cursor *c = NULL;
        struct wg_str k, v;
        rc = wg_cursor_open(w->txn, w->v->table[T_BY_UNIT], &c);
        int at =
            rc == WG_OK ? wg_cursor_seek(c, (struct wg_str){(char *)r->prefix, r->n}, &k, &v) : rc;
        for (; rc == WG_OK && at == WG_OK && k.n == r->n + 8 && memcmp(k.p, r->prefix, r->n) == 0;
             at = wg_cursor_next(c, &k, &v))
            rc = add(h, wg_be64_get(v.p), wg_be64_get(k.p + r->n));
        wg_cursor_close(c);
    }
    if (w->ranges > 1 && h->n)
        qsort(h->item, h->n, sizeof(*h->item), by_its_id);
    return rc;
}

static int fill_only(struct walk *w, struct heap *h, uint32_t states)
{
    struct index_key key[KEYS_MAX];
    struct wg_case c;
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < w->q->only->n; i++) {
        rc = wg_view_case(w->v, w->txn, w->q->only->id[i], &c);
        if (rc == WG_OK && states >> c.state & 1) {
            index_keys(&c, key); /* the first is the one by state */
            rc = add(h, wg_be64_get(key[0].value), c.id);
        } else if (rc == WG_ENOENT) {
            rc = WG_OK;
        }
    }
    return rc;
}

static int fill(struct walk *w, struct heap *h)
{
    uint32_t states = w->q->states || w->q->asked ? w->q->states & open_states() : open_states();
    struct heap unit = {.now = h->now};
    bool of_unit = w->q->unit.n || w->q->seen_by_unit.n;
    if (w->q->only)
        return fill_only(w, h, states);
    int rc = of_unit ? fill_unit(w, &unit) : WG_OK;
    for (int s = 0; rc == WG_OK && s < WG_STATES; s++)
        if (states >> s & 1)
            rc = add_of_state(w, h, of_unit ? &unit : NULL, s);
    free(unit.item);
    for (uint32_t rest = w->q->asked; rc == WG_OK && rest; rest &= rest - 1)
        rc = add_of_state(w, h, NULL, (int)(BY_ASKED | (unsigned)__builtin_ctz(rest)));
    return rc;
}

/* ---- the list ---- */

/* Rank, id, and the now that divides the ranks. */
static int read_cursor(struct wg_str cursor, struct place *start, uint64_t *now, struct wg_err *err)
{
    uint8_t b[24];
    size_t n = 0;
    if (!cursor.n)
        return WG_OK;
    if (wg_base64url_decode(cursor, b, sizeof(b), &n) < 0 || n != sizeof(b))
        return bad_cursor(err);
    *start = (struct place){wg_be64_get(b), wg_be64_get(b + 8)};
    *now = wg_be64_get(b + 16);
    return WG_OK;
}

static void write_cursor(const struct heap *h, struct wg_buf *next)
{
    uint8_t b[24];
    wg_be64(b, h->item[0].rank);
    wg_be64(b + 8, h->item[0].id);
    wg_be64(b + 16, h->now);
    wg_base64url(b, sizeof(b), next);
}

int by_due(struct walk *w, struct wg_buf *next, struct wg_err *err)
{
    struct heap h = {.now = (uint64_t)w->q->now_ms};
    struct place start = {0, 0};
    uint64_t given = 0;
    int rc = read_cursor(w->q->cursor, &start, &h.now, err);
    if (rc == WG_OK)
        rc = fill(w, &h);
    if (rc == WG_OK)
        order(&h, &start);
    for (; rc >= 0 && h.n; drop_first(&h)) {
        if (w->given == w->q->limit || w->looked >= w->look_max) {
            write_cursor(&h, next);
            break;
        }
        if (h.item[0].id != given) /* may be there twice: by its state, and by what is asked */
            rc = offer(w, h.item[0].id, (struct wg_str){NULL, 0});
        given = h.item[0].id;
    }
    free(h.item);
    return rc < 0 ? rc : WG_OK;
}
