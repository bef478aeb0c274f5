/** A journal of small entries, as the tests of store share it. */
#ifndef WG_TEST_STORE_H
#define WG_TEST_STORE_H

#include "folder.h"

#define SEGMENT 4096u /* small, so that a test has many */

UNUSED static const char first_segment[] = "00000000000000000001.wgj";
static struct wg_err err;

static inline int try_open(const char *dir, uint64_t known_n, struct wg_journal **out)
{
    struct wg_journal_opts opts = {.segment_bytes = SEGMENT, .known_n = known_n};
    return wg_journal_open(dir, &opts, out, &err);
}

static inline struct wg_journal *journal_at(const char *dir)
{
    struct wg_journal *j = NULL;
    CHECK_INT(try_open(dir, 0, &j), WG_OK);
    return j;
}

static inline void journal_close(struct wg_journal *j)
{
    j->ops->close(j);
}

/** Entry n: its number, then so many x. */
static inline struct wg_str entry_text(char *out, size_t cap, uint64_t n, size_t pad)
{
    int k = snprintf(out, cap, "{\"n\":%llu,\"x\":\"", (unsigned long long)n);
    memset(out + k, 'x', pad);
    memcpy(out + k + pad, "\"}", 3);
    return (struct wg_str){out, (size_t)k + pad + 2};
}

static inline int try_append(struct wg_journal *j, size_t count, size_t pad)
{
    uint64_t n = j->ops->last(j) + 1;
    struct wg_str *entries = calloc(count, sizeof(*entries));
    char *text = malloc(count * (pad + 64));
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_text(text + i * (pad + 64), pad + 64, n + i, pad);
    int rc = j->ops->append(j, n, entries, count, &err);
    free(text);
    free(entries);
    return rc;
}

static inline void append(struct wg_journal *j, size_t count, size_t pad)
{
    CHECK_INT(try_append(j, count, pad), WG_OK);
}

struct seen {
    uint64_t first, next, stop; /* stop: after that entry; 0: at the end */
    bool wrong;
};

/** Each entry says its own number, and none is skipped. */
static inline int see(void *arg, uint64_t n, struct wg_str bytes)
{
    struct seen *s = arg;
    char want[40];
    int k = snprintf(want, sizeof(want), "{\"n\":%llu,", (unsigned long long)n);
    if (!s->first)
        s->first = s->next = n;
    s->wrong |= n != s->next || bytes.n < (size_t)k || memcmp(bytes.p, want, (size_t)k) != 0 ||
                bytes.p[bytes.n - 1] != '}';
    s->next = n + 1;
    return s->stop && n == s->stop;
}

static inline void check_all(struct wg_journal *j, uint64_t last)
{
    struct seen s = {0};
    CHECK_INT(j->ops->last(j), last);
    CHECK_INT(j->ops->scan(j, 1, see, &s, &err), WG_OK);
    CHECK(!s.wrong);
    CHECK_INT(s.next ? s.next - 1 : 0, last);
}

#endif
