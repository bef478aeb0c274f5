/* Tests out of tables. What is wanted comes from the row and the calendar; the rules are only asked
 * whether they agree. */
#include "workshop/gen.h"

#include <stdio.h>

#define MOMENTS 40

struct moment {
    struct wg_str what;
    int64_t ms;
};
struct moments {
    struct moment at[MOMENTS];
    size_t count;
    int64_t closing; /* of an ordinary day, for the edges of each limit */
};

/* ---- asking the rules ---- */

static int answer(void *self, const char *what, const struct wg_json *args, struct wg_buf *out,
                  struct wg_err *err)
{
    struct gen *g = self;
    struct wg_limit limit = {0};
    int64_t due;
    if (strcmp(what, "near") == 0) {
        wg_buf_lit(out, "[]");
        return WG_OK;
    }
    if (strcmp(what, "deadline") != 0)
        return g->opts->ground ? wg_ground_ask(g->opts->ground, what, args, wg_now_ms(), out, err)
                               : wg_fail(err, WG_ENOENT, "no base data");
    limit.n_milli = args->child->next->num;
    int rc = wg_unit_parse(args->child->next->next->str, &limit.unit);
    if (rc == WG_OK)
        rc = wg_worktime_due(g->wt, args->child->num, limit, &due);
    if (rc < 0)
        return wg_fail(err, rc, "the calendar has no answer");
    wg_buf_int(out, due);
    return WG_OK;
}

static const struct wg_json *list_of(struct gen *g, const struct wg_buf *items)
{
    struct wg_json *j = NULL;
    struct wg_str text =
        wg_arena_fmt(g->scratch, "[%.*s]", (int)items->n, items->p ? items->p : "");
    return text.p && wg_json_parse(g->scratch, text, &j, NULL) == WG_OK ? j : NULL;
}

bool gen_decide(struct gen *g, const struct wg_decision *d, const struct wg_json **facts,
                const struct wg_json **outs, struct wg_err *err)
{
    const struct wg_world world = {answer, g};
    struct wg_decision own = *d;
    struct wg_buf f = WG_BUF_INIT, o = WG_BUF_INIT;
    own.world = &world;
    wg_arena_reset(g->scratch);
    bool ok = wg_rules_decide(g->rules, &own, g->scratch, &f, &o, err) == WG_OK;
    *facts = ok ? list_of(g, &f) : NULL;
    *outs = ok ? list_of(g, &o) : NULL;
    wg_buf_free(&f);
    wg_buf_free(&o);
    return *facts && *outs;
}

/* ---- moments of the year that are worth a test ---- */

static bool day_at(const struct gen *g, int64_t day, struct wg_workday *out)
{
    wg_worktime_day(g->wt, wg_date_of(day), out);
    return out->works && out->shift_count > 0;
}

static int64_t ms_of(int64_t day, int minute)
{
    return day * WG_DAY_MS - WG_ZONE_MS + minute * WG_MINUTE_MS;
}

static int64_t opening(int64_t day, const struct wg_workday *d)
{
    return ms_of(day, d->shift[0].from_min);
}

static int64_t closing(int64_t day, const struct wg_workday *d)
{
    return ms_of(day, d->shift[d->shift_count - 1].to_min);
}

static void add(struct moments *m, struct wg_str what, int64_t ms)
{
    if (m->count < MOMENTS)
        m->at[m->count++] = (struct moment){what, ms};
}

/* The newest year that the calendar knows; else this one. */
static int year_of(const struct gen *g)
{
    struct wg_workday d;
    for (int year = 2100; year > 2000; year--) {
        wg_worktime_day(g->wt, (struct wg_date){year, 3, 1}, &d);
        if (d.known)
            return year;
    }
    return wg_date_of(wg_local_day(wg_now_ms(), NULL)).year;
}

static bool is_weekend(int64_t day)
{
    int64_t n = (day % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    return n == 2 || n == 3;
}

static bool is_holiday(const struct wg_workday *d)
{
    return !d->works && d->known && wg_str_starts(wg_str_of(d->why), "法定");
}

static void add_notices(const struct gen *g, int year, struct moments *m)
{
    int64_t first = wg_day_of((struct wg_date){year, 1, 2}),
            last = wg_day_of((struct wg_date){year, 12, 31});
    bool holiday = false, made_up = false, made_eve = false;
    struct wg_workday d, eve;
    for (int64_t day = first; day <= last; day++) {
        bool eve_works = day_at(g, day - 1, &eve), eve_free = is_holiday(&eve),
             works = day_at(g, day, &d);
        if (!holiday && is_holiday(&d) && !eve_free) {
            int64_t last_day = day - 1;
            while (!day_at(g, last_day, &eve) && last_day > day - 10)
                last_day--;
            if (eve.works)
                add(m, WG_S("节前最后一个工作日"), closing(last_day, &eve) - 30 * WG_MINUTE_MS);
            holiday = true;
            eve_works = day_at(g, day - 1, &eve);
        }
        if (!works || !d.known || !is_weekend(day))
            continue;
        if (!made_up)
            add(m, WG_S("调休上班日"), opening(day, &d) + 30 * WG_MINUTE_MS);
        made_up = true;
        if (!made_eve && eve_works) {
            add(m, WG_S("调休上班日前一天"), closing(day - 1, &eve) - 30 * WG_MINUTE_MS);
            made_eve = true;
        }
    }
}

/* "06-01" of that year. */
static int64_t month_day(int year, struct wg_str s)
{
    char text[16];
    struct wg_date d;
    snprintf(text, sizeof(text), "%04d-%.*s", year, (int)(s.n < 8 ? s.n : 8), s.p ? s.p : "");
    return wg_date_parse(wg_str_of(text), &d) == WG_OK ? wg_day_of(d) : INT64_MIN;
}

static void add_seasons(struct gen *g, int year, struct moments *m)
{
    struct wg_json *hours = NULL;
    struct wg_workday d;
    if (wg_json_parse(g->arena, g->pack->hours, &hours, NULL) < 0)
        return;
    const struct wg_json *seasons = wg_json_get(hours, "seasons");
    for (const struct wg_json *s = seasons ? seasons->child : NULL; s; s = s->next) {
        struct wg_str name = wg_json_str(s, "name");
        int64_t from = month_day(year, wg_json_str(s, "from")),
                to = month_day(year, wg_json_str(s, "to"));
        for (int i = 0; from > INT64_MIN && i < 20 && !day_at(g, from, &d); i++)
            from++;
        if (from > INT64_MIN && day_at(g, from, &d))
            add(m, wg_arena_fmt(g->arena, "%.*s首个工作日", WG_PRI(name)),
                opening(from, &d) + 10 * WG_MINUTE_MS);
        for (int i = 0; to > INT64_MIN && i < 20 && !day_at(g, to, &d); i++)
            to--;
        if (to > INT64_MIN && day_at(g, to, &d))
            add(m, wg_arena_fmt(g->arena, "%.*s最后一个工作日", WG_PRI(name)),
                closing(to, &d) - 10 * WG_MINUTE_MS);
    }
}

/* A working day between working days. */
static void add_ordinary(const struct gen *g, int year, struct moments *m)
{
    int64_t day = wg_day_of((struct wg_date){year, 3, 10});
    struct wg_workday d, other;
    for (int i = 0; i < 60; i++, day++) {
        if (!day_at(g, day - 1, &other) || !day_at(g, day + 1, &other) || !day_at(g, day, &d))
            continue;
        add(m, WG_S("平日"), opening(day, &d) + WG_HOUR_MS);
        m->closing = closing(day, &d);
        return;
    }
}

/* ---- tests of a row ---- */

static void put_time(struct wg_buf *out, int64_t ms)
{
    wg_buf_char(out, '"');
    wg_buf_time(out, ms);
    wg_buf_char(out, '"');
}

/* What the handler sets; INT64_MIN: nothing. */
static int64_t due_set(struct gen *g, const struct wg_class *c, const struct wg_condition *row,
                       int64_t now)
{
    struct wg_case case_ = {.kind = (uint8_t)c->kind,
                            .category = c->code,
                            .state = WG_ACCEPTED,
                            .at = {1185940000, 300650000}};
    struct wg_decision d = {
        .event = "file", .c = &case_, .class_ = c, .row = row, .role = WG_CHIEF, .now_ms = now};
    const struct wg_json *facts, *outs;
    struct wg_err err = {0};
    if (!gen_decide(g, &d, &facts, &outs, &err))
        return INT64_MIN;
    for (const struct wg_json *o = outs->child; o; o = o->next)
        if (wg_json_get(o, "due"))
            return wg_json_int(o, "due", INT64_MIN);
    return INT64_MIN;
}

static void put_test(struct gen *g, const struct wg_class *c, const struct wg_condition *row,
                     struct wg_str what, int64_t now)
{
    int64_t due;
    struct wg_buf *out = g->out;
    if (wg_worktime_due(g->wt, now, row->limit, &due) < 0)
        return;
    if (due_set(g, c, row, now) != due) {
        wg_buf_fmt(out, "  -- 没有生成：%s.%.*s 条件%.*s，%.*s：按立案条件应为 ",
                   wg_kind_name((int)c->kind), WG_PRI(c->code), WG_PRI(row->id), WG_PRI(what));
        put_time(out, due);
        wg_buf_lit(out, "，规则另有规定或须问别的，请手写测试\n");
        return;
    }
    wg_buf_fmt(out, "  t(\"%s.%.*s 条件%.*s：%.*s\", \"%s\", \"%.*s\", \"%.*s\",\n    ",
               wg_kind_name((int)c->kind), WG_PRI(c->code), WG_PRI(row->id), WG_PRI(what),
               wg_kind_name((int)c->kind), WG_PRI(c->code), WG_PRI(row->id));
    put_time(out, now);
    wg_buf_lit(out, ", ");
    put_time(out, due);
    wg_buf_lit(out, "),\n");
    g->tests++;
}

/* The last minute from which the limit is up by that closing, and one to each side. Later never
 * ends earlier, so it can be halved. */
static void put_edges(struct gen *g, const struct wg_class *c, const struct wg_condition *row,
                      int64_t end)
{
    static const char *const what[] = {"到期在下班前一分钟", "到期正在下班时", "到期过下班一分钟"};
    int64_t low = -60 * 24 * 90, high = 0, due; /* minutes before the closing */
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (wg_worktime_due(g->wt, end + middle * WG_MINUTE_MS, row->limit, &due) == WG_OK &&
            due <= end)
            low = middle;
        else
            high = middle - 1;
    }
    if (low == -60 * 24 * 90)
        return; /* longer than a season: its edge is none of a day's */
    for (int i = -1; i <= 1; i++)
        put_test(g, c, row, wg_str_of(what[i + 1]), end + (low + i) * WG_MINUTE_MS);
}

static void put_rows(struct gen *g, const struct moments *m)
{
    for (size_t i = 0; i < g->pack->class_count; i++) {
        const struct wg_class *c = &g->pack->classes[i];
        for (size_t k = 0; k < c->conditions; k++) {
            const struct wg_condition *row = &c->condition[k];
            if (g->opts->base && wg_pack_row_known(g->opts->base, (int)c->kind, c->code, row))
                continue;
            for (size_t n = 0; n < m->count; n++)
                put_test(g, c, row, m->at[n].what, m->at[n].ms);
            if (m->closing)
                put_edges(g, c, row, m->closing);
        }
    }
}

static void put_head(struct gen *g, int year)
{
    wg_buf_fmt(g->out,
               "-- 由 wangge rules gen-tests "
               "按本县立案条件和%d年日历生成，勿手改；条件或工时改动后重新生成。\n"
               "-- luacheck: ignore 211 631\n"
               "local function t(name, kind, category, row, now, due)\n"
               "  return { name = name, on = \"file\", role = \"chief\", now = now, row = row,\n"
               "    case = { kind = kind, category = category, state = \"accepted\" },\n"
               "    has = { { k = \"set\", due = due } } }\n"
               "end\n\n",
               year);
}

static int write_all(struct gen *g)
{
    struct moments m = {.count = 0};
    int year = year_of(g);
    add_ordinary(g, year, &m);
    add_notices(g, year, &m);
    add_seasons(g, year, &m);
    put_head(g, year);
    wg_buf_lit(g->out, "return {\n");
    put_rows(g, &m);
    gen_borders(g);
    wg_buf_lit(g->out, "}\n");
    return wg_buf_ok(g->out) ? WG_OK : WG_ENOMEM;
}

int wg_gen_tests(struct wg_rules *r, const struct wg_gen_opts *opts, struct wg_buf *out,
                 size_t *tests, struct wg_err *err)
{
    struct gen g = {.rules = r,
                    .pack = wg_rules_pack(r),
                    .opts = opts,
                    .arena = wg_arena_new(0),
                    .scratch = wg_arena_new(0),
                    .out = out};
    struct wg_json *hours, *national = NULL;
    int rc = g.arena && g.scratch ? WG_OK : wg_fail(err, WG_ENOMEM, "out of memory");
    if (rc == WG_OK)
        rc = wg_json_parse(g.arena, g.pack->hours, &hours, err);
    if (rc == WG_OK && opts->calendar)
        rc = wg_json_parse(g.arena, wg_str_of(opts->calendar), &national, err);
    if (rc == WG_OK)
        rc = wg_worktime_new(hours, national, &g.wt, err);
    if (rc == WG_OK && (rc = write_all(&g)) < 0)
        wg_fail(err, rc, "out of memory");
    *tests = g.tests;
    wg_worktime_free(g.wt);
    wg_arena_free(g.scratch);
    wg_arena_free(g.arena);
    return rc;
}
