/* Deciding a report: is it well-formed, of a known class, in this county; then the county's rule
 * proposes. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 4000

static int read_place(struct deciding *dc, struct wg_point *out)
{
    const struct wg_json *at = wg_json_get(dc->cmd->in, "location"),
                         *xy = wg_json_get(at, "coordinates");
    int64_t lon, lat;
    if (!at)
        return REFUSE(dc, WG_EINVAL, "/location",
                      "location is missing: {\"type\":\"Point\",\"coordinates\":[lon,lat]}");
    if (!wg_str_is(wg_json_str(at, "type"), "Point") || at->count != 2 || !xy)
        return REFUSE(dc, WG_EINVAL, "/location",
                      "must be {\"type\":\"Point\",\"coordinates\":[lon,lat]} and no more");
    if (xy->type != WG_JARR || xy->count != 2)
        return REFUSE(dc, WG_EINVAL, "/location/coordinates", "must be [lon,lat]");
    if (wg_json_fixed(xy->child, 7, &lon) < 0 || lon < -1800000000 || lon > 1800000000)
        return REFUSE(dc, WG_EINVAL, "/location/coordinates/0",
                      "lon must be a number of degrees, -180 to 180");
    if (wg_json_fixed(xy->child->next, 7, &lat) < 0 || lat < -900000000 || lat > 900000000)
        return REFUSE(dc, WG_EINVAL, "/location/coordinates/1",
                      "lat must be a number of degrees, -90 to 90");
    *out = (struct wg_point){(int32_t)lon, (int32_t)lat};
    return WG_OK;
}

/* Which county, grid: asked, so that a new edition of the grids changes nothing that was decided.
 */
static int locate(struct deciding *dc, struct wg_case *c)
{
    const struct wg_json *place;
    struct wg_str args = wg_arena_fmt(dc->a, "[%d,%d]", c->at.lon_e7, c->at.lat_e7);
    int rc = ask(dc, "place", args, &place);
    if (rc < 0)
        return rc;
    struct wg_str county = wg_json_str(place, "county"), name = wg_json_str(place, "county_name");
    if (county.n && !wg_str_is(county, dc->d->area))
        return REFUSE(dc, WG_EINVAL, "/location",
                      "this place lies in %.*s (%.*s), not in %s; report it there", WG_PRI(name),
                      WG_PRI(county), dc->d->area);
    c->grid = wg_json_str(place, "grid");
    if (!c->grid.n)
        return REFUSE(dc, WG_EINVAL, "/location",
                      county.n ? "no unit grid holds this place"
                               : "this place lies in no county of this city");
    return WG_OK;
}

static int read_class(struct deciding *dc, struct wg_case *c)
{
    struct wg_str kind, category, standard;
    int rc;
    if ((rc = body_text(dc, "kind", 16, true, &kind)) < 0 ||
        (rc = body_text(dc, "category", 8, true, &category)) < 0 ||
        (rc = body_text(dc, "standard", 64, false, &standard)) < 0)
        return rc;
    int k = wg_kind_parse(kind);
    if (k < 0)
        return REFUSE(dc, WG_EINVAL, "/kind", "kind is \"part\" or \"event\"");
    dc->class_ = wg_pack_class(dc->pack, k, category);
    if (!dc->class_)
        return REFUSE(dc, WG_EINVAL, "/category",
                      "%s %.*s is no class here; see GET /v1/%s/categories", wg_kind_name(k),
                      WG_PRI(category), dc->d->area);
    if (standard.n && !wg_str_eq(standard, dc->class_->standard))
        return REFUSE(dc, WG_EINVAL, "/standard", "the working set here is %.*s",
                      WG_PRI(dc->class_->standard));
    c->kind = (uint8_t)k;
    c->category = dc->class_->code;
    c->category_name = dc->class_->name;
    c->standard = dc->class_->standard;
    return WG_OK;
}

static int read_part(struct deciding *dc, struct wg_case *c)
{
    const struct wg_json *part;
    int rc = body_text(dc, "part", 20, false, &c->part);
    if (rc < 0 || !c->part.n)
        return rc;
    if (c->kind != WG_PART)
        return REFUSE(dc, WG_EINVAL, "/part", "an event has no part; kind must be \"part\"");
    rc = ask_about(dc, "part", c->part, &part);
    if (rc < 0)
        return rc;
    if (part->type != WG_JOBJ)
        return REFUSE(dc, WG_EINVAL, "/part", "there is no part %.*s in %s", WG_PRI(c->part),
                      dc->d->area);
    if (!wg_str_eq(wg_json_str(part, "category"), c->category))
        return REFUSE(dc, WG_EINVAL, "/part", "part %.*s is of class %.*s, not %.*s",
                      WG_PRI(c->part), WG_PRI(wg_json_str(part, "category")), WG_PRI(c->category));
    return WG_OK;
}

static int read_source(struct deciding *dc, struct wg_case *c)
{
    struct wg_str source;
    int rc = body_text(dc, "source", 16, false, &source);
    if (rc < 0)
        return rc;
    int s = source.n                   ? wg_source_parse(source)
            : dc->role == WG_COLLECTOR ? WG_FROM_COLLECTOR
            : dc->role == WG_PUBLIC    ? WG_FROM_PUBLIC
                                       : WG_FROM_HOTLINE;
    if (s < 0)
        return REFUSE(
            dc, WG_EINVAL, "/source",
            "source is one of collector hotline public sms video vehicle leader media other");
    if ((dc->role == WG_COLLECTOR) != (s == WG_FROM_COLLECTOR) && dc->role != WG_SYSTEM)
        return REFUSE(dc, WG_EINVAL, "/source",
                      dc->role == WG_COLLECTOR ? "a collector reports as \"collector\""
                                               : "only a collector reports as \"collector\"");
    c->source = (uint8_t)s;
    return WG_OK;
}

/* When it came about, where somebody knows; else it is taken to be found at once. */
static int read_occurred(struct deciding *dc, struct wg_case *c)
{
    struct wg_str text;
    int rc = body_text(dc, "occurred", 40, false, &text);
    if (rc < 0 || !text.n)
        return rc;
    if (wg_time_parse(text, &c->occurred) < 0)
        return REFUSE(dc, WG_EINVAL, "/occurred", "must be a time like 2026-11-23T10:30:00+08:00");
    if (c->occurred > dc->t || c->occurred < dc->t - 366 * WG_DAY_MS)
        return REFUSE(dc, WG_EINVAL, "/occurred", "must lie in the past, within a year");
    return WG_OK;
}

static void hide(struct deciding *dc, const char *field, struct wg_str bytes)
{
    dc->secret[dc->secrets++] = (struct wg_secret){wg_str_of(field), bytes};
}

/* A citizen's words, name and phone go to the vault; in the entry stand references. */
static int read_words(struct deciding *dc, struct wg_case *c)
{
    const struct wg_json *caller = wg_json_get(dc->cmd->in, "caller");
    struct wg_str note;
    struct wg_buf text = WG_BUF_INIT;
    int rc;
    if ((rc = body_text(dc, "description", WORDS_MAX, false, &c->description)) < 0 ||
        (rc = body_text(dc, "address", 400, false, &c->address)) < 0 ||
        (rc = body_text(dc, "note", WORDS_MAX, false, &note)) < 0)
        return rc;
    if (WG_SOURCE_PRIVATE(c->source) && c->description.n)
        hide(dc, "description", c->description);
    if (dc->role == WG_PUBLIC && note.n) /* an official's note is no citizen's word */
        hide(dc, "note", note);
    if (!caller || dc->replay)
        return WG_OK;
    if (caller->type != WG_JOBJ || caller->count > 2 ||
        (caller->count && (!wg_json_str(caller, "phone").p && !wg_json_str(caller, "name").p)))
        return REFUSE(dc, WG_EINVAL, "/caller", "must be {\"name\": text, \"phone\": text}");
    for (const struct wg_json *m = caller->child; m; m = m->next)
        if (m->type != WG_JSTR || m->str.n > 200 ||
            (!wg_str_is(m->key, "name") && !wg_str_is(m->key, "phone")))
            return REFUSE(dc, WG_EINVAL, "/caller",
                          "holds name and phone, texts of at most 200 bytes");
    wg_json_write(caller, &text);
    hide(dc, "caller", wg_arena_str(dc->a, wg_buf_str(&text)));
    wg_buf_free(&text);
    return WG_OK;
}

/* The acceptor finds a caller's cases again by phone or name. */
static int mark_caller(struct deciding *dc)
{
    const struct wg_json *caller = wg_json_get(dc->cmd->in, "caller");
    int rc = WG_OK;
    for (size_t i = 0; !dc->replay && i < dc->secrets; i++)
        if (wg_str_is(dc->secret[i].field, "caller"))
            for (const struct wg_json *m = caller->child; rc == WG_OK && m; m = m->next)
                rc = wg_vault_mark(dc->d->vault, dc->ref[i],
                                   wg_str_is(m->key, "phone") ? WG_BY_PHONE : WG_BY_NAME, m->str,
                                   dc->of, &dc->cmd->err);
    return rc;
}

static void open_outcome(struct deciding *dc, const struct wg_case *c)
{
    char id[24];
    wg_case_id_text(c->id, id);
    out_begin(dc, "open");
    wg_json_kstr(&dc->outs, "id", wg_str_of(id));
    wg_json_kstr(&dc->outs, "standard", c->standard);
    wg_json_kstr(&dc->outs, "kind", wg_str_of(wg_kind_name(c->kind)));
    wg_json_kstr(&dc->outs, "category", c->category);
    wg_json_kstr(&dc->outs, "name", c->category_name);
    wg_json_kstr(&dc->outs, "source", wg_str_of(wg_source_name(c->source)));
    wg_json_key(&dc->outs, "at");
    wg_buf_fmt(&dc->outs, "[%d,%d]", c->at.lon_e7, c->at.lat_e7);
    wg_json_kstr(&dc->outs, "grid", c->grid);
    if (c->part.n)
        wg_json_kstr(&dc->outs, "part", c->part);
    if (c->occurred)
        wg_json_kint(&dc->outs, "occurred", c->occurred);
    wg_json_kstr(&dc->outs, "role", wg_str_of(wg_role_name(dc->role)));
    wg_buf_char(&dc->outs, '}');
    if (!(c->flags & (WG_TRIAL | WG_DRILL)))
        return;
    out_begin(dc, "set");
    wg_json_kbool(&dc->outs, c->flags & WG_TRIAL ? "trial" : "drill", true);
    wg_buf_char(&dc->outs, '}');
}

static int read_report(struct deciding *dc, struct wg_case *c)
{
    static const char *const known[] = {
        "kind",   "category", "standard", "location", "description", "address", "part",
        "source", "caller",   "photos",   "note",     "occurred",    "drill",   NULL};
    int rc;
    if ((rc = body_known(dc, known, NULL)) < 0 || (rc = read_class(dc, c)) < 0 ||
        (rc = read_place(dc, &c->at)) < 0 || (rc = read_source(dc, c)) < 0 ||
        (rc = read_occurred(dc, c)) < 0 || (rc = read_words(dc, c)) < 0 || (rc = locate(dc, c)) < 0)
        return rc;
    return read_part(dc, c);
}

int decide_report(struct deciding *dc)
{
    static const char act[] = "report";
    struct wg_case c = {.state = WG_REPORTED, .before = WG_NOWHERE, .version = 1, .opened = dc->t};
    int year = wg_date_of(wg_local_day(dc->t, NULL)).year, row, rc;

    if ((rc = rulebook_get(&dc->d->book, (struct wg_str){NULL, 0}, &dc->rules, &dc->cmd->err)) < 0)
        return rc;
    dc->pack = wg_rules_pack(dc->rules);
    row = wg_flow_find(&dc->pack->flow, wg_str_of(act), WG_NOWHERE);
    if (row < 0)
        return REFUSE(dc, WG_ENOENT, "", "the flow of %s takes no reports", dc->d->area);
    dc->step = &dc->pack->flow.step[row];
    uint32_t can = dc->step->roles & dc->cmd->actor.roles;
    dc->role = can & -can; /* the first of them */
    if (!dc->role)
        return REFUSE(dc, WG_EDENIED, "", "your roles do not report");
    if ((rc = report_phase(dc, &c)) < 0 || (rc = read_report(dc, &c)) < 0)
        return rc;
    c.id = wg_case_id((uint32_t)strtoul(dc->d->area, NULL, 10), (uint32_t)year,
                      wg_view_serial(dc->d->views, dc->txn, year) + 1);
    c.reporter = dc->cmd->actor.user;
    dc->of = c.id;
    dc->c = c;
    open_outcome(dc, &c);
    if ((rc = body_photos(dc, c.at)) < 0 || (rc = run_rules(dc, act, &c)) < 0)
        return rc;
    dc->to = WG_REPORTED;
    dc->c.state = WG_NOWHERE; /* its first stage begins */
    if ((rc = clock_after(dc)) < 0 || (rc = put_secrets(dc)) < 0)
        return rc;
    return mark_caller(dc);
}
