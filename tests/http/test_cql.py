"""CQL2 against a brute-force evaluator: random features, random filters, as text and as JSON; three values of truth."""
import json
import random
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import JIXI, CityTest

WORDS = ["井盖", "路灯", "行道树", "O'Brien", "a%b", "back\\slash", "Ä", "ä", "STRASSE", "", "井"]
DAYS = ["2026-01-01", "2026-01-02", "2025-12-31", "2024-02-29"]


def features(rng, n=400):
    """With numbers, texts, flags; some null, some missing."""
    out = []
    for i in range(n):
        p = {"name": f"点{i}", "n": rng.randint(-3, 3), "x": rng.randint(-8, 8) / 4, "t": rng.choice(WORDS), "b": rng.random() < 0.5,
             "d": rng.choice(DAYS)}
        for key in ("n", "x", "t", "b", "d"):
            if rng.random() < 0.2:
                p[key] = None
            elif rng.random() < 0.1:
                del p[key]
        out.append({"type": "Feature", "id": f"q{i:04d}", "properties": p,
                    "geometry": {"type": "Point", "coordinates": [118.5 + rng.randint(0, 20) / 100, 30.0 + rng.randint(0, 20) / 100]}})
    return out


# ---- filters: a tree, its text, its JSON, its truth ----

def quote(s):
    return "'" + s.replace("\\", "\\\\").replace("'", "''") + "'"


class Made:
    """text, json, and says(feature) -> True, False, None (or a value)."""

    def __init__(self, text, doc, says):
        self.text, self.doc, self.says = text, doc, says


def prop(name):
    return Made(f'"{name}"' if name != "t" else name, {"property": name}, lambda f: f["properties"].get(name))


def literal(v):
    text = quote(v) if isinstance(v, str) else ("TRUE" if v else "FALSE") if isinstance(v, bool) else repr(v)
    return Made(text, v, lambda f: v)


def lift(fn):
    """Null where an argument is."""
    return lambda *made: (lambda f: None if any(m.says(f) is None for m in made) else fn(*(m.says(f) for m in made)))


COMPARE = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
           "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}


def utf8(fn):
    """Texts are ordered by their bytes."""
    return lambda a, b: fn(a.encode(), b.encode()) if isinstance(a, str) else fn(a, b)


def number(rng, depth):
    kind = rng.randrange(6 if depth else 3)
    if kind == 0:
        return literal(rng.choice([rng.randint(-3, 3), rng.randint(-8, 8) / 4]))
    if kind < 3:
        return prop(rng.choice("nx"))
    op = rng.choice("+-*/")
    a, b = number(rng, depth - 1), number(rng, depth - 1)
    table = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y if y else None}
    return Made(f"({a.text} {op} {b.text})", {"op": op, "args": [a.doc, b.doc]}, lift(table[op])(a, b))


def like(s, pattern):
    """By recursion: another way than ours."""
    if not pattern:
        return not s
    if pattern[0] == "%":
        return any(like(s[k:], pattern[1:]) for k in range(len(s) + 1))
    if pattern[0] == "\\" and len(pattern) > 1:
        return s[:1] == pattern[1] and like(s[1:], pattern[2:])
    return bool(s) and (pattern[0] == "_" or pattern[0] == s[0]) and like(s[1:], pattern[1:])


def claim(rng):
    kind = rng.randrange(9)
    if kind < 2:
        op = rng.choice(list(COMPARE))
        a, b = number(rng, 2), number(rng, 1)
        return Made(f"{a.text} {op} {b.text}", {"op": op, "args": [a.doc, b.doc]}, lift(COMPARE[op])(a, b))
    if kind == 2:
        op = rng.choice(list(COMPARE))
        a, b = prop("t"), literal(rng.choice(WORDS))
        return Made(f"{a.text} {op} {b.text}", {"op": op, "args": [a.doc, b.doc]}, lift(utf8(COMPARE[op]))(a, b))
    if kind == 3:
        a, p = prop("t"), rng.choice(["井%", "%灯", "_", "%", "a\\%b", "__", "%\\\\%", "", "%树%"])
        return Made(f"t LIKE {quote(p)}", {"op": "like", "args": [a.doc, p]}, lift(lambda s: like(s, p))(a))
    if kind == 4:
        a, b, c = number(rng, 0), number(rng, 0), number(rng, 0)

        def between(f):
            low, high = lift(COMPARE[">="])(a, b)(f), lift(COMPARE["<="])(a, c)(f)
            return both(low, high)
        return Made(f"{a.text} BETWEEN {b.text} AND {c.text}", {"op": "between", "args": [a.doc, b.doc, c.doc]}, between)
    if kind == 5:
        some = rng.sample(WORDS, rng.randint(1, 4))
        a = prop("t")
        return Made(f"t IN ({', '.join(map(quote, some))})", {"op": "in", "args": [a.doc, some]}, lift(lambda s: s in some)(a))
    if kind == 6:
        a = prop(rng.choice(["n", "x", "t", "b"]))
        return Made(f"{a.text} IS NULL", {"op": "isNull", "args": [a.doc]}, lambda f: a.says(f) is None)
    if kind == 7:
        return prop("b") if rng.random() < 0.5 else literal(rng.random() < 0.5)
    w, s = 118.5 + rng.randint(-2, 20) / 100, 30.0 + rng.randint(-2, 20) / 100
    e, n = w + rng.randint(0, 10) / 100, s + rng.randint(0, 10) / 100
    box = [round(v, 2) for v in (w, s, e, n)]
    name = rng.choice(["S_INTERSECTS", "S_DISJOINT"])

    def inside(f):
        x, y = f["geometry"]["coordinates"]
        hit = box[0] <= x <= box[2] and box[1] <= y <= box[3]
        return hit if name == "S_INTERSECTS" else not hit
    return Made(f"{name}(geometry,BBOX({','.join(map(repr, box))}))", {"op": name.lower(), "args": [{"property": "geometry"}, {"bbox": box}]}, inside)


def both(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def turn(a):
    return None if a is None else not a


def tree(rng, depth):
    kind = rng.randrange(4) if depth else 3
    if kind == 0:
        a = tree(rng, depth - 1)
        return Made(f"NOT ({a.text})", {"op": "not", "args": [a.doc]}, lambda f: turn(a.says(f)))
    if kind < 3:
        a, b = tree(rng, depth - 1), tree(rng, depth - 1)
        word, fn = ("AND", both) if kind == 1 else ("OR", either)
        return Made(f"({a.text}) {word} ({b.text})", {"op": word.lower(), "args": [a.doc, b.doc]}, lambda f: fn(a.says(f), b.says(f)))
    return claim(rng)


class Cql(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("cql", plugins=["spatial"]).start()
        cls.features = features(random.Random(20261123))
        body = json.dumps({"type": "FeatureCollection", "features": cls.features}, ensure_ascii=False).encode()
        a = cls.server.person(JIXI, "admin").post(f"/v1/{JIXI}/import/places", body, Content_Type="application/geo+json")
        assert a.status == 201, a

    def select(self, filter, status=200, **more):
        query = urllib.parse.urlencode({"limit": 10000, "filter": filter, **{k.replace("_", "-"): v for k, v in more.items()}})
        a = self.is_status(self.who("z-001").get(f"/ogc/{JIXI}/collections/places/items?{query}"), status)
        if status == 200:
            self.assertEqual(a.json["numberMatched"], len(a.json["features"]))
            return {f["id"] for f in a.json["features"]}
        self.assertTrue(a.json["detail"])
        return a.json["detail"]

    def test_random_filters_select_what_brute_force_selects(self):
        rng = random.Random(4)
        every = {f["id"] for f in self.features}
        seen = [0, 0, 0]
        for _ in range(150):
            made = tree(rng, 3)
            said = {f["id"]: made.says(f) for f in self.features}
            true = {i for i, v in said.items() if v is True}
            null = {i for i, v in said.items() if v is None}
            self.assertEqual(self.select(made.text), true, made.text)
            self.assertEqual(self.select(json.dumps(made.doc), filter_lang="cql2-json"), true, made.doc)
            # what is not true and not null is false: F, NOT F and null are all there is
            self.assertEqual(self.select(f"NOT ({made.text})"), every - true - null, made.text)
            seen = [s + len(x) for s, x in zip(seen, (true, null, every - true - null))]
        self.assertTrue(all(s > 5000 for s in seen), seen)

    def test_precedence_and_words_in_any_case(self):
        for short, long in (("n = 1 OR n = 2 AND b", "(n = 1) OR ((n = 2) AND b)"), ("not n = 1 and b", "(NOT (n = 1)) AND b"),
                            ("n + 2 * x > 1", "(n + (2 * x)) > 1"), ("n between 1 and 2 and b", "(n >= 1 AND n <= 2) AND b"),
                            ("2 ^ 3 ^ 0 = 2", "2 ^ (3 ^ 0) = 2"), ("n NOT IN (1,2)", "NOT n IN (1,2)"), ("-n > 0", "n < 0"),
                            ("t iS nOt NuLl", "NOT (t IS NULL)"), ("n div 2 = 1", "n IN (2,3)"), ("n % 2 = 1", "n IN (1,3)")):
            self.assertEqual(self.select(short), self.select(long), short)

    def test_what_clients_send(self):
        self.assertEqual(self.select("((n = 1) AND (t LIKE '%树%'))"),
                         {f["id"] for f in self.features if f["properties"].get("n") == 1 and "树" in (f["properties"].get("t") or "")})
        self.assertEqual(self.select("(CASEI(t) LIKE CASEI('ä'))"), {f["id"] for f in self.features if f["properties"].get("t") in ("Ä", "ä")})
        self.assertEqual(self.select("CASEI(t) = CASEI('straße')"), {f["id"] for f in self.features if f["properties"].get("t") == "STRASSE"})
        self.assertEqual(self.select("(d >= TIMESTAMP('2026-01-01T00:00:00.000Z'))"),
                         {f["id"] for f in self.features if (f["properties"].get("d") or "") >= "2026-01-01"})
        self.assertEqual(self.select("d = DATE('2024-02-29')"), {f["id"] for f in self.features if f["properties"].get("d") == "2024-02-29"})
        self.assertEqual(self.select("T_DURING(d, INTERVAL('2025-12-30','2026-01-02'))"),
                         {f["id"] for f in self.features if f["properties"].get("d") in ("2025-12-31", "2026-01-01")})
        self.assertEqual(self.select("T_AFTER(d, DATE('2026-01-01'))"), {f["id"] for f in self.features if f["properties"].get("d") == "2026-01-02"})
        self.assertEqual(self.select("T_INTERSECTS(d, INTERVAL('2026-01-01','..'))"),
                         {f["id"] for f in self.features if (f["properties"].get("d") or "") >= "2026-01-01"})
        self.assertEqual(self.select("id = 'q0007'"), {"q0007"})
        x, y = self.features[0]["geometry"]["coordinates"]
        here = {f["id"] for f in self.features if f["geometry"]["coordinates"] == [x, y]}
        self.assertEqual(self.select(f"S_INTERSECTS(geometry,POINT({x} {y}))"), here)
        self.assertEqual(self.select(f"S_INTERSECTS(geometry,POINT({y} {x}))", filter_crs="http://www.opengis.net/def/crs/EPSG/0/4490"), here)
        self.assertEqual(self.select(f"S_WITHIN(geometry,POLYGON(({x - .001} {y - .001},{x + .001} {y - .001},{x} {y + .001},{x - .001} {y - .001})))"), here)
        self.assertEqual(self.select(f"S_EQUALS(\"geometry\",POINT Z({x} {y} 5))"), here)

    def test_eight_relations_of_areas(self):
        box = lambda w, s, e, n: [[118.5 + x / 100, 30 + y / 100] for x, y in ((w, s), (e, s), (e, n), (w, n), (w, s))]
        areas = {"same": box(0, 0, 2, 2), "over": box(1, 1, 3, 3), "beside": box(2, 0, 4, 2), "inner": box(0.5, 0.5, 1.5, 1.5), "far": box(8, 8, 9, 9),
                 "around": box(-1, -1, 5, 5)}
        body = {"type": "FeatureCollection", "features": [{"type": "Feature", "id": k, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [r]}}
                                                          for k, r in areas.items()]}
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/import/streets", body, Content_Type="application/geo+json"), 201)
        wkt = "POLYGON((" + ",".join(f"{x!r} {y!r}" for x, y in areas["same"]) + "))"
        line = "LINESTRING(118.49 30.012,118.525 30.012)"  # from outside, through same and inner, into over and beside; all in around

        def ask(filter):
            query = urllib.parse.urlencode({"filter": filter, "limit": 100})
            return {f["id"] for f in self.is_status(self.who("z-001").get(f"/ogc/{JIXI}/collections/streets/items?{query}"), 200).json["features"]}
        for name, want in (("S_INTERSECTS", "same over beside inner around"), ("S_DISJOINT", "far"), ("S_EQUALS", "same"), ("S_TOUCHES", "beside"),
                           ("S_OVERLAPS", "over"), ("S_WITHIN", "same inner"), ("S_CONTAINS", "same around"), ("S_CROSSES", "")):
            self.assertEqual(ask(f"{name}(geometry,{wkt})"), set(want.split()), name)
        for name, want in (("S_WITHIN", "same around"), ("S_CONTAINS", "same inner"), ("S_INTERSECTS", "same over beside inner around")):  # turned round
            self.assertEqual(ask(f"{name}({wkt},geometry)"), set(want.split()), name)
        self.assertEqual(ask(f"S_CROSSES(geometry,{line})"), {"same", "over", "beside", "inner"})
        self.assertEqual(ask(f"S_CROSSES({line},geometry)"), {"same", "over", "beside", "inner"})
        self.assertEqual(ask(f"S_CONTAINS(geometry,{line})"), {"around"})
        self.assertEqual(ask("S_EQUALS(geometry,geometry)"), set(areas))

    def test_fifteen_relations_in_time(self):
        said = {"T_AFTER": lambda a, b, c, d: a > d, "T_BEFORE": lambda a, b, c, d: b < c, "T_CONTAINS": lambda a, b, c, d: a < c and d < b,
                "T_DISJOINT": lambda a, b, c, d: b < c or d < a, "T_DURING": lambda a, b, c, d: c < a and b < d, "T_EQUALS": lambda a, b, c, d: (a, b) == (c, d),
                "T_FINISHEDBY": lambda a, b, c, d: a < c and b == d, "T_FINISHES": lambda a, b, c, d: a > c and b == d,
                "T_INTERSECTS": lambda a, b, c, d: a <= d and c <= b, "T_MEETS": lambda a, b, c, d: b == c, "T_METBY": lambda a, b, c, d: a == d,
                "T_OVERLAPPEDBY": lambda a, b, c, d: c < a < d < b, "T_OVERLAPS": lambda a, b, c, d: a < c < b < d,
                "T_STARTEDBY": lambda a, b, c, d: a == c and b > d, "T_STARTS": lambda a, b, c, d: a == c and b < d}
        moment = lambda h: f"2026-01-01T{h:02}:00:00Z"
        spans = [(1, 3), (3, 5), (2, 4), (1, 5), (2, 3), (6, 7)]
        for name, fn in said.items():
            for a, b in spans[:4]:
                true = [(c, d) for c, d in spans if fn(a, b, c, d)]
                claims = [f"{name}(INTERVAL('{moment(a)}','{moment(b)}'),INTERVAL('{moment(c)}','{moment(d)}'))" for c, d in spans]
                got = [bool(self.select(f"({claim}) AND id = 'q0001'")) for claim in claims]
                self.assertEqual([s for s, g in zip(spans, got) if g], true, (name, a, b))

    def test_a_dear_filter_ends(self):
        s = support.city("dear", plugins=[{"name": "spatial", "config": {"patience_ms": 1}}]).start()
        dear = " OR ".join(f"CASEI(name) LIKE CASEI('%{k}%{k}%x')" for k in range(150))
        a = s.person(JIXI, "z-001").get(f"/ogc/{JIXI}/collections/parts/items?" + urllib.parse.urlencode({"filter": dear}))
        self.assertEqual((a.status, a.json["errors"][0]["pointer"]), (503, "/filter"), a)
        self.is_status(s.person(JIXI, "z-001").get(f"/ogc/{JIXI}/collections/parts/items?limit=5"), 200)
        self.assertEqual(s.stop(), 0)

    def test_what_is_wrong_is_said_with_its_place(self):
        for text, word in (("n = ", "too early"), ("n == 1", "character 4"), ("(n = 1", ") is missing"), ("n = 'x'", "n is a number"), ("nothing = 1", "no property nothing"),
                           ("t LIKE 5", "a text is needed"), ("n", "true or false is needed"), ("t = 'x", "never closed"), ("n IN ()", ""), ("n BETWEEN 1", "AND"),
                           ("foo(n) = 1", "no such function"), ("S_INTERSECTS(geometry, 5)", "a shape is needed"), ("S_INTERSECTS(geometry, POINT(1))", ""),
                           ("S_INTERSECTS(geometry,POLYGON((0 0,1 1,0 1,1 0,0 0)))", "not valid"), ("S_INTERSECTS(geometry,POLYGON((0 0,1 1,0 1)))", "ring"),
                           ("S_INTERSECTS(geometry,BBOX(1,2,3))", "BBOX"), ("S_INTERSECTS(geometry,POINT(200 30))", "outside"), ("d > DATE('yesterday')", "date"),
                           ("n = 1e999", "number"), ("NOT", ""), ("AND", ""), ("n = 1 n = 2", "missing here"), ("", "too early"), ("n IS 5", "IS NULL"), ("b > 1", ""),
                           ("(" * 2500 + "n = 1" + ")" * 2500, "64 deep"), ("(" * 100 + "n = 1" + ")" * 100, "64 deep"), ("NOT " * 100 + "b", "64 deep"),
                           ("n IN (" + ",".join(["1"] * 1500) + ")", "too many"), ("n=1 OR " * 1200 + "b", "8192")):
            detail = self.select(text, status=400)
            self.assertIn(word, detail, text[:60])
        for doc in ("{", "[]", "5", "{}", '{"op":"="}', '{"op":"=","args":[1]}', '{"op":"nothing","args":[1,2]}', '{"op":"in","args":[{"property":"n"}]}',
                    '{"op":"and","args":' * 200 + "1" + "}" * 200, '{"property":5}', '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2]}]}'):
            self.select(doc, status=400, filter_lang="cql2-json")
        self.select("n = 1", status=400, filter_lang="sql")
        self.select("n = 1 AND " * 60 + "b")  # a chain is not deep

    def test_a_filter_meets_box_page_and_count(self):
        query = urllib.parse.urlencode({"filter": "n > 0", "bbox": "118.5,30,118.6,30.1", "limit": 7})
        page = self.who("z-001").get(f"/ogc/{JIXI}/collections/places/items?{query}").json
        ids, total = [f["id"] for f in page["features"]], page["numberMatched"]
        while href := next((x["href"] for x in page["links"] if x["rel"] == "next"), None):
            page = self.who("z-001").get(href[href.index("/ogc"):]).json
            ids += [f["id"] for f in page["features"]]
        want = {f["id"] for f in self.features if (f["properties"].get("n") or 0) > 0 and f["geometry"]["coordinates"][0] <= 118.6 and f["geometry"]["coordinates"][1] <= 30.1}
        self.assertEqual((set(ids), len(ids), total), (want, len(want), len(want)))


if __name__ == "__main__":
    unittest.main()
