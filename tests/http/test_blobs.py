"""Evidence: what is taken in, who may see it, what is marked."""
import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, STEPS, WANGGE, CityTest, city, event, jpeg, spots, tiff

CHINA = timezone(timedelta(hours=8))


def said(when):
    return when.astimezone(CHINA).strftime("%Y:%m:%d %H:%M:%S")


def ago(**span):
    return said(datetime.now(CHINA) - timedelta(**span))


def chunk(name, data):
    return len(data).to_bytes(4, "big") + name + data + bytes(4)


def png(**exif):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes.fromhex("00000001000000010802000000")) +
            chunk(b"eXIf", tiff(**exif)) + chunk(b"IEND", b""))


def webp(**exif):
    block = tiff(**exif)
    rest = b"VP8X" + (10).to_bytes(4, "little") + b"\x08" + bytes(9) + b"EXIF" + len(block).to_bytes(4, "little") + block
    return b"RIFF" + (len(rest) + 4).to_bytes(4, "little") + b"WEBP" + rest + bytes(len(rest) % 2)


def heic(**exif):
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100) + b"Exif\0\0" + tiff(**exif)


def box(brand):
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\2\0isomiso2" + bytes(64)


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        t.addfile(tarfile.TarInfo("rules.lua"), io.BytesIO())
    return out.getvalue()


WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffffffffffff")
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
OGG = b"OggS\0\2" + bytes(8) + b"abcd" + bytes(4) + b"crc1\1\x1e\1vorbis" + bytes(24)
TAKEN = {"image/jpeg": jpeg(), "image/png": png(), "image/webp": webp(), "image/heic": heic(),
         "audio/mpeg": b"\xff\xfb\x90\x64" + bytes(417), "audio/mp4": box(b"M4A "), "audio/amr": b"#!AMR\n" + bytes(32),
         "audio/wav": WAV, "audio/ogg": OGG, "video/mp4": box(b"isom"), "video/3gpp": box(b"3gp4"),
         "video/quicktime": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/webm": WEBM}
DATA = {"text/csv": "编码,名称\n1,一\n2,二\n".encode(), "application/json": b'[{"id":"u-1"}]',
        "application/geo+json": b'{"type":"FeatureCollection","features":[]}', "application/x-tar": tar()}
REFUSED = {"image/gif": b"GIF89a\1\0\1\0", "application/pdf": b"%PDF-1.4\n", "text/html": b"<html><script>x</script></html>",
           "image/svg+xml": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "text/plain": b"hello"}


class BlobTest(CityTest):
    def put(self, user, body, area=JIXI, **headers):
        return self.who(user, area).ask("PUT", f"/v1/{area}/blobs", body, **headers)

    def stored(self, user, body, area=JIXI):
        return self.is_status(self.put(user, body, area), 201).json["sha256"]

    def fetch(self, user, name, area=JIXI, of=JIXI, **headers):
        return self.who(user, area).get(f"/v1/{of}/blobs/{name}", **headers)


class What(BlobTest):
    def test_a_file_is_what_its_bytes_say_whatever_the_sender_says(self):
        for kind, body in TAKEN.items():
            a = self.is_status(self.put("c-001", body, Content_Type="text/html"), 201).json
            self.assertEqual(a, {"sha256": hashlib.sha256(body).hexdigest(), "type": kind, "size": len(body)})
            back = self.fetch("c-001", a["sha256"])
            self.assertEqual((back.body, back.headers["content-type"]), (body, kind))
            self.assertEqual((back.headers["x-content-type-options"], back.headers["content-disposition"]),
                             ("nosniff", "inline"))

    def test_what_is_no_evidence_is_refused_by_the_name_of_what_it_is(self):
        for kind, body in {**REFUSED, **DATA}.items():
            a = self.is_status(self.put("c-001", body, Content_Type="image/jpeg"), 415)
            self.assertIn(kind, a.json["detail"])
        self.is_status(self.put("c-001", b""), 422)

    def test_who_imports_may_send_data_and_sees_what_was_sent(self):
        for kind, body in DATA.items():
            a = self.is_status(self.put("admin", body), 201).json
            self.assertEqual(a["type"], kind)
            back = self.is_status(self.fetch("admin", a["sha256"]), 200)
            self.assertEqual((back.headers["content-type"], back.headers["content-disposition"]), (kind, "attachment"))
            self.is_status(self.fetch("g-001", a["sha256"]), 403)
            self.is_fault(self.who("c-001").report(event(photos=[a["sha256"]])), "/photos/0", kind)
        self.is_status(self.put("g-001", DATA["application/x-tar"]), 201)
        self.is_status(self.put("admin", REFUSED["application/pdf"]), 415)

    def test_the_same_bytes_are_the_same_blob_whoever_sends_them(self):
        body = jpeg(7)
        one, two = self.put("c-001", body).json, self.put("u-hw-1", body).json
        self.assertEqual(one, two)
        folder = self.server.data / JIXI / "blobs"
        self.assertEqual(len(list(folder.glob(f"??/{one['sha256']}"))), 1)
        self.assertEqual(list(folder.glob("new-*")), [])

    def test_exif_says_when_where_and_with_what(self):
        said = dict(taken="2026:03:06 17:00:00", at=(118.5853, 30.0658), make="Xiaomi", model="13 Pro")
        want = {"taken": "2026-03-06T17:00:00+08:00", "location": {"type": "Point", "coordinates": [118.5853, 30.0658]},
                "camera": "Xiaomi 13 Pro"}
        for body in (jpeg(**said), jpeg(little=True, **said), png(**said), webp(**said), heic(**said)):
            a = self.is_status(self.put("c-001", body), 201).json
            self.assertEqual({k: a.get(k) for k in want}, want, a["type"])
        a = self.put("c-001", jpeg(taken="2026:03:06 09:00:00", offset="+00:00", make="Canon", model="Canon R5")).json
        self.assertEqual((a["taken"], a["camera"]), ("2026-03-06T17:00:00+08:00", "Canon R5"))
        a = self.put("c-001", jpeg(at=(-0.5, -33.25))).json
        self.assertEqual(a["location"]["coordinates"], [-0.5, -33.25])

    def test_exif_that_makes_no_sense_says_nothing(self):
        for said in (dict(taken="0000:00:00 00:00:00"), dict(taken="2026:13:06 17:00:00"), dict(taken="yesterday"),
                     dict(at=(0, 0)), dict(at=(181, 30)), dict(make="\x01\x02")):
            a = self.is_status(self.put("c-001", jpeg(**said)), 201).json
            self.assertEqual(set(a), {"sha256", "type", "size"}, said)
        whole = jpeg(taken="2026:03:06 17:00:00", at=(118.5, 30.0))
        for n in range(3, len(whole), 7):
            self.assertIn(self.put("c-001", whole[:n]).status, (201, 415))


class Limits(BlobTest):
    config = {"uploads": {"photo_mb": 1, "sound_mb": 2, "video_mb": 3, "data_mb": 1, "per_hour": 12}}

    def test_each_kind_has_its_size(self):
        for mb, body in ((1, jpeg(size=1 << 20)), (2, WAV.ljust(2 << 20, b"\0")), (3, WEBM.ljust(3 << 20, b"\0"))):
            self.is_status(self.put("c-001", body), 201)
            a = self.is_status(self.put("c-001", body + b"\0"), 413)
            if mb < 3:                                       # more than any may have is not read to its end
                self.assertIn(str(mb << 20), a.json["detail"])

    def test_an_account_sends_so_many_an_hour(self):
        if time.time() % 3600 > 3570:
            time.sleep(35)
        for i in range(12):
            self.is_status(self.put("c-002", jpeg(i)), 201)
        a = self.is_status(self.put("c-002", jpeg(99)), 429)
        self.assertTrue(0 < int(a.headers["retry-after"]) <= 3600)
        self.assertIn("12", a.json["detail"])
        self.is_status(self.put("u-hw-1", jpeg(99)), 201)


class Configuration(unittest.TestCase):
    def test_limits_that_make_no_sense_are_told_by_their_key(self):
        for uploads, word in (({"photo": 1}, "photo"), ({"photo_mb": 0}, "photo_mb"), ({"per_hour": "x"}, "per_hour"),
                              (5, "uploads")):
            with self.assertRaisesRegex(RuntimeError, f"configuration: {word}: "):
                city("uploads", uploads=uploads).start()


class Sight(BlobTest):
    def test_who_sent_it_sees_it_at_once_and_nobody_else(self):
        name = self.stored("c-001", jpeg(1))
        self.is_status(self.fetch("c-001", name), 200)
        for user in ("c-002", "z-001", "u-hw-1", "admin", "g-001"):
            self.is_status(self.fetch(user, name), 403)
        self.stored("c-002", jpeg(1))
        self.is_status(self.fetch("c-002", name), 200)
        self.is_status(self.fetch("c-001", "0" * 64), 404)
        self.is_status(self.fetch("c-001", name[:-1]), 404)

    def test_who_sees_a_case_sees_what_it_names(self):
        name = self.stored("c-001", jpeg(2))
        case = self.brought_to("file", i=2, photos=[name])
        for user, status in (("z-001", 200), ("a-001", 200), ("s-001", 200), ("c-002", 403), ("u-hw-1", 403), ("admin", 403),
                             ("g-001", 403)):
            self.is_status(self.fetch(user, name), status)
        self.is_status(self.fetch("l-001", name, CITY), 200)
        self.is_status(self.fetch("z-001", name, LANGXI), 403)
        self.is_status(self.who("p-001").act(case, "dispatch", {"unit": "u-hw"}), 200)
        self.is_status(self.fetch("u-hw-1", name), 200)
        self.is_status(self.fetch("u-cg-1", name), 403)
        after = self.stored("u-hw-1", jpeg(3))
        self.is_status(self.who("u-hw-1").act(case, "acknowledge"), 200)
        self.is_status(self.who("u-hw-1").act(case, "dispose", {"photos": [after]}), 200)
        self.is_status(self.fetch("c-002", after), 403)
        self.is_status(self.who("a-001").act(case, "ask_check"), 200)
        self.is_status(self.fetch("c-002", after), 200)      # a task that waits for collectors

    def test_photos_go_along_to_the_county_next_door(self):
        name = self.stored("c-001", jpeg(4, taken=ago(hours=3)))
        case = self.brought_to("file", i=3, photos=[name])
        self.is_status(self.fetch("z-001", name, LANGXI, LANGXI), 404)
        self.is_status(self.who("z-001").act(case, "handover", {"to": LANGXI}), 200)
        self.is_status(self.who("z-001", LANGXI).act(case, "receive"), 200)
        there = self.who("z-001", LANGXI).case(case).json["photos"][0]
        self.assertEqual((there["sha256"], there["by"], there["late"]), (name, "c-001", True))
        self.assertEqual(self.is_status(self.fetch("z-001", name, LANGXI, LANGXI), 200).headers["content-type"], "image/jpeg")
        self.is_status(self.fetch("c-002", name, LANGXI, LANGXI), 403)

    def test_base_data_is_its_importers(self):
        body = '[{"id":"u-hw","name":"环卫所","kind":"professional"}]'.encode()
        self.is_status(self.who("admin", LANGXI).post(f"/v1/{LANGXI}/import/units", body), 201)
        name = hashlib.sha256(body).hexdigest()
        self.assertEqual(self.is_status(self.fetch("admin", name, LANGXI, LANGXI), 200).body, body)
        self.is_status(self.fetch("z-001", name, LANGXI, LANGXI), 403)

    def test_parts_of_a_video_can_be_had(self):
        body = WEBM + bytes(i * 7 % 251 for i in range(300000))
        name = self.stored("c-001", body)
        a = self.fetch("c-001", name)
        tag = a.headers["etag"]
        self.assertEqual((tag, a.headers["accept-ranges"]), (f'"{name}"', "bytes"))
        self.assertIn("immutable", a.headers["cache-control"])
        self.assertIn("private", a.headers["cache-control"])
        n = len(body)
        for want, first, last in (("0-0", 0, 0), ("5-99", 5, 99), ("250000-", 250000, n - 1), ("-10", n - 10, n - 1),
                                  (f"10-{n * 2}", 10, n - 1), (f"-{n * 2}", 0, n - 1)):
            a = self.is_status(self.fetch("c-001", name, Range="bytes=" + want), 206)
            self.assertEqual(a.headers["content-range"], f"bytes {first}-{last}/{n}")
            self.assertEqual(a.body, body[first:last + 1])
        for want in (f"{n}-", "-0"):
            a = self.is_status(self.fetch("c-001", name, Range="bytes=" + want), 416)
            self.assertEqual(a.headers["content-range"], f"bytes */{n}")
        for want in ("bytes=0-1,5-6", "bytes=9-5", "bytes=x-", "bytes=-", "lines=1-2", "bytes=1"):
            self.assertEqual(self.is_status(self.fetch("c-001", name, Range=want), 200).body, body)
        self.is_status(self.fetch("c-001", name, Range="bytes=0-9", If_Range=tag), 206)
        self.is_status(self.fetch("c-001", name, Range="bytes=0-9", If_Range='"other"'), 200)
        a = self.fetch("c-001", name, If_None_Match=tag)
        self.assertEqual((a.status, a.body), (304, b""))
        self.is_status(self.fetch("c-002", name, If_None_Match=tag), 403)
        a = self.who("c-001").ask("HEAD", f"/v1/{JIXI}/blobs/{name}", None, Range="bytes=0-9")
        self.assertEqual((a.status, a.headers["content-length"]), (200, str(n)))


class Marks(BlobTest):
    def at(self, i, north_m=0):
        return spots(JIXI)[i]["lon"], spots(JIXI)[i]["lat"] + north_m / 111200

    def photo(self, case, k=-1):
        return self.who("z-001").case(case).json["photos"][k]

    def marks(self, case):
        entry = self.who("z-001").case(case, "/history").json[-1]
        return [o["what"] for o in entry["outcomes"] if o["k"] == "mark"]

    def test_a_photo_tells_who_when_and_at_which_stage(self):
        before = time.time()
        name = self.stored("c-001", jpeg(1, taken=ago(minutes=2), at=self.at(0)))
        case = self.reported(photos=[name])
        p = self.photo(case)
        at = datetime.fromisoformat(p.pop("at")).timestamp()
        self.assertTrue(before - 1 <= at <= time.time() + 1)
        self.assertTrue(p.pop("taken").endswith("+08:00"))
        self.assertEqual(p, {"sha256": name, "stage": "before", "by": "c-001", "type": "image/jpeg"})
        self.assertEqual(self.marks(case), [])

    def test_a_photo_without_exif_has_no_time_and_no_mark(self):
        case = self.reported(i=1, photos=[self.stored("c-001", jpeg(2))])
        p = self.photo(case)
        self.assertIsNone(p["taken"])
        self.assertFalse({"late", "far_m"} & set(p))
        self.assertEqual(self.marks(case), [])

    def test_S4r_a_photo_three_hours_old_is_taken_and_marked(self):
        case = self.reported(i=2, photos=[self.stored("c-001", jpeg(3, taken=ago(hours=3), at=self.at(2)))])
        self.assertTrue(self.photo(case)["late"])
        self.assertEqual(self.marks(case), ["photo_late"])

    def test_a_photo_from_elsewhere_is_taken_and_marked(self):
        near = self.stored("c-001", jpeg(4, taken=ago(minutes=1), at=self.at(3, 150)))
        far = self.stored("c-001", jpeg(5, taken=ago(minutes=1), at=self.at(3, 350)))
        case = self.reported(i=3, photos=[near, far])
        self.assertNotIn("far_m", self.photo(case, 0))
        self.assertAlmostEqual(self.photo(case, 1)["far_m"], 350, delta=3)
        self.assertNotIn("late", self.photo(case, 1))
        self.assertEqual(self.marks(case), ["photo_far"])

    def test_steps_are_measured_at_the_case_and_their_own_time(self):
        case = self.brought_to("acknowledge", i=4)
        name = self.stored("u-hw-1", jpeg(6, taken=ago(minutes=45), at=self.at(4, 1000)))
        self.is_status(self.who("u-hw-1").act(case, "dispose", {"photos": [name]}), 200)
        p = self.photo(case)
        self.assertEqual((p["stage"], p["by"], p["late"]), ("after", "u-hw-1", True))
        self.assertAlmostEqual(p["far_m"], 1000, delta=5)
        self.assertEqual(self.marks(case), ["photo_late", "photo_far"])

    def test_the_reasons_of_a_case_are_no_list_of_photos(self):
        case = self.reported(i=5, photos=[self.stored("c-001", jpeg(7))])
        said = {r["decision"] for r in self.who("z-001").case(case, "/explain").json}
        self.assertFalse({"sha256", "type", "taken"} & said)

    def test_twenty_a_step_and_a_hundred_a_case(self):
        names = [self.stored("c-001", jpeg(100 + i)) for i in range(21)]
        self.is_fault(self.who("c-001").report(event(i=6, photos=names)), "/photos", "20")
        case = self.reported(i=6, photos=names[:20])
        for action, user, body in STEPS[:4]:
            self.is_status(self.who(user).act(case, action, {**body, "photos": names[:20]}), 200)
        dispose = self.who("u-hw-1")
        self.is_fault(dispose.act(case, "dispose", {"photos": names[:1]}), "/photos", "100")
        self.is_status(dispose.act(case, "dispose"), 200)
        self.assertEqual(len(self.who("z-001").case(case).json["photos"]), 100)

    def test_sounds_and_videos_are_evidence_too(self):
        case = self.reported(i=7, photos=[self.stored("c-001", WAV), self.stored("c-001", WEBM)])
        self.assertEqual([self.photo(case, k)["type"] for k in (0, 1)], ["audio/wav", "video/webm"])


class Audit(BlobTest):
    def audit(self):
        return subprocess.run([WANGGE, "replay", "--audit", "-c", self.server.file, JIXI], capture_output=True, text=True)

    def test_the_audit_reads_every_blob_that_is_named(self):
        name = self.stored("c-001", jpeg(1, taken=ago(hours=3), at=(118.0, 30.0)))
        other = self.stored("c-001", jpeg(2))
        self.reported(photos=[name, other])
        self.reported(i=1, photos=[name])
        self.stored("c-001", jpeg(3))                        # that nobody names
        self.assertEqual(self.server.stop(), 0)
        out = self.audit()
        self.assertEqual(out.returncode, 0, out)
        self.assertIn("0 missing or changed", out.stdout)
        path = self.server.data / JIXI / "blobs" / name[:2] / name
        was = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(was[:-1] + b"\0")
        out = self.audit()
        self.assertEqual(out.returncode != 0, True)
        self.assertIn("1 missing or changed", out.stdout)
        self.assertIn(name, out.stdout)
        path.unlink()
        self.assertIn("no such blob", self.audit().stdout)
        path.write_bytes(was)
        self.assertEqual(self.audit().returncode, 0)
        self.server.start()

    def test_what_was_kept_beside_a_blob_is_made_again_by_sending_it_again(self):
        body = jpeg(9, taken=ago(hours=3))
        name = self.stored("c-001", body)
        beside = self.server.data / JIXI / "blobs" / name[:2] / (name + ".json")
        was = beside.read_bytes()
        beside.unlink()
        self.is_fault(self.who("c-001").report(event(i=2, photos=[name])), "/photos/0", "PUT")
        self.assertEqual(self.fetch("c-001", name).headers["content-type"], "image/jpeg")
        self.stored("c-001", body)
        self.assertEqual(beside.read_bytes(), was)
        case = self.reported(i=2, photos=[name])
        self.assertTrue(self.who("z-001").case(case).json["photos"][0]["late"])

    def test_many_may_send_at_once(self):
        bodies, got = [jpeg(i, size=200000) for i in range(12)], []

        def send(body):
            client = self.server.another(JIXI, "c-001")
            got.append(client.ask("PUT", f"/v1/{JIXI}/blobs", body).json["sha256"])
        self.who("c-001")
        threads = [threading.Thread(target=send, args=(b,)) for b in bodies * 2]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(got), sorted(hashlib.sha256(b).hexdigest() for b in bodies * 2))


if __name__ == "__main__":
    unittest.main()
