/* The packs as they are shipped: the city's and each county's. */
#include "test.h"

#include "rules/rules.h"

static const char *const areas[] = {"341800", "341802", "341821", "341823",
                                    "341824", "341825", "341881", "341882"};
#define AREAS (sizeof(areas) / sizeof(areas[0]))

static struct wg_rules *rules_of_area(const char *area)
{
    struct wg_bundle *b = NULL;
    struct wg_rules *r = NULL;
    struct wg_err err = {0};
    if (wg_bundle_read("scripts", "standards", "341800", area, &b, &err) < 0 ||
        wg_rules_new(b, NULL, NULL, &r, &err) < 0)
        print_error("%s: %s\n", area, err.text);
    wg_bundle_drop(b);
    CHECK(r != NULL);
    return r;
}

TEST(each_pack_passes_its_own_tests_and_those_it_stands_on)
{
    for (size_t i = 0; i < AREAS; i++) {
        struct wg_rules *r = rules_of_area(areas[i]);
        struct wg_err err = {0};
        struct wg_test_sum sum = {0};
        if (wg_rules_test(r, NULL, &sum, &err) < 0)
            print_error("%s\n", err.text);
        CHECK_INT(err.code, WG_OK);
        CHECK(sum.failed == 0 && sum.ran >= (i ? 20 : 18));
        wg_rules_free(r);
    }
}

TEST(each_document_that_a_row_cites_is_among_the_sources)
{
    for (size_t i = 0; i < AREAS; i++) {
        struct wg_rules *r = rules_of_area(areas[i]);
        const struct wg_pack *p = wg_rules_pack(r);
        for (size_t c = 0; c < p->class_count; c++)
            for (size_t k = 0; k < p->classes[c].conditions; k++) {
                struct wg_str source = p->classes[c].condition[k].source;
                if (source.n && !wg_pack_legal(p, source))
                    print_error("%s %.*s: %.*s\n", areas[i], WG_PRI(p->classes[c].code),
                                WG_PRI(source));
                CHECK(!source.n || wg_pack_legal(p, source));
            }
        wg_rules_free(r);
    }
}

TEST(what_a_county_words_anew_lets_the_other_texts_be)
{
    struct wg_rules *r = rules_of_area("341802");
    struct wg_str messages = wg_rules_pack(r)->messages;
    CHECK(memmem(messages.p, messages.n, "请于当日回复办理情况", 30) != NULL);
    CHECK(memmem(messages.p, messages.n, "超期自动督办", 18) != NULL);
    wg_rules_free(r);
}

/* ---- a limit that a campaign gave ---- */

static int answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                  struct wg_err *err)
{
    (void)self;
    (void)args;
    (void)err;
    CHECK_TEXT(what, "deadline");
    wg_buf_int(out, 1773018000000);
    return WG_OK;
}

static void file_case(struct wg_rules *r, const struct wg_campaign *campaign, struct wg_buf *outs)
{
    const struct wg_class *class_ = wg_pack_class(wg_rules_pack(r), WG_EVENT, WG_S("0110"));
    struct wg_case c = {.kind = WG_EVENT, .category = WG_S("0110"), .state = WG_ACCEPTED};
    struct wg_arena *a = wg_arena_new(0);
    struct wg_world world = {answer, NULL};
    struct wg_buf facts = WG_BUF_INIT;
    struct wg_err err = {0};
    struct wg_decision d = {.event = "file",
                            .c = &c,
                            .class_ = class_,
                            .row = &class_->condition[0],
                            .campaign = campaign,
                            .role = WG_CHIEF,
                            .now_ms = 1772787600000,
                            .world = &world};
    CHECK_INT(wg_rules_decide(r, &d, a, &facts, outs, &err), WG_OK);
    CHECK(outs->n && outs->p);
    wg_buf_free(&facts);
    wg_arena_free(a);
}

TEST(filing_names_the_campaign_that_gave_the_limit)
{
    struct wg_rules *r = rules_of_area("341824");
    struct wg_campaign campaign = {.id = WG_S("c1"), .name = WG_S("节前保洁")};
    static const char said[] = "（绩溪县补充标准）；专项整治「节前保洁」";
    struct wg_buf outs = WG_BUF_INIT;
    file_case(r, &campaign, &outs);
    CHECK(memmem(outs.p, outs.n, said, sizeof(said) - 1) != NULL);
    wg_buf_clear(&outs);
    file_case(r, NULL, &outs);
    CHECK(memmem(outs.p, outs.n, "专项整治", 12) == NULL);
    wg_buf_free(&outs);
    wg_rules_free(r);
}

RUN_ALL("packs")
