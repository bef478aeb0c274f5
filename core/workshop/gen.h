/** Behind workshop.h: what the two parts of the test generator share. */
#ifndef WG_WORKSHOP_GEN_H
#define WG_WORKSHOP_GEN_H

#include "workshop/workshop.h"

struct gen {
    struct wg_rules *rules;
    const struct wg_pack *pack;
    const struct wg_gen_opts *opts;
    struct wg_worktime *wt;
    struct wg_arena *arena, *scratch; /* scratch: of one decision */
    struct wg_buf *out;
    size_t tests;
};

/* Decide, with the calendar and the ground for a world: facts and outcomes as trees, or why not. */
bool gen_decide(struct gen *g, const struct wg_decision *d, const struct wg_json **facts,
                const struct wg_json **outs, struct wg_err *err);
/* Tests of on.report at vertices of the borders of areas of duty; or a comment that there are none.
 */
void gen_borders(struct gen *g);

#endif
