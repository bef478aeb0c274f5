/* Evidence, by its content. The body is on disk before we are called; a job makes it durable. */
#include "inside.h"

#include <stdio.h>

struct upload {
    struct job job;
    struct call *call;
    struct wg_county *county;
    int fd;
    char name[WG_BLOB_NAME + 1], dir[1100];
    uint64_t size;
    int rc;
    struct wg_err err;
    char type[64];
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

/* ---- blobs ---- */

static void blob_run(struct job *job)
{
    struct upload *u = (struct upload *)job;
    u->rc = wg_blob_put_fd(u->dir, u->fd, u->name, &u->size, &u->err);
}

static void blob_done(struct job *job)
{
    struct upload *u = (struct upload *)job;
    struct wg_buf b = WG_BUF_INIT;
    if (u->rc < 0) {
        answer_err(u->call->req, u->rc, &u->err, (struct wg_str){NULL, 0});
        return;
    }
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "sha256", wg_str_of(u->name));
    wg_json_kstr(&b, "type", wg_str_of(u->type));
    wg_json_kint(&b, "size", (int64_t)u->size);
    wg_buf_char(&b, '}');
    answer_json(u->call->req, 201, &b);
}

void put_blob(struct call *call)
{
    struct upload *u = upload_new(call);
    struct wg_str type = wg_req_header(call->req, "content-type");
    if (!u || u->size == 0) {
        refuse(call, WG_EINVAL, "", "the body is empty; send a photo, sound or video");
        return;
    }
    if (!type.n || wg_str_copy(u->type, sizeof(u->type), type) < 0)
        wg_str_copy(u->type, sizeof(u->type), WG_S("application/octet-stream"));
    u->job.run = blob_run;
    u->job.done = blob_done;
    if (job_submit(call->host, &u->job) < 0)
        refuse(call, WG_EBUSY, "", "too many uploads wait; try again");
}

void get_blob(struct call *call)
{
    char dir[1100];
    struct wg_err err = {0};
    int fd;
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(call->county->desk));
    int rc = wg_blob_open(dir, wg_req_param(call->req, "sha256"), &fd, &err);
    if (rc < 0)
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
    else
        wg_reply_file(call->req, 200, "application/octet-stream", fd);
}
