/* Files that go up: evidence. */
#include "wangge.h"

#define EVIDENCE_MAX ((size_t)200 << 20)

static const struct {
    const char *extension, *type;
} types[] = {
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"heic", "image/heic"},
    {"mp4", "video/mp4"},
    {"3gp", "video/3gpp"},
    {"mov", "video/quicktime"},
    {"webm", "video/webm"},
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"wav", "audio/wav"},
    {"ogg", "audio/ogg"},
    {"amr", "audio/amr"},
    {"csv", "text/csv"},
    {"json", "application/json"},
    {"geojson", "application/geo+json"},
    {"geojsons", "application/geo+json-seq"},
    {"geojsonl", "application/geo+json-seq"},
};

const char *type_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(dot + 1, types[i].extension) == 0)
            return types[i].type;
    return NULL;
}

int send_file(struct ctx *c, const char *file, size_t max, struct request r)
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_err err = {0};
    int rc = wg_file_read(file, max, &b, &err) == WG_OK ? DONE : misused(c, "%s", err.text);
    if (rc == DONE && b.n == 0)
        rc = misused(c, "%s is empty", file);
    if (rc == DONE) {
        r.body = wg_buf_str(&b);
        rc = ask_server(c, &r);
    }
    wg_buf_free(&b);
    return rc;
}

int put_file(struct ctx *c, const char *file, struct wg_str *hash)
{
    struct wg_json *j;
    struct wg_err err = {0};
    const char *type = type_of(file);
    const struct request r = {.method = "PUT",
                              .target = area_path(c, "blobs"),
                              .type = type ? type : "application/octet-stream",
                              .again = true};
    int rc = send_file(c, file, EVIDENCE_MAX, r);
    if (rc != DONE)
        return rc;
    if (wg_json_parse(c->arena, wg_buf_str(&c->answer), &j, &err) < 0)
        return failed(UNREACHED, "the answer is not from a server of ours: %s", err.text);
    *hash = wg_json_str(j, "sha256");
    return DONE;
}

int run_put(struct ctx *c)
{
    const struct wg_json *j;
    struct wg_str hash;
    int rc = session_need(c);
    if (rc == DONE)
        rc = put_file(c, c->args[0], &hash);
    if (rc == DONE)
        rc = answer_tree(c, &j);
    if (rc == DONE && j)
        printf("%.*s\n", WG_PRI(hash));
    return rc;
}
