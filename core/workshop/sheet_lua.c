/* categories.lua out of a table: only what differs from the city's, in one order. */
#include "workshop/sheet.h"

static void write_text(struct wg_buf *out, struct wg_str s)
{
    wg_buf_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            wg_buf_fmt(out, "\\%c", c);
        else if (c == '\n')
            wg_buf_lit(out, "\\n");
        else if (c == '_' && s.n - i >= 4 && memcmp(s.p + i, "_ENV", 4) == 0)
            wg_buf_lit(out, "\\095"); /* no file of rules may name it, not even in a text */
        else if (c < ' ' || c == 0x7F)
            wg_buf_fmt(out, "\\%03d", c);
        else
            wg_buf_char(out, (char)c);
    }
    wg_buf_char(out, '"');
}

static void write_limit(struct wg_buf *out, struct wg_limit limit)
{
    wg_buf_lit(out, "limit = { ");
    wg_buf_fixed(out, limit.n_milli, 3);
    wg_buf_fmt(out, ", \"%s\" }", wg_unit_name(limit.unit));
}

static void write_field(struct wg_buf *out, const char *name, struct wg_str s)
{
    wg_buf_fmt(out, ", %s = ", name);
    write_text(out, s);
}

static void write_stages(struct wg_buf *out, const struct wg_condition *c)
{
    wg_buf_lit(out, ", stages = { ");
    for (uint32_t i = 0; i < c->segments; i++) {
        wg_buf_fmt(out, "%s{ name = ", i ? ", " : "");
        write_text(out, c->segment[i].name);
        wg_buf_lit(out, ", ");
        write_limit(out, c->segment[i].limit);
        if (c->segment[i].unit.n)
            write_field(out, "unit", c->segment[i].unit);
        wg_buf_lit(out, " }");
    }
    wg_buf_lit(out, " }");
}

/* A row's fields, those alone that differ from the city's row; base NULL: all. */
static void write_row(struct wg_buf *out, const struct wg_condition *c,
                      const struct wg_condition *base)
{
    wg_buf_lit(out, "        { id = ");
    write_text(out, base ? base->id : c->id);
    if (!base || !sheet_same(c->text, base->text))
        write_field(out, "text", c->text);
    if (!base || !wg_limit_same(c->limit, base->limit)) {
        wg_buf_lit(out, ", ");
        write_limit(out, c->limit);
    }
    if (!base || !sheet_same(c->close, base->close))
        write_field(out, "close", c->close);
    if (c->source.n && (!base || !sheet_same(c->source, base->source)))
        write_field(out, "source", c->source);
    if (c->article.n && (!base || !sheet_same(c->article, base->article)))
        write_field(out, "article", c->article);
    if (base ? c->assumed != base->assumed : c->assumed)
        wg_buf_fmt(out, ", assumed = %s", c->assumed ? "true" : "false");
    if (c->segments && (!base || !sheet_same_stages(c, base)))
        write_stages(out, c);
    wg_buf_lit(out, " },\n");
}

/* ---- shorter or longer ---- */

static const struct {
    int64_t ms;
    bool works; /* stands still outside working hours, so it lasts at least so long */
} length[] = {
    [WG_EMERGENCY_MINUTE] = {WG_MINUTE_MS, false},
    [WG_EMERGENCY_HOUR] = {WG_HOUR_MS, false},
    [WG_EMERGENCY_DAY] = {WG_DAY_MS, false},
    [WG_WORK_HOUR] = {WG_HOUR_MS, true},
    [WG_WORK_DAY] = {WG_DAY_MS, true},
    [WG_CALENDAR_HOUR] = {WG_HOUR_MS, false},
};

/* Surely no later than b, whenever it begins. Between the start and the end of a working day lie at
 * least eight hours, of which seven are worked. */
static bool tighter(struct wg_limit a, struct wg_limit b)
{
    int64_t ours = a.n_milli * length[a.unit].ms, theirs = b.n_milli * length[b.unit].ms;
    if (length[a.unit].works && !length[b.unit].works)
        return false;
    if (b.unit == WG_WORK_DAY && a.unit != WG_WORK_DAY)
        theirs = b.n_milli * (length[a.unit].works ? 7 : 8) * WG_HOUR_MS;
    return ours <= theirs;
}

static void count_change(const struct wg_condition *c, const struct wg_condition *base,
                         struct wg_sheet_changes *changes)
{
    if (!base)
        changes->added++;
    else if (wg_limit_same(c->limit, base->limit))
        changes->reworded++;
    else if (tighter(c->limit, base->limit))
        changes->tightened++;
    else
        changes->loosened++;
}

/* ---- classes ---- */

static const struct wg_condition *row_of(const struct sheet_class *c, struct wg_str id)
{
    for (size_t i = 0; i < c->rows; i++)
        if (sheet_same(c->row[i]->id, id))
            return c->row[i];
    return NULL;
}

static bool is_of_the_city(const struct wg_class *city, struct wg_str id)
{
    for (size_t i = 0; i < city->conditions; i++)
        if (sheet_same(city->condition[i].id, id))
            return true;
    return false;
}

/* The rows that the class changes or adds: the city's in the city's order, then its own. */
static size_t write_rows(struct wg_buf *out, const struct sheet_class *c,
                         struct wg_sheet_changes *changes)
{
    size_t n = 0;
    for (size_t i = 0; c->city && i < c->city->conditions; i++) {
        const struct wg_condition *base = &c->city->condition[i], *row = row_of(c, base->id);
        if (!row || sheet_same_condition(row, base))
            continue;
        write_row(out, row, base);
        count_change(row, base, changes);
        n++;
    }
    for (size_t i = 0; i < c->rows; i++) {
        if (c->city && is_of_the_city(c->city, c->row[i]->id))
            continue;
        write_row(out, c->row[i], NULL);
        count_change(c->row[i], NULL, changes);
        n++;
    }
    return n;
}

static void write_class(struct wg_buf *out, const struct sheet_class *c,
                        struct wg_sheet_changes *changes, struct wg_buf *rows)
{
    wg_buf_clear(rows);
    if (write_rows(rows, c, changes) == 0)
        return;
    wg_buf_fmt(out, "    [\"%.*s\"] = {\n", WG_PRI(c->code));
    if (!c->city) {
        wg_buf_lit(out, "      name = ");
        write_text(out, c->name);
        wg_buf_lit(out, ",\n");
    }
    wg_buf_lit(out, "      conditions = {\n");
    wg_buf_str_add(out, wg_buf_str(rows));
    wg_buf_lit(out, "      },\n    },\n");
}

void sheet_lua(const struct wg_pack *city, const struct sheet_class *c, size_t count,
               struct wg_buf *out, struct wg_sheet_changes *changes)
{
    struct wg_buf rows = WG_BUF_INIT, of_kind = WG_BUF_INIT;
    wg_buf_fmt(out,
               "-- Made of the county's table 立案结案标准 by `wangge rules import`: what it says "
               "beyond the city's.\n-- luacheck: no max line length\n"
               "local city = require \"%.*s.rules\"\n\nreturn extend(city.categories, {\n",
               WG_PRI(city->area));
    for (int kind = 0; kind < WG_KINDS; kind++) {
        wg_buf_clear(&of_kind);
        for (size_t i = 0; i < count; i++)
            if ((int)c[i].kind == kind)
                write_class(&of_kind, &c[i], changes, &rows);
        if (of_kind.n) {
            wg_buf_fmt(out, "  %s = {\n", wg_kind_name(kind));
            wg_buf_str_add(out, wg_buf_str(&of_kind));
            wg_buf_lit(out, "  },\n");
        }
        out->failed |= rows.failed || of_kind.failed;
    }
    wg_buf_lit(out, "})\n");
    wg_buf_free(&rows);
    wg_buf_free(&of_kind);
}
