/* A zip with a layer in it: its list is read, the layer is opened where it lies, nothing is
 * unpacked. So a name that would stray has nowhere to go; it is refused all the same, since whoever
 * made it meant ill. */
#include "wangge.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>

#define UNPACKED_MAX ((int64_t)4 << 30)

static bool strays(const char *name)
{
    return name[0] == '/' || strchr(name, '\\') || strncmp(name, "../", 3) == 0 ||
           strstr(name, "/../") || gdal_ends(name, "/..");
}

/* The file of that layer, or the only one. */
static int choose_in(struct gdal *g, const char *file, const char *name, struct wg_buf *others)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *want = g->layer;
    size_t n = (size_t)(strrchr(base, '.') - base);
    char full[PATH_MAX];
    bool only = want && strlen(want) == n && strncmp(want, base, n) == 0;
    wg_buf_fmt(others, "%s%.*s", others->n ? ", " : "", (int)n, base);
    if (want && !only && (gdal_ends(name, ".shp") || gdal_ends(name, ".fgb")))
        return DONE; /* one layer a file: not this one */
    if (g->source)
        g->several = true;
    if (!realpath(file, full))
        return failed(REFUSED, "%s: %s", file, strerror(errno));
    g->source = wg_arena_fmt(g->c->arena, "/vsizip/{%s}/%s", full, name).p;
    return DONE;
}

static int look_into(struct gdal *g, const char *file, struct archive *a)
{
    struct archive_entry *e;
    struct wg_buf others = WG_BUF_INIT;
    int64_t total = 0;
    int rc = DONE, got = ARCHIVE_OK;
    while (rc == DONE && (got = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
        const char *name = archive_entry_pathname_utf8(e);
        total += archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;
        if (!name)
            rc = failed(REFUSED, "%s: names in it are not UTF-8; unpack it and import the file",
                        file);
        else if (strays(name))
            rc = failed(REFUSED, "%s: it holds %s, which would lie outside of it", file, name);
        else if (total > UNPACKED_MAX)
            rc = failed(REFUSED, "%s: it unpacks to more than 4 GB", file);
        else if (gdal_opens(name))
            rc = choose_in(g, file, name, &others);
        g->encoded |= rc == DONE && gdal_ends(name, ".cpg");
    }
    wg_buf_char(&others, '\0');
    if (rc == DONE && got != ARCHIVE_EOF)
        rc = failed(REFUSED, "%s: is no zip, or a broken one: %s", file, archive_error_string(a));
    else if (rc == DONE && g->several)
        rc = misused(g->c, "%s holds several: %s; say which by --layer", file, others.p);
    else if (rc == DONE && !g->source)
        rc = failed(REFUSED, "%s: nothing in it can be read%s%s (.shp .gpkg .fgb .tab .mif .kml)",
                    file, others.n > 1 ? "; there is " : "", others.p);
    wg_buf_free(&others);
    return rc;
}

int zip_open(struct gdal *g, const char *file)
{
    struct archive *a = archive_read_new();
    int rc = DONE;
    setlocale(LC_CTYPE, "C.UTF-8"); /* else libarchive can't tell names that are not ASCII */
    if (!a || archive_read_support_format_zip_seekable(a) != ARCHIVE_OK)
        rc = failed(REFUSED, "out of memory");
    else if (archive_read_open_filename(a, file, 65536) != ARCHIVE_OK)
        rc = failed(REFUSED, "%s: is no zip, or a broken one: %s", file, archive_error_string(a));
    else
        rc = look_into(g, file, a);
    archive_read_free(a);
    return rc;
}
