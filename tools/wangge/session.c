/* The sign-in that is kept: a small JSON file for its owner only, and how passwords come in. */
#include "wangge.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

/* --session, WANGGE_SESSION, $XDG_CONFIG_HOME/wangge/session, ~/.config/wangge/session. */
static int find_path(struct ctx *c)
{
    struct session *s = &c->session;
    const char *env = getenv("WANGGE_SESSION"), *xdg = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");
    int n;
    if (s->path[0])
        return DONE;
    if (env && env[0])
        n = snprintf(s->path, sizeof(s->path), "%s", env);
    else if (xdg && xdg[0] == '/')
        n = snprintf(s->path, sizeof(s->path), "%s/wangge/session", xdg);
    else if (home && home[0])
        n = snprintf(s->path, sizeof(s->path), "%s/.config/wangge/session", home);
    else
        return misused(c, "HOME is not set: say --session FILE");
    return n > 0 && (size_t)n < sizeof(s->path)
               ? DONE
               : misused(c, "the name of the session file is too long");
}

static bool same_server(struct wg_str a, const char *b)
{
    size_t n = strlen(b);
    while (n && b[n - 1] == '/')
        n--;
    while (a.n && a.p[a.n - 1] == '/')
        a.n--;
    return wg_str_eq(a, (struct wg_str){b, n});
}

int session_load(struct ctx *c)
{
    struct session *s = &c->session;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err = {0};
    struct wg_json *j;
    struct stat st;
    int rc = find_path(c);
    if (rc != DONE)
        return rc;
    if (!c->url)
        c->url = getenv("WANGGE_URL");
    if (c->url && !c->url[0])
        c->url = NULL;
    if (stat(s->path, &st) < 0)
        return DONE;
    rc = wg_file_read(s->path, 65536, &b, &err);
    if (rc == WG_OK)
        rc = wg_json_parse(c->arena, wg_buf_str(&b), &j, &err);
    wg_buf_free(&b);
    if (rc < 0)
        return failed(MISUSED, "%s can't be read as a session (%s); remove it or sign in again",
                      s->path, err.text);
    s->url = wg_json_str(j, "url");
    s->area = wg_json_str(j, "area");
    s->user = wg_json_str(j, "user");
    s->token = wg_json_str(j, "token");
    for (size_t i = 0; i < s->token.n; i++)
        if (s->token.p[i] <= ' ' || s->token.p[i] > '~')
            return failed(MISUSED, "%s holds no token; sign in again", s->path);
    return DONE;
}

int session_need(struct ctx *c)
{
    struct session *s = &c->session;
    if (!s->token.n || !s->url.n || !s->area.n)
        return failed(REFUSED, "nobody is signed in: wangge login AREA USER");
    /* A token goes to the server that gave it and to no other. */
    if (c->url && !same_server(s->url, c->url))
        return failed(MISUSED, "the sign-in in %s is for %s, not for %s; sign in there first",
                      s->path, s->url.p, c->url);
    return DONE;
}

int session_save(struct ctx *c)
{
    struct session *s = &c->session;
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err = {0};
    char dir[1024];
    const char *slash = strrchr(s->path, '/');
    int rc = WG_OK;
    if (slash && slash != s->path) {
        snprintf(dir, sizeof(dir), "%.*s", (int)(slash - s->path), s->path);
        rc = wg_dir_make(dir, &err);
    }
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "url", s->url);
    wg_json_kstr(&b, "area", s->area);
    wg_json_kstr(&b, "user", s->user);
    wg_json_kstr(&b, "token", s->token);
    wg_buf_lit(&b, "}\n");
    if (rc == WG_OK)
        rc = wg_file_write(s->path, wg_buf_str(&b), 0600, &err);
    wg_buf_free(&b);
    return rc == WG_OK ? DONE : failed(MISUSED, "the sign-in can't be kept: %s", err.text);
}

int session_forget(struct ctx *c)
{
    if (unlink(c->session.path) == 0 || errno == ENOENT)
        return DONE;
    return failed(MISUSED, "%s can't be removed: %s", c->session.path, strerror(errno));
}

const char *area_of(const struct ctx *c)
{
    return c->area_arg ? c->area_arg : c->session.area.n ? c->session.area.p : "-";
}

/* ---- passwords ---- */

static int one_line(struct ctx *c, struct wg_str *out)
{
    char text[PASSWORD_MAX + 2];
    if (!fgets(text, sizeof(text), stdin))
        return misused(c, "no password came on standard input");
    size_t n = strcspn(text, "\r\n");
    if (n > PASSWORD_MAX)
        return misused(c, "the password is longer than %d bytes", PASSWORD_MAX);
    *out = wg_arena_str(c->arena, (struct wg_str){text, n});
    explicit_bzero(text, sizeof(text));
    return n ? DONE : misused(c, "the password is empty");
}

static struct termios was; /* for the handler: a terminal without echo must not outlive us */

static void give_back(int signal)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &was);
    _exit(128 + signal);
}

static int from_terminal(struct ctx *c, const char *prompt, struct wg_str *out)
{
    struct termios quiet;
    fprintf(stderr, "%s: ", prompt);
    fflush(stderr);
    if (tcgetattr(STDIN_FILENO, &was) < 0)
        return failed(MISUSED, "the terminal can't be made silent: %s", strerror(errno));
    signal(SIGINT, give_back);
    signal(SIGTERM, give_back);
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
        return failed(MISUSED, "the terminal can't be made silent: %s", strerror(errno));
    int rc = one_line(c, out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    fputc('\n', stderr);
    return rc;
}

int read_password(struct ctx *c, const char *prompt, bool again, struct wg_str *out)
{
    struct wg_str twice;
    if (!isatty(STDIN_FILENO))
        return one_line(c, out);
    int rc = from_terminal(c, prompt, out);
    if (rc != DONE || !again)
        return rc;
    rc = from_terminal(c, "once more 再输一次", &twice);
    if (rc == DONE && !wg_str_eq(*out, twice))
        rc = failed(MISUSED, "the two differ");
    return rc;
}
