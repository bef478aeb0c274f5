#include "case/case.h"

int wg_entry_parse(struct wg_arena *a, struct wg_str text, struct wg_entry *out, struct wg_err *err)
{
    struct wg_json *j;
    int rc = wg_json_parse(a, text, &j, err);
    if (rc < 0)
        return rc;
    *out = (struct wg_entry){
        .n = (uint64_t)wg_json_int(j, "n", 0),
        .t = wg_json_int(j, "t", 0),
        .by = wg_json_str(j, "by"),
        .key = wg_json_str(j, "key"),
        .ask = wg_json_str(j, "ask"),
        .act = wg_json_str(j, "do"),
        .rev = wg_json_str(j, "rev"),
        .as = wg_json_str(j, "as"),
        .unit = wg_json_str(j, "unit"),
        .prev = wg_json_str(j, "prev"),
        .in = wg_json_get(j, "in"),
        .facts = wg_json_get(j, "facts"),
        .out = wg_json_get(j, "out"),
        .was = (uint64_t)wg_json_int(j, "was", 0),
    };
    struct wg_str of = wg_json_str(j, "of");
    if (of.p && wg_case_id_parse(of, &out->of) < 0)
        return wg_fail(err, WG_ECORRUPT, "entry %llu: \"of\" is no case", (unsigned long long)out->n);
    if (out->n == 0 || out->t <= 0 || !out->act.p || !out->out || out->out->type != WG_JARR)
        return wg_fail(err, WG_ECORRUPT, "an entry needs n, t, do and out");
    return WG_OK;
}
