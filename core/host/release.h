/** Rules on their way into force: a piece of work that a job does and a command ends. The loop's,
 * but for what `run` does. */
#ifndef WG_HOST_RELEASE_H
#define WG_HOST_RELEASE_H

#include "inside.h"

/** Who signs, with what. */
struct signing {
    char user[64], key[WG_PUBLIC_TEXT + 1], signature[WG_SIGNATURE_TEXT + 1];
    bool person, fresh; /**< the key is the person's own; it was made just now */
    uint8_t seed[WG_SIGN_SEED];
    int64_t at_ms;
};
/** Sign, or check what was sent: with the person's own key, where they have given one, else with
 * one that the server keeps for them in the vault. Thread: a job's. Errors: WG_EINVAL. */
int signing_make(struct signing *s, struct wg_county *c, enum wg_signer as, struct wg_str rev,
                 struct wg_str user, struct wg_str signature, struct wg_err *err);
void signing_keep(struct signing *s, struct wg_county *c); /**< a fresh key, into the vault */
/** "author": {"user", "key", "held", "at", "signature"}; nothing where nobody signed. */
void signing_write(const struct signing *s, const char *as, struct wg_buf *b);
void signing_done(struct signing *s);

enum work_kind { WORK_DRAFT, WORK_APPROVE, WORK_ROLLBACK };
struct work {
    struct job job;
    struct task *task; /* NULL: the system's own */
    struct wg_county *county;
    struct wg_arena *a;
    enum work_kind kind;
    int fd;
    bool only_hash; /* of a draft: what its author is to sign; nothing is tried or kept */
    int step;       /* of the trial; -1: what comes before */
    struct wg_str user, rev, note, signature;
    bool migrate; /* running cases go along */
    struct wg_migration moves;
    uint64_t *moving;       /* those that can */
    struct wg_json *record; /* of the draft, or of the release that comes back */
    int64_t began_ms, now_n, same_as;
    struct wg_trial trial;
    struct wg_force *force;
    char blob[WG_BLOB_NAME + 1], report[WG_BLOB_NAME + 1];
    struct signing sign;
    int rc;
    struct wg_err err;
};

/** The draft in a tar, over the city's rules in force. base_rev: of these, or NULL. Thread: a
 * job's. */
int draft_bundle(struct wg_county *c, int fd, struct wg_arena *a, struct wg_bundle **out,
                 struct wg_str *base_rev, struct wg_err *err);
/** A draft, or what is or was in force, by its hash. Errors: WG_ENOENT. */
int hash_record(struct wg_county *c, struct wg_txn *txn, struct wg_str hash, struct wg_arena *a,
                struct wg_json **out, struct wg_err *err);
/** The same as a bundle. Thread: a job's. */
int hash_bundle(struct wg_county *c, struct wg_str hash, struct wg_arena *a, struct wg_bundle **out,
                struct wg_err *err);
/** For who asks; NULL: answered. */
struct work *work_for(struct call *call, enum work_kind kind);
struct work *work_new(struct wg_county *c, enum work_kind kind); /**< the system's own */
void work_begin(struct work *w, struct call *call, const char *what);
void work_free(struct work *w);
void work_failed(struct work *w, struct wg_str extra); /**< tells of w->err, and frees */
/** The command that ends a piece of work; `then` has the result. NULL: out of memory. */
struct call *work_own(struct work *w, void (*then)(struct call *own));
void work_submit(struct work *w, struct call *own); /**< own NULL: it fails */

/* draft.c */
void draft_run(struct work *w);                /**< the next step; on the job's thread */
const char *draft_state(const struct work *w); /**< "checking", "refused", "checked" */
void draft_keep(struct work *w);               /**< the step just taken, into the journal */
void draft_end(struct work *w);                /**< and the last one, with the answer */

/** A record into the work's arena, parsed; false: there is none. */
bool work_record(struct work *w, const char *kind, struct wg_str name, struct wg_json **out);
/** The record of what is in force, or null. */
void rules_now(struct wg_county *c, struct wg_buf *b);

#endif
