/* What is looked for, and whether a case has it. */
#include "case/case.h"

#include "base/plain.h"

#define CJK 0x2e80 /* below it are the alphabets, digits and signs */

static const uint16_t *units(const struct wg_buf *b)
{
    return (const uint16_t *)(const void *)b->p;
}

int wg_find_read(struct wg_str q, struct wg_find *f, struct wg_err *err)
{
    int rc = WG_OK;
    *f = (struct wg_find){.text = WG_BUF_INIT};
    if (q.n > WG_FIND_BYTES)
        return wg_fail_at(err, WG_EINVAL, "/q", "has %zu bytes; at most %d", q.n, WG_FIND_BYTES);
    wg_plain(q, &f->text);
    const uint16_t *u = units(&f->text);
    size_t n = f->text.n / sizeof(*u);
    if (!wg_buf_ok(&f->text))
        rc = wg_fail(err, WG_ENOMEM, "no memory for a search");
    for (size_t i = 0, end; rc == WG_OK && i < n; i = end + 1) {
        for (end = i; end < n && u[end] != ' ';)
            end++;
        if (end == i)
            continue;
        if (f->words == WG_FIND_WORDS)
            rc = wg_fail_at(err, WG_EINVAL, "/q", "has more than %d words", WG_FIND_WORDS);
        else if (end - i == 1 && u[i] < CJK)
            rc = wg_fail_at(err, WG_EINVAL, "/q",
                            "each word needs one Chinese character, or two letters or digits");
        else {
            f->word[f->words].at = i;
            f->word[f->words++].n = end - i;
        }
    }
    if (rc == WG_OK && !f->words)
        rc = wg_fail_at(err, WG_EINVAL, "/q", "holds no word");
    if (rc < 0)
        wg_find_done(f);
    return rc;
}

void wg_find_done(struct wg_find *f)
{
    wg_buf_free(&f->text);
    f->words = 0;
}

static void add_field(struct wg_str s, struct wg_buf *out)
{
    static const uint16_t space = ' '; /* no word has one, so none reaches over two fields */
    wg_plain(s, out);
    wg_buf_add(out, &space, sizeof(space));
}

void wg_find_text(const struct wg_case *c, struct wg_buf *out)
{
    char id[24];
    wg_case_id_text(c->id, id);
    wg_buf_clear(out);
    add_field(wg_str_of(id), out);
    add_field(c->number, out);
    add_field(c->address, out);
    if (!(c->flags & WG_WORDS_IN_VAULT))
        add_field(c->description, out);
}

bool wg_find_in(const struct wg_find *f, const struct wg_case *c, struct wg_buf *scratch)
{
    const uint16_t *word = units(&f->text);
    wg_find_text(c, scratch);
    for (size_t i = 0; i < f->words; i++)
        if (wg_plain_find(units(scratch), scratch->n / sizeof(*word), word + f->word[i].at,
                          f->word[i].n) < 0)
            return false;
    return true;
}
