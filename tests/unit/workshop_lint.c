/** What lint finds in a pack: each fault planted once, and nothing else told. */
#include "rules_given.h"

#include "workshop/workshop.h"

#define TABLES_OK                                                                               \
    "stages = { reported = ONE, verifying = ONE, accepted = ONE, filed = ONE, returned = ONE, " \
    "disputed = ONE, disposed = ONE, checking = ONE, checked = ONE }"
#define STEPS                                                                                \
    "{ step { action = 'report', name = '上报', to = 'reported', role = 'collector' }, "   \
    "step { action = 'accept', name = '受理', from = 'reported', to = 'accepted', role = " \
    "'acceptor' } }"
#define SOURCES "sources = { ['甲'] = { issuer = '县', title = '标准' } },"

/* The day on which all this is looked at. */
#define TODAY INT64_C(1772787600000) /* 2026-03-06 */

static struct wg_findings found;

/* A pack that nothing can be said against, but for what is put into it. */
static void lint_with(const char *before, const char *fields, const char *classes,
                      const char *tables, const char *on)
{
    struct wg_bundle *b;
    struct wg_rules *r = NULL;
    snprintf(text_space, sizeof(text_space),
             "local ONE = { 1, 'work_hour' }\n%s\nreturn county { code = '" AREA
             "', name = '青山县', standard = 'S', number = '{year}{serial}', hours = " HOURS
             ", %s tables = { %s }, categories = extend(standard 'S', { %s }), on = { %s } }",
             before, fields, tables, classes, on);
    struct file files[] = {{AREA "/rules.lua", text_space},
                           {"standards/classes.csv", CLASSES},
                           {"standards/limits.csv", LIMITS}};
    wg_findings_free(&found);
    b = bundle_of(files, 3, &err);
    if (!b || wg_rules_new(b, NULL, NULL, &r, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    CHECK_INT(wg_lint(r, b, NULL, TODAY, &found, &err), WG_OK);
    wg_rules_free(r);
    wg_bundle_drop(b);
}

#define ROW2                                                                                         \
    "event = { ['0102'] = { conditions = { { id = '1', text = '不洁', limit = ONE, close = '净' " \
    "} } } }"
#define GIVEN_FIELDS "flow = " STEPS ", " SOURCES

static bool said(const char *part)
{
    struct wg_str all = wg_buf_str(&found.items);
    return all.p && memmem(all.p, all.n, part, strlen(part)) != NULL;
}

/* So many findings in all; one of them is this, and one says that. */
static void says(size_t count, const char *severity, const char *check, const char *part)
{
    char start[120];
    size_t n = found.count[WG_FAULT] + found.count[WG_DOUBT] + found.count[WG_REMARK];
    snprintf(start, sizeof(start), "{\"severity\":\"%s\",\"check\":\"%s\"", severity, check);
    if (n != count || !said(start) || !said(part))
        print_error("%zu findings: %.*s\nwanted: %s %s\n", n, WG_PRI(wg_buf_str(&found.items)),
                    start, part);
    CHECK_INT(n, count);
    CHECK(said(start));
    CHECK(said(part));
}

TEST(nothing_is_said_against_a_pack_that_is_sound)
{
    lint_with("", GIVEN_FIELDS, ROW2, TABLES_OK, "report = function() end, time = function() end");
    CHECK_INT(found.items.n, 0);
}

TEST(a_handler_of_no_action_is_never_called)
{
    lint_with("", GIVEN_FIELDS, ROW2, TABLES_OK, "reprot = function() end");
    says(1, "fault", "unknown_event", "on.reprot");
}

TEST(names_in_tables_must_be_known)
{
    lint_with("", GIVEN_FIELDS, ROW2,
              TABLES_OK ", deferral = { { before = 0, days = 3, by = 'boss' } }", "");
    says(1, "fault", "unknown_role", "boss");
    lint_with("", GIVEN_FIELDS, ROW2,
              TABLES_OK ", ladder = { { to = 'chief' }, { to = 'xx', after = ONE } }", "");
    says(1, "doubt", "unknown_role", "第2级");
    lint_with("", GIVEN_FIELDS, ROW2,
              TABLES_OK ", ladder = { { to = 'chief' }, { to = 'leader' } }", "");
    says(1, "fault", "ladder_without_after", "第2级");
}

TEST(a_post_without_a_stage_limit_is_doubted)
{
    lint_with("", GIVEN_FIELDS, ROW2,
              "stages = { reported = ONE, verifying = ONE, accepted = ONE, filed = ONE, returned = "
              "ONE, disputed = ONE, disposed = ONE, checking = ONE }",
              "");
    says(1, "doubt", "stage_without_limit", "checked");
}

TEST(documents_must_be_there_and_in_force)
{
    lint_with("", "flow = " STEPS ",", ROW2, TABLES_OK, "");
    says(1, "doubt", "unknown_source", "甲");
    lint_with("",
              "flow = " STEPS
              ", sources = { ['甲'] = { issuer = 'a', title = 'b', to = '2026-03-05' } },",
              ROW2, TABLES_OK, "");
    says(1, "doubt", "expired_source", "2026-03-06");
    lint_with("",
              "flow = " STEPS
              ", sources = { ['甲'] = { issuer = 'a', title = 'b', from = '2026-03-07' } },",
              ROW2, TABLES_OK, "");
    says(1, "doubt", "future_source", "2026-03-07");
}

TEST(classes_have_rows_with_texts_of_their_own)
{
    lint_with("", GIVEN_FIELDS, "", TABLES_OK, "");
    says(1, "fault", "class_without_row", "event.0102");
    lint_with("", GIVEN_FIELDS,
              "event = { ['0102'] = { conditions = { { id = '1', text = '不洁', limit = ONE, close "
              "= '净' "
              "}, { id = '2', text = '不洁', limit = ONE, close = '净' } } } }",
              TABLES_OK, "");
    says(1, "doubt", "same_text", "event.0102 条件2");
}

TEST(a_staged_limit_names_a_unit_of_the_base_data)
{
    lint_with("", GIVEN_FIELDS,
              "event = { ['0102'] = { conditions = { { id = '1', text = '不洁', limit = ONE, close "
              "= '净', "
              "stages = { { name = '围护', limit = ONE, unit = 'u-sz' } } } } } }",
              TABLES_OK, "");
    says(1, "remark", "stage_unit", "u-sz");
}

TEST(tiers_that_are_covered_and_tiers_that_leave_a_gap)
{
    lint_with("", GIVEN_FIELDS, ROW2,
              TABLES_OK ", deferral = { { before = 1, days = 10, by = 'chief' }, { before = 0, "
                        "days = 3, by = 'dispatcher' } }",
              "");
    says(1, "fault", "shadowed_tier", "第2行");
    lint_with("", GIVEN_FIELDS, ROW2,
              TABLES_OK ", deferral = { { before = 0, days = 10, by = 'chief' }, { before = 1, "
                        "days = 3, by = 'leader' } }",
              "");
    says(1, "doubt", "deferral_gap", "已延期1次、再延10个工作日");
}

TEST(owner_rules_after_a_wider_one_are_never_asked)
{
    lint_with("",
              GIVEN_FIELDS "owners = { { kind = 'event', category = '01', by = { 'class' } }, { "
                           "kind = 'event', category = "
                           "'0102', by = { 'territory' } } },",
              ROW2, TABLES_OK, "");
    says(1, "fault", "shadowed_owner", "第2行");
    lint_with("",
              GIVEN_FIELDS "owners = { { kind = 'event', category = '07', by = { 'class' } } },",
              ROW2, TABLES_OK, "");
    says(1, "doubt", "owner_without_class", "event 07");
}

#define CAMPAIGN(id, from, to, more) \
    "{ id = '" id "', name = '" id "', from = '" from "', to = '" to "', " more " },"

TEST(campaigns_that_meet_and_campaigns_that_never_begin)
{
    lint_with("",
              GIVEN_FIELDS "campaigns = {" CAMPAIGN("c1", "2026-03-01", "2026-03-31",
                                                    "event = { ['01'] = true }")
                  CAMPAIGN("c2", "2026-03-10", "2026-03-20",
                           "areas = { '990101001' }, event = { ['0102'] = true }") "},",
              ROW2, TABLES_OK, "");
    says(1, "fault", "shadowed_campaign", "campaigns.c2");
    lint_with("",
              GIVEN_FIELDS "campaigns = {" CAMPAIGN("c1", "2026-03-01", "2026-03-31",
                                                    "event = { ['0102'] = true }")
                  CAMPAIGN("c2", "2026-03-31", "2026-04-20",
                           "areas = { '990101001' }, event = { ['01'] = true }") "},",
              ROW2, TABLES_OK, "");
    says(1, "doubt", "overlapping_campaigns", "campaigns.c2");
    lint_with("",
              GIVEN_FIELDS "campaigns = {" CAMPAIGN("c1", "2026-03-01", "2026-03-31",
                                                    "event = { ['01'] = true }")
                  CAMPAIGN("c2", "2026-04-01", "2026-04-20", "event = { ['01'] = true }") "},",
              ROW2, TABLES_OK, "");
    CHECK_INT(found.items.n, 0);
}

TEST(texts_are_searched_for_doubled_keys_unknown_names_and_messages)
{
    lint_with("local t = { a = 1, b = { a = 2 }, [\"c\"] = function() return f end, a = 3 }",
              GIVEN_FIELDS, ROW2, TABLES_OK, "");
    says(2, "fault", "double_key", "\"where\":\"a\",\"file\":\"" AREA "/rules.lua\",\"line\":2");
    CHECK(said("unknown_name\",\"where\":\"f\""));
    lint_with("local function f(x, ...) local y <const> = x -- z\n for k, v in pairs(y) do f(k, v, "
              "[[z]], 'z', x.z, "
              "x:find 'z', { z = y }) end return tostring(0x1F), 1.5 .. '' end",
              GIVEN_FIELDS, ROW2, TABLES_OK, "");
    CHECK_INT(found.items.n, 0);
    lint_with("", GIVEN_FIELDS "messages = { late = 'x' },", ROW2, TABLES_OK,
              "accept = function(_, ctx) return ctx.messages.late, ctx.messages.latte end");
    says(1, "fault", "unknown_message", "latte");
    wg_findings_free(&found);
}

RUN_ALL("workshop_lint")
