/* What a browser needs beside the data: scripts, style sheets, symbols, and the map's style. Read
 * once, when the first county opens: a request looks a name up among what was read, and no name
 * leads to the disk. */
#include "spatial.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 32
#define BYTES_MAX ((off_t)8 << 20) /* of one file */
#define STYLE "application/vnd.mapbox.style+json"

struct file {
    char name[64];
    const char *type;
    struct wg_buf bytes;
    uint64_t mark;
};
static struct {
    unsigned users;
    size_t files;
    uint64_t mark;
    struct file file[FILES_MAX];
} web;

/* ---- reading ---- */

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } known[] = {{".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".json", "application/json"},
                 {".png", "image/png"},
                 {".svg", "image/svg+xml"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(dot, known[i].end) == 0)
            return known[i].type;
    return NULL;
}

static uint64_t hash(uint64_t h, struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h;
}

static int read_file(int dir, const char *name, struct file *f, struct wg_err *err)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), rc = WG_OK;
    char *room = NULL;
    ssize_t n = -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= BYTES_MAX &&
        (room = wg_buf_room(&f->bytes, (size_t)st.st_size + 1)))
        n = read(fd, room, (size_t)st.st_size);
    if (n < 0 || n != st.st_size)
        rc = wg_fail(err, WG_EIO, "web/%s: not a file of at most %d MiB that can be read", name,
                     (int)(BYTES_MAX >> 20));
    else
        f->bytes.n = (size_t)n;
    if (fd >= 0)
        close(fd);
    return rc;
}

static int read_folder(const char *path, struct wg_err *err)
{
    DIR *dir = opendir(path);
    int rc = dir ? WG_OK : wg_fail(err, WG_ENOENT, "%s: %s", path, strerror(errno));
    for (struct dirent *e; rc == WG_OK && (e = readdir(dir));) {
        struct file *f = &web.file[web.files];
        if (!type_of(e->d_name))
            continue;
        if (web.files == FILES_MAX ||
            wg_str_copy(f->name, sizeof(f->name), wg_str_of(e->d_name)) < 0) {
            rc = wg_fail(err, WG_ERANGE, "%s: more than %d files, or a name too long: %s", path,
                         FILES_MAX, e->d_name);
            break;
        }
        f->type = type_of(e->d_name);
        web.files++;
        if ((rc = read_file(dirfd(dir), e->d_name, f, err)) == WG_OK) {
            f->mark = hash(hash(0xcbf29ce484222325u, wg_str_of(f->name)), wg_buf_str(&f->bytes));
            web.mark += f->mark; /* in whatever order they come */
        }
    }
    if (dir)
        closedir(dir);
    return rc;
}

static const struct file *find(struct wg_str name)
{
    for (size_t i = 0; i < web.files; i++)
        if (wg_str_is(name, web.file[i].name))
            return &web.file[i];
    return NULL;
}

/* ---- open and close ---- */

static const char *const needed[] = {
    "map.js",          "maplibre-gl-csp.js", "maplibre-gl-csp-worker.js",
    "maplibre-gl.css", "page.css",           "style.json",
    "sprite.json",     "sprite.png",         "sprite@2x.json",
    "sprite@2x.png"};

bool web_whole(void)
{
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!find(wg_str_of(needed[i])))
            return false;
    return true;
}

/* Pages are pages without a map, too: what is missing is said, and nothing more. */
static void complain(const char *path, struct wg_err *err)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_fmt(&b, "pages come without a map: %s", path);
    if (err->code)
        wg_buf_fmt(&b, ": %s", err->text);
    for (size_t i = 0; !err->code && i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!find(wg_str_of(needed[i])))
            wg_buf_fmt(&b, " lacks %s;", needed[i]);
    wg_buf_lit(&b, " run tools/install.sh run, then build again");
    wg_buf_char(&b, '\0');
    if (wg_buf_ok(&b))
        wg_plugin_log("warn", "spatial", b.p);
    wg_buf_free(&b);
}

int web_open(struct wg_str folder, struct wg_err *err)
{
    char path[1024] = "";
    struct wg_err why = {0};
    Dl_info us;
    if (folder.n && (folder.p[0] != '/' || folder.n >= sizeof(path)))
        return wg_fail(err, WG_EINVAL, "spatial: web is the full path of a folder");
    if (web.users++)
        return WG_OK;
    if (!folder.n && dladdr(&web, &us) && us.dli_fname) { /* beside the library */
        const char *slash = strrchr(us.dli_fname, '/');
        snprintf(path, sizeof(path), "%.*s/web", slash ? (int)(slash - us.dli_fname) : 1,
                 slash ? us.dli_fname : ".");
    } else {
        snprintf(path, sizeof(path), "%.*s", WG_PRI(folder));
    }
    if (read_folder(path, &why) < 0 || !web_whole())
        complain(path, &why);
    return WG_OK;
}

void web_close(void)
{
    if (--web.users)
        return;
    for (size_t i = 0; i < web.files; i++)
        wg_buf_free(&web.file[i].bytes);
    memset(&web, 0, sizeof(web));
}

struct wg_str web_version(struct wg_arena *a)
{
    return wg_arena_fmt(a, "%016llx", (unsigned long long)web.mark);
}

/* ---- files ---- */

void map_web(struct wg_req *req, void *self)
{
    const struct file *f = find(wg_req_param(req, "file"));
    struct wg_arena *a = wg_req_arena(req);
    struct wg_str had = wg_req_header(req, "if-none-match"), tag;
    (void)self;
    if (!f || !(tag = wg_arena_fmt(a, "\"%016llx\"", (unsigned long long)f->mark)).p) {
        wg_reply_problem(req, f ? 503 : 404, f ? "out of memory" : "there is no such file");
        return;
    }
    bool named = wg_str_eq(wg_req_query(req, "v"), web_version(a)); /* so it can't ever change */
    wg_reply_header(req, "ETag", tag);
    wg_reply_header(req, "Cache-Control",
                    named ? WG_S("public, max-age=31536000, immutable") : WG_S("no-cache"));
    wg_reply_header(req, "Access-Control-Allow-Origin", WG_S("*"));
    if (had.p && memmem(had.p, had.n, tag.p, tag.n))
        wg_reply_empty(req, 304);
    else
        wg_reply(req, 200, f->type, wg_buf_str(&f->bytes));
}

/* ---- styles ---- */

static const char *const none[] = {NULL};

void map_styles(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    struct wg_buf *b;
    if (!ask)
        return;
    b = &ask->out;
    wg_buf_lit(b, "{\"default\":\"map\",\"styles\":[");
    if (web_whole()) {
        wg_buf_lit(b, "{\"id\":\"map\",\"title\":\"网格\",\"links\":[");
        write_link(b, "stylesheet", STYLE,
                   wg_arena_fmt(ask->a, "%.*s/styles/map", WG_PRI(ask->base)));
        wg_buf_lit(b, "]}");
    }
    wg_buf_char(b, ']');
    write_links(ask, "application/json", false);
    wg_buf_lit(b, "]}");
    ask_finish(ask, "地图样式");
}

/* The file, with what depends on who serves it put in. */
static void fill_in(struct ask *ask, struct wg_str text, struct wg_buf *out)
{
    struct wg_str version = web_version(ask->a);
    for (const char *p = text.p, *end = text.p + text.n, *brace; p < end; p = brace) {
        struct wg_str rest = {p, (size_t)(end - p)};
        if (wg_str_starts(rest, "{base}")) {
            wg_buf_str_add(out, ask->base);
            p += strlen("{base}");
        } else if (wg_str_starts(rest, "{version}")) {
            wg_buf_str_add(out, version);
            p += strlen("{version}");
        } else {
            wg_buf_char(out, *p++);
        }
        brace = memchr(p, '{', (size_t)(end - p));
        brace = brace ? brace : end;
        wg_buf_add(out, p, (size_t)(brace - p));
    }
}

/* MapLibre refuses to draw layers that a TileJSON does not name: what this reader has none of. */
static void drop_unseen(struct ask *ask, struct wg_json *style)
{
    struct wg_json *layers = (struct wg_json *)wg_json_get(style, "layers"), **at = &layers->child;
    while (*at) {
        struct wg_str id = wg_json_str(*at, "source-layer");
        const struct collection *c = id.n ? collection_find(id) : NULL;
        if (id.n && !(c && source_take(ask, c)))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    source_close(&ask->source);
    ask->source.collection = NULL;
}

/* Layers of counties' own, plainly, each kind in its way. The style ends with its list of layers.
 */
static void add_own(struct ask *ask, struct wg_buf *b)
{
    static const char *const drawn[] = {
        "\"fill\",\"paint\":{\"fill-color\":\"#8a5a2b\",\"fill-opacity\":0.12,\"fill-outline-"
        "color\":"
        "\"#8a5a2b\"}",
        "\"circle\",\"paint\":{\"circle-color\":\"#8a5a2b\",\"circle-radius\":5,\"circle-stroke-"
        "color\":"
        "\"#ffffff\",\"circle-stroke-width\":1.2}",
        "\"line\",\"paint\":{\"line-color\":\"#8a5a2b\",\"line-width\":2}"};
    const struct collection *c;
    if (b->n < 2 || memcmp(b->p + b->n - 2, "]}", 2) != 0)
        return;
    b->n -= 2;
    for (size_t i = 0; (c = collection_at(i)); i++)
        if (collection_is_own(c) && source_take(ask, c) && ask->source.shape >= 0) {
            wg_json_sep(b);
            wg_buf_fmt(b,
                       "{\"id\":\"%s\",\"source\":\"wangge\",\"source-layer\":\"%s\",\"type\":%s}",
                       c->id, c->id, drawn[ask->source.shape]);
        }
    wg_buf_lit(b, "]}");
    source_close(&ask->source);
    ask->source.collection = NULL;
}

void map_style(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *j = NULL;
    if (!ask)
        return;
    if (!wg_str_is(wg_req_param(req, "style"), "map") || !web_whole()) {
        ask_missing(ask, "there is no such style");
        return;
    }
    fill_in(ask, wg_buf_str(&find(WG_S("style.json"))->bytes), &text);
    if (wg_buf_ok(&text) && wg_json_parse(ask->a, wg_buf_str(&text), &j, &ask->err) == WG_OK &&
        wg_json_get(j, "layers")) {
        drop_unseen(ask, j);
        wg_json_write(j, &ask->out);
        add_own(ask, &ask->out);
        ask->type = STYLE;
        ask_finish(ask, "地图样式");
    } else {
        ask->status = 500;
        ask_done(ask);
    }
    wg_buf_free(&text);
}

/* ---- signing in, for who has only a browser ---- */

/* A browser sends what it was asked for here to all that lies beside. */
void map_login(struct wg_req *req, void *self)
{
    struct ask *ask = ask_new(req, self, none);
    if (!ask)
        return;
    if (ask->roles & SIGNED_IN) {
        wg_reply_header(req, "Location", wg_arena_fmt(ask->a, "%.*s/", WG_PRI(ask->base)));
        wg_reply_empty(req, 303);
        return;
    }
    wg_reply_header(req, "WWW-Authenticate", WG_S("Basic realm=\"wangge\", charset=\"UTF-8\""));
    ask->status = 401;
    snprintf(ask->err.text, sizeof(ask->err.text), "sign in");
    ask_done(ask);
}
