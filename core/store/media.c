/* What a file is: libmagic's word for it, of which a few are taken. What the sender says of it is
 * asked nowhere. */
#include "media_exif.h"

#include <errno.h>
#include <magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD ((size_t)64 << 10) /* of a file, that its type is told from */

static const struct {
    const char *found, *type;
    enum wg_media_kind kind;
} types[] = {
    {"image/jpeg", "image/jpeg", WG_PHOTO},
    {"image/png", "image/png", WG_PHOTO},
    {"image/webp", "image/webp", WG_PHOTO},
    {"image/heic", "image/heic", WG_PHOTO},
    {"image/heif", "image/heic", WG_PHOTO},
    {"audio/mpeg", "audio/mpeg", WG_SOUND},
    {"audio/x-m4a", "audio/mp4", WG_SOUND},
    {"audio/mp4", "audio/mp4", WG_SOUND},
    {"audio/amr", "audio/amr", WG_SOUND},
    {"audio/x-wav", "audio/wav", WG_SOUND},
    {"audio/ogg", "audio/ogg", WG_SOUND},
    {"video/mp4", "video/mp4", WG_VIDEO},
    {"video/x-m4v", "video/mp4", WG_VIDEO},
    {"video/3gpp", "video/3gpp", WG_VIDEO},
    {"video/3gpp2", "video/3gpp2", WG_VIDEO},
    {"video/quicktime", "video/quicktime", WG_VIDEO},
    {"video/webm", "video/webm", WG_VIDEO},
    {"text/csv", "text/csv", WG_DATA},
    {"application/json", "application/json", WG_DATA},
    {"application/geo+json", "application/geo+json", WG_DATA},
    {"application/x-tar", "application/x-tar", WG_DATA},
};

const char *wg_media_kind_name(int kind)
{
    static const char *const names[WG_MEDIA_KINDS] = {"photo", "sound", "video", "data"};
    return kind >= 0 && kind < WG_MEDIA_KINDS ? names[kind] : "file";
}

/* ---- libmagic: a handle is one thread's, made when it is first asked and closed at its end ----
 */

static pthread_key_t magic_key;
static pthread_once_t magic_once = PTHREAD_ONCE_INIT;

static void magic_end(void *cookie)
{
    magic_close(cookie);
}

static void magic_begin(void)
{
    wg_require(pthread_key_create(&magic_key, magic_end) == 0);
}

/* Nothing is unpacked and no program is looked into: names are all we want. */
#define MAGIC_FLAGS                                                                        \
    (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF | \
     MAGIC_NO_CHECK_APPTYPE | MAGIC_NO_CHECK_TOKENS)

static int magic_mine(magic_t *out, struct wg_err *err)
{
    pthread_once(&magic_once, magic_begin);
    if ((*out = pthread_getspecific(magic_key)))
        return WG_OK;
    magic_t m = magic_open(MAGIC_FLAGS);
    if (!m)
        return wg_fail(err, WG_ENOMEM, "no memory for the list of file types");
    if (magic_load(m, NULL) < 0 || pthread_setspecific(magic_key, m) != 0) {
        int rc = wg_fail(err, WG_EIO, "the list of file types: %s", magic_error(m));
        magic_close(m);
        return rc;
    }
    *out = m;
    return WG_OK;
}

/* Text by its first line: libmagic knows JSON and CSV only where all of it is before it. */
static const char *text_type(struct wg_str s, const char *found)
{
    const bool plain = strcmp(found, "text/plain") == 0, json = strstr(found, "json") != NULL;
    size_t i = s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < s.n && strchr(" \t\r\n\x1e", s.p[i]) && s.p[i])
        i++;
    if (!plain && !json)
        return found;
    if (i < s.n && (s.p[i] == '{' || s.p[i] == '[')) {
        struct wg_str head = {s.p + i, s.n - i < 4096 ? s.n - i : 4096};
        return memmem(head.p, head.n, "\"Feature", 8) ? "application/geo+json" : "application/json";
    }
    const char *line = i < s.n ? memchr(s.p + i, '\n', s.n - i) : NULL;
    return line && memchr(s.p + i, ',', (size_t)(line - s.p) - i) ? "text/csv" : found;
}

static int type_of(struct wg_str bytes, struct wg_media *out, struct wg_err *err)
{
    magic_t m;
    struct wg_str head = {bytes.p, bytes.n < HEAD ? bytes.n : HEAD};
    int rc = magic_mine(&m, err);
    if (rc < 0)
        return rc;
    const char *found = head.n ? magic_buffer(m, head.p, head.n) : "application/x-empty";
    if (!found)
        found = "application/octet-stream";
    found = text_type(head, found);
    out->kind = WG_ALIEN;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && out->kind == WG_ALIEN; i++)
        if (strcmp(found, types[i].found) == 0) {
            out->kind = types[i].kind;
            found = types[i].type;
        }
    snprintf(out->type, sizeof(out->type), "%s", found);
    return WG_OK;
}

int wg_media_of(struct wg_str bytes, struct wg_media *out, struct wg_err *err)
{
    *out = (struct wg_media){.size = bytes.n};
    int rc = type_of(bytes, out, err);
    if (rc == WG_OK && out->kind == WG_PHOTO)
        media_exif(bytes, out);
    return rc;
}

static int read_to(int fd, struct wg_buf *b, size_t n)
{
    char *p = wg_buf_room(b, n);
    if (!p)
        return WG_ENOMEM;
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(fd, p + got, n - got, (off_t)b->n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return WG_EIO;
        got += (size_t)k;
        b->n += (size_t)k;
    }
    return WG_OK;
}

int wg_media_of_fd(int fd, uint64_t photo_max, struct wg_media *out, struct wg_err *err)
{
    struct stat st;
    struct wg_buf b = WG_BUF_INIT;
    int rc = fstat(fd, &st) < 0 ? WG_EIO : WG_OK;
    size_t size = rc == WG_OK ? (size_t)st.st_size : 0;
    *out = (struct wg_media){.size = size};
    if (rc == WG_OK)
        rc = read_to(fd, &b, size < HEAD ? size : HEAD);
    if (rc < 0)
        wg_fail(err, rc, "a file can't be read: %s", wg_strerror(rc));
    else
        rc = type_of(wg_buf_str(&b), out, err);
    if (rc == WG_OK && out->kind == WG_PHOTO && size <= photo_max) {
        rc = read_to(fd, &b, size - b.n);
        if (rc == WG_OK)
            media_exif(wg_buf_str(&b), out);
        else
            wg_fail(err, rc, "a photo can't be read: %s", wg_strerror(rc));
    }
    wg_buf_free(&b);
    return rc;
}

/* ---- as it is kept beside the blob ---- */

void wg_media_json(const struct wg_media *m, struct wg_buf *b)
{
    wg_buf_char(b, '{');
    wg_json_kstr(b, "type", wg_str_of(m->type));
    wg_json_kint(b, "size", (int64_t)m->size);
    if (m->taken_ms)
        wg_json_kint(b, "taken", m->taken_ms);
    if (m->placed) {
        wg_json_kint(b, "lon", m->lon_e7);
        wg_json_kint(b, "lat", m->lat_e7);
    }
    if (m->camera[0])
        wg_json_kstr(b, "camera", wg_str_of(m->camera));
    wg_buf_char(b, '}');
}

int wg_media_parse(struct wg_str json, struct wg_media *m)
{
    struct wg_arena *a = wg_arena_new(0);
    struct wg_json *j;
    int rc = a ? wg_json_parse(a, json, &j, NULL) : WG_ENOMEM;
    *m = (struct wg_media){.kind = WG_ALIEN};
    if (rc == WG_OK && (wg_str_copy(m->type, sizeof(m->type), wg_json_str(j, "type")) < 0 ||
                        wg_str_copy(m->camera, sizeof(m->camera), wg_json_str(j, "camera")) < 0 ||
                        wg_json_int(j, "size", -1) < 0))
        rc = WG_EINVAL;
    if (rc == WG_OK) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
            if (strcmp(m->type, types[i].type) == 0)
                m->kind = types[i].kind;
        m->size = (uint64_t)wg_json_int(j, "size", 0);
        m->taken_ms = wg_json_int(j, "taken", 0);
        m->placed = wg_json_get(j, "lon") && wg_json_get(j, "lat");
        m->lon_e7 = (int32_t)wg_json_int(j, "lon", 0);
        m->lat_e7 = (int32_t)wg_json_int(j, "lat", 0);
    }
    wg_arena_free(a);
    return rc;
}
