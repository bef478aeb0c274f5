/* Why a recorded decision fell as it did: the command is decided again, as it was then, from its
 * facts and the case before it, with the tracer on. The states of rules for that are the desk's
 * least: opened on demand, kept, never those that decide. */
#include "inside.h"

#include <stdlib.h>

#define PATIENCE_US 1000000 /* a traced decision is slower than one */

/* What decide needs of a desk, under the lock. Only its shelf of rules is ever written. */
static struct wg_desk *shadow_of(struct wg_desk *d)
{
    struct wg_desk *s = d->why ? d->why : calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    if (!d->why) {
        s->opts = d->opts;
        s->opts.limits.budget_us = PATIENCE_US;
        memcpy(s->dir, d->dir, sizeof(s->dir));
        memcpy(s->area, d->area, sizeof(s->area));
        memcpy(s->blobs, d->blobs, sizeof(s->blobs));
        s->blob_hold = -1;
        s->book.desk = s;
        pthread_mutex_init(&s->lock, NULL);
        d->why = s;
    }
    s->calendar = d->calendar;
    s->journal = d->journal;
    s->vault = d->vault;
    s->views = d->views;
    return s;
}

void desk_why_close(struct wg_desk *d)
{
    if (d->why) {
        rulebook_close(&d->why->book);
        pthread_mutex_destroy(&d->why->lock);
    }
    free(d->why);
    d->why = NULL;
    pthread_mutex_destroy(&d->why_lock);
}

/* ---- the same again? ---- */

static bool by_rule(const struct wg_json *o)
{
    static const char *const kinds[] = {"propose", "set", "ask", "order", "notify"};
    struct wg_str k = wg_json_str(o, "k");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (wg_str_is(k, kinds[i]))
            return true;
    return false;
}

/* Do the outcomes that the rules made stand in the entry, each in its order; and is no other there
 * that names a line of rules, but the flow's row? */
static bool same_again(struct wg_arena *a, const struct wg_entry *e, const struct deciding *dc)
{
    struct wg_json *list = NULL;
    struct wg_str made = wg_buf_str(&dc->trace->made);
    if (made.n && *made.p == ',')
        made = (struct wg_str){made.p + 1, made.n - 1};
    struct wg_str text = wg_arena_fmt(a, "[%.*s]", WG_PRI(made));
    if (!text.p || wg_json_parse(a, text, &list, NULL) < 0)
        return false;
    const struct wg_json *next = list->child;
    struct wg_buf is = WG_BUF_INIT, was = WG_BUF_INIT;
    bool same = true;
    for (const struct wg_json *o = e->out->child; same && o; o = o->next) {
        const struct wg_json *why = wg_json_get(o, "why");
        if (!by_rule(o) || !why || why->count != 3)
            continue;
        wg_buf_clear(&was);
        wg_buf_clear(&is);
        wg_json_write(o, &was);
        if (next)
            wg_json_write(next, &is);
        if (next && wg_str_eq(wg_buf_str(&is), wg_buf_str(&was)))
            next = next->next;
        else
            same = !why->child->next->str.n ||
                   (dc->step && wg_str_eq(why->child->next->str, dc->step->file) &&
                    why->child->next->next->num == dc->step->line);
    }
    wg_buf_free(&is);
    wg_buf_free(&was);
    return same && !next;
}

/* ---- one decision again ---- */

static void write_answer(struct wg_arena *a, const struct wg_entry *e, const struct deciding *dc,
                         struct wg_buf *out)
{
    const struct tracing *t = dc->trace;
    if (t->ran && wg_buf_ok(&t->out) && t->out.n) {
        wg_buf_str_add(out, wg_buf_str(&t->out));
        wg_json_reopen(out);
        wg_json_kbool(out, "again", same_again(a, e, dc));
    } else {
        wg_buf_lit(out, "{\"fired\":[],\"not\":[],\"again\":false");
        wg_json_kstr(out, "error", wg_str_of(dc->cmd->err.text));
    }
    wg_buf_char(out, '}');
}

static int again(struct wg_desk *shadow, struct wg_txn *txn, const struct wg_entry *e,
                 const struct wg_case *before, struct wg_arena *a, struct wg_buf *out)
{
    struct wg_cmd cmd = {
        .arena = a, .act = e->act, .id = before ? e->of : 0, .if_match = -1, .in = e->in};
    struct tracing trace = {WG_BUF_INIT, WG_BUF_INIT, false};
    struct deciding dc = {.d = shadow,
                          .txn = txn,
                          .cmd = &cmd,
                          .a = a,
                          .t = e->t,
                          .n = e->n,
                          .replay = true,
                          .given = e->facts,
                          .recorded = e->out,
                          .was = before,
                          .trace = &trace,
                          .facts = WG_BUF_INIT,
                          .outs = WG_BUF_INIT};
    cmd.actor = (struct wg_actor){e->by, e->unit, wg_role_parse(e->as)};
    const char *slash = e->by.p ? memchr(e->by.p, '/', e->by.n) : NULL;
    if (slash)
        cmd.from_area = (struct wg_str){e->by.p, (size_t)(slash - e->by.p)};
    int rc = decide(&dc);
    if (rc == WG_OK && !trace.ran) { /* an act without rules: nothing was to be told */
        trace.ran = true;
        wg_buf_lit(&trace.out, "{\"fired\":[],\"not\":[]}");
    }
    write_answer(a, e, &dc, out);
    wg_buf_free(&trace.out);
    wg_buf_free(&trace.made);
    wg_buf_free(&dc.facts);
    wg_buf_free(&dc.outs);
    return wg_buf_ok(out) ? WG_OK : WG_ENOMEM;
}

/* The rules of a revision become those "in force" of the shadow, so that they are not put away. */
static int rules_of_rev(struct wg_desk *shadow, struct wg_str rev, struct wg_rules **out,
                        struct wg_err *err)
{
    if (!shadow)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    int rc = rev.n ? rulebook_get(&shadow->book, rev, out, err)
                   : wg_fail(err, WG_ENOENT, "no rules decided this");
    if (rc == WG_OK)
        shadow->book.now = *out;
    return rc;
}

int wg_desk_explain(struct wg_desk *d, const struct wg_entry *e, const struct wg_case *before,
                    struct wg_arena *a, struct wg_buf *out, struct wg_err *err)
{
    struct wg_txn *txn = NULL;
    struct wg_rules *rules;
    pthread_mutex_lock(&d->why_lock);
    struct wg_desk *shadow = shadow_of(d);
    int rc = rules_of_rev(shadow, e->rev, &rules, err);
    if (rc == WG_OK &&
        (rc = wg_txn_begin(wg_views_env(shadow->views), false, &txn, err)) == WG_OK) {
        rc = again(shadow, txn, e, before, a, out);
        wg_txn_abort(txn);
    }
    pthread_mutex_unlock(&d->why_lock);
    return rc;
}

int wg_desk_packs(struct wg_desk *d, struct wg_str rev, struct wg_pack **pack,
                  struct wg_pack **base, struct wg_err *err)
{
    struct wg_rules *rules, *city;
    struct wg_err own = {0};
    *pack = *base = NULL;
    pthread_mutex_lock(&d->why_lock);
    struct wg_desk *shadow = shadow_of(d);
    int rc = rules_of_rev(shadow, rev, &rules, err);
    if (rc == WG_OK) {
        *pack = wg_pack_keep(wg_rules_pack(rules));
        if (rulebook_base(&shadow->book, rules, &city, &own) == WG_OK)
            *base = wg_pack_keep(wg_rules_pack(city));
        else /* the city's own, or its rules can't be loaded any more */
            *base = wg_pack_keep(*pack);
    }
    pthread_mutex_unlock(&d->why_lock);
    return rc;
}
