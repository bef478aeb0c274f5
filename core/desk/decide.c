/* What every decision shares: questions and facts, the body's checks, running a handler. */
#include "inside.h"

#include <math.h>
#include <stdio.h>

/* ---- questions ---- */

static int ask_deadline(struct deciding *dc, const struct wg_json *args, struct wg_buf *out,
                        struct wg_err *err)
{
    struct wg_limit limit;
    int64_t due;
    if (args->count != 3 || args->child->type != WG_JINT || args->child->next->type != WG_JINT ||
        wg_unit_parse(args->child->next->next->str, &limit.unit) < 0)
        return wg_fail(err, WG_EINVAL, "deadline: takes a moment, thousandths and a unit");
    limit.n_milli = args->child->next->num;
    int rc = wg_worktime_due(dc->force->worktime, args->child->num, limit, &due);
    if (rc < 0)
        return wg_fail(err, rc, "deadline: %s", wg_strerror(rc));
    wg_buf_int(out, due);
    return WG_OK;
}

struct near {
    struct deciding *dc;
    struct wg_point at;
    double reach_m;
    int kind;
    struct wg_str category;
    bool open;
    struct wg_buf *out;
};

static int near_case(void *arg, const struct wg_case *c)
{
    struct near *q = arg;
    char id[24];
    double m = wg_distance_m(q->at, c->at);
    if (m > q->reach_m || (q->open && !wg_state_open(c->state)) || c->id == q->dc->of)
        return WG_OK;
    wg_case_id_text(c->id, id);
    wg_json_sep(q->out);
    wg_buf_char(q->out, '{');
    wg_json_kstr(q->out, "id", wg_str_of(id));
    wg_json_kint(q->out, "distance_m", (int64_t)llround(m));
    wg_json_kstr(q->out, "state", wg_str_of(wg_state_name(c->state)));
    wg_json_kstr(q->out, "category", c->category);
    wg_json_kint(q->out, "opened", c->opened);
    if (c->flags & WG_RULED) {
        wg_json_kbool(q->out, "ruled", true);
        wg_json_kstr(q->out, "unit", c->blamed.n ? c->blamed : c->unit);
    }
    wg_buf_char(q->out, '}');
    return WG_OK;
}

/* Cases near by: of the grids within reach the newest, so that the cost of a question has a bound.
 */
static int ask_near(struct deciding *dc, const struct wg_json *args, struct wg_buf *out,
                    struct wg_err *err)
{
    const struct wg_json *lon = args->child, *lat, *reach, *kind, *category;
    struct wg_near grid[16];
    const struct wg_layer *grids = dc->force->ground->layer[WG_GRIDS];
    if (args->count != 6)
        return wg_fail(err, WG_EINVAL, "near: takes lon, lat, within_m, kind, category, open");
    lat = lon->next;
    reach = lat->next;
    kind = reach->next;
    category = kind->next;
    struct near q = {dc,
                     {(int32_t)lon->num, (int32_t)lat->num},
                     (double)reach->num,
                     wg_kind_parse(kind->str),
                     category->str,
                     category->next->num != 0,
                     out};
    size_t count = grids ? wg_layer_near(grids, q.at, q.reach_m, grid, 16) : 0;
    int rc = WG_OK;
    wg_buf_char(out, '[');
    for (size_t i = 0; rc == WG_OK && i < count; i++) {
        struct wg_feature f;
        struct wg_buf next = WG_BUF_INIT;
        wg_layer_at(grids, grid[i].i, &f);
        struct wg_case_query list = {.grid = f.id,
                                     .kind = q.kind,
                                     .category = q.category,
                                     .sort = WG_BY_OPENED_DOWN,
                                     .limit = 10,
                                     .look = 40,
                                     .now_ms = dc->t};
        rc = wg_view_list(dc->d->views, dc->txn, &list, near_case, &q, &next, err);
        wg_buf_free(&next);
    }
    wg_buf_char(out, ']');
    return rc;
}

int desk_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                struct wg_err *err)
{
    struct deciding *dc = self;
    if (strcmp(what, "deadline") == 0)
        return ask_deadline(dc, args, out, err);
    if (strcmp(what, "near") == 0)
        return ask_near(dc, args, out, err);
    if (strcmp(what, "photo") == 0)
        return ask_photo(dc, args, out, err);
    if (strcmp(what, "shift") == 0 || strcmp(what, "warn") == 0)
        return clock_answer(dc->force->worktime, what, args, out, err);
    if (strcmp(what, "used") == 0)
        return carry_answer(dc, out, err);
    if (strcmp(what, "tenant") == 0)
        return ask_tenant(dc, out);
    return wg_ground_ask(dc->force->ground, what, args, dc->t, out, err);
}

static int from_facts(struct deciding *dc, const char *what, struct wg_str args,
                      const struct wg_json **out)
{
    struct wg_buf text = WG_BUF_INIT;
    for (const struct wg_json *f = dc->given ? dc->given->child : NULL; f; f = f->next) {
        if (f->type != WG_JARR || f->count != 3 || !wg_str_is(f->child->str, what))
            continue;
        wg_buf_clear(&text);
        wg_json_write(f->child->next, &text);
        if (wg_str_eq(wg_buf_str(&text), args)) {
            *out = f->child->next->next;
            wg_buf_free(&text);
            return WG_OK;
        }
    }
    wg_buf_free(&text);
    return REFUSE(dc, WG_ENOENT, "", "not known: %s %.*s", what, WG_PRI(args));
}

/* Of a what-if: moments come of the draft's calendar, all else would have to be known. */
int whatif_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                  struct wg_err *err)
{
    struct deciding *dc = self;
    bool moment =
        strcmp(what, "deadline") == 0 || strcmp(what, "shift") == 0 || strcmp(what, "warn") == 0;
    return moment ? desk_answer(dc, what, args, out, err)
                  : wg_fail(err, WG_ENOENT, "not known: %s", what);
}

static int from_world(struct deciding *dc, const char *what, struct wg_str args,
                      const struct wg_json **out, struct wg_buf *text)
{
    struct wg_json *tree, *result = NULL;
    int rc = wg_json_parse(dc->a, args, &tree, &dc->cmd->err);
    if (rc == WG_OK)
        rc = (dc->whatif ? whatif_answer : desk_answer)(dc, what, tree, text, &dc->cmd->err);
    if (rc == WG_OK)
        rc = wg_json_parse(dc->a, wg_buf_str(text), &result, &dc->cmd->err);
    *out = result;
    return rc;
}

int ask(struct deciding *dc, const char *what, struct wg_str args, const struct wg_json **out)
{
    struct wg_buf text = WG_BUF_INIT;
    int rc = dc->replay ? from_facts(dc, what, args, out) : WG_ENOENT;
    if (rc == WG_OK)
        wg_json_write(*out, &text);
    else if (!dc->replay || dc->whatif)
        rc = from_world(dc, what, args, out, &text);
    if (rc == WG_OK) {
        wg_json_sep(&dc->facts);
        wg_buf_fmt(&dc->facts, "[\"%s\",%.*s,", what, WG_PRI(args));
        wg_buf_str_add(&dc->facts, wg_buf_str(&text));
        wg_buf_char(&dc->facts, ']');
    }
    wg_buf_free(&text);
    return rc;
}

int ask_about(struct deciding *dc, const char *what, struct wg_str id, const struct wg_json **out)
{
    struct wg_buf args = WG_BUF_INIT;
    wg_buf_char(&args, '[');
    wg_buf_json(&args, id);
    wg_buf_char(&args, ']');
    struct wg_str kept = wg_arena_str(dc->a, wg_buf_str(&args));
    wg_buf_free(&args);
    return ask(dc, what, kept, out);
}

/* What the rules say that C goes on from. Most decisions say one or two things. */
int read_ruled(struct deciding *dc, size_t from)
{
    struct wg_buf text = WG_BUF_INIT;
    struct wg_json *list = NULL;
    wg_buf_char(&text, '[');
    from += dc->outs.p[from] == ',';
    wg_buf_add(&text, dc->outs.p + from, dc->outs.n - from);
    wg_buf_char(&text, ']');
    struct wg_str kept = wg_arena_str(dc->a, wg_buf_str(&text));
    wg_buf_free(&text);
    int rc = kept.p ? wg_json_parse(dc->a, kept, &list, &dc->cmd->err) : WG_ENOMEM;
    for (const struct wg_json *o = rc == WG_OK ? list->child : NULL; o; o = o->next) {
        struct wg_str k = wg_json_str(o, "k");
        if (wg_str_is(k, "set")) {
            dc->due = wg_json_int(o, "due", dc->due);
            dc->stage_ruled |= wg_json_get(o, "stage_due") != NULL;
        } else if (wg_str_is(k, "ask")) {
            dc->ask_of = wg_json_str(o, "of");
        } else if (wg_str_is(k, "order")) {
            dc->order_text = wg_json_str(o, "text");
        }
    }
    return rc;
}

/* ---- the body ---- */

int body_text(struct deciding *dc, const char *key, size_t max, bool must, struct wg_str *out)
{
    char pointer[128];
    const struct wg_json *j = wg_json_get(dc->cmd->in, key);
    *out = (struct wg_str){NULL, 0};
    snprintf(pointer, sizeof(pointer), "/%s", key);
    if (!j || j->type == WG_JNULL)
        return must ? REFUSE(dc, WG_EINVAL, pointer, "%s is missing: a text", key) : WG_OK;
    if (dc->replay && wg_json_str(j, "vault").p) /* the words themselves are in the vault */
        return WG_OK;
    if (j->type != WG_JSTR)
        return REFUSE(dc, WG_EINVAL, pointer, "%s must be a text", key);
    if (must && j->str.n == 0)
        return REFUSE(dc, WG_EINVAL, pointer, "%s may not be empty", key);
    if (j->str.n > max)
        return REFUSE(dc, WG_EINVAL, pointer, "%s has %zu bytes; at most %zu", key, j->str.n, max);
    *out = j->str;
    return WG_OK;
}

int body_known(struct deciding *dc, const char *const *names, const struct wg_step *step)
{
    for (const struct wg_json *m = dc->cmd->in->child; m; m = m->next) {
        char pointer[128];
        bool known = false;
        for (size_t i = 0; names[i]; i++)
            known |= wg_str_is(m->key, names[i]);
        for (size_t i = 0; step && i < step->fields; i++)
            known |= wg_str_eq(m->key, step->field[i].name);
        if (known)
            continue;
        snprintf(pointer, sizeof(pointer), "/%.*s", (int)(m->key.n < 100 ? m->key.n : 100),
                 m->key.p);
        return REFUSE(dc, WG_EINVAL, pointer, "no such field here");
    }
    return WG_OK;
}

void out_begin(struct deciding *dc, const char *kind)
{
    wg_json_sep(&dc->outs);
    wg_buf_char(&dc->outs, '{');
    wg_json_kstr(&dc->outs, "k", wg_str_of(kind));
}

void out_limit(struct wg_buf *b, struct wg_limit limit)
{
    wg_json_key(b, "limit");
    wg_buf_fmt(b, "[%lld,\"%s\"]", (long long)limit.n_milli, wg_unit_name(limit.unit));
}

void out_why(struct deciding *dc, struct wg_str text)
{
    struct wg_buf *b = &dc->outs;
    wg_json_key(b, "why");
    wg_buf_char(b, '[');
    wg_buf_json(b, text);
    wg_buf_char(b, ',');
    wg_buf_json(b, dc->step ? dc->step->file : WG_S(""));
    wg_buf_char(b, ',');
    wg_buf_int(b, dc->step ? dc->step->line : 0);
    wg_buf_char(b, ']');
}

void out_why_row(struct deciding *dc)
{
    struct wg_str name = dc->step->name.n ? dc->step->name : dc->step->action;
    out_why(dc, wg_arena_fmt(dc->a, "按流程「%.*s」", WG_PRI(name)));
}

/* ---- any command ---- */

int case_before(struct deciding *dc, uint64_t id)
{
    if (!dc->was)
        return wg_view_case(dc->d->views, dc->txn, id, &dc->c);
    dc->c = *dc->was;
    return WG_OK;
}

/* A key seen before: the earlier answer for the same body, a refusal for another. > 0: answered. */
static int known_key(struct deciding *dc)
{
    struct wg_seen seen;
    if (!dc->cmd->key.n || dc->replay)
        return WG_OK;
    int rc = wg_view_seen(dc->d->views, dc->txn, dc->cmd->actor.user, dc->cmd->key, dc->t, &seen);
    if (rc == WG_ENOENT)
        return WG_OK;
    if (rc < 0)
        return REFUSE(dc, rc, "", "the keys can't be read: %s", wg_strerror(rc));
    if (strcmp(seen.ask, dc->cmd->ask) != 0)
        return REFUSE(dc, WG_EINVAL, "",
                      "this Idempotency-Key was used with another request; take a new one");
    dc->cmd->repeated = true;
    dc->cmd->n = seen.n;
    dc->of = seen.id;
    return 1;
}

int decide(struct deciding *dc)
{
    int rc = known_key(dc);
    if (rc != WG_OK)
        return rc;
    if (wg_str_is(dc->cmd->act, "keep"))
        return decide_keep(dc);
    if (wg_str_is(dc->cmd->act, "done"))
        return decide_done(dc);
    if (wg_str_is(dc->cmd->act, "time"))
        return decide_time(dc);
    if (wg_str_is(dc->cmd->act, "migrate"))
        return decide_migrate(dc);
    if (wg_str_is(dc->cmd->act, "adopt"))
        return decide_adopt(dc);
    return wg_str_is(dc->cmd->act, "report") ? decide_report(dc) : decide_step(dc);
}
