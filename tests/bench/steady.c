/* Requests at a steady rate over some connections, and how long each took from the moment it was to
 * be sent: one that waits for a free connection has waited, too. bench_steady PORT RATE SECONDS
 * CONNECTIONS FILE   FILE holds whole requests, each after a line with its length; they are sent in
 * turn. Prints requests, us, p50_us, p99_us, most_us, wrong (no 2xx), broken (no answer). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX 4096
#define CONNECTIONS_MAX 512
#define ANSWER_MAX (1 << 20)

struct request {
    char *bytes;
    size_t n;
};

struct connection {
    int fd;
    bool busy;
    int64_t due_ns;
    size_t have;
    char *answer;
};

static struct request request[REQUESTS_MAX];
static size_t requests;
static struct connection conn[CONNECTIONS_MAX];
static struct pollfd polled[CONNECTIONS_MAX];
static uint32_t *took_us;
static size_t answers, wrong, broken;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool read_requests(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    while (f && requests < REQUESTS_MAX && fscanf(f, "%zu%*1[\n]", &n) == 1 && n < 1 << 16) {
        struct request *r = &request[requests++];
        r->n = n;
        r->bytes = malloc(n);
        if (!r->bytes || fread(r->bytes, 1, n, f) != n)
            return false;
    }
    if (f)
        fclose(f);
    return requests > 0;
}

static bool reach(struct connection *c, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!c->answer)
        c->answer = malloc(ANSWER_MAX);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return c->fd >= 0 && c->answer && connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void ended(struct connection *c, int64_t now, int status)
{
    took_us[answers++] = (uint32_t)((now - c->due_ns) / 1000);
    if (status < 200 || status > 299) {
        if (!wrong++)
            fprintf(stderr, "%.*s\n", (int)(c->have < 800 ? c->have : 800), c->answer);
    }
    c->busy = false;
    c->have = 0;
}

static bool send_one(struct connection *c, size_t i, int64_t due_ns)
{
    const struct request *r = &request[i % requests];
    c->busy = true;
    c->due_ns = due_ns;
    return send(c->fd, r->bytes, r->n, MSG_NOSIGNAL) == (ssize_t)r->n;
}

/* Answers have a Content-Length. false: the connection is of no use any more. */
static bool take(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->have, ANSWER_MAX - 1 - c->have, 0);
    if (n <= 0)
        return false;
    c->have += (size_t)n;
    c->answer[c->have] = '\0';
    char *body = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
    if (!body || !length || length > body)
        return !body;
    if (c->have >= (size_t)(body + 4 - c->answer) + strtoul(length + 15, NULL, 10))
        ended(c, now_ns(), atoi(c->answer + 9));
    return true;
}

static void serve(size_t connections, int port, int64_t wait_ns)
{
    for (size_t i = 0; i < connections; i++)
        polled[i] = (struct pollfd){conn[i].fd, POLLIN, 0};
    struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
    if (ppoll(polled, connections, &wait, NULL) <= 0)
        return;
    for (size_t i = 0; i < connections; i++) {
        struct connection *c = &conn[i];
        if (!polled[i].revents || take(c))
            continue;
        broken += c->busy;
        c->busy = false;
        c->have = 0;
        close(c->fd);
        reach(c, port);
    }
}

static struct connection *idle(size_t connections)
{
    static size_t at;
    for (size_t i = 0; i < connections; i++)
        if (!conn[++at % connections].busy)
            return &conn[at % connections];
    return NULL;
}

static void run(int port, int64_t rate, int64_t seconds, size_t connections)
{
    int64_t began = now_ns(), each = 1000000000 / rate, count = rate * seconds, sent = 0;
    int64_t last = began + (seconds + 10) * 1000000000;
    for (int64_t now = began; now < last && (size_t)count > answers + broken; now = now_ns()) {
        struct connection *c = NULL;
        int64_t due = began + sent * each;
        while (sent < count && due <= now && (c = idle(connections))) {
            if (!send_one(c, (size_t)sent, due))
                broken++;
            due = began + ++sent * each;
        }
        bool full = sent < count && due <= now; /* all are busy: until one answers */
        serve(connections, port, full || sent == count ? 5000000 : due - now);
    }
    broken += (size_t)count - answers - broken;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int port = argc == 6 ? atoi(argv[1]) : 0;
    int64_t rate = argc == 6 ? atoll(argv[2]) : 0, seconds = argc == 6 ? atoll(argv[3]) : 0;
    size_t connections = argc == 6 ? (size_t)atoll(argv[4]) : 0;
    if (rate < 1 || seconds < 1 || connections < 1 || connections > CONNECTIONS_MAX ||
        !read_requests(argv[5])) {
        fprintf(stderr, "bench_steady PORT RATE SECONDS CONNECTIONS FILE\n");
        return 1;
    }
    took_us = calloc((size_t)(rate * seconds) + connections + 1, sizeof(*took_us));
    for (size_t i = 0; i < connections; i++)
        if (!took_us || !reach(&conn[i], port)) {
            fprintf(stderr, "port %d: %s\n", port, strerror(errno));
            return 1;
        }
    int64_t began = now_ns();
    run(port, rate, seconds, connections);
    int64_t us = (now_ns() - began) / 1000;
    qsort(took_us, answers, sizeof(*took_us), by_size);
    printf("requests=%zu us=%lld p50_us=%u p99_us=%u most_us=%u wrong=%zu broken=%zu\n", answers,
           (long long)us, answers ? took_us[answers / 2] : 0,
           answers ? took_us[answers * 99 / 100] : 0, answers ? took_us[answers - 1] : 0, wrong,
           broken);
    return 0;
}
