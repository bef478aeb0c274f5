/** Two features with a value of each kind, as a source to bind filters to. */
#ifndef WG_FUZZ_PLACES_H
#define WG_FUZZ_PLACES_H

#include "geo/geo.h"
#include "spatial/cql.h"

static const char places[] = "{\"type\":\"Feature\",\"id\":\"a\",\"properties\":{\"name\":\"甲\","
                             "\"n\":1,\"x\":0.5,\"t\":\"井盖\","
                             "\"b\":true,\"d\":\"2026-01-01\",\"m\":[1]},\"geometry\":{\"type\":"
                             "\"Polygon\",\"coordinates\":[[[118,30],"
                             "[119,30],[119,31],[118,30]]]}}\n"
                             "{\"type\":\"Feature\",\"id\":\"b\",\"properties\":{\"n\":null,\"t\":"
                             "\"\\\\\",\"b\":false,\"m\":2},"
                             "\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,1],[2,"
                             "1],[2,2],[1,1]]],[[[5,5],[6,5],"
                             "[6,6],[5,5]]]]}}\n";

static struct source source;

static void prepare(void)
{
    struct wg_layer *layer = NULL;
    struct wg_err err = {0};
    static struct member m;
    static struct wg_arena *fields; /* kept for all runs, so that it is no leak */
    if (fields)
        return;
    wg_require(wg_layer_from_geojsons(wg_str_of(places), NULL, &layer, NULL, &err) == WG_OK);
    m.layer = layer;
    m.table = (struct table *)kept_make(&table_kind, "990101", collection_at(0), layer);
    source.member = &m;
    source.members = 1;
    source.box = wg_layer_box(layer);
    source.systems = systems_make(source.box);
    wg_require(m.table && (fields = wg_arena_new(0)) && source_fields(fields, &source));
}

/* Of each feature true, false or null, the same twice. */
static void says_of_each(struct cql_run *run)
{
    for (size_t i = 0; i < wg_layer_count(source.member[0].layer); i++) {
        int said = cql_says(run, 0, i);
        wg_require(said >= -1 && said <= 1 && said == cql_says(run, 0, i));
    }
}

#endif
