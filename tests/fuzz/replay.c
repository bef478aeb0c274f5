/** A main for a fuzz target where there is no libFuzzer: gives it each file of the folders named,
 * once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n = 0, got, cap = 1 << 16;
    uint8_t *all = malloc(cap);
    while (f && all && (got = fread(all + n, 1, cap - n, f)) > 0)
        if ((n += got) == cap)
            all = realloc(all, cap *= 2);
    if (!f || !all) {
        fprintf(stderr, "%s can't be read\n", path);
        return 1;
    }
    uint8_t *data = malloc(n ? n : 1); /* just its size, so that reading past it is seen */
    for (size_t i = 0; i < n; i++)
        data[i] = all[i];
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    free(all);
    fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    int ran = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        char path[2048];
        DIR *d = opendir(argv[i]);
        for (struct dirent *e; d && (e = readdir(d)); ran += e->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.')
                failed += run_file(path);
        }
        if (d)
            closedir(d);
    }
    if (!ran)
        fprintf(stderr, "no inputs\n");
    return failed || !ran;
}
