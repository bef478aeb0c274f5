/* 回测: recorded decisions under a draft, compared one by one and carried forward case by case. Who
 * acted then acts now; what people would have done otherwise nobody knows, and the report says how
 * often that matters. */
#include "workshop/backtest.h"

#include <stdio.h>
#include <stdlib.h>

const char *const diff_names[DIFFS] = {"filing", "deadline", "route", "state", "notice", "other"};
const char *const diff_zh[DIFFS] = {"立案", "时限", "派遣", "状态", "通知", "其他"};

/* ---- cases that came out otherwise ---- */

static struct pair *find_slot(struct pair *slot, size_t slots, uint64_t id)
{
    size_t i = (size_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (slots - 1);
    while (slot[i].differs && slot[i].id != id)
        i = (i + 1) & (slots - 1);
    return &slot[i];
}

static int grow(struct wg_backtest *b)
{
    size_t slots = b->slots ? 2 * b->slots : 1024;
    struct pair *more = calloc(slots, sizeof(*more));
    if (!more)
        return WG_ENOMEM;
    for (size_t i = 0; i < b->slots; i++)
        if (b->slot[i].differs)
            *find_slot(more, slots, b->slot[i].id) = b->slot[i];
    free(b->slot);
    b->slot = more;
    b->slots = slots;
    return WG_OK;
}

static struct pair *find_pair(struct wg_backtest *b, uint64_t id)
{
    struct pair *p = b->slots ? find_slot(b->slot, b->slots, id) : NULL;
    return p && p->differs ? p : NULL;
}

/* Until now both were the same. */
static struct pair *add_pair(struct wg_backtest *b, uint64_t id, const struct wg_case *before)
{
    if (2 * (b->pairs + 1) > b->slots && grow(b) < 0)
        return NULL;
    struct pair *p = find_slot(b->slot, b->slots, id);
    *p = (struct pair){.id = id, .differs = true};
    wg_case_encode(before, &p->was);
    wg_case_encode(before, &p->is);
    b->pairs++;
    return wg_buf_ok(&p->was) && wg_buf_ok(&p->is) ? p : NULL;
}

static int fold(struct wg_backtest *b, struct wg_buf *state, const struct wg_entry *e,
                const struct wg_json *out)
{
    struct wg_case c = {.state = WG_NOWHERE};
    struct wg_buf next = WG_BUF_INIT;
    int rc = state->n ? wg_case_decode(wg_buf_str(state), &c) : WG_OK;
    for (const struct wg_json *o = out->child; rc == WG_OK && o; o = o->next)
        rc = wg_case_fold(&c, e, o, b->a);
    if (rc == WG_OK)
        wg_case_encode(&c, &next);
    if (rc == WG_OK && !wg_buf_ok(&next))
        rc = WG_ENOMEM;
    wg_buf_free(state);
    *state = next;
    return rc;
}

/* ---- differences of two lists of outcomes ---- */

static bool same_value(const struct wg_json *x, const struct wg_json *y)
{
    if (x->type != y->type || x->count != y->count)
        return false;
    if (x->type == WG_JSTR)
        return wg_str_eq(x->str, y->str);
    if (x->type != WG_JARR && x->type != WG_JOBJ)
        return x->num == y->num && wg_str_eq(x->str, y->str);
    const struct wg_json *b = y->child;
    for (const struct wg_json *a = x->child; a; a = a->next, b = b->next)
        if (!b || (x->type == WG_JOBJ && !wg_str_eq(a->key, b->key)) || !same_value(a, b))
            return false;
    return true;
}

/* Reasons, and where they stand in a file, are not what came of it. */
static bool is_reason(const struct wg_json *m)
{
    return wg_str_is(m->key, "why") || wg_str_is(m->key, "k") || wg_str_is(m->key, "numbered");
}

static bool same_outcome(const struct wg_json *x, const struct wg_json *y)
{
    const struct wg_json *a = x->child, *b = y->child;
    for (;; a = a->next, b = b->next) {
        while (a && wg_str_is(a->key, "why"))
            a = a->next;
        while (b && wg_str_is(b->key, "why"))
            b = b->next;
        if (!a || !b)
            return !a && !b;
        if (!wg_str_eq(a->key, b->key) || !same_value(a, b))
            return false;
    }
}

static bool same_outcomes(const struct wg_json *was, const struct wg_json *is)
{
    const struct wg_json *a = was->child, *b = is->child;
    for (; a && b; a = a->next, b = b->next)
        if (!same_outcome(a, b))
            return false;
    return !a && !b;
}

/* The member `key` of the i-th outcome of that kind that has it. */
static const struct wg_json *member_of(const struct wg_json *list, struct wg_str kind,
                                       struct wg_str key, size_t i)
{
    for (const struct wg_json *o = list->child; o; o = o->next) {
        const struct wg_json *m =
            wg_str_eq(wg_json_str(o, "k"), kind) ? wg_json_get_s(o, key) : NULL;
        if (m && i-- == 0)
            return m;
    }
    return NULL;
}

static enum diff_kind kind_of(struct wg_str kind, struct wg_str key)
{
    static const struct {
        const char *kind, *key;
        enum diff_kind is;
    } rows[] = {
        {"set", "due", DIFF_DEADLINE},      {"set", "stage_due", DIFF_DEADLINE},
        {"set", "part_due", DIFF_DEADLINE}, {"set", "warn", DIFF_DEADLINE},
        {"set", "next", DIFF_DEADLINE},     {"set", "condition", DIFF_FILING},
        {"set", "limit", DIFF_FILING},      {"set", "campaign", DIFF_FILING},
        {"set", "number", DIFF_FILING},     {"set", "unit", DIFF_ROUTE},
        {"set", "proposed", DIFF_ROUTE},    {"set", "into", DIFF_ROUTE},
        {"go", "to", DIFF_STATE},           {"propose", NULL, DIFF_ROUTE},
        {"notify", NULL, DIFF_NOTICE},      {"order", NULL, DIFF_NOTICE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (wg_str_is(kind, rows[i].kind) && (!rows[i].key || wg_str_is(key, rows[i].key)))
            return rows[i].is;
    return DIFF_OTHER;
}

static bool is_moment(struct wg_str key)
{
    return wg_str_is(key, "due") || wg_str_is(key, "stage_due") || wg_str_is(key, "warn") ||
           wg_str_is(key, "next") || wg_str_is(key, "part_due") || wg_str_is(key, "clock_from");
}

static void write_value(const struct wg_json *m, struct wg_buf *b)
{
    if (m && is_moment(m->key) && m->type == WG_JINT && m->num > 0)
        wg_buf_time(b, m->num);
    else if (m && m->type == WG_JSTR)
        wg_buf_str_add(b, m->str);
    else if (m)
        wg_json_write(m, b);
}

static void add_row(struct wg_backtest *b, const struct wg_entry *e, enum diff_kind kind,
                    struct wg_str what, struct wg_str was, struct wg_str is)
{
    char id[24];
    wg_case_id_text(e->of, id);
    wg_buf_fmt(&b->csv, "%s,%llu,", id, (unsigned long long)e->n);
    wg_buf_time(&b->csv, e->t);
    wg_buf_fmt(&b->csv, ",%.*s,%s,", WG_PRI(e->act), diff_names[kind]);
    wg_buf_csv(&b->csv, what);
    wg_buf_char(&b->csv, ',');
    wg_buf_csv(&b->csv, was);
    wg_buf_char(&b->csv, ',');
    wg_buf_csv(&b->csv, is);
    wg_buf_lit(&b->csv, "\r\n");
    b->by_kind[kind]++;
    if (b->shown_count++ >= SHOWN_MAX)
        return;
    wg_json_sep(&b->shown);
    wg_buf_char(&b->shown, '{');
    wg_json_kstr(&b->shown, "case", wg_str_of(id));
    wg_json_kint(&b->shown, "seq", (int64_t)e->n);
    wg_json_ktime(&b->shown, "at", e->t);
    wg_json_kstr(&b->shown, "action", e->act);
    wg_json_kstr(&b->shown, "kind", wg_str_of(diff_names[kind]));
    wg_json_kstr(&b->shown, "field", what);
    wg_json_kstr(&b->shown, "was", was);
    wg_json_kstr(&b->shown, "is", is);
    wg_buf_char(&b->shown, '}');
}

static void one_member(struct wg_backtest *b, const struct wg_entry *e, struct wg_str kind,
                       struct wg_str key, const struct wg_json *was, const struct wg_json *is)
{
    struct wg_buf x = WG_BUF_INIT, y = WG_BUF_INIT;
    write_value(was, &x);
    write_value(is, &y);
    add_row(b, e, kind_of(kind, key), key, wg_buf_str(&x), wg_buf_str(&y));
    wg_buf_free(&x);
    wg_buf_free(&y);
}

/* How many outcomes before this one have that member in that kind. */
static size_t place_of(const struct wg_json *list, const struct wg_json *at, struct wg_str kind,
                       struct wg_str key)
{
    size_t i = 0;
    for (const struct wg_json *o = list->child; o && o != at; o = o->next)
        i += wg_str_eq(wg_json_str(o, "k"), kind) && wg_json_get_s(o, key);
    return i;
}

/* Member by member: what is only in one list, and what differs. `turned`: only what `was` lacks. */
static void compare(struct wg_backtest *b, const struct wg_entry *e, const struct wg_json *was,
                    const struct wg_json *is, bool turned)
{
    for (const struct wg_json *o = was->child; o; o = o->next) {
        struct wg_str kind = wg_json_str(o, "k");
        for (const struct wg_json *m = o->child; m; m = m->next) {
            if (is_reason(m))
                continue;
            const struct wg_json *other =
                member_of(is, kind, m->key, place_of(was, o, kind, m->key));
            if (turned && !other)
                one_member(b, e, kind, m->key, NULL, m);
            else if (!turned && (!other || !same_value(m, other)))
                one_member(b, e, kind, m->key, m, other);
        }
    }
}

/* ---- units, at each case's end ---- */

static struct unit_tally *tally_of(struct wg_backtest *b, struct wg_str id)
{
    for (size_t i = 0; i < b->units; i++)
        if (wg_str_is(id, b->unit[i].id))
            return &b->unit[i];
    if (b->units == b->unit_cap) {
        size_t cap = b->unit_cap ? 2 * b->unit_cap : 64;
        struct unit_tally *more = realloc(b->unit, cap * sizeof(*more));
        if (!more)
            return NULL;
        b->unit = more;
        b->unit_cap = cap;
    }
    struct unit_tally *u = &b->unit[b->units++];
    *u = (struct unit_tally){.closed = 0};
    wg_str_copy(u->id, sizeof(u->id), id);
    return u;
}

static bool is_late(const struct wg_case *c, int64_t end)
{
    return c->due && (c->stopped ? c->stopped : end) > c->due;
}

static bool goes_to(const struct wg_json *out, const char *state)
{
    for (const struct wg_json *o = out->child; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), "go") && wg_str_is(wg_json_str(o, "to"), state))
            return true;
    return false;
}

static int tally(struct wg_backtest *b, const struct wg_entry *e, struct pair *p,
                 const struct wg_case *before)
{
    struct wg_case was = *before, is = *before;
    if (!goes_to(e->out, "closed"))
        return WG_OK;
    if (p && (wg_case_decode(wg_buf_str(&p->was), &was) < 0 ||
              wg_case_decode(wg_buf_str(&p->is), &is) < 0))
        return WG_ECORRUPT;
    bool late_was = is_late(&was, e->t), late_is = is_late(&is, e->t);
    struct unit_tally *u = was.unit.n ? tally_of(b, was.unit) : NULL;
    if (u) {
        u->closed++;
        u->late_was += late_was;
        u->late_is += late_is;
    }
    if (p) {
        p->flip_late = !late_was && late_is;
        p->flip_on_time = late_was && !late_is;
    }
    return WG_OK;
}

static int by_rate(const void *x, const void *y, bool is)
{
    const struct unit_tally *a = *(const struct unit_tally *const *)x,
                            *b = *(const struct unit_tally *const *)y;
    uint64_t la = is ? a->late_is : a->late_was, lb = is ? b->late_is : b->late_was;
    uint64_t left = la * b->closed, right = lb * a->closed; /* shares of late ones, crosswise */
    return left < right ? -1 : left > right ? 1 : strcmp(a->id, b->id);
}

static int by_was(const void *x, const void *y)
{
    return by_rate(x, y, false);
}

static int by_is(const void *x, const void *y)
{
    return by_rate(x, y, true);
}

static int rank_units(struct wg_backtest *b)
{
    struct unit_tally **list = calloc(b->units + 1, sizeof(struct unit_tally *));
    if (!list)
        return WG_ENOMEM;
    for (size_t i = 0; i < b->units; i++)
        list[i] = &b->unit[i];
    qsort(list, b->units, sizeof(list[0]), by_was);
    for (size_t i = 0; i < b->units; i++)
        list[i]->rank_was = (uint32_t)i + 1;
    qsort(list, b->units, sizeof(list[0]), by_is);
    for (size_t i = 0; i < b->units; i++)
        list[i]->rank_is = (uint32_t)i + 1;
    free(list);
    return WG_OK;
}

/* ---- the walk ---- */

#define FAILURES_MAX 200 /* a rule that loops each time must not hold up who waits */

static int not_decided(struct wg_backtest *b, const struct wg_whatif_step *s)
{
    struct wg_str why = wg_str_of(s->error.text);
    if (s->rc == WG_ENOENT) {
        b->unknown++;
    } else if (wg_str_is(s->e->act, "time")) {
        b->moved++; /* that moment would have been another */
    } else if (s->rc == WG_ERULE) {
        b->failed++;
        if (!b->first_failure[0])
            snprintf(b->first_failure, sizeof(b->first_failure), "%.250s", s->error.text);
        add_row(b, s->e, DIFF_OTHER, WG_S("failed"), (struct wg_str){NULL, 0}, why);
    } else {
        b->refused++;
        add_row(b, s->e, wg_str_is(s->e->act, "file") ? DIFF_FILING : DIFF_STATE, WG_S("refused"),
                s->e->act, why);
    }
    return b->failed < FAILURES_MAX ? WG_OK : wg_fail(b->err, WG_ERULE, "%s", b->first_failure);
}

static int step(void *arg, const struct wg_whatif_step *s)
{
    struct wg_backtest *b = arg;
    struct pair *p = find_pair(b, s->e->of);
    int rc = WG_OK;
    bool differs = false;
    wg_arena_reset(b->a);
    b->cases += !s->e->was;
    if (s->before) {
        b->decisions++;
        if (!s->is && (rc = not_decided(b, s)) < 0)
            return rc;
        if (!s->is)
            ;
        else if (!(differs = !same_outcomes(s->e->out, s->is)))
            b->same++;
        else
            b->differ++;
        if (!s->known && s->e->was)
            return WG_OK;
        if ((rc = tally(b, s->e, p, s->before)) < 0)
            return wg_fail(b->err, rc, "out of memory");
    }
    if (differs) {
        compare(b, s->e, s->e->out, s->is, false);
        compare(b, s->e, s->is, s->e->out, true);
        if (!p && !(p = add_pair(b, s->e->of, s->before)))
            return wg_fail(b->err, WG_ENOMEM, "out of memory");
    }
    if (!p)
        return WG_OK;
    rc = fold(b, &p->was, s->e, s->e->out);
    if (rc == WG_OK)
        rc = fold(b, &p->is, s->e, s->is ? s->is : s->e->out);
    return rc < 0 ? wg_fail(b->err, rc, "a case can't be folded") : WG_OK;
}

static void told(void *arg, uint64_t n, uint64_t last)
{
    struct wg_backtest *b = arg;
    if (b->progress)
        b->progress(b->arg, n, last);
}

/* Cases that are still open flip too: by now they are late, or would not be. */
static int end_pairs(struct wg_backtest *b)
{
    int64_t now = wg_now_ms(), end = b->to_ms < now ? b->to_ms : now;
    for (size_t i = 0; i < b->slots; i++) {
        struct pair *p = &b->slot[i];
        struct wg_case was, is;
        if (!p->differs)
            continue;
        if (wg_case_decode(wg_buf_str(&p->was), &was) < 0 ||
            wg_case_decode(wg_buf_str(&p->is), &is) < 0)
            return wg_fail(b->err, WG_ECORRUPT, "a case can't be read");
        if (wg_state_open(was.state)) {
            p->flip_late = !is_late(&was, end) && is_late(&is, end);
            p->flip_on_time = is_late(&was, end) && !is_late(&is, end);
        }
        b->changed++;
        b->to_late += p->flip_late;
        b->to_on_time += p->flip_on_time;
    }
    return rank_units(b);
}

int wg_backtest_run(struct wg_desk *d, struct wg_bundle *bundle, int64_t from_ms, int64_t to_ms,
                    void (*progress)(void *arg, uint64_t n, uint64_t last), void *arg,
                    struct wg_backtest **out, struct wg_err *err)
{
    struct wg_backtest *b = calloc(1, sizeof(*b));
    int64_t began = wg_mono_ms();
    *out = NULL;
    if (!b || !(b->a = wg_arena_new(65536))) {
        free(b);
        return wg_fail(err, WG_ENOMEM, "out of memory");
    }
    b->from_ms = from_ms;
    b->to_ms = to_ms;
    b->progress = progress;
    b->arg = arg;
    b->err = err;
    snprintf(b->rev, sizeof(b->rev), "%s", wg_bundle_rev(bundle));
    wg_buf_lit(&b->csv, "\xEF\xBB\xBF案卷,序号,时刻,步骤,类,字段,原,新\r\n");
    const struct wg_whatif w = {from_ms, to_ms, step, told, b};
    int rc = wg_desk_whatif(d, bundle, &w, err);
    if (rc == WG_OK)
        rc = end_pairs(b);
    b->took_ms = wg_mono_ms() - began;
    if (rc == WG_OK)
        *out = b;
    else
        wg_backtest_free(b);
    return rc;
}

void wg_backtest_free(struct wg_backtest *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->slots; i++) {
        wg_buf_free(&b->slot[i].was);
        wg_buf_free(&b->slot[i].is);
    }
    free(b->slot);
    free(b->unit);
    wg_buf_free(&b->csv);
    wg_buf_free(&b->shown);
    wg_arena_free(b->a);
    free(b);
}
