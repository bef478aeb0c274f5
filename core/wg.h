/** The plugin API of Wangge, and the vocabulary that every layer shares.
 *
 *  This file stands alone: a plugin includes it and nothing else of ours. A plugin is a shared
 * object that exports one const table, `wg_plugin`, made by WG_PLUGIN(name). `WG_ABI` is compared
 * when it is loaded; a table of another number is refused with both numbers in the message.
 *
 *  Threads: everything in a table runs on the loop thread and must not block, but `lua` functions,
 * which run on the desk of the county that called them and keep no state. Units: times are int64
 * milliseconds since 1970 UTC, lengths metres, places degrees x 10^7 (int32). */
#ifndef WG_H
#define WG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WG_ABI 1u

/** 0 is success; every failure is one of these. */
enum wg_code {
    WG_OK = 0,
    WG_EINVAL = -1,    /**< what was given is not of the form it must have */
    WG_ENOMEM = -2,    /**< memory or a cap on it */
    WG_ERANGE = -3,    /**< a number outside what the call can mean */
    WG_ENOENT = -4,    /**< there is no such thing */
    WG_EEXIST = -5,    /**< it is there already, and differs */
    WG_EIO = -6,       /**< the system refused a read or write */
    WG_ENOSPC = -7,    /**< the disk is full; nothing happened */
    WG_ECORRUPT = -8,  /**< stored bytes are not what was written */
    WG_EDENIED = -9,   /**< this role or person may not */
    WG_ESTATE = -10,   /**< the state does not allow it */
    WG_ESTALE = -11,   /**< the version asked for is not today's */
    WG_EUNKNOWN = -12, /**< the outcome is open; repeat with the same key */
    WG_EBUSY = -13,    /**< full or shutting down; try again later */
    WG_ETIME = -14,    /**< a budget of time or instructions ran out */
    WG_ERULE = -15,    /**< a county's rule failed; the reason names file and line */
    WG_EUNAUTH = -16   /**< who are you? */
};

/** Borrowed text or bytes; not NUL-terminated unless a call says so. p may be NULL when n is 0. */
struct wg_str {
    const char *p;
    size_t n;
};

/** Why something failed, for a person. `text` is UTF-8 and NUL-terminated. */
struct wg_err {
    int code;
    char pointer[128]; /**< JSON pointer of the field at fault, or "" */
    char text[640];
};

/** One request to the server, owned by the loop until it is answered. */
struct wg_req;

/** The county (or city) that a plugin instance serves. */
struct wg_county;

/** Answer a request, once. `type` is a media type; body is copied. Thread: loop. */
void wg_reply(struct wg_req *req, int status, const char *type, struct wg_str body);

/** Answer with an RFC 9457 problem of that status; detail is for a person. Thread: loop. */
void wg_reply_problem(struct wg_req *req, int status, const char *detail);

struct wg_str wg_req_path(const struct wg_req *req); /**< decoded path, without the query */
struct wg_str wg_req_body(const struct wg_req *req); /**< whole body, as sent */
/** A header (name in lower case) or query parameter; {NULL, 0} where there is none. Borrowed from
 * req. */
struct wg_str wg_req_header(const struct wg_req *req, const char *name);
struct wg_str wg_req_query(struct wg_req *req, const char *name);

const char *wg_county_area(const struct wg_county *county); /**< six digits */

/** One line on the log: level is "info", "warn" or "error". Never personal data. Thread: any. */
void wg_plugin_log(const char *level, const char *plugin, const char *text);

/** A value call: how a rule's function reads its arguments and answers, without touching Lua
 * itself. What it is asked and what it answers is written into the entry's facts, so replay never
 * calls it. */
struct wg_call;
int wg_call_count(const struct wg_call *call);                  /**< arguments given */
int wg_call_int(struct wg_call *call, int index, int64_t *out); /**< index from 1; WG_EINVAL */
int wg_call_str(struct wg_call *call, int index, struct wg_str *out); /**< borrowed; WG_EINVAL */
void wg_call_answer_int(struct wg_call *call, int64_t value);         /**< appends a result */
void wg_call_answer_str(struct wg_call *call, struct wg_str value);
int wg_call_fail(struct wg_call *call, const char *why); /**< return what it returns */

/** GET or POST `path`, below /v1/{area}. Called on the loop. Must answer, now or later. */
struct wg_route {
    const char *method;
    const char *path;
    void (*handle)(struct wg_req *req, void *self);
    const char *brief; /**< a line for the OpenAPI document; may not be empty */
};

/** One thing that rules decided should happen outside, e.g. a text message. `body` is its JSON.
 *  Call wg_effect_done once, now or later: ok != 0 takes it out of the outbox, else it is tried
 * again. `key` is the same at every try, so that the far side can drop repeats. */
struct wg_effect_job {
    const char *area, *kind, *key;
    struct wg_str body;
    void *token;
};
void wg_effect_done(const struct wg_effect_job *job, int ok, const char *note);

struct wg_effect {
    const char *kind;
    void (*run)(const struct wg_effect_job *job, void *self);
};

/** A function for rules, named "plugin.function". Pure in its arguments; no state, no I/O. */
struct wg_luafn {
    const char *name;
    int (*call)(struct wg_call *call);
    const char *usage, *brief; /**< its documentation; may not be empty */
};

struct wg_plugin {
    uint32_t abi;
    const char *name, *brief;
    /** Once per county that lists the plugin; config is its JSON table. Errors: reason in err. */
    int (*open)(struct wg_county *county, struct wg_str config, void **self, struct wg_err *err);
    void (*close)(void *self);
    const struct wg_route *routes;   /**< ends with a row of zeros; NULL where none */
    const struct wg_effect *effects; /**< likewise */
    const struct wg_luafn *lua;      /**< likewise */
};

#define WG_PLUGIN(id)                        \
    extern const struct wg_plugin wg_plugin; \
    const struct wg_plugin wg_plugin

#ifdef __cplusplus
}
#endif
#endif
