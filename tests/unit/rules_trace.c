/** The tracer: which line fired, and the nearest that did not, by which condition and what values.
 */
#include "rules_given.h"

static struct wg_buf told;
static struct wg_json *body;

/* Decides the handler of an event and parses what the tracer says. */
static const struct wg_json *trace(struct wg_rules *r, const char *in)
{
    static struct wg_case c;
    struct wg_pack *p = wg_rules_pack(r);
    struct wg_json *j = NULL;
    if (!arena)
        arena = wg_arena_new(0);
    c = (struct wg_case){.id = wg_case_id(990101, 2026, 12),
                         .kind = WG_EVENT,
                         .category = WG_S("0101"),
                         .state = WG_ACCEPTED,
                         .version = 3};
    CHECK_INT(wg_json_parse(arena, wg_str_of(in), &body, &err), WG_OK);
    struct wg_decision d = {.event = "report",
                            .c = &c,
                            .in = body,
                            .class_ = wg_pack_class(p, WG_EVENT, c.category),
                            .by = WG_S("z-001"),
                            .role = WG_CHIEF,
                            .now_ms = 1772787600000,
                            .world = &world};
    wg_buf_clear(&facts);
    wg_buf_clear(&outs);
    wg_buf_clear(&told);
    if (wg_rules_trace(r, &d, arena, &facts, &outs, &told, &err) < 0)
        CHECK_TEXT(err.text, "no error");
    CHECK_INT(wg_json_parse(arena, wg_buf_str(&told), &j, &err), WG_OK);
    return j;
}

static const struct wg_json *row(const struct wg_json *j, const char *list, int i)
{
    const struct wg_json *m = wg_json_get(j, list)->child;
    for (; m && i > 0; i--)
        m = m->next;
    return m;
}

static const char *text_of(const struct wg_json *j)
{
    static struct wg_buf b;
    wg_buf_clear(&b);
    if (j)
        wg_json_write(j, &b);
    wg_buf_char(&b, '\0');
    return b.p;
}

static void finish(struct wg_rules *r)
{
    wg_buf_free(&told);
    done(r);
}

#define TIERS                                                                     \
    "local days = ctx.body.days\n" /* 3 */                                        \
    "for _, tier in ipairs({ { days = 3, by = 'dispatcher' }, { days = 10, by = " \
    "'chief' }, { days = 30, by = 'leader' } }) do\n"                             \
    "  if case.deferrals <= 0 and days <= tier.days then\n" /* 5 */               \
    "    return ask { of = tier.by,\n"                                            \
    "      because = 'so' }\n"                                                    \
    "  end\n"                                                                     \
    "end\n"                                                                       \
    "return refuse { because = 'too long' }\n" /* 10 */

TEST(of_a_row_of_tiers_the_last_one_that_did_not_fit_is_the_nearest)
{
    struct wg_rules *r = rules_with("", TIERS);
    const struct wg_json *j = trace(r, "{\"days\":12}"), *near = row(j, "not", 0);
    CHECK_INT(wg_json_int(row(j, "fired", 0), "line", 0), 6);
    CHECK_STR(wg_json_str(row(j, "fired", 0), "text"), "return ask { of = tier.by,");
    CHECK_INT(wg_json_int(wg_json_get(row(j, "fired", 0), "values"), "tier.days", 0), 30);
    CHECK_INT(wg_json_int(near, "line", 0), 5);
    CHECK_STR(wg_json_str(near, "condition"), "if case.deferrals <= 0 and days <= tier.days then");
    CHECK_TEXT(text_of(wg_json_get(near, "values")),
               "{\"case.deferrals\":0,\"days\":12,\"tier.days\":10}");
    CHECK_STR(wg_json_str(near, "would"), "return ask { of = tier.by, because = 'so' }");
    CHECK(!wg_json_bool(near, "held", true));
    CHECK_STR(wg_json_str(row(j, "not", 1), "would"), "return refuse { because = 'too long' }");
    CHECK(wg_json_bool(row(j, "not", 1), "held", false));
    CHECK(row(j, "not", 2) == NULL);
    finish(r);
}

TEST(what_is_traced_is_decided_the_same_and_costs_nothing_after)
{
    struct wg_rules *r = rules_with("", TIERS);
    trace(r, "{\"days\":5}");
    struct wg_str traced = wg_arena_str(arena, wg_buf_str(&outs));
    struct wg_rules *plain = rules_with("", TIERS);
    static struct wg_case c;
    c = (struct wg_case){.kind = WG_EVENT, .category = WG_S("0101"), .state = WG_ACCEPTED};
    struct wg_decision d = {.event = "report", .c = &c, .in = body, .role = WG_CHIEF};
    for (int i = 0; i < 2; i++) { /* one that was never traced, and the one that was */
        wg_buf_clear(&facts);
        wg_buf_clear(&outs);
        CHECK_INT(wg_rules_decide(i ? r : plain, &d, arena, &facts, &outs, &err), WG_OK);
        CHECK(wg_str_eq(wg_buf_str(&outs), traced));
    }
    wg_rules_free(plain);
    finish(r);
}

TEST(a_branch_on_one_line_is_taken_or_not)
{
    struct wg_rules *r =
        rules_with("", "if ctx.body.a then return ask { of = 'chief', because = 'a' } end\n"
                       "if ctx.body.b then return ask { of = 'leader', because = 'b' } end\n"
                       "return propose { unit = 'u', because = 'c' }\n");
    const struct wg_json *j = trace(r, "{\"b\":true}");
    CHECK_INT(wg_json_int(row(j, "fired", 0), "line", 0), 4);
    CHECK_STR(wg_json_str(row(j, "fired", 0), "condition"), "if ctx.body.b then");
    CHECK_STR(wg_json_str(row(j, "not", 0), "condition"), "if ctx.body.a then");
    CHECK_TEXT(text_of(wg_json_get(row(j, "not", 0), "values")), "{\"ctx.body.a\":null}");
    CHECK_STR(wg_json_str(row(j, "not", 1), "would"),
              "return propose { unit = 'u', because = 'c' }");
    CHECK(wg_json_bool(row(j, "not", 1), "held", false));
    j = trace(r, "{}");
    CHECK_INT(wg_json_int(row(j, "fired", 0), "line", 0), 5);
    CHECK_STR(wg_json_str(row(j, "not", 0), "condition"), "if ctx.body.b then");
    CHECK_STR(wg_json_str(row(j, "not", 1), "condition"), "if ctx.body.a then");
    CHECK(row(j, "not", 2) == NULL);
    finish(r);
}

TEST(a_guard_that_leaves_early_is_what_kept_the_rest_away)
{
    struct wg_rules *r =
        rules_with("", "local n = #(ctx.body.list or {})\n"
                       "if n < 2 then return end\n"
                       "return notify { to = 'leader', text = 't', because = 'b' }\n");
    const struct wg_json *j = trace(r, "{\"list\":[1]}"), *near = row(j, "not", 0);
    CHECK(row(j, "fired", 0) == NULL);
    CHECK_STR(wg_json_str(near, "condition"), "if n < 2 then");
    CHECK_TEXT(text_of(wg_json_get(near, "values")), "{\"n\":1}");
    CHECK(wg_json_bool(near, "held", false));
    CHECK(wg_str_starts(wg_json_str(near, "would"), "return notify {"));
    finish(r);
}

TEST(an_elseif_an_else_and_a_loop_that_never_ran)
{
    struct wg_rules *r =
        rules_with("", "local out = {}\n"
                       "if ctx.body.n == 1 then\n"
                       "  out[1] = ask { of = 'chief', because = 'one' }\n"
                       "elseif ctx.body.n == 2 then\n"
                       "  out[1] = ask { of = 'leader', because = 'two' }\n"
                       "else\n"
                       "  out[1] = propose { dispute = true, because = 'else' }\n"
                       "end\n"
                       "for _, name in ipairs(ctx.body.names) do\n"
                       "  out[#out + 1] = notify { to = name, text = 't', because = 'each' }\n"
                       "end\n"
                       "return out\n");
    const struct wg_json *j = trace(r, "{\"n\":2,\"names\":[]}");
    CHECK_INT(wg_json_int(row(j, "fired", 0), "line", 0), 7);
    CHECK_STR(wg_json_str(row(j, "not", 0), "condition"),
              "for _, name in ipairs(ctx.body.names) do");
    CHECK_STR(wg_json_str(row(j, "not", 1), "condition"), "if ctx.body.n == 1 then");
    CHECK_STR(wg_json_str(row(j, "not", 2), "condition"), "elseif ctx.body.n == 2 then");
    CHECK(wg_json_bool(row(j, "not", 2), "held", false)); /* the else */
    j = trace(r, "{\"n\":3,\"names\":[\"x\",\"y\"]}");
    CHECK_INT(wg_json_int(row(j, "fired", 0), "line", 0), 9);
    CHECK_INT(wg_json_int(row(j, "fired", 2), "line", 0), 12);
    CHECK_STR(wg_json_str(row(j, "not", 0), "condition"), "elseif ctx.body.n == 2 then");
    CHECK_STR(wg_json_str(row(j, "not", 1), "condition"), "if ctx.body.n == 1 then");
    CHECK(row(j, "not", 2) == NULL);
    finish(r);
}

TEST(a_helper_is_looked_into_and_tables_show_their_plain_fields)
{
    struct wg_rules *r =
        rules_with("local function climb(t) -- if then return end\n"
                   "  local s = [[ if x then\n ]] if not t.go then return end\n"
                   "  return order { text = 'x', because = 'y' } end local limit = 7",
                   "local t = { go = false, b = 2, a = 'x', list = {} }\n"
                   "if t and limit > 7 then return ask { of = 'chief', because = 'never' } end\n"
                   "return climb(t)\n");
    const struct wg_json *j = trace(r, "{}");
    CHECK(row(j, "fired", 0) == NULL);
    const struct wg_json *one = row(j, "not", 0), *two = row(j, "not", 1);
    CHECK_STR(wg_json_str(one, "condition"), "if t and limit > 7 then");
    CHECK_TEXT(text_of(wg_json_get(one, "values")),
               "{\"t.a\":\"x\",\"t.b\":2,\"t.go\":false,\"limit\":7}");
    CHECK_STR(wg_json_str(two, "condition"), "if not t.go then");
    CHECK_STR(wg_json_str(two, "would"), "return order { text = 'x', because = 'y' }");
    finish(r);
}

TEST(time_is_up_for_a_traced_rule_too_and_the_state_goes_on)
{
    struct wg_rules *r =
        rules_with("", "while ctx.body.spin do end return ask { of = 'chief', because = 'b' }\n");
    static struct wg_case c;
    arena = wg_arena_new(0);
    CHECK_INT(wg_json_parse(arena, WG_S("{\"spin\":true}"), &body, &err), WG_OK);
    struct wg_decision d = {.event = "report", .c = &c, .in = body, .role = WG_CHIEF};
    CHECK_INT(wg_rules_trace(r, &d, arena, &facts, &outs, &told, &err), WG_ERULE);
    CHECK(strstr(err.text, "the time is over") != NULL);
    CHECK_INT(wg_json_int(row(trace(r, "{}"), "fired", 0), "line", 0), 3);
    finish(r);
}

RUN_ALL("rules_trace")
