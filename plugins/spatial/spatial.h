/** Inside the spatial plugin: a county's map for whoever draws or counts it. A handler parses on
 * the loop, an `ask` is then answered on the pool from counted snapshots, and goes back to the
 * loop. Sources: OGC API – Features 1 (17-069r4), 2 (18-058r1), 3 (19-079r2), OGC API – Common. */
#ifndef WG_SPATIAL_H
#define WG_SPATIAL_H

#include "wg.h"

#define SPAN_MAX 64 /* counties of a city */
#define FIELDS_MAX 64
#define LIMIT_DEFAULT 10
#define LIMIT_MAX 10000

/* ---- what is made of a layer once and then shared ---- */

struct collection {
    const char *id, *title, *brief;
    uint32_t roles;            /**< of those who may see it; WG_PUBLIC: everybody */
    uint32_t editors;          /**< of those who may edit it */
    const char *begins, *ends; /**< properties that say when it was so; NULL: it has no time */
};
#define SIGNED_IN (~(uint32_t)WG_PUBLIC)
#define CASES "cases" /* the collection that goes on changing */
const struct collection *collection_find(struct wg_str id);
const struct collection *collection_at(size_t i); /**< NULL past the last */
size_t collection_index(const struct collection *c);
#define OWN_MAX 22 /* layers that counties' rules name besides; all fit the bits of an unsigned */
bool collection_is_own(const struct collection *c); /**< of a county's own */
/** One that rules name; twice is fine, too many are not learnt. Thread: any. */
void collection_learn(struct wg_str id, struct wg_str title);

/** The head of a table, or of an index of names. Immutable once made, counted. */
struct kept {
    int refs; /* atomic */
    uint64_t mark;
    struct wg_layer *layer;
    struct kept *part[2]; /**< of an edited layer: those of the two that it is made of */
    void (*free)(struct kept *k);
};
/** Both set free; NULL: no memory. What is made of the larger part of an edited layer is kept, too,
 * so that an edit costs what was edited. */
struct kept_kind {
    struct kept *(*make)(const struct wg_layer *layer);
    struct kept *(*join)(struct kept *const part[2]);
};
extern const struct kept_kind table_kind, names_kind;
/** The one that is there, of this very layer; key: a member's. NULL: there is none yet. Owner:
 * caller. Thread: any.
 */
struct kept *kept_find(const struct kept_kind *kind, const char *key, const struct collection *c,
                       const struct wg_layer *layer);
/** The same, made where there is none: it looks at each feature. Thread: pool. */
struct kept *kept_make(const struct kept_kind *kind, const char *key, const struct collection *c,
                       const struct wg_layer *layer);
void kept_drop(struct kept *k); /**< NULL is fine */
void kept_free_all(void);

/* ---- tables: where each property of each feature stands, so that nothing parses JSON twice ----
 */

enum field_type { FIELD_NONE, FIELD_BOOL, FIELD_INT, FIELD_REAL, FIELD_TEXT, FIELD_MIXED };
struct field {
    struct wg_str key;
    enum field_type type;
};
/** Of one layer; immutable, counted. Field 0 is the name. */
struct table {
    struct kept kept;
    size_t fields;
    struct field field[FIELDS_MAX];
    uint16_t *at;   /* of record i and field f: where in its properties; 0: not there */
    uint16_t *code; /* likewise: which of the field's values, from 1; 0: it has too many. Of two
                       parts: NULL */
    uint32_t codes[FIELDS_MAX + 1]; /* where a field's begin among all fields' */
    bool uniform;                   /* all records have all fields, in one order */
    int16_t (*own)[FIELDS_MAX];     /* of two parts: their own index of a field; -1: it has none */
};
/** The value's JSON text; {NULL, 0}: it has none. */
struct wg_str table_value(const struct table *t, size_t i, size_t f);
uint32_t text_hash(struct wg_str s);

/* ---- coordinate systems ---- */

struct crs {
    char uri[48];
    int epsg;     /**< 0: CRS84; WG_GCJ02, WG_BD09 */
    int digits;   /**< behind the point, when written */
    bool north1;  /**< the authority's first axis points north */
    bool degrees; /**< those that we keep: nothing is to be turned */
};
/** Those in which the places of a box are asked for. Immutable, kept as long as the plugin. */
struct systems;
const struct systems *systems_found(struct wg_box box); /**< NULL: not made yet. Thread: any */
/** A tenth of a second, once for a box. NULL: no memory. Thread: pool. */
const struct systems *systems_make(struct wg_box box);
/** CRS84 first, of NULL it alone; NULL past the last. */
const struct crs *crs_at(const struct systems *s, size_t i);
/** One of these, or GCJ-02 or BD-09, which no list names; NULL: none. */
const struct crs *crs_find(const struct systems *s, struct wg_str name);
/** For one thread at a time. NULL where nothing is to be turned, and where memory is out. */
struct wg_crs *crs_take(const struct crs *c);
void crs_give(const struct crs *c, struct wg_crs *p);

/* ---- what is asked ---- */

struct cql;
struct made;
struct matrix_set;
struct cql_run;

enum form { FORM_JSON, FORM_HTML, FORM_CSV, FORM_GML };

/** What the one who asks may do with one county's layer. rights.c */
struct rights {
    const struct wg_json *entry; /* of the county's rules; NULL: they say nothing */
    bool stranger;               /* sees what everybody sees */
    bool sees, edits, trims;     /* trims: it is not shown all fields */
    bool narrow;                 /* sees only what lies in their streets */
};
#define MEMBER_KEY 24
struct member {
    struct rights rights;
    struct wg_ground *ground;
    const struct wg_layer *layer; /**< kept */
    const struct table *table;    /**< NULL until the source is open */
    char area[8];
    char key[MEMBER_KEY]; /**< the area, and of a narrowed layer for which streets */
};
/** A collection over the counties that it spans. */
struct source {
    const struct collection *collection;
    size_t members, count;
    struct member *member;
    struct wg_box box;
    const struct systems *systems; /**< of its box; NULL: ask_systems */
    uint64_t mark;
    int shape;     /**< enum wg_shape; -1: none is loaded */
    size_t fields; /**< of all members, once it is open */
    struct field *field;
    int16_t *own; /**< source_own */
    bool trimmed; /**< there are properties that are no fields of it */
};
/** A member's own index of a field of the source's: 0 is the name, -1: it has none. */
static inline int source_own(const struct source *s, size_t member, size_t field)
{
    return s->own[member * FIELDS_MAX + field];
}

struct found {
    uint32_t member, i;
};

struct select {
    int64_t limit;
    bool boxed;
    double box[4]; /**< x and y as they were given, west to east */
    const struct crs *box_crs, *crs;
    struct wg_box hull; /**< what the index is asked for */
    bool round;         /**< over the 180th meridian */
    bool timed;         /**< moments, or INT64_MIN, INT64_MAX: */
    int64_t from_ms, to_ms;
    bool loose;     /**< what lies in the hull may yet lie outside of the box */
    uint64_t skip;  /**< so many of them first, as older services page */
    uint64_t after; /**< places passed: members one after the other */
    bool goes_on;   /**< `after` came from us, and so did: */
    uint64_t mark, matched;
    struct {
        struct wg_str name, value;
    } equal[16]; /**< they join the filter when it is bound */
    size_t equals;
    struct {
        struct wg_str name;
        int field;
        bool down;
    } sort[8];
    size_t sorts;
    struct wg_str *only, *but; /**< names of properties */
    size_t onlys, buts;
    bool shapeless;
    struct cql *filter; /**< NULL: none */
    const struct crs *filter_crs;
    struct cql_run *run;
};

/** Nothing is to be asked of a feature whose box lies in the hull. */
bool select_simple(const struct select *q);

struct spatial {
    struct wg_county *county;
    char area[8];
    int64_t patience_ms;     /**< how long one selection may look at features */
    uint64_t learnt;         /**< of the rules whose layers are known; rights.c */
    struct waiting *waiting; /**< for the cases to be brought up; live.c */
    bool bringing;
};

struct ask {
    struct wg_req *req;
    struct spatial *self;
    struct wg_arena *a; /* the request's */
    uint32_t roles;
    struct wg_str streets; /* that who asks is bound to; n 0: to none */
    enum form form;
    struct wg_str base; /* "http://host/ogc/341824" */
    struct wg_str id;   /* of a feature */
    unsigned needs;     /* enum needs */
    bool small;         /* less work than the way to the pool and back: done on the loop */
    void (*work)(struct ask *ask);
    struct ask *next; /* waits for the same to be made */
    void (*again)(struct wg_req *req, void *self);
    void (*done)(struct ask *ask); /* on the loop, in place of the answer; NULL: ask_done */
    struct {
        const struct matrix_set *set;
        int z;
        uint32_t x, y;
        unsigned but; /* collections that are not wanted, a bit each */
        struct made *made;
        uint64_t mark;    /* of the data that it was made of, or that a TileJSON tells of */
        struct ask *next; /* waits for the same tile */
    } tile;
    struct read_map *maps; /* rights.c */
    struct narrow *narrow; /* streets.c */
    struct source source;
    struct select select;
    bool goes_on; /* its answer names a next page */
    int status;
    const char *type;
    struct wg_buf out;
    struct wg_err err;
};

/** Begins an ask: who, in what form; NULL: it has been answered. names: the parameters that this
 * path knows beside f, ending with NULL. */
struct ask *ask_new(struct wg_req *req, void *self, const char *const *names);
/** The collection of the path; false: it has been answered. */
bool ask_collection(struct ask *ask);
/** The systems of its collection are at hand; false: they are being made, and then the request
 * begins again. */
bool ask_systems(struct ask *ask, void (*again)(struct wg_req *req, void *self));
/** work on the pool, then out goes as status and type. What it needs is made first, once for all
 * who wait for it, so that no more than one thread of the pool is at it. */
enum needs {
    NEEDS_TABLES = 1, /**< of its collection; where it has none, of all that may be seen */
    NEEDS_NAMES = 2
};
void ask_run(struct ask *ask, void (*work)(struct ask *ask), unsigned needs);
void ask_done(struct ask *ask); /**< answers now; for what needs no pool */
/** ETag and Vary; true: the client has that very answer, and 304 was it. */
bool ask_unchanged(struct ask *ask, struct wg_str tag, struct wg_str vary);
/** Answers what was written as JSON, as that or as a page of this title. */
void ask_finish(struct ask *ask, const char *title);
void ask_missing(struct ask *ask, const char *what); /**< answers 404 */
bool ask_bad(struct ask *ask, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4))); /**< 400 about a parameter; false */
/** The layers in force of a collection, in place of those taken before; false: none may be seen. */
bool source_take(struct ask *ask, const struct collection *c);
int source_try(struct ask *ask,
               const struct collection *c); /**< 0: none is loaded, -1: none seen */
/** The same of these members, of which new owners are made. */
void source_of(struct ask *ask, const struct collection *c, const struct member *list, size_t n);
void source_close(struct source *s);
/** Nothing that it holds is held any longer: it is about to be answered. */
void ask_end(struct ask *ask);
/** Those whose layers make a collection: the counties' outlines are the city's, for all. At most
 * SPAN_MAX. */
size_t collection_span(const struct ask *ask, const struct collection *c, struct wg_county **out);
/** A county's, whole, kept; NULL: it has none. */
const struct wg_layer *layer_of(struct wg_county *county, const struct wg_ground *g,
                                const struct collection *c);
struct wg_box box_joined(struct wg_box a, struct wg_box b);
/** Tables, fields; on the pool; twice is fine. False: no memory, status is set. */
bool source_open(struct ask *ask);
bool source_fields(struct wg_arena *a, struct source *s);     /**< of its members' tables */
int source_field(const struct source *s, struct wg_str name); /**< -1 */

bool select_read(struct ask *ask); /**< items' parameters; false: status and err say why */
bool select_box(struct ask *ask, struct wg_str text); /**< in box_crs; likewise */
void items_work(struct ask *ask);                     /**< what is selected, in the ask's form */
void wfs_write(struct ask *ask, const struct found *list, size_t n, uint64_t matched,
               struct wg_crs *made);
bool select_matches(const struct ask *ask, size_t member, size_t i, bool inside,
                    struct wg_crs *crs);
/** Do they name fields that are there? On the pool; false: status and err say no. */
bool select_bind(struct ask *ask);

/* ---- rights ---- */

struct rights rights_of(struct ask *ask, struct wg_county *county, const struct collection *c);
void rights_learn(struct ask *ask); /**< the layers that the rules of its counties name */
bool rights_show(const struct rights *r, struct wg_str field);
uint64_t rights_mark(const struct rights *r); /**< of what they trim; 0: nothing */

/* ---- streets ---- */

struct narrow;
/** Calls the handler, once the layers that it may take were narrowed to the streets of who asks.
 * Thread: loop, as the others. */
void streets_first(struct wg_req *req, void *self, void (*handler)(struct wg_req *req, void *self));
/** What its ask is to hold until it is answered; NULL: it is bound to no streets. */
struct narrow *streets_begin(const struct wg_req *req);
void streets_again(struct narrow *w); /**< the handler begins once more */
void streets_end(struct narrow *w);   /**< NULL is fine */
/** The one that it may take, kept; NULL: there is none. Thread: the ask's. */
const struct wg_layer *streets_layer(const struct narrow *w, const struct wg_county *county,
                                     const struct collection *c);
void streets_free(void);
/* ---- what goes on changing ---- */

/** streets_first, where it is about cases after these were brought up to now. */
void live_first(struct wg_req *req, void *self, void (*handler)(struct wg_req *req, void *self));
/** The data of a page are kept, so that its next page finds them. Thread: loop, as the others. */
void snapshot_keep(const struct ask *ask);
bool snapshot_take(struct ask *ask,
                   uint64_t mark); /**< as the ask's source; false: they are gone */
void snapshots_free(void);

bool may_edit(struct ask *ask, const struct collection *c);   /**< here, by who asks */
struct wg_str item_tag(const struct ask *ask, uint64_t mark); /**< of one feature, in quotes */

/* ---- writing ---- */

void write_link(struct wg_buf *b, const char *rel, const char *type, struct wg_str href);
/** "links":[ with self and the other forms of it; the caller goes on, and closes the list. */
void write_links(struct ask *ask, const char *type, bool csv);
void write_escaped(struct wg_buf *b, struct wg_str s); /**< for a query, RFC 3986 */
/** A place in its system, in the authority's order of axes; 7 decimals of degrees, 3 of metres. */
void write_place(struct wg_buf *b, struct wg_point p, const struct crs *c, struct wg_crs *made,
                 char between);
/** What is shifted says so in itself: a file has no headers. "coordRefSys" as JSON-FG has it. */
void write_shifted(struct wg_buf *b, const struct crs *c);
/** An object that the caller closes. */
void write_feature(const struct ask *ask, const struct member *m, size_t member, size_t i,
                   struct wg_crs *crs, struct wg_buf *out);
void write_csv(struct ask *ask, const struct found *list, size_t n, struct wg_crs *crs);
/** Is this field of the source's to be shown? */
bool select_shows(const struct ask *ask, size_t field);
/** What was written as JSON, as a page for people. */
void html_page(struct ask *ask, const char *title);

/** The files that a browser needs, from this folder; where it is empty, from `web` beside the
 * plugin. Read by the first who opens; what is missing is logged. Errors: WG_EINVAL, not a full
 * path. */
int web_open(struct wg_str folder, struct wg_err *err);
void web_close(void); /**< forgotten with the last */
bool web_whole(void); /**< nothing that the map needs is missing */
/** Of all files, for their addresses: a browser may keep what it got under one for good. */
struct wg_str web_version(struct wg_arena *a);

void write_field_type(enum field_type type, struct wg_buf *b); /**< "type":…, where it has one */

/* ---- handlers ---- */

void map_landing(struct wg_req *req, void *self);
void map_api(struct wg_req *req, void *self);
void map_conformance(struct wg_req *req, void *self);
void map_collections(struct wg_req *req, void *self);
void map_collection(struct wg_req *req, void *self);
void map_queryables(struct wg_req *req, void *self);
void map_sortables(struct wg_req *req, void *self);
void map_schema(struct wg_req *req, void *self);
void map_items(struct wg_req *req, void *self);
void map_item(struct wg_req *req, void *self);
void map_change(struct wg_req *req, void *self); /**< POST, PUT, PATCH, DELETE */
void map_items_options(struct wg_req *req, void *self);
void map_item_options(struct wg_req *req, void *self);
void map_matrix_sets(struct wg_req *req, void *self);
void map_matrix_set(struct wg_req *req, void *self);
void map_tilesets(struct wg_req *req, void *self);
void map_tileset(struct wg_req *req, void *self);
void map_tile(struct wg_req *req, void *self);
void map_tilejson(struct wg_req *req, void *self);
void map_xyz(struct wg_req *req, void *self);
void map_wfs(struct wg_req *req, void *self);
void map_geocode(struct wg_req *req, void *self);
void map_web(struct wg_req *req, void *self);
void map_styles(struct wg_req *req, void *self);
void map_style(struct wg_req *req, void *self);
void map_login(struct wg_req *req, void *self);
void tiles_free(void);
void crs_free_all(void);

#endif
