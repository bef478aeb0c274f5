#include "geo/shifted.h"

#include <math.h>
#include <stdbool.h>

#define A 6378245.0 /* Krasovsky's ellipsoid */
#define E2 0.00669342162296594323
#define NEAR 1e-10 /* degrees: 0.01 mm */
#define ROUNDS 20  /* three do, but no input may keep us */

static bool in_china(struct place p)
{
    return p.lon >= 72.004 && p.lon <= 137.8347 && p.lat >= 0.8293 && p.lat <= 55.8271;
}

static double waves(double v, double twelfth, double thirtieth)
{
    return (20 * sin(v * M_PI) + 40 * sin(v / 3 * M_PI) + twelfth * sin(v / 12 * M_PI) +
            thirtieth * sin(v / 30 * M_PI)) *
           2 / 3;
}

static struct place shifted(struct place p)
{
    double x = p.lon - 105, y = p.lat - 35, phi = p.lat * M_PI / 180;
    double ripple = (20 * sin(6 * x * M_PI) + 20 * sin(2 * x * M_PI)) * 2 / 3;
    double north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) + ripple +
                   waves(y, 160, 320);
    double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + ripple +
                  waves(x, 150, 300);
    double m = 1 - E2 * sin(phi) * sin(phi);
    return (struct place){p.lon + east * 180 / (A / sqrt(m) * cos(phi) * M_PI),
                          p.lat + north * 180 / (A * (1 - E2) / (m * sqrt(m)) * M_PI)};
}

static struct place baidus(struct place p)
{
    double k = M_PI * 3000 / 180;
    double z = sqrt(p.lon * p.lon + p.lat * p.lat) + 0.00002 * sin(p.lat * k);
    double theta = atan2(p.lat, p.lon) + 0.000003 * cos(p.lon * k);
    return (struct place){z * cos(theta) + 0.0065, z * sin(theta) + 0.006};
}

/* Both shifts change slowly, so what is missing at the end is what to add at the start. */
static struct place undone(struct place (*shift)(struct place), struct place want)
{
    struct place p = want;
    for (int i = 0; i < ROUNDS; i++) {
        struct place got = shift(p);
        double dx = want.lon - got.lon, dy = want.lat - got.lat;
        p.lon += dx;
        p.lat += dy;
        if (fabs(dx) < NEAR && fabs(dy) < NEAR)
            break;
    }
    return p;
}

struct place gcj02_of(struct place wgs84)
{
    return in_china(wgs84) ? shifted(wgs84) : wgs84;
}

struct place gcj02_undone(struct place gcj02)
{
    return in_china(gcj02) ? undone(shifted, gcj02) : gcj02;
}

struct place bd09_of(struct place wgs84)
{
    return baidus(gcj02_of(wgs84));
}

struct place bd09_undone(struct place bd09)
{
    return gcj02_undone(undone(baidus, bd09));
}
