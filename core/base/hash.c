#include "base/hash.h"

#include "base/err.h"

#include <isa-l.h>
#include <pthread.h>
#include <sodium.h>

#define B64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define PREFIX "b2:"
#define PREFIX_LEN (sizeof(PREFIX) - 1)

_Static_assert(PREFIX_LEN + sodium_base64_ENCODED_LEN(WG_HASH_BYTES, B64) == WG_HASH_TEXT + 1,
               "the long form");
_Static_assert(PREFIX_LEN + sodium_base64_ENCODED_LEN(WG_HASH_BYTES / 2, B64) == WG_SHORT_TEXT + 1,
               "the short form");

static void init_sodium(void)
{
    wg_require(sodium_init() >= 0);
}

/* Before it, libsodium has not yet chosen the implementation for this processor. */
static void need_sodium(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_sodium);
}

struct wg_hash wg_hash_of(struct wg_str s)
{
    struct wg_hash h;
    need_sodium();
    crypto_generichash(h.b, sizeof(h.b), (const unsigned char *)s.p, s.n, NULL, 0);
    return h;
}

struct wg_hash wg_hash_keyed(const uint8_t key[32], const struct wg_str *parts, size_t count)
{
    struct wg_hash h;
    crypto_generichash_state state;
    need_sodium();
    crypto_generichash_init(&state, key, 32, sizeof(h.b));
    for (size_t i = 0; i < count; i++) {
        /* Each length goes first, or ("ab", "c") and ("a", "bc") would be one. */
        uint8_t length[8];
        for (size_t k = 0; k < sizeof(length); k++)
            length[k] = (uint8_t)((uint64_t)parts[i].n >> (8 * k));
        crypto_generichash_update(&state, length, sizeof(length));
        if (parts[i].n)
            crypto_generichash_update(&state, (const unsigned char *)parts[i].p, parts[i].n);
    }
    crypto_generichash_final(&state, h.b, sizeof(h.b));
    sodium_memzero(&state, sizeof(state));
    return h;
}

void wg_hash_text(const struct wg_hash *h, char out[WG_HASH_TEXT + 1])
{
    memcpy(out, PREFIX, PREFIX_LEN);
    sodium_bin2base64(out + PREFIX_LEN, WG_HASH_TEXT + 1 - PREFIX_LEN, h->b, WG_HASH_BYTES, B64);
}

void wg_hash_short(const struct wg_hash *h, char out[WG_SHORT_TEXT + 1])
{
    memcpy(out, PREFIX, PREFIX_LEN);
    sodium_bin2base64(out + PREFIX_LEN, WG_SHORT_TEXT + 1 - PREFIX_LEN, h->b, WG_HASH_BYTES / 2,
                      B64);
}

int wg_hash_parse(struct wg_str text, struct wg_hash *out)
{
    struct wg_hash h;
    size_t n = 0;
    if (text.n != WG_HASH_TEXT || !wg_str_starts(text, PREFIX))
        return WG_EINVAL;
    struct wg_str digits = {text.p + PREFIX_LEN, text.n - PREFIX_LEN};
    if (wg_base64url_decode(digits, h.b, sizeof(h.b), &n) < 0 || n != sizeof(h.b))
        return WG_EINVAL;
    *out = h;
    return WG_OK;
}

void wg_sha256_hex(struct wg_str s, char out[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    need_sodium();
    crypto_hash_sha256(digest, (const unsigned char *)s.p, s.n);
    sodium_bin2hex(out, 65, digest, sizeof(digest));
}

int wg_sha256_parse(struct wg_str hex, uint8_t out[32])
{
    if (hex.n != 64)
        return WG_EINVAL;
    for (size_t i = 0; i < hex.n; i++) {
        char c = hex.p[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0)
            return WG_EINVAL;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] << 4 | v : v);
    }
    return WG_OK;
}

uint32_t wg_crc32c(uint32_t seed, const void *p, size_t n)
{
    /* ISA-L takes its length as int, does not write although it asks for a pointer that may, and
     * leaves the inversion before and after to us; with it, a sum goes on from the one before. */
    const unsigned char *at = p;
    uint32_t crc = ~seed;
    while (n > 0) {
        int step = n > (1u << 30) ? 1 << 30 : (int)n;
        crc = crc32_iscsi((unsigned char *)(uintptr_t)at, step, crc);
        at += step;
        n -= (size_t)step;
    }
    return ~crc;
}

void wg_random(void *p, size_t n)
{
    need_sodium();
    randombytes_buf(p, n);
}

void wg_random_text(size_t n, char *out, size_t cap)
{
    uint8_t raw[48];
    wg_require(n <= SIZE_MAX / 8 && cap >= 4 * n / 3 + 2);
    out[0] = '\0';
    while (n > 0) { /* 48 is a whole number of threes, so the pieces join without padding */
        size_t step = n < sizeof(raw) ? n : sizeof(raw);
        size_t length = sodium_base64_encoded_len(step, B64);
        wg_random(raw, step);
        sodium_bin2base64(out, length, raw, step, B64);
        out += length - 1;
        n -= step;
    }
    sodium_memzero(raw, sizeof(raw));
}

int wg_base64url_decode(struct wg_str text, uint8_t *out, size_t cap, size_t *n)
{
    *n = 0;
    if (text.n == 0)
        return WG_OK;
    if (sodium_base642bin(out, cap, text.p, text.n, NULL, n, NULL, B64) == 0)
        return WG_OK;
    *n = 0;
    return text.n / 4 * 3 + text.n % 4 * 3 / 4 > cap ? WG_ERANGE : WG_EINVAL;
}

void wg_base64url(const void *p, size_t n, struct wg_buf *out)
{
    if (n > SIZE_MAX / 4) {
        out->failed = true;
        return;
    }
    size_t length = sodium_base64_encoded_len(n, B64); /* with its NUL */
    char *at = wg_buf_room(out, length);
    if (!at)
        return;
    sodium_bin2base64(at, length, p, n, B64);
    out->n += length - 1;
}
