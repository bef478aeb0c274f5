/* What is asked about rules: what is in force and how it came so, drafts, approval, the way back.
 */
#include "release.h"

#include <stdio.h>
#include <unistd.h>

/* ---- what is in force, and what came before ---- */

static void refuse(struct call *call, int code, const char *text)
{
    struct wg_err err = {0};
    wg_fail(&err, code, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

/* A record as people read it: moments as text, blobs by their own routes. */
static void write_record(const struct wg_json *j, struct wg_buf *b)
{
    wg_buf_char(b, '{');
    for (const struct wg_json *m = j->child; m; m = m->next) {
        bool report = wg_str_is(m->key, "report") || wg_str_is(m->key, "csv");
        if (wg_str_is(m->key, "at") && m->type == WG_JINT)
            wg_json_ktime(b, "at", m->num);
        if (report || (wg_str_is(m->key, "at") && m->type == WG_JINT))
            continue; /* reports have routes of their own */
        wg_json_key_str(b, m->key);
        if (m->type == WG_JOBJ)
            write_record(m, b);
        else
            wg_json_write(m, b);
    }
    wg_buf_char(b, '}');
}

static void write_text(struct wg_arena *a, struct wg_str json, struct wg_buf *b)
{
    struct wg_json *j;
    if (wg_json_parse(a, json, &j, NULL) == WG_OK && j->type == WG_JOBJ)
        write_record(j, b);
    else
        wg_buf_lit(b, "null");
}

void rules_now(struct wg_county *c, struct wg_buf *b)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_txn *txn;
    struct wg_str json = WG_S("null");
    if (a && reader_begin(c, &txn, NULL) == WG_OK) {
        wg_view_record(wg_desk_views(c->desk), txn, "rules", WG_S("now"), &json);
        write_text(a, json, b);
        reader_end(c);
    } else {
        wg_buf_lit(b, "null");
    }
    wg_arena_free(a);
}

struct listing {
    struct wg_arena *a;
    struct wg_buf *b;
    bool named;
};

static int list_record(void *arg, struct wg_str name, struct wg_str json)
{
    struct listing *l = arg;
    wg_json_sep(l->b);
    write_text(l->a, json, l->b);
    if (l->named && wg_json_reopen(l->b)) {
        wg_json_kstr(l->b, "name", name);
        wg_buf_char(l->b, '}');
    }
    return WG_OK;
}

static void list_records(struct wg_county *c, const char *kind, bool named, struct wg_buf *b)
{
    struct listing l = {wg_arena_new(0), b, named};
    struct wg_txn *txn;
    wg_buf_char(b, '[');
    if (l.a && reader_begin(c, &txn, NULL) == WG_OK) {
        wg_view_records(wg_desk_views(c->desk), txn, kind, list_record, &l);
        reader_end(c);
    }
    wg_buf_char(b, ']');
    wg_arena_free(l.a);
}

void incidents_write(struct wg_county *c, struct wg_buf *b)
{
    list_records(c, "incident", true, b);
}

/* Does the county's bundle stand on the city's rules of now? */
static bool stands_on_city(struct wg_county *c, struct wg_str base)
{
    struct wg_force *f = wg_desk_force(c->host->city->desk);
    bool same = f->pack && wg_str_is(base, f->pack->rev);
    wg_force_drop(f);
    return same;
}

void get_rules(struct call *call)
{
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct wg_county *c = call->county;
    struct wg_buf b = WG_BUF_INIT, now = WG_BUF_INIT;
    struct wg_json *j = NULL;
    rules_now(c, &now);
    wg_json_parse(call->arena, wg_arena_str(call->arena, wg_buf_str(&now)), &j, NULL);
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "area", wg_str_of(c->area));
    wg_json_kstr(&b, "name", f->pack ? f->pack->name : (struct wg_str){NULL, 0});
    wg_json_kstr(&b, "hash", f->pack ? wg_str_of(f->pack->rev) : (struct wg_str){NULL, 0});
    wg_json_kstr(&b, "rules", f->pack ? wg_str_of(f->pack->rev) : (struct wg_str){NULL, 0});
    wg_json_kbool(&b, "behind_city",
                  !c->is_city && f->pack && !stands_on_city(c, wg_json_str(j, "base")));
    wg_json_key(&b, "in_force");
    wg_buf_str_add(&b, wg_buf_str(&now));
    wg_json_key(&b, "incidents");
    incidents_write(c, &b);
    wg_buf_char(&b, '}');
    wg_buf_free(&now);
    wg_force_drop(f);
    answer_json(call->req, 200, &b);
}

static void answer_list(struct call *call, const char *key, const char *kind)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    wg_json_key(&b, key);
    list_records(call->county, kind, false, &b);
    wg_buf_char(&b, '}');
    answer_json(call->req, 200, &b);
}

void get_drafts(struct call *call)
{
    answer_list(call, "drafts", "draft");
}

void get_releases(struct call *call)
{
    answer_list(call, "releases", "releases");
}

void get_rules_calendar(struct call *call)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_str_add(&b, wg_str_of(call->host->calendar));
    answer_json(call->req, 200, &b);
}

/* ---- one draft, with its report or its files ---- */

struct showing {
    struct call *call;
    char dir[1100];
    struct wg_json *record;
    struct wg_str blob, report;
    bool files;
    struct wg_buf out;
    int rc;
    struct wg_err err;
};

static void show_work(void *arg)
{
    struct showing *s = arg;
    struct wg_buf text = WG_BUF_INIT;
    if (s->files) {
        s->rc = wg_blob_text(s->dir, s->blob, &s->out, &s->err);
    } else {
        write_record(s->record, &s->out);
        if (s->report.n && (s->rc = wg_blob_text(s->dir, s->report, &text, &s->err)) == WG_OK) {
            wg_json_reopen(&s->out);
            wg_json_key(&s->out, "report");
            wg_buf_str_add(&s->out, wg_buf_str(&text));
            wg_buf_char(&s->out, '}');
        }
    }
    wg_buf_free(&text);
}

static void show_done(void *arg)
{
    struct showing *s = arg;
    if (s->rc == WG_OK) {
        answer_json(s->call->req, 200, &s->out);
        return;
    }
    wg_buf_free(&s->out);
    answer_err(s->call->req, s->rc, &s->err, (struct wg_str){NULL, 0});
}

static void show(struct call *call, bool files)
{
    struct showing *s = WG_NEW(call->arena, struct showing);
    struct wg_txn *txn;
    struct wg_err err = {0};
    int rc = s ? reader_begin(call->county, &txn, &err) : wg_fail(&err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK) {
        rc = hash_record(call->county, txn, wg_req_param(call->req, "hash"), call->arena,
                         &s->record, &err);
        reader_end(call->county);
    }
    if (rc < 0) {
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
        return;
    }
    s->call = call;
    s->files = files;
    s->blob = wg_json_str(s->record, "blob");
    s->report = wg_json_str(s->record, "report");
    snprintf(s->dir, sizeof(s->dir), "%s/blobs", wg_desk_dir(call->county->desk));
    if (wg_pool_run(call->host->loop, show_work, show_done, s) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

void get_draft(struct call *call)
{
    show(call, false);
}

void get_rules_files(struct call *call)
{
    show(call, true);
}

/* ---- what would become of running cases ---- */

struct moving {
    struct call *call;
    struct wg_county *county;
    struct wg_str hash;
    struct wg_buf list, out;
    int rc;
    struct wg_err err;
};

static void moving_work(void *arg)
{
    struct moving *m = arg;
    struct wg_bundle *bundle = NULL;
    struct wg_rules *rules = NULL;
    struct wg_migration sum = {0};
    struct wg_arena *a = wg_arena_new(0);
    m->rc = hash_bundle(m->county, m->hash, a, &bundle, &m->err);
    if (m->rc == WG_OK)
        m->rc = wg_rules_new(bundle, NULL, m->county->host->plugins, &rules, &m->err);
    if (m->rc == WG_OK)
        m->rc = wg_desk_migration(m->county->desk, wg_rules_pack(rules), &sum, NULL, 0, &m->list,
                                  &m->err);
    wg_buf_char(&m->out, '{');
    wg_json_kint(&m->out, "cases", (int64_t)sum.cases);
    wg_json_kint(&m->out, "can", (int64_t)sum.can);
    wg_json_kint(&m->out, "changed", (int64_t)sum.changed);
    wg_json_key(&m->out, "list");
    wg_buf_char(&m->out, '[');
    wg_buf_str_add(&m->out, wg_buf_str(&m->list));
    wg_buf_lit(&m->out, "]}");
    wg_buf_free(&m->list);
    wg_rules_free(rules);
    wg_bundle_drop(bundle);
    wg_arena_free(a);
}

static void moving_done(void *arg)
{
    struct moving *m = arg;
    if (m->rc == WG_OK) {
        answer_json(m->call->req, 200, &m->out);
        return;
    }
    wg_buf_free(&m->out);
    answer_err(m->call->req, m->rc, &m->err, (struct wg_str){NULL, 0});
}

void get_migration(struct call *call)
{
    struct moving *m = WG_NEW(call->arena, struct moving);
    if (m)
        *m = (struct moving){.call = call,
                             .county = call->county,
                             .hash = wg_arena_str(call->arena, wg_req_param(call->req, "hash"))};
    if (!m || wg_pool_run(call->host->loop, moving_work, moving_done, m) < 0)
        wg_reply_problem(call->req, 503, "out of memory");
}

/* ---- asked for ---- */

void post_rules(struct call *call)
{
    uint64_t size = 0;
    int fd = wg_req_spool(call->req, &size);
    struct wg_str note = wg_req_query(call->req, "note");
    if (size == 0) {
        refuse(call, WG_EINVAL, "the body is empty; send a tar of the county's folder");
        return;
    }
    struct work *w = work_for(call, WORK_DRAFT);
    if (!w)
        return;
    w->note = wg_arena_str(w->a, note);
    w->only_hash = wg_req_query(call->req, "hash").n > 0;
    if ((w->fd = dup(fd)) < 0) {
        wg_reply_problem(call->req, 503, "out of memory");
        work_free(w);
        return;
    }
    work_begin(w, call, "draft");
}

/* May this draft come into force, by this person? */
static int check_approval(struct work *w, struct wg_err *err)
{
    const struct wg_json *author = wg_json_get(w->record, "author");
    struct wg_str state = wg_json_str(w->record, "state"), base = wg_json_str(w->record, "base"),
                  by = wg_json_str(author, "user");
    struct wg_force *f = wg_desk_force(w->county->host->city->desk);
    bool moved = !w->county->is_city && f->pack && !wg_str_is(base, f->pack->rev);
    wg_force_drop(f);
    if (!wg_str_is(state, "checked") && !wg_str_is(state, "released"))
        return wg_fail(err, WG_ESTATE, "this draft is %.*s; only what is checked can be approved",
                       WG_PRI(state));
    if (wg_str_eq(by, w->user))
        return wg_fail(err, WG_EDENIED, "you wrote this draft; another person approves it");
    if (wg_release_forged(w->a, w->county->area, w->record))
        return wg_fail(err, WG_ECORRUPT, "the author's signature does not fit this draft");
    if (moved)
        return wg_fail(err, WG_ESTATE,
                       "the city's rules have changed since this draft was checked; send it again");
    return WG_OK;
}

void post_approve(struct call *call)
{
    struct wg_json *body, *now;
    struct wg_err err = {0};
    if (parse_body(call, false, &body) < 0)
        return;
    struct wg_str note = wg_json_str(body, "note");
    struct work *w = work_for(call, WORK_APPROVE);
    if (!w)
        return;
    int rc = work_record(w, "draft", wg_req_param(call->req, "hash"), &w->record)
                 ? check_approval(w, &err)
                 : wg_fail(&err, WG_ENOENT, "there is no such draft; GET rules/drafts lists them");
    if (rc < 0) {
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
        work_free(w);
        return;
    }
    if (work_record(w, "rules", WG_S("now"), &now))
        w->now_n = wg_json_int(now, "n", 1);
    w->note = wg_arena_str(w->a, note.n ? note : wg_json_str(w->record, "note"));
    w->migrate = wg_json_bool(body, "migrate", false);
    work_begin(w, call, "approve");
}

/* The release before the one in force; going back twice goes back two. */
static int find_before(struct work *w, struct wg_err *err)
{
    struct wg_json *now, *as = NULL;
    char name[16];
    if (!work_record(w, "rules", WG_S("now"), &now))
        return wg_fail(err, WG_ESTATE, "no rules are in force");
    w->now_n = wg_json_int(now, "n", 1);
    int64_t n = wg_json_int(now, "same_as", w->now_n);
    snprintf(name, sizeof(name), "%06lld", (long long)n);
    if (n != w->now_n && work_record(w, "releases", wg_str_of(name), &as))
        now = as;
    w->same_as = wg_json_int(now, "prior", 0);
    snprintf(name, sizeof(name), "%06lld", (long long)w->same_as);
    return w->same_as && work_record(w, "releases", wg_str_of(name), &w->record)
               ? WG_OK
               : wg_fail(err, WG_ESTATE, "there is no release before the one in force");
}

void post_rollback(struct call *call)
{
    struct wg_json *body;
    struct wg_err err = {0};
    if (parse_body(call, false, &body) < 0)
        return;
    struct work *w = work_for(call, WORK_ROLLBACK);
    int rc = w ? find_before(w, &err) : WG_OK;
    if (!w)
        return;
    if (rc < 0) {
        answer_err(call->req, rc, &err, (struct wg_str){NULL, 0});
        work_free(w);
        return;
    }
    w->note = wg_arena_str(w->a, wg_json_str(body, "note"));
    work_begin(w, call, "rollback");
}

/* ---- by itself, where too much fails ---- */

static bool fails_too_often(struct wg_county *c, char text[200])
{
    struct wg_rule_cost cost[WG_RULE_COSTS];
    struct wg_force *f = wg_desk_force(c->desk);
    size_t n = wg_desk_costs(c->desk, cost);
    uint64_t calls = 0, failed = 0;
    for (size_t i = 0; i < n; i++) {
        calls += cost[i].calls;
        failed += cost[i].failed;
    }
    bool yes = f->pack && f->pack->rollback.failures && failed &&
               failed >= (uint64_t)f->pack->rollback.failures &&
               100 * failed >= (uint64_t)f->pack->rollback.percent * calls;
    wg_force_drop(f);
    snprintf(text, 200, "自动回滚：%llu次决定中%llu次规则出错", (unsigned long long)calls,
             (unsigned long long)failed);
    return yes;
}

void rules_tick(struct wg_county *c)
{
    char text[200];
    struct wg_err err = {0};
    if (c->host->config->dev || !fails_too_often(c, text))
        return; /* dev: the folder is what is wanted */
    struct work *w = work_new(c, WORK_ROLLBACK);
    if (!w)
        return;
    w->user = WG_S("system");
    w->note = wg_arena_str(w->a, wg_str_of(text));
    if (find_before(w, &err) < 0) { /* nowhere to go back to: the city's rules decide meanwhile */
        work_free(w);
        return;
    }
    if (c->back_from == w->now_n) { /* under way */
        work_free(w);
        return;
    }
    c->back_from = w->now_n;
    wg_log(WG_ERROR, "rules", text, "area", c->area, NULL);
    if (job_submit(c, &w->job) < 0) {
        c->back_from = 0;
        work_free(w);
    }
}
