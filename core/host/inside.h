/** Behind the front door of host. All of it belongs to the loop thread, but what jobs.c says. */
#ifndef WG_HOST_INSIDE_H
#define WG_HOST_INSIDE_H

#include "host/host.h"

#include <pthread.h>

/* ---- a county as the loop sees it ---- */

struct wg_county {
    struct wg_host *host;
    char area[8];
    size_t index;
    struct wg_desk *desk;
    struct wg_search *search; /* NULL: the city, or it could not be opened: searches scan */
    struct wg_txn *reader;    /* kept, renewed for each read, reset after */
    struct feed *feeds;       /* streams that follow the journal */
    struct effects *effects;
    struct carry *carries; /* cases on their way to another county */
    struct wg_queue *jobs; /* NULL: no more are taken */
    pthread_t job_thread;
    void *plugin_self[16];
    bool is_city, reloading, indexing;
    struct live *live;         /* its cases as a layer */
    struct past *past;         /* the ground of another day, asked for last */
    struct topology *topology; /* by collection: the last report; NULL: none was asked for */
    struct wg_buf quality;     /* the last report on base data, and what it was made of: */
    struct wg_force *judged;
    int64_t back_from; /* the release that is being rolled back by itself */
    char watched[128]; /* dev: what the folder was, last time */
};

struct live *live_new(void); /* NULL: no memory */
void live_free(struct live *l);

/* ---- sessions ---- */

struct session {
    struct session *next;
    struct wg_hash token; /* its digest: the token itself is nowhere */
    struct wg_county *county;
    char user[64], unit[64], name[128];
    char streets[WG_STREETS_TEXT]; /* with commas; "": all */
    uint32_t roles;
    int64_t expires; /* mono ms: somebody who sets the clock signs nobody out */
    char csrf[24];
};

/* ---- the host ---- */

#define SESSION_BUCKETS 1024
struct job;
struct wg_host {
    const struct wg_config *config;
    struct wg_loop *loop;
    struct wg_router *router;
    struct wg_http *http;
    struct wg_county *county[WG_AREAS_MAX];
    size_t counties;
    struct wg_county *city;
    int lock_fd;
    char spool[1200]; /* the listener keeps the pointer */
    char *calendar;
    struct session *session[SESSION_BUCKETS];
    size_t sessions;
    uint64_t ended; /* counts sessions that ended: what was found before is looked up again */
    struct login *logins, *logins_tail; /* waiting for the pool, one at a time */
    bool hashing;
    struct lockout *lockouts;
    struct storing *uploads, *uploads_tail; /* waiting for the pool, two at a time */
    int storing;
    struct sender *senders;
    struct wg_queue *results; /* commands come back */
    struct wg_bell *bell;
    struct wg_queue *finished; /* jobs come back by their own bell */
    struct wg_bell *job_bell;
    struct task *tasks; /* oldest first */
    size_t task_count;
    uint64_t task_last;
    bool draining;
    struct wg_timer *tick;
    struct wg_plugins loaded;
    const struct wg_plugin *const *plugins; /* the loaded tables, NULL-ended */
    const struct row *plugin_rows;
    int64_t started_ms;
    uint64_t ticks;
    int64_t night; /* local day of the last nightly jobs */
};

/* ---- a request being answered ---- */

struct call {
    struct wg_req *req;
    struct wg_host *host;
    const struct row *row;
    struct session *session; /* NULL on open routes; gone if the call outlives its callback: copy
                                what is needed */
    struct wg_county *county;
    struct wg_arena *arena;
    struct wg_cmd cmd;
    struct carry *carry;             /* the host's own: a case that comes over */
    struct call *waits_next;         /* waits for one */
    int status;                      /* of a good answer */
    void (*then)(struct call *call); /* a command of a task's: takes the result in place of req */
    void *task;                      /* what `then` works on */
    bool sees_caller, sees_words;
    bool edits; /* a plugin's: edit_done takes the result */
};

enum row_flags {
    ROW_OPEN = 1, /* no session needed */
    ROW_CITY = 2, /* the city answers for its counties */
    ROW_NO_AREA = 4,
    ROW_SPOOL = 8,
    ROW_BY_CITY = 16, /* changes a county, but only the city's accounts may */
    ROW_PUBLIC = 32,  /* for those too who have not signed in: then there is no session */
};
struct row {
    int method;
    const char *pattern;
    void (*handle)(struct call *call);
    uint32_t
        roles; /* who may; 0: anyone who is signed in. Steps of the flow are checked by the desk */
    unsigned flags;
    size_t body_max;
    const char *summary;    /* for the OpenAPI document */
    const char *query;      /* "lon:number* lat:number*": parameters, * must */
    const char *body;       /* name of a schema, or NULL */
    const char *answer;     /* likewise */
    const struct row *more; /* of a plugin's: the next such row */
};
extern const struct row rows[];
extern const size_t row_count;
#define READERS \
    (WG_ACCEPTOR | WG_CHIEF | WG_DISPATCHER | WG_COORDINATOR | WG_LEADER | WG_REVIEWER | WG_AUDITOR)
#define CASE_READERS (READERS | WG_UNIT_ROLE | WG_COLLECTOR)

void handle_row(struct wg_req *req, void *arg);
bool before_request(struct wg_req *req, void *arg);
/** A command of the host's own; nobody waits for an answer. Takes over the arena in which value
 * lives. kind NULL: done. */
void host_keep(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
               struct wg_str value);
/** Likewise a release of rules, already loaded; takes over rules. */
void host_release(struct wg_county *c, struct wg_arena *a, struct wg_str value,
                  struct wg_bundle *bundle, struct wg_rules *rules);
/** The same with a secret, whose reference goes into the value. */
void host_keep_secret(struct wg_county *c, struct wg_arena *a, const char *kind, struct wg_str name,
                      struct wg_str value, const struct wg_secret *secret);
void command_drop(struct call *call); /**< what a command brought along */
void rules_free_later(struct wg_county *c, struct wg_rules *rules); /**< by a job; NULL is fine */
void host_done(struct wg_county *c, uint64_t n, uint32_t i);
/** A command of the host's own to the desk of c. Errors: WG_EBUSY; the arena is then freed. */
int host_submit(struct call *call, struct wg_county *c, struct wg_arena *a);
int host_submit_as(struct call *call, struct wg_county *c, struct wg_arena *a, struct wg_str by);
/** A running case goes over to the rules in force. */
void host_migrate(struct wg_county *c, uint64_t id, const char *rev, struct wg_str by);
void answer_cmd(struct call *call); /* by its result */
struct wg_county *host_county(struct wg_host *h, struct wg_str area);
struct wg_county *host_county_of(struct wg_host *h, uint32_t area);

/* answers: the last thing done with a request; what lies in its arena is gone after */
/** A problem of this status; code: why, as our errors have it. */
void answer_status(struct wg_req *req, int status, const struct wg_err *err, struct wg_str allowed,
                   int code);
void answer_err(struct wg_req *req, int code, const struct wg_err *err, struct wg_str allowed);
void answer_json(struct wg_req *req, int status, struct wg_buf *b);
int http_status(int code);
void reply_version(struct wg_req *req, uint32_t version); /* as ETag */

/* reads */
int reader_begin(struct wg_county *c, struct wg_txn **txn, struct wg_err *err);
void reader_end(struct wg_county *c);
bool may_see(const struct session *s, const struct wg_case *c);
/** The case as this session sees it; words and caller come from the vault where it may. */
void show_case(struct wg_county *county, const struct session *s, const struct wg_case *c,
               struct wg_buf *out);
bool query_int(struct call *call, const char *name, int64_t least, int64_t most,
               int64_t *out); /* false: answered */
bool query_time(struct call *call, const char *name, int64_t *out);
bool query_point(struct call *call, struct wg_point *out);
int parse_body(struct call *call, bool must, struct wg_json **out); /* < 0: answered */

/* commands */
void call_submit(struct call *call);
/* Key and digest of what is asked; false: answered. */
bool call_key(struct call *call, struct wg_str key, int method, struct wg_str target,
              struct wg_str body);
void call_bind(struct call *call); /* its command comes back to it */
void edit_done(struct call *call); /* edit.c */
/* Who asks, copied; without a user: nobody has signed in. */
struct wg_actor req_actor(struct wg_req *req, struct wg_host *h, struct wg_arena *a);
/* A command without a request of its own: call->then gets the result, then its arena goes. */
int call_submit_own(struct call *call);
void take_results(void *arg);

/* auth.c */
struct session *session_find(struct wg_host *h, struct wg_str token);
#define BASIC "Basic realm=\"wangge\", charset=\"UTF-8\""
struct session *basic_find(struct wg_req *req, struct wg_host *h); /* NULL: not yet, or no Basic */
bool basic_said(struct wg_req *req); /* does it bring a name and a password? */
/* Asks for the password's hash and goes on with the request; false: it can't be told by these. */
bool basic_login(struct wg_req *req, struct wg_host *h);
void session_end_user(struct wg_host *h, struct wg_county *c, const char *user);
void sessions_free(struct wg_host *h);
void post_session(struct call *call);
void get_session(struct call *call);
void delete_session(struct call *call);
void get_users(struct call *call);
void post_user(struct call *call);
void put_user(struct call *call);
int hash_password(struct wg_str password, char out[128]);

/* cases.c */
void post_case(struct call *call);
void post_action(struct call *call);
void get_case(struct call *call);
void get_cases(struct call *call);
void get_tasks(struct call *call);

/* story.c */
void get_history(struct call *call);
void get_explain(struct call *call);
void get_case_clock(struct call *call);

/* reads.c */
void get_locate(struct call *call);
void get_categories(struct call *call);
void get_flow(struct call *call);
void get_units(struct call *call);
void get_calendar(struct call *call);
void get_clock(struct call *call);
void get_responsibility(struct call *call);
void get_rules(struct call *call);
void get_status(struct call *call);
void get_healthz(struct call *call);
void get_readyz(struct call *call);
void get_metrics(struct call *call);
void get_api(struct call *call);

int write_span(void *arg, const struct wg_span *span); /* arg: the buffer */

/* rules.c, release.c */
void post_rules(struct call *call);
void post_backtest(struct call *call);
void post_approve(struct call *call);
void post_rollback(struct call *call);
void get_drafts(struct call *call);
void get_draft(struct call *call);
void get_migration(struct call *call);
void get_rules_files(struct call *call);
void get_rules_calendar(struct call *call);
void get_releases(struct call *call);
void get_exemptions(struct call *call);
void post_exemption(struct call *call);
void exemptions_write(struct wg_county *c, struct wg_buf *b); /* a JSON list */
void put_key(struct call *call);
void delete_key(struct call *call);
void incidents_write(struct wg_county *c, struct wg_buf *b);
void rules_tick(struct wg_county *c); /* back, where too much fails */

/* openapi.c */
void openapi_write(const struct row *more, struct wg_buf *b); /* more: the plugins' rows */

/* blobs.c */
void put_blob(struct call *call);
void get_blob(struct call *call);
bool upload_allowed(struct wg_req *req, struct wg_host *h,
                    const struct session *who); /* false: answered */
void blobs_sweep(struct wg_county *c);          /* a job's: what nobody named goes */
void senders_free(struct wg_host *h);

/* import.c */
void post_import(struct call *call);
void post_undo(struct call *call);

/* editions.c: what was in force, and when */
void get_editions(struct call *call);
/* "edition": of the entry that brought it into force. */
void edition_of_entry(struct wg_county *c, int collection, uint64_t entry, struct wg_buf *b);
/* The number of the one in force, and the record of the one before it; 0: there is none. */
int64_t edition_before(struct wg_county *c, int collection, struct wg_arena *a,
                       struct wg_str *record);
void get_people(struct call *call);
void get_quality(struct call *call);
/* The parameter `at`: then(arg, ground) with the ground of that moment, from the pool where it must
 * be read. Without `at`: false, nothing was done. */
bool ground_at_time(struct call *call, struct wg_county *c,
                    void (*then)(struct call *call, const struct wg_ground *g, int64_t t));
void past_free(struct wg_county *c);

/* topology.c */
void get_topology(struct call *call);
void topologies_free(struct wg_county *c);

/* tenant.c */
void get_tenant(struct call *call);
void post_tenant(struct call *call);

/* feed.c */
void get_events(struct call *call);
void feed_wake(struct wg_county *c);
void feeds_beat(struct wg_county *c);

/* county.c */
int county_open(struct wg_host *h, struct wg_str area, struct wg_county **out, struct wg_err *err);
void county_close(struct wg_county *c);
void county_woken(struct wg_county *c); /* there may be new entries */
int counties_share_outlines(struct wg_host *h, struct wg_err *err);
void county_night(struct wg_county *c); /* a job: the last good copy of the views, the sweep; then
                                            the next county's */
void county_index(struct wg_county *c); /* a job, if there is anything to do: the search index */
void county_watch(
    struct wg_county *c); /* dev: are the scripts on disk others than those in force? */

/* jobs.c: one thread, low priority. run on it; done on the loop */
struct job {
    struct wg_link link;
    void (*run)(struct job *job);
    void (*done)(struct job *job);
};
int jobs_open(struct wg_host *h, struct wg_err *err);
int jobs_start(struct wg_county *c, struct wg_err *err);
void jobs_stop(struct wg_county *c); /* when what waits is done */
void jobs_close(struct wg_host *h);  /* after the last county's */
int job_submit(struct wg_county *c, struct job *job);

/* A job that somebody asked for. The loop's; what `reading` points to is the job's until it is
 * done. The request is answered when it ends, or, with "Prefer: respond-async", at once (202). */
struct task {
    struct task *next;
    struct wg_county *county;
    struct wg_req *waits; /* NULL: nobody, or no more */
    const char *what;
    char id[24], of[16];
    uint32_t roles; /* who may ask about it */
    bool running;   /* stored by the job */
    int64_t began_ms, ended_ms;
    size_t size, rows;                /* bytes of the file; rows read, when it is done */
    const struct wg_reading *reading; /* how far it is; NULL: not known */
    struct wg_buf result, problem;    /* JSON */
};
struct task *task_new(struct call *call, const char *what, struct wg_str of); /* NULL: no memory */
void task_write(const struct task *t, struct wg_buf *b);
void task_answer(struct task *t, struct wg_req *req, int status);
/* It ends: with what stands in result, or with an error; extra: members of the problem. */
void task_done(struct task *t, int status);
void task_failed(struct task *t, const struct wg_err *err, struct wg_str extra);
void tasks_free(struct wg_host *h);
void get_job(struct call *call);

/* plugin.c */
int plugins_route(struct wg_host *h, struct wg_err *err);
int plugins_open(struct wg_county *c, struct wg_err *err);
void plugins_close(struct wg_county *c);

/* handover.c */
void carries_wake(struct wg_county *c); /* bring over what waits to be brought */
void carries_free(struct wg_county *c);
void carried(struct call *call);    /* the other county has answered */
void carry_wait(struct call *call); /* answer once the case that was received is here */

/* effect.c */
void effects_wake(struct wg_county *c);
void effects_free(struct wg_county *c);

#endif
