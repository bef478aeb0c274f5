"""Fill a running server with the demo city: base data, accounts, a day of cases. All of it over HTTP, each step by an
account that may take it."""
import http.client
import json
import secrets
import sys
import threading
import time
import urllib.parse

CITY = "341800"
BASE = [("streets", "geojson"), ("communities", "geojson"), ("grids", "geojson"), ("duties", "geojson"), ("parts", "csv"),
        ("units", "json"), ("owners", "json")]
TYPES = {"geojson": "application/geo+json", "csv": "text/csv", "json": "application/json"}
PUBLIC = {"user": "public", "name": "公众上报", "roles": ["public"]}
# 2012: two counties first (政策：绩溪、郎溪先行), the others follow.
LIVE = ("341824", "341821")
PHASES = [("prep", "前期准备"), ("build", "建设"), ("trial", "试运行"), ("live", "正式运行")]
# What is done after the report, by whom, up to which a case may get ("steps" of day.json).
PATH = [("accept", "a-001", "accepted"), ("file", "z-001", "filed"), ("dispatch", "p-001", "dispatched"),
        ("acknowledge", "unit", "disposing"), ("dispose", "unit", "disposed"), ("ask_check", "a-001", "checking"),
        ("check", "c-001", "checked"), ("close", "z-001", "closed")]


class Refused(Exception):
    """The server said no where it should not have."""


def say(text):
    """A line of progress; standard output is for `ready` alone."""
    print(text, file=sys.stderr, flush=True)


class Client:
    """One connection; signed in as whoever is asked for, once each."""

    def __init__(self, url, area, passwords):
        self.at = urllib.parse.urlsplit(url).netloc
        self.area, self.passwords, self.tokens = area, passwords, {}
        self.line = http.client.HTTPConnection(self.at, timeout=120)

    def exchange(self, method, path, body=None, headers=None):
        """(status, JSON); asked once more with the same key if the line broke or the server was busy."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(12), **(headers or {})}
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body, ensure_ascii=False).encode(), "application/json"
        for again in (True, False):
            try:
                self.line.request(method, path, body, headers)
                answer = self.line.getresponse()
                status, text = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self.line.close()
                if not again:
                    raise
                continue
            if status != 503 or not again:
                return status, json.loads(text or b"null")
            time.sleep(1)

    def token(self, user):
        """The token of a user of this area."""
        if user not in self.tokens:
            status, answer = self.exchange("POST", "/v1/session", {
                "area": self.area, "user": user, "password": self.passwords[user]})
            if status != 201:
                raise Refused(f"{self.area}: {user} can't sign in: {answer}")
            self.tokens[user] = answer["token"]
        return self.tokens[user]

    def ask(self, user, method, path, body=None, kind=None):
        """The answer to a request that must succeed. path: below /v1/{area}."""
        headers = {"Authorization": "Bearer " + self.token(user)}
        if kind:
            headers["Content-Type"] = kind
        status, answer = self.exchange(method, f"/v1/{self.area}/{path}", body, headers)
        if not 200 <= status < 300:
            raise Refused(f"{self.area}: {user} {method} {path}: {status} {answer}")
        return answer


def load_base(client, folder):
    """The layers and tables of an area."""
    names = [("counties", "geojson"), ("units", "json")] if client.area == CITY else BASE
    for name, form in names:
        data = (folder / f"{name}.{form}").read_bytes()
        client.ask("admin", "POST", f"import/{name}", data, TYPES[form])


def people_of(folder):
    """The accounts of an area: its plan, and in a county the public's."""
    people = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    return people if folder.name == CITY else people + [PUBLIC]


def load_people(client, people):
    """Every account but the admin's, which is there already."""
    for p in people:
        if p["user"] != "admin":
            client.ask("admin", "POST", "users", {**p, "password": client.passwords[p["user"]]})


# ---- the day

def body_of(case):
    """A row of day.json as a report."""
    body = {k: case[k] for k in ("kind", "category", "source", "description", "address")}
    body["location"] = {"type": "Point", "coordinates": [case["lon"], case["lat"]]}
    if case.get("part"):
        body["part"] = case["part"]
    return body


def conditions(client):
    """(kind, class) -> ids of its condition rows: a county's pack may have others than the plan."""
    answer = client.ask("admin", "GET", "categories")
    return {(c["kind"], c["category"]): [r["id"] for r in c["conditions"]] for c in answer["categories"]}


def step(client, case, now, action, who, rows):
    """One step; the case after it."""
    body = {}
    if action == "file":
        ids = rows[case["kind"], case["category"]]
        body["condition"] = case["condition"] if case["condition"] in ids else ids[0]
    elif action == "dispatch":
        body["unit"] = now["proposed_unit"] or "u-cg"
    elif action == "check":
        body["result"] = "fail" if case["steps"] == "rework" else "pass"
    user = now["unit"] + "-1" if who == "unit" else who
    return client.ask(user, "POST", f"cases/{now['id']}/{action}", body)


def play(client, case, rows):
    """Report a case and take it as far as the plan says."""
    now = client.ask(case["reporter"], "POST", "cases", body_of(case))
    if case["steps"] == "rejected":
        client.ask("a-001", "POST", f"cases/{now['id']}/reject", {"reason": "不属于城市管理部件、事件范围"})
        return
    if case["steps"] == "reported":
        return
    for action, who, reached in PATH:
        now = step(client, case, now, action, who, rows)
        if reached == case["steps"] or (case["steps"] == "rework" and action == "check"):
            return


def load_phases(city, area):
    """The county's life so far, told by the city's admin: two are live, the others on trial."""
    for phase, note in PHASES[:None if area in LIVE else 3]:
        status, answer = city.exchange("POST", f"/v1/{area}/tenant", {"phase": phase, "note": note},
                                       {"Authorization": "Bearer " + city.token("admin")})
        if status != 200:
            raise Refused(f"{area}: {phase}: {status} {answer}")


def load_area(url, folder, passwords, of_city):
    """All of one area, and its line of progress."""
    client, began = Client(url, folder.name, passwords), time.monotonic()
    load_base(client, folder)
    if folder.name != CITY:
        load_phases(Client(url, CITY, of_city), folder.name)
    people = people_of(folder)
    load_people(client, people)
    played = 0
    if folder.name != CITY:
        rows = conditions(client)
        for case in json.loads((folder / "day.json").read_text(encoding="utf-8")):
            play(client, case, rows)
            played += 1
    say(f"{folder.name}: {len(people)} accounts, {played} cases, {time.monotonic() - began:.1f} s")


def load(url, base, areas, passwords):
    """Fill the server at `url`. base: what democity.py wrote; passwords: {area: {user: password}}.
    The city comes first, since counties need its outlines; then the counties side by side."""
    faults = []

    def one(area):
        try:
            load_area(url, base / area, passwords[area], passwords[CITY])
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)    # of a thread: told by who waits for it

    one(areas[0])
    threads = [threading.Thread(target=one, args=(a,), daemon=True) for a in areas[1:] if not faults]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        raise faults[0]
