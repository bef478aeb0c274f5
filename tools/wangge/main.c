/* wangge: the client. Options that every command takes, then the command's own, by its row in
 * commands.c. */
#include "wangge.h"

#include <stdlib.h>

static const char head[] =
    "wangge 网格: the command line of a 数字城管 server\n"
    "\n"
    "  wangge COMMAND [ARGUMENTS] [OPTIONS]     wangge COMMAND --help tells more, with examples\n"
    "\n";

static const char tail[] =
    "\n"
    "Options of every command:\n"
    "  --json            the server's answer as it came, for scripts; errors, too\n"
    "  --area CODE       another area than the one signed in to (a city's account reads its "
    "counties)\n"
    "  --session FILE    where the sign-in is kept; else WANGGE_SESSION, else "
    "~/.config/wangge/session\n"
    "  --url URL         the server; else WANGGE_URL, else http://127.0.0.1:12319. Asked only by "
    "login\n"
    "  --help, --version\n"
    "\n"
    "Passwords are asked on the terminal, or read from standard input; never from the command "
    "line.\n"
    "Exit: 0 done, 1 refused by the server (or: something differs), 2 called wrongly, 3 server not "
    "reached.\n";

static void print_help(FILE *f)
{
    fputs(head, f);
    for (const struct command *k = commands; k->name; k++) {
        struct wg_str name = wg_str_of(k->name);
        fputs("  ", f);
        put_padded(f, name, 12);
        fprintf(f, "%s\n", k->brief);
    }
    fputs(tail, f);
}

static void print_command(const struct command *k, FILE *f)
{
    fprintf(f, "%s\n\n  wangge %s\n", k->brief, k->usage);
    if (k->options)
        fputc('\n', f);
    for (const struct option *o = k->options; o && o->name; o++) {
        char left[80];
        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        fputs("  ", f);
        put_padded(f, wg_str_of(left), 24);
        fprintf(f, "%s\n", o->brief);
    }
    fprintf(f, "\n%s", k->help);
}

static const struct command *find(const char *name)
{
    for (const struct command *k = commands; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

const char *opt(const struct ctx *c, size_t i)
{
    return c->given[i] ? c->value[i][c->given[i] - 1] : NULL;
}

/* ---- reading the command line ---- */

struct words {
    char **argv;
    int argc, at;
    bool help;
};

/* The value of --name VALUE or --name=VALUE, if this word is that option. */
static bool takes(struct words *w, const char *name, const char **value)
{
    const char *word = w->argv[w->at] + 2;
    size_t n = strlen(name);
    if (strncmp(word, name, n) != 0 || (word[n] && word[n] != '='))
        return false;
    if (word[n] == '=')
        *value = word + n + 1;
    else
        *value = w->at + 1 < w->argc ? w->argv[++w->at] : NULL;
    return true;
}

static int common_option(struct ctx *c, struct words *w, bool *mine)
{
    const char *word = w->argv[w->at], *value = "";
    *mine = true;
    if (strcmp(word, "--json") == 0) {
        c->raw = true;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        w->help = true;
    } else if (takes(w, "area", &value)) {
        c->area_arg = value;
    } else if (takes(w, "url", &value)) {
        c->url = value;
    } else if (takes(w, "session", &value)) {
        if (value && wg_str_copy(c->session.path, sizeof(c->session.path), wg_str_of(value)) < 0)
            return misused(c, "--session: the name is too long");
    } else {
        *mine = false;
    }
    return value ? DONE : misused(c, "%s needs a value", word);
}

static int own_option(struct ctx *c, struct words *w)
{
    const char *word = w->argv[w->at], *value = "";
    const struct option *o = c->command ? c->command->options : NULL;
    for (size_t i = 0; o && o[i].name; i++) {
        if (!o[i].arg ? strcmp(word + 2, o[i].name) != 0 : !takes(w, o[i].name, &value))
            continue;
        if (!value)
            return misused(c, "%s needs %s", word, o[i].arg);
        if (c->given[i] == REPEATS_MAX)
            return misused(c, "%s: %d at most", word, REPEATS_MAX);
        c->value[i][c->given[i]++] = value;
        return DONE;
    }
    return misused(c, "there is no option %s here", word);
}

/* Options may stand anywhere after the command; "--" ends them. */
static int read_words(struct ctx *c, struct words *w)
{
    const char **args = wg_arena_alloc(c->arena, (size_t)w->argc * sizeof(*args));
    bool mine, ended = false;
    int rc = DONE;
    c->args = args;
    for (w->at = 1; rc == DONE && w->at < w->argc; w->at++) {
        char *word = w->argv[w->at];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
        } else if (!ended && strcmp(word, "-c") == 0) {
            static char config[] = "--config"; /* as wangged calls it */
            w->argv[w->at] = config;
            rc = own_option(c, w);
        } else if (!ended && word[0] == '-' && (word[1] == '-' || word[1] == 'h')) {
            rc = common_option(c, w, &mine);
            if (rc == DONE && !mine)
                rc = own_option(c, w);
        } else if (!c->command) {
            if (!(c->command = find(word)) && strcmp(word, "help") != 0)
                return misused(c, "there is no command %s", word);
            w->help |= !c->command;
        } else {
            args[c->count++] = word;
        }
    }
    return rc;
}

static int run(struct ctx *c, struct words *w)
{
    int rc = read_words(c, w);
    if (rc != DONE)
        return rc;
    if (w->help) {
        if (c->command)
            print_command(c->command, stdout);
        else
            print_help(stdout);
        return DONE;
    }
    if (!c->command) {
        print_help(stderr);
        return MISUSED;
    }
    if (c->count < c->command->least || c->count > c->command->most)
        return misused(c, "takes: wangge %s", c->command->usage);
    if ((rc = session_load(c)) != DONE)
        return rc;
    return c->command->run(c);
}

int main(int argc, char **argv)
{
    struct ctx *c = calloc(1, sizeof(*c));
    struct words w = {argv, argc, 0, false};
    int rc;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("wangge " WG_VERSION);
        free(c);
        return DONE;
    }
    if (!c || !(c->arena = wg_arena_new(65536))) {
        free(c);
        return failed(REFUSED, "out of memory");
    }
    wg_log_level(WG_WARN); /* the offline commands open what the server opens */
    rc = run(c, &w);
    if (fflush(stdout) != 0 && rc == DONE)
        rc = failed(REFUSED, "standard output can't be written");
    wg_client_free(c->client);
    wg_buf_free(&c->answer);
    wg_arena_free(c->arena);
    free(c);
    return rc;
}
