/* How one collection lies: gaps and overlaps among its areas, what reaches out of the county. By
 * place alone, whatever the codes say: the quality report compares those. */
#include "inside.h"

#include <math.h>

#define SPOTS_MAX 1000

static const char *const names[WG_COVERS] = {"gap", "outside", "overlap"};

bool wg_topology_is_of(int collection)
{
    return collection == WG_COUNTIES || collection == WG_STREETS || collection == WG_COMMUNITIES ||
           collection == WG_GRIDS || collection == WG_PARTS || collection == WG_PLACES;
}

void wg_topology_done(struct wg_topology *t)
{
    wg_buf_free(&t->spots);
    wg_buf_free(&t->lines);
}

void wg_topology_counts(const struct wg_topology *t, struct wg_buf *out)
{
    wg_buf_char(out, '{');
    for (int k = 0; k < WG_COVERS; k++) {
        wg_json_key(out, names[k]);
        wg_buf_char(out, '{');
        wg_json_kint(out, "count", (int64_t)t->count[k]);
        wg_json_kint(out, "m2", (int64_t)llround(t->m2[k]));
        wg_buf_char(out, '}');
    }
    wg_json_kbool(out, "outline", t->outline);
    wg_buf_char(out, '}');
}

static void write_line(struct wg_buf *b, const struct wg_cover_fault *f)
{
    struct wg_str id = f->id.p ? f->id : WG_S("");
    if (f->kind == WG_GAP)
        wg_buf_fmt(b, "a gap%s%.*s", id.n ? " in " : "", WG_PRI(id));
    else if (f->kind == WG_OVERLAP)
        wg_buf_fmt(b, "%.*s and %.*s lie on each other", WG_PRI(id), WG_PRI(f->other));
    else
        wg_buf_fmt(b, "%.*s lies outside of %.*s", WG_PRI(id), WG_PRI(f->other));
    wg_buf_lit(b, " at ");
    wg_buf_fixed(b, f->at.lon_e7, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, f->at.lat_e7, 7);
    if (f->m2 > 0)
        wg_buf_fmt(b, ": %lld m2", llround(f->m2));
    wg_buf_char(b, '\n');
}

static void on_fault(void *arg, const struct wg_cover_fault *f)
{
    struct wg_topology *t = arg;
    struct wg_buf *b = &t->spots;
    t->count[f->kind]++;
    t->m2[f->kind] += f->m2;
    if (t->faults++ >= SPOTS_MAX)
        return;
    write_line(&t->lines, f);
    wg_json_sep(b);
    wg_buf_lit(b, "{\"type\":\"Feature\",\"properties\":{");
    wg_json_kstr(b, "kind", wg_str_of(names[f->kind]));
    wg_json_kstr(b, "id", f->id.n ? f->id : (struct wg_str){NULL, 0});
    wg_json_kstr(b, "other", f->other.n ? f->other : (struct wg_str){NULL, 0});
    wg_json_kint(b, "m2", (int64_t)llround(f->m2));
    wg_json_kbool(b, "rim", f->rim);
    wg_json_key(b, "lon");
    wg_buf_fixed(b, f->at.lon_e7, 7);
    wg_json_key(b, "lat");
    wg_buf_fixed(b, f->at.lat_e7, 7);
    wg_buf_lit(b, "},\"geometry\":");
    wg_buf_str_add(b, f->shape);
    wg_buf_char(b, '}');
}

/* Points: each is in the county's own area, or it is not. */
static void check_points(const struct wg_layer *counties, struct wg_str area,
                         const struct wg_layer *points, struct wg_topology *t)
{
    struct wg_feature f;
    struct wg_buf shape = WG_BUF_INIT;
    size_t own = 0;
    if (!wg_layer_by_id(counties, area, &own))
        return;
    for (size_t i = 0, at; wg_layer_at(points, i, &f); i++) {
        if (wg_layer_find(counties, f.at, &at) && at == own)
            continue;
        wg_buf_clear(&shape);
        wg_layer_geometry(points, i, &shape);
        const struct wg_cover_fault fault = {
            .kind = WG_OUTSIDE, .id = f.id, .other = area, .at = f.at, .shape = wg_buf_str(&shape)};
        on_fault(t, &fault);
    }
    wg_buf_free(&shape);
}

int wg_ground_topology(const struct wg_ground *g, int collection, struct wg_reading *read,
                       struct wg_topology *out, struct wg_err *err)
{
    const struct wg_layer *pieces = g->layer[collection],
                          *counties = g->counties ? g->counties : g->layer[WG_COUNTIES];
    struct wg_str area = wg_str_of(g->area);
    size_t own;
    *out = (struct wg_topology){.spots = WG_BUF_INIT, .lines = WG_BUF_INIT};
    if (!pieces)
        return wg_fail(err, WG_ENOENT, "nothing has been loaded for %s yet",
                       wg_collection_name(collection));
    out->outline = collection != WG_COUNTIES && counties && wg_layer_by_id(counties, area, &own);
    if (wg_layer_shape(pieces) == WG_POINTS) {
        if (out->outline)
            check_points(counties, area, pieces, out);
    } else {
        const struct wg_cover_ask ask = {.areas = out->outline ? counties : NULL,
                                         .only = area,
                                         .pieces = pieces,
                                         .read = read,
                                         .fn = on_fault,
                                         .arg = out};
        int rc = wg_layer_cover(&ask, err);
        if (rc < 0)
            return rc;
    }
    return wg_buf_ok(&out->spots) && wg_buf_ok(&out->lines)
               ? WG_OK
               : wg_fail(err, WG_ENOMEM, "out of memory");
}
