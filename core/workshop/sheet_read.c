/* A county's table 立案结案标准, read: every fault by row and column, and nothing made where there
 * is one. */
#include "workshop/sheet.h"

#include "geo/geo.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 20000
#define CELL_MAX 1200 /* bytes: 400 characters */

/* A row of the table, filled down. */
struct line {
    size_t row; /* as a spreadsheet counts, from 1 */
    enum wg_kind kind;
    struct wg_str major, major_name, code, name;
    struct wg_condition c;
    const struct wg_class *city; /* NULL: a class of its own */
    bool assumed_said, stages_said;
};

struct sheet {
    const struct wg_pack *city;
    struct wg_findings *f;
    struct wg_arena *a;
    size_t minor; /* digits of a minor code: 2, in GB/T 47678.5 3 */
    int at[SHEET_COLUMNS];
    size_t heads, row; /* of the row being read */
    const struct wg_str *cell;
    size_t cells;
    struct line *line;
    size_t count, cap;
    bool broken; /* not read to its end, so what is missing can't be told */
    bool failed; /* no memory */
};

/* ---- faults ---- */

static void fault_at(struct sheet *s, size_t row, const char *column, const char *text,
                     const char *right)
{
    char where[160];
    snprintf(where, sizeof(where), column ? "第%zu行“%s”" : "第%zu行", row, column);
    wg_find(s->f, &(struct wg_finding){.severity = WG_FAULT,
                                       .check = "sheet",
                                       .where = wg_str_of(where),
                                       .text = text,
                                       .right = right});
}

static void fault(struct sheet *s, int column, const char *text, const char *right)
{
    fault_at(s, s->row, sheet_head(column), text, right);
}

static void fault_about(struct sheet *s, int column, struct wg_str cell, const char *what,
                        const char *right)
{
    char text[320];
    size_t n = cell.n < 90 ? cell.n : 90;
    while (n && n < cell.n && ((unsigned char)cell.p[n] & 0xC0) == 0x80)
        n--;
    snprintf(text, sizeof(text), "“%.*s%s”%s", (int)n, cell.p, n < cell.n ? "…" : "", what);
    fault(s, column, text, right);
}

/* ---- cells ---- */

/* The cell of a column, trimmed; empty where there is no such column. A mark that keeps a
 * spreadsheet from running the text goes. */
static struct wg_str cell(const struct sheet *s, int column)
{
    int at = s->at[column];
    if (at < 0 || (size_t)at >= s->cells)
        return (struct wg_str){"", 0};
    struct wg_str c = sheet_trim(s->cell[at]);
    if (c.n > 1 && c.p[0] == '\'' && memchr("=+-@'", c.p[1], 5))
        c = (struct wg_str){c.p + 1, c.n - 1};
    return c;
}

static struct wg_str kept(struct sheet *s, struct wg_str text)
{
    struct wg_str out = wg_arena_str(s->a, text);
    s->failed |= !out.p;
    return out;
}

/* Text of a cell: not too long, nothing in it that can't be seen. */
static struct wg_str words(struct sheet *s, int column, bool must)
{
    struct wg_str c = cell(s, column);
    bool odd = false;
    for (size_t i = 0; i < c.n; i++)
        odd |= (unsigned char)c.p[i] < ' ' && !memchr("\t\r\n", c.p[i], 3);
    if (must && !c.n)
        fault(s, column, "不能留空", NULL);
    else if (c.n > CELL_MAX)
        fault(s, column, "太长", "不超过400字");
    else if (odd)
        fault(s, column, "含有不可见的控制字符", NULL);
    return kept(s, c);
}

/* Digits with the zeros that a spreadsheet has eaten; {NULL, 0}: told. */
static struct wg_str digits(struct sheet *s, int column, struct wg_str c, size_t width)
{
    char text[8];
    bool all = c.n > 0 && c.n <= width && width < sizeof(text);
    for (size_t i = 0; i < c.n; i++)
        all &= c.p[i] >= '0' && c.p[i] <= '9';
    if (!all) {
        fault_about(s, column, c, "不是代码", "应为数字，如大类“01”、小类“0110”");
        return (struct wg_str){NULL, 0};
    }
    memset(text, '0', width);
    memcpy(text + width - c.n, c.p, c.n);
    return kept(s, (struct wg_str){text, width});
}

/* ---- the head ---- */

static void read_head(struct sheet *s)
{
    static const int needed[] = {SHEET_KIND, SHEET_CODE, SHEET_NAME,
                                 SHEET_ID,   SHEET_TEXT, SHEET_CLOSE};
    char text[128];
    for (int c = 0; c < SHEET_COLUMNS; c++)
        s->at[c] = -1;
    s->heads = s->cells;
    for (size_t i = 0; i < s->cells; i++) {
        struct wg_str head = sheet_trim(s->cell[i]);
        int c = sheet_column(head);
        if (!head.n)
            continue; /* a column without a head: its cells must be empty too */
        if (c >= 0 && s->at[c] < 0) {
            s->at[c] = (int)i;
            continue;
        }
        snprintf(text, sizeof(text), "第%zu列“%.*s”%s", i + 1, (int)(head.n < 48 ? head.n : 48),
                 head.p, c < 0 ? "不是本表的列" : "出现两次");
        fault_at(
            s, s->row, NULL, text,
            c < 0
                ? "列名应为：类别、大类代码、大类名称、小类代码、小类名称、序号、立案条件、处置时限"
                  "（或时限、单位）、结案条件、依据、条款、分段时限、推定"
                : NULL);
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (s->at[needed[i]] < 0) {
            snprintf(text, sizeof(text), "缺少“%s”列", sheet_head(needed[i]));
            fault_at(s, s->row, NULL, text, NULL);
        }
    if (s->at[SHEET_LIMIT] < 0 && (s->at[SHEET_NUMBER] < 0 || s->at[SHEET_UNIT] < 0))
        fault_at(s, s->row, NULL, "缺少“处置时限”列", "或“时限”和“单位”两列");
}

/* ---- a row ---- */

static void read_kind(struct sheet *s, const struct line *above, struct line *l)
{
    struct wg_str c = cell(s, SHEET_KIND);
    l->kind = above ? above->kind : WG_PART;
    if (wg_str_is(c, "部件") || wg_str_is(c, "事件"))
        l->kind = wg_str_is(c, "部件") ? WG_PART : WG_EVENT;
    else if (c.n)
        fault_about(s, SHEET_KIND, c, "不是类别", "应为“部件”或“事件”");
    else if (!above)
        fault(s, SHEET_KIND, "不能留空", "应为“部件”或“事件”");
}

/* Major and minor code: as they stand there, or from the cell above that was merged with this one.
 */
static void read_codes(struct sheet *s, const struct line *above, struct line *l)
{
    struct wg_str major = cell(s, SHEET_MAJOR), code = cell(s, SHEET_CODE);
    bool same_kind = above && above->kind == l->kind;
    if (major.n)
        l->major = digits(s, SHEET_MAJOR, major, 2);
    else if (same_kind)
        l->major = above->major;
    if (major.n && !l->major.n)
        return;
    if (!code.n) {
        bool merged = same_kind && !cell(s, SHEET_NAME).n && wg_str_eq(l->major, above->major);
        if (merged)
            l->code = above->code; /* empty: told at the row above */
        else
            fault(s, SHEET_CODE, "不能留空", "合并单元格只在同一小类内");
        return;
    }
    bool whole = code.n > s->minor;
    code = digits(s, SHEET_CODE, code, whole ? s->minor + 2 : s->minor);
    if (whole && code.n) {
        if (major.n && memcmp(l->major.p, code.p, 2) != 0)
            fault(s, SHEET_CODE, "与大类代码不一致", NULL);
        l->major = (struct wg_str){code.p, 2};
        l->code = code;
    } else if (code.n && l->major.n) {
        l->code = wg_arena_fmt(s->a, "%.*s%.*s", WG_PRI(l->major), WG_PRI(code));
        s->failed |= !l->code.p;
    } else if (code.n) {
        fault(s, SHEET_MAJOR, "不能留空", "或在小类代码写全，如“0110”");
    }
}

/* The name of a major by its classes in the city's pack; {NULL, 0}: there is no such major. */
static struct wg_str major_name(const struct wg_pack *p, enum wg_kind kind, struct wg_str code)
{
    for (size_t i = 0; i < p->class_count; i++)
        if (p->classes[i].kind == kind && memcmp(p->classes[i].code.p, code.p, 2) == 0)
            return p->classes[i].major;
    return (struct wg_str){NULL, 0};
}

static void read_names(struct sheet *s, const struct line *above, struct line *l)
{
    struct wg_str name = words(s, SHEET_NAME, false), major = words(s, SHEET_MAJOR_NAME, false);
    bool same = above && above->kind == l->kind && wg_str_eq(above->code, l->code);
    struct wg_str right = major_name(s->city, l->kind, l->code);
    l->city = wg_pack_class(s->city, (int)l->kind, l->code);
    l->name = name.n ? name : same ? above->name : l->city ? l->city->name : name;
    if (!l->name.n)
        fault(s, SHEET_NAME, "不能留空", "本地新增的小类要有名称");
    else if (l->city && !sheet_same(l->name, l->city->name))
        fault_about(s, SHEET_NAME, l->name, "与市级名称不一致", l->city->name.p);
    if (!right.n)
        fault_about(s, SHEET_CODE, l->code, "的大类在市级标准中没有", NULL);
    else if (major.n && !sheet_same(major, right))
        fault_about(s, SHEET_MAJOR_NAME, major, "与市级名称不一致", right.p);
}

static void read_limit(struct sheet *s, struct line *l)
{
    bool apart = s->at[SHEET_LIMIT] < 0;
    struct wg_str c = cell(s, apart ? SHEET_NUMBER : SHEET_LIMIT);
    int column = apart ? SHEET_NUMBER : SHEET_LIMIT;
    if (!c.n) {
        fault(s, column, "不能留空", "应为如“4工作时”");
        return;
    }
    if (apart) {
        struct wg_str unit = cell(s, SHEET_UNIT);
        c = wg_arena_fmt(s->a, "%.*s%.*s", WG_PRI(c), WG_PRI(unit));
        s->failed |= !c.p;
    }
    if (c.p && !sheet_limit_parse(c, &l->c.limit))
        fault_about(s, column, c, "不是时限",
                    "应为如“4工作时”“2紧急工作时”“30紧急工作分钟”“1.5工作日”，至多三位小数");
}

static void read_rest(struct sheet *s, struct line *l)
{
    struct wg_str stages = words(s, SHEET_STAGES, false), assumed = cell(s, SHEET_ASSUMED);
    l->c.id = words(s, SHEET_ID, true);
    l->c.text = words(s, SHEET_TEXT, true);
    l->c.close = words(s, SHEET_CLOSE, true);
    l->c.source = words(s, SHEET_SOURCE, false);
    l->c.article = words(s, SHEET_ARTICLE, false);
    read_limit(s, l);
    l->stages_said = stages.n > 0;
    if (stages.n && !sheet_stages_parse(stages, s->a, &l->c))
        fault_about(s, SHEET_STAGES, stages, "不是分段时限",
                    "应为如“围护 1紧急工作时；修复 2工作日”，至多四段");
    l->assumed_said = assumed.n > 0;
    l->c.assumed = wg_str_is(assumed, "是");
    if (assumed.n && !l->c.assumed && !wg_str_is(assumed, "否"))
        fault_about(s, SHEET_ASSUMED, assumed, "看不懂", "应为“是”或“否”");
}

/* What is left empty in a row that the city has is as in the city's. */
static void take_from_city(struct line *l)
{
    for (size_t i = 0; l->city && i < l->city->conditions; i++) {
        const struct wg_condition *base = &l->city->condition[i];
        if (!sheet_same(base->id, l->c.id))
            continue;
        if (!l->c.source.n)
            l->c.source = base->source;
        if (!l->c.article.n)
            l->c.article = base->article;
        if (!l->stages_said) {
            memcpy(l->c.segment, base->segment, sizeof(l->c.segment));
            l->c.segments = base->segments;
        }
        if (!l->assumed_said) { /* what the county has worded itself is no default of the city's */
            l->c.assumed = base->assumed;
            l->c.assumed = sheet_same_condition(&l->c, base) && base->assumed;
        }
    }
}

static bool is_empty(const struct sheet *s)
{
    for (size_t i = 0; i < s->cells; i++)
        if (sheet_trim(s->cell[i]).n)
            return false;
    return true;
}

static void read_line(struct sheet *s)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct line *more = realloc(s->line, cap * sizeof(*more));
        s->failed |= !more;
        if (!more)
            return;
        s->line = more;
        s->cap = cap;
    }
    const struct line *above = s->count ? &s->line[s->count - 1] : NULL;
    struct line l = {.row = s->row};
    for (size_t i = s->heads; i < s->cells; i++)
        if (sheet_trim(s->cell[i]).n) {
            fault_at(s, s->row, NULL, "比表头多出一格", "含逗号的格子要加引号");
            break;
        }
    read_kind(s, above, &l);
    read_codes(s, above, &l);
    if (l.code.n)
        read_names(s, above, &l);
    read_rest(s, &l);
    take_from_city(&l);
    s->line[s->count++] = l;
}

/* ---- the whole ---- */

static int line_order(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = wg_str_cmp(a->code, b->code);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static int id_order(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = wg_str_cmp(a->code, b->code);
    if (!order)
        order = wg_str_cmp(a->c.id, b->c.id);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static void check_twice(struct sheet *s)
{
    char text[128];
    if (s->count == 0)
        return; /* qsort may not be given NULL */
    qsort(s->line, s->count, sizeof(*s->line), id_order);
    for (size_t i = 1; i < s->count; i++) {
        const struct line *a = &s->line[i - 1], *b = &s->line[i];
        if (a->kind != b->kind || !b->code.n || !wg_str_eq(a->code, b->code) || !b->c.id.n ||
            !wg_str_eq(a->c.id, b->c.id))
            continue;
        snprintf(text, sizeof(text), "与第%zu行重复：同一小类的序号只能出现一次", a->row);
        fault_at(s, b->row, sheet_head(SHEET_ID), text, NULL);
    }
}

/* Nothing that the city has may be left out of a class that is in the table. */
static void check_complete(struct sheet *s, const struct sheet_class *c, size_t row)
{
    char text[512];
    for (size_t i = 0; c->city && i < c->city->conditions; i++) {
        const struct wg_condition *base = &c->city->condition[i];
        bool there = false;
        for (size_t k = 0; k < c->rows && !there; k++)
            there = sheet_same(c->row[k]->id, base->id);
        if (there)
            continue;
        snprintf(text, sizeof(text), "小类%.*s缺少市级立案条件%.*s「%.*s」", WG_PRI(c->code),
                 WG_PRI(base->id), (int)(base->text.n < 300 ? base->text.n : 0), base->text.p);
        fault_at(s, row, sheet_head(SHEET_CODE), text, "市级条件可以收紧，不能删去");
    }
}

static void make(struct sheet *s, struct wg_buf *lua, struct wg_sheet_changes *changes)
{
    size_t n = 0;
    struct sheet_class *class_ = wg_arena_alloc(s->a, (s->count + 1) * sizeof(*class_));
    const struct wg_condition **row = wg_arena_alloc(s->a, (s->count + 1) * sizeof(*row));
    s->failed |= !class_ || !row;
    if (s->failed)
        return;
    if (s->count)
        qsort(s->line, s->count, sizeof(*s->line), line_order);
    for (size_t i = 0; i < s->count; i++) {
        const struct line *l = &s->line[i], *first = n ? l - class_[n - 1].rows : NULL;
        row[i] = &l->c;
        if (!first || first->kind != l->kind || !wg_str_eq(first->code, l->code)) {
            class_[n++] =
                (struct sheet_class){l->kind, l->code, l->name, l->major, l->city, &row[i], 0};
        } else if (!sheet_same(first->name, l->name)) {
            s->row = l->row;
            fault_about(s, SHEET_NAME, l->name, "与同一小类的上文不一致", first->name.p);
        }
        class_[n - 1].rows++;
    }
    for (size_t i = 0; i < n; i++)
        check_complete(s, &class_[i], s->line[class_[i].row - row].row);
    if (!s->f->count[WG_FAULT])
        sheet_lua(s->city, class_, n, lua, changes);
}

/* ---- the rows ---- */

static bool is_title(const struct sheet *s)
{
    size_t filled = 0;
    for (size_t i = 0; i < s->cells; i++)
        filled += sheet_trim(s->cell[i]).n > 0;
    return filled <= 1 && s->cells > 1;
}

static size_t line_breaks(const struct sheet *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->cells; i++)
        for (size_t k = 0; k < s->cell[i].n; k++)
            n += s->cell[i].p[k] == '\n';
    return n;
}

/* Rows are counted as a spreadsheet shows them: empty lines too, breaks inside a cell not. */
static void read_rows(struct sheet *s, struct wg_csv *csv)
{
    struct wg_err err = {0};
    size_t next = 1, at = 0;
    bool headed = false;
    int rc = 0;
    while (!s->failed && (rc = wg_csv_next(csv, &err)) == 1) {
        s->cell = csv->field;
        s->cells = csv->count;
        s->row += 1 + csv->line - next;
        next = csv->line + 1 + line_breaks(s);
        if (is_empty(s) || (!headed && is_title(s)))
            continue;
        if (!headed) {
            read_head(s);
            headed = true;
            s->broken = s->f->count[WG_FAULT] > 0;
        } else if (!s->broken && s->count < ROWS_MAX) {
            read_line(s);
        } else if (!s->broken) {
            fault_at(s, s->row, NULL, "行数太多", "不超过两万行");
            s->broken = true;
        }
    }
    s->broken |= rc < 0;
    if (s->failed)
        return;
    if (rc < 0 && sscanf(err.text, "line %zu", &at) == 1) /* a line of the file, then */
        fault_at(s, s->row + 1 + at - next, NULL, "从这一行起读不下去：引号不成对，或有控制字符",
                 "请在表格软件中另存为“CSV UTF-8”");
    else if (!headed)
        fault_at(s, 1, NULL, "表是空的", "第一行应为列名");
}

int wg_sheet_read(struct wg_str text, const struct wg_pack *city, struct wg_buf *lua,
                  struct wg_sheet_changes *changes, struct wg_findings *f)
{
    struct wg_buf utf8 = WG_BUF_INIT;
    struct wg_csv csv = {0};
    struct sheet s = {.city = city, .f = f, .a = wg_arena_new(65536)};
    *changes = (struct wg_sheet_changes){0};
    s.minor = city->class_count ? city->classes[0].code.n - 2 : 2;
    s.failed = !s.a;
    if (!wg_utf8_valid(text)) {
        if (sheet_from_gb18030(text, &utf8))
            text = wg_buf_str(&utf8);
        else
            fault_at(&s, 1, NULL, "文件既不是UTF-8，也不是GB18030",
                     "请在表格软件中另存为“CSV UTF-8”");
    }
    if (!f->count[WG_FAULT] && !s.failed && wg_csv_open(text, &csv) == WG_OK) {
        read_rows(&s, &csv);
        check_twice(&s);
        if (!s.broken && !s.failed)
            make(&s, lua, changes);
    }
    wg_csv_close(&csv);
    wg_buf_free(&utf8);
    free(s.line);
    wg_arena_free(s.a);
    if (s.failed || !wg_buf_ok(lua))
        return WG_ENOMEM;
    return f->count[WG_FAULT] ? WG_EINVAL : WG_OK;
}
