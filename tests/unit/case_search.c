/* Fragments: what is found, by a record alone and by the index, whatever the index has read. */
#include "case_given.h"

#include "base/plain.h"
#include "case/block.h"

#include <pthread.h>
#include <stdatomic.h>

#define CASES 900

static uint64_t seed = 88172645463325252u;

static uint64_t roll(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* ---- a text's form ---- */

static bool same(const char *x, const char *y)
{
    struct wg_buf a = WG_BUF_INIT, b = WG_BUF_INIT;
    wg_plain(wg_str_of(x), &a);
    wg_plain(wg_str_of(y), &b);
    bool is = wg_str_eq(wg_buf_str(&a), wg_buf_str(&b));
    wg_buf_free(&a);
    wg_buf_free(&b);
    return is;
}

TEST(width_case_accents_and_traditional_characters_make_no_difference)
{
    CHECK(same("ＡＢＣ－１２３", "abc-123"));
    CHECK(same("華陽鎮龍川大道", "华阳镇龙川大道"));
    CHECK(same("乾隆", "干隆")); /* each character by itself */
    CHECK(same("Café", "cafe\xcc\x81"));
    CHECK(same("ｱ", "ア"));
    CHECK(same("①㎡", "1m2"));
    CHECK(same("가", "가"));
    CHECK(same("甲\t乙\xe3\x80\x80丙", "甲 乙 丙"));
    CHECK(same("甲\xe2\x80\x8b乙", "甲乙")); /* what can't be seen is not there */
    CHECK(same("𠀀", "𠀀") && !same("𠀀", "𠀁"));
    CHECK(!same("路", "街"));
}

TEST(bytes_that_are_no_text_are_folded_to_something)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_plain((struct wg_str){"\xff\xc3\x28\0\xe4\xb8", 6}, &b);
    CHECK(b.n >= 10 && b.n % 2 == 0);
    for (size_t i = 0; i < b.n; i += 2)
        CHECK(b.p[i] || b.p[i + 1]);
    wg_buf_free(&b);
}

/* ---- a record ---- */

static bool found(const char *q, const struct wg_case *c)
{
    struct wg_find f;
    struct wg_buf text = WG_BUF_INIT;
    CHECK_INT(wg_find_read(wg_str_of(q), &f, &err), WG_OK);
    bool is = wg_find_in(&f, c, &text);
    wg_find_done(&f);
    wg_buf_free(&text);
    return is;
}

TEST(all_words_must_be_in_id_number_address_or_description)
{
    struct wg_case c = {.id = wg_case_id(341824, 2026, 123),
                        .number = WG_S("绩数管案〔2026〕000098号"),
                        .address = WG_S("华阳镇龙川大道8号"),
                        .description = WG_S("墙角散落生活垃圾 GARBAGE")};
    CHECK(found("000123", &c) && found("341824-2026", &c) && found("〔2026〕000098", &c));
    CHECK(found("龙川", &c) && found("道", &c) && found("龍川 垃圾", &c) && found("ｇarb 8号", &c));
    CHECK(!found("龙川 占道", &c) && !found("号墙", &c) && !found("321", &c));
    c.flags = WG_WORDS_IN_VAULT;
    c.description = WG_S("u7d9-reference");
    CHECK(found("龙川", &c) && !found("u7d9", &c));
}

TEST(words_that_would_match_nearly_all_or_are_too_many_are_refused)
{
    static const char *const bad[] = {"a", "路 1", " ", "一 二 三 四 五 六 七 八 九", "-"};
    struct wg_find f;
    char longest[WG_FIND_BYTES + 2];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(wg_find_read(wg_str_of(bad[i]), &f, &err), WG_EINVAL);
        CHECK_TEXT(err.pointer, "/q");
    }
    memset(longest, 'x', sizeof(longest));
    CHECK_INT(wg_find_read((struct wg_str){longest, WG_FIND_BYTES + 1}, &f, &err), WG_EINVAL);
    CHECK_INT(wg_find_read((struct wg_str){longest, WG_FIND_BYTES}, &f, &err), WG_OK);
    wg_find_done(&f);
}

/* ---- a block ---- */

static size_t bits_of(const struct block_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < BLOCK_WORDS; i++)
        n += (size_t)__builtin_popcountll(set->bit[i]);
    return n;
}

TEST(a_block_never_leaves_out_a_text_that_has_the_fragment)
{
    static uint16_t text[BLOCK_CASES][12];
    static struct block_maker m;
    struct wg_buf b = WG_BUF_INIT;
    size_t may = 0, have = 0;
    for (unsigned i = 0; i < BLOCK_CASES; i++) {
        for (size_t k = 0; k < 12; k++)
            text[i][k] = (uint16_t)(roll(6) ? 0x4e00 + roll(roll(2) ? 4 : 200) : ' ');
        block_add(&m, i, text[i], 12);
    }
    CHECK_INT(block_write(&m, &b), WG_OK);
    for (int round = 0; round < 400; round++) {
        struct block_set set;
        uint16_t word[5];
        size_t n = 1 + roll(5);
        for (size_t k = 0; k < n; k++)
            word[k] = (uint16_t)(0x4e00 + roll(roll(8) ? 4 : 200));
        memset(&set, 0xff, sizeof(set));
        CHECK_INT(block_find(wg_buf_str(&b), word, n, &set), WG_OK);
        may += bits_of(&set);
        for (unsigned i = 0; i < BLOCK_CASES; i++) {
            bool has = wg_plain_find(text[i], 12, word, n) >= 0;
            have += has;
            CHECK(!has || set.bit[i / 64] >> i % 64 & 1);
            if (n <= 3) /* then it is exact */
                CHECK(has == (set.bit[i / 64] >> i % 64 & 1));
        }
    }
    CHECK(have > 1000 && may < have + have / 4);
    block_free(&m);
    wg_buf_free(&b);
}

TEST(a_block_of_nothing_holds_nothing)
{
    struct block_maker m = {0};
    struct wg_buf b = WG_BUF_INIT;
    struct block_set set;
    CHECK_INT(block_write(&m, &b), WG_OK);
    memset(&set, 0xff, sizeof(set));
    CHECK_INT(block_find(wg_buf_str(&b), u"甲", 1, &set), WG_OK);
    CHECK_INT(bits_of(&set), 0);
    wg_buf_free(&b);
}

/* ---- the index ---- */

struct county {
    struct given g;
    struct wg_journal *j;
    struct wg_search *s;
    struct wg_buf batch; /* texts of entries that wait for the journal */
};

static void open_search(struct county *c)
{
    CHECK_INT(wg_search_open(c->g.f.path, c->g.v, c->j, &c->s, &err), WG_OK);
}

static void open_journal(struct county *c, const char *name)
{
    struct wg_journal_opts opts = {0};
    CHECK_INT(wg_journal_open(IN(&c->g.f, name), &opts, &c->j, &err), WG_OK);
}

static struct county given_county(void)
{
    struct county c = {.g = given_views(), .batch = WG_BUF_INIT};
    open_journal(&c, "journal");
    open_search(&c);
    return c;
}

static void county_done(struct county *c)
{
    wg_search_close(c->s);
    c->j->ops->close(c->j);
    wg_buf_free(&c->batch);
    given_done(&c->g);
}

/* Nine apart and over two years, so that there are some blocks of them. */
static uint64_t id_of(uint64_t i)
{
    return wg_case_id(341824, i % 3 ? 2026 : 2025, (uint32_t)(1 + i * 9));
}

/* Entries that belong together: appended as one batch, then folded as one. */
static void entry(struct county *c, uint64_t i, const char *rest)
{
    char id[24];
    wg_case_id_text(id_of(i), id);
    c->g.n++;
    wg_buf_fmt(&c->batch,
               "{\"n\":%llu,\"t\":%lld,\"by\":\"c-001\",\"do\":\"x\",\"of\":\"%s\",%s}\n",
               (unsigned long long)c->g.n, (long long)c->g.t, id, rest);
}

static void commit(struct county *c)
{
    static struct wg_str entries[4096];
    struct wg_entry e;
    size_t n = 0;
    for (char *p = c->batch.p, *end; p < c->batch.p + c->batch.n; p = end + 1) {
        end = strchr(p, '\n');
        entries[n++] = (struct wg_str){p, (size_t)(end - p)};
    }
    if (!n)
        return;
    CHECK_INT(c->j->ops->append(c->j, c->g.n - n + 1, entries, n, &err), WG_OK);
    struct wg_txn *txn = begin(c->g.v, true);
    for (size_t i = 0; i < n; i++) {
        wg_arena_reset(c->g.a);
        CHECK_INT(wg_entry_parse(c->g.a, entries[i], &e, &err), WG_OK);
        CHECK_INT(wg_views_fold(c->g.v, txn, &e, entries[i], c->g.a, &err), WG_OK);
    }
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    wg_buf_clear(&c->batch);
}

static const char *const roads[] = {"龙川大道", "扬之路", "望江路", "北大街"};
static const char *const things[] = {"垃圾", "占道经营", "井盖缺失", "Garbage"};

static void open_case(struct county *c, uint64_t i)
{
    char rest[600], id[24];
    wg_case_id_text(id_of(i), id);
    snprintf(rest, sizeof(rest),
             "\"in\":{\"address\":\"华阳镇%s%d号\",\"description\":\"%s，第%d处\"},"
             "\"out\":[{\"k\":\"open\",\"id\":\"%s\",\"kind\":\"event\",\"source\":\"collector\","
             "\"at\":[1,2],\"grid\":\"g%d\",\"role\":\"collector\"}]",
             roads[roll(4)], (int)roll(300), things[roll(4)], (int)roll(1000), id, (int)roll(2));
    entry(c, i, rest);
}

static void number_case(struct county *c, uint64_t i)
{
    char rest[200];
    snprintf(rest, sizeof(rest),
             "\"out\":[{\"k\":\"set\",\"number\":\"绩案〔2026〕%06d号\",\"unit\":\"u-%d\"},"
             "{\"k\":\"go\",\"to\":\"filed\"}]",
             (int)roll(500), (int)roll(3));
    entry(c, i, rest);
}

static void work_all(struct county *c)
{
    bool more = true;
    while (more)
        CHECK_INT(wg_search_work(c->s, &more, &err), WG_OK);
}

struct page {
    uint64_t id[CASES + 1];
    size_t n;
};

static int take(void *arg, const struct wg_case *one)
{
    struct page *p = arg;
    CHECK(p->n < CASES);
    p->id[p->n++] = one->id;
    return WG_OK;
}

/* All pages of a query, with the index or without. */
static void all_pages(struct county *c, struct wg_case_query q, bool index, struct page *p)
{
    struct wg_buf next = WG_BUF_INIT, cursor = WG_BUF_INIT;
    struct wg_txn *txn = begin(c->g.v, false);
    c->g.v->search = index ? c->s : NULL;
    p->n = 0;
    do {
        wg_buf_clear(&cursor);
        wg_buf_str_add(&cursor, wg_buf_str(&next));
        wg_buf_clear(&next);
        q.cursor = wg_buf_str(&cursor);
        CHECK_INT(wg_view_list(c->g.v, txn, &q, take, p, &next, &err), WG_OK);
    } while (next.n);
    c->g.v->search = c->s;
    wg_txn_abort(txn);
    wg_buf_free(&next);
    wg_buf_free(&cursor);
}

static size_t check_searches(struct county *c, int count)
{
    static const char *const words[] = {"龙川",  "龍川大道",   "华阳镇 垃圾", "大道1",   "路",
                                        "街 盖", "000",        "2025-",       "garbage", "〕0003",
                                        "号",    "无此",       "第9处",       "341824",  "18 24",
                                        "処",    "缺失 扬之路"};
    static struct page with, without;
    size_t all = 0;
    for (int i = 0; i < count; i++) {
        struct wg_case_query q = {.kind = -1, .limit = 1 + roll(80), .now_ms = c->g.t};
        q.q = wg_str_of(words[roll(sizeof(words) / sizeof(words[0]))]);
        int sort = (int)roll(3);
        q.sort = sort == 0 ? WG_BY_OPENED : sort == 1 ? WG_BY_OPENED_DOWN : WG_BY_DUE;
        q.look = roll(3) ? 0 : 3 + roll(200);
        q.states = roll(4) ? 0 : 1u << WG_FILED;
        q.grid = roll(6) ? (struct wg_str){0} : WG_S("g1");
        q.unit = roll(6) ? (struct wg_str){0} : WG_S("u-1");
        q.seen_by_unit = roll(6) ? (struct wg_str){0} : WG_S("u-2");
        all_pages(c, q, true, &with);
        all_pages(c, q, false, &without);
        CHECK_INT(with.n, without.n);
        for (size_t k = 0; k < with.n; k++)
            CHECK(with.id[k] == without.id[k]);
        all += with.n;
    }
    return all;
}

TEST(a_search_by_the_index_finds_what_a_scan_finds_at_any_moment)
{
    struct county c = given_county();
    struct wg_search_state now;
    size_t all = 0;
    bool more;
    for (uint64_t i = 0; i < CASES; i++) {
        open_case(&c, i);
        if (i % 2)
            number_case(&c, roll(i + 1)); /* old ones, too: their blocks are made already */
        if (i % 30 == 29) {
            commit(&c);
            if (roll(2))
                CHECK_INT(wg_search_work(c.s, &more, &err), WG_OK);
            all += check_searches(&c, 3);
        }
    }
    work_all(&c);
    wg_search_state(c.s, &now);
    CHECK(now.ready && now.idle && now.end > id_of(400));
    all += check_searches(&c, 200);
    CHECK(all > 5000);
    county_done(&c);
}

TEST(a_block_with_many_changes_is_made_again)
{
    struct county c = given_county();
    struct wg_search_state now;
    for (uint64_t i = 0; i < 600; i++)
        open_case(&c, i);
    commit(&c);
    work_all(&c);
    for (uint64_t i = 0; i < 450; i++)
        number_case(&c, i);
    commit(&c);
    check_searches(&c, 50);
    work_all(&c);
    wg_search_state(c.s, &now);
    CHECK(now.idle && now.changed < 256);
    check_searches(&c, 50);
    county_done(&c);
}

TEST(after_a_stop_it_goes_on_where_it_stood)
{
    struct county c = given_county();
    struct wg_search_state before, after;
    for (uint64_t i = 0; i < 600; i++)
        open_case(&c, i);
    commit(&c);
    work_all(&c);
    for (uint64_t i = 0; i < 40; i++)
        number_case(&c, i);
    commit(&c);
    work_all(&c);
    wg_search_state(c.s, &before);
    CHECK(before.changed > 10);
    wg_search_close(c.s);
    open_search(&c);
    work_all(&c);
    wg_search_state(c.s, &after);
    CHECK(after.ready && after.end == before.end && after.changed == before.changed);
    check_searches(&c, 60);
    county_done(&c);
}

TEST(what_was_folded_while_nobody_heard_is_read_again_from_the_journal)
{
    struct county c = given_county();
    struct wg_search_state now;
    for (uint64_t i = 0; i < 600; i++)
        open_case(&c, i);
    commit(&c);
    work_all(&c);
    c.g.v->search = NULL; /* as a process that dies: nothing more is heard or saved */
    for (uint64_t i = 0; i < 200; i++)
        number_case(&c, roll(600));
    commit(&c);
    wg_search_close(c.s);
    open_search(&c);
    wg_search_state(c.s, &now);
    CHECK(!now.ready);
    check_searches(&c, 30); /* right before it has looked back, too */
    work_all(&c);
    wg_search_state(c.s, &now);
    CHECK(now.ready && now.changed > 50);
    check_searches(&c, 60);
    county_done(&c);
}

TEST(the_index_of_another_journal_or_of_no_use_begins_anew)
{
    struct county c = given_county();
    struct wg_search_state now;
    for (uint64_t i = 0; i < 600; i++)
        open_case(&c, i);
    commit(&c);
    work_all(&c);
    wg_search_close(c.s);
    c.j->ops->close(c.j);
    open_journal(&c, "other");
    open_search(&c);
    wg_search_state(c.s, &now);
    CHECK(now.ready && now.end == 0);
    work_all(&c);
    check_searches(&c, 20);
    wg_search_close(c.s);
    CHECK_INT(wg_env_discard(IN(&c.g.f, "search"), &err), WG_OK);
    open_search(&c);
    check_searches(&c, 20);
    work_all(&c);
    check_searches(&c, 20);
    county_done(&c);
}

/* ---- while others write ---- */

struct busy {
    struct county *c;
    atomic_bool stop;
    _Atomic int failed;
};

static void *write_beside(void *arg)
{
    struct busy *b = arg;
    for (uint64_t i = 0; i < CASES; i++) {
        open_case(b->c, i);
        number_case(b->c, i / 2);
        if (i % 9 == 8)
            commit(b->c);
    }
    atomic_store(&b->stop, true);
    return NULL;
}

static void *work_beside(void *arg)
{
    struct busy *b = arg;
    struct wg_err why;
    bool more;
    while (!atomic_load(&b->stop))
        if (wg_search_work(b->c->s, &more, &why) != WG_OK)
            atomic_fetch_add(&b->failed, 1);
    return NULL;
}

struct scan {
    struct wg_find find;
    struct wg_buf text;
    struct page want;
};

static int scan_one(void *arg, const struct wg_case *one)
{
    struct scan *s = arg;
    return wg_find_in(&s->find, one, &s->text) ? take(&s->want, one) : WG_OK;
}

TEST(a_search_misses_nothing_of_its_moment_while_cases_are_written_and_indexed)
{
    static const char *const words[] = {"龙川", "〔2026〕0003", "垃圾 号", "9处"};
    static struct page got;
    static struct scan scan;
    struct county c = given_county();
    struct busy b = {.c = &c};
    pthread_t writer, worker;
    for (uint64_t i = 0; i < 3; i++)
        open_case(&c, i);
    commit(&c);
    CHECK_INT(pthread_create(&worker, NULL, work_beside, &b), 0);
    CHECK_INT(pthread_create(&writer, NULL, write_beside, &b), 0);
    for (size_t i = 0; !atomic_load(&b.stop); i++) {
        struct wg_buf next = WG_BUF_INIT;
        struct wg_case_query q = {.kind = -1, .limit = 1000, .now_ms = T0}, all = q;
        struct wg_txn *txn = begin(c.g.v, false);
        q.q = wg_str_of(words[i % 4]);
        got.n = scan.want.n = 0;
        CHECK_INT(wg_view_list(c.g.v, txn, &q, take, &got, &next, &err), WG_OK);
        CHECK_INT(wg_find_read(q.q, &scan.find, &err), WG_OK);
        CHECK_INT(wg_view_list(c.g.v, txn, &all, scan_one, &scan, &next, &err), WG_OK);
        CHECK_INT(got.n, scan.want.n);
        CHECK(memcmp(got.id, scan.want.id, got.n * sizeof(got.id[0])) == 0);
        wg_find_done(&scan.find);
        wg_txn_abort(txn);
        wg_buf_free(&next);
    }
    pthread_join(writer, NULL);
    pthread_join(worker, NULL);
    CHECK_INT(atomic_load(&b.failed), 0);
    wg_buf_free(&scan.text);
    commit(&c);
    work_all(&c);
    check_searches(&c, 20);
    county_done(&c);
}

RUN_ALL("case_search")
