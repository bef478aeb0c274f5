/* A case as people see it. */
#include "case/case.h"

static const char *const lamp_names[WG_LAMPS] = {"green", "yellow", "red", "grey", "blue"};

const char *wg_lamp_name(int lamp)
{
    return lamp >= 0 && lamp < WG_LAMPS ? lamp_names[lamp] : "green";
}

/* What stands still has the lamp of the moment at which it stopped. */
int wg_lamp_of(const struct wg_case *c, int64_t now_ms)
{
    int64_t end = c->stopped ? c->stopped : c->closed ? c->closed : now_ms;
    if (c->asked.n)
        return WG_BLUE;
    if (c->state == WG_SUSPENDED)
        return WG_GREY;
    if (!c->due)
        return c->stage_due && now_ms > c->stage_due && wg_state_open(c->state) ? WG_RED : WG_GREEN;
    if (end > c->due)
        return WG_RED;
    return !c->closed && c->warn && end >= c->warn ? WG_YELLOW : WG_GREEN;
}

struct wg_str wg_verified_name(int verified)
{
    static const char *const names[] = {"yes", "no", "unclear"};
    return verified > 0 && verified <= 3 ? wg_str_of(names[verified - 1])
                                         : (struct wg_str){NULL, 0};
}

struct wg_str wg_satisfied_name(int satisfied)
{
    static const char *const names[] = {"satisfied", "dissatisfied", "unreachable"};
    return satisfied > 0 && satisfied <= 3 ? wg_str_of(names[satisfied - 1])
                                           : (struct wg_str){NULL, 0};
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

static void key_words(struct wg_buf *b, const char *key, struct wg_str words)
{
    struct wg_str word;
    wg_json_key(b, key);
    wg_buf_char(b, '[');
    while (wg_words_next(&words, &word)) {
        wg_json_sep(b);
        wg_buf_json(b, word);
    }
    wg_buf_char(b, ']');
}

/* What a case has only once it left the straight path. */
static void show_bends(const struct wg_case *c, struct wg_buf *b)
{
    uint32_t post = wg_case_post(c);
    key_text(b, "post", post ? wg_str_of(wg_role_name(post)) : (struct wg_str){NULL, 0});
    wg_json_kint(b, "send_backs", c->send_backs);
    wg_json_kint(b, "urges", c->urges);
    wg_json_kint(b, "level", c->level);
    wg_json_kint(b, "segment", c->segment);
    key_text(b, "verified", wg_verified_name(c->verified));
    key_text(b, "satisfied", wg_satisfied_name(c->satisfied));
    key_text(b, "blamed_unit", c->blamed);
    key_words(b, "countersigners", c->assist);
    key_words(b, "other_reporters", c->reporters);
    key_text(b, "into", c->into);
    key_raw(b, "order", c->order, "null");
    wg_json_kbool(b, "owes_reply", c->flags & WG_OWES_REPLY);
    wg_json_kbool(b, "overdue", c->flags & WG_OVERDUE);
    wg_json_kbool(b, "appealed", c->flags & WG_APPEALED);
    wg_json_kbool(b, "exempt", c->flags & WG_EXEMPT);
    wg_json_kbool(b, "both_axes", c->flags & WG_BOTH_AXES);
    wg_json_kbool(b, "fenced", c->flags & WG_FENCED);
    wg_json_ktime(b, "suspended_until", c->until);
    wg_json_ktime(b, "dispatched", c->dispatched);
}

void wg_case_json(const struct wg_case *c, struct wg_str area, struct wg_str description,
                  int64_t now_ms, struct wg_buf *b)
{
    char id[24];
    wg_case_id_text(c->id, id);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "id", wg_str_of(id));
    key_text(b, "number", c->number);
    wg_json_kstr(b, "area", area);
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
    wg_json_ktime(b, "stage_due", c->stage_due);
    wg_json_ktime(b, "due", c->due);
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
    show_bends(c, b);
    wg_json_kbool(b, "trial", c->flags & WG_TRIAL);
    wg_json_kbool(b, "drill", c->flags & WG_DRILL);
    wg_json_ktime(b, "opened", c->opened);
    wg_json_ktime(b, "filed", c->filed);
    wg_json_ktime(b, "closed", c->closed);
    key_text(b, "rules", c->rev);
    wg_buf_char(b, '}');
}
