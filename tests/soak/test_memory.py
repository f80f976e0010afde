"""
Memory of a server on an SQLite file: after ten thousand certificates, and while it is used for minutes.

`KVLAB_SOAK_CERTIFICATES` and `KVLAB_SOAK_SECONDS` make it shorter. Figures are printed (run with -s).
"""

import base64
import json
import os
import statistics
import threading
import time
from pathlib import Path

import pytest

from tests.server.keepalive import KeptAlive
from tests.server.served import serving
from tests.server.test_wire import EC, MANUAL

CERTIFICATES = int(os.environ.get("KVLAB_SOAK_CERTIFICATES", "10000"))
SECONDS = float(os.environ.get("KVLAB_SOAK_SECONDS", "300"))
CLIENTS = 4
MEGABYTES = 120
"""What the server may take after that many certificates."""

GROWTH_MEGABYTES = 4
"""How much the last third of the soak may be above the first: what the allocator and the clients' chance make of it."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def resident(running):
    """The server's memory, in MB."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def in_parallel(running, work):
    """Run `work(client, index)` on several connections; samples the server's memory meanwhile, each half second."""
    failures, samples = [], []

    def run(index):
        try:
            with KeptAlive.to(running) as client:
                work(client, index)
        except BaseException as failure:
            failures.append(failure)
            raise

    running.token()
    threads = [threading.Thread(target=run, args=(index,)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        samples.append(resident(running))
        time.sleep(0.5)
    assert failures == []
    return samples


def ask(client, method, path, body=None, *, status=200):
    found, octets = client.call(method, f"{path}{'&' if '?' in path else '?'}api-version=7.6", body)
    assert found == status, (method, path, octets)
    return octets


def certified(client, name):
    ask(client, "POST", f"/certificates/{name}/create", {"policy": EC}, status=202)
    assert b'"completed"' in ask(client, "GET", f"/certificates/{name}/pending")
    return ask(client, "GET", f"/certificates/{name}")


def everything(running, client, name):
    """A bit of all that clients do, mistakes too; what it makes it takes away."""
    certified(client, name)
    ask(client, "PATCH", f"/certificates/{name}", {"tags": {"round": name}})
    pfx = json.loads(ask(client, "GET", f"/secrets/{name}"))["value"]
    digest = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    ask(client, "POST", f"/keys/{name}/sign", {"alg": "ES256", "value": digest})
    backup = json.loads(ask(client, "POST", f"/certificates/{name}/backup"))
    ask(client, "DELETE", f"/certificates/{name}")
    ask(client, "GET", f"/deletedcertificates/{name}")
    ask(client, "DELETE", f"/deletedcertificates/{name}", status=204)
    ask(client, "POST", "/certificates/restore", backup)
    ask(client, "DELETE", f"/certificates/{name}")
    ask(client, "DELETE", f"/deletedcertificates/{name}", status=204)
    ask(client, "POST", f"/certificates/{name}-i/import", {"value": pfx})
    ask(client, "POST", f"/certificates/{name}-m/create", {"policy": MANUAL}, status=202)
    ask(client, "PUT", f"/secrets/{name}-s", {"value": "x" * 10_000})
    for area in ("certificates", "keys", "secrets", f"certificates/{name}-i/versions", "deletedcertificates"):
        ask(client, "GET", f"/{area}?maxresults=25")
    ask(client, "GET", f"/certificates/{name}", status=404)
    ask(client, "PUT", f"/secrets/{name}-s", {"value": 1}, status=400)
    ask(client, "POST", f"/certificates/{name}-x/create", {"policy": {"x": "y" * 100_000}}, status=400)
    assert client.call("GET", "/kvlab/events?after=10")[0] == 200
    with KeptAlive(running.host, {"Authorization": f"Bearer {name}"}, running.context) as stranger:
        ask(stranger, "GET", "/certificates", status=401)
    for made in (f"certificates/{name}-i", f"certificates/{name}-m", f"secrets/{name}-s"):
        ask(client, "DELETE", f"/{made}")
        ask(client, "DELETE", f"/deleted{made}", status=204)


def test_memory(tmp_path):
    with serving("--data", tmp_path) as running:
        idle = resident(running)
        began = time.monotonic()
        in_parallel(
            running,
            lambda client, index: [certified(client, f"c{number}") for number in range(index, CERTIFICATES, CLIENTS)],
        )
        rate = CERTIFICATES / (time.monotonic() - began)
        filled = resident(running)
        print(
            f"\nidle {idle:.1f} MB; after {CERTIFICATES} certificates {filled:.1f} MB ({rate:.0f} a second, {CLIENTS} clients)"
        )

        end, rounds = time.monotonic() + SECONDS, [0] * CLIENTS

        def soak(client, index):
            while time.monotonic() < end:
                everything(running, client, f"soak{index}-{rounds[index]}")
                rounds[index] += 1

        samples = in_parallel(running, soak)
        third = len(samples) // 3
        first, last = statistics.median(samples[:third]), statistics.median(samples[-third:])
        print(
            f"soak of {SECONDS:.0f} s, {sum(rounds)} rounds of all operations: {samples[0]:.1f} MB at the start, "
            f"{samples[len(samples) // 2]:.1f} in the middle, {samples[-1]:.1f} at the end, at most {max(samples):.1f}"
        )  # fmt: skip
        assert running.stop() == 0

    assert filled < MEGABYTES
    assert max(samples) < MEGABYTES
    assert last - first < GROWTH_MEGABYTES
