/* Counties: opened, given their first rules, watched where the configuration says so, closed. */
#include "release.h"

#include <stdio.h>
#include <stdlib.h>

static int read_bundle(struct wg_host *h, const char *area, struct wg_bundle **out,
                       struct wg_err *err)
{
    return wg_bundle_read(h->config->scripts.p, h->config->standards.p, h->config->city.p, area,
                          out, err);
}

/* The bundle as a blob, and the two records: where each revision lies, and which is in force. */
static int keep_bundle(struct wg_county *c, struct wg_bundle *bundle, struct wg_str *value,
                       struct wg_arena *a, struct wg_err *err)
{
    struct wg_buf text = WG_BUF_INIT, b = WG_BUF_INIT;
    char dir[1100], name[WG_BLOB_NAME + 1];
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(c->desk));
    wg_bundle_json(bundle, &text);
    struct wg_bundle *base = NULL;
    int rc = wg_buf_ok(&text) ? wg_blob_put(dir, wg_buf_str(&text), name, err) : WG_ENOMEM;
    if (rc == WG_OK && (rc = wg_bundle_base(bundle, &base, err)) == WG_OK) {
        wg_buf_char(&b, '{');
        wg_json_kstr(&b, "rev", wg_str_of(wg_bundle_rev(bundle)));
        wg_json_kstr(&b, "base", wg_str_of(wg_bundle_rev(base)));
        wg_json_kstr(&b, "blob", wg_str_of(name));
        wg_json_kint(&b, "files", (int64_t)wg_bundle_files(bundle));
        wg_buf_char(&b, '}');
        *value = wg_arena_str(a, wg_buf_str(&b));
    }
    wg_bundle_drop(base);
    wg_buf_free(&text);
    wg_buf_free(&b);
    return rc;
}

/* A county that has no rules yet gets those of the scripts. */
static int first_rules(struct wg_county *c, struct wg_err *err)
{
    struct wg_force *f = wg_desk_force(c->desk);
    bool has = f->pack != NULL;
    struct wg_bundle *bundle = NULL;
    struct wg_rules *rules = NULL;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_str value;
    int rc = WG_OK;
    wg_force_drop(f);
    if (has || (rc = read_bundle(c->host, c->area, &bundle, err)) < 0)
        goto out;
    if ((rc = wg_rules_new(bundle, NULL, c->host->plugins, &rules, err)) < 0 ||
        (rc = keep_bundle(c, bundle, &value, a, err)) < 0)
        goto out;
    struct wg_cmd now = wg_cmd_keep(a, "rules", "now", value);
    now.bundle = bundle;
    now.rules = rules;
    wg_desk_batch(c->desk, &now);
    rules = now.rules; /* what the desk did not take */
    rc = now.rc;
    if (rc < 0)
        *err = now.err;
out:
    wg_rules_free(rules);
    wg_bundle_drop(bundle);
    wg_arena_free(a);
    return rc;
}

/* Only a view, and searches do without: no reason not to serve. */
static void open_search(struct wg_county *c)
{
    struct wg_err err;
    if (!c->is_city && wg_search_open(wg_desk_dir(c->desk), wg_desk_views(c->desk),
                                      wg_desk_journal(c->desk), &c->search, &err) < 0)
        wg_log(WG_ERROR, "search", err.text, "area", c->area, NULL);
}

int county_open(struct wg_host *h, struct wg_str area, struct wg_county **out, struct wg_err *err)
{
    struct wg_county *c = calloc(1, sizeof(*c));
    struct wg_desk_opts opts;
    char dir[1024];
    int rc;
    *out = NULL;
    if (!c)
        return wg_fail(err, WG_ENOMEM, "no memory for a county");
    c->host = h;
    c->index = h->counties;
    c->is_city = wg_str_eq(area, h->config->city);
    snprintf(c->area, sizeof(c->area), "%.*s", WG_PRI(area));
    wg_config_desk(h->config, c->index, &opts, dir);
    opts.plugins = h->plugins;
    opts.calendar = h->calendar;
    c->live = live_new();
    rc = c->live ? wg_desk_open(&opts, &c->desk, err)
                 : wg_fail(err, WG_ENOMEM, "no memory for a county");
    if (rc == WG_OK)
        rc = first_rules(c, err);
    if (rc == WG_OK)
        rc = plugins_open(c, err);
    if (rc == WG_OK) {
        open_search(c);
        rc = wg_desk_start(c->desk, err);
    }
    if (rc == WG_OK)
        rc = jobs_start(c, err);
    if (rc < 0) {
        char why[640];
        snprintf(why, sizeof(why), "%s", err->text);
        wg_fail(err, rc, "%s: %s", c->area, why);
        county_close(c);
        return rc;
    }
    *out = c;
    return WG_OK;
}

void county_close(struct wg_county *c)
{
    if (!c)
        return;
    effects_free(c);
    carries_free(c);
    wg_txn_abort(c->reader);
    wg_desk_stop(c->desk);
    wg_search_close(c->search);
    past_free(c);
    wg_buf_free(&c->quality);
    topologies_free(c);
    wg_force_drop(c->judged);
    wg_desk_close(c->desk);
    plugins_close(c);
    live_free(c->live);
    free(c);
}

/* Every county knows the city's outlines, to say where a place outside lies. */
int counties_share_outlines(struct wg_host *h, struct wg_err *err)
{
    struct wg_force *f = wg_desk_force(h->city->desk);
    struct wg_layer *outlines = f->ground->layer[WG_COUNTIES];
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && outlines && i < h->counties; i++) {
        struct wg_force *g = wg_desk_force(h->county[i]->desk);
        if (g->ground->counties != outlines)
            rc = wg_desk_set_counties(h->county[i]->desk, outlines, err);
        wg_force_drop(g);
    }
    wg_force_drop(f);
    return rc;
}

/* ---- dev: scripts are taken over as they are saved ---- */

struct reload {
    struct job job;
    struct wg_county *county;
    struct wg_bundle *bundle;
    struct wg_rules *rules;
    bool leave;     /* only look */
    char seen[128]; /* the folder's revision, or why it can't be read */
    struct wg_arena *arena;
    struct wg_str value;
    struct wg_err err;
    int rc;
};

/* As a draft is tried, on the job's thread; the first fault is what is told. */
static int try_all(struct reload *r)
{
    struct wg_county *c = r->county;
    struct wg_force *f = wg_desk_force(c->desk);
    struct wg_trial t = {.bundle = r->bundle,
                         .plugins = c->host->plugins,
                         .calendar = c->host->calendar,
                         .ground = f->ground,
                         .desk = c->desk,
                         .in_force = f->pack,
                         .dev = true,
                         .now_ms = wg_now_ms()};
    int rc = WG_OK;
    for (int step = 0; rc == WG_OK && step < WG_TRIAL_STEPS; step++) {
        rc = wg_trial_step(&t, step, &r->err);
        if (rc == WG_OK && !t.result[step].ok)
            rc = wg_trial_fault(&t, step, &r->err);
    }
    if (rc == WG_OK) {
        r->rules = t.rules;
        t.rules = NULL;
    }
    wg_trial_done(&t);
    wg_force_drop(f);
    return rc;
}

/* Is what is in force the work of people, and not of this folder? */
static bool is_signed(struct wg_county *c)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *j = NULL;
    rules_now(c, &b);
    bool yes = a && wg_json_parse(a, wg_arena_str(a, wg_buf_str(&b)), &j, NULL) == WG_OK &&
               wg_json_get(j, "author");
    wg_buf_free(&b);
    wg_arena_free(a);
    return yes;
}

static void reload_run(struct job *job)
{
    struct reload *r = (struct reload *)job;
    struct wg_county *c = r->county;
    struct wg_force *f = wg_desk_force(c->desk);
    r->rc = read_bundle(c->host, c->area, &r->bundle, &r->err);
    snprintf(r->seen, sizeof(r->seen), "%.127s",
             r->bundle ? wg_bundle_rev(r->bundle) : r->err.text);
    bool new = strcmp(r->seen, c->watched) != 0 && !r->leave &&
               !(f->pack && strcmp(f->pack->rev, r->seen) == 0);
    wg_force_drop(f);
    if (new && r->rc == WG_OK && (r->rc = try_all(r)) == WG_OK)
        r->rc = keep_bundle(c, r->bundle, &r->value, r->arena, &r->err);
}

static void reload_done(struct job *job)
{
    struct reload *r = (struct reload *)job;
    struct wg_county *c = r->county;
    c->reloading = false;
    if (r->rc < 0 && strcmp(c->watched, r->seen) != 0) /* told once */
        wg_log(WG_ERROR, "rules", r->err.text, "area", c->area, NULL);
    snprintf(c->watched, sizeof(c->watched), "%s", r->seen);
    if (r->rc == WG_OK && r->value.n) {
        struct wg_arena *a = wg_arena_new(0);
        wg_log(WG_INFO, "rules", "taken over", "area", c->area, "rev", r->seen, NULL);
        host_release(c, a, wg_arena_str(a, r->value), r->bundle, r->rules);
        r->rules = NULL;
    }
    rules_free_later(c, r->rules);
    wg_bundle_drop(r->bundle);
    wg_arena_free(r->arena);
    free(r);
}

/* What people released stays until somebody saves a file again. */
void county_watch(struct wg_county *c)
{
    struct reload *r = c->reloading ? NULL : calloc(1, sizeof(*r));
    if (!r)
        return;
    r->county = c;
    r->arena = wg_arena_new(0);
    r->leave = !c->watched[0] && is_signed(c);
    r->job.run = reload_run;
    r->job.done = reload_done;
    c->reloading = job_submit(c, &r->job) == WG_OK;
    if (!c->reloading) {
        wg_arena_free(r->arena);
        free(r);
    }
}

void county_woken(struct wg_county *c)
{
    feed_wake(c);
    effects_wake(c);
    carries_wake(c);
}

/* ---- at night: a copy of the views, a sweep of the blobs ---- */

struct night {
    struct job job;
    struct wg_county *county;
};

static void night_run(struct job *job)
{
    struct night *n = (struct night *)job;
    char dir[1100];
    struct wg_err err;
    snprintf(dir, sizeof(dir), "%s/copy", wg_desk_dir(n->county->desk));
    if (wg_env_copy(wg_views_env(wg_desk_views(n->county->desk)), dir, &err) < 0)
        wg_log(WG_ERROR, "jobs", err.text, "area", n->county->area, NULL);
    else
        wg_log(WG_INFO, "jobs", "views copied", "area", n->county->area, NULL);
    blobs_sweep(n->county);
}

/* One after the other: the disk has the whole night. */
static void night_done(struct job *job)
{
    struct wg_county *c = ((struct night *)job)->county;
    free(job);
    if (c->index + 1 < c->host->counties && !c->host->draining)
        county_night(c->host->county[c->index + 1]);
}

void county_night(struct wg_county *c)
{
    struct night *n = calloc(1, sizeof(*n));
    if (!n)
        return;
    n->county = c;
    n->job.run = night_run;
    n->job.done = night_done;
    if (job_submit(c, &n->job) < 0) /* it has enough to do already: the next one */
        night_done(&n->job);
}

/* ---- the search index, a piece a job, so that others get their turn ---- */

struct indexing {
    struct job job;
    struct wg_county *county;
    bool more;
    int rc;
};

static void index_run(struct job *job)
{
    struct indexing *x = (struct indexing *)job;
    struct wg_err err;
    x->rc = wg_search_work(x->county->search, &x->more, &err);
    if (x->rc < 0)
        wg_log(WG_ERROR, "search", err.text, "area", x->county->area, NULL);
}

static void index_done(struct job *job)
{
    struct indexing *x = (struct indexing *)job;
    struct wg_county *c = x->county;
    c->indexing = false;
    if (x->more && !c->host->draining)
        county_index(c);
    free(x);
}

void county_index(struct wg_county *c)
{
    struct wg_search_state state;
    struct indexing *x;
    if (!c->search || c->indexing)
        return;
    wg_search_state(c->search, &state);
    if (state.idle || !(x = calloc(1, sizeof(*x))))
        return;
    x->county = c;
    x->job.run = index_run;
    x->job.done = index_done;
    c->indexing = job_submit(c, &x->job) == WG_OK;
    if (!c->indexing)
        free(x);
}
