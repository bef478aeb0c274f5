#include "net/net_internal.h"

#include <stdlib.h>

#define SEGMENT_MAX 64 /* a deeper path is a 404 */
#define METHODS 6

/* One segment of all patterns. Text segments are children; {name} and {name*} are one node each,
 * since what a parameter is called belongs to the route, not to the place. */
struct node {
    char *text;
    size_t n;
    struct node *kids, *next; /* siblings */
    struct node *param;
    const struct route_row *rows[METHODS], *rest[METHODS];
};

struct wg_router {
    struct node root;
    struct route_row *rows;
};

struct wg_router *wg_router_new(void)
{
    return calloc(1, sizeof(struct wg_router));
}

static void node_done(struct node *node)
{
    while (node->kids) {
        struct node *kid = node->kids;
        node->kids = kid->next;
        node_done(kid);
        free(kid);
    }
    if (node->param)
        node_done(node->param);
    free(node->param);
    free(node->text);
}

void wg_router_free(struct wg_router *r)
{
    if (!r)
        return;
    node_done(&r->root);
    while (r->rows) {
        struct route_row *row = r->rows;
        r->rows = row->next;
        free(row->own);
        free(row);
    }
    free(r);
}

static int method_index(int method)
{
    for (int i = 0; i < METHODS; i++)
        if (method == 1 << i)
            return i;
    return -1;
}

static struct node *node_kid(struct node *node, struct wg_str text)
{
    struct node *kid = node->kids;
    for (; kid; kid = kid->next)
        if (kid->n == text.n && memcmp(kid->text, text.p, text.n) == 0)
            return kid;
    if (!(kid = calloc(1, sizeof(*kid))))
        return NULL;
    if (!(kid->text = malloc(text.n + 1))) {
        free(kid);
        return NULL;
    }
    memcpy(kid->text, text.p, text.n);
    kid->n = text.n;
    kid->next = node->kids;
    node->kids = kid;
    return kid;
}

/* One segment of a pattern: the node below, with the parameter's name noted; *rest at {name*}. */
static int node_step(struct node **node, struct wg_str seg, struct route_row *row, bool *rest,
                     struct wg_err *err)
{
    bool braces = memchr(seg.p, '{', seg.n) || memchr(seg.p, '}', seg.n);
    if (!braces) {
        *node = node_kid(*node, seg);
        return *node ? WG_OK : wg_fail(err, WG_ENOMEM, "no memory for a route");
    }
    struct wg_str name = {seg.p + 1, seg.n > 2 ? seg.n - 2 : 0};
    if (name.n && name.p[name.n - 1] == '*') {
        name.n--;
        *rest = true;
    }
    if (name.n == 0 || seg.p[0] != '{' || seg.p[seg.n - 1] != '}' || memchr(name.p, '{', name.n) ||
        memchr(name.p, '}', name.n))
        return wg_fail(err, WG_EINVAL, "route %s: bad segment \"%.*s\"", row->own, WG_PRI(seg));
    if (row->count == PARAM_MAX)
        return wg_fail(err, WG_EINVAL, "route %s: more than %d parameters", row->own, PARAM_MAX);
    row->names[row->count++] = name;
    if (*rest)
        return WG_OK;
    if (!(*node)->param && !((*node)->param = calloc(1, sizeof(struct node))))
        return wg_fail(err, WG_ENOMEM, "no memory for a route");
    *node = (*node)->param;
    return WG_OK;
}

static int row_place(struct wg_router *r, struct route_row *row, struct wg_err *err)
{
    struct node *node = &r->root;
    const char *p = row->own;
    int rc = WG_OK, method = method_index(row->r.method);
    bool rest = false;
    if (method < 0)
        return wg_fail(err, WG_EINVAL, "route %s: not one method", row->own);
    if (*p != '/')
        return wg_fail(err, WG_EINVAL, "route \"%s\" does not begin with a slash", row->own);
    while (*p == '/') {
        size_t n = strcspn(++p, "/");
        if (rest)
            return wg_fail(err, WG_EINVAL, "route %s: something follows {name*}", row->own);
        if ((rc = node_step(&node, (struct wg_str){p, n}, row, &rest, err)) < 0)
            return rc;
        p += n;
    }
    const struct route_row **at = rest ? &node->rest[method] : &node->rows[method];
    if (*at)
        return wg_fail(err, WG_EEXIST, "route %s is there already", row->own);
    *at = row;
    return WG_OK;
}

int wg_router_add(struct wg_router *r, const struct wg_http_route *route, struct wg_err *err)
{
    struct route_row *row = calloc(1, sizeof(*row));
    int rc = WG_ENOMEM;
    if (!row || !(row->own = strdup(route->pattern))) {
        wg_fail(err, rc, "no memory for a route");
        goto out;
    }
    row->r = *route;
    row->r.pattern = row->own;
    if ((rc = row_place(r, row, err)) < 0)
        goto out;
    row->next = r->rows;
    r->rows = row;
    row = NULL;
out:
    if (row)
        free(row->own);
    free(row);
    return rc;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool net_url_ok(struct wg_str s)
{
    const char *p = s.p, *end = s.p + s.n;
    while (p < end && (p = memchr(p, '%', (size_t)(end - p)))) {
        if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0 || (p[1] == '0' && p[2] == '0'))
            return false;
        p += 3;
    }
    return true;
}

struct wg_str net_url_decode(struct wg_arena *a, struct wg_str s, bool plus)
{
    if (s.n == 0)
        return (struct wg_str){s.p ? s.p : "", 0};
    if (!memchr(s.p, '%', s.n) && !(plus && memchr(s.p, '+', s.n)))
        return s;
    char *out = wg_arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return (struct wg_str){NULL, 0};
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%' && i + 2 < s.n) {
            c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return (struct wg_str){out, n};
}

struct walk {
    struct wg_str segs[SEGMENT_MAX];
    const char *raw[SEGMENT_MAX], *end;
    size_t count;
    struct wg_arena *arena;
    bool escaped; /* there is a % somewhere */
    struct match *m;
};

static unsigned methods_of(const struct route_row *const rows[METHODS])
{
    unsigned methods = 0;
    for (int i = 0; i < METHODS; i++)
        methods |= rows[i] ? 1u << i : 0;
    return methods;
}

/* A rest may name a file: "." and ".." in it never reach a handler. */
static bool rest_safe(struct wg_str rest)
{
    for (size_t i = 0; i <= rest.n;) {
        const char *p = rest.p + i;
        size_t n = 0;
        while (i + n < rest.n && p[n] != '/')
            n++;
        if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        i += n + 1;
    }
    return true;
}

/* The rows that stand at the end of the path, or NULL. Text first, then {name}, then {name*}; a
 * branch that leads nowhere is left again, so depth and work are bounded by the patterns. */
static const struct route_row *const *walk(struct walk *w, const struct node *node, size_t i,
                                           size_t depth)
{
    if (i == w->count)
        return methods_of(node->rows) ? node->rows : NULL;
    struct wg_str seg = w->segs[i];
    const struct route_row *const *found = NULL;
    for (const struct node *kid = node->kids; kid && !found; kid = kid->next)
        if (kid->n == seg.n && memcmp(kid->text, seg.p, seg.n) == 0)
            found = walk(w, kid, i + 1, depth);
    if (!found && node->param && seg.n > 0) {
        w->m->values[depth] = seg;
        found = walk(w, node->param, i + 1, depth + 1);
    }
    if (!found && methods_of(node->rest)) {
        struct wg_str rest = {w->raw[i], (size_t)(w->end - w->raw[i])};
        if (w->escaped)
            rest = net_url_decode(w->arena, rest, false);
        w->m->values[depth] = rest;
        if (rest.p && rest_safe(rest))
            found = node->rest;
    }
    return found;
}

int net_router_match(const struct wg_router *r, struct wg_str path, int method, struct wg_arena *a,
                     struct match *m)
{
    struct walk w; /* not zeroed: it is large, and filled up to count */
    const char *p = path.p;
    w.end = p + path.n;
    w.arena = a;
    w.m = m;
    w.count = 0;
    w.escaped = memchr(p, '%', path.n) != NULL;
    m->row = NULL;
    m->allow = 0;
    while (p < w.end) {
        const char *start = p + 1;
        const char *slash = start < w.end ? memchr(start, '/', (size_t)(w.end - start)) : NULL;
        p = slash ? slash : w.end;
        if (w.count == SEGMENT_MAX)
            return WG_ENOENT;
        struct wg_str seg = {start, (size_t)(p - start)};
        if (w.escaped)
            seg = net_url_decode(a, seg, false);
        if (!seg.p)
            return WG_ENOMEM;
        w.raw[w.count] = start;
        w.segs[w.count++] = seg;
    }
    const struct route_row *const *rows = walk(&w, &r->root, 0, 0);
    if (!rows)
        return WG_ENOENT;
    m->allow = methods_of(rows);
    int index = method_index(method);
    m->row = index < 0 ? NULL : rows[index];
    return m->row ? WG_OK : WG_ESTATE;
}
