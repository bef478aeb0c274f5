/* What the offline commands share, and replay: on a data folder whose server is stopped. The folder
 * is locked as the server locks it. */
#include "wangge.h"

#include <stdlib.h>
#include <unistd.h>

enum { REPLAY_AUDIT, REPLAY_REBUILD, REPLAY_CONFIG };

void offline_close(struct offline *o)
{
    if (o->lock >= 0)
        close(o->lock);
    wg_plugins_unload(&o->plugins);
    if (o->read)
        wg_config_done(&o->config);
    wg_buf_free(&o->calendar);
}

int offline_open(struct offline *o, struct ctx *c, const char *file, bool lock)
{
    struct wg_err err = {0};
    char path[1200];
    *o = (struct offline){.c = c, .lock = -1, .calendar = WG_BUF_INIT};
    if (!file)
        return misused(c, "-c CONFIG is needed: the server's configuration");
    if (wg_config_read(file, &o->config, &err) < 0)
        return misused(c, "%s", err.text);
    o->read = true;
    if (access(o->config.data.p, F_OK) != 0)
        return misused(c, "there is no data folder %s", o->config.data.p);
    snprintf(path, sizeof(path), "%s/calendar.json", o->config.standards.p);
    if (wg_plugins_load(&o->config, &o->plugins, &err) < 0 ||
        wg_file_read(path, 1 << 20, &o->calendar, &err) < 0 ||
        (lock && wg_dir_lock(o->config.data.p, &o->lock, &err) < 0))
        return failed(REFUSED, "%s", err.text);
    return DONE;
}

bool area_index(const struct offline *o, const char *area, size_t *i)
{
    for (*i = 0; *i < o->config.areas; (*i)++)
        if (wg_str_is(o->config.area[*i], area))
            return true;
    return false;
}

void offline_desk(const struct offline *o, size_t i, struct wg_desk_opts *opts, char dir[1024])
{
    wg_config_desk(&o->config, i, opts, dir);
    opts->calendar = o->calendar.p;
    opts->plugins = o->plugins.table;
}

/* ---- replay ---- */

static void progress(void *arg, uint64_t n, uint64_t last)
{
    struct offline *o = arg;
    fprintf(stderr, "%s: %llu of %llu\n", o->area, (unsigned long long)n, (unsigned long long)last);
}

static void say(void *arg, const char *text)
{
    struct offline *o = arg;
    fprintf(stderr, "%s: ", o->area);
    put_text(stderr, wg_str_of(text));
    fputc('\n', stderr);
}

static int audit(struct offline *o, const struct wg_desk_opts *opts, struct wg_buf *out,
                 struct wg_err *err)
{
    struct wg_audit a;
    int rc = wg_replay_audit(opts, progress, o, &a, err);
    if (rc < 0)
        return rc;
    o->differs |= a.differ > 0 || a.bad_blobs > 0 || a.forged > 0;
    if (!o->c->raw)
        printf("%s: %llu entries, %llu cases, %llu decisions made again, %llu differ, %llu of them "
               "for want of a fact; %llu blobs, %llu missing or changed; %llu releases of rules, "
               "%llu with a "
               "signature that does not fit\n",
               o->area, (unsigned long long)a.entries, (unsigned long long)a.cases,
               (unsigned long long)a.decided, (unsigned long long)a.differ,
               (unsigned long long)a.unknown_facts, (unsigned long long)a.blobs,
               (unsigned long long)a.bad_blobs, (unsigned long long)a.releases,
               (unsigned long long)a.forged);
    if (!o->c->raw && a.first[0])
        printf("  first: %s\n", a.first);
    wg_json_kint(out, "entries", (int64_t)a.entries);
    wg_json_kint(out, "cases", (int64_t)a.cases);
    wg_json_kint(out, "releases", (int64_t)a.releases);
    wg_json_kint(out, "forged", (int64_t)a.forged);
    wg_json_kint(out, "decided", (int64_t)a.decided);
    wg_json_kint(out, "differ", (int64_t)a.differ);
    wg_json_kint(out, "unknown_facts", (int64_t)a.unknown_facts);
    wg_json_kint(out, "blobs", (int64_t)a.blobs);
    wg_json_kint(out, "bad_blobs", (int64_t)a.bad_blobs);
    wg_json_kstr(out, "first", a.first[0] ? wg_str_of(a.first) : (struct wg_str){NULL, 0});
    return WG_OK;
}

static int rebuild(struct offline *o, const struct wg_desk_opts *opts, struct wg_buf *out,
                   struct wg_err *err)
{
    uint64_t entries, differ;
    int rc = wg_replay_rebuild(opts, say, o, &entries, &differ, err);
    if (rc < 0)
        return rc;
    o->differs |= differ > 0;
    if (!o->c->raw)
        printf("%s: %llu entries folded anew, %llu keys of the views differ\n", o->area,
               (unsigned long long)entries, (unsigned long long)differ);
    wg_json_kint(out, "entries", (int64_t)entries);
    wg_json_kint(out, "differ", (int64_t)differ);
    return WG_OK;
}

static int replay_area(struct offline *o, size_t i, struct wg_buf *out)
{
    struct wg_desk_opts opts;
    struct wg_err err = {0};
    char dir[1024];
    offline_desk(o, i, &opts, dir);
    o->area = o->config.area[i].p;
    if (access(dir, F_OK) != 0) /* never opened yet: a replay must not make it */
        return DONE;
    wg_json_sep(out);
    wg_buf_char(out, '{');
    wg_json_kstr(out, "area", o->config.area[i]);
    int rc = o->c->given[REPLAY_AUDIT] ? audit(o, &opts, out, &err) : rebuild(o, &opts, out, &err);
    if (rc < 0)
        wg_json_kstr(out, "error", wg_str_of(err.text));
    wg_buf_char(out, '}');
    fflush(stdout);
    return rc < 0 ? failed(REFUSED, "%s: %s", o->area, err.text) : DONE;
}

int run_replay(struct ctx *c)
{
    struct offline o;
    struct wg_buf out = WG_BUF_INIT;
    size_t i;
    bool broken = false;
    if (!c->given[REPLAY_AUDIT] == !c->given[REPLAY_REBUILD])
        return misused(c, "needs --audit or --rebuild");
    int rc = offline_open(&o, c, opt(c, REPLAY_CONFIG), true);
    for (size_t k = 0; rc == DONE && k < c->count; k++)
        if (!area_index(&o, c->args[k], &i))
            rc = misused(c, "%s is no area of the configuration", c->args[k]);
    if (rc == DONE) {
        /* one broken county does not keep the others from being looked at */
        for (size_t k = 0; k < c->count; k++)
            broken |= area_index(&o, c->args[k], &i) && replay_area(&o, i, &out) != DONE;
        for (size_t k = 0; c->count == 0 && k < o.config.areas; k++)
            broken |= replay_area(&o, k, &out) != DONE;
        if (c->raw)
            printf("{\"areas\":[%.*s]}\n", WG_PRI(wg_buf_str(&out)));
        rc = broken || o.differs ? REFUSED : DONE;
    }
    wg_buf_free(&out);
    offline_close(&o);
    return rc;
}
