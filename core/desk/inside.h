/** Behind the front door of desk. */
#ifndef WG_DESK_INSIDE_H
#define WG_DESK_INSIDE_H

#include "desk/desk.h"

#include <pthread.h>

/* ---- rules by revision: the one in force, and those that open cases are pinned to, opened on
 * demand ---- */

struct rulebook {
    struct wg_desk *desk;
    struct wg_rules *now;  /* in force; one of the shelf */
    struct wg_rules *only; /* of a what-if: these decide, whatever a case is pinned to; or NULL */
    struct shelf {
        char rev[WG_SHORT_TEXT + 1];
        struct wg_rules *rules;
        uint64_t used; /* a count that grows: the least used goes when the shelf is full */
    } shelf[8];
    uint64_t uses;
};
/** The rules of that revision; {NULL,0} or the one in force: now. Errors: WG_ENOENT, WG_ERULE. */
int rulebook_get(struct rulebook *b, struct wg_str rev, struct wg_rules **out, struct wg_err *err);
/** Put a bundle in force. *rules: made of it before, or NULL; taken over where it is of use. *left:
 * what had to make room, the caller's to free. */
int rulebook_set(struct rulebook *b, struct wg_bundle *bundle, struct wg_rules **rules,
                 struct wg_rules **left, struct wg_err *err);
/** The city's rules that these stand on. Errors: WG_ENOENT: they are the city's themselves. */
int rulebook_base(struct rulebook *b, struct wg_rules *rules, struct wg_rules **out,
                  struct wg_err *err);
void rulebook_close(struct rulebook *b);

/* ---- the desk ---- */

struct wg_desk {
    struct wg_desk_opts opts;
    char dir[1024], area[8], blobs[1100];
    struct wg_json *calendar;
    struct wg_arena *calendar_arena;
    struct wg_vault *vault;
    struct wg_journal *journal;
    struct wg_views *views;
    struct rulebook book;
    struct wg_queue *queue;
    pthread_t thread;
    bool running;

    pthread_mutex_t lock; /* guards `force`, the pointer */
    struct wg_force *force;
    struct wg_ground *next; /* base data as the batch at hand leaves it; NULL: as it was */

    uint64_t n; /* of the last entry of the batch at hand */
    int64_t t;
    char prev[WG_HASH_TEXT + 1];
    int64_t drift_ms;           /* wall clock minus monotonic clock, to notice a jump */
    int64_t held_until_mono;    /* after one the timer rests: it may be put right again */
    bool broken, vault_open;    /* the latter: a vault batch has begun */
    int blob_hold;              /* of wg_blob_hold, from a batch's first photo to its end; -1 */
    struct wg_desk_stats stats; /* counts are written by the desk alone, with atomic stores */
    struct wg_rule_cost cost[WG_RULE_COSTS]; /* under the lock */
    size_t costs;

    pthread_mutex_t why_lock; /* guards `why` */
    struct wg_desk *why;      /* what decides again for who asks why, by rules of its own. why.c */
};

void desk_why_close(struct wg_desk *d); /**< why.c */

/** Replace parts of what is in force; takes over what is given, NULL keeps what was. */
int desk_enforce(struct wg_desk *d, struct wg_ground *ground, struct wg_pack *pack,
                 struct wg_err *err);

/** The moment by which the desk decides: never before the last entry's. Notices a jump. */
int64_t desk_now(struct wg_desk *d);
/** Take what time has something to say about by now. How long to sleep then, in ms. */
int64_t desk_wake(struct wg_desk *d);

/** Fold into the views what the journal has and they have not. */
int desk_catch_up(struct wg_desk *d, struct wg_err *err);
/** Start from the tip of the views: n, t, prev. */
int desk_read_tip(struct wg_desk *d, struct wg_err *err);

#define PHOTOS_MAX 20u /* of one step */

/* ---- deciding: one command against the views of the batch's transaction. Reads only ---- */

struct deciding {
    struct wg_desk *d;
    struct wg_txn *txn;
    struct wg_cmd *cmd;
    struct wg_arena *a;
    int64_t t;
    uint64_t n;                             /* the entry's, if it comes to one */
    struct wg_force *force;                 /* borrowed */
    bool replay;                            /* answer from `given` alone */
    bool whatif;                            /* and, as it can be known, by the draft's calendar */
    const struct wg_json *given, *recorded; /* of a replay: facts, and the entry's outcomes */
    bool known;                             /* c is the case before */
    struct wg_case c;
    struct wg_rules *rules;
    struct wg_pack *pack;
    const struct wg_step *step;
    const struct wg_lead *lead;
    uint32_t role;
    int to;                      /**< the state it leads to */
    const struct wg_json *asked; /**< of the case, parsed; or NULL */
    int64_t due;                 /**< as the outcomes so far leave it */
    struct wg_str ask_of;        /**< the role that the rules want to grant it */
    struct wg_str order_text;    /**< of an order that they want given */
    bool looking;                /**< only asking what could be done */
    bool stage_ruled;            /**< they set stage_due themselves */
    const struct wg_class *class_;
    const struct wg_condition *row;     /**< the one that this step chooses */
    const struct wg_campaign *campaign; /**< that gives it its limit; then row is `own_row` */
    struct wg_condition own_row;
    uint64_t of;                /* the case the entry is about */
    struct wg_secret secret[3]; /* fields of `in` that go to the vault */
    char ref[3][WG_REF_TEXT + 1];
    size_t secrets;
    struct wg_buf facts, outs; /* JSON, comma-separated */
    const struct wg_case *was; /* the case before, instead of the one of the views; or NULL */
    struct tracing *trace;     /* the rules are looked at while they decide; or NULL */
};
struct tracing {
    struct wg_buf out, made; /* what wg_rules_trace says; the outcomes that the rules made */
    bool ran;
};
int decide(struct deciding *dc); /* the command; errors in cmd->err */
/** The case as it is before: of the views, or dc->was. WG_ENOENT. */
int case_before(struct deciding *dc, uint64_t id);
int decide_report(struct deciding *dc);
int decide_step(struct deciding *dc);
int decide_time(struct deciding *dc);
int decide_adopt(struct deciding *dc);
int decide_migrate(struct deciding *dc);
int decide_keep(struct deciding *dc);
/** One feature of base data put or taken out. edit.c */
int decide_edit(struct deciding *dc);
/** What comes into force with this command joins what the batch leaves. Errors: WG_ENOMEM. */
int edit_next(struct deciding *dc, int collection);
/** "keep" of a record, up to its value. */
void keep_begin(struct deciding *dc, const char *kind, struct wg_str name);
int decide_done(struct deciding *dc);
int decide_tenant(struct deciding *dc);
int ask_tenant(struct deciding *dc, struct wg_buf *out);
/** May this report be taken in the county's phase; is it a trial or a drill? Marks c and the
 * outcomes to come. */
int report_phase(struct deciding *dc, struct wg_case *c);

/* ---- guards.c, acts.c: what a row does beside moving the state ---- */

/** A text of the body, as it was checked; {NULL, 0} where it is absent. */
static inline struct wg_str body_str(const struct deciding *dc, const char *key)
{
    return wg_json_str(dc->cmd->in, key);
}
/** Is this what is asked for just now? */
static inline bool asked_for(const struct deciding *dc, const char *what)
{
    return dc->asked && wg_str_is(wg_json_str(dc->asked, "what"), what);
}

/** Is it possible just now? WG_ESTATE, or WG_EDENIED where another role must answer. Sets dc->to.
 */
int act_guard(struct deciding *dc);
/** Does the body make sense for it? WG_EINVAL with the pointer. */
int act_check(struct deciding *dc);
/** Its outcomes, before the rules are asked. */
int act_outcomes(struct deciding *dc);
/** And after, when it is known what they say. */
int act_after(struct deciding *dc);

/** The staged limit that the case is in, or goes to with this feedback; NULL: there is none. */
const struct wg_segment *act_segment(const struct deciding *dc);
/** The answer to `used`. */
int carry_answer(struct deciding *dc, struct wg_buf *out, struct wg_err *err);
/** What the receiving county needs to go on with the case. */
int receive_outcome(struct deciding *dc);

/* ---- clock.c: the case clock and the stage's ---- */

/** The case clock as this step leaves it: goes on, begins anew, or as it was. Before the rules. */
int clock_outcome(struct deciding *dc);
/** The stage's deadline and the yellow lamp's moment, after the rules. */
int clock_after(struct deciding *dc);
/** Was what stopped the clock not approved? Then it never stopped. */
bool clock_never_stopped(const struct deciding *dc);
/** When the lamp turns yellow, of a limit that runs since `from` and is up at dc->due. */
int clock_warn(struct deciding *dc, int64_t from, struct wg_limit limit, int64_t *warn);
/** dc->due by another limit from where the old one began, with every stop and grant that there was.
 */
int clock_relimit(struct deciding *dc, struct wg_limit limit);
/** What clock_relimit would make of a case, by this calendar; nothing is asked. */
int clock_relimited(const struct wg_worktime *wt, const struct wg_case *c, struct wg_limit limit,
                    int64_t *due);
/** When a limit that runs from then is up; asked, so a fact. */
int clock_deadline(struct deciding *dc, int64_t from, struct wg_limit limit, int64_t *out);
/** A due moment as it is when from … to did not count. */
int clock_shift(struct deciding *dc, int64_t from, int64_t to, int64_t *due);

int clock_answer(const struct wg_worktime *wt, const char *what, const struct wg_json *args,
                 struct wg_buf *out, struct wg_err *err);

/** The world as a rule asks it. self: the struct deciding. */
int desk_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                struct wg_err *err);
int whatif_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                  struct wg_err *err);
/** Read what the rules said since `from`, an offset into dc->outs: the due moment, who is to
 * grant. */
int read_ruled(struct deciding *dc, size_t from);
/** An order 督办 with the next number; the unit owes a reply. */
void order_outcome(struct deciding *dc, struct wg_str text);

bool blank(struct wg_str s); /**< nothing that can be read */
/** Refuse with what the actor may do from here. */
int deny(struct deciding *dc, int code, const char *why);

/** Ask and remember: the answer is parsed into the arena, question and answer go into the facts. */
int ask_about(struct deciding *dc, const char *what, struct wg_str id,
              const struct wg_json **answer); /**< of one id */
int ask(struct deciding *dc, const char *what, struct wg_str args, const struct wg_json **answer);
/** Run the handler of an event; outcomes and facts are appended. Where the county's rule fails, the
 * city's decides, and the entry says so. fence.c */
int run_rules(struct deciding *dc, const char *event, const struct wg_case *c);
/** A text member of the body: at most max bytes. Errors with its pointer. *out is {NULL,0} where it
 * is absent. */
int body_text(struct deciding *dc, const char *key, size_t max, bool must, struct wg_str *out);
/** Only these members, ended by NULL, and those of the step's fields. */
int body_known(struct deciding *dc, const char *const *names, const struct wg_step *step);
/** Evidence of the body, at the case's place: an outcome for each, and marks. After `open`, before
 * `go`. */
int body_photos(struct deciding *dc, struct wg_point at);
/** "photo" [sha256] → {"type","size","taken","lon","lat"} | null; ms, e7, null where not said. */
int ask_photo(struct deciding *dc, const struct wg_json *args, struct wg_buf *out,
              struct wg_err *err);
#define REFUSE(dc, code, pointer, ...) wg_fail_at(&(dc)->cmd->err, code, pointer, __VA_ARGS__)

/** Put the secrets into the vault's batch; their references are then in dc->ref. */
int put_secrets(struct deciding *dc);

/** "why":[text, file, line] of the flow's row, into the outcome at hand. */
void out_why(struct deciding *dc, struct wg_str text);
void out_why_row(struct deciding *dc);
void out_limit(struct wg_buf *b, struct wg_limit limit); /**< "limit":[n_milli, unit] */
/** Begin outcome {"k":kind; end it with wg_buf_char(&dc->outs, '}'). */
void out_begin(struct deciding *dc, const char *kind);

#endif
