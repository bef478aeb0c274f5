/** A county on a folder of its own: the repository's rules for 341824, a square of ground in four
 * grids, two duties. */
#ifndef WG_TEST_DESK_H
#define WG_TEST_DESK_H

#include "folder.h"

#include "desk/inside.h"

#define AREA "341824"

static struct wg_err err;
static struct wg_buf calendar;

struct county {
    struct folder f;
    char dir[300], blobs[320];
    struct wg_desk_opts opts;
    struct wg_desk *d;
};

/* ---- commands: each in an arena of its own ---- */

static inline struct wg_cmd *cmd_new(const char *act)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_cmd *c = WG_NEW(a, struct wg_cmd);
    c->arena = a;
    c->act = wg_str_of(act);
    c->if_match = -1;
    return c;
}

static inline void cmd_free(struct wg_cmd *c)
{
    wg_arena_free(c->arena);
}

/** Someone takes a step; unit may be "". */
UNUSED static struct wg_cmd *step(const char *act, uint64_t id, const char *user, const char *unit,
                                  uint32_t role, const char *body)
{
    struct wg_cmd *c = cmd_new(act);
    struct wg_json *in;
    CHECK_INT(wg_json_parse(c->arena, wg_str_of(body), &in, &err), WG_OK);
    c->id = id;
    c->in = in;
    c->actor = (struct wg_actor){wg_arena_str(c->arena, wg_str_of(user)), wg_str_of(unit), role};
    return c;
}

#define BODY(lon, lat, more)                                                                      \
    "{\"kind\":\"event\",\"category\":\"0111\",\"location\":{\"type\":\"Point\",\"coordinates\":" \
    "[" lon "," lat "]}" more "}"
#define HERE BODY("118.52", "30.02", ",\"description\":\"街边渣土\",\"address\":\"某路1号\"")

UNUSED static struct wg_cmd *report(const char *body)
{
    return step("report", 0, "c-001", "", WG_COLLECTOR, body);
}

UNUSED static struct wg_cmd *with_key(struct wg_cmd *c, const char *key, const char *ask)
{
    c->key = wg_arena_str(c->arena, wg_str_of(key));
    wg_str_copy(c->ask, sizeof(c->ask), wg_str_of(ask));
    return c;
}

UNUSED static struct wg_cmd *keep(const char *kind, const char *name, struct wg_str value)
{
    struct wg_cmd *c = cmd_new("keep");
    c->kind = wg_arena_str(c->arena, wg_str_of(kind));
    c->name = wg_arena_str(c->arena, wg_str_of(name));
    c->value = wg_arena_str(c->arena, value);
    c->actor = (struct wg_actor){WG_S("system"), {NULL, 0}, WG_SYSTEM};
    return c;
}

/** Decide it alone; the command stays to be looked at. */
static inline int decide_one(struct county *c, struct wg_cmd *cmd)
{
    wg_desk_batch(c->d, cmd);
    return cmd->rc;
}

/** It is taken, and nobody looks at it. Returns its entry. */
UNUSED static uint64_t take(struct county *c, struct wg_cmd *cmd)
{
    if (decide_one(c, cmd) != WG_OK)
        CHECK_TEXT(cmd->err.text, "no error");
    uint64_t n = cmd->n;
    cmd_free(cmd);
    return n;
}

UNUSED static struct wg_case case_of(const struct wg_cmd *cmd)
{
    struct wg_case c;
    CHECK_INT(wg_case_decode(cmd->record, &c), WG_OK);
    return c;
}

UNUSED static uint64_t take_report(struct county *c, const char *body)
{
    struct wg_cmd *cmd = report(body);
    if (decide_one(c, cmd) != WG_OK)
        CHECK_TEXT(cmd->err.text, "no error");
    uint64_t id = case_of(cmd).id;
    cmd_free(cmd);
    return id;
}

/** From the report to the close, as the standard flow has it: the entries it takes. */
UNUSED static void take_to(struct county *c, uint64_t id, int state)
{
    static const struct {
        const char *act, *user, *unit;
        uint32_t role;
        const char *body;
        int to;
    } way[] = {
        {"accept", "a-001", "", WG_ACCEPTOR, "{}", WG_ACCEPTED},
        {"file", "z-001", "", WG_CHIEF, "{\"condition\":\"1\"}", WG_FILED},
        {"dispatch", "p-001", "", WG_DISPATCHER, "{\"unit\":\"u-cg\"}", WG_DISPATCHED},
        {"acknowledge", "u-cg-1", "u-cg", WG_UNIT_ROLE, "{}", WG_DISPOSING},
        {"dispose", "u-cg-1", "u-cg", WG_UNIT_ROLE, "{\"note\":\"已清理\"}", WG_DISPOSED},
        {"ask_check", "a-001", "", WG_ACCEPTOR, "{}", WG_CHECKING},
        {"check", "c-002", "", WG_COLLECTOR, "{\"result\":\"pass\"}", WG_CHECKED},
        {"close", "z-001", "", WG_CHIEF, "{}", WG_CLOSED},
    };
    for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        take(c, step(way[i].act, id, way[i].user, way[i].unit, way[i].role, way[i].body));
        if (way[i].to == state)
            return;
    }
}

/* ---- base data ---- */

#define SQUARE(w, s, e, n)                                                                        \
    "{\"type\":\"Polygon\",\"coordinates\":[[[" w "," s "],[" e "," s "],[" e "," n "],[" w "," n \
    "],[" w "," s "]]]}"
#define FEATURE(id, props, shape) \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"properties\":" props ",\"geometry\":" shape "}"
#define FEATURES(list) "{\"type\":\"FeatureCollection\",\"features\":[" list "]}"

static const char counties_json[] = FEATURES(
    FEATURE(AREA, "{\"name\":\"绩溪县\"}", SQUARE("118.5", "30.0", "118.6", "30.1")) "," FEATURE(
        "341821", "{\"name\":\"郎溪县\"}", SQUARE("118.6", "30.0", "118.7", "30.1")));
static const char grids_json[] = FEATURES(FEATURE(
    "341824100001001", "{\"name\":\"1\"}",
    SQUARE(
        "118.50", "30.00", "118.55",
        "30.05")) "," FEATURE("341824100001002", "{\"name\":\"2\"}",
                              SQUARE(
                                  "118.55", "30.00", "118.59",
                                  "30.05")) "," FEATURE("341824100001003", "{\"name\":\"3\"}",
                                                        SQUARE(
                                                            "118.50", "30.05", "118.55",
                                                            "30.10")) "," FEATURE("341824100002001",
                                                                                  "{\"name\":"
                                                                                  "\"4\"}",
                                                                                  SQUARE("118.55",
                                                                                         "30.05",
                                                                                         "118.59",
                                                                                         "30.10")));
UNUSED static const char duties_json[] =
    FEATURES(FEATURE("d-1", "{\"name\":\"西\",\"unit\":\"u-cg\"}",
                     SQUARE("118.50", "30.00", "118.55",
                            "30.10")) "," FEATURE("d-2", "{\"name\":\"东\",\"unit\":\"u-hw\"}",
                                                  SQUARE("118.55", "30.00", "118.60", "30.10")));
UNUSED static const char duties_swapped_json[] =
    FEATURES(FEATURE("d-1", "{\"name\":\"西\",\"unit\":\"u-hw\"}",
                     SQUARE("118.50", "30.00", "118.55",
                            "30.10")) "," FEATURE("d-2", "{\"name\":\"东\",\"unit\":\"u-cg\"}",
                                                  SQUARE("118.55", "30.00", "118.60", "30.10")));
static const char units_json[] = "[{\"id\":\"u-cg\",\"name\":\"城管局\",\"kind\":\"professional\"},"
                                 "{\"id\":\"u-hw\",\"name\":\"环卫所\",\"kind\":\"professional\"}]";
static const char owners_json[] = "{\"part\":{},\"event\":{}}";

/** An edition as an import makes it, on the ground as it is now: blob, file, command. */
UNUSED static struct wg_cmd *edition(struct county *c, int collection, const char *text)
{
    char name[WG_BLOB_NAME + 1], value[300], path[500];
    struct wg_layer *layer = NULL;
    struct wg_table *table = NULL;
    const char *form = wg_collection_is_layer(collection) ? "geojson" : "json";
    CHECK_INT(wg_blob_put(c->blobs, wg_str_of(text), name, &err), WG_OK);
    CHECK_INT(wg_edition_build(c->blobs, collection, wg_str_of(name), wg_str_of(form), WG_S(""),
                               &layer, &table, NULL, &err),
              WG_OK);
    snprintf(path, sizeof(path), "%s/base", c->dir);
    CHECK_INT(wg_dir_make(path, &err), WG_OK);
    snprintf(path, sizeof(path), "%s/base/%.16s.layer", c->dir, name);
    if (layer)
        CHECK_INT(wg_layer_save(layer, path, &err), WG_OK);
    snprintf(value, sizeof(value), "{\"blob\":\"%s\",\"form\":\"%s\",\"file\":\"%.16s.layer\"}",
             name, form, name);
    struct wg_cmd *cmd = keep("edition", wg_collection_name(collection), wg_str_of(value));
    struct wg_force *f = wg_desk_force(c->d);
    cmd->ground = wg_ground_with(f->ground, collection, layer, table);
    wg_force_drop(f);
    return cmd;
}

/** The desk keeps what it needs of the ground; the rest goes. */
UNUSED static void take_edition(struct county *c, int collection, const char *text)
{
    struct wg_cmd *cmd = edition(c, collection, text);
    struct wg_ground *g = cmd->ground;
    take(c, cmd);
    wg_ground_drop(g);
}

/* ---- rules ---- */

/** The bundle with `old` replaced by `new` in its text; the one before goes. */
UNUSED static struct wg_bundle *bundle_changed(struct wg_bundle *b, const char *old,
                                               const char *new)
{
    struct wg_buf text = WG_BUF_INIT, changed = WG_BUF_INIT;
    wg_bundle_json(b, &text);
    wg_bundle_drop(b);
    char *at = memmem(text.p, text.n, old, strlen(old));
    CHECK(at != NULL);
    wg_buf_add(&changed, text.p, (size_t)(at - text.p));
    wg_buf_add(&changed, new, strlen(new));
    wg_buf_add(&changed, at + strlen(old), text.n - (size_t)(at - text.p) - strlen(old));
    CHECK_INT(wg_bundle_parse(wg_buf_str(&changed), &b, &err), WG_OK);
    wg_buf_free(&text);
    wg_buf_free(&changed);
    return b;
}

/** The repository's bundle; changed, if `old` is given. */
UNUSED static struct wg_bundle *bundle_with(const char *old, const char *new)
{
    struct wg_bundle *b = NULL;
    CHECK_INT(wg_bundle_read("scripts", "standards", "341800", AREA, &b, &err), WG_OK);
    return old ? bundle_changed(b, old, new) : b;
}

UNUSED static void take_rules(struct county *c, struct wg_bundle *b)
{
    struct wg_buf text = WG_BUF_INIT;
    char name[WG_BLOB_NAME + 1], value[300];
    wg_bundle_json(b, &text);
    CHECK_INT(wg_blob_put(c->blobs, wg_buf_str(&text), name, &err), WG_OK);
    wg_buf_free(&text);
    snprintf(value, sizeof(value), "{\"rev\":\"%s\",\"blob\":\"%s\"}", wg_bundle_rev(b), name);
    take(c, keep("rev", wg_bundle_rev(b), wg_str_of(value)));
    struct wg_cmd *now = keep("rules", "now", wg_str_of(value));
    now->bundle = b;
    take(c, now);
    wg_bundle_drop(b);
}

/* ---- the county ---- */

UNUSED static int county_try_open(struct county *c)
{
    return wg_desk_open(&c->opts, &c->d, &err);
}

UNUSED static void county_open(struct county *c)
{
    if (county_try_open(c) != WG_OK)
        CHECK_TEXT(err.text, "no error");
}

UNUSED static void county_close(struct county *c)
{
    wg_desk_close(c->d);
    c->d = NULL;
}

UNUSED static void county_reopen(struct county *c)
{
    county_close(c);
    county_open(c);
}

/** No base data and no rules yet. */
static void given_bare(struct county *c)
{
    memset(c, 0, sizeof(*c));
    c->f = folder_new();
    if (!calendar.n)
        CHECK_INT(wg_file_read("standards/calendar.json", 1 << 20, &calendar, &err), WG_OK);
    snprintf(c->dir, sizeof(c->dir), "%s/" AREA, c->f.path);
    snprintf(c->blobs, sizeof(c->blobs), "%s/blobs", c->dir);
    c->opts = (struct wg_desk_opts){.dir = c->dir,
                                    .area = AREA,
                                    .calendar = calendar.p,
                                    .map_bytes = (size_t)1 << 30,
                                    .segment_bytes = 65536,
                                    .limits = {.budget_us = 2000000, .load_us = 60000000}};
    county_open(c);
}

#define GIVEN_ENTRIES 7u /* what a county is given takes so many */

UNUSED static void given_county(struct county *c)
{
    given_bare(c);
    take_edition(c, WG_COUNTIES, counties_json);
    take_edition(c, WG_GRIDS, grids_json);
    take_edition(c, WG_DUTIES, duties_json);
    take_edition(c, WG_UNITS, units_json);
    take_edition(c, WG_OWNERS, owners_json);
    take_rules(c, bundle_with(NULL, NULL));
    CHECK_INT(c->d->n, GIVEN_ENTRIES);
}

UNUSED static void county_done(struct county *c)
{
    county_close(c);
    folder_drop(&c->f);
}

/* ---- what the views hold ---- */

UNUSED static int find_case(struct county *c, uint64_t id, struct wg_case *out,
                            struct wg_buf *bytes)
{
    struct wg_txn *txn = NULL;
    CHECK_INT(wg_txn_begin(wg_views_env(c->d->views), false, &txn, &err), WG_OK);
    int rc = wg_view_case(c->d->views, txn, id, out);
    if (rc == WG_OK) {
        wg_buf_clear(bytes);
        wg_case_encode(out, bytes);
        rc = wg_case_decode(wg_buf_str(bytes), out);
    }
    wg_txn_abort(txn);
    return rc;
}

UNUSED static int state_of(struct county *c, uint64_t id)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_case found;
    int state = find_case(c, id, &found, &b) == WG_OK ? found.state : -1;
    wg_buf_free(&b);
    return state;
}

UNUSED static void check_audit(struct county *c, uint64_t entries)
{
    struct wg_audit audit;
    uint64_t folded = 0, differ = 0;
    county_close(c);
    CHECK_INT(wg_replay_audit(&c->opts, NULL, NULL, &audit, &err), WG_OK);
    CHECK_TEXT(audit.first, "");
    CHECK(audit.entries == entries && audit.differ == 0 && audit.unknown_facts == 0);
    CHECK_INT(wg_replay_rebuild(&c->opts, NULL, NULL, &folded, &differ, &err), WG_OK);
    CHECK(folded == entries && differ == 0);
    county_open(c);
}

#endif
