/* A case that goes to a neighbouring county, with its id, number, evidence and clocks. The county
 * that has it lets go in one entry, when the other's chief receives it, and puts what the other
 * needs into its outbox; from there the host brings it over, as often as it takes. So one of the
 * two always has it, or its outbox has. */
#include "inside.h"

#define LEDGER_MAX 2000 /* entries of one case */

static int read_entry(struct deciding *dc, uint64_t n, struct wg_entry *e, struct wg_err *err)
{
    struct wg_buf text = WG_BUF_INIT;
    int rc = wg_journal_get(dc->d->journal, n, &text, err);
    struct wg_str bytes = wg_arena_str(dc->a, wg_buf_str(&text));
    wg_buf_free(&text);
    return rc == WG_OK ? wg_entry_parse(dc->a, bytes, e, err) : rc;
}

static void moment(struct wg_buf *b, const char *key, int64_t t)
{
    if (t)
        wg_json_kint(b, key, t);
}

static void text(struct wg_buf *b, const char *key, struct wg_str s)
{
    if (s.n)
        wg_json_kstr(b, key, s);
}

/* People have their names in one county: with its code before them elsewhere, and without when they
 * come home. */
static void names(struct wg_buf *b, const char *key, struct wg_str words, const char *from,
                  struct wg_str to)
{
    struct wg_buf out = WG_BUF_INIT;
    struct wg_str word;
    while (wg_words_next(&words, &word)) {
        if (out.n)
            wg_buf_char(&out, ' ');
        if (word.n > 7 && word.p[6] == '/' && to.n == 6 && memcmp(word.p, to.p, 6) == 0)
            word = (struct wg_str){word.p + 7, word.n - 7};
        else if (!memchr(word.p, '/', word.n))
            wg_buf_fmt(&out, "%s/", from);
        wg_buf_str_add(&out, word);
    }
    text(b, key, wg_buf_str(&out));
    wg_buf_free(&out);
}

static void adopt_outcome(const struct wg_case *c, struct wg_buf *b)
{
    char id[24];
    wg_case_id_text(c->id, id);
    wg_buf_lit(b, "{\"k\":\"adopt\"");
    wg_json_kstr(b, "id", wg_str_of(id));
    wg_json_kstr(b, "standard", c->standard);
    wg_json_kstr(b, "kind", wg_str_of(wg_kind_name(c->kind)));
    wg_json_kstr(b, "category", c->category);
    wg_json_kstr(b, "name", c->category_name);
    wg_json_kstr(b, "source", wg_str_of(wg_source_name(c->source)));
    wg_json_key(b, "at");
    wg_buf_fmt(b, "[%d,%d]", c->at.lon_e7, c->at.lat_e7);
    wg_json_kstr(b, "grid", c->grid);
    text(b, "part", c->part);
    moment(b, "occurred", c->occurred);
    wg_buf_char(b, '}');
}

/* Units and people stay behind: the other county has its own. A filed case waits there to be
 * dispatched; the clock that ran here runs on. */
static void set_outcome(const struct wg_case *c, const char *from, struct wg_str to,
                        struct wg_buf *b)
{
    wg_buf_lit(b, ",{\"k\":\"set\"");
    wg_json_kstr(b, "state", wg_str_of(wg_state_name(c->filed ? WG_FILED : c->state)));
    wg_json_kint(b, "version", c->version + 1);
    text(b, "number", c->number);
    text(b, "condition", c->condition);
    names(b, "reporter", c->reporter, from, to);
    names(b, "reporters", c->reporters, from, to);
    moment(b, "opened", c->opened);
    moment(b, "filed", c->filed);
    moment(b, "dispatched", c->dispatched);
    moment(b, "clock_from", c->clock_from);
    moment(b, "used", c->used);
    moment(b, "due", c->due);
    moment(b, "warn", c->warn);
    if (c->limit.n_milli)
        out_limit(b, c->limit);
    wg_json_kint(b, "verified", c->verified);
    wg_json_kint(b, "rework", c->rework);
    wg_json_kint(b, "deferrals", c->deferrals);
    wg_json_kint(b, "send_backs", c->send_backs);
    wg_json_kbool(b, "supervised", c->flags & WG_SUPERVISED);
    wg_json_kbool(b, "owes_reply", c->flags & WG_OWES_REPLY);
    wg_json_kbool(b, "trial", c->flags & WG_TRIAL);
    wg_json_kbool(b, "drill", c->flags & WG_DRILL);
    wg_json_kbool(b, "overdue", c->flags & WG_OVERDUE);
    wg_json_kbool(b, "both_axes", c->flags & WG_BOTH_AXES);
    if (c->flags & WG_FENCED)
        wg_json_kbool(b, "fenced", true);
    if (c->order.n) {
        wg_json_key(b, "order");
        wg_buf_str_add(b, c->order);
    }
    if (c->photos.n) {
        wg_json_key(b, "photos");
        wg_buf_str_add(b, c->photos);
    }
    wg_buf_char(b, '}');
}

/* used [id]: of the limit, from the ledger that the journal's entries give. An entry that this very
 * batch has made is not there yet: whoever asks so soon asks again. */
int carry_answer(struct deciding *dc, struct wg_buf *out, struct wg_err *err)
{
    struct wg_ledger l = {.a = dc->a, .id = dc->of, .c = {.state = WG_NOWHERE}};
    struct wg_entry *entry = wg_arena_alloc(dc->a, LEDGER_MAX * sizeof(*entry));
    size_t count = 0;
    int rc = entry ? WG_OK : WG_ENOMEM;
    if (dc->c.last_n > dc->d->journal->ops->last(dc->d->journal))
        return wg_fail(err, WG_EBUSY, "the case was changed in this very moment: ask again");
    for (uint64_t at = dc->c.last_n; rc == WG_OK && at && count < LEDGER_MAX; count++)
        if ((rc = read_entry(dc, at, &entry[count], err)) == WG_OK)
            at = wg_entry_was(&entry[count], dc->of);
    for (size_t i = count; rc == WG_OK && i > 0; i--)
        rc = wg_ledger_step(&l, &entry[i - 1]);
    wg_ledger_end(&l, dc->t);
    if (rc == WG_OK)
        wg_buf_int(out, wg_ledger_used(&l, dc->force->worktime));
    return rc;
}

static int read_used(struct deciding *dc, int64_t *used)
{
    const struct wg_json *answer;
    char id[24];
    wg_case_id_text(dc->of, id);
    int rc = ask_about(dc, "used", wg_str_of(id), &answer);
    if (rc == WG_OK)
        *used = answer->num;
    return rc;
}

int receive_outcome(struct deciding *dc)
{
    struct wg_buf *b = &dc->outs;
    struct wg_case c = dc->c;
    int rc = WG_OK;
    if (c.stopped && c.due) /* it runs on over there, from now */
        rc = clock_shift(dc, c.stopped, dc->t, &c.due);
    if (rc == WG_OK && c.due)
        rc = read_used(dc, &c.used);
    if (rc < 0)
        return rc;
    out_begin(dc, "set");
    wg_json_kstr(b, "into", dc->cmd->from_area);
    wg_buf_lit(b, ",\"asked\":null}");
    out_begin(dc, "carry");
    wg_json_kstr(b, "area", dc->cmd->from_area);
    text(b, "address", c.address);
    text(b, "caller", c.caller);
    if (c.flags & WG_WORDS_IN_VAULT)
        text(b, "words", c.description);
    else
        text(b, "description", c.description);
    wg_json_key(b, "out");
    wg_buf_char(b, '[');
    adopt_outcome(&c, b);
    set_outcome(&c, dc->d->area, dc->cmd->from_area, b);
    wg_buf_lit(b, "]}");
    return WG_OK;
}

/* in: {"from":area,"address"?,"description"?,"carry":[outcomes]}; words and caller come as
 * secrets. */
int decide_adopt(struct deciding *dc)
{
    const struct wg_json *carry = wg_json_get(dc->cmd->in, "carry");
    int64_t stage = 0;
    int rc = rulebook_get(&dc->d->book, (struct wg_str){NULL, 0}, &dc->rules, &dc->cmd->err);
    if (rc < 0)
        return rc;
    dc->pack = wg_rules_pack(dc->rules);
    dc->role = WG_SYSTEM;
    if (!carry || carry->type != WG_JARR || carry->count != 2 ||
        wg_case_id_parse(wg_json_str(carry->child, "id"), &dc->of) < 0)
        return REFUSE(dc, WG_EINVAL, "/carry", "this is no case of another county");
    rc = dc->trace && !dc->was ? WG_ENOENT : case_before(dc, dc->of);
    if (rc == WG_OK && dc->c.state != WG_HANDED_OVER)
        return REFUSE(dc, WG_EEXIST, "", "the case is here already");
    dc->known = rc == WG_OK;
    if (!dc->replay) {
        dc->secrets = dc->cmd->secrets;
        memcpy(dc->secret, dc->cmd->secret, sizeof(dc->secret));
    }
    for (const struct wg_json *o = carry->child; o; o = o->next) {
        wg_json_sep(&dc->outs);
        wg_json_write(o, &dc->outs);
    }
    const struct wg_json *set = carry->child->next, *given = wg_json_get(set, "limit");
    int state = wg_state_parse(wg_json_str(set, "state"));
    enum wg_unit unit = WG_CALENDAR_HOUR;
    if (given && given->count == 2)
        wg_unit_parse(given->child->next->str, &unit);
    const struct wg_clocks *k = &dc->pack->clocks;
    struct wg_limit limit = {0};
    if (state >= 0 && state < WG_STATES)
        limit = given && unit <= WG_EMERGENCY_DAY ? k->urgent[state] : k->stage[state];
    if (limit.n_milli && (rc = clock_deadline(dc, dc->t, limit, &stage)) < 0)
        return rc;
    out_begin(dc, "set");
    wg_json_kint(&dc->outs, "stage_due", stage);
    if (dc->known) { /* it comes home: who had it here sees it as before */
        wg_json_kstr(&dc->outs, "held", dc->c.held);
        wg_json_kstr(&dc->outs, "people", dc->c.people);
    }
    out_why(dc, WG_S("由邻县移入"));
    wg_buf_char(&dc->outs, '}');
    return put_secrets(dc);
}
