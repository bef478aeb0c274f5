/** Behind the front door: what a photo's EXIF says. */
#ifndef WG_MEDIA_EXIF_H
#define WG_MEDIA_EXIF_H

#include "store/media.h"

/** Fill taken, place and camera where the bytes of a photo say them; what makes no sense is left
 * out. Never fails: a photo without EXIF is as good a photo. */
void media_exif(struct wg_str bytes, struct wg_media *out);

#endif
