/** Views in a folder of their own, and entries folded into them without a desk. */
#ifndef WG_TEST_CASE_H
#define WG_TEST_CASE_H

#include "folder.h"

#include "case/views.h"

#define T0 INT64_C(1772787600000)

static struct wg_err err;

struct given {
    struct folder f;
    struct wg_views *v;
    struct wg_txn *txn;
    struct wg_arena *a;
    uint64_t n;
    int64_t t;
};

UNUSED static void views_open(struct given *g)
{
    CHECK_INT(wg_views_open(g->f.path, 0, &g->v, &err), WG_OK);
}

UNUSED static struct given given_views(void)
{
    struct given g = {.f = folder_new(), .a = wg_arena_new(0), .t = T0};
    views_open(&g);
    return g;
}

UNUSED static void given_done(struct given *g)
{
    wg_views_close(g->v);
    wg_arena_free(g->a);
    folder_drop(&g->f);
}

UNUSED static struct wg_txn *begin(struct wg_views *v, bool write)
{
    struct wg_txn *txn = NULL;
    CHECK_INT(wg_txn_begin(wg_views_env(v), write, &txn, &err), WG_OK);
    return txn;
}

/** Fold the next entry. more: members of its own, each with its comma. */
__attribute__((format(printf, 3, 4))) UNUSED static void fold(struct given *g, uint64_t of,
                                                              const char *fmt, ...)
{
    char more[2000], text[2400], id[24];
    struct wg_entry e;
    va_list args;
    va_start(args, fmt);
    vsnprintf(more, sizeof(more), fmt, args);
    va_end(args);
    wg_case_id_text(of, id);
    g->n++;
    snprintf(text, sizeof(text), "{\"n\":%llu,\"t\":%lld,\"by\":\"c-001\",\"do\":\"x\",%s%s%s%s}",
             (unsigned long long)g->n, (long long)g->t, of ? "\"of\":\"" : "", of ? id : "",
             of ? "\"," : "", more);
    wg_arena_reset(g->a);
    bool own = !g->txn; /* else many in one transaction */
    if (own)
        g->txn = begin(g->v, true);
    CHECK_INT(wg_entry_parse(g->a, wg_str_of(text), &e, &err), WG_OK);
    CHECK_INT(wg_views_fold(g->v, g->txn, &e, wg_str_of(text), g->a, &err), WG_OK);
    if (own) {
        CHECK_INT(wg_txn_commit(g->txn, &err), WG_OK);
        g->txn = NULL;
    }
}

#endif
