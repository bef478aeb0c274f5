/* A county's table 立案结案标准 as CSV: its heads, its limits, and how a pack is written as one. */
#include "workshop/sheet.h"

#include <iconv.h>

static const char *const heads[SHEET_COLUMNS][4] = {
    [SHEET_KIND] = {"类别", "类型"},
    [SHEET_MAJOR] = {"大类代码", "大类编码"},
    [SHEET_MAJOR_NAME] = {"大类名称", "大类"},
    [SHEET_CODE] = {"小类代码", "小类编码"},
    [SHEET_NAME] = {"小类名称", "小类"},
    [SHEET_ID] = {"序号", "编号"},
    [SHEET_TEXT] = {"立案条件", "立案标准"},
    [SHEET_LIMIT] = {"处置时限", "处置时间", "处理时限"},
    [SHEET_CLOSE] = {"结案条件", "结案标准"},
    [SHEET_SOURCE] = {"依据", "来源"},
    [SHEET_ARTICLE] = {"条款"},
    [SHEET_STAGES] = {"分段时限", "分段"},
    [SHEET_ASSUMED] = {"推定"},
    [SHEET_NUMBER] = {"时限"},
    [SHEET_UNIT] = {"单位", "时限单位"},
};

const char *sheet_head(int column)
{
    return column >= 0 && column < SHEET_COLUMNS ? heads[column][0] : "?";
}

/* ---- white space, as tables have it ---- */

static size_t space_at(struct wg_str s, size_t at)
{
    static const char *const spaces[] = {" ", "\t", "\r", "\n", "\xC2\xA0", "\xE3\x80\x80"};
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        size_t n = strlen(spaces[i]);
        if (s.n - at >= n && memcmp(s.p + at, spaces[i], n) == 0)
            return n;
    }
    return 0;
}

struct wg_str sheet_trim(struct wg_str s)
{
    size_t n;
    while (s.n && (n = space_at(s, 0)) > 0) {
        s.p += n;
        s.n -= n;
    }
    for (size_t i = 0, end; i < s.n; i += n ? n : 1) { /* the last run of spaces, if it ends s */
        if ((n = space_at(s, i)) == 0)
            continue;
        for (end = i; end < s.n && (n = space_at(s, end)) > 0; end += n)
            ;
        if (end == s.n)
            s.n = i;
        n = end - i;
    }
    return s;
}

/* Without any white space, and full-width digits, points and letters as ASCII. */
static struct wg_str squeeze(struct wg_str s, char *out, size_t cap)
{
    size_t n = 0, skip;
    for (size_t i = 0; i < s.n && n < cap; i += skip ? skip : 1) {
        if ((skip = space_at(s, i)) > 0)
            continue;
        const unsigned char *p = (const unsigned char *)s.p + i;
        if (s.n - i >= 3 && p[0] == 0xEF && p[1] == 0xBC && p[2] >= 0x81) { /* U+FF01 to U+FF3F */
            out[n++] = (char)(p[2] - 0x60);
            skip = 3;
        } else {
            out[n++] = s.p[i];
        }
    }
    return (struct wg_str){out, n};
}

bool sheet_from_gb18030(struct wg_str text, struct wg_buf *out)
{
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    char *from = (char *)text.p; /* iconv's prototype; it only reads */
    size_t left = text.n, room = 2 * text.n + 16;
    char *to = cd == (iconv_t)-1 ? NULL : wg_buf_room(out, room);
    size_t before = room;
    bool ok = to && iconv(cd, &from, &left, &to, &room) != (size_t)-1 && left == 0;
    if (ok)
        out->n += before - room;
    if (cd != (iconv_t)-1)
        iconv_close(cd);
    return ok;
}

int sheet_column(struct wg_str head)
{
    char space[64];
    if (head.n > sizeof(space))
        return -1;
    head = squeeze(head, space, sizeof(space));
    for (int c = 0; c < SHEET_COLUMNS; c++)
        for (int i = 0; i < 4 && heads[c][i]; i++)
            if (wg_str_is(head, heads[c][i]))
                return c;
    return -1;
}

/* ---- limits ---- */

static const struct {
    const char *word;
    enum wg_unit unit;
} words[] = {
    {"紧急工作分钟", WG_EMERGENCY_MINUTE},
    {"紧急分钟", WG_EMERGENCY_MINUTE},
    {"分钟紧急", WG_EMERGENCY_MINUTE},
    {"分钟(紧急)", WG_EMERGENCY_MINUTE},
    {"紧急工作时", WG_EMERGENCY_HOUR},
    {"紧急工作小时", WG_EMERGENCY_HOUR},
    {"紧急小时", WG_EMERGENCY_HOUR},
    {"小时紧急", WG_EMERGENCY_HOUR},
    {"小时(紧急)", WG_EMERGENCY_HOUR},
    {"工作时(紧急)", WG_EMERGENCY_HOUR},
    {"紧急工作日", WG_EMERGENCY_DAY},
    {"紧急日", WG_EMERGENCY_DAY},
    {"紧急天", WG_EMERGENCY_DAY},
    {"天紧急", WG_EMERGENCY_DAY},
    {"工作日(紧急)", WG_EMERGENCY_DAY},
    {"工作时", WG_WORK_HOUR},
    {"工作小时", WG_WORK_HOUR},
    {"工作日", WG_WORK_DAY},
    {"自然小时", WG_CALENDAR_HOUR},
    {"自然时", WG_CALENDAR_HOUR},
    {"小时", WG_CALENDAR_HOUR},
};

bool sheet_limit_parse(struct wg_str s, struct wg_limit *out)
{
    char space[96];
    size_t digits = 0, after = 0;
    bool point = false;
    if (s.n > sizeof(space))
        return false;
    s = squeeze(s, space, sizeof(space));
    for (; digits < s.n; digits++) {
        if (s.p[digits] == '.' && !point && digits)
            point = true;
        else if (s.p[digits] < '0' || s.p[digits] > '9')
            break;
        else
            after += point;
    }
    /* Not rounded: what is meant to a ten thousandth is meant otherwise. */
    if (digits > 12 || after > 3 || (point && !after) ||
        wg_str_fixed((struct wg_str){s.p, digits}, 3, &out->n_milli) < 0 || out->n_milli <= 0)
        return false;
    struct wg_str unit = {s.p + digits, s.n - digits};
    if (wg_str_starts(unit, "个"))
        unit = (struct wg_str){unit.p + 3, unit.n - 3};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (wg_str_is(unit, words[i].word)) {
            out->unit = words[i].unit;
            return true;
        }
    return false;
}

void sheet_limit_write(struct wg_limit limit, struct wg_buf *out)
{
    wg_buf_fixed(out, limit.n_milli, 3);
    wg_buf_str_add(out, wg_str_of(wg_unit_zh(limit.unit)));
}

/* ---- staged limits ---- */

/* "围护 1紧急工作时 u-sz": the limit is the last word, or the last but one. */
static bool parse_stage(struct wg_str s, struct wg_arena *a, struct wg_segment *out)
{
    for (int words_behind = 0; words_behind < 2; words_behind++) {
        size_t at = s.n;
        struct wg_str unit = {NULL, 0}, limit;
        if (words_behind) {
            while (at && s.p[at - 1] != ' ')
                at--;
            unit = (struct wg_str){s.p + at, s.n - at};
            at -= at > 0;
        }
        size_t end = at;
        while (at && s.p[at - 1] != ' ')
            at--;
        limit = (struct wg_str){s.p + at, end - at};
        if (!at || !sheet_limit_parse(limit, &out->limit))
            continue;
        struct wg_str name = sheet_trim((struct wg_str){s.p, at});
        out->name = wg_arena_str(a, name);
        out->unit = unit.n ? wg_arena_str(a, unit) : unit;
        return name.n > 0 && out->name.p && (!unit.n || out->unit.p);
    }
    return false;
}

bool sheet_stages_parse(struct wg_str s, struct wg_arena *a, struct wg_condition *out)
{
    static const char mark[] = "；";
    out->segments = 0;
    while (s.n) {
        const char *at = memmem(s.p, s.n, mark, sizeof(mark) - 1);
        struct wg_str one = {s.p, at ? (size_t)(at - s.p) : s.n};
        size_t used = one.n + (at ? sizeof(mark) - 1 : 0);
        if (out->segments == 4 || !parse_stage(sheet_trim(one), a, &out->segment[out->segments]))
            return false;
        out->segments++;
        s = (struct wg_str){s.p + used, s.n - used};
    }
    return true;
}

void sheet_stages_write(const struct wg_condition *c, struct wg_buf *out)
{
    for (uint32_t i = 0; i < c->segments; i++) {
        if (i)
            wg_buf_lit(out, "；");
        wg_buf_str_add(out, c->segment[i].name);
        wg_buf_char(out, ' ');
        sheet_limit_write(c->segment[i].limit, out);
        if (c->segment[i].unit.n) {
            wg_buf_char(out, ' ');
            wg_buf_str_add(out, c->segment[i].unit);
        }
    }
}

/* ---- the same? ---- */

bool sheet_same(struct wg_str a, struct wg_str b)
{
    return wg_str_eq(sheet_trim(a), sheet_trim(b));
}

bool sheet_same_stages(const struct wg_condition *a, const struct wg_condition *b)
{
    if (a->segments != b->segments)
        return false;
    for (uint32_t i = 0; i < a->segments; i++)
        if (!sheet_same(a->segment[i].name, b->segment[i].name) ||
            !wg_str_eq(a->segment[i].unit, b->segment[i].unit) ||
            !wg_limit_same(a->segment[i].limit, b->segment[i].limit))
            return false;
    return true;
}

bool sheet_same_condition(const struct wg_condition *a, const struct wg_condition *b)
{
    return sheet_same(a->id, b->id) && sheet_same(a->text, b->text) &&
           sheet_same(a->close, b->close) && sheet_same(a->source, b->source) &&
           sheet_same(a->article, b->article) && a->assumed == b->assumed &&
           wg_limit_same(a->limit, b->limit) && sheet_same_stages(a, b);
}

/* ---- writing ---- */

/* What a spreadsheet would run as a formula is marked as text, as people mark it themselves. */
static bool steers(struct wg_str s)
{
    return s.n && memchr("=+-@'", s.p[0], 5) != NULL;
}

static void write_cell(struct wg_buf *out, int column, struct wg_str s)
{
    bool quote = false;
    if (column)
        wg_buf_char(out, ',');
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = memchr(",\"\r\n", s.p[i], 4) != NULL;
    if (!quote) {
        if (steers(s))
            wg_buf_char(out, '\'');
        wg_buf_str_add(out, s);
        return;
    }
    wg_buf_char(out, '"');
    if (steers(s))
        wg_buf_char(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            wg_buf_char(out, '"');
        wg_buf_char(out, s.p[i]);
    }
    wg_buf_char(out, '"');
}

static void write_row(const struct wg_class *c, const struct wg_condition *row,
                      struct wg_buf *space, struct wg_buf *out)
{
    struct wg_str cell[SHEET_WRITTEN] = {
        [SHEET_KIND] = c->kind == WG_PART ? WG_S("部件") : WG_S("事件"),
        [SHEET_MAJOR] = {c->code.p, 2},
        [SHEET_MAJOR_NAME] = c->major,
        [SHEET_CODE] = c->code,
        [SHEET_NAME] = c->name,
        [SHEET_ID] = row->id,
        [SHEET_TEXT] = row->text,
        [SHEET_CLOSE] = row->close,
        [SHEET_SOURCE] = row->source,
        [SHEET_ARTICLE] = row->article,
        [SHEET_ASSUMED] = row->assumed ? WG_S("是") : WG_S("否"),
    };
    for (int i = 0; i < SHEET_WRITTEN; i++) {
        wg_buf_clear(space);
        if (i == SHEET_LIMIT)
            sheet_limit_write(row->limit, space);
        else if (i == SHEET_STAGES)
            sheet_stages_write(row, space);
        else
            wg_buf_str_add(space, cell[i]);
        write_cell(out, i, wg_buf_str(space));
    }
    wg_buf_lit(out, "\r\n");
}

static bool as_the_city(const struct wg_class *c, const struct wg_pack *city)
{
    const struct wg_class *base = wg_pack_class(city, (int)c->kind, c->code);
    bool same = base && base->conditions == c->conditions;
    for (size_t i = 0; same && i < c->conditions; i++)
        same = sheet_same_condition(&c->condition[i], &base->condition[i]);
    return same;
}

void wg_sheet_write(const struct wg_pack *pack, const struct wg_pack *city, struct wg_buf *out)
{
    struct wg_buf space = WG_BUF_INIT;
    wg_buf_lit(out, "\xEF\xBB\xBF"); /* Excel takes it for UTF-8 by this */
    for (int i = 0; i < SHEET_WRITTEN; i++)
        write_cell(out, i, wg_str_of(sheet_head(i)));
    wg_buf_lit(out, "\r\n");
    for (size_t i = 0; i < pack->class_count; i++) {
        const struct wg_class *c = &pack->classes[i];
        if (city && as_the_city(c, city))
            continue;
        for (size_t k = 0; k < c->conditions; k++)
            write_row(c, &c->condition[k], &space, out);
    }
    out->failed |= space.failed;
    wg_buf_free(&space);
}
