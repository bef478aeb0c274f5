/* The world that the guard's trials ask: an answer is a function of the question and the trial's
 * seed, so that both packs hear the same, whatever they ask besides. Moments are the county's
 * calendar's. */
#include "workshop/guard.h"

uint64_t guard_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t guard_mix_text(uint64_t x, struct wg_str s)
{
    for (size_t i = 0; i < s.n; i++)
        x = guard_mix(x ^ (unsigned char)s.p[i]);
    return x;
}

static uint64_t question_hash(const struct guard_world *k, const char *what,
                              const struct wg_json *args, uint32_t take)
{
    uint64_t h = guard_mix_text((uint64_t)k->seed, wg_str_of(what));
    for (const struct wg_json *m = args->child; m && take; m = m->next, take--)
        h = guard_mix(m->type == WG_JSTR ? guard_mix_text(h, m->str) : h ^ (uint64_t)m->num);
    return h;
}

static const struct wg_json *arg(const struct wg_json *args, uint32_t i)
{
    const struct wg_json *m = args->child;
    while (m && i--)
        m = m->next;
    return m;
}

static void answer_responsible(const struct guard_world *k, uint64_t h, struct wg_buf *out)
{
    static const char *const by[] = {"owner", "duty", "category", "territory", "competent"};
    if (h % 5 == 0) {
        wg_buf_lit(out, "null");
        return;
    }
    wg_buf_char(out, '{');
    wg_json_kstr(out, "unit", k->unit[(h >> 8) % k->units]);
    wg_json_kstr(out, "by", wg_str_of(by[(h >> 16) % 5]));
    wg_json_kstr(out, "duty", h & 64 ? WG_S("d-01") : (struct wg_str){NULL, 0});
    wg_buf_char(out, '}');
}

/* Up to three, at growing distances; those within reach. */
static void answer_around(const struct guard_world *k, uint64_t h, int64_t reach, bool cases,
                          const struct wg_json *args, struct wg_buf *out)
{
    int64_t away = (int64_t)(h % 20);
    wg_buf_char(out, '[');
    for (uint64_t i = 0; i < h % 4; i++, away += (int64_t)(guard_mix(h + i) % 40)) {
        uint64_t v = guard_mix(h ^ i);
        if (away > reach)
            break;
        wg_json_sep(out);
        wg_buf_char(out, '{');
        if (cases) {
            wg_json_kstr(out, "id", WG_S("341824-2026-000777"));
            wg_json_kstr(out, "state", wg_str_of(wg_state_name((int)(v % WG_CHECKED))));
            wg_json_kstr(out, "category", arg(args, 4) ? arg(args, 4)->str : WG_S("0101"));
            wg_json_kint(out, "opened", k->seed - (int64_t)(v % 48) * WG_HOUR_MS);
            wg_json_kbool(out, "ruled", v % 5 == 0);
        } else {
            wg_json_kstr(out, "duty", WG_S("d-02"));
            wg_json_kbool(out, "inside", away == 0);
        }
        wg_json_kstr(out, "unit", k->unit[(v >> 8) % k->units]);
        wg_json_kint(out, "distance_m", away);
        wg_buf_char(out, '}');
    }
    wg_buf_char(out, ']');
}

static int answer_unit(const struct wg_json *args, uint64_t h, struct wg_buf *out)
{
    if (h % 4 == 0) {
        wg_buf_lit(out, "null");
        return WG_OK;
    }
    wg_buf_char(out, '{');
    wg_json_kstr(out, "id", arg(args, 0) ? arg(args, 0)->str : WG_S("u-cg"));
    wg_json_kstr(out, "name", WG_S("某单位"));
    wg_json_kstr(out, "kind", h & 64 ? WG_S("department") : WG_S("street"));
    wg_buf_char(out, '}');
    return WG_OK;
}

int guard_answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                 struct wg_err *err)
{
    struct guard_world *k = self;
    const struct wg_json *last = arg(args, 4), *n = arg(args, 1), *unit = arg(args, 2);
    if (strcmp(what, "deadline") == 0 && n && unit) {
        struct wg_limit limit = {n->num, WG_WORK_HOUR};
        int64_t due;
        if (wg_unit_parse(unit->str, &limit.unit) < 0)
            return wg_fail(err, WG_EINVAL, "there is no such unit");
        int rc = wg_worktime_due(k->wt, args->child->num, limit, &due);
        if (rc < 0)
            return wg_fail(err, rc, "beyond ten years, or no time at all");
        wg_buf_int(out, due);
        return WG_OK;
    }
    if (strcmp(what, "responsible") == 0) {
        answer_responsible(k, question_hash(k, what, args, 5), out); /* without the order */
        return WG_OK;
    }
    if (strcmp(what, "responsible_near") == 0 && last) {
        answer_around(k, question_hash(k, what, args, 4), last->num, false, args, out);
        return WG_OK;
    }
    if (strcmp(what, "near") == 0 && unit) {
        answer_around(k, question_hash(k, what, args, 2), unit->num, true, args, out);
        return WG_OK;
    }
    if (strcmp(what, "within") == 0 || strcmp(what, "part_at") == 0) {
        bool found = question_hash(k, what, args, 3) % 2;
        wg_buf_str_add(
            out, found ? WG_S("{\"id\":\"341824100001\",\"name\":\"某处\",\"category\":\"0103\","
                              "\"distance_m\":3}")
                       : WG_S("null"));
        return WG_OK;
    }
    if (strcmp(what, "areas_near") == 0) {
        bool found = question_hash(k, what, args, 3) % 2;
        wg_buf_str_add(out,
                       found ? WG_S("[{\"id\":\"341824100001\",\"name\":\"某处\",\"distance_m\":3,"
                                    "\"inside\":false}]")
                             : WG_S("[]"));
        return WG_OK;
    }
    if (strcmp(what, "unit") == 0)
        return answer_unit(args, question_hash(k, what, args, 1), out);
    return wg_fail(err, WG_ENOENT, "the guard's world knows nothing of this");
}
