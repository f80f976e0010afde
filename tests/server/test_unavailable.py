"""A locked database and a full disk over HTTPS: 503 with Retry-After, nothing half-written, and on it goes."""

import concurrent.futures
import os
import sqlite3
import subprocess
import time

import pytest

from tests.server.served import serving
from tests.server.test_crash import check_file, check_whole
from tests.server.test_wire import EC, MANUAL, created


class Lock:
    """Another program that holds the database, for writing or all of it."""

    def __init__(self, path, begin="BEGIN EXCLUSIVE"):
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._begin = begin

    def __enter__(self):
        self._database.execute(self._begin)

    def __exit__(self, *_):
        self._database.execute("ROLLBACK")
        self._database.close()


WRITES = [
    ("PUT", "/secrets/new-secret", {"value": "x"}),
    ("POST", "/certificates/new-certificate/create", {"policy": EC}),
    ("POST", "/certificates/here/create", {"policy": EC}),
    ("PATCH", "/certificates/here", {"tags": {"a": "b"}}),
    ("DELETE", "/certificates/here", None),
    ("PUT", "/certificates/contacts", {"contacts": [{"email": "a@contoso.com"}]}),
    ("POST", "/keys/new-key/create", {"kty": "EC"}),
    ("PUT", "/kvlab/vaults/locked", None),
    ("POST", "/kvlab/principals", {"client_id": "locked", "client_secret": "x", "certificates": ["get"]}),
]


def refused(answer):
    """See that an answer says: later."""
    assert (answer.status, answer.code) == (503, "ServiceUnavailable"), answer.body
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["x-ms-request-id"]
    return answer


@pytest.mark.parity("store-unavailable")
def test_a_locked_database_is_503_for_who_writes_and_nothing_to_who_reads(tmp_path):
    with serving("--data", tmp_path) as running:
        bundle = created(running, "here")
        running.call("POST", "/certificates/waiting/create", {"policy": MANUAL})
        events = running.call("GET", "/kvlab/events").json

        with Lock(tmp_path / "kvlab.db"), concurrent.futures.ThreadPoolExecutor(16) as pool:
            began = time.monotonic()
            writes = [pool.submit(running.call, *write) for write in WRITES]
            time.sleep(0.2)
            reads = []
            while not all(write.done() for write in writes):
                start = time.monotonic()
                assert running.call("GET", "/certificates/here").json["cer"] == bundle["cer"]
                reads.append(time.monotonic() - start)
            took = time.monotonic() - began

        assert [refused(write.result()) for write in writes]
        assert sorted(reads)[len(reads) // 2] < 0.5
        assert took < 15, "each writer waits for the other program, not for all writers before it"
        assert running.call("GET", "/kvlab/events").json == events
        assert [item["id"] for item in running.call("GET", "/certificates").json["value"]] == [
            bundle["id"].rpartition("/")[0]
        ]

        assert [running.call(*write).status for write in WRITES] == [200, 202, 202, 200, 200, 200, 200, 201, 200]
        assert created(running, "afterwards")
        check_whole(running)
        assert running.stop() == 0
    check_file(tmp_path / "kvlab.db")


def test_who_writes_waits_a_little_for_another_program(tmp_path):
    with serving("--data", tmp_path) as running:
        running.token()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with Lock(tmp_path / "kvlab.db"):
                done = pool.submit(running.call, "PUT", "/secrets/patient", {"value": "x"})
                with pytest.raises(TimeoutError):
                    done.result(0.5)
            assert done.result(10).status == 200


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parity("store-unavailable")
def test_a_full_disk_is_503_and_with_room_again_it_works(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    with serving("--data", small_disk) as running:
        fill_and_free(running, ballast.unlink)
    check_file(small_disk / "kvlab.db")


def test_a_file_that_may_not_grow_is_503(tmp_path):
    import resource

    with serving("--data", tmp_path) as running:
        pid = running.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (600_000, hard))
        fill_and_free(running, lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard)))
    check_file(tmp_path / "kvlab.db")


def fill_and_free(running, free):
    """Write until there is no room, see what is there, make room, and see that it works again."""
    bundle, kept = created(running, "early"), []
    for number in range(300):
        answer = running.call("PUT", f"/secrets/s{number:03}", {"value": "x" * 20_000})
        if answer.status != 200:
            break
        kept.append(f"s{number:03}")
    refused(answer)
    refused(running.call("PUT", "/secrets/more", {"value": "x" * 20_000}))

    assert running.raw("GET", "/kvlab/health").status == 200
    assert running.call("GET", "/certificates/early").json["cer"] == bundle["cer"]
    for name in (kept[0], kept[-1]):
        assert running.call("GET", f"/secrets/{name}").json["value"] == "x" * 20_000
    assert running.call("GET", f"/secrets/s{len(kept):03}").status == 404

    free()

    assert running.call("PUT", "/secrets/more", {"value": "x" * 20_000}).status == 200
    assert created(running, "late")["cer"]
    assert check_whole(running) == 2
    events = [
        event["object"] for event in running.call("GET", "/kvlab/events").json["value"] if event["kind"] == "set_secret"
    ]
    assert events == [*(f"secrets/{name}" for name in kept), "secrets/more"]
    assert running.stop() == 0
