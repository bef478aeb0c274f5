/* Base data that comes in: a job reads the file and checks all of it; only a whole good file
 * becomes a blob, an edition file and a command. A preview stops before that. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define IDS_SHOWN 20

static const char *const change_names[WG_CHANGES] = {"added", "changed", "removed", "unchanged"};

struct import {
    struct job job;
    struct task *task;
    struct wg_county *county;
    struct call *own; /* the command, in its own arena; goes with the result */
    struct wg_str key, target;
    int method, fd, collection;
    const char *form;
    struct wg_str crs; /* "EPSG:4549", "gcj02"; empty: 4490 */
    bool preview, strict;
    bool surveyed; /* topology says how it lies */
    struct wg_topology topology;
    int64_t undo;         /* edition that is undone, 0: none */
    struct wg_str before; /* record of the one that comes back */
    char name[WG_BLOB_NAME + 1], file[128];
    size_t size, count, changes[WG_CHANGES];
    size_t edits; /* made by hand of the edition that goes */
    struct wg_buf ids[WG_CHANGES], phones;
    struct wg_ground *ground;
    struct wg_layer_faults faults;
    int rc;
    struct wg_err err;
};

static void import_free(struct import *m)
{
    if (m->fd >= 0)
        close(m->fd);
    for (int i = 0; i < WG_CHANGES; i++)
        wg_buf_free(&m->ids[i]);
    wg_buf_free(&m->phones);
    wg_buf_free(&m->faults.text);
    wg_topology_done(&m->topology);
    free(m);
}

/* ---- on the job's thread ---- */

static void on_change(void *arg, enum wg_change change, struct wg_str id)
{
    struct import *m = arg;
    if (m->changes[change]++ >= IDS_SHOWN)
        return;
    wg_json_sep(&m->ids[change]);
    wg_buf_json(&m->ids[change], id);
}

static int compare(struct import *m, const struct wg_ground *before)
{
    int c = m->collection;
    if (wg_collection_is_layer(c))
        return wg_layer_compare(before->layer[c], m->ground->layer[c], on_change, m, &m->err);
    wg_table_compare(before->table[c - WG_UNITS], m->ground->table[c - WG_UNITS], on_change, m);
    return WG_OK;
}

/* What has been edited since the edition in force goes with it. */
static int count_edits(struct import *m)
{
    struct wg_views *v = wg_desk_views(m->county->desk);
    struct wg_arena *a = wg_arena_new(0);
    struct wg_txn *txn = NULL;
    struct wg_json *record = NULL;
    struct wg_str json, name = wg_str_of(wg_collection_name(m->collection));
    int rc = a ? wg_txn_begin(wg_views_env(v), false, &txn, &m->err) : WG_ENOMEM;
    if (rc == WG_OK && wg_view_record(v, txn, "edition", name, &json) == WG_OK)
        rc = wg_json_parse(a, json, &record, &m->err);
    if (rc == WG_OK)
        m->edits = wg_edition_edited(v, txn, m->collection, record);
    wg_txn_abort(txn);
    wg_arena_free(a);
    return rc;
}

static int check_kind(struct import *m, const struct wg_layer *layer)
{
    int shape = wg_collection_shape(m->collection);
    m->count = wg_layer_count(layer);
    if (shape < 0 || wg_layer_shape(layer) == shape)
        return WG_OK;
    return wg_fail(&m->err, WG_EINVAL, "%s: needs %s", wg_collection_name(m->collection),
                   shape == WG_POINTS ? "points" : "polygons");
}

/* Phones apart: they go to the vault, and the edition is what remains. */
static int split_people(struct import *m, const char *blobs, struct wg_table **table)
{
    struct wg_buf rest = WG_BUF_INIT;
    struct wg_table *without = NULL;
    wg_table_split(*table, &rest, &m->phones);
    m->form = "json";
    int rc = wg_buf_ok(&rest) && wg_buf_ok(&m->phones)
                 ? wg_table_new(WG_PEOPLE, wg_buf_str(&rest), WG_S("json"), NULL, &without, NULL,
                                &m->err)
                 : wg_fail(&m->err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK && !m->preview)
        rc = wg_blob_put(blobs, wg_buf_str(&rest), m->name, &m->err);
    wg_buf_free(&rest);
    wg_table_drop(*table);
    *table = without;
    return rc;
}

static int check_units(struct import *m, const struct wg_ground *before)
{
    struct wg_views *v = wg_desk_views(m->county->desk);
    struct wg_txn *txn = NULL;
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, &m->err);
    if (rc == WG_OK)
        rc = wg_units_fit(v, txn, before, m->ground, &m->faults, &m->err);
    wg_txn_abort(txn);
    return rc;
}

/* How it lies is told, and refused where that was asked for: a lake may be a gap by right. */
static int survey(struct import *m)
{
    int rc = wg_ground_topology(m->ground, m->collection, NULL, &m->topology, &m->err);
    m->surveyed = rc == WG_OK;
    if (rc == WG_EINVAL && !m->strict)
        return WG_OK;
    if (rc < 0 || !m->strict || !m->topology.faults)
        return rc;
    struct wg_buf lines = m->faults.text;
    m->faults.text = m->topology.lines;
    m->topology.lines = lines;
    m->faults.count = m->topology.faults;
    return wg_fail(&m->err, WG_EINVAL,
                   "strict: %zu gaps, %zu overlaps, %zu outside of the county; without strict they "
                   "are told and taken over",
                   m->topology.count[WG_GAP], m->topology.count[WG_OVERLAP],
                   m->topology.count[WG_OUTSIDE]);
}

static int keep_files(struct import *m, const char *blobs)
{
    char base[1100], path[1400];
    uint64_t size;
    int rc = WG_OK;
    if (m->collection != WG_PEOPLE)
        rc = wg_blob_put_fd(blobs, m->fd, NULL, m->name, &size, &m->err);
    if (rc < 0 || !wg_collection_is_layer(m->collection))
        return rc;
    snprintf(base, sizeof(base), "%s/base", wg_desk_dir(m->county->desk));
    snprintf(m->file, sizeof(m->file), "%s-%.16s.layer", wg_collection_name(m->collection),
             m->name);
    snprintf(path, sizeof(path), "%s/%s", base, m->file);
    rc = wg_dir_make(base, &m->err);
    return rc < 0 ? rc : wg_layer_save(m->ground->layer[m->collection], path, &m->err);
}

/* What had been edited of the edition that comes back. */
static int edit_again(struct import *m, const struct wg_json *record, struct wg_layer **layer)
{
    struct wg_views *v = wg_desk_views(m->county->desk);
    struct wg_txn *txn = NULL;
    size_t edits = 0;
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, &m->err);
    if (rc == WG_OK)
        rc = wg_edition_edits(v, txn, m->collection, record, INT64_MAX, layer, &edits, &m->err);
    wg_txn_abort(txn);
    return rc;
}

static int read_file(struct import *m, const struct wg_ground *now, const char *blobs,
                     struct wg_layer **layer, struct wg_table **table)
{
    struct wg_json *record;
    if (m->undo) {
        int rc = wg_json_parse(m->own->arena, m->before, &record, &m->err);
        if (rc == WG_OK)
            rc = wg_edition_load(wg_desk_dir(m->county->desk), m->collection, record, layer, table,
                                 &m->err);
        return rc == WG_OK && *layer ? edit_again(m, record, layer) : rc;
    }
    int rc = wg_edition_read(m->fd, m->collection, wg_str_of(m->form), m->crs, now, layer, table,
                             &m->faults, &m->err);
    if (rc == WG_OK && *layer)
        rc = check_kind(m, *layer);
    if (rc == WG_OK && *table)
        m->count = wg_table_json(*table)->count;
    if (rc == WG_OK && m->collection == WG_PEOPLE)
        rc = split_people(m, blobs, table);
    return rc;
}

static void import_run(struct job *job)
{
    struct import *m = (struct import *)job;
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    struct wg_force *f = wg_desk_force(m->county->desk);
    char blobs[1100];
    snprintf(blobs, sizeof(blobs), "%s/blobs", wg_desk_dir(m->county->desk));
    __atomic_store_n(&m->task->running, true, __ATOMIC_RELAXED);
    m->rc = read_file(m, f->ground, blobs, &layer, &table);
    if (m->rc == WG_OK) {
        m->ground = wg_ground_with(f->ground, m->collection, layer, table);
        if (!m->ground)
            m->rc = wg_fail(&m->err, WG_ENOMEM, "no memory for an edition");
    } else {
        wg_layer_drop(layer);
        wg_table_drop(table);
    }
    if (m->rc == WG_OK)
        m->rc = compare(m, f->ground);
    if (m->rc == WG_OK && wg_collection_is_layer(m->collection))
        m->rc = count_edits(m);
    if (m->rc == WG_OK && m->collection == WG_UNITS)
        m->rc = check_units(m, f->ground);
    if (m->rc == WG_OK && !m->undo && wg_topology_is_of(m->collection))
        m->rc = survey(m);
    if (m->rc == WG_OK && !m->preview && !m->undo)
        m->rc = keep_files(m, blobs);
    wg_force_drop(f);
}

/* ---- back on the loop ---- */

static void write_changes(const struct import *m, bool ids, struct wg_buf *b)
{
    wg_json_key(b, "changes");
    wg_buf_char(b, '{');
    for (int i = 0; i < WG_CHANGES; i++) {
        wg_json_kint(b, change_names[i], (int64_t)m->changes[i]);
        if (!ids)
            continue;
        wg_buf_fmt(b, ",\"%s_ids\":[", change_names[i]);
        wg_buf_str_add(b, wg_buf_str(&m->ids[i]));
        wg_buf_char(b, ']');
    }
    wg_buf_char(b, '}');
}

static void write_topology(const struct import *m, struct wg_buf *b)
{
    if (!m->surveyed)
        return;
    wg_json_key(b, "topology");
    wg_topology_counts(&m->topology, b);
}

static void fail(struct import *m, const struct wg_err *err)
{
    struct wg_buf extra = WG_BUF_INIT;
    const char *p = m->faults.text.p, *end = p + m->faults.text.n;
    if (m->faults.count) {
        wg_buf_fmt(&extra, "\"faults\":%zu,\"rows\":[", m->faults.count);
        while (p < end) {
            const char *nl = memchr(p, '\n', (size_t)(end - p));
            struct wg_str line = {p, nl ? (size_t)(nl - p) : (size_t)(end - p)};
            wg_json_sep(&extra);
            wg_buf_json(&extra, line);
            p += line.n + 1;
        }
        wg_buf_char(&extra, ']');
    }
    task_failed(m->task, err, wg_buf_str(&extra));
    wg_buf_free(&extra);
}

/* What the desk made of it: the record of the edition, also where the key was known. */
static void import_then(struct call *own)
{
    struct import *m = own->task;
    struct wg_buf *b = &m->task->result;
    struct wg_county *c = m->county;
    if (own->cmd.rc < 0) {
        fail(m, &own->cmd.err);
    } else {
        wg_buf_char(b, '{');
        wg_json_kint(b, "entry", (int64_t)own->cmd.n);
        wg_json_kstr(b, "collection", wg_str_of(wg_collection_name(m->collection)));
        edition_of_entry(c, m->collection, own->cmd.n, b);
        wg_buf_char(b, '}');
        task_done(m->task, 201);
        wg_force_drop(c->judged); /* the report on what was in force is of no more use */
        c->judged = NULL;
    }
    import_free(m);
}

static struct wg_str value_of(struct import *m)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_json *record = NULL;
    wg_buf_char(&b, '{');
    if (m->undo && wg_json_parse(m->own->arena, m->before, &record, NULL) == WG_OK) {
        static const char *const same[] = {"blob",     "form",  "crs",    "file",
                                           "topology", "count", "phones", NULL};
        for (size_t i = 0; same[i]; i++) {
            const struct wg_json *v = wg_json_get(record, same[i]);
            if (!v)
                continue;
            wg_json_key(&b, same[i]);
            wg_json_write(v, &b);
        }
        wg_json_kint(&b, "undid", m->undo);
        wg_json_kint(&b, "again", wg_json_int(record, "n", 0));
    } else {
        wg_json_kstr(&b, "blob", wg_str_of(m->name));
        wg_json_kstr(&b, "form", wg_str_of(m->form));
        if (m->crs.n) /* the blob is as it came; what is kept was turned */
            wg_json_kstr(&b, "crs", m->crs);
        wg_json_kstr(&b, "file", wg_str_of(m->file));
        wg_json_kint(&b, "count", (int64_t)m->count);
    }
    write_changes(m, false, &b);
    if (m->edits)
        wg_json_kint(&b, "edits", (int64_t)m->edits);
    write_topology(m, &b);
    wg_buf_char(&b, '}');
    struct wg_str value = wg_arena_str(m->own->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    return value;
}

static void submit(struct import *m)
{
    struct call *own = m->own;
    struct wg_cmd *cmd = &own->cmd;
    cmd->act = WG_S("keep");
    cmd->kind = WG_S("edition");
    cmd->name = wg_str_of(wg_collection_name(m->collection));
    /* The same file again is the same ask, whatever it changes by then. */
    cmd->value = wg_arena_str(own->arena, wg_str_of(m->name));
    call_key(own, m->key, m->method, m->target, (struct wg_str){NULL, 0});
    cmd->value = value_of(m);
    cmd->ground = m->ground;
    cmd->instead = (uint64_t)m->undo;
    if (m->phones.n > 2) {
        cmd->secret[0] =
            (struct wg_secret){WG_S("phones"), wg_arena_str(own->arena, wg_buf_str(&m->phones))};
        cmd->secrets = 1;
    }
    own->then = import_then;
    own->task = m;
    m->ground = NULL; /* goes with the command */
    if (call_submit_own(own) == WG_OK)
        return;
    wg_ground_drop(cmd->ground);
    wg_fail(&m->err, WG_EBUSY, "the desk of %s is full or closing; try again", m->county->area);
    fail(m, &m->err);
    wg_arena_free(own->arena);
    import_free(m);
}

static void import_done(struct job *job)
{
    struct import *m = (struct import *)job;
    struct wg_buf *b = &m->task->result;
    if (m->rc == WG_OK && !m->preview) {
        submit(m);
        return;
    }
    if (m->rc < 0) {
        fail(m, &m->err);
    } else {
        wg_buf_char(b, '{');
        wg_json_kstr(b, "collection", wg_str_of(wg_collection_name(m->collection)));
        wg_json_kbool(b, "preview", true);
        wg_json_kint(b, "count", (int64_t)m->count);
        write_changes(m, true, b);
        if (m->edits)
            wg_json_kint(b, "edits", (int64_t)m->edits);
        write_topology(m, b);
        wg_buf_char(b, '}');
        task_done(m->task, 200);
    }
    wg_ground_drop(m->ground);
    wg_arena_free(m->own->arena);
    import_free(m);
}

/* ---- asked for ---- */

static void refuse(struct call *call, int code, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, code, pointer, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

static const char *form_of(int collection, struct wg_str type)
{
    static const char *const sequences[] = {"json-seq", "jsonl", "ndjson"};
    if (type.p && memmem(type.p, type.n, "csv", 3))
        return "csv";
    if (!wg_collection_is_layer(collection))
        return "json";
    for (size_t i = 0; type.p && i < 3; i++)
        if (memmem(type.p, type.n, sequences[i], strlen(sequences[i])))
            return "geojsons";
    return "geojson";
}

/* The command-to-be lives in an arena of its own, for the request may be answered long before. */
static struct import *import_new(struct call *call, int collection)
{
    struct wg_arena *a = wg_arena_new(0);
    struct call *own = a ? WG_NEW(a, struct call) : NULL;
    struct import *m = own ? calloc(1, sizeof(*m)) : NULL;
    const struct session *s = call->session;
    if (!m) {
        wg_arena_free(a);
        return NULL;
    }
    own->host = call->host;
    own->county = call->county;
    own->arena = a;
    own->cmd.actor = (struct wg_actor){wg_arena_str(a, wg_str_of(s->user)),
                                       wg_arena_str(a, wg_str_of(s->unit)), s->roles};
    m->own = own;
    m->county = call->county;
    m->collection = collection;
    m->method = wg_req_method(call->req);
    m->target = wg_arena_str(a, wg_req_target(call->req));
    m->key = wg_req_header(call->req, "idempotency-key");
    if (m->key.n)
        m->key = wg_arena_str(a, m->key);
    m->fd = -1;
    m->job.run = import_run;
    m->job.done = import_done;
    return m;
}

static void begin(struct call *call, struct import *m, const char *what)
{
    struct task *t = m->task = task_new(call, what, wg_str_of(wg_collection_name(m->collection)));
    if (t) {
        t->reading = m->fd >= 0 ? &m->faults.read : NULL;
        t->size = m->size;
    }
    if (m->task && job_submit(call->county, &m->job) == WG_OK)
        return;
    wg_fail(&m->err, WG_EBUSY, "too many imports wait; try again");
    if (m->task)
        fail(m, &m->err);
    else
        answer_err(call->req, WG_EBUSY, &m->err, (struct wg_str){NULL, 0});
    wg_arena_free(m->own->arena);
    import_free(m);
}

/* A day from which it is in force: today or before. */
static bool read_from(struct call *call, int64_t *from)
{
    int64_t now = wg_now_ms();
    if (!query_time(call, "from", from))
        return false;
    if (*from <= now)
        return true;
    refuse(call, WG_EINVAL, "/from",
           "is in the future; import it on that day (a preview can be had before)");
    return false;
}

/* What the places are in, in one spelling. */
static bool read_crs(struct call *call, int collection, struct wg_str *out)
{
    struct wg_str said = wg_req_query(call->req, "crs");
    int code = wg_crs_code(said);
    *out = (struct wg_str){"", 0};
    if (!said.p)
        return true;
    if (code == 0 || !wg_collection_is_layer(collection)) {
        refuse(call, WG_EINVAL, "/crs",
               code ? "is for layers; this collection has no places"
                    : "is an EPSG code (4549), gcj02 or bd09");
        return false;
    }
    *out = code == WG_GCJ02  ? WG_S("gcj02")
           : code == WG_BD09 ? WG_S("bd09")
                             : wg_arena_fmt(call->arena, "EPSG:%d", code);
    return true;
}

/* A layer of the county's own is one that its rules name in `map`, with a title. */
static int collection_of(struct call *call)
{
    struct wg_str name = wg_req_param(call->req, "collection");
    int collection = wg_collection_parse(name);
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct wg_json *map = NULL;
    if (collection >= WG_COLLECTIONS)
        collection = -1; /* another county's, perhaps */
    if (collection < 0 && f->pack && !wg_str_is(name, "cases") &&
        wg_json_parse(call->arena, f->pack->map, &map, NULL) == WG_OK &&
        wg_json_str(wg_json_get_s(map, name), "title").n)
        collection = wg_collection_own(name);
    wg_force_drop(f);
    return collection;
}

void post_import(struct call *call)
{
    int collection = collection_of(call);
    struct wg_str preview = wg_req_query(call->req, "preview"),
                  strict = wg_req_query(call->req, "strict");
    struct wg_str crs;
    int64_t from = 0;
    uint64_t size = 0;
    int fd = wg_req_spool(call->req, &size);
    if (collection < 0) {
        refuse(call, WG_ENOENT, "",
               "collections are counties streets communities grids duties parts places units "
               "owners people, and those that the county's rules name in map, with a title");
        return;
    }
    if (size == 0) {
        refuse(call, WG_EINVAL, "",
               "the body is empty; send GeoJSON, CSV (text/csv) or, for units, owners and people, "
               "JSON");
        return;
    }
    if (!read_from(call, &from) || !read_crs(call, collection, &crs) ||
        !call_key(call, wg_req_header(call->req, "idempotency-key"), wg_req_method(call->req),
                  wg_req_target(call->req), (struct wg_str){NULL, 0}))
        return;
    struct import *m = import_new(call, collection);
    if (!m || (m->fd = dup(fd)) < 0) {
        wg_reply_problem(call->req, 503, "out of memory");
        if (m) {
            wg_arena_free(m->own->arena);
            import_free(m);
        }
        return;
    }
    m->form = form_of(collection, wg_req_header(call->req, "content-type"));
    m->strict = strict.n && !wg_str_is(strict, "0");
    m->crs = wg_arena_str(m->own->arena, crs);
    m->preview = preview.n && !wg_str_is(preview, "0");
    m->own->cmd.from_ms = from;
    m->size = size;
    begin(call, m, "import");
}

void post_undo(struct call *call)
{
    int collection = wg_collection_parse(wg_req_param(call->req, "collection"));
    struct import *m = collection < 0 ? NULL : import_new(call, collection);
    if (!m) {
        refuse(call, WG_ENOENT, "", "there is no such collection");
        return;
    }
    m->undo = edition_before(call->county, collection, m->own->arena, &m->before);
    if (m->undo > 0) {
        begin(call, m, "undo");
        return;
    }
    refuse(call, WG_ESTATE, "", "there is no edition before the one in force");
    wg_arena_free(m->own->arena);
    import_free(m);
}
