"""The journal as a stream: resumed, seen by whom it concerns, never losing what was committed while one looks."""
import json
import sys
import threading
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, STEPS, CityTest, Raw, event


class Follower:
    """One open stream."""

    def __init__(self, server, user, area=JIXI, after=None, last=None, sse=True, of=JIXI):
        self.raw = Raw(server.port)
        query = "" if after is None else f"?after={after}"
        head = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        head += "Accept: text/event-stream\r\n" if sse else ""
        self.raw.send(f"GET /v1/{of}/events{query} HTTP/1.1\r\nHost: x\r\n{head}"
                      f"Authorization: Bearer {server.person(area, user).token}\r\n\r\n")
        self.status, self.headers = self.raw.head()
        self.sse, self.text = sse, ""

    def next(self):
        """The next event: (id, entry)."""
        end = "\n\n" if self.sse else "\n"
        while True:
            while end not in self.text:
                piece = self.raw.chunk()
                if not piece:
                    return None
                self.text += piece.decode()
            one, self.text = self.text.split(end, 1)
            if not self.sse:
                entry = json.loads(one)
                return entry["n"], entry
            fields = dict(line.split(": ", 1) for line in one.split("\n"))
            if "data" in fields:
                return int(fields["id"]), json.loads(fields["data"])

    def until(self, n):
        """All events up to entry n."""
        got = []
        while not got or got[-1][0] < n:
            got.append(self.next())
        return got

    def close(self):
        self.raw.close()


class Feed(CityTest):
    def follow(self, user, **more):
        f = Follower(self.server, user, **more)
        self.addCleanup(f.close)
        self.assertEqual(f.status, 200)
        return f

    def last(self):
        return self.who("s-001").get(f"/v1/{JIXI}/status").json["entries"]

    def test_events_come_as_they_happen_and_in_order(self):
        start = self.last()
        f = self.follow("z-001", after=start)
        self.assertEqual(f.headers["content-type"], "text/event-stream")
        case = self.brought_to("close", i=1)
        got = f.until(self.last())
        self.assertEqual([n for n, _ in got], list(range(start + 1, start + 10)))
        self.assertEqual([e["do"] for _, e in got], ["report"] + [s[0] for s in STEPS])
        self.assertEqual({e["of"] for _, e in got}, {case})

    def test_a_broken_stream_goes_on_after_the_last_event(self):
        start = self.last()
        f = self.follow("z-001", after=start)
        self.brought_to("dispatch", i=2)
        first = [f.next() for _ in range(2)]
        f.close()
        self.reported(i=3)
        again = self.follow("z-001", last=first[-1][0])
        got = first + again.until(self.last())
        self.assertEqual([n for n, _ in got], list(range(start + 1, self.last() + 1)))
        both = self.follow("z-001", after=0, last=self.last() - 1)  # the browser's header wins
        self.assertEqual(both.next()[0], self.last())

    def test_without_the_media_type_they_are_lines_to_the_last_entry(self):
        start = self.last()
        case = self.reported(i=4)
        a = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/events?after={start}"), 200)
        self.assertEqual(a.headers["content-type"], "application/x-ndjson")
        self.assertEqual([json.loads(line)["of"] for line in a.body.splitlines()], [case])

    def test_a_unit_hears_of_its_cases_alone(self):
        start = self.last()
        mine = self.brought_to("dispatch", i=5)
        self.reported(i=6)
        last = self.is_status(self.who("u-hw-1").act(mine, "acknowledge"), 200)
        self.assertEqual(last.json["state"], "disposing")
        got = self.follow("u-hw-1", after=start).until(self.last())
        self.assertEqual({e["of"] for _, e in got}, {mine})
        self.assertEqual(len(got), 5)

    def test_a_collector_hears_of_own_reports(self):
        start = self.last()
        self.reported(i=7)
        mine = self.reported(i=8, by="c-002")
        got = self.follow("c-002", after=start).until(self.last())
        self.assertEqual([e["of"] for _, e in got], [mine])

    def test_an_auditor_reads_the_raw_journal_whole(self):
        got = self.follow("s-001", after=0).until(self.last())
        self.assertEqual([n for n, _ in got], list(range(1, self.last() + 1)))
        for _, e in got:
            self.assertLessEqual({"n", "t", "by", "do", "in", "facts", "out", "prev"}, set(e))
        self.assertEqual(got[0][1]["prev"], "")
        self.assertTrue(got[1][1]["prev"].startswith("b2:"))
        self.assertTrue(any(e["do"] == "keep" for _, e in got))
        self.assertFalse("argon2" in str(got))

    def test_others_see_neither_upkeep_nor_facts_nor_keys(self):
        self.is_status(self.who("c-001").report(event(i=9), Idempotency_Key="secret-key"), 201)
        for _, e in self.follow("l-001", after=0).until(self.last()):
            self.assertLessEqual(set(e), {"n", "t", "by", "as", "do", "of", "out"})
            self.assertNotIn(e["do"], ("keep", "done"))

    def test_admins_and_strangers_hear_nothing(self):
        for user in ("admin", "g-001", "h-001"):
            self.is_status(self.who(user).get(f"/v1/{JIXI}/events"), 403)
        self.is_status(self.who("s-001", LANGXI).get(f"/v1/{JIXI}/events"), 403)

    def test_the_city_s_auditor_follows_a_county(self):
        f = self.follow("s-001", area=CITY, after=0)
        self.assertEqual(f.next()[0], 1)

    def test_a_wrong_place_to_resume_from_is_refused(self):
        for head in ("x", "-1", "1.5"):
            self.is_status(self.who("z-001").get(f"/v1/{JIXI}/events", Last_Event_ID=head), 422)

    def test_nothing_is_lost_however_often_one_resumes_under_load(self):
        start = self.last()
        stop = threading.Event()
        writers = [self.server.another(JIXI, user) for user in ("c-001", "c-002")]
        threads = [threading.Thread(target=self.write, args=(w, stop)) for w in writers]
        for t in threads:
            t.start()
        got, after = [], start
        try:
            for _ in range(60):
                f = Follower(self.server, "z-001", after=after)
                got += [f.next()[0] for _ in range(12)]
                after = got[-1]
                f.close()
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(got, list(range(start + 1, start + 1 + len(got))))

    @staticmethod
    def write(client, stop):
        for i in range(5000):
            if stop.is_set():
                return
            client.report(event(i=i))


class End(CityTest):
    def test_a_stream_ends_whole_when_the_server_stops(self):
        f = Follower(self.server, "z-001", after=0)
        case = self.reported()
        self.assertEqual(f.next()[1]["of"], case)
        self.assertEqual(self.server.stop(), 0)
        while f.next():
            pass
        self.assertTrue(f.raw.closed())
        f.close()


if __name__ == "__main__":
    unittest.main()
