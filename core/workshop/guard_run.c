/* Functions can't be read, so they are run: the county's own ones and the city's, over the same
 * cases, and no outcome may be looser. It shows that a function is loose, never that it is not. */
#include "workshop/guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TRIALS 48000 /* for all events; the whole guard is to take less than two seconds */
#define TRIALS_MOST 12000
#define FAILS_MOST 5
#define EVENT_MS 5000 /* a function that is slow each time must not hold up who waits */

enum verdict { LATER, MISSING, REFUSES, LETS_OFF, GRANT, ORDER, NOTIFY, PROPOSAL, FAILS, VERDICTS };
static const struct {
    const char *check;
    enum wg_severity severity;
} verdicts[VERDICTS] = {
    [LATER] = {"later_due", WG_FAULT},       [MISSING] = {"due_dropped", WG_FAULT},
    [REFUSES] = {"refuses", WG_FAULT},       [LETS_OFF] = {"lets_off", WG_FAULT},
    [GRANT] = {"grant_lowered", WG_FAULT},   [ORDER] = {"order_dropped", WG_FAULT},
    [NOTIFY] = {"notify_dropped", WG_FAULT}, [PROPOSAL] = {"proposal_dropped", WG_DOUBT},
    [FAILS] = {"handler_fails", WG_FAULT},
};

struct run {
    struct guard *g;
    struct corpus *k;
    struct wg_handler h;
    bool other_ladder;  /* the county's ladder is another: its rungs are compared as data */
    struct wg_arena *a; /* of one trial */
    struct wg_buf facts, outs[2];
    const struct trial *t;
    struct {
        uint64_t count;
        struct wg_str first;
        struct guard_spot spot;
    } told[VERDICTS];
};

static void tell(struct run *r, enum verdict v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(struct run *r, enum verdict v, const char *fmt, ...)
{
    char text[500];
    va_list ap;
    if (r->told[v].count++)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct wg_str words = corpus_words(r->t, r->a);
    r->told[v].first = wg_arena_fmt(r->g->a, "%.*s：%s", WG_PRI(words), text);
    r->told[v].spot = (struct guard_spot){r->h.file, r->h.line};
}

/* ---- one outcome beside the other ---- */

static bool is_kind(const struct wg_json *o, const char *k)
{
    return wg_str_is(wg_json_str(o, "k"), k);
}

/* What the last `set` that has this field says; 0: none has. */
static int64_t set_of(const struct wg_json *outs, const char *field)
{
    int64_t v = 0;
    for (const struct wg_json *o = outs->child; o; o = o->next)
        if (is_kind(o, "set"))
            v = wg_json_int(o, field, v);
    return v;
}

static size_t count_kind(const struct wg_json *outs, const char *k)
{
    size_t n = 0;
    for (const struct wg_json *o = outs->child; o; o = o->next)
        n += is_kind(o, k);
    return n;
}

static size_t proposals(const struct wg_json *outs)
{
    size_t n = 0;
    for (const struct wg_json *o = outs->child; o; o = o->next)
        n += is_kind(o, "propose") || wg_json_get(o, "proposed") != NULL;
    return n;
}

/* Where a row leads, by the body's result where it has one. */
static int leads_to(const struct trial *t)
{
    struct wg_str result = wg_json_str(t->city.in, "result");
    for (uint32_t i = 0; t->step && i < t->step->leads; i++)
        if (!t->step->lead[i].result.p || wg_str_eq(t->step->lead[i].result, result))
            return t->step->lead[i].to;
    return WG_STAY;
}

/* The stage's moment as the server itself would set it where no rule does. 0: none. */
static int64_t own_stage(const struct run *r)
{
    const struct wg_clocks *clocks = &r->g->city->clocks;
    const struct wg_condition *row = r->t->city.row;
    int to = leads_to(r->t);
    if (to >= WG_STATES)
        return r->t->c.stage_due;
    bool urgent = row && row->limit.unit <= WG_EMERGENCY_DAY;
    struct wg_limit limit = urgent ? clocks->urgent[to] : clocks->stage[to];
    return limit.n_milli ? guard_due(r->g->wt, r->t->city.now_ms, limit) : 0;
}

static void compare_set(struct run *r, const char *field, const char *words, int64_t stands,
                        const struct wg_json *city, const struct wg_json *county)
{
    int64_t x = set_of(city, field), y = set_of(county, field);
    int64_t bound = x ? x : stands;
    struct wg_str u = guard_moment(r->a, bound), v = guard_moment(r->a, y);
    if (x && !y)
        tell(r, MISSING, "市级定了%s（%.*s），县级没有定", words, WG_PRI(u));
    else if (y && bound && y > bound)
        tell(r, LATER, "%s%s%.*s，县级定到%.*s", words, x ? "市级定到" : "原为", WG_PRI(u),
             WG_PRI(v));
}

static const struct wg_json *first_kind(const struct wg_json *outs, const char *k)
{
    for (const struct wg_json *o = outs->child; o; o = o->next)
        if (is_kind(o, k))
            return o;
    return NULL;
}

static void compare_asks(struct run *r, const struct wg_json *city, const struct wg_json *county)
{
    const struct wg_json *x = first_kind(city, "ask");
    if (!x)
        return;
    struct wg_str of = wg_json_str(x, "of"), least = {NULL, 0};
    for (const struct wg_json *o = county->child; o; o = o->next)
        if (is_kind(o, "ask") && (!least.p || guard_rank(wg_json_str(o, "of")) < guard_rank(least)))
            least = wg_json_str(o, "of");
    if (guard_rank(least) < guard_rank(of))
        tell(r, GRANT, "市级须%.*s批准，县级%.*s即可", WG_PRI(of),
             WG_PRI(least.p ? least : WG_S("无人批准")));
}

static bool told_to(const struct wg_json *outs, struct wg_str to)
{
    for (const struct wg_json *o = outs->child; o; o = o->next)
        if (is_kind(o, "notify") && wg_str_eq(wg_json_str(o, "to"), to))
            return true;
    return false;
}

static void compare(struct run *r, const struct wg_json *city, const struct wg_json *county)
{
    bool rungs =
        r->other_ladder && !wg_str_is(r->t->what, "stage") && !wg_str_is(r->t->what, "resume");
    compare_set(r, "due", "截止时间", r->t->c.due, city, county);
    compare_set(r, "stage_due", "环节截止时间", own_stage(r), city, county);
    compare_asks(r, city, county);
    if (!rungs) {
        compare_set(r, "next", "下次上报时间", r->t->c.next, city, county);
        if (count_kind(city, "order") > count_kind(county, "order"))
            tell(r, ORDER, "市级下督办令，县级没有");
        for (const struct wg_json *o = city->child; o; o = o->next) {
            struct wg_str to = wg_json_str(o, "to");
            if (is_kind(o, "notify") && !told_to(county, to))
                tell(r, NOTIFY, "市级通知%.*s，县级没有", WG_PRI(to));
        }
    }
    if (proposals(city) && !proposals(county))
        tell(r, PROPOSAL, "市级有派遣或合并建议，县级没有");
}

/* ---- refusals and failures ---- */

/* Acts that let someone off: to refuse them is strict. */
static bool lets_off(const char *event)
{
    static const char *const acts[] = {"defer",    "suspend",  "proxy",    "send_back", "dispute",
                                       "transfer", "void",     "merge",    "close",     "dispose",
                                       "grant",    "withdraw", "callback", "appeal",    "uphold",
                                       "reject",   "refuse",   "handover", NULL};
    int i = 0;
    while (acts[i] && strcmp(acts[i], event) != 0)
        i++;
    return acts[i] != NULL;
}

/* "341824/rules.lua:27: …": where it failed may be a module that the handler calls. */
static struct guard_spot failed_at(const struct run *r, const char *text)
{
    const char *colon = strstr(text, ".lua:");
    if (!colon || (size_t)(colon - text) > 60)
        return (struct guard_spot){r->h.file, r->h.line};
    struct wg_str file = {text, (size_t)(colon - text) + 4};
    return (struct guard_spot){wg_arena_str(r->g->a, file), atoi(colon + 5)};
}

static void judge(struct run *r, int city, int county, const struct wg_err *said)
{
    bool lenient = lets_off(r->h.event);
    if (city != WG_OK && city != WG_EDENIED)
        return; /* such a case can't come: nothing to compare with */
    if (county == WG_EDENIED && city == WG_OK && !lenient) {
        tell(r, REFUSES, "市级照办，县级拒绝：%s", said->text);
    } else if (county == WG_OK && city == WG_EDENIED && lenient) {
        tell(r, LETS_OFF, "市级拒绝，县级放行");
    } else if (county != WG_OK && county != WG_EDENIED) {
        tell(r, FAILS, "县级函数出错：%s", said->text);
        if (r->told[FAILS].count == 1)
            r->told[FAILS].spot = failed_at(r, said->text);
    }
}

/* ---- running ---- */

static const struct wg_json *list_of(struct run *r, const struct wg_buf *outs)
{
    struct wg_json *tree = NULL;
    struct wg_str text = wg_arena_fmt(r->a, "[%.*s]", (int)outs->n, outs->p ? outs->p : "");
    if (text.p)
        wg_json_parse(r->a, text, &tree, NULL);
    return tree;
}

static void run_trial(struct run *r)
{
    struct wg_err said[2] = {{0}, {0}};
    int rc[2];
    for (int i = 0; i < 2; i++) {
        wg_buf_clear(&r->facts);
        wg_buf_clear(&r->outs[i]);
        rc[i] = wg_rules_decide(i ? r->g->county_rules : r->g->city_rules,
                                i ? &r->t->county : &r->t->city, r->a, &r->facts, &r->outs[i],
                                &said[i]);
    }
    judge(r, rc[0], rc[1], &said[1]);
    if (rc[0] != WG_OK || rc[1] != WG_OK ||
        wg_str_eq(wg_buf_str(&r->outs[0]), wg_buf_str(&r->outs[1])))
        return;
    const struct wg_json *city = list_of(r, &r->outs[0]), *county = list_of(r, &r->outs[1]);
    if (city && county)
        compare(r, city, county);
}

static void report(struct run *r, uint64_t ran)
{
    struct wg_str where = guard_where(r->g, "on.%s", r->h.event);
    for (int v = 0; v < VERDICTS; v++) {
        if (!r->told[v].count)
            continue;
        guard_say(r->g, verdicts[v].severity, verdicts[v].check, where, r->told[v].spot,
                  "%.*s（推演%llu例，共%llu例如此）", WG_PRI(r->told[v].first),
                  (unsigned long long)ran, (unsigned long long)r->told[v].count);
    }
}

static void run_event(struct run *r, uint64_t trials)
{
    struct trial t;
    uint64_t ran = 0;
    r->other_ladder = strcmp(r->h.event, "time") == 0 && guard_other_ladder(r->g);
    if (r->other_ladder)
        guard_say(r->g, WG_FAULT, "ladder_unproved", WG_S("on.time"),
                  (struct guard_spot){r->h.file, r->h.line},
                  "ladder表与on.time同时改动，无法推演逐级的通知：只能改其中一个");
    int64_t until = wg_mono_ms() + EVENT_MS;
    bool late = false;
    for (uint64_t n = 0; n < trials && r->told[FAILS].count < FAILS_MOST && !late; n++) {
        wg_arena_reset(r->a);
        if (!corpus_trial(r->k, r->h.event, n, r->a, &t))
            break;
        r->t = &t;
        ran++;
        run_trial(r);
        late = wg_mono_ms() >= until;
    }
    if (!ran || late)
        guard_say(r->g, WG_DOUBT, "handler_unproved", guard_where(r->g, "on.%s", r->h.event),
                  (struct guard_spot){r->h.file, r->h.line},
                  late ? "on.%s太慢：只推演了一部分案卷" : "流程里没有%s这一步：没有可推演的案卷",
                  r->h.event);
    report(r, ran);
}

/* ---- which ones ---- */

struct picked {
    struct wg_handler h[128];
    size_t count;
};

static void pick(void *arg, const struct wg_handler *h)
{
    struct picked *p = arg;
    if (h->own && p->count < sizeof(p->h) / sizeof(p->h[0]))
        p->h[p->count++] = *h;
}

static void pick_any(void *arg, const struct wg_handler *h)
{
    struct picked *p = arg;
    if (p->count < sizeof(p->h) / sizeof(p->h[0]))
        p->h[p->count++] = *h;
}

/* A pack that does not stand on the city's may lack a function that the city has. */
static void pick_missing(const struct picked *city, const struct picked *county, struct guard *g,
                         struct picked *own)
{
    for (size_t i = 0; i < city->count; i++) {
        size_t k = 0;
        while (k < county->count && strcmp(county->h[k].event, city->h[i].event) != 0)
            k++;
        if (k < county->count || own->count == sizeof(own->h) / sizeof(own->h[0]))
            continue;
        struct guard_spot spot = guard_spot(g, "county");
        own->h[own->count] = city->h[i];
        own->h[own->count].file = spot.file;
        own->h[own->count++].line = spot.line;
    }
}

int guard_handlers(struct guard *g, struct wg_err *err)
{
    struct run r = {.g = g, .facts = WG_BUF_INIT, .outs = {WG_BUF_INIT, WG_BUF_INIT}};
    struct picked *p = wg_arena_alloc(g->a, 3 * sizeof(*p));
    int rc = p ? corpus_new(g, &r.k, err) : wg_fail(err, WG_ENOMEM, "no memory for the guard");
    if (rc < 0)
        return rc;
    wg_rules_handlers(g->city_rules, pick_any, &p[0]);
    wg_rules_handlers(g->county_rules, pick_any, &p[1]);
    wg_rules_handlers(g->county_rules, pick, &p[2]);
    pick_missing(&p[0], &p[1], g, &p[2]);
    if (!(r.a = wg_arena_new(16384)))
        return wg_fail(err, WG_ENOMEM, "no memory for the guard");
    uint64_t each = p[2].count ? TRIALS / p[2].count : 0;
    for (size_t i = 0; i < p[2].count; i++) {
        r.h = p[2].h[i];
        memset(r.told, 0, sizeof(r.told));
        run_event(&r, each < TRIALS_MOST ? each : TRIALS_MOST);
    }
    wg_arena_free(r.a);
    wg_buf_free(&r.facts);
    wg_buf_free(&r.outs[0]);
    wg_buf_free(&r.outs[1]);
    return WG_OK;
}
