/* Views: what each kind of outcome leaves in them, keys that are forgotten, versions, comparing. */
#include "case_given.h"

#define ONE (UINT64_C(341824) << 44 | UINT64_C(2026) << 32 | 1) /* 341824-2026-000001 */
#define OPEN(id)                                                                                  \
    "{\"k\":\"open\",\"id\":\"" id "\",\"kind\":\"event\",\"source\":\"collector\",\"at\":[1,2]," \
    "\"grid\":\"g\",\"role\":\"collector\"}"

static struct wg_txn *reading(struct given *g)
{
    return begin(g->v, false);
}

TEST(empty_views_have_no_tip)
{
    struct given g = given_views();
    struct wg_views_tip tip;
    struct wg_case c;
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_views_tip(g.v, txn, &tip), WG_OK);
    CHECK(tip.n == 0 && tip.t == 0 && tip.hash[0] == '\0');
    CHECK_INT(wg_view_case(g.v, txn, ONE, &c), WG_ENOENT);
    wg_txn_abort(txn);
    given_done(&g);
}

TEST(the_tip_is_the_last_entry_and_the_digest_of_its_bytes)
{
    struct given g = given_views();
    struct wg_views_tip tip;
    char want[WG_HASH_TEXT + 1];
    fold(&g, 0, "\"out\":[]");
    struct wg_hash h =
        wg_hash_of(WG_S("{\"n\":1,\"t\":1772787600000,\"by\":\"c-001\",\"do\":\"x\",\"out\":[]}"));
    wg_hash_text(&h, want);
    wg_views_close(g.v);
    views_open(&g);
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_views_tip(g.v, txn, &tip), WG_OK);
    CHECK(tip.n == 1 && tip.t == T0);
    CHECK_TEXT(tip.hash, want);
    wg_txn_abort(txn);
    given_done(&g);
}

TEST(serials_and_numbers_are_counted_by_year)
{
    struct given g = given_views();
    fold(&g, ONE, "\"in\":{},\"out\":[" OPEN("341824-2026-000001") "]");
    fold(&g, wg_case_id(341824, 2026, 2), "\"in\":{},\"out\":[" OPEN("341824-2026-000002") "]");
    fold(&g, wg_case_id(341824, 2025, 9), "\"in\":{},\"out\":[" OPEN("341824-2025-000009") "]");
    fold(&g, ONE, "\"out\":[{\"k\":\"set\",\"number\":\"x\",\"numbered\":5}]");
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_view_serial(g.v, txn, 2026), 2);
    CHECK_INT(wg_view_serial(g.v, txn, 2025), 9);
    CHECK_INT(wg_view_serial(g.v, txn, 2024), 0);
    CHECK_INT(wg_view_numbered(g.v, txn, 2026), 5);
    CHECK_INT(wg_view_numbered(g.v, txn, 2025), 0);
    wg_txn_abort(txn);
    given_done(&g);
}

TEST(a_step_of_a_case_that_was_never_opened_cant_be_folded)
{
    struct given g = given_views();
    struct wg_entry e;
    struct wg_str text = WG_S("{\"n\":1,\"t\":1,\"do\":\"x\",\"of\":\"341824-2026-000001\",\"out\":"
                              "[{\"k\":\"go\",\"to\":\"filed\"}]}");
    struct wg_txn *txn = begin(g.v, true);
    CHECK_INT(wg_entry_parse(g.a, text, &e, &err), WG_OK);
    CHECK_INT(wg_views_fold(g.v, txn, &e, text, g.a, &err), WG_ECORRUPT);
    CHECK_TEXT(err.text, "entry 1 can't be folded: corrupt");
    wg_txn_abort(txn);
    given_done(&g);
}

/* ---- blobs ---- */

static int list_blob(void *arg, uint64_t id, struct wg_str user)
{
    wg_buf_fmt(arg, "%llu:%.*s;", (unsigned long long)(id & 0xffffffff), WG_PRI(user));
    return WG_OK;
}

TEST(a_blob_tells_the_cases_that_name_it_and_who_keeps_a_record_of_it)
{
    static const char one[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                      two[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae";
    struct given g = given_views();
    struct wg_buf b = WG_BUF_INIT;
    fold(&g, ONE,
         "\"in\":{\"photos\":[\"%s\",\"no name\"]},\"out\":[" OPEN("341824-2026-000001") "]", one);
    fold(&g, wg_case_id(341824, 2026, 2),
         "\"in\":{\"photos\":[\"%s\",\"%s\"]},\"out\":[" OPEN("341824-2026-000002") "]", two, one);
    fold(&g, ONE, "\"in\":{\"photos\":[\"%s\"]},\"out\":[]", one);
    fold(&g, 0,
         "\"out\":[{\"k\":\"keep\",\"kind\":\"edition\",\"id\":\"parts\","
         "\"value\":{\"blob\":\"%s\"}}]",
         two);
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_view_blob(g.v, txn, wg_str_of(one), list_blob, &b), WG_OK);
    CHECK_STR(wg_buf_str(&b), "1:;2:;");
    wg_buf_clear(&b);
    CHECK_INT(wg_view_blob(g.v, txn, wg_str_of(two), list_blob, &b), WG_OK);
    CHECK_STR(wg_buf_str(&b), "0:c-001;2:;");
    wg_buf_clear(&b);
    CHECK_INT(wg_view_blob(g.v, txn, WG_S("no name"), list_blob, &b), WG_OK);
    CHECK_INT(b.n, 0);
    wg_txn_abort(txn);
    wg_buf_free(&b);
    given_done(&g);
}

/* ---- records and the outbox ---- */

static int count_names(void *arg, struct wg_str name, struct wg_str json)
{
    struct wg_buf *b = arg;
    wg_buf_str_add(b, name);
    wg_buf_char(b, '=');
    wg_buf_str_add(b, json);
    wg_buf_char(b, ';');
    return WG_OK;
}

TEST(a_record_is_kept_replaced_and_taken_away)
{
    struct given g = given_views();
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str json;
    fold(&g, 0,
         "\"out\":[{\"k\":\"keep\",\"kind\":\"user\",\"id\":\"b\",\"value\":{\"x\":1}},"
         "{\"k\":\"keep\",\"kind\":\"user\",\"id\":\"a\",\"value\":[]},"
         "{\"k\":\"keep\",\"kind\":\"users\",\"id\":\"c\",\"value\":1}]");
    fold(&g, 0, "\"out\":[{\"k\":\"keep\",\"kind\":\"user\",\"id\":\"b\",\"value\":{\"x\":2}}]");
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_view_records(g.v, txn, "user", count_names, &b), WG_OK);
    CHECK_STR(wg_buf_str(&b), "a=[];b={\"x\":2};");
    CHECK_INT(wg_view_record(g.v, txn, "user", WG_S("b"), &json), WG_OK);
    CHECK_STR(json, "{\"x\":2}");
    wg_txn_abort(txn);
    fold(&g, 0,
         "\"out\":[{\"k\":\"keep\",\"kind\":\"user\",\"id\":\"b\",\"value\":null},"
         "{\"k\":\"keep\",\"kind\":\"user\",\"id\":\"never\",\"value\":null}]");
    txn = reading(&g);
    CHECK_INT(wg_view_record(g.v, txn, "user", WG_S("b"), &json), WG_ENOENT);
    wg_txn_abort(txn);
    wg_buf_free(&b);
    given_done(&g);
}

static int list_outbox(void *arg, uint64_t n, uint32_t i, struct wg_str json)
{
    wg_buf_fmt(arg, "%llu.%u %.*s;", (unsigned long long)n, i, WG_PRI(json));
    return WG_OK;
}

TEST(a_notice_waits_in_the_outbox_until_it_is_done)
{
    struct given g = given_views();
    struct wg_buf b = WG_BUF_INIT;
    fold(&g, 0,
         "\"out\":[{\"k\":\"x\"},{\"k\":\"notify\",\"to\":\"a\"},{\"k\":\"notify\",\"to\":\"b\"}]");
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_view_outbox(g.v, txn, list_outbox, &b), WG_OK);
    CHECK_STR(wg_buf_str(&b),
              "1.1 {\"k\":\"notify\",\"to\":\"a\"};1.2 {\"k\":\"notify\",\"to\":\"b\"};");
    wg_txn_abort(txn);
    fold(&g, 0, "\"out\":[{\"k\":\"done\",\"n\":1,\"i\":1}]");
    fold(&g, 0, "\"out\":[{\"k\":\"done\",\"n\":1,\"i\":1}]"); /* told twice: fine */
    txn = reading(&g);
    wg_buf_clear(&b);
    CHECK_INT(wg_view_outbox(g.v, txn, list_outbox, &b), WG_OK);
    CHECK_STR(wg_buf_str(&b), "1.2 {\"k\":\"notify\",\"to\":\"b\"};");
    wg_txn_abort(txn);
    wg_buf_free(&b);
    given_done(&g);
}

/* ---- keys ---- */

static int seen(struct given *g, const char *by, const char *key, int64_t now, struct wg_seen *out)
{
    struct wg_txn *txn = reading(g);
    int rc = wg_view_seen(g->v, txn, wg_str_of(by), wg_str_of(key), now, out);
    wg_txn_abort(txn);
    return rc;
}

TEST(a_key_is_known_for_thirty_days_of_the_journals_time)
{
    struct given g = given_views();
    struct wg_seen s;
    fold(&g, ONE,
         "\"key\":\"k1\",\"ask\":\"b2:a\",\"in\":{},\"out\":[" OPEN("341824-2026-000001") "]");
    CHECK_INT(seen(&g, "c-001", "k1", T0, &s), WG_OK);
    CHECK(s.n == 1 && s.t == T0 && s.id == ONE);
    CHECK_TEXT(s.ask, "b2:a");
    CHECK_INT(seen(&g, "c-002", "k1", T0, &s), WG_ENOENT); /* each person's own */
    CHECK_INT(seen(&g, "c-001", "k2", T0, &s), WG_ENOENT);
    CHECK_INT(seen(&g, "c-001", "k1", T0 + 30 * WG_DAY_MS - 1, &s), WG_OK);
    CHECK_INT(seen(&g, "c-001", "k1", T0 + 30 * WG_DAY_MS, &s), WG_ENOENT);
    given_done(&g);
}

static uint64_t rows_of(struct given *g, int table)
{
    struct wg_txn *txn = reading(g);
    uint64_t n = wg_count(txn, g->v->table[table]);
    wg_txn_abort(txn);
    return n;
}

TEST(old_keys_go_a_few_at_each_entry_and_one_used_again_stays)
{
    struct given g = given_views();
    struct wg_seen s;
    for (int i = 0; i < 10; i++)
        fold(&g, 0, "\"key\":\"k%d\",\"ask\":\"b2:a\",\"out\":[]", i);
    CHECK_INT(rows_of(&g, T_SEEN), 10);
    g.t += 31 * WG_DAY_MS;
    fold(&g, 0, "\"key\":\"k0\",\"ask\":\"b2:b\",\"out\":[]"); /* used again: it now stands under
                                                                  this entry */
    for (int i = 0; i < 6; i++)
        fold(&g, 0, "\"key\":\"new%d\",\"ask\":\"b2:a\",\"out\":[]", i);
    CHECK_INT(rows_of(&g, T_SEEN), 7);
    CHECK_INT(rows_of(&g, T_SEEN_AT), 7);
    CHECK_INT(seen(&g, "c-001", "k0", g.t, &s), WG_OK);
    CHECK_INT(s.n, 11);
    CHECK_INT(seen(&g, "c-001", "k1", T0, &s), WG_ENOENT);
    given_done(&g);
}

/* ---- keys of an index ---- */

static size_t keys_in(const struct index_key *k, size_t count, enum table table)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += k[i].table == table;
    return n;
}

TEST(a_case_stands_under_its_state_grid_due_and_each_unit_that_held_it)
{
    struct index_key k[KEYS_MAX];
    struct wg_case c = {.id = ONE,
                        .state = WG_DISPOSING,
                        .grid = WG_S("g"),
                        .held = WG_S("u-cg u-hw"),
                        .due = 5,
                        .opened = 3};
    size_t n = index_keys(&c, k);
    CHECK_INT(n, 5);
    CHECK(keys_in(k, n, T_BY_STATE) == 1 && keys_in(k, n, T_BY_GRID) == 1 &&
          keys_in(k, n, T_WAKE) == 1);
    CHECK_INT(keys_in(k, n, T_BY_UNIT), 2);
    c.state = WG_CLOSED; /* nothing is due any more */
    CHECK_INT(keys_in(k, index_keys(&c, k), T_WAKE), 0);
    c.state = WG_DISPOSING;
    c.due = 0;
    CHECK_INT(keys_in(k, index_keys(&c, k), T_WAKE), 0);
    c.held = WG_S("a b c d e f g h i j k l m n o p q r s t u v w x y z"); /* more units than there
                                                                             is room for */
    CHECK_INT(index_keys(&c, k), KEYS_MAX);
    char longest[2000];
    memset(longest, 'x', sizeof(longest));
    c.grid = c.held = (struct wg_str){longest, sizeof(longest)};
    n = index_keys(&c, k);
    for (size_t i = 0; i < n; i++)
        CHECK(k[i].n <= KEY_MAX);
}

TEST(an_update_leaves_just_the_keys_of_the_new_record)
{
    struct given g = given_views();
    static const struct wg_case steps[] = {
        {.id = ONE, .state = WG_REPORTED, .grid = {"g", 1}, .opened = 3},
        {.id = ONE,
         .state = WG_DISPATCHED,
         .grid = {"g", 1},
         .opened = 3,
         .due = 9,
         .held = {"u-cg", 4}},
        {.id = ONE,
         .state = WG_DISPATCHED,
         .grid = {"g", 1},
         .opened = 3,
         .due = 10,
         .held = {"u-cg u-hw", 9}},
        {.id = ONE,
         .state = WG_CLOSED,
         .grid = {"g2", 2},
         .opened = 3,
         .due = 10,
         .held = {"u-cg u-hw", 9}},
    };
    static const uint64_t due[] = {0, 1, 1, 0}, units[] = {0, 1, 2, 2};
    for (size_t i = 0; i < 4; i++) {
        struct wg_txn *txn = begin(g.v, true);
        CHECK_INT(index_update(g.v, txn, i ? &steps[i - 1] : NULL, &steps[i]), WG_OK);
        CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
        CHECK(rows_of(&g, T_BY_STATE) == 1 && rows_of(&g, T_BY_GRID) == 1);
        CHECK(rows_of(&g, T_WAKE) == due[i] && rows_of(&g, T_BY_UNIT) == units[i]);
    }
    given_done(&g);
}

/* ---- versions, comparing ---- */

static void given_cases(struct given *g, int count)
{
    g->txn = begin(g->v, true);
    for (int i = 1; i <= count; i++)
        fold(g, wg_case_id(341824, 2026, (uint32_t)i),
             "\"key\":\"%d\",\"ask\":\"b2:a\",\"in\":{},\"out\":[{\"k\":\"open\",\"id\":\"341824-"
             "2026-%06d\",\"kind\":\"event\","
             "\"source\":\"collector\",\"at\":[1,2],\"grid\":\"g%d\",\"role\":\"collector\"},{"
             "\"k\":\"set\",\"unit\":\"u-%d\",\"due\":%d}]",
             i, i, i % 7, i % 3, 1000 + i);
    CHECK_INT(wg_txn_commit(g->txn, &err), WG_OK);
    g->txn = NULL;
}

static void set_version(struct given *g, const char *key, uint64_t version)
{
    uint8_t be[8];
    struct wg_txn *txn = begin(g->v, true);
    wg_be64(be, version);
    CHECK_INT(wg_put(txn, g->v->table[T_META], wg_str_of(key), (struct wg_str){(char *)be, 8}),
              WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
}

static uint64_t differing(struct given *x, struct given *y)
{
    uint64_t n = 0;
    CHECK_INT(wg_views_compare(x->v, y->v, NULL, NULL, &n, &err), WG_OK);
    return n;
}

TEST(an_index_of_an_older_version_is_made_again_from_the_cases)
{
    struct given g = given_views(), same = given_views();
    given_cases(&g, 300); /* more than one piece */
    given_cases(&same, 300);
    CHECK_INT(differing(&g, &same), 0);
    struct wg_txn *txn = begin(g.v, true);
    CHECK_INT(wg_drop(txn, g.v->table[T_BY_UNIT]), WG_OK);
    CHECK_INT(wg_put(txn, g.v->table[T_WAKE], WG_S("rubbish of an old form"), WG_S("")), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    set_version(&g, "version:by_unit", 1);
    CHECK_INT(differing(&g, &same), 302);
    wg_views_close(g.v);
    views_open(&g);
    CHECK_INT(differing(&g, &same), 0);
    given_done(&g);
    given_done(&same);
}

TEST(a_fold_of_an_older_version_leaves_nothing_but_to_begin_anew)
{
    struct given g = given_views();
    struct wg_views_tip tip;
    given_cases(&g, 100);
    set_version(&g, "version:seen", 0);
    wg_views_close(g.v);
    views_open(&g);
    struct wg_txn *txn = reading(&g);
    CHECK_INT(wg_views_tip(g.v, txn, &tip), WG_OK);
    CHECK_INT(tip.n, 0);
    wg_txn_abort(txn);
    CHECK(rows_of(&g, T_CASE) + rows_of(&g, T_BY_STATE) + rows_of(&g, T_SEEN) == 0);
    g.n = 0;
    given_cases(&g, 100); /* and it goes on from there */
    given_done(&g);
}

static void say_line(void *arg, const char *line)
{
    wg_buf_fmt(arg, "%s\n", line);
}

TEST(comparing_tells_each_key_that_differs_and_of_which_table)
{
    struct given x = given_views(), y = given_views();
    struct wg_buf said = WG_BUF_INIT;
    uint64_t n = 0;
    given_cases(&x, 40);
    given_cases(&y, 40);
    struct wg_txn *txn = begin(x.v, true);
    CHECK_INT(wg_put(txn, x.v->table[T_RECORD], WG_S("a"), WG_S("1")), WG_OK);
    CHECK_INT(wg_put(txn, x.v->table[T_OUTBOX], WG_S("zz"), WG_S("1")), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    txn = begin(y.v, true);
    CHECK_INT(wg_put(txn, y.v->table[T_RECORD], WG_S("a"), WG_S("2")), WG_OK);
    CHECK_INT(wg_put(txn, y.v->table[T_OUTBOX], WG_S("aa"), WG_S("1")), WG_OK);
    CHECK_INT(wg_txn_commit(txn, &err), WG_OK);
    CHECK_INT(wg_views_compare(x.v, y.v, say_line, &said, &n, &err), WG_OK);
    CHECK_INT(n, 3);
    CHECK_STR(wg_buf_str(&said), "outbox 6161: only in the second\noutbox 7a7a: only in the "
                                 "first\nrecord 61: another value\n");
    wg_buf_free(&said);
    given_done(&x);
    given_done(&y);
}

TEST(views_that_cant_be_trusted_are_taken_from_the_last_copy)
{
    struct given g = given_views();
    struct wg_views_tip tip;
    given_cases(&g, 50);
    CHECK_INT(wg_env_copy(wg_views_env(g.v), IN(&g.f, "copy"), &err), WG_OK);
    fold(&g, 0, "\"out\":[]");
    wg_views_close(g.v);
    for (int copy = 1; copy >= 0; copy--) {
        CHECK_INT(unlink(IN(&g.f, "views/clean")),
                  0); /* the machine went down: another boot, no clean mark */
        put_bytes(IN(&g.f, "views/boot"), "another", 7);
        views_open(&g);
        struct wg_txn *txn = reading(&g);
        CHECK_INT(wg_views_tip(g.v, txn, &tip), WG_OK);
        CHECK_INT(tip.n, copy ? 50 : 0); /* and where there is no copy, from nothing */
        wg_txn_abort(txn);
        wg_views_close(g.v);
        CHECK_INT(wg_env_discard(IN(&g.f, "copy"), &err), WG_OK);
    }
    views_open(&g);
    given_done(&g);
}

RUN_ALL("case_views")
