/* What is in force and was, by its editions; the ground of another day; people; what is wrong with
 * base data as a whole. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

static void refuse(struct call *call, int code, const char *text)
{
    struct wg_err err = {0};
    wg_fail(&err, code, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

/* ---- records ---- */

struct rows {
    struct wg_arena *a;
    const char *collection; /* NULL: of all */
    const struct wg_json **row;
    size_t count, cap;
};

/* "parts.000003" */
static int add_row(void *arg, struct wg_str name, struct wg_str json)
{
    struct rows *r = arg;
    struct wg_json *j;
    size_t n = r->collection ? strlen(r->collection) : 0;
    if (r->collection && (name.n <= n || memcmp(name.p, r->collection, n) != 0 || name.p[n] != '.'))
        return WG_OK;
    if (wg_json_parse(r->a, json, &j, NULL) < 0)
        return WG_OK;
    if (r->count == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        const struct wg_json **more = wg_arena_alloc(r->a, cap * sizeof(*more));
        if (!more)
            return WG_ENOMEM;
        if (r->count)
            memcpy(more, r->row, r->count * sizeof(*more));
        r->row = more;
        r->cap = cap;
    }
    r->row[r->count++] = j;
    return WG_OK;
}

/* Oldest first. The record in force stands alone where it is of before editions had numbers. */
static struct rows rows_of(struct wg_county *c, struct wg_arena *a, const char *collection,
                           int64_t *in_force)
{
    struct rows r = {.a = a, .collection = collection};
    struct wg_txn *txn;
    struct wg_str json;
    struct wg_json *now = NULL;
    if (reader_begin(c, &txn, NULL) < 0)
        return r;
    struct wg_views *v = wg_desk_views(c->desk);
    if (wg_view_record(v, txn, "edition", wg_str_of(collection), &json) == WG_OK)
        wg_json_parse(a, json, &now, NULL);
    wg_view_records(v, txn, "editions", add_row, &r);
    reader_end(c);
    *in_force = wg_json_int(now, "n", now ? 1 : 0);
    if (now && !r.count) {
        r.row = wg_arena_alloc(a, sizeof(*r.row));
        if (r.row)
            r.row[r.count++] = now;
    }
    return r;
}

static void write_edition(const struct wg_json *j, bool in_force, struct wg_buf *b)
{
    static const char *const shown[] = {"count",    "form",  "crs",   "blob",  "changes",
                                        "topology", "edits", "undid", "again", NULL};
    wg_buf_char(b, '{');
    wg_json_kint(b, "n", wg_json_int(j, "n", 1));
    wg_json_ktime(b, "from", wg_json_int(j, "from", 0));
    wg_json_ktime(b, "at", wg_json_int(j, "at", 0));
    wg_json_kstr(b, "by", wg_json_str(j, "by"));
    for (size_t i = 0; shown[i]; i++) {
        const struct wg_json *m = wg_json_get(j, shown[i]);
        if (!m)
            continue;
        wg_json_key(b, shown[i]);
        wg_json_write(m, b);
    }
    wg_json_kbool(b, "in_force", in_force);
    wg_buf_char(b, '}');
}

void edition_of_entry(struct wg_county *c, int collection, uint64_t entry, struct wg_buf *b)
{
    struct wg_arena *a = wg_arena_new(0);
    int64_t now = 0;
    struct rows r = {0};
    if (a)
        r = rows_of(c, a, wg_collection_name(collection), &now);
    for (size_t i = 0; i < r.count; i++)
        if (wg_json_int(r.row[i], "entry", 0) == (int64_t)entry) {
            wg_json_key(b, "edition");
            /* what it was to who asked: in force */
            write_edition(r.row[i], true, b);
        }
    wg_arena_free(a);
}

int64_t edition_before(struct wg_county *c, int collection, struct wg_arena *a,
                       struct wg_str *record)
{
    int64_t now = 0;
    struct rows r = rows_of(c, a, wg_collection_name(collection), &now);
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *before = NULL;
    for (size_t i = 0; i < r.count; i++)
        if (wg_json_int(r.row[i], "n", 1) < now)
            before = r.row[i];
    if (!before)
        return 0;
    wg_json_write(before, &b);
    *record = wg_arena_str(a, wg_buf_str(&b));
    wg_buf_free(&b);
    return record->p ? now : 0;
}

void get_editions(struct call *call)
{
    int collection = wg_collection_parse(wg_req_param(call->req, "collection"));
    struct wg_buf b = WG_BUF_INIT;
    int64_t now = 0;
    if (collection < 0) {
        refuse(call, WG_ENOENT, "there is no such collection");
        return;
    }
    struct rows r = rows_of(call->county, call->arena, wg_collection_name(collection), &now);
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "collection", wg_str_of(wg_collection_name(collection)));
    wg_json_key(&b, "editions");
    wg_buf_char(&b, '[');
    for (size_t i = r.count; i-- > 0;) {
        wg_json_sep(&b);
        write_edition(r.row[i], wg_json_int(r.row[i], "n", 1) == now, &b);
    }
    wg_buf_lit(&b, "]}");
    answer_json(call->req, 200, &b);
}

/* ---- the ground of another day ---- */

struct past {
    int64_t n[WG_ALL]; /* the editions it is made of; 0: there was none yet */
    int64_t t;         /* edits by then are in it */
    struct wg_ground *ground;
};

struct looking {
    struct call *call;
    struct wg_county *county;
    int64_t t, edited, n[WG_ALL], now[WG_ALL];
    const struct wg_json *record[WG_ALL];
    void (*then)(struct call *call, const struct wg_ground *g, int64_t t);
    struct wg_force *force;
    struct wg_ground *ground;
    int rc;
    struct wg_err err;
};

void past_free(struct wg_county *c)
{
    if (c->past)
        wg_ground_drop(c->past->ground);
    free(c->past);
    c->past = NULL;
}

/* What had been edited of it by then. */
static int edit_one(struct looking *l, int c, struct wg_layer **layer)
{
    struct wg_views *v = wg_desk_views(l->county->desk);
    struct wg_txn *txn = NULL;
    size_t edits = 0;
    int rc = wg_txn_begin(wg_views_env(v), false, &txn, &l->err);
    if (rc == WG_OK)
        rc = wg_edition_edits(v, txn, c, l->record[c], l->t, layer, &edits, &l->err);
    wg_txn_abort(txn);
    return rc;
}

static int load_one(struct looking *l, int c)
{
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    struct wg_ground *with;
    int rc = WG_OK;
    if (l->n[c] == l->now[c] && l->edited <= l->t)
        return WG_OK;
    if (l->record[c])
        rc =
            wg_edition_load(wg_desk_dir(l->county->desk), c, l->record[c], &layer, &table, &l->err);
    if (rc == WG_OK && layer && (rc = edit_one(l, c, &layer)) < 0)
        wg_layer_drop(layer);
    if (rc < 0)
        return wg_fail(&l->err, WG_ENOENT, "edition %lld of %s, which was in force then, is gone",
                       (long long)l->n[c], wg_collection_name(c));
    with = wg_ground_with(l->ground, c, layer, table);
    wg_ground_drop(l->ground);
    l->ground = with;
    return with ? WG_OK : wg_fail(&l->err, WG_ENOMEM, "no memory for base data");
}

static void look_work(void *arg)
{
    struct looking *l = arg;
    l->ground = wg_ground_keep(l->force->ground);
    for (int c = 0; l->rc == WG_OK && c < (int)wg_collection_count(); c++)
        l->rc = load_one(l, c);
}

static void look_done(void *arg)
{
    struct looking *l = arg;
    struct wg_county *c = l->county;
    wg_force_drop(l->force);
    if (l->rc < 0) {
        wg_ground_drop(l->ground);
        answer_err(l->call->req, l->rc, &l->err, (struct wg_str){NULL, 0});
        return;
    }
    past_free(c);
    if ((c->past = calloc(1, sizeof(*c->past)))) { /* whoever asks again asks for the same day */
        memcpy(c->past->n, l->n, sizeof(l->n));
        c->past->t = l->t;
        c->past->ground = wg_ground_keep(l->ground);
    }
    struct wg_ground *g = l->ground; /* l goes with the answer */
    l->then(l->call, g, l->t);
    wg_ground_drop(g);
}

static int last_edit(void *arg, struct wg_str name, struct wg_str json)
{
    struct looking *l = arg;
    struct wg_json *j;
    (void)name;
    if (wg_json_parse(l->call->arena, json, &j, NULL) == WG_OK &&
        wg_json_int(j, "at", 0) > l->edited)
        l->edited = wg_json_int(j, "at", 0);
    return WG_OK;
}

/* Of each collection the edition that was in force at t: the last that began by then. */
static bool choose(struct looking *l)
{
    bool same = true;
    struct wg_txn *txn;
    if (reader_begin(l->county, &txn, NULL) == WG_OK) {
        wg_view_records(wg_desk_views(l->county->desk), txn, "edits", last_edit, l);
        reader_end(l->county);
    }
    same = l->edited <= l->t;
    for (int c = 0; c < (int)wg_collection_count(); c++) {
        struct rows r = rows_of(l->county, l->call->arena, wg_collection_name(c), &l->now[c]);
        for (size_t i = 0; i < r.count; i++)
            if (wg_json_int(r.row[i], "from", INT64_MIN) <= l->t) {
                l->n[c] = wg_json_int(r.row[i], "n", 1);
                l->record[c] = r.row[i];
            }
        same &= l->n[c] == l->now[c];
    }
    return same;
}

bool ground_at_time(struct call *call, struct wg_county *c,
                    void (*then)(struct call *call, const struct wg_ground *g, int64_t t))
{
    struct looking *l = WG_NEW(call->arena, struct looking);
    int64_t t = 0;
    if (!wg_req_query(call->req, "at").p)
        return false;
    if (!l || !query_time(call, "at", &t))
        return true;
    *l = (struct looking){.call = call, .county = c, .t = t, .then = then};
    bool same = choose(l);
    if (!same && c->past && memcmp(c->past->n, l->n, sizeof(l->n)) == 0 &&
        (c->past->t == t || l->edited <= (c->past->t < t ? c->past->t : t))) {
        then(call, c->past->ground, t);
        return true;
    }
    struct wg_force *f = l->force = wg_desk_force(c->desk);
    if (same) {
        then(call, f->ground, t);
        wg_force_drop(f);
    } else if (wg_pool_run(call->host->loop, look_work, look_done, l) < 0) {
        wg_force_drop(f);
        wg_reply_problem(call->req, 503, "out of memory");
    }
    return true;
}

/* ---- people ---- */

static const struct wg_json *phones_of(struct wg_county *c, struct wg_arena *a)
{
    struct wg_txn *txn;
    struct wg_str json;
    struct wg_json *record = NULL, *phones = NULL;
    struct wg_buf text = WG_BUF_INIT;
    if (reader_begin(c, &txn, NULL) < 0)
        return NULL;
    if (wg_view_record(wg_desk_views(c->desk), txn, "edition", WG_S("people"), &json) == WG_OK)
        wg_json_parse(a, json, &record, NULL);
    reader_end(c);
    struct wg_str ref = wg_json_str(record, "phones");
    if (ref.n && wg_vault_get(wg_desk_vault(c->desk), ref, &text, NULL) == WG_OK)
        wg_json_parse(a, wg_buf_str(&text), &phones, NULL);
    wg_buf_free(&text);
    return phones;
}

void get_people(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    const struct wg_json *people = wg_table_json(f->ground->table[WG_PEOPLE - WG_UNITS]),
                         *phones = phones_of(call->county, call->arena);
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"people\":[");
    for (const struct wg_json *p = people ? people->child : NULL; p; p = p->next) {
        wg_json_sep(&b);
        wg_json_write(p, &b);
        const struct wg_json *phone = wg_json_get_s(phones, wg_json_str(p, "id"));
        if (!phone)
            continue;
        wg_json_reopen(&b);
        wg_json_kstr(&b, "phone", phone->str);
        wg_buf_char(&b, '}');
    }
    wg_buf_lit(&b, "]}");
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

/* ---- quality ---- */

struct judging {
    struct job job;
    struct task *task;
    struct wg_county *county;
    struct wg_force *force;
    struct wg_buf out;
    int rc;
    struct wg_err err;
};

static void judge_run(struct job *job)
{
    struct judging *j = (struct judging *)job;
    __atomic_store_n(&j->task->running, true, __ATOMIC_RELAXED);
    j->rc = wg_ground_quality(j->force->ground, j->force->pack, &j->out, &j->err);
}

static void judge_done(struct job *job)
{
    struct judging *j = (struct judging *)job;
    struct wg_county *c = j->county;
    struct wg_buf *b = &c->quality;
    if (j->rc == WG_OK && !wg_buf_ok(&j->out))
        j->rc = wg_fail(&j->err, WG_ENOMEM, "out of memory");
    if (j->rc < 0) {
        task_failed(j->task, &j->err, (struct wg_str){NULL, 0});
        wg_force_drop(j->force);
    } else {
        wg_buf_clear(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "area", wg_str_of(c->area));
        wg_json_ktime(b, "at", wg_now_ms());
        wg_buf_char(b, ',');
        wg_buf_add(b, j->out.p + 1, j->out.n - 1);
        wg_force_drop(c->judged);
        c->judged = j->force;
        wg_buf_str_add(&j->task->result, wg_buf_str(b));
        task_done(j->task, 200);
    }
    wg_buf_free(&j->out);
    free(j);
}

void get_quality(struct call *call)
{
    struct wg_county *c = call->county;
    struct wg_force *f = wg_desk_force(c->desk);
    struct wg_buf b = WG_BUF_INIT;
    if (c->judged && c->judged->ground == f->ground && c->judged->pack == f->pack) {
        wg_buf_str_add(&b, wg_buf_str(&c->quality));
        wg_force_drop(f);
        answer_json(call->req, 200, &b);
        return;
    }
    struct judging *j = calloc(1, sizeof(*j));
    struct task *t = j ? task_new(call, "quality", (struct wg_str){NULL, 0}) : NULL;
    if (t) {
        *j = (struct judging){.task = t, .county = c, .force = f};
        j->job.run = judge_run;
        j->job.done = judge_done;
        if (job_submit(call->county, &j->job) == WG_OK)
            return;
        wg_fail(&j->err, WG_EBUSY, "too many jobs wait; try again");
        task_failed(t, &j->err, (struct wg_str){NULL, 0});
    } else {
        wg_reply_problem(call->req, 503, "out of memory");
    }
    wg_force_drop(f);
    free(j);
}
