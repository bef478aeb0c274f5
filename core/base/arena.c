#include "wg.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16u
#define CHUNK_LEAST 256u
#define CHUNK_USUAL 4096u
#define CHUNK_MOST ((size_t)64 * 1024)

/* The header is as long as the alignment, so that what follows it is aligned. */
struct block {
    struct block *older;
    size_t size; /* of what follows */
};
_Static_assert(sizeof(struct block) == ALIGN, "data would not be aligned");

struct wg_arena {
    struct block *open;  /* the newest of the usual blocks; `at` and `end` are in it */
    struct block *large; /* one allocation each */
    char *at, *end;
    size_t chunk; /* of the next block */
    size_t used;
};

static char *block_data(struct block *b)
{
    return (char *)b + sizeof(*b);
}

static struct block *block_new(size_t size, struct block *older)
{
    struct block *b = malloc(sizeof(*b) + size);
    if (b)
        *b = (struct block){older, size};
    return b;
}

static void blocks_free(struct block *b)
{
    while (b) {
        struct block *older = b->older;
        free(b);
        b = older;
    }
}

struct wg_arena *wg_arena_new(size_t chunk)
{
    struct wg_arena *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    if (chunk == 0)
        chunk = CHUNK_USUAL;
    if (chunk < CHUNK_LEAST)
        chunk = CHUNK_LEAST;
    if (chunk > SIZE_MAX / 4)
        chunk = SIZE_MAX / 4;
    a->chunk = (chunk + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    return a;
}

void wg_arena_free(struct wg_arena *a)
{
    if (!a)
        return;
    blocks_free(a->open);
    blocks_free(a->large);
    free(a);
}

void wg_arena_reset(struct wg_arena *a)
{
    /* The newest block is the largest, so an arena that is used again and again settles on one
     * block. The large ones go: one huge request must not pin its memory for ever. */
    blocks_free(a->large);
    a->large = NULL;
    if (a->open) {
        blocks_free(a->open->older);
        a->open->older = NULL;
        a->at = block_data(a->open);
    }
    a->used = 0;
}

static void *take_slow(struct wg_arena *a, size_t n)
{
    /* Something big in a block of its own leaves the rest of the open block for what is small. */
    if (n > a->chunk / 4) {
        struct block *b = block_new(n, a->large);
        if (!b)
            return NULL;
        a->large = b;
        return block_data(b);
    }
    struct block *b = block_new(a->chunk, a->open);
    if (!b)
        return NULL;
    a->open = b;
    a->at = block_data(b) + n;
    a->end = block_data(b) + a->chunk;
    if (a->chunk < CHUNK_MOST)
        a->chunk = a->chunk * 2 < CHUNK_MOST ? a->chunk * 2 : CHUNK_MOST;
    return block_data(b);
}

/* n bytes as they are. */
static void *take(struct wg_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    size_t step = (n + (n == 0) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    void *p = a->at;
    if (step <= (size_t)(a->end - a->at))
        a->at += step;
    else
        p = take_slow(a, step);
    if (p)
        a->used += n;
    return p;
}

void *wg_arena_alloc(struct wg_arena *a, size_t n)
{
    void *p = take(a, n);
    return p ? memset(p, 0, n) : NULL;
}

struct wg_str wg_arena_str(struct wg_arena *a, struct wg_str s)
{
    char *p = s.n < SIZE_MAX ? take(a, s.n + 1) : NULL;
    if (!p)
        return (struct wg_str){NULL, 0};
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct wg_str){p, s.n};
}

struct wg_str wg_arena_fmt(struct wg_arena *a, const char *fmt, ...)
{
    char small[256];
    va_list args, again;
    struct wg_str out = {NULL, 0};
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        out = wg_arena_str(a, (struct wg_str){small, (size_t)n});
    } else if (n >= 0) {
        char *p = take(a, (size_t)n + 1);
        if (p) {
            vsnprintf(p, (size_t)n + 1, fmt, again);
            out = (struct wg_str){p, (size_t)n};
        }
    }
    va_end(again);
    va_end(args);
    return out;
}

size_t wg_arena_used(const struct wg_arena *a)
{
    return a->used;
}
