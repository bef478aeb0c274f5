/* A county's rules: the subcommands, and the folder that they work on. */
#include "wangge.h"

#include <stdlib.h>

const struct option rules_options[] = {
    {"out", "FILE", "write there, not to standard output"},
    {"city", "AREA", "the city over the county; else the county's code with 00 at its end"},
    {"standards", "DIR", "class tables and calendar; else standards beside scripts"},
    {"config", "FILE", "the server's configuration (-c is the same)"},
    {"own", NULL, "of export: only classes that differ from the city's"},
    {"all", NULL, "every row, not only the county's own"},
    {"exemptions", "FILE", "signed exemptions for guard: a JSON list"},
    {"note", "TEXT", "why, for the record"},
    {"key", "FILE", "my key, else beside the sign-in"},
    {"migrate", NULL, "of approve: running cases go along (see migration)"},
    {NULL, NULL, NULL},
};

/* ---- the folder ---- */

void bench_close(struct bench *b)
{
    wg_rules_free(b->rules);
    wg_rules_free(b->city_rules);
    wg_bundle_drop(b->bundle);
    wg_bundle_drop(b->base);
    wg_buf_free(&b->calendar);
}

static int bench_load(struct bench *b, const char *scripts, const char *standards,
                      struct wg_err *err)
{
    char path[1200];
    int rc;
    snprintf(path, sizeof(path), "%s/calendar.json", standards);
    if ((rc = wg_bundle_read(scripts, standards, b->city, b->area, &b->bundle, err)) < 0 ||
        (rc = wg_bundle_base(b->bundle, &b->base, err)) < 0 ||
        (rc = wg_rules_new(b->base, NULL, NULL, &b->city_rules, err)) < 0 ||
        (rc = wg_rules_new(b->bundle, NULL, NULL, &b->rules, err)) < 0)
        return rc;
    return wg_file_read(path, 1 << 20, &b->calendar, err);
}

int bench_open(struct bench *b, struct ctx *c, const char *folder)
{
    char *real = realpath(folder, NULL);
    char scripts[1024], standards[1100];
    struct wg_err err = {0};
    *b = (struct bench){.c = c, .calendar = WG_BUF_INIT};
    struct wg_str path = wg_str_of(real ? real : "");
    const char *leaf = real ? strrchr(real, '/') : NULL;
    if (!leaf || strlen(leaf) != 7 || path.n > 1000 || path.n < 17 ||
        memcmp(leaf - 9, "/counties", 9) != 0) {
        free(real);
        return misused(c, "%s is no county's folder: scripts/counties/341824", folder);
    }
    memcpy(b->area, leaf + 1, 7);
    snprintf(b->city, sizeof(b->city), "%.4s00", b->area);
    if (opt(c, RULES_CITY))
        snprintf(b->city, sizeof(b->city), "%s", opt(c, RULES_CITY));
    snprintf(scripts, sizeof(scripts), "%.*s", (int)(leaf - 9 - real), real);
    snprintf(standards, sizeof(standards), "%s/../standards", scripts);
    free(real);
    int rc =
        bench_load(b, scripts, opt(c, RULES_STANDARDS) ? opt(c, RULES_STANDARDS) : standards, &err);
    return rc < 0 ? failed(REFUSED, "%s", err.text) : DONE;
}

/* ---- what is found ---- */

static const char *severity_text(struct wg_str s)
{
    return wg_str_is(s, "fault") ? "不合格" : wg_str_is(s, "doubt") ? "存疑" : "说明";
}

void print_findings_list(const struct wg_json *list)
{
    for (const struct wg_json *m = list ? list->child : NULL; m; m = m->next) {
        struct wg_str file = wg_json_str(m, "file"), right = wg_json_str(m, "right");
        printf("%s  ", severity_text(wg_json_str(m, "severity")));
        if (file.n) {
            put_text(stdout, file);
            printf(":%lld: ", (long long)wg_json_int(m, "line", 0));
        }
        put_text(stdout, wg_json_str(m, "where"));
        fputs(wg_json_str(m, "where").n ? ": " : "", stdout);
        put_text(stdout, wg_json_str(m, "text"));
        if (right.n) {
            fputs("；", stdout);
            put_text(stdout, right);
        }
        putchar('\n');
    }
}

int print_findings(struct ctx *c, const struct wg_findings *f)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j;
    wg_findings_write(f, &b);
    struct wg_str text = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    if (!text.p || wg_json_parse(c->arena, text, &j, NULL) < 0)
        return failed(REFUSED, "out of memory");
    if (c->raw) {
        printf("%.*s\n", WG_PRI(text));
        return f->count[WG_FAULT] ? REFUSED : DONE;
    }
    print_findings_list(wg_json_get(j, "findings"));
    printf("不合格 %zu，存疑 %zu，说明 %zu\n", f->count[WG_FAULT], f->count[WG_DOUBT],
           f->count[WG_REMARK]);
    return f->count[WG_FAULT] ? REFUSED : DONE;
}

int put_out(struct ctx *c, struct wg_str text)
{
    const char *file = opt(c, RULES_OUT);
    FILE *f = file ? fopen(file, "w") : stdout;
    bool ok = f && fwrite(text.p, 1, text.n, f) == text.n;
    if (file && f && fclose(f) != 0)
        ok = false;
    return ok ? DONE : failed(REFUSED, "%s can't be written", file ? file : "standard output");
}

/* ---- subcommands ---- */

const struct rules_command rules_commands[] = {
    {"fetch", "fetch DIR", "取回 what is in force, as a folder to work in", rules_run_fetch, 1, 1},
    {"check", "check FOLDER", "全部检查 all checks that need no server", rules_run_check, 1, 1},
    {"export", "export FOLDER", "导出 its classes as a table 立案结案标准", export_sheet, 1, 1},
    {"import", "import FOLDER SHEET.csv", "导入 categories.lua from such a table", import_sheet, 2,
     2},
    {"test", "test FOLDER", "测试 run the tests of std, city and county; 覆盖率 what they cover",
     rules_run_tests, 1, 1},
    {"complete", "complete --config FILE FOLDER | AREA",
     "责任全覆盖 holes and overlaps, everywhere and all year; --out FILE: a map (GeoJSON)",
     rules_run_complete, 1, 1},
    {"gen-tests", "gen-tests FOLDER",
     "生成测试 out of the county's own rows (--all), with --config at borders too", rules_run_gen,
     1, 1},
    {"lint", "lint FOLDER", "检查 unknown names, rows never chosen, gaps and overlaps",
     rules_run_lint, 1, 1},
    {"guard", "guard FOLDER", "刚性守护 is it nowhere looser than the city's", say_guard, 1, 1},
    {"diff", "diff FOLDER", "对照表 the city's and the county's, side by side", say_diff, 1, 1},
    {"backtest", "backtest FOLDER|HASH [from=DAY] [to=DAY]",
     "回测 recorded decisions under a draft; --out FILE.csv or FILE.html", rules_run_backtest, 1,
     3},
    {"draft", "draft FOLDER [--note TEXT]", "草案 send it: checked step by step, and kept",
     rules_run_draft, 1, 1},
    {"approve", "approve HASH [--migrate]",
     "批准 by another person than its author: in force at once", rules_run_approve, 1, 1},
    {"migration", "migration HASH", "迁移预览 what would become of each running case",
     rules_run_migration, 1, 1},
    {"rollback", "rollback [--note TEXT]", "回滚 the release before comes back into force",
     rules_run_rollback, 0, 0},
    {"status", "status", "状态 what is in force, what failed, which drafts wait", rules_run_status,
     0, 0},
    {"show", "show HASH", "查看 a draft or a revision, and the report of its checks",
     rules_run_show, 1, 1},
    {"key", "key", "签名 make a key of my own, with which I sign from now on", rules_run_key, 0, 0},
    {NULL, NULL, NULL, NULL, 0, 0},
};

int run_workshop(struct ctx *c)
{
    const struct rules_command *k = rules_commands;
    while (k->name && strcmp(k->name, c->args[0]) != 0)
        k++;
    if (k->name && c->count - 1 >= k->least && c->count - 1 <= k->most)
        return k->run(c);
    if (k->name)
        return misused(c, "takes: wangge rules %s", k->usage);
    bool help = strcmp(c->args[0], "help") == 0;
    if (!help)
        misused(c, "there is no subcommand %s", c->args[0]);
    for (k = rules_commands; k->name; k++)
        fprintf(help ? stdout : stderr, "  wangge rules %-32s %s\n", k->usage, k->brief);
    return help ? DONE : MISUSED;
}
