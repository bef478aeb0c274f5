"""Files: GeoJSON with seven decimals, CSV, JSON with a record a line."""
import csv
import json

README = """演示数据：宣城（虚构）  Demo data for a made-up Xuancheng

真实的只有区划代码和名称（2023 年版统计用区划代码）。边界、网格、部件、单位账号、案卷全部为虚构，
不得当作测绘成果或统计数据使用。
Real: the codes and names of counties, streets and communities. Made up: every outline, grid,
responsibility area, part, unit, account, address and case. Not survey data.

Coordinates are longitude, latitude on CGCS2000 (EPSG:4490). Neighbours share their corners to the
last digit; grids tile communities, communities tile streets, streets and duties tile counties.

341800/counties.geojson         the seven counties
341800/units.json, people.json  the city's centre and its accounts
COUNTY/streets.geojson, communities.geojson
COUNTY/grids.geojson            unit grids 单元网格; a village is one grid
COUNTY/duties.geojson           responsibility areas 责任网格; `unit` answers there
COUNTY/parts.csv                parts 部件
COUNTY/units.json               units; `categories`: the class prefixes that are theirs
COUNTY/owners.json              class prefix -> unit, the longest that fits wins. Parts: owner first,
                                territory second. Events: a class that fits no prefix falls to the
                                territory (the unit of the responsibility area)
COUNTY/people.json              the account plan, without passwords
COUNTY/day.json                 a working day of cases; `steps` is how far each one gets
"""


def _degrees(e7):
    return f"{e7 // 10 ** 7}.{e7 % 10 ** 7:07d}"


def _ring(ring):
    closed = ring + ring[:1]
    return "[" + ",".join(f"[{_degrees(x)},{_degrees(y)}]" for x, y in closed) + "]"


def _geometry(polygons):
    rings = ["[" + ",".join(_ring(r) for r in poly) + "]" for poly in polygons]
    if len(rings) == 1:
        return f'{{"type":"Polygon","coordinates":{rings[0]}}}'
    return f'{{"type":"MultiPolygon","coordinates":[{",".join(rings)}]}}'


def _dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def geojson(path, areas):
    """A FeatureCollection, a feature a line."""
    lines = [f'{{"type":"Feature","id":{_dumps(a.code)},"properties":{_dumps(a.props)},'
             f'"geometry":{_geometry(a.polygons)}}}' for a in areas]
    path.write_text('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n",
                    encoding="utf-8", newline="\n")


def parts_csv(path, rows):
    """Parts, in the order of their ids."""
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        for row in rows:
            out.writerow({**row, "lon": _degrees(row["lon"]), "lat": _degrees(row["lat"])})


def records(path, rows):
    """A JSON list, a record a line."""
    path.write_text("[\n" + ",\n".join(map(_dumps, rows)) + "\n]\n", encoding="utf-8", newline="\n")


def table(path, value):
    """A small JSON object, for people to read."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n",
                    encoding="utf-8", newline="\n")
