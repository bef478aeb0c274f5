/* A search: block by block, which ids may have all words. What has changed since its block was made
 * is a candidate whatever the block says. */
#include "look.h"

#include "block.h"

#include <stdlib.h>

struct search_look {
    struct wg_search *s;
    const struct wg_find *find;
    struct wg_txn *txn;
    struct wg_cursor *cursor;
    struct ids changed;
    uint64_t end;
    bool loaded;
    uint64_t block; /* whose set it is */
    struct block_set set;
};

/* Copies what has changed. false: the index can't say, all is to be scanned. */
static bool ask_changed(struct search_look *l)
{
    struct wg_search *s = l->s;
    pthread_mutex_lock(&s->lock);
    bool knows = s->ready && !s->deaf && s->end > 0;
    l->end = s->end;
    for (size_t i = 0; knows && i < s->changed.n; i++)
        knows = ids_add(&l->changed, s->changed.id[i]);
    for (size_t i = 0; knows && i < s->heard.n; i++)
        if (s->heard.id[i] < s->end)
            knows = ids_add(&l->changed, s->heard.id[i]);
    pthread_mutex_unlock(&s->lock);
    ids_sort(&l->changed);
    return knows;
}

int search_begin(struct wg_search *s, const struct wg_find *find, struct search_look **out,
                 struct wg_err *err)
{
    struct search_look *l = s ? calloc(1, sizeof(*l)) : NULL;
    int rc = WG_OK;
    *out = NULL;
    if (!s)
        return WG_OK;
    if (!l)
        return wg_fail(err, WG_ENOMEM, "no memory for a search");
    l->s = s;
    l->find = find;
    if (!ask_changed(l))
        goto out;
    if ((rc = wg_txn_begin(s->env, false, &l->txn, err)) < 0 ||
        (rc = wg_cursor_open(l->txn, s->block, &l->cursor)) < 0)
        goto out;
    *out = l;
    l = NULL;
out:
    search_end(l);
    return rc;
}

void search_end(struct search_look *l)
{
    if (!l)
        return;
    wg_cursor_close(l->cursor);
    wg_txn_abort(l->txn);
    ids_free(&l->changed);
    free(l);
}

static void load_set(struct search_look *l, uint64_t block)
{
    const uint16_t *text = (const uint16_t *)(const void *)l->find->text.p;
    struct wg_str bytes;
    uint8_t be[8];
    if (l->loaded && l->block == block)
        return;
    l->loaded = true;
    l->block = block;
    int rc = wg_get(l->txn, l->s->block, key_u64(be, block), &bytes);
    memset(&l->set, rc == WG_ENOENT ? 0 : 0xff, sizeof(l->set));
    for (size_t i = 0; rc == WG_OK && i < l->find->words; i++)
        rc = block_find(bytes, text + l->find->word[i].at, l->find->word[i].n, &l->set);
    if (rc < 0 && rc != WG_ENOENT)
        memset(&l->set, 0xff, sizeof(l->set)); /* no block: each of its cases is looked at */
    for (size_t i = ids_first(&l->changed, block << BLOCK_BITS);
         i < l->changed.n && l->changed.id[i] >> BLOCK_BITS == block; i++)
        l->set.bit[(l->changed.id[i] & BLOCK_MASK) / 64] |= UINT64_C(1) << l->changed.id[i] % 64;
}

bool search_may(struct search_look *l, uint64_t id)
{
    if (id >= l->end)
        return true;
    load_set(l, id >> BLOCK_BITS);
    return l->set.bit[(id & BLOCK_MASK) / 64] >> id % 64 & 1;
}

static bool next_in_set(const struct block_set *set, unsigned from, unsigned *place)
{
    for (unsigned w = from / 64; w < BLOCK_WORDS; w++) {
        uint64_t bits = set->bit[w] & (w == from / 64 ? ~UINT64_C(0) << from % 64 : ~UINT64_C(0));
        if (!bits)
            continue;
        *place = w * 64 + (unsigned)__builtin_ctzll(bits);
        return true;
    }
    return false;
}

static bool last_in_set(const struct block_set *set, unsigned from, unsigned *place)
{
    for (unsigned w = from / 64 + 1; w-- > 0;) {
        uint64_t bits =
            set->bit[w] & (w == from / 64 ? ~UINT64_C(0) >> (63 - from % 64) : ~UINT64_C(0));
        if (!bits)
            continue;
        *place = w * 64 + 63 - (unsigned)__builtin_clzll(bits);
        return true;
    }
    return false;
}

/* The nearest block beyond this one that has bytes or changed cases: ids of two years lie far
 * apart. */
static bool block_beyond(struct search_look *l, bool down, uint64_t *block)
{
    struct wg_str k, v;
    uint8_t be[8];
    uint64_t edge = down ? *block : *block + 1, best = 0;
    int rc = wg_cursor_seek(l->cursor, key_u64(be, edge), &k, &v);
    if (down)
        rc = rc == WG_OK ? wg_cursor_prev(l->cursor, &k, &v) : wg_cursor_last(l->cursor, &k, &v);
    bool found = rc == WG_OK;
    if (found)
        best = wg_be64_get(k.p);
    size_t i = ids_first(&l->changed, edge << BLOCK_BITS);
    if (down ? i > 0 : i < l->changed.n) {
        uint64_t b = l->changed.id[down ? i - 1 : i] >> BLOCK_BITS;
        if (!found || (down ? b > best : b < best))
            best = b;
        found = true;
    }
    *block = best;
    return found;
}

uint64_t search_next(struct search_look *l, uint64_t id, bool down)
{
    if (id >= l->end)
        return id;
    unsigned from = (unsigned)(id & BLOCK_MASK), place;
    for (uint64_t block = id >> BLOCK_BITS;;) {
        load_set(l, block);
        if (down ? last_in_set(&l->set, from, &place) : next_in_set(&l->set, from, &place))
            return block << BLOCK_BITS | place;
        if (!block_beyond(l, down, &block))
            return down ? 0 : l->end;
        from = down ? BLOCK_MASK : 0;
    }
}
