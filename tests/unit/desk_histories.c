/* Random histories: many cases at once, each taken through whatever the flow lets anybody do, and
 * through much that it does not, while time goes on over nights, weekends and holidays. After each
 * step the rules that nothing may break are looked at; after each history its ledger is walked
 * minute by minute. $HISTORIES: how many (default 1500); $SEED: another run of chance. */
#include "desk_given.h"

#include <stdlib.h>

#define AT_ONCE 64
#define STEPS 36
#define LIMIT 4000 /* bytes of a record */

static int64_t clock_ms;
static uint64_t chance_state;
static uint64_t tried, taken, timed, walked;

static int64_t now_ms(void)
{
    return clock_ms;
}

static uint32_t chance(uint32_t n)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chance_state >> 33) % n;
}

/* ---- somebody does something ---- */

static const struct {
    uint32_t role;
    const char *user, *unit;
} people[] = {
    {WG_COLLECTOR, "c-001", ""},      {WG_COLLECTOR, "c-002", ""},
    {WG_ACCEPTOR, "a-001", ""},       {WG_CHIEF, "z-001", ""},
    {WG_CHIEF, "z-002", ""},          {WG_DISPATCHER, "p-001", ""},
    {WG_COORDINATOR, "x-001", ""},    {WG_UNIT_ROLE, "u-cg-1", "u-cg"},
    {WG_UNIT_ROLE, "u-hw-1", "u-hw"}, {WG_LEADER, "l-001", ""},
    {WG_REVIEWER, "r-001", ""},       {WG_REVIEWER, "r-002", ""},
    {WG_REVIEWER, "r-003", ""},       {WG_AUDITOR, "s-001", ""},
};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

static size_t somebody(uint32_t roles, struct wg_str unit)
{
    for (int i = 0; i < 40; i++) {
        size_t p = chance(PEOPLE);
        if (people[p].role & roles &&
            (!*people[p].unit || !unit.n || wg_str_is(unit, people[p].unit) || chance(20) == 0))
            return p;
    }
    return chance(PEOPLE);
}

static void field(struct wg_buf *b, const struct wg_field *f, uint64_t other)
{
    static const char *const units[] = {"u-cg", "u-hw", "u-none"};
    char id[24];
    struct wg_buf time = WG_BUF_INIT;
    if (chance(40) == 0)
        return;
    switch (f->type) {
    case WG_FINT:
        wg_json_key_str(b, f->name);
        wg_buf_int(b, (int64_t)chance(14) - 1);
        break;
    case WG_FCHOICE:
        wg_json_key_str(b, f->name);
        wg_buf_json(b, f->choice[chance(f->choices)]);
        break;
    case WG_FUNIT:
        wg_json_key_str(b, f->name);
        wg_buf_json(b, wg_str_of(units[chance(20) ? chance(2) : 2]));
        break;
    case WG_FUNITS:
        wg_json_key_str(b, f->name);
        wg_buf_lit(b, "[\"u-hw\"]");
        break;
    case WG_FCONDITION:
        wg_json_key_str(b, f->name);
        wg_buf_json(b, chance(20) ? WG_S("1") : WG_S("77"));
        break;
    case WG_FTIME:
        wg_buf_time(&time, clock_ms + (int64_t)chance(400) * WG_HOUR_MS - WG_HOUR_MS);
        wg_json_key_str(b, f->name);
        wg_buf_json(b, wg_buf_str(&time));
        break;
    case WG_FCASE:
        wg_case_id_text(other, id);
        wg_json_key_str(b, f->name);
        wg_buf_json(b, wg_str_of(id));
        break;
    case WG_FAREA:
        wg_json_key_str(b, f->name);
        wg_buf_lit(b, "\"341821\"");
        break;
    case WG_FCLASS:
        if (chance(2))
            break;
        wg_json_key_str(b, f->name);
        wg_buf_lit(b, "\"0110\"");
        break;
    case WG_FTEXT:
        if (wg_str_is(f->name, "part"))
            break;
        wg_json_key_str(b, f->name);
        wg_buf_lit(b, "\"因故\"");
        break;
    }
    wg_buf_free(&time);
}

/* Most of the time: what is possible here, moves the case on, and does not end it so soon. */
static bool worth(const struct wg_step *row, int state)
{
    int to = row->lead[0].to;
    bool ends = to < WG_STATES && !wg_state_open(to) && to != WG_CLOSED;
    return row->from >> state & 1 && (!ends || chance(40) == 0) &&
           (to != WG_STAY || chance(3) == 0) && (row->effect != WG_DO_WITHDRAW || chance(3) == 0);
}

static struct wg_cmd *something(struct county *c, const struct wg_case *k, uint64_t other)
{
    struct wg_force *f = wg_desk_force(c->d);
    const struct wg_flow *flow = &f->pack->flow;
    const struct wg_step *row = NULL;
    for (int i = 0; i < 400 && !(row && worth(row, k->state)); i++)
        row = &flow->step[1 + chance((uint32_t)flow->count - 1)];
    if (chance(12) == 0)
        row = &flow->step[1 + chance((uint32_t)flow->count - 1)];
    size_t p = somebody(chance(15) ? row->roles : ~UINT32_C(0), k->unit);
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    for (uint32_t i = 0; i < row->fields; i++)
        field(&b, &row->field[i], other);
    if (row->effect == WG_DO_EVIDENCE || chance(5) == 0) {
        wg_json_key(&b, "note");
        wg_buf_lit(&b, "\"说明\"");
    }
    wg_buf_char(&b, '}');
    wg_buf_char(&b, '\0');
    char act[40];
    wg_str_copy(act, sizeof(act), row->action);
    struct wg_cmd *cmd = step(act, k->id, people[p].user, people[p].unit, people[p].role, b.p);
    cmd->act = wg_arena_str(cmd->arena, wg_str_of(act));
    cmd->to_known = true;
    if (chance(3) == 0)
        cmd->if_match = chance(10) ? (int64_t)k->version : 1;
    wg_buf_free(&b);
    wg_force_drop(f);
    return cmd;
}

/* ---- what nothing may break ---- */

static void look(const struct wg_case *k)
{
    bool open = wg_state_open(k->state);
    uint32_t post = wg_case_post(k);
    CHECK(open == (post != 0) && (post & (post - 1)) == 0); /* one post, while it is open */
    CHECK(post != WG_UNIT_ROLE || k->unit.n);
    CHECK(!k->unit.n || wg_words_have(k->held, k->unit));
    CHECK(open == (k->closed == 0));
    CHECK((k->filed != 0) == (k->number.n != 0) && (k->filed != 0) == (k->due != 0));
    CHECK(!k->filed || k->due > k->clock_from);
    CHECK(k->stopped == 0 || !wg_clock_runs(k->state));
    CHECK(!(k->filed && wg_clock_runs(k->state)) || k->stopped == 0);
    CHECK(k->state != WG_SUSPENDED || k->until);
    CHECK(!(k->flags & WG_EXEMPT) || k->flags & WG_APPEALED);
    CHECK(k->since <= k->changed && k->opened <= k->since);
    CHECK(k->asked.n == 0 || open || k->state == WG_CLOSED);
}

struct held {
    uint64_t id;
    char bytes[LIMIT];
    size_t n;
    struct wg_case c;
};

static void fetch(struct county *c, struct held *h)
{
    struct wg_txn *txn = NULL;
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_txn_begin(wg_views_env(c->d->views), false, &txn, &err), WG_OK);
    CHECK_INT(wg_view_case(c->d->views, txn, h->id, &h->c), WG_OK);
    wg_case_encode(&h->c, &b);
    wg_txn_abort(txn);
    CHECK(b.n <= LIMIT);
    memcpy(h->bytes, b.p, b.n);
    h->n = b.n;
    wg_buf_free(&b);
    CHECK_INT(wg_case_decode((struct wg_str){h->bytes, h->n}, &h->c), WG_OK);
}

static void check_step(struct county *c, struct held *h, struct wg_cmd *cmd)
{
    static struct held before;
    before = *h;
    CHECK_INT(wg_case_decode((struct wg_str){before.bytes, before.n}, &before.c), WG_OK);
    fetch(c, h);
    look(&h->c);
    tried++;
    if (cmd->rc == WG_OK) {
        taken++;
        CHECK_INT(h->c.version, before.c.version + 1);
    } else {
        CHECK(cmd->rc == WG_EDENIED || cmd->rc == WG_ESTATE || cmd->rc == WG_ESTALE ||
              cmd->rc == WG_EINVAL);
        CHECK(cmd->n == 0 && h->c.version == before.c.version && h->c.state == before.c.state);
        /* only another's merging into it may have touched it */
        CHECK(h->c.last_n != before.c.last_n ||
              (h->n == before.n && memcmp(h->bytes, before.bytes, h->n) == 0));
    }
}

/* ---- the ledger ---- */

static int64_t walk(const struct wg_worktime *wt, int64_t from, int64_t to)
{
    int64_t count = 0;
    struct wg_workday day = {0};
    int64_t known = INT64_MIN;
    for (int64_t t = from; t < to; t += WG_MINUTE_MS) {
        int64_t into, d = wg_local_day(t, &into);
        if (d != known)
            wg_worktime_day(wt, wg_date_of(d), &day);
        known = d;
        for (int i = 0; i < day.shift_count && day.works; i++)
            count += into / WG_MINUTE_MS >= day.shift[i].from_min &&
                     into / WG_MINUTE_MS < day.shift[i].to_min;
    }
    return count * WG_MINUTE_MS;
}

/* The limit as it was given, with what was granted: what used and left must add up to. */
static int64_t follow(struct wg_ledger *l, const struct wg_entry *e, const struct wg_worktime *wt,
                      int64_t whole)
{
    int64_t due = l->c.due, from = l->c.clock_from;
    bool stopped = l->c.stopped != 0;
    CHECK_INT(wg_ledger_step(l, e), WG_OK);
    if (!l->c.due)
        return 0;
    if (!due || l->c.clock_from != from || wg_str_is(e->act, "correct"))
        return wg_limit_between(wt, l->c.clock_from, l->c.due, l->c.limit.unit);
    if (l->c.due > due && !stopped)
        return whole + wg_limit_between(wt, due, l->c.due, l->c.limit.unit);
    return whole;
}

static void check_ledger(struct county *c, uint64_t id)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_ledger l = {.a = a, .id = id, .c = {.state = WG_NOWHERE}};
    struct wg_force *f = wg_desk_force(c->d);
    const struct wg_worktime *wt = f->worktime;
    static struct wg_entry e[STEPS * 8];
    size_t n = 0;
    int64_t whole = 0, sum = 0, over = 0, counted = 0;
    bool corrected = false;
    struct held h = {.id = id};
    fetch(c, &h);
    for (uint64_t at = h.c.last_n; at; at = wg_entry_was(&e[n++], id)) {
        struct wg_buf text = WG_BUF_INIT;
        CHECK(n < sizeof(e) / sizeof(e[0]));
        CHECK_INT(wg_journal_get(wg_desk_journal(c->d), at, &text, &err), WG_OK);
        CHECK_INT(wg_entry_parse(a, wg_arena_str(a, wg_buf_str(&text)), &e[n], &err), WG_OK);
        wg_buf_free(&text);
    }
    for (size_t i = n; i > 0; i--) {
        whole = follow(&l, &e[i - 1], wt, whole);
        corrected |= wg_str_is(e[i - 1].act, "correct");
    }
    CHECK(l.c.state == h.c.state && l.c.due == h.c.due && l.c.version == h.c.version);
    wg_ledger_end(&l, clock_ms);
    for (size_t i = 0; i < l.count; i++) {
        const struct wg_stay *s = &l.stay[i];
        CHECK(s->to >= s->from && (i == 0 || s->from == l.stay[i - 1].to));
        if (wg_state_open(s->state))
            sum += s->to - s->from;
        else if (i + 1 < l.count) /* closed or merged, and open again */
            over += s->to - s->from;
        if (i >= l.clock_at && s->runs)
            counted += l.c.limit.unit == WG_WORK_HOUR || l.c.limit.unit == WG_WORK_DAY
                           ? walk(wt, s->from, s->to)
                           : s->to - s->from;
    }
    int64_t end_ms = l.c.closed ? l.c.closed : clock_ms;
    CHECK_INT(sum + over, end_ms - l.c.opened);
    if (l.c.due) {
        int64_t used = wg_ledger_used(&l, wt), left = wg_ledger_left(&l, wt, clock_ms);
        int64_t end = l.c.stopped ? l.c.stopped : l.c.closed ? l.c.closed : clock_ms;
        CHECK_INT(used, counted); /* as a walk by minutes finds it */
        CHECK(used >= 0 && left >= 0);
        if (!corrected && !(l.c.flags & WG_OVERDUE) && end <= l.c.due)
            CHECK_INT(used + left, whole);
        walked++;
    }
    wg_force_drop(f);
    wg_arena_free(a);
}

/* ---- many at once ---- */

static void run_batch_of(struct county *c, struct wg_cmd **cmds, size_t n)
{
    for (size_t i = 1; i < n; i++)
        cmds[i - 1]->link.next = &cmds[i]->link;
    wg_desk_batch(c->d, cmds[0]);
}

static void time_passes(struct county *c)
{
    static const int64_t minutes[] = {1, 5, 17, 60, 95, 240, 700, 1500, 4000};
    uint64_t n = c->d->n;
    clock_ms += minutes[chance(sizeof(minutes) / sizeof(minutes[0]))] * WG_MINUTE_MS;
    while (desk_wake(c->d) == 0)
        ;
    timed += c->d->n - n;
}

static void take_some(struct county *c)
{
    static struct held held[AT_ONCE];
    struct wg_cmd *cmds[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++)
        cmds[i] = report(HERE);
    run_batch_of(c, cmds, AT_ONCE);
    for (size_t i = 0; i < AT_ONCE; i++) {
        CHECK_INT(cmds[i]->rc, WG_OK);
        held[i].id = case_of(cmds[i]).id;
        fetch(c, &held[i]);
        look(&held[i].c);
        cmd_free(cmds[i]);
    }
    for (size_t s = 0; s < STEPS; s++) {
        time_passes(c);
        for (size_t i = 0; i < AT_ONCE; i++) {
            fetch(c, &held[i]);
            look(&held[i].c);
            cmds[i] = something(c, &held[i].c, held[chance(AT_ONCE)].id);
        }
        run_batch_of(c, cmds, AT_ONCE);
        for (size_t i = 0; i < AT_ONCE; i++) {
            check_step(c, &held[i], cmds[i]);
            cmd_free(cmds[i]);
        }
    }
    for (size_t i = 0; i < AT_ONCE; i++)
        check_ledger(c, held[i].id);
}

TEST(whatever_people_try_nothing_breaks_and_replay_gives_the_same)
{
    const char *many = getenv("HISTORIES"), *seed = getenv("SEED");
    size_t count = many ? strtoul(many, NULL, 10) : 1500;
    struct county c;
    chance_state = seed ? strtoull(seed, NULL, 10) : 20261123;
    clock_ms = 1772787600000; /* a Friday in March 2026 */
    given_bare(&c);
    county_close(&c);
    c.opts.now_ms = now_ms;
    c.opts.segment_bytes = 32u << 20;
    c.opts.map_bytes = (size_t)8 << 30;
    county_open(&c);
    take_edition(&c, WG_COUNTIES, counties_json);
    take_edition(&c, WG_GRIDS, grids_json);
    take_edition(&c, WG_DUTIES, duties_json);
    take_edition(&c, WG_UNITS, units_json);
    take_edition(&c, WG_OWNERS, owners_json);
    take_rules(&c, bundle_with(NULL, NULL));
    for (size_t done = 0; done < count; done += AT_ONCE) {
        clock_ms = 1772787600000 + (int64_t)(done / AT_ONCE) * 3 * WG_DAY_MS;
        clock_ms = clock_ms > c.d->t ? clock_ms : (c.d->t / WG_MINUTE_MS + 1) * WG_MINUTE_MS;
        take_some(&c);
    }
    print_message("%zu histories: %llu tried, %llu taken, %llu by time, %llu ledgers walked\n",
                  count, (unsigned long long)tried, (unsigned long long)taken,
                  (unsigned long long)timed, (unsigned long long)walked);
    CHECK(taken > tried / 4 && timed > count / 2 && walked > count / 3);
    check_audit(&c, c.d->n);
    county_done(&c);
}

RUN_ALL("desk_histories")
