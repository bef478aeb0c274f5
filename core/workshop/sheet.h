/* Behind workshop: what reading and writing a table 立案结案标准 share. */
#ifndef WG_WORKSHOP_SHEET_H
#define WG_WORKSHOP_SHEET_H

#include "workshop/workshop.h"

enum sheet_column {
    SHEET_KIND,
    SHEET_MAJOR,
    SHEET_MAJOR_NAME,
    SHEET_CODE,
    SHEET_NAME,
    SHEET_ID,
    SHEET_TEXT,
    SHEET_LIMIT,
    SHEET_CLOSE,
    SHEET_SOURCE,
    SHEET_ARTICLE,
    SHEET_STAGES,
    SHEET_ASSUMED,
    SHEET_WRITTEN,                /* those above are written */
    SHEET_NUMBER = SHEET_WRITTEN, /* 时限 and 单位 apart, where a county keeps them so */
    SHEET_UNIT,
    SHEET_COLUMNS
};
const char *sheet_head(int column); /* "处置时限" */
/* The column that a head names, by any of its usual names; -1: none. */
int sheet_column(struct wg_str head);

/* Excel in China saves "CSV" in GB18030. false: the bytes are none, or the machine knows no such.
 */
bool sheet_from_gb18030(struct wg_str text, struct wg_buf *out);

/* "4工作时", "2 紧急工作小时", "30分钟紧急", "３个工作日". false: it is no limit. */
bool sheet_limit_parse(struct wg_str s, struct wg_limit *out);
void sheet_limit_write(struct wg_limit limit, struct wg_buf *out);
/* "围护1紧急工作时；修复2工作日 u-sz": a unit stands after its limit. Texts go into a. */
bool sheet_stages_parse(struct wg_str s, struct wg_arena *a, struct wg_condition *out);
void sheet_stages_write(const struct wg_condition *c, struct wg_buf *out);

/* Without white space (also the full-width one) at either end. */
struct wg_str sheet_trim(struct wg_str s);
/* Where they stand in a sheet they are the same: white space at the ends does not count. */
bool sheet_same(struct wg_str a, struct wg_str b);
bool sheet_same_stages(const struct wg_condition *a, const struct wg_condition *b);
bool sheet_same_condition(const struct wg_condition *a, const struct wg_condition *b);

/* ---- sheet_lua.c ---- */

/* A class of the sheet, with the city's where it has one. */
struct sheet_class {
    enum wg_kind kind;
    struct wg_str code, name, major;
    const struct wg_class *city;           /* NULL: a class of its own */
    const struct wg_condition *const *row; /* in the order of the sheet */
    size_t rows;
};
/* categories.lua: what the classes (sorted by kind, code) say beyond the city's. */
void sheet_lua(const struct wg_pack *city, const struct sheet_class *c, size_t count,
               struct wg_buf *out, struct wg_sheet_changes *changes);

#endif
