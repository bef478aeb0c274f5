"""The interface's own description: OpenAPI 3.1, every route of it served, every served route in it."""
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, ROOT, WANGGED, CityTest, Raw, jpeg

METHODS = {"get", "put", "post", "delete"}


def walk(j, path="#"):
    """Every value of a document with its place."""
    yield path, j
    for k, v in j.items() if isinstance(j, dict) else enumerate(j) if isinstance(j, list) else ():
        yield from walk(v, f"{path}/{k}")


class Api(CityTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doc = cls.server.client().get("/api").json

    def operations(self):
        return [(m, p, op) for p, ops in self.doc["paths"].items() for m, op in ops.items()]

    def test_it_is_an_openapi_document_of_3_1(self):
        self.assertEqual(self.doc["openapi"], "3.1.0")
        self.assertTrue(self.doc["info"]["title"] and self.doc["info"]["version"])
        for method, path, op in self.operations():
            self.assertIn(method, METHODS)
            self.assertTrue(op["summary"] and op["responses"], (method, path))
            self.assertEqual([p["name"] for p in op["parameters"] if p["in"] == "path"], re.findall(r"{(\w+)}", path))
            self.assertTrue(all(p["required"] for p in op["parameters"] if p["in"] == "path"))

    def test_each_reference_leads_somewhere(self):
        refs = [(at, j["$ref"]) for at, j in walk(self.doc) if isinstance(j, dict) and "$ref" in j]
        self.assertGreater(len(refs), 20)
        for at, ref in refs:
            here = self.doc
            for part in ref.removeprefix("#/").split("/"):
                self.assertIn(part, here, (at, ref))
                here = here[part]

    def test_the_program_prints_the_same(self):
        out = subprocess.run([WANGGED, "--openapi"], capture_output=True, check=True).stdout
        self.assertEqual(json.loads(out), self.doc)

    def test_every_route_of_the_table_is_in_it(self):
        text = (ROOT / "core/host/rows.c").read_text("utf-8")
        served = {(m.lower(), p) for m, p in re.findall(r'\{WG_METHOD_(\w+), "([^"]+)"', text)}
        self.assertGreater(len(served), 25)
        self.assertEqual({(m, p) for m, p, _ in self.operations()}, served)

    def test_every_route_answers_to_its_method(self):
        blob = self.who("c-001").ask("PUT", f"/v1/{JIXI}/blobs", jpeg()).json["sha256"]
        case = self.reported(photos=[blob])
        job = self.who("admin").get(f"/v1/{JIXI}/quality", Prefer="respond-async").json["job"]["id"]
        values = {"job": job, "area": JIXI, "id": case, "action": "accept", "sha256": blob, "collection": "parts", "user": "c-002",
                  "hash": self.who("z-001").get(f"/v1/{JIXI}/rules").json["hash"]}
        for method, pattern, op in self.operations():
            path = re.sub(r"{(\w+)}", lambda m: values[m[1]], pattern)
            roles = op.get("x-roles", [])
            user = "admin" if "admin" in roles else "z-001"
            token = self.server.sign_in(JIXI, user).json["token"] if pattern == "/v1/session" else self.who(user).token
            raw = Raw(self.server.port)
            raw.send(f"{method.upper()} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                     "Content-Length: 2\r\n\r\n{}" if method in ("post", "put") else
                     f"{method.upper()} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
            status, headers = raw.head()
            raw.close()
            self.assertNotIn(status, (404, 405, 500), (method, path))
            if status < 300:
                self.assertIn(str(status), op["responses"], (method, path))
                told = next(iter(op["responses"][str(status)].get("content", {"": 0})))
                self.assertEqual(headers.get("content-type", "").split(";")[0].replace("application/x-ndjson",
                                 "text/event-stream"), told, (method, path))

    def test_who_is_not_signed_in_gets_401_where_it_is_said(self):
        for method, pattern, op in self.operations():
            path = re.sub(r"{\w+}", "x", pattern)
            a = self.server.client().ask(method.upper(), path)
            self.assertEqual(a.status == 401, bool(op["security"]), (method, path, a))

    def test_roles_that_are_not_named_are_refused(self):
        everyone = {"collector": "c-001", "acceptor": "a-001", "leader": "l-001", "unit": "u-hw-1", "admin": "admin",
                    "rule_author": "g-001"}
        for method, pattern, op in self.operations():
            for role, user in everyone.items() if "x-roles" in op else ():
                if role not in op["x-roles"]:
                    path = re.sub(r"{\w+}", "x", pattern.replace("{area}", JIXI))
                    self.is_status(self.who(user).ask(method.upper(), path), 403)

    def test_the_functions_for_rules_are_all_described(self):
        lines = subprocess.run([WANGGED, "--api"], capture_output=True, check=True).stdout.decode().splitlines()
        names, rest = lines[0::3], lines[1::3] + lines[2::3]
        self.assertGreater(len(names), 10)
        self.assertTrue(all(n and not n.startswith(" ") for n in names))
        self.assertTrue(all(r.startswith("    ") and r.strip() for r in rest))


if __name__ == "__main__":
    unittest.main()
