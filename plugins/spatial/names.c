/* Places by their names: by pairs of characters, the pinyin by its triples, the first letters of
 * the pinyin by pairs: what shares most with the question comes first. The index of a layer is made
 * when it is first asked for. */
#include "names.h"

#include <pthread.h>
#include <stdlib.h>
#include <unicode/utf16.h>
#include <unicode/utrans.h>

#define COMMON 16 /* what more than one in so many names has */

/* ---- grams ---- */

struct grams {
    uint32_t *key, *start, *record; /* records of key k: from start[k] to start[k + 1] */
    size_t keys;
};

struct texts {
    struct wg_buf units; /* uint16_t */
    uint32_t *at;        /* of record i: from at[i] to at[i + 1], in units */
    int n;               /* units of a gram */
    struct grams grams;
};

enum { BY_NAME, BY_PINYIN, BY_INITIALS, WAYS };
struct names {
    struct kept kept;
    struct texts way[WAYS];
};

static const uint16_t *units_of(const struct texts *t, size_t i, size_t *n)
{
    *n = t->at[i + 1] - t->at[i];
    return (const uint16_t *)t->units.p + t->at[i];
}

static uint32_t gram(const uint16_t *u, int n)
{
    return n == 2
               ? (uint32_t)u[0] << 16 | u[1]
               : ((uint32_t)(u[0] & 0x3ff) << 20 | (uint32_t)(u[1] & 0x3ff) << 10 | (u[2] & 0x3ff));
}

static int by_pair(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool make_grams(struct texts *t, size_t records)
{
    size_t most = t->units.n / 2 + 1, count = 0, n;
    uint64_t *pair = malloc(most * sizeof(*pair));
    struct grams *g = &t->grams;
    for (size_t i = 0; pair && i < records; i++) {
        const uint16_t *u = units_of(t, i, &n);
        for (size_t k = 0; k + (size_t)t->n <= n; k++)
            pair[count++] = (uint64_t)gram(u + k, t->n) << 32 | i;
    }
    if (pair)
        qsort(pair, count, sizeof(*pair), by_pair);
    g->key = malloc((count + 1) * sizeof(uint32_t));
    g->start = malloc((count + 2) * sizeof(uint32_t));
    g->record = malloc((count + 1) * sizeof(uint32_t));
    bool good = pair && g->key && g->start && g->record;
    size_t kept = 0;
    for (size_t k = 0; good && k < count; k++) {
        if (k && pair[k] == pair[k - 1])
            continue;
        uint32_t key = (uint32_t)(pair[k] >> 32);
        if (!g->keys || g->key[g->keys - 1] != key) {
            g->start[g->keys] = (uint32_t)kept;
            g->key[g->keys++] = key;
        }
        g->record[kept++] = (uint32_t)pair[k];
    }
    if (good)
        g->start[g->keys] = (uint32_t)kept;
    free(pair);
    return good;
}

static const uint32_t *postings(const struct grams *g, uint32_t key, size_t *n)
{
    size_t from = 0, to = g->keys;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (g->key[middle] < key)
            from = middle + 1;
        else
            to = middle;
    }
    bool found = from < g->keys && g->key[from] == key;
    *n = found ? g->start[from + 1] - g->start[from] : 0;
    return found ? g->record + g->start[from] : NULL;
}

/* ---- pinyin: asked of ICU once for each character ---- */

static struct {
    pthread_once_t once;
    char of[0x10000][8]; /* "" : it is no Han */
} pinyin = {.once = PTHREAD_ONCE_INIT};

static void make_pinyin(void)
{
    static const UChar name[] = u"Han-Latin; Latin-ASCII; Lower";
    UErrorCode e = U_ZERO_ERROR;
    UTransliterator *t = utrans_openU(name, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
    for (UChar32 c = 0x4e00; t && U_SUCCESS(e) && c < 0xa000; c++) {
        UChar text[16] = {(UChar)c};
        int32_t n = 1, limit = 1;
        UErrorCode one = U_ZERO_ERROR;
        utrans_transUChars(t, text, &n, 16, 0, &limit, &one);
        for (int32_t k = 0; U_SUCCESS(one) && k < n && k < 7; k++)
            pinyin.of[c][k] = text[k] >= 'a' && text[k] <= 'z' ? (char)text[k] : '\0';
    }
    utrans_close(t);
}

static void add_unit(struct wg_buf *b, uint16_t u)
{
    wg_buf_add(b, &u, sizeof(u));
}

static void spell(const uint16_t *u, size_t n, struct wg_buf *whole, struct wg_buf *first)
{
    for (size_t i = 0; i < n; i++) {
        const char *p = pinyin.of[u[i]];
        bool plain = (u[i] >= 'a' && u[i] <= 'z') || (u[i] >= '0' && u[i] <= '9');
        if (!*p && plain) {
            add_unit(whole, u[i]);
            add_unit(first, u[i]);
        }
        if (*p)
            add_unit(first, (uint16_t)*p);
        for (; *p; p++)
            add_unit(whole, (uint16_t)*p);
    }
}

/* ---- the index ---- */

static void names_free(struct kept *kept)
{
    struct names *x = (struct names *)kept;
    for (int w = 0; w < WAYS; w++) {
        wg_buf_free(&x->way[w].units);
        free(x->way[w].at);
        free(x->way[w].grams.key);
        free(x->way[w].grams.start);
        free(x->way[w].grams.record);
    }
    free(x);
}

static struct kept *names_make(const struct wg_layer *layer)
{
    struct names *x = calloc(1, sizeof(*x));
    size_t n = wg_layer_count(layer), i = 0;
    struct wg_feature f;
    bool good = x != NULL;
    if (!x)
        return NULL;
    pthread_once(&pinyin.once, make_pinyin);
    x->kept.free = names_free;
    for (int w = 0; w < WAYS; w++) {
        x->way[w].n = w == BY_PINYIN ? 3 : 2;
        good &= (x->way[w].at = calloc(n + 2, sizeof(uint32_t))) != NULL;
    }
    for (; good && i < n && wg_layer_at(layer, i, &f); i++) {
        size_t at = x->way[BY_NAME].at[i], m;
        wg_plain(f.name, &x->way[BY_NAME].units);
        m = x->way[BY_NAME].units.n / 2 - at;
        spell((const uint16_t *)x->way[BY_NAME].units.p + at, m, &x->way[BY_PINYIN].units,
              &x->way[BY_INITIALS].units);
        for (int w = 0; w < WAYS; w++)
            x->way[w].at[i + 1] = (uint32_t)(x->way[w].units.n / 2);
    }
    for (int w = 0; good && w < WAYS; w++)
        good = wg_buf_ok(&x->way[w].units) && make_grams(&x->way[w], n);
    if (good)
        return &x->kept;
    names_free(&x->kept);
    return NULL;
}

static struct kept *names_join(struct kept *const part[2])
{
    struct names *x = calloc(1, sizeof(*x));
    (void)part; /* each is asked by itself */
    if (x)
        x->kept.free = names_free;
    return x ? &x->kept : NULL;
}

const struct kept_kind names_kind = {names_make, names_join};

/* ---- searched ---- */

/* Where it is looked: a member's layer, or one part of it. */
struct place {
    const struct names *names;
    const struct wg_layer *layer;
    size_t member, part;
};

static bool better(const struct candidate *a, const struct candidate *b)
{
    if (a->score < b->score || a->score > b->score)
        return a->score > b->score;
    return a->length < b->length; /* of equals the shorter name */
}

static void offer(struct candidate *best, size_t *n, size_t cap, struct candidate c)
{
    size_t k = 0;
    while (k < *n && (best[k].member != c.member || best[k].i != c.i))
        k++;
    if (k < *n) { /* found another way, too */
        if (!better(&c, &best[k]))
            return;
        memmove(&best[k], &best[k + 1], (--*n - k) * sizeof(*best));
    }
    for (k = *n; k > 0 && better(&c, &best[k - 1]);)
        k--;
    if (k == cap)
        return;
    if (*n < cap)
        ++*n;
    memmove(&best[k + 1], &best[k], (*n - 1 - k) * sizeof(*best));
    best[k] = c;
}

static bool contains(const uint16_t *text, size_t n, const uint16_t *q, size_t m)
{
    for (size_t k = 0; k + m <= n; k++)
        if (memcmp(text + k, q, m * sizeof(*q)) == 0)
            return true;
    return false;
}

/* How well record i answers: 1 is the very name. What is contained counts more than what is only
 * alike; the other ways count less than the name itself. shared: of the grams asked for, those that
 * it has; passed: grams of the question that were not asked for. One holds the other only where all
 * grams of that are shared, which tells most of them apart without a look at the text. */
static double score_of(const struct texts *t, size_t i, const uint16_t *q, size_t m, size_t shared,
                       size_t asked, size_t passed)
{
    size_t n;
    const uint16_t *u = units_of(t, i, &n);
    if (n == 0)
        return 0;
    size_t grams = n >= (size_t)t->n ? n - (size_t)t->n + 1 : 1;
    if (n == m && memcmp(u, q, m * sizeof(*q)) == 0)
        return 1;
    double alike = 0.8 * 2 * (double)shared / (double)(asked + grams);
    bool may_hold = shared >= asked, may_be_held = shared + passed >= grams;
    double held = may_hold && contains(u, n, q, m) ? 0.6 + 0.35 * (double)m / (double)n : 0;
    /* The question may say more than the name: a door plate with its street and county before it.
     */
    double holds = may_be_held && contains(q, m, u, n) ? 0.5 + 0.4 * (double)n / (double)m : 0;
    held = held > holds ? held : holds;
    return held > alike ? held : alike > 0.95 ? 0.95 : alike;
}

/* Is there a gram that few have? Then what nearly all have ("绩溪县…") tells nothing. */
static bool has_rare(const struct texts *t, const uint16_t *q, size_t m, size_t few)
{
    bool rare = false;
    for (size_t k = 0, n; k + (size_t)t->n <= m; k++) {
        postings(&t->grams, gram(q + k, t->n), &n);
        rare |= n > 0 && n <= few;
    }
    return rare;
}

static void search(const struct place *in, int way, const uint16_t *q, size_t m,
                   struct candidate *best, size_t *count, size_t cap)
{
    static const double weight[] = {1, 0.95, 0.9};
    const struct texts *t = &in->names->way[way];
    size_t records = wg_layer_count(in->names->kept.layer), asked = 0, n;
    if (m < (size_t)t->n)
        return;
    uint8_t *shared = calloc(records + 1, 1);
    uint32_t *seen = malloc((records + 1) * sizeof(*seen));
    size_t touched = 0, passed = 0;
    size_t common = has_rare(t, q, m, records / COMMON) ? records / COMMON : records;
    for (size_t k = 0; shared && seen && k + (size_t)t->n <= m; k++, asked++) {
        const uint32_t *list = postings(&t->grams, gram(q + k, t->n), &n);
        if (n > common) {
            asked--;
            passed++;
            continue;
        }
        for (size_t p = 0; p < n; p++) {
            if (shared[list[p]] == 0)
                seen[touched++] = list[p];
            shared[list[p]] += shared[list[p]] < UINT8_MAX;
        }
    }
    for (size_t p = 0; p < touched; p++) {
        size_t i = seen[p];
        if (3 * (size_t)shared[i] < asked && asked > 3)
            continue;
        units_of(&in->names->way[BY_NAME], i, &n);
        double score = weight[way] * score_of(t, i, q, m, shared[i], asked, passed);
        if ((*count < cap || score >= best[*count - 1].score) &&
            wg_layer_number(in->layer, in->part, &i))
            offer(best, count, cap, (struct candidate){in->member, i, score, n});
    }
    free(shared);
    free(seen);
}

/* One character has no pair: whose name begins with it. */
static void search_one(const struct place *in, uint16_t q, struct candidate *best, size_t *count,
                       size_t cap)
{
    for (size_t k = 0, n; k < wg_layer_count(in->names->kept.layer); k++) {
        const uint16_t *u = units_of(&in->names->way[BY_NAME], k, &n);
        size_t i = k;
        if (n && u[0] == q && wg_layer_number(in->layer, in->part, &i))
            offer(best, count, cap,
                  (struct candidate){in->member, i, n == 1 ? 1 : 0.6 + 0.35 / (double)n, n});
    }
}

static void search_place(const struct place *in, const struct question *q, struct candidate *best,
                         size_t *count, size_t cap)
{
    search(in, BY_NAME, q->q, q->m, best, count, cap);
    if (q->m == 1)
        search_one(in, q->q[0], best, count, cap);
    if (q->latin) {
        search(in, BY_PINYIN, q->letters, q->spelled, best, count, cap);
        search(in, BY_INITIALS, q->letters, q->spelled, best, count, cap);
    }
}

bool names_search(struct ask *ask, size_t k, const struct question *q, struct candidate *best,
                  size_t *count)
{
    const struct member *m = &ask->source.member[k];
    struct kept *names = kept_make(&names_kind, m->key, ask->source.collection, m->layer);
    size_t cap = (size_t)ask->select.limit;
    if (!names)
        return false;
    for (size_t part = 0; part < (names->part[0] ? 2 : 1); part++) {
        const struct kept *of = names->part[0] ? names->part[part] : names;
        search_place(&(struct place){(const struct names *)of, m->layer, k, part}, q, best, count,
                     cap);
    }
    kept_drop(names);
    return true;
}
