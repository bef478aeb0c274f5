/** Any bytes as a block of the search index, and a word: refused, or a set that the word narrows.
 * And as the text of cases: each fragment of it is found in the block that is made. */
#include "case/block.h"
#include "base/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(struct wg_str block, const uint16_t *word, size_t n)
{
    struct block_set set;
    memset(&set, 0xff, sizeof(set));
    int rc = block_find(block, word, n, &set);
    wg_require(rc == WG_OK || rc == WG_ECORRUPT);
}

static void find_itself(const uint16_t *text, size_t n)
{
    struct block_maker m = {0};
    struct wg_buf b = WG_BUF_INIT;
    block_add(&m, 77, text, n);
    wg_require(block_write(&m, &b) == WG_OK);
    for (size_t i = 0; i < n; i++)
        for (size_t len = 1; len <= 5 && i + len <= n && text[i + len - 1] != ' '; len++) {
            struct block_set set = {{0}};
            set.bit[1] = UINT64_C(1) << 13;
            wg_require(block_find(wg_buf_str(&b), text + i, len, &set) == WG_OK && set.bit[1]);
        }
    block_free(&m);
    wg_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_str bytes = {(const char *)data, size};
    struct wg_buf text = WG_BUF_INIT;
    wg_plain(bytes, &text);
    const uint16_t *units = (const uint16_t *)(const void *)text.p;
    size_t n = text.n / sizeof(*units);
    for (size_t i = 0; i < n; i++)
        wg_require(units[i] != 0);
    if (n > 200)
        n = 200;
    find_itself(units, n);
    static const uint16_t words[] = {0x8def, 0x31, 0x32, 0x33};
    for (size_t i = 1; i <= 4; i++)
        look_up(bytes, words, i);
    if (size >= 10) /* what may well be in it */
        look_up(bytes, (const uint16_t[]){(uint16_t)(data[4] << 8 | data[5]), 1, 2}, 1);
    wg_buf_free(&text);
    return 0;
}
