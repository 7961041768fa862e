"""Runs docs/OPERATIONS.md as an operator would: on PostgreSQL and Redis, behind a proxy, with two nodes, through an upgrade and a restore.

The commands are taken from the document's blocks as they stand there; only names and addresses that a test cannot have (hosts, ports,
folders, the roles of a shared PostgreSQL) are replaced. The proxy is a few lines here, and does what the document's nginx is told to do.
"""

import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import urlsplit

from partners import blocks, free_ports, leave

here = pathlib.Path(__file__).resolve()
DOCUMENT = (here.parents[3] / "docs" / "OPERATIONS.md").read_text()
PROGRAM = pathlib.Path(os.environ["CONCORD_BIN"])
SERVICE = """code = "corner-shop"
name = { ru = "Лавка", en = "Corner Shop", zh = "小店" }
sector = "corner-shop"
homepage = "https://shop.example/"
owns = ["loyalty"]

[[clients]]
client_id = "corner-shop"
grant_types = ["client_credentials"]
scope = "profile.write"
introspection = true
"""


class Proxy(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Passes on to the nodes in turn, from an address of its own, with Host as it came and X-Forwarded-For as it saw it."""

    daemon_threads = True
    source = "127.0.0.2"

    def __init__(self, port, nodes):
        super().__init__(("127.0.0.1", port), Passing)
        self.nodes, self.turn = nodes, 0


class Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "x-visitor")}
        # As nginx's $proxy_add_x_forwarded_for: what came, and the address that was seen (a test has but one: it says whom it plays).
        before = self.headers.get("x-forwarded-for")
        headers["X-Forwarded-For"] = ", ".join(filter(None, [before, self.headers.get("x-visitor", "198.51.100.1")]))
        self.server.turn += 1
        for attempt in range(len(self.server.nodes)):
            port = self.server.nodes[(self.server.turn + attempt) % len(self.server.nodes)]
            try:
                node = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(self.server.source, 0))
                node.request(self.command, self.path, body, headers)
                answer = node.getresponse()
                content = answer.read()
            except OSError:
                continue  # nginx's proxy_next_upstream: a node that is down is not asked
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.send_error(502)

    do_POST = do_GET


class Node:
    """One `concord serve` of the document's configuration, on its own addresses."""

    def __init__(self, house, name):
        self.house, self.name = house, name
        self.port, self.management = free_ports(2)
        self.log = house.folder / f"{name}.log"
        self.process = None

    def start(self, wait=True):
        environment = dict(self.house.environment, CONCORD_SERVER__LISTEN=f"127.0.0.1:{self.port}", CONCORD_SERVER__MANAGEMENT_LISTEN=f"127.0.0.1:{self.management}")
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([PROGRAM, *self.house.command("serve")], cwd=self.house.folder, env=environment, stdout=log, stderr=log)
        if wait:
            self.house.until(lambda: self.healthcheck() == 0, f"{self.name} is ready:\n{self.text()[-3000:]}")
        return self

    def healthcheck(self):
        assert self.process.poll() is None, self.text()[-3000:]
        environment = dict(self.house.environment, CONCORD_SERVER__MANAGEMENT_LISTEN=f"127.0.0.1:{self.management}")
        line = self.house.command("healthcheck")
        return subprocess.run([PROGRAM, *line], cwd=self.house.folder, env=environment, capture_output=True, check=False).returncode

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, f"{self.name} ends with 0"

    def text(self):
        return self.log.read_text(encoding="utf-8")


class House:
    """The document's installation, with what is different on a machine that runs tests."""

    def __init__(self, folder):
        self.folder = folder
        admin = urlsplit(os.environ["TEST_DATABASE_URL"])
        self.password, self.database = admin.password, f"{admin.hostname}:{admin.port}"
        self.admin = f"postgres://postgres:{admin.password}@{self.database}"
        self.redis = os.environ["TEST_REDIS_URL"]
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("CONCORD_") and not key.lower().endswith("_proxy")}
        self.environment.update(NO_COLOR="1", CONCORD_EPHEMERAL__PREFIX="operations:", CONCORD_LOG__FORMAT="json")
        self.folder.joinpath("data").mkdir()
        self.environment["CONCORD_DATA_DIR"] = str(folder / "data")
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self.environment["PATH"] = os.pathsep.join([*map(str, programs[-1:]), str(PROGRAM.parent), os.environ["PATH"]])
        self.used = set()

    def here(self, text):
        """The document's names as they are here."""
        for theirs, ours in [
            ("db.internal/concord", f"{self.database}/operations"),
            ("redis://cache.internal", self.redis),
            ("/var/lib/concord/", f"{self.folder}/"),
            ('"10.0.0.5/32"', '"127.0.0.2/32"'),
            ("concord_owner", "operations_owner"),
            ("concord_server", "operations_server"),
            ("CREATE DATABASE concord ", "CREATE DATABASE operations "),
            ('"10.0.0.11:8080"', '"127.0.0.1:1"'),
            ("5s", "200ms"),
        ]:
            text = text.replace(theirs, ours)
        return text

    def command(self, verb):
        """The words of the document's own line for a verb, without the program."""
        lines = [line.split("#")[0].strip() for kind, body in fenced("sh") for line in body.splitlines()]
        line = next(line for line in lines if re.search(rf"concord .*{re.escape(verb)}\b", line))
        self.used.add(line)
        return self.here(line).removeprefix("concord ").split()

    def run(self, line, code=0, text=None):
        """One line of the document, in a shell."""
        done = subprocess.run(["bash", "-c", self.here(line)], cwd=self.folder, env=self.environment, capture_output=True, text=True, input=text, check=False)
        assert done.returncode == code, f"{line}: {done.returncode} instead of {code}\n{done.stdout}{done.stderr}"
        return done.stdout

    def say(self, verb, more="", code=0):
        return self.run(" ".join(["concord", *self.command(verb), more]), code)

    def sql(self, text, database="postgres", user=None):
        url = f"{self.admin if user is None else f'postgres://{user}@{self.database}'}/{database}"
        self.run(f"psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 '{url}'", text=text)

    @staticmethod
    def until(holds, what):
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end, what() if callable(what) else what
            time.sleep(0.1)


def fenced(kind):
    return [(kind, part["body"]) for part in re.finditer(rf"^```{kind}\n(?P<body>.*?)^```$", DOCUMENT, re.M | re.S)]


class Operator:
    def __init__(self, folder):
        self.house = House(folder)
        self.nodes = [Node(self.house, "first"), Node(self.house, "second")]
        self.port = free_ports(1)[0]
        self.proxy = Proxy(self.port, [node.port for node in self.nodes])
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def ask(self, path, form=None, headers=None, port=None):
        """A request as it reaches the proxy, TLS taken off."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        sent = {"Host": "id.example", **(headers or {})}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", path, form, sent)
        answer = connection.getresponse()
        return answer.status, answer, answer.read()

    def document(self, path, form=None, headers=None):
        status, _, body = self.ask(path, form, headers)
        assert status == 200, f"{path}: {status} {body}"
        return json.loads(body)

    def first_install(self):
        house = self.house
        sql = next(body for _, body in fenced("sql"))
        house.sql("".join(f"DROP DATABASE IF EXISTS operations;\nDROP ROLE IF EXISTS {role};\n" for role in ("operations_owner", "operations_server")))
        house.sql(house.here(sql))
        house.say("config init")
        mode = (house.folder / "config.toml").stat().st_mode & 0o777
        assert mode == 0o600, oct(mode)
        (house.folder / "config.toml").write_text(house.here(next(body for _, body in fenced("toml"))))
        for name in ("keys", "mail"):
            (house.folder / name).mkdir(mode=0o700)
        house.say("config check")

    def empty_tables(self):
        house = self.house
        house.say("migrate status", code=1)
        early = Node(house, "early").start(wait=False)
        assert early.process.wait(60) == 75, early.text()
        assert "concord migrate up" in early.text(), early.text()
        house.say("migrate up")
        house.say("migrate status")

    def two_nodes_and_proxy(self):
        for node in self.nodes:
            node.start()
        kept = sorted(path.name.split("-")[0] for path in (self.house.folder / "keys").iterdir())
        assert "kek" in kept and "pepper" in kept, kept
        self.house.environment["CONCORD_SERVER__MANAGEMENT_LISTEN"] = f"127.0.0.1:{self.nodes[0].management}"
        self.house.say("doctor")
        self.house.say("healthcheck --live")
        meta = self.document("/.well-known/openid-configuration", headers={"X-Forwarded-Host": "evil.example"})
        assert meta["issuer"] == "https://id.example" and meta["token_endpoint"] == "https://id.example/oauth2/token"
        # Who asks comes from the proxy, and from nobody else.
        assert self.ask("/login", headers={"X-Visitor": "203.0.113.7"})[0] == 303
        assert self.ask("/login", headers={"X-Visitor": "203.0.113.9", "X-Forwarded-For": "192.0.2.66"})[0] == 303
        status, answer, _ = self.ask("/login", headers={"X-Forwarded-For": "192.0.2.77"}, port=self.nodes[0].port)
        assert status == 303
        assert all("__Host-" in line and "Secure" in line for line in answer.headers.get_all("set-cookie")), "cookies for https only"
        assert self.ask("/login", headers={"Host": "other.example"})[0] == 421, "a page under another name"
        logs = lambda: "".join(node.text() for node in self.nodes)  # noqa: E731
        self.house.until(lambda: logs().count("\"203.0.113.0\"") >= 2, lambda: logs()[-2000:])
        assert "192.0.2." not in logs(), "an address that nobody trusted was believed"
        assert "127.0.0.0" in logs(), "whoever comes without the proxy is who they are"

    def token(self):
        made = self.document("/oauth2/token", "grant_type=client_credentials&scope=profile.write", self.basic)
        return made["access_token"]

    def active(self, token):
        return self.document("/oauth2/introspect", f"token={token}", self.basic)["active"]

    def first_service(self):
        import base64

        (self.house.folder / "shop.toml").write_text(SERVICE)
        made = json.loads(self.house.run("concord --config config.toml service apply shop.toml --output json"))
        secret = made["secrets"][0]["client_secret"]
        if place := os.environ.get("TEST_SECRETS"):
            pathlib.Path(place, f"operations-{os.getpid()}").write_text(secret + "\n")
        self.basic = {"Authorization": "Basic " + base64.b64encode(f"corner-shop:{secret}".encode()).decode()}
        self.house.until(lambda: self.ask("/oauth2/token", "grant_type=client_credentials&scope=profile.write", self.basic)[0] == 200, "both nodes know the service")
        assert self.active(self.token())
        for line in ("concord service list", "concord client list --service SERVICE", "concord link list --service SERVICE", "concord config show --changed", "concord config explain tokens.access"):
            assert line in DOCUMENT, line
            self.house.run(line.replace("concord ", "concord --config config.toml ").replace("SERVICE", "corner-shop"))

    def keys(self):
        house = self.house
        read = lambda: json.loads(house.run("concord --config config.toml keys list --output json"))  # noqa: E731
        before = {key["kid"]: key["state"] for key in read()}
        house.run("concord --config config.toml keys rotate --algorithm RS256 --yes" if "concord keys rotate --algorithm RS256" in DOCUMENT else "false")
        after = {key["kid"]: key["state"] for key in read()}
        new = set(after) - set(before)
        assert len(new) == 1 and after[new.copy().pop()] == "pending", after
        kids = lambda: {key["kid"] for key in self.document("/oauth2/jwks")["keys"]}  # noqa: E731
        house.until(lambda: all(new <= kids() for _ in self.nodes), "the next key is published by every node")
        assert "concord keys retire KID --now" in DOCUMENT
        kid = new.pop()
        house.run(f"concord --config config.toml keys retire --now --yes -- {kid}")
        house.until(lambda: all(kid not in kids() for _ in range(4)), "what was retired now is believed by no node")

    def rolling_upgrade(self):
        """The next version's tables come while this version serves; then one node after the other is started anew."""
        house, failed, stop = self.house, [], threading.Event()

        def customers():
            while not stop.is_set():
                try:
                    status = self.ask("/oauth2/token", "grant_type=client_credentials&scope=profile.write", self.basic)[0]
                except OSError as error:
                    status = error
                if status != 200:
                    failed.append(status)
                time.sleep(0.02)

        asking = threading.Thread(target=customers)
        asking.start()
        try:
            assert re.fullmatch(r"concord \S+", house.run(next(line.split("#")[0] for _, body in fenced("sh") for line in body.splitlines() if "--version" in line)).strip().split(" (")[0])
            house.sql(
                "ALTER TABLE services ADD COLUMN of_the_next_version BIGINT;\n"
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9001, 'next', TRUE, '\\x00', 0);",
                database="operations", user="operations_owner:owner-secret",
            )
            house.say("migrate status")
            house.say("migrate up")
            for node in self.nodes:
                # Out of the balancer first, as its health check would do.
                others = [other.port for other in self.nodes if other is not node]
                self.proxy.nodes = others
                time.sleep(0.2)
                node.stop()
                node.start()
                self.proxy.nodes = [one.port for one in self.nodes]
        finally:
            stop.set()
            asking.join()
        assert not failed, f"{len(failed)} requests failed: {failed[:5]}"

    def backup_and_restore(self):
        house = self.house
        old = self.token()
        house.run(next(line for _, body in fenced("sh") for line in body.splitlines() if line.startswith("pg_dump")))
        shutil.copytree(house.folder / "keys", house.folder / "keys-kept")
        lost = self.token()
        for node in self.nodes:
            node.stop()
        shutil.rmtree(house.folder / "keys")
        shutil.copytree(house.folder / "keys-kept", house.folder / "keys")
        house.run(next(line for _, body in fenced("sh") for line in body.splitlines() if line.startswith("pg_restore")))
        house.say("migrate up")
        house.say("backup restored", more="--yes")
        for node in self.nodes:
            node.start()
        assert not self.active(old) and not self.active(lost), "a token from before the restore"
        assert self.active(self.token()), "what comes after it is good"

    def another_key(self):
        """Another key beside existing data stops the start and says so."""
        house, keys = self.house, self.house.folder / "keys"
        keys.rename(house.folder / "keys-away")
        keys.mkdir(mode=0o700)
        stranger = Node(house, "stranger").start(wait=False)
        assert stranger.process.wait(60) != 0 and "key" in stranger.text(), stranger.text()
        assert not list(keys.iterdir()), "no key was made beside existing data"
        keys.rmdir()
        (house.folder / "keys-away").rename(keys)

    def everything_was_read(self):
        """The lines with a configuration of the chapters run here were all used."""
        wanted = {line.split("#")[0].strip() for _, body in fenced("sh") for line in body.splitlines() if line.startswith("concord --config config.toml")}
        verbs = {" ".join(line.split()[3:]) for line in self.house.used}
        missing = {line for line in wanted if " ".join(line.split()[3:]) not in verbs}
        assert not missing, f"nobody ran {missing}"

    STEPS = [
        ("first install: roles, database, configuration", first_install),
        ("empty tables: the server does not start and says what to do; migrate makes them", empty_tables),
        ("two nodes behind a proxy: the issuer's own addresses, whose address counts, other hosts", two_nodes_and_proxy),
        ("a first service; the lists", first_service),
        ("keys: listed, rotated, retired", keys),
        ("upgrade: the next version's tables under a serving node, then one node after the other, no request lost", rolling_upgrade),
        ("backup and restore: older tokens are refused", backup_and_restore),
        ("another key beside existing data is refused", another_key),
        ("every command with a configuration was run", everything_was_read),
    ]


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="concord-operations-"))
    operator = Operator(folder)
    watch = threading.Timer(300, lambda: os._exit(1))
    watch.daemon = True
    watch.start()
    code = 0
    try:
        for name, step in Operator.STEPS:
            try:
                step(operator)
            except Exception as error:  # noqa: BLE001 - the reader wants to see it with the logs
                print(f"not ok OPERATIONS.md: {name}\n{type(error).__name__}: {error}")
                for node in operator.nodes:
                    if node.log.exists():
                        print(f"--- {node.name}\n{node.text()[-2000:]}")
                code = 1
                break
            print(f"ok OPERATIONS.md: {name}", flush=True)
    finally:
        for node in operator.nodes:
            if node.process and node.process.poll() is None:
                node.process.kill()
        watch.cancel()
        leave(folder)
    sys.exit(code)


if __name__ == "__main__":
    main()
