/** Any bytes as a file that was sent: it has a type; what its EXIF says makes sense; and kept as
 * text it comes back. */
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_media m, back;
    struct wg_err err = {0};
    struct wg_buf b = WG_BUF_INIT;
    wg_require(wg_media_of((struct wg_str){(const char *)data, size}, &m, &err) == WG_OK);
    wg_require(m.type[0] && m.size == size && m.kind <= WG_ALIEN && m.taken_ms >= 0);
    wg_require(m.kind == WG_PHOTO || (!m.taken_ms && !m.placed && !m.camera[0]));
    wg_require(m.lat_e7 >= -900000000 && m.lat_e7 <= 900000000);
    wg_require(m.lon_e7 >= -1800000000 && m.lon_e7 <= 1800000000);
    wg_require(wg_utf8_valid(wg_str_of(m.camera)));
    wg_media_json(&m, &b);
    wg_require(wg_buf_ok(&b) && wg_media_parse(wg_buf_str(&b), &back) == WG_OK);
    wg_require(strcmp(m.type, back.type) == 0 && strcmp(m.camera, back.camera) == 0);
    wg_require(m.kind == back.kind && m.size == back.size && m.taken_ms == back.taken_ms);
    wg_require(m.placed == back.placed && m.lon_e7 == back.lon_e7 && m.lat_e7 == back.lat_e7);
    wg_buf_free(&b);
    return 0;
}
