/* What the check of completeness costs for a large county: 264 classes, 3,000 grids with borders of
 * many vertices, 200,000 parts, 40 units of which six end in the year; a few holes and overlaps are
 * planted. bench_complete; prints name=value pairs, `seconds` among them. */
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

#define COLUMNS 60
#define ROWS 50
#define STEP 20000 /* e7: some 200 m */
#define BENDS 12   /* vertices of one side */
#define PARTS 200000
#define UNITS 40
#define PART_CLASSES 160
#define CLASSES 264
#define DAY0 INT64_C(1767196800000) /* 2026-01-01 */

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t h = a * 2654435761u ^ b * 2246822519u ^ c * 3266489917u;
    h ^= h >> 15;
    h *= 2246822519u;
    return h ^ h >> 13;
}

/* Where vertex k of a side lies: the same, whichever of the two cells asks. */
static void corner(struct wg_buf *b, int x, int y, int k, bool upright)
{
    int bend =
        k % BENDS ? (int)(mix((uint32_t)x, (uint32_t)y, (uint32_t)(2 * k + upright)) % 1500) : 0;
    wg_json_sep(b);
    wg_buf_char(b, '[');
    wg_buf_fixed(b, 1185000000 + x * STEP + (upright ? bend : k * STEP / BENDS), 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, 300500000 + y * STEP + (upright ? k * STEP / BENDS : bend), 7);
    wg_buf_char(b, ']');
}

/* The border of a block of cells, with its bends. */
static void block(struct wg_buf *b, const char *id, int x0, int y0, int x1, int y1, int unit)
{
    wg_json_sep(b);
    wg_buf_fmt(b,
               "{\"type\":\"Feature\",\"id\":\"%s\",\"properties\":{\"unit\":\"u-%02d\"},"
               "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[",
               id, unit);
    for (int x = x0; x < x1; x++)
        for (int k = 0; k < BENDS; k++)
            corner(b, x, y0, k, false);
    for (int y = y0; y < y1; y++)
        for (int k = 0; k < BENDS; k++)
            corner(b, x1, y, k, true);
    for (int x = x1 - 1; x >= x0; x--)
        for (int k = BENDS; k > 0; k--)
            corner(b, x + (k == BENDS), y1, k % BENDS, false);
    for (int y = y1 - 1; y >= y0; y--)
        for (int k = BENDS; k >= (y == y0 ? 0 : 1); k--)
            corner(b, x0, y + (k == BENDS), k % BENDS, true);
    wg_buf_lit(b, "]]}}");
}

static struct wg_ground *with(struct wg_ground *g, int collection, struct wg_buf *text)
{
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    struct wg_err err = {0};
    struct wg_str s = wg_buf_str(text);
    int rc = !wg_collection_is_layer(collection)
                 ? wg_table_new(collection, s, WG_S("json"), NULL, &table, NULL, &err)
             : collection == WG_PARTS ? wg_layer_from_csv(s, NULL, &layer, NULL, &err)
                                      : wg_layer_from_geojson(s, NULL, &layer, NULL, &err);
    wg_buf_free(text);
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    struct wg_ground *n = wg_ground_with(g, collection, layer, table);
    wg_ground_drop(g);
    return n;
}

/* Blocks of five by two cells; every 37th is missing, every 41st reaches into its neighbour. */
static struct wg_ground *areas(struct wg_ground *g)
{
    struct wg_buf grids = WG_BUF_INIT, duties = WG_BUF_INIT;
    char id[40];
    wg_buf_lit(&grids, "{\"type\":\"FeatureCollection\",\"features\":[");
    wg_buf_lit(&duties, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int y = 0; y < ROWS; y++) {
        for (int x = 0; x < COLUMNS; x++) {
            snprintf(id, sizeof(id), "341824%03d%03d%03d", y, x / 10, x);
            block(&grids, id, x, y, x + 1, y + 1, 0);
            int n = y / 2 * (COLUMNS / 5) + x / 5;
            if (x % 5 || y % 2 || n % 37 == 36)
                continue;
            snprintf(id, sizeof(id), "d-%03d", n);
            block(&duties, id, x, y, x + 5 + (n % 41 == 40 && x + 6 < COLUMNS), y + 2, n % UNITS);
        }
    }
    wg_buf_lit(&grids, "]}");
    wg_buf_lit(&duties, "]}");
    g = with(g, WG_GRIDS, &grids);
    return with(g, WG_DUTIES, &duties);
}

static struct wg_ground *tables(struct wg_ground *g)
{
    struct wg_buf units = WG_BUF_INIT, owners = WG_BUF_INIT, parts = WG_BUF_INIT;
    wg_buf_char(&units, '[');
    for (int i = 0; i < UNITS; i++) {
        wg_json_sep(&units);
        wg_buf_fmt(&units, "{\"id\":\"u-%02d\",\"name\":\"单位%d\"", i, i);
        if (i % 7 == 6)
            wg_buf_fmt(&units, ",\"to\":\"2026-%02d-01\"", i / 7 + 3);
        if (i % 14 == 6)
            wg_buf_fmt(&units, ",\"successor\":\"u-%02d\"", i - 1);
        wg_buf_char(&units, '}');
    }
    wg_buf_char(&units, ']');
    wg_buf_lit(&owners,
               "{\"part\":{\"01\":\"u-01\"},\"event\":{\"02\":\"u-02\",\"0305\":\"u-06\"}}");
    wg_buf_lit(&parts, "id,lon,lat,category,owner_unit\n");
    for (uint32_t i = 0; i < PARTS; i++) {
        wg_buf_fmt(&parts, "p%06u,", i);
        wg_buf_fixed(&parts, 1185000000 + (int64_t)(mix(i, 1, 1) % (COLUMNS * STEP)), 7);
        wg_buf_char(&parts, ',');
        wg_buf_fixed(&parts, 300500000 + (int64_t)(mix(i, 2, 2) % (ROWS * STEP)), 7);
        wg_buf_fmt(&parts, ",%02u%02u,u-%02u\n", 1 + i % 4, 1 + i / 4 % 40, i % UNITS);
    }
    g = with(g, WG_UNITS, &units);
    g = with(g, WG_OWNERS, &owners);
    return with(g, WG_PARTS, &parts);
}

int main(void)
{
    static struct wg_class class_[CLASSES];
    static char code[CLASSES][8];
    struct wg_pack pack = {.area = WG_S("341824"), .classes = class_, .class_count = CLASSES};
    struct wg_findings found = {.items = WG_BUF_INIT};
    struct wg_buf map = WG_BUF_INIT;
    struct wg_complete_sum sum;
    struct wg_err err = {0};
    for (int i = 0; i < CLASSES; i++) {
        int n = i < PART_CLASSES ? i : i - PART_CLASSES;
        snprintf(code[i], sizeof(code[i]), "%02d%02d", (1 + n / 40) % 100, (1 + n % 40) % 100);
        class_[i] = (struct wg_class){.kind = i < PART_CLASSES ? WG_PART : WG_EVENT,
                                      .code = wg_str_of(code[i]),
                                      .name = WG_S("小类")};
    }
    struct wg_ground *g = tables(areas(wg_ground_new("341824")));
    int64_t began = wg_mono_us();
    int rc =
        wg_complete(g, &pack, DAY0, DAY0 + 365 * WG_DAY_MS, NULL, NULL, &found, &map, &sum, &err);
    double seconds = (double)(wg_mono_us() - began) / 1e6;
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("seconds=%.2f classes=%zu grids=%zu parts=%zu spans=%zu checked=%llu holes=%zu "
               "overlaps=%zu dead=%zu map_kb=%zu\n",
               seconds, sum.classes, sum.grids, sum.parts, sum.spans,
               (unsigned long long)sum.checked, sum.holes, sum.overlaps, sum.dead, map.n / 1024);
    wg_findings_free(&found);
    wg_buf_free(&map);
    wg_ground_drop(g);
    return rc < 0;
}
