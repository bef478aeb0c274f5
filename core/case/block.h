/** Behind the front door: a block of the search index. It says which of BLOCK_CASES cases hold a
 *  fragment: an immutable table from each run of three UTF-16 units (shorter at the end of a word)
 *  to the cases' places in the block. Pure bytes, no I/O. */
#ifndef WG_BLOCK_H
#define WG_BLOCK_H

#include "store/store.h"

#define BLOCK_BITS 12
#define BLOCK_CASES (1u << BLOCK_BITS)
#define BLOCK_MASK (BLOCK_CASES - 1)
#define BLOCK_WORDS (BLOCK_CASES / 64)
/** One bit for each case of a block. */
struct block_set {
    uint64_t bit[BLOCK_WORDS];
};

struct block_maker {
    uint64_t *gram; /**< the run's 48 bits, then the place */
    size_t n, cap;
    bool failed; /**< out of memory */
};
/** text: UTF-16 units, words apart by U+0020. */
void block_add(struct block_maker *m, unsigned place, const uint16_t *text, size_t n);
/** The bytes of the block, added to out; the maker is then empty. Errors: WG_ENOMEM. */
int block_write(struct block_maker *m, struct wg_buf *out);
void block_free(struct block_maker *m);

/** Keep in `set` only what may hold this word (n ≥ 1 units, none of them U+0020): never leaves one
 * out that does. Errors: WG_ECORRUPT: the bytes are no block; set is then as it may be. */
int block_find(struct wg_str block, const uint16_t *word, size_t n, struct block_set *set);

#endif
