/** The front door of host: a server of one city. Reads the configuration, opens the counties,
 * serves HTTP, runs jobs and effects, and closes in order. Thread: the one that calls; it becomes
 * the loop. */
#ifndef WG_HOST_H
#define WG_HOST_H

#include "net/net.h"
#include "workshop/workshop.h"

#define WG_AREAS_MAX 64

struct wg_config {
    struct wg_arena *arena;
    struct wg_str data, scripts, standards; /**< folders, NUL-terminated */
    struct wg_str city;                     /**< six digits */
    struct wg_str area[WG_AREAS_MAX];       /**< the city first, then its counties */
    size_t areas;
    struct wg_str host;
    int port;
    bool dev; /**< watch the scripts and take them over as they are saved */
    size_t map_bytes, segment_bytes;
    int64_t session_ms;
    uint64_t upload_max[WG_MEDIA_KINDS]; /**< bytes of one */
    int64_t uploads_per_hour;            /**< of one account */
    int64_t blob_keep_ms;                /**< what nobody named is swept after so long */
    struct wg_str plugin[16];            /**< shared objects to load */
    struct wg_str plugin_config[16];     /**< JSON of each */
    size_t plugins;
};
/** Read a file that returns a Lua table:
 *   return { data = "var/demo", listen = "127.0.0.1:12319", city = "341800", counties = { "341824"
 * }, scripts = "scripts", standards = "standards", dev = false, map_gb = 64, segment_mb = 32,
 * session_hours = 12, uploads = { photo_mb = 20, sound_mb = 50, video_mb = 200, data_mb = 64,
 * per_hour = 1000, keep_days = 7 }, plugins = { { path = "x.so", config = {} } } } Relative paths
 * are the file's. It gets no functions. Errors: WG_EINVAL (which key, what would be right),
 * WG_ENOENT. */
int wg_config_read(const char *path, struct wg_config *out, struct wg_err *err);
void wg_config_done(struct wg_config *c);
/** The plugins of a configuration: shared objects, loaded and checked. Whatever comes back, unload
 * what was loaded. Errors: WG_EINVAL (which, why). */
struct wg_plugins {
    const struct wg_plugin *table[17]; /**< NULL-ended */
    void *handle[16];
};
int wg_plugins_load(const struct wg_config *c, struct wg_plugins *out, struct wg_err *err);
void wg_plugins_unload(struct wg_plugins *p);
/** Options for one area's desk, for tools; texts live in c. */
void wg_config_desk(const struct wg_config *c, size_t i, struct wg_desk_opts *out, char dir[1024]);

/** Make an account before there is anyone to ask: the folder must not be served. Errors: WG_EBUSY,
 * WG_EEXIST, WG_EINVAL. */
int wg_host_first_admin(const struct wg_config *c, const char *area, const char *user,
                        struct wg_str password, struct wg_err *err);

struct wg_host;
/** Opens everything and listens. ready(arg, port) when requests are answered. Runs until SIGINT or
 * SIGTERM, or wg_host_stop. Errors: what the parts say. */
int wg_host_run(const struct wg_config *c, void (*ready)(void *arg, int port), void *arg,
                struct wg_err *err);

/** The routes as an OpenAPI 3.1 document. */
void wg_host_openapi(struct wg_buf *out);

#endif
