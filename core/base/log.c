#include "base/log.h"

#include "base/time.h"
#include "wg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int least_level = WG_INFO;

void wg_log_level(enum wg_level least)
{
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

static const char *level_name(enum wg_level level)
{
    switch (level) {
    case WG_DEBUG:
        return "debug";
    case WG_INFO:
        return "info";
    case WG_WARN:
        return "warn";
    default:
        return "error";
    }
}

static void add_pair(struct wg_buf *b, const char *key, const char *value)
{
    int64_t num = 0;
    if (wg_str_int(wg_str_of(value), &num) == WG_OK)
        wg_json_kint(b, key, num);
    else
        wg_json_kstr(b, key, wg_str_of(value));
}

/* One write(2) a line, so that threads, and processes that share the stream, never mix theirs. */
static void put(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* there is nowhere left to complain */
        p += done;
        n -= (size_t)done;
    }
}

void wg_log(enum wg_level level, const char *at, const char *msg, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    int saved = errno; /* callers log first and then look at it */
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"t\":\"");
    wg_buf_time(&b, wg_now_ms());
    wg_buf_lit(&b, "\"");
    wg_json_kstr(&b, "level", wg_str_of(level_name(level)));
    wg_json_kstr(&b, "at", wg_str_of(at));
    wg_json_kstr(&b, "msg", wg_str_of(msg));
    va_list pairs;
    va_start(pairs, msg);
    for (const char *key; (key = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        add_pair(&b, key, value);
        if (!value) /* it was the end as well: reading on would run off the list */
            break;
    }
    va_end(pairs);
    wg_buf_lit(&b, "}\n");
    struct wg_str line = wg_buf_str(&b);
    if (!wg_buf_ok(&b))
        line = WG_S("{\"level\":\"error\",\"at\":\"base\",\"msg\":\"no memory for a log line\"}\n");
    put(line.p, line.n);
    wg_buf_free(&b);
    errno = saved;
}

const char *wg_num_text(char out[24], int64_t v)
{
    snprintf(out, 24, "%lld", (long long)v);
    return out;
}
