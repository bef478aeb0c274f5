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

/* "line 4 (3418…01): column …" as 位置, 编号 and 问题, in columns. */
static void split_row(struct wg_str row, struct wg_str out[3])
{
    const char *colon = row.p ? memmem(row.p, row.n, ": ", 2) : NULL;
    size_t n = colon ? (size_t)(colon - row.p) : 0;
    const char *open = n ? memchr(row.p, '(', n) : NULL;
    out[0] = (struct wg_str){row.p, n};
    out[1] = (struct wg_str){"", 0};
    out[2] = n ? (struct wg_str){row.p + n + 2, row.n - n - 2} : row;
    if (!open || open == row.p || row.p[n - 1] != ')')
        return;
    out[0].n = (size_t)(open - row.p) - 1;
    out[1] = (struct wg_str){open + 1, n - (size_t)(open - row.p) - 2};
}

static void tell_rows(const struct wg_json *rows)
{
    struct wg_str cell[3];
    size_t width[2] = {0, 0};
    for (const struct wg_json *r = rows->child; r; r = r->next) {
        split_row(r->str, cell);
        for (int i = 0; i < 2; i++)
            if (text_width(cell[i]) > width[i])
                width[i] = text_width(cell[i]);
    }
    for (const struct wg_json *r = rows->child; r; r = r->next) {
        split_row(r->str, cell);
        fputs("  ", stderr);
        for (int i = 0; i < 2; i++)
            if (width[i])
                put_padded(stderr, cell[i], width[i] + 2);
        put_text(stderr, cell[2]);
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
        fputs(wg_json_str(j, "title").n ? ": " : "", stderr);
        put_text(stderr, wg_json_str(j, "detail"));
    }
    fputc('\n', stderr);
    tell_errors(wg_json_get(j, "errors"));
    const struct wg_json *allowed = wg_json_get(j, "allowed"), *rows = wg_json_get(j, "rows");
    if (allowed)
        tell("allowed 可做: ", allowed->count ? joined(c, allowed, ", ") : WG_S("nothing 无"));
    if (rows)
        tell_rows(rows);
    if (rows && wg_json_int(j, "faults", 0) > (int64_t)rows->count)
        fprintf(stderr, "  … %lld in all 共\n", (long long)wg_json_int(j, "faults", 0));
    if (status == 401)
        tell("", WG_S("sign in: wangge login AREA USER"));
    return REFUSED;
}
