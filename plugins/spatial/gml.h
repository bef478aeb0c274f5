/** GML 3.2 (ISO 19136), as WFS 2.0 sends it. */
#ifndef WG_SPATIAL_GML_H
#define WG_SPATIAL_GML_H

#include "spatial.h"

#define GML_SPACE "urn:wangge:map"
#define GML_XMLNS                                                                                \
    "xmlns:wfs=\"http://www.opengis.net/wfs/2.0\" xmlns:gml=\"http://www.opengis.net/gml/3.2\" " \
    "xmlns:ows=\"http://www.opengis.net/ows/1.1\" xmlns:fes=\"http://www.opengis.net/fes/2.0\" " \
    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" xmlns:wg=\"" GML_SPACE "\" "                   \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define GML_XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/** What may be a name in XML; all else becomes an underscore. */
void gml_name(struct wg_buf *b, struct wg_str s);
void gml_urn(struct wg_buf *b, const struct crs *c);

#endif
