/** The plugin API of Wangge, and the vocabulary that every layer shares.
 *
 *  This file stands alone: a plugin includes it and nothing else of ours. A plugin is a shared
 * object that exports one const table, `wg_plugin`, made by WG_PLUGIN(name). `WG_ABI` is compared
 * when it is loaded; a table of another number is refused with both numbers in the message.
 *
 *  Threads: everything in a table runs on the loop thread and must not block, but `lua` functions,
 * which run on the desk of the county that called them and keep no state. Units: times are int64
 * milliseconds since 1970 UTC, lengths metres, places degrees x 10^7 (int32). */
#ifndef WG_H
#define WG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WG_ABI 2u

/** 0 is success; every failure is one of these. */
enum wg_code {
    WG_OK = 0,
    WG_EINVAL = -1,    /**< what was given is not of the form it must have */
    WG_ENOMEM = -2,    /**< memory or a cap on it */
    WG_ERANGE = -3,    /**< a number outside what the call can mean */
    WG_ENOENT = -4,    /**< there is no such thing */
    WG_EEXIST = -5,    /**< it is there already, and differs */
    WG_EIO = -6,       /**< the system refused a read or write */
    WG_ENOSPC = -7,    /**< the disk is full; nothing happened */
    WG_ECORRUPT = -8,  /**< stored bytes are not what was written */
    WG_EDENIED = -9,   /**< this role or person may not */
    WG_ESTATE = -10,   /**< the state does not allow it */
    WG_ESTALE = -11,   /**< the version asked for is not today's */
    WG_EUNKNOWN = -12, /**< the outcome is open; repeat with the same key */
    WG_EBUSY = -13,    /**< full or shutting down; try again later */
    WG_ETIME = -14,    /**< a budget of time or instructions ran out */
    WG_ERULE = -15,    /**< a county's rule failed; the reason names file and line */
    WG_EUNAUTH = -16   /**< who are you? */
};

/** Borrowed text or bytes; not NUL-terminated unless a call says so. p may be NULL when n is 0. */
struct wg_str {
    const char *p;
    size_t n;
};

/** Why something failed, for a person. `text` is UTF-8 and NUL-terminated. */
struct wg_err {
    int code;
    char pointer[128]; /**< JSON pointer of the field at fault, or "" */
    char text[640];
};

/** Fill err (NULL is fine) and give back code, so that `return wg_fail(err, WG_EINVAL, "...")`
 * reads well. */
int wg_fail(struct wg_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** The same, with the JSON pointer of the field at fault. */
int wg_fail_at(struct wg_err *err, int code, const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- text: borrowed strings and growing buffers ---- */

#define WG_S(lit) ((struct wg_str){(lit), sizeof(lit) - 1})
/** For "%.*s". */
#define WG_PRI(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct wg_str wg_str_of(const char *z)
{
    return (struct wg_str){z, z ? strlen(z) : 0};
}
static inline bool wg_str_eq(struct wg_str a, struct wg_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool wg_str_is(struct wg_str a, const char *z)
{
    return wg_str_eq(a, wg_str_of(z));
}
bool wg_str_starts(struct wg_str s, const char *prefix);
int wg_str_cmp(struct wg_str a, struct wg_str b); /**< byte order */
/** A whole decimal int64, with sign, no spaces, no leading zeros but "0". Errors: WG_EINVAL,
 * WG_ERANGE. */
int wg_str_int(struct wg_str s, int64_t *out);
/** A decimal such as -118.5940001 as an integer of 10^-scale units; more digits than scale are
 * rounded half away from zero. No exponent. Errors: WG_EINVAL, WG_ERANGE. */
int wg_str_fixed(struct wg_str s, int scale, int64_t *out);
bool wg_utf8_valid(struct wg_str s);
size_t wg_utf8_count(struct wg_str s); /**< code points of valid UTF-8 */
/** Copy into a fixed, NUL-terminated field of cap bytes. Errors: WG_ERANGE if it does not fit. */
int wg_str_copy(char *dst, size_t cap, struct wg_str s);

struct wg_buf {
    char *p;
    size_t n, cap;
    bool failed;
};
#define WG_BUF_INIT       \
    {                     \
        NULL, 0, 0, false \
    }

void wg_buf_free(struct wg_buf *b); /**< back to empty */
static inline void wg_buf_clear(struct wg_buf *b)
{
    b->n = 0;
    b->failed = false;
}
static inline bool wg_buf_ok(const struct wg_buf *b)
{
    return !b->failed;
}
static inline struct wg_str wg_buf_str(const struct wg_buf *b)
{
    return (struct wg_str){b->p, b->n};
}
/** Room for n more bytes; returns where they go, or NULL. Add to b->n what was written. */
char *wg_buf_room(struct wg_buf *b, size_t n);
void wg_buf_add(struct wg_buf *b, const void *p, size_t n);
static inline void wg_buf_str_add(struct wg_buf *b, struct wg_str s)
{
    wg_buf_add(b, s.p, s.n);
}
#define wg_buf_lit(b, lit) wg_buf_add((b), (lit), sizeof(lit) - 1)
void wg_buf_char(struct wg_buf *b, char c);
void wg_buf_int(struct wg_buf *b, int64_t v);
/** v units of 10^-scale as the shortest decimal: 1185940000 at scale 7 is 118.594. */
void wg_buf_fixed(struct wg_buf *b, int64_t v, int scale);
void wg_buf_fmt(struct wg_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** s as a JSON string with its quotes. s is UTF-8; bytes that are not become U+FFFD. */
void wg_buf_json(struct wg_buf *b, struct wg_str s);
/** s as a field of CSV (RFC 4180): in quotes, its own doubled. */
void wg_buf_csv(struct wg_buf *b, struct wg_str s);
/** s as text of XML or HTML, also within double quotes; control characters are left out. */
void wg_buf_xml(struct wg_buf *b, struct wg_str s);

/** Text as a search sees it: one form for full and half width, upper and lower case, traditional
 * and simplified Chinese, with and without accents. Added to out as UTF-16 units of the machine:
 * out->n / 2 of them. Any white space is one U+0020, a NUL too: no unit is ever 0; what is not
 * UTF-8 becomes U+FFFD. Each code point by itself, so that a fragment of a text folds to a fragment
 * of the folded text. Thread: any. */
void wg_plain(struct wg_str s, struct wg_buf *out);

/* ---- memory that dies together ---- */

struct wg_arena;

/** Owner: caller, wg_arena_free. NULL when memory is out. chunk: bytes per block, 0 for 4 KiB. */
struct wg_arena *wg_arena_new(size_t chunk);
void wg_arena_free(struct wg_arena *a);  /**< NULL is fine */
void wg_arena_reset(struct wg_arena *a); /**< forgets everything, keeps one block */
/** n zeroed bytes, aligned for any type; NULL when memory is out. */
void *wg_arena_alloc(struct wg_arena *a, size_t n);
/** A NUL-terminated copy; {NULL, 0} when memory is out. */
struct wg_str wg_arena_str(struct wg_arena *a, struct wg_str s);
/** printf into the arena, NUL-terminated; p is NULL when memory is out. */
struct wg_str wg_arena_fmt(struct wg_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t wg_arena_used(const struct wg_arena *a); /**< bytes handed out */

#define WG_NEW(a, type) ((type *)wg_arena_alloc((a), sizeof(type)))

/* ---- JSON: a strict tree in an arena, and text by hand ----
 *  Strict: one value and nothing after it; no duplicate keys, no invalid UTF-8, no lone surrogates,
 * no NUL in strings, no comments, numbers as RFC 8259 says, integers that fit int64 exact, at most
 *  WG_JSON_DEPTH levels. Source: RFC 8259; RFC 7493 (I-JSON) for keys and surrogates. */

#define WG_JSON_DEPTH 32

enum wg_json_type { WG_JNULL, WG_JBOOL, WG_JINT, WG_JREAL, WG_JSTR, WG_JARR, WG_JOBJ };

struct wg_json {
    enum wg_json_type type;
    uint32_t count;        /**< members of an array or object */
    struct wg_str key;     /**< inside an object */
    struct wg_str str;     /**< text of a string, or the number as written */
    int64_t num;           /**< WG_JINT; WG_JBOOL as 0 or 1 */
    struct wg_json *child; /**< first member */
    struct wg_json *next;  /**< next sibling */
};

/** Parse text. Errors: WG_EINVAL with line, column and what is wrong in err; WG_ENOMEM.
 *  Strings are copied into the arena, NUL-terminated; text may go. */
int wg_json_parse(struct wg_arena *a, struct wg_str text, struct wg_json **out, struct wg_err *err);

/** A member of an object, or NULL (also where j is NULL or no object). */
const struct wg_json *wg_json_get(const struct wg_json *j, const char *key);
const struct wg_json *wg_json_get_s(const struct wg_json *j, struct wg_str key);
/** The text of a string member; {NULL, 0} where it is missing or another type. */
struct wg_str wg_json_str(const struct wg_json *j, const char *key);
/** An integer member, or fallback. */
int64_t wg_json_int(const struct wg_json *j, const char *key, int64_t fallback);
bool wg_json_bool(const struct wg_json *j, const char *key, bool fallback);
/** A number (whole or decimal) as an integer of 10^-scale. Errors: WG_EINVAL, WG_ERANGE. */
int wg_json_fixed(const struct wg_json *j, int scale, int64_t *out);

/** The tree as text without spaces: members in their order, numbers as they were written. */
void wg_json_write(const struct wg_json *j, struct wg_buf *out);

/** Write JSON by hand, inside { }: "key": with the comma where one is due. The key is a name of
 * ours (letters, digits, underscores), taken as it is; wg_json_key_str escapes a foreign one.
 * Inline, so that the length of a literal is known where it stands: this writes every answer. */
static inline void wg_json_key(struct wg_buf *b, const char *key)
{
    size_t n = strlen(key);
    char *at = wg_buf_room(b, n + 4);
    if (!at)
        return;
    if (b->n && at[-1] != '{' && at[-1] != '[')
        *at++ = ',';
    *at++ = '"';
    memcpy(at, key, n);
    at += n;
    *at++ = '"';
    *at++ = ':';
    b->n = (size_t)(at - b->p);
}
void wg_json_key_str(struct wg_buf *b, struct wg_str key);
static inline void wg_json_kstr(struct wg_buf *b, const char *key,
                                struct wg_str v) /**< null where v.p is NULL */
{
    wg_json_key(b, key);
    if (v.p)
        wg_buf_json(b, v);
    else
        wg_buf_lit(b, "null");
}
static inline void wg_json_kint(struct wg_buf *b, const char *key, int64_t v)
{
    wg_json_key(b, key);
    wg_buf_int(b, v);
}
static inline void wg_json_kbool(struct wg_buf *b, const char *key, bool v)
{
    wg_json_key(b, key);
    if (v)
        wg_buf_lit(b, "true");
    else
        wg_buf_lit(b, "false");
}
/** A moment as RFC 3339; null where it is 0. */
void wg_json_ktime(struct wg_buf *b, const char *key, int64_t ms);
/** A comma unless the last byte opens a list or object, or the buffer is empty. */
void wg_json_sep(struct wg_buf *b);
/** Into the object just written: its brace is taken back, for more members and another brace.
 * false: there is none. */
bool wg_json_reopen(struct wg_buf *b);

/* ---- moments: int64 ms since 1970 UTC ---- */

#define WG_SECOND_MS INT64_C(1000)
#define WG_MINUTE_MS (60 * WG_SECOND_MS)
#define WG_HOUR_MS (60 * WG_MINUTE_MS)
#define WG_DAY_MS (24 * WG_HOUR_MS)

int64_t wg_now_ms(void); /**< the wall clock */
/** RFC 3339 with offset +08:00; ms only where they are not zero. */
void wg_buf_time(struct wg_buf *b, int64_t t_ms);
/** RFC 3339 with a must-have offset or Z. Errors: WG_EINVAL. */
int wg_time_parse(struct wg_str s, int64_t *out_ms);

/* ---- places: geographic CGCS2000 (EPSG:4490; WGS 84 is taken as equal), degrees x 10^7, lon
 * before lat. Sources: GB/T 30428.1 (unit grids), EPSG registry by PROJ ---- */

struct wg_point {
    int32_t lon_e7, lat_e7;
};
struct wg_box {
    int32_t west, south, east, north; /**< e7, inclusive */
};

/** Metres between two points: the ellipsoid's radii at the latitude between them. Against the
 * geodesic: a millionth within 20 km, 1e-4 at 170 km. */
double wg_distance_m(struct wg_point a, struct wg_point b);

/* ---- coordinate systems ---- */

struct wg_crs;
/** Codes beside EPSG's: the shifted degrees of Chinese map services. */
enum { WG_GCJ02 = -2, WG_BD09 = -9 };
/** "4549", "EPSG:4549", "gcj02", "bd09"; 0: none of these. */
int wg_crs_code(struct wg_str name);
/** For whatever PROJ knows of EPSG that stands on CGCS2000 or WGS 84 (4326, 4490, 3857, 4498, 4509,
 * 4513..4554, UTM …), and those two. Owner: caller. Not shared between threads. Errors: WG_EINVAL
 * for a code that PROJ does not know, or of another datum. */
int wg_crs_new(int code, struct wg_crs **out, struct wg_err *err);
void wg_crs_free(struct wg_crs *crs);
/** x is east or lon, y is north or lat, whatever the authority's order of axes. Errors: WG_ERANGE.
 */
int wg_crs_to_4490(struct wg_crs *crs, double x, double y, struct wg_point *out);
int wg_crs_from_4490(struct wg_crs *crs, struct wg_point p, double *x, double *y);
/** The same in whole doubles, for surveyors: an e7 step is a centimetre. Errors: WG_ERANGE. */
int wg_crs_to_degrees(struct wg_crs *crs, double x, double y, double *lon, double *lat);
int wg_crs_from_degrees(struct wg_crs *crs, double lon, double lat, double *x, double *y);
/** The systems that places of this box are kept in: 4490, 4326, 3857, then those on either whose
 * area of use meets it. How their authority orders the axes. Asks PROJ's database for a tenth of a
 * second: not on the loop. Errors: WG_ENOMEM. */
struct wg_system {
    int epsg;
    bool north1, degrees;
};
int wg_crs_list(struct wg_box box, struct wg_system *out, size_t max, size_t *n);

/* ---- layers: named features with their shapes, all of one kind. Immutable, counted. Thread: any
 * ---- */

struct wg_layer;
enum wg_shape { WG_AREAS, WG_POINTS, WG_LINES };

struct wg_feature {
    struct wg_str id, name;
    struct wg_str props; /**< the other properties as a JSON object's text */
    struct wg_box box;
    struct wg_point at; /**< of a point layer; else its box's middle */
};

struct wg_layer *wg_layer_keep(struct wg_layer *layer); /**< one more owner; NULL is fine */
void wg_layer_drop(struct wg_layer *layer);             /**< one owner less; NULL is fine */

size_t wg_layer_count(const struct wg_layer *layer);
/** How many places on its curve; more than features, where some have been taken out since. */
size_t wg_layer_places(const struct wg_layer *layer);
int wg_layer_shape(const struct wg_layer *layer); /**< enum wg_shape */
/** Layers of one content have one mark, others (but for one in 2^32) another; a restart changes
 * nothing. */
uint64_t wg_layer_mark(const struct wg_layer *layer);
/** Of what meets a box: an edit elsewhere leaves it as it is. */
uint64_t wg_layer_mark_in(const struct wg_layer *layer, struct wg_box box);
struct wg_box wg_layer_box(const struct wg_layer *layer);
bool wg_layer_at(const struct wg_layer *layer, size_t i,
                 struct wg_feature *out); /**< borrowed from the layer */
bool wg_layer_by_id(const struct wg_layer *layer, struct wg_str id, size_t *i);

/** A layer that has been edited is two that have not: what was made whole last, which some features
 * have left, and what came. How many it is made of: 2, or 1, itself. Borrowed from the layer. For
 * what is made of a layer once and is to outlive an edit. */
size_t wg_layer_made_of(const struct wg_layer *layer, const struct wg_layer *out[2]);
size_t wg_layer_where(const struct wg_layer *layer, size_t *i); /**< which, and its number there */
/** The other way round; false: it has left. */
bool wg_layer_number(const struct wg_layer *layer, size_t part, size_t *i);

/** The area that holds p, exact in integers: of areas that share a border to the digit, a point on
 * it belongs to exactly one; of areas that overlap, the first in the file answers. *i is its index.
 * False where none does, and for a layer of another kind. (The outer rim of all areas: its western
 * and southern points are in, the others out.) */
bool wg_layer_find(const struct wg_layer *layer, struct wg_point p, size_t *i);

/** What lies in a box, in runs along a curve on which neighbours lie together; each feature has one
 * place on it, from 0 to wg_layer_places, and keeps it as long as the layer is. A scan begins with
 * the layer, the box, and at 0, or at the place to go on from; it needs no end. `inside`: their
 * boxes lie in the box, borders counted; else they only meet it. Thread: any. */
struct wg_scan {
    const struct wg_layer *layer;
    struct wg_box box;
    uint32_t at;
};
struct wg_run {
    uint32_t from, to; /**< places, half open */
    bool inside;
};
bool wg_scan_next(struct wg_scan *scan, struct wg_run *run);       /**< false: no more */
size_t wg_layer_along(const struct wg_layer *layer, size_t place); /**< the feature there */

struct wg_near {
    size_t i;
    double distance_m; /**< area: from p to its border; line, point: to it */
    bool inside;       /**< area: p is in it */
};
/** Features within reach_m of p (areas that hold p always), holders before others, each nearest
 * first, of equals the first in the file. Distances are good to 0.3 %. Does not look across the
 * 180th meridian. Returns how many were put in out, at most cap. */
size_t wg_layer_near(const struct wg_layer *layer, struct wg_point p, double reach_m,
                     struct wg_near *out, size_t cap);

/** Those of its features that lie in some of these areas, by their ids ("341824100,341824101"), as
 * a layer of their own: a point in the area that holds it, others where they reach in by a square
 * metre, a decimetre; whole: where no more than that, or a thousandth, reaches out. areas NULL:
 * none do. Errors: WG_ENOMEM. Thread: any; not for the loop. */
int wg_layer_within(const struct wg_layer *layer, const struct wg_layer *areas, struct wg_str ids,
                    bool whole, struct wg_layer **out, struct wg_err *err);

/** Feature i's shape chain by chain: the point; the parts of a line; an area's rings, closed, an
 * outer one and then its holes. False past the last. Borrowed from the layer. */
struct wg_chain {
    const struct wg_point *vert;
    size_t count;
    bool begins; /**< a part, or an outer ring; else a hole */
};
bool wg_layer_chain(const struct wg_layer *layer, size_t i, size_t k, struct wg_chain *out);
/** Of feature i alone: the same as long as its id, name, properties and shape are. Never 0. */
uint64_t wg_layer_feature_mark(const struct wg_layer *layer, size_t i);
/** Feature i as GeoJSON text, whole: its name among its properties. */
void wg_layer_feature(const struct wg_layer *layer, size_t i, struct wg_buf *out);
/** Feature i as GeoJSON geometry text. */
void wg_layer_geometry(const struct wg_layer *layer, size_t i, struct wg_buf *out);
/** The same with each place as `place` writes it: in another system, say. */
typedef void (*wg_place_fn)(void *arg, struct wg_point p, struct wg_buf *out);
void wg_layer_geometry_as(const struct wg_layer *layer, size_t i, wg_place_fn place, void *arg,
                          struct wg_buf *out);

/* ---- requests ---- */

/** One request to the server, owned by the loop until it is answered. */
struct wg_req;

enum {
    WG_METHOD_GET = 1,
    WG_METHOD_POST = 2,
    WG_METHOD_PUT = 4,
    WG_METHOD_DELETE = 8,
    WG_METHOD_PATCH = 16,
    WG_METHOD_OPTIONS = 32 /**< where no route takes it, what others take is listed */
};

int wg_req_method(const struct wg_req *req);         /**< HEAD comes as GET */
struct wg_str wg_req_path(const struct wg_req *req); /**< decoded path, without the query */
struct wg_str wg_req_body(const struct wg_req *req); /**< whole body, as sent */
struct wg_str wg_req_param(const struct wg_req *req,
                           const char *name); /**< {name} of the path, percent-decoded */
/** A header (name in lower case) or query parameter; {NULL, 0} where there is none. Borrowed from
 * req. */
struct wg_str wg_req_header(const struct wg_req *req, const char *name);
struct wg_str wg_req_query(struct wg_req *req, const char *name);
/** Query parameter i as name and value, percent-decoded, '+' as a space; false past the last. Bad
 * escapes: 400 before the handler. */
bool wg_req_query_at(struct wg_req *req, size_t i, struct wg_str *name, struct wg_str *value);
struct wg_arena *wg_req_arena(struct wg_req *req); /**< dies with the request */
bool wg_req_gone(const struct wg_req *req);        /**< its client has hung up */
/** What it was asked by: "http://HOST", as its Host header, or a proxy's X-Forwarded-Proto, -Host
 * and -Prefix, say; for links. In the request's arena. */
struct wg_str wg_req_base(struct wg_req *req);

/** Answer a request, once. `type` is a media type; body is copied. Thread: loop. */
void wg_reply(struct wg_req *req, int status, const char *type, struct wg_str body);
/** The same, but takes the buffer's memory: *body is empty after. JSON and other text of 1,400
 * bytes and more is gzipped where the client accepts it (Vary says so): small ones at once, large
 * ones on the pool. */
void wg_reply_buf(struct wg_req *req, int status, const char *type, struct wg_buf *body);
void wg_reply_empty(struct wg_req *req, int status); /**< 204 and others without a body */
/** Answer with an RFC 9457 problem of that status; detail is for a person. Thread: loop. */
void wg_reply_problem(struct wg_req *req, int status, const char *detail);
/** RFC 9457: err gives detail and, where its pointer is set, errors:[{pointer, detail}]. extra:
 * further members as JSON without braces ("\"allowed\":[…]"), or {NULL, 0}. Title follows the
 * status. */
void wg_reply_err(struct wg_req *req, int status, const struct wg_err *err, struct wg_str extra);
/** Add a header to the answer to come. Name and value are copied; line breaks in them are refused
 * (dropped, logged). */
void wg_reply_header(struct wg_req *req, const char *name, struct wg_str value);

/* ---- the county ---- */

/** The county (or city) that a plugin instance serves. */
struct wg_county;
const char *wg_county_area(const struct wg_county *county); /**< six digits */
/** Those whose data it shows: a county itself, the city all its counties. How many, at most cap.
 * Thread: any. */
size_t wg_county_span(struct wg_county *county, struct wg_county **out, size_t cap);
/** work(arg) on the pool, then done(arg) on the loop. Errors: WG_ENOMEM. Thread: loop. */
int wg_county_pool(struct wg_county *county, void (*work)(void *arg), void (*done)(void *arg),
                   void *arg);

/** Its cases as a layer of points: the open ones, and what was closed in the last 90 days; nothing
 * personal. A counted snapshot, as it was made last; NULL: never yet. Owner: caller. Thread: any.
 */
struct wg_layer *wg_county_cases(struct wg_county *county);
/** Has anything happened since it was made? Thread: any; cheap. */
bool wg_county_cases_behind(struct wg_county *county);
/** Brings it up to all that has been acknowledged by now: a millisecond, the first time a second
 * for 200,000 cases. Errors: WG_ENOMEM, WG_EIO. Thread: pool. */
int wg_county_cases_refresh(struct wg_county *county, struct wg_err *err);

/** What its rules say of the map, the table `map`: JSON text in the arena; "{}": nothing. Thread:
 * any. */
struct wg_str wg_county_map(struct wg_county *county, struct wg_arena *a);

/** Base data in force: a counted snapshot. Thread: any. */
struct wg_ground;
struct wg_ground *wg_county_ground(struct wg_county *county); /**< owner: caller */
struct wg_ground *wg_ground_keep(struct wg_ground *g);        /**< one more owner */
void wg_ground_drop(struct wg_ground *g);                     /**< NULL is fine */
/** {"county", "county_name", "grid"} of a place, what is known of it. */
void wg_ground_place(const struct wg_ground *g, struct wg_point p, struct wg_buf *out);
/** "grids", "parts" …; borrowed from the ground. NULL: not loaded yet, or no such collection. */
const struct wg_layer *wg_ground_layer(const struct wg_ground *g, const char *collection);

/** One feature of base data put, replaced or taken out: a command to the county's desk, by who
 * asks, in the journal when `then` is called. What the request's Idempotency-Key names is done
 * once. */
struct wg_edit {
    const char *collection;
    struct wg_str id;      /**< {NULL, 0}: a new feature, and the desk gives it one */
    struct wg_str feature; /**< GeoJSON, EPSG:4490; its own id is passed over; {NULL, 0}: it goes */
    uint64_t if_mark;      /**< only if it has this mark (wg_layer_feature_mark); 0: any */
    bool must_be_there;
};
struct wg_edited {
    int rc; /**< WG_EINVAL: the feature is not sound; WG_ESTALE: another mark; WG_ENOENT; WG_ESTATE;
               WG_EUNAUTH; WG_EBUSY; WG_EUNKNOWN; … */
    struct wg_err err;
    struct wg_str id; /**< the request's */
    uint64_t mark;    /**< the feature's (wg_layer_feature_mark); 0: it is not known here */
};
/** Whether the caller may is the plugin's to judge; that who is bound to streets edits what lies
 * whole in them is seen to here (WG_EDENIED; what does not lie there now, WG_ENOENT; moved since it
 * was looked at, WG_ESTALE). `edit` is copied, its texts live with the request. `then` is called on
 * the loop, once; where the key is none, the request is answered and it is not. Thread: loop. */
void wg_county_edit(struct wg_req *req, struct wg_county *county, const struct wg_edit *edit,
                    void (*then)(void *arg, const struct wg_edited *r), void *arg);

/** Who asks. */
enum wg_role {
    WG_COLLECTOR = 1 << 0,
    WG_ACCEPTOR = 1 << 1,
    WG_CHIEF = 1 << 2,
    WG_DISPATCHER = 1 << 3,
    WG_COORDINATOR = 1 << 4,
    WG_UNIT_ROLE = 1 << 5,
    WG_LEADER = 1 << 6,
    WG_REVIEWER = 1 << 7,
    WG_AUDITOR = 1 << 8,
    WG_ADMIN = 1 << 9,
    WG_RULE_AUTHOR = 1 << 10,
    WG_RULE_APPROVER = 1 << 11,
    WG_PUBLIC = 1 << 12,
    WG_SYSTEM = 1 << 13
};
uint32_t wg_role_of(struct wg_str name); /**< "admin": WG_ADMIN; 0: there is none. Thread: any */
/** Their roles; WG_PUBLIC for who has not signed in. Thread: loop, within the handler. */
uint32_t wg_req_roles(const struct wg_req *req);
#define WG_STREETS_TEXT 160 /**< bytes of sixteen codes, each with a comma or the end after it */
/** The streets that their account is bound to, with commas; {NULL, 0}: it is not. Likewise. */
struct wg_str wg_req_streets(const struct wg_req *req);

/** One line on the log: level is "info", "warn" or "error". Never personal data. Thread: any. */
void wg_plugin_log(const char *level, const char *plugin, const char *text);

/** A value call: how a rule's function reads its arguments and answers, without touching Lua
 * itself. What it is asked and what it answers is written into the entry's facts, so replay never
 * calls it. */
struct wg_call;
int wg_call_count(const struct wg_call *call);                  /**< arguments given */
int wg_call_int(struct wg_call *call, int index, int64_t *out); /**< index from 1; WG_EINVAL */
int wg_call_str(struct wg_call *call, int index, struct wg_str *out); /**< borrowed; WG_EINVAL */
void wg_call_answer_int(struct wg_call *call, int64_t value);         /**< appends a result */
void wg_call_answer_str(struct wg_call *call, struct wg_str value);
int wg_call_fail(struct wg_call *call, const char *why); /**< return what it returns */

/** A route. Called on the loop. Must answer, now or later. */
struct wg_route {
    const char *method; /**< "GET" (and HEAD), "POST", "PUT", "PATCH", "DELETE", "OPTIONS" */
    const char *path;   /**< segments are text or {name} */
    void (*handle)(struct wg_req *req, void *self);
    const char *brief; /**< a line for the OpenAPI document; may not be empty */
};

/** One thing that rules decided should happen outside, e.g. a text message. `body` is its JSON.
 *  Call wg_effect_done once, now or later: ok != 0 takes it out of the outbox, else it is tried
 * again. `key` is the same at every try, so that the far side can drop repeats. */
struct wg_effect_job {
    const char *area, *kind, *key;
    struct wg_str body;
    void *token;
};
void wg_effect_done(const struct wg_effect_job *job, int ok, const char *note);

struct wg_effect {
    const char *kind;
    void (*run)(const struct wg_effect_job *job, void *self);
};

/** A function for rules, named "plugin.function". Pure in its arguments; no state, no I/O. */
struct wg_luafn {
    const char *name;
    int (*call)(struct wg_call *call);
    const char *usage, *brief; /**< its documentation; may not be empty */
};

struct wg_plugin {
    uint32_t abi;
    const char *name, *brief;
    /** Once per county that lists the plugin; config is its JSON table. Errors: reason in err. */
    int (*open)(struct wg_county *county, struct wg_str config, void **self, struct wg_err *err);
    void (*close)(void *self);
    const struct wg_route *routes; /**< below /v1/{area}, for who has signed in; ends with a row of
                                      zeros; NULL where none */
    const struct wg_effect *effects; /**< likewise */
    const struct wg_luafn *lua;      /**< likewise */
    const char *root;                /**< of its pages, with {area} in it: "/ogc/{area}" */
    const struct wg_route *pages;    /**< below root, for those too who have not signed in */
};

#define WG_PLUGIN(id)                                                               \
    extern const struct wg_plugin wg_plugin __attribute__((visibility("default"))); \
    const struct wg_plugin wg_plugin

#ifdef __cplusplus
}
#endif
#endif
