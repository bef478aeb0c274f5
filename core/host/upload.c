/* Base data as editions. The body is on disk before we are called; a job makes it durable, reads
 * it, and only a whole good file becomes a command. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct upload {
    struct job job;
    struct call *call;
    struct wg_county *county;
    int fd, collection;
    const char *form;
    char name[WG_BLOB_NAME + 1], dir[1100], path[1400], file[128];
    uint64_t size;
    size_t count;
    struct wg_ground *ground;
    struct wg_layer_faults faults;
    int rc;
    struct wg_err err;
};

static void refuse(struct call *call, int code, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, code, pointer, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

static struct upload *upload_new(struct call *call)
{
    struct upload *u = WG_NEW(call->arena, struct upload);
    if (!u)
        return NULL;
    u->call = call;
    u->county = call->county;
    u->fd = wg_req_spool(call->req, &u->size);
    snprintf(u->dir, sizeof(u->dir), "%s/blobs", wg_desk_dir(call->county->desk));
    return u;
}

static int build(struct upload *u, struct wg_layer **layer, struct wg_table **table)
{
    int rc = wg_edition_build(u->dir, u->collection, wg_str_of(u->name), wg_str_of(u->form), layer,
                              table, &u->faults, &u->err);
    if (rc < 0 || !*layer)
        return rc;
    u->count = wg_layer_count(*layer);
    if (wg_layer_is_points(*layer) != (u->collection == WG_PARTS || u->collection == WG_PLACES)) {
        wg_layer_drop(*layer);
        *layer = NULL;
        return wg_fail(&u->err, WG_EINVAL, "%s: needs %s", wg_collection_name(u->collection),
                       u->collection == WG_PARTS || u->collection == WG_PLACES ? "points"
                                                                               : "polygons");
    }
    return wg_layer_save(*layer, u->path, &u->err);
}

static void import_run(struct job *job)
{
    struct upload *u = (struct upload *)job;
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    char base[1100];
    snprintf(base, sizeof(base), "%s/base", wg_desk_dir(u->county->desk));
    if ((u->rc = wg_dir_make(base, &u->err)) < 0 ||
        (u->rc = wg_blob_put_fd(u->dir, u->fd, NULL, u->name, &u->size, &u->err)) < 0)
        return;
    snprintf(u->file, sizeof(u->file), "%s-%.16s.layer", wg_collection_name(u->collection),
             u->name);
    snprintf(u->path, sizeof(u->path), "%s/%s", base, u->file);
    u->rc = build(u, &layer, &table);
    if (u->rc < 0) {
        wg_layer_drop(layer);
        wg_table_drop(table);
        return;
    }
    if (table)
        u->count = wg_table_json(table)->count;
    struct wg_force *f = wg_desk_force(u->county->desk);
    u->ground = wg_ground_with(f->ground, u->collection, layer, table);
    wg_force_drop(f);
    if (!u->ground)
        u->rc = wg_fail(&u->err, WG_ENOMEM, "no memory for an edition");
}

static void refuse_faults(struct upload *u)
{
    struct wg_buf extra = WG_BUF_INIT;
    const char *p = u->faults.text.p, *end = p + u->faults.text.n;
    wg_buf_fmt(&extra, "\"faults\":%zu,\"rows\":[", u->faults.count);
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct wg_str line = {p, nl ? (size_t)(nl - p) : (size_t)(end - p)};
        wg_json_sep(&extra);
        wg_buf_json(&extra, line);
        p += line.n + 1;
    }
    wg_buf_char(&extra, ']');
    wg_buf_free(&u->faults.text);
    wg_reply_err(u->call->req, 422, &u->err, wg_buf_str(&extra));
    wg_buf_free(&extra);
}

static void import_done(struct job *job)
{
    struct upload *u = (struct upload *)job;
    struct call *call = u->call;
    struct wg_buf b = WG_BUF_INIT;
    if (u->rc < 0 && u->faults.count) {
        refuse_faults(u);
        return;
    }
    wg_buf_free(&u->faults.text);
    if (u->rc < 0) {
        answer_err(call->req, u->rc, &u->err, (struct wg_str){NULL, 0});
        return;
    }
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "collection", wg_str_of(wg_collection_name(u->collection)));
    wg_json_kstr(&b, "blob", wg_str_of(u->name));
    wg_json_kstr(&b, "form", wg_str_of(u->form));
    wg_json_kstr(&b, "file", wg_str_of(u->file));
    wg_json_kint(&b, "count", (int64_t)u->count);
    wg_buf_char(&b, '}');
    call->status = 201;
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("edition");
    call->cmd.name = wg_str_of(wg_collection_name(u->collection));
    call->cmd.value = wg_arena_str(call->arena, wg_buf_str(&b));
    call->cmd.ground = u->ground;
    wg_buf_free(&b);
    call->county = u->county;
    call_submit(call);
}

static const char *form_of(int collection, struct wg_str type)
{
    if (!wg_collection_is_layer(collection))
        return "json";
    return type.n && memmem(type.p, type.n, "csv", 3) ? "csv" : "geojson";
}

void post_import(struct call *call)
{
    struct upload *u = upload_new(call);
    int collection = wg_collection_parse(wg_req_param(call->req, "collection"));
    if (!u || collection < 0) {
        refuse(
            call, WG_ENOENT, "",
            "collections are counties streets communities grids duties parts places units owners");
        return;
    }
    if (u->size == 0) {
        refuse(call, WG_EINVAL, "",
               "the body is empty; send GeoJSON, CSV (text/csv) or, for units and owners, JSON");
        return;
    }
    u->collection = collection;
    u->form = form_of(collection, wg_req_header(call->req, "content-type"));
    u->job.run = import_run;
    u->job.done = import_done;
    struct session *s =
        WG_NEW(call->arena, struct session); /* who asked, also when the job is done */
    *s = *call->session;
    call->session = s;
    if (job_submit(call->host, &u->job) < 0)
        refuse(call, WG_EBUSY, "", "too many imports wait; try again");
}
