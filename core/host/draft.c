/* A draft: read, composed over the city's rules, signed, and tried step by step; each step stands
 * in the journal. */
#include "release.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- records ---- */

static void write_steps(const struct work *w, bool whole, struct wg_buf *b)
{
    wg_json_key(b, "steps");
    wg_buf_char(b, '[');
    for (int i = 0; i < WG_TRIAL_STEPS; i++)
        if (w->trial.result[i].done)
            wg_trial_write(&w->trial, i, whole, b);
    wg_buf_char(b, ']');
}

const char *draft_state(const struct work *w)
{
    for (int i = 0; i < WG_TRIAL_STEPS; i++) {
        if (!w->trial.result[i].done)
            return "checking";
        if (!w->trial.result[i].ok)
            return "refused";
    }
    return "checked";
}

static void write_draft(const struct work *w, struct wg_buf *b)
{
    struct wg_bundle *bundle = w->trial.bundle;
    wg_buf_char(b, '{');
    wg_json_kstr(b, "rev", wg_str_of(wg_bundle_rev(bundle)));
    wg_json_kstr(b, "state", wg_str_of(draft_state(w)));
    wg_json_kstr(b, "by", w->user);
    wg_json_kint(b, "at", w->began_ms);
    wg_json_kstr(b, "note", w->note);
    wg_json_kint(b, "files", (int64_t)wg_bundle_files(bundle));
    wg_json_kstr(b, "base", w->rev);
    wg_json_kstr(b, "blob", wg_str_of(w->blob));
    if (w->report[0])
        wg_json_kstr(b, "report", wg_str_of(w->report));
    signing_write(&w->sign, "author", b);
    write_steps(w, false, b);
    wg_buf_char(b, '}');
}

/* The draft's record as it stands; a step of its own in the journal. */
void draft_keep(struct work *w)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_buf b = WG_BUF_INIT;
    write_draft(w, &b);
    if (a)
        host_keep(w->county, a, "draft", wg_arena_str(a, wg_str_of(wg_bundle_rev(w->trial.bundle))),
                  wg_arena_str(a, wg_buf_str(&b)));
    wg_buf_free(&b);
}

/* ---- a draft ---- */

static int read_tar(struct wg_county *c, int fd, struct wg_arena *a, struct wg_bundle_file **files,
                    size_t *count, struct wg_err *err)
{
    struct wg_buf tar = WG_BUF_INIT;
    off_t size = lseek(fd, 0, SEEK_END);
    char *p = size >= 0 && size <= (8 << 20) ? wg_buf_room(&tar, (size_t)size + 1) : NULL;
    int rc = p && pread(fd, p, (size_t)size, 0) == (ssize_t)size
                 ? WG_OK
                 : wg_fail(err, WG_ERANGE, "a draft holds 4 MiB in all");
    if (rc == WG_OK)
        rc = wg_draft_read((struct wg_str){p, (size_t)size}, c->area, a, files, count, err);
    wg_buf_free(&tar);
    return rc;
}

/* What a draft stands on: the city's rules in force. */
static int read_base(struct wg_county *c, struct wg_arena *a, struct wg_bundle **out,
                     struct wg_str *rev, struct wg_err *err)
{
    struct wg_desk *city = c->host->city->desk;
    struct wg_force *f = wg_desk_force(city);
    *rev = f->pack ? wg_arena_str(a, wg_str_of(f->pack->rev)) : (struct wg_str){NULL, 0};
    wg_force_drop(f);
    return rev->n ? wg_desk_bundle(city, *rev, out, err)
                  : wg_fail(err, WG_ESTATE, "the city has no rules in force");
}

int draft_bundle(struct wg_county *c, int fd, struct wg_arena *a, struct wg_bundle **out,
                 struct wg_str *base_rev, struct wg_err *err)
{
    struct wg_bundle_file *files;
    struct wg_bundle *base = NULL;
    struct wg_str rev;
    size_t count;
    int rc = read_tar(c, fd, a, &files, &count, err);
    if (rc < 0 || (rc = read_base(c, a, &base, &rev, err)) < 0)
        return rc;
    rc = wg_bundle_over(base, c->host->config->city.p, c->area, files, count, out, err);
    wg_bundle_drop(base);
    if (base_rev)
        *base_rev = rev;
    return rc == WG_ENOENT ? (err->code = WG_EINVAL)
                           : rc; /* the draft's fault, not the address's */
}

int hash_record(struct wg_county *c, struct wg_txn *txn, struct wg_str hash, struct wg_arena *a,
                struct wg_json **out, struct wg_err *err)
{
    struct wg_views *v = wg_desk_views(c->desk);
    struct wg_str json;
    return wg_view_record(v, txn, "draft", hash, &json) == WG_OK ||
                   wg_view_record(v, txn, "rev", hash, &json) == WG_OK
               ? wg_json_parse(a, wg_arena_str(a, json), out, err)
               : wg_fail(err, WG_ENOENT, "there is no such draft or revision here");
}

int hash_bundle(struct wg_county *c, struct wg_str hash, struct wg_arena *a, struct wg_bundle **out,
                struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_json *j = NULL;
    char dir[1100];
    int rc = wg_txn_begin(wg_views_env(wg_desk_views(c->desk)), false, &txn, err);
    if (rc < 0)
        return rc;
    rc = hash_record(c, txn, hash, a, &j, err);
    wg_txn_abort(txn);
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(c->desk));
    return rc == WG_OK ? wg_bundle_load(dir, wg_json_str(j, "blob"), hash, out, err) : rc;
}

static int begin_draft(struct work *w)
{
    struct wg_buf text = WG_BUF_INIT;
    char dir[1100];
    int rc = draft_bundle(w->county, w->fd, w->a, &w->trial.bundle, &w->rev, &w->err);
    if (rc < 0 || w->only_hash)
        return rc;
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(w->county->desk));
    wg_bundle_json(w->trial.bundle, &text);
    rc = wg_buf_ok(&text) ? wg_blob_put(dir, wg_buf_str(&text), w->blob, &w->err) : WG_ENOMEM;
    wg_buf_free(&text);
    if (rc == WG_OK)
        rc = signing_make(&w->sign, w->county, WG_AUTHOR, wg_str_of(wg_bundle_rev(w->trial.bundle)),
                          w->user, w->signature, &w->err);
    return rc;
}

static void write_report(struct work *w)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err;
    char dir[1100];
    wg_buf_char(&b, '{');
    write_steps(w, true, &b);
    wg_buf_char(&b, '}');
    snprintf(dir, sizeof(dir), "%s/blobs", wg_desk_dir(w->county->desk));
    if (!wg_buf_ok(&b) || wg_blob_put(dir, wg_buf_str(&b), w->report, &err) < 0)
        w->report[0] = '\0';
    wg_buf_free(&b);
}

void draft_run(struct work *w)
{
    if (w->step < 0) {
        w->rc = begin_draft(w);
        return;
    }
    w->rc = wg_trial_step(&w->trial, w->step, &w->err);
    if (w->rc == WG_OK && strcmp(draft_state(w), "checking") != 0)
        write_report(w);
}

/* The next fault of the list, or NULL. */
static const struct wg_json *fault_from(const struct wg_json *m)
{
    while (m && !wg_str_is(wg_json_str(m, "severity"), "fault"))
        m = m->next;
    return m;
}

static void write_fault(struct work *w, const struct wg_json *m, struct wg_buf *b)
{
    static const char *const more[] = {"check", "where", "right"};
    struct wg_str file = wg_json_str(m, "file");
    struct wg_str at =
        wg_arena_fmt(w->a, "/%.*s:%lld", WG_PRI(file), (long long)wg_json_int(m, "line", 0));
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "pointer", file.n ? at : WG_S(""));
    wg_json_kstr(b, "detail", wg_json_str(m, "text"));
    for (int i = 0; i < 3; i++)
        if (wg_json_str(m, more[i]).n)
            wg_json_kstr(b, more[i], wg_json_str(m, more[i]));
    wg_buf_char(b, '}');
}

/* Faults as a problem has them: the pointer is the place in the draft; the first is its detail. */
static void write_faults(struct work *w, struct wg_buf *b)
{
    const struct wg_json *list = wg_findings_list(&w->trial.result[w->step].findings, w->a);
    const struct wg_json *first = fault_from(list ? list->child : NULL);
    wg_json_kstr(b, "step", wg_str_of(wg_trial_name(w->step)));
    wg_json_kstr(b, "hash", wg_str_of(wg_bundle_rev(w->trial.bundle)));
    wg_json_key(b, "errors");
    wg_buf_char(b, '[');
    for (const struct wg_json *m = first; m; m = fault_from(m->next))
        write_fault(w, m, b);
    wg_buf_char(b, ']');
    wg_trial_fault(&w->trial, w->step, &w->err);
    w->err.code = WG_EINVAL;
}

static void answer_draft(struct work *w)
{
    struct wg_buf *b = &w->task->result;
    write_draft(w, b);
    wg_json_reopen(b);
    wg_json_kstr(b, "hash", wg_str_of(wg_bundle_rev(w->trial.bundle)));
    wg_json_kstr(b, "area", wg_str_of(w->county->area));
    wg_buf_char(b, '}');
    task_done(w->task, 201);
}

static void draft_kept(struct call *own)
{
    struct work *w = own->task;
    struct wg_buf extra = WG_BUF_INIT;
    w->rc = own->cmd.rc;
    w->err = own->cmd.err;
    if (w->rc == WG_OK && strcmp(draft_state(w), "refused") != 0) {
        answer_draft(w);
        work_free(w);
        return;
    }
    if (w->rc == WG_OK)
        write_faults(w, &extra);
    work_failed(w, wg_buf_str(&extra));
    wg_buf_free(&extra);
}

void draft_end(struct work *w)
{
    struct wg_buf b = WG_BUF_INIT;
    struct call *own = work_own(w, draft_kept);
    if (own) {
        write_draft(w, &b);
        own->cmd.kind = WG_S("draft");
        own->cmd.name = wg_arena_str(own->arena, wg_str_of(wg_bundle_rev(w->trial.bundle)));
        own->cmd.value = wg_arena_str(own->arena, wg_buf_str(&b));
        wg_buf_free(&b);
    }
    work_submit(w, own);
}
