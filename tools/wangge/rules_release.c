/* Rules on their way into force, from here: a draft from a folder, its approval, the way back, what
 * would be otherwise; and the key of who signs. */
#include "wangge.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAR_MAX ((size_t)6 << 20)
#define FILE_MAX ((size_t)4 << 20)

/* ---- the folder as a tar ---- */

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int add_file(struct ctx *c, struct archive *tar, const char *folder, const char *area,
                    const char *name)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_err err = {0};
    struct archive_entry *e = archive_entry_new();
    struct wg_str path = wg_arena_fmt(c->arena, "%s/%s", folder, name),
                  inside = wg_arena_fmt(c->arena, "%s/%s", area, name);
    int rc = DONE;
    if (wg_file_read(path.p, FILE_MAX, &text, &err) < 0) {
        rc = failed(REFUSED, "%s", err.text);
    } else {
        archive_entry_set_pathname(e, inside.p);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)text.n);
        if (archive_write_header(tar, e) != ARCHIVE_OK ||
            archive_write_data(tar, text.p, text.n) != (la_ssize_t)text.n)
            rc = failed(REFUSED, "%s: %s", path.p, archive_error_string(tar));
    }
    archive_entry_free(e);
    wg_buf_free(&text);
    return rc;
}

/* The .lua files of a folder, by name. DONE, or told. */
static int list_lua(struct ctx *c, const char *folder, const char **names, size_t *count)
{
    struct dirent *e;
    DIR *dir = opendir(folder);
    *count = 0;
    if (!dir)
        return misused(c, "%s: %s", folder, strerror(errno));
    while ((e = readdir(dir))) {
        size_t n = strlen(e->d_name);
        if (n < 5 || strcmp(e->d_name + n - 4, ".lua") != 0 || e->d_name[0] == '.' || *count == 256)
            continue;
        names[(*count)++] = wg_arena_str(c->arena, wg_str_of(e->d_name)).p;
    }
    closedir(dir);
    qsort(names, *count, sizeof(*names), by_name);
    return *count ? DONE : misused(c, "%s holds no .lua file; it is scripts/counties/AREA", folder);
}

/* The city brings its own folder, std and the tables beside it. */
static int add_folder(struct ctx *c, struct archive *tar, const char *folder, const char *prefix)
{
    const char *names[256];
    size_t count;
    int rc = list_lua(c, folder, names, &count);
    for (size_t i = 0; rc == DONE && i < count; i++)
        rc = add_file(c, tar, folder, prefix, names[i]);
    return rc;
}

static int add_city(struct ctx *c, struct archive *tar, const char *folder)
{
    struct wg_str std = wg_arena_fmt(c->arena, "%s/../../std", folder),
                  tables = wg_arena_fmt(c->arena, "%s/../../../standards", folder);
    int rc = add_folder(c, tar, std.p, "std");
    if (rc == DONE)
        rc = add_file(c, tar, tables.p, "standards", "classes.csv");
    return rc == DONE ? add_file(c, tar, tables.p, "standards", "limits.csv") : rc;
}

static int make_tar(struct ctx *c, const char *folder, struct wg_buf *out)
{
    struct archive *tar = archive_write_new();
    size_t used = 0;
    char *p = wg_buf_room(out, TAR_MAX);
    const char *area = area_of(c);
    int rc = p && tar ? DONE : failed(REFUSED, "out of memory");
    if (rc == DONE && (archive_write_set_format_ustar(tar) != ARCHIVE_OK ||
                       archive_write_open_memory(tar, p, TAR_MAX, &used) != ARCHIVE_OK))
        rc = failed(REFUSED, "a tar can't be made: %s", archive_error_string(tar));
    if (rc == DONE)
        rc = add_folder(c, tar, folder, area);
    if (rc == DONE && strcmp(area + 4, "00") == 0)
        rc = add_city(c, tar, folder);
    if (rc == DONE && archive_write_close(tar) != ARCHIVE_OK)
        rc = failed(REFUSED, "the folder is too large: %s", archive_error_string(tar));
    archive_write_free(tar);
    out->n = used;
    return rc;
}

/* ---- what comes back ---- */

static const char *step_text(struct wg_str step)
{
    static const char *const words[][2] = {{"shape", "装载"},          {"lint", "检查"},
                                           {"tests", "测试"},          {"guard", "刚性守护"},
                                           {"complete", "责任全覆盖"}, {"backtest", "回测"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (wg_str_is(step, words[i][0]))
            return words[i][1];
    return "?";
}

static void print_steps(const struct wg_json *steps)
{
    for (const struct wg_json *s = steps ? steps->child : NULL; s; s = s->next) {
        printf("  %s ", wg_json_bool(s, "ok", false) ? "✓" : "✗");
        put_padded(stdout, wg_str_of(step_text(wg_json_str(s, "step"))), 12);
        printf("%6lld ms  不合格 %lld，存疑 %lld", (long long)wg_json_int(s, "ms", 0),
               (long long)wg_json_int(s, "faults", 0), (long long)wg_json_int(s, "doubts", 0));
        const struct wg_json *b = wg_json_get(s, "backtest");
        if (wg_json_get(s, "ran"))
            printf("；测试 %lld 个", (long long)wg_json_int(s, "ran", 0));
        if (b && b->type == WG_JOBJ)
            printf("；%lld 次决定，%lld 处不同", (long long)wg_json_int(b, "decisions", 0),
                   (long long)wg_json_int(b, "differ", 0));
        putchar('\n');
    }
}

static void print_signer(const char *label, const struct wg_json *who)
{
    if (!who || who->type != WG_JOBJ)
        return;
    struct wg_str key = wg_json_str(who, "key");
    printf("%s %.*s  %.*s  %.*s…\n", label, WG_PRI(wg_json_str(who, "user")),
           WG_PRI(wg_json_str(who, "at")), key.n < 16 ? (int)key.n : 16, key.n ? key.p : "");
}

static void print_release(struct ctx *c, const struct wg_json *r)
{
    if (!r || r->type != WG_JOBJ)
        return;
    printf("第%lld次发布  %.*s  %.*s  %.*s\n", (long long)wg_json_int(r, "n", 0),
           WG_PRI(wg_json_str(r, "rev")), WG_PRI(short_time(c, wg_json_str(r, "at"))),
           WG_PRI(wg_json_str(r, "by")));
    print_signer("  起草", wg_json_get(r, "author"));
    print_signer("  批准", wg_json_get(r, "approver"));
    line("  说明", wg_json_str(r, "note"));
}

/* ---- draft, approve, rollback ---- */

/* Somebody with a key of their own is told the hash first, and signs it. */
static int sign_first(struct ctx *c, struct request *r)
{
    struct wg_json *j = NULL;
    uint8_t seed[WG_SIGN_SEED];
    if (!sign_key(c, seed))
        return DONE;
    wg_wipe(seed, sizeof(seed));
    struct request ask = *r;
    ask.target =
        wg_arena_fmt(c->arena, "%s%chash=1", r->target.p, strchr(r->target.p, '?') ? '&' : '?');
    int rc = ask_server(c, &ask);
    if (rc != DONE)
        return rc;
    if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, NULL) < 0)
        return failed(UNREACHED, "the answer is not from a server of ours");
    r->signature = sign_rules(c, WG_AUTHOR, wg_json_str(j, "hash")).p;
    return DONE;
}

int rules_run_draft(struct ctx *c)
{
    struct wg_buf tar = WG_BUF_INIT;
    const struct wg_json *j = NULL;
    const char *note = opt(c, RULES_NOTE);
    int rc = session_need(c);
    if (rc == DONE)
        rc = make_tar(c, c->args[1], &tar);
    if (rc == DONE) {
        struct request r = {.method = "POST",
                            .target = note ? area_path(c, "rules?note=%s", encoded(c, note))
                                           : area_path(c, "rules"),
                            .type = "application/x-tar",
                            .body = wg_buf_str(&tar)};
        if ((rc = sign_first(c, &r)) == DONE) {
            r.prefer = "respond-async";
            rc = ask_server(c, &r);
        }
    }
    if (rc == DONE)
        rc = job_wait(c, &j);
    if (rc == DONE && j) {
        printf("草案 %.*s\n", WG_PRI(wg_json_str(j, "hash")));
        print_steps(wg_json_get(j, "steps"));
        printf("待另一人批准：wangge rules approve %.*s\n", WG_PRI(wg_json_str(j, "hash")));
    }
    wg_buf_free(&tar);
    return rc;
}

static int release(struct ctx *c, struct wg_str target, const char *sign)
{
    const struct wg_json *j = NULL;
    const char *note = opt(c, RULES_NOTE);
    struct wg_buf body = WG_BUF_INIT;
    wg_buf_char(&body, '{');
    if (note)
        wg_json_kstr(&body, "note", wg_str_of(note));
    if (c->given[RULES_MIGRATE])
        wg_json_kbool(&body, "migrate", true);
    wg_buf_char(&body, '}');
    const struct request r = {.method = "POST",
                              .target = target,
                              .type = "application/json",
                              .body = wg_buf_str(&body),
                              .signature = sign};
    int rc = ask_server(c, &r);
    wg_buf_free(&body);
    if (rc == DONE)
        rc = answer_tree(c, &j);
    if (rc == DONE && j)
        print_release(c, wg_json_get(j, "in_force"));
    if (rc == DONE && j && c->given[RULES_MIGRATE])
        printf("  %lld 个办理中的案卷迁移到新规则\n", (long long)wg_json_int(j, "migrating", 0));
    return rc;
}

int rules_run_approve(struct ctx *c)
{
    int rc = session_need(c);
    if (rc != DONE)
        return rc;
    const char *hash = c->args[1];
    return release(c, area_path(c, "rules/%s/approve", encoded(c, hash)),
                   sign_rules(c, WG_APPROVER, wg_str_of(hash)).p);
}

int rules_run_rollback(struct ctx *c)
{
    int rc = session_need(c);
    return rc == DONE ? release(c, area_path(c, "rules/rollback"), NULL) : rc;
}

int rules_run_migration(struct ctx *c)
{
    static const char *const heads[] = {"案卷", "状态", "时限止 原", "时限止 新", "能否迁移", NULL};
    const struct wg_json *j = NULL;
    int rc = session_need(c);
    if (rc == DONE)
        rc = get(c, area_path(c, "rules/%s/migration", encoded(c, c->args[1])), &j);
    if (rc != DONE || !j)
        return rc;
    struct table t = {.c = c, .heads = heads};
    for (const struct wg_json *m = wg_json_get(j, "list")->child; m; m = m->next)
        table_add(&t, (struct wg_str[]){
                          wg_json_str(m, "case"), state_text(c, wg_json_str(m, "state")),
                          short_time(c, wg_json_str(m, "due_was")),
                          short_time(c, wg_json_str(m, "due_is")),
                          wg_json_bool(m, "can", false) ? WG_S("能") : wg_json_str(m, "why")});
    table_print(&t);
    printf("%lld 个办理中的案卷在别的规则下，%lld 个能迁移，%lld 个时限会变\n",
           (long long)wg_json_int(j, "cases", 0), (long long)wg_json_int(j, "can", 0),
           (long long)wg_json_int(j, "changed", 0));
    return DONE;
}

/* ---- looking ---- */

static void print_drafts(struct ctx *c, const struct wg_json *list)
{
    for (const struct wg_json *d = list ? list->child : NULL; d; d = d->next)
        printf("  %.*s  %-8.*s  %.*s  %.*s  %.*s\n", WG_PRI(wg_json_str(d, "rev")),
               WG_PRI(wg_json_str(d, "state")), WG_PRI(short_time(c, wg_json_str(d, "at"))),
               WG_PRI(wg_json_str(d, "by")), WG_PRI(wg_json_str(d, "note")));
}

void print_incidents(const struct wg_json *list)
{
    bool red = isatty(STDOUT_FILENO);
    for (const struct wg_json *i = list ? list->child : NULL; i; i = i->next) {
        const struct wg_json *why = wg_json_get(i, "why");
        printf("%s!! 规则故障 on.", red ? "\033[31m" : "");
        put_text(stdout, wg_json_str(i, "name"));
        printf("：%lld 次，", (long long)wg_json_int(i, "count", 0));
        if (why && why->count == 3) {
            put_text(stdout, why->child->next->str);
            printf(":%lld ", (long long)why->child->next->next->num);
            put_text(stdout, why->child->str);
        }
        printf("；由市级规则代决%s\n", red ? "\033[0m" : "");
    }
}

int rules_run_status(struct ctx *c)
{
    const struct wg_json *j = NULL, *drafts = NULL;
    int rc = session_need(c);
    if (rc == DONE)
        rc = get(c, area_path(c, "rules"), &j);
    if (rc != DONE || !j)
        return rc;
    printf("%.*s %.*s\n", WG_PRI(wg_json_str(j, "area")), WG_PRI(wg_json_str(j, "name")));
    print_release(c, wg_json_get(j, "in_force"));
    if (wg_json_bool(j, "behind_city", false))
        puts("市级规则已更新：把同一文件夹再作草案提交，即在新市标之上");
    print_incidents(wg_json_get(j, "incidents"));
    rc = get(c, area_path(c, "rules/drafts"), &drafts);
    if (rc == DONE && wg_json_get(drafts, "drafts")->count) {
        puts("草案");
        print_drafts(c, wg_json_get(drafts, "drafts"));
    }
    return rc;
}

int rules_run_show(struct ctx *c)
{
    const struct wg_json *j = NULL;
    int rc = session_need(c);
    if (rc == DONE)
        rc = get(c, area_path(c, "rules/%s", encoded(c, c->args[1])), &j);
    if (rc != DONE || !j)
        return rc;
    printf("%.*s  %.*s  %.*s\n", WG_PRI(wg_json_str(j, "rev")), WG_PRI(wg_json_str(j, "state")),
           WG_PRI(wg_json_str(j, "note")));
    print_signer("  起草", wg_json_get(j, "author"));
    print_signer("  批准", wg_json_get(j, "approver"));
    print_steps(wg_json_get(j, "steps"));
    const struct wg_json *steps = wg_json_get(wg_json_get(j, "report"), "steps");
    for (const struct wg_json *s = steps ? steps->child : NULL; s; s = s->next)
        print_findings_list(wg_json_get(s, "findings"));
    return DONE;
}

/* ---- back-test ---- */

static void print_backtest(const struct wg_json *j)
{
    static const char *const kinds[][2] = {{"filing", "立案"}, {"deadline", "时限"},
                                           {"route", "派遣"},  {"state", "状态"},
                                           {"notice", "通知"}, {"other", "其他"}};
    const struct wg_json *by = wg_json_get(j, "by_kind"), *caveats = wg_json_get(j, "caveats");
    printf(
        "%lld 次决定，%lld 次相同，%lld 次不同；受影响案卷 %lld 个：转为超期 %lld，转为按期 %lld\n",
        (long long)wg_json_int(j, "decisions", 0), (long long)wg_json_int(j, "same", 0),
        (long long)wg_json_int(j, "differ", 0), (long long)wg_json_int(j, "changed_cases", 0),
        (long long)wg_json_int(j, "to_overdue", 0), (long long)wg_json_int(j, "to_on_time", 0));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (wg_json_int(by, kinds[i][0], 0))
            printf("  %s %lld 处\n", kinds[i][1], (long long)wg_json_int(by, kinds[i][0], 0));
    for (const struct wg_json *m = caveats ? caveats->child : NULL; m; m = m->next)
        if (wg_json_int(m, "count", 0))
            printf("  无从知道：%lld 次，%.*s\n", (long long)wg_json_int(m, "count", 0),
                   WG_PRI(wg_json_str(m, "text")));
    const struct wg_json *rows = wg_json_get(j, "differences");
    size_t shown = 0;
    for (const struct wg_json *m = rows ? rows->child : NULL; m && shown < 20; m = m->next, shown++)
        printf("  %.*s %.*s %.*s: %.*s → %.*s\n", WG_PRI(wg_json_str(m, "case")),
               WG_PRI(wg_json_str(m, "action")), WG_PRI(wg_json_str(m, "field")),
               WG_PRI(wg_json_str(m, "was")), WG_PRI(wg_json_str(m, "is")));
    if (rows && rows->count > shown)
        printf("  … 共 %lld 处；--out FILE.csv 或 FILE.html 有全部\n",
               (long long)wg_json_int(j, "differences_in_all", 0));
}

/* CSV and pages are as large as the county is old: to a file. */
static int save_as(struct ctx *c, struct request *r, const char *as)
{
    r->target =
        wg_arena_fmt(c->arena, "%s%cas=%s", r->target.p, strchr(r->target.p, '?') ? '&' : '?', as);
    r->wait_ms = 600000;
    int rc = ask_server(c, r);
    return rc == DONE ? put_out(c, wg_buf_str(&c->answer)) : rc;
}

int rules_run_backtest(struct ctx *c)
{
    struct wg_buf tar = WG_BUF_INIT;
    const struct wg_json *j = NULL;
    const char *what = c->args[1], *file = opt(c, RULES_OUT);
    const char *end = file ? strrchr(file, '.') : NULL;
    struct stat st;
    int rc = session_need(c);
    const char *query = rc == DONE ? query_of(c, 2) : NULL;
    if (!query)
        return rc == DONE ? MISUSED : rc;
    bool folder = stat(what, &st) == 0 && S_ISDIR(st.st_mode);
    struct request r = {.method = "POST",
                        .target = area_path(c, "rules/backtest%s", query),
                        .type = "application/x-tar"};
    if (folder && (rc = make_tar(c, what, &tar)) == DONE)
        r.body = wg_buf_str(&tar);
    if (!folder)
        r.target = area_path(c, "rules/backtest%s%shash=%s", query, query[0] ? "&" : "?",
                             encoded(c, what));
    if (rc == DONE && end && (strcmp(end, ".csv") == 0 || strcmp(end, ".html") == 0)) {
        rc = save_as(c, &r, end + 1);
    } else if (rc == DONE) {
        r.prefer = "respond-async";
        if ((rc = ask_server(c, &r)) == DONE && (rc = job_wait(c, &j)) == DONE && j)
            print_backtest(j);
    }
    wg_buf_free(&tar);
    return rc;
}

/* ---- fetch: what is in force, as a folder to work in ---- */

static int put_file_at(struct ctx *c, const char *root, struct wg_str name, struct wg_str text)
{
    bool table = wg_str_starts(name, "standards/");
    bool std = wg_str_starts(name, "std/");
    struct wg_str path = wg_arena_fmt(c->arena, "%s/%s%.*s", root,
                                      table ? ""
                                      : std ? "scripts/"
                                            : "scripts/counties/",
                                      WG_PRI(name));
    char dir[1200];
    struct wg_err err = {0};
    snprintf(dir, sizeof(dir), "%s", path.p);
    for (char *p = dir + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        if (wg_dir_make(dir, &err) < 0)
            return failed(REFUSED, "%s", err.text);
    }
    FILE *f = fopen(path.p, "wx");
    if (!f)
        return failed(REFUSED, "%s: %s", path.p, strerror(errno));
    bool ok = fwrite(text.p, 1, text.n, f) == text.n;
    return (fclose(f) == 0 && ok) ? DONE : failed(REFUSED, "%s can't be written", path.p);
}

int rules_run_fetch(struct ctx *c)
{
    const struct wg_json *j = NULL;
    struct wg_err err = {0};
    int rc = session_need(c);
    if (rc == DONE)
        rc = get(c, area_path(c, "rules"), &j);
    if (rc == DONE && j)
        rc = get(c, area_path(c, "rules/%s/files", encoded(c, wg_json_str(j, "hash").p)), &j);
    if (rc != DONE || !j)
        return rc;
    if (wg_dir_make(c->args[1], &err) < 0)
        return failed(REFUSED, "%s", err.text);
    const struct wg_json *files = wg_json_get(j, "files");
    for (const struct wg_json *f = files ? files->child : NULL; rc == DONE && f; f = f->next)
        rc = put_file_at(c, c->args[1], f->child->str, f->child->next->str);
    if (rc == DONE && (rc = get(c, area_path(c, "rules/calendar"), &j)) == DONE && j) {
        struct wg_buf text = WG_BUF_INIT;
        wg_json_write(j, &text);
        rc = put_file_at(c, c->args[1], WG_S("standards/calendar.json"), wg_buf_str(&text));
        wg_buf_free(&text);
    }
    if (rc == DONE)
        printf("%u 个文件在 %s；改 %s/scripts/counties/%s\n", files->count, c->args[1], c->args[1],
               area_of(c));
    return rc;
}
