/** Behind geo.h: GCJ-02 (Amap, Tencent, phones' location SDKs) and BD-09 (Baidu), which shift WGS
 * 84 by some 300 to 900 m. Degrees, lon before lat; both ways closed to under a millimetre. Outside
 * of the box that all implementations agree on (72.004..137.8347, 0.8293..55.8271) GCJ-02 is
 * WGS 84. Thread: any. Source: no authority published GCJ-02; the formulas are those that
 * eviltransform and gcoord (both MIT) share, as Amap's and Baidu's own converters answer. */
#ifndef WG_GEO_SHIFTED_H
#define WG_GEO_SHIFTED_H

struct place {
    double lon, lat;
};
struct place gcj02_of(struct place wgs84);
struct place gcj02_undone(struct place gcj02);
struct place bd09_of(struct place wgs84);
struct place bd09_undone(struct place bd09);

#endif
