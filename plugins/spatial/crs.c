/* Coordinate systems at the edge: what they are called, how their axes go, and a few made ones at
 * hand, since making one takes PROJ milliseconds. */
#include "spatial.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE 8 /* of each, kept made */

#define EPSG(code) "http://www.opengis.net/def/crs/EPSG/0/" #code
/* The order is that of the collections' crs list: CRS84 must be the first. Gauss-Krüger's first
 * axis is X, to the north. */
static const struct crs list[] = {
    {"http://www.opengis.net/def/crs/OGC/1.3/CRS84", 0, false, true},
    {EPSG(4490), 4490, true, true},
    {EPSG(4326), 4326, true, true},
    {EPSG(3857), 3857, false, false},
    {EPSG(4548), 4548, true, false},
    {EPSG(4549), 4549, true, false},
    {EPSG(4527), 4527, true, false},
    {EPSG(4528), 4528, true, false},
    {EPSG(4509), 4509, true, false},
    {EPSG(4498), 4498, true, false},
    {EPSG(4547), 4547, true, false},
    {EPSG(4550), 4550, true, false},
    {EPSG(4510), 4510, true, false},
};
enum { LIST = sizeof(list) / sizeof(list[0]) };

const struct crs *crs_at(size_t i)
{
    return i < LIST ? &list[i] : NULL;
}

static bool cut(struct wg_str *s, const char *front)
{
    size_t n = strlen(front);
    if (s->n < n || memcmp(s->p, front, n) != 0)
        return false;
    *s = (struct wg_str){s->p + n, s->n - n};
    return true;
}

/* A URI, a URN, a safe CURIE, or what people write. */
const struct crs *crs_find(struct wg_str s)
{
    int64_t code;
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct wg_str){s.p + 1, s.n - 2};
    if (cut(&s, "http://www.opengis.net/def/crs/") || cut(&s, "https://www.opengis.net/def/crs/")) {
        if (wg_str_is(s, "OGC/1.3/CRS84") || wg_str_is(s, "OGC/0/CRS84"))
            return &list[0];
        if (!cut(&s, "EPSG/0/"))
            return NULL;
    } else if (cut(&s, "urn:ogc:def:crs:")) {
        if (wg_str_is(s, "OGC:1.3:CRS84") || wg_str_is(s, "OGC::CRS84"))
            return &list[0];
        if (!cut(&s, "EPSG::"))
            return NULL;
    } else if (wg_str_is(s, "OGC:CRS84") || wg_str_is(s, "CRS84")) {
        return &list[0];
    } else if (!cut(&s, "EPSG:")) {
        return NULL;
    }
    if (wg_str_int(s, &code) < 0)
        return NULL;
    for (size_t i = 1; i < LIST; i++)
        if (list[i].epsg == code)
            return &list[i];
    return NULL;
}

/* ---- made ones ---- */

static struct {
    pthread_mutex_t lock;
    struct wg_crs *idle[LIST][IDLE];
    int count[LIST];
} made = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct wg_crs *crs_take(const struct crs *c)
{
    struct wg_crs *p = NULL;
    size_t i = (size_t)(c - list);
    if (c->degrees)
        return NULL;
    pthread_mutex_lock(&made.lock);
    if (made.count[i])
        p = made.idle[i][--made.count[i]];
    pthread_mutex_unlock(&made.lock);
    return p || wg_crs_new(c->epsg, &p, NULL) == WG_OK ? p : NULL;
}

void crs_give(const struct crs *c, struct wg_crs *p)
{
    size_t i = (size_t)(c - list);
    if (!p)
        return;
    pthread_mutex_lock(&made.lock);
    if (made.count[i] < IDLE) {
        made.idle[i][made.count[i]++] = p;
        p = NULL;
    }
    pthread_mutex_unlock(&made.lock);
    wg_crs_free(p);
}

void crs_free_all(void)
{
    for (size_t i = 0; i < LIST; i++)
        while (made.count[i])
            wg_crs_free(made.idle[i][--made.count[i]]);
}
