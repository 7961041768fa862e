"""Runs docs/PARTNERS.md as a partner would: every `sh` block in order, in one bash, in an empty folder.

A `text` or `json` block below a command is what the command prints; `…` stands for anything. Where the document says
"Open this:", a scripted person opens the address and does what the pages ask. Ports come from the environment, as the
document allows.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import requests

here = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(here.parent.parent / "clients"))
from person import Person  # noqa: E402

DOCUMENT = here.parents[3] / "docs" / "PARTNERS.md"
PATIENCE = 300  # seconds for the whole document


class Willing(Person):
    """Says yes to everything that is offered."""

    def _send(self, form, values, button, at):
        for field in form["fields"]:
            field["sent"] = field["sent"] or field["type"] == "checkbox"
        return super()._send(form, values, button, at)


def blocks(text):
    """(heading, command, what it prints or None), in order."""
    found, heading = [], ""
    for part in re.finditer(r"^## (?P<heading>[^\n]+)$|^```(?P<kind>\w*)\n(?P<body>.*?)^```$", text, re.M | re.S):
        if part["heading"]:
            heading = part["heading"]
        elif part["kind"] == "sh":
            found.append([heading, part["body"], None])
        elif part["kind"] in ("text", "json") and found and found[-1][2] is None:
            found[-1][2] = part["body"]
    return found


def expected(printed):
    """What a block says is printed, as an expression: `…` stands for anything."""
    return re.compile(".*?".join(re.escape(piece) for piece in printed.rstrip("\n").split("…")), re.S)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def script(steps):
    lines = ["set -euo pipefail"]
    for number, (_, command, _) in enumerate(steps):
        lines += [command.rstrip("\n"), f"echo '@@@ {number}'"]
    return "\n".join(lines) + "\n"


class Reading:
    """Runs the document and compares what is printed."""

    def __init__(self, folder):
        port, management, shop = free_ports(3)
        self.shop = f"http://localhost:{shop}"
        self.steps = blocks(DOCUMENT.read_text())
        assert len(self.steps) > 10, "the document has lost its commands"
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy") and not key.startswith("CONCORD_")}
        environment.update(
            PATH=f"{pathlib.Path(os.environ['CONCORD_BIN']).parent}:{os.environ['PATH']}",
            CONCORD_ISSUER=f"http://localhost:{port}",
            CONCORD_SERVER__LISTEN=f"127.0.0.1:{port}",
            CONCORD_SERVER__MANAGEMENT_LISTEN=f"127.0.0.1:{management}",
            SHOP=self.shop,
        )
        self.errors = open(folder / "errors.log", "w+", encoding="utf-8")
        (folder / "document.sh").write_text(script(self.steps))
        self.person = Willing("anna@example.test", "Anna", "seven quiet owls read maps", folder / "data" / "mail")
        self.bash = subprocess.Popen(
            ["bash", "document.sh"], cwd=folder, env=environment, text=True, bufsize=1, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )

    def run(self):
        """Every step; the first that is not as the document says ends it."""
        number, printed = 0, []
        for line in self.bash.stdout:
            if line.startswith("@@@ "):
                self.compare(number, "".join(printed))
                number, printed = number + 1, []
                continue
            printed.append(line)
            if line.startswith("Open this: "):
                self.browse(line.removeprefix("Open this: ").strip())
        assert self.bash.wait() == 0 and number == len(self.steps), f"step {number} failed:\n{self.steps[min(number, len(self.steps) - 1)][1]}\n{''.join(printed)}"

    def compare(self, number, printed):
        heading, command, wanted = self.steps[number]
        if wanted is not None:
            assert expected(wanted).fullmatch(printed.rstrip("\n")), f"{command}\nprinted\n\n{printed}\nand the document says\n\n{wanted}"
        if number + 1 == len(self.steps) or self.steps[number + 1][0] != heading:
            print(f"ok PARTNERS.md: {heading}", flush=True)

    def browse(self, url):
        """What the reader's browser does: the pages of Concord, then back to the shop."""
        back = self.person.walk(url, self.shop)
        requests.get(back, timeout=30, proxies={"http": ""}).raise_for_status()
        self.bash.stdin.write("\n")
        self.bash.stdin.flush()

    def stop(self):
        """Ends what the document has started, whatever happened."""
        try:
            os.killpg(self.bash.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.bash.wait()


def leave(folder):
    """What is Concord's goes where tests/run/left.sh looks; tokens.json and the like are the shop's own, as the document says."""
    if left := os.environ.get("TEST_LEFT"):
        kept = pathlib.Path(left) / folder.name
        kept.mkdir()
        for name in ("data", "keys", "concord.log", "errors.log", "first.log", "second.log"):
            if (folder / name).exists():
                shutil.move(folder / name, kept)
    shutil.rmtree(folder, ignore_errors=True)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="concord-partners-"))
    reading = Reading(folder)
    watch = threading.Timer(PATIENCE, reading.stop)
    watch.start()
    try:
        reading.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, the reader wants to see it with the logs
        print(f"not ok PARTNERS.md: {error}")
        for name in ("errors.log", "concord.log"):
            if (folder / name).exists():
                print(f"--- {name}\n" + "".join((folder / name).read_text().splitlines(keepends=True)[-30:]))
        sys.exit(1)
    finally:
        watch.cancel()
        reading.stop()
        leave(folder)


if __name__ == "__main__":
    main()
