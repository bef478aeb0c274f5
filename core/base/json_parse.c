#include "wg.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/json_text.h"

#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <yajl/yajl_parse.h>

#define SCRATCH 5120 /* what yajl needs for a document without long escaped strings */
#define NODES 16     /* taken from the arena at once */
#define MANY 32      /* members, from which on keys are looked up by hash */

/* One open array or object. */
struct level {
    struct wg_json *self;    /* NULL at the bottom, where the document itself goes */
    struct wg_json *pending; /* a member that has its key and waits for its value */
    struct wg_json **tail;
    uint64_t seen; /* a bit for each key met, by its hint: most keys need no comparison */
    struct wg_json **by_hash; /* open addressing, NULL while there are few; at most half full */
    uint32_t slots;
};

struct parser {
    struct wg_arena *arena;
    struct wg_str text;
    struct wg_err *err;
    yajl_handle yajl;
    int rc;
    bool at_end; /* yajl has seen all of the text and counts anew */
    struct wg_json *root;
    struct wg_json *node; /* the next of nodes_left */
    size_t nodes_left;
    char *chars; /* room for every string and number; see room_for_chars */
    char *chars_end;
    int depth;
    struct level level[WG_JSON_DEPTH + 1];
    jmp_buf no_memory;
    size_t scratch_used;
    _Alignas(16) char scratch[SCRATCH];
};

/* The byte after the token that yajl is at. */
static size_t here(const struct parser *p)
{
    return p->at_end ? p->text.n : yajl_get_bytes_consumed(p->yajl);
}

/* Refuse the token that yajl has just read. Returns what a callback does to stop yajl. */
static int refuse_token(struct parser *p, const char *what)
{
    p->rc = json_refuse(p->text, json_token_start(p->text, here(p)), what, true, p->err);
    return 0;
}

/* --- memory --------------------------------------------------------------------------------------
 */

/* yajl gets a piece of our stack, then the arena: nothing to free, nothing to lose. It does not
 * look at what an allocation gave it, so being out of memory has to leave by longjmp. */
static void *yajl_take(void *ctx, size_t n)
{
    struct parser *p = ctx;
    size_t need = 16 + ((n + 15) & ~(size_t)15);
    char *block = NULL;
    if (need <= SCRATCH - p->scratch_used) {
        block = p->scratch + p->scratch_used;
        p->scratch_used += need;
    } else if (!(block = wg_arena_alloc(p->arena, need))) {
        longjmp(p->no_memory, 1);
    }
    memcpy(block, &n, sizeof(n)); /* for yajl_grow */
    return block + 16;
}

static void *yajl_grow(void *ctx, void *old, size_t n)
{
    size_t had = 0;
    char *block = yajl_take(ctx, n);
    if (old) {
        memcpy(&had, (char *)old - 16, sizeof(had));
        memcpy(block, old, had < n ? had : n);
    }
    return block;
}

static void yajl_drop(void *ctx, void *old)
{
    (void)ctx;
    (void)old;
}

/* Every string, with its NUL, is no longer than its text with both quotes; a number is followed by
 * something, but at the very end. So one allocation holds the characters of the whole document. */
static bool room_for_chars(struct parser *p)
{
    p->chars = wg_arena_alloc(p->arena, p->text.n + 1);
    p->chars_end = p->chars ? p->chars + p->text.n + 1 : NULL;
    return p->chars != NULL;
}

static struct wg_str keep_chars(struct parser *p, const void *from, size_t n)
{
    char *at = p->chars;
    wg_require(n < (size_t)(p->chars_end - at));
    memcpy(at, from, n);
    at[n] = '\0';
    p->chars += n + 1;
    return (struct wg_str){at, n};
}

static struct wg_json *new_node(struct parser *p)
{
    if (p->nodes_left == 0) {
        size_t most =
            p->text.n / 2 + 1; /* two bytes each: a digit or bracket, and what parts them */
        p->nodes_left = most < NODES ? most : NODES;
        p->node = wg_arena_alloc(p->arena, p->nodes_left * sizeof(*p->node));
        if (!p->node)
            longjmp(p->no_memory, 1);
    }
    p->nodes_left--;
    return p->node++;
}

/* --- keys ----------------------------------------------------------------------------------------
 */

static unsigned char hash_seed[crypto_shorthash_KEYBYTES];

static void make_hash_seed(void)
{
    wg_random(hash_seed, sizeof(hash_seed));
}

/* A keyed hash: a sender who could choose colliding keys could make one request cost minutes. */
static size_t hash_key(struct wg_str key)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t h = 0;
    pthread_once(&once, make_hash_seed);
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key.p, key.n, hash_seed);
    return (size_t)h;
}

/* False where the key is there already. */
static bool index_add(struct level *l, struct wg_json *node)
{
    size_t mask = l->slots - 1;
    for (size_t i = hash_key(node->key) & mask;; i = (i + 1) & mask) {
        if (!l->by_hash[i]) {
            l->by_hash[i] = node;
            return true;
        }
        if (wg_str_eq(l->by_hash[i]->key, node->key))
            return false;
    }
}

static void index_grow(struct parser *p, struct level *l)
{
    l->slots = l->slots ? l->slots * 2 : 4 * MANY;
    l->by_hash = wg_arena_alloc(p->arena, l->slots * sizeof(struct wg_json *));
    if (!l->by_hash)
        longjmp(p->no_memory, 1);
    for (struct wg_json *m = l->self->child; m; m = m->next)
        index_add(l, m);
}

static uint64_t hint_of(struct wg_str key)
{
    unsigned first = 0, last = 0;
    if (key.n) {
        first = (unsigned char)key.p[0];
        last = (unsigned char)key.p[key.n - 1];
    }
    return UINT64_C(1) << ((first * 5 + last * 11 + key.n * 23) & 63);
}

/* False where the key is there already. node is not linked in yet. */
static bool is_new_key(struct parser *p, struct level *l, struct wg_json *node)
{
    uint64_t hint = hint_of(node->key);
    if (l->self->count < MANY) {
        if (l->seen & hint)
            for (const struct wg_json *m = l->self->child; m; m = m->next)
                if (wg_str_eq(m->key, node->key))
                    return false;
        l->seen |= hint;
        return true;
    }
    if (l->slots / 2 <= l->self->count)
        index_grow(p, l);
    return index_add(l, node);
}

/* --- what yajl tells
 * ------------------------------------------------------------------------------ */

static void link_node(struct level *l, struct wg_json *node)
{
    *l->tail = node;
    l->tail = &node->next;
    if (l->self)
        l->self->count++;
}

static struct wg_json *value(struct parser *p, enum wg_json_type type)
{
    struct level *l = &p->level[p->depth];
    struct wg_json *node = l->pending;
    if (node) {
        l->pending = NULL;
    } else {
        node = new_node(p);
        link_node(l, node);
    }
    node->type = type;
    return node;
}

static int on_null(void *ctx)
{
    value(ctx, WG_JNULL);
    return 1;
}

static int on_bool(void *ctx, int is_true)
{
    value(ctx, WG_JBOOL)->num = is_true != 0;
    return 1;
}

static int on_number(void *ctx, const char *digits, size_t n)
{
    struct parser *p = ctx;
    bool whole = true;
    for (size_t i = 0; i < n && whole; i++)
        whole = digits[i] != '.' && (digits[i] | 0x20) != 'e';
    struct wg_json *node = value(p, whole ? WG_JINT : WG_JREAL);
    node->str = keep_chars(p, digits, n);
    if (whole && wg_str_int(node->str, &node->num) < 0)
        return refuse_token(p, "whole number out of range");
    return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    struct parser *p = ctx;
    value(p, WG_JSTR)->str = keep_chars(p, s, n);
    return 1;
}

static int open_level(struct parser *p, enum wg_json_type type)
{
    if (p->depth == WG_JSON_DEPTH)
        return refuse_token(p, "nested too deeply");
    struct wg_json *node = value(p, type);
    p->level[++p->depth] = (struct level){.self = node, .tail = &node->child};
    return 1;
}

static int on_object(void *ctx)
{
    return open_level(ctx, WG_JOBJ);
}

static int on_array(void *ctx)
{
    return open_level(ctx, WG_JARR);
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
    struct parser *p = ctx;
    struct level *l = &p->level[p->depth];
    struct wg_json *node = new_node(p);
    node->key = keep_chars(p, s, n);
    if (!is_new_key(p, l, node))
        return refuse_token(p, "a key may stand only once in an object");
    link_node(l, node);
    l->pending = node;
    return 1;
}

static int on_close(void *ctx)
{
    ((struct parser *)ctx)->depth--;
    return 1;
}

static int run(struct parser *p)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_object,
        .yajl_map_key = on_key,
        .yajl_end_map = on_close,
        .yajl_start_array = on_array,
        .yajl_end_array = on_close,
    };
    yajl_alloc_funcs memory = {yajl_take, yajl_grow, yajl_drop, p};
    if (setjmp(p->no_memory))
        return wg_fail(p->err, WG_ENOMEM, "out of memory for a JSON text of %zu bytes", p->text.n);
    int rc = json_check_text(p->text, p->err);
    if (rc < 0)
        return rc;
    if (!room_for_chars(p))
        longjmp(p->no_memory, 1);
    p->yajl = yajl_alloc(&callbacks, &memory, p);
    yajl_config(p->yajl, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(p->yajl, (const unsigned char *)p->text.p, p->text.n);
    if (status == yajl_status_ok) {
        p->at_end = true;
        status = yajl_complete_parse(p->yajl);
    }
    if (status == yajl_status_error) {
        const char *said = (const char *)yajl_get_error(p->yajl, 0, NULL, 0);
        p->rc = json_refuse_as(p->text, here(p), said, p->err);
    }
    yajl_free(p->yajl);
    return p->rc;
}

int wg_json_parse(struct wg_arena *a, struct wg_str text, struct wg_json **out, struct wg_err *err)
{
    struct parser p; /* not zeroed as a whole: most of it is scratch and levels not yet open */
    *out = NULL;
    p.arena = a;
    p.text = text;
    p.err = err;
    p.yajl = NULL;
    p.rc = WG_OK;
    p.at_end = false;
    p.root = NULL;
    p.node = NULL;
    p.nodes_left = 0;
    p.chars = p.chars_end = NULL;
    p.depth = 0;
    p.level[0] = (struct level){.tail = &p.root};
    p.scratch_used = 0;
    int rc = run(&p);
    if (rc == WG_OK)
        *out = p.root;
    return rc;
}
