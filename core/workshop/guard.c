/* The rigidity guard 刚性守护: a county may tighten what its city says, and add to it, not loosen
 * it. What is said as data is proved from the data, functions by running both packs. Here: the
 * findings, the exemptions, and what is left over. */
#include "workshop/guard.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what is found ---- */

struct guard_spot guard_spot(const struct guard *g, const char *needle)
{
    struct guard_spot s = {{NULL, 0}, 0};
    wg_bundle_spot(g->bundle, wg_bundle_area(g->bundle), needle, &s.file, &s.line);
    return s;
}

struct wg_str guard_where(struct guard *g, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return wg_arena_str(g->a, wg_str_of(text));
}

bool guard_starts(struct wg_str text, struct wg_str front)
{
    return text.n >= front.n && memcmp(text.p, front.p, front.n) == 0;
}

/* The exemption of this finding, and which one it is; NULL: none. */
static const struct wg_json *exemption_of(const struct guard *g, const char *check,
                                          struct wg_str where, uint32_t *at)
{
    *at = 0;
    for (const struct wg_json *e = g->o->exemptions ? g->o->exemptions->child : NULL; e;
         e = e->next, *at += 1)
        if (wg_str_is(wg_json_str(e, "check"), check) &&
            wg_str_eq(wg_json_str(e, "where"), where) && wg_json_str(e, "number").n)
            return e;
    return NULL;
}

/* Its last day is a whole day. */
static bool in_force(const struct guard *g, const struct wg_json *e)
{
    struct wg_date d;
    return wg_date_parse(wg_json_str(e, "until"), &d) == WG_OK &&
           g->o->now_ms < (wg_day_of(d) + 1) * WG_DAY_MS - WG_ZONE_MS;
}

static bool complete(const struct wg_json *e)
{
    static const char *const fields[] = {"number", "reason", "signer", "until", "check", "where"};
    struct wg_date d;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!wg_json_str(e, fields[i]).n)
            return false;
    return wg_date_parse(wg_json_str(e, "until"), &d) == WG_OK;
}

/* Cut at a character: a person reads this. */
static void cut_text(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && !wg_utf8_valid((struct wg_str){s, n}))
        n--;
    s[n] = '\0';
}

void guard_say(struct guard *g, enum wg_severity severity, const char *check, struct wg_str where,
               struct guard_spot spot, const char *fmt, ...)
{
    char text[GUARD_TEXT];
    uint32_t at;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    const struct wg_json *e = severity == WG_FAULT ? exemption_of(g, check, where, &at) : NULL;
    if (e && complete(e)) {
        struct wg_str number = wg_json_str(e, "number"), signer = wg_json_str(e, "signer"),
                      until = wg_json_str(e, "until");
        bool holds = in_force(g, e);
        if (holds)
            severity = WG_REMARK;
        snprintf(text + len, sizeof(text) - len,
                 holds ? "（已获豁免：%.*s，%.*s签发，至%.*s止）"
                       : "（豁免%.*s由%.*s签发，已于%.*s到期，不再有效）",
                 WG_PRI(number), WG_PRI(signer), WG_PRI(until));
        if (at < 64)
            g->used |= UINT64_C(1) << at;
    }
    cut_text(text);
    wg_find(g->f, &(struct wg_finding){.severity = severity,
                                       .check = check,
                                       .where = where,
                                       .file = spot.file,
                                       .line = spot.line,
                                       .text = text});
}

/* ---- exemptions ---- */

static void check_exemptions(struct guard *g)
{
    uint32_t i = 0;
    const struct guard_spot nowhere = {{NULL, 0}, 0};
    const struct wg_json *list = g->o->exemptions;
    if (list && list->type != WG_JARR)
        guard_say(g, WG_FAULT, "bad_exemption", WG_S("exemptions"), nowhere, "豁免应为列表");
    for (const struct wg_json *e = list && list->type == WG_JARR ? list->child : NULL; e;
         e = e->next, i++) {
        struct wg_str where = guard_where(g, "exemption.%u", i + 1),
                      number = wg_json_str(e, "number"), check = wg_json_str(e, "check"),
                      of = wg_json_str(e, "where");
        if (!complete(e))
            guard_say(
                g, WG_FAULT, "bad_exemption", where, nowhere,
                "豁免须写全文号number、理由reason、签发人signer、截止日until（如2027-06-30）、"
                "检查项check、位置where");
        else if (i >= 64 || !(g->used >> i & 1))
            guard_say(g, WG_REMARK, "unused_exemption", where, nowhere,
                      "豁免%.*s没有用上：没有%.*s在%.*s处的不合格", WG_PRI(number), WG_PRI(check),
                      WG_PRI(of));
    }
}

/* ---- documents, points, the small centre ---- */

static void check_sources(struct guard *g)
{
    for (size_t i = 0; i < g->city->legals; i++) {
        const struct wg_legal *l = &g->city->legal[i], *own = wg_pack_legal(g->county, l->id);
        if (own && wg_str_eq(own->issuer, l->issuer) && wg_str_eq(own->number, l->number) &&
            wg_str_eq(own->title, l->title) && own->from_ms == l->from_ms && own->to_ms == l->to_ms)
            continue;
        char needle[96];
        snprintf(needle, sizeof(needle), "%.*s", (int)(l->id.n < 90 ? l->id.n : 90), l->id.p);
        guard_say(g, WG_FAULT, "source_redefined", guard_where(g, "sources.%.*s", WG_PRI(l->id)),
                  guard_spot(g, needle), "市级文件《%.*s》被%s：文件由市级登记，县级只能另加",
                  WG_PRI(l->title), own ? "改写" : "删去");
    }
}

static void check_rest(struct guard *g)
{
    check_sources(g);
    if (memcmp(g->city->point, g->county->point, sizeof(g->city->point)) != 0)
        guard_say(g, WG_FAULT, "points_changed", WG_S("points"), guard_spot(g, "points"),
                  "流程扩展点由市级规定，县级不能自行改动");
    if (g->county->small_centre && !g->city->small_centre)
        guard_say(g, WG_REMARK, "small_centre", WG_S("small_centre"), guard_spot(g, "small_centre"),
                  "小中心：监督与指挥可由一人兼任，每一步都会留下标记");
    if (g->county->owners > g->city->owners)
        guard_say(g, WG_REMARK, "owners", WG_S("owners"), guard_spot(g, "owners"),
                  "县级自定了责任主体的认定次序，共%zu条，在市级之前适用",
                  g->county->owners - g->city->owners);
}

/* ---- the whole ---- */

static int read_texts(struct guard *g, struct wg_err *err)
{
    const struct {
        struct wg_str text;
        const struct wg_json **out;
    } texts[] = {{g->city->tables, &g->city_tables},   {g->county->tables, &g->tables},
                 {g->city->scoring, &g->city_scoring}, {g->county->scoring, &g->scoring},
                 {g->city->map, &g->city_map},         {g->county->map, &g->map}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct wg_json *tree;
        int rc = wg_json_parse(g->a, texts[i].text, &tree, err);
        if (rc < 0)
            return rc;
        *texts[i].out = tree;
    }
    return WG_OK;
}

int guard_open(struct guard *g, struct wg_rules *city, struct wg_rules *county,
               const struct wg_guard_opts *o, struct wg_err *err)
{
    int rc;
    *g = (struct guard){.city_rules = city,
                        .county_rules = county,
                        .city = wg_rules_pack(city),
                        .county = wg_rules_pack(county),
                        .bundle = wg_rules_bundle(county),
                        .o = o,
                        .a = wg_arena_new(65536)};
    if (!g->a)
        return wg_fail(err, WG_ENOMEM, "no memory for the guard");
    return (rc = read_texts(g, err)) < 0 ? rc : guard_calendars(g, err);
}

void guard_close(struct guard *g)
{
    wg_worktime_free(g->wt);
    wg_worktime_free(g->city_wt);
    wg_arena_free(g->a);
}

int wg_guard(struct wg_rules *city, struct wg_rules *county, const struct wg_guard_opts *o,
             struct wg_findings *f, struct wg_err *err)
{
    struct guard g;
    int rc = guard_open(&g, city, county, o, err);
    if (rc < 0)
        goto out;
    g.f = f;
    guard_hours(&g);
    guard_classes(&g);
    guard_flow(&g);
    guard_tables(&g);
    guard_campaigns(&g);
    check_rest(&g);
    rc = guard_handlers(&g, err);
    check_exemptions(&g);
    if (rc == WG_OK && !wg_buf_ok(&f->items))
        rc = wg_fail(err, WG_ENOMEM, "no memory for findings");
out:
    guard_close(&g);
    return rc;
}
