/** Any bytes as CQL2, text or (where they begin with a brace) JSON: refused in words, or bound to a
 * layer and true, false or null of each of its features, the same twice. */
#include "spatial/cql.h"
#include "geo/geo.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    struct member *m = &source.member[0];
    if (source.members)
        return;
    wg_require(wg_layer_from_geojsons(wg_str_of(places), &layer, NULL, &err) == WG_OK);
    *m = (struct member){.layer = layer, .table = table_of("990101", "places", layer)};
    source.members = 1;
    wg_require(m->table && source_fields(&source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wg_str text = {(const char *)data, size};
    struct wg_arena *a = wg_arena_new(0);
    struct wg_err err = {0};
    struct cql *c = NULL;
    struct cql_run *run = NULL;
    prepare();
    int rc = (size && data[0] == '{' ? cql_parse_json : cql_parse)(a, text, &c, &err);
    wg_require((rc == WG_OK) == (c != NULL) && (rc == WG_OK || err.text[0]));
    if (c && cql_bind(c, &source, crs_at(size % 3), &run, &err) == WG_OK)
        for (size_t i = 0; i < wg_layer_count(source.member[0].layer); i++) {
            int said = cql_says(run, 0, i);
            wg_require(said >= -1 && said <= 1 && said == cql_says(run, 0, i));
        }
    cql_run_free(run);
    wg_arena_free(a);
    return 0;
}
