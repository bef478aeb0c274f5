/** Any bytes as the only segment of a journal: refused, or entries with numbers from 1 on without a
 * gap; once it is opened to write, what was read stays and a new entry comes behind it. The first
 * byte says whether sums are put right (else no change would ever get past them) and which entry is
 * known. */
#include "store/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], path[128], ahead[128];

static void remove_all(void)
{
    unlink(path);
    unlink(ahead);
    rmdir(dir);
}

static void set_up(void)
{
    snprintf(dir, sizeof(dir), "%s/fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    wg_require(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/00000000000000000001.wgj", dir);
    snprintf(ahead, sizeof(ahead), "%s/next.wgj", dir);
    atexit(remove_all);
    wg_log_level(WG_ERROR + 1);
}

static void mend(uint8_t *p, size_t n)
{
    uint32_t len, zero = 0, sum;
    for (size_t at = 0; at + FRAME_HEAD <= n && memcmp(p + at, "WGJ\1", 4) == 0;
         at += FRAME_HEAD + len) {
        memcpy(&len, p + at + 4, 4);
        if (len > n - at - FRAME_HEAD)
            break;
        memcpy(p + at + 8, &zero, 4);
        sum = wg_crc32c(0, p + at, FRAME_HEAD + len);
        memcpy(p + at + 8, &sum, 4);
    }
}

static int see(void *arg, uint64_t n, struct wg_str bytes)
{
    uint64_t *next = arg;
    wg_require(n == *next && memchr(bytes.p, '\n', bytes.n) == NULL);
    ++*next;
    return 0;
}

/* The last entry, or none: 0 where it was refused, at the open or by the scan. */
static bool read_all(bool read_only, uint64_t known, bool append, uint64_t *last)
{
    struct wg_journal_opts opts = {.segment_bytes = 4096, .known_n = known, .read_only = read_only};
    struct wg_journal *j = NULL;
    struct wg_err err = {0};
    struct wg_str entry = WG_S("{}");
    uint64_t next = 1;
    int rc = wg_journal_open(dir, &opts, &j, &err);
    wg_require(rc == WG_OK ? j != NULL : rc == WG_ECORRUPT && err.text[0] && !j);
    if (rc < 0)
        return false;
    *last = j->ops->last(j);
    rc = j->ops->scan(j, 1, see, &next, &err);
    wg_require(rc == WG_OK ? next == *last + 1 : rc == WG_ECORRUPT);
    if (rc == WG_OK && append)
        wg_require(j->ops->append(j, *last + 1, &entry, 1, &err) == WG_OK);
    j->ops->close(j);
    return rc == WG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t last = 0, again = 0;
    if (!dir[0])
        set_up();
    if (size < 1 || size > 1 << 16)
        return 0;
    uint8_t how = data[0], *image = malloc(size);
    memcpy(image, data + 1, size - 1);
    if (how & 1)
        mend(image, size - 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    wg_require(fd >= 0 && write(fd, image, size - 1) == (ssize_t)(size - 1));
    close(fd);
    free(image);
    if (read_all(true, how >> 4, false, &last)) {
        wg_require(read_all(false, how >> 4, how & 2, &again) && again == last);
        wg_require(read_all(true, last, false, &again) && again == last + (how >> 1 & 1));
    }
    /* A roll makes a segment of its own. */
    char next_segment[128];
    snprintf(next_segment, sizeof(next_segment), "%s/%020llu.wgj", dir,
             (unsigned long long)last + 1);
    if (last)
        unlink(next_segment);
    unlink(ahead);
    return 0;
}
