/* Plugins: shared objects with one const table each, loaded before the counties open. */
#include "inside.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int check(const struct wg_plugin *p, const char *path, struct wg_err *err)
{
    if (!p)
        return wg_fail(err, WG_EINVAL,
                       "plugin %s: exports no table wg_plugin (WG_PLUGIN makes one)", path);
    if (p->abi != WG_ABI)
        return wg_fail(err, WG_EINVAL,
                       "plugin %s: made for ABI %u, this server has %u; build it again", path,
                       p->abi, WG_ABI);
    if (!p->name || !p->name[0] || !p->brief || !p->brief[0])
        return wg_fail(err, WG_EINVAL, "plugin %s: needs a name and a brief", path);
    const struct wg_route *const lists[] = {p->routes, p->pages};
    for (int k = 0; k < 2; k++)
        for (const struct wg_route *r = lists[k]; r && r->method; r++)
            if (!r->path || (r->path[0] && r->path[0] != '/') || !r->handle || !r->brief ||
                !r->brief[0])
                return wg_fail(err, WG_EINVAL,
                               "plugin %s: route %s: needs a path, a handler and a brief", p->name,
                               r->path ? r->path : "?");
    if (p->pages && (!p->root || p->root[0] != '/' || !strstr(p->root, "/{area}")))
        return wg_fail(err, WG_EINVAL, "plugin %s: its pages need a root with /{area} in it",
                       p->name);
    for (const struct wg_luafn *f = p->lua; f && f->name; f++)
        if (!f->call || !f->usage || !f->usage[0] || !f->brief || !f->brief[0])
            return wg_fail(err, WG_EINVAL,
                           "plugin %s: function %s: needs a call, a usage and a brief", p->name,
                           f->name);
    return WG_OK;
}

int wg_plugins_load(const struct wg_config *c, struct wg_plugins *out, struct wg_err *err)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < c->plugins; i++) {
        const char *path = c->plugin[i].p;
        out->handle[i] = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!out->handle[i])
            return wg_fail(err, WG_EINVAL, "plugin: %s", dlerror());
        const struct wg_plugin *p = dlsym(out->handle[i], "wg_plugin");
        int rc = check(p, path, err);
        if (rc < 0)
            return rc;
        out->table[i] = p;
    }
    return WG_OK;
}

void wg_plugins_unload(struct wg_plugins *p)
{
    for (size_t i = 0; i < sizeof(p->handle) / sizeof(p->handle[0]); i++)
        if (p->handle[i])
            dlclose(p->handle[i]);
}

int plugins_open(struct wg_county *c, struct wg_err *err)
{
    struct wg_host *h = c->host;
    for (size_t i = 0; h->plugins[i]; i++) {
        const struct wg_plugin *p = h->plugins[i];
        int rc = p->open ? p->open(c, h->config->plugin_config[i], &c->plugin_self[i], err) : WG_OK;
        if (rc < 0)
            return rc;
    }
    return WG_OK;
}

void plugins_close(struct wg_county *c)
{
    for (size_t i = 0; c->host->plugins[i]; i++) {
        if (c->host->plugins[i]->close)
            c->host->plugins[i]->close(c->plugin_self[i]);
        c->plugin_self[i] = NULL;
    }
}

/* ---- routes ---- */

struct plugin_route {
    struct row row;
    const struct wg_route *route;
    size_t plugin;
    char pattern[160];
};

static void plugin_handle(struct call *call)
{
    const struct plugin_route *p = (const struct plugin_route *)call->row;
    p->route->handle(call->req, call->county->plugin_self[p->plugin]);
}

static int method_of(const char *name)
{
    return strcmp(name, "GET") == 0       ? WG_METHOD_GET
           : strcmp(name, "POST") == 0    ? WG_METHOD_POST
           : strcmp(name, "PUT") == 0     ? WG_METHOD_PUT
           : strcmp(name, "PATCH") == 0   ? WG_METHOD_PATCH
           : strcmp(name, "DELETE") == 0  ? WG_METHOD_DELETE
           : strcmp(name, "OPTIONS") == 0 ? WG_METHOD_OPTIONS
                                          : 0;
}

static int add_route(struct wg_host *h, size_t plugin, const struct wg_route *r, const char *root,
                     unsigned flags, struct wg_err *err)
{
    struct plugin_route *p = wg_arena_alloc(h->config->arena, sizeof(*p));
    if (!p)
        return wg_fail(err, WG_ENOMEM, "no memory for a route");
    snprintf(p->pattern, sizeof(p->pattern), "%s%s", root, r->path);
    p->route = r;
    p->plugin = plugin;
    p->row = (struct row){.method = method_of(r->method),
                          .pattern = p->pattern,
                          .handle = plugin_handle,
                          .summary = r->brief,
                          .answer = "Any",
                          .flags = flags,
                          .more = h->plugin_rows};
    struct wg_http_route http = {p->row.method, p->pattern, handle_row, h, 0, 0, &p->row};
    h->plugin_rows = &p->row;
    return p->row.method ? wg_router_add(h->router, &http, err)
                         : wg_fail(err, WG_EINVAL, "plugin %s: %s is no method",
                                   h->plugins[plugin]->name, r->method);
}

int plugins_route(struct wg_host *h, struct wg_err *err)
{
    int rc = WG_OK;
    for (size_t i = 0; h->plugins[i]; i++) {
        const struct wg_plugin *p = h->plugins[i];
        for (const struct wg_route *r = p->routes; rc == WG_OK && r && r->method; r++)
            rc = add_route(h, i, r, "/v1/{area}", 0, err);
        for (const struct wg_route *r = p->pages; rc == WG_OK && r && r->method; r++)
            rc = add_route(h, i, r, p->root, ROW_PUBLIC, err);
    }
    return rc;
}

/* ---- what a plugin may ask of its county ---- */

size_t wg_county_span(struct wg_county *county, struct wg_county **out, size_t cap)
{
    struct wg_host *h = county->host;
    size_t n = 0;
    for (size_t i = 0; i < h->counties && n < cap; i++)
        if (county->is_city ? !h->county[i]->is_city : h->county[i] == county)
            out[n++] = h->county[i];
    return n;
}

int wg_county_pool(struct wg_county *county, void (*work)(void *arg), void (*done)(void *arg),
                   void *arg)
{
    return wg_pool_run(county->host->loop, work, done, arg);
}

struct wg_ground *wg_county_ground(struct wg_county *county)
{
    struct wg_force *f = wg_desk_force(county->desk);
    struct wg_ground *g = wg_ground_keep(f->ground);
    wg_force_drop(f);
    return g;
}

uint32_t wg_role_of(struct wg_str name)
{
    return wg_role_parse(name);
}

struct wg_str wg_county_map(struct wg_county *county, struct wg_arena *a)
{
    struct wg_force *f = wg_desk_force(county->desk);
    struct wg_str map = wg_arena_str(a, f->pack ? f->pack->map : WG_S("{}"));
    wg_force_drop(f);
    return map;
}

const char *wg_county_area(const struct wg_county *county)
{
    return county->area;
}

void wg_plugin_log(const char *level, const char *plugin, const char *text)
{
    enum wg_level l = strcmp(level, "error") == 0  ? WG_ERROR
                      : strcmp(level, "warn") == 0 ? WG_WARN
                                                   : WG_INFO;
    wg_log(l, plugin, text, NULL);
}
