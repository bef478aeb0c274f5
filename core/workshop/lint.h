/** Behind workshop.h: what the three parts of lint share. */
#ifndef WG_WORKSHOP_LINT_H
#define WG_WORKSHOP_LINT_H

#include "workshop/workshop.h"

struct lint {
    const struct wg_bundle *bundle;
    const struct wg_pack *pack, *base; /* base: NULL for a city's own */
    const struct wg_json *tables, *base_tables, *messages;
    int64_t now_ms;
    struct wg_arena *arena;
    struct wg_findings *found;
};

/* needle: a text of the bundle near which it stands, or NULL. text: a printf format, in 中文. */
void lint_say(struct lint *l, enum wg_severity severity, const char *check, const char *where,
              const char *needle, const char *right, const char *text, ...)
    __attribute__((format(printf, 7, 8)));
/* Names and doubled keys in the Lua texts of the county's own files. */
void lint_texts(struct lint *l);
/* Rows that can never be chosen; gaps and overlaps. */
void lint_rows(struct lint *l);

#endif
