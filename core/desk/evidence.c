/* Photos, sounds and videos of a step: are they there, do they fit what is said, what is marked.
 * Late or far is taken and marked, not refused: who was offline was still there. */
#include "inside.h"

#include <math.h>
#include <stdio.h>

#define CASE_MAX 100u

int ask_photo(struct deciding *dc, const struct wg_json *args, struct wg_buf *out,
              struct wg_err *err)
{
    struct wg_desk *d = dc->d;
    struct wg_media m;
    int rc = WG_OK;
    if (args->count != 1 || args->child->type != WG_JSTR)
        return wg_fail(err, WG_EINVAL, "photo: takes a sha256");
    if (d->blob_hold < 0) /* the sweep waits until the batch is in the journal */
        rc = wg_blob_hold(d->blobs, &d->blob_hold, err);
    if (rc == WG_OK)
        rc = wg_blob_media(d->blobs, args->child->str, &m, err);
    if (rc == WG_ENOENT) {
        wg_buf_lit(out, "null");
        return WG_OK;
    }
    if (rc < 0)
        return rc;
    wg_buf_char(out, '{');
    wg_json_kstr(out, "type", wg_str_of(m.type));
    wg_json_kint(out, "size", (int64_t)m.size);
    wg_json_key(out, "taken");
    if (m.taken_ms)
        wg_buf_int(out, m.taken_ms);
    else
        wg_buf_lit(out, "null");
    if (m.placed)
        wg_buf_fmt(out, ",\"lon\":%d,\"lat\":%d}", m.lon_e7, m.lat_e7);
    else
        wg_buf_lit(out, ",\"lon\":null,\"lat\":null}");
    return WG_OK;
}

/* The fact about one; *fact NULL: an entry from before there was the question, read again. */
static int know(struct deciding *dc, const struct wg_json *e, size_t i, const struct wg_json **fact)
{
    char pointer[64];
    uint8_t digest[32];
    snprintf(pointer, sizeof(pointer), "/photos/%zu", i);
    *fact = NULL;
    if (e->type != WG_JSTR)
        return REFUSE(dc, WG_EINVAL, pointer, "a photo is the sha256 that PUT blobs gave");
    if (wg_sha256_parse(e->str, digest) == WG_OK) {
        int rc = ask(dc, "photo", wg_arena_fmt(dc->a, "[\"%.*s\"]", WG_PRI(e->str)), fact);
        if (rc < 0)
            return dc->replay && rc == WG_ENOENT ? WG_OK : rc;
    }
    struct wg_str type = wg_json_str(*fact, "type");
    if (!type.n)
        return REFUSE(dc, WG_EINVAL, pointer, "there is no blob of that name; PUT it first");
    if (!wg_str_starts(type, "image/") && !wg_str_starts(type, "audio/") &&
        !wg_str_starts(type, "video/"))
        return REFUSE(dc, WG_EINVAL, pointer, "this is %.*s; evidence is a photo, sound or video",
                      WG_PRI(type));
    return WG_OK;
}

struct marks {
    bool late, far;
};

static void photo_outcome(struct deciding *dc, struct wg_str name, const struct wg_json *fact,
                          struct wg_point at, struct marks *marks)
{
    const struct wg_json *taken = wg_json_get(fact, "taken"), *lon = wg_json_get(fact, "lon"),
                         *lat = wg_json_get(fact, "lat");
    out_begin(dc, "photo");
    wg_json_kstr(&dc->outs, "sha256", name);
    wg_json_kstr(&dc->outs, "type", wg_json_str(fact, "type"));
    wg_json_key(&dc->outs, "taken");
    if (taken && taken->type == WG_JINT)
        wg_buf_int(&dc->outs, taken->num);
    else
        wg_buf_lit(&dc->outs, "null");
    if (taken && taken->type == WG_JINT && dc->t - taken->num > dc->pack->evidence.late_ms) {
        wg_json_kbool(&dc->outs, "late", true);
        marks->late = true;
    }
    if (lon && lat && lon->type == WG_JINT && lat->type == WG_JINT) {
        int64_t m =
            llround(wg_distance_m(at, (struct wg_point){(int32_t)lon->num, (int32_t)lat->num}));
        if (m > dc->pack->evidence.far_m) {
            wg_json_kint(&dc->outs, "far_m", m);
            marks->far = true;
        }
    }
    wg_buf_char(&dc->outs, '}');
}

static void mark(struct deciding *dc, const char *what)
{
    out_begin(dc, "mark");
    wg_json_kstr(&dc->outs, "what", wg_str_of(what));
    wg_buf_char(&dc->outs, '}');
}

static int check_count(struct deciding *dc, const struct wg_json *photos)
{
    struct wg_json *there = NULL;
    if (photos->count > PHOTOS_MAX)
        return REFUSE(dc, WG_EINVAL, "/photos", "%u photos; at most %u", photos->count, PHOTOS_MAX);
    if (dc->c.photos.n && wg_json_parse(dc->a, dc->c.photos, &there, &dc->cmd->err) < 0)
        return WG_ECORRUPT;
    if (there && there->count + photos->count > CASE_MAX)
        return REFUSE(dc, WG_EINVAL, "/photos", "the case has %u photos; with %u more than %u",
                      there->count, photos->count, CASE_MAX);
    return WG_OK;
}

int body_photos(struct deciding *dc, struct wg_point at)
{
    const struct wg_json *photos = wg_json_get(dc->cmd->in, "photos"), *fact;
    struct marks marks = {false, false};
    size_t i = 0;
    if (!photos)
        return WG_OK;
    if (photos->type != WG_JARR)
        return REFUSE(dc, WG_EINVAL, "/photos", "photos must be a list");
    int rc = check_count(dc, photos);
    for (const struct wg_json *e = photos->child; rc == WG_OK && e; e = e->next) {
        rc = know(dc, e, i++, &fact);
        if (rc == WG_OK && fact)
            photo_outcome(dc, e->str, fact, at, &marks);
    }
    if (rc == WG_OK && marks.late)
        mark(dc, "photo_late");
    if (rc == WG_OK && marks.far)
        mark(dc, "photo_far");
    return rc;
}
