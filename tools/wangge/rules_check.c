/* A county's rules, checked: its tests and what they cover. */
#include "wangge.h"

/* ---- test ---- */

static void say(void *arg, const char *line)
{
    (void)arg;
    put_text(stdout, wg_str_of(line));
    putchar('\n');
}

static void print_missed(const char *label, const struct wg_json *missed)
{
    if (!missed->count)
        return;
    printf("    %s", label);
    for (const struct wg_json *m = missed->child; m; m = m->next) {
        putchar(' ');
        put_text(stdout, m->str);
    }
    putchar('\n');
}

static void print_cover(const struct wg_json *j)
{
    const struct wg_json *rows = wg_json_get(j, "rows");
    puts("覆盖率");
    for (const struct wg_json *f = wg_json_get(j, "files")->child; f; f = f->next) {
        struct wg_str name = wg_json_str(f, "file");
        int64_t hit = wg_json_int(f, "hit", 0), total = wg_json_int(f, "total", 0);
        printf("  %.*s  %lld/%lld 行，%lld%%\n", WG_PRI(name), (long long)hit, (long long)total,
               (long long)(100 * hit / total));
        print_missed("没有运行的行:", wg_json_get(f, "missed"));
    }
    printf("  自有立案条件  %lld/%lld 条\n", (long long)wg_json_int(rows, "hit", 0),
           (long long)wg_json_int(rows, "total", 0));
    print_missed("没有测试的:", wg_json_get(rows, "missed"));
}

/* The run as one tree, printed as it is or in words. */
static int print_sum(struct bench *b, const struct wg_test_sum *sum, const struct wg_buf *lines)
{
    struct wg_buf out = WG_BUF_INIT;
    struct wg_err gate = {0};
    struct wg_json *j;
    int rc = DONE;
    bool passes = wg_rules_cover_gate(sum->cover, wg_rules_pack(b->city_rules), &gate) == WG_OK;
    wg_buf_char(&out, '{');
    wg_json_kint(&out, "ran", (int64_t)sum->ran);
    wg_json_kint(&out, "failed", (int64_t)sum->failed);
    wg_json_key(&out, "said");
    wg_buf_fmt(&out, "[%.*s]", WG_PRI(wg_buf_str(lines)));
    wg_json_key(&out, "cover");
    wg_rules_cover_write(sum->cover, wg_rules_pack(b->city_rules), &out);
    wg_json_kstr(&out, "gate", passes ? (struct wg_str){NULL, 0} : wg_str_of(gate.text));
    wg_buf_char(&out, '}');
    if (!wg_buf_ok(&out) || wg_json_parse(b->c->arena, wg_buf_str(&out), &j, NULL) < 0) {
        rc = failed(REFUSED, "out of memory");
    } else if (b->c->raw) {
        printf("%.*s\n", WG_PRI(wg_buf_str(&out)));
    } else {
        print_cover(wg_json_get(j, "cover"));
        if (!passes)
            printf("  不能发布：%s\n", gate.text);
        printf("%zu tests, %zu failed\n", sum->ran, sum->failed);
    }
    wg_buf_free(&out);
    return rc;
}

static void keep_line(void *arg, const char *line)
{
    wg_json_sep(arg);
    wg_buf_json(arg, wg_str_of(line));
}

int rules_run_tests(struct ctx *c)
{
    struct bench b;
    struct wg_err err = {0};
    struct wg_buf lines = WG_BUF_INIT;
    struct wg_test_sum sum = {0};
    int rc = bench_open(&b, c, c->args[1]);
    struct wg_test_opts opts = {
        .calendar = b.calendar.p, .say = c->raw ? keep_line : say, .arg = &lines, .cover = true};
    struct wg_rules *rules = NULL;
    if (rc == DONE && wg_rules_with_generated(b.rules, wg_rules_pack(b.city_rules), NULL,
                                              b.calendar.p, &rules, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE && wg_rules_test(rules, &opts, &sum, &err) < 0)
        rc = sum.cover ? REFUSED : failed(REFUSED, "%s", err.text);
    if (sum.cover && print_sum(&b, &sum, &lines) != DONE)
        rc = REFUSED;
    wg_rules_cover_free(sum.cover);
    wg_rules_free(rules);
    wg_buf_free(&lines);
    bench_close(&b);
    return rc;
}

/* ---- lint ---- */

int rules_run_lint(struct ctx *c)
{
    struct bench b;
    struct wg_err err = {0};
    struct wg_findings found = {.items = WG_BUF_INIT};
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE &&
        wg_lint(b.rules, b.bundle, wg_rules_pack(b.city_rules), wg_now_ms(), &found, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE)
        rc = print_findings(c, &found);
    wg_findings_free(&found);
    bench_close(&b);
    return rc;
}

/* ---- complete ---- */

static void show_progress(void *arg, size_t done, size_t of)
{
    size_t *told = arg;
    if (done * 10 / of == *told)
        return;
    *told = done * 10 / of;
    fprintf(stderr, "%zu %%\n", *told * 10);
}

/* The check and what it has to say; the map goes to --out. */
static int run_complete(struct ctx *c, const struct wg_ground *g, const struct wg_pack *pack)
{
    struct wg_findings found = {.items = WG_BUF_INIT};
    struct wg_buf map = WG_BUF_INIT;
    struct wg_complete_sum sum;
    struct wg_err err = {0};
    size_t told = 0;
    int64_t now = wg_now_ms(), began = wg_mono_ms();
    int rc = wg_complete(g, pack, now, now + 366 * WG_DAY_MS, c->raw ? NULL : show_progress, &told,
                         &found, &map, &sum, &err);
    if (rc < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE && opt(c, RULES_OUT))
        rc = put_out(c, wg_buf_str(&map));
    if (rc == DONE)
        rc = print_findings(c, &found);
    if (sum.grids && !c->raw)
        printf("%zu 个小类 × %zu 个网格 × %zu 段时间，%zu 个部件：核对 %llu 项，用时 %.1f 秒；缺口 "
               "%zu，"
               "重叠 %zu，不起作用 %zu\n",
               sum.classes, sum.grids, sum.spans, sum.parts, (unsigned long long)sum.checked,
               (double)(wg_mono_ms() - began) / 1000, sum.holes, sum.overlaps, sum.dead);
    wg_findings_free(&found);
    wg_buf_free(&map);
    return rc;
}

int rules_run_complete(struct ctx *c)
{
    struct offline o;
    struct beside in_force = {NULL, NULL};
    struct bench b = {.calendar = WG_BUF_INIT};
    struct wg_rules *rules = NULL;
    struct wg_err err = {0};
    size_t i;
    bool by_area = strlen(c->args[1]) == 6 && !strchr(c->args[1], '/');
    int rc = offline_open(&o, c, opt(c, RULES_CONFIG), false);
    if (rc == DONE && !by_area)
        rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE && !area_index(&o, by_area ? c->args[1] : b.area, &i))
        rc = misused(c, "%s is no area of the configuration", by_area ? c->args[1] : b.area);
    if (rc == DONE && beside_open(&o, i, &in_force, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE && by_area && !in_force.bundle)
        rc = failed(REFUSED, "%s has no rules yet", c->args[1]);
    if (rc == DONE && by_area &&
        wg_rules_new(in_force.bundle, NULL, o.plugins.table, &rules, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE)
        rc = run_complete(c, in_force.ground, wg_rules_pack(by_area ? rules : b.rules));
    wg_rules_free(rules);
    beside_close(&in_force);
    bench_close(&b);
    offline_close(&o);
    return rc;
}

/* ---- gen-tests ---- */

static int write_tests(struct bench *b, const struct wg_ground *ground)
{
    bool all = b->c->given[RULES_ALL] > 0;
    struct wg_gen_opts opts = {.base = all ? NULL : wg_rules_pack(b->city_rules),
                               .calendar = b->calendar.p,
                               .ground = ground};
    struct wg_buf out = WG_BUF_INIT;
    struct wg_err err = {0};
    size_t tests = 0;
    int rc = wg_gen_tests(b->rules, &opts, &out, &tests, &err) < 0
                 ? failed(REFUSED, "%s", err.text)
                 : put_out(b->c, wg_buf_str(&out));
    if (rc == DONE)
        fprintf(stderr, "%zu tests\n", tests);
    wg_buf_free(&out);
    return rc;
}

int rules_run_gen(struct ctx *c)
{
    struct offline o = {.lock = -1};
    struct beside in_force = {NULL, NULL};
    struct bench b;
    struct wg_err err = {0};
    size_t i;
    bool ground = opt(c, RULES_CONFIG) != NULL;
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE && ground)
        rc = offline_open(&o, c, opt(c, RULES_CONFIG), false);
    if (rc == DONE && ground && !area_index(&o, b.area, &i))
        rc = misused(c, "%s is no area of the configuration", b.area);
    if (rc == DONE && ground && beside_open(&o, i, &in_force, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc == DONE)
        rc = write_tests(&b, in_force.ground);
    beside_close(&in_force);
    if (ground)
        offline_close(&o);
    bench_close(&b);
    return rc;
}

/* ---- check: all of it, as a draft is tried ---- */

int rules_run_check(struct ctx *c)
{
    struct bench b;
    struct wg_err err = {0};
    int rc = bench_open(&b, c, c->args[1]);
    if (rc == DONE) {
        struct wg_str calendar = wg_arena_str(c->arena, wg_buf_str(&b.calendar));
        struct wg_trial t = {.bundle = b.bundle, .calendar = calendar.p, .now_ms = wg_now_ms()};
        for (int step = 0; rc == DONE && step <= WG_TRY_GUARD; step++) {
            if (wg_trial_step(&t, step, &err) < 0) {
                rc = failed(REFUSED, "%s", err.text);
                break;
            }
            printf("%s %s，%lld ms：", t.result[step].ok ? "✓" : "✗", wg_trial_name(step),
                   (long long)t.result[step].ms);
            rc = print_findings(c, &t.result[step].findings);
        }
        wg_trial_done(&t);
    }
    bench_close(&b);
    return rc;
}
