/* How long until a layer's file can be asked: loaded and checked, its tree and ids, the table of
 * its properties; and what of memory that takes beside the file's own pages. bench_map FILE */
#include "geo/geo.h"
#include "spatial/spatial.h"

#include <stdio.h>
#include <stdlib.h>

static long own_kib(void)
{
    char row[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(row, sizeof(row), f))
        sscanf(row, "RssAnon: %ld", &kib);
    if (f)
        fclose(f);
    return kib;
}

int main(int argc, char **argv)
{
    struct wg_layer *layer = NULL;
    struct wg_err err = {0};
    long before = own_kib();
    int64_t began = wg_mono_ms();
    if (argc != 2 || wg_layer_load(argv[1], &layer, &err) < 0) {
        fprintf(stderr, "bench_map FILE: %s\n", err.text);
        return 1;
    }
    struct kept *table = table_kind.make(layer);
    printf("features=%zu ms=%lld kib=%ld\n", wg_layer_count(layer),
           (long long)(wg_mono_ms() - began), own_kib() - before);
    if (table)
        table->free(table);
    wg_layer_drop(layer);
    return table ? 0 : 1;
}
