/* report: a case by options, or by a JSON body from a file. Photos are sent first. */
#include "wangge.h"

#include <unistd.h>

enum {
    R_KIND,
    R_CATEGORY,
    R_AT,
    R_DESCRIPTION,
    R_ADDRESS,
    R_PART,
    R_SOURCE,
    R_PHOTO,
    R_BODY,
    R_KEY
};
#define BODY_MAX (1u << 20)

/* "118.594,30.065", as it was written: the server reads decimals exactly. */
static int add_place(struct ctx *c, struct wg_buf *b)
{
    const char *at = opt(c, R_AT), *comma = strchr(at, ',');
    int64_t lon, lat;
    if (!comma || wg_str_fixed((struct wg_str){at, (size_t)(comma - at)}, 7, &lon) < 0 ||
        wg_str_fixed(wg_str_of(comma + 1), 7, &lat) < 0)
        return misused(c, "--at must be LON,LAT in degrees, like 118.594,30.065");
    wg_json_key(b, "location");
    wg_buf_lit(b, "{\"type\":\"Point\",\"coordinates\":[");
    wg_buf_fixed(b, lon, 7);
    wg_buf_char(b, ',');
    wg_buf_fixed(b, lat, 7);
    wg_buf_lit(b, "]}");
    return DONE;
}

static bool is_hash(const char *s)
{
    return strlen(s) == WG_BLOB_NAME && strspn(s, "0123456789abcdef") == WG_BLOB_NAME;
}

static int add_photos(struct ctx *c, struct wg_buf *b)
{
    int rc = DONE;
    if (!c->given[R_PHOTO])
        return DONE;
    wg_json_key(b, "photos");
    wg_buf_char(b, '[');
    for (size_t i = 0; rc == DONE && i < c->given[R_PHOTO]; i++) {
        struct wg_str hash = wg_str_of(c->value[R_PHOTO][i]);
        if (!is_hash(hash.p))
            rc = put_file(c, hash.p, &hash);
        wg_json_sep(b);
        wg_buf_json(b, hash);
    }
    wg_buf_char(b, ']');
    return rc;
}

static int body_by_options(struct ctx *c, struct wg_buf *b)
{
    static const struct {
        size_t option;
        const char *key;
    } texts[] = {{R_KIND, "kind"},       {R_CATEGORY, "category"}, {R_DESCRIPTION, "description"},
                 {R_ADDRESS, "address"}, {R_PART, "part"},         {R_SOURCE, "source"}};
    if (!opt(c, R_KIND) || !opt(c, R_CATEGORY) || !opt(c, R_AT))
        return misused(c, "--kind, --category and --at are needed, or --body FILE");
    wg_buf_char(b, '{');
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (opt(c, texts[i].option))
            wg_json_kstr(b, texts[i].key, wg_str_of(opt(c, texts[i].option)));
    int rc = add_place(c, b);
    if (rc == DONE)
        rc = add_photos(c, b);
    wg_buf_char(b, '}');
    return rc;
}

static int body_of_file(struct ctx *c, const char *name, struct wg_buf *b)
{
    struct wg_err err = {0};
    for (size_t i = 0; i < R_BODY; i++)
        if (c->given[i])
            return misused(c, "--body holds the whole report: no other field beside it");
    if (strcmp(name, "-") != 0)
        return wg_file_read(name, BODY_MAX, b, &err) == WG_OK ? DONE : misused(c, "%s", err.text);
    for (size_t n = 1; n && b->n < BODY_MAX;) {
        char *p = wg_buf_room(b, 65536);
        n = p ? fread(p, 1, 65536, stdin) : 0;
        b->n += n;
    }
    return DONE;
}

int run_report(struct ctx *c)
{
    struct wg_buf body = WG_BUF_INIT;
    const struct wg_json *j;
    const char *file = opt(c, R_BODY);
    int rc = session_need(c);
    if (rc == DONE)
        rc = file ? body_of_file(c, file, &body) : body_by_options(c, &body);
    if (rc == DONE) {
        const struct request r = {.method = "POST",
                                  .target = area_path(c, "cases"),
                                  .type = "application/json",
                                  .body = wg_buf_str(&body),
                                  .key = opt(c, R_KEY),
                                  .again = true};
        rc = ask_server(c, &r);
    }
    if (rc == DONE)
        rc = answer_tree(c, &j);
    if (rc == DONE && j)
        print_case(c, j);
    wg_buf_free(&body);
    return rc;
}
