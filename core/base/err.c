#include "base/err.h"

#include "base/log.h"
#include "wg.h"

#include <stdio.h>
#include <stdlib.h>

/* snprintf cuts where the field ends; half a character would make the whole text invalid UTF-8. */
static void trim_half_character(char *z, size_t cap)
{
    size_t n = strlen(z);
    if (n + 1 < cap)
        return;
    size_t start = n;
    while (start > 0 && n - start < 3 && ((unsigned char)z[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0)
        start--;
    if (!wg_utf8_valid((struct wg_str){z + start, n - start}))
        z[start] = '\0';
}

static void fill(struct wg_err *err, int code, const char *pointer, const char *fmt, va_list args)
{
    if (!err)
        return;
    /* Made aside: callers put err->text itself among the arguments to say more about it. */
    struct wg_err made = {.code = code};
    vsnprintf(made.text, sizeof(made.text), fmt, args);
    trim_half_character(made.text, sizeof(made.text));
    snprintf(made.pointer, sizeof(made.pointer), "%s", pointer);
    trim_half_character(made.pointer, sizeof(made.pointer));
    *err = made;
}

int wg_fail(struct wg_err *err, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fill(err, code, "", fmt, args);
    va_end(args);
    return code;
}

int wg_fail_at(struct wg_err *err, int code, const char *pointer, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fill(err, code, pointer ? pointer : "", fmt, args);
    va_end(args);
    return code;
}

const char *wg_strerror(int code)
{
    static const char *const names[] = {
        [-WG_OK] = "success",
        [-WG_EINVAL] = "not valid",
        [-WG_ENOMEM] = "out of memory",
        [-WG_ERANGE] = "out of range",
        [-WG_ENOENT] = "not found",
        [-WG_EEXIST] = "exists already",
        [-WG_EIO] = "input or output",
        [-WG_ENOSPC] = "no space",
        [-WG_ECORRUPT] = "corrupt",
        [-WG_EDENIED] = "not allowed",
        [-WG_ESTATE] = "wrong state",
        [-WG_ESTALE] = "stale version",
        [-WG_EUNKNOWN] = "outcome unknown",
        [-WG_EBUSY] = "busy",
        [-WG_ETIME] = "out of time",
        [-WG_ERULE] = "rule failed",
        [-WG_EUNAUTH] = "not signed in",
    };
    if (code > 0 || code <= -(int)(sizeof(names) / sizeof(names[0])))
        return "unknown error";
    return names[-code];
}

_Noreturn void wg_broken(const char *what, const char *file, int line)
{
    wg_log(WG_ERROR, "base", "broken promise", "what", what, "file", file, "line", WG_NUM(line),
           NULL);
    abort();
}
