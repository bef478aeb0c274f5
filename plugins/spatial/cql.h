/** CQL2 (OGC 21-065r2): a filter as text or JSON becomes a tree, is bound to a collection's fields,
 * and says of each feature true, false or null. The tree lies in an arena and never changes once
 * bound. */
#ifndef WG_SPATIAL_CQL_H
#define WG_SPATIAL_CQL_H

#include "spatial.h"

#define CQL_TEXT_MAX 8192
#define CQL_DEPTH_MAX 64
#define CQL_LIST_MAX 1000
#define CQL_VERTS_MAX 10000

enum cql_op {
    CQL_OR,
    CQL_AND,
    CQL_NOT,
    CQL_EQ,
    CQL_NE,
    CQL_LT,
    CQL_GT,
    CQL_LE,
    CQL_GE,
    CQL_LIKE,
    CQL_BETWEEN,
    CQL_IN, /* arg[0] in the others */
    CQL_NULL,
    CQL_ADD,
    CQL_SUB,
    CQL_MUL,
    CQL_DIV,
    CQL_WHOLE, /* div */
    CQL_MOD,
    CQL_POW,
    CQL_CASEI,
    CQL_SPACE, /* which: cql_space_names */
    CQL_TIME,  /* which: cql_time_names */
    CQL_VALUE,
    CQL_FIELD,
    CQL_SPAN /* an interval: two instants, or "..", which is no value */
};
enum cql_type { CQL_ANY, CQL_BOOL, CQL_NUM, CQL_TEXT, CQL_WHEN, CQL_WHENS, CQL_SHAPE };

/** As it was written, not yet in degrees. */
struct cql_geo {
    enum {
        GEO_POINT,
        GEO_LINE,
        GEO_POLYGON,
        GEO_POINTS,
        GEO_LINES,
        GEO_POLYGONS,
        GEO_MANY,
        GEO_RING
    } kind;
    struct cql_geo *part, *next;
    double *xy; /* of points, lines and rings */
    size_t n;
    bool box; /* a polygon whose sides run along the axes of its system */
};

struct cql {
    enum cql_op op;
    enum cql_type type; /* of what it gives */
    int which, field;
    struct cql *arg, *next; /* arguments are a list */
    size_t args;
    struct wg_str text; /* of a value; of a field its name */
    double num;
    bool yes, day, open; /* a true one; a whole day; an end left open */
    int64_t from_ms, to_ms;
    struct cql_geo *geo;
    void *shape, *prepared; /* GEOS's */
    struct wg_box box;      /* of the shape */
};

extern const char *const cql_space_names[]; /* "s_intersects" …, NULL */
extern const char *const cql_time_names[];

/** Errors: WG_EINVAL with the place; WG_ENOMEM. Thread: any. */
int cql_parse(struct wg_arena *a, struct wg_str text, struct cql **out, struct wg_err *err);
int cql_parse_json(struct wg_arena *a, struct wg_str text, struct cql **out, struct wg_err *err);

/** A fes:Filter of WFS; crs: of its envelopes, or what they say. Errors: as above. */
int fes_parse(struct wg_arena *a, struct wg_str text, const struct source *s,
              const struct crs **crs, struct cql **out, struct wg_err *err);
extern const char *const fes_names[]; /**< of comparisons, NULL */

/** Bound to one query, for one thread. */
struct cql_run;
/** Fields and types, shapes made. crs: of what is written. Errors: WG_EINVAL, WG_ENOMEM.
 * Owner: caller, cql_run_free. */
int cql_bind(struct cql *c, const struct source *s, const struct crs *crs, struct cql_run **out,
             struct wg_err *err);
void cql_run_free(struct cql_run *r);
/** 1: true, 0: false, -1: null. */
int cql_says(struct cql_run *r, size_t member, size_t i);
/** What the index may be asked for: nothing outside of it can be true. */
struct wg_box cql_hull(const struct cql_run *r);

/* ---- behind: shared by the parsers, and by evaluation ---- */

struct cql *cql_value(struct wg_arena *a, enum cql_type type); /* NULL: no memory, as below */
/** What a text without a type is beside this property: a number, a flag, a text.
 * Errors: WG_EINVAL (no number where one is needed), WG_ENOMEM. */
int cql_literal(struct wg_arena *a, const struct source *s, struct wg_str property,
                struct wg_str text, struct cql **out, struct wg_err *err);
struct cql *cql_node(struct wg_arena *a, enum cql_op op, struct cql *x, struct cql *y);
struct cql *cql_name(struct wg_arena *a, enum cql_op op, int which, struct cql *args);
int cql_instant(struct cql *c, struct wg_str text, bool day); /* a value of this; -1: it is none */
int cql_index(const char *const *names, struct wg_str name);  /* any case; -1 */
bool cql_like(struct wg_str text, struct wg_str pattern);
/** From four or six numbers; NULL: no memory. */
struct cql_geo *cql_box(struct wg_arena *a, const double *v, size_t n);

#endif
