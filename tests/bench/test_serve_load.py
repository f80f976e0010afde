"""A thousand clients that poll at once, each on its own connection. Figures are printed (run with -s), never asserted."""

import asyncio
import contextlib
import json
import resource
import statistics
import time
from pathlib import Path

import pytest

from tests.server.served import serving
from tests.server.test_wire import MANUAL

CLIENTS = 1000
ROUNDS = 5
HANDSHAKES = 100
"""How many connections are being made at once."""


def head(running, method, path, length=0):
    return (
        f"{method} {path}?api-version=7.6 HTTP/1.1\r\nHost: {running.host}\r\nAuthorization: Bearer {running.token()}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


async def answer(reader):
    """Read one answer; returns its status and body."""
    start = await reader.readuntil(b"\r\n\r\n")
    length = int(start.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(start.split(b" ", 2)[1]), await reader.readexactly(length)


async def client(running, number, gate, at_once, made, times):
    """Create an operation that stays pending, and poll it on one connection whenever all others do."""
    name, _, port = running.host.rpartition(":")
    body = json.dumps({"policy": MANUAL}).encode()
    async with gate:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(name, int(port), ssl=running.context)
        made.append(time.perf_counter() - began)
        writer.write(head(running, "POST", f"/certificates/c{number}/create", len(body)) + body)
        assert (await answer(reader))[0] == 202
    poll = head(running, "GET", f"/certificates/c{number}/pending")
    for _ in range(ROUNDS):
        await at_once.wait()
        began = time.perf_counter()
        writer.write(poll)
        status, found = await answer(reader)
        times.append((time.perf_counter(), time.perf_counter() - began))
        assert status == 200
        assert b'"inProgress"' in found
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def crowd(running):
    """Run all clients; returns how long each handshake and each poll took, and all polls together."""
    gate, at_once, made, times = asyncio.Semaphore(HANDSHAKES), asyncio.Barrier(CLIENTS), [], []
    await asyncio.gather(*(client(running, number, gate, at_once, made, times) for number in range(CLIENTS)))
    return made, [took for _, took in times], max(end for end, _ in times) - min(end - took for end, took in times)


@pytest.fixture
def many_files():
    """As many open files as this many connections need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CLIENTS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this process may open {hard} files only")
    # The server finds the usual limit and has to raise it itself.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))

    def more():
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    yield more
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("place", ["memory", "file"])
def test_a_thousand_clients_poll_at_once(tmp_path, place, many_files):
    with serving(*(["--data", tmp_path] if place == "file" else [])) as running:
        many_files()
        running.token()
        made, times, seconds = asyncio.run(crowd(running))
        resident = Path(f"/proc/{running.process.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
        assert running.stop() == 0

    assert len(times) == CLIENTS * ROUNDS
    median, tail = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    print(
        f"\n{CLIENTS} clients poll {ROUNDS} times at once ({place}): median {median * 1e3:.0f} ms, p99 {tail * 1e3:.0f} ms "
        f"({tail / median:.1f} x), {len(times) / seconds:.0f} polls a second\n"
        f"  connecting and creating, {HANDSHAKES} at once: handshake median {statistics.median(made) * 1e3:.0f} ms, "
        f"longest {max(made) * 1e3:.0f} ms; server {int(resident) / 1024:.0f} MB"
    )
