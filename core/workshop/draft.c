/* A draft as it comes in: a tar of Lua files. */
#include "workshop/workshop.h"

#include <archive.h>
#include <archive_entry.h>

#define FILES_MAX 256
#define FILE_MAX ((int64_t)4 << 20)

struct reading {
    struct archive *tar;
    const char *area;
    struct wg_arena *a;
    struct wg_bundle_file *file;
    size_t count;
    int64_t bytes;
    struct wg_err *err;
};

static bool drop_front(struct wg_str *s, const char *front)
{
    if (!wg_str_starts(*s, front))
        return false;
    size_t n = strlen(front);
    *s = (struct wg_str){s->p + n, s->n - n};
    return true;
}

/* "./scripts/counties/341824/rules.lua" and "rules.lua" are both 341824/rules.lua. */
static struct wg_str place_of(struct reading *r, const char *path)
{
    struct wg_str name = wg_str_of(path);
    while (drop_front(&name, "./"))
        ;
    drop_front(&name, "scripts/");
    drop_front(&name, "counties/");
    return memchr(name.p, '/', name.n) ? wg_arena_str(r->a, name)
                                       : wg_arena_fmt(r->a, "%s/%.*s", r->area, WG_PRI(name));
}

static int read_text(struct reading *r, const char *path, int64_t size, struct wg_str *out)
{
    char *p = wg_arena_alloc(r->a, (size_t)size + 1);
    size_t n = 0;
    if (!p)
        return wg_fail(r->err, WG_ENOMEM, "no memory for a draft");
    while (n < (size_t)size) {
        la_ssize_t got = archive_read_data(r->tar, p + n, (size_t)size - n);
        if (got <= 0)
            return wg_fail(r->err, WG_EINVAL, "%s: the tar ends within it", path);
        n += (size_t)got;
    }
    *out = (struct wg_str){p, n};
    return WG_OK;
}

static int read_one(struct reading *r, struct archive_entry *e)
{
    const char *path = archive_entry_pathname(e);
    if (!path || !wg_utf8_valid(wg_str_of(path)) || strlen(path) > 200)
        return wg_fail(r->err, WG_EINVAL, "a file of the tar has no name that can be used");
    if (archive_entry_filetype(e) == AE_IFDIR)
        return WG_OK;
    if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e))
        return wg_fail(r->err, WG_EINVAL, "%s: is no plain file; a draft holds nothing else", path);
    int64_t size = archive_entry_size(e);
    if (r->count == FILES_MAX)
        return wg_fail(r->err, WG_ERANGE, "a draft holds %d files at most", FILES_MAX);
    if (!archive_entry_size_is_set(e) || size < 0 || r->bytes + size > FILE_MAX)
        return wg_fail(r->err, WG_ERANGE, "%s: a draft holds 4 MiB in all", path);
    struct wg_bundle_file *f = &r->file[r->count];
    int rc = read_text(r, path, size, &f->text);
    if (rc < 0)
        return rc;
    f->name = place_of(r, path);
    for (size_t i = 0; i < r->count; i++)
        if (wg_str_eq(r->file[i].name, f->name))
            return wg_fail(r->err, WG_EINVAL, "%.*s: is in the tar twice", WG_PRI(f->name));
    r->count++;
    r->bytes += size;
    return f->name.p ? WG_OK : wg_fail(r->err, WG_ENOMEM, "no memory for a draft");
}

int wg_draft_read(struct wg_str tar, const char *area, struct wg_arena *a,
                  struct wg_bundle_file **files, size_t *count, struct wg_err *err)
{
    struct reading r = {.area = area, .a = a, .err = err};
    struct archive_entry *e;
    int rc = WG_OK, step = ARCHIVE_OK;
    r.file = wg_arena_alloc(a, FILES_MAX * sizeof(*r.file));
    r.tar = archive_read_new();
    if (!r.file || !r.tar) {
        archive_read_free(r.tar);
        return wg_fail(err, WG_ENOMEM, "no memory for a draft");
    }
    archive_read_support_format_tar(r.tar);
    archive_read_support_filter_gzip(r.tar);
    if (archive_read_open_memory(r.tar, tar.p ? tar.p : "", tar.n) != ARCHIVE_OK)
        step = ARCHIVE_FATAL;
    while (rc == WG_OK && step == ARCHIVE_OK &&
           (step = archive_read_next_header(r.tar, &e)) == ARCHIVE_OK)
        rc = read_one(&r, e);
    if (rc == WG_OK && step != ARCHIVE_EOF)
        rc =
            wg_fail(err, WG_EINVAL, "the body is no tar: %s",
                    archive_error_string(r.tar) ? archive_error_string(r.tar) : "it can't be read");
    if (rc == WG_OK && !r.count)
        rc = wg_fail(err, WG_EINVAL, "the tar holds no file; a draft is a folder of rules");
    archive_read_free(r.tar);
    *files = r.file;
    *count = r.count;
    return rc;
}
