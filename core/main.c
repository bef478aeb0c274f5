/* wangged: the server. Flags, then the host. */
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "wangged: a city's 数字城管 server, and its counties'\n"
    "\n"
    "  wangged -c FILE                     serve, by a configuration (a Lua table; README tells "
    "its keys)\n"
    "  wangged -c FILE --first-admin A U   make account U (role admin) in area A; the password "
    "comes on standard input\n"
    "  wangged --api                       what rules may use: names, usage, brief\n"
    "  wangged --api=lua                   the same as a definition file for an editor\n"
    "  wangged --openapi                   the HTTP interface as OpenAPI 3.1\n"
    "  wangged --verbose                   log more\n"
    "  wangged --version, --help\n"
    "\n"
    "It prints `ready http://HOST:PORT` once it answers. SIGINT or SIGTERM: finish what is in "
    "hand, then stop.\n"
    "Exit: 0 done, 1 failed, 2 called wrongly.\n";

static void ready(void *arg, int port)
{
    const struct wg_config *c = arg;
    bool v6 = memchr(c->host.p, ':', c->host.n) != NULL;
    printf("ready http://%s%s%s:%d\n", v6 ? "[" : "", c->host.p, v6 ? "]" : "", port);
    fflush(stdout);
}

static void print_api(void *arg, const char *name, const char *usage, const char *brief)
{
    (void)arg;
    printf("%s\n    %s\n    %s\n", name, usage, brief);
}

static int first_admin(const struct wg_config *c, const char *area, const char *user)
{
    char password[1100];
    struct wg_err err = {0};
    size_t n = fread(password, 1, sizeof(password) - 1, stdin);
    while (n && (password[n - 1] == '\n' || password[n - 1] == '\r'))
        n--;
    if (wg_host_first_admin(c, area, user, (struct wg_str){password, n}, &err) == WG_OK)
        return 0;
    fprintf(stderr, "wangged: %s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    const char *file = NULL, *area = NULL, *user = NULL;
    struct wg_config c;
    struct wg_err err = {0};
    int rc;
    for (int i = 1; i < argc; i++) {
        struct wg_buf b = WG_BUF_INIT;
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            file = argv[++i];
        } else if (strcmp(argv[i], "--first-admin") == 0 && i + 2 < argc) {
            area = argv[++i];
            user = argv[++i];
        } else if (strcmp(argv[i], "--verbose") == 0) {
            wg_log_level(WG_DEBUG);
        } else if (strcmp(argv[i], "--api") == 0) {
            wg_rules_api(print_api, NULL);
            return 0;
        } else if (strcmp(argv[i], "--openapi") == 0 || strcmp(argv[i], "--api=lua") == 0) {
            if (argv[i][2] == 'a')
                wg_rules_meta(&b);
            else
                wg_host_openapi(&b);
            printf("%.*s\n", (int)b.n, b.p);
            wg_buf_free(&b);
            return 0;
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("wangged " WG_VERSION);
            return 0;
        } else {
            bool asked = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
            fputs(help, asked ? stdout : stderr);
            return asked ? 0 : 2;
        }
    }
    if (!file) {
        fputs(help, stderr);
        return 2;
    }
    rc = wg_config_read(file, &c, &err);
    if (rc == WG_OK && area) {
        rc = first_admin(&c, area, user);
        wg_config_done(&c);
        return rc;
    }
    if (rc == WG_OK) {
        rc = wg_host_run(&c, ready, &c, &err);
        wg_config_done(&c);
    }
    if (rc < 0)
        fprintf(stderr, "wangged: %s\n", err.text);
    return rc < 0;
}
