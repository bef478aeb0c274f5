/* The key with which somebody signs rules: made here, and only here in full. */
#include "wangge.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct wg_str key_path(struct ctx *c)
{
    const char *own = opt(c, RULES_KEY);
    return own ? wg_str_of(own)
               : wg_arena_fmt(c->arena, "%s.%.*s.%.*s.key", c->session.path,
                              WG_PRI(c->session.area), WG_PRI(c->session.user));
}

/* The seed of the key that is kept here. false: there is none. */
bool sign_key(struct ctx *c, uint8_t seed[WG_SIGN_SEED])
{
    struct wg_buf b = WG_BUF_INIT;
    struct wg_str path = key_path(c);
    size_t n = 0;
    bool ok = access(path.p, R_OK) == 0 && wg_file_read(path.p, 256, &b, NULL) == WG_OK;
    while (ok && b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == ' '))
        b.n--;
    ok = ok && wg_base64url_decode(wg_buf_str(&b), seed, WG_SIGN_SEED, &n) == WG_OK &&
         n == WG_SIGN_SEED;
    wg_wipe(b.p, b.n);
    wg_buf_free(&b);
    return ok;
}

struct wg_str sign_rules(struct ctx *c, enum wg_signer as, struct wg_str hash)
{
    uint8_t seed[WG_SIGN_SEED];
    char text[WG_SIGNATURE_TEXT + 1];
    if (!sign_key(c, seed))
        return (struct wg_str){NULL, 0};
    wg_sign(seed, wg_signed_text(c->arena, as, area_of(c), hash, c->session.user), text);
    wg_wipe(seed, sizeof(seed));
    return wg_arena_str(c->arena, wg_str_of(text));
}

static int write_key(struct wg_str path, const uint8_t seed[WG_SIGN_SEED])
{
    struct wg_buf b = WG_BUF_INIT;
    int fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    wg_base64url(seed, WG_SIGN_SEED, &b);
    wg_buf_char(&b, '\n');
    bool ok = fd >= 0 && wg_buf_ok(&b) && write(fd, b.p, b.n) == (ssize_t)b.n && fsync(fd) == 0;
    int rc = ok ? DONE : failed(REFUSED, "%s: %s", path.p, strerror(errno));
    if (fd >= 0)
        close(fd);
    wg_wipe(b.p, b.n);
    wg_buf_free(&b);
    return rc;
}

int rules_run_key(struct ctx *c)
{
    uint8_t seed[WG_SIGN_SEED];
    char text[WG_PUBLIC_TEXT + 1];
    int rc = session_need(c);
    if (rc != DONE)
        return rc;
    struct wg_str path = key_path(c);
    if (!sign_key(c, seed)) {
        wg_random(seed, sizeof(seed));
        rc = write_key(path, seed);
    }
    wg_sign_public(seed, text);
    wg_wipe(seed, sizeof(seed));
    if (rc != DONE)
        return rc;
    const struct request r = {.method = "PUT",
                              .target = area_path(c, "rules/key"),
                              .type = "application/json",
                              .body = wg_arena_fmt(c->arena, "{\"key\":\"%s\"}", text),
                              .again = true};
    if ((rc = ask_server(c, &r)) == DONE)
        printf("%s\n私钥在 %s，只归你一人；此后由它签名\n", text, path.p);
    return rc;
}
