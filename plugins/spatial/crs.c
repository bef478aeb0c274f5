/* Coordinate systems at the edge: which there are where the data lie, what they are called, how
 * their axes go (PROJ's database says all three), and a few made ones at hand, since making one
 * takes PROJ milliseconds. GCJ-02 and BD-09 have no place in OGC's register: they go by URNs of
 * ours and stand in no list, since clients look up what they find there. */
#include "spatial.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define IDLE 8 /* of each, kept made */
#define LIST_MAX 48
#define STEP                                                                             \
    1000000 /* a tenth of a degree: an edition that grows a little asks PROJ nothing new \
             */

#define EPSG "http://www.opengis.net/def/crs/EPSG/0/"

/* A system and its made ones. The first member is what others see. */
struct held {
    struct crs crs;
    struct wg_crs *idle[IDLE];
    int count;
    struct held *next;
};

struct systems {
    struct wg_box box;
    size_t count;
    const struct crs *crs[LIST_MAX + 1];
    struct systems *next;
};

static struct {
    pthread_mutex_t lock;
    struct held crs84, gcj02, bd09, *more;
    struct systems *lists;
} all = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .crs84 = {.crs = {"http://www.opengis.net/def/crs/OGC/1.3/CRS84", 0, 7, false, true}},
    .gcj02 = {.crs = {"urn:x-wangge:crs:GCJ-02", WG_GCJ02, 7, false, false}},
    .bd09 = {.crs = {"urn:x-wangge:crs:BD-09", WG_BD09, 7, false, false}},
};

/* ---- lists ---- */

static int32_t floor_step(int32_t v)
{
    int32_t down = v / STEP * STEP;
    return down > v ? down - STEP : down;
}

/* Widened to whole steps. A box of nothing stays one. */
static struct wg_box widened(struct wg_box b)
{
    if (b.west > b.east)
        return (struct wg_box){0, 0, -1, -1};
    return (struct wg_box){floor_step(b.west), floor_step(b.south), -floor_step(-b.east),
                           -floor_step(-b.north)};
}

/* Locked. */
static const struct systems *find(struct wg_box box)
{
    const struct systems *s = all.lists;
    while (s && memcmp(&s->box, &box, sizeof(box)) != 0)
        s = s->next;
    return s;
}

const struct systems *systems_found(struct wg_box box)
{
    pthread_mutex_lock(&all.lock);
    const struct systems *s = find(widened(box));
    pthread_mutex_unlock(&all.lock);
    return s;
}

/* Locked. NULL: no memory. */
static const struct crs *held_of(const struct wg_system *w)
{
    struct held *h = all.more;
    while (h && h->crs.epsg != w->epsg)
        h = h->next;
    if (h || !(h = calloc(1, sizeof(*h))))
        return h ? &h->crs : NULL;
    h->crs = (struct crs){.epsg = w->epsg,
                          .digits = w->degrees ? 7 : 3,
                          .north1 = w->north1,
                          .degrees = w->epsg == 4490 || w->epsg == 4326};
    snprintf(h->crs.uri, sizeof(h->crs.uri), EPSG "%d", w->epsg);
    h->next = all.more;
    all.more = h;
    return &h->crs;
}

const struct systems *systems_make(struct wg_box box)
{
    struct wg_system list[LIST_MAX];
    struct wg_box wide = widened(box);
    const struct systems *there = systems_found(box);
    struct systems *s = there ? NULL : calloc(1, sizeof(*s));
    size_t n = 0;
    if (there || !s || wg_crs_list(wide, list, LIST_MAX, &n) < 0) {
        free(s);
        return there;
    }
    s->box = wide;
    s->crs[s->count++] = &all.crs84.crs;
    pthread_mutex_lock(&all.lock);
    for (size_t i = 0; i < n; i++)
        if ((s->crs[s->count] = held_of(&list[i])))
            s->count++;
    if ((there = find(wide))) { /* another was quicker */
        free(s);
    } else {
        s->next = all.lists;
        there = all.lists = s;
    }
    pthread_mutex_unlock(&all.lock);
    return there;
}

const struct crs *crs_at(const struct systems *s, size_t i)
{
    if (!s)
        return i ? NULL : &all.crs84.crs;
    return i < s->count ? s->crs[i] : NULL;
}

/* ---- names ---- */

static bool cut(struct wg_str *s, const char *front)
{
    size_t n = strlen(front);
    if (s->n < n || memcmp(s->p, front, n) != 0)
        return false;
    *s = (struct wg_str){s->p + n, s->n - n};
    return true;
}

/* A URI, a URN, a safe CURIE, or what people write. */
const struct crs *crs_find(const struct systems *systems, struct wg_str s)
{
    int64_t code;
    if (wg_str_is(s, all.gcj02.crs.uri))
        return &all.gcj02.crs;
    if (wg_str_is(s, all.bd09.crs.uri))
        return &all.bd09.crs;
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct wg_str){s.p + 1, s.n - 2};
    if (cut(&s, "http://www.opengis.net/def/crs/") || cut(&s, "https://www.opengis.net/def/crs/")) {
        if (wg_str_is(s, "OGC/1.3/CRS84") || wg_str_is(s, "OGC/0/CRS84"))
            return &all.crs84.crs;
        if (!cut(&s, "EPSG/0/"))
            return NULL;
    } else if (cut(&s, "urn:ogc:def:crs:")) {
        if (wg_str_is(s, "OGC:1.3:CRS84") || wg_str_is(s, "OGC::CRS84"))
            return &all.crs84.crs;
        if (!cut(&s, "EPSG::"))
            return NULL;
    } else if (wg_str_is(s, "OGC:CRS84") || wg_str_is(s, "CRS84")) {
        return &all.crs84.crs;
    } else if (!cut(&s, "EPSG:")) {
        return NULL;
    }
    if (wg_str_int(s, &code) < 0)
        return NULL;
    const struct crs *c = crs_at(systems, 0);
    for (size_t i = 1; c && ((c = crs_at(systems, i)) != NULL); i++)
        if (c->epsg == code)
            break;
    return c;
}

/* ---- made ones ---- */

struct wg_crs *crs_take(const struct crs *c)
{
    struct held *h = (struct held *)c;
    struct wg_crs *p = NULL;
    if (c->degrees)
        return NULL;
    pthread_mutex_lock(&all.lock);
    if (h->count)
        p = h->idle[--h->count];
    pthread_mutex_unlock(&all.lock);
    return p || wg_crs_new(c->epsg, &p, NULL) == WG_OK ? p : NULL;
}

void crs_give(const struct crs *c, struct wg_crs *p)
{
    struct held *h = (struct held *)c;
    if (!p)
        return;
    pthread_mutex_lock(&all.lock);
    if (h->count < IDLE) {
        h->idle[h->count++] = p;
        p = NULL;
    }
    pthread_mutex_unlock(&all.lock);
    wg_crs_free(p);
}

static void free_idle(struct held *h)
{
    while (h->count)
        wg_crs_free(h->idle[--h->count]);
}

void crs_free_all(void)
{
    free_idle(&all.gcj02);
    free_idle(&all.bd09);
    for (struct held *h = all.more, *next; h; h = next) {
        next = h->next;
        free_idle(h);
        free(h);
    }
    for (struct systems *s = all.lists, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    all.more = NULL;
    all.lists = NULL;
}
