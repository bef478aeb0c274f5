/* Fill a county with cases for a benchmark: each reported, accepted and filed by the county's own
 * rules, through the desk, in batches. With --closed each goes all the way to its close, in ten
 * steps, a second check among them. With --open N only the last N are filed, every other of them
 * dispatched too; those before are rejected.
 *     bench_fill CONFIG AREA COUNT [--closed | --open N]
 * The server must not run; prints entries/s. */
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 250

static const struct step {
    const char *act, *user, *unit, *body;
    uint32_t role;
} steps[] = {
    {"accept", "a-001", "", "{}", WG_ACCEPTOR},
    {"file", "z-001", "", "{\"condition\":\"1\"}", WG_CHIEF},
    {"dispatch", "p-001", "", "{\"unit\":\"u-cg\"}", WG_DISPATCHER},
    {"acknowledge", "u-cg-1", "u-cg", "{}", WG_UNIT_ROLE},
    {"dispose", "u-cg-1", "u-cg", "{\"note\":\"已清理完毕，恢复原状\"}", WG_UNIT_ROLE},
    {"ask_check", "a-001", "", "{}", WG_ACCEPTOR},
    {"check", "c-001", "", "{\"result\":\"unclear\",\"note\":\"天黑，未能看清\"}", WG_COLLECTOR},
    {"ask_check", "a-001", "", "{}", WG_ACCEPTOR},
    {"check", "c-002", "", "{\"result\":\"pass\"}", WG_COLLECTOR},
    {"close", "z-001", "", "{}", WG_CHIEF},
};

static const struct step reject = {"reject", "a-001", "", "{\"reason\":\"重复上报\"}", WG_ACCEPTOR};

/* Words of reports and addresses: so many of each that they meet in every way. */
static const char *const roads[] = {"扬之北路", "龙川大道", "适之街", "来苏路",   "良安路",
                                    "东方大道", "富民街",   "西山路", "杨柳新村", "徽山大道",
                                    "望江路",   "印山路",   "北大街", "华阳东路"};
static const char *const things[] = {
    "积存垃圾渣土", "暴露垃圾", "非法小广告",   "占道经营", "道路破损", "井盖缺失",  "路灯不亮",
    "绿地脏乱",     "沿街晾挂", "机动车乱停放", "油烟污染", "施工扰民", "行道树倒伏"};
static const char *const detail[] = {"，未见清运车辆",   "，影响通行",     "，居民反映多次",
                                     "，约三平方米",     "，存在安全隐患", "，气味明显",
                                     "，商户拒不整改",   "，夜间尤甚",     "，需专业部门处置",
                                     "，已现场拍照取证", "，附近有学校"};
#define PICK(list, k) (list)[(k) % (sizeof(list) / sizeof((list)[0]))]

static struct wg_cmd batch[BATCH];
static uint64_t made[BATCH];

static void prepare(int i, const char *act, const char *user, const char *unit, uint32_t role,
                    const char *body)
{
    struct wg_cmd *c = &batch[i];
    struct wg_arena *a = c->arena ? c->arena : wg_arena_new(16384);
    struct wg_json *in;
    struct wg_err err;
    wg_arena_reset(a);
    if (wg_json_parse(a, wg_str_of(body), &in, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    *c = (struct wg_cmd){.arena = a,
                         .act = wg_str_of(act),
                         .in = in,
                         .if_match = -1,
                         .actor = {wg_str_of(user), wg_str_of(unit), role}};
    if (i > 0)
        batch[i - 1].link.next = &c->link;
}

static void run(struct wg_desk *d, int count)
{
    wg_desk_batch(d, &batch[0]);
    for (int i = 0; i < count; i++) {
        if (batch[i].rc == WG_OK)
            continue;
        fprintf(stderr, "%.*s: %s %s\n", WG_PRI(batch[i].act), batch[i].err.pointer,
                batch[i].err.text);
        exit(1);
    }
}

/* Places spread over the town, so that grids and indexes see what they would. */
static void reports(struct wg_desk *d, int count, uint64_t from)
{
    char body[600];
    for (int i = 0; i < count; i++) {
        uint64_t k = (from + (uint64_t)i) * 2654435761u % 1000000;
        snprintf(body, sizeof(body),
                 "{\"kind\":\"event\",\"category\":\"0111\",\"description\":"
                 "\"街边%s%s（第%llu处）\","
                 "\"address\":\"华阳镇%s%llu号门前\",\"location\":{\"type\":\"Point\","
                 "\"coordinates\":[118.5%05llu,30.0%05llu]}}",
                 PICK(things, k / 7), PICK(detail, k / 3), (unsigned long long)k, PICK(roads, k),
                 (unsigned long long)(k % 900), (unsigned long long)(88000 + k % 1000 * 10),
                 (unsigned long long)(62000 + k / 1000 % 1000 * 6));
        prepare(i, "report", "c-001", "", WG_COLLECTOR, body);
    }
    run(d, count);
    for (int i = 0; i < count; i++) {
        struct wg_case c;
        if (wg_case_decode(batch[i].record, &c) < 0)
            exit(1);
        made[i] = c.id;
    }
}

static void take(struct wg_desk *d, const struct step *s, int count)
{
    for (int i = 0; i < count; i++) {
        prepare(i, s->act, s->user, s->unit, s->role, s->body);
        batch[i].id = made[i];
    }
    run(d, count);
}

int main(int argc, char **argv)
{
    struct wg_config config;
    struct wg_desk_opts opts;
    struct wg_desk *d;
    struct wg_err err = {0};
    struct wg_buf calendar = WG_BUF_INIT;
    char dir[1024], path[1100];
    if (argc < 4 || wg_config_read(argv[1], &config, &err) < 0) {
        fprintf(stderr, "bench_fill CONFIG AREA COUNT [--closed | --open N]  %s\n", err.text);
        return 2;
    }
    size_t area = 0, all = sizeof(steps) / sizeof(steps[0]);
    bool closed = argc > 4 && strcmp(argv[4], "--closed") == 0;
    uint64_t open = argc > 5 ? strtoull(argv[5], NULL, 10) : UINT64_MAX;
    while (area < config.areas && !wg_str_is(config.area[area], argv[2]))
        area++;
    wg_config_desk(&config, area, &opts, dir);
    snprintf(path, sizeof(path), "%s/calendar.json", config.standards.p);
    if (wg_file_read(path, 1 << 20, &calendar, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    opts.calendar = calendar.p;
    if (wg_desk_open(&opts, &d, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    uint64_t want = strtoull(argv[3], NULL, 10), entries = 0;
    int64_t reporting = 0;
    int64_t start = wg_mono_ms(), told = start;
    for (uint64_t done = 0; done < want;) {
        int count = want - done < BATCH ? (int)(want - done) : BATCH;
        int64_t began = wg_mono_us();
        reports(d, count, done);
        reporting += wg_mono_us() - began;
        entries += (uint64_t)count;
        bool rejects = open < want && done < want - open;
        for (size_t s = 0; s < (rejects ? 1 : closed ? all : 2); s++) {
            take(d, rejects ? &reject : &steps[s], count);
            entries += (uint64_t)count;
        }
        if (open < want && !rejects) {
            take(d, &steps[2], count / 2);
            entries += (uint64_t)count / 2;
        }
        done += (uint64_t)count;
        if (wg_mono_ms() - told > 5000) {
            told = wg_mono_ms();
            fprintf(stderr, "%llu of %llu cases\n", (unsigned long long)done,
                    (unsigned long long)want);
        }
    }
    double seconds = (double)(wg_mono_ms() - start) / 1000;
    double report_s = (double)reporting / 1e6;
    printf("cases %llu entries %llu seconds %.1f entries_per_s %.0f reports_per_s %.0f steps_per_s "
           "%.0f\n",
           (unsigned long long)want, (unsigned long long)entries, seconds,
           (double)entries / seconds, (double)want / report_s,
           (double)(entries - want) / (seconds - report_s));
    wg_desk_close(d);
    wg_buf_free(&calendar);
    return 0;
}
