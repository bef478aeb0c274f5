/* Lists of cases: every filter, sort and page against a walk over all of them. */
#include "case_given.h"

#define CASES 2000

static uint64_t seed = 88172645463325252u;

static uint64_t roll(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

static const char *const units[] = {"u-1", "u-10", "u-2", "u-cg"};
static const char *const grids[] = {"34182410000101", "34182410000102", "34182410000201",
                                    "34182410100101"};
static const char *const categories[] = {"0101", "0102", "0111"};
static const char *const people[] = {"c-001", "c-002"};

static struct given all;
static struct wg_case cases[CASES]; /* as the views hold them, texts in `keep` */
static struct wg_arena *keep;

static void make_one(struct given *g, uint32_t i)
{
    uint64_t id = wg_case_id(341824, i % 5 ? 2026 : 2025, i);
    char text[24];
    wg_case_id_text(id, text);
    fold(g, id,
         "\"in\":{\"address\":\"华阳镇%u号\"},\"out\":[{\"k\":\"open\",\"id\":\"%s\",\"kind\":\"%"
         "s\",\"category\":\"%s\",\"source\":\"%s\","
         "\"at\":[%d,%d],\"grid\":\"%s\",\"role\":\"collector\"%s},{\"k\":\"set\",\"unit\":\"%s\"%"
         "s},{\"k\":\"go\",\"to\":\"%s\"}]",
         i, text, wg_kind_name((int)roll(2)), categories[roll(3)],
         wg_source_name((int)roll(WG_SOURCES)), (int)roll(1000), (int)roll(1000), grids[roll(4)],
         roll(3) ? "" : ",\"part\":\"p1\"", roll(3) ? units[roll(4)] : "",
         roll(4) ? "" : ",\"number\":\"〔2026〕17号\"", wg_state_name((int)roll(WG_STATES)));
    g->t += (int64_t)roll(3) * 1000;
}

/* Later entries move it, so that index keys are taken away and put. */
static void change_one(struct given *g, uint32_t i)
{
    uint64_t id = wg_case_id(341824, i % 5 ? 2026 : 2025, i);
    if (roll(2))
        fold(g, id, "\"out\":[{\"k\":\"set\",\"unit\":\"%s\",\"due\":%lld}]", units[roll(4)],
             (long long)(T0 + (int64_t)roll(3000) * 1000));
    if (roll(2))
        fold(g, id, "\"out\":[{\"k\":\"go\",\"to\":\"%s\"}]", wg_state_name((int)roll(WG_STATES)));
    if (roll(4) == 0)
        fold(g, id, "\"out\":[{\"k\":\"set\",\"stage_due\":%lld}]",
             (long long)(T0 + (int64_t)roll(3000) * 1000));
    if (roll(8) == 0)
        fold(g, id, "\"out\":[{\"k\":\"set\",\"due\":null,\"asked\":\"{}\"}]");
}

static void given_all(void)
{
    if (all.v)
        return;
    all = given_views();
    keep = wg_arena_new(0);
    all.txn = begin(all.v, true);
    for (uint32_t i = 1; i <= CASES; i++)
        make_one(&all, i);
    for (uint32_t i = 1; i <= CASES; i++)
        change_one(&all, i);
    CHECK_INT(wg_txn_commit(all.txn, &err), WG_OK);
    all.txn = begin(all.v, false);
    for (uint32_t i = 1; i <= CASES; i++) {
        struct wg_buf b = WG_BUF_INIT;
        struct wg_case c;
        CHECK_INT(wg_view_case(all.v, all.txn, wg_case_id(341824, i % 5 ? 2026 : 2025, i), &c),
                  WG_OK);
        wg_case_encode(&c, &b);
        CHECK_INT(wg_case_decode(wg_arena_str(keep, wg_buf_str(&b)), &cases[i - 1]), WG_OK);
        wg_buf_free(&b);
    }
}

/* ---- the walk over all ---- */

static bool is_or_any(struct wg_str want, struct wg_str have)
{
    return !want.n || wg_str_eq(want, have);
}

static bool wanted(const struct wg_case_query *q, const struct wg_case *c)
{
    char id[24];
    wg_case_id_text(c->id, id);
    if (q->states && !(q->states & 1u << c->state))
        return false;
    if (q->sort == WG_BY_DUE && !wg_state_open(c->state))
        return false;
    if (!is_or_any(q->unit, c->unit) || !is_or_any(q->grid, c->grid) ||
        !is_or_any(q->category, c->category) || !is_or_any(q->part, c->part) ||
        !is_or_any(q->reporter, c->reporter))
        return false;
    if ((q->kind >= 0 && q->kind != c->kind) || (q->sources && !(q->sources & 1u << c->source)))
        return false;
    if (q->lamps && !(q->lamps & 1u << wg_lamp_of(c, q->now_ms)))
        return false;
    if ((q->from && c->opened < q->from) || (q->to && c->opened >= q->to))
        return false;
    if (q->has_box && (c->at.lon_e7 < q->box.west || c->at.lon_e7 > q->box.east ||
                       c->at.lat_e7 < q->box.south || c->at.lat_e7 > q->box.north))
        return false;
    if (q->seen_by_unit.n && !wg_words_have(c->held, q->seen_by_unit))
        return false;
    if (q->seen_by_collector.n && !wg_str_eq(c->reporter, q->seen_by_collector) &&
        c->state != WG_CHECKING && c->state != WG_VERIFYING)
        return false;
    return !q->q.n || strstr(id, q->q.p) || memmem(c->address.p, c->address.n, q->q.p, q->q.n) ||
           (c->number.n && memmem(c->number.p, c->number.n, q->q.p, q->q.n));
}

static int sort_now;
static const int64_t NOW = T0 + 1500 * 1000;

static int64_t moment(const struct wg_case *c)
{
    return c->stage_due ? c->stage_due : c->due ? c->due : c->opened;
}

/* Overdue, without a moment, in time. */
static int part(const struct wg_case *c)
{
    return !c->stage_due && !c->due ? 1 : moment(c) < NOW ? 0 : 2;
}

static int before(const void *x, const void *y)
{
    const struct wg_case *a = *(const struct wg_case *const *)x,
                         *b = *(const struct wg_case *const *)y;
    if (sort_now == WG_BY_DUE && part(a) != part(b))
        return part(a) < part(b) ? -1 : 1;
    if (sort_now == WG_BY_DUE && moment(a) != moment(b))
        return moment(a) < moment(b) ? -1 : 1;
    int order = a->id < b->id ? -1 : a->id > b->id;
    return sort_now == WG_BY_OPENED_DOWN ? -order : order;
}

struct got {
    uint64_t id[CASES + 1];
    size_t count;
};

static int take(void *arg, const struct wg_case *c)
{
    struct got *g = arg;
    if (g->count < CASES + 1)
        g->id[g->count++] = c->id;
    return WG_OK;
}

/* All pages of a query, one after the other, are the walk's list. */
static size_t check_list(struct wg_case_query q)
{
    static const struct wg_case *want[CASES];
    static struct got got;
    struct wg_buf next = WG_BUF_INIT;
    size_t count = 0, pages = 0;
    char cursor[64] = "";
    got.count = 0;
    for (size_t i = 0; i < CASES; i++)
        if (wanted(&q, &cases[i]))
            want[count++] = &cases[i];
    sort_now = (int)q.sort;
    qsort(want, count, sizeof(want[0]), before);
    do {
        size_t had = got.count;
        q.cursor = wg_str_of(cursor);
        wg_buf_clear(&next);
        CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_OK);
        CHECK(got.count - had <= q.limit);
        CHECK(wg_str_copy(cursor, sizeof(cursor), wg_buf_str(&next)) == WG_OK);
        CHECK(++pages <= CASES + 2); /* each page goes on */
    } while (cursor[0]);
    CHECK_INT(got.count, count);
    for (size_t i = 0; i < count; i++)
        CHECK(got.id[i] == want[i]->id);
    wg_buf_free(&next);
    return count;
}

static struct wg_case_query any(int sort)
{
    struct wg_case_query q = {.kind = -1, .limit = 100, .now_ms = NOW};
    q.sort = sort == 0 ? WG_BY_OPENED : sort == 1 ? WG_BY_OPENED_DOWN : WG_BY_DUE;
    return q;
}

TEST(a_list_without_filters_gives_each_case_once)
{
    given_all();
    CHECK_INT(check_list(any(0)), CASES);
    CHECK_INT(check_list(any(1)), CASES);
    size_t open = check_list(any(2));
    CHECK(open > 0 && open < CASES); /* closed ones are never urgent */
}

TEST(lists_of_random_filters_sorts_and_pages_are_as_a_walk_over_all_finds_them)
{
    static const char *const fragments[] = {"2025",     "00017",      "号",
                                            "华阳镇12", "〔2026〕17", "nowhere"};
    size_t found = 0;
    given_all();
    for (int i = 0; i < 1500; i++) {
        struct wg_case_query q = any((int)roll(3));
        q.limit = 1 + roll(roll(2) ? 7 : 300);
        q.look = roll(3) ? 0 : 50 + roll(500);
        q.states = roll(2) ? 0 : (uint32_t)roll(1u << WG_STATES);
        q.unit = roll(4) ? (struct wg_str){0} : wg_str_of(units[roll(4)]);
        q.grid = roll(4) ? (struct wg_str){0} : wg_str_of(grids[roll(4)]);
        q.category = roll(6) ? (struct wg_str){0} : wg_str_of(categories[roll(3)]);
        q.part = roll(8) ? (struct wg_str){0} : WG_S("p1");
        q.reporter = roll(8) ? (struct wg_str){0} : wg_str_of(people[roll(2)]);
        q.kind = roll(4) ? -1 : (int)roll(2);
        q.sources = roll(6) ? 0 : (uint32_t)roll(1u << WG_SOURCES);
        q.lamps = roll(5) ? 0 : (uint32_t)roll(1u << WG_LAMPS);
        q.from = roll(5) ? 0 : T0 + (int64_t)roll(2000) * 1000;
        q.to = roll(5) ? 0 : T0 + (int64_t)roll(2000) * 1000;
        q.has_box = roll(5) == 0;
        q.box = (struct wg_box){(int32_t)roll(500), (int32_t)roll(500), 500 + (int32_t)roll(500),
                                500 + (int32_t)roll(500)};
        q.q = roll(8) ? (struct wg_str){0} : wg_str_of(fragments[roll(6)]);
        q.seen_by_unit = roll(6) ? (struct wg_str){0} : wg_str_of(units[roll(4)]);
        q.seen_by_collector = roll(8) ? (struct wg_str){0} : wg_str_of(people[roll(2)]);
        found += check_list(q);
    }
    CHECK(found > 10000); /* the filters are not all empty */
}

TEST(each_single_state_in_each_sort_is_as_a_walk_finds_it)
{
    given_all();
    for (int s = 0; s < WG_STATES; s++)
        for (int sort = 0; sort < 3; sort++)
            for (int unit = 0; unit < 2; unit++) {
                struct wg_case_query q = any(sort);
                q.states = UINT32_C(1) << s;
                q.limit = 13;
                q.unit = unit ? WG_S("u-10") : (struct wg_str){0};
                check_list(q);
            }
}

TEST(the_counts_by_state_are_those_of_a_walk)
{
    uint64_t counts[WG_STATES], want[WG_STATES] = {0};
    given_all();
    wg_view_counts(all.v, all.txn, counts);
    for (size_t i = 0; i < CASES; i++)
        want[cases[i].state]++;
    CHECK(memcmp(counts, want, sizeof(want)) == 0);
}

TEST(tasks_are_counted_by_state_whatever_the_page)
{
    static struct got got;
    given_all();
    for (int i = 0; i < 60; i++) {
        uint64_t counts[WG_STATES] = {0}, want[WG_STATES] = {0};
        struct wg_buf next = WG_BUF_INIT;
        struct wg_case_query q = any(2);
        q.limit = roll(3) ? 1 + roll(50) : 0;
        q.states = (uint32_t)roll(1u << WG_STATES);
        q.unit = roll(2) ? (struct wg_str){0} : wg_str_of(units[roll(4)]);
        q.seen_by_collector = roll(3) ? (struct wg_str){0} : wg_str_of(people[roll(2)]);
        q.counts = counts;
        got.count = 0;
        CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_OK);
        for (size_t k = 0; k < CASES; k++)
            want[cases[k].state] += wanted(&q, &cases[k]);
        CHECK(memcmp(counts, want, sizeof(want)) == 0);
        CHECK(got.count <= q.limit);
        wg_buf_free(&next);
    }
}

TEST(a_list_of_given_cases_is_filtered_and_paged_like_any)
{
    static uint64_t ids[400];
    static struct got got, one;
    given_all();
    for (int sort = 0; sort < 3; sort++)
        for (int round = 0; round < 20; round++) {
            struct wg_case_query q = any(sort);
            struct wg_buf next = WG_BUF_INIT;
            char cursor[64] = "";
            struct wg_ids only = {ids, 0};
            size_t k = 0;
            for (size_t i = 1; i <= CASES && only.n < 400; i += 1 + roll(12))
                if (i % 5) /* those of one year: ascending */
                    ids[only.n++] = wg_case_id(341824, 2026, (uint32_t)i);
            ids[only.n++] = wg_case_id(341824, 2026, 999999); /* not there yet */
            q.states = roll(2) ? 0 : (uint32_t)roll(1u << WG_STATES);
            got.count = one.count = 0;
            q.limit = 1000;
            CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_OK);
            while (next.n) {
                CHECK(wg_str_copy(cursor, sizeof(cursor), wg_buf_str(&next)) == WG_OK);
                wg_buf_clear(&next);
                q.cursor = wg_str_of(cursor);
                CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_OK);
            }
            q.only = &only;
            q.limit = 1 + roll(30);
            cursor[0] = '\0';
            do {
                q.cursor = wg_str_of(cursor);
                wg_buf_clear(&next);
                CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &one, &next, &err), WG_OK);
                CHECK(wg_str_copy(cursor, sizeof(cursor), wg_buf_str(&next)) == WG_OK);
            } while (cursor[0]);
            for (size_t i = 0; i < got.count; i++)
                for (size_t x = 0; x < only.n; x++)
                    if (got.id[i] == ids[x])
                        CHECK(k < one.count && one.id[k++] == got.id[i]);
            CHECK_INT(k, one.count);
            wg_buf_free(&next);
        }
}

TEST(a_cursor_of_another_list_is_refused)
{
    static const char *const cursors[] = {"x", "AAAA", "AAAAAAAAAAA!", "AAAAAAAAAAAAAAAAAAAAAA",
                                          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    struct wg_buf next = WG_BUF_INIT;
    static struct got got;
    given_all();
    for (size_t i = 0; i < 5; i++) {
        struct wg_case_query q = any(0);
        q.cursor = wg_str_of(cursors[i]);
        CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_EINVAL);
        CHECK_TEXT(err.pointer, "/cursor");
        q = any(2);
        q.cursor = wg_str_of(cursors[i]);
        CHECK_INT(wg_view_list(all.v, all.txn, &q, take, &got, &next, &err), WG_EINVAL);
    }
    wg_buf_free(&next);
}

static int stop(void *arg, const struct wg_case *c)
{
    (void)arg;
    (void)c;
    return WG_EBUSY;
}

TEST(what_stops_a_list_comes_back)
{
    struct wg_buf next = WG_BUF_INIT;
    given_all();
    for (int sort = 0; sort < 3; sort++) {
        struct wg_case_query q = any(sort);
        CHECK_INT(wg_view_list(all.v, all.txn, &q, stop, NULL, &next, &err), WG_EBUSY);
    }
    wg_buf_free(&next);
    wg_txn_abort(all.txn);
    given_done(&all);
    wg_arena_free(keep);
}

RUN_ALL("case_list")
