/** Any bytes as a county's table: faults by row, or a categories.lua that loads, and whose table
 * comes back as the same Lua. */
#include "workshop/workshop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACK(area)                                                                          \
    "return county { code = '" area "', name = '青山', standard = 'S', number = "         \
    "'{year}{serial}', hours = { week = 'Mon-Fri', shifts = { '08:30-12:00' } }, flow = { " \
    "{ action = 'report', to = 'reported', role = 'collector' } }, categories = "

static const char city_json[] =
    "{\"area\":\"990100\",\"city\":\"990100\",\"files\":["
    "[\"990100/rules.lua\",\"" PACK(
        "990100") "standard 'S' }\"],"
                  "[\"standards/classes.csv\",\"standard,kind,major,major_name,code,name,status\\n"
                  "S,part,01,公用设施,0101,井盖,found\\nS,event,01,市容环境,0101,暴露垃圾,found\\n"
                  "S,event,01,市容环境,0102,道路不洁,found\\n\"],"
                  "[\"standards/"
                  "limits.csv\",\"standard,kind,code,id,text,limit,unit,close,source\\n"
                  "S,part,0101,1,丢失,2,emergency_hour,复原,甲\\nS,event,0101,1,散置,4,work_hour,"
                  "清走,甲\\n"
                  "S,event,0101,2,成堆,1.5,work_day,清走,甲\\nS,event,0102,1,路面不洁,2,work_hour,"
                  "清走,甲\\n\"]]}";

static struct wg_bundle *base;
static struct wg_rules *city;

static void prepare(void)
{
    struct wg_err err = {0};
    if (city)
        return;
    wg_require(wg_bundle_parse(wg_str_of(city_json), &base, &err) == WG_OK);
    wg_require(wg_rules_new(base, NULL, NULL, &city, &err) == WG_OK);
}

static void comes_back(struct wg_str lua)
{
    struct wg_bundle_file own[] = {
        {WG_S("990101/categories.lua"), lua},
        {WG_S("990101/rules.lua"), WG_S(PACK("990101") "require '990101.categories' }")}};
    struct wg_bundle *b = NULL;
    struct wg_rules *r = NULL;
    struct wg_buf sheet = WG_BUF_INIT, again = WG_BUF_INIT;
    struct wg_findings f = {.items = WG_BUF_INIT};
    struct wg_sheet_changes changes;
    struct wg_err err = {0};
    wg_require(wg_bundle_over(base, "990100", "990101", own, 2, &b, &err) == WG_OK);
    wg_require(wg_rules_new(b, NULL, NULL, &r, &err) == WG_OK);
    wg_sheet_write(wg_rules_pack(r), NULL, &sheet);
    wg_require(wg_sheet_read(wg_buf_str(&sheet), wg_rules_pack(city), &again, &changes, &f) ==
               WG_OK);
    wg_require(wg_str_eq(lua, wg_buf_str(&again)));
    wg_findings_free(&f);
    wg_buf_free(&sheet);
    wg_buf_free(&again);
    wg_rules_free(r);
    wg_bundle_drop(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_buf lua = WG_BUF_INIT;
    struct wg_findings f = {.items = WG_BUF_INIT};
    struct wg_sheet_changes changes;
    if (size > 65536)
        return 0;
    prepare();
    int rc = wg_sheet_read((struct wg_str){(const char *)data, size}, wg_rules_pack(city), &lua,
                           &changes, &f);
    wg_require(rc == WG_OK || rc == WG_EINVAL);
    wg_require((rc == WG_OK) == (lua.n > 0) && (rc == WG_OK) == (f.count[WG_FAULT] == 0));
    wg_require(wg_utf8_valid(wg_buf_str(&f.items)) && wg_utf8_valid(wg_buf_str(&lua)));
    if (rc == WG_OK)
        comes_back(wg_buf_str(&lua));
    wg_findings_free(&f);
    wg_buf_free(&lua);
    return 0;
}
