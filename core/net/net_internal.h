/** What the files of net share, and nobody else sees.
 *
 *  A connection (struct conn) has a first-in-first-out list of requests, the chain of bytes that go
 * out, and talks to its socket through struct conn_io, so that a fuzzer can stand where the socket
 * is. Blocks (what came in), segments (what goes out), requests and their arenas are pooled by the
 * server: in steady state a request takes nothing from the heap. */
#ifndef WG_NET_INTERNAL_H
#define WG_NET_INTERNAL_H

#include "net/net.h"

#include <llhttp.h>
#include <uv.h>

#define BLOCK_SIZE (16u * 1024) /* bytes read at once */
#define BLOCK_ROOM 1024u        /* less than this left: take a new block */
#define SEG_SIZE (16u * 1024)
#define UNSENT_MAX (1024u * 1024) /* more waits for the client: its requests are not read */
#define DISCARD_MAX                                                                      \
    (64u * 1024)        /* body of a refused request that is read to keep the connection \
                         */
#define LINGER_MS 2000u /* for the client to read the last answer */
#define PARAM_MAX 8
#define HEADER_FEW 32   /* headers kept without the arena */
#define HEADER_MANY 128 /* more is 431 */

uv_loop_t *net_loop_uv(struct wg_loop *loop);

/* ---- route.c ---- */

struct route_row {
    struct wg_http_route r;
    unsigned count; /* params */
    struct wg_str names[PARAM_MAX];
    char *own; /* the pattern's text, which names point into */
    struct route_row *next;
};
struct match {
    const struct route_row *row; /* NULL unless WG_OK */
    unsigned allow;              /* methods of the path */
    struct wg_str values[PARAM_MAX];
};
/* path: raw, begins with '/', escapes checked. WG_ENOENT: no such path; WG_ESTATE: another method;
 * WG_ENOMEM. */
int net_router_match(const struct wg_router *r, struct wg_str path, int method, struct wg_arena *a,
                     struct match *m);
/* s without escapes: s itself where it has none, else a copy; plus: '+' is a space. {NULL, 0}: no
 * memory. */
struct wg_str net_url_decode(struct wg_arena *a, struct wg_str s, bool plus);
bool net_url_ok(struct wg_str s); /* every % has two hex digits and is not %00 */

/* ---- bytes in and out ---- */

struct block {
    struct block *next;
    uint32_t refs, cap;
    char p[];
};
struct seg {
    struct seg *next;
    size_t at, n, cap; /* sent up to at, filled up to n */
    char *p;           /* = data, or memory of its own that free() takes */
    char data[];
};
struct chain {
    struct seg *head, *tail;
    size_t bytes;
};
struct span {
    uint32_t at, n; /* from the first byte of the head */
};

struct conn;
struct conn_io {
    ssize_t (*try_write)(struct conn *c, const uv_buf_t *v,
                         unsigned n);                            /* bytes, UV_EAGAIN or an error */
    int (*write)(struct conn *c, const uv_buf_t *v, unsigned n); /* all of it, then conn_written */
    size_t (*pending)(const struct conn *c); /* of the last write, not yet sent */
    void (*reading)(struct conn *c, bool on);
    void (*finish)(struct conn *c); /* no more bytes from us */
    void (*close)(struct conn *c);  /* then conn_closed, later */
};

struct conn {
    const struct conn_io *io;
    struct wg_http *http;
    struct conn *prev, *next;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    llhttp_t parser;
    struct block *in; /* parsed up to pos, filled up to fill */
    uint32_t pos, fill;
    struct wg_req *first, *last, *cur; /* cur: its message is not whole yet; always the last */
    unsigned count;                    /* in the list */
    unsigned reqs;                     /* alive, also those taken off the list */
    struct chain out;
    size_t inflight, last_pending;
    uint64_t mark_ms, wrote_ms, body_ms; /* see conn_sweep */
    bool reading, pumping, eof;
    bool blocked;    /* cur's body is still being written to its file */
    bool stop;       /* no more requests; what comes is thrown away */
    bool linger_due; /* the client may still be sending: let it read our answer before we close */
    bool lingering, dead, closed;
    void *user;
    void (*user_free)(void *);
    char peer[64];
    void *test; /* the fuzzer's */
};

/* ---- requests ---- */

struct header {
    struct span name, value;
};
struct spool; /* spool.c */
struct file;  /* file.c */
struct wg_stream {
    struct wg_req *req; /* NULL once its connection has gone */
    struct wg_http *http;
    struct wg_stream *next; /* in the list of those to be told */
    struct wg_stream_cb cb;
    void *arg;
    bool ended, thirsty, chunked;
};
struct pair {
    struct wg_str name, value;
};

struct wg_req {
    struct wg_req *next;
    struct conn *conn;
    struct wg_http *http;
    struct wg_arena *arena;
    struct block *head; /* where the head is */
    uint32_t base;
    struct span target;
    struct header *headers, few[HEADER_FEW];
    unsigned header_count, header_cap;
    uint16_t hosts, lengths, encodings; /* how many of these headers came */
    uint16_t expect, coding, accept;    /* index + 1 of them */
    struct match match;
    struct wg_str raw_path, raw_query, path, body; /* path.p NULL: not decoded yet */
    struct pair *query;
    size_t query_count, body_max, got, raw; /* got: body bytes; raw: with their framing */
    struct wg_buf body_buf, extra;          /* extra: headers of the answer to come */
    struct spool *spool;
    struct file *file;
    struct wg_stream *stream;
    struct chain hold; /* the answer, until it is its turn */
    void *user;
    int method, busy; /* busy: pool jobs that point here */
    bool field_open, head_done, parsed, discard, expect_due;
    bool costly; /* its body is too large to be read only to be forgotten */
    bool is_head, http10, keep, close, listed, given, answered, finished, gone, has_coding,
        query_done;
};

struct wg_http {
    struct wg_loop *loop;
    uv_tcp_t listener;
    uv_timer_t sweep, later, grace;
    int handles; /* not yet closed */
    int port;
    const struct wg_router *router;
    struct wg_http_limits limits;
    bool (*before)(struct wg_req *req, void *arg);
    void *before_arg;
    struct conn *conns;
    struct block *free_blocks;
    struct seg *free_segs;
    struct wg_req *free_reqs;
    unsigned free_block_count, free_seg_count, free_req_count;
    struct wg_stream *to_tell;
    struct wg_http_stats stats;
    bool draining, closing;
    wg_loop_fn done;
    void *done_arg;
    void *deflater; /* encode.c */
    int64_t date_s;
    char date[40];
};

/* server.c */
struct wg_http *net_http_new(struct wg_loop *loop, const struct wg_router *router,
                             const struct wg_http_limits *limits);
void net_http_conn_gone(struct wg_http *http); /* a connection was freed: is the drain done? */
void net_http_sweep(struct wg_http *http);

/* conn.c */
struct conn *conn_new(struct wg_http *http, const struct conn_io *io);
char *conn_room(struct conn *c, size_t *n); /* where the next bytes go; NULL: no memory */
void conn_input(struct conn *c, size_t n);  /* n bytes were put there */
void conn_eof(struct conn *c);
void conn_written(struct conn *c, int status);
void conn_closed(struct conn *c);
void conn_abort(struct conn *c); /* close now; requests in hand learn that their client is gone */
void conn_pump(
    struct conn *c); /* parse what may be parsed, send what can be sent, decide what is next */
void conn_sweep(struct conn *c, uint64_t now_ms);
void conn_drain(struct conn *c);
void conn_unref(struct conn *c); /* freed when closed and no request is left */

/* parse.c */
void conn_parse(struct conn *c);
void conn_fail(struct conn *c, int status,
               const char *detail);      /* answer what is being read, then close */
void req_body_whole(struct wg_req *req); /* spool.c: the file has it; the handler's turn */

/* req.c */
struct wg_req *req_new(struct conn *c);
void req_release(struct wg_req *req); /* freed unless a handler, a job or the list holds it */
void net_reqs_free(struct wg_http *http);
struct wg_str req_span(const struct wg_req *req, struct span s);
struct wg_str req_header_at(const struct wg_req *req, unsigned index);

/* out.c */
struct block *net_block_new(struct wg_http *http, size_t cap);
void net_block_unref(struct wg_http *http, struct block *b);
char *net_chain_room(struct wg_http *http, struct chain *to, size_t n); /* then chain_add */
void net_chain_add(struct chain *to, size_t n);
bool net_chain_copy(struct wg_http *http, struct chain *to, const void *p, size_t n);
bool net_chain_own(struct wg_http *http, struct chain *to, char *p,
                   size_t n); /* takes p, also on failure */
void net_chain_join(struct chain *to, struct chain *from);
void net_chain_drop(struct wg_http *http, struct chain *ch);
int conn_flush(struct conn *c); /* 0 or the error of the socket */
void conn_sent(struct conn *c, size_t n);
size_t conn_waiting(const struct conn *c);
struct chain *req_out(struct wg_req *req); /* where its answer goes now */
void conn_advance(struct conn *c);         /* answers whose turn has come */

/* reply.c */
const char *reply_title(int status);
/* False: the client has gone, nothing is to be sent. Else the answer is begun, and no other may be.
 */
bool reply_begin(struct wg_req *req);
/* length < 0: unknown. encoding: NULL, a coding, or "" where there might have been one. False: no
 * memory, aborted. */
bool reply_head(struct wg_req *req, int status, const char *type, int64_t length,
                const char *encoding);
void reply_finish(struct wg_req *req); /* the answer is whole: the list may go on */
void reply_allow(unsigned methods, struct wg_buf *out);

/* encode.c */
bool net_gzip_fits(const char *type, size_t n);
bool net_gzip_accepted(const struct wg_req *req);
bool net_gzip_start(struct wg_req *req, int status, const char *type,
                    struct wg_buf *body); /* false: send it as it is */
void net_gzip_done(struct wg_http *http);

/* spool.c, file.c, stream.c */
struct spool *net_spool_open(struct wg_req *req, int *status); /* NULL: answer with status */
void net_spool_add(struct wg_req *req, const char *p, size_t n);
void net_spool_end(struct wg_req *req); /* all has come: body_whole when it is written */
bool net_spool_full(const struct wg_req *req);
void net_spool_free(struct spool *s);
void net_file_more(struct wg_req *req);
void net_file_free(struct file *f);
void net_stream_more(struct wg_req *req);
void net_stream_gone(struct wg_stream *s); /* now; calls closed */
void net_streams_tell(uv_timer_t *timer);
void net_stream_finished(struct wg_stream *s);

#endif
