/* Fill a county with cases for a benchmark: each reported, accepted and filed by the county's own
 * rules, through the desk, in batches. With --closed each goes all the way to its close, in twelve
 * steps, a second try among them. bench_fill CONFIG AREA COUNT [--closed]       the server must not
 * run; prints entries/s */
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
    {"check", "c-001", "", "{\"result\":\"fail\",\"note\":\"仍有残留\"}", WG_COLLECTOR},
    {"acknowledge", "u-cg-1", "u-cg", "{}", WG_UNIT_ROLE},
    {"dispose", "u-cg-1", "u-cg", "{\"note\":\"已再次清理\"}", WG_UNIT_ROLE},
    {"ask_check", "a-001", "", "{}", WG_ACCEPTOR},
    {"check", "c-002", "", "{\"result\":\"pass\"}", WG_COLLECTOR},
    {"close", "z-001", "", "{}", WG_CHIEF},
};

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
                 "\"街边积存垃圾渣土，未见清运车辆（第%llu处）\","
                 "\"address\":\"华阳镇某路%llu号门前\",\"location\":{\"type\":\"Point\","
                 "\"coordinates\":[118.5%05llu,30.0%05llu]}}",
                 (unsigned long long)k, (unsigned long long)(k % 900),
                 (unsigned long long)(88000 + k % 1000 * 10),
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

int main(int argc, char **argv)
{
    struct wg_config config;
    struct wg_desk_opts opts;
    struct wg_desk *d;
    struct wg_err err = {0};
    struct wg_buf calendar = WG_BUF_INIT;
    char dir[1024], path[1100];
    if (argc < 4 || wg_config_read(argv[1], &config, &err) < 0) {
        fprintf(stderr, "bench_fill CONFIG AREA COUNT [--closed]  %s\n", err.text);
        return 2;
    }
    size_t area = 0, last = argc > 4 ? sizeof(steps) / sizeof(steps[0]) : 2;
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
        for (size_t s = 0; s < last; s++) {
            for (int i = 0; i < count; i++) {
                prepare(i, steps[s].act, steps[s].user, steps[s].unit, steps[s].role,
                        steps[s].body);
                batch[i].id = made[i];
            }
            run(d, count);
            entries += (uint64_t)count;
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
