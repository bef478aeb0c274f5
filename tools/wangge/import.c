/* Base data: imports with their progress, editions, quality, and the phases of a county. */
#include "wangge.h"

#include <unistd.h>

#define IMPORT_MAX ((size_t)256 << 20)
#define WAIT_MS 600000
#define POLL_US 200000
#define SPOTS_SHOWN 20

enum {
    IMPORT_PREVIEW,
    IMPORT_FROM,
    IMPORT_KEY,
    IMPORT_CRS,
    IMPORT_STRICT,
    IMPORT_LAYER,
    IMPORT_ENCODING,
    IMPORT_ID,
    IMPORT_NAME
};
enum { TOPOLOGY_OUT };
enum { TENANT_NOTE };

/* ---- jobs ---- */

static void show_progress(const struct wg_json *job, bool last)
{
    bool tty = isatty(STDERR_FILENO);
    if (!tty && !last)
        return;
    int64_t percent = 0;
    wg_json_fixed(wg_json_get(job, "share"), 2, &percent);
    if (!wg_json_int(job, "read", 0)) /* of a job that reads no file */
        return;
    fprintf(stderr, "%s%lld rows read 已读, %lld%%%s", tty ? "\r" : "",
            (long long)wg_json_int(job, "read", 0), (long long)percent, last ? "\n" : "");
    fflush(stderr);
}

/* The problem of a job, as if it had been the answer. */
static int job_failed(struct ctx *c, const struct wg_json *problem)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_json_write(problem, &b);
    int rc = show_problem(c, (int)wg_json_int(problem, "status", 0), wg_buf_str(&b));
    wg_buf_free(&b);
    return rc;
}

/* Without a 202 the answer is the result already. */
int job_wait(struct ctx *c, const struct wg_json **result)
{
    struct wg_json *j;
    struct wg_err err = {0};
    *result = NULL;
    if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, &err) < 0)
        return failed(UNREACHED, "the answer is not from a server of ours: %s", err.text);
    const struct wg_json *job = c->status == 202 ? wg_json_get(j, "job") : NULL;
    struct wg_str url = wg_arena_str(c->arena, wg_json_str(j, "url"));
    while (job) {
        struct wg_str state = wg_json_str(job, "state");
        bool done = wg_str_is(state, "done"), bad = wg_str_is(state, "failed");
        show_progress(job, done || bad);
        if (bad)
            return job_failed(c, wg_json_get(job, "problem"));
        if (done)
            break;
        usleep(POLL_US);
        const struct request r = {.method = "GET", .target = url};
        int rc = ask_server(c, &r);
        if (rc != DONE)
            return rc;
        if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, &err) < 0)
            return failed(UNREACHED, "the answer is not from a server of ours: %s", err.text);
        job = j;
    }
    const struct wg_json *answer = job ? wg_json_get(job, "result") : j;
    wg_buf_clear(&c->answer);
    wg_json_write(answer, &c->answer);
    return answer_tree(c, result);
}

/* ---- import ---- */

static void show_ids(struct ctx *c, const struct wg_json *changes, const char *what)
{
    char key[40];
    snprintf(key, sizeof(key), "%s_ids", what);
    const struct wg_json *ids = wg_json_get(changes, key);
    if (ids && ids->count)
        line("", joined(c, ids, " "));
}

static void show_changes(struct ctx *c, const struct wg_json *changes)
{
    static const char *const names[][2] = {{"added", "新增 added"},
                                           {"changed", "变更 changed"},
                                           {"removed", "删除 removed"},
                                           {"unchanged", "未变 unchanged"}};
    for (size_t i = 0; i < 4; i++) {
        line(names[i][1], number_text(wg_json_get(changes, names[i][0])));
        if (i < 3)
            show_ids(c, changes, names[i][0]);
    }
}

static void show_topology(struct ctx *c, const struct wg_json *t)
{
    static const char *const names[][2] = {
        {"gap", "空隙 gaps"}, {"overlap", "重叠 overlaps"}, {"outside", "越界 outside"}};
    for (size_t i = 0; t && i < 3; i++) {
        const struct wg_json *k = wg_json_get(t, names[i][0]);
        line(names[i][1],
             wg_arena_fmt(c->arena, "%.*s (%.*s m2)", WG_PRI(number_text(wg_json_get(k, "count"))),
                          WG_PRI(number_text(wg_json_get(k, "m2")))));
    }
}

static void show_import(struct ctx *c, const struct wg_json *j)
{
    const struct wg_json *edition = wg_json_get(j, "edition");
    if (wg_json_bool(j, "preview", false))
        printf("%.*s: would be taken over 预览，未入库\n", WG_PRI(wg_json_str(j, "collection")));
    else
        printf("%.*s: taken over as entry %.*s, edition %.*s 已入库\n",
               WG_PRI(wg_json_str(j, "collection")), WG_PRI(number_text(wg_json_get(j, "entry"))),
               WG_PRI(number_text(wg_json_get(edition, "n"))));
    line("坐标系 crs", wg_json_str(edition, "crs"));
    show_changes(c, wg_json_get(edition ? edition : j, "changes"));
    if (wg_json_get(edition ? edition : j, "edits")) /* an undo brings them back */
        line("手工编辑 edits replaced", number_text(wg_json_get(edition ? edition : j, "edits")));
    show_topology(c, wg_json_get(edition ? edition : j, "topology"));
}

/* "?preview=1&from=…"; the server's own words for what is asked. crs NULL: none. */
static const char *import_query(struct ctx *c, const char *crs)
{
    struct wg_buf b = WG_BUF_INIT;
    const char *from = opt(c, IMPORT_FROM);
    if (c->given[IMPORT_PREVIEW])
        wg_buf_lit(&b, "&preview=1");
    if (c->given[IMPORT_STRICT])
        wg_buf_lit(&b, "&strict=1");
    if (from)
        wg_buf_fmt(&b, "&from=%s", encoded(c, from));
    if (crs)
        wg_buf_fmt(&b, "&crs=%s", encoded(c, crs));
    if (b.n)
        b.p[0] = '?';
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s.p ? s.p : "";
}

static int send_import(struct ctx *c, const char *file, const char *type, const char *crs)
{
    const struct request r = {
        .method = "POST",
        .target = area_path(c, "import/%s%s", encoded(c, c->args[0]), import_query(c, crs)),
        .type = type,
        .key = opt(c, IMPORT_KEY),
        .again = true,
        .prefer = "respond-async",
        .wait_ms = WAIT_MS};
    return send_file(c, file, IMPORT_MAX, r);
}

/* By way of GDAL, which turns what is projected; what is shifted the server turns. */
static int convert_and_send(struct ctx *c, const char *file)
{
    struct gdal g;
    const char *made, *crs = opt(c, IMPORT_CRS);
    int code = crs ? wg_crs_code(wg_str_of(crs)) : 0;
    if (crs && !code)
        return misused(c, "--crs %s: is an EPSG code (4549), gcj02 or bd09", crs);
    int rc = gdal_begin(&g, c, NULL);
    g.layer = opt(c, IMPORT_LAYER);
    g.encoding = opt(c, IMPORT_ENCODING);
    g.id = opt(c, IMPORT_ID);
    g.name = opt(c, IMPORT_NAME);
    g.epsg = code > 0 ? code : 0;
    g.shifted = code < 0;
    if (rc == DONE)
        rc = gdal_convert(&g, file, &made);
    if (rc == DONE)
        rc = send_import(c, made, type_of(made), g.shifted ? crs : NULL);
    gdal_end(&g);
    return rc;
}

int run_import(struct ctx *c)
{
    const char *file = c->args[1], *type = type_of(file);
    const struct wg_json *j = NULL;
    bool theirs = gdal_reads(file);
    if (!theirs && (!type || (strncmp(type, "text/csv", 8) != 0 && !strstr(type, "json"))))
        return misused(c,
                       "%s: must end in .geojson, .geojsons, .csv or .json, or, by way of GDAL, in "
                       ".shp, .gpkg, .fgb, .tab, .mif, .kml or .zip",
                       file);
    for (size_t i = IMPORT_LAYER; !theirs && i <= IMPORT_NAME; i++)
        if (c->given[i])
            return misused(c, "--%s is for files that GDAL reads", c->command->options[i].name);
    int rc = session_need(c);
    if (rc == DONE)
        rc = theirs ? convert_and_send(c, file) : send_import(c, file, type, opt(c, IMPORT_CRS));
    if (rc == DONE)
        rc = job_wait(c, &j);
    if (rc == DONE && j)
        show_import(c, j);
    return rc;
}

/* ---- topology ---- */

int run_topology(struct ctx *c)
{
    static const char *const heads[] = {"问题 kind", "编码 id", "与 other", "m2", "处 at", NULL};
    struct table t = {.c = c, .heads = heads};
    const struct wg_json *j = NULL;
    const char *out = opt(c, TOPOLOGY_OUT);
    const struct request r = {.method = "GET",
                              .target = area_path(c, "topology/%s", encoded(c, c->args[0])),
                              .prefer = "respond-async",
                              .wait_ms = WAIT_MS};
    struct wg_err err = {0};
    int rc = session_need(c);
    if (rc == DONE)
        rc = ask_server(c, &r);
    if (rc == DONE)
        rc = job_wait(c, &j);
    if (rc == DONE && out && wg_file_write(out, wg_buf_str(&c->answer), 0644, &err) < 0)
        rc = failed(REFUSED, "%s", err.text);
    if (rc != DONE || !j)
        return rc;
    show_topology(c, wg_json_get(j, "topology"));
    const struct wg_json *list = wg_json_get(j, "features"), *f = list ? list->child : NULL;
    for (int n = 0; f && n < SPOTS_SHOWN; f = f->next, n++) {
        const struct wg_json *p = wg_json_get(f, "properties");
        const struct wg_str cells[] = {
            wg_json_str(p, "kind"), or_dash(wg_json_str(p, "id")), or_dash(wg_json_str(p, "other")),
            number_text(wg_json_get(p, "m2")),
            wg_arena_fmt(c->arena, "%.*s,%.*s", WG_PRI(number_text(wg_json_get(p, "lon"))),
                         WG_PRI(number_text(wg_json_get(p, "lat"))))};
        table_add(&t, cells);
    }
    if (list && list->count)
        table_print(&t);
    return DONE;
}

/* ---- editions ---- */

int run_editions(struct ctx *c)
{
    static const char *const heads[] = {"版本 n",     "起 from",    "入库 at", "由 by",
                                        "数量 count", "变化 +/~/-", "",        NULL};
    const struct wg_json *j;
    struct table t = {.c = c, .heads = heads};
    int rc = get(c, area_path(c, "editions/%s", encoded(c, c->args[0])), &j);
    if (!j)
        return rc;
    const struct wg_json *list = wg_json_get(j, "editions");
    for (const struct wg_json *e = list ? list->child : NULL; e; e = e->next) {
        const struct wg_json *ch = wg_json_get(e, "changes"), *undid = wg_json_get(e, "undid");
        struct wg_str now = wg_json_bool(e, "in_force", false) ? WG_S("现行") : WG_S("");
        const struct wg_str cells[] = {
            number_text(wg_json_get(e, "n")),
            short_time(c, wg_json_str(e, "from")),
            short_time(c, wg_json_str(e, "at")),
            wg_json_str(e, "by"),
            number_text(wg_json_get(e, "count")),
            wg_arena_fmt(c->arena, "%.*s/%.*s/%.*s", WG_PRI(number_text(wg_json_get(ch, "added"))),
                         WG_PRI(number_text(wg_json_get(ch, "changed"))),
                         WG_PRI(number_text(wg_json_get(ch, "removed")))),
            undid ? wg_arena_fmt(c->arena, "%.*s 撤销 undid %.*s", WG_PRI(now),
                                 WG_PRI(number_text(undid)))
                  : now};
        table_add(&t, cells);
    }
    table_print(&t);
    return DONE;
}

int run_undo(struct ctx *c)
{
    const struct wg_json *j = NULL;
    int rc = session_need(c);
    if (rc == DONE) {
        const struct request r = {.method = "POST",
                                  .target =
                                      area_path(c, "editions/%s/undo", encoded(c, c->args[0])),
                                  .type = "application/json",
                                  .body = WG_S("{}"),
                                  .again = true,
                                  .wait_ms = WAIT_MS};
        rc = ask_server(c, &r);
    }
    if (rc == DONE)
        rc = job_wait(c, &j);
    if (rc == DONE && j)
        show_import(c, j);
    return rc;
}

/* ---- quality ---- */

int run_quality(struct ctx *c)
{
    static const char *const heads[] = {"检查 check", "", "数 count", "例 first", NULL};
    const struct wg_json *j = NULL;
    struct table t = {.c = c, .heads = heads};
    const struct request r = {.method = "GET",
                              .target = area_path(c, "quality"),
                              .prefer = "respond-async",
                              .wait_ms = WAIT_MS};
    int rc = session_need(c);
    if (rc == DONE)
        rc = ask_server(c, &r);
    if (rc == DONE)
        rc = job_wait(c, &j);
    if (rc != DONE || !j)
        return rc;
    const struct wg_json *checks = wg_json_get(j, "checks");
    for (const struct wg_json *e = checks ? checks->child : NULL; e; e = e->next) {
        const struct wg_json *items = wg_json_get(e, "items"), *first = items ? items->child : NULL;
        const struct wg_str cells[] = {
            wg_json_str(e, "check"), wg_json_str(e, "text"),
            wg_json_bool(e, "checked", false) ? number_text(wg_json_get(e, "count")) : WG_S("-"),
            first ? wg_arena_fmt(c->arena, "%.*s %.*s,%.*s", WG_PRI(wg_json_str(first, "id")),
                                 WG_PRI(number_text(wg_json_get(first, "lon"))),
                                 WG_PRI(number_text(wg_json_get(first, "lat"))))
                  : (struct wg_str){NULL, 0}};
        table_add(&t, cells);
    }
    table_print(&t);
    return DONE;
}

/* ---- tenant ---- */

static int tenant_goes_on(struct ctx *c)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "phase", wg_str_of(c->args[0]));
    if (opt(c, TENANT_NOTE))
        wg_json_kstr(&b, "note", wg_str_of(opt(c, TENANT_NOTE)));
    wg_buf_char(&b, '}');
    const struct request r = {.method = "POST",
                              .target = area_path(c, "tenant"),
                              .type = "application/json",
                              .body = wg_buf_str(&b),
                              .again = true};
    int rc = ask_server(c, &r);
    wg_buf_free(&b);
    return rc;
}

int run_tenant(struct ctx *c)
{
    const struct wg_json *j;
    int rc = session_need(c);
    if (rc == DONE && c->count)
        rc = tenant_goes_on(c);
    if (rc == DONE)
        rc = get(c, area_path(c, "tenant"), &j);
    if (rc != DONE || !j)
        return rc;
    line("area 区域", wg_json_str(j, "area"));
    line("phase 阶段", wg_arena_fmt(c->arena, "%.*s %.*s", WG_PRI(wg_json_str(j, "phase")),
                                    WG_PRI(wg_json_str(j, "name"))));
    line("since 起", short_time(c, wg_json_str(j, "since")));
    line("ready 就绪",
         wg_arena_fmt(c->arena, "%.*s%%", WG_PRI(number_text(wg_json_get(j, "ready_percent")))));
    const struct wg_json *history = wg_json_get(j, "history");
    for (const struct wg_json *h = history ? history->child : NULL; h; h = h->next)
        line("", wg_arena_fmt(c->arena, "%.*s %.*s %.*s %.*s",
                              WG_PRI(short_time(c, wg_json_str(h, "since"))),
                              WG_PRI(wg_json_str(h, "phase")), WG_PRI(wg_json_str(h, "by")),
                              WG_PRI(wg_json_str(h, "note"))));
    return DONE;
}
