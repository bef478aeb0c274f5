/** Behind cql.h: CQL2 text being read. What returns NULL or false has said why. */
#ifndef WG_SPATIAL_CQL_READ_H
#define WG_SPATIAL_CQL_READ_H

#include "cql.h"

struct cql_reader {
    struct wg_arena *a;
    struct wg_str s;
    size_t at, verts;
    int depth;
    struct wg_err *err;
};

void *cql_wrong(struct cql_reader *r, const char *what); /**< NULL; the first complaint stays */
void *cql_spent(struct cql_reader *r);                   /**< NULL: no memory */
char cql_look(struct cql_reader *r);                     /**< past white space; 0 at the end */
bool cql_take(struct cql_reader *r, const char *mark);
bool cql_take_word(struct cql_reader *r, const char *word); /**< in any case */
struct wg_str cql_peek(struct cql_reader *r); /**< the name that begins here; {NULL, 0}: none */
bool cql_number(struct cql_reader *r, double *out);
struct cql *cql_new(struct cql_reader *r, enum cql_type type);

/* cql_wkt.c */
extern const char *const cql_geo_names[]; /**< "point" …, NULL; as GEO_POINT … */
struct cql_geo *cql_read_geo(struct cql_reader *r);
struct cql *cql_read_box(struct cql_reader *r); /**< what follows BBOX */

#endif
