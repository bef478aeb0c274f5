/** Signatures: Ed25519 by libsodium (RFC 8032). Thread: any. */
#ifndef WG_SIGN_H
#define WG_SIGN_H

#include "wg.h"

#define WG_SIGN_SEED 32
#define WG_SIGN_PUBLIC 32
#define WG_SIGN_BYTES 64
#define WG_PUBLIC_TEXT 51    /**< "ed25519:" and base64url; no NUL counted */
#define WG_SIGNATURE_TEXT 86 /**< base64url */

/** A key from its seed: 32 bytes that nobody else knows. public_text: NUL-terminated. */
void wg_sign_public(const uint8_t seed[WG_SIGN_SEED], char public_text[WG_PUBLIC_TEXT + 1]);
void wg_sign(const uint8_t seed[WG_SIGN_SEED], struct wg_str message,
             char signature[WG_SIGNATURE_TEXT + 1]);
void wg_wipe(void *p, size_t n);                /**< secrets, once they are used; NULL is fine */
bool wg_sign_is_key(struct wg_str public_text); /**< "ed25519:" and 32 bytes */
/** Is it this key's signature of this message? False too where key or signature are no such text.
 */
bool wg_sign_check(struct wg_str public_text, struct wg_str message, struct wg_str signature);

#endif
