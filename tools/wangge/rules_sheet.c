/* A county's classes as the table that it keeps, and back. */
#include "wangge.h"

#define SHEET_MAX ((size_t)4 << 20)

int export_sheet(struct ctx *c)
{
    struct bench b;
    struct wg_buf text = WG_BUF_INIT;
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE) {
        wg_sheet_write(wg_rules_pack(b.rules),
                       c->given[RULES_OWN] ? wg_rules_pack(b.city_rules) : NULL, &text);
        rc = wg_buf_ok(&text) ? put_out(c, wg_buf_str(&text)) : failed(REFUSED, "out of memory");
    }
    wg_buf_free(&text);
    bench_close(&b);
    return rc;
}

/* What was made, and what it changes against the city's. */
static void tell(const struct bench *b, const char *file, const struct wg_sheet_changes *n)
{
    struct wg_str at;
    int line;
    char needle[32];
    printf("已生成 %s：新增 %zu，收紧 %zu，放宽 %zu，改文字 %zu\n", file, n->added, n->tightened,
           n->loosened, n->reworded);
    snprintf(needle, sizeof(needle), "\"%s.categories\"", b->area);
    if (!wg_bundle_spot(b->bundle, wg_str_of(b->area), needle, &at, &line))
        printf("注意：rules.lua 还没有引用它：categories = require \"%s.categories\"\n", b->area);
}

/* A table of a class differs only where it says so; where there is a fault nothing is made. */
int import_sheet(struct ctx *c)
{
    struct bench b;
    struct wg_buf text = WG_BUF_INIT, lua = WG_BUF_INIT;
    struct wg_findings found = {.items = WG_BUF_INIT};
    struct wg_sheet_changes changes;
    struct wg_err err = {0};
    char file[1100];
    snprintf(file, sizeof(file), "%s/categories.lua", c->args[1]);
    if (opt(c, RULES_OUT))
        snprintf(file, sizeof(file), "%s", opt(c, RULES_OUT));
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE && wg_file_read(c->args[2], SHEET_MAX, &text, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    int made = WG_OK;
    if (rc == DONE)
        made =
            wg_sheet_read(wg_buf_str(&text), wg_rules_pack(b.city_rules), &lua, &changes, &found);
    if (made == WG_EINVAL)
        rc = print_findings(c, &found);
    else if (made < 0)
        rc = failed(REFUSED, "out of memory");
    else if (rc == DONE && wg_file_write(file, wg_buf_str(&lua), 0644, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    else if (rc == DONE)
        tell(&b, file, &changes);
    wg_findings_free(&found);
    wg_buf_free(&lua);
    wg_buf_free(&text);
    bench_close(&b);
    return rc;
}
