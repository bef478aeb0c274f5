/** The front door of net: one libuv loop, HTTP/1.1 over llhttp, a route table, streams, raw
 * listeners.
 *
 *  Thread: everything here belongs to the loop thread but wg_loop_post and wg_loop_stop.
 *  A handler must not block and must answer its request once, now or later. A request lives until
 * it is answered, also when its client has gone; the answer is then dropped. Answers go out in the
 * order of the requests of a connection (pipelining), whatever order they are given in. Sources:
 * RFC 9110, 9112 (HTTP), RFC 9457 (problems), WHATWG HTML 9.2 (server-sent events). */
#ifndef WG_NET_H
#define WG_NET_H

#include "base/base.h"

/* ---- the loop ---- */

struct wg_loop;
typedef void (*wg_loop_fn)(void *arg);

int wg_loop_new(struct wg_loop **out, struct wg_err *err);
void wg_loop_free(struct wg_loop *loop);
int wg_loop_run(struct wg_loop *loop);   /**< until wg_loop_stop and everything is closed */
void wg_loop_stop(struct wg_loop *loop); /**< closes the posts and timers. Thread: loop */

/** Have fn(arg) called on the loop. Errors: WG_ENOMEM; WG_EBUSY after wg_loop_stop. Thread: any. */
int wg_loop_post(struct wg_loop *loop, wg_loop_fn fn, void *arg);
/** A queue's doorbell: fn(arg) is called on the loop some time after wg_bell_ring; rings may fold
 * into one. */
struct wg_bell;
int wg_bell_new(struct wg_loop *loop, wg_loop_fn fn, void *arg, struct wg_bell **out);
void wg_bell_ring(struct wg_bell *bell); /**< Thread: any */
void wg_bell_free(struct wg_bell *bell); /**< Thread: loop */
/** fn(arg) every period_ms (0: once) after delay_ms. Owner: the loop, until wg_timer_stop; one that
 * runs once is gone when fn has returned. NULL: no memory. */
struct wg_timer;
struct wg_timer *wg_timer_start(struct wg_loop *loop, uint64_t delay_ms, uint64_t period_ms,
                                wg_loop_fn fn, void *arg);
void wg_timer_stop(struct wg_timer *timer); /**< NULL is fine */
/** work(arg) on the pool, then done(arg) on the loop. Errors: WG_ENOMEM. */
int wg_pool_run(struct wg_loop *loop, wg_loop_fn work, wg_loop_fn done, void *arg);
/** fn(arg, signal) at SIGINT and SIGTERM; SIGPIPE is ignored. */
int wg_loop_on_signal(struct wg_loop *loop, void (*fn)(void *arg, int signal), void *arg);

/* ---- routes ---- */

enum wg_http_flags {
    WG_HTTP_SPOOL =
        1, /**< the body goes to an unlinked file as it comes: wg_req_spool; body is empty */
};

struct wg_http_route {
    int method;          /**< one WG_METHOD_...; GET answers HEAD too */
    const char *pattern; /**< "/v1/{area}/cases/{id}"; a segment is text or {name}, which is never
                            empty; a last {name*} takes the rest, also an empty one, but none with a
                            segment "." or ".." */
    void (*handle)(struct wg_req *req, void *arg);
    void *arg;
    unsigned flags;  /**< wg_http_flags */
    size_t body_max; /**< bytes; 0 for the server's default */
    const void *row; /**< what the table's maker wants to find again (wg_req_row) */
};

struct wg_router;
struct wg_router *wg_router_new(void);
void wg_router_free(struct wg_router *r);
/** Text segments win over {name}; the first path that fits decides, also about 405. Errors:
 * WG_EINVAL (bad pattern), WG_EEXIST (same method and pattern). */
int wg_router_add(struct wg_router *r, const struct wg_http_route *route, struct wg_err *err);

/* ---- the server ---- */

struct wg_http_limits {
    size_t header_max;  /**< request line and headers, bytes; 16 KiB; past it 431 (414 for a long
                           target) */
    size_t body_max;    /**< bytes; 1 MiB; past it 413 */
    uint64_t header_ms; /**< from the first byte of a request to its last header; 10 s; 408 */
    uint64_t body_ms;   /**< without any byte of the body; 20 s; 408; past three times that, a body
                           must have   come at 256 bytes a second on the whole */
    uint64_t idle_ms;   /**< keep-alive without a request; 75 s; closed */
    size_t connections; /**< at once; 4096; the next gets 503 with Retry-After and is closed */
    size_t pipeline;    /**< requests of one connection in hand; 64; then it is not read from */
    const char *spool_dir; /**< where spooled bodies go; /tmp */
};

struct wg_http;
/** Listen on host:port (port 0: any free one). router is borrowed until wg_http_free. limits: zeros
 * take the defaults above; NULL for all. before: called for every request that a row was found for,
 * once its headers are in and before its body is read; returns false if it has answered, or will:
 * the handler is then not called. NULL for none. Errors: WG_EIO with the address and reason. */
int wg_http_listen(struct wg_loop *loop, const char *host, int port, const struct wg_router *router,
                   const struct wg_http_limits *limits,
                   bool (*before)(struct wg_req *req, void *arg), void *arg, struct wg_http **out,
                   struct wg_err *err);
int wg_http_port(const struct wg_http *http);
/** Stop accepting; finish what is in hand (each answer says Connection: close), close streams and
 * idle connections; after grace_ms close the rest. done(arg) when nothing is left. */
void wg_http_drain(struct wg_http *http, uint64_t grace_ms, wg_loop_fn done, void *arg);
void wg_http_free(struct wg_http *http); /**< after drain; NULL is fine */

struct wg_http_stats {
    uint64_t requests, bytes_in, bytes_out, connections_total, rejected;
    uint64_t by_class[6]; /**< answers 1xx..5xx at 1..5 */
    size_t connections;
};
void wg_http_stats(const struct wg_http *http, struct wg_http_stats *out);

/* ---- a request (the rest is in wg.h) ---- */

const void *wg_req_row(const struct wg_req *req);
struct wg_str wg_req_target(const struct wg_req *req); /**< as sent, with the query */
const char *wg_req_peer(const struct wg_req *req);     /**< client's address, text */
/** The spooled body: a file at offset 0, closed with the request. -1 where the route does not
 * spool. */
int wg_req_spool(const struct wg_req *req, uint64_t *size);
void wg_req_set(struct wg_req *req, void *ptr); /**< one pointer for the handler's own use */
void *wg_req_get(const struct wg_req *req);
/** One pointer for the connection (e.g. the session last seen on it), and its free function. */
void wg_conn_set(struct wg_req *req, void *ptr, void (*free_fn)(void *));
void *wg_conn_get(const struct wg_req *req);

/* ---- answers (the others are in wg.h) ---- */

/** A file, sent from the pool; fd is the request's now and closed. etag: a strong one without its
 * quotes, or {NULL, 0}. 200; 304 for If-None-Match; 206 or 416 for a Range of one piece, where
 * If-Range agrees (RFC 9110, 13 and 14). */
void wg_reply_file(struct wg_req *req, const char *type, struct wg_str etag, int fd);

/* ---- streams: an answer that goes on (server-sent events, JSON Lines) ---- */

struct wg_stream;
struct wg_stream_cb {
    void (*drained)(struct wg_stream *s, void *arg); /**< what waited has gone out: write more */
    void (*closed)(struct wg_stream *s,
                   void *arg); /**< client gone, or the server drains; s is dead after */
};
/** Answers req with status 200 and a chunked body that stays open; req is consumed. NULL if the
 * client has gone. `closed` is never called from within a call of the caller's. A client that only
 * stops sending counts as gone. For HEAD, and while the server drains, the stream is at its end
 * already and `closed` follows. */
struct wg_stream *wg_stream_open(struct wg_req *req, const char *type,
                                 const struct wg_stream_cb *cb, void *arg);
/** Queue bytes. Returns how many wait; stop at 256 KiB and go on in `drained`. */
size_t wg_stream_write(struct wg_stream *s, struct wg_str bytes);
void wg_stream_end(struct wg_stream *s); /**< last chunk; `closed` is still called */

/* ---- raw listeners, for vehicle and gateway protocols: the same loop, bytes in, bytes out ---- */
/* TCP and UDP listeners join with the plugin that needs them first. */

/* ---- a client, for the bundled tool and tests of our own: blocking, one connection ---- */

struct wg_client;
/** url: http://host:port. Errors: WG_EIO, WG_EINVAL. Thread: any one. */
int wg_client_new(const char *url, uint64_t timeout_ms, struct wg_client **out, struct wg_err *err);
void wg_client_free(struct wg_client *c);
struct wg_answer {
    int status;
    struct wg_str type, body;     /**< borrowed until the next call */
    struct wg_str location, etag; /**< likewise; n 0 where absent */
};
/** One exchange; reconnects once if a kept connection has died before any byte of the answer came
 * (only for GET or where the headers hold an Idempotency-Key). headers: "Name: value\r\n" lines or
 * NULL. body.p NULL: none. on_chunk: gets the body as it comes (streams); NULL: whole in answer. It
 * returns false to stop. */
int wg_client_ask(struct wg_client *c, const char *method, const char *target, const char *headers,
                  struct wg_str body, bool (*on_chunk)(struct wg_str chunk, void *arg), void *arg,
                  struct wg_answer *out, struct wg_err *err);

#endif
