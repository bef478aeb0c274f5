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

static int add_photos(struct wg_case *c, const struct wg_json *photos, int state,
                      struct wg_arena *a)
{
    struct wg_buf b = WG_BUF_INIT;
    if (!photos || photos->type != WG_JARR || !photos->count)
        return WG_OK;
    wg_buf_char(&b, '[');
    if (c->photos.n > 2)
        wg_buf_add(&b, c->photos.p + 1, c->photos.n - 2);
    for (const struct wg_json *e = photos->child; e; e = e->next) {
        wg_json_sep(&b);
        wg_buf_char(&b, '{');
        wg_json_kstr(&b, "sha256", e->str);
        wg_json_kstr(&b, "stage", wg_str_of(photo_stage(state)));
        wg_buf_char(&b, '}');
    }
    wg_buf_char(&b, ']');
    c->photos = wg_arena_str(a, wg_buf_str(&b));
    bool ok = wg_buf_ok(&b) && c->photos.p;
    wg_buf_free(&b);
    return ok ? WG_OK : WG_ENOMEM;
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
    c->opened = c->changed = e->t;
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
    return rc < 0 ? rc : add_photos(c, wg_json_get(e->in, "photos"), WG_NOWHERE, a);
}

static int fold_go(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                   struct wg_arena *a)
{
    int to = wg_state_parse(wg_json_str(o, "to"));
    if (to < 0 || to >= WG_STATES)
        return WG_ECORRUPT;
    int rc = add_photos(c, wg_json_get(e->in, "photos"), c->state, a);
    if (rc == WG_OK)
        rc = add_person(c, e->by, wg_role_parse(wg_json_str(o, "role")), a);
    if (to != c->state)
        c->before = c->state;
    c->state = (uint8_t)to;
    c->version++;
    c->changed = e->t;
    c->closed = wg_state_open(to) ? 0 : e->t;
    if (to == WG_FILED && !c->filed)
        c->filed = e->t;
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

static int set_field(struct wg_case *c, const struct wg_entry *e, const struct wg_json *v,
                     struct wg_arena *a)
{
    const struct {
        const char *name;
        struct wg_str *text;
        int64_t *time;
    } fields[] = {
        {"condition", &c->condition, NULL},
        {"proposed", &c->proposed, NULL},
        {"number", &c->number, NULL},
        {"category", &c->category, NULL},
        {"part", &c->part, NULL},
        {"asked", &c->asked, NULL},
        {"due", NULL, &c->due},
        {"stage_due", NULL, &c->stage_due},
    };
    if (wg_str_is(v->key, "unit"))
        return set_unit(c, v->str, a);
    if (wg_str_is(v->key, "limit"))
        return set_limit(c, v);
    if (wg_str_is(v->key, "trial") || wg_str_is(v->key, "drill")) {
        c->flags |= wg_str_is(v->key, "trial") ? WG_TRIAL : WG_DRILL;
        return WG_OK;
    }
    if (wg_str_is(v->key,
                  "pinned")) { /* from now on this revision decides its classes, limits and flow */
        c->rev = e->rev;
        return WG_OK;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!wg_str_is(v->key, fields[i].name))
            continue;
        if (fields[i].text)
            *fields[i].text = v->str;
        else
            *fields[i].time = v->type == WG_JINT ? v->num : 0;
    }
    return WG_OK; /* unknown fields: kept in the journal for a later fold */
}

int wg_case_fold(struct wg_case *c, const struct wg_entry *e, const struct wg_json *o,
                 struct wg_arena *a)
{
    struct wg_str kind = wg_json_str(o, "k");
    int rc = WG_OK;
    if (wg_str_is(kind, "open"))
        rc = fold_open(c, e, o, a);
    else if (wg_str_is(kind, "go"))
        rc = fold_go(c, e, o, a);
    else if (wg_str_is(kind, "set"))
        for (const struct wg_json *v = o->child; rc == WG_OK && v; v = v->next)
            rc = set_field(c, e, v, a);
    else if (wg_str_is(kind, "count") && wg_str_is(wg_json_str(o, "of"), "rework"))
        c->rework += c->rework < 255;
    else if (wg_str_is(kind, "count") && wg_str_is(wg_json_str(o, "of"), "deferrals"))
        c->deferrals += c->deferrals < 255;
    c->last_n = e->n;
    return rc;
}
