/* The indexes are a function of the record alone, so they can be made again from it. */
#include "views.h"

size_t unit_prefix(struct wg_str unit, enum unit_group group, uint8_t out[KEY_MAX])
{
    size_t n = unit.n < KEY_MAX - 16 ? unit.n : KEY_MAX - 16;
    memcpy(out, unit.p, n);
    out[n] = 0;
    out[n + 1] = group;
    return n + 2;
}

static struct index_key *key_start(struct index_key *out, size_t *count, enum table table)
{
    struct index_key *k = &out[(*count)++];
    k->table = table;
    k->n = 0;
    k->has_value = false;
    return k;
}

static void key_id(struct index_key *k, uint64_t id)
{
    wg_be64(k->key + k->n, id);
    k->n += 8;
}

static void key_urgency(struct index_key *k, const struct wg_case *c)
{
    int64_t due = c->stage_due ? c->stage_due : c->due;
    wg_be64(k->value, due ? (uint64_t)due : (uint64_t)c->opened | URGENCY_UNDATED);
    k->has_value = true;
}

static void key_unit(struct index_key *k, const struct wg_case *c, struct wg_str unit,
                     enum unit_group group)
{
    k->table = T_BY_UNIT;
    k->n = unit_prefix(unit, group, k->key);
    key_id(k, c->id);
    key_urgency(k, c);
}

size_t index_keys(const struct wg_case *c, struct index_key out[KEYS_MAX])
{
    size_t count = 0;
    bool open = wg_state_open(c->state);
    struct index_key *k = key_start(out, &count, T_BY_STATE);
    k->key[k->n++] = c->state;
    key_id(k, c->id);
    key_urgency(k, c);
    k = key_start(out, &count, T_BY_GRID);
    k->n = c->grid.n < KEY_MAX - 8 ? c->grid.n : KEY_MAX - 8;
    memcpy(k->key, c->grid.p ? c->grid.p : "", k->n);
    key_id(k, c->id);
    int64_t wake = wg_case_wake(c);
    if (wake) {
        k = key_start(out, &count, T_WAKE);
        wg_be64(k->key, (uint64_t)wake);
        k->n = 8;
        key_id(k, c->id);
    }
    uint32_t asks = wg_case_asks(c);
    if (asks) {
        k = key_start(out, &count, T_BY_STATE);
        k->key[k->n++] = (uint8_t)(BY_ASKED | (unsigned)__builtin_ctz(asks));
        key_id(k, c->id);
        key_urgency(k, c);
    }
    if (c->asked.n && !asks && wg_case_offered(c).n) {
        k = key_start(out, &count, T_BY_STATE);
        k->key[k->n++] = (uint8_t)BY_OFFERED;
        key_id(k, c->id);
        key_urgency(k, c);
    }
    if (c->unit.n) /* first, so that it is never the one too many */
        key_unit(&out[count++], c, c->unit, open ? UNIT_HOLDS : UNIT_CLOSED);
    struct wg_str rest = c->held, unit;
    while (count < KEYS_MAX && wg_words_next(&rest, &unit))
        if (!wg_str_eq(unit, c->unit))
            key_unit(&out[count++], c, unit, open ? UNIT_HELD : UNIT_CLOSED);
    return count;
}

static bool same_place(const struct index_key *a, const struct index_key *b)
{
    return a->table == b->table && a->n == b->n && memcmp(a->key, b->key, a->n) == 0;
}

static const struct index_key *find_key(const struct index_key *keys, size_t count,
                                        const struct index_key *k)
{
    for (size_t i = 0; i < count; i++)
        if (same_place(&keys[i], k))
            return &keys[i];
    return NULL;
}

int index_update(struct wg_views *v, struct wg_txn *txn, const struct wg_case *before,
                 const struct wg_case *now)
{
    struct index_key old[KEYS_MAX], new[KEYS_MAX];
    size_t olds = before ? index_keys(before, old) : 0, news = index_keys(now, new);
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < olds; i++)
        if (!find_key(new, news, &old[i]))
            rc = wg_del(txn, v->table[old[i].table], (struct wg_str){(char *)old[i].key, old[i].n});
    for (size_t i = 0; rc == WG_OK && i < news; i++) {
        const struct index_key *was = find_key(old, olds, &new[i]);
        if (was && (!was->has_value || memcmp(was->value, new[i].value, sizeof(was->value)) == 0))
            continue; /* most keys stay: this is what makes a step cheap */
        rc = wg_put(
            txn, v->table[new[i].table], (struct wg_str){(char *)new[i].key, new[i].n},
            (struct wg_str){(char *)new[i].value, new[i].has_value ? sizeof(new[i].value) : 0});
    }
    return rc;
}
