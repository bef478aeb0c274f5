/* export: a county whole as a tar, or its journal as lines; also of one that is being served. */
#include "wangge.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG };
#define BATCH 256
#define VAULT_MAP ((size_t)16 << 30) /* as the vault opens itself */

/* ---- export: the journal as lines ---- */

static int print_entry(void *arg, uint64_t n, struct wg_str bytes)
{
    (void)arg;
    (void)n;
    return fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n && putchar('\n') != EOF ? WG_OK : WG_EIO;
}

/* ---- export: all of it ---- */

struct copying {
    struct wg_journal *to;
    struct wg_arena *a;
    struct wg_str entry[BATCH];
    size_t count, bytes;
    uint64_t first, last; /* of the batch; of all */
    char tip[WG_HASH_TEXT + 1];
    struct wg_err *err;
};

static int flush(struct copying *k)
{
    int rc = WG_OK;
    if (k->count && (rc = k->to->ops->ready(k->to, k->bytes, k->err)) == WG_OK)
        rc = k->to->ops->append(k->to, k->first, k->entry, k->count, k->err);
    k->count = k->bytes = 0;
    wg_arena_reset(k->a);
    return rc;
}

static int copy_entry(void *arg, uint64_t n, struct wg_str bytes)
{
    struct copying *k = arg;
    struct wg_hash h = wg_hash_of(bytes);
    int rc;
    if (n > k->last)
        return 1;
    if (k->count == BATCH && (rc = flush(k)) < 0)
        return rc;
    if (!k->count)
        k->first = n;
    k->entry[k->count] = wg_arena_str(k->a, bytes);
    if (!k->entry[k->count++].p)
        return wg_fail(k->err, WG_ENOMEM, "out of memory");
    k->bytes += bytes.n + 1;
    wg_hash_text(&h, k->tip);
    return WG_OK;
}

/* The entries up to `last`, written anew: whole frames, nothing half-done at the end. */
static int copy_journal(const char *from, const char *to, uint64_t last, char tip[],
                        struct wg_err *err)
{
    const struct wg_journal_opts write = {0};
    struct wg_journal *source = NULL;
    struct copying *k = calloc(1, sizeof(*k));
    int rc = k ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc < 0)
        return rc;
    k->a = wg_arena_new(1 << 16);
    k->last = last;
    k->err = err;
    if ((rc = wg_dir_make(to, err)) == WG_OK &&
        (rc = journal_beside(from, &source, err)) == WG_OK &&
        (rc = wg_journal_open(to, &write, &k->to, err)) == WG_OK &&
        (rc = source->ops->scan(source, 1, copy_entry, k, err)) == WG_OK)
        rc = flush(k);
    memcpy(tip, k->tip, sizeof(k->tip));
    if (k->to)
        k->to->ops->close(k->to);
    if (source)
        source->ops->close(source);
    wg_arena_free(k->a);
    free(k);
    return rc;
}

static int journal_last(const char *dir, uint64_t *last, struct wg_err *err)
{
    struct wg_journal *j = NULL;
    int rc = journal_beside(dir, &j, err);
    if (rc < 0)
        return rc;
    *last = j->ops->last(j);
    j->ops->close(j);
    return WG_OK;
}

/* The vault as it is now, and the last entry whose words it surely has: what was durable before,
 * and what it knows itself. */
static int copy_vault(const char *from, const char *to, uint64_t *last, struct wg_err *err)
{
    const struct wg_env_opts opts = {.map_bytes = VAULT_MAP, .synced = true, .read_only = true};
    struct wg_env *env = NULL;
    struct wg_vault *v = NULL;
    int rc = wg_env_open(from, &opts, &env, err);
    if (rc == WG_OK)
        rc = wg_env_copy(env, to, err);
    wg_env_close(env);
    if (rc < 0 || (rc = wg_vault_open(to, &v, err)) < 0)
        return rc;
    if (wg_vault_known(v) > *last)
        *last = wg_vault_known(v);
    wg_vault_close(v);
    return WG_OK;
}

int tar_fail(struct archive *a, struct wg_err *err)
{
    return wg_fail(err, WG_EIO, "the tar: %s", archive_error_string(a));
}

static int tar_file(struct archive *a, const char *name, const char *path, struct wg_err *err)
{
    char chunk[65536];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = WG_OK;
    if (fd < 0 || fstat(fd, &st) < 0) {
        if (fd >= 0)
            close(fd);
        return wg_fail(err, WG_EIO, "%s: %s", path, strerror(errno));
    }
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, st.st_size);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0600);
    archive_entry_set_mtime(e, st.st_mtime, 0);
    if (archive_write_header(a, e) != ARCHIVE_OK)
        rc = tar_fail(a, err);
    for (ssize_t n = 1; rc == WG_OK && n > 0;) {
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0)
            rc = wg_fail(err, WG_EIO, "%s: %s", path, strerror(errno));
        else if (n > 0 && archive_write_data(a, chunk, (size_t)n) != n)
            rc = tar_fail(a, err);
    }
    archive_entry_free(e);
    close(fd);
    return rc;
}

/* A name inside a county's tar: exactly the places that a county has. */
bool county_file(const char *name)
{
    if (strcmp(name, "county.json") == 0 || strcmp(name, "vault/data.mdb") == 0)
        return true;
    if (strncmp(name, "journal/", 8) == 0)
        return strspn(name + 8, "0123456789") == 20 && strcmp(name + 28, ".wgj") == 0;
    if (strncmp(name, "blobs/", 6) != 0 || strlen(name) != 6 + 3 + WG_BLOB_NAME || name[8] != '/' ||
        memcmp(name + 6, name + 9, 2) != 0)
        return false;
    return strspn(name + 9, "0123456789abcdef") == WG_BLOB_NAME;
}

/* Every file of a folder whose place is a county's; deeper is looked, too. */
static int tar_folder(struct archive *a, const char *area, const char *dir, const char *below,
                      struct wg_err *err)
{
    char path[2300], name[1200];
    int rc = WG_OK;
    DIR *d = opendir(dir);
    struct dirent *f;
    while (d && rc == WG_OK && (f = readdir(d))) {
        struct stat st;
        if (f->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
        snprintf(name, sizeof(name), "%s/%s", below, f->d_name);
        if (lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            rc = tar_folder(a, area, path, name, err);
        else if (S_ISREG(st.st_mode) && county_file(name)) {
            char whole[1300];
            snprintf(whole, sizeof(whole), "%s/%s", area, name);
            rc = tar_file(a, whole, path, err);
        }
    }
    if (d)
        closedir(d);
    return rc;
}

static int write_manifest(const char *path, const char *area, uint64_t last, const char *tip,
                          struct wg_err *err)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "area", wg_str_of(area));
    wg_json_kint(&b, "entries", (int64_t)last);
    wg_json_kstr(&b, "tip", wg_str_of(tip));
    wg_json_key(&b, "at");
    wg_buf_char(&b, '"');
    wg_buf_time(&b, wg_now_ms());
    wg_buf_lit(&b, "\"}\n");
    int rc = wg_file_write(path, wg_buf_str(&b), 0600, err);
    wg_buf_free(&b);
    return rc;
}

static int write_tar(const char *file, const char *area, const char *made, const char *dir,
                     struct wg_err *err)
{
    char part[1100], from[1200], name[64];
    struct archive *a = archive_write_new();
    int rc = WG_OK, fd;
    snprintf(part, sizeof(part), "%s.part", file);
    fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        rc = wg_fail(err, WG_EIO, "%s: %s", part, strerror(errno));
    else if (!a || archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
             archive_write_open_fd(a, fd) != ARCHIVE_OK)
        rc = a ? tar_fail(a, err) : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK) { /* what it is comes first */
        snprintf(from, sizeof(from), "%s/county.json", made);
        snprintf(name, sizeof(name), "%s/county.json", area);
        rc = tar_file(a, name, from, err);
    }
    static const char *const ours[] = {"journal", "vault"};
    for (int i = 0; rc == WG_OK && i < 2; i++) {
        snprintf(from, sizeof(from), "%s/%s", made, ours[i]);
        rc = tar_folder(a, area, from, ours[i], err);
    }
    snprintf(from, sizeof(from), "%s/blobs", dir); /* after the journal: what it names is there */
    if (rc == WG_OK)
        rc = tar_folder(a, area, from, "blobs", err);
    if (a && archive_write_close(a) != ARCHIVE_OK && rc == WG_OK)
        rc = tar_fail(a, err);
    archive_write_free(a);
    if (rc == WG_OK && (fsync(fd) < 0 || rename(part, file) < 0))
        rc = wg_fail(err, WG_EIO, "%s: %s", file, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        unlink(part);
    return rc;
}

static int export_whole(struct offline *o, const char *area, const char *file, uint64_t *last,
                        struct wg_err *err)
{
    char dir[1024], from[1200], made[1100], to[1200], tip[WG_HASH_TEXT + 1];
    int rc;
    snprintf(dir, sizeof(dir), "%s/%s", o->config.data.p, area);
    snprintf(made, sizeof(made), "%s.making", file);
    snprintf(from, sizeof(from), "%s/journal", dir);
    wg_env_discard(made, NULL);
    if ((rc = wg_dir_make(made, err)) < 0 || (rc = journal_last(from, last, err)) < 0)
        goto out;
    snprintf(from, sizeof(from), "%s/vault", dir);
    snprintf(to, sizeof(to), "%s/vault", made);
    if ((rc = copy_vault(from, to, last, err)) < 0)
        goto out;
    snprintf(from, sizeof(from), "%s/journal", dir);
    snprintf(to, sizeof(to), "%s/journal", made);
    if ((rc = copy_journal(from, to, *last, tip, err)) < 0)
        goto out;
    snprintf(to, sizeof(to), "%s/county.json", made);
    if ((rc = write_manifest(to, area, *last, tip, err)) == WG_OK)
        rc = write_tar(file, area, made, dir, err);
out:
    wg_env_discard(made, NULL);
    return rc;
}

int run_export(struct ctx *c)
{
    struct offline o;
    struct wg_err err = {0};
    char dir[1400];
    size_t i;
    if (!c->given[EXPORT_CONFIG])
        return export_collection(c);
    uint64_t last = 0;
    int done = WG_OK, rc = offline_open(&o, c, opt(c, CONFIG), false);
    if (rc == DONE && !area_index(&o, c->args[0], &i))
        rc = misused(c, "%s is no area of the configuration", c->args[0]);
    if (rc == DONE && c->count == 2) {
        done = export_whole(&o, c->args[0], c->args[1], &last, &err);
    } else if (rc == DONE) {
        struct wg_journal *j = NULL;
        snprintf(dir, sizeof(dir), "%s/%s/journal", o.config.data.p, c->args[0]);
        done = journal_beside(dir, &j, &err);
        if (done == WG_OK)
            done = j->ops->scan(j, 1, print_entry, NULL, &err);
        if (j)
            j->ops->close(j);
    }
    if (done < 0)
        rc = failed(REFUSED, "%s: %s", c->args[0],
                    err.text[0] ? err.text : "standard output can't be written");
    else if (rc == DONE && c->count == 2)
        printf("%s: %llu entries, with blobs and vault 已导出\n", c->args[0],
               (unsigned long long)last);
    offline_close(&o);
    return rc;
}
