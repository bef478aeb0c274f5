/* A case as people see it. */
#include "case/case.h"

static const char *const lamp_names[WG_LAMPS] = {"green", "yellow", "red", "grey", "blue"};

const char *wg_lamp_name(int lamp)
{
    return lamp >= 0 && lamp < WG_LAMPS ? lamp_names[lamp] : "green";
}

/* Green while more than half of the time is left; thresholds become rule data with the stage
 * clocks. */
int wg_lamp_of(const struct wg_case *c, int64_t now_ms)
{
    int64_t end = c->closed ? c->closed : now_ms, start = c->filed ? c->filed : c->opened;
    if (c->asked.n)
        return WG_BLUE;
    if (c->state == WG_SUSPENDED)
        return WG_GREY;
    if (!c->due)
        return WG_GREEN;
    if (end > c->due)
        return WG_RED;
    if (c->closed)
        return WG_GREEN;
    return c->due - end > (c->due - start) / 2 ? WG_GREEN : WG_YELLOW;
}

static void key_time(struct wg_buf *b, const char *key, int64_t t)
{
    wg_json_key(b, key);
    if (!t) {
        wg_buf_lit(b, "null");
        return;
    }
    wg_buf_char(b, '"');
    wg_buf_time(b, t);
    wg_buf_char(b, '"');
}

static void key_text(struct wg_buf *b, const char *key, struct wg_str s)
{
    if (!s.n)
        s.p = NULL; /* an empty field is null to a reader */
    wg_json_kstr(b, key, s);
}

static struct wg_str prefix(struct wg_str s, size_t n)
{
    return s.n >= n ? (struct wg_str){s.p, n} : (struct wg_str){NULL, 0};
}

static void key_raw(struct wg_buf *b, const char *key, struct wg_str json, const char *none)
{
    wg_json_key(b, key);
    if (json.n)
        wg_buf_str_add(b, json);
    else
        wg_buf_add(b, none, strlen(none));
}

static void show_place(const struct wg_case *c, struct wg_buf *b)
{
    wg_json_key(b, "location");
    wg_buf_lit(b, "{\"type\":\"Point\",\"coordinates\":[");
    wg_buf_fixed(b, c->at.lon_e7, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, c->at.lat_e7, 7);
    wg_buf_lit(b, "]}");
    key_text(b, "address", c->address);
    key_text(b, "grid", c->grid);
    key_text(b, "community", prefix(c->grid, 12));
    key_text(b, "street", prefix(c->grid, 9));
    key_text(b, "part", c->part);
}

void wg_case_json(const struct wg_case *c, struct wg_str description, int64_t now_ms,
                  struct wg_buf *b)
{
    char id[24];
    wg_case_id_text(c->id, id);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(id));
    key_text(b, "number", c->number);
    wg_json_kstr(b, "area", (struct wg_str){id, 6});
    wg_json_kint(b, "version", c->version);
    key_text(b, "standard", c->standard);
    wg_json_kstr(b, "kind", wg_str_of(wg_kind_name(c->kind)));
    key_text(b, "category", c->category);
    key_text(b, "category_name", c->category_name);
    key_text(b, "condition", c->condition);
    wg_json_kstr(b, "source", wg_str_of(wg_source_name(c->source)));
    wg_json_kstr(b, "state", wg_str_of(wg_state_name(c->state)));
    wg_json_kstr(b, "lamp", wg_str_of(wg_lamp_name(wg_lamp_of(c, now_ms))));
    key_text(b, "unit", c->unit);
    key_text(b, "proposed_unit", c->proposed);
    key_time(b, "stage_due", c->stage_due);
    key_time(b, "due", c->due);
    key_text(b, "description", description);
    show_place(c, b);
    key_text(b, "reporter", c->reporter);
    key_raw(b, "photos", c->photos, "[]");
    wg_json_kint(b, "rework", c->rework);
    wg_json_kint(b, "deferrals", c->deferrals);
    key_raw(b, "asked", c->asked, "null");
    wg_json_kbool(b, "proxied", c->flags & WG_PROXIED);
    wg_json_kbool(b, "supervised", c->flags & WG_SUPERVISED);
    wg_json_kbool(b, "disputed", c->flags & WG_IS_DISPUTED);
    wg_json_kbool(b, "trial", c->flags & WG_TRIAL);
    wg_json_kbool(b, "drill", c->flags & WG_DRILL);
    key_time(b, "opened", c->opened);
    key_time(b, "filed", c->filed);
    key_time(b, "closed", c->closed);
    key_text(b, "rules", c->rev);
    wg_buf_char(b, '}');
}
