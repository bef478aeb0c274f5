/* EXIF by libexif. We only find the block: JPEG has it in a segment, PNG and WebP in a chunk, HEIC
 * in an item whose bytes begin as the segment's do. */
#include "media_exif.h"

#include <ctype.h>
#include <libexif/exif-data.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MARK "Exif\0\0"
#define MARK_N 6
#define BLOCK_MAX 65533 /* what a JPEG segment can hold */

/* ---- where it lies ---- */

static uint32_t u32(const char *p, bool little)
{
    const unsigned char *b = (const unsigned char *)p;
    return little ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0]
                  : (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* PNG: length, name, bytes, checksum. WebP: name, length (little-endian), bytes, evened out. */
static struct wg_str chunk(struct wg_str s, size_t from, const char *name, bool riff)
{
    const size_t tail = riff ? 0 : 4;
    while (from < s.n && s.n - from >= 8) {
        const char *p = s.p + from;
        size_t n = u32(riff ? p + 4 : p, riff), left = s.n - from - 8;
        if (n > left)
            break;
        if (memcmp(riff ? p : p + 4, name, 4) == 0)
            return (struct wg_str){p + 8, n};
        from += 8 + n + tail + (riff ? n & 1 : 0);
    }
    return (struct wg_str){NULL, 0};
}

static struct wg_str segment(struct wg_str s)
{
    for (size_t at = 2; at + 4 <= s.n && (unsigned char)s.p[at] == 0xff;) {
        unsigned char mark = (unsigned char)s.p[at + 1];
        size_t n = (size_t)(unsigned char)s.p[at + 2] << 8 | (unsigned char)s.p[at + 3];
        if (mark == 0xff) { /* filling */
            at++;
            continue;
        }
        if (mark == 0xda || mark == 0xd9 || n < 2 || n > s.n - at - 2)
            break; /* the picture itself, its end, or nonsense */
        if (mark == 0xe1 && n >= 2 + MARK_N && memcmp(s.p + at + 4, MARK, MARK_N) == 0)
            return (struct wg_str){s.p + at + 4, n - 2};
        at += 2 + n;
    }
    return (struct wg_str){NULL, 0};
}

static struct wg_str item(struct wg_str s)
{
    for (const char *p = s.p, *end = s.p + s.n; (p = memmem(p, (size_t)(end - p), MARK, MARK_N));
         p += MARK_N) {
        const char *tiff = p + MARK_N;
        if (end - tiff >= 4 && (memcmp(tiff, "II*\0", 4) == 0 || memcmp(tiff, "MM\0*", 4) == 0))
            return (struct wg_str){p, (size_t)(end - p)};
    }
    return (struct wg_str){NULL, 0};
}

static struct wg_str block_of(struct wg_str s, const char *type)
{
    if (strcmp(type, "image/jpeg") == 0)
        return segment(s);
    if (strcmp(type, "image/png") == 0)
        return chunk(s, 8, "eXIf", false);
    if (strcmp(type, "image/webp") == 0)
        return chunk(s, 12, "EXIF", true);
    return item(s);
}

/* ---- what it says ---- */

static const ExifEntry *entry_of(const ExifData *d, ExifIfd ifd, int tag, ExifFormat format)
{
    const ExifEntry *e = exif_content_get_entry(d->ifd[ifd], (ExifTag)tag);
    return e && e->data && e->format == format ? e : NULL;
}

static struct wg_str text_of(const ExifData *d, ExifIfd ifd, int tag)
{
    const ExifEntry *e = entry_of(d, ifd, tag, EXIF_FORMAT_ASCII);
    struct wg_str s = {e ? (const char *)e->data : NULL, e ? e->size : 0};
    const char *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
    if (nul)
        s.n = (size_t)(nul - s.p);
    while (s.n && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    while (s.n && isspace((unsigned char)s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

/* "2026:03:06 17:00:00" and "+08:00"; without an offset it is the county's. */
static int64_t moment(struct wg_str when, struct wg_str offset)
{
    char text[40];
    int64_t t;
    if (when.n != 19 || when.p[4] != ':' || when.p[7] != ':' || when.p[10] != ' ')
        return 0;
    if (offset.n != 6)
        offset = WG_S("+08:00");
    snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.8s%.6s", when.p, when.p + 5, when.p + 8,
             when.p + 11, offset.p);
    if (wg_time_parse(wg_str_of(text), &t) < 0 || t <= 0)
        return 0;
    return t;
}

static int64_t taken(const ExifData *d)
{
    static const struct {
        ExifIfd ifd;
        int tag, offset;
    } said[] = {
        {EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, EXIF_TAG_OFFSET_TIME_ORIGINAL},
        {EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_DIGITIZED, EXIF_TAG_OFFSET_TIME_DIGITIZED},
        {EXIF_IFD_0, EXIF_TAG_DATE_TIME, EXIF_TAG_OFFSET_TIME},
    };
    int64_t t = 0;
    for (size_t i = 0; !t && i < sizeof(said) / sizeof(said[0]); i++)
        t = moment(text_of(d, said[i].ifd, said[i].tag), text_of(d, EXIF_IFD_EXIF, said[i].offset));
    return t;
}

/* Degrees, minutes and seconds as fractions. */
static bool angle(const ExifData *d, int tag, int ref, const char *positive, double most,
                  int32_t *out)
{
    const ExifEntry *e = entry_of(d, EXIF_IFD_GPS, tag, EXIF_FORMAT_RATIONAL);
    struct wg_str side = text_of(d, EXIF_IFD_GPS, ref);
    double v = 0, unit = 1;
    if (!e || e->components < 3 || e->size < 24 || side.n < 1 || !strchr("NSEW", side.p[0]))
        return false;
    for (int i = 0; i < 3; i++, unit *= 60) {
        ExifRational r =
            exif_get_rational(e->data + 8 * i, exif_data_get_byte_order((ExifData *)d));
        if (r.denominator == 0)
            return false;
        v += (double)r.numerator / r.denominator / unit;
    }
    if (v > most)
        return false;
    *out = (int32_t)llround((side.p[0] == positive[0] ? v : -v) * 1e7);
    return true;
}

static void place(const ExifData *d, struct wg_media *m)
{
    m->placed = angle(d, EXIF_TAG_GPS_LATITUDE, EXIF_TAG_GPS_LATITUDE_REF, "N", 90, &m->lat_e7) &&
                angle(d, EXIF_TAG_GPS_LONGITUDE, EXIF_TAG_GPS_LONGITUDE_REF, "E", 180, &m->lon_e7);
    if (m->placed && (m->lat_e7 || m->lon_e7))
        return;
    m->placed = false; /* 0, 0 is what cameras write that have no fix */
    m->lat_e7 = m->lon_e7 = 0;
}

static void camera(const ExifData *d, struct wg_media *m)
{
    struct wg_str make = text_of(d, EXIF_IFD_0, EXIF_TAG_MAKE),
                  model = text_of(d, EXIF_IFD_0, EXIF_TAG_MODEL);
    if (make.n && model.n >= make.n && strncasecmp(make.p, model.p, make.n) == 0)
        make.n = 0; /* "Canon", "Canon EOS 5D" */
    int n = snprintf(m->camera, sizeof(m->camera), "%.*s%s%.*s", WG_PRI(make),
                     make.n && model.n ? " " : "", WG_PRI(model));
    bool fine = n > 0 && n < (int)sizeof(m->camera) && wg_utf8_valid(wg_str_of(m->camera));
    for (int i = 0; fine && i < n; i++)
        fine = (unsigned char)m->camera[i] >= ' ';
    if (!fine)
        m->camera[0] = '\0';
}

void media_exif(struct wg_str bytes, struct wg_media *m)
{
    struct wg_str block = block_of(bytes, m->type);
    struct wg_buf b = WG_BUF_INIT;
    ExifData *d = exif_data_new();
    if (block.n < MARK_N || memcmp(block.p, MARK, MARK_N) != 0)
        wg_buf_add(&b, MARK, MARK_N); /* libexif wants it before a bare block */
    if (block.n > BLOCK_MAX - MARK_N)
        block.n = BLOCK_MAX - MARK_N;
    wg_buf_str_add(&b, block);
    if (d && block.n && wg_buf_ok(&b)) {
        exif_data_unset_option(d, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
        exif_data_load_data(d, (const unsigned char *)b.p, (unsigned)b.n);
        m->taken_ms = taken(d);
        place(d, m);
        camera(d, m);
    }
    if (d)
        exif_data_unref(d);
    wg_buf_free(&b);
}
