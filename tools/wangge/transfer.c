/* adopt: a county from another server, checked whole; clone: a new county after a template. */
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
#define FILE_MAX ((size_t)1 << 30)

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
        if (!name || strlen(name) < 8 || name[6] != '/' || !county_file(name + 7) ||
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
        struct wg_cmd cmd =
            wg_cmd_keep(c->arena, "edition", wg_collection_name(collection),
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
    struct wg_cmd cmd = wg_cmd_keep(
        c->arena, "tenant", "now",
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
