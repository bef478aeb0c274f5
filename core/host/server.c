/* The server's life: lock, open, listen, run, drain, close. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DRAIN_MS 10000
#define TICK_MS 1000

static int add_routes(struct wg_host *h, struct wg_err *err)
{
    if (!(h->router = wg_router_new()))
        return wg_fail(err, WG_ENOMEM, "no memory for routes");
    for (size_t i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        struct wg_http_route route = {
            r->method,   r->pattern, handle_row, h, r->flags & ROW_SPOOL ? WG_HTTP_SPOOL : 0,
            r->body_max, r};
        for (int k = 0; r->handle == put_blob && k < WG_MEDIA_KINDS; k++)
            if (route.body_max < h->config->upload_max[k])
                route.body_max = h->config->upload_max[k];
        int rc = wg_router_add(h->router, &route, err);
        if (rc < 0)
            return rc;
    }
    return plugins_route(h, err);
}

static int read_calendar(struct wg_host *h, struct wg_err *err)
{
    char path[1200];
    struct wg_buf b = WG_BUF_INIT;
    snprintf(path, sizeof(path), "%s/calendar.json", h->config->standards.p);
    int rc = wg_file_read(path, 1 << 20, &b, err);
    if (rc == WG_OK)
        h->calendar = b.p; /* NUL-terminated; ours now */
    else
        wg_buf_free(&b);
    return rc;
}

/* ---- ticks: scripts in dev, heartbeats, the search index, effects to try again, nightly jobs at
 * three ---- */

static void tick(void *arg)
{
    struct wg_host *h = arg;
    int64_t into, day = wg_local_day(wg_now_ms(), &into);
    h->ticks++;
    for (size_t i = 0; i < h->counties; i++) {
        struct wg_county *c = h->county[i];
        if (h->config->dev)
            county_watch(c);
        if (h->ticks % 15 == 0)
            feeds_beat(c);
        rules_tick(c);
        county_index(c);
        county_woken(c); /* time's own entries come without a command of ours */
    }
    if (into / WG_HOUR_MS == 3 && h->night != day) {
        h->night = day;
        county_night(h->city); /* and then the next */
    }
}

/* ---- the end ---- */

/* All is answered. Jobs and desks end, and what they hand back is taken, before the loop lets go of
 * its doorbell. */
static void stop_all(struct wg_host *h)
{
    for (size_t i = 0; i < h->counties; i++)
        jobs_stop(h->county[i]);
    jobs_close(h);
    for (size_t i = 0; i < h->counties; i++)
        wg_desk_stop(h->county[i]->desk);
    if (h->results)
        take_results(h);
    wg_timer_stop(h->tick);
    h->tick = NULL;
    wg_bell_free(h->bell);
    h->bell = NULL;
}

static void drained(void *arg)
{
    struct wg_host *h = arg;
    stop_all(h);
    wg_loop_stop(h->loop);
}

static void on_signal(void *arg, int signal)
{
    struct wg_host *h = arg;
    if (h->draining)
        return;
    h->draining = true;
    wg_log(WG_INFO, "host", "closing", "signal", WG_NUM(signal), NULL);
    wg_http_drain(h->http, DRAIN_MS, drained, h);
}

static void close_all(struct wg_host *h)
{
    stop_all(h); /* again: opening may have failed half way */
    wg_http_free(h->http);
    for (size_t i = 0; i < h->counties; i++)
        county_close(h->county[i]);
    wg_plugins_unload(&h->loaded);
    wg_queue_free(h->results);
    wg_router_free(h->router);
    sessions_free(h);
    senders_free(h);
    tasks_free(h);
    if (h->loop)
        wg_loop_free(h->loop);
    free(h->calendar);
    if (h->lock_fd >= 0)
        close(h->lock_fd);
    free(h);
}

static int open_counties(struct wg_host *h, struct wg_err *err)
{
    int rc = WG_OK;
    for (size_t i = 0; rc == WG_OK && i < h->config->areas; i++) {
        rc = county_open(h, h->config->area[i], &h->county[i], err);
        if (rc == WG_OK)
            h->counties++;
    }
    if (rc < 0)
        return rc;
    h->city = h->county[0];
    return counties_share_outlines(h, err);
}

static int open_all(struct wg_host *h, struct wg_err *err)
{
    struct wg_http_limits limits = {.spool_dir = h->spool};
    int rc;
    snprintf(h->spool, sizeof(h->spool), "%s/spool", h->config->data.p);
    if ((rc = wg_dir_make(h->config->data.p, err)) < 0 || (rc = wg_dir_make(h->spool, err)) < 0 ||
        (rc = wg_dir_lock(h->config->data.p, &h->lock_fd, err)) < 0 ||
        (rc = read_calendar(h, err)) < 0 || (rc = wg_loop_new(&h->loop, err)) < 0)
        return rc;
    h->results = wg_queue_new(0);
    if (!h->results || wg_bell_new(h->loop, take_results, h, &h->bell) < 0)
        return wg_fail(err, WG_ENOMEM, "no memory for results");
    if ((rc = jobs_open(h, err)) < 0 || (rc = wg_plugins_load(h->config, &h->loaded, err)) < 0 ||
        (rc = open_counties(h, err)) < 0 || (rc = add_routes(h, err)) < 0 ||
        (rc = wg_loop_on_signal(h->loop, on_signal, h)) < 0)
        return rc;
    rc = wg_http_listen(h->loop, h->config->host.p, h->config->port, h->router, &limits,
                        before_request, h, &h->http, err);
    if (rc == WG_OK)
        h->tick = wg_timer_start(h->loop, TICK_MS, TICK_MS, tick, h);
    return rc;
}

int wg_host_run(const struct wg_config *c, void (*ready)(void *arg, int port), void *arg,
                struct wg_err *err)
{
    struct wg_host *h = calloc(1, sizeof(*h));
    if (!h)
        return wg_fail(err, WG_ENOMEM, "no memory for a server");
    h->config = c;
    h->lock_fd = -1;
    h->plugins = h->loaded.table;
    h->started_ms = wg_mono_ms();
    int rc = open_all(h, err);
    if (rc == WG_OK) {
        wg_log(WG_INFO, "host", "serving", "port", WG_NUM(wg_http_port(h->http)), "areas",
               WG_NUM(h->counties), "ms", WG_NUM(wg_mono_ms() - h->started_ms), NULL);
        if (ready)
            ready(arg, wg_http_port(h->http));
        rc = wg_loop_run(h->loop);
    }
    close_all(h);
    return rc;
}

/* ---- the first account ---- */

int wg_host_first_admin(const struct wg_config *c, const char *area, const char *user,
                        struct wg_str password, struct wg_err *err)
{
    struct wg_desk_opts opts;
    struct wg_desk *d = NULL;
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    char dir[1024], hash[128];
    size_t i = 0;
    int lock = -1, rc = WG_OK;
    while (i < c->areas && !wg_str_is(c->area[i], area))
        i++;
    if (i == c->areas)
        rc = wg_fail(err, WG_EINVAL, "%s is no area of the configuration", area);
    else if (password.n < 8)
        rc = wg_fail(err, WG_EINVAL, "the password must have 8 bytes and more");
    if (rc < 0 || (rc = wg_dir_make(c->data.p, err)) < 0 ||
        (rc = wg_dir_lock(c->data.p, &lock, err)) < 0)
        goto out;
    wg_config_desk(c, i, &opts, dir);
    if ((rc = wg_desk_open(&opts, &d, err)) < 0 || (rc = hash_password(password, hash)) < 0)
        goto out;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "id", wg_str_of(user));
    wg_json_kstr(&b, "name", WG_S("管理员"));
    wg_buf_lit(&b, ",\"roles\":[\"admin\"],\"unit\":null}");
    struct wg_cmd cmd = {.arena = a,
                         .act = WG_S("keep"),
                         .kind = WG_S("user"),
                         .name = wg_str_of(user),
                         .value = wg_arena_str(a, wg_buf_str(&b)),
                         .must_be_new = true,
                         .if_match = -1,
                         .actor = {WG_S("system"), {NULL, 0}, WG_SYSTEM},
                         .secret = {{WG_S("hash"), wg_str_of(hash)}},
                         .secrets = 1};
    wg_desk_batch(d, &cmd);
    rc = cmd.rc;
    if (rc < 0)
        *err = cmd.err;
out:
    wg_desk_close(d);
    wg_buf_free(&b);
    wg_arena_free(a);
    if (lock >= 0)
        close(lock);
    return rc;
}
