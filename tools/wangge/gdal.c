/* Files of other programs, by GDAL's own: ogrinfo and ogr2ogr run as processes beside us, bounded,
 * with a folder of their own for what they make. The server never sees such a file. */
#include "wangge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)4 << 20) /* of what a program says */
#define CPU_S 1800
#define NO_PROGRAM 127

static const char *const readable[] = {".shp", ".gpkg", ".fgb", ".tab", ".mif", ".kml", NULL};

bool gdal_ends(const char *name, const char *with)
{
    size_t n = strlen(name), k = strlen(with);
    return n > k && strcasecmp(name + n - k, with) == 0;
}

bool gdal_opens(const char *name)
{
    for (size_t i = 0; readable[i]; i++)
        if (gdal_ends(name, readable[i]))
            return true;
    return false;
}

bool gdal_reads(const char *file)
{
    return gdal_opens(file) || gdal_ends(file, ".zip");
}

/* ---- a folder for what is made ---- */

int gdal_begin(struct gdal *g, struct ctx *c, const char *beside)
{
    const char *slash = beside ? strrchr(beside, '/') : NULL, *temp = getenv("TMPDIR");
    *g = (struct gdal){.c = c};
    if (beside)
        snprintf(g->dir, sizeof(g->dir), "%.*s.wangge-XXXXXX",
                 slash ? (int)(slash + 1 - beside) : 0, beside);
    else
        snprintf(g->dir, sizeof(g->dir), "%s/wangge-XXXXXX", temp && *temp ? temp : "/tmp");
    if (mkdtemp(g->dir))
        return DONE;
    int rc = failed(REFUSED, "%s: %s", g->dir, strerror(errno));
    g->dir[0] = '\0';
    return rc;
}

void gdal_end(struct gdal *g)
{
    if (g->dir[0])
        wg_env_discard(g->dir, NULL);
    g->dir[0] = '\0';
}

const char *gdal_path(struct gdal *g, const char *name)
{
    return wg_arena_fmt(g->c->arena, "%s/%s", g->dir, name).p;
}

/* ---- running a program ---- */

/* Never above what whoever started us allows. */
static bool bound(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(what, &now) < 0)
        return false;
    if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > most)
        now.rlim_cur = most;
    return setrlimit(what, &now) == 0;
}

static void become(char *const *argv, const char *out, const char *err, rlim_t most)
{
    int to = out ? open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600) : dup(STDERR_FILENO);
    int moan = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
    if (to >= 0 && moan >= 0 && in >= 0 && dup2(in, 0) == 0 && dup2(to, 1) == 1 &&
        dup2(moan, 2) == 2 && bound(RLIMIT_FSIZE, most) && bound(RLIMIT_CPU, CPU_S) &&
        bound(RLIMIT_CORE, 0)) {
        signal(SIGXFSZ, SIG_DFL);
        execvp(argv[0], argv);
    }
    _exit(NO_PROGRAM);
}

/* What it complained of, a line or two. */
static int complain(const char *program, const char *err)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_file_read(err, TEXT_MAX, &b, NULL);
    wg_buf_char(&b, '\0');
    const char *text = b.p ? b.p : "", *at = strstr(text, "ERROR");
    if (!at)
        at = text + strspn(text, "\n ");
    int rc = failed(REFUSED, "%s: %.*s", program,
                    (int)strcspn(at, "\n") < 400 ? (int)strcspn(at, "\n") : 400,
                    *at ? at : "failed without a word");
    wg_buf_free(&b);
    return rc;
}

/* Whoever interrupts us interrupts it; we stay to clear up. out NULL: to the terminal. */
static int run(struct gdal *g, const char *const *argv, const char *out)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    const char *err = gdal_path(g, "said");
    int status = 0;
    sigaction(SIGINT, &ignore, &before);
    pid_t pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &before, NULL);
        become((char *const *)argv, out, err, g->bounded ? GDAL_MAX : RLIM_INFINITY);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    if (pid < 0)
        return failed(REFUSED, "%s: %s", argv[0], strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return DONE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
        return failed(REFUSED,
                      "this needs %s; it is in the package gdal-bin (apt-get install gdal-bin)",
                      argv[0]);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
        return failed(REFUSED, "%s: what it would make is larger than is allowed (%d MB)", argv[0],
                      (int)(GDAL_MAX >> 20));
    if (WIFSIGNALED(status))
        return failed(REFUSED, "%s was ended by signal %d", argv[0], WTERMSIG(status));
    return complain(argv[0], err);
}

/* ---- what a file holds ---- */

struct found {
    struct wg_str name, wkt;
    int64_t count;
    struct wg_buf fields; /* names, each ended by NUL */
};

static bool is_type(struct wg_str s)
{
    static const char *const types[] = {"String (",   "Integer (", "Integer64 (",
                                        "Integer(",   "Real (",    "Date (",
                                        "DateTime (", "Time (",    "Binary ("};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (wg_str_starts(s, types[i]))
            return true;
    return false;
}

/* "NAME: String (80.0)"; a name may hold a colon, a type does not. */
static void read_field(struct found *f, struct wg_str line)
{
    for (size_t i = 1; i + 2 < line.n; i++)
        if (line.p[i] == ':' && is_type((struct wg_str){line.p + i + 2, line.n - i - 2})) {
            wg_buf_add(&f->fields, line.p, i);
            wg_buf_char(&f->fields, '\0');
            return;
        }
}

static struct wg_str after(struct wg_str line, const char *front)
{
    return wg_str_starts(line, front)
               ? (struct wg_str){line.p + strlen(front), line.n - strlen(front)}
               : (struct wg_str){NULL, 0};
}

/* ogrinfo's text about the wanted layer; names: of all layers. */
static size_t read_layers(const char *text, const char *want, struct found *f, struct wg_buf *names)
{
    bool mine = false, wkt = false;
    size_t count = 0;
    for (const char *p = text, *end; *p; p = *end ? end + 1 : end) {
        end = p + strcspn(p, "\n");
        struct wg_str line = {p, (size_t)(end - p)}, name = after(line, "Layer name: "),
                      n = after(line, "Feature Count: ");
        if (name.p) {
            mine = !want || wg_str_is(name, want);
            wkt = false;
            count++;
            wg_buf_fmt(names, "%s%.*s", names->n ? ", " : "", WG_PRI(name));
            if (mine)
                f->name = name;
        } else if (!mine) {
            continue;
        } else if (n.p) {
            wg_str_int(n, &f->count);
        } else if (wg_str_is(line, "Layer SRS WKT:")) {
            wkt = true;
            f->wkt = (struct wg_str){end, 0};
        } else if (wkt && (line.p[0] == ' ' || f->wkt.n == 0 || line.p[0] == ']')) {
            f->wkt.n = (size_t)(end - f->wkt.p);
        } else {
            wkt = false;
            read_field(f, line);
        }
    }
    return count;
}

static const char *field_like(const struct found *f, const char *const *names)
{
    for (; *names; names++)
        for (const char *p = f->fields.p, *end = p + f->fields.n; p && p < end; p += strlen(p) + 1)
            if (strcasecmp(p, *names) == 0)
                return p;
    return NULL;
}

static int check_field(struct gdal *g, const struct found *f, const char *option, const char *name)
{
    struct wg_buf all = WG_BUF_INIT;
    bool there = false;
    for (const char *p = f->fields.p, *end = p + f->fields.n; p && p < end; p += strlen(p) + 1) {
        there |= name && strcmp(p, name) == 0;
        wg_buf_fmt(&all, "%s%s", all.n ? ", " : "", p);
    }
    wg_buf_char(&all, '\0');
    int rc = there  ? DONE
             : name ? misused(g->c, "there is no field %s; there are: %s", name, all.p)
                    : misused(g->c, "no field is called id or code; say which by %s; there are: %s",
                              option, all.p);
    wg_buf_free(&all);
    return rc;
}

/* Which field is the id, which the name; what system it is in. */
static int decide(struct gdal *g, const struct found *f)
{
    static const char *const ids[] = {"id", "code", NULL}, *const names[] = {"name", NULL};
    char stands[80];
    int rc = DONE;
    if (!g->id)
        g->id = field_like(f, ids);
    if ((rc = check_field(g, f, "--id", g->id)) == DONE && g->name)
        rc = check_field(g, f, "--name", g->name);
    if (rc == DONE && !g->name)
        g->name = field_like(f, names);
    const char *wkt = wg_arena_str(g->c->arena, f->wkt).p;
    bool known = f->wkt.n && !strstr(wkt, "(unknown)");
    if (rc == DONE && !g->epsg && !g->shifted && !known)
        rc =
            misused(g->c, "the file says not in which system it is; say --crs 4549 (or whichever)");
    else if (rc == DONE && !g->epsg && !g->shifted && !wg_crs_ours(wkt, stands))
        rc = failed(REFUSED,
                    "the file stands on %s; turning it into CGCS2000 takes the survey office's "
                    "parameters, and without them it is tens of metres wrong",
                    stands);
    g->id = g->id ? wg_arena_str(g->c->arena, wg_str_of(g->id)).p : NULL;
    g->name = g->name ? wg_arena_str(g->c->arena, wg_str_of(g->name)).p : NULL;
    g->layer = wg_arena_str(g->c->arena, f->name).p;
    g->count = f->count;
    return rc;
}

static int probe(struct gdal *g)
{
    const char *said = gdal_path(g, "layers");
    const char *argv[16] = {"ogrinfo", "-ro",         "-so",  "-al",
                            "-nomd",   "-wkt_format", "WKT2", g->source};
    size_t n = 8;
    struct wg_buf text = WG_BUF_INIT, names = WG_BUF_INIT;
    struct found f = {.count = -1};
    if (g->encoding) {
        argv[n++] = "-oo";
        argv[n++] = wg_arena_fmt(g->c->arena, "ENCODING=%s", g->encoding).p;
    }
    int rc = run(g, argv, said);
    if (rc == DONE && wg_file_read(said, TEXT_MAX, &text, NULL) < 0)
        rc = failed(REFUSED, "ogrinfo: says too much");
    wg_buf_char(&text, '\0');
    size_t layers = rc == DONE ? read_layers(text.p, g->layer, &f, &names) : 0;
    wg_buf_char(&names, '\0');
    if (rc == DONE && !f.name.p)
        rc =
            misused(g->c, "there is no layer %s; there are: %s", g->layer ? g->layer : "", names.p);
    else if (rc == DONE && layers > 1 && !g->layer)
        rc = misused(g->c, "there are several layers: %s; say which by --layer", names.p);
    if (rc == DONE && f.name.p[0] == '-') /* a program would take it for an option */
        rc = failed(REFUSED, "the layer %.*s has a name that begins with -", WG_PRI(f.name));
    if (rc == DONE)
        rc = decide(g, &f);
    wg_buf_free(&f.fields);
    wg_buf_free(&names);
    wg_buf_free(&text);
    return rc;
}

/* ---- into text ---- */

static int check_made(struct gdal *g, const char *made)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err = {0};
    int64_t lines = 0;
    if (wg_file_read(made, GDAL_MAX, &b, &err) < 0)
        return failed(REFUSED, "%s", err.text);
    for (size_t i = 0; i < b.n; i++)
        lines += b.p[i] == '\n';
    bool text = wg_utf8_valid(wg_buf_str(&b));
    wg_buf_free(&b);
    if (!text)
        return misused(
            g->c, "its texts are not UTF-8 and nothing says what they are; try --encoding GBK");
    if (g->count >= 0 && lines != g->count)
        return failed(REFUSED, "of %lld features %lld came out", (long long)g->count,
                      (long long)lines);
    return DONE;
}

static const char *quoted(struct ctx *c, const char *name)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '"');
    for (; *name; name++) {
        if (*name == '"')
            wg_buf_char(&b, '\\');
        wg_buf_char(&b, *name);
    }
    wg_buf_char(&b, '"');
    struct wg_str s = wg_arena_str(c->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return s.p;
}

/* Degrees of WGS 84 are ours; shifted ones stay, the server turns them. The name is a column more,
 * in the server's spelling. */
static int convert(struct gdal *g, const char *made)
{
    struct wg_arena *a = g->c->arena;
    const char *argv[40] = {"ogr2ogr",
                            "-f",
                            "GeoJSONSeq",
                            made,
                            g->source,
                            "-dim",
                            "XY",
                            "-lco",
                            "RS=NO",
                            "-lco",
                            "COORDINATE_PRECISION=9",
                            "-lco",
                            "ID_TYPE=String",
                            "-lco"};
    size_t n = 14;
    argv[n++] = wg_arena_fmt(a, "ID_FIELD=%s", g->id).p;
    if (g->shifted || g->epsg) {
        argv[n++] = "-s_srs";
        argv[n++] = wg_arena_fmt(a, "EPSG:%d", g->shifted ? 4326 : g->epsg).p;
    }
    argv[n++] = "-t_srs";
    argv[n++] = "EPSG:4326";
    if (g->encoding) {
        argv[n++] = "-oo";
        argv[n++] = wg_arena_fmt(a, "ENCODING=%s", g->encoding).p;
    }
    if (isatty(STDERR_FILENO) && g->count > 10000)
        argv[n++] = "-progress";
    if (g->name && strcmp(g->name, "name") != 0) {
        argv[n++] = "-sql";
        argv[n++] = wg_arena_fmt(a, "SELECT *, CAST(%s AS character(254)) AS name FROM %s",
                                 quoted(g->c, g->name), quoted(g->c, g->layer))
                        .p;
    } else {
        argv[n++] = g->layer;
    }
    int rc = run(g, argv, isatty(STDERR_FILENO) ? NULL : gdal_path(g, "progress"));
    return rc == DONE ? check_made(g, made) : rc;
}

/* Without a .cpg nobody knows what the texts are: they come as they are, and are looked at. */
static bool has_encoding(const char *file)
{
    char name[PATH_MAX];
    int stem = (int)(strrchr(file, '.') - file);
    snprintf(name, sizeof(name), "%.*s.cpg", stem, file);
    if (access(name, F_OK) == 0)
        return true;
    snprintf(name, sizeof(name), "%.*s.CPG", stem, file);
    return access(name, F_OK) == 0;
}

int gdal_convert(struct gdal *g, const char *file, const char **made)
{
    int rc = DONE;
    g->bounded = true;
    *made = gdal_path(g, "made.geojsonl");
    if (access(file, R_OK) != 0)
        return misused(g->c, "%s: %s", file, strerror(errno));
    if (gdal_ends(file, ".zip"))
        rc = zip_open(g, file);
    else
        g->source = file[0] == '-' ? wg_arena_fmt(g->c->arena, "./%s", file).p : file;
    if (rc == DONE && gdal_ends(g->source, ".shp") && !g->encoding && !g->encoded &&
        !has_encoding(file))
        g->encoding = "";
    if (rc == DONE && !(gdal_ends(g->source, ".shp") || gdal_ends(g->source, ".tab") ||
                        gdal_ends(g->source, ".mif")))
        g->encoding = NULL; /* theirs is UTF-8 by their own rules */
    if (rc == DONE && (gdal_ends(g->source, ".shp") || gdal_ends(g->source, ".fgb")))
        g->layer = NULL; /* a file is a layer */
    if (rc == DONE)
        rc = probe(g);
    return rc == DONE ? convert(g, *made) : rc;
}

/* ---- out of text ---- */

int gdal_write(struct gdal *g, const char *driver, const char *made, const char *from,
               const char *layer, int epsg, const char *const *more)
{
    struct wg_arena *a = g->c->arena;
    const char *argv[40] = {"ogr2ogr", "-f",  driver,   made,        from,
                            "-nln",    layer, "-s_srs", "EPSG:4490", "-t_srs"};
    size_t n = 10;
    argv[n++] = wg_arena_fmt(a, "EPSG:%d", epsg).p;
    while (more && *more && n < 38)
        argv[n++] = *more++;
    int rc = run(g, argv, gdal_path(g, "progress"));
    if (rc != DONE)
        return rc;
    const char *said = gdal_path(g, "layers");
    const char *info[] = {"ogrinfo", "-ro", "-so", "-al", "-nomd", made, NULL};
    struct wg_buf text = WG_BUF_INIT, names = WG_BUF_INIT;
    struct found f = {.count = -1};
    if ((rc = run(g, info, said)) == DONE && wg_file_read(said, TEXT_MAX, &text, NULL) == WG_OK) {
        wg_buf_char(&text, '\0');
        read_layers(text.p, NULL, &f, &names);
    }
    if (rc == DONE && f.count != g->count)
        rc = failed(REFUSED, "of %lld features %lld are in %s", (long long)g->count,
                    (long long)f.count, driver);
    wg_buf_free(&f.fields);
    wg_buf_free(&names);
    wg_buf_free(&text);
    return rc;
}
