/* What goes to standard error: wrong calls, failures, the server's refusals. */
#include "wangge.h"

#include <stdarg.h>

static void complain(const struct ctx *c, const char *fmt, va_list ap)
{
    char text[2048];
    vsnprintf(text, sizeof(text), fmt, ap);
    fprintf(stderr, "wangge%s%s: ", c && c->command ? " " : "",
            c && c->command ? c->command->name : "");
    put_text(stderr, wg_str_of(text));
    fputc('\n', stderr);
}

int misused(const struct ctx *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(c, fmt, ap);
    va_end(ap);
    fprintf(stderr, "wangge%s%s --help tells more\n", c->command ? " " : "",
            c->command ? c->command->name : "");
    return MISUSED;
}

int failed(int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(NULL, fmt, ap);
    va_end(ap);
    return code;
}

static void tell(const char *label, struct wg_str text)
{
    fprintf(stderr, "  %s", label);
    put_text(stderr, text);
    fputc('\n', stderr);
}

static void tell_errors(const struct wg_json *errors)
{
    for (const struct wg_json *e = errors ? errors->child : NULL; e; e = e->next) {
        fputs("  ", stderr);
        put_text(stderr, wg_json_str(e, "pointer"));
        fputs(": ", stderr);
        put_text(stderr, wg_json_str(e, "detail"));
        fputc('\n', stderr);
    }
}

int show_problem(struct ctx *c, int status, struct wg_str body)
{
    struct wg_json *j = NULL;
    if (c->raw) {
        fwrite(body.p, 1, body.n, stdout);
        putchar('\n');
    }
    wg_json_parse(c->arena, body, &j, NULL);
    fprintf(stderr, "wangge: %d ", status);
    put_text(stderr, wg_json_str(j, "title"));
    if (wg_json_str(j, "detail").n) {
        fputs(": ", stderr);
        put_text(stderr, wg_json_str(j, "detail"));
    }
    fputc('\n', stderr);
    tell_errors(wg_json_get(j, "errors"));
    const struct wg_json *allowed = wg_json_get(j, "allowed"), *rows = wg_json_get(j, "rows");
    if (allowed)
        tell("allowed 可做: ", allowed->count ? joined(c, allowed, ", ") : WG_S("nothing 无"));
    for (const struct wg_json *r = rows ? rows->child : NULL; r; r = r->next)
        tell("", r->str);
    if (status == 401)
        tell("", WG_S("sign in: wangge login AREA USER"));
    return REFUSED;
}
