/* Cases at the edges: the same for both packs, and the same each time. What the county's own files
 * name (codes, units, streets, numbers) turns up more often than chance would have it: that is
 * where its functions branch. */
#include "workshop/guard.h"

#include <stdio.h>

#define WORDS 96
#define SAMPLE 60 /* classes that are alike in both packs */

struct entry {
    const struct wg_class *city, *county; /* of a county's own class both are the county's */
    const struct wg_condition *city_row, *row;
};
struct corpus {
    struct guard *g;
    struct entry *entry;
    size_t entries, hot; /* those that differ or are named come first */
    struct wg_str unit[WORDS], grid[WORDS];
    size_t units, grids;
    int64_t number[WORDS];
    size_t numbers;
    struct guard_world world;
    struct wg_world door;
};

/* ---- what the county's files name ---- */

static void add_number(struct corpus *k, int64_t v)
{
    for (int64_t d = -1; d <= 1; d++)
        if (k->numbers < WORDS && v + d >= 0 && v + d <= 400)
            k->number[k->numbers++] = v + d;
}

static void add_word(struct corpus *k, struct wg_str s)
{
    bool digits = s.n > 0, ascii = s.n > 0 && s.n <= 24;
    for (size_t i = 0; i < s.n; i++) {
        digits &= s.p[i] >= '0' && s.p[i] <= '9';
        ascii &= s.p[i] > ' ' && s.p[i] < 127;
    }
    if (digits && s.n >= 6 && s.n <= 18 && k->grids < WORDS) {
        struct wg_str full = wg_arena_fmt(k->g->a, "%.*s%.*s", WG_PRI(s),
                                          s.n < 15 ? (int)(15 - s.n) : 0, "001001001");
        k->grid[k->grids++] = full;
    } else if (ascii && k->units < WORDS - 3) {
        k->unit[k->units++] = s;
    }
}

static bool wordy(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Quoted texts and whole numbers; a file that cheats this scanner only gets a poorer corpus. */
static void read_words(struct corpus *k, struct wg_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        size_t from = i + 1;
        if (c == '"' || c == '\'') {
            while (++i < text.n && text.p[i] != c && text.p[i] != '\n')
                ;
            add_word(k, (struct wg_str){text.p + from, i - from});
        } else if (c >= '0' && c <= '9') {
            int64_t v = c - '0';
            while (i + 1 < text.n && text.p[i + 1] >= '0' && text.p[i + 1] <= '9' && v < 1000000)
                v = v * 10 + text.p[++i] - '0';
            add_number(k, v);
        } else if (wordy(c)) {
            while (i + 1 < text.n && wordy(text.p[i + 1]))
                i++;
        }
    }
}

static void read_files(struct corpus *k)
{
    struct wg_str name, text, area = wg_bundle_area(k->g->bundle);
    for (size_t i = 0; i < wg_bundle_files(k->g->bundle); i++) {
        wg_bundle_file(k->g->bundle, i, &name, &text);
        if (guard_starts(name, area) && !memmem(name.p, name.n, "tests.lua", 9))
            read_words(k, text);
    }
    k->unit[k->units++] = WG_S("u-cg");
    k->unit[k->units++] = WG_S("u-hw");
    k->unit[k->units++] = WG_S("u-sz");
    if (k->grids == 0)
        k->grid[k->grids++] = wg_arena_fmt(k->g->a, "%.*s001001001", WG_PRI(area));
}

/* ---- classes ---- */

static bool same_row(const struct wg_condition *x, const struct wg_condition *y)
{
    return wg_limit_same(x->limit, y->limit) && wg_str_eq(x->text, y->text) &&
           wg_str_eq(x->source, y->source);
}

/* Does any file of the county's name this class? */
static bool named(const struct corpus *k, struct wg_str code)
{
    for (size_t i = 0; i < k->units; i++)
        if (wg_str_eq(k->unit[i], code))
            return true;
    return false;
}

static void add_rows(struct corpus *k, const struct wg_class *c, bool hot, size_t every,
                     size_t *seen)
{
    const struct wg_class *city = wg_pack_class(k->g->city, (int)c->kind, c->code);
    for (size_t i = 0; i < c->conditions; i++) {
        const struct wg_condition *row = &c->condition[i],
                                  *theirs = city ? wg_class_condition(city, row->id) : NULL;
        bool is_hot = !theirs || !same_row(row, theirs) || named(k, c->code);
        if (is_hot != hot || (!hot && (*seen)++ % every))
            continue;
        k->entry[k->entries++] = (struct entry){city ? city : c, c, theirs ? theirs : row, row};
    }
}

static int read_classes(struct corpus *k, struct wg_err *err)
{
    size_t rows = 0, seen = 0;
    for (size_t i = 0; i < k->g->county->class_count; i++)
        rows += k->g->county->classes[i].conditions;
    k->entry = wg_arena_alloc(k->g->a, (rows + 1) * sizeof(*k->entry));
    if (!k->entry)
        return wg_fail(err, WG_ENOMEM, "no memory for the guard");
    for (int hot = 1; hot >= 0; hot--) {
        for (size_t i = 0; i < k->g->county->class_count; i++)
            add_rows(k, &k->g->county->classes[i], hot, 1 + rows / SAMPLE, &seen);
        if (hot)
            k->hot = k->entries;
    }
    return WG_OK;
}

int corpus_new(struct guard *g, struct corpus **out, struct wg_err *err)
{
    struct corpus *k = *out = WG_NEW(g->a, struct corpus);
    if (!k)
        return wg_fail(err, WG_ENOMEM, "no memory for the guard");
    k->g = g;
    read_files(k);
    k->world = (struct guard_world){k->unit, k->units, g->wt, 0};
    k->door = (struct wg_world){guard_answer, &k->world};
    return read_classes(k, err);
}

/* ---- one trial ---- */

struct draw {
    const struct corpus *k;
    uint64_t h;
    struct wg_arena *a;
};

static uint64_t roll(struct draw *d, uint64_t sides)
{
    d->h = guard_mix(d->h);
    return d->h % sides;
}

/* 0 … most, or now and then what the county's files name. */
static int64_t count_of(struct draw *d, uint64_t most)
{
    if (d->k->numbers && roll(d, 6) == 0) {
        int64_t v = d->k->number[roll(d, d->k->numbers)];
        if (v <= 60)
            return v;
    }
    return (int64_t)roll(d, most + 1);
}

static struct wg_str unit_of(struct draw *d)
{
    return d->k->unit[roll(d, d->k->units)];
}

/* A body that the desk would take: each field as its type wants it. */
static void write_field(struct draw *d, const struct wg_field *f, const struct trial *t,
                        struct wg_buf *b)
{
    bool days = wg_str_is(f->name, "days");
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)(f->name.n < 60 ? f->name.n : 60), f->name.p);
    switch (f->type) {
    case WG_FINT:
        wg_json_kint(b, name, days ? 1 + count_of(d, 39) : (int64_t)roll(d, 5000));
        break;
    case WG_FCHOICE:
        wg_json_kstr(b, name, f->choice[roll(d, f->choices ? f->choices : 1)]);
        break;
    case WG_FUNITS:
        wg_json_key(b, name);
        wg_buf_lit(b, "[\"u-sz\"]");
        break;
    case WG_FCONDITION:
        wg_json_kstr(b, name, t->county.row ? t->county.row->id : WG_S("1"));
        break;
    case WG_FCLASS:
        wg_json_kstr(b, name, t->c.category);
        break;
    case WG_FTIME:
        wg_json_ktime(b, name, t->city.now_ms + (int64_t)(1 + roll(d, 60)) * WG_DAY_MS);
        break;
    case WG_FUNIT:
        wg_json_kstr(b, name, unit_of(d));
        break;
    case WG_FCASE:
        wg_json_kstr(b, name, WG_S("341824-2026-000777"));
        break;
    default:
        wg_json_kstr(b, name, f->type == WG_FAREA ? WG_S("341821") : WG_S("见附件"));
    }
}

static const struct wg_json *parse(struct wg_arena *a, struct wg_buf *b)
{
    struct wg_json *tree = NULL;
    wg_json_parse(a, wg_buf_str(b), &tree, NULL);
    wg_buf_free(b);
    return tree;
}

static const struct wg_json *body_of(struct draw *d, const struct trial *t)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_char(&b, '{');
    if (t->what.p)
        wg_json_kstr(&b, "what", t->what);
    for (uint32_t i = 0; t->step && i < t->step->fields; i++)
        if (t->step->field[i].must || roll(d, 2))
            write_field(d, &t->step->field[i], t, &b);
    wg_buf_char(&b, '}');
    return parse(d->a, &b);
}

/* What waits for an answer, where the step is one. */
static const struct wg_json *asked_of(struct draw *d, const struct trial *t)
{
    struct wg_buf b = WG_BUF_INIT;
    uint64_t what = roll(d, 3);
    if (!t->step || (t->step->effect != WG_DO_GRANT && t->step->effect != WG_DO_DENY))
        return NULL;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "what",
                 what == 0   ? WG_S("defer")
                 : what == 1 ? WG_S("suspend")
                             : WG_S("proxy"));
    wg_json_kstr(&b, "by", WG_S("w-001"));
    wg_json_ktime(&b, "at", t->city.now_ms - WG_HOUR_MS);
    wg_json_kstr(&b, "of", wg_str_of(wg_role_name(t->city.role)));
    if (what == 0)
        wg_json_kint(&b, "days", 1 + count_of(d, 39));
    else if (what == 1)
        wg_json_ktime(&b, "until", t->city.now_ms + (int64_t)(1 + roll(d, 60)) * WG_DAY_MS);
    else
        wg_json_kstr(&b, "unit", unit_of(d));
    wg_buf_char(&b, '}');
    return parse(d->a, &b);
}

/* A bit of those, by chance. */
static int bit_of(struct draw *d, uint32_t bits)
{
    int count = 0, bit = 0;
    for (uint32_t b = bits; b; b &= b - 1)
        count++;
    for (uint64_t skip = count ? roll(d, (uint64_t)count) : 0; bit < 32; bit++)
        if (bits >> bit & 1 && skip-- == 0)
            return bit;
    return 0;
}

static void times_of(struct draw *d, struct wg_case *c, int64_t now, bool late)
{
    static const int64_t off[] = {1, 4 * 60, 26 * 60, 3 * 1440, 12 * 1440};
    int64_t away = off[roll(d, 5)] * WG_MINUTE_MS;
    c->opened = now - 2 * WG_HOUR_MS - (int64_t)roll(d, 10) * WG_DAY_MS;
    c->since = now - WG_HOUR_MS;
    if (c->state == WG_NOWHERE)
        c->opened = c->since = now;
    c->stage_due = now + away / 4 + 1;
    if (!c->condition.n)
        return;
    c->filed = c->opened + WG_HOUR_MS;
    c->due = late ? now - away : now + away;
    if (late)
        c->flags |= WG_OVERDUE;
    c->next = late ? now + away : 0;
    c->until = c->state == WG_SUSPENDED ? now + away : 0;
}

static void case_of(struct draw *d, struct trial *t, const struct entry *e, const char *event)
{
    struct wg_case *c = &t->c;
    bool filed = c->state < WG_STATES && c->state >= WG_FILED && c->state != WG_REJECTED;
    c->kind = (uint8_t)e->county->kind;
    c->category = e->county->code;
    c->source = (uint8_t)roll(d, WG_SOURCES);
    c->condition = filed || strcmp(event, "file") == 0 ? e->row->id : (struct wg_str){NULL, 0};
    if (filed && c->state != WG_FILED)
        c->unit = unit_of(d);
    if (c->state != WG_NOWHERE && roll(d, 2))
        c->proposed = unit_of(d);
    c->part = e->county->kind == WG_PART ? WG_S("3418240101000001") : (struct wg_str){NULL, 0};
    c->grid = d->k->grid[roll(d, d->k->grids)];
    c->reporter = WG_S("c-001");
    c->rework = (uint8_t)count_of(d, 3);
    c->deferrals = (uint8_t)count_of(d, 3);
    c->send_backs = (uint8_t)count_of(d, 3);
    c->urges = (uint8_t)count_of(d, 3);
    c->level = (uint8_t)roll(d, 5);
    c->version = 1 + (uint32_t)roll(d, 9);
    c->at = (struct wg_point){1185940000 + (int32_t)roll(d, 100000),
                              300650000 + (int32_t)roll(d, 100000)};
    if (roll(d, 4) == 0)
        c->flags |= WG_SUPERVISED;
    if (c->unit.n && roll(d, 8) == 0) {
        c->flags |= WG_PROXIED;
        c->blamed = unit_of(d);
    }
    c->segment = e->row->segments ? (uint8_t)roll(d, e->row->segments) : 0;
}

/* A row of the city's flow with that action, and a state it leaves; of the county's, where the city
 * has none. */
static bool step_of(struct draw *d, const char *event, struct trial *t)
{
    const struct wg_flow *flows[] = {&d->k->g->city->flow, &d->k->g->county->flow};
    for (int f = 0; f < 2; f++) {
        size_t count = 0;
        for (size_t i = 0; i < flows[f]->count; i++)
            count += wg_str_is(flows[f]->step[i].action, event);
        uint64_t skip = count ? roll(d, count) : 0;
        for (size_t i = 0; count && i < flows[f]->count; i++)
            if (wg_str_is(flows[f]->step[i].action, event) && skip-- == 0) {
                t->step = &flows[f]->step[i];
                t->c.state = (uint8_t)(t->step->from ? bit_of(d, t->step->from) : WG_NOWHERE);
                t->city.role = UINT32_C(1) << bit_of(d, t->step->roles);
                return true;
            }
    }
    return false;
}

static bool time_of(struct draw *d, struct trial *t)
{
    static const char *const whats[] = {"stage", "overdue", "escalate", "resume"};
    static const uint8_t clock[] = {WG_FILED, WG_DISPATCHED, WG_DISPOSING};
    uint64_t what = roll(d, 4);
    uint32_t open = 0;
    for (int i = 0; i < WG_STATES; i++)
        if (wg_state_open(i) && i != WG_SUSPENDED)
            open |= UINT32_C(1) << i;
    t->what = wg_str_of(whats[what]);
    t->c.state = what == 0   ? (uint8_t)bit_of(d, open)
                 : what == 3 ? WG_SUSPENDED
                             : clock[roll(d, 3)];
    t->city.role = WG_SYSTEM;
    return true;
}

static uint32_t area_number(struct wg_str area)
{
    uint32_t v = 0;
    for (size_t i = 0; i < area.n; i++)
        v = v * 10 + (uint32_t)(area.p[i] - '0');
    return v;
}

bool corpus_trial(struct corpus *k, const char *event, uint64_t n, struct wg_arena *a,
                  struct trial *t)
{
    struct draw d = {k, guard_mix_text(guard_mix(n), wg_str_of(event)), a};
    bool time = strcmp(event, "time") == 0;
    *t = (struct trial){.step = NULL};
    if (k->entries == 0 || !(time ? time_of(&d, t) : step_of(&d, event, t)))
        return false;
    bool hot = k->hot && roll(&d, 2);
    const struct entry *e = &k->entry[hot ? roll(&d, k->hot) : roll(&d, k->entries)];
    int64_t now = k->g->start[roll(&d, k->g->starts)];
    k->world.seed = now + (int64_t)roll(&d, 64);
    case_of(&d, t, e, event);
    bool late = t->what.p ? wg_str_is(t->what, "overdue") || wg_str_is(t->what, "escalate")
                          : roll(&d, 4) == 0 && !(t->step && t->step->before_due);
    if (wg_str_is(t->what, "overdue"))
        t->c.level = 0;
    times_of(&d, &t->c, now, late);
    t->c.id = wg_case_id(area_number(k->g->county->area), 2026, (uint32_t)(n % 9999) + 1);
    bool known = t->c.condition.n > 0;
    t->city.event = event;
    t->city.c = &t->c;
    t->city.class_ = e->city;
    t->city.row = known ? e->city_row : NULL;
    t->city.now_ms = now;
    t->city.by = WG_S("w-001");
    t->city.unit = t->city.role == WG_UNIT_ROLE ? t->c.unit : (struct wg_str){NULL, 0};
    t->city.world = &k->door;
    t->county = t->city;
    t->county.class_ = e->county;
    t->county.row = known ? e->row : NULL;
    t->city.in = t->county.in = body_of(&d, t);
    t->city.asked = t->county.asked = asked_of(&d, t);
    return t->city.in != NULL;
}

struct wg_str corpus_words(const struct trial *t, struct wg_arena *a)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str when = guard_moment(a, t->city.now_ms);
    wg_buf_fmt(&b, "%s%.*s", t->c.kind == WG_PART ? "部件" : "事件", WG_PRI(t->c.category));
    if (t->c.condition.n)
        wg_buf_fmt(&b, "条件%.*s", WG_PRI(t->c.condition));
    if (t->c.state < WG_STATES)
        wg_buf_fmt(&b, "，状态%s", wg_state_name(t->c.state));
    wg_buf_fmt(&b, "，角色%s", wg_role_name(t->city.role));
    if (t->c.rework)
        wg_buf_fmt(&b, "，返工%d次", t->c.rework);
    if (t->c.deferrals)
        wg_buf_fmt(&b, "，已延期%d次", t->c.deferrals);
    if (t->what.p)
        wg_buf_fmt(&b, "，%.*s第%d级", WG_PRI(t->what), t->c.level);
    if (wg_json_get(t->city.in, "days"))
        wg_buf_fmt(&b, "，申请%lld天", (long long)wg_json_int(t->city.in, "days", 0));
    wg_buf_fmt(&b, "，%.*s", WG_PRI(when));
    struct wg_str text = wg_arena_str(a, wg_buf_str(&b));
    wg_buf_free(&b);
    return text;
}
