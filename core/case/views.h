/** Behind the front door: the tables of a county's views, and the keys that a case stands under.
 *  Every key of an index ends with the case's id, so lists of any index can be merged by it. */
#ifndef WG_VIEWS_H
#define WG_VIEWS_H

#include "case/case.h"

enum table {
    T_META,     /* counters and the tip */
    T_CASE,     /* id → record */
    T_BY_STATE, /* state, id → urgency */
    T_BY_UNIT,  /* unit, 0, group, id → urgency: each unit that holds or held it */
    T_BY_GRID,  /* grid, id */
    T_WAKE,     /* open ones that time will have something to say about: moment, id */
    T_OUTBOX,   /* n, index → outcome */
    T_SEEN,     /* digest of by and key → struct of n, id, t, ask */
    T_SEEN_AT,  /* n → digest: which to forget after 30 days */
    T_RECORD,   /* kind/name → JSON */
    T_BLOB,     /* digest, case id → nothing; digest, 0, user of a kept record → nothing */
    TABLES
};

struct wg_views {
    struct wg_env *env;
    unsigned table[TABLES];
    char dir[1024];
    struct wg_search *search; /* hears what is folded; or NULL */
};

/* ---- view.c: keys and counters that both folding and reading need ---- */

#define SEEN_MS (30 * WG_DAY_MS)
#define DIGEST 16
const char *table_name(int table);
struct wg_str key_u64(uint8_t be[8], uint64_t v);                              /**< borrows be */
uint64_t meta_get(struct wg_views *v, struct wg_txn *txn, const char *key);    /**< 0: none */
void digest_of(struct wg_str by, struct wg_str key, uint8_t out[DIGEST]);      /**< of a seen key */
struct wg_str record_key(char out[256], const char *kind, struct wg_str name); /**< borrows out */

/** In place of a state: cases with a request that this role (its bit's number) answers. */
#define BY_ASKED 0x80u
#define BY_OFFERED 0x9fu /**< those that are offered to another county */

#define KEY_MAX 128
struct index_key {
    enum table table;
    uint8_t key[KEY_MAX];
    size_t n;
    uint8_t value[8]; /* urgency, big-endian */
    bool has_value;
};
#define KEYS_MAX 24
/* Urgency: when its stage is due, else the case; else when it was opened, with this bit. */
#define URGENCY_UNDATED (UINT64_C(1) << 63)
enum unit_group { UNIT_HOLDS, UNIT_HELD, UNIT_CLOSED };
/** All keys under which a case stands. Pure. */
size_t index_keys(const struct wg_case *c, struct index_key out[KEYS_MAX]);
/** Make the indexes say `now` where they said `before` (NULL: nothing). */
int index_update(struct wg_views *v, struct wg_txn *txn, const struct wg_case *before,
                 const struct wg_case *now);
/** Note in the table of blobs what an entry names. */
int fold_blobs(struct wg_views *v, struct wg_txn *txn, const struct wg_entry *e);
size_t unit_prefix(struct wg_str unit, enum unit_group group, uint8_t out[KEY_MAX]);

/** The writer, as it folds an entry. */
void search_hear(struct wg_search *s, const struct wg_entry *e);

#endif
