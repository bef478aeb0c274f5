/* tail: the journal as it grows, by server-sent events; taken up again after the last entry when
 * the line breaks. Source: WHATWG HTML 9.2. */
#include "wangge.h"

#include <unistd.h>

enum { TAIL_AFTER, TAIL_COUNT };
#define LINE_MAX_BYTES ((size_t)16 << 20)
#define PROBLEM_MAX 65536
#define PAUSE_MAX_S 30

struct tail {
    struct ctx *c;
    struct wg_buf line, data, first; /* first: how the answer begins, in case it is a problem */
    int64_t id, after;               /* of the event that is coming in; of the last whole one */
    int64_t left;                    /* entries still wanted; -1: without end */
    bool heard;
};

/* Of an entry, what a line has room for. An auditor gets entries as they are stored: t is a number
 * there. */
static void show_entry(struct tail *t, const struct wg_json *j)
{
    struct ctx *c = t->c;
    struct wg_str to = {NULL, 0}, when = wg_json_str(j, "t"), of = wg_json_str(j, "of");
    const struct wg_json *out = wg_json_get(j, "out");
    struct wg_buf b = WG_BUF_INIT;
    if (!when.n)
        wg_buf_time(&b, wg_json_int(j, "t", 0));
    for (const struct wg_json *o = out ? out->child : NULL; o; o = o->next)
        if (wg_json_str(o, "to").n && wg_str_is(wg_json_str(o, "k"), "go"))
            to = wg_json_str(o, "to");
    printf("%8lld  ", (long long)t->after);
    put_padded(stdout, short_time(c, when.n ? when : wg_buf_str(&b)), 18);
    put_padded(stdout, or_dash(of), 20);
    put_padded(stdout, action_text(wg_json_str(j, "do")), 14);
    put_padded(stdout, or_dash(wg_json_str(j, "by")), 14);
    put_text(stdout, state_text(c, to));
    putchar('\n');
    wg_buf_free(&b);
}

/* An event is whole. false: enough. */
static bool take_event(struct tail *t)
{
    struct wg_json *j;
    struct wg_str text = wg_buf_str(&t->data);
    if (!text.n)
        return true;
    t->after = t->id; /* now that it is whole */
    if (t->c->raw) {
        fwrite(text.p, 1, text.n, stdout);
        putchar('\n');
    } else {
        /* an arena of its own: this may go on for days */
        struct wg_arena *own = wg_arena_new(0), *was = t->c->arena;
        t->c->arena = own;
        if (own && wg_json_parse(own, text, &j, NULL) == WG_OK)
            show_entry(t, j);
        t->c->arena = was;
        wg_arena_free(own);
    }
    fflush(stdout);
    wg_buf_clear(&t->data);
    return t->left < 0 || --t->left > 0;
}

static bool take_line(struct tail *t, struct wg_str s)
{
    int64_t id;
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    if (s.n == 0)
        return take_event(t);
    if (wg_str_starts(s, "id: ") && wg_str_int((struct wg_str){s.p + 4, s.n - 4}, &id) == WG_OK)
        t->id = id;
    else if (wg_str_starts(s, "data: "))
        wg_buf_add(&t->data, s.p + 6, s.n - 6);
    return true;
}

static bool on_chunk(struct wg_str chunk, void *arg)
{
    struct tail *t = arg;
    t->heard = true;
    if (t->first.n + chunk.n <= PROBLEM_MAX)
        wg_buf_str_add(&t->first, chunk);
    while (chunk.n) {
        const char *nl = memchr(chunk.p, '\n', chunk.n);
        size_t n = nl ? (size_t)(nl - chunk.p) : chunk.n;
        wg_buf_add(&t->line, chunk.p, n);
        if (!nl)
            return t->line.n < LINE_MAX_BYTES;
        if (!take_line(t, wg_buf_str(&t->line)))
            return false;
        wg_buf_clear(&t->line);
        chunk.p += n + 1;
        chunk.n -= n + 1;
    }
    return true;
}

/* One connection. DONE: it ended, or we have enough. */
static int listen_once(struct tail *t)
{
    struct ctx *c = t->c;
    const struct request r = {.method = "GET",
                              .target = area_path(c, "events?after=%lld", (long long)t->after),
                              .accept = "text/event-stream",
                              .on_chunk = on_chunk,
                              .arg = t};
    wg_buf_clear(&t->line);
    wg_buf_clear(&t->data);
    wg_buf_clear(&t->first);
    t->id = t->after;
    int rc = ask_server(c, &r);
    return rc == REFUSED ? show_problem(c, c->status, wg_buf_str(&t->first)) : rc;
}

static bool number(struct ctx *c, size_t option, int64_t least, int64_t *out)
{
    const char *text = opt(c, option);
    return !text || (wg_str_int(wg_str_of(text), out) == WG_OK && *out >= least);
}

/* Where nothing is said: only what comes from now on. */
static int start_at_end(struct ctx *c, int64_t *after)
{
    struct wg_json *j;
    const struct request r = {.method = "GET", .target = area_path(c, "status")};
    int rc = ask_server(c, &r);
    if (rc == DONE && wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, NULL) == WG_OK)
        *after = wg_json_int(j, "entries", 0);
    return rc;
}

int run_tail(struct ctx *c)
{
    struct tail t = {.c = c, .left = -1};
    unsigned pause = 1;
    int rc = session_need(c);
    if (rc != DONE)
        return rc;
    if (!number(c, TAIL_AFTER, 0, &t.after) || !number(c, TAIL_COUNT, 1, &t.left))
        return misused(c, "--after and --count take whole numbers");
    if (!opt(c, TAIL_AFTER) && (rc = start_at_end(c, &t.after)) != DONE)
        return rc;
    bool ever = false;
    for (;;) {
        t.heard = false;
        rc = listen_once(&t);
        ever |= t.heard || rc == DONE;
        if (t.left == 0 || rc == MISUSED || (rc == REFUSED && c->status != 503) || !ever)
            break; /* a first try that reaches nobody is a wrong address, not a broken line */
        pause = t.heard ? 1 : pause < PAUSE_MAX_S / 2 ? pause * 2 : PAUSE_MAX_S;
        fprintf(stderr, "wangge: the stream broke off after entry %lld; again in %u s\n",
                (long long)t.after, pause);
        sleep(pause);
    }
    wg_buf_free(&t.line);
    wg_buf_free(&t.data);
    wg_buf_free(&t.first);
    return t.left == 0 ? DONE : rc;
}
