/* Behind the client: what its files share. One command, one process; memory is given back at the
 * end of it. */
#ifndef WANGGE_H
#define WANGGE_H

#include "host/host.h"

#include <stdio.h>

enum exit_code { DONE = 0, REFUSED = 1, MISUSED = 2, UNREACHED = 3 };

#define OPTIONS_MAX 16
#define REPEATS_MAX 20

/* An option of a command. arg NULL: a flag without a value. */
struct option {
    const char *name, *arg, *brief;
};

/* What is stored of a sign-in. */
struct session {
    char path[1024];
    struct wg_str url, area, user, token; /* NUL-terminated; {NULL, 0}: none */
};

struct ctx {
    const struct command *command;
    struct wg_arena *arena;
    struct session session;
    bool raw;                   /* --json */
    const char *url, *area_arg; /* --url, --area */
    const char *const *args;    /* what is neither option nor value */
    size_t count;
    const char *value[OPTIONS_MAX][REPEATS_MAX]; /* by the command's options */
    size_t given[OPTIONS_MAX];
    struct wg_client *client;
    struct wg_buf answer; /* the body of the last one */
    int status;           /* of the last one */
    struct wg_str etag;
};

struct command {
    const char *name, *usage, *brief;
    int (*run)(struct ctx *c); /* an exit code */
    size_t least, most;        /* arguments */
    const char *help;          /* what a line does not say, and examples */
    const struct option *options;
};
extern const struct command commands[];

/* The value of the command's option i, the last if it was given more than once; NULL: not given. */
const char *opt(const struct ctx *c, size_t i);

/* ---- complain.c: what goes to stderr ---- */

int misused(const struct ctx *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int failed(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An answer that is a problem, in words: title, detail, each pointer, what is allowed, each bad
 * row. */
int show_problem(struct ctx *c, int status, struct wg_str body);

/* ---- session.c ---- */

int session_load(struct ctx *c); /* exit code; a missing file is fine */
int session_need(struct ctx *c); /* the same, but there must be one */
int session_save(struct ctx *c);
int session_forget(struct ctx *c);
/* From the terminal without echo (prompt; again: twice, to be equal), else the first line of
 * standard input. */
int read_password(struct ctx *c, const char *prompt, bool again, struct wg_str *out);
const char *area_of(const struct ctx *c); /* --area, else the session's */

/* ---- ask.c: one exchange with the server ---- */

struct request {
    const char *method;
    struct wg_str target;
    const char *type;   /* of the body */
    struct wg_str body; /* p NULL: none */
    const char *key;    /* Idempotency-Key; NULL: a random one, where again is set */
    const char *if_match;
    bool again;       /* repeat it once with its key if the outcome is open */
    uint64_t wait_ms; /* 0: a minute */
    bool (*on_chunk)(struct wg_str chunk, void *arg);
    void *arg;
    const char *accept;
    const char *prefer;
    const char *signature; /* of a revision of rules; NULL: none */
};
/* DONE: a 2xx stands in c->answer. Anything else has been told to the person. */
int ask_server(struct ctx *c, const struct request *r);
int connect_to(struct ctx *c, const char *url, uint64_t wait_ms);
/* GET /v1/{area}/… and the answer as a tree. With --json the answer is printed, and *tree is NULL.
 */
int get(struct ctx *c, struct wg_str target, const struct wg_json **tree);
/* The answer just received: printed with --json (*tree NULL), else parsed. */
int answer_tree(struct ctx *c, const struct wg_json **tree);
/* "/v1/{area}/" and what follows; ids percent-encoded. */
struct wg_str area_path(struct ctx *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *encoded(struct ctx *c, const char *text);
/* "?a=b&c=d" out of the arguments from `first` on, each key=value. NULL: told. */
const char *query_of(struct ctx *c, size_t first);
/* A JSON object out of key=value (text), key:=JSON, photos=sha,sha, days=3. */
int body_of(struct ctx *c, size_t first, struct wg_buf *out);

/* ---- text.c: what goes to a person ---- */

size_t text_width(struct wg_str s); /* columns of a terminal */
/* Control and direction characters are replaced: what citizens wrote must not steer a terminal. */
void put_text(FILE *f, struct wg_str s);
void put_padded(FILE *f, struct wg_str s, size_t width);

#define COLUMNS_MAX 10
struct table {
    struct ctx *c;
    const char *const *heads; /* NULL ends them */
    struct cells *first, *last;
};
void table_add(struct table *t, const struct wg_str *cells); /* as many as heads */
void table_print(const struct table *t);

struct wg_str short_time(struct ctx *c, struct wg_str t); /* 2026-11-23 10:30, or - */
struct wg_str or_dash(struct wg_str s);
struct wg_str clipped(struct wg_str s, size_t width, struct ctx *c);
struct wg_str span_text(struct ctx *c, int64_t seconds); /* 2h05m */
struct wg_str joined(struct ctx *c, const struct wg_json *list, const char *between);
struct wg_str number_text(const struct wg_json *j);           /* as written; - where it is none */
struct wg_str state_text(struct ctx *c, struct wg_str state); /* 处置中 disposing */
struct wg_str lamp_text(struct wg_str lamp);
struct wg_str action_text(struct wg_str action);
void line(const char *label,
          struct wg_str value); /* a line of a card; nothing where value is empty */

/* ---- show.c: answers that more than one command gives ---- */

void print_asked(struct ctx *c, const struct wg_json *j); /* a case's request that waits */
void print_case(struct ctx *c, const struct wg_json *j);
void print_cases(struct ctx *c, const struct wg_json *list);
void print_statement(struct ctx *c, const struct wg_json *j);

/* ---- file.c ---- */

int put_file(struct ctx *c, const char *file, struct wg_str *hash); /* sent; hash: its name */
const char *type_of(const char *file); /* by its name's end; NULL: not known */
/* The answer to the file's bytes, in c->answer. */
int send_file(struct ctx *c, const char *file, size_t max, struct request r);

/* ---- gdal.c: files of other programs, by GDAL's, run beside us ---- */

#define GDAL_MAX ((size_t)256 << 20) /* of what an import makes: the server takes no more */
/* What is asked of a file, and what was found out about it. */
struct gdal {
    struct ctx *c;
    char dir[1100];
    const char *layer, *encoding, *id, *name; /* NULL: found out, where there is one */
    int epsg;                                 /* 0: as the file says */
    bool shifted;                             /* the server turns it */
    const char *source;
    bool encoded, several, bounded; /* bounded: by GDAL_MAX */
    int64_t count;                  /* features */
};
bool gdal_reads(const char *file); /* by its name's end */
bool gdal_opens(const char *name); /* likewise, but not a zip */
bool gdal_ends(const char *name, const char *with);
int zip_open(struct gdal *g, const char *file); /* source, encoded; or told */
/* A folder for what is made: beside a file (so that it can be renamed), or among the temporary
 * ones. End it whatever comes back. */
int gdal_begin(struct gdal *g, struct ctx *c, const char *beside);
void gdal_end(struct gdal *g);
const char *gdal_path(struct gdal *g, const char *name); /* in the folder */
/* The file as lines of GeoJSON, all of it, or told. */
int gdal_convert(struct gdal *g, const char *file, const char **made);
/* Lines of GeoJSON in 4490 as a file of theirs; g->count features must be in it. more: arguments.
 */
int gdal_write(struct gdal *g, const char *driver, const char *made, const char *from,
               const char *layer, int epsg, const char *const *more);

/* ---- the commands ---- */

int run_login(struct ctx *c);
int run_logout(struct ctx *c);
int run_whoami(struct ctx *c);
int run_report(struct ctx *c);
int run_cases(struct ctx *c);
int run_case(struct ctx *c);
int run_history(struct ctx *c);
int run_explain(struct ctx *c);
int run_clock(struct ctx *c);
int run_do(struct ctx *c);
int run_tasks(struct ctx *c);
int run_locate(struct ctx *c);
int run_tail(struct ctx *c);
int run_import(struct ctx *c);
int run_topology(struct ctx *c);
enum { EXPORT_CONFIG, EXPORT_CRS };
int export_collection(struct ctx *c); /* takeout.c */
int run_put(struct ctx *c);
int run_users(struct ctx *c);
int run_status(struct ctx *c);
int run_units(struct ctx *c);
int run_categories(struct ctx *c);
int run_flow(struct ctx *c);
int run_editions(struct ctx *c);
int run_undo(struct ctx *c);
int run_quality(struct ctx *c);
int run_tenant(struct ctx *c);
int run_replay(struct ctx *c);
int run_export(struct ctx *c);
int run_adopt(struct ctx *c);
int run_clone(struct ctx *c);
int run_workshop(struct ctx *c);

/* ---- rules.c: a county's folder of rules, opened where it lies ---- */

/* The options of `rules`, in the order of rules_options. */
enum {
    RULES_OUT,
    RULES_CITY,
    RULES_STANDARDS,
    RULES_CONFIG,
    RULES_OWN,
    RULES_ALL,
    RULES_EXEMPTIONS,
    RULES_NOTE,
    RULES_KEY,
    RULES_MIGRATE
};
/* scripts/counties/341824: its bundle and the city's, loaded, and the calendar. */
struct bench {
    struct ctx *c;
    char area[8], city[8];
    struct wg_bundle *bundle, *base;
    struct wg_rules *rules, *city_rules; /* city_rules: what the bundle stands on */
    struct wg_buf calendar;
};
/* DONE, or told: file, line, reason. Close it whatever comes back. */
int bench_open(struct bench *b, struct ctx *c, const char *folder);
void bench_close(struct bench *b);
/* The findings for a person, or with --json as they are. REFUSED where there is a fault. */
int print_findings(struct ctx *c, const struct wg_findings *f);
/* Rules that failed, and in whose place the city's decide. */
void print_incidents(const struct wg_json *list);
/* Those of a report, without a sum. */
void print_findings_list(const struct wg_json *list);
/* After a 202: asks until the job is done, then its result stands as the answer. */
int job_wait(struct ctx *c, const struct wg_json **result);
/* To --out, or to standard output. */
int put_out(struct ctx *c, struct wg_str text);
int export_sheet(struct ctx *c); /* rules_sheet.c */
int import_sheet(struct ctx *c);

/* The seed of the key that is kept here, to be wiped. false: there is none. */
bool sign_key(struct ctx *c, uint8_t seed[WG_SIGN_SEED]);
struct wg_str sign_rules(struct ctx *c, enum wg_signer as, struct wg_str hash); /* or {NULL, 0} */
int rules_run_key(struct ctx *c);
int rules_run_draft(struct ctx *c);
int rules_run_approve(struct ctx *c);
int rules_run_rollback(struct ctx *c);
int rules_run_status(struct ctx *c);
int rules_run_show(struct ctx *c);
int rules_run_backtest(struct ctx *c);
int rules_run_migration(struct ctx *c);
int rules_run_fetch(struct ctx *c);
int rules_run_check(struct ctx *c);

struct rules_command {
    const char *name, *usage, *brief;
    int (*run)(struct ctx *c); /* c->args[0] is the name */
    size_t least, most;        /* arguments after it */
};
int say_guard(struct ctx *c);
int say_diff(struct ctx *c);
extern const struct rules_command rules_commands[];
extern const struct option rules_options[];

/* ---- rules_check.c ---- */

int rules_run_tests(struct ctx *c);
int rules_run_lint(struct ctx *c);
int rules_run_complete(struct ctx *c);
int rules_run_gen(struct ctx *c);

/* ---- offline.c: a data folder, read by its configuration ---- */

struct offline {
    struct ctx *c;
    struct wg_config config;
    bool read;
    int lock;
    struct wg_buf calendar;
    struct wg_plugins plugins; /* a replay asks them nothing, but rules name their functions */
    const char *area;          /* being worked on */
    bool differs;
};
/* lock: the server must be stopped. DONE, or told. Close it whatever comes back. */
int offline_open(struct offline *o, struct ctx *c, const char *file, bool lock);
void offline_close(struct offline *o);
bool area_index(const struct offline *o, const char *area, size_t *i);
void offline_desk(const struct offline *o, size_t i, struct wg_desk_opts *opts, char dir[1024]);

/* ---- beside.c: a county whose server may be running, only read ---- */

struct beside {
    struct wg_ground *ground; /* in force, without people */
    struct wg_bundle *bundle; /* in force; NULL: none yet */
};
/* Close it whatever comes back. */
int beside_open(const struct offline *o, size_t i, struct beside *b, struct wg_err *err);
void beside_close(struct beside *b);
int journal_beside(const char *dir, struct wg_journal **out, struct wg_err *err);

/* ---- export.c: what a county's tar is made of ---- */

struct archive;
/* Is this a name inside a county's tar: exactly the places that a county has? */
bool county_file(const char *name);
int tar_fail(struct archive *a, struct wg_err *err); /* WG_EIO, in libarchive's words */

#endif
