"""kill -9 while clients are at work: what was acknowledged is there, what is there is whole, and work goes on."""

import base64
import contextlib
import http.client
import itertools
import json
import random
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.server.line import Line
from tests.server.served import serving
from tests.server.test_wire import EC, MANUAL
from tests.vault.make import spki

ROUNDS = 20
CLIENTS = 3
API = "api-version=7.6"


class Refused(Exception):
    """An answer that should not be."""


class Client:
    """Makes, changes and deletes things on one connection until the server is gone, and keeps what it was told."""

    def __init__(self, running, token, numbers):
        self._line, self._url = Line(running), running.url
        self._head = f"Host: {running.host}\r\nAuthorization: Bearer {token}\r\n"
        self._numbers = numbers
        self.acknowledged = {}
        self.refused = []

    def __call__(self):
        with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException, Refused):
            while True:
                self._work(f"n{next(self._numbers)}")
        self._line.close()

    def _work(self, name):
        certificate, secret = f"/certificates/{name}", f"/secrets/s-{name}"
        told = self.acknowledged
        told[secret] = self._ask("PUT", secret, {"value": name})
        told[f"{certificate}/pending"] = self._ask("POST", f"{certificate}/create", {"policy": EC})
        told[f"{certificate}/pending"] = self._ask("GET", f"{certificate}/pending")
        told[certificate] = self._ask("GET", certificate)
        told[f"{certificate}-m/pending"] = self._ask("POST", f"{certificate}-m/create", {"policy": MANUAL})
        told[certificate] |= self._ask("PATCH", certificate, {"tags": {"a": name}})
        if name[-1] in "02468":
            # Until it is answered nobody knows which of the two it is.
            del told[certificate], told[f"{certificate}/pending"]
            told[f"/deletedcertificates/{name}"] = self._ask("DELETE", certificate)

    def _ask(self, method, path, body=None):
        octets = json.dumps(body).encode() if body else b""
        self._line.send(
            f"{method} {path}?{API} HTTP/1.1\r\n{self._head}Content-Length: {len(octets)}\r\n\r\n".encode() + octets
        )
        answer = self._line.answer()
        if answer.status not in (200, 202):
            self.refused.append((method, path, answer))
            raise Refused
        return relative(self._url, answer)


def relative(url, answer):
    """The JSON of an answer, its ids without the server's URL: after a restart the port is another."""
    return json.loads(answer.body.replace(url.encode(), b""))


def load(running, seconds):
    """Let clients work for so long after the first answer, kill the server, and return what it had acknowledged."""
    numbers, token = itertools.count(time.monotonic_ns() // 1000), running.token()
    clients = [Client(running, token, numbers) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client) for client in clients]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while not any(client.acknowledged for client in clients) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    running.process.kill()
    for thread in threads:
        thread.join(30)
    assert [refusal for client in clients for refusal in client.refused] == []
    return {path: told for client in clients for path, told in client.acknowledged.items()}


def check_kept(running, acknowledged):
    """See that everything acknowledged is there, as it was told; pending work may have gone on."""
    for path, told in acknowledged.items():
        answer = running.call("GET", path)
        assert answer.status == 200, (path, answer.body)
        found = relative(running.url, answer)
        if path.endswith("/pending"):
            assert (found["csr"], found["request_id"]) == (told["csr"], told["request_id"])
            waits = found["issuer"]["name"] == "Unknown"
            assert found["status"] == ("inProgress" if waits else "completed")
        else:
            for member in ("id", "cer", "value", "recoveryId", "tags", "sid"):
                if member in told:
                    assert found.get(member) == told[member], (path, member)


def everything(running, path):
    """Walk a list over all its pages."""
    while path:
        page = running.call("GET", path).json
        yield from page["value"]
        path = page["nextLink"] and page["nextLink"].removeprefix(running.url)


def check_whole(running):
    """See that each certificate's key and secret are its own, and that the log has no gap; returns how many there are."""
    count = 0
    for item in everything(running, "/certificates"):
        bundle = running.call("GET", item["id"].removeprefix(running.url)).json
        key = running.call("GET", bundle["kid"].removeprefix(running.url)).json["key"]
        secret = running.call("GET", bundle["sid"].removeprefix(running.url)).json
        assert len({bundle[member].rsplit("/", 1)[1] for member in ("id", "kid", "sid")}) == 1
        leaf = x509.load_der_x509_certificate(base64.b64decode(bundle["cer"]))
        private, inside, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret["value"]), b"")
        assert inside == leaf
        assert spki(private.public_key()) == spki(leaf.public_key())
        assert base64.urlsafe_b64decode(key["x"] + "=") == leaf.public_key().public_numbers().x.to_bytes(32, "big")
        count += 1
    seqs, after = [], 0
    while page := running.call("GET", f"/kvlab/events?after={after}").json["value"]:
        seqs += [event["seq"] for event in page]
        after = seqs[-1]
    assert seqs == list(range(1, len(seqs) + 1))
    return count


def check_file(path):
    """See that SQLite finds nothing wrong, and that no row is half of something."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        used = " UNION ".join(f"SELECT key_id FROM {table}" for table in ("version", "pending", "item_version"))
        assert database.execute(f"SELECT id FROM key WHERE id NOT IN ({used})").fetchall() == []
        # NULL is not in an empty list, says SQL: a first version may still be pending.
        lone = "SELECT name FROM {0} WHERE current_id IS NOT NULL AND current_id NOT IN (SELECT id FROM {1})"
        assert database.execute(lone.format("certificate", "version")).fetchall() == []
        assert database.execute(lone.format("item", "item_version")).fetchall() == []
        without = (
            "SELECT name FROM certificate WHERE current_id IS NULL AND id NOT IN (SELECT certificate_id FROM pending)"
        )
        assert database.execute(without).fetchall() == []


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_survives_kill_9(tmp_path, seed):
    chance, acknowledged, total = random.Random(seed), {}, 0

    for _ in range(ROUNDS):
        with (tmp_path / "log").open("a") as log, serving("--data", tmp_path, log=log) as running:
            check_kept(running, acknowledged)
            acknowledged = load(running, chance.uniform(0, 0.3))
            total += len(acknowledged)
        assert "Traceback" not in (tmp_path / "log").read_text()
        check_file(tmp_path / "kvlab.db")

    with serving("--data", tmp_path) as running:
        check_kept(running, acknowledged)
        certificates = check_whole(running)
        assert running.stop() == 0
    check_file(tmp_path / "kvlab.db")
    assert total > ROUNDS
    print(f"\n{ROUNDS} kills: {total} acknowledged facts checked, {certificates} live certificates whole")


def test_a_server_killed_while_it_starts_starts_the_next_time(tmp_path):
    chance = random.Random(2)
    for number in range(8):
        command = [sys.executable, "-m", "kvlab", "serve", "--json", "--data", str(tmp_path / str(number % 2))]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.2))
        process.kill()
        process.wait()

    for number in range(2):
        with serving("--data", tmp_path / str(number)) as running:
            assert running.call("GET", "/certificates").status == 200
        check_file(tmp_path / str(number) / "kvlab.db")
