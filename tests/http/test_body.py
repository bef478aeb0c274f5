"""What a body must be: each fault is refused with the field and the reason, and nothing happens."""
import json
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, Raw, event, jpeg, point, spots


class Body(CityTest):
    def report(self, body, user="c-001", **headers):
        return self.who(user).report(body, **headers)

    def part(self, i=0):
        """A report about a part of the demo."""
        s = [s for s in spots(JIXI) if "part" in s][i]
        return {"kind": "part", "category": s["category"], "part": s["part"], "location": point(s["lon"], s["lat"])}

    def is_broken(self, body, *words, status=400):
        a = self.is_status(self.report(body), status)
        for word in words:
            self.assertIn(word, a.json["detail"])
        return a

    def entries(self):
        return self.who("s-001").get(f"/v1/{JIXI}/status").json["entries"]

    # ---- not JSON ----

    def test_no_body_is_refused(self):
        self.is_broken(b"", "empty")
        self.is_broken(None, "empty")

    def test_broken_json_is_refused_with_line_and_column(self):
        self.is_broken(b'{"kind":"event",\n  "category" "0110"}', "line 2", "column")
        self.is_broken(b'{"kind":"event"', "line 1")
        self.is_broken(b'{"kind":"event",}', "line 1")
        self.is_broken(b"{'kind':1}", "line 1")
        self.is_broken(b'{"kind":"event"} {}', "line 1")
        self.is_broken(b'\xef\xbb\xbf{"kind":"event"}')
        self.is_broken(b'{"a":NaN}')
        self.is_broken(b'{"a":01}')
        self.is_broken(b'{"a":"\x01"}')
        self.is_broken(b"\x00" * 100)

    def test_what_is_no_object_is_refused(self):
        for body in (b"[]", b"null", b'"text"', b"17", b"true"):
            self.is_broken(body, "object")

    def test_a_key_twice_is_refused(self):
        self.is_broken(b'{"kind":"event","category":"0110","kind":"part"}', "kind")
        self.is_broken(b'{"kind":"event","k\\u0069nd":"part"}', "only once")

    def test_a_megabyte_of_nesting_is_refused_at_once(self):
        for body in (b"[" * 1000000, b'{"a":' * 200000, b'{"a":' + b"[" * 1000000, b'{"a":' + b"[[]," * 200000):
            self.is_broken(body, "line 1")

    def test_invalid_utf8_is_refused(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe6\xb1"):
            self.is_broken(b'{"kind":"event","description":"' + bad + b'"}', "line 1")

    def test_half_a_surrogate_pair_is_refused(self):
        for bad in (rb"\ud800", rb"\udc00", rb"\ud83d\u0041", rb"\ud83d"):
            self.is_broken(b'{"kind":"event","description":"' + bad + b'"}', "line 1")
        whole = json.dumps(event(i=1, description="垃圾\U0001f600")).encode()
        self.assertIn(rb"\ud83d\ude00", whole)
        self.assertEqual(self.is_status(self.report(whole), 201).json["description"], "垃圾\U0001f600")

    def test_a_body_of_more_than_a_megabyte_is_too_large(self):
        self.is_broken(b'{"description":"' + b"x" * (1 << 20) + b'"}', status=413)
        raw = Raw(self.server.port)
        raw.send(f"POST /v1/{JIXI}/cases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.who('c-001').token}\r\n"
                 f"Content-Length: 99999999999\r\n\r\n")
        self.assertEqual(raw.answer().status, 413)
        raw.close()

    def test_another_media_type_is_refused(self):
        a = self.report(b"<case/>", Content_Type="application/xml")
        self.is_status(a, 415)

    # ---- not a report ----

    def test_wrong_types_are_refused(self):
        for key, values in {"kind": (1, None, [], {}, ""), "category": (110, True, "", ["0110"]),
                            "description": (5, {}, []), "address": (1, ["x"]), "note": (1,), "source": (1, []),
                            "standard": (7,)}.items():
            for v in values:
                self.is_fault(self.report(event(**{key: v})), "/" + key)
        self.is_fault(self.report(event(photos="x")), "/photos")
        self.is_fault(self.report(event(photos=[1])), "/photos/0")
        self.is_fault(self.report(event(location=[1, 2])), "/location")
        self.is_fault(self.report(event(location={"type": "Polygon", "coordinates": []})), "/location")
        self.is_fault(self.report(event(location={**point(118.6, 30.06), "crs": "x"})), "/location")

    def test_an_unknown_field_is_refused(self):
        self.is_fault(self.report(event(colour="red")), "/colour", "no such field")
        self.is_fault(self.report({**event(), "id": "341824-2026-000001"}), "/id")
        self.is_fault(self.report({**event(), "": 1}), "/")
        self.is_fault(self.report({**event(), "x" * 500: 1}), "/" + "x" * 100)

    def test_missing_fields_are_named(self):
        for key in ("kind", "category", "location"):
            body = event()
            del body[key]
            self.is_fault(self.report(body), "/" + key, "missing")

    def test_an_unknown_class_is_refused(self):
        self.is_fault(self.report(event(category="9999")), "/category", "9999", "categories")
        self.is_fault(self.report(event(category="01100")), "/category")
        self.is_fault(self.report(event(category="x" * 100)), "/category")
        self.is_fault(self.report(event(kind="thing")), "/kind", "part", "event")
        self.is_fault(self.report(event(standard="GB/T 1")), "/standard", "30428")

    def test_places_out_of_range_are_refused(self):
        for lon, lat, i in ((180.1, 30, 0), (-181, 30, 0), (118.6, 90.5, 1), (118.6, -91, 1), ("118.6", 30.06, 0),
                            (None, 30, 0), (118.6, True, 1), (118.6, [30.06], 1)):
            self.is_fault(self.report(event(location=point(lon, lat))), f"/location/coordinates/{i}")
        for odd in ([118.6], [118.6, 30.06, 5], [], {}):
            self.is_fault(self.report(event(location={"type": "Point", "coordinates": odd})), "/location/coordinates")

    def test_numbers_beyond_what_a_place_can_be_are_refused(self):
        for number, i in (("1e999", 0), ("-1e999", 0), ("1e-999", 0), ("118.6e9", 0), ("1" * 400, 0), ("0." + "1" * 400, 1)):
            pair = f"[{number},30.068]" if i == 0 else f"[118.599,{number}]"
            body = json.dumps(event(location="HERE"), ensure_ascii=False).replace(
                '"HERE"', '{"type":"Point","coordinates":%s}' % pair).encode()
            a = self.report(body)
            self.assertIn(a.status, (400, 422), (number, a))
            self.assertIn("line 1" if a.status == 400 else "/location", a.body.decode())

    def test_a_place_in_another_county_is_refused_with_its_name(self):
        s = spots(LANGXI)[0]
        self.is_fault(self.report(event(location=point(s["lon"], s["lat"]))), "/location", "郎溪县", LANGXI)
        self.is_fault(self.report(event(location=point(116.4, 39.9))), "/location", "no county")
        self.is_fault(self.report(event(location=point(0, 0))), "/location")

    def test_long_texts_are_refused(self):
        self.is_fault(self.report(event(description="长" * 1400)), "/description", "4200", "4000")
        self.is_fault(self.report(event(address="长" * 200)), "/address")
        self.is_status(self.report(event(i=2, description="长" * 1333)), 201)

    # ---- parts ----

    def test_a_part_is_reported_by_its_code(self):
        a = self.is_status(self.report(self.part()), 201)
        self.assertEqual(a.json["part"], self.part()["part"])

    def test_a_part_that_is_not_there_is_refused(self):
        self.is_fault(self.report({**self.part(), "part": "3418240101999999"}), "/part", "3418240101999999")
        self.is_fault(self.report(event(part=self.part()["part"])), "/part", "event")

    def test_a_part_of_another_class_is_refused(self):
        body = self.part()
        other = "0101" if body["category"] != "0101" else "0102"
        self.is_fault(self.report({**body, "category": other}), "/part", body["category"], other)

    # ---- photos, sources, callers ----

    def test_photos_that_are_no_blobs_are_refused(self):
        real = self.who("c-001").ask("PUT", f"/v1/{JIXI}/blobs", jpeg(), Content_Type="image/jpeg")
        name = self.is_status(real, 201).json["sha256"]
        self.assertEqual((real.json["type"], real.json["size"]), ("image/jpeg", len(jpeg())))
        self.is_fault(self.report(event(photos=[name, "0" * 64])), "/photos/1", "blob")
        for bad in ("../../wangge.lua", "", name[:-1], name.upper() if name != name.upper() else "Z" * 64, "." * 64):
            self.is_fault(self.report(event(photos=[bad])), "/photos/0")
        self.is_fault(self.report(event(photos=[name] * 21)), "/photos", "20")
        a = self.is_status(self.report(event(i=3, photos=[name])), 201)
        self.assertEqual([(p["sha256"], p["stage"]) for p in a.json["photos"]], [(name, "before")])
        self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/blobs/{name}").body, jpeg())
        self.is_status(self.who("z-001").get(f"/v1/{JIXI}/blobs/{'0' * 64}"), 404)
        self.is_status(self.who("z-001").get(f"/v1/{JIXI}/blobs/..%2F..%2Fwangge.lua"), 404)

    def test_a_source_must_be_one_that_its_reporter_can_have(self):
        self.is_fault(self.report(event(source="rumour")), "/source", "hotline")
        self.is_fault(self.report(event(source="hotline")), "/source", "collector")
        self.is_fault(self.report(event(source="collector"), "a-001"), "/source")

    def test_a_caller_is_name_and_phone(self):
        for odd in ("李", [], {"name": "李", "age": "5"}, {"phone": 139}, {"name": "x" * 201}, {"age": "5"}):
            self.is_fault(self.report(event(source="hotline", caller=odd), "a-001"), "/caller")

    # ---- steps ----

    def test_a_step_s_fields_are_checked(self):
        case = self.reported(i=5)
        chief, send = self.who("z-001"), self.who("p-001")
        self.is_fault(self.who("a-001").act(case, "reject"), "/reason", "missing")
        self.is_fault(self.who("a-001").act(case, "reject", {"reason": ""}), "/reason")
        self.is_fault(self.who("a-001").act(case, "accept", {"note": 1}), "/note")
        self.is_fault(self.who("a-001").act(case, "accept", {"photos": ["0" * 64]}), "/photos/0")
        self.is_fault(self.who("a-001").act(case, "accept", {"unit": "u-hw"}), "/unit", "no such field")
        self.is_status(self.who("a-001").act(case, "accept"), 200)
        self.is_fault(chief.act(case, "file"), "/condition", "missing")
        self.is_fault(chief.act(case, "file", {"condition": 1}), "/condition")
        rows = chief.get(f"/v1/{JIXI}/categories?kind=event&category=0110").json["categories"][0]["conditions"]
        self.is_fault(chief.act(case, "file", {"condition": "77"}), "/condition", "77", "there are: ", rows[0]["id"])
        self.is_status(chief.act(case, "file", {"condition": rows[0]["id"]}), 200)
        self.is_fault(send.act(case, "dispatch", {"unit": "u-nobody"}), "/unit", "u-nobody", "units")
        self.is_fault(send.act(case, "dispatch", {"unit": None}), "/unit")
        self.is_status(send.act(case, "dispatch", {"unit": "u-hw"}), 200)
        self.is_status(self.who("a-001").act(case, "accept", b"{"), 400)

    def test_a_check_s_result_is_one_of_three(self):
        case = self.brought_to("ask_check", i=6)
        self.is_fault(self.who("c-001").act(case, "check"), "/result")
        self.is_fault(self.who("c-001").act(case, "check", {"result": "maybe"}), "/result", "pass, fail, unclear")
        self.assertEqual(self.who("c-001").act(case, "check", {"result": "unclear"}).json["state"], "disposed")

    def test_a_refused_body_leaves_nothing_behind(self):
        before = self.entries()
        self.is_fault(self.report(event(source="hotline", caller={"name": 1}), "a-001"), "/caller")
        self.is_fault(self.report(event(category="9999")), "/category")
        self.is_broken(b"{")
        self.assertEqual(self.entries(), before)

    # ---- parameters ----

    def test_parameters_are_checked_too(self):
        for path in ("locate?lon=1000&lat=30", "locate?lon=x&lat=30", "locate", "cases?limit=0", "cases?limit=1001",
                     "cases?limit=x", "cases?from=yesterday", "cases?state=flying", "cases?lamp=pink", "cases?bbox=1,2,3",
                     "cases?sort=size", "cases?cursor=zzz", "cases?colour=red", "clock?limit=0&unit=work_day",
                     "clock?limit=1&unit=moon", "clock?limit=1e9&unit=work_day", "calendar?from=2026-02-30",
                     "events?after=-1", "responsibility?lon=118.6&lat=30.06"):
            a = self.who("z-001").get(f"/v1/{JIXI}/{path}")
            self.assertIn(a.status, (400, 422), (path, a))
            self.assertEqual(len(a.pointers), 1, (path, a))
        self.is_status(self.who("z-001").get(f"/v1/{JIXI}/cases?q=%zz"), 400)


if __name__ == "__main__":
    unittest.main()
