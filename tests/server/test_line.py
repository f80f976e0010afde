"""What clients do to a connection: pipelining, sleeping, hanging up, speaking something else."""

import concurrent.futures
import contextlib
import json
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from tests.server.line import Line
from tests.server.served import serving


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A server, and where its standard error goes."""
    path = tmp_path_factory.mktemp("line") / "log"
    with path.open("w") as log, serving(log=log) as running:
        yield running, path
    assert "Traceback" not in path.read_text()
    assert "Fatal error" not in path.read_text()


@pytest.fixture
def running(watched):
    return watched[0]


def request(running, method="GET", path="/certificates?api-version=7.6", body=b"", *headers):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {running.host}", f"Authorization: Bearer {running.token()}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def resident(running):
    """The server's memory, in MB; Linux only."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def well(running):
    """See that a new connection gets an answer soon."""
    began = time.monotonic()
    assert running.raw("GET", "/kvlab/health").status == 200
    return time.monotonic() - began


def test_pipelined_requests_are_answered_in_their_order(running):
    with Line(running) as line:
        line.send(b"".join(
            request(running, "PUT", f"/secrets/piped-{number}?api-version=7.6", json.dumps({"value": "x"}).encode())
            for number in range(20)
        ))  # fmt: skip
        answers = [line.answer() for _ in range(20)]

    assert [answer.status for answer in answers] == [200] * 20
    names = [answer.json["id"].split("/")[-2] for answer in answers]
    assert names == [f"piped-{number}" for number in range(20)]


@pytest.mark.parametrize("garbage", [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", bytes(100)])
def test_requests_before_garbage_are_answered_and_then_the_line_is_cut(running, garbage):
    with Line(running) as line:
        line.send(request(running) + request(running) + garbage)

        assert [line.answer().status, line.answer().status] == [200, 200]


def test_a_head_without_end_is_refused_and_not_kept(running):
    before = resident(running)
    with Line(running) as line:
        line.send(b"GET / HTTP/1.1\r\nX: ")
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for _ in range(1000):
                line.send(b"x" * 65536)
        answer = line.answer()

    assert (answer.status, answer.code) == (431, "RequestHeaderFieldsTooLarge")
    assert resident(running) - before < 20
    well(running)


def test_a_body_without_end_is_refused_and_not_kept(running):
    before = resident(running)
    with Line(running) as line:
        line.send(request(running, "PUT", "/secrets/endless?api-version=7.6", b"", f"Content-Length: {10**12}"))
        for _ in range(1100):
            line.send(b"x" * 65536)
        answer = line.answer()

    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")
    assert resident(running) - before < 20


def test_a_body_in_small_pieces_is_read(running):
    whole = request(running, "PUT", "/secrets/slow?api-version=7.6", b'{"value": "in pieces"}')
    with Line(running) as line:
        for octet in range(len(whole)):
            line.send(whole[octet : octet + 1])
        assert line.answer().json["value"] == "in pieces"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /certi",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{",
    ],
    ids=["nothing", "line", "head", "body"],
)
def test_clients_that_never_finish_hold_nobody_up(running, beginning):
    lines = [Line(running) for _ in range(60)]
    try:
        for line in lines:
            line.send(beginning)
        assert max(well(running) for _ in range(5)) < 2
    finally:
        for line in lines:
            line.close()


def test_handshakes_that_never_come_hold_nobody_up(running):
    name, _, port = running.host.rpartition(":")
    sleepers = [socket.create_connection((name, int(port))) for _ in range(60)]
    try:
        assert max(well(running) for _ in range(5)) < 2
    finally:
        for sleeper in sleepers:
            sleeper.close()


@pytest.mark.parametrize("part", [10, 200, -20, None], ids=["line", "head", "body", "whole"])
def test_a_connection_that_is_reset_harms_nothing(running, part):
    whole = request(running, "PUT", "/secrets/reset?api-version=7.6", b'{"value": "' + b"x" * 1000 + b'"}')
    for _ in range(10):
        line = Line(running)
        line.send(whole[:part])
        line.reset()
    well(running)
    found = running.call("GET", "/secrets/reset")
    # A reset may overtake what was sent before it, even all of it: then it was never said.
    assert found.status == 404 or (part is None and found.json["value"] == "x" * 1000)


def test_a_client_that_hangs_up_while_a_key_is_made_harms_nothing(running):
    policy = {
        "key_props": {"kty": "RSA", "key_size": 4096},
        "issuer": {"name": "Self"},
        "x509_props": {"subject": "CN=x"},
    }
    body = json.dumps({"policy": policy}).encode()
    line = Line(running)
    # In one piece: when the first is answered, the second has been read.
    line.send(request(running) + request(running, "POST", "/certificates/left/create?api-version=7.6", body))
    assert line.answer().status == 200
    line.reset()

    deadline = time.monotonic() + 30
    while running.call("GET", "/certificates/left").status != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running.call("GET", "/certificates/left/pending").json["status"] == "completed"


def spoken(running, octets):
    """Say something on a plain connection; returns what came back before the server hung up."""
    name, _, port = running.host.rpartition(":")
    with socket.create_connection((name, int(port)), 10) as plain:
        plain.sendall(octets)
        plain.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := plain.recv(4096):
                answer += piece
        except ConnectionError:
            pass
        return answer


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + bytes(range(256)) * 40,
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x80\x2e\x01\x00\x02",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        bytes(20_000),
    ],
    ids=["plain HTTP", "TLS garbage", "short hello", "SSL 2", "SSH", "zeros"],
)
def test_what_is_no_tls_is_cut_off(running, octets):
    assert b"HTTP" not in spoken(running, octets)
    well(running)


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_refused(running, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.set_ciphers("ALL:@SECLEVEL=0")
    name, _, port = running.host.rpartition(":")

    with socket.create_connection((name, int(port)), 10) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain)


def test_many_handshakes_at_once_all_succeed(running):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        assert {answer.status for answer in pool.map(lambda _: running.raw("GET", "/kvlab/health"), range(200))} == {
            200
        }


def test_one_line_serves_while_others_open_and_close(running):
    stop, statuses = threading.Event(), []

    def steady():
        with Line(running) as line:
            while not stop.is_set():
                statuses.append(line.ask(request(running)).status)
            statuses.append(line.made)

    thread = threading.Thread(target=steady)
    thread.start()
    for _ in range(50):
        well(running)
    stop.set()
    thread.join()

    assert statuses.pop() == 1
    assert set(statuses) == {200}
