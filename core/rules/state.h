/** Behind rules.h: the Lua state of a county, its fence, and what its parts share.
 *  Lua errors jump: nothing here owns heap memory across a Lua call; buffers belong to the state,
 * trees to arenas. Private functions are rules_<verb>; those that may jump take a lua_State.
 * Thread: one. */
#ifndef WG_RULES_STATE_H
#define WG_RULES_STATE_H

#include "rules/rules.h"

#include <lauxlib.h>
#include <lua.h>

#define RULES_LIST_MAX 4096  /**< items that a table function takes: no C loop is longer */
#define RULES_KEYS_MAX 2048  /**< keys that pairs sorts in a call; while loading 32 times that */
#define RULES_MADE_MAX 64    /**< outcomes of one call */
#define RULES_WATCH_MAX 2000 /**< outer locals of functions that rules can reach */
#define RULES_BECAUSE_MAX 500

/** Where the registry keeps what each call needs, after Lua's own two. The main stack holds the
 * message handler, then the functions whose outer locals are watched. */
enum rules_ref {
    REF_ON = 3,
    REF_CASE,
    REF_CTX,
    REF_ROW,
    REF_LIMIT,
    REF_CLASS,
    REF_LEVELS,
    REF_VALUES,
    REF_TABLES,
    REF_MESSAGES,
    REF_HOURS
};
#define RULES_MESSAGE_SLOT 1

static inline void rules_push_ref(lua_State *L, enum rules_ref ref)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
}
static inline void rules_set_ref(lua_State *L, enum rules_ref ref) /**< pops */
{
    lua_rawseti(L, LUA_REGISTRYINDEX, ref);
}

struct rules_spot {
    char file[64];
    int line;
};

/** An outer local of a function, and what it held after loading. The function lies at stack slot
 * `slot`. */
struct rules_watch {
    int slot, up, type;
    const void *p;
    int64_t i;
};

struct rules_made {
    size_t at, n; /**< in wg_rules.made */
    bool refuses; /**< then the bytes are the because itself */
    bool listed;  /**< the handler returned it */
};

struct wg_rules {
    lua_State *L;
    struct wg_bundle *bundle;
    struct wg_pack *pack;
    struct wg_rules_limits limits;
    const struct wg_plugin *const *plugins;
    /* the fence */
    size_t used, alloc_max, collect_at, full_at;
    int64_t until_us, own_until_us; /**< by the wall; then, unless 0, by what the thread has had */
    uint32_t work; /**< bytes that C functions handled since the clock was looked at */
    bool loading;
    struct rules_spot refused; /**< where memory was last refused; line 0: it was not */
    size_t refused_bytes;
    int code; /**< of the failure, where it is not WG_ERULE */
    char why[sizeof(((struct wg_err *)NULL)->text)];
    char place[80]; /* where loading is: for faults that no running Lua line is behind */
    struct rules_watch *watch;
    size_t watches;
    struct wg_str test_file, test_level;
    struct wg_rules_cover *cover; /**< borrowed: what a run of tests counts into, or NULL */
    struct rules_trace *trace;    /**< of a decision that is looked at step by step, or NULL */
    /* one call */
    const struct wg_decision *d;
    struct wg_arena *arena;
    struct wg_buf *facts, *outs;
    const struct wg_json *next_given;
    struct wg_buf answer, made, scratch;
    struct rules_made item[RULES_MADE_MAX];
    size_t items;
};

static inline struct wg_rules *rules_of(lua_State *L)
{
    return *(struct wg_rules **)lua_getextraspace(L);
}

/** A function or field that rules see. The table row is its documentation. */
struct rules_row {
    const char *name; /**< "string.format"; a field without fn is only documented here */
    lua_CFunction fn;
    const char *usage, *brief;
};
extern const struct rules_row rules_base_rows[], rules_text_rows[], rules_list_rows[],
    rules_declare_rows[], rules_maker_rows[], rules_case_rows[], rules_ctx_rows[], rules_row_rows[];

/* ---- state.c ---- */

/** Charge for work done in C; raises when the budget is over. */
void rules_charge(lua_State *L, size_t bytes);
/** Where the Lua function at or above this level stands; false where there is none. */
bool rules_spot_at(lua_State *L, int level, struct rules_spot *out);
/** Run fn in the fence. Errors: r->code and r->why are filled. */
int rules_protect(struct wg_rules *r, lua_CFunction fn, int results, int64_t budget_us);

/* ---- freeze.c ---- */

/** Make every table that can be reached from idx read-only for rules. */
void rules_freeze(lua_State *L, int idx);
/** Push the table that holds the fields of the (frozen or plain) table at idx. */
void rules_push_raw(lua_State *L, int idx);
bool rules_is_frozen(lua_State *L, int idx);
/** Note the outer locals of all functions that can be reached from idx; their values go to
 * REF_VALUES. Pushes those functions, which will lie at the main stack's first_slot and above. */
void rules_watch_all(lua_State *L, int idx, int first_slot);
/** Has a call changed an outer local? Puts it back. */
bool rules_watch_check(struct wg_rules *r, struct rules_spot *whose, const char **name);

/** fn for each function of Lua that can be reached from idx, which lies on top of the stack then.
 */
void rules_each_function(lua_State *L, int idx, void (*fn)(lua_State *L, void *arg), void *arg);

/* ---- cover.c ---- */

/** Made in a protected call: the lines of all handlers, none of them hit. Errors: WG_ENOMEM. */
int rules_cover_new(struct wg_rules *r, struct wg_rules_cover **out);
void rules_cover_line(lua_State *L, lua_Debug *ar); /**< the hook's */
void rules_cover_row(struct wg_rules_cover *c, const struct wg_class *class_,
                     const struct wg_condition *row);
void rules_cover_action(struct wg_rules_cover *c, struct wg_str action);
/** Count lines from here on, or no more. */
void rules_count_lines(struct wg_rules *r, struct wg_rules_cover *c);

/* ---- trace.c ---- */

void rules_trace_event(lua_State *L, lua_Debug *ar); /**< the hook's, while r->trace is there */

/* ---- want.c ---- */

/** What is wanted is there; objects that came may have more fields. A text that is a moment equals
 * its milliseconds, false stands for null. */
bool rules_wanted(const struct wg_json *want, const struct wg_json *got);
/** As rules_wanted, for lists: each that is wanted, in order; more: others may lie between. */
bool rules_wanted_list(const struct wg_json *want, const struct wg_json *got, bool more);
/** For a person: moments as local times. */
void rules_show(const struct wg_json *j, struct wg_buf *out);

/* ---- list.c, text.c, sandbox.c, declare.c ---- */

/** Push a list of the keys of the table at idx: integers ascending, then texts by bytes. Raises for
 * other keys. */
void rules_keys(lua_State *L, int idx);
void rules_while_loading(lua_State *L, const char *what); /**< raises at any other time */
int rules_standard(lua_State *L);                         /**< standard "…", in standard.c */
/** Push the globals, frozen. */
void rules_sandbox(lua_State *L);
/** Push what a file of the bundle returns, run once: "std.city". */
void rules_require(lua_State *L, const char *name, size_t n);
/** Compile and run one file of the bundle and push its one result. */
void rules_run_file(lua_State *L, struct wg_str name);
const char *rules_pack_spot(lua_State *L,
                            int idx); /**< "341824/rules.lua:5", or NULL: not made by county{} */
/** Where the registry keeps modules (by name) and packs' places (by table): only while loading. */
extern const char rules_modules_key, rules_packs_key, rules_standards_key;

/* ---- value.c ---- */

void rules_push_json(lua_State *L, const struct wg_json *j);
/** The value at idx as JSON text, keys sorted; members that are empty tables are left out. Raises.
 */
void rules_write_json(lua_State *L, int idx, struct wg_buf *out);
/** The limit {n, unit} at idx. Gives what is wrong with it, or NULL. */
const char *rules_read_limit(lua_State *L, int idx, struct wg_limit *out);
/** The text at idx; raises unless it is UTF-8. */
struct wg_str rules_text(lua_State *L, int idx, const char *what);
bool rules_json_same(const struct wg_json *x, const struct wg_json *y);

/* ---- outcome.c ---- */

/** Check what the handler at index `handler` returned (at idx) and write it to r->outs. Raises. */
void rules_collect(lua_State *L, int idx, int handler);

/* ---- api.c, ask.c ---- */

/** Make case, ctx, row, limit and class: five values that mean something only in a call. */
void rules_make_world(lua_State *L);
/** Add the plugins' functions to the table at idx. */
void rules_push_plugins(lua_State *L, int idx);
/** A question: `what` and up to eight arguments. */
struct rules_question {
    const char *what;
    struct wg_json list, arg[8], whole;
    uint32_t count;
};
void rules_q_int(struct rules_question *q, int64_t v);
void rules_q_str(struct rules_question *q, struct wg_str s); /**< {NULL, 0}: null */
void rules_q_bool(struct rules_question *q, bool v);
/** The answer, from the facts or from this world (NULL: there is none); it is noted. Raises. */
const struct wg_json *rules_ask_by(lua_State *L, struct rules_question *q,
                                   const struct wg_world *world);
int rules_ask_near(lua_State *L);
int rules_ask_deadline(lua_State *L);
int rules_ask_responsible(lua_State *L);
int rules_ask_responsible_near(lua_State *L);
int rules_ask_within(lua_State *L);
int rules_ask_areas_near(lua_State *L);
int rules_ask_part_at(lua_State *L);
int rules_ask_unit(lua_State *L);
const struct wg_decision *rules_in_call(lua_State *L); /**< raises outside a call */

/* ---- bundle.c, pack.c ---- */

bool rules_bundle_find(const struct wg_bundle *b, struct wg_str name, struct wg_str *text);
int rules_line_of(struct wg_str text, const char *at); /**< from 1 */
/** The pack from the merged table at idx. Owner: r->pack. Raises. */
void rules_read_pack(lua_State *L, int idx);

/* ---- pack.c, extras.c: reading it; every fault names the place of county{ and the field ---- */

struct rules_reading {
    lua_State *L;
    struct wg_rules *r;
    struct wg_arena *a;
    const char *spot;
    const char *kind, *code; /**< of the class that is read */
};
void rules_fault(const struct rules_reading *g, const char *field, const char *what);
/** A table of the pack as a tree in its arena; NULL where it is missing and need not be there. */
struct wg_json *rules_tree_field(const struct rules_reading *g, int idx, const char *field,
                                 bool must);
/** Sources, campaigns, owners, points, messages, scoring. */
void rules_read_extras(const struct rules_reading *g, int idx);

#endif
