/* A county carried: export as a tar (also of one that is being served), adopt under another data
 * folder, clone as a new county. */
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
#define TRIES 20
#define PAUSE_US 50000
#define VAULT_MAP ((size_t)16 << 30) /* as the vault opens itself */
#define FILE_MAX ((size_t)1 << 30)

/* The journal of a county that may be served: a frame that is being written looks broken for a
 * moment, and with the next one behind it like damage. What is damaged stays so. */
static int journal_beside(const char *dir, struct wg_journal **out, struct wg_err *err)
{
    const struct wg_journal_opts opts = {.read_only = true};
    int rc = wg_journal_open(dir, &opts, out, err);
    for (int i = 0; rc == WG_ECORRUPT && i < TRIES; i++) {
        usleep(PAUSE_US);
        rc = wg_journal_open(dir, &opts, out, err);
    }
    return rc;
}

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

static int tar_fail(struct archive *a, struct wg_err *err)
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
static bool name_ok(const char *name)
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
        else if (S_ISREG(st.st_mode) && name_ok(name)) {
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

/* ---- adopt ---- */

static int take_file(struct archive *a, const char *path, struct wg_err *err)
{
    char dir[1400], chunk[65536];
    ssize_t n;
    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    int fd, rc = wg_dir_make(dir, err);
    if (rc < 0)
        return rc;
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        return wg_fail(err, WG_EIO, "%s: %s", path, strerror(errno));
    while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0)
        if (write(fd, chunk, (size_t)n) != n) {
            rc =
                wg_fail(err, errno == ENOSPC ? WG_ENOSPC : WG_EIO, "%s: %s", path, strerror(errno));
            break;
        }
    if (n < 0)
        rc = tar_fail(a, err);
    if (rc == WG_OK && fsync(fd) < 0)
        rc = wg_fail(err, WG_EIO, "%s: %s", path, strerror(errno));
    close(fd);
    return rc;
}

/* A blob's name is the digest of its content. */
static int check_blob(const char *path, struct wg_err *err)
{
    struct wg_buf b = WG_BUF_INIT;
    char name[65];
    int rc = wg_file_read(path, FILE_MAX, &b, err);
    if (rc == WG_OK) {
        wg_sha256_hex(wg_buf_str(&b), name);
        if (strcmp(name, strrchr(path, '/') + 1) != 0)
            rc = wg_fail(err, WG_ECORRUPT, "%s: is not what its name says", path);
    }
    wg_buf_free(&b);
    return rc;
}

/* Unpack into data/AREA.adopting; area is what the names begin with. */
static int unpack(struct offline *o, const char *file, char area[8], char dir[1100],
                  struct wg_err *err)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    char path[1400];
    int rc = WG_OK, got = ARCHIVE_OK;
    area[0] = '\0';
    if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK ||
        archive_read_open_filename(a, file, 65536) != ARCHIVE_OK)
        rc = a ? tar_fail(a, err) : wg_fail(err, WG_ENOMEM, "out of memory");
    while (rc == WG_OK && (got = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
        const char *name = archive_entry_pathname(e);
        if (!name || strlen(name) < 8 || name[6] != '/' || !name_ok(name + 7) ||
            archive_entry_filetype(e) != AE_IFREG || (area[0] && memcmp(name, area, 6) != 0)) {
            rc = wg_fail(err, WG_EINVAL, "%s: \"%.200s\" has no place in a county", file,
                         name ? name : "");
            break;
        }
        if (!area[0]) {
            size_t i;
            snprintf(area, 8, "%.6s", name);
            if (!area_index(o, area, &i)) {
                rc = wg_fail(err, WG_EINVAL, "%s is no area of the configuration; add it first",
                             area);
                break;
            }
            snprintf(dir, 1100, "%s/%s.adopting", o->config.data.p, area);
            wg_env_discard(dir, NULL);
        }
        snprintf(path, sizeof(path), "%s/%s", dir, name + 7);
        rc = take_file(a, path, err);
        if (rc == WG_OK && strncmp(name + 7, "blobs/", 6) == 0)
            rc = check_blob(path, err);
    }
    if (rc == WG_OK && got != ARCHIVE_EOF)
        rc = tar_fail(a, err);
    if (rc == WG_OK && !area[0])
        rc = wg_fail(err, WG_EINVAL, "%s: is empty", file);
    archive_read_free(a);
    return rc;
}

/* The chain, every decision, and that it ends where the manifest says. */
static int check_county(struct offline *o, const char *area, const char *dir, uint64_t *entries,
                        struct wg_err *err)
{
    struct wg_desk_opts opts;
    struct wg_audit audit;
    struct wg_buf text = WG_BUF_INIT, tip = WG_BUF_INIT;
    struct wg_journal *j = NULL;
    const struct wg_journal_opts read = {.read_only = true};
    struct wg_json *m;
    char path[1200], unused[1024], hash[WG_HASH_TEXT + 1];
    size_t i;
    int rc;
    area_index(o, area, &i);
    offline_desk(o, i, &opts, unused);
    opts.dir = dir;
    snprintf(path, sizeof(path), "%s/county.json", dir);
    if ((rc = wg_file_read(path, 4096, &text, err)) < 0 ||
        (rc = wg_json_parse(o->c->arena, wg_buf_str(&text), &m, err)) < 0 ||
        (rc = wg_replay_audit(&opts, NULL, NULL, &audit, err)) < 0)
        goto out;
    if (audit.differ) {
        rc = wg_fail(err, WG_ECORRUPT, "%llu decisions differ; the first: %.300s",
                     (unsigned long long)audit.differ, audit.first);
        goto out;
    }
    *entries = audit.entries;
    snprintf(path, sizeof(path), "%s/journal", dir);
    if ((rc = wg_journal_open(path, &read, &j, err)) < 0 ||
        (rc = audit.entries ? wg_journal_get(j, audit.entries, &tip, err) : WG_OK) < 0)
        goto out;
    struct wg_hash h = wg_hash_of(wg_buf_str(&tip));
    wg_hash_text(&h, hash);
    if (wg_json_int(m, "entries", -1) != (int64_t)audit.entries ||
        !wg_str_is(wg_json_str(m, "area"), area) ||
        (audit.entries && !wg_str_is(wg_json_str(m, "tip"), hash)))
        rc = wg_fail(err, WG_ECORRUPT, "the journal does not end where county.json says");
out:
    if (j)
        j->ops->close(j);
    wg_buf_free(&text);
    wg_buf_free(&tip);
    return rc;
}

int run_adopt(struct ctx *c)
{
    struct offline o;
    struct wg_err err = {0};
    char area[8] = "", dir[1100] = "", to[1200];
    uint64_t entries = 0;
    int rc = offline_open(&o, c, opt(c, CONFIG), true);
    if (rc == DONE) {
        int done = unpack(&o, c->args[0], area, dir, &err);
        snprintf(to, sizeof(to), "%s/%s", o.config.data.p, area);
        if (done == WG_OK && access(to, F_OK) == 0)
            done = wg_fail(&err, WG_EEXIST, "%s is there already; move it away first", to);
        if (done == WG_OK)
            done = check_county(&o, area, dir, &entries, &err);
        if (done == WG_OK && rename(dir, to) < 0)
            done = wg_fail(&err, WG_EIO, "%s: %s", to, strerror(errno));
        if (done == WG_OK)
            done = wg_dir_sync(o.config.data.p, &err);
        if (done < 0) {
            if (dir[0])
                wg_env_discard(dir, NULL);
            rc = failed(REFUSED, "%s", err.text);
        } else {
            printf("%s: %llu entries, all decided again the same 已接收\n", area,
                   (unsigned long long)entries);
        }
    }
    offline_close(&o);
    return rc;
}

/* ---- clone ---- */

/* Units without the people who hold their posts. */
static void write_bare(const struct wg_json *j, struct wg_buf *b)
{
    bool list = j->type == WG_JARR;
    if (!list && j->type != WG_JOBJ) {
        wg_json_write(j, b);
        return;
    }
    wg_buf_char(b, list ? '[' : '{');
    for (const struct wg_json *m = j->child; m; m = m->next) {
        if (wg_str_is(m->key, "holder") || wg_str_is(m->key, "deputy"))
            continue;
        wg_json_sep(b);
        if (!list) {
            wg_buf_json(b, m->key);
            wg_buf_char(b, ':');
        }
        write_bare(m, b);
    }
    wg_buf_char(b, list ? ']' : '}');
}

static struct wg_cmd keep(struct wg_arena *a, const char *kind, const char *name,
                          struct wg_str value)
{
    return (struct wg_cmd){.arena = a,
                           .act = WG_S("keep"),
                           .kind = wg_str_of(kind),
                           .name = wg_str_of(name),
                           .value = value,
                           .if_match = -1,
                           .actor = {WG_S("system"), {NULL, 0}, WG_SYSTEM}};
}

static int take(struct wg_desk *d, struct wg_cmd *cmd, struct wg_err *err)
{
    wg_desk_batch(d, cmd);
    if (cmd->rc < 0)
        *err = cmd->err;
    return cmd->rc;
}

static int clone_table(struct ctx *c, struct wg_desk *from, struct wg_desk *to, int collection,
                       struct wg_err *err)
{
    char blobs[1100], name[WG_BLOB_NAME + 1];
    struct wg_force *f = wg_desk_force(from);
    const struct wg_json *table = wg_table_json(f->ground->table[collection - WG_UNITS]);
    struct wg_buf b = WG_BUF_INIT;
    int rc = WG_OK;
    if (table) {
        write_bare(table, &b);
        snprintf(blobs, sizeof(blobs), "%s/blobs", wg_desk_dir(to));
        rc = wg_buf_ok(&b) ? wg_blob_put(blobs, wg_buf_str(&b), name, err) : WG_ENOMEM;
    }
    if (table && rc == WG_OK) {
        struct wg_cmd cmd = keep(c->arena, "edition", wg_collection_name(collection),
                                 wg_arena_fmt(c->arena,
                                              "{\"blob\":\"%s\",\"form\":\"json\",\"file\":\"\","
                                              "\"count\":%u,\"cloned\":\"%s\"}",
                                              name, table->count, wg_desk_area(from)));
        rc = take(to, &cmd, err);
    }
    wg_buf_free(&b);
    wg_force_drop(f);
    return rc;
}

/* The pack: every file of the template's folder, with its code where the template's stood. */
static int clone_scripts(struct offline *o, const char *area, const char *fresh, struct wg_err *err)
{
    char from[1200], to[1200], path[1500];
    struct wg_buf text = WG_BUF_INIT;
    struct dirent *f;
    int rc = WG_OK;
    snprintf(from, sizeof(from), "%s/counties/%s", o->config.scripts.p, area);
    snprintf(to, sizeof(to), "%s/counties/%s", o->config.scripts.p, fresh);
    if (access(to, F_OK) == 0) /* somebody has written it already */
        return WG_OK;
    DIR *d = opendir(from);
    if (!d)
        return wg_fail(err, WG_ENOENT, "%s: %s", from, strerror(errno));
    rc = wg_dir_make(to, err);
    while (rc == WG_OK && (f = readdir(d))) {
        if (f->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", from, f->d_name);
        wg_buf_clear(&text);
        if ((rc = wg_file_read(path, 1 << 20, &text, err)) < 0)
            break;
        for (char *p = text.p; (p = strstr(p, area)); p += 6)
            memcpy(p, fresh, 6);
        snprintf(path, sizeof(path), "%s/%s", to, f->d_name);
        rc = wg_file_write(path, wg_buf_str(&text), 0644, err);
    }
    closedir(d);
    wg_buf_free(&text);
    if (rc == WG_OK)
        chmod(to, 0755);
    return rc;
}

static int clone(struct ctx *c, struct offline *o, size_t template, size_t fresh,
                 struct wg_err *err)
{
    struct wg_desk_opts opts;
    struct wg_desk *from = NULL, *to = NULL;
    char a[1024], b[1024];
    int rc;
    offline_desk(o, template, &opts, a);
    if ((rc = wg_desk_open(&opts, &from, err)) < 0)
        goto out;
    offline_desk(o, fresh, &opts, b);
    if ((rc = wg_desk_open(&opts, &to, err)) < 0 ||
        (rc = clone_table(c, from, to, WG_UNITS, err)) < 0 ||
        (rc = clone_table(c, from, to, WG_OWNERS, err)) < 0)
        goto out;
    struct wg_cmd cmd =
        keep(c->arena, "tenant", "now",
             wg_arena_fmt(c->arena, "{\"phase\":\"prep\",\"note\":\"照%s建立\"}", c->args[0]));
    rc = take(to, &cmd, err);
out:
    wg_desk_close(to);
    wg_desk_close(from);
    return rc;
}

int run_clone(struct ctx *c)
{
    struct offline o;
    struct wg_err err = {0};
    char dir[1200], from[1200];
    size_t template, fresh;
    int rc = offline_open(&o, c, opt(c, CONFIG), true);
    if (rc == DONE &&
        (!area_index(&o, c->args[0], &template) || !area_index(&o, c->args[1], &fresh)))
        rc = misused(c, "both must be areas of the configuration");
    if (rc == DONE && (!template || !fresh || template == fresh))
        rc = misused(c, "needs two counties; the city is none");
    if (rc == DONE) {
        snprintf(from, sizeof(from), "%s/%s", o.config.data.p, c->args[0]);
        snprintf(dir, sizeof(dir), "%s/%s", o.config.data.p, c->args[1]);
        int done = access(from, F_OK) < 0
                       ? wg_fail(&err, WG_ENOENT, "there is no data of %s", c->args[0])
                   : access(dir, F_OK) == 0
                       ? wg_fail(&err, WG_EEXIST, "%s is there already; move it away first", dir)
                       : clone_scripts(&o, c->args[0], c->args[1], &err);
        if (done == WG_OK && (done = clone(c, &o, template, fresh, &err)) < 0)
            wg_env_discard(dir, NULL);
        if (done < 0)
            rc = failed(REFUSED, "%s", err.text);
        else
            printf("%s: after %s, in prep 已建立；scripts/counties/%s is its own: name, number and "
                   "hours first\n",
                   c->args[1], c->args[0], c->args[1]);
    }
    offline_close(&o);
    return rc;
}
