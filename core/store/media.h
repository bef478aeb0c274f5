/** What a file is, by its content alone, and what a photo says of itself (EXIF 2.32).
 *  Thread: any but the loop: finding out takes up to milliseconds, and memory of a photo's size. */
#ifndef WG_MEDIA_H
#define WG_MEDIA_H

#include "base/base.h"

enum wg_media_kind {
    WG_PHOTO, /**< jpeg png webp heic */
    WG_SOUND, /**< mp3 m4a amr wav ogg */
    WG_VIDEO, /**< mp4 3gp mov webm */
    WG_DATA,  /**< csv json geojson tar */
    WG_MEDIA_KINDS,
    WG_ALIEN = WG_MEDIA_KINDS /**< anything else */
};
const char *wg_media_kind_name(int kind); /**< "photo" */

struct wg_media {
    char type[64]; /**< "image/jpeg"; of WG_ALIEN whatever was found */
    enum wg_media_kind kind;
    uint64_t size;
    int64_t taken_ms; /**< 0: not said */
    bool placed;
    int32_t lon_e7, lat_e7; /**< as the camera says, WGS 84 */
    char camera[96];        /**< maker and model, UTF-8; "" where not said */
};
/** From all its bytes, or of what is no photo the first 64 KiB. Errors: WG_ENOMEM, WG_EIO (there is
 * no list of types on this machine). */
int wg_media_of(struct wg_str bytes, struct wg_media *out, struct wg_err *err);
/** The same from an open file. Of a photo larger than photo_max only the type is found. */
int wg_media_of_fd(int fd, uint64_t photo_max, struct wg_media *out, struct wg_err *err);
/** As JSON, and back. Errors: WG_EINVAL, WG_ENOMEM. */
void wg_media_json(const struct wg_media *m, struct wg_buf *out);
int wg_media_parse(struct wg_str json, struct wg_media *out);

#endif
