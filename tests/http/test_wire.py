"""The wire: kept connections, pipelines, chunks, compression, wrong methods and paths, the end of the server."""
import gzip
import json
import re
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, CityTest, Raw, event, password, wait_until


class Wire(CityTest):
    def raw(self):
        raw = Raw(self.server.port)
        self.addCleanup(raw.close)
        return raw

    def head(self, method, path, user="z-001", **headers):
        """Request line and headers, with a session."""
        more = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
        return f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.who(user).token}\r\n{more}\r\n"

    def one(self, text):
        return self.raw().send(text).answer()

    # ---- connections ----

    def test_a_connection_is_kept_from_request_to_request(self):
        raw = self.raw()
        for _ in range(5):
            self.assertEqual(raw.send(self.head("GET", f"/v1/{JIXI}/status")).answer().status, 200)
        raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(raw.answer().headers["connection"], "close")
        self.assertTrue(raw.closed())

    def test_pipelined_requests_are_answered_in_their_order(self):
        raw = self.raw()
        case = self.reported()
        body = json.dumps(event(i=1)).encode()
        wanted = []
        for i in range(24):
            kind = i % 4
            if kind == 0:
                raw.send(self.head("GET", f"/v1/{JIXI}/cases/{case}"))
            elif kind == 1:
                raw.send(self.head("POST", f"/v1/{JIXI}/cases", "c-001", Content_Length=len(body)), body)
            elif kind == 2:
                raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            else:
                raw.send(self.head("GET", f"/v1/{JIXI}/cases?limit=1000"))
            wanted.append((200, 201, 200, 200)[kind])
        got = [raw.answer() for _ in wanted]
        self.assertEqual([a.status for a in got], wanted)
        self.assertEqual(got[0].json["id"], case)
        self.assertIn("alive", got[2].json)
        self.assertIn("cases", got[3].json)
        ids = [a.json["id"] for a in got[1::4]]
        self.assertEqual(ids, sorted(ids))

    def test_a_request_may_come_byte_by_byte(self):
        raw = self.raw()
        for byte in self.head("GET", f"/v1/{JIXI}/rules"):
            raw.send(byte)
        self.assertEqual(raw.answer().status, 200)

    def test_a_chunked_body_is_a_body(self):
        body = json.dumps(event(i=2), ensure_ascii=False).encode()
        raw = self.raw().send(self.head("POST", f"/v1/{JIXI}/cases", "c-001", Transfer_Encoding="chunked",
                                        Content_Type="application/json"))
        for at in range(0, len(body), 7):
            piece = body[at:at + 7]
            raw.send(b"%x\r\n" % len(piece), piece, b"\r\n")
        raw.send(b"0\r\n\r\n")
        self.assertEqual(raw.answer().json["description"], event()["description"])

    def test_a_length_and_chunks_at_once_are_refused(self):
        a = self.one(self.head("POST", f"/v1/{JIXI}/cases", "c-001", Transfer_Encoding="chunked", Content_Length=5)
                     + "0\r\n\r\n")
        self.assertEqual(a.status, 400)

    def test_nonsense_is_refused_and_the_connection_closed(self):
        for text in ("nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
                     "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"):
            raw = self.raw().send(text)
            self.assertIn(raw.answer().status, (400, 404, 505), text)

    def test_headers_without_end_are_refused(self):
        raw = self.raw().send("GET /healthz HTTP/1.1\r\nHost: x\r\n" + "X-Long: " + "y" * 20000 + "\r\n\r\n")
        self.assertEqual(raw.answer().status, 431)
        raw = self.raw().send("GET /" + "y" * 20000 + " HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(raw.answer().status, 414)

    # ---- compression ----

    def test_a_large_list_is_gzipped_where_that_is_accepted(self):
        for i in range(4):
            self.reported(i=10 + i)
        path = f"/v1/{JIXI}/cases"
        plain = self.one(self.head("GET", path))
        self.assertGreater(len(plain.raw), 1400)
        self.assertNotIn("content-encoding", plain.headers)
        packed = self.one(self.head("GET", path, Accept_Encoding="gzip, deflate"))
        self.assertEqual(packed.headers["content-encoding"], "gzip")
        self.assertIn("accept-encoding", packed.headers["vary"].lower())
        self.assertLess(len(packed.raw), len(plain.raw) // 2)
        self.assertEqual(json.loads(gzip.decompress(packed.raw))["cases"], plain.json["cases"])
        none = self.one(self.head("GET", path, Accept_Encoding="gzip;q=0"))
        self.assertNotIn("content-encoding", none.headers)
        small = self.one(self.head("GET", f"/v1/{JIXI}/rules", Accept_Encoding="gzip"))
        self.assertNotIn("content-encoding", small.headers)

    # ---- methods and paths ----

    def test_head_answers_like_get_without_a_body(self):
        case = self.reported(i=3)
        for path in ("/healthz", "/api", f"/v1/{JIXI}/cases/{case}", f"/v1/{JIXI}/cases/341824-2026-999999"):
            get, raw = self.one(self.head("GET", path)), self.raw()
            head = raw.send(self.head("HEAD", path)).answer(head_only=True)
            self.assertEqual((head.status, head.headers["content-length"]), (get.status, get.headers["content-length"]))
            self.assertEqual(head.headers.get("etag"), get.headers.get("etag"))
            self.assertEqual(raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").answer().json, {"alive": True})

    def test_a_wrong_method_is_told_the_right_ones(self):
        for method, path, allow in (("DELETE", f"/v1/{JIXI}/cases", {"GET", "HEAD", "POST", "OPTIONS"}),
                                    ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
                                    ("GET", f"/v1/{JIXI}/import/parts", {"POST", "OPTIONS"}),
                                    ("PATCH", "/v1/session", {"GET", "HEAD", "POST", "DELETE", "OPTIONS"})):
            a = self.one(self.head(method, path))
            self.assertEqual(a.status, 405, path)
            self.assertEqual(set(a.headers["allow"].replace(" ", "").split(",")), allow)
            self.assertEqual(a.json["status"], 405)

    def test_an_unknown_path_is_a_problem(self):
        for path in ("/", "/v1", "/v2/session", f"/v1/{JIXI}", f"/v1/{JIXI}/nothing", "/v1/session/", "//v1/session",
                     f"/v1/{JIXI}/cases/a/b/c/d", "/" + "a/" * 100):
            a = self.one(self.head("GET", path))
            self.assertEqual((a.status, a.headers["content-type"]), (404, "application/problem+json"), path)

    def test_every_answer_says_what_it_is(self):
        a = self.one("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(a.headers["x-content-type-options"], "nosniff")
        self.assertIn("date", a.headers)
        self.assertTrue(self.one("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").json["ready"])
        text = self.one("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body.decode()
        self.assertIn(f'wangge_writable{{area="{JIXI}"}} 1', text)


class Shutdown(CityTest):
    def setUp(self):
        if self.server.proc is None:
            self.server.start()

    def requests(self):
        """How many the server has read, this one included."""
        text = self.server.client().get("/metrics").body.decode()
        return int(re.search(r"^wangge_http_requests_total (\d+)", text, re.M)[1])

    def ends(self):
        self.server.proc.stdout.close()
        code, self.server.proc = self.server.proc.wait(15), None
        self.assertEqual(code, 0, self.server.said())

    def test_a_request_in_hand_is_finished(self):
        body = json.dumps({"area": JIXI, "user": "l-001", "password": password(JIXI, "l-001")})
        raws, begun = [], self.requests()
        for _ in range(3):  # the last of them waits for the others' hashes
            raws.append(Raw(self.server.port).send(
                f"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"))
        self.assertTrue(wait_until(lambda: self.requests() - begun > 3, every=0.001))
        self.server.proc.send_signal(signal.SIGTERM)
        for raw in raws:
            a = raw.answer()
            self.assertEqual((a.status, a.headers["connection"]), (201, "close"))
            self.assertTrue(raw.closed())
            raw.close()
        self.ends()

    def test_commands_in_hand_are_answered_and_kept(self):
        token, keys = self.who("c-001").token, []
        raw = Raw(self.server.port)
        text = b""
        for i in range(40):
            body = json.dumps(event(i=i)).encode()
            keys.append(f"last-{i}")
            text += (f"POST /v1/{JIXI}/cases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                     f"Idempotency-Key: {keys[-1]}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        raw.send(text)
        first = raw.answer()
        self.server.proc.send_signal(signal.SIGTERM)
        ids = [first.json["id"]]
        try:
            while len(ids) < 40:
                ids.append(raw.answer().json["id"])
        except (EOFError, ConnectionError):
            pass
        raw.close()
        self.ends()
        self.server.start()
        for i, case in enumerate(ids):
            self.assertEqual(self.who("c-001").report(json.dumps(event(i=i)).encode(),
                                                      Idempotency_Key=keys[i]).json["id"], case)

    def test_idle_connections_do_not_hold_it(self):
        raw = Raw(self.server.port)
        raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        start = time.monotonic()
        self.server.proc.send_signal(signal.SIGTERM)
        self.ends()
        self.assertLess(time.monotonic() - start, 2)
        raw.close()


if __name__ == "__main__":
    unittest.main()
