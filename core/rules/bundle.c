#include "rules/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 256
#define BYTES_MAX ((size_t)4 << 20)

struct file {
    struct wg_str name, text;
};
struct wg_bundle {
    atomic_int owners;
    struct wg_arena *arena;
    struct wg_str area, city;
    struct file file[FILES_MAX];
    size_t count, bytes;
    char rev[WG_SHORT_TEXT + 1];
};

static struct wg_bundle *bundle_new(void)
{
    struct wg_bundle *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    atomic_init(&b->owners, 1);
    if (!(b->arena = wg_arena_new(16384))) {
        free(b);
        return NULL;
    }
    return b;
}

struct wg_bundle *wg_bundle_keep(struct wg_bundle *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->owners, 1, memory_order_relaxed);
    return b;
}

void wg_bundle_drop(struct wg_bundle *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->owners, 1, memory_order_acq_rel) != 1)
        return;
    wg_arena_free(b->arena);
    free(b);
}

const char *wg_bundle_rev(const struct wg_bundle *b)
{
    return b->rev;
}

size_t wg_bundle_files(const struct wg_bundle *b)
{
    return b->count;
}

void wg_bundle_file(const struct wg_bundle *b, size_t i, struct wg_str *name, struct wg_str *text)
{
    wg_require(i < b->count);
    *name = b->file[i].name;
    *text = b->file[i].text;
}

struct wg_str wg_bundle_area(const struct wg_bundle *b)
{
    return b->area;
}

struct wg_str wg_bundle_city(const struct wg_bundle *b)
{
    return b->city;
}

int rules_line_of(struct wg_str text, const char *at)
{
    int line = 1;
    for (const char *p = text.p; p < at; p++)
        line += *p == '\n';
    return line;
}

bool wg_bundle_spot(const struct wg_bundle *b, struct wg_str folder, const char *needle,
                    struct wg_str *file, int *line)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct file *f = &b->file[i];
        if (f->name.n <= folder.n || memcmp(f->name.p, folder.p, folder.n) != 0 ||
            f->name.p[folder.n] != '/' || !f->text.n)
            continue;
        const char *at = memmem(f->text.p, f->text.n, needle, strlen(needle));
        if (!at)
            continue;
        *file = f->name;
        *line = rules_line_of(f->text, at);
        return true;
    }
    return false;
}

bool rules_bundle_find(const struct wg_bundle *b, struct wg_str name, struct wg_str *text)
{
    for (size_t i = 0; i < b->count; i++) {
        if (wg_str_eq(b->file[i].name, name)) {
            *text = b->file[i].text;
            return true;
        }
    }
    return false;
}

/* ---- names ---- */

static bool is_area(struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n == 6;
}

static bool is_word(struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n < 40;
}

static bool is_lua(struct wg_str s)
{
    return s.n > 4 && memcmp(s.p + s.n - 4, ".lua", 4) == 0 &&
           is_word((struct wg_str){s.p, s.n - 4});
}

/* May a file of that name be in this bundle? */
static bool belongs(const struct wg_bundle *b, struct wg_str name)
{
    const char *slash = memchr(name.p, '/', name.n);
    if (wg_str_is(name, "standards/classes.csv") || wg_str_is(name, "standards/limits.csv"))
        return true;
    if (!slash)
        return false;
    struct wg_str folder = {name.p, (size_t)(slash - name.p)};
    struct wg_str leaf = {slash + 1, name.n - folder.n - 1};
    return is_lua(leaf) &&
           (wg_str_is(folder, "std") || wg_str_eq(folder, b->city) || wg_str_eq(folder, b->area));
}

/* ---- reading folders ---- */

static int add(struct wg_bundle *b, struct wg_str name, struct wg_str text, struct wg_err *err)
{
    if (b->count == FILES_MAX)
        return wg_fail(err, WG_ERANGE, "a bundle holds %d files at most", FILES_MAX);
    if (b->bytes + text.n > BYTES_MAX)
        return wg_fail(err, WG_ERANGE, "%.*s: a bundle holds 4 MiB in all", WG_PRI(name));
    if (!wg_utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
        return wg_fail(err, WG_EINVAL, "%.*s: is not UTF-8 text", WG_PRI(name));
    b->file[b->count] = (struct file){name, text};
    b->bytes += text.n;
    b->count++;
    return name.p && text.p ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for a bundle");
}

static int add_path(struct wg_bundle *b, const char *path, struct wg_str name, struct wg_err *err)
{
    struct stat st;
    int rc = WG_EIO;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return wg_fail(err, errno == ENOENT ? WG_ENOENT : WG_EIO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        wg_fail(err, rc, "%s: is no file", path);
    } else if ((uint64_t)st.st_size > BYTES_MAX) {
        rc = wg_fail(err, WG_ERANGE, "%s: a bundle holds 4 MiB in all", path);
    } else {
        char *p = wg_arena_alloc(b->arena, (size_t)st.st_size + 1);
        size_t n = 0;
        ssize_t got = 0;
        while (p && n < (size_t)st.st_size && (got = read(fd, p + n, (size_t)st.st_size - n)) > 0)
            n += (size_t)got;
        if (p && (got < 0 || n < (size_t)st.st_size))
            wg_fail(err, rc, "%s: could not be read", path);
        else
            rc = add(b, wg_arena_str(b->arena, name), (struct wg_str){p, n}, err);
    }
    close(fd);
    return rc;
}

/* The Lua files of one folder; others are none of ours. */
static int add_folder(struct wg_bundle *b, const char *path, const char *prefix, struct wg_err *err)
{
    int rc = WG_OK;
    struct dirent *e;
    DIR *dir = opendir(path);
    if (!dir)
        return wg_fail(err, errno == ENOENT ? WG_ENOENT : WG_EIO, "%s: %s", path, strerror(errno));
    while (rc == WG_OK && (e = readdir(dir))) {
        struct wg_str leaf = wg_str_of(e->d_name);
        if (!is_lua(leaf))
            continue;
        struct wg_str file = wg_arena_fmt(b->arena, "%s/%s", path, e->d_name);
        struct wg_str name = wg_arena_fmt(b->arena, "%s/%s", prefix, e->d_name);
        rc = file.p && name.p ? add_path(b, file.p, name, err)
                              : wg_fail(err, WG_ENOMEM, "no memory for a bundle");
    }
    closedir(dir);
    return rc;
}

static int by_name(const void *x, const void *y)
{
    return wg_str_cmp(((const struct file *)x)->name, ((const struct file *)y)->name);
}

/* Sort, check, name it. */
static int finish(struct wg_bundle *b, struct wg_err *err)
{
    struct wg_buf json = WG_BUF_INIT;
    struct wg_str text, name = wg_arena_fmt(b->arena, "%.*s/rules.lua", WG_PRI(b->area));
    qsort(b->file, b->count, sizeof(b->file[0]), by_name);
    for (size_t i = 1; i < b->count; i++)
        if (wg_str_eq(b->file[i - 1].name, b->file[i].name))
            return wg_fail(err, WG_EINVAL, "%.*s: is in the bundle twice", WG_PRI(b->file[i].name));
    if (!rules_bundle_find(b, name, &text))
        return wg_fail(err, WG_ENOENT, "%.*s: is missing; it returns the county's pack",
                       WG_PRI(name));
    wg_bundle_json(b, &json);
    bool ok = wg_buf_ok(&json);
    if (ok) {
        struct wg_hash h = wg_hash_of(wg_buf_str(&json));
        wg_hash_short(&h, b->rev);
    }
    wg_buf_free(&json);
    return ok ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for a bundle");
}

static int read_all(struct wg_bundle *b, const char *scripts, const char *standards,
                    struct wg_err *err)
{
    struct wg_str folder[3] = {wg_arena_fmt(b->arena, "%s/std", scripts),
                               wg_arena_fmt(b->arena, "%s/counties/%s", scripts, b->city.p),
                               wg_arena_fmt(b->arena, "%s/counties/%s", scripts, b->area.p)};
    const char *prefix[3] = {"std", b->city.p, b->area.p};
    struct wg_str classes = wg_arena_fmt(b->arena, "%s/classes.csv", standards);
    struct wg_str limits = wg_arena_fmt(b->arena, "%s/limits.csv", standards);
    int rc = WG_OK;
    for (int i = 0; i < (wg_str_eq(b->city, b->area) ? 2 : 3) && rc == WG_OK; i++)
        rc = folder[i].p ? add_folder(b, folder[i].p, prefix[i], err)
                         : wg_fail(err, WG_ENOMEM, "no memory");
    if (rc == WG_OK && !(classes.p && limits.p))
        rc = wg_fail(err, WG_ENOMEM, "no memory for a bundle");
    if (rc < 0 || (rc = add_path(b, classes.p, WG_S("standards/classes.csv"), err)) < 0 ||
        (rc = add_path(b, limits.p, WG_S("standards/limits.csv"), err)) < 0)
        return rc;
    return finish(b, err);
}

int wg_bundle_read(const char *scripts, const char *standards, const char *city, const char *area,
                   struct wg_bundle **out, struct wg_err *err)
{
    *out = NULL;
    if (!is_area(wg_str_of(city)) || !is_area(wg_str_of(area)))
        return wg_fail(err, WG_EINVAL, "an area is six digits");
    struct wg_bundle *b = bundle_new();
    if (!b)
        return wg_fail(err, WG_ENOMEM, "no memory for a bundle");
    b->area = wg_arena_str(b->arena, wg_str_of(area));
    b->city = wg_arena_str(b->arena, wg_str_of(city));
    int rc = b->area.p && b->city.p ? read_all(b, scripts, standards, err)
                                    : wg_fail(err, WG_ENOMEM, "no memory");
    if (rc < 0)
        wg_bundle_drop(b);
    else
        *out = b;
    return rc;
}

/* ---- one out of another ---- */

static struct wg_str folder_of(struct wg_str name)
{
    const char *slash = memchr(name.p, '/', name.n);
    return (struct wg_str){name.p, slash ? (size_t)(slash - name.p) : 0};
}

/* Names and texts are copied: each bundle has its own arena. */
static int add_copy(struct wg_bundle *b, struct wg_str name, struct wg_str text, struct wg_err *err)
{
    struct wg_str copy = wg_arena_str(b->arena, text);
    return add(b, wg_arena_str(b->arena, name), copy.p ? copy : WG_S(""), err);
}

static int add_own(struct wg_bundle *b, const struct wg_bundle_file *f, struct wg_err *err)
{
    bool city = wg_str_eq(b->area, b->city);
    if (!belongs(b, f->name))
        return wg_fail(err, WG_EINVAL,
                       "%.*s: does not belong in a bundle of %s: it holds %s/<name>.lua%s",
                       WG_PRI(f->name), b->area.p, b->area.p,
                       city ? ", std/<name>.lua, standards/classes.csv and limits.csv" : "");
    if (!city && !wg_str_eq(folder_of(f->name), b->area))
        return wg_fail(err, WG_EINVAL, "%.*s: is the city's; a county brings %s/ only",
                       WG_PRI(f->name), b->area.p);
    return add_copy(b, f->name, f->text, err);
}

static int compose(struct wg_bundle *b, const struct wg_bundle *base,
                   const struct wg_bundle_file *own, size_t count, struct wg_err *err)
{
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < count; i++)
        rc = add_own(b, &own[i], err);
    for (size_t i = 0; rc == WG_OK && base && i < base->count; i++) {
        bool mine = wg_str_eq(folder_of(base->file[i].name), b->area) &&
                    !wg_str_eq(b->area, b->city); /* a county's bundle as a base: without it */
        for (size_t k = 0; !mine && k < count; k++)
            mine = wg_str_eq(folder_of(own[k].name), folder_of(base->file[i].name));
        if (!mine && belongs(b, base->file[i].name))
            rc = add_copy(b, base->file[i].name, base->file[i].text, err);
    }
    return rc == WG_OK ? finish(b, err) : rc;
}

int wg_bundle_over(const struct wg_bundle *base, const char *city, const char *area,
                   const struct wg_bundle_file *own, size_t count, struct wg_bundle **out,
                   struct wg_err *err)
{
    struct wg_bundle *b = bundle_new();
    *out = NULL;
    if (!b)
        return wg_fail(err, WG_ENOMEM, "no memory for a bundle");
    b->area = wg_arena_str(b->arena, wg_str_of(area));
    b->city = wg_arena_str(b->arena, wg_str_of(city));
    int rc = !is_area(b->area) || !is_area(b->city)
                 ? wg_fail(err, WG_EINVAL, "an area is six digits")
                 : compose(b, base, own, count, err);
    if (rc < 0)
        wg_bundle_drop(b);
    else
        *out = b;
    return rc;
}

int wg_bundle_base(const struct wg_bundle *b, struct wg_bundle **out, struct wg_err *err)
{
    return wg_bundle_over(b, b->city.p, b->city.p, NULL, 0, out, err);
}

/* ---- as one text ---- */

void wg_bundle_json(const struct wg_bundle *b, struct wg_buf *out)
{
    wg_buf_lit(out, "{\"area\":");
    wg_buf_json(out, b->area);
    wg_buf_lit(out, ",\"city\":");
    wg_buf_json(out, b->city);
    wg_buf_lit(out, ",\"files\":[");
    for (size_t i = 0; i < b->count; i++) {
        wg_json_sep(out);
        wg_buf_char(out, '[');
        wg_buf_json(out, b->file[i].name);
        wg_buf_char(out, ',');
        wg_buf_json(out, b->file[i].text);
        wg_buf_char(out, ']');
    }
    wg_buf_lit(out, "]}");
}

static int parse(struct wg_bundle *b, struct wg_str json, struct wg_err *err)
{
    struct wg_json *tree;
    int rc = wg_json_parse(b->arena, json, &tree, err);
    if (rc < 0)
        return rc;
    const struct wg_json *files = wg_json_get(tree, "files");
    b->area = wg_json_str(tree, "area");
    b->city = wg_json_str(tree, "city");
    if (!is_area(b->area) || !is_area(b->city) || !files || files->type != WG_JARR)
        return wg_fail(err, WG_EINVAL, "a bundle is {\"area\",\"city\",\"files\":[[name, text]]}");
    for (const struct wg_json *f = files->child; f; f = f->next) {
        const struct wg_json *name = f->child, *text = name ? name->next : NULL;
        if (f->type != WG_JARR || f->count != 2 || name->type != WG_JSTR || text->type != WG_JSTR)
            return wg_fail(err, WG_EINVAL, "a file of a bundle is [name, text]");
        if (!belongs(b, name->str))
            return wg_fail(err, WG_EINVAL, "%.*s: does not belong in this bundle",
                           WG_PRI(name->str));
        if ((rc = add(b, name->str, text->str, err)) < 0)
            return rc;
    }
    return finish(b, err);
}

int wg_bundle_parse(struct wg_str json, struct wg_bundle **out, struct wg_err *err)
{
    struct wg_buf again = WG_BUF_INIT;
    struct wg_bundle *b = bundle_new();
    *out = NULL;
    if (!b)
        return wg_fail(err, WG_ENOMEM, "no memory for a bundle");
    int rc = parse(b, json, err);
    if (rc == WG_OK) {
        wg_bundle_json(b, &again);
        if (!wg_buf_ok(&again))
            rc = wg_fail(err, WG_ENOMEM, "no memory for a bundle");
        else if (!wg_str_eq(wg_buf_str(&again), json)) /* else two texts had one revision */
            rc = wg_fail(err, WG_EINVAL,
                         "a bundle's text must be in its one form: files sorted, no spaces");
    }
    wg_buf_free(&again);
    if (rc < 0)
        wg_bundle_drop(b);
    else
        *out = b;
    return rc;
}
