/** Digests: BLAKE2b by libsodium, CRC-32C by ISA-L, and their text forms. */
#ifndef WG_HASH_H
#define WG_HASH_H

#include "wg.h"

#define WG_HASH_BYTES 32
#define WG_HASH_TEXT 46  /**< "b2:" + 43 characters of base64url; no NUL counted */
#define WG_SHORT_TEXT 25 /**< "b2:" + 22: the first 128 bits, for names of revisions and asks */

struct wg_hash {
    uint8_t b[WG_HASH_BYTES];
};

struct wg_hash wg_hash_of(struct wg_str s); /**< BLAKE2b-256 */
struct wg_hash wg_hash_keyed(const uint8_t key[32], const struct wg_str *parts, size_t count);
void wg_hash_text(const struct wg_hash *h, char out[WG_HASH_TEXT + 1]);   /**< NUL-terminated */
void wg_hash_short(const struct wg_hash *h, char out[WG_SHORT_TEXT + 1]); /**< NUL-terminated */
int wg_hash_parse(struct wg_str text, struct wg_hash *out); /**< the long form; WG_EINVAL */
/** SHA-256 in lower-case hex, as blobs are named in the interface. */
void wg_sha256_hex(struct wg_str s, char out[65]);
int wg_sha256_parse(struct wg_str hex, uint8_t out[32]); /**< of just that form; WG_EINVAL */
uint32_t wg_crc32c(uint32_t seed, const void *p, size_t n);
void wg_random(void *p, size_t n); /**< from the system; never fails */
/** n random bytes as base64url text, NUL-terminated; cap must hold 4*n/3 + 2. */
void wg_random_text(size_t n, char *out, size_t cap);
/** base64url without padding. Errors: WG_EINVAL, WG_ERANGE. *n is what was written. */
int wg_base64url_decode(struct wg_str text, uint8_t *out, size_t cap, size_t *n);
void wg_base64url(const void *p, size_t n, struct wg_buf *out);

#endif
