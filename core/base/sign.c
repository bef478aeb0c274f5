#include "base/base.h"

#include <sodium.h>

static const char prefix[] = "ed25519:";
#define PREFIX (sizeof(prefix) - 1)

static void key_of(const uint8_t seed[WG_SIGN_SEED], uint8_t public[crypto_sign_PUBLICKEYBYTES],
                   uint8_t secret[crypto_sign_SECRETKEYBYTES])
{
    uint8_t nothing;
    wg_random(&nothing, 1); /* libsodium has chosen its implementation after this */
    wg_require(crypto_sign_seed_keypair(public, secret, seed) == 0);
}

void wg_sign_public(const uint8_t seed[WG_SIGN_SEED], char public_text[WG_PUBLIC_TEXT + 1])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    key_of(seed, public, secret);
    sodium_memzero(secret, sizeof(secret));
    memcpy(public_text, prefix, PREFIX);
    sodium_bin2base64(public_text + PREFIX, WG_PUBLIC_TEXT + 1 - PREFIX, public, sizeof(public),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void wg_sign(const uint8_t seed[WG_SIGN_SEED], struct wg_str message,
             char signature[WG_SIGNATURE_TEXT + 1])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t raw[crypto_sign_BYTES];
    key_of(seed, public, secret);
    crypto_sign_detached(raw, NULL, (const uint8_t *)message.p, message.n, secret);
    sodium_memzero(secret, sizeof(secret));
    sodium_bin2base64(signature, WG_SIGNATURE_TEXT + 1, raw, sizeof(raw),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void wg_wipe(void *p, size_t n)
{
    if (p)
        sodium_memzero(p, n);
}

bool wg_sign_is_key(struct wg_str public_text)
{
    uint8_t public[WG_SIGN_PUBLIC];
    size_t n;
    if (!wg_str_starts(public_text, prefix))
        return false;
    struct wg_str key = {public_text.p + PREFIX, public_text.n - PREFIX};
    return wg_base64url_decode(key, public, sizeof(public), &n) == WG_OK && n == sizeof(public);
}

bool wg_sign_check(struct wg_str public_text, struct wg_str message, struct wg_str signature)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], raw[crypto_sign_BYTES];
    size_t n, m;
    if (!wg_str_starts(public_text, prefix))
        return false;
    struct wg_str key = {public_text.p + PREFIX, public_text.n - PREFIX};
    return wg_base64url_decode(key, public, sizeof(public), &n) == WG_OK && n == sizeof(public) &&
           wg_base64url_decode(signature, raw, sizeof(raw), &m) == WG_OK && m == sizeof(raw) &&
           crypto_sign_verify_detached(raw, (const uint8_t *)message.p, message.n, public) == 0;
}
