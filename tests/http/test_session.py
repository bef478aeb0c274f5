"""Signing in and out, lock-out, cookies, accounts."""
import sys
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, UNITS, CityTest, Raw, event, password

ROLES = ["collector", "acceptor", "chief", "dispatcher", "coordinator", "unit", "leader", "reviewer", "auditor", "admin",
         "rule_author", "rule_approver"]


class Session(CityTest):
    def account(self, user, roles=("collector",), method="POST", word=None, **more):
        body = {"user": user, "name": user, "roles": list(roles), "password": word or password(JIXI, user), **more}
        path = f"/v1/{JIXI}/users" + ("" if method == "POST" else "/" + user)
        return self.who("admin").ask(method, path, body)

    def login(self, user, word=None, area=JIXI):
        return self.server.sign_in(area, user, word)

    # ---- in and out ----

    def test_a_session_says_who_one_is_and_what_one_may_do(self):
        a = self.is_status(self.login("c-001"), 201)
        self.assertEqual(a.json["user"], {"id": "c-001", "name": "采集员一", "area": JIXI, "roles": ["collector"], "unit": None})
        self.assertTrue(a.json["expires"] and a.json["csrf"])
        me = self.is_status(self.server.client(a.json["token"]).get("/v1/session"), 200)
        self.assertEqual(me.json["user"], a.json["user"])
        self.assertEqual(me.json["may"], ["report", "verify", "check", "add_evidence"])
        self.assertEqual(self.who("u-hw-1").get("/v1/session").json["user"]["unit"], "u-hw")

    def test_a_wrong_password_user_or_area_is_told_alike(self):
        told = {self.is_status(self.server.sign_in(*who), 401).body for who in (
            (JIXI, "r-001", "wrong"), (JIXI, "nobody", "wrong"), ("999999", "r-001", "wrong"),
            (LANGXI, "u-none", password(JIXI, "r-001")))}
        self.assertEqual(len(told), 1)

    def test_what_is_missing_is_named(self):
        for key in ("area", "user", "password"):
            body = {"area": JIXI, "user": "c-001", "password": "x" * 8}
            del body[key]
            self.is_fault(self.server.client().post("/v1/session", body), "/" + key)
        self.is_fault(self.server.client().post("/v1/session", {"area": 1, "user": "a", "password": "b"}), "/area")
        self.is_fault(self.login("x" * 64), "/user")
        self.is_fault(self.login("c-001", "x" * 1025), "/password")

    def test_without_a_session_nothing_is_told(self):
        for token in (None, "", "x" * 43, "0"):
            a = self.is_status(self.server.client(token).get(f"/v1/{JIXI}/cases"), 401)
            self.assertEqual(a.headers["www-authenticate"], "Bearer")

    def test_signing_out_kills_the_token_at_once(self):
        token = self.login("c-002").json["token"]
        one, two = self.server.client(token), self.server.client(token)
        self.is_status(two.get("/v1/session"), 200)
        self.is_status(one.ask("DELETE", "/v1/session"), 204)
        self.is_status(two.get("/v1/session"), 401)
        self.is_status(two.get(f"/v1/{JIXI}/cases"), 401)
        self.is_status(one.ask("DELETE", "/v1/session"), 401)

    def test_two_sessions_of_one_user_end_apart(self):
        one, two = (self.server.client(self.login("l-001").json["token"]) for _ in range(2))
        one.ask("DELETE", "/v1/session")
        self.is_status(two.get("/v1/session"), 200)

    # ---- lock-out ----

    def test_wrong_passwords_lock_the_account_longer_each_time(self):
        waits = []
        for _ in range(3):
            self.is_status(self.login("r-002", "wrong"), 401)
        for _ in range(2):
            a = self.is_status(self.login("r-002"), 429)  # the right one does not help
            waits.append(int(a.headers["retry-after"]))
            time.sleep(waits[-1])
            self.is_status(self.login("r-002", "wrong"), 401)
        self.is_status(self.login("r-002"), 429)
        waits.append(int(self.login("r-002").headers["retry-after"]))
        self.assertEqual(sorted(set(waits)), waits, "each wait is longer than the one before")
        self.is_status(self.login("r-001"), 201)          # another account is not touched
        self.is_status(self.login("r-002", area=LANGXI), 201)

    def test_a_right_password_clears_the_wrong_ones_before(self):
        for _ in range(2):
            for _ in range(2):
                self.is_status(self.login("h-001", "wrong"), 401)
            self.is_status(self.login("h-001"), 201)

    def test_many_guesses_at_once_do_not_get_around_the_lock(self):
        lines = []
        for _ in range(16):
            raw = Raw(self.server.port, 30)
            body = f'{{"area":"{JIXI}","user":"x-001","password":"guess-no-1"}}'
            lines.append(raw.send(f"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                  f"Content-Length: {len(body)}\r\n\r\n{body}"))
        got = [raw.answer().status for raw in lines]
        for raw in lines:
            raw.close()
        self.assertLessEqual(got.count(401), 4, got)
        self.assertEqual(set(got), {401, 429})

    def test_twelve_who_sign_in_at_once_slow_nobody_else(self):
        one = self.who("z-001")
        case = self.reported()
        waiting = []
        for _ in range(12):
            body = f'{{"area":"{CITY}","user":"l-001","password":"{password(CITY, "l-001")}"}}'
            waiting.append(Raw(self.server.port, 30).send(
                f"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"))
        took = []
        for i in range(100):
            start = time.monotonic()
            self.is_status(one.case(case) if i % 2 else self.who("c-001").report(event(i=i)), 201 - i % 2)
            took.append(time.monotonic() - start)
        got = [raw.answer().status for raw in waiting]
        for raw in waiting:
            raw.close()
        self.assertEqual(got, [201] * 12)
        self.assertLess(sorted(took)[98], 0.1)

    # ---- cookies ----

    def test_a_cookie_reads_alone_and_writes_with_the_csrf_header(self):
        a = self.login("a-001")
        cookie = a.headers["set-cookie"]
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Strict", cookie)
        self.assertEqual(a.headers["cache-control"], "no-store")
        head, browser = {"Cookie": cookie.split(";")[0]}, self.server.client()
        self.is_status(browser.get("/v1/session", **head), 200)
        body, path = event(i=1, source="leader"), f"/v1/{JIXI}/cases"
        self.is_status(browser.post(path, body, **head), 401)
        self.is_status(browser.post(path, body, **head, X_CSRF_Token="wrong"), 401)
        self.assertEqual(a.json["csrf_header"], "X-CSRF-Token")
        self.is_status(browser.post(path, body, **head, X_CSRF_Token=a.json["csrf"]), 201)
        self.is_status(browser.ask("DELETE", "/v1/session", **head), 401)
        self.is_status(browser.ask("DELETE", "/v1/session", **head, X_CSRF_Token=a.json["csrf"]), 204)
        self.is_status(browser.get("/v1/session", **head), 401)

    # ---- accounts ----

    def test_every_role_can_be_given_and_is_listed(self):
        users = self.who("admin").get(f"/v1/{JIXI}/users").json["users"]
        self.assertEqual({r for u in users for r in u["roles"]}, set(ROLES))
        self.assertEqual({u["unit"] for u in users if u["unit"]}, set(UNITS))
        self.assertNotIn("hash", str(users))
        self.assertNotIn("argon", str(users))

    def test_bad_accounts_are_refused(self):
        self.is_fault(self.account("two words"), "/user")
        self.is_fault(self.account("a/b"), "/user")
        self.is_fault(self.account("t-101", []), "/roles")
        self.is_fault(self.account("t-101", ["king"]), "/roles")
        self.is_fault(self.account("t-101", ["system"]), "/roles")
        self.is_fault(self.account("t-101", word="short"), "/password")
        self.is_fault(self.account("t-101", ["unit"]), "/unit")
        self.is_fault(self.account("t-101", name=""), "/name")
        self.is_status(self.account("t-101", colour="red"), 422)
        self.is_status(self.account("c-001"), 409)
        self.is_status(self.account("t-102", method="PUT"), 404)
        self.is_status(self.login("t-101"), 401)

    def test_only_an_admin_keeps_accounts(self):
        body = {"user": "t-103", "name": "x", "roles": ["chief"], "password": "12345678"}
        for user in ("z-001", "l-001", "s-001", "g-001", "c-001"):
            self.is_status(self.who(user).get(f"/v1/{JIXI}/users"), 403)
            self.is_status(self.who(user).post(f"/v1/{JIXI}/users", body), 403)
            self.is_status(self.who(user).ask("PUT", f"/v1/{JIXI}/users/{user}", body), 403)

    def test_a_changed_user_s_sessions_end(self):
        self.is_status(self.account("t-104"), 201)
        old = self.server.client(self.login("t-104").json["token"])
        self.is_status(old.get("/v1/session"), 200)
        self.is_status(self.account("t-104", ["acceptor"], "PUT", "new-password"), 200)
        self.is_status(old.get("/v1/session"), 401)
        self.is_status(self.login("t-104"), 401)
        self.assertEqual(self.login("t-104", "new-password").json["user"]["roles"], ["acceptor"])

    def test_a_disabled_account_signs_in_no_more(self):
        self.is_status(self.account("t-105"), 201)
        old = self.server.client(self.login("t-105").json["token"])
        self.is_status(self.account("t-105", method="PUT", disabled=True), 200)
        self.is_status(old.get("/v1/session"), 401)
        self.is_status(self.login("t-105"), 401)

    def test_admins_and_rule_people_act_on_no_case_and_see_none(self):
        case = self.reported(i=2)
        for user in ("admin", "g-001", "h-001"):
            for path in (f"cases/{case}", "cases", f"cases/{case}/history", "events", "tasks"):
                self.is_status(self.who(user).get(f"/v1/{JIXI}/{path}"), 403)
            self.is_status(self.who(user).act(case, "accept"), 403)
            self.is_status(self.who(user).report(event()), 403)


class Restart(CityTest):
    def test_sessions_end_with_the_server_and_passwords_live_on(self):
        token = self.who("c-001").token
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.is_status(self.server.client(token).get("/v1/session"), 401)
        self.is_status(self.server.sign_in(JIXI, "c-001"), 201)

    def test_a_folder_is_served_by_one_server_alone(self):
        other = type(self.server)(self.server.folder)
        other.log = self.server.folder / "other.log"
        with self.assertRaises(RuntimeError):
            other.start()
        other.proc.stdout.close()
        self.is_status(self.server.sign_in(JIXI, "c-001"), 201)


if __name__ == "__main__":
    unittest.main()
