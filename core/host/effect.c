/* Effects: what rules decided should happen outside. A row of the outbox is handed to the plugin
 * that takes its kind, and leaves only by a journalled `done`, so it happens at least once; the key
 * is the same at every try. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define IN_FLIGHT_MAX 32
#define RETRY_MS 5000

struct flight {
    struct flight *next;
    struct wg_county *county;
    uint64_t n;
    uint32_t i;
    bool out; /* the plugin has it */
    bool ran; /* it has happened; it stays known until the journal has said so, or the plugin would
                 get it again */
    int tries;
    int64_t after; /* mono ms: not before */
    struct wg_effect_job job;
    char key[64], kind[32], *body;
};
struct effects {
    struct flight *flights;
    size_t count;
};

static const struct wg_effect *effect_of(struct wg_county *c, struct wg_str kind, void **self)
{
    struct wg_host *h = c->host;
    for (size_t p = 0; h->plugins[p]; p++)
        for (const struct wg_effect *e = h->plugins[p]->effects; e && e->kind; e++)
            if (wg_str_is(kind, e->kind)) {
                *self = c->plugin_self[p];
                return e;
            }
    return NULL;
}

static void drop(struct flight *f)
{
    struct effects *fx = f->county->effects;
    for (struct flight **at = &fx->flights; *at; at = &(*at)->next) {
        if (*at != f)
            continue;
        *at = f->next;
        fx->count--;
        break;
    }
    free(f->body);
    free(f);
}

/* The entry may not come to be, on a full disk: then it is said again. */
static void say_done(struct flight *f)
{
    f->after = wg_mono_ms() + RETRY_MS;
    host_done(f->county, f->n, f->i);
}

void wg_effect_done(const struct wg_effect_job *job, int ok, const char *note)
{
    struct flight *f = job->token;
    f->out = false;
    if (ok) {
        f->ran = true;
        say_done(f);
        return;
    }
    f->tries++;
    f->after = wg_mono_ms() + RETRY_MS * (f->tries < 60 ? f->tries : 60);
    wg_log(WG_WARN, "effect", note ? note : "failed", "area", f->county->area, "kind", f->kind,
           "tries", WG_NUM(f->tries), NULL);
}

static struct flight *find(struct effects *fx, uint64_t n, uint32_t i)
{
    for (struct flight *f = fx->flights; f; f = f->next)
        if (f->n == n && f->i == i)
            return f;
    return NULL;
}

/* Take note of rows that have a plugin to go to. */
static int collect(void *arg, uint64_t n, uint32_t i, struct wg_str json)
{
    struct wg_county *c = arg;
    struct effects *fx = c->effects;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j;
    void *self;
    if (fx->count >= IN_FLIGHT_MAX || find(fx, n, i) || !a ||
        wg_json_parse(a, json, &j, NULL) < 0 || !effect_of(c, wg_json_str(j, "k"), &self)) {
        wg_arena_free(a);
        return fx->count >= IN_FLIGHT_MAX;
    }
    struct flight *f = calloc(1, sizeof(*f));
    if (f && (f->body = strndup(json.p, json.n))) {
        f->county = c;
        f->n = n;
        f->i = i;
        snprintf(f->key, sizeof(f->key), "%s-%llu-%u", c->area, (unsigned long long)n, i);
        wg_str_copy(f->kind, sizeof(f->kind), wg_json_str(j, "k"));
        f->job = (struct wg_effect_job){c->area, f->kind, f->key, {f->body, json.n}, f};
        f->next = fx->flights;
        fx->flights = f;
        fx->count++;
    } else {
        free(f);
    }
    wg_arena_free(a);
    return WG_OK;
}

struct standing {
    struct effects *fx;
    bool there;
    uint64_t n;
    uint32_t i;
};

static int still_there(void *arg, uint64_t n, uint32_t i, struct wg_str json)
{
    struct standing *s = arg;
    (void)json;
    s->there |= n == s->n && i == s->i;
    return n > s->n;
}

void effects_wake(struct wg_county *c)
{
    struct wg_txn *txn;
    struct wg_views *v = wg_desk_views(c->desk);
    bool any = false;
    for (size_t p = 0; c->host->plugins[p]; p++)
        any |= c->host->plugins[p]->effects != NULL;
    if (!any || (!c->effects && !(c->effects = calloc(1, sizeof(*c->effects)))) ||
        reader_begin(c, &txn, NULL) < 0)
        return;
    for (struct flight *f = c->effects->flights, *next; f; f = next) {
        struct standing s = {c->effects, false, f->n, f->i};
        next = f->next;
        if (!f->ran)
            continue;
        wg_view_outbox(v, txn, still_there, &s);
        if (!s.there)
            drop(f);
        else if (f->after <= wg_mono_ms())
            say_done(f);
    }
    wg_view_outbox(v, txn, collect, c);
    reader_end(c);
    for (struct flight *f = c->effects->flights, *next; f; f = next) {
        void *self = NULL;
        const struct wg_effect *e = effect_of(c, wg_str_of(f->kind), &self);
        next = f->next;
        if (f->out || f->ran || !e || f->after > wg_mono_ms())
            continue;
        f->out = true;
        e->run(&f->job, self);
    }
}

void effects_free(struct wg_county *c)
{
    if (!c->effects)
        return;
    while (c->effects->flights)
        drop(c->effects->flights);
    free(c->effects);
    c->effects = NULL;
}
