/* What an outcome does to a case. Pure: the same entries give the same record on any machine, at
 * any time. */
#include "case/case.h"

static struct wg_str joined(struct wg_arena *a, struct wg_str words, const char *prefix,
                            struct wg_str word)
{
    size_t before = strlen(prefix);
    char *p = wg_arena_alloc(a, words.n + before + word.n + 2), *at = p;
    if (!p)
        return (struct wg_str){NULL, 0};
    if (words.n) {
        memcpy(at, words.p, words.n);
        at += words.n;
        *at++ = ' ';
    }
    memcpy(at, prefix, before);
    if (word.n)
        memcpy(at + before, word.p, word.n);
    return (struct wg_str){p, (size_t)(at - p) + before + word.n};
}

/* Where a photo belongs in the story is told by the state in which it was taken. */
static const char *photo_stage(int state)
{
    switch (state) {
    case WG_NOWHERE:
    case WG_REPORTED:
    case WG_VERIFYING:
        return "before";
    case WG_DISPOSING:
        return "after";
    case WG_CHECKING:
        return "check";
    default:
        return "other";
    }
}

/* The list with one more, up to its stage; end it with end_photo. */
static void begin_photo(const struct wg_case *c, struct wg_str name, int state, struct wg_buf *b)
{
    wg_buf_char(b, '[');
    if (c->photos.n > 2)
        wg_buf_add(b, c->photos.p + 1, c->photos.n - 2);
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "sha256", name);
    wg_json_kstr(b, "stage", wg_str_of(photo_stage(state)));
}

static int end_photo(struct wg_case *c, struct wg_buf *b, struct wg_arena *a)
{
    wg_buf_lit(b, "}]");
    c->photos = wg_arena_str(a, wg_buf_str(b));
    bool ok = wg_buf_ok(b) && c->photos.p;
    wg_buf_free(b);
    return ok ? WG_OK : WG_ENOMEM;
}

/* By whom, when, and what deciding found about it. */
static int fold_photo(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                      struct wg_arena *a)
{
    struct wg_buf b = WG_BUF_INIT;
    const struct wg_json *far = wg_json_get(o, "far_m");
    begin_photo(c, wg_json_str(o, "sha256"), c->state, &b);
    wg_json_kstr(&b, "by", e->by);
    wg_json_ktime(&b, "at", e->t);
    wg_json_kstr(&b, "type", wg_json_str(o, "type"));
    wg_json_ktime(&b, "taken", wg_json_int(o, "taken", 0));
    if (wg_json_bool(o, "late", false))
        wg_json_kbool(&b, "late", true);
    if (far)
        wg_json_kint(&b, "far_m", far->num);
    return end_photo(c, &b, a);
}

/* Entries from before there was the outcome `photo` have theirs in the body alone. */
static int fold_bare_photos(struct wg_case *c, const struct wg_entry *e, int state,
                            struct wg_arena *a)
{
    const struct wg_json *photos = wg_json_get(e->in, "photos");
    int rc = WG_OK;
    for (const struct wg_json *o = e->out->child; o; o = o->next)
        if (wg_str_is(wg_json_str(o, "k"), "photo"))
            return WG_OK;
    for (const struct wg_json *p = photos ? photos->child : NULL; rc == WG_OK && p; p = p->next) {
        struct wg_buf b = WG_BUF_INIT;
        begin_photo(c, p->str, state, &b);
        rc = end_photo(c, &b, a);
    }
    return rc;
}

static int add_person(struct wg_case *c, struct wg_str by, uint32_t role, struct wg_arena *a)
{
    const char *axis = role & WG_SUPERVISION ? "s:" : role & WG_COMMAND ? "c:" : NULL;
    if (!axis)
        return WG_OK;
    struct wg_str word = joined(a, (struct wg_str){NULL, 0}, axis, by);
    if (!wg_words_have(c->people, word))
        c->people = joined(a, c->people, axis, by);
    return word.p && c->people.p ? WG_OK : WG_ENOMEM;
}

/* The words of a report: as they came, or a reference to them in the vault. */
static struct wg_str words_of(const struct wg_json *j, bool *in_vault)
{
    struct wg_str ref = wg_json_str(j, "vault");
    *in_vault = ref.p != NULL;
    return ref.p ? ref : j && j->type == WG_JSTR ? j->str : (struct wg_str){NULL, 0};
}

static int fold_open(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                     struct wg_arena *a)
{
    const struct wg_json *at = wg_json_get(o, "at");
    int kind = wg_kind_parse(wg_json_str(o, "kind")),
        source = wg_source_parse(wg_json_str(o, "source"));
    bool in_vault = false, caller = false;

    *c =
        (struct wg_case){.first_n = e->n, .version = 1, .state = WG_REPORTED, .before = WG_NOWHERE};
    if (wg_case_id_parse(wg_json_str(o, "id"), &c->id) < 0 || kind < 0 || source < 0 || !at ||
        at->count != 2)
        return WG_ECORRUPT;
    c->kind = (uint8_t)kind;
    c->source = (uint8_t)source;
    c->at = (struct wg_point){(int32_t)at->child->num, (int32_t)at->child->next->num};
    c->opened = c->changed = c->since = e->t;
    c->occurred = wg_json_int(o, "occurred", 0);
    c->standard = wg_json_str(o, "standard");
    c->category = wg_json_str(o, "category");
    c->category_name = wg_json_str(o, "name");
    c->grid = wg_json_str(o, "grid");
    c->part = wg_json_str(o, "part");
    c->reporter = e->by;
    c->rev = e->rev;
    c->address = wg_json_str(e->in, "address");
    c->description = words_of(wg_json_get(e->in, "description"), &in_vault);
    c->caller = words_of(wg_json_get(e->in, "caller"), &caller);
    if (in_vault)
        c->flags |= WG_WORDS_IN_VAULT;
    int rc = add_person(c, e->by, wg_role_parse(wg_json_str(o, "role")), a);
    return rc < 0 ? rc : fold_bare_photos(c, e, WG_NOWHERE, a);
}

/* The state's own times. Whether the limit went on meanwhile is said by outcomes: `due`. */
static void moved(struct wg_case *c, int to, bool back, int64_t t)
{
    if (back) { /* and what was before that is before again */
        c->before = c->trail ? (uint8_t)((c->trail & 31) - 1) : WG_NOWHERE;
        c->trail >>= 5;
    } else {
        if (c->before < WG_STATES)
            c->trail = (c->trail << 5 | (uint32_t)(c->before + 1)) & 0x3fffffff;
        c->before = c->state;
    }
    c->left_due = c->stage_due;
    c->state = (uint8_t)to;
    c->since = t;
    c->closed = wg_state_open(to) ? 0 : t;
    c->flags &= ~(uint32_t)WG_STAGE_LATE;
    c->stage_due =
        to == WG_DISPATCHED || to == WG_DISPOSING ? c->due : 0; /* a unit's: the case's */
    c->next = 0;
    if (wg_clock_runs(to)) /* merged and split again, it is suspended still */
        c->until = 0;
    if (to == WG_FILED && !c->filed)
        c->filed = c->clock_from = t;
    if (to == WG_DISPATCHED && !c->dispatched)
        c->dispatched = t;
    if (wg_clock_runs(to))
        c->stopped = 0;
    else if (c->filed && !c->stopped)
        c->stopped = t;
}

static int fold_go(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                   struct wg_arena *a)
{
    int to = wg_state_parse(wg_json_str(o, "to"));
    if (to < 0 || to >= WG_STATES)
        return WG_ECORRUPT;
    int rc = fold_bare_photos(c, e, c->state, a);
    if (rc == WG_OK)
        rc = add_person(c, e->by, wg_role_parse(e->as), a);
    if (wg_json_bool(o, "quiet", false) == false) {
        c->version++;
        if (to != c->state)
            c->last = e->by;
    }
    c->changed = e->t;
    if (to != c->state)
        moved(c, to, wg_json_bool(o, "back", false), e->t);
    return rc;
}

static int set_unit(struct wg_case *c, struct wg_str unit, struct wg_arena *a)
{
    c->unit = unit;
    if (unit.n && !wg_words_have(c->held, unit))
        c->held = joined(a, c->held, "", unit);
    return WG_OK;
}

static int set_limit(struct wg_case *c, const struct wg_json *v)
{
    if (v->type != WG_JARR || v->count != 2 || v->child->type != WG_JINT)
        return WG_ECORRUPT;
    c->limit.n_milli = v->child->num;
    return wg_unit_parse(v->child->next->str, &c->limit.unit) < 0 ? WG_ECORRUPT : WG_OK;
}

/* A clock that is set anew has not run out. */
static void set_due(struct wg_case *c, int64_t due, int64_t now)
{
    if (due > now) {
        c->flags &= ~(uint32_t)WG_OVERDUE;
        c->level = 0;
    }
    if (c->stage_due == c->due)
        c->stage_due = due;
    c->due = due;
}

static int set_object(struct wg_str *field, const struct wg_json *v, struct wg_arena *a)
{
    struct wg_buf b = WG_BUF_INIT;
    if (v->type == WG_JNULL) {
        *field = (struct wg_str){NULL, 0};
        return WG_OK;
    }
    wg_json_write(v, &b);
    *field = wg_arena_str(a, wg_buf_str(&b));
    bool ok = wg_buf_ok(&b) && field->p;
    wg_buf_free(&b);
    return ok ? WG_OK : WG_ENOMEM;
}

static const struct {
    const char *name;
    uint32_t flag;
} flag_names[] = {
    {"proxied", WG_PROXIED},   {"supervised", WG_SUPERVISED}, {"disputed", WG_IS_DISPUTED},
    {"overdue", WG_OVERDUE},   {"stage_late", WG_STAGE_LATE}, {"exempt", WG_EXEMPT},
    {"appealed", WG_APPEALED}, {"owes_reply", WG_OWES_REPLY}, {"ruled", WG_RULED},
    {"trial", WG_TRIAL},       {"drill", WG_DRILL},           {"both_axes", WG_BOTH_AXES},
    {"fenced", WG_FENCED},
};

static bool set_flag(struct wg_case *c, const struct wg_json *v)
{
    for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
        if (!wg_str_is(v->key, flag_names[i].name))
            continue;
        c->flags = v->num ? c->flags | flag_names[i].flag : c->flags & ~flag_names[i].flag;
        return true;
    }
    return false;
}

static bool set_number(struct wg_case *c, const struct wg_json *v)
{
    const struct {
        const char *name;
        int64_t *time;
        uint8_t *small;
    } numbers[] = {
        {"stage_due", &c->stage_due, NULL},   {"warn", &c->warn, NULL},
        {"until", &c->until, NULL},           {"next", &c->next, NULL},
        {"part_due", &c->part_due, NULL},     {"used", &c->used, NULL},
        {"clock_from", &c->clock_from, NULL}, {"stopped", &c->stopped, NULL},
        {"filed", &c->filed, NULL},           {"opened", &c->opened, NULL},
        {"dispatched", &c->dispatched, NULL}, {"occurred", &c->occurred, NULL},
        {"verified", NULL, &c->verified},     {"satisfied", NULL, &c->satisfied},
        {"level", NULL, &c->level},           {"segment", NULL, &c->segment},
        {"rework", NULL, &c->rework},         {"deferrals", NULL, &c->deferrals},
        {"send_backs", NULL, &c->send_backs},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!wg_str_is(v->key, numbers[i].name))
            continue;
        if (numbers[i].time)
            *numbers[i].time = v->type == WG_JINT ? v->num : 0;
        else
            *numbers[i].small = (uint8_t)(v->num < 0 ? 0 : v->num > 255 ? 255 : v->num);
        return true;
    }
    return false;
}

static bool set_text(struct wg_case *c, const struct wg_json *v)
{
    const struct {
        const char *name;
        struct wg_str *text;
    } texts[] = {
        {"condition", &c->condition}, {"proposed", &c->proposed},   {"number", &c->number},
        {"category", &c->category},   {"name", &c->category_name},  {"part", &c->part},
        {"address", &c->address},     {"blamed", &c->blamed},       {"assist", &c->assist},
        {"into", &c->into},           {"reporters", &c->reporters}, {"held", &c->held},
        {"people", &c->people},       {"last", &c->last},           {"reporter", &c->reporter},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!wg_str_is(v->key, texts[i].name))
            continue;
        *texts[i].text = v->str;
        return true;
    }
    return false;
}

/* Unknown fields stay in the journal, for a later fold. */
static int set_field(struct wg_case *c, const struct wg_entry *e, const struct wg_json *v,
                     struct wg_arena *a)
{
    if (wg_str_is(v->key, "unit"))
        return set_unit(c, v->str, a);
    if (wg_str_is(v->key, "limit"))
        return set_limit(c, v);
    if (wg_str_is(v->key, "clock_from"))
        c->used = 0;
    if (wg_str_is(v->key, "asked"))
        return set_object(&c->asked, v, a);
    if (wg_str_is(v->key, "order"))
        return set_object(&c->order, v, a);
    if (wg_str_is(v->key, "photos"))
        return set_object(&c->photos, v, a);
    if (wg_str_is(v->key, "state")) { /* of a case that came from another county */
        int state = wg_state_parse(v->str);
        c->state = (uint8_t)(state >= 0 && state < WG_STATES ? state : c->state);
    } else if (wg_str_is(v->key, "version"))
        c->version = (uint32_t)v->num;
    else if (wg_str_is(v->key, "due"))
        set_due(c, v->type == WG_JINT ? v->num : 0, e->t);
    else if (wg_str_is(v->key, "pinned")) /* from now on this revision decides its classes, limits
                                             and flow */
        c->rev = e->rev;
    else if (!set_flag(c, v) && !set_number(c, v))
        set_text(c, v);
    return WG_OK;
}

static void fold_count(struct wg_case *c, struct wg_str of)
{
    const struct {
        const char *name;
        uint8_t *counter;
    } counters[] = {
        {"rework", &c->rework}, {"deferrals", &c->deferrals}, {"send_backs", &c->send_backs},
        {"urges", &c->urges},   {"orders", &c->orders},
    };
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        if (wg_str_is(of, counters[i].name))
            *counters[i].counter += *counters[i].counter < 255;
}

int wg_case_fold(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                 struct wg_arena *a)
{
    struct wg_str kind = wg_json_str(o, "k");
    int rc = WG_OK;
    if (wg_str_is(kind, "open") || wg_str_is(kind, "adopt"))
        rc = fold_open(c, e, o, a);
    else if (wg_str_is(kind, "go"))
        rc = fold_go(c, e, o, a);
    else if (wg_str_is(kind, "photo"))
        rc = fold_photo(c, e, o, a);
    else if (wg_str_is(kind, "set"))
        for (const struct wg_json *v = o->child; rc == WG_OK && v; v = v->next)
            rc = set_field(c, e, v, a);
    else if (wg_str_is(kind, "count"))
        fold_count(c, wg_json_str(o, "of"));
    c->last_n = e->n;
    return rc;
}
